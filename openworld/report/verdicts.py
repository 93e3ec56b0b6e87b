"""The table of verdicts as the page shows it: a matrix, the distinct runs, designs side by side, what blocks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from model.chart import Chart, chart
from model.protocols import rules
from model.words import worded
from openworld.blame import NOBODY, blamed, by_itself
from openworld.colours import SIGNS
from openworld.report.reading import Study
from openworld.show import ending
from properties.results import Count, length, today
from properties.security import every_property

#: The results whose words are not their names.
_WORDS = {"not_in_this_world": "not in this world", "reached": "run exists", "not_reached": "no such run"}


@dataclass(slots=True)
class Attack:
    """A run that violates a property, and all the cells of the matrix that it stands for.

    Those are the same in which the same parties send each other the same messages, whatever is in them by the design.
    Its address is that of the first of them; it answers to those of the others as well, so that an address means the
    same attack after a new run. ``same`` is the address of one that violates another property by the same messages.
    """

    id: str
    code: str
    about: str
    meaning: str
    steps: int
    chart: Chart
    cells: list[dict[str, Any]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    same: str = ""

    @property
    def designs(self) -> list[str]:
        """Designs under which it happens."""
        return list(dict.fromkeys(str(cell["design"]) for cell in self.cells))

    @property
    def attackers(self) -> list[str]:
        """Attackers that can do it."""
        return list(dict.fromkeys(str(cell["attacker"]) for cell in self.cells))

    @property
    def by(self) -> str:
        """Who can do it, in words."""
        able = [worded("attacker", who) for who in self.attackers if who != NOBODY]
        said = [worded("attacker", NOBODY)] * (NOBODY in self.attackers)
        return ", or ".join([*said, *([f"the attacker {', or '.join(able)}"] if able else [])])


def properties(study: Study) -> list[dict[str, str]]:
    """The properties of the table, with what they mean."""
    seen, known = {str(row["property"]): row for row in study.verdicts}, every_property(study.model)
    return [
        {
            "name": name,
            "code": str(row["code"]),
            "kind": str(row["kind"]),
            "meaning": known[name].meaning if name in known else "",
        }
        for name, row in seen.items()
    ]


def look(row: dict[str, Any]) -> str:
    """The answer of a row, which names how its cell looks; tables that older studies wrote are read as well."""
    return today(str(row["verdict"]), str(row["kind"]))


def matrix(study: Study, links: dict[str, str]) -> list[dict[str, Any]]:
    """A row for each attacker and design, with a cell for each property."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for row in study.verdicts:
        key = str(row["attacker"]), str(row["design"])
        line = lines.setdefault(
            key, {"attacker": key[0], "design": key[1], "capabilities": row["capabilities"], "cells": {}}
        )
        seen = look(row)
        sign, word = signed(seen, row["steps"])
        line["cells"][row["property"]] = {
            "look": seen,
            "sign": sign,
            "word": word,
            "link": links.get(row["chart"]),
            "asked": row["configuration"],
        }
    return list(lines.values())


def signed(result: str, steps: float | None) -> tuple[str, str]:
    """A result as a sign and in words, of an attack with its length."""
    sign, word = SIGNS.get(result, "?"), _WORDS.get(result, result)
    if result == "attack" and steps:
        return f"{sign} {steps:.0f}", f"{word} in {length(float(steps))}"
    return sign, word


def attacks(study: Study) -> tuple[list[Attack], dict[str, str]]:
    """Distinct runs, each with the cells it stands for; and where the chart of each row is on the page."""
    found: dict[Any, Attack] = {}
    links: dict[str, str] = {}
    sent: dict[Any, str] = {}
    known = every_property(study.model)
    order = {name: place for place, name in enumerate(known)}
    rows = [row for row in study.verdicts if row["chart"] in study.traces]
    for row in sorted(rows, key=lambda row: order.get(str(row["property"]), len(order))):
        trace = study.traces[row["chart"]]
        drawn = chart(trace, ending(known[trace.shows]) if trace.shows in known else None)
        told = tuple((one.step, one.sender, one.receiver, one.label, one.session) for one in drawn.sent)
        key, address = (row["property"], told), f"run-{PurePosixPath(row['chart']).stem}"
        if key not in found:
            name = str(row["property"])
            meaning = known[name].meaning if name in known else ""
            found[key] = Attack(address, str(row["code"]), name, meaning, len(trace.steps), drawn)
            found[key].same = sent.get(told, "")
            sent.setdefault(told, address)
        elif address not in (found[key].id, *found[key].others):
            found[key].others.append(address)
        found[key].cells.append(row)
        links[row["chart"]] = found[key].id
    return list(found.values()), links


def designs(study: Study) -> list[dict[str, Any]]:
    """Every design with how often it fails, whom it holds against, and what honest parties reach."""
    made = []
    for name in dict.fromkeys(str(row["design"]) for row in study.verdicts):
        rows = [row for row in study.verdicts if row["design"] == name]
        security = [row for row in rows if row["kind"] == "security"]
        attackers = list(dict.fromkeys(str(row["attacker"]) for row in security if row["attacker"] != NOBODY))
        alone = {prop for _, prop in by_itself(security)}
        bad = [row for row in security if row["verdict"] not in ("safe", "not_in_this_world")]
        broken = {str(row["attacker"]) for row in bad if row["property"] not in alone}
        able = {str(row["attacker"]) for row in security if row["verdict"] != "not_in_this_world"}
        utility = {str(row["property"]): SIGNS[look(row)] for row in rows if row["kind"] == "utility"}
        made.append(
            {
                "name": name,
                "meaning": study.model.notes.get(name, ("", ""))[0],
                "judged": len(security),
                "violated": (violated := Count.of(blamed(security))).least,
                "unknown": violated.undecided,
                "vacuous": sum(row["verdict"] == "not_in_this_world" for row in security),
                "firm": [who for who in attackers if who in able and who not in broken],
                "attackers": len(attackers),
                "utility": utility,
                "alone": sorted(alone),
            }
        )
    return made


def blocking(study: Study) -> list[dict[str, Any]]:
    """The rules that attacks are blocked by, the commonest first."""
    rows = [row for row in study.verdicts if row["kind"] == "security" and row["verdict"] == "safe"]
    known = rules(study.model)
    counts = Counter(str(name) for row in rows for name in _names(row["blocked_by"]))
    return [
        {
            "name": name,
            "count": count,
            "requirement": known[name].requirement if name in known else "",
            "source": known[name].source if name in known else "",
        }
        for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def _names(blocked: Any) -> list[str]:
    return blocked if isinstance(blocked, list) else str(blocked).split()
