"""What an experiment is: arms that meet the same population while one thing grows.

The questions themselves are data, in :mod:`simulations.catalogue`; who runs them is :mod:`simulations.experiments`.
"""

import copyreg
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple

from model.errors import InputError
from model.model import Model, oauth
from simulations.arms import AS_DEPLOYED, settings
from simulations.harms import GRAVEST
from simulations.horizon import LIFETIMES, Horizon, horizon
from simulations.population import Population
from simulations.quantities import PAIR, ROBBED, WORKING, Measure
from simulations.units import ATTACKERS_MET, Unit
from simulations.visits import Settings

Shares = Mapping[str, float]
#: How many replications there are, where neither the experiment nor anybody who runs it wants more.
FEWEST_WORLDS = 5


class ExperimentError(InputError):
    """An experiment that cannot be run as asked; one line naming the culprit and what is allowed."""


def _fixed(table: dict[str, Any]) -> MappingProxyType[str, Any]:
    return MappingProxyType(table)


# Experiments are handed to other processes, and with them their tables, which nobody changes.
copyreg.pickle(MappingProxyType, lambda table: (_fixed, (dict(table),)))


@dataclass(frozen=True, slots=True)
class Mix:
    """A sweep from one mix of a factor to another: a share ``value`` of attempts draws from ``rising``."""

    factor: str
    rising: Shares
    falling: Shares

    def at(self, value: float) -> dict[str, float]:
        """The shares at a point of the sweep."""
        kinds = dict.fromkeys((*self.rising, *self.falling))
        return {kind: value * self.rising.get(kind, 0) + (1 - value) * self.falling.get(kind, 0) for kind in kinds}


@dataclass(frozen=True, slots=True)
class Adoption:
    """A sweep over the share of clients, and of servers, that do what the arm sets."""


@dataclass(frozen=True, slots=True)
class Year:
    """A sweep over the years, with as much adopted as the curves of the population say."""


@dataclass(frozen=True, slots=True)
class Number:
    """A sweep over a number of the population, or over an option of the reader."""

    name: str
    option: bool = False


class Range(NamedTuple):
    """Between what a number is tried when one asks what decides an experiment, and why; if both are one it is held."""

    low: float
    high: float
    why: str


