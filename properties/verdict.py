"""Verdicts: does a property hold under a configuration, how far does that reach, and why.

A satisfiable query becomes a trace that is made shortest and replayed on the machine; an unsatisfiable one
names the rules without which it would not be.
"""

from __future__ import annotations

import builtins
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from model.design import Configuration, Design
from model.machine import Machine, NotEnabledError, Step
from model.protocols import rules
from model.trace import Trace
from model.world import World
from properties.counting import Counter, happenings
from properties.security import Property, find
from properties.solver import Answer, Solver
from properties.template import Template
from properties.unroll import Unrolling

#: A run of so many actions has at most so many layers; most events happen within them.
EARLY = 9

Result = Literal["attack", "safe", "unknown"]


class ReplayError(RuntimeError):
    """A trace from the solver that the machine does not confirm: an error in this software, never a verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question.

    Attributes:
        result: ``attack``, ``safe`` or ``unknown`` (never to be read as safe). For a utility property,
            ``safe`` means that the run exists and ``attack`` that it does not.
        reach: how far the answer goes, in words.
        trace: the shortest attack (or, for a utility property, the shortest run that shows it).
        blocked_by: rules that together rule the event out; leaving any one of them out of this set lets it happen.
        alone: those of them that nothing else in the model makes up for: without that one rule it happens. Worked out
            for single questions only.
        seconds: wall time.
    """

    property: Property
    configuration: Configuration
    world: World
    result: Result
    reach: str
    trace: Trace | None
    blocked_by: tuple[str, ...]
    seconds: float
    alone: tuple[str, ...] = ()

    @builtins.property
    def steps(self) -> int | None:
        """Length of the trace."""
        return None if self.trace is None else len(self.trace.steps)

    def to_json(self) -> dict[str, Any]:
        """The verdict as data."""
        return {
            "property": self.property.name,
            "configuration": str(self.configuration),
            "world": self.world.name,
            "verdict": self.result,
            "reach": self.reach,
            "steps": self.steps,
            "blocked_by": list(self.blocked_by),
            "alone": list(self.alone),
            "sources": {name: rules()[name].source for name in self.blocked_by},
            "seconds": round(self.seconds, 4),
            "trace": None if self.trace is None else self.trace.to_json(),
        }


class Checker:
    """Answers questions, each in the world of its property (or all in one given world).

    A world is laid down when the first question about it is asked; later ones cost milliseconds. ``by_design``
    lays it down anew for each design, which pays where many questions in a row are about one.
    """

    def __init__(self, world: World | None = None, timeout: float | None = None, by_design: bool = False) -> None:
        self.world = world
        self.timeout = timeout
        self.by_design = by_design
        self._design: Design | None = None
        self._worlds: dict[World, WorldChecker] = {}

    def verdict(self, prop: Property | str, configuration: Configuration) -> Verdict:
        """Whether a property holds (raises ReplayError where the machine does not confirm a trace)."""
        asked = find(prop) if isinstance(prop, str) else prop
        return self._about(asked, configuration).verdict(asked, configuration)

    def result(self, prop: Property | str, configuration: Configuration) -> Result:
        """The result of a verdict alone: no trace and no rules, at a fraction of the price."""
        asked = find(prop) if isinstance(prop, str) else prop
        return self._about(asked, configuration).result(asked, configuration)

    def _about(self, asked: Property, configuration: Configuration) -> WorldChecker:
        world = self.world or asked.world_of(configuration.design)
        if self.by_design and self._design != configuration.design:
            self._design = configuration.design
            self._worlds.clear()
        if world not in self._worlds:
            self._worlds[world] = WorldChecker(world, self._design, self.timeout)
        return self._worlds[world]


