"""Populations carry provenance, and a wrong one is refused in one line that names the culprit."""

from __future__ import annotations

import csv
import math
from importlib.resources import files
from pathlib import Path

import pytest

from model.switches import SWITCHES
from simulations.population import NUMBERS, PopulationError, load, populations, read

SWEPT = files("simulations").joinpath("data/populations/swept.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", populations())
def test_shipped_populations_are_complete(name: str) -> None:
    """Every shipped population loads, has all numbers, and its shares add up."""
    population = load(name)
    assert population.about
    assert set(population.numbers) == set(NUMBERS)
    for factor in (population.places, *population.factors):
        assert math.isclose(sum(factor.shares), 1)
        assert factor.provenance.swept or factor.provenance.source


def test_products_weigh_the_same() -> None:
    """The rows of a product share out its weight, so that no product counts twice."""
    factor = next(item for item in load("measured_2026").factors if item.name == "resource_server")
    shares = {category.name: category.share for category in factor.categories}
    # Five products: three of them once exact and once off, one prefix, one exact.
    assert shares == pytest.approx({"exact": 0.5, "off": 0.3, "prefix": 0.2})


def test_every_measured_server_is_classified() -> None:
    """Each row of the profiles has a class or says that the model cannot express it."""
    data = files("simulations").joinpath("data")
    profiles, classes = (
        list(csv.DictReader(data.joinpath(name).read_text(encoding="utf-8").splitlines()))
        for name in ("as_profiles.csv", "as_classes.csv")
    )
    assert [row["as_name"] for row in profiles] == [row["as_name"] for row in classes]
    for row in classes:
        assert row["reason"]
        values = {name: row[name] for name in row if name in SWITCHES}
        if row["expressible"] == "yes":
            assert all(value in SWITCHES[name].values for name, value in values.items())
        else:
            assert not any(values.values())


def test_sweeping_replaces_one_factor() -> None:
    """Other shares for a switch leave everything else as it was, and say that they are swept."""
    before = load("measured_2026")
    after = before.with_shares("api", {"single_path": 0.25, "multi_path": 0.75})
    swept = next(factor for factor in after.factors if factor.name == "api")
    assert swept.shares == (0.25, 0.75)
    assert swept.provenance.swept
    assert [factor for factor in before.factors if factor.name != "api"] == [
        factor for factor in after.factors if factor.name != "api"
    ]
    assert after.places == before.places


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[numbers]", "[numbers", "not a TOML file"),
        ("[factors.api]", "[factors.apo]", "factor 'apo': unknown switch 'apo'"),
        ("multi_path = 0.0", "many = 0.0", "switch 'api' has no value 'many'; allowed: single_path, multi_path"),
        ("multi_path = 0.0", "multi_path = 0.5", "factor 'api': shares must add up to 1, found 1.5"),
        ("multi_path = 0.0", "multi_path = -0.1", "share of 'multi_path' must be between 0 and 1, found -0.1"),
        ("malicious_rs = 0.1", "moon = 0.1", "unknown place 'moon'; allowed: honest_api"),
        ("[factors.place]", "[factors.h_iss]", "factor 'place' is missing"),
        ("[factors.api]", "[factors.warm]", "'warm' cannot be drawn"),
        ("agents = {", "agent = {", "unknown number 'agent'; allowed: agents"),
        ("agents = { value = 500, swept = true", "agents = { value = 500", "needs source and confidence"),
        ("agents = { value = 500, swept = true", 'agents = { value = 500, source = "x", confidence = "sure"',
         "unknown confidence 'sure'; allowed: high, medium, low"),
        ("agents = { value = 500", "agents = { value = 0", "must be a number of at least 1, found 0"),
        ("token = { value = 0.2, swept = true }", "token = 0.2", "expected a table with a value, found 0.2"),
        ("token = { value = 0.2, swept = true }", "", "number 'latency.token' is missing"),
        ("shares = { honor = 1.0 }", 'table = "nowhere.csv"', "no table 'nowhere.csv'"),
        ("shares = { honor = 1.0 }", 'table = "as_classes.csv"\ncolumns = ["pkce"]', "has no switch 'pkce'"),
        ("shares = { honor = 1.0 }", 'table = "as_classes.csv"', "needs columns"),
        ("shares = { honor = 1.0 }", "", "needs either shares or a table"),
        ("shares = { honor = 1.0 }", "share = { honor = 1.0 }", "unknown key 'share'"),
    ],
)  # fmt: skip
def test_wrong_populations_are_refused_in_one_line(old: str, new: str, message: str) -> None:
    """Each way to be wrong is named together with what is allowed."""
    text = SWEPT.replace(old, new, 1)
    if old == "[factors.place]":
        text = text.replace("honest_api = 0.9, malicious_rs = 0.1", "yes = 1.0")
    if new == "[factors.warm]":
        text = text.replace("single_path = 1.0, multi_path = 0.0", "yes = 1.0")
    assert text != SWEPT
    with pytest.raises(PopulationError) as caught:
        read(text, "mine")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_populations_are_refused(tmp_path: Path) -> None:
    """A name that is not shipped, and a file that is not there."""
    with pytest.raises(PopulationError, match="unknown population 'earth'; allowed: measured_2026, "):
        load("earth")
    with pytest.raises(PopulationError, match="cannot read population"):
        load(tmp_path / "none.toml")


def test_populations_are_read_from_files(tmp_path: Path) -> None:
    """A population of one's own is a file."""
    mine = tmp_path / "mine.toml"
    mine.write_text(SWEPT, encoding="utf-8")
    assert load(mine).factors == load("swept").factors
