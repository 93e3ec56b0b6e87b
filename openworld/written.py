"""What may stand at a place of a file that is being written: expectations, a world, a population, scenarios and others.

Names of keys and values are those of the schemas by which the files are read, and of the configurations that shells
complete. The file need not be one yet: only the words before the place are looked at.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from model import scenario, world_file
from model.model import Model
from openworld import expectations
from openworld.spoken import ends
from properties.security import every_property
from simulations import experiment_files, population_schema

_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*([\w.\"' \t:-]+?)[ \t]*\]?\][ \t]*(?:#.*)?$", re.MULTILINE)
_BEGUN_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*([\w.\"'-]*)\Z", re.MULTILINE)
_WORD = re.compile(
    r"""
      (?P<string> "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
    | (?P<begun> ["'][^\n]*\Z )
    | \#[^\n]*
    | (?P<key> [\w."':-]+? ) [ \t]* = [ \t]*
    | (?P<mark> [{}\[\],\n] )
    | (?P<word> [\w.:-]+ )
    """,
    re.VERBOSE,
)


class Offer(NamedTuple):
    """A word that may stand at a place, what it means, and how much of what stands before the place it replaces."""

    word: str
    meaning: str
    replaces: int


class _Place(NamedTuple):
    """Where something is being written: below which keys, and what has begun.

    Attributes:
        path: the keys of the tables around it, and of its value.
        begun: what of the word stands there already.
        quoted: whether that is in a string.
        value: whether it is a value; else it is a key.
    """

    path: tuple[str, ...]
    begun: str
    quoted: bool
    value: bool


def offers(text: str, place: int, model: Model) -> list[Offer]:
    """What may be written at a place of a text; nothing where no schema knows the file."""
    here = _place(text[:place])
    if here is None:
        return []
    asked = _values if here.value else _keys
    found = {name: said for schema in _kinds(text, model) for name, said in asked(here, schema, model)}
    if not here.value:
        return [Offer(name, said, len(here.begun)) for name, said in found.items() if name.startswith(here.begun)]
    start = max(map(here.begun.rfind, ";+")) + 1
    begun = here.begun[start:]
    quote = "" if here.quoted else '"'
    return [Offer(f"{quote}{n}{quote}", said, len(begun)) for n, said in found.items() if n.startswith(begun)]


# --- where ---------------------------------------------------------------------------------------------------


def _place(before: str) -> _Place | None:
    """The place at the end of what stands before it; none in a comment."""
    if opening := _BEGUN_HEADER.search(before):
        *around, begun = opening[1].split(".")
        return _Place(tuple(_parts(".".join(around))), begun, False, False)
    *_, header = [None, *_HEADER.finditer(before)]
    path = tuple(_parts(header[1])) if header else ()
    rest = before[header.end() if header else 0 :]
    keys: list[tuple[str, ...]] = [()]  # of the tables and lists that are open, the innermost last
    opened, begun, quoted = [""], "", False
    for word in _WORD.finditer(rest):
        begun, quoted = "", False
        match word.lastgroup:
            case "key":
                keys[-1] = tuple(_parts(word["key"]))
            case "begun":
                begun, quoted = word["begun"][1:], True
            case "word":
                begun = word["word"] if word.end() == len(rest) else ""
            case "mark" if word["mark"] in "{[":
                keys.append(())
                opened.append(word["mark"])
            case "mark" if word["mark"] in "}]" and len(opened) > 1:
                keys.pop()
                opened.pop()
            case "mark" if opened[-1] != "[":  # what comes next is another key
                keys[-1] = ()
            case None if word.end() == len(rest):
                return None
    inside = tuple(key for each in keys for key in each)
    return _Place((*path, *inside), begun, quoted, opened[-1] == "[" or bool(keys[-1]))


def _parts(dotted: str) -> Iterator[str]:
    return (part.strip(" \t\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", dotted))


# --- what ----------------------------------------------------------------------------------------------------


def _kinds(text: str, model: Model) -> list[Mapping[str, Any]]:
    """The schemas that know most of the tables of a text, and of the keys above them; none where none knows any."""
    first = _HEADER.search(text)
    named = {next(_parts(header[1])) for header in _HEADER.finditer(text)}
    named |= set(re.findall(r"^([\w-]+)[ \t]*=", text[: first.start()] if first else text, re.MULTILINE))
    known = [(len(named.intersection(schema["properties"])), schema) for schema in _schemas(model)]
    most = max(count for count, _ in known)
    return [schema for count, schema in known if count == most > 0]


@cache
def _schemas(model: Model) -> tuple[Mapping[str, Any], ...]:
    return (
        expectations.schema(),
        world_file.schema(model),
        experiment_files.schema(),
        scenario.schema(),
        population_schema.schema(model=model),
    )


def _below(path: tuple[str, ...], whole: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a schema says of what stands below some keys, from all of its parts that may apply."""
    found = list(_spread(whole, whole))
    for key in path:
        nexts: list[Any] = []
        for part in found:
            own = [said for name, said in part.get("properties", {}).items() if name == key]
            own += [said for name, said in part.get("patternProperties", {}).items() if re.search(name, key)]
            nexts += own or [part.get("additionalProperties")]
        found = [part for said in nexts if isinstance(said, dict) for part in _spread(said, whole)]
    return found


def _spread(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A part of a schema with those that it names, offers or asks of its items."""
    yield part
    if "$ref" in part:
        yield from _spread(whole["$defs"][part["$ref"].rpartition("/")[2]], whole)
    for key in ("then", "else", "items", "contains"):
        if isinstance(part.get(key), dict):
            yield from _spread(part[key], whole)
    for key in ("allOf", "anyOf", "oneOf"):
        for each in part.get(key, ()):
            yield from _spread(each, whole)


def _keys(here: _Place, schema: Mapping[str, Any], model: Model) -> Iterator[tuple[str, str]]:
    """The keys that may stand in a table, each with its meaning."""
    if here.path[-1:] == ("switches",):
        yield from ((switch.name, switch.meaning) for switch in model.switches.values())
    for part in _below(here.path, schema):
        for name, said in part.get("properties", {}).items():
            if isinstance(said, dict) and "not" not in said:
                known = model.switches.get(name)
                yield name, said.get("description") or (known.meaning if known else "")
        for names in _spread(part.get("propertyNames", {}), schema):
            yield from ((name, "") for name in names.get("enum", ()))


def _values(here: _Place, schema: Mapping[str, Any], model: Model) -> Iterator[tuple[str, str]]:
    """The values that may stand after a key, each with its meaning: of what has several parts, for the last one."""
    key = here.path[-1]
    for part in _below(here.path, schema):
        for value in part.get("enum", ()):
            yield str(value), _meaning(key, value, model)
    if key in expectations.EXPECTED:
        yield from ((one.name, one.meaning) for one in every_property(model).values())
    elif key == "arms":
        yield from ends(model, *here.begun.rpartition(";")[2].partition("="))
    else:
        said = "cap" if key == "against" else key
        yield from ((word.partition("=")[2].rpartition("+")[2], why) for word, why in ends(model, said, "=", ""))


def _meaning(key: str, value: Any, model: Model) -> str:
    return next((why for word, why in ends(model, key, "=") if word == f"{key}={value}"), "")
