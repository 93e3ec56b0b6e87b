"""Sobol indices of expected outcomes: what is known in closed form comes out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulations.catalogue import EXPERIMENTS
from simulations.experiments import ExperimentError
from simulations.population import load
from simulations.sensitivity import COLUMNS, indices

#: Two things open: how many visits go to the attacker, and how many AS ignore the resource. The thief is never late.
OPEN = (
    load("swept")
    .with_shares("place", {"honest_api": 0.5, "malicious_rs": 0.5})
    .with_shares("as_resource", {"honor": 0.5, "ignore": 0.5})
    .with_shares("api", {"single_path": 1})
    .with_numbers(latency_attacker=0)
)
ASKED = replace(EXPERIMENTS["echo_measured"], arms=("echo=off", "echo=req"), population="swept")


def test_a_product_of_two_shares_in_closed_form() -> None:
    """Thefts prevented are the product of two uniform numbers: each alone explains 3/7, in total 4/7 each."""
    table = indices(replace(ASKED, values=(0.5,)), samples=1024, population=OPEN)
    assert tuple(table.columns) == COLUMNS
    theft = table[(table.outcome == "token_confinement") & (table.kind == "harm")].set_index("knob")
    for knob in ("place: malicious_rs", "as_resource: ignore"):
        knob = knob if knob in theft.index else "place: honest_api"
        assert theft.loc[knob, "first_order"] == pytest.approx(3 / 7, abs=0.03)
        assert theft.loc[knob, "total"] == pytest.approx(4 / 7, abs=0.03)
    others = theft.drop(index=[knob for knob in theft.index if knob.startswith(("place", "as_resource"))])
    assert (others.total.abs() < 0.01).all()
    assert theft.low.iloc[0] == pytest.approx(-1, abs=0.05)


def test_the_same_seed_gives_the_same_indices() -> None:
    """Nothing else is random."""
    asked = replace(ASKED, values=(0.5,))
    first, second = (indices(asked, samples=16, population=OPEN) for _ in range(2))
    assert first.equals(second)


def test_adoption_is_a_knob() -> None:
    """Where the sweep is over adoption, how many adopt decides as much as what is out there."""
    table = indices(replace(EXPERIMENTS["echo_adoption"], population="swept"), samples=64, population=OPEN)
    assert "adoption" in set(table.knob)


def test_what_cannot_be_gone_through_is_refused() -> None:
    """Experiments in time, and samples that Sobol's sequence does not take, are one line."""
    with pytest.raises(ExperimentError, match="'ten_steps' counts tasks"):
        indices(EXPERIMENTS["ten_steps"])
    with pytest.raises(ExperimentError, match="power of two, found 100"):
        indices(ASKED, samples=100)
