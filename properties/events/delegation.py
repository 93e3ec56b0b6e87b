"""When the properties are violated in delegation."""

from __future__ import annotations

from model.action import Context
from model.delegation_flow import exceeds, holds_what_was_passed_on, sub_agents
from model.logic import Condition, any_of


def delegation_confinement(c: Context) -> Condition:
    """A sub-agent holds what was not passed on to it, or holds it when the task is over."""
    return any_of(*(exceeds(c, party) for party in sub_agents(c.world)))


def completion(c: Context) -> Condition:
    """A sub-agent that a client starts for its task holds what was passed on to it, as long as the task is on."""
    return holds_what_was_passed_on(c)


def first_contact(c: Context) -> Condition:
    """Nothing is discovered here; the honest run is that of :func:`completion`."""
    return completion(c)
