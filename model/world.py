"""Worlds: who takes part, at which URLs, who trusts whom, who may turn out to be the attacker's. All of it is data.

A world is read from a TOML file (``worlds/`` holds those that ship). Rules, actions and properties know parties by
role and relation alone; identifiers are real URLs, compared by :mod:`model.identifiers`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from model import identifiers
from model.errors import InputError, hint
from model.switches import CAPABILITIES, SWITCHES, switch_roles

if TYPE_CHECKING:
    import networkx

NONE = "none"
#: The attacker, as the user of sessions and grants.
ATTACKER = "attacker"
#: The audience that every resource server of an AS accepts, given where none was asked for.
DEFAULT_AUDIENCE = "default"

CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER, PROXY = "client", "authorization_server", "resource_server", "proxy"
ROLES = (CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER, PROXY)
#: What a capability lets the attacker write or read on the way between a resource server and a client: the challenge,
#: the metadata document, a plain-HTTP leg, the well-known location of a shared origin, a cached document; where requests
#: are redirected, and the requests themselves.
FORGED_BY = ("challenge", "document", "transport", "well_known", "cache")
CHANNELS = (*FORGED_BY, "redirect", "requests")
#: How a client identity comes to be the attacker's.
IDENTITIES = ("own", "file", "redirect", "statement")
#: More grant slots than this, or sessions, are beyond what is proved in minutes.
MOST_SLOTS, MOST_SESSIONS, MOST_PARTIES = 12, 4, 24

Pairs = tuple[tuple[str, str], ...]


class WorldError(InputError):
    """A world file that cannot be read; the message names file, line and key, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Party:
    """One party.

    Attributes:
        name: how configurations and world files name it.
        role: one of :data:`ROLES`.
        url: issuer, resource identifier or client_id.
        run_by: capabilities by which the attacker runs it; a party without is honest whatever happens.
        present_with: further capabilities with which it takes part (one without ``run_by`` always does).
        exists_if: switches on which its existence depends.
        policy: switches that it sets for itself.
        designates: the AS that a resource's metadata lists (an honest one; the attacker's lists what it likes).
        trusts: the AS whose tokens a resource server was meant to accept.
        api: what a resource server publishes where one document speaks for many paths.
        serves, listed_if: the resources on the list of an AS, and when this resource is.
        knows: the AS that a client's allowlist was meant to hold.
        callback: the redirect URI of a client.
        connects_by: capabilities by which an AS comes to the client as a connector with endpoints of its own.
        registered_by: capabilities that register this identity of the attacker's with a client's redirect URIs.
        identity: how a client identity comes to be the attacker's, one of :data:`IDENTITIES`.
        taken_by: capabilities by which the attacker writes what a client publishes.
        upstream: the AS at which a proxy is a client.
    """

    name: str
    role: str
    url: str
    run_by: tuple[str, ...] = ()
    present_with: tuple[str, ...] = ()
    exists_if: Pairs = ()
    policy: Pairs = ()
    designates: tuple[str, ...] = ()
    trusts: tuple[str, ...] = ()
    api: str = ""
    serves: tuple[str, ...] = ()
    listed_if: Pairs = ()
    knows: tuple[str, ...] = ()
    callback: str = ""
    connects_by: tuple[str, ...] = ()
    registered_by: tuple[str, ...] = ()
    identity: str = "own"
    taken_by: tuple[str, ...] = ()
    upstream: str = ""

    @property
    def honest(self) -> bool:
        """Whether nothing puts it into the attacker's hands."""
        return not self.run_by


