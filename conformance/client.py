"""A client as the model plays it: it makes each request on purpose, and gives every answer a name.

Answers of real servers are not trusted to be short, quick or well-formed: whatever comes back, and however slowly,
ends in a :class:`Reply` or a :class:`BrokenReply` within the time limit.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp
from joserfc import jwt
from joserfc.jwk import ECKey
from yarl import URL

from conformance.proof import s256
from conformance.recording import Exchange, Recording
from model import guards, identifiers
from model.design import Design
from model.protocols import steps
from model.world import NONE

#: Nobody needs a larger answer; one that is larger is not read to its end.
LARGEST = 1_000_000
HOPS = 15

Parameters = Iterable[tuple[str, str]]


class BrokenReply(Exception):  # noqa: N818 (it is an outcome, not a mistake)
    """An answer that is none, by name: ``refused``, ``cut``, ``slow``, ``oversized``, ``not HTTP``, ``not JSON``."""

    def __init__(self, kind: str, url: str) -> None:
        super().__init__(f"{kind}: {url}")
        self.kind, self.url = kind, url


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers with lower-case names, and the body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: str

    def json(self) -> dict[str, Any]:
        """The JSON object in the body (raises BrokenReply where there is none)."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise BrokenReply("not JSON", self.url) from None
        if not isinstance(found, dict):
            raise BrokenReply("not a JSON object", self.url)
        return found


@dataclass(slots=True)
class PlayedClient:
    """A client with a browser, a key and a redirect URI; use as an asynchronous context manager.

    Attributes:
        callback: its redirect URI.
        limit: seconds that an answer may take, to its last byte.
        recording: what was asked and answered.
    """

    callback: str
    limit: float = 10.0
    recording: Recording = field(default_factory=Recording)
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> PlayedClient:
        # The jar of a browser; unsafe lets it keep cookies of an address.
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(
        self, method: str, url: str, message: str = "", headers: Mapping[str, str] | None = None, data: str = ""
    ) -> Reply:
        """Make a request and read the whole answer (raises BrokenReply)."""
        assert self._session is not None
        started, clock = datetime.now(UTC), time.perf_counter()
        sent = {"Accept": "application/json, */*", **(headers or {})}
        status, received, body = 0, {}, b""
        try:
            async with (
                asyncio.timeout(self.limit),
                self._session.request(
                    method, URL(url, encoded=True), headers=sent, data=data or None, allow_redirects=False
                ) as answer,
            ):
                status, received = answer.status, {key.lower(): value for key, value in answer.headers.items()}
                async for piece in answer.content.iter_chunked(65_536):
                    body += piece
                    if len(body) > LARGEST:
                        raise BrokenReply("oversized", url)
        except TimeoutError:
            raise BrokenReply("slow", url) from None
        except aiohttp.ClientConnectorError:
            raise BrokenReply("refused", url) from None
        except aiohttp.ClientPayloadError:
            raise BrokenReply("cut", url) from None
        except (aiohttp.ClientError, ValueError, OSError):
            raise BrokenReply("not HTTP", url) from None
        finally:
            self.recording.add(
                Exchange(
                    urlsplit(url).netloc,
                    message,
                    "client",
                    method,
                    url,
                    tuple(sent.items()),
                    data,
                    status,
                    tuple(received.items()),
                    body[:LARGEST].decode("utf-8", "replace"),
                    started,
                    time.perf_counter() - clock,
                )
            )
        return Reply(url, status, received, body.decode("utf-8", "replace"))

    async def metadata(self, issuer: str) -> dict[str, Any]:
        """The metadata of an issuer (RFC 8414 3), or BrokenReply."""
        oauth = identifiers.well_known_authorization_server(issuer)
        for url in (oauth, oauth.replace("oauth-authorization-server", "openid-configuration")):
            reply = await self.ask("GET", url, "server_metadata")
            if reply.status == 200:
                return reply.json()
        raise BrokenReply("no metadata", issuer)

    async def register(self, endpoint: str) -> dict[str, Any]:
        """Register as a public client (RFC 7591 3), or BrokenReply."""
        wanted = {
            "client_name": "openworld",
            "redirect_uris": [self.callback],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "application_type": "native",
        }
        headers = {"Content-Type": "application/json"}
        reply = await self.ask("POST", endpoint, "registration_response", headers, json.dumps(wanted))
        if reply.status not in (200, 201) or "client_id" not in reply.json():
            raise BrokenReply("no registration", endpoint)
        return reply.json()

    async def authorize(self, endpoint: str, parameters: Parameters) -> dict[str, str]:
        """What the authorization response to a request says; the user approves.

        An error that the user sees, instead of the client, is returned like one that the client gets.
        """
        url = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(list(parameters))}"
        for _ in range(HOPS):
            reply = await self.ask("GET", url, "authorization_response")
            if not 300 <= reply.status < 400 or "location" not in reply.headers:
                return {"error": _shown(reply), "status": str(reply.status)}
            url = urljoin(url, reply.headers["location"])
            if url.startswith(self.callback):
                return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        raise BrokenReply("too many redirects", endpoint)

    async def post(self, endpoint: str, message: str, parameters: Parameters, proof: bool = False) -> dict[str, Any]:
        """The JSON answer to a form, with its ``status``."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        data = urlencode(list(parameters))
        nonce = ""
        for _ in range(2):
            proven = {**headers, "DPoP": self.proof("POST", endpoint, nonce)} if proof else headers
            reply = await self.ask("POST", endpoint, message, proven, data)
            said = reply.json()
            if said.get("error") != "use_dpop_nonce":
                break
            nonce = reply.headers.get("dpop-nonce", "")
        return {**said, "status": reply.status}

    def proof(self, method: str, url: str, nonce: str = "") -> str:
        """A DPoP proof for a request (RFC 9449 4.2)."""
        head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self.key.as_dict(private=False)}
        claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time())}
        return jwt.encode(head, {**claims, **({"nonce": nonce} if nonce else {})}, self.key)


@dataclass(frozen=True, slots=True)
class Flow:
    """One authorization of a client at a server, step by step.

    Attributes:
        resources: values of ``resource`` in the authorization request.
        redeemed_for: values in the token request.
    """

    client: PlayedClient
    metadata: Mapping[str, Any]
    client_id: str
    resources: tuple[str, ...] = ()
    redeemed_for: tuple[str, ...] = ()
    proof: bool = False
    pushed: bool = False
    scope: str = ""

    def but(self, **changes: Any) -> Flow:
        """The same with something else."""
        return replace(self, **changes)

    async def run(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The authorization response, and the token response if it came to that.

        The steps are taken in the order of the flow, as far as there is something to be done in them here.
        """
        run = _Run(self)
        for step in steps("client"):
            take = getattr(run, step, None)
            if take is not None and not run.over:
                await take()
        return run.answer, run.token


