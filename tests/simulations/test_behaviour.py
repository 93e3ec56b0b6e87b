"""Deployed clients as designs: what was measured, and how much of it the model predicts."""

from __future__ import annotations

import pytest

from model.client import NONE
from model.clients import clients
from model.conversation import Request
from model.scenario import ORIGINS
from simulations.behaviour import client_designs, compare, measured, misses

RS = ORIGINS["rs"]


def compared(name):
    """The measurements of a client beside the predictions."""
    return compare(clients()[name].design, measured()[name])


def test_measurements_are_read_as_they_are_written():
    """A row says where the client ended, what it sent to whom, and nothing where it was not tried."""
    seen = measured()["mcp-python==2.3.0"]
    assert len(seen) == 76
    ok = seen["R02_prefix_segment"]
    assert (ok.stage, ok.registrations, ok.scheme) == ("A", ("as1",), "Bearer")
    assert ok.authorizations == ok.tokens == (Request("as1", f"{RS}/api/v1"),)
    assert seen["C01_as_migration"].tokens == (Request("as1", f"{RS}/mcp"), Request("as2", f"{RS}/mcp"))
    assert seen["E01_authz_endpoint_has_resource"].query == (2, False)
    assert measured()["ts-client-v2==2.4.0"]["D03_no_prm_legacy_as"].tokens == (Request("rs", NONE),)
    assert measured()["ts-client-v2-dpop==2.4.0"]["M01_iss_ok"].tokens[0].proof
    assert measured()["ts-client-v2==2.4.0"]["R16_userinfo"].tokens[0].resource == f"http://victim@{RS[7:]}/mcp"
    assert "C01_as_migration" not in measured()["gemini-cli-core==0.61.0"]
    assert measured()["gemini-cli-core==0.61.0"]["M07_state_missing"].stage == "a"


def test_every_measured_client_has_a_design():
    """What was measured is modelled, and a population can draw any of it."""
    assert set(clients()) == set(measured()) == set(client_designs())
    assert sum(map(len, measured().values())) > 1800


@pytest.mark.parametrize("name", measured())
def test_clients_end_where_the_model_says(name):
    """The model, configured as the client, predicts at least 95 per cent of how its conversations ended."""
    found = compared(name)
    assert sum(one.end_predicted for one in found) >= 0.95 * len(found)


@pytest.mark.parametrize("name", measured())
def test_misses_are_listed_with_a_reason(name):
    """Whatever is mispredicted, end or messages, is explained, and what is explained is mispredicted."""
    missed = {one.scenario for one in compared(name) if one.verdict != "predicted"}
    assert missed == misses().get(name, {}).keys()
    assert all(reason.strip() for reason in misses().get(name, {}).values())


def test_designs_are_told_apart_by_their_predictions():
    """A prediction is one of this client: designs of others, and none at all, predict it worse."""
    seen = measured()["gemini-cli-core==0.61.0"]
    own = sum(one.verdict == "predicted" for one in compare(clients()["gemini-cli-core==0.61.0"].design, seen))
    for name in ("oauth4webapi==3.8.8", "codex-cli==0.169.0", "mcp-python==2.3.0"):
        assert sum(one.verdict == "predicted" for one in compare(clients()[name].design, seen)) < 0.8 * own
