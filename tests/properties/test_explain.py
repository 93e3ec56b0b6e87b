"""Explaining the difference between two configurations."""

from dataclasses import replace

import pytest

from model.design import parse
from properties.checker import Checker
from properties.explain import explain, refusal
from properties.security import PROPERTIES, find
from properties.verdict import check


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other properties whose verdicts may differ are few here."""
    few = {name: PROPERTIES[name] for name in ("code_delivery", "authorization", "first_contact")}
    monkeypatch.setattr("properties.explain.every_property", lambda model: few)


@pytest.mark.slow
def test_names_the_change_and_the_rule(checker: Checker) -> None:
    """Of three changed switches the one that matters is named, with the rule that had refused."""
    difference = explain(find("CD"), parse("cap=mal_as"), parse("cap=mal_as;iss_check=off;par=on;dpop=token"), checker)
    assert difference.changes == {"iss_check": ("advertised", "off")}
    assert difference.refused_by is not None
    assert difference.refused_by[0] == "client.iss_matches_recorded_issuer"
    assert ("authorization", "safe", "attack") in difference.flips


def test_where_a_run_stops_is_told_as_charts_number_its_steps() -> None:
    """The first step is number one."""
    attack = check(find("CD"), parse("cap=mal_as;iss_check=off"))
    found = refusal(replace(attack, configuration=parse("cap=mal_as"), trace=None), attack)
    assert attack.trace is not None
    assert found is not None
    assert found[0] == "client.iss_matches_recorded_issuer"
    assert attack.trace.steps[found[1] - 1].action.startswith("client.accept_authorization_response")


def test_capabilities_count_as_a_change(checker: Checker) -> None:
    """A verdict that flips because of the attacker says so."""
    difference = explain(find("DI"), parse("cap=none"), parse("cap=hdr_inject;pkce=plain"), checker)
    assert difference.changes == {"cap": ("none", "hdr_inject")}


def test_equal_verdicts_need_no_changes(checker: Checker) -> None:
    """Configurations that are judged alike have no change to name."""
    difference = explain(find("CD"), parse("cap=none"), parse("cap=none;pkce=plain"), checker)
    assert difference.changes == {}
    assert difference.refused_by is None
