"""What answers questions about clauses: the solver over integers, whichever it is.

Everything above speaks of literals as integers (the DIMACS convention) and of an :class:`Engine`: z3
(:mod:`properties.solver`) or MiniSat (:mod:`properties.minisat`), which share nothing (:mod:`properties.single`).
"""

from collections.abc import Iterable
from enum import Enum
from typing import Protocol


class Answer(Enum):
    """What the solver found."""

    SAT = "sat"
    UNSAT = "unsat"
    UNKNOWN = "unknown"


class Engine(Protocol):
    """Clauses once, questions many times: what answers them.

    Args:
        clauses: flat, each ended by 0.
        top: the highest literal in use.

    Attributes:
        worked: how long it worked on the last question for which ``work`` was limited.
    """

    worked: float

    def __init__(self, clauses: list[int], top: int) -> None: ...

    def add(self, clauses: list[int], top: int) -> None:
        """More clauses, with literals up to ``top``."""

    def clause(self, literals: Iterable[int]) -> None:
        """One more clause."""

    def check(self, assumptions: Iterable[int], timeout: float | None = None, work: float | None = None) -> Answer:
        """Whether the clauses have a model in which the assumptions hold.

        Args:
            assumptions: literals.
            timeout: seconds that may pass.
            work: seconds that the solver may work. They are counted in its own steps, as many as it takes in a second
                on one core of 2026, so that what is found out within them is the same on every machine.
        """

    def holds(self, literal: int) -> bool:
        """Whether a literal holds in the model just found."""

    def core(self) -> set[int]:
        """The assumptions that already contradict the clauses, after an ``UNSAT``."""
