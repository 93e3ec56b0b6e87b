"""How far one theft, one malicious server, one lapsed domain reaches: reachability in a topology.

From what the attacker has (a node of the topology, a token) it comes to what a crossing lets it have; whether a
crossing is open is a matter of the model's rules (:mod:`simulations.crossings`). What is reached is counted: resource
servers that act on the attacker's requests, users in whose name they do, and tokens in the attacker's hands. Codes are
not followed: who can be made to lose one is a question for a verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from model import resource_server as rules
from model.client import NONE
from model.design import NAMED_DESIGNS, Design, parse, parse_switches
from model.errors import InputError, hint
from model.world import ATTACKER_AS, HONEST_AS, LOOKALIKE_AS
from simulations import crossings
from simulations.crossings import Crossing, Loot
from simulations.topology import ResourceServer, Settings, Token, Topology

if TYPE_CHECKING:
    from networkx import DiGraph

Thing = TypeVar("Thing")


class BlastRadiusError(InputError):
    """A question that cannot be asked; one line naming the culprit and what is allowed."""


# --- what the attacker has -------------------------------------------------------------------------------------


class Controls(NamedTuple):
    """The attacker answers at a server, an origin or a client's metadata URL, or runs an agent."""

    node: str


class Holds(NamedTuple):
    """The attacker holds an access token that was made for an agent."""

    agent: str
    user: str
    loot: Loot


class HoldsRefresh(NamedTuple):
    """The attacker holds the refresh token beside a token of the topology."""

    token: str


Possession = Controls | Holds | HoldsRefresh


class Reach(NamedTuple):
    """What came into the attacker's reach, in numbers."""

    resource_servers: int
    users: int
    tokens: int


MEASURES = Reach._fields

#: What can go wrong, with the role of the node that it goes wrong with.
KINDS: dict[str, tuple[str, str]] = {
    "token": ("token", "one access token is stolen"),
    "refresh_token": ("token", "one refresh token is stolen"),
    "agent": ("agent", "one agent (or sub-agent) is taken over, with the tokens that it holds"),
    "resource_server": ("resource_server", "one resource server turns malicious; it may bring an AS of its own"),
    "authorization_server": ("authorization_server", "one AS is compromised"),
    "look_alike": ("authorization_server", "one issuer of the attacker's begins like an honest one"),
    "domain": ("origin", "one domain lapses and is taken: all that is hosted there is the attacker's"),
}


def targets(kind: str, topology: Topology) -> list[str]:
    """The nodes that it can go wrong with, by name.

    Raises:
        BlastRadiusError: an unknown kind.
    """
    if kind not in KINDS:
        raise BlastRadiusError(f"unknown kind {kind!r}{hint(kind, KINDS)}")
    if kind == "authorization_server":
        return sorted(topology.authorization_servers.keys() - topology.dishonest)
    if kind == "look_alike":
        return sorted(topology.look_alikes)
    role = KINDS[kind][0]
    return sorted(node for node, has in topology.graph.nodes(data="role") if has == role)


# --- designs ---------------------------------------------------------------------------------------------------


class Arm(NamedTuple):
    """A design as everybody has it where it says something, and as the population has it elsewhere.

    ``name``: as tables show it; ``imposed``: the switches that the configuration names.
    """

    name: str
    imposed: Settings

    def design(self, *parties: Settings) -> Design:
        """The design between parties of a topology: what each decides, and what the arm imposes."""
        return _design(parties, self.imposed)


@cache
def _design(parties: tuple[Settings, ...], imposed: Settings) -> Design:
    values: dict[str, str] = {}
    for switch, value in (setting for party in parties for setting in party):
        # A client registers in the best way that it and the AS both know.
        met = switch == "reg" and switch in values
        values[switch] = max(values[switch], value, key=_REGISTRATIONS.index) if met else value
    return Design({**values, **dict(imposed)})


_REGISTRATIONS = ("federation", "cimd", "dcr_ss", "dcr", "static")


def arm(text: str, name: str | None = None) -> Arm:
    """An arm from a configuration string; a named design imposes what it lists and nothing else.

    Raises:
        ConfigurationError: the string cannot be read.
        BlastRadiusError: it names capabilities.
    """
    parse(text)
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    stated = {key.strip(): value.strip() for key, _, value in pairs}
    if "cap" in stated:
        raise BlastRadiusError(f"cap= has no place in {text!r}: what the attacker has is what is asked about")
    named = stated.pop("design", "")
    imposed = {**(parse_switches(NAMED_DESIGNS[named]) if named else {}), **stated}
    return Arm(name or text or DEPLOYED, tuple(imposed.items()))


