"""MiniSat in the place of z3: quicker where many questions are asked in a row, and to be had in browsers too.

Which of several runs or sets of rules an answer names does not depend on the solver (:mod:`properties.plainest`), so
both name the same.

References:
    N. Eén, N. Sörensson: An Extensible SAT-solver, SAT 2003.
    A. Ignatiev, A. Morgado, J. Marques-Silva: PySAT, SAT 2018.
"""

import math
import time
from collections.abc import Iterable
from weakref import finalize

from pysat.solvers import Minisat22

from properties.engine import Answer, Engine

#: Propagations in a second, and between two looks at the clock and at the keyboard.
_SECOND, _SLICE = 10_000_000, 500_000


class MiniSat(Engine):
    """MiniSat 2.2, or a relative of it that PySAT knows."""

    ENGINE = Minisat22

    def __init__(self, clauses: list[int], top: int) -> None:
        self._solver = self.ENGINE()
        finalize(self, self._solver.delete)  # at the latest before the module that frees it is gone
        self._model: list[int] | None = None
        self.worked = 0.0
        self.add(clauses, top)

    def add(self, clauses: list[int], top: int) -> None:
        start = 0
        while start < len(clauses):
            end = clauses.index(0, start)
            self._solver.add_clause(clauses[start:end])
            start = end + 1

    def clause(self, literals: Iterable[int]) -> None:
        self._solver.add_clause(list(literals))

    def check(self, assumptions: Iterable[int], timeout: float | None = None, work: float | None = None) -> Answer:
        end, given, found = None if timeout is None else time.perf_counter() + timeout, list(assumptions), None
        start, most = self._steps, math.inf if work is None else max(1, int(_SECOND * work))
        self._model = None
        while found is None:
            self._solver.prop_budget(min(_SLICE, most - self._steps + start))
            found = self._solver.solve_limited(given, expect_interrupt=True)
            self.worked = (self._steps - start) / _SECOND
            late = end is not None and time.perf_counter() > end
            if found is None and (late or self._steps - start >= most):
                return Answer.UNKNOWN
        return Answer.SAT if found else Answer.UNSAT

    @property
    def _steps(self) -> int:
        """How many propagations it has made so far."""
        return int(self._solver.accum_stats()["propagations"])

    def prefer(self, literals: Iterable[int]) -> None:
        """What to try first of what is not decided."""
        self._solver.set_phases(list(literals))

    def holds(self, literal: int) -> bool:
        if self._model is None:
            self._model = self._solver.get_model()
            if self._model is None:
                raise RuntimeError("no model: the last check did not answer sat")
        number = abs(literal)
        return (number <= len(self._model) and self._model[number - 1] > 0) == (literal > 0)

    def model(self) -> frozenset[int]:
        """Every literal that holds in the model just found."""
        return frozenset(self._solver.get_model() or ())

    def core(self) -> set[int]:
        return set(self._solver.get_core() or ())
