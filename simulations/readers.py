"""The ways to count a unit of work, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from simulations import agents, layers, tasks, vectorised
from simulations.engine import Tally, Unit
from simulations.visits import Ending


def arrays(unit: Unit) -> Tally:
    """First contacts, a whole population at once: nothing is cached and only outcomes are counted."""
    return Tally(
        vectorised.tally(
            unit.population, unit.arms, unit.seed, unit.attempts, adoption=unit.adoption, first=unit.first
        )
    )


def in_time(unit: Unit) -> Tally:
    """Agents in time, which come back to what they have cached."""
    met: Counter[tuple[Ending, ...]] = Counter()
    chunks = agents.simulate(
        unit.population, unit.arms, unit.seed, unit.attempts, adoption=unit.adoption, first=unit.first
    )
    for chunk in chunks:
        met.update(zip(*chunk, strict=True))
    tally = Tally()
    for endings, times in met.items():
        tally.endings[tuple(ending.label for ending in endings)] += times
    return tally


READERS: dict[str, Callable[[Unit], Tally]] = {
    "arrays": arrays, "agents": in_time, "tasks": tasks.count, "layers": layers.count,
}  # fmt: skip
