"""Worlds: who takes part, at which URLs, who trusts whom, who may turn out to be the attacker's. All of it is data.

A world is read from a TOML file (``worlds/`` holds those that ship). Rules, actions and properties know parties by
role and relation alone; identifiers are real URLs, compared by :mod:`model.identifiers`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
SUB_AGENT = "sub_agent"
ROLES = (CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER, PROXY, SUB_AGENT)
#: What a capability lets the attacker write or read on the way between a resource server and a client: the challenge,
#: the metadata document, a plain-HTTP leg, the well-known location of a shared origin, a cached document; where
#: requests are redirected, and the requests themselves.
FORGED_BY = ("challenge", "document", "transport", "well_known", "cache")
CHANNELS = (*FORGED_BY, "redirect", "requests")
#: How a client identity comes to be the attacker's.
IDENTITIES = ("own", "file", "redirect", "statement")
#: What a party of each role may say of itself besides name, role, URL, who runs it and its policy.
_SAYS: dict[str, tuple[str, ...]] = {
    CLIENT: ("callback", "knows", "taken_by", "registered_by", "identity"),
    AUTHORIZATION_SERVER: ("serves", "connects_by"),
    RESOURCE_SERVER: ("api", "designates", "trusts", "listed_if", "exists_if", "present_with"),
    PROXY: ("upstream",),
    SUB_AGENT: ("started_by",),
}
#: What only a party says that the attacker may run, and what only an honest one does.
_OF_ATTACKERS, _OF_HONEST = ("registered_by", "identity", "connects_by", "present_with"), ("taken_by", "knows", "api")
#: For each protocol the roles, tables and channels that mean something in it.
_MEANS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "oauth": (
        (CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER, PROXY), ("session", "held", "tampering", "grants"), CHANNELS,
    ),
    "aauth": (
        (CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER), ("session", "held", "tampering", "grants"),
        ("challenge", "requests"),
    ),
    "delegation": ((CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER, SUB_AGENT), ("session", "grants"), ()),
}  # fmt: skip
#: The protocols that worlds run; what they are made of is said in :mod:`model.protocols`.
PROTOCOL_NAMES = tuple(_MEANS)
#: Names that mean something else in runs.
_RESERVED = ("none", "thief", "forged", "default")
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
        started_by: the client, or the sub-agent, that starts a sub-agent.
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
    started_by: str = ""

    @property
    def honest(self) -> bool:
        """Whether nothing puts it into the attacker's hands."""
        return not self.run_by


@dataclass(frozen=True, slots=True)
class Session:
    """A session at a client: whose, and the resources the agent may be sent to in it (all, if none is named)."""

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
        contact: the resource whose first contact is judged: the first honest one, if none is named.
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
    contact: str = ""
    file: str = field(default="", compare=False)

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """The capabilities by which parties, tokens or channels of this world come into the attacker's hands."""
        of_parties = (
            name
            for party in self.parties
            for name in (*party.run_by, *party.present_with, *party.connects_by, *party.taken_by, *party.registered_by)
        )
        of_tokens = (name for held in self.held for name in held.leaks_by)
        return frozenset((*of_parties, *of_tokens, *(tampering.capability for tampering in self.tamperings)))

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
    def contacted(self) -> str:
        """The URL of the resource whose first contact is judged."""
        return self.by_name[self.contact].url if self.contact else next(iter(self.honest_urls), "")

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
        users = len(self.sessions) - own
        counted = [
            f"{honest} honest and {len(self.servers) - honest} dishonest AS" if self.servers else "",
            _counted(len(self.resource_servers), "resource server"),
            _counted(len(self.clients), "client"),
            _counted(len(self.of(PROXY)), "proxy", "proxies"),
            _counted(len(self.of(SUB_AGENT)), "sub-agent"),
            f"{_counted(users, 'session')} of users" if users else "",
            f"{own} of the attacker's" if own else "",
            _counted(len(self.grants), "grant"),
        ]
        return ", ".join(part for part in counted if part) or self.concern

    def trust_graph(self) -> networkx.MultiDiGraph[str]:
        """Who points to, trusts or hosts whom, as a graph with a ``relation`` on every edge.

        A resource server that designates an AS and trusts it has both edges to it; the attacker's designate all.
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


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}" if number else ""


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
    chosen = {name: (_covered(name, others), _accepting(name, honest)) for name in named}
    for name in named:
        for spelling in _variants(name):
            if accepted := _accepting(spelling, honest):
                covers = _covered(spelling, others)
                if not any(covers <= more and accepted <= where for more, where in chosen.values()):
                    chosen[spelling] = covers, accepted
    return tuple(chosen)


def _accepting(name: str, honest: Sequence[str]) -> frozenset[str]:
    """The honest resources that take an identifier for their audience, where they are not exact about it."""
    return frozenset(url for url in honest if identifiers.prefix_segment(name, url))


def _covered(name: str, others: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Which of the other URLs it covers, by which comparison."""
    return frozenset((compare.__name__, url) for compare in _COMPARATORS for url in others if compare(name, url))


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
_FIELD_OF = {
    "party": "parties", "session": "sessions", "held": "held", "tampering": "tamperings", "grants": "approvals",
}  # fmt: skip


