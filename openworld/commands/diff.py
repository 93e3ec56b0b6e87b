"""Two designs side by side."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click

from model.model import Model
from openworld import diff as asked_for
from openworld.commands import completion
from openworld.commands.common import (
    DONE,
    INCONCLUSIVE,
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
from openworld.files import emit
from openworld.progress import Progress
from openworld.show import difference_json, difference_lines
from properties.explain import explain as compare
from properties.reads import asked_for as question
from simulations.processes import cores

_DIFF = (
    click.argument("first", metavar="CONFIG", shell_complete=completion.configurations),
    click.argument("second", metavar="CONFIG", shell_complete=completion.configurations),
    option("--property name", "Ask of this alone, against the attackers that both CONFIG name: what makes the "
           "difference.", str, "PROPERTY", shell_complete=completion.properties),
    option("--against", "An attacker: its name, or as in cap=. Or several.", str, "CAPS", multiple=True,
           shell_complete=completion.attackers),
    option("--environment", "An environment, named or a list of switches.", str, "NAME", multiple=True,
           shell_complete=completion.among("model.named_designs:DEPLOYMENTS")),
    format_option(*("text", "markdown", "svg", "html", "json"),
                  help="Text, a table for an issue, a figure, a small page, or data."),
    output_option(),
    timeout_option,
    workers_option,
    with_option,
)  # fmt: skip


@click.command()
@options(*_DIFF)
def diff(
    first: str,
    second: str,
    name: str | None,
    against: tuple[str, ...],
    environment: tuple[str, ...],
    form: str,
    output: Path | None,
    timeout: float | None,
    workers: int | None,
    model: Model,
) -> int:
    """Say what flips between two designs: every property, against every named attacker, in every named environment.

    Two folders of stored results are compared instead: how the rates in the second differ from those of the same
    experiments in the first. Intervals are those of independent counts. Two runs with the same seed and population are
    not independent, and what differs there differs because of the code.

    Only differences are reported. Each names all minimal sets of changes that make it and the rule that stops the run
    under the other design. A command draws it. + is for the better, - for the worse,
    ? was not decided in the time given, which is exit code 3.

    \b
    openworld diff "design=prm_cimd" "design=prm_cimd_prefix" --against mal_tenant
    openworld diff "design=prm_cimd" "design=mcp" --environment products -o flips.html
    openworld diff "design=mcp;cap=mal_as" "design=mcp;cap=mal_as;h_iss=no" --property code_delivery
    openworld diff out other-out
    """
    stored = Path(first).exists() and Path(second).exists()
    if (stored or name is not None) and (against or environment or form not in ("text", "json")):
        raise click.UsageError("--against, --environment and other forms than text and json are for all properties")
    if stored:
        return call("openworld.work.results.compare", Path(first), Path(second), form == "json")
    if name is not None:
        (asked_of, one), (_, other) = (question(name, each, model) for each in (first, second))
        parted = compare(asked_of, one, other)
        return tell(form == "json", difference_json(parted), difference_lines(parted), output)
    for each in (first, second):
        asked_for.check_named(each, model)
    attackers = asked_for.attackers_of(against, model)
    environments = asked_for.environments_of(environment, model)
    asked = asked_for.cells(first, second, attackers, environments, model)
    found: list[asked_for.Flip] = []
    with (
        Progress("questions", len(asked)) as progress,
        closing(asked_for.flips(asked, workers or cores(), timeout, model)) as answers,
    ):
        for answer in answers:
            if isinstance(answer, asked_for.Flip):
                found.append(answer)
            else:
                progress.at(progress.done + len(answer), len(asked))
                for line in filter(None, answer):
                    progress.found(line)
    acting = [] if found or form != "text" else [asked_for.acts(asked, workers or cores(), timeout, model)]
    if form == "svg" and not found:
        raise click.UsageError("nothing flips, so that there is nothing to draw")
    makers: dict[str, Callable[[], str]] = {
        "text": lambda: "\n".join([*asked_for.lines(found, asked), *acting, ""]),
        "markdown": lambda: asked_for.markdown(found, first, second),
        "svg": lambda: loaded("openworld.diff_page.picture")(found, first, second, model),
        "html": lambda: loaded("openworld.diff_page.page")(found, first, second, len(asked)),
        "json": lambda: asked_for.as_json(found, first, second, len(asked)),
    }
    emit(makers[form](), output)
    return INCONCLUSIVE if asked_for.undecided(found) else DONE
