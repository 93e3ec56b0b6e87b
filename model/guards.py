"""What honest parties ask of a message that they take: which rules, of which values, in which order, written once.

A guard is a function of what its party sees of the message. It yields the rules that it asks one by one: a reader who
stops at the first that does not hold asks no other. Roles, the attacker who sends to them, conversations with deployed
clients and the parties that are played over HTTP call the same ones. Their values are undecided, or came over the wire.
What drafts add to a guard is asked last, of the same values.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import signature
from typing import NamedTuple, ParamSpec, TypedDict, cast

from model import authorization_server as server
from model import client
from model import resource_server as resource
from model.federation import Frameworks
from model.logic import Condition, Value, any_of, no, same
from model.rule import Named
from model.switching import Choices

P = ParamSpec("P")


class Guard(NamedTuple):
    """Who asks a guard, and of what."""

    actor: str
    values: tuple[str, ...]


#: Every guard, by its name.
GUARDS: dict[str, Guard] = {}


def _of(actor: str) -> Callable[[Callable[P, Iterator[Named]]], Callable[P, Iterator[Named]]]:
    """A function that asks rules is a guard of an actor's, to which drafts may add some."""

    def decorate(function: Callable[P, Iterator[Named]]) -> Callable[P, Iterator[Named]]:
        name, parameters = function.__name__, signature(function)
        GUARDS[name] = Guard(actor, tuple(parameters.parameters))

        @wraps(function)
        def asked(*args: P.args, **values: P.kwargs) -> Iterator[Named]:
            yield from function(*args, **values)
            if further := cast(Choices, args[0]).model.guards.get(name, ()):
                given = parameters.bind(*args, **values)
                for rule in further:
                    yield rule(**{one: given.arguments[one] for one in signature(rule).parameters})

        return asked

    return decorate


def goes_on(design: Choices, asked: Named) -> Condition:
    """Whether a client goes on after it has asked a rule: it holds, or the client does without what it is about."""
    otherwise = asked.rule.otherwise
    return any_of(asked.holds, no(same(getattr(design, otherwise), "refuse"))) if otherwise else asked.holds


# --- a client ------------------------------------------------------------------------------------------------


@_of("client")
def challenge(
    design: Choices, *, configured: Condition, plain_http: Condition, by_challenge: Condition, elsewhere: Condition
) -> Iterator[Named]:
    """Of a challenge, and of where it says that the metadata is."""
    yield client.resource_is_configured(design, configured)
    yield client.resource_url_is_https(design, plain_http)
    yield client.challenge_is_heeded(design, by_challenge)
    yield client.metadata_url_is_same_origin(design, elsewhere)


@_of("client")
def challenge_to_token(design: Choices, *, discovers: Condition) -> Iterator[Named]:
    """Of a challenge in answer to a token; ``discovers``: it has to start discovery anew."""
    yield client.challenge_is_followed(design, discovers)


@_of("client")
def discovery_again(design: Choices, *, changed: Condition) -> Iterator[Named]:
    """Of the AS to which discovery leads once more; ``changed``: it is another."""
    yield client.server_is_the_one_before(design, changed)


@_of("client")
def redirect(design: Choices, *, redirected: Condition) -> Iterator[Named]:
    """Of where the metadata of a resource should be: whether the client is sent elsewhere."""
    yield client.document_is_not_redirected(design, redirected)


@_of("client")
def answer(design: Choices, *, failed: Condition) -> Iterator[Named]:
    """Of the server that is asked for it: whether it answers at all."""
    yield client.document_is_served(design, failed)


@_of("client")
def document(design: Choices, *, fits: Condition) -> Iterator[Named]:
    """Of whatever is found there."""
    yield client.document_is_well_formed(design, fits)


@_of("client")
def resource_metadata(
    design: Choices,
    *,
    resource: Value,
    url: Value,
    cached: Condition,
    misplaced: Condition,
    vouched_for: Condition,
    logged: Condition,
) -> Iterator[Named]:
    """Of a document about a resource."""
    yield client.cached_metadata_is_fresh(design, cached)
    yield client.document_is_where_resource_says(design, misplaced)
    yield client.resource_matches_request(design, resource, url)
    yield client.metadata_signature_is_anchored(design, vouched_for)
    yield client.document_is_logged(design, logged)


@_of("client")
def listing(design: Choices, *, listed: Condition) -> Iterator[Named]:
    """Of the AS that it lists: that there is one."""
    yield client.server_is_listed(design, listed)


@_of("client")
def listed_servers(design: Choices, *, chosen: client.Standing) -> Iterator[Named]:
    """Of the AS that it lists: which of them to go to."""
    yield client.server_is_the_chosen_one(design, chosen)


@_of("client")
def chosen_server(design: Choices, *, server: Value, listed: Value, found: Frameworks) -> Iterator[Named]:
    """Of an AS, before its metadata is asked for."""
    yield client.resource_designates_server(design, server, listed)
    yield client.authorization_server_is_trusted(design, found)


