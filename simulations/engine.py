"""One core or all of them: the same call, the same result bit for bit.

Work is cut into units that know nothing of each other; what comes back is exact counts, which are added up in
the order of the units whatever the order in which they were finished.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import NamedTuple

from model.design import Design
from simulations.population import Population
from simulations.visits import Ending

Progress = Callable[[int, int], object]


class Label(NamedTuple):
    """An ending without the run that shows it: what is counted."""

    kind: str
    name: str
    harms: tuple[str, ...]


#: For each arm: how many attempts ended so in the first arm and so in this one.
Tally = tuple[Counter[tuple[Label, Label]], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A population met by every arm: one replication at one point of a sweep.

    Attributes:
        seed: names the random numbers; the arms and the points of a sweep share them.
    """

    population: Population
    designs: tuple[Design, ...]
    seed: str
    attempts: int


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what was finished by then."""

    def __init__(self, finished: dict[int, Tally]) -> None:
        super().__init__(f"interrupted after {len(finished)} units")
        self.finished = finished


def count(unit: Unit) -> Tally:
    """Simulate a unit and count how its attempts end."""
    # Imported here because whoever only lists or starts experiments needs neither simpy nor numpy.
    from simulations.agents import simulate

    pairs: list[Counter[tuple[Ending, Ending]]] = [Counter() for _ in unit.designs]
    for chunk in simulate(unit.population, unit.designs, unit.seed, unit.attempts):
        for paired, endings in zip(pairs, chunk, strict=True):
            paired.update(zip(chunk[0], endings, strict=True))
    tallies: list[Counter[tuple[Label, Label]]] = []
    for paired in pairs:
        tally: Counter[tuple[Label, Label]] = Counter()
        for (first, second), times in paired.items():
            tally[_label(first), _label(second)] += times
        tallies.append(tally)
    return tuple(tallies)


def _label(ending: Ending) -> Label:
    return Label(ending.kind, ending.name, ending.harms)


def run(units: Sequence[Unit], workers: int = 1, progress: Progress | None = None) -> dict[int, Tally]:
    """Count all units, in this process or over worker processes.

    Raises:
        Interrupted: on Ctrl-C, with the tallies of the units finished so far; no worker is left behind.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, found {workers}")
    finished: dict[int, Tally] = {}
    try:
        for index, tally in _counted(units, workers):
            finished[index] = tally
            if progress is not None:
                progress(len(finished), len(units))
    except KeyboardInterrupt:
        raise Interrupted(dict(sorted(finished.items()))) from None
    return dict(sorted(finished.items()))


def _counted(units: Sequence[Unit], workers: int) -> Iterator[tuple[int, Tally]]:
    if workers == 1 or len(units) == 1:
        yield from ((index, count(unit)) for index, unit in enumerate(units))
        return
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(min(workers, len(units)), mp_context=context, initializer=_start_worker)
    try:
        with _interrupts_held():
            futures = {pool.submit(count, unit): index for index, unit in enumerate(units)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        # Nobody wants what is still running: stop it at once instead of waiting for it.
        pool.shutdown(wait=False, cancel_futures=True)
        workers_left = set(multiprocessing.active_children()) - others
        for worker in workers_left:
            worker.terminate()
        for worker in workers_left:
            worker.join()
        raise
    finally:
        pool.shutdown(wait=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C while workers are started: they inherit that and leave it to this process to stop them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    """A worker ignores Ctrl-C, which is for its parent to handle, and ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
