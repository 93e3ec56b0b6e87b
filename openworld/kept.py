"""What is kept of real software in a folder, so that a report can show it: a file for each client, server and pair.

The recordings and judgements of single scenarios are beside it; they are the harness's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from openworld.files import as_json, write

if TYPE_CHECKING:
    from conformance.judge import Judgement
    from conformance.play import Play
    from openworld.reality import Explanation

#: The file in the folder of one client, server or pair.
FILE = "software.json"
Kind = Literal["client", "server", "pair"]

#: What is kept of each kind.
PARTS: dict[str, frozenset[str]] = {
    "client": frozenset({"client", "design", "design_is", "decided_by", "scenarios", "suite"}),
    "server": frozenset({"server", "profiles"}),
    "pair": frozenset({"client", "server", "meetings"}),
}


def keep_client(
    folder: Path, client: str, plays: Sequence[Play], judgements: Sequence[Judgement], explained: Explanation,
    stops: Mapping[str, Sequence[str]], suite: Sequence[Mapping[str, Any]], protection: str,
) -> None:  # fmt: skip
    """Keep a run of a client, beside what earlier runs of other scenarios found, and the traces of its attacks."""
    by_name = {play.name: play for play in plays}
    design = explained.design.changes()
    earlier = load(folder / FILE) if (folder / FILE).exists() else {}
    same = earlier.get("kind") == "client" and earlier.get("design") == design
    rows = {row["scenario"]: row for row in earlier.get("scenarios", ()) if same}
    for one in judgements:
        play, compared = by_name[one.scenario], explained.comparisons.get(one.scenario)
        rows[one.scenario] = {
            "scenario": one.scenario, "source": one.source, "about": play.about, "outcome": one.outcome,
            "ended": one.ended, "sent": list(map(str, one.sent)), "attacks": list(one.attacks), "error": one.error,
            "model": compared.verdict if compared else "not asked",
            "remark": explained.remark(one.scenario) if compared else "",
            "stopped_by": list(stops.get(one.scenario, ())),
        }  # fmt: skip
        if one.attacks and play.trace is not None:
            write(folder / f"{one.scenario}.trace.json", as_json(play.trace.to_json()))
    keep(folder, "client", {
        "client": client, "design": design, "design_is": explained.source,
        "decided_by": {name: list(by) for name, by in explained.decided_by.items()},
        "scenarios": list(rows.values()), "suite": list(suite) or (earlier.get("suite", []) if same else []),
        "protection": protection,
    })  # fmt: skip


def keep(folder: Path, kind: Kind, data: Mapping[str, Any]) -> None:
    """Keep what was found of a client, a server or a pair."""
    write(folder / FILE, as_json({"kind": kind, **data}))


def load(path: Path) -> dict[str, Any]:
    """What was kept.

    Raises:
        ValueError: it is not what :func:`keep` writes.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind not in PARTS or not data.keys() >= PARTS[kind]:
        raise ValueError("not what `openworld conform -o` writes")
    found: dict[str, Any] = data
    return found
