"""Which checks a client lacks: what is told is so, and no check counts that leaves nobody work."""

import json

import pytest
from click.testing import CliRunner

from deployed import missing
from deployed.missing import Opening, binding, checks
from model.clients import find
from model.design import Configuration, parse, parse_capabilities
from model.named_designs import DEPLOYMENTS
from openworld.cli import main
from openworld.commands import clients as commands
from openworld.missing_page import lines
from properties.attackers import every_attacker
from properties.designs import BEFOREHAND
from properties.security import PROPERTIES


def lacking(name, environment, checker):
    """A client and what it lacks in one environment, of two attackers and some properties, so that it is quick."""
    few = {name: every_attacker()[name] for name in ("none", "mal_as")}
    some = {name: PROPERTIES[name] for name in ("code_delivery", "token_confinement", "session_integrity")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(missing, "every_attacker", lambda model: few)
        patch.setattr(missing, "every_property", lambda model: some)
        patch.setattr(missing, "ENVIRONMENTS", (environment,))
        return find(name), checks(find(name), checker)


@pytest.fixture(scope="module")
def unchecked(checker):
    """A client that checks little."""
    return lacking("mcp-python==1.28.1", "plain", checker)


def test_what_is_missing_is_what_keeps_out_what_gets_in(unchecked, checker):
    """Each opening is an attack, and none with the fix; the rule that refuses it is asked for by a text."""
    client, found = unchecked
    by_name = {one.mechanism: one for one in found.missing}
    assert {"metadata_issuer_check", "as_allowlist"} <= by_name.keys()
    assert by_name["metadata_issuer_check"].rule.name == "client.metadata_issuer_matches"
    assert ("MUST", "RFC 8414 3.3") in by_name["metadata_issuer_check"].levels
    for one in found.missing:
        assert checker.result(one.opens[0].property, parse(one.configuration)) == "attack"
        assert parse(one.configuration).design.but(**DEPLOYMENTS["plain"]) == client.design.but(**DEPLOYMENTS["plain"])
        for opening in one.opens[:3]:
            for design, broken in ((client.design, True), (client.design.but(**dict([one.fix])), False)):
                placed = design.but(**DEPLOYMENTS[opening.environment])
                capabilities = parse_capabilities(every_attacker()[opening.attacker].capabilities)
                asked = Configuration(placed, capabilities)
                assert (checker.result(opening.property, asked) == "attack") is broken
                assert checker.result("first_contact", asked) == "reached"
    assert [one.mechanism for one in found.missing if one.mechanism in BEFOREHAND] == [found.missing[-1].mechanism]
    closing = [len(one.opens) for one in found.missing[:-1]]
    assert closing == sorted(closing, reverse=True)


def test_a_check_with_which_nobody_gets_anywhere_closes_nothing(checker):
    """Where AS send no `iss`, a client that requires one is safe and of no use."""
    _, found = lacking("mcp-python==2.3.0", "products", checker)
    assert "iss_always_compared" not in {one.mechanism for one in found.missing}
    assert Opening("code_delivery", "mal_as", "products") in {o for one in found.missing for o in one.opens}


def test_what_binds_most_is_said_first_and_once() -> None:
    """Of what a level is stated for; three are enough."""
    levels = (("-", "a"), ("SHOULD", "b"), ("MUST", "c"), ("MUST", "c"), ("MAY", "d"), ("OPTIONAL", "e"))
    assert binding(levels) == ["MUST (c)", "SHOULD (b)", "MAY (d)"]


def test_the_page_is_told_by_the_command(unchecked, monkeypatch):
    """In words; as data with the same checks; and only for a client."""
    client, found = unchecked
    monkeypatch.setattr(commands, "checks", lambda *_, **__: found)
    ran = CliRunner().invoke(main, ["clients", client.name, "--missing"])
    assert ran.exit_code == 0
    assert ran.stdout.splitlines() == list(lines(client, found))
    assert "`openworld trace " in ran.stdout
    asked = [one.rule.requirement for one in found.missing if one.rule is not None]
    assert asked
    assert all(f"* **What it asks**: {each}" in ran.stdout for each in asked)
    assert ran.stdout.count("no open world is left") == sum(one.mechanism in BEFOREHAND for one in found.missing) == 1
    told = json.loads(CliRunner().invoke(main, ["clients", client.name, "--missing", "--format", "json"]).stdout)
    assert [one["mechanism"] for one in told["missing"]] == [one.mechanism for one in found.missing]
    assert CliRunner().invoke(main, ["clients", "--missing"]).exit_code == 2
