"""The one way in which messages travel: here the attacker listens.

Every message that a step lists among its ``sends`` passes :func:`heard`. The attacker reads all of it where it sends it
or runs its receiver, and with a capability wherever it goes. A browser that fetches something from a party is in the
hands of that party.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache, partial
from typing import Protocol

from model.identifiers import same_origin
from model.logic import Condition, Value, all_of, any_of, holds, no, one_of, same
from model.messages import AuthorizationRequest, AuthorizationResponse, Redirection, Sent, ShownCode, learned
from model.switching import Choices
from model.world import ATTACKER, LOOPBACK, NONE, Party, World, callbacks, client_ids, pages


class Listening(Protocol):
    """What hearing takes of a step's context: who takes part, and what the attacker runs and can do."""

    @property
    def world(self) -> World: ...
    @property
    def capabilities(self) -> Mapping[str, Condition]: ...
    @property
    def session(self) -> str: ...
    def of(self, party: str) -> Choices: ...
    def has(self, capabilities: Iterable[str]) -> Condition: ...
    def runs(self, party: Party) -> Condition: ...
    def attackers(self, url: Value) -> Condition: ...


#: What the names of state variables begin with that say what the attacker knows, or holds.
KNOWLEDGE = ("knows.", "holds.")


def heard(c: Listening, sent: Iterable[Sent], known: Collection[str]) -> dict[str, Condition]:
    """What the attacker learns from messages, as facts that are added; ``known``: the state variables of the world.

    Raises:
        KeyError: a term that nobody can come to know in this world, though others of its kind can be known there.
    """
    facts: dict[str, list[Condition]] = {}
    kinds = _kinds(frozenset(known))
    for one in sent:
        leaks = c.has(c.world.model.readers(one.message))
        received = is_attackers(c, one.receiver)
        own = same(one.sender, ATTACKER)
        read = any_of(own, one.read, leaks, received)
        for name, when in learned(one.message, partial(_is_read, c, one, read)).items():
            if name in known:
                facts.setdefault(name, []).append(when)
            elif _kind(name) in kinds and own is not True:
                raise KeyError(name)
        browser = one.browser or one.sender
        if f"holds.browser.{browser}" in known:
            facts.setdefault(f"holds.browser.{browser}", []).append(all_of(one.when, received))
    found = {name: any_of(*whens) for name, whens in facts.items()}
    return {name: when for name, when in found.items() if when is not False}


#: The architectures of a client where its page sees terms of a kind; of others, where all of the client is in the page.
#: It reads the URL of a frame of its own origin. Who has the page has no use for a request that was pushed from there.
_SEEN = {
    "code": ("bff", "mediated", "browser"),
    "state": ("bff", "mediated", "browser"),
    "token": ("mediated", "browser"),
    "user_code": ("bff", "mediated", "browser"),
    "request_uri": (),
}
#: What a page has of a message only where that is in the URL of a browser, or shown to its user.
_IN_SIGHT = {"code", "state", "user_code"}
_SIGHTS = AuthorizationRequest | AuthorizationResponse | Redirection | ShownCode


def _is_read(c: Listening, sent: Sent, read: Condition, kind: str) -> Condition:
    """Whether the attacker comes to know the terms of a kind in a message: it ``read`` it, or has them in a page."""
    return all_of(sent.when, any_of(read, _is_in_page(c, sent, kind)))


def is_scripted(c: Listening, client: Party, *architectures: str) -> Condition:
    """Whether a script of the attacker's runs in a page of a client that has one of these architectures, or any."""
    said = c.of(client.name).architecture
    runs = c.capabilities["client_script"]
    return all_of(runs, one_of(said, *architectures) if architectures else no(same(said, "no_page")))


def _is_in_page(c: Listening, sent: Sent, kind: str) -> Condition:
    """Whether terms of a kind in a message are in a page of a client's that the attacker has: by a script, or open.

    Open it has that of a session of its own. Where all of a client is in the page, that knows as well which requests it
    has the browser make.
    """
    own = c.has(c.capabilities) if c.session in c.world.own_sessions else False
    has, found = any_of(c.capabilities["client_script"], own), []
    hidden = kind in _IN_SIGHT and not isinstance(sent.message, _SIGHTS)
    seen = ("browser",) if hidden else _SEEN.get(kind, ("browser",))
    for client in c.world.clients if has is not False else ():
        said = c.of(client.name).architecture
        at = any_of(same(sent.sender, client.name), one_of(sent.receiver, client.name, *callbacks(c.world, client)))
        asks = one_of(getattr(sent.message, "client_id", NONE), *client_ids(c.world, client))
        here = any_of(all_of(at, one_of(said, *seen)), all_of(asks, same(said, "browser"), "browser" in seen))
        found.append(all_of(has, here))
    return any_of(*found)


@cache
def _kinds(known: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_kind, known))


def _kind(name: str) -> str:
    return ".".join(name.split(".")[:2])


def is_attackers(c: Listening, receiver: Value) -> Condition:
    """Whether the attacker gets what is sent there: to a party by name, to a URL, or to a redirect URI.

    The attacker that has the domain of a client has all that is sent to it.
    """
    if isinstance(receiver, str) and receiver in c.world.by_name:
        return c.runs(c.world.by_name[receiver])
    on_device = all_of(same(receiver, LOOPBACK), c.capabilities["local_app"])
    hosted = (
        all_of(same(receiver, page), c.runs(party))
        for client in c.world.clients
        for page, party in pages(c.world, client).items()
    )
    taken = (
        all_of(
            c.has(client.taken_by), holds(lambda at, of=client.callback: at != NONE and same_origin(at, of), receiver)
        )
        for client in c.world.clients
        if client.taken_by
    )
    return any_of(one_of(receiver, ATTACKER, *c.world.own_callbacks), on_device, *hosted, *taken, c.attackers(receiver))
