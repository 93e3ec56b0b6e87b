"""The rules an honest resource server obeys when a request with a token arrives (step S19)."""

from __future__ import annotations

from model import identifiers
from model.client import NONE
from model.design import Design
from model.logic import Condition, Value, all_of, any_of, holds, implies, no, one_of, same
from model.rule import rule
from model.world import ATTACKER_AS, HONEST_AS


@rule("JAT-4-iss", source="RFC 9068 4; which issuers to accept is unspecified")
def issuer_is_accepted(design: Design, iss: Value) -> Condition:
    """The issuer named in the token is one that the policy names, in the comparison it uses."""
    listed = any_of(same(iss, HONEST_AS), all_of(same(iss, ATTACKER_AS), same(design.a_enrolled, "yes")))
    looks_listed = holds(lambda value: value.startswith(HONEST_AS), iss)
    return any_of(
        same(design.rs_trust, "any"),
        listed,
        all_of(same(design.rs_trust, "allowlist"), same(design.issuer_match, "prefix"), looks_listed),
    )


@rule("JAT-4-sig", source="RFC 9068 4")
def signature_is_by_issuer(design: Design, iss: Value, signer: Value) -> Condition:
    """The key that verifies the token belongs to the issuer the token names."""
    signer_is_listed = any_of(
        same(signer, HONEST_AS), all_of(same(signer, ATTACKER_AS), same(design.a_enrolled, "yes"))
    )
    return any_of(same(iss, signer), all_of(same(design.key_lookup, "union"), signer_is_listed))


@rule("JAT-4-aud", "MCP-aud", "O21-5.2-rs", "BCP-2.3-aud", source="RFC 9068 4; RFC 9700 2.3")
def audience_is_this_resource(
    design: Design, own: Value, url: Value, audience: Value, has_default: Condition
) -> Condition:
    """The token's audience contains this resource.

    ``own``: the identifier the RS expects for itself; ``audience``: the resource the token is bound to;
    ``has_default``: the default audience is among its audiences.
    """
    wider = all_of(no(same(audience, NONE)), holds(_covers_or_absent, audience, url))
    return any_of(
        same(design.audience_check, "off"),
        has_default,
        all_of(no(same(audience, NONE)), holds(identifiers.equal_code_points, audience, own)),
        all_of(same(design.audience_check, "prefix"), wider),
    )


def _covers_or_absent(audience: str, url: str) -> bool:
    return audience != NONE and identifiers.prefix_segment(audience, url)


@rule("DPOP-7.1-scheme", "DPOP-7.2-nobearer", source="RFC 9449 7.1, 7.2")
def scheme_is_acceptable(design: Design, key: Value) -> Condition:
    """A resource server that requires DPoP refuses Bearer."""
    return implies(same(design.r_requires_dpop, "yes"), no(same(key, NONE)))


@rule("DPOP-4.3-check", "DPOP-6-rs", source="RFC 9449 4.3")
def proof_is_by_bound_key(design: Design, key: Value, presented: Value, proof_url: Value, url: Value) -> Condition:
    """A DPoP-bound token comes with a proof by its key for this URL.

    ``presented``: the key that the presenter holds; ``proof_url``: where the presenter captured a proof by
    the right key, or none. A captured proof is good here only if the RS does not compare htu, or if the two
    URLs are equal as htu values.
    """
    captured = all_of(
        no(same(proof_url, NONE)),
        any_of(same(design.rs_htu, "off"), holds(_equal_htu_or_absent, proof_url, url)),
    )
    return any_of(same(key, NONE), same(key, presented), captured)


def _equal_htu_or_absent(proof_url: str, url: str) -> bool:
    return proof_url != NONE and identifiers.equal_htu(proof_url, url)


@rule("MTLS-3-match", source="RFC 8705 3")
def certificate_is_bound_one(certificate: Value, presented: Value) -> Condition:
    """A certificate-bound token comes over a TLS connection with that certificate."""
    return any_of(same(certificate, NONE), same(certificate, presented))


@rule("DPOP-11.1-replay", "DPOP-9-nonce", "DPOP-11.3-ndg", source="RFC 9449 9, 11.1")
def proof_is_fresh(design: Design, certificate_bound: Condition) -> Condition:
    """A proof is accepted once; whoever holds back the genuine request can still be the first to use it."""
    tracked = one_of(design.dpop_replay, "jti", "nonce")
    return all_of(no(certificate_bound), implies(tracked, same(design.block, "yes")))


@rule("JAT-4-typ", source="RFC 9068 4")
def token_is_typed(design: Design) -> Condition:
    """A token is typed as an access token."""
    return same(design.typ_check, "off")


@rule("JAT-4-aud", source="RFC 9068 4")
def audience_excludes_clients(design: Design) -> Condition:
    """An ID token's audience, a client_id, is not this resource."""
    return any_of(same(design.audience_check, "off"), same(design.cid_eq_rs, "yes"))


@rule("JAT-2-claims", source="RFC 9700 4.15")
def subjects_are_kept_apart(design: Design) -> Condition:
    """A client's or a stranger's identifier cannot be read as a user's subject or another issuer."""
    return same(design.sub_namespace, "shared")


@rule("INT-2.1-auth", source="RFC 7662 2.1")
def introspection_endpoint_is_configured(design: Design) -> Condition:
    """The RS asks the introspection endpoint that it was configured with, not one that the token names."""
    return same(design.introspect, "dynamic")


@rule("MCP-aud", source="MCP security best practices (token passthrough)")
def foreign_tokens_are_not_forwarded(design: Design) -> Condition:
    """The RS accepts only tokens for itself and forwards none upstream."""
    return all_of(same(design.audience_check, "off"), same(design.passthrough, "yes"))


@rule("MCP-proxy", source="MCP security best practices (confused deputy)")
def proxy_asks_consent_per_client(design: Design) -> Condition:
    """A proxy with one upstream client obtains consent for each of its own, and sets its state afterwards."""
    return any_of(same(design.per_client_consent, "off"), same(design.state_set, "before_consent"))


@rule("MCP-handle", source="MCP security best practices (state handle hijacking)")
def handles_are_bound_to_user(design: Design) -> Condition:
    """A session handle is not taken for authentication."""
    return same(design.handle_bind, "off")


def subject_is_user(design: Design, iss: Value) -> Condition:
    """Whether a token with the user's subject, by any issuer, opens the user's account."""
    return any_of(same(design.subject_ns, "sub"), same(iss, HONEST_AS))


def policy_names(design: Design, iss: Value) -> Condition:
    """Whether the policy itself, not the comparison it is applied with, names the issuer."""
    enrolled = all_of(same(iss, ATTACKER_AS), same(design.a_enrolled, "yes"))
    return all_of(no(same(design.rs_trust, "any")), any_of(same(iss, HONEST_AS), enrolled))
