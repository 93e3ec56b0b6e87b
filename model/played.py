"""A client of a design, played turn by turn: each of its requests is answered by the next of a row of answers.

It is the client of :mod:`model.conversation`, in a scenario that is another for every answer.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import urlsplit

from model import identifiers
from model.conversation import RefusedError, Walk
from model.part import Part
from model.rule import Rule
from model.scenario import ORIGINS, Scenario
from model.turns import ATTACKERS, GIVES_UP, SERVED, UNSAID, Input, Turn, document, inputs
from model.world import NONE

Step = tuple[Input, Turn]


def play(design: Mapping[str, str], word: Sequence[Input], calls: int = 1) -> tuple[Turn, tuple[Step, ...]]:
    """What a client of this design does first, and after each answer; answers to what it does not ask are left out."""
    walk = _Played(design, word, calls)
    try:
        walk.run()
        walk.turns.append(Turn(SERVED))
    except _OverError:
        pass
    except _UnsaidError:
        walk.turns.append(Turn(UNSAID))
    except (RefusedError, identifiers.MalformedURLError):
        walk.turns.append(Turn(GIVES_UP))
    first, *others = walk.turns
    return first, tuple(zip(walk.given, others, strict=True))


def refusal(design: Mapping[str, str], word: Sequence[Input]) -> Rule | None:
    """The rule that makes a client of this design give up at the last answer of a word, if one does."""
    walk = _Played(design, word, calls=1)
    try:
        walk.run()
    except (_OverError, _UnsaidError, identifiers.MalformedURLError):
        return None
    except RefusedError:
        at_the_last = len(walk.given) == len(walk.turns) == len(word)
        return walk.decisions[-1].rule if at_the_last else None
    return None


class _OverError(Exception):
    """There are no more answers."""


class _UnsaidError(Exception):
    """The model has no word for what follows."""


class _Played(Walk):
    """A conversation in which the scenario is that of the next answer; the resource answers as an attacker likes."""

    attackers = ATTACKERS

    def __init__(self, design: Mapping[str, str], word: Sequence[Input], calls: int) -> None:
        super().__init__(design, _said(inputs()["call.challenge"], Turn("call", "rs")), frozenset())
        self.word, self.calls = list(word), calls
        self.given: list[Input] = []
        self.turns: list[Turn] = []

    def asks(self, request: str, url: str, resource: str = NONE, *what: Part) -> None:
        """The client makes a request: the next answer to it is what the scenario says now."""
        super().asks(request, url, resource, *what)
        kind = document(url) if request == "document" else request
        at = urlsplit(url).path if request == "document" else ""
        named = (_named(resource),) if resource != NONE else ()
        turn = Turn(kind, self.scenario.party(url), at, named)
        self.turns.append(turn)
        while self.word:
            chosen = self.word.pop(0)
            if chosen.to == kind:
                self.given.append(chosen)
                self.scenario = _said(chosen, turn)
                return
        raise _OverError

    def run(self) -> None:
        """The client calls, and calls again once it was served."""
        self.asks("call", self.scenario.url)
        if self.status == 200:
            return
        if self.status != 401:
            raise _UnsaidError
        self.follow("request_resource")
        for _ in range(self.calls - 1):
            self.asks("call", self.scenario.url)
            if self.status != 200:
                self.call_again(self.scenario)

    @property
    def status(self) -> int:
        """How the call was answered."""
        return int(self.scenario.answer["status"])


@cache
def _said(answer: Input, turn: Turn) -> Scenario:
    return answer.said(turn)


def _named(text: str) -> str:
    """A URL with origins as ``{party}``."""
    for name, origin in ORIGINS.items():
        text = text.replace(origin, f"{{{name}}}")
    return text
