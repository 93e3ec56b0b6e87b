"""One step of a world as a circuit: what the solver unrolls.

The template is read off the very same actions that the machine runs. Inputs are the current state, which
actions happen and with which choices, and whatever of the design and the attacker is left open; outputs are
the constraints of the step and the next state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from model.action import Action, Context, Move
from model.design import Configuration, Design
from model.logic import Condition, Pick, Value, all_of, any_of, no, truth
from model.model import Model
from model.protocols import actions, variables
from model.state import Variable, View
from model.world import World
from properties.circuit import Circuit, Literal, code_of, literals
from properties.security import every_property

#: The switches that designs have for single parties, as ``(party, switch)``.
Own = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Firing:
    """An action in the template: its inputs, its constraints and what it touches.

    ``possible`` is when it could be tried, ``when`` when that changes anything; ``reads`` are the variables on which
    that, its rules and what it writes depend.
    """

    number: int
    action: Action
    chosen: Mapping[str, Value | Condition]
    when: Condition
    possible: Condition
    rules: tuple[tuple[str, Condition], ...]
    reads: frozenset[str]
    writes: Mapping[str, Value | Condition]

    @property
    def decides(self) -> list[Value | Condition]:
        """All that decides whether it happens and what comes of it."""
        return [self.when, self.possible, *(holds for _, holds in self.rules), *self.writes.values()]

    @property
    def order(self) -> tuple[int, int]:
        """Its place within a sweep: protocol steps in their order."""
        return int(self.action.schema.step[1:]), self.number


@dataclass(slots=True)
class Template:
    """A world's step relation.

    ``configuration`` fixes the design and the attacker, or a design alone; what is open is an input
    of the circuit and one template answers for all of them. ``about`` names the properties of interest, or all: actions
    that write nothing on which those depend are left out, which cannot change what the others do; ``also`` has further
    events by name. ``own`` names the switches that an open design has for single parties, as ``(party, switch)``;
    ``free`` leaves some switches of a configuration open, each with the values that it may take. Where an attacker is
    ``present``, there is one whatever it is able to do.
    """

    world: World
    configuration: Configuration | Design | None = None
    about: tuple[str, ...] | None = None
    also: Mapping[str, Callable[[Context], Condition]] = field(default_factory=dict)
    own: Own = ()
    free: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    present: bool = False
    circuit: Circuit = field(default_factory=Circuit)
    switches: dict[tuple[str, str], Literal] = field(default_factory=dict)
    capabilities: dict[str, Literal] = field(default_factory=dict)
    enforced: dict[str, Literal] = field(default_factory=dict)
    context: Context = field(init=False)
    variables: tuple[Variable, ...] = ()
    state: dict[str, Value | Condition] = field(default_factory=dict)
    firings: tuple[Firing, ...] = ()
    events: dict[str, Condition] = field(default_factory=dict)
    asks: dict[str, frozenset[str]] = field(default_factory=dict)
    cones: dict[str, frozenset[str]] = field(default_factory=dict)
    causes: dict[int, frozenset[int]] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    hindering: frozenset[str] = frozenset()
    fanout: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        design, capabilities = self._design(), self._capabilities()
        self.context = Context(self.world, design, capabilities, View(lambda name: self.state[name], {}))
        self.variables = variables(self.world)
        self.state = {variable.name: self._undecided(variable.domain) for variable in self.variables}
        firings = (self._firing(number, action) for number, action in enumerate(actions(self.world)))
        self.firings = tuple(firing for firing in firings if firing.when is not False)
        known = every_property(self.world.model)
        asked = {**{name: known[name].event for name in (known if self.about is None else self.about)}, **self.also}
        self.events = {name: event(self.context) for name, event in asked.items()}
        self.context.state.known = None
        support = self._support()
        self.firings = tuple(replace(firing, reads=support(firing.decides)) for firing in self.firings)
        self.asks = {name: support([event]) for name, event in self.events.items()}
        self.enforced = {name: self.circuit.input() for firing in self.firings for name, _ in firing.rules}
        self.cones = {name: _cone(self.firings, set(reads)) for name, reads in self.asks.items()}
        kept = frozenset().union(*self.cones.values())
        self.firings = tuple(firing for firing in self.firings if firing.action.name in kept)
        relevant = frozenset().union(*self.asks.values(), *map(_touches, self.firings))
        self.variables = tuple(variable for variable in self.variables if variable.name in relevant)
        self.kept = frozenset(variable.name for variable in self.variables)
        self.facts = frozenset(variable.name for variable in self.variables if variable.fact)
        self.firings = tuple(sorted(self.firings, key=lambda firing: firing.order))
        sensitive = {firing.number: self._sensitive(firing) for firing in self.firings}
        self.hindering = frozenset().union(*sensitive.values())
        disturbed = {one.number: (one.reads - self.facts) | (one.reads & sensitive[one.number]) for one in self.firings}
        self.causes = {
            later.number: frozenset(
                earlier.number
                for earlier in self.firings
                if _blocks(earlier, later, self.facts, disturbed[earlier.number])
            )
            for later in self.firings
        }
        self.fanout = self._fanout()

    def _sensitive(self, firing: Firing) -> frozenset[str]:
        """The facts that could do more than help an action happen: prevent it, or change what it writes.

        The progress of a move that only adds facts is not among what they prevent: one that adds nothing is not missed.
        """
        positive, negative = set[int](), set[int]()
        self._walk([condition.code for condition in self._open(firing)], positive, negative)
        values = [value for name, value in firing.writes.items() if name in self.kept]
        codes = [one.code for value in values for one in literals(value)]
        self._walk([*codes, *(-code for code in codes)], negative, negative)
        return frozenset(name for name in firing.reads & self.facts if code_of(self.state[name]) in negative)

    def _open(self, firing: Firing) -> list[Literal]:
        conditions = (firing.possible, *(holds for _, holds in firing.rules))
        return [condition for condition in conditions if isinstance(condition, Literal)]

    def _walk(self, codes: list[int], positive: set[int], negative: set[int]) -> None:
        """The gates that conditions depend on, by the sign with which they do."""
        pending = list(codes)
        while pending:
            code = pending.pop()
            seen = positive if code > 0 else negative
            if abs(code) in seen:
                continue
            seen.add(abs(code))
            sign = 1 if code > 0 else -1
            pending += [sign * operand for operand in self.circuit.gates[abs(code)] or ()]

    def _fanout(self) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
        """For each action, the gates that depend on its choices, and those that depend on what it writes."""
        chosen = [value for firing in self.firings for value in firing.chosen.values()]
        inputs = [
            literal.code
            for value in (*(self.state[name] for name in self.kept), *chosen)
            for literal in literals(value)
        ]
        depends: dict[int, set[int]] = {code: {code} for code in inputs}
        found: dict[int, list[int]] = {code: [] for code in inputs}
        for number, operands in enumerate(self.circuit.gates):
            if operands:
                reached = set().union(*(depends.get(abs(code), ()) for code in operands))
                if reached:
                    depends[number] = reached
                    for code in reached:
                        found[code].append(number)
        return {
            firing.number: (
                _union(found, firing.chosen.values()),
                _union(found, (self.state[name] for name in self.kept.intersection(firing.writes))),
            )
            for firing in self.firings
        }

    def _support(self) -> Callable[[Iterable[Value | Condition]], frozenset[str]]:
        """Finds the variables on which values depend; what was looked at and made no difference is none of them."""
        bits = {name: 1 << place for place, name in enumerate(self.state)}
        inputs = {one.code: bits[name] for name, value in self.state.items() for one in literals(value)}
        masks = [0] * len(self.circuit.gates)
        for number, operands in enumerate(self.circuit.gates):
            masks[number] = inputs.get(number, 0)
            for code in operands or ():
                masks[number] |= masks[abs(code)]

        def support(values: Iterable[Value | Condition]) -> frozenset[str]:
            mask = 0
            for value in values:
                for one in literals(value):
                    mask |= masks[abs(one.code)]
            return frozenset(name for name, bit in bits.items() if mask & bit)

        return support

    def _design(self) -> Any:
        if isinstance(self.configuration, Design):
            return self.configuration
        if self.configuration is not None:
            design = self.configuration.design
            opened = {name: self._switch(name, values) for name, values in self.free.items()}
            return OpenDesign({**design, **opened}, design.parties, design.model) if opened else design
        switches = self.world.model.switches  # of which no world reads conduct
        values = {s.name: self._switch(s.name, s.values) for s in switches.values() if s.in_worlds}
        parties = {}
        for party, name in self.own:
            parties[party, name] = self._switch(f"{party}:{name}", switches[name].values)
        return OpenDesign(values, parties, self.world.model)

    def _switch(self, name: str, values: tuple[str, ...]) -> Pick:
        """An input for each value of a switch that is left open."""
        inputs = {value: self.circuit.input() for value in values}
        self.switches.update({(name, value): literal for value, literal in inputs.items()})
        return Pick(inputs)

    def _capabilities(self) -> Mapping[str, Condition]:
        able = self.world.model.capabilities
        if isinstance(self.configuration, Configuration):
            return {name: name in self.configuration.capabilities for name in able}
        self.capabilities = {name: self.circuit.input() for name in able}
        return {**self.capabilities, "": True} if self.present else self.capabilities

    def _undecided(self, domain: tuple[Any, ...]) -> Value | Condition:
        if domain == (False, True):
            return self.circuit.input()
        return Pick({value: self.circuit.input() for value in domain})

    def _firing(self, number: int, action: Action) -> Firing:
        chosen = {name: self._undecided(domain) for name, domain in action.choices.items()}
        move = action(self.context, **chosen)
        when = move.when if move.when is False else self._changing(move)
        rules = tuple((condition.rule.name, condition.holds) for condition in move.rules)
        return Firing(number, action, chosen, when, move.when, rules, frozenset(), move.sets)

    def _changing(self, move: Move) -> Condition:
        """When a move happens: one that only adds facts, where it adds any, since it can be left out else."""
        facts = {variable.name for variable in self.variables if variable.fact}
        if not facts.issuperset(move.sets):
            return move.when
        return all_of(move.when, any_of(*(self._adds(name, value) for name, value in move.sets.items())))

    def _adds(self, name: str, value: Value | Condition) -> Condition:
        return all_of(truth(value), no(truth(self.state[name])))


def _union(found: Mapping[int, list[int]], values: Iterable[Value | Condition]) -> tuple[int, ...]:
    return tuple({gate for value in values for literal in literals(value) for gate in found[literal.code]})


def _touches(firing: Firing) -> frozenset[str]:
    return firing.reads | firing.writes.keys()


def _cone(firings: tuple[Firing, ...], relevant: set[str]) -> frozenset[str]:
    """The names of the actions on which the relevant variables depend."""
    kept: dict[str, Firing] = {}
    while True:
        added = [
            firing for firing in firings if firing.action.name not in kept and not relevant.isdisjoint(firing.writes)
        ]
        if not added:
            return frozenset(kept)
        for firing in added:
            kept[firing.action.name] = firing
            relevant |= _touches(firing)


def _blocks(earlier: Firing, later: Firing, facts: frozenset[str], disturbed: frozenset[str]) -> bool:
    """Whether an action cannot be moved before another that happened just before it.

    It needs what that one wrote, writes what that one read, or overwrites the same. A fact that it adds disturbs nobody
    who is only helped by facts, so ``disturbed`` has no others; that both add one does not matter.
    """
    if not later.reads.isdisjoint(earlier.writes) or not disturbed.isdisjoint(later.writes):
        return True
    return not (later.writes.keys() - facts).isdisjoint(earlier.writes)


class OpenDesign:
    """A design whose switches are undecided: each attribute is a value of some reading."""

    __slots__ = ("_values", "model", "parties")

    def __init__(self, values: Mapping[str, Value], parties: Mapping[tuple[str, str], Value], model: Model) -> None:
        self._values, self.parties, self.model = values, parties, model

    def __getattr__(self, name: str) -> Value:
        return self._values[name]
