"""Finding the design that explains what a client was seen to do.

The search changes one switch at a time, and two at a time where that leads no further, as long as more is explained:
first where the client ended, then what it sent, then with fewer switches off their baseline (or off a design that is
known to be near). A switch that no observation tells anything about therefore stays there.
"""

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

from deployed.behaviour import SETTINGS, Observed, ends_as, everything, fetched_as, measured, mutated, sent_as
from model import scenario
from model.conversation import Conversation, converse
from model.design import Design
from model.model import oauth
from model.scenario import Scenario
from model.switches import SWITCHES, Kind

#: Ends explained, ends and messages, parts of messages, and how few switches are changed.
Score = tuple[int, int, int, int]
Explained = tuple[bool, bool, int]
#: Hears how many of so many are explained.
Note = Callable[[int, int], None]
#: The kinds of switches that a client's design is made of.
FITTED: tuple[Kind, ...] = ("mechanism", "conduct")
#: How many ways to compare resources are looked into further (more where they explain as much).
PROMISING = 3
#: How many conversations of a scenario are remembered.
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Fit:
    """The design that explains the most.

    Attributes:
        design: the design.
        ends: scenarios whose end it predicts.
        messages: scenarios of which it also predicts what was sent.
        evidence: for each switch that was changed the scenarios that are explained worse without that.
        whole: whether the search came to its end.
    """

    design: Design
    ends: tuple[str, ...]
    messages: tuple[str, ...]
    evidence: Mapping[str, tuple[str, ...]]
    whole: bool = True


def fit(
    observed: Mapping[str, Observed],
    starts: Iterable[Design] = (),
    near: Design | None = None,
    most: float = math.inf,
    note: Note = lambda explained, of: None,
) -> Fit:
    """The design that explains most of what was seen, or the best that ``most`` predictions of a scenario lead to.

    The search starts from whichever of ``near`` (by default the baseline) and ``starts`` explains the most. ``note``
    hears of how many scenarios the best design so far explains the ends.
    """
    near = near or Design()
    search = _Search(observed, near, note)
    search.left = most
    candidates: tuple[Mapping[str, str], ...] = (near, *starts)
    start = max(candidates, key=search.score)
    try:
        return search.fit(search.climb(dict(start)))
    except _SpentError:
        return replace(search.fit(max((start, search.best), key=search.score)), whole=False)


class _SpentError(Exception):
    """A search has made all the predictions that it may."""


def refine(design: Design, observed: Mapping[str, Observed], near: Design | None = None) -> Fit:
    """A design with single switches changed as long as that explains more, and no search beyond.

    For a design that explains most already, and observations of which some may be beyond any design.
    """
    search, values = _Search(observed, near or Design()), dict(design)
    search.score(values)  # tells which switches are read at all
    return search.fit(search.descend(values, together=(1,)))


def rivals(design: Design, observed: Mapping[str, Observed]) -> tuple[Design, ...]:
    """The designs with one switch changed that explain all that was seen as well as this one does."""
    search, values = _Search(observed, design), dict(design)
    explained = {name: search.explained(name, values) for name in observed}
    found = []
    for name, switch in SWITCHES.items():
        for value in switch.values:
            changed = values | {name: value}
            touched = (one for one, remembered in search.remembered.items() if name in remembered.reads)
            if (
                switch.kind in FITTED
                and value != values[name]
                and all(search.explained(one, changed) >= explained[one] for one in touched)
            ):
                found.append(design.but(**{name: value}))
    return tuple(found)


def lost(design: Design, observed: Mapping[str, Observed], name: str, value: str) -> tuple[str, ...]:
    """What was seen that a design explains, and no longer explains as well with a switch set to another value."""
    search, values = _Search(observed, design), dict(design)
    changed = values | {name: value}
    return tuple(one for one in observed if search.explained(one, changed) < search.explained(one, values))


