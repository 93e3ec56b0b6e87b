"""Where no design explains a client, a switch that is missing is proposed: what is taken out of a design comes back."""

from importlib.resources import files

import pytest

from deployed.behaviour import compare, measured
from deployed.proposal import MissingSwitch, proposals
from model.clients import clients
from model.design import Design
from model.scenario import load
from model.switches import SWITCHES

#: Clients whose every request was recorded, and which decide most of the switches.
MEASURED = ("mcp-python==2.3.0", "ts-sdk-v1==1.32.2", "codex-cli==0.169.0")


def proposed(name: str, design: Design | None = None) -> tuple[MissingSwitch, ...]:
    """What is missing in a design for a stored client, in its own where none is given."""
    seen = {each: one for each, one in measured()[name].items() if one.fetched is not None}
    beside = {one.scenario: one for one in compare(design or clients()[name].design, seen)}
    return proposals(design or clients()[name].design, beside, {each: load(each) for each in seen})


def returned(name: str, switch: str) -> bool | None:
    """Whether a switch at its baseline is proposed with the value that the client has, or one that explains as much.

    Nothing, if nothing differs.
    """
    design = clients()[name].design
    known = {each for one in proposed(name) for each in one.scenarios}
    found = proposed(name, design.but(**{switch: SWITCHES[switch].baseline}))
    asked = [one for one in found if not known.issuperset(one.scenarios)]
    nearest = [one.nearest for one in asked if one.nearest and one.nearest.switch.startswith(f"{switch}=")]
    as_good = [one.switch == f"{switch}={design[switch]}" or not (one.left or one.breaks) for one in nearest]
    return any(as_good) if asked else None


@pytest.mark.parametrize("switch", ["as_metadata_at", "prm", "prm_after_error", "resource_spelling"])
def test_a_switch_that_is_left_out_is_proposed(switch: str) -> None:
    assert returned("mcp-python==2.3.0", switch)


@pytest.mark.slow
def test_every_switch_that_is_left_out_is_proposed() -> None:
    """Of those that make a difference in what was seen."""
    told = [returned(name, switch) for name in MEASURED for switch in clients()[name].design.changes()]
    counted = [one for one in told if one is not None]
    assert all(counted)
    assert len(counted) > 40


def test_every_play_that_no_design_explains_asks_for_a_switch() -> None:
    """All that are counted on the page, each once, with what was seen; none has a value that explains all else too."""
    every = [one for name in clients() for one in proposed(name)]
    plays = [play for one in every for play in one.scenarios]
    page = files("openworld").joinpath("data", "findings", "real-software.md").read_text(encoding="utf-8")
    assert f"No design explains {len(plays)} plays" in page
    assert all(set(one.seen) == set(one.scenarios) for one in every)
    assert not [one for one in every if one.nearest and not (one.nearest.left or one.nearest.breaks)]


def test_a_value_that_would_do_says_what_it_gives_up() -> None:
    """A registration goes to another AS there, and what is nearest is wrong about other plays."""
    (found,) = (one for one in proposed("gemini-cli-core==0.61.0") if one.scenarios == ("AT6_issuer_other",))
    assert (found.message, found.field) == ("registration", "whom it goes to, and for what")
    assert found.requests == (
        "- fetch {as2}/.well-known/oauth-authorization-server",
        "- register@as2",
        "+ register@as1",
    )
    assert found.nearest is not None
    assert (found.nearest.left, "A01_issuer_other" in found.nearest.breaks) == ((), True)
    assert "servers.as1.metadata.issuer" in found.where
    assert "which makes all of them, and gives up " in "\n".join(found.lines())
