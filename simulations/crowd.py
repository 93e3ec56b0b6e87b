"""The fourth reader: the rules of the model over NumPy arrays, many visits at once.

What differs between the visits of a crowd (switches, capabilities, the URL) is undecided and read as arrays, one truth
value a visit; the actions of :mod:`model` and the properties are called once for all of them. The search is that of
:mod:`simulations.visits`, and it finds what that finds visit by visit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import logic
from model.action import Action, Context
from model.logic import Pick
from model.protocols import actions, variables
from model.rule import Rule
from model.state import View
from model.switches import CAPABILITIES, SWITCHES
from model.world import VICTIM
from simulations.attempts import Situations, Whole, adopts
from simulations.visits import (
    ACCEPTED,
    DIVERTED,
    HARMS,
    NOTHING_ENABLED,
    ONE_VISIT,
    PLACES,
    Kind,
    Label,
    Settings,
    finished,
    harms,
    merit,
    stopped,
    uses_stolen_token,
)

State = tuple[Any, ...]
Mask = NDArray[np.bool_]
Masked = Mask | bool


# --- truth values ------------------------------------------------------------------------------------------


def _plain(mask: Mask) -> Masked:
    """A mask that says the same of every row is a plain truth value, which rules need not ask about any further."""
    if not mask.any():
        return False
    return True if mask.all() else mask


def _all(masks: list[Mask]) -> Masked:
    return _plain(np.logical_and.reduce(masks))


def _any(masks: list[Mask]) -> Masked:
    return _plain(np.logical_or.reduce(masks))


logic.register(np.ndarray, _all, _any, np.logical_not)


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Situations to be judged together, one a row.

    Attributes:
        size: how many.
        design: a value for every switch, a constant or a Pick of masks.
        capabilities: a truth value for every capability of the attacker.
        url: where the agent is sent.
    """

    size: int
    design: SimpleNamespace
    capabilities: Mapping[str, Masked]
    url: str | Pick


def crowd(found: Situations, arm: Settings, codes: Whole) -> Crowd:
    """The situations with the given numbers, under an arm."""
    *drawn, placed, who = found.split(codes)
    values: dict[str, Any] = {name: {switch.baseline: True} for name, switch in SWITCHES.items()}
    for kinds, categories in zip(found.factors, drawn, strict=True):
        for number, settings in enumerate(kinds):
            for name, value in settings:
                _overrule(values[name], value, categories == number)
    for name, value in arm:
        _overrule(values[name], value, adopts(name, who))
    places = [PLACES[name] for name in found.places]
    here = [_plain(placed == number) for number in range(len(places))]
    capabilities = {
        name: logic.any_of(*(mask for place, mask in zip(places, here, strict=True) if name in place.capabilities))
        for name in CAPABILITIES
    }
    urls: dict[str, Any] = {}
    for place, mask in zip(places, here, strict=True):
        urls[place.url] = logic.any_of(urls.get(place.url, False), mask)
    design = SimpleNamespace(**{name: _decided(cases) for name, cases in values.items()})
    return Crowd(len(codes), design, capabilities, _decided(urls))


def _overrule(cases: dict[str, Masked], value: str, where: Mask) -> None:
    """Give a switch a value in some rows, whatever it had there."""
    mask = _plain(where)
    if mask is False:
        return
    for other in cases:
        cases[other] = logic.all_of(cases[other], logic.no(mask))
    cases[value] = logic.any_of(cases.get(value, False), mask)


def _decided(cases: Mapping[str, Masked]) -> str | Pick:
    constant = next((value for value, when in cases.items() if when is True), None)
    return Pick(cases) if constant is None else constant


# --- actions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """One way an action can go: for which rows it does, who refuses it for which, and what it writes."""

    choices: dict[str, Any]
    goes: Masked
    refused: tuple[tuple[Rule, Masked], ...]
    writes: tuple[tuple[int, tuple[tuple[Any, Masked], ...]], ...]


class _Memory:
    """The ways of one action by the state variables that it read, for all rows of a crowd together."""

    def __init__(self, action: Action, judged: Crowd) -> None:
        self.action = action
        self.judged = judged
        self.reads: tuple[int, ...] = ()
        self.known: dict[tuple[Any, ...], tuple[_Way, ...]] = {}

    def recall(self, state: State) -> tuple[_Way, ...]:
        found = self.known.get(tuple([state[place] for place in self.reads]))
        return self._learn(state) if found is None else found

    def _learn(self, state: State) -> tuple[_Way, ...]:
        read = set(self.reads)

        def look(name: str) -> Any:
            read.add(_index()[name])
            return state[_index()[name]]

        context = Context(ONE_VISIT, self.judged.design, self.judged.capabilities, View(look))
        ways = tuple(self._possible(context))
        if len(read) > len(self.reads):
            self.reads = tuple(sorted(read))
            self.known.clear()
        self.known[tuple([state[place] for place in self.reads])] = ways
        return ways

    def _possible(self, context: Context) -> Iterator[_Way]:
        names = tuple(self.action.choices)
        for chosen in product(*self.action.choices.values()):
            choices = dict(zip(names, chosen, strict=True))
            move = self.action(context, **choices)
            goes, refused = move.when, []
            for rule, holds in move.rules:
                if goes is False:
                    break
                # The first rule that does not hold is the one that refuses.
                fails = logic.all_of(goes, logic.no(holds))
                if fails is not False:
                    refused.append((rule, fails))
                goes = logic.all_of(goes, holds)
            if goes is not False or refused:
                writes = tuple((_index()[name], _cases(value)) for name, value in move.sets.items())
                yield _Way(choices, goes, tuple(refused), writes)


