"""Attacks that others have published, and what the model makes of them by itself.

``data/literature.csv`` has a row for each: where it was published, the configuration in which it is there, the one that
mends it, the published steps in words, and the kinds of steps that they are. The model knows none of them by name: its
attacker sends and answers messages. A row is borne out if an attack is found where there should be one, none where
there should be none, and the published kinds of steps are in the run that was found, in their order.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from model.design import parse
from model.errors import InputError, hint
from model.trace import Trace
from properties.results import Result, read_result
from properties.security import Property, find
from properties.verdict import Verdict, check

How = Literal["composed", "one move", "not expressible"]


class UnknownPublicationError(InputError):
    """A published attack that is not on file; the message lists those that are."""


@dataclass(frozen=True, slots=True)
class PublishedQuestion:
    """A published attack as a question.

    Attributes:
        vulnerable: the configuration in which it is there, as it was written.
        fixed: the one in which it is mended.
        after: the verdict there.
        kinds: the kinds of steps that were published, in their order.
    """

    property: Property
    vulnerable: str
    fixed: str
    after: Result
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """A published attack.

    Attributes:
        source: paper, section or CVE.
        question: what is asked; ``None`` where it cannot be, for the reason in ``note``.
        published: its steps in words.
    """

    id: str
    attack: str
    source: str
    question: PublishedQuestion | None
    published: str
    note: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What the model makes of a published attack: its verdicts where it is there and where it is mended."""

    publication: Publication
    vulnerable: Verdict | None = None
    fixed: Verdict | None = None

    @property
    def trace(self) -> Trace | None:
        """The attack that was found."""
        return None if self.vulnerable is None else self.vulnerable.trace

    @property
    def how(self) -> How:
        """Whether the attack that was found is composed of several steps or is one."""
        if self.trace is None:
            return "not expressible"
        return "composed" if len(self.trace.steps) > 1 else "one move"

    @property
    def wrong(self) -> str:
        """What is not as published; empty where all is."""
        asked = self.publication.question
        if asked is None or self.vulnerable is None or self.fixed is None:
            return ""
        if self.vulnerable.result != "attack":
            return f"{self.vulnerable.result} under {asked.vulnerable}"
        if self.fixed.result != asked.after:
            return f"{self.fixed.result} under {asked.fixed}, and not {asked.after}"
        left = iter(kinds(self.trace))
        missing = [kind for kind in asked.kinds if kind not in left]
        return f"no {missing[0]} where it was published" if missing else ""


def kinds(trace: Trace | None) -> tuple[str, ...]:
    """The kinds of steps that a run is made of, without those that they are taken by."""
    return () if trace is None else tuple(step.action.partition("[")[0] for step in trace.steps)


@cache
def publications() -> dict[str, Publication]:
    """The published attacks by their ids, in the order of the file."""
    text = files("properties").joinpath("data", "literature.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["id"]: _publication(row) for row in rows}


def _publication(row: dict[str, str]) -> Publication:
    question = None
    if row["property"]:
        prop = find(row["property"])
        after = read_result(row["after"], prop.kind)
        steps = tuple(filter(None, row["kinds"].split(" > ")))
        question = PublishedQuestion(prop, row["vulnerable"], row["fixed"], after, steps)
    return Publication(row["id"], row["attack"], row["source"], question, row["published"], row["note"])


def publication(name: str) -> Publication:
    """A published attack by its id (raises UnknownPublicationError)."""
    if name not in publications():
        raise UnknownPublicationError(f"no published attack {name!r}{hint(name, publications())}")
    return publications()[name]


def outcome(published: Publication) -> Reproduction:
    """What the model makes of a published attack."""
    asked = published.question
    if asked is None:
        return Reproduction(published)
    there, mended = (check(asked.property, parse(text)) for text in (asked.vulnerable, asked.fixed))
    return Reproduction(published, there, mended)


def outcomes() -> Iterator[Reproduction]:
    """What it makes of all of them, one after the other."""
    return map(outcome, publications().values())
