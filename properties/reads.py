"""Which switches a world reads: one that is asked for by name and read by nothing would be believed to have held."""

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import files

from model.design import Configuration, Design, check_parties, own_switches
from model.model import Model, oauth
from model.switches import ConfigurationError, Switch
from model.world import World
from model.world_file import worlds
from properties.attackers import configured
from properties.security import Property, find
from properties.template import Own, Template

#: Switches that are there to show that they change nothing, with what that shows.
WITHOUT_EFFECT = {"https_only": "https does not keep a name from resolving to an internal address"}

#: Where switches are read that no world holds anything of.
_READ_BY = {
    "conduct": "conversations with clients (`openworld clients`)",
    "serving": "resource servers that are driven (`openworld conform --resource-server`)",
}


@cache
def _on_file() -> dict[str, frozenset[str]]:
    text = files("properties").joinpath("data", "unread.toml").read_text(encoding="utf-8")
    return {name: frozenset(switches) for name, switches in tomllib.loads(text).items()}


def unread(world: World) -> frozenset[str]:
    """The switches that nothing in a world reads; of one that does not ship, those that none of its protocol does.

    What was found of worlds that ship is on file. With a draft it is found anew, of any world, and of one that has just
    been put there.
    """
    model, shipped = world.model, worlds(world.model)
    ships = world == shipped.get(world.name)
    if ships and world.name in _on_file() and not model.drafts:
        return _on_file()[world.name]
    if ships or model.drafts:
        return frozenset(name for name, switch in model.switches.items() if switch.in_worlds) - read_by(world)
    alike = [unread(known) for known in shipped.values() if set(known.protocols) & set(world.protocols)]
    return frozenset.intersection(*alike) if alike else frozenset()


@cache
def alike_in_worlds() -> frozenset[str]:
    """The switches of conduct that no attack depends on, though worlds do not tell apart what a client does by them."""
    return frozenset(tomllib.loads(files("properties").joinpath("data", "conduct.toml").read_text(encoding="utf-8")))


def not_read(world: World, design: Design) -> tuple[str, ...]:
    """What a design does otherwise than the baseline where a world does not look, as ``switch=value``.

    Of a client that was measured more is known than of the switches that specifications have. What no attack depends
    on is left out.
    """
    switches = world.model.switches
    conduct = {name: value for name, value in design.changes().items() if switches[name].kind == "conduct"}
    open_ones = conduct.keys() - alike_in_worlds()
    nothing = unread(world) if open_ones else frozenset[str]()
    return tuple(
        f"{name}={value}"
        for name, value in conduct.items()
        if name in open_ones and _is_unread(switches[name], nothing)
    )


def _is_unread(switch: Switch, nothing: Collection[str]) -> bool:
    """Whether no world has a switch, or one where ``nothing`` reads these does not."""
    return switch.name in nothing or not switch.in_worlds


@cache
def read_by(world: World, own: Own = ()) -> frozenset[str]:
    """The switches on which some step or some event of a world depends, whatever the others are.

    ``own``: those that single parties have for themselves, as ``(party, switch)``.
    """
    template = Template(world, own=own)
    decides = [*template.events.values(), *(value for firing in template.firings for value in firing.decides)]
    seen = template.circuit.under(decides)
    read = (name for (name, _), literal in template.switches.items() if literal.code in seen)
    return frozenset(name.rpartition(":")[2] for name in read) | {"protocol"}


def check_read(prop: Property, configuration: Configuration, named: Iterable[str]) -> None:
    """Make sure that all switches that a question names itself are read where it is asked.

    A world that it names runs the protocol that its design has.

    Raises:
        ConfigurationError: naming one that is not, or the protocols that the world runs.
    """
    world, named = prop.world_of(configuration), list(named)
    asked, usual = configuration.design.protocol, world.model.switches["protocol"].baseline
    if configuration.world and asked not in world.protocols and (asked != usual or "protocol" in named):
        runs = " and ".join(world.protocols)
        raise ConfigurationError(f"world {world.name!r} runs {runs}, and the question is about protocol={asked}")
    nothing = unread(world) - WITHOUT_EFFECT.keys() if named else frozenset[str]()
    if own := tuple((party, name) for party, name in configuration.design.parties if name in nothing):
        nothing -= read_by(world, own)  # where each party has a switch for itself nobody reads that of all
    for name in named:
        if not world.model.switches[name].in_worlds:
            by = _READ_BY[world.model.switches[name].kind]
            raise ConfigurationError(f"switch {name!r} is read by {by}; no verdict depends on it")
        if name in nothing:
            raise ConfigurationError(f"switch {name!r} is read by nothing in world {world.name!r}")


def askable(prop: Property, configuration: Configuration) -> Configuration:
    """Return the same question without the switches that nothing reads where it is asked, as a design names some.

    Its text can be asked by itself (:func:`check_read`), and has the same run.
    """
    world = prop.world_of(configuration)
    nothing, switches = unread(world) - WITHOUT_EFFECT.keys(), world.model.switches
    unheard = (name for name in configuration.design if _is_unread(switches[name], nothing))
    design = configuration.design.but(**{name: switches[name].baseline for name in unheard})
    return replace(configuration, design=design)


def asked_for(name: str, text: str, model: Model = oauth()) -> tuple[Property, Configuration]:
    """The question that two texts are, about A1 of RFC 9700 where they name no attacker.

    Every switch that they name is read where it is asked.

    Raises:
        InputError: a property, a switch, a party or a world that does not exist, or that nothing there reads.
    """
    asked = find(name, model)
    configuration = configured(asked, text, model)
    check_read(asked, configuration, own_switches(text, model))
    check_parties(configuration.design, asked.world_of(configuration))
    return asked, configuration
