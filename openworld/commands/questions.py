"""One question: a verdict, its evidence, its chart; and a table of questions."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import click

from model.chart import WIDTH, Chart, ascii_art, mermaid, text
from model.chart import chart as drawn
from model.design import Configuration, check_parties, parse
from model.model import Model
from model.world_file import find_world
from openworld.commands import completion
from openworld.commands.common import (
    DONE,
    INCONCLUSIVE,
    NOT_IN_THIS_WORLD,
    VIOLATED,
    call,
    format_option,
    loaded,
    option,
    options,
    output_option,
    tell,
    timeout_option,
    with_option,
    workers_option,
)
from openworld.commands.completion import config_argument, config_or_none, property_argument
from openworld.files import as_json as written
from openworld.files import emit, replacing
from openworld.show import ending, needed_lines, outcome, verdict_json, verdict_lines
from openworld.site.address import checked
from openworld.spoken import configuration
from properties.narrowings import check_widely
from properties.reads import asked_for
from properties.results import read_result
from properties.security import find
from properties.verdict import Verdict

#: The forms in which a run is shown to others, by what for; and those in which it is drawn without.
PURPOSES = {"mail": ("text",), "slide": ("svg", "pdf", "png"), "draft": ("markdown", "xml")}
_CHARTS = ("text", "ascii", "mermaid", "svg", "pdf", "png", "json", "itf")
#: Exit codes of answers that say neither that a property holds nor that it does not.
_UNSETTLED: dict[str, int] = {"unknown": INCONCLUSIVE, "not_in_this_world": NOT_IN_THIS_WORLD}


def _verdict(name: str, config: str, timeout: float | None, model: Model) -> Verdict:
    return check_widely(*asked_for(name, config, model), timeout=timeout)


_VERDICT = (
    click.argument("name", metavar="PROPERTY|FILE.csv", shell_complete=completion.properties),
    config_or_none,
    option("--require", "Exit with 1 if the verdict is another one. Of a utility property, safe is read as reached, "
           "attack as not_reached. `expected` is what each row of FILE.csv says.",
           click.Choice(["safe", "attack", "not_in_this_world", "reached", "not_reached", "expected"])),
    timeout_option,
    option("--chart/--no-chart", "Draw the attack.  [default: chart]", default=True),
    option("--certificate", "Write the evidence to a file, for `openworld check` and for other checkers.",
           click.Path(dir_okay=False, path_type=Path), "FILE"),
    option("--needed", "Say which of the blocking rules no other rule can replace."),
    option("--any-number", "Ask ProVerif as well, for any number of sessions."),
    option("--log", "Write to a file what ProVerif was given and what it printed, an attack among it.",
           click.Path(dir_okay=False, path_type=Path), "FILE"),
    output_option("Write to a file. A table is written as its rows are found."),
    workers_option,
    option("--keep-going", "Give bad rows the verdict `error`, answer the others, exit with 2."),
    format_option("text", "json", "proverif",
                  help="Text, data, or the question as ProVerif reads it, which is not asked."),
    with_option,
)  # fmt: skip


@click.command()
@options(*_VERDICT)
def verdict(
    name: str,
    config: str,
    require: str | None,
    timeout: float | None,
    chart: bool,
    certificate: Path | None,
    needed: bool,
    any_number: bool,
    log: Path | None,
    output: Path | None,
    workers: int | None,
    keep_going: bool,
    form: str,
    model: Model,
) -> int:
    """Say whether PROPERTY holds under CONFIG, or give every row of FILE.csv its verdict.

    PROPERTY is a name or its code (`openworld list properties`). CONFIG is switch=value, cap= for the attacker's
    capabilities, and design= for a named design to start from. An attacker or a design may stand without its key.
    `openworld list designs --switches` lists them all. With `;` between its parts, as in links, CONFIG needs quotes.

    A security property gets one of four verdicts: attack, safe, not_in_this_world, unknown. It is safe if rules stand
    in the way. It is not_in_this_world if nothing here could violate it even without rules, or if nobody can use the
    design. Without cap= it is asked against the web attacker of RFC 9700 (A1); with cap=none nobody is dishonest. A
    safe says what it rests on: what the attacker lacks of A1, and how many sessions the user has. In the default world
    it is also asked with one more session. A utility property is reached, not_reached or unknown, or not_in_this_world
    if the protocol has nothing of the kind. Exit code 3 says unknown, 4 (unless that was required) not_in_this_world.

    FILE.csv has the columns id, property and config; others are kept. The answer adds verdict, reason, reach, steps,
    blocked_by and seconds. With a column `expected` a summary says which verdicts differ. A safe that turns out to be
    not_in_this_world is exit code 4 where no other verdict differs. A table that exists is replaced only by a whole
    one. One bad row, and nothing is asked.

    --any-number also asks ProVerif, whose attacker nobody here wrote. It gets the honest roles alone: browser, client,
    authorization server (AS) and resource servers, whose checks are the rules of the model. A capability gives it
    channels, names or the user's browser. What may be used once may be used twice there, and the user has any
    number of sessions. The last lines say whether both agree, and where the answer is from. Answers to common
    questions ship with openworld, so that ProVerif need not be installed. The code flow is covered, with most
    switches; what is not covered is refused. Exit code 1: they disagree, or there is an attack that the world leaves
    out. 3: ProVerif has neither a proof nor an attack, or it is needed and not installed.

    \b
    openworld verdict code_delivery mal_as iss_check=off
    openworld verdict CD mcp mal_as --require safe
    openworld verdict questions.csv -o answers.csv --require expected
    openworld verdict CD mal_as iss_check=require --any-number
    openworld verdict CD mal_as iss_check=require -o question.pv
    """
    as_json = form == "json"
    if name.endswith(".csv"):
        return call(
            "openworld.work.table.table",
            Path(name),
            config,
            output,
            timeout,
            workers,
            require,
            keep_going,
            as_json,
            model,
        )
    if not config or keep_going or require == "expected":
        raise click.UsageError("Missing argument 'CONFIG...': name one (`none`: no attacker), or a FILE.csv alone")
    if any_number or form == "proverif":
        if require or certificate:
            raise click.UsageError("--require and --certificate are about the solver's verdict alone")
        return call("openworld.work.unbounded.ask", name, config, form, output, log, timeout, model)
    asked = find(name, model)
    wanted = None if require is None else read_result(require, asked.kind)
    found = _verdict(name, config, timeout, model)
    if certificate is not None:
        loaded("openworld.certificates.write")(loaded("properties.certificate.certify")(found, timeout), certificate)
    lines, data = [*verdict_lines(found)], verdict_json(found)
    if needed and found.blocked_by:
        alone = data["needed"] = loaded("properties.verdict.needed")(found, timeout)
        lines += needed_lines(alone)
    if chart and found.trace is not None and found.result == "attack":
        lines += ["", *_for_terminal(drawn(found.trace, ending(found.property))).splitlines()]
    tell(as_json, data, lines, output)
    if found.result == wanted:
        return DONE
    if found.result in _UNSETTLED:
        return _UNSETTLED[found.result]
    return DONE if wanted is None else VIOLATED


_TRACE = (
    property_argument,
    config_argument,
    option("--for purpose", "mail: on one screen. slide: 16:9. draft: a figure of at most 72 columns, for "
           "kramdown-rfc or as XML of RFC 7991. Each says where it comes from.", click.Choice(list(PURPOSES)),
           is_eager=True),
    format_option(*("text", "ascii", "mermaid", "svg", "pdf", "png", "markdown", "xml", "json", "itf"),
                  usual=lambda context: PURPOSES.get(context.params.get("purpose", ""), ("text",))[0],
                  help="A chart: text for terminals, ascii for Internet-Drafts, mermaid for issue trackers, or a "
                  "picture. With --for draft markdown or xml. The trace as data: json, or the Informal Trace Format "
                  "(itf)."),
    option("--site", "Cite the answer on the page that `openworld site` writes.", None, "URL", default=""),
    option("--checks", "In a chart, list the checks that honest parties made."),
    option("--under", "Draw the run as far as it goes under this other configuration: who refuses it, why, by which "
           "section. The attacker stays unless it names one.", str, "CONFIG"),
    output_option(),
    timeout_option,
    with_option,
)  # fmt: skip


@click.command()
@options(*_TRACE)
def trace(
    name: str,
    config: str,
    purpose: str | None,
    form: str,
    site: str,
    checks: bool,
    under: str | None,
    output: Path | None,
    timeout: float | None,
    model: Model,
) -> int:
    """Draw the shortest attack on PROPERTY under CONFIG, or the run that shows a utility property.

    \b
    openworld trace code_delivery mal_as iss_check=off --for mail
    openworld trace code_delivery mal_as iss_check=off --for slide -o slide.svg
    openworld trace code_delivery mal_as iss_check=off --under cap=mal_as -o stopped.svg
    openworld trace first_contact mcp -o first_contact.mmd
    """
    allowed = PURPOSES.get(purpose or "", _CHARTS)
    if form not in allowed:
        where = f"--for {purpose}" if purpose else "a chart alone"
        raise click.UsageError(f"{where} is {', '.join(allowed)}, not {form}")
    if form in ("pdf", "png") and output is None:
        raise click.UsageError(f"--format {form} writes a file: name it with -o")
    if under is not None and form in ("json", "itf"):
        raise click.UsageError(f"--under is about charts, not about --format {form}")
    other = None if under is None else parse(configuration([under], model), model)
    found = _verdict(name, config, timeout, model)
    if other is not None:
        _same_world(found, other)
        other = replace(other, capabilities=other.capabilities or found.configuration.capabilities)
    if found.trace is None:
        click.echo(f"openworld: nothing to draw: {found.property.name} is {outcome(found)}", err=True)
        return _UNSETTLED.get(found.result, VIOLATED)
    shown = drawn(found.trace, ending(found.property), checks, other)
    citation = loaded("openworld.quoting.cited")(found, checked(site), config) if purpose else None
    if output is not None and form in ("pdf", "png"):
        picture = loaded("openworld.slides.picture")(shown, form, citation)
        with replacing(output) as temporary:
            temporary.write_bytes(picture)
    elif form in ("json", "itf"):
        data = found.trace.to_json() if form == "json" else found.trace.to_itf()
        emit(written(data), output)
    elif citation is not None:
        emit(loaded(f"openworld.quoting.{purpose}_{form}")(shown, citation), output)
    else:
        draw = {"text": _for_terminal, "ascii": ascii_art, "mermaid": mermaid}
        emit((draw.get(form) or loaded("openworld.sequence.svg"))(shown), output)
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
