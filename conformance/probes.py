"""Requests that a resource server is sent to find out by which rules it goes: messages of the model, put on the wire.

What a token claims and whose proof is beside it is said in the message, as the attacker's requests in a world say it
(:class:`model.messages.ResourceRequest`); a proof is named by the token and the URL that it was made for. What no
world has is said beside it: who signs, how a token is typed, where in the request it is.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey
from joserfc.util import json_b64encode, urlsafe_b64encode

from conformance.certificates import TlsCertificate
from conformance.proof import s256
from model.logic import decided
from model.messages import ResourceRequest
from model.serving import Place
from model.world import NONE

#: Where the resource is on its origin: deep enough for something to be above it and below it.
PATH = "/api/mcp"
URL = f"{{rs}}{PATH}"
#: How a token is bound, by the member of its `cnf` that says so (RFC 9449 6.1; RFC 8705 3.1).
Binding = Literal["", "jkt", "x5t#S256"]
#: The client that tokens are issued to, and the scope that they have.
CLIENT, SCOPE = "https://client.example/oauth.json", "read"
LIFETIME = 3600
#: The tokens of one run: the one that a request presents, and another that is as good.
TOKEN, ANOTHER = "token", "another"
_INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "openworld", "version": "1"},
    },
}  # fmt: skip
#: The first call of MCP.
CALL = json.dumps(_INITIALIZE)


@dataclass(frozen=True, slots=True)
class Probe:
    """A request.

    Attributes:
        source: the section that says what is to be made of it.
        signer: the party whose key signs the token; nobody's where the algorithm is not one of theirs.
        more: claims beside those in the message; ``None`` takes one away.
        bound: what the token is bound to: the client's key, its TLS certificate, or nothing.
        proof_method: the method that the proof was made for, where that is another than the request's.
        proof_age: seconds since the proof was made.
        nonce: that of the proof, where the resource server gives any: what it gave, none, or one that it never gave.
        place: where in the request the token is.
        again: whether the very request was sent once before.
            unbound: it is about a token that is bound to no key, also where a resource server takes no such token.
        readable: it is about tokens that a resource server reads, not about those that it asks the AS about.
    """

    name: str
    about: str
    source: str
    request: ResourceRequest
    signer: str = "as1"
    type: str = "at+jwt"
    algorithm: str = "ES256"
    more: Mapping[str, Any] = field(default_factory=dict)
    bound: Binding = ""
    proof_method: str = ""
    proof_age: int = 0
    nonce: Literal["given", "none", "made_up"] = "given"
    place: Place = "header"
    again: bool = False
    unbound: bool = False
    readable: bool = False

    @property
    def proven(self) -> Probe:
        """The same of a token that is bound to a key and comes with a proof, where it is about something else."""
        if self.unbound or self.bound or self.place != "header":
            return self
        proof = replace(self.request, dpop=f"{TOKEN}@{self.request.url}", proof_key="client")
        return replace(self, request=proof, bound="jkt")


_OWN = ResourceRequest(URL, TOKEN, token_issuer="{as1}", token_subject="user", token_audience=(URL,))


def _for(*audience: str, url: str = URL) -> ResourceRequest:
    return replace(_OWN, url=url, token_audience=audience)


def _by(issuer: str) -> ResourceRequest:
    return replace(_OWN, token_issuer=issuer)


def _proven(made_for: str = TOKEN, at: str = URL, key: str = "client") -> ResourceRequest:
    return replace(_OWN, dpop=f"{made_for}@{at}", proof_key=key)


def _over(certificate: str) -> ResourceRequest:
    return replace(_OWN, client_certificate=certificate)


_AUD, _ISS, _SIG = "RFC 9068 4; RFC 9700 2.3; MCP authorization 2026-07-28", "RFC 9068 4", "RFC 9068 4; RFC 8725 3.1"
_PROOF, _NONCE, _TLS = "RFC 9449 4.3", "RFC 9449 9", "RFC 8705 3"
#: A request that is to be served, and how it is to be served where no Bearer token is: else nothing is measured.
HONEST, PROVEN = "own", "dpop"

PROBES: tuple[Probe, ...] = (
    Probe(HONEST, "a token for this resource", _AUD, _OWN),
    Probe("aud_list", "a token for this resource and another", "RFC 7519 4.1.3", _for(URL, "https://other.example/")),
    Probe("aud_slash", "its audience has a slash more at its end", _AUD, _for(f"{URL}/")),
    Probe("aud_origin", "its audience is the origin", _AUD, _for("{rs}")),
    Probe("aud_parent", "its audience is a path above", _AUD, _for(f"{{rs}}{PATH.rpartition('/')[0]}")),
    Probe("aud_string_prefix", "its audience is a prefix, and no path above", _AUD, _for(URL[:-1])),
    Probe("aud_below", "its audience is a path below", _AUD, _for(f"{URL}/below")),
    Probe("aud_neighbour", "its audience is another path there", _AUD, _for("{rs}/api/neighbour")),
    Probe("aud_elsewhere", "its audience is elsewhere", _AUD, _for("https://other.example/api")),
    Probe("aud_client", "its audience is its client", _AUD, _for(CLIENT)),
    Probe("aud_none", "it has no audience", "RFC 9068 2.2", _for()),
    Probe("below_own", "a token for this resource, at a path below", _AUD, _for(URL, url=f"{URL}/below")),
    Probe("below_below", "a token for a path below, there", _AUD, _for(f"{URL}/below", url=f"{URL}/below")),
    Probe("iss_other", "another issuer, with its own key", _ISS, _by("{as2}"), signer="as2"),
    Probe("iss_forged", "its issuer, with another's key", _SIG, _OWN, signer="evil"),
    Probe("iss_claimed", "another issuer, with the key of its", _ISS, _by("{evil}"), readable=True),
    Probe("iss_lookalike", "an issuer that begins like its", _ISS, _by("{as1}@evil.example"), readable=True),
    Probe("iss_path", "an issuer on the origin of its", _ISS, _by("{as1}/tenant"), readable=True),
    Probe("iss_none", "it names no issuer", "RFC 9068 2.2", _by(NONE), readable=True),
    Probe("alg_none", "it is not signed", _SIG, _OWN, signer="", algorithm="none", readable=True),
    Probe("alg_hmac", "the public key is taken for a secret", _SIG, _OWN, signer="", algorithm="HS256", readable=True),
    Probe("typ_jwt", "typed as a JWT", "RFC 9068 4; RFC 8725 3.11", _OWN, type="JWT", readable=True),
    Probe("id_token", "an ID token", "RFC 9068 5; OpenID Connect Core 2", _for(CLIENT), type="JWT",
          more={"nonce": "n", "scope": None, "client_id": None}, readable=True),
    Probe("expired", "it has expired", "RFC 9068 4", _OWN, more={"exp": -LIFETIME}),
    Probe("scope_other", "it carries another scope", "RFC 6750 3.1", _OWN, more={"scope": "other"}),
    Probe("in_query", "a token in the query", "RFC 6750 2.3; RFC 9700 4.3.2", _OWN, place="query"),
    Probe("in_form", "a token in a form", "RFC 6750 2.2", _OWN, place="form"),
    Probe("cnf_bare", "a bound token without a proof, as Bearer", "RFC 9449 6, 7.2", _OWN, bound="jkt"),
    Probe("bearer", "a token that is bound to no key, as Bearer", "RFC 9449 7.2", _OWN, unbound=True),
    Probe(PROVEN, "a bound token with a proof", "RFC 9449 7.1", _proven(), bound="jkt"),
    Probe("dpop_again", "the same request once more", "RFC 9449 11.1", _proven(), bound="jkt", again=True),
    Probe("dpop_other_key", "a proof by another key", _PROOF, _proven(key="another"), bound="jkt"),
    Probe("dpop_other_url", "a proof for another URL", _PROOF, _proven(at="{rs}/api/neighbour"), bound="jkt"),
    Probe("dpop_query", "a proof for its URL with a query", _PROOF, _proven(at=f"{URL}?a=b"), bound="jkt"),
    Probe("dpop_slash", "a proof for its URL with a slash more", _PROOF, _proven(at=f"{URL}/"), bound="jkt"),
    Probe("dpop_other_method", "a proof for another method", _PROOF, _proven(), bound="jkt", proof_method="DELETE"),
    Probe("dpop_other_token", "a proof for another token", _PROOF, _proven(ANOTHER), bound="jkt"),
    Probe("dpop_no_token", "a proof that names no token", _PROOF, _proven(""), bound="jkt"),
    Probe("dpop_old", "a proof made an hour ago", "RFC 9449 11.1", _proven(), bound="jkt", proof_age=3600),
    Probe("dpop_no_nonce", "a proof without the nonce that was given", _NONCE, _proven(), bound="jkt", nonce="none"),
    Probe("dpop_other_nonce", "a proof with a nonce that was never given", _NONCE, _proven(), bound="jkt",
          nonce="made_up"),
    Probe("mtls", "a token bound to the TLS certificate that it comes with", _TLS, _over("client"), bound="x5t#S256"),
    Probe("mtls_bare", "a token bound to a TLS certificate, without one", _TLS, _OWN, bound="x5t#S256"),
    Probe("mtls_other", "a token bound to another TLS certificate", _TLS, _over("another"), bound="x5t#S256"),
)  # fmt: skip


class OnTheWire:
    """Puts probes on the wire: with the keys of the parties, and two of the client's.

    Attributes:
        opaque: whether tokens are such that the resource server has to ask about them.
        json_rpc: whether requests are those of MCP.
        described: of opaque tokens, what the AS says of them.
        nonce: the last that the resource server gave.
        certificates: TLS certificates of the client.
    """

    def __init__(self, origins: Mapping[str, str], keys: Mapping[str, ECKey]) -> None:
        self.origins, self.keys, self.opaque, self.json_rpc = origins, keys, False, False
        self.described: dict[str, dict[str, Any]] = {}
        self.nonce = ""
        self.certificates = {name: TlsCertificate() for name in ("client", "another")}
        self.own = {name: ECKey.generate_key("P-256") for name in ("client", "another")}

    def request(self, probe: Probe) -> tuple[str, str, dict[str, str], str]:
        """A probe as method, URL, headers and body."""
        message = probe.request
        url, method = self.placed(message.url), "POST" if self.json_rpc or probe.place == "form" else message.method
        tokens = {name: self._token(probe, message) for name in (TOKEN, ANOTHER)}
        headers = {"Accept": "application/json, text/event-stream"}
        body = CALL if self.json_rpc else ""
        if body:
            headers["Content-Type"] = "application/json"
        if probe.place == "header":
            scheme = "Bearer" if message.dpop == NONE else "DPoP"
            headers["Authorization"] = f"{scheme} {tokens[TOKEN]}"
        elif probe.place == "query":
            url += f"?{urlencode({'access_token': tokens[TOKEN]})}"
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({"access_token": tokens[TOKEN]})
        if message.client_certificate != NONE:
            headers["Client-Cert"] = self.certificates[str(message.client_certificate)].told
        if message.dpop != NONE:
            headers["DPoP"] = self._proof(probe, decided(method), tokens)
        return decided(method), url, headers, body

    def placed(self, text: Any) -> str:
        """A text with the origins of the parties."""
        return str(text).format_map(self.origins)

    def _claims(self, probe: Probe, message: ResourceRequest) -> dict[str, Any]:
        now = int(time.time())
        assert isinstance(message.token_audience, tuple)
        audience = [self.placed(value) for value in message.token_audience]
        more = {name: now + value if name == "exp" else value for name, value in probe.more.items()}
        issuer = message.token_issuer
        claims = {
            "iss": None if issuer == NONE else self.placed(issuer),
            "sub": message.token_subject,
            "aud": (audience[0] if len(audience) == 1 else audience) or None,
            "client_id": CLIENT,
            "scope": SCOPE,
            "iat": now - 60,
            "exp": now + LIFETIME,
            "jti": secrets.token_urlsafe(9),
            "cnf": {probe.bound: self._bound_to(probe.bound)} if probe.bound else None,
            **more,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def _bound_to(self, binding: Binding) -> str:
        return self.own["client"].thumbprint() if binding == "jkt" else self.certificates["client"].thumbprint

    def _token(self, probe: Probe, message: ResourceRequest) -> str:
        claims = self._claims(probe, message)
        if self.opaque:
            text = secrets.token_urlsafe(24)
            # Only the AS that is asked knows of it.
            if probe.signer == "as1":
                self.described[text] = claims
            return text
        public = self.keys["as1"]
        head = {"alg": probe.algorithm, "typ": probe.type, "kid": public.kid}
        if probe.signer:
            return jwt.encode(head, claims, self.keys[probe.signer])
        signed = b".".join(map(json_b64encode, (head, claims)))
        if probe.algorithm == "none":
            return f"{signed.decode()}."
        secret = public.as_pem(private=False)
        return b".".join((signed, urlsafe_b64encode(hmac.new(secret, signed, sha256).digest()))).decode()

    def _proof(self, probe: Probe, method: str, tokens: Mapping[str, str]) -> str:
        made_for, _, at = str(probe.request.dpop).partition("@")
        key = self.own[str(probe.request.proof_key)]
        nonces = {"given": self.nonce, "none": "", "made_up": secrets.token_urlsafe(12)}
        head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
        claims = {
            "jti": secrets.token_urlsafe(12),
            "htm": probe.proof_method or method,
            "htu": self.placed(at),
            "iat": int(time.time()) - probe.proof_age,
            **({"ath": s256(tokens[made_for])} if made_for else {}),
            **({"nonce": nonces[probe.nonce]} if nonces[probe.nonce] else {}),
        }
        return jwt.encode(head, claims, key)


def asked(opaque: bool, json_rpc: bool) -> Iterator[tuple[Probe, str]]:
    """The probes, each with why it does not apply, if it does not."""
    for probe in PROBES:
        if opaque and probe.readable:
            yield probe, "the resource server asks the AS about tokens, and reads none"
        elif json_rpc and probe.place == "form":
            yield probe, "its requests have a body of their own"
        else:
            yield probe, ""
