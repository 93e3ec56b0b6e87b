"""What is asked of many values is asked once for each combination of those that it reads."""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from model.logic import Decided

Answer = TypeVar("Answer")


class Memory(Generic[Answer]):
    """A function of values that is asked once for each combination of the values that it reads.

    ``ask`` gets what looks a value up by its name; ``index``: where each stands. ``mask``: what is read, as a set of
    places.
    """

    __slots__ = ("_ask", "_index", "_known", "_reads", "mask")

    def __init__(self, ask: Callable[[Callable[[str], Decided]], Answer], index: Mapping[str, int]) -> None:
        self._ask, self._index = ask, index
        self._reads: tuple[int, ...] = ()
        self._known: dict[tuple[Decided, ...], Answer] = {}
        self.mask = 0

    def recall(self, values: tuple[Decided, ...]) -> Answer:
        """The answer for some values."""
        key = tuple([values[place] for place in self._reads])
        return self._known[key] if key in self._known else self._learn(values)

    def _learn(self, values: tuple[Decided, ...]) -> Answer:
        """Ask; when something is read that was not read before, what was remembered no longer counts."""
        read = set(self._reads)

        def look(name: str) -> Decided:
            read.add(self._index[name])
            return values[self._index[name]]

        answer = self._ask(look)
        if len(read) > len(self._reads):
            self._reads = tuple(sorted(read))
            self.mask = bits(self._reads)
            self._known.clear()
        self._known[tuple([values[place] for place in self._reads])] = answer
        return answer


def bits(places: Iterable[int]) -> int:
    """A set of places as one number."""
    mask = 0
    for place in places:
        mask |= 1 << place
    return mask
