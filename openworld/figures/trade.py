"""What a draft buys and what it is bought with: one arrow a draft, from what it is compared with."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure

from openworld.colours import INK
from openworld.figures import labels
from openworld.figures.rates import TALL, Percent
from openworld.plotstyle import SERIES, ruled, style, titled
from simulations.quantities import THEFTS, WORKING, Measure
from simulations.results import LISTED


def trade(table: pd.DataFrame, title: str = "") -> Figure:
    """Honest flows that work against thefts for each accepted flow, with intervals; arms that coincide once.

    Args:
        table: quantities at one point of a sweep, as experiments give them.
        title: what is asked.
    """
    drawn = points(table)
    with style():
        figure = Figure(figsize=(7.2, 4.2 + 0.22 * len(drawn)), layout="constrained")
        axes = figure.subplots()
        start = next(iter(drawn[drawn["first"]].to_dict("records")), None)
        for place, row in enumerate(drawn.to_dict("records")):
            color, dash, marker = SERIES[place % len(SERIES)]
            here = (row["works"], row["thefts"])
            axes.errorbar(
                *here,
                xerr=[[here[0] - row["works_low"]], [row["works_high"] - here[0]]],
                yerr=[[here[1] - row["thefts_low"]], [row["thefts_high"] - here[1]]],
                color=color,
                linewidth=1,
                zorder=4,
            )
            axes.plot(
                *here,
                color=color,
                marker=marker,
                markersize=8,
                markerfacecolor="white" if place % 2 else color,
                linestyle="none",
                label=labels.arm(str(row["arms"])),
                zorder=5,
                clip_on=False,
            )
            if start is not None and not row["first"]:
                axes.annotate(
                    "",
                    xy=here,
                    xytext=(start["works"], start["thefts"]),
                    zorder=3,
                    annotation_clip=False,
                    arrowprops={
                        "arrowstyle": "-|>",
                        "color": color,
                        "linestyle": dash,
                        "linewidth": 1.3,
                        "shrinkA": 6,
                        "shrinkB": 6,
                    },
                )
        axes.set_xlabel("honest flows that work →")
        axes.set_ylabel("← thefts per accepted flow")
        tall = drawn["thefts"].max() * TALL or 0.01
        left, right = axes.get_xlim()
        axes.set_xlim(left if left < 0.99 else 0.9, 1.0 if drawn["works"].max() > 0.5 else right)
        axes.set_ylim(bottom=0, top=min(max(axes.get_ylim()[1], 0.01), tall))
        axes.xaxis.set_major_formatter(Percent())
        ruled(axes)
        axes.spines["bottom"].set_color(INK)
        titled(figure, title)
        figure.legend(
            loc="outside lower center",
            ncols=min(2, len(drawn)),
            handlelength=1.6,
            fontsize=9,
            title=labels.explained(drawn["arms"], *_nowhere(table, drawn)) or None,
            title_fontsize=8.5,
            alignment="left",
        )
    return figure


def _nowhere(table: pd.DataFrame, drawn: pd.DataFrame) -> Iterator[str]:
    """Of the arms that have no place in the figure, that they have none."""
    placed = {name for arms in drawn["arms"] for name in arms.split(LISTED)}
    for name in dict.fromkeys(table["arm"]):
        if name not in placed:
            yield labels.lines(f"no flow works under: {labels.arm(name, 999)}", 80)


def points(table: pd.DataFrame) -> pd.DataFrame:
    """The pair of each arm at the point, one row for all arms that coincide; ``first``: what others are compared with.

    Arms without an accepted flow have no place there.
    """
    names = table["alike"].where(table["alike"] != "", table["arm"])
    against = str(table.loc[table["against"] != "", "against"].iloc[0])
    rows = []
    for arms, group in table.groupby(names, sort=False):
        pair = (*_bounds(group, WORKING), *_bounds(group, THEFTS))
        if not any(map(math.isnan, pair)):
            rows.append((str(arms), against in str(arms).split(LISTED), *pair))
    columns = ["arms", "first", *(f"{name}{part}" for name in ("works", "thefts") for part in ("", "_low", "_high"))]
    return pd.DataFrame(rows, columns=columns)


def _bounds(told: pd.DataFrame, measure: Measure) -> tuple[float, float, float]:
    row = told[(told["quantity"] == measure.quantity) & (told["per"] == measure.per)].iloc[0]
    mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
    most = 1.0 if measure == WORKING else math.inf  # few replications have intervals that leave what can be
    return mean, max(0.0, min(mean, low)), min(most, max(mean, high))
