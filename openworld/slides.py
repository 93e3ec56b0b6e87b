"""Sequence charts by matplotlib, for PDF and PNG: the strokes of :mod:`openworld.sequence`."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from model.chart import Chart
from openworld.pen import ROUND, Strokes
from openworld.plotstyle import rendered, style
from openworld.quoting import Citation
from openworld.sequence import draw, size
from openworld.slide import HEIGHT, WIDTH
from openworld.slide import draw as draw_slide


def sequence(shown: Chart, slide: str | None = None) -> Figure:
    """Draw a chart, or a slide with this at its foot."""
    width, height = size(shown) if slide is None else (WIDTH, HEIGHT)
    with style():
        figure = Figure(figsize=(width / 72, height / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        pen = _Axes(axes, width, height)
        if slide is None:
            draw(pen, shown)
        else:
            draw_slide(pen, shown, slide)
    return figure


def picture(shown: Chart, form: str, citation: Citation | None = None) -> bytes:
    """A chart as the bytes of a file, or a slide that cites where it comes from."""
    return rendered(sequence(shown, citation and citation.short()), form, slide=citation is not None)


class _Axes(Strokes):
    """A pen that draws on axes."""

    def __init__(self, axes: Axes, width: float, height: float) -> None:
        super().__init__(width, height)
        self._axes = axes

    def text(self, x: float, y: float, words: str, **how: Any) -> None:
        self._axes.text(x, y, words, va="center", parse_math=False, **how)

    def plot(self, xs: Any, ys: Any, **how: Any) -> None:
        self._axes.plot(xs, ys, **how)

    def fill(self, xs: Any, ys: Any, **how: Any) -> None:
        self._axes.fill(xs, ys, linewidth=0, **how)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        face: str,
        edge: str = "none",
        linewidth: float = 1.0,
        rounded: bool = False,
        zorder: float = 1,
    ) -> None:
        shape = f"round,pad=0,rounding_size={ROUND}" if rounded else "square,pad=0"
        self._axes.add_patch(
            FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle=shape,
                facecolor=face,
                edgecolor=edge,
                linewidth=linewidth,
                zorder=zorder,
            )
        )
