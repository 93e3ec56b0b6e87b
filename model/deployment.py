"""Ways in that lie beside the flow: redirect status, caches, proxies, introspection, fetching, type confusion.

Each is one step of the attacker with the conditions that stop it. They add breadth: the flow itself does not
depend on them, and they write nothing that it reads.
"""

from __future__ import annotations

from model import authorization_server as server
from model import client
from model import resource_server as resource
from model.action import IMPOSSIBLE, Context, Move, action
from model.client import NONE
from model.logic import Condition, all_of, any_of, no, one_of, same
from model.rule import Condition as Named
from model.state import ISSUED
from model.token_flow import accepts
from model.world import CRM, VICTIM


def once(c: Context, fact: str, here: Condition, *rules: Named) -> Move:
    """A step that brings about one fact, if it has not come about already."""
    possible = all_of(no(c.state[f"happened.{fact}"]), here)
    return IMPOSSIBLE if possible is False else Move(possible, rules, {f"happened.{fact}": True})


# --- the user's account ------------------------------------------------------------------------------------


@action("S13")
def receive_login_form(c: Context) -> Move:
    """The honest AS redirects the browser back to the attacker's client, which repeats the login form to it."""
    return once(c, "account_taken", c.capabilities["mal_client"], server.redirect_drops_the_form(c.design))


@action("S12")
def inherit_consent(c: Context) -> Move:
    """Holding the client's domain, the attacker publishes its own metadata there and uses remembered consent."""
    here = all_of(c.capabilities["domain_takeover"], same(c.design.reg, "cimd"))
    return once(c, "account_taken", here, server.consent_is_pinned_to_metadata(c.design))


@action("S16")
def be_taken_for_user(c: Context) -> Move:
    """The attacker's client gets a token for itself whose subject is read as the user's."""
    here = all_of(c.capabilities["mal_client"], same(c.design.grant, "client_credentials"))
    return once(
        c, "account_taken", here, server.client_ids_are_not_chosen(c.design), resource.subjects_are_kept_apart(c.design)
    )


# --- client authentication ---------------------------------------------------------------------------------


@action("S15")
def authenticate_with_old_key(c: Context) -> Move:
    """The attacker authenticates with a key that the client has replaced."""
    here = all_of(
        c.capabilities["key_leak"],
        same(c.design.reg, "cimd"),
        same(c.design.client_auth, "pkjwt"),
        no(c.state["accepted.authentication"]),
    )
    if here is False:
        return IMPOSSIBLE
    return Move(here, (server.client_keys_are_current(c.design),), {"accepted.authentication": True})


# --- what a resource server takes for a token --------------------------------------------------------------


@action("S19")
def present_colliding_identity(c: Context) -> Move:
    """A token about a client_id that equals another system's issuer or subject is taken for that system's."""
    here = all_of(
        c.capabilities["hosting_upload"], same(c.design.reg, "cimd"), same(c.design.grant, "client_credentials")
    )
    return once(c, "foreign_issuer", here, resource.subjects_are_kept_apart(c.design))


@action("S19")
def answer_introspection(c: Context) -> Move:
    """The RS asks an introspection endpoint that the attacker's token names, and is told what it wants to hear."""
    here = all_of(c.capabilities["mal_as"], same(c.design.token_fmt, "opaque"))
    return once(c, "foreign_issuer", here, resource.introspection_endpoint_is_configured(c.design))


@action("S19")
def present_id_token(c: Context) -> Move:
    """The attacker presents an ID token as an access token."""
    return once(
        c, "foreign_issuer", c.capabilities["mal_client"],
        resource.token_is_typed(c.design), resource.audience_excludes_clients(c.design),
    )  # fmt: skip


@action("S15")
def replay_grant(c: Context) -> Move:
    """A malicious AS presents an assertion grant that was made for it at another AS."""
    here = all_of(c.capabilities["mal_as"], same(c.design.grant, "jwt_bearer"))
    return once(c, "foreign_issuer", here, server.grant_names_this_server(c.design))


@action("S19")
def introspect_foreign_token(c: Context) -> Move:
    """A malicious RS asks the honest AS about tokens that are not for it."""
    here = all_of(c.capabilities["mal_rs"], same(c.design.token_fmt, "opaque"))
    return once(c, "disclosed", here, server.introspection_is_for_the_audience(c.design))


# --- proofs ------------------------------------------------------------------------------------------------


@action("S19")
def replay_request(c: Context) -> Move:
    """The attacker sends a leaked request of the client, bound token and proof, to the CRM again."""
    session, state = c.state.session(VICTIM), c.state
    bound = any_of(no(same(state["issued.key"], NONE)), no(same(state["issued.certificate"], NONE)))
    sent = all_of(same(session.phase, "sent"), same(session.url, CRM), same(session.token, ISSUED))
    here = all_of(c.capabilities["proof_leak"], sent, bound)
    if here is False:
        return IMPOSSIBLE
    key, certificate = state["issued.key"], state["issued.certificate"]
    return once(
        c, "replayed", here, *accepts(c, ISSUED, CRM, key, certificate, NONE),
        resource.proof_is_fresh(c.design, no(same(certificate, NONE))),
    )  # fmt: skip


# --- deputies ----------------------------------------------------------------------------------------------


@action("S18")
def redirect_to_target(c: Context) -> Move:
    """A malicious RS redirects the client's request to an honest one, for which the client has credentials."""
    return once(
        c, "deputy", c.capabilities["mal_rs"], client.redirect_target_gets_no_credentials(c.design)
    )


@action("S19")
def pass_token_through(c: Context) -> Move:
    """The attacker has an RS forward a foreign token upstream with the RS's standing."""
    return once(c, "deputy", c.capabilities["mal_client"], resource.foreign_tokens_are_not_forwarded(c.design))


@action("S12")
def spend_upstream_consent(c: Context) -> Move:
    """The attacker's client at a proxy spends the consent that the user once gave the proxy upstream."""
    registers = one_of(c.design.reg, "dcr", "cimd")
    here = all_of(c.capabilities["mal_client"], registers, same(c.design.upstream_client, "static"))
    return once(c, "deputy", here, resource.proxy_asks_consent_per_client(c.design))


@action("S18")
def use_session_handle(c: Context) -> Move:
    """The attacker uses a guessed or leaked session handle."""
    return once(c, "deputy", c.capabilities["web"], resource.handles_are_bound_to_user(c.design))


# --- fetching ----------------------------------------------------------------------------------------------


@action("S3")
def point_client_inside(c: Context) -> Move:
    """A malicious RS makes the client fetch an internal address (directly, by redirect, by rebinding)."""
    return once(c, "fetched", c.capabilities["mal_rs"], client.fetches_are_guarded(c.design))


@action("S11")
def point_server_inside(c: Context) -> Move:
    """A malicious client makes the AS fetch an internal address: its metadata document, or URIs it registers."""
    fetches = any_of(same(c.design.reg, "cimd"), all_of(same(c.design.reg, "dcr"), same(c.design.dcr_uris, "fetched")))
    return once(c, "fetched", all_of(c.capabilities["mal_client"], fetches), server.fetches_are_guarded(c.design))


@action("S10")
def hand_out_hostile_url(c: Context) -> Move:
    """A malicious AS names an authorization endpoint that is no web URL."""
    return once(c, "fetched", c.capabilities["mal_as"], client.authorization_endpoint_is_a_web_url(c.design))
