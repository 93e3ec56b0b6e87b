"""What can happen at all, however long a run is: reachability with everything that hinders relaxed.

Every variable may have all the values that it ever had at once, so a step once possible stays possible and what it
writes is added. What is not reached so is not reached in any run; the converse does not hold. It is one pass of unit
propagation over the circuit of a template, with no solver and no bound.

References:
    B. Bonet, H. Geffner: Planning as heuristic search, Artificial Intelligence 129, 2001 (the delete relaxation).
    W. Dowling, J. Gallier: Linear-time algorithms for testing the satisfiability of propositional Horn formulae,
    Journal of Logic Programming 1, 1984.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from itertools import product
from math import prod

from model.logic import Condition, Pick, Value
from properties.circuit import Literal, code_of
from properties.template import Firing, Template

#: Choices of an action, in all that it chooses, beyond which they are not looked at one by one.
_MANY = 100


class Reached:
    """What is not ruled out: a code stands for "this can be true".

    Attributes:
        actions: the names of the actions that can happen.
    """

    def __init__(
        self, closure: Closure, true: bytearray, missing: list[int], given: Iterable[int], never: Set[int] = frozenset()
    ) -> None:
        self._closure, self._true, self._missing, self._never = closure, true, missing, never
        self._propagate(list(given))
        self.actions = frozenset(name for name, code in closure.happens.items() if true[code])

    def possible(self, condition: Condition) -> bool:
        """Whether a condition is not ruled out."""
        return condition if isinstance(condition, bool) else bool(self._true[code_of(condition)])

    def possible_at_once(self, condition: Condition) -> bool:
        """The same where every variable has one value at a time, which is tried for each way to meet the condition."""
        if isinstance(condition, bool) or not self.possible(condition):
            return bool(self.possible(condition))
        code = code_of(condition)
        ways = [-operand for operand in self._closure.gates[-code] or (-code,)] if code < 0 else [code]
        return any(map(self._at_once, ways))

    def _at_once(self, code: int) -> bool:
        variables, depends = self._closure.support(code)
        left = [tuple(member for member in members if self._true[member]) for members in variables]
        if prod(map(len, left)) > _MANY:
            return bool(self._true[code])
        return any(self._evaluated(made, depends)(code) for made in _one_of_each(left))

    def also(self, given: Iterable[int]) -> Reached:
        """What is reached where more inputs can be true."""
        return Reached(self._closure, self._true[:], self._missing[:], given)

    def excluded(self) -> set[int]:
        """The codes of actions and of what they write that no one choice lets be, though choices together would."""
        ruled_out = set[int]()
        for firing in self._closure.choosing:
            name = firing.action.name
            if name in self.actions:
                possible = set().union(*(self._by_choice(firing, made) for made in _one_of_each(_options(firing))))
                ruled_out |= {self._closure.happens[name], *self._closure.written[name]} - possible
        return ruled_out

    def _by_choice(self, firing: Firing, made: Mapping[int, bool]) -> Iterator[int]:
        """The codes of an action, and of what it writes, that can be where it makes one choice."""
        can_be = self._evaluated(made, self._closure.depends[firing.number])

        def can(condition: Condition) -> bool:
            return condition if isinstance(condition, bool) else can_be(code_of(condition))

        name, enforced = firing.action.name, self._closure.enforced
        if can(firing.when) and all(can(holds) or self._true[-enforced[rule].code] for rule, holds in firing.rules):
            yield self._closure.happens[name]
            yield from (code for code, when in self._closure.written[name].items() if can_be(when))

    def _evaluated(self, made: Mapping[int, bool], depends: Collection[int]) -> Callable[[int], bool]:
        """Says whether a code can be true where some inputs are decided, on which some gates depend."""
        gates, known = self._closure.gates, dict[int, bool]()

        def can_be(code: int) -> bool:
            number = abs(code)
            if number in made:
                return made[number] == (code > 0)
            if number not in depends or not self._true[code]:
                return bool(self._true[code])
            if code not in known:
                each = gates[number] or ()
                known[code] = all(map(can_be, each)) if code > 0 else any(can_be(-operand) for operand in each)
            return known[code]

        return can_be

    def _propagate(self, pending: list[int]) -> None:
        true, missing, never = self._true, self._missing, self._never
        implied, uses, heads = self._closure.implied, self._closure.uses, self._closure.heads
        while pending:
            code = pending.pop()
            if not true[code] and code not in never:
                true[code] = True
                pending += implied[code]
                for clause in uses[code]:
                    missing[clause] -= 1
                    if not missing[clause]:
                        pending.append(heads[clause])


class Closure:
    """Relaxed reachability over one template, for any design, attacker and choice of rules: Horn clauses over codes.

    A conjunction can be true once all its operands can, its negation once the negation of any operand can; that a
    variable is none of several values, once it can be another. An action can happen once all that it asks for can be,
    and then what it writes can be as well.

    Attributes:
        implied: what a code alone leads to. What is listed by code has that of a negative one at its end, as Python's
            negative indices have it.
        uses, heads: the clauses in which a code stands beside others, and what each of those leads to.
        happens: for each action, the code for its happening.
        written: for each action, the codes for its writing something that it does not always write, with that of when.
        choosing: the actions with a choice, of not too many, and ``depends`` the gates that depend on it.
    """

    def __init__(self, template: Template) -> None:
        self._implied: defaultdict[int, list[int]] = defaultdict(list)
        self._uses: defaultdict[int, list[int]] = defaultdict(list)
        self.heads: list[int] = []
        self.happens: dict[str, int] = {}
        self.written: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self.gates, self.enforced = template.circuit.gates, template.enforced
        self.choosing = [firing for firing in template.firings if 1 < prod(map(len, _options(firing))) <= _MANY]
        self.depends = {firing.number: frozenset(template.fanout[firing.number][0]) for firing in self.choosing}
        self._template, self._sizes = template, list[int]()
        self._top = len(template.circuit.gates)
        always = [code for firing in template.firings for value in firing.chosen.values() for code in _either(value)]
        codes = {variable.name: _members(template.state[variable.name]) for variable in template.variables}
        self._variables = {code: tuple(members.values()) for members in codes.values() for code in members.values()}
        self._one_of: dict[frozenset[int], int] = {}
        for number, operands in enumerate(template.circuit.gates):
            if operands:
                self._lead(self._together(operands), number)
                for code in operands:
                    self._lead((-code,), -number)
        initial = {variable.name: variable.initial for variable in template.variables}
        for name, members in codes.items():
            always += [code if member == initial[name] else -code for member, code in members.items()]
        for firing in template.firings:
            always += self._firing(firing, codes, initial)
        codes_in_order = (*range(self._top + 1), *range(-self._top, 0))
        self.implied = [self._implied.get(code, ()) for code in codes_in_order]
        self.uses = [self._uses.get(code, ()) for code in codes_in_order]
        self._nothing, self._always = bytearray(len(codes_in_order)), always
        self._base = Reached(self, self._nothing[:], self._sizes[:], always)

    def reached(self, given: Iterable[int], enforced: Collection[str]) -> Reached:
        """What is reached where these inputs are decided (by their codes) and these rules enforced."""
        return self._base.also((*given, *self.released(enforced)))

    def closest(self, given: Iterable[int], enforced: Collection[str]) -> Reached:
        """The same where every action makes one choice at a time: fewer things are reached, and it takes longer."""
        decided, never = (*self._always, *given, *self.released(enforced)), set[int]()
        while True:
            reached = Reached(self, self._nothing[:], self._sizes[:], decided, never)
            further = reached.excluded() - never
            if not further:
                return reached
            never |= further

    def released(self, enforced: Collection[str]) -> list[int]:
        """The codes that say of all rules but these that they are not enforced."""
        return [-literal.code for name, literal in self._template.enforced.items() if name not in enforced]

    def support(self, code: int) -> tuple[list[tuple[int, ...]], set[int]]:
        """The variables on which a code depends, each as the codes of its values, and the gates between."""
        found, gates, pending = dict[tuple[int, ...], None](), set[int](), [abs(code)]
        while pending:
            number = pending.pop()
            if number in self._variables:
                found[self._variables[number]] = None
            elif number not in gates and self.gates[number]:
                gates.add(number)
                pending += map(abs, self.gates[number] or ())
        return list(found), gates

    def _lead(self, body: Collection[int], head: int) -> None:
        if len(body) == 1:
            self._implied[next(iter(body))].append(head)
            return
        for code in body:
            self._uses[code].append(len(self.heads))
        self.heads.append(head)
        self._sizes.append(len(body))

    def _together(self, operands: Collection[int]) -> list[int]:
        """Operands where all those that say what a variable is not are one: that it is something else."""
        others, excluded = list[int](), defaultdict[tuple[int, ...], set[int]](set)
        for code in operands:
            if -code in self._variables:
                excluded[self._variables[-code]].add(-code)
            else:
                others.append(code)
        return [*others, *(self._something_else(*each) for each in excluded.items())]

    def _something_else(self, members: tuple[int, ...], excluded: set[int]) -> int:
        """The code of a variable's having one of its values that is not excluded."""
        left = frozenset(members) - excluded
        if left not in self._one_of:
            self._one_of[left] = self._new()
            for code in left:
                self._lead((code,), self._one_of[left])
        return self._one_of[left]

    def _new(self) -> int:
        self._top += 1
        return self._top

    def _firing(
        self, firing: Firing, codes: Mapping[str, Mapping[object, int]], initial: Mapping[str, object]
    ) -> list[int]:
        """The clauses of an action; the code of its happening where nothing is asked of that."""
        happens = self.happens[firing.action.name] = self._new()
        asked = set[int]() if firing.when is True else {code_of(firing.when)}
        for name, holds in firing.rules:
            if holds is not True:
                met = self._new()
                asked.add(met)
                self._lead((-self._template.enforced[name].code,), met)
                if holds is not False:
                    self._lead((code_of(holds),), met)
        if asked:
            self._lead(asked, happens)
        for name, value in firing.writes.items():
            for member, when in _written(value, codes.get(name, {})):
                if member != initial[name]:
                    written = happens
                    if when is not None:
                        written = self._new()
                        self.written[firing.action.name][written] = when
                        self._lead({happens, when}, written)
                    for head in {codes[name][member], -codes[name][initial[name]]}:
                        self._lead((written,), head)
        return [] if asked else [happens]


