"""Whom agents deal with in a world in time: authorization servers, users, resource servers, and what these remember.

Each call brings its draws and its bill. An AS has a queue, knows who has registered, keeps the documents of clients and
what users have approved; a user answers one prompt after the other; a resource server keeps the keys of its AS.
"""

from collections import Counter, deque
from collections.abc import Generator
from math import floor
from typing import Any

import simpy

from simulations import draws
from simulations.attempts import COLUMN
from simulations.calls import DOCUMENTS, KEYS, PROMPTS, QUEUED, REGISTRATIONS, REQUESTS, WORK, Call, limited
from simulations.residents import Residents
from simulations.standings import Facts
from simulations.stations import Station, TurnedAway, Waiting

#: Seconds for which a user remembers having been asked.
MEMORY = 3600.0
NEVER = float("inf")

#: How a flow ends whose client's document the AS cannot have.
_UNAVAILABLE = "document_unavailable"

_METADATA, _PUSH = COLUMN["metadata"], COLUMN["push"]
_WORK = {name: place for place, name in enumerate(WORK)}


class Counterparts:
    """All of a world but its agents.

    Attributes:
        limited: an AS has to work for what it is asked, so that there is a queue.
        checks: tokens are asked about, or the keys that they are signed with change.
        fetches, key_fetches: of each document, and of each AS that publishes keys: how many in which second.
    """

    def __init__(
        self,
        clock: simpy.Environment,
        living: Residents,
        options: dict[str, float],
        facts: dict[int, Facts],
        document_lifetime: float,
        seed: str,
    ) -> None:
        self.clock, self.living, self.options, self.facts = clock, living, options, facts
        self.limited = limited(options)
        self.checks = bool(options["rollover"]) or any(each.introspected for each in facts.values())
        self.document_lifetime = document_lifetime
        self.fetches: Counter[tuple[int, int]] = Counter()
        self.key_fetches: Counter[tuple[int, int]] = Counter()
        self._people: dict[int, simpy.Resource] = {}
        self._prompted: dict[int, deque[float]] = {}
        self._approved: dict[tuple[int, int, int], float] = {}
        self._registered: set[tuple[int, int]] = set()
        self._documents: dict[tuple[int, int], float] = {}
        self._failed: dict[tuple[int, int], float] = {}
        self._fetching: dict[tuple[int, int], simpy.Event] = {}
        self._keys: dict[int, float] = {}
        self._servers: dict[int, Station] = {}
        self._hosts: dict[int, Station] = {}
        self._phases = draws.uniforms(seed, "resident: rollover", 0, max(living.servers, default=-1) + 1).tolist()
        if options["expire_together"]:
            pairs = list(dict.fromkeys(zip(living.servers, living.clients, strict=True)))
            early = draws.uniforms(seed, "resident: jitter", 0, len(pairs)).tolist()
            self._documents = {pair: self._document_life(share) for pair, share in zip(pairs, early, strict=True)}

    # --- the authorization server ------------------------------------------------------------------------------

    def ask(self, call: Call, kind: str) -> Waiting:
        """A request at the AS, which may have a queue."""
        if self.limited:
            yield from self.work(call, kind)
        else:
            call.bill[REQUESTS] += 1

    def work(self, call: Call, kind: str) -> Waiting:
        """The AS works on a request, when it gets to it; it is asked again where it turns one away."""
        number = self.living.servers[call.connection]
        station = self._servers.get(number)
        if station is None:
            station = self._servers[number] = self._station("as", "server_busy")

        def tried() -> None:
            call.bill[REQUESTS] += 1

        came = self.clock.now
        seconds = self.options["as_seconds"] * call.work[_WORK[kind]]
        yield from station.serve(seconds, tried)
        call.bill[QUEUED] += self.clock.now - came - seconds

    def _station(self, whose: str, name: str) -> Station:
        options = self.options
        return Station(
            self.clock,
            name,
            options[f"{whose}_workers"] or NEVER,
            backlog=int(options[f"{whose}_backlog"]),
            rate=options[f"{whose}_rate"],
            retries=int(options["retries"]),
            pause=options["pause"],
        )

    def register(self, call: Call) -> Waiting:
        """A client that registers at run time does so once at each AS."""
        key = self.living.agents[call.connection], self.living.servers[call.connection]
        if key not in self._registered:
            self._registered.add(key)
            call.bill[REGISTRATIONS] += 1
            yield self.clock.timeout(call.latencies[_PUSH])
            yield from self.ask(call, "push")

    def forget(self, connection: int) -> None:
        """Another server takes the place of an AS, and does not know who has registered."""
        self._registered.discard((self.living.agents[connection], self.living.servers[connection]))

    def approve(self, call: Call, seconds: float) -> Waiting:
        """The AS learns who asks, and the user approves, unless that is remembered."""
        connection, living, clock = call.connection, self.living, self.clock
        yield from self.ask(call, "consent")
        product, number = living.clients[connection], living.servers[connection]
        # A document is one identity for all installations of a product, a registration is of one alone.
        identity = -1 - living.agents[connection]
        if self.facts[call.code].registration == "cimd":
            identity = product
            if self._documents.get((number, product), -1.0) <= clock.now:
                yield from self._document(call, number, product)
        key = living.users[connection], identity, number
        if self._approved.get(key, -1.0) <= clock.now:
            yield from self.prompt(call, seconds)
            self._approved[key] = clock.now + self.options["remembers"]

    def _document(self, call: Call, number: int, product: int) -> Waiting:
        """The document of a client product, fetched by the AS unless it gets it while it waits for another fetch.

        That it could not be had may be remembered for a while, and the client refused unasked.
        """
        key, clock, options = (number, product), self.clock, self.options
        while key in self._fetching:
            yield self._fetching[key]
        if self._documents.get(key, -1.0) > clock.now:
            return
        if self._failed.get(key, -1.0) > clock.now:
            raise TurnedAway(_UNAVAILABLE)

        def tried() -> None:
            call.bill[DOCUMENTS] += 1
            self._noted(self.fetches, product)

        fetched = clock.event()
        if options["coalesced"]:
            self._fetching[key] = fetched
        try:
            if options["host_workers"]:
                if product not in self._hosts:
                    self._hosts[product] = self._station("host", _UNAVAILABLE)
                yield from self._hosts[product].serve(options["host_seconds"], tried)
            else:
                tried()
            yield clock.timeout(call.latencies[_METADATA])
            self._documents[key] = clock.now + self._document_life(call.early)
        except TurnedAway:
            self._failed[key] = clock.now + options["failures_kept"]
            raise
        finally:
            self._fetching.pop(key, None)
            fetched.succeed()

    def _document_life(self, early: float) -> float:
        return self.document_lifetime * (1 - self.options["jitter"] * early)

    def _noted(self, fetches: Counter[tuple[int, int]], whose: int) -> None:
        """Count a fetch in the second that it is, after the warm-up."""
        if self.clock.now >= self.options["warm_up"]:
            fetches[whose, floor(self.clock.now)] += 1

    # --- the user ------------------------------------------------------------------------------------------------

    def prompt(self, call: Call, seconds: float) -> Generator[simpy.Event, Any, bool]:
        """The user turns to one prompt after the other; whether it was too tired of them to look."""
        user, clock, bill = self.living.users[call.connection], self.clock, call.bill
        person = self._people.get(user)
        if person is None:
            person = self._people[user] = simpy.Resource(clock)
        came = clock.now
        with person.request() as turn:
            yield turn
            bill[QUEUED] += clock.now - came
            bill[PROMPTS] += 1
            tired = bool(self.options["tired_after"]) and self._tired(user)
            yield clock.timeout(seconds)
        return tired

    def _tired(self, user: int) -> bool:
        """Whether a user has been asked so often in the last hour that it looks no more; it is asked once more."""
        asked, now = self._prompted.setdefault(user, deque()), self.clock.now
        while asked and asked[0] <= now - MEMORY:
            asked.popleft()
        tired = len(asked) >= self.options["tired_after"]
        asked.append(now)
        return tired

    # --- the resource server -------------------------------------------------------------------------------------

    def check(self, call: Call, issued: float) -> Waiting:
        """The resource server asks the AS about a token, or has the key that it was signed with."""
        if self.facts[call.code].introspected:
            yield from self.ask(call, "request")
        elif self.options["rollover"]:
            every, overlap = self.options["rollover"], self.options["overlap"]
            phase = self._phases[self.living.servers[call.connection]] * every
            fetched = self._keys.get(self.living.resources[call.connection], -NEVER)
            if fetched + self.options["keys_kept"] <= self.clock.now:
                yield from self._fetch_keys(call)
            # A key is published an overlap before it is used.
            elif floor((issued - phase) / every) > floor((fetched + overlap - phase) / every):
                if not self.options["refetch"]:
                    raise TurnedAway("key_unknown")
                yield from self._fetch_keys(call)

    def _fetch_keys(self, call: Call) -> Waiting:
        """The resource server fetches the keys of its AS."""
        call.bill[KEYS] += 1
        self._noted(self.key_fetches, self.living.servers[call.connection])
        self._keys[self.living.resources[call.connection]] = self.clock.now
        yield self.clock.timeout(call.latencies[_METADATA])
        yield from self.ask(call, "server_metadata")
