"""The rules an honest client obeys, in protocol order (steps S3 to S22).

Each rule takes the design and the values it compares; none of them knows about sessions, traces or readers.
"""

from collections.abc import Sequence
from typing import NamedTuple

from model import identifiers
from model.federation import Frameworks, chain_holds
from model.logic import Condition, Value, all_of, any_of, choose, holds, implies, mapped, no, one_of, same
from model.rule import rule
from model.switching import Choices
from model.world import NONE, Party, callback_at, identity_at

# --- discovery ---------------------------------------------------------------------------------------------


def covers(design: Choices, resource: Value, url: Value) -> Condition:
    """Whether the matching rule in force lets a document for ``resource`` cover a request to ``url``."""
    prefix = {
        "strict": identifiers.prefix_segment,
        "decode_all": identifiers.prefix_normalize_then_decode,
        "decode_first": identifiers.prefix_decode_then_normalize,
    }
    near = any_of(same(design.prm_drop, "any"), holds(identifiers.drops_one_segment, resource, url))
    return any_of(
        all_of(one_of(design.prm, "exact", "off"), holds(identifiers.equal_code_points, resource, url)),
        *(
            all_of(same(design.prm, "prefix"), same(design.norm, norm), near, holds(comparator, resource, url))
            for norm, comparator in prefix.items()
        ),
        all_of(same(design.prm, "prefix_str"), holds(identifiers.prefix_string, resource, url)),
        all_of(same(design.prm, "prefix_sdk_ts"), holds(identifiers.prefix_sdk_typescript, resource, url)),
        all_of(same(design.prm, "prefix_sdk_py"), holds(identifiers.prefix_sdk_python, resource, url)),
        all_of(same(design.prm, "prefix_sdk_py_old"), holds(identifiers.prefix_sdk_python_before_1_28, resource, url)),
        all_of(same(design.prm, "same_path"), holds(identifiers.equal_but_query, resource, url)),
        all_of(same(design.prm, "same_href"), holds(identifiers.equal_href, resource, url)),
        all_of(same(design.prm, "origin"), holds(identifiers.is_origin_of, resource, url)),
        same(design.prm, "unchecked"),
    )


@rule("PRM-1.2-rid", "PRM-7.3-tls", source="RFC 9728 1.2, 7.1")
def resource_url_is_https(design: Choices, plain_http: Condition) -> Condition:
    """The client follows challenges only from https resource URLs."""
    return implies(plain_http, same(design.rs_scheme_check, "off"))


@rule("MCP-order", source="RFC 9728 3, 5")
def challenge_is_heeded(design: Choices, by_challenge: Condition) -> Condition:
    """A challenge leads the client to a document only if the client does not build the location itself."""
    return implies(by_challenge, same(design.prm_src, "challenge"))


@rule("AAU-other", source="draft-hardt-oauth-aauth-protocol, Requirement Responses")
def other_challenge_is_heeded(design: Choices) -> Condition:
    """A client that speaks AAuth takes OAuth's challenge instead only if it is willing to."""
    return same(design.fallback, "on")


@rule("PRM-5-chal", source="RFC 9728 5.1 (no rule); deployed guard", otherwise="prm_elsewhere")
def metadata_url_is_same_origin(design: Choices, elsewhere: Condition) -> Condition:
    """The metadata document comes from the origin of the resource."""
    return implies(elsewhere, no(same(design.prm_url, "same_origin")))


@rule("PRM-3-loc", source="RFC 9728 3; its issue 56 (no rule)")
def document_is_where_resource_says(design: Choices, misplaced: Condition) -> Condition:
    """The metadata document is at the well-known location that belongs to the `resource` that it names."""
    return implies(misplaced, no(same(design.prm_url, "of_resource")))


@rule("MCP-prm", source="RFC 6749 1.2")
def resource_is_configured(design: Choices, configured: Condition) -> Condition:
    """A client that discovers nothing knows what to ask, and whom, only of resources that it was told of."""
    return implies(same(design.prm, "off"), configured)


