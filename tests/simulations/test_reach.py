"""What comes into an attacker's reach, against a brute force that tries everything with everything."""

import random

import pytest

from model.client import NONE
from model.switches import SWITCHES
from simulations import crossings
from simulations import reach as reach_module
from simulations.arms import Arm, arm, protections
from simulations.blast_radius import KINDS, start, targets
from simulations.crossings import Loot
from simulations.population import load
from simulations.reach import Reach, Ways
from simulations.topology import Connection, ResourceNode, Settings, Topology, draw, origin_of

A, B, LOOK_ALIKE = "https://a.example", "https://b.example", "https://a.example.attacker.example"
CALENDAR, MAIL = "https://calendar.example/mcp", "https://mail.example/mcp"
GOOD, EVIL = "https://shared.example/good", "https://shared.example/evil"
WIKI, OPEN = "https://wiki.example/mcp", "https://open.example/mcp"
DESK, PHONE = "https://desk.example/oauth.json", "https://phone.example/oauth.json"


def server(url: str, *issuers: str, resource: str = "", honest: bool = True, **settings: str) -> ResourceNode:
    """A resource server with one path."""
    origin = "/".join(url.split("/")[:3])
    return ResourceNode(url, resource or url, (url,), origin, issuers, (), tuple(settings.items()), honest)


def tiny() -> Topology:
    """Two users, three agents and a sub-agent, two AS and six resource servers, one of them of the attacker's."""
    agents = {"ann1": DESK, "ann1.0": DESK, "ann2": PHONE, "bob1": PHONE}
    users = {"ann": ("ann1", "ann1.0", "ann2"), "bob": ("bob1",)}
    servers = (
        server(CALENDAR, A),
        server(MAIL, A, B, audience_check="prefix"),
        server(GOOD, A, resource="https://shared.example/"),
        server(EVIL, B, honest=False),
        server(WIKI, B, r_requires_dpop="yes"),
        server(OPEN),
    )
    uses = (
        ("ann", "ann1", CALENDAR, A),
        ("ann", "ann1", GOOD, A),
        ("ann", "ann1", OPEN, ""),
        ("ann", "ann2", MAIL, A),
        ("ann", "ann2", WIKI, B),
        ("bob", "bob1", MAIL, A),
        ("bob", "bob1", EVIL, B),
        ("bob", "bob1", WIKI, B),
    )
    connections = {
        f"token:{agent}:{url}": Connection(f"token:{agent}:{url}", user, agent, agents[agent], url, url, issuer)
        for user, agent, url, issuer in uses
    }
    holders = {name: (each.agent,) for name, each in connections.items()}
    holders[f"token:ann1:{CALENDAR}"] = ("ann1", "ann1.0")
    clients: dict[str, Settings] = {DESK: (("prm", "prefix"), ("reg", "cimd")), PHONE: (("reg", "dcr"),)}
    issuers: dict[str, Settings] = {A: (("reg", "cimd"), ("as_resource", "ignore")), B: (("as_resource", "honor"),)}
    return Topology(
        users,
        agents,
        {"ann1": ("ann1.0",)},
        connections,
        holders,
        clients,
        issuers,
        {each.url: each for each in servers},
        {LOOK_ALIKE: A},
        frozenset({EVIL, LOOK_ALIKE}),
    )


TINY = tiny()


# --- brute force -----------------------------------------------------------------------------------------------


