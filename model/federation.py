"""What a chain of statements to a trust anchor is worth to the party that verifies it (OpenID Federation 1.0)."""

from typing import NamedTuple

from model.logic import Condition, all_of, implies, no, one_of
from model.switching import Choices

#: How an entity can come to have a chain, beside being enrolled as what it is: by an intermediate that goes beyond the
#: names it may speak for, and by a statement about it as something else.
WAYS_IN = ("yes", "below", "as_client")


class Frameworks(NamedTuple):
    """Which frameworks hold an entity.

    Attributes:
        on_list: it is on the list of the party that asks.
        chained: statements lead from it to the anchor of the party that asks.
        beyond_names: an intermediate among them speaks for a name that the one above does not let it speak for (6.2.2).
        as_client: they are about the entity as a client alone (6.2.3).
    """

    on_list: Condition
    chained: Condition
    beyond_names: Condition = False
    as_client: Condition = False


def chain_holds(design: Choices, found: Frameworks) -> Condition:
    """Whether a chain leads to the anchor, and keeps to the constraints of its statements that are enforced (6.2).

    ``design``: of the party that verifies it, a client, a resource server or a person server.
    """
    names = implies(one_of(design.chain_constraints, "both", "names"), no(found.beyond_names))
    types = implies(one_of(design.chain_constraints, "both", "types"), no(found.as_client))
    return all_of(found.chained, names, types)


def is_sound(found: Frameworks) -> Condition:
    """Whether the chain found of an AS leads to the anchor and keeps to all constraints, no matter who looks."""
    return all_of(found.chained, no(found.beyond_names), no(found.as_client))
