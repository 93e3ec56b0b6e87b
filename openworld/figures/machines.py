"""A client as a machine: its states in the order of the flow, and the answers that lead from one to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_letters

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch

from conformance.automaton import Automaton, Edge
from model.turns import ENDS, Turn, inputs
from openworld.colours import FAINT, INK, PAPER
from openworld.plotstyle import SERIES, rendered, style, titled

#: The requests of the flow, in order; a call with a token comes last.
_COLUMNS = ("call", "resource_metadata", "server_metadata", "register", "authorize", "token", "call with a token")
_WIDE, _HIGH = 3.4, 1.15


def machine(learned: Automaton, title: str = "") -> Figure:
    """A machine: what it asks in each state, and under it how it ends; arrows say by which answers it goes on."""
    names = sorted({name for edges in learned.states for name in edges}, key=lambda name: (_column(name), name))
    letters = {name: ascii_letters[place] if place < 52 else str(place) for place, name in enumerate(names)}
    asks = _asks(learned)
    places = _places(asks)
    rows = 1 - min(y for _, y in places.values()) / _HIGH
    lines = [f"{letters[name]}  {inputs()[name].about}" for name in names]
    with style():
        high, low = 1.0 + rows * 0.8, len(lines) * 0.07 + 0.2
        figure = Figure(figsize=(_WIDE * len(_COLUMNS) * 0.72, high + low), layout="constrained")
        axes, key = figure.subplots(2, 1, height_ratios=(high, low))
        for name, column in zip(_COLUMNS, range(len(_COLUMNS)), strict=True):
            axes.text(column * _WIDE, _HIGH, name.replace("_", " "), ha="center", weight="bold")
        boxes = {
            state: _box(axes, places[state], list(_says(state, turns, learned.states[state], letters)))
            for state, turns in asks.items()
        }
        for (state, target), by in _together(learned, letters).items():
            colour = SERIES[state % len(SERIES)][0]
            _arrow(axes, (places[state], places[target]), (boxes[state], boxes[target]), by, colour)
        _key(key, lines)
        axes.set_axis_off()
        axes.set_xlim(-_WIDE / 2, _WIDE * (len(_COLUMNS) - 0.4))
        axes.set_ylim(min(y for _, y in places.values()) - _HIGH * 0.6, _HIGH * 1.4)
        titled(figure, title)
    return figure


def _column(name: str) -> int:
    return _COLUMNS.index(name.partition(".")[0])


def _asks(learned: Automaton) -> dict[int, list[Turn]]:
    """What it may have asked in each state, that by the shortest word first."""
    found = {0: [learned.first]}
    for _, _, _, edge in learned.walk():
        if not edge.turn.ended:
            found.setdefault(edge.target, []).append(edge.turn)
    return found


def _together(learned: Automaton, letters: Mapping[str, str]) -> dict[tuple[int, int], str]:
    """The answers that lead from one state to another."""
    found: dict[tuple[int, int], list[str]] = {}
    for _, state, name, edge in learned.walk():
        if not edge.turn.ended:
            found.setdefault((state, edge.target), []).append(letters[name])
    return {ends: " ".join(by) for ends, by in found.items()}


def _places(asks: Mapping[int, Sequence[Turn]]) -> dict[int, tuple[float, float]]:
    columns: dict[int, list[int]] = {}
    for state, (turn, *_) in asks.items():
        last = turn.request == "call" and state != 0
        columns.setdefault(len(_COLUMNS) - 1 if last else _COLUMNS.index(turn.request), []).append(state)
    return {
        state: (column * _WIDE, -row * _HIGH) for column, states in columns.items() for row, state in enumerate(states)
    }


def _box(axes: Axes, place: tuple[float, float], lines: Sequence[str]) -> Patch:
    box = {"boxstyle": "round,pad=0.3", "facecolor": PAPER, "edgecolor": INK}
    text = axes.text(*place, "\n".join(lines), ha="center", va="center", fontsize=7, bbox=box, zorder=3)
    made = text.get_bbox_patch()
    assert made is not None
    return made


def _says(state: int, turns: Sequence[Turn], edges: Mapping[str, Edge], letters: Mapping[str, str]) -> Iterator[str]:
    """What it asks in a state, and after which answers it ends."""
    places = (f"@{turn.to} {turn.at.removeprefix('/.well-known/').removeprefix('oauth-')}".rstrip() for turn in turns)
    yield f"{state}  {' or '.join(dict.fromkeys(places))}"
    for end in ENDS:
        by = [letters[name] for name, edge in edges.items() if edge.turn.request == end]
        if by:
            yield f"{end}: {' '.join(by)}"


def _arrow(
    axes: Axes,
    ends: tuple[tuple[float, float], tuple[float, float]],
    boxes: tuple[Patch, Patch],
    label: str,
    colour: str,
) -> None:
    """An arrow between two boxes; one within a column goes round what is between them."""
    (x, y), (to_x, to_y) = ends
    same, far = x == to_x, abs(to_y - y) > _HIGH
    bend = 0.0 if not same else 1.1 if far else 0.8
    arrow = FancyArrowPatch(
        ends[0],
        ends[1],
        patchA=boxes[0],
        patchB=boxes[1],
        arrowstyle="->",
        mutation_scale=9,
        color=colour,
        lw=0.8,
        connectionstyle=f"arc3,rad={bend}",
    )
    axes.add_patch(arrow)
    at = 0.42
    place = (x - bend / 2 * abs(to_y - y), (y + to_y) / 2) if same else (x + (to_x - x) * at, y + (to_y - y) * at)
    box = {"boxstyle": "round,pad=0.1", "facecolor": PAPER, "edgecolor": "none"}
    axes.text(*place, label, fontsize=7, color=colour, ha="center", va="center", zorder=4, bbox=box)


def _key(axes: Axes, lines: list[str]) -> None:
    half = -(-len(lines) // 2)
    for column, part in enumerate((lines[:half], lines[half:])):
        axes.text(column * 0.5, 1, "\n".join(part), va="top", fontsize=7, color=INK, transform=axes.transAxes)
    axes.axhline(1, color=FAINT, lw=0.6)
    axes.set_axis_off()


def picture(learned: Automaton, title: str) -> str:
    """A machine as an SVG figure."""
    return rendered(machine(learned, title), "svg", title).decode("utf-8")