def brute_force(arm: Arm, kind: str, target: str) -> Reach:
    """The same, the long way: whatever an attacker could have is tried, until nothing new comes of it."""
    topology = TINY
    everything, tokens = topology.resource_servers.values(), topology.tokens.values()
    issuers = {*topology.authorization_servers, *topology.look_alikes}
    urls = {*topology.clients, *topology.resource_servers, *issuers}
    resources = {each.resource for each in everything} | {each.url for each in topology.connections.values()}

    def between(each: Connection, issuer: str) -> tuple[Settings, ...]:
        return topology.clients[each.client], topology.authorization_servers[issuer]

    def obtained(each: Connection, issuer: str, named: str, honest: bool) -> bool:
        design = arm.design(*between(each, issuer))
        known = any(named == other.resource and issuer in other.servers for other in everything)
        steps = (crossings.discover(design, named, each.url, honest), crossings.obtain(design, named, known))
        return all(step.refusal() is None for step in steps)

    def exists(each: Connection) -> bool:
        at = topology.resource_servers[each.resource_server]
        design = arm.design(*between(each, each.server), at.settings)
        found = crossings.discover(design, at.resource, each.url, at.honest)
        steps = (found, crossings.obtain(design, at.resource, True))
        return all(step.refusal() is None for step in steps)

    def resource(each: Connection) -> str:
        return topology.resource_servers[each.resource_server].resource

    def like(each: Connection, captured: str = NONE, own: bool = False) -> tuple[str, str, Loot]:
        design = arm.design(*between(each, each.server))
        return each.name, each.user, crossings.loot(design, each.server, resource(each), captured, own)

    controlled: set[str] = set()
    held: set[tuple[str, str, Loot]] = set()
    refresh: set[str] = set()
    if kind in ("token", "refresh_token"):
        if exists(topology.tokens[target]):
            if kind == "token":
                held.add(like(topology.tokens[target]))
            else:
                refresh.add(target)
    else:
        controlled.add(target)
    before = None
    while before != (len(controlled), len(held), len(refresh)):
        before = len(controlled), len(held), len(refresh)
        for url in urls:
            if origin_of(url) in controlled:
                controlled.add(url)
        for agent, inner in topology.delegates.items():
            if agent in controlled:
                controlled |= set(inner)
        for each in tokens:
            design = arm.design(*between(each, each.server))
            consented = design.reg == "cimd" and crossings.inherit_consent(design).refusal() is None
            taken = each.server in controlled or controlled & set(topology.holders[each.name])
            if exists(each) and (taken or (each.client in controlled and consented)):
                held.add(like(each, own=True))
            if each.name in refresh and crossings.refresh(design, like(each)[2]).refusal() is None:
                held.add((each.name, each.user, crossings.refreshed(design, each.server, resource(each))))
        for visit in topology.connections.values():
            if visit.resource_server not in controlled:
                continue
            for issuer in {each.server for each in tokens if each.user == visit.user}:
                for named in resources:
                    protected = any(named == other.resource and issuer in other.servers for other in everything)
                    design = arm.design(*between(visit, issuer))
                    if design.prm == "off":
                        possible = named == resource(visit) and issuer == visit.server
                    else:
                        possible = protected or named == visit.url
                    if possible and obtained(visit, issuer, named, False):
                        held.add((visit.name, visit.user, crossings.loot(design, issuer, named, visit.url)))
            for each in tokens:
                if each.agent == visit.agent and each.resource_server != visit.resource_server and exists(each):
                    design = arm.design(*between(each, each.server))
                    for named in resources:
                        found = crossings.discover(design, named, visit.url, False).refusal() is None
                        if design.prm == "off":
                            found = named == resource(visit) and visit.server == each.server
                        elif named not in (visit.url, resource(each)):
                            found = False
                        for discovered in {False, found}:
                            reuse = crossings.reuse(design, resource(each), visit.url, named, discovered, discovered)
                            if reuse.refusal() is None:
                                held.add(like(each, captured=visit.url))
            if visit.server and exists(visit):
                design = arm.design(*between(visit, visit.server))
                if design.prm != "off" and crossings.refresh_elsewhere(design).refusal() is None:
                    refresh.add(visit.name)
    attackers = controlled | topology.dishonest
    servers: set[str] = set()
    users: set[str] = set()
    for at in everything:
        design = arm.design(at.settings)
        if not at.servers or at.url in attackers:
            continue

        def role(issuer: str, at: ResourceNode = at) -> str:
            own = "trusted" if issuer in at.servers else "stranger"
            return "look_alike" if topology.look_alikes.get(issuer) in at.servers else own

        for _, user, loot in held:
            if crossings.present(design, loot, at.resource, at.url, role(loot.server)).refusal() is None:
                servers.add(at.url)
                if role(loot.server) == "trusted" or design.subject_ns == "sub":
                    users.add(user)
        for issuer in controlled & issuers:
            signer = role(issuer)
            if any(
                crossings.mint(design, at.resource, at.url, name, signer).refusal() is None
                for name in (signer, "trusted")
            ):
                servers.add(at.url)
                if signer == "trusted" or design.subject_ns == "sub":
                    users |= {each.user for each in tokens if each.resource_server == at.url}
    return Reach(len(servers), len(users), len(held))


