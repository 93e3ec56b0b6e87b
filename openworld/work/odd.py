"""An experiment described by the ODD protocol."""

from __future__ import annotations

from pathlib import Path

import click

from model.model import Model
from openworld import files
from openworld.commands.common import DONE, print_lines
from openworld.odd import lines
from simulations.experiments import find, population_for


def odd(experiment: str, population: str | None, deployed: bool | None, output: Path | None, model: Model) -> int:
    """What `openworld odd` does."""
    asked = find(experiment, model)
    told = lines(asked, population_for(asked, population, deployed))
    if output is None:
        print_lines(told)
    else:
        files.write(output, "\n".join(told) + "\n")
        click.echo(f"written to {output}")
    return DONE
