"""What a rate can be if parties do not meet independently of each other.

Of clients, authorization servers and resource servers mostly margins are known: how many are of which kind, and not
which kinds meet. An experiment draws them independently, but for what a population says is met together. Every other
way to pair them that has the same margins, and what is known to be met together, is a coupling; a rate is linear in
it, so that the least and the most that it can be are two linear programs.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas
from numpy.typing import NDArray
from scipy.optimize import linprog

from simulations import expectation
from simulations.experiment import Experiment, ExperimentError
from simulations.experiments import check_arms, check_met, population_for
from simulations.knobs import Numbers
from simulations.population import Factor, Population
from simulations.together import groups
from simulations.units import Unit

COLUMNS = (
    "experiment", "parameter", "value", "arm", "outcome", "kind", "rate", "low", "high", "against", "difference",
    "difference_low", "difference_high", "coupled", "population",
)  # fmt: skip
#: Values that are closer than this are one.
_DIGITS = 12
#: What is known of a part of all that is met: how much of each kind of each factor, or nothing.
Pinned = Sequence[Numbers | None]


def bounds(values: Numbers, margins: Sequence[Numbers], known: Sequence[Pinned] = ()) -> tuple[float, float]:
    """The least and the most that the mean of something can be over all couplings with these margins.

    Parameters:
        values: what it is where kinds meet, one axis a margin.
        known: parts of all that is met of which something is known already: of some axes what they hold of each kind,
            and None for those of which nothing is. All else is free.

    Example:
        >>> both = np.array([[0.0, 0.0], [0.0, 1.0]])
        >>> margins = [np.array([0.3, 0.7]), np.array([0.6, 0.4])]
        >>> [round(bound, 3) for bound in bounds(both, margins)]
        [0.1, 0.4]
        >>> [round(bound, 3) for bound in bounds(both, margins, [(np.array([0.3, 0.0]), np.array([0.0, 0.3]))])]
        [0.1, 0.1]
    """
    values = np.round(values, _DIGITS)
    parts: list[list[Numbers | None]] = [list(margins), *map(list, known)]
    for axis, margin in enumerate(margins):
        values, which, kinds = _merged(values, margin, axis)
        for part in parts:
            if (there := part[axis]) is not None:
                part[axis] = np.bincount(kinds, weights=there[which]).astype(float)
    if values.size == 1:
        return float(values.item()), float(values.item())
    number = np.indices(values.shape).reshape(values.ndim, -1)
    rows, total = list[Numbers](), list[Numbers]()
    for place, part in enumerate(parts):
        # Of margins all that is met counts, of a part what is met in it; there is one more for all that is free.
        within = np.ones(len(parts)) if place == 0 else np.eye(len(parts))[place]
        for axis, there in enumerate(part):
            if there is not None:
                is_kind = (number[axis] == np.arange(len(there))[:, None]).astype(float)
                rows.append(np.kron(within, is_kind))
                total.append(there)
    flat, equal, sums = np.tile(values.ravel(), len(parts)), np.concatenate(rows), np.concatenate(total)
    return _least(flat, equal, sums), -_least(-flat, equal, sums)


def _least(values: Numbers, rows: Numbers, total: Numbers) -> float:
    found = linprog(values, A_eq=rows, b_eq=total, method="highs")
    if found.fun is None:  # what is drawn is a coupling, so that there is one
        raise ArithmeticError(found.message)
    return float(found.fun)


def _merged(values: Numbers, margin: Numbers, axis: int) -> tuple[Numbers, NDArray[np.intp], NDArray[np.intp]]:
    """Kinds of which there are none left out, and kinds that make no difference taken together.

    Beside what is left of the values: which kinds there are, and what each of them has become.
    """
    there = np.flatnonzero(margin)
    rows = np.moveaxis(values, axis, 0)[there]
    _, first, alike = np.unique(rows.reshape(len(there), -1), axis=0, return_index=True, return_inverse=True)
    return np.moveaxis(rows[first], 0, axis), there, alike.ravel()


def coupled(
    asked: Experiment, population: Population | str | None = None, *, deployed: bool | None = None
) -> pandas.DataFrame:
    """The bounds of every rate of an experiment, and of what each arm changes, over all couplings of its factors.

    Where agents are sent, who adopts and when a thief comes stay independent of who they are.

    Raises:
        ExperimentError: attempts of the experiment are no first contacts, or meet too many kinds of parties.
        ConfigurationError: an arm that cannot be read, or names a switch that the reader does not read.
    """
    check_arms(asked)
    met = population_for(asked, population, deployed)
    check_met(asked, met)
    rows = [
        (asked.name, asked.parameter, value, *row, met.name)
        for value in asked.values
        for row in _at(asked, asked.unit(met, value, "", 1))
    ]
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _at(asked: Experiment, unit: Unit) -> list[tuple[object, ...]]:
    if not expectation.known(unit):
        raise ExperimentError(f"couplings of {asked.name!r} are not known: only first contacts can be gone through")
    factors = [factor for factor in unit.population.factors if sum(share > 0 for share in factor.shares) > 1]
    margins = [np.asarray(factor.shares) for factor in factors]
    found = expectation.ExpectedOutcomes(unit, kept=[factor.name for factor in factors])
    means = np.asarray(found.ends @ found.seen.reshape(len(found.seen), -1))
    means = means.reshape(*found.cells.values(), *found.seen.shape[1:])
    pinned = list(_pinned(unit.population, factors))
    drawn = _drawn(unit.population, factors)
    known: dict[bytes, tuple[float, float]] = {}

    def of(values: Numbers) -> tuple[float, float, float]:
        """The mean as it is drawn, and the bounds."""
        key = np.round(values, _DIGITS).tobytes()
        if key not in known:
            known[key] = bounds(values, margins, pinned)
        return float((values * drawn).sum()), *known[key]

    arms, kept = list(asked.treatments), [row.name for group in groups(unit.population) for row in group.rows]
    coupled = ", ".join(factor.name for factor in factors) + (f"; met together: {', '.join(kept)}" if kept else "")
    rows: list[tuple[object, ...]] = []
    for place, arm in enumerate(arms):
        for column, (kind, name) in enumerate(found.outcomes):
            own, first = means[..., place, column], means[..., 0, column]
            rows.append((arm, name, kind, *of(own), arms[0], *of(own - first), coupled))
    return rows


def _pinned(met: Population, factors: Sequence[Factor]) -> Iterator[Pinned]:
    """What is known to be met together, of each of some factors."""
    for group in groups(met):
        margins = [np.array([factor.shares]) for factor in group.factors]
        for mass, parts in group.known(margins, [np.array([row.share]) for row in group.rows]):
            named = {
                factor.name: mass[0] * part[0]
                for factor, part in zip(group.factors, parts, strict=True)
                if part is not None
            }
            yield [named.get(factor.name) for factor in factors]


def _drawn(met: Population, factors: Sequence[Factor]) -> Numbers:
    """How often kinds of some factors, those of which there is more than one, are met together in an experiment."""
    drawn, axes = np.ones(()), list[int]()
    for group in groups(met):
        several = [place for place, factor in enumerate(group.factors) if factor in factors]
        alone = tuple(place for place in range(len(group.factors)) if place not in several)
        drawn = np.multiply.outer(drawn, group.shares.sum(axis=alone))
        axes += [factors.index(group.factors[place]) for place in several]
    return drawn.transpose(np.argsort(axes))
