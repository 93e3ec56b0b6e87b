"""What the attacker does with its capabilities and its knowledge.

The attacker owns its servers, its own browser and its own session at the client; what else it can do is a
capability. It drops every parameter that only binds (it sends no dpop_jkt and no `resource` of its own),
since a request without them is honoured wherever one with them is.
"""

from __future__ import annotations

from model import authorization_server as server
from model import client
from model import resource_server as resource
from model.action import IMPOSSIBLE, Context, Domains, Move, action
from model.client import NONE
from model.flow import goes_on_with, issue, own_request, pushes
from model.logic import Condition, Value, all_of, any_of, choose, implies, no, one_of, same
from model.session_readings import REQUEST_SENT, attacker_answers, authorization_at, past, published, sessions
from model.state import CACHED_CRM, CACHED_HOST, ISSUED, LEAKED, MINTED, REFRESHED, THIEF
from model.token_flow import accepts
from model.world import (
    ATTACKER,
    ATTACKER_AS,
    ATTACKER_CALLBACK,
    ATTACKER_CLIENT,
    CALLBACKS_OF_CLIENT,
    CLIENT,
    CLIENT_AT_ATTACKER,
    CLIENTS_OF_ATTACKER,
    CLIENTS_OF_CLIENT,
    CRM,
    GOOD_TENANT,
    HONEST_AS,
    LOOKALIKE_AS,
    LOOPBACK,
    REDIRECTED_CLIENT,
    SHARED_HOST,
    STATEMENT_CLIENT,
    UPLOADED_CLIENT,
    VICTIM,
    World,
)

KEY = "key:thief"


def knows_request_of(c: Context, who: Value) -> Condition:
    """Whether the attacker has seen the authorization request of a session: its own always."""
    victim = c.state.session(VICTIM)
    through_attacker = all_of(attacker_answers(c), same(authorization_at(c.design, victim), ATTACKER_AS))
    victims = all_of(past(victim, *REQUEST_SENT), any_of(through_attacker, c.capabilities["req_leak"]))
    own = past(c.state.session(ATTACKER), *REQUEST_SENT) if ATTACKER in c.world.sessions else False
    return any_of(one_of(who, NONE, THIEF), all_of(same(who, VICTIM), victims), all_of(same(who, ATTACKER), own))


def can_authenticate(c: Context, client_id: Value) -> tuple[Condition, Condition]:
    """Whether the attacker holds the secret, or an assertion of a client_id, that the honest AS accepts."""
    assertions = []
    for who in c.world.sessions:
        session = c.state.session(who)
        for where, pushed in (("pushed", True), ("token", False)):
            assertions.append(
                all_of(
                    same(session.assertion, where),
                    client.sends_assertion_for_honest_as(c.design, session.issuer, session.token_at, pushed),
                    same(client.client_id(c.design, session.issuer), client_id),
                    any_of(same(session.issuer, HONEST_AS), server.assertion_key_is_known(c.design)),
                )
            )
    return any_of(*(c.state.session(who).secret for who in c.world.sessions)), any_of(*assertions)


def has_users_browser(c: Context) -> Condition:
    """Whether the user's browser is at the attacker's authorization endpoint, or can be lured."""
    victim = c.state.session(VICTIM)
    here = all_of(
        attacker_answers(c),
        same(victim.phase, "requested"),
        same(authorization_at(c.design, victim), ATTACKER_AS),
    )
    return any_of(here, c.capabilities["lure"])


def sends_user_as_client(c: Context, client_id: Value, redirect: Value) -> Condition:
    """Whether the attacker, acting as a client, can start this request itself."""
    caps = c.capabilities
    special = any_of(
        all_of(caps["hosting_upload"], same(client_id, UPLOADED_CLIENT)),
        all_of(caps["open_redirect_client_domain"], same(client_id, REDIRECTED_CLIENT)),
    )
    as_client = all_of(any_of(caps["mal_client"], special), same(redirect, ATTACKER_CALLBACK))
    on_device = all_of(caps["local_app"], same(redirect, LOOPBACK), one_of(client_id, *CLIENTS_OF_CLIENT))
    return any_of(as_client, on_device)


