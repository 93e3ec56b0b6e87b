"""How deep a question has to be looked at: bounds that are found and proved, question by question.

A world is laid down three sweeps deep (see :mod:`properties.unroll`), then one more at a time. An event that cannot
happen within them cannot happen at all once no action can happen in the last of them: a run in which every action
happens as early as it can uses each sweep before the last that it uses, so that a longer run would have had something
to do there.

References:
    A. Biere, A. Cimatti, E. Clarke, Y. Zhu: Symbolic Model Checking without BDDs, TACAS 1999 (completeness thresholds).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from properties.counting import Counter as Totalizer
from properties.engine import Answer, Engine
from properties.single import SINGLE
from properties.template import Template
from properties.unroll import Unrolling

#: Sweeps of the first look, and of the last one.
FIRST, LIMIT = 3, 20


#: The work that asking is, whatever it takes to answer.
_ASKING = 0.001


class Clock:
    """What is left of the time for a question; ``None`` is all the time in the world.

    Args:
        seconds: the time that may pass.
        work: the seconds that the solver may work, counted in its steps (:meth:`properties.engine.Engine.check`): what
            is found out within them is the same on every machine, however busy it is.
        within: a clock whose limits hold as well.
    """

    def __init__(self, seconds: float | None = None, work: float | None = None, within: Clock | None = None) -> None:
        self._end = None if seconds is None else time.perf_counter() + seconds
        self._work = work
        self._within = within

    @property
    def left(self) -> float | None:
        """Seconds that may pass, never less than none."""
        own = None if self._end is None else max(0.0, self._end - time.perf_counter())
        return _least(own, None if self._within is None else self._within.left)

    @property
    def work(self) -> float | None:
        """Seconds that the solver may work, never less than none."""
        own = None if self._work is None else max(0.0, self._work)
        return _least(own, None if self._within is None else self._within.work)

    def within(self, work: float) -> Clock:
        """A clock that is over after so much work, if this one is not over before; what it spends, this one spends."""
        return Clock(work=work, within=self)

    def spend(self, worked: float) -> None:
        """A question was asked, on which the solver worked for so many seconds."""
        if self._work is not None:
            self._work -= worked + _ASKING
        if self._within is not None:
            self._within.spend(worked)

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return 0.0 in (self.left, self.work)


def _least(*limits: float | None) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True, slots=True)
class Bound:
    """How long the runs are that an answer covers.

    Attributes:
        sweeps: so many sweeps were covered.
        proved: no run of the question has more.
        named_rules: no run has more than so many where only the rules that the answer names are enforced, which makes
            runs longer; ``None`` where that was not proved, or not asked.
        any_length: the answer needs no bound, since what leads to the event is out of reach in runs of any length.
    """

    sweeps: int
    proved: bool
    named_rules: int | None = None
    any_length: bool = False

    def to_json(self) -> dict[str, Any]:
        """The bound as data."""
        return {
            "sweeps": self.sweeps,
            "proved": self.proved,
            "named_rules": self.named_rules,
            "any_length": self.any_length,
        }


class Laid:
    """A world laid down to some depth, with all that questions about it assume.

    Attributes:
        happens: for each action, a literal implied by its happening.
        length, attackers: how many actions, and how many of the attacker's, a run has.
    """

    def __init__(self, template: Template, depth: int, solver: type[Engine] = SINGLE) -> None:
        self.unrolling = Unrolling(template, depth)
        self.happens = self.unrolling.happens
        self._often: set[str] = set()
        self._count()
        self.solver = solver(self.unrolling.clauses, self.unrolling.top)

    def _count(self) -> None:
        """Add up the actions of a run: once each, those that happen often as often as they do."""
        once = {name: [literal] for name, literal in self.happens.items() if name not in self._often}
        for fired in self.unrolling.fired:
            if fired.firing.action.name in self._often:
                once.setdefault(fired.firing.action.name, []).append(fired.literal)
        attackers = [literals for name, literals in once.items() if name.startswith("attacker.")]
        self.length = Totalizer(self.unrolling, list(chain(*once.values())))
        self.attackers = Totalizer(self.unrolling, list(chain(*attackers)))

    def count_often(self, names: Iterable[str]) -> bool:
        """Count what happens more than once among these as often as it does; whether that is anything new."""
        often = {name for name, times in Counter(names).items() if times > 1} - self._often
        if often:
            start = len(self.unrolling.clauses)
            self._often |= often
            self._count()
            self.solver.add(self.unrolling.clauses[start:], self.unrolling.top)
        return bool(often)

    @property
    def depth(self) -> int:
        """How many sweeps there are."""
        return self.unrolling.depth

    @property
    def used(self) -> int:
        """How many sweeps the run that was just found has."""
        return 1 + max((fired.step for fired in self.unrolling.fired if self.solver.holds(fired.literal)), default=-1)

    @property
    def longer(self) -> int:
        """A literal to assume for "something happens in the last sweep"."""
        return self.unrolling.layers[-1]

    def longest(self, assumptions: list[int], clock: Clock) -> int:
        """How many sweeps runs have at most where none has as many as are laid down: the same from any depth on.

        One that has no more than were laid down first is not looked at more closely.
        """
        most = self.depth - 1
        while most >= FIRST and self.check([*assumptions, self.unrolling.layers[most - 1]], clock) is Answer.UNSAT:
            most -= 1
        return most

    def grow(self) -> None:
        """Lay down one more sweep; what the solver has learned of those before it stays true."""
        start = len(self.unrolling.clauses)
        self.unrolling.grow()
        if self._often:
            self._count()
        self.solver.add(self.unrolling.clauses[start:], self.unrolling.top)

    def check(self, assumptions: list[int], clock: Clock) -> Answer:
        """Whether there is a run under the assumptions; not asked where no time is left."""
        if clock.over:
            return Answer.UNKNOWN
        answer = self.solver.check(assumptions, clock.left, clock.work)
        clock.spend(self.solver.worked)
        return answer

    def event(self, name: str, assumptions: list[int], clock: Clock) -> Answer:
        """Whether an event happens in such a run."""
        event = self.unrolling.events[name]
        return Answer.UNSAT if event is False else self.check([*assumptions, int(event)], clock)

    def without_one_of(self, actions: Iterable[str]) -> int:
        """A literal to assume for "one of these actions does not happen"."""
        chosen = self.unrolling.new_literal()
        self.solver.clause([-chosen, *(-self.happens[name] for name in dict.fromkeys(actions))])
        return chosen

    def without(self, name: str) -> list[int]:
        """Assumptions that keep actions out on which a property cannot depend."""
        cone = self.unrolling.template.cones[name]
        return [-literal for action, literal in self.happens.items() if action not in cone]


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether an event can happen, and where that was seen.

    Attributes:
        laid: the world as it was laid down for the answer; its solver has the model where there is one.
        bound: the sweeps that the answer covers; proved only where it is that the event cannot happen.
        core: the assumptions that rule the event out already, where it cannot happen within those sweeps.
        reason: why nothing is known, where nothing is.
    """

    answer: Answer
    laid: Laid
    bound: Bound
    core: frozenset[int] = frozenset()
    reason: str = ""


