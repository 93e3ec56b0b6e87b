"""Deployed clients and mishaps as the page shows them: tables beside their figures."""

from __future__ import annotations

from typing import Any

from openworld.report.reading import Study
from openworld.report.verdicts import look, signed
from simulations.blast_radius import KINDS

#: The statistics of a mishap that the page shows.
MEASURES = (("resource_servers", "mean"), ("resource_servers", "max"), ("users", "mean"), ("users", "max"))


def clients(study: Study) -> dict[str, Any]:
    """The situations, and a line for each client with a cell for each of them."""
    situations = {str(row["situation"]) + str(row["code"]): row for row in study.clients}
    lines: dict[str, dict[str, Any]] = {}
    for row in study.clients:
        seen = look(row)
        sign, word = signed(seen, row["steps"])
        cells = lines.setdefault(str(row["client"]), {})
        cells[str(row["situation"]) + str(row["code"])] = {
            "look": seen,
            "sign": sign,
            "word": word,
            "property": row["property"],
            "asked": row["configuration"],
        }
    return {"situations": situations, "lines": lines}


def mishaps(study: Study) -> list[dict[str, Any]]:
    """Every kind with its numbers, by design."""
    found = []
    order = [*(kind for kind in KINDS if kind in study.mishaps), *(kind for kind in study.mishaps if kind not in KINDS)]
    for kind, table in ((kind, study.mishaps[kind]) for kind in order):
        cells = {(row["design"], row["measure"], row["statistic"]): row for row in table.to_dict("records")}
        lines = [
            (design, [_words(cells.get((design, *each))) for each in MEASURES])
            for design in dict.fromkeys(str(name) for name in table["design"])
        ]
        found.append(
            {
                "kind": kind,
                "meaning": KINDS[kind].meaning if kind in KINDS else kind.replace("_", " "),
                "lines": lines,
                "population": table["population"].iloc[0],
                "command": table["command"].iloc[0],
            }
        )
    return found


def _words(row: dict[Any, Any] | None) -> str:
    if row is None:
        return "–"
    bounds = f" ({row['low']:.1f} to {row['high']:.1f})" if row["low"] == row["low"] else ""  # NaN is not itself
    return f"{row['value']:.1f}{bounds}"
