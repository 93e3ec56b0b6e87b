"""Sequence charts as pictures: the chart of :mod:`model.chart` as SVG.

Nothing rests on colour: the attacker's arrows are dashed and open, its values stand in italics behind a bar, secrets
that leak are white on black, and the step that matters has a frame.
"""

import textwrap
from dataclasses import dataclass
from typing import NamedTuple

from model.cast import Participant
from model.chart import Chart, Origin, origin, setting
from model.wire import Arrow
from openworld.colours import ATTACKER, FAINT, INK, LEAK, PAPER
from openworld.pen import Strokes

#: Measures in points: a character of the text, a line, the distance of lifelines, the margin.
_CHARACTER, _SIZE, _LINE, _LANE, _MARGIN, _HEAD = 5.42, 9.0, 13.5, 82.0, 14.0, 46.0
_ROOM = 92
_MONO, _SANS = "DejaVu Sans Mono", "DejaVu Sans"


class _Span(NamedTuple):
    """Words at a place of a line, in characters from its start."""

    at: int
    words: str
    origin: Origin = "honest"
    bold: bool = False
    grey: bool = False


@dataclass(slots=True)
class _Block:
    """What one message, note or refusal takes: lines of spans, with the message whose arrow is on the first."""

    lines: list[list[_Span]]
    message: Arrow | None = None
    decisive: bool = False
    refused: bool = False
    first_of_step: bool = False


def svg(shown: Chart) -> str:
    """A chart as SVG; it names its fonts instead of carrying them."""
    strokes = Strokes(*size(shown))
    draw(strokes, shown)
    return strokes.svg(shown.ending)


def ends(shown: Chart) -> list[float]:
    """Where each step ends, in points from the top."""
    y, found = _top(shown), dict[int, float]()
    for block in _blocks(shown):
        y += _height(block)
        found[block.message.step if block.message else len(found)] = y
    return list(found.values())


def size(shown: Chart) -> tuple[float, float]:
    """Width and height, in points."""
    width = _MARGIN * 2 + _lanes(shown) + _ROOM * _CHARACTER
    rows = sum(map(_height, _blocks(shown)))
    return width, _top(shown) + rows + 10 + _MARGIN + _LINE * 3.2


def _top(shown: Chart) -> float:
    """Where the messages begin: below attacker, design and the heads of the lifelines."""
    return _MARGIN + len(_lead(shown)) * _LINE + 8 + _HEAD


def draw(pen: Strokes, shown: Chart) -> None:
    """Draw a chart with a pen."""
    blocks = _blocks(shown)
    canvas = Canvas(pen, shown, _lanes(shown))
    y = canvas.heads(canvas.lead(_lead(shown), _MARGIN))
    canvas.lifelines(y, y + sum(map(_height, blocks)) + 10)
    for block in blocks:
        canvas.block(block, y, _height(block))
        y += _height(block)
    canvas.foot(y + 10)


def _lanes(shown: Chart) -> float:
    return max(4, len(shown.cast)) * _LANE


def _height(block: _Block) -> float:
    return len(block.lines) * _LINE + (7 if block.first_of_step else 2)


# --- what goes where ---------------------------------------------------------------------------------------


def _lead(shown: Chart) -> list[list[_Span]]:
    """Attacker and design, above the lifelines."""
    lines: list[list[_Span]] = []
    room = _ROOM + int(_lanes(shown) / _CHARACTER)
    for title, entries in zip(("Attacker", "Design"), setting(shown.configuration), strict=True):
        for place, entry in enumerate(entries):
            for part, words in enumerate(_wrapped(entry, room - 10)):
                head = [_Span(0, title, bold=True)] if place == part == 0 else []
                lines.append([*head, _Span(10 if part == 0 else 12, words)])
    return lines


def _blocks(shown: Chart) -> list[_Block]:
    made: list[_Block] = []
    number = 0
    for place, message in enumerate(shown.sent):
        lead = f"{message.step}." if message.step != number else ""
        made.append(_Block(_lines(message, lead), message, message.decisive, first_of_step=bool(lead)))
        number = message.step
        for rule in shown.checks(place):
            words = _wrapped(f"✓ {rule.requirement} ({rule.source})", _ROOM - 4)
            made.append(_Block([[_Span(4, line, grey=True)] for line in words]))
        if refusal := shown.refused_after(place):
            lines = [[_Span(4, line, bold=at == 0)] for at, line in enumerate(_wrapped(refusal.words, _ROOM - 8))]
            made.append(_Block([[], *lines, []], refused=True))
    return made


