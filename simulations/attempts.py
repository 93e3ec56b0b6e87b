"""What attempts meet: drawn by attempt and purpose, the same whichever design and whichever reader.

Every switch of an attempt has the value that its arm sets, if the party with the switch adopts the arm; else what the
population draws; else the model's baseline. Clients and servers adopt independently of each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.design import Design
from model.model import Model, oauth
from model.switches import EVERYBODY
from model.world import AUTHORIZATION_SERVER, CLIENT, PROXY, RESOURCE_SERVER, World
from simulations import draws
from simulations.harms import Strategy
from simulations.population import LATENCIES, Factor, Population, PopulationError
from simulations.together import drawn as drawn_together
from simulations.together import groups
from simulations.visits import PLACES, Settings, within

Whole = NDArray[np.int64]
#: Who has adopted, as the last part of a situation: nobody, servers, clients, both.
ADOPTIONS = 4
COLUMN = {name: place for place, name in enumerate(LATENCIES)}


@dataclass(frozen=True, slots=True)
class Situations:
    """What decides how attempts end when nothing is cached, as one number.

    The number counts through the categories of each factor, then the places, then who adopts the arm, which
    changes fastest.

    Attributes:
        factors: for each factor of the population what each of its categories sets.
        places: where agents are sent.
        model: the model whose switches are set.
    """

    factors: tuple[tuple[Settings, ...], ...]
    places: tuple[str, ...]
    model: Model = field(default=oauth(), repr=False)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many categories each factor has, how many places there are, and :data:`ADOPTIONS`."""
        return (*map(len, self.factors), len(self.places), ADOPTIONS)

    @property
    def count(self) -> int:
        """How many situations there are, those of share 0 included."""
        return prod(self.sizes)

    def split(self, codes: Whole) -> tuple[Whole, ...]:
        """The category of each factor, the place and who adopts the arm, from the number."""
        parts = []
        for size in reversed(self.sizes):
            codes, part = np.divmod(codes, size)
            parts.append(part)
        return tuple(reversed(parts))

    def within_reach(self, codes: Whole, strategy: Strategy) -> Whole:
        """The situations that an attacker can choose between in place of each, one row a choice, what was drawn first.

        Only a visit to an attacker can be to another one, and only where attackers move.
        """
        theirs = [number for number, name in enumerate(self.places) if PLACES[name].capabilities]
        if not strategy.moves or not theirs:
            return codes[None]
        unplaced, rest = np.divmod(codes, ADOPTIONS * len(self.places))
        place, who = np.divmod(rest, ADOPTIONS)
        moved = [(unplaced * len(self.places) + number) * ADOPTIONS + who for number in theirs]
        return np.where(np.isin(place, theirs), np.stack([codes, *moved]), codes)

    def design(self, arm: Settings, code: int) -> Design:
        """The design that one situation comes to under an arm."""
        *categories, _, who = (int(part[0]) for part in self.split(np.array([code], dtype=np.int64)))
        values: dict[str, str] = {}
        for kinds, category in zip(self.factors, categories, strict=True):
            values.update(kinds[category])
        values.update((name, value) for name, value in arm if adopts(self.model, name, who))
        return Design(values, model=self.model)


def world_of(place: str, protocol: str, model: Model) -> World:
    """The world of a visit to a place under a protocol (raises PopulationError where there is none)."""
    world = PLACES[place].under(protocol)
    if world is None:
        have = ", ".join(name for name, each in PLACES.items() if each.under(protocol))
        raise PopulationError(f"place {place!r} is left out under protocol={protocol}; places there: {have}")
    return within(world, model)


def situations(population: Population) -> Situations:
    """The situations of a population."""
    factors = tuple(tuple(kind.settings for kind in factor.categories) for factor in population.factors)
    return Situations(factors, tuple(kind.name for kind in population.places.categories), population.model)


def situation_shares(population: Population, adoption: float) -> NDArray[np.float64]:
    """How often each situation is met, by its number."""
    met, either = groups(population), (1 - adoption, adoption)
    axes = [place for group in met for place in group.places]
    shares: NDArray[np.float64] = np.ones(())
    for group in met:
        shares = np.multiply.outer(shares, group.shares)
    shares = shares.transpose(np.argsort(axes)).ravel()
    for column in (population.places.shares, either, either):
        shares = np.multiply.outer(shares, np.asarray(column)).ravel()
    return shares


def draw_codes(
    population: Population, seed: str, start: int, count: int, adoption: float, clients: str | None = None
) -> Whole:
    """The situations of the attempts ``start`` to ``start + count``, as numbers.

    The larger ``adoption``, the more attempts adopt: one that adopts at 0.1 does at 0.5. ``clients`` is the seed
    of what clients do and adopt, where one client meets several servers.
    """

    def uniforms(purpose: str, of_clients: bool) -> NDArray[np.float64]:
        return draws.uniforms((clients or seed) if of_clients else seed, purpose, start, count)

    return _codes(count, population, (population.places,), adoption, uniforms)


