"""Public issues asked of the stored clients: what each reports is what the model says, or it is argued why not."""

from pathlib import Path

import pytest

from benchmarks.issues import ask, issues, score
from model.conversation import STAGES
from model.rule import CONDUCT, RULES


def test_an_issue_says_where_it_is_and_what_it_reports() -> None:
    assert len({issue.at for issue in issues()}) == len(issues()) == 64
    assert [sum(issue.blind for issue in issues() if issue.set == each) for each in (1, 2)] == [25, 14]
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
    blind, _, others, _, second, *_ = score()
    assert blind.startswith("asked blind: 13 of 25 ")
    assert others.startswith("the others: 19 of 25 ")
    assert second.startswith("a second set, asked blind: 8 of 14 ")


def test_an_answer_that_is_sure_is_mostly_right() -> None:
    """Where the release is stored, or two beside it agree; the page has the numbers."""
    asked = [ask(issue) for issue in issues()]
    right: dict[bool, list[bool]] = {True: [], False: []}
    for made in asked:
        right[all(one.sure for one in made)].append(all(one.right for one in made))
    told = " in {} of {} issues, the others in {} of {}"
    counts = [number for sure in (True, False) for number in (sum(right[sure]), len(right[sure]))]
    page = (Path(__file__).parents[2] / "deployed" / "data" / "README.md").read_text(encoding="utf-8")
    assert told.format(*counts) in " ".join(page.split())
    assert sum(right[True]) / len(right[True]) > sum(right[False]) / len(right[False])
