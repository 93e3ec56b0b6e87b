"""The matrix of a study: named designs against attackers, on every property."""

import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pandas as pd

from model.chart import Chart
from model.chart import chart as charted
from model.design import parse
from model.errors import InputError
from model.model import Model, oauth
from model.protocols import rules
from model.trace import Trace, from_json
from model.words import with_code, worded
from model.world_file import worlds
from openworld.blame import NOBODY, blamed, by_itself
from openworld.colours import SIGNS
from openworld.exhibit import Caption, Drawing, Exhibit, Source
from openworld.figures import labels
from openworld.figures import verdicts as figures
from openworld.files import as_json
from openworld.jobs import CellAnswer, answers_once
from openworld.plan import ATTACKERS, DESIGNS, StudyPlan
from openworld.show import command, ending
from openworld.study_tables import ANSWER, NAME, TEXT, Shape, SourceError, maybe
from openworld.tables.table import Lot, Made, Rows, Section, Study, StudyTable, cell, look
from properties.attackers import Attacker, every_attacker
from properties.results import Count
from properties.security import Property, every_property


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


@lru_cache(maxsize=1024)
def _charted(trace: Trace) -> Chart:
    """Its chart, once for all the stages of a study that show it."""
    known = every_property(trace.world.model)
    return charted(trace, ending(known[trace.shows]) if trace.shows in known else None)


@lru_cache(maxsize=1024)
def _replayed(stored: bytes, model: Model) -> Trace:
    """The run that is stored, in a world that ships: studies ask in no other."""
    return from_json(stored, worlds(model), model)


def attacks(study: Study, table: Rows) -> tuple[list[Attack], dict[str, str]]:
    """Distinct runs, each with the cells it stands for; and where the chart of each row is on the page."""
    found: dict[Any, Attack] = {}
    links: dict[str, str] = {}
    sent: dict[Any, str] = {}
    known = every_property(study.model)
    order = {name: place for place, name in enumerate(known)}
    rows = [row for row in table if row["chart"] in study.traces]
    for row in sorted(rows, key=lambda row: order.get(str(row["property"]), len(order))):
        trace = study.traces[row["chart"]]
        drawn = _charted(trace)
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


# --- what is asked -----------------------------------------------------------------------------------------


class MatrixCell(NamedTuple):
    """One cell of the matrix."""

    design: str
    attacker: str
    capabilities: str
    prop: Property
    model: Model = oauth()

    @property
    def configuration(self) -> str:
        """As the command line takes it."""
        return f"design={self.design};cap={self.capabilities}"

    @property
    def key(self) -> tuple[str, str]:
        """What the verdict depends on; a utility property is about honest parties alone."""
        configuration = parse(self.configuration, self.model)
        honest = replace(configuration, capabilities=frozenset())
        return self.prop.name, str(honest if self.prop.kind == "utility" else configuration)

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"{self.design}--{self.attacker}--{self.prop.name}"


def cases(
    designs: Iterable[str] | None = None, attackers: Mapping[str, Attacker] | None = None, model: Model = oauth()
) -> list[MatrixCell]:
    """All cells of the matrix; of all named designs, or attackers, if none are given."""
    return [
        MatrixCell(design, attacker, who.capabilities, prop, model)
        for design in (model.designs if designs is None else designs)
        for attacker, who in (every_attacker(model) if attackers is None else attackers).items()
        for prop in every_property(model).values()
    ]


def judged(
    asked: list[MatrixCell], workers: int, timeout: float | None = None, model: Model = oauth()
) -> Generator[tuple[MatrixCell, CellAnswer]]:
    """Every case with its answer, in order, as they come in."""
    return answers_once(asked, workers, timeout, by_design=True, model=model)


def _made(plan: StudyPlan, _: Mapping[str, Rows], designs: list[str]) -> Made:
    asked = cases(designs, plan.attackers, plan.model)
    with closing(judged(asked, plan.workers, plan.timeout, plan.model)) as replies:
        for design, cells in groupby(replies, key=lambda cell: cell[0].design):
            rows, files = Rows(), dict[str, str]()
            for case, reply in cells:
                chart, drawn = _drawn(plan, case, reply)
                rows.append(_row(case, reply.data, chart))
                files |= drawn
            yield Lot(design, rows, files)


def _drawn(plan: StudyPlan, case: MatrixCell, reply: CellAnswer) -> tuple[str, dict[str, str]]:
    """Where the chart of an attack is, and its text and trace by file, if there is one."""
    trace = reply.data["trace"]
    if trace is None or (case.prop.kind != "security" and case.attacker != next(iter(plan.attackers))):
        return "", {}
    stem = f"{'attacks' if case.prop.kind == 'security' else 'runs'}/{case.stem}"
    asked = command("trace", case.prop.name, case.configuration, model=plan.model)
    return f"{stem}.txt", {f"{stem}.txt": f"{asked}\n\n{reply.chart}", f"{stem}.json": as_json(trace)}


