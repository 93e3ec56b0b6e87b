"""Experiments that are not in this repository: additions as :mod:`model.extension` makes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from model.extension import DraftError, add
from simulations.catalogue import EXPERIMENTS
from simulations.experiment_files import parsed


def experiment(name: str, text: str) -> None:
    """Add an experiment, by what its file would say (``openworld simulate matching --file`` prints one)."""
    if not name.isidentifier():
        raise DraftError(f"experiment {name!r}: a name is letters, digits and underscores")
    add("experiment", EXPERIMENTS, name, replace(parsed(text, Path(name)), asked=()))
