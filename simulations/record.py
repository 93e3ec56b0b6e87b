"""Attempts one by one on disk: every attempt under every arm a row, written as they end.

Memory holds one chunk at a time, however many attempts there are. A file is either whole or not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulations.files import replacing
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
    with _writer(unit) as write:
        for chunk in chunks:
            write(chunk)
            yield chunk


class _Writer:
    """Gathers chunks until they make a group worth writing."""

    def __init__(self, file: pq.ParquetWriter, first: int) -> None:
        self.file, self.attempt = file, first
        self.waiting: list[pa.Table] = []

    def __call__(self, chunk: Sequence[Sequence[Label]]) -> None:
        size = len(chunk[0])
        attempts = np.arange(self.attempt, self.attempt + size)
        self.attempt += size
        self.waiting += [_table(attempts, arm, labels) for arm, labels in enumerate(chunk)]
        if sum(map(len, self.waiting)) >= GROUP:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            self.file.write_table(pa.concat_tables(self.waiting).unify_dictionaries())
            self.waiting.clear()


def _table(attempts: np.ndarray, arm: int, labels: Sequence[Label]) -> pa.Table:
    known: dict[Label, int] = {}
    numbers = pa.array([known.setdefault(label, len(known)) for label in labels], pa.int32())
    words = (
        [label.kind for label in known], [label.name for label in known], ["+".join(each.harms) for each in known],
        ["+".join(each.attainable) for each in known],
    )  # fmt: skip
    columns = [_dictionary(numbers, texts) for texts in words]
    return pa.table([pa.array(attempts), pa.array(np.full(len(attempts), arm, np.int16)), *columns], schema=SCHEMA)


def _dictionary(numbers: pa.Array, texts: list[str]) -> pa.DictionaryArray:
    """Texts by number; labels that share a text share its number."""
    distinct = list(dict.fromkeys(texts))
    place = np.array([distinct.index(text) for text in texts], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(place[numbers.to_numpy()]), pa.array(distinct))


@contextmanager
def _writer(unit: Unit) -> Iterator[_Writer]:
    with replacing(path_of(unit)) as path, pq.ParquetWriter(path, SCHEMA, compression="zstd") as file:
        writer = _Writer(file, unit.first)
        yield writer
        writer.flush()