DEPLOYED = "as deployed"
#: What is said to limit the damage: the switches without it, and with it.
PROTECTIONS: dict[str, tuple[str, str]] = {
    "sender constraint": (
        "dpop=none;mtls=off;r_requires_dpop=no", "dpop=token;dpop_policy=always;as_dpop=honor;rs_htu=on",
    ),
    "audience restriction": (
        "as_resource=ignore;audience_check=off", "resource_indicator=on;as_resource=honor;audience_check=exact",
    ),
    "refresh pinning": ("rt_pin=off;rt_resource_bound=no", "rt_pin=on;rt_resource_bound=yes"),
    "issuer allowlists": (
        "as_trust=any;rs_trust=any;issuer_match=prefix;key_lookup=union;subject_ns=sub",
        "as_trust=allowlist;rs_trust=allowlist;issuer_match=exact;key_lookup=by_iss;subject_ns=iss+sub",
    ),
    "consent pinning": ("consent_pin=off", "consent_pin=on"),
}  # fmt: skip


def protections() -> tuple[Arm, ...]:
    """The population as it is; and with none of the protections, with each alone, and with all."""

    def having(chosen: Iterable[str]) -> str:
        return ";".join(sides[name in chosen] for name, sides in PROTECTIONS.items())

    alone = (arm(having({name}), f"only {name}") for name in PROTECTIONS)
    return arm(""), arm(having(()), "no protection"), *alone, arm(having(PROTECTIONS), "all protections")


# --- reachability ----------------------------------------------------------------------------------------------


class Opened(NamedTuple):
    """Resource servers that act on the attacker's requests, and those of them that take it for the user."""

    accepting: frozenset[str]
    as_user: frozenset[str]


NOTHING = Opened(frozenset(), frozenset())


