"""What is not in this world: what is missing there is told, and what is told apart from it is really safe."""

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from worlds import EACH_TIME, template_of

from model.design import Configuration, Design, parse
from model.logic import all_of, same
from model.named_designs import NAMED_DESIGNS
from model.switches import CAPABILITIES
from model.world_file import DEFAULT, WORLDS
from properties.bounds import FIRST, Clock, Laid
from properties.checker import Checker
from properties.completion import contradiction
from properties.engine import Answer
from properties.events import oauth
from properties.minisat import MiniSat
from properties.reasons import UNDEFINED, Absent, absent, reason
from properties.security import PROPERTIES, find
from properties.template import Template
from properties.verdict import UNEARNED, WorldChecker, _Blocking, check

pytestmark = pytest.mark.usefixtures("hurried")

#: With a session of its own an attacker runs its servers there, whatever else it has.
NO_SESSION_OF_ITS_OWN = ("client_instances", "single_user")
BROUGHT_ABOUT = Path(__file__).parent / "brought_about.csv"


@cache
def opened(world):
    """A world with every design and every attacker in it, in short runs."""
    return Laid(template_of(world), FIRST, MiniSat)


def defined(world):
    """The security properties that a world's protocol defines."""
    return [prop for prop in PROPERTIES.values() if prop.kind == "security" and prop.defined(world)]


def happens(world, prop, having, allowed=()) -> bool:
    """Whether an attacker that has these, and may have those, violates a property of some design without rules."""
    laid = opened(world)
    able, switches = laid.unrolling.capabilities.items(), laid.unrolling.switches
    alone = [switches[NO_SESSION_OF_ITS_OWN]] if NO_SESSION_OF_ITS_OWN in switches else []
    decided = [literal if name in having else -literal for name, literal in able if name not in allowed]
    return laid.event(prop.name, [*laid.without(prop.name), *alone, *decided], Clock()) is Answer.SAT


def brought_about():
    """For each property the capabilities that bring about what violates it, alone or in company; or ``none`` at all."""
    with BROUGHT_ABOUT.open(encoding="utf-8", newline="") as file:
        return {row["property"]: f"{row['alone']} {row['in_company']}".split() for row in csv.DictReader(file)}


def in_company(worlds, prop, alone) -> list[str]:
    """Capabilities that bring about together, in some world, what violates a property: of each few that do so all."""
    found: list[str] = []
    for world in worlds:
        while happens(world, prop, (), left := [name for name in CAPABILITIES if name not in (*alone, *found)]):
            for name in list(left):
                fewer = [other for other in left if other != name]
                left = fewer if happens(world, prop, (), fewer) else left
            found += left
    return found


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", EACH_TIME)
def test_a_capability_brings_about_what_is_on_file_and_nothing_else(name):
    """What an attacker can do at all, whatever is refused, changes only where somebody looks at the change."""
    world, known = WORLDS[name], brought_about()
    others = {
        prop: CAPABILITIES.keys() - {*known[prop.name]} for prop in defined(world) if known[prop.name] != ["none"]
    }
    assert [prop.code for prop, allowed in others.items() if happens(world, prop, (), allowed)] == []


@pytest.mark.slow
def test_what_is_on_file_is_brought_about(on_file):
    """Each in one world at least."""
    said = ["property,alone,in_company"]
    for prop in (one for one in PROPERTIES.values() if one.kind == "security"):
        worlds = [world for world in WORLDS.values() if prop.defined(world)]
        alone = [name for name in CAPABILITIES if any(happens(world, prop, (name,)) for world in worlds)]
        nobody = any(happens(world, prop, ()) for world in worlds)
        company = [] if nobody else in_company(worlds, prop, alone)
        said.append(f"{prop.name},{'none' if nobody else ' '.join(alone)},{' '.join(company)}")
    on_file(BROUGHT_ABOUT, "\n".join([*said, ""]))


