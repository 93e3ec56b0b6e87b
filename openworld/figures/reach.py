"""How far one mishap reaches, as a figure."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from model.words import of_rule
from openworld.colours import FAINT, INK, PAPER
from openworld.figures import labels
from openworld.plotstyle import SERIES, ruled, style, titled

#: Between rules of which each stopped most.
OR = " or "
#: Letters in a line of what a row is called.
_WIDE = 34
#: What is counted, and how each panel is called.
_PANELS = {"resource_servers": "resource servers in reach", "users": "users in reach"}
#: Statistics over the targets of a topology: words, colour, marker, fill, and how far from the middle of the row.
_MARKS: dict[str, tuple[str, str, str, str, float]] = {
    "mean": ("the mean target", SERIES[2][0], "o", SERIES[2][0], -0.16),
    "max": ("the worst target of a topology", INK, "s", PAPER, 0.16),
}


def blast_radius(summary: pd.DataFrame, rules: pd.DataFrame, title: str = "") -> Figure:
    """What one mishap puts into an attacker's reach, by what protects.

    Args:
        summary: rows of statistics by ``design``, ``measure`` and ``statistic``, with ``value``, ``low`` and ``high``.
        rules: by ``design`` the ``rule`` that stopped a step, the one that did most first.
        title: what goes wrong.
    """
    summary, rules = _together(summary, rules)
    designs = list(dict.fromkeys(summary["design"]))
    with style():
        figure = Figure(figsize=(12.4, 1.7 + 0.42 * len(designs)), layout="constrained")
        panels = figure.subplots(1, len(_PANELS), sharey=True)
        for axes, (measure, words) in zip(panels, _PANELS.items(), strict=True):
            _panel(axes, summary[summary["measure"] == measure], designs)
            axes.set_title(words, loc="left", fontsize=10)
        panels[0].set_yticks(range(len(designs)), [labels.arm(design, _WIDE) for design in designs])
        panels[0].set_ylim(len(designs) - 0.5, -0.5)
        _stopped(panels[-1], rules, designs)
        handles = [
            Line2D([], [], color=color, marker=marker, markerfacecolor=fill, label=words, markersize=7)
            for words, color, marker, fill, _ in _MARKS.values()
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), fontsize=9)
        titled(figure, title)
    return figure


def _together(summary: pd.DataFrame, rules: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Designs that leave as much in reach at every target as one, with what stops most under each of them."""
    named = dict(zip(summary["design"], summary["alike"].where(summary["alike"] != "", summary["design"]), strict=True))
    drawn = summary.assign(design=summary["design"].map(named))
    first = rules.drop_duplicates("design")
    first = first.assign(design=first["design"].map(named)).drop_duplicates(["design", "rule"])
    rule = first.groupby("design", sort=False)["rule"].agg(OR.join).reset_index()
    return drawn.drop_duplicates(["design", "measure", "statistic"]), rule


def _panel(axes: Axes, table: pd.DataFrame, designs: list[str]) -> None:
    for place in range(0, len(designs), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="#f3f3f3", zorder=0)
    for statistic, (_, color, marker, fill, aside) in _MARKS.items():
        shown = table[table["statistic"] == statistic].set_index("design").reindex(designs)
        rows = [place + aside for place in range(len(designs))]
        axes.hlines(rows, shown["low"], shown["high"], color=color, linewidth=1.6, zorder=2)
        axes.plot(
            shown["value"],
            rows,
            color=color,
            marker=marker,
            markerfacecolor=fill,
            linestyle="none",
            markersize=6.5,
            markeredgewidth=1.3,
            zorder=3,
            clip_on=False,
        )
    # Room for marks at nought, so that they do not stand on the names.
    axes.set_xlim(left=-0.03 * max(1.0, axes.get_xlim()[1]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    axes.tick_params(axis="y", length=0)
    ruled(axes, "x")


def _stopped(axes: Axes, rules: pd.DataFrame, designs: list[str]) -> None:
    """Beside the last panel: the rule that stopped most steps under each design."""
    first = rules.set_index("design")["rule"]
    for place, design in enumerate(designs):
        names = str(first.get(design, "nothing")).split(OR)
        said = labels.lines(OR.join(map(of_rule, names)), 56)
        axes.annotate(
            said,
            (1, place),
            (14, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=8,
            annotation_clip=False,
            linespacing=1.0,
            color=INK if design in first.index else "#777777",
        )
    axes.annotate(
        "stopped most often by",
        (1, 1),
        (14, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=10,
        annotation_clip=False,
    )
    axes.spines["right"].set(visible=True, color=FAINT)
