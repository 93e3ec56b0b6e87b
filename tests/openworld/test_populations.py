"""The commands `population` and `blast-radius`: what they print, and what they say about bad input."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from openworld.work.blast_radius import too_few
from simulations.population import NUMBERS, load, populations
from simulations.scan_plan import COLUMNS
from simulations.topology import draw

SMALL = """about = "small"
extends = "shared_origins"
[numbers.count]
users = { value = 30, swept = true }
resource_servers = { value = 20, swept = true }
authorization_servers = { value = 3, swept = true }
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The file of a small population."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_population_lists_what_is_shipped(run) -> None:
    """Each with how much of it has a source."""
    result = run("list", "populations")
    assert result.exit_code == 0
    assert all(name in result.output for name in populations())
    listed = json.loads(run("list", "populations", "--format", "json").output)
    assert {row["name"]: row["swept"] == row["stated"] for row in listed}["swept"]
    assert {row["name"]: row["swept"] < row["stated"] for row in listed}["measured_2026"]


def test_population_shows_where_numbers_come_from(run) -> None:
    """A number with its source, a swept one as swept; --swept leaves only those."""
    result = run("list", "populations", "measured_2026")
    assert result.exit_code == 0
    assert "count.resource_servers = 7973" in result.output
    assert "counted of 7,973, high confidence: arXiv:2605.22333" in result.output
    assert max(map(len, result.output.splitlines()[1:])) <= 100
    swept = run("list", "populations", "measured_2026", "--swept")
    assert "count.resource_servers" not in swept.output
    assert "count.users" in swept.output
    stated = json.loads(run("list", "populations", "measured_2026", "--format", "json").output)["stated"]
    assert {row["name"] for row in stated} >= NUMBERS.keys()
    assert all(row["swept"] or (row["source"] and row["confidence"]) for row in stated)


def test_a_plan_says_what_a_scan_has_to_record(run, tmp_path: Path) -> None:
    """A row for each statement that is not counted of deployments, and for no other; as -o ends, or as it is told."""
    rows = list(csv.DictReader(run("list", "populations", "scan-plan").output.splitlines()))
    met = load("measured_2026")
    counted = {f"{row.kind}.{row.name}" for row in met.stated() if row.provenance.counted}
    products = {"factors.authorization_server", "factors.resource_server", "clients.client"}
    assert products < counted
    every = {f"{row.kind}.{row.name}" for row in met.stated()} - {"factors.place"}  # which follows from others
    assert {row["statement"] for row in rows} == every - counted | products
    assert all(all(row.values()) for row in rows)
    told = {row["statement"]: row for row in rows}
    assert told["adoption.h_iss"]["answers"] == "h_iss: yes, no"
    assert told["adoption.h_iss"]["of"] == "token responses, each year"
    assert told["numbers.latency.push"]["request"] == "push an authorization request of a test client"
    assert told["clients.client"]["rests_on"] == "counted products"
    run("list", "populations", "scan-plan", "open_web", "-o", tmp_path / "plan.md")
    lines = (tmp_path / "plan.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"| {' | '.join(COLUMNS)} |"
    assert sum("factors.acquaintance" in line for line in lines) == 1
    assert run("list", "populations", "scan-plan", "open_web", "--format", "markdown").output.splitlines() == lines
    refused = run("list", "populations", "measured_2026", "--format", "csv")
    assert (refused.exit_code, "are about scan-plan" in refused.output) == (2, True)


def test_the_strict_profile_is_mandatory_in_atproto(run) -> None:
    """Who does as the profile says gets through, with the inputs open too; who leaves DPoP out does not."""
    strict = "prm=origin;resource_indicator=off;dpop=token;iss_check=require"
    lax = strict.replace("dpop=token", "dpop=none")
    printed = run("simulate", "--arms", lax, strict, "--population", "atproto_2026").output
    assert "honest flows that work rise from 0.0% to 100.0% (change +100.0%; over the inputs +100.0% to" in printed


def test_the_page_about_a_population_of_ones_own_is_true(run, tmp_path: Path) -> None:
    """Its files are read and its numbers printed; just the servers that it names are malicious, in worlds too."""
    page = (Path(__file__).parents[2] / "docs" / "populations.md").read_text(encoding="utf-8")
    for block in page.split("```toml\n# ")[1:]:
        name, text = block.split("```")[0].split("\n", 1)
        (tmp_path / name).write_text(text, encoding="utf-8")
    printed = run("simulate", tmp_path / "echo.toml").output
    shown = page.split("$ openworld simulate echo.toml\n")[1].split("    ...")[0]
    assert shown in printed
    servers = draw(load(tmp_path / "days.toml"), "1").resource_servers
    assert [server.honest for server in servers.values()].count(False) == 2
    unread = run("simulate", "echo", "--population", tmp_path / "days.toml")
    assert unread.exit_code == 2
    assert "is not read by reader 'arrays'; it reads " in unread.output
    assert "state it in a file that extends days" in unread.output
    bank = tmp_path / "bank.toml"
    bank.write_text(bank.read_text(encoding="utf-8").replace("rs7", "rs30"), encoding="utf-8")
    assert "malicious: 'rs30' is none of rs0 to rs29" in run("list", "populations", bank).output


def test_population_checks_a_file(run, small: Path) -> None:
    """A file of one's own is shown, or refused in one line."""
    assert "count.users = 30" in run("list", "populations", small).output
    small.write_text(SMALL.replace("users", "user"), encoding="utf-8")
    result = run("list", "populations", small)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "openworld: small: numbers.count: unknown number 'user'; did you mean 'users'?; allowed: users, clients, "
        "authorization_servers, resource_servers"
    ]


