"""Who is to blame for what breaks: what breaks with nobody dishonest is no attacker's doing, and counts once."""

from collections.abc import Iterable, Mapping
from typing import Any

from properties.results import happens

#: The attacker of a study who is none.
NOBODY = "none"


def by_itself(rows: Iterable[Mapping[Any, Any]], unknown: bool = False) -> set[tuple[str, str]]:
    """Designs with the properties that are violated with nobody dishonest; ``unknown``: or perhaps are."""
    return {_cell(row) for row in rows if row["attacker"] == NOBODY and _violated(row, unknown)}


def blamed(rows: Iterable[Mapping[Any, Any]]) -> list[bool | None]:
    """Of each row of a table of verdicts, whether it is an attack, and not once more one that needs no attacker.

    ``None`` where that is not known, of the one or of the other.
    """
    known = list(rows)
    alone, perhaps = by_itself(known), by_itself(known, unknown=True)
    decided: list[bool | None] = []
    for row in known:
        nobody = row["attacker"] == NOBODY
        surely = _violated(row, unknown=False) and (nobody or _cell(row) not in perhaps)
        possibly = _violated(row, unknown=True) and (nobody or _cell(row) not in alone)
        decided.append(surely if surely == possibly else None)
    return decided


def _violated(row: Mapping[Any, Any], unknown: bool) -> bool:
    return row["kind"] == "security" and happens(row["verdict"], unknown)


def _cell(row: Mapping[Any, Any]) -> tuple[str, str]:
    return str(row["design"]), str(row["property"])
