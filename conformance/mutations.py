"""Systematic mutations of honest answers: one field, or the way one message travels, differs at a time.

Mutations of fields are the model's (:mod:`model.mutations`); how messages travel is a matter of the wire.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.play import Play, Twist
from model import scenario

#: How large a document is that is larger than anybody needs, in bytes.
HUGE = 10_000_000


def mutations() -> list[Play]:
    """Every mutation, by name."""
    fields = map(scenario.load, scenario.mutation_names())
    return [*(Play(one.name, "mutation", one.about) for one in fields), *_travels()]


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
