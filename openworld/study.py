"""The whole study: named designs against attackers, deployed clients, experiments, mishaps, together in one folder.

Whatever is finished is on disk, whole; a run that is cut short leaves a page that says what it lacks, and the next one
goes on from there.
"""

from __future__ import annotations

import csv
import io
import platform
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from model.design import parse
from model.documents import from_json
from model.errors import InputError
from openworld import bought, certified, client_tables, environments, exhibits, matrix, mishaps
from openworld.blame import NOBODY, blamed
from openworld.files import as_json, write
from openworld.folders import claimed, set_aside
from openworld.jobs import CellAnswer, Question
from openworld.plan import StudyPlan, versions
from openworld.progress import Progress, tell
from openworld.report import ReportError, Study, page, read
from openworld.report.reading import ABOUT
from openworld.show import command, outcome
from openworld.sources import WRITTEN, Source
from properties.results import Count
from properties.verdict import check
from simulations.break_even import break_even, can_break_even
from simulations.experiment import Experiment
from simulations.experiments import evaluable, find, population_for
from simulations.experiments import run as simulate
from simulations.processes import in_order
from simulations.results import write as save
from simulations.uncertainty import over_inputs

Rows = list[dict[str, Any]]
#: Units as they are finished, each with its rows where a table is made of them.
Made = Generator[tuple[str, Rows]]


@dataclass(slots=True)
class Findings:
    """What has been found so far.

    Attributes:
        rows: of each table of verdicts, by the stage that makes it.
        done: by stage, the units that are finished, and how many rows each has.
        seconds: by stage, how long it took.
    """

    rows: dict[str, Rows] = field(default_factory=dict)
    done: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class Stage(NamedTuple):
    """A part of a study.

    Attributes:
        units: what it goes through, by name.
        work: works out some of them.
        cost: seconds of one core for a unit, on the machine where this was measured last.
    """

    units: Callable[[StudyPlan], list[str]]
    work: Callable[[StudyPlan, Findings, list[str]], Made]
    cost: Callable[[StudyPlan], float]

    def price(self, plan: StudyPlan) -> float:
        """Seconds of one core for all its units."""
        return len(self.units(plan)) * self.cost(plan)


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
            set_aside(plan.folder, WRITTEN)
            found = Findings()
            write(plan.folder / "run.json", as_json(_about(plan, found)))
        return _run(plan, found, pace)


def _stages(plan: StudyPlan) -> dict[str, Stage]:
    """The stages that have something to do."""
    known = STAGES | CERTIFICATES if plan.certify else STAGES
    return {name: stage for name, stage in known.items() if stage.units(plan)}


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
                    _work(plan, found, name, stage.work(plan, found, left), progress)
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


def _work(plan: StudyPlan, found: Findings, name: str, made: Made, progress: Progress) -> None:
    """Put what a stage makes on disk, unit by unit; its rows are there before anything says that they are."""
    started = time.perf_counter() - found.seconds.get(name, 0.0)
    done, rows = found.done.setdefault(name, {}), found.rows.setdefault(name, [])
    with closing(made):
        for unit, lot in made:
            rows += [row | {"run": plan.run} for row in lot]
            _write_table(plan.folder, name, rows)
            done[unit] = len(lot)
            found.seconds[name] = round(time.perf_counter() - started, 1)
            write(plan.folder / "run.json", as_json(_about(plan, found)))
            progress.advance(unit)


def _answer_first(plan: StudyPlan) -> None:
    """One answer at once, so that there is something to look at while others are worked out."""
    asked = matrix.cases(plan.designs[:1], plan.attackers, plan.model)
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
    worked = sum(len(units) * _EVERY[name].cost(ran) for name, units in done.items() if name in _EVERY)
    return sum(about.get("seconds", {}).values()) / worked if worked else None


