"""The fourth reader: the rules of the model over NumPy arrays, many visits at once.

What differs between the visits of a crowd (switches, capabilities, the URL) is undecided and read as arrays, one truth
value a visit; the actions of :mod:`model` and the properties are called once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model import logic
from model.action import Action, Context, Move
from model.logic import Pick
from model.memory import Answer, Memory, bits
from model.model import Model
from model.protocols import actions, variables
from model.rule import Rule
from model.state import View
from model.world import World
from simulations.attempts import Situations, Whole, adopts, world_of
from simulations.harms import GRAVEST, Strategy, every_harm
from simulations.scope import possible, preparations
from simulations.visits import (
    ACCEPTED,
    DIVERTED,
    NOTHING_ENABLED,
    PLACES,
    Label,
    Plan,
    Said,
    Settings,
    asks_server,
    finished,
    goes_on,
    questions,
    reusable,
    served,
    steals_cached,
    stopped,
    stops,
    waits,
)

#: So many visits are judged together.
AT_ONCE = 1 << 14

State = tuple[Any, ...]
_Course = tuple[bool, tuple[tuple[str, ...], ...], str]
Mask = NDArray[np.bool_]
Masked = Mask | bool


# --- truth values ------------------------------------------------------------------------------------------


def _plain(mask: Mask) -> Masked:
    """A mask that says the same of every row is a plain truth value, which rules need not ask about any further."""
    if not mask.any():
        return False
    return True if mask.all() else mask


logic.register(
    np.ndarray,
    lambda masks: _plain(np.logical_and.reduce(masks)),
    lambda masks: _plain(np.logical_or.reduce(masks)),
    np.logical_not,
)


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Situations to be judged together, one a row.

    Attributes:
        size: how many.
        design: a value for every switch, a constant or a Pick of masks.
        capabilities: a truth value for every capability of the attacker.
        url: where the agent is sent.
        tried: the names of the actions that may happen in any row.
        world: the world of all these visits.
    """

    size: int
    design: SimpleNamespace
    capabilities: Mapping[str, Masked]
    url: str | Pick
    tried: frozenset[str]
    world: World

    @property
    def attacked(self) -> Mask:
        """Where there is an attacker that can do anything."""
        able: Any = logic.any_of(*self.capabilities.values())
        return np.broadcast_to(np.asarray(able, dtype=bool), self.size)

    def context(self, view: View) -> Context:
        """What actions and properties read of all rows together, through a view of the state."""
        return Context(self.world, self.design, self.capabilities, view)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What tells visits apart, one a row: for each switch that is ever set the number of its value, and the place."""

    switches: Mapping[str, Whole]
    placed: Whole

    def at(self, chosen: Any) -> Rows:
        """Some of the rows."""
        return Rows({name: column[chosen] for name, column in self.switches.items()}, self.placed[chosen])

    def distinct(self) -> tuple[Whole, Whole]:
        """The first of the rows that are alike, place by place; and which of those each row is like."""
        key = self.placed
        for column in self.switches.values():
            _, key = np.unique(key * (column.max(initial=0) + 1) + column, return_inverse=True)
        _, first, alike = np.unique(key, return_index=True, return_inverse=True)
        return first, alike


def rows(found: Situations, arms: Sequence[Settings], codes: Whole, held: Settings = ()) -> Rows:
    """The situations with the given numbers, under each arm in turn."""
    *drawn, placed, who = (np.tile(part, len(arms)) for part in found.split(codes))
    factors = [settings for kinds in found.factors for settings in kinds]
    named = dict.fromkeys(name for settings in (*factors, *arms, held) for name, _ in settings)
    known = found.model.switches
    switches = {name: np.zeros(len(who), dtype=np.int64) for name in known if name in named}
    for kinds, categories in zip(found.factors, drawn, strict=True):
        for number, settings in enumerate(kinds):
            for name, value in settings:
                switches[name][categories == number] = known[name].values.index(value)
    under = np.repeat(np.arange(len(arms)), len(codes))
    for number, arm in enumerate(arms):
        for name, value in arm:
            switches[name][(under == number) & adopts(found.model, name, who)] = known[name].values.index(value)
    for name, value in held:
        switches[name][:] = known[name].values.index(value)
    return Rows(switches, placed)


def crowd(found: Situations, together: Rows, world: World) -> Crowd:
    """Some situations as one crowd, all of one world."""
    size = len(together.placed)
    known = world.model.switches
    values = {name: switch.baseline for name, switch in known.items()} | {
        name: _decided({value: column == number for number, value in enumerate(known[name].values)})
        for name, column in together.switches.items()
    }
    visited = [PLACES[name] for name in found.places]
    here = [_plain(together.placed == number) for number in range(len(visited))]
    capabilities: dict[str, Any] = {
        name: logic.any_of(*(mask for place, mask in zip(visited, here, strict=True) if name in place.capabilities))
        for name in world.model.capabilities
    }
    urls: dict[str, Any] = {}
    for place, mask in zip(visited, here, strict=True):
        urls[place.url] = logic.any_of(urls.get(place.url, False), mask)
    # No party of a population has a switch for itself.
    design = SimpleNamespace(parties={}, model=world.model, **values)
    there = (place for place, mask in zip(visited, here, strict=True) if mask is not False)
    tried = frozenset().union(*(possible(world, place.capabilities) for place in there))
    return Crowd(size, design, capabilities, _decided(urls), tried, world)


def _decided(cases: Mapping[str, Masked]) -> str | Pick:
    """The value that is the same in all rows, or those that some rows have."""
    plain = {value: when if isinstance(when, bool) else _plain(when) for value, when in cases.items()}
    constant = next((value for value, when in plain.items() if when is True), None)
    return Pick({value: when for value, when in plain.items() if when is not False}) if constant is None else constant


# --- actions -----------------------------------------------------------------------------------------------

#: The place of a variable and the value that it gets, or the values that it may get with the rows in which it does.
_Write = tuple[int, Any]
_Open = tuple[int, tuple[tuple[Any, Masked], ...]]
#: In place of a value: what was there stays.
_KEPT = object()


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """One way an action can go: for which rows it does, who refuses it for which, and what it writes in all or some.

    ``written``: all that it may write, as a set of places.
    """

    choices: dict[str, Any]
    goes: Masked
    refused: tuple[tuple[Rule, Masked], ...]
    writes: tuple[_Write, ...]
    undecided: tuple[_Open, ...]
    written: int


#: An action and its ways in any state.
_Tried = tuple[Action, Memory[tuple[_Way, ...]]]


def _ways(action: Action, judged: Crowd) -> Memory[tuple[_Way, ...]]:
    """The ways of one action in a state, for all rows of a crowd together."""

    index = _index(judged.world)

    def possible(context: Context) -> Iterator[_Way]:
        for choices, move in action.ways(context):
            goes: Any = move.when
            refused: list[tuple[Rule, Any]] = []
            for rule, holds in move.rules:
                if goes is False:
                    break
                # The first rule that does not hold is the one that refuses.
                fails = logic.all_of(goes, logic.no(holds))
                if fails is not False:
                    refused.append((rule, fails))
                goes = logic.all_of(goes, holds)
            if goes is not False or refused:
                written = bits(index[name] for name in move.sets)
                yield _Way(choices, goes, tuple(refused), *_writes(judged.world, move), written)

    return _of(lambda context: tuple(possible(context)), judged)


def _of(ask: Callable[[Context], Answer], judged: Crowd) -> Memory[Answer]:
    """What is asked of the states of a crowd."""
    return Memory(lambda look: ask(judged.context(View(look, {}))), _index(judged.world))


def _renewed(asked: Sequence[Memory[Any]], state: State, before: Sequence[Any], written: int) -> list[Any]:
    """What is asked of a state, from what the answers were ``before`` those places (a set of them) were written."""
    return [
        memory.recall(state) if memory.mask & written else known for memory, known in zip(asked, before, strict=True)
    ]


@cache
def _index(world: World) -> dict[str, int]:
    return {variable.name: place for place, variable in enumerate(variables(world))}


@cache
def _facts(world: World) -> frozenset[str]:
    return frozenset(variable.name for variable in variables(world) if variable.fact)


def _writes(world: World, move: Move) -> tuple[tuple[_Write, ...], tuple[_Open, ...]]:
    """What a move writes in all rows, and what in some; a fact is only ever added."""
    index, facts = _index(world), _facts(world)
    written, undecided = [], []
    for name, value in move.sets.items():
        cases = _cases(value)
        if len(cases) > 1:
            kept = ((member or _KEPT, when) for member, when in cases)
            undecided.append((index[name], tuple(kept) if name in facts else cases))
        elif cases[0][0] or name not in facts:
            written.append((index[name], cases[0][0]))
    return tuple(written), tuple(undecided)


def _cases(value: Any) -> tuple[tuple[Any, Masked], ...]:
    """The constants that a written value may be, and the rows in which it is."""
    if isinstance(value, Pick):
        cases: Mapping[Any, Any] = value.cases
        return tuple(cases.items())
    if isinstance(value, np.ndarray):
        return ((True, value), (False, ~value))
    return ((value, True),)


# --- the search --------------------------------------------------------------------------------------------


class _Packed(NamedTuple):
    """A mask that is kept, of which there are as many as states, a bit a row."""

    bits: NDArray[np.uint8]
    size: int

    @classmethod
    def of(cls, mask: Mask) -> _Packed:
        return cls(np.packbits(mask), mask.size)

    def mask(self) -> Mask:
        return np.unpackbits(self.bits, count=self.size).view(np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A state, the rows that reach it this way first, by which actions, and what is known of it.

    ``packed``: the rows; ``ways``: those of each action that is tried; ``said``: the answers to what is asked of every
    state.
    """

    state: State
    packed: _Packed
    taken: tuple[Action, ...]
    ways: Sequence[tuple[_Way, ...]]
    said: Said

    @property
    def rows(self) -> Mask:
        """The rows as a mask."""
        return self.packed.mask()


