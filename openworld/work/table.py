"""A table of questions, each row with its verdict."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import click

from model.errors import InputError
from model.files import named
from model.model import Model, oauth
from openworld import rows
from openworld.commands.common import BAD_INPUT, DONE, INCONCLUSIVE, NOT_IN_THIS_WORLD, VIOLATED, complain, print_json
from openworld.files import replacing
from openworld.jobs import Question, answers
from openworld.progress import Progress
from properties.reads import asked_for
from properties.results import today
from properties.security import find
from simulations.processes import cores


def table(
    file: Path,
    config: str,
    output: Path | None,
    timeout: float | None,
    workers: int | None,
    require: str | None,
    keep_going: bool,
    as_json: bool,
    model: Model,
) -> int:
    """Give every row of a table its verdict."""
    if not file.is_file():
        raise click.UsageError(f"{file} does not exist")
    if config or output is None or require not in (None, "expected"):
        raise click.UsageError(f"{file} takes -o FILE.csv, no CONFIG, and of --require only `expected`")
    columns, rows = read(file, model)
    if output.exists() and output.samefile(file):
        raise click.UsageError(f"{output} is the input; write to another file")
    bad = [row for row in rows if row.error]
    if bad and not keep_going:
        return max(complain(f"{file}, line {row.line}: {row.error}", BAD_INPUT) for row in bad)
    header = [*columns, *(name for name in ADDED if name not in columns)]
    done: list[dict[str, str]] = []
    # A table that is there stays until there is another; a new one can be read while it grows.
    opened = replacing(output) if output.exists() else nullcontext(output)
    with (
        named(output),
        opened as path,
        path.open("w", newline="", encoding="utf-8") as stream,
        Progress("verdicts", len(rows)) as progress,
    ):
        writer = csv.DictWriter(stream, header, lineterminator="\n")
        writer.writeheader()
        stream.flush()
        for row in judged(rows, timeout, workers or cores(), model):
            writer.writerow(row)
            stream.flush()
            done.append(row)
            progress.advance()
    return _summarise(done, "expected" in columns, require is not None, as_json, model)


def _summarise(rows: list[dict[str, str]], expected: bool, require: bool, as_json: bool, model: Model) -> int:
    counts = Counter(row["verdict"] for row in rows)
    asked = [row for row in rows if expected and row["expected"].strip()]
    differing = [row for row in asked if not _as_expected(row, model)]
    vacuous = [row for row in differing if (row["expected"].strip(), row["verdict"]) == ("safe", "not_in_this_world")]
    if as_json:
        print_json(
            {
                "rows": len(rows),
                "verdicts": dict(sorted(counts.items())),
                "expected": len(asked),
                "as_expected": len(asked) - len(differing),
                "not_in_this_world_instead_of_safe": len(vacuous),
                "different": [
                    {name: row[name] for name in ("id", "property", "config", "expected", "verdict")}
                    for row in differing
                ],
            }
        )
    else:
        click.echo(f"{len(rows)} rows: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
        if expected:
            others = f"; {len(vacuous)} expected to be safe not in this world" if vacuous else ""
            click.echo(f"{len(asked) - len(differing)} of {len(asked)} as expected{others}")
        for row in differing:
            asked_for = f"{row['id']}: {row['property']} {row['config']}"
            why = f" ({row['reason']})" if row["reason"] else ""
            click.echo(f"  {asked_for}: {row['verdict']}, expected {row['expected']}{why}")
    if counts["error"]:
        return BAD_INPUT
    if require and len(differing) > len(vacuous):
        return VIOLATED
    if counts["unknown"]:
        return INCONCLUSIVE
    return NOT_IN_THIS_WORLD if require and vacuous else DONE


def _as_expected(row: dict[str, str], model: Model) -> bool:
    if row["verdict"] == "error":
        return False
    return today(row["expected"].strip(), find(row["property"], model).kind) == row["verdict"]


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
        answer = (found["verdict"], found["reason"], " ".join(found["not_read"]), found["reach"])
        told = (*answer, steps, " ".join(found["blocked_by"]), f"{found['seconds']:.3f}")
        yield {**row.fields, **dict(zip(ADDED, told, strict=True))}
