"""A study as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands.common import call


@click.command()
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.html",
    help="Where to write.  [default: OUT/report.html]",
)  # fmt: skip
@click.option(
    "--site", metavar="URL", default="",
    help="Link verdicts and findings to their answers on the page that `openworld site` writes, which is there.",
)  # fmt: skip
def report(**given: Any) -> int:
    """Turn the folder of a study into one HTML page that needs no other file and no network.

    Also of a study that was cut short: what is missing is said on the page. What `openworld conform -o
    OUT/conform` found of real software is on it.

    \b
    openworld report out
    openworld report out -o study.html
    openworld report out --site https://where.it.is.put.example/
    """
    return call("openworld.work.report.report", **given)
