"""What is not known for sure, as knobs: what a population leaves open and what a reader takes for granted.

Shares are a Dirichlet distribution (:attr:`simulations.population.Factor.prior`), tables of products included. How
many visits an attacker has a hand in lies between one in a hundred thousand and one in ten, on a logarithmic scale.
Numbers of a population that nobody measured lie between a tenth and ten times of what it says (on a logarithmic
scale), those that somebody measured not quite like this between half and twice, how much is met together
(:mod:`simulations.together`) between nothing and all, options of a reader in the range that they have, unless an
experiment says itself between what it tries one. Only what is stated with high confidence is no knob. The sweep of an
experiment is one where nothing else is said.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv

from simulations import encounters
from simulations.experiment import Adoption, Experiment, Mix, Number
from simulations.population import NUMBERS, Factor, Population, Provenance, StatedNumber
from simulations.reader import READERS
from simulations.together import groups
from simulations.units import Unit

Numbers = NDArray[np.float64]
#: By how much a number may be off, as a logarithm: one that is swept or of low confidence, and one of medium.
_DECADE, _TWICE = math.log(10), math.log(2)
#: A number that is tried over more than a decade is tried on a logarithmic scale.
_WIDE = 10
#: Between what the share of visits lies in which an attacker has a hand: nobody has counted it.
EXPOSURE = (1e-5, 0.1)
#: Some visits are honest.
_MOST = 0.999
#: How near a uniform number comes to 0 and 1 where a weight is made of it.
_EDGE = 1e-4


def numbers_read(reader: str, met: Population) -> tuple[str, ...]:
    """The numbers of a population that a reader reads."""
    sent = (*encounters.NUMBERS, *(["count.resource_servers"] if met.malicious else []))
    return (*READERS[reader].numbers, *(sent if _follows(reader, met) else ()))


def traits_read(reader: str, met: Population) -> tuple[str, ...]:
    """The traits of a population that a reader reads."""
    return (*READERS[reader].traits, *((encounters.TENANCY,) if _follows(reader, met) else ()))


def _follows(reader: str, met: Population) -> bool:
    """Whether a reader sends agents where the numbers of a population say."""
    return READERS[reader].sent and met.sent is None


@dataclass(frozen=True, slots=True)
class Knob:
    """Something that is not known for sure.

    Attributes:
        name: as tables name it: a factor or trait, a number, an option; ``log NAME`` on a logarithmic scale.
        kind: what is turned.
        of: the factor, trait, number or option.
        low, high: between which a number lies, anything there being as likely.
        prior: the parameters of the Dirichlet distribution of shares; of a number that was counted, those of the Beta
            distribution of the share that it is, or whose reciprocal it is (``mean``).
        malicious: of places, which are malicious. What these come to lies between ``low`` and ``high``, as logarithms;
            the prior says in which mix, and in which mix the others are.
    """

    name: str
    kind: Literal["adoption", "share", "number", "option", "together"]
    of: str
    low: float = 0.0
    high: float = 1.0
    prior: tuple[float, ...] = ()
    malicious: tuple[bool, ...] = ()
    mean: bool = False

    @property
    def size(self) -> int:
        """How many uniform numbers say where it stands: of two shares one says it all."""
        weighed = sum(each > 0 for each in self.prior)
        return weighed + bool(self.malicious) if weighed > 2 else 1

    @property
    def rests_on(self) -> float:
        """What is known of it, in observations of single deployments that would tell as much."""
        return sum(self.prior) or 1.0

    def turned(self, uniform: Numbers) -> Numbers:
        """Where it stands, one row a row of uniform numbers: a column for each share, or one for a number."""
        if self.kind == "share" and not self.malicious:
            return self._shares(uniform)
        if self.kind == "number" and self.prior:
            return _counted(self.prior, self.mean, uniform[:, :1])
        values: Numbers = self.low + uniform[:, :1] * (self.high - self.low)
        if self.malicious:
            mix = self._shares(uniform[:, 1:]) if self.size > 1 else np.array([self.prior])
            return np.asarray(self._within(mix) * np.where(self.malicious, np.exp(values), 1 - np.exp(values)))
        return np.asarray(np.exp(values)) if self.name.startswith("log ") else values

    def _within(self, shares: Numbers) -> Numbers:
        """Shares of places as shares of all that are malicious, and of all that are not."""
        bad = np.array(self.malicious)
        groups = (shares[:, which].sum(axis=1, keepdims=True) for which in (bad, ~bad))
        return np.asarray(shares / np.where(bad, *groups))

    def _shares(self, uniform: Numbers) -> Numbers:
        weights = np.array(self.prior)
        weighed = weights > 0
        shares = np.zeros((len(uniform), len(weights)))
        if self.size == 1:
            first, second = weights[weighed]
            part = betaincinv(second, first, uniform[:, 0])
            shares[:, weighed] = np.stack([1 - part, part], axis=1)
            return shares
        shares[:, weighed] = gammaincinv(weights[weighed], np.clip(uniform, _EDGE, 1 - _EDGE))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def features(self, stands: Numbers) -> Numbers:
        """What a mean may depend on where it stands so: linear in shares, as rates are, and smooth in numbers."""
        if self.kind == "share":
            moving = np.array(self.prior) > 0
            if not self.malicious:
                return stands[:, moving][:, 1:]
            total = stands[:, self.malicious].sum(axis=1, keepdims=True)
            return np.concatenate([total, np.log(total), self._within(stands)[:, moving][:, 2:]], axis=1)
        values = np.log(stands) if self.name.startswith("log ") else stands
        scaled = (values - self.low) / (self.high - self.low) - 0.5
        return np.concatenate([scaled**power for power in (1, 2, 3)], axis=1)


def knobs(asked: Experiment, base: Unit, sweep: bool = True) -> list[Knob]:
    """The knobs of an experiment that is about to run a unit like this.

    ``sweep``: what the experiment sweeps is one of them; else it stands where the unit has it.
    """
    swept = asked.sweep
    found = [Knob("adoption", "adoption", "adoption")] if isinstance(swept, Adoption) else []
    found += [_share_knob(name, factor) for name, factor in _open(base.population, asked.reader)]
    found += [*_together_knobs(base.population), *_number_knobs(asked, base.population), *_option_knobs(asked)]
    match swept:
        case Mix(name) | Number(name):
            held = name
        case _:
            held = "adoption"
    return [knob for knob in found if sweep or knob.of != held]


def _share_knob(name: str, factor: Factor) -> Knob:
    bad = tuple(encounters.malicious(kind.name) for kind in factor.categories) if name == "place" else ()
    if len({there for there, weight in zip(bad, factor.prior, strict=False) if weight}) < 2:
        return Knob(name, "share", factor.name, prior=factor.prior)
    stated = math.fsum(share for share, there in zip(factor.shares, bad, strict=True) if there)
    low, high = min(EXPOSURE[0], stated or EXPOSURE[0]), max(EXPOSURE[1], min(stated, _MOST))
    return Knob(name, "share", factor.name, math.log(low), math.log(high), factor.prior, bad)


def _counted(prior: Sequence[float], mean: bool, uniform: Numbers) -> Numbers:
    """What a number may be that was counted: the share itself, or how many to a group."""
    first, second = prior
    share = betaincinv(first, second, np.clip(1 - uniform if mean else uniform, _EDGE, 1 - _EDGE))
    return np.asarray(1 / share if mean else share)


def _ends(number: StatedNumber) -> tuple[float, float]:
    """Between what a number lies that was counted."""
    low, high = _counted(number.prior, number.is_mean, np.array([0.0, 1.0])).tolist()
    return low, high


def _off_by(provenance: Provenance) -> float:
    if provenance.swept:
        return _DECADE
    return {"low": _DECADE, "medium": _TWICE}.get(provenance.confidence, 0.0)


def _number_knobs(asked: Experiment, met: Population) -> Iterator[Knob]:
    for name in numbers_read(asked.reader, met):
        number, bounds = met.numbers[name], NUMBERS[name]
        off = _off_by(number.provenance)
        if number.prior and name not in asked.tried:
            yield Knob(name, "number", name, *_ends(number), prior=number.prior, mean=number.is_mean)
        elif off and number.value > 0:
            middle = math.log(number.value)
            least = -math.inf if bounds.least == 0 else math.log(bounds.least)
            most = math.inf if bounds.most is None else math.log(bounds.most)
            low, high = max(middle - off, least), min(middle + off, most)
            if name in asked.tried:
                low, high = math.log(asked.tried[name].low), math.log(asked.tried[name].high)
            if low < high:
                yield Knob(f"log {name}", "number", name, low, high)


def _together_knobs(met: Population) -> Iterator[Knob]:
    decides = {factor.name for factor in _with_a_say(met)}
    for row in dict.fromkeys(row for group in groups(met) for row in group.rows):
        if len(decides & {name for name, _ in row.of}) < 2:
            continue
        off = _off_by(row.provenance)
        low, high = (row.share / 2, min(1.0, 2 * row.share)) if off == _TWICE else (0.0, 1.0)
        if off and low < high:
            yield Knob(f"together {row.name}", "together", row.name, low, high)


def _option_knobs(asked: Experiment) -> Iterator[Knob]:
    for name, option in READERS[asked.reader].options.items():
        low, high = asked.tried[name][:2] if name in asked.tried else (option.low, option.high)
        if low > 0 and high / low > _WIDE:
            yield Knob(f"log {name}", "option", name, math.log(low), math.log(high))
        elif low < high:
            yield Knob(name, "option", name, low, high)


def _open(met: Population, reader: str) -> Iterator[tuple[str, Factor]]:
    """The factors, places and traits whose shares are not sure and that have a say, each with its name as a knob."""
    yield from ((factor.name, factor) for factor in _with_a_say(met) if _moves(factor))
    if READERS[reader].sent and met.sent is not None and _moves(met.sent):
        yield met.sent.name, met.sent
    for trait in met.traits:
        if trait.name in traits_read(reader, met) and _moves(trait):
            yield f"trait {trait.name}", trait


def _with_a_say(met: Population) -> Iterator[Factor]:
    """The factors that decide anything: what later ones set in any case is not for them to say."""
    for place, factor in enumerate(met.factors):
        settled = {name for later in met.factors[place + 1 :] for name in _always(later)}
        if {name for kind in factor.categories for name, _ in kind.settings} - settled:
            yield factor


def _always(factor: Factor) -> frozenset[str]:
    """The switches that a factor sets whatever it comes out as."""
    return frozenset.intersection(*(frozenset(dict(kind.settings)) for kind in factor.categories))


def _moves(factor: Factor) -> bool:
    return sum(each > 0 for each in factor.prior) > 1


# --- turning them ----------------------------------------------------------------------------------------------


def stand(turned: Sequence[Knob], points: Numbers) -> dict[Knob, Numbers]:
    """Where each knob stands at points of uniform numbers, one row a point, :attr:`Knob.size` columns a knob."""
    ends = np.cumsum([knob.size for knob in turned])
    parts = np.split(points, ends[:-1], axis=1) if len(turned) else []
    return {knob: knob.turned(part) for knob, part in zip(turned, parts, strict=True)}


def unit_at(base: Unit, stands: Mapping[Knob, Numbers], row: int, attempts: int) -> Unit:
    """The unit with its knobs as they stand at one of the points."""
    shares = {knob.of: at[row].tolist() for knob, at in stands.items() if knob.kind == "share"}
    values = {knob: float(at[row, 0]) for knob, at in stands.items() if knob.kind != "share"}

    def with_shares(factor: Factor) -> Factor:
        if factor.name not in shares:
            return factor
        pairs = zip(factor.categories, shares[factor.name], strict=True)
        return replace(factor, categories=tuple(replace(kind, share=share) for kind, share in pairs), detailed=())

    met = base.population
    met = replace(
        met,
        sent=None if met.sent is None else with_shares(met.sent),
        factors=tuple(map(with_shares, met.factors)),
        traits=tuple(map(with_shares, met.traits)),
        clients=None if met.clients is None else with_shares(met.clients),
    )
    together = {knob.of: value for knob, value in values.items() if knob.kind == "together"}
    rows = tuple(replace(row, share=together.get(row.name, row.share)) for row in met.together)
    numbers, options = dict(met.numbers), dict(base.options)
    for knob, value in values.items():
        if knob.kind == "number":
            numbers[knob.of] = replace(numbers[knob.of], value=_whole(value, NUMBERS[knob.of].whole))
        elif knob.kind == "option":
            options[knob.of] = _whole(value, READERS[base.reader].options[knob.of].whole)
    adoption = next((value for knob, value in values.items() if knob.kind == "adoption"), base.adoption)
    return replace(
        base,
        population=replace(met, numbers=numbers, together=rows),
        adoption=adoption,
        attempts=attempts,
        options=tuple(sorted(options.items())),
    )


def _whole(value: float, whole: bool) -> float:
    return float(round(value)) if whole else value