def identity_is_at_hand(c: Context, client_id: Value, redirect: Value) -> Condition:
    """Whether the attacker has made itself this client identity.

    An AS of the attacker can register the client's own callbacks under another identity; to receive responses
    itself the attacker must act as a client.
    """
    caps = c.capabilities
    registers = any_of(caps["mal_client"], all_of(attacker_answers(c), one_of(redirect, *CALLBACKS_OF_CLIENT)))
    return any_of(
        all_of(one_of(client_id, ATTACKER_CLIENT, STATEMENT_CLIENT), registers),
        all_of(same(client_id, UPLOADED_CLIENT), caps["hosting_upload"]),
        all_of(same(client_id, REDIRECTED_CLIENT), caps["open_redirect_client_domain"]),
    )


# --- discovery ---------------------------------------------------------------------------------------------

CHANNELS = {
    "header": "hdr_inject",
    "delivery": "delivery_tamper",
    "network": "net_rs_leg",
    "well_known": "mal_tenant",
    "cache": "old_as_compromised",
}


@action("S3", each=lambda world: [{"who": who, "channel": name} for who in world.sessions for name in CHANNELS])
def forge_resource_metadata(c: Context, who: str, channel: str) -> Move:
    """The attacker makes a client read its document, naming its AS, for an honest resource.

    By a challenge header that points to its own host, by tampering with the delivery, on a plain-HTTP leg, by
    squatting the well-known location that a tenant shares with others, or because an old document that named
    an AS since compromised is still in a cache (and still signed, if it ever was).
    """
    design, session = c.design, c.state.session(who)
    target = GOOD_TENANT if channel == "well_known" else CRM
    here = all_of(
        same(session.phase, "challenged"),
        same(session.url, target),
        no(same(design.prm, "off")),
        c.capabilities[CHANNELS[channel]],
    )
    if channel == "header":
        here = all_of(here, same(design.prm_src, "challenge"))
    if channel == "well_known":
        here = all_of(here, same(design.prm_src, "wellknown"), same(design.wk_owner, "tenant"))
    return Move(
        here,
        (
            client.resource_url_is_https(design, channel == "network"),
            client.metadata_url_is_same_origin(design, channel == "header"),
            client.cached_metadata_is_fresh(design, channel == "cache"),
            client.metadata_signature_is_anchored(design, channel == "cache"),
        ),
        {f"{who}.phase": "discovered", f"{who}.resource": target, f"{who}.listed": ATTACKER_AS},
    )


# --- the authorization request -----------------------------------------------------------------------------


@action("S10")
def send_user_with_own_request(c: Context) -> Move:
    """The attacker sends the user's browser to the honest AS with the request of its own session."""
    if ATTACKER not in c.world.sessions:
        return IMPOSSIBLE
    own = c.state.session(ATTACKER)
    here = all_of(
        same(own.phase, "requested"), same(authorization_at(c.design, own), HONEST_AS), has_users_browser(c)
    )
    if here is False:
        return IMPOSSIBLE
    pushed = all_of(pushes(c.design), same(own.par_at, HONEST_AS))
    move = issue(c, ATTACKER, pushed, **own_request(c, own))
    return move._replace(when=all_of(here, move.when))


def _crafted(world: World) -> Domains:
    return {
        "client_id": (*CLIENTS_OF_CLIENT, *(CLIENTS_OF_ATTACKER if world.strangers_clients else ())),
        "redirect": (*CALLBACKS_OF_CLIENT, LOOPBACK, ATTACKER_CALLBACK),
        "challenge": (NONE, *world.sessions, THIEF),
        "returned_state": (NONE, *world.sessions),
    }


