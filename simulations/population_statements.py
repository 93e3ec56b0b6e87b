"""What a population states, one statement at a time: numbers, factors and curves, each with its provenance.

What the schema of the file cannot say is checked here: that shares add up, that years grow, that tables exist.
"""

import csv
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby, pairwise
from typing import Any

from model.clients import clients
from model.design import Design
from model.errors import hint
from model.model import Model
from model.switches import ConfigurationError, check_switch
from simulations.population_schema import JOINT, NUMBERS, PopulationError

Settings = tuple[tuple[str, str], ...]
#: Who has not changed with the years.
UNCHANGED = "as it was"
#: By how much a sum may be off.
_SUMS = 1e-9
#: What Jeffreys adds to counts before anything is counted.
_JEFFREYS = 0.5


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a number comes from: a source and how far to trust it, or nowhere (``swept``).

    ``counted``: how many things its source has counted, if it has, and ``things``: which, where that goes without
    saying in a source.
    """

    swept: bool
    source: str
    confidence: str
    note: str = ""
    counted: int = 0
    things: str = ""

    @property
    def kind(self) -> str:
        """What it rests on."""
        return "judged" if self.swept else "counted" if self.counted else "read"

    @property
    def words(self) -> str:
        """Where it comes from, in a line."""
        of = f" of {self.counted:,} {self.things}".rstrip() if self.counted else ""
        said = self.kind if self.swept else f"{self.kind}{of}, {self.confidence} confidence: {self.source}"
        return said + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True)
class StatedNumber:
    """A number of a population and where it comes from.

    ``counts``: how many were counted, and of how many (a share) or in how many groups (a mean), if it is such a count.
    """

    value: float
    provenance: Provenance
    counts: tuple[int, ...] = ()

    @property
    def prior(self) -> tuple[float, ...]:
        """What Jeffreys' prior and the counts leave of it, as the parameters of a Beta distribution.

        It is that of the share, or of the chance that a thing is the last of its group, where groups are geometric.
        """
        if not self.counts:
            return ()
        fewer, more = sorted(self.counts)
        return fewer + _JEFFREYS, more - fewer + _JEFFREYS

    @property
    def is_mean(self) -> bool:
        """Whether it was counted how many there are in a group, on average."""
        return bool(self.counts) and self.counts[0] > self.counts[1]


@dataclass(frozen=True, slots=True)
class Category:
    """One thing a factor can come out as, what that means for the model's switches, and how often it does."""

    name: str
    settings: Settings
    share: float


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that every attempt draws for itself; its name is the purpose of the draw.

    Attributes:
        categories: what it can come out as.
        detailed: the same with switches that only matter where servers are drawn one by one (``also``). They
            refine the categories in order, so one draw falls into a category and into a refinement of it.
        prior: what its shares may be instead, as the parameters of a Dirichlet distribution; none where they are sure.
        products: of a table of products, how much of each category is of which.
    """

    name: str
    categories: tuple[Category, ...]
    provenance: Provenance
    detailed: tuple[Category, ...] = ()
    prior: tuple[float, ...] = ()
    products: tuple[tuple[str, tuple[float, ...]], ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """How often each category comes out."""
        return tuple(category.share for category in self.categories)

    def share(self, name: str) -> float:
        """How often the category of a name comes out."""
        return sum(category.share for category in self.categories if category.name == name)

    def part(self, name: str) -> tuple[float, ...]:
        """How much of each category is of a product, or of the category of that name."""
        alone = tuple(float(category.name == name) for category in self.categories)
        return dict(self.products).get(name, alone)

    @property
    def refined(self) -> tuple[Category, ...]:
        """The categories in as much detail as there is."""
        return self.detailed or self.categories

    @property
    def coarse(self) -> tuple[int, ...]:
        """The category that each of those in as much detail as there is refines."""
        return tuple(
            next(place for place, kind in enumerate(self.categories) if set(kind.settings) <= set(detail.settings))
            for detail in self.refined
        )


@dataclass(frozen=True, slots=True)
class Together:
    """What is known to be met together, as AS and RS that are one product.

    Attributes:
        of: for each factor that it is about a product or category of it.
        share: how much of what can be met together is: of those of which there are fewest.
    """

    name: str
    of: tuple[tuple[str, str], ...]
    share: float
    provenance: Provenance

    @property
    def text(self) -> str:
        """Who is met with whom, in words."""
        return ", ".join(f"{factor} {product}" for factor, product in self.of)


#: What the factor of those who have changed a switch is called, after it.
CHANGED = " since"


@dataclass(frozen=True, slots=True)
class Curve:
    """How the share of a switch's value grows; the rest has the value ``instead``.

    Attributes:
        years: when, as a decimal year, in order.
        shares: how many then; straight lines between, constant before and after. The first is what the population
            has today.
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
            return self.shares[min(after, len(self.shares) - 1)]
        (first, last), (low, high) = self.years[after - 1 : after + 1], self.shares[after - 1 : after + 1]
        return (high - low) / (last - first) * (year - first) + low

    def since(self, year: float) -> Factor:
        """Who has changed since the first year: of those without the value so many have it now, or the reverse.

        It sets the switch of those alone. What else they are, and what the others have, stays as it was drawn.
        """
        first, now = self.shares[0], self.share(year)
        gained = now >= first
        part = (now - first) / (1 - first) if now > first else (first - now) / first if now < first else 0.0
        value = self.value if gained else self.instead
        kinds = Category(value, ((self.switch, value),), part), Category(UNCHANGED, (), 1 - part)
        return Factor(f"{self.switch}{CHANGED}", kinds, self.provenance, prior=_around(kinds))


