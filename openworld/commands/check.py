"""Expectations that are kept in a file, for continuous integration."""

import os
from pathlib import Path
from zipfile import is_zipfile

import click

from model.chart import chart as drawn
from model.chart import text
from model.model import Model
from model.trace import TraceError, from_json
from openworld.beginnings import expectations as beginning
from openworld.cache import Cache, default_folder
from openworld.certificates import read as read_certificate
from openworld.check import Checked, evaluate, lines, summary
from openworld.commands import completion
from openworld.commands.common import (
    BAD_INPUT,
    DONE,
    INCONCLUSIVE,
    NOT_IN_THIS_WORLD,
    VIOLATED,
    as_json,
    cache_option,
    call,
    complain,
    inert,
    option,
    options,
    tell,
    timeout_option,
    with_option,
    workers_option,
)
from openworld.expectations import drafts, read
from openworld.files import append, write
from openworld.files import as_json as written
from openworld.integrations import commands, document, log, markdown
from openworld.progress import Progress
from openworld.show import certificate_lines, ending
from properties.certificate import findings, trusted
from properties.security import find
from properties.shortest import ReplayError, confirm
from simulations.processes import cores

_FILE = click.Path(dir_okay=False, path_type=Path)


_CHECK = (
    click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    option("--init", "Print a FILE.toml with what is the case today for a named design.", str, "DESIGN",
           shell_complete=completion.designs),
    option("--since", "FILE... are drafts and files of expectations: say what has changed in the drafts since this "
           "revision of git.", str, "REV"),
    option("--draft", "With --since: which text the drafts are.  [default: the one whose sentences they have]", str,
           "NAME"),
    option("--comment", "With --since: write the one comment on the pull request of a GitHub runner."),
    option("--chart/--no-chart", "Draw the runs that were found.  [default: chart]", default=True),
    option("--junit", "Write JUnit XML.", _FILE, "FILE"),
    option("--sarif", "Write SARIF 2.1.0.", _FILE, "FILE"),
    option("--annotations", "Annotate the lines of FILE.toml; auto: if GITHUB_ACTIONS is set.",
           click.Choice(["auto", "github", "none"]), default="auto", show_default=True),
    option("--summary", "Append a table in Markdown.", _FILE, "FILE", envvar="GITHUB_STEP_SUMMARY", show_envvar=True),
    cache_option,
    option("--no-cache", "Ask everything anew, and keep nothing."),
    timeout_option,
    workers_option,
    as_json,
    with_option,
)  # fmt: skip


