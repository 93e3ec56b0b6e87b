"""What honest parties do to get a token, in protocol order: the actions of the client and of the honest servers.

Each action gathers the rules of its step; the rules themselves are in :mod:`model.client`,
:mod:`model.authorization_server` and :mod:`model.resource_server`. What is done with the token is in
:mod:`model.token_flow`.
"""

from __future__ import annotations

from typing import Any

from model import authorization_server as server
from model import client
from model.action import IMPOSSIBLE, Context, Domains, Move, action
from model.client import NONE
from model.logic import Condition, Value, all_of, any_of, choose, holds, implies, no, one_of, same
from model.rule import Condition as Named
from model.session_readings import (
    attacker_answers,
    attackers_or_none,
    authorization_at,
    certificate,
    code_challenge,
    proof_key,
    published,
    requested_resource,
    sessions,
    uses_dpop,
)
from model.state import ISSUED, STRANGERS, Session
from model.world import (
    ATTACKER_AS,
    ATTACKER_CALLBACK,
    ATTACKER_RS,
    CALLBACKS_OF_CLIENT,
    CLIENT,
    CLIENT_UNKNOWN,
    EVIL_TENANTS,
    HONEST_AS,
    LOOPBACK,
    SHARED_HOST,
    VICTIM,
    World,
    run_by_attacker,
)

BOTH = (HONEST_AS, ATTACKER_AS)

# --- S1 to S7: discovery -----------------------------------------------------------------------------------


@action("S1", each=sessions, choices=lambda world: {"url": world.resource_urls})
def client__request_resource(c: Context, who: str, url: Value) -> Move:
    """The agent calls a resource URL without a token and is challenged.

    The user's agent goes where it is sent; the attacker's own session exists where an attacker does and the
    client serves several users.
    """
    session, caps = c.state.session(who), c.capabilities
    if same(session.phase, "idle") is False:
        return IMPOSSIBLE
    anyone = any_of(*caps.values())
    reachable = any_of(
        all_of(no(holds(run_by_attacker, url)), no(same(url, SHARED_HOST))),
        all_of(same(url, SHARED_HOST), same(c.design.host_app, "yes")),
        all_of(same(url, ATTACKER_RS), any_of(caps["mal_rs"], caps["mal_as"], caps["mal_toolkit"])),
        all_of(one_of(url, *EVIL_TENANTS), caps["mal_tenant"]),
    )
    present = True if who == VICTIM else all_of(same(c.design.client_instances, "multi_user"), anyone)
    return Move(
        all_of(same(session.phase, "idle"), present, reachable),
        (),
        {f"{who}.phase": "challenged", f"{who}.url": url},
    )


@action("S4", each=sessions, choices=lambda world: {"resource": world.resources, "listed": BOTH})
def client__use_resource_metadata(c: Context, who: str, resource: Value, listed: Value) -> Move:
    """The client fetches the protected resource metadata and takes its resource and AS.

    Honest resource servers publish their own identifier and the honest AS; the attacker's publish what they
    like. They name the attacker's AS where it is in play, or where the document speaks for somebody else.
    Configured resources (no metadata) stand for themselves.
    """
    design, session = c.design, c.state.session(who)
    if same(session.phase, "challenged") is False:
        return IMPOSSIBLE
    url = session.url
    attackers = holds(attackers_or_none, url)
    configured = same(design.prm, "off")
    squatted = all_of(same(design.prm_src, "wellknown"), no(same(url, ATTACKER_RS)), same(design.wk_owner, "origin"))
    free = all_of(attackers, no(configured), no(squatted))
    own = same(resource, published(design, url))
    speaks_for_another = no(holds(run_by_attacker, resource))
    document = any_of(
        all_of(no(free), own, same(listed, HONEST_AS), any_of(no(configured), no(one_of(url, *EVIL_TENANTS)))),
        all_of(free, same(listed, HONEST_AS)),
        all_of(free, same(listed, ATTACKER_AS), any_of(attacker_answers(c), speaks_for_another)),
        all_of(configured, attackers, own, same(listed, ATTACKER_AS), attacker_answers(c)),
    )
    # Without a malicious RS in play, the one that names the attacker's AS (or comes with its connector) does
    # nothing else.
    alone = all_of(own, same(listed, ATTACKER_AS))
    document = all_of(
        any_of(document, all_of(alone, same(url, ATTACKER_RS), c.capabilities["mal_toolkit"])),
        implies(all_of(same(url, ATTACKER_RS), no(c.capabilities["mal_rs"])), alone),
    )
    vouched_for = any_of(no(attackers), same(design.e_enrolled, "yes"))
    return Move(
        all_of(same(session.phase, "challenged"), document),
        (
            client.resource_matches_request(design, resource, choose(configured, resource, url)),
            client.metadata_signature_is_anchored(design, any_of(vouched_for, configured)),
        ),
        {f"{who}.phase": "discovered", f"{who}.resource": resource, f"{who}.listed": listed},
    )


