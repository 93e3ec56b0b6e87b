"""The pages that show a study together: ``index.md`` for a repository, ``report.html`` for everybody else."""

from __future__ import annotations

from pathlib import Path

import click

from openworld.commands.common import DONE, complain
from openworld.files import write
from openworld.report.index import index
from openworld.report.page import page
from openworld.report.reading import ReportError, read
from openworld.site.address import checked

__all__ = ["ReportError", "index", "page", "read", "report"]


def report(folder: Path, output: Path | None, site: str) -> int:
    """What `openworld report` does."""
    site = checked(site)
    study = read(folder)
    target = output or folder / "report.html"
    write(target, page(study, site))
    for problem in study.problems:
        complain(problem, DONE)
    counts = (
        f"{len(study.verdicts)} verdicts, {len(study.traces)} runs, {len(study.experiments)} experiments, "
        f"{len(study.software)} runs of real software"
    )
    click.echo(f"{target}: {counts}")
    return DONE
