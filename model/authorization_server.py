"""The rules an honest authorization server obeys (steps S9 to S16)."""

from collections.abc import Collection

from model import identifiers
from model.client import Echo
from model.logic import Condition, Value, all_of, any_of, choose, holds, implies, mapped, no, one_of, same
from model.rule import rule
from model.switching import Choices
from model.world import DEFAULT_AUDIENCE, NONE


@rule(
    "CIMD-4.2-redir",
    "O21-2.3-redir",
    "MCP-redir",
    "CIMD-4-self",
    "CIMD-8.1-origin",
    "DCR-3-open",
    "DCR-3.1.1-sws",
    "DCR-2.3-trust",
    "BCP-4.1-exact",
    source="RFC 9700 4.1; draft-ietf-oauth-client-id-metadata-document 4.2; RFC 7591 2.3",
)
def redirect_uri_is_registered(design: Choices, registered: Condition, known: Condition) -> Condition:
    """The redirect URI is one of those registered for the client_id.

    ``known``: the client_id is, at least, one that the AS knows; one that does not compare redirect URIs asks no more.
    What is registered where says :func:`model.registration.registered`.
    """
    return any_of(registered, all_of(known, same(design.cimd_redirect_check, "off")))


def redirect_uri_matches(design: Choices, registered: str, redirect: Value) -> Condition:
    """Whether an AS takes a redirect URI for one that is registered, in the comparison it uses."""
    return any_of(
        same(registered, redirect),
        all_of(same(design.cimd_redirect_check, "prefix"), holds(_begins_with, redirect, registered)),
        all_of(same(design.cimd_redirect_check, "pattern"), holds(identifiers.same_origin, registered, redirect)),
    )


def _begins_with(uri: str, beginning: str) -> bool:
    return uri.startswith(beginning)


@rule(
    "CIMD-8.5-host",
    "MCP-lochost",
    "O21-consent",
    "DCR-5-uri",
    source="draft-ietf-oauth-client-id-metadata-document 9.5; MCP authorization 2026-07-28",
)
def user_recognises_the_client(design: Choices, shown: Condition) -> Condition:
    """A vigilant user approves only a page that names the client."""
    return implies(same(design.user, "vigilant"), shown)


@rule("PAR-4-once", "PAR-2.2-ref", source="RFC 9126 2.2, 4")
def request_uri_is_unused(design: Choices, reused: Condition) -> Condition:
    """A pushed request is used once, by the first to come."""
    return implies(reused, any_of(same(design.request_uri_once, "no"), same(design.block, "yes")))


@rule("PAR-5-req", "FAPI-as-par", source="RFC 9126 5")
def request_was_pushed(design: Choices, pushed: Condition) -> Condition:
    """Where pushed requests are required, the request was pushed (and its client authenticated).

    ``design``: the server's. A client's ``par`` says whether it pushes (:func:`model.readings.pushes`).
    """
    return implies(same(design.par, "required"), pushed)


@rule("PKCE-o21", "FAPI-as-pkce/iss", source="draft-ietf-oauth-v2-1 4.1.1; RFC 9700 2.1.1")
def challenge_is_present(design: Choices, challenge: Value) -> Condition:
    """Where PKCE is required, the request carries a code challenge."""
    return implies(same(design.pkce_as, "required"), no(same(challenge, NONE)))


@rule("XDS-prox", source="draft-ietf-oauth-cross-device-security 6.1.1")
def code_is_entered_near_its_device(design: Choices, apart: Condition) -> Condition:
    """A user enters the code of a device that is near; ``apart``: who approves is not who was shown the code."""
    return implies(apart, same(design.proximity, "off"))


@rule("RI-2-err", "RTR-3.2.2-none", source="RFC 8707 2; resource-token-resp 3.2.2")
def resource_is_acceptable(design: Choices, requested: Value, listed: Condition) -> Condition:
    """An AS that keeps a list of resources refuses others with invalid_target; one that wants no `resource`, any."""
    named = no(same(requested, NONE))
    return all_of(
        implies(same(design.as_resource, "reject_unknown"), no(all_of(named, no(listed)))),
        implies(same(design.as_resource, "reject"), no(named)),
    )


