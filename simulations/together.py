"""Who is known to be met together: joint tables of clients, AS and RS, where these are not independent.

A product that is AS and RS in one meets itself. A population says so row by row (:class:`Together`): what of each
factor comes together, a product or a category, and how much of what can. Never can more of it than there is of the
rarer of them, so that margins stay what the factors say, whatever their shares are turned to. What no row is about is
drawn independently from what the rows leave of each margin.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations import draws
from simulations.population import Population
from simulations.population_statements import Factor, Together

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


class KnownShares(NamedTuple):
    """What a row says of shares, at one point or many (the first axis).

    Attributes:
        mass: how often what it names is met together.
        parts: for each factor how that is shared out over its categories; None where the row does not name it.
    """

    mass: Numbers
    parts: tuple[Numbers | None, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Factors of which rows say who is met together, and these rows; a factor alone is a group without rows.

    Attributes:
        places: where each stands among the factors of the population.
    """

    places: tuple[int, ...]
    factors: tuple[Factor, ...]
    rows: tuple[Together, ...] = ()

    def known(self, margins: Sequence[Numbers], shares: Sequence[Numbers]) -> Iterator[KnownShares]:
        """What each row says.

        Parameters:
            margins: of each factor how often its categories come out, one row a point.
            shares: of each row how much of what can comes together.
        """
        for row, share in zip(self.rows, shares, strict=True):
            named = dict(row.of)
            there = [
                margin * np.array(factor.part(named[factor.name])) if factor.name in named else None
                for factor, margin in zip(self.factors, margins, strict=True)
            ]
            rarest = np.min([each.sum(axis=-1) for each in there if each is not None], axis=0)
            yield KnownShares(share * rarest, tuple(None if each is None else _whole(each) for each in there))

    def joint(self, margins: Sequence[Numbers], shares: Sequence[Numbers] | None = None) -> Numbers:
        """How often categories of all factors are met together: an axis for points, then one for each factor."""
        if not self.rows:
            return margins[0]
        stated = [np.array([row.share]) for row in self.rows]
        found = list(self.known(margins, stated if shares is None else shares))
        left = []
        for place, margin in enumerate(margins):
            named = [mass[:, None] * part for mass, parts in found if (part := parts[place]) is not None]
            rest = np.maximum(margin - sum(named, np.zeros(1)), 0)
            left.append(_whole(rest))
        free = np.maximum(1 - sum((mass for mass, _ in found), np.zeros(1)), 0)
        total = _outer(free, left)
        for mass, parts in found:
            pairs = zip(parts, left, strict=True)
            total = total + _outer(mass, [rest if part is None else part for part, rest in pairs])
        return np.asarray(total)

    @property
    def shares(self) -> Numbers:
        """How often categories of its factors are met together, one axis a factor."""
        return np.asarray(self.joint([np.array([factor.shares]) for factor in self.factors])[0])


def _whole(parts: Numbers) -> Numbers:
    """The same rows, each of which adds up to one where there is anything in it."""
    total = parts.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(parts, total, out=np.zeros(parts.shape), where=total > 0))


def _outer(mass: Numbers, parts: Sequence[Numbers]) -> Numbers:
    for part in parts:
        mass = mass[..., None] * part.reshape(len(part), *[1] * (mass.ndim - 1), -1)
    return mass


def groups(population: Population) -> tuple[Group, ...]:
    """The factors of a population, those together of which something is known; each where the first of it stands."""
    numbers = {factor.name: place for place, factor in enumerate(population.factors)}
    merged = {place: {place} for place in range(len(population.factors))}
    for row in population.together:
        met = {numbers[name] for name, _ in row.of if name in numbers}
        whole = set().union(*(merged[place] for place in met)) if met else set()
        merged |= dict.fromkeys(whole, whole)
    found = []
    for whole in {min(each): each for each in merged.values()}.values():
        places = tuple(sorted(whole))
        factors = tuple(population.factors[place] for place in places)
        names = {factor.name for factor in factors}
        rows = tuple(row for row in population.together if len(names & {name for name, _ in row.of}) > 1)
        found.append(Group(places, factors, rows))
    return tuple(found)


# --- drawing ----------------------------------------------------------------------------------------------------


def drawn(group: Group, order: Sequence[Factor], uniforms: Callable[[Factor], Numbers]) -> dict[str, Whole]:
    """The categories of a group by the name of the factor.

    Parameters:
        order: its factors as they are drawn, each given those before it.
        uniforms: the numbers that decide a factor.
    """
    found: dict[str, Whole] = {}
    before: Whole | int = 0
    for place, factor in enumerate(order):
        found[factor.name] = draws.below(uniforms(factor), draws.ends(given(group, order[: place + 1])), before)
        before = before * len(factor.categories) + found[factor.name]
    return found


def given(group: Group, order: Sequence[Factor]) -> Numbers:
    """How often the last of some factors comes out as what, a row for each combination of categories of the others."""
    axes = [group.factors.index(factor) for factor in order]
    others = tuple(axis for axis in range(len(group.factors)) if axis not in axes)
    # What is left keeps the order that it had, and is brought into this one.
    shares = group.shares.sum(axis=others).transpose(np.argsort(np.argsort(axes)))
    table = shares.reshape(-1, len(order[-1].categories))
    return _whole(table)
