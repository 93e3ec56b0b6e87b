"""Attempts one by one on disk: every attempt under every arm a row, written as they end.

Memory holds one chunk at a time, however many attempts there are. A file is either whole or not there.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.files import replacing
from simulations.units import Unit
from simulations.visits import Label

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
