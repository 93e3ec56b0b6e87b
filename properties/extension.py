"""Properties that are not in this repository: additions as :mod:`model.extension` makes them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Literal

from model.action import Context
from model.extension import DraftError, add, known, put
from model.logic import Condition
from model.protocols import PROTOCOLS
from model.words import ADDED
from properties.security import PROPERTIES, Property

Event = Callable[[Context], Condition]


def violated(code: str, words: str = "", protocol: str = "oauth") -> Callable[[Event], Event]:
    """Add a security property: the function says when it is violated, its first line what it says.

    What is violated once stays so: the function asks for what cannot be undone. Figures call it by its ``words``.
    """
    return _property(code, "security", words, protocol)


def reached(code: str, words: str = "", protocol: str = "oauth") -> Callable[[Event], Event]:
    """Add a utility property: the function says when it is reached, its first line what it says."""
    return _property(code, "utility", words, protocol)


def _property(code: str, kind: Literal["security", "utility"], words: str, protocol: str) -> Callable[[Event], Event]:
    def decorate(function: Event) -> Event:
        name, meaning = function.__name__, (function.__doc__ or "").strip().partition("\n")[0]
        if code in {prop.code for prop in PROPERTIES.values()}:
            raise DraftError(f"there is a property {code!r} already")
        if not meaning:
            raise DraftError(f"property {name!r} has no docstring: its first line says what it means")
        add("property", PROPERTIES, name, Property(code, name, kind, meaning))
        put(ADDED, {("property", name): words} if words else {})
        events = import_module(f"properties.events.{known('protocol', protocol, PROTOCOLS)}")
        add("event", vars(events), name, function)
        return function

    return decorate
