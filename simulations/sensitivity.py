"""Which of the numbers that nobody measured decide an experiment: Sobol indices of what each arm changes.

The knobs are what the population leaves open (``swept``). Outcomes are expected values, for which every situation
is gone through, so that nothing here is sampled but the knobs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulations import vectorised
from simulations.attempts import situations
from simulations.experiments import Adoption, Experiment, ExperimentError, population_for
from simulations.population import Factor, Population
from simulations.results import shows

if TYPE_CHECKING:
    import pandas

COLUMNS = (
    "experiment", "arm", "against", "outcome", "kind", "knob", "first_order", "first_order_confidence", "total",
    "total_confidence", "mean", "low", "high", "samples", "seed", "population",
)  # fmt: skip
#: Times are tried from a tenth to ten times of what the population says.
_DECADE = math.log(10)
#: An outcome that never changes by more than this depends on nothing.
_NOTHING = 1e-12

_TIMES = ("latency.attacker", "token_lifetime")
_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Knob:
    """A number that nobody measured.

    Attributes:
        name: as tables name it: ``factor: category`` for the weight of a category.
        low, high: between which it is tried.
    """

    name: str
    low: float
    high: float


def indices(
    asked: Experiment, samples: int = 256, seed: int = 1, population: Population | str | None = None
) -> pandas.DataFrame:
    """First-order and total Sobol indices of what each arm changes against the first, one row a knob.

    Parameters:
        samples: base samples, a power of two; the model is evaluated ``samples * (knobs + 2)`` times.

    Raises:
        ExperimentError: an experiment that counts in time, a population without knobs, samples no power of two.

    References:
        A. Saltelli et al.: Variance based sensitivity analysis of model output. Comput. Phys. Commun. 181 (2010).
    """
    import pandas
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as sampling

    if asked.reader != "arrays":
        raise ExperimentError(f"sensitivity goes through all situations, but {asked.name!r} counts {asked.reader}")
    if samples < 1 or samples & (samples - 1):
        raise ExperimentError(f"samples must be a power of two, found {samples}")
    met = asked.unit(population_for(asked, population), asked.values[len(asked.values) // 2], "", 0).population
    knobs = _knobs(asked, met)
    if not knobs:
        raise ExperimentError(f"population {met.name!r} leaves nothing open that {asked.name!r} could depend on")
    problem = {
        "num_vars": len(knobs), "names": [knob.name for knob in knobs], "bounds": [[k.low, k.high] for k in knobs],
    }  # fmt: skip
    tried = sampling.sample(problem, samples, calc_second_order=False, seed=seed)
    rows: list[tuple[Any, ...]] = []
    arms = tuple(asked.treatments)
    for (place, kind, outcome), values in _evaluate(asked, met, knobs, tried).items():
        if np.ptp(values) <= _NOTHING:
            continue
        found = analysis.analyze(problem, values, calc_second_order=False, seed=seed)
        rows += [
            (asked.name, arms[place], arms[0], outcome, kind, knob.name, *(float(found[key][number]) for key in
             ("S1", "S1_conf", "ST", "ST_conf")), float(values.mean()), float(values.min()), float(values.max()),
             samples, seed, met.name)
            for number, knob in enumerate(knobs)
        ]  # fmt: skip
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _knobs(asked: Experiment, met: Population) -> list[Knob]:
    knobs = [Knob("adoption", 0, 1)] if isinstance(asked.sweep, Adoption) else []
    for factor in _open_factors(met):
        names = [category.name for category in factor.categories]
        # Of two shares one says it all; of more, each has a weight.
        names = names[1:] if len(names) == 2 else names
        knobs += [Knob(f"{factor.name}: {name}", 0, 1) for name in names]
    for name in _TIMES:
        number = met.numbers[name]
        if number.provenance.swept and number.value > 0:
            middle = math.log(number.value)
            knobs.append(Knob(f"log {name}", middle - _DECADE, middle + _DECADE))
    return knobs


def _open_factors(met: Population) -> list[Factor]:
    # A factor whose switches a later factor sets as well has no say.
    factors = [*met.factors, met.places]
    shadowed = [
        {name for later in factors[place + 1 :] for kind in later.categories for name, _ in kind.settings}
        for place in range(len(factors))
    ]
    return [
        factor
        for factor, later in zip(factors, shadowed, strict=True)
        if factor.provenance.swept and len(factor.categories) > 1
        and not {name for kind in factor.categories for name, _ in kind.settings} & later
    ]


def _evaluate(
    asked: Experiment, met: Population, knobs: list[Knob], tried: _Numbers
) -> dict[tuple[int, str, str], _Numbers]:
    """What each arm changes of each outcome, at every point that is tried."""
    found = situations(met)
    if found.count > vectorised.MOST_SITUATIONS:
        raise ExperimentError(f"population {met.name!r} has {found.count:,} situations, too many to go through")
    codes = np.arange(found.count)
    seen = [_seen(vectorised.Reader(found, arm), codes) for arm in asked.treatments.values()]
    outcomes = sorted({outcome for columns in seen for outcome in columns})
    nothing = np.zeros((len(codes), 2))
    changes = {
        (place, *outcome): columns.get(outcome, nothing) - seen[0].get(outcome, nothing)
        for place, columns in enumerate(seen)
        if place > 0
        for outcome in outcomes
    }
    stacked = np.stack([change.ravel() for change in changes.values()], axis=1)
    values = np.array([_weights(met, dict(zip((k.name for k in knobs), point, strict=True))) @ stacked
                       for point in tried.tolist()])  # fmt: skip
    return {key: values[:, column] for column, key in enumerate(changes)}


def _seen(reader: vectorised.Reader, codes: NDArray[np.int64]) -> dict[tuple[str, str], _Numbers]:
    """For each outcome where it is seen: situations by whether the thief comes in time."""
    numbers = reader.read(codes)
    names = {(label.kind, label.name) for label in reader.labels}
    names |= {("harm", harm) for label in reader.labels for harm in label.harms}
    return {
        (kind, name): np.array([shows(label, kind, name) for label in reader.labels], dtype=float)[numbers]
        for kind, name in names
    }


def _weights(met: Population, point: Mapping[str, float]) -> _Numbers:
    """How often each situation is met, in time or late, where the knobs stand so."""
    turned = {factor.name: _shares(factor, point) for factor in _open_factors(met)}
    weights = np.ones(1)
    for factor in (*met.factors, met.places):
        weights = np.multiply.outer(weights, turned.get(factor.name, np.asarray(factor.shares))).ravel()
    adoption = point.get("adoption", 1.0)
    for column in ((1 - adoption, adoption),) * 2:
        weights = np.multiply.outer(weights, np.asarray(column)).ravel()
    thief, life = (
        math.exp(point[f"log {name}"]) if f"log {name}" in point else met.number(name) for name in _TIMES
    )
    early = vectorised.in_time_share(thief, met.number("latency.spread"), life)
    both: _Numbers = np.multiply.outer(weights, np.array([early, 1 - early])).ravel()
    return both


def _shares(factor: Factor, point: Mapping[str, float]) -> _Numbers:
    if len(factor.categories) == 2:
        second = point[f"{factor.name}: {factor.categories[1].name}"]
        return np.array([1 - second, second])
    raw = np.array([point[f"{factor.name}: {category.name}"] for category in factor.categories]) + 1e-9
    return np.asarray(raw / raw.sum())
