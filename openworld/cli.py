"""The command line.

Nothing heavy is imported before a command needs it: `openworld --help` answers at once, and a single verdict
loads the model and the solver and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from properties.verdict import Verdict

DONE, VIOLATED, BAD_INPUT, INCONCLUSIVE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 70, 130


class _Commands(click.Group):
    """Commands whose return value is the exit code and whose errors are one line."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            code = BAD_INPUT
        except click.ClickException as error:
            code = _complain(error.format_message(), BAD_INPUT)
        except (KeyboardInterrupt, click.Abort):
            code = _complain("interrupted", INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has seen enough; keep Python from complaining at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = DONE
        except Exception as error:
            code = _explain(error)
        sys.exit(code or DONE)


def _complain(message: str, code: int) -> int:
    click.echo(f"openworld: {' '.join(message.split())}", err=True)
    return code


def _explain(error: Exception) -> int:
    """One line for what a user can cause; anything else is a bug and keeps its traceback."""
    if isinstance(error, OSError) and error.strerror:
        return _complain(f"{error.filename or 'input or output'}: {error.strerror}", BAD_INPUT)
    expected = {
        "ConfigurationError": BAD_INPUT,
        "UnknownPropertyError": BAD_INPUT,
        "ExperimentError": BAD_INPUT,
        "PopulationError": BAD_INPUT,
        "TraceError": BAD_INPUT,
        "TableError": BAD_INPUT,
        "StudyError": BAD_INPUT,
        "ReplayError": INTERNAL,
    }
    code = expected.get(type(error).__name__)
    if code is None:
        raise error
    return _complain(str(error), code)


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"openworld {version('openworld')}")
        context.exit()


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
timeout_option = click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S",
    help="Give up on a solver call after S seconds; the verdict is then `unknown`.",
)  # fmt: skip
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes to use. [default: one for each core]"
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """An executable formal model of open-world OAuth: ask what holds, see why, and see what it costs.

    \b
    openworld verdict code_delivery "cap=mal_as;iss_check=off"
    openworld verdict authorization "design=mcp;cap=mal_as" --require safe
    openworld study -o out

    \b
    Exit codes: 0 done and as asked; 1 a required property does not hold; 2 bad input;
    3 inconclusive; 70 internal error; 130 interrupted.
    """


# --- one question ------------------------------------------------------------------------------------------


def _verdict(name: str, config: str, timeout: float | None) -> Verdict:
    from model.design import parse
    from properties.verdict import check

    return check(name, parse(config), timeout=timeout)


@main.command()
@click.argument("name", metavar="PROPERTY")
@click.argument("config")
@click.option("--require", type=click.Choice(["safe", "attack"]), help="Exit with 1 if the verdict is the other one.")
@timeout_option
@click.option("--chart/--no-chart", default=True, help="Draw the attack.  [default: chart]")
@as_json
def verdict(name: str, config: str, require: str | None, timeout: float | None, chart: bool, as_json: bool) -> int:
    """Say whether PROPERTY holds under CONFIG.

    PROPERTY is a name or its code, CONFIG a list of switch=value, with cap= for the attacker's capabilities
    and design= for a named design to start from. `openworld designs --switches` lists them all.

    \b
    openworld verdict code_delivery "cap=mal_as;iss_check=off"
    openworld verdict CD "design=mcp;cap=mal_as" --require safe
    """
    found = _verdict(name, config, timeout)
    if as_json:
        _print_json(found.to_json())
    else:
        from openworld.show import ending, verdict_lines

        _print(verdict_lines(found))
        if chart and found.trace is not None and found.result == "attack":
            from model.chart import text

            click.echo("\n" + text(found.trace, ending(found.property)), nl=False)
    if found.result == "unknown":
        return INCONCLUSIVE
    return VIOLATED if require is not None and found.result != require else DONE


