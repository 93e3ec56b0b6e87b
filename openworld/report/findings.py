"""What the tables of a study say, in sentences and in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from openworld.blame import NOBODY
from openworld.report import verdicts
from openworld.report.reading import Experiment, Study

KINDS = {
    "success": "success", "refused": "honest flow refused", "harm": "harm", "blocked": "attack refused",
    "diverted": "dealt with the attacker", "attainable": "harm within the reach of some attacker",
}  # fmt: skip


def findings(study: Study) -> Iterator[str]:
    """What the tables show, in sentences."""
    designs = verdicts.designs(study)
    if designs:
        best = min(design["violated"] for design in designs)
        named = ", ".join(design["name"] for design in designs if design["violated"] == best)
        yield f"Fewest attacks: {named}, with {best} of {designs[0]['judged']} cells violated."
    alone = dict.fromkeys(name for design in designs for name in design["alone"])
    for name in alone:
        where = [design["name"] for design in designs if name in design["alone"]]
        yield f"Violated with nobody dishonest: {name}, under {', '.join(where)}."
    attackers = dict.fromkeys(str(row["attacker"]) for row in study.verdicts if row["attacker"] != NOBODY)
    firm = {who: sum(who in design["firm"] for design in designs) for who in attackers}
    everywhere = [who for who, holding in firm.items() if holding == 0]
    if everywhere:
        yield f"No design of this study holds against: {', '.join(everywhere)}."
    harmless = [who for who, holding in firm.items() if holding == len(designs)]
    if harmless:
        yield f"Every design holds against: {', '.join(harmless)}."
    unusable = dict.fromkeys(
        f"{row['design']} ({row['property']})" for row in study.verdicts if verdicts.look(row) == "not_reached"
    )
    if unusable:
        yield f"Honest parties alone do not get there under: {', '.join(unusable)}."
    reached = Counter(str(row["reach"]).partition(":")[0] for row in study.verdicts if verdicts.look(row) == "safe")
    if reached:
        yield "How far the safe verdicts go: " + ", ".join(f"{count} {reach}" for reach, count in reached.items()) + "."
    vacuous = sum(verdicts.look(row) == "not_in_this_world" for row in study.verdicts)
    if vacuous:
        yield f"{vacuous} verdicts are not in this world: nothing there could violate the property; none is a success."
    undecided = sum(row["verdict"] == "unknown" for row in study.verdicts)
    if undecided:
        yield f"{undecided} verdicts are undecided; unknown is never safe."
    for experiment in study.experiments.values():
        yield from _changes(experiment)


def _changes(experiment: Experiment) -> Iterator[str]:
    """The largest change of success and of harm that an arm brings, of those whose interval excludes zero."""
    table = experiment.differences
    if table is None or table.empty:
        return
    sure = table[(table["low"] > 0) | (table["high"] < 0)]
    for kind in ("success", "harm"):
        rows = sure[sure["kind"] == kind]
        if rows.empty:
            continue
        row = rows.to_dict("records")[int(rows["difference"].abs().to_numpy().argmax())]
        way = "more" if row["difference"] > 0 else "less"
        parameter = experiment.rates["parameter"].iloc[0]
        yield (
            f"{experiment.name}: {row['arm']} brings {abs(row['difference']):.1%} of attempts {way} {row['outcome']} "
            f"({KINDS[kind]}) than {row['against']} where {parameter} is {row['value']:g} "
            f"(95 % interval of the difference {row['low']:+.1%} to {row['high']:+.1%})."
        )


def numbers(experiment: Experiment) -> dict[str, Any]:
    """An experiment as a table: every outcome in every arm, at both ends of the sweep."""
    from simulations.catalogue import EXPERIMENTS
    from simulations.results import alike

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
                cells.append(
                    f"{point['rate'].iloc[0]:.1%} ({point['low'].iloc[0]:.1%} to {point['high'].iloc[0]:.1%})"
                    if len(point) else "–"
                )  # fmt: skip
        lines.append({"kind": KINDS.get(str(kind), str(kind)), "outcome": outcome, "cells": cells})
    lines.sort(key=lambda line: kinds.index(line["kind"]) if line["kind"] in kinds else len(kinds))
    known = EXPERIMENTS.get(experiment.name)
    return {
        "name": experiment.name, "question": known.question if known else experiment.name.replace("_", " "),
        "parameter": rates["parameter"].iloc[0], "arms": arms, "ends": [f"{value:g}" for value in ends],
        "lines": lines, "attempts": int(rates["attempts"].iloc[0]),
        "population": rates["population"].iloc[0], "alike": [found.words for found in alike(rates)],
    }  # fmt: skip
