"""Sets of mechanisms as figures: the lattice they lie in, what they have in common, and what they cost.

All take one table, a row for each minimal set that suffices: its ``mechanisms`` and the deployments it is
``usable_in``, both separated by spaces.
"""

from __future__ import annotations

import textwrap
from itertools import combinations
from string import ascii_uppercase
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from model.words import worded
from openworld.colours import FAINT, INK, PAPER
from openworld.figures import labels
from openworld.plotstyle import FILLS, bare, style, titled

Mechanisms = frozenset[str]

#: Up to so many mechanisms the whole lattice is drawn, beyond that what the minimal sets generate.
_WHOLE = 5
_MOST_SETS = 40
#: Up to so many mechanisms a node is named by their letters, beyond that by its number in the set plot.
_NAMED = 8
_NUMBERS = {"1, 2, …": "sets as numbered\nin the set plot"}


def _minimal(table: pd.DataFrame) -> list[Mechanisms]:
    return [frozenset(str(words).split()) for words in table["mechanisms"]]


def _letters(minimal: list[Mechanisms]) -> dict[str, str]:
    """A letter for each mechanism that some set needs, the commonest first."""
    names = sorted(frozenset().union(*minimal), key=lambda name: (-sum(name in each for each in minimal), name))
    letters = [*ascii_uppercase, *(a + b for a in ascii_uppercase for b in ascii_uppercase)]
    return dict(zip(names, letters, strict=False))


# --- Hasse -------------------------------------------------------------------------------------------------


def lattice_nodes(table: pd.DataFrame) -> pd.DataFrame:
    """The sets that a Hasse diagram shows: ``mechanisms``, ``size``, whether ``sufficient`` and whether ``minimal``."""
    minimal = _minimal(table)
    relevant = sorted(frozenset().union(*minimal))
    if len(relevant) <= _WHOLE:
        shown = {frozenset(part) for size in range(len(relevant) + 1) for part in combinations(relevant, size)}
    else:
        shown = {frozenset(), *minimal, *(one | other for one, other in combinations(minimal, 2)), frozenset(relevant)}
        if len(shown) > 2 * _MOST_SETS:
            shown = {frozenset(), *minimal, frozenset(relevant)}
    rows = [
        {
            "mechanisms": " ".join(sorted(each)),
            "size": len(each),
            "sufficient": any(one <= each for one in minimal),
            "minimal": each in minimal,
        }
        for each in sorted(shown, key=lambda each: (len(each), sorted(each)))
    ]
    return pd.DataFrame(rows)


def hasse(table: pd.DataFrame, title: str = "") -> Figure:
    """Sets of mechanisms by inclusion: which suffice, and which of those are minimal."""
    families = _minimal(table)
    letters = _letters(families)
    named = len(letters) <= _NAMED
    nodes = lattice_nodes(table)
    sets_ = [frozenset(words.split()) for words in nodes["mechanisms"]]
    levels = {size: [each for each in sets_ if len(each) == size] for size in sorted({len(each) for each in sets_})}
    widest = max(4, *map(len, levels.values()))
    places = {
        each: ((at - (len(level) - 1) / 2) * (widest / max(len(level), widest * 0.55)), float(row))
        for row, level in enumerate(levels.values())
        for at, each in enumerate(level)
    }
    with style():
        figure = Figure(figsize=(max(9.0, 3.4 + 0.86 * widest), 1.6 + 0.8 * len(levels)), layout="constrained")
        axes = figure.add_subplot()
        _covers(axes, sets_, places, {each for each, enough in zip(sets_, nodes["sufficient"], strict=True) if enough})
        for each, sufficient, minimal in zip(sets_, nodes["sufficient"], nodes["minimal"], strict=True):
            words = "".join(sorted(letters[name] for name in each)) or "∅"
            if not named and each:
                words = str(families.index(each) + 1) if minimal else f"all {len(each)}"
            _node(axes, places[each], words, sufficient, minimal)
        axes.set_yticks(range(len(levels)), [f"{size} mechanism{'' if size == 1 else 's'}" for size in levels])
        axes.set_xticks([])
        bare(axes)
        axes.set_xlim(-widest / 2 - 0.4, widest / 2 + 0.4)
        axes.margins(y=0.1)
        _key(figure, {letter: worded("mechanism", name) for name, letter in letters.items()} if named else _NUMBERS)
        titled(figure, title)
        _key_below(axes)
    return figure


