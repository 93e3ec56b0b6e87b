"""The ways to count a unit of work, by name."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.files import replacing
from model.model import Model
from simulations import adoption, agents, costs, encounters, layers, lives, registrations, tasks, vectorised
from simulations.harms import strategy
from simulations.population import Population, PopulationError
from simulations.reader import READERS as DECLARED
from simulations.reads import check_drawn, check_read
from simulations.results import measured
from simulations.units import Tally, Unit
from simulations.visits import Label


def arrays(unit: Unit) -> Tally:
    """First contacts, a whole population at once: nothing is cached and only outcomes are counted."""
    told = unit.population, unit.arms, unit.seed, unit.attempts
    after = strategy(unit.strategy)
    if not unit.attempts:
        return vectorised.evaluated(unit.population, unit.arms, unit.adoption, after)
    if unit.record:
        attempts = vectorised.attempts(*told, adoption=unit.adoption, first=unit.first, strategy=after)
        deque(recorded(unit, attempts), maxlen=0)
    return vectorised.counted(*told, adoption=unit.adoption, first=unit.first, strategy=after)


def in_time(unit: Unit) -> Tally:
    """Agents in time, which come back to what they have cached."""
    met: Counter[tuple[agents.Visited, ...]] = Counter()
    chunks = agents.simulate(
        unit.population,
        unit.arms,
        unit.seed,
        unit.attempts,
        adoption=unit.adoption,
        first=unit.first,
        strategy=strategy(unit.strategy),
    )

    def labels() -> Iterator[tuple[list[Label], ...]]:
        for chunk in chunks:
            met.update(zip(*chunk, strict=True))
            yield tuple([visited.ending for visited in arm] for arm in chunk) if unit.record else ()

    deque(recorded(unit, labels()) if unit.record else labels(), maxlen=0)
    tally = Tally()
    for visits, times in met.items():
        tally.endings[tuple(visited.ending for visited in visits)] += times
    spent = np.array([[visited.cost for visited in visits] for visits in met])
    works = np.array([[visited.ending.kind == "success" for visited in visits] for visits in met])
    for arm, (number, name) in product(range(len(unit.arms)), enumerate(costs.COSTS)):
        values, first, ended = spent[:, arm, number], spent[:, 0, number], (works[:, arm], works[:, 0])
        tally.sums[name, arm] = measured(values, first, ended, np.array(list(met.values())))
    return tally


READERS: dict[str, Callable[[Unit], Tally]] = {
    "arrays": arrays, "agents": in_time, "tasks": tasks.count, "layers": layers.count,
    "registrations": registrations.count, "residents": lives.count, "vendors": adoption.count,
}  # fmt: skip
#: Those of them that count sooner when they know what several units will meet before the first is counted.
FORESEEING: dict[str, Callable[[Sequence[Unit]], None]] = {"tasks": tasks.foresee}


def check_met(reader: str, met: Population) -> None:
    """Make sure that a reader reads what a population says in its own way (raises PopulationError)."""
    check_drawn(f"reader {reader!r}", READERS[reader], met)
    if met.sent is not None and not DECLARED[reader].sent:
        numbers = ", ".join(encounters.NUMBERS)
        raise PopulationError(f"'place' is not read by reader {reader!r}: where agents go there follows from {numbers}")


def check_arms(reader: str, arms: Iterable[str], model: Model) -> None:
    """Make sure that a reader reads the switches that arms name (raises ConfigurationError)."""
    for arm in arms:
        check_read(f"reader {reader!r}", READERS[reader], arm, model)


_WORDS = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema([
    ("attempt", pa.int64()), ("arm", pa.int16()), ("kind", _WORDS), ("outcome", _WORDS), ("harms", _WORDS),
    ("attainable", _WORDS),
])  # fmt: skip
#: Rows that are written together.
GROUP = 1 << 18


def path_of(unit: Unit) -> Path:
    """Where the attempts of a unit are recorded."""
    return Path(unit.record) / f"{unit.digest}.parquet"


def recorded(unit: Unit, chunks: Iterable[Sequence[Sequence[Label]]]) -> Iterator[Sequence[Sequence[Label]]]:
    """The chunks as they are, each one written on its way; ``chunks``: one list of labels for each arm."""
    if not unit.record:
        yield from chunks
        return
    with (
        replacing(path_of(unit)) as path,
        pq.ParquetWriter(path, SCHEMA, compression="zstd", write_page_checksum=True) as file,
    ):
        first, waiting = unit.first, list[pa.Table]()
        for chunk in chunks:
            attempts = np.arange(first, first + len(chunk[0]))
            first += len(chunk[0])
            waiting += [_table(attempts, arm, labels) for arm, labels in enumerate(chunk)]
            if sum(map(len, waiting)) >= GROUP:
                _write(file, waiting)
            yield chunk
        _write(file, waiting)


def _write(file: pq.ParquetWriter, waiting: list[pa.Table]) -> None:
    """Write what waits, as one group of rows."""
    if waiting:
        file.write_table(pa.concat_tables(waiting).unify_dictionaries())
        waiting.clear()


def _table(attempts: np.ndarray, arm: int, labels: Sequence[Label]) -> pa.Table:
    known: dict[Label, int] = {}
    numbers = pa.array([known.setdefault(label, len(known)) for label in labels], pa.int32())
    words = (
        [label.kind for label in known],
        [label.name for label in known],
        ["+".join(each.harms) for each in known],
        ["+".join(each.attainable) for each in known],
    )
    columns = [_dictionary(numbers, texts) for texts in words]
    return pa.table([pa.array(attempts), pa.array(np.full(len(attempts), arm, np.int16)), *columns], schema=SCHEMA)


def _dictionary(numbers: pa.Array, texts: list[str]) -> pa.DictionaryArray:
    """Texts by number; labels that share a text share its number."""
    distinct = list(dict.fromkeys(texts))
    place = np.array([distinct.index(text) for text in texts], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(place[numbers.to_numpy()]), pa.array(distinct))
