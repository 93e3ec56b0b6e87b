"""Clients learned as machines: what they do whatever they are answered, found by asking and not by a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands import completion
from openworld.commands.common import as_json, call


@click.command()
@click.argument(
    "clients",
    nargs=-1,
    required=True,
    metavar="CLIENT...",
    shell_complete=completion.among("conformance.software:CLIENTS"),
)
@click.option(
    "--answers", metavar="NAMES", help="What it may be answered, separated by commas; token. stands for all that begin "
    "so. [default: those that model/data/alphabet.toml says]",
)  # fmt: skip
@click.option("--calls", type=click.IntRange(min=1), default=1, show_default=True, help="Calls that it is to make.")
@click.option("--walks", type=click.IntRange(min=0), default=50, show_default=True, help="Random walks at the end.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the random walks.")
@click.option("--limit", type=click.FloatRange(min=1), default=20.0, show_default=True, help="Seconds for a word.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Clients started ahead.")
@click.option("--plain", is_flag=True, help="Plain HTTP in place of TLS with a throwaway authority.")
@click.option("--require-confinement", "required", is_flag=True, help="Run nothing unless all that is to keep it in "
              "is there.")  # fmt: skip
@click.option("--dot", type=click.Path(dir_okay=False, path_type=Path), help="Write the machine for Graphviz.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the machine.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path),
    help="Keep the machine and every answer in this folder, and go on from what is there.",
)  # fmt: skip
@as_json
def learn(**given: Any) -> int:
    """Learn what a real client is, as a machine; two clients, or machines that were kept, are compared.

    A client is started once for every row of answers that it is asked, and each of its requests is answered by the
    next: messages of the honest world, and of scenarios and mutations of it. Active automata learning finds a machine
    that does the same; where the model predicts something else, and where it predicts nothing, is looked at first,
    and then where random walks lead. The machine is asked the security questions as it is.

    \b
    openworld learn mcp-python==2.3.0 -o out/learned
    openworld learn mcp-python==2.0.1 mcp-python==2.3.0 -o out/learned
    openworld learn out/learned/mcp-python-2.0.1/machine.json out/learned/mcp-python-2.3.0/machine.json

    Answers that were not measured (the client hung, crashed or ran out of time), and clients that do not do the same
    when they are asked again, are exit code 3. What was asked is kept, so that an interrupted run goes on.
    """
    return call("openworld.work.learn.learn", **given)
