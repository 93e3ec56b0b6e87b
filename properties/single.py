"""Whom a single question is put to: z3, and MiniSat where there is no z3 to be had, as in a browser.

Where many questions are asked in a row MiniSat answers all of them (:mod:`properties.checker`).
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from properties.engine import Engine
from properties.minisat import MiniSat

SINGLE: type[Engine]
try:
    from properties.solver import Solver
except ModuleNotFoundError:
    SINGLE = MiniSat
else:
    SINGLE = Solver


def versions() -> str:
    """The packages that answer and their versions, for results to record."""
    return ", ".join(f"{package} {_version(package)}" for package in ("z3-solver", "python-sat"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