def _one_of_each(choices: Sequence[tuple[int, ...]]) -> Iterator[dict[int, bool]]:
    """Every way to have one of each of some codes: for each input that they are about, whether it is true."""
    return (
        {abs(code): (code == one) == (code > 0) for codes, one in zip(choices, made, strict=True) for code in codes}
        for made in product(*choices)
    )


def _options(firing: Firing) -> list[tuple[int, ...]]:
    """What an action chooses, each as the codes of what it can choose."""
    return [tuple(_members(value).values()) for value in firing.chosen.values()]


def _either(value: Value | Condition) -> list[int]:
    """A choice can be made in any way."""
    return [code for positive in _members(value).values() for code in (positive, -positive)]


def _members(value: Value | Condition) -> dict[object, int]:
    """For each value of a variable or a choice, the code for having it."""
    if isinstance(value, Pick):
        return {member: code_of(literal) for member, literal in value.cases.items()}
    return {True: code_of(value), False: -code_of(value)}


def _written(value: Value | Condition, codes: Mapping[object, int]) -> list[tuple[object, int | None]]:
    """The values that may be written, of those that a variable can have, and the code of when; ``None`` is always."""
    cases: Iterable[tuple[object, Condition]]
    if isinstance(value, Pick):
        cases = value.cases.items()
    elif not isinstance(value, Literal):
        cases = [(value, True)]
    else:
        return [(member, sign * value.code) for member, sign in ((True, 1), (False, -1)) if member in codes]
    return [(member, None if when is True else code_of(when)) for member, when in cases if member in codes]
