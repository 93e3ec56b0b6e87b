"""Where agents are sent follows from how many servers are malicious and how those lure."""

import doctest
from dataclasses import replace

import numpy as np
import pytest

from simulations import encounters, vectorised
from simulations.catalogue import EXPERIMENTS
from simulations.couplings import coupled
from simulations.expectation import ExpectedOutcomes
from simulations.experiments import population_for, run
from simulations.knobs import knobs, numbers_read, stand, unit_at
from simulations.population import PopulationError, load

#: AS bind no token to a resource, and thieves come at once: whoever visits a malicious RS is robbed.
OPEN = load("swept").with_shares("as_resource", {"ignore": 1}).with_numbers(latency_attacker=0)
ASKED = replace(EXPERIMENTS["echo"], arms=("echo=off", "echo=req"), values=(0.5,))


def test_examples_run() -> None:
    """The examples in docstrings are true."""
    assert doctest.testmod(encounters).failed == 0


@pytest.mark.parametrize(("malicious", "lure"), [(0.01, 11.0), (0.1, 11.0), (0.1, 1.0), (0.0, 11.0), (0.1, 0.0)])
def test_attackers_are_met_as_the_closed_form_says(malicious: float, lure: float) -> None:
    """Visits to attackers are lure x m / (lure x m + 1 - m), and each of them is a theft here: counted and expected."""
    met = OPEN.with_numbers(attackers_resource_servers=malicious, attackers_lure=lure)
    wanted = lure * malicious / (lure * malicious + 1 - malicious)
    base = replace(ASKED, sweep=None).unit(met, 0.5, "1/0", 1)
    expected = ExpectedOutcomes(base)
    if wanted:
        theft = expected.outcomes.index(("harm", "authorization"))
        assert expected.rates({}, 1)[0, 0, theft] == pytest.approx(wanted)
    table = run(replace(ASKED, sweep=None), population=met, attempts=20_000).rates
    rows = table[(table.arm == "echo=off") & (table.outcome == "authorization") & (table.kind == "harm")]
    assert rows.rate.sum() == pytest.approx(wanted, abs=0.01)


@pytest.mark.slow
def test_each_number_of_attackers_is_felt() -> None:
    """Turning any one changes where agents are sent, and with it how attempts end."""
    met = load("measured_2026").with_shares("host_registered", {"yes": 1}).with_shares("host_app", {"yes": 1})
    arms = ((("prm", "prefix"), ("iss_check", "off")),)
    before = vectorised.counted(met, arms, "1/0", 600).endings
    for name in encounters.NUMBERS:
        value = 3 if name == encounters.LURE else 0.5
        after = met.with_numbers(**{name: value})
        assert after.places != met.places
        assert vectorised.counted(after, arms, "1/0", 600).endings != before, name


@pytest.mark.slow
def test_expectations_turn_with_the_numbers() -> None:
    """What is expected wherever the knobs stand is what is expected of the population that states just that."""
    asked = EXPERIMENTS["matching"]
    base = asked.unit(population_for(asked, "measured_2026"), 0.5, "1/0", 1)
    turned = knobs(asked, base)
    assert {*encounters.NUMBERS, encounters.TENANCY} <= {knob.of for knob in turned}
    stands = stand(turned, np.random.default_rng(1).random((3, sum(knob.size for knob in turned))))
    expected = ExpectedOutcomes(base, turned)
    rates = expected.rates(stands, 3)
    for row in range(3):
        stated = ExpectedOutcomes(unit_at(base, stands, row, 1))
        assert stated.outcomes == expected.outcomes
        assert rates[row] == pytest.approx(stated.rates({}, 1)[0])


@pytest.mark.slow
def test_couplings_hold_where_agents_are_sent_as_it_follows() -> None:
    """Bounds grow with the attackers, and what is independent lies between them."""
    asked = replace(EXPERIMENTS["matching"], values=(0.5,), arms=("prm=exact",))
    found = []
    for lure in (11, 110):
        table = coupled(asked, load("measured_2026").with_numbers(attackers_lure=lure))
        row = table[(table.kind == "harm") & (table.outcome == "authorization")].iloc[0]
        assert row.low <= row.rate <= row.high
        found.append(row)
    assert found[0].low < found[1].low
    assert found[0].high < found[1].high


def test_an_experiment_says_either() -> None:
    """Where it says where agents are sent, a number of attackers would change nothing: both are named."""
    said = load("swept").with_shares("place", {"honest_api": 0.9, "leaky_codes": 0.1})
    assert encounters.LURE not in numbers_read("arrays", said)
    assert encounters.LURE in numbers_read("arrays", load("swept"))
    with pytest.raises(PopulationError, match=r"'attackers\.lure' and 'place' say where agents are sent"):
        said.with_numbers(attackers_lure=2)
