"""What it costs: simulated experiments."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openworld.commands.instead import Answer, ask, check_places
from openworld.commands.shell import DONE, INCONCLUSIVE, as_json, complain, print_json, print_lines, workers_option
from openworld.progress import Progress
from openworld.sources import Source

if TYPE_CHECKING:
    from simulations.experiment import Experiment
    from simulations.results import Result


# What the extra `study` brings is imported where it is needed, so that help is there without it.


#: Whom arms meet where nobody else is named.
DEFAULT_POPULATION = "measured_2026"


class Shares(click.ParamType[tuple[float, ...]]):
    """Shares between 0 and 1, the smaller first."""

    name = "shares"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """The shares that a list with commas has."""
        try:
            shares = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            shares = ()
        if not shares or list(shares) != sorted(set(shares)) or not 0 <= shares[0] <= shares[-1] <= 1:
            self.fail(f"{value!r} is no share between 0 and 1, nor several that grow", param, ctx)
        return shares


@click.command()
@click.argument("named", nargs=-1, metavar="[EXPERIMENT | --arms ARM ARM...]")
@click.option(
    "--arms",
    is_flag=True,
    help="What is named are arms: configurations or designs, of which the first is "
    "what the others are compared with; '' is what is deployed.",
)
@click.option(
    "--adoption", type=Shares(), metavar="SHARE[,SHARE...]",
    help="With --arms: the share of clients, and of servers, that do what the arm sets. [default: 1]",
)  # fmt: skip
@click.option("--schema", is_flag=True, help="Print the JSON Schema of an experiment's file instead.")
@click.option("--file", "as_file", is_flag=True, help="Print the experiment as a file instead, to be changed.")
@click.option(
    "--population", metavar="NAME_OR_FILE", help="Meet this population instead of the experiment's own.",
)  # fmt: skip
@click.option(
    "--deployed/--baseline-clients", default=None,
    help="Clients that no arm speaks of: those that the population says are deployed, or the baseline design. "
    "[default: as the experiment has it]",
)  # fmt: skip
@click.option(
    "--attacker", metavar="NAME",
    help="What attackers are after: gravest (the gravest harm first), money (what is worth most, by stated values) or "
    "best_response (the same, from wherever the arm leaves most open). [default: gravest, or as the experiment has it]",
)  # fmt: skip
@click.option(
    "--attempts", type=click.IntRange(min=1),
    help="Attempts in each arm at each point of the sweep. [default: what the experiment says, mostly 20000]",
)  # fmt: skip
@click.option(
    "--replications", type=click.IntRange(1, 100_000), default=5, show_default=True, help="Independent repeats.",
)  # fmt: skip
@click.option(
    "--half-width", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="W",
    help="Replicate until every interval is at most W to either side; exit code 3 if that takes too long.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same numbers.")
@workers_option
@click.option("--cluster", metavar="ADDRESS", help="Use a dask.distributed cluster, as tcp://HOST:8786.")
@click.option(
    "--record", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Write down every single attempt as well.",
)  # fmt: skip
@click.option(
    "--inputs", type=click.IntRange(0, 1 << 16), metavar="N",
    help="Draw what is not known for sure so many times, for the interval over the inputs. [default: 512 where "
    "outcomes are known exactly; none where attempts have to be counted at each draw]",
)  # fmt: skip
@click.option(
    "--sensitivity", "instead", flag_value="sensitivity",
    help="Instead: which of what is not known for sure decides the outcome.",
)  # fmt: skip
@click.option(
    "--worth", "instead", flag_value="worth",
    help="Instead: which measurement would be worth most to whoever chooses an arm, and how many observations do.",
)  # fmt: skip
@click.option(
    "--couplings", "instead", flag_value="couplings",
    help="Instead: between what rates lie however clients, AS and RS are paired that are not known to be met together.",
)  # fmt: skip
@click.option(
    "--break-even", "instead", flag_value="break-even",
    help="Instead: where arms break even, as how many failed flows a theft weighs, and which input moves that; with "
    "--weight, whether they are worth it and which input turns that.",
)  # fmt: skip
@click.option(
    "--samples", type=click.IntRange(min=2), metavar="N",
    help="Base samples of --sensitivity, for sobol a power of two; draws of --worth and --break-even. [default: 256, "
    "4096 and 256 where outcomes are known exactly, fewer where attempts have to be counted at each point]",
)  # fmt: skip
@click.option(
    "--weight", type=click.FloatRange(min=0), metavar="W",
    help="For --worth and --break-even: how many honest flows a theft weighs as much as. [default: 10, or any]",
)  # fmt: skip
@click.option(
    "--method", metavar="NAME",
    help="Method of --sensitivity: sobol (shares of variance) or morris (effects). [default: morris where a sample "
    "is dear]",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for tables and figures. A run that was cut short goes on there where it stopped.",
)  # fmt: skip
@as_json
def simulate(
    named: tuple[str, ...],
    arms: bool,
    adoption: tuple[float, ...] | None,
    schema: bool,
    as_file: bool,
    population: str | None,
    deployed: bool | None,
    attacker: str | None,
    attempts: int | None,
    replications: int,
    half_width: float | None,
    seed: int,
    workers: int | None,
    cluster: str | None,
    record: Path | None,
    inputs: int | None,
    instead: str | None,
    samples: int | None,
    weight: float | None,
    method: str | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Run one simulated experiment, by name or file, or put arms of your own to a population; without either, list.

    Arms under which every attempt ends the same way are said to, and drawn once under all their names.

    \b
    openworld simulate
    openworld simulate matching --population measured_2026 -o out
    openworld simulate --arms prm=exact prm=prefix --adoption 0.5 --population enterprise
    openworld simulate --arms '' mcp gaps_closed --adoption 0.1,0.5,0.9
    openworld simulate matching --file > mine.toml
    openworld simulate mine.toml
    openworld simulate ten_steps --population measured_2026 --deployed
    openworld simulate echo --half-width 0.002
    openworld simulate multi_tenant --attacker best_response
    openworld simulate iss --sensitivity
    openworld simulate matching --worth
    openworld simulate profiles --break-even --weight 5
    """
    from openworld.files import claimed
    from simulations.experiments import StoppedExperiment, find, population_for, run
    from simulations.processes import cores
    from simulations.uncertainty import over_inputs

    if schema:
        from simulations.experiment_files import schema as made

        print_json(made())
        return DONE
    if not named and not arms:
        return _list(as_json)
    asked = _of_arms(named, adoption, population) if arms else find(_one(named, adoption))
    experiment = asked.name
    if as_file:
        from simulations.experiment_files import written

        click.echo(written(asked), nl=False)
        return DONE
    click.get_current_context().with_resource(claimed(output))
    given = {
        "--attempts": attempts, "--half-width": half_width, "--record": record, "--inputs": inputs,
        "--samples": samples, "--weight": weight, "--method": method,
    }  # fmt: skip
    check_places(instead, given)
    store = None if output is None else output / "counted"
    where: dict[str, Any] = {"workers": workers or cores(), "cluster": cluster, "store": store}
    asked = asked if attacker is None else replace(asked, attacker=attacker)
    if instead is not None:
        with Progress(experiment, 0) as progress:
            answer = ask(instead, asked, seed, population, deployed, given, where | {"progress": progress.at})
        return _said(f"{experiment}_{instead}".replace("-", "_"), asked, answer, output, as_json)
    try:
        with Progress(experiment, 0) as progress:
            result = run(
                asked, seed=seed, attempts=attempts, replications=replications, population=population,
                progress=progress.at, half_width=half_width, record=record, deployed=deployed, **where,
            )  # fmt: skip
        with Progress(f"{experiment}: inputs", 0) as progress:
            met = population_for(asked, population, deployed)
            result = over_inputs(result, asked, met, seed, inputs, progress=progress.at, **where)
    except StoppedExperiment as stopped:
        if output is not None and stopped.result is not None:
            stopped.result.save(output)
        raise
    if output is not None:
        _save(asked, result, output)
    if as_json:
        tables = {name: json.loads(getattr(result, name).to_json(orient="records")) for name in
                  ("rates", "differences", "quantities", "effects")}  # fmt: skip
        alike = [found._asdict() for found in result.alike]
        print_json({"experiment": experiment, "seed": seed, "alike": alike, **tables})
    else:
        from openworld.counts import horizon_lines, result_lines, source_lines

        click.echo(asked.question)
        print_lines(source_lines(asked, met))
        print_lines(horizon_lines(asked, met, (attempts or asked.attempts) // replications))
        print_lines(result_lines(result))
        if output is not None:
            click.echo(f"written to {output}")
    if half_width is not None and result.half_width > half_width:
        return complain(f"intervals are still {result.half_width:g} to either side", INCONCLUSIVE)
    return DONE


def _one(named: tuple[str, ...], adoption: tuple[float, ...] | None) -> str:
    """The experiment that is named, where no arms are."""
    if adoption is not None:
        raise click.UsageError("--adoption belongs to --arms")
    if len(named) > 1:
        raise click.UsageError(f"one experiment at a time, found {', '.join(named)}; arms go with --arms")
    return named[0]


def _of_arms(arms: tuple[str, ...], adoption: tuple[float, ...] | None, population: str | None) -> Experiment:
    """What arms come to in a population, beside what it has deployed, for those who adopt them."""
    from simulations.experiment import Adoption
    from simulations.experiment import Experiment as Made
    from simulations.experiment_files import configuration

    if len(arms) < 2 or len(set(arms)) < len(arms):
        raise click.UsageError(f"--arms takes two or more that differ, found {', '.join(map(repr, arms)) or 'none'}")
    values = adoption or (1.0,)
    words = () if adoption is None else ("--adoption", ",".join(f"{value:g}" for value in values))
    met = population or DEFAULT_POPULATION
    return Made(
        "arms", f"What do these arms come to in population {Path(met).stem}, for those who adopt them?",
        "share that has adopted", values, tuple(map(configuration, arms)), met, Adoption(), deployed=True,
        asked=("--arms", *arms, *words),
    )  # fmt: skip


def _list(as_json: bool) -> int:
    from simulations.catalogue import EXPERIMENTS

    if as_json:
        print_json([
            {"name": name, "question": asked.question, "parameter": asked.parameter, "values": list(asked.values),
             "arms": list(asked.treatments), "population": asked.population, "reader": asked.reader}
            for name, asked in EXPERIMENTS.items()
        ])  # fmt: skip
        return DONE
    from openworld.counts import experiment_lines

    print_lines(experiment_lines(EXPERIMENTS.values()))
    return DONE


def _save(asked: Experiment, result: Result, output: Path) -> None:
    from openworld import gallery
    from openworld.gallery import experiments

    result.save(output)
    source = Source.of(result)
    for entry in experiments.entries([asked]):
        gallery.write(entry, source, output)


def _said(name: str, asked: Experiment, answer: Answer, output: Path | None, as_json: bool) -> int:
    from simulations.results import write

    if output is not None:
        write(answer.table, output / name)
    if as_json:
        print_json(json.loads(answer.table.to_json(orient="records")))
    else:
        click.echo(asked.question)
        print_lines(answer.lines)
    return DONE
