"""Who takes part in a run as charts draw it: whom a name, a URL or a redirect URI means, and what that is called."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from model import identifiers
from model.action import Context
from model.machine import Machine
from model.protocols import PROTOCOLS
from model.trace import Trace
from model.world import ATTACKER, AUTHORIZATION_SERVER, CLIENT, LOOPBACK, RESOURCE_SERVER, Party, callbacks, pages


@dataclass(frozen=True, slots=True)
class Participant:
    """A lifeline: ``key`` says who, ``letter`` stands for it in a text chart; ``browser``: it is a user's."""

    key: str
    name: str
    letter: str
    honest: bool
    url: str = ""
    browser: bool = False


_SPARE = "SGTVWYZBDFIJKLMNOPQRECHA"


class Cast:
    """Who is who in a world under one configuration."""

    def __init__(self, context: Context) -> None:
        self.context, self.world = context, context.world

    def key(self, where: object) -> str:
        """Who is meant by a name, a URL or a redirect URI."""
        place = str(where)
        if place in self.world.by_url:
            return self.world.by_url[place].name
        return ATTACKER if place in self._identities else self._callbacks.get(place, place)

    @cached_property
    def _identities(self) -> set[str]:
        return {party.name for party in self.world.identities}

    @cached_property
    def _callbacks(self) -> dict[str, str]:
        """Every redirect URI, with whose it is."""
        found = dict.fromkeys(self.world.own_callbacks, ATTACKER)
        for client in reversed(self.world.clients):
            holder = ATTACKER if self.context.has(client.taken_by) else client.name
            found |= {LOOPBACK: client.name, **dict.fromkeys(callbacks(self.world, client), holder)}
            found |= dict.fromkeys(pages(self.world, client), ATTACKER)
        return found | ({LOOPBACK: ATTACKER} if self.context.capabilities["local_app"] else {})

    def is_browser(self, key: str) -> bool:
        """Whether it is the browser of a user, or the attacker with its own: who is no party is a user."""
        return key == ATTACKER or self.is_user(key)

    def is_user(self, key: str) -> bool:
        """Whether it is a user, or the browser of one."""
        return key != ATTACKER and key not in self.world.by_name and "://" not in key

    def honest(self, key: str) -> bool:
        """Whether it is not the attacker's under this configuration."""
        party = self.world.by_name.get(key)
        return key != ATTACKER and (party is None or not self.context.runs(party))

    def is_elsewhere(self, key: str) -> bool:
        """Whether it is none of the world's, as those whom parties ask about each other are not."""
        return key != ATTACKER and key not in self.world.by_name and not self.is_user(key)

    def is_client(self, key: str) -> bool:
        """Whether it is an honest client."""
        return key in (client.name for client in self.world.clients)

    def is_callback(self, where: object) -> bool:
        """Whether it is a redirect URI."""
        return str(where) in self._callbacks

    def participant(self, key: str, letter: str) -> Participant:
        """A lifeline for it."""
        party = self.world.by_name.get(key)
        if key == ATTACKER:
            return Participant(key, "attacker", letter, False, browser=True)
        if party is not None:
            return Participant(key, self._called(party), letter, self.honest(key), party.url)
        if self.is_user(key):
            name = "user agent" if len(self.world.users) < 2 else f"{key}'s browser"
            return Participant(key, name, letter, True, browser=True)
        return Participant(key, "elsewhere", letter, True, key)

    def _called(self, party: Party) -> str:
        plain = party.name.replace("_", " ")
        honest, _, other, _ = PROTOCOLS[self.world.protocol].called.get(party.role, (plain, "", plain, ""))
        if not self.honest(party.name):
            return f"attacker's {other}"
        if (party.role == CLIENT and len(self.world.clients) > 1) or party in self.world.gateways:
            return plain
        # Of one that may be the attacker's and is not, nothing is said but that it is there.
        return honest if party.honest else f"some {other}"

    def theirs(self, text: str) -> bool:
        """Whether words name the attacker, or a URL of a party that it runs."""
        urls = re.findall(r"https?://[^\s\],>]+", text)
        return "attacker" in re.sub(r"https?://[^\s\],>]+", "", text) or any(map(self._is_theirs, urls))

    def _is_theirs(self, url: str) -> bool:
        at = self.world.by_url.get(url)
        if at is not None:
            return not self.honest(at.name)
        near = [p for p in self.world.parties if "://" in p.url and identifiers.same_origin(p.url, url)]
        within = [p for p in near if url.startswith(p.url.rstrip("/") + "/")]
        found = within or near
        return not any(self.honest(party.name) for party in found) if found else "attacker" in url


def participants(trace: Trace, keys: Iterable[str]) -> tuple[Participant, ...]:
    """Those who take part in a run, in the order in which they are drawn.

    Servers that are the attacker's in one of the sessions are drawn as the attacker's.
    """
    machine = Machine(trace.configuration, trace.world)
    sessions = (machine.by_name[step.action].session for step in trace.steps)
    own = next((session for session in sessions if session in trace.world.own_sessions), "")
    cast = Cast(machine.context(machine.view(machine.initial)).within(own))
    taken: set[str] = set()
    drawn = []
    for key in sorted(set(keys), key=lambda key: _rank(cast, key)):
        letter = next(one for one in _wanted(cast, key) if one not in taken)
        taken.add(letter)
        drawn.append(cast.participant(key, letter))
    return tuple(drawn)


def _rank(cast: Cast, key: str) -> tuple[int, bool, str]:
    """Browsers, clients and what else acts for users, authorization servers, the rest; the attacker itself last."""
    party = cast.world.by_name.get(key)
    if key == ATTACKER:
        return (9, False, "")
    if party is None:
        return (0 if cast.is_user(key) else 7, False, key)
    place = {CLIENT: 1, AUTHORIZATION_SERVER: 3, RESOURCE_SERVER: 5}.get(party.role, 2)
    return (place, not cast.honest(key), party.url if place > 1 else key)


def _wanted(cast: Cast, key: str) -> Iterator[str]:
    """Letters for a lifeline, the likeliest first."""
    party, called = cast.world.by_name.get(key), PROTOCOLS[cast.world.protocol].called
    if key == ATTACKER:
        yield "X"
    elif cast.is_user(key):
        yield "U"
    elif party is not None and party.role in called:
        yield called[party.role][1 if party.honest else 3]
    taken = {letter for _, honest, _, other in called.values() for letter in (honest, other)}
    spare = [letter for letter in _SPARE if letter not in taken]
    yield from (letter for letter in (key[0].upper(), *spare) if letter in spare)
    yield from "abcdefghijklmnopqrstuvwxyz"
