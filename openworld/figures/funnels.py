"""Funnels: where attempts end, from all of them down to those that succeed."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from openworld.figures.rates import listed, once
from openworld.plotstyle import INK, PAPER, style, titled

#: How an ending looks: face, edge, hatch, and what it is called. Lightness and hatch tell them apart in print.
_LOOKS = {
    "refused": ("#E69F00", INK, "", "honest flow refused"),
    "blocked": ("#56B4E9", INK, "....", "attack refused"),
    "diverted": ("#8C2D04", INK, "////", "dealt with the attacker"),
    "gave_up": ("#F0E442", INK, "\\\\\\\\", "gave up"),
    "success": ("#22506e", INK, "", "success"),
}
_LEFT = "#e6e6e6"


def funnel(table: pd.DataFrame, value: float, title: str = "") -> Figure:
    """How attempts end at one point of the sweep, arm beside arm.

    Args:
        table: rates, as experiments give them.
        value: the point of the sweep.
        title: what is asked.
    """
    shown = once(table[(table["value"] == value) & table["kind"].isin(list(_LOOKS))])
    arms = list(dict.fromkeys(shown["arm"]))
    causes = _causes(shown)
    with style():
        figure = Figure(figsize=(3.0 + 2.4 * len(arms), 0.8 + 0.42 * (len(causes) + 1)), layout="constrained")
        grid = figure.subplots(1, max(1, len(arms)), sharey=True, squeeze=False)[0]
        for axes, arm in zip(grid, arms, strict=False):
            _arm(axes, shown[shown["arm"] == arm], causes)
            axes.set_title(listed(arm).replace(";", ";\n"), loc="left", fontsize=10, weight="bold")
        names = ["all attempts", *(f"{name}\n({_LOOKS[kind][3]})" for kind, name in causes)]
        grid[0].set_yticks(range(len(names)), names, fontsize=9)
        grid[0].set_ylim(len(names) - 0.5, -0.5)
        titled(figure, title)
    return figure


def _causes(shown: pd.DataFrame) -> list[tuple[str, str]]:
    """The endings that occur, largest first within their kind, success last."""
    largest = shown.groupby(["kind", "outcome"])["rate"].max().reset_index().to_dict("records")
    found = [(str(row["kind"]), str(row["outcome"]), float(row["rate"])) for row in largest if row["rate"] > 0]
    order = list(_LOOKS)
    found.sort(key=lambda entry: (order.index(entry[0]), -entry[2], entry[1]))
    return [(kind, outcome) for kind, outcome, _ in found]


def _arm(axes: Axes, shown: pd.DataFrame, causes: list[tuple[str, str]]) -> None:
    rates = {(str(row["kind"]), str(row["outcome"])): float(row["rate"]) for row in shown.to_dict("records")}
    axes.barh(0, 1, color=_LEFT, height=0.72)
    axes.text(0.5, 0, f"{shown['attempts'].iloc[0]:,}", ha="center", va="center", fontsize=8.5)
    left = 1.0
    for place, cause in enumerate(causes, start=1):
        rate = rates.get(cause, 0.0)
        face, edge, hatch, _ = _LOOKS[cause[0]]
        start = 0.0 if cause[0] == "success" else left - rate
        axes.barh(place, left, color=_LEFT, height=0.72, zorder=1)
        axes.barh(place, rate, left=start, facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0.6, height=0.72,
                  zorder=2)  # fmt: skip
        inside = rate > 0.3
        axes.text(
            start + rate / 2 if inside else min(start + rate + 0.02, 1.02), place, f"{rate:.1%}",
            ha="center" if inside else "left", va="center", fontsize=8.5, zorder=4,
            color=PAPER if inside and face == "#22506e" else INK,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8} if inside and hatch else None,
        )  # fmt: skip
        left -= rate
    axes.set_xlim(0, 1.16)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
