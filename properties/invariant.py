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
from collections.abc import Callable, Collection, Iterable, Iterator

from model.logic import Condition, Decided, Pick, Value, no, truth
from properties.bounds import Clock
from properties.closure import Reached
from properties.engine import Answer
from properties.minimal import OutOfTimeError
from properties.minisat import MiniSat
from properties.template import Template
from properties.unroll import Unrolling

#: Part of a state: literals that hold in it.
Part = frozenset[int]
#: The same in any template of a world: variables, each with a value that it has or has not.
Named = frozenset[tuple[str, Decided, bool]]
#: What was ruled out in a world so far, the latest last.
Known = dict[Named, None]
#: How many parts of states are kept of a world.
_KEPT = 1_000


class Between:
    """One sweep between two states, whatever the first of them is.

    Attributes:
        sweep: its clauses.
        named: for each value that a variable of the state before can have, the literal that it has it.
        first: literals of the state in which runs begin.
        after: for each literal of the state before a sweep the one of the state after it.
        events: literals for the events after the sweep.
        allowed: to assume, for that all that happens in the sweep may happen.
    """

    def __init__(self, template: Template) -> None:
        sweep = self.sweep = Unrolling(template, 0, anywhere=True)
        initial = {v.name: v.initial for v in template.variables}
        self._when = {(name, value): when for name in initial for value, when in _members(template.state[name])}
        self.named = {member: int(sweep.stands(when)) for member, when in self._when.items()}
        self.first = frozenset(n if initial[name] == value else -n for (name, value), n in self.named.items())
        sweep.grow()
        self.after: dict[int, int] = {}
        for member, when in self._when.items():
            now, after = self.named[member], sweep.same_as(when)
            self.after |= {now: after, -now: -after}
        self.events = {name: sweep.same_as(event) for name, event in template.events.items()}
        self._due = {sweep.literal_of(bit) for bit in sweep.due or ()}
        self.allowed = sweep.new_literal()
        for literal in self._due:
            sweep.clause(-self.allowed, literal)


