"""What experiments showed as figures: adoption curves with their bands, and paired differences."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from openworld.colours import INK
from openworld.figures import labels
from openworld.plotstyle import SERIES, ruled, style, titled
from simulations.quantities import ATTEMPT, CASE, PAIR, THEFTS, WORKING, Measure
from simulations.results import ATTAINABLE, LISTED

PANELS = 6
#: A sweep whose largest value is so many times its smallest is drawn in powers of ten.
WIDE = 50
#: So many times the largest mean a panel is tall at most.
TALL = 2.5
#: An arm that has so many times as much as most would leave them no room.
_TOWERS = 5
#: Letters of a legend to an inch, and for how many of them a line and its marker take the place.
_LETTERS, _HANDLE = 12.5, 8
#: Inches that a line of a legend takes, and that lie between two entries.
_LINE, _BETWEEN = 0.16, 0.07
#: Letters on a line above a panel.
_ABOVE = 38


def rates(table: pd.DataFrame, title: str = "") -> Figure:
    """Rates of outcomes by arm over the swept parameter, with interval bands."""
    return _panels(table, "rate", title, _outcomes(table, "rate"))


def differences(table: pd.DataFrame, title: str = "") -> Figure:
    """What each arm changes against the first one, with intervals of the paired differences."""
    return _panels(table, "difference", title, _outcomes(table, "difference"))


def pair(table: pd.DataFrame, title: str = "") -> Figure:
    """Honest flows that work and thefts for each accepted flow by arm over the swept parameter, with interval bands."""
    words = {(measure.quantity, measure.per): measure.words for measure in PAIR}
    outcomes = [words.get(told, "") for told in zip(table["quantity"], table["per"], strict=True)]
    drawn = table.assign(kind="", outcome=outcomes).drop(columns="against")
    figure = _panels(drawn[drawn["outcome"] != ""], "mean", title, [("", outcome) for outcome in words.values()])
    for axes in figure.axes:
        if axes.get_title("left") == THEFTS.words:  # of which there may be more than flows
            _within_sight(axes, drawn[drawn["outcome"] == THEFTS.words])
            axes.yaxis.set_major_formatter(_plain)
    return figure


def _within_sight(axes: Axes, chosen: pd.DataFrame) -> None:
    """Where hardly any flow of an arm is accepted there are so many for each that the other arms lie on the ground."""
    *lower, highest = sorted(once(chosen).groupby("arm")["mean"].max().fillna(0.0))
    others = float(pd.Series([each for each in lower if each > 0]).median())
    if highest > _TOWERS * others:
        linear = 10.0 ** math.floor(math.log10(others))
        axes.set_yscale("symlog", linthresh=linear)
        axes.set_title(f"{axes.get_title('left')} (log above {linear:g})", loc="left", fontsize=9.5, pad=6)


def measured(table: pd.DataFrame, title: str = "") -> Figure:
    """What was measured of each attempt, or once in a replication, by arm over the swept parameter.

    Arms that end alike may cost different things, so that each is drawn by itself. What an experiment is about comes
    first, then what differs most for its size.
    """
    told = table[table["per"].isin((ATTEMPT, CASE))].drop(columns=["against", "alike"])
    words = [Measure(*names).words for names in zip(told["quantity"], told["per"], strict=True)]
    told = told.assign(kind="", outcome=[textwrap.fill(each.removesuffix(" per case"), 40) for each in words])
    found = []
    for outcome, group in told.groupby("outcome"):
        spread, size = group["mean"].max() - group["mean"].min(), group["mean"].abs().max()
        if spread > 0:
            found.append((-int(group["headline"].max()), -spread / size, str(outcome)))
    figure = _panels(told, "mean", title, [("", outcome) for *_, outcome in sorted(found)[:PANELS]])
    for axes in figure.axes:
        axes.yaxis.set_major_formatter(_plain)
    return figure


def _outcomes(table: pd.DataFrame, column: str) -> list[tuple[str, str]]:
    """The outcomes worth a panel: those in which arms differ, by kind and then by how much."""
    found = []
    for (kind, outcome), group in table[table["kind"] != ATTAINABLE].groupby(["kind", "outcome"], sort=True):
        points = group.groupby("value")[column]
        spread = points.max() - points.min() if column == "rate" else group[column].abs()
        reach = float(spread.max())
        if reach > 0:
            order = list(labels.KINDS).index(str(kind)) if kind in labels.KINDS else len(labels.KINDS)
            found.append((order, -reach, str(kind), str(outcome)))
    best = sorted(sorted(found, key=lambda entry: (entry[0] > 2, entry[1]))[:PANELS])
    return [(kind, outcome) for *_, kind, outcome in best]


def once(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of arms under which every attempt ended the same way, once and under all their names.

    What they are compared with (``against``) has all of its names as well.
    """
    if "alike" not in table:
        return table
    named = dict(zip(table["arm"], table["alike"].where(table["alike"] != "", table["arm"]), strict=True))
    drawn = table.assign(arm=table["arm"].map(named))
    drawn = drawn[~drawn.duplicated(["value", "kind", "outcome", "arm"])]
    if "against" not in drawn:
        return drawn
    first = str(drawn["against"].iloc[0])
    return drawn.assign(against=next((name for name in named.values() if name.startswith(first + LISTED)), first))


