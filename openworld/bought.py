"""What each draft buys: the published state without it and with it, in every environment, by what it leaves open.

Who adopts it does what it leaves to mechanisms; the rest is as published (``design=prm_cimd``), and what it asks of a
deployment is as the environment has it: each column says whether servers have adopted it as well.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import groupby
from typing import Any

from model.design import Configuration, Design, parse, parse_capabilities
from model.drafts import DRAFTS, Obligation
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
    """The rows of each environment, one for each draft, in their order, as they come in.

    A design that several of them have before or after is asked about once.
    """
    published, every = parse(_PUBLISHED, model).design, list(drafts)
    pairs = {
        (name, draft): tuple(
            published.but(**DEPLOYMENTS[name] | switches) for switches in (_without(draft, model), _with(draft, model))
        )
        for name in environments
        for draft in every
    }
    designs = list(dict.fromkeys(design for pair in pairs.values() for design in pair))
    who = tuple(against or AGAINST)
    known: dict[Design, dict[str, Result]] = {}
    with closing(in_order(partial(_results, against=who, timeout=timeout), designs, workers)) as made:
        for name, asked in groupby(pairs.items(), key=lambda item: item[0][0]):
            rows = []
            for (_, draft), pair in asked:
                for design in pair:
                    while design not in known:
                        known[designs[len(known)]] = next(made)
                rows.append(_row(name, draft, pair, [known[design] for design in pair], who))
            yield rows


def _with(draft: str, model: Model) -> dict[str, str]:
    """The switches of the mechanisms that a draft asks for."""
    return {each.switch: each.value for each in _asked(draft, model)}


def _without(draft: str, model: Model) -> dict[str, str]:
    """The same as a party has them that did not adopt it, where that is not as published."""
    return {each.switch: each.without for each in _asked(draft, model) if each.without}


def _asked(draft: str, model: Model) -> list[Obligation]:
    return [each for each in DRAFTS[draft].obligations if model.switches[each.switch].kind == "mechanism"]


def _row(
    name: str, draft: str, pair: Sequence[Design], found: Sequence[Mapping[str, Result]], against: Iterable[str]
) -> dict[str, Any]:
    """What a draft changes in an environment, from the results before and after."""
    before, after = found
    return {
        "draft": draft,
        "source": DRAFTS[draft].source,
        "switches": ";".join(f"{key}={value}" for key, value in _with(draft, pair[0].model).items()),
        "environment": name,
        **_compared(before, after),
        "of_use_before": before[USE],
        "of_use_after": after[USE],
        "first": _text(pair[0]),
        "second": _text(pair[1]),
        "against": ", ".join(against),
    }


def _results(design: Design, against: tuple[str, ...], timeout: float | None) -> dict[str, Result]:
    """How each security property fares against each attacker, and whether the design is of use."""
    checker = Checker(timeout=timeout, by_design=True)
    found = {
        f"{prop.name} {attacker}": checker.result(prop, Configuration(design, parse_capabilities(attacker)))
        for attacker in against
        for prop in every_property(design.model).values()
        if prop.kind == "security"
    }
    return found | {USE: checker.result(USE, Configuration(design, frozenset()))}


def _compared(before: Mapping[str, Result], after: Mapping[str, Result]) -> dict[str, int]:
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
