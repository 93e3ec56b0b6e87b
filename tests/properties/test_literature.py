"""Published attacks are found by an attacker that knows none of them by name, and so are their fixes."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from model.design import parse
from openworld.findings.pages import text
from openworld.literature import table
from properties.literature import UnknownPublicationError, kinds, outcome, outcomes, publication, publications

ASKED = [name for name, each in publications().items() if each.question is not None]
pytestmark = pytest.mark.usefixtures("hurried")
#: How many are asked where there is little time.
FEW = 2


@pytest.mark.parametrize("name", random.Random(0).sample(ASKED, FEW))
def test_some_published_attacks_are_found_and_mended(name):
    """Verdict, fix, and the published kinds of steps in their order."""
    assert not outcome(publication(name)).wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_published_attacks_are_found_and_mended(name):
    """Every one that can be said in this vocabulary."""
    assert not outcome(publication(name)).wrong


@pytest.mark.slow
def test_what_is_a_single_step_says_why():
    """Of a hundred at least 95 are composed; of the others each has its reason in a sentence."""
    found = [outcome(each) for each in publications().values()]
    counted = Counter(each.how for each in found)
    assert counted["composed"] >= 0.95 * counted.total()
    assert all(each.publication.note for each in found if each.how == "one move")


@pytest.mark.slow
def test_the_table_of_the_findings_is_what_is_found():
    """As `openworld list literature --format markdown` prints it."""
    assert "\n".join(table(list(outcomes()))) in text("literature")


def test_the_page_has_every_published_attack():
    """Its verdicts are held by the slow test above; that a new row is missing shows at once."""
    assert f"\n{len(publications())} published attacks:" in text("literature")
    assert not [each.id for each in publications().values() if f" {each.attack}: " not in text("literature")]


def test_what_cannot_be_said_has_its_reason():
    """A published attack without a question would say what the model leaves out; there is none any more."""
    assert [each.id for each in publications().values() if each.question is None] == []


def test_what_is_not_as_published_is_told():
    """An attack that is not there, a fix that mends nothing, a step that is missing."""
    whole = publication("FKS16-mixup-web")
    asked = whole.question
    for other, said in (
        ({"vulnerable": asked.fixed}, "safe under cap=mal_as"),
        ({"fixed": asked.vulnerable}, "attack under cap=mal_as;iss_check=off"),
        ({"kinds": ("client.redeem_code",)}, "no client.redeem_code where it was published"),
        ({"kinds": tuple(reversed(asked.kinds))}, "where it was published"),
    ):
        assert said in outcome(replace(whole, question=replace(asked, **other))).wrong


def test_kinds_of_steps_are_those_of_the_run():
    """Without whose session or grant it is."""
    found = outcome(publication("ISS-prefix"))
    assert kinds(found.trace) == ("attacker.name_issuer", "attacker.present_own_making")
    assert found.vulnerable.configuration == parse("cap=mal_as;issuer_match=prefix")
    assert (found.how, outcome(publication("CIMD-upload")).how) == ("composed", "one move")


def test_an_attack_that_was_not_published_is_refused():
    """By name, with those that are like it."""
    with pytest.raises(
        UnknownPublicationError, match="no published attack 'FKS16-mixup-wep'; did you mean 'FKS16-mixup-web'"
    ):
        publication("FKS16-mixup-wep")
