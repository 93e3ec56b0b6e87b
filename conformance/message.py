"""What a played party says: a message of the protocol as named fields, and the HTTP response made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

#: How the user agent names itself that drivers open authorization URLs with, and how people's do.
USER_AGENTS = ("openworld-user-agent", "Mozilla/")

#: How a response travels: whole; a byte now and then; without end; cut in the middle; not HTTP at all.
Manner = Literal["whole", "drip", "endless", "cut", "garbage"]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it arrived.

    Attributes:
        party: who was asked.
        url: the whole URL, with the origin of the party, nothing normalised.
        form: parameters of the URL and of a form body.
    """

    party: str
    method: str
    url: str
    headers: dict[str, str]
    body: str
    form: tuple[tuple[str, str], ...]

    @classmethod
    def arrived(cls, party: str, method: str, url: str, headers: Mapping[str, str], body: str) -> Self:
        """A request as it came over the wire."""
        named = {name.lower(): value for name, value in headers.items()}
        form = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        if "x-www-form-urlencoded" in named.get("content-type", ""):
            form += parse_qsl(body, keep_blank_values=True)
        return cls(party, method, url, named, body, tuple(form))

    @property
    def by(self) -> str:
        """Who asks: the user agent or the client."""
        agent = self.headers.get("user-agent", "")
        return "user_agent" if any(name in agent for name in USER_AGENTS) else "client"

    @property
    def place(self) -> str:
        """The URL without its query."""
        return self.url.partition("?")[0]

    def value(self, name: str) -> str:
        """The first value of a parameter, or nothing."""
        return next((value for key, value in self.form if key == name), "")

    def values(self, name: str) -> list[str]:
        """All values of a parameter."""
        return [value for key, value in self.form if key == name]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, or an empty one."""
        try:
            sent = json.loads(self.body)
        except ValueError:
            return {}
        return sent if isinstance(sent, dict) else {}


@dataclass(frozen=True, slots=True)
class WireMessage:
    """An answer in the words of the protocol.

    Attributes:
        name: which message, such as ``resource_metadata``; nothing where nothing is found.
        fields: members of a JSON document, parameters of a redirect or of a challenge.
        target: the redirect URI, for an authorization response.
        manner: how the response travels.
        raw: a body that takes the place of the one made of the fields.
        cookies: Set-Cookie headers.
    """

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    target: str = ""
    manner: Manner = "whole"
    raw: bytes | None = None
    cookies: tuple[str, ...] = ()

    def but(self, **fields: Any) -> WireMessage:
        """The same message with some fields set."""
        return replace(self, fields={**self.fields, **fields})


@dataclass(frozen=True, slots=True)
class Response:
    """What goes over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes
    manner: Manner = "whole"
    cookies: tuple[str, ...] = ()


def response(message: WireMessage) -> Response:
    """The HTTP response that carries a message."""
    headers, body = dict(message.headers), message.raw
    if message.target:
        headers.setdefault("Location", _with_query(message.target, message.fields))
    elif message.name == "challenge" and body is None:
        headers["WWW-Authenticate"] = _challenge(message.fields)
    if body is None and message.fields and not message.target:
        shown = {key: value for key, value in message.fields.items() if message.name != "challenge" or key == "error"}
        body = json.dumps(shown).encode()
    if body:
        headers.setdefault("Content-Type", "application/json")
    return Response(message.status, headers, body or b"", message.manner, message.cookies)


def _challenge(fields: dict[str, Any]) -> str:
    parameters = ", ".join(f'{name}="{value}"' for name, value in fields.items() if name != "scheme")
    return f"{fields.get('scheme', 'Bearer')} {parameters}".rstrip()


def _with_query(url: str, fields: dict[str, Any]) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *fields.items()])
    return urlunsplit(parts._replace(query=query))
