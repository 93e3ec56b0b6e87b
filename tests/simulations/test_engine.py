"""One process or several: the same counts; and Ctrl-C leaves what is finished and nobody behind."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import distributed
import pytest

from model.extension import capability
from model.model import oauth
from simulations import engine, experiments, processes, provenance
from simulations.engine import Interrupted, count, run
from simulations.experiments import find
from simulations.population import load
from simulations.processes import WorkersDiedError
from simulations.units import EngineError, Tally, Unit

UNITS = [Unit(load("swept"), ((), (("echo", "req"),)), f"1/{number}", 60, reader="agents") for number in range(4)]


def test_same_seed_same_counts() -> None:
    """The same unit twice gives the same counts, another seed others."""
    assert run(UNITS[:1])[0] == run(UNITS[:1])[0]
    assert run(UNITS)[0] != run(UNITS)[1]


def test_every_attempt_is_counted_once() -> None:
    """Each arm's counts add up to the attempts, and the first arm is paired with itself."""
    tally = run(UNITS[:1])[0]
    assert tally.endings.total() == 60
    assert all(len(joint) == 2 for joint in tally.endings)


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
from dataclasses import replace
from simulations.experiments import StoppedExperiment, find, run

def progress(done, total):
    if done == 1:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)

if __name__ == "__main__":
    try:
        asked = replace(find("token_life"), values=find("token_life").values[:1], arms=find("token_life").arms[:1])
        run(asked, attempts=200_000, replications=50, workers=2, progress=progress)
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


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted is kept, whole, and not counted again; it is not used for another unit or other code."""
    whole = run(UNITS)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(UNITS, progress=stop, store=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    counted: list[str] = []

    def counting(unit: Unit) -> Tally:
        counted.append(unit.seed)
        return count(unit)

    monkeypatch.setattr(engine, "count", counting)
    assert run(UNITS, store=tmp_path) == whole
    assert counted == ["1/2", "1/3"]
    assert run(UNITS, store=tmp_path) == whole
    assert len(counted) == 2
    assert run([replace(UNITS[0], attempts=40)], store=tmp_path)[0].endings.total() == 40
    monkeypatch.setattr(provenance, "code", lambda model: "other")
    run(UNITS[:1], store=tmp_path)
    assert counted[-1] == "1/0"


@pytest.mark.parametrize("content", ['{"endings": 3}', "[]", "[" * 5000, '{"counted": ' + "[" * 5000])
def test_a_damaged_file_is_counted_again(tmp_path: Path, content: str) -> None:
    """A file that is not what was written there is replaced."""
    whole = run(UNITS[:1], store=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    assert run(UNITS[:1], store=tmp_path) == whole
    assert file.stat().st_size > 100


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_worker_costs_a_retry() -> None:
    """Two workers of this machine, of which one is killed in the middle, count the same in the order of the units."""
    units = [replace(unit, attempts=400) for unit in UNITS]
    killed: list[int] = []

    def kill(done: int, total: int) -> None:
        if done == 1 and not killed:
            victim = multiprocessing.active_children()[0]
            os.kill(victim.pid or 0, signal.SIGKILL)
            killed.append(victim.pid or 0)

    together = run(units, workers=2, progress=kill)
    assert together == run(units)
    assert (list(together), len(killed)) == ([0, 1, 2, 3], 1)


@pytest.mark.parametrize(("found", "left"), [('"endings"', '"ending"'), ("0", "1"), ("}", ""), ('"sum"', '"some"')])
def test_what_was_changed_after_it_was_counted_is_counted_again(tmp_path: Path, found: str, left: str) -> None:
    """A unit that rotted or was edited is as good as none, and nobody has to find out."""
    first = run(UNITS[:2], store=tmp_path)
    for path in tmp_path.glob("*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(found, left), encoding="utf-8")
    assert run(UNITS[:2], store=tmp_path) == first
    assert all(engine._recall(tmp_path, unit) is not None for unit in UNITS[:2])


def test_workers_that_keep_dying_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that kills its worker whenever it is tried is given up."""

    def dying(*_: object) -> Iterator[tuple[int, Tally]]:
        raise BrokenProcessPool
        yield

    monkeypatch.setattr(processes, "_pooled", dying)
    with pytest.raises(WorkersDiedError, match="workers died 4 times in a row"):
        run(UNITS, workers=2)


@pytest.mark.slow
def test_a_cluster_counts_the_same_and_survives_a_worker() -> None:
    """Two workers of a dask cluster on this machine, one of which is killed after the first unit."""
    units = [replace(unit, attempts=3_000) for unit in UNITS]
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL
    )
    killed: list[int] = []

    def kill(done: int, total: int) -> None:
        if done == 1:
            nanny = next(iter(cluster.workers.values()))
            killed.append(nanny.pid)
            os.kill(nanny.pid, signal.SIGKILL)

    with cluster:
        assert run(units, progress=kill, cluster=cluster.scheduler_address) == run(units)
    assert killed


def test_no_cluster_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address at which nobody answers, or that is none."""
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(EngineError, match="no cluster at"):
            run(UNITS, cluster=address)


def test_a_cluster_is_not_asked_about_what_a_draft_adds() -> None:
    """Its workers would count without it."""
    mine = oauth().extended(lambda: capability("backups", "the attacker reads backups"))
    asked = [replace(unit, population=replace(unit.population, model=mine)) for unit in UNITS]
    with pytest.raises(EngineError, match="what a draft adds is not known to the workers"):
        run(asked, cluster="tcp://127.0.0.1:1")


def test_a_cluster_without_workers_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler that nobody works for is not waited for."""
    monkeypatch.setattr(engine, "PATIENCE", 1.0)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=logging.CRITICAL) as cluster,
        pytest.raises(EngineError, match="no worker of the cluster at"),
    ):
        run(UNITS, cluster=cluster.scheduler_address)


@pytest.mark.slow
def test_a_cluster_that_everybody_leaves_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither workers nor a scheduler that went away in the middle are waited for."""
    monkeypatch.setattr(engine, "PATIENCE", 1.0)
    units = [replace(unit, attempts=3_000) for unit in UNITS]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as cluster:

        def leave(done: int, total: int) -> None:
            if done == 1:
                cluster.scale(0)

        with pytest.raises(EngineError, match="no worker of the cluster at"):
            run(units, progress=leave, cluster=cluster.scheduler_address)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iss", "cimd_dcr", "ten_steps", "slash", "token_life"])
def test_tables_are_the_same_wherever_they_are_counted(name: str, tmp_path: Path) -> None:
    """Bit for bit, in every reader: one process, two of them, a cluster of which one worker is killed."""
    asked = replace(find(name), values=find(name).values[:2])
    attempts = asked.least_attempts(experiments.population_for(asked, None), 2) + 30
    wherever: dict[str, dict[str, Any]] = {"one": {}, "two": {"workers": 2}}
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as cluster:
        killed: list[int] = []

        def kill(done: int, total: int) -> None:
            if not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        wherever["cluster"] = {"cluster": cluster.scheduler_address, "progress": kill}
        for where, how in wherever.items():
            experiments.run(asked, attempts=attempts, replications=2, **how).save(tmp_path / where)
        assert killed
    one, *others = ({path.name: path.read_bytes() for path in (tmp_path / where).iterdir()} for where in wherever)
    assert one
    assert all(tables == one for tables in others)
