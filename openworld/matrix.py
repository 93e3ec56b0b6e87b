"""The matrix of a study: named designs against attackers, on every property."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from model.design import parse
from model.model import Model, oauth
from openworld.jobs import CellAnswer, answers_once
from properties.attackers import Attacker, every_attacker
from properties.security import Property, every_property


class MatrixCell(NamedTuple):
    """One cell of the matrix."""

    design: str
    attacker: str
    capabilities: str
    prop: Property
    model: Model = oauth()

    @property
    def configuration(self) -> str:
        """As the command line takes it."""
        return f"design={self.design};cap={self.capabilities}"

    @property
    def key(self) -> tuple[str, str]:
        """What the verdict depends on; a utility property is about honest parties alone."""
        configuration = parse(self.configuration, self.model)
        honest = replace(configuration, capabilities=frozenset())
        return self.prop.name, str(honest if self.prop.kind == "utility" else configuration)

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"{self.design}--{self.attacker}--{self.prop.name}"


def cases(
    designs: Iterable[str] | None = None, attackers: Mapping[str, Attacker] | None = None, model: Model = oauth()
) -> list[MatrixCell]:
    """All cells of the matrix; of all named designs, or attackers, if none are given."""
    return [
        MatrixCell(design, attacker, who.capabilities, prop, model)
        for design in (model.designs if designs is None else designs)
        for attacker, who in (every_attacker(model) if attackers is None else attackers).items()
        for prop in every_property(model).values()
    ]


def judged(
    asked: list[MatrixCell], workers: int, timeout: float | None = None, model: Model = oauth()
) -> Generator[tuple[MatrixCell, CellAnswer]]:
    """Every case with its answer, in order, as they come in."""
    return answers_once(asked, workers, timeout, by_design=True, model=model)


def row(case: MatrixCell, data: dict[str, Any]) -> dict[str, Any]:
    """A verdict as a row of the table."""
    return {
        "design": case.design,
        "attacker": case.attacker,
        "capabilities": case.capabilities,
        "code": case.prop.code,
        "property": case.prop.name,
        "kind": case.prop.kind,
        "verdict": data["verdict"],
        "reason": data["reason"],
        "reach": data["reach"],
        "steps": data["steps"],
        "blocked_by": data["blocked_by"],
        "chart": "",
        "configuration": case.configuration,
    }
