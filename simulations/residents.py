"""Who lives in a world that is drawn once: every connection of a topology as a situation of the model, for good.

An agent has its client and its user, a resource server its authorization server, and what each of them is like was
drawn with the topology. What an agent meets when it calls is therefore decided by whom it is connected to, and how
often it meets somebody malicious by how many of those there are (:mod:`simulations.encounters`).
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulations import draws, encounters
from simulations.attempts import ADOPTIONS, Situations, Whole, situations
from simulations.population import Factor, Population, PopulationError
from simulations.population_statements import Category
from simulations.topology import Connection, ResourceNode, Topology, attacker_draws
from simulations.topology import draw as draw_topology
from simulations.visits import PLACES


@dataclass(frozen=True, slots=True)
class Residents:
    """The connections of a world, by number; parties are numbered by kind.

    Attributes:
        situations: what decides how a call of theirs ends.
        codes: the situation that each is, as its number.
        users, agents, clients, servers, resources: the user of each, the agent, the client product, the AS and the
            resource server.
        weights: how often each is called, relative to the others.
        likelihood: how much more often a world with such servers is met than it is drawn.
    """

    situations: Situations
    codes: Whole
    users: list[int]
    agents: list[int]
    clients: list[int]
    servers: list[int]
    resources: list[int]
    weights: NDArray[np.float64]
    likelihood: float = 1.0

    def called(self, numbers: NDArray[np.float64]) -> Whole:
        """The connections that are called, from uniform numbers."""
        bounds = np.cumsum(self.weights / self.weights.sum())[:-1]
        return np.searchsorted(bounds, numbers, side="right")


def settle(population: Population, seed: str, adoption: float = 1.0, attackers_met: float = 0.0) -> Residents:
    """Return the residents of a population: the connections of its topology that need a token, with their parties.

    ``attackers_met``: in half of the worlds so many of the servers that are called are malicious, on average, where
    there would be fewer (see :func:`_attackers`).
    """
    drawn = draw_topology(population, seed)
    connected = list(drawn.tokens.values())
    party = _numbered(drawn)
    agents, servers = (
        [party[name] for name in names]
        for names in ((each.agent for each in connected), (each.server for each in connected))
    )
    adopting = 2 * _adopts(seed, "client", adoption, agents) + _adopts(seed, "server", adoption, servers)
    codes: Whole = np.zeros(len(connected), dtype=np.int64)
    for factor, categories in _categories(population, drawn, connected, seed):
        codes = codes * len(factor.categories) + categories
    attackers, likelihood = _attackers(population, drawn, connected, seed, attackers_met)
    places = _places(population, drawn, connected, seed, attackers)
    found = replace(situations(population), places=tuple(PLACES))
    codes = (codes * len(PLACES) + np.array([found.places.index(name) for name in places])) * ADOPTIONS + adopting
    weights = [encounters.calls(name, population.number(encounters.LURE)) for name in places]
    return Residents(
        found,
        codes,
        [party[each.user] for each in connected],
        agents,
        [party[each.client] for each in connected],
        servers,
        [party[each.resource_server] for each in connected],
        np.array(weights),
        likelihood,
    )


def _numbered(drawn: Topology) -> dict[str, int]:
    """A number for each party, by its name, of its kind."""
    kinds: tuple[Iterable[str], ...] = (
        drawn.users,
        drawn.agents,
        drawn.clients,
        drawn.authorization_servers,
        drawn.resource_servers,
    )
    return {name: number for names in kinds for number, name in enumerate(names)}


def _attackers(
    population: Population, drawn: Topology, connected: list[Connection], seed: str, least: float
) -> tuple[Set[str], float]:
    """Return the malicious servers among those that are called, and how much more often such worlds are met than drawn.

    Where fewer than ``least`` are expected, half of the worlds have them with larger shares. Weights are those of both
    kinds of worlds together, so that none is above 2.

    References:
        T. Hesterberg: Weighted average importance sampling and defensive mixture distributions.
        Technometrics 37 (1995) 185-194.
    """
    if population.malicious and least:
        raise PopulationError(f"{population.name}: 'malicious' and option 'attackers_met' say who is; leave one out")
    called = {each.resource_server: drawn.resource_servers[each.resource_server] for each in connected}
    shares = np.array([population.number(encounters.MALICIOUS[_is_tenant(there)]) for there in called.values()])
    expected = float(shares.sum())
    if not 0 < expected < least:
        return {url for url, there in called.items() if not there.honest}, 1.0
    larger = np.minimum(shares * least / expected, _MOST)
    numbers = dict(zip(drawn.resource_servers, attacker_draws(seed, len(drawn.resource_servers)).tolist(), strict=True))
    chosen = larger if draws.uniforms(seed, "resident: attackers are met", 0, 1)[0] < _MOST else shares
    bad = np.array([numbers[url] for url in called]) < chosen
    odds = float(np.prod(np.divide(np.where(bad, larger, 1 - larger), np.where(bad, shares, 1 - shares))))
    return {url for url, is_bad in zip(called, bad.tolist(), strict=True) if is_bad}, 1 / (1 - _MOST + _MOST * odds)


#: In half of the worlds at most half of the servers are malicious.
_MOST = 0.5


def _is_tenant(there: ResourceNode) -> bool:
    return there.url != f"{there.origin}/mcp"


def _places(
    population: Population, drawn: Topology, connected: list[Connection], seed: str, attackers: Set[str]
) -> list[str]:
    """Where at the model's servers each connection leads: whether that one is honest, and whether it is a tenant."""
    numbers = draws.uniforms(seed, "resident: own server", 0, len(drawn.resource_servers)).tolist()
    share = population.number(encounters.OWN_AS)
    own = {url for url, number in zip(drawn.resource_servers, numbers, strict=True) if number < share}
    places = []
    for each in connected:
        there = drawn.resource_servers[each.resource_server]
        places.append(encounters.place_of(_is_tenant(there), there.url not in attackers, there.url in own))
    return places


