"""The rules read over arrays decide what the machine decides, attempt by attempt."""

import random
from collections import Counter
from itertools import product

import numpy as np
import pytest
from one_by_one import Visit, best_plan, plan_for, visit_of

from model.design import Configuration, Design
from model.switches import SWITCHES
from simulations import vectorised
from simulations.attempts import draw_codes, draw_latency, situations
from simulations.crowd import crowd, judge, rows
from simulations.harms import GRAVEST, STRATEGIES, Strategy
from simulations.population import Population, PopulationError, load
from simulations.population_schema import drawn
from simulations.visits import ONE_VISIT, PLACES, Label, Plan, Settings

HERE = [name for name, place in PLACES.items() if place.world is ONE_VISIT]
EVERYWHERE = dict.fromkeys(HERE, 1 / len(HERE))
HOSTILE = (
    load("shared_origins")
    .with_shares("place", EVERYWHERE)
    .with_shares("as_resource", {"honor": 0.4, "ignore": 0.3, "add": 0.2, "substitute": 0.1})
)


def compared(
    population: Population, arms: tuple[Settings, ...], attempts: int, adoption: float = 1.0, after: Strategy = GRAVEST
) -> int:
    """Hold attempts, each under one arm in turn, against the machine; return how many different endings there were."""
    read = [
        row
        for chunk in vectorised.attempts(population, arms, "1/0", attempts, adoption=adoption, strategy=after)
        for row in zip(*chunk, strict=True)
    ]
    found, codes = situations(population), draw_codes(population, "1/0", 0, attempts, adoption)
    late = draw_latency(population, "attacker", "1/0", 0, attempts) > population.number("token_lifetime")
    for number, (ended, code, in_vain) in enumerate(zip(read, codes.tolist(), late.tolist(), strict=True)):
        turn = number % len(arms)
        plan = best_plan(found, arms[turn], code, after)
        assert ended[turn] == (plan.late if in_vain else plan.ending)
    return len(set(read))


@pytest.mark.parametrize(
    ("adoption", "attempts"), [(0.4, 8), *(pytest.param(share, 1_000, marks=pytest.mark.slow) for share in (1.0, 0.4))]
)
def test_agrees_with_the_machine_visit_by_visit(adoption: float, attempts: int) -> None:
    """The same draws, the same endings, for designs that differ in what they let in."""
    arms: tuple[Settings, ...] = (
        (),
        (("prm", "prefix"),),
        (("echo", "req"), ("cache_key", "issuer")),
        (("iss_check", "off"), ("h_iss", "no"), ("dpop", "token")),
    )
    assert compared(HOSTILE, arms, attempts, adoption) > 5


def test_agrees_where_attackers_go_where_most_is_left_open() -> None:
    """Among servers of theirs; where much leaks as well, most go where it does, and fewer endings are left."""
    servers = ["honest_api", "malicious_rs", "malicious_rs_and_as"]
    among = HOSTILE.with_shares("place", {name: 1 / len(servers) for name in servers})
    assert compared(among, ((), (("prm", "prefix"),)), 8, after=STRATEGIES["best_response"]) > 2


# Runs of some have a hundred thousand states, of which the machine visits every one.
@pytest.mark.parametrize(
    ("number", "places"), [(3, 2), *(pytest.param(many, None, marks=pytest.mark.slow) for many in (1, 3, 5, 7))]
)
def test_agrees_on_any_design(number: int, places: int | None) -> None:
    """Designs picked at random, mechanisms and environment alike; a switch that is added leaves the others as drawn."""
    arm = tuple((name, random.Random(f"{number} {name}").choice(SWITCHES[name].values)) for name in drawn())
    there = [name for name, place in PLACES.items() if place.under(dict(arm)["protocol"])][:places]
    compared(HOSTILE.with_shares("place", dict.fromkeys(there, 1 / len(there))), (arm,), 200)


def test_agrees_among_servers_as_measured() -> None:
    """A factor that sets several switches at once is read as its rows say."""
    met = load("measured_2026").with_shares("place", {"honest_api": 0.5, "malicious_rs": 0.5})
    assert compared(met, ((), (("echo", "req_strict"),)), 150) > 5


