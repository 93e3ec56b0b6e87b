"""The columns of a matrix of clients: one release each, and over several of them who is affected by what."""

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from conformance.judge import Judgement
from conformance.matrix import ReleaseEntry
from conformance.play import Play
from deployed.disclosure import Ended, hidden
from deployed.explanation import age
from openworld.driving.client import Driven


@dataclass(frozen=True, slots=True)
class Column:
    """A release in the matrix.

    Attributes:
        slug: its folder.
        driven: what was seen; ``None`` where it did not start, as ``why`` says.
        withheld: what was played and is not public.
    """

    entry: ReleaseEntry
    slug: str
    driven: Driven | None = None
    why: str = ""
    withheld: Mapping[str, Play] = field(default_factory=dict)
    changes: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", self._changes())

    @property
    def name(self) -> str:
        """The release."""
        return self.entry.name

    @property
    def judgements(self) -> list[Judgement]:
        """What was seen of it."""
        return self.driven.judgements if self.driven else []

    @property
    def measured(self) -> bool:
        """Whether all was measured that was tried."""
        return self.driven is not None and all(one.measured for one in self.judgements)

    @property
    def summary(self) -> str:
        """What became of it, in a line."""
        if self.driven is None:
            return f"not measured: {self.why}"
        falls = sum(bool(one.attacks) for one in self.judgements)
        unmeasured = sum(not one.measured for one in self.judgements)
        told = f"falls for an attack in {falls} of {len(self.judgements)}"
        told += f", {unmeasured} not measured" if unmeasured else ""
        told += f", {len(self.withheld)} more not public" if self.withheld else ""
        return f"{told}, {len(self.changes)} otherwise than expected" if self.entry.expected is not None else told

    def _changes(self) -> dict[str, str]:
        """What went otherwise than expected, and what is expected of scenarios that were not played."""
        if self.entry.expected is None or self.driven is None:
            return {}
        rows = {one.scenario for one in self.judgements} | self.withheld.keys()
        return {**self.entry.expected.changes(self.judgements), **self.entry.expected.unknown(rows)}


def public(columns: Sequence[Column], day: datetime.date) -> list[Column]:
    """The columns without what is not public on a day (:func:`deployed.disclosure.hidden`)."""
    seen = (Ended(one.name, each.scenario, each.outcome, each.attacks) for one in columns for each in one.judgements)
    closed = hidden(seen, day)
    return [
        _only(one, {each.scenario for each in one.judgements if (one.name, each.scenario) not in closed})
        for one in columns
    ]


def _only(column: Column, shown: Collection[str]) -> Column:
    driven = column.driven
    if driven is None:
        return column
    plays = [play for play in driven.plays if play.name in shown]
    judgements = [one for one in driven.judgements if one.scenario in shown]
    hidden = {play.name: play for play in driven.plays if play.name not in shown}
    return replace(column, driven=replace(driven, plays=plays, judgements=judgements), withheld=hidden)


class Affected(NamedTuple):
    """The releases of a client that lose something in a scenario: first and last, and how many of those measured.

    ``next``: the first release after them that was measured and does not; nothing where there is none.
    """

    scenario: str
    lost: str
    client: str
    first: str
    last: str
    falls: int
    listed: int
    next: str

    def __str__(self) -> str:
        which = self.first if self.first == self.last else f"{self.first} to {self.last}"
        after = f", no longer in {self.next}" if self.next else ""
        return f"{self.client}: {self.scenario} ({self.lost}): {which} ({self.falls} of {self.listed}{after})"


def affected(judged: Mapping[str, Sequence[Judgement]]) -> Iterator[Affected]:
    """By client and scenario, the first and the last release that loses something."""
    clients: dict[str, dict[str, dict[str, Judgement]]] = {name.partition("==")[0]: {} for name in judged}
    for name in sorted(judged, key=age):
        client, _, version = name.partition("==")
        clients[client][version] = {one.scenario: one for one in judged[name] if one.measured or one.attacks}
    for client, seen in clients.items():
        for scenario in dict.fromkeys(name for of in seen.values() for name in of):
            told = [version for version, of in seen.items() if scenario in of]
            falls = [version for version in told if seen[version][scenario].attacks]
            if falls:
                lost = {prop for version in falls for prop in seen[version][scenario].attacks}
                after = told[told.index(falls[-1]) + 1 :]
                yield Affected(
                    scenario,
                    ", ".join(sorted(lost)),
                    client,
                    falls[0],
                    falls[-1],
                    len(falls),
                    len(told),
                    after[0] if after else "",
                )
