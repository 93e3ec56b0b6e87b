"""What stands between two nodes of a topology is what stands in the way of the same step in the model."""

from __future__ import annotations

from typing import Any

import pytest

from model.action import Context, actions
from model.client import NONE
from model.design import Design
from model.rule import Condition
from model.state import View, variables
from model.switches import CAPABILITIES
from model.world import ATTACKER_AS, ATTACKER_RS, CRM, HONEST_AS, USERS_SESSION
from simulations import crossings
from simulations.crossings import loot, present
from simulations.topology import ResourceServer

AT = ResourceServer("https://rs.example/mcp", "https://rs.example/mcp", ("https://rs.example/mcp",), "https://rs.example",
                    ("https://as.example",), (), (), True)  # fmt: skip
DESIGN = Design({"dpop": "token"})
LOOT = loot(DESIGN, HONEST_AS, AT.resource)

CROSSINGS: dict[str, tuple[Condition, ...]] = {
    crossing.action: tuple(crossing.rules)
    for crossing in (
        crossings.discover(DESIGN, AT.resource, AT.url, True),
        crossings.present(DESIGN, LOOT, AT, HONEST_AS, AT.url),
        crossings.mint(DESIGN, AT, HONEST_AS, HONEST_AS),
        crossings.reuse(DESIGN, AT.resource, AT.url, AT.resource, True),
        crossings.refresh_elsewhere(DESIGN),
        crossings.refresh(DESIGN, LOOT),
        crossings.inherit_consent(DESIGN),
    )
}


#: A state of the model in which each step can be tried, beside the initial one.
STATES: dict[str, dict[str, Any]] = {
    "client.use_resource_metadata": {"victim.phase": "challenged", "victim.url": CRM},
    "client.use_server_metadata": {"victim.phase": "discovered", "victim.listed": HONEST_AS, "victim.resource": CRM},
    "client.reuse_cached_token": {
        "victim.phase": "discovered", "victim.url": ATTACKER_RS, "victim.listed": HONEST_AS, "victim.resource": CRM,
    },
    "authorization_server.issue_token": {
        "victim.phase": "responded", "victim.token_at": HONEST_AS, "victim.code": "users", "victim.issuer": HONEST_AS,
        "victim.metadata": HONEST_AS, "code.state": "issued",
    },
    "attacker.present_stolen_token": {"knows.issued": True},
}  # fmt: skip

def rules_of(action: str) -> set[str]:
    """The rules that guard a step of the model."""
    known = {variable.name: variable.initial for variable in variables(USERS_SESSION)} | STATES.get(action, {})
    design = Design({"warm": "yes", "host_app": "yes"})
    context = Context(USERS_SESSION, design, dict.fromkeys(CAPABILITIES, True), View(known.__getitem__))
    step = next(step for step in actions(USERS_SESSION) if step.schema.name == action)
    chosen = {name: domain[0] for name, domain in step.choices.items()}
    return {condition.rule.name for condition in step(context, **chosen).rules}


@pytest.mark.parametrize("action", CROSSINGS)
def test_a_crossing_has_the_rules_of_its_step(action: str) -> None:
    """No rule is left out and none is made up."""
    assert {condition.rule.name for condition in CROSSINGS[action]} == rules_of(action) != set()


def test_getting_a_token_has_rules_of_its_steps() -> None:
    """What a client and an AS check before there is a token, but for what the attacker cannot touch."""
    asked = {condition.rule.name for condition in crossings.obtain(DESIGN, AT.resource, True).rules}
    chosen, redeemed = rules_of("client.use_server_metadata"), rules_of("authorization_server.issue_token")
    assert asked & chosen == {"client.authorization_server_is_trusted", "client.server_lists_resource"}
    assert asked - chosen < redeemed


def test_a_bound_token_is_good_only_where_its_proof_is() -> None:
    """A captured proof opens the URL that it was made for, and every URL where the URL is not compared."""
    evil = "https://evil.example/mcp"
    stolen = loot(DESIGN, HONEST_AS, AT.resource, evil)
    assert stolen.captured == evil
    assert present(DESIGN, stolen, AT, HONEST_AS, AT.url).refusal() == "resource_server.proof_is_by_bound_key"
    assert present(DESIGN.but(rs_htu="off"), stolen, AT, HONEST_AS, AT.url).refusal() is None
    own = loot(DESIGN, HONEST_AS, AT.resource, own=True)
    assert present(DESIGN, own, AT, HONEST_AS, AT.url).refusal() is None
    bearer = loot(Design(), HONEST_AS, AT.resource, evil)
    assert (bearer.key, bearer.captured) == (NONE, NONE)


def test_the_default_audience_is_good_at_servers_of_its_issuer_alone() -> None:
    """A token that names no resource opens what accepts its issuer as its own, and nothing that does as any."""
    default = loot(Design({"as_resource": "ignore"}), HONEST_AS, AT.resource)
    assert present(Design(), default, AT, HONEST_AS, AT.url).refusal() is None
    anybody = Design({"rs_trust": "any"})
    assert present(anybody, default, AT, ATTACKER_AS, AT.url).refusal() == "resource_server.audience_is_this_resource"
    assert present(anybody.but(audience_check="off"), default, AT, ATTACKER_AS, AT.url).refusal() is None
