"""First contacts of a whole population at once, where outcomes matter and time does not.

Attempts of one situation end alike, so the rules are read for all situations together (:mod:`simulations.crowd`) and
attempts are counted by situation: what is done for each attempt is to draw it and to count it. Going through all
situations instead of drawing them gives exact probabilities.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from simulations import costs, draws
from simulations.attempts import Situations, Whole, draw_codes, situation_shares, situations
from simulations.crowd import judge_all
from simulations.harms import GRAVEST, Strategy
from simulations.population import Population, PopulationError
from simulations.results import measured
from simulations.units import Tally
from simulations.visits import Label, Plan, Settings

#: Attempts drawn at a time, which then stay in the cache of a processor; results do not depend on it.
CHUNK = 1 << 16
#: Where there are no more situations than this each has a place for its count; else those that are met are looked up.
MOST_PLACES = 1 << 18
#: Where no more situations than this can be met, all are judged as soon as one is.
AT_ONCE = 1 << 16
#: A number that is closer than this to the share of thieves who come in time is turned into its time.
CLOSE = 1e-9
#: Situations that can be gone through one by one.
MOST_SITUATIONS = 1 << 22


class ArrayReader:
    """Situations under some arms, each judged when it is first asked for."""

    def __init__(
        self, found: Situations, arms: tuple[Settings, ...], held: Settings = (), strategy: Strategy = GRAVEST
    ) -> None:
        self.found, self.arms, self.held, self.strategy = found, arms, held, strategy
        self._plans: dict[Plan, int] = {}
        self._labels: dict[Label, int] = {}
        #: For each situation that is known its row in the table, and there the number of the plan for each arm.
        self._place: dict[int, int] = {}
        self._table = np.zeros((0, len(arms)), dtype=np.int64)

    @property
    def labels(self) -> list[Label]:
        """The labels there are, by their numbers."""
        return list(self._labels)

    def read(self, codes: Whole) -> NDArray[np.int64]:
        """For each of some distinct situations and each arm the number of its label in time and late."""
        numbers = self.courses(codes)
        labels = self._labels
        return np.array([(labels[plan.ending], labels[plan.late]) for plan in self._plans])[numbers]

    def plans(self, codes: Whole) -> list[list[Plan]]:
        """For each of some distinct situations and each arm the plan of a visit."""
        numbers = self.courses(codes).tolist()
        plans = list(self._plans)
        return [[plans[number] for number in row] for row in numbers]

    def costs(self, codes: Whole, population: Population) -> NDArray[np.float64]:
        """For each of some distinct situations and each arm what a visit costs, as :mod:`simulations.costs` has it."""
        numbers, takes = self.courses(codes), costs.seconds(population)
        return np.array([costs.of(plan, takes) for plan in self._plans])[numbers]

    def accepted(self, codes: Whole) -> NDArray[np.float64]:
        """For each of some distinct situations and each arm whether the flow is accepted (1 or 0), in time and late."""
        accepted = np.array([label.kind == "success" for label in self._labels], dtype=float)
        return accepted[self.read(codes)]

    def counted_as(self, codes: Whole, population: Population) -> NDArray[np.int64]:
        """For each of some distinct situations and each arm a number: the same for plans that are counted alike."""
        numbers, takes = self.courses(codes), costs.seconds(population)
        alike: dict[object, int] = {}
        return np.array(
            [
                alike.setdefault((plan.ending, plan.late, tuple(costs.of(plan, takes))), len(alike))
                for plan in self._plans
            ]
        )[numbers]

    def courses(self, codes: Whole) -> NDArray[np.int64]:
        """For each of some distinct situations and each arm the number of its plan."""
        new = [code for code in codes.tolist() if code not in self._place]
        if new:
            self._learn(np.array(new))
        return self._table[[self._place[code] for code in codes.tolist()]]

    def _learn(self, codes: Whole) -> None:
        judged = judge_all(self.found, self.arms, codes, self.held, self.strategy)
        for label in (label for plan in judged.plans for label in (plan.ending, plan.late)):
            self._labels.setdefault(label, len(self._labels))
        numbers = np.array([self._plans.setdefault(plan, len(self._plans)) for plan in judged.plans])
        found = numbers[judged.plan].reshape(len(self.arms), len(codes))
        self._place.update(zip(codes.tolist(), range(len(self._table), len(self._table) + len(codes)), strict=True))
        self._table = np.concatenate([self._table, found.T])


@lru_cache(maxsize=64)
def reader(
    found: Situations, arms: tuple[Settings, ...], held: Settings = (), strategy: Strategy = GRAVEST
) -> ArrayReader:
    """What was judged of some situations stays known: shares change along a sweep, situations do not."""
    return ArrayReader(found, arms, held, strategy)


def _reader_of(population: Population, arms: Sequence[Settings], adoption: float, strategy: Strategy) -> ArrayReader:
    """What is known of the situations of a population: of all that may be met, where those are few."""
    known = reader(situations(population), tuple(arms), (), strategy)
    if known.found.count <= AT_ONCE:
        # Also what nobody meets here: at the next point of a sweep somebody may, and all together take one search.
        known.read(np.arange(known.found.count))
    elif known.found.count <= MOST_SITUATIONS:
        # Where nobody adopts, some do at the next point of a sweep.
        likely = np.flatnonzero(situation_shares(population, adoption or 0.5))
        if len(likely) <= AT_ONCE:
            known.read(likely)
    return known


def courses(
    population: Population, arms: Sequence[Settings], adoption: float = 1.0, strategy: Strategy = GRAVEST
) -> list[bytes]:
    """For each arm what visits come to in every situation that may be met: the same where arms come to the same.

    What a first contact comes to is how it ends, in time or late, and what it costs.
    """
    likely = np.flatnonzero(situation_shares(population, adoption))
    read = _reader_of(population, arms, adoption, strategy)
    return [column.tobytes() for column in read.counted_as(likely, population).T]


def attempts(
    population: Population,
    arms: Sequence[Settings],
    seed: str,
    count: int,
    *,
    adoption: float = 1.0,
    first: int = 0,
    strategy: Strategy = GRAVEST,
) -> Iterator[tuple[list[Label], ...]]:
    """How first contacts end, in order, a chunk at a time: one list of labels for each arm."""
    read = _reader_of(population, arms, adoption, strategy)
    for keys in _met(population, seed, count, adoption, first):
        codes, place = np.unique(keys // 2, return_inverse=True)
        numbers = read.read(codes)[place, :, keys % 2]
        labels = read.labels
        yield tuple([labels[number] for number in column] for column in numbers.T.tolist())


def counted(
    population: Population,
    arms: Sequence[Settings],
    seed: str,
    count: int,
    *,
    adoption: float = 1.0,
    first: int = 0,
    strategy: Strategy = GRAVEST,
) -> Tally:
    """How often first contacts end in which way under all arms together, and what they cost."""
    read = _reader_of(population, arms, adoption, strategy)
    total = Tally()
    places = 2 * read.found.count
    times = np.zeros(places if places <= MOST_PLACES else 0, dtype=np.int64)
    for keys in _met(population, seed, count, adoption, first):
        if len(times):
            times += np.bincount(keys, minlength=places)
        else:
            total.add(_tallied(read, population, *np.unique(keys, return_counts=True)))
    if len(times):
        keys = np.flatnonzero(times)
        total.add(_tallied(read, population, keys, times[keys]))
    return total


def _tallied(read: ArrayReader, population: Population, keys: Whole, times: NDArray[Any]) -> Tally:
    """How some situations end and what they cost, each of which was met so often, in time or late."""
    part = Tally()
    _add(part.endings, read, keys, times)
    codes, situation = np.unique(keys // 2, return_inverse=True)
    spent = read.costs(codes, population)[situation]
    accepted = read.accepted(codes)[situation, :, keys % 2]
    for place, number in product(range(len(read.arms)), range(len(costs.COSTS))):
        values, first = spent[:, place, number], spent[:, 0, number]
        ended = accepted[:, place], accepted[:, 0]
        part.sums[list(costs.COSTS)[number], place] = measured(values, first, ended, times)
    return part


def evaluated(
    population: Population, arms: Sequence[Settings], adoption: float = 1.0, strategy: Strategy = GRAVEST
) -> Tally:
    """How first contacts end and what they cost, each situation as often as it is met: nothing is sampled.

    Raises:
        PopulationError: more situations than can be gone through.
    """
    found = situations(population)
    if found.count > MOST_SITUATIONS:
        raise PopulationError(
            f"population {population.name!r} has {found.count:,} situations; "
            f"at most {MOST_SITUATIONS:,} can be gone through, so sample it"
        )
    shares = situation_shares(population, adoption)
    codes = np.flatnonzero(shares)
    early = in_time_share(*map(population.number, ("latency.attacker", "latency.spread", "token_lifetime")))
    keys, weights = np.add.outer(2 * codes, (0, 1)).ravel(), np.outer(shares[codes], (early, 1 - early)).ravel()
    return _tallied(_reader_of(population, arms, adoption, strategy), population, keys, weights)


def expected(
    population: Population, arms: Sequence[Settings], adoption: float = 1.0, strategy: Strategy = GRAVEST
) -> dict[tuple[Label, ...], float]:
    """The probability of each way to end under all arms together (raises PopulationError as above)."""
    return dict(evaluated(population, arms, adoption, strategy).endings)


def in_time_share(median: float, spread: float, life: float) -> float:
    """How often the attacker, who takes a log-normal time, uses a stolen token while it lives."""
    if median == 0 or spread == 0:
        return float(median <= life)
    return float(ndtr(np.log(life / median) / spread)) if life > 0 else 0.0


def _met(population: Population, seed: str, count: int, adoption: float, first: int) -> Iterator[Whole]:
    """What attempts meet, chunk by chunk: twice the number of the situation, and one more where a thief is too late."""
    for start in range(first, first + count, CHUNK):
        size = min(CHUNK, first + count - start)
        keys = draw_codes(population, seed, start, size, adoption)
        keys *= 2
        keys += _late(population, seed, start, size)
        yield keys


def _late(population: Population, seed: str, start: int, count: int) -> NDArray[np.bool_]:
    """Whether the time that the attacker takes (:func:`~simulations.attempts.draw_latency`) outlasts the token.

    Times grow with the numbers they are made of, so those need not be worked out, but where it is close.
    """
    median, spread, life = map(population.number, ("latency.attacker", "latency.spread", "token_lifetime"))
    numbers = draws.uniforms(seed, "latency.attacker", start, count)
    share = in_time_share(median, spread, life)
    late = numbers > share
    close = np.flatnonzero(np.abs(numbers - share) < CLOSE)
    late[close] = ~(draws.lognormal(numbers[close], median, spread) <= life)
    return late


def _add(total: Counter[tuple[Label, ...]], read: ArrayReader, keys: Whole, times: NDArray[Any]) -> None:
    """Count in how often each of some distinct situations was met, in time or late."""
    joints: list[tuple[Label, ...]] = [()]
    codes, situation = np.unique(keys // 2, return_inverse=True)
    table = read.read(codes)[situation, :, keys % 2]
    labels = read.labels
    place = np.zeros(len(keys), dtype=np.int64)
    for numbers in table.T:
        size = len(labels)
        found, place = np.unique(place * size + numbers, return_inverse=True)
        joints = [(*joints[number // size], labels[number % size]) for number in found.tolist()]
    weights = np.bincount(place, weights=times, minlength=len(joints)).astype(times.dtype)
    for joint, weight in zip(joints, weights.tolist(), strict=True):
        if weight:
            total[joint] += weight
