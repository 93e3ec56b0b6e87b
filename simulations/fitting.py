"""Finding the design that explains what a client was seen to do.

The search changes one switch at a time, and two at a time where that leads no further, as long as more is explained:
first where the client ended, then what it sent, then with fewer switches off their baseline. A switch that no
observation tells anything about therefore stays at its baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from model import scenario
from model.conversation import Conversation, converse
from model.design import Design
from model.scenario import Scenario
from model.switches import SWITCHES
from simulations.behaviour import Observed, sent_as

Score = tuple[int, int, int]
_BASELINE = Design()


@dataclass(frozen=True, slots=True)
class Fit:
    """The design that explains the most.

    Attributes:
        design: the design.
        ends: scenarios whose end it predicts.
        messages: scenarios of which it also predicts what was sent.
        evidence: for each switch off its baseline the scenarios that are explained worse without it.
    """

    design: Design
    ends: tuple[str, ...]
    messages: tuple[str, ...]
    evidence: Mapping[str, tuple[str, ...]]


def fit(observed: Mapping[str, Observed], starts: Iterable[Design] = ()) -> Fit:
    """The design that explains most of what was seen; the search starts from the baseline and from ``starts``."""
    search = _Search(observed)
    best = max((search.climb(dict(start)) for start in (Design(), *starts)), key=search.score)
    design = Design(best)
    explained = {name: search.explained(name, best) for name in observed}
    return Fit(
        design,
        tuple(name for name, (end, _) in explained.items() if end),
        tuple(name for name, (_, messages) in explained.items() if messages),
        {name: search.worse_without(name, best) for name in design.changes()},
    )


class _Search:
    """Designs scored against observations; what was predicted once is remembered by the switches that it took."""

    def __init__(self, observed: Mapping[str, Observed]) -> None:
        self.observed = observed
        self.remembered = {name: _Remembered(scenario.load(name)) for name in observed}

    def explained(self, name: str, values: Mapping[str, str]) -> tuple[bool, bool]:
        """Whether the end of a scenario is predicted, and whether what was sent is as well."""
        seen, predicted = self.observed[name], self.remembered[name].predict(values)
        end = predicted.stage == seen.stage
        return end, end and sent_as(predicted, seen)

    def score(self, values: Mapping[str, str]) -> Score:
        """How much a design explains: ends, messages, and how few switches it changes."""
        return self._total({name: self.explained(name, values) for name in self.observed}, values)

    def climb(self, values: dict[str, str]) -> dict[str, str]:
        """The best design in reach."""
        while True:
            before = values
            for name in self._switches(values):
                values = max((values | {name: value} for value in SWITCHES[name].values), key=self.compared_to(values))
            if values == before:
                values = self._two_at_a_time(values) or values
            if values == before:
                return values

    def compared_to(self, values: dict[str, str]) -> Callable[[dict[str, str]], Score]:
        """The score of designs, quickly for those that differ little from this one."""
        explained = {name: self.explained(name, values) for name in self.observed}

        def score(changed: dict[str, str]) -> Score:
            differing = {name for name, value in changed.items() if value != values[name]}
            # Conversations that never looked at these switches go as before.
            again = {
                name: self.explained(name, changed)
                for name, remembered in self.remembered.items()
                if not differing.isdisjoint(remembered.reads)
            }
            return self._total({**explained, **again}, changed)

        return score

    def _two_at_a_time(self, values: dict[str, str]) -> dict[str, str] | None:
        """A better design with two switches changed that explain a scenario together."""
        score = self.compared_to(values)
        for name, remembered in self.remembered.items():
            explained = self.explained(name, values)
            if all(explained):
                continue
            single = [(key, value) for key in self._switches(values, remembered.reads) for value in SWITCHES[key].values]
            for one, other in combinations(single, 2):
                changed = values | dict((one, other))
                if self.explained(name, changed) > explained and score(changed) > score(values):
                    return changed
        return None

    def _switches(self, values: Mapping[str, str], among: Collection[str] | None = None) -> list[str]:
        """The switches that may matter, those of a deployment left out."""
        read = set().union(*(remembered.reads for remembered in self.remembered.values())) if among is None else among
        off = {name for name, value in values.items() if value != _BASELINE[name]}
        return [
            name for name, switch in SWITCHES.items()
            if switch.kind != "environment" and name in (read if among is not None else {*read, *off})
        ]  # fmt: skip

    def _total(self, explained: Mapping[str, tuple[bool, bool]], values: Mapping[str, str]) -> Score:
        ends, messages = (sum(column) for column in zip(*explained.values(), strict=True))
        return ends, messages, -sum(value != _BASELINE[name] for name, value in values.items())

    def worse_without(self, switch: str, values: Mapping[str, str]) -> tuple[str, ...]:
        """The scenarios that are explained worse with a switch back at its baseline."""
        back = {**values, switch: SWITCHES[switch].baseline}
        return tuple(name for name in self.observed if self.explained(name, back) < self.explained(name, values))


class _Remembered:
    """The conversations of one scenario, by the values of the switches that they read."""

    def __init__(self, of: Scenario) -> None:
        self.scenario = of
        self.reads: set[str] = set()
        self.order: tuple[str, ...] = ()
        self.known: dict[tuple[str, ...], Conversation] = {}

    def predict(self, values: Mapping[str, str]) -> Conversation:
        """What a client with these values does."""
        found = self.known.get(tuple([values[name] for name in self.order]))
        if found is None:
            noted = _Noted(values)
            found = converse(noted, self.scenario)
            if not noted.read <= self.reads:
                self.reads |= noted.read
                self.order = tuple(sorted(self.reads))
                self.known.clear()
            self.known[tuple([values[name] for name in self.order])] = found
        return found


class _Noted(Mapping[str, str]):
    """A design that notes which of its switches are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        if name not in SWITCHES:
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