@dataclass(frozen=True, slots=True, eq=False)
class CrowdPlans:
    """What the visits of a crowd come to: the plans there are, and for each row the number of its plan.

    ``merit``: for each row how good that is, in the eyes of the attacker.
    """

    plans: tuple[Plan, ...]
    plan: Whole
    merit: Whole


def judge(judged: Crowd, strategy: Strategy = GRAVEST) -> CrowdPlans:
    """What the visits of a crowd come to, all rows at once."""
    every = [(action, _ways(action, judged)) for action in actions(judged.world)]
    nodes = _search(judged, [(action, ways) for action, ways in every if action.name in judged.tried])
    used = np.array([node.said.used for node in nodes])
    chosen, without_theft, merit = _best(judged, nodes, used, strategy)
    # Where no stolen token was used, it does not matter how late the attacker comes.
    late_chosen = np.where(used[chosen], without_theft, chosen)

    def told(
        numbers: Whole, tell: Callable[[_Node, Mask], Iterable[tuple[Answer, Mask]]]
    ) -> tuple[list[Answer], Whole]:
        """The different answers about the nodes with these numbers, one a row; and which of them each has."""
        known: dict[Answer, int] = {}
        column = np.zeros(judged.size, dtype=np.int64)
        for number in np.unique(numbers):
            for thing, mask in tell(nodes[number], numbers == number):
                column[mask] = known.setdefault(thing, len(known))
        return list(known), column

    endings, ending = told(chosen, lambda node, rows: _labels(judged, every, node, rows))
    lates, late = told(late_chosen, lambda node, rows: _labels(judged, every, node, rows))
    courses, course = told(chosen, lambda node, rows: _courses(judged, node, rows))
    attainable = _attainable(judged, nodes)
    found, alike = np.unique(np.stack([ending, late, course, *attainable]), axis=1, return_inverse=True)
    plans = (
        Plan(
            endings[end]._replace(attainable=_named(ever, judged.world.model)),
            lates[other]._replace(attainable=_named(without, judged.world.model)),
            *courses[way],
        )
        for end, other, way, ever, without in found.T.tolist()
    )
    return CrowdPlans(tuple(plans), alike.reshape(-1), merit)


