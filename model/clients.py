"""Deployed clients as designs: which rule variants each of them obeys, and how we know.

The designs are in ``data/clients.toml``. Each was found by fitting what the client was seen to do
(:mod:`simulations.fitting`); a switch that nothing was seen of stays at its baseline.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from model.design import Design


@dataclass(frozen=True, slots=True)
class Client:
    """A deployed client: its name (``implementation==version``), its design, and what decided each switch."""

    name: str
    design: Design
    evidence: Mapping[str, tuple[str, ...]]


@cache
def CLIENTS() -> Mapping[str, Client]:
    text = files("model").joinpath("data", "clients.toml").read_text(encoding="utf-8")
    found: dict[str, Client] = {}
    for stated in tomllib.loads(text).get("design", ()):
        design = Design({name: entry["value"] for name, entry in stated["switches"].items()})
        evidence = {name: tuple(entry["decided_by"]) for name, entry in stated["switches"].items()}
        found.update({name: Client(name, design, evidence) for name in stated["clients"]})
    return found
