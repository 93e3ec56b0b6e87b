"""The rules that the user's person server obeys under AAuth (steps S12 to S16)."""

from model.aauth.agent import is_at
from model.client import is_vouched_for
from model.federation import Frameworks, chain_holds
from model.logic import Condition, Value, all_of, any_of, holds, implies, same
from model.rule import rule
from model.switching import Choices


@rule("AAU-rt", source="draft-hardt-oauth-aauth-protocol, Resource Token Verification 5")
def resource_token_names_signing_key(design: Choices, agent_jkt: Value, signed_with: str) -> Condition:
    """A resource token is accepted only from the agent whose key it names."""
    return any_of(same(design.ps_key_check, "off"), same(agent_jkt, signed_with))


@rule("AAU-trust", source="draft-hardt-oauth-aauth-protocol, PS-AS Trust Establishment")
def access_server_is_trusted(design: Choices, own: Condition, found: Frameworks) -> Condition:
    """The person server turns to an access server that it trusts, in the way it has chosen to.

    ``own``: it is that server itself; ``found``: the frameworks that hold the other.
    """
    return any_of(same(design.as_trust, "any"), own, is_vouched_for(design, found.on_list, chain_holds(design, found)))


@rule("AAU-chain", source="draft-hardt-oauth-aauth-protocol, Upstream Token Verification 4")
def hop_is_within_the_mission(design: Choices, hop: Condition, resource: Condition) -> Condition:
    """A resource that acts as an agent is authorized for what the user's mission is about.

    ``hop``: that this resource calls that one is part of it; ``resource``: that anybody does.
    """
    return all_of(
        implies(same(design.chain_policy, "hops"), hop), implies(same(design.chain_policy, "resources"), resource)
    )


@rule("AAU-chain", source="draft-hardt-oauth-aauth-protocol, Interaction Chaining")
def user_recognises_the_hop(design: Choices, hop: Condition) -> Condition:
    """A vigilant user who is asked approves only that a resource calls one that it was meant to call."""
    return implies(all_of(same(design.chain_policy, "asked"), same(design.user, "vigilant")), hop)


@rule("AAU-rt", source="draft-hardt-oauth-aauth-protocol, Interaction Code Misdirection")
def user_recognises_the_resource(design: Choices, iss: Value, url: Value) -> Condition:
    """A vigilant user approves only for the resource that the agent was sent to."""
    return implies(same(design.user, "vigilant"), holds(is_at, iss, url))
