"""The whole study: named designs against attackers, deployed clients, experiments, mishaps, together in one folder.

Whatever is finished is on disk, whole; a run that is cut short leaves a page that says what it lacks, and the next one
goes on from there.
"""

import csv
import platform
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from model.design import parse
from model.documents import from_json
from model.errors import InputError
from openworld import exhibits, tables
from openworld.blame import NOBODY, blamed
from openworld.exhibit import Exhibit, Source
from openworld.files import as_json, write
from openworld.folders import claimed, set_aside
from openworld.plan import StudyPlan, versions
from openworld.progress import Progress, tell
from openworld.report import ReportError, page, read
from openworld.report.reading import ABOUT
from openworld.show import command, outcome
from openworld.tables.table import Lot, Made, Rows, Study, StudyTable
from openworld.tables.verdicts import cases
from properties.results import Count
from properties.verdict import check


@dataclass(slots=True)
class Findings:
    """What has been found so far.

    Attributes:
        rows: of each table, by the stage that makes it.
        done: by stage, the units that are finished, and how many rows each has.
        seconds: by stage, how long it took.
    """

    rows: dict[str, Rows] = field(default_factory=dict)
    done: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def run(plan: StudyPlan) -> str:
    """Run the study, or what is missing of it; says in a few words what came out.

    What another study left in the folder is set aside, and until this one is finished the folder says so.

    Raises:
        FolderInUseError: another run is writing to the folder.
        ReplayError: a trace that the machine does not confirm; nothing that was found may be trusted then.
    """
    with claimed(plan.folder):
        before = _before(plan.folder)
        pace = _pace(plan, before) or 1 / plan.workers
        found = _resumed(plan, before)
        if found is None:
            set_aside(plan.folder, tables.WRITTEN)
            found = Findings()
            write(plan.folder / "run.json", as_json(_about(plan, found)))
        return _run(plan, found, pace)


def _stages(plan: StudyPlan) -> dict[str, StudyTable]:
    """The stages that have something to do: tables, and the figures of them."""
    known = (*tables.TABLES, FIGURES, *(tables.CERTIFIED if plan.certify else ()))
    return {stage.name: stage for stage in known if stage.units(plan)}


def _run(plan: StudyPlan, found: Findings, pace: float) -> str:
    stages = _stages(plan)
    try:
        if not found.done:
            _answer_first(plan)
        for number, (name, stage) in enumerate(stages.items(), 1):
            if left := [unit for unit in stage.units(plan) if unit not in found.done.get(name, {})]:
                later = sum(each.price(plan) for each in list(stages.values())[number:])
                about = f"stage {number} of {len(stages)}, {name}"
                with Progress(about, len(left), pace * len(left) * stage.cost(plan), pace * later) as progress:
                    _work(plan, found, stage, stage.made(plan, found.rows, left), progress)
                pace = _pace(plan, _about(plan, found)) or pace
            _conclude(plan, found)
            tell(f"{plan.folder / 'report.html'}: stage {number} of {len(stages)} is in it\n")
    except BaseException:
        # Also after Ctrl-C: what is finished is put together and stays usable, as far as there is room for it.
        with suppress(OSError, InputError):
            _conclude(plan, found)
            tell(f"{plan.folder / 'report.html'}: says what it lacks; the same command goes on from here\n")
        raise
    verdicts, clients = (found.rows.get(name, []) for name in ("verdicts", "clients"))
    return (
        f"{len(verdicts)} verdicts, {Count.of(blamed(verdicts))} attacks, {len(clients)} verdicts on deployed clients, "
        f"{len(found.done.get('simulations', ()))} experiments"
    )


def _work(plan: StudyPlan, found: Findings, stage: StudyTable, made: Made, progress: Progress) -> None:
    """Put what a stage makes on disk, unit by unit; its rows are there before anything says that they are."""
    name = stage.name
    started = time.perf_counter() - found.seconds.get(name, 0.0)
    done, rows = found.done.setdefault(name, {}), found.rows.setdefault(name, [])
    with closing(made):
        for unit, lot, files in made:
            for file, content in files.items():
                write(plan.folder / file, content)
            rows += [row | {"run": plan.run} for row in lot]
            stage.save(plan.folder, rows)
            done[unit] = len(lot)
            found.seconds[name] = round(time.perf_counter() - started, 1)
            write(plan.folder / "run.json", as_json(_about(plan, found)))
            progress.advance(unit)


