"""Intervals over the inputs: what is known in closed form comes out, and no sign is told that the inputs leave open."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas
import pytest

from openworld.headlines import headlines
from simulations import uncertainty
from simulations.catalogue import EXPERIMENTS
from simulations.expectation import ExpectedOutcomes
from simulations.experiment import Mix
from simulations.experiments import population_for, run
from simulations.intervals import wilson
from simulations.knobs import Knob, _with_a_say, knobs
from simulations.population import Factor, load, read
from simulations.quantities import CASE, THEFTS, WORKING, Measure
from simulations.results import Result
from simulations.uncertainty import Spread, affordable, beside, between, drawn, settled, spreads

VISITS = Mix("place", {"malicious_rs": 1}, {"honest_api": 1})
ASKED = replace(EXPERIMENTS["echo_measured"], arms=("echo=off", "echo=req"), values=(0.0, 0.5), sweep=VISITS)


def counted(honour: int, of: int) -> Factor:
    """How many AS of so many were seen to honour `resource`."""
    text = (
        'about = "x"\nextends = "swept"\n[factors.as_resource]\nsource = "x"\nconfidence = "medium"\n'
        f"counts = {{ honor = {honour}, ignore = {of - honour} }}\n"
    )
    return next(factor for factor in read(text, "counted").factors if factor.name == "as_resource")


def test_counts_leave_what_a_conjugate_prior_leaves() -> None:
    """Thefts are a known share of the AS that ignore `resource`: their interval is that of a Beta distribution."""
    from scipy.stats import beta

    base = load("swept").with_shares("api", {"single_path": 1}).with_numbers(latency_attacker=0)
    met = replace(base, factors=(*(each for each in base.factors if each.name != "as_resource"), counted(70, 100)))
    found = spreads(ASKED, met, (0.5,), 1)[0.5]
    theft = found.rates[:, 0, found.outcomes.index(("harm", "authorization"))]
    assert between(theft) == pytest.approx(0.5 * beta(30.5, 70.5).ppf([0.025, 0.975]), rel=0.01)
    # Ten times the count, and a third of the width.
    met = replace(met, factors=(*met.factors[:-1], counted(700, 1000)))
    found = spreads(ASKED, met, (0.5,), 1)[0.5]
    narrower = found.rates[:, 0, found.outcomes.index(("harm", "authorization"))]
    assert np.ptp(between(narrower)) == pytest.approx(np.ptp(between(theft)) / 10**0.5, rel=0.05)


def test_the_interval_stands_beside_the_sampled_one() -> None:
    """What is expected lies in both, the sampled one knows nothing of the inputs, and what was not asked has none."""
    result = run(ASKED, attempts=2_000)
    assert result.differences["input_low"].isna().all()
    met = population_for(ASKED, None)
    table = beside(result, spreads(ASKED, met, ASKED.values, 1))
    rows = table.rates[(table.rates.value == 0.5) & (table.rates.arm == "echo=off")].set_index(["kind", "outcome"])
    theft = rows.loc[("harm", "authorization")]
    assert theft.low < theft.expected < theft.high
    assert (theft.low, theft.high) == pytest.approx(tuple(wilson(theft["count"], theft.attempts)))
    assert theft.input_low < theft.low < theft.high < theft.input_high
    assert (table.rates.input_low <= table.rates.input_high).all()
    assert set(table.differences.settled) <= {"yes", "no"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["echo", "multi_tenant", "aauth"])
def test_inputs_as_they_are_stated_are_among_the_inputs(name: str) -> None:
    """However far from the middle of what may be: these populations state shares of 1 that nobody has counted."""
    asked = replace(EXPERIMENTS[name], values=(EXPERIMENTS[name].point,))
    met = population_for(asked, None)
    found = beside(run(asked), spreads(asked, met, asked.values, 1, 64))
    for table, told, low, high in (
        (found.quantities, "mean", "input_low", "input_high"),
        (found.quantities, "difference", "change_input_low", "change_input_high"),
        (found.differences, "difference", "input_low", "input_high"),
        (found.rates, "rate", "input_low", "input_high"),
    ):
        rows = table.dropna(subset=[told, low, high])
        assert len(rows)
        assert (rows[low] <= rows[told] + 1e-9).all()
        assert (rows[told] <= rows[high] + 1e-9).all()


def test_the_same_seed_gives_the_same_interval() -> None:
    """Nothing else is random; another seed comes close."""
    met = population_for(ASKED, None)
    first, second, other = (spreads(ASKED, met, (0.5,), seed)[0.5].rates for seed in (1, 1, 2))
    assert (first == second).all()
    assert between(other) == pytest.approx(between(first), abs=0.03)


def test_what_is_swept_is_held_where_it_is() -> None:
    """The sweep is no input of its own points."""
    base = ASKED.unit(population_for(ASKED, None), 0.5, "1/0", 1)
    assert {knob.of for knob in knobs(ASKED, base)} - {knob.of for knob in knobs(ASKED, base, sweep=False)} == {"place"}


def test_attempts_are_counted_where_they_have_to_be() -> None:
    """Only where that is asked for, and then in every draw."""
    asked = EXPERIMENTS["slash"]
    met = population_for(asked, None, None)
    assert not spreads(asked, met, (0.2,), 1)
    found = spreads(asked, met, (0.2,), 1, draws=6)[0.2]
    assert found.rates.shape[:2] == (6, len(asked.treatments))
    endings = [place for place, (kind, _) in enumerate(found.outcomes) if kind in ("success", "refused")]
    assert found.rates[:, :, endings].sum(axis=2) == pytest.approx(1.0)


def test_a_sign_that_inputs_leave_open_is_withheld_and_says_why() -> None:
    """Of two inputs the one that moves the difference is named, however many attempts were counted."""
    matters, idle = (Knob(name, "share", name, prior=(1.0, 1.0)) for name in ("matters", "idle"))
    uniform = drawn(2, 256, 1)
    stands = {knob: knob.turned(uniform[:, [place]]) for place, knob in enumerate((matters, idle))}
    change = stands[matters][:, 1] - 0.4 + 0.01 * stands[idle][:, 1]
    works = np.stack([np.full(256, 0.5), 0.5 + change / 2], axis=1)
    spread = Spread(stands, [("refused", "x"), ("success", "accepted")], np.stack([1 - works, works], axis=2))
    assert not settled(*between(change))
    assert spread.decisive(change) == "matters"
    assert spread.explained(change)[matters] == pytest.approx(1, abs=0.01)
    assert abs(spread.explained(change)[idle]) < 0.02
    result = run(replace(ASKED, values=(0.0,)), attempts=400)
    assert any(line.settled for line in headlines(result.quantities))
    (line,) = headlines(beside(result, {0.0: spread}).quantities)
    assert not line.settled
    assert "honest flows that work: withheld" in line.sentences[0]
    assert line.sentences[0].endswith("what decides is matters")


def test_what_is_measured_has_an_interval_over_the_inputs() -> None:
    """In worlds in time too, where each draw lasts as long as a replication of the experiment."""
    asked = replace(EXPERIMENTS["cimd_dcr"], arms=("reg=dcr", "reg=cimd"), attempts=22_000)
    met = population_for(asked, None)
    found = spreads(asked, met, (asked.point,), 1, draws=2)[asked.point]
    registrations = found.measure(Measure("registrations"))
    assert registrations is not None
    assert (registrations[:, 0] > registrations[:, 1]).all()
    assert registrations[:, 1] == pytest.approx(0)
    assert found.measure(Measure("document_fetches", CASE)) is None
    assert found.stated is not None
    counted = run(replace(asked, values=(asked.point,)), attempts=4_400, replications=1).quantities
    means = counted[(counted["quantity"] == "registrations") & (counted["per"] == "attempt")]["mean"]
    assert found.stated.measured[Measure("registrations")][0] == pytest.approx(means.to_numpy())


@pytest.mark.parametrize(("name", "requests", "draws"), [("storm", 3, 0), ("storm", 1, 16), ("echo", 0, None)])
def test_worlds_are_drawn_where_few_requests_are_made(name: str, requests: float, draws: int | None) -> None:
    """Where each call asks much of many servers, the inputs are drawn by a command of their own."""
    asked = EXPERIMENTS[name]
    rows = [(arm, "requests_to_AS", "attempt", asked.point, requests) for arm in asked.arms]
    told = pandas.DataFrame(rows, columns=["arm", "quantity", "per", "value", "mean"])
    empty = Result(name, *[pandas.DataFrame()] * 4)
    assert affordable(asked, population_for(asked, None), replace(empty, quantities=told)) == draws


def test_what_chance_may_explain_decides_nothing() -> None:
    """Of many knobs and few draws one always seems to matter."""
    knobs = [Knob(f"idle {number}", "share", f"idle {number}", prior=(1.0, 1.0)) for number in range(40)]
    uniform = np.random.default_rng(1).random((16, 41))
    stands = {knob: knob.turned(uniform[:, [place]]) for place, knob in enumerate(knobs)}
    spread = Spread(stands, [], np.zeros((16, 2, 0)))
    assert max(spread.explained(uniform[:, 40]).values()) > 0.2
    assert spread.decisive(uniform[:, 40]) == ""
    assert spread.decisive(uniform[:, 3] + uniform[:, 40] / 4) == "idle 3"


def test_a_headline_that_is_settled_has_both_intervals() -> None:
    """The one over attempts, which holds for all arms at once, and the one over the inputs."""
    asked = replace(EXPERIMENTS["matching"], arms=("prm=exact", "prm=prefix"), values=(0.5,))
    result = beside(run(asked, attempts=2_000), spreads(asked, population_for(asked, None), asked.values, 1))
    (line,) = headlines(result.quantities)
    assert "; over the inputs +" in line.sentences[0]


def test_measures_are_those_of_attempts() -> None:
    """What is expected wherever inputs stand is told for each honest and accepted flow as counts are."""
    counted = run(ASKED, attempts=40_000).quantities.set_index(["value", "arm", "quantity", "per"])["mean"]
    base = ASKED.unit(population_for(ASKED, None), 0.5, "1/0", 1)
    expected = ExpectedOutcomes(base)
    here = Spread({}, expected.outcomes, expected.rates({}, 1))
    for told in (WORKING, THEFTS, THEFTS._replace(per="attempt")):
        found = here.measure(told)
        assert found is not None
        for arm, name in enumerate(ASKED.arms):
            assert found[0, arm] == pytest.approx(counted[0.5, name, *told], abs=0.03)
    assert here.measure(Measure("prompts")) is None


@pytest.mark.parametrize(("name", "told"), [("capacity", True), ("echo", True)])
def test_inputs_are_drawn_at_the_headline_of_what_tells_any_outcome(
    name: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it tells of seconds beside it."""
    asked, headlines = EXPERIMENTS[name], list[bool]()
    monkeypatch.setattr(uncertainty, "_draws", lambda _, headline: headlines.append(headline) or 0)
    assert spreads(asked, population_for(asked, None), (asked.point,), 1) == {}
    assert headlines == [told]