@rule(
    "PRM-3.3-exact-chal",
    "PRM-3.3-exact-wk",
    "BIS-4.2-1",
    "BIS-4.2-2",
    "BIS-4.2-3",
    "BIS-4.2-4",
    "BIS-4.2-fail",
    "BIS-4.2-scope",
    "BIS-4.3-a",
    "BIS-4.3-seg",
    "BIS-4.3-norm",
    "BIS-4.3-empty",
    "PRM-6-cmp",
    source="RFC 9728 3.3; rfc9728bis 4.2-4.3",
    otherwise="prm_mismatch",
)
def resource_matches_request(design: Choices, resource: Value, url: Value) -> Condition:
    """The client uses a metadata document only if its `resource` matches the URL it asked for.

    Prefix matching applies to documents found through a challenge; a document fetched from the well-known
    location built from an identifier must name exactly that identifier.
    """
    built_from_identifier = all_of(same(design.prm_src, "wellknown"), no(same(design.prm, "unchecked")))
    exact = holds(identifiers.equal_code_points, resource, url)
    found_by_challenge = no(built_from_identifier)
    return any_of(all_of(built_from_identifier, exact), all_of(found_by_challenge, covers(design, resource, url)))


@rule("PRM-2.2-ign", "PRM-3.3-sigver", source="RFC 9728 2.2, 3.3")
def metadata_signature_is_anchored(design: Choices, vouched_for: Condition) -> Condition:
    """Where a signature is required, an attester whom the client trusts has signed this very document.

    A key found at the same origin comes with the document it signs, and an optional signature can be left
    out, so neither constrains a party that controls the document.
    """
    return implies(same(design.signed_metadata, "anchored_req"), vouched_for)


@rule("LOG-incl", source="RFC 9162 8.3 (as a pattern for metadata)")
def document_is_logged(design: Choices, logged: Condition) -> Condition:
    """A public log, which anybody can watch, holds what the document says of resource and AS."""
    return implies(same(design.prm_log, "required"), logged)


@rule("PRM-3.2-ok", source="RFC 9728 3.2, 7.7", otherwise="prm_redirect")
def document_is_not_redirected(design: Choices, redirected: Condition) -> Condition:
    """The metadata document is where it was asked for, not where a redirect leads."""
    return implies(redirected, same(design.prm_redirect, "follow"))


@rule("PRM-3.2-ok", source="RFC 9728 3.2", otherwise="prm_error")
def document_is_served(design: Choices, failed: Condition) -> Condition:
    """The server answers with the metadata document or says that there is none."""
    return no(failed)


@rule("PRM-3.2-ok", "PRM-2-resource", source="RFC 9728 2, 3.2", otherwise="prm_malformed")
def document_is_well_formed(design: Choices, fits: Condition) -> Condition:
    """The metadata document says which resource it is about, and all that the client looks at is of its type."""
    return fits


def undocumented_resource(design: Choices, url: Value) -> Value:
    """The `resource` that the client asks for where no metadata names one, or none."""
    return choose(same(design.resource_undocumented, "url"), url, NONE)


# --- authorization server selection ------------------------------------------------------------------------


class Standing(NamedTuple):
    """How an AS stands among those that a resource lists.

    Attributes:
        several: there are others.
        first: it stands first.
        preferred: it is the first that the client knows, or stands first where it knows none.
        used: the user would pick it.
    """

    several: Condition
    first: Condition
    preferred: Condition
    used: Condition = True


@rule("MCP-asel", source="RFC 9728 2, 7.6 (no rule); MCP authorization 2026-07-28; deployed clients")
def server_is_the_chosen_one(design: Choices, chosen: Standing) -> Condition:
    """Where resource metadata lists several AS, the client goes to the one that its policy points to."""
    return any_of(
        no(chosen.several),
        all_of(same(design.as_choice, "first"), chosen.first),
        all_of(same(design.as_choice, "known"), chosen.preferred),
        all_of(same(design.as_choice, "user"), chosen.used),
    )


def standing(known: Sequence[Condition]) -> list[Standing]:
    """What each AS of a list is to a client that has a choice; ``known``: which of them it knows."""
    unknown = all_of(*map(no, known))
    return [
        Standing(len(known) > 1, place == 0, any_of(all_of(place == 0, unknown), all_of(here, *map(no, known[:place]))))
        for place, here in enumerate(known)
    ]


@rule("MCP-prm", source="RFC 9728 2; MCP authorization 2025-03-26")
def server_is_listed(design: Choices, listed: Condition) -> Condition:
    """The resource's metadata lists an AS."""
    return any_of(listed, same(design.legacy_as, "resource_origin"))


@rule("PRM-2-as", "MCP-only", source="RFC 9728 2; MCP authorization 2026-07-28")
def resource_designates_server(design: Choices, server: Value, listed: Value) -> Condition:
    """The client takes a token for a resource only from an AS that the resource's metadata lists."""
    return implies(same(design.rs_as_bind, "on"), same(server, listed))