def _resumed(plan: StudyPlan, about: dict[str, Any]) -> Findings | None:
    """What a run that was cut short has found, if this one would find the same."""
    if about.get("run") != plan.run or about.get("finished", True):
        return None
    found = Findings(done=about.get("done", {}), seconds=about.get("seconds", {}))
    for name, units in found.done.items():
        if count := sum(units.values()):
            try:
                rows = _read_table(plan.folder, name)[:count]
            except (OSError, InputError, csv.Error):
                return None
            if len(rows) < count or any(row.get("run") != plan.run for row in rows):
                return None
            found.rows[name] = rows
    return found


def _read_table(folder: Path, name: str) -> Rows:
    if name == "verdicts":
        known: Rows = from_json((folder / "verdicts.json").read_bytes())
        return known
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text(encoding="utf-8"))))


def _write_table(folder: Path, name: str, rows: Rows) -> None:
    if not rows:
        return
    if name == "verdicts":
        write(folder / "verdicts.json", as_json(rows))
        rows = [{**row, "blocked_by": " ".join(row["blocked_by"])} for row in rows]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write(folder / f"{name}.csv", stream.getvalue())


# --- verdicts ----------------------------------------------------------------------------------------------


def _judge(plan: StudyPlan, _: Findings, designs: list[str]) -> Made:
    asked = matrix.cases(designs, plan.attackers, plan.model)
    with closing(matrix.judged(asked, plan.workers, plan.timeout, plan.model)) as replies:
        for design, cells in groupby(replies, key=lambda cell: cell[0].design):
            yield design, [matrix.row(case, reply.data) | _drawn(plan, case, reply) for case, reply in cells]


def _certify(plan: StudyPlan, found: Findings, _: list[str]) -> Made:
    """Have others prove and check what was found not to happen."""
    asked = {case.key: case.configuration for case in matrix.cases(plan.designs, plan.attackers, plan.model)}
    excluded = {(row["property"], row["configuration"]) for row in found.rows["verdicts"] if not row["steps"]}
    questions = [
        Question(key[0], text, plan.timeout, plan.model) for key, text in asked.items() if (key[0], text) in excluded
    ]
    yield "certificates", list(in_order(certified.looked_into, questions, plan.workers))


def _bound(plan: StudyPlan, _: Findings, worlds: list[str]) -> Made:
    """Have others prove and check how long runs are."""
    asked = [certified.Runs(world, design, plan.model) for world in worlds for design in plan.designs]
    with closing(in_order(certified.bounded, asked, plan.workers)) as rows:
        yield from ((world, list(lot)) for world, lot in groupby(rows, key=lambda row: str(row["world"])))


def _drawn(plan: StudyPlan, case: matrix.MatrixCell, reply: CellAnswer) -> dict[str, str]:
    """The chart and the trace of an attack, written at once; where the chart is, if there is one."""
    trace = reply.data["trace"]
    if trace is None or (case.prop.kind != "security" and case.attacker != next(iter(plan.attackers))):
        return {}
    chart = f"{'attacks' if case.prop.kind == 'security' else 'runs'}/{case.stem}.txt"
    asked = command("trace", case.prop.name, case.configuration, model=plan.model)
    write(plan.folder / chart, f"{asked}\n\n{reply.chart}")
    write((plan.folder / chart).with_suffix(".json"), as_json(trace))
    return {"chart": chart}


def _judge_clients(plan: StudyPlan, _: Findings, __: list[str]) -> Made:
    asked = client_tables.cases(plan.clients, plan.model)
    yield "clients", list(client_tables.judged(asked, plan.workers, plan.timeout, plan.model))


def _assume(plan: StudyPlan, _: Findings, designs: list[str]) -> Made:
    judged = environments.judged(designs, plan.properties, plan.workers, plan.timeout, plan.model)
    yield from zip(designs, judged, strict=True)


def _buy(plan: StudyPlan, _: Findings, named: list[str]) -> Made:
    judged = bought.judged(plan.drafts, named, plan.workers, plan.timeout, plan.model, plan.against)
    yield from zip(named, judged, strict=True)


# --- simulations and figures -------------------------------------------------------------------------------


#: Draws of what is not known for sure, of each input alone and of all together.
_DRAWS = 64