def _metadata_choices(_: World) -> Domains:
    return {"metadata": BOTH, "claimed": BOTH, "token_at": BOTH, "par_at": BOTH}


@action("S7", each=sessions, choices=_metadata_choices)
def client__use_server_metadata(
    c: Context, who: str, metadata: Value, claimed: Value, token_at: Value, par_at: Value
) -> Move:
    """The client chooses an AS, fetches its metadata and records the issuer and the endpoints.

    The honest AS tells the truth. The attacker's names any issuer and any mixture of endpoints. The user goes
    to the AS that the resource lists, unless the choice is rewritten on the way; the attacker, in its own session,
    may ask for its own AS instead. A connector of the attacker's brings endpoints and a label of its own.
    """
    design, session = c.design, c.state.session(who)
    if same(session.phase, "discovered") is False:
        return IMPOSSIBLE
    caps = c.capabilities
    active = any_of(caps["mal_as"], caps["mal_toolkit"])
    configured = caps["mal_toolkit"]
    rewritten = all_of(caps["net_first_leg"], caps["mal_as"], same(design.leg1, "http"))
    honest = all_of(*(same(value, HONEST_AS) for value in (metadata, claimed, token_at, par_at)))
    attackers = all_of(
        same(metadata, ATTACKER_AS),
        any_of(active, all_of(same(claimed, ATTACKER_AS), same(token_at, ATTACKER_AS))),
        any_of(same(par_at, ATTACKER_AS), all_of(active, no(same(design.par, "off")))),
    )
    as_listed = same(metadata, session.listed)
    by_choice = rewritten if who == VICTIM else active
    reachable = any_of(as_listed, all_of(by_choice, same(metadata, ATTACKER_AS)))
    lists = any_of(same(metadata, ATTACKER_AS), server.knows_resource(design, session.resource))
    # An AS of the attacker's says that it sends iss where nobody will miss it.
    advertised = any_of(same(metadata, HONEST_AS), one_of(design.iss_check, "off", "if_present"))
    return Move(
        all_of(same(session.phase, "discovered"), any_of(honest, attackers), reachable),
        (
            client.resource_designates_server(design, metadata, session.listed),
            client.authorization_server_is_trusted(design, same(metadata, HONEST_AS)),
            client.metadata_issuer_matches(design, claimed, metadata, configured),
            client.endpoints_are_resolved_from_issuer(design, claimed, metadata, configured),
            client.authorization_endpoint_is_corroborated(
                design, claimed, choose(same(design.splice, "yes"), HONEST_AS, metadata), advertised
            ),
            client.token_endpoint_is_corroborated(design, claimed, token_at),
            client.server_lists_resource(design, True, lists),
        ),
        {
            f"{who}.phase": "ready",
            f"{who}.metadata": metadata,
            f"{who}.issuer": claimed,
            f"{who}.token_at": token_at,
            f"{who}.par_at": par_at,
        },
    )


# --- S9 to S14: authorization ------------------------------------------------------------------------------


def authenticates(c: Context, session: Session, pushed: bool) -> tuple[Named, Named]:
    """The rules by which the honest AS authenticates a session of the client itself."""
    design = c.design
    at_honest = same(session.issuer, HONEST_AS)
    secret_fits = any_of(at_honest, same(design.cred_pin, "off"))
    key_fits = any_of(at_honest, server.assertion_key_is_known(design))
    genuine = all_of(
        implies(same(design.client_auth, "secret"), secret_fits),
        implies(same(design.client_auth, "pkjwt"), key_fits),
        any_of(
            no(same(client.client_id(design, session.issuer), CLIENT_UNKNOWN)),
            same(design.client_auth, "none"),
        ),
    )
    endpoint = any_of(same(session.token_at, HONEST_AS), same(design.assertion_aud, "endpoint")) if pushed else True
    return (
        server.client_is_authenticated(design, genuine, False, False),
        server.assertion_names_this_server(design, at_honest, endpoint),
    )


def discloses(c: Context, session: Session, where: str) -> dict[str, Condition | Value]:
    """What the attacker learns when a session authenticates at one of its endpoints."""
    signed = same(c.design.client_auth, "pkjwt")
    secret = client.sends_secret_of_honest_as(c.design, session.issuer)
    return {
        f"{session.who}.assertion": choose(signed, where, session.assertion),
        f"{session.who}.secret": any_of(session.secret, secret),
    }


def pushes(design: Any) -> Condition:
    """Whether the client pushes its requests where that is offered."""
    return no(same(design.par, "off"))


