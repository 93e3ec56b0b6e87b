"""Worlds: who takes part, at which URLs, who trusts whom, who may turn out to be the attacker's. All of it is data.

A world is read from a TOML file (:mod:`model.world_file`; ``worlds/`` holds those that ship). Rules, actions and
properties know parties by role and relation alone; identifiers are real URLs, compared by :mod:`model.identifiers`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, product
from urllib.parse import urlsplit

from model import identifiers
from model.model import Model, oauth
from model.switches import CLIENT_CLASSES, ROLES, Extent

NONE = "none"
#: What a grant says where its token was issued to a client for itself.
ITSELF = "itself"
#: The attacker, as the user of sessions and grants.
ATTACKER = "attacker"
#: A host of the attacker's on which none of its parties is.
ELSEWHERE = "https://attacker.example/"
#: The audience that every resource server of an AS accepts, given where none was asked for.
DEFAULT_AUDIENCE = "default"
#: What a transaction token has for its audience: all that is behind the endpoints of its AS.
TRUST_DOMAIN = "trust domain"

CLIENT, AUTHORIZATION_SERVER, RESOURCE_SERVER, PROXY, SUB_AGENT = ROLES
#: What a capability lets the attacker write on the way between a resource server and a client: the challenge, the
#: metadata document, a plain-HTTP leg, the well-known location of a shared origin, a cached document. Beside these
#: channels there are ``redirect``, where requests are redirected, and ``requests``, which it reads.
FORGED_BY = ("challenge", "document", "transport", "well_known", "cache")
CHANNELS = (*FORGED_BY, "redirect", "requests")
#: Those that a protocol has, where it has not all: AAuth has no metadata document and no URL without TLS.
CHANNELS_OF: Mapping[str, tuple[str, ...]] = {"aauth": ("challenge", "redirect", "requests")}
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Party:
    """One party.

    Attributes:
        name: how configurations and world files name it.
        role: one of :data:`model.switches.ROLES`.
        url: issuer, resource identifier or client_id.
        run_by: capabilities by which the attacker runs it; a party without is honest whatever happens.
        present_with: further capabilities with which it takes part (one without ``run_by`` always does).
        exists_if: switches on which its existence depends.
        policy: switches that it sets for itself.
        client_class: of a client, one of :data:`model.switches.CLIENT_CLASSES`, whose switches it has as well.
        designates: the AS that a resource's metadata lists (an honest one; the attacker's lists what it likes).
        trusts: the AS whose tokens a resource server, and whose word about users an AS, was meant to accept.
        api: what a resource server publishes where one document speaks for many paths.
        serves, listed_if: the resources on the list of an AS, and when this resource is.
        knows: the AS that a client's allowlist was meant to hold.
        callback: the redirect URI of a client.
        connects_by: capabilities by which an AS comes to the client as a connector with endpoints of its own.
        registered_by: capabilities that register this identity of the attacker's with a client's redirect URIs.
        identity: how a client identity comes to be the attacker's: ``own``, ``file``, ``redirect`` or ``statement``.
        taken_by: capabilities by which the attacker writes what a client publishes.
        upstream: the AS at which a proxy is a client, or before which an AS is a gateway (:mod:`model.gateways`).
        started_by: the client, or the sub-agent, that starts a sub-agent.
        agent_of: the resource server as whose agent a client calls others, for those who call it.
        scopes: of a resource server, what its operations ask for: in rising order, or apart where sessions need some.
        speaks: of a resource server, which of the world's protocols (all, if none is named).
    """

    name: str
    role: str
    url: str
    run_by: tuple[str, ...] = ()
    present_with: tuple[str, ...] = ()
    exists_if: Pairs = ()
    policy: Pairs = ()
    client_class: str = ""
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
    agent_of: str = ""
    scopes: tuple[str, ...] = ()
    speaks: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def honest(self) -> bool:
        """Whether nothing puts it into the attacker's hands."""
        return not self.run_by

    @property
    def settings(self) -> dict[str, str]:
        """The switches that it has for itself: as its class says, and its policy."""
        return {**CLIENT_CLASSES.get(self.client_class, {}), **dict(self.policy)}

    def speaks_protocol(self, name: str) -> bool:
        """Whether it speaks a protocol."""
        return not self.speaks or name in self.speaks