def _row(case: MatrixCell, data: dict[str, Any], chart: str) -> dict[str, Any]:
    return {
        "design": case.design,
        "attacker": case.attacker,
        "capabilities": case.capabilities,
        "code": case.prop.code,
        "property": case.prop.name,
        "kind": case.prop.kind,
        **{name: data[name] for name in ("verdict", "reason", "reach", "steps", "blocked_by")},
        "chart": chart,
        "configuration": case.configuration,
    }


# --- what is found in a folder -----------------------------------------------------------------------------

_SHAPE = Shape(("design", "attacker", "property"), {
    "design": NAME, "attacker": NAME, "capabilities": NAME, **ANSWER,
    "blocked_by": {"type": ["array", "string"], "items": NAME, "default": []},
    "chart": maybe(TEXT), "configuration": maybe(TEXT),
})  # fmt: skip
#: Where charts are: nothing in a table leads out of the folder.
_CHART = re.compile(r"(attacks|runs)/[\w.+-]+\.txt")


def _read(study: Study) -> Rows:
    """The rows, and the runs of their charts."""
    table = study.table(study.folder / TABLE.file, _SHAPE)
    rows = table.rows if table else []
    for chart in dict.fromkeys(row["chart"] for row in rows if row["chart"]):
        path = (study.folder / chart).with_suffix(".json")
        if _CHART.fullmatch(chart) is None:
            study.problems.append(f"verdicts.json: no chart of a study: {chart!r}")
            continue
        try:
            study.traces[chart] = _replayed(path.read_bytes(), study.model)
        except (OSError, InputError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            study.problems.append(f"{path.relative_to(study.folder)}: {said}")
    return rows


# --- figures -----------------------------------------------------------------------------------------------

_OVERVIEW = "Security properties violated, by attacker and design"


def _figures(plan: StudyPlan) -> Iterator[Exhibit]:
    """An overview, and a matrix for each attacker."""
    yield Exhibit(
        "attackers", "verdict matrix", "security properties violated, by attacker and design", _attackers, True
    )
    for name in plan.attackers:
        yield Exhibit(f"verdicts-{name}", "verdict matrix", labels.attacker(name), partial(_matrix, name))


def _attackers(source: Source) -> Drawing:
    table = TABLE.frame(source)
    table = source.most(table, "attacker", table["verdict"] == "attack")
    decided = pd.Series(blamed(table.to_dict("records")), table.index, object)
    counted = table.assign(attack=decided.eq(True), unknown=decided.isna())[table["kind"] == "security"]
    data = counted.groupby(["attacker", "design"], sort=False, as_index=False)[["attack", "unknown"]].sum()
    about = "named designs against named attackers; what breaks by itself is counted under none"
    return Drawing(figures.attacker_overview(table), _OVERVIEW, Caption.of_verdicts(table, about), data)


def _matrix(attacker: str, source: Source) -> Drawing:
    table = TABLE.frame(source)
    shown = table[table["attacker"] == attacker]
    if shown.empty:
        raise SourceError(f"no verdicts against attacker {attacker!r} in the table")
    against = with_code(f"cap={shown['capabilities'].iloc[0]}")
    table = source.most(table, "property", (table["attacker"] == attacker) & (table["verdict"] == "attack"))
    shown = table[table["attacker"] == attacker]
    kept = ["design", "attacker", "capabilities", "property", "kind", "verdict", "steps"]
    caption = Caption.of_verdicts(shown, f"named designs; {against}")
    return Drawing(figures.verdict_matrix(table, attacker), labels.attacker(attacker), caption, shown[kept])


# --- the page ----------------------------------------------------------------------------------------------

#: So many designs are named as those of which something is not so.
_FEW = 3


def _shown(study: Study) -> dict[str, Any]:
    """A line for each attacker and design with a cell for each property, designs side by side, and the runs."""
    runs, links = attacks(study, TABLE.rows(study))
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for row in TABLE.rows(study):
        key = str(row["attacker"]), str(row["design"])
        line = lines.setdefault(key, {"attacker": key[0], "design": key[1], "cells": {}})
        line["cells"][row["property"]] = cell(row) | {"link": links.get(row["chart"])}
    return {
        "matrix": list(lines.values()),
        "attacks": runs,
        "designs": designs(study),
        "properties": _properties(study),
        "pictures": study.named("attackers"),
    }


def _properties(study: Study) -> list[dict[str, str]]:
    """The properties of the table, with what they mean."""
    seen, known = {str(row["property"]): row for row in TABLE.rows(study)}, every_property(study.model)
    return [
        {
            "name": name,
            "code": str(row["code"]),
            "kind": str(row["kind"]),
            "meaning": known[name].meaning if name in known else "",
        }
        for name, row in seen.items()
    ]


def designs(study: Study) -> list[dict[str, Any]]:
    """Every design with how often it fails, whom it holds against, and what honest parties reach."""
    made = []
    for name in dict.fromkeys(str(row["design"]) for row in TABLE.rows(study)):
        rows = [row for row in TABLE.rows(study) if row["design"] == name]
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
    rows = [row for row in TABLE.rows(study) if row["kind"] == "security" and row["verdict"] == "safe"]
    known = rules(study.model)
    blocked = (row["blocked_by"] for row in rows)
    counts = Counter(str(name) for names in blocked for name in (names if isinstance(names, list) else names.split()))
    return [
        {
            "name": name,
            "count": count,
            "requirement": known[name].requirement if name in known else "",
            "source": known[name].source if name in known else "",
        }
        for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def asked(study: Study) -> str:
    """What was asked, in a sentence; nothing where nothing was."""
    if not (rows := TABLE.rows(study)):
        return ""
    named, attackers, properties = (
        len({str(row[name]) for row in rows}) for name in ("design", "attacker", "property")
    )
    others = f"{attackers - 1} attacker{'s'[: attackers != 2]}"
    return (
        f"A formal model was asked {len(rows):,} questions about OAuth among strangers: do {properties} "
        f"properties hold under {named} designs, against {others} and with nobody dishonest?"
    )


def _opens(study: Study) -> Iterator[str]:
    """Which designs have fewest and most attacks, whom all designs hold against, and whom none does."""
    every = designs(study)
    ranked = sorted(every, key=lambda design: design["violated"])
    if len(ranked) > 1:
        best, worst = ranked[0], ranked[-1]
        yield (
            f"{worded('design', best['name'])} has the fewest attacks ({best['violated']} of {best['judged']} "
            f"verdicts), {worded('design', worst['name'])} the most ({worst['violated']} of {worst['judged']})."
        )
    attackers = dict.fromkeys(str(row["attacker"]) for row in TABLE.rows(study) if row["attacker"] != NOBODY)
    firm = {who: sum(who in design["firm"] for design in every) for who in attackers}
    sides = ((0, "No design holds against an attacker who"), (len(every), "Every design holds against one who"))
    for number, said in sides:
        named = [worded("attacker", who) for who, holding in firm.items() if holding == number]
        if named and every:
            yield f"{said} {', or '.join(named)}."


def _says(study: Study) -> Iterator[str]:
    """What is violated or not reached with nobody dishonest, how far safe verdicts go, and what is none."""
    every, rows = designs(study), TABLE.rows(study)
    alone = dict.fromkeys(name for design in every for name in design["alone"])
    for name in alone:
        where = [design["name"] for design in every if name in design["alone"]]
        yield f"Violated with nobody dishonest: {worded('property', name)} ({name}), under {_under(where, every)}."
    failed = dict.fromkeys(str(row["property"]) for row in rows if look(row) == "not_reached")
    for name in failed:
        where = [design["name"] for design in every if design["utility"].get(name) == SIGNS["not_reached"]]
        wanted = f"{worded('property', name)} ({name})"
        yield f"Not reached, though nobody is dishonest: {wanted}, under {_under(where, every)}."
    reached = Counter(str(row["reach"]).partition(":")[0] for row in rows if look(row) == "safe")
    if reached:
        yield "How far the safe verdicts go: " + ", ".join(f"{count} {reach}" for reach, count in reached.items()) + "."
    vacuous = sum(look(row) == "not_in_this_world" for row in rows)
    if vacuous:
        yield f"{vacuous} verdicts are not in this world: nothing there could violate the property; none is a success."
    undecided = sum(row["verdict"] == "unknown" for row in rows)
    if undecided:
        yield f"{undecided} verdicts are undecided; unknown is never safe."


def _under(names: list[str], every: list[dict[str, Any]]) -> str:
    """Designs in words; all of them, or all but a few, as that."""
    others = [design["name"] for design in every if design["name"] not in names]
    if len(others) > len(names) or len(others) > _FEW:
        return "; ".join(worded("design", name) for name in names)
    but = "; ".join(worded("design", name) for name in others)
    return f"every design{' but ' * bool(others)}{but}"


def _again(study: Study) -> Iterator[str]:
    row = next((row for row in TABLE.rows(study) if row["chart"] in study.traces), None)
    if row:
        yield command("trace", row["property"], row["configuration"])


TABLE = StudyTable(
    "verdicts",
    units=lambda plan: plan.designs,
    made=_made,
    cost=lambda plan: 5.0 * len(plan.attackers),
    choices=(DESIGNS, ATTACKERS),
    shape=_SHAPE,
    file="verdicts.json",
    beside=("attacks", "runs"),
    needed=True,
    reads=_read,
    figures=_figures,
    parts=(
        Section(30, "matrix", "Verdicts", "Verdicts", "verdicts"),
        Section(40, "runs", "Attacks", "Attacks", "runs"),
    ),
    shown=_shown,
    opens=_opens,
    says=_says,
    again=_again,
)
