"""Properties that are not in this repository: additions as :mod:`model.extension` makes them."""

from collections.abc import Callable
from typing import Literal

from model.action import Context
from model.extension import giving, known, new, put
from model.logic import Condition
from model.model import DraftError, built, grow
from model.protocols import PROTOCOLS
from properties.events import AddedEvent
from properties.security import Property, every_property

When = Callable[[Context], Condition]


def violated(
    code: str, words: str = "", protocol: str = "oauth", *, hurts: str = "", harm: str = "", worth: int = 0
) -> Callable[[When], When]:
    """Add a security property: the function says when it is violated, its first line what it says.

    What is violated once stays so: the function asks for what cannot be undone. Figures call it by its ``words``.

    Args:
        hurts: who is hurt (``user``, ``client``, ``resource server``): then it is a harm in populations, the least
            grave of all, and figures of those call it ``harm``.
        worth: what it brings to an attacker who is after money, where one use of a user's data brings 100.
    """
    return _property(code, "security", {"property": words, "harm": harm}, protocol, hurts, worth)


def reached(code: str, words: str = "", protocol: str = "oauth") -> Callable[[When], When]:
    """Add a utility property: the function says when it is reached, its first line what it says."""
    return _property(code, "utility", {"property": words}, protocol)


def _property(
    code: str,
    kind: Literal["security", "utility"],
    words: dict[str, str],
    protocol: str,
    hurts: str = "",
    worth: int = 0,
) -> Callable[[When], When]:
    def decorate(function: When) -> When:
        name, meaning = function.__name__, (function.__doc__ or "").strip().partition("\n")[0]
        every = every_property(built())
        new("property", code, {prop.code for prop in every.values()})
        if not meaning:
            raise DraftError(f"property {name!r} has no docstring: its first line says what it means")
        if worth < 0 or (worth and not hurts):
            raise DraftError(f"property {name!r}: worth is at least 0, and of what hurts somebody, found {worth}")
        grow(
            built().adding(Property, {new("property", name, every): Property(code, name, kind, meaning, hurts, worth)})
        )
        put("words", {(of, name): phrase for of, phrase in words.items() if phrase})
        event = AddedEvent(known("protocol", protocol, PROTOCOLS), giving("condition", function))
        grow(built().adding(AddedEvent, {name: event}))
        return function

    return decorate
