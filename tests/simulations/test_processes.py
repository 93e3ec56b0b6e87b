"""The one way to use all cores: nothing is lost when workers die, nothing is left when nobody listens any more."""

import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from simulations.processes import WorkersDiedError, in_order, spread


def test_results_come_in_the_order_of_the_tasks():
    """However long each takes."""
    numbers = [3000, 3, 4, 2000, 1]
    assert list(in_order(math.factorial, numbers, 2)) == [math.factorial(number) for number in numbers]
    assert list(in_order(math.factorial, [], 2)) == []


def test_a_worker_that_is_killed_costs_a_retry():
    """What it was at is done again by another one."""
    finished, killed = [], []
    for key, _ in spread(time.sleep, dict.fromkeys(range(6), 0.1), 2):
        finished.append(key)
        if not killed:
            killed = [child.pid for child in multiprocessing.active_children()]
            os.kill(killed[0], signal.SIGKILL)
    assert sorted(finished) == list(range(6))
    assert killed


def test_a_task_that_kills_every_worker_ends_it():
    """Nobody waits for ever."""
    started = time.monotonic()
    with pytest.raises(WorkersDiedError, match="workers died 4 times in a row"):
        list(spread(os._exit, {"it": 9}, 2))
    assert time.monotonic() - started < 60


def test_whoever_stops_listening_leaves_no_process_behind():
    """Workers end at once, whatever they are at."""
    before = set(multiprocessing.active_children())
    results = in_order(time.sleep, [0.0, 100.0], 2)
    next(results)
    results.close()
    deadline = time.monotonic() + 10  # two threads wait for them, and one learns it a little later
    while set(multiprocessing.active_children()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(multiprocessing.active_children()) <= before


def test_an_error_in_a_worker_is_the_askers():
    """With its type and its text."""
    with pytest.raises(ValueError, match="factorial"):
        list(in_order(math.factorial, [1, -1], 2))


def test_a_worker_stopped_in_the_middle_of_a_result_is_not_waited_for():
    """Half a result in the pipe keeps nobody from ending."""
    code = """if __name__ == "__main__":
    from simulations.processes import spread
    results = spread(bytes, dict.fromkeys(range(40), 30_000_000), 2)
    next(results)
    results.close()
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
