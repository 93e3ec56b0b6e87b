"""Reading worlds: those that ship, and those of files, which are checked first.

What a file may say is a JSON Schema (``data/world.schema.json``), which editors read too; how its entries have to fit
together is said here. One line says what is wrong, with file, line and key, and what is allowed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from model import identifiers
from model.design import Design
from model.documents import KINDS, DocumentError, Json, JsonObject, Schema, complaint, from_toml, shortly
from model.errors import InputError, hint
from model.model import Model, oauth
from model.switches import CLIENT_CLASSES
from model.world import (
    ATTACKER,
    AUTHORIZATION_SERVER,
    CHANNELS,
    CHANNELS_OF,
    CLIENT,
    PROXY,
    SUB_AGENT,
    Grants,
    Held,
    Party,
    Session,
    Tampering,
    World,
)

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

#: More grants than this are beyond what is proved in minutes; the schema says so of parties and sessions.
MOST_GRANTS = 12
#: Sets of scopes that somebody may ask for, with each resource server's as far as they go.
MOST_SCOPES = 40

#: Keys and numbers of entries that lead to something in a file.
Place = tuple[str | int, ...]
#: What is wrong: where, and why.
Fault = tuple[Place, str]


class WorldError(InputError):
    """A world file that cannot be read; the message names file, line and key, and what is allowed."""


# --- reading -------------------------------------------------------------------------------------------------


@cache
def read(name: str, text: str, model: Model = oauth()) -> World:
    """A world from the text of its file; ``name`` is how messages name the file.

    Raises:
        WorldError: naming file, line and key, and what is allowed.
    """
    try:
        content = from_toml(text)
    except DocumentError as error:
        raise WorldError(f"{name}: {error}") from None
    _refuse(name, text, map(_fault, _schema_of(model).errors(content)))
    whole = _beside(content)
    before = {key: len(whole.get(key, ())) - len(content.get(key, ())) for key in _TABLES}
    world = _made(whole, name).within(model)
    for check in (
        _urls,
        _doubles,
        _references,
        _starters,
        _orders,
        _calls,
        _protocols,
        _scopes,
        _policies,
        _capabilities,
        _well_known,
        _grants,
    ):
        _refuse(name, text, ((_own(place, before), why) for place, why in check(world)))
    return world


def _own(place: Place, before: Mapping[str, int]) -> Place:
    """A place in a file where rows stand before its own: those of the world that it is like."""
    key, *rest = place
    return (key, rest[0] - before[str(key)], *rest[1:]) if rest and isinstance(rest[0], int) else place


def _refuse(name: str, text: str, faults: Iterable[Fault]) -> None:
    """Tell the one of some faults that stands first in the file, if there are any."""
    placed = [(_line(text, path), why) for path, why in faults]
    if placed:
        line, why = min(placed, key=lambda fault: fault[0])
        raise WorldError(f"{name}, line {line}: {why}")


_TABLES: dict[str, tuple[str, type]] = {
    "party": ("parties", Party), "session": ("sessions", Session), "held": ("held", Held),
    "tampering": ("tamperings", Tampering), "grants": ("approvals", Grants),
}  # fmt: skip


def _beside(content: JsonObject) -> JsonObject:
    """What a file says, after what the shipped world says that it is like; a row of the same name takes its place.

    What is asked in that world by default is not asked in this one, and its concern is another.
    """
    if "like" not in content:
        return content
    text = files("model").joinpath("worlds", f"{content['like']}.toml").read_text(encoding="utf-8")
    there: Json = {
        key: value for key, value in _beside(from_toml(text)).items() if key not in ("asked_if", "asked_for", "concern")
    }
    made: dict[str, Json] = {**there, **content}
    del made["like"]
    for key in _TABLES:
        own: Json = content.get(key, [])
        names = [_named(row) for row in own]
        made[key] = [*(row for row in there.get(key, ()) if _named(row) not in names), *own]
    return made


def _named(row: JsonObject) -> Json:
    """What tells a row from others: its name, or else what it is about, as the AS and the user of grants."""
    return row.get("name", [row.get(key) for key in ("server", "user", "capability", "channel", "party")])


def _made(content: JsonObject, file: str) -> World:
    """The world that a file says, as it is."""
    tables: Json = {
        field: tuple(kind(**_frozen(row)) for row in content.get(key, ())) for key, (field, kind) in _TABLES.items()
    }
    rest: Json = _frozen({key: value for key, value in content.items() if key not in _TABLES})
    return World(**rest, **tables, file=file)


def _frozen(row: JsonObject) -> dict[str, Json]:
    """A table of a file as values that do not change."""
    return {key: _value(value) for key, value in row.items()}


def _value(value: Json) -> Json:
    match value:
        case dict():
            return tuple(value.items())
        case list():
            return tuple(value)
        case float():  # JSON Schema takes 1.0 for a whole number
            return int(value)
    return value


def _line(text: str, path: Place) -> int:
    """The line in which what a path leads to stands: its key or, if that is not found, the table."""
    lines = [re.sub(r"(^|\s)#.*", "", line) for line in text.splitlines()] or [""]
    first, last = 0, len(lines)
    if path[1:] and isinstance(path[1], int):
        own = re.compile(rf"\s*\[\[\s*{path[0]}\s*]]")
        heads = [number for number, line in enumerate(lines) if own.match(line)]
        if path[1] < len(heads):
            first, others = heads[path[1]], re.compile(rf"\s*\[(?!\s*{path[0]}\s*\.)")
            last = next((number for number in range(first + 1, last) if others.match(lines[number])), last)
    for key in reversed([key for key in path if isinstance(key, str)]):
        word = re.compile(rf"(?<![\w.]){re.escape(key)}[\"']?\s*[=\]]")
        for number in range(first, last):
            if word.search(lines[number]):
                return number + 1
    return first + 1


# --- what a file may say ---------------------------------------------------------------------------------------


def schema(model: Model = oauth()) -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) of a world file, read as TOML, with the words of a model."""
    made: dict[str, Json] = json.loads(files("model").joinpath("data", "world.schema.json").read_text(encoding="utf-8"))
    switches = {name: {"enum": list(switch.values)} for name, switch in model.switches.items()}
    made["properties"]["like"]["enum"] = [*WORLDS]
    made["$defs"]["capability"] = {"enum": list(model.capabilities)}
    made["$defs"]["tampering"]["properties"]["channel"] = {"enum": list(CHANNELS)}
    for each in made["allOf"]:
        name = each["if"]["properties"]["protocol"]["const"]
        if own := CHANNELS_OF.get(name):
            each["then"]["properties"]["tampering"] = {
                "items": {"properties": {"channel": {"title": f"channel in {name}", "enum": list(own)}}}
            }
    made["$defs"]["client_class"] = {"title": "client_class", "enum": list(CLIENT_CLASSES)}
    made["$defs"]["switches"] = {
        "title": "switch",
        "type": "object",
        "properties": switches,
        "additionalProperties": False,
    }
    return made


