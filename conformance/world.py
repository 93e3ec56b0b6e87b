"""The played world: parties on loopback that say what the scenario has them say, and decide by the rules."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import web
from multidict import CIMultiDict

from conformance.authorization_server import AuthorizationServer, RefusedRequest
from conformance.message import Response, WireMessage, WireRequest, response
from conformance.origins import HOST, Authority, Origins
from conformance.play import ALONE, Deed, Play
from conformance.recording import Exchange, Recording
from conformance.resource_server import ResourceServer, protocol_answer
from conformance.software import Software
from model import identifiers
from model.design import Design
from model.scenario import Fetched, Scenario
from model.world import ATTACKER

#: Who answers: a resource server, two honest authorization servers, and one of the attacker's.
PARTIES = ("rs", "as1", "as2", "evil")
DOCUMENT = "/oauth/client.json"
#: What the attacker asks an honest resource server for.
CALL = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'

#: What OpenID Connect Discovery 3 requires in a document and OAuth does not; nobody here asks for an ID token.
_OPENID = {
    "jwks_uri": "https://127.0.0.1/keys",
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["ES256"],
}

#: How long a request line or a header may be, in bytes: longer than any mutation, since refusing is the client's part.
LINE = 1 << 20


def body_at(url: str, found: Fetched) -> dict[str, Any]:
    """Return the body of a document as it is served at a URL without query."""
    openid = _OPENID if url.endswith("/.well-known/openid-configuration") else {}
    return {**openid, **found.body}


class PlayedWorld:
    """One play, served; use as an asynchronous context manager.

    Attributes:
        url: the resource that the client is sent to.
        callback: the client's redirect URI.
        document_url: the metadata document that the client is given; one that it brings is taken to say the same.
        recording: every request that arrived, and how it was answered.
        act: the place of the session that is played now.
        halted: set when nothing will come back to the browser of this session any more.
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
        self.act, self.halted = 0, asyncio.Event()
        self._answers: list[WireMessage] = []
        design = Design({"reg": "dcr", "rs_trust": "any", **play.deployment})
        documents = {url: [self.callback] for url in (self.document_url, own_document) if url}
        self.servers = {name: AuthorizationServer(name, places[name], design, documents) for name in PARTIES}
        self.servers["evil"].honest = self.servers["as1"]
        self.servers["evil"].wishes = tuple(self.origins.filled(one.at) for one in play.deeds if one.kind == "present")
        # A scenario says what an honest AS answers; in an attack trace it is as the model has it (RFC 9449 5).
        for name in ("as1", "as2"):
            self.servers[name].answers_proofs = play.source == "attack"
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

    @property
    def sessions(self) -> int:
        """How many sessions there are at the client."""
        return len(self.play.acts) or 1

    def task(self, software: Software, limit: float, **more: Any) -> dict[str, Any]:
        """What a client's driver is told; the address of the callback is free for one that listens there itself."""
        if software.listens:
            self.origins.release("callback")
        return {"url": self.url, "callback": self.callback, "document": "", "calls": 1, "patience": limit / 2, **more}

    def begin(self, act: int) -> None:
        """Begin one of the sessions."""
        self.act = act
        self.halted.clear()

    async def __aenter__(self) -> Self:
        context = None if self._authority is None else self._authority.context
        for name, bound in self.origins.sockets.items():
            # Who does not listen takes no connections: the callback, which drivers stop at, and who is down.
            if name == "callback" or self.origins.origin(name) in self.scenario.down:
                continue
            runner = web.ServerRunner(
                web.Server(partial(self._handle, name), access_log=None, max_line_size=LINE, max_field_size=LINE)
            )
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
        url, body = f"{self.origins.origin(party)}{request.raw_path}", (await request.read()).decode("utf-8", "replace")
        asked = WireRequest.arrived(party, request.method, url, request.headers, body)
        message = self._twisted(await self.say(asked, request))
        sent = response(message)
        seen = replace(self._seen(asked, message, sent), headers=tuple(request.headers.items()), started=started)
        place = self.recording.add(seen)
        try:
            return await send(request, sent)
        finally:
            self.recording.exchanges[place] = replace(seen, seconds=time.perf_counter() - clock)

    def _seen(self, asked: WireRequest, answer: WireMessage, sent: Response) -> Exchange:
        found, headers = Exchange.of(asked, answer.name), tuple(sent.headers.items())
        return replace(found, status=sent.status, response_headers=headers, response_body=shown(sent), act=self.act)

    async def say(self, asked: WireRequest, request: web.BaseRequest) -> WireMessage:
        """What a party says to a request."""
        return self.answer(asked)

    def answer(self, asked: WireRequest) -> WireMessage:
        """What a played party says to a request."""
        scenario = self.now
        if asked.place in scenario.endpoints:
            return self._endpoint(asked, scenario)
        found = scenario.documents.get(asked.url) or scenario.documents.get(asked.place)
        if found is not None:
            kind = "server_metadata" if "issuer" in found.body else "resource_metadata"
            headers = {"Location": found.location} if found.location else {}
            return WireMessage(kind, body_at(asked.place, found), found.status, headers)
        if asked.url == self.document_url:
            return self._document()
        if identifiers.equal_htu(asked.place, self.url):
            return self.resource_server.serve(asked, scenario)
        return WireMessage("", {"error": "no_such_path"}, 404)

    def _endpoint(self, asked: WireRequest, scenario: Scenario) -> WireMessage:
        server, honest = self.servers[asked.party], self.servers["as1"]
        if self.play.bounce and server.honest is not None and asked.place.endswith("/authorize"):
            if self.play.bounce == "account":
                answer = self._approved(asked, scenario).but(state=asked.value("state"))
                # What it says of who answers is its own to choose, where the run has it choose.
                chosen = "iss" in self.play.stated.get("servers", {}).get("evil", {})
                iss = scenario.iss.get(server.origin) if chosen else answer.fields.get("iss")
                kept = {name: value for name, value in answer.fields.items() if name != "iss"}
                return replace(answer, fields={**kept, **({"iss": iss} if iss else {})})
            return server.bounce(asked, self.play.bounce == "own")
        by_path: dict[str, Callable[[], WireMessage]] = {
            "authorize": lambda: self._authorized(server, asked, scenario),
            "token": lambda: server.token(asked, scenario),
            "register": lambda: server.register(asked),
        }
        said = by_path[asked.place.rpartition("/")[2]]()
        if server.honest is not None and said.fields.get("access_token") in honest.tokens:
            # What it answers with it has got at the honest one.
            self._did(replace(asked, party="as1", url=f"{honest.origin}/token"), said)
        if self.play.given and server.honest is not None and "access_token" in said.fields:
            token = said.fields["access_token"]
            by = honest if token in honest.tokens else server
            own = honest.mint(by.audiences[token], replace(by.tokens[token], subject=ATTACKER))
            return said.but(access_token=own)
        return said

    def _authorized(self, server: AuthorizationServer, asked: WireRequest, scenario: Scenario) -> WireMessage:
        """The answer to an authorization request: of its own session, or what the attacker puts in its place."""
        own = server.authorize(asked, scenario)
        if not self.play.acts or server is not self.servers["as1"] or "code" not in own.fields:
            return own
        act = self.play.acts[self.act]
        server.assign(own.fields["code"], act.approves, self.act)
        self._answers[self.act :] = [own]
        if act.code is None:
            self.halted.set()
            return WireMessage("authorization_response", {"page": "the user is still here"})
        code = self._approved(asked, scenario, act.spliced) if act.code == ALONE else self._answers[act.code]
        state = "" if act.state is None else self._answers[act.state].fields.get("state", "")
        fields = {**own.fields, "code": code.fields.get("code", ""), "state": state}
        return replace(own, fields={name: value for name, value in fields.items() if value})

    def _approved(self, asked: WireRequest, scenario: Scenario, spliced: bool = True) -> WireMessage:
        """The honest AS's answer to the attacker, who approves with an account of its own; that it got one is seen."""
        request, answer = self.servers["as1"].approve(asked, scenario, spliced)
        self._did(request, answer)
        return answer

    def _did(self, asked: WireRequest, answer: WireMessage) -> None:
        """Record what the attacker asked an honest party, and what it was answered."""
        self.recording.add(replace(self._seen(asked, answer, response(answer)), by=ATTACKER))

    def go_on(self) -> None:
        """Let the attacker do what it does in the end, with all that it has got."""
        for deed in sorted(self.play.deeds or (Deed("present", self.url),), key=lambda deed: deed.kind == "present"):
            if deed.kind == "redeem":
                for code in self._read():
                    self._redeem(code)
            else:
                for token in self._stolen():
                    self._present(deed, token)

    def _redeem(self, code: str) -> None:
        server = self.servers["as1"]
        grant = server.granted[code]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": grant.client,
            "redirect_uri": grant.redirect,
        }
        kind = {"content-type": "application/x-www-form-urlencoded"}
        asked = WireRequest("as1", "POST", f"{server.origin}/token", kind, urlencode(form), tuple(form.items()))
        self._did(asked, server.token(asked, self.scenario))

    def _read(self) -> list[str]:
        """The codes that the attacker has read on their way."""
        read = [place for place, act in enumerate(self.play.acts) if act.read]
        return [code for code, grant in self.servers["as1"].granted.items() if grant.act in read]

    def _stolen(self) -> list[str]:
        """The user's tokens of honest AS that have come to the attacker, in requests or for codes."""
        evil = [
            self.origins.filled(sign.at)
            for attack in self.play.attacks
            for sign in attack.signs
            if {"access_token", "call"} & set(sign.names)
        ]
        evil.append(self.origins.origin("evil"))
        honest = self.servers["as1"]
        seen = [
            one.header("authorization").partition(" ")[2]
            for one in self.recording.exchanges
            if any(one.url.startswith(at) for at in evil)
        ]
        answered = [one.answered("access_token") for one in self.recording.exchanges if one.by == ATTACKER]
        return [one for one in dict.fromkeys((*seen, *answered)) if one in honest.tokens]

    def _present(self, deed: Deed, token: str) -> None:
        at = self.origins.filled(deed.at)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        party = deed.at.partition("}")[0].lstrip("{")
        asked = WireRequest(party, "POST", at, headers, CALL, ())
        try:
            self.resource_server.check(asked, at, (at,))
            self._did(asked, protocol_answer(asked))
        except RefusedRequest as refused:
            self._did(asked, WireMessage("challenge", {"scheme": "Bearer", **refused.fields()}, 401))

    def _document(self) -> WireMessage:
        return WireMessage(
            "client_document",
            {
                "client_id": self.document_url,
                "client_name": "openworld",
                "redirect_uris": [self.callback],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
            },
        )

    def _twisted(self, message: WireMessage) -> WireMessage:
        twist = self.play.twist
        if twist is None or twist.message != message.name:
            return message
        headers = {**message.headers, **twist.headers}
        return replace(message, manner=twist.manner, raw=twist.raw or message.raw, headers=headers)


#: Seconds between the bytes of a response that drips.
DRIP = 0.25

#: Longer bodies are cut in a recording.
SHOWN = 65_536


def shown(sent: Response) -> str:
    """The body as a recording has it."""
    return sent.body[:SHOWN].decode("utf-8", "replace")


async def send(request: web.BaseRequest, sent: Response) -> web.StreamResponse:
    """Send a response in its manner."""
    if sent.manner == "whole":
        headers = CIMultiDict(sent.headers)
        headers.popall("Set-Cookie", None)
        headers.extend(("Set-Cookie", cookie) for cookie in sent.cookies)
        return web.Response(status=sent.status, headers=headers, body=sent.body)
    if sent.manner == "garbage":
        if request.transport is not None:
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
