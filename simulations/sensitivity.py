"""Which of the numbers that are not sure decide an experiment: how each changes what each arm changes.

The knobs are what the population does not state with high confidence and what the reader takes for granted; the shares
of one factor are one knob, however many products it is of. Where attempts are first contacts, outcomes are expected
values, for which every situation is gone through, so that nothing is sampled but the knobs. Elsewhere the reader of the
experiment counts a few attempts at every point, the same draws at all of them.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Unpack

import numpy as np
import pandas
import scipy

from model.errors import hint
from simulations import engine, expectation
from simulations.engine import Where
from simulations.experiment import Experiment, ExperimentError
from simulations.experiments import check_arms, check_met, population_for
from simulations.horizon import horizon, lasting
from simulations.intervals import LEVEL
from simulations.knobs import Knob, Numbers, knobs, stand, unit_at
from simulations.population import Population
from simulations.reader import READERS, Effort
from simulations.results import outcomes_of
from simulations.units import Tally, Unit

COLUMNS = (
    "experiment", "arm", "against", "outcome", "kind", "knob", "method", "first_order", "first_order_confidence",
    "total", "total_confidence", "converged", "effect", "effect_confidence", "spread", "mean", "low", "high", "samples",
    "attempts", "seed", "population",
)  # fmt: skip
#: An outcome that never changes by more than this depends on nothing.
_NOTHING = 1e-12
#: An index is what it says if its interval reaches so far to either side, or half as far as the index itself.
_NARROW = 0.05
METHODS = {
    "sobol": "shares of the variance that a knob explains, alone (first order) and with others (total)",
    "morris": "the mean size of what a step of a knob changes (effect); for many knobs where a sample is dear",
}


#: Where all situations are gone through nothing is counted.
EXACT = Effort("sobol", 256, 0)
#: Resamples of the trajectories of Morris, of which there are few.
_RESAMPLES = 1_000
#: So many attempts at all points together are taken without being asked for.
MOST_ATTEMPTS = 20_000_000

_Changes = dict[tuple[int, str, str], Numbers]


def indices(
    asked: Experiment,
    samples: int | None = None,
    seed: int = 1,
    population: Population | str | None = None,
    *,
    method: str | None = None,
    attempts: int | None = None,
    deployed: bool | None = None,
    **where: Unpack[Where],
) -> pandas.DataFrame:
    """What each knob has to do with what each arm changes against the first, one row a knob.

    Parameters:
        samples: base samples: a power of two for Sobol, trajectories for Morris; the model is evaluated
            ``samples * (knobs + 2)`` or ``samples * (knobs + 1)`` times.
        method: one of :data:`METHODS`.
        attempts: attempts at every point, where they are counted; else as many as the reader usually does, and more
            where its clock has to go further.
        deployed, where: as in :func:`simulations.experiments.run`.

    Raises:
        ExperimentError: a population without knobs, samples or attempts that make no sense (too few for what is asked
            about to happen, for example), an unknown method.
        ConfigurationError: an arm that cannot be read, or names a switch that the reader does not read.
        Interrupted: on Ctrl-C.

    References:
        A. Saltelli et al.: Variance based sensitivity analysis of model output. Comput. Phys. Commun. 181 (2010).
        F. Campolongo et al.: An effective screening design. Environ. Model. Softw. 22 (2007).
    """
    check_arms(asked)
    met = population_for(asked, population, deployed)
    check_met(asked, met)
    base = asked.unit(met, asked.values[len(asked.values) // 2], f"{seed}/0", 1)
    exact = expectation.known(base)
    effort = _effort(asked, EXACT if exact else READERS[asked.reader].effort, method, samples, attempts)
    turned = knobs(asked, base)
    if not turned:
        raise ExperimentError(f"population {met.name!r} leaves nothing open that {asked.name!r} could depend on")
    problem = _problem(turned)
    tried = _sampled(problem, effort, seed)
    stands = stand(turned, tried)
    if exact:
        taken, changes = effort.attempts, _expected(expectation.ExpectedOutcomes(base, turned), stands, len(tried))
    else:
        units = [unit_at(base, stands, row, effort.attempts) for row in range(len(tried))]
        units = _lasting(asked, units, attempts is not None)
        taken = max(unit.attempts for unit in units)
        changes = _counted(engine.run(units, **where).values())
    arms, counted = tuple(asked.treatments), (effort.samples, taken, seed, met.name)
    rows = []
    for (place, kind, outcome), values in changes.items():
        if np.ptp(values) > _NOTHING:
            changed = float(values.mean()), float(values.min()), float(values.max())
            for knob, found in zip(turned, _analysed(problem, effort, tried, values, seed), strict=True):
                what = (asked.name, arms[place], arms[0], outcome, kind, knob.name, effort.method)
                rows.append((*what, *found, *changed, *counted))
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _problem(turned: Sequence[Knob]) -> dict[str, Any]:
    """What SALib is asked: uniform numbers, those of a knob together."""
    named = [knob.name for knob in turned for _ in range(knob.size)]
    return {
        "num_vars": len(named),
        "names": [f"{name} {place}" for place, name in enumerate(named)],
        "bounds": [[0.0, 1.0]] * len(named),
        "groups": named,
    }


def _effort(asked: Experiment, usual: Effort, method: str | None, samples: int | None, attempts: int | None) -> Effort:
    """What is done, from what is asked for."""
    chosen = usual.method if method is None else method
    if chosen not in METHODS:
        raise ExperimentError(f"unknown method {chosen!r}{hint(chosen, METHODS)}")
    number = usual.samples if samples is None else samples
    if chosen == "sobol" and (number < 1 or number & (number - 1)):
        raise ExperimentError(f"samples must be a power of two, found {number}")
    if number < 2:
        raise ExperimentError(f"samples must be at least 2, found {number}")
    if attempts is not None and not usual.attempts:
        raise ExperimentError(
            f"sensitivity of {asked.name!r} counts no attempts: it goes through all situations; allowed: samples"
        )
    if attempts is not None and attempts < 1:
        raise ExperimentError(f"attempts must be at least 1, found {attempts}")
    return Effort(chosen, number, usual.attempts if attempts is None else attempts)


def _lasting(asked: Experiment, units: list[Unit], told: bool) -> list[Unit]:
    """The units, each long enough for what is asked about.

    ``told``: as many attempts as there are were asked for. Where they were not, more are taken, up to a limit.
    """
    enough = [lasting(unit) for unit in units]
    dearest = max(enough, key=lambda unit: unit.attempts)
    dear = told or sum(unit.attempts for unit in enough) > MOST_ATTEMPTS
    if dear and dearest.attempts > units[0].attempts:
        found = horizon(dearest)
        assert found is not None
        seconds, why = found.needed
        raise ExperimentError(
            f"{asked.name!r} ends after {units[0].attempts / found.rate:,.0f} s of simulated time, and needs "
            f"{seconds:,.0f} s ({why}) at a point that is tried: it takes at least {dearest.attempts} attempts"
        )
    return enough


def _sampled(problem: dict[str, Any], effort: Effort, seed: int) -> Numbers:
    from SALib.sample import morris, sobol

    if effort.method == "morris":
        tried: Numbers = morris.sample(problem, effort.samples, seed=seed)
    else:
        tried = sobol.sample(problem, effort.samples, calc_second_order=False, seed=seed)
    return tried


def _analysed(
    problem: dict[str, Any], effort: Effort, tried: Numbers, values: Numbers, seed: int
) -> Iterator[tuple[Any, ...]]:
    """For each knob the columns from ``first_order`` to ``spread``; those of the other method are not numbers."""
    from SALib.analyze import morris, sobol

    nothing = float("nan")
    if effort.method == "morris":
        found = morris.analyze(problem, tried, values, seed=seed, num_resamples=_RESAMPLES)
        wider = _of_few(effort.samples)
        for effect in zip(found["mu_star"], wider * found["mu_star_conf"], found["sigma"], strict=True):
            mean, confidence, spread = map(float, effect)
            yield *(nothing,) * 4, "yes" if mean >= confidence else "no", mean, confidence, spread
    else:
        found = sobol.analyze(problem, values, calc_second_order=False, seed=seed)
        for share in zip(*(found[name] for name in ("S1", "S1_conf", "ST", "ST_conf")), strict=True):
            first, first_confidence, total, confidence = map(float, share)
            yield first, first_confidence, total, confidence, _converged(total, confidence), *(nothing,) * 3


def _of_few(trajectories: int) -> float:
    """By how much an interval is wider than SALib's, which is normal and resamples, where trajectories are few.

    The spread of resampled means is that of the sample, which is too small by the one that its mean takes.
    """
    outside = (1 + LEVEL) / 2
    unbiased = math.sqrt(trajectories / (trajectories - 1))
    return float(scipy.stats.t.ppf(outside, trajectories - 1) / scipy.stats.norm.ppf(outside) * unbiased)


def _converged(total: float, confidence: float) -> str:
    """Whether the interval of an index bears it out: narrow, or far from nothing, and of what a share can be.

    References:
        F. Sarrazin, F. Pianosi, T. Wagener: Global sensitivity analysis of environmental models: convergence and
        validation. Environ. Model. Softw. 79 (2016).
    """
    supported = confidence <= max(_NARROW, total / 2) and -confidence <= total <= 1 + confidence
    return "yes" if supported else "no"


# --- all situations gone through -------------------------------------------------------------------------------


def _expected(expected: expectation.ExpectedOutcomes, stands: Mapping[Knob, Numbers], points: int) -> _Changes:
    """What each arm changes of each outcome, at every point that is tried."""
    rates = expected.rates(stands, points)
    return {
        (place, *outcome): rates[:, place, column] - rates[:, 0, column]
        for place in range(1, rates.shape[1])
        for column, outcome in enumerate(expected.outcomes)
    }


# --- attempts counted -------------------------------------------------------------------------------------------


def _counted(tallies: Iterable[Tally]) -> _Changes:
    """What each arm changes of each outcome, and of each mean that was taken at every point."""
    points = [_rates(tally) for tally in tallies]
    outcomes = sorted({outcome for rates in points for outcome in rates})
    # A mean that was not always taken (nobody was harmed) cannot be compared; an outcome not seen is none.
    kept = [key for key in outcomes if key[0] != "mean" or all(key in rates for rates in points)]
    arms = len(next(iter(points[0].values())))
    nothing = (0.0,) * arms
    table = {key: np.array([rates.get(key, nothing) for rates in points]) for key in kept}
    return {
        (place, *key): values[:, place] - values[:, 0]
        for place in range(1, arms)
        for key, values in table.items()
        if not np.isnan(values[:, [0, place]]).any()
    }


def _rates(tally: Tally) -> Mapping[tuple[str, str], tuple[float, ...]]:
    """By kind and outcome, arm by arm: how often it was seen, or the mean of a quantity."""
    total = tally.endings.total()
    arms = len(next(iter(tally.endings)))
    counts: dict[tuple[str, str], list[float]] = {}
    for joint, times in tally.endings.items():
        for place, label in enumerate(joint):
            for key in outcomes_of(label):
                counts.setdefault(key, [0.0] * arms)[place] += times / total
    for name in {name for name, _ in tally.sums}:
        sums = [tally.sums.get((name, place)) for place in range(arms)]
        counts["mean", name] = [one.total / one.number if one and one.number else float("nan") for one in sums]
    return {key: tuple(values) for key, values in counts.items()}
