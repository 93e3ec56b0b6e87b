"""What the notebooks are made of: questions, and their answers as evidence.

Everything works without a widget: :func:`show` answers one question, the functions of
:mod:`openworld.explore.evidence` give tables. :mod:`openworld.explore.controls`, which needs ipywidgets, puts controls
in front of the same answers.
"""

from openworld.explore.asking import ask, result
from openworld.explore.evidence import (
    claimed,
    compared,
    consulted,
    counted,
    crossed,
    flipped,
    gained,
    matching,
    rules,
    short,
    switches,
    turning,
)
from openworld.explore.sizes import SIZE
from openworld.explore.views import Picture, Table, VerdictView, data, figure, show

__all__ = [
    "SIZE",
    "Picture",
    "Table",
    "VerdictView",
    "ask",
    "claimed",
    "compared",
    "consulted",
    "counted",
    "crossed",
    "data",
    "figure",
    "flipped",
    "gained",
    "matching",
    "result",
    "rules",
    "short",
    "show",
    "switches",
    "turning",
]