def _simulate(plan: StudyPlan, _: Findings, names: list[str]) -> Made:
    """Those that are evaluated take one process each; those that are counted take all of them."""
    exact, others = list[Experiment](), list[Experiment]()
    for asked in (find(name, plan.model) for name in names):
        (exact if evaluable(asked, population_for(asked, None)) else others).append(asked)
    with closing(in_order(partial(_simulated, plan), exact, plan.workers)) as made:
        yield from ((name, []) for name in made)
    yield from ((_simulated(plan, asked, plan.workers), []) for asked in others)


def _simulated(plan: StudyPlan, asked: Experiment, workers: int = 1) -> str:
    """Put one experiment into the folder, and return its name."""
    result = simulate(asked, seed=plan.seed, workers=workers)
    result = over_inputs(result, asked, population_for(asked, None), plan.seed, workers=workers)
    result.save(plan.folder / "simulations", run=plan.run)
    if can_break_even(asked):
        table = break_even(asked, seed=plan.seed, samples=_DRAWS)
        save(table, plan.folder / "simulations" / f"{asked.name}_break_even", plan.run)
    return asked.name


def _spread(plan: StudyPlan, _: Findings, kinds: list[str]) -> Made:
    for each in mishaps.reached(kinds, plan.workers, seed=plan.seed, model=plan.model, **plan.topologies):
        each.save(plan.folder / "simulations", run=plan.run)
        yield each.kind, []


def _figures(plan: StudyPlan) -> dict[str, exhibits.Exhibit]:
    """The figures that it draws, by name; one that is not full draws those that are on its page."""
    entries = exhibits.of_study(
        list(plan.attackers), plan.experiments, bool(plan.clients), plan.mishaps, bool(plan.drafts)
    )
    return {each.name: each for each in entries if plan.full or each.name.endswith(_ON_THE_PAGE)}


#: How the names of these end.
_ON_THE_PAGE = ("attackers", "drafts", "-trade")


def _draw(plan: StudyPlan, _: Findings, names: list[str]) -> Made:
    known = _figures(plan)
    entries = [known[name] for name in names]
    for entry, _files in exhibits.write_all(entries, Source(plan.folder), plan.folder / "figures", plan.workers):
        yield entry.name, []


STAGES = {
    "verdicts": Stage(lambda plan: plan.designs, _judge, lambda plan: 5.0 * len(plan.attackers)),
    "drafts": Stage(lambda plan: plan.environments, _buy, lambda plan: 6.0 * len(plan.drafts) * len(plan.against)),
    "simulations": Stage(lambda plan: plan.experiments, _simulate, lambda plan: 30.0 if plan.full else 3.0),
    "clients": Stage(lambda plan: ["clients"] if plan.clients else [], _judge_clients, lambda plan: 60.0),
    "environments": Stage(lambda plan: plan.designs if plan.properties else [], _assume, lambda plan: 20.0),
    "blast_radius": Stage(lambda plan: plan.mishaps, _spread, lambda plan: 20.0),
    "figures": Stage(lambda plan: list(_figures(plan)), _draw, lambda plan: 1.5),
}
CERTIFICATES = {
    "certificates": Stage(lambda plan: ["certificates"], _certify, lambda plan: 600.0),
    "bounds": Stage(lambda plan: plan.worlds, _bound, lambda plan: 60.0),
}
_EVERY = STAGES | CERTIFICATES


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
        "shares": plan.shares,
        "seed": plan.seed,
        "workers": plan.workers,
        "done": found.done,
        "seconds": found.seconds,
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": versions(),
        "switches": len(plan.model.switches),
        **_certified(found),
    }


def _certified(found: Findings) -> dict[str, str]:
    """What others have proved and checked, of how much, if anything was to be."""
    told = {
        "checked by others": ("certificates", "answers that something does not happen"),
        "bounds checked by others": ("bounds", "worlds under a design, of how long their runs are"),
    }
    counted = {name: (found.rows.get(table, []), what) for name, (table, what) in told.items()}
    return {
        name: f"{sum(row['certified'] == 'yes' for row in rows)} of {len(rows)} {what}"
        for name, (rows, what) in counted.items()
        if rows
    }