@cache
def _schema_of(model: Model) -> Schema:
    return Schema(partial(schema, model))


#: Protocols that world files of earlier releases name, and what has become of them.
_FORMER_PROTOCOLS = {"delegation": "there is no 'delegation' any more: sub-agents are parties of protocol 'oauth'"}


def _fault(error: ValidationError) -> Fault:
    """What a violated keyword of the schema means to the author of the file; titles say what something is called."""
    path: Place = tuple(error.absolute_path)
    found: Json = error.instance
    rule: Json = error.validator_value
    schema: Json = error.schema
    of = f"[[{path[0]}]]" if len(path) == 2 else path[-1] if path else "a world"
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    title, wanted = schema.get("title", key), schema.get("description", "")
    if path == ("protocol",) and found in _FORMER_PROTOCOLS:
        return path, f"protocol: {_FORMER_PROTOCOLS[found]}"
    match error.validator:
        case "additionalProperties":
            name = next(name for name in found if name not in schema["properties"])
            known = hint(name, schema["properties"])
            return (*path, name), f"unknown {schema.get('title', 'key')} {name!r} of {of}{known}"
        case "required":
            return path, f"{of} lacks {next(name for name in rule if name not in found)!r}"
        case "enum" | "not" if "propertyNames" in error.schema_path:
            allowed = f"; allowed: {', '.join(rule)}" if error.validator == "enum" else ""
            return (*path, found), f"{found!r} is not said of {title}{allowed}"
        case "enum":
            return path, f"{title}: unknown {found!r}{hint(str(found), rule)}"
        case "pattern" | "not":
            return path, f"{found!r} is no {title}; wanted: {wanted}"
        case "type":
            return path, f"{key}: {shortly(found)} is no {KINDS[rule].removeprefix('a ')}"
        case "maxItems":
            return path, f"{len(found)} of [[{key}]], more than can be proved (at most {rule})"
        case "minItems":
            return path, f"{key} names nothing"
        case "minimum":
            return path, f"{key}: {found} is not {rule} or more"
    return path, f"{key}: {complaint(error)}"