def _panels(table: pd.DataFrame, column: str, title: str, outcomes: list[tuple[str, str]]) -> Figure:
    drawn = once(table)
    arms = list(dict.fromkeys([*drawn.get("against", pd.Series(dtype=str)), *drawn["arm"]]))
    if column == "difference":
        drawn = drawn[drawn["arm"] != drawn["against"]]
    columns = min(3, max(1, len(outcomes)))
    lines = math.ceil(max(1, len(outcomes)) / columns)
    with style():
        above = max((labels.titled_outcome(*each, _ABOVE).count("\n") for each in outcomes if each[0]), default=0)
        wide = max(5.2, 3.5 * columns)
        words = {"rate": "share of attempts", "mean": ""}.get(column, "change in percentage points")
        against = [] if column != "difference" else [f"change against: {labels.arm(arms[0], 90)}"]
        key = _Key.of(
            list(map(labels.arm, dict.fromkeys(drawn["arm"]))), wide, labels.explained(map(str, drawn["arm"]), *against)
        )
        figure = Figure(figsize=(wide, 0.8 + (2.75 + 0.16 * above) * lines + key.tall), layout="constrained")
        grid = figure.subplots(lines, columns, squeeze=False, sharex=True)
        flat = list(grid.flat)
        for axes, (kind, outcome) in zip(flat, outcomes, strict=False):
            chosen = drawn[(drawn["kind"] == kind) & (drawn["outcome"] == outcome)]
            _series(axes, chosen, column, arms)
            _headed(axes, kind, outcome)
        for axes in flat[len(outcomes) :]:
            axes.set_visible(False)
        if not outcomes:
            flat[0].set_visible(True)
            flat[0].text(0.5, 0.5, "no outcome differs", ha="center", va="center", transform=flat[0].transAxes)
        _dress(figure, flat[: max(1, len(outcomes))], table, words, title, columns)
        if not outcomes:  # a plain sentence, and no axes on which nothing is shown
            flat[0].set_axis_off()
        key.draw(figure, flat[0])
        for axes in flat[max(0, len(outcomes) - columns) : len(outcomes)]:
            axes.tick_params(labelbottom=True)
    return figure


def _headed(axes: Axes, kind: str, outcome: str) -> None:
    """What a panel shows, and the code of it."""
    said = labels.titled_outcome(kind, outcome, _ABOVE) if kind else outcome
    axes.set_title(said, loc="left", fontsize=9.5, pad=13 if kind else 6)
    if kind:
        labels.code(axes, outcome, (0, 1), (0, 4))