def _covers(
    axes: Axes, shown: list[Mechanisms], places: dict[Mechanisms, tuple[float, float]], enough: set[Mechanisms]
) -> None:
    """A line from each set to those that cover it; thick where the larger one suffices and the smaller does not."""
    for small in shown:
        above = [large for large in shown if small < large]
        for large in above:
            if any(small < between < large for between in above):
                continue
            (x, y), (to_x, to_y) = places[small], places[large]
            crossing = large in enough and small not in enough
            color, width = (INK, 1.3) if crossing else (FAINT, 0.7)
            axes.plot([x, to_x], [y, to_y], color=color, linewidth=width, zorder=1)


def _look(sufficient: bool, minimal: bool) -> dict[str, Any]:
    """How the name of a set is written, and the box around it."""
    box: dict[str, object] = {"facecolor": PAPER, "edgecolor": "#8a8a8a", "linewidth": 0.8, "linestyle": (0, (2, 2))}
    if sufficient:
        box = {"facecolor": FILLS["safe"][0], "edgecolor": "#22506e", "linewidth": 1.0}
    if minimal:
        box = {"facecolor": "#22506e", "edgecolor": INK, "linewidth": 2.0}
    return {
        "ha": "center",
        "va": "center",
        "fontsize": 8.5,
        "color": PAPER if minimal else INK,
        "weight": "bold" if minimal else "normal",
        "bbox": {"boxstyle": "round,pad=0.35", **box},
    }


def _node(axes: Axes, place: tuple[float, float], words: str, sufficient: bool, minimal: bool) -> None:
    axes.text(*place, words, zorder=3, **_look(sufficient, minimal))
    axes.plot(*place, alpha=0)


def _key_below(axes: Axes) -> None:
    """How sets and lines look, by what that means."""
    line = {"ha": "center", "va": "center", "color": INK, "fontsize": 16}
    for start, sign, look, words in (
        (0, "AB", _look(True, True), "suffices, nothing less does"),
        (190, "AB", _look(True, False), "suffices"),
        (290, "AB", _look(False, False), "does not suffice"),
        (425, "—", line, "one mechanism decides"),
    ):
        said = {"va": "center", "fontsize": 9}
        for aside, text, how in ((14, sign, look), (32, words, said)):
            axes.annotate(
                text,
                (0, 0),
                xycoords="axes fraction",
                xytext=(start + aside, -14),
                textcoords="offset points",
                annotation_clip=False,
                **how,
            )


def _key(figure: Figure, meanings: dict[str, str]) -> None:
    """What the letters mean, beside the drawing."""
    handles = [Line2D([], [], linestyle="none", label=f"{sign}  {meaning}") for sign, meaning in meanings.items()]
    figure.legend(handles=handles, loc="outside right center", handlelength=0, handletextpad=0, fontsize=9)


# --- what the sets have in common --------------------------------------------------------------------------


def sets(table: pd.DataFrame, title: str = "") -> Figure:
    """Minimal sets as columns, mechanisms as rows; above, in how many deployments each set is usable.

    At most forty sets are shown, the smallest ones.
    """
    minimal = _minimal(table)[:_MOST_SETS]
    usable = [len(str(words).split()) for words in table["usable_in"]][:_MOST_SETS]
    rows = list(_letters(minimal))
    with style():
        width, height = 3.6 + 0.3 * len(minimal), 2.4 + 0.27 * len(rows)
        figure = Figure(figsize=(max(6.0, width), height), layout="constrained")
        top, dots = figure.subplots(2, 1, sharex=True, height_ratios=[1.0, 0.27 * len(rows) + 0.3])
        top.bar(range(len(minimal)), usable, color="#22506e", width=min(0.66, 0.08 * len(minimal)))
        for at, count in enumerate(usable):
            top.text(at, count, str(count), ha="center", va="bottom", fontsize=8)
        top.set_ylabel("deployments\nusable in", fontsize=8.5)
        top.set_yticks([])
        top.spines["left"].set_visible(False)
        top.tick_params(axis="x", length=0)
        for y in range(0, len(rows), 2):
            dots.axhspan(y - 0.5, y + 0.5, color="#f3f3f3", zorder=0)
        for at, each in enumerate(minimal):
            here = [y for y, name in enumerate(rows) if name in each]
            dots.scatter([at] * len(rows), range(len(rows)), s=22, color="#d8d8d8", zorder=1)
            dots.plot([at, at], [min(here, default=0), max(here, default=0)], color=INK, linewidth=1.4, zorder=2)
            dots.scatter([at] * len(here), here, s=46, color=INK, zorder=3)
        counts = [sum(name in each for each in minimal) for name in rows]
        words = [worded("mechanism", name) for name in rows]
        said = [f"{word}  ({count} of {len(minimal)})" for word, count in zip(words, counts, strict=True)]
        dots.set_yticks(range(len(rows)), said, fontsize=9)
        for y, name in enumerate(rows):
            labels.code(dots, name, (1, 1 - (y + 0.5) / len(rows)), (4, 0), va="center")
        dots.set_ylim(len(rows) - 0.5, -0.5)
        dots.set_xlim(-0.7, len(minimal) - 0.3)
        dots.set_xticks(range(len(minimal)), [str(at + 1) for at in range(len(minimal))], fontsize=8)
        dots.set_xlabel("minimal sets of mechanisms that suffice", fontsize=9)
        bare(dots)
        titled(figure, title)
    return figure


