"""Answers to common questions: every property of every named design under every named attacker.

They are what :func:`properties.verdict.check` says, asked as a study asks them, many at once; ``reach`` may claim less
than there, as what many questions share is laid down less deep than what is laid down for one.
"""

from collections.abc import Generator, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from model.chart import chart, text
from model.design import Configuration, named_switches, parse
from model.model import Model
from openworld.show import ending
from openworld.site.answer import WORK, assumed, told
from properties.assume import Assumptions
from properties.checker import Checker
from properties.monotone import NoAnswerError
from properties.security import Property, every_property
from simulations.processes import in_order

#: By attacker's capabilities and property; what honest parties can do is under those of nobody.
Answers = dict[str, dict[str, dict[str, Any]]]


def precomputed(
    designs: list[str], attackers: Iterable[str], workers: int, model: Model
) -> Generator[tuple[str, dict[str, Any]]]:
    """The answers of each design, in their order, as they come in; attackers by their capabilities."""
    asked = in_order(partial(of_design, attackers=tuple(attackers), model=model), designs, workers)
    yield from zip(designs, asked, strict=True)


def of_design(design: str, attackers: tuple[str, ...], model: Model) -> dict[str, Any]:
    """The answers of one design; long texts apart, since many have the same run and reach, and the runs as data."""
    checker, texts, answers = Checker(by_design=True), dict[str, int](), Answers()
    runs: dict[str, dict[str, Any]] = {}
    for capabilities in attackers:
        configuration = f"design={design};cap={capabilities}"
        kind = "utility" if capabilities == "none" else "security"
        asked = [prop for prop in every_property(model).values() if kind == "utility" or prop.kind == kind]
        answers[capabilities] = {
            prop.name: _answer(checker, prop, parse(configuration, model), texts, runs.setdefault(capabilities, {}))
            for prop in asked
        }
        for name, weakest in _weakest(asked, configuration, model).items():
            answers[capabilities][name]["assumptions"] = weakest
    return {"answers": answers, "texts": list(texts), "runs": runs}


def _answer(
    checker: Checker, prop: Property, configuration: Configuration, texts: dict[str, int], runs: dict[str, Any]
) -> dict[str, Any]:
    found = checker.verdict(prop, configuration)
    apart = {"reach": found.reach}
    if found.trace is not None:
        runs[prop.name] = found.trace.to_json()
        # Attacker and design stand above the run, and the page has them anyway.
        apart["chart"] = text(chart(found.trace, ending(prop))).partition("\n\n")[2]
    return told(found) | {name: texts.setdefault(words, len(texts)) for name, words in apart.items()}


def _weakest(properties: list[Property], configuration: str, model: Model) -> dict[str, dict[str, Any]]:
    """The weakest assumptions of each property, where anybody knows."""
    found = {}
    about, named = parse(configuration, model), named_switches(configuration, model)
    honest = replace(about, capabilities=frozenset())
    security = [prop for prop in properties if prop.kind == "security"]
    together = Assumptions(security, about, named, work=WORK)
    for prop in properties:
        asked = together if prop.kind == "security" else Assumptions([prop], honest, named, work=WORK)
        try:
            found[prop.name] = assumed(asked, prop)
        except NoAnswerError:
            continue
    return found
