"""A run on a slide: 16:9, the answer on top, every message on its arrow, and beside it what the attacker does there."""

import textwrap

from model.brief import labels, noted, setting
from model.chart import Chart
from openworld.colours import INK
from openworld.pen import Strokes
from openworld.sequence import Canvas

#: Points: the slide, its margin, the place of the lifelines, and the room of what stands beside them.
WIDTH, HEIGHT, _MARGIN, _LANES = 960.0, 540.0, 30.0, 620.0
_SANS = "DejaVu Sans"
_GREY = "#555555"
#: An arrow is as far from the next as there is room, within these; more messages than that are left out.
_LEAST, _MOST = 15.0, 26.0
#: Words that are longer than their arrow are smaller, down to this share; what is too long even so is cut.
_SMALLEST = 0.75


def svg(shown: Chart, citation: str = "") -> str:
    """The slide as SVG."""
    strokes = Strokes(WIDTH, HEIGHT)
    draw(strokes, shown, citation)
    return strokes.svg(shown.ending)


def draw(pen: Strokes, shown: Chart, citation: str = "") -> None:
    """Draw a slide with a pen."""
    y = _MARGIN + 8
    steps = "" if shown.refusal else f", in {shown.steps} step{'s'[: shown.steps > 1]}"
    for line in textwrap.wrap(f"{shown.ending[0].upper()}{shown.ending[1:].rstrip('.')}{steps}", 68):
        _text(pen, _MARGIN, y, line, 22, weight="bold")
        y += 28
    for line in setting(shown.configuration, 150):
        _text(pen, _MARGIN, y, line, 10.5, color=_GREY)
        y += 14
    foot = HEIGHT - _MARGIN
    _text(pen, _MARGIN, foot + 8, citation, 8, color=_GREY)
    _run(pen, shown, y + 22, foot - 6)


def _run(pen: Strokes, shown: Chart, top: float, bottom: float) -> None:
    """The messages between the lifelines, from ``top`` to ``bottom``."""
    names = {one.key: one.name if one.name.startswith("some ") else f"the {one.name}" for one in shown.cast}
    beside = shown.refusal or any(line for each in shown.sent for line in noted(each, names))
    wide = _LANES if beside else WIDTH - 2 * _MARGIN
    lane = wide / len(shown.cast)
    places = {one.key: _MARGIN + lane * (at + 0.5) for at, one in enumerate(shown.cast)}
    canvas = Canvas(pen, shown, wide)
    canvas.places = places
    for one in shown.cast:
        face, ink = ("#ffffff", INK) if one.honest else (INK, "#ffffff")
        pen.box(places[one.key] - lane / 2 + 5, top - 13, lane - 10, 26, face=face, edge=INK, rounded=one.honest)
        _text(pen, places[one.key], top, one.name, 11, ha="center", color=ink, weight="bold")
    every = list(zip(shown.sent, labels(shown.sent), strict=True))
    kept = _kept(shown, names, int((bottom - top - 40) / _LEAST))
    pitch = min(_MOST, (bottom - top - 40) / max(1, len(kept)))
    y = top + 22 + pitch / 2
    canvas.lifelines(top + 23, y + pitch * (len(kept) - 0.5))
    below = 0.0
    for message, (number, label) in (every[place] for place in kept):
        canvas.arrow(message, y + pitch * 0.25)
        start, end = sorted((places[message.sender], places[message.receiver]))
        words = f"{number}. {label}" if number else label
        room = int(max(end - start, lane) / 5.6)
        size = 9.5 * max(_SMALLEST, min(1.0, room / len(words)))
        words = textwrap.shorten(words, int(room / _SMALLEST), placeholder="…")
        _label(pen, (start + end) / 2, y - pitch * 0.12, words, size, message.decisive)
        refused = [shown.refusal.words] if shown.refusal and message is shown.sent[-1] else []
        said = "; ".join([*noted(message, names), *refused])
        for line in textwrap.wrap(said, 52, break_long_words=False):
            below = max(below + 12, y + 2)
            _text(pen, _MARGIN + _LANES + 8, below, line, 9.5, weight="bold" if message.decisive else "normal")
        y += pitch
    if left_out := len(every) - len(kept):
        said = f"{left_out} messages of honest parties are not drawn"
        _text(pen, WIDTH - _MARGIN, bottom + 14, said, 9, ha="right", color=_GREY)


def _kept(shown: Chart, names: dict[str, str], room: int) -> list[int]:
    """The places of the messages that are drawn: all, or the attacker's doings and then the latest of the others."""
    odd = [not each.honest or each.decisive or any(noted(each, names)) for each in shown.sent]
    ranked = sorted(range(len(shown.sent)), key=lambda place: (odd[place], place), reverse=True)
    return sorted(ranked[:room])


def _label(pen: Strokes, x: float, y: float, words: str, size: float, bold: bool) -> None:
    """Words on an arrow, with paper behind them where a lifeline passes."""
    wide = len(words) * size * 0.55
    pen.box(x - wide / 2, y - 5.5, wide, 10, face="#ffffff", zorder=2)
    _text(pen, x, y, words, size, ha="center", weight="bold" if bold else "normal")


def _text(
    pen: Strokes,
    x: float,
    y: float,
    words: str,
    size: float,
    *,
    ha: str = "left",
    color: str = INK,
    weight: str = "normal",
) -> None:
    pen.text(x, y, words, ha=ha, fontsize=size, color=color, family=_SANS, weight=weight, zorder=5)
