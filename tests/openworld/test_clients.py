"""Deployed clients on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from refused import refused

from model.clients import clients
from model.design import parse
from openworld.cli import main
from openworld.driving.asked import DrivingOptions
from openworld.driving.client import written


def run(*arguments):
    """A command run in this process."""
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.slow
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


REPORTED = """
[scenarios.root_document]
about = "the document of the host, for a server at /mcp"
documents.main.at = ["{rs}/.well-known/oauth-protected-resource"]
documents.main.body.resource = "{rs}/"
challenge.resource_metadata = "absent"
"""


def test_a_scenario_of_a_file_says_what_is_required_and_how_clients_end(tmp_path: Path) -> None:
    """As those of the catalogue do, one client's decisions too; the files' are what is played."""
    file = tmp_path / "reported.toml"
    file.write_text(REPORTED, encoding="utf-8")
    shown = run("clients", "--with", file).output
    assert "required  the client refuses during discovery: MUST (RFC 9728 3.3)" in shown
    (asked,) = json.loads(run("clients", "--with", file, "--format", "json").output)["scenarios"]
    assert (asked["required"], len(asked["clients"])) == ("d", len(clients()))
    assert asked["clients"]["gemini-cli-core==0.61.0"]["rule"] == "client.resource_matches_request"
    assert asked["clients"]["mcp-python==2.3.0"]["predicted"] == "A"
    assert "holds  client.resource_matches_request" in run("clients", "mcp-python", "--with", file).output
    assert [play.name for play in written(DrivingOptions(own=file))] == ["root_document"]
    assert [play.name for play in written(DrivingOptions(own=file, scenarios="M01"))][:2] == [
        "root_document",
        "R01_exact",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'scenarios' is missing"),
        ("url = 1", "unknown key 'url'; allowed: scenarios"),
        ("[scenarios.R01_exact]\nabout = ''", "scenarios.R01_exact: the catalogue has one of this name"),
        ("[scenarios.x]", "scenarios.x: 'about' is missing"),
        (REPORTED + "challenge.shceme = 'Bearer'", "unknown key 'shceme'; did you mean 'scheme'"),
        (
            REPORTED + "answer.status = 'no'",
            "scenarios.root_document.answer.status: must be a whole number, found 'no'",
        ),
        (REPORTED + "servers.as3.up = false", "unknown key 'as3'; did you mean"),
        (REPORTED + "base = 'by_chalenge'", "unknown base 'by_chalenge'; did you mean 'by_challenge'"),
        (REPORTED + "url = '{rs2}/x'", "lacks, or does not know, 'rs2'"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_one_line(tmp_path: Path, text: str, why: str) -> None:
    """File, scenario and field, and what is allowed."""
    (tmp_path / "reported.toml").write_text(text, encoding="utf-8")
    told = run("clients", "--with", tmp_path / "reported.toml")
    assert (told.exit_code, told.stdout) == (2, "")
    assert why in " ".join(told.stderr.split())


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
