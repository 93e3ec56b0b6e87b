"""What can change in a world: the state variables, their domains and how a rule reads them.

A state is a tuple of values in the order of :func:`variables`. Rules never see the tuple: they read a
:class:`View`, which any reader can provide. Variables are made for the sessions, grants and held tokens of a world, so
a term needs no name of its own: a code, a token and a refresh token *are* their grant, a challenge, a state and a
verifier their session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from typing import Any

from model.logic import Condition, Decided, Value
from model.messages import FORGED, THIEF
from model.reading import GrantState, SessionState
from model.world import (
    ATTACKER,
    CLIENT,
    ITSELF,
    LOOPBACK,
    NONE,
    PROXY,
    SUB_AGENT,
    Party,
    World,
    callbacks,
    client_ids,
    pages,
)

#: How far a session at the client has come.
PHASES = (
    "idle", "challenged", "discovered", "ready", "pushed", "requested", "refused", "responded", "asked", "has_token",
    "sent", "renewed",
)  # fmt: skip
ATTACKERS_KEY = "key:thief"
#: How long the token of a sub-agent is good: no longer than the task that it is for, or until its own expiry.
TASK, TOKEN = "task", "token"
#: How far a grant has come whose code was redeemed: once, or again by somebody else.
REDEEMED = ("redeemed", "reused")


def refreshed(grant: str) -> str:
    """The access token that the refresh token of a grant yields, or the token of it in exchange, as a term."""
    return f"{grant}+"


def tokens(world: World) -> tuple[str, ...]:
    """The access tokens that honest AS issue: of each grant, of a user's refreshed, of sub-agents, held from before."""
    issued = [
        name
        for grant in world.grants
        for name in (grant.name, *([] if grant.user == ATTACKER else [refreshed(grant.name)]))
    ]
    return (*issued, *(made.name for made in world.exchanged), *(held.name for held in world.held))


#: What the names of ID tokens begin with.
ID_TOKEN = "id:"


def assertion_at(server: Party, client_id: str) -> str:
    """A client assertion, as a term: the client_id it is for and the AS at which it is good; none without client_id.

    An attestation that is good at a resource server is called by the name of the client: no client_id goes with it.
    """
    return NONE if client_id == NONE else f"{client_id}@{server.name}"


def client_of(assertion: str) -> str:
    """The client_id that an assertion is for, by its term."""
    return assertion.rpartition("@")[0]


def went_astray(client: str, server: str, stranger: str) -> str:
    """The fact that a client has registered at an honest AS what it has for one of the attacker's."""
    return f"astray.{client}@{server}.{stranger}"


def id_token_of(grant: str) -> str:
    """The ID token that a client gets with the access token of a grant, as a term."""
    return f"{ID_TOKEN}{grant}"


def id_tokens(world: World) -> tuple[str, ...]:
    """The grants with which an ID token comes that a client may exchange."""
    return tuple(grant.name for grant in world.grants if any(session.after for session in world.sessions))


def id_token_with(world: World, grant: str) -> str:
    """The ID token that comes with the access token of a code, or none (OpenID Connect Core 3.1.3.3)."""
    return id_token_of(grant) if grant in id_tokens(world) else NONE


def vouching_at(server: Party, other: Party) -> str:
    """An assertion about a user by which one AS vouches to another, as a term."""
    return f"{server.url}@{other.name}"


def keys(world: World) -> tuple[str, ...]:
    """Keys (or TLS certificates) that proofs are made with."""
    made = [NONE, ATTACKERS_KEY]
    for client in world.clients:
        made += [f"key:{client.name}", *(f"key:{client.name}@{issuer}" for issuer in world.registrars)]
    made += [f"key:{session.name}" for session in world.sessions]
    return (*made, *dict.fromkeys(f"key:{held.client}:earlier" for held in world.held))


def transaction(proxy: Party) -> str:
    """The one transaction of a run at a proxy; its code, token and state are named after it."""
    return f"{proxy.name}.1"


