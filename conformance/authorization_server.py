"""An authorization server as the model plays it: the rules decide, this module only carries values to them.

What is asked of a request, in which order, are the guards of the model. What a rule asks in terms of the model's world
(is this redirect URI the client's?) is asked with the names that the parties have there; what it compares (verifiers,
keys, resources) it is given as it came over the wire.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey

from conformance.message import WireMessage, WireRequest
from conformance.proof import Proof, read_proof, s256
from model import authorization_server as rules
from model import guards
from model.design import Design
from model.logic import decided, same
from model.rule import Named
from model.scenario import Scenario
from model.world import ATTACKER, DEFAULT_AUDIENCE, NONE

LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class IssuedGrant:
    """What a code stands for; ``subject`` is who approved it, ``act`` the session at the client that asked for it."""

    client: str
    redirect: str
    challenge: str
    resources: tuple[str, ...]
    scope: str
    key: str
    subject: str = "user"
    act: int = 0


class RefusedRequest(Exception):  # noqa: N818 (what RFC 6749 calls an error response)
    """A request that a rule refuses; ``error`` is the code that the specification gives it."""

    def __init__(self, error: str, rule: str) -> None:
        super().__init__(f"{error}: {rule}")
        self.error, self.rule = error, rule

    def fields(self) -> dict[str, str]:
        """The members of an error response."""
        return {"error": self.error, "error_description": self.rule}


#: The error for a request that a rule refuses, where it is not that it is invalid (RFC 6749 5.2, RFC 8707 2).
ERRORS = {
    "authorization_server.client_is_authenticated": "invalid_client",
    "authorization_server.assertion_names_this_server": "invalid_client",
    "authorization_server.client_keys_are_current": "invalid_client",
    "authorization_server.attester_is_endorsed": "invalid_client",
    "authorization_server.code_was_issued_to_client": "invalid_grant",
    "authorization_server.redirect_uri_is_the_same": "invalid_grant",
    "authorization_server.verifier_matches_challenge": "invalid_grant",
    "authorization_server.proof_key_matches_request": "invalid_grant",
    "authorization_server.resource_is_within_grant": "invalid_target",
    "authorization_server.resource_is_acceptable": "invalid_target",
    "resource_server.audience_is_this_resource": "insufficient_audience",
}


def demand(conditions: Iterable[Named], otherwise: str = "invalid_request") -> None:
    """Raise a refusal in the name of the first rule that does not hold."""
    for condition in conditions:
        if not condition.holds:
            raise RefusedRequest(ERRORS.get(condition.rule.name, otherwise), condition.rule.name)


@dataclass(slots=True)
class AuthorizationServer:
    """One authorization server.

    Attributes:
        name: the party.
        origin: where its endpoints are.
        design: the switches it obeys.
        documents: redirect URIs by the URL of a client metadata document.
        honest: the authorization server that an attacker's passes codes and registrations on to, if it is one.
        granted: every grant by its code; ``redeemed``: the codes that have come already.
        wishes: what an attacker's asks a token for beside what the client wants.
        answers_proofs: whether a client that makes proofs is given DPoP tokens, whatever a scenario has it answered.
    """

    name: str
    origin: str
    design: Design
    documents: Mapping[str, list[str]] = field(default_factory=dict)
    honest: AuthorizationServer | None = None
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    clients: dict[str, list[str]] = field(default_factory=dict)
    granted: dict[str, IssuedGrant] = field(default_factory=dict)
    redeemed: set[str] = field(default_factory=set)
    tokens: dict[str, IssuedGrant] = field(default_factory=dict)
    audiences: dict[str, list[str]] = field(default_factory=dict)
    refreshable: dict[str, IssuedGrant] = field(default_factory=dict)
    own_verifier: str = ""
    wishes: tuple[str, ...] = ()
    answers_proofs: bool = False

    def register(self, asked: WireRequest) -> WireMessage:
        """Dynamic registration, open to all (RFC 7591 3).

        An attacker's server hands out an identifier that it has obtained at the honest one, which is no secret. Who
        registers the same redirect URIs again, as each session does that starts with nothing, is the same client.
        """
        wanted = asked.json()
        redirects = wanted.get("redirect_uris")
        if not isinstance(redirects, list) or not redirects:
            return WireMessage("registration_response", {"error": "invalid_redirect_uri"}, 400)
        known = (name for name, uris in self.clients.items() if uris == list(map(str, redirects)))
        client_id = next(known, f"client-{secrets.token_hex(6)}")
        for server in (self, self.honest):
            if server is not None:
                server.clients[client_id] = list(map(str, redirects))
        made = {"client_id": client_id, "client_id_issued_at": int(time.time()), "token_endpoint_auth_method": "none"}
        return WireMessage("registration_response", {**wanted, **made}, 201)

    def authorize(self, asked: WireRequest, scenario: Scenario) -> WireMessage:
        """The authorization response to a request that the user approves (RFC 6749 4.1.2)."""
        redirect = asked.value("redirect_uri")
        known = {**self.clients, **self.documents}.get(asked.value("client_id"))
        if self.honest is not None:  # an attacker's takes anybody who comes
            known = known or [redirect]
        registered = redirect in (known or ())
        try:
            demand(guards.redirection(self.design, registered=registered, known=known is not None))
        except RefusedRequest as refused:  # never back to a redirect URI that is not the client's (RFC 6749 4.1.2.1)
            return WireMessage("authorization_response", refused.fields(), 400)
        answer = WireMessage("authorization_response", {}, 302, target=redirect)
        # The other one has the same alphabet in every run: a client may treat some characters differently.
        returned = {"returned": asked.value("state"), "other": secrets.token_hex(12)}
        state = returned.get(scenario.authorization_response["state"], "")
        common = {**({"state": state} if state else {})}
        if self.origin in scenario.iss:
            common["iss"] = scenario.iss[self.origin]
        try:
            grant = self._requested(asked, scenario)
        except RefusedRequest as refused:
            return answer.but(**refused.fields(), **common)
        code = secrets.token_urlsafe(24)
        self.granted[code] = grant
        return answer.but(code=code, **common)

    def assign(self, code: str, subject: str, act: int) -> None:
        """Say of a grant who approved it, and in which session at the client that was."""
        grant = replace(self.granted[code], subject=subject, act=act)
        self.granted[code] = grant

    def bounce(self, asked: WireRequest, own: bool) -> WireMessage:
        """The attacker sends the browser on to the honest server, with the challenge it got or one of its ``own``."""
        assert self.honest is not None
        kept = {name: asked.value(name) for name in ("response_type", "client_id", "redirect_uri", "state")}
        challenge = asked.value("code_challenge")
        if own:
            self.own_verifier = secrets.token_urlsafe(48)
            challenge = s256(self.own_verifier)
        fields = {**kept, "code_challenge": challenge, "code_challenge_method": "S256"}
        return WireMessage("bounce", fields, 302, target=f"{self.honest.origin}/authorize")

    def approve(self, asked: WireRequest, scenario: Scenario, spliced: bool = True) -> tuple[WireRequest, WireMessage]:
        """The attacker approves the client's request here, with an account of its own: what it asks, and the answer.

        It asks with the challenge of the user's session (``spliced``), or as if it were another client without one.
        """
        kept = ["response_type", "client_id", "redirect_uri"]
        kept += ["state", "code_challenge", "code_challenge_method"] if spliced else []
        form = tuple((name, asked.value(name)) for name in kept)
        if not spliced and self.design.pkce_as == "required":
            form = (*form, ("code_challenge", s256(secrets.token_urlsafe(48))), ("code_challenge_method", "S256"))
        request = replace(asked, party=self.name, form=form, url=f"{self.origin}/authorize?{urlencode(form)}")
        answer = self.authorize(request, scenario)
        if "code" in answer.fields:
            self.assign(answer.fields["code"], ATTACKER, -1)
        return request, answer

    def _requested(self, asked: WireRequest, scenario: Scenario) -> IssuedGrant:
        error, refused = scenario.authorization_response.get("error"), scenario.authorization_response.get("refuses")
        if error and all(asked.value(name) for name in refused or ()):
            raise RefusedRequest(error, f"refuses {' and '.join(refused or ())}")
        if self.honest is None and not asked.value("response_type"):
            raise RefusedRequest("invalid_request", "response_type is missing (RFC 6749 3.1.1)")
        challenge = asked.value("code_challenge") or NONE
        resources = tuple(asked.values("resource"))
        # It takes requests as they come, for any resource, and asks its user each time.
        for resource in resources or (NONE,):
            demand(
                guards.authorization_request(
                    self.design,
                    pushed=False,
                    challenge=challenge,
                    requested=resource,
                    listed=True,
                    shown=True,
                    reused=False,
                    unasked=False,
                    within=True,
                    apart=False,
                )
            )
        return IssuedGrant(
            asked.value("client_id"),
            asked.value("redirect_uri"),
            challenge,
            resources,
            asked.value("scope") or "read",
            asked.value("dpop_jkt") or NONE,
        )

    def token(self, asked: WireRequest, scenario: Scenario) -> WireMessage:
        """The token response (RFC 6749 5)."""
        stated = dict(scenario.token_response)
        try:
            if "error" in stated:
                raise RefusedRequest(stated["error"], "refuses every token request")
            proof = read_proof(asked)
            server, grant = self._redeemed(asked, proof)
            if self.answers_proofs and proof is not None and same(self.design.as_dpop, "honor"):
                stated["token_type"] = "DPoP"
            bound = proof if stated.get("token_type") == "DPoP" else None
            return self._granted(asked, server, grant, bound, stated)
        except RefusedRequest as refused:
            return WireMessage("token_response", refused.fields(), 400)

    def _redeemed(self, asked: WireRequest, proof: Proof | None) -> tuple[AuthorizationServer, IssuedGrant]:
        """The grant that a token request redeems, and the server whose it is."""
        given = asked.value("refresh_token") if asked.value("grant_type") == "refresh_token" else ""
        if given:
            for server in (self, self.honest):
                if server is not None and given in server.refreshable:
                    return server, server.refreshable[given]
            raise RefusedRequest("invalid_grant", "authorization_server.refresh_token_is_known")
        code = asked.value("code")
        if self.honest is not None and code in self.honest.granted:
            verifier = self.own_verifier or asked.value("code_verifier")
            form = [pair for pair in asked.form if pair[0] != "code_verifier"]
            # The attacker redeems the code that it was sent.
            return self.honest._redeemed(replace(asked, form=(*form, ("code_verifier", verifier))), None)
        grant = self.granted.get(code)
        if grant is None:
            raise RefusedRequest("invalid_grant", "authorization_server.code_is_known")
        reused = code in self.redeemed
        self.redeemed.add(code)
        verifier = asked.value("code_verifier")
        # Its clients are public ones.
        demand(
            guards.authentication(
                self.design,
                self.design,
                endpoint="token",
                registered=True,
                genuine=True,
                secret=False,
                assertion=False,
                certified=True,
                named=True,
                **guards.OWN_CREDENTIALS,
            )
        )
        demand(
            guards.code(
                self.design,
                code_client=grant.client,
                client=asked.value("client_id") or grant.client,
                code_redirect=grant.redirect,
                redirect=asked.value("redirect_uri"),
                challenge=grant.challenge,
                verifier=s256(verifier) if verifier else NONE,
                code_key=grant.key,
                key=NONE if proof is None else proof.thumbprint,
                reused=reused,
            )
        )
        return self, grant

    def _granted(
        self,
        asked: WireRequest,
        server: AuthorizationServer,
        grant: IssuedGrant,
        proof: Proof | None,
        stated: dict[str, Any],
    ) -> WireMessage:
        wanted = asked.values("resource") or list(grant.resources)
        for resource in wanted:
            demand(self._grants(grant, resource, proof))
        wishes = [wish for wish in self.wishes if all(one.holds for one in self._grants(grant, wish, proof))]
        requested = [*wanted, *wishes] or [NONE]
        audience = [bound for one in requested if (bound := decided(rules.bound_resource(self.design, one))) != NONE]
        if any(rules.has_default_audience(self.design, one) for one in requested):
            audience.append(DEFAULT_AUDIENCE)
        token = server.mint(audience, grant, "" if proof is None else proof.thumbprint)
        if stated.get("refresh_token") == "issued":
            stated["refresh_token"] = secrets.token_urlsafe(24)
            self.refreshable[stated["refresh_token"]] = grant
        fields = {"access_token": token, "expires_in": LIFETIME, "scope": grant.scope, **stated}
        return WireMessage("token_response", fields, headers={"Cache-Control": "no-store"})

    def _grants(self, grant: IssuedGrant, resource: str, proof: Proof | None) -> tuple[Named, ...]:
        """What is asked of a token request for a resource."""
        granted = resource if resource in grant.resources else (*grant.resources, NONE)[0]
        return tuple(
            guards.token_request(
                self.design,
                granted=granted,
                requested=resource,
                listed=True,
                proven=proof is not None,
                promised=False,
                elsewhere=False,
            )
        )

    def mint(self, audience: list[str], grant: IssuedGrant, thumbprint: str = "") -> str:
        """A signed access token (RFC 9068 2)."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.origin,
            "sub": grant.subject,
            "aud": audience,
            "client_id": grant.client,
            "scope": grant.scope,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_urlsafe(9),
        }
        if thumbprint:
            claims["cnf"] = {"jkt": thumbprint}
        token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}, claims, self.key)
        self.tokens[token], self.audiences[token] = grant, audience
        return token
