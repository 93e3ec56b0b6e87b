"""The whole study: named designs against attackers, deployed clients, experiments, mishaps, together in one folder.

Whatever is finished is on disk, whole; a run that is cut short leaves a folder that can be read.
"""

from __future__ import annotations

import csv
import io
import platform
import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress
from typing import Any

from model.errors import InputError
from openworld import bought, certified, client_tables, environments, exhibits, matrix, mishaps
from openworld.blame import blamed
from openworld.files import as_json, claimed, set_aside, write
from openworld.jobs import CellAnswer, Question
from openworld.plan import Findings, StudyPlan, versions
from openworld.progress import Progress
from openworld.report import index, page, read
from openworld.show import command
from openworld.sources import WRITTEN, Source
from properties.results import Count
from simulations.break_even import break_even, can_break_even
from simulations.experiments import evaluable, find, population_for
from simulations.experiments import run as simulate
from simulations.processes import in_order
from simulations.results import write as save
from simulations.uncertainty import over_inputs


def run(plan: StudyPlan) -> str:
    """Run the study; says in a few words what came out.

    What an earlier study left in the folder is set aside, and until this one is finished the folder says so.

    Raises:
        FolderInUseError: another run is writing to the folder.
        ReplayError: a trace that the machine does not confirm; nothing that was found may be trusted then.
    """
    with claimed(plan.folder):
        set_aside(plan.folder, WRITTEN)
        found = Findings()
        write(plan.folder / "run.json", as_json(_about(plan, found)))
        return _run(plan, found)


def _run(plan: StudyPlan, found: Findings) -> str:
    try:
        stages = {**_STAGES, "certificates": _certify, "bounds": _bound} if plan.certify else _STAGES
        for name, stage in stages.items():
            started = time.perf_counter()
            try:
                stage(plan, found)
            finally:
                found.seconds[name] = round(time.perf_counter() - started, 1)
    except BaseException:
        # Also after Ctrl-C: what is finished is put together and stays usable, as far as there is room for it.
        with suppress(OSError, InputError):
            for name in _TABLES:
                _write_table(plan, found, name)
            _conclude(plan, found)
        raise
    found.finished = True
    _conclude(plan, found)
    attacks = Count.of(blamed(found.verdicts))
    return (
        f"{len(found.verdicts)} verdicts, {attacks} attacks, {len(found.clients)} verdicts on deployed clients, "
        f"{len(found.results)} experiments"
    )


# --- verdicts ----------------------------------------------------------------------------------------------


#: The tables of verdicts by the names of their files, which are those of their rows among what was found.
_TABLES = ("verdicts", "clients", "environments", "drafts", "certificates", "bounds")
Rows = list[dict[str, Any]]


def _collect(plan: StudyPlan, found: Findings, name: str, total: int, made: Generator[tuple[str, Rows]]) -> None:
    """Put the rows of a table on disk as they come in, now and then and at the end; each lot says what it is about."""
    rows, written = getattr(found, name), time.monotonic()
    with Progress(name, total) as progress, closing(made) as lots:
        for about, lot in lots:
            rows += [row | {"run": plan.run} for row in lot]
            progress.advance(about)
            if time.monotonic() - written > 2:
                _write_table(plan, found, name)
                written = time.monotonic()
    _write_table(plan, found, name)


def _write_table(plan: StudyPlan, found: Findings, name: str) -> None:
    rows: Rows = getattr(found, name)
    if not rows:
        return
    if name == "verdicts":
        write(plan.folder / "verdicts.json", as_json(rows))
        rows = [{**row, "blocked_by": " ".join(row["blocked_by"])} for row in rows]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write(plan.folder / f"{name}.csv", stream.getvalue())


def _judge(plan: StudyPlan, found: Findings) -> None:
    asked = matrix.cases(plan.designs, plan.attackers, plan.model)
    replies = matrix.judged(asked, plan.workers, plan.timeout, plan.model)
    made = ((case.stem, [matrix.row(case, reply.data) | _drawn(plan, case, reply)]) for case, reply in replies)
    _collect(plan, found, "verdicts", len(asked), made)


def _certify(plan: StudyPlan, found: Findings) -> None:
    """Have others prove and check what was found not to happen."""
    asked = {case.key: case.configuration for case in matrix.cases(plan.designs, plan.attackers, plan.model)}
    excluded = {(row["property"], row["configuration"]) for row in found.verdicts if not row["steps"]}
    questions = [
        Question(key[0], text, plan.timeout, plan.model) for key, text in asked.items() if (key[0], text) in excluded
    ]
    made = (("", [row]) for row in in_order(certified.looked_into, questions, plan.workers))
    _collect(plan, found, "certificates", len(questions), made)


def _bound(plan: StudyPlan, found: Findings) -> None:
    """Have others prove and check how long runs are."""
    asked = [certified.Runs(world, design, plan.model) for world in plan.worlds for design in plan.designs]
    made = (("", [row]) for row in in_order(certified.bounded, asked, plan.workers))
    _collect(plan, found, "bounds", len(asked), made)


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