@dataclass(frozen=True, slots=True)
class Session:
    """A session at a client: whose, and the resources the agent may be sent to in it (all of them, if none is named)."""

    name: str
    client: str
    user: str = ATTACKER
    visits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An access token that a client has from an earlier flow of a user with an honest AS, for one resource."""

    name: str
    client: str
    user: str
    server: str
    resource: str
    leaks_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tampering:
    """A channel between a resource server and clients that a capability lets the attacker write to."""

    capability: str
    channel: str
    party: str


@dataclass(frozen=True, slots=True)
class Grants:
    """How many grants a user approves at an AS in one run."""

    server: str
    user: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Grant:
    """A slot for one grant: what an AS issues to whoever redeems what one user approved there."""

    name: str
    server: str
    user: str


@dataclass(frozen=True)
class World:
    """Who takes part in a run.

    Attributes:
        name: how verdicts name the world.
        concern: what it is for, in words.
        protocol: what its parties run, a key of :data:`model.protocols.PROTOCOLS`.
        asked_if: switches with which a configuration is judged here, unless another world is asked for.
        asked_for: properties that are judged here, likewise.
    """

    name: str
    concern: str = ""
    protocol: str = "oauth"
    parties: tuple[Party, ...] = ()
    sessions: tuple[Session, ...] = ()
    held: tuple[Held, ...] = ()
    tamperings: tuple[Tampering, ...] = ()
    approvals: tuple[Grants, ...] = ()
    asked_if: Pairs = ()
    asked_for: tuple[str, ...] = ()
    file: str = field(default="", compare=False)

    # --- parties by role and relation ----------------------------------------------------------------------

    @cached_property
    def by_name(self) -> Mapping[str, Party]:
        """The parties by name."""
        return {party.name: party for party in self.parties}

    @cached_property
    def by_url(self) -> Mapping[str, Party]:
        """The parties by URL."""
        return {party.url: party for party in self.parties}

    def of(self, role: str) -> tuple[Party, ...]:
        """The parties of a role."""
        return tuple(party for party in self.parties if party.role == role)

    @cached_property
    def servers(self) -> tuple[Party, ...]:
        """The authorization servers."""
        return self.of(AUTHORIZATION_SERVER)

    @cached_property
    def issuers(self) -> tuple[str, ...]:
        """Their issuer identifiers."""
        return tuple(party.url for party in self.servers)

    @cached_property
    def clients(self) -> tuple[Party, ...]:
        """The honest clients."""
        return tuple(party for party in self.of(CLIENT) if party.honest)

    @cached_property
    def identities(self) -> tuple[Party, ...]:
        """Client identities of the attacker's."""
        return tuple(party for party in self.of(CLIENT) if not party.honest)

    @cached_property
    def resource_servers(self) -> tuple[Party, ...]:
        """The resource servers."""
        return self.of(RESOURCE_SERVER)

    @cached_property
    def resource_urls(self) -> tuple[str, ...]:
        """URLs that an agent may be sent to."""
        return tuple(party.url for party in self.resource_servers)

    @cached_property
    def honest_urls(self) -> tuple[str, ...]:
        """URLs that an honest resource server answers."""
        return tuple(party.url for party in self.resource_servers if party.honest)

    @cached_property
    def resources(self) -> tuple[str, ...]:
        """Every value that a metadata document's `resource` can take (see :func:`spellings`)."""
        named = [name for party in self.resource_servers for name in (party.url, party.api) if name]
        others = tuple(url for url in self.resource_urls if url not in self.honest_urls)
        return spellings((*dict.fromkeys(named), *map(identifiers.origin, named)), self.honest_urls, others)

    @cached_property
    def session(self) -> Mapping[str, Session]:
        """The sessions by name."""
        return {session.name: session for session in self.sessions}

    @cached_property
    def users(self) -> tuple[str, ...]:
        """The honest users."""
        return tuple(dict.fromkeys(s.user for s in self.sessions if s.user != ATTACKER))

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """The slots for grants, in the order of the file."""
        return tuple(
            Grant(f"{made.server}.{made.user}.{number}", made.server, made.user)
            for made in self.approvals
            for number in range(1, made.count + 1)
        )

    def client_of(self, session: str) -> Party:
        """The client at which a session is."""
        return self.by_name[self.session[session].client]

    def user_of(self, session: str) -> str:
        """Whose session it is."""
        return self.session[session].user

    @cached_property
    def reach(self) -> str:
        """How far an answer about this world goes, in words."""
        honest = sum(party.honest for party in self.servers)
        own = sum(session.user == ATTACKER for session in self.sessions)
        counted = [
            f"{honest} honest and {len(self.servers) - honest} dishonest AS" if self.servers else "",
            f"{len(self.resource_servers)} resource servers" if self.resource_servers else "",
            f"{len(self.clients)} client{'s' * (len(self.clients) != 1)}" if self.clients else "",
            f"{len(self.sessions) - own} session{'s' * (len(self.sessions) - own != 1)} of users" if self.sessions else "",
            f"{own} of the attacker's" if own else "",
            f"{len(self.grants)} grants" if self.grants else "",
        ]
        return ", ".join(part for part in counted if part) or self.concern

    def trust_graph(self) -> networkx.MultiDiGraph[str]:
        """Who points to, trusts or hosts whom, as a graph with a ``relation`` on every edge.

        A resource server that designates an AS and trusts it has both edges to it; one of the attacker's designates all.
        """
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        for server in self.servers:
            graph.add_node(server.url, role="authorization_server", honest=server.honest)
        for party in self.resource_servers:
            graph.add_node(party.url, role="resource_server", honest=party.honest)
            graph.add_node(identifiers.origin(party.url), role="origin")
            graph.add_edge(identifiers.origin(party.url), party.url, relation="hosts")
            for name in party.designates if party.honest else (server.name for server in self.servers):
                graph.add_edge(party.url, self.by_name[name].url, relation="designates")
            for name in party.trusts if party.honest else ():
                graph.add_edge(party.url, self.by_name[name].url, relation="trusts")
        return graph


