"""Tidy tables with intervals, and the files they go to.

A rate carries its interval: Wilson's, or one over replications. A difference between two arms is
paired: both met the same attempts, so only those that ended differently say anything about it. Beside it is room for
the interval over the inputs (``input_low`` to ``input_high``), whether that leaves the sign of a difference in no doubt
(``settled``), and else which input decides it (``decided_by``). Every row says by
which experiment, code, population, design, seed and command it was counted.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas
from numpy.typing import NDArray

from model.files import replacing
from model.model import Model, oauth
from simulations import intervals
from simulations.arms import AS_DEPLOYED
from simulations.harms import GRAVEST, hurt
from simulations.measures import DIGITS, cases, interval, of_event, rows, worth
from simulations.quantities import ACCEPTED_FLOW, ATTEMPT, CASE, PAIR, ROBBED, THEFTS, Measure, is_share
from simulations.units import LIKELIHOOD, Crossed, Sums, Tally
from simulations.visits import Label

Values = Sequence[float] | NDArray[np.float64] | NDArray[np.int64]

_WHERE = ("experiment", "parameter", "value")
_ORIGIN = ("design", "reader", "attacker", "seed", "replications", "population", "population_digest", "code", "command")
#: What the inputs leave open of a mean and of what an arm changes in it; whether that has a sign, else what decides.
INPUT_COLUMNS = ("input_low", "input_high", "change_input_low", "change_input_high", "settled", "decided_by")
RATE_COLUMNS = (
    *_WHERE, "arm", "alike", "outcome", "kind", "hurt", "attempts", "count", "rate", "low", "high", "interval",
    "input_low", "input_high", "accepted", "per_accepted", "per_accepted_low", "per_accepted_high", "expected",
    *_ORIGIN,
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    *_WHERE, "arm", "alike", "against", "outcome", "kind", "hurt", "attempts", "gained", "lost", "difference", "low",
    "high", "input_low", "input_high", "settled", "decided_by", *_ORIGIN,
)  # fmt: skip
QUANTITY_COLUMNS = (
    *_WHERE, "arm", "alike", "quantity", "per", "count", "mean", "low", "high", "against", "difference",
    "difference_low", "difference_high", "together_low", "together_high", *INPUT_COLUMNS, "headline", *_ORIGIN,
)  # fmt: skip
EFFECT_COLUMNS = (
    *_WHERE, "effect", "order", "outcome", "kind", "hurt", "attempts", "difference", "low", "high", *_ORIGIN,
)  # fmt: skip
TABLES = {
    "rates": RATE_COLUMNS, "differences": DIFFERENCE_COLUMNS, "quantities": QUANTITY_COLUMNS, "effects": EFFECT_COLUMNS,
}  # fmt: skip
#: What is between the names of arms in a list of them.
LISTED = ", "
#: Kinds of outcomes that are no endings: what an attacker did, and what some could have done.
HARM, ATTAINABLE = "harm", "attainable"
#: How many worlds that are drawn as they are met say as much as those that are weighted.
EFFECTIVE = "effective_worlds"
#: Weights are multiples of it, so that sums of what they count are exact.
_STEP = 2.0**-20
#: Who is hurt when nobody is.
NOBODY = "nobody"

#: What the inputs leave open, until :mod:`simulations.uncertainty` has drawn them.
_UNASKED: dict[str, Any] = {**dict.fromkeys(INPUT_COLUMNS, math.nan), "settled": "", "decided_by": ""}
Row = dict[str, Any]
#: The interval is one over attempts, or over the means of replications.
WILSON, REPLICATIONS = "wilson", "replications"
#: There is none: all situations were gone through, and nothing was sampled.
EVALUATED = "none"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of an experiment come from.

    Attributes:
        experiment, parameter: its name, and what grows.
        arms: labels of the arms, the first the one that the others are compared with.
        designs: what each arm sets, as a configuration string.
        factors: what the arms are all combinations of, if they are (the first factor changes slowest).
        attacker: what attackers were after.
        interval: ``wilson``, ``replications`` where only those are independent of each other, or ``none`` where nothing
            was sampled.
    """

    experiment: str
    parameter: str
    arms: tuple[str, ...]
    designs: tuple[str, ...]
    reader: str
    seed: int
    population: str
    population_digest: str
    code: str
    command: str
    interval: str = WILSON
    factors: tuple[str, ...] = ()
    attacker: str = GRAVEST.name
    headline: tuple[Measure, ...] = PAIR
    point: float = math.nan
    model: Model = field(default=oauth(), repr=False)

    @property
    def evaluated(self) -> bool:
        """Whether every number is exact, and equals its bounds: nothing was drawn or counted."""
        return self.interval == EVALUATED

    def times(self, number: float) -> int:
        """How often something was counted."""
        return 0 if self.evaluated else round(number)


