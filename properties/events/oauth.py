"""When the properties are violated (or reached) in the authorization code flow."""

from __future__ import annotations

from typing import Any

from model.logic import all_of, any_of, no, one_of, same
from model.session_readings import REQUEST_SENT, past, starts_flow_astray
from model.state import ISSUED, LEAKED, REFRESHED, STRANGERS, THIEF, View
from model.world import (
    ATTACKER,
    ATTACKER_AS,
    ATTACKER_CALLBACK,
    CLIENTS_OF_ATTACKER,
    CLIENTS_OF_CLIENT,
    CRM,
    HONEST_AS,
    LOOPBACK,
    VICTIM,
    World,
)


def authorization(world: World, design: Any, state: View) -> Any:
    """The attacker gains use of the user's protected data at an honest resource server."""
    in_own_session = False
    if ATTACKER in world.sessions:
        own = state.session(ATTACKER)
        in_own_session = all_of(own.accepted, one_of(own.token, ISSUED, LEAKED, REFRESHED))
    return any_of(
        state["accepted.stolen"], state["accepted.as_user"], state["happened.account_taken"], in_own_session
    )


def code_delivery(world: World, design: Any, state: View) -> Any:
    """A code that the honest AS issued for the honest client reaches the attacker."""
    return all_of(state["knows.code"], one_of(state["code.client"], *CLIENTS_OF_CLIENT))


def flow_binding(world: World, design: Any, state: View) -> Any:
    """A code yields tokens elsewhere than in the client session that started the flow."""
    return all_of(same(state["code.state"], "redeemed"), no(same(state["issued.to"], state["code.request_of"])))


def resource_binding(world: World, design: Any, state: View) -> Any:
    """The client uses a token that is good for something else than the client believes."""
    return any_of(*(state.session(who).diverged for who in world.sessions))


def token_confinement(world: World, design: Any, state: View) -> Any:
    """An honest RS acts on (or an honest AS tells of) the user's token in a request the client did not make to it."""
    return any_of(state["accepted.stolen"], state["happened.disclosed"])


def client_authentication(world: World, design: Any, state: View) -> Any:
    """The honest AS accepts authentication as the client that the client did not make for it."""
    return state["accepted.authentication"]


def issuer_acceptance(world: World, design: Any, state: View) -> Any:
    """An honest party accepts an issuer its policy does not name, or what that did not sign as a token for it."""
    return any_of(state["accepted.issuer"], state["happened.foreign_issuer"])


def discovery_integrity(world: World, design: Any, state: View) -> Any:
    """The client uses an AS that the party in charge does not designate, or metadata that is not that AS's."""
    return any_of(*(starts_flow_astray(state, who) for who in world.sessions))


def sender_constraint(world: World, design: Any, state: View) -> Any:
    """A request with a bound token is accepted that was not made by its holder, or is a replay."""
    return state["happened.replayed"]


def deputy_integrity(world: World, design: Any, state: View) -> Any:
    """An honest party uses its authority for a request or principal it was not granted for."""
    return state["happened.deputy"]


def fetch_safety(world: World, design: Any, state: View) -> Any:
    """An honest component contacts an internal address or runs a URL at the attacker's bidding."""
    return state["happened.fetched"]


def session_integrity(world: World, design: Any, state: View) -> Any:
    """In the user's session the client uses, as the honest AS's, what somebody else authorised there."""
    session = state.session(VICTIM)
    return all_of(same(session.token, STRANGERS), same(session.phase, "sent"), same(session.issuer, HONEST_AS))


def client_identity(world: World, design: Any, state: View) -> Any:
    """The user approves what the AS shows as the client, and somebody else gets the result."""
    strangers = one_of(state["code.client"], *CLIENTS_OF_ATTACKER)
    received = one_of(state["code.redirect"], ATTACKER_CALLBACK, LOOPBACK)
    as_client = all_of(received, same(state["issued.to"], THIEF))
    return all_of(state["code.shown"], state["knows.code"], any_of(strangers, as_client))


def as_acceptance(world: World, design: Any, state: View) -> Any:
    """The client starts a flow at an AS that nothing but the resource itself vouches for."""
    astray = [
        all_of(past(state.session(who), *REQUEST_SENT), same(state.session(who).metadata, ATTACKER_AS))
        for who in world.sessions
    ]
    return all_of(any_of(*astray), same(design.as_trust, "any"), no(same(design.prm, "off")))


def first_contact(world: World, design: Any, state: View) -> Any:
    """From an unknown URL, honest parties alone get to an accepted request."""
    session = state.session(VICTIM)
    return all_of(session.accepted, same(session.url, CRM), no(same(design.prm, "off")))
