"""What is expected of first contacts wherever the knobs stand: all situations gone through, nothing sampled but them.

Attempts of many situations come to the same under every arm. How often each such end is met is a sum of products of
shares, so that a point of the knobs costs a product of matrices and no reading of rules.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from simulations import encounters, vectorised
from simulations.attempts import situations
from simulations.harms import strategy
from simulations.knobs import Knob, Numbers
from simulations.reader import TIMES
from simulations.results import outcomes_of, shows
from simulations.together import Group, groups
from simulations.units import Unit
from simulations.visits import Label

#: So many numbers are held at a time while points are gone through.
_AT_ONCE = 1 << 21
_SIDES = ("adoption.client", "adoption.server")
_IN_TIME = "in time"


def known(unit: Unit) -> bool:
    """Whether all situations of a unit can be gone through."""
    return unit.reader == "arrays" and situations(unit.population).count <= vectorised.MOST_SITUATIONS


class ExpectedOutcomes:
    """The outcomes of a unit as its knobs turn; what no knob turns is averaged over once and for all.

    Attributes:
        outcomes: what can be seen, by kind and name.
        cells: how many categories there are of each thing that is turned or ``kept``, by its name.
        ends: one row a cell, one column an end: how often that is what it comes to.
        seen: which outcomes each end shows, by end, arm and outcome.
    """

    def __init__(self, unit: Unit, turned: Sequence[Knob] = (), kept: Collection[str] = ()) -> None:
        self.unit, self.turned = unit, turned
        met, either = unit.population, (1 - unit.adoption, unit.adoption)
        early = vectorised.in_time_share(*(met.number(name) for name in (TIMES[0], "latency.spread", TIMES[1])))
        self._shares: dict[str, Numbers] = {
            **{factor.name: np.asarray(factor.shares) for factor in (*met.factors, met.places)},
            **{side: np.asarray(either) for side in _SIDES},
            _IN_TIME: np.array([early, 1 - early]),
        }
        self._groups = [group for group in groups(met) if group.rows]
        moving = {name for knob in turned for name in self._turns(knob)} | set(kept)
        for names in ({factor.name for factor in group.factors} for group in self._groups):
            moving |= names if moving & names else set()
        self.cells = {name: len(shares) for name, shares in self._shares.items() if name in moving}
        joint, labels = self._ends(moving)
        met_with = {number: labels[number] for number in np.unique(joint).tolist()}
        self.outcomes = sorted({outcome for label in met_with.values() for outcome in outcomes_of(label)})
        shown = np.zeros((len(labels), len(self.outcomes)))
        for number, label in met_with.items():
            shown[number] = [shows(label, *outcome) for outcome in self.outcomes]
        self.seen = shown[joint]

    def _ends(self, moving: Collection[str]) -> tuple[NDArray[np.int64], list[Label]]:
        """The ends there are, each as the numbers of the labels that it has under the arms."""
        found = situations(self.unit.population)
        read = vectorised.reader(found, self.unit.arms, (), strategy(self.unit.strategy))
        numbers = read.read(np.arange(found.count))
        rows = numbers.transpose(0, 2, 1).reshape(-1, len(self.unit.arms))
        joint, place = np.unique(rows, axis=0, return_inverse=True)
        cells = np.zeros(1, dtype=np.int64)
        for name, shares in self._shares.items():
            moves = name in moving
            own = np.arange(len(shares)) if moves else np.zeros(len(shares), dtype=np.int64)
            cells = np.add.outer(cells * (len(shares) if moves else 1), own).ravel()
        held = {
            name: np.ones((1, len(shares))) if name in moving else shares[None] for name, shares in self._shares.items()
        }
        still = [group for group in self._groups if group.factors[0].name not in moving]
        weights = _weights(held, {group: group.shares[None] for group in still}).ravel()
        size = int(np.prod(list(self.cells.values())))
        self.ends = csr_array((weights, (cells, place.ravel())), shape=(size, len(joint)))
        return joint, read.labels

    def exposure(self, stands: Mapping[Knob, Numbers], points: int) -> Numbers:
        """How many visits an attacker has a hand in, by point."""
        places = self.unit.population.places
        bad = [encounters.malicious(kind.name) for kind in places.categories]
        shares = self._turned(stands).get(places.name, self._shares[places.name][None])
        return np.broadcast_to(shares[:, bad].sum(axis=1), points)

    def rates(self, stands: Mapping[Knob, Numbers], points: int) -> Numbers:
        """How often each outcome is expected, by point, arm and outcome."""
        now = self._turned(stands)
        met = {knob.of: at[:, 0] for knob, at in stands.items() if knob.kind == "together"}
        step = max(1, _AT_ONCE // self.ends.shape[0])
        return np.concatenate(
            [
                self._rates(_cut(now, start, step), _cut(met, start, step), min(step, points - start))
                for start in range(0, points, step)
            ]
        )

    def _rates(self, now: Mapping[str, Numbers], met: Mapping[str, Numbers], points: int) -> Numbers:
        shares = {
            name: now.get(name, np.broadcast_to(self._shares[name], (points, size)))
            for name, size in self.cells.items()
        }
        joint = {
            group: group.joint(
                [shares[factor.name] for factor in group.factors],
                [met.get(row.name, np.array([row.share])) for row in group.rows],
            )
            for group in self._groups
            if group.factors[0].name in shares
        }
        weights = _weights(shares, joint).reshape(points, -1)
        return np.asarray(np.tensordot(np.asarray(weights @ self.ends), self.seen, axes=1))

    def _turned(self, stands: Mapping[Knob, Numbers]) -> dict[str, Numbers]:
        """The shares of what is turned, one row a point."""
        now = {knob.of: at for knob, at in stands.items() if knob.kind == "share"}
        for knob, at in stands.items():
            if knob.kind == "adoption":
                now |= dict.fromkeys(_SIDES, np.concatenate([1 - at, at], axis=1))
        met = self.unit.population
        numbers = {knob.of: at[:, 0] for knob, at in stands.items() if knob.kind == "number"}
        if numbers.keys() & TIMES:
            thief, life = (numbers.get(name, met.number(name)) for name in TIMES)
            early = np.vectorize(vectorised.in_time_share)(thief, met.number("latency.spread"), life)
            now[_IN_TIME] = np.stack([early, 1 - early], axis=1)
        if encounters.TENANCY in now or numbers.keys() & encounters.NUMBERS:
            now[met.places.name] = self._sent(numbers, now.get(encounters.TENANCY))
        return now

    def _sent(self, numbers: Mapping[str, Numbers], tenancy: Numbers | None) -> Numbers:
        """Where agents are sent, one row a point, by the numbers that are turned and who shares an origin."""
        met = self.unit.population
        trait = met.trait(encounters.TENANCY)
        kinds = [kind.name for kind in trait.categories]
        tenants = trait.share(encounters.SHARED) if tenancy is None else tenancy[:, kinds.index(encounters.SHARED)]
        called = encounters.weights(lambda name: np.asarray(numbers.get(name, met.number(name))), np.asarray(tenants))
        kept = [called[place.name] for place in met.places.categories]
        each = np.zeros(
            len(next(iter(numbers.values())) if tenancy is None else tenancy)
        )  # where nothing moves as well
        return np.stack([each + often / sum(kept) for often in kept], axis=1)

    def _turns(self, knob: Knob) -> Iterator[str]:
        """The names of what a knob turns."""
        match knob.kind:
            case "adoption":
                yield from _SIDES
            case "share" | "number" if knob.of in (encounters.TENANCY, *encounters.NUMBERS):
                yield self.unit.population.places.name
            case "share":
                yield knob.of
            case "together":
                rows = (row for row in self.unit.population.together if row.name == knob.of)
                yield from (name for row in rows for name, _ in row.of)
            case "number":
                yield _IN_TIME


def _cut(stands: Mapping[str, Numbers], start: int, step: int) -> dict[str, Numbers]:
    return {name: at[start : start + step] for name, at in stands.items()}


def _weights(shares: Mapping[str, Numbers], joint: Mapping[Group, Numbers]) -> Numbers:
    """How often each combination of some things is met: an axis for points, then one for each, in their order.

    ``joint``: how often those of a group are met together; the others are independent.
    """
    names = list(shares)
    points = max((len(each) for each in (*shares.values(), *joint.values())), default=1)
    together = {factor.name for group in joint for factor in group.factors}
    weights, made = np.ones(points), list[str]()
    for name in (name for name in names if name not in together):
        weights = weights[..., None] * shares[name].reshape(len(shares[name]), *[1] * len(made), -1)
        made.append(name)
    for group, each in joint.items():
        weights = weights.reshape(*weights.shape, *[1] * len(group.factors)) * each.reshape(
            len(each), *[1] * len(made), *each.shape[1:]
        )
        made += [factor.name for factor in group.factors]
    return weights.transpose(0, *(1 + made.index(name) for name in names))
