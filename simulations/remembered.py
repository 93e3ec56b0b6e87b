"""What is asked of many states is asked once for each combination of the values that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from model.machine import State
from model.state import View

Read = TypeVar("Read")


class Remembered(Generic[Read]):
    """A function of the state that is asked once for each combination of the values that it reads.

    ``index``: where each variable stands in a state. ``mask``: what it reads, as a set of places.
    """

    __slots__ = ("_function", "_index", "_known", "_reads", "mask")

    def __init__(self, function: Callable[[View], Read], index: Mapping[str, int]) -> None:
        self._function, self._index = function, index
        self._reads: tuple[int, ...] = ()
        self._known: dict[tuple[Any, ...], Read] = {}
        self.mask = 0

    def __call__(self, state: State) -> Read:
        key = tuple([state[place] for place in self._reads])
        return self._known[key] if key in self._known else self._learn(state)

    def _learn(self, state: State) -> Read:
        """Ask; when something is read that was not read before, what was remembered no longer counts."""
        read = set(self._reads)

        def look(name: str) -> Any:
            read.add(self._index[name])
            return state[self._index[name]]

        found = self._function(View(look))
        if len(read) > len(self._reads):
            self._reads = tuple(sorted(read))
            self.mask = bits(self._reads)
            self._known.clear()
        self._known[tuple([state[place] for place in self._reads])] = found
        return found


def bits(places: Iterable[int]) -> int:
    """A set of places as one number."""
    mask = 0
    for place in places:
        mask |= 1 << place
    return mask


def renewed(functions: Sequence[Remembered[Any]], state: State, before: Sequence[Any], written: int) -> list[Any]:
    """What functions say of a state, from what they said ``before`` those places (a set of them) were written."""
    return [
        function(state) if function.mask & written else known
        for function, known in zip(functions, before, strict=True)
    ]
