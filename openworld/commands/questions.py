"""One question: a verdict, its evidence, its chart, a replay; and a table of questions."""

from __future__ import annotations

import csv
import shutil
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import click

from model.brief import brief as short
from model.chart import WIDTH, Chart, ascii_art, mermaid, text
from model.chart import chart as drawn
from model.design import Configuration, check_parties, parse
from model.files import named
from model.model import Model
from model.trace import TraceError, from_json
from model.world_file import find_world
from openworld import verdict_rows
from openworld.certificates import read as read_certificate
from openworld.certificates import write as write_certificate
from openworld.commands.common import (
    BAD_INPUT,
    DONE,
    INCONCLUSIVE,
    NOT_IN_THIS_WORLD,
    VIOLATED,
    as_json,
    complain,
    loaded,
    print_json,
    print_lines,
    tell,
    timeout_option,
    with_option,
    workers_option,
)
from openworld.commands.completion import config_argument, property_argument
from openworld.files import as_json as written
from openworld.files import emit, replacing
from openworld.progress import Progress
from openworld.sequence import svg
from openworld.show import certificate_lines, ending, outcome, verdict_lines
from properties.certificate import certify, findings, trusted
from properties.narrowings import check_widely, narrowings
from properties.reads import asked_for
from properties.results import read_result, today
from properties.security import find
from properties.shortest import ReplayError, confirm
from properties.verdict import Verdict
from simulations.processes import cores

#: Exit codes of answers that say neither that a property holds nor that it does not.
_UNSETTLED: dict[str, int] = {"unknown": INCONCLUSIVE, "not_in_this_world": NOT_IN_THIS_WORLD}


def _verdict(name: str, config: str, timeout: float | None, model: Model) -> Verdict:
    return check_widely(*asked_for(name, config, model), timeout=timeout)


@click.command()
@property_argument
@config_argument
@click.option(
    "--require",
    type=click.Choice(["safe", "attack", "not_in_this_world", "reached", "not_reached"]),
    help="Exit with 1 if the verdict is another one. Of a utility property, safe is read as reached, attack as "
    "not_reached.",
)
@timeout_option
@click.option("--chart/--no-chart", default=True, help="Draw the attack.  [default: chart]")
@click.option(
    "--certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the evidence to a file, for `openworld certificate` and for other checkers.",
)
@as_json
@with_option
def verdict(
    name: str,
    config: str,
    require: str | None,
    timeout: float | None,
    chart: bool,
    certificate: Path | None,
    as_json: bool,
    model: Model,
) -> int:
    """Say whether PROPERTY holds under CONFIG.

    PROPERTY is a name or its code. CONFIG is what is chosen: switch=value, cap= for the attacker's capabilities,
    design= for a named design to start from. An attacker or a design may stand without its key.
    `openworld designs --switches` lists them all. With `;` between its parts, as in links, CONFIG needs quotes.

    A security property gets one of four verdicts: attack, safe, not_in_this_world, unknown. It is safe if rules stand
    in the way. It is not_in_this_world if nothing here could violate it even without rules, or if nobody can use the
    design. Without cap= it is asked against the web attacker of RFC 9700 (A1); with cap=none nobody is dishonest. A
    safe says what it rests on: what the attacker lacks of A1, and how many sessions the user has. In the default world
    it is also asked with one more session. A utility property is reached, not_reached or unknown, or not_in_this_world
    if the protocol has nothing of the kind. Exit code 3 says unknown, 4 (unless that was required) not_in_this_world.

    \b
    openworld verdict code_delivery mal_as iss_check=off
    openworld verdict CD mcp mal_as --require safe
    """
    asked = find(name, model)
    wanted = None if require is None else read_result(require, asked.kind)
    found = _verdict(name, config, timeout, model)
    if certificate is not None:
        write_certificate(certify(found, timeout), certificate)
    if as_json:
        print_json(found.to_json() | {"rests_on": narrowings(found), "elsewhere": dict(found.elsewhere)})
    else:
        print_lines(verdict_lines(found))
        if chart and found.trace is not None and found.result == "attack":
            click.echo("\n" + text(drawn(found.trace, ending(found.property))), nl=False)
    if found.result == wanted:
        return DONE
    if found.result in _UNSETTLED:
        return _UNSETTLED[found.result]
    return DONE if wanted is None else VIOLATED


