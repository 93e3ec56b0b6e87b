"""The folder of a study, as one page."""

from __future__ import annotations

from pathlib import Path

import click

from model.model import Model
from openworld.commands.common import DONE, complain
from openworld.files import write
from openworld.report import page, read
from openworld.site.address import checked


def report(folder: Path, output: Path | None, site: str, model: Model) -> int:
    """What `openworld report` does."""
    site = checked(site)
    study = read(folder, model)
    target = output or folder / "report.html"
    write(target, page(study, site))
    for problem in study.problems:
        complain(problem, DONE)
    counts = f"{len(study.verdicts)} verdicts, {len(study.traces)} runs, {len(study.experiments)} experiments"
    click.echo(f"{target}: {counts}")
    return DONE
