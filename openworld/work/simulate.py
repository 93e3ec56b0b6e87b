"""One simulated experiment, counted and told, or asked what decides it, what to measure and what pairing does."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
import pandas
from click.core import ParameterSource

from model.model import Model
from openworld import exhibits
from openworld.commands.common import DONE, INCONCLUSIVE, complain, print_json, print_lines, tell
from openworld.exhibit import Source
from openworld.experiment_words import horizon_lines, result_lines, sensitivity_lines, source_lines
from openworld.folders import claimed
from openworld.headlines import break_even_lines, coupling_lines, worth_lines
from openworld.progress import Progress
from openworld.tables import experiments
from openworld.work import QUESTIONS
from openworld.work.listed import listing
from simulations import experiment_files
from simulations.break_even import break_even
from simulations.couplings import coupled
from simulations.experiment import Adoption, Experiment
from simulations.experiments import StoppedExperiment, find, population_for, run
from simulations.population import DEFAULT
from simulations.processes import cores
from simulations.results import Result, write
from simulations.sensitivity import indices
from simulations.uncertainty import over_inputs
from simulations.worth import worth


class AnswerTable(NamedTuple):
    """The table that answers a question, and what it says in words."""

    table: pandas.DataFrame
    lines: Iterator[str]


def simulate(
    named: tuple[str, ...],
    arms: bool,
    adoption: tuple[float, ...] | None,
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
    question: str,
    samples: int | None,
    weight: float | None,
    method: str | None,
    output: Path | None,
    form: str,
    model: Model,
) -> int:
    """What `openworld simulate` does."""
    as_json = form == "json"
    if form == "toml":
        _alone("--format toml", {"named", "arms", "adoption", *(["population"] if arms else [])})
    if not named and not arms:
        return listing(as_json, model)
    asked = _of_arms(named, adoption, population, model) if arms else find(_one(named, adoption), model)
    experiment = asked.name
    if form == "toml":
        click.echo(experiment_files.written(asked), nl=False)
        return DONE
    click.get_current_context().with_resource(claimed(output))
    given = {
        "--attempts": attempts,
        "--half-width": half_width,
        "--record": record,
        "--inputs": inputs,
        "--samples": samples,
        "--weight": weight,
        "--method": method,
        "--replications": replications if _is_said("replications") else None,
    }
    check_places(question, given)
    store = None if output is None else output / "counted"
    where: dict[str, Any] = {"workers": workers or cores(), "cluster": cluster, "store": store}
    asked = asked if attacker is None else replace(asked, attacker=attacker)
    if question != "rates":
        with Progress(experiment, 0) as progress:
            answer = ask(question, asked, population, deployed, given, seed=seed, progress=progress.at, **where)
        return _said(f"{experiment}_{question}".replace("-", "_"), asked, answer, output, as_json)
    if attempts is None and given["--replications"] is not None:
        attempts = asked.attempts  # to ask for replications is to ask for draws
    try:
        with Progress(experiment, 0) as progress:
            result = run(
                asked,
                seed=seed,
                attempts=attempts,
                replications=replications,
                population=population,
                progress=progress.at,
                half_width=half_width,
                record=record,
                deployed=deployed,
                **where,
            )
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
        tables = {
            name: json.loads(getattr(result, name).to_json(orient="records"))
            for name in ("rates", "differences", "quantities", "effects")
        }
        alike = [found._asdict() for found in result.alike]
        print_json({"experiment": experiment, "seed": seed, "alike": alike, **tables})
    else:
        click.echo(asked.question)
        print_lines(source_lines(asked, met))
        worlds = replications if attempts else max(replications, asked.worlds)
        print_lines(horizon_lines(asked, met, (attempts or asked.attempts) // worlds))
        print_lines(result_lines(result))
        if output is not None:
            click.echo(f"written to {output}")
    if half_width is not None and result.half_width > half_width:
        return complain(f"intervals are still {result.half_width:g} to either side", INCONCLUSIVE)
    return DONE


def _is_said(option: str) -> bool:
    """Whether an option is on the command line."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE


def _alone(option: str, beside: Collection[str]) -> None:
    """What nothing would come of beside a form that is printed at once has no place there (raises UsageError)."""
    for each in click.get_current_context().command.params:
        apart = each.opts[0] not in ("--format", "--with") and each.name not in beside
        if apart and each.name is not None and _is_said(each.name):
            raise click.UsageError(f"{each.opts[0]} has no place beside {option}")


def _one(named: tuple[str, ...], adoption: tuple[float, ...] | None) -> str:
    """The experiment that is named, where no arms are."""
    if adoption is not None:
        raise click.UsageError("--adoption belongs to --arms")
    if len(named) > 1:
        raise click.UsageError(f"one experiment at a time, found {', '.join(named)}; arms go with --arms")
    return named[0]


def _of_arms(
    arms: tuple[str, ...], adoption: tuple[float, ...] | None, population: str | None, model: Model
) -> Experiment:
    """What arms come to in a population, beside what it has deployed, for those who adopt them."""

    if len(arms) < 2 or len(set(arms)) < len(arms):
        raise click.UsageError(f"--arms takes two or more that differ, found {', '.join(map(repr, arms)) or 'none'}")
    values = adoption or (1.0,)
    words = () if adoption is None else ("--adoption", ",".join(f"{value:g}" for value in values))
    met = population or DEFAULT
    return Experiment(
        "arms",
        f"What do these arms come to in population {Path(met).stem}, for those who adopt them?",
        "share that has adopted",
        values,
        tuple(map(experiment_files.configuration, arms)),
        met,
        Adoption(),
        deployed=True,
        asked=("--arms", *arms, *words),
        model=model,
    )


def _save(asked: Experiment, result: Result, output: Path) -> None:

    result.save(output)
    source = Source.of(result)
    for entry in experiments.entries([asked]):
        exhibits.write(entry, source, output)


def _said(name: str, asked: Experiment, answer: AnswerTable, output: Path | None, as_json: bool) -> int:

    if output is not None:
        write(answer.table, output / name)
    return tell(as_json, json.loads(answer.table.to_json(orient="records")), [asked.question, *answer.lines])


def check_places(question: str, given: Mapping[str, object]) -> None:
    """Options that go with another question are none of this one's (raises UsageError)."""
    for option in (name for name, value in given.items() if value is not None):
        if option not in QUESTIONS[question]:
            belongs = " or ".join(f"--ask {name}" for name, options in QUESTIONS.items() if option in options)
            raise click.UsageError(f"{option} belongs to {belongs}")


def ask(
    question: str,
    asked: Experiment,
    population: str | None,
    deployed: bool | None,
    told: Mapping[str, Any],
    **where: Any,
) -> AnswerTable:
    """Ask one of :data:`QUESTIONS` but rates; ``told``: options, ``where``: who counts what is counted, and how."""
    if question == "couplings":  # of which nothing is counted
        table = coupled(asked, population, deployed=deployed)
        return AnswerTable(table, coupling_lines(table))
    given = {name[2:]: told[name] for name in QUESTIONS[question] if told[name] is not None}
    table = _TABLES[question](asked, population=population, deployed=deployed, **given, **where)
    if question == "break-even":
        return AnswerTable(table, break_even_lines(table, asked, population, deployed))
    return AnswerTable(table, sensitivity_lines(table) if question == "sensitivity" else worth_lines(table))


_TABLES: dict[str, Callable[..., pandas.DataFrame]] = {
    "sensitivity": indices, "worth": worth, "break-even": break_even,
}  # fmt: skip
