"""The rules an honest resource server obeys when a request with a token arrives (step S19)."""

from typing import NamedTuple

from model import identifiers
from model.federation import Frameworks, chain_holds
from model.logic import Condition, Value, all_of, any_of, holds, implies, no, one_of, same
from model.rule import rule
from model.switching import Choices
from model.world import NONE


@rule("PRM-3-loc", source="RFC 9728 3, 3.1, 7.3")
def well_known_is_the_owners(design: Choices, squats: Condition) -> Condition:
    """Only the owner of an origin writes below its well-known locations."""
    return implies(squats, same(design.wk_owner, "tenant"))


class Issuer(NamedTuple):
    """What an issuer is to a resource server.

    Attributes:
        frameworks: which hold it.
        published: the resource's own metadata names it.
        looks_known: another one, on the list, is a string prefix of it.
        shares_origin: it is on the origin of one on the list.
    """

    frameworks: Frameworks
    published: Condition
    looks_known: Condition
    shares_origin: Condition


def policy_names(design: Choices, on_list: Condition, chain: Condition, published: Condition) -> Condition:
    """Whether the policy itself, not the comparison it is applied with, names an issuer.

    ``on_list``: it is on the list that the resource server keeps; ``chain``: its federation statement leads to an
    anchor of the resource server's; ``published``: it is one that the resource server's own metadata lists.
    """
    return any_of(
        all_of(same(design.rs_trust, "allowlist"), on_list),
        all_of(same(design.rs_trust, "federation"), chain),
        all_of(same(design.rs_trust, "published"), published),
    )


@rule("JAT-4-iss", "FED-6.2-con", source="RFC 9068 4 (it leaves open which to accept); OpenID Federation 1.0 6.2")
def issuer_is_accepted(design: Choices, issuer: Issuer) -> Condition:
    """The issuer named in the token is one that the policy names, in the comparison it uses."""
    listing, found = same(design.rs_trust, "allowlist"), issuer.frameworks
    return any_of(
        same(design.rs_trust, "any"),
        policy_names(design, found.on_list, chain_holds(design, found), issuer.published),
        all_of(listing, same(design.issuer_match, "prefix"), issuer.looks_known),
        all_of(listing, same(design.issuer_match, "origin"), issuer.shares_origin),
    )


@rule("JAT-4-sig", source="RFC 9068 4")
def signature_is_by_issuer(design: Choices, by_issuer: Condition, signer_listed: Condition) -> Condition:
    """The key that verifies the token belongs to the issuer the token names.

    ``by_issuer``: it does; ``signer_listed``: it belongs to another one on the list.
    """
    return any_of(by_issuer, all_of(same(design.key_lookup, "union"), signer_listed))


def audience_covers(
    design: Choices, identifier: Value, url: Value, audience: Value, has_default: Condition, of_domain: Condition
) -> Condition:
    """Whether a token is meant for this resource.

    ``identifier``: what the RS expects for itself; ``audience``: the resource the token is bound to;
    ``has_default``: the default audience of an issuer that it knows is among its audiences, which it may not take;
    ``of_domain``: that is the trust domain of a transaction token, which each workload takes.
    """
    wider = all_of(no(same(audience, NONE)), holds(_covers_or_absent, audience, url))
    return any_of(
        all_of(has_default, any_of(of_domain, same(design.default_audience, "accept"))),
        all_of(no(same(audience, NONE)), holds(identifiers.equal_code_points, audience, identifier)),
        all_of(same(design.audience_check, "prefix"), wider),
    )


@rule("JAT-4-aud", "MCP-aud", "O21-5.2-rs", "BCP-2.3-aud", source="RFC 9068 4; RFC 9700 2.3")
def audience_is_this_resource(
    design: Choices, identifier: Value, url: Value, audience: Value, has_default: Condition, of_domain: Condition
) -> Condition:
    """The token's audience contains this resource."""
    covered = audience_covers(design, identifier, url, audience, has_default, of_domain)
    return any_of(same(design.audience_check, "off"), covered)


def _covers_or_absent(audience: str, url: str) -> bool:
    return audience != NONE and identifiers.prefix_segment(audience, url)


@rule("O21-5.2-rs", source="RFC 9068 4; draft-ietf-oauth-v2-1 5.2")
def token_is_unexpired(design: Choices, expired: Condition = False) -> Condition:
    """The token has not expired."""
    return no(expired)


