"""The mix-up at every size: search and solver find the same, and the theft of a code is as short at each."""

import itertools
import random

import pytest
from explicit import explore

from benchmarks.worlds import MOST_SERVERS, mixup
from model.design import Configuration, Design, parse
from model.errors import InputError
from model.switches import SWITCHES
from properties.checker import Checker
from properties.designs import MECHANISMS, Lattice
from properties.security import find
from properties.shortest import confirm
from properties.verdict import check

CHECKED, UNCHECKED = parse("cap=mal_as;iss_check=require"), parse("cap=mal_as;iss_check=off")
#: Reachable states by servers and sessions, with the check on. The attacker answers with any endpoints it likes and
#: opens flows of its own in a browser that came to it, so that sessions do not just multiply them.
STATES = {(2, 1): 115, (3, 1): 717, (4, 1): 4871, (2, 2): 6697}
#: The fewest actions to each event, with the check off: every message of the flow counts for one.
SHORTEST = {"code_delivery": 7, "authorization": 9}
ASKED = tuple(map(find, SHORTEST))
#: Servers and sessions that an explicit search is through with at once, and in seconds.
SMALL = [(2, 1), pytest.param(3, 1, marks=pytest.mark.slow)]


@pytest.mark.parametrize(
    ("servers", "sessions"),
    [pytest.param(*size, marks=pytest.mark.slow if STATES[size] > 1_000 else ()) for size in STATES],
)
def test_states_are_as_many_as_pinned(servers, sessions):
    """With the check on there are as many states as pinned, and no attack in any of them."""
    found = explore(CHECKED, mixup(servers, sessions), ASKED)
    assert (found.states, found.first) == (STATES[servers, sessions], {})


@pytest.mark.parametrize(("servers", "sessions"), SMALL)
def test_without_the_check_the_attacks_are_as_short_as_pinned(servers, sessions):
    """Without the check a code is lost after seven actions and a token after nine, and there are more states."""
    found = explore(UNCHECKED, mixup(servers, sessions), ASKED)
    assert found.first == SHORTEST
    assert found.states > STATES[servers, sessions]


@pytest.mark.parametrize(
    ("servers", "sessions"), [*SMALL, *(pytest.param(*size, marks=pytest.mark.slow) for size in ((3, 2), (4, 3)))]
)
def test_the_solver_agrees_at_every_size(servers, sessions):
    """The solver finds the same, also where the states are too many to visit, and its traces replay."""
    world = mixup(servers, sessions)
    for name, steps in SHORTEST.items():
        safe = check(name, CHECKED, world)
        assert (safe.result, safe.steps, safe.bound.proved) == ("safe", None, True)
        assert safe.reach.startswith("complete")
        assert {"client.iss_matches_recorded_issuer", "client.metadata_issuer_matches"} <= set(safe.blocked_by)
        attack = check(name, UNCHECKED, world)
        assert (attack.result, attack.steps) == ("attack", steps)
        assert attack.reach.startswith("shortest trace")
        confirm(attack.trace, find(name))


@pytest.mark.slow
def test_search_and_solver_agree_on_random_designs():
    """Both give the same verdict and the same shortest length over what the rules of this world read."""
    rng, world = random.Random(5), mixup(2, 1)
    read = [
        "iss_check",
        "h_iss",
        "md_issuer_check",
        "md_corroborate",
        "as_trust",
        "a_enrolled",
        "per_as_redirect",
        "reg",
        "cimd_docs",
        "unique_cid",
        "pkce",
        "pkce_as",
        "pkce_policy",
        "state",
        "dpop",
        "dpop_policy",
        "dpop_key",
    ]
    checker, events = Checker(world), 0
    for _ in range(4):
        values = {name: rng.choice(SWITCHES[name].values) for name in read if rng.random() < 0.5}
        configuration = Configuration(Design(values), frozenset({"mal_as"}))
        found = explore(configuration, world, ASKED).first
        assert found == {
            prop.name: verdict.steps
            for prop in ASKED
            if (verdict := checker.verdict(prop, configuration)).result == "attack"
        }
        events += len(found)
    assert 0 < events < 8


@pytest.mark.slow
def test_lattice_of_this_world_is_what_trying_every_design_finds():
    """The minimal sufficient sets, found by questions to one formula, are those found by search design by design."""
    world, base = mixup(2, 1), parse("cap=mal_as")
    names = ["iss_always_compared", "metadata_issuer_check", "redirect_per_as", "dpop"]
    lattice = {name: MECHANISMS[name] for name in names}
    lattice["registration_per_as"] = ("reg", "cimd", "static")
    sets = [frozenset(on) for size in range(6) for on in itertools.combinations(lattice, size)]
    attacked = set()
    for on in sets:
        values = {switch: with_ if name in on else without for name, (switch, without, with_) in lattice.items()}
        configuration = Configuration(base.design.but(**values), base.capabilities)
        if "authorization" in explore(configuration, world, ASKED).first:
            attacked.add(on)
    enough = [on for on in sets if not any(on <= attack for attack in attacked)]
    smallest = {on for on in enough if not any(other < on for other in enough)}
    found = Lattice(["authorization"], base.capabilities, mechanisms=lattice, world=world).enumerate()
    assert set(found.sufficient) == smallest
    assert len(smallest) > 1


@pytest.mark.slow
def test_without_the_attackers_server_there_is_no_mixup():
    """The attacker can do nothing where it runs no server, whatever is checked."""
    found = explore(parse("iss_check=off"), mixup(3, 2), ASKED)
    assert found.first == {}


def test_sizes_make_the_cast():
    """A world of a size has so many servers, one of them the attacker's, so many sessions, and a name that says so."""
    for servers, sessions in itertools.product((2, 5), (1, 4)):
        world = mixup(servers, sessions)
        assert (len(set(world.servers)), len(set(world.sessions))) == (servers, sessions)
        assert sum(not server.honest for server in world.servers) == 1
        assert world.name == f"mixup-{servers}-{sessions}"


@pytest.mark.parametrize(("servers", "sessions"), [(1, 1), (MOST_SERVERS + 1, 1), (2, 0)])
def test_sizes_that_make_no_sense_are_refused(servers, sessions):
    """One line says what is wrong and what is allowed."""
    with pytest.raises(InputError, match="not"):
        mixup(servers, sessions)