@pytest.mark.parametrize(
    ("places", "arms"),
    [
        (
            ("sub_agent", "malicious_sub_agent"),
            ((), (("instance", "workload"),), (("instance", "derived"), ("delegation_expiry", "token"))),
        ),
        (
            ("honest_api", "malicious_rs_and_as", "malicious_tenant", "made_up_client", "forged_challenge"),
            ((("protocol", "aauth"),), (("protocol", "aauth"), ("resource_token_check", "off"))),
        ),
    ],
)
@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_passes_under_aauth_and_with_sub_agents_as_the_machine_does(
    places: tuple[str, ...], arms: tuple[Settings, ...], every: int
) -> None:
    """Each visit in its world, of those who adopt and those who do not; there are different endings."""
    found = situations(load("swept").with_shares("place", dict.fromkeys(places, 1 / len(places))))
    seen, codes = set(), np.arange(0, found.count, every)
    for code, read in zip(codes.tolist(), vectorised.ArrayReader(found, arms).plans(codes), strict=True):
        for arm, plan in zip(arms, read, strict=True):
            assert plan == plan_for(visit_of(found, arm, code))
            seen.add(plan)
    assert len(seen) >= len(places)


def test_what_breaks_among_strangers_is_refused_by_both_readers() -> None:
    """Nobody is diverted who meets no attacker, although something breaks in flows that somebody refuses later."""
    found = situations(load("swept").with_shares("place", {"honest_api": 0.5, "malicious_rs": 0.5}))
    arms: tuple[Settings, ...] = (
        (("listed", "no"), ("as_echo", "no"), ("echo", "req_strict")),
        (("listed", "no"), ("rs_trust", "federation")),
    )
    kinds, codes = set(), np.arange(found.count)
    for code, read in zip(codes.tolist(), vectorised.ArrayReader(found, arms).plans(codes), strict=True):
        for arm, plan in zip(arms, read, strict=True):
            asked = visit_of(found, arm, code)
            assert plan.ending == plan_for(asked).ending
            kinds.add((plan.ending.kind, bool(plan.ending.harms), bool(asked.configuration.capabilities)))
    assert ("refused", True, False) in kinds
    assert not {kind for kind, _, attacked in kinds if not attacked} & {"diverted", "blocked"}


@pytest.mark.parametrize("many", [4, pytest.param(16, marks=pytest.mark.slow)])
@pytest.mark.parametrize("held", [(), (("warm", "yes"),)])
def test_passes_in_time_as_the_machine_does(held: Settings, many: int) -> None:
    """Waits, what is stolen on the way and what a thief that is late comes to, deployed clients and all."""
    met = load("measured_2026").deployed().with_shares("place", EVERYWHERE)
    arms: tuple[Settings, ...] = ((), (("reg", "dcr"), ("par", "required")), (("cache_key", "issuer"),))
    found, codes = situations(met), np.unique(draw_codes(met, "1", 0, many, 0.5))
    for code, read in zip(codes.tolist(), vectorised.ArrayReader(found, arms, held).plans(codes), strict=True):
        for arm, plan in zip(arms, read, strict=True):
            assert plan == plan_for(visit_of(found, arm, code, dict(held)))


