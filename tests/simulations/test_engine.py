"""One process or several: the same counts; and Ctrl-C leaves what is finished and nobody behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from model.design import Design
from simulations.engine import Interrupted, Unit, run
from simulations.population import load

UNITS = [Unit(load("swept"), (Design(), Design({"echo": "req"})), f"1/{number}", 300) for number in range(4)]


def test_workers_do_not_change_the_counts() -> None:
    """Any number of processes gives the same tallies, in the order of the units."""
    alone, together = run(UNITS), run(UNITS, workers=2)
    assert alone == together
    assert list(together) == [0, 1, 2, 3]


def test_same_seed_same_counts() -> None:
    """The same unit twice gives the same counts, another seed others."""
    assert run(UNITS[:1])[0] == run(UNITS[:1])[0]
    assert run(UNITS)[0] != run(UNITS)[1]


def test_every_attempt_is_counted_once() -> None:
    """Each arm's counts add up to the attempts, and the first arm is paired with itself."""
    tally = run(UNITS[:1])[0]
    assert [counts.total() for counts in tally] == [300, 300]
    assert all(first == here for first, here in tally[0])


def test_progress_is_told() -> None:
    """Progress hears of every unit."""
    told: list[tuple[int, int]] = []
    run(UNITS, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_there_is_at_least_one_worker() -> None:
    """No workers is an error."""
    with pytest.raises(ValueError, match="at least 1, found 0"):
        run(UNITS, workers=0)


def test_interrupting_keeps_what_is_finished() -> None:
    """Ctrl-C in this process hands over the finished units."""

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run(UNITS, progress=stop)
    assert list(caught.value.finished) == [0, 1]


SCRIPT = """
import multiprocessing
from simulations.experiments import StoppedExperiment, run

def progress(done, total):
    if done == 1:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)

if __name__ == "__main__":
    try:
        run("echo", attempts=100_000, replications=50, workers=2, progress=progress)
    except StoppedExperiment as stopped:
        print(len(stopped.result.rates), len(multiprocessing.active_children()), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_interrupting_stops_the_workers(tmp_path: Path) -> None:
    """Ctrl-C in a terminal, which reaches all processes, ends them all at once and keeps finished results."""
    script = tmp_path / "study.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    workers = [int(word) for word in process.stdout.readline().split()]
    assert len(workers) == 2
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    rows, left = map(int, out.split())
    assert rows > 0
    assert left == 0
    assert "Traceback" not in err
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
