"""What comes with a request to a resource server, in the words of the rules that it is judged by.

A played resource server decides by them, and what a real one does is explained by them: a request goes over the wire
once, and is read here under any design.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from conformance.certificates import thumbprint_in
from conformance.message import WireRequest
from conformance.origins import HOST
from conformance.proof import Proof, claims_of, s256, verified_proof
from model import guards, identifiers, serving
from model import resource_server as rules
from model.design import Design
from model.federation import Frameworks
from model.logic import same
from model.rule import Named
from model.world import DEFAULT_AUDIENCE, NONE

_PLAIN = f"http://{HOST}"
_TYPES = ("at+jwt", "application/at+jwt")
#: A token may be as long as the longest scope that a scenario has.
_LONG_TOKENS = JWSRegistry(algorithms=["ES256"])
_LONG_TOKENS.max_payload_length = 1 << 20


class Token(NamedTuple):
    """A token as it is in a request: nothing where there is none."""

    text: str
    scheme: str
    place: serving.Place


@dataclass(frozen=True, slots=True)
class Around:
    """What a resource server knows.

    Attributes:
        url: where the resource is, and ``identifiers`` what the resource server goes by.
        listed: the issuers that it was told of.
        keys: the keys of all issuers that there are.
        described: what they say of tokens that cannot be read, when they are asked.
        scope: what a token needs, if anything.
        nonces: those that it gave for proofs; ``None``: it does not look which.
    """

    url: str
    identifiers: tuple[str, ...]
    listed: Collection[str]
    keys: Mapping[str, ECKey]
    described: Mapping[str, Mapping[str, Any]]
    scope: str = ""
    nonces: Collection[str] | None = None


def token_in(asked: WireRequest) -> Token:
    """The token of a request, wherever it is (RFC 6750 2)."""
    scheme, _, text = asked.headers.get("authorization", "").partition(" ")
    if text:
        return Token(text, scheme.lower(), "header")
    in_query = "access_token=" in urlsplit(asked.url).query
    return Token(asked.value("access_token"), "bearer", "query" if in_query else "form")


@dataclass(frozen=True, slots=True)
class Presented:
    """A request as a resource server finds it.

    Attributes:
        claims: what its token says, no matter who made it.
        signer: the issuer whose key verifies it, or nothing.
        typed: whether it is typed as an access token.
        proof: one that its own key verifies.
        certificate: the thumbprint of the TLS certificate of who sent it, or nothing.
    """

    asked: WireRequest
    token: Token
    claims: Mapping[str, Any]
    signer: str
    typed: bool
    proof: Proof | None
    certificate: str = ""


def presented(asked: WireRequest, around: Around) -> Presented:
    """What comes with a request."""
    token = token_in(asked)
    proof, certificate = (
        verified_proof(asked.headers.get("dpop", "")),
        thumbprint_in(asked.headers.get("client-cert", "")),
    )
    return Presented(asked, token, *_opened(token.text, around), proof, certificate)


def reading(design: Design, shown: Presented, around: Around, used: Collection[str] = ()) -> tuple[Named, ...]:
    """What the rules say of a request: it goes by several identifiers, a token has several audiences, and one of each
    has to agree. ``used``: the names of proofs that were seen before.
    """
    readings = list(_readings(design, shown, around, used))
    agreed = (one for one in readings if all(condition.holds for condition in one))
    return next(agreed, readings[0])


def _readings(design: Design, shown: Presented, around: Around, used: Collection[str]) -> Iterator[tuple[Named, ...]]:
    """What worlds ask of a token in a request, and what only real ones give cause to ask, read in each way."""
    token, claims, listed, proof = shown.token, shown.claims, around.listed, shown.proof
    issuer, bound = str(claims.get("iss", NONE)), _confirmed(claims, "jkt")
    certificate = _confirmed(claims, "x5t#S256") if serving.compares_certificates(design) else NONE
    known = proof is not None and (proof.nonce in around.nonces if around.nonces is not None else proof.nonce != "")
    asked = bool(same(design.dpop_replay, "nonce"))  # a nonce, which is one that was given (RFC 9449 9)
    fits = proof is not None and _fits(design, proof, shown, bound, known)
    here = proof is not None and serving.target_is_this(design, proof.target, shown.asked.url)
    named = claims.get("aud", [])
    audiences = named if isinstance(named, list) else [named]
    meant = [str(value) for value in audiences if value != DEFAULT_AUDIENCE] or [NONE]
    spelled = dict.fromkeys(text for value in meant for text in serving.audiences_read(design, value))
    accepted = rules.Issuer(
        Frameworks(issuer in listed, chained=False),
        published=False,
        looks_known=any(issuer.startswith(one) for one in listed),
        shares_origin=any(identifiers.same_origin(issuer, one) for one in listed),
    )
    for audience, own in product(spelled, around.identifiers):
        yield (
            serving.token_is_where_it_is_taken(design, token.place),
            serving.scheme_is_known(design, token.scheme),
            serving.key_is_known(design, shown.signer in listed),
            *guards.access_token(
                design,
                issuer=accepted,
                by_issuer=issuer == shown.signer,
                signer_listed=shown.signer in listed,
                identifier=_as_https(own),
                url=_as_https(shown.asked.place),
                audience=_as_https(audience),
                has_default=DEFAULT_AUDIENCE in audiences or (not audiences and serving.needs_no_audience(design)),
                typed=shown.typed,
                expired=is_past(claims.get("exp")),
                revoked=False,
                sufficient=around.scope in ("", *str(claims.get("scope", "")).split()),
                key=bound if token.scheme == "dpop" else NONE,
                own=bound == NONE,
                for_this=fits and here,
                for_another=fits and not here,
                certificate=certificate,
                presented=shown.certificate,
                used=proof is not None and (proof.name in used or (asked and not known)),
                shown=False,
                attested=False,
                bare=proof is None and token.scheme == "bearer",
                self_contained=False,
                named_by_token=False,
                **guards.ORDINARY,
            ),
        )


def _fits(design: Design, proof: Proof, shown: Presented, bound: str, known: bool) -> bool:
    """Whether a proof is by the right key, just made, and for this token and method as far as that is compared.

    It was just made by its time, or by its nonce where one is asked for (RFC 9449 4.3, 11).
    """
    timely = proof.fresh or (known and bool(same(design.dpop_replay, "nonce")))
    if not timely or proof.thumbprint != bound:
        return False
    for_token = rules.proof_fits_token(design, proof.token_hash == s256(shown.token.text), True)
    return bool(for_token) and bool(rules.proof_fits_method(design, shown.asked.method, proof.method))


def _as_https(url: str) -> str:
    """A URL as it would be if loopback were no exception: rules may insist on TLS (RFC 8252 8.3)."""
    return f"https://{HOST}{url.removeprefix(_PLAIN)}" if url.startswith(_PLAIN) else url


def _confirmed(claims: Mapping[str, Any], member: str) -> str:
    named = claims.get("cnf")
    return str(named.get(member, NONE)) if isinstance(named, dict) else NONE


def is_past(expires: Any) -> bool:
    """Whether a token with this ``exp`` has expired."""
    return isinstance(expires, int | float) and expires < time.time()


def _opened(text: str, around: Around) -> tuple[Mapping[str, Any], str, bool]:
    """The claims of a token, whose key verifies it (nobody's it may be), and whether it is typed as an access token."""
    if text in around.described:
        claims = around.described[text]
        return claims, str(claims["iss"]), True
    for issuer, key in around.keys.items():
        with suppress(JoseError, ValueError):
            found = jwt.decode(text, key, registry=_LONG_TOKENS)
            return dict(found.claims), issuer, str(found.header.get("typ", "")).lower() in _TYPES
    return claims_of(text) or {}, "", False