@pytest.mark.parametrize("many", [10, pytest.param(400, marks=pytest.mark.slow)])
def test_any_crowd_gives_the_same(many: int) -> None:
    """Judging rows one by one, all together, shuffled or repeated makes no difference."""
    found = situations(HOSTILE)
    codes = draw_codes(HOSTILE, "1", 0, many, 0.5)
    arm = (("prm", "prefix"), ("audience_check", "prefix"))

    def judged(asked: np.ndarray) -> list[Plan]:  # type: ignore[type-arg]
        ended = judge(crowd(found, rows(found, (arm,), asked), ONE_VISIT))
        return [ended.plans[number] for number in ended.plan]

    together = judged(codes)
    order = np.random.default_rng(1).permutation(many)
    assert judged(codes[order]) == [together[place] for place in order]
    assert [judged(codes[place : place + 1])[0] for place in range(many // 10)] == together[: many // 10]


def test_tally_counts_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting situations is counting attempts, in chunks of any size and from any attempt on."""
    arms: tuple[Settings, ...] = ((), (("prm", "prefix"),))
    met = load("swept")
    one_by_one = [row for chunk in vectorised.attempts(met, arms, "1", 3_000) for row in zip(*chunk, strict=True)]
    assert vectorised.counted(met, arms, "1", 3_000).endings == Counter(one_by_one)
    monkeypatch.setattr(vectorised, "MOST_PLACES", 0)  # as if there were too many situations for a place each
    assert vectorised.counted(met, arms, "1", 3_000).endings == Counter(one_by_one)
    monkeypatch.setattr(vectorised, "CHUNK", 256)
    parts = (vectorised.counted(met, arms, "1", 1_000, first=first).endings for first in (0, 1_000, 2_000))
    assert sum(parts, Counter()) == Counter(one_by_one)


@pytest.mark.parametrize("changed", [{}, {"latency_attacker": 0}, {"latency_spread": 0}, {"token_lifetime": 0}])
@pytest.mark.parametrize("close", [1e-9, 0.1])
def test_who_is_late_is_told_by_the_time_it_takes(
    changed: dict[str, float], close: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether times are worked out or not, the same thieves are late."""
    monkeypatch.setattr(vectorised, "CLOSE", close)
    met = load("swept").with_numbers(token_lifetime=30, latency_attacker=30).with_numbers(**changed)
    times = draw_latency(met, "attacker", "1", 0, 2_000)
    assert vectorised._late(met, "1", 0, 2_000).tolist() == [not time <= met.number("token_lifetime") for time in times]


def test_expectation_is_brute_force() -> None:
    """On a tiny population: every combination asked of the machine in a plain loop, weighed by its shares."""
    tiny = (
        load("swept")
        .with_shares("place", {"honest_api": 0.7, "malicious_rs": 0.3})
        .with_shares("as_resource", {"honor": 0.5, "ignore": 0.3, "add": 0.2})
        .with_shares("api", {"single_path": 0.6, "multi_path": 0.4})
        .with_numbers(latency_attacker=0)
    )
    arms = ((), (("echo", "req"),))
    brute: Counter[tuple[Label, ...]] = Counter()
    factors = list(tiny.factors)
    for kinds in product(*(factor.categories for factor in factors), tiny.places.categories):
        weight = float(np.prod([kind.share for kind in kinds]))
        url, capabilities, _, world = PLACES[kinds[-1].name]
        labels = []
        for arm in arms:
            switches = {name: value for kind in kinds[:-1] for name, value in kind.settings} | dict(arm)
            labels.append(plan_for(Visit(Configuration(Design(switches), capabilities), url, world)).ending)
        if weight:
            brute[tuple(labels)] += weight  # type: ignore[assignment]
    expected = vectorised.expected(tiny, arms)
    assert expected == pytest.approx(dict(brute))
    counted = vectorised.counted(tiny, arms, "1", 40_000).endings
    for joint, share in expected.items():
        assert counted[joint] / 40_000 == pytest.approx(share, abs=4 * (share * (1 - share) / 40_000) ** 0.5)


def test_a_single_step_in_closed_form() -> None:
    """Honest visits, one thing that can go wrong: exactly the share of it does."""
    met = (
        load("swept")
        .with_shares("place", {"honest_api": 1})
        .with_shares("api", {"single_path": 0.7, "multi_path": 0.3})
    )
    refused = Label("refused", "client.resource_matches_request", ())
    expected = vectorised.expected(met, ((),), 1.0)
    assert expected == pytest.approx({(refused,): 0.3, (Label("success", "accepted", ()),): 0.7})


def test_adoption_in_closed_form() -> None:
    """A mechanism of the client's that half of them have helps half of the time, whatever servers do."""
    met = load("swept").with_shares("place", {"malicious_rs": 1}).with_shares("as_resource", {"ignore": 1})
    theft = [
        sum(
            share
            for (_, label), share in vectorised.expected(met, ((), (("echo", "req"),)), adoption).items()
            if "token_confinement" in label.harms
        )
        for adoption in (0.0, 0.25, 1.0)
    ]
    assert theft == pytest.approx([theft[0], 0.75 * theft[0], 0.0])
    assert theft[0] == pytest.approx(
        vectorised.in_time_share(
            met.number("latency.attacker"), met.number("latency.spread"), met.number("token_lifetime")
        )
    )


def test_too_many_situations_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be gone through says so in one line."""
    monkeypatch.setattr(vectorised, "MOST_SITUATIONS", 10)
    with pytest.raises(PopulationError, match="situations; at most 10 can be gone through"):
        vectorised.expected(HOSTILE, ((),))
