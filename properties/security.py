"""What must hold: the security properties and the utility that stands beside them.

A security property says when it is *violated*, a utility property when it is *reached*; how that looks in the state
of a protocol is said by the modules of :mod:`properties.events`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from model.errors import InputError
from model.state import View
from model.world import AAUTH, CLIENT_IDENTITY, DELEGATION, FIRST_CONTACT, USERS_SESSION, World


@dataclass(frozen=True, slots=True)
class Property:
    """A property of runs.

    Attributes:
        code: the short code used in verdict tables.
        name: the public name.
        kind: ``security`` (violated when its event happens) or ``utility`` (holds when it can happen).
        meaning: in plain words.
        world: the world of the authorization code flow in which it is judged.
    """

    code: str
    name: str
    kind: Literal["security", "utility"]
    meaning: str
    world: World = FIRST_CONTACT

    def event(self, world: World, design: Any, view: View) -> Any:
        """The condition on a state of a world; it stays true once it is. ``False`` where nothing of the kind exists."""
        event = self._event(world)
        return False if event is None else event(world, design, view)

    def defined(self, world: World) -> bool:
        """Whether it is said when this happens in a world of this protocol."""
        return self._event(world) is not None

    def _event(self, world: World) -> Callable[[World, Any, View], Any] | None:
        return getattr(import_module(f"properties.events.{world.protocol}"), self.name, None)

    def world_of(self, design: Mapping[str, str]) -> World:
        """The world in which verdicts on a design are given: the one of the protocol that it runs."""
        other = design.get("protocol", "oauth") == "aauth" and self.world.protocol == "oauth"
        return AAUTH if other else self.world


_TABLE: tuple[tuple[str, str, Literal["security", "utility"], World, str], ...] = (
    ("AZ", "authorization", "security", FIRST_CONTACT,
     "The attacker gains use of the user's protected data at an honest resource server."),
    ("CD", "code_delivery", "security", FIRST_CONTACT,
     "A code that the honest AS issued for the honest client reaches the attacker."),
    ("CB", "flow_binding", "security", FIRST_CONTACT,
     "A code yields tokens elsewhere than in the client session that started the flow."),
    ("RB", "resource_binding", "security", FIRST_CONTACT,
     "The client uses a token that is good for something else than the client believes."),
    ("TC", "token_confinement", "security", FIRST_CONTACT,
     "An honest RS acts on (or an honest AS tells of) the user's token in a request the client did not make to it."),
    ("CA", "client_authentication", "security", FIRST_CONTACT,
     "The honest AS accepts authentication as the client that the client did not make for it."),
    ("IA", "issuer_acceptance", "security", FIRST_CONTACT,
     "An honest party accepts an issuer its policy does not name, or what that did not sign as a token for it."),
    ("DI", "discovery_integrity", "security", FIRST_CONTACT,
     "The client uses an AS that the party in charge does not designate, or metadata that is not that AS's."),
    ("SC", "sender_constraint", "security", USERS_SESSION,
     "A request with a bound token is accepted that was not made by its holder, or is a replay."),
    ("DP", "deputy_integrity", "security", FIRST_CONTACT,
     "An honest party uses its authority for a request or principal it was not granted for."),
    ("FS", "fetch_safety", "security", FIRST_CONTACT,
     "An honest component contacts an internal address or runs a URL at the attacker's bidding."),
    ("SI", "session_integrity", "security", USERS_SESSION,
     "In the user's session the client uses, as the honest AS's, what somebody else authorised there."),
    ("CI", "client_identity", "security", CLIENT_IDENTITY,
     "The user approves what the AS shows as the client, and somebody else gets the result."),
    ("AA", "as_acceptance", "security", FIRST_CONTACT,
     "The client starts a flow at an AS that nothing but the resource itself vouches for."),
    ("DC", "delegation_confinement", "security", DELEGATION,
     "A sub-agent holds authority that its parent did not hold or pass on, or holds it when the task is over."),
    ("FC", "first_contact", "utility", FIRST_CONTACT,
     "From an unknown URL, honest parties alone get to an accepted request."),
)  # fmt: skip

PROPERTIES: dict[str, Property] = {
    name: Property(code, name, kind, meaning, world) for code, name, kind, world, meaning in _TABLE
}


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
