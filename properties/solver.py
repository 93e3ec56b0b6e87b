"""z3's finite-domain engine with assumptions, as an :class:`~properties.engine.Engine`.

This is the one module that speaks z3.
"""

import signal
from collections.abc import Iterable

import z3

from properties.engine import Answer, Engine

#: z3's "no time-out", in milliseconds.
FOREVER = 4_294_967_295
#: Steps that z3 takes in a second, and the most that it can be limited to.
_SECOND, _MOST = 10_000_000, 4_294_967_295
# Models are read one literal at a time; looking for what one could leave out of them costs more than finding them.
z3.set_param("model.compact", False)


class Solver(Engine):
    """z3."""

    def __init__(self, clauses: list[int], top: int) -> None:
        # A context of its own: what else the process has asked must not decide which of several models is found.
        self._context = z3.Context()
        self._solver = z3.SolverFor("QF_FD", ctx=self._context)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            self._solver.set("ctrl_c", False)  # z3 listens to the signal even where the process does not
        # Questions come many and small: simplifying between them, or starting over with other guesses, only delays.
        self._solver.set("simplify.delay", 1_000_000_000)
        self._solver.set("rephase.base", 1_000_000_000)
        self._terms: dict[int, z3.BoolRef] = {}
        self._literals: dict[int, int] = {}
        self._limits: dict[str, int] = {}
        self.worked = 0.0
        self._satisfied = False
        self._model: z3.ModelRef | None = None
        self.add(clauses, top)

    def add(self, clauses: list[int], top: int) -> None:
        text = " ".join(map(str, clauses))
        self._solver.from_string(f"p cnf {top} {clauses.count(0)}\n{text}\n")

    def clause(self, literals: Iterable[int]) -> None:
        self._solver.add(z3.Or([self._term(literal) for literal in literals]))

    def check(self, assumptions: Iterable[int], timeout: float | None = None, work: float | None = None) -> Answer:
        self._limit("timeout", FOREVER if timeout is None else max(1, int(1000 * timeout)))
        self._limit("rlimit", 0 if work is None else min(_MOST, max(1, int(_SECOND * work))))
        before = 0 if work is None else self._steps
        terms = [self._term(literal).as_ast() for literal in assumptions]
        context = self._context.ref()
        # The C interface: z3's Python checks the sort of every assumption anew.
        found = z3.Z3_solver_check_assumptions(context, self._solver.solver, len(terms), (z3.Ast * len(terms))(*terms))
        result = z3.CheckSatResult(found)
        self.worked = 0.0 if work is None else (self._steps - before) / _SECOND
        if result == z3.unknown and "interrupted" in self._solver.reason_unknown():
            raise KeyboardInterrupt  # z3 catches the signal and gives up; the person at the keyboard meant more
        self._model = None
        self._satisfied = result == z3.sat
        return Answer(str(result))

    def _limit(self, name: str, most: int) -> None:
        if self._limits.get(name) != most:
            self._solver.set(name, most)
            self._limits[name] = most

    @property
    def _steps(self) -> int:
        """How many steps it has taken so far."""
        return next((int(count) for name, count in self._solver.statistics() if name == "rlimit count"), 0)

    def holds(self, literal: int) -> bool:
        if self._model is None:
            if not self._satisfied:
                raise RuntimeError("no model: the last check did not answer sat")
            self._model = self._solver.model()
        context, term = self._context.ref(), self._term(abs(literal))
        # The C interface: asking thousands of literals through the Python objects costs more than solving.
        value = z3.Z3_model_get_const_interp(context, self._model.model, z3.Z3_get_app_decl(context, term.as_ast()))
        return (bool(value) and z3.Z3_get_bool_value(context, value) == z3.Z3_L_TRUE) == (literal > 0)

    def core(self) -> set[int]:
        context = self._context.ref()
        core = z3.AstVector(z3.Z3_solver_get_unsat_core(context, self._solver.solver), self._context)
        # The C interface: z3's Python makes an object of every member to tell what it is.
        members = (z3.Z3_ast_vector_get(context, core.vector, place) for place in range(len(core)))
        return {self._literals[z3.Z3_get_ast_id(context, member)] for member in members}

    def _term(self, literal: int) -> z3.BoolRef:
        term = self._terms.get(literal)
        if term is None:
            # DIMACS variables are constants named by an integer symbol.
            term = z3.Bool(abs(literal), ctx=self._context)
            if literal < 0:
                term = z3.Not(term)
            self._terms[literal] = term
            self._literals[term.get_id()] = literal
        return term
