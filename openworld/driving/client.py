"""A real client, driven through scenarios: how each ended, beside what the model says."""

import asyncio
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from conformance import attacks, results, suite, upstream
from conformance import expected as expectations
from conformance.attacks import Found, asked, search
from conformance.confinement import confine
from conformance.explained import explain
from conformance.fixes import all_cures, fell
from conformance.install import LOCK, Installed, install
from conformance.judge import Judgement, expected
from conformance.packages import host_of
from conformance.play import Play, catalogue, mutations, of_file
from conformance.processes import drive as drive_here
from conformance.rivals import Paired, meet
from conformance.run import Driving, Settings, run_all
from conformance.serve import waiting
from conformance.software import SoftwareError
from conformance.suite import SUITE, Beside
from conformance.upstream import PlayedTwice
from deployed.cures import Cure
from deployed.explanation import Explanation, design_of
from deployed.fitting import Fit
from model.design import Design
from model.errors import InputError
from model.model import oauth
from model.store import ROOT, code, keep, kept, named
from model.trace import from_json as trace_of
from openworld.cache import SOURCES, Asker, fingerprint
from openworld.commands.common import print_json, print_lines
from openworld.driving import ready
from openworld.driving.asked import DrivingOptions
from openworld.driving.telling import lines, page
from openworld.files import as_json, write
from openworld.progress import Progress
from properties.security import find


@dataclass(frozen=True, slots=True)
class Driven:
    """A client that was driven: what it did in each play, and what the model makes of it.

    ``cures``: for each scenario in which something is lost, the smallest changes that stop that.
    """

    installed: Installed
    plays: list[Play]
    judgements: list[Judgement]
    explained: Explanation
    cures: Mapping[str, list[Cure]]

    @property
    def name(self) -> str:
        """The release."""
        return str(self.installed.release)

    @property
    def stops(self) -> dict[str, list[str]]:
        """The cures in words."""
        return {name: list(map(str, found)) for name, found in self.cures.items()}

    def keep(self, output: Path) -> None:
        """Write what was seen to the client's folder: traces of attacks, and rows like those that designs fit."""
        release = self.installed.release
        folder, known_as = output / release.slug, (release.software.name, release.version)
        told = {play.name: play.trace for play in self.plays}
        for one in self.judgements:
            if one.attacks and (trace := told[one.scenario]) is not None:
                write(folder / f"{one.scenario}.trace.json", as_json(trace.to_json()))
        write(folder / "behaviour.csv", results.table(*known_as, self.judgements))
        write(folder / "attacks.csv", results.losses(*known_as, self.judgements))
        write(folder / LOCK, as_json(self.installed.lock.to_json()))


def drive(name: str | None, asked: DrivingOptions) -> int:
    """Drive a client, and keep and tell what came of it."""
    about = tuple(map(told_to_a_client, asked.properties)) or attacks.ASKED
    if "attack" not in asked.sources:  # report what is not there before anything is installed or starts
        chosen(written(asked), asked.scenarios)
    installed = ready.client(name, asked)
    wanted, client = installed.release, str(installed.release)
    expected = None if asked.expect is None else expectations.load(asked.expect, client)
    if asked.suite:
        install(SUITE)
    if asked.suite_from is not None:
        upstream.suite_of(asked.suite_from)
    without = {"none: you start the client yourself": asked.serve, "none: nothing is run": asked.checks}
    protection = next((why for why, so in without.items() if so), "") or confine(asked.required)
    # The solver is asked once this command is where it stays: what it has found is not passed on.
    output, settings, design = asked.output, Settings(asked.limit, asked.jobs, not asked.plain), design_of(str(wanted))
    kept_in = None if output is None else output / wanted.slug
    found = attack_traces([design], about, kept_in) if "attack" in asked.sources else []
    plays = chosen([*written(asked), *attacks.told(found, design)[0]], asked.scenarios)
    by = waiting(len(plays), click.echo) if asked.serve else drive_here
    if asked.checks is not None:
        read = {one.judgement.scenario: one.judgement for one in upstream.results(asked.checks, plays)}
        plays, judgements = [play for play in plays if play.name in read], list(read.values())
    else:
        judgements = played(installed, plays, output, settings, by)
    paired = _paired(installed, plays, judgements, output, settings) if "pairs" in asked.sources else None
    if paired is not None:
        plays, judgements = [*plays, *paired.plays], [*judgements, *paired.judgements]
    driven = explained(installed, plays, judgements, found, output)
    beside = asyncio.run(_beside(installed, judgements, asked.limit)) if asked.suite else []
    compared = _in_the_suite(driven, asked.suite_from, asked.limit, kept_in) if asked.suite_from is not None else []
    return _tell(driven, asked, expected, paired, beside, compared, protection)


