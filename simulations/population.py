"""Who is out there: distributions over deployments, each with its provenance.

A population is a TOML file (in ``data/populations``; :mod:`simulations.population_schema` says what it may hold):

* ``numbers``;
* ``factors`` that every attempt draws for itself. A factor named after a switch of the model gives that switch a
  value; ``place`` says where the agent is sent; a factor with a ``table`` draws a row and gives each of its
  ``columns`` a value;
* ``clients``, the versions that are out there, for questions in which no design says what clients do;
* ``traits`` of resource servers that are no switches, read by :mod:`simulations.topology`;
* ``adoption``, how the share of a switch's value grows with the years.

``extends`` names the population that speaks where the file is silent. Whatever a file states carries ``source`` and
``confidence``, or says ``swept = true``: nobody measured it, so it is a parameter.
"""

from __future__ import annotations

import csv
import math
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from model.design import ConfigurationError, check_switch
from model.switches import SWITCHES
from simulations.population_schema import CONFIDENCE, LATENCIES, NUMBERS, TRAITS, PopulationError, check, flat, missing

__all__ = [
    "CONFIDENCE", "LATENCIES", "NUMBERS", "TRAITS", "Adoption", "Category", "Factor", "Number", "Population",
    "PopulationError", "Provenance", "load", "populations", "read",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a number comes from: a source and how far to trust it, or nowhere (``swept``)."""

    swept: bool
    source: str
    confidence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a population and where it comes from."""

    value: float
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Category:
    """One thing a factor can come out as, what that means for the model's switches, and how often it does."""

    name: str
    settings: tuple[tuple[str, str], ...]
    share: float


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that every attempt draws for itself; its name is the purpose of the draw.

    Attributes:
        categories: what it can come out as.
        detailed: the same with switches that only matter where servers are drawn one by one (``also``). They
            refine the categories in order, so one draw falls into a category and into a refinement of it.
    """

    name: str
    categories: tuple[Category, ...]
    provenance: Provenance
    detailed: tuple[Category, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """How often each category comes out."""
        return tuple(category.share for category in self.categories)

    @property
    def refined(self) -> tuple[Category, ...]:
        """The categories in as much detail as there is."""
        return self.detailed or self.categories


@dataclass(frozen=True, slots=True)
class Adoption:
    """How the share of a switch's value grows; the rest has the value ``instead``.

    Attributes:
        years: when, as a decimal year, in order.
        shares: how many then; straight lines between, constant before and after.
    """

    switch: str
    value: str
    instead: str
    years: tuple[float, ...]
    shares: tuple[float, ...]
    provenance: Provenance

    def share(self, year: float) -> float:
        """The share at a time."""
        after = bisect_right(self.years, year)
        if after in (0, len(self.years)):
            return self.shares[min(after, len(self.years) - 1)]
        start, end = self.years[after - 1 : after + 1]
        low, high = self.shares[after - 1 : after + 1]
        return low + (high - low) * (year - start) / (end - start)


class Stated(NamedTuple):
    """One statement of a population, as tables show it.

    ``value`` is a number, the shares by category, or those by year; ``text`` is the same in words.
    """

    kind: str
    name: str
    value: float | dict[str, float]
    meaning: str
    provenance: Provenance

    @property
    def text(self) -> str:
        """The value in words."""
        if isinstance(self.value, dict):
            return ", ".join(f"{name} {share:.4g}" for name, share in self.value.items())
        return f"{self.value:.10g}"


@dataclass(frozen=True, slots=True)
class Population:
    """Who is out there.

    Attributes:
        name: as tables and figures name it.
        about: what it stands for, and what it does not.
        numbers: the keys of :data:`NUMBERS`.
        places: where agents are sent; its categories are the keys of :data:`simulations.visits.PLACES`.
        factors: the environment; where two set one switch, the later one does.
        clients: the client versions that are out there, as switches, or None where the file does not say.
        traits: the keys of :data:`TRAITS`; what is not stated is the plain thing.
        adoption: how switches change with the years.
    """

    name: str
    about: str
    numbers: Mapping[str, Number]
    places: Factor
    factors: tuple[Factor, ...]
    clients: Factor | None = None
    traits: tuple[Factor, ...] = ()
    adoption: tuple[Adoption, ...] = ()

    def number(self, name: str) -> float:
        """The value of a number."""
        return self.numbers[name].value

    def trait(self, name: str) -> Factor:
        """A trait of resource servers; where the population is silent, all have the plain value."""
        plain = Factor(name, (Category(TRAITS[name].values[0], (), 1.0),), Provenance(True, "", "", "not stated"))
        return next((trait for trait in self.traits if trait.name == name), plain)

    @property
    def switches(self) -> frozenset[str]:
        """The switches that the environment decides; a design has no say in them."""
        return frozenset(name for factor in self.factors for kind in factor.categories for name, _ in kind.settings)

    def deployed(self) -> Population:
        """The same population with clients as they are deployed: drawn like all else, whatever a design says.

        Raises:
            PopulationError: the population does not say which clients are out there.
        """
        if self.clients is None:
            raise PopulationError(f"population {self.name!r} does not say which clients are deployed (table 'clients')")
        return replace(self, factors=(*self.factors, self.clients))

    def at(self, year: float) -> Population:
        """The same population at a time (a decimal year), with as much adopted as its curves say."""
        aged = self
        for curve in self.adoption:
            share = curve.share(year)
            aged = aged.with_shares(curve.switch, {curve.value: share, curve.instead: 1 - share})
        return aged

    def with_shares(self, name: str, shares: Mapping[str, float]) -> Population:
        """The same population with other shares for a switch or for ``place``: a point of a sweep.

        Raises:
            PopulationError: naming the factor, category or sum that is wrong.
        """
        stated = {"shares": dict(shares), "swept": True}
        check(self.name, {"about": self.about, "extends": self.name, "factors": {name: stated}})
        swept = _factor(f"{self.name}: factor {name!r}", name, stated)
        if name == "place":
            return replace(self, places=swept)
        return replace(self, factors=(*(factor for factor in self.factors if factor.name != name), swept))

    def with_numbers(self, **values: float) -> Population:
        """The same population with other numbers; ``latency_token`` stands for ``latency.token``.

        Raises:
            PopulationError: an unknown number, or one outside what it can be.
        """
        spelled = {name.replace(".", "_"): name for name in NUMBERS}
        changed = dict(self.numbers)
        for key, value in values.items():
            group, dot, inner = (name := spelled.get(key, key)).partition(".")
            stated = {"value": value, "swept": True}
            numbers = {group: {inner: stated}} if dot else {name: stated}
            check(self.name, {"about": self.about, "extends": self.name, "numbers": numbers})
            changed[name] = _number(self.name, name, stated)
        return replace(self, numbers=changed)

    def stated(self) -> tuple[Stated, ...]:
        """Everything that the population states, with where it comes from."""
        factors = [("factors", factor) for factor in (self.places, *self.factors)]
        clients = [] if self.clients is None else [("clients", self.clients)]
        traits = [("traits", trait) for trait in self.traits]
        return (
            *(Stated("numbers", name, number.value, NUMBERS[name].meaning, number.provenance)
              for name, number in self.numbers.items()),
            *(Stated(kind, factor.name, {category.name: category.share for category in factor.refined},
                     _meaning(factor), factor.provenance)
              for kind, factor in (*factors, *clients, *traits)),
            *(Stated("adoption", curve.switch, dict(zip(map("{:g}".format, curve.years), curve.shares, strict=True)),
                     f"{curve.value} instead of {curve.instead}: {SWITCHES[curve.switch].meaning}", curve.provenance)
              for curve in self.adoption),
        )  # fmt: skip


# --- files -------------------------------------------------------------------------------------------------


def populations() -> tuple[str, ...]:
    """The names of the populations that come with the package."""
    return tuple(sorted(Path(item.name).stem for item in _data("populations").iterdir() if item.name.endswith(".toml")))


def load(name: str | Path) -> Population:
    """A population by its name or by the path of its file.

    Raises:
        PopulationError: unknown, unreadable, or wrong in a way that the message names.
    """
    return _population(_name(name), _content(name, ()))


def read(text: str, name: str) -> Population:
    """A population from the text of its file.

    Raises:
        PopulationError: not TOML, or wrong in a way that the message names.
    """
    return _population(name, _extended(_parsed(text, name), name, Path(), (name,)))


def _meaning(factor: Factor) -> str:
    """What a factor decides, in words."""
    if factor.name in TRAITS:
        return TRAITS[factor.name].meaning
    if factor.name in SWITCHES:
        return SWITCHES[factor.name].meaning
    columns = "/".join(name for name, _ in factor.refined[0].settings)
    return columns or "where agents are sent"


def _name(name: str | Path) -> str:
    return Path(name).stem if _is_file(name) else str(name)


def _is_file(name: str | Path) -> bool:
    return Path(name).suffix == ".toml"


def _content(name: str | Path, among: tuple[str, ...], folder: Path = Path()) -> dict[str, Any]:
    """What a population's file states, checked, and what those state that it extends."""
    if not _is_file(name):
        if str(name) not in populations():
            known = ", ".join(populations())
            raise PopulationError(f"unknown population {str(name)!r}; allowed: {known}, or the path of a .toml file")
        text, where, key = _data("populations", f"{name}.toml").read_text(encoding="utf-8"), str(name), str(name)
    else:
        path = folder / name
        where, key, folder = path.stem, str(path.resolve()), path.parent
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PopulationError(f"cannot read population {path}: {error}") from None
    if key in among:
        raise PopulationError(f"{where}: extends itself ({' -> '.join((*among, key))})")
    return _extended(_parsed(text, where), where, folder, (*among, key))


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PopulationError(f"{where}: not a TOML file: {error}") from None
    check(where, content)
    return content


def _extended(content: dict[str, Any], where: str, folder: Path, among: tuple[str, ...]) -> dict[str, Any]:
    if "extends" not in content:
        return content
    base = _content(content["extends"], among, folder)
    numbers = dict(base["numbers"])
    for key, value in content.get("numbers", {}).items():
        numbers[key] = {**numbers.get(key, {}), **value} if "value" not in value else value
    merged = {key: {**base.get(key, {}), **content.get(key, {})} for key in ("factors", "traits", "adoption")}
    return {**base, **content, "numbers": numbers, **merged}


def _population(name: str, content: Mapping[str, Any]) -> Population:
    numbers = {key: _number(name, key, value) for key, value in flat(content["numbers"])}
    if absent := missing(numbers):
        raise PopulationError(f"{name}: number {absent!r} is missing ({NUMBERS[absent].meaning})")
    if "place" not in content["factors"]:
        raise PopulationError(f"{name}: factor 'place' is missing (where agents are sent)")
    factors = [_factor(f"{name}: factor {key!r}", key, value) for key, value in content["factors"].items()]
    clients = content.get("clients")
    return Population(
        name,
        content["about"],
        numbers,
        next(factor for factor in factors if factor.name == "place"),
        tuple(factor for factor in factors if factor.name != "place"),
        None if clients is None else _factor(f"{name}: clients", "client", clients),
        tuple(_factor(f"{name}: trait {key!r}", key, value) for key, value in content.get("traits", {}).items()),
        tuple(_adoption(name, key, value) for key, value in content.get("adoption", {}).items()),
    )


# --- what the schema cannot say ----------------------------------------------------------------------------


def _data(*parts: str) -> Traversable:
    return files("simulations").joinpath("data", *parts)


def _provenance(stated: Mapping[str, Any]) -> Provenance:
    return Provenance(
        stated.get("swept", False), stated.get("source", ""), stated.get("confidence", ""), stated.get("note", "")
    )


def _number(where: str, name: str, stated: Mapping[str, Any]) -> Number:
    value = float(stated["value"])
    if not math.isfinite(value):
        raise PopulationError(f"{where}: number {name!r}: must be finite, found {value}")
    return Number(value, _provenance(stated))


def _factor(where: str, name: str, stated: Mapping[str, Any]) -> Factor:
    provenance = _provenance(stated)
    if "table" in stated:
        columns, also = stated["columns"], stated.get("also", [])
        made = _rows(where, stated["table"], columns)
        return Factor(name, made, provenance, _rows(where, stated["table"], columns + also) if also else ())
    shares = stated["shares"]
    if abs((total := math.fsum(shares.values())) - 1) > 1e-9:
        raise PopulationError(f"{where}: shares must add up to 1, found {total:g}")
    is_switch = name in SWITCHES
    return Factor(
        name,
        tuple(Category(key, ((name, key),) if is_switch else (), float(share)) for key, share in shares.items()),
        provenance,
    )


def _adoption(where: str, switch: str, stated: Mapping[str, Any]) -> Adoption:
    years, shares = tuple(map(float, stated["years"])), tuple(map(float, stated["shares"]))
    where = f"{where}: adoption of {switch!r}"
    if len(years) != len(shares):
        raise PopulationError(f"{where}: {len(years)} years need as many shares, found {len(shares)}")
    if any(not before < after for before, after in pairwise(years)):
        raise PopulationError(f"{where}: years must grow, found {', '.join(f'{year:g}' for year in years)}")
    if stated["value"] == stated["instead"]:
        raise PopulationError(f"{where}: value and instead are both {stated['value']!r}")
    return Adoption(switch, stated["value"], stated["instead"], years, shares, _provenance(stated))


def _rows(where: str, table: str, columns: list[str]) -> tuple[Category, ...]:
    """The rows of a table by what they set: every product counts the same, its rows share out its weight."""
    source = _data(table)
    if Path(table).name != table or not source.is_file():
        raise PopulationError(f"{where}: no table {table!r} in simulations/data")
    lines = source.read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["expressible"] == "yes"]
    for column in columns:
        if column not in rows[0]:
            allowed = ", ".join(name for name in rows[0] if name in SWITCHES)
            raise PopulationError(f"{where}: {table} has no switch {column!r}; allowed: {allowed}")
    products = [row["product"] for row in rows]
    weighted = sorted(
        (tuple((name, _value(where, name, row[name])) for name in columns), 1 / products.count(row["product"]))
        for row in rows
    )
    return tuple(
        Category("/".join(value for _, value in settings), settings, math.fsum(w for _, w in same) / len(set(products)))
        for settings, same in groupby(weighted, key=lambda item: item[0])
    )


def _value(where: str, name: str, value: str) -> str:
    try:
        return check_switch(name, value)
    except ConfigurationError as error:
        raise PopulationError(f"{where}: {error}") from None
