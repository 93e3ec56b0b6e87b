"""Responses go over the wire in the manner that a scenario asks for."""

import asyncio
import json
from functools import partial

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.test_utils import TestClient, TestServer

from conformance import world
from conformance.message import Manner, Response, WireMessage, response

BODY = b'{"issuer": "https://as.example"}'


def received(sent: Response) -> bytes:
    """What a client makes of the body of a response."""

    async def asked() -> bytes:
        application = web.Application()
        application.router.add_get("/", partial(world.send, sent=sent))
        async with TestClient(TestServer(application)) as client, client.get("/") as response:
            return await response.read()

    return asyncio.run(asked())


@pytest.mark.parametrize("manner", ["whole", "drip"])
def test_what_is_slow_arrives_all_the_same(manner: Manner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "DRIP", 0)
    assert received(Response(200, {}, BODY, manner)) == BODY


def test_a_challenge_has_its_parameters_in_its_header_and_its_error_in_its_body_too() -> None:
    sent = response(WireMessage("challenge", {"error": "invalid_token", "scope": "read"}, 401))
    assert json.loads(sent.body) == {"error": "invalid_token"}
    assert 'scope="read"' in sent.headers["WWW-Authenticate"]


def test_what_is_cut_is_seen_to_be() -> None:
    """It ends before as many bytes as were announced."""
    with pytest.raises(ClientPayloadError):
        received(Response(200, {}, BODY, "cut"))
