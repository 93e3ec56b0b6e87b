"""Many answers with their evidence: runs are replayed, and proofs made and checked by other programs."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any

from model.design import parse
from openworld.jobs import Question
from properties.certificate import CertificateError, certify, findings
from properties.verdict import check
from simulations.processes import in_order

COLUMNS = ("property", "configuration", "world", "verdict", "sweeps", "clauses", "proofs", "certified", "why", "run")


def looked_into(question: Question) -> dict[str, Any]:
    """An answer, whether its evidence stands up, and what that is made of: sweeps, clauses, and proofs in bytes."""
    found = check(question.property, parse(question.configuration), timeout=question.timeout)
    row = {
        "property": found.property.name, "configuration": str(found.configuration), "world": found.world.name,
        "verdict": found.result, "sweeps": "", "clauses": "", "proofs": "", "certified": "no", "why": "",
    }  # fmt: skip
    try:
        made = certify(found, question.timeout)
    except CertificateError as error:
        return row | {"why": str(error)}
    statement = made.statement() if made.trace is None else None
    wrong = [each.says for each in findings(made, statement, question.timeout) if not each.holds]
    return row | {
        "sweeps": made.sweeps, "clauses": statement.clauses.count(0) if statement else 0,
        "proofs": sum(len(shown) for shown in made.shown.values() if isinstance(shown, bytes)),
        "certified": "no" if wrong else "yes", "why": "; ".join(wrong),
    }  # fmt: skip


def evidence(questions: Iterable[Question], workers: int) -> Generator[dict[str, Any]]:
    """The rows for some questions, in their order, as they come in."""
    with closing(in_order(looked_into, list(questions), workers)) as rows:
        yield from rows
