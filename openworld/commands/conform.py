"""Reality: what real software does, beside what the model says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from openworld.commands.shell import DONE, as_json, print_json, print_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.play import Play
    from openworld.reality import Explanation


@click.command()
@click.argument("client")
@click.option("--scenarios", metavar="NAMES", help="Only these, separated by commas; M stands for all that begin so.")
@click.option("--limit", type=click.FloatRange(min=1), default=20.0, show_default=True, help="Seconds for a scenario.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Scenarios at a time.")
@click.option("--plain", is_flag=True, help="Plain HTTP in place of TLS with a throwaway authority.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML to this file.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path),
    help="Keep results and recordings (HTTP archives) in this folder, and go on from those that are there.",
)  # fmt: skip
@as_json
def conform(
    client: str,
    scenarios: str | None,
    limit: float,
    jobs: int,
    plain: bool,
    junit: Path | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Run a real client against played servers, and compare what it does with the model.

    \b
    openworld conform mcp-python==2.3.0 --scenarios M,R02_prefix_segment -o out
    (software that is not known is answered with the list of what is)
    """
    import asyncio

    from conformance import results
    from conformance.install import install
    from conformance.run import Settings, run_all
    from conformance.software import CLIENTS, release
    from openworld.files import write
    from openworld.progress import Progress
    from openworld.reality import cures, explain

    wanted = release(client, CLIENTS, "client")
    plays = _chosen(scenarios)
    installed = install(wanted)
    settings = Settings(limit, jobs, not plain)
    with tempfile.TemporaryDirectory() as temporary, Progress(client, len(plays)) as progress:
        folder = output or Path(temporary)
        work = run_all(installed, plays, folder, settings, lambda one: progress.advance(one.scenario))
        judgements = asyncio.run(work)
    if junit is not None:
        write(junit, results.junit(client, judgements))
    explained = explain(wanted, judgements)
    stops = {one.scenario: list(map(str, cures(explained.design, one.scenario))) for one in judgements if one.attacks}
    if as_json:
        print_json(results.data(client, judgements, explanation=explained.to_json(), stopped_by=stops))
        return DONE
    remarks = {name: explained.remark(name) for name in explained.comparisons}
    print_lines(results.lines(judgements, remarks))
    print_lines(_explained(explained, stops))
    return DONE


def _explained(explained: Explanation, stops: dict[str, list[str]]) -> Iterator[str]:
    """The design of the client, how much of the run it accounts for, and what would stop the attacks."""
    total = len(explained.comparisons)
    if not total:
        return
    how = "predicted by the stored design" if explained.source == "stored" else "explained by a design fitted to them"
    yield f"{explained.ends}/{total} ends {how}; {explained.messages}/{total} with every message"
    for name, value in explained.design.changes().items():
        yield f"  {name}={value}  {' '.join(explained.decided_by.get(name, ()))}".rstrip()
    for name, changes in stops.items():
        yield f"{name} would be stopped by {' or '.join(changes) or 'nothing that the model knows of'}"


def _chosen(names: str | None) -> list[Play]:
    """The plays that a comma-separated list of names and prefixes asks for."""
    from conformance.play import catalogue
    from model.errors import InputError

    every = catalogue()
    if names is None:
        return every
    kept: dict[str, Play] = {}
    for name in filter(None, map(str.strip, names.split(","))):
        found = {play.name: play for play in every if play.name.startswith(name)}
        if not found:
            raise InputError(f"no scenario {name!r}; known: {', '.join(play.name for play in every)}")
        kept |= found
    return list(kept.values())
