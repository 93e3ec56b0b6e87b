"""Which properties are harms, and what attackers are after.

A harm is a property that says who is hurt when it breaks, no matter who has added it.

An attacker of a population has a strategy: what each harm is worth to it, and whether it stays where the population
puts it. What some attacker could do (:mod:`simulations.visits`, attainable) depends on no strategy.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from model import logic
from model.errors import InputError, hint
from model.model import Model, oauth
from properties.security import every_property

#: The attacker uses the user's data: what is counted as a theft.
THEFT = "authorization"
#: Who believes something wrong of a token, or has one that can do too much, comes to harm by what is then done with it,
#: or not at all: in a flow in which nothing else breaks this is no harm that anybody suffers. It is attainable all the
#: same.
_BESIDE_OTHERS = frozenset({"resource_binding", "least_authority", "delegation_confinement"})


@cache
def every_harm(model: Model = oauth()) -> tuple[str, ...]:
    """The properties that are harms, the gravest first."""
    return tuple(name for name, known in every_property(model).items() if known.hurts)


def hurt(harm: str, model: Model) -> str:
    """Who is hurt by one of :func:`every_harm`."""
    return every_property(model)[harm].hurts


def suffered(broken: Sequence[Any], model: Model = oauth()) -> tuple[Any, ...]:
    """Of what breaks, in the order of :func:`every_harm`, what is suffered; Python truth values or arrays of them."""
    named = tuple(zip(every_harm(model), broken, strict=True))
    others = logic.any_of(*(happens for name, happens in named if name not in _BESIDE_OTHERS))
    return tuple(logic.all_of(happens, others) if name in _BESIDE_OTHERS else happens for name, happens in named)


class StrategyError(InputError):
    """A strategy that does not exist; one line naming what is allowed."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """What attackers are after.

    Attributes:
        values: gives what each of :func:`every_harm` is worth to the attacker; it takes what is worth most together.
        moves: it stands where the defences that it meets leave most open, of all places of attackers that the
            population names; else where the population puts it.
    """

    name: str
    meaning: str
    values: Callable[[Model], tuple[int, ...]]
    moves: bool = False

    def worth(self, harmed: Sequence[Any], model: Model) -> Any:
        """What harms are worth together; of arrays of them, one value a row."""
        total: Any = 0
        for value, harm in zip(self.values(model), harmed, strict=True):
            total = total + value * harm
        return total


@cache
def by_money(model: Model = oauth()) -> tuple[int, ...]:
    """The value of each harm: ``data/harm_values.csv`` states it, or the one who added the property."""
    with files("simulations").joinpath("data", "harm_values.csv").open(encoding="utf-8") as file:
        values = {row["property"]: int(row["value"]) for row in csv.DictReader(file)}
    return tuple(values.get(name, every_property(model)[name].worth) for name in every_harm(model))


@cache
def by_gravity(model: Model) -> tuple[int, ...]:
    """Each harm is worth more than all that come after it together."""
    return tuple(1 << place for place in reversed(range(len(every_harm(model)))))


GRAVEST = Strategy("gravest", "the gravest harm first, in the order of the properties", by_gravity)
STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        GRAVEST,
        Strategy("money", "what is worth most together, by the values of data/harm_values.csv", by_money),
        Strategy(
            "best_response",
            "what is worth most, from whichever place the defences leave most open",
            by_money,
            moves=True,
        ),
    )
}


def strategy(name: str) -> Strategy:
    """A strategy by its name (raises StrategyError)."""
    if name not in STRATEGIES:
        raise StrategyError(f"unknown attacker {name!r}{hint(name, STRATEGIES)}")
    return STRATEGIES[name]
