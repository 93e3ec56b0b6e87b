"""Who trusts, points to, hosts and delegates to whom: a graph drawn from a population.

Nodes carry a ``role`` (``user``, ``agent``, ``client``, ``authorization_server``, ``resource_server``, ``origin``,
``token``) and whether they are ``honest``; edges carry a ``relation``, one of :data:`RELATIONS`. Every draw has a
purpose of its own, so that one number of a population changes nothing but what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import networkx
import numpy as np
from numpy.typing import NDArray

from model import identifiers
from model.model import Model, oauth
from model.world import AUTHORIZATION_SERVER, CLIENT, PROXY, RESOURCE_SERVER
from simulations import draws
from simulations.population import Category, Factor, Population, PopulationError
from simulations.population_statements import Settings
from simulations.together import Whole, given, groups

RELATIONS = {
    "delegates_to": "a user to an agent, or an agent to a sub-agent",
    "runs": "an agent runs a client, known by the URL of its metadata",
    "uses": "an agent calls a resource server",
    "holds": "an agent holds a token",
    "issued_by": "a token comes from an authorization server",
    "for": "a token was obtained for a resource server",
    "designates": "a resource server lists an authorization server, and accepts its tokens",
    "formerly_designated": "it did, a year ago",
    "hosts": "an origin answers at the URL of a server or of client metadata",
    "resembles": "an issuer of the attacker's begins like an honest one",
}


@dataclass(frozen=True, slots=True)
class ResourceNode:
    """A resource server of the graph.

    Attributes:
        url: the URL of the server, or of the API whose paths lie below it; names the node.
        resource: what its metadata document names.
        paths: the URLs that the document is found for.
        servers: the issuers that it designates, the one that clients take first.
        settings: the switches that it and its origin decide.
    """

    url: str
    resource: str
    paths: tuple[str, ...]
    origin: str
    servers: tuple[str, ...]
    formerly: tuple[str, ...]
    settings: Settings
    honest: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """An agent uses a resource server, and holds an access token (and a refresh token) for it if it asks for one.

    Attributes:
        name: the node of the token.
        url: the URL that the agent calls.
        server: the issuer that the token comes from, or nothing where none is asked for.
    """

    name: str
    user: str
    agent: str
    client: str
    resource_server: str
    url: str
    server: str


@dataclass(frozen=True)
class Topology:
    """A drawn graph, and its parties by the names of their nodes.

    Attributes:
        users: the agents and sub-agents of each user.
        agents: the client that each agent and sub-agent runs.
        delegates: the sub-agents of an agent.
        connections: who uses what; sub-agents share the connections that their agent hands them.
        holders: the agents and sub-agents that share a connection.
        clients: what a client decides, by the URL of its metadata.
        authorization_servers: what one decides, by issuer.
        look_alikes: issuers of the attacker's, with the honest one that each begins like.
        dishonest: nodes that are the attacker's from the beginning.
        model: the model whose switches are set.
    """

    users: dict[str, tuple[str, ...]]
    agents: dict[str, str]
    delegates: dict[str, tuple[str, ...]]
    connections: dict[str, Connection]
    holders: dict[str, tuple[str, ...]]
    clients: dict[str, Settings]
    authorization_servers: dict[str, Settings]
    resource_servers: dict[str, ResourceNode]
    look_alikes: dict[str, str]
    dishonest: frozenset[str]
    model: Model = oauth()

    @cached_property
    def tokens(self) -> dict[str, Connection]:
        """The connections that have a token."""
        return {name: each for name, each in self.connections.items() if each.server}

    @cached_property
    def graph(self) -> networkx.DiGraph[str]:
        """The graph, with a role and honesty on every node and a relation on every edge."""
        graph: networkx.DiGraph[str] = networkx.DiGraph()
        for role, names in (
            ("user", self.users),
            ("agent", self.agents),
            ("client", self.clients),
            ("token", self.tokens),
            ("authorization_server", (*self.authorization_servers, *self.look_alikes)),
            ("resource_server", self.resource_servers),
        ):
            for name in names:
                graph.add_node(name, role=role, honest=name not in self.dishonest)
        for url in (*self.clients, *self.authorization_servers, *self.look_alikes, *self.resource_servers):
            graph.add_node(origin_of(url), role="origin", honest=True)
        for before, relation, after in self._edges():
            graph.add_edge(before, after, relation=relation)
        return graph

    def _edges(self) -> Iterator[tuple[str, str, str]]:
        for user, agents in self.users.items():
            below = {inner for agent in agents for inner in self.delegates.get(agent, ())}
            yield from ((user, "delegates_to", agent) for agent in agents if agent not in below)
        for agent, inner_ones in self.delegates.items():
            yield from ((agent, "delegates_to", inner) for inner in inner_ones)
        yield from ((agent, "runs", client) for agent, client in self.agents.items())
        for name, each in self.connections.items():
            yield from ((agent, "uses", each.resource_server) for agent in self.holders[name])
            if each.server:
                yield from ((agent, "holds", name) for agent in self.holders[name])
                yield name, "issued_by", each.server
                yield name, "for", each.resource_server
        for url, server in self.resource_servers.items():
            yield from ((url, "formerly_designated", issuer) for issuer in server.formerly)
            yield from ((url, "designates", issuer) for issuer in server.servers)
        for url in (*self.clients, *self.authorization_servers, *self.look_alikes, *self.resource_servers):
            yield origin_of(url), "hosts", url
        yield from ((issuer, "resembles", honest) for issuer, honest in self.look_alikes.items())

    def related(self, node: str, relation: str) -> tuple[str, ...]:
        """The nodes that a node has a relation to."""
        return tuple(after for after, edge in self.graph[node].items() if edge["relation"] == relation)


def decided_by(switch: str, model: Model) -> str:
    """The kind of node that decides a switch: a proxy is a resource server here; the rest clients have."""
    owner = model.switches[switch].owner
    if owner == PROXY:
        return RESOURCE_SERVER
    return owner if owner in (AUTHORIZATION_SERVER, RESOURCE_SERVER, "origin") else CLIENT


def _merged(settings: Iterable[dict[str, str]]) -> Settings:
    """Some settings as one; what two of them set is as the later has it."""
    merged: dict[str, str] = {}
    for each in settings:
        merged |= each
    return tuple(merged.items())


def _party(factor: Factor, model: Model) -> str:
    """Who decides all that a factor sets; nobody where that are several, or where it sets nothing."""
    parties = {decided_by(name, model) for kind in factor.categories for name, _ in kind.settings}
    return parties.pop() if len(parties) == 1 else ""


@cache
def origin_of(url: str) -> str:
    """The node of the origin that answers at a URL (an issuer may be spelled like its origin)."""
    return f"origin:{identifiers.origin(url)}"


def attacker_draws(seed: str, count: int) -> NDArray[np.float64]:
    """Return a number for each resource server: those below a share of malicious ones are."""
    return draws.uniforms(seed, "topology.attackers.resource_servers", 0, count)


def draw(population: Population, seed: str) -> Topology:
    """The graph of a population; the same seed gives the same graph."""
    return PartyDraws(population, seed).topology()


class PartyDraws:
    """One drawing: each party of a kind in turn, each property by draws of its own."""

    def __init__(self, population: Population, seed: str) -> None:
        self.population = population
        self.seed = seed
        self.groups = {factor.name: group for group in groups(population) if group.rows for factor in group.factors}
        #: Of those the category of each party that one is about.
        self.found: dict[str, Whole] = {}

    def check_together(self) -> None:
        """Make sure that parties met together can be, in a world in which parties stay (raises PopulationError)."""
        parties = {factor.name: _party(factor, self.population.model) for factor in self.population.factors}
        for row in self.population.together:
            if not {parties.get(name, "client") for name, _ in row.of} <= {"authorization_server", "resource_server"}:
                raise PopulationError(
                    f"{self.population.name}: together {row.name!r}: whom clients and origins meet is drawn here by "
                    "how popular those are, so that only authorization and resource servers can be met together"
                )

    def topology(self) -> Topology:
        self.check_together()
        issuers, look_alikes, dishonest = self.issuers()
        servers = self.resource_servers(
            {issuer: number for number, issuer in enumerate(issuers) if issuer not in dishonest}
        )
        clients = self.clients()
        users, agents, delegates = self.agents(list(clients))
        connections, holders = self.connections(users, agents, delegates, servers)
        return Topology(
            users,
            agents,
            delegates,
            connections,
            holders,
            clients,
            issuers,
            servers,
            look_alikes,
            frozenset(dishonest | look_alikes.keys() | {url for url, server in servers.items() if not server.honest}),
            self.population.model,
        )

    # --- numbers ---------------------------------------------------------------------------------------

    def number(self, name: str) -> float:
        return self.population.number(name)

    def count(self, name: str) -> int:
        return int(self.number(f"count.{name}"))

    def uniforms(self, purpose: str, count: int) -> NDArray[np.float64]:
        return draws.uniforms(self.seed, f"topology.{purpose}", 0, count)

    def chosen(self, purpose: str, share: float, count: int) -> list[bool]:
        return list(map(bool, self.uniforms(purpose, count) < share))

    def some(self, purpose: str, mean: float, count: int, least: int = 1) -> list[int]:
        """Geometric numbers with a mean, none below ``least``."""
        ratio = (mean - least) / (mean - least + 1)
        if ratio == 0:
            return [least] * count
        tail = np.log1p(-self.uniforms(purpose, count)) / np.log(ratio)
        return [least + int(number) for number in tail]

    def popular(self, purpose: str, exponent: str, among: int, count: int) -> list[int]:
        """Numbers of things that are chosen by Zipf's law, the first one most."""
        weights = np.arange(1, among + 1) ** -self.number(f"popularity.{exponent}")
        bounds = np.cumsum(weights / weights.sum())[:-1]
        return list(map(int, np.searchsorted(bounds, self.uniforms(purpose, count), side="right")))

    def places(self, factor: Factor, count: int) -> list[int]:
        """What a factor comes out as, for each of so many: a number of its categories in as much detail as there is."""
        shares = tuple(kind.share for kind in factor.refined)
        found: list[int] = draws.categories(self.uniforms(factor.name, count), shares).tolist()
        return found

    def drawn(self, factor: Factor, count: int) -> list[Category]:
        """The categories themselves."""
        kinds = factor.refined
        return [kinds[place] for place in self.places(factor, count)]

    def settings(self, party: str, count: int, met: Whole | None = None) -> list[Settings]:
        """The switches that each of so many decides; where two factors set one, the later does.

        ``met``: the number of the AS that each is met with, where they may be met together.
        """
        decided, places, model = [], [], self.population.model
        for factor in self.population.factors:
            kept = [name for name, _ in factor.refined[0].settings if decided_by(name, model) == party]
            if kept:
                decided.append(
                    [{name: value for name, value in kind.settings if name in kept} for kind in factor.refined]
                )
                together = factor.name in self.groups
                places.append(self.together(factor, count, met) if together else self.places(factor, count))
        if not places:
            return [()] * count
        kinds = list(zip(*places, strict=True))
        # Many decide the same.
        made = {each: _merged(own[place] for own, place in zip(decided, each, strict=True)) for each in set(kinds)}
        return [made[each] for each in kinds]

    def together(self, factor: Factor, count: int, met: Whole | None) -> list[int]:
        """The same of a factor that is not independent of others, given those that are drawn already."""
        model = self.population.model
        group, party = self.groups[factor.name], _party(factor, model)
        rows: Whole = np.zeros(count, dtype=np.int64)
        order = []
        for other in group.factors:
            if other.name in self.found:
                own = self.found[other.name]
                rows = rows * len(other.categories) + (
                    own if _party(other, model) == party or met is None else own[met]
                )
                order.append(other)
        coarse = np.array(factor.coarse)
        within = [kind.share / (factor.shares[place] or 1) for kind, place in zip(factor.refined, coarse, strict=True)]
        shares = given(group, [*order, factor])[:, coarse] * within
        drawn = draws.below(self.uniforms(factor.name, count), draws.ends(shares), rows)
        self.found[factor.name] = coarse[drawn]
        found: list[int] = drawn.tolist()
        return found

    # --- parties ---------------------------------------------------------------------------------------

    def issuers(self) -> tuple[dict[str, Settings], dict[str, str], set[str]]:
        count = self.count("authorization_servers")
        names = [f"https://as{place}.example" for place in range(count)]
        bad = self.chosen("attackers.authorization_servers", self.number("attackers.authorization_servers"), count)
        if all(bad):
            bad[0] = False
        imitated = self.chosen("attackers.look_alikes", self.number("attackers.look_alikes"), count)
        look_alikes = {f"{name}.attacker.example": name for name, is_so in zip(names, imitated, strict=True) if is_so}
        dishonest = {name for name, is_so in zip(names, bad, strict=True) if is_so}
        return dict(zip(names, self.settings("authorization_server", count), strict=True)), look_alikes, dishonest

    def clients(self) -> dict[str, Settings]:
        count = self.count("clients")
        settings = self.settings("client", count)
        if self.population.clients is not None:
            versions = self.drawn(self.population.clients, count)
            settings = [(*kind.settings, *own) for kind, own in zip(versions, settings, strict=True)]
        return {f"https://client{place}.example/oauth.json": own for place, own in enumerate(settings)}

    def resource_servers(self, numbers: dict[str, int]) -> dict[str, ResourceNode]:
        """The resource servers, with honest issuers by their numbers."""
        count = self.count("resource_servers")
        shared = [kind.name == "shared_origin" for kind in self.drawn(self.population.trait("tenancy"), count)]
        origins = max(1, round(sum(shared) / self.number("mean.tenants_per_origin")))
        at = (self.uniforms("origin", count) * origins).astype(int).tolist()
        hosts = self.settings("origin", origins)
        designated = self.designated(count, list(numbers))
        alone = self.settings("origin", count)
        own = self.settings("resource_server", count, np.array([numbers[now[0]] for now, _ in designated]))
        bad = attacker_draws(self.seed, count).tolist()
        shares = self.number("attackers.resource_servers"), self.number("attackers.tenants")
        traits = [
            [kind.name for kind in self.drawn(self.population.trait(name), count)]
            for name in ("access", "identifier", "slash", "port")
        ]
        paths = self.some("paths_per_policy", self.number("mean.paths_per_policy"), count)
        made = {}
        for place, (access, identifier, slash, port) in enumerate(zip(*traits, strict=True)):
            origin = f"https://shared{at[place]}.example" if shared[place] else f"https://rs{place}.example"
            base = f"{origin}/t{place}" if shared[place] else f"{origin}/mcp"
            settings = (*(hosts[at[place]] if shared[place] else alone[place]), *own[place])
            many = ("api", "multi_path") in settings
            urls = tuple(f"{base}/{number}" for number in range(paths[place])) if many else (base,)
            resource = origin if many and identifier == "origin" else base
            resource += "/" if slash == "added" else ""
            resource = resource.replace(".example", ".example:443", 1) if port == "explicit" else resource
            urls = tuple(f"{url}/" for url in urls) if slash == "removed" else urls
            servers, formerly = designated[place] if access == "oauth" else ((), ())
            named = self.population.malicious
            honest = f"rs{place}" not in named if named else bad[place] >= shares[shared[place]]
            made[base] = ResourceNode(base, resource, urls, origin, servers, formerly, settings, honest)
        return made

    def designated(self, count: int, issuers: list[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """The issuers that each resource server designates, and the one that it did formerly, if any."""
        number = self.some("servers_per_resource", self.number("mean.servers_per_resource"), count)
        picked = self.popular("designated", "authorization_servers", len(issuers), sum(number))
        before = self.popular("formerly", "authorization_servers", len(issuers), count)
        moved = self.chosen("churn.servers_changed", self.number("churn.servers_changed"), count)
        made: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        start = 0
        for place in range(count):
            now = tuple(dict.fromkeys(issuers[index] for index in picked[start : start + number[place]]))
            start += number[place]
            past = (issuers[before[place]],) if moved[place] and issuers[before[place]] not in now else ()
            made.append((now, past))
        return made

    def agents(
        self, clients: list[str]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, str], dict[str, tuple[str, ...]]]:
        count = self.count("users")
        each = self.some("agents_per_user", self.number("mean.agents_per_user"), count)
        runs = self.popular("runs", "clients", len(clients), sum(each))
        inner = self.some("sub_agents", self.number("mean.sub_agents_per_agent"), sum(each), least=0)
        users: dict[str, tuple[str, ...]] = {}
        agents: dict[str, str] = {}
        delegates: dict[str, tuple[str, ...]] = {}
        number = 0
        for place in range(count):
            own: list[str] = []
            for _ in range(each[place]):
                name = f"agent{number}"
                below = tuple(f"{name}.{index}" for index in range(inner[number]))
                agents |= dict.fromkeys((name, *below), clients[runs[number]])
                own += (name, *below)
                if below:
                    delegates[name] = below
                number += 1
            users[f"user{place}"] = tuple(own)
        return users, agents, delegates

    def connections(
        self,
        users: dict[str, tuple[str, ...]],
        agents: dict[str, str],
        delegates: dict[str, tuple[str, ...]],
        servers: dict[str, ResourceNode],
    ) -> tuple[dict[str, Connection], dict[str, tuple[str, ...]]]:
        """The connections of all agents, and who shares each."""
        user_of = {agent: user for user, names in users.items() for agent in names}
        tops = [agent for agent in agents if "." not in agent]
        number = self.some("connections_per_agent", self.number("mean.connections_per_agent"), len(tops))
        picked = self.popular("uses", "resource_servers", len(servers), sum(number))
        called = self.uniforms("called", sum(number)).tolist()
        handed = self.uniforms("handed", sum(number)).tolist()
        known = list(servers.values())
        made: dict[str, Connection] = {}
        holders: dict[str, tuple[str, ...]] = {}
        start = 0
        for agent, several in zip(tops, number, strict=True):
            for place in range(start, start + several):
                server = known[picked[place]]
                name = f"token:{agent}:{server.url}"
                if name not in made:
                    url = server.paths[int(called[place] * len(server.paths))]
                    issuer = server.servers[0] if server.servers else ""
                    made[name] = Connection(name, user_of[agent], agent, agents[agent], server.url, url, issuer)
                    below = delegates.get(agent, ())
                    holders[name] = (agent, below[int(handed[place] * len(below))]) if below else (agent,)
            start += several
        return made, holders
