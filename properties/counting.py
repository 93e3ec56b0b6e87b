"""How many actions a run has, as literals that a query can bound.

Every action happens at most once in a run (each one makes progress), so the length of a run is the number of
actions that happen at all. A totalizer adds them up in unary.

References:
    O. Bailleux, Y. Boufkhad: Efficient CNF Encoding of Boolean Cardinality Constraints, CP 2003.
"""

from __future__ import annotations

from properties.unroll import Unrolling

#: Runs are counted up to this many actions; a longer one is only known to be longer.
LONGEST = 30


def happenings(unrolling: Unrolling) -> dict[str, int]:
    """For each action, a literal implied by its happening at any step; assume one false to forbid the action."""
    happens = {name: unrolling.new_literal() for name in dict.fromkeys(f.firing.action.name for f in unrolling.fired)}
    for fired in unrolling.fired:
        unrolling.clause(-fired.literal, happens[fired.firing.action.name])
    return happens


def at_least(unrolling: Unrolling, literals: list[int]) -> list[int]:
    """Literals implied by "at least 1, 2, ... of these hold"; assume one false to bound how many do."""
    sums = [[literal] for literal in literals] or [[]]
    while len(sums) > 1:
        pairs = zip(sums[::2], sums[1::2], strict=False)
        merged = [_sum(unrolling, left, right) for left, right in pairs]
        sums = merged + (sums[-1:] if len(sums) % 2 else [])
    return sums[0]


def _sum(unrolling: Unrolling, left: list[int], right: list[int]) -> list[int]:
    total = [unrolling.new_literal() for _ in range(min(LONGEST, len(left) + len(right)))]
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            if 0 < i + j <= len(total):
                reasons = ([-left[i - 1]] if i else []) + ([-right[j - 1]] if j else [])
                unrolling.clause(*reasons, total[i + j - 1])
    return total
