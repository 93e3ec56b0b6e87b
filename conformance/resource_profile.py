"""What a real resource server does: the model plays the client and the authorization servers around it.

It knows one issuer, is sent every probe (:mod:`conformance.probes`), and is judged by whether it answers with what
it protects. A refusal is one only beside an honest request that was served: who serves nobody has refused nothing.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import aiohttp
import trustme
from yarl import URL

from conformance.certificates import unchecked
from conformance.install import Installed
from conformance.judge import NOT_MEASURED, Judgement
from conformance.message import WireMessage, WireRequest
from conformance.origins import HOST
from conformance.play import Play
from conformance.presented import Around, Presented, is_past, presented
from conformance.probes import HONEST, PATH, PROBES, PROVEN, SCOPE, OnTheWire, Probe, asked
from conformance.processes import serving
from conformance.proxied import Proxied
from conformance.recording import Recording
from model import identifiers
from model.documents import DocumentError, challenge_of, from_json
from model.scenario import Fetched, Scenario

#: What the resource server authenticates with where it asks the AS about tokens.
CREDENTIALS = ("resource-server", "a-secret-of-one-run")
#: Connections that present no certificate.
_UNCERTIFIED = unchecked()
Request = tuple[str, str, dict[str, str], str]
Reply = tuple[int, Mapping[str, str], str]
_REFUSED, _NOT_THERE = (400, 401, 403), (404, 405, 406, 415)


class Surroundings(Proxied):
    """A world around a real resource server: its AS publish their keys and tell of tokens.

    Attributes:
        described: of opaque tokens, what the AS says of them.
        secured: whether the resource server speaks TLS itself, and is shown the certificate of who asks it.
        presents: connections with a certificate, by the header that tells of it.
        certificate: its own for TLS, with its key.
    """

    described: Mapping[str, Mapping[str, Any]]
    presents: Mapping[str, ssl.SSLContext]

    def __init__(self, play: Play) -> None:
        super().__init__(play)
        self.described, self.presents, self.secured = {}, {}, False
        self.certificate = trustme.CA().issue_cert(HOST).private_key_and_cert_chain_pem.bytes().decode()
        self.url = f"{self.origins.origin('rs')}{PATH}"

    def answer(self, asked: WireRequest) -> WireMessage:
        """Keys, introspection and metadata of an AS, beside what the parties of every world answer."""
        origin = self.origins.origin(asked.party)
        if asked.place == f"{origin}/keys":
            key = self.servers[asked.party].key
            return WireMessage("key_set", {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"}]})
        if asked.place == f"{origin}/introspect":
            told = self.described.get(asked.value("token"))
            active = told is not None and not is_past(told.get("exp"))
            return WireMessage("introspection_response", {"active": active, **(told or {} if active else {})})
        said = super().answer(asked)
        if said.name == "server_metadata" and said.fields:
            return said.but(jwks_uri=f"{origin}/keys", introspection_endpoint=f"{origin}/introspect")
        return said

    def tls(self, asked: WireRequest) -> ssl.SSLContext | None:
        """The connection by which a request is passed on."""
        if not self.secured:
            return None
        return self.presents.get(asked.headers.get("client-cert", ""), _UNCERTIFIED)

    def job(self, variant: str) -> dict[str, Any]:
        """What the driver is told."""
        issuer = self.origins.origin("as1")
        return {
            "variant": variant,
            "url": self.url,
            "origin": self.origins.origin("rs"),
            "path": PATH,
            "issuer": issuer,
            "jwks": f"{issuer}/keys",
            "introspection": f"{issuer}/introspect",
            "scope": SCOPE,
            "client_id": CREDENTIALS[0],
            "client_secret": CREDENTIALS[1],
            "certificate": self.certificate,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """A probe, how it was answered, and what the rules have to be asked about.

    Attributes:
        shown: what the resource server found, where the probe applies.
        used: the names of the proofs that it had seen before.
    """

    probe: Probe
    judgement: Judgement
    shown: Presented | None = None
    used: frozenset[str] = frozenset()
    recording: Recording | None = None


@dataclass(frozen=True, slots=True)
class ResourceProfile:
    """A resource server in one configuration.

    Attributes:
        server: the release.
        seen: every probe with its answer.
        around: what the resource server knows.
        told: what it tells a client that comes without a token, as a scenario.
        form: the same in words.
    """

    server: str
    variant: str
    seen: tuple[Seen, ...]
    around: Around
    told: Scenario
    form: Mapping[str, str]
    recording: Recording

    @property
    def name(self) -> str:
        """The server with its configuration."""
        return f"{self.server} ({self.variant})"

    @property
    def judgements(self) -> list[Judgement]:
        """How the probes were answered."""
        return [one.judgement for one in self.seen]


def _any(name: str) -> bool:
    return True


async def resource_profile(
    installed: Installed,
    variant: str,
    limit: float,
    only: Callable[[str], bool] = _any,
    done: Callable[[str], Any] = _any,
) -> ResourceProfile:
    """The profile of a resource server in one configuration.

    ``only`` says of probes by their names whether they are sent, and ``done`` hears of each.

    Raises:
        SoftwareError: it does not start.
    """
    async with Surroundings(Play("M01_iss_ok", "catalogue", "")) as world:
        async with serving(installed, world.job(variant), limit * 3) as ready:
            world.real["rs"] = int(ready["port"])
            world.secured = bool(ready.get("tls"))
            async with _Asking(world, limit) as asking:
                seen = [one async for one in asking.everything(only, done)]
                world.recording = Recording()
                told, form = await asking.look()
        profile = ResourceProfile(
            str(installed.release), variant, tuple(seen), asking.around, told, form, world.recording
        )
    return _measured(profile)


def _measured(profile: ResourceProfile) -> ResourceProfile:
    """The profile, in which nothing counts as refused unless something was served."""
    honest = next(one.judgement for one in profile.seen if one.probe.name == HONEST)
    if honest.outcome == "A":
        return profile
    why = f"no honest request was served ({honest.error or honest.ended})"
    return replace(
        profile,
        seen=tuple(
            replace(one, judgement=replace(one.judgement, outcome=NOT_MEASURED, ended=why, attacks=()))
            for one in profile.seen
        ),
    )


class _Asking:
    """Sends probes to the resource server of a world, and notes how they are answered."""

    def __init__(self, world: Surroundings, limit: float) -> None:
        self.world, self.limit = world, limit
        origins = {name: world.origins.origin(name) for name in ("rs", *world.servers)}
        keys = {name: server.key for name, server in world.servers.items()}
        self.wire = OnTheWire(origins, keys)
        world.described = self.wire.described
        by_issuer = {server.origin: server.key for server in world.servers.values()}
        listed = frozenset({origins["as1"]})
        self.nonces: set[str] = set()
        self.around = Around(world.url, (world.url,), listed, by_issuer, self.wire.described, SCOPE, self.nonces)
        world.presents = {one.told: one.context for one in self.wire.certificates.values()}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> _Asking:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def everything(self, only: Callable[[str], bool], done: Callable[[str], Any]) -> AsyncIterator[Seen]:
        """Every probe; where honest requests are served with proofs alone all come with one that are not about that."""
        takes_bare = await self.settle()
        await self.ask(_named(PROVEN))  # whether it gives nonces
        for probe, why in asked(self.wire.opaque, self.wire.json_rpc):
            if probe.name == HONEST or only(probe.name):
                yield await self.ask(probe if takes_bare else probe.proven, why)
                done(probe.name)

    async def settle(self) -> bool:
        """Find out how it is spoken to: with tokens that it reads or asks about, by GET or as MCP has it.

        Says whether it serves honest Bearer tokens, in which case probes that are about something else are such.
        """
        for self.wire.opaque, self.wire.json_rpc in product((False, True), repeat=2):
            for name, takes_bare in ((HONEST, True), (PROVEN, False)):
                if (await self.ask(_named(name))).judgement.outcome == "A":
                    return takes_bare
        self.wire.opaque, self.wire.json_rpc = False, False
        return True

    async def ask(self, probe: Probe, why: str = "") -> Seen:
        """Send one probe, unless there is a reason why not; once more where a nonce is given for it (RFC 9449 9)."""
        why = why or ("" if probe.nonce == "given" or self.nonces else "it gives no nonces")
        if why:
            return Seen(probe, Judgement(probe.name, "request", "n", "finished", error=why))
        self.world.recording = Recording()
        request, answer = await self._sent(probe)
        if probe.nonce == "given" and error_of(answer[1].get("www-authenticate", ""), answer[2]) == "use_dpop_nonce":
            request, answer = await self._sent(probe)
        shown = presented(WireRequest.arrived("rs", *request), self.around)
        used: frozenset[str] = frozenset()
        if probe.again:
            answer = await self.send(*request)
            used = frozenset({shown.proof.name}) if shown.proof else used
        return Seen(probe, self._judged(probe, *answer), shown, used, self.world.recording)

    async def _sent(self, probe: Probe) -> tuple[Request, Reply]:
        request = self.wire.request(probe)
        answer = await self.send(*request)
        given = answer[1].get("dpop-nonce")
        if given:
            self.wire.nonce = given
            self.nonces.add(given)
        return request, answer

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: str = "") -> Reply:
        """The status, headers and body of the answer to a request; 0 where there is none."""
        assert self._session is not None
        try:
            async with (
                asyncio.timeout(self.limit),
                self._session.request(
                    method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
                ) as answer,
            ):
                received = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, received, (await answer.content.read(65_536)).decode("utf-8", "replace")
        except TimeoutError:
            return 0, {}, "timed out"
        except aiohttp.ClientError as error:
            return 0, {}, f"no answer: {error}"

    def _judged(self, probe: Probe, status: int, received: Mapping[str, str], text: str) -> Judgement:
        challenge = received.get("www-authenticate", "")
        facts = {"status": status, "challenge": self.world.origins.named(challenge)}
        if 200 <= status < 300:
            return Judgement(probe.name, "request", "A", "finished", facts=facts)
        said = " ".join(filter(None, (str(status or text), error_of(challenge, text))))
        if status in _REFUSED:
            return Judgement(probe.name, "request", "x", "finished", error=said, facts=facts)
        if status in _NOT_THERE:
            return Judgement(probe.name, "request", "n", "finished", error=f"nothing is there: {status}", facts=facts)
        return Judgement(probe.name, "request", NOT_MEASURED, f"answers {said}", error=text[:500], facts=facts)

    async def look(self) -> tuple[Scenario, dict[str, str]]:
        """What it tells a client without a token: the challenge, and the documents that a client might look for."""
        method, url, headers, body = self.wire.request(PROBES[0])
        headers.pop("Authorization", None)
        status, received, _ = await self.send(method, url, headers, body)
        header = received.get("www-authenticate", "")
        challenge = challenge_of(header)
        at_path = identifiers.well_known_protected_resource(self.world.url)
        at_root = identifiers.well_known_protected_resource(self.world.origins.origin("rs"))
        named = challenge.get("resource_metadata", "")
        documents = {place: await self._document(place) for place in dict.fromkeys((named, at_path, at_root)) if place}
        told = replace(
            self.world.scenario,
            name="resource_server",
            about="what a real resource server says",
            url=self.world.url,
            challenge=challenge,
            documents={**self._of_servers(), **documents},
        )
        shown = self.world.origins.named
        form = {
            "status": str(status),
            "challenge": shown(header) or "none",
            "error without a token": error_of(header, "") or "none",
            **{f"GET {shown(place)}": shown(_summary(one)) for place, one in documents.items()},
        }
        return told, form

    def _of_servers(self) -> dict[str, Fetched]:
        found = self.world.scenario.documents.items()
        return {url: one for url, one in found if "resource" not in one.body}

    async def _document(self, url: str) -> Fetched:
        if not url.startswith(self.world.origins.origin("rs")):
            return Fetched()
        status, received, text = await self.send("GET", url, {"Accept": "application/json"})
        try:
            body = from_json(text)
        except DocumentError:
            body = None
        return Fetched(status, received.get("location", ""), body if isinstance(body, dict) else {})


def _named(name: str) -> Probe:
    return next(probe for probe in PROBES if probe.name == name)


def _summary(document: Fetched) -> str:
    if document.status != 200:
        return str(document.status)
    said = [f"{name}={document.body[name]}" for name in ("resource", "authorization_servers") if name in document.body]
    return " ".join(["200", *said, *(f"and {name}" for name in document.body if f"{name}=" not in " ".join(said))])


def error_of(challenge: str, body: str) -> str:
    """The error code that a refusal names, in the challenge or in its body (RFC 6750 3.1)."""
    found = re.search(r'\berror"?\s*[=:]\s*"?([a-z_]+)', challenge) or re.search(r'"error"\s*:\s*"([a-z_]+)"', body)
    return found[1] if found else ""
