"""Figures, drawn from tables only.

Every function takes tidy tables and gives back a figure; nothing here asks the model or the solver.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from openworld.plotstyle import CELLS, FAINT, INK, SERIES, style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The order in which outcomes of a simulation are shown.
KINDS = {"success": "success", "refused": "honest flow refused", "harm": "harm", "blocked": "attack refused",
         "diverted": "dealt with attacker"}  # fmt: skip
PANELS = 6
MARKS = {"safe": "✓", "unknown": "?", "reached": "yes", "unreachable": "no"}


# --- verdicts ----------------------------------------------------------------------------------------------


def _cell(row: Mapping[Any, Any]) -> str:
    """How a verdict looks in the matrix."""
    if row["verdict"] == "unknown" or row["kind"] == "security":
        return str(row["verdict"])
    return "reached" if row["verdict"] == "safe" else "unreachable"


def verdict_matrix(rows: pd.DataFrame, attacker: str) -> Figure:
    """Designs by properties for one attacker; ``rows``: the table of verdicts."""
    shown = rows[rows["attacker"] == attacker]
    designs, properties = list(dict.fromkeys(shown["design"])), list(dict.fromkeys(shown["property"]))
    used: set[str] = set()
    with style():
        figure = Figure(figsize=(2.6 + 0.72 * len(properties), 1.9 + 0.42 * len(designs)))
        axes = figure.add_subplot()
        for row in shown.to_dict("records"):
            look = _cell(row)
            used.add(look)
            face, writing, hatch = CELLS[look]
            x, y = properties.index(row["property"]), designs.index(row["design"])
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", linewidth=2, hatch=hatch))
            mark = f"✗ {row['steps']:.0f}" if look == "attack" else MARKS[look]
            weight = "bold" if look == "attack" else "normal"
            axes.text(x + 0.5, y + 0.52, mark, ha="center", va="center", color=writing, fontsize=10, weight=weight)
        _grid(axes, designs, properties)
        words = {"attack": "✗ n  attack in n steps", "safe": "✓  no attack", "unknown": "?  undecided",
                 "reached": "yes  honest run exists", "unreachable": "no  honest run impossible"}  # fmt: skip
        handles = [
            Patch(facecolor=CELLS[look][0], edgecolor=FAINT, hatch=CELLS[look][2], label=label)
            for look, label in words.items()
            if look in used
        ]
        axes.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0, -0.02), ncols=len(handles), fontsize=9,
            handlelength=1.2, columnspacing=1.4, borderaxespad=0.4,
        )  # fmt: skip
        first = shown.iloc[0]
        axes.set_title(f"Attacker: {attacker}  (cap={first['capabilities']})", loc="left", pad=14, weight="bold")
    return figure


def attacker_overview(rows: pd.DataFrame) -> Figure:
    """Attackers by designs: how many security properties are violated."""
    security = rows[rows["kind"] == "security"]
    designs, attackers = list(dict.fromkeys(rows["design"])), list(dict.fromkeys(rows["attacker"]))
    total = security["property"].nunique()
    with style():
        figure = Figure(figsize=(3.0 + 0.62 * len(designs), 1.9 + 0.42 * len(attackers)))
        axes = figure.add_subplot()
        for (attacker, design), group in security.groupby(["attacker", "design"], sort=False):
            violated = int((group["verdict"] == "attack").sum())
            unknown = bool((group["verdict"] == "unknown").any())
            share = violated / total
            face = _shade(share) if violated else CELLS["safe"][0]
            x, y = designs.index(str(design)), attackers.index(str(attacker))
            hatch = CELLS["unknown"][2] if unknown else ""
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", linewidth=2, hatch=hatch))
            writing = CELLS["safe"][1] if not violated else "white" if share > 0.25 else INK
            label = (str(violated) if violated else "✓") + ("?" if unknown else "")
            weight = "bold" if violated else "normal"
            axes.text(x + 0.5, y + 0.52, label, ha="center", va="center", fontsize=10, color=writing, weight=weight)
        _grid(axes, attackers, designs)
        axes.set_title(f"Security properties violated, of {total}", loc="left", pad=14, weight="bold")
    return figure


def _shade(share: float) -> tuple[float, float, float]:
    """From a light to a dark orange, in even steps of lightness."""
    light, dark = (0.97, 0.83, 0.74), (0.45, 0.14, 0.03)
    red, green, blue = (a + (b - a) * math.sqrt(share) for a, b in zip(light, dark, strict=True))
    return red, green, blue


def _grid(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Names above and beside a table of cells, and nothing else."""
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_xticks([place + 0.5 for place in range(len(columns))], columns)
    axes.set_yticks([place + 0.5 for place in range(len(rows))], rows)
    axes.xaxis.tick_top()
    for label in axes.get_xticklabels():
        label.set(rotation=40, ha="left", rotation_mode="anchor")
    axes.tick_params(length=0, pad=4)
    for spine in axes.spines.values():
        spine.set_visible(False)


