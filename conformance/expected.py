"""What is expected of clients, as a file: how each scenario ends, and which falls are accepted, because of what.

Whoever runs a client again and again wants to hear of what has changed, and not of what is known. A fall that is not
accepted is a change, and so is one that is accepted and no longer seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.judge import OUTCOMES, Judgement
from model.client_names import canonical
from model.documents import DocumentError, Schema, from_toml
from model.errors import InputError

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_OUTCOME = {"title": "outcome", "enum": [letter for letter in OUTCOMES if letter != "?"]}
_ACCEPTED = {
    "type": "object", "additionalProperties": False, "required": ["falls_for", "because"],
    "properties": {"falls_for": {"type": "array", "items": _TEXT, "minItems": 1}, "because": {"type": "string"}},
}  # fmt: skip
_CLIENT = {
    "type": "object", "additionalProperties": False, "required": ["name"],
    "properties": {
        "name": _TEXT, "expected": {"type": "object", "additionalProperties": _OUTCOME},
        "accepted": {"type": "object", "additionalProperties": _ACCEPTED},
    },
}  # fmt: skip
_SCHEMA = Schema(lambda: {
    "type": "object", "additionalProperties": False, "required": ["client"],
    "properties": {"client": {"type": "array", "items": _CLIENT}},
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one client.

    Attributes:
        ends: the outcome of scenarios, by the letter of :data:`conformance.judge.OUTCOMES`; others may end as they do.
        falls: properties that are violated in scenarios, and accepted.
        because: why.
    """

    ends: Mapping[str, str]
    falls: Mapping[str, tuple[str, ...]]
    because: Mapping[str, str]

    def changes(self, judgements: Sequence[Judgement]) -> dict[str, str]:
        """The scenarios that went otherwise, and how; what was not measured went no way at all."""
        return {one.scenario: told for one in judgements if (told := "; ".join(self._changed(one)))}

    def _changed(self, one: Judgement) -> Iterator[str]:
        expected = self.ends.get(one.scenario, one.outcome)
        if one.measured and one.outcome != expected:
            yield f"expected {expected}, ended {one.outcome}"
        known, seen = set(self.falls.get(one.scenario, ())), set(one.attacks)
        if seen - known:
            yield f"falls for {', '.join(sorted(seen - known))}, which is not accepted"
        if one.measured and known - seen:
            yield f"no longer falls for {', '.join(sorted(known - seen))}"


def load(path: Path, client: str) -> Expected:
    """What a file says of a client.

    Raises:
        InputError: it says nothing of it, accepts something for no reason, or is no such file.
    """
    try:
        data = from_toml(path.read_bytes())
        _SCHEMA.check(data)
    except DocumentError as error:
        raise InputError(f"{path}: not a file of expectations: {error}") from None
    found = {canonical(one["name"]): one for one in data["client"]}
    if client not in found:
        raise InputError(f"{path}: says nothing of {client}; known: {', '.join(found) or 'nobody'}")
    accepted = found[client].get("accepted", {})
    for name, one in accepted.items():
        if not one["because"].strip():
            raise InputError(f"{path}: {client}: {name}: say in 'because' why that is accepted")
    return Expected(
        found[client].get("expected", {}),
        {name: tuple(one["falls_for"]) for name, one in accepted.items()},
        {name: one["because"] for name, one in accepted.items()},
    )


def as_toml(client: str, judgements: Sequence[Judgement]) -> Iterator[str]:
    """The lines of such a file that expect what was seen; why a fall is accepted is for its reader to say."""
    yield "[[client]]"
    yield f"name = {json.dumps(client)}"
    yield "[client.expected]"
    for one in judgements:
        if one.measured:
            yield f"{json.dumps(one.scenario)} = {json.dumps(one.outcome)}"
    for one in judgements:
        if one.attacks:
            yield f"[client.accepted.{json.dumps(one.scenario)}]"
            yield f"falls_for = {json.dumps(sorted(one.attacks))}"
            yield 'because = ""'
