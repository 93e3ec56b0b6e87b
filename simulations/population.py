"""Who is out there: distributions over deployments, each with its provenance.

A population is a TOML file (in ``data/populations``): *numbers*, and *factors* that every attempt draws for
itself. A factor named after a switch of the model gives that switch a value; ``place`` says where the agent
is sent; a factor with a ``table`` draws a row and gives each of its ``columns`` a value. Whatever the file
states carries ``source`` and ``confidence``, or says ``swept = true``: nobody measured it, so it is a parameter.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby
from pathlib import Path
from typing import Any

from model.design import ConfigurationError, check_switch
from model.errors import InputError
from model.switches import SWITCHES
from simulations.visits import PLACES

CONFIDENCE = ("high", "medium", "low")

#: The numbers of a population, each with what it says and the least it can be.
NUMBERS: dict[str, tuple[str, float]] = {
    "agents": ("agents that share out the attempts", 1),
    "resources": ("resources that one agent goes back to", 1),
    "arrivals_per_second": ("attempts that start in a second, all agents together", 0.001),
    "metadata_lifetime": ("seconds for which a client uses resource metadata again", 0),
    "token_lifetime": ("seconds for which an access token is good", 0),
    "latency.challenge": ("median seconds: a request without a token and the challenge", 0),
    "latency.metadata": ("median seconds: fetching resource metadata", 0),
    "latency.server_metadata": ("median seconds: fetching AS metadata", 0),
    "latency.push": ("median seconds: pushing an authorization request", 0),
    "latency.consent": ("median seconds: the user logs in and approves", 0),
    "latency.token": ("median seconds: a token request", 0),
    "latency.request": ("median seconds: a request with a token", 0),
    "latency.attacker": ("median seconds until the attacker uses a token it got", 0),
    "latency.spread": ("spread of all latencies: sigma of the logarithm", 0),
}
LATENCIES = tuple(
    name.removeprefix("latency.") for name in NUMBERS if name.startswith("latency.") and name != "latency.spread"
)
#: Switches that are no matter of chance: time decides them.
TIMED = {"warm": "whether a client holds a token is what its cache says at that time"}


class PopulationError(InputError):
    """A population that cannot be used; one line naming the culprit and what is allowed."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a number comes from: a source and how far to trust it, or nowhere (``swept``)."""

    swept: bool
    source: str
    confidence: str


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
    """Something that every attempt draws for itself; its name is the purpose of the draw."""

    name: str
    categories: tuple[Category, ...]
    provenance: Provenance

    @property
    def shares(self) -> tuple[float, ...]:
        """How often each category comes out."""
        return tuple(category.share for category in self.categories)


@dataclass(frozen=True, slots=True)
class Population:
    """Who is out there.

    Attributes:
        name: as tables and figures name it.
        about: what it stands for, and what it does not.
        numbers: the keys of :data:`NUMBERS`.
        places: where agents are sent; its categories are the keys of :data:`simulations.visits.PLACES`.
        factors: the environment; where two set one switch, the later one does.
    """

    name: str
    about: str
    numbers: Mapping[str, Number]
    places: Factor
    factors: tuple[Factor, ...]

    def number(self, name: str) -> float:
        """The value of a number."""
        return self.numbers[name].value

    @property
    def switches(self) -> frozenset[str]:
        """The switches that the environment decides; a design has no say in them."""
        return frozenset(name for factor in self.factors for kind in factor.categories for name, _ in kind.settings)

    def with_shares(self, name: str, shares: Mapping[str, float]) -> Population:
        """The same population with other shares for a switch or for ``place``: a point of a sweep.

        Raises:
            PopulationError: naming the factor, category or sum that is wrong.
        """
        swept = _factor(self.name, name, {"shares": dict(shares), "swept": True})
        if name == "place":
            return replace(self, places=swept)
        return replace(self, factors=(*(factor for factor in self.factors if factor.name != name), swept))

    def with_numbers(self, **values: float) -> Population:
        """The same population with other numbers; ``latency_token`` stands for ``latency.token``.

        Raises:
            PopulationError: an unknown number, or one below the least it can be.
        """
        changed = dict(self.numbers)
        for key, value in values.items():
            name = key.replace("latency_", "latency.")
            changed[name] = _number(self.name, name, {"value": value, "swept": True})
        return replace(self, numbers=changed)


def populations() -> tuple[str, ...]:
    """The names of the populations that come with the package."""
    return tuple(sorted(Path(item.name).stem for item in _data("populations").iterdir() if item.name.endswith(".toml")))