@rule("O21-code1", source="RFC 6749 4.1.2; RFC 9700 4.2.4; RFC 7662 2.2")
def token_is_unrevoked(design: Choices, revoked: Condition = False, taken_before: Condition = False) -> Condition:
    """A resource server that asks about tokens takes none that the AS has revoked.

    What is written in a token stays as it is. One that keeps answers does not ask again about a token that it has
    taken. One that goes on without an answer takes what comes while the question is held back.
    """
    unheard = any_of(
        all_of(same(design.status_check, "cached"), taken_before),
        all_of(same(design.status_check, "fail_open"), same(design.block, "yes")),
    )
    return implies(all_of(revoked, same(design.token_fmt, "opaque")), unheard)


@rule("MIS-chain", source="draft-mcguinness-oauth-mission-attenuation, Verifying the Mission Binding")
def chain_narrows(design: Choices, narrowed: Condition = True) -> Condition:
    """Of a chain of tokens that was made without the AS, each has at most what the one above it has."""
    return implies(same(design.chain_check, "on"), narrowed)


def takes_the_client_for_the_caller(design: Choices, derived: Condition) -> Condition:
    """Whether it takes the client for the caller where a token was derived for somebody else, whom `act` names."""
    return all_of(derived, same(design.actor_read, "client_id"))


@rule("O21-5.2-rs", source="RFC 6750 3.1; draft-ietf-oauth-v2-1 5.2")
def scope_is_sufficient(design: Choices, sufficient: Condition = True) -> Condition:
    """The token carries the scopes that the operation needs."""
    return any_of(sufficient, same(design.scope_check, "off"))


def challenge_names_what_is_held(design: Choices) -> Condition:
    """Whether insufficient_scope names the scopes of the token that it came with, beside those that are needed."""
    return same(design.challenge_scope, "held")


@rule("DPOP-7.1-scheme", "DPOP-7.2-nobearer", source="RFC 9449 7.1, 7.2")
def scheme_is_acceptable(design: Choices, key: Value) -> Condition:
    """A resource server that requires DPoP refuses Bearer."""
    return implies(same(design.r_requires_dpop, "yes"), no(same(key, NONE)))


def proof_fits_token(design: Choices, made_for_it: bool, by_key: Condition) -> Condition:
    """Whether an RS takes a proof beside a token: it was made for it, or just ``by_key`` where ath is not compared."""
    return True if made_for_it else all_of(by_key, same(design.rs_ath, "off"))


def proof_fits_method(design: Choices, method: Value, made_for: Value) -> Condition:
    """Whether an RS takes, with a request by a method, a proof that was ``made_for`` one by this or another."""
    return any_of(same(method, made_for), same(design.rs_htm, "off"))


def takes_it_bare(design: Choices) -> Condition:
    """Whether an RS takes a token that is bound to a key without a proof, as a Bearer token."""
    return all_of(same(design.rs_cnf, "off"), same(design.r_requires_dpop, "no"))


@rule("DPOP-4.3-check", "DPOP-6-rs", "DPOP-7.2-nobearer", source="RFC 9449 4.3, 6, 7.2")
def proof_is_by_bound_key(
    design: Choices, own: Condition, for_this: Condition, for_another: Condition, bare: Condition = False
) -> Condition:
    """A DPoP-bound token comes with a proof by its key for this URL.

    ``own``: it is bound to no key, or to one that the presenter holds; ``for_this``: the presenter was sent a proof by
    the right key for this URL, as htu is compared; ``for_another``: one for another URL, which an RS does not notice
    that does not compare htu; ``bare``: it comes as a Bearer token. What a proof says of the token and of the method of
    the request are :func:`proof_fits_token` and :func:`proof_fits_method`.
    """
    elsewhere = all_of(for_another, same(design.rs_htu, "off"))
    return any_of(own, for_this, elsewhere, all_of(bare, takes_it_bare(design)))


def attestation_is_taken(design: Choices, identifier: Value, audience: Value) -> Condition:
    """Whether an RS takes the proof beside a client attestation: it has this resource, by its identifier, as audience.

    One that takes ``any`` looks at the signature alone, and takes what was meant for others, an AS among them.
    """
    return any_of(same(design.rs_attestation, "any"), holds(identifiers.equal_code_points, audience, identifier))


