"""What no run of any length leads to, by an invariant: clauses that hold at first and that no sweep leads out of.

They are found backwards from the event. A state that leads there is ruled out for so many sweeps, in the most general
form that can be shown. What is ruled out for one number of sweeps and for the next alike is an invariant. Where runs
are long, this is quicker than to show that there is no longer one.

References:
    A. Bradley: SAT-based model checking without unrolling, VMCAI 2011.
    H. Chockler, A. Ivrii, A. Matsliah, S. Moran, Z. Nevo: Incremental formal verification of hardware, FMCAD 2011
    (what of a state is enough to lead on).
    N. Eén, A. Mishchenko, R. Brayton: Efficient implementation of property directed reachability, FMCAD 2011.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator

from model.logic import Condition, Pick, Value, no, truth
from properties.bounds import Clock
from properties.closure import Reached
from properties.engine import Answer
from properties.minimal import OutOfTimeError
from properties.minisat import MiniSat
from properties.template import Template
from properties.unroll import Unrolling

#: Part of a state: literals that hold in it.
Part = frozenset[int]


def never(template: Template, event: str, reached: Reached, clock: Clock, enforced: Collection[str] = ()) -> bool:
    """Whether an event is shown never to happen where these rules are enforced; if not, in the time there is, it may.

    Args:
        template: of one question.
        reached: what is not out of reach.
    """
    try:
        return Search(template, event, reached, clock, enforced).excludes()
    except OutOfTimeError:
        return False


class Search:
    """What is ruled out after so many sweeps, and before.

    Attributes:
        sweep: what happens between two states, whatever the first of them is.
        after: for each literal of the state before a sweep the one of the state after it.
        event: a literal for the event after the sweep.
        allowed: to assume, for that all that happens in the sweep may happen.
        inputs: numbers of the literals that say what happens, and what is chosen.
        ruled_out: by the most sweeps after which it is known to be, the parts of states that are ruled out.
        invariant: the parts of states that no run leads to, where they exclude the event.
    """

    def __init__(
        self, template: Template, event: str, reached: Reached, clock: Clock, enforced: Collection[str] = ()
    ) -> None:
        sweep = self.sweep = Unrolling(template, 0, anywhere=True)
        initial = {v.name: v.initial for v in template.variables}
        members = [pair for name, value in initial.items() for pair in _members(template.state[name], value)]
        conditions = [condition for condition, _ in members]
        now = [int(sweep.stands(condition)) for condition in conditions]
        self.first = frozenset(n if holds else -n for n, (_, holds) in zip(now, members, strict=True))
        sweep.grow()
        self.after: dict[int, int] = {}
        for literal, condition in zip(now, conditions, strict=True):
            after = sweep.same_as(condition)
            self.after |= {literal: after, -literal: -after}
        self.event = sweep.same_as(template.events[event])
        # With what happens and is chosen the state before a sweep decides on the one after it, if all of it may happen.
        due = {sweep.literal_of(bit) for bit in sweep.due or ()}
        self.inputs = {abs(fired.literal) for fired in sweep.fired}
        self.inputs |= {abs(bit) for fired in sweep.fired for cases in fired.chosen.values() for _, bit in cases}
        self.allowed = sweep.new_literal()
        for literal in due:
            sweep.clause(-self.allowed, literal)
        self._not_due = [-literal for literal in due]
        impossible = [n for n, each in zip(now, conditions, strict=True) if not reached.possible(each)]
        impossible += [-n for n, each in zip(now, conditions, strict=True) if not reached.possible(no(each))]
        impossible += [happens for name, happens in sweep.happens.items() if name not in reached.actions]
        impossible += [-literal if name in enforced else literal for name, literal in sweep.enforced.items()]
        for literal in impossible:
            sweep.clause(-literal)
        self._clock, self._solver = clock, MiniSat(sweep.clauses, sweep.top)
        self._levels = [self.sweep.new_literal()]
        self.ruled_out: list[set[Part]] = [set()]
        self.invariant: set[Part] = set()

    def excludes(self) -> bool:
        """Whether the event never happens; false where a run may lead to it."""
        while True:
            self._levels.append(self.sweep.new_literal())
            self.ruled_out.append(set())
            last = len(self._levels) - 1
            while self._ask([*self._known(last), self.event]):
                if not self._rule_out(self._found([self.event]), last):
                    return False
            for level in range(1, last):
                for part in list(self.ruled_out[level]):
                    if not self._leads(part, level):
                        self._learn(part, level + 1)
                if not self.ruled_out[level]:
                    self.invariant = set().union(*self.ruled_out[level:])
                    return True

    def _rule_out(self, part: Part, last: int) -> bool:
        """Rule out a part of a state up to the last level, with all that leads there; whether that can be done."""
        pending, count = [(last, 0, part)], 1
        while pending:
            level, _, part = pending[0]
            if level == 0 or part <= self.first:
                return False
            if self._leads(part, level - 1, besides=True):
                before = self._found([self.after[literal] for literal in part])
                heapq.heappush(pending, (level - 1, count, before))
                count += 1
            else:
                heapq.heappop(pending)
                self._learn(self._general(part, self._without(part), level), level)
        return True

    def _general(self, part: Part, least: Part, level: int) -> Part:
        """The least of a part of a state that can be ruled out instead of it, as far as it is tried."""
        for literal in sorted(least):
            fewer = least - {literal}
            if not fewer <= self.first and not self._leads(fewer, level - 1, besides=True):
                least = self._without(fewer)
        return least

    def _without(self, part: Part) -> Part:
        """What of a part of a state it rests on that nothing leads there, and what keeps the first state out."""
        core = self._solver.core()
        least = frozenset(literal for literal in part if self.after[literal] in core)
        return least if not least <= self.first else least | {min(part - self.first)}

    def _leads(self, part: Part, level: int, besides: bool = False) -> bool:
        """Whether a sweep leads to a part of a state from what is not ruled out at a level (``besides`` that part)."""
        known = self._known(level)
        if besides:
            known.append(self._one_of(-literal for literal in part))
        return self._ask([*known, *(self.after[literal] for literal in part)])

    def _found(self, there: Iterable[int]) -> Part:
        """What of the state before the sweep that was just found is enough for it to lead to what it leads to.

        Another state with that in it leads there by the same choices.
        """
        holds = self._solver.holds
        state = [literal for literal in self.after if holds(literal)]
        chosen = [number if holds(number) else -number for number in self.inputs]
        breaks = self._one_of([*self._not_due, *(-literal for literal in there)])
        if self._put([breaks, *chosen, *state]):
            return frozenset(state)
        core = self._solver.core()
        return frozenset(literal for literal in state if literal in core)

    def _one_of(self, literals: Iterable[int]) -> int:
        """A literal to assume for one of some."""
        assumed = self.sweep.new_literal()
        self._solver.clause([-assumed, *literals])
        return assumed

    def _known(self, level: int) -> list[int]:
        """What is known of the states at a level: all of the first one."""
        return self._levels[level:] if level else [*self.first]

    def _learn(self, part: Part, level: int) -> None:
        """A part of a state is ruled out up to a level."""
        for parts in self.ruled_out[: level + 1]:
            parts -= {other for other in parts if part <= other}
        self.ruled_out[level].add(part)
        self._solver.clause([-self._levels[level], *(-literal for literal in part)])

    def _ask(self, assumptions: list[int]) -> bool:
        return self._put([self.allowed, *assumptions])

    def _put(self, assumptions: list[int]) -> bool:
        answer = Answer.UNKNOWN if self._clock.over else self._solver.check(assumptions, *self._left)
        self._clock.spend(self._solver.worked)
        if answer is Answer.UNKNOWN:
            raise OutOfTimeError
        return answer is Answer.SAT

    @property
    def _left(self) -> tuple[float | None, float | None]:
        return self._clock.left, self._clock.work


def _members(value: Value | Condition, initial: object) -> Iterator[tuple[Condition, bool]]:
    """For each value that a variable can have the condition that it has it, and whether it has it at first."""
    for member, condition in value.cases.items() if isinstance(value, Pick) else [(True, truth(value))]:
        yield condition, member == initial