def is_public(design: Choices, policy: Choices) -> Condition:
    """Whether an AS takes a client's name without credentials: the client has none, or its document offers that too.

    ``design``: the client's, ``policy``: the server's. Of methods that a document lists, any that the AS supports will
    do (draft-ietf-oauth-client-id-metadata-document-03 6).
    """
    offered = all_of(same(design.reg, "cimd"), same(design.auth_methods, "also_none"))
    return all_of(same(policy.auth_accepted, "any"), any_of(same(design.client_auth, "none"), offered))


@rule(
    "FAPI-as-cauth",
    "ASA-required",
    source="FAPI 2.0 Security Profile, AS general; draft-mcguinness-oauth-agent-software-attestation 4",
)
def method_is_accepted(design: Choices, policy: Choices, chosen: Condition) -> Condition:
    """An AS that requires certain methods of authentication takes a client by no other.

    ``design``: the client's, ``policy``: the server's; ``chosen``: who comes also says how it authenticates.
    """
    return implies(
        no(chosen),
        all_of(
            implies(same(policy.auth_accepted, "signed"), one_of(design.client_auth, "pkjwt", "mtls")),
            implies(same(policy.auth_accepted, "attest"), same(design.client_auth, "attest")),
        ),
    )


@rule("O21-2.2-id", source="RFC 6749 3.2.1, 5.2 (invalid_client); draft-ietf-oauth-v2-1 2.2")
def client_is_registered(design: Choices, registered: Condition) -> Condition:
    """The AS has the client that calls it: registered beforehand, or as it registers clients."""
    return registered


@rule(
    "PAR-2.1-auth",
    "CIMD-8.2-conf",
    "CIMD-6-methods",
    source="RFC 6749 3.2.1; RFC 9126 2.1; RFC 7523 3; draft-ietf-oauth-client-id-metadata-document-03 6, 9.2",
)
def client_is_authenticated(
    design: Choices,
    policy: Choices,
    genuine: Condition,
    secret: Condition,
    assertion: Condition,
    replaced: Condition,
    attested: Condition = False,
) -> Condition:
    """A confidential client authenticates as it registered.

    ``design``: the client's, ``policy``: the server's; ``genuine``: the client itself is at the endpoint with
    credentials for this AS; ``secret``, ``assertion``: the caller knows the secret, or holds an assertion that names
    this AS; ``replaced``: it has nothing but a key that the client has replaced since; ``attested``: nothing but the
    word of an attester of its own.
    TLS client certificates cannot be passed on.
    """
    shown = shows_credentials(design.client_auth, genuine, secret, assertion)
    return any_of(is_public(design, policy), shown, replaced, attested)


def shows_credentials(method: Value, genuine: Condition, secret: Condition, assertion: Condition) -> Condition:
    """Whether what somebody comes with are credentials of a client, of the kind that it registered."""
    return any_of(genuine, all_of(same(method, "secret"), secret), all_of(one_of(method, "pkjwt", "attest"), assertion))


def asks_token_service(design: Choices, authenticated: Condition) -> Condition:
    """Whether somebody may ask an AS of this design for another token: for a transaction token nobody who is public.

    Source: draft-ietf-oauth-transaction-tokens, Mutual Authentication of the Txn-Token Request.
    """
    return implies(same(design.exchange_gives, "transaction"), authenticated)


@rule(
    "CAE-accept",
    "CII-3.1-assoc",
    "ASA-trust",
    source="draft-mcguinness-oauth-client-attesters-00 2.1; draft-mcguinness-oauth-client-instance-id 3.1; "
    "draft-mcguinness-oauth-agent-software-attestation 4",
)
def attester_is_endorsed(policy: Choices, attested: Condition = False) -> Condition:
    """Who attests a client is one that its metadata, or the AS, names for it; that it attests others is not enough.

    ``attested``: the caller has nothing but the word of an attester of its own.
    """
    return implies(attested, same(policy.attesters, "accepted"))


@rule("MTLS-3-know", source="RFC 8705 2, 3, 6.5")
def certificate_is_provisioned(design: Choices, certified: Condition) -> Condition:
    """A client that authenticates, or binds its tokens, by a TLS certificate has one that AS and resource servers take.

    ``design``: the client's; ``certified``: it has one, and shows it to the AS: who forwards a request in between ends
    the TLS connection of the client.
    """
    return implies(any_of(same(design.client_auth, "mtls"), same(design.mtls, "bound")), certified)


