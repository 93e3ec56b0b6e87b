"""What a figure of the suite is: a name, what it shows, how it is drawn, and what its caption says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from model.errors import InputError
from openworld.sources import Source

#: What captions say where nothing was sampled.
EXHAUSTIVE = "none, all runs are covered"
BOUNDED = "all runs of a bounded world: one honest and one malicious AS, the user's session and the attacker's"


#: So many names are listed under a figure; its text file has all of them.
_LISTED = 4


class FigureError(InputError):
    """A figure that does not exist; the message says which do."""


class Caption(NamedTuple):
    """What a reader must know to read a figure; ``threats``: what keeps its rates from being those of the world."""

    population: str
    design: str
    n: str
    seed: str
    interval: str
    threats: str = ""

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
    """A figure that can be drawn."""

    name: str
    kind: str
    shows: str
    draw: Callable[[Source], Drawing]
