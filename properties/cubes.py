"""Conditions of a circuit as few cubes: each says of some variables which values they may have, and leaves the rest.

What a solver takes as gates, readers of clauses take so. A fact that is not there is never asked for (what only grows
is not missed by who waits), so that a cube is never too narrow, and may be too wide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from math import prod
from typing import Any

from model.logic import Condition, Pick, Value
from properties.circuit import Literal, code_of
from properties.template import Template

#: For each variable that it speaks of, the values that it may have.
Cube = Mapping[str, frozenset[Any]]
#: Conditions of which one at least holds.
Cubes = list[Cube]
ALWAYS: Cubes = [{}]


class CubeReading:
    """Reads the conditions of a template as cubes over its variables, and over what was added to them."""

    def __init__(self, template: Template) -> None:
        self._gates = template.circuit.gates
        self._facts = frozenset(variable.name for variable in template.variables if variable.fact)
        self._inputs: dict[int, tuple[str, Any]] = {}
        self._known: dict[int, Cubes] = {}
        self.domains: dict[str, frozenset[Any]] = {}
        for variable in template.variables:
            self.add(variable.name, template.state[variable.name])

    def add(self, name: str, value: Value | Condition) -> None:
        """Make an undecided value known under a name."""
        cases = value.cases if isinstance(value, Pick) else {True: value}
        self.domains[name] = frozenset(cases if isinstance(value, Pick) else (False, True))
        self._inputs |= {code_of(literal): (name, member) for member, literal in cases.items()}

    def cubes(self, *conditions: Condition) -> Cubes:
        """When all of some conditions hold."""
        return self.all_of(*(self._read(condition) for condition in conditions))

    def all_of(self, *those: Cubes) -> Cubes:
        """When of each of those some cube holds.

        By cases of a variable that several speak of, where there is one: a cube that leaves it open, because others
        hold whichever case it is, would say no more, and be read as if any instance were meant in it.
        """
        if prod(map(len, those)) > 1:
            shared = Counter(name for cubes in those for name in {name for cube in cubes for name in cube})
            name, times = max(shared.items(), key=lambda found: (found[1], found[0]))
            if times > 1:
                return self._by_cases(name, those)
        found = ALWAYS
        for cubes in sorted(those, key=len):
            pairs = (_joined(left, right) for left in found for right in cubes)
            found = self._fewer(cube for cube in pairs if cube is not None)
        return found

    def _by_cases(self, name: str, those: Iterable[Cubes]) -> Cubes:
        """The same, for each value of a variable."""
        found = []
        for member in sorted(self.domains[name], key=str):
            left = ([_without(name, cube) for cube in cubes if member in cube.get(name, (member,))] for cubes in those)
            found += [{**cube, name: frozenset((member,))} for cube in self.all_of(*map(self._fewer, left))]
        return self._fewer(found)

    def copied(self, value: Value | Condition) -> str | None:
        """The variable of which a value is a copy, if it is one (of no fact, which may come to hold at any time)."""
        if isinstance(value, Literal):
            name, _ = self._inputs.get(value.code, ("", None))
            return name if name and name not in self._facts else None
        if not isinstance(value, Pick):
            return None
        sources = {self._inputs.get(case.code) for case in value.cases.values() if isinstance(case, Literal)}
        names = {source[0] for source in sources if source}
        if len(names) != 1 or None in sources:
            return None
        name = names.pop()
        same = sources == {(name, member) for member in value.cases}
        return name if same and self.domains[name] == frozenset(value.cases) else None

    def _read(self, condition: Condition) -> Cubes:
        if isinstance(condition, bool):
            return ALWAYS if condition else []
        return self._gate(code_of(condition))

    def _gate(self, code: int) -> Cubes:
        if code not in self._known:
            operands = self._gates[abs(code)]
            if operands is None:
                self._known[code] = [self._input(code)]
            elif code > 0:
                self._known[code] = self.all_of(*map(self._gate, operands))
            else:
                self._known[code] = self._fewer(chain(*(self._gate(-operand) for operand in operands)))
        return self._known[code]

    def _input(self, code: int) -> Cube:
        name, member = self._inputs[abs(code)]
        if code > 0:
            return {name: frozenset((member,))}
        return {} if name in self._facts else {name: self.domains[name] - {member}}

    def _fewer(self, cubes: Iterable[Cube]) -> Cubes:
        """The same with fewer cubes: those that differ in one variable are one, what another covers is left out."""
        found = {frozenset(cube.items()): cube for cube in cubes}
        merged = True
        while merged:
            merged = False
            for name in sorted({name for cube in found.values() for name in cube}):
                alike: dict[frozenset[Any], list[Cube]] = {}
                for cube in found.values():
                    if name in cube:
                        alike.setdefault(frozenset((key, s) for key, s in cube.items() if key != name), []).append(cube)
                for rest, group in alike.items():
                    if len(group) > 1:
                        merged = True
                        for cube in group:
                            del found[frozenset(cube.items())]
                        wider = self._wider(dict(rest), name, frozenset(chain(*(cube[name] for cube in group))))
                        found[frozenset(wider.items())] = wider
        kept: Cubes = []
        for cube in sorted(found.values(), key=len):
            if not any(covers(wider, cube) for wider in kept):
                kept.append(cube)
        return kept

    def _wider(self, rest: dict[str, frozenset[Any]], name: str, members: frozenset[Any]) -> Cube:
        return rest if members == self.domains[name] else {**rest, name: members}


def covers(wide: Cube, narrow: Cube) -> bool:
    """Whether one cube holds wherever another does."""
    return all(name in narrow and narrow[name] <= members for name, members in wide.items())


def _without(name: str, cube: Cube) -> Cube:
    return {key: members for key, members in cube.items() if key != name}


def _joined(left: Cube, right: Cube) -> Cube | None:
    joined = dict(left)
    for name, members in right.items():
        both = joined.get(name, members) & members
        if not both:
            return None
        joined[name] = both
    return joined