def _judge_clients(plan: StudyPlan, found: Findings) -> None:
    asked = client_tables.cases(plan.clients, plan.model)
    made = ((row["client"], [row]) for row in client_tables.judged(asked, plan.workers, plan.timeout, plan.model))
    _collect(plan, found, "clients", len(asked), made)


def _assume(plan: StudyPlan, found: Findings) -> None:
    judged = environments.judged(plan.designs, plan.properties, plan.workers, plan.timeout, plan.model)
    made = ((name, rows) for name, rows in zip(plan.designs, judged, strict=False))
    _collect(plan, found, "environments", len(plan.designs), made)


def _buy(plan: StudyPlan, found: Findings) -> None:
    judged = bought.judged(plan.drafts, plan.environments, plan.workers, plan.timeout, plan.model)
    made = ((name, rows) for name, rows in zip(plan.environments, judged, strict=False))
    _collect(plan, found, "drafts", len(plan.environments), made)


# --- simulations and figures -------------------------------------------------------------------------------


#: Draws of what is not known for sure, of each input alone and of all together.
_DRAWS = 64


def _simulate(plan: StudyPlan, found: Findings) -> None:
    for name in plan.experiments:
        # Fewer attempts are a smaller sample; that the clock goes far enough is no matter of samples.
        asked = find(name, plan.model)
        met = population_for(asked, None)
        least = asked.least_attempts(met, plan.replications)
        attempts = None if plan.attempts is None else max(plan.attempts, least)
        with Progress(name, 0) as progress:
            result = simulate(
                asked,
                seed=plan.seed,
                attempts=attempts,
                replications=plan.replications,
                workers=plan.workers,
                progress=progress.at,
            )
        # Where less is counted than an experiment says, no more is counted for its inputs.
        draws = 0 if attempts is not None and not evaluable(asked, met) else None
        result = over_inputs(result, asked, met, plan.seed, draws, workers=plan.workers)
        result.save(plan.folder / "simulations", run=plan.run)
        found.results[name] = result
        if can_break_even(asked):
            table = break_even(asked, seed=plan.seed, samples=_DRAWS)
            save(table, plan.folder / "simulations" / f"{name}_break_even", plan.run)


def _spread(plan: StudyPlan, found: Findings) -> None:
    with (
        Progress("blast radius", len(mishaps.KINDS)) as progress,
        closing(
            mishaps.reached(mishaps.KINDS, plan.workers, seed=plan.seed, model=plan.model, **plan.mishaps)
        ) as spread,
    ):
        for each in spread:
            each.save(plan.folder / "simulations", run=plan.run)
            found.mishaps[each.kind] = each
            progress.advance(each.kind)


def _draw(plan: StudyPlan, found: Findings) -> None:
    judged = {row["attacker"] for row in found.verdicts}
    entries = exhibits.of_study(
        [name for name in plan.attackers if name in judged],
        found.results,
        bool(found.clients),
        found.mishaps,
        bool(found.drafts),
    )
    folder = plan.folder / "figures"
    with (
        Progress("figures", len(entries)) as progress,
        closing(exhibits.write_all(entries, Source(plan.folder), folder, plan.workers)) as drawn,
    ):
        for entry, _ in drawn:
            found.figures.append(entry.name)
            progress.advance(entry.name)


_STAGES = {
    "verdicts": _judge, "clients": _judge_clients, "environments": _assume, "drafts": _buy,
    "simulations": _simulate, "blast_radius": _spread, "figures": _draw,
}  # fmt: skip


# --- what holds it together --------------------------------------------------------------------------------


def _conclude(plan: StudyPlan, found: Findings) -> None:
    """Write the pages, and when they are there what ran: nothing says of itself that it is finished before it is."""
    about = _about(plan, found)
    if found.verdicts or found.clients or found.results:
        study = read(plan.folder, plan.model)
        study.about = about
        write(plan.folder / "report.html", page(study))
    write(plan.folder / "index.md", index(plan, found))
    write(plan.folder / "run.json", as_json(about))


def _about(plan: StudyPlan, found: Findings) -> dict[str, Any]:
    """What ran, where and how long; the only file that differs from run to run."""
    return {
        "command": command(*sys.argv[1:]),
        "run": plan.run,
        "finished": found.finished,
        "seed": plan.seed,
        "quick": plan.quick,
        "workers": plan.workers,
        "replications": plan.replications,
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
        "checked by others": (found.certificates, "answers that something does not happen"),
        "bounds checked by others": (found.bounds, "worlds under a design, of how long their runs are"),
    }
    return {
        name: f"{sum(row['certified'] == 'yes' for row in rows)} of {len(rows)} {what}"
        for name, (rows, what) in told.items()
        if rows
    }
