"""Laying a template down sweep after sweep, as clauses.

A sweep goes through all actions in protocol order and lets each happen or not, in the state that those before it have
left. A run that keeps to the order of the protocol is one sweep however long it is; another sweep begins where
something early waits for something late. A run is kept in the form in which every action happens as early as it can:
before its place in this sweep, or behind its place in the one before, something happened that it does not commute
with. Any run can be brought into that form by moving actions forward, so nothing is lost, and the solver need not look
at the same run twice.

References:
    J. Rintanen, K. Heljanko, I. Niemela: Planning as satisfiability: parallel plans and algorithms for plan search,
    Artificial Intelligence 170, 2006 (the relaxed notion of parallelism).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from model.logic import Condition, Pick, truth
from properties.circuit import Literal, code_of, literals
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
    """Clauses over positive and negative integers that describe all runs of ``depth`` sweeps; more can be added.

    They begin in the initial state, or ``anywhere``; that an action may happen is then left to be asked for (``due``).

    Attributes:
        clauses: flat, each ended by 0 (the DIMACS convention).
        fired: every action that can happen at some step.
        happens: for each action, a literal implied by its happening at any step; assume one false to forbid the action.
        due: where runs begin anywhere, for each action that it may happen if it does.
        layers: for each sweep a literal to assume for "something happens in it".
        events: for each property, the literal of its event after the last step.
        switches, capabilities, enforced: literals of what was left open, to be assumed per query.
    """

    def __init__(self, template: Template, depth: int, anywhere: bool = False) -> None:
        self.template = template
        self.depth = 0
        # The first literal holds, so that it may pass for True, which in Python equals 1.
        self.clauses: list[int] = [1, 0]
        self.top = 1
        self.fired: list[Fired] = []
        self.last_layer: list[int] = []
        self._operands: dict[int, tuple[int, ...]] = {}
        self._shared: dict[tuple[int, ...], int] = {}
        self._gates = template.circuit.gates
        self._place = {firing.number: place for place, firing in enumerate(template.firings)}
        self._now: dict[int, Bit] = {}
        self.switches = {key: self._open(literal) for key, literal in template.switches.items()}
        self.capabilities = {name: self._open(literal) for name, literal in template.capabilities.items()}
        self.enforced = {name: self._open(literal) for name, literal in template.enforced.items()}
        self._one_value_each()
        self.happens = {firing.action.name: self.new_literal() for firing in template.firings}
        self.layers: list[int] = []
        self.events: dict[str, Bit] = {}
        self._before: list[Fired] | None = None
        self._defined: set[int] = set()
        self.due: list[Bit] | None = [] if anywhere else None
        if anywhere:
            self._enter_any()
        else:
            self._enter({v.name: v.initial for v in template.variables})
        while self.depth < depth:
            self.grow()

    def grow(self) -> None:
        """Lay down one more sweep."""
        start = len(self.clauses) if self.depth else 0
        before = self._sweep(self.depth, self._before)
        self.last_layer = [fired.literal for fired in before]
        self.layers.append(self.new_literal())
        for fired in before:
            self.clause(-fired.literal, self.happens[fired.firing.action.name])
        self.clause(-self.layers[-1], *self.last_layer)
        self.events = {name: self._asked(self._bit(event)) for name, event in self.template.events.items()}
        self._before, self.depth = before, self.depth + 1
        self._define(start)

    def same_as(self, condition: Condition) -> int:
        """A literal that says of a condition after the last sweep whether it holds."""
        return self.literal_of(self._bit(condition))

    def literal_of(self, bit: Bit) -> int:
        """A literal that says of a bit whether it holds."""
        if isinstance(bit, bool):
            return 1 if bit else -1
        start, literal = len(self.clauses), self.new_literal()
        self.clause(-literal, bit)
        self.clause(literal, -bit)
        self._define(start)
        return literal

    def stands(self, literal: Condition) -> Bit:
        """What an input of the circuit is after the last sweep."""
        return self._bit(literal)

    def _one_value_each(self) -> None:
        """A switch that is left open has exactly one of its values."""
        for switch in {name for name, _ in self.switches}:
            literals = [literal for (name, _), literal in self.switches.items() if name == switch]
            self.clause(*literals)
            self._at_most_one(literals)

    # --- one step --------------------------------------------------------------------------------------

    def _sweep(self, step: int, before: list[Fired] | None) -> list[Fired]:
        layer: list[Fired] = []
        for firing in self.template.firings:
            fired = self._fire(step, firing)
            if fired is not None:
                self._wait(fired, layer, before)
                self._apply(fired)
                layer.append(fired)
        self.fired += layer
        return layer

    def _wait(self, fired: Fired, layer: list[Fired], before: list[Fired] | None) -> None:
        """Something that an action does not commute with happened since its place in the sweep before."""
        if before is None:
            return
        causes = self.template.causes[fired.firing.number]
        place = self._place[fired.firing.number]
        since = (other for other in before if self._place[other.firing.number] >= place)
        self.clause(-fired.literal, *(other.literal for other in (*since, *layer) if other.firing.number in causes))

    def _apply(self, fired: Fired) -> None:
        """What an action that happens writes is what those after it read."""
        template, literal = self.template, fired.literal
        changed: dict[int, Bit] = {}
        for name, written in fired.firing.writes.items():
            if name not in template.kept:
                continue
            value = template.state[name]
            if isinstance(value, Pick):
                cases = written.cases if isinstance(written, Pick) else {written: True}
                for member, bit in value.cases.items():
                    code, new = code_of(bit), self._bit(cases.get(member, False))
                    changed[code] = self._either(literal, new, self._now[code])
            else:
                code, new = code_of(value), self._bit(truth(written))
                current = self._now[code]
                kept = True if name in template.facts else -literal
                changed[code] = self._or(self._both(literal, new), self._both(kept, current))
        self._now.update(changed)
        self._forget(template.fanout[fired.firing.number][1])

    def _either(self, condition: int, then: Bit, otherwise: Bit) -> Bit:
        if then == otherwise:
            return then
        return self._or(self._both(condition, then), self._both(-condition, otherwise))

    def _both(self, left: Bit, right: Bit) -> Bit:
        if left is False or right is False or (left is not True and left == _negated(right)):
            return False
        if left is True:
            return right
        return left if right is True or left == right else self._and([int(left), int(right)])

    def _or(self, left: Bit, right: Bit) -> Bit:
        return _negated(self._both(_negated(left), _negated(right)))

    def _enter(self, state: Mapping[str, Any]) -> None:
        """Start: only the inputs of the design and the state are known."""
        for name, current in state.items():
            value = self.template.state[name]
            if isinstance(value, Pick):
                cases = current.cases if isinstance(current, Pick) else {current: True}
                for member, literal in value.cases.items():
                    self._now[code_of(literal)] = self._bit(cases.get(member, False))
            else:
                self._now[code_of(value)] = current

    def _enter_any(self) -> None:
        """Start in any state in which each variable has one value."""
        for variable in self.template.variables:
            values = [self._fresh(literal) for literal in literals(self.template.state[variable.name])]
            if len(values) > 1:
                self.clause(*values)
                self._at_most_one(values)

    def _fire(self, step: int, firing: Firing) -> Fired | None:
        """Let an action happen or not; one that cannot happen at this step leaves no trace in the clauses."""
        chosen: dict[str, list[tuple[Any, Bit]]] = {}
        self._forget(self.template.fanout[firing.number][0])
        for name, value in firing.chosen.items():
            if isinstance(value, Pick):
                chosen[name] = [(member, self._fresh(literal)) for member, literal in value.cases.items()]
            else:
                taken = self._fresh(truth(value))
                chosen[name] = [(True, taken), (False, -taken)]
        when = self._bit(firing.when)
        rules = [(name, self._bit(condition)) for name, condition in firing.rules] if when is not False else []
        if when is False:
            return None
        literal = self.new_literal()
        asked = [(1, when), *((self.enforced[name], holds) for name, holds in rules)]
        for enforced, holds in asked:
            if holds is True:
                continue
            if self.due is None:
                self.clause(-literal, -enforced, *([] if holds is False else [holds]))
            else:
                self.due.append(self._or(-literal, self._or(-enforced, holds)))
        for cases in chosen.values():
            self._exactly_one_if(literal, [bit for _, bit in cases])
        return Fired(step, firing, literal, chosen)

    # --- from circuit to clauses -----------------------------------------------------------------------

    def _bit(self, condition: Condition) -> Bit:
        if isinstance(condition, bool):
            return condition
        code = code_of(condition)
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

    def _define(self, start: int) -> None:
        """Lay down each gate's clauses, only for the direction in which something from ``start`` on relies on it.

        A literal in a clause relies on its gate implying its operands; a negated one, on the operands
        implying the gate. State that nothing asks for thereby drops out.
        """
        clauses, operands = self.clauses, self._operands
        pending = [literal for literal in clauses[start:] if literal and abs(literal) in operands]
        seen = self._defined
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

    def _fresh(self, literal: Condition) -> int:
        self.top += 1
        self._now[code_of(literal)] = self.top
        return self.top

    def _forget(self, gates: Iterable[int]) -> None:
        """What was worked out from an input is worked out anew once that has changed."""
        known = self._now
        for gate in gates:
            if gate in known:
                del known[gate]

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


def _negated(bit: Bit) -> Bit:
    return (not bit) if isinstance(bit, bool) else -bit