@action("S10", choices=_crafted)
def send_user_with_crafted_request(
    c: Context, client_id: Value, redirect: Value, challenge: Value, returned_state: Value
) -> Move:
    """The attacker sends the user's browser to the honest AS with a request of its own making.

    It names the client or an identity of its own, and copies the challenge and state of any request that it has
    seen. Using a client of its own, or the client's id from a program on the device, it sends the user itself.
    """
    here = all_of(
        same(c.state["code.state"], "none"),
        any_of(has_users_browser(c), sends_user_as_client(c, client_id, redirect)),
        implies(one_of(client_id, *CLIENTS_OF_ATTACKER), identity_is_at_hand(c, client_id, redirect)),
        knows_request_of(c, challenge),
        knows_request_of(c, returned_state),
    )
    if here is False:
        return IMPOSSIBLE
    secret, assertion = can_authenticate(c, client_id)
    pushed = server.client_is_authenticated(c.design, False, secret, assertion).holds
    move = issue(
        c, THIEF, pushed, client=client_id, redirect=redirect, challenge=challenge,
        returned_state=returned_state, key=NONE, resource=NONE,
    )  # fmt: skip
    return move._replace(when=all_of(here, move.when))


@action("S14")
def inject_authorization_response(c: Context) -> Move:
    """The attacker delivers the user's code to the client in its own browser, with whatever iss it likes."""
    if ATTACKER not in c.world.sessions:
        return IMPOSSIBLE
    own = c.state.session(ATTACKER)
    return Move(
        all_of(
            same(own.phase, "requested"),
            c.state["knows.code"],
            same(c.state["code.state"], "issued"),
            one_of(c.state["code.client"], *CLIENTS_OF_CLIENT),
        ),
        (),
        {f"{ATTACKER}.phase": "responded", f"{ATTACKER}.code": "users"},
    )


@action("S14", each=sessions)
def answer_authorization_request(c: Context, who: str) -> Move:
    """The attacker's authorization endpoint answers a request with a code of its own (in its own browser, any)."""
    session = c.state.session(who)
    reaches = True if who == ATTACKER else same(authorization_at(c.design, session), ATTACKER_AS)
    return Move(
        all_of(same(session.phase, "requested"), attacker_answers(c), reaches),
        (),
        {f"{who}.phase": "responded", f"{who}.code": "attackers"},
    )


# --- a code of its own -------------------------------------------------------------------------------------


def reaches_users_callback(c: Context) -> Condition:
    """Whether the attacker can make the user's browser deliver a response to the client."""
    caps = c.capabilities
    return any_of(
        caps["web"], caps["req_leak"], caps["state_leak"], all_of(caps["naive_rp"], has_users_browser(c))
    )


def _strangers_code(world: World) -> list[dict[str, str]]:
    return [{}] if world.strangers_code else []


@action("S13", _strangers_code, lambda _: {"redirect": CALLBACKS_OF_CLIENT, "challenge": (NONE, VICTIM, THIEF)})
def obtain_own_code(c: Context, redirect: Value, challenge: Value) -> Move:
    """The attacker logs in at the honest AS as itself, with a request that names the client, and keeps the code."""
    design = c.design
    here = all_of(
        same(c.state["own.state"], "none"), reaches_users_callback(c), knows_request_of(c, challenge)
    )
    if here is False:
        return IMPOSSIBLE
    secret, assertion = can_authenticate(c, CLIENT)
    pushed = server.client_is_authenticated(design, False, secret, assertion).holds
    return Move(
        here,
        (
            server.redirect_uri_is_registered(design, CLIENT, redirect),
            server.request_was_pushed(design, pushed),
            server.challenge_is_present(design, challenge),
        ),
        {"own.state": "issued", "own.redirect": redirect, "own.challenge": challenge},
    )


@action("S13", _strangers_code)
def use_pushed_request(c: Context) -> Move:
    """The attacker logs in at the honest AS as itself with the user's own pushed request."""
    victim = c.state.session(VICTIM)
    here = all_of(
        same(c.state["own.state"], "none"),
        c.capabilities["req_leak"],
        same(victim.phase, "requested"),
        pushes(c.design),
        same(victim.par_at, HONEST_AS),
        same(authorization_at(c.design, victim), HONEST_AS),
    )
    if here is False:
        return IMPOSSIBLE
    request = own_request(c, victim)
    return Move(
        here,
        (server.request_uri_is_unused(c.design, True),),
        {"own.state": "issued", "own.redirect": request["redirect"], "own.challenge": request["challenge"]},
    )


