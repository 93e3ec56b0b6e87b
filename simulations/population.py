"""Who is out there: distributions over deployments, each with its provenance.

A population is a TOML file (in ``data/populations``; :mod:`simulations.population_schema` says what it may hold):

* ``numbers``;
* ``factors`` that every attempt draws for itself. A factor named after a switch of the model gives that switch a
  value; a factor with a ``table`` draws a row and gives each of its ``columns`` a value;
* ``clients``, the versions that are out there, for questions in which no design says what clients do;
* ``traits`` of resource servers that are no switches, read by :mod:`simulations.topology`;
* ``adoption``, how the share of a switch's value grows with the years;
* ``together``, which products or values are met together (:mod:`simulations.together`);
* ``malicious``, which resource servers are, where that is no matter of chance.

Where agents are sent follows from the numbers ``attackers.*`` (:mod:`simulations.encounters`). An experiment may say it
instead, as what an attacker who is no server can do is no matter of how many servers there are.

``extends`` names the population that speaks where the file is silent. Whatever a file states carries ``source`` and
``confidence``, or says ``swept = true``: nobody measured it, so it is a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from model.documents import DocumentError, called, from_toml
from model.errors import hint
from model.model import Model, oauth
from simulations import encounters
from simulations import population_statements as statements
from simulations.population_schema import (
    GROUPS,
    JOINT,
    LATENCIES,
    NUMBERS,
    TRAITS,
    PopulationError,
    check,
    flat,
    missing,
)
from simulations.population_statements import Category, Curve, Factor, Provenance, StatedNumber, Together

__all__ = [
    "LATENCIES",
    "NUMBERS",
    "TRAITS",
    "Category",
    "Curve",
    "Factor",
    "Population",
    "PopulationError",
    "Provenance",
    "StatedNumber",
    "Together",
    "load",
    "populations",
    "read",
]

#: The population that is met where none is named.
DEFAULT = "measured_2026"


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
        factors: the environment; where two set one switch, the later one does.
        clients: the client versions that are out there, as switches, or None where the file does not say.
        traits: the keys of :data:`TRAITS`; what is not stated is the plain thing.
        adoption: how switches change with the years.
        sent: where agents are sent, where an experiment says it.
        together: which of the factors are not independent of each other, and in what.
        malicious: the resource servers that are, by their names, where it is said which.
        own: the numbers that its own file states, where that extends another.
        model: the model whose switches it sets.
    """

    name: str
    about: str
    numbers: Mapping[str, StatedNumber]
    factors: tuple[Factor, ...]
    clients: Factor | None = None
    traits: tuple[Factor, ...] = ()
    adoption: tuple[Curve, ...] = ()
    sent: Factor | None = None
    together: tuple[Together, ...] = ()
    malicious: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    model: Model = field(default=oauth(), repr=False)

    def __post_init__(self) -> None:
        """Make sure that agents call somebody, and that the malicious ones exist (raises PopulationError)."""
        count = self.number("count.resource_servers")
        for name in self.malicious:
            if int(name.removeprefix("rs")) >= count:
                raise PopulationError(f"{self.name}: malicious: {name!r} is none of rs0 to rs{count - 1:g}")
        if not self.places.categories:
            raise PopulationError(f"{self.name}: no server is called: all are malicious, and 'attackers.lure' is 0")

    @property
    def places(self) -> Factor:
        """Where agents are sent, by the keys of :data:`simulations.visits.PLACES`, without those where nobody is."""
        if self.sent is not None:
            return self.sent
        called = encounters.weights(self.number, self.trait(encounters.TENANCY).share(encounters.SHARED))
        total = sum(called.values())
        follows = Provenance(True, "", "", f"follows from {', '.join(encounters.NUMBERS)} and {encounters.TENANCY}")
        kinds = tuple(Category(place, (), often / total) for place, often in called.items() if often)
        return Factor("place", kinds, follows)

    @property
    def exposure(self) -> float:
        """How many visits of an agent are such that an attacker has a hand in them."""
        return math.fsum(place.share for place in self.places.categories if encounters.malicious(place.name))

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
        """The same population at a time (a decimal year), with as much adopted as its curves say.

        Who changes is who was drawn: a server that takes to something keeps all else that it has, so that in the
        first year of the curves nothing is other than it is.

        Raises:
            PopulationError: no such year, one before the first, or a population without curves.
        """
        if not math.isfinite(year):
            raise PopulationError(f"a year must be a finite number, found {year}")
        if not self.adoption:
            raise PopulationError(f"population {self.name!r} does not say what the years change (table 'adoption')")
        first = min(curve.years[0] for curve in self.adoption)
        if year < first:
            raise PopulationError(f"the years of population {self.name!r} begin at {first:g}, found {year:g}")
        changed = tuple(curve.since(year) for curve in self.adoption)
        return replace(self, name=f"{self.name} in {year:g}", factors=(*self.factors, *changed))

    def with_shares(self, name: str, shares: Mapping[str, float]) -> Population:
        """The same population with other shares for a switch or for ``place``: a point of a sweep.

        Raises:
            PopulationError: naming the factor, category or sum that is wrong.
        """
        swept = swept_shares(self.name, name, shares, self.model)
        if name == "place":
            return replace(self, sent=swept)
        return replace(self, factors=(*(factor for factor in self.factors if factor.name != name), swept))

    def with_numbers(self, **values: float) -> Population:
        """The same population with other numbers; ``latency_token`` stands for ``latency.token``.

        Raises:
            PopulationError: an unknown number, one outside what it can be, or one that says of attackers what
                ``place`` says otherwise.
        """
        spelled = {name.replace(".", "_"): name for name in NUMBERS}
        changed = dict(self.numbers)
        for key, value in values.items():
            name = spelled.get(key, key)
            changed[name] = swept_number(self.name, name, value)
            if self.malicious and name in encounters.MALICIOUS.values():
                raise PopulationError(f"{self.name}: {name!r} and 'malicious' say who is malicious; leave one out")
            if self.sent is not None and name in encounters.NUMBERS:
                raise PopulationError(f"{self.name}: {name!r} and 'place' say where agents are sent; leave one out")
        return replace(self, numbers=changed)

    def scaled(self, share: float) -> Population:
        """The same population in small: so much of every kind of party, and at least one of each.

        Raises:
            PopulationError: a share that leaves no population.
        """
        if not 0 < share <= 1:
            raise PopulationError(f"a population is scaled by more than 0 and at most 1, found {share:g}")
        counts = {name: max(1, round(self.number(name) * share)) for name in NUMBERS if name.startswith("count.")}
        return replace(self.with_numbers(**counts), name=f"{self.name} scaled by {share:g}")

    def stated(self) -> tuple[Stated, ...]:
        """Everything that the population states, with where it comes from."""
        factors = [("factors", factor) for factor in (self.places, *self.factors)]
        clients = [] if self.clients is None else [("clients", self.clients)]
        traits = [("traits", trait) for trait in self.traits]
        return (
            *(
                Stated("numbers", name, number.value, NUMBERS[name].meaning, number.provenance)
                for name, number in self.numbers.items()
            ),
            *(
                Stated(
                    kind,
                    factor.name,
                    {category.name: category.share for category in factor.refined},
                    _meaning(factor, self.model),
                    factor.provenance,
                )
                for kind, factor in (*factors, *clients, *traits)
            ),
            *(
                Stated(
                    "adoption",
                    curve.switch,
                    dict(zip(map("{:g}".format, curve.years), curve.shares, strict=True)),
                    f"{curve.value} instead of {curve.instead}: {self.model.switches[curve.switch].meaning}",
                    curve.provenance,
                )
                for curve in self.adoption
            ),
            *(
                Stated("together", row.name, row.share, f"met together: {row.text}", row.provenance)
                for row in self.together
            ),
        )


