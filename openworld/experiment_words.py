"""Experiments and their results in words."""

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas

from openworld.headlines import headlines
from openworld.show import rate_lines
from openworld.width import wrapped
from simulations.experiment import Experiment, Number
from simulations.experiments import coinciding
from simulations.intervals import LEVEL, deviations, together
from simulations.knobs import numbers_read, traits_read
from simulations.population import Population
from simulations.quantities import ATTEMPT, THEFTS, WORKING, Measure, plainly
from simulations.reader import READERS as DECLARED
from simulations.readers import READERS
from simulations.reads import unread
from simulations.results import LISTED, Result
from simulations.uncertainty import STOLEN, WORKS

#: Rows of a table that a person still reads.
_MOST = 12
#: Exact numbers that are no further apart are the same.
_SAME = 1e-9


def experiment_lines(experiments: Iterable[Experiment]) -> Iterator[str]:
    """What can be asked."""
    for asked in experiments:
        yield f"{asked.name}  ({asked.population}, {len(asked.treatments)} arms, by {asked.parameter})"
        yield from wrapped(asked.question, 4)


def result_lines(result: Result) -> Iterator[str]:
    """What an experiment showed: what it is about, arms that come to the same, means, rates and effects."""
    yield from headline_lines(result.quantities)
    yield from sign_lines(result)
    yield from polynomial_lines(result.quantities)
    yield from (found.words for found in result.alike)
    yield from quantity_lines(result.quantities)
    yield from rate_lines(result.rates)
    yield from _effect_lines(result.effects)


def horizon_lines(asked: Experiment, met: Population, attempts: int) -> Iterator[str]:
    """How much time so many attempts in a replication simulate, where attempts know time."""
    horizon = asked.horizon(met)
    if horizon is not None:
        yield horizon.words(attempts)


def source_lines(asked: Experiment, met: Population) -> Iterator[str]:
    """Whose the numbers are that an experiment is about, where its reader takes some for granted."""
    for group in coinciding(asked, met):
        said = f"{LISTED.join(group)}: the same in every situation of population {met.name}, whatever is drawn"
        yield from wrapped(said)
    for text in asked.arms:
        if left := unread(READERS[asked.reader], text, asked.model):
            said = f"nothing here depends on what {text} says of {', '.join(left)}"
            yield from wrapped(said)
    options = DECLARED[asked.reader].options
    if not options:
        return
    at = asked.first_met(met)
    numbers = [f"{name} {plainly(met.number(name))}" for name in numbers_read(asked.reader, at)]
    traits = [trait.name for trait in met.traits if trait.name in traits_read(asked.reader, at)]
    drawn = [factor.name for factor in met.factors]
    swept = {asked.sweep.name} if isinstance(asked.sweep, Number) else set()
    told = [f"{name} {plainly(value)}" for name, value in asked.options.items()]
    granted = [
        f"{name} {plainly(option.default)}"
        for name, option in options.items()
        if name not in asked.options and name not in swept
    ]
    for whose, what in (
        (f"drawn from population {met.name}", [*drawn, *traits]),
        (f"said by population {met.name}", numbers),
        ("swept by the experiment", sorted(swept)),
        ("said by the experiment", told),
        ("taken for granted, measured by nobody", granted),
    ):
        if what:
            yield from wrapped(f"{whose}: {', '.join(what)}")


def headline_lines(quantities: pandas.DataFrame) -> Iterator[str]:
    """What an experiment is about, arm by arm."""
    for number, found in enumerate(headlines(quantities)):
        if number == 0:
            drawn = quantities.loc[quantities["headline"] == 1, "change_input_low"].notna().any()
            stated = "" if drawn else "; inputs as stated, --inputs N draws them"
            yield f"where {found.point}, against {found.against}, {how(quantities, 'that all hold together')}{stated}"
        yield f"  {found.arms}"
        yield from (f"    {sentence}" for sentence in found.sentences)


