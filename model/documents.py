"""Documents that somebody wrote, in TOML or JSON: parsed without surprises and held against a JSON Schema.

One line says what is wrong with one. `jsonschema` does the work; this module puts what it says into the words of the
document's author.
"""

from __future__ import annotations

import json
import math
import re
import reprlib
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cached_property
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from model.errors import InputError, hint

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

#: What a JSON or TOML document holds, and one of its objects: of which types, only looking at them tells.
Json: TypeAlias = Any
JsonObject: TypeAlias = Mapping[str, Json]

#: Whole numbers have to fit into so many bits, which is all that TOML promises and more than is ever meant.
_BITS = 64
#: No document that anybody means is nested so deep.
_DEPTH = 50


class DocumentError(InputError):
    """A document that cannot be used, told in one line that does not name the document."""


# --- parsing -------------------------------------------------------------------------------------------------


def from_toml(data: bytes | str) -> dict[str, Json]:
    """What a TOML document says (raises DocumentError)."""
    content: dict[str, Json] = _parsed(data, tomllib.loads, "a TOML file")
    return content


def from_json(data: bytes | str) -> Json:
    """What a JSON document says (raises DocumentError); NaN and what is beyond all floats are no JSON."""
    return _parsed(data, lambda text: json.loads(text, parse_constant=_no_number, parse_float=_finite), "JSON")


