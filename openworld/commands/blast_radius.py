"""How far one mishap reaches: one command."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Hashable, Iterator
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openworld.commands.shell import DONE, as_json, print_json, print_lines

if TYPE_CHECKING:
    from simulations.blast_radius import BlastRadius
    from simulations.population import Population


#: A tenth of so many targets is one.
_ENOUGH = 10


@click.command("blast-radius")
@click.argument("kind")
@click.option("--population", default="measured_2026", show_default=True, metavar="NAME|FILE", help="Who is out there.")
@click.option(
    "--design", "designs", multiple=True, metavar="NAME|CONFIG",
    help="A named design or a deployed client (every mechanism of it), or switches as in a configuration: they hold "
    "for everybody, the rest is as the population has it; one that decides nothing here is an error. May be "
    "repeated; the first is what the others are compared with. [default: each protection]",
)  # fmt: skip
@click.option("--year", type=float, metavar="Y", help="With as much adopted as the population expects by then.")
@click.option("--scale", type=float, metavar="S", help="With so much of every kind of party: 0.05 is a twentieth.")
@click.option("--samples", type=click.IntRange(min=1), default=50, show_default=True, help="Targets in each topology.")
@click.option("--replications", type=click.IntRange(1, 100_000), default=5, show_default=True, help="Topologies.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same topologies and targets.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for the tables.")
@as_json
def blast_radius(
    kind: str,
    population: str,
    designs: tuple[str, ...],
    year: float | None,
    scale: float | None,
    samples: int,
    replications: int,
    seed: int,
    output: Path | None,
    as_json: bool,
) -> int:
    """Count what one theft, one malicious server, one lapsed domain puts into an attacker's reach.

    KIND is token, refresh_token, agent, resource_server, authorization_server, look_alike or domain. Without --design:
    the population as it is deployed; with none of five protections, with each alone, and with all.

    \b
    openworld blast-radius token --population enterprise
    openworld blast-radius resource_server --design mcp --design "design=mcp;rt_pin=off"
    """
    from openworld.progress import Progress
    from simulations.arms import arm
    from simulations.blast_radius import StoppedBlastRadius, run
    from simulations.population import load

    arms = tuple(arm(_configuration(text), text) for text in designs)
    met = load(population) if year is None else load(population).at(year)
    met = met if scale is None else met.scaled(scale)
    stopped = False
    try:
        with Progress(kind, 0) as progress:
            found = run(
                kind, met, arms, seed=seed, samples=samples, replications=replications,
                command=" ".join(["openworld", *sys.argv[1:]]), progress=progress.at,
            )  # fmt: skip
    except StoppedBlastRadius as interrupt:
        if interrupt.result is None:
            raise
        found, stopped = interrupt.result, True
    if output is not None:
        found.save(output)
    if as_json:
        print_json({
            "kind": kind, "population": met.name, "seed": seed, "yearly": found.yearly,
            "summary": json.loads(found.summary.to_json(orient="records")),
            "passed": found.passed, "refused": found.refused,
        })  # fmt: skip
    else:
        print_lines(_head(found, met))
        print_lines(_unread(designs))
        print_lines(_lines(found))
        if output is not None:
            click.echo(f"written to {output}")
    if stopped:
        raise KeyboardInterrupt
    return DONE


def _head(found: BlastRadius, met: Population) -> Iterator[str]:
    from simulations.blast_radius import KINDS

    kind = KINDS[found.kind]
    yield f"{kind.meaning} (population {met.name}, {found.summary['replications'].max()} topologies)"
    if kind.yearly and found.yearly is not None:
        yield f"{found.yearly:.3g} times a year, at the population's {kind.yearly}"
    if kind.lasts:
        yield f"good to the thief for at most {met.number(kind.lasts) / 3600:g} hours, the population's {kind.lasts}"


def _unread(designs: tuple[str, ...]) -> Iterator[str]:
    """What a named design sets and nothing here depends on."""
    from simulations.reach import Ways
    from simulations.reads import unread

    for text in designs:
        if left := unread(Ways, _configuration(text)):
            yield f"nothing here depends on what {text} says of {', '.join(left)}"


def _configuration(text: str) -> str:
    # The name of a deployed client has a == of its own.
    return text if "=" in text.replace("==", "") or not text else f"design={text}"


def too_few(those: int, counted: int, topologies: int) -> Iterator[str]:
    """What cannot be told from so few targets, in the place of numbers that look as if it could."""
    more = "take more (--samples, --replications)"
    if not those:
        yield f"  none of {counted} targets has one, so that nothing was counted: {more}"
    elif those < _ENOUGH:
        yield f"  only {those} of {counted} targets, too few for a 90th percentile: {more}"
    if topologies < 2:
        yield "  one topology only, so that there are no intervals: take more (--replications)"


def _lines(found: BlastRadius) -> Iterator[str]:
    rows = found.summary.to_dict("records")
    cells = {(row["design"], row["measure"], row["statistic"]): row for row in rows}
    for together in dict.fromkeys(row["alike"] for row in rows):
        members = list(dict.fromkeys(row["design"] for row in rows if row["alike"] == together))
        exists = cells[members[0], "exists", "share"]["value"]
        yield ""
        yield together + ("" if exists == 1 else f"  (there is such a token in {exists:.0%} of the cases)")
        counted, topologies = (cells[members[0], "exists", "share"][name] for name in ("targets", "replications"))
        yield from too_few(round(exists * counted), counted, topologies)
        if not exists:
            continue
        if len(members) > 1:
            yield "  the same comes into reach at every target"
        for measure in ("resource_servers", "users", "tokens"):
            words = (_words(cells[members[0], measure, name]) for name in ("median", "p90", "max"))
            yield f"  {measure.replace('_', ' '):<17} {'  '.join(words)}".rstrip()
        for label, counts in (("led on", found.passed), ("stopped by", found.refused)):
            # Which rules stop what may differ where what is stopped does not.
            told = dict.fromkeys(_often(counts[design]) for design in members if counts[design])
            yield from (f"  {label:<17} {words}" for words in told)


def _words(row: dict[Hashable, Any]) -> str:
    interval = "" if isnan(row["low"]) else f" ({row['low']:.4g} to {row['high']:.4g})"
    return f"{row['statistic']} {row['value']:.4g}{interval}".ljust(30)


def _often(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in counts.most_common(3))
