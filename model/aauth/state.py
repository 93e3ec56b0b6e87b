"""What can change in a world that runs AAuth.

Variables are made for the sessions, grants and held tokens of a world, as in :mod:`model.state`: an auth token *is* its
grant.
"""

from __future__ import annotations

from collections.abc import Iterable

from model.aauth.agent import server_identifier
from model.messages import FORGED
from model.state import ATTACKERS_KEY, Variable, captures
from model.world import ATTACKER, NONE, World

#: How far an agent has come.
PHASES = ("idle", "asked", "challenged", "approved", "federated", "has_token", "sent")


def resources(world: World) -> tuple[str, ...]:
    """The identifiers of all resources of a world."""
    return tuple(dict.fromkeys(map(server_identifier, world.resource_urls)))


def key_of(client: str) -> str:
    """The key that an agent signs with."""
    return f"key:{client}"


def keys(world: World) -> tuple[str, ...]:
    """The keys of the agents, and the attacker's."""
    return (*(key_of(client.name) for client in world.clients), ATTACKERS_KEY)


def auth_tokens(world: World) -> tuple[str, ...]:
    """The auth tokens that honest servers issue: one for each grant, and those held from before."""
    return (*(grant.name for grant in world.grants), *(held.name for held in world.held))


def users_tokens(world: World) -> tuple[str, ...]:
    """Those of them that are about users."""
    owned = {grant.name: grant.user for grant in world.grants} | {held.name: held.user for held in world.held}
    return tuple(token for token in auth_tokens(world) if owned[token] != ATTACKER)


def signature(token: str, url: str) -> str:
    """The signature of a request with an auth token, as a term."""
    return f"{token}@{url}"


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of a world, in a fixed order."""
    made: list[Variable] = []

    def value(name: str, domain: Iterable[object], meaning: str) -> None:
        made.append(Variable(name, tuple(dict.fromkeys(domain)), meaning))

    def fact(name: str, meaning: str) -> None:
        made.append(Variable(name, (False, True), meaning, fact=True))

    known, owned = (NONE, *resources(world)), (NONE, *keys(world))
    for session in (each.name for each in world.sessions):
        value(f"{session}.phase", PHASES, "how far the agent has come")
        value(f"{session}.url", (NONE, *world.resource_urls), "the URL the agent was sent to")
        value(f"{session}.iss", known, "the resource that signed the resource token in use")
        value(f"{session}.aud", (NONE, *world.issuers), "the server that it names to decide")
        value(f"{session}.agent_jkt", owned, "the key that it names")
        value(f"{session}.token", (NONE, FORGED, *auth_tokens(world)), "the auth token that the agent holds")
        value(f"{session}.diverted", (False, True), "a redirect sent it where it had not meant to go")
        value(f"{session}.accepted", (False, True), "an honest resource acted on the agent's request")
    for grant in world.grants:
        value(f"{grant.name}.issued", (False, True), "the person server issued the auth token")
        value(f"{grant.name}.aud", known, "the resource that it is for")
        value(f"{grant.name}.key", owned, "the key that it is bound to")
    for token in auth_tokens(world):
        fact(f"knows.token.{token}", "the attacker knows the auth token")
        fact(f"served.{token}", "an honest resource acted on it for the attacker")
        fact(f"replayed.{token}", "in a request that the attacker could not have signed")
        for url in captures(world):
            fact(f"knows.signature.{signature(token, url)}", "the attacker has a signed request with it to this URL")
    for url in world.honest_urls:
        fact(f"served.forged.{url}", "this resource took a token of the attacker's making")
    for name, meaning in FACTS.items():
        fact(name, meaning)
    return tuple(made)


FACTS = {
    "accepted.as_user": "an honest resource took a token of the attacker's making for the user's",
    "accepted.issuer": "an honest resource accepted an issuer its policy does not name",
    "accepted.handle": "an honest resource took the user's session handle from the attacker for the user",
    "approved.agent": "the user approved the attacker's agent",
    "accepted.agent": "and it was shown as the client",
    "fetched.internal": "an honest component contacted an internal address",
}