def judge_all(
    found: Situations, arms: Sequence[Settings], codes: Whole, held: Settings = (), strategy: Strategy = GRAVEST
) -> CrowdPlans:
    """What visits in some situations come to under each arm in turn; what is alike is judged once.

    ``held``: further switches, decided by what the agents hold.
    """
    places = found.within_reach(codes, strategy)
    asked = rows(found, arms, places.reshape(-1), held)
    first, alike = asked.distinct()
    known: dict[Plan, int] = {}
    plans, merits = np.zeros((2, len(first)), dtype=np.int64)
    for world, among in _by_world(found, asked.at(first)):
        for start in range(0, len(among), AT_ONCE):
            here = among[start : start + AT_ONCE]
            part = judge(crowd(found, asked.at(first[here]), world), strategy)
            plans[here] = np.array([known.setdefault(plan, len(known)) for plan in part.plans])[part.plan]
            merits[here] = part.merit
    plan, merit = (each[alike].reshape(-1, *places.shape) for each in (plans, merits))
    best = merit.argmax(axis=1)[:, None]
    plan, merit = (np.take_along_axis(each, best, axis=1).reshape(-1) for each in (plan, merit))
    return CrowdPlans(tuple(known), plan, merit)


def _by_world(found: Situations, together: Rows) -> Iterator[tuple[World, Whole]]:
    """The worlds of some visits, each with the numbers of its rows."""
    protocols = found.model.switches["protocol"].values
    kinds = together.placed * len(protocols) + together.switches.get("protocol", 0)
    among: dict[World, list[int]] = {}
    for kind in np.unique(kinds).tolist():
        place, protocol = divmod(kind, len(protocols))
        among.setdefault(world_of(found.places[place], protocols[protocol], found.model), []).append(kind)
    for world, those in among.items():
        yield world, np.flatnonzero(np.isin(kinds, those))


