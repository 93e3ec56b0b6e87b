"""What the inputs leave open of a result: an interval over them, beside the one over what was sampled.

Where the knobs stand (:mod:`simulations.knobs`) is drawn many times, the same for every arm and point of a sweep, and
what the experiment sweeps is held where it is. Of first contacts outcomes are then expected values, so that nothing
else is sampled. Elsewhere each draw is run with a few attempts: what their number leaves open is in the interval too,
which is then wider than need be and never narrower.

A difference whose interval over the inputs holds zero is not settled, however many attempts were counted: what decides
it is the knob that explains most of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from operator import attrgetter
from typing import Any, Unpack

import numpy as np
import scipy
from numpy.typing import NDArray

from simulations import engine, expectation
from simulations.attempts import situations
from simulations.calls import QUANTITIES, REQUESTS
from simulations.engine import Where
from simulations.experiment import Experiment
from simulations.experiments import StoppedExperiment
from simulations.harms import THEFT
from simulations.horizon import horizon, lasting
from simulations.intervals import LEVEL
from simulations.knobs import Knob, Numbers, knobs, stand, unit_at
from simulations.measures import cases, event, measures, moments
from simulations.population import Population
from simulations.quantities import ATTEMPT, CASE, ROBBED, Measure
from simulations.results import ATTAINABLE, HARM, INPUT_COLUMNS, Result, outcomes_of
from simulations.units import Tally, Unit
from simulations.visits import ACCEPTED, Label

#: Draws of the inputs where nothing is sampled but them (a power of two); elsewhere as many as are asked for, and how
#: many attempts at each, or where none are asked for so many and fewer attempts.
DRAWS, ATTEMPTS, COUNTED_DRAWS, FEW = 512, 400, 32, 100
#: As many, a power of two as well, where each is a world that lasts as long as it has to.
TIMED_DRAWS = 16
#: They are left out of an answer to all experiments where so many requests would have to be answered, for minutes.
MOST_REQUESTS = 2_000_000
#: They are counted unasked where there are no more situations than this, each of which has to be judged.
MOST_JUDGED = 1 << 12
#: Nothing is closer to zero than this without being zero.
_NOTHING = 1e-12
Outcome = tuple[str, str]
#: What works, and what is stolen.
WORKS: Outcome = ("success", ACCEPTED)
STOLEN: Outcome = (HARM, THEFT)


@dataclass(frozen=True, slots=True)
class Spread:
    """What comes out at one point of a sweep wherever the inputs stand.

    Attributes:
        stands: where each knob stands, one row a draw.
        outcomes: what was seen, by kind and name.
        rates: how often, by draw, arm and outcome.
        exposure: how many visits an attacker has a hand in, by draw, if all situations were gone through.
        stated: what comes out where the inputs are as they are stated, one draw of its own, if that is known.
        measured: how much there is of all that was counted, by draw and arm, where attempts were drawn.
    """

    stands: Mapping[Knob, Numbers]
    outcomes: Sequence[Outcome]
    rates: Numbers
    exposure: Numbers = field(default_factory=lambda: np.zeros(1))
    stated: Spread | None = None
    measured: Mapping[Measure, Numbers] = field(default_factory=dict)

    @property
    def changes(self) -> Numbers:
        """What each arm changes against the first, by draw, arm and outcome."""
        return self.rates - self.rates[:, :1]

    def of(self, *outcome: str) -> Numbers:
        """How often one outcome was seen, by draw and arm."""
        found = [place for place, seen in enumerate(self.outcomes) if seen == outcome]
        return np.asarray(self.rates[:, :, found].sum(axis=2))

    def bounds(self, told: Callable[[Spread], Numbers]) -> Numbers:
        """The bounds of the middle of draws; inputs as they are stated are among those that may be."""
        low, high = between(told(self))
        if self.stated is not None:
            (at,) = told(self.stated)
            low, high = np.fmin(low, at), np.fmax(high, at)
        found = np.stack([low, high])
        return np.where(np.abs(found) <= _NOTHING, 0.0, found)

    def measure(self, told: Measure) -> Numbers | None:
        """Return how much of a measure there is, by draw and arm; None where it is neither an event nor was counted."""
        if self.measured:
            return self.measured.get(told)
        if told == ROBBED:
            per_attempt = self.of(*STOLEN)
            each = np.broadcast_to(self.exposure[:, None], per_attempt.shape)
            return np.divide(per_attempt, each, out=np.full_like(per_attempt, np.nan), where=each > 0)
        found = event(told)
        if found is None:
            return None
        # An outcome by itself is an ending with this as its only harm, or with none.
        alone = [
            Label("diverted", name, (name,)) if kind == HARM else Label(kind, name, ())
            for kind, name in self.outcomes
            if kind != ATTAINABLE
        ]
        kept = [place for place, (kind, _) in enumerate(self.outcomes) if kind != ATTAINABLE]
        happens, each = (np.array([counts(label) for label in alone]) for counts in found)
        harms = np.array([bool(label.harms) for label in alone])
        told_of, of = (self.rates[:, :, kept] @ weights for weights in (happens * 1.0, each & ~harms))
        return np.divide(told_of, of, out=np.full_like(told_of, np.nan), where=of > _NOTHING)

    def explained(self, values: Numbers) -> dict[Knob, float]:
        """The share of a variance that each knob explains alone: of regressions on it, less what chance explains."""
        there = ~np.isnan(values)
        if np.ptp(values[there]) <= _NOTHING:
            return {}
        return {knob: _adjusted(knob.features(at)[there], values[there]) for knob, at in self.stands.items()}

    def decisive(self, values: Numbers) -> str:
        """Return the knob that explains most of how something differs from draw to draw.

        Nothing where it explains no more than the best of so many knobs might by chance (F test, Bonferroni).
        """
        shares = self.explained(values)
        best = max(shares, key=lambda knob: shares[knob], default=None)
        if best is None:
            return ""
        draws, columns = np.count_nonzero(~np.isnan(values)), best.features(self.stands[best]).shape[1]
        freedom = max(1, draws - 1 - columns)
        left = (1 - shares[best]) * freedom / (draws - 1)
        chance = scipy.special.fdtrc(columns, freedom, (1 - left) / columns * freedom / max(left, _NOTHING))
        return best.name if chance * len(shares) < 1 - LEVEL else ""


def between(values: Numbers) -> Numbers:
    """The bounds of the middle of draws (the first axis), so many of them that the level is met."""
    outside = (1 - LEVEL) / 2
    bounds = np.nanquantile(values, [outside, 1 - outside], axis=0)
    return np.where(np.abs(bounds) <= _NOTHING, 0.0, bounds)


def settled(low: Numbers, high: Numbers) -> NDArray[np.bool_]:
    """Whether intervals leave no doubt about a sign: nowhere is there more in some draws, and less in others."""
    return np.asarray((low >= 0) | (high <= 0))


def fitted(features: Numbers, values: Numbers) -> Numbers:
    """What is expected of something given the features alone, by least squares; one column a thing."""
    columns = np.column_stack([np.ones(len(features)), features])
    found = np.linalg.lstsq(columns, values, rcond=None)[0]
    return np.asarray(columns @ found)


def _adjusted(features: Numbers, values: Numbers) -> float:
    """The share of the variance that a regression explains, adjusted for how many columns it has."""
    left = float(((values - fitted(features, values)) ** 2).sum() / ((values - values.mean()) ** 2).sum())
    freedom = max(1, len(values) - 1 - int(features.shape[1]))
    return 1 - left * (len(values) - 1) / freedom


def over_inputs(
    result: Result, asked: Experiment, met: Population, seed: int, draws: int | None = None, **where: Unpack[Where]
) -> Result:
    """The result of an experiment with what the inputs leave open beside it; arguments as of :func:`spreads`.

    Raises:
        StoppedExperiment: on Ctrl-C, with the result as it was.
    """
    try:
        return beside(result, spreads(asked, met, asked.values, seed, draws, **where))
    except engine.Interrupted:
        raise StoppedExperiment(result) from None


def beside(result: Result, found: Mapping[float, Spread]) -> Result:
    """The same result with the intervals over the inputs beside those over what was sampled."""
    if not found:
        return result
    arms = list(dict.fromkeys(result.rates["arm"]))
    rates, differences, quantities = (table.copy() for table in (result.rates, result.differences, result.quantities))
    for value, spread in found.items():
        place = {outcome: number for number, outcome in enumerate(spread.outcomes)}
        for table, told_of in ((rates, attrgetter("rates")), (differences, attrgetter("changes"))):
            here, values = table["value"] == value, told_of(spread)
            low, high = spread.bounds(told_of)
            rows = [
                (arms.index(arm), place.get((kind, outcome)))
                for arm, kind, outcome in table.loc[here, ["arm", "kind", "outcome"]].itertuples(index=False)
            ]
            # What was counted and is expected nowhere among the draws is nothing at any of them.
            bounds = [(0.0, 0.0) if column is None else (low[arm, column], high[arm, column]) for arm, column in rows]
            table.loc[here, ["input_low", "input_high"]] = bounds
            if table is differences:
                said = [
                    _said(spread, both, None if column is None else values[:, arm, column])
                    for both, (arm, column) in zip(bounds, rows, strict=True)
                ]
                table.loc[here, ["settled", "decided_by"]] = said
        here = quantities["value"] == value
        told = quantities.loc[here, ["arm", "quantity", "per"]].itertuples(index=False)
        columns = [_of_measure(spread, arms.index(arm), Measure(*measure)) for arm, *measure in told]
        quantities.loc[here, list(INPUT_COLUMNS)] = columns
    return replace(result, rates=rates, differences=differences, quantities=quantities)


def _said(spread: Spread, bounds: Iterable[float], changes: Numbers | None) -> tuple[str, str]:
    """Whether a change has a sign, and what decides it where it has none."""
    sure = bool(settled(*map(np.asarray, bounds)))
    return ("yes", "") if sure else ("no", "" if changes is None else spread.decisive(changes))


def _of_measure(spread: Spread, arm: int, told: Measure) -> tuple[Any, ...]:
    """What the inputs leave open of a measure in an arm, as :data:`INPUT_COLUMNS`."""
    values = spread.measure(told)
    if values is None or np.isnan(values[:, arm]).all():
        return *(np.nan,) * 4, "", ""

    def mean(of: Spread) -> Numbers:
        found = of.measure(told)
        assert found is not None
        return found[:, arm]

    def change(of: Spread) -> Numbers:
        found = of.measure(told)
        assert found is not None
        return np.asarray(found[:, arm] - found[:, 0])

    changes = change(spread)
    if arm == 0 or np.isnan(changes).all():
        return *spread.bounds(mean), np.nan, np.nan, "", ""
    bounds = spread.bounds(change)
    return *spread.bounds(mean), *bounds, *_said(spread, bounds, changes)


# --- draws -----------------------------------------------------------------------------------------------------


def spreads(
    asked: Experiment,
    met: Population,
    values: Iterable[float],
    seed: int,
    draws: int | None = None,
    **where: Unpack[Where],
) -> dict[float, Spread]:
    """What the inputs leave open at points of a sweep.

    Points at which nothing is open are left out.

    Parameters:
        draws: how often the inputs are drawn; None: :data:`DRAWS` times where nothing is sampled but them, and else
            :data:`COUNTED_DRAWS` times at the point of the headline alone, or not at all where that is dear or the
            headline is no outcome, of which alone draws tell.
        where: as in :func:`simulations.experiments.run`.
    """
    found, tells = {}, any(told == ROBBED or event(told) for told in asked.about)
    for value in values:
        base = asked.unit(met, value, f"{seed}/0", FEW if draws is None else ATTEMPTS)
        if horizon(base) is not None:  # what is kept goes on to count for as long as a replication lasts
            base = replace(base, attempts=asked.replication)
        turned = knobs(asked, base, sweep=False)
        number = draws if draws is not None else _draws(base, tells and value == asked.point)
        if turned and number:
            found[value] = spread(base, turned, number, seed, **where)
    return found


def _draws(base: Unit, headline: bool) -> int:
    if expectation.known(base):
        return DRAWS
    dear = horizon(base) is not None or situations(base.population).count > MOST_JUDGED
    return COUNTED_DRAWS if headline and not dear else 0


def spread(base: Unit, turned: Sequence[Knob], draws: int, seed: int, **where: Unpack[Where]) -> Spread:
    """What comes out of a unit wherever its knobs stand, in as much time as that takes there."""
    stands = stand(turned, drawn(sum(knob.size for knob in turned), draws, seed))
    if expectation.known(base):
        expected = expectation.ExpectedOutcomes(base, turned)
        stated, found = (
            Spread(at, expected.outcomes, expected.rates(at, points), expected.exposure(at, points))
            for at, points in ((dict[Knob, Numbers](), 1), (stands, draws))
        )
        return replace(found, stated=stated)
    units = [lasting(base), *(lasting(unit_at(base, stands, row, base.attempts)) for row in range(draws))]
    tallies = list(engine.run(units, **where).values())
    outcomes, rates = counted(tallies, len(base.arms))
    told = measured(tallies, len(base.arms))
    at_stated, at_drawn = ({each: values[rows] for each, values in told.items()} for rows in (slice(1), slice(1, None)))
    at_inputs = Spread({}, outcomes, rates[:1], measured=at_stated)
    return Spread(stands, outcomes, rates[1:], stated=at_inputs, measured=at_drawn)


def measured(tallies: Sequence[Tally], arms: int) -> dict[Measure, Numbers]:
    """Return how much there is of all that was counted: by tally and arm, nothing where a tally has none of it."""
    known = dict.fromkeys(each for tally in tallies for each in (*measures(tally), *_cases(tally)))
    found = {each: np.full((len(tallies), arms), np.nan) for each in known}
    for row, tally in enumerate(tallies):
        for each, arm in product((*measures(tally), *_cases(tally)), range(arms)):
            if each.per == CASE:
                sums = tally.sums.get((each.quantity, arm))
                found[each][row, arm] = sums.total / sums.number if sums and sums.number else np.nan
            else:
                found[each][row, arm] = moments(tally, each, arm).mean
    return found


def _cases(tally: Tally) -> list[Measure]:
    return [Measure(name, CASE) for name in cases(tally)]


def affordable(asked: Experiment, met: Population, result: Result) -> int | None:
    """Return how often inputs are drawn where all experiments are asked: as when one is, and in time a few times.

    That is not at all where servers would have to answer more than :data:`MOST_REQUESTS`, as the result counted them.
    """
    known = expectation.known(asked.unit(met, asked.point, "", 1))
    if known or (asked.horizon(met) is None and any(map(event, asked.about))):
        return None
    found = result.quantities
    here = (found["quantity"] == QUANTITIES[REQUESTS]) & (found["per"] == ATTEMPT) & (found["value"] == asked.point)
    requests = TIMED_DRAWS * asked.replication * found.loc[here, "mean"].sum()
    return TIMED_DRAWS if requests <= MOST_REQUESTS else 0


def drawn(columns: int, rows: int, seed: int) -> Numbers:
    """Uniform numbers that fill their cube evenly; the more of them, the same ones first."""
    if not columns:
        return np.zeros((rows, 0))
    power = max(0, (rows - 1).bit_length())
    return np.asarray(scipy.stats.qmc.Sobol(columns, rng=seed).random_base2(power)[:rows])


def counted(tallies: Sequence[Tally], arms: int) -> tuple[list[Outcome], Numbers]:
    """What was seen, and how often: by tally, arm and outcome."""
    labels = {label for tally in tallies for joint in tally.endings for label in joint}
    outcomes = sorted({outcome for label in labels for outcome in outcomes_of(label)})
    place = {outcome: number for number, outcome in enumerate(outcomes)}
    rates = np.zeros((len(tallies), arms, len(outcomes)))
    for row, tally in enumerate(tallies):
        total = tally.endings.total()
        for joint, times in tally.endings.items():
            for arm, label in enumerate(joint):
                for outcome in outcomes_of(label):
                    rates[row, arm, place[outcome]] += times / total
    return outcomes, rates
