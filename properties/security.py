"""What must hold: the security properties and the utility that stands beside them.

Each is one function of a state. A security property gives the condition under which it is *violated*; a
utility property the condition under which it is *reached*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from model.errors import InputError
from model.flow import REQUEST_SENT, past, starts_flow_astray
from model.logic import all_of, any_of, no, one_of, same
from model.state import ISSUED, LEAKED, REFRESHED, STRANGERS, THIEF, View
from model.world import (
    ATTACKER,
    ATTACKER_AS,
    ATTACKER_CALLBACK,
    CLIENT_IDENTITY,
    CLIENTS_OF_ATTACKER,
    CLIENTS_OF_CLIENT,
    CRM,
    FIRST_CONTACT,
    HONEST_AS,
    LOOPBACK,
    USERS_SESSION,
    VICTIM,
    World,
)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of runs.

    Attributes:
        code: the short code used in verdict tables.
        name: the public name.
        kind: ``security`` (violated when ``event`` happens) or ``utility`` (holds when it can happen).
        meaning: in plain words.
        event: the condition on a state; it stays true once it is.
        world: the world in which verdicts on the property are given.
    """

    code: str
    name: str
    kind: Literal["security", "utility"]
    meaning: str
    event: Callable[[World, Any, View], Any]
    world: World = FIRST_CONTACT


PROPERTIES: dict[str, Property] = {}


def _property(
    code: str, kind: Literal["security", "utility"] = "security", world: World = FIRST_CONTACT
) -> Callable[..., Any]:
    def decorate(function: Callable[[World, Any, View], Any]) -> Callable[[World, Any, View], Any]:
        meaning = (function.__doc__ or "").strip().partition("\n")[0]
        made = Property(code, function.__name__, kind, meaning, function, world)
        PROPERTIES[made.name] = made
        return function

    return decorate


class UnknownPropertyError(InputError):
    """A property name that does not exist; the message lists those that do."""


def find(name: str) -> Property:
    """A property by its name or its code.

    Raises:
        UnknownPropertyError: naming the culprit and what is allowed.
    """
    for known in PROPERTIES.values():
        if name in (known.name, known.code):
            return known
    allowed = ", ".join(f"{known.name} ({known.code})" for known in PROPERTIES.values())
    raise UnknownPropertyError(f"unknown property {name!r}; allowed: {allowed}")


@_property("AZ")
def authorization(world: World, design: Any, state: View) -> Any:
    """The attacker gains use of the user's protected data at an honest resource server."""
    in_own_session = False
    if ATTACKER in world.sessions:
        own = state.session(ATTACKER)
        in_own_session = all_of(own.accepted, one_of(own.token, ISSUED, LEAKED, REFRESHED))
    return any_of(
        state["accepted.stolen"], state["accepted.as_user"], state["happened.account_taken"], in_own_session
    )


@_property("CD")
def code_delivery(world: World, design: Any, state: View) -> Any:
    """A code that the honest AS issued for the honest client reaches the attacker."""
    return all_of(state["knows.code"], one_of(state["code.client"], *CLIENTS_OF_CLIENT))


@_property("CB")
def flow_binding(world: World, design: Any, state: View) -> Any:
    """A code yields tokens elsewhere than in the client session that started the flow."""
    return all_of(same(state["code.state"], "redeemed"), no(same(state["issued.to"], state["code.request_of"])))


@_property("RB")
def resource_binding(world: World, design: Any, state: View) -> Any:
    """The client uses a token that is good for something else than the client believes."""
    return any_of(*(state.session(who).diverged for who in world.sessions))


@_property("TC")
def token_confinement(world: World, design: Any, state: View) -> Any:
    """An honest RS acts on (or an honest AS tells of) the user's token in a request the client did not make to it."""
    return any_of(state["accepted.stolen"], state["happened.disclosed"])


@_property("CA")
def client_authentication(world: World, design: Any, state: View) -> Any:
    """The honest AS accepts authentication as the client that the client did not make for it."""
    return state["accepted.authentication"]


@_property("IA")
def issuer_acceptance(world: World, design: Any, state: View) -> Any:
    """An honest party accepts an issuer its policy does not name, or what that did not sign as a token for it."""
    return any_of(state["accepted.issuer"], state["happened.foreign_issuer"])


@_property("DI")
def discovery_integrity(world: World, design: Any, state: View) -> Any:
    """The client uses an AS that the party in charge does not designate, or metadata that is not that AS's."""
    return any_of(*(starts_flow_astray(state, who) for who in world.sessions))


@_property("SC", world=USERS_SESSION)
def sender_constraint(world: World, design: Any, state: View) -> Any:
    """A request with a bound token is accepted that was not made by its holder, or is a replay."""
    return state["happened.replayed"]


@_property("DP")
def deputy_integrity(world: World, design: Any, state: View) -> Any:
    """An honest party uses its authority for a request or principal it was not granted for."""
    return state["happened.deputy"]


@_property("FS")
def fetch_safety(world: World, design: Any, state: View) -> Any:
    """An honest component contacts an internal address or runs a URL at the attacker's bidding."""
    return state["happened.fetched"]


@_property("SI", world=USERS_SESSION)
def session_integrity(world: World, design: Any, state: View) -> Any:
    """In the user's session the client uses, as the honest AS's, what somebody else authorised there."""
    session = state.session(VICTIM)
    return all_of(same(session.token, STRANGERS), same(session.phase, "sent"), same(session.issuer, HONEST_AS))


@_property("CI", world=CLIENT_IDENTITY)
def client_identity(world: World, design: Any, state: View) -> Any:
    """The user approves what the AS shows as the client, and somebody else gets the result."""
    strangers = one_of(state["code.client"], *CLIENTS_OF_ATTACKER)
    received = one_of(state["code.redirect"], ATTACKER_CALLBACK, LOOPBACK)
    as_client = all_of(received, same(state["issued.to"], THIEF))
    return all_of(state["code.shown"], state["knows.code"], any_of(strangers, as_client))


@_property("AA")
def as_acceptance(world: World, design: Any, state: View) -> Any:
    """The client starts a flow at an AS that nothing but the resource itself vouches for."""
    astray = [
        all_of(past(state.session(who), *REQUEST_SENT), same(state.session(who).metadata, ATTACKER_AS))
        for who in world.sessions
    ]
    return all_of(any_of(*astray), same(design.as_trust, "any"), no(same(design.prm, "off")))


@_property("FC", kind="utility")
def first_contact(world: World, design: Any, state: View) -> Any:
    """From an unknown URL, honest parties alone get to an accepted request."""
    session = state.session(VICTIM)
    return all_of(session.accepted, same(session.url, CRM), no(same(design.prm, "off")))
