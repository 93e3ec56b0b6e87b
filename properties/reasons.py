"""Why nothing in a world could violate a property: the reasons that were reviewed and are on file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from model.design import Configuration, parse_switches
from model.switches import CAPABILITIES
from model.world import World
from properties.security import Property, find

#: What is said where a protocol does not say when a property is violated.
UNDEFINED = "not defined under this protocol"

Kind = Literal["irrelevant", "by_construction", "not_modelled"]
_KINDS: dict[Kind, str] = {
    "irrelevant": "nothing is there to bring it about",
    "by_construction": "nobody has to refuse anything",
    "not_modelled": "the world leaves out what it would take",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a property is not violated whatever rules are enforced.

    Attributes:
        property: name of the property.
        protocol: of the worlds it is about.
        without: capabilities none of which the attacker has.
        having: capabilities of which the attacker has at least one; empty where that does not matter.
        design: switches of the design; empty where the design does not matter.
        kind: ``irrelevant`` where nothing could bring it about, ``by_construction`` where the design leaves no room for
            it, ``not_modelled`` where the model is what leaves it out.
        why: in plain words.
    """

    property: str
    protocol: str
    without: frozenset[str]
    having: frozenset[str]
    design: tuple[tuple[str, str], ...]
    kind: Kind
    why: str

    def __str__(self) -> str:
        return f"{self.why} ({self.kind.replace('_', ' ')}: {_KINDS[self.kind]})"

    def about(self, prop: Property, world: World, configuration: Configuration) -> bool:
        """Whether a question is covered."""
        return (
            prop.name == self.property
            and self.protocol == world.protocol
            and self.without.isdisjoint(configuration.capabilities)
            and (not self.having or not self.having.isdisjoint(configuration.capabilities))
            and all(configuration.design[name] == value for name, value in self.design)
        )


@cache
def reasons() -> tuple[Reason, ...]:
    """The reasons on file, in their order."""
    text = files("properties").joinpath("data", "not_in_this_world.toml").read_text(encoding="utf-8")
    return tuple(map(_reason, tomllib.loads(text).get("reason", [])))


def _reason(data: dict[str, Any]) -> Reason:
    kind = next(kind for kind in _KINDS if kind == data["kind"])
    design = tuple(parse_switches(data.get("design", "")).items())
    without = frozenset(CAPABILITIES if data["without"] == ["all"] else data["without"])
    having = frozenset(data.get("with", ()))
    return Reason(find(data["property"]).name, data["protocol"], without, having, design, kind, data["why"])


def reason(prop: Property, world: World, configuration: Configuration) -> str:
    """Why nothing in a world violates a property: the first reason on file, or that there is none."""
    for known in reasons():
        if known.about(prop, world, configuration):
            return str(known)
    return "no rule has to be enforced for it, and why is not on file"
