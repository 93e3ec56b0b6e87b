"""One step of a world as a circuit: what the solver unrolls.

The template is read off the very same actions that the machine runs. Inputs are the current state, which
actions happen and with which choices, and whatever of the design and the attacker is left open; outputs are
the constraints of the step and the next state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from model.action import Action, Context, Move
from model.design import Configuration, Design
from model.logic import Condition, Pick, Value, all_of, any_of, no, same
from model.protocols import actions, variables
from model.state import Variable, View
from model.switches import CAPABILITIES, SWITCHES
from model.world import World
from properties.circuit import Circuit, Literal
from properties.security import PROPERTIES


@dataclass(frozen=True, slots=True)
class Firing:
    """An action in the template: its inputs, its constraints and what it touches."""

    number: int
    action: Action
    fires: Literal
    chosen: Mapping[str, Value]
    when: Condition
    rules: tuple[tuple[str, Condition], ...]
    reads: frozenset[str]
    writes: Mapping[str, Value]

    @property
    def order(self) -> tuple[int, int]:
        """Its place within a step: later protocol steps first."""
        return -int(self.action.schema.step[1:]), self.number


@dataclass(slots=True)
class Template:
    """A world's step relation.

    ``configuration`` fixes the design and the attacker, or a design alone; what is open is an input
    of the circuit and one template answers for all of them. ``about`` names the properties of interest: actions
    that write nothing on which those depend are left out, which cannot change what the others do. ``own`` names the
    switches that an open design has for single parties, as ``(party, switch)``.
    """

    world: World
    configuration: Configuration | Design | None = None
    about: tuple[str, ...] = tuple(PROPERTIES)
    own: tuple[tuple[str, str], ...] = ()
    circuit: Circuit = field(default_factory=Circuit)
    switches: dict[tuple[str, str], Literal] = field(default_factory=dict)
    capabilities: dict[str, Literal] = field(default_factory=dict)
    enforced: dict[str, Literal] = field(default_factory=dict)
    context: Context = field(init=False)
    variables: tuple[Variable, ...] = ()
    state: dict[str, Value] = field(default_factory=dict)
    firings: tuple[Firing, ...] = ()
    after: dict[str, Value] = field(default_factory=dict)
    events: dict[str, Condition] = field(default_factory=dict)
    asks: dict[str, frozenset[str]] = field(default_factory=dict)
    cones: dict[str, frozenset[str]] = field(default_factory=dict)
    apart: dict[int, frozenset[int]] = field(default_factory=dict)
    causes: dict[int, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        design, capabilities = self._design(), self._capabilities()
        self.context = Context(self.world, design, capabilities, View(lambda name: self.state[name]))
        self.variables = variables(self.world)
        self.state = {variable.name: self._undecided(variable.domain) for variable in self.variables}
        numbered = enumerate(actions(self.world))
        firings = (self._firing(number, action, design, capabilities) for number, action in numbered)
        self.firings = tuple(firing for firing in firings if firing.when is not False)
        self.enforced = {name: self.circuit.input() for firing in self.firings for name, _ in firing.rules}
        for name in self.about:
            self._ask(name, design, capabilities)
        self.cones = {name: _cone(self.firings, set(reads)) for name, reads in self.asks.items()}
        kept = frozenset().union(*self.cones.values())
        self.firings = tuple(firing for firing in self.firings if firing.action.name in kept)
        relevant = frozenset().union(*self.asks.values(), *map(_touches, self.firings))
        self.variables = tuple(variable for variable in self.variables if variable.name in relevant)
        self.apart = self._pairs(_apart)
        self.causes = self._pairs(_waits_for)
        self.after = {variable.name: self._next(variable) for variable in self.variables}

    def _ask(self, name: str, design: Any, capabilities: Mapping[str, Condition]) -> None:
        reads: set[str] = set()

        def look(variable: str) -> Value:
            reads.add(variable)
            return self.state[variable]

        self.events[name] = PROPERTIES[name].event(Context(self.world, design, capabilities, View(look)))
        self.asks[name] = frozenset(reads)

    def _design(self) -> Any:
        if isinstance(self.configuration, Design):
            return self.configuration
        if self.configuration is not None:
            return self.configuration.design
        values = {}
        for switch in SWITCHES.values():
            if switch.kind == "conduct":
                continue  # no world reads them
            inputs = {value: self.circuit.input() for value in switch.values}
            self.switches.update({(switch.name, value): literal for value, literal in inputs.items()})
            values[switch.name] = Pick(inputs)
        parties = {}
        for party, name in self.own:
            inputs = {value: self.circuit.input() for value in SWITCHES[name].values}
            self.switches.update({(f"{party}:{name}", value): literal for value, literal in inputs.items()})
            parties[party, name] = Pick(inputs)
        return OpenDesign(values, parties)

    def _capabilities(self) -> Mapping[str, Condition]:
        if isinstance(self.configuration, Configuration):
            return {name: name in self.configuration.capabilities for name in CAPABILITIES}
        self.capabilities = {name: self.circuit.input() for name in CAPABILITIES}
        return self.capabilities

    def _undecided(self, domain: tuple[Any, ...]) -> Value:
        if domain == (False, True):
            return self.circuit.input()
        return Pick({value: self.circuit.input() for value in domain})

    def _firing(self, number: int, action: Action, design: Any, capabilities: Mapping[str, Condition]) -> Firing:
        reads: set[str] = set()

        def look(name: str) -> Value:
            reads.add(name)
            return self.state[name]

        chosen = {name: self._undecided(domain) for name, domain in action.choices.items()}
        move = action(Context(self.world, design, capabilities, View(look)), **chosen)
        when = move.when if move.when is False else self._changing(move, look)
        rules = tuple((condition.rule.name, condition.holds) for condition in move.rules)
        return Firing(number, action, self.circuit.input(), chosen, when, rules, frozenset(reads), move.sets)

    def _changing(self, move: Move, look: Callable[[str], Value]) -> Condition:
        """When a move happens: one that adds facts and nothing else does where it adds any, since it can be left out else."""
        facts = {variable.name for variable in self.variables if variable.fact}
        if not facts.issuperset(move.sets):
            return move.when
        return all_of(move.when, any_of(*(all_of(value, no(look(name))) for name, value in move.sets.items())))

    def _pairs(self, related: Callable[[Firing, Firing, frozenset[str]], bool]) -> dict[int, frozenset[int]]:
        facts = frozenset(variable.name for variable in self.variables if variable.fact)
        return {
            one.number: frozenset(other.number for other in self.firings if related(one, other, facts))
            for one in self.firings
        }

    def _next(self, variable: Variable) -> Value:
        """The value after the step: what a writer that fires sets, else what it was."""
        writers = [firing for firing in self.firings if variable.name in firing.writes]
        current = self.state[variable.name]
        if not writers:
            return current
        if variable.fact:
            return any_of(current, *(all_of(firing.fires, firing.writes[variable.name]) for firing in writers))
        kept = no(any_of(*(firing.fires for firing in writers)))

        def becomes(value: Any) -> Condition:
            written = (all_of(firing.fires, same(firing.writes[variable.name], value)) for firing in writers)
            return any_of(*written, all_of(kept, same(current, value)))

        if variable.domain == (False, True):
            written = (all_of(firing.fires, firing.writes[variable.name]) for firing in writers)
            return any_of(*written, all_of(kept, current))
        return Pick({value: becomes(value) for value in variable.domain})


def _touches(firing: Firing) -> frozenset[str]:
    return firing.reads | firing.writes.keys()


def _cone(firings: tuple[Firing, ...], relevant: set[str]) -> frozenset[str]:
    """The names of the actions on which the relevant variables depend."""
    kept: dict[str, Firing] = {}
    while True:
        added = [
            firing
            for firing in firings
            if firing.action.name not in kept and not relevant.isdisjoint(firing.writes)
        ]
        if not added:
            return frozenset(kept)
        for firing in added:
            kept[firing.action.name] = firing
            relevant |= _touches(firing)


def _disturbs(first: Firing, second: Firing, facts: frozenset[str]) -> bool:
    """Whether an action writes what another reads or writes; two that add the same fact do not disturb each other."""
    writes = first.writes.keys()
    return not writes.isdisjoint(second.reads) or not (writes - facts).isdisjoint(second.writes)


def _apart(one: Firing, other: Firing, facts: frozenset[str]) -> bool:
    """Whether two actions cannot share a step: the one taken first disturbs the other."""
    first, second = (one, other) if one.order < other.order else (other, one)
    return _disturbs(first, second, facts)


def _waits_for(later: Firing, earlier: Firing, facts: frozenset[str]) -> bool:
    """Whether an action cannot move into the step of one that happened just before."""
    return _disturbs(earlier, later, facts) or _apart(later, earlier, facts)


class OpenDesign:
    """A design whose switches are undecided: each attribute is a value of some reading."""

    __slots__ = ("_values", "parties")

    def __init__(self, values: Mapping[str, Value], parties: Mapping[tuple[str, str], Value]) -> None:
        self._values = values
        self.parties = parties

    def __getattr__(self, name: str) -> Value:
        return self._values[name]
