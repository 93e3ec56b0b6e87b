"""What it would be worth to know an input before one chooses an arm, and how much one would have to look at.

A choice between the arms is by what is expected: honest flows that work, less thefts, each of which weighs as much as
so many honest flows. Knowing an input first would sometimes change the choice; what that gains on average is the
expected value of partial perfect information, in honest flows per attempt. It is found by regression on draws of the
inputs. How many observations get nearly all of it follows from what is known of the input already, in observations.

References:
    M. Strong, J. E. Oakley, A. Brennan: Estimating multiparameter partial expected value of perfect information from a
    probabilistic sensitivity analysis sample: a nonparametric regression approach. Med. Decis. Making 34 (2014).
    H. Jalal, F. Alarid-Escudero: A Gaussian approximation approach for value of information analysis. Med. Decis.
    Making 38 (2018).
"""

from typing import Unpack

import numpy as np
import pandas

from simulations import expectation, uncertainty
from simulations.engine import Where
from simulations.experiment import Experiment, ExperimentError
from simulations.experiments import check_arms, check_met, population_for
from simulations.knobs import Numbers, knobs
from simulations.population import Population
from simulations.uncertainty import STOLEN, WORKS, Spread, fitted

COLUMNS = (
    "experiment", "knob", "kind", "worth", "of_all", "all", "observations", "chosen", "best_in", "weight", "value",
    "draws", "attempts", "seed", "population",
)  # fmt: skip
#: How many honest flows a theft weighs as much as, where nobody says.
WEIGHT = 10.0
#: Draws of the inputs where nothing is sampled but them, and where attempts are counted at each.
EXACT, COUNTED = 4096, 128
#: With fewer draws a regression finds in any input what chance has made.
FEWEST = 64
#: Observations are enough that get so much of what knowing would.
ENOUGH = 0.95
#: More observations than this are not looked into.
MOST_OBSERVATIONS = 1_000_000
#: What is worth less changes no choice.
_NOTHING = 1e-6


def gained(expected: Numbers) -> float:
    """How much more the best choice draw by draw brings than the one that is best on average.

    Parameters:
        expected: what is expected of each choice (a column), by what one would know (a row).
    """
    return float(expected.max(axis=1).mean() - expected.mean(axis=0).max())


def after(expected: Numbers, observations: float, rests_on: float) -> float:
    """The same after so many observations of an input about which as many as ``rests_on`` are known already."""
    mean = expected.mean(axis=0)
    return gained(mean + np.sqrt(observations / (observations + rests_on)) * (expected - mean))


def observations(expected: Numbers, rests_on: float) -> int | None:
    """The fewest observations that get :data:`ENOUGH` of what knowing an input gains; None where too many would be."""
    wanted = ENOUGH * gained(expected)
    if wanted <= _NOTHING or after(expected, MOST_OBSERVATIONS, rests_on) < wanted:
        return None
    low, high = 0, MOST_OBSERVATIONS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if after(expected, middle, rests_on) >= wanted else (middle, high)
    return high


def worth(
    asked: Experiment,
    *,
    weight: float = WEIGHT,
    samples: int | None = None,
    seed: int = 1,
    population: Population | str | None = None,
    deployed: bool | None = None,
    attempts: int | None = None,
    **where: Unpack[Where],
) -> pandas.DataFrame:
    """What knowing each input would be worth for the choice between the arms, the most first.

    Parameters:
        weight: how many honest flows a theft weighs as much as.
        samples: how often the inputs are drawn.
        attempts: attempts at every draw, where they are counted.
        deployed, where: as in :func:`simulations.experiments.run`.

    Raises:
        ExperimentError: one arm only, nothing that is open, or numbers that make no sense.
    """
    check_arms(asked)
    met = population_for(asked, population, deployed)
    check_met(asked, met)
    value = asked.values[len(asked.values) // 2]
    base = asked.unit(met, value, f"{seed}/0", uncertainty.ATTEMPTS if attempts is None else attempts)
    exact = expectation.known(base)
    number = (EXACT if exact else COUNTED) if samples is None else samples
    turned = knobs(asked, base)
    _check(asked, met, bool(turned), exact, weight, number, attempts)
    found = uncertainty.spread(base, turned, number, seed, **where)
    benefits = _benefits(found, weight)
    arms = tuple(asked.treatments)
    chosen = int(benefits.mean(axis=0).argmax())
    best_in = float((benefits[:, chosen] >= benefits.max(axis=1) - _NOTHING).mean())
    everything = gained(benefits)
    rows, counted = [], (weight, value, number, 0 if exact else base.attempts, seed, met.name)
    for knob, stands in found.stands.items():
        # What each choice is expected to bring once this input is known, draw by draw: a regression on it.
        expected = fitted(knob.features(stands), benefits)
        # One input is worth no more than all together; what a regression says beyond that is chance.
        gain = min(gained(expected), everything)
        gain = gain if gain > _NOTHING else 0.0
        told = gain, gain / everything if gain else 0.0, everything
        enough = observations(expected, knob.rests_on) if gain else None
        rows.append((asked.name, knob.name, knob.kind, *told, enough, arms[chosen], best_in, *counted))
    table = pandas.DataFrame(rows, columns=list(COLUMNS)).astype({"observations": "Int64"})
    return table.sort_values("worth", ascending=False, kind="stable", ignore_index=True)


def _check(
    asked: Experiment, met: Population, is_open: bool, exact: bool, weight: float, draws: int, attempts: int | None
) -> None:
    if len(asked.treatments) < 2:
        raise ExperimentError(f"{asked.name!r} has one arm: there is nothing to choose")
    if not is_open:
        raise ExperimentError(f"population {met.name!r} leaves nothing open that {asked.name!r} could depend on")
    if not (0 <= weight < float("inf")):
        raise ExperimentError(f"the weight of a theft must be a number of at least 0, found {weight:g}")
    if draws < 2:
        raise ExperimentError(f"draws must be at least 2, found {draws}")
    if exact and attempts is not None:
        raise ExperimentError(f"worth for {asked.name!r} counts no attempts: it goes through all situations")


def _benefits(found: Spread, weight: float) -> Numbers:
    """What each arm brings, draw by draw."""
    return found.of(*WORKS) - weight * found.of(*STOLEN)
