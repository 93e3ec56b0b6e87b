"""How far one mishap reaches, as the study and its figures ask it: the main kinds, in a population in small."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import partial
from typing import Any

from model.model import Model, oauth
from simulations.blast_radius import BlastRadius, run
from simulations.population import DEFAULT, load
from simulations.processes import in_order

#: What goes wrong. Those that take longest come first, so that workers finish together.
KINDS = ("domain", "resource_server", "authorization_server", "token", "refresh_token")
#: The twentieth part of that population has some hundred resource servers that want tokens.
SCALE = 0.05
SAMPLES, REPLICATIONS = 10, 5


def reached(kinds: Iterable[str] = KINDS, workers: int = 1, **how: Any) -> Generator[BlastRadius]:
    """The blast radius of each kind under each protection, in order, as they come in; ``how``: see :func:`count`."""
    return in_order(partial(count, **how), list(kinds), workers)


def count(
    kind: str,
    seed: int = 1,
    scale: float = SCALE,
    samples: int = SAMPLES,
    replications: int = REPLICATIONS,
    model: Model = oauth(),
) -> BlastRadius:
    """That of one kind, with the command that counts it again."""
    command = (
        f"openworld blast-radius {kind} --population {DEFAULT} --scale {scale:g} --samples {samples} "
        f"--replications {replications} --seed {seed}"
    )
    met = load(DEFAULT, model).scaled(scale)
    return run(kind, met, seed=seed, samples=samples, replications=replications, command=command)