@rule("PRM-7.6-trust", "FED-4/10.2-chain", "FED-6.2-con", source="RFC 9728 7.6; OpenID Federation 1.0 6.2, 10")
def authorization_server_is_trusted(design: Choices, found: Frameworks) -> Condition:
    """The client has a reason of its own to accept the AS.

    ``found``: the list that the client keeps, and the federation whose anchor it has, as they hold the AS.
    """
    return any_of(same(design.as_trust, "any"), is_vouched_for(design, found.on_list, chain_holds(design, found)))


def is_vouched_for(design: Choices, on_list: Condition, chain: Condition) -> Condition:
    """Whether the framework that the client asks about AS names this one."""
    return any_of(
        all_of(same(design.as_trust, "allowlist"), on_list), all_of(same(design.as_trust, "federation"), chain)
    )


def validates(design: Choices) -> Condition:
    """Whether the client looks at every field of a metadata document, and not only at those that it uses."""
    return same(design.schema_fields, "all")


@rule("ASM-2-fields", source="RFC 8414 2, 3.2", otherwise="asm_malformed")
def server_metadata_is_well_formed(design: Choices, fits: Condition) -> Condition:
    """Every field of AS metadata is of its type, and those that are required are there.

    Clients that do not validate documents notice where they use the field.
    """
    return implies(validates(design), fits)


def guessed_endpoint(
    design: Choices, at_server: Value, at_resource: Value, published: Condition, assumed: Condition
) -> Value:
    """Where the client takes an endpoint to be that nothing names: at the AS, at the origin of the resource, or none.

    ``published``: the AS has metadata; ``assumed``: nobody lists it, it is only that origin.
    """
    of_server = any_of(
        same(design.endpoint_defaults, "authorization_server"),
        all_of(assumed, same(design.endpoint_defaults, "legacy")),
    )
    guess = choose(all_of(of_server, no(published)), at_server, NONE)
    return choose(same(design.endpoint_defaults, "resource_origin"), at_resource, guess)


@rule("MCP-asm", source="RFC 8414 2; MCP authorization 2025-03-26")
def endpoint_is_known(design: Choices, known: Condition) -> Condition:
    """The metadata names the endpoint, or the client knows where else it may be."""
    return known


@rule("MCP-pkce", "ASM-2-pkce", source="RFC 8414 2; MCP authorization 2026-07-28")
def challenge_method_is_offered(design: Choices, lists_any: Condition, offered: Condition) -> Condition:
    """AS metadata offers the code challenge method S256; ``lists_any``: it says something of such methods."""
    unlisted_will_do = all_of(same(design.pkce_listed, "plain_refused"), no(lists_any))
    return any_of(same(design.pkce_listed, "unread"), offered, unlisted_will_do)


def registers(design: Choices, offered: Condition) -> Condition:
    """Whether the client registers at an AS; ``offered``: that reads client metadata documents."""
    documents = all_of(same(design.reg, "cimd"), any_of(offered, same(design.registration_kinds, "cimd_only")))
    return no(any_of(documents, same(design.reg, "static")))


@rule("MCP-prio", source="RFC 7591 3.2; draft-ietf-oauth-client-id-metadata-document")
def client_id_is_granted(design: Choices, granted: Condition) -> Condition:
    """The AS knows the client or lets it register."""
    return granted


@rule("ASM-3.3-match", "ASM-4-cmp", source="RFC 8414 3.3")
def metadata_issuer_matches(
    design: Choices, claimed: Value, server: Value, configured: Condition, claims_listed: Condition = False
) -> Condition:
    """AS metadata is used only if its issuer is the one the metadata URL was built from.

    Endpoints that are individually ``configured`` were not fetched from anywhere. ``claims_listed``: the issuer that it
    names is one that the client lists, which some clients take for good enough.
    """
    comparators = {
        "on": identifiers.equal_code_points,
        "slash": identifiers.equal_but_slash,
        "href": identifiers.equal_href,
        "origin": identifiers.same_origin,
    }
    return any_of(
        same(design.md_issuer_check, "off"),
        configured,
        all_of(same(design.md_issuer_check, "listed"), claims_listed),
        *(
            all_of(same(design.md_issuer_check, value), holds(comparator, claimed, server))
            for value, comparator in comparators.items()
        ),
    )


