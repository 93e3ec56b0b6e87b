"""The benchmark world: as many reachable states and as short attacks as five encodings elsewhere count."""

from __future__ import annotations

import itertools
import random

import pytest

from model.design import Configuration, Design, parse
from model.errors import InputError
from model.switches import SWITCHES
from model.world import ATTACKER_AS, FURTHER_SERVERS, MIXUP, WORLDS, mixup
from properties.designs import MECHANISMS, Lattice
from properties.explore import explore
from properties.security import find
from properties.solver import Answer
from properties.verdict import Checker, check, confirm

CHECKED, UNCHECKED = parse("cap=mal_as;iss_check=require"), parse("cap=mal_as;iss_check=off")
#: Reachable states of one session by the number of servers, with the check on; sessions multiply them.
STATES = {2: 24, 3: 83, 4: 284}
#: The fewest actions to each event, with the check off.
SHORTEST = {"code_delivery": 5, "authorization": 6}
ASKED = tuple(map(find, SHORTEST))
#: Servers and sessions that an explicit search is through with in seconds.
SMALL = [(2, 1), (3, 1), (4, 1), (2, 2)]
LARGE = [(3, 2), (2, 3)]


@pytest.mark.parametrize(
    ("servers", "sessions"), [*SMALL, *(pytest.param(*size, marks=pytest.mark.slow) for size in LARGE)]
)
def test_states_are_as_many_as_pinned(servers, sessions):
    """With the check on, every session has as many states as pinned, whatever the others do, and no attack."""
    found = explore(CHECKED, mixup(servers, sessions), ASKED)
    assert (found.states, found.first) == (STATES[servers] ** sessions, {})


@pytest.mark.parametrize(("servers", "sessions"), SMALL)
def test_without_the_check_the_attacks_are_as_short_as_pinned(servers, sessions):
    """Without the check a code is lost after five actions and a token after six, and there are more states."""
    found = explore(UNCHECKED, mixup(servers, sessions), ASKED)
    assert found.first == SHORTEST
    assert found.states > STATES[servers] ** sessions


@pytest.mark.parametrize(("servers", "sessions"), [*SMALL, *LARGE, (4, 2), (4, 3)])
def test_the_solver_agrees_at_every_size(servers, sessions):
    """The solver finds the same, also where the states are too many to visit, and its traces replay."""
    world = mixup(servers, sessions)
    for name, steps in SHORTEST.items():
        safe = check(name, CHECKED, world)
        assert (safe.result, safe.steps) == ("safe", None)
        assert safe.reach.startswith("complete")
        assert safe.blocked_by == ("client.iss_matches_recorded_issuer", "client.metadata_issuer_matches")
        attack = check(name, UNCHECKED, world)
        assert (attack.result, attack.steps) == ("attack", steps)
        confirm(attack.trace, find(name))


@pytest.mark.parametrize(
    ("servers", "sessions"), [*SMALL, *LARGE, (4, 2), pytest.param(4, 3, marks=pytest.mark.slow)]
)
def test_runs_have_as_many_layers_as_it_takes(servers, sessions, clauses):
    """Seven from discovery to the theft of a token, two more for each further session, and no run has more."""
    world, most = mixup(servers, sessions), 5 + 2 * sessions
    for layers, answer in ((most + 1, Answer.UNSAT), (most, Answer.SAT)):
        made = clauses(world, layers)
        last = made.any_of(made.laid.last_layer)
        assert made.solver.check([last]) is answer


def test_search_and_solver_agree_on_random_designs():
    """Both give the same verdict and the same shortest length over what the rules of this world read."""
    rng, world = random.Random(5), mixup(3, 1)
    read = [
        "iss_check", "h_iss", "md_issuer_check", "md_corroborate", "as_trust", "a_enrolled", "per_as_redirect", "reg",
        "cimd_docs", "unique_cid", "pkce", "pkce_as", "pkce_policy", "state", "dpop", "dpop_policy", "dpop_key",
    ]  # fmt: skip
    checker, events = Checker(world), 0
    for _ in range(60):
        values = {name: rng.choice(SWITCHES[name].values) for name in read if rng.random() < 0.5}
        configuration = Configuration(Design(values), frozenset({"mal_as"}))
        found = explore(configuration, world, ASKED).first
        assert found == {
            prop.name: verdict.steps
            for prop in ASKED
            if (verdict := checker.verdict(prop, configuration)).result == "attack"
        }
        events += len(found)
    assert 20 < events < 100


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


def test_without_the_attackers_server_there_is_no_mixup():
    """The attacker can do nothing where it runs no server, whatever is checked."""
    found = explore(parse("iss_check=off"), mixup(3, 2), ASKED)
    assert found.first == {}


def test_sizes_make_the_cast():
    """A world of a size has so many servers, the last the attacker's, so many sessions, and a name that says so."""
    for servers, sessions in itertools.product((2, 5), (1, 4)):
        world = mixup(servers, sessions)
        assert (len(set(world.servers)), len(set(world.sessions))) == (servers, sessions)
        assert [server == ATTACKER_AS for server in world.servers] == [False] * (servers - 1) + [True]
        assert world.name == f"mixup-{servers}-{sessions}"
    assert WORLDS[MIXUP.name] == MIXUP


@pytest.mark.parametrize(("servers", "sessions"), [(1, 1), (len(FURTHER_SERVERS) + 3, 1), (2, 0)])
def test_sizes_that_make_no_sense_are_refused(servers, sessions):
    """One line says what is wrong and what is allowed."""
    with pytest.raises(InputError, match="not"):
        mixup(servers, sessions)
