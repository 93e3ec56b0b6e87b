"""Outcomes as JUnit XML: one suite for each file, one case for each expectation."""

from collections.abc import Sequence
from itertools import groupby

from conformance import junit
from openworld.check import Checked, lines, path_in_repository

#: What has become of an expectation that is not met.
_RESULTS = {
    "flipped": "failure",
    "without its text": "failure",
    "inconclusive": "error",
    "not in this world": "skipped",
}


def document(outcomes: Sequence[Checked]) -> str:
    """The XML document, with evidence: what has flipped is a failure, what is not known an error.

    What is not in this world was skipped, as it were: it did not fail, and has not been shown to hold.
    """
    by_file = groupby(outcomes, lambda outcome: outcome.expectation.file)
    return junit.document(
        "openworld check", ((path_in_repository(path), list(map(_case, each))) for path, each in by_file)
    )


def _case(outcome: Checked) -> junit.Case:
    asked, result = outcome.expectation, _RESULTS.get(outcome.status, "")
    file, line = path_in_repository(asked.file), str(asked.place.line)
    return junit.Case(
        {"name": outcome.headline, "classname": asked.name, "file": file, "line": line},
        result,
        {"message": outcome.difference, "type": outcome.status} if result else {},
        "\n".join(lines(outcome)) if result else "",
        0.0 if outcome.cached else outcome.verdict.seconds,
    )
