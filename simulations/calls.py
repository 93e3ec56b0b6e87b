"""The calls that come to a world in time: when, whose, what they draw, the same under each arm, and what one costs."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations import draws
from simulations.attempts import draw_latency
from simulations.population import LATENCIES
from simulations.residents import Residents
from simulations.units import Unit

#: Calls drawn at a time; results do not depend on it.
CHUNK = 4096
#: What an AS has work with.
WORK = ("server_metadata", "push", "consent", "token", "request")
#: What is measured of every call.
QUANTITIES = (
    "seconds", "seconds_in_queues", "prompts", "interruptions", "requests_to_AS", "document_fetches", "registrations",
    "refreshes", "refresh_races", "key_fetches",
)  # fmt: skip
SECONDS, QUEUED, PROMPTS, INTERRUPTIONS, REQUESTS, DOCUMENTS, REGISTRATIONS, REFRESHES, RACES, KEYS = range(
    len(QUANTITIES)
)

#: A bill with nothing on it.
NOTHING = array("d", bytes(8 * len(QUANTITIES)))


class Calls(NamedTuple):
    """Calls in the order in which they come, the same under every arm.

    Attributes:
        gaps: seconds since the call before.
        connections: who calls whom.
        latencies: one row a call, one column a kind of latency.
        work: one row a call, for each of :data:`WORK` how many times the mean an AS works on it; or nothing.
        hostile: whether it is a made-up client's.
        early: a uniform number: how early a document ends that is fetched for it.
        thinks: seconds before each further call of a task.
    """

    gaps: list[float]
    connections: list[int]
    latencies: list[tuple[float, ...]]
    work: list[tuple[float, ...]]
    hostile: list[bool]
    early: list[float]
    thinks: list[tuple[float, ...]]


@dataclass(slots=True, eq=False)
class Call:
    """A call under way: who calls, in which situation, what it has drawn, and its bill: :data:`QUANTITIES`, so far."""

    connection: int
    code: int
    latencies: tuple[float, ...]
    work: tuple[float, ...]
    early: float
    thinks: tuple[float, ...]
    bill: array[float] = field(default_factory=lambda: NOTHING[:])


def calls(unit: Unit, living: Residents, options: dict[str, float]) -> Iterator[Calls]:
    """The calls of a unit, those of the warm-up before them."""
    first, many = unit.first, warming(unit, options) + unit.attempts

    for start in range(first, first + many, CHUNK):
        size = min(CHUNK, first + many - start)

        def uniforms(purpose: str, start: int = start, size: int = size) -> NDArray[np.float64]:
            return draws.uniforms(unit.seed, purpose, start, size)

        def rows(columns: list[NDArray[np.float64]], size: int = size) -> list[tuple[float, ...]]:
            # Of tuples of numbers, unlike lists, the garbage collector knows that it need not look at them again.
            return list(zip(*(column.tolist() for column in columns), strict=True)) or [()] * size

        worked = WORK if limited(options) else ()
        yield Calls(
            draws.exponential(uniforms("arrival"), 1 / unit.population.number("arrivals_per_second")).tolist(),
            living.called(uniforms("connection")).tolist(),
            rows([draw_latency(unit.population, name, unit.seed, start, size) for name in LATENCIES]),
            rows([draws.exponential(uniforms(f"work {name}"), 1.0) for name in worked]),
            (uniforms("hostile") < options["hostile"]).tolist() if options["hostile"] else [False] * size,
            uniforms("jitter").tolist() if options["jitter"] else [0.0] * size,
            rows(
                [
                    draws.exponential(uniforms(f"think {call}"), options["think"])
                    for call in range(1, int(options["calls"]))
                ]
            ),
        )


def limited(options: dict[str, float]) -> bool:
    """Whether an AS has to work for what it is asked."""
    return any(options[name] for name in ("as_workers", "as_rate", "as_backlog"))


def warming(unit: Unit, options: dict[str, float]) -> int:
    """How many calls come before any is counted."""
    return round(options["warm_up"] * unit.population.number("arrivals_per_second"))
