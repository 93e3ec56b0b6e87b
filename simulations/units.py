"""What is counted and what comes of it: a population met by every arm, and how often attempts ended so.

Below those who count (:mod:`simulations.readers`) and who spreads the work (:mod:`simulations.engine`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from model.errors import InputError
from simulations import provenance
from simulations.population import Population
from simulations.visits import Label, Settings

#: The option by which worlds are not drawn as they are met.
ATTACKERS_MET = "attackers_met"
#: Once in a world: how much more often it is met than drawn.
LIKELIHOOD = "likelihood"


class EngineError(InputError):
    """Work that cannot be done as asked: no such cluster, or none that counts; or options that are none."""


class Crossed(NamedTuple):
    """Sums over accepted flows: of a quantity in its own arm, in flows accepted in the first arm, and the other way.

    ``first``: of the quantity in the first arm over the flows accepted in this one.
    """

    own: float
    other: float
    first: float


class Sums(NamedTuple):
    """A quantity over attempts of one arm, and its difference to the first arm in the same attempt.

    ``crossed``: what it takes to say how much of it there is for each accepted flow, where that is counted.
    """

    number: float
    total: float
    squares: float
    difference: float
    difference_squares: float
    crossed: Crossed | None = None

    def times(self, factor: float) -> Sums:
        """Return them where each attempt counts so often."""
        crossed = self.crossed and Crossed(*(factor * each for each in self.crossed))
        number, total, squares, changed, apart = (factor * each for each in self[:5])
        return Sums(number, total, squares, changed, apart, crossed)

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        crossed = None
        if self.crossed and other.crossed:
            crossed = Crossed(*(here + there for here, there in zip(self.crossed, other.crossed, strict=True)))
        return Sums(
            self.number + other.number,
            self.total + other.total,
            self.squares + other.squares,
            self.difference + other.difference,
            self.difference_squares + other.difference_squares,
            crossed,
        )


@dataclass(slots=True)
class Tally:
    """What was counted.

    Attributes:
        endings: how often the arms ended so, all of them in the same attempt: one label for each arm.
        sums: quantities by name and number of the arm.
    """

    endings: Counter[tuple[Label, ...]] = field(default_factory=Counter)
    sums: dict[tuple[str, int], Sums] = field(default_factory=dict)

    @property
    def likelihood(self) -> float | None:
        """How much more often its world is met than drawn, where worlds are not drawn as they are met."""
        sums = self.sums.get((LIKELIHOOD, 0))
        return sums.total if sums else None

    def times(self, factor: float) -> Tally:
        """Return what it is where each attempt counts so often."""
        endings: Counter[Any] = Counter({joint: number * factor for joint, number in self.endings.items()})
        sums = {key: each if key[0] == LIKELIHOOD else each.times(factor) for key, each in self.sums.items()}
        return Tally(endings, sums)

    def add(self, other: Tally) -> None:
        """Count in what somebody else counted."""
        self.endings.update(other.endings)
        for key, sums in other.sums.items():
            self.sums[key] = self.sums[key].plus(sums) if key in self.sums else sums

    def to_json(self) -> dict[str, Any]:
        """As data."""
        endings = [[list(labels), times] for labels, times in self.endings.items()]
        return {"endings": endings, "sums": [[*key, *sums] for key, sums in self.sums.items()]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tally:
        """From data."""
        endings = Counter(
            {
                tuple(
                    Label(kind, name, tuple(harms), tuple(attainable)) for kind, name, harms, attainable in labels
                ): times
                for labels, times in data["endings"]
            }
        )
        sums = {
            (name, arm): Sums(*moments)._replace(crossed=crossed and Crossed(*crossed))
            for name, arm, *moments, crossed in data["sums"]
        }
        return cls(endings, sums)


@dataclass(frozen=True, slots=True)
class Unit:
    """A population met by every arm: one replication at one point of a sweep.

    Attributes:
        arms: the switches that each arm sets.
        seed: names the random numbers; the arms and the points of a sweep share them.
        attempts: how many, from the attempt number ``first`` on (a multiple of four); 0: none is drawn, and all
            situations count as often as they are met, where the reader can go through them.
        adoption: the share of clients, and of servers, that do what the arm sets.
        reader: one of :data:`simulations.reader.READERS`.
        options: what else the reader is given.
        strategy: what attackers are after, one of :data:`simulations.harms.STRATEGIES`.
        record: folder to write every single attempt to; nothing that is counted depends on it.
    """

    population: Population
    arms: tuple[Settings, ...]
    seed: str
    attempts: int
    adoption: float = 1.0
    reader: str = "arrays"
    first: int = 0
    options: tuple[tuple[str, float], ...] = ()
    strategy: str = "gravest"
    record: str = field(default="", repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Names everything that the counts depend on, the code that counts them included."""
        text = f"{provenance.code(self.population.model)}\n{self!r}"
        return blake2b(text.encode(), digest_size=16).hexdigest()