@rule("ASM-2.1-signed", source="RFC 8414 2.1")
def server_metadata_is_signed(design: Choices, attested: Condition) -> Condition:
    """Where the client asks for that, AS metadata is signed by an attester that it accepts.

    ``attested``: one has signed all that the client uses of it, or for all that the client looks at something else.
    """
    return implies(same(design.as_signed_metadata, "anchored"), attested)


@rule("BCU-2.2-ctx", source="draft-ietf-oauth-security-topics-update 2.2.2")
def endpoints_are_resolved_from_issuer(
    design: Choices, claimed: Value, server: Value, configured: Condition
) -> Condition:
    """A connector's endpoints come from the metadata of the issuer it is labelled with."""
    return implies(all_of(configured, no(same(claimed, server))), same(design.issuer_resolution, "off"))


@rule("ASM-3.3-match", source="RFC 9700 4.4.2 (insufficient by its own words)")
def authorization_endpoint_is_corroborated(
    design: Choices, claimed: Value, authorization_at: Value, advertised: Condition
) -> Condition:
    """The authorization endpoint belongs to the issuer that the same document claims.

    ``advertised``: the document says that the AS sends iss, which some clients take for good enough.
    """
    return any_of(
        one_of(design.md_corroborate, "none", "token_endpoint"),
        all_of(same(design.md_corroborate, "unless_iss"), advertised),
        holds(identifiers.same_origin, claimed, authorization_at),
    )


@rule("ASM-3.3-match", source="RFC 9700 4.4.2; deployed MCP clients")
def token_endpoint_is_corroborated(design: Choices, claimed: Value, token_at: Value) -> Condition:
    """The token endpoint belongs to the issuer that the same document claims."""
    return implies(same(design.md_corroborate, "token_endpoint"), holds(identifiers.same_origin, claimed, token_at))


@rule("BCU-2.1-pair", source="draft-ietf-oauth-security-topics-update-02 2.1.2.3")
def token_endpoint_is_new(design: Choices, elsewhere: Condition = False) -> Condition:
    """The client has one client_id at two AS only where their token endpoints differ, if it cares.

    ``elsewhere``: it has this client_id at another AS, which has this token endpoint.
    """
    return implies(elsewhere, no(same(design.unique_cid, "pair")))


@rule("PRM-4-xchk", source="RFC 9728 4, 7.6")
def server_lists_resource(design: Choices, publishes: Condition, lists: Condition) -> Condition:
    """The AS lists the resource among its protected resources (if it ``publishes`` any)."""
    return any_of(same(design.xcheck, "off"), lists, all_of(same(design.xcheck, "if_listed"), no(publishes)))


# --- what the client sends ---------------------------------------------------------------------------------


def client_id(design: Choices, client: Party, issuer: Value, strangers: Condition) -> Value:
    """The client_id used at an issuer; ``strangers``: the AS there is the attacker's.

    The attacker's AS hands out the id that the client already has elsewhere (it is no secret), unless the client
    refuses duplicates or has a metadata document for each AS.
    """
    refuses = all_of(strangers, same(design.unique_cid, "on"), one_of(design.reg, "dcr", "static"))
    per_as = all_of(same(design.reg, "cimd"), same(design.cimd_docs, "per_as"))
    own = mapped(lambda at: NONE if at == NONE else identity_at(client, at), issuer)
    return choose(any_of(per_as, refuses), own, client.url)


def distinct_redirects(design: Choices) -> Condition:
    """Whether each AS (or connection) has a redirect URI of its own."""
    return any_of(same(design.per_as_redirect, "on"), same(design.conn_context, "redirect_and_session"))


def redirect_uri(design: Choices, client: Party, issuer: Value, connection: Value) -> Value:
    """The redirect URI used with an issuer, or over a connection where each has a context of its own."""
    context = choose(same(design.conn_context, "redirect_and_session"), connection, issuer)
    own = mapped(lambda at: NONE if at == NONE else callback_at(client, at), context)
    return choose(distinct_redirects(design), own, client.callback)


def challenge(design: Choices, session: str, withheld: Condition) -> Value:
    """Whose code challenge a session's request carries, or none.

    ``withheld``: the metadata does not offer it.
    """
    talked_out = all_of(same(design.pkce_policy, "metadata"), withheld)
    return choose(any_of(same(design.pkce, "off"), talked_out, shows_a_code(design)), NONE, session)


def names_resource(design: Choices, request: str = "", follows: bool = False) -> Condition:
    """Whether the client names the resource in its `authorization` or `token` request, by default in one that it makes.

    ``follows``: the session follows another.
    """
    if request:
        return one_of(design.resource_indicator, "on", request)
    asks = all_of(uses_code_grant(design, follows), names_resource(design, "authorization"))
    return any_of(asks, names_resource(design, "token"))