@dataclass(frozen=True, slots=True)
class Variable:
    """A state variable: its name, its domain (initial value first) and what it says.

    A ``fact`` is false at first and true for ever once it is: a step adds it, and never takes it back.
    """

    name: str
    domain: tuple[Decided, ...]
    meaning: str
    fact: bool = False

    @property
    def initial(self) -> Decided:
        """The value before anything has happened."""
        return self.domain[0]


class Variables:
    """Variables while they are collected."""

    def __init__(self) -> None:
        self.variables: list[Variable] = []

    def value(self, name: str, domain: Iterable[Decided], meaning: str) -> None:
        self.variables.append(Variable(name, tuple(dict.fromkeys(domain)), meaning))

    def fact(self, name: str, meaning: str) -> None:
        self.variables.append(Variable(name, (False, True), meaning, fact=True))


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of a world, in a fixed order."""
    made = Variables()
    for session in world.sessions:
        _session(made, world, session.name)
    for grant in world.grants:
        _grant(made, world, grant.name)
    for party in world.of(SUB_AGENT):
        _sub_agent(made, world, party)
    for who in dict.fromkeys(world.errand(party).name for party in world.of(SUB_AGENT)):
        made.value(f"{who}.task", ("none", "on", "ended"), "whether the task of its sub-agents is under way")
        if world.scopes:
            made.value(f"{who}.passes_on", world.scopes_or_none, "the scopes that the client passes on for it")
    for token in world.revocable:
        made.fact(f"ended.{token}", "it was taken back")
        made.fact(f"late.{token}", "and then, or when what it derives from had been, an honest RS acted on it")
    for proxy in world.of(PROXY):
        _transaction(made, world, transaction(proxy))
    _knowledge(made, world)
    for server in world.honest_registrars:
        for identity in world.identities:
            made.fact(f"registered.{identity.name}@{server.name}", "it has registered this identity of the attacker's")
    for client, server, other in product(world.clients, world.honest_registrars, world.strangers):
        name = went_astray(client.name, server.name, other.name)
        made.fact(name, "the client has registered here what it has for an AS of the attacker's")
    for server in world.honest_servers:
        for name, meaning in OWN_TOKENS.items():
            made.fact(f"has.{name}@{server.name}", meaning)
    for url in dict.fromkeys(party.url for party in world.resource_servers if party.honest):
        made.fact(f"keys.{url}", "this resource server has taken keys of the attacker's, as those of an issuer")
        made.fact(f"served.forged.{url}", "this resource server took a token of the attacker's making")
    for name, meaning in FACTS.items():
        made.fact(name, meaning)
    return tuple(made.variables)


@cache
def beginning(world: World) -> Mapping[str, Decided]:
    """The values of all state variables of a world before anything has happened."""
    return {variable.name: variable.initial for variable in variables(world)}


def _session(made: Variables, world: World, who: str) -> None:
    servers, named = (NONE, *world.issuers), (NONE, *world.registrars)
    grants, sessions = [grant.name for grant in world.grants], [session.name for session in world.sessions]
    made.value(f"{who}.phase", PHASES, "how far this session has come")
    made.value(f"{who}.url", (NONE, *world.whereabouts(who)), "the resource URL the agent was sent to")
    made.value(f"{who}.resource", (NONE, *world.resources), "`resource` of the metadata in use")
    made.value(f"{who}.listed", servers, "the AS that the metadata lists")
    made.value(f"{who}.metadata", servers, "whose AS metadata is in use")
    made.value(f"{who}.issuer", named, "the issuer recorded for the request")
    made.value(f"{who}.authorization_at", servers, "whose authorization endpoint the metadata names")
    made.value(f"{who}.token_at", named, "whose token endpoint it names")
    made.value(f"{who}.par_at", servers, "to whose endpoint it pushes its request, if any")
    made.value(
        f"{who}.unnamed", (False, True), "nobody has named this AS: no document lists it, or no metadata that issuer"
    )
    made.value(f"{who}.promises_iss", (False, True), "the metadata says that this AS sends iss")
    made.value(f"{who}.offers_pkce", (False, True), "the metadata of the attacker's AS offers PKCE")
    made.value(f"{who}.offers_dpop", (False, True), "and DPoP")
    made.value(f"{who}.demands_dpop", (False, True), "the attacker's resource metadata demands DPoP")
    made.value(f"{who}.connector", (False, True), "the AS came as a connector, its endpoints configured one by one")
    made.value(f"{who}.request_uri", (NONE, *grants, *sessions), "whose pushed request it was handed as its own")
    made.value(f"{who}.went_to", named, "the issuer with which the client went on after the response")
    made.value(f"{who}.code", (NONE, FORGED, *grants), "the code the client got")
    made.value(f"{who}.token", (NONE, FORGED, *tokens(world)), "the access token the session holds")
    made.value(f"{who}.told", (False, True), "it has read what the token response says of resources")
    made.value(f"{who}.reused", (False, True), "a response was delivered after the state had been used")
    made.value(f"{who}.diverted", (False, True), "a redirect sent it where it had not meant to go")
    if world.scopes:
        made.value(f"{who}.scope", world.scopes_or_none, "the scopes that it was told to ask for")
    if world.session[who].after:
        made.fact(f"{who}.vouched", "the AS of the session before has vouched for its user")
    for user in others_than(world, who):
        made.fact(f"{who}.finished_by.{user}", "a response came to it in the browser of this user")
    made.value(f"{who}.logged", (False, True), "a public log holds what the attacker told it of the resource")
    made.value(f"{who}.accepted", (False, True), "an honest RS acted on this session's request")


def others_than(world: World, who: str) -> tuple[str, ...]:
    """Those whose session this is not: users, and the attacker."""
    return tuple(user for user in (*world.users, ATTACKER) if user != world.user_of(who))


_RELAYED = "the user was sent there out of a session at an honest client"


def _grant(made: Variables, world: World, name: str) -> None:
    sessions = [session.name for session in world.sessions]
    ids = [identity for client in world.clients for identity in client_ids(world, client)]
    redirects = [uri for client in world.clients for uri in (*callbacks(world, client), *pages(world, client))]
    made.value(f"{name}.code", ("none", "pushed", "issued", *REDEEMED), "how far this grant has come")
    made.value(f"{name}.of", (NONE, THIEF, *sessions), "whose authorization request it answers")
    made.value(f"{name}.client", (NONE, *ids, *(party.url for party in world.identities)), "client_id")
    made.value(f"{name}.redirect", (NONE, *redirects, LOOPBACK, *world.own_callbacks), "redirect URI")
    made.value(f"{name}.challenge", (NONE, THIEF, *sessions), "whose code challenge the request carries")
    made.value(f"{name}.state", (NONE, *sessions), "whose state it carries")
    made.value(f"{name}.key", keys(world), "dpop_jkt of the request")
    made.value(f"{name}.resource", (NONE, *world.resources), "resource of the request")
    made.value(f"{name}.shown", (False, True), "the consent page named the honest client")
    made.value(f"{name}.relayed", (False, True), _RELAYED)
    if world.renews:
        made.value(f"{name}.renewed", (False, True), "the client has come with its refresh token")
    if world.gateways:
        made.value(f"{name}.through", world.gateways_or_none, "the gateway by which its request came")
    if world.scopes:
        made.value(f"{name}.scope", world.scopes_or_none, "the scopes that were approved")
    if refreshed(name) in world.sources:
        made.value(f"{name}.exchanged", (NONE, *world.resources), "the resource that its token was exchanged for")
        if world.scopes:
            made.value(f"{refreshed(name)}.scope", world.scopes_or_none, "and the scopes of what came of it")
        made.value(
            f"{name}.named", (NONE, *world.resources), "the resource that the attacker has asked a second token for"
        )
    for token, of in ((each, world.sources[each]) for each in (name, refreshed(name)) if each in world.sources):
        made.value(f"{token}.source", (NONE, *of), "the token that it came of by an exchange")
    above = (other for other, _ in world.projected(name))
    made.value(f"{name}.word", (NONE, ITSELF, *above), "on whose word its token was issued, if no user approved it")
    made.value(f"{name}.to", (NONE, THIEF, *sessions), "who redeemed the code")
    made.value(f"{name}.bound_key", keys(world), "the DPoP key the access token is bound to")
    made.value(f"{name}.certificate", keys(world), "the certificate the access token is bound to")
    made.value(f"{name}.target", (NONE, *world.resources), "resource of the token request (or of the grant)")


def _sub_agent(made: Variables, world: World, party: Party) -> None:
    own = [each for each in world.exchanged if each.holder == party.name]
    held = [name for each in own for name in (each.grant, each.name)]
    made.value(f"{party.name}.token", (NONE, *held), "the token that it has, the client's or its own")
    made.value(f"{party.name}.expires", (NONE, TASK, TOKEN), "for how long that is good")
    if world.scopes:
        made.value(f"{party.name}.scope", world.scopes_or_none, "the scopes of its own")
    made.fact(f"{party.name}.called", "it has called the resource")
    made.fact(f"{party.name}.served", "an honest RS acted on what it asked")
    made.fact(f"{party.name}.overstays", "and did so when the task was over")


def _transaction(made: Variables, world: World, name: str) -> None:
    served, browsers = world.of(CLIENT), (*world.users, ATTACKER)
    redirects = [uri for client in world.clients for uri in (*callbacks(world, client), *pages(world, client))]
    made.value(f"{name}.code", ("none", "opened", "returned", "issued", "redeemed"), "how far the transaction has come")
    ids = [known for client in world.clients for known in client_ids(world, client)]
    made.value(
        f"{name}.client", (NONE, *ids, *(party.url for party in served)), "the client of the proxy's that it is for"
    )
    made.value(
        f"{name}.redirect", (NONE, *redirects, LOOPBACK, *(party.callback for party in served)), "and its redirect URI"
    )
    made.fact(f"{name}.crafted", "the attacker wrote the request that it began with")
    made.value(f"{name}.opened_by", (NONE, *browsers), "in whose browser it was begun")
    made.value(f"{name}.approved", (False, True), "who was there approved the client")
    made.value(f"{name}.relayed", (False, True), _RELAYED)
    made.value(f"{name}.user", (NONE, *world.users), "whose code of the AS behind the proxy came back")
    made.fact(f"{name}.taken", "the attacker has redeemed the proxy's code")
    terms = {
        "state": "its state",
        "challenge": "its code challenge",
        "verifier": "its code verifier",
        "code": "the proxy's code",
        "token": "the proxy's token",
    }
    for kind, meaning in terms.items():
        made.fact(f"knows.{kind}.{name}", f"the attacker knows {meaning}")


def _knowledge(made: Variables, world: World) -> None:
    """What the attacker may come to know, and what honest parties did for it."""
    for grant in world.grants:
        made.fact(f"knows.code.{grant.name}", "the attacker knows the code")
        made.fact(f"knows.refresh.{grant.name}", "the attacker knows the refresh token")
    for name in id_tokens(world):
        made.fact(f"knows.token.{id_token_of(name)}", "the attacker has the ID token that came with it")
    for token in tokens(world):
        made.fact(f"knows.token.{token}", "the attacker knows the access token")
        made.fact(f"served.{token}", "an honest RS acted on it for the attacker")
        made.fact(f"replayed.{token}", "and it was bound to a key that the attacker does not hold")
        made.fact(f"told.{token}", "an honest AS told a RS of it that it is not for")
    for token in tokens(world):
        for url in captures(world):
            made.fact(f"knows.proof.{token}@{url}", "the attacker has a DPoP proof made for the token and this URL")
    for key in shown_keys(world):
        made.fact(f"knows.proof.{key}", "the attacker has a DPoP proof by this key for an endpoint of an AS of its own")
    for session in world.sessions:
        for term, meaning in SESSION_TERMS.items():
            made.fact(f"knows.{term}.{session.name}", f"the attacker knows {meaning}")
    for client in world.clients:
        for server in world.honest_registrars:
            made.fact(f"knows.secret.{client.name}@{server.name}", "the attacker knows the client's secret there")
            for client_id in client_ids(world, client):
                opened = assertion_at(server, client_id)
                made.fact(f"knows.assertion.{opened}", "the attacker has an assertion of this client for it")
        for party in world.resource_servers:
            if party.honest:
                shown = assertion_at(party, client.name)
                made.fact(f"knows.assertion.{shown}", "the attacker has an attestation of this client that it takes")
    for one, other in permutations(world.honest_servers, 2):
        made.fact(f"knows.grant.{vouching_at(one, other)}", "the attacker was given an assertion that the other takes")
    for user in world.users:
        made.fact(f"knows.password.{user}", "the attacker has the user's login form")
        made.fact(f"holds.browser.{user}", "the user's browser has been at an endpoint of the attacker's")


#: What the attacker may learn of a session.
SESSION_TERMS = {
    "challenge": "the code challenge of its authorization request",
    "request_uri": "where it was pushed to: a reference that anybody can pass on",
    "state": "its state",
    "verifier": "its code verifier",
    "grant": "the assertion it uses as a grant",
    "user_code": "the code that its client shows to be entered",
}
#: What a client of the attacker's may have got for itself from an honest AS.
OWN_TOKENS = {
    "login": "a client of the attacker's has what it gets for the code of a login at this AS",
    "own_token": "the attacker's client has a token of its own from this AS",
    "colliding_token": "and its subject is the identifier of somebody else",
}
FACTS = {
    "accepted.authentication": "an honest AS took the attacker for an honest client",
    "accepted.as_user": "an honest RS took a token of the attacker's making for the user's",
    "accepted.issuer": "an honest party accepted an issuer its policy does not name, or a forgery",
    "accepted.handle": "an honest RS took the user's session handle from the attacker for the user",
    "accepted.id_token": "an honest RS took an ID token for an access token",
    "accepted.foreign": "an honest RS passed a token on that is not for it, with its own standing",
    "fetched.internal": "an honest component contacted an internal address",
    "opened.hostile": "an honest client ran what is no web URL",
}


def captures(world: World) -> tuple[str, ...]:
    """URLs for which the attacker may be sent a proof: those it runs, and those whose requests it sees."""
    read = [world.by_name[t.party].url for t in world.tampered if t.channel in ("redirect", "requests")]
    plain = [over_plain_http(world.by_name[t.party].url) for t in world.tampered if t.channel == "transport"]
    run = [party.url for party in world.attackers_resources]
    return (*run, *dict.fromkeys((*read, *plain)))


def shown_keys(world: World) -> tuple[str, ...]:
    """Keys of clients of which an AS of the attacker's may be sent proofs: of whatever flow of a run."""
    strangers = any(not server.honest for server in world.servers)
    made = [key for key in keys(world) if key not in (NONE, ATTACKERS_KEY) and not key.endswith(":earlier")]
    return tuple(made) if strangers else ()


def over_plain_http(url: str) -> str:
    """The URL under which a resource is reached where nothing protects the way to it."""
    return url.replace("https:", "http:", 1)


class View:
    """What rules read a state through; ``look`` returns the value of a variable in some reading.

    ``known``: what has been read of this one state (:func:`model.action.once`); ``None`` where nothing is kept.
    """

    __slots__ = ("known", "look")

    def __init__(self, look: Callable[[str], Value | Condition], known: dict[object, Any] | None = None) -> None:
        self.look = look
        self.known = known

    def __getitem__(self, name: str) -> Any:
        return self.look(name)

    def session(self, who: str) -> SessionState:
        """The variables of one session as attributes."""
        return SessionState(who, self.look)

    def grant(self, name: str) -> GrantState:
        """The variables of one grant as attributes."""
        return GrantState(name, self.look)
