"""Populations carry provenance, and a wrong one is refused in one line that names the culprit."""

import csv
import json
import math
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from model.switches import CLIENT_CLASSES, SWITCHES
from simulations import attempts, draws, vectorised
from simulations.experiments import find
from simulations.knobs import knobs
from simulations.population import NUMBERS, PopulationError, load, populations, read
from simulations.population_schema import schema

ROOT = Path(__file__).parents[2]
DATA = files("simulations").joinpath("data")
SWEPT = DATA.joinpath("populations/swept.toml").read_text(encoding="utf-8")
SAID = 'source = "somebody, 2026", confidence = "high"'


@pytest.mark.parametrize("name", populations())
def test_a_prior_holds_what_is_shipped(name: str) -> None:
    """In its region of highest density, of 95 per cent; what is certain is so by a count, or says that it is held."""
    from scipy.stats import beta

    met = load(name)
    for factor in (*met.factors, *met.traits, *([met.clients] if met.clients else [])):
        if len(factor.categories) == 1:
            assert factor.provenance.note.startswith("held: ")
            continue
        assert len(factor.prior) == len(factor.categories)
        for alone, share in zip(factor.prior, factor.shares, strict=True):
            law = beta(alone, sum(factor.prior) - alone)
            density = law.pdf(law.ppf(np.linspace(0.0005, 0.9995, 1000)))
            assert law.pdf(min(max(share, 1e-9), 1 - 1e-9)) >= np.quantile(density, 0.05), factor.name


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
    profiles, classes = table("as_profiles.csv"), table("as_classes.csv")
    assert [row["as_name"] for row in profiles] == [row["as_name"] for row in classes]
    for row in classes:
        assert row["reason"]
        values = {name: row[name] for name in row if name in SWITCHES}
        if row["expressible"] == "yes":
            assert all(value in SWITCHES[name].values for name, value in values.items())
        else:
            assert not any(values.values())


def test_who_has_been_introduced_is_drawn_once_for_all_frameworks() -> None:
    """A stranger is one to every list, federation and registration alike; acquaintances are as those meant it."""
    factor = next(item for item in load("open_web").factors if item.name == "acquaintance")
    known, stranger = (dict(category.settings) for category in factor.categories)
    assert known == {}
    assert {"listed", "anchored", "preregistered", "configured"} <= stranger.keys()
    assert set(stranger.values()) == {"no"}
    assert "rs_listed" not in stranger  # a resource server knows its own AS


