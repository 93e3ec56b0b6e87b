"""What can change in a world that runs AAuth.

Variables are made for the sessions, grants and held tokens of a world, as in :mod:`model.state`: an auth token *is* its
grant.
"""

from model import state
from model.aauth.agent import server_identifier
from model.messages import FORGED
from model.state import ATTACKERS_KEY, Variable, Variables, captures
from model.world import ATTACKER, NONE, Exchanged, World

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
    return tuple(name for name, issued in world.issued.items() if not isinstance(issued, Exchanged))


def users_tokens(world: World) -> tuple[str, ...]:
    """Those of them that are about users."""
    return tuple(name for name in auth_tokens(world) if world.issued[name].user != ATTACKER)


def signature(token: str, url: str) -> str:
    """The signature of a request with an auth token, as a term."""
    return f"{token}@{url}"


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of a world, in a fixed order."""
    made = Variables()
    known, owned = (NONE, *resources(world)), (NONE, *keys(world))
    for session in (each.name for each in world.sessions):
        made.value(f"{session}.phase", PHASES, "how far the agent has come")
        made.value(f"{session}.url", (NONE, *world.resource_urls), "the URL the agent was sent to")
        made.value(f"{session}.iss", known, "the resource that signed the resource token in use")
        made.value(f"{session}.aud", (NONE, *world.issuers), "the server that it names to decide")
        made.value(f"{session}.agent_jkt", owned, "the key that it names")
        made.value(f"{session}.token", (NONE, FORGED, *auth_tokens(world)), "the auth token that the agent holds")
        made.value(f"{session}.diverted", (False, True), "a redirect sent it where it had not meant to go")
        made.value(f"{session}.accepted", (False, True), "an honest resource acted on the agent's request")
    for grant in world.grants:
        made.value(f"{grant.name}.issued", (False, True), "the person server issued the auth token")
        made.value(f"{grant.name}.aud", known, "the resource that it is for")
        made.value(f"{grant.name}.key", owned, "the key that it is bound to")
    for token in auth_tokens(world):
        made.fact(f"knows.token.{token}", "the attacker knows the auth token")
        made.fact(f"served.{token}", "an honest resource acted on it for the attacker")
        made.fact(f"replayed.{token}", "in a request that the attacker could not have signed")
        for url in captures(world):
            made.fact(f"knows.signature.{signature(token, url)}", "the attacker has a signed request with it there")
    for url in world.honest_urls:
        made.fact(f"asserted.{url}", "this resource took a token of the attacker's making")
    for name, meaning in FACTS.items():
        made.fact(name, meaning)
    return tuple(made.variables)


FACTS = {
    **{
        name: state.FACTS[name]
        for name in ("accepted.as_user", "accepted.issuer", "accepted.handle", "fetched.internal")
    },
    "approved.agent": "the user approved the attacker's agent",
    "accepted.agent": "and it was shown as the client",
}
