"""What the pages of the findings claim: words, and the questions whose answers they rest on.

``openworld/data/findings`` has ``first.toml`` for the first page, and ``NAME.toml`` for each page that says one thing.
Beside it lies the page, ``NAME.md``: verdicts, steps, rules and charts in it come from asking. Pages without such a
file are tables and texts that other commands and tests look after.
"""

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from model.clients import clients
from model.design import Design, parse, parse_switches
from model.errors import InputError, hint
from model.switches import SWITCHES
from properties.questions import Asked, ask, read_asked
from properties.security import find
from properties.verdict import Verdict, check

#: Seconds of work for the rules that block, the same on any machine; a page says where that was not enough.
PATIENCE = 60.0
_FOLDER = files("openworld").joinpath("data", "findings")


class UnknownPageError(InputError):
    """A page that there is not; the message lists those that there are."""


@dataclass(frozen=True, slots=True)
class Varied:
    """One of the questions that a page rests on, and what is varied in it; ``fix``: that by its name, if it is one."""

    varied: str
    asked: Asked
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a rule says of values, under every value of a switch.

    Attributes:
        about: what the values are, and ``legend`` what the parameters of the rule are.
        rule: the rule, by its name.
        always: parameters that have the same value in all cases.
        cases: for each in words (``case``) the values of the other parameters.
    """

    about: str
    legend: str
    rule: str
    switch: str
    always: Mapping[str, Any]
    cases: tuple[Mapping[str, Any], ...]

    def answers(self) -> dict[str, tuple[bool, ...]]:
        """For each value of the switch what the rule says of each case."""
        module, _, name = self.rule.partition(".")
        rule = getattr(import_module(f"model.{module}"), name)
        return {
            value: tuple(
                bool(rule(Design({self.switch: value}), **self.always, **given(case)).holds) for case in self.cases
            )
            for value in SWITCHES[self.switch].values
        }


def given(case: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a case, without what it is called."""
    return {name: value for name, value in case.items() if name != "case"}


@dataclass(frozen=True, slots=True)
class Failing:
    """What an adversary does, against parts of a deployment of which one at a time fails.

    Attributes:
        about: what is compared.
        moves: each in words with the question that it is.
        parts: each in words with the switches by which it fails.
        outside: moves and parts that the model does not have, each with the reason.
    """

    about: str
    moves: Mapping[str, str]
    parts: Mapping[str, str]
    outside: Mapping[str, str]

    def answers(self) -> dict[str, dict[str, Asked]]:
        """For each move what is asked under each part, with the answer."""
        return {
            move: {part: _under(question, switches) for part, switches in self.parts.items()}
            for move, question in self.moves.items()
        }


def _under(question: str, switches: str) -> Asked:
    """A question with the switches of a part that fails in it, and its answer."""
    code, _, text = question.partition(" ")
    pairs = dict(pair.split("=", 1) for pair in f"{text};{switches}".strip(";").split(";"))
    prop, configuration = find(code), ";".join(f"{name}={value}" for name, value in pairs.items())
    return Asked(prop, configuration, check(prop, parse(configuration)).result)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that says one thing: a claim and what became of it, or a question and its answer.

    Attributes:
        sentence: the claim or the answer in a sentence, for the first page.
        heads: what is said of fixes after which the answer is safe, and of the others.
        source: who makes the claim or asks, and where.
        answer: the verdict on the claim, or the answer, in words.
        rows: the questions that it rests on.
        drawn: the row whose run is drawn, and the one under which that run stops.
        left_out: what the page does not show.
        since: the day from which it is claimed here, and what was said before, if anything.
        decided: what a rule says of single values, where that is part of the answer.
        matrix: what an adversary does against parts that fail, likewise.
    """

    name: str
    title: str
    sentence: str
    source: str
    answer: str
    rows: tuple[Varied, ...]
    drawn: Varied
    under: Varied
    left_out: tuple[str, ...]
    since: str
    decided: Decided | None
    matrix: Failing | None
    heads: tuple[str, str]

    def fixes(self) -> Iterator[tuple[str, str]]:
        """What stops it and what does not, by what the rows are expected to answer."""
        for head, stopped in zip(self.heads, (True, False), strict=True):
            named = [row.fix for row in self.rows if row.fix and (row.asked.expected == "safe") == stopped]
            if named:
                yield head, "; ".join(named)


@dataclass(frozen=True, slots=True)
class CitedDraft:
    """An Internet-Draft that is cited, which version was read, and what is known of its state."""

    name: str
    read: str
    state: str


@dataclass(frozen=True, slots=True)
class First:
    """What the first page leads to, in its order."""

    date: datetime.date
    results: tuple[Page, ...]
    questions: tuple[Page, ...]
    others: tuple[str, ...]
    drafts: tuple[CitedDraft, ...]


@cache
def first() -> First:
    """The first page."""
    stated = _read("first")
    return First(
        stated["date"],
        tuple(_page(name) for name in stated["results"]),
        tuple(_page(name) for name in stated["questions"]),
        tuple(stated["others"]),
        tuple(CitedDraft(**draft) for draft in stated["drafts"]),
    )


def pages() -> dict[str, Page]:
    """The pages that say one thing, by name: results, then questions."""
    return {page.name: page for page in (*first().results, *first().questions)}


def page(name: str) -> Page:
    """One of them (raises UnknownPageError)."""
    if name not in pages():
        raise UnknownPageError(f"no page {name!r}{hint(name, pages())}")
    return pages()[name]


def text(name: str) -> str:
    """A page as it is stored, in Markdown."""
    return _FOLDER.joinpath(f"{name}.md").read_text(encoding="utf-8")


def answered(about: Page) -> list[tuple[Varied, Verdict]]:
    """The verdicts that a page rests on, as they are."""
    return [(row, ask(row.asked, PATIENCE)) for row in about.rows]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(_FOLDER.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _page(name: str) -> Page:
    stated = _read(name)
    counted = {key: _deployed(text) for key, text in stated.get("counts", {}).items()}
    rows = tuple(Varied(row["varied"], read_asked(row["asked"]), row.get("fix", "")) for row in stated["rows"])
    drawn, under = (next(row for row in rows if row.varied == stated[key]) for key in ("drawn", "under"))
    decided = stated.get("decided")
    return Page(
        name,
        stated["title"],
        stated["sentence"].format(**counted),
        stated["source"].format(**counted),
        stated["answer"].format(**counted),
        rows,
        drawn,
        under,
        tuple(stated["left_out"]),
        stated["since"],
        Decided(**decided) if decided else None,
        Failing(**stated["matrix"]) if "matrix" in stated else None,
        tuple(stated.get("heads", ("Stopped by", "Not stopped by"))),
    )


def _deployed(text: str) -> int:
    """How many of the deployed clients have these switches so."""
    wanted = parse_switches(text).items()
    return sum(all(client.design[name] == value for name, value in wanted) for client in clients().values())
