"""The played world: parties on loopback that answer by the rules, except where a scenario changes a message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from conformance.authorization_server import AuthorizationServer
from conformance.message import HUGE, Asked, Message, Response, response
from conformance.origins import Authority, Origins
from conformance.recording import Exchange, Recording
from conformance.resource_server import ResourceServer
from conformance.scenario import ABSENT, Change, Scenario
from model import identifiers
from model.design import Design

#: Everybody there may be: resource server, two honest authorization servers, one of the attacker's, the host of the
#: client's metadata document, the client's callback, and one that refuses connections.
PARTIES = ("rs", "as1", "as2", "evil", "client", "callback", "down")
SERVERS = ("as1", "as2", "evil")
DOCUMENT = "/oauth/client.json"

#: The user agent that drivers open authorization URLs with names itself so.
USER_AGENT = "openworld-user-agent"

#: Seconds between the bytes of a response that drips.
DRIP = 0.25


class World:
    """One scenario, served; use as an asynchronous context manager."""

    def __init__(self, scenario: Scenario, authority: Authority | None = None) -> None:
        self.scenario, self._authority = scenario, authority
        refusing = ("callback", "down", *scenario.down)
        self.origins = Origins.bind(PARTIES, authority is not None, refusing)
        self.recording = Recording()
        self.url = self.origins.expanded(scenario.url)
        self.callback = f"http://127.0.0.1:{self.origins.port('callback')}/callback"
        self.document_url = f"{self.origins.origin('client')}{DOCUMENT}"
        self.servers = self._servers()
        self.resource_server = self._resource_server()
        self._runners: list[web.ServerRunner] = []

    def _servers(self) -> dict[str, AuthorizationServer]:
        design = Design({"rs_trust": "any", "h_iss": "yes", **self.scenario.design})
        made: dict[str, AuthorizationServer] = {}
        names = [*SERVERS, *(name for name, roles in self.scenario.roles.items() if "authorization_server" in roles)]
        for name in names:
            origin = self.origins.origin(name)
            issuer = self.origins.expanded(self.scenario.issuers.get(name, origin))
            made[name] = AuthorizationServer(name, issuer, origin, design)
            if self.scenario.documents:
                made[name].documents[self.document_url] = [self.callback]
        made["evil"].honest = made["as1"]
        return made

    def _resource_server(self) -> ResourceServer:
        design = Design({"rs_trust": "any", **self.scenario.design})
        bare = self.url.partition("?")[0].partition("#")[0] if "?" not in self.scenario.url else self.url
        listed = [self.servers["as1"].issuer]
        made = ResourceServer("rs", bare, bare, listed, design, list(self.servers.values()))
        return made

    # --- serving -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> World:
        context = None if self._authority is None else self._authority.context
        for name, bound in self.origins.sockets.items():
            if name in self.origins.refusing:
                continue
            runner = web.ServerRunner(web.Server(partial(self._handle, name), access_log=None))
            await runner.setup()
            self._runners.append(runner)
            await web.SockSite(runner, bound, ssl_context=context, shutdown_timeout=0.1).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self.origins.close()

    async def _handle(self, party: str, request: web.BaseRequest) -> web.StreamResponse:
        started, clock = datetime.now(UTC), time.perf_counter()
        body = (await request.read()).decode("utf-8", "replace")
        asked = _asked(party, self.origins.origin(party), request, body)
        message = self.answer(asked)
        sent = response(message)
        by = "user_agent" if USER_AGENT in asked.headers.get("user-agent", "") else "client"
        seen = Exchange(
            party, message.name, by, request.method, asked.url, tuple(request.headers.items()), body, sent.status,
            tuple(sent.headers.items()), sent.body[:100_000].decode("utf-8", "replace"), started, 0.0,
        )  # fmt: skip
        place = len(self.recording.exchanges)
        self.recording.add(seen)
        try:
            return await _send(request, sent)
        finally:
            self.recording.exchanges[place] = replace(seen, seconds=time.perf_counter() - clock)

    # --- answering -----------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Message:
        """What a party says to a request: the honest message, with what the scenario changes."""
        place = f"{self.origins.origin(asked.party)}{asked.path}"
        for (party, message), urls in self.places().items():
            if party == asked.party and place in urls:
                return self.changed(party, self._says(party, message, asked))
        published = self.changed("rs", self.resource_server.metadata()).fields.get("resource", "")
        self.resource_server.own = (str(published),)
        if asked.party == "rs" and identifiers.equal_htu(place, self.url.partition("#")[0].partition("?")[0]):
            return self.changed("rs", self.resource_server.serve(asked))
        return Message("", {"error": "no_such_path"}, 404)

    def _says(self, party: str, message: str, asked: Asked) -> Message:
        if message == "resource_metadata":
            return self.resource_server.metadata()
        if message == "client_document":
            return self._document()
        server = self.servers[party]
        honest: dict[str, Callable[[], Message]] = {
            "server_metadata": server.metadata,
            "keys": server.keys,
            "registration_response": lambda: server.register(asked),
            "authorization_response": lambda: server.authorize(asked),
            "token_response": lambda: server.token(asked),
        }
        return honest[message]()

    def _document(self) -> Message:
        return Message("client_document", {
            "client_id": self.document_url, "client_name": "openworld", "redirect_uris": [self.callback],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })  # fmt: skip

    def places(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Where each document and endpoint is found, as URLs without a query."""
        found: dict[tuple[str, str], tuple[str, ...]] = {
            ("rs", "resource_metadata"): (self.resource_server.metadata_url().partition("?")[0],),
            ("client", "client_document"): (self.document_url,),
        }
        for name, server in self.servers.items():
            found[name, "server_metadata"] = metadata_places(server.issuer)
            for message, path in ENDPOINTS.items():
                found[name, message] = (f"{server.origin}{path}",)
        for change in self._due():
            if change.at is not None:
                found[change.party, change.message] = tuple(map(self.origins.expanded, change.at))
        moved: dict[tuple[str, str], tuple[str, ...]] = {}
        for (party, message), urls in found.items():
            for url in urls:
                owner = self.origins.owner(url) or party
                moved[owner, message] = (*moved.get((owner, message), ()), url)
        return moved

    def _due(self) -> list[Change]:
        return [change for change in self.scenario.changes if change.after <= self.resource_server.accepted]

    def changed(self, party: str, message: Message) -> Message:
        """A message with what the scenario changes in it."""
        for change in self._due():
            if change.message != message.name or change.party not in (party, "*"):
                continue
            values = {key: self._expanded(value) for key, value in change.fields.items()}
            message = message.but(**{key: None if value is ABSENT else value for key, value in values.items()})
            message = replace(
                message,
                status=message.status if change.status is None else change.status,
                headers={**message.headers, **{k: self._expanded(v) for k, v in change.headers.items()}},
                manner=change.manner or message.manner,  # type: ignore[arg-type]
                raw=message.raw if change.raw is None else change.raw,
            )
        return message

    def _expanded(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.origins.expanded(value)
        if isinstance(value, list | tuple):
            return [self._expanded(one) for one in value]
        return value


ENDPOINTS = {
    "authorization_response": "/authorize",
    "token_response": "/token",
    "registration_response": "/register",
    "keys": "/jwks",
}


def metadata_places(issuer: str) -> tuple[str, ...]:
    """Where the metadata of an issuer is looked for (RFC 8414 3.1 and 5, OpenID Connect Discovery 4)."""
    oauth = identifiers.well_known_authorization_server(issuer)
    inserted = oauth.replace("oauth-authorization-server", "openid-configuration")
    return tuple(dict.fromkeys((oauth, inserted, f"{issuer.removesuffix('/')}/.well-known/openid-configuration")))


def _asked(party: str, origin: str, request: web.BaseRequest, body: str) -> Asked:
    raw = request.raw_path if request.raw_path.startswith("/") else urlsplit(request.raw_path).path
    path = raw.partition("?")[0]
    pairs = parse_qsl(urlsplit(raw).query, keep_blank_values=True)
    if "x-www-form-urlencoded" in request.headers.get("Content-Type", ""):
        pairs += parse_qsl(body, keep_blank_values=True)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Asked(party, request.method, path, f"{origin}{raw}", headers, body, tuple(pairs))


Sender = Callable[[web.BaseRequest, Response], Awaitable[web.StreamResponse]]


async def _send(request: web.BaseRequest, sent: Response) -> web.StreamResponse:
    if sent.manner == "whole":
        return web.Response(status=sent.status, headers=sent.headers, body=sent.body)
    if sent.manner == "garbage":
        assert request.transport is not None
        request.transport.write(b"\x16\x03 this is not HTTP\r\n\r\n")
        request.transport.close()
        return web.Response()
    stream = web.StreamResponse(status=sent.status, headers=sent.headers)
    if sent.manner == "cut":
        stream.content_length = len(sent.body) + 1
    await stream.prepare(request)
    with suppress(ConnectionError):
        await _MANNERS[sent.manner](stream, sent.body)
    if sent.manner == "cut" and request.transport is not None:
        request.transport.close()
    return stream


async def _drip(stream: web.StreamResponse, body: bytes) -> None:
    for place in range(len(body)):
        await stream.write(body[place : place + 1])
        await asyncio.sleep(DRIP)


async def _endless(stream: web.StreamResponse, body: bytes) -> None:
    while True:
        await stream.write(b" " * 65_536)
        await asyncio.sleep(0.05)


async def _cut(stream: web.StreamResponse, body: bytes) -> None:
    await stream.write(body[: len(body) // 2])


_MANNERS: dict[str, Callable[[web.StreamResponse, bytes], Awaitable[None]]] = {
    "drip": _drip,
    "endless": _endless,
    "cut": _cut,
}

assert HUGE
