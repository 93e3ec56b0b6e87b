"""Main effects and interactions of mechanisms as a figure."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from openworld.figures.rates import KINDS
from openworld.plotstyle import INK, SERIES, style, titled
from simulations.harms import THEFT

#: So many effects are shown, the simplest first.
_MOST = 15


def effects(table: pd.DataFrame, title: str = "") -> Figure:
    """What each mechanism changes alone and together with others, at the last point of the sweep, with intervals."""
    last = table[table["value"] == table["value"].max()]
    outcomes = _outcomes(last)
    order = last[["effect", "order"]].drop_duplicates().sort_values("order", kind="stable")["effect"].tolist()[:_MOST]
    with style():
        figure = Figure(figsize=(3.0 + 3.2 * len(outcomes), 1.6 + 0.28 * len(order)), layout="constrained")
        row = figure.subplots(1, len(outcomes), squeeze=False, sharey=True)[0]
        for axes, (kind, outcome) in zip(row, outcomes, strict=True):
            _panel(axes, last[(last["kind"] == kind) & (last["outcome"] == outcome)], order)
            axes.set_title(f"{KINDS.get(kind, kind)}:\n{outcome}", loc="left", fontsize=10)
        row[len(row) // 2].set_xlabel(f"change in the share of attempts, where {last['parameter'].iloc[0]} "
                                      f"is {last['value'].iloc[0]:g}")  # fmt: skip
        if title:
            titled(figure, title)
    return figure


def _outcomes(table: pd.DataFrame) -> list[tuple[str, str]]:
    """What works, of refusals the one that changes most, and thefts (where there are none, the harm that does)."""
    reach = table.assign(reach=table["difference"].abs(), theft=table["outcome"] == THEFT)
    reach = reach.sort_values(["theft", "reach"], ascending=False)
    chosen = [reach[reach["kind"] == kind].head(1) for kind in ("success", "refused", "harm")]
    return [(str(row["kind"]), str(row["outcome"])) for found in chosen for row in found.to_dict("records")]


def _panel(axes: Axes, table: pd.DataFrame, order: list[str]) -> None:
    shown = table.set_index("effect").reindex(order)
    color, _, marker = SERIES[2]
    places = list(range(len(order)))
    axes.hlines(places, shown["low"], shown["high"], color=color, linewidth=2)
    axes.plot(shown["difference"], places, color=color, marker=marker, linestyle="none", markersize=6)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(places, order)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