def test_classes_of_clients_are_those_of_world_files() -> None:
    """A population mixes the classes that a party of a world can have."""
    text = (
        'about = "three classes"\nextends = "swept"\n[factors.client_class]\nswept = true\n'
        "shares = { public = 0.6, confidential = 0.3, attested = 0.1 }\n"
    )
    factor = next(item for item in read(text, "classes").factors if item.name == "client_class")
    assert {category.name: dict(category.settings) for category in factor.categories} == CLIENT_CLASSES


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
        ("[factors.api]", "[factors.apo]", "factor 'apo': unknown switch 'apo'; did you mean 'api'?; allowed: "),
        ("[factors.api]", "[factors.warm]", "factor 'warm': 'warm' cannot be drawn: "),
        ("[factors.api]", "[factors.splice]", "factor 'splice': 'splice' cannot be drawn: the attacker chooses"),
        (
            "[factors.api]",
            "[factors.place]",
            "factor 'place': follows from attackers.resource_servers, attackers.tenants, "
            "attackers.authorization_servers and attackers.lure, which a population states; leave it",
        ),
        ("resource_servers = { value = 0.01", "resource_servers = { value = 1", "no server is called"),
        ("multi_path = 0.0", "many = 0.0", "factor 'api': shares: unknown value 'many'"),
        ("multi_path = 0.0", "multi_path = 0.5", "factor 'api': shares must add up to 1, found 1.5"),
        ("multi_path = 0.0", "multi_path = -0.1", "shares.multi_path: must be a number between 0 and 1, found -0.1"),
        ("multi_path = 0.0", 'multi_path = "few"', "shares.multi_path: must be a number, found 'few'"),
        ("multi_path = 0.0", "multi_path = nan", "factor 'api': shares must add up to 1, found nan"),
        ("users = { value = 500", "users = { value = 2.5", "'count.users': value: must be a whole number, found 2.5"),
        ("agents = {", "agent = {", "unknown number 'agent'; did you mean 'agents'?; allowed: agents, resources"),
        ("users = {", "user = {", "numbers.count: unknown number 'user'; did you mean 'users'?; allowed: users"),
        ("agents = { value = 500, swept = true", "agents = { value = 500", "number 'agents': needs source and confid"),
        ("agents = { value = 500, swept = true", "agents = { value = 500, swept = false", "must be true or left out"),
        (
            "agents = { value = 500, swept = true",
            'agents = { value = 500, source = "x", confidence = "sure"',
            "number 'agents': confidence: unknown confidence 'sure'; allowed: high, medium, low",
        ),
        (
            "agents = { value = 500",
            'agents = { source = "x", value = 500',
            "number 'agents': has a source or is swept, not both",
        ),
        ("agents = { value = 500", "agents = { value = 0", "number 'agents': value: must be a number of at least 1"),
        ("agents = { value = 500", "agents = { value = 1.7", "'agents': value: must be a whole number, found 1.7"),
        ("agents = { value = 500", "agents = { value = inf", "'agents': value: must be a whole number, found inf"),
        ("spread = { value = 0.5", "spread = { value = inf", "number 'latency.spread': must be finite, found inf"),
        ("agents = { value = 500", "agents = { value = true", "value: must be a number, found True"),
        ("token = { value = 0.2, swept = true }", "token = 0.2", "'latency.token': must be a table, found 0.2"),
        ("token = { value = 0.2, swept = true }", "", "number 'latency.token' is missing (median seconds of a token"),
        ("shares = { honor = 1.0 }", "", "factor 'as_resource': 'shares' is missing"),
        ("shares = { honor = 1.0 }", "shares = {}", "factor 'as_resource': shares are missing: at least one value"),
        (
            "shares = { honor = 1.0 }",
            "shares = { honor = 1.0 }\ncounts = { honor = 9 }",
            "factor 'as_resource': has a source or is swept, not both",
        ),
        ("shares = { honor = 1.0 }", "shares = { honor = 1.0 }\nshare = 1", "factor 'as_resource': unknown key 'share"),
        (
            "[factors.api]",
            '[factors.as]\ntable = "nowhere.csv"\ncolumns = ["h_iss"]\nswept = true\n[factors.api]',
            "factor 'as': no table 'nowhere.csv' in deployed/data",
        ),
        (
            "[factors.api]",
            '[factors.as]\ntable = "client_misses.csv"\ncolumns = ["h_iss"]\nswept = true\n[factors.api]',
            "factor 'as': client_misses.csv is no table of products with their switches",
        ),
        (
            "[factors.api]",
            '[factors.as]\ntable = "as_classes.csv"\ncolumns = ["pkce"]\nswept = true\n[factors.api]',
            "factor 'as': as_classes.csv has no switch 'pkce'; allowed: as_resource",
        ),
        (
            "[factors.api]",
            '[factors.as]\ntable = "as_classes.csv"\ncolumns = ["warm"]\nswept = true\n[factors.api]',
            "'warm' cannot be drawn",
        ),
        ("[factors.api]", '[factors.as]\ntable = "as_classes.csv"\nswept = true\n[factors.api]', "'columns' is mis"),
        ("[factors.api]", "[traits.colour]\n[factors.api]", "unknown trait 'colour'; allowed: access"),
        (
            "[factors.api]",
            '[adoption.h_iss]\nvalue = "yes"\ninstead = "yes"\nyears = [1, 2]\nshares = [0, 1]\n'
            "swept = true\n[factors.api]",
            "adoption of 'h_iss': value and instead are both 'yes'",
        ),
        (
            "[factors.api]",
            '[adoption.h_iss]\nvalue = "yes"\ninstead = "no"\nyears = [2, 1]\nshares = [0, 1]\n'
            "swept = true\n[factors.api]",
            "adoption of 'h_iss': years must grow, found 2, 1",
        ),
        (
            "[factors.api]",
            '[adoption.h_iss]\nvalue = "yes"\ninstead = "no"\nyears = [1, 2]\nshares = [nan, 1]\n'
            "swept = true\n[factors.api]",
            "adoption of 'h_iss': years and shares must be finite",
        ),
        (
            "[factors.api]",
            '[adoption.h_iss]\nvalue = "maybe"\ninstead = "no"\nyears = [1, 2]\nshares = [0, 1]\n'
            "swept = true\n[factors.api]",
            "adoption of 'h_iss': value: unknown value 'maybe'; allowed: yes, no",
        ),
        (
            "[factors.api]",
            '[clients]\ncolumns = ["prm"]\nwithout = ["mcp-pyton"]\nswept = true\n[factors.api]',
            "clients: without: unknown client 'mcp-pyton'; did you mean 'mcp-python==2.3.0'?; allowed: ",
        ),
        (
            "agents = { value = 500",
            "agents = { value = " + "9" * 400,
            "not a TOML file: a whole number of more than 64",
        ),
        ("[numbers]", 'extends = "\\u0000.toml"\n[numbers]', "extends: must be without control characters"),
        ("about = ", "abut = ", "unknown key 'abut'; did you mean 'about'?"),
        ("[numbers]", 'extends = "earth"\n[numbers]', "unknown population 'earth'; allowed: atproto_2026"),
    ],
)
def test_wrong_populations_are_refused_in_one_line(old: str, new: str, message: str) -> None:
    """Each way to be wrong is named together with what is allowed."""
    text = SWEPT.replace(old, new, 1)
    if "no server" in message:
        text = text.replace("lure = { value = 11", "lure = { value = 0")
    assert text != SWEPT
    with pytest.raises(PopulationError) as caught:
        read(text, "mine")
    assert str(caught.value).startswith("mine: ") or old == "[numbers]"
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_populations_are_refused(tmp_path: Path) -> None:
    """A name that is not shipped, and a file that is not there."""
    with pytest.raises(PopulationError, match=r"unknown population 'earth'; allowed: atproto_2026, .*measured_2026, "):
        load("earth")
    with pytest.raises(PopulationError, match=r"cannot read population .*none.toml: No such file or directory$"):
        load(tmp_path / "none.toml")


