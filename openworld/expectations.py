"""Expectations: a small TOML file that says what holds, and what does not, with a design against an attacker.

Every property that an entry lists, under every attacker that it lists, is one expectation, and knows the line and
column where it stands. ``openworld/data/named_designs.openworld.toml`` is an example.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from model.design import check_parties, parse, parse_capabilities
from model.documents import DocumentError, Schema, complaint, from_toml
from model.errors import InputError, hint
from model.model import Model, oauth
from model.named_designs import FORMERLY
from model.switches import DEFAULT_ATTACKER, check_switch
from model.world_file import WORLDS, find_world
from properties.results import Result, read_result
from properties.security import Property, find

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


class Position(NamedTuple):
    """Where something stands in a file: line and column from 1, length in characters."""

    line: int
    column: int
    length: int


_TOP = Position(1, 1, 0)


class ExpectationError(InputError):
    """A file that cannot be read; the message names file, line, entry and key. ``place``: where that stands."""

    def __init__(self, message: str, place: Position = _TOP) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Anchor:
    """A sentence of a draft, on which an expectation rests.

    Attributes:
        draft: the file of the draft, as text, Markdown or XML.
        section: where it stands there, in the author's words; may be empty.
        quote: the sentence; how its words are broken into lines does not matter.
    """

    draft: Path
    section: str
    quote: str

    @builtins.property
    def stands(self) -> bool:
        """Whether the draft still says so (raises OSError where it cannot be read)."""
        return self.place(Plain.read(self.draft.read_text(encoding="utf-8"))) is not None

    def place(self, text: Plain) -> slice | None:
        """Where the text of the draft says so, if it does."""
        words = Plain.read(self.quote).words
        start = text.words.find(words)
        return text.place(start, start + len(words)) if start >= 0 else None

    def __str__(self) -> str:
        where = f"{self.draft}, section {self.section}," if self.section else f"{self.draft}"
        return f'{where} no longer says "{" ".join(self.quote.split())}"'


@dataclass(frozen=True, slots=True)
class Plain:
    """The words of a text alone: no elements of XML, emphasis or brackets, no addresses of links, each space one.

    ``starts``, ``ends``: where each character of ``words`` starts and ends in the text.
    """

    words: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    @lru_cache(maxsize=8)
    def read(cls, text: str) -> Plain:
        """The words of a text, which is mostly the same draft again."""
        found: list[tuple[str, int, int]] = []
        for part in re.finditer(r"(?s:<!--.*?-->)|<[^<>]*>|\]\([^()\s]*\)|&#?\w+;|\s|.", text):
            said = part.group()
            said = "" if len(said) > 1 and said[0] in "<]" else " " if said.isspace() else unescape(said)
            spaced = said == " " and (not found or found[-1][0] == " ")
            found += [(each, *part.span()) for each in said if each not in "*_`[]{}" and not spaced]
        if found and found[-1][0] == " ":
            found.pop()
        words, starts, ends = zip(*found, strict=True) if found else ((), (), ())
        return cls("".join(words), starts, ends)

    def place(self, start: int, end: int) -> slice:
        """Where some of its words stand in the text."""
        return slice(self.starts[start], self.ends[end - 1]) if start < end else slice(0, 0)


#: Where a paragraph ends: an empty line, an item of a list, a heading, a row of a table, or such an element of XML.
_END = re.compile(
    r"\n[ \t>]*(?=\n)|\n(?=[ \t>]*(?:[-*+:#|]|\d+[.)])[ \t#|])"
    r"|</?(?:t|li|dt|dd|td|section|name|figure|sourcecode)\b[^<>]*>"
)
_SENTENCE = re.compile(r"\w.*?(?:(?<!e\.g)(?<!i\.e)(?<! vs)[.!?](?=\W*(?: |$))|$)")
#: A sentence that has changed is still found if so much of it is alike.
_ALIKE = 0.6


def sentences(text: str) -> dict[str, slice]:
    """Return the sentences of a text, each by its words alone (as in :class:`Plain`), with where it stands."""
    found: dict[str, slice] = {}
    ends = [0, *(each for end in _END.finditer(text) for each in end.span()), len(text)]
    for before, after in zip(ends[::2], ends[1::2], strict=True):
        plain = Plain.read(text[before:after])
        for sentence in _SENTENCE.finditer(plain.words):
            place = plain.place(*sentence.span())
            found.setdefault(sentence.group(), slice(before + place.start, before + place.stop))
    return found


def nearest(sentence: str, known: Iterable[str], alike: float = _ALIKE) -> str | None:
    """Return the sentence that is most like one, word by word; nothing where too little of any is alike."""
    by_words = {tuple(each.split()): each for each in known}
    found = get_close_matches(tuple(sentence.split()), by_words, 1, alike)
    return by_words[tuple(found[0])] if found else None


@dataclass(frozen=True, slots=True)
class Expectation:
    """One property under one configuration, and whether it is expected to hold.

    Attributes:
        file: where it is written.
        place: where the property is named in the file.
        name: what the entry calls itself; by default its design.
        because: why it is expected, in the author's words; may be empty.
        property: name of the property.
        design: the design as ``key=value;key=value``; empty for the baseline.
        attacker: capabilities as in ``cap=``.
        world: the world to ask in as in ``world=``; empty where that is left to the property.
        expected: the verdict that is expected; ``safe`` or ``reached`` where the property is to hold.
        anchor: the sentence that it rests on, if it names one.
        model: the model that is asked.
    """

    file: Path
    place: Position
    name: str
    because: str
    property: str
    design: str
    attacker: str
    world: str
    expected: Result
    anchor: Anchor | None = None
    model: Model = oauth()

    @builtins.property
    def config(self) -> str:
        """The configuration as the command line takes it."""
        world = f"world={self.world}" if self.world else ""
        return ";".join(part for part in (self.design, f"cap={self.attacker}", world) if part)

    @builtins.property
    def configuration(self) -> str:
        """The configuration, written alike whatever it was called."""
        return str(parse(self.config, self.model))


#: The verdict that each list of properties stands for, in the words of security properties where both kinds have one.
EXPECTED: dict[str, str] = {
    "holds": "safe", "fails": "attack", "not_in_this_world": "not_in_this_world", "reached": "reached",
    "not_reached": "not_reached",
}  # fmt: skip
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_KEYS = {
    **dict.fromkeys(("name", "because", "design", "world", "draft", "section", "quote"), _TEXT),
    "switches": {"type": "object", "additionalProperties": {"type": "string"}},
    **dict.fromkeys(("against", *EXPECTED), _TEXTS),
}
_ENTRY = {
    "type": "object",
    "properties": _KEYS,
    "additionalProperties": False,
    "dependentRequired": {"section": ["quote"], "quote": ["draft"], "draft": ["quote"]},
}
#: What an entry may say, and what stands above the entries.
_SCHEMA, _HEAD = Schema(lambda: _ENTRY), Schema(lambda: _TEXTS)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file of expectations, read as TOML."""
    return {"type": "object", "properties": {"with": _TEXTS, "expect": {"type": "array", "items": _ENTRY}}}