# --- what has to fit together ----------------------------------------------------------------------------------


def _rows(world: World, *keys: str) -> Iterator[tuple[str, int, Json]]:
    """The entries of some tables: the table, the number and the entry."""
    return ((key, number, row) for key in keys for number, row in enumerate(getattr(world, _TABLES[key][0])))


def _urls(world: World) -> Iterator[Fault]:
    """URLs can be taken apart, and those of servers lead to their metadata."""
    for key, number, party in _rows(world, "party"):
        serves = party.role in (AUTHORIZATION_SERVER, PROXY)
        look = identifiers.well_known_authorization_server if serves else identifiers.origin
        for field in ("url", "callback", "api"):
            if "://" in (url := getattr(party, field)):  # a client may be registered under a name that is no URL
                try:
                    look(url)
                except identifiers.MalformedURLError as error:
                    yield (key, number, field), f"{field}: {error}"


def _doubles(world: World) -> Iterator[Fault]:
    """Names tell variables and messages apart, URLs tell parties apart; no honest party has what is the attacker's."""
    named: dict[str, str] = {}
    for key, number, row in _rows(world, "party", "session", "held"):
        if row.name in named:
            yield (key, number, "name"), f"{row.name!r} is given twice (as [[{named[row.name]}]])"
        named.setdefault(row.name, key)
    for key, number, session in _rows(world, "session"):
        if session.user in world.by_name:
            yield (key, number, "user"), f"{session.user!r} is no name of a user: it is a party's"
    said = [(n, key, party) for _, n, party in _rows(world, "party") for key in ("url", "callback")]
    taken: dict[str, str] = {"": ""}
    # Clients of the attacker's may share a redirect URI among them, but with nobody else.
    for number, key, party in sorted(said, key=lambda each: each[1] == "callback" and not each[2].honest):
        url = getattr(party, key)
        if taken.get(url):
            yield ("party", number, key), f"{url!r} is {party.name!r}'s, but also {taken[url]!r}'s"
        elif key == "url" or party.honest:
            taken.setdefault(url, party.name)


def _names(parties: Iterable[Party], honest: bool = False) -> list[str]:
    return [party.name for party in parties if party.honest or not honest]


_Of = tuple[str, Callable[[World], list[str]]]
_SERVERS: _Of = ("an AS", lambda world: _names(world.servers))
_HONEST_SERVERS: _Of = ("an honest AS", lambda world: _names(world.honest_servers))
_RESOURCES: _Of = ("a resource server", lambda world: _names(world.resource_servers))
_HONEST_RESOURCES: _Of = ("an honest resource server", lambda world: _names(world.resource_servers, honest=True))
_CLIENTS: _Of = ("an honest client", lambda world: _names(world.clients))
_SESSIONS: _Of = ("a session", lambda world: list(world.session))
_USERS: _Of = ("a user of a session", lambda world: [*world.users, ATTACKER])
#: What the keys of each table name, and which there are.
_NAMED: dict[tuple[str, str], _Of] = {
    ("party", "designates"): _SERVERS, ("party", "trusts"): _SERVERS, ("party", "knows"): _SERVERS,
    ("party", "serves"): _RESOURCES, ("party", "upstream"): _HONEST_SERVERS, ("party", "agent_of"): _HONEST_RESOURCES,
    ("session", "client"): _CLIENTS, ("session", "visits"): _RESOURCES, ("session", "after"): _SESSIONS,
    ("session", "instead_of"): _SESSIONS,
    ("held", "client"): _CLIENTS, ("held", "user"): _USERS, ("held", "server"): _HONEST_SERVERS,
    ("held", "resource"): _RESOURCES, ("tampering", "party"): _HONEST_RESOURCES,
    ("grants", "server"): _HONEST_SERVERS, ("grants", "user"): _USERS,
}  # fmt: skip


def _references(world: World) -> Iterator[Fault]:
    """Everybody who is named is there, in the role that is meant."""
    named = [
        ((table, number, key), getattr(row, key), of)
        for (table, key), of in _NAMED.items()
        for _, number, row in _rows(world, table)
    ]
    for path, said, (what, known) in [*named, (("contact",), world.contact, _HONEST_RESOURCES)]:
        for name in (said,) if isinstance(said, str) else said:
            if name and name not in known(world):
                yield path, f"{path[-1]} names {what}: unknown {name!r}{hint(name, known(world))}"


