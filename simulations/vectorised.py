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
from simulations.crowd import Mask, crowd, judge
from simulations.population import Population, PopulationError
from simulations.visits import Label, Settings

#: Attempts drawn at a time; results do not depend on it.
CHUNK = 1 << 18
#: So many situations are judged together; where there are no more, all of them as soon as one is met.
AT_ONCE = 1 << 16
#: Situations that can be gone through one by one.
MOST_SITUATIONS = 1 << 22


class Reader:
    """The situations of a population under one arm: few are judged all at once, many as they are met."""

    def __init__(self, found: Situations, arm: Settings) -> None:
        self.found = found
        self.arm = arm
        self.labels: list[Label] = []
        self._numbers: dict[Label, int] = {}
        self._table: NDArray[np.int64] | None = None
        self._met: dict[int, tuple[int, int]] = {}

    def read(self, codes: Whole) -> NDArray[np.int64]:
        """For each of some distinct situations the number of its label in time (first column) and late (second)."""
        if self.found.count <= AT_ONCE:
            if self._table is None:
                self._table = self._judge(np.arange(self.found.count))
            return self._table[codes]
        new = [code for code in codes.tolist() if code not in self._met]
        if new:
            self._met.update(zip(new, map(tuple, self._judge(np.array(new)).tolist()), strict=True))
        return np.array([self._met[code] for code in codes.tolist()], dtype=np.int64).reshape(-1, 2)

    def _judge(self, codes: Whole) -> NDArray[np.int64]:
        blocks = []
        for start in range(0, len(codes), AT_ONCE):
            ended = judge(crowd(self.found, self.arm, codes[start : start + AT_ONCE]))
            numbers = np.array([self._number(label) for label in ended.labels])
            blocks.append(np.stack([numbers[ended.ending], numbers[ended.late]], axis=1))
        return np.concatenate(blocks)

    def _number(self, label: Label) -> int:
        if label not in self._numbers:
            self._numbers[label] = len(self.labels)
            self.labels.append(label)
        return self._numbers[label]


@lru_cache(maxsize=64)
def _reader(found: Situations, arm: Settings) -> Reader:
    """What was judged of some situations stays known: shares change along a sweep, situations do not."""
    return Reader(found, arm)


def _readers(population: Population, arms: Sequence[Settings]) -> list[Reader]:
    return [_reader(situations(population), arm) for arm in arms]


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
    readers = _readers(population, arms)
    for codes, place, in_time in _met(population, seed, count, adoption, first):
        columns = []
        for reader in readers:
            numbers = reader.read(codes)[place, np.where(in_time, 0, 1)]
            columns.append([reader.labels[number] for number in numbers.tolist()])
        yield tuple(columns)


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
    readers = _readers(population, arms)
    total: Counter[tuple[Label, ...]] = Counter()
    for codes, place, in_time in _met(population, seed, count, adoption, first):
        times = np.bincount(2 * place + ~in_time, minlength=2 * len(codes))
        _add(total, readers, codes, times)
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
    _add(total, _readers(population, arms), codes, weights)
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


def _add(
    total: Counter[tuple[Label, ...]], readers: Sequence[Reader], codes: Whole, times: NDArray[Any]
) -> None:
    """Count in how often each situation was met, in time and late (two ``times`` a situation)."""
    joints: list[tuple[Label, ...]] = [()]
    place = np.zeros(len(times), dtype=np.int64)
    for reader in readers:
        numbers = reader.read(codes).ravel()
        size = len(reader.labels)
        found, place = np.unique(place * size + numbers, return_inverse=True)
        joints = [(*joints[number // size], reader.labels[number % size]) for number in found.tolist()]
    weights = np.bincount(place, weights=times, minlength=len(joints)).astype(times.dtype)
    for joint, weight in zip(joints, weights.tolist(), strict=True):
        if weight:
            total[joint] += weight
