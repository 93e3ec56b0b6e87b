"""The ways to count a unit of work, by name."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product

import numpy as np

from model.model import Model
from simulations import adoption, agents, costs, encounters, layers, lives, registrations, tasks, vectorised
from simulations.harms import strategy
from simulations.population import Population, PopulationError
from simulations.reader import READERS as DECLARED
from simulations.reads import check_drawn, check_read
from simulations.record import recorded
from simulations.results import measured
from simulations.units import Tally, Unit
from simulations.visits import Label


def arrays(unit: Unit) -> Tally:
    """First contacts, a whole population at once: nothing is cached and only outcomes are counted."""
    told = unit.population, unit.arms, unit.seed, unit.attempts
    after = strategy(unit.strategy)
    if not unit.attempts:
        return vectorised.evaluated(unit.population, unit.arms, unit.adoption, after)
    if unit.record:
        attempts = vectorised.attempts(*told, adoption=unit.adoption, first=unit.first, strategy=after)
        deque(recorded(unit, attempts), maxlen=0)
    return vectorised.counted(*told, adoption=unit.adoption, first=unit.first, strategy=after)


def in_time(unit: Unit) -> Tally:
    """Agents in time, which come back to what they have cached."""
    met: Counter[tuple[agents.Visited, ...]] = Counter()
    chunks = agents.simulate(
        unit.population,
        unit.arms,
        unit.seed,
        unit.attempts,
        adoption=unit.adoption,
        first=unit.first,
        strategy=strategy(unit.strategy),
    )

    def labels() -> Iterator[tuple[list[Label], ...]]:
        for chunk in chunks:
            met.update(zip(*chunk, strict=True))
            yield tuple([visited.ending for visited in arm] for arm in chunk) if unit.record else ()

    deque(recorded(unit, labels()) if unit.record else labels(), maxlen=0)
    tally = Tally()
    for visits, times in met.items():
        tally.endings[tuple(visited.ending for visited in visits)] += times
    spent = np.array([[visited.cost for visited in visits] for visits in met])
    works = np.array([[visited.ending.kind == "success" for visited in visits] for visits in met])
    for arm, (number, name) in product(range(len(unit.arms)), enumerate(costs.COSTS)):
        values, first, ended = spent[:, arm, number], spent[:, 0, number], (works[:, arm], works[:, 0])
        tally.sums[name, arm] = measured(values, first, ended, np.array(list(met.values())))
    return tally


READERS: dict[str, Callable[[Unit], Tally]] = {
    "arrays": arrays, "agents": in_time, "tasks": tasks.count, "layers": layers.count,
    "registrations": registrations.count, "residents": lives.count, "vendors": adoption.count,
}  # fmt: skip
#: Those of them that count sooner when they know what several units will meet before the first is counted.
FORESEEING: dict[str, Callable[[Sequence[Unit]], None]] = {"tasks": tasks.foresee}


def check_met(reader: str, met: Population) -> None:
    """Make sure that a reader reads what a population says in its own way (raises PopulationError)."""
    check_drawn(f"reader {reader!r}", READERS[reader], met)
    if met.sent is not None and not DECLARED[reader].sent:
        numbers = ", ".join(encounters.NUMBERS)
        raise PopulationError(f"'place' is not read by reader {reader!r}: where agents go there follows from {numbers}")


def check_arms(reader: str, arms: Iterable[str], model: Model) -> None:
    """Make sure that a reader reads the switches that arms name (raises ConfigurationError)."""
    for arm in arms:
        check_read(f"reader {reader!r}", READERS[reader], arm, model)
