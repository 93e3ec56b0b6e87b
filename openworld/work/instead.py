"""What is asked about an experiment instead of running it: what decides it, what to measure, what pairing does."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import click
import pandas

from openworld.experiment_words import sensitivity_lines
from openworld.headlines import break_even_lines, coupling_lines, worth_lines
from openworld.work import QUESTIONS
from simulations.break_even import break_even
from simulations.couplings import coupled
from simulations.experiment import Experiment
from simulations.sensitivity import indices
from simulations.worth import worth


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