def _in_the_suite(driven: Driven, archive: Path, limit: float, kept_in: Path | None) -> list[PlayedTwice]:
    """The same plays, in the suite of an archive; its results are kept beside the others, if those are."""
    plays = [play for play in upstream.sayable(driven.plays) if play.source in ("catalogue", "file")]
    with (
        tempfile.TemporaryDirectory(prefix="openworld-") as temporary,
        Progress("in the suite", len(plays)) as progress,
    ):
        folder = Path(temporary) if kept_in is None else kept_in / "suite"
        shutil.rmtree(folder, ignore_errors=True)  # what a run before found is no result of this one
        folder.mkdir(parents=True)
        measuring = upstream.measure(
            driven.installed, upstream.suite_of(archive), plays, max(limit, 40.0), folder, progress.advance
        )
        asyncio.run(measuring)
        return upstream.compare(driven.judgements, upstream.results(folder, plays))


def _tell(
    driven: Driven,
    asked: DrivingOptions,
    expected: expectations.Expected | None,
    paired: Paired | None,
    beside: list[Beside],
    compared: list[PlayedTwice],
    protection: str,
) -> int:
    """Write what is asked for, and print it."""
    client, judgements, wanted = driven.name, driven.judgements, driven.installed.release
    changes = ready.changes(asked, client, judgements, expected)
    if asked.output is not None:
        driven.keep(asked.output)
    if asked.as_json:
        shown: dict[str, Any] = {"explanation": driven.explained.to_json(), "stopped_by": driven.stops}
        shown |= {"suite": [one.to_json() for one in beside], "protection": protection}
        shown |= {"in_the_suite": [one.to_json() for one in compared]} if compared else {}
        shown |= {"changes": changes} if expected is not None else {}
        shown |= {"pairs": paired.to_json()} if paired is not None else {}
        shown |= {"installed": driven.installed.lock.to_json()}
        print_json(results.data(client, judgements, host_of(wanted), driven.explained.played, **shown))
        return ready.code(judgements, changes)
    told = list(lines(judgements, driven.explained, driven.stops, host_of(wanted), beside))
    told += [] if paired is None else paired.lines()
    told += upstream.lines(compared) if compared else []
    if expected is not None:
        told += [f"changed: {name}: {change}" for name, change in changes.items()] or ["all as expected"]
    told.append(f"protection: {protection}")
    if asked.output is not None:
        for name, text in page(client, driven.plays, judgements, driven.stops, told, host_of(wanted)).items():
            write(asked.output / wanted.slug / name, text)
    print_lines(told)
    return ready.code(judgements, changes)


def played(
    installed: Installed, plays: Sequence[Play], output: Path | None, settings: Settings, by: Driving = drive_here
) -> list[Judgement]:
    """Run a client through plays.

    Raises:
        SoftwareError: it does not start.
    """
    with Progress(str(installed.release), len(plays)) as progress:
        done = lambda one: progress.advance(one.scenario)  # noqa: E731 (it has no other use)
        judgements = asyncio.run(run_all(installed, plays, output, settings, done, by))
    unfit = [one for one in judgements if one.facts.get("unfit")]
    if unfit and not any(one.measured and one.outcome != "n" for one in judgements):
        raise SoftwareError(f"{installed.release} does not start: {unfit[0].error}")
    return judgements


