"""How every figure looks, and how it is written so that the same data gives the same file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

matplotlib.use("Agg")

INK, FAINT, PAPER = "#222222", "#b8b8b8", "#ffffff"
#: What is the attacker's, and what must not reach it.
ATTACKER, LEAK = "#9C3A0B", "#111111"
#: Okabe and Ito's colours: told apart with any colour vision; each goes with a line style and a marker of its own.
SERIES = (
    ("#000000", "-", "o"), ("#D55E00", "--", "s"), ("#0072B2", "-.", "^"), ("#009E73", ":", "D"),
    ("#CC79A7", (0, (5, 1)), "v"), ("#E69F00", (0, (1, 1)), "P"), ("#56B4E9", (0, (3, 1, 1, 1)), "X"),
)  # fmt: skip
#: Cells by result: face, writing, hatch. They differ in lightness as well as in colour.
CELLS = {
    "attack": ("#C4511B", "#ffffff", ""),
    "safe": ("#E8F1F8", "#22506e", ""),
    "reached": ("#E8F1F8", "#22506e", ""),
    "unreachable": ("#6b6b6b", "#ffffff", ""),
    "unknown": ("#ffffff", INK, "////"),
}
FORMATS = ("svg", "pdf", "png")

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    # Glyphs go into the files: as outlines into SVG, as TrueType into PDF.
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "svg.hashsalt": "openworld",
}


@contextmanager
def style() -> Iterator[None]:
    """The settings of every figure."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def rendered(figure: Figure, form: str, title: str = "", caption: str = "") -> bytes:
    """A figure as the bytes of a file, without a date or the version of the software in it."""
    described = {"Title": title, "Description" if form == "svg" else "Subject": caption}
    described = {name: words for name, words in described.items() if words}
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": "openworld", **described},
        "pdf": {"CreationDate": None, "Creator": "openworld", "Producer": "openworld", **described},
        "png": {"Software": None},
    }
    cut: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.1}
    stream = io.BytesIO()
    with style():
        if figure.get_layout_engine() is not None:
            # Laid out once instead of in every format; a figure with a layout needs no cutting.
            cut = {}
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(stream, format=form, metadata=metadata[form], **cut)
    return stream.getvalue()


def save(figure: Figure, stem: Path, title: str = "", caption: str = "") -> list[Path]:
    """Write a figure as SVG, PDF and PNG; SVG and PDF carry title and caption as their metadata."""
    from openworld.files import replacing

    written = []
    for form in FORMATS:
        path = stem.with_name(f"{stem.name}.{form}")
        drawn = rendered(figure, form, title, caption)
        with replacing(path) as temporary:
            temporary.write_bytes(drawn)
        written.append(path)
    return written
