"""Why nothing in a world could violate a property: the reasons that were reviewed and are on file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from model.design import Configuration, parse_switches
from model.world import World
from properties.security import Property, find

#: What is said where a protocol does not say when a property is violated.
UNDEFINED = "not defined under this protocol"

Kind = Literal["irrelevant", "not_modelled"]
_KINDS: dict[str, str] = {
    "irrelevant": "nothing is left out that matters here",
    "not_modelled": "the world leaves out what it would take",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a property is not violated whatever rules are enforced.

    Attributes:
        property: name of the property.
        world: name of the world it is about; empty for all of its worlds.
        without: capabilities none of which the attacker has.
        design: switches of the design; empty where the design does not matter.
        kind: ``irrelevant`` where it should be so, ``not_modelled`` where the model is what leaves it out.
        why: in plain words.
    """

    property: str
    world: str
    without: frozenset[str]
    design: tuple[tuple[str, str], ...]
    kind: Kind
    why: str

    def __str__(self) -> str:
        return f"{self.why} ({self.kind.replace('_', ' ')}: {_KINDS[self.kind]})"

    def about(self, prop: Property, world: World, configuration: Configuration) -> bool:
        """Whether a question is covered."""
        return (
            prop.name == self.property
            and self.world in ("", world.name)
            and self.without.isdisjoint(configuration.capabilities)
            and all(configuration.design[name] == value for name, value in self.design)
        )


@cache
def reasons() -> tuple[Reason, ...]:
    """The reasons on file, in their order."""
    text = files("properties").joinpath("data", "not_in_this_world.toml").read_text(encoding="utf-8")
    return tuple(map(_reason, tomllib.loads(text).get("reason", [])))


def _reason(data: dict[str, Any]) -> Reason:
    kind: Kind = "irrelevant" if data["kind"] == "irrelevant" else "not_modelled"
    design = tuple(parse_switches(data.get("design", "")).items())
    without = frozenset(data.get("without", ()))
    return Reason(find(data["property"]).name, data.get("world", ""), without, design, kind, data["why"])


def reason(prop: Property, world: World, configuration: Configuration) -> str:
    """Why nothing in a world violates a property: the first reason on file, or that there is none."""
    for known in reasons():
        if known.about(prop, world, configuration):
            return str(known)
    return "no rule has to be enforced for it, and why is not on file"
