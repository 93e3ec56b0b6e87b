"""Everything at once, and what is made of it: figures, one page, a site."""

from pathlib import Path
from typing import Any

import click

from openworld.commands import completion
from openworld.commands.common import (
    as_json,
    call,
    option,
    options,
    output_option,
    timeout_option,
    with_option,
    workers_option,
)

_STUDY = (
    output_option("Where the page and all else goes.", folder=True, default=Path("out"), show_default=True),
    option("--full/--quick", "Ask everything, or what takes some minutes: every named design, few attackers, few "
           "experiments.  [default: quick]", default=False),
    workers_option,
    option("--seed", "Same seed, same files.", int, default=1, show_default=True),
    timeout_option,
    option("--certify", "Have CaDiCaL prove and drat-trim check every answer that something does not happen "
           "(certificates.csv). The same for how long the runs of each world are (bounds.csv)."),
    with_option,
)  # fmt: skip


@click.command()
@options(*_STUDY)
def study(**given: Any) -> int:
    """Judge every named design, ask what drafts buy, simulate populations, and put the results on one page.

    The page is report.html in the folder. It needs no other file, and is written anew after every stage; beside it are
    verdicts, attack charts, tables and figures. A full study also asks about all attackers, environments and deployed
    clients, runs every experiment, and counts how far mishaps reach. Ctrl-C leaves a page that says what it lacks, and
    the same command goes on from there. The same seed gives the same files, but for run.json, which says how it ran.

    \b
    openworld study -o out
    openworld study -o out --full
    """
    return call("openworld.work.study.study", **given)


_FIGURES = (
    click.argument("names", metavar="[NAME]...", nargs=-1,
                   shell_complete=completion.among("openworld.exhibits:catalogue")),
    output_option("Where to write.", folder=True),
    option("--list listed", "List the names, kinds and what each shows; draw nothing."),
    option("--from folder", "Take verdicts and experiments from the folder of a study instead of working them out "
           "anew.", click.Path(exists=True, file_okay=False, path_type=Path), "OUT"),
    option("--attempts", "As for simulate. [default: what each experiment says]", click.IntRange(min=1)),
    option("--replications", "As for simulate.", click.IntRange(min=1), default=5, show_default=True),
    option("--for purpose", "With the caption below it, or 16:9 without, the caption in its text file.",
           click.Choice(["page", "slide"]), default="page", show_default=True),
    option("--rows", "Rows of a matrix: those of which most cells tell something. [default: all; for slides 8]",
           click.IntRange(min=1), "N"),
    option("--seed", "Same seed, same files.", int, default=1, show_default=True),
    workers_option,
    as_json,
)  # fmt: skip


@click.command()
@options(*_FIGURES)
def figures(**given: Any) -> int:
    """Draw figures by NAME, or all of them.

    Each is written as SVG, PDF and PNG, with its data as CSV and its caption as text beside it. The same data give
    the same files. Ctrl-C keeps the finished rows of a table, from which --from draws.

    \b
    openworld figures --list
    openworld figures --from out --for slide -o slides
    openworld figures sets-mixup trust-default -o slides
    """
    return call("openworld.work.study.figures", **given)


@click.command()
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@output_option("Where to write.  [default: OUT/report.html]")
@option(
    "--site", "Link verdicts and findings to their answers on the page of `openworld site`.", str, "URL", default=""
)
@with_option
def report(**given: Any) -> int:
    """Turn the folder of a study into one HTML page that needs no other file and no network.

    Also of a study that was cut short: what is missing is said on the page.

    \b
    openworld report out
    openworld report out -o study.html
    openworld report out --site https://where.it.is.put.example/
    """
    return call("openworld.work.study.report", **given)


_SITE = (
    output_option("Where to put it; a folder of its own.", folder=True, required=True),
    option("--quick", "Answers to fewer questions beforehand, as in a quick study."),
    option("--runtime", "Take Pyodide and the solver from DIR, where they have been downloaded to.  [default: pip and "
           "npm fetch them once]", click.Path(exists=True, file_okay=False, path_type=Path), "DIR"),
    option("--docs", "Link to the pages that `make docs` writes, which are there.", str, "URL", default=""),
    option("--url", "Where the site will be: for previews of links, and a sitemap.", str, "URL", default=""),
    workers_option,
    with_option,
)  # fmt: skip


@click.command()
@options(*_SITE)
def site(**given: Any) -> int:
    """Write a site that answers any question in the reader's browser, by the model itself.

    It is plain files, for any file server; nothing is fetched from elsewhere. The address holds the question, so that
    a link is all that a mail needs. Common questions are answered beforehand, which takes up to an hour, or some
    minutes with --quick. For others the browser runs the same Python as this command.

    \b
    openworld site -o site && python3 -m http.server -d site
    openworld site -o site --with mine.py
    """
    return call("openworld.work.study.site", **given)
