"""Which of several conditions contradict each other: a set none of which can be left out.

References:
    U. Junker: QuickXplain, Preferred Explanations and Relaxations for Over-Constrained Problems, AAAI 2004.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

_T = TypeVar("_T")


class OutOfTimeError(RuntimeError):
    """The search stops here; what it knows by then still contradicts, but may hold more than is needed."""


def minimal(candidates: list[_T], contradict: Callable[[list[_T]], bool]) -> tuple[list[_T], bool]:
    """The least of the candidates that still contradict, and whether it is known to be the least.

    Args:
        candidates: all of them together contradict.
        contradict: whether some do; raises OutOfTimeError to end the search.
    """
    known = candidates

    def explain(kept: list[_T], among: list[_T], grown: bool) -> list[_T]:
        nonlocal known
        if grown and contradict(kept):
            known = min(known, kept, key=len)
            return []
        if len(among) == 1:
            return among
        left, right = among[: len(among) // 2], among[len(among) // 2 :]
        from_right = explain([*kept, *left], right, True)
        from_left = explain([*kept, *from_right], left, bool(from_right))
        return from_left + from_right

    try:
        return (explain([], candidates, True) if candidates else []), True
    except OutOfTimeError:
        return known, False


def preferred(
    candidates: list[_T], known: Collection[_T], refute: Callable[[list[_T]], Collection[_T] | None]
) -> tuple[list[_T], bool]:
    """The least of the candidates that still contradict, doing without the last of them first, and whether it is that.

    There is one such set, whatever is found out on the way: a candidate is in it only if all before it, and those after
    it that are, do not contradict without it.

    Args:
        known: some candidates that contradict.
        refute: what of some candidates already contradicts, or ``None`` if they do not; raises OutOfTimeError.
    """
    kept: list[_T] = []
    try:
        for place in reversed(range(len(candidates))):
            if candidates[place] in known:
                fewer = refute([*candidates[:place], *kept])
                if fewer is None:
                    kept.append(candidates[place])
                else:
                    known = fewer
    except OutOfTimeError:
        return [one for one in candidates if one in known], False
    return kept[::-1], True