@dataclass(frozen=True, slots=True)
class Point:
    """What was counted at one point of a sweep.

    Attributes:
        parts: what each replication counted.
        expected: the probability of each outcome in each arm, where it is known exactly.
        exposure: how many attempts an attacker has a hand in, where they are visits.
    """

    value: float
    parts: tuple[Tally, ...]
    expected: Mapping[tuple[int, str, str], float] | None = None
    exposure: float = 0.0
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        likely = [part.likelihood for part in self.parts]
        if None not in likely:
            # Weights add up to the number of worlds, so that attempts add up to those that there were.
            even = math.fsum(each or 0 for each in likely) / len(likely)
            weights = [round((each or 0) / even / _STEP) * _STEP for each in likely]
            object.__setattr__(self, "parts", tuple(map(Tally.times, self.parts, weights)))
        object.__setattr__(self, "tally", add_up(self.parts))

    @property
    def replications(self) -> int:
        """How many there are."""
        return len(self.parts)


class Alike(NamedTuple):
    """Arms under which every attempt of the whole sweep ended the same way.

    Attributes:
        arms: their labels.
        against: the one among them that sets nothing, or that the others are compared with: those changed nothing.
        attempts: how many there were under each.
        throughout: whether what was measured was the same as well (or nothing was); None where that is not told.
    """

    arms: tuple[str, ...]
    against: str | None
    attempts: int
    throughout: bool | None

    @property
    def words(self) -> str:
        """It in a line."""
        if not self.attempts:
            said = "comes to the same in every situation" if self.throughout else "ends the same way in every situation"
            return f"{LISTED.join(self.arms)}: each {said}"
        counted = f"{self.attempts:,} in all"
        if not self.throughout:
            measured = "" if self.throughout is None else "; what is measured differs"
            return f"{LISTED.join(self.arms)}: every attempt ends the same way, {counted}{measured}"
        if self.against is None:
            return f"{LISTED.join(self.arms)}: the same in every attempt, {counted}"
        others = LISTED.join(arm for arm in self.arms if arm != self.against)
        return f"{others}: changed nothing against {self.against}, the same in every attempt, {counted}"


@dataclass(frozen=True, slots=True)
class Result:
    """What an experiment showed.

    Attributes:
        rates: how often each outcome was seen, by sweep value and arm, and for each flow that was accepted there. The
            endings of an arm (every kind but harm and attainable) add up to all attempts; those are counted beside
            them. ``alike`` names all arms under which every attempt of the sweep ended the same way.
        differences: the same against the first arm, paired: in how many attempts an outcome was ``gained``, and in how
            many ``lost``, or in which share of them where nothing was drawn.
        quantities: honest flows that work, thefts, and what was measured, ``per`` attempt or flow, as
            :mod:`simulations.measures` has it; ``alike`` names the arms that were the same in that as well. Intervals
            of differences are for one of them and (``together``) for all arms and all that the experiment is about
            (``headline``) at once.
        effects: main effects and interactions, where the arms are all combinations of some factors.
    """

    experiment: str
    rates: pandas.DataFrame
    differences: pandas.DataFrame
    quantities: pandas.DataFrame
    effects: pandas.DataFrame

    def save(self, folder: Path | str, run: str = "") -> tuple[Path, ...]:
        """Write the tables that have rows as CSV and Parquet, each file in one go; ``run`` is what they belong to."""
        written: list[Path] = []
        for name in TABLES:
            table: pandas.DataFrame = getattr(self, name)
            if len(table):
                written += write(table, Path(folder) / f"{self.experiment}_{name}", run)
        return tuple(written)

    @property
    def alike(self) -> tuple[Alike, ...]:
        """The arms that come to the same, those first that do so in what is measured as well."""
        return tuple(alike(self.rates, self.quantities))

    @property
    def half_width(self) -> float:
        """Half the width of the widest interval of a rate or of a difference."""
        return max(
            float(((table["high"] - table["low"]) / 2).max()) for table in (self.rates, self.differences) if len(table)
        )


