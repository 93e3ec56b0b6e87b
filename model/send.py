"""The one way in which messages travel: here the attacker listens.

Every message that a step lists among its ``sends`` passes :func:`heard`. Whoever sends it or runs its receiver reads
all of it, and a capability may read it wherever it goes. A browser that fetches something from a party is in the hands
of that party.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Protocol

from model.identifiers import same_origin
from model.logic import Condition, Value, all_of, any_of, holds, one_of, same
from model.messages import Sent, learned
from model.world import ATTACKER, LOOPBACK, NONE, Party, World, pages


class Listening(Protocol):
    """What hearing takes of a step's context: who takes part, and what the attacker runs and can do."""

    @property
    def world(self) -> World: ...
    @property
    def capabilities(self) -> Mapping[str, Condition]: ...
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
        for name, when in learned(one.message, all_of(one.when, any_of(own, one.read, leaks, received))).items():
            if name in known:
                facts.setdefault(name, []).append(when)
            elif _kind(name) in kinds and own is not True:
                raise KeyError(name)
        browser = one.browser or one.sender
        if f"holds.browser.{browser}" in known:
            facts.setdefault(f"holds.browser.{browser}", []).append(all_of(one.when, received))
    found = {name: any_of(*whens) for name, whens in facts.items()}
    return {name: when for name, when in found.items() if when is not False}


@cache
def _kinds(known: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_kind, known))


def _kind(name: str) -> str:
    return ".".join(name.split(".")[:2])


def is_attackers(c: Listening, receiver: Value) -> Condition:
    """Whether the attacker gets what is sent there: to a party by name, to a URL, or to a redirect URI.

    Whoever has the domain of a client has all that is sent to it.
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
