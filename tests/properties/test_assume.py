"""The weakest assumptions about others: exact, as each environment alone has it, and none that leaves nobody work."""

from dataclasses import replace
from itertools import product

import pytest

from model.design import named_switches, parse
from model.switches import SWITCHES
from properties.assume import Assumptions
from properties.checker import Checker
from properties.completion import finishes
from properties.security import PROPERTIES, find

ENVIRONMENT = [switch.name for switch in SWITCHES.values() if switch.kind == "environment"]
EVERY = set(SWITCHES["as_resource"].values)
#: Questions with the switches that are left open: few enough that every environment can be asked alone.
ASKED = [
    ("TC", "cap=mal_rs;echo=req", ("as_resource", "as_echo", "default_audience")),
    ("TC", "cap=mal_tenant;prm=prefix;audience_check=prefix", ("as_resource", "host_registered", "host_app", "warm")),
    ("CD", "design=mcp;cap=mal_as", ("h_iss", "as_resource", "as_dpop")),
    ("AZ", "design=fapi2;prm=exact;as_trust=any;cap=mal_as+mal_rs", ("a_enrolled", "rs_listed", "h_iss")),
    ("FC", "design=federated", ("anchored", "attested", "as_resource", "api")),
]
#: Those that take longest, of large configurations, are asked when there is time.
LONG = ("CD", "AZ")


def covers(values, environment):
    """Whether an environment is one of those that assumptions leave."""
    return all(environment.get(name) in left for name, left in values.items())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "text", "free"),
    [
        pytest.param(*each, id=f"{each[0]} {each[1]}", marks=pytest.mark.slow if each[0] in LONG else ())
        for each in ASKED
    ],
)
def test_assumptions_are_those_of_every_environment_alone(code, text, free, checker):
    """What they leave is attack-free, what they say lets an attack in does, and together they speak of all."""
    prop, configuration = find(code), parse(text)
    closed = set(ENVIRONMENT) - set(free)
    found = Assumptions([prop], configuration, closed).weakest()
    for values in product(*(SWITCHES[name].values for name in free)):
        environment = dict(zip(free, values, strict=True))
        design = configuration.design.but(**environment)
        happens = checker.result(prop, replace(configuration, design=design)) in ("attack", "reached")
        enough = any(covers(each, environment) for each in found.enough)
        let_in = any(covers(each, environment) for each in found.attacks)
        assert let_in == happens, environment
        assert not (enough and happens), environment


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("code", "text", "free"), ASKED[:2], ids=[f"{code} {text}" for code, text, _ in ASKED[:2]])
def test_no_assumption_can_be_left_out_or_widened(code, text, free):
    """With any one excluded value let back in there is an attack, and somebody can finish under each set."""
    prop, configuration = find(code), parse(text)
    asked = Assumptions([prop], configuration, set(ENVIRONMENT) - set(free))
    for each in asked.weakest().enough:
        excluded = {
            f"{name}={value}" for name, left in each.items() for value in SWITCHES[name].values if value not in left
        }
        assert asked.suffices(excluded)
        assert all(not asked.suffices(excluded - {fact}) for fact in excluded)
        decided = [(n, v) for n, v in configuration.design.items() if n not in free and SWITCHES[n].kind == "mechanism"]
        facts = tuple(tuple(fact.split("=")) for fact in excluded)
        assert finishes(prop.world_of(configuration), tuple(decided), facts)


def test_what_the_echo_buys_is_a_weaker_assumption():
    """Without the echo AS have to honour `resource`; with it they may ignore or replace it, but not add to it."""

    def allowed(text):
        found = Assumptions(["TC"], parse(f"cap=mal_rs;{text}"), named_switches("default_audience=accept")).weakest()
        return [set(each.get("as_resource", EVERY)) for each in found.enough]

    without, strict = allowed("echo=off"), allowed("echo=req_strict")
    assert without == [{"honor", "reject_unknown", "generalise", "reject"}]
    assert strict == [EVERY]  # it holds whatever they do
    assert allowed("echo=req") == [{"honor", "reject_unknown", "generalise", "reject", "ignore", "substitute"}]


def test_what_holds_whatever_others_do_needs_no_assumption():
    """Nothing has to be assumed, or nothing would help."""
    always = Assumptions(["TC"], parse("cap=mal_rs;echo=req_strict")).weakest()
    never = Assumptions(["RB"], parse("design=mcp;cap=mal_as")).weakest()
    nothing = Assumptions(["CA"], parse("design=mcp;cap=mal_as")).weakest()
    assert (always.enough, always.attacks) == (({},), ())
    assert (never.enough, never.attacks) == ((), ({},))
    assert nothing.not_in_this_world == ("client_authentication",)


@pytest.mark.slow
@pytest.mark.parametrize("design", ["mcp", "fapi2", "federated"])
def test_assumptions_of_all_properties_agree_with_verdicts(design):
    """In the kind environment and in that of products they say what a verdict says."""
    configuration, ask = parse(f"design={design};cap=mal_as+mal_rs+mal_tenant"), Checker()
    named = named_switches(f"design={design}")
    asked = Assumptions([prop for prop in PROPERTIES.values() if prop.kind == "security"], configuration, named)
    for changes in ({}, {"h_iss": "no", "as_resource": "ignore", "as_echo": "no"}):
        about = replace(configuration, design=configuration.design.but(**changes))
        for prop in asked.properties:
            let_in = any(covers(each, about.design) for each in asked.weakest(prop).attacks)
            assert let_in == (ask.result(prop, about) == "attack"), (prop.code, changes)


def test_that_a_variable_is_none_of_several_values_is_asked_of_all_of_them():
    """No token of `mcp` is bound to a key but the attacker's own: nothing is there to misuse, which needs no bound."""
    configuration = parse("design=mcp;cap=mal_as+mal_rs")
    asked = Assumptions(["SC"], configuration, named_switches("design=mcp"))
    assert not asked._possible(find("SC"), rules=False)
    assert asked.weakest().not_in_this_world == ("sender_constraint",)
