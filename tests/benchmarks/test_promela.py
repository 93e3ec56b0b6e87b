"""Worlds as input for SPIN: it sees the states that the machine has, and the same shortest violation."""

import random

import pytest
from explicit import TooManyStatesError, explore

from benchmarks._promela import macro, promela
from benchmarks._spin import missing, spin
from benchmarks.worlds import mixup
from model.design import Configuration, parse
from model.world_file import WORLDS
from properties.checker import Checker
from properties.security import PROPERTIES, find

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")

MIXUP = mixup(2, 1)


@pytest.mark.parametrize(
    ("world", "name", "text"),
    [
        (MIXUP, "code_delivery", "cap=mal_as;iss_check=require"),
        (MIXUP, "code_delivery", "cap=mal_as;iss_check=off;per_as_redirect=on;reg=static;pkce=off;pkce_as=lax"),
        (WORLDS["delegation"], "delegation_confinement", "instance=derived"),
        (WORLDS["aauth"], "authorization", "design=aauth;cap=mal_rs"),
        ("solo", "authorization", "cap=mal_as;iss_check=require"),
    ],
    ids=["mixup", "redirects", "delegation", "aauth", "solo"],
)
def test_spin_sees_the_states_that_the_machine_has(world, name, text, small_worlds):
    """Where nothing is violated SPIN stores every reachable state, whichever world it is given."""
    world, configuration, prop = small_worlds.get(world, world), parse(text), find(name)
    found = explore(configuration, world, (prop,))
    run = spin(promela(world, configuration, prop), found.states)
    assert found.first == {}
    assert (run.states, run.steps) == (found.states, None)


@pytest.mark.parametrize("name", ["code_delivery", "authorization"])
def test_spin_finds_the_shortest_attack(name):
    """Breadth first, SPIN needs as many actions as the machine."""
    configuration, prop = parse("cap=mal_as;iss_check=off"), find(name)
    found = explore(configuration, MIXUP, (prop,))
    run = spin(promela(MIXUP, configuration, prop), found.states, breadth_first=True)
    assert run.steps == found.first[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["solo", "alone", "tiny", "both", "aauth", "delegation"])
def test_spin_says_what_the_solver_says(name, small_worlds, sample):
    """Random properties, designs and attackers, where SPIN gets through the states: the same answer and length."""
    world = small_worlds[name] if name in small_worlds else WORLDS[name]
    checker, rng, compared = Checker(world), random.Random(f"spin {name}"), 0
    asked = [prop for prop in PROPERTIES.values() if prop.kind == "security" and prop.defined(world)]
    for _ in range(40):
        prop, configuration = rng.choice(asked), sample(rng, rng.choice((0.05, 0.1, 0.2)))
        try:
            states = explore(configuration, world, (prop,), limit=20_000).states
        except TooManyStatesError:
            continue
        run = spin(promela(world, configuration, prop), states, breadth_first=True)
        assert run.steps == checker.verdict(prop, configuration).steps, (prop.code, str(configuration))
        compared += 1
    assert compared >= 10


def test_macros_decide_designs():
    """One text with macros stands for several designs: as given, and as the options of spin say."""
    base, prop = parse("cap=mal_as;iss_check=require"), find("code_delivery")
    text = promela(MIXUP, base, prop, ["iss_check", "as_trust"])
    for changes in ({}, {"iss_check": "off"}, {"iss_check": "off", "as_trust": "allowlist"}):
        design = Configuration(base.design.but(**changes), base.capabilities)
        found = explore(design, MIXUP, (prop,))
        run = spin(text, found.states, macros=[macro(*change) for change in changes.items()])
        assert (run.steps is None) == (not found.first)
        if run.steps is None:
            assert run.states == found.states
