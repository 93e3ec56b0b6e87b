"""Which steps a search through the states of a world has to try: those that can happen at all and matter to something.

Read off the template of the world once, for all designs.
"""

from functools import cache

from model.world import World
from properties.closure import Closure
from properties.template import Template


@cache
def possible(world: World, capabilities: frozenset[str]) -> frozenset[str]:
    """The names of the actions that may happen in a world and matter to some property, whatever the design."""
    template, closure = laid_down(world)
    given = [code for switch in template.switches.values() for code in (switch.code, -switch.code)]
    given += [rule.code for rule in template.enforced.values()]
    given += [
        template.capabilities[name].code * (1 if name in capabilities else -1) for name in world.model.capabilities
    ]
    return closure.reached(given, template.enforced).actions


@cache
def preparations(world: World) -> frozenset[str]:
    """The names of the attacker's steps that only prepare others, and so cost it nothing whenever they come.

    They write facts alone, which no property reads and which hinder no step. Where one can be taken, what follows
    without it follows with it as well.
    """
    template, _ = laid_down(world)
    free = template.facts.difference(template.hindering, *template.asks.values())
    return frozenset(
        firing.action.name
        for firing in template.firings
        if not firing.action.schema.honest and free.issuperset(firing.writes)
    )


@cache
def laid_down(world: World) -> tuple[Template, Closure]:
    """The template of a world for all designs and attackers, and what can happen in it."""
    template = Template(world)
    return template, Closure(template)
