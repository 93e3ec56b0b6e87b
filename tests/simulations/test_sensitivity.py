"""Which numbers decide an outcome: what is known in closed form comes out; every experiment can be asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model.errors import InputError
from simulations import experiments
from simulations.catalogue import EXPERIMENTS
from simulations.experiments import Adoption, Mix, population_for
from simulations.knobs import knobs, unit_at
from simulations.options import OPTIONS, told
from simulations.population import Number, load
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


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"samples": 100}, "power of two, found 100"),
        ({"samples": 1, "method": "morris"}, "samples must be at least 2, found 1"),
        ({"method": "mories"}, "unknown method 'mories'; did you mean 'morris'"),
        ({"attempts": 50}, "'echo_measured' counts no attempts"),
        ({"deployed": True}, "does not say which clients are deployed"),
    ],
)
def test_what_makes_no_sense_is_refused(told: dict[str, Any], message: str) -> None:
    """In one line."""
    with pytest.raises(InputError, match=message):
        indices(ASKED, **told)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_knobs(name: str) -> None:
    """Numbers that its reader reads and nobody measured, what its reader takes for granted, and what it sweeps."""
    asked = EXPERIMENTS[name]
    base = asked.unit(population_for(asked, None), asked.values[0], "1/0", 1)
    found = {(knob.kind, knob.of) for knob in knobs(asked, base)}
    assert found >= {("option", option) for option in OPTIONS.get(asked.reader, {})}
    match asked.sweep:
        case Mix(factor):
            assert ("share", factor) in found
        case experiments.Number(number):
            assert found & {("option", number), ("number", number)}
        case Adoption():
            assert ("adoption", "") in found


@pytest.mark.parametrize("name", ["slash", "cimd_dcr", "token_life", "federation_coverage"])
def test_every_reader_is_asked(name: str) -> None:
    """Experiments that are counted are evaluated by the reader that counts them."""
    asked = EXPERIMENTS[name]
    table = indices(asked, samples=4, attempts=400 if asked.reader == "agents" else 60, method="morris")
    assert len(table)
    assert set(table.against) == {next(iter(asked.treatments))}
    of = {knob.partition(": ")[0].removeprefix("log ") for knob in table.knob}
    assert of >= OPTIONS.get(asked.reader, {}).keys()
    assert not table[["effect", "spread"]].isna().any(axis=None)
    assert table[["total", "first_order"]].isna().all(axis=None)


def test_what_is_counted_comes_near_what_is_known() -> None:
    """The same experiment by attempts instead of situations, at the same points: the same knobs decide."""
    asked = replace(ASKED, values=(0.5,))
    exact = indices(asked, samples=64, population=OPEN, method="morris")
    met = replace(OPEN, numbers={**OPEN.numbers, "agents": Number(20_000, OPEN.numbers["agents"].provenance)})
    # Nothing is cached where nobody comes back, so agents in time are first contacts too.
    counted = indices(replace(asked, reader="agents"), samples=8, population=met, attempts=100, method="morris")
    for table in (exact, counted):
        theft = table[(table.outcome == "token_confinement") & (table.kind == "harm")].set_index("knob").effect
        assert set(theft.nlargest(2).index) == {"place: honest_api", "as_resource: ignore"}


def test_a_ramp_is_explained_by_its_knob() -> None:
    """A share of parties that respell explains what exact comparison refuses, more than how they spell does."""
    asked = replace(EXPERIMENTS["slash"], arms=("prm=unchecked;api=single_path", "prm=exact;api=single_path"))
    table = indices(asked, samples=16, attempts=400)
    refused = table[table.outcome == "client.resource_matches_request"].set_index("knob").total
    assert set(table.method) == {"sobol"}
    assert refused.idxmax() == "respelled"
    assert refused["respelled"] > 0.7


def test_knobs_set_the_unit() -> None:
    """Shares, numbers and options are where the knobs stand; shares still add up; whole numbers stay whole."""
    asked = EXPERIMENTS["ten_steps"]
    base = asked.unit(population_for(asked, None), 5, "1/0", 1)
    turned = knobs(asked, base)
    for end in (0.0, 0.3, 1.0):
        point = [knob.low + end * (knob.high - knob.low) for knob in turned]
        unit = unit_at(asked, base, turned, point, 8)
        for factor in (unit.population.places, *unit.population.factors):
            assert sum(factor.shares) == pytest.approx(1)
        told_ = dict(unit.options)
        assert told_["servers"] == round(1 + end * 9)
        assert told_["steps"] == round(20**end)
        assert unit.population.number("token_lifetime") == pytest.approx(3600 * 10 ** (2 * end - 1))
        assert told(unit) == told_


def test_every_option_has_a_range() -> None:
    """What a reader takes for granted lies where it is tried."""
    for options in OPTIONS.values():
        for option in options.values():
            assert 0 <= option.low <= option.default <= option.high <= option.most
            assert option.low < option.high
