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
from properties.results import Count, happens

#: Letters on a line of a draft's words: on a phone the first column of cells is beside them.
_WIDE = 34
#: How a cell looks, by what becomes of it, and what that is called: face, writing, hatch.
_LOOKS = {
    "fewer": ("#9CC7E0", INK, ""), "same": ("#f0f0f0", "#555555", ""), "more": ("#EDA27E", INK, ""),
    "gained": ("#22506e", "#ffffff", ""), "lost": FILLS["not_reached"], "useless": FILLS["not_in_this_world"],
    "undecided": FILLS["unknown"],
}  # fmt: skip
_MEANT = {
    "fewer": "a → b  fewer attacks with it", "same": "a  as many with it", "more": "a → b  more attacks with it",
    "gained": "✗ → b  of use only with it", "lost": "a → ✗  of no use any more", "useless": "✗  of no use",
    "undecided": "?  not decided in the time given",
}  # fmt: skip


def bought(table: pd.DataFrame, title: str = "") -> Figure:
    """Drafts by environments: how many attacks there are before and after, and where honest parties do not get there.

    Args:
        table: ``draft``, ``source``, ``switches``, ``environment``, ``before``, ``after``, ``stopped``, ``opened`` as
            far as sure, ``undecided``, and as verdicts ``of_use_before`` and ``of_use_after``.
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
    use = [row[name] for name in ("of_use_before", "of_use_after")]
    first, second = (happens(each, unknown=False) for each in use)
    undecided = int(row["undecided"])
    before, after = (
        str(Count(int(row[name]), undecided)) if of_use else "?" if known == "unknown" else "✗"
        for name, of_use, known in zip(("before", "after"), (first, second), use, strict=True)
    )
    both = before if before == after else f"{before} → {after}"
    if "unknown" in use:
        return "undecided", both
    if first != second:
        return ("gained" if second else "lost"), both
    if not first:
        return "useless", both
    stopped, opened = (Count(int(row[name]), undecided) for name in ("stopped", "opened"))
    if opened.most < stopped.least:
        return "fewer", both
    if not (stopped.most or opened.most):
        return "same", both
    # One that is opened is more than before, however many are stopped elsewhere, unless those are more.
    return ("more" if opened.least and opened.least >= stopped.most else "undecided"), (
        f"{before} → {after}" if opened.least else both
    )
