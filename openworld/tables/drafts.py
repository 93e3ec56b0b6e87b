"""What each draft buys: the published state without it and with it, in every environment, by what it leaves open.

Who adopts it does what it leaves to mechanisms; the rest is as published (``design=prm_cimd``), and what it asks of a
deployment is as the environment has it: each column says whether servers have adopted it as well.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from functools import lru_cache, partial
from itertools import groupby, product
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from model.design import Configuration, Design, parse, parse_capabilities
from model.drafts import DRAFTS, Obligation
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.words import worded
from openworld.colours import INK
from openworld.exhibit import Caption, Drawing, Exhibit, Source
from openworld.figures.labels import even
from openworld.figures.verdicts import cell, key, named
from openworld.plan import Selection, StudyPlan
from openworld.plotstyle import FILLS, style
from openworld.study_tables import COUNT, NAME, RUN, TEXT, VERDICT, Shape
from openworld.tables.environments import MET
from openworld.tables.table import Lot, Made, Rows, Section, StudyTable
from properties.checker import kept
from properties.results import Count, Result, happens
from properties.security import Property, every_property
from simulations.processes import in_order

#: Who attacks, each by himself: whom an agent may meet, who reads the way back, who gets at the tokens that a client
#: holds, and who gets at its requests, proofs and all.
AGAINST = (MET, "code_leak", "token_leak", "token_leak+proof_leak")
#: What has to be reached for a design to be of use.
USE = "first_contact"
_PUBLISHED = "design=prm_cimd"
#: What was asked of a design, with what was found.
Asked = Mapping[tuple[Property, Configuration], Result]


def judged(
    drafts: Iterable[str],
    environments: Iterable[str],
    workers: int,
    timeout: float | None = None,
    model: Model = oauth(),
    against: Iterable[str] | None = None,
) -> Generator[list[dict[str, Any]]]:
    """The rows of each environment, one for each draft, in their order, as they come in.

    What could not be lost at all is told apart from what is not lost where the other one loses it, or may.
    """
    published, every, who = parse(_PUBLISHED, model).design, list(drafts), tuple(against or AGAINST)
    sides = _without, _with
    pairs = [
        (name, draft, *(published.but(**DEPLOYMENTS[name] | side(draft, model)) for side in sides))
        for name in environments
        for draft in every
    ]
    with closing(in_order(partial(_row, against=who, timeout=timeout), pairs, workers)) as made:
        for _, rows in groupby(made, key=lambda row: row["environment"]):
            yield list(rows)


def _with(draft: str, model: Model) -> dict[str, str]:
    """The switches of the mechanisms that a draft asks for."""
    return {each.switch: each.value for each in _asked(draft, model)}


def _without(draft: str, model: Model) -> dict[str, str]:
    """The same as a party has them that did not adopt it, where that is not as published."""
    return {each.switch: each.without for each in _asked(draft, model) if each.without}


def _asked(draft: str, model: Model) -> list[Obligation]:
    return [each for each in DRAFTS[draft].obligations if model.switches[each.switch].kind == "mechanism"]


def _row(pair: tuple[str, str, Design, Design], against: tuple[str, ...], timeout: float | None) -> dict[str, Any]:
    """What a draft changes in an environment."""
    name, draft, *designs = pair
    (before, first), (after, second) = (results(design, against, timeout) for design in designs)
    return {
        "draft": draft,
        "source": DRAFTS[draft].source,
        "switches": ";".join(f"{key}={value}" for key, value in _with(draft, designs[0].model).items()),
        "environment": name,
        **_compared(before, after, timeout),
        "of_use_before": first,
        "of_use_after": second,
        "first": _text(designs[0]),
        "second": _text(designs[1]),
        "against": ", ".join(against),
    }


@lru_cache
def results(design: Design, against: tuple[str, ...], timeout: float | None) -> tuple[Asked, Result]:
    """How each security property fares against each attacker, where safe may be what could not be lost, and the use."""
    checker = kept(timeout, by_design=True)
    properties = [prop for prop in every_property(design.model).values() if prop.kind == "security"]
    attacked = [Configuration(design, parse_capabilities(attacker)) for attacker in against]
    # One attacker after the other, since what is laid down for one answers all about it.
    asked = {(prop, who): checker.result(prop, who, earned=False) for who, prop in product(attacked, properties)}
    return asked, checker.result(USE, Configuration(design, frozenset()))


def _compared(before: Asked, after: Asked, timeout: float | None) -> dict[str, int]:
    """What is violated before and after, of all that could be in both, and what became of either.

    Where one of the two is not known, neither is counted: of everything there may be as many more as are undecided.
    """
    pairs = zip(before.items(), after.items(), strict=True)
    differing = [(first, second) for first, second in pairs if not first[1] == second[1] == "safe"]
    checker, earned = kept(timeout, by_design=True), []
    for asked in zip(*differing, strict=True):
        earned.append([checker.result(*question) if found == "safe" else found for question, found in asked])
    both = [pair for pair in zip(*earned, strict=True) if "not_in_this_world" not in pair]
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


#: Letters on a line of a draft's words: on a phone the first column of cells is beside them.
_WIDE = 34
#: How a cell looks, by what becomes of it, and what that is called: face, writing, hatch.
_LOOKS = {
    "fewer": ("#9CC7E0", INK, ""), "same": ("#f0f0f0", "#555555", ""), "more": ("#EDA27E", INK, ""),
    "gained": ("#22506e", "#ffffff", ""), "lost": FILLS["not_reached"], "useless": FILLS["not_in_this_world"],
    "undecided": FILLS["unknown"],
}  # fmt: skip
_MEANT = {
    "fewer": "a → b  fewer attacks with it", "same": "a  as many with it", "more": "a → b  more attacks with it",
    "gained": "✗ → b  of use only with it", "lost": "a → ✗  of no use any more", "useless": "✗  of no use",
    "undecided": "?  not decided in the time given",
}  # fmt: skip


def bought(table: pd.DataFrame, title: str = "") -> Figure:
    """Drafts by environments: how many attacks there are before and after, and where honest parties do not get there.

    Args:
        table: ``draft``, ``source``, ``switches``, ``environment``, ``before``, ``after``, ``stopped``, ``opened`` as
            far as sure, ``undecided``, and as verdicts ``of_use_before`` and ``of_use_after``.
        title: what is asked.
    """
    drafts = table.drop_duplicates("draft")
    environments = list(dict.fromkeys(table["environment"]))
    with style():
        figure = Figure(figsize=(3.4 + 0.78 * len(environments), 2.0 + 0.42 * len(drafts)))
        axes = figure.add_subplot()
        used = set()
        for row in table.to_dict("records"):
            look, said = _cell(row)
            used.add(look)
            place = environments.index(row["environment"]), list(drafts["draft"]).index(row["draft"])
            cell(axes, place, _LOOKS[look], said, look not in ("same", "useless"), fontsize=9)
        named(
            axes,
            [even(worded("draft", name), _WIDE) for name in drafts["draft"]],
            list(drafts["source"]),
            [worded("deployment", each) for each in environments],
            environments,
        )
        key(axes, {words: _LOOKS[look] for look, words in _MEANT.items() if look in used}, environments)
        axes.set_title(title, loc="left", pad=14, weight="bold")
    return figure


def _cell(row: dict[Any, Any]) -> tuple[str, str]:
    """How a cell looks, and what stands in it."""
    use = [row[name] for name in ("of_use_before", "of_use_after")]
    first, second = (happens(each, unknown=False) for each in use)
    undecided = int(row["undecided"])
    before, after = (
        str(Count(int(row[name]), undecided)) if of_use else "?" if known == "unknown" else "✗"
        for name, of_use, known in zip(("before", "after"), (first, second), use, strict=True)
    )
    both = before if before == after else f"{before} → {after}"
    if "unknown" in use:
        return "undecided", both
    if first != second:
        return ("gained" if second else "lost"), both
    if not first:
        return "useless", both
    stopped, opened = (Count(int(row[name]), undecided) for name in ("stopped", "opened"))
    if opened.most < stopped.least:
        return "fewer", both
    if not (stopped.most or opened.most):
        return "same", both
    # One that is opened is more than before, however many are stopped elsewhere, unless those are more.
    return ("more" if opened.least and opened.least >= stopped.most else "undecided"), (
        f"{before} → {after}" if opened.least else both
    )


# --- the table ---------------------------------------------------------------------------------------------

#: The experiment that puts each draft to a population, whose figure stands beside this one.
_POPULATION = "each_draft"
_TITLE = "What each draft buys in each environment: attacks before and after"
_TAKEN = Selection("drafts", lambda _: DRAFTS)
_WHERE = Selection("environments", lambda _: DEPLOYMENTS, ("plain",), "environments that drafts are in")
_WHO = Selection("against", lambda _: AGAINST, AGAINST[:1], "attackers that drafts are put to")


def _made(plan: StudyPlan, _: Mapping[str, Rows], environments: list[str]) -> Made:
    found = judged(plan.taken(_TAKEN), environments, plan.workers, plan.timeout, plan.model, plan.taken(_WHO))
    yield from map(Lot, environments, found)


def _figures(_: StudyPlan) -> Iterator[Exhibit]:
    yield Exhibit(TABLE.name, "what drafts buy", _TITLE, drawn, True)


def drawn(source: Source) -> Drawing:
    """All drafts in all environments, as a figure."""
    table = TABLE.frame(source)
    table = source.most(
        table, "draft", (table["stopped"] + table["opened"] > 0) | (table["of_use_before"] != table["of_use_after"])
    )
    undecided = int((table[["of_use_before", "of_use_after"]] == "unknown").to_numpy().sum())
    attackers = str(table["against"].iloc[0])
    bound = "a bound token is of no use without its proof or key; " if "token_leak" in attackers else ""
    caption = Caption.exhaustive(
        "the published state (design=prm_cimd) without the draft and with it; an attack is a property "
        f"that is violated by an attacker, each counted by itself (cap={attackers}), where both designs could lose it; "
        f"{bound}of use is a design with which honest parties get from an unknown URL to an accepted request",
        f"{len(table)} pairs of designs",
        int(table["undecided"].sum()) + undecided,
    )
    return Drawing(bought(table, _TITLE), _TITLE, caption, table)


TABLE = StudyTable(
    "drafts",
    units=lambda plan: plan.taken(_WHERE),
    made=_made,
    cost=lambda plan: 2.0 * len(plan.taken(_TAKEN)) * len(plan.taken(_WHO)),
    choices=(_TAKEN, _WHERE, _WHO),
    shape=Shape(("draft", "environment"), {
        **dict.fromkeys(("draft", "source", "switches", "environment"), NAME),
        **dict.fromkeys(("before", "after", "stopped", "opened", "undecided"), COUNT),
        "of_use_before": VERDICT, "of_use_after": VERDICT, "first": TEXT, "second": TEXT, "against": TEXT, **RUN,
    }),
    figures=_figures,
    parts=(Section(20, "bought", "What drafts buy", "What each draft buys"),),
    shown=lambda study: {"pictures": study.named("drafts", f"{_POPULATION}-trade")},
)  # fmt: skip
