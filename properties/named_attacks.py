"""The catalogue of attacks: their names, and the verdicts that were expected of them before there was a model."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from model.design import Configuration, parse
from model.errors import InputError, hint
from properties.results import today
from properties.security import Property, find


class UnknownAttackError(InputError):
    """An attack that is not in the catalogue; the message lists those that are."""


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """A verdict derived by hand: ``expected`` is the answer in today's words, ``why`` and ``source`` argue it."""

    id: str
    property: Property
    configuration: Configuration
    expected: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class NamedAttack:
    """An attack of the catalogue.

    Attributes:
        part: the part of the flow that it is about.
        expectations: what was expected of designs, for and against.
        seen: questions to which the attack is the answer.
    """

    id: str
    name: str
    part: str
    expectations: tuple[ExpectedAnswer, ...]
    seen: tuple[tuple[Property, Configuration], ...]


@cache
def attacks() -> dict[str, NamedAttack]:
    """The catalogue by id, in its order."""
    rows: dict[str, list[ExpectedAnswer]] = {}
    for line in _lines("expected_rows.csv"):
        asked = find(line["property"]), parse(line["config"])
        expected = today(line["expected"], asked[0].kind)
        made = ExpectedAnswer(line["id"], *asked, expected, line["why"], line["source"])
        rows.setdefault(line["attack_id"], []).append(made)
    return {line["id"]: _attack(line, tuple(rows.get(line["id"], ()))) for line in _lines("attacks.csv")}


def attack(name: str) -> NamedAttack:
    """An attack by its id.

    Raises:
        UnknownAttackError: naming the culprit and what is allowed.
    """
    if name not in attacks():
        raise UnknownAttackError(f"unknown attack {name!r}{hint(name, attacks())}")
    return attacks()[name]


def _attack(line: dict[str, str], rows: tuple[ExpectedAnswer, ...]) -> NamedAttack:
    seen = [(row.property, row.configuration) for row in rows if row.expected == "attack"]
    if line["property"]:
        seen.append((find(line["property"]), parse(line["config"])))
    return NamedAttack(line["id"], line["name"], line["part"], rows, tuple(seen))


def _lines(name: str) -> list[dict[str, str]]:
    text = files("properties").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
