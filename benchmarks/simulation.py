"""What the rules cost: the simulation beside a bare simpy loop with the same events and no rules.

    python -m benchmarks.simulation

Both run here, one after the other, several times; the ratio compares their fastest runs. The last lines run the
simulation in processes of its own at two sizes, to see whether memory stays flat.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections import Counter
from collections.abc import Generator
from math import exp

import simpy

from model.design import Design
from simulations.agents import COLUMN, Chunk, draw, simulate
from simulations.population import LATENCIES, Population, load

#: Agents under way at a time, attempts, and how often both loops are run.
LOADS = ((1_000, 200_000, 3), (100_000, 300_000, 2))
#: Kinds of latency in a first contact from end to end.
WAITS = ("challenge", "metadata", "server_metadata", "consent", "token", "request")


def population(live: int) -> Population:
    """First contacts only (nothing is cached), arriving so fast that ``live`` are under way at any time."""
    base = load("swept")
    spread = exp(base.number("latency.spread") ** 2 / 2)
    seconds = spread * sum(base.number(f"latency.{name}") for name in WAITS)
    return base.with_numbers(
        agents=live, arrivals_per_second=live / seconds, metadata_lifetime=0, token_lifetime=0
    )


def ours(met: Population, attempts: int) -> float:
    """Seconds for attempts by the rules, everything included: draws, plans, counts."""
    started = time.perf_counter()
    counts: Counter[object] = Counter()
    for (endings,) in simulate(met, (Design(),), "benchmark", attempts):
        counts.update(endings)
    assert counts.total() == attempts
    return time.perf_counter() - started


def bare(met: Population, attempts: int) -> float:
    """Seconds for as many processes with as many timeouts as short, and nothing else; draws are made beforehand."""
    chunk = draw(met, "benchmark", 0, 4096)
    started = time.perf_counter()
    environment = simpy.Environment()
    environment.process(_arrivals(environment, chunk, attempts))
    environment.run()
    return time.perf_counter() - started


def _arrivals(environment: simpy.Environment, chunk: Chunk, attempts: int) -> Generator[simpy.Event, None, None]:
    gaps, rows, size = chunk.gaps, chunk.latencies, len(chunk.gaps)
    for number in range(attempts):
        yield environment.timeout(gaps[number % size])
        environment.process(_attempt(environment, rows[number % size]))


def _attempt(environment: simpy.Environment, latencies: tuple[float, ...]) -> Generator[simpy.Event, None, None]:
    for column in _COLUMNS:
        yield environment.timeout(latencies[column])


_COLUMNS = tuple(COLUMN[name] for name in WAITS)


def _peak(attempts: int) -> tuple[float, float]:
    """Seconds and peak memory (MB) of attempts of the population as it is shipped."""
    seconds = ours(load("swept"), attempts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, peak / (1024 if sys.platform != "darwin" else 1024**2)


def main() -> None:
    """Run everything and print it."""
    assert set(WAITS) <= set(LATENCIES)
    events = len(WAITS) + 3  # and an arrival, a start and an end
    for live, attempts, runs in LOADS:
        met = population(live)
        ours(met, 4096)  # the machine has decided every plan; below, its decisions are remembered
        pairs = [(bare(met, attempts), ours(met, attempts)) for _ in range(runs)]
        plain, ruled = (min(times) for times in zip(*pairs, strict=True))
        print(
            f"{live:>7,} live agents, {attempts:,} attempts, {events} events each: bare loop {plain:.2f} s, "
            f"with rules {ruled:.2f} s, ratio {ruled / plain:.2f}, {attempts / ruled:,.0f} attempts/s"
        )
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for attempts in (100_000, 1_000_000):
            seconds, peak = pool.apply(_peak, (attempts,))
            print(f"{attempts:>9,} attempts on one core: {seconds:.1f} s, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
