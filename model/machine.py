"""The executable machine: runs a world step by step with plain Python values.

Every transition is computed once for each combination of the values it reads (of the state, and of the switches
and capabilities of the configuration) and then remembered, so machines walk at the speed of a table, share what they
learn, and still ask only the rules.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, cached_property, partial
from typing import NamedTuple, cast

from model.action import Action, Context, Move
from model.design import Configuration, check_parties
from model.logic import Decided
from model.memory import Answer, Memory
from model.model import Model
from model.protocols import actions, variables
from model.rule import Rule
from model.state import Variable, View
from model.world import World
from model.world_file import worlds

State = tuple[Decided, ...]
Writes = tuple[tuple[int, Decided], ...]


class Step(NamedTuple):
    """An action with its choices made: what a trace is a sequence of."""

    action: str
    choices: tuple[tuple[str, Decided], ...] = ()

    def __str__(self) -> str:
        return self.action + (f" {dict(self.choices)}" if self.choices else "")


class Outcome(NamedTuple):
    """One way an action can go in one state: the choices, who refuses (or nobody), what it writes."""

    choices: tuple[tuple[str, Decided], ...]
    refused_by: Rule | None
    writes: Writes

    def leads_to(self, state: State) -> State | None:
        """The state after it, if it happens: nobody refuses, and something changes."""
        successor = _write(state, self.writes) if self.refused_by is None else state
        return None if successor == state else successor


class NotEnabledError(ValueError):
    """A step that the machine cannot take here; the message says why."""


class Machine:
    """A world under one configuration.

    ``only``: the names of the actions that are ever taken; None: all that there are.

    Example:
        >>> from model.design import parse
        >>> machine = Machine(parse("cap=none"))
        >>> machine.describe(machine.initial)
        'nothing has happened yet'
    """

    def __init__(
        self, configuration: Configuration, world: World | None = None, only: Collection[str] | None = None
    ) -> None:
        self.configuration = configuration
        self.world = world or worlds(configuration.model)["default"]
        self.only = only
        able, design = configuration.capabilities, configuration.design
        self.capabilities: Mapping[str, bool] = {name: name in able for name in configuration.model.capabilities}
        check_parties(design, self.world)
        self._own = tuple(design.parties)
        self._decided: tuple[Decided, ...] = (*design.values(), *self.capabilities.values(), *design.parties.values())

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
        """The actions that are taken, in a fixed order."""
        return tuple(action for action in actions(self.world) if self.only is None or action.name in self.only)

    @cached_property
    def by_name(self) -> dict[str, Action]:
        """The actions by their full names."""
        return {action.name: action for action in self.actions}

    @cached_property
    def _memories(self) -> tuple[Memory[tuple[Outcome, ...]], ...]:
        both = zip(actions(self.world), _memories(self.world, self._own), strict=True)
        return tuple(memory for action, memory in both if self.only is None or action.name in self.only)

    @cached_property
    def initial(self) -> State:
        """The state before anything has happened."""
        return tuple(variable.initial for variable in self.variables)

    def context(self, view: View) -> Context:
        """What actions read here, through a view of the state."""
        return Context(self.world, self.configuration.design, self.capabilities, view)

    def view(self, state: State) -> View:
        """A state as rules and properties read it."""
        return View(lambda name: state[self.index[name]])

    def values(self, state: State) -> tuple[Decided, ...]:
        """All that actions and properties read here, as a :class:`Memory` takes it."""
        return state + self._decided

    def outcomes(self, state: State, honest: bool = False) -> Iterator[tuple[Action, Outcome]]:
        """Every way any action can go here, or any of ``honest`` parties alone; refusals included."""
        values = self.values(state)
        for action, memory in zip(self.actions, self._memories, strict=True):
            if action.schema.honest or not honest:
                for outcome in memory.recall(values):
                    yield action, outcome

    def moves(self, state: State, honest: bool = False) -> Iterator[tuple[Step, State]]:
        """The enabled steps, or those of ``honest`` parties alone, and where they lead."""
        for action, outcome in self.outcomes(state, honest):
            successor = outcome.leads_to(state)
            if successor is not None:
                yield Step(action.name, outcome.choices), successor

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

    def replay(self, steps: tuple[Step, ...], start: State | None = None) -> list[State]:
        """The states that a trace runs through, the one it starts from first (without one, the initial state).

        Raises:
            NotEnabledError: a step that is not enabled where the trace takes it.
        """
        states = [self.initial if start is None else start]
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
    return tuple((index[name], cast(Decided, value)) for name, value in move.sets.items() if value or name not in facts)


@cache
def _memories(world: World, own: tuple[tuple[str, str], ...]) -> tuple[Memory[tuple[Outcome, ...]], ...]:
    """What is remembered of a world's actions, for all configurations with switches of the same parties."""
    return tuple(remembered(partial(_outcomes, action), world, own) for action in actions(world))


def _outcomes(action: Action, context: Context) -> tuple[Outcome, ...]:
    index, found = _index(context.world, ()), []
    for choices, move in action.ways(context):
        if move.when:
            refused = next((condition.rule for condition in move.rules if not condition.holds), None)
            found.append(Outcome(tuple(choices.items()), refused, _writes(context.world, index, move)))
    return tuple(found)


@cache
def _index(world: World, own: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Where everything stands that may be read: variables of the state, switches, capabilities."""
    names = (
        *(variable.name for variable in variables(world)),
        *world.model.switches,
        *world.model.capabilities,
        *(f"{party}:{name}" for party, name in own),
    )
    index = {name: place for place, name in enumerate(names)}
    if len(index) != len(names):
        raise ValueError("a state variable, a switch and a capability must not share a name")
    return index


def remembered(ask: Callable[[Context], Answer], world: World, own: tuple[tuple[str, str], ...] = ()) -> Memory[Answer]:
    """What is asked of states and configurations of a world (:meth:`Machine.values`), by what was read of both.

    ``own``: the switches that single parties have.
    """

    model = world.model

    def read(look: Callable[[str], Decided]) -> Answer:
        parties = {(party, name): look(f"{party}:{name}") for party, name in own}
        design, capabilities = _NotedDesign(look, model, parties), _Noted(look, model.capabilities)
        return ask(Context(world, design, cast(Mapping[str, bool], capabilities), View(look, {})))

    return Memory(read, _index(world, own))


class _Noted(Mapping[str, Decided]):
    """Capabilities that note when they are read."""

    def __init__(self, look: Callable[[str], Decided], names: Mapping[str, object]) -> None:
        self._look = look
        self._names = names

    def __getitem__(self, name: str) -> Decided:
        return self._look(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _NotedDesign(_Noted):
    """Switches that do, as items or as attributes."""

    def __init__(
        self, look: Callable[[str], Decided], model: Model, parties: Mapping[tuple[str, str], Decided]
    ) -> None:
        super().__init__(look, model.switches)
        self.model = model
        self.parties = parties

    def __getattr__(self, name: str) -> Decided:
        if name not in self._names:
            raise AttributeError(name)
        return self._look(name)


def _write(state: State, writes: Writes) -> State:
    changed = list(state)
    for place, value in writes:
        changed[place] = value
    return tuple(changed)