def _codes(
    count: int,
    population: Population,
    more: tuple[Factor, ...],
    adoption: float,
    uniforms: Callable[[str, bool], NDArray[np.float64]],
) -> Whole:
    """Situations as numbers, with ``more`` factors; ``uniforms``: for a purpose, and whether it is about clients."""

    def of_clients(factor: Factor) -> bool:
        return _of_clients(factor, population.model)

    def numbers(factor: Factor) -> NDArray[np.float64]:
        return uniforms(factor.name, of_clients(factor))

    codes = np.zeros(count, dtype=np.int64)
    joint: dict[str, Whole] = {}
    for group in (group for group in groups(population) if group.rows):
        # One client meets several servers, and is who it is beforehand.
        joint |= drawn_together(group, sorted(group.factors, key=of_clients, reverse=True), numbers)
    for factor in (factor for factor in (*population.factors, *more) if len(factor.categories) > 1):
        drawn = joint[factor.name] if factor.name in joint else draws.categories(numbers(factor), factor.shares)
        codes *= len(factor.categories)
        codes += drawn
    for side, theirs in (("adoption.client", True), ("adoption.server", False)):
        does = uniforms(side, theirs) < adoption if 0 < adoption < 1 else bool(adoption)
        codes *= 2
        codes += does
    return codes


def resident_codes(population: Population, seed: str, adoption: float) -> Whole:
    """What each resource of each agent is like for good, as the number of a situation without a place.

    An agent is one client whatever it visits; each of its resources, with its AS, is met again as it was.
    """
    agents, resources = (int(population.number(name)) for name in ("agents", "resources"))

    def uniforms(purpose: str, of_clients: bool) -> NDArray[np.float64]:
        if of_clients:
            return np.repeat(draws.uniforms(seed, f"agent: {purpose}", 0, agents), resources)
        return draws.uniforms(seed, f"resource: {purpose}", 0, agents * resources)

    return _codes(agents * resources, population, (), adoption, uniforms)


def adopts(model: Model, switch: str, who: Any) -> Any:
    """Whether the party that has a switch is among those who adopt; ``who``: a number, or an array of them.

    What is about everybody takes both.
    """
    if model.switches[switch].owner == EVERYBODY:
        return who == ADOPTIONS - 1
    return who % 2 == 1 if of_servers(model, switch) else who // 2 == 1


def of_servers(model: Model, switch: str) -> bool:
    """Whether a server decides it, or it is what a deployment happens to be; the rest is the client's."""
    decided = model.switches[switch].owner in (AUTHORIZATION_SERVER, RESOURCE_SERVER, PROXY)
    return decided or model.switches[switch].kind == "environment"


def _of_clients(factor: Factor, model: Model) -> bool:
    """Whether what a factor draws is a client: it sets switches, and a client can have all of them for itself."""
    switches = {name for category in factor.categories for name, _ in category.settings}
    return bool(switches) and all(CLIENT in model.switches[name].of for name in switches)


def draw_latency(population: Population, name: str, seed: str, start: int, count: int) -> NDArray[np.float64]:
    """Seconds that one kind of waiting takes in each attempt."""
    median, spread = population.number(f"latency.{name}"), population.number("latency.spread")
    return draws.lognormal(draws.uniforms(seed, f"latency.{name}", start, count), median, spread)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a range of attempts has drawn, the same for every arm.

    Attributes:
        gaps: seconds since the attempt before.
        codes: the situation, as its number.
        slots: the place in the caches: which resource of which agent.
        latencies: one row an attempt, one column a kind of latency.
    """

    gaps: list[float]
    codes: list[int]
    slots: list[int]
    latencies: list[tuple[float, ...]]


def draw(
    population: Population, seed: str, start: int, count: int, adoption: float = 1.0, residents: Whole | None = None
) -> Chunk:
    """What the attempts ``start`` to ``start + count`` meet, times included.

    ``residents``: what each resource of each agent is like, see :func:`resident_codes`; else every attempt meets
    somebody new.
    """
    resources = int(population.number("resources"))
    agents = (draws.uniforms(seed, "agent", start, count) * int(population.number("agents"))).astype(int)
    visited = (draws.uniforms(seed, "resource", start, count) * resources).astype(int)
    gaps = draws.exponential(
        draws.uniforms(seed, "arrival", start, count), 1 / population.number("arrivals_per_second")
    )
    latencies = [draw_latency(population, name, seed, start, count).tolist() for name in LATENCIES]
    slots = agents * resources + visited
    if residents is None:
        codes = draw_codes(population, seed, start, count, adoption)
    else:
        places = population.places
        sent = draws.categories(draws.uniforms(seed, places.name, start, count), places.shares)
        unplaced, adopting = np.divmod(residents[slots], ADOPTIONS)
        codes = (unplaced * len(places.categories) + sent) * ADOPTIONS + adopting
    return Chunk(gaps.tolist(), codes.tolist(), slots.tolist(), list(zip(*latencies, strict=True)))