def assertion_key_is_known(design: Choices) -> Condition:
    """Whether the key under which a client signs for one AS is one that another accepts.

    A client metadata document or a federation statement publishes every key to everyone.
    """
    return any_of(same(design.key_per_as, "no"), one_of(design.reg, "cimd", "federation"))


@rule(
    "PAR-2-aud",
    "FAPI-as-aud",
    "JCA-4-aud",
    "JCA-5-par",
    "ABC-5.1-aud",
    source="RFC 7523 3; RFC 9126 2; draft-ietf-oauth-rfc7523bis-10 4, 5; "
    "draft-ietf-oauth-attestation-based-client-auth-11 5.1, 7.2",
)
def assertion_names_this_server(
    design: Choices, policy: Choices, named: Condition, endpoint: str, anyhow: Condition, made_at: str
) -> Condition:
    """A client assertion has this AS (its issuer or one of its endpoints) as audience, in the form that the AS wants.

    ``design``: the client's, ``policy``: the server's; ``named``: what is there names this AS; ``endpoint``: where it
    is; ``made_at``: the endpoint that it was made for, if that is another; ``anyhow``: who is there signs what it
    likes. The proof beside an attestation has but one form.
    """
    attested, audience = same(design.client_auth, "attest"), design.assertion_aud
    if made_at == "token" != endpoint:
        audience = choose(same(audience, "endpoint"), "token_ep", audience)
    formed = any_of(attested, audience_is_taken(audience, policy.aud_accepted, endpoint))
    signed = one_of(design.client_auth, "pkjwt", "attest")
    return implies(all_of(signed, no(anyhow)), all_of(named, formed))


def audience_is_taken(audience: Value, accepted: Value, endpoint: str) -> Condition:
    """Whether an AS takes at one of its endpoints an assertion that names it by such an audience.

    One that wants its issuer wants it alone; of one that wants an endpoint it may be one of several (RFC 7519 4.1.3).
    """
    by_token_endpoint = one_of(audience, "token_ep", "array")
    by_this = same(audience, "endpoint")
    at_token_endpoint = endpoint == "token"
    return any_of(
        same(accepted, "any"),
        all_of(same(accepted, "issuer"), same(audience, "issuer")),
        all_of(same(accepted, "endpoint"), any_of(by_this, all_of(at_token_endpoint, by_token_endpoint))),
        all_of(same(accepted, "token_ep"), any_of(by_token_endpoint, all_of(at_token_endpoint, by_this))),
    )


@rule("O21-code1", "O21-2.2-id", source="RFC 6749 4.1.3")
def code_was_issued_to_client(design: Choices, code_client: Value, client: Value) -> Condition:
    """The code was issued to the client that redeems it."""
    return same(code_client, client)


@rule("O21-code1", source="RFC 6749 4.1.2; draft-ietf-oauth-v2-1 4.1.3 (source of 2026-05-04)")
def code_is_unused(design: Choices, reused: Condition) -> Condition:
    """A code is redeemed once; the AS refuses it when it comes again."""
    return implies(reused, same(design.code_reuse, "accept"))


@rule("O21-2.3-redir", source="RFC 6749 4.1.3")
def redirect_uri_is_the_same(design: Choices, code_redirect: Value, redirect: Value) -> Condition:
    """The redirect URI of the token request is the one of the authorization request."""
    return same(code_redirect, redirect)


@rule("PKCE-4.6-ver", "PKCE-down", source="RFC 7636 4.6; RFC 9700 4.8.2")
def verifier_matches_challenge(design: Choices, challenge: Value, verifier: Value) -> Condition:
    """The code verifier answers the challenge of the authorization request.

    ``challenge`` and ``verifier`` name the session (or the attacker) they belong to. Without a challenge a
    lax AS ignores a verifier; one that is safe against downgrade refuses it. One that does not do PKCE compares
    nothing, and some compare only a verifier that is there.
    """
    without = same(challenge, NONE)
    tolerated = any_of(same(verifier, NONE), same(design.pkce_as, "lax"))
    matches = any_of(all_of(without, tolerated), all_of(no(without), same(challenge, verifier)))
    missing = all_of(same(design.pkce_as, "if_present"), same(verifier, NONE))
    return any_of(same(design.pkce_as, "off"), missing, matches)


