"""Spellings differ from layer to layer; the first rule that compares them differently ends the attempt."""

from dataclasses import replace

import pytest

from model.design import Design
from simulations import layers
from simulations.layers import PARTIES, SPELLINGS, judge
from simulations.population import Population, load
from simulations.units import EngineError, Tally, Unit
from simulations.visits import Settings

SWEPT = load("swept")


def counted(
    *arms: Settings, adoption: float = 1.0, attempts: int = 20_000, population: Population = SWEPT, **told: float
) -> Tally:
    """What becomes of flows among honest parties."""
    options = tuple(sorted(told.items()))
    return layers.count(Unit(population, arms, "1/0", attempts, adoption, "layers", options=options))


def share(tally: Tally, name: str, arm: int = 0) -> float:
    """How many flows end so."""
    return sum(n for joint, n in tally.endings.items() if joint[arm].name == name) / tally.endings.total()


@pytest.mark.parametrize(
    ("party", "spelling", "design", "refused"),
    [
        ("published", "slash", "exact", "client.resource_matches_request"),
        ("published", "slash", "prefix_sdk_py", "resource_server.audience_is_this_resource"),
        ("claimed", "slash", "exact", "client.metadata_issuer_matches"),
        ("returned", "case", "exact", "client.iss_matches_recorded_issuer"),
        ("expected", "slash", "exact", "resource_server.audience_is_this_resource"),
        ("published", "parent", "exact", "client.resource_matches_request"),
        ("published", "parent", "prefix", "resource_server.audience_is_this_resource"),
    ],
)
def test_who_refuses_what(party: str, spelling: str, design: str, refused: str) -> None:
    """One party writes otherwise; the layer that compares it refuses."""
    written = {**PARTIES, party: SPELLINGS[spelling](PARTIES[party])}
    assert judge(Design({"prm": design}), written).name == refused
    assert judge(Design({"prm": design}), dict(PARTIES)).name == "accepted"


def test_spellings_are_the_same_party() -> None:
    """Every spelling differs from what it spells, and twice a slash is none."""
    for url in PARTIES.values():
        for name, spell in SPELLINGS.items():
            assert spell(url) != url or name == "parent"
        assert layers._slash(layers._slash(url)) == url


def test_a_funnel_in_closed_form() -> None:
    """With slashes alone and every layer exact, a flow survives where all three pairs are written alike."""
    share_of = 0.2
    only = {name: float(name == "slash") for name in SPELLINGS}
    tally = counted((), respelled=share_of, **only)
    alike = (1 - share_of) ** 3 + share_of**3  # requested, published and expected agree; so do the three of the AS
    assert share(tally, "accepted") == pytest.approx(alike**2, abs=0.01)
    first = 2 * share_of * (1 - share_of)
    assert share(tally, "client.resource_matches_request") == pytest.approx(first, abs=0.01)


LAX = load("swept").with_shares("md_issuer_check", {"off": 1}).with_shares("iss_check", {"off": 1})


def test_clients_that_do_not_adopt_do_as_the_population_has_it() -> None:
    """At no adoption the arms are alike; at full adoption those that compare break what was honest."""
    arms = ((), (("md_issuer_check", "on"), ("iss_check", "require")))
    assert all(first == second for first, second in counted(*arms, adoption=0.0, population=LAX).endings)
    broken = [
        share(counted(*arms, adoption=part, population=LAX), "client.metadata_issuer_matches", 1)
        for part in (0, 0.5, 1.0)
    ]
    assert broken[0] == 0 < broken[1] < broken[2]


def test_a_population_says_how_resources_are_published() -> None:
    """With its traits alone, exact matching refuses what they respell; options have no say in `published` any more."""
    stated = load("measured_2026")
    assert layers.stated(stated) == ("identifier", "slash", "port")
    honest = load("swept")
    shares = {"identifier": (0.4, 0.6), "slash": (0.8, 0.1, 0.1), "port": (0.9, 0.1)}
    traits = tuple(
        replace(
            trait,
            categories=tuple(
                replace(kind, share=part) for kind, part in zip(trait.categories, shares[trait.name], strict=True)
            ),
        )
        for trait in stated.traits
        if trait.name in shares
    )
    told = replace(honest, traits=traits)
    tally = counted((("prm", "exact"),), (("prm", "origin"),), population=told, respelled=0.0)
    assert share(tally, "client.resource_matches_request") == pytest.approx(1 - 0.8 * 0.9, abs=0.01)
    # What names the origin speaks for many paths: a document for one path names it, whatever others do.
    named = replace(told, traits=traits[:1])
    assert share(counted((("prm", "exact"),), population=named, respelled=0.0), "accepted") == 1
    several = named.with_shares("api", {"multi_path": 1})
    tally = counted((("prm", "exact"),), (("prm", "prefix"),), population=several, respelled=0.0)
    assert (share(tally, "client.resource_matches_request"), share(tally, "accepted", 1)) == (1, 1)
    assert share(counted((), population=honest, respelled=0.0), "accepted") == 1
    # All parties respelled, and all alike: only what the population says of `resource` still differs.
    slashes = {name: float(name == "slash") for name in SPELLINGS}
    tally = counted((("prm", "exact"),), population=told, respelled=1.0, **slashes)
    assert share(tally, "client.resource_matches_request") > 1 - 2 * 0.1


def test_what_parties_decide_is_the_populations() -> None:
    """APIs of many paths are published as one; AS that send no `iss` break who requires it; audiences nobody binds."""
    deployed = load("measured_2026").deployed()
    several = load("swept").with_shares("api", {"single_path": 0.5, "multi_path": 0.5})
    tally = counted((("prm", "exact"),), (("prm", "prefix"),), population=several, respelled=0.0)
    assert share(tally, "client.resource_matches_request") == pytest.approx(0.5, abs=0.02)
    assert share(tally, "accepted", 1) == 1
    silent = load("swept").with_shares("h_iss", {"yes": 0.25, "no": 0.75})
    tally = counted((("iss_check", "require"),), population=silent, respelled=0.0)
    assert share(tally, "client.iss_matches_recorded_issuer") == pytest.approx(0.75, abs=0.02)
    deaf = load("swept").with_shares("as_resource", {"ignore": 1})
    tally = counted((), population=deaf, respelled=0.2)
    assert share(tally, "resource_server.audience_is_this_resource") == 0
    kinds = {
        label.name
        for joint in counted((), population=deployed, respelled=0.0, attempts=2_000).endings
        for label in joint
    }
    assert {"accepted", "client.resource_matches_request"} <= kinds


@pytest.mark.parametrize(("value", "found"), [(1.5, "1.5"), (-0.1, "-0.1")])
def test_an_option_out_of_range_is_an_error(value: float, found: str) -> None:
    """A share stays one."""
    with pytest.raises(EngineError, match=f"option 'respelled' of layers must be .* between 0 and 1, found {found}"):
        counted((), respelled=value)


def test_an_unknown_option_is_an_error() -> None:
    """One line names it and what is allowed."""
    with pytest.raises(EngineError, match="unknown option 'slsh' of layers; did you mean 'slash'"):
        counted((), slsh=0.5)


def test_weights_that_add_up_to_nothing_are_refused() -> None:
    """In one line that names them."""
    nothing = dict.fromkeys(("slash", "port", "case", "encoded", "parent"), 0.0)
    with pytest.raises(EngineError, match="options slash, port, case, encoded, parent of layers are all 0"):
        counted((), attempts=4, **nothing)
