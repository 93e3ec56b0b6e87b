"""One core, all of them or a cluster: the same call, the same result bit for bit.

Work is cut into units that know nothing of each other; what comes back is added up in the order of the units,
whatever the order in which they were finished. What was counted can be kept in a folder, one file a unit, named
by everything that it depends on and signed: a run that was cut short goes on where it stopped, and nothing stale is
used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any, TypedDict

from model.store import keep, kept
from simulations import processes, readers
from simulations.units import EngineError, Tally, Unit

Progress = Callable[[int, int], object]


class Where(TypedDict, total=False):
    """Who counts units, and where what is counted stays: what :func:`run` takes beside them."""

    workers: int
    progress: Progress | None
    store: Path | None
    cluster: str | None


#: At most so many units of at most so many attempts are looked at together, where a reader counts sooner for that.
AHEAD, SMALL = 40, 500
#: Seconds in which a cluster has to answer, to have a worker, and to have one again when all have gone.
PATIENCE = 5.0


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what was finished by then."""

    def __init__(self, finished: dict[int, Tally]) -> None:
        super().__init__(f"interrupted after {len(finished)} units")
        self.finished = finished


def count(unit: Unit) -> Tally:
    """Simulate a unit and count how its attempts end."""
    return readers.READERS[unit.reader](unit)


def count_together(units: Sequence[Unit]) -> list[Tally]:
    """Count units of one reader, which may look ahead."""
    if len(units) > 1:
        readers.FORESEEING[units[0].reader](units)
    return list(map(count, units))


def run(
    units: Sequence[Unit],
    workers: int = 1,
    progress: Progress | None = None,
    store: Path | None = None,
    cluster: str | None = None,
) -> dict[int, Tally]:
    """Count all units: in this process, over worker processes or on a cluster.

    Parameters:
        workers: processes on this machine.
        store: folder with what was counted before, and for what is counted now.
        cluster: address of a dask.distributed scheduler, which is used instead of ``workers``.

    Raises:
        Interrupted: on Ctrl-C, with the tallies of the units finished so far; no worker is left behind.
        EngineError: no such cluster, or one without workers, or left by all of them or by its scheduler; or there are
            additions to the model, of which it knows nothing.
        WorkersDiedError: workers that died several times in a row, here or there.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, found {workers}")
    finished: dict[int, Tally] = {}
    for index, unit in enumerate(units):
        unwritten = unit.record and not (Path(unit.record) / f"{unit.digest}.parquet").exists()
        if store is not None and not unwritten and (known := _recall(store, unit)) is not None:
            finished[index] = known
    left = {index: unit for index, unit in enumerate(units) if index not in finished}
    try:
        if progress is not None and finished:
            progress(len(finished), len(units))
        for index, tally in _counted(left, workers, cluster):
            if store is not None:
                keep(_path(store, units[index]), units[index].digest, tally.to_json())
            finished[index] = tally
            if progress is not None:
                progress(len(finished), len(units))
    except KeyboardInterrupt:
        raise Interrupted(dict(sorted(finished.items()))) from None
    return dict(sorted(finished.items()))


def _counted(units: Mapping[int, Unit], workers: int, cluster: str | None) -> Iterator[tuple[int, Tally]]:
    if cluster is not None and units:
        return _on_cluster(units, cluster)
    batches = _batches(units, workers)
    told = {batch: [units[index] for index in batch] for batch in batches}
    if workers == 1 or len(batches) <= 1:
        counted = ((batch, count_together(among)) for batch, among in told.items())
    else:
        counted = processes.spread(count_together, told, workers)
    return ((index, tally) for batch, tallies in counted for index, tally in zip(batch, tallies, strict=True))


def _batches(units: Mapping[int, Unit], workers: int) -> list[tuple[int, ...]]:
    """Which units are counted one after the other: small ones, where that saves anything and leaves no worker idle."""
    small = [index for index, unit in units.items() if unit.reader in readers.FORESEEING and unit.attempts <= SMALL]
    alone = [(index,) for index in units if index not in set(small)]
    size = max(1, min(AHEAD, ceil(len(small) / workers)))
    return alone + [tuple(small[start : start + size]) for start in range(0, len(small), size)]


# --- what was counted before -------------------------------------------------------------------------------


def _path(folder: Path, unit: Unit) -> Path:
    return folder / f"{unit.digest}.json"


def _recall(folder: Path, unit: Unit) -> Tally | None:
    known = kept(_path(folder, unit), unit.digest)
    return known and Tally.from_json(known)


# --- a cluster ---------------------------------------------------------------------------------------------


def _on_cluster(units: Mapping[int, Unit], address: str) -> Iterator[tuple[int, Tally]]:
    """The scheduler gives the units of a worker that dies to another one."""
    if any(unit.population.model.drafts for unit in units.values()):
        raise EngineError("what a draft adds is not known to the workers of a cluster: it is counted on this machine")
    try:
        import distributed
    except ImportError:
        raise EngineError("a cluster needs dask.distributed: pip install '.[cluster]'") from None
    try:
        client = distributed.Client(address, timeout=PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise EngineError(f"no cluster at {address!r}: {error}") from None
    with client:
        _await_worker(client, address)
        left = {client.submit(count, unit, pure=False): index for index, unit in units.items()}
        try:
            while left:
                try:
                    done, _ = distributed.wait(list(left), PATIENCE, "FIRST_COMPLETED")  # type: ignore[no-untyped-call]
                except TimeoutError:
                    _await_worker(client, address)
                    continue
                for future in done:
                    yield left.pop(future), future.result()
        except distributed.KilledWorker as died:
            raise processes.WorkersDiedError(f"workers of {address} kept dying: {died}") from None
        except CancelledError:
            raise EngineError(f"the cluster at {address!r} has gone") from None
        finally:
            with suppress(Exception):
                client.cancel(list(left))  # type: ignore[no-untyped-call]


def _await_worker(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise EngineError(f"no worker of the cluster at {address!r} in {PATIENCE:g} seconds") from None
