"""Verdicts for the rows of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from model.design import check_parties, parse
from model.errors import InputError
from openworld.jobs import Question, answers
from properties.security import find

NEEDED = ("id", "property", "config")
ADDED = ("verdict", "reason", "reach", "steps", "blocked_by", "seconds")


class TableError(InputError):
    """A file or a row that cannot be read; the message names file, line and culprit."""


class Row(NamedTuple):
    """A row of the input and where it stands; ``error`` says what is wrong with it."""

    line: int
    fields: dict[str, str]
    error: str


def read(path: Path) -> tuple[list[str], list[Row]]:
    """The columns and rows of a file.

    Raises:
        TableError: not a CSV file with the columns that are needed. A bad row carries its own error.
    """
    rows: list[Row] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restkey="", strict=True)
            columns = list(reader.fieldnames or [])
            missing = [name for name in NEEDED if name not in columns]
            if missing:
                found, needed = ", ".join(columns) or "nothing", ", ".join(NEEDED)
                raise TableError(f"{path}, line 1: no column {missing[0]!r}; found: {found}; needed: {needed}")
            try:
                rows += (Row(reader.line_num, fields, _problem(fields)) for fields in reader)
            except csv.Error as error:
                rows.append(Row(reader.line_num + 1, dict.fromkeys(columns, ""), f"not CSV from here on: {error}"))
    except (csv.Error, UnicodeDecodeError) as error:
        raise TableError(f"{path}: not a CSV file in UTF-8: {error}") from None
    return columns, rows


def _problem(fields: dict[str, Any]) -> str:
    """What is wrong with a row, or nothing."""
    if "" in fields:
        return f"{len(fields[''])} more values than columns"
    short = [name for name, value in fields.items() if value is None]
    if short:
        return f"no value for column {short[0]!r}"
    empty = [name for name in NEEDED if not fields[name].strip()]
    if empty:
        return f"column {empty[0]!r} is empty"
    try:
        configuration = parse(fields["config"])
        check_parties(configuration.design, find(fields["property"]).world_of(configuration))
    except InputError as error:
        return str(error)
    return ""


def judged(rows: list[Row], timeout: float | None, workers: int) -> Iterator[dict[str, str]]:
    """The rows with their verdicts, in order, as they are found; a bad one has the verdict ``error``."""
    good = [row for row in rows if not row.error]
    questions = [Question(row.fields["property"], row.fields["config"], timeout) for row in good]
    replies = answers(questions, workers)
    for row in rows:
        if row.error:
            blank = dict.fromkeys(ADDED, "")
            kept = {name: value or "" for name, value in row.fields.items() if name}
            yield {**kept, **blank, "verdict": "error", "reach": row.error}
            continue
        found = next(replies).data
        yield {
            **row.fields,
            "verdict": found["verdict"],
            "reason": found["reason"],
            "reach": found["reach"],
            "steps": "" if found["steps"] is None else str(found["steps"]),
            "blocked_by": " ".join(found["blocked_by"]),
            "seconds": f"{found['seconds']:.3f}",
        }
