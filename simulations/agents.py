"""Agents in time: simpy processes that walk the plans of :mod:`simulations.visits`.

What happens is decided there, by the rules of the model; here it takes time, and time decides what is in a
cache and whether a token is still good. Attempts start as they arrive and leave nothing behind but a count,
so that memory depends on how many are under way and not on how many there have been.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import simpy
from numpy.typing import NDArray

from model.design import Configuration, Design
from simulations import draws
from simulations.population import LATENCIES, Population
from simulations.visits import PLACES, Ending, Plan, plan_for

#: Attempts drawn at a time. Results do not depend on it (draws do not, and neither does the clock).
CHUNK = 4096
COLUMN = {name: place for place, name in enumerate(LATENCIES)}
_ATTACKER = COLUMN["attacker"]
Walking = Generator[simpy.Event, None, None]


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a range of attempts has drawn, the same for every arm.

    Attributes:
        gaps: seconds since the attempt before.
        kinds: what the environment is, as one number for all factors.
        places: where the agent is sent, as the number of a place of the population.
        slots: the place in the caches: which resource of which agent.
        latencies: one row an attempt, one column a kind of latency.
    """

    gaps: list[float]
    kinds: list[int]
    places: list[int]
    slots: list[int]
    latencies: list[tuple[float, ...]]


def draw(population: Population, seed: str, start: int, count: int) -> Chunk:
    """What the attempts ``start`` to ``start + count`` meet."""

    def uniforms(purpose: str) -> NDArray[np.float64]:
        return draws.uniforms(seed, purpose, start, count)

    kinds = np.zeros(count, dtype=np.int64)
    for factor in population.factors:
        drawn = draws.categories(uniforms(factor.name), factor.shares)
        kinds = kinds * len(factor.categories) + drawn
    resources = int(population.number("resources"))
    agents = (uniforms("agent") * int(population.number("agents"))).astype(int)
    visited = (uniforms("resource") * resources).astype(int)
    spread = population.number("latency.spread")
    latencies = [
        draws.lognormal(uniforms(f"latency.{name}"), population.number(f"latency.{name}"), spread).tolist()
        for name in LATENCIES
    ]
    return Chunk(
        draws.exponential(uniforms("arrival"), 1 / population.number("arrivals_per_second")).tolist(),
        kinds.tolist(),
        draws.categories(uniforms("place"), population.places.shares).tolist(),
        (agents * resources + visited).tolist(),
        list(zip(*latencies, strict=True)),
    )


def environment(population: Population, kind: int) -> dict[str, str]:
    """The switches of an environment from its number."""
    settings: list[tuple[str, str]] = []
    for factor in reversed(population.factors):
        kind, category = divmod(kind, len(factor.categories))
        settings = [*factor.categories[category].settings, *settings]
    return dict(settings)


def simulate(
    population: Population, designs: tuple[Design, ...], seed: str, attempts: int
) -> Iterator[tuple[list[Ending], ...]]:
    """The endings of all attempts in order, a chunk at a time: one list for each design.

    The designs meet the same agents, resources and latencies at the same times.
    """
    arms = [Arm(population, design) for design in designs]
    open_chunks: deque[tuple[list[Ending | None], ...]] = deque()
    for start in range(0, attempts, CHUNK):
        # Draws begin at a multiple of four and may end anywhere.
        chunk = draw(population, seed, start, min(CHUNK, attempts - start))
        record: tuple[list[Ending | None], ...] = tuple([None] * len(chunk.gaps) for _ in arms)
        open_chunks.append(record)
        for arm, endings in zip(arms, record, strict=True):
            arm.admit(chunk, endings)
        while open_chunks and _complete(open_chunks[0]):
            yield cast(tuple[list[Ending], ...], open_chunks.popleft())
    for arm in arms:
        arm.environment.run()
    yield from cast(Iterator[tuple[list[Ending], ...]], iter(open_chunks))


def _complete(record: tuple[list[Ending | None], ...]) -> bool:
    return all(None not in endings for endings in record)


class Arm:
    """A population under one design: its clock, its caches and its plans."""

    def __init__(self, population: Population, design: Design) -> None:
        self.environment = simpy.Environment()
        self.population = population
        self.design = design
        self.places = tuple(PLACES[category.name] for category in population.places.categories)
        self.metadata_lifetime = population.number("metadata_lifetime")
        self.token_lifetime = population.number("token_lifetime")
        size = int(population.number("agents")) * int(population.number("resources"))
        # One slot for each resource of each agent, however many attempts there are.
        self.kept = [-1] * size
        self.metadata_until = [0.0] * size
        self.token_until = [0.0] * size
        self.plans: dict[tuple[int, int, bool], Walk] = {}

    def admit(self, chunk: Chunk, endings: list[Ending | None]) -> None:
        """Run the clock until the last attempt of a chunk has started."""
        self.environment.run(until=self.environment.process(self._arrivals(chunk, endings)))

    def walk(self, kind: int, place: int, warm: bool) -> Walk:
        """The walk of a visit to a place in an environment, with a token at hand or not."""
        found = self.plans.get((kind, place, warm))
        if found is None:
            url, capabilities, _ = self.places[place]
            # Only an attacker's server is treated differently by a client that holds tokens.
            held = {"warm": "yes"} if warm and capabilities else {}
            design = self.design.but(**environment(self.population, kind), **held)
            found = self.plans[kind, place, warm] = Walk(plan_for(Configuration(design, capabilities), url))
        return found

    def _arrivals(self, chunk: Chunk, endings: list[Ending | None]) -> Walking:
        timeout, process = self.environment.timeout, self.environment.process
        rows = zip(chunk.gaps, chunk.kinds, chunk.places, chunk.slots, chunk.latencies, strict=True)
        for number, (gap, kind, place, slot, latencies) in enumerate(rows):
            yield timeout(gap)
            process(self._attempt(kind, place, slot, latencies, endings, number))

    def _attempt(
        self, kind: int, place: int, slot: int, latencies: tuple[float, ...], endings: list[Ending | None], number: int
    ) -> Walking:
        """One agent calls one resource URL and sees it through."""
        clock = self.environment
        known = self.kept[slot] == kind
        with_token = known and self.token_until[slot] > clock.now
        with_metadata = known and self.metadata_until[slot] > clock.now
        walk = self.walk(kind, place, with_token)
        good_for = self.token_until[slot] - clock.now if walk.plan.steals_cached else self.token_lifetime
        for column in walk.columns[2 * with_token + with_metadata]:
            yield clock.timeout(latencies[column])
        if walk.plan.keeps and not with_token:
            self.kept[slot] = kind
            self.token_until[slot] = clock.now + self.token_lifetime
            if not with_metadata:
                self.metadata_until[slot] = clock.now + self.metadata_lifetime
        in_time = latencies[_ATTACKER] <= good_for
        endings[number] = walk.plan.ending if in_time else walk.plan.late


class Walk:
    """A plan with its waits as columns of the table of latencies."""

    __slots__ = ("columns", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.columns = tuple(tuple(COLUMN[name] for name in waits) for waits in plan.waits)
