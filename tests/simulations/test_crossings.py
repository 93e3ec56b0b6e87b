"""What stands between two nodes of a topology is what stands in the way of the same step in the model."""

from inspect import unwrap
from itertools import product
from typing import Any

import pytest

from model.design import Configuration, Design
from model.machine import Machine
from model.rule import Named
from model.state import View
from model.switches import CAPABILITIES, SWITCHES
from model.token_endpoint import kept
from model.world import NONE
from model.world_file import DEFAULT
from properties.security import find
from properties.verdict import check
from simulations import crossings
from simulations.crossings import loot, present
from simulations.standings import Facts
from simulations.visits import HONEST_AS, PLACES

AT = "https://rs.example/mcp"
DESIGN = Design({"dpop": "token"})
LOOT = loot(DESIGN, HONEST_AS, AT)

CROSSINGS: dict[str, tuple[Named, ...]] = {
    crossing.action: tuple(crossing.rules)
    for crossing in (
        crossings.discover(DESIGN, AT, AT, True),
        crossings.present(DESIGN, LOOT, AT, AT, "trusted"),
        crossings.mint(DESIGN, AT, AT, "trusted", "trusted"),
        crossings.reuse(DESIGN, AT, AT, AT, True, True),
        crossings.refresh_elsewhere(DESIGN),
        crossings.refresh(DESIGN, LOOT),
        crossings.inherit_consent(DESIGN),
    )
}


CALLBACK = DEFAULT.clients[0].callback
CRM, ATTACKER_RS = PLACES["honest_api"].url, PLACES["malicious_rs"].url
HONEST = Machine(Configuration(DESIGN, frozenset()), DEFAULT)
#: Rules that a token has met before, when it was obtained, and rules about kinds of token that no topology has.
ASKED_BEFORE = {
    # Whether a refresh token was used before is no question in a population, where one comes with it and names nothing.
    "attacker.use_refresh_token": {"authorization_server.refresh_token_is_the_last"},
    # What populations meet lists one AS.
    "client.use_resource_metadata": {"client.server_is_the_chosen_one"},
    "client.reuse_cached_token": {
        named.rule.name for named in kept(HONEST.context(HONEST.view(HONEST.initial)), DEFAULT.held[0])
    },
}

#: Steps of which rules are asked with a crossing, beside that a code is asked for.
COMES_WITH = {"attacker.rechallenge": (), "attacker.send_request": ("attacker.authenticate",)}

#: A state of the model in which each step can be tried, beside the initial one.
STATES: dict[str, dict[str, Any]] = {
    "client.use_resource_metadata": {"victim.phase": "challenged", "victim.url": CRM},
    "client.use_server_metadata": {"victim.phase": "discovered", "victim.listed": HONEST_AS, "victim.resource": CRM},
    "client.reuse_cached_token": {
        "victim.phase": "discovered", "victim.url": ATTACKER_RS, "victim.listed": HONEST_AS, "victim.resource": CRM,
    },
    "authorization_server.issue_code": {
        "victim.phase": "requested", "victim.authorization_at": HONEST_AS, "victim.metadata": HONEST_AS,
    },
    "client.accept_authorization_response": {
        "victim.phase": "requested", "victim.issuer": HONEST_AS, "victim.metadata": HONEST_AS,
        "as.user.1.code": "issued", "as.user.1.redirect": CALLBACK,
    },
    "client.redeem_code": {
        "victim.phase": "responded", "victim.token_at": HONEST_AS, "victim.code": "as.user.1",
        "victim.issuer": HONEST_AS, "victim.metadata": HONEST_AS, "as.user.1.code": "issued",
    },
    "attacker.present_token": {"knows.token.as.user.1": True},
    "attacker.present_own_making": {f"keys.{url}": True for url in DEFAULT.honest_urls},
    "attacker.rechallenge": {
        "victim.phase": "sent", "victim.url": ATTACKER_RS, "victim.token": "as.user.1", "victim.token_at": HONEST_AS,
        "victim.code": "as.user.1",
    },
    "attacker.use_refresh_token": {"knows.refresh.as.user.1": True},
}  # fmt: skip