def read(path: Path, model: Model = oauth(), content: bytes | None = None) -> list[Expectation]:
    """The expectations of a file, in its order; ``content``: what is in it, where that is not what is on the disk.

    Raises:
        ExpectationError: not TOML; an unknown key, name or value; nothing expected, or a thing and its opposite.
    """
    content = path.read_bytes() if content is None else content
    data = _data(path, content)
    stray = [key for key in data if key not in ("expect", "with")]
    if stray:
        raise ExpectationError(f"{path}: unknown key {stray[0]!r}; allowed: with, tables [[expect]]")
    entries, tables = data.get("expect", []), list(_tables(content.decode("utf-8")))
    if not entries or not isinstance(entries, list) or len(entries) != len(tables):
        raise ExpectationError(f"{path}: nothing is expected; write each expectation as a table [[expect]]")
    made = [one for number, fields in enumerate(entries) for one in _Entry(path, tables[number], fields, model).read()]
    _refuse_contradictions(made)
    return made


def drafts(path: Path) -> list[Path]:
    """The drafts that a file of expectations goes with: files beside it, of which names of the entries may come.

    Raises:
        ExpectationError: not TOML, or no list of files.
        OSError: a file cannot be read.
    """
    data = _data(path, path.read_bytes())
    for error in _HEAD.errors(data["with"]) if "with" in data else ():
        raise ExpectationError(f"{path}: with: {complaint(error)}")
    return [path.parent / name for name in data.get("with", [])]


def refuse_others(path: Path, model: Model) -> None:
    """Make sure that a file goes with no draft but those of a model: a server that reads it runs no code of others.

    Raises:
        ExpectationError: it does; the message names the draft.
    """
    if strange := {*map(Path.resolve, drafts(path))} - {*model.files}:
        raise ExpectationError(f"{path}: goes with {min(strange)}, which is run only where the server has it --with")