@dataclass(frozen=True, slots=True)
class Session:
    """A session at a client: whose, and the resources the agent may be sent to in it (all, if none is named).

    One that comes ``after`` another begins when the client has used its token in that one; if it ``steps_up``, the
    agent goes on at the same resource, and wants more there than the scopes of that token allow. It ``needs`` some of
    the scopes there, or else the first, and all that there are if it steps up. If it ``renews``, the
    client, or another instance of it, comes to the AS with the refresh token of that one. One ``instead_of``
    another, of another protocol, begins where the agent's request in that one is answered in its own.
    """

    name: str
    client: str
    user: str = ATTACKER
    visits: tuple[str, ...] = ()
    after: str = ""
    steps_up: bool = False
    needs: tuple[str, ...] = ()
    renews: bool = False
    protocol: str = ""
    instead_of: str = ""


def _reached(party: Party, reaches: Mapping[str, Extent]) -> Party:
    """A party with the capabilities that reach it in every world."""
    run_by = (*party.run_by, *(name for name, reach in reaches.items() if party.name in reach.runs))
    taken_by = (*party.taken_by, *(name for name, reach in reaches.items() if party.name in reach.controls))
    return replace(party, run_by=tuple(dict.fromkeys(run_by)), taken_by=tuple(dict.fromkeys(taken_by)))


@dataclass(frozen=True, slots=True)
class Held:
    """An access token that a client has from an earlier flow of a user with an honest AS, for one resource."""

    name: str
    client: str
    user: str
    server: str
    resource: str
    leaks_by: tuple[str, ...] = ()
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Tampering:
    """A channel between a resource server and clients that a capability lets the attacker write to."""

    capability: str
    channel: str
    party: str


@dataclass(frozen=True, slots=True)
class Grants:
    """How many grants a user approves at an AS in one run, and whether the user may take them back in it."""

    server: str
    user: str
    count: int = 1
    protocol: str = ""
    revocable: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """A slot for one grant: what an AS issues to the party that redeems what one user approved there."""

    name: str
    server: str
    user: str
    revocable: bool = False


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A slot for a token that an AS makes for a sub-agent (its holder) out of a grant of a user's."""

    name: str
    server: str
    user: str
    grant: str
    holder: str


