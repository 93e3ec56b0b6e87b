"""A resource server as the model plays it: it challenges, and checks tokens by the rules."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from conformance.authorization_server import AuthorizationServer, Refusal, demand
from conformance.message import Asked, Message
from conformance.proof import read_proof, token_hash
from model import guards, identifiers
from model.design import Design
from model.guards import ask
from model.scenario import Scenario
from model.world import DEFAULT_AUDIENCE, NONE

NO_SUCH_METHOD = {"code": -32601, "message": "Method not found"}
#: A token may be as long as the longest scope that a scenario has.
_LONG_TOKENS = JWSRegistry(algorithms=["ES256"])
_LONG_TOKENS.max_payload_length = 1 << 20


@dataclass(slots=True)
class ResourceServer:
    """One resource server, with one MCP resource at one URL.

    Attributes:
        design: the switches it obeys.
        servers: the authorization servers there are; its policy takes tokens of each.
        served: tokens with which a call was served.
        accepted: how many calls were served.
    """

    design: Design
    servers: list[AuthorizationServer]
    served: set[str] = field(default_factory=set)
    accepted: int = 0

    def serve(self, asked: Asked, scenario: Scenario) -> Message:
        """The answer to a request for the resource (RFC 9728 5.1, RFC 6750 3)."""
        challenge = Message("challenge", dict(scenario.challenge), 401)
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if not token:
            return challenge
        answer, is_call = scenario.answer, "id" in asked.json()
        if is_call and answer["status"] >= 400 and (token in self.served or not self.served):
            refusal = {"error": answer["error"]} if "error" in answer else {}
            return Message("challenge", {**challenge.fields, **refusal}, answer["status"])
        try:
            self.check(asked, scenario.url, (scenario.url, *identifiers_of(scenario)), scheme, token)
        except Refusal as refused:
            status = 403 if refused.error == "insufficient_audience" else 401
            return Message("challenge", {**challenge.fields, **refused.fields()}, status)
        said = protocol_answer(asked)
        if is_call and "result" in said.fields:
            self.served.add(token)
            self.accepted += 1
        return said

    def check(self, asked: Asked, url: str, identifiers: tuple[str, ...], scheme: str, token: str) -> None:
        """Raise a refusal where a rule refuses a token at a URL that goes by these identifiers."""
        claims, signer = self._verified(token)
        proof = read_proof(asked)
        bound = claims.get("cnf", {}).get("jkt", NONE)
        issuers = [server.origin for server in self.servers]
        known = claims["iss"] in issuers
        presented = proof.thumbprint if proof and proof.token_hash == token_hash(token) else NONE
        named = [value for value in claims["aud"] if value != DEFAULT_AUDIENCE] or [NONE]
        # It goes by several identifiers, and a token may have several audiences: one of each has to agree.
        readings = [
            tuple(ask(
                (*guards.ACCESS_TOKEN, *guards.VALIDITY, *guards.POSSESSION), design=self.design, on_list=known,
                chained=known, published=known, looks_known=known, shares_origin=known,
                by_issuer=claims["iss"] == signer, signer_listed=signer in issuers,
                identifier=own, url=url, audience=value, has_default=DEFAULT_AUDIENCE in claims["aud"],
                key=bound if scheme.lower() == "dpop" else NONE, own=bound in (NONE, presented), for_this=False,
                for_another=False, certificate=NONE, presented=NONE, used=False,
            ))
            for value in named
            for own in identifiers
        ]  # fmt: skip
        agreed = (reading for reading in readings if all(condition.holds for condition in reading))
        demand(next(agreed, readings[0]), "invalid_token")

    def _verified(self, token: str) -> tuple[dict[str, Any], str]:
        for server in self.servers:
            try:
                return dict(jwt.decode(token, server.key, registry=_LONG_TOKENS).claims), server.origin
            except (JoseError, ValueError):
                continue
        raise Refusal("invalid_token", "resource_server.signature_is_by_issuer")


def identifiers_of(scenario: Scenario) -> set[str]:
    """The identifiers that the resource server goes by: as it publishes them, as URL parsers write them, and an origin
    without its slash (RFC 3986 6.2.3)."""
    published = {str(one.body["resource"]) for one in scenario.documents.values() if "resource" in one.body}
    rewritten = set()
    for resource in published:
        with suppress(identifiers.MalformedURLError):
            rewritten.add(identifiers.href(resource))
    origins = {text.removesuffix("/") for text in published if text.count("/") == 3}
    return published | rewritten | origins


def protocol_answer(asked: Asked) -> Message:
    """What an MCP server says to a request it accepts: enough for a client to call it a success.

    Newer clients ask first for methods that it does not know, and go on from the error (JSON-RPC 2.0 5.1).
    """
    sent = asked.json()
    if "id" not in sent:  # a notification, or a GET for a stream that this server does not offer
        return Message("acknowledgement", {}, 202 if asked.method == "POST" else 405)
    parameters = sent.get("params")
    version = parameters.get("protocolVersion") if isinstance(parameters, dict) else None
    results: dict[str, Any] = {
        "initialize": {
            "protocolVersion": version or "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "openworld", "version": "1"},
        },
        "tools/list": {"tools": []},
        "ping": {},
    }
    method = str(sent.get("method"))
    known = {"result": results[method]} if method in results else {"error": NO_SUCH_METHOD}
    return Message("resource_response", {"jsonrpc": "2.0", "id": sent["id"], **known})
