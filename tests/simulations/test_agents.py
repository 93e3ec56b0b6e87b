"""Agents walk the machine's plans, in time, in a population that no design changes."""

from collections import Counter
from itertools import islice

import pytest
from one_by_one import plan_for, shown, visit_of
from walks import refusals

from model.machine import Machine
from properties.security import PROPERTIES
from simulations import agents
from simulations.agents import RunningArm, simulate
from simulations.attempts import ADOPTIONS, Chunk, draw, resident_codes, situations
from simulations.harms import every_harm, suffered
from simulations.population import Population, load
from simulations.visits import PLACES, VISITOR, Label, Settings

HOSTILE = load("shared_origins").with_shares(
    "as_resource", {"honor": 0.4, "ignore": 0.3, "add": 0.2, "substitute": 0.1}
)


def endings(population: Population, *arms: Settings, attempts: int = 2_000, seed: str = "1/0") -> list[list[Label]]:
    """How all attempts ended, one list for each arm."""
    columns: list[list[Label]] = [[] for _ in arms]
    for chunk in simulate(population, arms, seed, attempts):
        for column, part in zip(columns, chunk, strict=True):
            column += [visited.ending for visited in part]
    return columns


def seen(column: list[Label]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Endings as values."""
    return [(ending.kind, ending.name, ending.harms) for ending in column]


def met(population: Population, attempts: int = 2_000, seed: str = "1/0") -> list[int]:
    """The situations that attempts meet."""
    return draw(population, seed, 0, attempts, 1.0, resident_codes(population, seed, 1.0)).codes


@pytest.mark.slow
def test_simulated_attempts_are_runs_of_the_machine() -> None:
    """Every step of a sample is enabled where it is taken, and the last state shows what was counted."""
    arms = ((), (("prm", "prefix"), ("echo", "opt"), ("cache_key", "issuer")))
    found, codes = situations(HOSTILE), met(HOSTILE)
    sample = {
        (arm, code): ending
        for arm, column in zip(arms, endings(HOSTILE, *arms), strict=True)
        for code, ending in zip(codes, column, strict=True)
    }
    runs = {asked: shown(visit_of(found, *asked)) for asked in list(sample)[::12]}
    assert len(runs) > 9
    for (arm, code), (plan, steps) in runs.items():
        # The machine of the whole world, attacker's session included, not the smaller one of the plan.
        machine, ending = Machine(visit_of(found, arm, code).configuration), plan.ending
        last = machine.replay(steps)[-1]
        view = machine.view(last)
        assert view.session(VISITOR).accepted == (ending.kind == "success")
        broken = suffered([PROPERTIES[name].event(machine.context(view)) for name in every_harm()])
        assert ending.harms == tuple(name for name, happens in zip(every_harm(), broken, strict=True) if happens)
        if ending.kind in ("refused", "blocked"):
            assert ending.name in {rule.name for _, rule in refusals(machine, last)}
        held = {"warm": "yes"} if PLACES[found.places[code // ADOPTIONS % len(found.places)]].capabilities else {}
        known = (plan, plan_for(visit_of(found, arm, code, held)))
        assert sample[arm, code] in {each for way in known for each in (way.ending, way.late)}


def test_arms_meet_the_same_population() -> None:
    """Whatever the design, an attempt meets the same environment; only caches may tell arms apart."""
    found, arms = situations(HOSTILE), ((), (("prm", "prefix"), ("echo", "req")))
    for code in met(HOSTILE, 200):
        one, other = (found.design(arm, code) for arm in arms)
        assert all(one[name] == other[name] for name in HOSTILE.switches)


@pytest.mark.slow
def test_a_design_changes_nothing_it_should_not() -> None:
    """An arm ends the same whichever arms stand beside it, and a switch that nobody reads changes nothing."""
    alone = endings(HOSTILE, ())[0]
    beside, unread = endings(HOSTILE, (), (("mtls_key", "per_flow"),))
    assert seen(alone) == seen(beside) == seen(unread)


def test_the_size_of_chunks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts drawn a few at a time end as those drawn many at a time."""
    whole = endings(HOSTILE, (("cache_key", "issuer"),))[0]
    monkeypatch.setattr(agents, "CHUNK", 64)
    assert seen(endings(HOSTILE, (("cache_key", "issuer"),))[0]) == seen(whole)


def test_exact_matching_in_closed_form() -> None:
    """With honest visits only, exact matching succeeds exactly where one path was drawn, prefix everywhere."""
    population = (
        load("swept")
        .with_shares("place", {"honest_api": 1})
        .with_shares("api", {"single_path": 0.7, "multi_path": 0.3})
    )
    exact, prefix = endings(population, (), (("prm", "prefix"),), attempts=4_000)
    found = situations(population)
    codes = draw(population, "1/0", 0, 4_000, residents=resident_codes(population, "1/0", 1.0)).codes
    single = [found.design((), code).api == "single_path" for code in codes]
    assert [ending.kind == "success" for ending in exact] == single
    assert all(ending.kind == "success" for ending in prefix)
    assert abs(sum(single) / len(single) - 0.7) < 0.03


def test_a_short_lived_token_is_stolen_in_vain() -> None:
    """The thief needs time, so the shorter tokens live the fewer thefts come off."""
    population = load("swept").with_shares("as_resource", {"ignore": 1})
    thefts = []
    for life in (0, 60, 3600):
        column = endings(population.with_numbers(token_lifetime=life), ())[0]
        thefts.append(sum("token_confinement" in ending.harms for ending in column))
    assert thefts[0] == 0 < thefts[1] < thefts[2]


def test_cached_tokens_are_there_only_while_they_live() -> None:
    """A client that looks tokens up by issuer loses those that its cache holds at that time, and no others."""
    population = load("swept").with_numbers(latency_attacker=0, agents=50)
    by_issuer = (("cache_key", "issuer"),)

    def thefts(population: Population) -> int:
        return sum("token_confinement" in ending.harms for ending in endings(population, by_issuer)[0])

    assert thefts(population) > 0
    assert thefts(population.with_numbers(token_lifetime=0)) == 0


def test_caches_save_time_and_nothing_else() -> None:
    """Honest flows end the same with caches and without; with them the clock stops earlier."""
    population = load("swept").with_shares("place", {"honest_api": 1}).with_numbers(agents=50)
    cached, fresh = (
        (met, RunningArm(met), [None] * 2_000)
        for met in (population, population.with_numbers(token_lifetime=0, metadata_lifetime=0))
    )
    for met, arm, record in (cached, fresh):
        arm.admit(draw(met, "1/0", 0, 2_000), record)
        arm.environment.run()
    names = [Counter(visited.ending.name for visited in record if visited) for *_, record in (cached, fresh)]
    assert names[0] == names[1] == {"accepted": 2_000}
    # The last to arrive find a token at hand and need not ask the user.
    assert cached[1].environment.now < fresh[1].environment.now


def test_memory_depends_on_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are handed on as soon as their attempts ended; caches have their size from the start."""
    drawn = 0

    def counting(*args: object) -> Chunk:
        nonlocal drawn
        drawn += 1
        return draw(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(agents, "CHUNK", 512)
    monkeypatch.setattr(agents, "draw", counting)
    chunks = islice(simulate(load("swept"), ((),), "1", 15_000), 25)
    held = [drawn - handed_on for handed_on, _ in enumerate(chunks)]
    # 20 attempts a second and half a minute for nearly all: two chunks, rarely three.
    assert max(held) <= 4


def test_caches_do_not_grow() -> None:
    """One slot for each resource of each agent, before and after."""
    arm = RunningArm(load("swept"))
    sizes = [len(cache) for cache in (arm.kept, arm.metadata_until, arm.token_until)]
    arm.admit(draw(load("swept"), "1", 0, 4_000), [None] * 4_000)
    assert sizes == [len(cache) for cache in (arm.kept, arm.metadata_until, arm.token_until)] == [2_000] * 3
