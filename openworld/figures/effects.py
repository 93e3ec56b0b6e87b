"""Main effects and interactions of mechanisms as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from openworld.colours import INK
from openworld.figures import labels
from openworld.figures.rates import Percent
from openworld.plotstyle import SERIES, ruled, style, titled
from simulations.harms import THEFT

#: So many effects are shown, the simplest first.
_MOST = 15


def effects(table: pd.DataFrame, title: str = "", meant: Mapping[str, str] = MappingProxyType({})) -> Figure:
    """What each mechanism changes alone and together with others, at the last point of the sweep, with intervals.

    ``meant``: what each mechanism sets, in words.
    """
    last = table[table["value"] == table["value"].max()]
    outcomes = _outcomes(last)
    order = last[["effect", "order"]].drop_duplicates().sort_values("order", kind="stable")["effect"].tolist()[:_MOST]
    with style():
        figure = Figure(figsize=(4.2 + 2.9 * len(outcomes), 2.0 + 0.3 * len(order)), layout="constrained")
        row = figure.subplots(1, len(outcomes), squeeze=False, sharey=True)[0]
        for axes, (kind, outcome) in zip(row, outcomes, strict=True):
            shown = last[(last["kind"] == kind) & (last["outcome"] == outcome)].set_index("effect").reindex(order)
            _panel(axes, [f"{each}: {meant[each]}" if each in meant else each for each in order], shown)
            axes.set_title(labels.titled_outcome(kind, outcome, 32), loc="left", fontsize=9.5, pad=13)
            labels.code(axes, outcome, (0, 1), (0, 4))
        row[len(row) // 2].set_xlabel(
            f"change in percentage points, where {last['parameter'].iloc[0]} is {last['value'].iloc[0]:g}"
        )
        if title:
            titled(figure, title)
    return figure


def _outcomes(table: pd.DataFrame) -> list[tuple[str, str]]:
    """What works, of refusals the one that changes most, and thefts (where there are none, the harm that does)."""
    reach = table.assign(reach=table["difference"].abs(), theft=table["outcome"] == THEFT)
    reach = reach.sort_values(["theft", "reach"], ascending=False)
    chosen = [reach[reach["kind"] == kind].head(1) for kind in ("success", "refused", "harm")]
    return [(str(row["kind"]), str(row["outcome"])) for found in chosen for row in found.to_dict("records")]


def _panel(axes: Axes, names: list[str], shown: pd.DataFrame) -> None:
    color, _, marker = SERIES[2]
    places = list(range(len(names)))
    axes.hlines(places, shown["low"], shown["high"], color=color, linewidth=2)
    axes.plot(shown["difference"], places, color=color, marker=marker, linestyle="none", markersize=6)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(places, names, fontsize=8.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    ruled(axes, "x")
    axes.xaxis.set_major_formatter(Percent())
