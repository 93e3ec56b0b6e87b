"""Where arms break even, in closed form, and which input turns the answer."""

from dataclasses import replace
from math import log

import pytest

from openworld.headlines import balance_lines
from simulations import vectorised
from simulations.break_even import ALL, break_even, turns
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import Adoption, Experiment, ExperimentError, Mix
from simulations.knobs import EXPOSURE
from simulations.population import Population, load

#: A client that insists on the echo pays all flows at AS that ignore the resource, and saves the thefts there.
STRICT = Experiment("strict", "?", "share", (0.0, 0.5, 1.0), ("echo=off", "echo=req"), "swept", Adoption())


def met(attackers: float, ignoring: float) -> Population:
    return (
        load("swept")
        .with_shares("place", {"honest_api": 1 - attackers, "malicious_rs": attackers})
        .with_shares("as_resource", {"honor": 1 - ignoring, "ignore": ignoring})
    )


def test_the_price_is_what_visits_of_both_kinds_make_it() -> None:
    """Half adopt; three honest visits are lost for each one to an attacker, of which some come too late anyway."""
    found = break_even(STRICT, met(0.25, 0.4), samples=16).set_index("knob").loc[ALL]
    population = met(0.25, 0.4)
    early = vectorised.in_time_share(*map(population.number, ("latency.attacker", "latency.spread", "token_lifetime")))
    assert found.paid == pytest.approx(0.5 * 0.75 * 0.4)
    assert found.saved == pytest.approx(0.5 * 0.25 * 0.4 * early)
    assert found.price == pytest.approx(3 / early)


def test_a_share_of_attackers_breaks_even() -> None:
    """With as many visits to attackers as is said, the price is what a theft weighs."""
    first = break_even(STRICT, met(0.25, 0.4), weight=6, samples=16).set_index("knob").loc[ALL]
    assert (first.attackers, first.worth) == (0.25, "yes")
    again = break_even(STRICT, met(first.attackers_even, 0.4), samples=16).set_index("knob").loc[ALL]
    assert again.price == pytest.approx(6)


def test_the_input_that_turns_the_answer_is_named() -> None:
    """How many AS ignore the resource is no matter of price; that more than one visit in seven goes to attackers is."""
    table = break_even(STRICT, met(0.25, 0.4), weight=6, samples=64)
    holds = table.set_index("knob")["holds"]
    assert holds["as_resource"] == 1
    assert holds["place"] == pytest.approx(log(0.25 * 7) / log(0.25 / EXPOSURE[0]), abs=0.02)
    ((arm, said),) = balance_lines(table)
    assert arm == "echo=req"
    (turned,) = (line for line in said if line.startswith("turned by"))
    assert turned.startswith("turned by where agents are sent (place: ")
    assert "as_resource" not in turned


def test_where_along_a_sweep_the_answer_turns() -> None:
    """A theft that weighs six flows is worth refusing where more than one visit in seven goes to an attacker."""
    attacked = Mix("place", {"malicious_rs": 1}, {"honest_api": 1})
    asked = replace(STRICT, sweep=attacked, values=(0.0, 0.1, 0.2, 0.5))
    assert list(turns(asked, 6, met(0.25, 0.4))) == [("echo=req", 0.1, 0.2)]
    assert list(turns(asked, 60, met(0.25, 0.4))) == [("echo=req", 0.0, 0.1)]


def test_what_changes_nothing_is_worth_nothing() -> None:
    """And so it is not worth it, whatever a theft weighs."""
    idle = replace(STRICT, arms=("echo=off", "dpop_policy=always"))
    table = break_even(idle, met(0.25, 0.4), samples=4)
    assert break_even(idle, met(0.25, 0.4), weight=6, samples=4).set_index("knob").loc[ALL].worth == "no"
    assert [said for _, said in balance_lines(table)] == [["changes neither honest flows that work nor thefts"]]


@pytest.mark.slow
def test_agents_in_time_break_even_where_their_first_contacts_do() -> None:
    """What is counted is near what is worked out, where nothing is kept; each input alone moves less than all do."""
    brief = met(0.25, 0.4).with_numbers(token_lifetime=100, metadata_lifetime=0, arrivals_per_second=1, agents=1_000)
    expected = break_even(STRICT, brief, samples=4).set_index("knob").loc[ALL]
    table = break_even(
        replace(STRICT, reader="agents", attempts=15_000), brief, weight=6, samples=8, attempts=100
    ).set_index("knob")
    found = table.loc[ALL]
    assert (found.paid, found.saved) == pytest.approx((expected.paid, expected.saved), rel=0.1)
    assert (found.attackers, found.worth) == (0.25, "yes")
    assert {"place", "as_resource", "log agents"} <= set(table.index)
    assert (table["attempts"] == 100).all()
    assert table.loc["as_resource", "high"] - table.loc["as_resource", "low"] <= found.high - found.low


def test_where_nothing_can_be_stolen_nothing_breaks_even() -> None:
    """One line says so, as one does of attempts where nothing is counted."""
    with pytest.raises(ExperimentError, match=r"'slash' break even is no question: layers counts honest parties"):
        break_even(EXPERIMENTS["slash"])
    with pytest.raises(ExperimentError, match="'profiles' is worked out over all situations"):
        break_even(EXPERIMENTS["profiles"], attempts=10)
