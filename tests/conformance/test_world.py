"""The played world over HTTP: it serves the scenarios of the data file, and decides by the model's rules."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.client import BrokenReply, Flow, PlayedClient
from conformance.message import WireRequest
from conformance.play import HUGE, Play, Twist, catalogue, mutations
from conformance.resource_server import identifiers_of
from conformance.world import PlayedWorld
from model import scenario

HONEST = Play("M01_iss_ok", "catalogue", "")


def played(play: Play, act: Callable[[PlayedWorld, PlayedClient], Awaitable[Any]], limit: float = 5.0) -> Any:
    async def run() -> Any:
        async with PlayedWorld(play) as world, PlayedClient(world.callback, limit) as client:
            return await act(world, client)

    return asyncio.run(run())


async def flow(world: PlayedWorld, client: PlayedClient, server: str = "as1") -> Flow:
    metadata = await client.metadata(world.origins.origin(server))
    registered = await client.register(metadata["registration_endpoint"])
    return Flow(client, metadata, registered["client_id"], (world.url,), (world.url,))


def test_every_scenario_of_the_catalogue_is_played_and_named_once() -> None:
    assert [play.name for play in catalogue()] == list(scenario.names())


def test_documents_are_served_where_the_scenario_has_them() -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> dict[str, int]:
        answers = {url: (await client.ask("GET", url)).status for url in world.scenario.documents}
        return {world.origins.named(url): status for url, status in answers.items()}

    assert played(Play("D07_prm_500", "catalogue", ""), act)["{rs}/.well-known/oauth-protected-resource/mcp"] == 500


def test_who_is_down_takes_no_connections() -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> None:
        await client.ask("GET", world.origins.origin("as1"))

    with pytest.raises(BrokenReply, match="refused"):
        played(Play("X03_first_down", "catalogue", ""), act)


def test_honest_flow_yields_a_token_that_serves_a_call() -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> tuple[dict[str, str], int]:
        answer, token = await (await flow(world, client)).run()
        headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/json"}
        reply = await client.ask("POST", world.url, "", headers, '{"id": 1, "method": "tools/list"}')
        return answer, reply.status

    answer, status = played(HONEST, act)
    assert status == 200
    assert answer["iss"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"code_verifier": "wrong" * 10}, "authorization_server.verifier_matches_challenge"),
        ({"redirect_uri": "http://127.0.0.1:1/other"}, "authorization_server.redirect_uri_is_the_same"),
        ({"client_id": "another"}, "authorization_server.code_was_issued_to_client"),
    ],
)
def test_token_request_that_a_rule_refuses_is_refused_in_its_name(wrong: dict[str, str], rule: str) -> None:
    class Tampering(PlayedClient):
        async def post(self, endpoint: str, message: str, parameters: Any, proof: bool = False) -> dict[str, Any]:
            return await super().post(endpoint, message, {**dict(parameters), **wrong}.items(), proof)

    async def act(world: PlayedWorld, client: PlayedClient) -> dict[str, Any]:
        async with Tampering(world.callback) as tampering:
            return (await (await flow(world, tampering)).run())[1]

    assert played(HONEST, act)["error_description"] == rule


def test_unregistered_redirect_uri_never_gets_a_redirect() -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> dict[str, str]:
        ready = await flow(world, client)
        client.callback = "http://127.0.0.1:1/stranger"
        return (await ready.run())[0]

    assert played(HONEST, act) == {"error": "invalid_request", "status": "400"}


def test_token_for_another_resource_is_refused_by_the_audience_rule() -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> tuple[int, str]:
        ready = await flow(world, client)
        elsewhere = ("https://elsewhere.example/",)
        _, token = await ready.but(resources=elsewhere, redeemed_for=elsewhere).run()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        reply = await client.ask("POST", world.url, "", headers, '{"id": 1}')
        return reply.status, reply.headers["www-authenticate"]

    status, challenge = played(HONEST, act)
    assert status == 403
    assert "resource_server.audience_is_this_resource" in challenge


def test_method_that_the_server_does_not_know_is_no_call() -> None:
    """A client that probes for a newer protocol goes on from the error, and its first call is still to come."""

    async def act(world: PlayedWorld, client: PlayedClient) -> tuple[str, int, str, int]:
        _, token = await (await flow(world, client)).run()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        found: list[Any] = []
        for method in ("server/discover", "initialize"):
            reply = await client.ask("POST", world.url, "", headers, f'{{"id": 1, "method": "{method}"}}')
            said = next(name for name in ("result", "error") if name in reply.json())
            found += [said, world.resource_server.accepted]
        return tuple(found)

    assert played(HONEST, act) == ("error", 0, "result", 1)


def test_other_state_has_no_character_that_a_client_may_take_for_no_state() -> None:
    """mcp-remote ignores a state with an underscore, so that what M06 shows of it depended on chance."""

    async def act(world: PlayedWorld, client: PlayedClient) -> str:
        metadata = await client.metadata(world.origins.origin("as1"))
        registered = await client.register(metadata["registration_endpoint"])
        server = world.servers["as1"]
        pairs = (("client_id", registered["client_id"]), ("redirect_uri", world.callback), ("code_challenge", "c" * 43))
        asked = WireRequest("as1", "GET", f"{server.origin}/authorize", {}, "", pairs)
        return str(server.authorize(asked, world.scenario).fields["state"])

    assert re.fullmatch("[0-9a-f]{24}", played(Play("M06_state_wrong", "catalogue", ""), act))


def test_origin_is_known_with_and_without_its_slash() -> None:
    resource = "https://resource.example"
    for published in (resource, f"{resource}/"):
        told = scenario.load("M01_iss_ok")
        documents = {url: replace(one, body={**one.body, "resource": published}) for url, one in told.documents.items()}
        assert {resource, f"{resource}/"} <= identifiers_of(replace(told, documents=documents))
    assert f"{resource}/a" not in identifiers_of(scenario.load("M01_iss_ok"))


def test_document_that_a_client_brings_is_taken_to_list_the_callback() -> None:
    own = "https://client.example/client.json"

    async def run(known: str) -> dict[str, str]:
        async with PlayedWorld(HONEST, None, known) as world, PlayedClient(world.callback, 5.0) as client:
            metadata = await client.metadata(world.origins.origin("as1"))
            return (await Flow(client, metadata, own, (world.url,), (world.url,)).run())[0]

    assert asyncio.run(run(own))["code"]
    assert asyncio.run(run(""))["error"] == "invalid_request"


def test_bound_token_is_refused_without_a_proof_by_its_key() -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> tuple[str, int, str]:
        _, token = await (await flow(world, client)).but(proof=True).run()
        reply = await client.ask("POST", world.url, "", {"Authorization": f"DPoP {token['access_token']}"}, '{"id": 1}')
        return token["token_type"], reply.status, reply.headers["www-authenticate"]

    kind, status, challenge = played(Play("P02_dpop_challenge", "catalogue", ""), act)
    assert (kind, status) == ("DPoP", 401)
    assert "resource_server.proof_is_by_bound_key" in challenge


def test_client_that_makes_proofs_gets_a_bound_token_in_an_attack_trace() -> None:
    """As in worlds, where that is the design of the AS; what a scenario has it answer stays."""

    async def act(world: PlayedWorld, client: PlayedClient) -> str:
        return str((await (await flow(world, client)).but(proof=True).run())[1]["token_type"])

    assert played(HONEST, act) == "Bearer"
    assert played(Play("traced", "attack", ""), act) == "DPoP"
    assert played(Play("traced", "attack", "", deployment={"as_dpop": "ignore"}), act) == "Bearer"


def test_attackers_server_redeems_the_code_that_it_is_sent() -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> bool:
        ready = await flow(world, client, "evil")
        _, token = await ready.run()
        return token["access_token"] in world.servers["as1"].tokens

    assert played(Play("M09_mixup_no_iss", "catalogue", ""), act)


@pytest.mark.parametrize(
    ("twist", "kind"),
    [
        (Twist("server_metadata", raw=b"<html>"), "not JSON"),
        (Twist("server_metadata", raw=b"[" * 100_000), "not JSON"),
        (Twist("server_metadata", raw=b"[]"), "not a JSON object"),
        (Twist("server_metadata", raw=b'{"padding": "' + b"x" * HUGE + b'"}'), "oversized"),
        (Twist("server_metadata", "drip"), "slow"),
        (Twist("server_metadata", "endless"), "oversized"),
        (Twist("server_metadata", "cut"), "cut"),
        (Twist("server_metadata", "garbage"), "not HTTP"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.manner,
)
def test_answer_that_is_none_has_a_name(twist: Twist, kind: str) -> None:
    async def act(world: PlayedWorld, client: PlayedClient) -> None:
        await client.metadata(world.origins.origin("as1"))

    with pytest.raises(BrokenReply) as caught:
        played(Play("M01_iss_ok", "catalogue", "", twist=twist), act, limit=1.5)
    assert caught.value.kind == kind


def test_two_worlds_at_once_share_no_port_and_leave_none() -> None:
    async def run() -> tuple[set[int], set[int]]:
        async with PlayedWorld(HONEST) as one, PlayedWorld(HONEST) as other:
            return set(one.origins.ports.values()), set(other.origins.ports.values())

    ports, others = asyncio.run(run())
    assert not ports & others
    for port in ports | others:
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))


def test_mutations_differ_from_the_honest_world_in_one_thing() -> None:
    honest = scenario.load("M01_iss_ok")
    names = [play.name for play in mutations()]
    assert len(names) == len(set(names))
    for play in mutations():
        assert play.twist is not None or play.scenario(scenario.ORIGINS) != honest, play.name