@rule("DPOP-10-jkt", "FAPI-as-jkt", source="RFC 9449 10")
def proof_key_matches_request(design: Choices, code_key: Value, key: Value) -> Condition:
    """A code requested with dpop_jkt is redeemed with a proof by that key, where the AS does DPoP at all."""
    return any_of(same(design.as_dpop, "ignore"), same(code_key, NONE), same(code_key, key))


def proof_is_due(design: Choices, promised: Condition) -> Condition:
    """Whether an AS wants a proof in a token request; ``promised``: the client has registered that it makes them."""
    return any_of(same(design.proof_required, "yes"), all_of(same(design.proof_required, "registered"), promised))


@rule("DPOP-5.2-flag", "FAPI-as-sc", source="RFC 9449 5.2")
def proof_is_present(design: Choices, proven: Condition, promised: Condition) -> Condition:
    """A token request of a client that is registered to make proofs has one, or where the AS insists that of any."""
    return implies(proof_is_due(design, promised), proven)


@rule("DPOP-4.3-check", source="RFC 9449 4.3")
def proof_names_this_endpoint(design: Choices, elsewhere: Condition = False) -> Condition:
    """A DPoP proof in a token request names the endpoint to which it comes; who does no DPoP looks at none."""
    return any_of(same(design.as_dpop, "ignore"), no(elsewhere))


@rule("RTR-3.2-subset", "RTR-3.2-within", "RI-2.2-policy", source="RFC 8707 2.2; resource-token-resp 3.2")
def resource_is_within_grant(design: Choices, granted: Value, requested: Value) -> Condition:
    """Where the AS binds the grant to its resources, a token request names no others.

    RFC 8707 leaves this to the policy of the AS; the resource echo draft requires it.
    """
    within = any_of(same(requested, NONE), same(granted, NONE), same(granted, requested))
    return implies(same(design.grant_resource, "bound"), within)


@rule("DPOP-5-rt", "MTLS-4-public", source="RFC 9449 5; RFC 8705 4")
def refresh_token_is_bound(design: Choices, key: Value, certificate: Value) -> Condition:
    """A public client's refresh token is used only with the key or certificate it is bound to (which a thief lacks).

    That of a client that authenticates is bound by that alone.
    """
    public = same(design.client_auth, "none")
    return implies(public, all_of(same(key, NONE), same(certificate, NONE)))


@rule("MCP-rt", "BCP-2.2.2", source="RFC 9700 4.14.2; draft-ietf-oauth-v2-1 4.3.1; FAPI 2.0 Security Profile 5.3.2.1")
def refresh_token_is_the_last(design: Choices, used: Condition = False) -> Condition:
    """A refresh token that was used is refused, where a new one has taken its place."""
    return implies(used, same(design.rt_rotation, "off"))


def scope_is_narrowed(design: Choices, unbound: Condition) -> Condition:
    """Whether a token carries only those of the approved scopes that are of the resource that it is bound to."""
    return all_of(same(design.grant_scope, "resource"), no(unbound))


@rule("PRM-7.2-least", source="RFC 9728 7.2; RFC 6749 3.3")
def user_approves_what_the_task_needs(design: Choices, within: Condition = True) -> Condition:
    """The user approves no scopes beyond those that the task needs.

    ``within``: the consent page asks for no others.
    """
    return implies(same(design.user, "vigilant"), within)


def bound_resource(design: Choices, requested: Value) -> Value:
    """The resource that a token's audience contains, or none: the requested one, or the origin that it is on.

    What names no host, as a plain ``client_id``, has no origin and stays as it is.
    """
    honored = one_of(design.as_resource, "honor", "add", "reject_unknown")
    wider = mapped(lambda at: identifiers.origin(at) if "://" in at else at, requested)
    return choose(honored, requested, choose(same(design.as_resource, "generalise"), wider, NONE))


def has_default_audience(design: Choices, requested: Value) -> Condition:
    """Whether a token's audience contains the default that every RS of this AS accepts."""
    return any_of(one_of(design.as_resource, "ignore", "substitute", "add"), same(requested, NONE))


