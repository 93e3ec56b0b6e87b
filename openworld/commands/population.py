"""Who is out there: the populations, each with the provenance of everything it states."""

import csv
import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from model.model import Model
from openworld.commands import completion
from openworld.commands.common import DONE, format_option, output_option, print_json, tell, with_option
from openworld.files import emit
from openworld.width import marked, wrapped
from simulations import population as populations
from simulations import population_schema, scan_plan
from simulations.population import Population, Stated

#: The word in the place of a name that asks for the plan of a scan.
_PLAN = "scan-plan"


@click.command("populations")
@click.argument("name", metavar="[NAME|FILE|scan-plan]", required=False, shell_complete=completion.populations)
@click.argument("of", metavar="[NAME|FILE]", required=False, shell_complete=completion.populations)
@click.option("--swept", is_flag=True, help="Show only what nobody has measured.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a population's file instead.")
@output_option("Write the plan to a file.")
@format_option("text", "csv", "markdown", "json", help="Text for people, a table of the plan, or data.")
@with_option
def population(
    name: str | None, of: str | None, swept: bool, schema: bool, output: Path | None, form: str, model: Model
) -> int:
    """List the populations, or check one and show what it states, with source and confidence.

    FILE is a population of your own: a .toml file, which may say `extends = "NAME"` and state only what differs.
    `scan-plan` lists what is not counted in one: the request to make, what to record, which answers, and of how many.

    \b
    openworld list populations
    openworld list populations measured_2026
    openworld list populations mine.toml --swept
    openworld list populations scan-plan measured_2026 -o plan.csv
    """
    if name != _PLAN and (of or output or form in _TABLES):
        raise click.UsageError(f"a second name, a table and -o are about {_PLAN}")
    if schema:
        print_json(population_schema.schema(model=model))
        return DONE
    if name == _PLAN:
        planned = list(scan_plan.plan(populations.load(of or populations.DEFAULT, model)))
        if form == "json":
            return tell(True, planned, [], output)
        emit(_TABLES.get(form, _csv)(planned), output)
        return DONE
    if name is None:
        listed = [populations.load(each, model) for each in populations.populations()]
        return tell(form == "json", [_summary(each) for each in listed], _list_lines(listed))
    found = populations.load(name, model)
    rows = [row for row in found.stated() if row.provenance.swept or not swept]
    lines = [f"{found.name}: {' '.join(found.about.split())}", *_row_lines(rows), _counted(found)]
    return tell(form == "json", {**_summary(found), "stated": [_row_json(row) for row in rows]}, lines)


def _csv(rows: Iterable[Mapping[str, str]]) -> str:
    made = io.StringIO()
    writer = csv.DictWriter(made, scan_plan.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue()


def _markdown(rows: Iterable[Mapping[str, str]]) -> str:
    lines = [scan_plan.COLUMNS, ["---"] * len(scan_plan.COLUMNS), *(row.values() for row in rows)]
    return "".join(f"| {' | '.join(marked(cell) for cell in line)} |\n" for line in lines)


_TABLES = {"csv": _csv, "markdown": _markdown}


def _summary(found: Population) -> dict[str, Any]:
    swept = sum(row.provenance.swept for row in found.stated())
    return {"name": found.name, "about": " ".join(found.about.split()), "stated": len(found.stated()), "swept": swept}


def _counted(found: Population) -> str:
    kinds = [row.provenance.kind for row in found.stated()]
    return f"{len(kinds)} statements: {', '.join(f'{kinds.count(k)} {k}' for k in ('counted', 'read', 'judged'))}"


def _list_lines(listed: list[Population]) -> Iterator[str]:
    width = max(len(found.name) for found in listed)
    for found in listed:
        yield f"{found.name:{width}}  {_counted(found)}"
        yield f"{'':{width}}  {textwrap.shorten(found.about, 96, placeholder=' ...')}"


def _row_json(row: Stated) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "name": row.name,
        "value": row.value,
        "meaning": row.meaning,
        **{name: getattr(row.provenance, name) for name in ("swept", "source", "confidence", "note")},
    }


def _row_lines(rows: list[Stated]) -> Iterator[str]:
    for kind in dict.fromkeys(row.kind for row in rows):
        yield ""
        yield kind
        for row in (row for row in rows if row.kind == kind):
            yield from wrapped(f"  {row.name} = {row.text}", 0, 8)
            yield from wrapped(f"      {row.meaning}", 0, 8)
            yield from wrapped(f"      {row.provenance.words}", 0, 8)
    yield ""
