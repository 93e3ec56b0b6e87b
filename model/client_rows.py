"""The table of deployed clients: what each of them decides, and where that was seen (``data/clients.toml``)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from model.client_names import canonical
from model.errors import InputError, hint


@dataclass(frozen=True, slots=True)
class ClientRow:
    """What the table says of a client.

    Attributes:
        decided: the switches that were decided.
        decided_by: for each of them, the scenarios that decided it (their ids, as ``R02``).
        code: for each of them where in the client's code the behaviour was found, if it was.
    """

    decided: Mapping[str, str]
    decided_by: Mapping[str, tuple[str, ...]]
    code: Mapping[str, str]


class UnknownClientError(InputError):
    """No design of this client is stored; the message names those that are."""


def stored_name(name: str) -> str:
    """The name under which a client is stored; an implementation alone stands for its last version that is.

    Raises:
        UnknownClientError: there is none.
    """
    known, wanted = client_rows(), canonical(name)
    versions = [client for client in known if client == wanted or client.partition("==")[0] == wanted]
    if not versions:
        raise UnknownClientError(f"unknown client {name!r}{hint(name, known)}")
    return versions[-1]


@cache
def client_rows() -> Mapping[str, ClientRow]:
    """The deployed clients by name, the versions of each in order."""
    text = files("model").joinpath("data", "clients.toml").read_text(encoding="utf-8")
    found: dict[str, ClientRow] = {}
    for stated in tomllib.loads(text)["design"]:
        like = found[stated["like"]] if "like" in stated else ClientRow({}, {}, {})
        own: Mapping[str, Mapping[str, str]] = stated.get("switches", {})
        row = ClientRow(
            {**like.decided, **{name: entry["value"] for name, entry in own.items()}},
            {**like.decided_by, **{name: tuple(entry["decided_by"].split()) for name, entry in own.items()}},
            {**like.code, **{name: entry.get("code", "") for name, entry in own.items()}},
        )
        found.update(dict.fromkeys(stated["clients"], row))
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def _order(name: str) -> tuple[str, list[int]]:
    implementation, _, version = name.partition("==")
    return implementation, [int(part) for part in version.split(".")]
