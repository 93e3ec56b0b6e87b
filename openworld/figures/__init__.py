"""Figures, drawn from tables only.

Every function takes tidy tables and gives back a figure; nothing here asks the model or the solver.
"""

from __future__ import annotations

from openworld.figures.clients import client_ends
from openworld.figures.drafts import bought
from openworld.figures.effects import effects
from openworld.figures.funnels import funnel
from openworld.figures.lattices import sets
from openworld.figures.rates import differences, measured, pair, rates
from openworld.figures.reach import blast_radius
from openworld.figures.trade import trade
from openworld.figures.trust import trust_graph
from openworld.figures.verdicts import attacker_overview, client_verdicts, flip_matrix, verdict_matrix

__all__ = [
    "attacker_overview", "blast_radius", "bought", "client_ends", "client_verdicts", "differences", "effects",
    "flip_matrix", "funnel", "measured", "pair", "rates", "sets", "trade", "trust_graph",
    "verdict_matrix",
]  # fmt: skip