# --- from the content of a file ----------------------------------------------------------------------------


def data(*parts: str) -> Traversable:
    """A file of ``simulations/data``."""
    return files("simulations").joinpath("data", *parts)


def _provenance(stated: Mapping[str, Any], counted: int = 0, things: str = "") -> Provenance:
    return Provenance(
        stated.get("swept", False),
        stated.get("source", ""),
        stated.get("confidence", ""),
        stated.get("note", ""),
        stated.get("counted", 0 if stated.get("swept", False) else counted),
        things,
    )


def _one_of(where: str, stated: Mapping[str, Any], plain: str) -> None:
    """Make sure that a statement says what it states, and once (raises PopulationError)."""
    if plain in stated and "counts" in stated:
        raise PopulationError(f"{where}: {plain!r} follows from 'counts'; leave one out")
    if plain not in stated and "counts" not in stated:
        raise PopulationError(f"{where}: {plain!r} is missing, or counts")


def number(where: str, name: str, stated: Mapping[str, Any]) -> StatedNumber:
    """A number (raises PopulationError, ``where`` being part of what it says)."""
    where = f"{where}: number {name!r}"
    _one_of(where, stated, "value")
    counts = tuple(stated.get("counts", ()))
    if counts and not all(counts):
        raise PopulationError(f"{where}: counts of nothing leave it open; state a value")
    value = counts[0] / counts[1] if counts else float(stated["value"])
    least, most = NUMBERS[name].least, NUMBERS[name].most
    if not math.isfinite(value):
        raise PopulationError(f"{where}: must be finite, found {value}")
    if value < least or (most is not None and value > most):
        raise PopulationError(f"{where}: must be at least {least:g} and at most {most}, found {value:g}")
    return StatedNumber(value, _provenance(stated, max(counts, default=0)), counts)


