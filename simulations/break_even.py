"""Where an arm breaks even: what it pays in honest flows for what it saves in thefts, and which assumption turns that.

Both are worked out over all situations, for each attempt, so that nothing is sampled but what is not known for sure:
each knob (:mod:`simulations.knobs`) alone, with the others as they are stated, and all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations import expectation
from simulations.engine import Unit
from simulations.experiments import Experiment, ExperimentError, check_arms, population_for
from simulations.harms import THEFT
from simulations.knobs import Knob, knobs, stand
from simulations.population import Population
from simulations.results import HARM
from simulations.visits import PLACES

if TYPE_CHECKING:
    import pandas

COLUMNS = (
    "experiment", "parameter", "value", "arm", "against", "knob", "paid", "saved", "price", "low", "high", "same",
    "weight", "worth", "holds", "attackers", "attackers_even", "samples", "seed", "population",
)  # fmt: skip
#: Draws of what is not known for sure.
DRAWS = 256
#: How the row is called for which all knobs are turned together.
ALL = "all together"
#: What changes by no more than this is the same.
_NOTHING = 1e-12


class Balance(NamedTuple):
    """What arms pay and save for each attempt, against the first: one row a point, one column an arm.

    ``paid``: honest flows that no longer work; ``saved``: thefts that no longer happen. Either may be below zero.
    """

    paid: NDArray[np.float64]
    saved: NDArray[np.float64]

    @property
    def price(self) -> NDArray[np.float64]:
        """As how many failed flows a theft has to count, that it comes to the same; NaN: it never does."""
        trades = (np.abs(self.saved) > _NOTHING) & (self.paid * self.saved >= 0)
        return np.where(trades, self.paid / np.where(trades, self.saved, 1), np.nan)

    @property
    def signs(self) -> NDArray[np.int64]:
        """What kind of a change it is: a number for each pair of signs."""
        paid, saved = (np.sign(np.where(np.abs(each) > _NOTHING, each, 0)) for each in self)
        return np.asarray(3 * paid + saved, dtype=np.int64)

    def net(self, weight: float) -> NDArray[np.float64]:
        """What is won in the end, in honest flows."""
        return weight * self.saved - self.paid


def can_break_even(asked: Experiment) -> bool:
    """Whether all that attempts of an experiment may meet can be gone through, and its arms are few enough to tell."""
    return not asked.factors and expectation.known(asked.unit(population_for(asked, None), asked.point, "", 1))


def break_even(
    asked: Experiment,
    population: Population | str | Path | None = None,
    *,
    weight: float | None = None,
    deployed: bool | None = None,
    samples: int = DRAWS,
    seed: int = 1,
) -> pandas.DataFrame:
    """For each arm what it pays and saves at the :attr:`~Experiment.point` of the sweep, and how sure that is.

    One row a knob that is turned alone, and one for all of them together: ``low`` and ``high`` hold the price in 95 of
    100 draws, of those in which it is a trade of the same kind (their share is ``same``).

    Parameters:
        weight: how many failed flows a theft weighs as much as: then ``worth`` says whether it is worth it, and
            ``holds`` in what share of the draws the answer is the same; ``attackers_even`` is the share of visits to
            attackers (``attackers`` as it is stated) with which it comes to the same, the others being as they are.
        deployed: as in :func:`simulations.experiments.run`.

    Raises:
        ExperimentError: attempts that have to be counted, as nobody can go through what they may meet.
    """
    import pandas

    check_arms(asked)
    base = asked.unit(population_for(asked, population, deployed), asked.point, f"{seed}/0", 1)
    if not expectation.known(base):
        why = f"counts {asked.reader}" if asked.reader != "arrays" else "has too many situations"
        raise ExperimentError(f"where arms of {asked.name!r} break even cannot be worked out: it {why}")
    turned = knobs(asked, base, sweep=False)
    stated, attackers = _balance(base, (), 1, seed), _attackers(base.population)
    together = [(knob.name, _balance(base, (knob,), samples, seed)) for knob in turned]
    together.append((ALL, _balance(base, turned, samples, seed)))
    arms = tuple(asked.treatments)
    rows = [
        (asked.name, asked.parameter, asked.point, arms[place], arms[0], name, *row, samples, seed,
         base.population.name)
        for place in range(1, len(arms)) for name, drawn in together
        for row in [_row(stated, drawn, place, weight, attackers)]
    ]  # fmt: skip
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _row(
    stated: Balance, drawn: Balance, arm: int, weight: float | None, attackers: float
) -> tuple[Any, ...]:
    price = float(stated.price[0, arm])
    alike = drawn.signs[:, arm] == stated.signs[0, arm]
    trades = drawn.price[alike, arm]
    low, high = np.quantile(trades, (0.025, 0.975)) if len(trades) else (np.nan, np.nan)
    answer: tuple[Any, ...] = (np.nan, "", np.nan, attackers, np.nan)
    if weight is not None:
        worth = stated.net(weight)[0, arm] > 0
        holds = (drawn.net(weight)[:, arm] > 0) == worth
        # Honest flows are lost in visits to honest servers, thefts prevented in those to attackers.
        even = attackers / (attackers + (1 - attackers) * weight / price) if price > 0 else np.nan
        answer = weight, "yes" if worth else "no", float(holds.mean()), attackers, even
    return (
        float(stated.paid[0, arm]), float(stated.saved[0, arm]), price, float(low), float(high), float(alike.mean()),
        *answer,
    )  # fmt: skip


def _balance(base: Unit, turned: Sequence[Knob], samples: int, seed: int) -> Balance:
    """What arms pay and save at points of some knobs, the others as they are stated."""
    from scipy.stats import qmc

    expected = expectation.Expectation(base, turned)
    size = sum(knob.size for knob in turned)
    points = qmc.Sobol(size, rng=seed).random(samples) if size else np.zeros((samples, 0))
    rates = expected.rates(stand(turned, points), samples)
    accepted, stolen = (rates @ [counts(outcome) for outcome in expected.outcomes] for counts in (_accepted, _stolen))
    return Balance(accepted[:, :1] - accepted, stolen[:, :1] - stolen)


def _accepted(outcome: tuple[str, str]) -> float:
    return float(outcome[0] == "success")


def _stolen(outcome: tuple[str, str]) -> float:
    return float(outcome == (HARM, THEFT))


def _attackers(met: Population) -> float:
    """The share of visits that go to attackers."""
    return sum(share for kind, share in zip(met.places.categories, met.places.shares, strict=True)
               if PLACES[kind.name].capabilities)  # fmt: skip


def turns(
    asked: Experiment, weight: float, population: Population | str | Path | None = None,
    deployed: bool | None = None,
) -> Iterator[tuple[str, float, float]]:
    """Between which points of the sweep each arm begins, or ceases, to be worth it."""  # fmt: skip
    met = population_for(asked, population, deployed)
    nets = [_balance(asked.unit(met, value, "", 1), (), 1, 1).net(weight)[0] for value in asked.values]
    for place, arm in enumerate(asked.treatments):
        for before, after, low, high in zip(nets, nets[1:], asked.values, asked.values[1:], strict=False):
            if before[place] * after[place] < -_NOTHING:
                yield arm, low, high