def alike(rates: pandas.DataFrame, quantities: pandas.DataFrame | None = None) -> Iterator[Alike]:
    """The arms that come to the same, as the tables of an experiment have it; None: one that is not at hand."""
    first = str(rates["arm"].iloc[0])
    attempts = int(rates.drop_duplicates("value")["attempts"].sum())
    ending = _named_alike(rates)
    throughout = ending if quantities is None or quantities.empty else _named_alike(quantities)
    for group in throughout:
        against = next((arm for arm in (AS_DEPLOYED, first) if arm in group), None)
        yield Alike(group, against, attempts, None if quantities is None else True)
    for group in ending:
        if group not in throughout:
            yield Alike(group, None, attempts, False)


def _named_alike(table: pandas.DataFrame) -> list[tuple[str, ...]]:
    """The arms that a table says are alike, where it says so at all."""
    groups = table[table["alike"] != ""].groupby("alike", sort=False)["arm"]
    return [group for _, arms in groups if len(group := tuple(dict.fromkeys(arms))) > 1]


def tabulate(origin: Origin, points: Sequence[Point]) -> Result:
    """The tables of an experiment."""
    # Every arm has a row for every outcome that any arm showed anywhere, so that zeros are said and not left out.
    outcomes = sorted({outcome for point in points for outcome in _outcomes(point)})
    ending, throughout = _alike(origin, points, False), _alike(origin, points, True)
    rows = {
        "rates": (row for point in points for row in _rates(origin, point, outcomes, ending)),
        "differences": (row for point in points for row in _differences(origin, point, outcomes, ending)),
        "quantities": (row for point in points for row in _quantities(origin, point, throughout)),
        "effects": (row for point in points for row in _effects(origin, point, outcomes)),
    }
    tables = {
        name: pandas.DataFrame([_UNASKED | row for row in found], columns=list(TABLES[name]))
        for name, found in rows.items()
    }
    return Result(origin.experiment, **tables)


def _alike(origin: Origin, points: Sequence[Point], throughout: bool) -> list[str]:
    """For each arm the names of all under which every attempt ended the same way, or all came to the same."""
    groups: dict[object, list[str]] = {}
    found = []
    for place, arm in enumerate(origin.arms):
        labels = tuple(joint[place] for point in points for joint in point.tally.endings)
        sums = tuple(
            (name, sums)
            for point in points
            for (name, of), sums in sorted(point.tally.sums.items())
            if of == place and throughout
        )
        found.append(groups.setdefault((labels, sums), []))
        found[-1].append(arm)
    return [LISTED.join(arms) for arms in found]


def _origin(origin: Origin, point: Point, design: str) -> Row:
    """What every row says of where it is from."""
    told: Row = {name: getattr(origin, name) for name in ("experiment", "parameter", *_ORIGIN) if hasattr(origin, name)}
    return told | {"value": point.value, "design": design, "replications": point.replications}


def _outcomes(point: Point) -> set[tuple[str, str]]:
    labels = {label for joint in point.tally.endings for label in joint}
    return {outcome for label in labels for outcome in outcomes_of(label)}


def outcomes_of(label: Label) -> Iterator[tuple[str, str]]:
    """All that an ending counts as: itself, what was suffered, and what some attacker could have done."""
    yield label.kind, label.name
    yield from ((HARM, name) for name in label.harms)
    yield from ((ATTAINABLE, name) for name in label.attainable)


def shows(label: Label, kind: str, outcome: str) -> bool:
    """Whether an ending counts as an outcome."""
    if kind in (HARM, ATTAINABLE):
        return outcome in (label.harms if kind == HARM else label.attainable)
    return (label.kind, label.name) == (kind, outcome)


def _hurt(kind: str, outcome: str, model: Model) -> str:
    return hurt(outcome, model) if kind in (HARM, ATTAINABLE) else NOBODY


