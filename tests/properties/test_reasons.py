"""What is not in this world: the reasons on file are true, and what is told apart from them is really safe."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import product

import pytest
from worlds import EACH_TIME, template_of

from model.design import Configuration, Design, parse
from model.named_designs import NAMED_DESIGNS
from model.switches import CAPABILITIES
from model.world_file import DEFAULT, WORLDS
from properties.bounds import Clock, Depths
from properties.checker import Checker
from properties.completion import contradiction
from properties.engine import Answer
from properties.events import oauth
from properties.minisat import MiniSat
from properties.reasons import PLACED, UNDEFINED, reasons
from properties.security import PROPERTIES, find
from properties.verdict import UNEARNED, WorldChecker, _Blocking, check

pytestmark = pytest.mark.usefixtures("hurried")


def alone(part):
    """What there is of one protocol in a world, as a world of its own: no session of another has to come first."""
    if part.whole is None:
        return part
    names = {each.name for each in part.sessions}
    begins = (each if each.instead_of in names else replace(each, instead_of="") for each in part.sessions)
    return replace(part, whole=None, sessions=tuple(begins))


#: Of each world what there is in it of each protocol, which is what reasons are about.
PARTS = {f"{name} {each}": alone(world.under(each)) for name, world in WORLDS.items() for each in world.protocols}


class Reachable:
    """A world with every design in it and no rule enforced: what can happen there at all."""

    def __init__(self, world):
        self.world = world
        self.depths = Depths(template_of(world), limit=7, growing=True, solver=MiniSat)

    @cached_property
    def checker(self) -> WorldChecker:
        """Answers for single designs."""
        return WorldChecker(self.world, solver=MiniSat)

    def assume(self, laid, prop, reason_design=(), without=(), only=None):
        """Assumptions: these switches decided, these capabilities absent (or none but one present)."""
        opened = laid.unrolling
        choices = (*reason_design, ("protocol", self.world.protocol))
        decided = [opened.switches[choice] for choice in choices if choice in opened.switches]
        absent = [-literal for name, literal in opened.capabilities.items() if name in without]
        alone = (
            []
            if only is None
            else [literal if name == only else -literal for name, literal in opened.capabilities.items()]
        )
        return [*decided, *absent, *alone, *laid.without(prop.name)]

    def soon(self, prop, *of, **assumed) -> bool:
        """Whether some design's property is violated in a short run."""
        laid = self.depths.at_least(3)
        return laid.event(prop.name, self.assume(laid, prop, *of, **assumed), Clock()) is Answer.SAT

    def ever(self, prop, clock, **assumed) -> Answer:
        """Whether it is violated in a run of any length."""
        return self.depths.settle(prop.name, lambda laid: self.assume(laid, prop, **assumed), clock).answer


@pytest.fixture(scope="module")
def reachable():
    """A world with every design in it, laid down once and deepened; one at a time, for the memory."""
    return lru_cache(maxsize=1)(Reachable)


def defined(world):
    """The security properties that a world's protocol defines."""
    return [prop for prop in PROPERTIES.values() if prop.kind == "security" and prop.defined(world)]


def on_file(prop, world, capability) -> bool:
    """Whether reasons cover a property under one capability whatever the design, and whichever protocol."""
    asked = Configuration(Design(), frozenset({capability} - {"none"}))
    whatever = [known for known in reasons() if not known.design]
    parts = [part for part in map(world.under, world.protocols) if prop.defined(part)]
    return all(any(known.about(prop, part, asked) for known in whatever) for part in parts)


@pytest.mark.parametrize("name", EACH_TIME)
def test_every_property_and_capability_is_reachable_or_has_its_reason(name, reachable):
    """No pair is left to chance: a run exists with the rules left out, or why there is none is on file."""
    world = WORLDS[name]
    unexplained, refuted = [], []
    for prop, capability in product(defined(world), ("none", *CAPABILITIES)):
        happens, explained = reachable(world).soon(prop, only=capability), on_file(prop, world, capability)
        if happens == explained:
            (refuted if happens else unexplained).append(f"{prop.code} {capability}")
    for here in (reachable(PARTS[f"{name} {each}"]) for each in world.protocols):
        refuted += [f"{prop.code} {why} {of}" for why, prop, *of in said_of(here) if here.soon(prop, *of)]
    assert not refuted, "on file as out of reach, and yet there is a run"
    assert not unexplained, "out of reach, and why is not on file"


def test_every_reason_on_file_is_the_first_in_some_world():
    """Where all that it names is there; and it names capabilities that there are."""
    for reason in reasons():
        assert reason.under <= CAPABILITIES.keys()
        assert reason.having <= reason.under
        before = [known for known in reasons() if {*known.design} <= {*reason.design}]
        under = reason.under.difference(*(known.having for known in before if known.having != reason.having))
        asked = Configuration(Design({"client_instances": "single_user", **dict(reason.design)}), under)
        for prop in map(find, reason.properties):
            firsts = (next((each for each in before if each.about(prop, w, asked)), None) for w in PARTS.values())
            assert any(each is reason for each in firsts), reason