# --- files -------------------------------------------------------------------------------------------------


def populations() -> tuple[str, ...]:
    """The names of the populations that come with the package."""
    shipped = (Path(item.name) for item in statements.data("populations").iterdir())
    return tuple(sorted(path.stem for path in shipped if path.suffix == ".toml"))


def swept_shares(where: str, name: str, shares: Mapping[str, float], model: Model = oauth()) -> Factor:
    """A switch, or ``place``, with shares that an experiment gives it (raises PopulationError)."""
    stated = {"shares": dict(shares), "swept": True}
    check(where, {"about": "?", "extends": "?", "factors": {name: stated}}, model, experiment=True)
    return statements.factor(f"{where}: factor {name!r}", name, stated, model)


def swept_number(where: str, name: str, value: float) -> StatedNumber:
    """A number as an experiment sets it (raises PopulationError)."""
    if name not in NUMBERS:
        raise PopulationError(f"{where}: unknown number {name!r}{hint(name, NUMBERS)}")
    group, dot, inner = name.partition(".")
    stated = {"value": value, "swept": True}
    told = {group: {inner: stated}} if dot else {name: stated}
    check(where, {"about": "?", "extends": "?", "numbers": told}, oauth())  # whose numbers are those of every model
    return statements.number(where, name, stated)


