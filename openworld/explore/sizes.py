"""How much the notebooks compute: the one parameter is the environment variable OPENWORLD_SIZE."""

from __future__ import annotations

import os
from dataclasses import dataclass

from model.errors import InputError


class SizeError(InputError):
    """A size that does not exist; the message lists those that do."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a notebook may spend.

    Attributes:
        name: the value of the parameter.
        attempts: attempts in every arm at every point of an experiment.
        sweep: at most so many points of an experiment's sweep.
        mechanisms: so many mechanisms in the lattices that are enumerated (the first ones of those asked about).
    """

    name: str
    attempts: int
    sweep: int
    mechanisms: int


SIZES = {size.name: size for size in (Size("small", 1_000, 3, 8), Size("full", 20_000, 11, 26))}


def chosen(name: str | None = None) -> Size:
    """The size of a name, or the one that the environment asks for (``full`` if it asks for none).

    Raises:
        SizeError: naming the culprit and what is allowed.
    """
    asked = name or os.environ.get("OPENWORLD_SIZE", "full")
    if asked not in SIZES:
        raise SizeError(f"unknown size {asked!r} in OPENWORLD_SIZE; allowed: {', '.join(SIZES)}")
    return SIZES[asked]


SIZE = chosen()