def test_populations_are_read_from_files(tmp_path: Path) -> None:
    """A population of one's own is a file."""
    mine = tmp_path / "mine.toml"
    mine.write_text(SWEPT, encoding="utf-8")
    assert load(mine).factors == load("swept").factors


def test_the_published_schema_is_the_one_in_force(on_file: Callable[..., None]) -> None:
    """Whoever edits a population with the published schema is told what the loader would say."""
    published = schema()
    on_file(Path(str(DATA)) / "population.schema.json", json.dumps(published, indent=2) + "\n")
    Draft202012Validator.check_schema(published)
    validator = Draft202012Validator(published)
    for name in populations():
        text = DATA.joinpath("populations", f"{name}.toml").read_text(encoding="utf-8")
        assert not list(validator.iter_errors(tomllib.loads(text)))


def test_a_population_may_state_only_what_differs(tmp_path: Path) -> None:
    """Where a file is silent, the population it extends speaks; a file beside it is found by its name."""
    tmp_path.joinpath("base.toml").write_text(SWEPT, encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'about = "more"\nextends = "base.toml"\n'
        "[numbers]\nagents = { value = 7, swept = true }\n[numbers.latency]\ntoken = { value = 9, swept = true }\n"
        "[factors.api]\nshares = { multi_path = 1 }\nswept = true\n",
        encoding="utf-8",
    )
    base, made = load("swept"), load(mine)
    changed = {name for name in NUMBERS if made.number(name) != base.number(name)}
    assert changed == {"agents", "latency.token"}
    assert [factor.name for factor in made.factors if factor not in base.factors] == ["api"]
    mine.write_text('about = "round"\nextends = "mine.toml"\n', encoding="utf-8")
    with pytest.raises(PopulationError, match="mine: extends itself"):
        load(mine)