def _data(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return from_toml(content)
    except DocumentError as error:
        raise ExpectationError(f"{path}: {error}") from None


def _refuse_contradictions(expectations: list[Expectation]) -> None:
    known: dict[tuple[str, str], Expectation] = {}
    for one in expectations:
        first = known.setdefault((one.property, one.configuration), one)
        if first.expected != one.expected:
            raise ExpectationError(
                f"{one.file}, line {one.place.line}: {one.property} under {one.config} is expected to be "
                f"both {first.expected} and {one.expected}; the other is in line {first.place.line}",
                one.place,
            )


class _Entry:
    """One ``[[expect]]`` table."""

    def __init__(self, path: Path, places: _Places, fields: dict[str, Any], model: Model) -> None:
        self._path, self._places, self._fields, self._model = path, places, fields, model

    def read(self) -> Iterator[Expectation]:
        """Its expectations (raises ExpectationError)."""
        for error in _SCHEMA.errors(self._fields):
            raise self._misshapen(error)
        if not any(self._fields.get(key) for key in EXPECTED):
            raise self._error("", 0, "nothing is expected; list properties in holds or fails")
        design, world = self._design(), self._world()
        name, because = (" ".join(self._fields.get(key, "").split()) for key in ("name", "because"))
        for key, word in EXPECTED.items():
            for number, prop in enumerate(self._fields.get(key, [])):
                known, place = self._known(key, number, find, prop, self._model), self._place(key, number)
                expected = self._known(key, number, read_result, word, known.kind)
                for attacker in self._attackers(known):
                    made = Expectation(
                        self._path,
                        place,
                        name or design or "baseline",
                        because,
                        known.name,
                        design,
                        attacker,
                        world,
                        expected,
                        self._anchor(),
                        self._model,
                    )
                    self._known("switches", 0, _fits, made)
                    yield made

    def _design(self) -> str:
        named = self._fields.get("design")
        if named in FORMERLY:
            named = FORMERLY[named]
        if named is not None and named not in self._model.designs:
            raise self._error("design", 0, f"unknown design {named!r}{hint(named, self._model.designs)}")
        switches = [
            f"{name}={self._known('switches', 0, check_switch, name.rpartition(':')[2], value, self._model.switches)}"
            for name, value in self._fields.get("switches", {}).items()
        ]
        return ";".join([f"design={named}"] * (named is not None) + switches)

    def _world(self) -> str:
        """The world by its name, or its file, which is looked for beside the expectations first."""
        named: str = self._fields.get("world", "")
        if not named or named in WORLDS:
            return named
        beside = self._path.parent / named
        found = str(beside) if os.path.isfile(beside) else named  # is_file complains of what is no path
        self._known("world", 0, find_world, found, self._model)
        return found

    def _anchor(self) -> Anchor | None:
        if "quote" not in self._fields:
            return None
        draft, section, quote = (self._fields.get(key, "") for key in ("draft", "section", "quote"))
        anchor = Anchor(self._path.parent / draft, section, quote)
        if not anchor.draft.is_file():
            raise self._error("draft", 0, f"there is no file {str(anchor.draft)!r}")
        return anchor

    def _attackers(self, prop: Property) -> list[str]:
        """Those that an entry lists; without any, A1 of RFC 9700, and of what honest parties can do nobody."""
        alone = "none" if prop.kind == "utility" else DEFAULT_ATTACKER
        listed: list[str] = self._fields.get("against", [alone])
        for number, attacker in enumerate(listed):
            self._known("against", number, parse_capabilities, attacker, self._model)
        return listed

    def _misshapen(self, error: ValidationError) -> ExpectationError:
        unknown = [name for name in self._fields if name not in _KEYS]
        key, number = [*error.absolute_path, *unknown, "", 0][:2]
        return self._error(str(key), number if isinstance(number, int) else 0, complaint(error))

    def _known(self, key: str, number: int, read: Any, *words: Any) -> Any:
        """What ``read`` makes of some words, or where they stand and what is wrong with them."""
        try:
            return read(*words)
        except InputError as error:
            raise self._error(key, number, str(error)) from None

    def _place(self, key: str, number: int) -> Position:
        """Where a string of a list stands; else its key, else the table."""
        return self._places.get((key, number)) or self._places.get((key, -1)) or self._places["", 0]

    def _error(self, key: str, number: int, message: str) -> ExpectationError:
        place = self._place(key, number)
        where = f"{self._path}, line {place.line}, [[expect]]"
        return ExpectationError(f"{where}: {key}: {message}" if key else f"{where}: {message}", place)


def _fits(asked: Expectation) -> None:
    """Make sure that the world of a question has the parties that its design names.

    Raises:
        ConfigurationError: naming the party or the switch and what is allowed.
    """
    configuration = parse(asked.config, asked.model)
    check_parties(configuration.design, find(asked.property, asked.model).world_of(configuration))


# --- lines and columns -------------------------------------------------------------------------------------

#: Where the n-th string after a key stands, the key itself under -1, the table under ("", 0).
_Places = dict[tuple[str, int], Position]

_TOKEN = re.compile(
    r"""
      (?P<string> \"{3} (?:\\.|[^\\])*? \"{3,5} | '{3} .*? '{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
    | \#[^\n]*
    | ^[ \t]* (?P<table> \[\[ [ \t]* (?:expect|"expect"|'expect') [ \t]* \]\] )
    | ^[ \t]* (?P<key> [A-Za-z0-9_-]+ ) [ \t]* =
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


def _tables(text: str) -> Iterator[_Places]:
    """Where things stand in each ``[[expect]]`` table of a text that is known to be TOML."""
    places: _Places = {}
    key, number = "", 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind is None:  # a comment
            continue
        place = _place(text, token.start(kind), token.end(kind))
        if kind == "table":
            if places:
                yield places
            places, key = {("", 0): place}, ""
        elif kind == "key" and places:
            key, number = token[kind], 0
            places[key, -1] = place
        elif kind == "string" and key:
            places[key, number] = place
            number += 1
    if places:
        yield places


def _place(text: str, start: int, end: int) -> Position:
    return Position(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start), end - start)
