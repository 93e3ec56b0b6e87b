"""A scenario: an honest world with some messages changed, and what the client is asked to do in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: Takes a field away.
ABSENT: Any = object()

Source = Literal["catalogue", "attack", "mutation"]


@dataclass(frozen=True, slots=True)
class Change:
    """One message of one party differs from the honest one.

    Attributes:
        party: who says it; ``"*"`` for every party.
        message: which message.
        fields: fields to set, or to take away (:data:`ABSENT`); ``{party}`` in a text stands for an origin.
        at: where a document is found instead of its honest places, as URLs; None leaves them.
        status, headers, manner, raw: what differs in the response itself.
        after: applies once so many calls have been accepted.
    """

    party: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    at: tuple[str, ...] | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: str = ""
    raw: bytes | None = None
    after: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played for one run of a client.

    Attributes:
        name: unique among all scenarios.
        source: where it comes from.
        about: in words.
        url: the resource URL that the client is given.
        calls: how many calls it makes.
        documents: whether the client has a client metadata document.
        design: switches of the played servers that are not at their baseline.
        roles: parties that do more than their own: ``{"rs": ("authorization_server",)}``.
        issuers: issuer identifiers that are not the party's origin.
        down: parties that refuse connections.
        attack: the property that an attack trace violates, where that is the source.
    """

    name: str
    source: Source
    about: str
    url: str = "{rs}/mcp"
    calls: int = 1
    documents: bool = False
    design: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    issuers: Mapping[str, str] = field(default_factory=dict)
    down: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    attack: str = ""
