"""What is kept of real software in a folder, so that a report can show it: a file for each client, server and pair.

The recordings and judgements of single scenarios are beside it; they are the harness's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from conformance.judge import Judgement
from conformance.play import Play
from deployed.explanation import Explanation
from model.documents import DocumentError, Schema, from_json
from model.errors import InputError
from openworld.files import as_json, write

#: The file in the folder of one client, server or pair.
FILE = "software.json"
Kind = Literal["client", "server", "resource_server", "pair", "triple"]

_FLAG, _COUNT, _TEXT = {"type": "boolean"}, {"type": "integer"}, {"type": "string"}
_TEXTS, _NAMED = {"type": "array", "items": _TEXT}, {"type": "object", "additionalProperties": _TEXT}


def _object(**needed: Any) -> dict[str, Any]:
    return {"type": "object", "properties": needed, "required": list(needed)}


def _list(**needed: Any) -> dict[str, Any]:
    return {"type": "array", "items": _object(**needed)}


_MEETINGS = _list(
    client=_TEXT,
    server=_TEXT,
    variant=_TEXT,
    judgement=_object(outcome=_TEXT, error=_TEXT),
    remarks=_list(rule=_TEXT, holds=_FLAG, about=_TEXT),
)
#: What a report needs of each kind.
_NEEDED: dict[Kind, dict[str, Any]] = {
    "client": _object(
        client=_TEXT, design=_NAMED, design_is=_TEXT,
        decided_by={"type": "object", "additionalProperties": _TEXTS},
        scenarios=_list(
            scenario=_TEXT, source=_TEXT, about=_TEXT, outcome=_TEXT, ended=_TEXT, sent=_TEXTS, attacks=_TEXTS,
            error=_TEXT, model=_TEXT, remark=_TEXT, stopped_by=_TEXTS,
        ),
        suite=_list(scenario=_TEXT, passed=_COUNT, failed=_COUNT, counterpart=_TEXT, conforms=_FLAG, agrees=_FLAG),
    ),
    "server": _object(
        server=_TEXT,
        profiles=_list(variant=_TEXT, switches=_NAMED, answers=_NAMED, reason=_TEXT, population=_TEXTS),
    ),
    "resource_server": _object(
        resource_server=_TEXT,
        profiles=_list(
            variant=_TEXT, design=_NAMED, rows=_TEXTS, strict_client=_TEXT,
            requests=_list(scenario=_TEXT, about=_TEXT, outcome=_TEXT, attacks=_TEXTS, error=_TEXT),
        ),
    ),
    "pair": _object(client=_TEXT, server=_TEXT, meetings=_MEETINGS),
    "triple": _object(client=_TEXT, server=_TEXT, resource_server=_TEXT, meetings=_MEETINGS),
}  # fmt: skip
_SCHEMA = Schema(
    lambda: {
        **_object(kind={"title": "kind", "enum": list(_NEEDED)}),
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": needed}
            for kind, needed in _NEEDED.items()
        ],
    }
)


def needed(kind: Kind, part: str) -> dict[str, Any]:
    """The JSON Schema of what there are several of in a file of a kind."""
    found: dict[str, Any] = _NEEDED[kind]["properties"][part]["items"]
    return found


class KeptError(InputError):
    """A file that is not what :func:`keep` writes; the message says what is wrong with it."""


def keep_client(
    folder: Path,
    client: str,
    plays: Sequence[Play],
    judgements: Sequence[Judgement],
    explained: Explanation,
    stops: Mapping[str, Sequence[str]],
    suite: Sequence[Mapping[str, Any]],
    protection: str,
) -> None:
    """Keep a run of a client, beside what earlier runs of other scenarios found, and the traces of its attacks."""
    by_name = {play.name: play for play in plays}
    design = explained.design.changes()
    earlier = load(folder / FILE) if (folder / FILE).exists() else {}
    same = earlier.get("kind") == "client" and earlier.get("design") == design
    rows = {row["scenario"]: row for row in earlier.get("scenarios", ()) if same}
    for one in judgements:
        play, compared = by_name[one.scenario], explained.comparisons.get(one.scenario)
        rows[one.scenario] = {
            "scenario": one.scenario,
            "source": one.source,
            "about": play.about,
            "outcome": one.outcome,
            "ended": one.ended,
            "sent": list(map(str, one.sent)),
            "attacks": list(one.attacks),
            "error": one.error,
            "model": compared.verdict if compared else "not asked",
            "remark": explained.remark(one.scenario) if compared else "",
            "stopped_by": list(stops.get(one.scenario, ())),
        }
        if one.attacks and play.trace is not None:
            write(folder / f"{one.scenario}.trace.json", as_json(play.trace.to_json()))
    keep(
        folder,
        "client",
        {
            "client": client,
            "design": design,
            "design_is": explained.source,
            "decided_by": {name: list(by) for name, by in explained.decided_by.items()},
            "scenarios": list(rows.values()),
            "suite": list(suite) or (earlier.get("suite", []) if same else []),
            "protection": protection,
        },
    )


def keep(folder: Path, kind: Kind, data: Mapping[str, Any]) -> None:
    """Keep what was found of a client, a server or a pair."""
    write(folder / FILE, as_json({"kind": kind, **data}))


def load(path: Path) -> dict[str, Any]:
    """What was kept.

    Raises:
        KeptError: it is not what :func:`keep` writes.
    """
    try:
        found: dict[str, Any] = from_json(path.read_bytes())
        _SCHEMA.check(found)
    except DocumentError as error:
        raise KeptError(f"{path}: not what `openworld conform -o` writes: {error}") from None
    return found
