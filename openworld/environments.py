"""Every named design in every environment: as kind as can be, as products have it, and whatever others do.

The attacker runs whatever an agent may meet: an authorization server, a resource server, a tenant of a shared host.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import Any

from model.design import Configuration, named_switches, parse
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from openworld.weakest import read, written
from properties.assume import Assumptions
from properties.checker import Checker
from properties.monotone import NoAnswerError
from properties.results import happens
from properties.security import Property, find
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
