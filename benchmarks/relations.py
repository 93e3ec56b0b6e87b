"""Runs replayed, message by message as they are drawn, against played servers: what one would refuse is no run.

A request that an honest server answers in a run is made of the fields that the run draws of it and nothing else, and
handed to that server as conformance plays it. Requests of kinds that nobody plays are passed over: pushed ones and
references to them, refreshing, exchanges, assertions, and calls with somebody else's proof or certificate.

Run as a program it is the runner of :mod:`benchmarks._relations`, with this among its readings::

    python -m benchmarks.relations --seed 1 --seconds 600
"""

import secrets
import sys
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from benchmarks import _relations as relations
from benchmarks._relations import reading
from conformance.authorization_server import AuthorizationServer, RefusedRequest
from conformance.message import WireMessage, WireRequest
from conformance.proof import s256
from conformance.resource_server import ResourceServer
from model.design import Design
from model.logic import decided
from model.messages import (
    AuthorizationRequest,
    AuthorizationResponse,
    ClientAuthentication,
    ResourceRequest,
    ResourceResponse,
    Sent,
    TokenExchange,
    TokenRequest,
    TokenResponse,
)
from model.readings import published
from model.registration import registered
from model.scenario import Scenario, load
from model.trace import Trace
from model.wire import Scene, scenes
from model.world import AUTHORIZATION_SERVER, NONE, RESOURCE_SERVER, Party, World, callbacks

#: Values of switches by which messages or answers take a form that nobody plays.
UNPLAYED = {
    "pkce": ("plain",), "cimd_redirect_check": ("prefix", "pattern"), "token_fmt": ("opaque",), "mtls": ("bound",),
    "rs_attestation": ("any", "own", "client"), "dpop_replay": ("nonce",), "protocol": ("aauth",),
    "rs_trust": ("federation", "published"),
}  # fmt: skip
#: A scenario in which nothing is special.
PLAIN = "R01_exact"