@main.command()
@click.argument("name", metavar="PROPERTY")
@click.argument("config")
@click.option(
    "--format", "form", type=click.Choice(["text", "mermaid", "json", "itf"]), default="text", show_default=True,
    help="A chart, a chart for Mermaid, or the trace as data (itf: Informal Trace Format).",
)  # fmt: skip
@click.option("--checks", is_flag=True, help="In a text chart, list the checks that honest parties made.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@timeout_option
def trace(name: str, config: str, form: str, checks: bool, output: Path | None, timeout: float | None) -> int:
    """Draw the shortest attack on PROPERTY under CONFIG, or the run that shows a utility property.

    \b
    openworld trace code_delivery "cap=mal_as;iss_check=off"
    openworld trace first_contact "design=mcp" --format mermaid -o first_contact.mmd
    """
    found = _verdict(name, config, timeout)
    if found.trace is None:
        from openworld.show import outcome

        click.echo(f"openworld: nothing to draw: {found.property.name} is {outcome(found)}", err=True)
        return INCONCLUSIVE if found.result == "unknown" else VIOLATED
    from model import chart
    from openworld.show import ending

    closing = ending(found.property)
    drawn: dict[str, Callable[[], str]] = {
        "text": lambda: chart.text(found.trace, closing, checks=checks) if found.trace else "",
        "mermaid": lambda: chart.mermaid(found.trace, closing) if found.trace else "",
        "json": lambda: _data(found.trace.to_json() if found.trace else {}),
        "itf": lambda: _data(found.trace.to_itf() if found.trace else {}),
    }
    _emit(drawn[form](), output)
    return DONE


def _data(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _emit(content: str, output: Path | None) -> None:
    if output is None:
        click.echo(content, nl=False)
    else:
        from openworld.files import write

        write(output, content)


@main.command()
@click.argument("file", metavar="TRACE.json", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--chart/--no-chart", default=False, help="Draw it.  [default: no-chart]")
@as_json
def replay(file: Path, chart: bool, as_json: bool) -> int:
    """Run a trace on the executable machine and check that it shows what it says.

    \b
    openworld trace CD "cap=mal_as;iss_check=off" --format json -o attack.json
    openworld replay attack.json
    """
    from model.trace import TraceError, from_json
    from openworld.show import ending
    from properties.security import find
    from properties.verdict import ReplayError, confirm

    try:
        read = from_json(file.read_text(encoding="utf-8"))
        prop = find(read.shows)
        confirm(read, prop)
    except (UnicodeDecodeError, TraceError, ReplayError) as error:
        # Whoever wrote the file is wrong here, not this software.
        return _complain(f"{file}: {str(error).removeprefix('internal error: ')}", BAD_INPUT)
    if as_json:
        _print_json({"file": str(file), "confirmed": True, "shows": read.shows, "steps": len(read.steps),
                     "configuration": str(read.configuration)})  # fmt: skip
    else:
        click.echo(f"confirmed: {read.shows} after {len(read.steps)} steps under {read.configuration}")
    if chart:
        from model.chart import text

        click.echo("\n" + text(read, ending(prop)), nl=False)
    return DONE


# --- many questions ----------------------------------------------------------------------------------------


@main.command()
@click.argument("file", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write.")
@timeout_option
@workers_option
@click.option("--require-expected", is_flag=True, help="Exit with 1 if a verdict is not the one in column `expected`.")
@click.option("--keep-going", is_flag=True, help="Give bad rows the verdict `error` and go on; exit with 2 in the end.")
@as_json
def verdicts(
    file: Path,
    output: Path,
    timeout: float | None,
    workers: int | None,
    require_expected: bool,
    keep_going: bool,
    as_json: bool,
) -> int:
    """Give every row of FILE.csv its verdict.

    The file has the columns id, property and config; others are kept. Added are verdict, reach, steps,
    blocked_by and seconds. With a column `expected` a summary says which verdicts differ. Rows are written
    as they are found.

    \b
    openworld verdicts questions.csv -o answers.csv --require-expected
    """
    import csv

    from openworld import table
    from openworld.jobs import cores
    from openworld.progress import Progress

    columns, rows = table.read(file)
    if output.exists() and output.samefile(file):
        raise click.UsageError(f"{output} is the input; write to another file")
    header = [*columns, *(name for name in table.ADDED if name not in columns)]
    done: list[dict[str, str]] = []
    with output.open("w", newline="", encoding="utf-8") as stream, Progress("verdicts", len(rows)) as progress:
        writer = csv.DictWriter(stream, header, lineterminator="\n")
        writer.writeheader()
        stream.flush()
        for row in table.judged(file, rows, timeout, workers or cores(), keep_going):
            writer.writerow(row)
            stream.flush()
            done.append(row)
            progress.advance()
    return _summarise(done, "expected" in columns, require_expected, as_json)


def _summarise(rows: list[dict[str, str]], expected: bool, require: bool, as_json: bool) -> int:
    from collections import Counter

    counts = Counter(row["verdict"] for row in rows)
    asked = [row for row in rows if expected and row["expected"].strip()]
    differing = [row for row in asked if row["expected"].strip() != row["verdict"]]
    if as_json:
        _print_json({
            "rows": len(rows), "verdicts": dict(sorted(counts.items())), "expected": len(asked),
            "as_expected": len(asked) - len(differing),
            "different": [{name: row[name] for name in ("id", "property", "config", "expected", "verdict")}
                          for row in differing],
        })  # fmt: skip
    else:
        click.echo(f"{len(rows)} rows: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
        if expected:
            click.echo(f"{len(asked) - len(differing)} of {len(asked)} as expected")
        for row in differing:
            asked_for = f"{row['id']}: {row['property']} {row['config']}"
            click.echo(f"  {asked_for}: {row['verdict']}, expected {row['expected']}")
    if counts["error"]:
        return BAD_INPUT
    if require and differing:
        return VIOLATED
    return INCONCLUSIVE if counts["unknown"] else DONE


# --- what there is -----------------------------------------------------------------------------------------


@main.command()
@click.argument("name", required=False)
@click.option("--switches", is_flag=True, help="List the switches with their values instead; * marks the baseline.")
@click.option("--suffice", metavar="PROPERTY[,...]", help="List the minimal sets of mechanisms that make these hold.")
@click.option("--against", metavar="CAPS", default="none", show_default=True, help="The attacker, as in cap=.")
@click.option("--fix", metavar="CONFIG", default="", help="Switches that are fixed, as in a configuration.")
@click.option("--any-environment", is_flag=True, help="What suffices must suffice in every environment.")
@click.option("--without", metavar="NAME[,...]", default="", help="Mechanisms that are not to be had.")
@click.option("--usable", is_flag=True, help="Also say in which deployments first contact can still succeed.")
@as_json
def designs(
    name: str | None,
    switches: bool,
    suffice: str | None,
    against: str,
    fix: str,
    any_environment: bool,
    without: str,
    usable: bool,
    as_json: bool,
) -> int:
    """List the named designs, or one of them, or all switches and capabilities.

    With --suffice: all minimal sets of mechanisms that leave no attack, whatever the other mechanisms are, and all
    maximal sets that still leave one. Exact, over the whole lattice.

    \b
    openworld designs mcp
    openworld designs --switches
    openworld designs --suffice authorization,token_confinement --against mal_as+mal_rs --usable
    """
    if suffice is not None:
        return _suffice(suffice, against, fix, any_environment, without, usable, as_json)
    from model.design import NAMED_DESIGNS, parse
    from model.switches import CAPABILITIES, SWITCHES
    from openworld import show

    names = list(NAMED_DESIGNS) if name is None else [name]
    if name is not None:
        parse(f"design={name}")  # complains about a name that does not exist
    if as_json:
        listed: dict[str, Any] = {"designs": [show.design_json(each) for each in names]}
        if switches:
            listed["switches"] = [show.switch_json(switch) for switch in SWITCHES.values()]
            listed["capabilities"] = dict(CAPABILITIES)
        _print_json(listed)
    elif switches and name is None:
        _print(show.switch_lines())
        click.echo("capabilities (cap=, joined by +, or none)")
        _print(f"  {capability}: {meaning}" for capability, meaning in CAPABILITIES.items())
    elif switches:
        design = parse(f"design={name}").design
        marks = {True: "  (baseline)", False: ""}
        _print(f"{key}={value}{marks[value == SWITCHES[key].baseline]}" for key, value in design.items())
    else:
        _print(show.design_lines(names))
    return DONE


def _suffice(
    names: str, against: str, fix: str, any_environment: bool, without: str, usable: bool, as_json: bool
) -> int:
    from model.design import parse_capabilities, parse_switches
    from openworld import lattice

    asked = lattice.Asked(
        properties=tuple(names.split(",")),
        capabilities=parse_capabilities(against),
        fixed=parse_switches(fix),
        any_environment=any_environment,
        without=tuple(part for part in without.split(",") if part),
        usable=usable,
    )
    found = lattice.ask(asked)
    if as_json:
        _print_json(lattice.as_data(asked, found))
    else:
        _print(lattice.lines(asked, found))
    return DONE


@main.command()
@click.argument("name", metavar="PROPERTY")
@click.argument("first", metavar="CONFIG")
@click.argument("second", metavar="CONFIG")
@as_json
def explain(name: str, first: str, second: str, as_json: bool) -> int:
    """Say what makes the difference between two configurations on PROPERTY.

    \b
    openworld explain CD "design=mcp;cap=mal_as" "design=mcp;cap=mal_as;h_iss=no"
    """
    from model.design import parse
    from openworld import show
    from properties.explain import explain as compare
    from properties.security import find

    difference = compare(find(name), parse(first), parse(second))
    if as_json:
        _print_json(show.difference_json(difference))
    else:
        _print(show.difference_lines(difference))
    return DONE


@main.command()
@click.argument("name", required=False)
@as_json
def rules(name: str | None, as_json: bool) -> int:
    """List the rules that honest parties obey, or those whose name, id or source contains NAME.

    \b
    openworld rules iss_matches
    openworld rules "RFC 9728"
    """
    import importlib

    from model.rule import RULES
    from openworld.show import rule_json, rule_lines

    importlib.import_module("model.attacker")  # brings the rules of every actor along
    wanted = (name or "").casefold()
    found = [rule for rule in RULES.values() if wanted in " ".join((rule.name, rule.source, *rule.ids)).casefold()]
    if not found:
        raise click.UsageError(f"no rule has {name!r} in its name, ids or source; `openworld rules` lists them")
    if as_json:
        _print_json([rule_json(rule) for rule in found])
    else:
        for rule in found:
            _print(rule_lines(rule))
    return DONE


# --- what it costs -----------------------------------------------------------------------------------------


@main.command()
@click.argument("experiment")
@click.option(
    "--attempts", type=click.IntRange(min=1), default=20_000, show_default=True,
    help="Attempts in each arm at each point of the sweep.",
)  # fmt: skip
@click.option("--replications", type=click.IntRange(min=1), default=5, show_default=True, help="Independent repeats.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same numbers.")
@workers_option
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for tables and figures.")
@as_json
def simulate(
    experiment: str,
    attempts: int,
    replications: int,
    seed: int,
    workers: int | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Run one simulated experiment.

    \b
    openworld simulate NAME --attempts 1000 --replications 5 -o out
    (a name that does not exist is answered with the list of those that do)
    """
    from openworld.jobs import cores
    from openworld.progress import Progress
    from simulations.experiments import find, run

    asked = find(experiment)
    with Progress(experiment, 0) as progress:
        result = run(
            asked, seed=seed, attempts=attempts, replications=replications, workers=workers or cores(),
            progress=progress.at,
        )  # fmt: skip
    if output is not None:
        from openworld import figures
        from openworld.plotstyle import save

        result.save(output)
        save(figures.rates(result.rates, asked.question), output / f"{experiment}-rates")
        save(figures.differences(result.differences, asked.question), output / f"{experiment}-differences")
    if as_json:
        _print_json({
            "experiment": experiment, "seed": seed,
            "rates": json.loads(result.rates.to_json(orient="records")),
            "differences": json.loads(result.differences.to_json(orient="records")),
        })  # fmt: skip
    else:
        from openworld.show import rate_lines

        click.echo(asked.question)
        _print(rate_lines(result.rates))
        if output is not None:
            click.echo(f"written to {output}")
    return DONE


@main.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Folder.")
@click.option("--quick", is_flag=True, help="Fewer designs, attackers and attempts: a look in well under a minute.")
@workers_option
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same files.")
@timeout_option
def study(output: Path, quick: bool, workers: int | None, seed: int, timeout: float | None) -> int:
    """Judge every named design against every attacker, run every experiment and put the results together.

    The folder then holds index.md, verdicts, attack charts, tables and figures. What is finished is on disk at
    any time; Ctrl-C leaves a folder that can be read. The same seed gives the same files, but for run.json,
    which says what ran, where and how long.

    \b
    openworld study -o out
    openworld study -o out --quick
    """
    from openworld.jobs import cores
    from openworld.study import Plan, run

    finished = run(Plan(output, quick=quick, workers=workers or cores(), seed=seed, timeout=timeout))
    click.echo(f"{output / 'index.md'}: {finished}")
    return DONE


if __name__ == "__main__":
    main()
