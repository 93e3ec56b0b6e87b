"""Where deployed clients ended, scenario by scenario, as a figure."""

from __future__ import annotations

import textwrap
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from openworld.colours import FAINT, INK
from openworld.plotstyle import FILLS, bare, style, titled

#: The code went to another party than the one that issued it, wherever the client ended.
_LOST = "the code was sent to another party"
#: How an end looks: face, writing, mark. They differ in lightness and in their marks.
_LOOKS = {
    "accepted": (FILLS["safe"][0], FILLS["safe"][1], "✓"),
    "refused at discovery": ("#fbe3c0", INK, "d"),
    "refused at the response": ("#f2c078", INK, "a"),
    "refused at the token": ("#d99a3d", INK, "t"),
    "failed at the resource": ("#9a9a9a", INK, "x"),
    _LOST: (*FILLS["attack"][:2], "✗"),
}
#: So many scenarios stand below each other; more stand in two columns.
_FEW = 12
#: So many characters of what is special about a scenario go on a line.
_ABOUT = 60


def client_ends(table: pd.DataFrame, title: str = "") -> Figure:
    """Scenarios by clients, each with where the client ended; blank where that was not tried.

    Args:
        table: ``scenario``, ``about``, ``client``, ``end`` and ``misdelivered``.
        title: what is shown.
    """
    clients = sorted(set(table["client"]))
    scenarios = table[["scenario", "about"]].drop_duplicates().to_records(index=False).tolist()
    parts = 1 if len(scenarios) <= _FEW else 2
    rows = (len(scenarios) + parts - 1) // parts
    with style():
        wide = parts * (2.6 + 0.27 * (len(clients) + 12))
        figure = Figure(figsize=(wide, 2.2 + 0.265 * rows), layout="constrained")
        for part, axes in enumerate(figure.subplots(1, parts, squeeze=False)[0]):
            _panel(axes, table, scenarios[part * rows : (part + 1) * rows], clients, rows)
        _key(figure, table)
        titled(figure, title)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, scenarios: list[tuple[str, str]], clients: list[str], rows: int) -> None:
    names = [name for name, _ in scenarios]
    shown = table[table["scenario"].isin(names)]
    looked = shown["end"].where(~shown["misdelivered"], _LOST)
    for end, cells in shown.groupby(looked):
        face, writing, mark = _LOOKS[str(end)]
        xs, ys = cells["client"].map(clients.index), cells["scenario"].map(names.index)
        squares = [Rectangle(corner, 1, 1) for corner in zip(xs, ys, strict=True)]
        axes.add_collection(PatchCollection(squares, facecolor=face, edgecolor="white", linewidth=1.2))
        sign, size = _sign(mark)
        axes.plot(
            xs + 0.5,
            ys + 0.5,
            marker=sign,
            color=writing,
            linestyle="none",
            markersize=size,
            markeredgewidth=0,
            label=str(end),
        )
    axes.set(xlim=(0, len(clients)), ylim=(rows, 0))
    axes.set_yticks([place + 0.5 for place in range(len(names))], names, fontsize=8)
    for place, (_, about) in enumerate(scenarios):
        axes.annotate(
            textwrap.fill(about, _ABOUT),
            (0, place + 0.5),
            (-32, 0),
            xycoords="data",
            ha="right",
            textcoords="offset points",
            va="center",
            fontsize=7.2,
            linespacing=0.95,
            annotation_clip=False,
        )
    axes.set_xticks([place + 0.5 for place in range(len(clients))], clients, fontsize=8)
    axes.xaxis.tick_top()
    for label in axes.get_xticklabels():
        label.set(rotation=55, ha="left", rotation_mode="anchor")
    axes.tick_params(pad=3)
    bare(axes)


@cache
def _sign(mark: str) -> tuple[Path, float]:
    """A character as a marker and its size: hundreds of them are drawn at once, where texts would take seconds."""
    drawn = TextPath((0, 0), mark, size=8, prop=FontProperties(family="DejaVu Sans"))
    middle = (drawn.vertices.max(axis=0) + drawn.vertices.min(axis=0)) / 2
    outline = Path(drawn.vertices - middle, drawn.codes)
    # A marker's outline is stretched to its size.
    return outline, 2 * float(np.abs(outline.vertices).max())


def _key(figure: Figure, table: pd.DataFrame) -> None:
    used = {*table["end"], *([_LOST] if table["misdelivered"].any() else [])}
    handles = [
        Patch(facecolor=face, edgecolor=FAINT, label=f"{mark}  {end}")
        for end, (face, _, mark) in _LOOKS.items()
        if end in used
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), fontsize=9, handlelength=1.2)