def is_meant_for(design: Choices, resource: Value, audience: Value, default: Condition) -> Condition:
    """Whether an AS takes a token to be for a resource: its audience is the one that it gives tokens for that.

    ``default``: or the default one, which that resource is among.
    """
    return any_of(default, all_of(no(same(audience, NONE)), same(audience, bound_resource(design, resource))))


def echo_is_present(design: Choices, requested: Value) -> Condition:
    """Whether the token response names resources; an AS that ignores `resource` has nothing to say."""
    return all_of(same(design.as_echo, "yes"), no(same(design.as_resource, "ignore")), no(same(requested, NONE)))


def echo(design: Choices, wanted: Value, requested: Value) -> Echo:
    """What the token response says of resources, to a client that has ``requested`` one.

    ``wanted``: the one that the AS was asked for, in the authorization request perhaps by somebody else.
    """
    return Echo(
        echo_is_present(design, wanted),
        has_requested=holds(_names, bound_resource(design, wanted), requested),
        has_more=same(design.as_resource, "add"),
    )


def _names(bound: str, requested: str) -> bool:
    return NONE not in (bound, requested) and identifiers.equal_normalized(bound, requested)


def echoed(design: Choices, requested: Value) -> Value:
    """What the token response names, or none: what the token is bound to, and what else it is good for."""
    bound = bound_resource(design, requested)
    also = mapped(lambda at: DEFAULT_AUDIENCE if at == NONE else f"{at} {DEFAULT_AUDIENCE}", bound)
    told = choose(has_default_audience(design, requested), also, bound)
    return choose(echo_is_present(design, requested), told, NONE)


@rule("BCP-4.12", source="RFC 9700 4.12")
def redirect_drops_the_form(design: Choices, repeated: Condition) -> Condition:
    """The browser is sent back with a status that does not repeat the login form to the client."""
    return implies(repeated, same(design.as_redirect_status, "307"))


@rule("CIMD-8.4-drift", "CIMD-8.3-ident", source="draft-ietf-oauth-client-id-metadata-document 9.3, 9.4")
def consent_is_pinned_to_metadata(design: Choices, unasked: Condition) -> Condition:
    """Remembered consent does not cover a client whose metadata has changed: the user is asked."""
    return implies(unasked, same(design.consent_pin, "off"))


@rule("CIMD-5.2-cache", source="draft-ietf-oauth-client-id-metadata-document 5.2")
def client_keys_are_current(policy: Choices, replaced: Condition) -> Condition:
    """A key that the client has taken out of its metadata is accepted no more."""
    return implies(replaced, same(policy.cimd_cache, "stale"))


@rule("DCR-3.2.1-id", "CIMD-7.1-ns", source="RFC 9700 4.15")
def client_ids_are_not_chosen(design: Choices, chosen: Condition) -> Condition:
    """A client cannot choose an identifier that is also a user's subject."""
    return implies(chosen, same(design.client_chooses_id, "yes"))


@rule("O21-cc", source="RFC 6749 4.4")
def client_credentials_are_granted(design: Choices, used: Collection[Value]) -> Condition:
    """The AS issues tokens to clients for themselves only where one of its clients uses that grant.

    ``used``: the grant types of its clients.
    """
    return any_of(*(same(grant, "client_credentials") for grant in used))


@rule("O21-cc", source="RFC 6749 4.4")
def client_acts_for_itself_with_credentials(design: Choices, refused: Condition, authenticated: Condition) -> Condition:
    """A client that gets a token for itself is one that authenticates.

    ``design``: the client's; ``refused``: it asks for itself because it got an error, or because a thief asks as it;
    ``authenticated``: it does so in this request, where its document offers `none` as well.
    """
    for_itself = any_of(same(design.grant, "client_credentials"), refused)
    return implies(for_itself, all_of(no(same(design.client_auth, "none")), authenticated))


@rule("IDJ-grant", source="RFC 7523 2.1")
def assertions_are_granted(design: Choices, used: Collection[Value]) -> Condition:
    """Assertions are taken as grants only where that grant is in use.

    ``used``: the grant types of the clients of the AS.
    """
    return any_of(*(one_of(grant, "jwt_bearer", "id_jag") for grant in used))