def test_clients_may_be_as_deployed() -> None:
    """Then what they do is drawn like all else, by version, and no design has a say in it."""
    population = load("measured_2026")
    assert "prm" not in population.switches
    deployed = population.deployed()
    assert {"prm", "iss_check", "md_issuer_check", "echo"} <= deployed.switches
    whole = [("prm", value) for value in ("exact", "same_path", "same_href")]
    shares = [kind.share for kind in deployed.factors[-1].categories if set(whole) & set(kind.settings)]
    # Nine products alike: oauth4webapi and gemini-cli compare whole URLs, and one of six versions of the TS SDK.
    assert sum(shares) == pytest.approx((1 + 1 + 1 / 6) / 9)
    with pytest.raises(PopulationError, match="population 'swept' does not say which clients are deployed"):
        load("swept").deployed()


def test_adoption_grows_with_the_years() -> None:
    """Straight lines between the years that are stated, and constant outside them."""
    population = load("measured_2026")
    curve = next(curve for curve in population.adoption if curve.switch == "as_echo")
    (first, _, last), (low, middle, high) = curve.years, curve.shares
    assert [curve.share(year) for year in (first - 5, first, last, last + 5)] == [low, low, high, high]
    halfway = (curve.years[0] + curve.years[1]) / 2
    assert curve.share(halfway) == pytest.approx((low + middle) / 2)
    shares = vectorised.situation_shares(aged := population.at(halfway), 1.0)
    found = attempts.situations(aged)
    echoes = [[dict(kind).get("as_echo") for kind in kinds] for kinds in found.factors]
    parts = zip(*found.split(np.arange(found.count)), strict=True)
    echoing = [
        share
        for share, (*kinds, _, _) in zip(shares.tolist(), parts, strict=True)
        if [said for of, kind in zip(echoes, kinds, strict=True) if (said := of[kind])][-1] == "yes"
    ]
    # The curve begins at today's share as it is printed, to four digits.
    assert math.fsum(echoing) == pytest.approx((low + middle) / 2, abs=1e-4)


@pytest.mark.slow
def test_the_first_year_is_today() -> None:
    """Servers age as they are, product by product: in the first year every attempt ends as in today's table."""
    today, arms = load("measured_2026").deployed(), ((), (("iss_check", "require"),), (("echo", "req_strict"),))
    first = today.at(min(curve.years[0] for curve in today.adoption))
    ended = [vectorised.counted(met, arms, "1/0", 800).endings for met in (first, today)]
    assert ended[0] == ended[1]


def test_ageing_keeps_what_a_server_is_besides() -> None:
    """Whoever takes to something by a year keeps all else; who has it already is as before; nobody changes back."""
    today = load("measured_2026")
    curves = {curve.switch: curve.value for curve in today.adoption}
    seen = []
    for met in (today, today.at(2028), today.at(2032)):
        found, codes = attempts.situations(met), attempts.draw_codes(met, "1/0", 0, 100, 1.0)
        seen.append([found.design((), code) for code in codes.tolist()])
    steps: set[str] = set()
    for designs in zip(*seen, strict=True):
        for before, after in pairwise(designs):
            changed = {name for name in SWITCHES if before[name] != after[name]}
            assert all(after[name] == curves[name] for name in changed)
            steps |= changed
    assert steps == curves.keys()


def test_adoption_begins_with_what_is_measured() -> None:
    """The first share of every curve is the share of products that have it today."""
    population = load("measured_2026")
    servers = next(factor for factor in population.factors if factor.name == "authorization_server")
    for curve in population.adoption:
        today = sum(kind.share for kind in servers.categories if (curve.switch, curve.value) in kind.settings)
        assert curve.shares[0] == pytest.approx(today, abs=1e-4)


def test_detail_refines_what_an_attempt_draws() -> None:
    """A draw that falls into a category falls into a refinement of it, so servers drawn one by one behave alike."""
    factor = next(factor for factor in load("measured_2026").factors if factor.name == "authorization_server")
    numbers = draws.uniforms("1", "any", 0, 2_000)
    coarse = draws.categories(numbers, factor.shares)
    fine = draws.categories(numbers, tuple(kind.share for kind in factor.refined))
    for less, more in set(zip(coarse.tolist(), fine.tolist(), strict=True)):
        assert set(factor.categories[less].settings) < set(factor.refined[more].settings)


