"""Confidence intervals, at 95 % where nothing else is said."""

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit  # scipy.stats, which calls them, takes half a second to load

LEVEL = 0.95


def deviations(level: float) -> float:
    """How many standard deviations a normal interval goes to either side."""
    return NormalDist().inv_cdf((1 + level) / 2)


def together(comparisons: int) -> float:
    """The level at which each of so many intervals has to be, so that all hold at 95 % (Bonferroni)."""
    return 1 - (1 - LEVEL) / max(1, comparisons)


class Interval(NamedTuple):
    """Bounds of a confidence interval."""

    low: float
    high: float


#: In so many attempts of a replication something has to be seen for its mean to be spread as means are.
ENOUGH = 5


def enough(seen: Sequence[float], weighted: bool) -> bool:
    """Return whether what was seen in each replication is spread as means are.

    ``weighted``: replications were drawn so that some see it, and it is enough that several do.
    """
    return (sum(map(bool, seen)) if weighted else min(seen)) >= ENOUGH


#: What no interval is narrower than.
NOWHERE = Interval(math.inf, -math.inf)


def wilson(count: float, attempts: float, level: float = LEVEL) -> Interval:
    """Return the Wilson interval of a rate.

    References:
        E. B. Wilson: Probable inference, the law of succession, and statistical inference. JASA 22 (1927) 209-212.
    Example:
        >>> [round(bound, 3) for bound in wilson(0, 100)]
        [0.0, 0.037]
    """
    # scipy.stats has it to the same digit, for half a second of loading and 0.26 ms a call, which is 300 times this.
    rate, z = count / attempts, float(ndtri(0.5 + 0.5 * level))
    both = 2 * (attempts + z**2)
    center, half = (2 * attempts * rate + z**2) / both, z / both * math.sqrt(4 * attempts * rate * (1 - rate) + z**2)
    return Interval(center - half if count else 0.0, center + half if count < attempts else 1.0)


def ratio(outside: float, inside: float, whole: float, level: float = LEVEL) -> Interval:
    """The interval of how often something happens for each of some flows, in them or elsewhere; it may be above 1.

    What happens elsewhere is to the flows as odds are to a rate: of all attempts that are one or the other, so many are
    such flows. Where it happens in flows as well, the two intervals are put together as Zou and Donner do.

    Parameters:
        outside: attempts that show it and are no such flow; ``inside``: flows that show it; ``whole``: flows.

    References:
        G. Y. Zou, A. Donner: Construction of confidence limits about effect measures: a general approach.
        Stat. Med. 27 (2008) 1693-1702.

    Example:
        >>> [round(bound, 3) for bound in ratio(50, 0, 500)]
        [0.075, 0.134]
    """
    parts = []
    if inside:
        parts.append((inside / whole, wilson(inside, whole, level)))
    if outside or not inside:
        low, high = wilson(outside, outside + whole, level)
        parts.append((outside / whole, Interval(low / (1 - low), high / (1 - high) if high < 1 else math.inf)))
    if len(parts) == 1:
        return parts[0][1]
    center = sum(rate for rate, _ in parts)
    below = math.hypot(*(rate - found.low for rate, found in parts))
    above = math.hypot(*(found.high - rate for rate, found in parts))
    return Interval(center - below, center + above)


def contrast(values: Mapping[float, float], level: float = LEVEL) -> Interval:
    """Return the interval of a mean of contrasts between -1 and 1, one contrast of all arms for each attempt.

    Of two arms it is the interval of a difference of paired rates. Wilson's intervals of the share of each value are
    put together; -1 and 1 count as values that might have been seen. An interval of equal sides is missed below it
    several times as often as above it where an arm only gains. No library here has one.

    Parameters:
        values: how often each value was seen.

    References:
        G. Y. Zou: On the estimation of additive interaction by use of the four-by-two table and beyond.
        Am. J. Epidemiol. 168 (2008) 212-224, of estimates that depend on each other.
        M. W. Fagerland, S. Lydersen, P. Laake: Recommended tests and confidence intervals for paired binomial
        proportions. Stat. Med. 33 (2014) 2850-2875, of what is asked of such an interval.

    Example:
        >>> [round(bound, 3) for bound in contrast({1: 10, -1: 2, 0: 88})]
        [0.011, 0.156]
    """
    attempts = math.fsum(values.values())
    sizes = np.array(sorted({-1.0, 1.0, *values} - {0.0}))
    shares = np.array([values.get(size, 0) / attempts for size in sizes.tolist()])
    bounds = np.array([wilson(values.get(size, 0), attempts, level) for size in sizes.tolist()])
    # Below the mean large values are fewer, and values below zero are more.
    apart = np.abs(sizes[:, None] * (bounds - shares[:, None]))
    below, above = np.where(sizes[:, None] > 0, apart, apart[:, ::-1]).T
    odds = np.sign(sizes) * np.sqrt(shares / np.maximum(1 - shares, np.finfo(float).tiny))
    related = np.where(np.eye(len(sizes)), 1.0, -np.outer(odds, odds))
    middle = float(sizes @ shares)
    low, high = (math.sqrt(max(0.0, float(side @ related @ side))) for side in (below, above))
    return Interval(max(-1.0, middle - low), min(1.0, middle + high))


