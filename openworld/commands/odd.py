"""An experiment described so that others can check it: one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands import completion
from openworld.commands.common import call


@click.command()
@click.argument("experiment", metavar="EXPERIMENT|FILE", shell_complete=completion.experiments)
@click.option(
    "--population",
    metavar="NAME_OR_FILE",
    shell_complete=completion.populations,
    help="Met instead of the experiment's own population.",
)
@click.option(
    "--deployed/--baseline-clients", default=None,
    help="Clients that no arm speaks of, as for `openworld simulate`. [default: as the experiment has it]",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write it to instead.")
def odd(**given: Any) -> int:
    """Describe an experiment by the ODD protocol (Grimm et al. 2020), in Markdown, with its threats to validity.

    It is one of the suite or a file of your own. What is written is read off the code and the data: parties and what
    they do, where each number comes from, the rules that decide.

    \b
    openworld odd iss
    openworld odd matching --population measured_2026 -o odd.md
    """
    return call("openworld.work.odd.odd", **given)
