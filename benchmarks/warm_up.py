"""How long the start of a world in time is felt, beside the warm-up that its experiment leaves out.

    python -m benchmarks.warm_up

Each world is lived from empty caches on, five times, in its first arms at the middle of its sweep. What the headline is
about is averaged over worlds, arm by arm (Welch), in batches of a fiftieth of the time that is simulated. MSER then
says how many of the first batches to leave out, so that the standard error of the mean of the rest is least. Where that
is more than the warm-up, a line says by how many standard errors the mean differs. `storm` and `outage` are about the
start itself, from which copies end together: their rates are means over ten lifetimes after it.

References:
    K. P. White: An effective truncation heuristic for bias reduction in simulation output. Simulation 69 (1997).
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulations.calls import QUANTITIES, calls
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import Experiment
from simulations.experiments import population_for
from simulations.horizon import lasting
from simulations.lives import LivedWorld, live
from simulations.measures import event
from simulations.quantities import Measure
from simulations.reader import told
from simulations.residents import settle

WORLDS, BATCHES, ARMS = 5, 50, 2
Series = NDArray[np.float64]


def truncated(series: Series) -> int:
    """How many of the first batches MSER leaves out, of at most half of them."""
    size = len(series)
    errors = [series[start:].var() / (size - start) for start in range(size // 2 + 1)]
    return int(np.argmin(errors))


def shift(series: Series, warm_up: int) -> float:
    """By how many standard errors the mean after a warm-up differs from that after as many batches as MSER says."""
    left = series[truncated(series) :]
    return float((series[warm_up:].mean() - left.mean()) / (left.std(ddof=1) / math.sqrt(len(left)) or math.inf))


def lived(asked: Experiment) -> Iterator[str]:
    """Return the lines about an experiment: one for each arm and quantity."""
    base = asked.unit(population_for(asked, None), asked.point, "", 1)
    warm_up = told(base)["warm_up"]
    cold = tuple(sorted((dict(base.options) | {"warm_up": 0.0}).items()))
    unit = lasting(replace(base, arms=base.arms[:ARMS], options=cold))
    worlds = []
    for number in range(WORLDS):
        one = replace(unit, seed=f"warm-up/{number}")
        living = settle(one.population, one.seed, one.adoption)
        worlds.append(live(one, living, calls(one, living, told(one)), told(one)))
    seconds = unit.attempts / BATCHES / unit.population.number("arrivals_per_second")
    for name, same in zip(asked.treatments, zip(*worlds, strict=True), strict=False):
        for measure in asked.about:
            mean = np.mean([batches(series(world, measure)) for world in same], axis=0)
            if np.ptp(mean):
                felt, off = truncated(mean) * seconds, shift(mean, math.ceil(warm_up / seconds))
                said = f"MSER {felt:,.0f} s, " + ("long enough" if felt <= warm_up else f"off by {off:+.1f} errors")
                yield f"{measure.quantity:<17} {name:<48} warm-up {warm_up:,.0f} s: {said}"


def series(world: LivedWorld, measure: Measure) -> Series:
    """What each call had of a measure, in the order in which they came."""
    found = event(measure)
    if found is None:
        return world.bills[:, QUANTITIES.index(measure.quantity)]
    return np.array([found[0](label) for label in world.ended], dtype=float)


def batches(each: Series) -> Series:
    """The means of so many batches."""
    return np.array([part.mean() for part in np.array_split(each, BATCHES)])


def main() -> None:
    """Print, world by world, how long the start is felt and how long the warm-up is."""
    for name, asked in EXPERIMENTS.items():
        if asked.reader == "residents" and name in (sys.argv[1:] or EXPERIMENTS):
            for line in lived(asked):
                print(f"{name:<13} {line}", flush=True)


if __name__ == "__main__":
    main()