def _lines(message: Arrow, lead: str) -> list[list[_Span]]:
    """A message: its label, then its values, as many on a line as fit."""
    label = message.label + (f"   [{message.session}]" if message.session else "")
    lines = [[_Span(4, line, bold=True)] for line in _wrapped(label, _ROOM - 4)]
    if lead:
        lines[0].insert(0, _Span(0, lead, bold=True))
    at = _ROOM
    for value in message.values:
        words = f"{'· ' if value.inside else ''}{value.name}={value.text}"
        whose = origin(message, value)
        if at + len(words) > _ROOM:
            lines.append([])
            at = 6
        for part in _cut(words, _ROOM - 6):
            if at + len(part) > _ROOM:
                lines.append([])
                at = 8
            lines[-1].append(_Span(at, part, whose))
            at += len(part) + 3
    lines += [[_Span(6, line, grey=True)] for line in _wrapped(f"({message.note})" if message.note else "", _ROOM - 8)]
    return lines


def _wrapped(words: str, room: int) -> list[str]:
    return textwrap.wrap(words, room, break_on_hyphens=False)


def _cut(words: str, room: int) -> list[str]:
    """Words in pieces that fit, cut behind ``=`` or ``/`` where there is one."""
    pieces = []
    while len(words) > room:
        cut = max(words.rfind("=", 0, room), words.rfind("/", room // 2, room)) + 1 or room
        pieces.append(words[:cut])
        words = words[cut:]
    return [*pieces, words]


# --- drawing -----------------------------------------------------------------------------------------------


class Canvas:
    """Draws the parts of a chart; y runs downwards, in points."""

    def __init__(self, pen: Strokes, shown: Chart, lanes: float) -> None:
        self.pen = pen
        self.shown = shown
        self.places = {one.key: _MARGIN + _LANE * (at + 0.5) for at, one in enumerate(shown.cast)}
        self.left = _MARGIN + lanes + 6
        self.right = _MARGIN + lanes + _ROOM * _CHARACTER + 6

    def lead(self, lines: list[list[_Span]], y: float) -> float:
        for line in lines:
            self._line(line, _MARGIN, y)
            y += _LINE
        return y + 8

    def heads(self, y: float) -> float:
        for one in self.shown.cast:
            self._head(one, y)
        return y + _HEAD

    def _head(self, one: Participant, y: float) -> None:
        x, wide = self.places[one.key], _LANE - 8
        face, ink = (PAPER, INK) if one.honest else (INK, PAPER)
        self.pen.box(x - wide / 2, y, wide, _HEAD - 10, face=face, edge=INK, rounded=one.honest)
        name = one.name.replace(" ", "\n", 1)
        self.pen.text(
            x, y + 11, name, ha="center", color=ink, fontsize=8.2, weight="bold", linespacing=1.0, family=_SANS
        )
        host, _, path = one.url.partition("://")[2].partition("/")
        small = 5.6 * min(1.0, 20 / max(len(host), len(path) + 1, 1))
        self.pen.text(
            x,
            y + 26.5,
            f"{host}\n/{path}" if path else host,
            ha="center",
            color=ink,
            fontsize=small,
            linespacing=1.0,
            family=_SANS,
        )

    def lifelines(self, top: float, bottom: float) -> None:
        for one in self.shown.cast:
            x = self.places[one.key]
            self.pen.plot(
                [x, x],
                [top - 10, bottom],
                color=INK if not one.honest else "#777777",
                linewidth=1.8 if not one.honest else 0.8,
                zorder=1,
            )

    def block(self, block: _Block, y: float, room: float) -> None:
        gap = 5 if block.first_of_step else 0
        if block.decisive:
            low, tall = y + gap - 1, room - gap
            self.pen.box(_MARGIN - 8, low, self.right - _MARGIN + 10, tall, face="#ececec", zorder=0)
            self.pen.box(_MARGIN - 10, low, 4, tall, face=INK, zorder=2)
        if block.refused:
            self.pen.box(
                self.left + 3 * _CHARACTER,
                y + 8,
                self.right - self.left - 24,
                room - 18,
                face=PAPER,
                edge=INK,
                linewidth=2.0,
                zorder=2,
            )
            self._cross(y + room / 2)
        if block.message is not None:
            self.arrow(block.message, y + gap + _LINE * 0.55)
        for line in block.lines:
            self._line(line, self.left, y + gap)
            y += _LINE

    def _cross(self, y: float) -> None:
        """Where the run stops: on the lifeline of the party that refuses the last message."""
        x = self.places[self.shown.sent[-1].receiver]
        self.pen.plot([x], [y], marker="X", markersize=13, color=INK, markeredgecolor=PAPER, zorder=5)

    def arrow(self, message: Arrow, y: float) -> None:
        start, end = self.places[message.sender], self.places[message.receiver]
        color, dash, wide = (INK, "-", 1.1) if message.honest else (ATTACKER, (0, (3.2, 1.6)), 2.0)
        if start == end:
            self.pen.plot(
                [start],
                [y],
                marker="o",
                markersize=6.5,
                markerfacecolor=PAPER,
                markeredgecolor=color,
                markeredgewidth=wide,
                zorder=3,
            )
            return
        way = 1 if end > start else -1
        self.pen.plot(
            [start, end - way * 5], [y, y], color=color, linestyle=dash, linewidth=wide, zorder=3, solid_capstyle="butt"
        )
        head = [(end - way * 7, y - 3.4), (end - way * 0.8, y), (end - way * 7, y + 3.4)]
        xs, ys = zip(*head, strict=True)
        if message.honest:
            self.pen.fill(xs, ys, color=color, zorder=4)
        else:
            self.pen.plot(xs, ys, color=color, linewidth=wide, zorder=4, solid_joinstyle="miter")

    def _line(self, spans: list[_Span], x: float, y: float) -> None:
        """One line of text; ``y`` is its top."""
        for span in spans:
            left, wide = x + span.at * _CHARACTER, len(span.words) * _CHARACTER
            leaked, theirs = span.origin == "leaked", span.origin == "attacker"
            if leaked:
                self.pen.box(left - 3, y + 0.9, wide + 6, _LINE - 1.8, face=LEAK, zorder=4)
            if theirs:
                self.pen.plot(
                    [left - 3.5, left - 3.5],
                    [y + 1.5, y + _LINE - 1.5],
                    color=ATTACKER,
                    linewidth=1.8,
                    zorder=4,
                    solid_capstyle="butt",
                )
            color = PAPER if leaked else ATTACKER if theirs else "#555555" if span.grey else INK
            self.pen.text(
                left,
                y + _LINE * 0.52,
                span.words,
                ha="left",
                family=_MONO,
                fontsize=_SIZE,
                color=color,
                weight="bold" if span.bold or leaked else "normal",
                style="italic" if theirs else "normal",
                zorder=5,
            )

    def foot(self, y: float) -> None:
        """What the last step shows, and what the signs mean."""
        mark = "✕" if self.shown.refusal else "▶"
        self._line([_Span(0, f"{mark} {self.shown.ending}", bold=True)], _MARGIN, y + 3)
        self.pen.plot([_MARGIN, self.right], [y + _LINE * 1.6] * 2, color=FAINT, linewidth=0.6)
        y += _LINE * 1.8
        x = _MARGIN
        for origin_, words in (
            ("honest", "honest value"),
            ("attacker", "value of the attacker's choosing"),
            ("leaked", "secret that reaches the attacker"),
        ):
            self._line([_Span(0, words, origin_)], x + 4, y)  # type: ignore[arg-type]
            x += (len(words) + 4) * _CHARACTER
        for words, honest in (("honest message", True), ("the attacker's doing", False)):
            self._sample(x, y + _LINE * 0.55, honest)
            self._line([_Span(0, words)], x + 40, y)
            x += 40 + (len(words) + 3) * _CHARACTER

    def _sample(self, x: float, y: float, honest: bool) -> None:
        kept = self.places
        self.places = {"from": x, "to": x + 34}
        self.arrow(Arrow(0, "from", "to", "", honest=honest), y)
        self.places = kept