def _rates(origin: Origin, point: Point, outcomes: Iterable[tuple[str, str]], ending: Sequence[str]) -> Iterator[Row]:
    attempts = point.tally.endings.total()
    for place, (arm, design) in enumerate(zip(origin.arms, origin.designs, strict=True)):
        where = _origin(origin, point, design) | {"arm": arm, "alike": ending[place]}
        for kind, outcome in outcomes:
            changes = {place: 1.0}
            count = _contrasts(point.tally, kind, outcome, changes)[1.0]
            bounds = _interval(origin, point, kind, outcome, changes)
            known = math.nan if point.expected is None else point.expected.get((place, kind, outcome), 0.0)
            yield (
                where
                | bounds._asdict()
                | _per_accepted(origin, point, kind, outcome, place)
                | {
                    "outcome": outcome,
                    "kind": kind,
                    "hurt": _hurt(kind, outcome, origin.model),
                    "attempts": origin.times(attempts),
                    "count": origin.times(count),
                    "rate": bounds.low if origin.evaluated else count / attempts,
                    "interval": origin.interval,
                    "expected": bounds.low if origin.evaluated else known,
                }
            )


def _per_accepted(origin: Origin, point: Point, kind: str, outcome: str, place: int) -> Row:
    """How many flows were accepted, and how often an outcome was seen for each of them, with its interval."""
    whole, *parts = (
        of_event(tally, lambda label: shows(label, kind, outcome), ACCEPTED_FLOW, place)
        for tally in (point.tally, *_apart(origin, point))
    )
    if origin.evaluated:
        counted, mean = 0, round(whole.mean, DIGITS)
        low, high = mean, mean
    else:
        counted, mean = int(whole.sums[1]), whole.mean
        low, high = interval(whole, parts, alone=worth(point.parts) if parts else None)
    return {"accepted": counted, "per_accepted": mean, "per_accepted_low": low, "per_accepted_high": high}


def _apart(origin: Origin, point: Point) -> tuple[Tally, ...]:
    """What each replication counted, where only they are independent of each other."""
    return point.parts if origin.interval == REPLICATIONS else ()


def _differences(
    origin: Origin, point: Point, outcomes: Iterable[tuple[str, str]], ending: Sequence[str]
) -> Iterator[Row]:
    attempts = point.tally.endings.total()
    for place, (arm, design) in list(enumerate(zip(origin.arms, origin.designs, strict=True)))[1:]:
        where = _origin(origin, point, design) | {"arm": arm, "alike": ending[place], "against": origin.arms[0]}
        for kind, outcome in outcomes:
            weights = {place: 1.0, 0: -1.0}
            changes = _contrasts(point.tally, kind, outcome, weights)
            gained, lost = changes[1.0], changes[-1.0]
            bounds = _interval(origin, point, kind, outcome, weights)
            yield (
                where
                | bounds._asdict()
                | {
                    "outcome": outcome,
                    "kind": kind,
                    "hurt": _hurt(kind, outcome, origin.model),
                    "attempts": origin.times(attempts),
                    "gained": round(gained, DIGITS) if origin.evaluated else gained,
                    "lost": round(lost, DIGITS) if origin.evaluated else lost,
                    "difference": bounds.low if origin.evaluated else (gained - lost) / attempts,
                }
            )


def _contrasts(tally: Tally, kind: str, outcome: str, weights: Mapping[int, float]) -> Counter[float]:
    """How often each value of a weighted sum of arms was seen, attempt by attempt."""
    found: Counter[float] = Counter()
    for joint, times in tally.endings.items():
        found[sum(weight for place, weight in weights.items() if shows(joint[place], kind, outcome))] += times
    return found


def _interval(
    origin: Origin, point: Point, kind: str, outcome: str, weights: Mapping[int, float]
) -> intervals.Interval:
    """The interval of a rate, of a difference or of an effect: of the mean of a weighted sum of arms.

    Over attempts, or where only replications are independent of each other over their means. Where some of them saw too
    little of it for their means to be spread as means are, it is the wider of both. Where all attempts are the same in
    it, nothing is known of how far replications are apart in it: they are taken to be so as in how attempts end.
    """
    values = _contrasts(point.tally, kind, outcome, weights)
    if origin.evaluated:
        mean = round(math.fsum(value * times for value, times in values.items()) / sum(values.values()), DIGITS)
        return intervals.Interval(mean, mean)
    if origin.interval == REPLICATIONS and len(values) == 1:
        values = Counter(dict.fromkeys(values, worth(point.parts)))
    bounds = _over_attempts(origin, values, len(weights) == 1)
    return _between_replications(origin, point, bounds, kind, outcome, weights)