def factor(where: str, name: str, stated: Mapping[str, Any], model: Model) -> Factor:
    """A factor or trait, from its shares or its table (raises PopulationError)."""
    if "table" in stated:
        columns, also = stated["columns"], stated.get("also", [])
        rows = _rows(where, stated, columns, model)
        detailed = _alike(_rows(where, stated, columns + also, model)) if also else ()
        return Factor(name, _alike(rows), _of(stated, rows), detailed, _of_products(rows), _products(rows))
    _one_of(where, stated, "shares")
    counts = stated.get("counts", {})
    total = sum(counts.values())
    if counts and not total:
        raise PopulationError(f"{where}: counts of nothing leave it open; state shares")
    provenance = _provenance(stated, total)
    shares = {key: count / total for key, count in counts.items()} if counts else stated.get("shares", {})
    if not shares:
        raise PopulationError(f"{where}: shares are missing: at least one value needs one")
    if not abs((whole := math.fsum(shares.values())) - 1) <= _SUMS:
        raise PopulationError(f"{where}: shares must add up to 1, found {whole:g}")
    categories = tuple(Category(key, _settings(name, key, model), float(share)) for key, share in shares.items())
    return Factor(name, categories, provenance, prior=_prior(categories, provenance))


def _of(stated: Mapping[str, Any], rows: Iterable[tuple[str, Settings]]) -> Provenance:
    """Where a table of products comes from: of so many products."""
    return _provenance(stated, len({product for product, _ in rows}), "products")


def _prior(kinds: tuple[Category, ...], provenance: Provenance) -> tuple[float, ...]:
    """What shares may be instead of what is stated.

    Where some were counted, what Jeffreys' prior and the counts leave. What is judged is the likeliest mix, and weighs
    as much as one observation for each kind; what somebody says is the mean of as wide a distribution.
    """
    if provenance.counted:
        return tuple(provenance.counted * kind.share + _JEFFREYS for kind in kinds)
    if provenance.swept:
        return tuple(1 + weight for weight in _around(kinds))
    return () if provenance.confidence == "high" else _around(kinds)


def _around(kinds: tuple[Category, ...]) -> tuple[float, ...]:
    """As wide as if any mix were as likely as any other, with the shares of these as the mean."""
    return tuple(len(kinds) * kind.share for kind in kinds)


def _settings(name: str, key: str, model: Model) -> Settings:
    """What a factor that comes out as ``key`` decides: its switch, several at once, or none."""
    if name in model.switches:
        return ((name, key),)
    _, kinds = JOINT.get(name, ("", {}))
    return tuple(kinds.get(key, {}).items())


def deployed_clients(where: str, stated: Mapping[str, Any], model: Model) -> Factor:
    """The deployed clients as what they do: products alike, and the versions of each (raises PopulationError)."""
    left_out = set(stated.get("without", ()))
    known = {name: (name.partition("==")[0], client.design) for name, client in clients().items()}
    if strange := sorted(left_out - known.keys() - {product for product, _ in known.values()}):
        raise PopulationError(f"{where}: without: unknown client {strange[0]!r}{hint(strange[0], known)}")
    kept = [(product, design) for name, (product, design) in known.items() if not {name, product} & left_out]
    if not kept:
        raise PopulationError(f"{where}: without: leaves no client")
    baseline = Design(model=model)  # at which a client is in what only a draft knows of
    rows = [
        (product, tuple((column, {**baseline, **design}[column]) for column in stated["columns"]))
        for product, design in kept
    ]
    return Factor("client", _alike(rows), _of(stated, rows), (), _of_products(rows), _products(rows))


def together(where: str, name: str, stated: Mapping[str, Any], factors: Iterable[Factor]) -> Together:
    """A row of who is met together, among factors that there are (raises PopulationError)."""
    known = {factor.name: factor for factor in factors}
    where = f"{where}: together {name!r}"
    for factor, product in stated["of"].items():
        if factor not in known:
            raise PopulationError(f"{where}: unknown factor {factor!r}{hint(factor, known)}")
        there = known[factor]
        if not any(there.part(product)):
            kinds = [each for each, _ in there.products] or [kind.name for kind in there.categories]
            raise PopulationError(f"{where}: nothing of {factor!r} is {product!r}{hint(product, kinds)}")
    return Together(name, tuple(stated["of"].items()), float(stated["share"]), _provenance(stated))


def check_together(where: str, rows: Iterable[Together]) -> None:
    """Make sure that nothing is met with more than there is of it (raises PopulationError)."""
    given: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        for of in row.of:
            given[of] += row.share
            if given[of] > 1 + _SUMS:
                raise PopulationError(
                    f"{where}: together {row.name!r}: {of[0]} {of[1]!r} is met with others in more than all cases, "
                    f"{given[of]:g} in all rows"
                )


