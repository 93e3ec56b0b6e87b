"""Why nothing in a world could violate a property: the reasons that were reviewed and are on file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from model.design import Configuration, parse_switches
from model.world import World
from model.world_file import WORLDS
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
        properties: names of the properties.
        protocol: of the worlds it is about.
        worlds: names of those worlds; empty for all of the protocol, but for ``elsewhere``.
        elsewhere: names of the worlds that it is not about.
        under: all that the attacker may have; a capability that is not among these it does not have.
        own: whether it is also about worlds in which the attacker runs servers in a session of its own.
        having: capabilities of which the attacker has at least one; empty where that does not matter.
        design: switches of the design; empty where the design does not matter.
        kind: ``irrelevant`` where nothing could bring it about, ``by_construction`` where the design leaves no room for
            it, ``not_modelled`` where the model is what leaves it out.
        why: in plain words.
    """

    properties: tuple[str, ...]
    protocol: str
    worlds: frozenset[str]
    elsewhere: frozenset[str]
    under: frozenset[str]
    own: bool
    having: frozenset[str]
    design: tuple[tuple[str, str], ...]
    kind: Kind
    why: str

    def __str__(self) -> str:
        return f"{self.why} ({self.kind.replace('_', ' ')}: {_KINDS[self.kind]})"

    def of(self, world: World) -> bool:
        """Whether it is about a world of one protocol, or about what there is of one in a world.

        What it says of a design says nothing of a party that has a switch of it for itself.
        """
        named = world.protocols == (self.protocol,) and (
            world.name in self.worlds if self.worlds else world.name not in self.elsewhere
        )
        return named and self._is_everybodys(name for party in world.parties for name in party.settings)

    def _is_everybodys(self, own: Iterable[str]) -> bool:
        return not {name for name, _ in self.design} & set(own)

    def about(self, prop: Property, world: World, configuration: Configuration) -> bool:
        """Whether a question is covered: what the attacker has that reaches nothing in the world does not count."""
        reaching = configuration.capabilities - idle(world, configuration)
        return (
            prop.name in self.properties
            and self.of(world)
            and self._is_everybodys(name for _, name in configuration.design.parties)
            and reaching <= self.under
            and (bool(self.under) or not configuration.capabilities)
            and (self.own or not (world.own_servers and _has_a_session(configuration)))
            and (not self.having or not self.having.isdisjoint(reaching))
            and all(configuration.design[name] == value for name, value in self.design)
        )


def _has_a_session(configuration: Configuration) -> bool:
    """Whether the attacker may have a session at a client, where a world has one for it."""
    design = configuration.design
    own = (value for (_, name), value in design.parties.items() if name == "client_instances")
    return bool(configuration.capabilities) and "multi_user" in (design.client_instances, *own)


#: The capabilities that put something of a world in the attacker's hands; what others do is the same in every world.
PLACED = frozenset[str]().union(*(world.capabilities for world in WORLDS.values()))


def idle(world: World, configuration: Configuration) -> frozenset[str]:
    """The capabilities that reach nothing here: other worlds have what they are about."""
    return configuration.capabilities & (PLACED - world.capabilities)


def out_of_hand(world: World, configuration: Configuration) -> tuple[str, ...]:
    """That capabilities reach nothing here, in a sentence; nothing where all of them do."""
    nothing = ", ".join(sorted(idle(world, configuration)))
    return (f"nothing in this world is in the attacker's hands by {nothing}",) if nothing else ()


@cache
def reasons() -> tuple[Reason, ...]:
    """The reasons on file, in their order."""
    text = files("properties").joinpath("data", "not_in_this_world.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return tuple(made for each in data["reason"] for made in _reasons(each, data["groups"]))


def _reasons(data: dict[str, Any], groups: dict[str, list[str]]) -> Iterator[Reason]:
    """An entry, once for each design that it names."""
    kind = next(kind for kind in _KINDS if kind == data["kind"])
    designs = data.get("design", "")
    under = frozenset(name for known in data["under"] for name in groups.get(known, [known]))
    having = frozenset(data.get("with", ()))
    worlds, elsewhere = frozenset(data.get("worlds", ())), frozenset(data.get("not_in", ()))
    named = data["property"] if isinstance(data["property"], list) else [data["property"]]
    names = tuple(find(name).name for name in named)
    may, own = under - {*data.get("but", ())}, data.get("own", "yes") == "yes"
    for text in [designs] if isinstance(designs, str) else designs:
        design = tuple(parse_switches(text).items())
        yield Reason(names, data["protocol"], worlds, elsewhere, may, own, having, design, kind, data["why"])


def reason(prop: Property, world: World, configuration: Configuration) -> str:
    """Why nothing in a world violates a property: the first reason on file, or that there is none."""
    here = out_of_hand(world, configuration)
    found = [on_file(prop, part, configuration) for part in map(world.under, world.protocols) if prop.defined(part)]
    said = [str(known) for known in found if known is not None]
    if len(said) < len(found):
        said = ["no rule has to be enforced for it, and why is not on file"]
    return "; ".join((*here, *said))


def on_file(prop: Property, world: World, configuration: Configuration) -> Reason | None:
    """The first reason on file why nothing violates a property in a world of one protocol."""
    return next((known for known in reasons() if known.about(prop, world, configuration)), None)