# --- identifiers that follow from those of a world -----------------------------------------------------------


def on_same_origin(world: World, url: str) -> bool:
    """Whether a URL shares its origin with an honest resource server."""
    return any(identifiers.same_origin(url, honest) for honest in world.honest_urls)


def callback_at(client: Party, server: str) -> str:
    """The redirect URI that a client keeps for one AS, where it has one for each."""
    return f"{client.callback}/{server.removeprefix('https://')}"


def identity_at(client: Party, server: str) -> str:
    """The client_id that is only in use at one AS."""
    return f"{client.url.removesuffix('.json')}/{server.removeprefix('https://')}.json"


#: A loopback redirect URI, at which any program of the device can listen.
LOOPBACK = "http://127.0.0.1:49152/callback"


def callbacks(world: World, client: Party) -> tuple[str, ...]:
    """Every redirect URI at which a client takes responses."""
    return (client.callback, *(callback_at(client, issuer) for issuer in world.issuers))


def client_ids(world: World, client: Party) -> tuple[str, ...]:
    """Every client_id of an honest client."""
    return (client.url, *(identity_at(client, issuer) for issuer in world.issuers))


_COMPARATORS = (
    identifiers.equal_code_points, identifiers.prefix_segment, identifiers.prefix_normalize_then_decode,
    identifiers.prefix_decode_then_normalize, identifiers.prefix_string, identifiers.prefix_sdk_typescript,
    identifiers.prefix_sdk_python, identifiers.prefix_sdk_python_before_1_28, identifiers.equal_but_query,
    identifiers.equal_href, identifiers.is_origin_of,
)  # fmt: skip


