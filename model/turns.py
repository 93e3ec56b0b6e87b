"""A client turn by turn: what it asks next, and what it may be answered.

Each answer is one message of the honest world, or of a scenario or a mutation of it (:mod:`model.scenario`), given to
whatever request it answers. With these inputs, and its requests as outputs, a client is a Mealy machine: the model's
(:mod:`model.played`) as well as a real one.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files

from model import scenario
from model.documents import Json, JsonObject
from model.errors import InputError
from model.mutations import PREFIX
from model.part import Part
from model.scenario import ORIGINS, Scenario

#: How a client ends: its call was served, it gave up, or nothing is known of it.
SERVED, GIVES_UP, SILENT, UNSAID = "is served", "gives up", "is silent", "is beyond the model"
#: The parties that answer as the attacker likes: the resource, and one server.
ATTACKERS = ("rs", "evil")
ENDS = (SERVED, GIVES_UP, SILENT, UNSAID)


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """What a client does next: it makes a request, or it ends.

    Attributes:
        request: which message the request asks for, or an end.
        to: the party that is asked.
        at: where a document is looked for, as a path.
        resources: values of `resource`; of what is kept of a run with the origins of parties as ``{party}``.
        what: whatever else is notable in the request.
    """

    request: str
    to: str = ""
    at: str = ""
    resources: tuple[str, ...] = ()
    what: tuple[Part, ...] = ()

    def __str__(self) -> str:
        place = f"@{self.to}{self.at}" if self.to else ""
        resources = "".join(f" resource={value}" for value in self.resources)
        return f"{self.request}{place}{resources}{''.join(f' [{part}]' for part in self.what)}"

    @property
    def ended(self) -> bool:
        """Whether the client makes no more requests."""
        return self.request in ENDS

    @property
    def scheme(self) -> str:
        """The scheme by which a call presents a token, if it does."""
        return next((part.of for part in self.what if part.kind == "scheme"), "")

    @property
    def told(self) -> Turn:
        """As much of it as the model says: who is asked for what, where, for which resource."""
        return replace(self, what=())

    @classmethod
    def from_json(cls, data: JsonObject) -> Turn:
        """A turn from data."""
        return cls(data["request"], data["to"], data["at"], tuple(data["resources"]), _parts(data["what"]))

    def to_json(self) -> dict[str, Json]:
        """The turn as data."""
        return asdict(self)


def of(sent: Iterable[Turn], request: str) -> tuple[Turn, ...]:
    """The requests of one kind among those that a client sent, in order."""
    return tuple(one for one in sent if one.request == request)


def visible(sent: Iterable[Turn]) -> tuple[Json, ...]:
    """What a measurement sees of them: who was asked to register the client, the authorization and the token requests,
    and the scheme by which the last call presented its token, if there was one."""
    made = tuple(sent)
    schemes = [call.scheme for call in of(made, "call")]
    registered = tuple(dict.fromkeys(one.to for one in of(made, "register")))
    return registered, of(made, "authorize"), of(made, "token"), schemes[-1] if schemes else ""


def misdelivered(sent: Iterable[Turn]) -> bool:
    """Whether a token request went to another party than the authorization request that brought its code."""
    made = tuple(sent)
    pairs = zip(of(made, "authorize"), of(made, "token"), strict=False)
    return any(asked.to != used.to for asked, used in pairs)


def _parts(data: Sequence[JsonObject]) -> tuple[Part, ...]:
    return tuple(Part(**one) for one in data)


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """One answer to a client's request.

    Attributes:
        name: the request that it answers, a dot, and where the message is from, as ``token.T02_echo_other``.
        about: in words.
        changes: what is different in it, in the honest world's words; ``asked`` is the server that is asked.
    """

    name: str
    about: str
    changes: JsonObject

    @property
    def to(self) -> str:
        """The request that it answers."""
        return self.name.partition(".")[0]

    @property
    def named(self) -> frozenset[str]:
        """The parties that it names."""
        return frozenset(re.findall(r"\{(\w+)\}", json.dumps(self.changes))) & {*ORIGINS}

    def said(self, turn: Turn, origins: Mapping[str, str] = ORIGINS) -> Scenario:
        """The world in which this is the answer to a request."""
        servers: dict[str, Json] = {name: {} for name in origins if name in ORIGINS}
        stated = {name: value for name, value in self.changes.items() if name != "servers"}
        if turn.to in servers:
            servers[turn.to] = dict(self.changes.get("servers", {}).get("asked", {}))
        place = f"{{{turn.to}}}{turn.at}"
        if turn.request == "resource_metadata":
            stated["documents"] = {"main": {"at": [place], **stated.get("documents", {}).get("main", {})}}
        if turn.request == "server_metadata" and turn.to in servers:
            servers[turn.to].setdefault("at", [place])
        return scenario.assemble(self.name, {"about": self.about, **stated, "servers": servers}, origins)


def answers(turn: Turn, alphabet: Sequence[Input]) -> tuple[str, ...]:
    """The inputs that answer a request, in order; of those that say the same the first."""
    return _answers(replace(turn.told, resources=()), tuple(one.name for one in alphabet if one.to == turn.request))


@cache
def _answers(turn: Turn, names: Sequence[str]) -> tuple[str, ...]:
    kept: dict[str, Scenario] = {}
    for name in names:
        said = replace(inputs()[name].said(turn), name="", about="")
        if said not in kept.values():
            kept[name] = said
    return tuple(kept)


#: The kinds of answers, and where the honest world states what each says.
_STATED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "call": (("challenge",), ("answer",)),
    "resource_metadata": (("documents", "main"),),
    "server_metadata": (("servers", "asked", "metadata"),),
    "register": (),
    "authorize": (("servers", "asked", "iss"), ("authorization_response",)),
    "token": (("token_response",),),
}
#: Where the two kinds of documents are (RFC 9728 3, RFC 8414 3).
_WELL_KNOWN = {
    "resource_metadata": ("oauth-protected-resource",),
    "server_metadata": ("oauth-authorization-server", "openid-configuration"),
}


@cache
def inputs() -> Mapping[str, Input]:
    """Every answer there is, by name."""
    own = [Input(name, **_parted(stated)) for name, stated in _file()["answers"].items()]
    # What only one message of a scenario is about is said best there.
    of = sorted((tuple(parts_of(name)) for name in (*scenario.names(), *scenario.mutation_names())), key=len)
    found: dict[str, Input] = {}
    known: list[tuple[str, JsonObject]] = []
    for one in (*own, *(one for parts in of for one in parts)):
        if (one.to, one.changes) not in known:
            known.append((one.to, one.changes))
            found[one.name] = one
    return found


def _parted(stated: JsonObject) -> dict[str, Json]:
    return {"about": stated["about"], "changes": {key: value for key, value in stated.items() if key != "about"}}


def parts_of(name: str) -> Iterator[Input]:
    """The messages that a scenario or a mutation changes, each by itself."""
    world = scenario.in_the_end(name)
    servers = world.get("servers", {}).values()
    world["servers"] = {"asked": {key: value for one in servers for key, value in one.items()}}
    for kind, places in _STATED.items():
        changes: dict[str, Json] = {}
        for place in places:
            said: Json = world
            for key in place:
                said = said.get(key, {}) if isinstance(said, Mapping) else {}
            said = {key: one for key, one in said.items() if key != "at"} if isinstance(said, Mapping) else said
            # That there is no document at all is said by not_found.
            if said and (said, place[0]) != ("absent", "documents"):
                _put(changes, place, said)
        if changes:
            if kind == "call":
                changes["answer"] = {"status": 401, **changes.get("answer", {})}
            source = name.partition(".")[2] if name.startswith(PREFIX) else name
            yield Input(f"{kind}.{source}", world["about"], changes)


def _put(changes: dict[str, Json], place: Sequence[str], said: Json) -> None:
    for key in place[:-1]:
        changes = changes.setdefault(key, {})
    changes[place[-1]] = said


def alphabet(names: Sequence[str] = ()) -> tuple[Input, ...]:
    """The inputs of these names, or that begin so; by default those that are always tried.

    Raises:
        InputError: no input begins so.
    """
    chosen: dict[str, Input] = {}
    for name in names or _file()["default"]:
        found = {one: value for one, value in inputs().items() if one == name or (names and one.startswith(name))}
        if not found:
            raise InputError(f"no answer {name!r}; known: {', '.join(inputs())}")
        chosen |= found
    return tuple(chosen.values())


def document(url: str) -> str:
    """Which document is looked for at a URL, or nothing where none is."""
    for kind, places in _WELL_KNOWN.items():
        if any(f"/.well-known/{place}" in url for place in places):
            return kind
    return ""


@cache
def _file() -> JsonObject:
    return tomllib.loads(files("model").joinpath("data", "alphabet.toml").read_text(encoding="utf-8"))