def challenge_of(header: str) -> dict[str, str]:
    """The scheme and the parameters of the first challenge in a WWW-Authenticate header (RFC 9110 11.6.1)."""
    scheme, _, rest = header.partition(" ")
    found = re.findall(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', rest)
    return {"scheme": scheme, **{name: quoted or plain for name, quoted, plain in found}} if scheme else {}


def _parsed(data: bytes | str, loads: Callable[[str], Json], form: str) -> Json:
    try:
        content = loads(data.decode("utf-8") if isinstance(data, bytes) else data)
        _look_through(content, _DEPTH)
    except RecursionError:
        raise DocumentError(f"not {form}: nested too deep") from None
    except ValueError as error:  # of which those of decoders are a kind
        raise DocumentError(f"not {form}: {error}") from None
    return content


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _look_through(value: Json, depth: int) -> None:
    """Refuse what cannot be counted with, written down or walked through."""
    if depth < 0:
        raise RecursionError
    match value:
        case str():
            value.encode()  # half of a surrogate pair is an error
        case int():
            if value.bit_length() >= _BITS:
                raise ValueError(f"a whole number of more than {_BITS} bits")
        case dict():
            for key, inner in value.items():
                key.encode()
                _look_through(inner, depth - 1)
        case list():
            for inner in value:
                _look_through(inner, depth - 1)


# --- checking ------------------------------------------------------------------------------------------------


@contextmanager
def _put_off(name: str, function: str) -> Iterator[None]:
    """Import something without a module of which it takes a function: that is imported when the function is called.

    jsonschema takes the grammars of international URLs from one that comes with Jupyter. Reading them takes a second,
    and nothing here asks for their formats.
    """
    if name in sys.modules:
        yield
        return
    stands_in = ModuleType(name)
    setattr(stands_in, function, lambda *given: getattr(import_module(name), function)(*given))
    sys.modules[name] = stands_in
    try:
        yield
    finally:
        del sys.modules[name]


class Schema:
    """A JSON Schema (draft 2020-12) that documents are held against; it is made when the first is.

    Its titles are what messages call things: the keys of a table that has one, or the values of an enumeration. Every
    text of a document is :func:`printable`, whatever the schema says of it.
    """

    def __init__(self, make: Callable[[], JsonObject]) -> None:
        self._make = make

    @cached_property
    def _validator(self) -> Draft202012Validator:
        # Imported here: most runs read nothing that has a schema, and it takes 0.1 s.
        with _put_off("rfc3987_syntax", "is_valid_syntax"):
            from jsonschema import Draft202012Validator

        return Draft202012Validator(self._make())

    def errors(self, content: Json) -> list[ValidationError]:
        """What is wrong, in the order of the document; what is missing counts only where nothing is misspelt."""
        errors = _unprintable(content)
        for error in self._validator.iter_errors(content):
            if error.validator == "maxItems":  # nothing else is looked at in what may be very long
                return [error]
            errors.append(error)
        errors.sort(key=lambda error: list(error.absolute_path))
        return [error for error in errors if error.validator != "required"] or errors

    def check(self, content: Json) -> None:
        """Raise DocumentError for the first thing that is wrong, if there is one."""
        for error in self.errors(content):
            where = error.json_path.removeprefix("$").removeprefix(".")
            raise DocumentError(f"{where}: {complaint(error)}" if where else complaint(error))


def printable(text: str) -> bool:
    """Whether a text does nothing to a terminal or a page: no control characters, and none that turn its direction."""
    return text.isprintable() or "".join(text.split()).isprintable()


def unprintable(text: str) -> str:
    """What is said of a text that is not."""
    return f"must be without control characters, found {shortly(text)}"


def called(path: Path) -> str:
    """What a document is called where its file names it: tables and figures have that name, and nobody runs it.

    Raises:
        DocumentError: its name is not printable, or is a formula where a table is opened as a sheet.
    """
    if not printable(path.stem) or path.stem.startswith(("=", "+", "-", "@")):
        named = "tables call it by the name of its file, which must be without control characters"
        raise DocumentError(f"{shortly(path.name)}: {named}, and not begin with = + - @")
    return path.stem


def _unprintable(content: Json) -> list[ValidationError]:
    """The texts of a document that are not, keys among them."""
    found = [(path, text) for path, text in texts_in(content) if not printable(text)]
    if not found:
        return []
    from jsonschema.exceptions import ValidationError

    return [ValidationError("", "printable", path, instance=text, schema={}) for path, text in found]


def texts_in(content: object, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in tables, lists and records, keys among them, with the keys and numbers that lead there."""
    if isinstance(content, str):
        yield path, content
    elif isinstance(content, Mapping):
        for key, inner in content.items():
            yield from chain(texts_in(key, *path), texts_in(inner, *path, str(key)))
    elif isinstance(content, list | tuple):
        for place, inner in enumerate(content):
            yield from texts_in(inner, *path, place)
    elif is_dataclass(content) and not isinstance(content, type):
        yield from texts_in({each.name: getattr(content, each.name) for each in fields(content)}, *path)


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100


def shortly(value: object) -> str:
    """A value that may be long as it stands in a message."""
    return _SHORT.repr(value)


#: The types of JSON Schema in the words of messages.
KINDS = {
    "object": "a table", "array": "a list", "string": "a text", "number": "a number", "integer": "a whole number",
    "boolean": "true or false", "null": "nothing",
}  # fmt: skip


def complaint(error: ValidationError) -> str:
    """What a violated keyword of a schema means to the author of the document."""
    found: Json = error.instance
    rule: Json = error.validator_value
    schema: Json = error.schema
    shown = "nothing" if found is None else shortly(found)
    match error.validator:
        case "required":
            return f"{next(name for name in rule if name not in found)!r} is missing"
        case "dependentRequired":
            pairs = ((key, other) for key, others in rule.items() if key in found for other in others)
            return "{!r} says nothing without {!r}".format(*next(pair for pair in pairs if pair[1] not in found))
        case "additionalProperties":
            name = next(name for name in found if name not in schema["properties"])
            what = schema.get("title", "key") if error.absolute_path else "key"  # the first title is the document's own
            return f"unknown {what} {shortly(name)}{hint(name, schema['properties'])}"
        case "enum":
            return f"unknown {schema.get('title', 'value')} {shown}{hint(str(found), rule)}"
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            return f"must be {' or '.join(KINDS[kind] for kind in kinds)}, found {shown}"
        case "const":
            return f"must be {json.dumps(rule)}, found {shown}"
        case "minimum" | "maximum":
            least, most = schema["minimum"], schema.get("maximum")
            allowed = f"of at least {least:g}" if most is None else f"between {least:g} and {most:g}"
            return f"must be a number {allowed}, found {shown}"
        case "multipleOf":
            return f"must be a whole number, found {shown}"
        case "printable":
            return unprintable(found)
        case "minItems" | "minLength":
            return "must not be empty" if error.validator_value == 1 else f"must have at least {error.validator_value}"
    return textwrap.shorten(error.message, 200)
