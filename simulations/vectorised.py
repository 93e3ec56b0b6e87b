"""First contacts of a whole population at once, where outcomes matter and time does not.

Attempts of one situation end alike, so the rules are read for all situations together (:mod:`simulations.crowd`) and
attempts are counted by situation. Going through all situations instead of drawing them gives exact probabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from simulations.attempts import (
    Situations,
    Whole,
    draw_codes,
    draw_latency,
    situation_shares,
    situations,
)
from simulations.crowd import Mask, judge_all
from simulations.population import Population, PopulationError
from simulations.visits import Label, Plan, Settings

#: Attempts drawn at a time; results do not depend on it.
CHUNK = 1 << 18
#: Where no more situations than this can be met, all are judged as soon as one is.
AT_ONCE = 1 << 16
#: Situations that can be gone through one by one.
MOST_SITUATIONS = 1 << 22


class Reader:
    """Situations under some arms, each judged when it is first asked for."""

    def __init__(self, found: Situations, arms: tuple[Settings, ...], held: Settings = ()) -> None:
        self.found, self.arms, self.held = found, arms, held
        self._plans: dict[Plan[Label], int] = {}
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
        numbers = self._numbers(codes)
        labels = self._labels
        return np.array([(labels[plan.ending], labels[plan.late]) for plan in self._plans])[numbers]

    def plans(self, codes: Whole) -> list[list[Plan[Label]]]:
        """For each of some distinct situations and each arm the plan of a visit."""
        numbers = self._numbers(codes).tolist()
        plans = list(self._plans)
        return [[plans[number] for number in row] for row in numbers]

    def _numbers(self, codes: Whole) -> NDArray[np.int64]:
        new = [code for code in codes.tolist() if code not in self._place]
        if new:
            self._learn(np.array(new))
        return self._table[[self._place[code] for code in codes.tolist()]]

    def _learn(self, codes: Whole) -> None:
        judged = judge_all(self.found, self.arms, codes, self.held)
        for label in (label for plan in judged.plans for label in (plan.ending, plan.late)):
            self._labels.setdefault(label, len(self._labels))
        numbers = np.array([self._plans.setdefault(plan, len(self._plans)) for plan in judged.plans])
        found = numbers[judged.plan].reshape(len(self.arms), len(codes))
        self._place.update(zip(codes.tolist(), range(len(self._table), len(self._table) + len(codes)), strict=True))
        self._table = np.concatenate([self._table, found.T])


@lru_cache(maxsize=64)
def reader(found: Situations, arms: tuple[Settings, ...], held: Settings = ()) -> Reader:
    """What was judged of some situations stays known: shares change along a sweep, situations do not."""
    return Reader(found, arms, held)


def _reader_of(population: Population, arms: Sequence[Settings], adoption: float) -> Reader:
    """What is known of the situations of a population: of all that may be met, where those are few."""
    known = reader(situations(population), tuple(arms))
    if known.found.count <= MOST_SITUATIONS:
        # Where nobody adopts, some do at the next point of a sweep.
        likely = np.flatnonzero(situation_shares(population, adoption or 0.5))
        if len(likely) <= AT_ONCE:
            known.read(likely)
    return known


def attempts(
    population: Population,
    arms: Sequence[Settings],
    seed: str,
    count: int,
    *,
    adoption: float = 1.0,
    first: int = 0,
) -> Iterator[tuple[list[Label], ...]]:
    """How first contacts end, in order, a chunk at a time: one list of labels for each arm."""
    read = _reader_of(population, arms, adoption)
    for codes, place, in_time in _met(population, seed, count, adoption, first):
        numbers = read.read(codes)[place, :, np.where(in_time, 0, 1)]
        labels = read.labels
        yield tuple([labels[number] for number in column] for column in numbers.T.tolist())


def tally(
    population: Population,
    arms: Sequence[Settings],
    seed: str,
    count: int,
    *,
    adoption: float = 1.0,
    first: int = 0,
) -> Counter[tuple[Label, ...]]:
    """How often first contacts end in which way under all arms together."""
    read = _reader_of(population, arms, adoption)
    total: Counter[tuple[Label, ...]] = Counter()
    for codes, place, in_time in _met(population, seed, count, adoption, first):
        times = np.bincount(2 * place + ~in_time, minlength=2 * len(codes))
        _add(total, read, codes, times)
    return total


def expected(
    population: Population, arms: Sequence[Settings], adoption: float = 1.0
) -> dict[tuple[Label, ...], float]:
    """The probability of each way to end under all arms together: all situations gone through, nothing sampled.

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
    total: Counter[tuple[Label, ...]] = Counter()
    weights = np.outer(shares[codes], (early, 1 - early)).ravel()
    _add(total, _reader_of(population, arms, adoption), codes, weights)
    return dict(total)


def in_time_share(median: float, spread: float, life: float) -> float:
    """How often the attacker, who takes a log-normal time, uses a stolen token while it lives."""
    if median == 0 or spread == 0:
        return float(median <= life)
    return float(ndtr(np.log(life / median) / spread)) if life > 0 else 0.0


def _met(
    population: Population, seed: str, count: int, adoption: float, first: int
) -> Iterator[tuple[Whole, Whole, Mask]]:
    """Chunk by chunk: the situations met, which of them each attempt meets, and whether a thief comes in time."""
    life = population.number("token_lifetime")
    for start in range(first, first + count, CHUNK):
        size = min(CHUNK, first + count - start)
        codes, place = np.unique(draw_codes(population, seed, start, size, adoption), return_inverse=True)
        yield codes, place, draw_latency(population, "attacker", seed, start, size) <= life


def _add(total: Counter[tuple[Label, ...]], read: Reader, codes: Whole, times: NDArray[Any]) -> None:
    """Count in how often each situation was met, in time and late (two ``times`` a situation)."""
    joints: list[tuple[Label, ...]] = [()]
    place = np.zeros(len(times), dtype=np.int64)
    table = read.read(codes)
    labels = read.labels
    for numbers in table.transpose(1, 0, 2).reshape(len(read.arms), -1):
        size = len(labels)
        found, place = np.unique(place * size + numbers, return_inverse=True)
        joints = [(*joints[number // size], labels[number % size]) for number in found.tolist()]
    weights = np.bincount(place, weights=times, minlength=len(joints)).astype(times.dtype)
    for joint, weight in zip(joints, weights.tolist(), strict=True):
        if weight:
            total[joint] += weight
