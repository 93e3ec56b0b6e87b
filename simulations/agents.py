"""Agents in time: simpy processes that walk the plans of :mod:`simulations.visits`.

What happens is decided there, by the rules of the model; here it takes time, and time decides what is in a
cache and whether a token is still good. Attempts start as they arrive and leave nothing behind but a count,
so that memory depends on how many are under way and not on how many there have been.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import simpy

from simulations import costs
from simulations.attempts import ADOPTIONS, COLUMN, Chunk, draw, resident_codes, situations
from simulations.harms import GRAVEST, Strategy
from simulations.population import Population, PopulationError
from simulations.vectorised import ArrayReader, reader
from simulations.visits import PLACES, Label, Plan, Settings

#: Attempts drawn at a time. Results do not depend on it (draws do not, and neither does the clock).
CHUNK = 4096
#: Resources of all agents together whose caches fit into memory, arm by arm.
MOST_CACHED = 10_000_000
_ATTACKER = COLUMN["attacker"]
#: What is at hand of somebody whom the AS knows, where all else has expired.
_REGISTERED = 4
Walking = Generator[simpy.Event, None, None]


def simulate(
    population: Population,
    arms: Sequence[Settings],
    seed: str,
    attempts: int,
    *,
    adoption: float = 1.0,
    caches: bool = True,
    first: int = 0,
    strategy: Strategy = GRAVEST,
) -> Iterator[tuple[list[Visited], ...]]:
    """What all attempts came to in order, a chunk at a time: one list for each arm.

    The arms meet the same agents, resources and latencies at the same times.

    Parameters:
        arms: the switches that each arm sets, for the share ``adoption`` of attempts.
        caches: agents come back to what they know, and find it as it was; without, every attempt is a first contact
            with somebody new.
        first: the number of the first attempt, a multiple of four.
        strategy: what attackers are after.
    """
    running = [RunningArm(population, arm, caches, strategy) for arm in arms]
    residents = resident_codes(population, seed, adoption) if caches else None
    open_chunks: deque[tuple[list[Visited | None], ...]] = deque()
    for start in range(first, first + attempts, CHUNK):
        # Draws begin at a multiple of four and may end anywhere.
        chunk = draw(population, seed, start, min(CHUNK, first + attempts - start), adoption, residents)
        record: tuple[list[Visited | None], ...] = tuple([None] * len(chunk.gaps) for _ in running)
        open_chunks.append(record)
        for arm, endings in zip(running, record, strict=True):
            arm.admit(chunk, endings)
        while open_chunks and all(None not in endings for endings in open_chunks[0]):
            yield cast(tuple[list[Visited], ...], open_chunks.popleft())
    for arm in running:
        arm.environment.run()
    yield from cast(Iterator[tuple[list[Visited], ...]], iter(open_chunks))


class RunningArm:
    """A population under one arm of an experiment: its clock, its caches and its plans."""

    def __init__(
        self, population: Population, settings: Settings = (), caches: bool = True, strategy: Strategy = GRAVEST
    ) -> None:
        self.environment = simpy.Environment()
        found = situations(population)
        self.caches = caches
        self.attackers = [bool(PLACES[name].capabilities) for name in found.places]
        #: Who judges visits without a token at hand, and with one.
        self.readers = [reader(found, (settings,), held, strategy) for held in ((), (("warm", "yes"),))]
        # Situations that differ in nothing but place and adoption stand side by side.
        self.visits = ADOPTIONS * len(self.attackers)
        self.metadata_lifetime = population.number("metadata_lifetime")
        self.token_lifetime = population.number("token_lifetime")
        agents, resources = (int(population.number(name)) for name in ("agents", "resources"))
        size = agents * resources
        if size > MOST_CACHED:
            raise PopulationError(
                f"population {population.name!r}: {agents:,} agents with {resources:,} resources each are more than "
                f"the {MOST_CACHED:,} that caches are kept for"
            )
        # One slot for each resource of each agent, however many attempts there are.
        self.kept = [-1] * size
        self.metadata_until = [0.0] * size
        self.token_until = [0.0] * size
        self.plans: dict[int, WalkedPlan] = {}
        self.takes = costs.seconds(population)
        #: Visits to which an agent came with a token at hand.
        self.reused = 0

    def admit(self, chunk: Chunk, endings: list[Visited | None]) -> None:
        """Run the clock until the last attempt of a chunk has started; what they meet is judged together."""
        for warm in (False, True)[: 1 + self.caches]:
            mine = {code for code in chunk.codes if self._reads(code, warm) is self.readers[warm]}
            self.readers[warm].courses(np.array(sorted(mine), dtype=np.int64))
        self.environment.run(until=self.environment.process(self._arrivals(chunk, endings)))

    def walk(self, code: int, warm: bool) -> WalkedPlan:
        """The walk of a visit in a situation, with a token at hand or not."""
        found = self.plans.get(2 * code + warm)
        if found is None:
            ((plan,),) = self._reads(code, warm).plans(np.array([code]))
            found = self.plans[2 * code + warm] = WalkedPlan(plan, self.takes)
        return found

    def _reads(self, code: int, warm: bool) -> ArrayReader:
        """Who judges a situation: only an attacker's server is treated differently by a client that holds tokens."""
        return self.readers[warm and self.attackers[code // ADOPTIONS % len(self.attackers)]]

    def _arrivals(self, chunk: Chunk, endings: list[Visited | None]) -> Walking:
        timeout, process = self.environment.timeout, self.environment.process
        attempt = self._attempt if self.caches else self._first_contact
        rows = zip(chunk.gaps, chunk.codes, chunk.slots, chunk.latencies, strict=True)
        for number, (gap, code, slot, latencies) in enumerate(rows):
            yield timeout(gap)
            process(attempt(code, slot, latencies, endings, number))

    def _first_contact(
        self, code: int, _: int, latencies: tuple[float, ...], endings: list[Visited | None], number: int
    ) -> Walking:
        """One agent calls a resource URL that nobody it knows has called before, and sees it through."""
        walk, timeout = self.walk(code, False), self.environment.timeout
        for column in walk.columns[0]:
            yield timeout(latencies[column])
        endings[number] = walk.came_to(0, latencies[_ATTACKER] <= self.token_lifetime)

    def _attempt(
        self, code: int, slot: int, latencies: tuple[float, ...], endings: list[Visited | None], number: int
    ) -> Walking:
        """One agent calls one resource URL and sees it through."""
        clock, timeout, kept = self.environment, self.environment.timeout, self.kept
        # What is remembered counts for the deployment it was learned from, wherever the agent is sent at it.
        deployment = code // self.visits
        known = kept[slot] == deployment
        now = clock.now
        with_token = known and self.token_until[slot] > now
        with_metadata = known and self.metadata_until[slot] > now
        self.reused += with_token
        walk = self.plans.get(2 * code + with_token) or self.walk(code, with_token)
        plan = walk.plan
        good_for = self.token_until[slot] - now if plan.steals_cached else self.token_lifetime
        at_hand = 2 * with_token + with_metadata or _REGISTERED * known
        for column in walk.columns[at_hand]:
            yield timeout(latencies[column])
        if plan.keeps and not with_token:
            kept[slot] = deployment
            self.token_until[slot] = clock.now + self.token_lifetime
            if not with_metadata:
                self.metadata_until[slot] = clock.now + self.metadata_lifetime
        endings[number] = walk.came_to(at_hand, latencies[_ATTACKER] <= good_for)


@dataclass(frozen=True, slots=True, eq=False)
class Visited:
    """What an attempt came to, and what it cost, as :mod:`simulations.costs` has it."""

    ending: Label
    cost: tuple[float, ...]


class WalkedPlan:
    """A plan with its waits as columns of the table of latencies, for each of what may be at hand, and what they cost.

    That is nothing, metadata, a token or both, as in the plan; and last what is left where both have expired.
    """

    __slots__ = ("columns", "plan", "visited")

    def __init__(self, plan: Plan, takes: Mapping[str, float]) -> None:
        self.plan = plan
        all_waits = (*plan.waits, plan.waits[0])
        self.columns = tuple(tuple(COLUMN[name] for name in waits) for waits in all_waits)
        cost = [costs.of(plan, takes, waits, at_hand > 0) for at_hand, waits in enumerate(all_waits)]
        self.visited = tuple(tuple(Visited(ending, each) for each in cost) for ending in (plan.late, plan.ending))

    def came_to(self, at_hand: int, in_time: bool) -> Visited:
        """What an attempt comes to, with so much at hand, where a thief was in time or not."""
        return self.visited[in_time][at_hand]