def load(name: str | Path, model: Model = oauth()) -> Population:
    """A population by its name or by the path of its file.

    Raises:
        PopulationError: unknown, unreadable, or wrong in a way that the message names.
    """
    content = _content(name, (), model)
    found = _population(Path(name).stem if _is_file(name) else str(name), content, model)
    return replace(found, own=tuple(content.get("own", ()))) if _is_file(name) else found


def read(text: str, name: str, model: Model = oauth()) -> Population:
    """A population from the text of its file.

    Raises:
        PopulationError: not TOML, or wrong in a way that the message names.
    """
    return _population(name, _extended(_parsed(text, name, model), Path(), (name,), model), model)


def _meaning(factor: Factor, model: Model) -> str:
    """What a factor decides, in words."""
    if factor.name in TRAITS:
        return TRAITS[factor.name].meaning
    if factor.name in model.switches:
        return model.switches[factor.name].meaning
    if factor.name in JOINT:
        return JOINT[factor.name][0]
    columns = "/".join(name for name, _ in factor.refined[0].settings)
    return columns or "where agents are sent"


def _is_file(name: str | Path) -> bool:
    return Path(name).suffix == ".toml"


def _content(name: str | Path, among: tuple[str, ...], model: Model, folder: Path = Path()) -> dict[str, Any]:
    """What a population's file states, checked, and what those state that it extends."""
    if not _is_file(name):
        if str(name) not in populations():
            known = f"{hint(str(name), populations())}, or the path of a .toml file"
            raise PopulationError(f"unknown population {str(name)!r}{known}")
        where = key = str(name)
        text = statements.data("populations", f"{name}.toml").read_text(encoding="utf-8")
    else:
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:  # no text, or no name of a file
            why = error.strerror if isinstance(error, OSError) else error
            raise PopulationError(f"cannot read population {path}: {why}") from None
        where, key, folder = called(path), str(path.resolve()), path.parent
    if key in among:
        raise PopulationError(f"{where}: extends itself ({' -> '.join((*among, key))})")
    return _extended(_parsed(text, where, model), folder, (*among, key), model)


def _parsed(text: str, where: str, model: Model) -> dict[str, Any]:
    try:
        content = from_toml(text)
    except DocumentError as error:
        raise PopulationError(f"{where}: {error}") from None
    check(where, content, model)
    return content


def _extended(content: dict[str, Any], folder: Path, among: tuple[str, ...], model: Model) -> dict[str, Any]:
    if "extends" not in content:
        return content
    base = _content(content["extends"], among, model, folder)
    numbers = dict(base["numbers"])
    for key, value in content.get("numbers", {}).items():
        numbers[key] = {**numbers.get(key, {}), **value} if key in GROUPS else value
    merged = {
        key: {**base.get(key, {}), **content.get(key, {})} for key in ("factors", "traits", "adoption", "together")
    }
    own = [key for key, _ in flat(content.get("numbers", {}))]
    return {**base, **content, "numbers": numbers, **merged, "own": own}


def _population(name: str, content: Mapping[str, Any], model: Model) -> Population:
    numbers = {key: statements.number(name, key, value) for key, value in flat(content["numbers"])}
    if absent := missing(numbers):
        raise PopulationError(f"{name}: number {absent!r} is missing ({NUMBERS[absent].meaning})")
    malicious = tuple(content.get("malicious", ()))
    if malicious:
        # A party that shares an origin is malicious as often as others.
        share = len(malicious) / numbers["count.resource_servers"].value
        held = StatedNumber(min(share, 1.0), Provenance(False, f"malicious: {', '.join(malicious)}", "high"))
        numbers |= dict.fromkeys(encounters.MALICIOUS.values(), held)
    clients, traits = content.get("clients"), content.get("traits", {})
    factors = [
        statements.factor(f"{name}: factor {key!r}", key, value, model) for key, value in content["factors"].items()
    ]
    deployed = None if clients is None else statements.deployed_clients(f"{name}: clients", clients, model)
    among = factors if deployed is None else [*factors, deployed]
    rows = [statements.together(name, key, value, among) for key, value in content.get("together", {}).items()]
    statements.check_together(name, rows)
    return Population(
        name,
        content["about"],
        numbers,
        tuple(factors),
        deployed,
        tuple(statements.factor(f"{name}: trait {key!r}", key, value, model) for key, value in traits.items()),
        tuple(statements.adoption(name, key, value) for key, value in content.get("adoption", {}).items()),
        together=tuple(rows),
        malicious=malicious,
        model=model,
    )
