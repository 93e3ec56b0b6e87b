"""Whom a single question is put to: z3, and MiniSat where there is no z3 to be had, as in a browser.

Where many questions are asked in a row MiniSat answers all of them (:mod:`properties.checker`).
"""

from properties.engine import Engine

SINGLE: type[Engine]
try:
    from properties.solver import Solver
except ModuleNotFoundError:
    from properties.minisat import MiniSat

    SINGLE = MiniSat
else:
    SINGLE = Solver
