"""Outcomes as JUnit XML: one suite for each file, one case for each expectation."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from junitparser import Attr, Error, Failure, IntAttr, JUnitXml, TestCase, TestSuite

from openworld.check import Outcome, lines, path_in_repository


class _Case(TestCase):
    file = Attr()
    line = IntAttr()


def document(outcomes: Iterable[Outcome]) -> str:
    """The XML document. What has flipped is a failure, what is not known an error; both with their evidence."""
    whole = JUnitXml("openworld check")
    for path, members in groupby(outcomes, lambda outcome: outcome.expectation.file):
        suite = TestSuite(path_in_repository(path))
        suite.add_testcases(map(_case, members))
        whole.add_testsuite(suite)
    whole.update_statistics()
    return whole.tostring().decode("utf-8")


def _case(outcome: Outcome) -> TestCase:
    asked = outcome.expectation
    case = _Case(outcome.headline, asked.name, 0.0 if outcome.cached else round(outcome.verdict.seconds, 3))
    case.file, case.line = path_in_repository(asked.file), asked.place.line
    if outcome.status != "as expected":
        result = (Failure if outcome.status == "flipped" else Error)(outcome.difference, outcome.status)
        result.text = "\n".join(lines(outcome))
        case.result = [result]
    return case
