"""Experiments, listed, described, and all answered."""

import json
from dataclasses import replace
from pathlib import Path

import click

from model.model import Model
from openworld.commands.common import DONE, print_json, print_lines, tell
from openworld.experiment_words import experiment_lines, headline_lines
from openworld.odd import lines
from openworld.width import wrapped
from simulations import catalogue, experiment_files
from simulations.experiments import evaluable, find, population_for, run
from simulations.uncertainty import TIMED_DRAWS, affordable, over_inputs


def experiments(
    experiment: str | None,
    schema: bool,
    overview: bool,
    population: str | None,
    deployed: bool | None,
    output: Path | None,
    as_json: bool,
    model: Model,
) -> int:
    """What `openworld list experiments` does."""
    if sum((experiment is not None, schema, overview)) > 1:
        raise click.UsageError("name an EXPERIMENT, or give --schema or --overview")
    if schema:
        print_json(experiment_files.schema())
        return DONE
    if overview:
        return _overview(as_json, model)
    if experiment is None:
        return listing(as_json, model)
    asked = find(experiment, model)
    described = [*lines(asked, population_for(asked, population, deployed))]
    return tell(as_json, {"experiment": asked.name, "odd": "\n".join(described)}, described, output)


def listing(as_json: bool, model: Model) -> int:
    """List the experiments with the question of each."""
    known = catalogue.every_experiment(model)
    data = [
        {
            "name": name,
            "question": asked.question,
            "parameter": asked.parameter,
            "values": list(asked.values),
            "arms": list(asked.treatments),
            "population": asked.population,
            "reader": asked.reader,
        }
        for name, asked in known.items()
    ]
    return tell(as_json, data, experiment_lines(known.values()))


def _overview(as_json: bool, model: Model) -> int:
    """Print each experiment with its headline, exact or simulated, and what the inputs leave open of it.

    Where drawing them is dear, the command that does so is named. All combinations of something have effects in place
    of a headline: those are asked by themselves.
    """
    rows = []
    for name, each in catalogue.every_experiment(model).items():
        asked = replace(each, values=(each.point,))
        met = population_for(asked, None)
        if not as_json:
            how = "exact" if evaluable(asked, met) else "simulated"
            alone = f": openworld simulate {name}" if asked.factors else ""
            click.echo(f"{name}  ({met.name}, {how}{alone})")
            print_lines(wrapped(asked.question, 4))
        if asked.factors:
            rows.append({"experiment": name})
            continue
        found = run(asked, seed=1)
        told = over_inputs(found, asked, met, 1, affordable(asked, met, found)).quantities
        if not as_json:
            print_lines(f"  {line}" for line in headline_lines(told))
            if told.loc[told["headline"] == 1, "change_input_low"].isna().all():
                click.echo(f"  signs under all inputs are open here: openworld simulate {name} --inputs {TIMED_DRAWS}")
        rows += json.loads(told[told["headline"] == 1].to_json(orient="records"))
    if as_json:
        print_json(rows)
    return DONE