class Depths:
    """A world at as many depths as its questions need, each laid down once.

    A later question starts at the depth that sufficed for most of the earlier ones: one that starts deeper than it
    needs pays for every sweep, one that starts too early for a few milliseconds of looking; none is looked at deeper
    than ``limit`` sweeps. Where there are few questions (``growing``) one world that gets deeper is quicker than one
    for each depth. ``solver`` answers. How long the longest run is that an answer covers is not ``measured`` where it
    does not matter.
    """

    def __init__(
        self,
        template: Template,
        limit: int = LIMIT,
        growing: bool = False,
        solver: type[Engine] = SINGLE,
        measured: bool = True,
    ) -> None:
        self.template = template
        self.limit = limit
        self._growing = growing
        self._solver = solver
        self._sufficed: Counter[int] = Counter()
        self._measured = measured
        self._ruled_out: defaultdict[int, list[set[int]]] = defaultdict(list)
        self._always: dict[int, set[int]] = {}
        self._laid: dict[int, Laid] = {}

    def at_least(self, sweeps: int) -> Laid:
        """The world laid down to so many sweeps, or more."""
        depth = max(FIRST, sweeps)
        key = FIRST if self._growing else depth
        laid = self._laid.get(key)
        if laid is None:
            laid = self._laid[key] = Laid(self.template, depth, self._solver)
        while laid.depth < depth:
            laid.grow()
        return laid

    @property
    def _start(self) -> int:
        return self._sufficed.most_common(1)[0][0] if self._sufficed else FIRST

    def settle(
        self,
        name: str,
        assume: Callable[[Laid], list[int]],
        clock: Clock,
        sweeps: int = 0,
        closed: Callable[[], bool] = lambda: False,
        prove: bool = True,
    ) -> Settled:
        """Whether a property's event can happen under assumptions, looked at as deep as that takes (or ``sweeps``).

        ``closed`` may know that it cannot, whatever the length of a run (see :mod:`properties.closure`). Without
        ``prove`` the first look is the last: that there is no longer run either is not shown.
        """
        laid = self.at_least(max(sweeps, self._start if prove else FIRST))
        longest: list[int] | None = None  # what was assumed where a run used all the sweeps but the last
        while True:
            assumptions = assume(laid)
            answer = laid.event(name, assumptions, clock)
            if answer is not Answer.UNSAT:
                return _settled(answer, laid)
            impossible = laid.unrolling.events[name] is False
            core = frozenset() if impossible else frozenset(laid.solver.core())
            if self.template.events[name] is False:
                return Settled(answer, laid, Bound(0, True), core)
            if not prove:
                return Settled(answer, laid, Bound(laid.depth, False), core)
            if closed():
                return Settled(answer, laid, Bound(0, True, any_length=True), core)
            longer = self._longer(laid, assumptions, clock)
            if longer is Answer.UNSAT:
                self._sufficed[laid.depth] += 1
                known = assumptions == longest or not self._measured
                most = laid.depth - 1 if known else laid.longest(assumptions, clock)
                return Settled(answer, laid, Bound(most, True), core)
            if longer is Answer.UNKNOWN:
                return _settled(longer, laid)
            if laid.depth >= self.limit:
                why = f"runs have more than {laid.depth} sweeps, and no more than {self.limit} are looked at"
                return Settled(Answer.UNKNOWN, laid, Bound(laid.depth, False), core, why)
            laid, longest = self.at_least(laid.depth + 1), assumptions

    def _longer(self, laid: Laid, assumptions: list[int], clock: Clock) -> Answer:
        """Whether there is a run longer than what is laid down.

        Where nothing is measured, what has ruled such runs out before is good for whatever assumes as much. Of a
        question that does not, what it has in common with those before it is tried first: that is likely to matter.
        """
        if self._measured:
            return laid.check([*assumptions, laid.longer], clock)
        known = self._ruled_out[laid.depth]
        if any(core.issubset(assumptions) for core in known):
            return Answer.UNSAT
        always = self._always[laid.depth] = self._always.get(laid.depth, set(assumptions)).intersection(assumptions)
        common = max((core.intersection(assumptions) - always for core in known), key=len, default=None)
        answer = Answer.UNKNOWN
        for assumed in (assumptions,) if common is None else (sorted(always | common), assumptions):
            answer = laid.check([*assumed, laid.longer], clock)
            if answer is Answer.UNSAT:
                known.append(laid.solver.core() - {laid.longer})
                break
        return answer


def _settled(answer: Answer, laid: Laid) -> Settled:
    unknown = "the solver gave up or ran out of time" if answer is Answer.UNKNOWN else ""
    return Settled(answer, laid, Bound(laid.depth, False), reason=unknown)