# --- what they cost ----------------------------------------------------------------------------------------


def front(table: pd.DataFrame) -> pd.DataFrame:
    """The table with ``size``, ``deployments`` and whether no other set needs less and is usable in as many."""
    points = [(len(str(row.mechanisms).split()), len(str(row.usable_in).split())) for row in table.itertuples()]
    best = [not any(_beats(other, point) for other in points) for point in points]
    return table.assign(
        number=range(1, len(points) + 1),
        size=[size for size, _ in points],
        deployments=[count for _, count in points],
        on_front=best,
    )


def _beats(other: tuple[int, int], point: tuple[int, int]) -> bool:
    return other != point and other[0] <= point[0] and other[1] >= point[1]


def frontier(table: pd.DataFrame, deployments: int, title: str = "") -> Figure:
    """Safe sets by how many mechanisms they need and in how many deployments they are usable.

    ``deployments``: how many there are.
    """
    points = front(table)
    with style():
        figure = Figure(figsize=(9.0, 4.6), layout="constrained")
        axes = figure.add_subplot()
        best = points[points["on_front"]].sort_values(["size", "deployments"])
        stairs = list(dict.fromkeys(zip(best["size"], best["deployments"], strict=True)))
        if stairs:
            xs, ys = [*(x for x, _ in stairs), points["size"].max() + 0.5], [*(y for _, y in stairs), stairs[-1][1]]
            axes.step(xs, ys, where="post", color=INK, linewidth=1.4, zorder=1, linestyle=(0, (4, 2)))
        for _, group in points.groupby(["size", "deployments"], sort=True):
            _crowd(axes, int(group["size"].iloc[0]), int(group["deployments"].iloc[0]), group)
        axes.set_xlabel("mechanisms needed (fewer is cheaper)")
        axes.set_ylabel("deployments in which\nfirst contact can still work")
        axes.set_ylim(min(points["deployments"].min() - 0.8, deployments - 2), deployments + 0.6)
        axes.set_xlim(points["size"].min() - 0.6, points["size"].max() + 0.9)
        axes.set_xticks(range(int(points["size"].min()), int(points["size"].max()) + 1))
        axes.set_yticks(range(max(0, int(points["deployments"].min())), deployments + 1))
        axes.grid(color="#e9e9e9", linewidth=0.7)
        axes.set_axisbelow(True)
        _named(figure, best)
        titled(figure, title)
    return figure


def _crowd(axes: Axes, x: int, y: int, group: pd.DataFrame) -> None:
    """All sets at one place: one mark, and how many they are."""
    chosen = bool(group["on_front"].iloc[0])
    face, ink = ("#22506e", PAPER) if chosen else (PAPER, INK)
    axes.scatter(
        [x],
        [y],
        s=330 if chosen else 240,
        color=face,
        edgecolor=INK,
        linewidth=1.2,
        marker="s" if chosen else "o",
        zorder=3,
    )
    axes.text(
        x,
        y,
        str(len(group)),
        ha="center",
        va="center",
        color=ink,
        fontsize=9,
        zorder=4,
        weight="bold" if chosen else "normal",
    )


def _named(figure: Figure, best: pd.DataFrame) -> None:
    """The sets on the frontier by name."""
    few = best if len(best) <= 4 else best.head(0)
    named = [
        textwrap.fill(
            f"with {row.size}: "
            + (", ".join(worded("mechanism", name) for name in str(row.mechanisms).split()) or "nothing is needed"),
            46,
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
        for row in few.itertuples()
    ]
    if not named:
        named.append("Which they are is in the data file.")
    handles = [
        Line2D(
            [], [], marker="s", markersize=10, color="#22506e", linestyle="none", label="number of sets on the frontier"
        ),
        Line2D(
            [],
            [],
            marker="o",
            markersize=9,
            markerfacecolor=PAPER,
            color=INK,
            linestyle="none",
            label="number of sets that another one beats",
        ),
        *(Line2D([], [], linestyle="none", label=words) for words in named),
    ]
    figure.legend(handles=handles, loc="outside right center", fontsize=8.5, labelspacing=0.9)
