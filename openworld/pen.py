"""The few strokes that a chart is made of, written as SVG at once.

Nothing has to be installed for it, and it takes a few milliseconds. Text stays text, which is found, copied and read
aloud, in the named font or another of the same width. :mod:`openworld.slides` makes the same strokes by matplotlib.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

_ANCHORS = {"left": "start", "center": "middle", "right": "end"}
#: The radius of round corners.
ROUND = 4
#: Advance of a character of the fixed-width font, in ems; with it a line takes its room in any font.
_ADVANCE = 0.602


class Strokes:
    """A pen that writes SVG; lengths in points, y downwards."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._drawn: list[tuple[float, str]] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        ha: str,
        fontsize: float,
        color: str,
        family: str,
        weight: str = "normal",
        style: str = "normal",
        linespacing: float = 1.2,
        zorder: float = 3,
        **_: Any,
    ) -> None:
        """Words around a point, centred on it vertically."""
        lines = words.split("\n")
        step = fontsize * 1.15 * linespacing
        top = y - step * (len(lines) - 1) / 2 + fontsize * 0.35
        fixed = "Mono" in family
        generic = "monospace" if fixed else "sans-serif"
        for place, line in enumerate(lines):
            wide = f"{_ADVANCE * fontsize * len(line):.1f}"
            room = f' textLength="{wide}" lengthAdjust="spacingAndGlyphs"' if fixed else ""
            self._draw(
                zorder,
                f'<text x="{x:.1f}" y="{top + place * step:.1f}" text-anchor="{_ANCHORS[ha]}" fill="{color}" '
                f'font-family="{family}, {generic}" font-size="{fontsize}" font-weight="{weight}" '
                f'font-style="{style}"{room} xml:space="preserve">{escape(line)}</text>',
            )

    def plot(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        color: str = "#000000",
        linestyle: Any = "-",
        linewidth: float = 1.0,
        marker: str = "",
        markersize: float = 0.0,
        markerfacecolor: str | None = None,
        markeredgecolor: str | None = None,
        markeredgewidth: float = 1.0,
        zorder: float = 2,
        **_: Any,
    ) -> None:
        """A line through points, or a mark at one."""
        if marker:
            half, face, edge = markersize / 2, markerfacecolor or color, markeredgecolor or color
            at = (
                f'<circle cx="{xs[0]:.1f}" cy="{ys[0]:.1f}" r="{half:.1f}"'
                if marker == "o"
                else f'<path transform="translate({xs[0]:.1f} {ys[0]:.1f}) scale({half:.1f})" d="{_CROSS}" '
                'vector-effect="non-scaling-stroke"'
            )
            self._draw(zorder, f'{at} fill="{face}" stroke="{edge}" stroke-width="{markeredgewidth}"/>')
            return
        dash = ""
        if isinstance(linestyle, tuple):
            dash = f' stroke-dasharray="{" ".join(f"{part * linewidth:.1f}" for part in linestyle[1])}"'
        self._draw(
            zorder,
            f'<polyline points="{_points(xs, ys)}" fill="none" stroke="{color}" stroke-width="{linewidth}"{dash}/>',
        )

    def fill(self, xs: Sequence[float], ys: Sequence[float], *, color: str, zorder: float = 1, **_: Any) -> None:
        """A filled polygon."""
        self._draw(zorder, f'<polygon points="{_points(xs, ys)}" fill="{color}"/>')

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        face: str,
        edge: str = "",
        linewidth: float = 1.0,
        rounded: bool = False,
        zorder: float = 1,
    ) -> None:
        """A rectangle, with or without round corners."""
        more = f' rx="{ROUND}"' if rounded else ""
        if edge:
            more += f' stroke="{edge}" stroke-width="{linewidth}"'
        room = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        self._draw(zorder, f'<rect {room} fill="{face}"{more}/>')

    def svg(self, title: str) -> str:
        """The picture; ``title`` is what it says to those who do not see it."""
        size = f'width="{self.width:.0f}pt" height="{self.height:.0f}pt"'
        body = "\n".join(drawn for _, drawn in sorted(self._drawn, key=lambda item: item[0]))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
            f'viewBox="0 0 {self.width:.1f} {self.height:.1f}" role="img">\n<title>{escape(title)}</title>\n'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
        )

    def _draw(self, zorder: float, drawn: str) -> None:
        self._drawn.append((zorder, drawn))


#: A filled X that reaches from -1 to 1.
_CROSS = "M-.5-1 0-.5 .5-1 1-.5 .5 0 1 .5 .5 1 0 .5-.5 1-1 .5-.5 0-1-.5Z"


def _points(xs: Sequence[float], ys: Sequence[float]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
