"""Explicit-state search: the independent oracle.

Breadth first over the states of the executable machine, one action at a time. It shares the rules with the
solver and nothing else: no circuit, no sweeps, no normal form. Where it finishes, its answer needs no argument.
"""

from dataclasses import dataclass

from model.design import Configuration
from model.machine import Machine, State
from model.world import World
from model.world_file import DEFAULT
from properties.security import PROPERTIES, Property


class TooManyStatesError(RuntimeError):
    """The search was stopped at its limit; nothing may be concluded from it."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """What a search found.

    Attributes:
        states: how many different states are reachable.
        depth: the length of the longest shortest path.
        first: for each property whose event is reachable, the fewest actions that bring it about.
    """

    states: int
    depth: int
    first: dict[str, int]


def explore(
    configuration: Configuration,
    world: World = DEFAULT,
    properties: tuple[Property, ...] | None = None,
    limit: int = 1_000_000,
) -> Exploration:
    """Visit every reachable state.

    Raises:
        TooManyStatesError: more than ``limit`` states.
    """
    machine = Machine(configuration, world)
    asked = tuple(PROPERTIES.values()) if properties is None else properties
    seen: set[State] = {machine.initial}
    frontier: list[State] = [machine.initial]
    first: dict[str, int] = {}
    depth = 0
    while True:
        open_ones = [prop for prop in asked if prop.name not in first]
        for state in frontier:
            context = machine.context(machine.view(state))
            for prop in open_ones:
                if prop.name not in first and prop.event(context):
                    first[prop.name] = depth
        following: list[State] = []
        for state in frontier:
            for _, successor in machine.moves(state):
                if successor not in seen:
                    seen.add(successor)
                    following.append(successor)
            if len(seen) > limit:
                raise TooManyStatesError(f"more than {limit} states")
        if not following:
            return Exploration(len(seen), depth, first)
        frontier = following
        depth += 1
