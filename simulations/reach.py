"""What leads where: from what the attacker has to what it can get, over the crossings that the rules leave open.

What the attacker has are the nodes of a graph that is followed from where it begins: a node of the topology that it
controls, an access token, a refresh token. Codes are not followed: who can be made to lose one is a question for a
verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from networkx import DiGraph

from model import client
from model import resource_server as rules
from model.design import Design
from model.world import NONE
from simulations import crossings
from simulations.arms import Arm
from simulations.crossings import Crossing, Loot, Role
from simulations.population_statements import Settings
from simulations.topology import Connection, ResourceNode, Topology, origin_of

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Controls:
    """The attacker answers at a server, an origin or a client's metadata URL, or runs an agent."""

    node: str


@dataclass(frozen=True, slots=True)
class Holds:
    """The attacker holds an access token, obtained by or like that of a connection."""

    connection: str
    user: str
    loot: Loot


@dataclass(frozen=True, slots=True)
class HoldsRefresh:
    """The attacker holds the refresh token beside a token of the topology."""

    token: str


Possession = Controls | Holds | HoldsRefresh


class Reach(NamedTuple):
    """What came into the attacker's reach, in numbers."""

    resource_servers: int
    users: int
    tokens: int


class Opened(NamedTuple):
    """Resource servers that act on the attacker's requests, and those of them that take it for the user."""

    accepting: frozenset[str]
    as_user: frozenset[str]