def spellings(named: Sequence[str], honest: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """What an attacker may publish as `resource`: identifiers of the world, and other spellings of them.

    Of each identifier also its origin with and without a slash, with the port, in upper case, with dot segments, an
    encoded slash, userinfo and query. A spelling gains something only if an honest resource takes it for its audience;
    one that covers no more of the other URLs, and is accepted nowhere else, than another is left out.
    """
    chosen = {name: _power(name, honest, others) for name in named}
    for name in named:
        for spelling in _variants(name):
            covers, accepted = _power(spelling, honest, others)
            dominated = any(covers <= more and accepted <= where for more, where in chosen.values())
            if accepted and not dominated:
                chosen[spelling] = covers, accepted
    return tuple(chosen)


def _power(name: str, honest: Sequence[str], others: Sequence[str]) -> tuple[frozenset[Any], frozenset[str]]:
    covers = frozenset((compare.__name__, url) for compare in _COMPARATORS for url in others if compare(name, url))
    return covers, frozenset(url for url in honest if identifiers.prefix_segment(name, url))


def _variants(url: str) -> Iterator[str]:
    site = identifiers.origin(url)
    scheme, _, host = site.partition("://")
    path = url.removeprefix(site)
    yield site
    yield f"{site}/"
    yield f"{site}:443{path}"
    yield f"{scheme}://{host.upper()}{path}"
    yield f"{site}/x/..{path}"
    yield f"{site}{path.replace('/', '%2F').replace('%2F', '/', 1)}"
    yield f"{scheme}://user@{host}{path}"
    yield f"{url}?x=1"


# --- reading -------------------------------------------------------------------------------------------------

_T = TypeVar("_T")
_TABLES: dict[str, type] = {
    "party": Party, "session": Session, "held": Held, "tampering": Tampering, "grants": Grants,
}  # fmt: skip
_FIELD_OF = {"party": "parties", "session": "sessions", "held": "held", "tampering": "tamperings", "grants": "approvals"}


class _Reader:
    """One world file while it is read."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def world(self) -> World:
        try:
            content = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise WorldError(f"{self.name}: {error}") from None
        content = {key: content[key] for key in content}
        rows = {key: self.rows(key, kind, content.pop(key, [])) for key, kind in _TABLES.items()}
        made: World = self.made(World, content, {_FIELD_OF[key]: tuple(value) for key, value in rows.items()}, "world")
        self.check(made)
        return made

    def rows(self, key: str, kind: type, tables: Any) -> list[Any]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.fail(key, f"[[{key}]] is a list of tables")
        return [self.made(kind, table, {}, key) for table in tables]

    def made(self, kind: type[_T], table: Mapping[str, Any], more: Mapping[str, Any], key: str) -> _T:
        known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
        allowed = [name for name in known if name not in more and name != "file"]
        values = dict(more)
        for name, value in table.items():
            if name not in allowed:
                self.fail(name, f"unknown key {name!r} in [[{key}]]{hint(name, allowed)}")
            values[name] = self.value(name, value, str(known[name].type))
        needed = [f.name for f in known.values() if f.name not in values and _required(f)]
        if needed:
            self.fail(str(next(iter(table.values()), key)), f"[[{key}]] lacks {', '.join(map(repr, needed))}")
        if kind is World:
            values["file"] = self.name
        return kind(**values)

    def value(self, name: str, value: Any, kind: str) -> Any:
        wanted = {"Pairs": dict, "int": int}.get(kind, list if kind.startswith("tuple") else str)
        if not isinstance(value, wanted) or isinstance(value, bool):
            self.fail(name, f"{name!r} is a {_WORDS[wanted]}")
        if wanted is dict:
            return tuple((str(key), str(said)) for key, said in value.items())
        if wanted is list and not all(isinstance(item, str) for item in value):
            self.fail(name, f"{name!r} is a list of names")
        return tuple(value) if wanted is list else value

    def fail(self, near: str, why: str) -> None:
        """One line that names file, line and culprit."""
        place = re.search(rf"^.*(?<![\w.]){re.escape(near)}(?![\w]).*$", self.text, re.MULTILINE)
        line = self.text.count("\n", 0, place.start()) + 1 if place else 1
        raise WorldError(f"{self.name}, line {line}: {why}")

    # --- what has to fit together --------------------------------------------------------------------------

    def check(self, world: World) -> None:
        self.unique("party", [party.name for party in world.parties])
        self.unique("session", [session.name for session in world.sessions])
        self.unique("held", [held.name for held in world.held])
        for party in world.parties:
            self.check_party(world, party)
        for session in world.sessions:
            self.named(session.client, [party.name for party in world.clients], f"session {session.name!r} is at a client")
            self.all_named(session.visits, [party.name for party in world.resource_servers], "visits")
        honest = [party.name for party in world.servers if party.honest]
        users = [*world.users, ATTACKER]
        for made in world.approvals:
            self.named(made.server, honest, "grants are issued by an honest AS")
            self.named(made.user, users, "grants are approved by a user")
            if made.count < 1:
                self.fail("count", f"'count' of grants is 1 or more, not {made.count}")
        for held in world.held:
            self.named(held.server, honest, "held tokens are of an honest AS")
            self.named(held.user, users, "held tokens are a user's")
            self.named(held.client, [party.name for party in world.clients], "held tokens are a client's")
            self.named(held.resource, [party.name for party in world.resource_servers], "held tokens are for a resource")
            self.all_named(held.leaks_by, CAPABILITIES, "leaks_by")
        for tampering in world.tamperings:
            self.named(tampering.capability, CAPABILITIES, "a capability")
            self.named(tampering.channel, CHANNELS, "a channel")
            self.named(tampering.party, [party.name for party in world.resource_servers], "tampering is with a resource server")
        self.check_policy(world.asked_if, None)
        self.check_size(world)

    def check_party(self, world: World, party: Party) -> None:
        self.named(party.role, ROLES, f"role of {party.name!r}")
        self.named(party.identity, IDENTITIES, f"identity of {party.name!r}")
        if not _URL.fullmatch(party.url) and not (party.role == CLIENT and ":" not in party.url):
            self.fail(party.url, f"{party.name!r} has no URL: {party.url!r} (wanted: https://host/path)")
        if party.name == ATTACKER or not re.fullmatch(r"[a-z][a-z0-9_]*", party.name):
            self.fail(party.name, f"{party.name!r} is no name of a party (wanted: letters, digits and underscores)")
        for key in ("run_by", "present_with", "connects_by", "registered_by", "taken_by"):
            self.all_named(getattr(party, key), CAPABILITIES, key)
        servers = [server.name for server in world.servers]
        for key in ("designates", "trusts", "knows"):
            self.all_named(getattr(party, key), servers, key)
        self.all_named(party.serves, [rs.name for rs in world.resource_servers], "serves")
        self.check_policy(party.policy, party)
        self.check_policy((*party.exists_if, *party.listed_if), None)

    def check_policy(self, pairs: Pairs, party: Party | None) -> None:
        for name, value in pairs:
            self.named(name, SWITCHES, "a switch")
            self.named(value, SWITCHES[name].values, f"value of switch {name!r}")
            if party is not None and party.role not in switch_roles(name):
                roles = ", ".join(switch_roles(name)) or "nobody"
                self.fail(name, f"switch {name!r} is not a {party.role}'s ({party.name}); it is read by {roles}")

    def check_size(self, world: World) -> None:
        for key, count, most in (
            ("party", len(world.parties), MOST_PARTIES),
            ("session", len(world.sessions), MOST_SESSIONS),
            ("grants", len(world.grants), MOST_SLOTS),
        ):
            if count > most:
                self.fail(key, f"{count} of [[{key}]], more than can be proved (at most {most})")

    def unique(self, key: str, names: Sequence[str]) -> None:
        for name in names:
            if names.count(name) > 1:
                self.fail(name, f"[[{key}]] {name!r} is given twice")

    def named(self, name: str, allowed: Sequence[str] | Mapping[str, Any], what: str) -> None:
        if name not in allowed:
            self.fail(name, f"{what}: unknown {name!r}{hint(name, list(allowed))}")

    def all_named(self, names: Sequence[str], allowed: Sequence[str] | Mapping[str, Any], what: str) -> None:
        for name in names:
            self.named(name, allowed, what)


_URL = re.compile(r"https?://[^\s/?#]+(/[^\s#]*)?")
_WORDS: dict[type, str] = {dict: "table of switches", int: "number", list: "list of names", str: "text"}


def _required(described: Field[Any]) -> bool:
    return described.default is MISSING and described.default_factory is MISSING


def read(name: str, text: str) -> World:
    """A world from the text of its file; ``name`` is how messages name the file.

    Raises:
        WorldError: naming file, line and key, and what is allowed.
    """
    return _Reader(name, text).world()


def _shipped() -> dict[str, World]:
    folder = files("model").joinpath("worlds")
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    worlds = [read(entry.name, entry.read_text(encoding="utf-8")) for entry in found]
    return {world.name: world for world in sorted(worlds, key=lambda world: world.name != "default")}


#: The worlds that ship, the default one first.
WORLDS: dict[str, World] = _shipped()
DEFAULT = WORLDS["default"]
#: Worlds that traces and notes of earlier releases name, and what has become of them.
FORMER = {
    **dict.fromkeys(("first_contact", "users_session", "client_identity"), "all that was in it is in world=default"),
    "mixup": "a mix-up is a run of world=default, or of a world file with as many servers and sessions as you like",
}


def find_world(name: str) -> World:
    """A world that ships, by its name, or one from a file, by its path.

    Raises:
        WorldError: neither exists, or the file cannot be read.
    """
    if name in WORLDS:
        return WORLDS[name]
    path = Path(name)
    if not path.is_file():
        if name.partition("-")[0] in FORMER:
            raise WorldError(f"there is no world {name!r} any more: {FORMER[name.partition('-')[0]]}")
        raise WorldError(f"no world or world file {name!r}{hint(name, WORLDS)}")
    try:
        return read(name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError(f"{name}: {error}") from None


def world_for(prop: str, design: Mapping[str, str]) -> World:
    """The world in which a question is asked that names none: the first that claims its property or its switches."""
    for world in WORLDS.values():
        if prop in world.asked_for or (world.asked_if and all(design[key] == value for key, value in world.asked_if)):
            return world
    return DEFAULT
