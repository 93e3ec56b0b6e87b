"""Where an arm breaks even: what it pays in honest flows for what it saves in thefts, and which assumption turns that.

Where attempts are first contacts both are worked out over all situations, for each attempt, so that nothing is sampled
but what is not known for sure: each knob (:mod:`simulations.knobs`) alone, with the others as they are stated, and all
of them together. Elsewhere they are counted, as inputs are stated and at draws of all of them together. For a knob
alone the answer is what a regression of those draws on it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas
from numpy.typing import NDArray

from simulations import engine, expectation, uncertainty
from simulations.experiment import FEWEST_WORLDS, Experiment, ExperimentError
from simulations.experiments import check_arms, check_met, population_for
from simulations.horizon import lasting
from simulations.knobs import Knob, knobs
from simulations.population import Population
from simulations.reader import READERS
from simulations.units import Unit
from simulations.visits import PLACES

COLUMNS = (
    "experiment", "parameter", "value", "arm", "against", "knob", "paid", "saved", "price", "low", "high", "same",
    "weight", "worth", "holds", "attackers", "attackers_even", "samples", "attempts", "seed", "population",
)  # fmt: skip
#: Draws of what is not known for sure, and where attempts are counted at each.
DRAWS, COUNTED = 256, 64
#: The readers for which a share of visits goes to attackers; the others have tasks of many, or other attackers.
_BY_VISITS = ("arrays", "agents")
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
    samples: int | None = None,
    attempts: int | None = None,
    seed: int = 1,
    **where: Any,
) -> pandas.DataFrame:
    """For each arm what it pays and saves at the :attr:`~Experiment.point` of the sweep, and how sure that is.

    One row a knob that is turned alone, and one for all of them together: ``low`` and ``high`` hold the price in 95 of
    100 draws, of those in which it is a trade of the same kind (their share is ``same``).

    Parameters:
        weight: how many failed flows a theft weighs as much as: then ``worth`` says whether it is worth it, and
            ``holds`` in what share of the draws the answer is the same; ``attackers_even`` is the share of visits to
            attackers (``attackers`` as it is stated) with which it comes to the same, the others being as they are.
        deployed, where: as in :func:`simulations.experiments.run` (workers, progress, store, cluster).
        attempts: attempts at every draw, where they are counted; as many as its clock takes, at least.

    Raises:
        ExperimentError: an experiment in which nothing can be stolen, or numbers that make no sense.
        Interrupted: on Ctrl-C.
    """
    check_arms(asked)
    met = population_for(asked, population, deployed)
    check_met(asked, met)
    base = asked.unit(met, asked.point, f"{seed}/0", 1)
    exact = expectation.known(base)
    _check(asked, exact, attempts)
    turned = knobs(asked, base, sweep=False)
    if exact:
        number = DRAWS if samples is None else samples
        stated = _balance(base, (), 1, seed)
        found = [(knob.name, _balance(base, (knob,), number, seed)) for knob in turned]
        found.append((ALL, _balance(base, turned, number, seed)))
    else:
        number = COUNTED if samples is None else samples
        attempts = READERS[asked.reader].effort.attempts if attempts is None else attempts
        stated = _counted(asked, met, seed, where)
        found = list(_drawn(replace(base, attempts=attempts), turned, number, seed, where))
    attackers = _attackers(base.population) if asked.reader in _BY_VISITS else np.nan
    first, *others = asked.treatments
    point, counted = (asked.name, asked.parameter, asked.point), (number, attempts or 0, seed, base.population.name)
    rows = [
        (*point, arm, first, name, *_row(stated, drawn, place, weight, attackers), *counted)
        for place, arm in enumerate(others, 1)
        for name, drawn in found
    ]
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _check(asked: Experiment, exact: bool, attempts: int | None) -> None:
    if asked.reader == "layers":
        raise ExperimentError(
            f"where arms of {asked.name!r} break even is no question: {asked.reader} counts honest parties, and nobody "
            "steals there"
        )
    if exact and attempts is not None:
        raise ExperimentError(f"{asked.name!r} is worked out over all situations: it counts no attempts")
    if attempts is not None and attempts < 1:
        raise ExperimentError(f"attempts must be at least 1, found {attempts}")


def _row(stated: Balance, drawn: Balance, arm: int, weight: float | None, attackers: float) -> tuple[Any, ...]:
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
    paid, saved = float(stated.paid[0, arm]), float(stated.saved[0, arm])
    return paid, saved, price, float(low), float(high), float(alike.mean()), *answer


def _balance(base: Unit, turned: Sequence[Knob], samples: int, seed: int) -> Balance:
    """What arms pay and save at points of some knobs, the others as they are stated."""
    return _of(uncertainty.spread(base, turned, samples, seed))


def _counted(asked: Experiment, met: Population, seed: int, where: Mapping[str, Any]) -> Balance:
    """What arms pay and save as inputs are stated, counted."""
    share = -(-asked.attempts // FEWEST_WORLDS)
    units = [lasting(asked.unit(met, asked.point, f"{seed}/{number}", share)) for number in range(FEWEST_WORLDS)]
    tallies = engine.run(units, **where).values()
    outcomes, rates = uncertainty.counted(list(tallies), len(asked.treatments))
    return _of(uncertainty.Spread({}, outcomes, rates.mean(axis=0, keepdims=True)))


def _drawn(
    base: Unit, turned: Sequence[Knob], samples: int, seed: int, where: Mapping[str, Any]
) -> Iterator[tuple[str, Balance]]:
    """What arms pay and save at draws of all knobs: as far as each of them says it, and all together."""
    found = uncertainty.spread(base, turned, samples, seed, **where)
    together = _of(found)
    for knob, stands in found.stands.items():
        yield knob.name, Balance(*(uncertainty.fitted(knob.features(stands), each) for each in together))
    yield ALL, together


def _of(found: uncertainty.Spread) -> Balance:
    accepted, stolen = found.of(*uncertainty.WORKS), found.of(*uncertainty.STOLEN)
    return Balance(accepted[:, :1] - accepted, stolen[:, :1] - stolen)


def _attackers(met: Population) -> float:
    """The share of visits that go to attackers."""
    return sum(
        share
        for kind, share in zip(met.places.categories, met.places.shares, strict=True)
        if PLACES[kind.name].capabilities
    )


def turns(
    asked: Experiment, weight: float, population: Population | str | Path | None = None, deployed: bool | None = None
) -> Iterator[tuple[str, float, float]]:
    """Between which points of the sweep each arm begins, or ceases, to be worth it, where nothing has to be counted."""
    met = population_for(asked, population, deployed)
    if not expectation.known(asked.unit(met, asked.point, "", 1)):
        return
    nets = [_balance(asked.unit(met, value, "", 1), (), 1, 1).net(weight)[0] for value in asked.values]
    for place, arm in enumerate(asked.treatments):
        for before, after, low, high in zip(nets, nets[1:], asked.values, asked.values[1:], strict=False):
            if before[place] * after[place] < -_NOTHING:
                yield arm, low, high