def wants_dpop(design: Choices, offered: Condition, demanded: Condition) -> Condition:
    """Whether a session uses DPoP, as its policy and what the metadata of AS and resource say have it."""
    return all_of(
        no(same(design.dpop, "none")),
        any_of(
            same(design.dpop_policy, "always"),
            all_of(same(design.dpop_policy, "metadata"), offered),
            all_of(same(design.dpop_policy, "prm"), demanded),
        ),
    )


def possession_key(policy: Value, client: str, session: str, issuer: Value) -> Value:
    """The key a session proves possession of towards an issuer and with its tokens."""
    per_as = mapped(lambda at: NONE if at == NONE else f"key:{client}@{at}", issuer)
    return choose(same(policy, "per_client"), f"key:{client}", choose(same(policy, "per_as"), per_as, f"key:{session}"))


def uses_code_grant(design: Choices, follows: bool = False) -> Condition:
    """Whether the client asks users for codes, in a session that ``follows`` another or in any."""
    each = one_of(design.grant, "authorization_code", "device_code")
    return each if follows else any_of(each, one_of(design.grant, "id_jag", "on_behalf_of"))


def shows_a_code(design: Choices) -> Condition:
    """Whether the client shows its user a code to enter elsewhere, and sends no browser to an AS (RFC 8628)."""
    return same(design.grant, "device_code")


def uses_browser(design: Choices, follows: bool = False) -> Condition:
    """Whether the client sends its user's browser to an AS, for a code."""
    return all_of(uses_code_grant(design, follows), no(shows_a_code(design)))


def exchanges(design: Choices) -> Condition:
    """Whether a client exchanges the token of the session before, in one that follows it."""
    return same(design.grant, "on_behalf_of")


def may_refresh(design: Choices, follows: bool) -> Condition:
    """Whether a session's token comes with a refresh token: not where the client can ask anew by itself.

    RFC 6749 4.4.3 and RFC 7521 4.1 say so of client credentials and assertions.
    """
    return uses_code_grant(design, follows)


def is_vouched_by_server(design: Choices, follows: bool) -> Condition:
    """Whether the AS of another session is asked to vouch for the user, in a session that ``follows`` one."""
    return same(design.grant, "id_jag") if follows else False


@rule("O21-grant", source="RFC 6749 4.1")
def code_is_asked_for(design: Choices, follows: bool = False) -> Condition:
    """Authorization codes exist only where the client uses the authorization code grant."""
    return uses_code_grant(design, follows)


def assertion_names(
    design: Choices, policy: Choices, server: str, issuer: Value, token_at: Value, called: Value
) -> Condition:
    """Whether the assertion that a client signs has an AS among its audiences, so that the AS might take it.

    ``policy``: the server's; ``issuer``: as the client recorded it; ``token_at``: whose token endpoint the metadata
    names; ``called``: whose endpoint the client sends it to. The proof of possession beside a client attestation names
    the issuer, whatever the switch says (draft-ietf-oauth-attestation-based-client-auth-11 5.1).
    """
    aud, signed = design.assertion_aud, same(design.client_auth, "pkjwt")
    beside = all_of(same(aud, "array"), same(policy.aud_accepted, "any"))
    by_issuer = all_of(signed, any_of(same(aud, "issuer"), beside))
    return any_of(
        all_of(any_of(by_issuer, attests(design)), same(issuer, server)),
        all_of(signed, one_of(aud, "token_ep", "array"), same(token_at, server)),
        all_of(signed, same(aud, "endpoint"), same(called, server)),
    )


def platform_signs(design: Choices) -> Condition:
    """Whether the client authenticates by an assertion that its platform signs for it."""
    return all_of(same(design.client_auth, "pkjwt"), same(design.assertion_by, "platform"))


def attests(design: Choices) -> Condition:
    """Whether the client authenticates by an attestation and a proof signed for the AS."""
    return same(design.client_auth, "attest")


def is_named_by_others(design: Choices) -> Condition:
    """Whether somebody else says who the client is whenever it authenticates: an attester, or its platform."""
    return any_of(attests(design), platform_signs(design))


def shows_attestation(design: Choices) -> Condition:
    """Whether the client shows resource servers as well who attests it, and proves its key to them."""
    return same(design.attestation_shown, "yes")


