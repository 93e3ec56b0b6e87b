"""What drafts buy: each is told by a switch of its own, and both sides are asked of every environment."""

from __future__ import annotations

import pytest

from model.design import DEPLOYMENTS, parse, parse_switches
from model.switches import SWITCHES
from openworld.bought import DRAFTS, USE, judged
from properties.checker import Checker

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize("name", DRAFTS)
def test_a_draft_is_where_its_switch_is_from(name: str) -> None:
    """The switch that it turns names it as a source, and turning it changes the published state."""
    draft = DRAFTS[name]
    (turned,) = parse_switches(draft.after)
    assert draft.source in SWITCHES[turned].source
    published = parse("design=prm_cimd").design
    before, after = (published.but(**parse_switches(text))[turned] for text in (draft.before, draft.after))
    assert before != after


def test_prefix_matching_is_of_use_where_an_api_has_many_paths(checker: Checker) -> None:
    """Before it nobody gets there, with it honest parties do, as the solver says of the designs that are named."""
    ((row,),) = judged(["prefix"], ["multi_path_api"], 1)
    assert (row["of_use_before"], row["of_use_after"]) == ("not_reached", "reached")
    for text, told in ((row["first"], row["of_use_before"]), (row["second"], row["of_use_after"])):
        assert checker.result(USE, parse(text)) == told
        assert parse(text).design["api"] == DEPLOYMENTS["multi_path_api"]["api"]


def test_what_is_compared_is_what_both_could_lose() -> None:
    """Attacks before, less those that are stopped, and those that are opened, are those after."""
    ((row,),) = judged(["iss"], ["plain"], 1)
    assert row["stopped"] > 0
    assert row["before"] - row["stopped"] + row["opened"] == row["after"]
    assert row["undecided"] == 0
