"""Work on several processes of this machine: the one way in which proofs, simulations and figures use all cores.

A worker that dies costs what it and its fellows were at: that is done again. A caller that stops listening, or is
interrupted, leaves no process behind.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing.connection import wait
from pickle import dumps
from typing import TypeVar

from model.model import UnsharedError

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")

#: How often in a row workers may die before anything is finished.
RETRIES = 3


class WorkersDiedError(RuntimeError):
    """Workers that keep dying: nothing of the asker's making, and nothing that trying once more would mend."""


def spread(function: Callable[[T], R], tasks: Mapping[K, T], workers: int) -> Generator[tuple[K, R]]:
    """What the function makes of each task, as it comes in.

    Parameters:
        function: of a module, as it is looked up by its name in the workers.
        workers: how many processes; this one only waits, so that Ctrl-C reaches it at once. With none it does all.

    A model that is extended by functions no other process can make again: then all is done in this one.

    Raises:
        WorkersDiedError: workers died several times in a row with nothing finished in between.
    """
    if not workers or not _shared(function, next(iter(tasks.values()), None)):
        yield from ((key, function(task)) for key, task in tasks.items())
        return
    left, deaths = dict(tasks), 0
    while left:
        try:
            with closing(_pooled(function, left, workers)) as finished:
                for key, result in finished:
                    del left[key]
                    deaths = 0
                    yield key, result
        except BrokenProcessPool:
            deaths += 1
            if deaths > RETRIES:
                raise WorkersDiedError(f"workers died {deaths} times in a row; is there enough memory?") from None


def in_order(function: Callable[[T], R], tasks: Sequence[T], workers: int) -> Generator[R]:
    """The same in the order of the tasks, each as soon as all before it are there."""
    waiting, wanted = dict[int, R](), 0
    with closing(spread(function, dict(enumerate(tasks)), workers)) as finished:
        for index, result in finished:
            waiting[index] = result
            while wanted in waiting:
                yield waiting.pop(wanted)
                wanted += 1


def cores() -> int:
    """How many workers are useful here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pooled(function: Callable[[T], R], tasks: Mapping[K, T], workers: int) -> Generator[tuple[K, R]]:
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    count = max(1, min(workers, len(tasks)))
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_start_worker)
    try:
        with _interrupts_held():
            futures = {pool.submit(function, task): key for key, task in tasks.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        # Nobody wants what is still running: stop it at once instead of waiting for it.
        results, manager = pool._result_queue, pool._executor_manager_thread
        pool.shutdown(wait=False, cancel_futures=True)
        workers_left = set(multiprocessing.active_children()) - others
        for worker in workers_left:
            worker.terminate()
        for worker in workers_left:
            worker.join()
        if results is not None:
            # Or half a result, of a worker stopped in the middle of it, would be waited for for ever.
            results._writer.close()  # type: ignore[attr-defined]
        if manager is not None:
            # Or the end of the interpreter would wake it by a pipe that it is just closing.
            manager.join()  # type: ignore[attr-defined]
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


def _shared(*things: object) -> bool:
    """Whether other processes can be handed things, the models in them included."""
    try:
        dumps(things)
    except UnsharedError:
        return False
    return True


def _start_worker() -> None:
    """A worker ignores Ctrl-C, which its parent handles, and ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
