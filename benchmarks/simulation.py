"""What the rules cost: the simulation beside a bare simpy loop with the same events and no rules.

    python -m benchmarks.simulation

Both run here, one after the other, several times; the ratio compares their fastest runs. Then first contacts read over
arrays, beside plain NumPy that draws what attempts meet in the same shares and counts how they end by a table made
beforehand; and beside NumPy that draws nothing but the endings, from probabilities that are known already. Then
attempts at two sizes in processes of their own, to see whether memory stays flat. The last lines say what a billion
first contacts would take at the cost that was measured here. Seconds are those that the processor worked, which on an
idle machine is the time that passes; where both are of interest, both are printed.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Generator
from math import exp
from pathlib import Path

import numpy as np
import simpy
from numpy.typing import NDArray

from simulations import engine, vectorised
from simulations.attempts import ADOPTIONS, COLUMN, Chunk, draw, situations
from simulations.population import LATENCIES, Population, load
from simulations.units import Unit
from simulations.visits import Settings

#: Agents under way at a time, attempts, and how often both loops are run.
LOADS = ((1_000, 200_000, 3), (10_000, 200_000, 2), (100_000, 300_000, 1))
#: Kinds of latency in a first contact from end to end.
WAITS = ("challenge", "metadata", "server_metadata", "consent", "token", "request")
HUNDRED_MILLION, BILLION = 100_000_000, 1_000_000_000


def population(live: int) -> Population:
    """First contacts only (nothing is cached), arriving so fast that ``live`` are under way at any time."""
    base = load("swept")
    spread = exp(base.number("latency.spread") ** 2 / 2)
    seconds = spread * sum(base.number(f"latency.{name}") for name in WAITS)
    return base.with_numbers(agents=live, arrivals_per_second=live / seconds, metadata_lifetime=0, token_lifetime=0)


def ours(met: Population, attempts: int) -> float:
    """Seconds for attempts by the rules, everything included: draws, plans, counts."""
    started = time.process_time()
    tally = engine.count(Unit(met, ((),), "benchmark", attempts, reader="agents"))
    assert tally.endings.total() == attempts
    return time.process_time() - started


def bare(met: Population, attempts: int) -> float:
    """Seconds for as many processes with as many timeouts as short, and nothing else; draws are made beforehand."""
    chunk = draw(met, "benchmark", 0, 4096)
    started = time.process_time()
    environment = simpy.Environment()
    environment.process(_arrivals(environment, chunk, attempts))
    environment.run()
    return time.process_time() - started


def _arrivals(environment: simpy.Environment, chunk: Chunk, attempts: int) -> Generator[simpy.Event, None, None]:
    gaps, rows, size = chunk.gaps, chunk.latencies, len(chunk.gaps)
    for number in range(attempts):
        yield environment.timeout(gaps[number % size])
        environment.process(_attempt(environment, rows[number % size]))


def _attempt(environment: simpy.Environment, latencies: tuple[float, ...]) -> Generator[simpy.Event, None, None]:
    for column in _COLUMNS:
        yield environment.timeout(latencies[column])


_COLUMNS = tuple(COLUMN[name] for name in WAITS)


def against_bare() -> None:
    """The ratio at three loads."""
    events = len(WAITS) + 3  # and an arrival, a start and an end
    for live, attempts, runs in LOADS:
        met = population(live)
        ours(met, 4096)  # the machine has decided every plan; below, its decisions are remembered
        pairs = [(bare(met, attempts), ours(met, attempts)) for _ in range(runs)]
        plain, ruled = (min(times) for times in zip(*pairs, strict=True))
        print(
            f"{live:>7,} live agents, {attempts:,} attempts, {events} events each: bare loop {plain:.2f} s, "
            f"with rules {ruled:.2f} s, ratio {ruled / plain:.2f}, {attempts / ruled:,.0f} attempts/s",
            flush=True,
        )


def plain(met: Population, endings: NDArray[np.int64], attempts: int) -> float:
    """Seconds to draw what each attempt meets and to count how it ends, with NumPy alone; no rules are read."""
    median, spread, life = map(met.number, ("latency.attacker", "latency.spread", "token_lifetime"))
    factors = [factor.shares for factor in (*met.factors, met.places) if len(factor.categories) > 1]
    bounds, generator = [np.cumsum(shares)[:-1] for shares in factors], np.random.default_rng(1)
    counts = np.zeros(endings.max() + 1, dtype=np.int64)
    started = time.process_time()
    for start in range(0, attempts, vectorised.CHUNK):
        size = min(vectorised.CHUNK, attempts - start)
        keys = np.zeros(size, dtype=np.int64)
        for each in bounds:
            keys = keys * (len(each) + 1) + np.searchsorted(each, generator.random(size), side="right")
        keys = keys * 2 + (median * np.exp(spread * generator.standard_normal(size)) > life)
        counts += np.bincount(endings[keys], minlength=len(counts))
    assert counts.sum() == attempts
    return time.process_time() - started


def endings_only(chances: list[float], attempts: int) -> float:
    """Seconds to draw as many endings from their probabilities and to count them."""
    generator, counts = np.random.default_rng(1), np.zeros(len(chances), dtype=np.int64)
    started = time.process_time()
    for start in range(0, attempts, vectorised.CHUNK):
        drawn = generator.choice(len(chances), min(vectorised.CHUNK, attempts - start), p=chances)
        counts += np.bincount(drawn, minlength=len(chances))
    assert counts.sum() == attempts
    return time.process_time() - started


def _endings(met: Population, designs: tuple[Settings, ...]) -> NDArray[np.int64]:
    """How everybody's first contacts end together, as a number, by situation and by whether a thief is late."""
    found = situations(met)
    adopted = np.arange(found.count).reshape(-1, ADOPTIONS)[:, -1]
    labels = vectorised.reader(found, designs).read(adopted).transpose(0, 2, 1).reshape(-1, len(designs))
    return np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)