@rule("IDJ-pol", source="draft-ietf-oauth-identity-assertion-authz-grant 4.3; RFC 8693 2.1")
def audience_is_partner(design: Choices, partner: Condition) -> Condition:
    """An AS makes assertions about its users only to others that it has an agreement with."""
    return any_of(same(design.vouch_for, "any"), partner)


@rule(
    "TX-own",
    "AAU-chain",
    source="RFC 8693 2.1, 5; draft-ietf-oauth-identity-assertion-authz-grant 4.3; "
    "draft-ietf-oauth-identity-chaining-17, Authorized use of Subject Token; "
    "draft-hardt-oauth-aauth-protocol, Upstream Token Verification 3",
)
def exchanged_token_is_the_clients(
    design: Choices,
    own: Condition,
    addressed: Condition = False,
    id_token: Condition = False,
    refresh_token: Condition = False,
) -> Condition:
    """A client exchanges what was issued to it, and no access token, which others get to see, unless those are taken.

    ``own``: it is an access token that was issued to the client that asks; ``addressed``: it is for a resource server
    on the list of the AS, and that asks; ``id_token``, ``refresh_token``: it is that of the client that asks.
    """
    taken = (
        all_of(own, same(design.exchange, "own")),
        all_of(refresh_token, same(design.exchange, "refresh")),
        all_of(addressed, same(design.exchange, "addressed")),
        all_of(id_token, no(same(design.exchange, "refresh"))),
    )
    return any_of(same(design.exchange, "any"), *taken)


@rule(
    "PRA-check",
    "PRA-down",
    source="draft-mcguinness-oauth-presenter-rebinding, Presentation and Validation; Downgrade and Confusion",
)
def exchanged_token_is_presented_by_key(
    design: Choices, bound: Condition, own: Condition, named: Condition
) -> Condition:
    """A token that is ``bound`` to a key or a certificate is exchanged by its holder, or by whom the holder has named.

    ``own``: who asks proves to have the key; ``named``: an assertion by it names the key that is proven instead.
    """
    shown = any_of(no(bound), own, all_of(named, same(design.exchange_cnf, "named")))
    return any_of(same(design.exchange_cnf, "off"), shown)


@rule("MIS-gate", "MXD-gate", source="draft-mcguinness-oauth-mission, Issuance Gating")
def grant_stands(design: Choices, ended: Condition = False) -> Condition:
    """Nothing is derived from a grant that was taken back, where the AS keeps more of it than its tokens."""
    return implies(ended, same(design.grant_end, "tokens"))


@rule("IDJ-iss", source="draft-ietf-oauth-identity-assertion-authz-grant 4.4")
def voucher_is_partner(design: Choices, partner: Condition) -> Condition:
    """Assertions about users are taken from AS that this one has an agreement with.

    ``partner``: its issuer is one, or is the client's own.
    """
    return any_of(same(design.grant_trust, "any"), partner)


@rule("IDJ-cid", source="draft-ietf-oauth-identity-assertion-authz-grant 4.4")
def grant_names_the_client(design: Choices, by_client: Condition) -> Condition:
    """An assertion is presented by the client that it names."""
    return any_of(by_client, same(design.grant_client_check, "off"))


@rule("JAG-jti", source="RFC 7523 3")
def assertion_is_unused(design: Choices, reused: Condition) -> Condition:
    """An assertion is good for one token, where the AS keeps account of those that it has taken."""
    return implies(reused, same(design.grant_replay, "none"))


@rule("IDJ-cnf", source="RFC 7800 3; draft-ietf-oauth-identity-assertion-authz-grant 8.6.1")
def grant_is_presented_by_key(design: Choices, bound: Condition, own: Condition) -> Condition:
    """An assertion that names a key is presented with a proof by that key, where the AS looks at it."""
    return implies(all_of(same(design.grant_cnf, "bound"), bound), own)


@rule("IDJ-sub", "IDJ-tenant", source="draft-ietf-oauth-identity-assertion-authz-grant 4.4, 6.3; RFC 9068 2.2")
def subject_is_of_issuer(design: Choices, users: Condition, other_tenants: Condition = False) -> Condition:
    """The subject of an assertion is a user of the AS that made it, whatever another calls by the same name.

    ``users``: it is about a user that this AS knows from the issuer; ``other_tenants``: about one whom another
    tenant of that AS calls by the name.
    """
    by_tenant = same(design.grant_subject, "iss+tenant+sub")
    return any_of(same(design.grant_subject, "sub"), users, all_of(other_tenants, no(by_tenant)))


