"""``openworld conform --resource-server``: what a real resource server serves, on the command line and in files."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from conformance import expected as expectations
from conformance import results
from conformance.confinement import confine
from conformance.install import LOCK, Installed
from conformance.probes import PROBES
from conformance.resource_profile import resource_profiles
from model.errors import InputError
from openworld import kept
from openworld.commands.shell import print_json, print_lines
from openworld.driving.asked import Asked
from openworld.driving.ready import code, resource_server
from openworld.files import as_json, write
from openworld.progress import Progress
from openworld.served import Served, explain
from simulations.servers import RESOURCE_SERVER

_WORDS = {"A": "served", "x": "refused", "n": "not tested", "?": "not measured"}


def chosen(names: str | None) -> set[str]:
    """The requests that a comma-separated list of names and prefixes asks for; all without one."""
    every = [probe.name for probe in PROBES]
    if names is None:
        return set(every)
    found: set[str] = set()
    for name in filter(None, map(str.strip, names.split(","))):
        begun = {one for one in every if one.startswith(name)}
        if not begun:
            raise InputError(f"no request {name!r}; known: {', '.join(every)}")
        found |= begun
    return found


async def ask(installed: Installed, limit: float, only: Callable[[str], bool]) -> list[Served]:
    """Every configuration of a resource server, explained."""
    software = installed.release.software
    total = len(software.variants) * sum(only(probe.name) for probe in PROBES)
    with Progress(str(installed.release), total) as progress:
        found = await resource_profiles(installed, limit, only, progress.advance)
    return [explain(one, installed.release) for one in found]


def keep(folder: Path, installed: Installed, found: Sequence[Served], protection: str) -> None:
    """Write what was found: recordings, requests with their answers, and rows for the table of resource servers."""
    write(folder / LOCK, as_json(installed.lock.to_json()))
    for one in found:
        for seen in one.profile.seen:
            if seen.recording is not None:
                name = f"{one.profile.variant}.{seen.probe.name}"
                write(folder / f"{name}.har", as_json(seen.recording.har(name)))
        title = f"{one.profile.variant}.form"
        write(folder / f"{title}.har", as_json(one.profile.recording.har(title)))
    requests = (row for one in found for row in _requests(one))
    columns = ("rs_name", "variant", "request", "about", "outcome", "said", "model")
    write(folder / "requests.csv", _table(columns, requests))
    names = ("rs_name", "product", "expressible", *RESOURCE_SERVER, "evidence", "reason")
    rows = (_row(installed, one, RESOURCE_SERVER) for one in found)
    write(folder / "rs_classes.csv", _table(names, rows))
    kept.keep(folder, "resource_server", {
        "resource_server": str(installed.release), "profiles": [one.to_json() for one in found],
        "protection": protection,
    })  # fmt: skip


def _table(names: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(names)
    lines.writerows(rows)
    return text.getvalue()


def _requests(found: Served) -> Iterator[tuple[str, ...]]:
    for seen in found.profile.seen:
        judged = seen.judgement
        rule = found.refused_by.get(seen.probe.name)
        word = _WORDS[judged.outcome]
        yield (
            found.profile.server, found.profile.variant, seen.probe.name, seen.probe.about, word,
            judged.error if judged.measured else judged.ended, rule.name if rule else "",
        )  # fmt: skip


def _row(installed: Installed, found: Served, switches: Sequence[str]) -> tuple[str, ...]:
    """A row of ``simulations/data/rs_classes.csv``; nothing stands for what the requests leave open."""
    whole = not found.unexplained and bool(found.explained)
    settings = [found.settings[name] if whole else "" for name in switches]
    left = "; ".join(found.unexplained) or ("" if whole else "nothing was measured")
    why = f"the model has no word for {left}" if left else f"explains {len(found.explained)} requests"
    product = installed.release.software.known_as or installed.release.software.name
    return (found.profile.name, product, "yes" if whole else "no", *settings, "measured", why)


def lines(found: Served) -> Iterator[str]:
    """What was seen of one configuration, and what the model makes of it."""
    yield found.profile.name
    told, total = len(found.explained), len(found.explained) + len(found.unexplained)
    yield f"  {told} of {total} answers explained by {_switches(found) or 'a resource server at the baseline'}"
    for name, decided in found.decided_by.items():
        whose = "  (the host's choice)" if name in found.host else ""
        yield f"    {name}={found.design[name]}{whose}  {' '.join(decided)}"
    if found.open:
        yield f"  left open by these requests: {', '.join(found.open)}"
    yield f"  in the population as: {', '.join(found.rows) or 'no row'}"
    for seen in found.profile.seen:
        yield f"    {seen.probe.name:<18}{_told(found, seen.probe.name)}".rstrip()
    yield "  without a token"
    for name, said in found.profile.form.items():
        yield f"    {name}: {said}"
    yield f"    a client that checks everything, with what it says: {found.meeting}"


def _switches(found: Served) -> str:
    return ";".join(f"{name}={value}" for name, value in found.changes.items())


def _told(found: Served, name: str) -> str:
    judged = next(seen.judgement for seen in found.profile.seen if seen.probe.name == name)
    word = _WORDS[judged.outcome]
    if judged.outcome not in ("A", "x"):
        return f"{word:<14}{judged.error if judged.measured else judged.ended}"
    rule = found.refused_by[name]
    if name in found.unexplained:
        return f"{word:<14}{judged.error}  the model: {f'refused by {rule.name}' if rule else 'served'}"
    if name in found.strictly:
        return f"{word:<14}which {found.strictly[name].name} refuses [{found.strictly[name].source}]"
    return f"{word:<14}{judged.error}{f'  {rule.name}' if rule else ''}"


def drive(server: str, asked: Asked) -> int:
    """Ask a resource server, and keep and tell what it serves."""
    only = chosen(asked.scenarios)
    installed = resource_server(server, asked)
    name = str(installed.release)
    expected = None if asked.expect is None else expectations.load(asked.expect, name)
    protection = confine(asked.required)
    found = asyncio.run(ask(installed, asked.limit, only.__contains__))
    judgements = [judgement for one in found for judgement in one.judgements()]
    if asked.junit is not None:
        write(asked.junit, results.junit(name, judgements, expected))
    if asked.write_expectations is not None:
        write(asked.write_expectations, "\n".join(expectations.as_toml(name, judgements)) + "\n")
    changes = {} if expected is None else expected.changes(judgements)
    if asked.output is not None:
        keep(asked.output / installed.release.slug, installed, found, protection)
    if asked.as_json:
        print_json({"resource_server": name, "profiles": [one.to_json() for one in found], "changes": changes,
                    "protection": protection, "installed": installed.lock.to_json()})
        return code(judgements, changes)
    for one in found:
        print_lines(lines(one))
    if expected is not None:
        print_lines([f"changed: {one}: {told}" for one, told in changes.items()] or ["all as expected"])
    print_lines([f"protection: {protection}"])
    return code(judgements, changes)