@_of("client")
def server_document(design: Choices, *, fits: Condition) -> Iterator[Named]:
    """Of whatever is found where the metadata of an AS should be."""
    yield client.server_metadata_is_well_formed(design, fits)


@_of("client")
def server_metadata(
    design: Choices,
    *,
    claimed: Value,
    server: Value,
    configured: Condition,
    attested: Condition,
    claims_listed: Condition,
    elsewhere: Condition,
) -> Iterator[Named]:
    """Of AS metadata: whether it is what was asked for."""
    yield client.metadata_issuer_matches(design, claimed, server, configured, claims_listed)
    yield client.server_metadata_is_signed(design, attested)
    yield client.endpoints_are_resolved_from_issuer(design, claimed, server, configured)
    yield client.token_endpoint_is_new(design, elsewhere)


@_of("client")
def authorization_endpoint(
    design: Choices,
    *,
    claimed: Value,
    authorization_at: Value,
    advertised: Condition,
    publishes: Condition,
    lists: Condition,
) -> Iterator[Named]:
    """Of where AS metadata leads the user."""
    yield client.authorization_endpoint_is_corroborated(design, claimed, authorization_at, advertised)
    yield client.server_lists_resource(design, publishes, lists)


@_of("client")
def token_endpoint(design: Choices, *, claimed: Value, token_at: Value) -> Iterator[Named]:
    """Of where AS metadata leads the code."""
    yield client.token_endpoint_is_corroborated(design, claimed, token_at)


@_of("client")
def endpoint(design: Choices, *, known: Condition) -> Iterator[Named]:
    """Of an endpoint that the client is about to use."""
    yield client.endpoint_is_known(design, known)


@_of("client")
def support(design: Choices, *, lists_any: Condition, offered: Condition) -> Iterator[Named]:
    """Of what AS metadata says that the AS can do."""
    yield client.challenge_method_is_offered(design, lists_any, offered)


@_of("client")
def registration(design: Choices, *, granted: Condition) -> Iterator[Named]:
    """Of an answer to a registration."""
    yield client.client_id_is_granted(design, granted)


@_of("client")
def authorization_response(
    design: Choices,
    *,
    session: str,
    other_browser: Condition,
    returned: Value,
    after_use: Condition,
    arrived_at: Value,
    expected: Value,
    iss: Value,
    issuer: Value,
    advertised: Condition,
) -> Iterator[Named]:
    """Of an authorization response."""
    yield client.callback_browser_started_flow(design, other_browser)
    yield client.state_matches(design, returned, session)
    yield client.state_is_used_once(design, after_use)
    yield client.callback_is_of_recorded_issuer(design, arrived_at, expected)
    yield client.iss_matches_recorded_issuer(design, iss, issuer, advertised)
    yield client.issuer_was_recorded(design, issuer, iss)


@_of("client")
def token_response(
    design: Choices, *, wanted: Condition, bound: Condition, read: Condition, requested: Value, echo: client.Echo
) -> Iterator[Named]:
    """Of a token response."""
    yield client.token_type_is_dpop(design, wanted, bound)
    yield client.echo_is_read(design, read)
    yield client.echo_confirms_request(design, requested, read, echo)


# --- an authorization server ---------------------------------------------------------------------------------


class OwnCredentials(TypedDict):
    """What is so of those who come with credentials of a client, and were given them by it or are it."""

    replaced: Condition
    attested: Condition
    anyhow: Condition
    chosen: Condition
    made_at: str


OWN_CREDENTIALS: OwnCredentials = {
    "replaced": False,
    "attested": False,
    "anyhow": False,
    "chosen": False,
    "made_at": "",
}


@_of("authorization_server")
def authentication(
    design: Choices,
    policy: Choices,
    *,
    endpoint: str,
    registered: Condition,
    genuine: Condition,
    secret: Condition,
    assertion: Condition,
    certified: Condition,
    named: Condition,
    replaced: Condition,
    attested: Condition,
    anyhow: Condition,
    chosen: Condition,
    made_at: str,
) -> Iterator[Named]:
    """Of a client that authenticates: ``design`` is the client's, ``policy`` the server's."""
    yield server.client_is_registered(policy, registered)
    yield server.method_is_accepted(design, policy, chosen)
    yield server.client_is_authenticated(design, policy, genuine, secret, assertion, replaced, attested)
    yield server.certificate_is_provisioned(design, certified)
    yield server.assertion_names_this_server(design, policy, named, endpoint, anyhow, made_at)
    yield server.client_keys_are_current(policy, replaced)
    yield server.attester_is_endorsed(policy, attested)


@_of("authorization_server")
def redirection(design: Choices, *, registered: Condition, known: Condition) -> Iterator[Named]:
    """Of pushed and other authorization requests: where the browser would be sent back to."""
    yield server.redirect_uri_is_registered(design, registered, known)


