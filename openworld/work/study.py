"""A study, and what is made of it: its page, figures, a site."""

from contextlib import closing
from pathlib import Path

import click

from model.model import Model
from openworld import exhibits
from openworld.commands.common import DONE, complain, tell
from openworld.exhibit import Source
from openworld.extras import require_all
from openworld.files import write
from openworld.plan import StudyPlan
from openworld.progress import Progress
from openworld.report import page, read
from openworld.site.address import checked
from openworld.site.build import FIRST, build
from openworld.site.runtime import runtime as find_runtime
from openworld.study import run
from openworld.tables import experiments, verdicts
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


def report(folder: Path, output: Path | None, site: str, model: Model) -> int:
    """What `openworld report` does."""
    site = checked(site)
    study = read(folder, model)
    target = output or folder / "report.html"
    write(target, page(study, site))
    for problem in study.problems:
        complain(problem, DONE)
    judged, counted = (len(study.found.get(each.name, ())) for each in (verdicts.TABLE, experiments.TABLE))
    counts = f"{judged} verdicts, {len(study.traces)} runs, {counted} experiments"
    click.echo(f"{target}: {counts}")
    return DONE


#: More cannot be read from the last row of a room.
ROWS_OF_A_SLIDE = 8


def figures(
    names: tuple[str, ...],
    output: Path | None,
    listed: bool,
    folder: Path | None,
    attempts: int | None,
    replications: int,
    purpose: str,
    rows: int | None,
    seed: int,
    workers: int | None,
    as_json: bool,
) -> int:
    """What `openworld figures` does."""
    entries = exhibits.find(names)
    if listed:
        data = [{"name": each.name, "kind": each.kind, "shows": each.shows} for each in entries]
        return tell(as_json, data, (f"{each.name:<36} {each.kind:<25} {each.shows}" for each in entries))
    if output is None:
        raise click.UsageError("name a folder to write to with -o, or ask for --list")
    used = workers or cores()
    slide = purpose == "slide"
    source = Source(folder, attempts, replications, seed, used, rows or (ROWS_OF_A_SLIDE if slide else None), output)
    written = {}
    with (
        Progress("figures", len(entries)) as progress,
        closing(exhibits.write_all(entries, source, output, used, slide)) as drawn,
    ):
        for entry, paths in drawn:
            written[entry.name] = list(map(str, paths))
            progress.advance(entry.name)
    return tell(as_json, written, [f"{len(written)} figures written to {output}"])


def site(
    output: Path, quick: bool, runtime: Path | None, docs: str, url: str, workers: int | None, model: Model
) -> int:
    """What `openworld site` does."""
    url = checked(url)
    url += "/" * (url != "" and not url.endswith("/"))
    plan = StudyPlan(output, not quick, model=model)
    asked_first = FIRST.partition("cap=")[2]
    attackers = list(dict.fromkeys([asked_first, *(who.capabilities for who in plan.attackers.values())]))
    size = build(output, find_runtime(runtime), plan.designs, attackers, workers or cores(), docs, model, url)
    click.echo(f"{output}: {size / 1e6:.1f} MB; answers beforehand for {len(plan.designs)} designs")
    return DONE
