"""What is asked about an experiment instead of running it: what decides it, what to measure, what pairing does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import click
import pandas

from openworld import balance
from openworld.experiment_words import sensitivity_lines
from openworld.inputs import coupling_lines, worth_lines
from openworld.work import QUESTIONS
from simulations.break_even import break_even
from simulations.couplings import coupled
from simulations.experiment import Experiment
from simulations.sensitivity import indices
from simulations.worth import WEIGHT, worth


class AnswerTable(NamedTuple):
    """The table that answers a question, and what it says in words."""

    table: pandas.DataFrame
    lines: Iterator[str]


def check_places(question: str, given: Mapping[str, object]) -> None:
    """Options that go with another question are none of this one's (raises UsageError)."""
    for option in (name for name, value in given.items() if value is not None):
        if option not in QUESTIONS[question]:
            belongs = " or ".join(f"--ask {name}" for name, options in QUESTIONS.items() if option in options)
            raise click.UsageError(f"{option} belongs to {belongs}")


def ask(
    question: str,
    asked: Experiment,
    seed: int,
    population: str | None,
    deployed: bool | None,
    told: Mapping[str, Any],
    where: Mapping[str, Any],
) -> AnswerTable:
    """Ask one of :data:`QUESTIONS` but rates; ``told``: options, ``where``: who counts what has to be counted."""
    match question:
        case "sensitivity":
            table = indices(
                asked,
                told["--samples"],
                seed,
                population,
                method=told["--method"],
                attempts=told["--attempts"],
                deployed=deployed,
                **where,
            )
            return AnswerTable(table, sensitivity_lines(table))
        case "worth":
            table = worth(
                asked,
                weight=WEIGHT if told["--weight"] is None else told["--weight"],
                draws=told["--samples"],
                seed=seed,
                population=population,
                deployed=deployed,
                attempts=told["--attempts"],
                **where,
            )
            return AnswerTable(table, worth_lines(table))
        case "break-even":
            table = break_even(
                asked,
                population,
                weight=told["--weight"],
                deployed=deployed,
                samples=told["--samples"],
                attempts=told["--attempts"],
                seed=seed,
                **where,
            )
            return AnswerTable(table, balance.lines(table, asked, population, deployed))
        case _:
            table = coupled(asked, population, deployed=deployed)
            return AnswerTable(table, coupling_lines(table))
