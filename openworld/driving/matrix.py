"""A matrix of real clients: releases by attacks and scenarios, beside what a file expects of them, and a page of it.

What was measured before stays (``-o``): a matrix that was interrupted goes on, and what is finished is on the page.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance import attacks, matrix, results
from conformance.confinement import confine
from conformance.install import Installed
from conformance.matrix import Matrix, ReleaseEntry
from conformance.packages import host_of, packaged
from conformance.play import Play, catalogue
from conformance.run import Settings
from conformance.software import CLIENTS, Release, SoftwareError, release
from deployed.explanation import design_of
from model.errors import InputError
from openworld.commands.common import DONE, INCONCLUSIVE, VIOLATED, print_json, print_lines
from openworld.driving import ready
from openworld.driving.asked import DrivingOptions
from openworld.driving.client import chosen, explained, played
from openworld.driving.columns import Column, affected, public
from openworld.driving.matrix_page import Making, pages, public_files
from openworld.driving.telling import page
from openworld.driving.traces import attack_traces
from openworld.files import write

#: Where, beside the pages, those are that may be published today.
PUBLIC = "public"


def drive(path: Path, asked: DrivingOptions) -> int:
    """Run what a file says, and tell what went otherwise than it expects."""
    assert asked.output is not None
    wanted = matrix.load(path)
    releases = {entry.name: _release(path, entry) for entry in wanted.entries}
    models = [design_of(str(releases.get(name) or release(name, CLIENTS, "client"))) for name in wanted.traces_for]
    scenarios = chosen(catalogue(), ",".join(wanted.scenarios)) if wanted.scenarios else []
    installed = {name: ready.installed(one, asked) for name, one in releases.items()}
    protection = confine(asked.required)
    how = Making(f"openworld conform --matrix {path.name} -o {asked.output.name}", protection)
    found = attack_traces(list(dict.fromkeys(models)), wanted.attacks, asked.output) if wanted.attacks else []
    columns: list[Column] = []
    for entry in wanted.entries:
        columns.append(_column(entry, installed[entry.name], scenarios, found, asked))
        for name, text in pages(columns, wanted, asked.output, how).items():
            write(asked.output / name, text)
    _publish(asked.output, wanted, columns, how)
    _write(asked, wanted, columns)
    if asked.as_json:
        print_json(_data(columns, protection))
    else:
        print_lines(_lines(columns, asked.output, protection))
    return _code(columns)


def _release(path: Path, entry: ReleaseEntry) -> Release:
    """The release that an entry names.

    Raises:
        InputError: what it is to be had from is called otherwise.
    """
    if not entry.package:
        return release(entry.name, CLIENTS, "client")
    found = packaged(entry.package, ready.own_or_shipped(Path(entry.driver)))
    if str(found) != entry.name:
        raise InputError(f"{path}: {entry.name}: by its package and driver it is {found}")
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
    driven = explained(installed, plays, judgements, found)
    driven.keep(asked.output)
    host = host_of(installed.release)
    text = list(results.lines(driven.judgements, {}, host))
    for name, content in page(driven.name, driven.plays, driven.judgements, driven.stops, text, host).items():
        write(asked.output / installed.release.slug / name, content)
    return Column(entry, installed.release.slug, driven)


def _publish(output: Path, wanted: Matrix, columns: Sequence[Column], how: Making) -> None:
    """Write what is public of it to a folder of its own; what was public there before and is no longer goes."""
    folder = output / PUBLIC
    shutil.rmtree(folder, ignore_errors=True)
    shown = public(columns, datetime.date.today())
    for name, content in public_files(shown, wanted, output, how).items():
        write(folder / name, content)


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
    yield f"protection: {protection}"
    yield f"page: {output / 'index.html'}; what may be published today: {output / PUBLIC}"


def _data(columns: Sequence[Column], protection: str) -> Mapping[str, Any]:
    return {
        "clients": [
            {**results.data(one.name, one.judgements), "changes": one.changes, "not_started": one.why}
            for one in columns
        ],
        "affected": [one._asdict() for one in affected({one.name: one.judgements for one in columns})],
        "protection": protection,
    }
