"""Truth values for the solver: a circuit of AND gates with sharing.

Rules read with :class:`Literal` build gates instead of deciding. Gates are shared by structure, so a
condition met twice costs nothing; constants never enter the circuit, so a rule read with partly decided values
leaves only what is open.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Mapping

from model import logic


class Circuit:
    """Gates by number; a negative number is the negation.

    ``gates[n]`` is ``None`` for an input and the operands of the conjunction otherwise.
    """

    def __init__(self) -> None:
        self.gates: list[tuple[int, ...] | None] = [None]
        self._shared: dict[tuple[int, ...], int] = {}

    def input(self) -> Literal:
        """A new input."""
        self.gates.append(None)
        return Literal(self, len(self.gates) - 1)

    def conjunction(self, codes: list[int]) -> Literal | bool:
        """The AND of gates, shared if it was built before."""
        key = tuple(sorted(codes))
        number = self._shared.get(key)
        if number is None:
            operands = tuple(dict.fromkeys(codes))
            if not {-code for code in operands}.isdisjoint(operands):
                return False
            if len(operands) == 1:
                return Literal(self, operands[0])
            if len(operands) < len(codes):
                return self.conjunction([*operands])
            self.gates.append(operands)
            number = self._shared[key] = len(self.gates) - 1
        return Literal(self, number)

    def certain(self, condition: logic.Condition, given: Mapping[int, bool]) -> bool:
        """Whether a condition holds with some inputs decided, whatever the others are: gate by gate (Kleene's logic).

        It may hold whatever they are without this being seen, where a gate is not known whose operands are tied.
        """
        if isinstance(condition, bool):
            return condition
        known: list[bool | None] = [None] * len(self.gates)
        for number, operands in enumerate(self.gates):
            if operands is None:
                known[number] = given.get(number)
                continue
            known[number] = True
            for code in operands:
                value = known[abs(code)]
                if value is not None and value == (code < 0):
                    known[number] = False
                    break
                if value is None:
                    known[number] = None
        code = code_of(condition)
        return known[abs(code)] is (code > 0)

    def under(self, values: Iterable[logic.Value | logic.Condition], never: Collection[int] = ()) -> set[int]:
        """The gates and inputs on which values depend, but through what is ``never`` true (or never false)."""
        pending, seen = [literal.code for value in values for literal in literals(value)], set[int]()
        while pending:
            code = abs(pending.pop())
            if code not in seen and code not in never and -code not in never:
                seen.add(code)
                pending += self.gates[code] or ()
        return seen


class Literal:
    """An input, a gate or the negation of one, as a condition that rules can combine."""

    __slots__ = ("circuit", "code")

    def __init__(self, circuit: Circuit, code: int) -> None:
        self.circuit = circuit
        self.code = code

    def __repr__(self) -> str:
        return f"Literal({self.code})"

    def __invert__(self) -> Literal:
        return Literal(self.circuit, -self.code)


def code_of(condition: logic.Condition | logic.Value) -> int:
    """The gate or input that a condition is which is not decided, negative for its negation."""
    assert isinstance(condition, Literal), condition
    return condition.code


def literals(value: logic.Value | logic.Condition) -> list[Literal]:
    """The open conditions of a value."""
    cases: Iterable[object] = value.cases.values() if isinstance(value, logic.Pick) else (value,)
    return [case for case in cases if isinstance(case, Literal)]


def _all(literals: list[Literal]) -> Literal | bool:
    return literals[0].circuit.conjunction([literal.code for literal in literals])


def _any(literals: list[Literal]) -> Literal | bool:
    joint = literals[0].circuit.conjunction([-literal.code for literal in literals])
    return ~joint if isinstance(joint, Literal) else not joint


logic.register(Literal, _all, _any, operator.invert)
