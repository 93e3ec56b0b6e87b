"""Many verdicts on several cores.

Questions go out in batches, each answered in order by a checker of its own: what a world costs to lay down is shared,
and an answer still does not depend on how many workers there are.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple, Protocol, TypeVar

from model.chart import chart, text
from model.design import Configuration, parse
from model.model import Model, oauth
from openworld.show import ending
from properties.checker import Checker
from properties.security import Property, find
from properties.verdict import Verdict, check
from simulations.processes import in_order


class Question(NamedTuple):
    """A property under a configuration, both as text; ``widely``: what is safe was asked in larger worlds too."""

    property: str
    configuration: str
    timeout: float | None = None
    model: Model = oauth()
    widely: bool = False

    def read(self) -> tuple[Property, Configuration]:
        """The property and the configuration (raises InputError)."""
        return find(self.property, self.model), parse(self.configuration, self.model)


class CellAnswer(NamedTuple):
    """A verdict as data, and its chart if it has a trace."""

    data: dict[str, Any]
    chart: str


class Cell(Protocol):
    """A cell of a table of verdicts; its key is the property and all that the verdict depends on."""

    @property
    def key(self) -> tuple[str, str]: ...

    @property
    def configuration(self) -> str: ...


C = TypeVar("C", bound=Cell)

#: Questions answered by one checker: enough to share its cost, few enough that all workers have work to the end. One
#: that lays worlds down for a design has all that a study asks of it.
BATCH, BATCH_OF_DESIGN = 48, 300


def answer(batch: list[Question], by_design: bool = False) -> list[CellAnswer]:
    """Answer some questions, one after the other."""
    checkers: dict[float | None, Checker] = {}
    replies = []
    for question in batch:
        checker = checkers.setdefault(question.timeout, Checker(timeout=question.timeout, by_design=by_design))
        replies.append(_reply(checker.verdict(*question.read())))
    return replies


def answer_singly(batch: list[Question]) -> list[CellAnswer]:
    """The same, each as if it were the only one: which of several shortest traces is found depends on nothing else."""
    return [_reply(check(*asked.read(), timeout=asked.timeout)) for asked in batch]


def _reply(verdict: Verdict) -> CellAnswer:
    drawn = "" if verdict.trace is None else text(chart(verdict.trace, ending(verdict.property)))
    return CellAnswer(verdict.to_json(), drawn)


def answers(
    questions: Iterable[Question], workers: int, by_design: bool = False, singly: bool = False
) -> Generator[CellAnswer]:
    """Answers in the order of the questions, as they come in.

    ``by_design``: most questions in a row are about the same design. ``singly``: each is answered on its own.
    Raises WorkersDiedError where workers keep dying.
    """
    asked = list(questions)
    runs = [list(run) for _, run in groupby(asked, lambda one: one.read()[1].design)] if by_design else [asked]
    size = 1 if singly else BATCH_OF_DESIGN if by_design else BATCH
    batches = [run[start : start + size] for run in runs for start in range(0, len(run), size)]
    answering = answer_singly if singly else partial(answer, by_design=by_design)
    with closing(in_order(answering, batches, workers)) as answered:
        for replies in answered:
            yield from replies


def answers_once(
    cells: Sequence[C], workers: int, timeout: float | None = None, by_design: bool = False, model: Model = oauth()
) -> Generator[tuple[C, CellAnswer]]:
    """Every cell with its answer, in order, as they come in; questions that come to the same are asked once."""
    questions = {cell.key: Question(cell.key[0], cell.configuration, timeout, model) for cell in reversed(cells)}
    first = [questions[key] for key in dict.fromkeys(cell.key for cell in cells)]
    known: dict[tuple[str, str], CellAnswer] = {}
    with closing(answers(first, workers, by_design)) as replies:
        for cell in cells:
            if cell.key not in known:
                known[cell.key] = next(replies)
            yield cell, known[cell.key]
