"""The executable machine: runs a world step by step with plain Python values.

Every transition is computed once for each combination of the values it reads and then remembered, so the
machine walks at the speed of a table and still asks only the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from model.action import Action, Context, actions
from model.design import Configuration
from model.rule import Rule
from model.state import Variable, View, variables
from model.switches import CAPABILITIES
from model.world import FIRST_CONTACT, World

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

    def __init__(self, configuration: Configuration, world: World = FIRST_CONTACT) -> None:
        self.configuration = configuration
        self.world = world
        self.capabilities: Mapping[str, bool] = {
            name: name in configuration.capabilities for name in CAPABILITIES
        }
        self._memory: dict[str, _Memory] = {action.name: _Memory(self, action) for action in self.actions}

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

    def outcomes(self, state: State) -> Iterator[tuple[Action, Outcome]]:
        """Every way any action can go here, refusals included."""
        for memory in self._memory.values():
            for outcome in memory.recall(state):
                yield memory.action, outcome

    def moves(self, state: State) -> Iterator[tuple[Step, State]]:
        """The enabled steps and where they lead."""
        for action, outcome in self.outcomes(state):
            if outcome.refused_by is None:
                yield Step(action.name, outcome.choices), _write(state, outcome.writes)

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
        return _write(state, tuple((self.index[name], value) for name, value in move.sets.items()))

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


class _Memory:
    """The outcomes of one action, remembered by the values it reads."""

    def __init__(self, machine: Machine, action: Action) -> None:
        self.machine = machine
        self.action = action
        self.known: dict[tuple[Any, ...], tuple[Outcome, ...]] = {}
        self.reads: tuple[int, ...] = ()

    def recall(self, state: State) -> tuple[Outcome, ...]:
        key = tuple([state[place] for place in self.reads])
        found = self.known.get(key)
        return self._learn(state) if found is None else found

    def _learn(self, state: State) -> tuple[Outcome, ...]:
        """Ask the rules; when they read a variable not read before, what was remembered is re-keyed."""
        read: set[int] = set(self.reads)

        def look(name: str) -> Any:
            place = self.machine.index[name]
            read.add(place)
            return state[place]

        outcomes = tuple(self._possible(self.machine.context(View(look))))
        if len(read) > len(self.reads):
            self.reads = tuple(sorted(read))
            self.known.clear()
        self.known[tuple([state[place] for place in self.reads])] = outcomes
        return outcomes

    def _possible(self, context: Context) -> Iterator[Outcome]:
        names = tuple(self.action.choices)
        for values in product(*self.action.choices.values()):
            move = self.action(context, **dict(zip(names, values, strict=True)))
            if move.when:
                refused = next((condition.rule for condition in move.rules if not condition.holds), None)
                writes = tuple((self.machine.index[name], value) for name, value in move.sets.items())
                yield Outcome(tuple(zip(names, values, strict=True)), refused, writes)


def _write(state: State, writes: Writes) -> State:
    changed = list(state)
    for place, value in writes:
        changed[place] = value
    return tuple(changed)
