"""The smallest study in which every stage has something to do and to write; run as a script, `openworld` with that."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

DESIGN, ATTACKER, CLIENT, EXPERIMENT, KIND = "gaps_closed", "none", "oauth4webapi-dpop", "echo", "token"
PROPERTIES = ("delegation_confinement", "first_contact")
FIGURES = ("attackers", "clients-verdicts", "echo-rates", "blast_radius-token")


def narrowed(few: Mapping[str, Collection[str]]) -> Callable[[Any, Any], list[str]]:
    """What takes the place of ``StudyPlan.taken``: of these kinds a quick study takes these, of others all."""
    return lambda plan, choice: [
        name
        for name in choice.every(plan.model)
        if plan.full or choice.name not in few or name.partition("==")[0] in few[choice.name]
    ]


def shrink(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let `openworld study` ask two properties, one client, one experiment and one mishap."""
    from openworld import exhibits
    from openworld.plan import StudyPlan
    from openworld.tables import blast_radius, clients, verdicts
    from properties.security import every_property
    from simulations import catalogue

    echo = catalogue.EXPERIMENTS[EXPERIMENT]
    few = {"designs": DESIGN, "attackers": ATTACKER, "clients": CLIENT, "properties": PROPERTIES[0], "mishaps": KIND}
    few |= {"drafts": "prefix", "environments": "plain", "against": "token_leak"}
    put(StudyPlan, "taken", narrowed({name: (one,) for name, one in few.items()}))
    asked = {name: every_property()[name] for name in PROPERTIES}
    put(verdicts, "every_property", lambda model: asked)
    put(blast_radius, "QUICK", {"scale": 0.01, "samples": 2, "replications": 2})
    put(clients, "SITUATIONS", clients.SITUATIONS[-2:])
    put(catalogue, "EXPERIMENTS", {EXPERIMENT: replace(echo, values=(echo.values[0], echo.values[-1]))})
    drawn = [replace(each, quick=True) for each in exhibits.catalogue().values() if each.name in FIGURES]
    put(exhibits, "of_study", lambda plan: drawn)


PAGES = ("report.html",)
#: What says how long something took: all that differs between two runs of the same command, by the files that have it.
DURATIONS = {
    "run.json": rb'"seconds": \{[^}]*\}',
    "junit.xml": rb'time="[\d.]+"',
    "summary.md": rb" \(\d+ known already\)",
    "cache/*/*.json": rb'"seconds": [\d.e-]+|"by": "\w+"',
}


def settled(folder: Path) -> dict[str, bytes]:
    """All files in a folder but the lock, without how long anything took."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != ".lock":
            content = path.read_bytes()
            for pattern in (pattern for name, pattern in DURATIONS.items() if path.match(name)):
                content = re.sub(pattern, b"", content)
            found[path.relative_to(folder).as_posix()] = content
    return found


def unfinished(name: str, found: bytes, whole: dict[str, bytes]) -> bool:
    """Whether a file of a study says that the study is not finished, or is a table as far as it had come."""
    if name == "run.json":
        return b'"finished": false' in found
    if name in PAGES:
        return b"Not finished" in found
    if name == "verdicts.json":
        rows = json.loads(found)
        return bool(rows == json.loads(whole[name])[: len(rows)])
    return name == "verdicts.csv" and whole[name].startswith(found) and found.endswith(b"\n")


def lacking(left: dict[str, bytes], whole: dict[str, bytes]) -> set[str]:
    """What a study lacks that says that it is finished: tables and figures by a page, the pages too by run.json."""
    lacks = {name for name in whole if left.get(name) != whole[name] and not name.startswith("earlier/")}
    if "run.json" not in lacks:
        return lacks
    return lacks - {"run.json", *PAGES} if any(page not in lacks for page in PAGES) else set()


if __name__ == "__main__":
    from openworld.cli import main

    shrink()
    main()
