"""Tidy tables with intervals, and the files they go to.

A rate carries its Wilson interval. A difference between two arms is paired: both met the same agents at the
same times, so only the attempts that ended differently say anything about it.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from simulations.engine import Label, Tally

if TYPE_CHECKING:
    import pandas

LEVEL = 0.95

RATE_COLUMNS = (
    "experiment", "parameter", "value", "arm", "outcome", "kind", "attempts", "count", "rate", "low", "high",
    "seed", "population",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "experiment", "parameter", "value", "arm", "against", "outcome", "kind", "attempts", "difference", "low", "high",
    "seed", "population",
)  # fmt: skip


class Interval(NamedTuple):
    """Bounds of a confidence interval."""

    low: float
    high: float


def wilson(count: int, attempts: int, level: float = LEVEL) -> Interval:
    """The Wilson interval of a rate.

    Example:
        >>> [round(bound, 3) for bound in wilson(0, 100)]
        [0.0, 0.037]
    """
    from scipy.stats import binomtest

    bounds = binomtest(count, attempts).proportion_ci(level, method="wilson")
    return Interval(float(bounds.low), float(bounds.high))


def paired_difference(gained: int, lost: int, attempts: int, level: float = LEVEL) -> Interval:
    """The Bonett-Price interval of a difference of paired rates; no library here has one.

    ``gained``, ``lost``: attempts with the outcome in this arm only, and in the other arm only.

    References:
        D. G. Bonett, R. M. Price: Adjusted Wald confidence interval for a difference of binomial proportions
        based on paired data. J. Educ. Behav. Stat. 37 (2012) 479-488; recommended by Fagerland, Lydersen,
        Laake: Stat. Med. 33 (2014) 2850-2875.

    Example:
        >>> [round(bound, 3) for bound in paired_difference(10, 2, 100)]
        [0.008, 0.149]
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    more, less = (gained + 1) / (attempts + 2), (lost + 1) / (attempts + 2)
    half = z * math.sqrt((more + less - (more - less) ** 2) / (attempts + 2))
    return Interval(max(-1.0, more - less - half), min(1.0, more - less + half))


@dataclass(frozen=True, slots=True)
class Point:
    """What was counted at one point of a sweep, all replications together."""

    experiment: str
    parameter: str
    value: float
    arms: tuple[str, ...]
    seed: int
    population: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Result:
    """What an experiment showed.

    Attributes:
        rates: how often each outcome was seen, by sweep value and arm. The endings of an arm (kinds success,
            refused, blocked, diverted) add up to all attempts; harms are counted beside them.
        differences: the same against the first arm, paired.
    """

    experiment: str
    rates: pandas.DataFrame
    differences: pandas.DataFrame

    def save(self, folder: Path | str) -> tuple[Path, ...]:
        """Write both tables as CSV and Parquet; a file is either the old one or the new one, never half."""
        written: list[Path] = []
        for name, table in (("rates", self.rates), ("differences", self.differences)):
            written += write(table, Path(folder) / f"{self.experiment}_{name}")
        return tuple(written)


def add_up(tallies: Sequence[Tally]) -> Tally:
    """The counts of several replications together."""
    total = tuple(Counter(counts) for counts in tallies[0])
    for tally in tallies[1:]:
        for sums, counts in zip(total, tally, strict=True):
            sums.update(counts)
    return total


def tabulate(experiment: str, points: Sequence[Point]) -> Result:
    """The tables of an experiment."""
    import pandas

    # Every arm has a row for every outcome that any arm showed anywhere, so that zeros are said and not left out.
    outcomes = sorted({outcome for point in points for counts in point.tally for outcome in _outcomes(counts)})
    rates: list[tuple[Any, ...]] = []
    differences: list[tuple[Any, ...]] = []
    for point in points:
        where = (point.experiment, point.parameter, point.value)
        origin = (point.seed, point.population)
        for arm, counts in zip(point.arms, point.tally, strict=True):
            attempts = counts.total()
            for kind, outcome in outcomes:
                here = sum(times for (_, label), times in counts.items() if _shows(label, kind, outcome))
                bounds = wilson(here, attempts)
                rates.append((*where, arm, outcome, kind, attempts, here, here / attempts, *bounds, *origin))
                if arm == point.arms[0]:
                    continue
                gained, lost = _discordant(counts, kind, outcome)
                bounds = paired_difference(gained, lost, attempts)
                against = (arm, point.arms[0], outcome, kind, attempts, (gained - lost) / attempts)
                differences.append((*where, *against, *bounds, *origin))
    return Result(
        experiment,
        pandas.DataFrame(rates, columns=list(RATE_COLUMNS)),
        pandas.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
    )


def _outcomes(counts: Counter[tuple[Label, Label]]) -> set[tuple[str, str]]:
    labels = {label for _, label in counts}
    return {(label.kind, label.name) for label in labels} | {("harm", harm) for label in labels for harm in label.harms}


def _shows(label: Label, kind: str, outcome: str) -> bool:
    return outcome in label.harms if kind == "harm" else (label.kind, label.name) == (kind, outcome)


def _discordant(counts: Counter[tuple[Label, Label]], kind: str, outcome: str) -> tuple[int, int]:
    """Attempts with the outcome in this arm only, and in the first arm only."""
    gained = lost = 0
    for (first, here), times in counts.items():
        before, now = _shows(first, kind, outcome), _shows(here, kind, outcome)
        gained += times * (now and not before)
        lost += times * (before and not now)
    return gained, lost


# --- files -------------------------------------------------------------------------------------------------


def write(table: pandas.DataFrame, stem: Path) -> tuple[Path, Path]:
    """Write a table as CSV and as Parquet."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    as_csv, as_parquet = stem.with_name(stem.name + ".csv"), stem.with_name(stem.name + ".parquet")
    _replace(as_csv, lambda stream: table.to_csv(stream, index=False, lineterminator="\n"))
    _replace(as_parquet, lambda stream: table.to_parquet(stream, index=False))
    return as_csv, as_parquet


def _replace(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Fill a new file beside the old one and put it in its place in one go."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
