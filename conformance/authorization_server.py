"""An authorization server as the model plays it: the rules decide, this module only carries values to them.

What a rule asks in terms of the model's world (is this redirect URI the client's?) is asked with the names that the
parties have there; what it compares (verifiers, keys, resources) it is given as it came over the wire.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from conformance.message import Asked, Message
from conformance.proof import Proof, read_proof
from model import authorization_server as rules
from model.client import NONE
from model.design import Design
from model.rule import Condition
from model.world import ATTACKER_CALLBACK, CALLBACK, CLIENT, CLIENT_UNKNOWN, CRM, DEFAULT_AUDIENCE

LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for."""

    client_id: str
    redirect_uri: str
    challenge: str
    resources: tuple[str, ...]
    scope: str
    key: str


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that a rule refuses; ``error`` is the code that RFC 6749 gives it."""

    error: str
    rule: str

    def fields(self) -> dict[str, str]:
        """The members of an error response."""
        return {"error": self.error, "error_description": self.rule}


def demand(error: str, *conditions: Condition) -> None:
    """Raise a refusal in the name of the first rule that does not hold."""
    for condition in conditions:
        if not condition.holds:
            raise Refusal(error, condition.rule.name)


@dataclass(slots=True)
class AuthorizationServer:
    """One authorization server.

    Attributes:
        name: the party.
        issuer: its issuer identifier.
        origin: where its endpoints are.
        design: the switches it obeys.
        documents: redirect URIs by the URL of a client metadata document.
        honest: the authorization server that an attacker's passes codes and registrations on to, if it is one.
    """

    name: str
    issuer: str
    origin: str
    design: Design
    documents: dict[str, list[str]] = field(default_factory=dict)
    honest: AuthorizationServer | None = None
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    clients: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    issued: dict[str, Grant] = field(default_factory=dict)
    refreshable: dict[str, Grant] = field(default_factory=dict)

    def metadata(self) -> Message:
        """Its metadata (RFC 8414 2)."""
        fields: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "registration_endpoint": f"{self.origin}/register",
            "jwks_uri": f"{self.origin}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["tools"],
        }
        if self.design.h_iss == "yes":
            fields["authorization_response_iss_parameter_supported"] = True
        if self.design.as_dpop == "honor":
            fields["dpop_signing_alg_values_supported"] = ["ES256", "EdDSA", "RS256"]
        return Message("server_metadata", fields)

    def keys(self) -> Message:
        """Its public keys (RFC 7517 5)."""
        return Message("keys", {"keys": [self.key.as_dict(private=False)]})

    def register(self, asked: Asked) -> Message:
        """Dynamic registration, open to all (RFC 7591 3).

        An attacker's server hands out an identifier that it has obtained at the honest one, which is no secret.
        """
        wanted = asked.json() if isinstance(asked.json(), dict) else {}
        redirects = wanted.get("redirect_uris", [])
        if not isinstance(redirects, list) or not redirects:
            return Message("registration_response", {"error": "invalid_redirect_uri"}, 400)
        client_id = f"client-{secrets.token_hex(6)}"
        for server in (self, self.honest):
            if server is not None:
                server.clients[client_id] = list(map(str, redirects))
        kept = {name: value for name, value in wanted.items() if name not in ("software_statement", "client_secret")}
        made = {"client_id": client_id, "client_id_issued_at": int(time.time())}
        return Message("registration_response", {**kept, **made, "token_endpoint_auth_method": "none"}, 201)

    def authorize(self, asked: Asked) -> Message:
        """The authorization response to a request that the user approves (RFC 6749 4.1.2)."""
        redirect = asked.value("redirect_uri")
        known = {**self.clients, **self.documents}.get(asked.value("client_id"))
        client = CLIENT_UNKNOWN if known is None else CLIENT
        registered = CALLBACK if redirect in (known or ()) else ATTACKER_CALLBACK
        answer = Message("authorization_response", {}, 302, target=redirect)
        try:
            demand("invalid_request", rules.redirect_uri_is_registered(self._registering(), client, registered))
        except Refusal as refused:  # never back to a redirect URI that is not the client's (RFC 6749 4.1.2.1)
            return Message("authorization_response", refused.fields(), 400)
        state = {"state": asked.value("state")} if asked.value("state") else {}
        iss = {"iss": self.issuer} if self.design.h_iss == "yes" else {}
        try:
            challenge = asked.value("code_challenge") or NONE
            demand("invalid_request", rules.challenge_is_present(self.design, challenge))
            resources = tuple(asked.values("resource"))
            self._accept(resources)
        except Refusal as refused:
            return answer.but(**refused.fields(), **state, **iss)
        code = secrets.token_urlsafe(24)
        jkt = asked.value("dpop_jkt") or NONE
        self.codes[code] = Grant(
            asked.value("client_id"), redirect, challenge, resources, asked.value("scope") or "tools", jkt
        )
        return answer.but(code=code, **state, **iss)

    def token(self, asked: Asked) -> Message:
        """The token response (RFC 6749 5)."""
        try:
            proof = read_proof(asked) if self.design.as_dpop == "honor" else None
            return self._granted(asked, self._redeem(asked, proof), proof)
        except Refusal as refused:
            return Message("token_response", refused.fields(), 400)

    def _redeem(self, asked: Asked, proof: Proof | None) -> Grant:
        if asked.value("grant_type") == "refresh_token":
            grant = self.refreshable.get(asked.value("refresh_token"))
            if grant is None:
                raise Refusal("invalid_grant", "authorization_server.refresh_token_is_known")
            return grant
        code = asked.value("code")
        if self.honest is not None and code in self.honest.codes:
            return self.honest._redeem(asked, None)
        grant = self.codes.pop(code, None)
        if grant is None:
            raise Refusal("invalid_grant", "authorization_server.code_is_known")
        verifier = asked.value("code_verifier")
        demand(
            "invalid_grant",
            rules.code_was_issued_to_client(grant.client_id, asked.value("client_id") or grant.client_id),
            rules.redirect_uri_is_the_same(grant.redirect_uri, asked.value("redirect_uri")),
            rules.verifier_matches_challenge(self.design, grant.challenge, s256(verifier) if verifier else NONE),
            rules.proof_key_matches_request(grant.key, NONE if proof is None else proof.thumbprint),
        )
        return grant

    def _granted(self, asked: Asked, grant: Grant, proof: Proof | None) -> Message:
        wanted = tuple(asked.values("resource")) or grant.resources
        granted = grant.resources or (NONE,)
        for resource in asked.values("resource"):
            named = resource if resource not in granted else granted[0]
            demand("invalid_target", rules.resource_is_within_grant(self.design, granted[0], named))
        self._accept(wanted)
        if self.honest is not None and self.honest.issued is not self.issued and asked.value("code"):
            server = self.honest  # the attacker has redeemed the code, and hands its token on
        else:
            server = self
        requested = wanted or (NONE,)
        audience = [bound for one in requested if (bound := rules.bound_resource(self.design, one)) != NONE]
        if any(rules.has_default_audience(self.design, one) for one in requested):
            audience.append(DEFAULT_AUDIENCE)
        token = server.mint(audience, grant, "" if proof is None else proof.thumbprint)
        refresh = secrets.token_urlsafe(24)
        self.refreshable[refresh] = grant
        answer = Message("token_response", {
            "access_token": token, "token_type": "Bearer" if proof is None else "DPoP", "expires_in": LIFETIME,
            "refresh_token": refresh, "scope": grant.scope,
        }, headers={"Cache-Control": "no-store"})  # fmt: skip
        if rules.echo_is_present(self.design, requested[0]):
            answer = answer.but(resource=audience[0] if len(audience) == 1 else audience)
        return answer

    def mint(self, audience: list[str], grant: Grant, thumbprint: str = "") -> str:
        """A signed access token (RFC 9068 2)."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": "user", "aud": audience, "client_id": grant.client_id, "scope": grant.scope,
            "iat": now, "exp": now + LIFETIME, "jti": secrets.token_urlsafe(9),
        }  # fmt: skip
        if thumbprint:
            claims["cnf"] = {"jkt": thumbprint}
        token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}, claims, self.key)
        self.issued[token] = grant
        return token

    def _accept(self, resources: Iterable[str]) -> None:
        for resource in resources:
            demand("invalid_target", rules.resource_is_acceptable(self.design, self._resource(resource)))

    def _resource(self, resource: str) -> str:
        # The honest server knows the resources that exist here, as the model's knows the CRM.
        return CRM if resource else NONE

    def _registering(self) -> Design:
        return self.design.but(reg="dcr")


def s256(verifier: str) -> str:
    """The code challenge of a verifier (RFC 7636 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
