"""No answer hangs on one solver or on the luck of its draws: results, lengths, rules and traces are the same."""

import random
from itertools import combinations

import pytest
from pysat.solvers import Cadical153, Glucose4

from properties import verdict
from properties.bounds import Clock
from properties.checker import Checker
from properties.counting import Counter
from properties.engine import Answer
from properties.minisat import MiniSat
from properties.security import PROPERTIES
from properties.solver import Solver


class Few:
    """Clauses about literals alone, as a world that is laid down has them."""

    def __init__(self, literals):
        self.top, self.clauses = literals, []

    def new_literal(self):
        self.top += 1
        return self.top

    def clause(self, *literals):
        self.clauses += [*literals, 0]


@pytest.mark.parametrize("literals", [1, 2, 3, 5, 8])
def test_a_count_is_how_many_hold(literals):
    """Of so many literals no more hold than the bound says, and just so many may."""
    few = Few(literals)
    counted = Counter(few, list(range(1, literals + 1)))
    solver = MiniSat(few.clauses, few.top)
    for hold in range(literals + 1):
        for bound in range(literals + 1):
            answer = solver.check([*range(1, hold + 1), *counted.at_most(bound)])
            assert (answer is Answer.SAT) is (hold <= bound), (hold, bound)


class CaDiCaL(MiniSat):
    """A solver of another family, which cannot be stopped."""

    ENGINE = Cadical153

    def check(self, assumptions, _timeout=None, _work=None):
        self._model = None
        return Answer.SAT if self._solver.solve(list(assumptions)) else Answer.UNSAT


class Glucose(MiniSat):
    """A relative of MiniSat that keeps other things."""

    ENGINE = Glucose4


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
    """Random properties under random designs and attackers, each by itself: a switch that is new leaves the others."""
    named, asked = sorted(PROPERTIES), []
    for each in range(number):
        rng = random.Random(f"{seed} {each}")
        asked.append((PROPERTIES[rng.choice(named)], sample(f"{seed} {each}", rng.choice((0.05, 0.1, 0.2)))))
    return asked


def answered(asked, solver):
    """What is told where another solver answers.

    Each may take its time: what a solver does not settle soon is laid down for itself, where runs have fewer sweeps,
    and rules that are not found soon are not the fewest.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "SHARED", 1e6)
        return told(Checker(patience=1e6, solver=solver), asked)


def differing(ours, theirs):
    """The questions that another solver answers otherwise, with both answers."""
    return {question: (ours[question], theirs[question]) for question in ours if ours[question] != theirs[question]}


@pytest.mark.parametrize("engine", [Solver, MiniSat])
def test_limited_work_ends_at_the_same_step_every_time(engine):
    """Pigeons are too many for the holes, which no solver sees soon: both give up after what they are allowed."""
    holes, pigeons = range(1, 10), range(1, 11)
    lives = {(pigeon, hole): 9 * (pigeon - 1) + hole for pigeon in pigeons for hole in holes}
    clauses = [[lives[pigeon, hole] for hole in holes] for pigeon in pigeons]
    clauses += [[-lives[a, hole], -lives[b, hole]] for hole in holes for a, b in combinations(pigeons, 2)]
    flat = [literal for clause in clauses for literal in (*clause, 0)]
    worked = []
    for _ in range(2):
        solver = engine(flat, len(lives))
        assert solver.check([], work=0.01) is Answer.UNKNOWN
        worked.append(solver.worked)
    assert worked[0] == worked[1] == pytest.approx(0.01, rel=0.1)


def test_work_is_spent_by_all_clocks_that_a_clock_is_within():
    """What a part of a question takes is missing to the whole."""
    whole = Clock(work=1.0)
    part = whole.within(0.5)
    part.spend(0.4)
    assert part.work == pytest.approx(0.1, abs=0.01)
    assert whole.work == pytest.approx(0.6, abs=0.01)
    assert whole.within(5.0).work == whole.work
    part.spend(0.2)
    assert part.over
    assert not whole.over
    assert Clock(seconds=1e9).work is None


@pytest.fixture(scope="module")
def handful(sample):
    """Two questions, and what z3 answers."""
    asked = questions(sample, 33, 2)
    return asked, answered(asked, Solver)


@pytest.mark.parametrize("other", [MiniSat, CaDiCaL])
def test_other_solvers_say_the_same(handful, other):
    """In result, length, rules and trace."""
    asked, ours = handful
    assert not differing(ours, answered(asked, other))


@pytest.mark.parametrize("other", [MiniSat, CaDiCaL, Lucky])
def test_other_solvers_say_the_same_2000_times(sample, other):
    """As many as a night has room for."""
    asked = questions(sample, 32, 2_000)
    assert not differing(answered(asked, Solver), answered(asked, other))
