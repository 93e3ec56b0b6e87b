"""Experiments as figures: curves with their bands, paired differences, what is traded, where attempts end, effects."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from openworld.colours import INK, PAPER
from openworld.figures import labels
from openworld.plotstyle import SERIES, ruled, style, titled
from simulations.harms import THEFT
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


#: Arms beside each other; letters on a line above one, and beside its rows.
_BESIDE, _HEAD, _ASIDE = 4, 23, 40
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
    above = 0.4 + 0.17 * max((labels.arm(arm, _HEAD).count("\n") + 1 for arm in arms), default=1)
    with style():
        figure = Figure(figsize=(4.2 + 2.0 * columns, 0.4 + rows * (high + above)), layout="constrained")
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes in grid.flat[len(arms) :]:
            axes.set_visible(False)
        for place, (axes, arm) in enumerate(zip(grid.flat, arms, strict=False)):
            _arm(axes, shown[shown["arm"] == arm], causes)
            axes.set_title(labels.arm(arm, _HEAD), loc="left", fontsize=8.5, weight="bold")
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


#: So many effects are shown, the simplest first.
_MOST = 15


def effects(table: pd.DataFrame, title: str = "", meant: Mapping[str, str] = MappingProxyType({})) -> Figure:
    """What each mechanism changes alone and together with others, at the last point of the sweep, with intervals.

    ``meant``: what each mechanism sets, in words.
    """
    last = table[table["value"] == table["value"].max()]
    outcomes = _changed(last)
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


def _changed(table: pd.DataFrame) -> list[tuple[str, str]]:
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
