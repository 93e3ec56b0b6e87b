"""Plans come from the rules: what a visit comes to, what it waits for, and who is harmed."""

import pytest
from one_by_one import met

from model.design import parse
from model.protocols import rules
from simulations.harms import every_harm
from simulations.population import LATENCIES
from simulations.visits import KINDS, LATENCY, LATENCY_OF, NOTHING_ENABLED, Plan

RULES = rules()


def visit(place: str, design: str = "") -> Plan:
    """The plan of a visit to a place."""
    return met(place, parse(f"cap=none;{design}").design)


def test_first_contact_takes_the_whole_flow() -> None:
    """An honest flow discovers, asks the user, gets a token and uses it."""
    plan = visit("honest_api")
    assert (plan.ending.name, plan.ending.kind, plan.ending.harms) == ("accepted", "success", ())
    assert plan.waits[0] == ("challenge", "metadata", "server_metadata", "consent", "token", "request")
    assert plan.keeps


def test_what_is_at_hand_saves_time() -> None:
    """Metadata saves discovery; a token saves authorization, and discovery too where the cache rule says so."""
    _, metadata, token, both = visit("honest_api").waits
    assert metadata == ("consent", "token", "request")
    assert token == ("challenge", "metadata", "request")
    assert both == ("request",)
    assert visit("honest_api", "optimistic=on").waits[2] == ("request",)


@pytest.mark.parametrize(
    ("place", "design", "kind", "name"),
    [
        ("honest_api", "api=multi_path", "refused", "client.resource_matches_request"),
        ("honest_api", "as_resource=ignore;echo=req", "refused", "client.echo_confirms_request"),
        ("honest_tenant", "", "success", "accepted"),
        ("malicious_rs", "", "diverted", "diverted"),
        (
            "malicious_rs",
            "as_resource=reject_unknown;as_trust=allowlist",
            "blocked",
            "authorization_server.resource_is_acceptable",
        ),
        ("malicious_rs", "signed_metadata=anchored_req", "blocked", "client.resource_matches_request"),
        ("malicious_tenant", "prm=off", "diverted", "diverted"),
    ],
)
def test_endings_are_named_by_the_rule(place: str, design: str, kind: str, name: str) -> None:
    """A refusal carries the name of the rule that refused."""
    ending = visit(place, design).ending
    assert (ending.kind, ending.name) == (kind, name)
    assert kind in KINDS
    assert name in RULES or name in ("accepted", "diverted", NOTHING_ENABLED)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("place", "design", "harm"),
    [
        ("malicious_rs", "as_resource=ignore", "token_confinement"),
        ("malicious_rs", "as_resource=add;echo=req", "token_confinement"),
        ("malicious_rs", "warm=yes;cache_key=issuer", "token_confinement"),
        ("malicious_tenant", "prm=prefix;host_registered=yes;host_app=yes", "token_confinement"),
        ("malicious_rs_and_as", "h_iss=no", "code_delivery"),
    ],
)
def test_the_attacker_does_what_harm_it_can(place: str, design: str, harm: str) -> None:
    """Where a property can break, the plan says which."""
    assert harm in every_harm()
    assert harm in visit(place, design).ending.harms


def test_who_meets_no_attacker_is_refused_whatever_breaks() -> None:
    """A flow with an AS that nobody vouches for, which breaks a property, goes on until somebody refuses."""
    stranger = "listed=no;as_resource=ignore;echo=req"
    alone, attacked = (visit(place, stranger).ending for place in ("honest_api", "malicious_rs"))
    assert (alone.kind, alone.name, alone.harms) == ("refused", "client.echo_confirms_request", ("as_acceptance",))
    assert (attacked.kind, "as_acceptance" in attacked.harms) == ("diverted", True)


def test_a_token_that_expired_first_does_no_harm_elsewhere() -> None:
    """What the plan comes to when the thief is late lacks the theft, and what hurts with it alone."""
    plan = visit("malicious_rs", "as_resource=ignore")
    assert set(plan.ending.harms) - set(plan.late.harms) == {"token_confinement", "authorization", "resource_binding"}
    assert plan.late.kind == "diverted"
    assert not plan.steals_cached
    assert visit("malicious_rs", "warm=yes;cache_key=issuer").steals_cached


def test_every_wait_is_a_latency_of_the_population() -> None:
    """What steps wait for has a number in every population."""
    assert {*LATENCY.values(), *LATENCY_OF.values()} <= {"", *LATENCIES}