def said_of(here):
    """Each reason that is about a world and each of its properties, with the designs and the capabilities left out."""
    world = here.world
    for reason in (known for known in reasons() if known.of(world)):
        idle = PLACED - world.capabilities if reason.under else frozenset()
        single = () if reason.own or not world.own_servers else (("client_instances", "single_user"),)
        for name in reason.properties:
            yield reason, PROPERTIES[name], (*reason.design, *single), CAPABILITIES.keys() - reason.under - idle


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_every_reason_on_file_is_true(name, reachable):
    """Whatever the design, the rules that are obeyed and the other capabilities, the event cannot happen."""
    here = reachable(PARTS[name])
    assert [(prop.code, str(reason)) for reason, prop, *of in said_of(here) if not is_true(prop, here, *of)] == []


def is_true(prop, here, design, without) -> bool:
    """Whether a reason is true of a property in a world."""
    found = here.ever(prop, Clock(20), reason_design=design, without=without)
    return found is Answer.UNSAT or (found is Answer.UNKNOWN and is_true_of_each(design, prop, here, without))


def is_true_of_each(decided, prop, here, without) -> bool:
    """The same where it is too much at once, of one design and one capability after the other."""
    for design, capability in product(NAMED_DESIGNS, CAPABILITIES.keys() - without):
        chosen = (("protocol", here.world.protocol), *parse(f"design={design}").design.items(), *decided)
        asked = Configuration(Design(dict(chosen)), frozenset({capability}))
        if (
            not here.checker.excluded(prop, asked, ())
            and here.checker.happens(prop, asked, ()).answer is not Answer.UNSAT
        ):
            return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, world in WORLDS.items() if len(world.protocols) > 1])
def test_reasons_for_each_protocol_are_reasons_for_all_at_once(name, reachable):
    """What no protocol of a world can bring about alone, they do not bring about together."""
    world = WORLDS[name]
    for prop, capability in product(defined(world), ("none", *CAPABILITIES)):
        if on_file(prop, world, capability):
            without = CAPABILITIES.keys() - {capability}
            assert reachable(world).ever(prop, Clock(60), without=without) is Answer.UNSAT, (prop.code, capability)


@pytest.mark.slow
def test_a_verdict_gives_the_reason_on_file():
    """What is looked at and found to be nothing says why, and that of what the model leaves out says so."""
    irrelevant = check("session_integrity", parse("world=mixup;cap=token_leak"))
    left_out = check("sender_constraint", parse("world=mixup;cap=local_app;dpop=token"))
    assert (irrelevant.result, left_out.result) == ("not_in_this_world", "not_in_this_world")
    assert "irrelevant" in irrelevant.reason
    assert "not modelled" in left_out.reason


def test_a_reason_about_capabilities_says_nothing_of_who_has_none_of_them():
    """What nobody has whom the reason is about is no reason."""
    needing = [known for known in reasons() if known.having]
    assert needing
    for known in needing:
        prop = PROPERTIES[known.properties[0]]
        worlds = [world for world in PARTS.values() if known.of(world)]
        design = Design({**dict(known.design), "client_instances": "single_user"})
        for world in worlds:
            others = sorted((known.under - known.having) & world.capabilities)
            assert not known.about(prop, world, Configuration(design, frozenset(others[:1])))
            with_it = Configuration(design, frozenset({*others[:1], *known.having}))
            assert known.about(prop, world, with_it) == bool(known.having - (PLACED - world.capabilities))


def test_a_reason_about_a_design_says_nothing_of_who_has_a_switch_for_itself():
    """Where a client of a world, or of a configuration, authenticates, it is not public because the others are."""
    public = next(known for known in reasons() if known.design == (("client_auth", "none"),))
    assert public.of(WORLDS["default"])
    assert not public.of(WORLDS["client_classes"])
    asked = (find("client_authentication"), WORLDS["default"])
    assert public.about(*asked, parse("client_auth=none"))
    assert not public.about(*asked, parse("client_auth=none;client:client_auth=pkjwt"))


def test_a_verdict_without_a_reason_on_file_says_so(monkeypatch):
    """Nobody is told a reason that nobody has reviewed."""
    monkeypatch.setattr("properties.reasons.reasons", tuple)
    verdict = check("session_integrity", parse("world=mixup;cap=token_leak"))
    assert (verdict.result, verdict.trace, verdict.blocked_by) == ("not_in_this_world", None, ())
    assert verdict.reason.endswith("not on file")


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


def test_no_reason_is_on_file_for_a_capability_that_is_new():
    """What a reason lists it was reviewed with; what is added later is in none of the lists."""
    asked = Configuration(Design(), frozenset({"storage_leak"}))
    assert not [
        known
        for known in reasons()
        for world in PARTS.values()
        for prop in known.properties
        if known.about(PROPERTIES[prop], world, asked)
    ]
