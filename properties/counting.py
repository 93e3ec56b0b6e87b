"""How many actions a run has, as literals that a query can bound.

A totalizer adds up literals in unary. What is added up is whether an action happens at all, since few happen twice; one
that did in a run that was found is counted as often as it happens from then on (:mod:`properties.bounds`).

References:
    O. Bailleux, Y. Boufkhad: Efficient CNF Encoding of Boolean Cardinality Constraints, CP 2003.
"""

from properties.unroll import Unrolling

#: Runs are counted up to this many actions; a longer one is only known to be longer.
LONGEST = 30


class Counter:
    """Adds up literals in unary.

    While ``on`` is not assumed the sums are free, so that questions which do not count do not pay for them.
    """

    def __init__(self, unrolling: Unrolling, literals: list[int]) -> None:
        self._on = unrolling.new_literal()
        counted = [unrolling.new_literal() for _ in literals]
        for literal, copy in zip(literals, counted, strict=True):
            unrolling.clause(-literal, -self._on, copy)
        sums = [[copy] for copy in counted] or [[]]
        while len(sums) > 1:
            pairs = zip(sums[::2], sums[1::2], strict=False)
            merged = [_sum(unrolling, left, right) for left, right in pairs]
            sums = merged + (sums[-1:] if len(sums) % 2 else [])
        self._sums = sums[0]

    def at_most(self, bound: int) -> list[int]:
        """Assumptions that let at most so many of the literals hold."""
        return [self._on, -self._sums[bound]] if bound < len(self._sums) else []


def _sum(unrolling: Unrolling, left: list[int], right: list[int]) -> list[int]:
    total = [unrolling.new_literal() for _ in range(min(LONGEST, len(left) + len(right)))]
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            if 0 < i + j <= len(total):
                reasons = ([-left[i - 1]] if i else []) + ([-right[j - 1]] if j else [])
                unrolling.clause(*reasons, total[i + j - 1])
    return total