def test_only_what_is_correlated_is_kept_together() -> None:
    """A group of factors that has no rows is drawn factor by factor."""
    asked = replace(ASKED, values=(0.5,))
    found = ExpectedOutcomes(asked.unit(population_for(asked, None), 0.5, "1/0", 100))
    assert found._groups
    assert all(group.rows for group in found._groups)


def test_what_is_swept_stands_where_it_is_put_while_all_else_is_turned() -> None:
    base = ASKED.unit(population_for(ASKED, None), 0.5, "1/0", 100)
    every, others = knobs(ASKED, base), knobs(ASKED, base, sweep=False)
    assert [knob for knob in every if knob not in others] == [knob for knob in every if knob.of == "place"]
    assert 0 < len(others) < len(every)


def test_a_factor_that_the_next_one_overrules_has_no_say() -> None:
    """Unless there is something that the next one leaves to it."""

    def factor(*settings: tuple[tuple[str, str], ...]) -> Any:
        return SimpleNamespace(categories=[SimpleNamespace(settings=each) for each in settings])

    first, always = factor((("dpop", "none"),), (("dpop", "token"),)), factor((("dpop", "none"),))
    seldom = factor((("dpop", "none"),), ())
    for later, said in ((always, [always]), (seldom, [first, seldom])):
        met: Any = SimpleNamespace(factors=[first, later])
        assert list(_with_a_say(met)) == said
