"""Simulated experiments: their tables, their figures, and what the page says of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from model.words import of_configuration, with_code
from openworld.exhibit import Caption, Drawing, Exhibit, Source
from openworld.figures import experiments as figures
from openworld.headlines import balance_lines, headlines
from openworld.plan import Selection, StudyPlan
from openworld.progress import Progress
from openworld.show import command
from openworld.study_tables import BOUND, COUNT, NAME, NUMBER, RUN, SEED, SHARE, TEXT, Shape, SourceError, maybe
from openworld.tables.table import FoundPicture, Lot, Made, Rows, Section, Study, StudyTable
from simulations import catalogue
from simulations.break_even import break_even, can_break_even
from simulations.experiment import Experiment
from simulations.experiments import evaluable, find, population_for, run
from simulations.population import populations
from simulations.processes import in_order
from simulations.quantities import ACCEPTED_FLOW, ATTEMPT, THEFTS, WORKING, Measure
from simulations.reader import READERS
from simulations.results import ATTAINABLE, HARM, LISTED, REPLICATIONS, Result, alike
from simulations.results import write as save
from simulations.threats import threats
from simulations.uncertainty import over_inputs

# --- tables ------------------------------------------------------------------------------------------------

_TAKEN = Selection(
    "experiments", catalogue.every_experiment, ("matching", "echo", "iss", "dpop", "indicators", "federation")
)
_COUNTED: dict[str, Any] = {
    "parameter": NAME, "value": NUMBER, "outcome": NAME, "kind": NAME, "attempts": COUNT,
    "population": maybe(NAME), "seed": SEED, "command": maybe(TEXT), **RUN,
}  # fmt: skip
RATES = Shape(("value", "arm", "kind", "outcome"), {
    **_COUNTED, "arm": NAME, "alike": maybe(TEXT), "rate": SHARE, "low": NUMBER, "high": NUMBER,
    "interval": maybe(NAME, "wilson"), "per_accepted": maybe(BOUND, None),
})  # fmt: skip
_DIFFERENCE: dict[str, Any] = {**_COUNTED, "difference": NUMBER, "low": NUMBER, "high": NUMBER}
_DIFFERENCES = Shape(
    ("value", "arm", "kind", "outcome"), {**_DIFFERENCE, "arm": NAME, "alike": maybe(TEXT), "against": NAME}
)
_MEASURED = ("mean", "low", "high", "difference", "difference_low", "difference_high", "together_low", "together_high")
#: What the inputs leave open, in folders of studies that drew them.
_INPUTS = ("input_low", "input_high", "change_input_low", "change_input_high")
_QUANTITIES = Shape(("value", "arm", "quantity", "per"), {
    **{name: cell for name, cell in _COUNTED.items() if name not in ("outcome", "kind", "attempts")},
    "arm": NAME, "alike": maybe(TEXT), "quantity": NAME, "per": NAME, "count": COUNT, "against": TEXT,
    "headline": {**COUNT, "maximum": 1}, **dict.fromkeys(_MEASURED, BOUND),
    **dict.fromkeys(_INPUTS, maybe(BOUND, None)), "settled": maybe(TEXT), "decided_by": maybe(TEXT),
})  # fmt: skip
_TRADE = ("paid", "saved", "price", "low", "high", "same", "weight", "holds", "attackers", "attackers_even")
_BREAK_EVEN = Shape(("value", "arm", "knob"), {
    "parameter": NAME, "value": NUMBER, "arm": NAME, "against": NAME, "knob": NAME, "worth": TEXT,
    **dict.fromkeys(_TRADE, BOUND), **RUN,
})  # fmt: skip
_EFFECTS = Shape(("value", "effect", "kind", "outcome"), {**_DIFFERENCE, "effect": NAME, "order": COUNT})
_SHAPES = {"rates": RATES, "differences": _DIFFERENCES, "quantities": _QUANTITIES, "effects": _EFFECTS}
#: Draws of what is not known for sure, of each input alone and of all together.
_DRAWS = 64


def _made(plan: StudyPlan, _: Mapping[str, Rows], names: list[str]) -> Made:
    """Those that are evaluated take one process each; those that are counted take all of them."""
    exact, others = list[Experiment](), list[Experiment]()
    for asked in (find(name, plan.model) for name in names):
        (exact if evaluable(asked, population_for(asked, None)) else others).append(asked)
    with closing(in_order(partial(_simulated, plan), exact, plan.workers)) as made:
        yield from (Lot(name, []) for name in made)
    yield from (Lot(_simulated(plan, asked, plan.workers), []) for asked in others)


def _simulated(plan: StudyPlan, asked: Experiment, workers: int = 1) -> str:
    """Put one experiment into the folder, and return its name."""
    result = run(asked, seed=plan.seed, workers=workers)
    result = over_inputs(result, asked, population_for(asked, None), plan.seed, workers=workers)
    result.save(plan.folder / "simulations", run=plan.run)
    if can_break_even(asked):
        table = break_even(asked, seed=plan.seed, samples=_DRAWS)
        save(table, plan.folder / "simulations" / f"{asked.name}_break_even", plan.run)
    return asked.name


@dataclass(frozen=True, slots=True)
class FoundExperiment:
    """An experiment as found: its rates, and where there are, what there is for each flow and where arms break even."""

    name: str
    rates: pd.DataFrame
    quantities: pd.DataFrame | None
    break_even: pd.DataFrame | None = None


def _read(study: Study) -> dict[str, FoundExperiment]:
    experiments = {}
    for path in sorted((study.folder / "simulations").glob("*_rates.csv")):
        name = path.name.removesuffix("_rates.csv")
        if rates := study.table(path, RATES):
            found = study.table(path.with_name(f"{name}_quantities.csv"), _QUANTITIES)
            own = path.with_name(f"{name}_break_even.csv")
            even = study.table(own, _BREAK_EVEN) if own.exists() else None
            experiments[name] = FoundExperiment(
                name,
                rates.frame,
                found.frame.reindex(columns=[*{**found.frame, **_FLOATS}]).astype(_FLOATS) if found else None,
                even.frame.astype(dict.fromkeys(_TRADE, float)) if even else None,
            )
    return experiments


#: A quantity without a value is no number.
_FLOATS = dict.fromkeys((*_MEASURED, *_INPUTS), float)


def found(study: Study) -> dict[str, FoundExperiment]:
    """The experiments that were found, by name."""
    experiments: dict[str, FoundExperiment] = study.found.get(TABLE.name, {})
    return experiments


# --- figures -----------------------------------------------------------------------------------------------

#: How the intervals of rates are made, by the word for it in the table.
_INTERVALS = {"wilson": "Wilson", REPLICATIONS: "Student's t (over replications; Wilson where that is wider)"}
#: What is counted where nothing is sampled.
_ALL = "all situations that may be met, each as often as it is"
#: The same of differences where only replications are independent of each other.
_CHANGES = "Student's t (over replications; Wilson's of gains and losses where that is wider)"


def entries(experiments: Iterable[str | Experiment]) -> Iterator[Exhibit]:
    """The figures of each experiment, by itself or by its name, which other processes can be told."""
    for each in experiments:
        name, question, known = _named(each)
        for kind in _kinds(known):
            yield Exhibit(f"{name}-{kind}", _KINDS[kind][0], question, partial(_drawn, each, kind), kind == "trade")


def _named(each: str | Experiment) -> tuple[str, str, Experiment | None]:
    """Name, question, and the experiment where it is known."""
    known = catalogue.EXPERIMENTS.get(each) if isinstance(each, str) else each
    name = each if isinstance(each, str) else each.name
    return name, known.question if known else name, known


def _kinds(known: Experiment | None) -> Iterator[str]:
    """The kinds of figures of an experiment; all combinations of something are too many for curves."""
    if known and known.factors:
        yield "effects"
        return
    reader = READERS[known.reader] if known else None
    if known is None or reader is None or (reader.visits and not known.headline):
        yield from ("trade", "pair")
    if reader and reader.measured:
        yield "measured"
    yield from ("rates", "differences", "funnel")


def _drawn(about: str | Experiment, kind: str, source: Source) -> Drawing:
    """A figure; its caption says what keeps its rates from being those of the world, where that is known."""
    name, question, known = _named(about)
    drawn: Drawing = _KINDS[kind][1](name, question, known, source)
    met = str(drawn.data["population"].iloc[0])
    if known is None or met not in populations():
        return drawn
    kept = threats(known, population_for(known, None if met == known.population else met))
    return drawn._replace(caption=drawn.caption._replace(threats="; ".join(map(str, kept))))


def _table(name: str, which: str, source: Source) -> pd.DataFrame:
    """A table of an experiment: that in the folder of a study, or counted now."""
    if source.folder:
        table = source.stored(f"simulations/{name}_{which}.csv", _SHAPES[which])
        return table.astype(_FLOATS) if which == "quantities" else table
    counted: pd.DataFrame = getattr(source.once(name, partial(_counted, name, source)), which)
    return counted


def _counted(name: str, source: Source) -> Result:
    with Progress(name, 0) as progress:
        return run(
            name,
            seed=source.seed,
            attempts=source.attempts,
            replications=source.replications,
            workers=source.workers,
            progress=progress.at,
        )


def _trade(name: str, question: str, _: Experiment | None, source: Source) -> Drawing:
    table = _quantities(name, source)
    told = table[table["headline"] == 1]
    if told.empty:
        raise SourceError(f"{name}: nothing was counted where its headline is taken")
    data = table[table["value"] == told["value"].iloc[0]]
    for arm, rows in data.groupby("arm"):
        for lacks in {measure.quantity for measure in (WORKING, THEFTS)}.difference(rows["quantity"]):
            raise SourceError(f"{name}: nothing was counted of {lacks!r} under {arm}")
    what = "95 % intervals of both, as lines; thefts are the attacker's uses of the user's data in all attempts"
    return Drawing(figures.trade(data, question), question, _about(_attempted(data), what), data)


def _quantities(name: str, source: Source) -> pd.DataFrame:
    """The quantities of an experiment; arms are alike if attempts end the same way, whatever they cost."""
    rates, table = (_table(name, which, source) for which in ("rates", "quantities"))
    return table.assign(alike=table["arm"].map(dict(zip(rates["arm"], rates["alike"], strict=True))).fillna(""))


def _attempted(data: pd.DataFrame) -> pd.DataFrame:
    """Quantities with how many attempts they are of."""
    return data.assign(attempts=int(data.loc[data["per"] == ATTEMPT, "count"].iloc[0]))


def _pair(name: str, question: str, _: Experiment | None, source: Source) -> Drawing:
    data = _quantities(name, source)
    caption = _about(_attempted(data), "95 % intervals of both, as bands")
    return Drawing(figures.pair(data, question), question, caption, data)


def _measured(name: str, question: str, _: Experiment | None, source: Source) -> Drawing:
    data = _table(name, "quantities", source)
    caption = _about(_attempted(data), "95 % intervals of the means, as bands")
    return Drawing(figures.measured(data, question), question, caption, data)


def _rates(name: str, question: str, _: Experiment | None, source: Source) -> Drawing:
    table = _table(name, "rates", source)
    caption = _about(table, f"95 % {_interval(table)} intervals of the rates, as bands")
    return Drawing(figures.rates(table, question), question, caption, table)


def _differences(name: str, question: str, _: Experiment | None, source: Source) -> Drawing:
    rates, table = (_table(name, which, source) for which in ("rates", "differences"))
    made = _CHANGES if "interval" in rates and rates["interval"].iloc[0] == REPLICATIONS else "Wilson"
    caption = _about(table, f"95 % {made} intervals of paired differences, as bands")
    return Drawing(figures.differences(table, question), question, caption, table)


def _funnel(name: str, _: str, __: Experiment | None, source: Source) -> Drawing:
    table = _table(name, "rates", source)
    values = sorted(set(table["value"]))
    middle = values[len(values) // 2]
    title = f"Where attempts end ({table['parameter'].iloc[0]}: {middle:g})"
    data = table[(table["value"] == middle) & ~table["kind"].isin((HARM, ATTAINABLE))]
    caption = _about(data, f"95 % {_interval(data)} intervals of the shares are in the data file")
    return Drawing(figures.funnel(table, middle, title), title, caption, data)


def _effects(name: str, question: str, known: Experiment | None, source: Source) -> Drawing:
    table = _table(name, "effects", source)
    data = table[table["value"] == table["value"].max()]
    factors = ", ".join(dict.fromkeys(data.loc[data["order"] == 1, "effect"]))
    caption = _about(data, "95 % intervals of the effects, as lines", f"all combinations of {factors}")
    meant = {factor: of_configuration(text) for factor, text in known.factors.items()} if known else {}
    return Drawing(figures.effects(table, question, meant), question, caption, data)


#: The kinds of figures, in the order in which they say most at a glance: in words, and how each is drawn.
_KINDS: dict[str, tuple[str, Callable[[str, str, Experiment | None, Source], Drawing]]] = {
    "trade": ("what works against what is stolen", _trade),
    "pair": ("what works and what is stolen", _pair),
    "effects": ("effects and interactions", _effects),
    "measured": ("what was measured", _measured),
    "rates": ("adoption curves", _rates),
    "differences": ("paired differences", _differences),
    "funnel": ("funnel of failure causes", _funnel),
}


def _interval(table: pd.DataFrame) -> str:
    return _INTERVALS.get(str(table["interval"].iloc[0]), "") if "interval" in table else "Wilson"


def _about(table: pd.DataFrame, interval: str, design: str | None = None) -> Caption:
    first = table.iloc[0]
    values = sorted(set(table["value"]))
    at = f"from {values[0]:g} to {values[-1]:g}" if len(values) > 1 else f"{values[0]:g}"
    return Caption(
        f"{first['population']}, {first['parameter']} {at}",
        design or _paired(table),
        f"{first['attempts']:,} attempts in every arm at every point" if first["attempts"] else _ALL,
        str(first["seed"]) if first["attempts"] else "none, nothing is drawn",
        interval if first["attempts"] else "none, values are exact",
    )


def _paired(table: pd.DataFrame) -> str:
    """The arms, each in words with its code, and which of them come to the same."""
    together = set(table.get("alike", ())) - {"", *table["arm"]}
    same = (f"every attempt ends the same way under {names}" for names in sorted(together))
    return "; ".join([f"paired arms: {'; '.join(map(with_code, _arms(table)))}", *same])


def _arms(table: pd.DataFrame) -> list[str]:
    return [str(arm) for arm in dict.fromkeys([*table.get("against", []), *table["arm"]]) if arm]


# --- the page ----------------------------------------------------------------------------------------------

_ENDINGS = {
    "success": "success", "refused": "honest flow refused", "harm": "harm", "blocked": "attack refused",
    "diverted": "dealt with the attacker", "attainable": "harm within the reach of some attacker",
}  # fmt: skip


def _shown(study: Study) -> dict[str, Any]:
    """Each experiment with its numbers; of each kind of figures the first there is, and links to the others."""
    seen: set[str] = set()
    shown = []
    for name, each in found(study).items():
        kinds = _pictures(study, name)
        pictures = [one for kind, one in kinds.items() if kind not in seen]
        linked = [one.name for one in kinds.values() if one not in pictures]
        shown.append({**_numbers(each), "pictures": pictures, "linked": linked})
        seen |= kinds.keys()
    return {"experiments": shown}


def _pictures(study: Study, experiment: str) -> dict[str, FoundPicture]:
    """The figures of an experiment by their kind, those first that say most at a glance."""
    own = (name.removeprefix(f"{experiment}-") for name in study.pictures if name.startswith(f"{experiment}-"))
    order = dict.fromkeys((*_KINDS, *own))
    return {kind: one for kind in order for one in study.named(f"{experiment}-{kind}")}


def _headed(experiment: FoundExperiment) -> dict[str, Any] | None:
    """What works, what is stolen and what it costs where headlines are taken; arms that coincide once."""
    table = experiment.quantities
    if table is None or not (table["headline"] == 1).any():
        return None
    shown = table[table["value"] == table.loc[table["headline"] == 1, "value"].iloc[0]]
    about = shown[(shown["headline"] == 1) | (shown["per"] == ACCEPTED_FLOW)]
    heads = {
        (row["quantity"], row["per"]): Measure(row["quantity"], row["per"]).words
        for row in about.to_dict("records")
        if about.loc[about["quantity"] == row["quantity"], "mean"].any()
    }
    names = about["alike"].where(about["alike"] != "", about["arm"])
    lines = {}
    for name, rows in about.groupby(names, sort=False):
        points = {(row["quantity"], row["per"]): row for row in reversed(rows.to_dict("records"))}
        lines[str(name)] = [_cell(points[key]) if key in points else "–" for key in heads]
    point = f"{shown['parameter'].iloc[0]} is {shown['value'].iloc[0]:g}"
    return {"point": point, "heads": list(heads.values()), "lines": lines, "headlines": list(headlines(table))}


def _cell(row: Mapping[Any, Any]) -> str:
    form = ".1%" if (row["quantity"], row["per"]) == WORKING else ".3g"
    return f"{row['mean']:{form}} ({row['low']:{form}} to {row['high']:{form}})" if row["mean"] == row["mean"] else "–"


def _rate(row: Mapping[Any, Any]) -> str:
    """A share of attempts, and how many that is for each accepted flow, where the table has it."""
    words = f"{row['rate']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
    each = row.get("per_accepted")
    return words if each is None or each != each else f"{words}; {each:.3g} per accepted flow"


def _numbers(experiment: FoundExperiment) -> dict[str, Any]:
    """An experiment as a table: every outcome in every arm, at both ends of the sweep."""
    rates = experiment.rates
    values = sorted(set(rates["value"]))
    ends = [values[0], values[-1]] if len(values) > 1 else values
    arms = list(dict.fromkeys(str(arm) for arm in rates["arm"]))
    kinds = list(_ENDINGS.values())
    lines: list[dict[str, Any]] = []
    for (kind, outcome), group in rates.groupby(["kind", "outcome"], sort=False):
        points = {(row["arm"], row["value"]): row for row in reversed(group.to_dict("records"))}
        cells = [_rate(points[arm, value]) if (arm, value) in points else "–" for arm in arms for value in ends]
        lines.append({"kind": _ENDINGS.get(str(kind), str(kind)), "outcome": outcome, "cells": cells})
    lines.sort(key=lambda line: kinds.index(line["kind"]) if line["kind"] in kinds else len(kinds))
    known = catalogue.EXPERIMENTS.get(experiment.name)
    return {
        "name": experiment.name,
        "question": known.question if known else experiment.name.replace("_", " "),
        "parameter": rates["parameter"].iloc[0],
        "arms": arms,
        "ends": [f"{value:g}" for value in ends],
        "lines": lines,
        "attempts": int(rates["attempts"].iloc[0]),
        "population": rates["population"].iloc[0],
        "trade": _headed(experiment),
        "balance": None if experiment.break_even is None else list(balance_lines(experiment.break_even)),
        "alike": [LISTED.join(each.arms) for each in alike(rates)],
    }


def _says(study: Study) -> Iterator[str]:
    """How many changes are settled."""
    told = [
        each
        for experiment in found(study).values()
        if experiment.quantities is not None
        for each in headlines(experiment.quantities)
    ]
    if told:
        settled, said = sum(each.settled for each in told), sum(len(each.sentences) for each in told)
        yield (
            f"Of {said} changes that experiments were about before anything was counted, {settled} are settled at 95 % "
            "within their experiment; they stand with each of them, under populations."
        )


TABLE = StudyTable(
    "simulations",
    units=lambda plan: plan.taken(_TAKEN),
    made=_made,
    cost=lambda plan: 30.0 if plan.full else 3.0,
    choices=(_TAKEN,),
    beside=("simulations",),
    reads=_read,
    figures=lambda plan: entries(plan.taken(_TAKEN)),
    parts=(Section(60, "populations", "Populations", "What it does to a population", "experiments"),),
    shown=_shown,
    says=_says,
    again=lambda study: (
        each.rates["command"].iloc[0] or command("simulate", name) for name, each in found(study).items()
    ),
)
