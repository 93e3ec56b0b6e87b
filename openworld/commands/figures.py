"""Every figure of the suite, into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands import completion
from openworld.commands.common import as_json, call, workers_option


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completion.among("openworld.exhibits:catalogue"))
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--list", "listed", is_flag=True, help="List the names, kinds and what each shows; draw nothing.")
@click.option(
    "--from", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="OUT",
    help="Take verdicts and experiments from the folder of a study instead of working them out anew.",
)  # fmt: skip
@click.option("--attempts", type=click.IntRange(min=1), help="As for simulate. [default: what each experiment says]")
@click.option("--replications", type=click.IntRange(min=1), default=5, show_default=True, help="As for simulate.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same files.")
@workers_option
@as_json
def figures(**given: Any) -> int:
    """Draw figures by NAME, or all of them.

    Each is written as SVG, PDF and PNG, with its data as CSV and its caption as text beside it. The same data give
    the same files.

    \b
    openworld figures --list
    openworld figures --from out -o slides
    openworld figures lattice-mixup sequence-mixup -o slides
    """
    return call("openworld.work.figures.figures", **given)