@click.command()
@property_argument
@config_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "ascii", "mermaid", "svg", "pdf", "png", "json", "itf"]),
    default="text",
    show_default=True,
    help="A chart (text: for terminals; ascii: for Internet-Drafts; mermaid: for issue trackers; svg, pdf and png: "
    "for slides), or the trace as data (itf: Informal Trace Format).",
)
@click.option("--brief", is_flag=True, help="The chart on one screen, in characters: for a mail.")
@click.option("--checks", is_flag=True, help="In a chart, list the checks that honest parties made.")
@click.option(
    "--under",
    metavar="CONFIG",
    help="Draw the run as far as it goes under this other configuration: who refuses it, why, by which section.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@timeout_option
@with_option
def trace(
    name: str,
    config: str,
    form: str,
    brief: bool,
    checks: bool,
    under: str | None,
    output: Path | None,
    timeout: float | None,
    model: Model,
) -> int:
    """Draw the shortest attack on PROPERTY under CONFIG, or the run that shows a utility property.

    \b
    openworld trace code_delivery mal_as iss_check=off --brief
    openworld trace code_delivery mal_as iss_check=off --under cap=mal_as --format svg -o stopped.svg
    openworld trace first_contact mcp --format mermaid -o first_contact.mmd
    """
    if form in ("pdf", "png") and output is None:
        raise click.UsageError(f"--format {form} writes a file: name it with -o")
    if brief and form not in ("text", "ascii"):
        raise click.UsageError(f"--brief is about charts in characters, not about --format {form}")
    if under is not None and form in ("json", "itf"):
        raise click.UsageError(f"--under is about charts, not about --format {form}")
    other = None if under is None else parse(under, model)
    found = _verdict(name, config, timeout, model)
    if other is not None:
        _same_world(found, other)
    if found.trace is None:
        click.echo(f"openworld: nothing to draw: {found.property.name} is {outcome(found)}", err=True)
        return _UNSETTLED.get(found.result, VIOLATED)
    shown = drawn(found.trace, ending(found.property), checks, other)
    if output is not None and form in ("pdf", "png"):
        picture = loaded("openworld.slides.picture")(shown, form)
        with replacing(output) as temporary:
            temporary.write_bytes(picture)
    elif form in ("json", "itf"):
        data = found.trace.to_json() if form == "json" else found.trace.to_itf()
        emit(written(data), output)
    else:
        draw = {"text": _for_terminal, "ascii": ascii_art, "mermaid": mermaid, "brief": short, "svg": svg}
        emit(draw["brief" if brief else form](shown), output)
    return DONE


def _same_world(found: Verdict, other: Configuration) -> None:
    """Make sure that a run can be looked at under another configuration: it is one of its own world's parties."""
    if other.world and find_world(other.world, other.model) != found.world:
        raise click.UsageError(f"--under: the run is one of world {found.world.name!r}, not of {other.world!r}")
    check_parties(other.design, found.world)


def _for_terminal(shown: Chart) -> str:
    """As wide as the terminal, within reason; in a pipe or a file as wide as in an Internet-Draft."""
    columns = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else WIDTH
    return text(shown, min(110, max(WIDTH, columns)))


@click.command()
@click.argument("file", metavar="TRACE.json", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--chart/--no-chart", default=False, help="Draw it.  [default: no-chart]")
@as_json
@with_option
def replay(file: Path, chart: bool, as_json: bool, model: Model) -> int:
    """Run a trace on the executable machine and check that it shows what it says.

    \b
    openworld trace CD "cap=mal_as;iss_check=off" --format json -o attack.json
    openworld replay attack.json
    """
    try:
        read = from_json(file.read_bytes(), model=model)
        prop = find(read.shows, model)
        confirm(read, prop)
    except (TraceError, ReplayError) as error:
        # Whoever wrote the file is wrong here, not this software.
        return complain(f"{file}: {str(error).removeprefix('internal error: ')}", BAD_INPUT)
    if as_json:
        print_json(
            {
                "file": str(file),
                "confirmed": True,
                "shows": read.shows,
                "steps": len(read.steps),
                "configuration": str(read.configuration),
            }
        )
    else:
        click.echo(f"confirmed: {read.shows} after {len(read.steps)} steps under {read.configuration}")
    if chart:
        click.echo("\n" + text(drawn(read, ending(prop))), nl=False)
    return DONE


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@timeout_option
@as_json
@with_option
def certificate(file: Path, timeout: float | None, as_json: bool, model: Model) -> int:
    """Check the evidence in FILE, which `openworld verdict --certificate` has written.

    For what does not happen there are clauses and proofs, which drat-trim checks; it shares nothing with the solver
    that found the verdict. For what does happen there is a run, which is replayed. The question is laid down anew, so
    that the clauses are known to be those of the question. Exit code 1 says that something is not as it is claimed.

    \b
    openworld verdict CD "cap=mal_as;iss_check=require" --certificate safe.zip
    openworld certificate safe.zip
    """
    made, statement = read_certificate(file, model)
    found = list(findings(made, statement, timeout))
    holds, left = all(each.holds for each in found), list(trusted(made))
    data = {
        "file": str(file),
        "property": made.property.name,
        "configuration": str(made.configuration),
        "world": made.world.name,
        "verdict": made.result,
        "holds": holds,
        "findings": [{"says": each.says, "holds": each.holds, "how": each.how} for each in found],
        "trusted": left,
    }
    tell(as_json, data, certificate_lines(made, found, left))
    return DONE if holds else VIOLATED


@click.command()
@click.argument("file", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write.")
@timeout_option
@workers_option
@click.option("--require-expected", is_flag=True, help="Exit with 1 or 4 if a verdict is not the one `expected`.")
@click.option("--keep-going", is_flag=True, help="Give bad rows the verdict `error`, answer the others, exit with 2.")
@as_json
@with_option
def verdicts(
    file: Path,
    output: Path,
    timeout: float | None,
    workers: int | None,
    require_expected: bool,
    keep_going: bool,
    as_json: bool,
    model: Model,
) -> int:
    """Give every row of FILE.csv its verdict.

    The file has the columns id, property and config; others are kept. Added are verdict, reason, reach, steps,
    blocked_by and seconds. With a column `expected` a summary says which verdicts differ; of a utility property,
    safe is read as reached and attack as not_reached. What is not_in_this_world is not safe: where no other verdict
    differs, --require-expected exits with 4. Rows are written as they are found, but a table that is there already is
    replaced only by a whole one; nothing is asked while a row is bad.

    \b
    openworld verdicts questions.csv -o answers.csv --require-expected
    """
    columns, rows = verdict_rows.read(file, model)
    if output.exists() and output.samefile(file):
        raise click.UsageError(f"{output} is the input; write to another file")
    bad = [row for row in rows if row.error]
    if bad and not keep_going:
        return max(complain(f"{file}, line {row.line}: {row.error}", BAD_INPUT) for row in bad)
    header = [*columns, *(name for name in verdict_rows.ADDED if name not in columns)]
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
        for row in verdict_rows.judged(rows, timeout, workers or cores(), model):
            writer.writerow(row)
            stream.flush()
            done.append(row)
            progress.advance()
    return _summarise(done, "expected" in columns, require_expected, as_json, model)


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