def rules_of(action: str) -> set[str]:
    """The rules that guard a step of the model."""
    machine = Machine(Configuration(Design({"warm": "yes", "host_app": "yes"}), frozenset(CAPABILITIES)), DEFAULT)
    known = {variable.name: variable.initial for variable in machine.variables} | STATES.get(action, {})
    step = next(step for step in machine.actions if step.schema.name == action)
    chosen = {name: domain[0] for name, domain in step.choices.items()}
    return {condition.rule.name for condition in step(machine.context(View(known.__getitem__)), **chosen).rules}


@pytest.mark.parametrize("action", CROSSINGS)
def test_a_crossing_has_the_rules_of_its_step(action: str) -> None:
    """No rule is left out and none is made up, but for those of steps that come with it."""
    before = ASKED_BEFORE.get(action, set())
    beside = {"client.code_is_asked_for"} if action in COMES_WITH else set[str]()
    beside |= set[str]().union(*map(rules_of, COMES_WITH.get(action, ())))
    assert {condition.rule.name for condition in CROSSINGS[action]} - beside == rules_of(action) - before != set()
    assert before <= rules_of(action)


def test_getting_a_token_has_rules_of_its_steps() -> None:
    """What a client and an AS check before there is a token, but for what the attacker cannot touch."""
    asked = {condition.rule.name for condition in crossings.obtain(DESIGN, AT, True).rules}
    asks = "client.use_server_metadata", "authorization_server.issue_code"
    steps = *asks, "client.accept_authorization_response", "client.redeem_code"
    assert rules_of(steps[0]) < asked < set[str]().union(*map(rules_of, steps))


@pytest.mark.parametrize(
    ("design", "rule"),
    [
        ({"client_auth": "mtls", "certified": "no"}, "authorization_server.certificate_is_provisioned"),
        ({"reg": "static", "preregistered": "no"}, "authorization_server.redirect_uri_is_registered"),
    ],
)
def test_a_population_has_no_token_of_a_client_that_its_server_refuses(design: dict[str, str], rule: str) -> None:
    """The client authenticates and is registered there as in a verdict."""
    assert crossings.obtain(Design(design), AT, True).refusal() == rule


def test_a_thief_makes_proofs_of_its_own() -> None:
    """Where a resource server takes bound tokens alone, it takes one that is bound to the thief's key."""
    design = Design({"r_requires_dpop": "yes"})
    bearer, refreshed = loot(design, HONEST_AS, AT), crossings.refreshed(design, HONEST_AS, AT)
    assert present(design, bearer, AT, AT, "trusted").refusal() == "resource_server.scheme_is_acceptable"
    for stolen in (loot(design, HONEST_AS, AT, own=True), refreshed):
        assert present(design, stolen, AT, AT, "trusted").refusal() is None


def test_a_refresh_names_what_the_thief_wants() -> None:
    """Where a token for no resource is good nowhere, a thief names one, unless the AS keeps to the grant."""
    design = Design({"default_audience": "refuse"})
    for named, refusal in ((NONE, "resource_server.audience_is_this_resource"), (AT, None)):
        stolen = crossings.refreshed(design, HONEST_AS, "https://other.example", named)
        assert present(design, stolen, AT, AT, "trusted").refusal() == refusal
    within = crossings.refresh(design.but(grant_resource="bound"), LOOT, "https://other.example", AT)
    assert within.refusal() == "authorization_server.resource_is_within_grant"


@pytest.mark.parametrize("documents", SWITCHES["cimd_docs"].values)
def test_a_lapsed_domain_has_the_documents_of_a_client_for_each_server(documents: str) -> None:
    """It is known by one of them to an AS either way, and stopped where consent is pinned to what it said."""
    design = Design({"reg": "cimd", "cimd_docs": documents, "consent_pin": "off"})
    assert crossings.inherit_consent(design).refusal() is None
    pinned = crossings.inherit_consent(design.but(consent_pin="on"))
    assert pinned.refusal() == "authorization_server.consent_is_pinned_to_metadata"


