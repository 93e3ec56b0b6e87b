"""Worlds: who takes part in the runs that a verdict is about."""

from __future__ import annotations

import click

from model import world_file
from openworld import worlds as show
from openworld.commands import completion
from openworld.commands.common import DONE, as_json, print_json, print_lines


@click.command()
@click.argument(
    "name",
    metavar="[NAME|FILE.toml]",
    required=False,
    shell_complete=completion.among("model.world_file:WORLDS", file=True),
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a world file instead, for editors.")
@as_json
def worlds(name: str | None, schema: bool, as_json: bool) -> int:
    """List the worlds that ship, or show one, or check and show the world of a file.

    A world says who takes part, at which URLs, who trusts whom, what each party's policy is, who may turn out to be the
    attacker, whose sessions there are and how many grants. Any configuration can ask in another one than its question's
    with world=NAME or world=FILE.toml, and give one of its parties a switch of its own with PARTY:SWITCH=VALUE. A file
    that says nothing sensible is exit code 2 and one line with its name, the line and the key.

    \b
    openworld worlds
    openworld worlds default
    openworld worlds mine.toml
    openworld verdict code_delivery "world=mine.toml;cap=mal_as;as:h_iss=no"
    """
    if schema:
        print_json(world_file.schema())
        return DONE
    listed = list(world_file.WORLDS.values()) if name is None else [world_file.find_world(name)]
    if as_json:
        print_json([show.data(world) for world in listed])
    else:
        for number, world in enumerate(listed):
            print_lines([""] * (number > 0))
            print_lines(show.lines(world) if name is not None else show.summary(world))
    return DONE
