"""No answer hangs on one solver or on the luck of its draws: results, lengths, rules and traces are the same."""

from __future__ import annotations

import random

import pytest
from pysat.solvers import Solver as PySAT

from properties import bounds, verdict
from properties.security import PROPERTIES
from properties.solver import Answer, Solver
from properties.verdict import Checker


class Other:
    """CaDiCaL, or another solver that PySAT knows, in the place of z3."""

    NAME = "cadical153"

    def __init__(self, clauses: list[int], top: int) -> None:
        self._solver, self._true = PySAT(self.NAME), frozenset[int]()
        self.add(clauses, top)

    def add(self, clauses, _top):
        clause: list[int] = []
        for literal in clauses:
            if literal:
                clause.append(literal)
            else:
                self._solver.add_clause(clause)
                clause = []

    def clause(self, literals):
        self._solver.add_clause(list(literals))

    def check(self, assumptions, _timeout=None):
        found = self._solver.solve(list(assumptions))
        self._true = frozenset(literal for literal in self._solver.get_model() if literal > 0) if found else frozenset()
        return Answer.SAT if found else Answer.UNSAT

    def holds(self, literal):
        return (abs(literal) in self._true) == (literal > 0)

    def core(self):
        return set(self._solver.get_core() or ())


class Glucose(Other):
    """A solver of another family."""

    NAME = "glucose4"


class Lucky(Solver):
    """z3 with other draws each time."""

    draws = random.Random(33)

    def __init__(self, clauses: list[int], top: int) -> None:
        super().__init__(clauses, top)
        self._solver.set("sat.random_seed", self.draws.randrange(1 << 30))
        self._solver.set("sat.phase", "random")


def told(checker, asked):
    """All of an answer but how long it took."""
    answers = {}
    for prop, configuration in asked:
        verdict = checker.verdict(prop, configuration)
        trace = verdict.trace and verdict.trace.steps
        answers[prop.code, str(configuration)] = verdict.result, verdict.steps, verdict.bound, verdict.blocked_by, trace
    return answers


def questions(sample, seed, number):
    """Random properties under random designs and attackers."""
    rng = random.Random(seed)
    return [(rng.choice(list(PROPERTIES.values())), sample(rng, rng.choice((0.05, 0.1, 0.2)))) for _ in range(number)]


def answered(asked, solver=Solver):
    """What is told where another solver answers.

    Each may take its time: what a solver does not settle soon is laid down for itself, where runs have fewer sweeps,
    and rules that are not found soon are not the fewest.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "SHARED", 1e6)
        patch.setattr(bounds, "Solver", solver)
        return told(Checker(patience=1e6), asked)


def differing(ours, theirs):
    """The questions that another solver answers otherwise, with both answers."""
    return {question: (ours[question], theirs[question]) for question in ours if ours[question] != theirs[question]}


@pytest.fixture(scope="module")
def handful(sample):
    """A handful of questions, and what z3 answers."""
    asked = questions(sample, 31, 10)
    return asked, answered(asked)


@pytest.mark.parametrize("other", [Other, Glucose, Lucky])
def test_other_solvers_say_the_same(handful, other):
    """A handful of questions."""
    asked, ours = handful
    assert not differing(ours, answered(asked, other))


@pytest.mark.slow
@pytest.mark.parametrize("other", [Other, Lucky])
def test_other_solvers_say_the_same_2000_times(sample, other):
    """As many as a night has room for."""
    asked = questions(sample, 32, 2_000)
    assert not differing(answered(asked), answered(asked, other))
