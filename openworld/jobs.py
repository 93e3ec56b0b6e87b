"""Many verdicts on several cores.

Every question is answered cold, in a process that has answered others before but carries nothing over, so an
answer does not depend on what else was asked, in which order or by how many workers.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from model.chart import text
from model.design import parse
from openworld.show import ending
from properties.security import find
from properties.verdict import check


class Question(NamedTuple):
    """A property under a configuration, both as text."""

    property: str
    configuration: str
    timeout: float | None = None


class Reply(NamedTuple):
    """A verdict as data, and its chart if it has a trace."""

    data: dict[str, Any]
    chart: str


def answer(question: Question) -> Reply:
    """Answer one question."""
    prop = find(question.property)
    verdict = check(prop, parse(question.configuration), timeout=question.timeout)
    chart = "" if verdict.trace is None else text(verdict.trace, ending(prop))
    return Reply(verdict.to_json(), chart)


def answers(questions: Iterable[Question], workers: int) -> Iterator[Reply]:
    """Answers in the order of the questions, as they come in.

    The asking process only waits, so that Ctrl-C reaches it at once whatever the solver is doing.
    """
    pool = multiprocessing.get_context("spawn").Pool(max(1, workers), _ignore_interrupts)
    with pool:
        yield from pool.imap(answer, questions)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def cores() -> int:
    """How many workers are useful here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
