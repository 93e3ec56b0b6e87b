"""The executable machine: runs a world step by step with plain Python values.

Every transition is computed once for each combination of the values it reads (of the state, and of the switches
and capabilities of the configuration) and then remembered, so machines walk at the speed of a table, share what they
learn, and still ask only the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from itertools import product
from typing import Any, NamedTuple

from model.action import Action, Context, Move
from model.design import Configuration, check_parties
from model.protocols import actions, variables
from model.rule import Rule
from model.state import Variable, View
from model.switches import CAPABILITIES, SWITCHES
from model.world import World
from model.world_file import DEFAULT

State = tuple[Any, ...]
Writes = tuple[tuple[int, Any], ...]


class Step(NamedTuple):
    """An action with its choices made: what a trace is a sequence of."""

    action: str
    choices: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return self.action + (f" {dict(self.choices)}" if self.choices else "")


class Outcome(NamedTuple):
    """One way an action can go in one state: the choices, who refuses (or nobody), what it writes."""

    choices: tuple[tuple[str, Any], ...]
    refused_by: Rule | None
    writes: Writes


class NotEnabledError(ValueError):
    """A step that the machine cannot take here; the message says why."""


class Machine:
    """A world under one configuration.

    Example:
        >>> from model.design import parse
        >>> machine = Machine(parse("cap=none"))
        >>> machine.describe(machine.initial)
        'nothing has happened yet'
    """

    def __init__(self, configuration: Configuration, world: World = DEFAULT) -> None:
        self.configuration = configuration
        self.world = world
        self.capabilities: Mapping[str, bool] = {
            name: name in configuration.capabilities for name in CAPABILITIES
        }
        design = configuration.design
        check_parties(design, world)
        self._own = tuple(design.parties)
        self._decided = (*(design[name] for name in SWITCHES), *self.capabilities.values(), *design.parties.values())

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The state variables, in the order of a state's values."""
        return variables(self.world)

    @cached_property
    def index(self) -> dict[str, int]:
        """Where each variable stands in a state."""
        return {variable.name: place for place, variable in enumerate(self.variables)}

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """The actions of the world, in a fixed order."""
        return actions(self.world)

    @cached_property
    def by_name(self) -> dict[str, Action]:
        """The actions by their full names."""
        return {action.name: action for action in self.actions}

    @property
    def initial(self) -> State:
        """The state before anything has happened."""
        return tuple(variable.initial for variable in self.variables)

    def context(self, view: View) -> Context:
        """What actions read here, through a view of the state."""
        return Context(self.world, self.configuration.design, self.capabilities, view)

    def view(self, state: State) -> View:
        """A state as rules and properties read it."""
        return View(lambda name: state[self.index[name]])

    def outcomes(self, state: State, honest: bool = False) -> Iterator[tuple[Action, Outcome]]:
        """Every way any action can go here, or any of ``honest`` parties alone; refusals included."""
        values = state + self._decided
        for memory in _memories(self.world, self._own):
            if memory.action.schema.honest or not honest:
                for outcome in memory.recall(values):
                    yield memory.action, outcome

    def moves(self, state: State, honest: bool = False) -> Iterator[tuple[Step, State]]:
        """The enabled steps, or those of ``honest`` parties alone, and where they lead."""
        for action, outcome in self.outcomes(state, honest):
            if outcome.refused_by is None:
                successor = _write(state, outcome.writes)
                if successor != state:  # a step that changes nothing is none
                    yield Step(action.name, outcome.choices), successor

    def enabled(self, state: State) -> list[Step]:
        """The enabled steps."""
        return [step for step, _ in self.moves(state)]

    def refusals(self, state: State) -> list[tuple[Step, Rule]]:
        """Steps that could be tried here but that an honest party refuses, with the rule that does."""
        return [
            (Step(action.name, outcome.choices), outcome.refused_by)
            for action, outcome in self.outcomes(state)
            if outcome.refused_by is not None
        ]

    def step(self, state: State, step: Step) -> State:
        """The state after a step.

        Raises:
            NotEnabledError: the action is unknown or impossible here, or a rule refuses it (named).
        """
        action = self.by_name.get(step.action)
        if action is None:
            raise NotEnabledError(f"no action {step.action!r} in world {self.world.name}")
        chosen = dict(step.choices)
        if chosen.keys() != action.choices.keys() or any(chosen[n] not in action.choices[n] for n in chosen):
            raise NotEnabledError(f"{step}: choose {dict(action.choices)}")
        move = action(self.context(self.view(state)), **chosen)
        if not move.when:
            raise NotEnabledError(f"{step}: not possible here ({self.describe(state)})")
        for condition in move.rules:
            if not condition.holds:
                raise NotEnabledError(f"{step}: refused by {condition.rule.name}")
        return _write(state, _writes(self.world, self.index, move))

    def replay(self, steps: tuple[Step, ...]) -> list[State]:
        """The states that a trace runs through, the initial one first.

        Raises:
            NotEnabledError: a step that is not enabled where the trace takes it.
        """
        states = [self.initial]
        for step in steps:
            states.append(self.step(states[-1], step))
        return states

    def describe(self, state: State) -> str:
        """A state as a person reads it: what differs from the initial state, one variable a line."""
        lines = [
            f"{variable.name} = {value}"
            for variable, value in zip(self.variables, state, strict=True)
            if value != variable.initial
        ]
        return "\n".join(lines) or "nothing has happened yet"