@dataclass(frozen=True)
class World:
    """Who takes part in a run.

    Attributes:
        name: how verdicts name the world.
        concern: what it is for, in words.
        protocol: what its parties run, a key of :data:`model.protocols.PROTOCOLS`; sessions, grants and tokens may
            name another, so that there are several at once.
        asked_if: switches with which a configuration is judged here, unless another world is asked for.
        asked_for: properties that are judged here, likewise.
        contact: the resource whose first contact is judged: the first honest one, if none is named.
        model: the model in which it is asked; without one, the model that ships.
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
    whole: World | None = field(default=None, compare=False, repr=False)
    model: Model = field(default=oauth(), repr=False)

    def __hash__(self) -> int:
        return hash((self.name, self.protocol, self.parties))

    def within(self, model: Model) -> World:
        """The same world in another model, whose capabilities may reach more of its parties."""
        if model is self.model:
            return self
        return replace(self, model=model, parties=tuple(_reached(party, model.reaches) for party in self.parties))

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """The capabilities by which parties, tokens or channels of this world come into the attacker's hands."""
        of_parties = (
            name
            for party in self.parties
            for name in (*party.run_by, *party.present_with, *party.connects_by, *party.taken_by, *party.registered_by)
        )
        of_tokens = (name for held in self.held for name in held.leaks_by)
        return frozenset((*of_parties, *of_tokens, *(tampering.capability for tampering in self.tampered)))

    @cached_property
    def tampered(self) -> tuple[Tampering, ...]:
        """The channels that capabilities reach: of the resource servers that the world names, or else of the first."""
        first = [party.name for party in self.resource_servers if party.honest][:1]
        own = {channel for name in self.protocols for channel in CHANNELS_OF.get(name, CHANNELS)}
        said = {each.capability for each in self.tamperings}
        others = {name: reach.channel for name, reach in self.model.reaches.items() if name not in said}
        follow = (Tampering(name, channel, at) for name, channel in others.items() if channel in own for at in first)
        return (*self.tamperings, *follow)

    # --- protocols -----------------------------------------------------------------------------------------

    @cached_property
    def protocols(self) -> tuple[str, ...]:
        """What its parties run, the world's own first."""
        return tuple(dict.fromkeys((self.protocol, *(each.protocol or self.protocol for each in self.sessions))))

    @cached_property
    def _views(self) -> Mapping[str, World]:
        return {name: self._of_protocol(name) for name in self.protocols} if len(self.protocols) > 1 else {}

    def under(self, protocol: str) -> World:
        """The same parties with what there is of one protocol: itself, where there is no other."""
        return self._views.get(protocol, self)

    def _of_protocol(self, name: str) -> World:
        sessions = tuple(each for each in self.sessions if self._is_of(name, each))
        held = tuple(each for each in self.held if self._is_of(name, each))
        return replace(self, protocol=name, whole=self, sessions=sessions, held=held)

    def _is_of(self, protocol: str, row: Session | Held | Grants) -> bool:
        return (row.protocol or (self.whole or self).protocol) == protocol

    def stand_ins(self, session: str) -> tuple[str, ...]:
        """The sessions, of whichever protocol, that begin instead of one."""
        return tuple(each.name for each in (self.whole or self).sessions if each.instead_of == session)

    # --- parties by role and relation ----------------------------------------------------------------------

    @cached_property
    def by_name(self) -> Mapping[str, Party]:
        """The parties by name."""
        return {party.name: party for party in self.parties}

    @cached_property
    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """The switches that each party has for itself."""
        return {party.name: party.settings for party in self.parties}

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
    def strangers(self) -> tuple[Party, ...]:
        """Those that may be the attacker's."""
        return tuple(server for server in self.servers if not server.honest)

    @cached_property
    def own_servers(self) -> frozenset[str]:
        """AS and resource servers that the attacker runs in a session of its own, by whatever makes it dishonest.

        They may be its own, and share their origin with nobody who is honest; none where it has no session.
        """
        honest = [party.url for party in self.parties if party.honest]
        those = [party for party in (*self.strangers, *self.attackers_resources) if self.own_sessions]
        return frozenset(p.name for p in those if not any(identifiers.same_origin(p.url, url) for url in honest))

    @cached_property
    def hands(self) -> Mapping[str, tuple[str, ...]]:
        """By which capabilities each dishonest party is the attacker's: also those by which it has the whole host.

        What is started is no service of a host, and proves by other means who it is.
        """

        def hosts(client: Party, party: Party) -> bool:
            return not party.started_by and identifiers.same_origin(party.url, client.url)

        return {
            party.name: (
                *party.run_by,
                *(n for client in self.clients if hosts(client, party) for n in client.taken_by),
            )
            for party in self.parties
            if not party.honest and "://" in party.url
        }

    @cached_property
    def own_sessions(self) -> frozenset[str]:
        """The sessions of the attacker's."""
        return frozenset(session.name for session in self.sessions if session.user == ATTACKER)

    @cached_property
    def attackers_resources(self) -> tuple[Party, ...]:
        """The resource servers that the attacker may run."""
        return tuple(party for party in self.resource_servers if not party.honest)

    @cached_property
    def has_sessions_at_once(self) -> bool:
        """Whether a user has several sessions at one client that can go on at the same time."""
        free = Counter((s.user, s.client) for s in self.sessions if not (s.after or s.instead_of))
        return any(count > 1 for (user, _), count in free.items() if user != ATTACKER)

    @cached_property
    def honest_servers(self) -> tuple[Party, ...]:
        """Those that are honest, without the gateways before them."""
        return tuple(server for server in self.servers if server.honest and not server.upstream)

    @cached_property
    def gateways(self) -> tuple[Party, ...]:
        """The honest gateways before authorization servers."""
        return tuple(server for server in self.servers if server.honest and server.upstream)

    @cached_property
    def gateways_or_none(self) -> tuple[str, ...]:
        """The URLs of these, and none, where there are any."""
        return (NONE, *(gateway.url for gateway in self.gateways)) if self.gateways else ()

    def known_as(self, server: Party) -> tuple[str, ...]:
        """The issuers under which an AS may be known: its own, and those of the gateways before it."""
        return (server.url, *(gateway.url for gateway in self.gateways if gateway.upstream == server.name))

    @cached_property
    def issuers(self) -> tuple[str, ...]:
        """Their issuer identifiers."""
        return tuple(party.url for party in self.servers)

    @cached_property
    def honest_registrars(self) -> tuple[Party, ...]:
        """The honest parties that have clients: these servers, and proxies, which are AS to their clients."""
        return (*self.honest_servers, *self.of(PROXY))

    @cached_property
    def registrars(self) -> tuple[str, ...]:
        """Where clients have identities and redirect URIs: the issuers, and proxies, which are AS to their clients."""
        return (*self.issuers, *(party.url for party in self.of(PROXY)))

    @cached_property
    def clients(self) -> tuple[Party, ...]:
        """The honest clients."""
        return tuple(party for party in self.of(CLIENT) if party.honest)

    @cached_property
    def identities(self) -> tuple[Party, ...]:
        """Client identities of the attacker's."""
        return tuple(party for party in self.of(CLIENT) if not party.honest)

    @cached_property
    def own_callbacks(self) -> tuple[str, ...]:
        """Where the attacker receives what a browser brings: its clients' callbacks, or a page that is no client's."""
        return tuple(dict.fromkeys(party.callback for party in self.identities)) or (f"{ELSEWHERE}callback",)

    @cached_property
    def resource_servers(self) -> tuple[Party, ...]:
        """The resource servers."""
        return self.of(RESOURCE_SERVER)

    @cached_property
    def resource_urls(self) -> tuple[str, ...]:
        """URLs that an agent may be sent to."""
        return tuple(party.url for party in self.resource_servers)

    def visited(self, session: Session) -> tuple[str, ...]:
        """URLs that the agent of a session may be sent to."""
        return tuple(self.by_name[name].url for name in session.visits) or self.resource_urls

    def whereabouts(self, who: str) -> tuple[str, ...]:
        """Where the agent of a session can come: where it may be sent, and to honest resources, where it may be led."""
        sent = self.resource_urls if self.session[who].steps_up else self.visited(self.session[who])
        return tuple(url for url in self.resource_urls if url in sent or url in self.honest_urls)

    @cached_property
    def flows(self) -> tuple[str, ...]:
        """The sessions that find an AS and ask it for a grant: all but those in which a refresh token is there."""
        return tuple(session.name for session in self.sessions if not session.renews)

    @cached_property
    def renews(self) -> bool:
        """Whether there is a session in which a client comes with a refresh token."""
        return len(self.flows) < len(self.sessions)

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """Every set of scopes that anybody may ask for: of each resource server none or as much as an operation needs.

        Of one whose operations need scopes apart, any of them. Empty where no resource server names any.
        """
        servers = self.resource_servers
        own = {party.scopes: party for party in servers}  # those of a trust domain may have the same
        levels = (_apart(names) if self.is_apart(party) else _rising(names) for names, party in own.items())
        sets = (" ".join(name for level in chosen for name in level) for chosen in product(*levels))
        return tuple(names for names in sets if names)

    def is_apart(self, party: Party) -> bool:
        """Whether some sessions say what they need of the scopes of a resource server."""
        return any(scope in session.needs for session in self.sessions for scope in party.scopes)

    @cached_property
    def scopes_or_none(self) -> tuple[str, ...]:
        """The same, and none of them, where there are any to choose from."""
        return (NONE, *self.scopes) if self.scopes else ()

    @cached_property
    def honest_urls(self) -> tuple[str, ...]:
        """URLs that an honest resource server answers in this protocol."""
        speaking = (party for party in self.resource_servers if party.speaks_protocol(self.protocol))
        return tuple(party.url for party in speaking if party.honest)

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
        earlier = Counter[tuple[str, str]]()
        found = []
        for made in self.approvals:  # those of other protocols are counted as well, so that no two have one name
            start = earlier[made.server, made.user]
            numbers = range(start + 1, start + made.count + 1) if self._has(made) else ()
            names = (f"{made.server}.{made.user}.{number}" for number in numbers)
            found += [Grant(name, made.server, made.user, made.revocable) for name in names]
            earlier[made.server, made.user] += made.count
        return tuple(found)

    @cached_property
    def grant(self) -> Mapping[str, Grant]:
        """The slots for grants by name."""
        return {grant.name: grant for grant in self.grants}

    def _has(self, made: Grants) -> bool:
        return self.whole is None or self._is_of(self.protocol, made)

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """Of which tokens of the same user and AS one may have come by an exchange (RFC 8693 2.1), for those that may.

        What a resource server gets for a token that it was sent has a grant of its own; what the attacker gets counts
        as the second of the grant that it came of.
        """
        called = any(self.upstream_of(session.name) for session in self.sessions)
        made: dict[str, tuple[str, ...]] = {}
        for grant in self.grants:
            alike = (
                [each.name for each in kind if (each.user, each.server) == (grant.user, grant.server)]
                for kind in (self.grants, self.held)
            )
            grants, held = alike
            if called:
                made[grant.name] = tuple(each for each in grants if each != grant.name)
            if grant.user != ATTACKER:
                derived = (each.name for each in self.exchanged if each.grant == grant.name)
                made[f"{grant.name}+"] = (grant.name, *derived, *held)
        return made

    @cached_property
    def exchanged(self) -> tuple[Exchanged, ...]:
        """The slots for tokens of sub-agents: of each for every grant of the user for whose task it is started."""
        return tuple(
            Exchanged(f"{party.name}:{grant.name}", grant.server, grant.user, grant.name, party.name)
            for party in self.of(SUB_AGENT)
            for grant in self.grants
            if grant.user == self.errand(party).user
        )

    def exchange(self, holder: str, grant: str) -> Exchanged:
        """The slot of one sub-agent for one grant."""
        return next(made for made in self.exchanged if (made.holder, made.grant) == (holder, grant))

    def links(self, token: str) -> tuple[str, ...]:
        """A token of a grant, or of a sub-agent's, and those above it, from which it may derive: last the grant."""
        made = self.issued[token]
        if not isinstance(made, Exchanged):
            return (token,)
        starter = self.by_name[self.by_name[made.holder].started_by]
        above = self.exchange(starter.name, made.grant).name if starter.role == SUB_AGENT else made.grant
        return (token, *self.links(above))

    def projected(self, grant: str) -> tuple[tuple[str, str], ...]:
        """The grants of the same user at other AS on whose word one may be issued, each with the session that asks."""
        slot = self.grant[grant]
        return tuple(
            (other.name, session.name)
            for other in self.grants
            for session in self.sessions
            if session.after and other.revocable and other.user == slot.user == session.user
            if other.server in self.by_name[slot.server].trusts
        )

    @cached_property
    def revocable(self) -> tuple[str, ...]:
        """The grants that their user may take back, and the tokens of sub-agents that may derive from them."""
        grants = [grant.name for grant in self.grants if grant.revocable]
        return (*grants, *(made.name for made in self.exchanged if made.grant in grants))

    def errand(self, party: Party) -> Session:
        """The session for whose task a sub-agent is started: the last of a user's at the client where it begins."""
        while party.role == SUB_AGENT:
            party = self.by_name[party.started_by]
        return [s for s in self.sessions if s.client == party.name and s.user != ATTACKER][-1]

    @cached_property
    def issued(self) -> Mapping[str, Grant | Held | Exchanged]:
        """Grants, and tokens of sub-agents or held from before, by name: honest AS issue what is named after them."""
        issued: tuple[Grant | Held | Exchanged, ...] = (*self.grants, *self.exchanged, *self.held)
        return {each.name: each for each in issued}

    def upstream_of(self, session: str) -> str:
        """The session in which a resource server was called, where it is its agent that calls others in this one."""
        return self.session[session].after if self.client_of(session).agent_of else ""

    @cached_property
    def workloads(self) -> tuple[str, ...]:
        """URLs of resource servers that only others call: those of a trust domain, behind its endpoints."""
        called = [each for each in self.sessions if self.upstream_of(each.name)]
        inside, outside = (
            {url for each in sessions for url in self.visited(each)}
            for sessions in (called, [each for each in self.sessions if each not in called])
        )
        return tuple(url for url in self.resource_urls if url in inside - outside)

    def client_of(self, session: str) -> Party:
        """The client at which a session is."""
        return self.by_name[self.session[session].client]

    def user_of(self, session: str) -> str:
        """Whose session it is."""
        return self.session[session].user

    @cached_property
    def reach(self) -> str:
        """How far an answer about this world goes, in words."""
        honest, gateways = len(self.honest_servers), len(self.gateways)
        own = sum(session.user == ATTACKER for session in self.sessions)
        users = len(self.sessions) - own
        counted = [
            f"{honest} honest and {len(self.strangers)} dishonest AS" if self.servers else "",
            _counted(gateways, "gateway"),
            _counted(len(self.resource_servers), "resource server"),
            _counted(len(self.clients), "client"),
            _counted(len(self.of(PROXY)), "proxy", "proxies"),
            _counted(len(self.of(SUB_AGENT)), "sub-agent"),
            f"{_counted(users, 'session')} of users" if users else "",
            f"{own} of the attacker's" if own else "",
            _counted(len(self.grants), "grant"),
        ]
        return ", ".join(part for part in counted if part) or self.concern


