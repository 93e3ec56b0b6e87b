"""Funnels: where attempts end, from all of them down to those that succeed."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from openworld.colours import INK, PAPER
from openworld.figures import labels
from openworld.figures.rates import once
from openworld.plotstyle import style, titled

#: Arms beside each other; letters on a line above one, and beside its rows.
_BESIDE, _ABOVE, _ASIDE = 4, 23, 40
#: Refusals that are rarer than this in every arm are one row.
_RARE = 0.01
#: What rounds to a tenth of a per cent.
_TENTH = 0.0005
_OTHER = ("other", f"other refusals, each under {_RARE:.0%}")
#: How an ending looks: face, edge, hatch. Lightness and hatch tell them apart in print.
_LOOKS = {
    "refused": ("#E69F00", INK, ""),
    "blocked": ("#56B4E9", INK, "...."),
    "diverted": ("#8C2D04", INK, "////"),
    "gave_up": ("#F0E442", INK, "\\\\\\\\"),
    _OTHER[0]: ("#9a9a9a", INK, ""),
    "success": ("#22506e", INK, ""),
}
_LEFT = "#e6e6e6"


def funnel(table: pd.DataFrame, value: float, title: str = "") -> Figure:
    """How attempts end at one point of the sweep, arm beside arm.

    Args:
        table: rates, as experiments give them.
        value: the point of the sweep.
        title: what is asked.
    """
    shown = _rare_together(once(table[(table["value"] == value) & table["kind"].isin(list(_LOOKS))]))
    arms = list(dict.fromkeys(shown["arm"]))
    causes = _causes(shown)
    rows = max(1, math.ceil(len(arms) / _BESIDE))
    columns = max(1, math.ceil(len(arms) / rows))
    names = ["all attempts", *(labels.titled_outcome(*cause, _ASIDE) for cause in causes)]
    high = sum(0.2 + 0.17 * (name.count("\n") + 1) for name in names)
    above = 0.4 + 0.17 * max((labels.arm(arm, _ABOVE).count("\n") + 1 for arm in arms), default=1)
    with style():
        figure = Figure(figsize=(4.2 + 2.0 * columns, 0.4 + rows * (high + above)), layout="constrained")
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes in grid.flat[len(arms) :]:
            axes.set_visible(False)
        for place, (axes, arm) in enumerate(zip(grid.flat, arms, strict=False)):
            _arm(axes, shown[shown["arm"] == arm], causes)
            axes.set_title(labels.arm(arm, _ABOVE), loc="left", fontsize=8.5, weight="bold")
            if place == columns - 1:
                for at, (kind, outcome) in enumerate(causes, start=1):
                    if kind != _OTHER[0]:
                        labels.code(axes, outcome, (1, 1 - (at + 0.5) / len(names)), (2, 0), va="center")
        for axes in grid[:, 0]:
            axes.set_yticks(range(len(names)), names, fontsize=8.5)
            axes.set_ylim(len(names) - 0.5, -0.5)
        if meant := labels.explained(arms):
            figure.supxlabel(meant, x=0.01, ha="left", fontsize=8.5)
        titled(figure, title)
    return figure


def _rare_together(shown: pd.DataFrame) -> pd.DataFrame:
    """The same with refusals that are rare in every arm as one ending."""
    most = shown.groupby(["kind", "outcome"])["rate"].transform("max")
    rare = (most < _RARE) & shown["kind"].isin(("refused", "blocked", "gave_up"))
    if len(shown[rare].drop_duplicates(["kind", "outcome"])) < 2:
        return shown
    kind, outcome = _OTHER
    together = shown[rare].groupby("arm", sort=False, as_index=False).agg({"rate": "sum", "attempts": "first"})
    return pd.concat([shown[~rare], together.assign(kind=kind, outcome=outcome)])


def _causes(shown: pd.DataFrame) -> list[tuple[str, str]]:
    """The endings that occur, largest first within their kind, success last."""
    largest = shown.groupby(["kind", "outcome"])["rate"].max().reset_index().to_dict("records")
    found = [(str(row["kind"]), str(row["outcome"]), float(row["rate"])) for row in largest if row["rate"] > 0]
    order = list(_LOOKS)
    found.sort(key=lambda entry: (order.index(entry[0]), -entry[2], entry[1]))
    return [(kind, outcome) for kind, outcome, _ in found]


def _share(rate: float) -> str:
    """A share in per cent, as nothing only where it is none."""
    if not rate:
        return "0"
    return f"{rate:.1%}" if rate >= _TENTH else f"{100 * rate:.1g}%"


def _arm(axes: Axes, shown: pd.DataFrame, causes: list[tuple[str, str]]) -> None:
    rates = {(str(row["kind"]), str(row["outcome"])): float(row["rate"]) for row in shown.to_dict("records")}
    axes.barh(0, 1, color=_LEFT, height=0.72)
    attempts = int(shown["attempts"].iloc[0])
    axes.text(0.5, 0, f"{attempts:,}" if attempts else "all", ha="center", va="center", fontsize=8.5)
    left = 1.0
    for place, cause in enumerate(causes, start=1):
        rate = rates.get(cause, 0.0)
        face, edge, hatch = _LOOKS[cause[0]]
        start = 0.0 if cause[0] == "success" else left - rate
        axes.barh(place, left, color=_LEFT, height=0.72, zorder=1)
        axes.barh(
            place, rate, left=start, facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0.6, height=0.72, zorder=2
        )
        inside = rate > 0.3
        axes.text(
            start + rate / 2 if inside else min(start + rate + 0.02, 1.02),
            place,
            _share(rate),
            ha="center" if inside else "left",
            va="center",
            fontsize=8.5,
            zorder=4,
            color=PAPER if inside and face == "#22506e" else INK,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8} if inside and hatch else None,
        )
        left -= rate
    axes.set_xlim(0, 1.32)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
