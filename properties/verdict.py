"""Verdicts: does a property hold under a configuration, how far does that reach, and why.

A satisfiable query becomes a trace that is made shortest and replayed on the machine; an unsatisfiable one is
proved for runs of any length and names the rules without which it would not be.
"""

from __future__ import annotations

import builtins
import time
from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from model.design import Configuration, Design, check_parties
from model.protocols import by_preference, rules
from model.trace import Trace
from model.world import World
from properties.attackers import of_bcp
from properties.bounds import FIRST, LIMIT, Bound, Clock, Depths, Laid, Settled
from properties.closure import Closure, Reached
from properties.completion import contradiction, usable
from properties.engine import Answer, Engine
from properties.invariant import Known, Search
from properties.minimal import OutOfTimeError, preferred
from properties.reads import not_read
from properties.reasons import UNDEFINED, Absent, absent, reason
from properties.results import Result
from properties.security import Property, find
from properties.shortest import Shortening
from properties.single import SINGLE
from properties.template import Own, Template

#: Sweeps, and seconds of the solver's work, after which a question gets a world with less in it than is there for many.
SWEEPS, SHARED = 4, 2.0
#: Seconds of the solver's work in which an invariant is searched, before it is shown that no run is longer.
SEARCHING = 20.0
#: Seconds of the solver's work after which the rules that block are named as far as they are known.
PATIENCE = 2.0
#: What is said where time ran out between safe and not in this world.
UNEARNED = "nothing violates it, but whether anything could if no rule were enforced was not found out in time"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question.

    Attributes:
        result: of a security property ``attack``, ``safe``, ``not_in_this_world`` (nothing here could violate it, so
            that it says nothing that it is not violated) or ``unknown``; of a utility property ``reached``,
            ``not_reached`` or ``unknown``, and ``not_in_this_world`` where its protocol has nothing of the kind.
            ``unknown`` is never to be read as anything else.
        reach: what the answer rests on, in words.
        trace: the shortest attack (or, for a utility property, the shortest run that shows it).
        blocked_by: rules that together rule the event out; leaving any one of them out of this set lets it happen.
        seconds: wall time.
        bound: how long the runs are that the answer covers, and whether that is proved to be all.
        blocked_by_minimal: none of the rules can be left out; false where there was no time to find out.
        reason: why it is not in this world or not known; empty otherwise.
        elsewhere: larger worlds in which it was asked as well, and with what result.
    """

    property: Property
    configuration: Configuration
    world: World
    result: Result
    reach: str
    trace: Trace | None
    blocked_by: tuple[str, ...]
    seconds: float
    bound: Bound | None = None
    blocked_by_minimal: bool = True
    reason: str = ""
    elsewhere: tuple[tuple[str, Result], ...] = ()

    @builtins.property
    def steps(self) -> int | None:
        """Length of the trace."""
        return None if self.trace is None else len(self.trace.steps)

    @builtins.property
    def not_read(self) -> tuple[str, ...]:
        """What is known of the design's client that the world did not look at (:func:`properties.reads.not_read`)."""
        return not_read(self.world, self.configuration.design)

    @builtins.property
    def holds(self) -> bool:
        """Whether it is as one would have it: no attack where there could be one, or a run that is wanted."""
        return self.result in ("safe", "reached")

    def to_json(self) -> dict[str, Any]:
        """The verdict as data."""
        return {
            "property": self.property.name,
            "configuration": str(self.configuration),
            "attacker": of_bcp(self.configuration.capabilities),
            "world": self.world.name,
            "verdict": self.result,
            "reason": self.reason,
            "not_read": list(self.not_read),
            "reach": self.reach,
            "bound": None if self.bound is None else self.bound.to_json(),
            "steps": self.steps,
            "blocked_by": list(self.blocked_by),
            "blocked_by_minimal": self.blocked_by_minimal,
            "sources": {name: rules(self.configuration.model)[name].source for name in self.blocked_by},
            "seconds": round(self.seconds, 4),
            "trace": None if self.trace is None else self.trace.to_json(),
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question: the property, what it is about, and the time that is left for it."""

    prop: Property
    configuration: Configuration
    clock: Clock

    def given(self, template: Template) -> list[int]:
        """The same for a template, as codes of its circuit."""
        design, capabilities = self.configuration.design, self.configuration.capabilities
        decided = [(design.of(name) == value, bit) for (name, value), bit in template.switches.items()]
        decided += [(name in capabilities, bit) for name, bit in template.capabilities.items()]
        return [bit.code if holds else -bit.code for holds, bit in decided]

    def fixed(self, laid: Laid) -> list[int]:
        """Assumptions that decide design and attacker, and keep out actions on which the property cannot depend."""
        design, capabilities = self.configuration.design, self.configuration.capabilities
        open_ones = laid.unrolling
        chosen = [literal for (name, value), literal in open_ones.switches.items() if design.of(name) == value]
        caps = [literal if name in capabilities else -literal for name, literal in open_ones.capabilities.items()]
        return [*chosen, *caps, *laid.without(self.prop.name)]


class WorldChecker:
    """Answers questions about one world.

    The world is laid down with every design and attacker in it, or those of ``only``: a design, a configuration, or one
    property under one configuration, which is the cheapest way to one answer. ``own`` names the switches that its
    designs have for single parties, ``solver`` is who answers; it may ``work`` for so many seconds on a question.
    What is ``known`` to be out of reach in the world under other configurations is tried first.
    """

    def __init__(
        self,
        world: World,
        only: Design | Configuration | tuple[Property, Configuration] | None = None,
        timeout: float | None = None,
        patience: float | None = None,
        own: Own = (),
        solver: type[Engine] = SINGLE,
        work: float | None = None,
        known: Known | None = None,
    ) -> None:
        self.world = world
        self.timeout = timeout
        self.work = work
        self.patience = PATIENCE if patience is None else patience
        self._solver = solver
        self._single = isinstance(only, tuple | Configuration)
        self._of_design = isinstance(only, Design)
        if isinstance(only, tuple):
            made = Template(world, judged(*only), (only[0].name,))
        else:
            made = Template(world, only, own=own)
        self._depths = Depths(made, LIMIT if self._single else SWEEPS, growing=self._single, solver=solver)
        self._closure = Closure(made)
        self._about: tuple[Configuration | tuple[Property, Configuration], WorldChecker] | None = None
        self._seen: tuple[Configuration | None, dict[frozenset[str], Reached]] = (None, {})
        self._closely: dict[frozenset[str], Reached] = {}
        self._searches: dict[frozenset[str], Search] = {}
        self._ruled_out: Known = {} if known is None else known
        self._known_absent: dict[tuple[str, Design], Absent] = {}

    @property
    def rules(self) -> frozenset[str]:
        """The names of the rules that some step of the world asks."""
        return frozenset(self._depths.template.enforced)

    def verdict(self, prop: Property | str, configuration: Configuration) -> Verdict:
        """Whether a property holds.

        Raises:
            ReplayError: the machine does not confirm a trace; the result would be worthless.
        """
        started = time.perf_counter()
        asked = self._ask(prop, configuration)
        made = Verdict(asked.prop, asked.configuration, self.world, "unknown", "", None, (), 0.0)
        if not asked.prop.defined(self.world):
            made = replace(made, result="not_in_this_world", reach=UNDEFINED, reason=UNDEFINED)
        else:
            found = self._settle(asked, naming=True)
            if found.answer is Answer.SAT:
                made = self._reached(made, asked, found)
            elif found.answer is Answer.UNSAT:
                made = self._excluded(made, asked, found)
            else:
                reach = f"{self._where()}; not within {found.laid.depth} sweeps as far as was looked"
                made = replace(made, reach=reach, bound=found.bound, reason=found.reason)
        return replace(made, configuration=configuration, seconds=time.perf_counter() - started)

    def result(self, prop: Property | str, configuration: Configuration, earned: bool = True) -> Result:
        """The result of a verdict alone (:meth:`properties.checker.Checker.result`)."""
        asked = self._ask(prop, configuration)
        security = asked.prop.kind == "security"
        if not asked.prop.defined(self.world):
            return "not_in_this_world"
        excluded = self._out_of_reach(asked, self._depths.template.enforced)
        if security and excluded and self._out_of_reach(asked, ()):
            return "not_in_this_world"
        answer = Answer.UNSAT if excluded else self._settle(asked).answer
        if answer is Answer.UNKNOWN:
            return "unknown"
        if answer is Answer.SAT:
            return "attack" if security else "reached"
        if not security:
            return "not_reached"
        if not earned:
            return "safe"
        possible = self._lawless(asked).answer
        if possible is not Answer.SAT:
            return "unknown" if possible is Answer.UNKNOWN else "not_in_this_world"
        usual = usable(self.world, asked.configuration.design, self._single, self._solver)
        return "safe" if usual else "not_in_this_world"

    def happens(
        self, prop: Property | str, configuration: Configuration, enforced: Iterable[str] | None = None
    ) -> Settled:
        """Whether the event can happen where just these rules are enforced (all of them, if none are named)."""
        asked, every = self._ask(prop, configuration), self._depths.template.enforced
        named = every if enforced is None else [name for name in enforced if name in every]
        return self._settle(asked, named, naming=True)

    def excluded(
        self, prop: Property | str, configuration: Configuration, enforced: Iterable[str] | None = None
    ) -> bool:
        """Whether relaxed reachability alone shows that it cannot; nothing is said where it does not."""
        every = self._depths.template.enforced
        return self._out_of_reach(self._ask(prop, configuration), every if enforced is None else enforced)

    def _out_of_reach(self, asked: _Asked, enforced: Iterable[str]) -> bool:
        """Whether what leads to the event is out of reach where these rules are enforced, in runs of any length."""
        event = self._depths.template.events[asked.prop.name]
        return event is False or not self._possible(asked, enforced).possible(event)

    def _possible(self, asked: _Asked, enforced: Iterable[str]) -> Reached:
        """What is not out of reach where these rules are enforced."""
        if asked.configuration != self._seen[0]:  # other properties are asked about the same one
            self._seen = asked.configuration, {}
        known, names, every = self._seen[1], frozenset(enforced), frozenset(self._depths.template.enforced)
        if every not in known:
            known[every] = self._closure.reached(asked.given(self._depths.template), every)
        if names not in known:
            known[names] = known[every].also(self._closure.released(names))
        return known[names]

    def _closest(self, asked: _Asked, enforced: Iterable[str]) -> Reached:
        """The same looked at more closely, which takes longer: where the world is laid down for one configuration."""
        names = frozenset(enforced)
        if names not in self._closely:
            self._closely[names] = self._closure.closest(asked.given(self._depths.template), names)
        return self._closely[names]

    def _search(self, asked: _Asked, enforced: Iterable[str]) -> Search:
        """What looks for invariants where these rules are enforced; of those that were made the last two are kept."""
        names = frozenset(enforced)
        if names not in self._searches:
            for earlier in list(self._searches)[:-1]:
                del self._searches[earlier]
            self._searches[names] = Search(self._depths.template, self._closest(asked, names), names, self._ruled_out)
        return self._searches[names]

    def _lawless(self, asked: _Asked) -> Settled:
        """Whether the event could happen if no rule were enforced: what separates safe from not in this world.

        There is no limit but that of the question itself, or the answer would be another one on a slower machine.
        """
        return self._settle(asked, ())

    def _absent(self, asked: _Asked) -> Absent:
        """What would bring an event about that nothing brings about; the same for whatever attacker has none of it."""
        name, design = asked.prop.name, asked.configuration.design

        def laid(design: Design | None) -> Laid:
            own = tuple(asked.configuration.design.parties) if design is None else ()
            return Laid(Template(self.world, design, (name,), own=own), FIRST, self._solver)

        if (name, design) not in self._known_absent:
            among_many = None if self._single else self._depths.at_least(FIRST)
            given = among_many or laid(design)
            opened = partial(laid, None) if among_many is None or self._of_design else lambda: given
            self._known_absent[name, design] = absent(asked.prop, asked.configuration, given, opened)
        return self._known_absent[name, design]

    def _ask(self, prop: Property | str, configuration: Configuration) -> _Asked:
        asked = find(prop, configuration.model) if isinstance(prop, str) else prop
        return _Asked(asked, judged(asked, configuration), Clock(self.timeout, self.work))

    def _settle(
        self,
        asked: _Asked,
        enforced: Iterable[str] | None = None,
        sweeps: int = 0,
        naming: bool = False,
        deep: bool = True,
    ) -> Settled:
        """Whether the event can happen where these rules are enforced, or all of them.

        The solver is given what is out of reach. Where rules are to be named it is not given what they put out of
        reach, or its reasons would not be the rules. What is not settled within the sweeps that questions share is laid
        down for itself, if it is worth looking so ``deep``.
        """
        names = tuple(self._depths.template.enforced if enforced is None else enforced)
        counted: tuple[str, ...] = () if naming else names
        able = self._possible(asked, counted).actions

        def assume(laid: Laid) -> list[int]:
            unable = [-literal for action, literal in laid.happens.items() if action not in able]
            enforced = laid.unrolling.enforced
            return [*asked.fixed(laid), *unable, *(enforced[name] for name in names if name in enforced)]

        looks = count()

        def closed() -> bool:
            nonlocal able
            if self._out_of_reach(asked, names) or not self._single:
                return self._out_of_reach(asked, names)
            able = self._closest(asked, counted).actions
            reached, template = self._closest(asked, names), self._depths.template
            if not reached.possible_at_once(template.events[asked.prop.name]):
                return True
            if next(looks):
                return False
            return self._search(asked, names).excludes(asked.prop.name, asked.clock.within(SEARCHING))

        clock = asked.clock if self._single else asked.clock.within(SHARED)
        found = self._depths.settle(asked.prop.name, assume, clock, sweeps, closed)
        if deep and found.answer is Answer.UNKNOWN and not self._single and not asked.clock.over:
            return self._narrow(asked)._settle(asked, names, naming=naming)
        return found

    def _narrow(self, asked: _Asked) -> WorldChecker:
        """The world with nothing in it but what a question is about: dearer to make, and with shorter runs.

        Of one design many questions are asked under the same configuration, so that they share what is made for that.
        """
        configuration = judged(asked.prop, asked.configuration)
        about = configuration if self._of_design else (asked.prop, configuration)
        if self._about is None or self._about[0] != about:
            self._about = (
                about,
                WorldChecker(
                    self.world, about, self.timeout, self.patience, (), self._solver, self.work, self._ruled_out
                ),
            )
        return self._about[1]

    def _where(self) -> str:
        """The world in words: who takes part in it."""
        world = self.world
        cast = {"session": world.sessions, "server": world.servers, "resource URL": world.resource_urls}
        counted = ", ".join(f"{len(those)} {name}{'s' * (len(those) != 1)}" for name, those in cast.items())
        return f"world {world.name} ({getattr(world, 'reach', '') or counted})"

    # --- the event happens -----------------------------------------------------------------------------

    def _reached(self, made: Verdict, asked: _Asked, found: Settled) -> Verdict:
        clock = asked.clock if self._single else asked.clock.within(SHARED)
        looking = Shortening(asked.prop, made.configuration, self.world, self._depths, asked.fixed, clock)
        steps, shortest = looking.shortest(found.laid)
        if not (shortest or self._single):
            alone = self._narrow(asked)
            again = alone._settle(asked, naming=True)
            if again.answer is Answer.SAT:
                return alone._reached(made, asked, again)
        trace = Trace(self.world, made.configuration, asked.prop.name, steps)
        result: Result = "attack" if asked.prop.kind == "security" else "reached"
        reach = "shortest trace" if shortest else "a trace, not shown to be shortest"
        return replace(made, result=result, reach=f"{reach}; {self._where()}", trace=trace, bound=found.bound)

    # --- the event does not happen ---------------------------------------------------------------------

    def _excluded(self, made: Verdict, asked: _Asked, found: Settled) -> Verdict:
        blocking = self._blocking(asked, found)
        lawless = None if blocking.rules and blocking.minimal else self._lawless(asked)
        possible = Answer.SAT if lawless is None else lawless.answer
        if lawless is not None and possible is Answer.UNSAT:
            blocking = _Blocking((), True, lawless.bound.sweeps)
        made = replace(
            made,
            blocked_by=blocking.rules,
            blocked_by_minimal=blocking.minimal,
            bound=replace(found.bound, named_rules=blocking.sweeps),
        )
        made = replace(made, reach=f"complete for {self._where()}: {_words(made)}")
        if asked.prop.kind != "security":
            return replace(made, result="not_reached")
        if possible is Answer.UNKNOWN:
            return replace(made, result="unknown", reason=UNEARNED)
        if possible is Answer.UNSAT:  # that no rule has been named in time does not make it so
            why = reason(self.world, asked.configuration, self._absent(asked))
            return replace(made, result="not_in_this_world", reason=why)
        unusable = contradiction(self.world, asked.configuration.design, self._single, self._solver)
        if unusable is not None:
            return replace(made, result="not_in_this_world", reason=str(unusable))
        return replace(made, result="safe")

    def _blocking(self, asked: _Asked, found: Settled) -> _Blocking:
        """A minimal set of rules that rules the event out: none of them can be left out of it.

        Where the other rules are left out, runs can be longer than those that were looked at, and get around the set:
        then there is a larger one to be found among those longer runs. How long they can be at most is looked into as
        deep as it takes for a single question only.
        """
        patience = Clock(work=self.patience)
        while True:
            kept, least = self._least(asked, found, patience)
            names = tuple(sorted(kept))
            covering = self._settle(replace(asked, clock=patience), names, deep=False)
            if covering.answer is Answer.UNSAT:
                return _Blocking(names, least, covering.bound.sweeps)
            if covering.answer is Answer.SAT and not patience.over:
                deeper = self._settle(asked, sweeps=covering.laid.depth, naming=True)
                if deeper.answer is Answer.UNSAT:
                    found = deeper
                    continue
            return _Blocking(names, least and covering.answer is Answer.UNKNOWN, None)

    def _least(self, asked: _Asked, found: Settled, patience: Clock) -> tuple[list[str], bool]:
        """The least of the rules that rule the event out within the sweeps laid down, and whether it is known to be.

        Of several such sets it is always the same one, no matter who asks and what else was asked.
        """
        laid, fixed, enforced = found.laid, asked.fixed(found.laid), found.laid.unrolling.enforced
        candidates = [enforced[name] for name in by_preference(self.world.model) if name in enforced]

        def refute(kept: list[int]) -> Set[int] | None:
            answer = laid.event(asked.prop.name, [*fixed, *kept], patience)
            if answer is Answer.UNKNOWN:
                raise OutOfTimeError
            return laid.solver.core() if answer is Answer.UNSAT else None

        kept, least = preferred(candidates, found.core, refute)
        return [name for name, literal in enforced.items() if literal in kept], least

    def needed(
        self, prop: Property | str, configuration: Configuration, among: Iterable[str]
    ) -> tuple[str, ...] | None:
        """The rules without any one of which the event happens, all others enforced; ``None`` if that is not known."""
        asked, every = self._ask(prop, configuration), self._depths.template.enforced
        answers = {name: self._settle(asked, [other for other in every if other != name]).answer for name in among}
        if Answer.UNKNOWN in answers.values():
            return None
        return tuple(name for name, answer in answers.items() if answer is Answer.SAT)


@dataclass(frozen=True, slots=True)
class _Blocking:
    """Rules that rule an event out: whether any could be left out, and the sweeps of runs with these rules alone."""

    rules: tuple[str, ...]
    minimal: bool
    sweeps: int | None


def _words(made: Verdict) -> str:
    """What the bound of an answer is, in words."""
    bound = made.bound
    if bound is None or not (bound.sweeps or bound.any_length):
        return "the design alone rules the event out"
    words = f"covers runs of any length (bound {bound.sweeps} proved)"
    if bound.any_length:
        words = "proved for runs of any length"
    if not made.blocked_by and not made.blocked_by_minimal:
        return f"{words}; there was no time to find out which rules see to that"
    fewer = "" if made.blocked_by_minimal else "; fewer rules may be enough"
    if bound.named_rules is None:
        return f"{words}; the rules named are shown to be enough within this bound only{fewer}"
    return words + fewer


def check(
    prop: Property | str,
    configuration: Configuration,
    world: World | None = None,
    timeout: float | None = None,
    patience: float | None = None,
) -> Verdict:
    """One verdict, the cheapest way: nothing is laid down but what this question is about."""
    asked = find(prop, configuration.model) if isinstance(prop, str) else prop
    where = world or asked.world_of(configuration)
    check_parties(configuration.design, where)
    return WorldChecker(where, (asked, configuration), timeout, patience).verdict(asked, configuration)


def needed(found: Verdict, timeout: float | None = None) -> tuple[str, ...] | None:
    """Which of the rules that block nothing else makes up for; ``None`` if that was not found out in time."""
    asked = found.property, found.configuration
    return WorldChecker(found.world, asked, timeout).needed(*asked, found.blocked_by)


def judged(prop: Property, configuration: Configuration) -> Configuration:
    """What a question is about: a utility property is about honest parties, so nobody is dishonest."""
    return configuration if prop.kind == "security" else replace(configuration, capabilities=frozenset())
