"""What each draft buys: the published state without it and with it, in every environment, by what it leaves open.

Who adopts it does what it leaves to mechanisms; the rest is as published (``design=prm_cimd``), and what it asks of a
deployment is as the environment has it: each column says whether servers have adopted it as well.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from functools import partial
from itertools import groupby
from typing import Any

from model.design import Configuration, Design, parse, parse_capabilities
from model.drafts import DRAFTS
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from openworld.environments import MET
from properties.checker import Checker
from properties.results import Result, happens
from properties.security import every_property
from simulations.processes import in_order

#: Who attacks, each by himself: whom an agent may meet, who reads the way back, who gets at the tokens that a client
#: holds, and who gets at its requests, proofs and all.
AGAINST = (MET, "code_leak", "token_leak", "token_leak+proof_leak")
#: What has to be reached for a design to be of use.
USE = "first_contact"
_PUBLISHED = "design=prm_cimd"


def judged(
    drafts: Iterable[str],
    environments: Iterable[str],
    workers: int,
    timeout: float | None = None,
    model: Model = oauth(),
    against: Iterable[str] | None = None,
) -> Generator[list[dict[str, Any]]]:
    """The rows of each environment, one for each draft, in their order, as they come in."""
    judge = partial(_of_environment, against=tuple(against or AGAINST), timeout=timeout, model=model)
    names, every = list(environments), list(drafts)
    # Where there are fewer environments than workers, several share one.
    size = max(1, -(-len(every) // max(1, workers // max(1, len(names)))))
    parts = [(name, tuple(every[start : start + size])) for name in names for start in range(0, len(every), size)]
    with closing(in_order(judge, parts, workers)) as made:
        for _, lots in groupby(zip(parts, made, strict=True), key=lambda pair: pair[0][0]):
            yield [row for _, lot in lots for row in lot]


def _of_environment(
    part: tuple[str, tuple[str, ...]], against: tuple[str, ...], timeout: float | None, model: Model
) -> list[dict[str, Any]]:
    """A row for each draft; designs that several of them have before or after are asked about once."""
    name, drafts = part
    checker, known = Checker(timeout=timeout, by_design=True), dict[Design, dict[str, Result]]()

    published = parse(_PUBLISHED, model).design

    def results(text: dict[str, str]) -> tuple[Design, dict[str, Result]]:
        design = published.but(**{**DEPLOYMENTS[name], **text})
        if design not in known:
            known[design] = _results(checker, design, against)
        return design, known[design]

    rows = []
    for draft in drafts:
        chosen = [each for each in DRAFTS[draft].obligations if model.switches[each.switch].kind == "mechanism"]
        switched = {each.switch: each.value for each in chosen}
        first, before = results({each.switch: each.without for each in chosen if each.without})
        second, after = results(switched)
        rows.append(
            {
                "draft": draft,
                "source": DRAFTS[draft].source,
                "switches": ";".join(f"{key}={value}" for key, value in switched.items()),
                "environment": name,
                **_compared(before, after),
                "of_use_before": before[USE],
                "of_use_after": after[USE],
                "first": _text(first),
                "second": _text(second),
                "against": ", ".join(against),
            }
        )
    return rows


def _results(checker: Checker, design: Design, against: tuple[str, ...]) -> dict[str, Result]:
    """How each security property fares against each attacker, and whether the design is of use."""
    found = {
        f"{prop.name} {attacker}": checker.result(prop, Configuration(design, parse_capabilities(attacker)))
        for attacker in against
        for prop in every_property(design.model).values()
        if prop.kind == "security"
    }
    return found | {USE: checker.result(USE, Configuration(design, frozenset()))}


def _compared(before: dict[str, Result], after: dict[str, Result]) -> dict[str, int]:
    """What is violated before and after, of all that could be in both, and what became of either.

    Where one of the two is not known, neither is counted: of everything there may be as many more as are undecided.
    """
    both = [
        (first, after[asked])
        for asked, first in before.items()
        if asked != USE and "not_in_this_world" not in (first, after[asked])
    ]
    violated = [tuple(happens(each, unknown=False) for each in pair) for pair in both if "unknown" not in pair]
    return {
        "before": sum(first for first, _ in violated),
        "after": sum(second for _, second in violated),
        "stopped": violated.count((True, False)),
        "opened": violated.count((False, True)),
        "undecided": len(both) - len(violated),
    }


def _text(design: Design) -> str:
    return str(Configuration(design, frozenset())).removeprefix("cap=none").removeprefix(";")