@rule("IDJ-aud", "IDJ-self", source="identity-assertion-authz-grant 4.4; RFC 7523 3")
def grant_names_this_server(design: Choices, named: Condition) -> Condition:
    """An assertion used as a grant has this AS, and no other, as audience."""
    return any_of(named, same(design.grant_aud_check, "off"))


@rule("INT-2.2-active", "INT-4-check", source="RFC 7662 2.2, 4")
def introspection_is_for_the_audience(design: Choices, audience: Condition) -> Condition:
    """A token is described only to a resource server that it is for.

    ``design``: the server's. A resource server's ``introspect`` says whether it lets a token name the endpoint.
    """
    return any_of(audience, one_of(design.introspect, "auth", "dynamic"))


@rule("CIMD-8.9-trust", "CIMD-5-noredir", source="draft-ietf-oauth-client-id-metadata-document 5, 9.9")
def document_is_fetched(design: Choices, listed: Condition, redirected: Condition) -> Condition:
    """The AS fetches the metadata documents of clients on hosts that it accepts, and follows no redirect to another.

    ``listed``: the host is one that an allowlist would have; ``redirected``: the document is behind a redirect there.
    """
    accepted = any_of(same(design.as_client_policy, "open"), listed)
    return all_of(accepted, implies(redirected, same(design.cimd_fetch, "follow")))


@rule("CIMD-8.6-ssrf", source="draft-ietf-oauth-client-id-metadata-document 9.6")
def fetches_are_guarded(design: Choices, internal: Condition) -> Condition:
    """The AS checks every address that registration makes it contact."""
    return implies(internal, same(design.as_fetch_guard, "off"))


@rule("AIA-10-auth", source="draft-klrc-aiagent-auth 10.4; draft-ietf-oauth-spiffe-client-auth 5")
def sub_agent_is_attested(design: Choices) -> Condition:
    """A sub-agent that has an identity of its own is known by an attester that the AS accepts."""
    return same(design.trust_domain, "yes")


@rule("AAU-depth", source="draft-hardt-oauth-aauth-protocol, Single-Level Depth")
def delegation_is_one_level_deep(design: Choices, derived: Condition, further: Condition) -> Condition:
    """Where identities derive from a grant, a sub-agent gets nothing for sub-agents of its own."""
    return implies(all_of(derived, same(design.delegation_depth, "one")), no(further))


@rule("AAU-depth", source="draft-hardt-oauth-aauth-protocol, Parent-Mediated Authorization")
def authority_was_passed_on(design: Choices, derived: Condition, within: Condition, granted: Condition) -> Condition:
    """Where identities derive from a grant, a sub-agent gets what its parent has and passes on, and no more.

    An AS that goes by the grant alone gives it whatever the user has ``granted``.
    """
    return implies(derived, any_of(within, all_of(same(design.delegation_scope, "granted"), granted)))


@rule("TXN-scope", source="draft-ietf-oauth-transaction-tokens, Scope Processing; Txn-Token as a subject_token")
def exchange_widens_no_scope(design: Choices, within: Condition) -> Condition:
    """What comes of an exchange has no scopes beyond those of the token that is exchanged."""
    return any_of(within, same(design.delegation_scope, "granted"))


@rule("TXN-self", source="draft-ietf-oauth-transaction-tokens, Subject Token Types")
def subject_is_of_a_token(design: Choices, said: Condition) -> Condition:
    """A transaction token is about whom the token is about that it is made of, and not whom a workload names.

    ``said``: the workload names the subject, in a JWT of its own or unsigned.
    """
    return implies(said, same(design.subject_said, "yes"))


@rule("AAU-rt", source="draft-hardt-oauth-aauth-protocol, Resource Token Structure (mission)")
def token_ends_with_the_task(design: Choices, derived: Condition, ends: Condition) -> Condition:
    """Where identities derive from a grant, a sub-agent's token ends with the task that it is for."""
    return implies(all_of(derived, same(design.delegation_expiry, "task")), ends)
