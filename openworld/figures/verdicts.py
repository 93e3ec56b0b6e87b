"""Verdicts as figures: designs by properties, attackers by designs, deployed clients by situations."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from model.model import Model, oauth
from model.words import of_configuration, worded
from openworld.blame import blamed
from openworld.colours import FAINT, INK, SIGNS
from openworld.figures import labels
from openworld.plotstyle import FILLS, bare, style
from properties.results import Count, today

#: Letters on a line above a column, and of a code that stands straight below one.
_ABOVE, _LONG = 30, 4


def _cell(row: Mapping[Any, Any]) -> str:
    """How a verdict looks in the matrix: one that is safe but for what was not read of the client is no plain one."""
    said = today(str(row["verdict"]), str(row["kind"]))
    return "unread" if said == "safe" and str(row.get("not_read") or "") not in ("", "nan") else said


def verdict_matrix(rows: pd.DataFrame, attacker: str) -> Figure:
    """Designs by properties for one attacker; ``rows``: the table of verdicts."""
    shown = rows[rows["attacker"] == attacker]
    codes = dict(zip(shown["property"], shown["code"], strict=True)) if "code" in shown else {}
    down, across = ("design", partial(worded, "design")), ("property", partial(worded, "property"))
    return _matrix(shown, down, across, labels.attacker(attacker), codes, 0.62)


def client_verdicts(rows: pd.DataFrame, title: str = "") -> Figure:
    """Deployed clients by what is proved of them.

    Args:
        rows: ``client``, ``code`` and ``property``, ``kind``, ``situation``, ``verdict`` and ``steps``.
        title: what is asked.
    """
    said = rows["property"].map(partial(worded, "property")) + ": " + rows["situation"]
    codes = dict(zip(said, rows["code"], strict=True))
    return _matrix(rows.assign(asked=said), ("client", str), ("asked", str), title, codes)


def flip_matrix(rows: pd.DataFrame, title: str = "", model: Model = oauth()) -> Figure:
    """Properties by environments: what flips from one design to another, as it is under the second.

    Args:
        rows: ``property``, ``kind``, ``environment``, ``verdict`` and ``steps``, a row for each flip.
        title: which designs.
        model: whose words are used.
    """
    wide = int(10 * (2.6 + 0.72 * rows["environment"].nunique()))
    down, across = ("property", partial(worded, "property", model=model)), ("environment", _environment)
    return _matrix(rows, down, across, labels.lines(title, wide))


#: A column of the table whose names are one side of a matrix, and what they are in words.
_Side = tuple[str, Callable[[str], str]]


def _matrix(
    shown: pd.DataFrame,
    down: _Side,
    across: _Side,
    title: str,
    codes: Mapping[str, str] = MappingProxyType({}),
    wide: float = 0.72,
) -> Figure:
    """Verdicts by two of their columns; ``codes`` of names that stand for others, ``wide``: inches of a column."""
    names = [list(dict.fromkeys(shown[side])) for side, _ in (down, across)]
    rows, columns = (list(map(words, each)) for each, (_, words) in zip(names, (down, across), strict=True))
    below = [codes.get(each, each) for each in names[1]]
    with style():
        figure = Figure(figsize=(2.6 + wide * len(columns), 1.9 + 0.42 * len(rows)))
        axes = figure.add_subplot()
        _meant(axes, _cells(axes, shown, (down[0], names[0]), (across[0], names[1])), below)
        named(axes, rows, names[0] if rows != names[0] else [], columns, below)
        axes.set_title(title, loc="left", pad=14, weight="bold")
    return figure


def _environment(name: str) -> str:
    """A deployment by its words, or the switches of one that was made up."""
    return of_configuration(name) if "=" in name else worded("deployment", name)


def _cells(axes: Axes, shown: pd.DataFrame, down: tuple[str, list[str]], across: tuple[str, list[str]]) -> set[str]:
    """A cell for each verdict, by the column of the table that rows and columns are named by; how they look."""
    used: set[str] = set()
    for row in shown.to_dict("records"):
        look = _cell(row)
        used.add(look)
        place = across[1].index(row[across[0]]), down[1].index(row[down[0]])
        steps = f" {row['steps']:.0f}" if pd.notna(row["steps"]) else ""
        mark = SIGNS[look] + (steps if look == "attack" else "")
        cell(axes, place, FILLS[look], mark, look == "attack")
    return used


def cell(
    axes: Axes, place: tuple[int, int], look: tuple[Any, str, str], mark: str, bold: bool, fontsize: float = 10
) -> None:
    """One cell of a matrix: face, writing and hatch, and what stands in it."""
    (x, y), (face, writing, hatch) = place, look
    axes.add_patch(Rectangle(place, 1, 1, facecolor=face, edgecolor="white", linewidth=2, hatch=hatch))
    axes.text(
        x + 0.5,
        y + 0.52,
        mark,
        ha="center",
        va="center",
        color=writing,
        fontsize=fontsize,
        weight="bold" if bold else "normal",
    )


def _meant(axes: Axes, used: set[str], below: Sequence[str]) -> None:
    """What cells mean, under the codes below them."""
    words = {
        "attack": "✗ n  attack in n steps",
        "safe": "✓  no attack",
        "unread": "(✓)  no attack, but not all that was measured of the client was read",
        "unknown": "?  undecided",
        "not_in_this_world": "–  nothing here could violate it",
        "reached": "yes  honest parties get there",
        "not_reached": "no  honest parties do not",
    }
    key(axes, {words[look]: FILLS[look] for look in words if look in used}, below)


def key(axes: Axes, looks: Mapping[str, tuple[Any, str, str]], below: Sequence[str]) -> None:
    """A legend of how cells look, by what that means; ``below``: the codes between it and the table."""
    handles = [
        Patch(facecolor=face, edgecolor=FAINT, hatch=hatch, label=label) for label, (face, _, hatch) in looks.items()
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 0),
        ncols=min(len(handles), 3),
        fontsize=9,
        handlelength=1.2,
        columnspacing=1.4,
        borderaxespad=_room(below) / 9,
    )


def attacker_overview(rows: pd.DataFrame) -> Figure:
    """Attackers by designs: how many security properties are violated, by who is to blame for that."""
    decided = pd.Series(blamed(rows.to_dict("records")), rows.index, object)
    security = rows.assign(attack=decided)[rows["kind"] == "security"]
    designs, attackers = list(dict.fromkeys(rows["design"])), list(dict.fromkeys(rows["attacker"]))
    total = security["property"].nunique()
    with style():
        figure = Figure(figsize=(3.0 + 0.62 * len(designs), 1.9 + 0.42 * len(attackers)))
        axes = figure.add_subplot()
        for (attacker, design), group in security.groupby(["attacker", "design"], sort=False):
            violated, unknown = Count.of(group["attack"])
            share = violated / total
            vacuous = bool((group["verdict"] == "not_in_this_world").all())
            best = FILLS["not_in_this_world" if vacuous else "safe"]
            face, writing = (_shade(share), "white" if share > 0.25 else INK) if violated else best[:2]
            place = designs.index(str(design)), attackers.index(str(attacker))
            mark = (str(violated) if violated else "–" if vacuous else "✓") + ("?" if unknown else "")
            cell(axes, place, (face, writing, FILLS["unknown"][2] if unknown else ""), mark, violated > 0)
        named(
            axes,
            [worded("attacker", each) for each in attackers],
            attackers,
            [worded("design", each) for each in designs],
            designs,
        )
        looks = {
            "n  so many are violated": (_shade(0.3), "", ""),
            "✓  none is": FILLS["safe"],
            "–  nothing here could violate one": FILLS["not_in_this_world"],
            "?  some are undecided": FILLS["unknown"],
        }
        key(axes, looks, designs)
        title = f"Security properties violated, of {total}, where the attacker …"
        axes.set_title(title, loc="left", pad=14, weight="bold")
    return figure


def _shade(share: float) -> tuple[float, float, float]:
    """From a light to a dark orange, in even steps of lightness."""
    light, dark = (0.97, 0.83, 0.74), (0.45, 0.14, 0.03)
    red, green, blue = (a + (b - a) * math.sqrt(share) for a, b in zip(light, dark, strict=True))
    return red, green, blue


def _room(below: Sequence[str]) -> float:
    """How many points codes take up below a table of cells."""
    longest = max(map(len, below), default=0)
    return 12 if longest <= _LONG else 14 + 2.0 * longest


def named(
    axes: Axes, rows: Sequence[str], row_codes: Sequence[str], columns: Sequence[str], column_codes: Sequence[str]
) -> None:
    """Words above and to the left of a table of cells, their codes below and to the right of it, small."""
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    above = [labels.even(each, max(_ABOVE, math.ceil(len(each) / 2) + 6)) for each in columns]
    axes.set_xticks([place + 0.5 for place in range(len(columns))], above, fontsize=8.5)
    axes.set_yticks([place + 0.5 for place in range(len(rows))], rows, fontsize=9)
    axes.xaxis.tick_top()
    for label in axes.get_xticklabels():
        label.set(rotation=52, ha="left", va="bottom", rotation_mode="anchor", linespacing=1.0)
    axes.tick_params(pad=4)
    bare(axes)
    for place, name in enumerate(row_codes):
        labels.code(axes, name, (1, 1 - (place + 0.5) / len(rows)), (4, 0), va="center")
    for place, name in enumerate(column_codes):
        turned = {"rotation": -30, "ha": "left", "va": "top"} if len(name) > _LONG else {"ha": "center", "va": "top"}
        labels.code(axes, name, ((place + 0.5) / len(columns), 0), (0, -2), **turned)