class Replay:
    """A run, replayed as far as its messages are of kinds that are played."""

    def __init__(self, trace: Trace, world: World) -> None:
        self.trace, self.world = trace, world
        self.asked: dict[str, list[Sent]] = {}
        self.codes: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.keys: dict[str, ECKey] = {}
        honest = (party for party in world.honest_servers)
        self.servers = {party.name: AuthorizationServer(party.name, party.url, self._design(party)) for party in honest}

    def _design(self, party: Party) -> Design:
        """The switches of a party, as one that is played has them."""
        design = self.trace.configuration.design
        own = {name: value for (whose, name), value in design.parties.items() if whose == party.name}
        return Design({**design, **party.settings, **own}, model=design.model)

    @cached_property
    def scenario(self) -> Scenario:
        """What played servers are told that is about none of this."""
        return load(PLAIN)

    def refused(self) -> Iterator[tuple[str, str]]:
        """The messages that a played server refuses, with the rule."""
        for scene in scenes(self.trace):
            for sent in (sent for sent in scene.move.sends if sent.when is True):
                found = self._take(scene, sent)
                if found:
                    yield type(sent.message).__name__, found

    def _party(self, at: object, role: str) -> Party | None:
        return next((p for p in self.world.of(role) if p.honest and at in (p.name, p.url)), None)

    def _take(self, scene: Scene, sent: Sent) -> str:
        """Play the request that a message answers; why that is refused, if it is."""
        message = sent.message
        server = self._party(sent.sender, AUTHORIZATION_SERVER)
        if isinstance(message, AuthorizationRequest | TokenRequest | TokenExchange | ResourceRequest):
            at = self._party(sent.receiver, AUTHORIZATION_SERVER) or self._party(sent.receiver, RESOURCE_SERVER)
            self.asked.setdefault(at.name if at else NONE, []).append(sent)
        elif isinstance(message, AuthorizationResponse) and server is not None and message.code != NONE:
            return self._authorize(scene, server, message)
        elif isinstance(message, TokenResponse) and server is not None:
            return self._token(server, sent)
        elif isinstance(message, ResourceResponse) and (resource := self._party(sent.sender, RESOURCE_SERVER)):
            return self._serve(scene, resource)
        return ""

    def _last(self, party: Party, kind: type[Any]) -> Any:
        """The last request of a kind that a party has got."""
        return next((s.message for s in reversed(self.asked.get(party.name, ())) if isinstance(s.message, kind)), None)

    def _request(self, party: Party, path: str, form: dict[str, object], key: object = NONE) -> WireRequest:
        """A request with those of some parameters that are there."""
        url = f"{party.url}{path}"
        headers = {} if key == NONE else {"dpop": self._proof(str(key), "POST", url)}
        fields = tuple((name, str(value)) for name, value in form.items() if value != NONE)
        return WireRequest(party.name, "POST", url, headers, "", fields)

    def _key(self, name: str) -> ECKey:
        return self.keys.setdefault(name, ECKey.generate_key("P-256", auto_kid=True))

    def _proof(self, name: str, method: str, url: str, token: str = "") -> str:
        key = self._key(name)
        head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
        claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time())}
        return jwt.encode(head, {**claims, **({"ath": s256(token)} if token else {})}, key)

    def _authorize(self, scene: Scene, server: Party, answer: AuthorizationResponse) -> str:
        asked = self._last(server, AuthorizationRequest)
        if asked is None or asked.request_uri != NONE or asked.state != answer.state:
            return ""  # it refers to what was pushed
        played, known = self.servers[server.name], dict[str, list[str]]()
        uris = {uri for client in self.world.clients for uri in callbacks(self.world, client)} | {
            str(asked.redirect_uri)
        }
        there = [uri for uri in uris if registered(scene.context, server, asked.client_id, uri)]
        played.documents = {**known, **({asked.client_id: there} if there else {})}
        form = {
            "response_type": "code",
            "client_id": asked.client_id,
            "redirect_uri": asked.redirect_uri,
            "state": asked.state,
            "code_challenge": NONE if asked.code_challenge == NONE else s256(str(asked.code_challenge)),
            "dpop_jkt": NONE if asked.dpop_jkt == NONE else self._key(str(asked.dpop_jkt)).thumbprint(),
            "resource": asked.resource,
        }
        said = played.authorize(self._request(server, "/authorize", form), self.scenario)
        if "code" in said.fields:
            self.codes[str(answer.code)] = said.fields["code"]
        return _error(said)

    def _token(self, server: Party, sent: Sent) -> str:
        answer, asked = sent.message, self._last(server, ClientAuthentication)
        assert isinstance(answer, TokenResponse)
        if (
            not isinstance(asked, TokenRequest)
            or asked.grant_type != "authorization_code"
            or asked.code not in self.codes
        ):
            return ""
        played = self.servers[server.name]
        played.answers_proofs = True
        form: dict[str, object] = {
            "grant_type": "authorization_code",
            "client_id": asked.client_id,
            "code": self.codes[str(asked.code)],
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.code_verifier,
            "resource": asked.resource,
        }
        said = played.token(self._request(server, "/token", form, asked.proof_key), self.scenario)
        if "access_token" in said.fields:
            self.tokens[str(answer.access_token)] = said.fields["access_token"]
        return _error(said)

    def _serve(self, scene: Scene, party: Party) -> str:
        asked = self._last(party, ResourceRequest)
        lent = asked is not None and (asked.dpop != NONE and "@captured" in str(asked.dpop))
        if asked is None or lent or asked.access_token not in self.tokens:
            return ""
        token, bound = self.tokens[asked.access_token], asked.proof_key != NONE
        headers = {"authorization": f"{'DPoP' if bound else 'Bearer'} {token}"}
        if bound:
            headers["dpop"] = self._proof(str(asked.proof_key), str(asked.method), party.url, token)
        servers = [played for name, played in self.servers.items() if name in party.trusts]
        played = ResourceServer(self._design(party), servers)
        own = decided(published(scene.context, party.url))
        try:
            played.check(
                WireRequest(party.name, str(asked.method), party.url, headers, "", ()), party.url, (party.url, own)
            )
        except RefusedRequest as refused:
            return str(refused)
        return ""


def _error(said: WireMessage) -> str:
    return str(said.fields.get("error_description", "")) if "error" in said.fields else ""


@reading
def played_servers_take_it(trace: Trace, world: World) -> Iterator[tuple[str, str]]:
    """Each request of a run that a server answers is one that the server, played with what is drawn, answers."""
    design = trace.configuration.design
    every = {**design, **{name: value for (_, name), value in design.parties.items()}}
    if not any(every[name] in values for name, values in UNPLAYED.items()):
        for message, rule in Replay(trace, world).refused():
            yield "", f"{message} is refused by {rule}"


if __name__ == "__main__":
    sys.exit(relations.main())