class WorldChecker:
    """Answers questions about one world.

    The world is laid down with every design and attacker in it, or those of ``only``: a design, or one property
    under one configuration, which is the cheapest way to one answer.
    """

    def __init__(
        self,
        world: World,
        only: Design | tuple[Property, Configuration] | None = None,
        timeout: float | None = None,
        layers: int | None = None,
    ) -> None:
        self.world = world
        self.timeout = timeout
        self._single = isinstance(only, tuple)
        self.layers = world.layers if layers is None else layers
        template = Template(world, _asked(*only), (only[0].name,)) if isinstance(only, tuple) else Template(world, only)
        self._laid = Unrolling(template, self.layers)
        self._happens = happenings(self._laid)
        attackers = [literal for name, literal in self._happens.items() if name.startswith("attacker.")]
        self._length = Counter(self._laid, list(self._happens.values()))
        self._attackers = Counter(self._laid, attackers)
        self._solver = Solver(self._laid.clauses, self._laid.top)

    def verdict(self, prop: Property | str, configuration: Configuration) -> Verdict:
        """Whether a property holds.

        Raises:
            ReplayError: the machine does not confirm a trace; the result would be worthless.
        """
        started = time.perf_counter()
        asked = find(prop) if isinstance(prop, str) else prop
        judged = _asked(asked, configuration)
        fixed, answer = self._happening(asked, judged)
        made = Verdict(asked, judged, self.world, "unknown", "", None, (), 0.0)
        if answer is Answer.SAT:
            made = self._reached(made, fixed)
        elif answer is Answer.UNSAT and self.layers < self.world.layers:
            made = replace(made, reach=f"not within {self.layers} layers; longer runs were not looked at")
        elif answer is Answer.UNSAT:
            made = self._excluded(made, fixed)
        else:
            made = replace(made, reach="the solver gave up or ran out of time")
        return replace(made, configuration=configuration, seconds=time.perf_counter() - started)

    def result(self, prop: Property | str, configuration: Configuration) -> Result:
        """The result of a verdict alone: no trace and no rules, at a fraction of the price."""
        asked = find(prop) if isinstance(prop, str) else prop
        _, answer = self._happening(asked, _asked(asked, configuration))
        if answer is Answer.UNKNOWN or (answer is Answer.UNSAT and self.layers < self.world.layers):
            return "unknown"
        return "attack" if (answer is Answer.SAT) == (asked.kind == "security") else "safe"

    def _happening(self, prop: Property, judged: Configuration) -> tuple[list[int], Answer]:
        """Whether the property's event can happen, and the assumptions under which that was asked."""
        event = self._laid.events[prop.name]
        fixed = [*self._fix(judged), *self._irrelevant(prop)]
        if event is False:
            return fixed, Answer.UNSAT
        fixed.append(int(event))
        return fixed, self._check([*fixed, *self._laid.enforced.values()])

    # --- the two outcomes ------------------------------------------------------------------------------

    def _reached(self, made: Verdict, fixed: list[int]) -> Verdict:
        machine = Machine(made.configuration, self.world)
        steps, shortest = self._shorten([*fixed, *self._laid.enforced.values()], machine, made.property)
        trace = Trace(self.world, made.configuration, made.property.name, steps)
        attacks = made.property.kind == "security"
        reach = "shortest trace" if shortest else "a trace, not shown to be shortest"
        return replace(made, result="attack" if attacks else "safe", reach=reach, trace=trace)

    def _excluded(self, made: Verdict, fixed: list[int]) -> Verdict:
        safe = made.property.kind == "security"
        blocking = () if self._laid.events[made.property.name] is False else self._blocking(fixed)
        reach = f"complete for this world: no run has more than {self.world.layers} layers"
        alone = self._alone(fixed, blocking) if self._single else ()
        return replace(made, result="safe" if safe else "attack", reach=reach, blocked_by=blocking, alone=alone)

    def _alone(self, fixed: list[int], blocking: tuple[str, ...]) -> tuple[str, ...]:
        """The rules without any one of which the event happens, all others enforced."""
        enforced = self._laid.enforced

        def without(name: str) -> Answer:
            return self._check([*fixed, *(literal for other, literal in enforced.items() if other != name)])

        return tuple(name for name in blocking if without(name) is Answer.SAT)

    def _shorten(self, fixed: list[int], machine: Machine, prop: Property) -> tuple[tuple[Step, ...], bool]:
        """The fewest actions, then the fewest attacker actions among those; whether that is proved.

        Every run that the solver shows is replayed, and what it can do without is left out before asking for less.
        """
        best = without_noise(machine, prop, self._decode())
        bound: list[int] = []
        for counter, measure in ((self._length, len), (self._attackers, _attacker_steps)):
            while size := measure(best):
                layers = self._within(len(best) - 1 if measure is len else len(best))
                answer = self._check([*fixed, *bound, *layers, *counter.at_most(size - 1)])
                if answer is Answer.UNKNOWN:
                    return best, False
                if answer is Answer.UNSAT:
                    break
                best = without_noise(machine, prop, self._decode())
            bound += counter.at_most(size)
        return best, True

    def _within(self, layers: int) -> list[int]:
        """Assumptions that keep a run to so many layers, which it cannot exceed by having so many actions."""
        return self._laid.idle[layers : layers + 1]

    def _blocking(self, fixed: list[int]) -> tuple[str, ...]:
        """A minimal set of rules that rules the event out: none of them can be left out of it.

        References:
            U. Junker: QuickXplain, AAAI 2004.
        """
        names = {literal: name for name, literal in self._laid.enforced.items()}

        def explain(kept: list[int], among: list[int], grown: bool) -> list[int]:
            if grown and self._check([*fixed, *kept]) is Answer.UNSAT:
                return []
            if len(among) == 1:
                return among
            left, right = among[: len(among) // 2], among[len(among) // 2 :]
            from_right = explain([*kept, *left], right, True)
            from_left = explain([*kept, *from_right], left, bool(from_right))
            return from_left + from_right

        core = self._solver.core()
        candidates = [literal for literal in names if literal in core]
        return tuple(sorted(names[literal] for literal in explain([], candidates, True))) if candidates else ()

    # --- talking to the solver -------------------------------------------------------------------------

    def _check(self, assumptions: list[int]) -> Answer:
        return self._solver.check(assumptions, self.timeout)

    def _fix(self, configuration: Configuration) -> list[int]:
        """Assumptions that decide the design and the attacker."""
        design, laid = configuration.design, self._laid
        chosen = [literal for (name, value), literal in laid.switches.items() if design[name] == value]
        caps = [
            literal if name in configuration.capabilities else -literal for name, literal in laid.capabilities.items()
        ]
        return chosen + caps

    def _irrelevant(self, prop: Property) -> list[int]:
        """Assumptions that keep actions out on which the property cannot depend."""
        cone = self._laid.template.cones[prop.name]
        return [-literal for name, literal in self._happens.items() if name not in cone]

    def _decode(self) -> tuple[Step, ...]:
        """The run in the model, one action after the other."""
        happened = [fired for fired in self._laid.fired if self._solver.holds(fired.literal)]
        happened.sort(key=lambda fired: (fired.step, fired.firing.order))
        return tuple(
            Step(
                fired.firing.action.name,
                tuple(
                    (name, next(member for member, bit in cases if bit is True or self._solver.holds(int(bit))))
                    for name, cases in fired.chosen.items()
                ),
            )
            for fired in happened
        )


def confirm(trace: Trace, prop: Property) -> None:
    """Replay a trace on the machine and see the event happen there.

    Raises:
        ReplayError: the machine refuses a step, or the event does not hold in the last state.
    """
    _confirm(Machine(trace.configuration, trace.world), prop, trace.steps)


def _confirm(machine: Machine, prop: Property, steps: tuple[Step, ...]) -> None:
    try:
        last = machine.replay(steps)[-1]
    except NotEnabledError as error:
        raise ReplayError(f"internal error: {prop.name} under {machine.configuration}: {error}") from error
    if not prop.event(machine.world, machine.configuration.design, machine.view(last)):
        raise ReplayError(f"internal error: {prop.name} under {machine.configuration}: replay ends without the event")


def without_noise(machine: Machine, prop: Property, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The run without the steps that it can do without, after confirming it (raises ReplayError)."""
    _confirm(machine, prop, steps)
    for place in reversed(range(len(steps))):
        shorter = (*steps[:place], *steps[place + 1 :])
        with suppress(ReplayError):
            _confirm(machine, prop, shorter)
            steps = shorter
    return steps


def check(
    prop: Property | str, configuration: Configuration, world: World | None = None, timeout: float | None = None
) -> Verdict:
    """One verdict, the cheapest way: most events happen early, so the whole depth is laid down only if needed."""
    asked = find(prop) if isinstance(prop, str) else prop
    where, only = world or asked.world_of(configuration.design), (asked, configuration)
    early = WorldChecker(where, only, timeout, min(EARLY, where.layers)).verdict(asked, configuration)
    if early.steps is not None and early.steps <= EARLY:
        return early
    full = WorldChecker(where, only, timeout).verdict(asked, configuration)
    return replace(full, seconds=early.seconds + full.seconds)


def _asked(prop: Property, configuration: Configuration) -> Configuration:
    """What a question is about: a utility property is about honest parties, so nobody is dishonest."""
    return configuration if prop.kind == "security" else replace(configuration, capabilities=frozenset())


def _attacker_steps(steps: Iterable[Step]) -> int:
    return sum(step.action.startswith("attacker.") for step in steps)
