"""What the notebooks are made of: questions, and their answers as evidence.

Everything works without a widget: :func:`show` answers one question, the functions of
:mod:`openworld.explore.evidence` give tables. :mod:`openworld.explore.controls`, which needs ipywidgets, puts controls
in front of the same answers. All of it is imported when it is asked for here.
"""

from importlib import import_module
from typing import Any

#: What there is, by its module.
_NAMES = {
    "openworld.explore.asking": ("ask", "result"),
    "openworld.explore.evidence": (
        "claimed", "compared", "consulted", "counted", "crossed", "flipped", "gained", "matching", "rules", "short",
        "switches", "turning",
    ),
    "openworld.explore.views": ("SIZE", "Picture", "Table", "VerdictView", "data", "figure", "show", "slide"),
    "openworld.explore.controls": ("explore", "explore_attacks", "explore_mishaps", "explore_shares"),
    "openworld.explore.gallery": ("at_work", "catalogue"),
    "openworld.explore.populations": ("Share", "at", "summary", "swept"),
    "openworld.explore.blast": ("arms", "mishap", "reach", "sized", "topology", "worst"),
    "openworld.explore.proposals": ("weakest",),
    "openworld.explore.deployed": ("accepting", "designed", "latest", "share", "tried"),
    "properties.designs": ("MECHANISMS",),
    "simulations.blast_radius": ("run",),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for module, names in _NAMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
