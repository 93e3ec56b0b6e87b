"""Scenarios: what the other parties of a conversation answer, message by message, with real URLs.

A scenario is data (``data/scenarios.toml``): the honest world with a few fields changed. :mod:`model.conversation` and
an HTTP server on loopback play the other parties, and read the same one. Beside those of the file, its catalogue, there
is one for each single-field mutation of the honest world (:mod:`model.mutations`), and any two of them that can be are
one together.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from model import mutations
from model.documents import DocumentError, Json, JsonObject, Schema, from_toml
from model.errors import InputError, hint

#: Origins that stand for the parties where nobody has others: the resource server, two AS, and an attacker's.
ORIGINS: Mapping[str, str] = {
    "rs": "http://127.0.0.1:8000",
    "as1": "http://127.0.0.1:8001",
    "as2": "http://127.0.0.1:8002",
    "evil": "http://127.0.0.1:8003",
}

_ABSENT = "absent"

#: Between the names of two scenarios in the name of the one that changes what both change.
AND = "+"


class ScenarioError(InputError):
    """A scenario that does not exist or cannot be read; the message names the culprit and what is allowed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is found at a URL: the status, where a redirect leads, and the JSON document."""

    status: int = 404
    location: str = ""
    body: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the other parties answer.

    Attributes:
        name: as ``R02_prefix_segment``.
        about: what is special about it.
        url: where the client is sent.
        origins: the parties by name.
        known_servers: issuers that a client with a list of its own has on it.
        challenge: the WWW-Authenticate challenge of the resource server: ``scheme``, ``resource_metadata``, ``scope``.
        documents: metadata documents of resources and of authorization servers, by URL; elsewhere is a 404.
        endpoints: the URLs (without query) at which an AS answers.
        down: origins that take no connections.
        iss: the iss that the AS at an origin puts into its authorization responses, where it sends one.
        authorization_response: ``state`` (returned, other or missing), and ``error`` for requests that carry all
            the parameters in ``refuses``.
        token_response: fields of every token response; ``error`` makes it one.
        answer: how the resource server answers a request with a token: ``status`` and ``error``.
        later: what has changed when the client makes its second call; ``answer`` is what it gets first.
        owners: whose an origin is, where one party has several.
    """

    name: str
    about: str
    url: str
    origins: Mapping[str, str]
    known_servers: tuple[str, ...]
    challenge: Mapping[str, str]
    documents: Mapping[str, Fetched]
    endpoints: frozenset[str]
    down: frozenset[str]
    iss: Mapping[str, str]
    authorization_response: JsonObject
    token_response: JsonObject
    answer: JsonObject
    later: Scenario | None = None
    owners: Mapping[str, str] = field(default_factory=dict)

    def fetch(self, url: str) -> Fetched | None:
        """What is at a URL, or nothing if its origin takes no connections."""
        if _origin(url) in self.down:
            return None
        return self.documents.get(url, Fetched())

    def party(self, url: str) -> str:
        """The name of the party at whose origin a URL is, or the origin."""
        origin = _origin(url)
        return self.owners.get(origin) or next((name for name, own in self.origins.items() if own == origin), origin)


def names() -> tuple[str, ...]:
    """The names of the scenarios of the catalogue, in the order of the file."""
    return tuple(_file()["scenarios"])


def mutation_names() -> tuple[str, ...]:
    """The names of the mutations, message by message."""
    return tuple(_mutations())


def short(name: str) -> str:
    """The id of a scenario: the beginning of its name in the catalogue, and the whole name of any other."""
    return name.partition("_")[0] if name in names() else name


def load(name: str, origins: Mapping[str, str] = ORIGINS) -> Scenario:
    """A scenario of the catalogue, a mutation, or two of them at once, by name, with the parties at these origins.

    Raises:
        ScenarioError: no scenario has this name.
    """
    return assemble(name, stated(name), origins)


def stated(name: str) -> dict[str, Json]:
    """What a scenario changes in the honest world, with what that is based on."""
    if AND in name:
        one, other = map(stated, name.split(AND))
        return {**_merged(one, other), "about": f"{one['about']}; and {other['about']}"}
    content = _file()
    known = _mutations() if name.startswith(mutations.PREFIX) else content["scenarios"]
    if name not in known:
        raise ScenarioError(f"unknown scenario {name!r}{hint(name, known)}")
    own = dict(known[name])
    return _merged(content["bases"].get(own.pop("base", None), {}), own)


