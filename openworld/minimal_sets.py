"""Minimal sufficient sets of mechanisms, asked and shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from model.errors import hint
from model.model import Model, oauth
from model.named_designs import DEPLOYMENTS
from model.switches import ConfigurationError
from model.world_file import find_world
from properties.designs import MECHANISMS, Answers, Lattice, Mechanisms, breaking, left_out
from properties.monotone import Names
from properties.security import find


@dataclass(frozen=True, slots=True)
class SetsAsked:
    """One question to the lattice, as the command line puts it."""

    properties: tuple[str, ...]
    capabilities: frozenset[str]
    fixed: dict[str, str]
    any_environment: bool
    without: tuple[str, ...]
    usable: bool
    world: str = ""
    model: Model = oauth()


@dataclass(frozen=True, slots=True)
class SetsFound:
    """The answer, and which minimal sets make each deployment unusable (empty if that was not asked)."""

    answers: Answers
    breaking: dict[str, tuple[Mechanisms, ...]]

    def frontier(self, found: Mechanisms) -> dict[str, tuple[Mechanisms, ...]]:
        """For each deployment in which a set can be part of a usable design: what such a design does without."""
        return {name: without for name, sets in self.breaking.items() if (without := left_out(found, sets))}


class ToldLattice(Lattice):
    """A lattice of mechanisms whose sets are reported as they are found."""

    told: Callable[[str], None] = staticmethod(lambda _: None)

    def _marco(self) -> Iterator[tuple[Names, bool]]:
        for found, enough in super()._marco():
            lacking = ", ".join(name for name in self.names if name not in found)
            self.told(f"enough: {', '.join(sorted(found))}" if enough else f"an attack without {lacking}")
            yield found, enough


def ask(asked: SetsAsked, told: Callable[[str], None] = lambda _: None) -> SetsFound:
    """Enumerate; ``told`` is called with each set as it is found.

    Raises:
        ConfigurationError, WorldError: a mechanism, a party or a world that does not exist.
    """
    for name in asked.without:
        if name not in MECHANISMS:
            raise ConfigurationError(f"unknown mechanism {name!r}{hint(name, MECHANISMS)}")
    mechanisms = {
        name: positions
        for name, positions in MECHANISMS.items()
        if name not in asked.without and positions[0] not in asked.fixed
    }
    absent = {switch: without for switch, without, _ in (MECHANISMS[name] for name in asked.without)}
    world = find_world(asked.world, asked.model) if asked.world else None
    lattice = ToldLattice(
        asked.properties,
        asked.capabilities,
        {**absent, **asked.fixed},
        asked.any_environment,
        mechanisms,
        world,
        asked.model,
    )
    lattice.told = told
    unusable = (
        {name: breaking(environment, model=asked.model) for name, environment in DEPLOYMENTS.items()}
        if asked.usable
        else {}
    )
    return SetsFound(lattice.enumerate(), unusable)


def as_data(asked: SetsAsked, found: SetsFound) -> dict[str, Any]:
    """The answer as data."""
    answers = found.answers
    return {
        "properties": list(asked.properties),
        "against": sorted(asked.capabilities),
        "mechanisms": {name: {"switch": s, "without": a, "with": b} for name, (s, a, b) in MECHANISMS.items()},
        "sufficient": [
            {"mechanisms": sorted(each), **(_usable_in(found, each) if asked.usable else {})}
            for each in answers.sufficient
        ],
        "insufficient": [sorted(each) for each in answers.insufficient],
        "unusable_with": {name: [sorted(each) for each in sets] for name, sets in found.breaking.items()},
        "not_in_this_world": list(answers.not_in_this_world),
        "questions": answers.questions,
    }


def _usable_in(found: SetsFound, mechanisms: Mechanisms) -> dict[str, dict[str, list[list[str]]]]:
    frontier = found.frontier(mechanisms)
    return {"usable_in": {name: [sorted(each) for each in without] for name, without in frontier.items()}}


def _frontier_lines(frontier: dict[str, tuple[Mechanisms, ...]]) -> Iterator[str]:
    """Where a set is usable, and what a design with it must then do without."""
    whatever = [name for name, without in frontier.items() if without == (frozenset(),)]
    yield f"usable in: {', '.join(frontier) or 'none of the deployments'}"
    for name, without in frontier.items():
        if name not in whatever:
            yield f"  in {name} without {' or without '.join(', '.join(sorted(each)) for each in without)}"


def _nothing_needed(asked: SetsAsked, answers: Answers) -> str:
    if set(answers.not_in_this_world) == {find(name, asked.model).name for name in asked.properties}:
        return "(not in this world: no mechanism is needed because nothing here can violate it)"
    return "(nothing is needed)"


def lines(asked: SetsAsked, found: SetsFound) -> Iterator[str]:
    """The answer in words."""
    answers = found.answers
    count = len(MECHANISMS) - len(asked.without)
    yield f"{2**count:,} designs of {count} mechanisms, {answers.questions} questions to the solver"
    yield f"minimal sets that suffice for {', '.join(asked.properties)}: {len(answers.sufficient)}"
    for each in answers.sufficient:
        yield f"  {', '.join(sorted(each)) or _nothing_needed(asked, answers)}"
        if asked.usable:
            yield from (f"      {line}" for line in _frontier_lines(found.frontier(each)))
    if answers.not_in_this_world:
        yield f"not in this world, whatever mechanisms are on: {', '.join(answers.not_in_this_world)}"
    yield f"maximal sets that still leave an attack: {len(answers.insufficient)}; each lacks"
    for each in answers.insufficient:
        lacking = sorted(name for name in MECHANISMS if name not in each and name not in asked.without)
        yield f"  {', '.join(lacking) or 'nothing: no mechanism closes it'}"
    for name, sets in found.breaking.items():
        broken = "; ".join(" + ".join(sorted(each)) for each in sets)
        yield f"not usable in {name} with: {broken or 'nothing rules it out'}"