# --- the data behind the numbers -----------------------------------------------------------------------------


def table(name: str, package: str = "deployed") -> list[dict[str, str]]:
    """The rows of a table of a package."""
    return list(csv.DictReader(files(package).joinpath("data", name).read_text(encoding="utf-8").splitlines()))


def test_registration_and_pushing_are_as_profiled() -> None:
    """How clients register and push, by the words of the profile: what is optional and off counts as absent."""
    profiles = {row["as_name"]: row for row in table("as_profiles.csv")}

    def offered(text: str) -> bool:
        return text.lower().startswith(("yes", "required", "view")) and "experimental" not in text

    for row in table("as_classes.csv"):
        profile = profiles[row["as_name"]]
        if row["expressible"] == "yes":
            known = "cimd" if offered(profile["cimd"]) else "dcr" if offered(profile["dcr"]) else "static"
            pushed = offered(profile["par"]) or "default on" in profile["par"]
            assert (row["reg"], row["par"]) == (known, "on" if pushed else "off")


def test_sources_are_carried() -> None:
    """What `measured_2026` takes from elsewhere names a table of the package, or which version of a source and when."""
    for row in load("measured_2026").stated():
        if not row.provenance.swept:
            source = row.provenance.source
            paths = (word.strip("(),;:") for word in source.split() if "/data/" in word)
            assert any(ROOT.joinpath(path).is_file() for path in paths) or re.search(r"\d", source), row.name
            assert row.provenance.kind == "read" or row.provenance.counted


def test_what_was_counted_is_stated_as_counts() -> None:
    """Shares and means follow from counts, and what these leave open is the distribution that follows from them."""
    text = SWEPT.replace(
        "servers_changed = { value = 0.05, swept = true }", f"servers_changed = {{ counts = [4, 24], {SAID} }}"
    )
    text = text.replace(
        "tenants_per_origin = { value = 5, swept = true }", f"tenants_per_origin = {{ counts = [30, 6], {SAID} }}"
    )
    assert text.count("counts") == 2
    numbers = read(text, "mine").numbers
    changed, tenants = numbers["churn.servers_changed"], numbers["mean.tenants_per_origin"]
    assert (changed.value, changed.prior, changed.is_mean) == (4 / 24, (4.5, 20.5), False)
    assert (tenants.value, tenants.prior, tenants.is_mean) == (5, (6.5, 24.5), True)
    assert changed.provenance.words == "counted of 24, high confidence: somebody, 2026"
    asked = replace(find("prevalence"), tried={})
    met = read(text, "mine")
    (knob,) = (knob for knob in knobs(asked, asked.unit(met, 0.1, "1/0", 1)) if knob.of == "mean.tenants_per_origin")
    drawn = knob.turned(np.linspace(0.0005, 0.9995, 1_000)[:, None])[:, 0]
    assert np.mean(1 / drawn) == pytest.approx(6.5 / 31, rel=0.01)
    assert knob.low < drawn.min() < 5 < drawn.max() < knob.high
    plain = text.index("[factors.api]"), text.index("[factors.as_resource]")
    counted = "[factors.api]\ncounts = { single_path = 3, multi_path = 1 }\n" + SAID.replace(", conf", "\nconf") + "\n"
    factor = read(text[: plain[0]] + counted + text[plain[1] :], "mine").factors[0]
    assert (factor.shares, factor.prior, factor.provenance.counted) == ((0.75, 0.25), (3.5, 1.5), 4)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("value = 0.1, counts = [1, 2]", "'value' follows from 'counts'; leave one out"),
        ("note = 'none'", "'value' is missing, or counts"),
        ("counts = [0, 2]", "counts of nothing leave it open; state a value"),
        ("counts = [3, 2]", "must be at least 0 and at most 1, found 1.5"),
    ],
)
def test_counts_that_say_nothing_are_refused(counts: str, message: str) -> None:
    """A count is of something, and what follows from it can be."""
    text = SWEPT.replace(
        "servers_changed = { value = 0.05, swept = true }", f"servers_changed = {{ {counts}, {SAID} }}"
    )
    with pytest.raises(PopulationError, match=re.escape(message)):
        read(text, "mine")
