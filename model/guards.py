"""What honest parties ask of a message that they take: which rules, in which order, written once.

Roles and the attacker who sends to them, conversations with deployed clients and the parties that are played over HTTP
:func:`ask` these, with undecided values or with what came over the wire. What only conversations hold values for
(:mod:`model.conduct`) they ask beside them, in the step that takes the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from inspect import signature
from typing import Any, NamedTuple

from model import authorization_server as server
from model import client
from model import resource_server as resource
from model.logic import Condition, any_of, no, same
from model.rule import Named

Asked = Callable[..., Named]


class Added(NamedTuple):
    """The place in a guard at which the rules are asked that drafts add to it."""

    guard: str


Guard = tuple[Asked | Added, ...]


def ask(guard: Guard, *, design: Any, **values: Any) -> Iterator[Named]:
    """Ask rules one after another, each about those of the values that it has parameters for.

    One is asked when it is reached: whoever stops at the first that does not hold asks no other. What a draft adds to
    the guard is asked where the model of the design has it.
    """
    values["design"] = design
    for each in guard:
        for rule in design.model.guards.get(each.guard, ()) if isinstance(each, Added) else (each,):
            yield rule(**{name: values[name] for name in _parameters(rule) if name in values})


def _named(guard: str, *rules: Asked) -> Guard:
    return (*rules, Added(guard))


def goes_on(design: Any, asked: Named) -> Condition:
    """Whether a client goes on after it has asked a rule: it holds, or the client does without what it is about."""
    otherwise = asked.rule.otherwise
    return any_of(asked.holds, no(same(getattr(design, otherwise), "refuse"))) if otherwise else asked.holds


@cache
def _parameters(rule: Asked) -> tuple[str, ...]:
    return tuple(signature(rule).parameters)


# --- a client ------------------------------------------------------------------------------------------------

CHALLENGE: Guard = _named(
    "CHALLENGE",
    client.resource_is_configured,
    client.resource_url_is_https,
    client.challenge_is_heeded,
    client.metadata_url_is_same_origin,
)
RESOURCE_METADATA: Guard = _named(
    "RESOURCE_METADATA",
    client.cached_metadata_is_fresh, client.document_is_where_resource_says, client.resource_matches_request,
    client.metadata_signature_is_anchored, client.document_is_logged,
)  # fmt: skip
#: Of whatever is found where the metadata of a resource should be, and of the AS that it lists.
DOCUMENT: Guard = _named(
    "DOCUMENT", client.document_is_not_redirected, client.document_is_served, client.document_is_well_formed
)
LISTING: Guard = _named("LISTING", client.server_is_listed)
#: Of the AS that it lists: which of them to go to.
LISTED_SERVERS: Guard = _named("LISTED_SERVERS", client.server_is_the_chosen_one)
#: Of AS metadata: whether to ask for it, whether it is what was asked for, and where it leads users and their codes.
CHOSEN_SERVER: Guard = _named(
    "CHOSEN_SERVER", client.resource_designates_server, client.authorization_server_is_trusted
)
SERVER_DOCUMENT: Guard = _named("SERVER_DOCUMENT", client.server_metadata_is_well_formed)
SERVER_METADATA: Guard = _named(
    "SERVER_METADATA",
    client.metadata_issuer_matches,
    client.server_metadata_is_signed,
    client.endpoints_are_resolved_from_issuer,
    client.token_endpoint_is_new,
)
AUTHORIZATION_ENDPOINT: Guard = _named(
    "AUTHORIZATION_ENDPOINT", client.authorization_endpoint_is_corroborated, client.server_lists_resource
)
TOKEN_ENDPOINT: Guard = _named("TOKEN_ENDPOINT", client.token_endpoint_is_corroborated)
ENDPOINT: Guard = _named("ENDPOINT", client.endpoint_is_known)
SUPPORT: Guard = _named("SUPPORT", client.challenge_method_is_offered)
REGISTRATION: Guard = _named("REGISTRATION", client.client_id_is_granted)
AUTHORIZATION_RESPONSE: Guard = _named(
    "AUTHORIZATION_RESPONSE",
    client.callback_browser_started_flow, client.state_matches, client.state_is_used_once,
    client.callback_is_of_recorded_issuer, client.iss_matches_recorded_issuer, client.issuer_was_recorded,
)  # fmt: skip
TOKEN_RESPONSE: Guard = _named(
    "TOKEN_RESPONSE", client.token_type_is_dpop, client.echo_is_read, client.echo_confirms_request
)

# --- an authorization server ---------------------------------------------------------------------------------

#: Of whoever authenticates as a client: ``design`` is the client's, ``policy`` the server's.
AUTHENTICATION: Guard = _named(
    "AUTHENTICATION",
    server.client_is_authenticated, server.certificate_is_provisioned, server.assertion_names_this_server,
    server.client_keys_are_current, server.attester_is_endorsed,
)  # fmt: skip
#: Of pushed and other authorization requests: where the browser would be sent back to, and the rest.
REDIRECTION: Guard = _named("REDIRECTION", server.redirect_uri_is_registered)
AUTHORIZATION_REQUEST: Guard = _named(
    "AUTHORIZATION_REQUEST",
    server.request_was_pushed, server.challenge_is_present, server.resource_is_acceptable,
    server.user_recognises_the_client, server.user_approves_what_the_task_needs,
    server.request_uri_is_unused, server.consent_is_pinned_to_metadata,
)  # fmt: skip
#: Of token requests: the code, if there is one, and the resource.
CODE: Guard = _named(
    "CODE",
    server.code_was_issued_to_client,
    server.redirect_uri_is_the_same,
    server.verifier_matches_challenge,
    server.proof_key_matches_request,
)
#: Of assertions about users that are used as grants: by whom, for whom and about whom they are.
ASSERTION: Guard = _named(
    "ASSERTION",
    server.grant_names_this_server, server.voucher_is_partner, server.grant_names_the_client,
    server.grant_is_presented_by_key, server.subject_is_of_issuer,
)  # fmt: skip
TOKEN_REQUEST: Guard = _named(
    "TOKEN_REQUEST", server.proof_is_present, server.resource_is_within_grant, server.resource_is_acceptable
)

# --- a resource server ---------------------------------------------------------------------------------------

ACCESS_TOKEN: Guard = _named(
    "ACCESS_TOKEN", resource.issuer_is_accepted, resource.signature_is_by_issuer, resource.audience_is_this_resource
)
#: Of a token by an honest AS: for how long, whether still, and for what.
VALIDITY: Guard = _named(
    "VALIDITY", resource.token_is_unexpired, resource.token_is_unrevoked, resource.scope_is_sufficient
)
POSSESSION: Guard = _named(
    "POSSESSION",
    resource.scheme_is_acceptable, resource.proof_is_by_bound_key, resource.certificate_is_bound_one,
    resource.proof_is_fresh, resource.attestation_is_shown,
)  # fmt: skip
