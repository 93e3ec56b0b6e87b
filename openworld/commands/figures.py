"""Every figure of the suite, into a folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from openworld.commands.shell import DONE, as_json, print_json, print_lines, workers_option


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--list", "listed", is_flag=True, help="List the names, kinds and what each shows; draw nothing.")
@click.option(
    "--from", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="OUT",
    help="Take verdicts and experiments from the folder of a study instead of working them out anew.",
)  # fmt: skip
@click.option("--attempts", type=click.IntRange(min=1), help="As for simulate. [default: what each experiment says]")
@click.option("--replications", type=click.IntRange(min=1), default=5, show_default=True, help="As for simulate.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same files.")
@workers_option
@as_json
def figures(
    names: tuple[str, ...],
    output: Path | None,
    listed: bool,
    folder: Path | None,
    attempts: int | None,
    replications: int,
    seed: int,
    workers: int | None,
    as_json: bool,
) -> int:
    """Draw figures by NAME, or all of them.

    Each is written as SVG, PDF and PNG, with its data as CSV and its caption as text beside it. The same data give
    the same files.

    \b
    openworld figures --list
    openworld figures --from out -o slides
    openworld figures lattice-mixup sequence-mixup -o slides
    """
    from openworld import gallery
    from openworld.progress import Progress
    from openworld.sources import Source
    from simulations.processes import cores

    entries = gallery.find(names)
    if listed:
        if as_json:
            print_json([{"name": each.name, "kind": each.kind, "shows": each.shows} for each in entries])
        else:
            print_lines(f"{each.name:<36} {each.kind:<25} {each.shows}" for each in entries)
        return DONE
    if output is None:
        raise click.UsageError("name a folder to write to with -o, or ask for --list")
    used = workers or cores()
    source = Source(folder, attempts, replications, seed, used)
    written = {}
    with (
        Progress("figures", len(entries)) as progress,
        closing(gallery.write_all(entries, source, output, used)) as drawn,
    ):
        for entry, paths in drawn:
            written[entry.name] = list(map(str, paths))
            progress.advance(entry.name)
    if as_json:
        print_json(written)
    else:
        click.echo(f"{len(written)} figures written to {output}")
    return DONE
