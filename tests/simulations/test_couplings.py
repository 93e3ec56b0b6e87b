"""Bounds over all ways to pair parties: those of Fréchet, and those of a rate that is known."""

import doctest
from dataclasses import replace

import numpy as np
import pytest

from model.errors import InputError
from simulations import couplings
from simulations.catalogue import EXPERIMENTS
from simulations.couplings import COLUMNS, bounds, coupled
from simulations.experiment import Mix
from simulations.population import load


def test_examples_run() -> None:
    """The examples in docstrings are true."""
    assert doctest.testmod(couplings).failed == 0


@pytest.mark.parametrize("seed", range(5))
def test_bounds_of_frechet(seed: int) -> None:
    """Of three kinds at once the most is the least margin, and the least what is left when all others miss it."""
    margins = np.random.default_rng(seed).dirichlet([1, 1, 1], 3)
    values = np.zeros((3, 3, 3))
    values[0, 0, 0] = 1
    first = margins[:, 0]
    assert bounds(values, list(margins)) == pytest.approx((max(0.0, first.sum() - 2), first.min()), abs=1e-9)


def test_what_depends_on_one_party_depends_on_no_coupling() -> None:
    """A sum of what each party is by itself has one mean."""
    generator = np.random.default_rng(1)
    margins = [generator.dirichlet(np.ones(size)) for size in (4, 3)]
    each = [generator.random(size) for size in (4, 3)]
    mean = sum(float(margin @ values) for margin, values in zip(margins, each, strict=True))
    assert bounds(np.add.outer(*each), margins) == pytest.approx((mean, mean))


def test_thefts_by_counterfeit_resource_servers() -> None:
    """Among AS and RS as measured, one visit in twenty malicious: between 2.6 and 3.3 per cent, however they pair."""
    apart = replace(load("measured_2026"), together=())
    visits = Mix("place", {"malicious_rs": 1}, {"honest_api": 1})
    asked = replace(EXPERIMENTS["echo_measured"], values=(0.05,), arms=("echo=off", "echo=req"), sweep=visits)
    table = coupled(asked, apart)
    assert tuple(table.columns) == COLUMNS
    rows = table[table.kind == "harm"].set_index(["arm", "outcome"])
    theft = rows.loc[("echo=off", "authorization")]
    assert (theft.low, theft.high) == pytest.approx((0.026, 0.033), abs=0.0005)
    assert theft.low < theft.rate < theft.high
    stopped = rows.loc[("echo=req", "authorization")]
    assert (stopped.difference_low, stopped.difference_high) == pytest.approx((-theft.high, -theft.low))
    assert (table.low <= table.rate + 1e-9).all()
    assert (table.rate <= table.high + 1e-9).all()


def test_only_first_contacts_are_bounded() -> None:
    """In one line."""
    with pytest.raises(InputError, match="couplings of 'faults' are not known"):
        coupled(EXPERIMENTS["faults"])
