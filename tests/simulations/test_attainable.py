"""What some attacker could do is told apart from what one did that takes the gravest harm it can."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from model.world import World
from properties.security import PROPERTIES
from properties.solver import Answer
from properties.verdict import Checker
from simulations import visits
from simulations.attempts import situations
from simulations.crowd import judge_all
from simulations.experiments import find, run
from simulations.population import load
from simulations.visits import HARMS, ONE_VISIT, plan_for

MET = load("measured_2026")
FOUND = situations(MET)


def sent_to(url: str) -> World:
    """The world of one visit, in which the agent is sent to this URL alone."""
    party = ONE_VISIT.by_url[url].name
    sessions = tuple(replace(each, visits=(party,)) for each in ONE_VISIT.sessions)
    return replace(ONE_VISIT, name=f"one_visit_to_{party}", sessions=sessions)


@pytest.mark.parametrize("number", [24, pytest.param(1_000, marks=pytest.mark.slow)])
def test_attainable_is_what_the_solver_says_of_the_situation(number: int) -> None:
    """Of situations drawn at random and a harm each, half of them such that can be attained."""
    chance = random.Random(20261127)
    checkers: dict[str, Checker] = {}
    attained = 0
    for _ in range(number):
        configuration, url = FOUND.configuration((), chance.randrange(FOUND.count), {})
        attainable = plan_for(configuration, url).ending.attainable
        harm = chance.choice(attainable) if attainable and chance.random() < 0.5 else chance.choice(HARMS)
        checker = checkers.setdefault(url, Checker(sent_to(url)))
        happens = checker.about(harm, configuration).happens(PROPERTIES[harm], configuration)
        assert happens.answer is (Answer.SAT if harm in attainable else Answer.UNSAT), (harm, str(configuration), url)
        attained += harm in attainable
    assert number / 10 < attained < number


def test_what_is_suffered_is_attainable() -> None:
    """In time and late; most of those who suffer something could have suffered something else."""
    codes = np.arange(0, FOUND.count, max(1, FOUND.count // 400))
    plans = judge_all(FOUND, ((),), codes).plans
    for label in (label for plan in plans for label in (plan.ending, plan.late)):
        assert set(label.harms) <= set(label.attainable)
    assert any(set(plan.ending.attainable) > set(plan.ending.harms) != set() for plan in plans)
    assert all(set(plan.late.attainable) <= set(plan.ending.attainable) for plan in plans)


def test_what_is_attainable_does_not_depend_on_what_is_thought_grave(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker that takes the least grave harm does others, and could have done the same."""
    codes = np.arange(0, FOUND.count, max(1, FOUND.count // 200))
    before = judge_all(FOUND, ((),), codes)
    real = visits.merit
    monkeypatch.setattr(visits, "merit", lambda harmed, *others: real(list(harmed)[::-1], *others))
    after = judge_all(FOUND, ((),), codes)
    changed = 0
    for old, new in zip(before.plan.tolist(), after.plan.tolist(), strict=True):
        one, other = before.plans[old].ending, after.plans[new].ending
        assert one.attainable == other.attainable
        changed += one.harms != other.harms
    assert changed > 10


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
