"""The site, written into a folder."""

from __future__ import annotations

from pathlib import Path

import click

from model.model import Model
from openworld.commands.common import DONE
from openworld.plan import StudyPlan
from openworld.site.build import FIRST, build
from openworld.site.runtime import runtime as find
from simulations.processes import cores


def site(output: Path, quick: bool, runtime: Path | None, docs: str, workers: int | None, model: Model) -> int:
    """What `openworld site` does."""
    plan = StudyPlan(output, not quick, model=model)
    asked_first = FIRST.partition("cap=")[2]
    attackers = list(dict.fromkeys([asked_first, *(who.capabilities for who in plan.attackers.values())]))
    size = build(output, find(runtime), plan.designs, attackers, workers or cores(), docs, model)
    click.echo(f"{output}: {size / 1e6:.1f} MB; answers beforehand for {len(plan.designs)} designs")
    return DONE
