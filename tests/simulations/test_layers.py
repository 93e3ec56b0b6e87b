"""Spellings differ from layer to layer; the first rule that compares them differently ends the attempt."""

from __future__ import annotations

import pytest

from model.design import Design
from simulations import layers
from simulations.engine import EngineError, Tally, Unit
from simulations.layers import PARTIES, SPELLINGS, judge
from simulations.population import load
from simulations.visits import Settings


def counted(*arms: Settings, adoption: float = 1.0, attempts: int = 20_000, **told: float) -> Tally:
    """What becomes of flows among honest parties."""
    options = tuple(sorted(told.items()))
    return layers.count(Unit(load("swept"), arms, "1/0", attempts, adoption, "layers", options=options))


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
    written = {**PARTIES, party: SPELLINGS[spelling][0](PARTIES[party])}
    assert judge(Design({"prm": design}), written).name == refused
    assert judge(Design({"prm": design}), dict(PARTIES)).name == "accepted"


def test_spellings_are_the_same_party() -> None:
    """Every spelling differs from what it spells, and twice a slash is none."""
    for url in PARTIES.values():
        for name, (spell, _) in SPELLINGS.items():
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


def test_clients_that_do_not_adopt_do_as_the_first_arm() -> None:
    """At no adoption the arms are alike; at full adoption those that compare break what was honest."""
    arms = ((("md_issuer_check", "off"), ("iss_check", "off")), (("md_issuer_check", "on"), ("iss_check", "require")))
    assert all(first == second for first, second in counted(*arms, adoption=0.0).endings)
    broken = [share(counted(*arms, adoption=part), "client.metadata_issuer_matches", 1) for part in (0, 0.5, 1.0)]
    assert broken[0] == 0 < broken[1] < broken[2]


def test_an_unknown_option_is_an_error() -> None:
    """One line names it and what is allowed."""
    with pytest.raises(EngineError, match="unknown option 'slsh' of layers; allowed: respelled, slash"):
        counted((), slsh=0.5)
