"""The rules an honest agent obeys under AAuth (steps S4 and S17)."""

from model import identifiers
from model.logic import Condition, Value, any_of, holds, same
from model.rule import rule
from model.switching import Choices
from model.world import NONE


def server_identifier(url: str) -> str:
    """The identifier of the server at a URL (none for none): scheme and host, so the tenants of a host are one server.

    Source: draft-hardt-oauth-aauth-protocol, Server Identifiers.
    """
    return NONE if url == NONE else identifiers.origin(url)


def is_at(identifier: str, url: str) -> bool:
    """Whether a server identifier is that of the server at a URL."""
    return identifier == server_identifier(url) != NONE


@rule("AAU-rtver", "AAU-id", source="draft-hardt-oauth-aauth-protocol, Resource Challenge Verification 3")
def resource_token_is_by_contacted_resource(design: Choices, iss: Value, url: Value) -> Condition:
    """The agent uses a resource token only if its issuer is the resource that it sent the request to."""
    return any_of(same(design.resource_token_check, "off"), holds(is_at, iss, url))


@rule("AAU-rtver", source="draft-hardt-oauth-aauth-protocol, Resource Challenge Verification 4")
def resource_token_names_own_key(design: Choices, agent_jkt: Value, own: str) -> Condition:
    """The agent uses a resource token only if agent_jkt is its own key."""
    return any_of(same(design.resource_token_check, "off"), same(agent_jkt, own))


@rule("AAU-atver", source="draft-hardt-oauth-aauth-protocol, Auth Token Response Verification 2")
def auth_token_is_by_chosen_issuer(design: Choices, iss: Value, resource_token_aud: Value) -> Condition:
    """The agent uses an auth token only if its issuer is the audience of the resource token."""
    return any_of(same(design.auth_token_check, "off"), same(iss, resource_token_aud))


@rule("AAU-atver", source="draft-hardt-oauth-aauth-protocol, Auth Token Response Verification 3")
def auth_token_is_for_contacted_resource(design: Choices, aud: Value, url: Value) -> Condition:
    """The agent uses an auth token only if its audience is the resource that it means to access."""
    return any_of(same(design.auth_token_check, "off"), holds(is_at, aud, url))


@rule("AAU-atver", source="draft-hardt-oauth-aauth-protocol, Auth Token Response Verification 4")
def auth_token_names_own_key(design: Choices, key: Value, own: str) -> Condition:
    """The agent uses an auth token only if it is bound to the agent's own key."""
    return any_of(same(design.auth_token_check, "off"), same(key, own))
