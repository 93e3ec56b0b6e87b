"""Worlds in words and as data. Reads the model only."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from model.switches import ROLES
from model.world import ATTACKER, Party, World
from model.world_file import DEFAULT, worlds
from openworld.width import wrapped

#: What a party can have to do with capabilities and with other parties, and the words for it.
_RELATIONS = {
    "run_by": "the attacker's with", "present_with": "present with",
    "taken_by": "what it publishes is the attacker's with",
    "connects_by": "comes as a connector with", "registered_by": "registered under the client's redirect URIs with",
    "designates": "designates", "trusts": "trusts", "serves": "serves", "knows": "knows", "upstream": "stands before",
    "api": "publishes", "callback": "redirect URI", "started_by": "started by",
    "agent_of": "calls others as", "speaks": "speaks", "client_class": "of class",
}  # fmt: skip


def summary(world: World) -> Iterator[str]:
    """A world at a glance: what it is for, its parties by role, sessions and grants, and when it is asked."""
    yield f"{world.name}: {world.concern}"
    for role in ROLES:
        if named := [party.name for party in world.of(role)]:
            yield from wrapped(f"{_plural(role)}: {', '.join(named)}", 4, 8)
    yield from wrapped(f"sessions: {', '.join(map(str, _sessions(world))) or 'none'}", 4, 8)
    yield from wrapped(f"grants: {', '.join(grant.name for grant in world.grants) or 'none'}", 4, 8)
    yield from wrapped(f"asked {_when(world)}", 4, 8)


def lines(world: World) -> Iterator[str]:
    """All that a world says."""
    yield f"{world.name}: {world.concern}"
    protocols = "protocol" if len(world.protocols) == 1 else "protocols"
    yield f"    {protocols} {_joined(world.protocols)}; asked {_when(world)}"
    for role in ROLES:
        if found := world.of(role):
            yield _plural(role)
            for party in found:
                yield f"  {party.name}  {party.url}"
                yield from (line for words in _party(party) for line in wrapped(words, 6, 10))
    yield "sessions"
    yield from (line for words in _sessions(world) for line in wrapped(words, 2, 6))
    yield "grants"
    yield from (f"  {grant.name}  what {grant.user} approves at {grant.server}" for grant in world.grants)
    if world.held:
        yield "tokens from earlier flows"
        for held in world.held:
            leaks = f"; leaks with {_joined(held.leaks_by)}" if held.leaks_by else ""
            yield f"  {held.name}  {held.client}'s of {held.user} at {held.server} for {held.resource}{leaks}"
    if world.tampered:
        yield "what else the attacker reaches"
        yield from (f"  with {each.capability}: {each.channel} of {each.party}" for each in world.tampered)
    yield f"reach: {world.reach}"


def data(world: World) -> dict[str, Any]:
    """A world as data."""
    parties = [
        {
            "name": party.name,
            "role": party.role,
            "url": party.url,
            "honest": party.honest,
            "policy": party.settings,
            "exists_if": dict(party.exists_if),
            "listed_if": dict(party.listed_if),
            **{name: value for name in _RELATIONS if (value := _plain(getattr(party, name)))},
        }
        for party in world.parties
    ]
    return {
        "name": world.name,
        "concern": world.concern,
        "protocol": world.protocol,
        "parties": parties,
        "sessions": [
            asdict(each) | {"visits": list(each.visits), "protocol": each.protocol or world.protocol}
            for each in world.sessions
        ],
        "grants": [{"name": each.name, "server": each.server, "user": each.user} for each in world.grants],
        "held": [{name: value for name, value in asdict(each).items() if name != "protocol"} for each in world.held],
        "tamperings": list(map(asdict, world.tampered)),
        "asked_if": dict(world.asked_if),
        "asked_for": list(world.asked_for),
        "reach": world.reach,
    }


def _party(party: Party) -> Iterator[str]:
    """What there is to say of a party beside its name and URL."""
    if party.settings:
        yield f"policy {_pairs(party.settings.items())}"
    if party.exists_if:
        yield f"exists if {_pairs(party.exists_if)}"
    if party.listed_if:
        yield f"listed by its AS if {_pairs(party.listed_if)}"
    if not party.honest and party.role == "client":
        yield {
            "own": "an identity of the attacker's own",
            "file": "a file of the attacker's on the client's host",
            "redirect": "a redirect of the attacker's on the client's host",
            "statement": "a stolen software statement",
        }[party.identity]
    for name, words in _RELATIONS.items():
        if value := getattr(party, name):
            yield f"{words} {value if isinstance(value, str) else _joined(value)}"


def _sessions(world: World) -> Iterator[str]:
    for session in world.sessions:
        whose = "the attacker's own" if session.user == ATTACKER else f"{session.user}'s"
        visits = f", to {_joined(session.visits)} only" if session.visits else ""
        after = f", after {session.after}" if session.after else ""
        runs = f", {session.protocol or world.protocol}" if len(world.protocols) > 1 else ""
        instead = f", instead of {session.instead_of}" if session.instead_of else ""
        yield f"{session.name} ({whose}, at {session.client}{runs}{visits}{after}{instead})"


def _when(world: World) -> str:
    """Which questions are asked in it that do not name a world."""
    if worlds(world.model).get(world.name) != world:
        return f"by world={world.file}"
    if world.name == DEFAULT.name:
        return "unless another world claims the question"
    claims = [f"about {name}" for name in world.asked_for] + ([f"with {_pairs(world.asked_if)}"] * bool(world.asked_if))
    return " and ".join(claims) or f"by world={world.name}"


def _plural(role: str) -> str:
    words = role.replace("_", " ")
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _plain(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return ";".join(f"{name}={value}" for name, value in pairs)
