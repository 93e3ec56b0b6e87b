"""Security questions asked of a machine as it is, and not of a design that was fitted to it.

What must not be reached is looked for in all that the machine does; and of each answer that some rule of the model
would have a client refuse, what the machine makes of it in every state in which it can be given.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from conformance.automaton import Automaton, Edge, Word
from conformance.judge import lost
from model.design import Design
from model.played import refusal
from model.rule import Rule
from model.switches import SWITCHES
from model.turns import ATTACKERS, GIVES_UP, SILENT, Input, Turn, inputs

#: What a machine makes of an answer that should be refused.
Made = Literal[
    "refuses", "goes on as if nothing were there", "goes on as with an honest one", "goes on", "not measured"
]


@dataclass(frozen=True, slots=True)
class RefusingRule:
    """The rule by which a client refuses an answer, and the switch that has it obey that, where not all do."""

    rule: Rule
    switch: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"{self.rule.name}{f' ({self.switch}={self.value})' if self.switch else ''} [{self.rule.source}]"


@dataclass(frozen=True, slots=True)
class Check:
    """What a machine makes of an answer that some client refuses: for each way a word to every state that has it."""

    answer: Input
    refusal: RefusingRule
    made: Mapping[Made, tuple[Word, ...]]


@dataclass(frozen=True, slots=True)
class Harm:
    """A property that is violated at the end of a shortest word."""

    violates: str
    word: Word
    turn: Turn


def harms(machine: Automaton) -> tuple[Harm, ...]:
    """What must not be reached and is, each time by a shortest word.

    The resource and one server are the attacker's and answer what they like; honest servers name nobody but themselves.
    """
    known, found = inputs(), dict[str, Harm]()
    waiting = deque[tuple[str, int, Word]]([(machine.first.to, 0, ())])
    seen = {(machine.first.to, 0)}
    while waiting:
        asked, state, word = waiting.popleft()
        for name, edge in machine.states[state].items():
            if asked not in ATTACKERS and known[name].named - {asked}:
                continue
            for violated in violated_by(edge.turn):
                found.setdefault(violated, Harm(violated, (*word, name), edge.turn))
            if (there := (edge.turn.to, edge.target)) not in seen:
                seen.add(there)
                waiting.append((*there, (*word, name)))
    return tuple(found.values())


def violated_by(turn: Turn) -> Iterator[str]:
    """The properties that a request violates: the attacker gets what was not issued for it.

    The attacker's resource may have what is good for nothing else.
    """
    good = [part.of for part in turn.what if part.kind == "good_for"]
    own = turn.request == "call" and all(f"{{{turn.to}}}" in url for url in good)
    return iter(()) if own or turn.to not in ATTACKERS else lost(turn.request, turn.what, ATTACKERS)


def checks(machine: Automaton, alphabet: Sequence[Input]) -> Iterator[Check]:
    """What a machine makes of each answer that some client refuses."""
    for answer in alphabet:
        refused = refused_by(answer, alphabet)
        made: dict[Made, list[Word]] = {}
        for word, state, name, edge in machine.walk():
            if name == answer.name:
                made.setdefault(_made(machine.states[state], name, edge), []).append((*word, name))
        if refused is not None and made:
            yield Check(answer, refused, {how: tuple(words) for how, words in made.items()})


def _made(edges: Mapping[str, Edge], name: str, edge: Edge) -> Made:
    kind = name.partition(".")[0]
    if edge.turn.request in (GIVES_UP, SILENT):
        return "refuses" if edge.turn.request == GIVES_UP else "not measured"
    if edge == edges.get(f"{kind}.not_found"):
        return "goes on as if nothing were there"
    return "goes on as with an honest one" if edge == edges.get(f"{kind}.honest") else "goes on"


def refused_by(answer: Input, alphabet: Sequence[Input]) -> RefusingRule | None:
    """The first rule found by which a client refuses an answer; honest ones in its place it does not refuse."""
    known = inputs()
    for document in ("resource_metadata.honest", *(one.name for one in alphabet if one.to == "resource_metadata")):
        honest = [
            known[name]
            for name in (
                "call.challenge",
                document,
                "server_metadata.honest",
                "register.honest",
                "authorize.honest",
                "token.honest",
            )
        ]
        place = next((place for place, one in enumerate(honest) if one.to == answer.to), None)
        if place is None or answer == honest[place] or answer.to == "call":
            continue
        word, allowed = [*honest[:place], answer], honest[: place + 1]
        for switch, value, design in _designs():
            found = refusal(design, word)
            if found is not None and refusal(design, allowed) is None:
                return RefusingRule(found, switch, value)
    return None


def _designs() -> Iterator[tuple[str, str, Design]]:
    """The baseline, and what differs from it in one switch that clients have."""
    yield "", "", Design()
    for name, switch in SWITCHES.items():
        for value in switch.values:
            if switch.kind in ("mechanism", "conduct") and value != switch.baseline:
                yield name, value, Design({name: value})
