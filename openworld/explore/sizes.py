"""How much the notebooks compute: the one parameter is the environment variable OPENWORLD_SIZE."""

import os
from dataclasses import dataclass

from model.errors import InputError, hint


class SizeError(InputError):
    """A size that does not exist; the message lists those that do."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a notebook may spend.

    Attributes:
        name: the value of the parameter.
        attempts: attempts in every arm at every point of an experiment.
        lattice: the question to the lattice of mechanisms that is enumerated.
        resource_servers: how many there are in a drawn topology; other parties are fewer in proportion.
        targets: how many of them something goes wrong with, in each topology.
    """

    name: str
    attempts: int
    lattice: str
    resource_servers: int
    targets: int


SIZES = {size.name: size for size in (Size("small", 1_000, "mixup", 40, 6), Size("full", 20_000, "theft", 300, 25))}


def chosen(name: str | None = None) -> Size:
    """The size of a name, or the one that the environment asks for (``full`` if it asks for none).

    Raises:
        SizeError: naming the culprit and what is allowed.
    """
    asked = name or os.environ.get("OPENWORLD_SIZE", "full")
    if asked not in SIZES:
        raise SizeError(f"unknown size {asked!r} in OPENWORLD_SIZE{hint(asked, SIZES)}")
    return SIZES[asked]


SIZE = chosen()
