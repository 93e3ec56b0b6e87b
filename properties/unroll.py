"""Laying a template down step after step, as clauses.

Several actions may happen in one step. They are taken in a fixed order, later protocol steps first, and none
may change what one taken after it reads or writes; so a step is worth as many actions as are ready, and the
depth is that of the longest chain of actions that need each other. A run is kept in the form in which every
action happens as early as it can: in the step before, something happened that it had to wait for. Any run can
be brought into that form by moving actions forward, so nothing is lost, and the solver need not look at the
same run twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model.logic import Condition, Pick, Value
from properties.circuit import Literal
from properties.template import Firing, Template

Bit = int | bool


@dataclass(frozen=True, slots=True)
class Fired:
    """Where an action stands in the clauses: the literal that it fires, and one for each possible choice."""

    step: int
    firing: Firing
    literal: int
    chosen: dict[str, list[tuple[Any, Bit]]]


class Unrolling:
    """Clauses over positive and negative integers that describe all runs of ``depth`` steps.

    Attributes:
        clauses: flat, each ended by 0 (the DIMACS convention).
        fired: every action that can happen at some step.
        idle: for each step, a literal to assume for "nothing happens from this step on".
        events: for each property, the literal of its event after the last step.
        switches, capabilities, enforced: literals of what was left open, to be assumed per query.
    """

    def __init__(self, template: Template, depth: int) -> None:
        self.template = template
        self.depth = depth
        self.clauses: list[int] = []
        self.top = 0
        self.fired: list[Fired] = []
        self.last_layer: list[int] = []
        self._operands: dict[int, tuple[int, ...]] = {}
        self._shared: dict[tuple[int, ...], int] = {}
        self._gates = template.circuit.gates
        self._static: dict[int, Bit] = {}
        self._now: dict[int, Bit] = {}
        self.switches = {key: self._open(literal) for key, literal in template.switches.items()}
        self.capabilities = {name: self._open(literal) for name, literal in template.capabilities.items()}
        self.enforced = {name: self._open(literal) for name, literal in template.enforced.items()}
        self._one_value_each()
        self._static = self._now
        self._dynamic_gates = self._find_dynamic()
        state: dict[str, Value] = {v.name: v.initial for v in template.variables}
        before: list[Fired] | None = None
        for step in range(depth):
            before = self._step(step, state, before)
            state = {name: self._read(value) for name, value in template.after.items()}
        self._enter(state)
        self.last_layer = [fired.literal for fired in before or ()]
        self.idle = self._make_idle()
        self.events = {name: self._asked(self._bit(event)) for name, event in template.events.items()}
        self._define()

    def _one_value_each(self) -> None:
        """A switch that is left open has exactly one of its values."""
        for switch in {name for name, _ in self.switches}:
            literals = [literal for (name, _), literal in self.switches.items() if name == switch]
            self.clause(*literals)
            self._at_most_one(literals)

    def _make_idle(self) -> list[int]:
        """For each step, a literal to assume for "nothing happens from this step on"."""
        idle = [self.new_literal() for _ in range(self.depth)]
        for fired in self.fired:
            self.clause(-idle[fired.step], -fired.literal)
        for step in range(self.depth - 1):
            self.clause(-idle[step], idle[step + 1])
        return idle

    # --- one step --------------------------------------------------------------------------------------

    def _step(self, step: int, state: dict[str, Value], before: list[Fired] | None) -> list[Fired]:
        self._enter(state)
        layer = []
        for firing in self.template.firings:
            fired = self._fire(step, firing)
            if fired is not None:
                layer.append(fired)
        self._order(layer, before)
        self.fired += layer
        return layer

    def _enter(self, state: dict[str, Value]) -> None:
        """Start a step: only the inputs of the design and the current state are known."""
        self._now = dict(self._static)
        for name, current in state.items():
            value = self.template.state[name]
            if isinstance(value, Pick):
                cases = current.cases if isinstance(current, Pick) else {current: True}
                for member, literal in value.cases.items():
                    self._now[literal.code] = cases.get(member, False)
            else:
                self._now[value.code] = current

    def _fire(self, step: int, firing: Firing) -> Fired | None:
        """Let an action happen or not; one that cannot happen at this step leaves no trace in the clauses."""
        chosen: dict[str, list[tuple[Any, Bit]]] = {}
        for name, value in firing.chosen.items():
            if isinstance(value, Pick):
                chosen[name] = [(member, self._fresh(literal)) for member, literal in value.cases.items()]
            else:
                taken = self._fresh(value)
                chosen[name] = [(True, taken), (False, -taken)]
        when = self._bit(firing.when)
        rules = [(name, self._bit(condition)) for name, condition in firing.rules] if when is not False else []
        if when is False:
            self._now[firing.fires.code] = False
            return None
        literal = self._fresh(firing.fires)
        if when is not True:
            self.clause(-literal, when)
        for name, holds in rules:
            if holds is not True:
                self.clause(-literal, -self.enforced[name], *([] if holds is False else [holds]))
        for cases in chosen.values():
            self._exactly_one_if(literal, [bit for _, bit in cases])
        return Fired(step, firing, literal, chosen)

    def _order(self, layer: list[Fired], before: list[Fired] | None) -> None:
        """Actions of one step do not disturb each other, and each has a cause in the step before."""
        apart, causes = self.template.apart, self.template.causes
        for place, fired in enumerate(layer):
            number = fired.firing.number
            for other in layer[:place]:
                if other.firing.number in apart[number]:
                    self.clause(-fired.literal, -other.literal)
            if before is not None:
                found = [other.literal for other in before if other.firing.number in causes[number]]
                self.clause(-fired.literal, *found)

    # --- from circuit to clauses -----------------------------------------------------------------------

    def _bit(self, condition: Condition) -> Bit:
        if isinstance(condition, bool):
            return condition
        code = condition.code
        bit = self._evaluate(code if code > 0 else -code)
        return _negated(bit) if code < 0 else bit

    def _evaluate(self, number: int) -> Bit:
        known = self._now.get(number)
        if known is not None:
            return known
        operands = self._gates[number]
        if operands is None:
            raise KeyError(f"input {number} of the circuit has no value in this step")
        bits: list[int] = []
        result: Bit | None = None
        for code in operands:
            bit = self._evaluate(code if code > 0 else -code)
            if code < 0:
                bit = (not bit) if isinstance(bit, bool) else -bit
            if bit is False:
                result = False
                break
            if bit is not True:
                bits.append(bit)
        if result is None:
            result = True if not bits else bits[0] if len(bits) == 1 else self._and(bits)
        self._now[number] = result
        if number not in self._dynamic_gates:
            self._static[number] = result
        return result

    def _and(self, bits: list[int]) -> int:
        """A gate, shared if the same one stands already; its clauses are laid down when it is used."""
        key = tuple(sorted(bits))
        gate = self._shared.get(key)
        if gate is None:
            self.top += 1
            gate = self._shared[key] = self.top
            self._operands[gate] = key
        return gate

    def _define(self) -> None:
        """Lay down each gate's clauses, only for the direction in which something relies on it.

        A literal in a clause relies on its gate implying its operands; a negated one, on the operands
        implying the gate. State that nothing asks for thereby drops out.
        """
        clauses, operands = self.clauses, self._operands
        pending = [literal for literal in clauses if literal and abs(literal) in operands]
        seen: set[int] = set()
        while pending:
            literal = pending.pop()
            if literal in seen:
                continue
            seen.add(literal)
            gate = operands.get(abs(literal))
            if gate is None:
                continue
            if literal > 0:
                for operand in gate:
                    clauses += (-literal, operand, 0)
                pending += gate
            else:
                clauses.append(-literal)
                clauses += [-operand for operand in gate]
                clauses.append(0)
                pending += [-operand for operand in gate]

    def _read(self, value: Value) -> Value:
        if isinstance(value, Pick):
            return Pick({member: self._bit(when) for member, when in value.cases.items()})
        return self._bit(value)

    def new_literal(self) -> int:
        """A literal not used before."""
        self.top += 1
        return self.top

    def _asked(self, bit: Bit) -> Bit:
        """A literal that implies the bit, for queries to assume."""
        if isinstance(bit, bool):
            return bit
        self.top += 1
        self.clause(-self.top, bit)
        return self.top

    def _open(self, literal: Literal) -> int:
        """A literal for an input that queries decide."""
        return self._fresh(literal)

    def _fresh(self, literal: Literal) -> int:
        self.top += 1
        self._now[literal.code] = self.top
        return self.top

    def clause(self, *literals: int) -> None:
        """Add a clause."""
        self.clauses += literals
        self.clauses.append(0)

    def _at_most_one(self, literals: list[int]) -> None:
        for place, first in enumerate(literals):
            for second in literals[place + 1 :]:
                self.clause(-first, -second)

    def _exactly_one_if(self, condition: int, literals: list[Bit]) -> None:
        open_ones = [literal for literal in literals if not isinstance(literal, bool)]
        if len(open_ones) == 2 and open_ones[0] == -open_ones[1]:
            return  # a choice between yes and no is made anyhow
        self.clause(-condition, *open_ones)
        self._at_most_one(open_ones)

    def _find_dynamic(self) -> set[int]:
        """Gates whose value can differ from step to step."""
        dynamic: set[int] = set()
        for number, operands in enumerate(self._gates):
            if number == 0:
                continue
            if operands is None:
                if number not in self._static:
                    dynamic.add(number)
            elif any(abs(code) in dynamic for code in operands):
                dynamic.add(number)
        return dynamic


def _negated(bit: Bit) -> Bit:
    return (not bit) if isinstance(bit, bool) else -bit

