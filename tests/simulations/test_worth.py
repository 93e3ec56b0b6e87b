"""What it is worth to know an input: Gaussian toys in closed form, and experiments in which it is plain."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm, qmc

from model.errors import InputError
from simulations.catalogue import EXPERIMENTS
from simulations.population import load
from simulations.uncertainty import fitted
from simulations.worth import COLUMNS, ENOUGH, after, gained, observations, worth


def unit_loss(mean: float, spread: float) -> float:
    """What choosing after seeing a normal variable gains over choosing before, against something worth nothing."""
    return float(spread * norm.pdf(mean / spread) + mean * norm.cdf(mean / spread) - max(0.0, mean))


@pytest.mark.parametrize(("mean", "first", "second"), [(0.0, 1.0, 1.0), (0.5, 1.0, 0.3), (-0.3, 0.4, 1.2)])
def test_a_gaussian_toy(mean: float, first: float, second: float) -> None:
    """Benefit is the sum of two normal inputs: knowing either, both, or some observations of one is worth a formula."""
    drawn = norm.ppf(qmc.Sobol(2, rng=1).random_base2(13)) * (first, second)
    benefits = np.stack([np.zeros(len(drawn)), mean + drawn.sum(axis=1)], axis=1)
    assert gained(benefits) == pytest.approx(unit_loss(mean, float(np.hypot(first, second))), rel=0.05)
    for column, spread in enumerate((first, second)):
        expected = fitted(drawn[:, [column]], benefits)
        if (wanted := unit_loss(mean, spread)) > 0.01:
            assert gained(expected) == pytest.approx(wanted, rel=0.05)
            # An observation varies twice as much as the input: four of them tell as much as is known.
            assert after(expected, 12, 4) == pytest.approx(unit_loss(mean, spread * 0.75**0.5), rel=0.05)


def test_as_many_observations_as_it_takes() -> None:
    """The fewest that get nearly all; more are needed the more is known; for nothing there is no number."""
    values = norm.ppf(qmc.Sobol(1, rng=1).random_base2(12))
    expected = np.concatenate([np.zeros_like(values), values], axis=1)
    few, many = (observations(expected, known) for known in (20.0, 1000.0))
    assert few is not None
    assert many is not None
    assert after(expected, few, 20.0) >= ENOUGH * gained(expected) > after(expected, few - 1, 20.0)
    assert many == pytest.approx(50 * few, rel=0.01)
    assert observations(np.zeros_like(expected), 1.0) is None


def test_what_decides_is_worth_most() -> None:
    """Prefix matching pays where few tenants are malicious: that is what to measure, since APIs are counted."""
    table = worth(replace(EXPERIMENTS["matching"], arms=("prm=exact", "prm=prefix")), samples=1024)
    assert tuple(table.columns) == COLUMNS
    assert table.knob[0] == "log attackers.tenants"
    assert table.worth[0] > 0
    assert table.observations[0] > 0
    assert (table.worth <= table["all"]).all()
    assert table.worth.is_monotonic_decreasing


def test_where_nothing_changes_the_choice_nothing_is_worth_anything() -> None:
    """One arm is better wherever the inputs stand."""
    asked = replace(EXPERIMENTS["matching"], arms=("prm=exact", "prm=prefix"))
    sent = load("measured_2026").with_shares("place", {"honest_api": 0.9, "malicious_rs": 0.1})
    table = worth(asked, samples=256, population=sent)
    assert set(table.chosen) == {"prm=prefix"}
    assert (table.best_in == 1).all()
    assert not table.worth.any()
    assert table.observations.isna().all()


def test_attempts_are_counted_where_they_have_to_be() -> None:
    """A reader that goes through no situations counts at every draw."""
    table = worth(EXPERIMENTS["slash"], samples=8, attempts=40)
    assert set(table.attempts) == {40}
    assert set(table.draws) == {8}


@pytest.mark.parametrize(
    ("name", "told", "message"),
    [
        ("matching", {"weight": -1.0}, "weight of a theft must be a number of at least 0, found -1"),
        ("matching", {"weight": float("nan")}, "weight of a theft must be a number of at least 0, found nan"),
        ("matching", {"samples": 1}, "draws must be at least 2, found 1"),
        ("matching", {"attempts": 9}, "counts no attempts"),
        ("one", {}, "'one' has one arm: there is nothing to choose"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, told: dict[str, Any], message: str) -> None:
    """In one line."""
    asked = EXPERIMENTS.get(name) or replace(EXPERIMENTS["matching"], name=name, arms=("prm=exact",))
    with pytest.raises(InputError, match=message):
        worth(asked, **told)