@action("S9", each=sessions)
def client__push_authorization_request(c: Context, who: str) -> Move:
    """The client pushes its authorization request to the honest AS."""
    session = c.state.session(who)
    here = all_of(same(session.phase, "ready"), pushes(c.design), same(session.par_at, HONEST_AS))
    if here is False:
        return IMPOSSIBLE
    return Move(
        here,
        (
            *authenticates(c, session, pushed=True),
            server.redirect_uri_is_registered(
                c.design,
                client.client_id(c.design, session.issuer),
                client.redirect_uri(c.design, session.issuer),
            ),
        ),
        {f"{who}.phase": "pushed"},
    )


@action("S9", each=sessions)
def client__push_to_attacker(c: Context, who: str) -> Move:
    """The client authenticates at the attacker's pushed authorization request (or revocation) endpoint."""
    session, design = c.state.session(who), c.design
    pushed = all_of(pushes(design), same(session.par_at, ATTACKER_AS))
    elsewhere = all_of(no(pushes(design)), same(design.other_authn_ep, "yes"), same(session.metadata, ATTACKER_AS))
    here = all_of(same(session.phase, "ready"), any_of(pushed, elsewhere), attacker_answers(c))
    if here is False:
        return IMPOSSIBLE
    return Move(here, (), {f"{who}.phase": "pushed", **discloses(c, session, "pushed")})


@action("S10", each=sessions)
def client__send_authorization_request(c: Context, who: str) -> Move:
    """The client sends the browser to the authorization endpoint."""
    session = c.state.session(who)
    may = any_of(same(session.phase, "pushed"), all_of(same(session.phase, "ready"), no(pushes(c.design))))
    return Move(may, (), {f"{who}.phase": "requested"})


def issue(c: Context, request_of: str, pushed: Condition, **request: Value) -> Move:
    """The honest AS answers an authorization request that the user approves; common to all its senders.

    ``request`` holds client, redirect, challenge, returned_state, key and resource.
    """
    design = c.design
    listens = all_of(c.capabilities["local_app"], same(request["redirect"], LOOPBACK))
    read = any_of(c.capabilities["code_leak"], same(request["redirect"], ATTACKER_CALLBACK), listens)
    shown = server.shows_the_client(design, request["client"], request["redirect"])
    return Move(
        same(c.state["code.state"], "none"),
        (
            server.redirect_uri_is_registered(design, request["client"], request["redirect"]),
            server.request_was_pushed(design, pushed),
            server.challenge_is_present(design, request["challenge"]),
            server.resource_is_acceptable(design, request["resource"]),
            server.user_recognises_the_client(design, shown),
        ),
        {
            "code.state": "issued",
            "code.shown": shown,
            "code.request_of": request_of,
            **{f"code.{name}": value for name, value in request.items()},
            "knows.code": any_of(c.state["knows.code"], read),
        },
    )


def own_request(c: Context, session: Session) -> dict[str, Value]:
    """The authorization request that a session of the client sends."""
    design = c.design
    binds_code = all_of(same(design.dpop, "token+code"), uses_dpop(design, session))
    return {
        "client": client.client_id(design, session.issuer),
        "redirect": client.redirect_uri(design, session.issuer),
        "challenge": code_challenge(design, session),
        "returned_state": session.who,
        "key": choose(binds_code, proof_key(design, session), NONE),
        "resource": requested_resource(design, session),
    }


@action("S13")
def authorization_server__issue_code(c: Context) -> Move:
    """The user approves the request of the session in the user's browser and the honest AS issues a code."""
    session = c.state.session(VICTIM)
    here = all_of(same(session.phase, "requested"), same(authorization_at(c.design, session), HONEST_AS))
    if here is False:
        return IMPOSSIBLE
    pushed = all_of(pushes(c.design), same(session.par_at, HONEST_AS))
    move = issue(c, VICTIM, pushed, **own_request(c, session))
    return move._replace(when=all_of(here, move.when))


def goes_on_with(session: Session, issuer: Value) -> dict[str, Value]:
    """What a client changes that takes the AS from the redirect URI instead of from its memory."""
    token_at = choose(same(issuer, session.issuer), session.token_at, issuer)
    return {f"{session.who}.issuer": issuer, f"{session.who}.token_at": token_at}


