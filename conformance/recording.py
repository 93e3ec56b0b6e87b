"""What was seen: every request that reached a played party, in order, and the HTTP Archive made of it.

The format is HAR 1.2; fields that begin with an underscore are ours, as the format allows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from conformance.message import WireRequest

#: Longer request bodies are cut in an archive.
KEPT = 65_536

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and how it was answered.

    Attributes:
        party: who was asked.
        message: the message of the protocol that answered, or nothing where there was none.
        by: ``user_agent`` for the browser of the user, ``attacker``, else ``client``.
        status: 0 where the connection was cut instead.
        seconds: from the arrival of the request to the end of the answer.
        act: the place of the session at the client in which it was made.
    """

    party: str
    message: str
    by: str
    method: str
    url: str
    headers: Pairs
    body: str
    status: int = 0
    response_headers: Pairs = ()
    response_body: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    act: int = 0

    @classmethod
    def of(cls, asked: WireRequest, message: str = "") -> Self:
        """A request that has just arrived, and the message that will answer it."""
        headers = tuple(asked.headers.items())
        return cls(asked.party, message, asked.by, asked.method, asked.url, headers, asked.body)

    def header(self, name: str) -> str:
        """A header of the request, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def answered(self, name: str) -> str:
        """A member of the JSON object that it was answered with, or nothing."""
        try:
            said = json.loads(self.response_body)
        except ValueError:
            return ""
        return str(said.get(name, "")) if isinstance(said, dict) else ""

    @property
    def query(self) -> Pairs:
        """The parameters in the URL, as sent."""
        return tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def form(self) -> Pairs:
        """The parameters in the body, where it is a form."""
        if "x-www-form-urlencoded" not in self.header("content-type"):
            return ()
        return tuple(parse_qsl(self.body, keep_blank_values=True))

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a parameter, from URL and form."""
        return tuple(value for key, value in (*self.query, *self.form) if key == name)

    def value(self, name: str) -> str:
        """The first value of a parameter, or nothing."""
        return next(iter(self.values(name)), "")


@dataclass(slots=True)
class Recording:
    """The exchanges of one scenario, in the order in which the requests arrived."""

    exchanges: list[Exchange] = field(default_factory=list)

    def add(self, exchange: Exchange) -> int:
        """Append an exchange; returns its place."""
        self.exchanges.append(exchange)
        return len(self.exchanges) - 1

    def of(self, message: str, party: str = "") -> list[Exchange]:
        """The exchanges answered with a message, by one party or by any."""
        return [seen for seen in self.exchanges if seen.message == message and party in ("", seen.party)]

    def har(self, title: str, losses: Mapping[int, Sequence[str]] | None = None) -> dict[str, Any]:
        """The recording as an HTTP Archive; what is lost in an exchange is a comment of its entry."""
        entries = [_entry(seen, title) for seen in self.exchanges]
        for place, lost in (losses or {}).items():
            entries[place] |= {"comment": f"here is lost: {', '.join(lost)}", "_lost": list(lost)}
        page: dict[str, Any] = {
            "startedDateTime": entries[0]["startedDateTime"] if entries else datetime.now(UTC).isoformat(),
            "id": title,
            "title": title,
            "pageTimings": {},
        }
        creator = {"name": "openworld", "version": version("openworld")}
        return {"log": {"version": "1.2", "creator": creator, "pages": [page], "entries": entries}}


def _entry(seen: Exchange, page: str) -> dict[str, Any]:
    milliseconds = round(seen.seconds * 1000, 3)
    request: dict[str, Any] = {
        "method": seen.method,
        "url": seen.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(seen.headers),
        "queryString": _named(seen.query),
        "headersSize": -1,
        "bodySize": len(seen.body.encode()),
    }
    if seen.body:
        request["postData"] = {
            "mimeType": seen.header("content-type"),
            "params": _named(seen.form),
            "text": seen.body[:KEPT],
        }
    kind = next((value for key, value in seen.response_headers if key.lower() == "content-type"), "")
    location = next((value for key, value in seen.response_headers if key.lower() == "location"), "")
    body = seen.response_body.encode()
    return {
        "pageref": page,
        "startedDateTime": seen.started.isoformat(),
        "time": milliseconds,
        "request": request,
        "response": {
            "status": seen.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _named(seen.response_headers),
            "redirectURL": location,
            "headersSize": -1,
            "bodySize": len(body),
            "content": {"size": len(body), "mimeType": kind, "text": seen.response_body},
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_party": seen.party,
        "_message": seen.message,
        "_by": seen.by,
        "_session": seen.act,
    }


def _named(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
