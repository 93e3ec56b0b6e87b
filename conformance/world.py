"""The played world: parties on loopback that say what the scenario has them say, and decide by the rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from conformance import wire
from conformance.authorization_server import AuthorizationServer
from conformance.message import Asked, Message, response
from conformance.origins import HOST, Authority, Origins
from conformance.play import Play
from conformance.recording import Exchange, Recording
from conformance.resource_server import ResourceServer
from model import identifiers
from model.design import Design
from model.scenario import Scenario
from model.world import ATTACKER

#: Who answers: a resource server, two honest authorization servers, and one of the attacker's.
PARTIES = ("rs", "as1", "as2", "evil")
DOCUMENT = "/oauth/client.json"

#: What OpenID Connect Discovery 3 requires in a document and OAuth does not; nobody here asks for an ID token.
_OPENID = {
    "jwks_uri": "https://127.0.0.1/keys",
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["ES256"],
}

#: How long a request line or a header may be, in bytes: longer than any mutation, since refusing is the client's part.
LINE = 1 << 20

#: How the user agent names itself that drivers open authorization URLs with, and how people's do.
USER_AGENTS = ("openworld-user-agent", "Mozilla/")


class World:
    """One play, served; use as an asynchronous context manager.

    Attributes:
        url: the resource that the client is sent to.
        callback: the client's redirect URI.
        document_url: the metadata document that the client is given; one that it brings is taken to say the same.
        recording: every request that arrived, and how it was answered.
    """

    def __init__(self, play: Play, authority: Authority | None = None, own_document: str = "") -> None:
        self.play, self._authority = play, authority
        self.origins = Origins.bind((*PARTIES, *play.parties, "client", "callback"), authority is not None)
        places = {name: self.origins.origin(name) for name in (*PARTIES, *play.parties)}
        self.scenario = play.scenario(places)
        self.url = self.scenario.url
        self.callback = f"http://{HOST}:{self.origins.ports['callback']}/callback"
        self.document_url = f"https://{HOST}:{self.origins.ports['client']}{DOCUMENT}"
        self.recording = Recording()
        design = Design({"reg": "dcr", "rs_trust": "any"})
        documents = {url: [self.callback] for url in (self.document_url, own_document) if url}
        self.servers = {name: AuthorizationServer(name, places[name], design, documents) for name in PARTIES}
        self.servers["evil"].honest = self.servers["as1"]
        # One operator runs as1 and as2: they share registrations and refresh tokens.
        self.servers["as2"].clients = self.servers["as1"].clients
        self.servers["as2"].refreshable = self.servers["as1"].refreshable
        self.resource_server = ResourceServer(design, list(self.servers.values()))
        self._runners: list[web.ServerRunner] = []

    @property
    def now(self) -> Scenario:
        """The scenario as it stands: what is different later counts once a call was served."""
        later = self.scenario.later
        return later if later is not None and self.resource_server.accepted else self.scenario

    @property
    def calls(self) -> int:
        """How many calls the client is asked to make."""
        return 1 if self.scenario.later is None else 2

    async def __aenter__(self) -> World:
        context = None if self._authority is None else self._authority.context
        for name, bound in self.origins.sockets.items():
            # Who does not listen takes no connections: the callback, which drivers stop at, and who is down.
            if name == "callback" or self.origins.origin(name) in self.scenario.down:
                continue
            runner = web.ServerRunner(web.Server(
                partial(self._handle, name), access_log=None, max_line_size=LINE, max_field_size=LINE,
            ))  # fmt: skip
            await runner.setup()
            self._runners.append(runner)
            await web.SockSite(runner, bound, ssl_context=context).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self.origins.close()

    async def _handle(self, party: str, request: web.BaseRequest) -> web.StreamResponse:
        started, clock = datetime.now(UTC), time.perf_counter()
        asked = _asked(party, self.origins.origin(party), request, (await request.read()).decode("utf-8", "replace"))
        message = self._twisted(await self.say(asked, request))
        sent = response(message)
        agent = asked.headers.get("user-agent", "")
        by = "user_agent" if any(name in agent for name in USER_AGENTS) else "client"
        seen = Exchange(
            party, message.name, by, request.method, asked.url, tuple(request.headers.items()), asked.body,
            sent.status, tuple(sent.headers.items()), wire.shown(sent), started, 0.0,
        )  # fmt: skip
        place = self.recording.add(seen)
        try:
            return await wire.send(request, sent)
        finally:
            self.recording.exchanges[place] = replace(seen, seconds=time.perf_counter() - clock)

    async def say(self, asked: Asked, request: web.BaseRequest) -> Message:
        """What a party says to a request."""
        return self.answer(asked)

    def answer(self, asked: Asked) -> Message:
        """What a played party says to a request."""
        scenario = self.now
        if asked.place in scenario.endpoints:
            return self._endpoint(asked, scenario)
        found = scenario.documents.get(asked.url) or scenario.documents.get(asked.place)
        if found is not None:
            kind = "server_metadata" if "issuer" in found.body else "resource_metadata"
            headers = {"Location": found.location} if found.location else {}
            openid = _OPENID if asked.place.endswith("/.well-known/openid-configuration") else {}
            return Message(kind, {**openid, **found.body}, found.status, headers)
        if asked.url == self.document_url:
            return self._document()
        if identifiers.equal_htu(asked.place, self.url):
            return self.resource_server.serve(asked, scenario)
        return Message("", {"error": "no_such_path"}, 404)

    def _endpoint(self, asked: Asked, scenario: Scenario) -> Message:
        server = self.servers[asked.party]
        if self.play.bounce and server.honest is not None and asked.place.endswith("/authorize"):
            if self.play.bounce == "account":
                return self._approved(server, asked, scenario)
            return server.bounce(asked, self.play.bounce == "own")
        by_path: dict[str, Callable[[], Message]] = {
            "authorize": lambda: server.authorize(asked, scenario),
            "token": lambda: server.token(asked, scenario),
            "register": lambda: server.register(asked),
        }
        return by_path[asked.place.rpartition("/")[2]]()

    def _approved(self, server: AuthorizationServer, asked: Asked, scenario: Scenario) -> Message:
        """The attacker's answer with a code for its own account; that it got one is recorded like what is seen."""
        request, answer, told = server.approve(asked, scenario)
        sent = response(answer)
        self.recording.add(Exchange(
            request.party, answer.name, ATTACKER, "GET", request.url, (), "", sent.status, tuple(sent.headers.items()),
            "", datetime.now(UTC), 0.0,
        ))  # fmt: skip
        return told

    def _document(self) -> Message:
        return Message("client_document", {
            "client_id": self.document_url, "client_name": "openworld", "redirect_uris": [self.callback],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })  # fmt: skip

    def _twisted(self, message: Message) -> Message:
        twist = self.play.twist
        if twist is None or twist.message != message.name:
            return message
        headers = {**message.headers, **twist.headers}
        return replace(message, manner=twist.manner, raw=twist.raw or message.raw, headers=headers)


def _asked(party: str, origin: str, request: web.BaseRequest, body: str) -> Asked:
    raw = request.raw_path
    pairs = parse_qsl(urlsplit(raw).query, keep_blank_values=True)
    if "x-www-form-urlencoded" in request.headers.get("Content-Type", ""):
        pairs += parse_qsl(body, keep_blank_values=True)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Asked(party, request.method, f"{origin}{raw}", headers, body, tuple(pairs))
