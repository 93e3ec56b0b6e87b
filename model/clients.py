"""Deployed clients as designs: which rule variants each of them obeys, and how we know.

The designs are in ``data/clients.toml``. Each was found by fitting what the client was seen to do
(:mod:`simulations.fitting`); a switch that nothing was seen of stays at its baseline.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from model.client_names import canonical
from model.design import Design
from model.errors import InputError


@dataclass(frozen=True, slots=True)
class Client:
    """A deployed client.

    Attributes:
        name: ``implementation==version``.
        design: the rule variants that it obeys.
        decided_by: for each switch that was decided, the scenarios that decided it (their ids, as ``R02``).
        code: for each of these switches where in the client's code the behaviour was found, if it was.
    """

    name: str
    design: Design
    decided_by: Mapping[str, tuple[str, ...]]
    code: Mapping[str, str]


class UnknownClientError(InputError):
    """No design of this client is stored; the message names those that are."""


def find(name: str) -> Client:
    """The client of this name; an implementation alone stands for its last version that is stored.

    Raises:
        UnknownClientError: there is none.
    """
    known, wanted = clients(), canonical(name)
    versions = [client for client in known if client == wanted or client.partition("==")[0] == wanted]
    if not versions:
        raise UnknownClientError(f"unknown client {name!r}; allowed: {', '.join(known)}")
    return known[versions[-1]]


@cache
def clients() -> Mapping[str, Client]:
    """The deployed clients by name, the versions of each in order."""
    text = files("model").joinpath("data", "clients.toml").read_text(encoding="utf-8")
    found: dict[str, Client] = {}
    for stated in tomllib.loads(text)["design"]:
        like = found[stated["like"]] if "like" in stated else Client("", Design(), {}, {})
        own: Mapping[str, Mapping[str, str]] = stated.get("switches", {})
        design = like.design.but(**{name: entry["value"] for name, entry in own.items()})
        decided_by = {**like.decided_by, **{name: tuple(entry["decided_by"].split()) for name, entry in own.items()}}
        code = {**like.code, **{name: entry.get("code", "") for name, entry in own.items()}}
        found.update({name: Client(name, design, decided_by, code) for name in stated["clients"]})
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def _order(name: str) -> tuple[str, list[int]]:
    implementation, _, version = name.partition("==")
    return implementation, [int(part) for part in version.split(".")]
