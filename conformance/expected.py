"""What is expected of clients, as a file: how each scenario ends, and which falls are accepted, because of what.

Somebody who runs a client again and again wants to hear what has changed, and not what is known. A fall that is not
accepted is a change, and so is one that is accepted and no longer seen. A fall is accepted for one client in its table,
or for several in a table ``[[accepted]]`` that names them. Such a file may say as well what of them is run
(:mod:`conformance.matrix`).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.judge import OUTCOMES, Judgement
from model.client_names import canonical
from model.documents import DocumentError, Schema, from_toml
from model.errors import InputError

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_OUTCOME = {"title": "outcome", "enum": [letter for letter in OUTCOMES if letter != "?"]}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_FALL: dict[str, Any] = {"falls_for": {**_TEXTS, "minItems": 1}, "because": {"type": "string"}}
_ACCEPTED = {"type": "object", "additionalProperties": False, "required": ["falls_for", "because"], "properties": _FALL}
_SHARED = {
    "type": "object",
    "additionalProperties": False,
    "required": ["scenario", "clients", *_FALL],
    "properties": {"scenario": _TEXT, "clients": {**_TEXTS, "minItems": 1}, **_FALL},
}
_CLIENT = {
    "type": "object", "additionalProperties": False, "required": ["name"],
    "properties": {
        "name": _TEXT, "expected": {"type": "object", "additionalProperties": _OUTCOME},
        "accepted": {"type": "object", "additionalProperties": _ACCEPTED},
        "package": _TEXT, "driver": _TEXT,
    },
}  # fmt: skip
_SCHEMA = Schema(
    lambda: {
        "type": "object",
        "additionalProperties": False,
        "required": ["client"],
        "properties": {
            "client": {"type": "array", "items": _CLIENT},
            "accepted": {"type": "array", "items": _SHARED},
            "scenarios": _TEXTS,
            "attacks": _TEXTS,
            "traces_for": _TEXTS,
        },
    }
)


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

    def unknown(self, rows: Collection[str]) -> dict[str, str]:
        """What is expected of scenarios that are none of these: nobody would see that it changed."""
        named = dict.fromkeys((*self.ends, *self.falls))
        return {name: "something is expected of it, and it is not played" for name in named if name not in rows}


def load(path: Path, client: str) -> Expected:
    """What a file says of a client.

    Raises:
        InputError: it says nothing of it, accepts something for no reason, or is no such file.
    """
    found = of_all(path, read(path))
    if client not in found:
        raise InputError(f"{path}: says nothing of {client}; known: {', '.join(found) or 'nobody'}")
    return found[client]


def read(path: Path) -> dict[str, Any]:
    """A file of expectations as data.

    Raises:
        InputError: it is no such file.
    """
    try:
        data: dict[str, Any] = from_toml(path.read_bytes())
        _SCHEMA.check(data)
    except DocumentError as error:
        raise InputError(f"{path}: not a file of expectations: {error}") from None
    return data


def of_all(path: Path, data: Mapping[str, Any]) -> dict[str, Expected]:
    """What a file says, by client.

    Raises:
        InputError: it accepts something for no reason, twice, or for a client that it does not have.
    """
    accepted = {canonical(one["name"]): dict(one.get("accepted", {})) for one in data["client"]}
    for shared in data.get("accepted", ()):
        for client in map(canonical, shared["clients"]):
            if client not in accepted:
                raise InputError(f"{path}: {shared['scenario']} is accepted for {client}; known: {', '.join(accepted)}")
            if shared["scenario"] in accepted[client]:
                raise InputError(f"{path}: {client}: {shared['scenario']} is accepted twice")
            accepted[client][shared["scenario"]] = shared
    for client, falls in accepted.items():
        for name, one in falls.items():
            if not one["because"].strip():
                raise InputError(f"{path}: {client}: {name}: say in 'because' why that is accepted")
    return {
        canonical(one["name"]): Expected(
            one.get("expected", {}),
            {name: tuple(fall["falls_for"]) for name, fall in accepted[canonical(one["name"])].items()},
            {name: fall["because"] for name, fall in accepted[canonical(one["name"])].items()},
        )
        for one in data["client"]
    }


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
