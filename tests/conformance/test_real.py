"""Real software: one Python client and one Python server here, the others among the slow tests.

They are installed from the registries into the cache folder on first use.
"""

import asyncio
from pathlib import Path

import pytest

from conformance.explained import explain
from conformance.install import install
from conformance.pair import meet
from conformance.play import catalogue
from conformance.profile import profiles
from conformance.resource_profile import resource_profile
from conformance.run import Settings, run_all
from conformance.served import explain as explain_served
from conformance.software import CLIENTS, RESOURCE_SERVERS, SERVERS, Release, Software
from conformance.triple import COUNTERFEIT, meetings
from conformance.triple import meet as meet_three
from deployed.behaviour import measured
from deployed.servers import authorization_servers

#: Where clients end elsewhere than their stored designs say; `deployed/data/client_misses.csv` tells why of each.
ELSEWHERE = {"gemini-cli-core": {"R13_query_differs": "x"}}
#: Where nothing is measured: this client goes on waiting for another answer when one has no state.
UNMEASURED = {"gemini-cli-core": {"M07_state_missing"}}
REDUCED = ("R02", "R05", "D06", "A01", "M02", "M09", "T08", "T11", "X02", "C01")


def latest(name: str, known: dict[str, Software]) -> Release:
    return Release(known[name], known[name].tested)


def agrees(name: str, folder: Path, only: tuple[str, ...] = ()) -> None:
    """The client ends, in every scenario, where it was seen to end before and where the model says, or where known."""
    wanted = latest(name, CLIENTS)
    plays = [play for play in catalogue() if not only or play.name.startswith(only)]
    judgements = asyncio.run(run_all(install(wanted), plays, folder, Settings(limit=30)))
    recorded = measured()[str(wanted)]
    assert {one.scenario for one in judgements if not one.measured} == UNMEASURED.get(name, set())
    seen = {one.scenario: one.outcome for one in judgements if one.measured and one.outcome != "n"}
    elsewhere = {play.name: ELSEWHERE.get(name, {}).get(play.name) for play in plays}
    assert {name: seen[name] for name in recorded if name in seen} == {
        name: elsewhere[name] or recorded[name].stage for name in seen if name in recorded
    }
    explained = explain(wanted, plays, judgements)
    assert explained.source == "stored"
    assert {name: seen[name] for name, one in explained.comparisons.items() if not one.end_predicted} == {
        name: outcome for name, outcome in elsewhere.items() if outcome
    }


def test_python_client_does_what_was_measured_and_predicted(tmp_path: Path) -> None:
    agrees("mcp-python", tmp_path, REDUCED)


def test_python_server_is_what_the_population_says() -> None:
    (found,) = asyncio.run(profiles(install(latest("authlib", SERVERS)), limit=20))
    assert dict(found.switches) == dict(authorization_servers()["Authlib 1.9.10 AuthorizationServer"].settings)


def resource_server_is_in_the_table(name: str) -> None:
    """All its answers are explained, and each of its configurations is a row of the table."""
    wanted = latest(name, RESOURCE_SERVERS)
    for variant in wanted.software.variants:
        found = explain_served(asyncio.run(resource_profile(install(wanted), variant, limit=20)), wanted)
        assert found.explained
        assert not found.unexplained
        assert found.rows, found.settings


def test_python_resource_server_is_in_the_table() -> None:
    resource_server_is_in_the_table("authlib")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(RESOURCE_SERVERS))
def test_every_resource_server_is_in_the_table(name: str) -> None:
    resource_server_is_in_the_table(name)


def test_python_client_at_python_server() -> None:
    met = asyncio.run(meet(install(latest("mcp-python", CLIENTS)), install(latest("authlib", SERVERS)), "default", 30))
    assert met.judgement.outcome == "A"
    refused = {"client.iss_matches_recorded_issuer", "client.echo_confirms_request"}
    assert {remark.rule for remark in met.remarks if not remark.holds} == refused
    assert {"client.metadata_issuer_matches", "client.state_matches"} <= {remark.rule for remark in met.remarks}


def test_three_real_parties_and_a_malicious_fourth() -> None:
    """Where the AS ignores `resource` and the resource server any audience, a stranger's token is good there."""
    client, server = install(latest("mcp-python", CLIENTS)), install(latest("authlib", SERVERS))
    three = client, server, install(latest("mcp-python", RESOURCE_SERVERS))
    met = asyncio.run(meet_three(three, ("default", "default"), COUNTERFEIT, 30))
    assert met.judgement.outcome == "A"
    assert met.judgement.attacks == ("token_confinement",)


@pytest.mark.slow
def test_three_real_parties_who_are_honest_or_compare_audiences() -> None:
    """Honest ones serve each other; where audiences are compared, neither user nor attacker is served."""
    client, server = install(latest("mcp-python", CLIENTS)), install(latest("authlib", SERVERS))
    met = asyncio.run(meetings(client, server, install(latest("mcp-python", RESOURCE_SERVERS)), 30))
    ends = {one.variant: (one.judgement.outcome, one.judgement.attacks) for one in met}
    assert ends == {
        "honest, default, default": ("A", ()),
        "counterfeit, default, default": ("A", ("token_confinement",)),
        "honest, default, validated": ("x", ()),
        "counterfeit, default, validated": ("A", ()),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CLIENTS))
def test_every_client_does_what_was_measured_and_predicted(name: str, tmp_path: Path) -> None:
    agrees(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("django-oauth-toolkit", ["django-oauth-toolkit 3.4.1"]),
        (
            "oidc-provider",
            [
                "oidc-provider 9.13.3 default config",
                "oidc-provider 9.13.3 resourceIndicators configured",
                "oidc-provider 9.13.3 resourceIndicators disabled",
            ],
        ),
    ],
)
def test_every_server_is_what_the_population_says(name: str, rows: list[str]) -> None:
    found = asyncio.run(profiles(install(latest(name, SERVERS)), limit=20))
    assert [dict(one.switches) for one in found] == [dict(authorization_servers()[row].settings) for row in rows]
