"""What resource servers do of which a bounded world holds nothing: where a token comes from, how values are spelled.

These complete the rules of :mod:`model.resource_server` for resource servers that are driven, as :mod:`model.conduct`
does for clients. In a world every token is in the header, every audience is spelled in one way, and so no verdict
depends on them.
"""

from typing import Literal

from model import identifiers
from model.design import Design
from model.logic import Condition, all_of, any_of, same
from model.rule import rule

#: Where in a request a token can be (RFC 6750 2.1 to 2.3).
Place = Literal["header", "query", "form"]


@rule("FAPI-rs", source="RFC 6750 2; RFC 9700 4.3.2; draft-ietf-oauth-v2-1 5.1")
def token_is_where_it_is_taken(design: Design, place: Place) -> Condition:
    """The token is in the header of the request, not in its query or body."""
    in_query = all_of(place == "query", same(design.rs_in_query, "accept"))
    return any_of(place == "header", in_query, all_of(place == "form", same(design.rs_in_form, "accept")))


@rule("DPOP-7.1-scheme", source="RFC 6750 2.1; RFC 9449 7.1, 7.2")
def scheme_is_known(design: Design, scheme: str) -> Condition:
    """The token comes by a scheme that the resource server knows."""
    return any_of(scheme == "bearer", same(design.rs_schemes, "both") if scheme == "dpop" else False)


@rule("JAT-4-sig", source="RFC 9068 4; RFC 9728 2 (leaves it open which AS it trusts)")
def key_is_known(design: Design, signer_listed: Condition) -> Condition:
    """The key that verifies a token is one of an issuer that the resource server was told of."""
    return any_of(signer_listed, same(design.rs_keys, "any"))


def audiences_read(design: Design, audience: str) -> tuple[str, ...]:
    """The spellings of an audience that the resource server compares with itself."""
    if same(design.rs_aud_slash, "ignored"):
        return (audience, audience.removesuffix("/") if audience.endswith("/") else f"{audience}/")
    return (audience,)


def needs_no_audience(design: Design) -> bool:
    """Whether a token without any audience counts as meant for the server that it is shown to."""
    return bool(same(design.rs_no_audience, "accept"))


def compares_certificates(design: Design) -> bool:
    """Whether a token that names a TLS certificate has to come with it (RFC 8705 3); others do not look at the name.

    In worlds every resource server compares them (:func:`model.resource_server.certificate_is_bound_one`).
    """
    return bool(same(design.rs_x5t, "on"))


def target_is_this(design: Design, target: str, url: str) -> bool:
    """Whether the URL in a proof is that of the request (RFC 9449 4.3: without query and fragment)."""
    if same(design.rs_htu_query, "compared") and "?" in target:
        return False
    if same(design.rs_htu_slash, "ignored"):
        target, url = (text.partition("?")[0].removesuffix("/") for text in (target, url))
    return identifiers.equal_htu(target, url)
