"""The tables of a study as they are found in its folder: rows that can be read, and a line for each that cannot.

What a cell may say is a JSON Schema. Tables are long and say few different things, so a value is held against the
schema of its column once. A column with a ``default`` may be missing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pyarrow import ArrowException
from pyarrow.parquet import read_table

from model.documents import DocumentError, Schema, from_json
from model.errors import InputError
from openworld import rows
from properties.results import RESULTS


class SourceError(InputError):
    """A folder that lacks a table, or a table that cannot be read; the message names the file."""


#: How words are read as numbers: JSON Schema takes 7.0 for a whole number.
_READ: dict[str, tuple[Callable[[str], float], ...]] = {"integer": (int, float), "number": (float,)}


class Shape:
    """What a table looks like: the JSON Schema of each column, and the columns by which rows are told apart."""

    def __init__(self, key: tuple[str, ...], columns: Mapping[str, Mapping[str, Any]], empty: bool = False) -> None:
        self.key, self.columns, self.empty = key, columns, empty
        self.defaults = {name: cell["default"] for name, cell in columns.items() if "default" in cell}
        self.needed = [name for name in columns if name not in self.defaults]
        self._numbers = {
            name: numbers
            for name, cell in columns.items()
            for kind, numbers in _READ.items()
            if kind in cell.get("type", ())
        }
        self._schema = Schema(lambda: {"properties": columns})
        self._known: dict[tuple[str, str], str] = {}
        self._between: dict[str, tuple[float, float]] = {}

    def wrong(self, column: str, said: Mapping[str, Any]) -> dict[str, str]:
        """The words of a column that say what they should not, and why."""
        return {word: why for word, value in said.items() if (why := self._wrong(column, word, value))}

    def _wrong(self, column: str, word: str, value: Any) -> str:
        if type(value) is not float:
            if (column, word) not in self._known:
                self._known[column, word] = self._complaint(column, value)
            return self._known[column, word]
        # No two numbers are alike, but what is between two that may be may be.
        low, high = self._between.get(column, (math.inf, -math.inf))
        if low <= value <= high:
            return ""
        why = self._complaint(column, value)
        if not why:
            self._between[column] = min(low, value), max(high, value)
        return why

    def _complaint(self, column: str, value: Any) -> str:
        try:
            if column not in self.defaults or value != self.defaults[column]:
                self._schema.check({column: value})
        except DocumentError as error:
            return str(error)
        return ""

    def said(self, column: str, text: str) -> Any:
        """What a cell of a CSV file says: a number where its column has them, else a text."""
        if column not in self._numbers:
            return text
        for number in self._numbers[column]:
            with suppress(ValueError, OverflowError):
                if math.isfinite(value := number(text)):
                    return value
        return text or None


@dataclass(frozen=True)
class ReadTable:
    """The rows of a table that can be read, column by column, and one line for each that cannot."""

    columns: dict[str, list[Any]]
    problems: list[str]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows one by one."""
        return [dict(zip(self.columns, cells, strict=True)) for cells in zip(*self.columns.values(), strict=True)]

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a data frame."""
        return pd.DataFrame(self.columns)


class _Found(NamedTuple):
    """The rows of a file: where each stands, what is wrong with some, and columns of words with what each word says."""

    places: list[str]
    wrong: dict[int, str]
    columns: dict[str, tuple[Sequence[str], dict[str, Any]]]


def read(path: Path, shape: Shape) -> ReadTable:
    """A table of CSV, JSON or Parquet.

    Raises:
        SourceError: no such file, not such a table, or none of its rows can be read.
    """
    try:
        places, wrong, found = _FORMS.get(path.suffix, _from_csv)(path, shape)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file; `openworld study` writes it") from None
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except DocumentError as error:
        raise SourceError(f"{path}: not a table: {error}") from None
    except rows.TableError as error:
        raise SourceError(str(error)) from None
    columns = {}
    for name, (words, said) in found.items():
        if complaints := shape.wrong(name, said):
            wrong = {n: complaints[word] for n, word in enumerate(words) if word in complaints} | wrong
        columns[name] = list(map(said.__getitem__, words))
    _doubles(shape, places, columns, wrong)
    problems = [f"{path}, {places[number]}: {wrong[number]}" for number in sorted(wrong)]
    if len(wrong) == len(places) and (wrong or not shape.empty):
        raise SourceError(f"{problems[0]}; no row can be read" if wrong else f"{path}: no rows")
    if wrong:
        columns = {name: [cell for n, cell in enumerate(cells) if n not in wrong] for name, cells in columns.items()}
    return ReadTable(columns, problems)


def _doubles(shape: Shape, places: list[str], columns: dict[str, list[Any]], wrong: dict[int, str]) -> None:
    first = dict[tuple[Any, ...], str]()
    for number, key in enumerate(zip(*(columns[name] for name in shape.key), strict=True)):
        if number not in wrong and first.setdefault(key, places[number]) != places[number]:
            wrong[number] = f"of the same {', '.join(shape.key)} as {first[key]}"


def whole(path: Path, shape: Shape) -> pd.DataFrame:
    """A table every row of which can be read (raises SourceError)."""
    table = read(path, shape)
    for problem in table.problems:
        raise SourceError(problem)
    return table.frame


def _from_csv(path: Path, shape: Shape) -> _Found:
    names, found = rows.read(path, shape.needed)
    columns: dict[str, tuple[Sequence[str], dict[str, Any]]] = {}
    cells = zip(*(row.cells for row in found), strict=True) if found else ((),) * len(names)
    for name, words in zip(names, cells, strict=True):
        columns[name] = words, {word: shape.said(name, word) for word in set(words)}
    for name, default in shape.defaults.items():
        if name not in names and default is not None:
            columns[name] = [""] * len(found), {"": default}
    wrong = {number: row.error for number, row in enumerate(found) if row.error}
    return _Found([f"line {row.line}" for row in found], wrong, columns)


def _from_json(path: Path, shape: Shape) -> _Found:
    found = from_json(path.read_bytes())
    if not isinstance(found, list):
        raise DocumentError("no list of rows")
    wrong = {n: "no row: columns with values" for n, row in enumerate(found) if not isinstance(row, dict)}
    columns = {
        name: [row.get(name, shape.defaults.get(name)) if isinstance(row, dict) else None for row in found]
        for name in shape.columns
    }
    return _Found([f"row {n}" for n in range(1, len(found) + 1)], wrong, _worded(columns))


def _from_parquet(path: Path, shape: Shape) -> _Found:
    with path.open("rb") as stream:
        try:
            stored = read_table(stream, page_checksum_verification=True).to_pydict()
        except (ArrowException, OSError, ValueError) as error:
            raise DocumentError(f"not Parquet: {' '.join(str(error).split())}") from None
    lacking = [name for name in shape.needed if name not in stored]
    if lacking:
        raise DocumentError(f"no column {lacking[0]!r}")
    found = {name: [None if cell != cell else cell for cell in cells] for name, cells in stored.items()}  # NaN is none
    count = len(found[shape.needed[0]])
    more = {name: [default] * count for name, default in shape.defaults.items() if name not in found}
    return _Found([f"row {n}" for n in range(1, count + 1)], {}, _worded({**found, **more}))


def _worded(columns: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Sequence[str], dict[str, Any]]]:
    """Columns of values: each in words that tell 1, 1.0, True and "1" apart, with what each word says."""
    words = {name: list(map(repr, values)) for name, values in columns.items()}
    return {name: (words[name], dict(zip(words[name], values, strict=True))) for name, values in columns.items()}


_FORMS = {".json": _from_json, ".parquet": _from_parquet}


# --- what cells may say -------------------------------------------------------------------------------------


def maybe(cell: dict[str, Any], default: Any = "") -> dict[str, Any]:
    """A cell of a column that may be missing."""
    return {**cell, "default": default}


#: Names are drawn and counted, so they are neither empty nor long.
NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 300}
TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 1e15}
NUMBER: dict[str, Any] = {"type": "number", "minimum": -1e15, "maximum": 1e15}
#: Of one replication, or of no flow, there is no bound.
BOUND: dict[str, Any] = {**NUMBER, "type": ["number", "null"]}
SEED: dict[str, Any] = maybe({"type": ["integer", "string"], "maxLength": 300}, "not recorded")
SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
STEPS: dict[str, Any] = {**COUNT, "type": ["integer", "null"]}
VERDICT: dict[str, Any] = {"title": "verdict", "enum": list(RESULTS)}
RUN = {"run": maybe(NAME, None)}
#: The columns of every table of verdicts.
ANSWER: dict[str, Any] = {
    "code": NAME, "property": NAME, "kind": {"title": "kind", "enum": ["security", "utility"]},
    "verdict": VERDICT, "steps": STEPS, "reach": maybe(TEXT), **RUN,
}  # fmt: skip