def _starters(world: World) -> Iterator[Fault]:
    """The starter of a sub-agent stands before it, so that nobody starts itself, and a user has a task for it."""
    busy = {session.client for session in world.sessions if session.user != ATTACKER}
    for key, number, party in _rows(world, "party"):
        earlier = [other.name for other in world.parties[:number] if other.role in (CLIENT, SUB_AGENT)]
        if party.role == SUB_AGENT and party.started_by not in earlier:
            unknown = f"unknown {party.started_by!r}{hint(party.started_by, earlier)}"
            yield (key, number, "started_by"), f"started_by names a client or sub-agent given before: {unknown}"
        elif party.role == SUB_AGENT and (by := world.by_name[party.started_by]).role == CLIENT and by.name not in busy:
            yield (key, number, "started_by"), f"{by.name!r} starts a sub-agent, but no user has a session there"


def _orders(world: World) -> Iterator[Fault]:
    """A session comes after one that stands before it, so that none waits for itself."""
    for key, number, session in _rows(world, "session"):
        earlier = [other.name for other in world.sessions[:number]]
        if session.after in world.session and session.after not in earlier:
            why = f"after names a session given before: {session.after!r} is not{hint(session.after, earlier)}"
            yield (key, number, "after"), why


def _calls(world: World) -> Iterator[Fault]:
    """An agent that calls others for its callers was called: a session there comes after one that may visit it."""
    for key, number, session in _rows(world, "session"):
        called = world.by_name[session.client].agent_of
        earlier = world.session[session.after] if session.after else None
        if called and (earlier is None or (earlier.visits and called not in earlier.visits)):
            why = f"{session.client!r} is the agent of {called!r}, which 'after' has to have visited"
            yield (key, number, "after"), why


def _protocols(world: World) -> Iterator[Fault]:
    """What there is of a protocol is of one that some session runs; who stands in does so for one of another."""
    of = {session.name: session.protocol or world.protocol for session in world.sessions}
    for key, number, row in _rows(world, "held", "grants"):
        if row.protocol and row.protocol not in world.protocols:
            yield (key, number, "protocol"), f"no session runs {row.protocol!r}{hint(row.protocol, world.protocols)}"
    for _, number, party in _rows(world, "party"):
        for name in party.speaks:
            if name not in world.protocols:
                yield ("party", number, "speaks"), f"no session runs {name!r}{hint(name, world.protocols)}"
    for key, number, session in _rows(world, "session"):
        if session.after and of.get(session.after) != of[session.name]:
            yield (key, number, "after"), f"{session.after!r} runs another protocol than {session.name!r}"
        if session.instead_of and (of[session.name], of.get(session.instead_of)) != ("oauth", "aauth"):
            why = f"instead_of: {session.name!r} runs 'oauth' instead of a session that runs 'aauth'"
            yield (key, number, "instead_of"), why


def _scopes(world: World) -> Iterator[Fault]:
    """Scopes are one's own or all shared; sessions need such, and one that steps up, or renews, follows another."""
    seen: dict[str, Party] = {}
    for key, number, party in _rows(world, "party"):
        for scope in party.scopes:
            if scope in seen and (seen[scope] is party or seen[scope].scopes != party.scopes):
                yield (key, number, "scopes"), f"scope {scope!r} is given twice (at {seen[scope].name!r})"
            seen.setdefault(scope, party)
    own = {party.scopes: party for party in world.resource_servers}
    sizes = ((world.is_apart(party), len(party.scopes)) for party in own.values())
    if prod(2**size if apart else size + 1 for apart, size in sizes) - 1 > MOST_SCOPES:
        place = next(number for _, number, party in _rows(world, "party") if party.scopes)
        yield ("party", place, "scopes"), f"more sets of scopes than can be proved (at most {MOST_SCOPES})"
    for key, number, session in _rows(world, "session"):
        for scope in (scope for scope in session.needs if scope not in seen):
            why = f"needs names a scope of a resource server: unknown {scope!r}{hint(scope, seen)}"
            yield (key, number, "needs"), why
        for name, what in (("steps_up", "steps up from"), ("renews", "renews the token of")):
            if getattr(session, name) and not session.after:
                yield (key, number, name), f"{session.name!r} {what} a session that 'after' has to name"