def _best(judged: Crowd, nodes: list[_Node], used: Mask, strategy: Strategy) -> tuple[Whole, Whole, Whole]:
    """For each row the first of its nodes with the highest merit; of those without a stolen token; and that merit."""
    best = np.full((2, judged.size), -1, dtype=np.int64)
    chosen = np.zeros((2, judged.size), dtype=np.int64)
    attacked = judged.attacked
    for number, node in enumerate(nodes):
        rows = np.flatnonzero(node.rows)
        merit = node.said.merit(strategy, judged.world.model, sum(map(goes_on, node.taken)), attacked[rows], rows)
        worth = np.broadcast_to(merit, rows.shape)
        for column in range(1 if used[number] else 2):
            better = worth > best[column, rows]
            best[column, rows[better]] = worth[better]
            chosen[column, rows[better]] = number
    return chosen[0], chosen[1], best[0]


def _attainable(judged: Crowd, nodes: list[_Node]) -> tuple[Whole, Whole]:
    """For each row the harms that its nodes show, one bit each, and those that they show with no stolen token used."""
    ever, without_theft = np.zeros((2, judged.size), dtype=np.int64)
    for node in nodes:
        rows = node.rows
        for place, happens in enumerate(node.said.harms):
            if happens is False:
                continue
            here = rows & happens
            ever[here] |= 1 << place
            if not node.said.used:
                without_theft[here] |= 1 << place
    return ever, without_theft


def _named(harms: int, model: Model) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(every_harm(model)) if harms >> place & 1)


def _view(world: World, state: State) -> View:
    return View(lambda name: state[_index(world)[name]])


