"""A study as one page."""

from __future__ import annotations

from pathlib import Path

import click

from openworld.commands.shell import DONE, complain


@click.command()
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.html",
    help="Where to write.  [default: OUT/report.html]",
)  # fmt: skip
def report(folder: Path, output: Path | None) -> int:
    """Turn the folder of a study into one HTML page that needs no other file and no network.

    Also of a study that was cut short: what is missing is said on the page. What `openworld conform -o
    OUT/conform` found of real software is on it.

    \b
    openworld report out
    openworld report out -o study.html
    """
    from openworld.files import write
    from openworld.report import page, read

    study = read(folder)
    target = output or folder / "report.html"
    write(target, page(study))
    for problem in study.problems:
        complain(problem, DONE)
    counts = (
        f"{len(study.verdicts)} verdicts, {len(study.traces)} runs, {len(study.experiments)} experiments, "
        f"{len(study.software)} runs of real software"
    )
    click.echo(f"{target}: {counts}")
    return DONE