def test_population_prints_the_schema(run) -> None:
    """For editors."""
    assert json.loads(run("list", "populations", "--schema").output)["title"].startswith("A population")


def test_blast_radius_says_how_far_and_what_stopped_it(run, small: Path, tmp_path: Path) -> None:
    """Under each design: medians, percentiles, maxima; the steps that led on and the rules that did not let them."""
    arguments = ("blast-radius", "token", "--population", small, "--samples", 5, "--replications", 2)
    designs = ("--design", "rfc6749", "--design", "dpop=token;as_dpop=honor")
    result = run(*arguments, *designs, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "one access token is stolen (population small, 2 topologies)" in result.output
    assert "led on            attacker.present_token" in result.output
    assert "resource_server.proof_is_by_bound_key" in result.output
    table = pd.read_parquet(tmp_path / "out" / "blast-radius-token.parquet")
    assert list(table["design"].unique()) == ["rfc6749", "dpop=token;as_dpop=honor"]
    data = json.loads(run(*arguments, *designs, "--format", "json").stdout)
    assert len(data["summary"]) == len(table)
    assert data["refused"]["rfc6749"] != data["refused"]["dpop=token;as_dpop=honor"]
    rules = pd.read_csv(tmp_path / "out" / "blast-radius-token-rules.csv")
    stopped = rules[rules["design"] == "dpop=token;as_dpop=honor"]
    assert dict(zip(stopped["rule"], stopped["stopped"], strict=True)) == data["refused"]["dpop=token;as_dpop=honor"]


def test_blast_radius_of_a_population_in_small(run, small: Path) -> None:
    """A share of everybody, and at least one of each; the tables name the scale."""
    arguments = ("blast-radius", "token", "--population", small, "--samples", 2, "--replications", 1, "--design", "")
    result = run(*arguments, "--scale", 0.5, "--format", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["population"] == "small scaled by 0.5"


def test_blast_radius_says_that_targets_are_too_few(run) -> None:
    """Beside a percentile of next to nothing; in the place of zeros, where there was nothing to count."""
    few = ("--population", "enterprise", "--scale", "0.05", "--replications", "1", "--design", "mcp")
    said = run("blast-radius", "agent", *few, "--samples", "3").stdout
    assert "only 3 of 3 targets, too few for a 90th percentile" in said
    assert "one topology only" in said
    assert list(too_few(0, 4, 2)) == [
        "  none of 4 targets has one, so that nothing was counted: take more (--samples, --replications)"
    ]
    assert not list(too_few(10, 10, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tokn",), "unknown kind 'tokn'; did you mean 'token'?"),
        (("token", "--population", "earth"), "unknown population 'earth'; allowed: "),
        (("token", "--design", "mpc"), "unknown design 'mpc'; did you mean 'mcp'?"),
        (("token", "--design", "prm=most"), "switch 'prm' has no value 'most'"),
        (("token", "--design", "aauth"), "switch 'protocol' of arm 'design=aauth' is not read by blast-radius, which "),
        (("token", "--design", "instance=derived"), "switch 'instance' of arm 'instance=derived' is not read by "),
        (("token", "--design", "as:h_iss=no"), "as:h_iss= has no place in 'as:h_iss=no'"),
        (("token", "--design", "cap=mal_as"), "cap= has no place in 'cap=mal_as'"),
        (("token", "--design", "mcp", "--design", "mcp"), "a design is given twice: mcp, mcp"),
        (("token", "--year", "nan"), "a year must be a finite number, found nan"),
        (("token", "--year", "1900"), "the years of population 'measured_2026' begin at 2026.9, found 1900"),
        (("token", "--population", "swept", "--year", "2030"), "does not say what the years change"),
        (("token", "--samples", "0"), "0 is not in the range x>=1"),
        (("token", "--scale", "0"), "a population is scaled by more than 0 and at most 1, found 0"),
        (("token", "--scale", "nan"), "a population is scaled by more than 0 and at most 1, found nan"),
    ],
)
def test_blast_radius_refuses_in_one_line(run, arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2, the culprit and what is allowed."""
    result = run("blast-radius", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
