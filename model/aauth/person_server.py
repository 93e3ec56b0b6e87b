"""The rules that the user's person server obeys under AAuth (steps S12 to S16)."""

from __future__ import annotations

from model.aauth.agent import AGENT_KEY, server_identifier
from model.design import Design
from model.logic import Condition, Value, all_of, any_of, holds, implies, same
from model.rule import rule
from model.world import ATTACKER_AS, HONEST_AS


@rule("AAU-rt", source="draft-hardt-oauth-aauth-protocol, Resource Token Verification 5")
def resource_token_names_signing_key(design: Design, agent_jkt: Value) -> Condition:
    """A resource token is accepted only from the agent whose key it names."""
    return any_of(same(design.ps_key_check, "off"), same(agent_jkt, AGENT_KEY))


@rule("AAU-trust", source="draft-hardt-oauth-aauth-protocol, PS-AS Trust Establishment")
def access_server_is_trusted(design: Design, access_server: Value) -> Condition:
    """The person server turns to an access server that it trusts, in the way it has chosen to."""
    enrolled = all_of(same(access_server, ATTACKER_AS), same(design.a_enrolled, "yes"))
    return any_of(same(design.as_trust, "any"), same(access_server, HONEST_AS), enrolled)


def _names(iss: str, url: str) -> bool:
    return iss == server_identifier(url)


@rule("AAU-rt", source="draft-hardt-oauth-aauth-protocol, Interaction Code Misdirection")
def user_recognises_the_resource(design: Design, iss: Value, url: Value) -> Condition:
    """A vigilant user approves only for the resource that the agent was sent to."""
    return implies(same(design.user, "vigilant"), holds(_names, iss, url))
