"""What some attacker could do is told apart from what one did that takes the gravest harm it can."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from one_by_one import Visit, met, visit_of

from model.design import Configuration, Design
from model.errors import InputError
from model.model import oauth
from model.switches import SWITCHES
from model.world import World
from properties.checker import Checker
from properties.engine import Answer
from properties.security import PROPERTIES
from simulations import vectorised
from simulations.attempts import situations, world_of
from simulations.crowd import judge_all
from simulations.experiment import Experiment
from simulations.experiments import find, population_for, run
from simulations.harms import GRAVEST, STRATEGIES, Strategy, by_money, every_harm
from simulations.population import load
from simulations.results import outcomes_of
from simulations.scope import preparations
from simulations.visits import ONE_VISIT, PLACES, Label, Plan

BySituation = Callable[[Strategy], list[Plan]]
MET = load("measured_2026").with_shares("place", {"honest_api": 0.9, "malicious_rs": 0.1})
FOUND = situations(MET)


def small(name: str, *values: float) -> Experiment:
    """An experiment at a few points of its sweep."""
    return replace(find(name), values=values)


@cache
def sent_to(world: World, url: str) -> Checker:
    """Who checks the world of a visit in which the agent is sent to this URL alone."""
    party = world.by_url[url].name
    sessions = tuple(replace(each, visits=(party,)) for each in world.sessions)
    return Checker(replace(world, name=f"{world.name}_to_{party}", sessions=sessions))


def happens(harm: str, visit: Visit) -> Answer:
    """What the solver says of a harm in a visit."""
    checker = sent_to(visit.world, visit.url)
    return checker.about(harm, visit.configuration).happens(PROPERTIES[harm], visit.configuration).answer


@pytest.mark.parametrize("number", [24, pytest.param(1_000, marks=pytest.mark.slow)])
def test_attainable_is_what_the_solver_says_of_the_situation(number: int) -> None:
    """Of situations drawn at random and a harm each, half of them such that can be attained."""
    chance = random.Random(20261127)
    attained, reader = 0, vectorised.ArrayReader(FOUND, ((),))
    for _ in range(number):
        code = chance.randrange(FOUND.count)
        visit, ((plan,),) = visit_of(FOUND, (), code), reader.plans(np.array([code]))
        attainable = plan.ending.attainable
        harm = chance.choice(attainable) if attainable and chance.random() < 0.5 else chance.choice(every_harm())
        assert happens(harm, visit) is (Answer.SAT if harm in attainable else Answer.UNSAT), (harm, str(visit))
        attained += harm in attainable
    assert number / 10 < attained < number


AAUTH = {"protocol": "aauth"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("place", "switches"),
    [
        *((place, AAUTH) for place in ("malicious_rs", "malicious_rs_and_as", "made_up_client", "forged_challenge")),
        ("malicious_rs_and_as", AAUTH | {"resource_token_check": "off"}),
        ("malicious_tenant", AAUTH | {"rs_trust": "any"}),
        *(("malicious_sub_agent", {"instance": instance}) for instance in SWITCHES["instance"].values),
        ("malicious_sub_agent", {"instance": "derived", "delegation_expiry": "token"}),
    ],
)
def test_attainable_is_what_the_solver_says_under_aauth_and_of_sub_agents(place: str, switches: dict[str, str]) -> None:
    """Of every harm, in the world of the visit."""
    url, capabilities, _, _ = PLACES[place]
    design = Design(switches)
    visit = Visit(Configuration(design, capabilities), url, world_of(place, design.protocol, design.model))
    found = met(place, design).ending.attainable
    assert visit.world is not ONE_VISIT
    assert [harm for harm in every_harm() if happens(harm, visit) is not Answer.UNSAT] == list(found)


def test_what_is_suffered_is_attainable() -> None:
    """In time and late; most of those who suffer something could have suffered something else."""
    codes = np.arange(0, FOUND.count, max(1, FOUND.count // 400))
    plans = judge_all(FOUND, ((),), codes).plans
    for label in (label for plan in plans for label in (plan.ending, plan.late)):
        assert set(label.harms) <= set(label.attainable)
    assert any(set(plan.ending.attainable) > set(plan.ending.harms) != set() for plan in plans)
    assert all(set(plan.late.attainable) <= set(plan.ending.attainable) for plan in plans)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multi_tenant", pytest.param("iss", marks=pytest.mark.slow)])
def test_no_attainable_rate_depends_on_what_attackers_are_after(name: str) -> None:
    """Whatever order the properties are in, other harms are done, and the same could have been."""
    asked = small(name, 0.5)
    unit = asked.unit(population_for(asked, None), asked.values[0], "1", 0)
    backwards = replace(GRAVEST, name="backwards", values=lambda model: GRAVEST.values(model)[::-1])
    mixed = tuple(random.Random(7).sample(GRAVEST.values(oauth()), len(every_harm())))
    shuffled = replace(GRAVEST, name="shuffled", values=lambda model: mixed)
    rates: dict[str, dict[tuple[int, str, str], float]] = {}
    for after in (GRAVEST, backwards, shuffled, STRATEGIES["money"]):
        found: Counter[tuple[int, str, str]] = Counter()
        for joint, share in vectorised.expected(unit.population, unit.arms, unit.adoption, after).items():
            for place, label in enumerate(joint):
                found.update({(place, *outcome): share for outcome in outcomes_of(label)})
        rates[after.name] = found
    attainable, harms = (
        {after: {key: share for key, share in found.items() if key[1] == kind} for after, found in rates.items()}
        for kind in ("attainable", "harm")
    )
    assert all(found == pytest.approx(attainable["gravest"]) for found in attainable.values())
    assert harms["backwards"] != pytest.approx(harms["gravest"])


@pytest.mark.slow
def test_the_best_response_is_worth_no_less_than_staying(by_situation: BySituation) -> None:
    """In no situation, and somewhere it is more."""
    money, best = (by_situation(STRATEGIES[name]) for name in ("money", "best_response"))
    stays, moves = (np.array([worth(plan.ending) for plan in plans]) for plans in (money, best))
    assert (moves >= stays).all()
    assert (moves > stays).any()


@pytest.mark.slow
def test_who_is_after_money_gets_no_less_of_it_than_who_is_after_the_gravest(by_situation: BySituation) -> None:
    gravest, money = (by_situation(STRATEGIES[name]) for name in ("gravest", "money"))
    assert all(worth(rich.ending) >= worth(grave.ending) for grave, rich in zip(gravest, money, strict=True))


@pytest.fixture(scope="module")
def by_situation() -> BySituation:
    """The plan of each of some situations, for what attackers are after."""
    found = situations(load("hostile"))
    codes = np.arange(0, found.count, max(1, found.count // 200))

    @cache
    def planned(after: Strategy) -> list[Plan]:
        judged = judge_all(found, ((),), codes, strategy=after)
        return [judged.plans[number] for number in judged.plan.tolist()]

    return planned


def worth(label: Label) -> int:
    """What an ending brings the attacker, by the stated values."""
    values = dict(zip(every_harm(), by_money(), strict=True))
    return sum(values[harm] for harm in label.harms)


def test_a_flow_in_which_nothing_else_breaks_is_not_harmed_by_a_token_for_something_else() -> None:
    """That is attainable, as the solver says; what is suffered of it is suffered beside something else."""
    plans = judge_all(FOUND, ((),), np.arange(0, FOUND.count, max(1, FOUND.count // 400))).plans
    endings = [plan.ending for plan in plans]
    assert any("resource_binding" in ending.attainable and not ending.harms for ending in endings)
    assert not any(ending.harms == ("resource_binding",) for ending in endings)


def test_an_attacker_that_there_is_none_of_is_told_in_a_line() -> None:
    with pytest.raises(InputError, match="unknown attacker 'greedy'; allowed: gravest, money, best_response"):
        run("iss", attempts=10, attacker="greedy")
    with pytest.raises(InputError, match="attackers of 'slash' have no choice: it counts layers"):
        run("slash", attempts=10, attacker="money")


@pytest.mark.slow
def test_a_defence_that_moves_an_attacker_on_prevents_nothing_there() -> None:
    """Requiring iss changes how often a flow begins at an AS that nobody vouches for, and not how often it could."""
    asked = replace(find("iss"), values=(0.5,), arms=("iss_check=off", "iss_check=require"))
    differences = run(asked, attempts=4_000, replications=2).differences
    moved = differences[differences.outcome == "as_acceptance"].set_index("kind")
    assert moved.difference["attainable"] == 0
    assert moved.gained["attainable"] == moved.lost["attainable"] == 0
    assert moved.difference["harm"] != 0
    stopped = differences[(differences.outcome == "code_delivery") & (differences.kind == "attainable")]
    assert (stopped.difference < 0).all()


def test_an_attacker_prepares_only_what_no_property_reads_and_what_hinders_nothing() -> None:
    """Registering is such a step; handing in a stolen token is a harm, and a code that is redeemed is gone."""
    prepared = {name.partition("[")[0] for name in preparations(ONE_VISIT)}
    assert prepared == {"attacker.register"}