class Ways:
    """A topology under a design: what leads where.

    Attributes:
        passed: how often each step of the model led on, and ``refused`` how often each rule stopped one, since the
            last :meth:`spread` began.
        unmet: the switches about what no topology has: gateways and scopes.
    """

    unmet = frozenset({"gateway_endpoints", "gateway_issuer", "scope_request", "step_up"})

    def __init__(self, topology: Topology, arm: Arm) -> None:
        self.topology = topology
        self.arm = arm
        self.passed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._remembered: dict[tuple[object, ...], tuple[Any, Counter[str], Counter[str]]] = {}

    def spread(self, start: Possession) -> DiGraph[Possession]:
        """What comes into the attacker's hands, from what, and by which step (``action`` on the edges)."""
        self.passed, self.refused = Counter(), Counter()
        graph: DiGraph[Possession] = DiGraph()
        graph.add_node(start)
        frontier = [start]
        while frontier:
            before = frontier.pop()
            for action, after in self._leads_to(before):
                if after not in graph:
                    frontier.append(after)
                graph.add_edge(before, after, action=action)
        return graph

    def accepting(self, spread: Iterable[Possession]) -> frozenset[str]:
        """The honest resource servers that act on what the attacker can send with these possessions."""
        spread = list(spread)
        controlled = {each.node for each in spread if isinstance(each, Controls)}
        opened = [self._opened(each.loot) for each in spread if isinstance(each, Holds)]
        opened += [self._minted(issuer) for issuer in controlled & self._issuers]
        return frozenset().union(*(each.accepting for each in opened)) - controlled - self.topology.dishonest

    def measured(self, spread: Iterable[Possession]) -> Reach:
        """What is reached with these possessions, in numbers."""
        controlled: set[str] = set()
        holders: dict[Loot, set[str]] = {}
        tokens = 0
        for possession in spread:
            match possession:
                case Controls(node):
                    controlled.add(node)
                case Holds(_, user, loot):
                    holders.setdefault(loot, set()).add(user)
                    tokens += 1
        attackers = controlled | self.topology.dishonest
        servers: set[str] = set()
        users: set[str] = set()
        for loot, own in holders.items():
            opened = self._opened(loot)
            servers |= opened.accepting
            users |= own if loot.of_user and opened.as_user - attackers else set()
        for issuer in controlled & self._issuers:
            opened = self._minted(issuer)
            servers |= opened.accepting
            users.update(*(self._users.get(server, ()) for server in opened.as_user - attackers))
        return Reach(len(servers - attackers), len(users), tokens)

    # --- structure -------------------------------------------------------------------------------------

    @cached_property
    def _issuers(self) -> frozenset[str]:
        return frozenset((*self.topology.authorization_servers, *self.topology.look_alikes))

    @cached_property
    def _designating(self) -> dict[str, list[ResourceNode]]:
        return _by(self.topology.resource_servers.values(), lambda server: server.servers)

    @cached_property
    def _users(self) -> dict[str, set[str]]:
        """Who has something at a resource server, by its node."""
        at = _by(self.topology.tokens.values(), lambda token: (token.resource_server,))
        return {server: {token.user for token in tokens} for server, tokens in at.items()}

    @cached_property
    def _visits(self) -> dict[str, list[Connection]]:
        """The connections to a resource server, by its node."""
        return _by(self.topology.connections.values(), lambda visit: (visit.resource_server,))

    @cached_property
    def _tokens(self) -> dict[str, list[Connection]]:
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
                for visit in self._visits.get(node, ()):
                    yield from self._lured(visit)
            case Controls(node) if node in topology.authorization_servers:
                for token in self._tokens.get(node, ()):
                    yield from self._copied(token, "issued_by")
            case Controls(node) if node in topology.clients:
                for token in self._tokens.get(node, ()):
                    design = self._between(token.client, token.server)
                    crossing = crossings.inherit_consent(design)
                    if design.reg == "cimd" and self._passes(crossing):
                        yield from self._copied(token, crossing.action)
            case HoldsRefresh(name):
                token = topology.tokens[name]
                design = self._between(token.client, token.server)
                for named in self._renewable(design, token):
                    crossing = crossings.refresh(design, self._loot(token), self._asked(token), named)
                    if self._passes(crossing):
                        loot = crossings.refreshed(design, token.server, self._asked(token), named)
                        yield crossing.action, self._held(token, loot)

    def held(self, token: Connection) -> Possession | None:
        """A token in the hands of a thief, or None: under this design the flow that it comes from does not end well."""
        return self._held(token, self._loot(token)) if self.exists(token) else None

    def renewed(self, token: Connection) -> Possession | None:
        """The refresh token that came with a token, in the hands of a thief, or None where there is none."""
        renews = client.may_refresh(self._between(token.client, token.server), follows=False)
        return HoldsRefresh(token.name) if renews and self.exists(token) else None

    def _renewable(self, design: Design, token: Connection) -> list[str]:
        """The resources that a thief names at a refresh: none where that is good everywhere, or where none is taken."""
        widest = crossings.refreshed(design, token.server, self._asked(token))
        if widest.has_default or widest.audience != NONE:
            return [NONE]
        return sorted({server.resource for server in self._designating.get(token.server, ())})

    def _copied(self, token: Connection, action: str) -> Iterator[tuple[str, Possession]]:
        """A token like one of the topology's, with keys of the attacker's own or the client's."""
        if self.exists(token):
            yield action, self._held(token, self._loot(token, own=True, handed=action == "holds"))

    def _lured(self, visit: Connection) -> Iterator[tuple[str, Possession]]:
        """What an agent brings to a malicious server that it uses: new tokens, tokens it has, refresh tokens."""
        for issuer in sorted({token.server for token in self._tokens.get(visit.user, ())}):
            for stolen in self._obtained(visit, issuer):
                yield "client.send_token", Holds(visit.name, visit.user, stolen)
        for token in self._tokens.get(visit.agent, ()):
            elsewhere = token.resource_server != visit.resource_server
            if elsewhere and self.exists(token) and self._reused(visit, token):
                yield "client.reuse_cached_token", self._held(token, self._loot(token, captured=visit.url))
        if visit.server and self.exists(visit):
            design = self._between(visit.client, visit.server)
            ways = [crossings.refresh_elsewhere(design, claimed) for claimed in _claims("stranger")]
            if not crossings.is_configured(design) and any(map(self._passes, ways)):
                yield ways[0].action, HoldsRefresh(visit.name)

    def _obtained(self, visit: Connection, issuer: str) -> tuple[Loot, ...]:
        """The tokens that an agent gets from an honest issuer and sends to a malicious server that it uses."""

        def tried() -> tuple[Loot, ...]:
            design = self._between(visit.client, issuer)
            protected = {server.resource for server in self._designating.get(issuer, ())}
            got: dict[Loot, None] = {}
            for named in self._taken(visit, self._named(design, visit, issuer, protected)):
                if self._passes(crossings.obtain(design, named, named in protected)):
                    got[crossings.loot(design, issuer, named, visit.url)] = None
            return tuple(got)

        return self._once(tried, "obtained", self.topology.clients[visit.client], issuer, visit.url, visit.server)

    def _named(self, design: Design, visit: Connection, issuer: str, protected: Iterable[str]) -> tuple[str, ...]:
        """The resources that a malicious server can make a client ask an issuer for.

        Its document names its own URL, or a resource that the issuer protects. A client that was configured knows
        better: it goes for the resource that it knows to the issuer that it knows.
        """
        if crossings.is_configured(design):
            return (self._asked(visit),) if issuer == visit.server else ()
        return (visit.url, *sorted(protected))

    def _taken(self, visit: Connection, names: Sequence[str]) -> list[str]:
        """Those of some resources for which the client of a visit takes the document of a malicious server."""

        def takes(named: str) -> bool:
            return self._takes(visit.client, named, visit.url, False)

        near = [named for named in names if _akin(named, visit.url)]
        strange = [named for named in names if not _akin(named, visit.url)]
        taken = set(filter(takes, near))
        if strange and self._asked_once(strange, takes):
            taken.update(strange)
        return [named for named in names if named in taken]

    def _reused(self, visit: Connection, token: Connection) -> bool:
        """Whether an agent sends a token that it holds to a malicious server that it uses."""
        held_for, url = self._asked(token), visit.url

        def tried() -> bool:
            design = self._between(visit.client, token.server)
            known = [
                named
                for named in self._named(design, visit, token.server, (held_for,))
                if self._takes(visit.client, named, url, False)
            ]
            found = ((named, True) for named in known)
            return any(
                self._passes(crossings.reuse(design, held_for, url, named, discovered, discovered))
                for named, discovered in ((NONE, False), *found)
            )

        own = self.topology.clients[visit.client]
        return self._once(tried, "reused", own, token.server, held_for, url, visit.server)

    def _takes(self, client: str, named: str, url: str, honest: bool) -> bool:
        """Whether a client takes a document that names a resource for the URL that it called."""
        own = self.topology.clients[client]

        def tried() -> bool:
            return self._passes(crossings.discover(self.arm.design(own), named, url, honest))

        return self._once(tried, "takes", own, named, url, honest)

    # --- what opens what -------------------------------------------------------------------------------

    def exists(self, token: Connection) -> bool:
        """Whether the honest flow that the token comes from gets so far under this design."""
        own, url = self.topology.clients[token.client], token.url
        issuer = self.topology.authorization_servers[token.server]
        at = self.topology.resource_servers[token.resource_server]

        def tried() -> bool:
            design = self.arm.design(own, issuer, at.settings)
            steps = crossings.discover(design, at.resource, url, at.honest), crossings.obtain(design, at.resource, True)
            return all(step.refusal() is None for step in steps)

        return self._once(tried, "exists", own, issuer, at.url, url)

    def _opened(self, loot: Loot) -> Opened:
        """The resource servers that accept a token that the attacker presents."""

        def accepted(at: ResourceNode, design: Design, role: Role) -> bool:
            return self._passes(crossings.present(design, loot, at.resource, at.paths[0], role))

        named = [url for url in (loot.audience, loot.captured) if url != NONE]
        return self._once(lambda: self._accepting(accepted, _own, loot.server, self._near(named)), "opened", loot)

    def _minted(self, issuer: str) -> Opened:
        """The resource servers that accept a token that an issuer of the attacker's makes up."""

        def minted(at: ResourceNode, design: Design, role: Role) -> bool:
            return any(self._passes(crossings.mint(design, at.resource, at.url, name, role)) for name in _claims(role))

        def accepted(at: ResourceNode, design: Design, role: Role) -> bool:
            # Which issuer it is matters no further than what it is to the server.
            return self._once(lambda: minted(at, design, role), "mints", role, at.url)

        return self._once(lambda: self._accepting(accepted, _claims, issuer, self._two_names), "minted", issuer)

    def _accepting(
        self,
        accepts: Callable[[ResourceNode, Design, Role], bool],
        names: Callable[[Role], Iterable[Role]],
        issuer: str,
        near: frozenset[str],
    ) -> Opened:
        """The resource servers that accept a token.

        Servers that are alike in all but their URLs answer alike, unless rules that compare URLs can tell them apart.
        The rule that a request meets first does not ask for the URL at all.

        Parameters:
            names: the issuers that the token may name, by the signer's role.
            near: the servers that URLs can tell apart, each of which is asked.
        """
        accepting: set[str] = set()
        as_user: set[str] = set()
        for (role, settings), alike in self._alike(issuer).items():
            design = self.arm.design(settings)
            first = [crossings.issuer_is_accepted(design, name) for name in names(role)]
            if not any(condition.holds for condition in first):
                self.refused[first[0].rule.name] += len(alike)
                continue
            found = {at.url for at in alike if at.url in near and accepts(at, design, role)}
            others = [at for at in alike if at.url not in near]
            if others and self._asked_once(others, lambda at: accepts(at, design, role)):  # noqa: B023  (called at once)
                found |= {at.url for at in others}
            accepting |= found
            as_user |= found if rules.subject_is_user(design, role == "trusted") else set()
        return Opened(frozenset(accepting), frozenset(as_user))

    def _alike(self, issuer: str) -> dict[tuple[Role, Settings], list[ResourceNode]]:
        """The resource servers that want tokens, by what an issuer is to them and by what they decide."""

        def sorted_out() -> dict[tuple[Role, Settings], list[ResourceNode]]:
            groups: dict[tuple[Role, Settings], list[ResourceNode]] = {}
            for at in self.topology.resource_servers.values():
                if at.servers:
                    groups.setdefault((self._role(issuer, at), at.settings), []).append(at)
            return groups

        return self._once(sorted_out, "alike", issuer)

    def _near(self, urls: Iterable[str]) -> frozenset[str]:
        """The resource servers whose URLs a comparison with one of these could find to match."""
        return frozenset().union(*map(self._neighbours, urls))

    def _neighbours(self, url: str) -> frozenset[str]:
        def found() -> frozenset[str]:
            servers = self.topology.resource_servers.values()
            return frozenset(at.url for at in servers if any(_akin(url, own) for own in {at.resource, at.paths[0]}))

        return self._once(found, "near", origin_of(url))

    @cached_property
    def _two_names(self) -> frozenset[str]:
        """The resource servers whose resource is spelled differently from the URL that a token is presented at."""
        return frozenset(at.url for at in self.topology.resource_servers.values() if at.resource != at.paths[0])

    def _role(self, issuer: str, at: ResourceNode) -> Role:
        """Who an issuer is to a resource server."""
        if issuer in at.servers:
            return "trusted"
        return "look_alike" if self.topology.look_alikes.get(issuer) in at.servers else "stranger"

    # --- small things ----------------------------------------------------------------------------------

    def _between(self, client: str, issuer: str) -> Design:
        return self.arm.design(self.topology.clients[client], self.topology.authorization_servers[issuer])

    def _asked(self, token: Connection) -> str:
        return self.topology.resource_servers[token.resource_server].resource

    def _loot(self, token: Connection, captured: str = NONE, own: bool = False, handed: bool = False) -> Loot:
        design = self._between(token.client, token.server)
        return crossings.loot(design, token.server, self._asked(token), captured, own, handed)

    def _held(self, token: Connection, loot: Loot) -> Holds:
        return Holds(token.name, token.user, loot)

    def _passes(self, crossing: Crossing) -> bool:
        refusal = crossing.refusal()
        (self.passed if refusal is None else self.refused)[crossing.action if refusal is None else refusal] += 1
        return refusal is None

    def _asked_once(self, alike: Sequence[Thing], asked: Callable[[Thing], bool]) -> bool:
        """What each of some that are alike would answer: one is asked, what passed and what refused counts for all."""
        before = self.passed, self.refused
        self.passed, self.refused = Counter(), Counter()
        answer = asked(alike[0])
        for total, once in zip(before, (self.passed, self.refused), strict=True):
            total.update({name: times * len(alike) for name, times in once.items()})
        self.passed, self.refused = before
        return answer

    def _once(self, tried: Callable[[], Thing], *key: object) -> Thing:
        """What a trial came to, tried once; what passed and what refused counts every time."""
        if key not in self._remembered:
            before = self.passed, self.refused
            self.passed, self.refused = Counter(), Counter()
            result = tried()
            self._remembered[key] = result, self.passed, self.refused
            self.passed, self.refused = before
        known: Thing
        known, passed, refused = self._remembered[key]
        if passed or refused:
            self.passed.update(passed)
            self.refused.update(refused)
        return known


def _akin(one: str, other: str) -> bool:
    """Whether two URLs have anything in common that a comparison could take for a match, be it of strings."""
    here, there = origin_of(one), origin_of(other)
    return here.startswith(there) or there.startswith(here)


def _own(role: Role) -> tuple[Role, ...]:
    """A stolen token names the issuer that made it."""
    return (role,)


def _claims(role: Role) -> tuple[Role, ...]:
    """A made-up token names its maker, or the issuer that the resource server relies on."""
    return (role,) if role == "trusted" else (role, "trusted")


def _by(things: Iterable[Thing], keys: Callable[[Thing], Iterable[str]]) -> dict[str, list[Thing]]:
    made: dict[str, list[Thing]] = {}
    for thing in things:
        for key in keys(thing):
            made.setdefault(key, []).append(thing)
    return made
