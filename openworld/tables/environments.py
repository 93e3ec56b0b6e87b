"""Every named design in every environment: as kind as can be, as products have it, and whatever others do.

The attacker runs whatever an agent may meet: an authorization server, a resource server, a tenant of a shared host.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from model.design import Configuration, named_switches, parse
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from openworld.plan import DESIGNS, Selection, StudyPlan
from openworld.study_tables import ANSWER, NAME, STEPS, TEXT, VERDICT, Shape
from openworld.tables.table import Lot, Made, Rows, Section, Study, StudyTable, signed
from openworld.weakest import SAID, read, spoken, written
from properties.assume import Assumptions
from properties.checker import Checker
from properties.monotone import NoAnswerError
from properties.results import happens, today
from properties.security import Property, every_property, find
from simulations.processes import in_order

#: Whom an agent may meet.
MET = "mal_as+mal_rs+mal_tenant"


def judged(
    designs: list[str], properties: list[str], workers: int, timeout: float | None = None, model: Model = oauth()
) -> Generator[list[dict[str, Any]]]:
    """The rows of each design, in their order, as they come in."""
    yield from in_order(partial(of_design, properties=properties, timeout=timeout, model=model), designs, workers)


def of_design(
    name: str, properties: list[str], timeout: float | None = None, model: Model = oauth()
) -> list[dict[str, Any]]:
    """A row for each of these properties that its protocol defines."""
    configuration = parse(f"design={name};cap={MET}", model)
    kind, products = (Checker(timeout=timeout, by_design=True) for _ in range(2))
    named = named_switches(f"design={name}", model)
    honest = replace(configuration, capabilities=frozenset())
    defined = [
        prop for prop in (find(each, model) for each in properties) if prop.defined(prop.world_of(configuration))
    ]
    security = [prop for prop in defined if prop.kind == "security"]
    asked = {"security": Assumptions(security, configuration, named, timeout=timeout)}
    rows = []
    for prop in defined:
        about = configuration if prop.kind == "security" else honest
        whatever = asked.get(prop.kind) or Assumptions([prop], honest, named, timeout=timeout)
        rows.append(
            {
                "design": name,
                "code": prop.code,
                "property": prop.name,
                "kind": prop.kind,
                **_judged(kind, prop, about, ("verdict", "steps")),
                **_judged(products, prop, _in_products(about, named), ("products", "products_steps")),
                **_whatever(whatever, prop),
                "configuration": str(about),
            }
        )
    return rows


def _judged(checker: Checker, prop: Property, about: Configuration, names: tuple[str, str]) -> dict[str, Any]:
    result: str = checker.result(prop, about)
    # Only runs have a length; why there is none is not told here, and costs most.
    steps = checker.verdict(prop, about).steps if happens(result, unknown=False) else None
    return dict(zip(names, (result, steps), strict=True))


def _in_products(about: Configuration, named: frozenset[str]) -> Configuration:
    changes = {name: value for name, value in DEPLOYMENTS["products"].items() if name not in named}
    return replace(about, design=about.design.but(**changes))


def _whatever(asked: Assumptions, prop: Property) -> dict[str, str]:
    try:
        kind, sets, _ = read(prop, asked.weakest(prop), asked.configuration.model)
    except NoAnswerError:
        return {"whatever": "unknown", "assumptions": ""}
    utility = prop.kind == "utility"
    words = [written(each, utility) for each in sets] if kind == "if" else []
    return {"whatever": kind, "assumptions": (" & " if utility else " | ").join(words)}


# --- the page ----------------------------------------------------------------------------------------------

#: How a cell looks that depends on what others do: sign and class.
_WHATEVER_OTHERS_DO = {
    "always": ("✓", "safe"),
    "if": ("if", "some"),
    "not_in_this_world": ("–", "not_in_this_world"),
    "unknown": ("?", "unknown"),
}


def lines(rows: Iterable[dict[str, Any]], model: Model = oauth()) -> list[dict[str, Any]]:
    """A line for each design, with a cell for each property."""
    made: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = str(row["design"])
        line = made.setdefault(name, {"design": name, "meaning": model.notes.get(name, ("", ""))[0], "cells": {}})
        line["cells"][str(row["property"])] = cell(row)
    return list(made.values())


def cell(row: dict[str, Any]) -> dict[str, Any]:
    """What becomes of one property under one design, whatever others do or not."""
    kind, utility = str(row["kind"]), row["kind"] == "utility"
    as_it_is = signed(today(str(row["verdict"]), kind), row["steps"])
    products = signed(today(str(row["products"]), kind), row["products_steps"])
    sign, look = _WHATEVER_OTHERS_DO.get(str(row["whatever"]), (as_it_is[0], today(str(row["verdict"]), kind)))
    words = SAID[row["whatever"]][utility] if row["whatever"] in SAID else "undecided"
    # Sets of assumptions of which one is enough, or choices all of which have to be so.
    texts = map(str.strip, str(row["assumptions"]).split("&" if utility else "|"))
    sets = [(spoken(text), text) for text in texts if text]
    words += f" {'all' if utility else 'one'} of" if len(sets) > 1 else ""
    return {
        "code": row["code"],
        "property": row["property"],
        "sign": sign,
        "look": look,
        "word": f"{words}; with the kindest others {as_it_is[1]}, with those of products {products[1]}",
        "products": products[0] if products != as_it_is else "",
        "says": words,
        "sets": sets,
        "asked": row["configuration"],
    }


def _shown(study: Study) -> dict[str, Any]:
    rows = TABLE.rows(study)
    asked = {str(row["property"]): str(row["code"]) for row in rows}
    return {"environments": lines(rows, study.model), "asked": asked}


def _opens(study: Study) -> Iterator[str]:
    """How far guarantees reach."""
    looks = Counter(cell(row)["look"] for row in TABLE.rows(study))
    if looks:
        rest = looks.total() - looks["safe"] - looks["some"] - looks["attack"]
        left = f" The other {rest} do not apply there or were not decided." if rest else ""
        yield (
            f"Of {looks.total()} guarantees, each of one property under one design, {looks['safe']} hold whatever "
            f"honest others do. {looks['some']} hold only under assumptions about others that no design can make true "
            f"by itself, and {looks['attack']} fail however kind others are.{left}"
        )


# --- the table ---------------------------------------------------------------------------------------------

_TAKEN = Selection("properties", every_property, (), "properties that others may break")


def _made(plan: StudyPlan, _: Mapping[str, Rows], designs: list[str]) -> Made:
    yield from map(Lot, designs, judged(designs, plan.taken(_TAKEN), plan.workers, plan.timeout, plan.model))


TABLE = StudyTable(
    "environments",
    units=lambda plan: plan.designs if plan.taken(_TAKEN) else [],
    made=_made,
    cost=lambda _: 20.0,
    choices=(DESIGNS, _TAKEN),
    shape=Shape(("design", "property"), {
        "design": NAME, **ANSWER, "products": VERDICT, "products_steps": STEPS,
        "whatever": {"title": "answer", "enum": ["always", "if", "never", "not_in_this_world", "unknown"]},
        "assumptions": TEXT, "configuration": TEXT,
    }),
    parts=(Section(10, "others", "The open world itself", "The open world itself: what each design needs of others",
                "environments"),),
    shown=_shown,
    opens=_opens,
)  # fmt: skip