def in_the_end(name: str) -> dict[str, Json]:
    """What a scenario changes in the honest world, by when it ends."""
    changes = stated(name)
    return _merged(changes, changes.get("later", {}))


def leaves(stated: JsonObject, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Json]:
    """What a scenario changes, field by field."""
    found: dict[tuple[str, ...], Json] = {}
    for key, value in stated.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, (*path, key))
        elif (*path, key) != ("about",):
            found[(*path, key)] = value
    return found


def from_leaves(fields: Mapping[tuple[str, ...], Json]) -> dict[str, Json]:
    """What these fields change, as the data file states it."""
    made: dict[str, Json] = {}
    for path, value in fields.items():
        table = made
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = value
    return made


def mergeable(one: str, other: str) -> bool:
    """Whether what two scenarios change can be changed together: something else, or to the same."""
    mine, theirs = leaves(stated(one)), leaves(stated(other))
    if any(mine[path] != theirs[path] for path in {*mine} & {*theirs}):
        return False
    # A table that one of them takes away the other leaves alone, later as well.
    paths = [path[1:] if path[0] == "later" else path for path in (*mine, *theirs)]
    return {path[:length] for path in paths for length in range(1, len(path))}.isdisjoint(paths)


def assemble(name: str, stated: JsonObject, origins: Mapping[str, str] = ORIGINS) -> Scenario:
    """A scenario from what it changes in the honest world, as the data file states it."""
    content, stated = _file(), dict(stated)
    about, base, later = stated.pop("about"), stated.pop("base", None), stated.pop("later", None)
    world = _merged(content["honest"], content["bases"][base] if base else {})
    world = _merged(world, stated)
    second = None if later is None else _build(name, about, _merged(world, later), content["server"], origins, None)
    return _build(name, about, world, content["server"], origins, second)


def of_file(path: Path) -> dict[str, dict[str, Json]]:
    """The scenarios of a file, by name: what each changes in the honest world, as the catalogue states it.

    The file has tables ``[scenarios.NAME]``, each with ``about`` and the fields that differ.

    Raises:
        ScenarioError: one line with the file, the scenario and what is wrong with it.
    """
    try:
        content = from_toml(path.read_bytes())
        _SCHEMA.check(_without_absent(content))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    except DocumentError as error:
        raise ScenarioError(f"{path}: {error}") from None
    found: dict[str, dict[str, Json]] = content["scenarios"]
    for name, stated in found.items():
        if name in names() or name.startswith(mutations.PREFIX):
            raise ScenarioError(f"{path}: scenarios.{name}: the catalogue has one of this name")
        try:
            assemble(name, stated)
        except (KeyError, ValueError) as error:  # a document without a place, a placeholder that stands for nothing
            raise ScenarioError(f"{path}: scenarios.{name} lacks, or does not know, {error.args[0]!r}") from None
    return found


def _without_absent(table: JsonObject) -> dict[str, Json]:
    """A table without the fields that it takes away, whatever their types are where they are there."""
    kept = {key: value for key, value in table.items() if value != _ABSENT}
    return {key: _without_absent(value) if isinstance(value, dict) else value for key, value in kept.items()}