@rule(
    "ABC-7.2-rs",
    "CII-3.1-assoc",
    source="draft-ietf-oauth-attestation-based-client-auth-11 5.1, 7.1, 7.2, 7.6; "
    "draft-mcguinness-oauth-client-instance-id 3.1",
)
def attestation_is_shown(design: Choices, shown: Condition = False, attested: Condition = False) -> Condition:
    """Where an RS asks for that, a token comes with the attestation of a client and a proof that it holds its key.

    ``shown``: it is of the client that the token was issued to, its attester is known, and its proof is taken;
    ``attested``: it is of another client, the presenter's own. Which attesters may speak for which client a resource
    server is to have configured; no draft has it compare the client with that of the token.
    """
    return any_of(
        same(design.rs_attestation, "off"), shown, all_of(attested, no(same(design.rs_attestation, "client")))
    )


@rule("MTLS-3-match", source="RFC 8705 3")
def certificate_is_bound_one(design: Choices, certificate: Value, presented: Value) -> Condition:
    """A certificate-bound token comes over a TLS connection with that certificate."""
    return any_of(same(certificate, NONE), same(certificate, presented))


@rule("DPOP-11.1-replay", "DPOP-9-nonce", "DPOP-11.3-ndg", source="RFC 9449 9, 11.1")
def proof_is_fresh(design: Choices, used: Condition) -> Condition:
    """A proof is accepted once; whoever holds back the genuine request can still be the first to use it."""
    tracked = one_of(design.dpop_replay, "jti", "nonce")
    return implies(all_of(used, tracked), same(design.block, "yes"))


@rule("JAT-4-typ", source="RFC 9068 4")
def token_is_typed(design: Choices, typed: Condition) -> Condition:
    """A token is typed as an access token."""
    return any_of(typed, same(design.typ_check, "off"))


@rule("JAT-fmt", source="RFC 9068 2; RFC 7662 2")
def token_is_self_contained(design: Choices, self_contained: Condition) -> Condition:
    """A resource server that asks about opaque tokens takes no other."""
    return implies(self_contained, same(design.token_fmt, "jwt"))


@rule("JAT-2-claims", source="RFC 9700 4.15")
def subjects_are_kept_apart(design: Choices, of_client: Condition) -> Condition:
    """A client's or a stranger's identifier cannot be read as a user's subject or another issuer."""
    return implies(of_client, same(design.sub_namespace, "shared"))


@rule("INT-2.1-auth", source="RFC 7662 2.1")
def introspection_endpoint_is_configured(design: Choices, named_by_token: Condition) -> Condition:
    """The RS asks the introspection endpoint that it was configured with, not one that the token names."""
    return implies(named_by_token, all_of(same(design.token_fmt, "opaque"), same(design.introspect, "dynamic")))


@rule("INT-2.1-auth", source="RFC 7662 2.1")
def issuer_can_be_asked(design: Choices, known: Condition) -> Condition:
    """A resource server that asks about opaque tokens has credentials for the endpoint that it was configured with.

    ``known``: that is the endpoint of the AS that has issued the token; no other AS knows of it.
    """
    asks = all_of(same(design.token_fmt, "opaque"), no(same(design.introspect, "dynamic")))
    return implies(asks, all_of(same(design.introspects, "yes"), known))


@rule(
    "MCP-aud",
    "TXN-pass",
    source="MCP security best practices (token passthrough); draft-ietf-oauth-transaction-tokens, Txn-Token Validation",
)
def tokens_are_not_forwarded(design: Choices, forwarded: Condition, of_domain: Condition) -> Condition:
    """The RS forwards no token that it was sent upstream, but gets its own.

    ``of_domain``: it is a transaction token, which goes on as it is where servers do as the text about those says.
    """
    taken = any_of(same(design.passthrough, "yes"), all_of(of_domain, same(design.passthrough, "transaction")))
    return implies(forwarded, taken)


@rule("MCP-handle", source="MCP security best practices (state handle hijacking)")
def handles_are_bound_to_user(design: Choices, by_its_user: Condition) -> Condition:
    """A session handle is not taken for authentication."""
    return any_of(by_its_user, same(design.handle_bind, "off"))


def subject_is_user(design: Choices, known: Condition) -> Condition:
    """Whether a token with the user's subject, by an issuer that is known or not, opens the user's account."""
    return any_of(same(design.subject_ns, "sub"), known)