class _Reader:
    """One world file while it is read; what is wrong is said of the table that is being looked at."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.at: tuple[str, int] | None = None

    def world(self) -> World:
        try:
            content = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise WorldError(f"{self.name}: {error}") from None
        except RecursionError:
            raise WorldError(f"{self.name}: nested too deep") from None
        rows = {key: self.rows(key, kind, content.pop(key, [])) for key, kind in _TABLES.items()}
        self.check_size(rows)
        made: World = self.made(World, content, {_FIELD_OF[key]: tuple(value) for key, value in rows.items()}, "")
        self.check(made)
        return made

    def rows(self, key: str, kind: type, tables: Any) -> list[Any]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.fail(key, f"[[{key}]] is a list of tables")
        return [self.made(kind, table, {}, key) for _, table in self.each(key, tables)]

    def each(self, key: str, rows: Iterable[_T]) -> Iterator[tuple[int, _T]]:
        """The rows of a table, one looked at after the other."""
        for number, row in enumerate(rows):
            self.at = key, number
            yield number, row
        self.at = None

    def made(self, kind: type[_T], table: Mapping[str, Any], more: Mapping[str, Any], key: str) -> _T:
        known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
        allowed = [name for name in known if name not in more and name != "file"]
        values, of = dict(more), f"[[{key}]]" if key else "a world"
        for name, value in table.items():
            if name not in allowed:
                tables = [] if key else list(_TABLES)
                self.fail(name, f"unknown key {name!r} of {of}{hint(name, [*allowed, *tables])}")
            values[name] = self.value(name, value, str(known[name].type))
        needed = [f.name for f in known.values() if f.name not in values and _required(f)]
        if needed:
            self.fail(f"[[{key}]]", f"{of} lacks {', '.join(map(repr, needed))}")
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
        """One line that names file, line and culprit: where that stands in the table looked at, or else the table."""
        first, last = self._table()
        lines = self.text.splitlines()
        word = re.compile(rf"(?<![\w.]){re.escape(near)}(?!\w)" if near else "(?!)")
        found = (number for number in range(first, last) if word.search(re.split(r"(?:^|\s)#", lines[number])[0]))
        raise WorldError(f"{self.name}, line {next(found, first) + 1}: {why}")

    def _table(self) -> tuple[int, int]:
        """The lines of the table looked at, or all of them."""
        lines = self.text.splitlines()
        if self.at is None:
            return 0, len(lines)
        key, number = self.at
        heads = [place for place, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{key}\s*]]", line)]
        if number >= len(heads):
            return 0, len(lines)
        later = (place for place in range(heads[number] + 1, len(lines)) if lines[place].lstrip().startswith("["))
        return heads[number], next(later, len(lines))

    # --- what has to fit together --------------------------------------------------------------------------

    def check(self, world: World) -> None:
        self.named(world.protocol, PROTOCOL_NAMES, "protocol")
        if not re.fullmatch(r"\w[\w.-]*", world.name):
            self.fail(world.name, f"{world.name!r} is no name of a world (wanted: letters, digits and any of _ . -)")
        self.check_policy(world.asked_if, None)
        self.check_meaning(world)
        self.check_names(world)
        self.check_urls(world)
        for _, party in self.each("party", world.parties):
            self.check_party(world, party)
        for _, session in self.each("session", world.sessions):
            self.named(session.client, _names(world.clients), f"session {session.name!r} is at an honest client")
            self.all_named(session.visits, _names(world.resource_servers), "visits")
        self.check_grants(world)
        if world.contact:
            honest = _names(party for party in world.resource_servers if party.honest)
            self.named(world.contact, honest, "contact is an honest resource server")
        for _, tampering in self.each("tampering", world.tamperings):
            self.check_tampering(world, tampering)

    def check_meaning(self, world: World) -> None:
        """Whatever is said means something in the protocol of the world."""
        roles, tables, _ = _MEANS[world.protocol]
        for _, party in self.each("party", world.parties):
            self.named(party.role, ROLES, f"role of {party.name!r}")
            self.named(party.role, roles, f"a role that means something in {world.protocol}")
        for key, field_ in _FIELD_OF.items():
            if key not in ("party", *tables) and getattr(world, field_):
                self.fail(
                    f"[[{key}]]",
                    f"[[{key}]] means nothing in {world.protocol}; allowed: {', '.join(('party', *tables))}",
                )

    def check_grants(self, world: World) -> None:
        honest = [party.name for party in world.servers if party.honest]
        users = [*world.users, ATTACKER]
        for number, made in self.each("grants", world.approvals):
            self.named(made.server, honest, "grants are issued by an honest AS")
            self.named(made.user, users, "grants are approved by a user of a session")
            if made.count < 1:
                self.fail("count", f"'count' of grants is 1 or more, not {made.count}")
            if (made.server, made.user) in [(other.server, other.user) for other in world.approvals[:number]]:
                self.fail(made.server, f"[[grants]] of {made.user!r} at {made.server!r} are given twice (use 'count')")
        for _, held in self.each("held", world.held):
            self.named(held.server, honest, "held tokens are of an honest AS")
            self.named(held.user, users, "held tokens are of a user of a session")
            self.named(held.client, _names(world.clients), "held tokens are of an honest client")
            self.named(held.resource, _names(world.resource_servers), "held tokens are for a resource server")
            self.all_named(held.leaks_by, CAPABILITIES, "leaks_by")

    def check_tampering(self, world: World, tampering: Tampering) -> None:
        self.named(tampering.capability, CAPABILITIES, "a capability")
        self.named(tampering.channel, CHANNELS, "a channel")
        self.named(tampering.channel, _MEANS[world.protocol][2], f"a channel that means something in {world.protocol}")
        honest = [party for party in world.resource_servers if party.honest]
        self.named(tampering.party, _names(honest), "tampering is with an honest resource server")
        if tampering.channel == "well_known":
            own = world.by_name[tampering.party].url
            others = [url for url in world.resource_urls if url != own]
            if not any(identifiers.same_origin(own, url) for url in others):
                self.fail(
                    "party", f"channel 'well_known' of {tampering.party!r} reaches nothing: its origin is its own"
                )

    def check_names(self, world: World) -> None:
        """Names are what variables, keys and messages are told apart by."""
        taken: dict[str, str] = {}
        named: dict[str, tuple[Any, ...]] = {
            "party": world.parties, "session": world.sessions, "held": world.held,
        }  # fmt: skip
        for key, rows in named.items():
            for _, row in self.each(key, rows):
                name = row.name
                attackers = key == "session" and name == ATTACKER
                if (
                    not re.fullmatch(r"[a-z][a-z0-9_]*", name)
                    or name in _RESERVED
                    or (name == ATTACKER and not attackers)
                ):
                    wanted = "small letters, digits and underscores, and none of " + ", ".join((*_RESERVED, ATTACKER))
                    self.fail(name, f"{name!r} is no name of a {key} (wanted: {wanted})")
                if name in taken:
                    self.fail(
                        name, f"[[{key}]] {name!r} is given twice" + f" (as [[{taken[name]}]])" * (key != taken[name])
                    )
                taken[name] = key
        for _, session in self.each("session", world.sessions):
            user = session.user
            if not re.fullmatch(r"[a-z][a-z0-9_]*", user) or user in world.by_name or user in _RESERVED:
                self.fail(user, f"{user!r} is no name of a user (wanted: small letters, and no party's)")

    def check_urls(self, world: World) -> None:
        """Each URL is one party's, and no honest party has what is the attacker's."""
        taken: dict[str, str] = {}
        for _, party in self.each("party", world.parties):
            if not _URL.fullmatch(party.url) and not (party.role == CLIENT and re.fullmatch(r"[\w.-]+", party.url)):
                self.fail("url", f"{party.name!r} has no URL: {party.url!r} (wanted: https://host/path)")
            for key in ("callback", "api"):
                said = getattr(party, key)
                if said and not _URL.fullmatch(said):
                    self.fail(key, f"{key!r} of {party.name!r} is no URL: {said!r} (wanted: https://host/path)")
            own = [("url", party.url), *([("callback", party.callback)] if party.callback and party.honest else [])]
            for key, url in own:
                if url in taken:
                    self.fail(key, f"{url!r} is {party.name!r}'s, but also {taken[url]!r}'s")
                taken[url] = party.name
        for _, party in self.each("party", world.parties):
            if not party.honest and party.callback in taken:
                self.fail("callback", f"{party.callback!r} is {party.name!r}'s, but also {taken[party.callback]!r}'s")

    def check_party(self, world: World, party: Party) -> None:
        self.named(party.identity, IDENTITIES, f"identity of {party.name!r}")
        self.check_keys(world, party)
        for key in ("run_by", "present_with", "connects_by", "registered_by", "taken_by"):
            self.all_named(getattr(party, key), CAPABILITIES, key)
        for key in ("designates", "trusts", "knows"):
            self.all_named(getattr(party, key), _names(world.servers), key)
        self.all_named(party.serves, _names(world.resource_servers), "serves")
        self.check_policy(party.policy, party)
        self.check_policy((*party.exists_if, *party.listed_if), None)
        if party.role == PROXY:
            honest = [server.name for server in world.servers if server.honest]
            self.named(party.upstream, honest, f"upstream of {party.name!r} is an honest AS")
        if party.role == SUB_AGENT:
            # Whoever starts it stands before it, so that nobody starts itself.
            earlier = world.parties[: world.parties.index(party)]
            starters = [other.name for other in earlier if other.role in (CLIENT, SUB_AGENT)]
            self.named(
                party.started_by, starters, f"{party.name!r} is started by a client or sub-agent given before it"
            )

    def check_keys(self, world: World, party: Party) -> None:
        """What a party says of itself means something in its role."""
        defaults = Party(party.name, party.role, party.url)
        said = [f.name for f in fields(Party) if getattr(party, f.name) != getattr(defaults, f.name)]
        for key in said:
            if key not in ("run_by", "policy", *_SAYS[party.role]):
                allowed = ", ".join(("run_by", "policy", *_SAYS[party.role]))
                self.fail(key, f"{key!r} means nothing of a {party.role} ({party.name}); allowed: {allowed}")
            if key in (_OF_ATTACKERS if party.honest else _OF_HONEST):
                who = "that the attacker may run" if party.honest else "that is honest"
                self.fail(key, f"{key!r} is only said of a {party.role} {who}, and {party.name!r} is not")
        if party.run_by and party.role in (PROXY, SUB_AGENT):
            self.fail("run_by", f"a {party.role} is honest ({party.name})")
        if party.role == CLIENT and world.protocol != "delegation" and not party.callback:
            self.fail("[[party]]", f"client {party.name!r} lacks 'callback'")

    def check_policy(self, pairs: Pairs, party: Party | None) -> None:
        for name, value in pairs:
            self.named(name, SWITCHES, "a switch")
            self.named(value, SWITCHES[name].values, f"value of switch {name!r}")
            if party is not None and party.role not in switch_roles(name):
                roles = ", ".join(switch_roles(name)) or "nobody"
                self.fail(name, f"switch {name!r} is not a {party.role}'s ({party.name}); it is read by {roles}")

    def check_size(self, rows: Mapping[str, Sequence[Any]]) -> None:
        """Refuse what cannot be proved before anything is made of it."""
        for key, count, most in (
            ("party", len(rows["party"]), MOST_PARTIES),
            ("session", len(rows["session"]), MOST_SESSIONS),
            ("grants", sum(max(made.count, 0) for made in rows["grants"]), MOST_SLOTS),
        ):
            if count > most:
                self.fail(f"[[{key}]]", f"{count} of [[{key}]], more than can be proved (at most {most})")

    def named(self, name: str, allowed: Sequence[str] | Mapping[str, Any], what: str) -> None:
        if name not in allowed:
            self.fail(name, f"{what}: unknown {name!r}{hint(name, list(allowed))}")

    def all_named(self, names: Sequence[str], allowed: Sequence[str] | Mapping[str, Any], what: str) -> None:
        for name in names:
            self.named(name, allowed, what)


_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s#]*)?")
_WORDS: dict[type, str] = {dict: "table of switches", int: "number", list: "list of names", str: "text"}


def _names(parties: Iterable[Party]) -> list[str]:
    return [party.name for party in parties]


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
    **{name: f"there is no world {name!r} any more: what was in it is in world=default"
       for name in ("first_contact", "users_session", "client_identity")},
    "mixup": "the sizes of world=mixup are no names: write a world file with as many servers and sessions as you like",
}  # fmt: skip


def find_world(name: str) -> World:
    """A world that ships, by its name, or one from a file, by its path.

    Raises:
        WorldError: neither exists, or the file cannot be read.
    """
    if name in WORLDS:
        return WORLDS[name]
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
    return read(name, text)


def world_for(prop: str, design: Mapping[str, str]) -> World:
    """The world in which a question is asked that names none: one that claims it by all that it states.

    A world that names properties is made for them, so it comes before one that names switches alone.
    """
    for world in sorted(WORLDS.values(), key=lambda world: not world.asked_for):
        fits = all(design[key] == value for key, value in world.asked_if)
        if (world.asked_for or world.asked_if) and fits and (not world.asked_for or prop in world.asked_for):
            return world
    return DEFAULT
