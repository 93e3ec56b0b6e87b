"""Why nothing in a world could violate a property: what is missing there, found by adding it to short runs.

No rule is enforced in what is looked at here. What brings the event about is a capability that the attacker has not; or
no attacker does, and then the choices of the design are named that leave no room for it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from model.design import Configuration, Design
from model.world import World
from properties.bounds import Clock, Laid
from properties.engine import Answer
from properties.minimal import preferred
from properties.security import Property
from properties.template import Template

#: What is said where a protocol does not say when a property is violated.
UNDEFINED = "not defined under this protocol"


class Absent(NamedTuple):
    """What would bring an event about where nothing does.

    Attributes:
        capabilities: any of these alone does, under the same design; ``a+b`` where it takes both.
        design: the choices, as ``switch=value``, that together leave no room for it, whatever the attacker has and
            whatever else is chosen. Without capabilities and choices, no short run of the world brings it about.
    """

    capabilities: tuple[str, ...]
    design: tuple[str, ...]


@lru_cache(maxsize=64)
def powers(world: World, design: Design) -> frozenset[str]:
    """The capabilities by which something is in the attacker's hands: some step or event of the world reads them."""
    template = Template(world, design, present=True)
    decides = (value for firing in template.firings for value in firing.decides)
    read = template.circuit.under([*template.events.values(), *decides])
    return frozenset(name for name, literal in template.capabilities.items() if literal.code in read)


def out_of_hand(world: World, configuration: Configuration) -> tuple[str, ...]:
    """That nothing is in the attacker's hands by some of its capabilities, in a sentence; nothing where all count."""
    idle = ", ".join(sorted(configuration.capabilities - powers(world, configuration.design)))
    return (f"in this world and with this design nothing is in the attacker's hands by {idle}",) if idle else ()


def absent(prop: Property, configuration: Configuration, given: Laid, opened: Callable[[], Laid]) -> Absent:
    """What would bring an event about where no rule is enforced.

    Args:
        given: the world with the attacker open, and maybe the design; laid down for short runs.
        opened: makes the same with both open, which is dearer and seldom needed.
    """

    def refuted(laid: Laid, assumed: list[int]) -> set[int] | None:
        """Which of the assumptions rule the event out; ``None`` where it happens."""
        if laid.unrolling.events[prop.name] is False:
            return set()
        unsatisfied = laid.event(prop.name, [*laid.without(prop.name), *assumed], Clock()) is Answer.UNSAT
        return laid.solver.core() if unsatisfied else None

    able, chosen = given.unrolling.capabilities, list(_chosen(given, configuration))
    core = refuted(given, [*chosen, *(-literal for literal in able.values())]) or set()
    alone = [
        name
        for name, literal in able.items()
        if -literal in core
        and refuted(given, [*chosen, literal, *(-other for other in able.values() if other != literal)]) is None
    ]
    if alone:
        return Absent(tuple(alone), ())
    if refuted(given, chosen) is None:
        together = [literal for literal in able.values() if given.solver.holds(literal)]
        for literal in [*together]:
            fewer = [other for other in together if other != literal]
            if refuted(given, [*chosen, *(other if other in fewer else -other for other in able.values())]) is None:
                together = fewer
        return Absent(("+".join(name for name, literal in able.items() if literal in together),), ())
    laid = opened()
    choices = _chosen(laid, configuration)
    kept, _ = preferred([*choices], refuted(laid, [*choices]) or set(), lambda some: refuted(laid, some))
    return Absent((), tuple(choices[literal] for literal in kept))


def _chosen(laid: Laid, configuration: Configuration) -> dict[int, str]:
    """What is to be assumed of the switches that are open, each with the choice that it is."""
    values = laid.unrolling.switches.items()
    return {literal: f"{name}={value}" for (name, value), literal in values if configuration.design.of(name) == value}


def reason(world: World, configuration: Configuration, found: Absent) -> str:
    """Why nothing in a world violates a property, in words."""
    if found.capabilities:
        *others, last = found.capabilities
        named = f"any of {', '.join(others)} and {last}" if others else last
        named = "any capability" if len(found.capabilities) == len(world.model.capabilities) else named
        said = f"nothing that the attacker has brings it about here; {named} would"
        said = said if configuration.capabilities else f"nobody is dishonest; {named} would bring it about"
    elif found.design:
        said = f"with {' and '.join(found.design)} nothing brings it about, whatever the attacker has"
    else:
        said = "no short run of this world brings it about, whatever the design and whatever the attacker has"
    return "; ".join((*out_of_hand(world, configuration), said))
