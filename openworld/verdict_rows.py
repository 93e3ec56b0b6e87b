"""Verdicts for the rows of a CSV file."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from model.errors import InputError
from model.model import Model, oauth
from openworld import rows
from openworld.jobs import Question, answers
from properties.reads import asked_for

NEEDED = ("id", "property", "config")
ADDED = ("verdict", "reason", "not_read", "reach", "steps", "blocked_by", "seconds")


class AskedRow(NamedTuple):
    """A row of the input and where it stands; ``error`` says what is wrong with it."""

    line: int
    fields: dict[str, str]
    error: str


def read(path: Path, model: Model = oauth()) -> tuple[list[str], list[AskedRow]]:
    """The columns and rows of a file.

    Raises:
        TableError: not a CSV file with the columns that are needed. A bad row carries its own error.
    """
    columns, found = rows.read(path, NEEDED)
    made = ((row, dict(zip(columns, row.cells, strict=True))) for row in found)
    return columns, [AskedRow(row.line, fields, row.error or _problem(fields, model)) for row, fields in made]


def _problem(fields: dict[str, str], model: Model) -> str:
    """What is wrong with what a row asks, or nothing."""
    empty = [name for name in NEEDED if not fields[name].strip()]
    if empty:
        return f"column {empty[0]!r} is empty"
    try:
        asked_for(fields["property"], fields["config"], model)
    except InputError as error:
        return str(error)
    return ""


def judged(
    asked: list[AskedRow], timeout: float | None, workers: int, model: Model = oauth()
) -> Iterator[dict[str, str]]:
    """The rows with their verdicts, in order, as they are found; a bad one has the verdict ``error``."""
    good = [row for row in asked if not row.error]
    asked_of = (asked_for(row.fields["property"], row.fields["config"], model) for row in good)
    questions = [Question(prop.name, str(configuration), timeout, model) for prop, configuration in asked_of]
    replies = answers(questions, workers)
    for row in asked:
        if row.error:
            blank = dict.fromkeys(ADDED, "")
            yield {**row.fields, **blank, "verdict": "error", "reach": row.error}
            continue
        found = next(replies).data
        steps = "" if found["steps"] is None else str(found["steps"])
        said = (
            found["verdict"],
            found["reason"],
            " ".join(found["not_read"]),
            found["reach"],
            steps,
            " ".join(found["blocked_by"]),
        )
        yield {**row.fields, **dict(zip(ADDED, (*said, f"{found['seconds']:.3f}"), strict=True))}
