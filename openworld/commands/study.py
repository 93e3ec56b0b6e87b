"""Everything at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands.common import call, timeout_option, workers_option


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Folder.")
@click.option("--quick", is_flag=True, help="Fewer of everything: a look in under a minute.")
@workers_option
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same files.")
@timeout_option
@click.option(
    "--certify", is_flag=True,
    help="Have CaDiCaL prove and drat-trim check every answer that something does not happen (certificates.csv), "
         "and how long the runs of each world are (bounds.csv).",
)  # fmt: skip
def study(**given: Any) -> int:
    """Judge every named design against every attacker, ask what is proved of deployed clients, run every experiment,
    count how far mishaps reach, and put the results together.

    The folder then holds report.html, a page that needs no other file, and index.md, verdicts, attack charts,
    tables and figures. What is finished is on disk at any time; Ctrl-C leaves a folder that can be read. The
    same seed gives the same files, but for run.json, which says what ran, where and how long.

    \b
    openworld study -o out
    openworld study -o out --quick
    """
    return call("openworld.work.study.study", **given)