def _policies(world: World) -> Iterator[Fault]:
    """A party sets only switches that are of its role, and nothing that its class has otherwise."""
    for key, number, party in _rows(world, "party"):
        for name, _ in party.policy:
            if party.role not in world.model.switches[name].roles:
                of = " or ".join(world.model.switches[name].roles) or "everybody"
                why = f"switch {name!r} is of {of}, and {party.name!r} has the role {party.role}"
                yield (key, number, "policy", name), why
        for name, value in party.policy:
            if (by_class := CLIENT_CLASSES.get(party.client_class, {}).get(name, value)) != value:
                why = f"{name}: {value!r} is not what a client of class {party.client_class} has, which is {by_class!r}"
                yield (key, number, "policy", name), why


def _capabilities(world: World) -> Iterator[Fault]:
    """Who takes part, connects or is registered by a capability does so for somebody whom that corrupts."""
    corrupting = sorted({name for party in world.parties for name in party.run_by})
    for table, number, party in _rows(world, "party"):
        for key in ("present_with", "connects_by", "registered_by"):
            for name in getattr(party, key):
                if name not in corrupting:
                    yield (table, number, key), f"{key}: {name!r} corrupts nobody here{hint(name, corrupting)}"


def _well_known(world: World) -> Iterator[Fault]:
    """Who writes the well-known location of an origin shares that origin."""
    for key, number, tampering in _rows(world, "tampering"):
        sharing = [
            party
            for party in world.resource_servers
            if tampering.party in world.by_name
            and identifiers.same_origin(party.url, world.by_name[tampering.party].url)
        ]
        if tampering.channel == "well_known" and len(sharing) == 1:
            why = f"channel 'well_known' of {tampering.party!r} reaches nothing: its origin is its own"
            yield (key, number, "party"), why


def _grants(world: World) -> Iterator[Fault]:
    """The grants of a user at an AS are counted once, and there are no more than can be proved."""
    seen: set[tuple[str, str, str]] = set()
    for key, number, made in _rows(world, "grants"):
        one = (made.server, made.user, made.protocol or world.protocol)
        if one in seen:
            yield (key, number, "server"), f"grants of {made.user!r} at {made.server!r} are given twice (use 'count')"
        seen.add(one)
    if (total := sum(made.count for made in world.approvals)) > MOST_GRANTS:
        yield ("grants",), f"{total} grants, more than can be proved (at most {MOST_GRANTS})"


# --- finding -------------------------------------------------------------------------------------------------


def _shipped() -> dict[str, World]:
    """The worlds that ship: they are checked when they are changed, not whenever they are read."""
    folder = files("model").joinpath("worlds")
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    worlds = [_made(_beside(tomllib.loads(entry.read_text(encoding="utf-8"))), entry.name) for entry in found]
    return {world.name: world for world in sorted(worlds, key=lambda world: world.name != "default")}


#: The worlds that ship, the default one first.
WORLDS: dict[str, World] = _shipped()
DEFAULT = WORLDS["default"]
#: Worlds that traces and notes of earlier releases name, and what has become of them.
FORMER = {
    **{
        name: f"there is no world {name!r} any more: what was in it is in world=default"
        for name in ("first_contact", "users_session", "client_identity")
    },
    "mixup": "the sizes of world=mixup are no names: write a world file with as many servers and sessions as you like",
}


def worlds(model: Model) -> Mapping[str, World]:
    """The worlds that ship, in a model."""
    return WORLDS if model is DEFAULT.model else _within(model)


@cache
def _within(model: Model) -> Mapping[str, World]:
    return {name: world.within(model) for name, world in WORLDS.items()}


def find_world(name: str, model: Model = oauth()) -> World:
    """A world that ships, by its name, or one from a file, by its path.

    Raises:
        WorldError: neither exists, or the file cannot be read.
    """
    if name in WORLDS:
        return worlds(model)[name]
    path = Path(name)
    try:
        if path.is_dir():
            raise WorldError(f"{name} is a directory, not a world file")
        if not path.is_file():
            unknown = f"no world or world file {name!r}{hint(name, WORLDS)}"
            raise WorldError(FORMER.get(name.partition("-")[0], unknown))
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise WorldError(f"{name} is not a text file in UTF-8") from None
    except OSError as error:
        raise WorldError(f"{name}: {error.strerror}") from None
    return read(name, text, model)


def world_for(prop: str, design: Design) -> World:
    """The world in which a question is asked that names none: one that claims it by all that it states.

    A world that names properties is made for them, so it comes before one that names switches alone.
    """
    known = worlds(design.model)
    for world in sorted(known.values(), key=lambda world: not world.asked_for):
        fits = all(design[key] == value for key, value in world.asked_if)
        if (world.asked_for or world.asked_if) and fits and (not world.asked_for or prop in world.asked_for):
            return world
    return known[DEFAULT.name]
