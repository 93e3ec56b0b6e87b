"""What is not in this world: the reasons on file are true, and what is told apart from them is really safe."""

from __future__ import annotations

import pytest

from model.design import NAMED_DESIGNS, Configuration, Design, parse
from model.switches import CAPABILITIES
from model.world_file import DEFAULT, WORLDS
from properties.bounds import Clock, Depths
from properties.completion import contradiction
from properties.events import oauth
from properties.reasons import UNDEFINED, Reason, reasons
from properties.security import PROPERTIES
from properties.solver import Answer
from properties.template import Template
from properties.verdict import Checker, check


@pytest.fixture(scope="module")
def depths():
    """Worlds with every design in them, found as deep as they are needed."""
    made = {}

    def get(world):
        if world not in made:
            made[world] = Depths(Template(world))
        return made[world]

    return get


def settled(depths, reason: Reason, without):
    """Whether the event of a reason can happen where nothing is decided but what the reason says."""
    prop = PROPERTIES[reason.property]
    world = WORLDS["aauth"] if reason.protocol == "aauth" else prop.world_of(Configuration(Design(), frozenset()))

    def assume(laid):
        opened = laid.unrolling
        chosen = [opened.switches[choice] for choice in (*reason.design, ("protocol", reason.protocol))]
        return [*chosen, *laid.without(prop.name), *(-opened.capabilities[name] for name in without)]

    return depths(world).settle(prop.name, assume, Clock()).answer


@pytest.mark.slow
@pytest.mark.parametrize("reason", reasons(), ids=lambda reason: f"{reason.protocol}-{reason.property}")
def test_every_reason_on_file_is_true(reason, depths):
    """Whatever the design, the rules that are obeyed and the other capabilities, the event cannot happen."""
    assert reason.without <= CAPABILITIES.keys()
    assert reason.having <= CAPABILITIES.keys() - reason.without
    assert settled(depths, reason, reason.without) is Answer.UNSAT


@pytest.mark.slow
@pytest.mark.parametrize("reason", [r for r in reasons() if len(r.without) < len(CAPABILITIES)],
                         ids=lambda reason: f"{reason.protocol}-{reason.property}")  # fmt: skip
def test_no_capability_is_listed_for_nothing(reason, depths):
    """Each capability that has to be absent lets the event happen when it is there."""
    for name in reason.without:
        assert settled(depths, reason, reason.without - {name}) is Answer.SAT, name


def test_a_verdict_gives_the_reason_on_file():
    """What is looked at and found to be nothing says why, and that of what the model leaves out says so."""
    irrelevant = check("fetch_safety", parse("cap=code_leak"))
    left_out = check("sender_constraint", parse("cap=mal_rs"))
    assert (irrelevant.result, left_out.result) == ("not_in_this_world", "not_in_this_world")
    assert "irrelevant" in irrelevant.reason
    assert "not modelled" in left_out.reason


def test_a_verdict_without_a_reason_on_file_says_so(monkeypatch):
    """Nobody is told a reason that nobody has reviewed."""
    monkeypatch.setattr("properties.reasons.reasons", tuple)
    verdict = check("fetch_safety", parse("cap=code_leak"))
    assert (verdict.result, verdict.trace, verdict.blocked_by) == ("not_in_this_world", None, ())
    assert verdict.reason.endswith("not on file")


@pytest.mark.parametrize("name", ["authorization", "token_custody"])
def test_what_a_protocol_does_not_define_is_not_safe(name):
    """A property whose event nobody wrote down (or under a name that is not the property's) is not shown to hold."""
    verdict, checker = check(name, parse("cap=mal_as"), WORLDS["delegation"]), Checker(WORLDS["delegation"])
    assert (verdict.result, verdict.reason) == ("not_in_this_world", UNDEFINED)
    assert checker.result(name, parse("cap=mal_as")) == "not_in_this_world"


def test_a_property_whose_event_is_misspelt_is_not_safe(monkeypatch):
    """The event is looked up by the property's name; where there is none of that name, nothing was asked."""
    configuration = parse("cap=mal_as")
    assert check("code_delivery", configuration).result == "safe"
    monkeypatch.setattr(oauth, "code_delivered", oauth.code_delivery, raising=False)
    monkeypatch.delattr(oauth, "code_delivery")
    verdict = check("code_delivery", configuration)
    assert (verdict.result, verdict.reason) == ("not_in_this_world", UNDEFINED)


# --- designs that nobody can use ---------------------------------------------------------------------------


def test_a_design_that_contradicts_itself_is_told_by_what_refuses():
    """A client without PKCE at a server that requires it: both choices and the rule of the server are named."""
    verdict = check("code_delivery", parse("cap=mal_as;pkce=off;pkce_as=required"))
    assert verdict.result == "not_in_this_world"
    assert verdict.reason.startswith("nobody can use this design: ")
    assert "pkce=off and pkce_as=required" in verdict.reason
    assert "authorization_server.challenge_is_present" in verdict.reason


@pytest.mark.parametrize("text", ["pkce=off;pkce_as=lax", "pkce=s256;pkce_as=required", "prm=off", "api=multi_path"])
def test_a_design_that_somebody_can_use_is_none(text):
    """One change of either side ends the contradiction; and neither configuration by hand nor an environment is one."""
    assert contradiction(DEFAULT, parse(text).design) is None


@pytest.mark.parametrize("name", NAMED_DESIGNS)
def test_every_named_design_can_be_used(name):
    """In some environment honest parties finish."""
    assert contradiction(DEFAULT, parse(f"design={name}").design) is None


def test_trying_a_design_alone_and_among_all_is_the_same(sample):
    """The quick way to a yes and the one for many designs agree."""
    import random

    rng, found = random.Random(6), []
    for _ in range(40):
        design: Design = sample(rng, 0.08).design
        alone, among = contradiction(DEFAULT, design, single=True), contradiction(DEFAULT, design)
        assert alone == among
        found.append(among is None)
    assert 0 < sum(found) < len(found)


def test_an_attack_on_a_design_that_nobody_can_use_is_one():
    """Only what would be safe is taken back: what happens, happens."""
    configuration = parse("cap=mal_as+mal_rs;pkce=off;pkce_as=required;as_trust=any")
    assert check("as_acceptance", configuration).result == "attack"


@pytest.mark.slow
def test_result_and_verdict_agree(rows, checker):
    """The quick answer is that of the full one, whichever of the words it is."""
    seen = set()
    for row in [row for row in rows if row.covered][::5]:
        verdict = checker.verdict(row.prop, row.configuration)
        assert checker.result(row.prop, row.configuration) == verdict.result
        seen.add(verdict.result)
    assert {"attack", "safe"} <= seen


def test_the_attacker_is_not_asked_about_utility():
    """A utility property is about honest parties: it is reached or not, and never attacked."""
    configuration = Configuration(parse("api=multi_path").design, frozenset({"mal_as"}))
    assert check("first_contact", configuration).result == "not_reached"
    assert check("first_contact", parse("cap=mal_as")).result == "reached"