class _Run:
    """One authorization while it lasts: the request as it is to be sent, and what was answered."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.client, self.metadata = flow, flow.client, flow.metadata
        self.verifier, self.state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        self.request = [
            ("response_type", "code"),
            ("client_id", flow.client_id),
            ("redirect_uri", self.client.callback),
            ("state", self.state),
            ("code_challenge", s256(self.verifier)),
            ("code_challenge_method", "S256"),
            *([("scope", flow.scope)] if flow.scope else []),
            *(("resource", one) for one in flow.resources),
        ]
        self.over = False
        self.answer: dict[str, str] = {}
        self.token: dict[str, Any] = {}

    async def push_authorization_request(self) -> None:
        """Push the request, if it is to be pushed."""
        if not self.flow.pushed:
            return
        endpoint = str(self.metadata["pushed_authorization_request_endpoint"])
        pushed = await self.client.post(endpoint, "par_response", self.request)
        if "request_uri" in pushed:
            self.request = [("client_id", self.flow.client_id), ("request_uri", pushed["request_uri"])]
        else:
            self.answer, self.over = {"error": str(pushed.get("error", "no request_uri"))}, True

    async def send_authorization_request(self) -> None:
        """Send the browser to the server and wait for it at the redirect URI."""
        self.answer = await self.client.authorize(str(self.metadata["authorization_endpoint"]), self.request)

    async def accept_authorization_response(self) -> None:
        """Take any response to this request; what a server says of itself is for others to judge."""
        self.over = "code" not in self.answer
        returned, at = self.answer.get("state", NONE), self.client.callback
        asked = guards.authorization_response(
            Design({"iss_check": "off"}),
            session=self.state,
            returned=returned,
            other_browser=False,
            after_use=False,
            arrived_at=at,
            expected=at,
            iss=NONE,
            issuer=NONE,
            advertised=False,
        )
        refused = next((condition.rule.name for condition in asked if not condition.holds), None)
        if not self.over and refused is not None:
            self.answer, self.over = {**self.answer, "error": refused}, True

    async def redeem_code(self) -> None:
        """Ask for a token."""
        request = [
            ("grant_type", "authorization_code"),
            ("code", self.answer["code"]),
            ("redirect_uri", self.client.callback),
            ("client_id", self.flow.client_id),
            ("code_verifier", self.verifier),
            *(("resource", one) for one in self.flow.redeemed_for),
        ]
        self.token = await self.client.post(
            str(self.metadata["token_endpoint"]), "token_response", request, self.flow.proof
        )


def _shown(reply: Reply) -> str:
    """The error code on a page that the user is shown."""
    for code in ("invalid_target", "invalid_request", "invalid_client", "unauthorized_client", "invalid_scope"):
        if code in reply.body:
            return code
    return f"page with status {reply.status}"