class Attack:
    """A topology under a design: what leads where.

    Attributes:
        passed: how often each step of the model led on, and ``refused`` how often each rule stopped one, since the
            last :meth:`spread` began.
    """

    def __init__(self, topology: Topology, arm: Arm) -> None:
        self.topology = topology
        self.arm = arm
        self.passed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._remembered: dict[tuple[object, ...], tuple[object, Counter[str], Counter[str]]] = {}

    def spread(self, kind: str, target: str) -> DiGraph[Possession]:
        """What comes into the attacker's hands, from what, by which step (``action`` on the edges).

        Raises:
            BlastRadiusError: an unknown kind, or no node that this can go wrong with.
        """
        if target not in self.topology.graph or target not in targets(kind, self.topology):
            raise BlastRadiusError(f"no {kind} is called {target!r} in this topology")
        return self._spread(self._start(kind, target))

    def reach(self, kind: str, target: str) -> Reach:
        """The same in numbers (raises BlastRadiusError as :meth:`spread` does)."""
        return self.measured(self.spread(kind, target))

    def measured(self, spread: Iterable[Possession]) -> Reach:
        """What is reached with these possessions."""
        servers: set[str] = set()
        users: set[str] = set()
        tokens, own = 0, set(self.topology.dishonest)
        for possession in spread:
            match possession:
                case Controls(node):
                    own.add(node)
                    minted = self._minted(node) if node in self._issuers else NOTHING
                    servers |= minted.accepting
                    users |= {user for server in minted.as_user for user in self._users.get(server, ())}
                case Holds(_, user, loot):
                    opened = self._opened(loot)
                    tokens += 1
                    servers |= opened.accepting
                    users |= {user} if opened.as_user - own else set()
        return Reach(len(servers - own), len(users), tokens)

    def _spread(self, start: Possession | None) -> DiGraph[Possession]:
        from networkx import DiGraph

        self.passed, self.refused = Counter(), Counter()
        graph: DiGraph[Possession] = DiGraph()
        frontier = [] if start is None else [start]
        graph.add_nodes_from(frontier)
        while frontier:
            before = frontier.pop()
            for action, after in self._leads_to(before):
                if after not in graph:
                    frontier.append(after)
                graph.add_edge(before, after, action=action)
        return graph

    def _start(self, kind: str, target: str) -> Possession | None:
        if kind not in ("token", "refresh_token"):
            return Controls(target)
        token = self.topology.tokens[target]
        if not self.exists(token):
            return None
        return HoldsRefresh(target) if kind == "refresh_token" else self._held(token, self._loot(token))

    # --- structure -------------------------------------------------------------------------------------

    @cached_property
    def _issuers(self) -> frozenset[str]:
        return frozenset((*self.topology.authorization_servers, *self.topology.look_alikes))

    @cached_property
    def _designating(self) -> dict[str, list[ResourceServer]]:
        return _by(self.topology.resource_servers.values(), lambda server: server.servers)

    @cached_property
    def _users(self) -> dict[str, set[str]]:
        """Who has something at a resource server, by its node."""
        at = _by(self.topology.tokens.values(), lambda token: (token.resource_server,))
        return {server: {token.user for token in tokens} for server, tokens in at.items()}

    @cached_property
    def _tokens(self) -> dict[str, list[Token]]:
        """The tokens of a user, of an agent, of a client, of a resource server and of an issuer, by their nodes."""
        return _by(
            self.topology.tokens.values(),
            lambda token: (token.user, token.agent, token.client, token.resource_server, token.server),
        )

    # --- what leads where ------------------------------------------------------------------------------

    def _leads_to(self, possession: Possession) -> Iterator[tuple[str, Possession]]:
        topology = self.topology
        match possession:
            case Controls(node) if node.startswith("origin:"):
                yield from (("hosts", Controls(url)) for url in topology.related(node, "hosts"))
            case Controls(node) if node in topology.agents:
                yield from (("delegates_to", Controls(inner)) for inner in topology.related(node, "delegates_to"))
                for name in topology.related(node, "holds"):
                    yield from self._copied(topology.tokens[name], "holds")
            case Controls(node) if node in topology.resource_servers:
                for token in self._tokens.get(node, ()):
                    yield from self._lured(token)
            case Controls(node) if node in topology.authorization_servers:
                for token in self._tokens.get(node, ()):
                    yield from self._copied(token, "issued_by")
            case Controls(node) if node in topology.clients:
                for token in self._tokens.get(node, ()):
                    design = self._between(token.client, token.server)
                    if design.reg == "cimd" and self._passes(crossings.inherit_consent(design)):
                        yield from self._copied(token, "attacker.inherit_consent")
            case HoldsRefresh(name):
                token = topology.tokens[name]
                crossing = crossings.refresh(self._between(token.client, token.server), self._loot(token))
                if self._passes(crossing):
                    design, asked = self._between(token.client, token.server), self._asked(token)
                    yield crossing.action, self._held(token, crossings.refreshed(design, token.server, asked))

    def _copied(self, token: Token, action: str) -> Iterator[tuple[str, Possession]]:
        """A token like one of the topology's, with keys of the attacker's own or the client's."""
        if self.exists(token):
            yield action, self._held(token, self._loot(token, own=True))

    def _lured(self, visit: Token) -> Iterator[tuple[str, Possession]]:
        """What an agent brings to a malicious server that it uses: new tokens, tokens it has, refresh tokens."""
        user, url = visit.user, visit.url
        for issuer in sorted({token.server for token in self._tokens[user]}):
            for stolen in self._obtained(visit.client, issuer, url):
                yield "client.send_token_to_attacker", Holds(visit.agent, user, stolen)
        for token in self._tokens[visit.agent]:
            if token.resource_server == visit.resource_server or not self.exists(token):
                continue
            if self._reused(visit.client, token.server, self._asked(token), url):
                yield "client.reuse_cached_token", self._held(token, self._loot(token, captured=url))
        if self.exists(visit):
            crossing = crossings.refresh_elsewhere(self._between(visit.client, visit.server))
            if self._passes(crossing):
                yield crossing.action, HoldsRefresh(visit.name)

    def _obtained(self, client: str, issuer: str, url: str) -> tuple[Loot, ...]:
        """The tokens that a client gets from an honest issuer and sends to a malicious server at ``url``.

        The server's document names its own URL, or a resource that the issuer protects.
        """

        def tried() -> tuple[Loot, ...]:
            design = self._between(client, issuer)
            protected = {server.resource for server in self._designating.get(issuer, ())}
            got = {}
            for named in (url, *sorted(protected)):
                if self._passes(crossings.discover(design, named, url, False)) and self._passes(
                    crossings.obtain(design, named, named in protected)
                ):
                    got[crossings.loot(design, issuer, named, url)] = None
            return tuple(got)

        return self._once(tried, "obtained", self.topology.clients[client], issuer, url)

    def _reused(self, client: str, issuer: str, held_for: str, url: str) -> bool:
        """Whether a client sends a token that it holds for a resource to a malicious server at ``url``."""

        def tried() -> bool:
            design = self._between(client, issuer)
            taken = [
                named for named in (url, held_for) if self._passes(crossings.discover(design, named, url, False))
            ]
            options = ((NONE, False), *((named, True) for named in taken))
            return any(self._passes(crossings.reuse(design, held_for, url, *option)) for option in options)

        return self._once(tried, "reused", self.topology.clients[client], issuer, held_for, url)

    # --- what opens what -------------------------------------------------------------------------------

    def exists(self, token: Token) -> bool:
        """Whether the honest flow that the token comes from gets so far under this design."""
        design = self._between(token.client, token.server, token.resource_server)
        at = self.topology.resource_servers[token.resource_server]

        def tried() -> bool:
            discovered = crossings.discover(design, at.resource, token.url, at.honest)
            return all(
                crossing.refused_by is None for crossing in (discovered, crossings.obtain(design, at.resource, True))
            )

        return self._once(tried, "exists", design, at.resource, token.url, at.honest)

    def _opened(self, loot: Loot) -> Opened:
        """The resource servers that accept a token that the attacker presents."""

        def tried() -> Opened:
            return self._accepting(
                lambda at, design, role: self._passes(crossings.present(design, loot, at, role, at.paths[0])),
                loot.server,
            )

        return self._once(tried, "opened", loot)

    def _minted(self, issuer: str) -> Opened:
        """The resource servers that accept a token that an issuer of the attacker's makes up."""

        def accepted(at: ResourceServer, design: Design, role: str) -> bool:
            names = dict.fromkeys((role, HONEST_AS))
            return any(self._passes(crossings.mint(design, at, name, role)) for name in names)

        return self._once(lambda: self._accepting(accepted, issuer), "minted", issuer)

    def _accepting(self, accepts: Callable[[ResourceServer, Design, str], bool], issuer: str) -> Opened:
        accepting, as_user = set(), set()
        for at in self.topology.resource_servers.values():
            if at.servers:
                role, design = self._role(issuer, at), self.arm.design(at.settings)
                if accepts(at, design, role):
                    accepting.add(at.url)
                    if rules.subject_is_user(design, role):
                        as_user.add(at.url)
        return Opened(frozenset(accepting), frozenset(as_user))

    def _role(self, issuer: str, at: ResourceServer) -> str:
        """Who an issuer is in the model's cast, seen from a resource server."""
        if issuer in at.servers:
            return HONEST_AS
        return LOOKALIKE_AS if self.topology.look_alikes.get(issuer) in at.servers else ATTACKER_AS

    # --- small things ----------------------------------------------------------------------------------

    def _between(self, client: str, issuer: str, at: str | None = None) -> Design:
        parties = (self.topology.clients[client], self.topology.authorization_servers[issuer])
        return self.arm.design(*parties, *(() if at is None else (self.topology.resource_servers[at].settings,)))

    def _asked(self, token: Token) -> str:
        return self.topology.resource_servers[token.resource_server].resource

    def _loot(self, token: Token, captured: str = NONE, own: bool = False) -> Loot:
        design = self._between(token.client, token.server)
        return crossings.loot(design, token.server, self._asked(token), captured, own)

    def _held(self, token: Token, loot: Loot) -> Holds:
        return Holds(token.agent, token.user, loot)

    def _passes(self, crossing: Crossing) -> bool:
        refusal = crossing.refused_by
        (self.passed if refusal is None else self.refused)[crossing.action if refusal is None else refusal] += 1
        return refusal is None

    def _once(self, tried: Callable[[], Any], *key: object) -> Any:
        """What a trial came to, tried once; what passed and what refused counts every time."""
        if key not in self._remembered:
            before = self.passed, self.refused
            self.passed, self.refused = Counter(), Counter()
            result = tried()
            self._remembered[key] = result, self.passed, self.refused
            self.passed, self.refused = before
        result, passed, refused = self._remembered[key]
        self.passed.update(passed)
        self.refused.update(refused)
        return result


def _by(things: Iterable[Thing], keys: Callable[[Thing], Iterable[str]]) -> dict[str, list[Thing]]:
    made: dict[str, list[Thing]] = {}
    for thing in things:
        for key in keys(thing):
            made.setdefault(key, []).append(thing)
    return made