def _over_attempts(origin: Origin, values: Mapping[float, int], rate: bool) -> intervals.Interval:
    """The interval of the mean of values, of which each was seen so many times."""
    if rate:
        return intervals.wilson(values.get(1.0, 0), sum(values.values()))
    return intervals.contrast(values)


def _between_replications(
    origin: Origin, point: Point, bounds: intervals.Interval, kind: str, outcome: str, weights: Mapping[int, float]
) -> intervals.Interval:
    """The same interval, or where only replications are independent of each other one over their means."""
    means, sizes, counts, signs = [], list[float](), (list[float](), list[float]()), set[bool]()
    for part in point.parts:
        found, attempts = _contrasts(part, kind, outcome, weights), part.endings.total()
        means.append(math.fsum(value * times for value, times in found.items()) / attempts)
        sizes.append(attempts)
        signs |= {value > 0 for value, times in found.items() if value and times}
        for several, many in zip(counts, (attempts - found[0.0], found[0.0]), strict=True):
            several.append(many)
    weighted = point.tally.likelihood is not None
    told = counts if len(weights) == 1 else counts[:1]
    common = origin.interval == REPLICATIONS and all(intervals.enough(several, weighted) for several in told)
    if weighted:
        # What each world adds to the estimate, a ratio of sums.
        middle = np.average(means, weights=sizes)
        means = (middle + (np.array(means) - middle) * np.array(sizes) / np.mean(sizes)).tolist()
    found_between = _wider(origin, intervals.NOWHERE if common and len(set(means)) > 1 else bounds, means, signs)
    return intervals.Interval(max(-1.0 if len(weights) > 1 else 0.0, found_between.low), min(1.0, found_between.high))


def _wider(
    origin: Origin, bounds: intervals.Interval, means: Sequence[float], signs: Collection[bool] = (False, True)
) -> intervals.Interval:
    """The wider of bounds and those between means: shares, or their opposites, where there is but one sign."""
    if origin.interval != REPLICATIONS:
        return bounds
    if len(signs) == 1:
        low, high = intervals.share([mean if True in signs else -mean for mean in means])
        low, high = (low, high) if True in signs else (-high, -low)
    else:
        low, high = intervals.mean(math.fsum(means), math.fsum(mean * mean for mean in means), len(means))
    return intervals.Interval(min(bounds.low, low), max(bounds.high, high))


