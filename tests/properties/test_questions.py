"""What is said to open questions is what verdicts say."""

import random
import shlex
from collections import Counter

import pytest
from click.testing import CliRunner

from openworld.cli import COMMANDS, main
from openworld.commands.topics import TOPICS
from openworld.findings.pages import text
from openworld.questions import table
from properties.questions import STATES, answered, question, questions
from simulations.catalogue import EXPERIMENTS
from simulations.population import populations

ASKED = [name for name, each in questions().items() if each.asked]
#: How many are asked where there is little time.
FEW = 5


def wrong(name):
    """The verdicts that are not as they are on file."""
    return [each.configuration for each, found in answered(question(name)) if found.result != each.expected]


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", random.Random(1).sample(ASKED, FEW))
def test_some_answers_are_those_of_verdicts(name):
    """A few of them."""
    assert not wrong(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_answers_are_those_of_verdicts(name):
    """Every verdict that an answer rests on."""
    assert not wrong(name)


def test_every_question_has_a_state_and_what_it_rests_on():
    """What is settled is shown by verdicts that differ; what is not says why."""
    counted = Counter(each.state for each in questions().values())
    assert set(counted) == set(STATES)
    for each in questions().values():
        assert each.text.endswith("?"), each.id
        assert each.answer.endswith("."), each.id
        assert each.state != "settled" or each.asked, each.id
        assert each.state != "not expressible" or each.rests, each.id


def test_commands_that_are_named_are_there():
    """They are commands of this suite, and experiments and populations that there are."""
    subjects = {"simulate": EXPERIMENTS, "populations": populations()}
    for each in questions().values():
        name, *words = shlex.split(each.command) or ("assume",)
        assert name in COMMANDS, each.id
        if name == "list":
            name, *words = words
            assert name in TOPICS["Topics"], each.id
        assert name not in subjects or words[0] in subjects[name], each.id


def test_the_table_of_the_findings_is_what_is_on_file():
    """As `openworld list questions --format markdown` prints it."""
    assert "\n".join(table(questions().values())) in text("open-questions")


def test_a_question_is_answered_by_a_command():
    """One of them with its verdicts, all of them with how many there are of each kind, none that is not there."""
    run = CliRunner().invoke
    one = run(main, ["list", "questions", "Q10"])
    assert (one.exit_code, "not reached" in one.output, "NOT AS ON FILE" in one.output) == (0, True, False)
    listed = run(main, ["list", "questions"])
    assert f"{Counter(each.state for each in questions().values())['settled']} settled" in listed.output
    unknown = run(main, ["list", "questions", "Q99"])
    assert (unknown.exit_code, "no open question 'Q99'" in unknown.output) == (2, True)
