"""A figure of the suite: its name, how it is drawn, what its caption says, and where its tables come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from matplotlib.figure import Figure

from openworld.study_tables import Shape, whole
from simulations.results import Result

#: What captions say where nothing was sampled.
EXHAUSTIVE = "none, all runs are covered"
BOUNDED = "all runs of a bounded world: one honest and one malicious AS, the user's session and the attacker's"
#: So many names are listed under a figure; its text file has all of them.
_LISTED = 4
T = TypeVar("T")


@dataclass(slots=True)
class Source:
    """Where figures get their tables from; each is read or worked out once.

    Attributes:
        folder: the folder of a study, or ``None`` to work everything out.
        attempts, replications, seed, workers: for experiments that are run anew; attempts: as each says, if None.
        rows: the most that a matrix has; all, if None.
        kept: the folder in which tables are kept while they are worked out, if any.
    """

    folder: Path | None = None
    attempts: int | None = None
    replications: int = 5
    seed: int = 1
    workers: int = 1
    rows: int | None = None
    kept: Path | None = None
    _known: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result) -> Source:
        """The tables of an experiment that was just run."""
        return cls(_known={result.experiment: result})

    def once(self, name: str, work_out: Callable[[], T]) -> T:
        """What is read or worked out, the first time."""
        if name not in self._known:
            self._known[name] = work_out()
        found: T = self._known[name]
        return found

    def stored(self, name: str, shape: Shape) -> pd.DataFrame:
        """A table of the folder (raises SourceError: a figure is drawn of every row or not at all)."""
        assert self.folder is not None
        return self.once(name, partial(whole, self.folder / name, shape))

    def most(self, table: pd.DataFrame, row: str, telling: pd.Series) -> pd.DataFrame:
        """A table with as many rows of a matrix as it may have: those of which most cells tell something."""
        counted = telling.groupby(table[row], sort=False).sum().sort_values(ascending=False, kind="stable")
        return table[table[row].isin(counted.index[: self.rows])]


class Caption(NamedTuple):
    """What a reader must know to read a figure; ``threats``: what keeps its rates from being those of the world."""

    population: str
    design: str
    n: str
    seed: str
    interval: str
    threats: str = ""

    @classmethod
    def exhaustive(cls, design: str, n: str, undecided: int) -> Caption:
        """That of answers about all runs, of which so many are not known."""
        if not undecided:
            return cls(BOUNDED, design, n, EXHAUSTIVE, "none, a verdict is not an estimate")
        seed = f"{EXHAUSTIVE} but those of {undecided} undecided answers"
        return cls(BOUNDED, design, n, seed, "what these leave open, no estimate")

    @classmethod
    def of_verdicts(cls, table: pd.DataFrame, design: str) -> Caption:
        """That of a table of verdicts."""
        return cls.exhaustive(design, f"{len(table)} verdicts", int((table["verdict"] == "unknown").sum()))

    @property
    def brief(self) -> str:
        """The same with long lists of names as their number, for under a figure."""
        return str(self._replace(threats="; ".join(map(_counted, filter(None, self.threats.split("; "))))))

    def __str__(self) -> str:
        return (
            f"Population: {self.population}. Design: {self.design}. n: {self.n}. Seed: {self.seed}. "
            f"Interval: {self.interval}." + (f" Threats to validity: {self.threats}." if self.threats else "")
        )


def _counted(threat: str) -> str:
    """A threat of which more names are listed than anybody reads under a figure, by their number."""
    kind, _, what = threat.partition(": ")
    names = what.split(", ")
    return f"{kind}: {len(names)} inputs" if len(names) > _LISTED and not any(" " in name for name in names) else threat


class Drawing(NamedTuple):
    """A figure, what its caption says, and the data that are in it."""

    figure: Figure
    title: str
    caption: Caption
    data: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A figure that can be drawn; ``quick``: a quick study draws it too, for its page."""

    name: str
    kind: str
    shows: str
    draw: Callable[[Source], Drawing]
    quick: bool = False
