"""Open questions about the drafts, with what the model says to each and the questions of its own that show it.

``data/questions.csv`` has a row for each: *settled* where verdicts answer it, *partly* where they answer a part and the
row says what is missing, *not expressible* where the model has nothing to say. What is claimed of a verdict is asked.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from model.design import parse
from model.errors import InputError, hint
from properties.results import Result, read_result
from properties.security import Property, find
from properties.verdict import Verdict, check

State = Literal["settled", "partly", "not expressible"]
STATES: tuple[State, ...] = get_args(State)


class UnknownQuestionError(InputError):
    """A question that is not on file; the message lists those that are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A verdict that an answer rests on; the configuration is as it was written."""

    property: Property
    configuration: str
    expected: Result


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """An open question.

    Attributes:
        part: what it is about.
        answer: in a sentence or two.
        asked: the verdicts that show it.
        command: a command that shows more, after ``openworld``; empty if there is none.
        rests: what else it rests on.
    """

    id: str
    part: str
    text: str
    state: State
    answer: str
    asked: tuple[Asked, ...]
    command: str
    rests: str


@cache
def questions() -> dict[str, OpenQuestion]:
    """The questions by their ids, in the order of the file."""
    text = files("properties").joinpath("data", "questions.csv").read_text(encoding="utf-8")
    return {row["id"]: _question(row) for row in csv.DictReader(text.splitlines())}


def _question(row: dict[str, str]) -> OpenQuestion:
    state = next(state for state in STATES if state == row["state"])
    asked = tuple(map(read_asked, filter(None, row["asked"].split(" | "))))
    return OpenQuestion(
        row["id"], row["part"], row["question"], state, row["answer"], asked, row["command"], row["rests"]
    )


def read_asked(text: str) -> Asked:
    """A question with its expected answer, as ``CD cap=mal_as -> safe``."""
    question, _, expected = text.partition(" -> ")
    name, _, configuration = question.partition(" ")
    return Asked(prop := find(name), configuration, read_result(expected, prop.kind))


def question(name: str) -> OpenQuestion:
    """An open question by its id (raises UnknownQuestionError)."""
    if name not in questions():
        raise UnknownQuestionError(f"no open question {name!r}{hint(name, questions())}")
    return questions()[name]


def answered(asked: OpenQuestion) -> list[tuple[Asked, Verdict]]:
    """The verdicts that an answer rests on, as they are."""
    return [(each, ask(each)) for each in asked.asked]


def ask(asked: Asked, patience: float | None = None) -> Verdict:
    """The verdict that is claimed, as it is."""
    return check(asked.property, parse(asked.configuration), patience=patience)