# --- simulations -------------------------------------------------------------------------------------------


def rates(table: pd.DataFrame, title: str = "") -> Figure:
    """Rates of outcomes by arm over the swept parameter, with interval bands."""
    return _panels(table, "rate", title, _outcomes(table, "rate"))


def differences(table: pd.DataFrame, title: str = "") -> Figure:
    """What each arm changes against the first one, with intervals of the paired differences."""
    return _panels(table, "difference", title, _outcomes(table, "difference"))


def _outcomes(table: pd.DataFrame, column: str) -> list[tuple[str, str]]:
    """The outcomes worth a panel: those in which arms differ, by kind and then by how much."""
    found = []
    for (kind, outcome), group in table.groupby(["kind", "outcome"], sort=True):
        points = group.groupby("value")[column]
        spread = points.max() - points.min() if column == "rate" else group[column].abs()
        reach = float(spread.max())
        if reach > 0:
            order = list(KINDS).index(str(kind)) if kind in KINDS else len(KINDS)
            found.append((order, -reach, str(kind), str(outcome)))
    best = sorted(sorted(found, key=lambda entry: (entry[0] > 2, entry[1]))[:PANELS])
    return [(kind, outcome) for *_, kind, outcome in best]


def _panels(table: pd.DataFrame, column: str, title: str, outcomes: list[tuple[str, str]]) -> Figure:
    arms = list(dict.fromkeys([*table.get("against", pd.Series(dtype=str)), *table["arm"]]))
    columns = min(3, max(1, len(outcomes)))
    lines = math.ceil(max(1, len(outcomes)) / columns)
    with style():
        figure = Figure(figsize=(max(5.2, 3.5 * columns), 0.9 + 2.75 * lines), layout="constrained")
        grid = figure.subplots(lines, columns, squeeze=False, sharex=True)
        flat = list(grid.flat)
        for axes, (kind, outcome) in zip(flat, outcomes, strict=False):
            chosen = table[(table["kind"] == kind) & (table["outcome"] == outcome)]
            _series(axes, chosen, column, arms)
            axes.set_title(f"{KINDS.get(kind, kind)}:\n{_breakable(outcome)}", loc="left", fontsize=10)
        for axes in flat[len(outcomes) :]:
            axes.set_visible(False)
        if not outcomes:
            flat[0].set_visible(True)
            flat[0].text(0.5, 0.5, "no outcome differs", ha="center", va="center", transform=flat[0].transAxes)
        _dress(figure, flat[: max(1, len(outcomes))], table, column, title, columns)
        for axes in flat[max(0, len(outcomes) - columns) : len(outcomes)]:
            axes.tick_params(labelbottom=True)
    return figure


def _breakable(outcome: str) -> str:
    """A long name on two lines at most."""
    return outcome if len(outcome) <= 34 else outcome.replace(".", ".\n", 1)


def _series(axes: Axes, chosen: pd.DataFrame, column: str, arms: list[str]) -> None:
    for arm, group in chosen.groupby("arm", sort=False):
        place = arms.index(str(arm))
        color, dash, marker = SERIES[place % len(SERIES)]
        ordered = group.sort_values("value")
        # Later arms are smaller and hollow, so that lines that coincide can both be seen.
        axes.plot(
            ordered["value"], ordered[column], color=color, linestyle=dash, marker=marker, label=str(arm),
            linewidth=1.6, markersize=7.5 - 1.1 * place, markerfacecolor="white" if place % 2 else color,
            markeredgewidth=1.1, zorder=3 + place, clip_on=False,
        )  # fmt: skip
        axes.fill_between(ordered["value"], ordered["low"], ordered["high"], color=color, alpha=0.16, linewidth=0)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    if column == "difference":
        axes.axhline(0, color=INK, linewidth=0.8, zorder=2)
    else:
        axes.set_ylim(bottom=0)
    low, high = axes.get_ylim()
    axes.set_ylim(low, max(high, low + 0.01))


def _dress(figure: Figure, panels: list[Axes], table: pd.DataFrame, column: str, title: str, columns: int) -> None:
    """Axis labels, title and one legend for all panels."""
    from matplotlib.ticker import PercentFormatter

    words = "share of attempts" if column == "rate" else f"difference to {table['against'].iloc[0]}"
    for place, axes in enumerate(panels):
        decimals = 0 if axes.get_ylim()[1] - axes.get_ylim()[0] > 0.06 else 1
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))
        if place % columns == 0:
            axes.set_ylabel(words)
    for axes in panels[-columns:]:
        axes.set_xlabel(textwrap.fill(str(table["parameter"].iloc[0]), 36))
    if title:
        figure.suptitle(textwrap.fill(title, 34 * max(1, columns)), x=0.01, ha="left", fontsize=11, weight="bold")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, max(1, len(labels))), handlelength=3.4)