class Search(Between):
    """What is ruled out after so many sweeps, and before, in a template where these rules are enforced.

    What was ruled out for one event holds for the next. What is known of other designs is tried first, since most of it
    can be shown here too.

    Attributes:
        inputs: numbers of the literals that say what happens, and what is chosen.
        ruled_out: by the most sweeps after which it is known to be, the parts of states that are ruled out.
        invariant: those that no run leads to.
    """

    def __init__(
        self,
        template: Template,
        reached: Reached,
        enforced: Collection[str] = (),
        known: Known | None = None,
        given: Callable[[Unrolling], Iterable[int]] = lambda _: (),
    ) -> None:
        """``reached``: what is not out of reach; ``known``: is added to; ``given``: literals of what is decided."""
        super().__init__(template)
        self._known, sweep = {} if known is None else known, self.sweep
        # With what happens and is chosen the state before a sweep decides on the one after it, if all of it may happen.
        self.inputs = {abs(fired.literal) for fired in sweep.fired}
        self.inputs |= {abs(bit) for fired in sweep.fired for cases in fired.chosen.values() for _, bit in cases}
        # What of the design is left open is as it is: of the state before a sweep, and of the one after it.
        opened: dict[tuple[str, Decided], int] = {
            (f"switch {name}", value): literal for (name, value), literal in sweep.switches.items()
        }
        self._open = frozenset(sign * literal for literal in opened.values() for sign in (1, -1))
        self.named |= opened
        self.after |= {literal: literal for literal in self._open}
        self._not_due = [-literal for literal in self._due]
        self._unreached = [self.named[member] for member, when in self._when.items() if not reached.possible(when)]
        self._unreached += [
            -self.named[member] for member, when in self._when.items() if not reached.possible(no(when))
        ]
        impossible = [happens for name, happens in sweep.happens.items() if name not in reached.actions]
        impossible += [-literal if name in enforced else literal for name, literal in sweep.enforced.items()]
        for literal in (*given(sweep), *(-literal for literal in (*self._unreached, *impossible))):
            sweep.clause(literal)
        self._clock, self._solver = Clock(), MiniSat(sweep.clauses, sweep.top)
        self._levels = [self.sweep.new_literal()]
        self.ruled_out: list[set[Part]] = [set()]
        self.invariant: set[Part] = set()
        self._untried = True

    def excludes(self, event: str, clock: Clock) -> bool:
        """Whether the event is shown never to happen; if not, in the time there is, a run may lead to it."""
        self._clock = clock
        try:
            if self._untried:
                self._start()
            return self._excludes(self.events[event])
        except OutOfTimeError:
            return False

    def _excludes(self, event: int) -> bool:
        last = 0
        while True:
            last += 1
            if last == len(self._levels):
                self._levels.append(self.sweep.new_literal())
                self.ruled_out.append(set())
            while self._ask([*self._before(last), event]):
                if not self._rule_out(self._found([event]), last):
                    return False
            for level in range(1, last):
                for part in list(self.ruled_out[level]):
                    if not self._leads(part, level):
                        self._learn(part, level + 1)
                if not self.ruled_out[level]:
                    self._hold(set().union(*self.ruled_out[level:]))
                    return True

    def _hold(self, parts: set[Part]) -> None:
        """No run leads to these parts of states."""
        for part in parts:
            self._solver.clause([-literal for literal in part])
        self.invariant |= parts
        for ruled_out in self.ruled_out:
            ruled_out -= parts
        for named in self._by_name(parts):
            self._known[named] = self._known.pop(named, None)
        for earlier in list(self._known)[:-_KEPT]:
            del self._known[earlier]

    def never(self) -> list[Named]:
        """The parts of states that no run leads to, those among them that are out of reach at any rate."""
        return list(self._by_name([*({literal} for literal in self._unreached), *self.invariant]))

    def _by_name(self, parts: Iterable[Collection[int]]) -> Iterator[Named]:
        members = {literal: member for member, literal in self.named.items()}
        return (frozenset((*members[abs(literal)], literal > 0) for literal in part) for part in parts)

    def _start(self) -> None:
        """Rule out what can be of the parts of states that were ruled out under other designs."""
        parts = [
            frozenset(self.named[name, value] * (1 if has else -1) for name, value, has in part)
            for part in self._known
            if all((name, value) in self.named for name, value, _ in part)
        ]
        before = {part: self._one_of(-literal for literal in part) for part in parts if not self.at_first(part)}
        after = {part: self.sweep.new_literal() for part in before}
        there = {part: frozenset(map(self.after.__getitem__, part)) for part in before}
        for part, reached in after.items():
            for literal in there[part]:
                self._solver.clause([-reached, literal])
        self._solver.prefer(after.values())  # one answer does away with many
        while before and self._ask([*before.values(), self._one_of(after[part] for part in before)]):
            holds = self._solver.model()
            before = {part: out for part, out in before.items() if not there[part] <= holds}
        self._hold(set(before))
        self._untried = False

    def _rule_out(self, part: Part, last: int) -> bool:
        """Rule out a part of a state up to the last level, with all that leads there; whether that can be done."""
        pending, count = [(last, 0, part)], 1
        while pending:
            level, _, part = pending[0]
            if level == 0 or self.at_first(part):
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
            if not self.at_first(fewer) and not self._leads(fewer, level - 1, besides=True):
                least = self._without(fewer)
        return least

    def _without(self, part: Part) -> Part:
        """What of a part of a state it rests on that nothing leads there, and what keeps the first state out."""
        core = self._solver.core()
        least = frozenset(literal for literal in part if self.after[literal] in core)
        return least | {min(part - self._open - self.first)} if self.at_first(least) else least

    def at_first(self, part: Part) -> bool:
        """Whether the first state has a part under some design."""
        return part - self._open <= self.first

    def _leads(self, part: Part, level: int, besides: bool = False) -> bool:
        """Whether a sweep leads to a part of a state from what is not ruled out at a level (``besides`` that part)."""
        there = [self.after[literal] for literal in part]
        if not besides:
            return self._ask([*self._before(level), *there])
        elsewhere = self._one_of(-literal for literal in part)
        found = self._ask([*self._before(level), elsewhere, *there])
        self._solver.clause([-elsewhere])
        return found

    def _found(self, there: Iterable[int]) -> Part:
        """What of the state before the sweep that was just found is enough for it to lead to what it leads to.

        Another state with that in it leads there by the same choices.
        """
        holds = self._solver.model()
        state = [literal for literal in self.after if literal in holds]
        chosen = [number if number in holds else -number for number in self.inputs]
        breaks = self._one_of([*self._not_due, *(-literal for literal in there)])
        found = self._put([breaks, *chosen, *state])
        return frozenset(state if found else self._solver.core().intersection(state))

    def _one_of(self, literals: Iterable[int]) -> int:
        """A literal to assume for one of some."""
        assumed = self.sweep.new_literal()
        self._solver.clause([-assumed, *literals])
        return assumed

    def _before(self, level: int) -> list[int]:
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


def _members(value: Value | Condition) -> Iterable[tuple[Decided, Condition]]:
    """For each value that a variable can have the condition that it has it."""
    return value.cases.items() if isinstance(value, Pick) else [(True, truth(value))]