@pytest.mark.parametrize(
    "design",
    [
        {},
        {"reg": "static"},
        {"cimd_redirect": "loopback"},
        {"cimd_redirect": "loopback", "cimd_redirect_check": "off"},
        {"grant": "device_code"},
        {"grant": "device_code", "proximity": "on"},
        {"grant": "client_credentials", "client_auth": "pkjwt"},
    ],
)
def test_a_made_up_client_gets_as_far_as_in_proofs(design: dict[str, str]) -> None:
    """It gets a code of a user who does not look where it does so in proofs, and is refused elsewhere."""
    asked = Configuration(Design({**design, "user": "naive"}), frozenset({"mal_client"}))
    proved = check(find("client_identity"), asked).result == "attack"
    assert (Facts(Design(design)).stranger[0].kind == "diverted") is proved


def test_a_bound_token_is_good_only_where_its_proof_is() -> None:
    """A captured proof opens the URL that it was made for, and every URL where the URL is not compared."""
    evil = "https://evil.example/mcp"
    stolen = loot(DESIGN, HONEST_AS, AT, evil)
    assert stolen.captured == evil
    assert present(DESIGN, stolen, AT, AT, "trusted").refusal() == "resource_server.proof_is_by_bound_key"
    assert present(DESIGN.but(rs_htu="off"), stolen, AT, AT, "trusted").refusal() is None
    own = loot(DESIGN, HONEST_AS, AT, own=True)
    assert present(DESIGN, own, AT, AT, "trusted").refusal() is None
    bearer = loot(Design(), HONEST_AS, AT, evil)
    assert (bearer.key, bearer.captured) == (NONE, NONE)


@pytest.mark.parametrize("asks", ["any", "own", "client"])
@pytest.mark.parametrize(("prm", "named"), [("exact", ATTACKER_RS), ("unchecked", CRM)])
@pytest.mark.parametrize("shown", ["yes", "no"])
def test_an_attestation_that_came_with_a_token_opens_what_it_does_in_proofs(
    asks: str, prm: str, named: str, shown: str
) -> None:
    """A malicious server that was shown one shows it on, where its proof is taken there."""
    design = Design({"rs_attestation": asks, "attestation_shown": shown, "prm": prm, "audience_check": "off"})
    proved = check(find("token_confinement"), Configuration(design, frozenset({"mal_rs"}))).result
    stolen = loot(design, HONEST_AS, named, ATTACKER_RS)
    refusal = present(design, stolen, CRM, CRM, "trusted").refusal()
    assert refusal == (None if proved == "attack" else "resource_server.attestation_is_shown")
    handed = loot(design, HONEST_AS, named, own=True, handed=True)
    assert (present(design, handed, AT, AT, "trusted").refusal() is None) == (shown == "yes")


def test_the_default_audience_is_good_at_servers_of_its_issuer_alone() -> None:
    """A token that names no resource opens what accepts its issuer as its own, and nothing that does as any."""
    default = loot(Design({"as_resource": "ignore"}), HONEST_AS, AT)
    assert present(Design(), default, AT, AT, "trusted").refusal() is None
    anybody = Design({"rs_trust": "any"})
    assert present(anybody, default, AT, AT, "stranger").refusal() == "resource_server.audience_is_this_resource"
    assert present(anybody.but(audience_check="off"), default, AT, AT, "stranger").refusal() is None


#: URLs of which some are alike, some begin alike, and some can be spelt in another way.
URLS = (
    "https://rs.example/mcp",
    "https://rs.example/mcp/1",
    "https://rs.example/mcp2",
    "https://rs.example",
    "https://other.example/mcp",
    "https://rs.example.attacker.example/mcp",
    "https://RS.example/mcp",
)


@pytest.mark.parametrize("match", SWITCHES["prm"].values)
def test_what_a_crossing_comes_to_hangs_on_no_name(match: str) -> None:
    """Remembered by words that stand for others, it is what its rules say of the URLs themselves."""
    design = Design({"prm": match, "audience_check": "prefix", "as_resource": "honor"})
    for one, other in product(URLS, URLS):
        stolen = loot(design, HONEST_AS, one, other)
        for asked, of in (
            (crossings.discover, (design, one, other, True)),
            (crossings.obtain, (design, one, True)),
            (crossings.present, (design, stolen, other, other, "trusted")),
            (crossings.reuse, (design, one, other, other, True, True)),
        ):
            rules = unwrap(asked)(*of)
            assert asked(*of).refusal() == next((one.rule.name for one in rules if not one.holds), None)
