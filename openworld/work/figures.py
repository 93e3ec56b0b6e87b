"""Figures, drawn into a folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from openworld import exhibits
from openworld.commands.common import tell
from openworld.progress import Progress
from openworld.sources import Source
from simulations.processes import cores

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
    source = Source(folder, attempts, replications, seed, used, rows or (ROWS_OF_A_SLIDE if slide else None))
    written = {}
    with (
        Progress("figures", len(entries)) as progress,
        closing(exhibits.write_all(entries, source, output, used, slide)) as drawn,
    ):
        for entry, paths in drawn:
            written[entry.name] = list(map(str, paths))
            progress.advance(entry.name)
    return tell(as_json, written, [f"{len(written)} figures written to {output}"])
