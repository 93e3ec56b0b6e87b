"""A session or a grant as rules read it: ``session.issuer`` is the variable ``<session>.issuer``.

Which variables there are says ``reading.pyi`` to type checkers, which is written from :func:`model.state.variables`.
"""

from __future__ import annotations

from collections.abc import Callable

from model.logic import Condition, Value


class Reading:
    """What varies of one thing; ``look`` returns the value of a variable in some reading."""

    __slots__ = ("_look", "who")

    def __init__(self, who: str, look: Callable[[str], Value | Condition]) -> None:
        self.who = who
        self._look = look

    def __getattr__(self, name: str) -> Value | Condition:
        return self._look(f"{self.who}.{name}")


class SessionState(Reading):
    """A session at a client."""

    __slots__ = ()


class GrantState(Reading):
    """A grant of an AS, or a transaction of a proxy."""

    __slots__ = ()


class Moved(SessionState):
    """A session as it is once some of its values are others."""

    __slots__ = ("_values",)

    def __init__(self, session: SessionState, **values: Value | Condition) -> None:
        super().__init__(session.who, session._look)
        self._values = values

    def __getattr__(self, name: str) -> Value | Condition:
        return self._values[name] if name in self._values else super().__getattr__(name)
