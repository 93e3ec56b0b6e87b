"""Active automata learning: the machine that a client is, from what it does when it is asked.

Words are asked by AALpy's KV (Kearns and Vazirani, "An Introduction to Computational Learning Theory", 1994, 8), which
asks few and thinks little: each takes a start of a real client. Whether the machine is right already is asked of a
prediction, which says where to look, and of random walks: words that the machine and the client are both given.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from aalpy.automata import MealyMachine, MealyState
from aalpy.base import SUL, Oracle
from aalpy.learning_algs.deterministic.KV import run_KV

from conformance.automaton import Automaton, Pair, Word, canonical, side_by_side
from model.played import play
from model.turns import UNSAID, Input, Turn, answers, inputs

#: What a client does when it is answered what it has not asked.
NOTHING = Turn("nothing")

#: The honest answers in the order in which a client asks for them; a document may be looked for in two places.
ONWARD = (
    "resource_metadata.honest", "resource_metadata.honest", "server_metadata.honest", "register.honest",
    "authorize.honest", "token.honest", "call.served",
)  # fmt: skip

Steps = Sequence[tuple[str, Turn]]
#: Asks a client a word; answers it does not ask for are left out of what it says.
Ask = Callable[[Word], tuple[Turn, Steps]]


class UnstableError(Exception):
    """A client did another thing when it was asked again."""


@dataclass(slots=True)
class _Known:
    turn: Turn
    then: dict[str, _Known] = field(default_factory=dict)


@dataclass(slots=True)
class Answered:
    """What a client does, asked at most once.

    Attributes:
        asked: how many words it was asked.
    """

    alphabet: Sequence[Input]
    ask: Ask
    asked: int = 0
    root: _Known | None = None

    @property
    def onward(self) -> Word:
        """What a word ends with when it is asked: a client is started for every word, and tells more of itself the
        farther it comes."""
        known = {one.name for one in self.alphabet}
        return tuple(name for name in ONWARD if name in known)

    def offered(self, turn: Turn) -> tuple[str, ...]:
        """What may be answered to a turn."""
        return () if turn.ended else answers(turn, self.alphabet)

    def turns(self, word: Word) -> list[Turn]:
        """What it does after each answer of a word, where it asks for that."""
        found = self._find(word)
        if found is None:
            self.add(*self._sure(word))
            found = self._find(word)
            assert found is not None
        return found

    @property
    def first(self) -> Turn:
        """What it does before it is given anything."""
        self.turns(())
        assert self.root is not None
        return self.root.turn

    def _find(self, word: Word) -> list[Turn] | None:
        here, found = self.root, list[Turn]()
        for name in word:
            if here is None:
                return None
            if name in self.offered(here.turn):
                here = here.then.get(name)
                if here is None:
                    return None
                found.append(here.turn)
            else:
                found.append(NOTHING)
        return None if here is None else found

    def _sure(self, word: Word) -> tuple[Turn, Steps]:
        """What it does, asked until that agrees with what is known or was said twice."""
        said = []
        for _ in range(3):
            self.asked += 1
            said.append(self.ask((*word, *self.onward) if word else word))
            if self._agrees(*said[-1]):
                return said[-1]
        told = " | ".join(", ".join(map(str, (first, *(turn for _, turn in steps)))) for first, steps in said)
        raise UnstableError(f"it does not do the same each time, after {' '.join(word) or 'nothing'}: {told}")

    def words(self) -> Iterator[Word]:
        """Every word that it was asked, shorter ones first."""
        waiting = deque[tuple[Word, _Known | None]]([((), self.root)])
        while waiting:
            word, here = waiting.popleft()
            if here is not None:
                waiting.extend(((*word, name), known) for name, known in here.then.items())
                if not here.then:
                    yield word

    def _agrees(self, first: Turn, steps: Steps) -> bool:
        here = self.root
        if here is not None and here.turn != first:
            return False
        for name, turn in steps:
            here = here.then.get(name) if here is not None else None
            if here is not None and here.turn != turn:
                return False
        return True

    def add(self, first: Turn, steps: Steps) -> None:
        """Remember what it did."""
        self.root = here = self.root or _Known(first)
        for name, turn in steps:
            here = here.then.setdefault(name, _Known(turn))


class _Client(SUL):  # type: ignore[misc]
    """A client as AALpy asks it."""

    def __init__(self, known: Answered) -> None:
        super().__init__()
        self.known = known

    def query(self, word: tuple[str, ...]) -> list[Turn]:
        return self.known.turns(tuple(word))

    def pre(self) -> None:
        """Words are asked as a whole."""

    def post(self) -> None:
        """Words are asked as a whole."""

    def step(self, letter: Any) -> Any:
        raise NotImplementedError("words are asked as a whole")


def by_model(design: Mapping[str, str], calls: int = 1) -> Ask:
    """A client of this design, as the model plays it."""
    known = inputs()

    def ask(word: Word) -> tuple[Turn, Steps]:
        first, steps = play(design, [known[name] for name in word], calls)
        return first, [(answer.name, turn) for answer, turn in steps]

    return ask


def learn(
    known: Answered,
    predicted: Automaton | None = None,
    walks: int = 50,
    seed: int = 1,
    told: Callable[[Automaton], None] = lambda machine: None,
) -> Automaton:
    """The machine that a client is, as far as a prediction and so many random walks tell.

    Raises:
        UnstableError: it did another thing when it was asked again.
    """
    client, names = _Client(known), [one.name for one in known.alphabet]
    teacher = _Teacher(names, client, predicted, walks, random.Random(seed), told)
    return _machine(known, run_KV(names, client, teacher, "mealy", cache_and_non_det_check=False, print_level=0))


def surprises(machine: Automaton, predicted: Automaton) -> Iterator[Pair]:
    """Where a client does something else than was predicted, as far as the prediction has words for it."""
    for pair in side_by_side(machine, predicted, attrgetter("told")):
        if UNSAID not in (pair.one.request, pair.other.request) and pair.one.told != pair.other.told:
            yield pair


class _Teacher(Oracle):  # type: ignore[misc]
    """Looks for words that a client does not go through as the machine says."""

    def __init__(
        self,
        names: list[str],
        client: _Client,
        predicted: Automaton | None,
        walks: int,
        draw: random.Random,
        told: Callable[[Automaton], None],
    ) -> None:
        super().__init__(names, client)
        self.known, self.predicted, self.walks, self.draw, self.told = client.known, predicted, walks, draw, told

    def find_cex(self, hypothesis: MealyMachine) -> Word | None:
        """The next such word, or nothing where none was found."""
        machine = _machine(self.known, hypothesis)
        self.told(machine)
        found = (self._differing(machine, word) for word in self._words(machine))
        return next(filter(None, found), None)

    def _differing(self, machine: Automaton, word: Word) -> Word:
        """A word up to where the client does another thing than the machine, or nothing where it does not."""
        state = 0
        for place, (name, turn) in enumerate(zip(word, self.known.turns(word), strict=True), 1):
            edge = machine.states[state].get(name)
            if turn != (NOTHING if edge is None else edge.turn):
                return word[:place]
            state = state if edge is None else edge.target
        return ()

    def _words(self, machine: Automaton) -> Iterator[Word]:
        # What may be answered is known of every turn, whatever state the machine is thought to be in.
        for word, _, name, edge in machine.walk():
            for answer in sorted({*self.known.offered(edge.turn)} ^ {*machine.states[edge.target]}):
                yield (*word, name, answer)
        yield from self.known.words()
        foretold = set[tuple[int, str]]()
        if self.predicted is not None:
            yield from (pair.word for pair in surprises(machine, self.predicted))
            pairs = side_by_side(machine, self.predicted, attrgetter("told"))
            foretold = {(pair.state, pair.word[-1]) for pair in pairs if pair.one.told == pair.other.told}
        apart = machine.suffixes()
        for word, state, name, edge in machine.walk():
            # What tells states apart (the W-method); where nothing is predicted also all that may follow on its way.
            yield from ((*word, name, *suffix) for suffix in apart)
            if (state, name) not in foretold:
                yield from self._on_its_way(machine, (*word, name), edge.target)
        for _ in range(self.walks):
            yield self._walk(machine)

    def _on_its_way(self, machine: Automaton, word: Word, state: int) -> Iterator[Word]:
        """Every answer to each of its requests from a state on, where all before that are honest."""
        for honest in self.known.onward:
            if honest in machine.states[state]:
                yield from ((*word, answer) for answer in machine.states[state])
                word, state = (*word, honest), machine.states[state][honest].target
        yield from ((*word, answer) for answer in machine.states[state])

    def _walk(self, machine: Automaton) -> Word:
        """A shortest word to an answer that is drawn, and answers that are drawn from there on."""
        word, _, name, edge = self.draw.choice(list(machine.walk()))
        drawn, state = [*word, name], edge.target
        while machine.states[state] and len(drawn) < len(word) + len(machine.states):
            drawn.append(self.draw.choice(list(machine.states[state])))
            state = machine.states[state][drawn[-1]].target
        return tuple(drawn)


def _machine(known: Answered, learned: MealyMachine) -> Automaton:
    def edges(state: MealyState) -> Mapping[str, tuple[Turn, Any]]:
        return {name: (turn, state.transitions[name]) for name, turn in state.output_fun.items() if turn != NOTHING}

    return canonical(known.first, learned.initial_state, edges)
