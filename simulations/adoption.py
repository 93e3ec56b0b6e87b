"""Adoption as behaviour: vendors of clients and of servers take up a measure because it pays, or because they have to.

Who meets whom is the graph of a population (:mod:`simulations.topology`): a vendor cares about those alone whom its own
users go to or come from. What a flow is worth to either side is read from the model: how often flows come through and
how much harm is done where nobody has the measure, only the servers, only the clients, or both. A vendor adopts where
what it gains, at the share of its flows whose other side has adopted, is more than what it costs, and drops it again
where not; some are obliged to. It is a game on a network (M. O. Jackson, Y. Zenou: Games on Networks, 2015): what a
vendor gains is linear in that share, so that the share at which it begins to follow is known in closed form.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.model import Model
from simulations import draws, topology, vectorised
from simulations.attempts import ADOPTIONS, Situations, Whole, draw_codes, draw_latency, situation_shares, situations
from simulations.harms import THEFT, by_money, every_harm, strategy
from simulations.reader import told
from simulations.results import measured
from simulations.units import Sums, Tally, Unit
from simulations.visits import Label, Settings

#: Attempts judged at a time; results do not depend on it.
CHUNK = 1 << 16
#: Who has the measure, as situations number it.
NOBODY, SERVERS, CLIENTS, BOTH = range(ADOPTIONS)
SIDES = ("clients", "servers")
#: Reviews in a year.
QUARTERS = 4
#: A measure has spread when both sides of so many flows have it.
SPREAD = 0.9

Has = tuple[NDArray[np.bool_], NDArray[np.bool_]]


class Stakes(NamedTuple):
    """What is at stake for one side, in flows that come through.

    Attributes:
        first: what having the measure gains while nobody on the other side has it.
        last: the same when everybody there has it.
        cost: what it costs, on average over vendors.
    """

    first: float
    last: float
    cost: float

    def gain(self, others: NDArray[np.float64]) -> NDArray[np.float64]:
        """What it gains where such a share of the other side has it."""
        return self.first + others * (self.last - self.first)

    @property
    def tipping(self) -> float | None:
        """The share of the other side from which on it pays; None where it always does, or never."""
        if (self.first > self.cost) == (self.last > self.cost):
            return None
        return (self.cost - self.first) / (self.last - self.first)


@dataclass(frozen=True, slots=True)
class Vendors:
    """The vendors of one side, those whose flows are most first, or as the lot falls.

    Attributes:
        of: the vendor that each connection of the graph is with.
        flows: how many connections each has, at least one.
        costs: what the measure costs each, in flows that come through.
        looks: which of them look at the measure again, quarter by quarter.
    """

    of: Whole
    flows: Whole
    costs: NDArray[np.float64]
    looks: NDArray[np.bool_]

    def first(self, share: float) -> NDArray[np.bool_]:
        """Such a share of them, from the first on."""
        return np.arange(len(self.flows)) < round(share * len(self.flows))

    def gain(self, stake: Stakes, other: NDArray[np.bool_]) -> NDArray[np.float64]:
        """What each of them gains; ``other``: by connection, whether its other side has the measure."""
        return stake.gain(np.bincount(self.of, other, len(self.flows)) / self.flows)


def damage(label: Label, model: Model) -> float:
    """What an ending does to whom it hurts, in uses of a user's data, as ``data/harm_values.csv`` weighs harms."""
    values = dict(zip(every_harm(model), by_money(model), strict=True))
    return sum(values[name] for name in label.harms) / values[THEFT]


def stakes(
    met: Situations, shares: NDArray[np.float64], arm: Settings, options: dict[str, float], after: str
) -> tuple[Stakes, Stakes]:
    """What a measure is worth to clients and to servers, by the expected outcomes of flows (nothing is sampled)."""
    codes = np.flatnonzero(shares)
    read = vectorised.reader(met, (arm,), (), strategy(after))
    numbers = read.read(codes)[:, 0, 0]
    come = np.array([label.kind == "success" for label in read.labels])[numbers]
    harmed = np.array([damage(label, met.model) for label in read.labels])[numbers]
    who, weights = codes % ADOPTIONS, shares[codes]
    total = np.bincount(who, weights, ADOPTIONS)
    flows, harms = (np.bincount(who, weights * which, ADOPTIONS) / total for which in (come, harmed))
    found = []
    for side, alone, others in (("clients", CLIENTS, SERVERS), ("servers", SERVERS, CLIENTS)):
        worth = flows - options[f"liability_{side}"] * harms
        found.append(Stakes(float(worth[alone] - worth[NOBODY]), float(worth[BOTH] - worth[others]), options["cost"]))
    return found[0], found[1]


def vendors(unit: Unit, options: dict[str, float]) -> tuple[Vendors, Vendors]:
    """The vendors of clients and of authorization servers between whom there are connections."""
    honest = replace(unit.population, sent=None).with_numbers(**{"attackers.authorization_servers": 0})
    tokens = topology.draw(honest, unit.seed).tokens.values()
    clients, servers = [each.client for each in tokens], [each.server for each in tokens]
    return _vendors(unit, options, "clients", clients), _vendors(unit, options, "servers", servers)


