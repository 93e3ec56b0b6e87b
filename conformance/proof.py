"""DPoP proofs as they arrive, checked with the JOSE library (RFC 9449 4.3)."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from conformance.message import Asked
from model import identifiers

_ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256", "PS256"]
_FRESH = 300


@dataclass(frozen=True, slots=True)
class Proof:
    """A valid proof: the thumbprint of its key, and the token it goes with, if any."""

    thumbprint: str
    token_hash: str


def read_proof(asked: Asked) -> Proof | None:
    """The proof of a request, or None where there is none or it does not verify for this request."""
    text = asked.headers.get("dpop", "")
    try:
        head = json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))
        if head.get("typ") != "dpop+jwt" or "d" in head["jwk"]:
            return None
        key = import_key(head["jwk"])
        claims = jwt.decode(text, key, algorithms=_ALGORITHMS).claims
        aimed = claims["htm"] == asked.method and identifiers.equal_htu(claims["htu"], asked.url)
        fresh = abs(time.time() - float(claims["iat"])) < _FRESH and bool(claims["jti"])
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Proof(key.thumbprint(), str(claims.get("ath", ""))) if aimed and fresh else None


def token_hash(token: str) -> str:
    """The ``ath`` of a token (RFC 9449 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