#: Questions that nothing violates, and what would.
ASKED = {
    "UI cap=mal_rs": (("mal_as", "mal_toolkit"), ()),
    "CA cap=mal_as": ((), ("client_auth=none",)),
    "SC cap=mal_rs": ((), ("dpop=none", "mtls=off")),
    "SI world=mixup;cap=token_leak": ((), ()),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("asked", ASKED)
def test_what_is_missing_is_told_alike_by_who_answers_one_question_and_many(asked, checker):
    """What would bring it about does so, and no choice that leaves no room for it is named for nothing."""
    code, text = asked.split()
    prop, configuration = find(code), parse(text)
    world, (capabilities, design) = prop.world_of(configuration), ASKED[asked]
    verdict = check(prop, configuration)
    assert verdict.result == "not_in_this_world"
    assert verdict.reason == reason(world, configuration, Absent(capabilities, design))
    assert checker.verdict(prop, configuration).reason == verdict.reason
    for name in capabilities:
        more = replace(configuration, capabilities=configuration.capabilities | {name})
        assert checker.about(prop, more).happens(prop, more, ()).answer is Answer.SAT


def test_capabilities_that_are_needed_together_are_named_together():
    """Where none of them is enough."""

    def both(c):
        return all_of(c.capabilities["mal_as"], c.capabilities["lure"], same(c.design.lookalike, "no"))

    laid = Laid(Template(WORLDS["aauth"], also={"both": both}), FIRST, MiniSat)
    prop = replace(find("user_intent"), name="both")
    assert absent(prop, parse("lookalike=no"), laid, lambda: laid) == (("mal_as+lure",), ())
    assert absent(prop, parse("lookalike=yes"), laid, lambda: laid) == ((), ("lookalike=yes",))


@pytest.mark.parametrize("patience", [0.0, pytest.param(2.0, marks=pytest.mark.slow)])
def test_safe_and_not_in_this_world_are_told_apart_however_long_that_takes(patience):
    """Neither is a matter of patience: what separates them took seconds here, and longer on a busy machine."""
    enrolled = parse("cap=mal_rs+mal_as;as_trust=federation;a_enrolled=yes")
    checker = Checker(patience=patience)
    assert checker.result("as_acceptance", enrolled) == "not_in_this_world"
    assert checker.verdict("as_acceptance", enrolled).result == "not_in_this_world"


def test_what_was_not_told_apart_in_time_is_not_known(monkeypatch):
    """Nothing violates it; whether anything could is another question, and its answer decides whether it is safe."""
    settle = WorldChecker._settle

    def without_rules(self, asked, enforced=None, *args, **named):
        found = settle(self, asked, enforced, *args, **named)
        return found if enforced is None or [*enforced] else replace(found, answer=Answer.UNKNOWN)

    monkeypatch.setattr(WorldChecker, "_settle", without_rules)
    monkeypatch.setattr(WorldChecker, "_blocking", lambda *_: _Blocking((), False, None))
    checker, asked = Checker(), parse("cap=mal_as")
    verdict = checker.verdict("code_delivery", asked)
    assert (verdict.result, verdict.reason) == ("unknown", UNEARNED)
    assert checker.result("code_delivery", asked) == "unknown"


@pytest.mark.parametrize("name", ["code_delivery", "client_authentication", "identity_crosses"])
def test_what_a_protocol_does_not_define_is_not_safe(name):
    """A property whose event nobody wrote down (or under a name that is not the property's) is not shown to hold."""
    verdict, checker = check(name, parse("cap=mal_as"), WORLDS["aauth"]), Checker(WORLDS["aauth"])
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


@pytest.mark.slow
def test_what_one_party_alone_demands_can_leave_nobody_to_use_a_design():
    """The one server here requires PKCE for itself, whatever is said of servers in general; or does not."""
    demanding = check("code_delivery", parse("cap=mal_as;pkce=off;pkce_as=lax;as:pkce_as=required"))
    assert demanding.result == "not_in_this_world"
    assert demanding.reason.startswith("nobody can use this design: as:pkce_as=required and ")
    assert check("code_delivery", parse("cap=mal_as;pkce=off;pkce_as=required;as:pkce_as=lax")).result == "safe"


@pytest.mark.parametrize("text", ["pkce=off;pkce_as=lax", "pkce=s256;pkce_as=required", "prm=off", "api=multi_path"])
def test_a_design_that_somebody_can_use_is_none(text):
    """One change of either side ends the contradiction; and neither configuration by hand nor an environment is one."""
    assert contradiction(DEFAULT, parse(text).design) is None


@pytest.mark.parametrize("name", NAMED_DESIGNS)
def test_every_named_design_can_be_used(name):
    """In some environment honest parties finish."""
    assert contradiction(DEFAULT, parse(f"design={name}").design) is None


@pytest.mark.slow
def test_trying_a_design_alone_and_among_all_is_the_same(sample):
    """The quick way to a yes and the one for many designs agree."""
    import random

    rng, found = random.Random(9), []
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