def adoption(where: str, switch: str, stated: Mapping[str, Any]) -> Curve:
    """A curve (raises PopulationError)."""
    years, shares = tuple(map(float, stated["years"])), tuple(map(float, stated["shares"]))
    where = f"{where}: adoption of {switch!r}"
    if len(years) != len(shares):
        raise PopulationError(f"{where}: {len(years)} years need as many shares, found {len(shares)}")
    if not all(map(math.isfinite, (*years, *shares))):
        raise PopulationError(f"{where}: years and shares must be finite")
    if any(not before < after for before, after in pairwise(years)):
        raise PopulationError(f"{where}: years must grow, found {', '.join(f'{year:g}' for year in years)}")
    if stated["value"] == stated["instead"]:
        raise PopulationError(f"{where}: value and instead are both {stated['value']!r}")
    return Curve(switch, stated["value"], stated["instead"], years, shares, _provenance(stated))


def _rows(where: str, stated: Mapping[str, Any], columns: list[str], model: Model) -> list[tuple[str, Settings]]:
    """The rows of a table that the model can express, but for products left out: the product, and what it sets."""
    table, left_out = stated["table"], set(stated.get("without", ()))
    tables = {each.name: each for each in files("deployed").joinpath("data").iterdir() if each.is_file()}
    if table not in tables:
        raise PopulationError(f"{where}: no table {table!r} in deployed/data")
    rows = list(csv.DictReader(tables[table].read_text(encoding="utf-8").splitlines()))
    if not {"product", "expressible"} <= rows[0].keys():
        raise PopulationError(f"{where}: {table} is no table of products with their switches")
    if strange := sorted(left_out - {row["product"] for row in rows}):
        raise PopulationError(f"{where}: without: {table} has no product {strange[0]!r}")
    rows = [row for row in rows if row["expressible"] == "yes" and row["product"] not in left_out]
    if not rows:
        raise PopulationError(f"{where}: without: leaves no product")
    for column in columns:
        if column not in rows[0]:
            known = hint(column, [name for name in rows[0] if name in model.switches])
            raise PopulationError(f"{where}: {table} has no switch {column!r}{known}")
    return [(row["product"], tuple((name, _value(where, name, row[name], model)) for name in columns)) for row in rows]


def _alike(rows: list[tuple[str, Settings]]) -> tuple[Category, ...]:
    """Rows of a product and what it sets, by what they set: every product counts the same, its rows share that out."""
    products = [product for product, _ in rows]
    weighted = sorted((settings, 1 / products.count(product)) for product, settings in rows)
    return tuple(
        Category("/".join(value for _, value in settings), settings, math.fsum(w for _, w in same) / len(set(products)))
        for settings, same in groupby(weighted, key=lambda item: item[0])
    )


def _products(rows: list[tuple[str, Settings]]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """How much of each category of some rows is of which product."""
    kinds = _alike(rows)
    products = dict.fromkeys(product for product, _ in rows)
    found = []
    for product in products:
        own = [settings for name, settings in rows if name == product]
        weight = 1 / len(own) / len(products)
        found.append((product, tuple(own.count(kind.settings) * weight / kind.share for kind in kinds)))
    return tuple(found)


def _of_products(rows: list[tuple[str, Settings]]) -> tuple[float, ...]:
    """Nobody knows how many run which product, so that any mix of products is as likely as any other.

    Weights of rows that add up to one for each product are those of a Dirichlet distribution under which products
    together have a flat one; so are the weights of rows that set the same, added up.
    """
    products = len({product for product, _ in rows})
    return tuple(products * kind.share for kind in _alike(rows))


def _value(where: str, name: str, value: str, model: Model) -> str:
    try:
        return check_switch(name, value, model.switches)
    except ConfigurationError as error:
        raise PopulationError(f"{where}: {error}") from None
