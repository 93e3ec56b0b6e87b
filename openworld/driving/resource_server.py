"""``openworld conform --resource-server``: what a real resource server serves, on the command line and in files."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance import expected as expectations
from conformance.confinement import confine
from conformance.install import LOCK, Installed
from conformance.judge import Judgement
from conformance.probes import PROBES
from conformance.resource_profile import ResourceProfile, resource_profile
from conformance.results import csv_text
from conformance.served import explain
from deployed.servers import RESOURCE_SERVER
from model.store import keep, kept, named
from openworld.commands.common import tell
from openworld.driving.asked import DrivingOptions
from openworld.driving.ready import changes, chosen, code, resource_server
from openworld.files import as_json, write
from openworld.progress import Progress

_WORDS = {"A": "served", "x": "refused", "n": "not tested", "?": "not measured"}


def profiled(installed: Installed, asked: DrivingOptions, only: Collection[str]) -> list[dict[str, Any]]:
    """Every configuration of a resource server, explained; those that are in the folder are not asked again."""
    software, found = installed.release.software, []
    folder = None if asked.output is None else asked.output / installed.release.slug
    with Progress(str(installed.release), len(software.variants) * len(only)) as progress:
        for variant in software.variants:
            key = named(installed.identity, variant, sorted(only))
            one = None if folder is None else kept(folder / f"{variant}.json", key)
            if one is None or not all(judgement.measured for judgement in judgements(one)):
                seen = asyncio.run(
                    resource_profile(installed, variant, asked.limit, only.__contains__, progress.advance)
                )
                one = explain(seen, installed.release).to_json()
                if folder is not None:
                    _keep_recordings(folder, seen)
                    keep(folder / f"{variant}.json", key, one)
            found.append(one)
    return found


def judgements(found: Mapping[str, Any]) -> list[Judgement]:
    """How the requests were answered."""
    return [
        Judgement(
            one["scenario"],
            one["source"],
            one["outcome"],
            one["ended"],
            attacks=tuple(one["attacks"]),
            error=one["error"],
            facts=one["facts"],
        )
        for one in found["requests"]
    ]


def _keep_recordings(folder: Path, profile: ResourceProfile) -> None:
    for seen in profile.seen:
        if seen.recording is not None:
            name = f"{profile.variant}.{seen.probe.name}"
            write(folder / f"{name}.har", as_json(seen.recording.har(name)))
    title = f"{profile.variant}.form"
    write(folder / f"{title}.har", as_json(profile.recording.har(title)))


def _keep(folder: Path, installed: Installed, found: Sequence[Mapping[str, Any]]) -> None:
    """Write what was found: requests with their answers, and rows for the table of resource servers."""
    write(folder / LOCK, as_json(installed.lock.to_json()))
    requests = (row for one in found for row in _requests(one))
    columns = ("rs_name", "variant", "request", "about", "outcome", "said", "model")
    write(folder / "requests.csv", csv_text(columns, requests))
    names = ("rs_name", "product", "expressible", *RESOURCE_SERVER, "evidence", "reason")
    write(folder / "rs_classes.csv", csv_text(names, (_row(installed, one) for one in found)))


def _requests(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for row, judged in zip(found["requests"], judgements(found), strict=True):
        model = row["model"] if row["model"] != "not asked" else ""
        said = judged.error if judged.measured else judged.ended
        yield (found["rs_name"], found["variant"], row["request"], row["about"], _WORDS[judged.outcome], said, model)


def _name(found: Mapping[str, Any]) -> str:
    return f"{found['rs_name']} ({found['variant']})"


def _row(installed: Installed, found: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of ``deployed/data/rs_classes.csv``; nothing stands for what the requests leave open."""
    whole = not found["unexplained"] and bool(found["explained"])
    settings = [found["settings"][name] if whole else "" for name in RESOURCE_SERVER]
    left = "; ".join(found["unexplained"]) or ("" if whole else "nothing was measured")
    why = f"the model has no word for {left}" if left else f"explains {len(found['explained'])} requests"
    product = installed.release.software.known_as
    return (_name(found), product, "yes" if whole else "no", *settings, "measured", why)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What was seen of one configuration, and what the model makes of it."""
    yield _name(found)
    told, total = len(found["explained"]), len(found["explained"]) + len(found["unexplained"])
    switches = ";".join(f"{name}={value}" for name, value in found["design"].items())
    yield f"  {told} of {total} answers explained by {switches or 'a resource server at the baseline'}"
    for name, decided in found["decided_by"].items():
        whose = "  (the host's choice)" if name in found["host"] else ""
        yield f"    {name}={found['design'][name]}{whose}  {' '.join(decided)}"
    if found["open"]:
        yield f"  left open by these requests: {', '.join(found['open'])}"
    yield f"  in the population as: {', '.join(found['rows']) or 'no row'}"
    for row, judged in zip(found["requests"], judgements(found), strict=True):
        yield f"    {row['request']:<18}{_told(found, row, judged)}".rstrip()
    yield "  without a token"
    for name, said in found["form"].items():
        yield f"    {name}: {said}"
    yield f"    a client that checks everything, with what it says: {found['strict_client']}"


def _told(found: Mapping[str, Any], row: Mapping[str, Any], judged: Judgement) -> str:
    word = _WORDS[judged.outcome]
    if judged.outcome not in ("A", "x"):
        return f"{word:<14}{judged.error if judged.measured else judged.ended}"
    if row["request"] in found["unexplained"]:
        model = f"refused by {row['model']}" if row["model"] else "served"
        return f"{word:<14}{judged.error}  the model: {model}"
    if judged.attacks:
        return f"{word:<14}which {', '.join(judged.attacks)} refuses [{row['strictly']}]"
    return f"{word:<14}{judged.error}{'  ' if row['model'] else ''}{row['model']}"


def drive(server: str, asked: DrivingOptions) -> int:
    """Ask a resource server, and keep and tell what it serves."""
    only = chosen([probe.name for probe in PROBES], asked.scenarios, "request")
    installed = resource_server(server, asked)
    name = str(installed.release)
    expected = None if asked.expect is None else expectations.load(asked.expect, name)
    protection = confine(asked.required)
    found = profiled(installed, asked, only)
    judged = [judgement for one in found for judgement in judgements(one)]
    differing = changes(asked, name, judged, expected)
    if asked.output is not None:
        _keep(asked.output / installed.release.slug, installed, found)
    data = {"resource_server": name, "profiles": found, "changes": differing, "protection": protection}
    said = [line for one in found for line in lines(one)]
    if expected is not None:
        said += [f"changed: {one}: {told}" for one, told in differing.items()] or ["all as expected"]
    tell(asked.as_json, {**data, "installed": installed.lock.to_json()}, [*said, f"protection: {protection}"])
    return code(judged, differing)