def reach(arm: Arm, kind: str, target: str) -> Reach:
    """What the package says."""
    ways = Ways(TINY, arm)
    begun = start(ways, kind, target)
    return ways.measured(() if begun is None else ways.spread(begun))


#: The switches that matter to a crossing.
READ = (
    "prm", "norm", "prm_src", "resource_indicator", "as_resource", "as_echo", "echo", "dpop", "dpop_policy", "dpop_key",
    "as_dpop", "rs_htu", "mtls", "rs_trust", "issuer_match", "key_lookup", "subject_ns", "audience_check", "reg",
    "r_requires_dpop", "cache_key", "optimistic", "rt_pin", "rt_resource_bound", "as_trust", "a_enrolled", "e_enrolled",
    "signed_metadata", "consent_pin", "client_auth", "token_type_check", "xcheck",
)  # fmt: skip


def random_arm(seed: int) -> Arm:
    """An arm that imposes some switches and leaves the others to the parties; each is drawn by its name."""
    chances = {name: random.Random(f"{seed} {name}") for name in READ}
    named = {name: SWITCHES[name].values for name, chance in chances.items() if chance.random() < 0.4}
    return arm(";".join(f"{name}={chances[name].choice(of)}" for name, of in named.items()), f"random {seed}")


ARMS = (*protections(), *map(random_arm, range(16)))
#: Four of those that are drawn each time; `make slow` tries all of them.
EACH = [
    pytest.param(tried, id=tried.name, marks=[pytest.mark.slow] if place >= len(ARMS) - 12 else [])
    for place, tried in enumerate(ARMS)
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("tried", EACH)
def test_reach_agrees_with_brute_force(tried: Arm) -> None:
    """Every kind of mishap, at every target of the tiny topology."""
    for kind in KINDS:
        for target in targets(kind, TINY):
            assert reach(tried, kind, target) == brute_force(tried, kind, target), (kind, target)


#: Servers of every spelling, alone and on shared origins, in numbers that leave many alike.
DRAWN = draw(
    load("measured_2026").with_numbers(
        count_resource_servers=60,
        count_users=20,
        count_clients=6,
        count_authorization_servers=5,
        attackers_look_alikes=0.5,
        mean_tenants_per_origin=3,
    ),
    "1/0",
)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("tried", ARMS, ids=[tried.name for tried in ARMS])
def test_asking_one_of_many_that_are_alike_changes_nothing(tried: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach, steps and refusals are those of asking every server and every document by itself."""

    def followed() -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        ways = Ways(DRAWN, tried)
        for kind in KINDS:
            for target in targets(kind, DRAWN)[::4]:
                begun = start(ways, kind, target)
                measured = ways.measured(() if begun is None else ways.spread(begun))
                found.append((kind, target, measured, ways.passed, ways.refused))
        return found

    shared = followed()
    monkeypatch.setattr(reach_module, "_akin", lambda one, other: True)
    monkeypatch.setattr(Ways, "_two_names", frozenset(DRAWN.resource_servers))
    monkeypatch.setattr(Ways, "_near", lambda self, urls: frozenset(DRAWN.resource_servers))
    assert followed() == shared


@pytest.mark.slow
def test_the_sample_of_designs_is_worth_its_time() -> None:
    """Among the designs and targets tried, every kind of mishap reaches little somewhere and much somewhere else."""
    for kind in KINDS:
        found = {reach(tried, kind, target).resource_servers for tried in ARMS for target in targets(kind, TINY)}
        assert min(found) < 3 <= max(found)


# --- by hand ---------------------------------------------------------------------------------------------------

BEARER = "dpop=none;mtls=off;r_requires_dpop=no"


@pytest.mark.parametrize(
    ("kind", "target", "design", "expected"),
    [
        # AS A ignores `resource`, so its tokens open all three servers that accept A.
        ("token", f"token:ann1:{CALENDAR}", BEARER, Reach(3, 1, 1)),
        ("token", f"token:ann1:{CALENDAR}", f"{BEARER};as_resource=honor;audience_check=exact", Reach(1, 1, 1)),
        ("token", f"token:ann1:{CALENDAR}", "dpop=token;as_dpop=honor", Reach(0, 0, 1)),
        # An agent's own keys go with it, and so does its sub-agent; the sub-agent has one of the two tokens.
        ("agent", "ann1", "dpop=token;as_dpop=honor;as_resource=honor;audience_check=exact", Reach(2, 1, 2)),
        ("agent", "ann1.0", "dpop=token;as_dpop=honor;as_resource=honor;audience_check=exact", Reach(1, 1, 1)),
        # AS A speaks for CALENDAR, MAIL and GOOD, with ann at all of them and bob at MAIL; four tokens are its own.
        ("authorization_server", A, f"{BEARER};prm=unchecked", Reach(3, 2, 4)),
        ("look_alike", LOOK_ALIKE, BEARER, Reach(0, 0, 0)),
        ("look_alike", LOOK_ALIKE, f"{BEARER};issuer_match=prefix", Reach(3, 2, 0)),
        # The open server asks ann for a token of A, and gets one that is good at all of A's.
        ("resource_server", OPEN, f"{BEARER};prm=exact", Reach(3, 1, 2)),
        ("resource_server", OPEN, f"{BEARER};prm=exact;as_resource=honor;audience_check=exact", Reach(0, 0, 2)),
        # A client that was configured is told nothing by a server that turns malicious, but brings the token for it.
        ("resource_server", OPEN, f"{BEARER};prm=off", Reach(0, 0, 0)),
        ("resource_server", CALENDAR, f"{BEARER};prm=off;rt_pin=off", Reach(2, 1, 1)),
        # Whoever has the domain of the CIMD client has what its users consented to.
        ("domain", origin_of(DESK), f"{BEARER};prm=prefix;consent_pin=off", Reach(3, 1, 2)),
        ("domain", origin_of(DESK), f"{BEARER};prm=prefix;consent_pin=on", Reach(0, 0, 0)),
        ("domain", origin_of(PHONE), f"{BEARER};prm=prefix;consent_pin=off", Reach(0, 0, 0)),
        # A refresh token is used by the thief unless it is bound, and yields tokens without a resource.
        ("refresh_token", f"token:ann2:{WIKI}", f"{BEARER};as_resource=honor", Reach(2, 1, 1)),
        ("refresh_token", f"token:ann2:{WIKI}", f"{BEARER};as_resource=honor;rt_resource_bound=yes", Reach(1, 1, 1)),
        ("refresh_token", f"token:ann2:{WIKI}", "dpop=token;as_dpop=honor;as_resource=honor", Reach(0, 0, 0)),
    ],
)
def test_reach_is_what_one_works_out_by_hand(kind: str, target: str, design: str, expected: Reach) -> None:
    """Small enough to follow with a finger."""
    assert reach(arm(design), kind, target) == expected


def test_possessions_are_reached_by_steps_of_the_model() -> None:
    """Every edge says which step led from one possession to the next."""
    ways = Ways(TINY, arm(f"{BEARER};rt_pin=off;prm=unchecked"))
    begun = start(ways, "resource_server", MAIL)
    assert begun is not None
    spread = ways.spread(begun)
    actions = {action for _, _, action in spread.edges(data="action")}
    assert {"attacker.rechallenge", "client.send_token", "attacker.use_refresh_token"} <= actions
    assert ways.measured(spread).tokens == sum(hasattr(each, "loot") for each in spread)
