"""The ways to count a unit of work, by name."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence

from simulations import adoption, agents, layers, lives, registrations, tasks, vectorised
from simulations.engine import Tally, Unit
from simulations.harms import strategy
from simulations.reads import check_read
from simulations.record import recorded
from simulations.visits import Ending, Label


def arrays(unit: Unit) -> Tally:
    """First contacts, a whole population at once: nothing is cached and only outcomes are counted."""
    told = unit.population, unit.arms, unit.seed, unit.attempts
    after = strategy(unit.strategy)
    if unit.record:
        attempts = vectorised.attempts(*told, adoption=unit.adoption, first=unit.first, strategy=after)
        deque(recorded(unit, attempts), maxlen=0)
    return vectorised.counted(*told, adoption=unit.adoption, first=unit.first, strategy=after)


def in_time(unit: Unit) -> Tally:
    """Agents in time, which come back to what they have cached."""
    chunks = agents.simulate(
        unit.population, unit.arms, unit.seed, unit.attempts, adoption=unit.adoption, first=unit.first,
        strategy=strategy(unit.strategy),
    )  # fmt: skip
    if unit.record:
        return _counted(recorded(unit, ([[end.label for end in arm] for arm in chunk] for chunk in chunks)))
    met: Counter[tuple[Ending, ...]] = Counter()
    for chunk in chunks:
        met.update(zip(*chunk, strict=True))
    tally = Tally()
    for endings, times in met.items():
        tally.endings[tuple(ending.label for ending in endings)] += times
    return tally


def _counted(chunks: Iterable[Sequence[Sequence[Label]]]) -> Tally:
    tally = Tally()
    for chunk in chunks:
        tally.endings.update(zip(*chunk, strict=True))
    return tally


READERS: dict[str, Callable[[Unit], Tally]] = {
    "arrays": arrays, "agents": in_time, "tasks": tasks.count, "layers": layers.count,
    "registrations": registrations.count, "residents": lives.count, "vendors": adoption.count,
}  # fmt: skip


def check_arms(reader: str, arms: Iterable[str]) -> None:
    """Make sure that a reader reads the switches that arms name (raises ConfigurationError)."""
    for arm in arms:
        check_read(f"reader {reader!r}", READERS[reader], arm)
