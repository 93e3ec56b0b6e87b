"""What can change in a world that runs AAuth."""

from __future__ import annotations

from model.aauth.agent import AGENT_KEY, THIEF_KEY, server_identifier
from model.client import NONE
from model.state import DEPLOYMENT_FACTS, ISSUED, MINTED, Variable
from model.world import ATTACKER_AS, HONEST_AS, VICTIM, World, run_by_attacker

#: How far the agent has come.
PHASES = ("idle", "asked", "challenged", "approved", "federated", "has_token", "sent")
KEYS = (NONE, AGENT_KEY, THIEF_KEY)


def resources(world: World) -> tuple[str, ...]:
    """The identifiers of all resources of a world."""
    return tuple(dict.fromkeys(map(server_identifier, world.resource_urls)))


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of a world, in a fixed order."""
    servers, known = (HONEST_AS, ATTACKER_AS), (NONE, *resources(world))
    made = (
        Variable(f"{VICTIM}.phase", PHASES, "how far the agent has come"),
        Variable(f"{VICTIM}.url", (NONE, *world.resource_urls), "the URL the agent was sent to"),
        Variable("resource_token.iss", known, "the resource that signed the resource token in use"),
        Variable("resource_token.aud", (NONE, *servers), "the server that it names to decide"),
        Variable("resource_token.agent_jkt", KEYS, "the key that it names"),
        Variable(f"{VICTIM}.token", (NONE, ISSUED, MINTED), "the auth token that the agent holds"),
        Variable("issued.aud", known, "audience of the auth token by the person server"),
        Variable("issued.key", KEYS, "the key that it is bound to"),
        Variable(f"{VICTIM}.accepted", (False, True), "an honest resource acted on the agent's request"),
        Variable(f"{VICTIM}.diverged", (False, True), "the token was good for something else than the agent believed"),
        Variable("captured.issued", (NONE, *filter(run_by_attacker, world.resource_urls)), "where the attacker got it"),
        Variable("accepted.stolen", (False, True), "an honest resource acted on the user's token from the attacker"),
        Variable("accepted.minted", (False, True), "an honest resource accepted a token that the attacker made"),
        Variable("accepted.as_user", (False, True), "an honest resource took such a token for the user's"),
        Variable("accepted.issuer", (False, True), "an honest resource accepted an issuer its policy does not name"),
        Variable("approved.agent", (False, True), "the user approved the attacker's agent"),
        Variable("accepted.agent", (False, True), "and it was shown as the client"),
    )
    return made + tuple(Variable(f"happened.{name}", (False, True), said) for name, said in DEPLOYMENT_FACTS.items())

