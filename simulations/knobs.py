"""The numbers that nobody measured, as knobs: what a population leaves open and what a reader takes for granted.

Shares are tried from 0 to 1, numbers of a population from a tenth to ten times of what it says (on a logarithmic
scale), options of a reader in the range that they have. The sweep of the experiment is one of them where it is over
such a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulations import vectorised
from simulations.engine import Unit
from simulations.experiments import Adoption, Experiment
from simulations.options import OPTIONS
from simulations.population import LATENCIES, NUMBERS, Factor, Population

_Numbers = NDArray[np.float64]
_DECADE = math.log(10)
#: A number that is tried over more than a decade is tried on a logarithmic scale.
_WIDE = 10
_TIMES = ("latency.attacker", "token_lifetime")

#: The numbers of a population that each reader reads.
READ: dict[str, tuple[str, ...]] = {
    "arrays": _TIMES,
    "agents": (
        "agents", "resources", "arrivals_per_second", "metadata_lifetime", "token_lifetime", "latency.spread",
        *(f"latency.{name}" for name in LATENCIES),
    ),
    "tasks": (
        "metadata_lifetime", "token_lifetime", "lifetime.refresh_token", "latency.spread",
        *(f"latency.{name}" for name in LATENCIES),
    ),
    "layers": (),
    "registrations": (
        "count.clients", "count.users", "mean.agents_per_user", "popularity.clients", "lifetime.client_metadata",
    ),
}  # fmt: skip
#: The readers that ask where agents are sent; the others are about honest parties, or have attackers of their own.
SENT = ("arrays", "agents", "tasks")
#: The traits of a population that each reader reads.
TRAITS_READ: dict[str, tuple[str, ...]] = {"layers": ("identifier", "slash", "port")}


@dataclass(frozen=True, slots=True)
class Knob:
    """A number that nobody measured.

    Attributes:
        name: as tables name it: ``factor: category`` for the weight of a category, ``log NAME`` on a logarithmic scale.
        low, high: between which it is tried.
        kind: what is turned.
        of: the factor, trait, number or option.
        category: the category whose weight it is.
    """

    name: str
    low: float
    high: float
    kind: Literal["adoption", "share", "number", "option"]
    of: str = ""
    category: str = ""

    def value(self, turned: float) -> float:
        """What it stands for where it is turned so."""
        return math.exp(turned) if self.name.startswith("log ") else turned


def knobs(asked: Experiment, base: Unit) -> list[Knob]:
    """The knobs of an experiment that is about to run a unit like this."""
    found = [Knob("adoption", 0, 1, "adoption")] if isinstance(asked.sweep, Adoption) else []
    for factor in _open(base.population, asked.reader):
        names = [category.name for category in factor.categories]
        # Of two shares one says it all; of more, each has a weight.
        names = names[1:] if len(names) == 2 else names
        found += [Knob(f"{factor.name}: {name}", 0, 1, "share", factor.name, name) for name in names]
    return [*found, *_number_knobs(asked, base.population), *_option_knobs(asked.reader)]


def _number_knobs(asked: Experiment, met: Population) -> Iterator[Knob]:
    for name in READ[asked.reader]:
        number, bounds = met.numbers[name], NUMBERS[name]
        if number.provenance.swept and number.value > 0:
            middle = math.log(number.value)
            least = -math.inf if bounds.least == 0 else math.log(bounds.least)
            most = math.inf if bounds.most is None else math.log(bounds.most)
            low, high = max(middle - _DECADE, least), min(middle + _DECADE, most)
            if low < high:
                yield Knob(f"log {name}", low, high, "number", name)


def _option_knobs(reader: str) -> Iterator[Knob]:
    for name, option in OPTIONS.get(reader, {}).items():
        if option.low > 0 and option.high / option.low > _WIDE:
            yield Knob(f"log {name}", math.log(option.low), math.log(option.high), "option", name)
        else:
            yield Knob(name, option.low, option.high, "option", name)


def _open(met: Population, reader: str) -> list[Factor]:
    """The factors, places and traits that nobody measured and that have a say."""
    factors = [*met.factors, *([met.places] if reader in SENT else [])]
    # A factor whose switches a later factor sets as well has no say.
    shadowed = [
        {name for later in factors[place + 1 :] for kind in later.categories for name, _ in kind.settings}
        for place in range(len(factors))
    ]
    traits = [trait for trait in met.traits if trait.name in TRAITS_READ.get(reader, ())]
    return [
        factor
        for factor, later in zip((*factors, *traits), (*shadowed, *({*()} for _ in traits)), strict=True)
        if factor.provenance.swept and len(factor.categories) > 1
        and not {name for kind in factor.categories for name, _ in kind.settings} & later
    ]


# --- turning them ----------------------------------------------------------------------------------------------


def unit_at(asked: Experiment, base: Unit, turned: Sequence[Knob], point: Sequence[float], attempts: int) -> Unit:
    """The unit of an experiment with its knobs turned to a point."""
    values = {knob: knob.value(number) for knob, number in zip(turned, point, strict=True)}
    shares = _turned_shares(base.population, asked.reader, values)

    def with_shares(factor: Factor) -> Factor:
        if factor.name not in shares:
            return factor
        pairs = zip(factor.categories, shares[factor.name].tolist(), strict=True)
        return replace(factor, categories=tuple(replace(kind, share=share) for kind, share in pairs), detailed=())

    met = base.population
    met = replace(
        met, places=with_shares(met.places), factors=tuple(map(with_shares, met.factors)),
        traits=tuple(map(with_shares, met.traits)),
        clients=None if met.clients is None else with_shares(met.clients),
    )  # fmt: skip
    numbers, options = dict(met.numbers), dict(base.options)
    for knob, value in values.items():
        if knob.kind == "number":
            numbers[knob.of] = replace(numbers[knob.of], value=_whole(value, NUMBERS[knob.of].whole))
        elif knob.kind == "option":
            options[knob.of] = _whole(value, OPTIONS[asked.reader][knob.of].whole)
    adoption = next((value for knob, value in values.items() if knob.kind == "adoption"), base.adoption)
    return replace(
        base, population=replace(met, numbers=numbers), adoption=adoption, attempts=attempts,
        options=tuple(sorted(options.items())),
    )  # fmt: skip


def _whole(value: float, whole: bool) -> float:
    return float(round(value)) if whole else value


def _turned_shares(met: Population, reader: str, values: dict[Knob, float]) -> dict[str, _Numbers]:
    point = {(knob.of, knob.category): value for knob, value in values.items() if knob.kind == "share"}
    return {factor.name: _shares(factor, point) for factor in _open(met, reader)}


def _shares(factor: Factor, point: dict[tuple[str, str], float]) -> _Numbers:
    names = [category.name for category in factor.categories]
    if len(names) == 2:
        second = point[factor.name, names[1]]
        return np.array([1 - second, second])
    raw = np.array([point[factor.name, name] for name in names]) + 1e-9
    return np.asarray(raw / raw.sum())


class Weights:
    """How often each situation is met by first contacts, in time or late, wherever the knobs stand.

    What no knob turns is averaged over once and for all (:meth:`averaged`), so that a point costs as little as it can.
    """

    def __init__(self, met: Population, turned: Sequence[Knob]) -> None:
        self.met, self.turned = met, turned
        shares = {knob.of for knob in turned if knob.kind == "share"}
        adoption = any(knob.kind == "adoption" for knob in turned)
        everybody = np.array([0.0, 1.0])
        self._axes: list[tuple[str, _Numbers, bool]] = [
            *((factor.name, np.asarray(factor.shares), factor.name in shares) for factor in (*met.factors, met.places)),
            *((side, everybody, adoption) for side in ("adoption.client", "adoption.server")),
            ("in time", np.ones(2), True),
        ]

    def averaged(self, values: _Numbers) -> _Numbers:
        """The mean of something over what no knob turns; one row a situation, a column in time and one late."""
        table = values.reshape([len(shares) for _, shares, _ in self._axes])
        for axis in reversed(range(len(self._axes))):
            _, shares, turned = self._axes[axis]
            if not turned:
                table = np.tensordot(table, shares, axes=(axis, 0))
        return table.ravel()

    def at(self, point: Sequence[float]) -> _Numbers:
        """The weights of what :meth:`averaged` leaves, where the knobs stand so."""
        values = {knob: knob.value(number) for knob, number in zip(self.turned, point, strict=True)}
        now = _turned_shares(self.met, "arrays", values)
        adoption = next((value for knob, value in values.items() if knob.kind == "adoption"), 1.0)
        now |= dict.fromkeys(("adoption.client", "adoption.server"), np.array([1 - adoption, adoption]))
        numbers = {knob.of: value for knob, value in values.items() if knob.kind == "number"}
        thief, life = (numbers.get(name, self.met.number(name)) for name in _TIMES)
        early = vectorised.in_time_share(thief, self.met.number("latency.spread"), life)
        now["in time"] = np.array([early, 1 - early])
        found = np.ones(1)
        for name, _, turned in self._axes:
            if turned:
                found = np.multiply.outer(found, now[name]).ravel()
        return found
