"""What a rate can be if parties do not meet independently of each other.

Of clients, authorization servers and resource servers only margins are known: how many are of which kind, and not
which kinds meet. An experiment draws them independently. Every other way to pair them that has the same margins is a
coupling; a rate is linear in it, so that the least and the most that it can be are two linear programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from simulations import expectation
from simulations.engine import Unit
from simulations.experiments import Experiment, ExperimentError, check_arms, population_for
from simulations.knobs import Numbers
from simulations.population import Population

if TYPE_CHECKING:
    import pandas

COLUMNS = (
    "experiment", "parameter", "value", "arm", "outcome", "kind", "rate", "low", "high", "against", "difference",
    "difference_low", "difference_high", "coupled", "population",
)  # fmt: skip
#: Values that are closer than this are one.
_DIGITS = 12


def bounds(values: Numbers, margins: Sequence[Numbers]) -> tuple[float, float]:
    """The least and the most that the mean of something can be over all couplings with these margins.

    Parameters:
        values: what it is where kinds meet, one axis a margin.

    Example:
        >>> both = np.array([[0.0, 0.0], [0.0, 1.0]])
        >>> [round(bound, 3) for bound in bounds(both, [np.array([0.3, 0.7]), np.array([0.6, 0.4])])]
        [0.1, 0.4]
    """
    values = np.round(values, _DIGITS)
    kept = []
    for axis, margin in enumerate(margins):
        values, merged = _merged(values, margin, axis)
        kept.append(merged)
    if values.size == 1:
        return float(values.item()), float(values.item())
    kinds = np.indices(values.shape).reshape(values.ndim, -1)
    rows = np.concatenate([
        (kind == np.arange(len(margin))[:, None]).astype(float) for kind, margin in zip(kinds, kept, strict=True)
    ])  # fmt: skip
    total, flat = np.concatenate(kept), values.ravel()
    return _least(flat, rows, total), -_least(-flat, rows, total)


def _least(values: Numbers, rows: Numbers, total: Numbers) -> float:
    found = linprog(values, A_eq=rows, b_eq=total, method="highs")
    if found.fun is None:  # independence is a coupling, so that there is one
        raise ArithmeticError(found.message)
    return float(found.fun)


def _merged(values: Numbers, margin: Numbers, axis: int) -> tuple[Numbers, Numbers]:
    """Kinds of which there are none left out, and kinds that make no difference taken together."""
    there = np.flatnonzero(margin)
    rows = np.moveaxis(values, axis, 0)[there]
    _, first, alike = np.unique(rows.reshape(len(there), -1), axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(alike.ravel(), weights=margin[there])
    return np.moveaxis(rows[first], 0, axis), weights / weights.sum()


def coupled(
    asked: Experiment, population: Population | str | None = None, *, deployed: bool | None = None
) -> pandas.DataFrame:
    """The bounds of every rate of an experiment, and of what each arm changes, over all couplings of its factors.

    Where agents are sent, who adopts and when a thief comes stay independent of who they are.

    Raises:
        ExperimentError: attempts of the experiment are no first contacts, or meet too many kinds of parties.
        ConfigurationError: an arm that cannot be read, or names a switch that the reader does not read.
    """
    import pandas

    check_arms(asked)
    met = population_for(asked, population, deployed)
    rows = [
        (asked.name, asked.parameter, value, *row, met.name)
        for value in asked.values for row in _at(asked, asked.unit(met, value, "", 1))
    ]  # fmt: skip
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _at(asked: Experiment, unit: Unit) -> list[tuple[object, ...]]:
    if not expectation.known(unit):
        raise ExperimentError(f"couplings of {asked.name!r} are not known: only first contacts can be gone through")
    factors = [factor for factor in unit.population.factors if sum(share > 0 for share in factor.shares) > 1]
    margins = [np.asarray(factor.shares) for factor in factors]
    found = expectation.Expectation(unit, kept=[factor.name for factor in factors])
    means = np.asarray(found.ends @ found.seen.reshape(len(found.seen), -1))
    means = means.reshape(*found.cells.values(), *found.seen.shape[1:])
    known: dict[bytes, tuple[float, float]] = {}

    def of(values: Numbers) -> tuple[float, float, float]:
        """The mean where all is independent, and the bounds."""
        independent = values
        for margin in margins:
            independent = np.tensordot(margin, independent, axes=1)
        key = np.round(values, _DIGITS).tobytes()
        if key not in known:
            known[key] = bounds(values, margins)
        return float(independent), *known[key]

    arms = list(asked.treatments)
    return [
        (arm, name, kind, *of(means[..., place, column]), arms[0],
         *of(means[..., place, column] - means[..., 0, column]), ", ".join(factor.name for factor in factors))
        for place, arm in enumerate(arms) for column, (kind, name) in enumerate(found.outcomes)
    ]  # fmt: skip