def _series(axes: Axes, chosen: pd.DataFrame, column: str, arms: list[str]) -> None:
    for arm, group in chosen.groupby("arm", sort=False):
        place = arms.index(str(arm))
        color, dash, marker = SERIES[place % len(SERIES)]
        ordered = group.sort_values("value")
        # Later arms are smaller and hollow, so that lines that coincide for some way can both be seen.
        axes.plot(
            ordered["value"],
            ordered[column],
            color=color,
            linestyle=dash,
            marker=marker,
            label=labels.arm(str(arm)),
            linewidth=1.6,
            markersize=max(3.0, 7.5 - 1.1 * place),
            markerfacecolor="white" if place % 2 else color,
            markeredgewidth=1.1,
            zorder=3 + place,
            clip_on=False,
        )
        axes.fill_between(ordered["value"], ordered["low"], ordered["high"], color=color, alpha=0.16, linewidth=0)
    ruled(axes, "y")
    if column == "difference":
        axes.axhline(0, color=INK, linewidth=0.8, zorder=2)
    else:
        axes.set_ylim(bottom=0)
    low, high = axes.get_ylim()
    shares = (WORKING.words, "share of")
    most = 1.05 if column == "rate" or chosen["outcome"].str.startswith(shares).any() else math.inf
    if column != "difference" and chosen[column].max() > 0:  # a band may be wider than what can be
        axes.set_ylim(low, min(high, TALL * chosen[column].max(), most))
    if not chosen[column].abs().max():
        low, high = axes.get_ylim()
        axes.set_ylim(low, max(high, low + 0.01))


class Percent(PercentFormatter):
    """Percentages with as many decimals as it takes for ticks, wherever they come to stand, to be what they say."""

    def __init__(self) -> None:
        super().__init__(1.0)

    def set_locs(self, locs: list[float]) -> None:
        """Be told where the ticks are."""
        super().set_locs(locs)
        self.decimals = decimals(locs)


def decimals(ticks: Iterable[float]) -> int:
    """How many percentages need for ticks to be told apart and to be what they say."""
    shares = [100 * float(tick) for tick in ticks]
    return next((count for count in range(9) if all(abs(round(each, count) - each) < 1e-6 for each in shares)), 9)


def _plain(value: float, _: float) -> str:
    """A number without an exponent."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


def _dress(figure: Figure, panels: list[Axes], table: pd.DataFrame, words: str, title: str, columns: int) -> None:
    """Axis labels and a title."""
    for place, axes in enumerate(panels):
        axes.yaxis.set_major_formatter(Percent())
        if place % columns == 0:
            axes.set_ylabel(words)
    if 0 < WIDE * table["value"].min() <= table["value"].max():
        panels[0].set_xscale("log")  # which all share
        panels[0].xaxis.set_major_formatter(_plain)  # in place of one that writes mathematics
    for axes in panels[-columns:]:
        axes.set_xlabel(textwrap.fill(str(table["parameter"].iloc[0]), 36))
    titled(figure, title)


class _Key(NamedTuple):
    """One legend for all panels, in as many columns as there is room for; ``tall``: the inches that it takes."""

    above: str
    columns: int
    tall: float

    @classmethod
    def of(cls, names: list[str], wide: float, above: str) -> _Key:
        """That of so many arms in a figure so many inches wide."""
        longest = max((len(line) for name in names for line in name.splitlines()), default=1)
        columns = max(1, min(4, len(names), int(wide * _LETTERS / (longest + _HANDLE))))
        rows = max(1, math.ceil(len(names) / columns))
        stacks = [names[start : start + rows] for start in range(0, len(names), rows)]
        tallest = max((sum(name.count("\n") + 1 for name in stack) for stack in stacks), default=0)
        lines = tallest + (above.count("\n") + 1 if above else 0)
        return cls(above, columns, _LINE * lines + _BETWEEN * rows)

    def draw(self, figure: Figure, axes: Axes) -> None:
        """Put it below the panels, as one of them has drawn its lines."""
        figure.legend(
            *axes.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=self.columns,
            handlelength=3.4,
            fontsize=9,
            title=self.above or None,
            title_fontsize=8.5,
            alignment="left",
        )
