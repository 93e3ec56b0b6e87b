"""DPoP proofs as they arrive, checked with the JOSE library (RFC 9449 4.3)."""

import base64
import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from joserfc.util import urlsafe_b64encode

from conformance.message import WireRequest
from model import identifiers

_ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256", "PS256"]
_FRESH = 300


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that its own key verifies.

    Attributes:
        thumbprint: of the key.
        token_hash: the token it goes with, if any.
        method: what it says of the request, as ``target`` does.
        fresh: whether it was made just now.
        name: its ``jti``.
        nonce: what a server gave it, if anything.
    """

    thumbprint: str
    token_hash: str
    method: str
    target: str
    fresh: bool
    name: str
    nonce: str


def verified_proof(text: str) -> Proof | None:
    """A proof, or None where there is none or it does not verify."""
    try:
        head = _part(text, 0) or {}
        if head.get("typ") != "dpop+jwt" or "d" in head["jwk"]:
            return None
        key = import_key(head["jwk"])
        claims = jwt.decode(text, key, algorithms=_ALGORITHMS).claims
        fresh = abs(time.time() - float(claims["iat"])) < _FRESH
        made_for, target, name = str(claims["htm"]), str(claims["htu"]), str(claims["jti"])
        bound, nonce = str(claims.get("ath", "")), str(claims.get("nonce", ""))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Proof(key.thumbprint(), bound, made_for, target, fresh, name, nonce) if name else None


def read_proof(asked: WireRequest) -> Proof | None:
    """The proof of a request, or None where there is none or it does not verify for this request."""
    proof = verified_proof(asked.headers.get("dpop", ""))
    if proof is None or not proof.fresh or proof.method != asked.method:
        return None
    return proof if identifiers.equal_htu(proof.target, asked.url) else None


def s256(secret: str | bytes) -> str:
    """A SHA-256 in base64url: the challenge of a verifier (RFC 7636 4.2), the ``ath`` of a token (RFC 9449 4.2), the
    thumbprint of a certificate (RFC 8705 3.1)."""
    return urlsafe_b64encode(hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()).decode()


def claims_of(token: str) -> dict[str, Any] | None:
    """The claims of a token that is a JWT; it is for resource servers to verify."""
    return _part(token, 1)


def _part(token: str, place: int) -> dict[str, Any] | None:
    """A JSON object in a JWT, no matter who signed that; nothing where there is none."""
    with suppress(ValueError, IndexError):
        part = token.split(".")[place]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return found if isinstance(found, dict) else None
    return None
