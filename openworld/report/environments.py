"""What each design needs of others, as the pages show it: a cell for each design and property, and the assumptions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from model.model import Model, oauth
from openworld.report.verdicts import signed
from openworld.weakest import SAID, spoken
from properties.results import today

#: How a cell looks that depends on what others do: sign and class.
_WHATEVER_OTHERS_DO = {
    "always": ("✓", "safe"),
    "if": ("if", "some"),
    "not_in_this_world": ("–", "not_in_this_world"),
    "unknown": ("?", "unknown"),
}


def table(rows: Iterable[dict[str, Any]], model: Model = oauth()) -> list[dict[str, Any]]:
    """A line for each design, with a cell for each property."""
    lines: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = str(row["design"])
        line = lines.setdefault(name, {"design": name, "meaning": model.notes.get(name, ("", ""))[0], "cells": {}})
        line["cells"][str(row["property"])] = cell(row)
    return list(lines.values())


def cell(row: dict[str, Any]) -> dict[str, Any]:
    """What becomes of one property under one design, whatever others do or not."""
    kind, utility = str(row["kind"]), row["kind"] == "utility"
    as_it_is = signed(today(str(row["verdict"]), kind), row["steps"])
    products = signed(today(str(row["products"]), kind), row["products_steps"])
    sign, look = _WHATEVER_OTHERS_DO.get(str(row["whatever"]), (as_it_is[0], today(str(row["verdict"]), kind)))
    words = SAID[row["whatever"]][utility] if row["whatever"] in SAID else "undecided"
    # Sets of assumptions of which one is enough, or choices all of which have to be so.
    texts = map(str.strip, str(row["assumptions"]).split("&" if utility else "|"))
    sets = [(spoken(text), text) for text in texts if text]
    words += f" {'all' if utility else 'one'} of" if len(sets) > 1 else ""
    return {
        "code": row["code"],
        "property": row["property"],
        "sign": sign,
        "look": look,
        "word": f"{words}; with the kindest others {as_it_is[1]}, with those of products {products[1]}",
        "products": products[0] if products != as_it_is else "",
        "says": words,
        "sets": sets,
        "asked": row["configuration"],
    }
