"""A matrix of real clients: releases by attacks and scenarios, beside what a file expects of them, and a page of it.

What was measured before stays (``-o``): a matrix that was interrupted goes on, and what is finished is on the page.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance import attacks, matrix, results
from conformance.confinement import confine
from conformance.install import LOCK, Installed, newest
from conformance.matrix import Matrix, ReleaseEntry
from conformance.packages import host_of, packaged
from conformance.play import Play, catalogue
from conformance.run import Settings
from conformance.software import CLIENTS, Release, SoftwareError, release
from deployed.explanation import design_of
from model.client_names import canonical
from model.errors import InputError
from model.scenario import names as catalogued
from openworld.commands.common import DONE, INCONCLUSIVE, VIOLATED, print_json, print_lines
from openworld.driving import ready
from openworld.driving.asked import DrivingOptions
from openworld.driving.client import attack_traces, chosen, explained, played
from openworld.driving.client_site import files, publish
from openworld.driving.columns import Column, affected, public
from openworld.driving.matrix_page import Making, pages, public_files
from openworld.driving.predicted import ReleasePrediction, ReleaseRecord, predict, records
from openworld.driving.telling import page
from openworld.files import write
from openworld.show import command

#: Where, beside the pages, those are that may be published today.
PUBLIC = "public"
#: Stands for a version: the one that the registry calls the newest.
LATEST = "latest"


def drive(of: Path | tuple[str, ...], asked: DrivingOptions) -> int:
    """Run what a file or some names of releases say, and tell what went otherwise than predicted and expected."""
    assert asked.output is not None
    wanted = _latest(matrix.load(of) if isinstance(of, Path) else _of_names(of, asked))
    releases = {entry.name: _release(of, entry) for entry in wanted.entries}
    models = [design_of(str(releases.get(name) or release(name, CLIENTS, "client"))) for name in wanted.traces_for]
    scenarios = chosen(catalogue(), ",".join(wanted.scenarios)) if wanted.scenarios else []
    installed = {name: _installed(one, asked) for name, one in releases.items()}
    protection = confine(asked.required)
    words = ["--matrix", of.name] if isinstance(of, Path) else of
    how = Making(command("conform", *words, "-o", asked.output.name), protection)
    predictions = [_predicted(entry, releases[entry.name], asked.output) for entry in wanted.entries]
    if not asked.as_json:
        print_lines(map(str, predictions))
    found = attack_traces(list(dict.fromkeys(models)), wanted.attacks, asked.output) if wanted.attacks else []
    columns: list[Column] = []
    try:
        for entry in wanted.entries:
            columns.append(_column(entry, installed[entry.name], scenarios, found, asked))
            for name, text in pages(columns, wanted, asked.output, how, len(columns) - 1).items():
                write(asked.output / name, text)
    finally:
        _publish(asked.output, wanted, columns, how)
    _write(asked, wanted, columns)
    if asked.as_json:
        print_json(_data(columns, protection, _measured(columns, asked.output)))
    else:
        print_lines(_lines(columns, asked.output, protection))
    return _code(columns)


def _of_names(names: Sequence[str], asked: DrivingOptions) -> Matrix:
    scenarios = list(catalogued()) if asked.scenarios is None else asked.scenarios.split(",")
    return matrix.of_names(list(map(canonical, names)), scenarios)


def _latest(wanted: Matrix) -> Matrix:
    """The same, with the newest release of each client for which it says :data:`LATEST`, where that is not there."""
    found = dict[str, ReleaseEntry]()
    for entry in wanted.entries:
        client, _, version = entry.name.partition("==")
        known = version == LATEST and client in CLIENTS
        name = f"{client}=={newest(CLIENTS[client])}" if known else entry.name
        found.setdefault(name, replace(entry, name=name))
    return replace(wanted, entries=tuple(found.values()))


def _installed(wanted: Release, asked: DrivingOptions) -> Installed:
    """A release that is ready: in just the packages that it was measured in here before, if it was."""
    assert asked.output is not None
    before = asked.output / wanted.slug / LOCK
    again = before.is_file() and wanted.software.registry in ("pypi", "npm") and not asked.from_source
    return ready.installed(wanted, replace(asked, lock=before) if again else asked)


def _predicted(entry: ReleaseEntry, wanted: Release, output: Path) -> ReleasePrediction:
    """What the model says of a release, written before it runs."""
    asked = ("--package", entry.package, "--driver", Path(entry.driver).name) if entry.package else (entry.name,)
    said = predict(entry.name, asked, host_of(wanted))
    said.keep(output / wanted.slug)
    return said


def _measured(columns: Sequence[Column], output: Path) -> list[ReleaseRecord]:
    names = {one.name for one in columns}
    return [one for one in records(output) if one.prediction.release in names]


def _release(of: Path | tuple[str, ...], entry: ReleaseEntry) -> Release:
    """The release that an entry names.

    Raises:
        InputError: what it is to be had from is called otherwise.
    """
    if not entry.package:
        return release(entry.name, CLIENTS, "client")
    found = packaged(entry.package, ready.own_or_shipped(Path(entry.driver)))
    if str(found) != entry.name:
        raise InputError(f"{of}: {entry.name}: by its package and driver it is {found}")
    return found


def _column(
    entry: ReleaseEntry,
    installed: Installed,
    scenarios: Sequence[Play],
    found: Sequence[attacks.Found],
    asked: DrivingOptions,
) -> Column:
    """Run one release; one that does not start is not measured, and keeps nobody from being run."""
    assert asked.output is not None
    plays = [*scenarios, *attacks.told(found, design_of(str(installed.release)))[0]]
    try:
        judgements = played(installed, plays, asked.output, Settings(asked.limit, asked.jobs, not asked.plain))
    except SoftwareError as error:
        return Column(entry, installed.release.slug, why=str(error))
    driven = explained(installed, plays, judgements, found, asked.output)
    driven.keep(asked.output)
    host = host_of(installed.release)
    text = list(results.lines(driven.judgements, {}, host))
    for name, content in page(driven.name, driven.plays, driven.judgements, driven.stops, text, host).items():
        write(asked.output / installed.release.slug / name, content)
    return Column(entry, installed.release.slug, driven)


def _publish(output: Path, wanted: Matrix, columns: Sequence[Column], how: Making) -> None:
    """Write what is public of it, and of what was measured here before, to a folder of its own."""
    day = datetime.date.today()
    pages = public_files(public(columns, day), wanted, output, how)
    made = {"releases.html" if name == "index.html" else name: text for name, text in pages.items()}
    publish(output / PUBLIC, files(list(records(output)), day, made) | made)


def _write(asked: DrivingOptions, wanted: Matrix, columns: Sequence[Column]) -> None:
    seen = {one.name: one.judgements for one in columns}
    if asked.junit is not None:
        write(asked.junit, results.junit({one.name: (one.judgements, one.entry.expected) for one in columns}))
    if asked.write_expectations is not None:
        write(asked.write_expectations, "\n".join(matrix.as_toml(wanted, seen)) + "\n")


def _code(columns: Sequence[Column]) -> int:
    if any(one.changes for one in columns):
        return VIOLATED
    return DONE if all(one.measured for one in columns) else INCONCLUSIVE


def _lines(columns: Sequence[Column], output: Path, protection: str) -> Iterator[str]:
    """A line for each client, what changed, and which releases are affected by what."""
    for one in columns:
        yield f"{one.name}: {one.summary}"
    for one in columns:
        yield from (f"changed: {one.name}: {name}: {told}" for name, told in one.changes.items())
    if not any(one.changes for one in columns):
        expected = any(one.entry.expected is not None for one in columns)
        yield "all as expected" if expected else "nothing is expected of anybody (--write-expectations FILE)"
    yield "affected, first and last of the releases listed"
    yield from (f"  {one}" for one in affected({one.name: one.judgements for one in columns}))
    scored = _measured(columns, output)
    yield from (one.score for one in scored)
    if len(scored) > 1:
        right, played = sum(len(one.seen) - len(one.missed) for one in scored), sum(len(one.seen) for one in scored)
        yield f"{right} of {played} ends as predicted before they were measured"
    yield f"protection: {protection}"
    yield f"page: {output / 'index.html'}; what may be published today: {output / PUBLIC}"


def _data(columns: Sequence[Column], protection: str, scored: Sequence[ReleaseRecord]) -> Mapping[str, Any]:
    return {
        "clients": [
            {**results.data(one.name, one.judgements), "changes": one.changes, "not_started": one.why}
            for one in columns
        ],
        "affected": [one._asdict() for one in affected({one.name: one.judgements for one in columns})],
        "predicted": [one.to_json() for one in scored],
        "protection": protection,
    }