def unpaired_difference(count: int, attempts: int, other: int, others: int) -> Interval:
    """Newcombe's interval of the difference of two rates that were counted independently of each other.

    References:
        R. G. Newcombe: Interval estimation for the difference between independent proportions: comparison of
        eleven methods. Stat. Med. 17 (1998) 873-890, method 10.

    Example:
        >>> [round(bound, 4) for bound in unpaired_difference(56, 70, 48, 80)]
        [0.0524, 0.3339]
    """
    here, there = count / attempts, other / others
    (low, high), (other_low, other_high) = wilson(count, attempts), wilson(other, others)
    below = math.hypot(here - low, other_high - there)
    above = math.hypot(high - here, there - other_low)
    return Interval(here - there - below, here - there + above)


def mean(total: float, squares: float, count: float, level: float = LEVEL) -> Interval:
    """The interval of a mean of many independent quantities (Student's t)."""
    if count < 2:
        return Interval(-math.inf, math.inf)
    variance = max(0.0, squares / count - (total / count) ** 2) * count / (count - 1)
    half = float(stdtrit(count - 1, (1 + level) / 2)) * math.sqrt(variance / count)
    return Interval(total / count - half, total / count + half)


def share(shares: Sequence[float], level: float = LEVEL) -> Interval:
    """The interval of a share of which each of a few replications has one: Student's t for its log odds.

    Where worlds differ much, most of them have little of it and some have most, so that a mean that comes out small
    has a small spread as well: an interval of equal sides is missed above it more often than it says.

    References:
        E. L. Korn, B. I. Graubard: Confidence intervals for proportions with small expected number of positive counts
        estimated from survey data. Surv. Methodol. 24 (1998) 193-201.

    Example:
        >>> [round(bound, 3) for bound in share([0.1, 0.2, 0.05, 0.3, 0.15])]
        [0.073, 0.317]
        >>> [round(bound, 3) for bound in mean(0.8, 0.165, 5)]
        [0.041, 0.279]
    """
    plain = mean(math.fsum(shares), math.fsum(each * each for each in shares), len(shares), level)
    middle = math.fsum(shares) / len(shares)
    if not (0 < middle < 1 and math.isfinite(plain.high)):
        return plain
    odds, half = math.log(middle / (1 - middle)), (plain.high - middle) / (middle * (1 - middle))
    return Interval(_of_odds(odds - half), _of_odds(odds + half))


def positive(parts: Sequence[float], level: float = LEVEL) -> Interval:
    """The interval of what is never below zero, from what a few replications add to it: Student's t for its logarithm.

    What is rare in most worlds and common in one is missed above it by an interval of equal sides, as :func:`share`
    says of shares; and one of equal sides goes below zero.

    References:
        D. Katz, J. Baptista, S. P. Azen, M. C. Pike: Obtaining confidence intervals for the risk ratio in cohort
        studies. Biometrics 34 (1978) 469-474, of logarithms of ratios.

    Example:
        >>> [round(bound, 3) for bound in positive([0.1, 0.2, 0.05, 0.3, 0.15])]
        [0.076, 0.337]
    """
    plain = mean(math.fsum(parts), math.fsum(each * each for each in parts), len(parts), level)
    middle = math.fsum(parts) / len(parts)
    if not (middle > 0 and math.isfinite(plain.high)):
        return plain
    apart = (plain.high - middle) / middle
    factor = math.exp(apart) if apart < _FAR else math.inf
    return Interval(middle / factor, middle * factor)


def worth(counts: Collection[Sequence[float]], sizes: Sequence[float], level: float = LEVEL) -> int:
    """How many attempts that have nothing to do with each other say as much of shares as those of a few replications.

    Their number is divided by how much farther replications are apart than such attempts would be (the design effect),
    and by what it costs that this is known of few of them. Where a share is 0 or 1 in every replication it is not known
    of that share, but may be of others of the same attempts; of several each counts by how far it could be apart.

    Parameters:
        counts: of each share, in each replication, how many of its attempts show it.
        sizes: of each replication, how many attempts there are.

    References:
        E. L. Korn, B. I. Graubard: Confidence intervals for proportions with small expected number of positive counts
        estimated from survey data. Surv. Methodol. 24 (1998) 193-201, of effective sample sizes.

    Example:
        >>> worth([[50, 50, 50, 50, 50]], [100] * 5), worth([[10, 90, 50, 80, 20]], [100] * 5)
        (500, 5)
    """
    whole, few = math.fsum(sizes), len(sizes)
    rates = [math.fsum(each) / whole for each in counts]
    apart = (
        math.fsum(
            (count - rate * size) ** 2
            for each, rate in zip(counts, rates, strict=True)
            for count, size in zip(each, sizes, strict=True)
        )
        / whole**2
    )
    if few < 2 or not apart:
        return round(whole)
    alone = math.fsum(rate * (1 - rate) for rate in rates)
    known = deviations(level) / float(stdtrit(few - 1, (1 + level) / 2))
    return max(1, round(min(whole, alone * (few - 1) / few / apart * known**2)))


#: Of what is farther apart than this the exponential is beyond all floats.
_FAR = 700


def _of_odds(log_odds: float) -> float:
    return 0.5 + math.tanh(log_odds / 2) / 2
