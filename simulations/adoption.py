"""Adoption as behaviour: vendors of clients and of servers take up a measure because it pays, or because they have to.

What a flow is worth to either side is read from the model: how often flows come through and how much harm is done
where nobody has the measure, only the servers, only the clients, or both. A vendor adopts where what it gains, at the
share of the other side that has adopted, is more than what it costs, and drops it again where not; some are obliged to.
It is a game of two populations (W. H. Sandholm: Population Games and Evolutionary Dynamics, 2010): what one side gains
is linear in the share of the other, so that the share at which it begins to follow is known in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.model import Model
from simulations import draws, vectorised
from simulations.attempts import ADOPTIONS, Situations, Whole, draw_codes, draw_latency, situation_shares, situations
from simulations.harms import THEFT, by_money, every_harm, strategy
from simulations.options import told
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

    def gain(self, others: float) -> float:
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
    """The vendors of one side.

    Attributes:
        weights: the share of flows that are of each.
        costs: what the measure costs each, in flows that come through.
        obliged: those that have to adopt.
        summoned: those that do so on the flag day.
    """

    weights: NDArray[np.float64]
    costs: NDArray[np.float64]
    obliged: NDArray[np.bool_]
    summoned: NDArray[np.bool_]


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
    for side, alone, others in (("client", CLIENTS, SERVERS), ("server", SERVERS, CLIENTS)):
        worth = flows - options[f"liability_{side}"] * harms
        found.append(
            Stakes(float(worth[alone] - worth[NOBODY]), float(worth[BOTH] - worth[others]), options[f"cost_{side}"])
        )
    return found[0], found[1]


def vendors(unit: Unit, options: dict[str, float]) -> tuple[Vendors, Vendors]:
    """The vendors of clients and of authorization servers, as popular as the population says."""
    return _vendors(unit, options, "clients", "client"), _vendors(unit, options, "authorization_servers", "server")


def _vendors(unit: Unit, options: dict[str, float], kind: str, side: str) -> Vendors:
    number = unit.population.number
    count = int(number(f"count.{kind}"))

    def uniforms(purpose: str) -> NDArray[np.float64]:
        return draws.uniforms(unit.seed, f"vendor: {side} {purpose}", 0, count)

    weights = np.arange(1, count + 1) ** -number(f"popularity.{kind}")
    costs = options[f"cost_{side}"] * (1 + options["cost_spread"] * (2 * uniforms("cost") - 1))
    return Vendors(
        weights / weights.sum(),
        costs,
        uniforms("obliged") < options[f"mandate_{side}s"],
        uniforms("summoned") < options["flag_day"],
    )


def settled(
    sides: tuple[Vendors, Vendors], at_stake: tuple[Stakes, Stakes], unit: Unit, options: dict[str, float]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who has adopted in the end: all vendors look at it again and again, some of them each quarter.

    The flag day is the first one: who is summoned has the measure then, and is free afterwards.
    """
    has = [each.obliged | each.summoned for each in sides]
    for quarter in range(round(options["years"] * QUARTERS)):
        moved = [float(each.weights @ mine) for each, mine in zip(sides, has, strict=True)]
        for place, (name, each, stake) in enumerate(zip(SIDES, sides, at_stake, strict=True)):
            pays = stake.gain(moved[1 - place]) > each.costs
            purpose = f"vendor: {name} reviews in quarter {quarter}"
            looks = draws.uniforms(unit.seed, purpose, 0, len(pays)) < options["review"]
            has[place] = each.obliged | np.where(looks, pays, has[place])
    return has[0], has[1]


def count(unit: Unit) -> Tally:
    """Let vendors settle under every arm, and count how flows end between those that there are then."""
    options = told(unit)
    met, sides = situations(unit.population), vendors(unit, options)
    shares = situation_shares(unit.population, 0.5)
    tally, adopted = Tally(), []
    for place, arm in enumerate(unit.arms):
        at_stake = stakes(met, shares, arm, options, unit.strategy)
        adopted.append(settled(sides, at_stake, unit, options))
        for name, vendor, has, stake, other in zip(SIDES, sides, adopted[-1], at_stake, reversed(SIDES), strict=True):
            tally.sums[f"share_of_{name}_that_have_moved", place] = _once(
                float(vendor.weights @ has), float(vendor.weights @ adopted[0][SIDES.index(name)])
            )
            if stake.tipping is not None:
                tally.sums[f"share_of_{other}_from_which_on_{name}_follow", place] = _once(stake.tipping, stake.tipping)
    for start in range(unit.first, unit.first + unit.attempts, CHUNK):
        _flows(unit, met, sides, adopted, start, min(CHUNK, unit.first + unit.attempts - start), tally)
    return tally


def _once(value: float, first: float) -> Sums:
    return measured([value], [first])


def _flows(
    unit: Unit,
    met: Situations,
    sides: tuple[Vendors, Vendors],
    adopted: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    start: int,
    size: int,
    tally: Tally,
) -> None:
    """Count how a range of flows ends under all arms; the same vendors meet under each."""
    codes = draw_codes(unit.population, unit.seed, start, size, 0.0)
    meeting: list[Whole] = []
    for name, side in zip(SIDES, sides, strict=True):
        numbers = draws.uniforms(unit.seed, f"vendor of {name}", start, size)
        meeting.append(draws.categories(numbers, tuple(side.weights)))
    late = draw_latency(unit.population, "attacker", unit.seed, start, size) > unit.population.number("token_lifetime")
    columns: list[list[Label]] = []
    for arm, (clients, servers) in zip(unit.arms, adopted, strict=True):
        here = codes + CLIENTS * clients[meeting[0]] + SERVERS * servers[meeting[1]]
        found, place = np.unique(here, return_inverse=True)
        read = vectorised.reader(met, (arm,), (), strategy(unit.strategy))
        numbers = read.read(found)[place, 0, late.astype(int)]
        columns.append([read.labels[number] for number in numbers.tolist()])
    tally.endings.update(zip(*columns, strict=True))