@cache
def _facts(world: World) -> frozenset[str]:
    return frozenset(variable.name for variable in variables(world) if variable.fact)


def _writes(world: World, index: Mapping[str, int], move: Move) -> Writes:
    """What a move writes; a fact is only ever added."""
    facts = _facts(world)
    return tuple((index[name], value) for name, value in move.sets.items() if value or name not in facts)


@cache
def _memories(world: World, own: tuple[tuple[str, str], ...]) -> tuple[_Memory, ...]:
    """What is remembered of a world's actions, for all configurations with switches of the same parties."""
    names = (
        *(variable.name for variable in variables(world)), *SWITCHES, *CAPABILITIES,
        *(f"{party}:{name}" for party, name in own),
    )  # fmt: skip
    index = {name: place for place, name in enumerate(names)}
    if len(index) != len(names):
        raise ValueError("a state variable, a switch and a capability must not share a name")
    return tuple(_Memory(action, world, index, own) for action in actions(world))


class _Memory:
    """The outcomes of one action by the values it read: of the state, of the design and of the capabilities."""

    def __init__(
        self, action: Action, world: World, index: Mapping[str, int], own: tuple[tuple[str, str], ...]
    ) -> None:
        self.action = action
        self.world = world
        self.index = index
        self.own = own
        self.reads: tuple[int, ...] = ()
        self.known: dict[tuple[Any, ...], tuple[Outcome, ...]] = {}

    def recall(self, values: tuple[Any, ...]) -> tuple[Outcome, ...]:
        found = self.known.get(tuple([values[place] for place in self.reads]))
        return self._learn(values) if found is None else found

    def _learn(self, values: tuple[Any, ...]) -> tuple[Outcome, ...]:
        """Ask the rules; when they read something not read before, what was remembered no longer counts."""
        read = set(self.reads)

        def look(name: str) -> Any:
            place = self.index[name]
            read.add(place)
            return values[place]

        parties = {(party, name): look(f"{party}:{name}") for party, name in self.own}
        context = Context(self.world, _Noted(look, SWITCHES, parties), _Noted(look, CAPABILITIES), View(look))
        outcomes = tuple(self._possible(context))
        if len(read) > len(self.reads):
            self.reads = tuple(sorted(read))
            self.known.clear()
        self.known[tuple([values[place] for place in self.reads])] = outcomes
        return outcomes

    def _possible(self, context: Context) -> Iterator[Outcome]:
        names = tuple(self.action.choices)
        for chosen in product(*self.action.choices.values()):
            move = self.action(context, **dict(zip(names, chosen, strict=True)))
            if move.when:
                refused = next((condition.rule for condition in move.rules if not condition.holds), None)
                yield Outcome(tuple(zip(names, chosen, strict=True)), refused, _writes(self.world, self.index, move))


class _Noted(Mapping[str, Any]):
    """Switches or capabilities that note when they are read, as items or as attributes."""

    def __init__(
        self, look: Callable[[str], Any], names: Mapping[str, object], parties: Mapping[tuple[str, str], Any] = {}
    ) -> None:
        self._look = look
        self._names = names
        self.parties = parties

    def __getitem__(self, name: str) -> Any:
        return self._look(name)

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(name)
        return self._look(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _write(state: State, writes: Writes) -> State:
    changed = list(state)
    for place, value in writes:
        changed[place] = value
    return tuple(changed)