@action("S14", each=sessions)
def client__accept_authorization_response(c: Context, who: str) -> Move:
    """The user's browser delivers the honest AS's response to the client."""
    design, session, state = c.design, c.state.session(who), c.state
    here = all_of(
        same(session.phase, "requested"),
        same(state["code.state"], "issued"),
        one_of(state["code.redirect"], *CALLBACKS_OF_CLIENT),
    )
    if here is False:
        return IMPOSSIBLE
    iss = choose(same(design.h_iss, "yes"), HONEST_AS, NONE)
    issuer = client.inferred_issuer(design, state["code.redirect"], session.issuer)
    advertised = all_of(same(issuer, HONEST_AS), same(session.metadata, HONEST_AS), same(design.h_iss, "yes"))
    return Move(
        here,
        (
            client.callback_browser_started_flow(design, who != VICTIM),
            client.state_matches(design, state["code.returned_state"], who),
            client.callback_is_of_recorded_issuer(design, state["code.redirect"], session.issuer),
            client.iss_matches_recorded_issuer(design, iss, issuer, advertised),
        ),
        {f"{who}.phase": "responded", f"{who}.code": "users", **goes_on_with(session, issuer)},
    )


# --- S15 to S17: token request -----------------------------------------------------------------------------


@action("S15", each=sessions)
def client__send_code_to_attacker(c: Context, who: str) -> Move:
    """The client posts code, verifier and credentials to a token endpoint that the attacker runs."""
    session, state = c.state.session(who), c.state
    here = all_of(same(session.phase, "responded"), same(session.token_at, ATTACKER_AS), attacker_answers(c))
    if here is False:
        return IMPOSSIBLE
    users = same(session.code, "users")
    learned: dict[str, Condition | Value] = {
        "knows.code": any_of(state["knows.code"], users),
        **discloses(c, session, "token"),
    }
    if who == VICTIM:
        sent = no(same(code_challenge(c.design, session), NONE))
        learned["knows.verifier"] = any_of(state["knows.verifier"], sent)
    return Move(here, (), {f"{who}.phase": "asked_attacker", **learned})


def redeem(c: Context, session: Session, code: dict[str, Value]) -> tuple[Named, ...]:
    """The rules by which the honest AS redeems a code for a session and the client judges the response."""
    design = c.design
    requested = requested_resource(design, session)
    bound = all_of(uses_dpop(design, session), same(design.as_dpop, "honor"))
    asked = choose(same(requested, NONE), code["resource"], requested)
    return (
        *authenticates(c, session, pushed=False),
        server.code_was_issued_to_client(code["client"], client.client_id(design, session.issuer)),
        server.redirect_uri_is_the_same(code["redirect"], client.redirect_uri(design, session.issuer)),
        server.verifier_matches_challenge(design, code["challenge"], code_challenge(design, session)),
        server.proof_key_matches_request(code["key"], proof_key(design, session)),
        server.resource_is_within_grant(design, code["resource"], requested),
        server.resource_is_acceptable(design, requested),
        client.token_type_is_dpop(design, uses_dpop(design, session), bound),
        client.echo_confirms_request(
            design,
            requested,
            server.echo_is_present(design, asked),
            one_of(design.as_resource, "honor", "add", "reject_unknown"),
            same(design.as_resource, "add"),
        ),
    )


@action("S16", each=sessions)
def authorization_server__issue_token(c: Context, who: str) -> Move:
    """The honest AS redeems the user's code for the client, and the client checks the token response."""
    design, session, state = c.design, c.state.session(who), c.state
    here = all_of(
        same(session.phase, "responded"),
        same(session.token_at, HONEST_AS),
        same(session.code, "users"),
        same(state["code.state"], "issued"),
    )
    if here is False:
        return IMPOSSIBLE
    code = {name: state[f"code.{name}"] for name in ("client", "redirect", "challenge", "key", "resource")}
    requested = requested_resource(design, session)
    bound = all_of(uses_dpop(design, session), same(design.as_dpop, "honor"))
    return Move(
        here,
        redeem(c, session, code),
        {
            f"{who}.phase": "has_token",
            f"{who}.token": ISSUED,
            "code.state": "redeemed",
            "issued.to": who,
            "issued.key": choose(bound, proof_key(design, session), NONE),
            "issued.certificate": certificate(design, session),
            "issued.resource": choose(same(requested, NONE), code["resource"], requested),
        },
    )


@action("S16", each=lambda world: [{}] if world.strangers_code else [])
def authorization_server__issue_token_to_stranger(c: Context) -> Move:
    """The honest AS redeems a code of the attacker's account in the user's session."""
    session, state = c.state.session(VICTIM), c.state
    here = all_of(
        same(session.phase, "responded"),
        same(session.token_at, HONEST_AS),
        same(session.code, "strangers"),
        same(state["own.state"], "issued"),
    )
    if here is False:
        return IMPOSSIBLE
    code = {
        "client": CLIENT, "redirect": state["own.redirect"], "challenge": state["own.challenge"],
        "key": NONE, "resource": NONE,
    }  # fmt: skip
    return Move(
        here,
        redeem(c, session, code),
        {f"{VICTIM}.phase": "has_token", f"{VICTIM}.token": STRANGERS, "own.state": "redeemed"},
    )