def signs_assertions(design: Choices) -> Condition:
    """Whether the client authenticates by something it signs for the AS, which can be passed on."""
    return one_of(design.client_auth, "pkjwt", "attest")


def sends_secret(design: Choices, server: str, issuer: Value) -> Condition:
    """Whether the secret that a client sends is the one it has at an AS."""
    return all_of(same(design.client_auth, "secret"), any_of(same(design.cred_pin, "off"), same(issuer, server)))


# --- authorization response --------------------------------------------------------------------------------


@rule("BCU-2.3-user", source="draft-ietf-oauth-security-topics-update 2.3.2")
def callback_browser_started_flow(design: Choices, other_browser: Condition) -> Condition:
    """The browser that delivers the response is the one that started the flow."""
    return implies(other_browser, same(design.callback_bind, "off"))


def goes_on_after_error(design: Choices) -> Condition:
    """Whether the client gets a token for itself where the user, or the AS, has refused what it asked for."""
    return same(design.after_error, "client_credentials")


def grants_of(design: Choices) -> tuple[Value, ...]:
    """The grant types that the client uses, the one after an error among them; ``none`` where there is none."""
    return design.grant, choose(goes_on_after_error(design), "client_credentials", NONE)


def is_taken_unchecked(design: Choices, error: Condition) -> Condition:
    """Whether the client takes an authorization response, if it is an ``error``, whatever else is in it."""
    return all_of(error, same(design.error_checks, "off"))


@rule("O21-mix", source="RFC 6749 10.12; RFC 9700 4.7")
def state_matches(design: Choices, returned: Value, session: str) -> Condition:
    """The state in the response is the one of this session."""
    return any_of(
        same(design.state, "off"),
        same(returned, session),
        all_of(same(design.state, "if_present"), same(returned, NONE)),
    )


@rule("O21-mix", source="RFC 9700 4.2.4")
def state_is_used_once(design: Choices, after_use: Condition) -> Condition:
    """A state value that has been used is accepted no more."""
    return implies(all_of(after_use, same(design.state, "checked")), same(design.state_single_use, "no"))


@rule("BCP-2.1-mix", "BCU-2.2-ctx", source="RFC 9700 4.4.2.2; draft-ietf-oauth-security-topics-update 2.2.2")
def callback_is_of_recorded_issuer(design: Choices, arrived_at: Value, expected: Value) -> Condition:
    """The response arrives at the redirect URI of the issuer (or connection) recorded for the session.

    A client that remembers the AS only by the redirect URI has nothing to compare.
    """
    infers = all_of(same(design.as_memory, "redirect_uri"), distinct_redirects(design))
    return any_of(same(arrived_at, expected), infers)


def inferred_issuer(design: Choices, client: Party, issuers: Sequence[str], arrived_at: Value, issuer: Value) -> Value:
    """The issuer a client goes on with: the recorded one, or the one whose redirect URI was used."""
    infers = all_of(same(design.as_memory, "redirect_uri"), distinct_redirects(design))
    owners = {callback_at(client, known): known for known in issuers}
    owner = mapped(lambda uri: owners.get(uri, NONE), arrived_at)
    return choose(all_of(infers, no(same(owner, NONE))), owner, issuer)


@rule(
    "ISS-2.4-cmp",
    "ISS-2.4-missing",
    "ISS-2.4-unadv",
    "ISS-2.4-neither",
    "MCP-iss-table",
    "MCP-issnonorm",
    "FAPI-cl-iss",
    source="RFC 9207 2.4; MCP authorization 2026-07-28",
)
def iss_matches_recorded_issuer(design: Choices, iss: Value, issuer: Value, advertised: Condition) -> Condition:
    """iss, where the policy looks at it, is the issuer recorded for this request.

    ``advertised`` is what the *recorded* AS's metadata says; under ``advertised`` an iss that is present is
    compared in any case and one that is absent is missed only if it was advertised. Where no issuer was recorded there
    is none to compare with.
    """
    absent = same(iss, NONE)
    equal = any_of(same(issuer, NONE), holds(identifiers.equal_simple_string, iss, issuer))
    return any_of(
        same(design.iss_check, "off"),
        equal,
        all_of(same(design.iss_check, "if_present"), absent),
        all_of(same(design.iss_check, "advertised"), absent, no(advertised)),
    )


def recorded_issuer(design: Choices, named: Value, listed: Value) -> Value:
    """The issuer that a response is compared with, or none: the one that the metadata in use ``named``, if any did."""
    compares = all_of(same(named, NONE), same(design.iss_unrecorded, "listed"))
    return choose(compares, listed, named)


