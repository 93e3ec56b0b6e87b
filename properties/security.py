"""What must hold: the security properties and the utility that stands beside them.

Each is one function of a state. A security property gives the condition under which it is *violated*; a
utility property the condition under which it is *reached*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from model.flow import starts_flow_astray
from model.logic import all_of, any_of, no, one_of, same
from model.state import ISSUED, LEAKED, REFRESHED, View
from model.world import ATTACKER, CLIENT, CLIENT_AT_ATTACKER, CRM, VICTIM, World


@dataclass(frozen=True, slots=True)
class Property:
    """A property of runs.

    Attributes:
        code: the short code used in verdict tables.
        name: the public name.
        kind: ``security`` (violated when ``event`` happens) or ``utility`` (holds when it can happen).
        meaning: in plain words.
        event: the condition on a state; it stays true once it is.
    """

    code: str
    name: str
    kind: Literal["security", "utility"]
    meaning: str
    event: Callable[[World, Any, View], Any]


PROPERTIES: dict[str, Property] = {}


def _property(code: str, kind: Literal["security", "utility"] = "security") -> Callable[..., Any]:
    def decorate(function: Callable[[World, Any, View], Any]) -> Callable[[World, Any, View], Any]:
        meaning = (function.__doc__ or "").strip().partition("\n")[0]
        made = Property(code, function.__name__, kind, meaning, function)
        PROPERTIES[made.name] = made
        return function

    return decorate


class UnknownPropertyError(ValueError):
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
    return any_of(state["accepted.stolen"], state["accepted.as_user"], in_own_session)


@_property("CD")
def code_delivery(world: World, design: Any, state: View) -> Any:
    """A code that the honest AS issued for the honest client reaches the attacker."""
    return all_of(state["knows.code"], one_of(state["code.client"], CLIENT, CLIENT_AT_ATTACKER))


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
    """An honest resource server acts on the user's token in a request that the client did not make to it."""
    return state["accepted.stolen"]


@_property("CA")
def client_authentication(world: World, design: Any, state: View) -> Any:
    """The honest AS accepts authentication as the client that the client did not make for it."""
    return state["accepted.authentication"]


@_property("IA")
def issuer_acceptance(world: World, design: Any, state: View) -> Any:
    """An honest resource server accepts an issuer its policy does not name, or a token that issuer did not sign."""
    return state["accepted.issuer"]


@_property("DI")
def discovery_integrity(world: World, design: Any, state: View) -> Any:
    """The client uses an AS that the party in charge does not designate, or metadata that is not that AS's."""
    return any_of(*(starts_flow_astray(state, who) for who in world.sessions))


@_property("FC", kind="utility")
def first_contact(world: World, design: Any, state: View) -> Any:
    """From an unknown URL, honest parties alone get to an accepted request."""
    session = state.session(VICTIM)
    return all_of(session.accepted, same(session.url, CRM), no(same(design.prm, "off")))