@click.command()
@options(*_CHECK)
def check(
    files: tuple[Path, ...],
    init: str | None,
    since: str | None,
    draft: str | None,
    comment: bool,
    chart: bool,
    junit: Path | None,
    sarif: Path | None,
    annotations: str,
    summary: Path | None,
    folder: Path | None,
    no_cache: bool,
    timeout: float | None,
    workers: int | None,
    as_json: bool,
    model: Model,
) -> int:
    """Check that what is expected of designs still holds, and what is known not to hold still does not.

    FILE.toml lists it. Exit code 0: all is as expected. 1: something has flipped. 2: a file cannot be read. 3: a
    verdict is not known. 4: nothing in this world could violate what should hold, so it has not been shown to hold. The
    worst counts: 1, then 3, then 4. Questions that nothing has changed are not asked again.

    A trace (`openworld trace -o attack.json`) is run on the executable machine. The evidence for a verdict
    (`openworld verdict --certificate safe.zip`) is checked by programs that share nothing with the solver. drat-trim
    checks that something does not happen, a replay that it does. The clauses are made anew from the question. Exit code
    1: something is not as it is claimed.

    Besides holds and fails, an entry can list what is not_in_this_world, and what is reached or not_reached.

    \b
    [[expect]]
    name = "An authorization server that sends no iss"
    design = "mcp"
    switches = { h_iss = "no" }
    against = ["mal_as", "mal_as+mal_rs"]
    holds = ["discovery_integrity"]
    fails = ["code_delivery"]
    not_in_this_world = ["client_authentication"]
    because = "RFC 9207 2.4 protects only where the server sends iss"

    With draft (a file), section and quote an entry rests on a sentence. When the sentence is gone from the draft, the
    check fails and shows what rested on it. A line `with = ["mydraft.py"]` above the entries adds a draft of your own.

    With --since a draft is compared with an earlier revision. The answer, in Markdown, is which sentences changed that
    verdicts rest on, whom they oblige, and which verdicts flip where that is not done. Exit code 3: a verdict is not
    known.

    \b
    openworld check --init mcp > openworld.toml
    openworld check --since main draft-ietf-oauth-v2-1.md
    openworld check openworld.toml --junit found.xml --sarif found.sarif
    openworld check attack.json
    openworld check safe.zip
    """
    if init is not None:
        with Progress("attackers", 0) as progress:
            for line in beginning(init, model, progress.reached):
                click.echo(line)
        return DONE
    if not files:
        raise click.UsageError("nothing to check: name a FILE, or print expectations with --init DESIGN")
    if since is not None:
        model = model.extended(*(each for file in files if file.suffix == ".toml" for each in drafts(file)))
        kept, together = _cache(folder, no_cache), workers or cores()
        asked = files, since, draft, comment, summary, kept, timeout, together, model
        return call("openworld.work.since.review", *asked)
    if draft is not None or comment:
        raise click.UsageError("--draft and --comment go with --since REV")
    if len(files) == 1 and (files[0].suffix == ".zip" or is_zipfile(files[0])):
        return certificate(files[0], timeout, as_json, model)
    if len(files) == 1 and (files[0].suffix == ".json" or files[0].read_bytes().lstrip().startswith(b"{")):
        return trace(files[0], chart, as_json, model)
    model = model.extended(*(draft for file in files for draft in drafts(file)))
    expectations = [one for file in files for one in read(file, model)]
    outcomes: list[Checked] = []
    with Progress("check", len(expectations)) as progress:
        for outcome in evaluate(expectations, _cache(folder, no_cache), workers or cores(), timeout):
            outcomes.append(outcome)
            progress.advance()
    code = _code(outcomes)
    annotating = annotations == "github" or (annotations == "auto" and os.environ.get("GITHUB_ACTIONS") == "true")
    _say(outcomes, chart, as_json, annotating)
    _write(outcomes, code, junit, sarif, summary)
    if annotating:
        for line in commands(outcomes):
            click.echo(line, err=as_json)  # GitHub reads both streams
    return code


def _cache(folder: Path | None, no_cache: bool) -> Cache | None:
    if no_cache:
        return None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)  # complains where somebody asked for it
    return Cache(folder or default_folder())


def _code(outcomes: list[Checked]) -> int:
    codes = {
        "flipped": VIOLATED,
        "without its text": VIOLATED,
        "inconclusive": INCONCLUSIVE,
        "not in this world": NOT_IN_THIS_WORLD,
    }
    statuses = {outcome.status for outcome in outcomes}
    return next((code for status, code in codes.items() if status in statuses), DONE)


def _say(outcomes: list[Checked], chart: bool, as_json: bool, annotating: bool) -> None:
    """Print what was found; where a runner reads along, nothing that a file says is a command to it."""
    if as_json:
        data = written([outcome.to_json() for outcome in outcomes])
        click.echo(data.replace("##[", "##\\u005b") if annotating else data, nl=False)
        return
    colours = {"  - ": "red", "  + ": "green"}
    for outcome in outcomes:
        if outcome.status != "as expected":
            for line in lines(outcome, chart):
                click.secho(inert(line) if annotating else line, fg=colours.get(line[:4]))
    click.echo(summary(outcomes))


def _write(outcomes: list[Checked], code: int, junit: Path | None, sarif: Path | None, summary: Path | None) -> None:
    if junit is not None:
        write(junit, document(outcomes))
    if sarif is not None:
        write(sarif, written(log(outcomes, code)))
    if summary is not None:
        append(summary, markdown(outcomes))


def trace(file: Path, chart: bool, as_json: bool, model: Model) -> int:
    """Run a trace on the executable machine and check that it shows what it says."""
    try:
        read = from_json(file.read_bytes(), model=model)
        prop = find(read.shows, model)
        confirm(read, prop)
    except (TraceError, ReplayError) as error:
        # The author of the file is wrong here, not this software.
        return complain(f"{file}: {str(error).removeprefix('internal error: ')}", BAD_INPUT)
    data = {
        "file": str(file),
        "confirmed": True,
        "shows": read.shows,
        "steps": len(read.steps),
        "configuration": str(read.configuration),
    }
    lines = [f"confirmed: {read.shows} after {len(read.steps)} steps under {read.configuration}"]
    return tell(as_json, data, [*lines, *(["", *text(drawn(read, ending(prop))).splitlines()] if chart else [])])


def certificate(file: Path, timeout: float | None, as_json: bool, model: Model) -> int:
    """Check the evidence for a verdict."""
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