@rule("MCP-recordiss", source="RFC 9207 2.4")
def issuer_was_recorded(design: Choices, issuer: Value, iss: Value) -> Condition:
    """A response with an iss answers a request for which an issuer was recorded."""
    heeded = all_of(no(same(design.iss_check, "off")), no(same(design.iss_unrecorded, "skip")))
    return any_of(no(same(issuer, NONE)), same(iss, NONE), no(heeded))


# --- token response ----------------------------------------------------------------------------------------


class Echo(NamedTuple):
    """What a token response says of resources.

    Attributes:
        present: it names some.
        has_requested: the requested one is among them, compared as RFC 3986 6.2.2 normalised strings.
        has_more: others are as well.
    """

    present: Condition
    has_requested: Condition
    has_more: Condition


@rule("DPOP-5-downgrade", source="RFC 9449 5")
def token_type_is_dpop(design: Choices, wanted: Condition, bound: Condition) -> Condition:
    """A response to a request with a proof has token_type DPoP."""
    return implies(all_of(same(design.token_type_check, "on"), wanted), bound)


@rule(
    "RTR-3.3.3-absent-open",
    "RTR-3.3.3-match",
    "RTR-3.3.4-noreq-abs",
    "RTR-3.3-undet",
    source="draft-mcguinness-oauth-resource-token-resp 3.3",
)
def echo_confirms_request(design: Choices, requested: Value, read: Condition, echo: Echo) -> Condition:
    """The resource in the token response confirms what was asked for; ``read``: the client looks."""
    named = all_of(echo.present, echo.has_requested)
    accepted = any_of(
        one_of(design.echo, "off", "grant"),
        all_of(same(design.echo, "opt"), implies(echo.present, echo.has_requested)),
        all_of(same(design.echo, "req"), named),
        all_of(same(design.echo, "req_strict"), named, no(echo.has_more)),
    )
    return any_of(no(read), accepted, same(requested, NONE))


@rule("RTR-3.3-undet", source="draft-mcguinness-oauth-resource-token-resp 3.3")
def echo_is_read(design: Choices, read: Condition) -> Condition:
    """A client that heeds the resource echo reads what the token response says."""
    return any_of(read, same(design.echo, "off"))


# --- scopes --------------------------------------------------------------------------------------------------


def scope_asked(design: Choices, challenged: Value, supported: Value, needed: Value) -> Value:
    """The scopes that a client asks for, or none: by what the challenge names, the metadata lists or its task needs."""
    advertised = choose(same(challenged, NONE), supported, challenged)
    known = choose(same(design.scope_request, "least"), needed, NONE)
    listed = choose(same(design.scope_request, "supported"), supported, known)
    return choose(same(design.scope_request, "advertised"), advertised, listed)


@rule("MCP-step", source="MCP authorization 2026-07-28")
def scope_is_stepped_up(design: Choices) -> Condition:
    """Where the scope of a token is not enough the client asks for more."""
    return no(same(design.step_up, "off"))


@rule("MCP-step", source="MCP authorization 2026-07-28, Step-Up Authorization Flow 4")
def step_up_asks_for_more(design: Choices, more: Condition) -> Condition:
    """A client that steps up asks for something that it has not asked for before in this task."""
    return any_of(more, same(design.step_up_asks, "any"))


def scopes_accumulate(design: Choices) -> Condition:
    """Whether a client that steps up asks for what it asked for before as well."""
    return same(design.step_up, "on")


def keeps_tokens(design: Choices) -> Condition:
    """Whether a client that steps up keeps the token that it had, for operations that need no more."""
    return same(design.step_up, "apart")


def scopes_are_replaced(design: Choices) -> Condition:
    """Whether a client that steps up goes on with the new token alone, which has what the challenge names."""
    return same(design.step_up, "replace")


# --- later ---------------------------------------------------------------------------------------------------


@rule("BIS-6-key", "BIS-6-reuse", "BIS-6-optim", source="rfc9728bis 6")
def cached_token_covers(
    design: Choices, cached_for: Value, url: Value, resource: Value, discovered: Condition, same_server: Condition
) -> Condition:
    """A cached token is used only where its cache key says so.

    After discovery the key is the issuer, alone or with the resource; with optimistic reuse any URL under
    the resource counts, before discovery.
    """
    return any_of(
        all_of(same(design.optimistic, "on"), covers(design, cached_for, url)),
        all_of(
            discovered,
            same_server,
            any_of(same(design.cache_key, "issuer"), holds(identifiers.equal_code_points, resource, cached_for)),
        ),
    )


