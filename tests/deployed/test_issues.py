"""Public issues asked of the stored clients: what each reports is what the model says, or it is argued why not."""

from __future__ import annotations

import pytest

from deployed.issues import ask, issues, score
from model.conversation import STAGES
from model.rule import CONDUCT, RULES


def test_an_issue_says_where_it_is_and_what_it_reports() -> None:
    assert len({issue.at for issue in issues()}) == len(issues()) == 50
    assert sum(issue.blind for issue in issues()) == 25
    for issue in issues():
        assert issue.filed.year in (2025, 2026)
        for stage, *rule in issue.ends.values():
            assert stage in STAGES
            assert all(name in {**RULES, **CONDUCT} for name in rule)
            assert bool(rule) is (stage != "A")


@pytest.mark.parametrize("issue", issues(), ids=lambda issue: issue.at.removeprefix("https://github.com/"))
def test_what_an_issue_reports_is_what_the_model_says_or_it_is_argued(issue) -> None:  # type: ignore[no-untyped-def]
    """A miss that is no longer one shows as well."""
    assert all(one.right for one in ask(issue)) is (issue.missed == "")


def test_the_score_is_that_of_the_first_asking_beside_the_one_of_today() -> None:
    """No expectation was changed after the issues were first asked, so that the first score stays."""
    blind, others, *_ = score()
    assert blind.startswith("asked blind: 13 of 25 ")
    assert others.startswith("the others: 19 of 25 ")
