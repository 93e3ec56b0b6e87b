"""What the tables of a study say, in sentences and in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from model.words import worded
from openworld.balance import balance_lines
from openworld.colours import SIGNS
from openworld.headlines import headlines
from openworld.report import verdicts
from openworld.report.reading import FoundExperiment, Study
from simulations import catalogue
from simulations.quantities import ACCEPTED_FLOW, WORKING, Measure
from simulations.results import LISTED, alike

KINDS = {
    "success": "success", "refused": "honest flow refused", "harm": "harm", "blocked": "attack refused",
    "diverted": "dealt with the attacker", "attainable": "harm within the reach of some attacker",
}  # fmt: skip

_NOT_REACHED = SIGNS["not_reached"]
#: So many designs are named as those of which something is not so.
_FEW = 3


def findings(study: Study) -> Iterator[str]:
    """What the tables show, in sentences."""
    designs = verdicts.designs(study)
    alone = dict.fromkeys(name for design in designs for name in design["alone"])
    for name in alone:
        where = [design["name"] for design in designs if name in design["alone"]]
        yield f"Violated with nobody dishonest: {worded('property', name)} ({name}), under {_under(where, designs)}."
    failed = dict.fromkeys(str(row["property"]) for row in study.verdicts if verdicts.look(row) == "not_reached")
    for name in failed:
        where = [design["name"] for design in designs if design["utility"].get(name) == _NOT_REACHED]
        wanted = f"{worded('property', name)} ({name})"
        yield f"Not reached, though nobody is dishonest: {wanted}, under {_under(where, designs)}."
    reached = Counter(str(row["reach"]).partition(":")[0] for row in study.verdicts if verdicts.look(row) == "safe")
    if reached:
        yield "How far the safe verdicts go: " + ", ".join(f"{count} {reach}" for reach, count in reached.items()) + "."
    vacuous = sum(verdicts.look(row) == "not_in_this_world" for row in study.verdicts)
    if vacuous:
        yield f"{vacuous} verdicts are not in this world: nothing there could violate the property; none is a success."
    undecided = sum(row["verdict"] == "unknown" for row in study.verdicts)
    if undecided:
        yield f"{undecided} verdicts are undecided; unknown is never safe."
    told = [
        each
        for found in study.experiments.values()
        if found.quantities is not None
        for each in headlines(found.quantities)
    ]
    if told:
        settled, said = sum(each.settled for each in told), sum(len(each.sentences) for each in told)
        yield (
            f"Of {said} changes that experiments were about before anything was counted, {settled} are settled at 95 % "
            "within their experiment; they stand with each of them, under populations."
        )


def _under(names: list[str], designs: list[dict[str, Any]]) -> str:
    """Designs in words; all of them, or all but a few, as that."""
    others = [design["name"] for design in designs if design["name"] not in names]
    if len(others) > len(names) or len(others) > _FEW:
        return "; ".join(worded("design", name) for name in names)
    but = "; ".join(worded("design", name) for name in others)
    return f"every design{' but ' * bool(others)}{but}"


def trade(experiment: FoundExperiment) -> dict[str, Any] | None:
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
        found = rows.drop_duplicates(["quantity", "per"]).set_index(["quantity", "per"])
        lines[str(name)] = [_cell(found.loc[key]) if key in found.index else "–" for key in heads]
    point = f"{shown['parameter'].iloc[0]} is {shown['value'].iloc[0]:g}"
    return {"point": point, "heads": list(heads.values()), "lines": lines, "headlines": list(headlines(table))}


def _cell(row: pd.Series[Any]) -> str:
    form = ".1%" if row.name == WORKING else ".3g"
    return f"{row['mean']:{form}} ({row['low']:{form}} to {row['high']:{form}})" if row["mean"] == row["mean"] else "–"


def _rate(row: pd.Series[Any]) -> str:
    """A share of attempts, and how many that is for each accepted flow, where the table has it."""
    words = f"{row['rate']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
    each = row.get("per_accepted")
    return words if each is None or each != each else f"{words}; {each:.3g} per accepted flow"


def numbers(experiment: FoundExperiment) -> dict[str, Any]:
    """An experiment as a table: every outcome in every arm, at both ends of the sweep."""
    rates = experiment.rates
    values = sorted(set(rates["value"]))
    ends = [values[0], values[-1]] if len(values) > 1 else values
    arms = list(dict.fromkeys(str(arm) for arm in rates["arm"]))
    kinds = list(KINDS.values())
    lines: list[dict[str, Any]] = []
    for (kind, outcome), group in rates.groupby(["kind", "outcome"], sort=False):
        cells = []
        for arm in arms:
            for value in ends:
                point = group[(group["arm"] == arm) & (group["value"] == value)]
                cells.append(_rate(point.iloc[0]) if len(point) else "–")
        lines.append({"kind": KINDS.get(str(kind), str(kind)), "outcome": outcome, "cells": cells})
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
        "trade": trade(experiment),
        "balance": None if experiment.break_even is None else list(balance_lines(experiment.break_even)),
        "alike": [LISTED.join(found.arms) for found in alike(rates)],
    }