@rule("PRM-7.10-cache", source="RFC 9728 7.10")
def cached_metadata_is_fresh(design: Choices, cached: Condition) -> Condition:
    """A cached metadata document is used no longer than it may be."""
    return implies(cached, same(design.prm_cache, "stale"))


@rule("PRM-5.2-upd", source="RFC 9728 5.2")
def challenge_is_followed(design: Choices, discovers: Condition) -> Condition:
    """A challenge to a token starts what it can anew: discovery, authorization or the request.

    ``discovers``: it is discovery that it has to start.
    """
    without = all_of(no(discovers), one_of(design.rechallenge, "cached", "retry"))
    return any_of(same(design.rechallenge, "discover"), without)


@rule("PRM-5.2-upd", "MCP-peras", source="RFC 9728 5.2; deployed clients")
def server_is_the_one_before(design: Choices, changed: Condition) -> Condition:
    """Discovering the AS again leads to the one from before."""
    return implies(changed, same(design.as_change, "follow"))


@rule("MCP-peras", source="MCP authorization 2026-07-28")
def refresh_token_stays_with_issuer(design: Choices, came_from_it: Condition = False) -> Condition:
    """A refresh token, or an access token that is to be exchanged, goes only to the issuer it came from."""
    return any_of(came_from_it, same(design.rt_pin, "off"))


@rule("RTR-3.3-useonly", source="draft-mcguinness-oauth-resource-token-resp 3.3")
def echo_is_no_licence(design: Choices, echoed_only: Condition) -> Condition:
    """A resource named in a token response is not thereby one whose AS issued the token."""
    return implies(echoed_only, same(design.echo, "grant"))


@rule("BCU-2.2-ctx", source="draft-ietf-oauth-security-topics-update 2.2.2")
def registrations_are_not_shared(design: Choices, of_another_owner: Condition) -> Condition:
    """Connectors of different owners do not share a registration at an AS."""
    return implies(of_another_owner, same(design.shared_provider, "yes"))


@rule("O21-redirects", source="RFC 9110 15.4; Fetch")
def credentials_stay_with_origin(design: Choices, elsewhere: Condition) -> Condition:
    """The Authorization header is dropped when a request is redirected to another origin."""
    within = all_of(no(elsewhere), no(same(design.http_redirect, "none")))  # that client follows none at all
    return any_of(same(design.http_redirect, "forward"), within)


@rule("PRM-7.7-ssrf", "MCP-ssrf", source="RFC 9728 7.7; MCP security best practices")
def fetches_are_guarded(design: Choices, internal: Condition) -> Condition:
    """The client checks every address, at every hop, that discovery makes it contact; https alone does not."""
    return implies(internal, same(design.fetch_guard, "off"))


@rule("MCP-urlscheme", source="MCP security best practices (OAuth URL validation)")
def authorization_endpoint_is_a_web_url(design: Choices, web_url: Condition) -> Condition:
    """The client opens only http(s) authorization endpoints."""
    return any_of(web_url, same(design.url_scheme_check, "off"))


@rule("O21-redirects", source="RFC 9110 15.4 (no rule)")
def redirect_target_gets_no_credentials(design: Choices, redirected: Condition) -> Condition:
    """A redirected request is not given the credentials that the client holds for the new target."""
    return implies(redirected, same(design.http_redirect, "reattach"))


@rule("AIA-10-auth", "AAU-depth", source="draft-klrc-aiagent-auth 10.4; draft-hardt-oauth-aauth-protocol, Sub-Agents")
def token_is_not_lent(design: Choices, lent: Condition) -> Condition:
    """Sub-agents have identities and tokens of their own; nobody lends them the client's token and key."""
    return implies(lent, same(design.instance, "none"))


@rule("PRA-sign", source="draft-mcguinness-oauth-presenter-rebinding, Requirements and Scope")
def handed_token_is_bound(design: Choices, handed: Condition, key: Value) -> Condition:
    """Who has another present its token hands over one that is bound to a key: a bearer token names nobody."""
    return implies(handed, no(same(key, NONE)))


@rule("MIS-off", source="draft-mcguinness-oauth-mission-attenuation, Offline Attenuation")
def link_narrows(design: Choices, honest: Condition, within: Condition) -> Condition:
    """An honest party that makes a token out of its own passes on what it has and means to, and no more."""
    return implies(honest, within)