def _adopts(seed: str, side: str, adoption: float, parties: list[int]) -> Whole:
    """Whether each of some parties adopts what an arm sets; one that does at a share does at a larger one."""
    does = draws.uniforms(seed, f"resident: adoption.{side}", 0, max(parties, default=0) + 1) < adoption
    return does[parties].astype(np.int64)


def _categories(
    population: Population, drawn: Topology, connected: list[Connection], seed: str
) -> Iterator[tuple[Factor, Whole]]:
    """For each factor the category that each connection is of: what its parties are, or what is drawn for itself."""
    between = [(each.client, each.server, each.resource_server) for each in connected]
    # Many connections are between the same three.
    parties = {
        (client, server, resource): dict(drawn.clients[client])
        | dict(drawn.authorization_servers[server])
        | dict(drawn.resource_servers[resource].settings)
        for client, server, resource in dict.fromkeys(between)
    }
    for factor, decides in _deciding(population):
        known = {_said(kind, decides): number for number, kind in reversed(list(enumerate(factor.categories)))}
        if decides and all(name in parties[three] for three in between[:1] for name in decides):
            kinds = {three: known[tuple(party[name] for name in decides)] for three, party in parties.items()}
            yield factor, np.array([kinds[three] for three in between], dtype=np.int64)
        else:
            numbers = draws.uniforms(seed, f"resident: {factor.name}", 0, len(connected))
            yield factor, draws.categories(numbers, factor.shares)


def _deciding(population: Population) -> Iterator[tuple[Factor, tuple[str, ...]]]:
    """Each factor with the switches that no later one decides."""
    for place, factor in enumerate(population.factors):
        later = {
            name for other in population.factors[place + 1 :] for kind in other.categories for name, _ in kind.settings
        }
        names = dict.fromkeys(name for kind in factor.categories for name, _ in kind.settings if name not in later)
        yield factor, tuple(names)


def _said(kind: Category, names: tuple[str, ...]) -> tuple[str, ...]:
    settings: Mapping[str, str] = dict(kind.settings)
    return tuple(settings.get(name, "") for name in names)