def _search(judged: Crowd, tried: Sequence[_Tried]) -> list[_Node]:
    """Every state that a visit can reach, breadth first; each row comes to each state once.

    Where the attacker can prepare something it has done so at once, which counts as no step of the visit.
    """
    prepares = preparations(judged.world)
    tried = sorted(tried, key=lambda one: one[0].name not in prepares)
    judges, ways = [_of(ask, judged) for ask in questions(judged.world.model)], [each for _, each in tried]
    initial = tuple(variable.initial for variable in variables(judged.world))
    everybody = _Packed.of(np.ones(judged.size, dtype=bool))
    seen = {initial: everybody}
    said = Said(each.recall(initial) for each in judges)
    nodes = [_Node(initial, everybody, (), [each.recall(initial) for each in ways], said)]
    for node in nodes:  # grows on the way
        left = node.rows
        for action, way in ((action, way) for (action, _), here in zip(tried, node.ways, strict=True) for way in here):
            goes: Any = logic.all_of(way.goes, True if node.taken else _sets_out(judged, way))
            if goes is False:
                continue
            rows = left if goes is True else left & goes
            if not rows.any():
                continue
            prepared = action.name in prepares
            for state, mask in _successors(node.state, rows, way):
                if prepared and state != node.state:
                    left = left & ~mask
                before = seen[state].mask() if state in seen else None
                new = mask if before is None else mask & ~before
                if new.any():
                    kept = _Packed.of(new)
                    seen[state] = kept if before is None else _Packed.of(before | new)
                    there = _renewed(ways, state, node.ways, way.written)
                    said = Said(_renewed(judges, state, node.said, way.written))
                    taken = node.taken if prepared else (*node.taken, action)
                    nodes.append(_Node(state, kept, taken, there, said))
    return nodes


def _sets_out(judged: Crowd, way: _Way) -> Masked:
    """Where a way is the first step of the visit: the agent goes where it is sent."""
    there: Any = logic.same(judged.url, way.choices["url"]) if "url" in way.choices else False
    return there  # type: ignore[no-any-return]


def _successors(state: State, rows: Mask, way: _Way) -> Iterator[tuple[State, Mask]]:
    """The states that a way leads to, with the rows that it leads there."""
    written = list(state)
    for place, value in way.writes:
        written[place] = value
    branches: list[tuple[list[Any], Mask]] = [(written, rows)]
    for place, cases in way.undecided:
        grown = []
        for values, mask in branches:
            for value, when in cases:
                here = mask & when
                if here.any():
                    changed = values.copy()
                    if value is not _KEPT:
                        changed[place] = value
                    grown.append((changed, here))
        branches = grown
    for values, mask in branches:
        yield tuple(values), mask


def _labels(judged: Crowd, every: Sequence[_Tried], node: _Node, rows: Mask) -> Iterator[tuple[Label, Mask]]:
    """What a state is as the end of a visit: labels and the rows that they are for."""
    world, view = judged.world, _view(judged.world, node.state)
    accepted, answered = served(world, view), finished(world, view)
    pattern = np.zeros(judged.size, dtype=np.int64)
    for happens in node.said.suffered(world.model):
        pattern = 2 * pattern + happens
    known = every_harm(world.model)
    for bits_ in np.unique(pattern[rows]):
        here = rows & (pattern == bits_)
        harms = tuple(name for place, name in enumerate(known) if int(bits_) >> (len(known) - 1 - place) & 1)
        if accepted:
            yield Label("success", ACCEPTED, harms), here
            continue
        dealt = here if answered else here & judged.attacked & bool(harms)
        if dealt.any():
            yield Label("diverted", DIVERTED, harms), dealt
        if (here & ~dealt).any():
            yield from _refusals(every, node.state, here & ~dealt, Label(stopped(world, view), NOTHING_ENABLED, harms))


def _refusals(every: Sequence[_Tried], state: State, rows: Mask, label: Label) -> Iterator[tuple[Label, Mask]]:
    """The first refusal by an honest party, row by row; ``label``: of those that nobody refused."""
    for action, ways in every:
        for way in ways.recall(state):
            for rule, fails in way.refused:
                here = rows & fails
                if stops(action, rule) and here.any():
                    yield label._replace(name=rule.name), here
                    rows = rows & ~here
    if rows.any():
        yield label, rows


def _courses(judged: Crowd, node: _Node, rows: Mask) -> Iterator[tuple[_Course, Mask]]:
    """What is stolen and waited for on the way to a state, how clients register, and the rows that this is for."""
    context = judged.context(_view(judged.world, node.state))
    then, at_once = (reusable(context, discovered) for discovered in (True, False))
    registers = _cases(judged.design.reg) if asks_server(node.taken) else (("", True),)
    for *both, (registration, when) in product((False, True), (False, True), registers):
        here = rows & (then == both[0]) & (at_once == both[1]) & when
        if here.any():
            yield (steals_cached(node.taken), waits(node.taken, *both), registration), here
