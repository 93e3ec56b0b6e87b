"""What honest parties ask of each message that they take: which rules, in which order, written once.

Roles and the attacker who sends to them, simulations, conversations with deployed clients and the parties that are
played over HTTP read these, with undecided values or with what came over the wire. A rule is asked when it is reached:
whoever stops at the first that does not hold asks no other. What only conversations hold values for
(:mod:`model.conduct`) they ask beside these, in the step that takes the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model import authorization_server as server
from model import client
from model import resource_server as resource
from model.logic import Condition, Value, all_of, any_of, implies, no
from model.rule import Condition as Named

Guard = Iterator[Named]

# --- a client ------------------------------------------------------------------------------------------------


def challenge(design: Any, plain_http: Condition, by_challenge: Condition, elsewhere: Condition) -> Guard:
    """A challenge, and the location of metadata in it."""
    yield client.resource_url_is_https(design, plain_http)
    yield client.challenge_is_heeded(design, by_challenge)
    yield client.metadata_url_is_same_origin(design, elsewhere)


def resource_metadata(
    design: Any, resource: Value, asked: Value, vouched: Condition, cached: Condition = False
) -> Guard:
    """Resource metadata for the URL ``asked``, wherever it came from."""
    yield client.cached_metadata_is_fresh(design, cached)
    yield client.resource_matches_request(design, resource, asked)
    yield client.metadata_signature_is_anchored(design, vouched)


def authorization_servers(
    design: Any, chosen: Value, listed: Value, known: Condition, enrolled: Condition = True
) -> Guard:
    """The AS that resource metadata lists, of which the client goes to one."""
    yield client.resource_designates_server(design, chosen, listed)
    yield client.authorization_server_is_trusted(design, known, enrolled)


def server_metadata(design: Any, claimed: Value, expected: Value, configured: Condition = False) -> Guard:
    """AS metadata for the issuer ``expected``, or what stands for it where endpoints are ``configured``."""
    yield client.metadata_issuer_matches(design, claimed, expected, configured)
    yield client.endpoints_are_resolved_from_issuer(design, claimed, expected, configured)


def endpoints(
    design: Any, claimed: Value, authorization_at: Value, advertised: Condition, publishes: Condition, lists: Condition
) -> Guard:
    """The rest of AS metadata that is looked at before it is used: where users are sent, and for which resources."""
    yield client.authorization_endpoint_is_corroborated(design, claimed, authorization_at, advertised)
    yield client.server_lists_resource(design, publishes, lists)


def token_endpoint(design: Any, claimed: Value, token_at: Value) -> Guard:
    """The token endpoint in AS metadata."""
    yield client.token_endpoint_is_corroborated(design, claimed, token_at)


def authorization_response(
    design: Any, session: str, returned: Value, arrived_at: Value, expected_at: Value, iss: Value, issuer: Value,
    advertised: Condition, other_browser: Condition = False, after_use: Condition = False,
) -> Guard:  # fmt: skip
    """An authorization response: the state ``returned``, the redirect URI it ``arrived_at``, and its iss."""
    yield client.callback_browser_started_flow(design, other_browser)
    yield client.state_matches(design, returned, session)
    yield client.state_is_used_once(design, after_use)
    yield client.callback_is_of_recorded_issuer(design, arrived_at, expected_at)
    yield client.iss_matches_recorded_issuer(design, iss, issuer, advertised)


def token_response(
    design: Any, wanted: Condition, bound: Condition, requested: Value,
    echo: tuple[Condition, Condition, Condition], read: Condition = True,
) -> Guard:  # fmt: skip
    """A token response: its type, and whether the ``echo`` of resources is there, has the requested one, has more."""
    yield client.token_type_is_dpop(design, wanted, bound)
    yield client.echo_is_read(design, read)
    confirms = client.echo_confirms_request(design, requested, *echo)
    yield confirms._replace(holds=implies(read, confirms.holds))


# --- an authorization server ---------------------------------------------------------------------------------


def authentication(
    design: Any, policy: Any, genuine: Condition, secret: Condition = False, assertion: Condition = False,
    named: Condition = True, replaced: Condition = False,
) -> Guard:  # fmt: skip
    """The authentication of a client of this ``design`` at an AS of this ``policy``.

    ``replaced``: by a key that the client has taken out of its metadata.
    """
    shown = server.client_is_authenticated(design, genuine, secret, assertion)
    yield shown._replace(holds=any_of(shown.holds, replaced))
    yield server.assertion_names_this_server(design, named)
    yield server.client_keys_are_current(policy, all_of(replaced, no(shown.holds)))


def redirection(policy: Any, registered: Condition, known: Condition) -> Guard:
    """The redirect URI of a pushed or authorization request; where it is wrong nobody is sent there."""
    yield server.redirect_uri_is_registered(policy, registered, known)


def authorization_request(
    policy: Any, pushed: Condition, challenge: Value, requested: Value, listed: Condition, shown: Condition = True,
    reused: Condition = False, unasked: Condition = False,
) -> Guard:  # fmt: skip
    """The rest of an authorization request; ``shown``: its user sees on the page what a vigilant one looks for."""
    yield server.request_was_pushed(policy, pushed)
    yield server.challenge_is_present(policy, challenge)
    yield server.resource_is_acceptable(policy, requested, listed)
    yield server.user_recognises_the_client(policy, shown)
    yield server.request_uri_is_unused(policy, reused)
    yield server.consent_is_pinned_to_metadata(policy, unasked)


def code(policy: Any, grant: Any, client_id: Value, redirect_uri: Value, verifier: Value, proof_key: Value) -> Guard:
    """A code in a token request; ``grant`` is what the AS remembers of the authorization request."""
    yield server.code_was_issued_to_client(grant.client, client_id)
    yield server.redirect_uri_is_the_same(grant.redirect, redirect_uri)
    yield server.verifier_matches_challenge(policy, grant.challenge, verifier)
    yield server.proof_key_matches_request(grant.key, proof_key)


def requested_resource(policy: Any, granted: Value, requested: Value, listed: Condition = True) -> Guard:
    """The resource in a token request."""
    yield server.resource_is_within_grant(policy, granted, requested)
    yield server.resource_is_acceptable(policy, requested, listed)


# --- a resource server ---------------------------------------------------------------------------------------


def access_token(
    policy: Any, issuer: tuple[Condition, Condition, Condition], own: Value, url: Value, audience: Value,
    has_default: Condition, signature: tuple[Condition, Condition] = (True, False),
) -> Guard:  # fmt: skip
    """A token: whose it says it is, by whose key, and for whom.

    ``issuer``: known, enrolled, looks known; ``signature``: by the key of that issuer, or of another on the list.
    """
    yield resource.issuer_is_accepted(policy, *issuer)
    yield resource.signature_is_by_issuer(policy, *signature)
    yield resource.audience_is_this_resource(policy, own, url, audience, has_default)


def possession(
    policy: Any, key: Value, own: Condition, proofs: tuple[Condition, Condition], certificate: Value, presented: Value,
    used: Condition = False,
) -> Guard:  # fmt: skip
    """What a token comes with: a proof by its ``key`` (for this URL, or another), a TLS client certificate."""
    yield resource.scheme_is_acceptable(policy, key)
    yield resource.proof_is_by_bound_key(policy, own, *proofs)
    yield resource.certificate_is_bound_one(certificate, presented)
    yield resource.proof_is_fresh(policy, used)
