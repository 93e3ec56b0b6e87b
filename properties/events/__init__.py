"""When a property is violated or reached, one module for each protocol, one function for each property.

A protocol in which nothing of the kind exists has no function for the property: nothing can violate it there.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

from model.action import Context
from model.logic import all_of, any_of
from model.world import World

#: By which honest parties finish, or a sub-agent does where it is asked about those; the first is no property.
COMPLETION, DELEGATED = "completion", "delegate_served"


class AddedEvent(NamedTuple):
    """When a property that a draft adds is violated or reached, in one protocol."""

    protocol: str
    happens: Callable[[Context], Any]


def is_said(name: str, world: World) -> bool:
    """Whether some protocol of a world says when this happens."""
    return any(_events(name, world))


def happens(name: str, context: Context, everywhere: bool = False) -> Any:
    """Whether it happens under one of a world's protocols, or under each that says when; ``False`` where none does."""
    said = [event(context.under(protocol)) for protocol, event in _events(name, context.world)]
    return any_of(*said) if not everywhere else all_of(bool(said), *said)


def _events(name: str, world: World) -> Iterator[tuple[str, Callable[[Context], Any]]]:
    for protocol in world.protocols:
        event = getattr(import_module(f"properties.events.{protocol}"), name, None)
        if event is not None:
            yield protocol, event
        if (added := world.model.further(AddedEvent).get(name)) is not None and added.protocol == protocol:
            yield protocol, added.happens
