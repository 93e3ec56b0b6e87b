"""One world in time: agents, users, servers, caches and approvals that are drawn once and met again and again.

What a call comes to is decided by the plan of the visit (:mod:`simulations.visits`), read for all residents together;
what is here takes time and remembers. What arrays cannot carry is in it: servers with a queue, documents that many
fetch at once, users who answer one prompt after the other and get tired of it, refresh tokens that two use at a time,
tokens that end in the middle of a task, keys and servers that change. Without any of that every call ends as its first
contact does.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from math import floor
from typing import Any, NamedTuple

import numpy as np
import simpy

from simulations import draws
from simulations.attempts import COLUMN
from simulations.calls import WORK, Calls, calls, limited, warming
from simulations.engine import Tally, Unit
from simulations.harms import strategy
from simulations.options import told
from simulations.registrations import DYNAMIC
from simulations.residents import Residents, settle
from simulations.results import measured
from simulations.standings import Facts, Judged, Walk
from simulations.stations import Station, TurnedAway, Waiting
from simulations.visits import Label

#: What is measured of every call.
QUANTITIES = (
    "seconds", "seconds_in_queues", "prompts", "interruptions", "requests_to_AS", "document_fetches", "registrations",
    "refreshes", "refresh_races", "key_fetches",
)  # fmt: skip
SECONDS, QUEUED, PROMPTS, INTERRUPTIONS, REQUESTS, DOCUMENTS, REGISTRATIONS, REFRESHES, RACES, KEYS = range(
    len(QUANTITIES)
)
#: What is measured once in a world: the busiest second of the host of some document, and of an AS that publishes keys.
PEAKS = ("document_fetches_in_the_busiest_second", "key_fetches_in_the_busiest_second")
#: Seconds for which a user remembers having been asked.
MEMORY = 3600.0
DAY = 86_400.0
NEVER = float("inf")

_ATTACKER, _METADATA = COLUMN["attacker"], COLUMN["metadata"]
_WORK = {name: place for place, name in enumerate(WORK)}
_PUSH, _CONSENT, _TOKEN, _REQUEST = (COLUMN[name] for name in WORK[1:])


def count(unit: Unit) -> Tally:
    """Live in the world of a unit under every arm and count what becomes of the calls after its warm-up."""
    options = told(unit)
    living = settle(unit.population, unit.seed, unit.adoption)
    return tallied(live(unit, living, calls(unit, living, options), options))


def live(unit: Unit, living: Residents, called: Iterator[Calls], options: dict[str, float]) -> list[World]:
    """The world under each arm, when all calls have ended."""
    judged = Judged(living, unit.arms, strategy(unit.strategy))
    worlds = [World(unit, arm, living, options, judged) for arm in range(len(unit.arms))]
    for chunk in called:
        for world in worlds:
            world.admit(chunk)
    for world in worlds:
        world.clock.run()
    return worlds


def tallied(worlds: Sequence[World]) -> Tally:
    """What became of the calls of a unit."""
    tally = Tally()
    tally.endings.update(zip(*(world.ended for world in worlds), strict=True))
    accepted = [np.array([label.kind == "success" for label in world.ended]) for world in worlds]
    for arm, world in enumerate(worlds):
        for place, name in enumerate(QUANTITIES):
            values, first = world.bills[:, place], worlds[0].bills[:, place]
            tally.sums[name, arm] = measured(values, first, (accepted[arm], accepted[0]))
        for name, seconds in zip(PEAKS, (world.fetches, world.key_fetches), strict=True):
            peak, other = (float(max(each.values(), default=0)) for each in (seconds, _peaks(worlds[0], name)))
            tally.sums[name, arm] = measured([peak], [other])
    return tally


def _peaks(world: World, name: str) -> Counter[tuple[int, int]]:
    return world.fetches if name == PEAKS[0] else world.key_fetches


# --- the world -----------------------------------------------------------------------------------------------


class Held:
    """What an agent holds for a connection; times are when it stops being good.

    ``since``: when the token was issued, and so when the refresh token became the one that it is; ``refreshed``: how
    often; ``grant``: which of the user's approvals all of it came of; ``easy``: the walk of a call with a token at
    hand, where that needs nobody but the resource server.
    """

    __slots__ = ("easy", "grant", "metadata_until", "refresh_until", "refreshed", "since", "token_until")

    def __init__(self) -> None:
        self.metadata_until = self.token_until = self.refresh_until = self.since = -1.0
        self.refreshed = self.grant = 0
        self.easy: Walk | None = None


class Call(NamedTuple):
    """A call under way: who calls, in which situation, what it draws, what it costs."""

    connection: int
    code: int
    latencies: tuple[float, ...]
    work: tuple[float, ...]
    early: float
    thinks: tuple[float, ...]
    bill: list[float]


class World:
    """A world under one arm: its clock, and all that somebody remembers in it."""

    def __init__(self, unit: Unit, arm: int, living: Residents, options: dict[str, float], judged: Judged) -> None:
        number = unit.population.number
        self.clock = simpy.Environment()
        self.arm, self.living, self.options, self.judged = arm, living, options, judged
        self.codes: list[int] = living.codes.tolist()
        self.metadata_lifetime, self.token_lifetime = number("metadata_lifetime"), number("token_lifetime")
        self.refresh_lifetime, self.document_lifetime = (
            number("lifetime.refresh_token"), number("lifetime.client_metadata"),
        )  # fmt: skip
        self.labels: list[Label | None] = [None] * unit.attempts
        self.bills = np.zeros((unit.attempts, len(QUANTITIES)))
        self.next = -warming(unit, options)
        self.known: dict[int, Walk] = {}
        # What is remembered: by agents, of users, by authorization servers, by resource servers.
        self.held: dict[int, Held] = {}
        self.holds_until: dict[int, float] = {}
        self.people: dict[int, simpy.Resource] = {}
        self.prompted: dict[int, deque[float]] = {}
        self.approved: dict[tuple[int, int, int], float] = {}
        self.registered: set[tuple[int, int]] = set()
        self.documents: dict[tuple[int, int], float] = {}
        self.fetching: dict[tuple[int, int], simpy.Event] = {}
        self.keys: dict[int, float] = {}
        self.fetches: Counter[tuple[int, int]] = Counter()
        self.key_fetches: Counter[tuple[int, int]] = Counter()
        self.servers: dict[int, Station] = {}
        self.hosts: dict[int, Station] = {}
        self.limited = limited(options)
        self.checks = bool(options["rollover"]) or any(self._facts(code).introspected for code in judged.codes.tolist())
        # Where nothing is looked at while a token lives, a call with one is soon told.
        self.plain = not (self.checks or options["moves"] or options["calls"] > 1)
        self.begins = options["warm_up"]
        self.moved = self._times(unit, "moves", max(living.resources, default=-1) + 1)
        self.phases = draws.uniforms(unit.seed, "resident: rollover", 0, max(living.servers, default=-1) + 1).tolist()
        if options["expire_together"]:
            pairs = list(dict.fromkeys(zip(living.servers, living.clients, strict=True)))
            early = draws.uniforms(unit.seed, "resident: jitter", 0, len(pairs)).tolist()
            self.documents = {pair: self._document_life(share) for pair, share in zip(pairs, early, strict=True)}

    def _times(self, unit: Unit, option: str, many: int) -> list[float]:
        """When something happens to each of many that happens so often in a day; to those that it does not, never."""
        rate = self.options[option] / DAY
        if not rate:
            return [NEVER] * many
        numbers = draws.uniforms(unit.seed, f"resident: {option}", 0, many)
        return list(map(float, draws.exponential(numbers, 1 / rate)))

    @property
    def ended(self) -> list[Label]:
        """How calls have ended, in the order in which they came."""
        return [label for label in self.labels if label is not None]

    def admit(self, chunk: Calls) -> None:
        """Run the clock until the last call of a chunk has begun."""
        self.clock.run(until=self.clock.process(self._arrivals(chunk)))

    def _arrivals(self, chunk: Calls) -> Waiting:
        clock, codes, known, plain = self.clock, self.codes, self.held, self.plain
        timeout, process = clock.timeout, clock.process
        for place, (gap, connection, latencies, work, hostile, early, thinks) in enumerate(
            zip(*chunk, strict=True), self.next
        ):
            yield timeout(gap)
            held = known.get(connection)
            if plain and held is not None and held.easy is not None and held.token_until > clock.now and not hostile:
                process(self._again(held, held.easy, latencies, place))
            else:
                bill = [0.0] * len(QUANTITIES)
                call = Call(connection, codes[connection], latencies, work, early, thinks, bill)
                process((self._approach if hostile else self._visit)(call, place))
        self.next += len(chunk.gaps)

    def _end(self, place: int, call: Call, label: Label) -> None:
        """Count a call, unless it belongs to the warm-up."""
        if place >= 0:
            self.labels[place] = label
            self.bills[place] = call.bill

    # --- a call ------------------------------------------------------------------------------------------------

    def _again(self, held: Held, walk: Walk, latencies: tuple[float, ...], place: int) -> Waiting:
        """An agent calls with a token at hand, and nobody is asked but the resource server."""
        clock = self.clock
        began = clock.now
        for column, _ in walk.waits[2 + (held.metadata_until > began)]:
            yield clock.timeout(latencies[column])
        if place >= 0:
            self.labels[place] = walk.plan.ending
            self.bills[place, SECONDS] = clock.now - began

    def _visit(self, call: Call, place: int) -> Waiting:
        """An agent calls a resource server and sees it through, with all calls of its task."""
        clock, bill = self.clock, call.bill
        began = clock.now
        try:
            label = yield from self._first(call)
            if call.thinks and label.kind == "success":
                yield from self._later(call)
                bill[SECONDS] -= sum(call.thinks)
        except TurnedAway as away:
            label = Label("gave_up", away.name, ())
        bill[SECONDS] += clock.now - began
        self._end(place, call, label)

    def _first(self, call: Call) -> Generator[simpy.Event, Any, Label]:
        """The first call of a task, with what is at hand."""
        connection, clock = call.connection, self.clock
        held = self.held.get(connection)
        if held is None:
            held = self.held[connection] = Held()
        elif 0 <= held.since < self.moved[self.living.resources[connection]] <= clock.now:
            refused = yield from self._follow(call, held)
            if refused is not None:
                return Label("refused", refused, ())
        if held.token_until <= clock.now < held.refresh_until and (yield from self._refreshed(call, held)):
            return self._walk(call.code, False).plan.ending
        attacked, now = self.judged.is_attacked(call.code), clock.now
        until = self.holds_until.get(self.living.agents[connection], -1.0) if attacked else held.token_until
        with_token, with_metadata = until > now, held.metadata_until > now
        walk = self._walk(call.code, with_token and attacked)
        plan = walk.plan
        good_for = until - now if plan.steals_cached else self.token_lifetime
        yield from self._walked(call, held, walk.waits[2 * with_token + with_metadata])
        if plan.keeps and not with_token:
            self._keep(connection, held, with_metadata)
            held.easy = walk if walk.easy and not attacked else None
        return plan.ending if call.latencies[_ATTACKER] <= good_for else plan.late

    def _later(self, call: Call) -> Waiting:
        """The further calls of a task: where the token has ended on the way, another one is got."""
        clock, bill, held = self.clock, call.bill, self.held[call.connection]
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

    def _walk(self, code: int, warm: bool) -> Walk:
        found = self.known.get(2 * code + warm)
        if found is None:
            found = self.known[2 * code + warm] = self.judged.walk(self.arm, code, warm)
        return found

    def _walked(self, call: Call, held: Held, waits: tuple[tuple[int, str], ...]) -> Waiting:
        """What a plan waits for, one after the other."""
        timeout, latencies, issued = self.clock.timeout, call.latencies, held.since
        for column, kind in waits:
            if kind == "consent":
                yield from self._approve(call, latencies[column])
                continue
            yield timeout(latencies[column])
            if kind == "request":
                if self.checks:
                    yield from self._checked(call, issued)
            elif kind in _WORK:
                call.bill[REQUESTS] += 1
                if self.limited:
                    yield from self._worked_on(call, kind)
                if kind == "token":
                    issued = self.clock.now
                elif kind == "server_metadata" and self._facts(call.code).registration in DYNAMIC:
                    yield from self._register(call)

    def _keep(self, connection: int, held: Held, with_metadata: bool) -> None:
        """Remember a token, what it is refreshed with, and where it came from."""
        self._renew(connection, held)
        held.grant += 1
        held.refresh_until = held.since + self.refresh_lifetime
        if not with_metadata:
            held.metadata_until = held.since + self.metadata_lifetime

    def _renew(self, connection: int, held: Held) -> None:
        held.since, agent = self.clock.now, self.living.agents[connection]
        held.token_until = held.since + self.token_lifetime
        held.refreshed += 1
        self.holds_until[agent] = max(self.holds_until.get(agent, -1.0), held.token_until)

    # --- the authorization server ------------------------------------------------------------------------------

    def _at_the_server(self, call: Call, kind: str) -> Waiting:
        """A request at the AS, which may have a queue."""
        call.bill[REQUESTS] += 1
        if self.limited:
            yield from self._worked_on(call, kind)

    def _worked_on(self, call: Call, kind: str) -> Waiting:
        number = self.living.servers[call.connection]
        station = self.servers.get(number)
        if station is None:
            station = self.servers[number] = self._station("as", "server_busy")
        came = self.clock.now
        seconds = self.options["as_seconds"] * call.work[_WORK[kind]]
        yield from station.serve(seconds)
        call.bill[QUEUED] += self.clock.now - came - seconds

    def _station(self, whose: str, name: str) -> Station:
        options = self.options
        return Station(
            self.clock, name, options[f"{whose}_workers"] or NEVER, backlog=int(options[f"{whose}_backlog"]),
            rate=options[f"{whose}_rate"], retries=int(options["retries"]), pause=options["pause"],
        )  # fmt: skip

    def _register(self, call: Call) -> Waiting:
        """A client that registers at run time does so once at each AS."""
        key = self.living.agents[call.connection], self.living.servers[call.connection]
        if key not in self.registered:
            self.registered.add(key)
            call.bill[REGISTRATIONS] += 1
            yield self.clock.timeout(call.latencies[_PUSH])
            yield from self._at_the_server(call, "push")

    def _refreshed(self, call: Call, held: Held) -> Generator[simpy.Event, Any, bool]:
        """Use a refresh token; whether that was enough.

        Where each is good for one use, the AS takes the second use for a theft and revokes all that came of the grant
        (RFC 9700 4.14.2), unless it comes within a grace period.
        """
        grant, used = held.grant, held.refreshed
        call.bill[REFRESHES] += 1
        yield self.clock.timeout(call.latencies[_TOKEN])
        yield from self._at_the_server(call, "token")
        late = self.clock.now - held.since > self.options["grace"]
        if used == held.refreshed:
            self._renew(call.connection, held)
        elif late and self._facts(call.code).rotates:
            call.bill[RACES] += 1
            if grant == held.grant:
                held.token_until = held.refresh_until = -1.0
            return False
        yield self.clock.timeout(call.latencies[_REQUEST])
        if self.checks:
            yield from self._checked(call, held.since)
        return True

    # --- the document of the client, and the user ----------------------------------------------------------------

    def _approve(self, call: Call, seconds: float) -> Waiting:
        """The AS learns who asks, and the user approves, unless that is remembered."""
        facts, connection = self._facts(call.code), call.connection
        product, number = self.living.clients[connection], self.living.servers[connection]
        yield from self._at_the_server(call, "consent")
        if facts.registration == "cimd":
            yield from self._document(call, number, product)
        # A document is one identity for all installations of a product, a registration is of one alone.
        identity = product if facts.registration == "cimd" else -1 - self.living.agents[connection]
        key = self.living.users[connection], identity, number
        if self.approved.get(key, -1.0) <= self.clock.now:
            yield from self._prompt(call, seconds)
            self.approved[key] = self.clock.now + self.options["remembers"]

    def _document(self, call: Call, number: int, product: int) -> Waiting:
        """The document of a client product, fetched by the AS unless it has it."""
        key, clock, options = (number, product), self.clock, self.options
        while key in self.fetching:
            yield self.fetching[key]
        if self.documents.get(key, -1.0) > clock.now:
            return
        call.bill[DOCUMENTS] += 1
        if clock.now >= self.begins:
            self.fetches[product, floor(clock.now)] += 1
        fetched = clock.event()
        if options["coalesced"]:
            self.fetching[key] = fetched
        try:
            if options["host_workers"]:
                if product not in self.hosts:
                    self.hosts[product] = self._station("host", "document_unavailable")
                yield from self.hosts[product].serve(options["host_seconds"])
            yield clock.timeout(call.latencies[_METADATA])
            self.documents[key] = clock.now + self._document_life(call.early)
        finally:
            self.fetching.pop(key, None)
            fetched.succeed()

    def _document_life(self, early: float) -> float:
        return self.document_lifetime * (1 - self.options["jitter"] * early)

    def _prompt(self, call: Call, seconds: float) -> Generator[simpy.Event, Any, bool]:
        """The user turns to one prompt after the other; whether it was too tired of them to look."""
        user, clock = self.living.users[call.connection], self.clock
        person = self.people.get(user)
        if person is None:
            person = self.people[user] = simpy.Resource(clock)
        came = clock.now
        with person.request() as turn:
            yield turn
            call.bill[QUEUED] += clock.now - came
            call.bill[PROMPTS] += 1
            tired = self._tired(user)
            yield clock.timeout(seconds)
        return tired

    def _tired(self, user: int) -> bool:
        """Whether a user has been asked so often in the last hour that it looks no more; it is asked once more."""
        enough = self.options["tired_after"]
        if not enough:
            return False
        asked = self.prompted.setdefault(user, deque())
        while asked and asked[0] <= self.clock.now - MEMORY:
            asked.popleft()
        tired = len(asked) >= enough
        asked.append(self.clock.now)
        return tired

    def _approach(self, call: Call, place: int) -> Waiting:
        """A made-up client asks for the approval of a user, who looks or is too tired to."""
        began, (careless, label) = self.clock.now, self._facts(call.code).stranger
        try:
            yield from self._at_the_server(call, "consent")
            if careless.kind != "blocked" and (yield from self._prompt(call, call.latencies[_CONSENT])):
                label = careless
        except TurnedAway as away:
            label = Label("gave_up", away.name, ())
        call.bill[SECONDS] = self.clock.now - began
        self._end(place, call, label)

    # --- the resource server -------------------------------------------------------------------------------------

    def _checked(self, call: Call, issued: float) -> Waiting:
        """The resource server asks the AS about a token, or has the key that it was signed with."""
        if self._facts(call.code).introspected:
            yield from self._at_the_server(call, "request")
        elif self.options["rollover"]:
            every, overlap = self.options["rollover"], self.options["overlap"]
            phase = self.phases[self.living.servers[call.connection]] * every
            fetched = self.keys.get(self.living.resources[call.connection], -NEVER)
            if fetched + self.options["keys_kept"] <= self.clock.now:
                yield from self._fetch_keys(call)
            # A key is published an overlap before it is used.
            elif floor((issued - phase) / every) > floor((fetched + overlap - phase) / every):
                if not self.options["refetch"]:
                    raise TurnedAway("key_unknown")
                yield from self._fetch_keys(call)

    def _fetch_keys(self, call: Call) -> Waiting:
        """The resource server fetches the keys of its AS."""
        number, now = self.living.servers[call.connection], self.clock.now
        call.bill[KEYS] += 1
        if now >= self.begins:
            self.key_fetches[number, floor(now)] += 1
        self.keys[self.living.resources[call.connection]] = now
        yield self.clock.timeout(call.latencies[_METADATA])
        yield from self._at_the_server(call, "server_metadata")

    def _follow(self, call: Call, held: Held) -> Generator[simpy.Event, Any, str | None]:
        """The resource server has moved to another honest AS since; the rule by which the client does not follow it."""
        facts, now = self._facts(call.code), self.clock.now
        if held.token_until > now or (facts.stale and held.metadata_until > now):
            yield self.clock.timeout(call.latencies[_REQUEST])  # with an old token, or one of the old server's
        if facts.follows is None:
            held.metadata_until = held.token_until = held.refresh_until = held.since = -1.0
            self.registered.discard((self.living.agents[call.connection], self.living.servers[call.connection]))
        return facts.follows

    def _facts(self, code: int) -> Facts:
        return self.judged.facts(self.arm, code)
