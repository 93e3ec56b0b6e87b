"""What a session at the client comes to: what it asks for, with which keys, and where it has got to.

Actions of honest parties and of the attacker, and the events of properties, read sessions so.
"""

from __future__ import annotations

from typing import Any

from model import client
from model.action import Context
from model.client import NONE
from model.logic import Condition, Value, all_of, any_of, choose, holds, no, one_of, same
from model.state import Session, View
from model.world import ATTACKER_AS, CRM, CRM_API, HONEST_AS, World, designated_servers, run_by_attacker


def sessions(world: World) -> list[dict[str, str]]:
    """One action for each session at the client."""
    return [{"who": who} for who in world.sessions]


def published(design: Any, url: Value) -> Value:
    """The resource identifier that the party in charge of a URL publishes."""
    return choose(all_of(same(url, CRM), same(design.api, "multi_path")), CRM_API, url)


def authorization_at(design: Any, session: Session) -> Value:
    """Whose authorization endpoint a session's AS metadata names."""
    return choose(same(design.splice, "yes"), HONEST_AS, session.metadata)


def requested_resource(design: Any, session: Session) -> Value:
    """The `resource` a session sends, or none."""
    return choose(same(design.resource_indicator, "on"), session.resource, NONE)


def uses_dpop(design: Any, session: Session) -> Condition:
    """Whether a session makes DPoP proofs."""
    honest = no(holds(attackers_or_none, session.url))
    return client.wants_dpop(
        design, same(session.metadata, HONEST_AS), all_of(same(design.r_requires_dpop, "yes"), honest)
    )


def code_challenge(design: Any, session: Session) -> Value:
    """Whose code challenge a session's request carries, or none."""
    return client.challenge(design, session.who, same(session.metadata, ATTACKER_AS))


def proof_key(design: Any, session: Session) -> Value:
    """The key a session makes DPoP proofs with, or none."""
    key = client.possession_key(design.dpop_key, session.who, session.issuer)
    return choose(uses_dpop(design, session), key, NONE)


def certificate(design: Any, session: Session) -> Value:
    """The TLS client certificate a session presents, or none."""
    key = client.possession_key(design.mtls_key, session.who, session.issuer)
    return choose(same(design.mtls, "bound"), key, NONE)


def attacker_answers(c: Context) -> Condition:
    """Whether the attacker runs endpoints that the client takes for those of an AS."""
    return any_of(c.capabilities["mal_as"], c.capabilities["mal_toolkit"])


def past(session: Session, *phases: str) -> Condition:
    """Whether a session's request has left the client."""
    return one_of(session.phase, *phases)


REQUEST_SENT = ("requested", "responded", "asked_attacker", "has_token", "sent", "refreshed")


def attackers_or_none(url: str) -> bool:
    return url != NONE and run_by_attacker(url)


def starts_flow_astray(state: View, who: str) -> Condition:
    """Whether a session uses an AS that the party in charge does not designate, or metadata not its own."""
    session = state.session(who)
    astray = no(holds(_designates, session.resource, session.metadata))
    return all_of(past(session, *REQUEST_SENT), any_of(astray, no(same(session.issuer, session.metadata))))


def _designates(resource_: str, metadata: str) -> bool:
    return resource_ != NONE and metadata in designated_servers(resource_)