@action("S14", _strangers_code)
def push_own_code(c: Context) -> Move:
    """The attacker makes the user's browser deliver the attacker's code to the client, with any iss it likes."""
    design, session, state = c.design, c.state.session(VICTIM), c.state
    here = all_of(same(session.phase, "requested"), same(state["own.state"], "issued"), reaches_users_callback(c))
    if here is False:
        return IMPOSSIBLE
    leaked, late = c.capabilities["state_leak"], same(design.leak_point, "client_page")
    knows_state = any_of(knows_request_of(c, VICTIM), leaked)
    issuer = client.inferred_issuer(design, state["own.redirect"], session.issuer)
    return Move(
        here,
        (
            client.state_matches(design, choose(knows_state, VICTIM, NONE), VICTIM),
            client.state_is_used_once(design, all_of(late, no(knows_request_of(c, VICTIM)))),
            client.callback_is_of_recorded_issuer(design, state["own.redirect"], session.issuer),
        ),
        {f"{VICTIM}.phase": "responded", f"{VICTIM}.code": "strangers", **goes_on_with(session, issuer)},
    )


# --- codes and tokens --------------------------------------------------------------------------------------


@action("S15", choices=lambda world: {"wanted": (NONE, *world.honest_urls)})
def redeem_code(c: Context, wanted: Value) -> Move:
    """The attacker redeems the user's code at the honest AS, as the client, with a key of its own.

    ``wanted``: the URL of the honest resource server it would like the token for.
    """
    design, state = c.design, c.state
    here = all_of(
        state["knows.code"], same(state["code.state"], "issued"), one_of(state["code.client"], *CLIENTS_OF_CLIENT)
    )
    if here is False:
        return IMPOSSIBLE
    secret, assertion = can_authenticate(c, state["code.client"])
    plain = all_of(same(design.pkce, "plain"), knows_request_of(c, VICTIM))
    verifier = choose(any_of(state["knows.verifier"], plain), VICTIM, NONE)
    verifier = choose(same(state["code.challenge"], THIEF), THIEF, verifier)
    verifier = choose(same(state["code.challenge"], NONE), NONE, verifier)
    proves = all_of(no(same(design.dpop, "none")), same(design.as_dpop, "honor"))
    requested = published(design, wanted)
    return Move(
        here,
        (
            server.client_is_authenticated(design, False, secret, assertion),
            server.verifier_matches_challenge(design, state["code.challenge"], verifier),
            server.proof_key_matches_request(state["code.key"], choose(proves, KEY, NONE)),
            server.resource_is_within_grant(design, state["code.resource"], requested),
        ),
        {
            "code.state": "redeemed",
            "issued.to": THIEF,
            "issued.key": choose(proves, KEY, NONE),
            "issued.certificate": NONE,
            "issued.resource": choose(same(requested, NONE), state["code.resource"], requested),
            "knows.issued": True,
        },
    )


@action("S16", each=sessions, choices=lambda _: {"token": (ISSUED, LEAKED, REFRESHED, MINTED)})
def answer_token_request(c: Context, who: str, token: Value) -> Move:
    """The attacker's token endpoint answers the client with a token of its choice, and says what it likes of it."""
    session, state = c.state.session(who), c.state
    holds_it = any_of(
        same(token, MINTED),
        all_of(same(token, ISSUED), state["knows.issued"]),
        all_of(same(token, REFRESHED), state["knows.refreshed"]),
        all_of(same(token, LEAKED), c.capabilities["token_leak"]),
    )
    return Move(
        all_of(same(session.phase, "asked_attacker"), holds_it),
        (),
        {f"{who}.phase": "has_token", f"{who}.token": token},
    )


