"""The whole study, from the command line."""

from __future__ import annotations

from pathlib import Path

import click

from model.model import Model
from openworld.commands.common import DONE
from openworld.extras import require_all
from openworld.plan import StudyPlan
from openworld.study import run
from properties.proofs import require
from simulations.processes import cores


def study(
    output: Path, full: bool, workers: int | None, seed: int, timeout: float | None, certify: bool, model: Model
) -> int:
    """What `openworld study` does."""
    require_all("study")
    if certify:
        require()
    finished = run(StudyPlan(output, full, workers or cores(), seed, timeout, certify, model))
    click.echo(f"{output / 'report.html'}: {finished}")
    return DONE
