"""What attempts come to in numbers: honest flows that work, thefts for each flow that does, and what both cost.

A number for each attempt makes a design look good that refuses everything. So thefts and costs are also given for each
accepted flow, and what works for each honest flow. All are ratios of sums over the same attempts, with what an arm
changes in them; intervals are over attempts or, where those have to do with each other, over replications.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations import intervals
from simulations.harms import THEFT
from simulations.intervals import LEVEL, Interval
from simulations.quantities import ACCEPTED_FLOW, ATTEMPT, HONEST_FLOW, IMPERSONATIONS, THEFTS, WORKING, Measure
from simulations.units import Tally
from simulations.visits import Label

#: What is left of a square of zero by rounding, for each attempt.
_ROUNDED = 1e-9
#: Digits of a sum of products of shares that do not depend on the order in which it is made.
DIGITS = 12
#: Of what there is one: which endings are counted.
_FLOWS: dict[str, Callable[[Label], bool]] = {
    ATTEMPT: lambda _: True,
    HONEST_FLOW: lambda label: label.kind in ("success", "refused", "gave_up"),
    ACCEPTED_FLOW: lambda label: label.kind == "success",
}


_EVENTS: dict[Measure, Callable[[Label], bool]] = {
    WORKING: _FLOWS[ACCEPTED_FLOW],
    THEFTS: lambda label: THEFT in label.harms,
    THEFTS._replace(per=ATTEMPT): lambda label: THEFT in label.harms,
    IMPERSONATIONS: lambda label: "client_identity" in label.harms,
}


class Moments(NamedTuple):
    """Sums over attempts: of what is measured and what it is per, of the same two in the first arm; and of products.

    ``attempts``: how many those are; ``event``: what is measured is something that happens in an attempt or does not;
    ``weighted``: they count by how much more often their world is met than drawn.
    """

    attempts: float
    sums: NDArray[np.float64]
    products: NDArray[np.float64]
    event: bool
    weighted: bool = False

    @property
    def mean(self) -> float:
        """How much there is for each."""
        return _ratio(self.sums[0], self.sums[1])

    @property
    def is_share(self) -> bool:
        """Whether what is measured happens only in what it is per."""
        return self.event and bool(self.products[0, 1] == self.sums[0])

    @property
    def difference(self) -> float:
        """What differs from the first arm."""
        return self.mean - _ratio(self.sums[2], self.sums[3])

    @property
    def apart(self) -> float:
        """How many events one arm has and the other has not."""
        here, there = self.sums[:2], self.sums[2:]
        return float((here + there).sum() - 2 * (self.products[0, 2] + self.products[1, 3]))

    @property
    def changes(self) -> dict[float, float] | None:
        """How often an event is gained, lost or neither, where it is counted among the same flows in both arms."""
        (told, each, first, first_each), both = self.sums.tolist(), float(self.products[0, 2])
        flows = {each, first_each, float(self.products[1, 3])}
        if not self.event or len(flows) > 1 or self.products[0, 1] != told or self.products[2, 3] != first:
            return None
        return {1.0: told - both, -1.0: first - both, 0.0: each - told - first + 2 * both}

    def gradient(self, against: bool) -> NDArray[np.float64]:
        """How the mean, or the difference, depends on each sum, times the number of attempts."""
        told, each, first, first_each = self.sums
        own = (1 / each, -told / each**2, 0, 0)
        other = (0, 0, 1 / first_each, -first / first_each**2) if against else (0, 0, 0, 0)
        gradient: NDArray[np.float64] = self.attempts * (np.array(own) - np.array(other))
        return gradient


def _ratio(told: float, each: float) -> float:
    return told / each if each else math.nan


def measures(tally: Tally) -> list[Measure]:
    """All that can be told of what was counted."""
    seen = {harm for joint in tally.endings for label in joint for harm in label.harms}
    found = [each for each in _EVENTS if each != IMPERSONATIONS or "client_identity" in seen]
    for name in dict.fromkeys(name for name, _ in sorted(tally.sums)):
        if name not in cases(tally):
            found.append(Measure(name))
            if tally.sums[name, 0].crossed is not None:
                found.append(Measure(name, ACCEPTED_FLOW))
    return found


def cases(tally: Tally) -> tuple[str, ...]:
    """What was not measured of every attempt, but of those that it can be said of."""
    attempts = tally.endings.total()
    apart = (name for (name, _), sums in sorted(tally.sums.items()) if not math.isclose(sums.number, attempts))
    return tuple(dict.fromkeys(apart))


def event(measure: Measure) -> tuple[Callable[[Label], bool], Callable[[Label], bool]] | None:
    """Which endings a measure counts, and which ones it is per; None for what does not just happen or not."""
    return (_EVENTS[measure], _FLOWS[measure.per]) if measure in _EVENTS else None


def moments(tally: Tally, measure: Measure, arm: int) -> Moments:
    """The moments of a measure in an arm, by its number."""
    if measure in _EVENTS:
        return of_event(tally, _EVENTS[measure], measure.per, arm)
    return _of_sums(tally, measure, arm)


def of_event(tally: Tally, happens: Callable[[Label], bool], per: str, arm: int) -> Moments:
    """The moments of something that an ending shows."""
    joint, times = list(tally.endings), np.array(list(tally.endings.values()), dtype=float)
    counted = _FLOWS[per]
    seen = np.array(
        [(happens(each[arm]), counted(each[arm]), happens(each[0]), counted(each[0])) for each in joint], dtype=float
    )
    return Moments(
        tally.endings.total(), times @ seen, seen.T @ (seen * times[:, None]), True, tally.likelihood is not None
    )


def _of_sums(tally: Tally, measure: Measure, arm: int) -> Moments:
    here, first = tally.sums[measure.quantity, arm], tally.sums[measure.quantity, 0]
    each = of_event(tally, _FLOWS[measure.per], measure.per, arm)
    products = each.products.copy()
    both = (here.squares + first.squares - here.difference_squares) / 2
    own, other, swapped, firsts = here.total, here.total, first.total, first.total
    if measure.per == ACCEPTED_FLOW and here.crossed is not None and first.crossed is not None:
        (own, other, swapped), firsts = here.crossed, first.crossed.own
    products[0, :] = products[:, 0] = here.squares, own, both, other
    products[2, :] = products[:, 2] = both, swapped, first.squares, firsts
    sums = np.array([here.total, each.sums[1], first.total, each.sums[3]])
    return Moments(each.attempts, sums, products, False, each.weighted)


# --- intervals -----------------------------------------------------------------------------------------------


def worth(parts: Sequence[Tally]) -> int:
    """How many attempts that have nothing to do with each other say as much of how attempts end as some replications.

    What no replication has seen, or all have in every attempt, says nothing of how far they are apart in it. They are
    taken to be as far apart as in how attempts end: many attempts in few unlike worlds are few.
    """
    endings = dict.fromkeys(joint for part in parts for joint in part.endings)
    counts = [[part.endings[joint] for part in parts] for joint in endings]
    return intervals.worth(counts, [part.endings.total() for part in parts])


def interval(whole: Moments, parts: Sequence[Moments], level: float = LEVEL, alone: int | None = None) -> Interval:
    """The interval of the mean: of nothing that is counted there is less than nothing.

    ``parts``: those of each replication, where only they are independent of each other.
    ``alone``: how many attempts these are worth (:func:`worth`), which is asked of what no flow shows, or every one;
    where not every attempt is such a flow, replications are taken to be as far apart as in how many they have of them.
    """
    if not whole.sums[1]:
        return Interval(math.nan, math.nan)
    if whole.event:
        seen, both, flows = whole.sums[0].item(), whole.products[0, 1].item(), whole.sums[1].item()
        if alone is not None and seen == both and both in (0, flows):
            if flows < whole.attempts:
                alone = intervals.worth([[part.sums[1] for part in parts]], [part.attempts for part in parts], level)
            flows = min(flows, alone)
            seen = both = min(both, flows)
        if whole.sums[1] == whole.attempts:  # so that nothing can happen elsewhere
            found = intervals.wilson(both, flows, level)
        else:
            found = intervals.ratio(seen - both, both, flows, level)
    else:
        found = _linear(whole, whole.mean, False, level)
    low, high = _wider(found, whole, parts, whole.mean, False, level)
    return Interval(max(0.0, low), high)


def interval_of_difference(
    whole: Moments, parts: Sequence[Moments], level: float = LEVEL, alone: int | None = None
) -> Interval:
    """Return the interval of the difference to the first arm, paired: both met the same attempts; the rest as above."""
    if not whole.sums[1] or not whole.sums[3]:
        return Interval(math.nan, math.nan)
    changes = whole.changes
    if changes is None:
        found = _linear(whole, whole.difference, True, level, alone)
    else:
        seen = sum(map(bool, changes.values()))
        scale = alone / whole.attempts if alone is not None and seen == 1 else 1.0
        found = intervals.contrast({change: times * scale for change, times in changes.items()}, level)
    return _wider(found, whole, parts, whole.difference, True, level)


def _linear(whole: Moments, estimate: float, against: bool, level: float, alone: int | None = None) -> Interval:
    """Of a ratio, or a difference of two, by what each attempt adds to it (the delta method).

    Where something happens or does not, one attempt is added in which it did in this arm alone, and one in which it
    did in the other, as Bonett and Price do for rates: what was never seen is not taken for impossible.
    """
    gradient, attempts = whole.gradient(against), whole.attempts
    squares = float(gradient @ whole.products @ gradient)
    if squares < _ROUNDED * attempts:
        squares = 0.0
    if not whole.event:
        total = attempts * estimate
        return intervals.mean(total, squares + total * estimate, attempts, level)
    each = attempts / min(whole.sums[1], whole.sums[3])
    if alone is not None and not squares:
        attempts = alone
    center = attempts * estimate / (attempts + 2)
    variance = (squares + attempts * estimate**2 + 2 * each**2) / (attempts + 2) - center**2
    half = intervals.deviations(level) * math.sqrt(variance / (attempts + 2))
    return Interval(center - half, center + half)


def _wider(
    found: Interval, whole: Moments, parts: Sequence[Moments], estimate: float, against: bool, level: float
) -> Interval:
    """The same interval, or where only replications are independent of each other one over what each of them adds.

    Where some of them saw too little of it for that to be spread as means are, it is the wider of both. Ratios are
    spread by their logarithms, shares by their log odds, and differences of one sign in all replications also by their
    size.
    """
    if not parts:
        return found
    seen = [[min(part.sums[0], part.sums[2], part.apart) if against else part.sums[0] for part in parts]]
    if whole.is_share and not against:
        seen.append([part.sums[1] - part.sums[0] for part in parts])
    if len(parts) > 1 and (not whole.event or all(intervals.enough(each, whole.weighted) for each in seen)):
        found = intervals.NOWHERE
    gradient = whole.gradient(against)
    # What each replication adds to the estimate, the mean of all of which it is.
    shifts = [estimate + len(parts) * float(gradient @ part.sums) / whole.attempts for part in parts]
    if against:
        apart = _signed(shifts, [part.difference for part in parts], whole.is_share, level)
    else:
        apart = (intervals.share if whole.is_share else intervals.positive)(shifts, level)
    return Interval(min(found.low, apart.low), max(found.high, apart.high))


def _signed(shifts: Sequence[float], changes: Sequence[float], share: bool, level: float) -> Interval:
    """The interval of a difference, of shares or not; by its size as well where every replication has the same sign.

    Of five replications that differ by nothing but chance one in sixteen has the same sign in all. So the size says how
    far from zero a difference may be, and not that it is no nearer.
    """
    plain = intervals.mean(math.fsum(shifts), math.fsum(shift**2 for shift in shifts), len(shifts), level)
    sign = next((sign for sign in (1, -1) if all(sign * change > 0 for change in changes)), 0)
    if not sign:
        return plain
    sized = (intervals.share if share else intervals.positive)([sign * shift for shift in shifts], level)
    low, high = sorted(sign * bound for bound in sized)
    return Interval(min(plain.low, low), max(plain.high, high))


# --- rows ----------------------------------------------------------------------------------------------------


def rows(
    tally: Tally, parts: Sequence[Tally], arm: int, evaluated: bool, together: float
) -> Iterator[tuple[Measure, tuple[Any, ...]]]:
    """All measures of an arm: number of what each is per, mean, interval; difference, interval, wider interval.

    Parameters:
        parts: what each replication counted, where only they are independent of each other.
        evaluated: nothing was sampled, and bounds are what they are bounds of.
        together: the level of the wider interval.
    """
    alone = worth(parts) if parts else None
    for measure in measures(tally):
        whole, apart = moments(tally, measure, arm), [moments(part, measure, arm) for part in parts]
        change: tuple[float, ...] = (math.nan,) * 5
        if evaluated:
            mean, difference = round(whole.mean, DIGITS), round(whole.difference, DIGITS)
            yield measure, (0, *(mean,) * 3, *((difference,) * 5 if arm > 0 else change))
            continue
        if arm > 0:
            change = (
                whole.difference,
                *interval_of_difference(whole, apart, alone=alone),
                *interval_of_difference(whole, apart, together, alone),
            )
        yield measure, (round(whole.sums[1]), whole.mean, *interval(whole, apart, alone=alone), *change)
