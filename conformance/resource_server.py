"""A resource server as the model plays it: it challenges, publishes its metadata and checks tokens by the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from conformance.authorization_server import AuthorizationServer, Refusal, demand
from conformance.message import Asked, Message
from conformance.proof import read_proof, token_hash
from model import identifiers
from model import resource_server as rules
from model.client import NONE
from model.design import Design
from model.world import ATTACKER_AS, DEFAULT_AUDIENCE, HONEST_AS


@dataclass(slots=True)
class ResourceServer:
    """One resource server, with one MCP resource at one URL.

    Attributes:
        url: where the resource is.
        resource: the identifier that it publishes.
        own: identifiers that it goes by; it expects one of them as an audience.
        servers: the authorization servers there are, by issuer; it trusts those its policy names.
    """

    name: str
    url: str
    resource: str
    listed: list[str]
    design: Design
    servers: list[AuthorizationServer] = field(default_factory=list)
    own: tuple[str, ...] = ()
    accepted: int = 0

    def metadata(self) -> Message:
        """Its metadata (RFC 9728 2)."""
        fields: dict[str, Any] = {
            "resource": self.resource,
            "authorization_servers": self.listed,
            "scopes_supported": ["tools"],
            "bearer_methods_supported": ["header"],
        }
        if self.design.r_requires_dpop == "yes":
            fields["dpop_bound_access_tokens_required"] = True
        return Message("resource_metadata", fields)

    def metadata_url(self) -> str:
        """Where that is, built from its URL."""
        return identifiers.well_known_protected_resource(self.url)

    def challenge(self, error: str = "", status: int = 401) -> Message:
        """The answer to a request without a good token (RFC 9728 5.1, RFC 6750 3)."""
        fields = {"scheme": "DPoP" if self.design.r_requires_dpop == "yes" else "Bearer"}
        if error:
            fields["error"] = error
        return Message("challenge", {**fields, "resource_metadata": self.metadata_url()}, status)

    def serve(self, asked: Asked) -> Message:
        """The answer to a request for the resource."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if not token:
            return self.challenge()
        try:
            self._check(asked, scheme, token)
        except Refusal as refused:
            status = 403 if refused.error == "wrong_audience" else 401
            return self.challenge("invalid_token", status).but(error_description=refused.rule)
        self.accepted += 1
        return protocol_answer(asked)

    def _check(self, asked: Asked, scheme: str, token: str) -> None:
        claims, signer = self._verified(token)
        proof = read_proof(asked)
        bound = claims.get("cnf", {}).get("jkt", NONE)
        presented = proof.thumbprint if proof and proof.token_hash == token_hash(token) else NONE
        demand(
            "invalid_token",
            rules.issuer_is_accepted(self.design, self._policy_name(claims["iss"])),
            rules.signature_is_by_issuer(self.design, claims["iss"], signer),
            rules.scheme_is_acceptable(self.design, bound if scheme.lower() == "dpop" else NONE),
            rules.proof_is_by_bound_key(self.design, bound, presented, NONE, asked.url),
        )
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        named = [value for value in audience if value != DEFAULT_AUDIENCE] or [NONE]
        has_default = DEFAULT_AUDIENCE in audience
        checks = [
            rules.audience_is_this_resource(self.design, own, self.url, value, has_default)
            for value in named
            for own in (self.resource, *self.own)
        ]
        demand("wrong_audience", next((check for check in checks if check.holds), checks[0]))

    def _verified(self, token: str) -> tuple[dict[str, Any], str]:
        for server in self.servers:
            try:
                return dict(jwt.decode(token, server.key, algorithms=["ES256"]).claims), server.issuer
            except (JoseError, ValueError):
                continue
        raise Refusal("invalid_token", "resource_server.signature_is_by_issuer")

    def _policy_name(self, issuer: str) -> str:
        # The model's resource server lists the honest AS; here that is whatever the metadata lists.
        return HONEST_AS if issuer in self.listed else ATTACKER_AS


def protocol_answer(asked: Asked) -> Message:
    """What an MCP server says to a request it accepts: enough for a client to call it a success."""
    sent = asked.json()
    sent = sent if isinstance(sent, dict) else {}
    if "id" not in sent:  # a notification, or a GET for a stream that this server does not offer
        return Message("resource_response", {}, 202 if asked.method == "POST" else 405)
    parameters = sent.get("params") if isinstance(sent.get("params"), dict) else {}
    results: dict[str, Any] = {
        "initialize": {
            "protocolVersion": (parameters or {}).get("protocolVersion", "2025-06-18"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "openworld", "version": "1"},
        },
        "tools/list": {"tools": []},
    }
    result = results.get(str(sent.get("method")), {})
    return Message("resource_response", {"jsonrpc": "2.0", "id": sent["id"], "result": result})