def _answer_first(plan: StudyPlan) -> None:
    """One answer at once, so that there is something to look at while others are worked out."""
    asked = cases(plan.designs[:1], plan.attackers, plan.model)
    case = next((one for one in asked if one.attacker != NOBODY and one.prop.kind == "security"), None)
    if case:
        found = check(case.prop, parse(case.configuration, plan.model), timeout=plan.timeout)
        tell(f"{command('verdict', case.prop.name, case.configuration, model=plan.model)}\n  {outcome(found)}\n")


# --- how long it takes, and what is there already ----------------------------------------------------------


def _before(folder: Path) -> dict[str, Any]:
    """What an earlier run says of itself; nothing where none does."""
    try:
        about: dict[str, Any] = from_json((folder / "run.json").read_bytes())
        ABOUT.check(about)
    except (OSError, InputError):
        return {}
    return about


def _pace(plan: StudyPlan, about: dict[str, Any]) -> float | None:
    """Seconds for a second's worth of work, as a run measured them here; None where it finished nothing."""
    ran = replace(plan, full=about.get("full", False))
    done: dict[str, dict[str, int]] = about.get("done", {})
    worked = sum(len(done.get(each.name, ())) * each.cost(ran) for each in _every())
    return sum(about.get("seconds", {}).values()) / worked if worked else None


def _resumed(plan: StudyPlan, about: dict[str, Any]) -> Findings | None:
    """What a run that was cut short has found, if this one would find the same."""
    if about.get("run") != plan.run or about.get("finished", True):
        return None
    found = Findings(done=about.get("done", {}), seconds=about.get("seconds", {}))
    for stage in _every():
        if count := sum(found.done.get(stage.name, {}).values()):
            try:
                rows = stage.saved(plan.folder)[:count]
            except (OSError, InputError, csv.Error):
                return None
            if len(rows) < count or any(row.get("run") != plan.run for row in rows):
                return None
            found.rows[stage.name] = rows
    return found


def _every() -> tuple[StudyTable, ...]:
    return (*tables.TABLES, FIGURES, *tables.CERTIFIED)


# --- figures -----------------------------------------------------------------------------------------------


def _figures(plan: StudyPlan) -> dict[str, Exhibit]:
    """The figures that it draws, by name; one that is not full draws those that are on its page."""
    return {each.name: each for each in exhibits.of_study(plan) if plan.full or each.quick}


def _draw(plan: StudyPlan, _: Mapping[str, Rows], names: list[str]) -> Made:
    known = _figures(plan)
    entries = [known[name] for name in names]
    for entry, _files in exhibits.write_all(entries, Source(plan.folder), plan.folder / "figures", plan.workers):
        yield Lot(entry.name, [])


FIGURES = StudyTable("figures", units=lambda plan: list(_figures(plan)), made=_draw, cost=lambda _: 1.5)


# --- what holds it together --------------------------------------------------------------------------------


def _conclude(plan: StudyPlan, found: Findings) -> None:
    """Write the page, and when it is there what ran: nothing says of itself that it is finished before it is."""
    try:
        study = read(plan.folder, plan.model)
    except ReportError:
        study = Study(plan.folder, plan.model)
    study.about = _about(plan, found)
    write(plan.folder / "report.html", page(study))
    write(plan.folder / "run.json", as_json(study.about))


def _about(plan: StudyPlan, found: Findings) -> dict[str, Any]:
    """What ran, where and how long; the only file that differs from run to run."""
    lacks = {
        name: [len(stage.units(plan)) - len(found.done.get(name, ())), len(stage.units(plan))]
        for name, stage in _stages(plan).items()
        if len(found.done.get(name, ())) < len(stage.units(plan))
    }
    return {
        "command": command(*sys.argv[1:]),
        "run": plan.run,
        "finished": not lacks,
        "lacks": lacks,
        "full": plan.full,
        "shares": _shares(plan),
        "seed": plan.seed,
        "workers": plan.workers,
        "done": found.done,
        "seconds": found.seconds,
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": versions(),
        "switches": len(plan.model.switches),
        **{
            name: said
            for each in _every()
            if (rows := found.rows.get(each.name))
            for name, said in each.about(rows).items()
        },
    }


def _shares(plan: StudyPlan) -> dict[str, tuple[int, int]]:
    """By what it is of, how many a study takes that is not full, and how many a full one does."""
    whole = replace(plan, full=True)
    chosen = dict.fromkeys(each for table in tables.TABLES for each in table.choices)
    counted = {each.words or each.name: (len(plan.taken(each)), len(whole.taken(each))) for each in chosen}
    return {what: both for what, both in counted.items() if both[0] < both[1]}
