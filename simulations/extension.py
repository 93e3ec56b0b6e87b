"""Experiments that are not in this repository: additions as :mod:`model.extension` makes them."""

from dataclasses import replace
from pathlib import Path

from model.extension import new
from model.model import DraftError, built, grow
from simulations.catalogue import every_experiment
from simulations.experiment import Experiment
from simulations.experiment_files import parsed


def experiment(name: str, text: str) -> None:
    """Add an experiment, by what its file would say (``openworld simulate matching --format toml`` prints one)."""
    if not name.isidentifier():
        raise DraftError(f"experiment {name!r}: a name is letters, digits and underscores")
    made = replace(parsed(text, Path(name), built()), asked=())
    grow(built().adding(Experiment, {new("experiment", name, every_experiment(built())): made}))
