"""What can happen at all, however long a run is: reachability with everything that hinders relaxed.

Every variable may have all the values that it ever had at once, so a step once possible stays possible and what it
writes is added. What is not reached so is not reached in any run; the converse does not hold. It takes one pass over
the circuit of a template, no solver and no bound.

References:
    B. Bonet, H. Geffner: Planning as heuristic search, Artificial Intelligence 129, 2001 (the delete relaxation).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from model.logic import Condition, Pick
from properties.template import Firing, Template


class Reached(NamedTuple):
    """What is not ruled out: codes of gates that can be true, and the names of actions that can happen."""

    codes: frozenset[int]
    actions: frozenset[str]

    def possible(self, condition: Condition) -> bool:
        """Whether a condition is not ruled out."""
        return condition if isinstance(condition, bool) else condition.code in self.codes


class Closure:
    """Relaxed reachability over one template, for any design, attacker and choice of rules.

    A code stands for "this can be true". A conjunction can be true once all its operands can; its negation once the
    negation of any operand can.
    """

    def __init__(self, template: Template) -> None:
        self.template = template
        gates = template.circuit.gates
        self._size = [len(operands or ()) for operands in gates]
        self._uses: dict[int, list[int]] = {}
        for number, operands in enumerate(gates):
            for code in operands or ():
                self._uses.setdefault(code, []).append(number)
        self._members: dict[int, tuple[str, object]] = {}
        self._codes: dict[str, dict[object, int]] = {}
        for variable in template.variables:
            value = template.state[variable.name]
            if isinstance(value, Pick):
                self._codes[variable.name] = {member: literal.code for member, literal in value.cases.items()}
            else:
                self._codes[variable.name] = {True: value.code, False: -value.code}
        self._free = [
            literal.code
            for firing in template.firings
            for value in firing.chosen.values()
            for literal in (value.cases.values() if isinstance(value, Pick) else (value,))
        ]

    def reached(self, given: Iterable[int], enforced: Collection[str]) -> Reached:
        """What is reached where these inputs are decided (by their codes) and these rules enforced."""
        return _Pass(self, self.template, given, enforced).run()


class _Pass:
    """One computation of what is reached."""

    def __init__(
        self, closure: Closure, template: Template, given: Iterable[int], enforced: Collection[str]
    ) -> None:
        self._closure, self._template = closure, template
        self._missing = list(closure._size)
        self._true: set[int] = set()
        self._pending: list[int] = list(given)
        self._values: dict[str, set[object]] = {variable.name: set() for variable in template.variables}
        self._happened: set[str] = set()
        self._waiting: dict[int, list[tuple[Firing, list[int]]]] = {}
        self._writes: dict[int, list[tuple[str, object]]] = {}
        for code in closure._free:
            self._pending += (code, -code)
        for variable in template.variables:
            for member, code in closure._codes[variable.name].items():
                if member != variable.initial and code > 0:
                    self._pending.append(-code)
            self._add(variable.name, variable.initial)
        for firing in template.firings:
            self._watch(firing, enforced)

    def _watch(self, firing: Firing, enforced: Collection[str]) -> None:
        """Let an action happen once all that it asks for can be."""
        asked = [firing.when, *(condition for name, condition in firing.rules if name in enforced)]
        if any(condition is False for condition in asked):
            return
        codes = list({condition.code for condition in asked if not isinstance(condition, bool)})
        if not codes:
            self._happen(firing)
        for code in codes:
            self._waiting.setdefault(code, []).append((firing, codes))

    def run(self) -> Reached:
        closure, true, missing = self._closure, self._true, self._missing
        uses = closure._uses
        while self._pending:
            code = self._pending.pop()
            if code in true:
                continue
            true.add(code)
            for gate in uses.get(code, ()):
                missing[gate] -= 1
                if not missing[gate]:
                    self._pending.append(gate)
            for gate in uses.get(-code, ()):
                if -gate not in true:
                    self._pending.append(-gate)
            for firing, codes in self._waiting.get(code, ()):
                if all(other in true for other in codes):
                    self._happen(firing)
            for name, member in self._writes.get(code, ()):
                self._add(name, member)
        return Reached(frozenset(true), frozenset(self._happened))

    def _happen(self, firing: Firing) -> None:
        if firing.action.name in self._happened:
            return
        self._happened.add(firing.action.name)
        for name, written in firing.writes.items():
            if name not in self._values:
                continue
            if isinstance(written, Pick):
                cases = dict(written.cases)
            elif name in self._template.facts or set(self._closure._codes[name]) == {True, False}:
                cases = _of_boolean(written)
            else:
                cases = {written: True}
            for member, when in cases.items():
                if when is True or (when is not False and when.code in self._true):
                    self._add(name, member)
                elif when is not False:
                    self._writes.setdefault(when.code, []).append((name, member))

    def _add(self, name: str, member: object) -> None:
        """Another value for a variable: it can be that, and each other one need not be."""
        values, codes = self._values[name], self._closure._codes[name]
        if member in values or member not in codes:
            return
        if len(values) == 1:
            before = next(iter(values))
            self._pending.append(-codes[before])
        values.add(member)
        self._pending.append(codes[member])


def _of_boolean(written: Condition) -> dict[object, Condition]:
    if isinstance(written, bool):
        return {written: True}
    return {True: written, False: _Negated(-written.code)}


class _Negated(NamedTuple):
    """The negation of a condition, by its code."""

    code: int
