"""Outcomes as JUnit XML: one suite for each file, one case for each expectation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from openworld.check import Outcome, lines, path_in_repository

#: The element that says what has become of an expectation that is not met.
_RESULTS = {
    "flipped": "failure", "without its text": "failure", "inconclusive": "error", "not in this world": "skipped",
}  # fmt: skip
#: How they are counted.
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def document(outcomes: Sequence[Outcome]) -> str:
    """The XML document, with evidence: what has flipped is a failure, what is not known an error.

    What is not in this world was skipped, as it were: it did not fail, and has not been shown to hold.
    """
    whole = Element("testsuites", {"name": "openworld check", **_counts(outcomes)})
    for path, members in groupby(outcomes, lambda outcome: outcome.expectation.file):
        listed = list(members)
        suite = SubElement(whole, "testsuite", {"name": path_in_repository(path), **_counts(listed)})
        for outcome in listed:
            _add_case(suite, outcome)
    indent(whole)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{tostring(whole, encoding='unicode')}\n"


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    met = Counter(_RESULTS.get(one.status) for one in outcomes)
    counted = {name: met[result] for result, name in _COUNTED.items()}
    return {
        "tests": str(len(outcomes)),
        **{name: str(count) for name, count in counted.items()},
        "time": f"{sum(map(_seconds, outcomes)):.3f}",
    }


def _seconds(outcome: Outcome) -> float:
    return 0.0 if outcome.cached else outcome.verdict.seconds


def _add_case(suite: Element, outcome: Outcome) -> None:
    asked = outcome.expectation
    case = SubElement(
        suite, "testcase", name=outcome.headline, classname=asked.name, file=path_in_repository(asked.file),
        line=str(asked.place.line), time=f"{_seconds(outcome):.3f}",
    )  # fmt: skip
    if outcome.status in _RESULTS:
        result = SubElement(case, _RESULTS[outcome.status], message=outcome.difference, type=outcome.status)
        result.text = "\n".join(lines(outcome))