def over_arrays(attempts: int) -> float:
    """Seconds an attempt, of one design and of ten at once, beside plain NumPy; the first of all includes the rules."""
    arms = tuple(
        (("prm", matching), ("echo", echo))
        for matching in ("exact", "prefix")
        for echo in ("off", "opt", "req", "req_strict", "grant")
    )
    met, cost = load("measured_2026"), 0.0
    for designs in (arms[:1], arms):
        started = time.process_time()
        chances, endings = list(vectorised.expected(met, designs).values()), _endings(met, designs)
        rules = time.process_time() - started
        runs = (
            (_array_seconds(met, designs, attempts), plain(met, endings, attempts), endings_only(chances, attempts))
            for _ in range(5)
        )
        cost, bare_cost, least = (min(times) for times in zip(*runs, strict=True))
        print(
            f"over arrays, measured_2026, {attempts:,} attempts, designs: {len(designs)}: rules {rules:.2f} s once, "
            f"then {cost:.2f} s; plain NumPy {bare_cost:.2f} s, ratio {cost / bare_cost:.2f}; its {len(chances)} joint "
            f"endings alone {least:.2f} s, ratio {cost / least:.2f}",
            flush=True,
        )
    return cost / attempts


def _array_seconds(met: Population, designs: tuple[Settings, ...], attempts: int) -> float:
    started = time.process_time()
    assert vectorised.counted(met, designs, "benchmark", attempts).endings.total() == attempts
    return time.process_time() - started


def _peak(unit: Unit) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a unit in a process of its own."""
    started = time.process_time()
    engine.count(unit)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return time.process_time() - started, peak / (1024 if sys.platform != "darwin" else 1024**2)


def on_two_cores(attempts: int) -> tuple[float, float]:
    """Attempts in time on two cores, every one of them written to disk; returns core seconds and bytes an attempt."""
    with tempfile.TemporaryDirectory() as folder:
        units = [
            Unit(load("swept"), ((),), f"benchmark/{half}", attempts // 2, reader="agents", record=folder)
            for half in range(2)
        ]
        with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
            started = time.monotonic()
            peaks = pool.map(_peak, units, chunksize=1)
            seconds = time.monotonic() - started
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        written = len(list(Path(folder).iterdir()))
    work, most = sum(busy for busy, _ in peaks), max(peak for _, peak in peaks)
    print(
        f"{attempts:>10,} attempts in time on two cores, streamed to {written} files: {seconds:.1f} s passed, "
        f"{work:.1f} s of work, peak memory {most:.0f} MB a process, {size / 1e6:.1f} MB on disk",
        flush=True,
    )
    return work / attempts, size / attempts


def plan(cost: float, size: float, array_cost: float) -> None:
    """What a billion first contacts take at the measured cost."""
    hours = BILLION * cost / 3600
    print("a billion first contacts at the cost measured here:")
    print(
        f"  in time:      {hours:.1f} core hours, so {hours / 64:.2f} hours on 64 cores; "
        f"{BILLION * size / 1e9:.1f} GB if every attempt is written down, else next to nothing"
    )
    print(f"  over arrays:  {BILLION * array_cost / 3600:.2f} core hours for one design; counts only")
    print("  memory: as above for each core; nothing grows with the number of attempts")


def main() -> None:
    """Run everything and print it."""
    assert set(WAITS) <= set(LATENCIES)
    against_bare()
    array_cost = over_arrays(4_000_000)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        seconds, peak = pool.apply(_peak, (Unit(load("measured_2026"), ((),), "benchmark", HUNDRED_MILLION),))
        print(
            f"{HUNDRED_MILLION:>10,} outcomes over arrays on one core, rules included: {seconds:.1f} s, peak memory "
            f"{peak:.0f} MB",
            flush=True,
        )
        for attempts in (100_000, 1_000_000):
            seconds, peak = pool.apply(_peak, (Unit(load("swept"), ((),), "benchmark", attempts, reader="agents"),))
            print(
                f"{attempts:>10,} attempts in time on one core: {seconds:.1f} s, peak memory {peak:.0f} MB", flush=True
            )
    on_two_cores(1_000_000)
    cost, size = on_two_cores(10_000_000)
    plan(cost, size, array_cost)


if __name__ == "__main__":
    main()
