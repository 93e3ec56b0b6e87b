"""A matrix: clients in several releases by attacks and scenarios, with what is expected of each, as a file.

It is a file of expectations (:mod:`conformance.expected`) that says as well what is run.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.attacks import ASKED
from conformance.expected import Expected, of_all, read
from conformance.judge import Judgement
from model.client_names import canonical
from model.errors import InputError, hint


@dataclass(frozen=True, slots=True)
class ReleaseEntry:
    """A release of a client.

    Attributes:
        package: where one is from that has no row of its own, with the ``driver`` that it is driven by.
        expected: what is expected of it; ``None``: nothing, so that nothing can have changed.
    """

    name: str
    package: str = ""
    driver: str = ""
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """What is run, and what is expected of it.

    Attributes:
        scenarios: names of scenarios of the catalogue, or how they begin.
        attacks: the properties that attack traces are about.
        traces_for: the clients for whose designs, and for weaker ones, they are looked for; all get all of them.
    """

    entries: tuple[ReleaseEntry, ...]
    scenarios: tuple[str, ...]
    attacks: tuple[str, ...]
    traces_for: tuple[str, ...]


def load(path: Path) -> Matrix:
    """Read a matrix.

    Raises:
        InputError: it is none, names a client twice, or asks about a property that cannot be told to clients.
    """
    data = read(path)
    known = of_all(path, data)
    names = [canonical(one["name"]) for one in data["client"]]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: {twice} is there twice")
    entries = tuple(
        ReleaseEntry(name, one.get("package", ""), one.get("driver", ""), _said(known[name], one))
        for name, one in zip(names, data["client"], strict=True)
    )
    if not entries:
        raise InputError(f"{path}: names no client")
    for entry in entries:
        if bool(entry.package) != bool(entry.driver):
            raise InputError(f"{path}: {entry.name}: say 'package' and 'driver', or neither")
    attacks = tuple(data.get("attacks", ASKED))
    for name in attacks:
        if name not in ASKED:
            raise InputError(f"{path}: attacks on {name!r} cannot be told to a client{hint(name, ASKED)}")
    traces_for = tuple(map(canonical, data.get("traces_for", ()))) or tuple(_last(names))
    return Matrix(entries, tuple(data.get("scenarios", ())), attacks, traces_for)


def of_names(names: Sequence[str], scenarios: Sequence[str]) -> Matrix:
    """Return the matrix of some releases, of which nothing is expected, by scenarios (names, or how they begin).

    Raises:
        InputError: one is named twice.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{twice} is there twice")
    return Matrix(tuple(map(ReleaseEntry, names)), tuple(scenarios), (), ())


def _said(expected: Expected, data: Mapping[str, Any]) -> Expected | None:
    return expected if expected.falls or "expected" in data or "accepted" in data else None


def _last(names: Sequence[str]) -> Iterator[str]:
    """Of each client the release that is named last."""
    last = {name.partition("==")[0]: name for name in names}
    return iter(last.values())


def as_toml(matrix: Matrix, seen: Mapping[str, Sequence[Judgement]]) -> Iterator[str]:
    """The lines of such a file that expect what was seen.

    A fall stands there once, with all clients that it was seen of; why it is accepted is for its reader to say.
    """
    for name, values in (
        ("scenarios", matrix.scenarios),
        ("attacks", matrix.attacks),
        ("traces_for", matrix.traces_for),
    ):
        yield f"{name} = {json.dumps(values)}"
    falls: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for entry in matrix.entries:
        yield from ("", "[[client]]", f"name = {json.dumps(entry.name)}")
        yield from (f"{key} = {json.dumps(value)}" for key, value in _package(entry))
        yield "[client.expected]"
        for one in seen.get(entry.name, ()):
            if one.measured:
                yield f"{json.dumps(one.scenario)} = {json.dumps(one.outcome)}"
            if one.attacks:
                falls.setdefault((one.scenario, tuple(sorted(one.attacks))), []).append(entry.name)
    for (scenario, lost), clients in falls.items():
        yield from ("", "[[accepted]]", f"scenario = {json.dumps(scenario)}", f"falls_for = {json.dumps(lost)}")
        yield from (f"clients = {json.dumps(clients)}", 'because = ""')


def _package(entry: ReleaseEntry) -> list[tuple[str, str]]:
    return [("package", entry.package), ("driver", entry.driver)] if entry.package else []