def load(name: str | Path) -> Population:
    """A population by its name or by the path of its file.

    Raises:
        PopulationError: unknown, unreadable, or wrong in a way that the message names.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in populations():
            allowed = ", ".join(populations())
            raise PopulationError(f"unknown population {str(name)!r}; allowed: {allowed}, or the path of a .toml file")
        return read(_data("populations", f"{name}.toml").read_text(encoding="utf-8"), str(name))
    try:
        return read(path.read_text(encoding="utf-8"), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise PopulationError(f"cannot read population {path}: {error}") from None


def read(text: str, name: str) -> Population:
    """A population from the text of its file.

    Raises:
        PopulationError: not TOML, or wrong in a way that the message names.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PopulationError(f"{name}: not a TOML file: {error}") from None
    _only(name, content, ("about", "numbers", "factors"))
    stated, factors = _table(name, content, "numbers"), _table(name, content, "factors")
    numbers = {key: _number(name, key, value) for key, value in _flat(name, stated)}
    for key in NUMBERS:
        if key not in numbers:
            raise PopulationError(f"{name}: number {key!r} is missing ({NUMBERS[key][0]})")
    if "place" not in factors:
        raise PopulationError(f"{name}: factor 'place' is missing (where agents are sent)")
    made = [_factor(name, key, value) for key, value in factors.items()]
    places = next(factor for factor in made if factor.name == "place")
    environment = tuple(factor for factor in made if factor.name != "place")
    return Population(name, str(content.get("about", "")), numbers, places, environment)


# --- reading, with one line for every way to be wrong --------------------------------------------------------


def _data(*parts: str) -> Traversable:
    return files("simulations").joinpath("data", *parts)


def _table(where: str, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key, {})
    if not isinstance(value, dict):
        raise PopulationError(f"{where}: {key} must be a table, found {value!r}")
    return value


def _only(where: str, content: Mapping[str, Any], allowed: Iterable[str]) -> None:
    for key in content:
        if key not in allowed:
            raise PopulationError(f"{where}: unknown key {key!r}; allowed: {', '.join(allowed)}")


def _flat(where: str, numbers: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in numbers.items():
        if key == "latency":
            yield from ((f"latency.{inner}", item) for inner, item in _table(where, numbers, key).items())
        else:
            yield key, value


def _provenance(where: str, stated: Mapping[str, Any]) -> Provenance:
    if stated.get("swept") is True:
        return Provenance(True, str(stated.get("note", "")), "")
    if not stated.get("source") or "confidence" not in stated:
        raise PopulationError(f"{where}: needs source and confidence, or swept = true")
    if stated["confidence"] not in CONFIDENCE:
        raise PopulationError(
            f"{where}: unknown confidence {stated['confidence']!r}; allowed: {', '.join(CONFIDENCE)}"
        )
    return Provenance(False, str(stated["source"]), str(stated["confidence"]))


def _number(where: str, name: str, stated: Any) -> Number:
    if name not in NUMBERS:
        raise PopulationError(f"{where}: unknown number {name!r}; allowed: {', '.join(NUMBERS)}")
    where = f"{where}: number {name!r}"
    if not isinstance(stated, dict) or "value" not in stated:
        raise PopulationError(f"{where}: expected a table with a value, found {stated!r}")
    _only(where, stated, ("value", "source", "confidence", "swept", "note"))
    value, least = stated["value"], NUMBERS[name][1]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise PopulationError(f"{where}: must be a number of at least {least:g}, found {value!r}")
    return Number(float(value), _provenance(where, stated))


def _factor(where: str, name: str, stated: Any) -> Factor:
    where = f"{where}: factor {name!r}"
    if not isinstance(stated, dict):
        raise PopulationError(f"{where}: must be a table, found {stated!r}")
    _only(where, stated, ("shares", "table", "columns", "source", "confidence", "swept", "note"))
    if ("shares" in stated) == ("table" in stated):
        raise PopulationError(f"{where}: needs either shares or a table")
    provenance = _provenance(where, stated)
    if "table" in stated:
        return Factor(name, _rows(where, str(stated["table"]), stated.get("columns", ())), provenance)
    shares = _table(where, stated, "shares")
    for category, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise PopulationError(f"{where}: share of {category!r} must be between 0 and 1, found {share!r}")
    if abs(math.fsum(shares.values()) - 1) > 1e-9:
        raise PopulationError(f"{where}: shares must add up to 1, found {math.fsum(shares.values()):g}")
    made = (Category(key, _settings(where, name, key), float(share)) for key, share in shares.items())
    return Factor(name, tuple(made), provenance)


def _settings(where: str, name: str, category: str) -> tuple[tuple[str, str], ...]:
    if name == "place":
        if category not in PLACES:
            raise PopulationError(f"{where}: unknown place {category!r}; allowed: {', '.join(PLACES)}")
        return ()
    return ((name, _value(where, name, category)),)


def _value(where: str, name: str, value: str) -> str:
    if name in TIMED:
        raise PopulationError(f"{where}: {name!r} cannot be drawn: {TIMED[name]}")
    try:
        return check_switch(name, value)
    except ConfigurationError as error:
        raise PopulationError(f"{where}: {error}") from None


def _rows(where: str, table: str, columns: Any) -> tuple[Category, ...]:
    """The rows of a table by what they set: every product counts the same, its rows share out its weight."""
    source = _data(table)
    if not source.is_file():
        raise PopulationError(f"{where}: no table {table!r} in simulations/data")
    lines = source.read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["expressible"] == "yes"]
    if not isinstance(columns, list) or not columns:
        raise PopulationError(f"{where}: needs columns, a list of switches")
    for column in columns:
        if column not in SWITCHES or column not in rows[0]:
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