def honest_resource_exists(c: Context, url: str) -> Condition:
    """Whether an honest resource server answers at a URL: at that of the shared host only where it has an API."""
    return same(c.design.host_app, "yes") if url == SHARED_HOST else True


def _stolen_tokens(world: World) -> list[dict[str, str]]:
    return [
        {"token": token, "url": url}
        for token in (ISSUED, REFRESHED, LEAKED, CACHED_CRM, CACHED_HOST)
        for url in world.honest_urls
    ]


@action("S18", each=_stolen_tokens)
def present_stolen_token(c: Context, token: str, url: str) -> Move:
    """The attacker presents a token of the user at an honest resource server."""
    state, captured = c.state, c.state[f"captured.{token}"] if f"captured.{token}" in CAPTURED else NONE
    holds_it = {
        ISSUED: state["knows.issued"],
        REFRESHED: state["knows.refreshed"],
        LEAKED: c.capabilities["token_leak"],
    }.get(token, no(same(captured, NONE)))
    here = all_of(holds_it, honest_resource_exists(c, url), no(state["accepted.stolen"]))
    if here is False:
        return IMPOSSIBLE
    return Move(
        here,
        accepts(c, token, url, KEY, KEY, captured),
        {"accepted.stolen": True},
    )


CAPTURED = tuple(f"captured.{token}" for token in (ISSUED, CACHED_CRM, CACHED_HOST))


@action(
    "S18",
    each=lambda world: [{"url": url} for url in world.honest_urls],
    choices=lambda _: {"iss": (ATTACKER_AS, LOOKALIKE_AS, HONEST_AS)},
)
def present_minted_token(c: Context, url: str, iss: Value) -> Move:
    """The attacker's AS makes a token about the user, for this resource and the attacker's key, and presents it."""
    design = c.design
    here = all_of(c.capabilities["mal_as"], honest_resource_exists(c, url), no(c.state["accepted.minted"]))
    if here is False:
        return IMPOSSIBLE
    signer: Value = choose(same(iss, HONEST_AS), ATTACKER_AS, iss)
    named_and_signed = all_of(resource.policy_names(design, iss), same(iss, signer))
    return Move(
        here,
        (
            resource.issuer_is_accepted(design, iss),
            resource.signature_is_by_issuer(design, iss, signer),
            resource.audience_is_this_resource(design, published(design, url), url, published(design, url), False),
            resource.scheme_is_acceptable(design, KEY),
        ),
        {
            "accepted.minted": True,
            "accepted.as_user": resource.subject_is_user(design, iss),
            "accepted.issuer": no(named_and_signed),
        },
    )


@action("S15", each=lambda _: [{"client_id": CLIENT}, {"client_id": CLIENT_AT_ATTACKER}])
def authenticate_as_client(c: Context, client_id: str) -> Move:
    """The attacker authenticates at the honest AS as the client."""
    secret, assertion = can_authenticate(c, client_id)
    known = server.redirect_uri_is_registered(c.design, client_id, client.redirect_uri(c.design, ATTACKER_AS)).holds
    holds_something = any_of(*(no(same(c.state[f"{who}.assertion"], NONE)) for who in c.world.sessions), secret)
    return Move(
        all_of(
            no(same(c.design.client_auth, "none")),
            holds_something,
            True if client_id == CLIENT else known,
            no(c.state["accepted.authentication"]),
        ),
        (server.client_is_authenticated(c.design, False, secret, assertion),),
        {"accepted.authentication": True},
    )


@action("S21")
def refresh_token(c: Context) -> Move:
    """The attacker redeems the user's refresh token at the honest AS, as the client."""
    design, state = c.design, c.state
    secret, assertion = can_authenticate(c, state["code.client"])
    return Move(
        all_of(state["knows.refresh"], no(state["knows.refreshed"])),
        (
            server.client_is_authenticated(design, False, secret, assertion),
            server.refresh_token_is_bound(design, state["issued.key"], state["issued.certificate"]),
        ),
        {"knows.refreshed": True},
    )


