"""What it costs: one simulated experiment."""

from __future__ import annotations

import json
from pathlib import Path

import click

from openworld.commands.shell import DONE, as_json, print_json, print_lines, workers_option


@click.command()
@click.argument("experiment")
@click.option(
    "--attempts", type=click.IntRange(min=1), default=20_000, show_default=True,
    help="Attempts in each arm at each point of the sweep.",
)  # fmt: skip
@click.option("--replications", type=click.IntRange(min=1), default=5, show_default=True, help="Independent repeats.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same numbers.")
@workers_option
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for tables and figures.")
@as_json
def simulate(
    experiment: str,
    attempts: int,
    replications: int,
    seed: int,
    workers: int | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Run one simulated experiment.

    \b
    openworld simulate NAME --attempts 1000 --replications 5 -o out
    (a name that does not exist is answered with the list of those that do)
    """
    from openworld.jobs import cores
    from openworld.progress import Progress
    from simulations.experiments import find, run

    asked = find(experiment)
    with Progress(experiment, 0) as progress:
        result = run(
            asked, seed=seed, attempts=attempts, replications=replications, workers=workers or cores(),
            progress=progress.at,
        )  # fmt: skip
    if output is not None:
        from openworld import figures
        from openworld.plotstyle import save

        result.save(output)
        save(figures.rates(result.rates, asked.question), output / f"{experiment}-rates")
        save(figures.differences(result.differences, asked.question), output / f"{experiment}-differences")
    if as_json:
        print_json({
            "experiment": experiment, "seed": seed,
            "rates": json.loads(result.rates.to_json(orient="records")),
            "differences": json.loads(result.differences.to_json(orient="records")),
        })  # fmt: skip
    else:
        from openworld.show import rate_lines

        click.echo(asked.question)
        print_lines(rate_lines(result.rates))
        if output is not None:
            click.echo(f"written to {output}")
    return DONE