def _vendors(unit: Unit, options: dict[str, float], side: str, met: list[str]) -> Vendors:
    _, of, flows = np.unique(met, return_inverse=True, return_counts=True)
    count = len(flows)

    def uniforms(purpose: str, number: int = count) -> NDArray[np.float64]:
        return draws.uniforms(unit.seed, f"vendor: {side} {purpose}", 0, number)

    order = np.argsort(uniforms("lot") if options["by_lot"] else -flows, kind="stable")
    costs = options["cost"] * (1 + options["cost_spread"] * (2 * uniforms("cost") - 1))
    quarters = round(options["years"] * QUARTERS)
    looks = uniforms("reviews", quarters * count).reshape(quarters, count)
    return Vendors(np.argsort(order)[of], flows[order], costs, looks < unit.population.number("churn.followed"))


def settled(sides: tuple[Vendors, Vendors], at_stake: tuple[Stakes, Stakes], start: Has, free: bool = False) -> Has:
    """Who has adopted in the end: all vendors look at it again and again, some of them each quarter.

    ``start``: who is obliged, and takes it up when it looks at it; who is ``free`` has it on the first day, and then
    as long as it pays.
    """
    obliged = [np.zeros_like(each) if free else each for each in start]
    has = [each & free for each in start]
    for quarter in range(len(sides[0].looks)):
        still = True
        for place, (side, stake) in enumerate(zip(sides, at_stake, strict=True)):
            other = 1 - place
            wants = obliged[place] | (side.gain(stake, has[other][sides[other].of]) > side.costs)
            still &= np.array_equal(wants, has[place])
            has[place] = np.where(side.looks[quarter], wants, has[place])
        if still:
            break
    return has[0], has[1]


def least(sides: tuple[Vendors, Vendors], at_stake: tuple[Stakes, Stakes], who: str) -> float:
    """The share of vendors that have to start, the first ones, for a measure to spread; 1 where it does not.

    ``who``: clients or servers, who are obliged to, or ``both``, on a flag day after which they are free again.
    """
    numbers = [len(side.flows) * (who in (name, "both")) for name, side in zip(SIDES, sides, strict=True)]

    def spreads(count: int) -> bool:
        start = [np.arange(len(side.flows)) < min(count, most) for side, most in zip(sides, numbers, strict=True)]
        clients, servers = settled(sides, at_stake, (start[0], start[1]), who == "both")
        return float((clients[sides[0].of] & servers[sides[1].of]).mean()) > SPREAD

    low, high = 0, max(numbers)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if spreads(middle) else (middle + 1, high)
    return high / max(numbers)


def count(unit: Unit) -> Tally:
    """Let vendors settle under every arm, and count how flows end between those that there are then."""
    options = told(unit)
    met, sides = situations(unit.population), vendors(unit, options)
    obliged = tuple(side.first(options[f"obliged_{name}"]) for name, side in zip(SIDES, sides, strict=True))
    shares = situation_shares(unit.population, 0.5)
    tally, adopted, starts = Tally(), [], []
    for place, arm in enumerate(unit.arms):
        at_stake = stakes(met, shares, arm, options, unit.strategy)
        adopted.append(settled(sides, at_stake, (obliged[0], obliged[1])))
        starts.append({who: least(sides, at_stake, who) for who in (*SIDES, "both")})
        for who, share in starts[-1].items():
            tally.sums[f"share_of_{who}_that_have_to_start", place] = _once(share, starts[0][who])
        for name, side, has, first, stake, other in zip(
            SIDES, sides, adopted[-1], adopted[0], at_stake, reversed(SIDES), strict=True
        ):
            moved, before = (float(which[side.of].mean()) for which in (has, first))
            tally.sums[f"share_of_{name}_that_have_moved", place] = _once(moved, before)
            if stake.tipping is not None:
                tally.sums[f"share_of_{other}_from_which_on_{name}_follow", place] = _once(stake.tipping, stake.tipping)
    for start in range(unit.first, unit.first + unit.attempts, CHUNK):
        _flows(unit, met, sides, adopted, start, min(CHUNK, unit.first + unit.attempts - start), tally)
    return tally


def _once(value: float, first: float) -> Sums:
    return measured([value], [first])


def _flows(
    unit: Unit, met: Situations, sides: tuple[Vendors, Vendors], adopted: list[Has], start: int, size: int, tally: Tally
) -> None:
    """Count how a range of flows ends under all arms; the same vendors meet under each."""
    codes = draw_codes(unit.population, unit.seed, start, size, 0.0)
    connections = len(sides[0].of)
    between = (draws.uniforms(unit.seed, "connection", start, size) * connections).astype(int)
    late = draw_latency(unit.population, "attacker", unit.seed, start, size) > unit.population.number("token_lifetime")
    columns: list[list[Label]] = []
    for arm, (clients, servers) in zip(unit.arms, adopted, strict=True):
        here = codes + CLIENTS * clients[sides[0].of[between]] + SERVERS * servers[sides[1].of[between]]
        found, place = np.unique(here, return_inverse=True)
        read = vectorised.reader(met, (arm,), (), strategy(unit.strategy))
        numbers = read.read(found)[place, 0, late.astype(int)]
        columns.append([read.labels[number] for number in numbers.tolist()])
    tally.endings.update(zip(*columns, strict=True))
