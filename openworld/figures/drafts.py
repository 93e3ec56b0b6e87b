"""What each draft buys in each environment, as a figure."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from model.words import of_configuration, worded
from openworld.colours import INK
from openworld.figures.labels import even
from openworld.figures.verdicts import cell, key, named
from openworld.plotstyle import FILLS, style

#: Letters on a line of a draft's words: on a phone the first column of cells is beside them.
_WIDE = 34
#: How a cell looks, by what becomes of it, and what that is called: face, writing, hatch.
_LOOKS = {
    "fewer": ("#9CC7E0", INK, ""), "same": ("#f0f0f0", "#555555", ""), "more": ("#EDA27E", INK, ""),
    "gained": ("#22506e", "#ffffff", ""), "lost": FILLS["not_reached"], "useless": FILLS["not_in_this_world"],
}  # fmt: skip
_MEANT = {
    "fewer": "a → b  fewer attacks with it", "same": "a  as many with it", "more": "a → b  more attacks with it",
    "gained": "✗ → b  of use only with it", "lost": "a → ✗  of no use any more", "useless": "✗  of no use",
}  # fmt: skip


def bought(table: pd.DataFrame, title: str = "") -> Figure:
    """Drafts by environments: how many attacks there are before and after, and where honest parties do not get there.

    Args:
        table: ``draft``, ``source``, ``switches``, ``environment``, ``before``, ``after``, ``opened``, and as verdicts
            ``of_use_before`` and ``of_use_after``.
        title: what is asked.
    """
    drafts = table.drop_duplicates("draft")
    environments = list(dict.fromkeys(table["environment"]))
    with style():
        figure = Figure(figsize=(3.4 + 0.78 * len(environments), 2.0 + 0.42 * len(drafts)))
        axes = figure.add_subplot()
        used = set()
        for row in table.to_dict("records"):
            look, said = _cell(row)
            used.add(look)
            place = environments.index(row["environment"]), list(drafts["draft"]).index(row["draft"])
            cell(axes, place, _LOOKS[look], said, look not in ("same", "useless"), fontsize=9)
        named(
            axes,
            [even(of_configuration(text), _WIDE) for text in drafts["switches"]],
            list(drafts["source"]),
            [worded("deployment", each) for each in environments],
            environments,
        )
        key(axes, {words: _LOOKS[look] for look, words in _MEANT.items() if look in used}, environments)
        axes.set_title(title, loc="left", pad=14, weight="bold")
    return figure


def _cell(row: dict[Any, Any]) -> tuple[str, str]:
    """How a cell looks, and what stands in it."""
    first, second = (row[name] == "reached" for name in ("of_use_before", "of_use_after"))
    before, after = (f"{row[name]:.0f}" if of_use else "✗" for name, of_use in (("before", first), ("after", second)))
    if first != second:
        return ("gained" if second else "lost"), f"{before} → {after}"
    if not first:
        return "useless", "✗"
    if row["before"] == row["after"] and not row["opened"]:
        return "same", before
    return ("fewer" if row["after"] < row["before"] else "more"), f"{before} → {after}"