def _rising(scopes: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (scopes[:n] for n in range(len(scopes) + 1))


def _apart(scopes: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (chosen for n in range(len(scopes) + 1) for chosen in combinations(scopes, n))


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
    return (client.callback, *(callback_at(client, server) for server in world.registrars))


def pages(world: World, client: Party) -> dict[str, Party]:
    """Where the attacker takes responses on the host of a client, each with its identity there: an upload, a redirect.

    Each begins with a redirect URI of the client's at an honest AS, of which dot segments leave nothing.
    """
    hosted = [party for party in world.identities if identifiers.same_origin(party.url, client.callback)]
    honest = (callback_at(client, server.url) for server in world.servers if server.honest)
    return {
        f"{begun}{'/..' * urlsplit(begun).path.count('/')}{urlsplit(party.url).path.removesuffix('.json')}": party
        for begun in (client.callback, *honest)
        for party in hosted
    }


def client_ids(world: World, client: Party) -> tuple[str, ...]:
    """Every client_id of an honest client."""
    return (client.url, *(identity_at(client, server) for server in world.registrars))


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
    gains = {name: _covered(name, others) for name in named if _accepting(name, honest)}
    chosen = dict.fromkeys(named)
    for name in named:
        for spelling in _variants(name):
            if accepted := _accepting(spelling, honest):
                covers = _covered(spelling, others)
                if not any(covers <= more and accepted <= _accepting(other, honest) for other, more in gains.items()):
                    chosen[spelling], gains[spelling] = None, covers
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
