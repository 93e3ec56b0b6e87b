"""Deployed clients on the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from refused import refused

from model.clients import clients
from model.design import parse
from openworld.cli import main


def run(*arguments):
    """A command run in this process."""
    return CliRunner().invoke(main, arguments)


def test_list_has_every_client_and_its_shares():
    """Every client is listed with the share predicted, in words and as data alike."""
    data = json.loads(run("clients", "--format", "json").output)
    assert [entry["name"] for entry in data["clients"]] == list(clients())
    assert all(0.95 <= entry["end"] <= 1 for entry in data["clients"])
    assert data["all"]["scenarios"] == sum(entry["scenarios"] for entry in data["clients"])
    assert data["unfitted"]["end"] < data["all"]["end"]
    shown = run("clients").output
    for entry in data["clients"]:
        line = next(line for line in shown.splitlines() if line.startswith(f"{entry['name']} "))
        assert f"{entry['end']:.1%}" in line


def test_client_shows_its_design_and_every_outcome():
    """A client's page has its switches with what decided them, and each scenario with the deciding rule."""
    result = run("clients", "mcp-python==2.3.0")
    assert result.exit_code == 0
    assert "prm = prefix_sdk_py " in result.output
    assert "resource a prefix by segments as they are spelt, as the Python SDK" in result.output
    assert "A02_issuer_slash                    d  d  client.metadata_issuer_matches  [RFC 8414 3.3]" in result.output
    data = json.loads(run("clients", "mcp-python", "--format", "json").output)
    assert data["name"] == "mcp-python==2.3.0"
    assert data["design"]["type_missing"] == {
        "value": "bearer",
        "decided_by": ["T09", "mutation_token_response.token_type.absent"],
        "code": "mcp/shared/auth.py:30 default Bearer",
    }
    mixup = next(entry for entry in data["outcomes"] if entry["scenario"] == "M09_mixup_no_iss")
    assert (mixup["seen"], mixup["predicted"], mixup["misdelivered"]) == ("A", "A", True)


def test_scenario_shows_every_decision():
    """One scenario of one client is shown decision by decision, the refusing rule last."""
    shown = run("clients", "codex-cli", "--scenario", "M09").output
    assert "FAILS  client.authorization_endpoint_is_corroborated" in shown
    assert "end         d: the client refuses during discovery" in shown
    assert "a code was sent to another party" in run("clients", "mcp-python", "--scenario", "M09").output
    data = json.loads(run("clients", "codex-cli", "--scenario", "M09_mixup_no_iss", "--format", "json").output)
    assert data["decisions"][-1]["rule"] == data["rule"]
    assert not data["decisions"][-1]["holds"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("curl",), "unknown client 'curl'; allowed: "),
        (("mcp-python==0.1",), "unknown client 'mcp-python==0.1'; did you mean 'mcp-python==1.30.0'?; allowed: "),
        (("mcp-python", "--scenario", "R99"), "unknown scenario 'R99'; allowed: "),
        (("--scenario", "R01"), "--scenario and --missing need the NAME of a client"),
    ],
)
def test_bad_input_is_one_line(arguments, said):
    """What does not exist is an error in one line."""
    assert said in refused(run("clients", *arguments))


def test_a_client_is_a_design_that_verdicts_are_about():
    """A client's name stands for its design in a configuration; its page is not among the named designs."""
    assert parse("design=mcp-python==2.3.0;cap=mal_as").design == clients()["mcp-python==2.3.0"].design
    assert parse("design=gemini-cli-core;prm=exact").design.prm == "exact"
    result = run("list", "designs", "codex-cli")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "see `openworld clients codex-cli`" in result.stderr
    assert "legacy_as=resource_origin" in run("list", "designs", "codex-cli", "--switches").output
