"""Verdicts as figures: designs by properties, attackers by designs, deployed clients by situations."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from openworld.blame import blamed
from openworld.plotstyle import CELLS, FAINT, INK, style
from properties.results import today

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARKS = {"safe": "✓", "not_in_this_world": "–", "unknown": "?", "reached": "yes", "not_reached": "no"}


def _cell(row: Mapping[Any, Any]) -> str:
    """How a verdict looks in the matrix."""
    return today(str(row["verdict"]), str(row["kind"]))


def verdict_matrix(rows: pd.DataFrame, attacker: str) -> Figure:
    """Designs by properties for one attacker; ``rows``: the table of verdicts."""
    shown = rows[rows["attacker"] == attacker]
    designs, properties = list(dict.fromkeys(shown["design"])), list(dict.fromkeys(shown["property"]))
    with style():
        figure = Figure(figsize=(2.6 + 0.72 * len(properties), 1.9 + 0.42 * len(designs)))
        axes = figure.add_subplot()
        _cells(axes, shown, ("design", designs), ("property", properties))
        first = shown.iloc[0]
        axes.set_title(f"Attacker: {attacker}  (cap={first['capabilities']})", loc="left", pad=14, weight="bold")
    return figure


def client_verdicts(rows: pd.DataFrame, title: str = "") -> Figure:
    """Deployed clients by what is proved of them.

    Args:
        rows: ``client``, ``code`` and ``property``, ``kind``, ``situation``, ``verdict`` and ``steps``.
        title: what is asked.
    """
    shown = rows.assign(asked=rows["code"] + "  " + rows["situation"])
    clients, asked = list(dict.fromkeys(shown["client"])), list(dict.fromkeys(shown["asked"]))
    with style():
        figure = Figure(figsize=(2.6 + 0.62 * len(asked), 1.9 + 0.42 * len(clients)))
        axes = figure.add_subplot()
        _cells(axes, shown, ("client", clients), ("asked", asked))
        codes = dict(zip(shown["code"], shown["property"], strict=True))
        meant = ",  ".join(f"{code} {prop}" for code, prop in codes.items())
        axes.annotate(
            textwrap.fill(meant, 11 * len(asked)), (0, 0), (4, -38), xycoords="axes fraction",
            textcoords="offset points", va="top", fontsize=9, annotation_clip=False,
        )  # fmt: skip
        axes.set_title(title, loc="left", pad=14, weight="bold")
    return figure


def flip_matrix(rows: pd.DataFrame, title: str = "") -> Figure:
    """Properties by environments: what flips from one design to another, as it is under the second.

    Args:
        rows: ``property``, ``kind``, ``environment``, ``verdict`` and ``steps``, a row for each flip.
        title: which designs.
    """
    properties, environments = list(dict.fromkeys(rows["property"])), list(dict.fromkeys(rows["environment"]))
    with style():
        figure = Figure(figsize=(2.6 + 0.72 * len(environments), 1.9 + 0.42 * len(properties)))
        axes = figure.add_subplot()
        _cells(axes, rows, ("property", properties), ("environment", environments))
        axes.set_title(title, loc="left", pad=14, weight="bold")
    return figure


def _cells(axes: Axes, shown: pd.DataFrame, down: tuple[str, list[str]], across: tuple[str, list[str]]) -> None:
    """A cell for each verdict, by the column of the table that rows and columns are named by, and what cells mean."""
    used: set[str] = set()
    for row in shown.to_dict("records"):
        look = _cell(row)
        used.add(look)
        face, writing, hatch = CELLS[look]
        x, y = across[1].index(row[across[0]]), down[1].index(row[down[0]])
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", linewidth=2, hatch=hatch))
        steps = f" {row['steps']:.0f}" if pd.notna(row["steps"]) else ""
        mark = f"✗{steps}" if look == "attack" else MARKS[look]
        weight = "bold" if look == "attack" else "normal"
        axes.text(x + 0.5, y + 0.52, mark, ha="center", va="center", color=writing, fontsize=10, weight=weight)
    _grid(axes, down[1], across[1])
    words = {"attack": "✗ n  attack in n steps", "safe": "✓  no attack", "not_in_this_world": "–  not in this world",
             "unknown": "?  undecided", "reached": "yes  honest run exists",
             "not_reached": "no  honest run impossible"}  # fmt: skip
    handles = [
        Patch(facecolor=CELLS[look][0], edgecolor=FAINT, hatch=CELLS[look][2], label=label)
        for look, label in words.items()
        if look in used
    ]
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, -0.02), ncols=len(handles), fontsize=9,
        handlelength=1.2, columnspacing=1.4, borderaxespad=0.4,
    )  # fmt: skip


def attacker_overview(rows: pd.DataFrame) -> Figure:
    """Attackers by designs: how many security properties are violated, by whoever is to blame for that."""
    security = rows.assign(attack=blamed(rows.to_dict("records")))[rows["kind"] == "security"]
    designs, attackers = list(dict.fromkeys(rows["design"])), list(dict.fromkeys(rows["attacker"]))
    total = security["property"].nunique()
    with style():
        figure = Figure(figsize=(3.0 + 0.62 * len(designs), 1.9 + 0.42 * len(attackers)))
        axes = figure.add_subplot()
        for (attacker, design), group in security.groupby(["attacker", "design"], sort=False):
            violated = int(group["attack"].sum())
            unknown = bool((group["verdict"] == "unknown").any())
            share = violated / total
            vacuous = bool((group["verdict"] == "not_in_this_world").all())
            best = CELLS["not_in_this_world" if vacuous else "safe"]
            face = _shade(share) if violated else best[0]
            x, y = designs.index(str(design)), attackers.index(str(attacker))
            hatch = CELLS["unknown"][2] if unknown else ""
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", linewidth=2, hatch=hatch))
            writing = best[1] if not violated else "white" if share > 0.25 else INK
            label = (str(violated) if violated else "–" if vacuous else "✓") + ("?" if unknown else "")
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
