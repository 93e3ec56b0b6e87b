"""The words in which questions are answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from model.errors import InputError

#: What is answered of a security property, and what of a utility property.
SecurityResult = Literal["attack", "safe", "not_in_this_world", "unknown"]
UtilityResult = Literal["reached", "not_reached", "not_in_this_world", "unknown"]
Result = Literal["attack", "safe", "not_in_this_world", "reached", "not_reached", "unknown"]
RESULTS: tuple[Result, ...] = get_args(Result)
#: What each says.
MEANINGS: dict[Result, str] = {
    "attack": "a run that violates the property: the shortest there is, replayed step by step on the machine",
    "safe": "no run of the world violates the property, however long, and without any one of the rules that it is "
    "blocked by there would be one; where none is named, there was no time to find out which they are",
    "not_in_this_world": "nothing in this world could violate the property even if no rule were obeyed, or nobody can"
    " use the design: no merit of the design",
    "reached": "honest parties have a run that does what the property says: the shortest there is",
    "not_reached": "no run of the world does what the property says, however long",
    "unknown": "time or depth ran out: neither that it is so nor that it is not",
}

#: How a utility property's answers were called when it shared those of security properties.
_FORMERLY: dict[str, str] = {"safe": "reached", "attack": "not_reached"}


class UnknownResultError(InputError):
    """A word that is no answer to the question; the message lists those that are."""


def today(word: str, kind: str) -> str:
    """The word for an answer about a property of this kind; of a utility property, older words are read as well."""
    return word if kind == "security" else _FORMERLY.get(word, word)


def read_result(word: str, kind: str) -> Result:
    """An answer from its word (raises UnknownResultError where such a property has no such answer)."""
    allowed = get_args(SecurityResult if kind == "security" else UtilityResult)
    for result in RESULTS:
        if result == today(word, kind) and result in allowed:
            return result
    raise UnknownResultError(f"no such answer about a {kind} property: {word!r}; allowed: {', '.join(allowed)}")


def happens(result: str, unknown: bool) -> bool:
    """Whether there is a run of what was asked about; ``unknown``: what is said where that is not known."""
    return unknown if result == "unknown" else result in ("attack", "reached")


class Count(NamedTuple):
    """How many results are of a kind: surely so many, and of others it is not known."""

    least: int
    undecided: int = 0

    @classmethod
    def of(cls, decided: Iterable[bool | None]) -> Count:
        """Count what is so; ``None`` stands for what is not known."""
        listed = list(decided)
        return cls(listed.count(True), listed.count(None))

    @property
    def most(self) -> int:
        """How many there are at most."""
        return self.least + self.undecided

    def __str__(self) -> str:
        return f"{self.least}\N{EN DASH}{self.most}" if self.undecided else str(self.least)


def length(steps: float | None) -> str:
    """How long a run is, in words: ``1 step``, ``7 steps``."""
    return f"{steps:.0f} step{'s' * (steps != 1)}" if steps is not None else "no run"
