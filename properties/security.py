"""What must hold: the security properties and the utility that stands beside them.

A security property says when it is *violated*, a utility property when it is *reached*; how that looks in the state
of a protocol is said by the modules of :mod:`properties.events`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from model.action import Context
from model.design import Configuration
from model.errors import InputError, meant
from model.model import Model, oauth
from model.world import World
from model.world_file import find_world, world_for
from properties.events import COMPLETION, DELEGATED, happens, is_said


@dataclass(frozen=True, slots=True)
class Property:
    """A property of runs.

    Attributes:
        code: the short code used in verdict tables.
        name: the public name.
        kind: ``security`` (violated when its event happens) or ``utility`` (holds when it can happen).
        meaning: in plain words.
        hurts: who is hurt when it is violated; nobody by itself where that is empty, as when nobody can tell any more
            what happened: that is no harm in populations.
        worth: what that brings to an attacker who is after money, where :mod:`simulations.harms` does not state it.
        everywhere: whether it happens if it does under each of several protocols; else under one.
        use: the event by which honest parties get done what it is about, as :mod:`properties.events` calls it.
    """

    code: str
    name: str
    kind: Literal["security", "utility"]
    meaning: str
    hurts: str = ""
    worth: int = 0
    everywhere: bool = False
    use: str = COMPLETION

    def event(self, context: Context) -> Any:
        """The condition on a state of a world; it stays true once it is. ``False`` where nothing of the kind exists."""
        return happens(self.name, context, self.everywhere)

    def defined(self, world: World) -> bool:
        """Whether it is said when this happens in a world of these protocols."""
        return is_said(self.name, world)

    def world_of(self, configuration: Configuration) -> World:
        """The world in which a question is asked: the one that the configuration names, or that claims it."""
        named = configuration.world
        return find_world(named, configuration.model) if named else world_for(self.code, configuration.design)


_TABLE: tuple[tuple[str, str, Literal["security", "utility"], str, str], ...] = (
    ("AZ", "authorization", "security", "user",
     "The attacker gains use of the user's protected data at an honest resource server."),
    ("CD", "code_delivery", "security", "user",
     "A code that the honest AS issued for the honest client reaches the attacker."),
    ("CB", "flow_binding", "security", "user",
     "A code yields tokens elsewhere than in the client session that started the flow."),
    ("RB", "resource_binding", "security", "client",
     "In the user's session the client uses a token that is good for something else than the client believes."),
    ("TC", "token_confinement", "security", "user",
     "An honest RS acts on (or an honest AS tells of) the user's token in a request the client did not make for it."),
    ("CA", "client_authentication", "security", "client",
     "The honest AS accepts authentication as the client that the client did not make for it."),
    ("IA", "issuer_acceptance", "security", "resource server",
     "An honest party accepts an issuer its policy does not name, or what that did not sign as a token for it."),
    ("DI", "discovery_integrity", "security", "client",
     "The client uses an AS that the party in charge does not designate, or metadata that is not that AS's."),
    ("SC", "sender_constraint", "security", "user",
     "A request with a bound token is accepted that was not made by its holder, or is a replay."),
    ("DP", "deputy_integrity", "security", "resource server",
     "An honest party uses its authority for a request or principal it was not granted for."),
    ("FS", "fetch_safety", "security", "client",
     "An honest component contacts an internal address or runs a URL at the attacker's bidding."),
    ("SI", "session_integrity", "security", "user",
     "In the user's session the client uses, as the honest AS's, what somebody else authorised there."),
    ("CI", "client_identity", "security", "user",
     "The user approves what the AS shows as the client, and somebody else gets the result."),
    ("AA", "as_acceptance", "security", "client",
     "In the user's session the client starts a flow at an AS that nothing but the resource itself vouches for."),
    ("DC", "delegation_confinement", "security", "user",
     "A sub-agent has a token that can do what was not passed on to it, or that is good when the task is over."),
    ("RV", "revocation", "security", "",
     "An honest RS acts on a token though it, or what stands above it in its chain, was taken back."),
    ("AT", "attribution", "security", "",
     "An honest RS serves a sub-agent and takes it for the client that started it."),
    ("UI", "user_intent", "security", "user",
     "A user who was using an honest client is led to approve another, which gets the result."),
    ("TK", "token_custody", "security", "user",
     "A refresh token of a user's, or an assertion that an honest AS takes, comes into the attacker's hands."),
    ("AC", "accountability", "security", "",
     "A client turns to an AS that is not the resource's, and no public log holds what has misled it."),
    ("LA", "least_authority", "security", "user",
     "A client gets a user's token that can do more than the user's task needs: at its resource, or at another."),
    ("PR", "progress", "security", "",
     "A client steps up and asks for nothing that it had not asked for before, which it can do without end."),
    ("FC", "first_contact", "utility", "",
     "From an unknown URL, honest parties alone get to an accepted request."),
    ("CO", "configured_access", "utility", "",
     "Honest parties alone get to an accepted request at a resource that the client was told of beforehand."),
    ("TD", "task_completed", "utility", "",
     "From unknown URLs, honest parties alone get every session of the users' served, in whichever domain it is."),
    ("IX", "identity_crosses", "utility", "",
     "In two domains AS issue tokens under one client_id, which the client has from neither of them."),
    ("KX", "key_crosses", "utility", "",
     "In two domains AS issue tokens that are bound to one and the same key or certificate of the client's."),
    ("CX", "consent_crosses", "utility", "",
     "In one domain an AS issues the user's token on the word of an AS in another, where alone the user was asked."),
    ("AV", "agent_verified", "utility", "",
     "A resource server serves a sub-agent, and can tell from its token who that is and for whom it acts."),
    ("DS", DELEGATED, "utility", "",
     "A resource server serves a sub-agent, honest parties alone."),
    ("CS", "chain_served", "utility", "",
     "A resource server serves the sub-agent of a sub-agent, honest parties alone."),
)  # fmt: skip

#: What is about everything that users want done, so that no protocol of several answers for another.
_EVERYWHERE = frozenset({"task_completed"})
#: What is about sub-agents is of use where one is served.
_USE = dict.fromkeys(("delegation_confinement", "revocation", "attribution"), DELEGATED)
PROPERTIES: dict[str, Property] = {
    name: Property(code, name, kind, meaning, hurts, everywhere=name in _EVERYWHERE, use=_USE.get(name, COMPLETION))
    for code, name, kind, hurts, meaning in _TABLE
}


class UnknownPropertyError(InputError):
    """A property name that does not exist; the message lists those that do."""


@cache
def every_property(model: Model = oauth()) -> Mapping[str, Property]:
    """The properties of a model, by name."""
    return {**PROPERTIES, **model.further(Property)}


def find(name: str, model: Model = oauth()) -> Property:
    """A property by its name or its code.

    Raises:
        UnknownPropertyError: naming the culprit and what is allowed.
    """
    every = every_property(model).values()
    for known in every:
        if name in (known.name, known.code):
            return known
    allowed = ", ".join(f"{known.name} ({known.code})" for known in every)
    near = meant(name, [one for known in every for one in (known.name, known.code)])
    raise UnknownPropertyError(f"unknown property {name!r}{near}; allowed: {allowed}")