class _Search:
    """Designs scored against observations; what was predicted once is remembered by the switches that it took."""

    def __init__(self, observed: Mapping[str, Observed], near: Design, note: Note = lambda explained, of: None) -> None:
        self.observed = observed
        self.note = note
        self.near = near
        self.remembered = {name: _remembered(name) for name in observed}
        self.left = math.inf
        self.best: Mapping[str, str] = near

    def explained(self, name: str, values: Mapping[str, str]) -> Explained:
        """Whether the end of a scenario is predicted, whether every request is as well, and how much of that."""
        self.left -= 1
        seen, predicted = self.observed[name], self.remembered[name].predict(values)
        end, parts = ends_as(predicted, seen), (*sent_as(predicted, seen), fetched_as(predicted, seen))
        return end, end and all(parts), sum(parts) if end else 0

    def score(self, values: Mapping[str, str]) -> Score:
        """How much a design explains: ends, messages, and how few switches it changes."""
        return self._total({name: self.explained(name, values) for name in self.observed}, values)

    def fit(self, values: Mapping[str, str]) -> Fit:
        """A design as what was found."""
        explained = {name: self.explained(name, values) for name in self.observed}
        return Fit(
            Design(values),
            tuple(name for name, (end, _, _) in explained.items() if end),
            tuple(name for name, (_, messages, _) in explained.items() if messages),
            {name: self.worse_without(name, values) for name in SWITCHES if values[name] != self.near[name]},
        )

    def climb(self, values: dict[str, str]) -> dict[str, str]:
        """The best design in reach.

        How resources are compared decides what everything after it looks like. So where something stays
        unexplained, each way to compare them is held while the rest is fitted to it.
        """
        best = self.descend(values)
        if all(self.explained(name, best)[1] for name in self.observed):
            return best
        held = [self.descend(best | {"prm": value}, {"prm"}, (1,)) for value in SWITCHES["prm"].values]
        least = sorted((self.score(values)[:2] for values in held), reverse=True)[PROMISING - 1]
        promising = [values for values in held if self.score(values)[:2] >= least]
        further = [self.descend(self.descend(values, {"prm"})) for values in promising]
        return max((best, *further), key=self.score)

    def descend(
        self, values: dict[str, str], held: Collection[str] = (), together: tuple[int, ...] = (1, 2)
    ) -> dict[str, str]:
        """Change switches one by one, or else in pairs, as long as that is better; some are ``held``."""
        while True:
            before = values
            for name in self._switches(values):
                if name not in held:
                    options = (values | {name: value} for value in SWITCHES[name].values)
                    values = max(options, key=self.compared_to(values))
                    self.best = max((self.best, values), key=self.score)
                    self.note(self.score(self.best)[0], len(self.observed))
            if values == before and 2 in together:
                values = self._two_at_a_time(values, held) or values
            if values == before:
                return values

    def compared_to(self, values: dict[str, str]) -> Callable[[dict[str, str]], Score]:
        """The score of designs, quickly for those that differ little from this one."""
        explained = {name: self.explained(name, values) for name in self.observed}

        def score(changed: dict[str, str]) -> Score:
            if self.left < 0:
                raise _SpentError
            differing = {name for name, value in changed.items() if value != values[name]}
            # Conversations that never looked at these switches go as before.
            again = {
                name: self.explained(name, changed)
                for name, remembered in self.remembered.items()
                if not differing.isdisjoint(remembered.reads)
            }
            return self._total({**explained, **again}, changed)

        return score

    def _two_at_a_time(self, values: dict[str, str], held: Collection[str]) -> dict[str, str] | None:
        """A better design with two switches changed that explain a scenario together."""
        score = self.compared_to(values)
        for name, remembered in self.remembered.items():
            explained = self.explained(name, values)
            if explained[1]:
                continue
            single = [
                (key, value)
                for key in self._switches(values, remembered.reads)
                for value in SWITCHES[key].values
                if key not in held and value != values[key]
            ]
            for one, other in combinations(single, 2):
                if self.left < 0:
                    raise _SpentError
                changed = values | dict((one, other))
                if self.explained(name, changed) > explained and score(changed) > score(values):
                    return changed
        return None

    def _switches(self, values: Mapping[str, str], among: Collection[str] | None = None) -> list[str]:
        """The switches that may matter; what a deployment happens to be and what the attacker may do are not fitted."""
        read = set().union(*(remembered.reads for remembered in self.remembered.values())) if among is None else among
        off = {name for name, value in values.items() if value != self.near[name]}
        return [
            name
            for name, switch in SWITCHES.items()
            if switch.kind in FITTED and name in (read if among is not None else {*read, *off})
        ]

    def _total(self, explained: Mapping[str, Explained], values: Mapping[str, str]) -> Score:
        ends, messages, parts = (sum(column) for column in zip(*explained.values(), strict=True))
        return ends, messages, parts, -sum(value != self.near[name] for name, value in values.items())

    def worse_without(self, switch: str, values: Mapping[str, str]) -> tuple[str, ...]:
        """The scenarios that are explained worse with a switch back where the search expected it."""
        back = {**values, switch: self.near[switch]}
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
            noted = Noted(values)
            found = replace(converse(noted, self.scenario), decisions=())
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            if not noted.read <= self.reads:
                self.reads |= noted.read
                self.order = tuple(sorted(self.reads))
                self.known.clear()
            self.known[tuple([values[name] for name in self.order])] = found
        return found


@cache
def _remembered(name: str) -> _Remembered:
    return _Remembered(scenario.load(name))


class Noted(Mapping[str, str]):
    """A design that notes which of its switches are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.model = oauth()  # clients are fitted by the model that ships
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


def refit() -> Iterator[tuple[tuple[str, ...], str, Fit]]:
    """Every measured client fitted anew: the clients of one design, the client it is like (if any), and the fit."""
    fitted: dict[str, Fit] = {}
    seen = everything()
    for name, observed in sorted(measured().items(), key=lambda item: item[0].partition("==")[0] in SETTINGS):
        found = fit(observed, (known.design for known in fitted.values()), _near(name, fitted))
        fitted[name] = refine(found.design, seen[name], _near(name, fitted)) if name in mutated() else found
    groups: dict[tuple[str, Design], list[str]] = {}
    for name, found in fitted.items():
        groups.setdefault((_like(name), found.design), []).append(name)
    for (like, _), names in groups.items():
        yield tuple(names), like, fitted[max(names, key=lambda name: len(seen[name]))]


def _like(name: str) -> str:
    implementation, _, version = name.partition("==")
    return f"{SETTINGS[implementation]}=={version}" if implementation in SETTINGS else ""


def _near(name: str, fitted: Mapping[str, Fit]) -> Design | None:
    like = _like(name)
    return fitted[like].design if like else None


def as_toml(fits: Iterable[tuple[tuple[str, ...], str, Fit]]) -> Iterator[str]:
    """Fits as the lines of ``model/data/clients.toml``."""
    yield "# Deployed clients as designs, fitted to what deployed/data/client_*.csv say of them: see README.md."
    for names, like, found in fits:
        yield ""
        yield "[[design]]"
        yield f"clients = {json.dumps(names)}"
        if like:
            yield f'like = "{like}"'
        seen = max((everything()[name] for name in names), key=len)
        yield "[design.switches]"
        for switch, scenarios in found.evidence.items():
            code = next((seen[name].source for name in scenarios if seen[name].source), "")
            ids = " ".join(map(scenario.short, scenarios))
            entry = f'value = "{found.design[switch]}", decided_by = "{ids}"'
            yield f"{switch} = {{ {entry}, code = {json.dumps(code, ensure_ascii=False)} }}"
