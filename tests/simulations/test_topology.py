"""Graphs drawn from populations: what they are made of, and what changes when a number does."""

from collections import Counter

import pytest

from model import identifiers
from simulations.population import load, populations
from simulations.topology import RELATIONS, Topology, decided_by, draw, origin_of

SWEPT = load("swept")


def sizes(topology: Topology) -> dict[str, int]:
    """How many nodes of each role."""
    return dict(Counter(topology.graph.nodes[node]["role"] for node in topology.graph))


@pytest.mark.parametrize("name", populations())
def test_every_population_has_a_topology(name: str) -> None:
    """As many parties as the population says, at URLs that are URLs, with relations that have a meaning."""
    population = load(name)
    small = population.with_numbers(
        count_users=40, count_resource_servers=60, count_authorization_servers=6, count_clients=5
    )
    topology = draw(small, "1/0")
    found = sizes(topology)
    assert (found["user"], found["resource_server"], found["client"]) == (40, 60, 5)
    assert found["authorization_server"] == 6 + len(topology.look_alikes)
    assert {kind for *_, kind in topology.graph.edges(data="relation")} <= RELATIONS.keys()
    for url, server in topology.resource_servers.items():
        assert identifiers.is_resource_identifier(server.resource)
        assert all(identifiers.same_origin(url, path) for path in (*server.paths, server.resource))
        assert set(server.servers) <= topology.authorization_servers.keys() - topology.dishonest


def test_the_same_seed_draws_the_same_graph() -> None:
    """And another seed another one."""
    assert draw(SWEPT, "1/0") == draw(SWEPT, "1/0")
    assert draw(SWEPT, "1/0") != draw(SWEPT, "2/0")


def test_a_number_changes_what_it_is_about_and_nothing_else() -> None:
    """More attackers among the resource servers leave users, tokens and designations as they were."""
    before, after = draw(SWEPT, "1/0"), draw(SWEPT.with_numbers(attackers_resource_servers=0.5), "1/0")
    assert len(after.dishonest) > len(before.dishonest)
    assert (before.connections, before.users, before.look_alikes) == (after.connections, after.users, after.look_alikes)
    assert [each.servers for each in before.resource_servers.values()] == [
        each.servers for each in after.resource_servers.values()
    ]


@pytest.mark.parametrize(("api", "several"), [("multi_path", True), ("single_path", False)])
def test_an_api_of_several_paths_has_several_urls(api: str, several: bool) -> None:
    """Some of those that may; of the others none."""
    met = SWEPT.with_numbers(count_users=20, count_resource_servers=30).with_shares("api", {api: 1})
    servers = draw(met, "1/0").resource_servers.values()
    assert any(len(each.paths) > 1 for each in servers) is several
    assert all(each.paths for each in servers)


def test_popularity_is_heavy_tailed_where_the_population_says_so() -> None:
    """By Zipf's law the first resource server has a large share of all connections; with exponent 0 it has not."""

    def share_of_first(exponent: float) -> float:
        topology = draw(SWEPT.with_numbers(popularity_resource_servers=exponent), "1/0")
        uses = Counter(each.resource_server for each in topology.connections.values())
        return uses.most_common(1)[0][1] / uses.total()

    assert share_of_first(0) < 0.02 < 0.08 < share_of_first(1.2)


def test_means_are_met() -> None:
    """Geometric numbers have the mean that the population states."""
    topology = draw(SWEPT.with_numbers(count_users=4_000), "1/0")
    tops = [agent for agent in topology.agents if "." not in agent]
    assert len(tops) / 4_000 == pytest.approx(1.5, rel=0.05)
    assert (len(topology.agents) - len(tops)) / len(tops) == pytest.approx(0.5, rel=0.1)


def test_tenants_share_origins() -> None:
    """About as many on each as the population says, and whoever holds the origin holds them all."""
    topology = draw(load("shared_origins"), "1/0")
    shared = Counter(
        origin_of(url) for url, each in topology.resource_servers.items() if each.origin.startswith("https://shared")
    )
    assert sum(shared.values()) / len(shared) == pytest.approx(5, rel=0.2)
    origin = shared.most_common(1)[0][0]
    hosted = topology.related(origin, "hosts")
    assert len(hosted) == shared[origin]
    assert {origin_of(url) for url in hosted} == {origin}


def test_tenants_and_those_who_are_alone_are_malicious_as_often_as_is_said_of_each() -> None:
    """Where all tenants of shared origins are malicious and nobody else is, they are."""
    met = load("shared_origins").with_numbers(**{"attackers.resource_servers": 0, "attackers.tenants": 1})
    servers = draw(met, "1/0").resource_servers.values()
    assert {(each.origin.startswith("https://shared"), each.honest) for each in servers} == {
        (True, False),
        (False, True),
    }


def test_servers_that_ask_for_no_token_designate_nobody() -> None:
    """The measured shares of servers without authentication and with static keys hold no tokens."""
    topology = draw(load("measured_2026"), "1/0")
    servers = topology.resource_servers
    with_oauth = sum(bool(each.servers) for each in servers.values())
    assert with_oauth / len(servers) == pytest.approx(0.3045, abs=0.02)
    for each in topology.connections.values():
        assert each.server == (servers[each.resource_server].servers or ("",))[0]


def test_each_party_draws_its_own_switches() -> None:
    """What an AS decides is on the AS, what a resource server (or its origin) decides is there."""
    topology = draw(load("enterprise"), "1/0")
    parties = {
        "authorization_server": topology.authorization_servers.values(),
        "resource_server": (each.settings for each in topology.resource_servers.values()),
    }
    for party, drawn in parties.items():
        names = {name for settings in drawn for name, _ in settings}
        assert names
        assert {decided_by(name, topology.model) for name in names} <= {party, "origin"}


def test_sub_agents_share_the_tokens_that_they_are_handed() -> None:
    """A token is held by one agent, and by at most one of its sub-agents."""
    topology = draw(SWEPT, "1/0")
    for name, each in topology.connections.items():
        agent, *below = topology.holders[name]
        assert agent == each.agent
        assert set(below) <= set(topology.delegates.get(agent, ()))
    assert any(len(holders) == 2 for holders in topology.holders.values())
