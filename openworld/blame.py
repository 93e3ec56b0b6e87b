"""Who is to blame for what breaks: what breaks with nobody dishonest is no attacker's doing, and counts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: The attacker of a study who is none.
NOBODY = "none"


def by_itself(rows: Iterable[Mapping[Any, Any]]) -> set[tuple[str, str]]:
    """Designs with the properties that are violated with nobody dishonest."""
    return {_cell(row) for row in rows if row["attacker"] == NOBODY and row["verdict"] == "attack"}


def blamed(rows: Iterable[Mapping[Any, Any]]) -> list[bool]:
    """Of each row of a table of verdicts, whether it is an attack, and not once more one that needs no attacker."""
    known = list(rows)
    alone = by_itself(known)
    return [
        row["kind"] == "security"
        and row["verdict"] == "attack"
        and (row["attacker"] == NOBODY or _cell(row) not in alone)
        for row in known
    ]


def _cell(row: Mapping[Any, Any]) -> tuple[str, str]:
    return str(row["design"]), str(row["property"])
