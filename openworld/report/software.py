"""What real software did, as the page shows it: clients with what they fall for, servers, and pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from conformance.attacks import DEPLOYMENTS
from conformance.judge import OUTCOMES
from model.chart import chart
from openworld.report.reading import FoundSoftware, Study
from openworld.show import ending
from openworld.software_file import Kind
from properties.security import every_property


def told(study: Study, kind: Kind) -> list[dict[str, Any]]:
    """Every client: how its scenarios ended, how many the model told beforehand, and what it falls for. Every server:
    in each configuration what it comes to, and its answers side by side."""
    return [_TOLD[kind](one) for one in study.software if one.kind == kind]


def pairs(study: Study) -> list[dict[str, Any]]:
    """Every meeting of a client and a server, one for each configuration of the server."""
    return [
        {**meeting, "word": OUTCOMES.get(meeting["judgement"]["outcome"], meeting["judgement"]["outcome"])}
        for one in study.software
        if one.kind in ("pair", "triple")
        for meeting in one.data["meetings"]
    ]


def _resource_server(found: FoundSoftware) -> dict[str, Any]:
    profiles = found.data["profiles"]
    answers = [{row["scenario"].partition(".")[2]: row for row in profile["requests"]} for profile in profiles]
    about = {name: row["about"] for rows in answers for name, row in rows.items()}
    return {
        "id": f"software-{found.folder.name}",
        "name": found.data["resource_server"],
        "folder": found.where,
        "profiles": profiles,
        "columns": [profile["variant"] for profile in profiles],
        "lines": [
            (name, said, [_served(rows[name]) if name in rows else "" for rows in answers])
            for name, said in about.items()
        ],
    }


def _served(row: dict[str, Any]) -> str:
    """Whether a request was served, and against which rule."""
    word = {"A": "served", "x": "refused", "n": "not tested"}.get(row["outcome"], "not measured")
    return f"{word}, against {', '.join(row['attacks'])}" if row["attacks"] else word


def _client(found: FoundSoftware) -> dict[str, Any]:
    rows = found.data["scenarios"]
    ends = Counter(str(row["outcome"]) for row in rows)
    return {
        "id": f"software-{found.folder.name}",
        "name": found.data["client"],
        "folder": found.where,
        "ends": [(ends[letter], word) for letter, word in OUTCOMES.items() if ends[letter]],
        "shares": list(_shares(rows)),
        "design": found.data["design"],
        "design_is": found.data["design_is"],
        "decided_by": found.data["decided_by"],
        "rows": rows,
        "suite": found.data["suite"],
        "falls": [_fall(row, found) for row in rows if row["attacks"]],
    }


def _fall(row: dict[str, Any], found: FoundSoftware) -> dict[str, Any]:
    """What a client falls for, in words and as a chart where the solver found it."""
    trace = found.traces.get(row["scenario"])
    if trace is None:
        return {**row, "chart": None}
    # What a client does that is weaker than this one plays no part in what this one fell for.
    deployment = {name for each in DEPLOYMENTS for name in each}
    attacked = trace.configuration.design.changes()
    where = [f"{name}={value}" for name, value in attacked.items() if name in deployment]
    who = "; ".join(trace.configuration.model.capabilities[name] for name in sorted(trace.configuration.capabilities))
    about = who + (f", where {', '.join(where)}" if where else "")
    known = every_property(trace.configuration.model)
    drawn = chart(trace, ending(known[trace.shows]) if trace.shows in known else None)
    return {**row, "about": about, "chart": drawn}


def _shares(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """By source of scenarios: how many the model was asked about, and how many went as it says."""
    for source in dict.fromkeys(str(row["source"]) for row in rows):
        asked = [row["model"] for row in rows if row["source"] == source and row["model"] != "not asked"]
        played = sum(row["source"] == source for row in rows)
        yield {
            "source": source,
            "played": played,
            "asked": len(asked),
            "ends": sum(verdict != "other_end" for verdict in asked),
            "messages": sum(verdict == "predicted" for verdict in asked),
        }


def _server(found: FoundSoftware) -> dict[str, Any]:
    profiles = found.data["profiles"]
    questions = dict.fromkeys(name for profile in profiles for name in profile["answers"])
    return {
        "id": f"software-{found.folder.name}",
        "name": found.data["server"],
        "folder": found.where,
        "profiles": profiles,
        "lines": [(name, [profile["answers"].get(name, "") for profile in profiles]) for name in questions],
    }


_TOLD: dict[Kind, Callable[[FoundSoftware], dict[str, Any]]] = {
    "client": _client,
    "server": _server,
    "resource_server": _resource_server,
}