def _effects(origin: Origin, point: Point, outcomes: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """What each factor changes on average over the others, and how far factors change what others change."""
    factors, attempts = origin.factors, point.tally.endings.total()
    together = chain.from_iterable(combinations(range(len(factors)), order) for order in range(1, len(factors) + 1))
    for subset in together:
        weights = {arm: _sign(arm, subset, len(factors)) / 2 ** (len(factors) - 1) for arm in range(len(origin.arms))}
        for kind, outcome in outcomes:
            values = _contrasts(point.tally, kind, outcome, weights)
            total = math.fsum(value * times for value, times in values.items())
            yield (
                _origin(origin, point, "all combinations")
                | {
                    "effect": " × ".join(factors[place] for place in subset),
                    "order": len(subset),
                    "outcome": outcome,
                    "kind": kind,
                    "hurt": _hurt(kind, outcome, origin.model),
                    "attempts": origin.times(attempts),
                    "difference": total / attempts,
                }
                | _interval(origin, point, kind, outcome, weights)._asdict()
            )


def _sign(arm: int, subset: tuple[int, ...], size: int) -> int:
    """+1 or -1: the product of the levels (on: +1, off: -1) that an arm has of some factors."""
    return math.prod(1 if arm >> (size - 1 - place) & 1 else -1 for place in subset)


#: The columns of a quantity, and of what an arm changes in it.
_TOLD = ("mean", "low", "high", "difference", "difference_low", "difference_high", "together_low", "together_high")


def _quantities(origin: Origin, point: Point, throughout: Sequence[str]) -> Iterator[Row]:
    distinct = len(dict.fromkeys(throughout))
    together = intervals.together((distinct - 1) * len(origin.headline))
    for place, arm in enumerate(origin.arms):
        where = _origin(origin, point, origin.designs[place]) | {"arm": arm, "alike": throughout[place]}
        against = origin.arms[0] if place else ""

        def row(measure: Measure, count: float, numbers: tuple[float, ...], where: Row = where, of: str = "") -> Row:
            headline = int(measure in origin.headline and point.value == origin.point)
            told = dict(zip(_TOLD, (numbers[0], *_known(*numbers[1:])), strict=True))
            return where | measure._asdict() | told | {"count": count, "against": of, "headline": headline}

        found = rows(point.tally, _apart(origin, point), place, origin.evaluated, together)
        for measure, (count, *numbers) in _robbed(found, point.exposure):
            yield row(measure, count, tuple(numbers), of=against)
        for name in cases(point.tally):
            sums = point.tally.sums.get((name, place))
            if sums is not None and name == LIKELIHOOD:
                yield row(
                    Measure(EFFECTIVE, CASE), int(sums.number), (*(sums.total**2 / sums.squares,) * 3, *(math.nan,) * 5)
                )
            elif sums is not None and sums.number:
                means = [
                    part.sums[name, place].total / part.sums[name, place].number
                    for part in point.parts
                    if (name, place) in part.sums and part.sums[name, place].number
                ]
                bounds = intervals.mean(sums.total, sums.squares, sums.number)
                if origin.interval == REPLICATIONS and is_share(name):
                    bounds = intervals.share(means)
                bounds = _wider(origin, bounds, means, {True} if is_share(name) else (False, True))
                before, turned = point.tally.sums.get((name, 0)), (math.nan,) * 5
                if place and before and before.number == sums.number == len(point.parts):  # once in each world
                    moments = sums.difference, sums.difference_squares, sums.number
                    turned = moments[0] / sums.number, *intervals.mean(*moments), *intervals.mean(*moments, together)
                told = (sums.total / sums.number, *bounds, *turned)
                yield row(Measure(name, CASE), sums.number, told, of=against if turned[0] == turned[0] else "")


def _robbed(
    found: Iterable[tuple[Measure, tuple[Any, ...]]], exposure: float
) -> Iterator[tuple[Measure, tuple[Any, ...]]]:
    """The same rows, and thefts for each malicious visit, of which it is known how many there are."""
    for measure, (count, *numbers) in found:
        yield measure, (count, *numbers)
        if measure == THEFTS._replace(per=ATTEMPT) and exposure:
            yield ROBBED, (round(count * exposure), *(number / exposure for number in numbers))


def _known(*numbers: float) -> tuple[float, ...]:
    """Numbers as they are, but for bounds of which nothing is known: one replication says nothing of others."""
    return tuple(number if math.isfinite(number) else math.nan for number in numbers)


def add_up(tallies: Iterable[Tally]) -> Tally:
    """The counts of several replications together."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def measured(
    values: Values, first: Values, accepted: tuple[Values, Values] | None = None, times: Values | None = None
) -> Sums:
    """The sums of a quantity over attempts, and of its difference to the first arm.

    Parameters:
        accepted: which attempts ended in an accepted flow in this arm, and in the first one.
        times: how often each attempt was met, if not once.
    """
    here, there = np.asarray(values, dtype=float), np.asarray(first, dtype=float)
    weights = np.ones(len(here)) if times is None else np.asarray(times)

    def summed(products: NDArray[np.float64]) -> float:
        # Much of what is measured is zero in most attempts, and sums do not depend on it.
        seen = np.flatnonzero(products)
        return math.fsum((products[seen] * weights[seen]).tolist())

    crossed = None
    if accepted is not None:
        own, other = (np.asarray(ended, dtype=float) for ended in accepted)
        crossed = Crossed(summed(here * own), summed(here * other), summed(there * own))
    changes = here - there
    number = len(here) if times is None else weights.sum().item()
    return Sums(number, summed(here), summed(here**2), summed(changes), summed(changes**2), crossed)


# --- files -------------------------------------------------------------------------------------------------


def write(table: pandas.DataFrame, stem: Path, run: str = "") -> tuple[Path, Path]:
    """Write a table as CSV and as Parquet, with checksums; a file is either the old one or the new one, never half.

    ``run``: the run that it belongs to, which is then its last column.
    """
    table = table.assign(run=run) if run else table
    as_csv, as_parquet = stem.with_name(stem.name + ".csv"), stem.with_name(stem.name + ".parquet")
    with replacing(as_csv) as path, path.open("wb") as stream:
        table.to_csv(stream, index=False, lineterminator="\n")
    with replacing(as_parquet) as path:
        table.to_parquet(path, index=False, write_page_checksum=True)
    return as_csv, as_parquet
