"""Worlds with attackers are drawn more often than they are met: what is rare comes out right, from fewer worlds."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.rare import SMALL, at, lived
from simulations.experiment import Experiment
from simulations.experiments import run
from simulations.population import PopulationError
from simulations.quantities import CASE
from simulations.residents import settle

ASKED = Experiment(
    "rare", "", "share", (1.0,), ("iss_check=off", "iss_check=require"), "swept", reader="residents",
    options={"warm_up": 0, "attackers_met": 1},
)  # fmt: skip


def test_what_is_rare_is_unbiased_and_less_apart() -> None:
    """Weighted, worlds come to the exact probability; as they are met it would take ten times as many and more."""
    share, worlds = 0.0001, 80
    found, weights = lived(at(share), 1.0, worlds)
    true = share / 2  # half of the malicious resource servers have an AS of the attacker's
    assert max(weights) <= 2
    assert np.mean(weights) == pytest.approx(1, abs=3 * np.std(weights) / math.sqrt(worlds))
    apart = np.mean((weights * found - true) ** 2)
    assert np.mean(weights * found) == pytest.approx(true, abs=3 * math.sqrt(apart / worlds))
    assert np.mean(weights * (found - true) ** 2) > 10 * np.mean((weights * (found - true)) ** 2)


def test_a_run_says_what_its_worlds_are_worth() -> None:
    """Attempts are as many as there were, intervals hold what is exact, and what nobody saw is not impossible."""
    share = 0.001
    result = run(ASKED, population=at(share), attempts=1_200, replications=30)
    rates = result.rates[result.rates["kind"] == "harm"].set_index(["arm", "outcome"])
    assert set(result.rates["attempts"]) == {1_200}
    stolen, never = (rates.loc[(arm, "code_delivery")] for arm in ASKED.arms)
    assert stolen.low < share / 2 < stolen.high
    assert (never.rate, never.low) == (0, 0)
    assert 0.0005 < never.high < 0.1
    worth = result.quantities.set_index(["arm", "quantity", "per"]).loc[("iss_check=off", "effective_worlds", CASE)]
    assert 10 < worth["mean"] < 30
    works = result.quantities.set_index(["arm", "quantity", "per"]).loc[
        ("iss_check=off", "flows_that_work", "honest flow")
    ]
    assert works["mean"] == works.high == 1


def test_worlds_are_met_as_they_are_drawn_where_their_weights_are_not_known() -> None:
    """The inputs are drawn with one world at each; worlds with attackers enough weigh the same."""
    plain, weighted = (dict(ASKED.unit(SMALL, 1, "1/0", 40, weighted=each).options) for each in (False, True))
    assert (plain.get("attackers_met", 0), weighted["attackers_met"]) == (0, 1)
    assert settle(at(0.5), "1/0", attackers_met=1).likelihood == 1
    named = replace(at(0.001), malicious=("rs0",))
    with pytest.raises(PopulationError, match="'malicious' and option 'attackers_met' say who is; leave one out"):
        settle(named, "1/0", attackers_met=1)