#: What becomes of something, by whether it is ever gained and ever lost.
_FLOWS = {
    (False, False): "the same flows work", (True, False): "more flows work and none is lost",
    (False, True): "flows are lost and none is won", (True, True): "flows are won here and lost there",
}  # fmt: skip
_THEFTS = {
    (False, False): "the same thefts", (True, False): "more thefts and none is stopped",
    (False, True): "thefts are stopped and none is added", (True, True): "thefts are stopped here and added there",
}  # fmt: skip


def sign_lines(result: Result) -> Iterator[str]:
    """What each arm changes whatever the shares are, where values are exact: in every situation that may be met.

    What is lost or stopped is said with the rules that refuse it.
    """
    table = result.differences
    at = result.quantities.loc[result.quantities["headline"] == 1, "value"]
    if not is_exact(result.rates) or at.empty:
        return
    shown = table[table["value"] == at.iloc[0]].drop_duplicates(["alike", "kind", "outcome"])
    yield "whatever the shares are: against the same, in every situation that may be met there"
    for arm, rows in shown.groupby("alike", sort=False):
        cells = rows.set_index(["kind", "outcome"])[["gained", "lost"]]
        changed = {what: (bool(gained), bool(lost)) for what, gained, lost in cells.itertuples()}
        flows, thefts = (changed.get(what, (False, False)) for what in (WORKS, STOLEN))
        refusing = [name for (kind, name), (more, _) in changed.items() if more and kind in ("refused", "blocked")]
        said = f"{_FLOWS[flows]}; {_THEFTS[thefts]}" + (f"; refused by {LISTED.join(refusing)}" if refusing else "")
        yield from wrapped(f"{arm}: {said}", 4, 8)


def polynomial_lines(quantities: pandas.DataFrame) -> Iterator[str]:
    """What works and what is stolen as the polynomials in the swept share that they are, where values are exact."""
    told = once(quantities)
    if not is_exact(quantities) or not told["value"].between(0, 1).all():
        return
    title = f"in s, the {quantities['parameter'].iloc[0]}"
    for measure in (WORKING, THEFTS._replace(per=ATTEMPT)):
        rows = told[(told["quantity"] == measure.quantity) & (told["per"] == measure.per)]
        found = {str(arm): polynomial(at["value"], at["mean"]) for arm, at in rows.groupby("arm", sort=False)}
        if any(found.values()):
            yield f"{measure.words} {title}"
            yield from (f"    {said:<36} {arm}" for arm, said in found.items() if said)


def polynomial(values: Iterable[float], means: Iterable[float]) -> str:
    """Say the polynomial of a degree below three that goes through all points, more than it takes; "" if none does."""
    at, of = np.array(list(values)), np.array(list(means))
    for degree in range(min(3, len(at) - 1)):
        found = np.polynomial.polynomial.polyfit(at, of, degree)
        if np.abs(np.polynomial.polynomial.polyval(at, found) - of).max() < _SAME:
            terms = [(each, power) for power, each in enumerate(found) if abs(each) > _SAME]
            said = " ".join(
                f"{'-' if each < 0 else '+'} {abs(each):.4g}{('', ' s', ' s²')[power]}" for each, power in terms
            )
            return said.replace(" 1 s", " s").removeprefix("+ ") or "0"
    return ""


def is_exact(table: pandas.DataFrame) -> bool:
    """Whether numbers were worked out, and not sampled."""
    return bool((table["low"] == table["high"])[table["mean" if "mean" in table else "rate"].notna()].all())


def how(table: pandas.DataFrame, of_several: str = "") -> str:
    """How sure numbers are: exactly, or with intervals."""
    return "exactly: all situations, none sampled" if is_exact(table) else f"with 95 % intervals {of_several}".strip()


def once(table: pandas.DataFrame) -> pandas.DataFrame:
    """The rows of arms that come to the same, once and under all their names."""
    named = table.assign(arm=table["alike"].where(table["alike"] != "", table["arm"]))
    return named.drop_duplicates(["value", "arm", "quantity", "per"])


