"""How every figure looks, and how it is written so that the same data gives the same file."""

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from openworld.colours import INK, PAPER
from openworld.files import replacing

matplotlib.use("Agg")

#: Okabe and Ito's colours: told apart with any colour vision; each goes with a line style and a marker of its own.
SERIES = (
    ("#000000", "-", "o"), ("#D55E00", "--", "s"), ("#0072B2", "-.", "^"), ("#009E73", ":", "D"),
    ("#CC79A7", (0, (5, 1)), "v"), ("#E69F00", (0, (1, 1)), "P"), ("#56B4E9", (0, (3, 1, 1, 1)), "X"),
    ("#7A7A7A", (0, (2, 2)), "*"),
)  # fmt: skip
#: Cells by result: face, writing, hatch. They differ in lightness as well as in colour.
FILLS = {
    "attack": ("#C4511B", "#ffffff", ""),
    "safe": ("#E8F1F8", "#22506e", ""),
    "unread": ("#ffffff", "#22506e", "...."),
    "reached": ("#E8F1F8", "#22506e", ""),
    "not_reached": ("#6b6b6b", "#ffffff", ""),
    "not_in_this_world": ("#dcdcdc", "#555555", ""),
    "unknown": ("#ffffff", INK, "////"),
}
FORMATS = ("svg", "pdf", "png")
#: Captions are at least so many inches wide.
_NARROWEST = 5.0

_SETTINGS: Any = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # every text of an SVG names all that stand here
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # names come from tables, and a dollar in one is a dollar
    "figure.facecolor": PAPER,
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    # Text stays text in SVG, which is found and copied, and is small; glyphs go into PDF as TrueType.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "openworld",
}


@contextmanager
def style() -> Iterator[None]:
    """The settings of every figure."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def captioned(figure: Figure, caption: str) -> Figure:
    """The figure with its caption below whatever is drawn."""
    with style():
        _lay_out(figure)
        drawn = figure.get_tightbbox()
        room = int(max(drawn.width, _NARROWEST) * 72 / 4.5)
        left, low = drawn.x0 / figure.get_figwidth(), (drawn.y0 - 0.12) / figure.get_figheight()
        figure.text(left, low, textwrap.fill(caption, room), va="top", fontsize=7.5, color="#444444")
    return figure


def _lay_out(figure: Figure) -> None:
    """Lay a figure out once instead of in every format."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine(None)  # "none" leaves one in its place that lays out again
        for legend in figure.legends:
            # Held where it is when saving grows the page.
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=figure.transFigure)


def bare(axes: Axes) -> None:
    """Leave nothing of the frame of a panel but the names at its ticks."""
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def ruled(axes: Axes, axis: Literal["both", "x", "y"] = "both") -> None:
    """Faint lines behind whatever is drawn."""
    axes.grid(axis=axis, color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)


def page(figure: Figure, slide: bool = False) -> Bbox:
    """The page that a figure is written to, in inches: as large as what is drawn; of a slide 16:9."""
    box = figure.get_tightbbox().padded(0.1)
    if not slide:
        return box
    wide, high = max(box.width, box.height * 16 / 9), max(box.height, box.width * 9 / 16)
    return box.expanded(wide / box.width, high / box.height)


def titled(figure: Figure, title: str) -> None:
    """A title above everything, on as many lines as it needs."""
    if title:
        room = int(figure.get_figwidth() * 72 / 7.3)
        figure.suptitle(textwrap.fill(title, room), x=0.01, ha="left", fontsize=11, weight="bold")


def rendered(figure: Figure, form: str, title: str = "", caption: str = "", slide: bool = False) -> bytes:
    """A figure as the bytes of a file, without a date or the version of the software in it."""
    described = {"Title": title, "Description" if form == "svg" else "Subject": caption}
    described = {name: words for name, words in described.items() if words}
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": "openworld", **described},
        "pdf": {"CreationDate": None, "Creator": "openworld", "Producer": "openworld", **described},
        "png": {"Software": None},
    }
    stream = io.BytesIO()
    with style():
        _lay_out(figure)
        # Asked here, because savefig would draw everything twice to find out.
        figure.savefig(stream, format=form, metadata=metadata[form], bbox_inches=page(figure, slide))
    return stream.getvalue()


def save(figure: Figure, stem: Path, title: str = "", caption: str = "", slide: bool = False) -> list[Path]:
    """Write a figure as SVG, PDF and PNG; SVG and PDF carry title and caption as their metadata."""
    written = []
    for form in FORMATS:
        path = stem.with_name(f"{stem.name}.{form}")
        drawn = rendered(figure, form, title, caption, slide)
        with replacing(path) as temporary:
            temporary.write_bytes(drawn)
        written.append(path)
    return written
