"""Systematic mutations of honest answers: one field, or the way one message travels, differs at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.play import Play, Twist
from model import scenario

#: How large a document is that is larger than anybody needs, in bytes.
HUGE = 10_000_000

#: The honest messages with fields, and where the data file states each.
_STATED = {
    "resource_metadata": ("documents", "main", "body"),
    "server_metadata": ("servers", "as1", "metadata"),
    "token_response": ("token_response",),
    "challenge": ("challenge",),
}

#: What becomes of a field, by what it was; a text stands for a field that is a text or a list.
_FIELDS: dict[str, Any] = {
    "absent": "absent",
    "null": None,
    "empty": "",
    "number": 7,
    "other_origin": "{evil}/other",
    "not_a_url": "not a url",
    "long": "x" * 100_000,
}


def mutations() -> list[Play]:
    """Every mutation, by name."""
    return [*_fields(), *_travels()]


def _fields() -> Iterator[Play]:
    honest = scenario.load("M01_iss_ok")
    documents = {("issuer" in one.body): one.body for one in honest.documents.values()}
    fields: dict[str, Mapping[str, Any]] = {
        "resource_metadata": documents[False],
        "server_metadata": documents[True],
        "token_response": honest.token_response,
        "challenge": honest.challenge,
    }
    for message, path in _STATED.items():
        for field, value in fields[message].items():
            for kind, mutated in _FIELDS.items():
                if _sensible(message, value, kind):
                    in_list = isinstance(value, list) and isinstance(mutated, str) and kind != "absent"
                    shown = [mutated] if in_list else mutated
                    yield Play(
                        f"mutation_{message}.{field}.{kind}", "mutation", f"{field} of the {message} is {kind}",
                        _nested((*path, field), shown),
                    )  # fmt: skip
            if isinstance(value, list):
                about = f"{field} of the {message} is a text in place of a list"
                name = f"mutation_{message}.{field}.text_for_list"
                yield Play(name, "mutation", about, _nested((*path, field), str(value[0] if value else "")))


def _sensible(message: str, value: Any, kind: str) -> bool:
    """Whether a mutation says something: headers hold text only, and only URLs have an origin."""
    if message == "challenge" and kind in ("null", "number"):
        return False
    text = value[0] if isinstance(value, list) and value else value
    is_url = isinstance(text, str) and "://" in text
    return is_url or kind not in ("other_origin", "not_a_url")


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    made: Any = value
    for name in reversed(path):
        made = {name: made}
    return dict(made)


def _travels() -> Iterator[Play]:
    messages = ("resource_metadata", "server_metadata", "registration_response", "token_response", "resource_response")
    twists = {
        "not_json": Twist("", raw=b"<html>not JSON</html>"),
        "half_json": Twist("", raw=b'{"issuer": "'),
        "deep_json": Twist("", raw=b"[" * 100_000),
        "json_list": Twist("", raw=b"[]"),
        "not_utf8": Twist("", raw=b'{"issuer": "\xff\xfe"}'),
        "huge": Twist("", raw=b'{"padding": "' + b"x" * HUGE + b'"}'),
        "html_type": Twist("", headers={"Content-Type": "text/html"}),
        "drip": Twist("", "drip"),
        "endless": Twist("", "endless"),
        "cut": Twist("", "cut"),
        "garbage": Twist("", "garbage"),
    }
    for message in messages:
        for kind, twist in twists.items():
            made = Twist(message, twist.manner, twist.raw, twist.headers)
            yield Play(f"mutation_{message}.{kind}", "mutation", f"the {message} is {kind}", twist=made)