@cache
def schema() -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) of a file of scenarios: fields and types are those of the catalogue."""
    content, field = _file(), dict[str, Json]()
    honest = [content["honest"], {"servers": dict.fromkeys(ORIGINS, content["server"])}]
    for changes in (*honest, *content["bases"].values(), *content["scenarios"].values(), *_mutations().values()):
        for path, value in leaves(changes).items():
            if path[0] != "base" and value != _ABSENT:
                _note(field, path[1:] if path[0] == "later" else path, value)
    about = {"type": "string", "description": "what is special about it"}
    base = {"enum": list(content["bases"]), "title": "base", "description": "the scenario that it starts from"}
    later = {**field, "description": "what changes once the client has a token"}
    own = {**field, "properties": {"about": about, "base": base, "later": later, **field["properties"]}}
    many: Json = {"type": "object", "minProperties": 1, "propertyNames": {"pattern": r"^[A-Za-z]\w*$"}}
    many |= {"description": "what other parties answer", "additionalProperties": {**own, "required": ["about"]}}
    return {"properties": {"scenarios": many}, "required": ["scenarios"], "additionalProperties": False}


_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def _note(field: dict[str, Json], path: tuple[str, ...], value: Json, named_freely: bool = False) -> None:
    """Note in the schema of a field what it can be, or can hold: documents of others may hold anything."""
    kinds = field.setdefault("type", [])
    kind = "object" if path else _TYPES[type(value)]
    if kind not in kinds:
        kinds.append(kind)
    if path:
        name, *rest = path
        if named_freely:
            inner = field.setdefault("additionalProperties", {})
        else:
            inner = field.setdefault("properties", {}).setdefault(name, {})
            field["additionalProperties"] = False
        opened = name in ("body", "metadata") and rest
        _note(inner, () if opened else tuple(rest), {} if opened else value, name == "documents")


_SCHEMA = Schema(schema)


def load_all(origins: Mapping[str, str] = ORIGINS) -> tuple[Scenario, ...]:
    """All scenarios of the catalogue, with the parties at these origins."""
    return tuple(load(name, origins) for name in names())


@cache
def _file() -> JsonObject:
    return tomllib.loads(files("model").joinpath("data", "scenarios.toml").read_text(encoding="utf-8"))


@cache
def _mutations() -> Mapping[str, JsonObject]:
    return dict(mutations.mutations(_file()["honest"], _file()["server"]))


def _build(
    name: str, about: str, world: JsonObject, server: JsonObject, origins: Mapping[str, str], later: Scenario | None
) -> Scenario:
    servers = {party: _merged(server, changes) for party, changes in world["servers"].items()}
    filled = _filled({**world, "servers": servers}, _words(origins))
    documents: dict[str, Fetched] = {}
    for document in filled["documents"].values():
        answer = Fetched(document["status"], document.get("location", ""), document.get("body", {}))
        documents.update(dict.fromkeys(document["at"], answer))
    endpoints: set[str] = set()
    iss: dict[str, str] = {}
    down: set[str] = set()
    for party, described in filled["servers"].items():
        own = _filled(described, {"self": origins[party]})
        documents.update(dict.fromkeys(own["at"], Fetched(200, "", own["metadata"])))
        endpoints.update(origins[party] + path for path in own["paths"])
        if "iss" in own:
            iss[origins[party]] = own["iss"]
        if not own["up"]:
            down.add(origins[party])
    return Scenario(
        name,
        about,
        filled["url"],
        dict(origins),
        tuple(filled["known_servers"]),
        filled["challenge"],
        documents,
        frozenset(endpoints),
        frozenset(down),
        iss,
        filled["authorization_response"],
        filled["token_response"],
        filled["answer"],
        later,
    )


def _merged(world: JsonObject, changes: JsonObject) -> dict[str, Json]:
    """The world with changes made, tables field by field."""
    made = dict(world)
    for key, value in changes.items():
        if isinstance(value, Mapping):
            before = made.get(key)
            value = _merged(before if isinstance(before, Mapping) else {}, value)
        made[key] = value
    return made


def _words(origins: Mapping[str, str]) -> dict[str, str]:
    """What the placeholders of the file stand for; ``{self}`` is left for the server that it stands in."""
    parts = urlsplit(origins["rs"])
    port = parts.port or (443 if parts.scheme == "https" else 80)
    other = "http" if parts.scheme == "https" else "https"
    return {
        **origins,
        "self": "{self}",
        "scheme": parts.scheme,
        "other_scheme": other,
        "rs_authority": parts.netloc,
        "rs_port": str(port),
    }


def _filled(value: Json, words: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return value.format(**words) if "{" in value else value
    if isinstance(value, Mapping):
        return {key: _filled(inner, words) for key, inner in value.items() if inner != _ABSENT}
    if isinstance(value, list):
        return [_filled(inner, words) for inner in value]
    return value


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