def quantity_lines(quantities: pandas.DataFrame) -> Iterator[str]:
    """What there is for each attempt, honest or accepted flow at the point that headlines are taken at, arm by arm."""
    told = quantities[quantities["headline"] == 1]
    value = (told if len(told) else quantities)["value"].max()
    where = f"where {quantities['parameter'].iloc[0]} is {value:g}"
    yield f"means and what changes in them, {how(quantities)}, {where}"
    shown = once(quantities[quantities["value"] == value])
    width = shown["arm"].str.len().max()
    for (quantity, per), group in shown.groupby(["quantity", "per"], sort=False):
        if group["mean"].any():
            yield f"  {Measure(str(quantity), str(per)).words}"
            for row in group.to_dict("records"):
                yield f"    {row['arm']:<{width}} {_mean(row)}".rstrip()


def _mean(row: Mapping[Hashable, Any]) -> str:
    if row["mean"] != row["mean"]:
        return "none there"
    if row["low"] == row["high"]:
        change = f"{row['difference']:+9.4g}" if row["difference"] == row["difference"] else ""
        return f"{row['mean']:8.4g}  {change}"
    bounds = f"({row['low']:.4g} to {row['high']:.4g})"
    own = f"{row['mean']:8.4g}  {bounds:<22}"
    if row["difference"] != row["difference"]:
        return own
    return f"{own} {row['difference']:+9.3g}  ({row['difference_low']:+.3g} to {row['difference_high']:+.3g})"


def _effect_lines(effects: pandas.DataFrame) -> Iterator[str]:
    """The largest effects at the last point of the sweep that are settled though all of them were looked through."""
    if not len(effects):
        return
    last = effects[effects["value"] == effects["value"].max()]
    wide = deviations(together(len(last))) / deviations(LEVEL)
    middle, half = (last["low"] + last["high"]) / 2, wide * (last["high"] - last["low"]) / 2
    shown = last.assign(low=middle - half, high=middle + half)
    shown = shown[(shown["low"] > 0) | (shown["high"] < 0)]
    point = f"{last['parameter'].iloc[0]} is {last['value'].iloc[0]:g}"
    yield f"largest effects and interactions where {point}, with 95 % intervals that hold for all {len(last)} at once"
    largest = shown.reindex(shown["difference"].abs().sort_values(ascending=False).index)
    for row in largest.head(_MOST).to_dict("records"):
        bounds = f"({row['low']:+.2%} to {row['high']:+.2%})"
        yield f"  {row['effect']:<28} {row['difference']:+8.2%} {bounds:<20}  {row['kind']}: {row['outcome']}"


def sensitivity_lines(table: pandas.DataFrame) -> Iterator[str]:
    """Which knobs decide what each arm changes: total Sobol indices or Morris' effects, the largest first."""
    if not len(table):
        yield "no arm changes anything, however the open numbers stand"
        return
    first = table.iloc[0]
    most = first["attempts"]
    counted = f"at most {most} attempts counted at each point" if most else "nothing sampled but them"
    yield f"{METHODS[first['method']]}; {first['samples']} base samples, {counted}"
    for (arm, kind, outcome), group in table.groupby(["arm", "kind", "outcome"], sort=False):
        by = "effect" if first["method"] == "morris" else "total"
        rows = group.sort_values(by, ascending=False).to_dict("records")
        form = "+.4g" if kind == "mean" else "+.2%"
        yield f"{arm}: {kind} {outcome}, difference {rows[0]['low']:{form}} to {rows[0]['high']:{form}}"
        for row in rows:
            if row[by] >= 0.01 * (rows[0][by] if by == "effect" else 1):
                yield f"    {row['knob']:<40} {_index(row, by, form[1:])}"


def _index(row: Mapping[Hashable, Any], by: str, form: str) -> str:
    doubt = "" if row["converged"] == "yes" else "  not converged: more --samples"
    if by == "total":
        return f"{row['total']:5.2f} ± {row['total_confidence']:.2f}  (alone {row['first_order']:5.2f}){doubt}"
    # Of several shares that are turned together there is no spread.
    spread = "" if math.isnan(row["spread"]) else f"  (spread {row['spread']:{form}})"
    return f"{row['effect']:{form}} ± {row['effect_confidence']:{form}}{spread}{doubt}"


METHODS = {
    "sobol": "Sobol indices: the share of the variance that a number explains, with others and alone",
    "morris": "Morris' method: how much a number changes in the mean, and how much that depends on the others",
}
