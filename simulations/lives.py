"""One world in time: agents, users, servers, caches and approvals that are drawn once and met again and again.

What a call comes to is decided by the plan of the visit (:mod:`simulations.visits`), read for all residents together;
what is here takes time and remembers. What arrays cannot carry is in it: servers with a queue, documents that many
fetch at once, users who answer one prompt after the other and get tired of it (:mod:`simulations.counterparts`),
refresh tokens that two use at a time, tokens that end in the middle of a task, keys and servers that change. Without
any of that every call ends as its first contact does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from simulations import draws
from simulations.attempts import COLUMN
from simulations.calls import (
    INTERRUPTIONS,
    NOTHING,
    PROMPTS,
    QUANTITIES,
    RACES,
    REFRESHES,
    REQUESTS,
    SECONDS,
    Call,
    Calls,
    calls,
    warming,
)
from simulations.counterparts import NEVER, Counterparts
from simulations.harms import strategy
from simulations.reader import told
from simulations.residents import Residents, settle
from simulations.results import measured
from simulations.standings import JudgedConnections, TimedPlan
from simulations.stations import TurnedAway, Waiting
from simulations.units import ATTACKERS_MET, LIKELIHOOD, Sums, Tally, Unit
from simulations.visits import Label

#: What is measured once in a world: the busiest second of the host of some document, and of an AS that publishes keys.
PEAKS = ("document_fetches_in_the_busiest_second", "key_fetches_in_the_busiest_second")
DAY = 86_400.0

_ATTACKER, _CONSENT, _TOKEN, _REQUEST = (COLUMN[name] for name in ("attacker", "consent", "token", "request"))


def count(unit: Unit) -> Tally:
    """Live in the world of a unit under every arm and count what becomes of the calls after its warm-up."""
    options = told(unit)
    living = settle(unit.population, unit.seed, unit.adoption, options[ATTACKERS_MET])
    tally = tallied(live(unit, living, calls(unit, living, options), options))
    if options[ATTACKERS_MET]:
        once = Sums(1, living.likelihood, living.likelihood**2, 0, 0)
        tally.sums |= dict.fromkeys(product((LIKELIHOOD,), range(len(unit.arms))), once)
    return tally


def live(unit: Unit, living: Residents, called: Iterator[Calls], options: dict[str, float]) -> list[LivedWorld]:
    """The world under each arm, when all calls have ended."""
    judged = JudgedConnections(living, unit.arms, strategy(unit.strategy))
    worlds = [LivedWorld(unit, arm, living, options, judged) for arm in range(len(unit.arms))]
    for chunk in called:
        for world in worlds:
            world.admit(chunk)
    for world in worlds:
        world.clock.run()
    return worlds


def tallied(worlds: Sequence[LivedWorld]) -> Tally:
    """What became of the calls of a unit."""
    tally = Tally()
    ended = [world.ended for world in worlds]
    tally.endings.update(zip(*ended, strict=True))
    accepted = [np.array([label.kind == "success" for label in labels], dtype=float) for labels in ended]
    bills = [np.ascontiguousarray(world.bills.T) for world in worlds]
    for arm, world in enumerate(worlds):
        for name, values, first in zip(QUANTITIES, bills[arm], bills[0], strict=True):
            tally.sums[name, arm] = measured(values, first, (accepted[arm], accepted[0]))
        for name, peak, other in zip(PEAKS, _peaks(world), _peaks(worlds[0]), strict=True):
            tally.sums[name, arm] = measured([peak], [other])
    return tally


def _peaks(world: LivedWorld) -> Iterator[float]:
    fetched: tuple[Counter[tuple[int, int]], ...] = world.others.fetches, world.others.key_fetches
    return (float(max(each.values(), default=0)) for each in fetched)


# --- the world -----------------------------------------------------------------------------------------------


class AgentTokens:
    """What an agent holds for a connection; times are when it stops being good.

    ``since``: when the token was issued, and so when the refresh token became the one that it is; ``refreshed``: how
    often; ``grant``: which of the user's approvals all of it came of; ``easy``: the walk of a call, where what is at
    hand may make it one that nobody else has to do with.
    """

    __slots__ = ("easy", "grant", "metadata_until", "refresh_until", "refreshed", "since", "token_until")

    def __init__(self, easy: TimedPlan | None) -> None:
        self.metadata_until = self.token_until = self.refresh_until = self.since = -1.0
        self.refreshed = self.grant = 0
        self.easy = easy


class LivedWorld:
    """A world under one arm: its clock, its agents, and what these remember of all others."""

    def __init__(
        self, unit: Unit, arm: int, living: Residents, options: dict[str, float], judged: JudgedConnections
    ) -> None:
        number, codes = unit.population.number, judged.codes.tolist()
        self.clock = simpy.Environment()
        self.arm, self.living, self.options, self.judged = arm, living, options, judged
        self.codes: list[int] = living.codes.tolist()
        self.facts = {code: judged.facts(arm, code) for code in codes}
        self.attacked = {code: judged.is_attacked(code) for code in codes}
        self.others = Counterparts(
            self.clock, living, options, self.facts, number("lifetime.client_metadata"), unit.seed
        )
        self.metadata_lifetime, self.token_lifetime = number("metadata_lifetime"), number("token_lifetime")
        self.refresh_lifetime = number("lifetime.refresh_token")
        self.labels: list[Label | None] = [None] * unit.attempts
        self._bills = unit.attempts * NOTHING  # one after the other: a row of an array takes longer to set
        self.next = -warming(unit, options)
        self.known: dict[int, TimedPlan] = {}
        self.held: dict[int, AgentTokens] = {}
        self.holds_until: dict[int, float] = {}
        self.moves = bool(options["moves"])
        self.moved = self._times(unit, "moves", max(living.resources, default=-1) + 1)
        # Where nothing is looked at while a token lives, a call with one, or that gets none, is soon told.
        self.plain = not (options["rollover"] or options["moves"] or options["calls"] > 1)

    def _times(self, unit: Unit, option: str, many: int) -> list[float]:
        """When something happens to each of many that happens so often in a day; to those that it does not, never."""
        rate = self.options[option] / DAY
        if not rate:
            return [NEVER] * many
        numbers = draws.uniforms(unit.seed, f"resident: {option}", 0, many)
        return list(map(float, draws.exponential(numbers, 1 / rate)))

    @property
    def bills(self) -> NDArray[np.float64]:
        """What calls cost, in the order in which they came: a row for each, a column for each quantity."""
        return np.frombuffer(self._bills).reshape(-1, len(QUANTITIES))

    @property
    def ended(self) -> list[Label]:
        """How calls have ended, in the order in which they came."""
        return [label for label in self.labels if label is not None]

    def admit(self, chunk: Calls) -> None:
        """Run the clock until the last call of a chunk has begun."""
        self.clock.run(until=self.clock.process(self._arrivals(chunk)))

    def _arrivals(self, chunk: Calls) -> Waiting:
        clock, codes, known = self.clock, self.codes, self.held
        timeout, process = clock.timeout, clock.process
        for place, (gap, connection, latencies, work, hostile, early, thinks) in enumerate(
            zip(*chunk, strict=True), self.next
        ):
            yield timeout(gap)
            held = known.get(connection)
            if held is not None and held.easy is not None and not hostile:
                now, walk = clock.now, held.easy
                at_hand = 2 * (held.token_until > now) + (held.metadata_until > now)
                if walk.easy[at_hand]:
                    process(self._again(walk.plan.ending, walk.waits[at_hand], latencies, place))
                    continue
            call = Call(connection, codes[connection], latencies, work, early, thinks)
            process((self._approach if hostile else self._visit)(call, place))
        self.next += len(chunk.gaps)

    def _end(self, place: int, call: Call, label: Label) -> None:
        """Count a call, unless it belongs to the warm-up."""
        if place >= 0:
            self.labels[place] = label
            start = place * len(NOTHING)
            self._bills[start : start + len(NOTHING)] = call.bill

    # --- a call ------------------------------------------------------------------------------------------------

    def _again(
        self, ending: Label, waits: tuple[tuple[int, str], ...], latencies: tuple[float, ...], place: int
    ) -> Waiting:
        """An agent calls again, gets nothing new, and asks nobody but the resource server and hosts of metadata."""
        clock = self.clock
        began = clock.now
        for column, _ in waits:
            yield clock.timeout(latencies[column])
        if place >= 0:
            self.labels[place] = ending
            self._bills[place * len(NOTHING) + SECONDS] = clock.now - began

    def _visit(self, call: Call, place: int) -> Waiting:
        """An agent calls a resource server with what is at hand, and sees it through, with all calls of its task."""
        clock, bill, code, label = self.clock, call.bill, call.code, None
        began = clock.now
        held = self.held.get(call.connection)
        if held is None:
            held = self.held[call.connection] = AgentTokens(self._easy(code))
        try:
            if self.moves or held.token_until <= began < held.refresh_until:
                label = yield from self._resumed(call, held)
            if label is None:
                now, attacked, until = clock.now, self.attacked[code], held.token_until
                if attacked:  # who takes any token that the agent has
                    until = self.holds_until.get(self.living.agents[call.connection], -1.0)
                with_token, with_metadata = until > now, held.metadata_until > now
                walk = self._walk(code, with_token and attacked)
                yield from self._walked(call, held, walk.waits[2 * with_token + with_metadata])
                if walk.keeps and not with_token:
                    self._keep(call.connection, held, with_metadata)
                good_for = until - now if walk.plan.steals_cached else self.token_lifetime
                label = walk.plan.ending if call.latencies[_ATTACKER] <= good_for else walk.plan.late
            if call.thinks and label.kind == "success":
                yield from self._later(call, held)
                bill[SECONDS] -= sum(call.thinks)
        except TurnedAway as away:
            label = Label("gave_up", away.name, ())
        bill[SECONDS] += clock.now - began
        self._end(place, call, label)

    def _resumed(self, call: Call, held: AgentTokens) -> Generator[simpy.Event, Any, Label | None]:
        """What comes before a call of an agent that has called before, and how the call ends if that decides it."""
        clock = self.clock
        if 0 <= held.since < self.moved[self.living.resources[call.connection]] <= clock.now:
            refused = yield from self._follow(call, held)
            if refused is not None:
                return Label("refused", refused, ())
        if held.token_until <= clock.now < held.refresh_until and (yield from self._refreshed(call, held)):
            return self._walk(call.code, False).plan.ending
        return None

    def _later(self, call: Call, held: AgentTokens) -> Waiting:
        """The further calls of a task: where the token has ended on the way, another one is got."""
        clock, bill = self.clock, call.bill
        walk = self._walk(call.code, False)
        for pause in call.thinks:
            yield clock.timeout(pause)
            if held.token_until <= clock.now < held.refresh_until and (yield from self._refreshed(call, held)):
                continue
            now = clock.now
            with_token, with_metadata = held.token_until > now, held.metadata_until > now
            before = bill[PROMPTS]
            yield from self._walked(call, held, walk.waits[2 * with_token + with_metadata])
            bill[INTERRUPTIONS] += bill[PROMPTS] > before
            if not with_token:
                self._keep(call.connection, held, with_metadata)

    def _walk(self, code: int, warm: bool) -> TimedPlan:
        found = self.known.get(2 * code + warm)
        if found is None:
            found = self.known[2 * code + warm] = self.judged.walk(self.arm, code, warm)
        return found

    def _easy(self, code: int) -> TimedPlan | None:
        looked_at = not self.plain or self.attacked[code] or self.facts[code].introspected
        return None if looked_at else self._walk(code, False)

    def _walked(self, call: Call, held: AgentTokens, waits: tuple[tuple[int, str], ...]) -> Waiting:
        """What a plan waits for, one after the other."""
        timeout, latencies, issued, others = self.clock.timeout, call.latencies, held.since, self.others
        for column, kind in waits:
            if kind == "consent":
                yield from others.approve(call, latencies[column])
                continue
            yield timeout(latencies[column])
            if not kind:
                continue
            if kind == "request":
                if others.checks:
                    yield from others.check(call, issued)
                continue
            if others.limited:
                yield from others.work(call, kind)
            else:
                call.bill[REQUESTS] += 1
            if kind == "token":
                issued = self.clock.now
            elif kind == "server_metadata" and self.facts[call.code].registers:
                yield from others.register(call)

    def _keep(self, connection: int, held: AgentTokens, with_metadata: bool) -> None:
        """Remember a token, what it is refreshed with, and where it came from."""
        self._renew(connection, held)
        held.grant += 1
        held.refresh_until = held.since + self.refresh_lifetime
        if not with_metadata:
            held.metadata_until = held.since + self.metadata_lifetime

    def _renew(self, connection: int, held: AgentTokens) -> None:
        held.since = now = self.clock.now
        held.token_until = self.holds_until[self.living.agents[connection]] = now + self.token_lifetime
        held.refreshed += 1

    def _refreshed(self, call: Call, held: AgentTokens) -> Generator[simpy.Event, Any, bool]:
        """Use a refresh token; whether that was enough.

        Where each is good for one use, the AS takes the second use for a theft and revokes all that came of the grant
        (RFC 9700 4.14.2), unless it comes within a grace period.
        """
        grant, used = held.grant, held.refreshed
        call.bill[REFRESHES] += 1
        yield self.clock.timeout(call.latencies[_TOKEN])
        yield from self.others.ask(call, "token")
        late = self.clock.now - held.since > self.options["grace"]
        if used == held.refreshed:
            self._renew(call.connection, held)
        elif late and self.facts[call.code].rotates:
            call.bill[RACES] += 1
            if grant == held.grant:
                held.token_until = held.refresh_until = -1.0
            return False
        yield self.clock.timeout(call.latencies[_REQUEST])
        if self.others.checks:
            yield from self.others.check(call, held.since)
        return True

    def _follow(self, call: Call, held: AgentTokens) -> Generator[simpy.Event, Any, str | None]:
        """The resource server has moved to another honest AS since; the rule by which the client does not follow it."""
        facts, now = self.facts[call.code], self.clock.now
        if held.token_until > now or (facts.stale and held.metadata_until > now):
            yield self.clock.timeout(call.latencies[_REQUEST])  # with an old token, or one of the old server's
        if facts.follows is None:
            held.metadata_until = held.token_until = held.refresh_until = held.since = -1.0
            self.others.forget(call.connection)
        return facts.follows

    def _approach(self, call: Call, place: int) -> Waiting:
        """A made-up client asks for the approval of a user, who looks or is too tired to."""
        began, (careless, label) = self.clock.now, self.facts[call.code].stranger
        try:
            yield from self.others.ask(call, "consent")
            if careless.kind != "blocked" and (yield from self.others.prompt(call, call.latencies[_CONSENT])):
                label = careless
        except TurnedAway as away:
            label = Label("gave_up", away.name, ())
        call.bill[SECONDS] = self.clock.now - began
        self._end(place, call, label)
