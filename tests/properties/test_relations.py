"""Relations between answers: they hold of generated questions, and what breaks one is told with how to see it."""

from importlib.resources import files

import pytest
from worlds import EACH_TIME

from benchmarks import _relations as relations
from benchmarks._relations import (
    READINGS,
    RELATIONS,
    Account,
    Answerer,
    Couple,
    Draw,
    Posed,
    Unlike,
    excuses,
    grown,
    written,
)
from benchmarks.relations import Replay
from model.action import Context
from model.design import Design, parse
from model.errors import InputError
from model.world_file import WORLDS, find_world
from properties.verdict import check

#: Rounds of all relations in the quick tests; `make relations` goes on for as long as it is let.
ROUNDS = 1


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(relations, "FOLDER", tmp_path)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", EACH_TIME)
def test_a_switch_for_everybody_is_that_switch_for_each(name):
    """Where every party has a switch for itself nothing reads that of everybody, whatever is asked."""
    assert relations.read_of_everybody(WORLDS[name]) == []


def test_a_switch_that_is_read_of_everybody_is_found(monkeypatch):
    """Parties whose own switches nobody asks about."""
    monkeypatch.setattr(Context, "of", lambda self, party: self.switches)
    assert "as_dpop" in relations.read_of_everybody(WORLDS["several_as"])


def test_relations_hold_of_generated_questions():
    """Nothing differs for which there is no reason on file; the questions are ones in which something can."""
    made = relations.run(seed=7, rounds=ROUNDS)
    assert made.new == []
    assert sum(made.attacked[name] for name in RELATIONS) >= ROUNDS
    assert all(made.asked[name] for name in RELATIONS if name != "a_larger_world")


def test_excuses_still_excuse_something():
    """What is on file is about a relation that there is, and its two questions still differ."""
    assert {excuse.relation for excuse in excuses()} <= RELATIONS.keys() | READINGS.keys()
    assert relations.stale(Answerer(timeout=None)) == []
    for excuse in excuses():
        assert excuse.covers(Unlike(excuse.relation, excuse.change, written(excuse.first), written(excuse.second), ""))


class Liar(Answerer):
    """Says that whoever has two capabilities attacks nothing, and that there is an attack else."""

    def result(self, question: Posed):
        return "safe" if len(question.configuration.capabilities) > 1 else "attack"


def test_a_difference_is_told_with_both_commands():
    """In one line."""
    one = written("AZ cap=mal_as;iss_check=off")
    found = relations.compare(Liar(), "one_capability_more", Couple(one, one.able("lure"), "+lure"), Account())
    assert str(found) == (
        'one_capability_more (+lure): attack, safe: openworld verdict AZ "cap=mal_as;iss_check=off" ; '
        'openworld verdict AZ "cap=mal_as+lure;iss_check=off"'
    )
    assert Account().add(found)


@pytest.mark.slow
def test_stricter_values_are_known_from_rules_and_from_the_lattice():
    """Those that a rule accepts less under, whatever it is about."""
    known = set(relations.weaker())
    assert {
        ("iss_check", "require", "off"),
        ("audience_check", "exact", "prefix"),
        ("dpop", "token+code", "none"),
    } <= known
    assert not {(switch, lax, strict) for switch, strict, lax in known} & known


@pytest.mark.parametrize("name", WORLDS)
def test_shipped_worlds_grow(name):
    """By a party, a session, a grant, or somebody whom more is trusted."""
    world = WORLDS[name]
    text = files("model").joinpath("worlds", f"{name}.toml").read_text(encoding="utf-8")
    own = [kind for kind in ("trust", "grant") if f"{kind}s" in text]  # the others are of the world that it is like
    for addition in (*own, *relations.larger(world)):
        more = find_world(grown(world, addition))
        assert more != world
        assert len(more.parties) + len(more.sessions) + len(more.grants) >= len(world.parties) + len(world.sessions)


def test_a_world_without_oauth_has_no_place_for_a_sub_agent():
    """What cannot be added is said, and the relation goes on to the next question."""
    with pytest.raises(InputError, match="no place for idle_agent"):
        grown(WORLDS["aauth"], "idle_agent")


def test_a_world_of_two_protocols_takes_a_sub_agent():
    """Tokens of sub-agents are no auth tokens of AAuth."""
    path = grown(WORLDS["aauth_and_oauth"], "idle_agent")
    assert check("authorization", parse(f"world={path};cap=mal_rs;protocol=aauth")).result == "safe"


def test_the_same_seed_draws_the_same_questions():
    """So that what was found can be found again."""
    first, second = ([Draw(3).question() for _ in range(3)] for _ in range(2))
    assert first == second


MIXUP = "AZ cap=mal_as;iss_check=off;splice=yes"


#: A code is redeemed, and what came of it is exchanged.
EXCHANGED = "AZ cap=mal_as+mal_rs;world=aauth_and_oauth;reg=dcr;rt_pin=off;exchange=own"


@pytest.mark.parametrize("asked", [MIXUP, EXCHANGED])
def test_a_run_is_replayed_against_played_servers(asked):
    """A code is issued and redeemed and its token served, by servers that know nothing but what was drawn."""
    question = written(asked)
    replay = Replay(Answerer().trace(question), question.world)
    assert list(replay.refused()) == []
    assert len(replay.codes) == 1
    assert replay.codes.keys() == replay.tokens.keys()


def test_a_played_server_that_is_stricter_refuses_a_run(monkeypatch):
    """One that takes only pushed requests, where the run has one by value."""
    question = written(MIXUP)
    trace = Answerer().trace(question)
    monkeypatch.setattr(Replay, "_design", lambda self, party: Design({"par": "required"}))
    refused = list(Replay(trace, question.world).refused())
    assert ("AuthorizationResponse", "authorization_server.request_was_pushed") in refused