@dataclass(frozen=True, slots=True)
class Experiment:
    """A question put to a population.

    Attributes:
        name: as tables and the command line name it.
        question: what it answers.
        parameter: what grows, in words that fit an axis.
        values: the points of the sweep.
        arms: the designs as configuration strings; the first is what the others are compared with. The empty
            string sets nothing: what is deployed stays as it is.
        population: the name of the population.
        sweep: what changes along the sweep; nothing does at a single point.
        deployed: clients that the arms do not speak of are those that the population says are out there.
        mixes: shares of the experiment's own population that it sets before the sweep.
        factors: instead of arms: mechanisms, of which every combination is an arm.
        reader: how attempts are counted, one of :data:`simulations.units.READERS`.
        numbers: numbers of the experiment's own population that it sets before the sweep, likewise.
        attempts: attempts in every arm at every point, where the command line does not say.
        worlds: then there are so many replications at least, as where some worlds tip and others do not.
        options: what else the reader is given.
        tried: numbers and options of which it says itself between what they are tried.
        attacker: what attackers are after, one of :data:`simulations.harms.STRATEGIES`.
        headline: what it is about, where it says so.
        asked: how it is asked for on the command line, where that is not by its name.
        model: the model whose switches arms and population name.
    """

    name: str
    question: str
    parameter: str
    values: tuple[float, ...]
    arms: tuple[str, ...]
    population: str
    sweep: Mix | Adoption | Year | Number | None = None
    deployed: bool = False
    mixes: Mapping[str, Shares] = field(default_factory=lambda: MappingProxyType({}))
    numbers: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    factors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reader: str = "arrays"
    attempts: int = 20_000
    worlds: int = 1
    options: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    tried: Mapping[str, Range] = field(default_factory=lambda: MappingProxyType({}))
    attacker: str = GRAVEST.name
    headline: tuple[Measure, ...] = ()
    asked: tuple[str, ...] = ()
    model: Model = field(default=oauth(), repr=False)

    @property
    def about(self) -> tuple[Measure, ...]:
        """What it is about, at its :attr:`point`; nothing is picked when the counts are known."""
        return self.headline or ((WORKING, ROBBED) if self.reader == "arrays" else PAIR)

    @property
    def point(self) -> float:
        """The point of the sweep where one is taken for all."""
        return self.values[len(self.values) // 2]

    @property
    def treatments(self) -> dict[str, Settings]:
        """What each arm sets, by its label."""
        if not self.factors:
            return {arm or AS_DEPLOYED: settings(arm, self.model) for arm in self.arms}
        made = {}
        for levels in product((False, True), repeat=len(self.factors)):
            chosen = [name for name, on in zip(self.factors, levels, strict=True) if on]
            said = dict(each for name in chosen for each in settings(self.factors[name], self.model))
            made[" + ".join(chosen) or AS_DEPLOYED] = tuple(
                (name, said[name]) for name in self.model.switches if name in said
            )
        return made

    def first_met(self, met: Population) -> Population:
        """A population as it is where the sweep begins: what the experiment decides of it is decided."""
        return self.unit(met, self.values[0], "", 0).population

    def unit(
        self, met: Population, value: float, seed: str, attempts: int, record: str = "", weighted: bool = False
    ) -> Unit:
        """Return one replication at a point of the sweep; its draws are the experiment's own, with its name as seed.

        ``weighted``: it is one of several whose weights are known, so that they need not be drawn as they are met.
        """
        adoption, options = 1.0, dict(self.options)
        if not weighted:
            options.pop(ATTACKERS_MET, None)
        match self.sweep:
            case Mix(factor):
                met = met.with_shares(factor, self.sweep.at(value))
            case Number(name, True):
                options[name] = value
            case Number(name):
                met = met.with_numbers(**{name: value})
            case Adoption():
                adoption = value
            case Year():
                met = met.at(value)
        arms = tuple(self.treatments.values())
        return Unit(
            met,
            arms,
            f"{self.name}/{seed}",
            attempts,
            adoption,
            self.reader,
            options=tuple(sorted(options.items())),
            strategy=self.attacker,
            record=record,
        )

    @property
    def replication(self) -> int:
        """How many attempts a replication has at each point, if nobody asks for others."""
        return self.attempts // max(FEWEST_WORLDS, self.worlds)

    def least_attempts(self, met: Population, replications: int) -> int:
        """How many attempts at each point it takes, so many replications together, that the clock goes far enough."""
        found = (horizon(self.unit(met, value, "", 0)) for value in self.values)
        return max((one.attempts * replications for one in found if one is not None), default=replications)

    def horizon(self, met: Population) -> Horizon | None:
        """How much time is simulated, at the point that needs most of it; None where attempts know no time."""
        found = [horizon(self.unit(met, value, "", 0)) for value in self.values]
        return max((one for one in found if one is not None), key=lambda one: one.needed, default=None)

    def check_horizon(self, met: Population, attempts: int, replications: int) -> None:
        """Make sure that what it asks about can happen in so many attempts.

        Raises:
            ExperimentError: naming the point of the sweep, what is cut short, and how many attempts it takes.
        """
        for value in self.values:
            found = horizon(self.unit(met, value, "", 0))
            if found is not None and (attempts // replications) < found.attempts:
                seconds, why = found.needed
                ends = attempts // replications / found.rate / LIFETIMES
                named = found.kept[1] if seconds > found.ends[0] else ""
                shorter = f", or {named} of {ends:,.0f} s at most" if named else ""
                raise ExperimentError(
                    f"{self.name!r} ends after {attempts // replications / found.rate:,.0f} s of simulated time, and "
                    f"needs {seconds:,.0f} s ({why}) where {self.parameter} is {value:g}: it takes at least "
                    f"{self.least_attempts(met, replications)} attempts with {replications} replications{shorter}"
                )
