"""Verdicts as cells of the page: how each looks, its sign, and it in words."""

from collections.abc import Mapping
from typing import Any

from openworld.colours import SIGNS
from properties.results import length, today

#: The results whose words are not their names.
_WORDS = {"not_in_this_world": "not in this world", "reached": "run exists", "not_reached": "no such run"}


def look(row: Mapping[str, Any]) -> str:
    """The answer of a row, which names how its cell looks; tables that older studies wrote are read as well."""
    return today(str(row["verdict"]), str(row["kind"]))


def signed(result: str, steps: float | None) -> tuple[str, str]:
    """A result as a sign and in words, of an attack with its length."""
    sign, word = SIGNS.get(result, "?"), _WORDS.get(result, result)
    if result == "attack" and steps:
        return f"{sign} {steps:.0f}", f"{word} in {length(float(steps))}"
    return sign, word


def cell(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a cell, with what it asks."""
    seen = look(row)
    sign, word = signed(seen, row["steps"])
    return {"look": seen, "sign": sign, "word": word, "property": row["property"], "asked": row["configuration"]}
