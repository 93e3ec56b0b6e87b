"""Rows of CSV files that somebody wrote: each knows where it stands and what is wrong with its shape."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

from model.documents import printable, shortly, unprintable
from model.errors import InputError

if TYPE_CHECKING:
    from _csv import Reader


class TableError(InputError):
    """A file that is no table, or not one of the kind that is wanted; the message names file and culprit."""


class Row(NamedTuple):
    """The line where a row ends, a cell for each column, and what is wrong with it; cells that it lacks are empty."""

    line: int
    cells: list[str]
    error: str


def read(path: Path, needed: Iterable[str]) -> tuple[list[str], list[Row]]:
    """The columns and rows of a file.

    Raises:
        TableError: not a CSV file with the columns that are needed. A bad row carries its own error.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            columns = next(reader, [])
            for name in needed:
                if name not in columns:
                    found, wanted = shorten(", ".join(columns), 500) or "nothing", ", ".join(needed)
                    raise TableError(f"{path}, line 1: no column {name!r}; found: {found}; needed: {wanted}")
            return columns, list(_rows(reader, columns))
    except (csv.Error, UnicodeDecodeError) as error:
        raise TableError(f"{path}: not a CSV file in UTF-8: {error}") from None


def _rows(reader: Reader, columns: list[str]) -> Iterator[Row]:
    wanted, line = len(columns), 1
    try:
        for cells in filter(None, reader):
            more, line, error = len(cells) - wanted, reader.line_num, ""
            if more:
                error = f"{more} more values than columns" if more > 0 else f"no value for column {columns[more]!r}"
                cells = (cells + [""] * wanted)[:wanted]
            for place, cell in enumerate(cells):
                if not printable(cell):
                    error = error or f"column {columns[place]!r} {unprintable(cell)}"
                    cells[place] = shortly(cell)
            yield Row(line, cells, error)
    except csv.Error as error:
        yield Row(line + 1, [""] * wanted, f"not CSV from here on: {error}")
