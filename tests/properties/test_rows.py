"""The model against verdicts that were derived by hand from the specifications."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from model.design import parse
from openworld.findings.pages import text
from properties.results import read_result
from properties.security import find


def lines_of(file):
    """Questions with what is expected and why."""
    with (Path(__file__).parent / file).open(encoding="utf-8", newline="") as lines:
        return [pytest.param(line, id=f"{line['property']} {line['config']}") for line in csv.DictReader(lines)]


#: Questions that turn on what the attacker chooses to say or to use, each with its neighbours; an outside prover, whose
#: attacker is not written down move by move, answers them alike.
CHOICES = lines_of("choices.csv")
#: Questions that no expected row asks, answered from a specification before the model was: mostly pairs.
SPECIFIED = lines_of("specification_rows.csv")


def unmet(rows, judge):
    """The covered rows for which the model does not answer as expected."""
    answers = {row.id: judge(row.prop, row.configuration) for row in rows if row.covered}
    return {
        row.id: f"{row.code} {row.text}: expected {row.expected}, got {answers[row.id]}"
        for row in rows
        if row.covered and answers[row.id] != row.expected
    }


@pytest.mark.slow
def test_a_covered_row_is_met_or_disputed_in_the_findings(rows, disputed, reach):
    """The model answers every third as expected, except where the findings argue that the expectation is wrong."""
    undisputed = {id_: why for id_, why in unmet(rows[::3], reach.verdict).items() if id_ not in disputed}
    assert not undisputed


@pytest.mark.sampled(4)
@pytest.mark.parametrize("line", CHOICES)
def test_what_the_attacker_may_choose_it_chooses(line, reach):
    """What its metadata offers, whose token or reference it answers with, in whose browser: the worst it could."""
    assert reach.verdict(find(line["property"]), parse(line["config"])) == line["expected"], line["why"]


@pytest.mark.sampled(16)
@pytest.mark.parametrize("line", SPECIFIED)
def test_what_specifications_say_beside_the_rows_is_so(line, reach):
    """Nobody has looked at what the model says before."""
    assert reach.verdict(find(line["property"]), parse(line["config"])) == line["expected"], line["why"]


@pytest.mark.slow
def test_every_covered_row_has_a_full_verdict(rows, disputed, checker):
    """The same with everything that a verdict carries: each trace replays, each explanation is found."""
    different = unmet(rows, lambda prop, configuration: checker.verdict(prop, configuration).result)
    assert different.keys() <= disputed | vacuous(rows, checker)
    assert f"{len(rows) - len(different)} of the {len(rows)} rows are met" in text("expected-rows")


def vacuous(rows, checker):
    """Rows that are expected to be safe, of which the model says that nothing in its world could violate them."""
    return {
        row.id
        for row in rows
        if row.covered and row.expected == "safe" and checker.result(row.prop, row.configuration) == "not_in_this_world"
    }


@pytest.mark.slow
def test_rows_that_are_safe_for_want_of_anything_are_as_many_as_pinned(rows, checker, pins):
    """None is safe because nobody can use its design."""
    found = vacuous(rows, checker)
    assert len(found) == pins["rows"]["not_in_this_world"], sorted(found)
    for row in rows:
        if row.id in found:
            assert "nobody can use" not in checker.verdict(row.prop, row.configuration).reason, row.id


def test_no_dispute_is_stale(rows, disputed, reach):
    """A row that the findings disagree with exists, is covered, and really differs."""
    by_id = {row.id: row for row in rows}
    assert disputed <= by_id.keys(), f"disputed but not a row: {sorted(disputed - by_id.keys())}"
    stale = [
        id_
        for id_ in sorted(disputed)
        if by_id[id_].covered and reach.verdict(by_id[id_].prop, by_id[id_].configuration) == by_id[id_].expected
    ]
    assert not stale, f"the model agrees with these by now: {stale}"


def test_number_of_rows_beyond_the_vocabulary(rows, pins, record_property):
    """How many rows use words that the model lacks is known and does not grow unnoticed."""
    beyond = [(row.id, row.code, row.text) for row in rows if not row.covered]
    record_property("rows beyond the vocabulary", len(beyond))
    assert len(rows) == pins["rows"]["all"]
    assert len(beyond) == pins["rows"]["beyond_the_vocabulary"], beyond


def test_rows_are_well_formed(rows):
    """Ids are unique, verdicts are words of the vocabulary, and no question has two answers."""
    assert max(Counter(row.id for row in rows).values()) == 1
    for row in rows:
        assert read_result(row.expected, row.prop.kind) != "unknown", row.id
    answers: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        answers.setdefault((row.code, str(row.configuration or row.text)), set()).add(row.expected)
    assert not [question for question, found in answers.items() if len(found) > 1]