def explained(
    installed: Installed,
    plays: list[Play],
    judgements: list[Judgement],
    found: Sequence[attacks.Found],
    output: Path | None = None,
) -> Driven:
    """What the model makes of what was seen; in the folder of ``output`` that is kept for the next run."""
    path = output and output / installed.release.slug / "explained.json"
    key = named(installed.identity, code([ROOT / "properties"]), [one.to_json() for one in judgements])
    known = kept(path, key) if path else None
    fitted = known and Fit(Design(known["design"]), (), (), known["decided_by"], known["whole"])
    with Progress("ends that a design explains", len(judgements)) as progress:
        explanation = explain(installed.release, plays, judgements, progress.at, fitted)
    if explanation.source == "fitted":
        plays, judgements = _retold(found, explanation.design, plays, judgements)
    if known:
        cures = {
            name: [Cure(tuple(map(tuple, switches)), worth) for switches, worth in of]
            for name, of in known["cures"].items()
        }
    else:
        with Progress("what would stop each attack", sum(map(fell, judgements))) as progress:
            cures = all_cures(explanation.design, plays, judgements, Asker(), progress.advance)
    if path and not known:
        said = {
            "design": explanation.design.changes(),
            "decided_by": explanation.decided_by,
            "whole": explanation.whole,
        }
        told = {name: [(one.switches, one.worth) for one in of] for name, of in cures.items()}
        keep(path, key, said | {"cures": told})
    return Driven(installed, plays, judgements, explanation, cures)


def _retold(
    found: Sequence[attacks.Found], design: Design, plays: list[Play], judgements: list[Judgement]
) -> tuple[list[Play], list[Judgement]]:
    """Attack traces with what is expected of a client of the design that was fitted to all else."""
    again = {play.name: play for play in attacks.told(found, design)[0]}
    return [again.get(play.name, play) for play in plays], [
        replace(one, expected=expected(again[one.scenario])) if one.scenario in again else one for one in judgements
    ]


def _paired(
    installed: Installed, plays: list[Play], judgements: list[Judgement], output: Path | None, settings: Settings
) -> Paired:
    """The pairs of scenarios that tell apart what is not told apart yet, played."""

    def run(more: Sequence[Play]) -> list[Judgement]:
        return played(installed, more, output, settings)

    with Progress("pairs of scenarios", 0) as progress:
        return meet(installed.release, plays, judgements, run, progress.at)


def written(asked: DrivingOptions) -> list[Play]:
    """The plays of these sources that nobody has to look for."""
    if asked.own is not None and asked.sources == ("catalogue",) and asked.scenarios is None:
        return of_file(asked.own)
    own = of_file(asked.own) if asked.own is not None else []
    found = catalogue() if {"catalogue", "pairs"} & {*asked.sources} else []
    return [*own, *found, *(mutations() if "mutation" in asked.sources else [])]


def told_to_a_client(name: str) -> str:
    """The property of this name, if attacks on it can be told to a client.

    Raises:
        InputError: they cannot.
    """
    found = find(name).name
    if found not in attacks.ASKED:
        allowed = ", ".join(attacks.ASKED)
        raise InputError(f"attacks on {found} cannot be told to a client; allowed: {allowed}")
    return found


def chosen(every: list[Play], names: str | None) -> list[Play]:
    """The plays that a comma-separated list of names and prefixes asks for; all without one.

    Raises:
        InputError: there is none of such a name.
    """
    by_name = {play.name: play for play in every}
    return [by_name[name] for name in ready.chosen(list(by_name), names, "scenario")]


async def _beside(installed: Installed, judgements: list[Judgement], limit: float) -> list[Beside]:
    return await suite.compare(installed, install(SUITE), judgements, max(limit, 40.0))


#: The file in the output folder.
FILE = "attack-traces.json"


def attack_traces(designs: Sequence[Design], properties: Sequence[str], folder: Path | None) -> list[Found]:
    """The traces that the solver finds for clients of these designs, each once."""
    model = designs[0].model if designs else oauth()
    asked_for = [[one.changes() for one in designs], list(properties)]
    key = named(*asked_for, fingerprint((*SOURCES, Path(attacks.__file__).parent)), *model.marks)
    known = None if folder is None else kept(folder / FILE, key)
    if known is not None:
        return [Found(trace_of(one["trace"], model=model), dict(one["deployment"])) for one in known]
    found: dict[object, Found] = {}
    with Progress("asking the solver for attacks", sum(asked(one, properties) for one in designs)) as progress:
        for design in designs:
            found |= {one.key: one for one in search(design, Asker(), progress.advance, properties)}
    if folder is not None:
        keep(folder / FILE, key, [one.to_json() for one in found.values()])
    return list(found.values())
