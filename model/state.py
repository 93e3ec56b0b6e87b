"""What can change in a world: the state variables, their domains and how a rule reads them.

A state is a tuple of values in the order of :func:`variables`. Rules never see the tuple: they read a
:class:`View`, which any reader can provide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from model.client import NONE
from model.world import (
    ATTACKER_AS,
    ATTACKER_CALLBACK,
    CALLBACKS_OF_CLIENT,
    CLIENT_UNKNOWN,
    CLIENTS_OF_ATTACKER,
    CLIENTS_OF_CLIENT,
    HONEST_AS,
    LOOPBACK,
    VICTIM,
    World,
    run_by_attacker,
)

#: How far a session at the client has come.
PHASES = (
    "idle", "challenged", "discovered", "ready", "pushed", "requested", "responded", "asked_attacker",
    "has_token", "sent", "refreshed",
)  # fmt: skip

#: Tokens by where they came from. Those up to ``cached_host`` are the user's.
#: ``strangers`` is one for the attacker's own account.
ISSUED, REFRESHED, LEAKED, CACHED_CRM, CACHED_HOST, MINTED, STRANGERS = (
    "issued", "refreshed", "leaked", "cached_crm", "cached_host", "minted", "strangers",
)  # fmt: skip

#: Whom a code challenge or a code redemption belongs to beside the two sessions.
THIEF = "thief"
KEYS = (
    NONE, "key:client", "key:as.example", "key:attacker-as", "key:victim", "key:attacker", "key:earlier",
    "key:thief",
)  # fmt: skip


#: What can go wrong in deployments beside the flow (see :mod:`model.deployment`).
DEPLOYMENT_FACTS = {
    "account_taken": "the attacker uses the user's account at an honest RS by another way than a token",
    "foreign_issuer": "an honest RS or AS took for an access token or grant what its issuer did not sign as one for it",
    "disclosed": "an honest AS told an RS about a token that is not for it",
    "replayed": "an honest RS accepted a bound token in a request that its holder did not make",
    "deputy": "an honest party used its authority for somebody else",
    "fetched": "an honest component contacted an internal address or ran a URL",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A state variable: its name, its domain (initial value first) and what it says."""

    name: str
    domain: tuple[Any, ...]
    meaning: str

    @property
    def initial(self) -> Any:
        """The value before anything has happened."""
        return self.domain[0]


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of a world, in a fixed order."""
    both = (HONEST_AS, ATTACKER_AS)
    made: list[Variable] = []

    def add(name: str, domain: Iterable[Any], meaning: str) -> None:
        made.append(Variable(name, tuple(domain), meaning))

    for who in world.sessions:
        add(f"{who}.phase", PHASES, "how far this session has come")
        add(f"{who}.url", (NONE, *world.resource_urls), "the resource URL the agent was sent to")
        add(f"{who}.resource", (NONE, *world.resources), "`resource` of the metadata in use")
        add(f"{who}.listed", (NONE, *both), "the AS that the metadata lists")
        add(f"{who}.metadata", (NONE, *both), "whose AS metadata is in use")
        add(f"{who}.issuer", (NONE, *both), "the issuer recorded for the request")
        add(f"{who}.token_at", (NONE, *both), "whose token endpoint the metadata names")
        add(f"{who}.par_at", (NONE, *both), "whose pushed authorization request endpoint it names")
        add(f"{who}.code", (NONE, "users", "attackers", "strangers"), "whose code the client got")
        add(f"{who}.token", (NONE, ISSUED, REFRESHED, LEAKED, MINTED, STRANGERS), "the access token the session holds")
        add(f"{who}.assertion", (NONE, "pushed", "token"), "where the attacker was sent its client assertion")
        add(f"{who}.secret", (False, True), "the attacker was sent the client secret of the honest AS")
        add(f"{who}.accepted", (False, True), "an honest RS acted on this session's request")
        add(f"{who}.diverged", (False, True), "the token was good for something else than the client believed")
    add("code.state", ("none", "issued", "redeemed"), "the code the honest AS issued for the user")
    add("code.request_of", (NONE, *world.sessions, THIEF), "whose authorization request it answers")
    add("code.client", (NONE, *CLIENTS_OF_CLIENT, CLIENT_UNKNOWN, *CLIENTS_OF_ATTACKER), "client_id")
    add("code.redirect", (NONE, *CALLBACKS_OF_CLIENT, LOOPBACK, ATTACKER_CALLBACK), "redirect URI")
    add("code.shown", (False, True), "the consent page named the client")
    add("code.challenge", (NONE, *world.sessions, THIEF), "whose code challenge it carries")
    add("code.returned_state", (NONE, *world.sessions), "whose state it carries")
    add("code.key", KEYS, "dpop_jkt of the request")
    add("code.resource", (NONE, *world.resources), "resource of the request")
    add("own.state", ("none", "issued", "redeemed"), "a code for the attacker's own account")
    add("own.redirect", (NONE, *CALLBACKS_OF_CLIENT), "its redirect URI")
    add("own.challenge", (NONE, VICTIM, THIEF), "whose code challenge it carries")
    add("issued.to", (NONE, *world.sessions, THIEF), "who redeemed the code")
    add("issued.key", KEYS, "the DPoP key the access token is bound to")
    add("issued.certificate", KEYS, "the certificate the access token is bound to")
    add("issued.resource", (NONE, *world.resources), "resource of the token request (or of the grant)")
    for token in (ISSUED, CACHED_CRM, CACHED_HOST):
        attackers = filter(run_by_attacker, world.resource_urls)
        add(f"captured.{token}", (NONE, *attackers), "where the attacker was sent it")
    for secret in ("code", "verifier", "issued", "refresh", "refreshed"):
        add(f"knows.{secret}", (False, True), "the attacker knows it")
    add("accepted.stolen", (False, True), "an honest RS acted on the user's token presented by the attacker")
    add("accepted.minted", (False, True), "an honest RS accepted a token that the attacker made")
    add("accepted.as_user", (False, True), "an honest RS took a token of the attacker's making for the user's")
    add("accepted.issuer", (False, True), "an honest RS accepted an issuer its policy does not name, or a forgery")
    add("accepted.authentication", (False, True), "the honest AS took the attacker for the client")
    for name, meaning in DEPLOYMENT_FACTS.items():
        add(f"happened.{name}", (False, True), meaning)
    return tuple(made)


class View:
    """What rules read a state through; ``look`` returns the value of a variable in some reading."""

    __slots__ = ("look",)

    def __init__(self, look: Callable[[str], Any]) -> None:
        self.look = look

    def __getitem__(self, name: str) -> Any:
        return self.look(name)

    def session(self, who: str) -> Session:
        """The variables of one session as attributes."""
        return Session(who, self.look)


class Session:
    """One session at the honest client: ``session.issuer`` reads the variable ``<who>.issuer``."""

    __slots__ = ("_look", "who")

    def __init__(self, who: str, look: Callable[[str], Any]) -> None:
        self.who = who
        self._look = look

    def __getattr__(self, name: str) -> Any:
        return self._look(f"{self.who}.{name}")