@cache
def _index() -> dict[str, int]:
    return {variable.name: place for place, variable in enumerate(variables(ONE_VISIT))}


def _cases(value: Any) -> tuple[tuple[Any, Masked], ...]:
    """The constants that a written value may be, and the rows in which it is."""
    if isinstance(value, Pick):
        return tuple(value.cases.items())
    if isinstance(value, np.ndarray):
        return ((True, value), (False, ~value))
    return ((value, True),)


# --- the search --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A state, the rows that reach it this way first, and the way."""

    state: State
    rows: Mask
    before: _Node | None
    step: str
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """How the visits of a crowd end.

    Attributes:
        labels: the endings there are.
        ending: for each row the number of its label.
        late: the same where the attacker comes too late to use a token that it stole.
    """

    labels: tuple[Label, ...]
    ending: NDArray[np.int64]
    late: NDArray[np.int64]


def judge(judged: Crowd) -> Judgement:
    """How the visits of a crowd end, all rows at once."""
    memories = tuple(_Memory(action, judged) for action in actions(ONE_VISIT))
    nodes = _search(memories, judged)
    best = np.full(judged.size, -1, dtype=np.int64)
    chosen = np.zeros(judged.size, dtype=np.int64)
    for number, node in enumerate(nodes):
        view = _view(node.state)
        happened = harms(ONE_VISIT, judged.design, view)
        worth = merit(happened, bool(view.session(VICTIM).accepted), finished(view), node.depth)
        better = node.rows & (worth > best)
        best = np.where(better, worth, best)
        chosen[better] = number
    labels: dict[Label, int] = {}
    ending, late = np.zeros(judged.size, dtype=np.int64), np.zeros(judged.size, dtype=np.int64)
    for number in np.unique(chosen):
        rows = chosen == number
        for column, node in ((ending, nodes[number]), (late, _before_theft(nodes[number]))):
            for label, mask in _labels(memories, judged, node.state, rows):
                column[mask] = labels.setdefault(label, len(labels))
    return Judgement(tuple(labels), ending, late)


def _view(state: State) -> View:
    return View(lambda name: state[_index()[name]])


def _search(memories: Sequence[_Memory], judged: Crowd) -> list[_Node]:
    """Every state that a visit can reach, breadth first; each row comes to each state once."""
    initial = tuple(variable.initial for variable in variables(ONE_VISIT))
    everybody = np.ones(judged.size, dtype=bool)
    seen: dict[State, Mask] = {initial: everybody}
    nodes = [_Node(initial, everybody, None, "", 0)]
    for node in nodes:  # grows on the way
        for memory in memories:
            for way in memory.recall(node.state):
                goes = logic.all_of(way.goes, _sets_out(judged, way) if node.before is None else True)
                if goes is False:
                    continue
                rows = node.rows & goes
                if not rows.any():
                    continue
                for state, mask in _successors(node.state, rows, way):
                    before = seen.get(state)
                    new = mask if before is None else mask & ~before
                    if new.any():
                        seen[state] = new if before is None else before | new
                        nodes.append(_Node(state, new, node, memory.action.name, node.depth + 1))
    return nodes


def _sets_out(judged: Crowd, way: _Way) -> Masked:
    """Where a way is the first step of the visit: the agent goes where it is sent."""
    return logic.same(judged.url, way.choices["url"]) if "url" in way.choices else False


def _successors(state: State, rows: Mask, way: _Way) -> Iterator[tuple[State, Mask]]:
    """The states that a way leads to, with the rows that it leads there."""
    branches: list[tuple[list[Any], Mask]] = [(list(state), rows)]
    for place, cases in way.writes:
        grown = []
        for values, mask in branches:
            for value, when in cases:
                here = mask & when
                if here.any():
                    changed = values.copy() if len(cases) > 1 else values
                    changed[place] = value
                    grown.append((changed, here))
        branches = grown
    for values, mask in branches:
        yield tuple(values), mask


def _before_theft(node: _Node) -> _Node:
    """The state before the attacker first presents a stolen token; the same state if it never does."""
    earlier, theft = node, node
    while earlier.before is not None:
        if uses_stolen_token(earlier.step):
            theft = earlier.before
        earlier = earlier.before
    return theft


def _labels(
    memories: Sequence[_Memory], judged: Crowd, state: State, rows: Mask
) -> Iterator[tuple[Label, Mask]]:
    """What a state is as the end of a visit: labels and the rows that they are for."""
    view = _view(state)
    happened = harms(ONE_VISIT, judged.design, view)
    accepted, answered = bool(view.session(VICTIM).accepted), finished(view)
    pattern = np.zeros(judged.size, dtype=np.int64)
    for happens in happened:
        pattern = 2 * pattern + happens
    for bits in np.unique(pattern[rows]):
        here = rows & (pattern == bits)
        suffered = tuple(name for place, name in enumerate(HARMS) if int(bits) >> (len(HARMS) - 1 - place) & 1)
        if accepted:
            yield Label("success", ACCEPTED, suffered), here
        elif suffered or answered:
            yield Label("diverted", DIVERTED, suffered), here
        else:
            yield from _refusals(memories, state, here, stopped(view))


def _refusals(memories: Sequence[_Memory], state: State, rows: Mask, kind: Kind) -> Iterator[tuple[Label, Mask]]:
    """The first refusal by an honest party, row by row."""
    for memory in memories:
        if memory.action.schema.honest:
            for way in memory.recall(state):
                for rule, fails in way.refused:
                    here = rows & fails
                    if here.any():
                        yield Label(kind, rule.name, ()), here
                        rows = rows & ~here
    if rows.any():
        yield Label(kind, NOTHING_ENABLED, ()), rows
