"""What was counted before: stored results listed, shown and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands.common import as_json, call


@click.group(invoke_without_command=True)
@click.pass_context
def results(context: click.Context) -> int | None:
    """List, show and compare stored results.

    \b
    openworld results list out
    openworld results show matching out
    openworld results compare out other-out
    """
    if context.invoked_subcommand is None:
        return int(context.invoke(list_))
    return None


_folder = click.Path(exists=True, path_type=Path)


@results.command("list")
@click.argument("folder", type=_folder, default=Path())
@as_json
def list_(**given: Any) -> int:
    """What is stored in FOLDER and below, and how it was counted."""
    return call("openworld.work.results.list_stored", **given)


@results.command()
@click.argument("experiment")
@click.argument("folder", type=_folder, default=Path())
@as_json
def show(**given: Any) -> int:
    """The rates of an EXPERIMENT that is stored in FOLDER or below."""
    return call("openworld.work.results.show", **given)


@results.command()
@click.argument("first", type=_folder)
@click.argument("second", type=_folder)
@as_json
def compare(**given: Any) -> int:
    """How the rates stored in SECOND differ from those of the same experiments in FIRST.

    Both are folders or files. Intervals are those of independent counts; two runs with the same seed and
    population are not independent, and what differs there differs because of the code.
    """
    return call("openworld.work.results.compare", **given)
