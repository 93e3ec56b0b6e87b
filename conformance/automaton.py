"""A client as a Mealy machine: what it does next in each state, for each answer that it may be given there.

States are numbered in the order in which they are reached, shortest words first, so that two machines that do the same
are the same. The shortest words tell what they do differently.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from model.turns import SILENT, Turn

Word = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """What a machine does in a state when it is given an answer, and the state that it is in then."""

    turn: Turn
    target: int


@dataclass(frozen=True, slots=True)
class Automaton:
    """A client as a machine.

    Attributes:
        first: what it does before it is given anything; it is in state 0 then.
        states: for each state the edges that lead on, by the name of the answer; an end has none.
    """

    first: Turn
    states: tuple[Mapping[str, Edge], ...]

    def after(self, word: Word) -> tuple[Turn, int]:
        """What it does at the end of a word, and the state that it is in; answers to what it does not ask are lost."""
        turn, state = self.first, 0
        for name in word:
            edge = self.states[state].get(name)
            turn, state = (turn, state) if edge is None else (edge.turn, edge.target)
        return turn, state

    def walk(self) -> Iterator[tuple[Word, int, str, Edge]]:
        """Every edge once, with a shortest word to where it begins."""
        words: dict[int, Word] = {0: ()}
        for state in range(len(self.states)):
            for name, edge in self.states[state].items():
                words.setdefault(edge.target, (*words[state], name))
                yield words[state], state, name, edge

    def turns(self, word: Word) -> tuple[Turn, ...]:
        """What it does from the beginning to the end of a word."""
        return tuple(self.after(word[:length])[0] for length in range(len(word) + 1))

    def suffixes(self) -> tuple[Word, ...]:
        """Words that tell its states apart: any two that differ at all do so after one of them.

        A characterization set (Chow, "Testing Software Design Modeled by Finite-State Machines", 1978, III).
        """
        found = list[Word]()
        while (word := self._splitting(found)) is not None:
            found.append(word)
        return tuple(found)

    def _splitting(self, known: list[Word]) -> Word | None:
        """A word that tells states apart which are still one after all of these."""
        alike: dict[tuple[Any, ...], list[int]] = {}
        for state, edges in enumerate(self.states):
            alike.setdefault((frozenset(edges), *(self._said(state, word) for word in known)), []).append(state)
        longer = [(name, *word) for word in ((), *known) for name in sorted({*chain.from_iterable(self.states)})]
        for word in longer:
            if any(len({self._said(state, word) for state in states}) > 1 for states in alike.values()):
                return word
        return None

    def _said(self, state: int, word: Word) -> tuple[Turn | None, ...]:
        """What it does after each answer of a word, begun in a state."""
        turns = list[Turn | None]()
        for name in word:
            edge = self.states[state].get(name)
            turns.append(None if edge is None else edge.turn)
            state = state if edge is None else edge.target
        return tuple(turns)

    @property
    def unmeasured(self) -> tuple[Word, ...]:
        """Shortest words after which nothing is known."""
        return tuple((*word, name) for word, _, name, edge in self.walk() if edge.turn.request == SILENT)

    @property
    def digest(self) -> str:
        """The same for machines that do the same."""
        data = json.dumps([self.first.to_json(), self._states()], sort_keys=True)
        return hashlib.sha256(data.encode()).hexdigest()[:16]

    def _states(self) -> list[dict[str, Any]]:
        return [
            {name: {**edge.turn.to_json(), "then": edge.target} for name, edge in edges.items()}
            for edges in self.states
        ]

    def to_json(self) -> dict[str, Any]:
        """The machine as data."""
        return {"digest": self.digest, "first": self.first.to_json(), "states": self._states()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Automaton:
        """A machine from data."""
        states = tuple(
            {name: Edge(Turn.from_json(edge), edge["then"]) for name, edge in edges.items()} for edges in data["states"]
        )
        return cls(Turn.from_json(data["first"]), states)


def canonical(first: Turn, start: Any, edges: Callable[[Any], Mapping[str, tuple[Turn, Any]]]) -> Automaton:
    """A machine with its states in order, of whatever stands for them."""
    places = {start: 0}
    found: list[dict[str, Edge]] = []
    waiting = deque([start])
    while waiting:
        made: dict[str, Edge] = {}
        for name, (turn, target) in sorted(edges(waiting.popleft()).items()):
            if target not in places:
                places[target] = len(places)
                waiting.append(target)
            made[name] = Edge(turn, places[target])
        found.append(made)
    return Automaton(first, tuple(found))


@dataclass(frozen=True, slots=True)
class Pair:
    """What two machines do with one answer, each in a state in which both can be at once.

    Attributes:
        word: a shortest word to there, with that answer.
        state: the state of the first.
    """

    word: Word
    state: int
    one: Turn
    other: Turn


def side_by_side(
    one: Automaton, other: Automaton, as_seen: Callable[[Turn], Turn] = lambda turn: turn
) -> Iterator[Pair]:
    """Two machines at each two states that both can be in at once, and each answer there.

    ``as_seen`` is how their turns are looked at. Once they have parted they are not followed any further.
    """
    words: dict[tuple[int, int], Word] = {(0, 0): ()}
    waiting = deque(words)
    while waiting:
        here = waiting.popleft()
        edges, others = one.states[here[0]], other.states[here[1]]
        for name in sorted({*edges} & {*others}):
            mine, theirs = edges[name], others[name]
            word, there = (*words[here], name), (mine.target, theirs.target)
            yield Pair(word, here[0], mine.turn, theirs.turn)
            if as_seen(mine.turn) == as_seen(theirs.turn) and there not in words:
                words[there] = word
                waiting.append(there)


def differences(one: Automaton, other: Automaton) -> Iterator[Pair]:
    """Where two machines part, each time by a shortest word."""
    if one.first != other.first:
        yield Pair((), 0, one.first, other.first)
        return
    yield from (pair for pair in side_by_side(one, other) if pair.one != pair.other)
