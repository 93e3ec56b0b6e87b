"""How far one mishap reaches: one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands import completion
from openworld.commands.common import as_json, call


@click.command("blast-radius")
@click.argument("kind", shell_complete=completion.among("simulations.blast_radius:KINDS"))
@click.option(
    "--population",
    default="measured_2026",
    show_default=True,
    metavar="NAME|FILE",
    help="Who is out there.",
    shell_complete=completion.populations,
)
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
def blast_radius(**given: Any) -> int:
    """Count what one theft, one malicious server, one lapsed domain puts into an attacker's reach.

    KIND is token, refresh_token, agent, resource_server, authorization_server, look_alike or domain. Without --design:
    the population as it is deployed; with none of five protections, with each alone, and with all.

    \b
    openworld blast-radius token --population enterprise
    openworld blast-radius resource_server --design mcp --design "design=mcp;rt_pin=off"
    """
    return call("openworld.work.blast_radius.blast_radius", **given)