@_of("authorization_server")
def authorization_request(
    design: Choices,
    *,
    pushed: Condition,
    challenge: Value,
    requested: Value,
    listed: Condition,
    shown: Condition,
    reused: Condition,
    unasked: Condition,
    within: Condition,
    apart: Condition,
) -> Iterator[Named]:
    """Of an authorization request: the rest, which the user has a say in."""
    yield server.request_was_pushed(design, pushed)
    yield server.challenge_is_present(design, challenge)
    yield server.resource_is_acceptable(design, requested, listed)
    yield server.user_recognises_the_client(design, shown)
    yield server.user_approves_what_the_task_needs(design, within)
    yield server.request_uri_is_unused(design, reused)
    yield server.consent_is_pinned_to_metadata(design, unasked)
    yield server.code_is_entered_near_its_device(design, apart)


@_of("authorization_server")
def code(
    design: Choices,
    *,
    code_client: Value,
    client: Value,
    code_redirect: Value,
    redirect: Value,
    challenge: Value,
    verifier: Value,
    code_key: Value,
    key: Value,
    reused: Condition,
) -> Iterator[Named]:
    """Of a code in a token request."""
    yield server.code_is_unused(design, reused)
    yield server.code_was_issued_to_client(design, code_client, client)
    yield server.redirect_uri_is_the_same(design, code_redirect, redirect)
    yield server.verifier_matches_challenge(design, challenge, verifier)
    yield server.proof_key_matches_request(design, code_key, key)


@_of("authorization_server")
def assertion(
    design: Choices,
    *,
    named: Condition,
    partner: Condition,
    by_client: Condition,
    bound: Condition,
    own: Condition,
    users: Condition,
    other_tenants: Condition,
    reused: Condition,
) -> Iterator[Named]:
    """Of an assertion about a user that is used as a grant: by whom, for whom and about whom it is."""
    yield server.assertion_is_unused(design, reused)
    yield server.grant_names_this_server(design, named)
    yield server.voucher_is_partner(design, partner)
    yield server.grant_names_the_client(design, by_client)
    yield server.grant_is_presented_by_key(design, bound, own)
    yield server.subject_is_of_issuer(design, users, other_tenants)


@_of("authorization_server")
def token_request(
    design: Choices,
    *,
    proven: Condition,
    promised: Condition,
    granted: Value,
    requested: Value,
    listed: Condition,
    elsewhere: Condition,
) -> Iterator[Named]:
    """Of the rest of a token request: its proof, which may name an endpoint ``elsewhere``, and its resource."""
    yield server.proof_is_present(design, proven, promised)
    yield server.proof_names_this_endpoint(design, elsewhere)
    yield server.resource_is_within_grant(design, granted, requested)
    yield server.resource_is_acceptable(design, requested, listed)


# --- a resource server ---------------------------------------------------------------------------------------


class OrdinaryToken(TypedDict):
    """What is so of a token that a client got by a grant, and that its holder presents for the first time."""

    of_client: Condition
    of_domain: Condition
    forwarded: Condition
    taken_before: Condition
    narrowed: Condition


ORDINARY: OrdinaryToken = {
    "of_client": False,
    "of_domain": False,
    "forwarded": False,
    "taken_before": False,
    "narrowed": True,
}


@_of("resource_server")
def access_token(
    design: Choices,
    *,
    issuer: resource.Issuer,
    by_issuer: Condition,
    signer_listed: Condition,
    identifier: Value,
    url: Value,
    audience: Value,
    has_default: Condition,
    expired: Condition,
    revoked: Condition,
    sufficient: Condition,
    key: Value,
    own: Condition,
    for_this: Condition,
    for_another: Condition,
    certificate: Value,
    presented: Value,
    used: Condition,
    shown: Condition,
    bare: Condition,
    attested: Condition,
    typed: Condition,
    self_contained: Condition,
    named_by_token: Condition,
    of_client: Condition,
    of_domain: Condition,
    forwarded: Condition,
    taken_before: Condition,
    narrowed: Condition,
) -> Iterator[Named]:
    """Of a token in a request: by whom and for whom it is, for how long and for what, and what its sender holds.

    The server that a token names, and that is asked about it, says what it likes of issuer and audience.
    """
    yield resource.introspection_endpoint_is_configured(design, named_by_token)
    for asked in (
        resource.issuer_is_accepted(design, issuer),
        resource.signature_is_by_issuer(design, by_issuer, signer_listed),
        resource.audience_is_this_resource(design, identifier, url, audience, has_default, of_domain),
    ):
        yield asked._replace(holds=any_of(named_by_token, asked.holds))
    yield resource.token_is_typed(design, typed)
    yield resource.token_is_self_contained(design, self_contained)
    yield resource.subjects_are_kept_apart(design, of_client)
    yield resource.token_is_unexpired(design, expired)
    yield resource.token_is_unrevoked(design, revoked, taken_before)
    yield resource.chain_narrows(design, narrowed)
    yield resource.scope_is_sufficient(design, sufficient)
    yield resource.scheme_is_acceptable(design, key)
    yield resource.proof_is_by_bound_key(design, own, for_this, for_another, bare)
    yield resource.certificate_is_bound_one(design, certificate, presented)
    yield resource.proof_is_fresh(design, used)
    yield resource.attestation_is_shown(design, shown, attested)
    yield resource.tokens_are_not_forwarded(design, forwarded, of_domain)
