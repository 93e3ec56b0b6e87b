"""The solver against explicit search, which shares the rules with it and nothing else."""

import random
import zlib

import pytest
from explicit import TooManyStatesError, explore

from properties.security import PROPERTIES

#: Pairs of property and configuration that each part of the quick sample compares at least.
LEAST = {"alone": 30, "tiny": 60, "both": 15}
WORLDS = ("solo", "alone", "tiny", "pair", "both", "desks")


def compare(world, reach, sample, seed, configurations, limit):
    """Differences between the two, and how many pairs were compared and how many events seen.

    Where hardly anything happens under so many configurations, more are drawn.
    """
    rng = random.Random(zlib.crc32(f"{world.name} {seed}".encode()))
    differences, pairs, events = [], 0, 0
    for asked in range(5 * configurations):
        if asked >= configurations and events > pairs / 50:
            break
        configuration = sample(f"{world.name} {seed} {asked}", rng.choice((0.05, 0.1, 0.2, 0.3)))
        try:
            found = explore(configuration, world, limit=limit).first
        except TooManyStatesError:
            continue
        for prop in PROPERTIES.values():
            if prop.kind == "utility" and configuration.capabilities:
                continue
            pairs += 1
            if prop.name not in found:
                if reach(prop, configuration):
                    differences.append((prop.name, str(configuration), "the solver alone finds a run"))
                continue
            events += 1
            steps = reach.checker.verdict(prop, configuration).steps
            if steps != found[prop.name]:
                differences.append((prop.name, str(configuration), found[prop.name], steps))
    return differences, pairs, events


@pytest.mark.parametrize(
    ("name", "configurations"), [("tiny", 6), *(pytest.param(name, 10, marks=pytest.mark.slow) for name in LEAST)]
)
def test_search_and_solver_agree(name, configurations, small_worlds, reach_in, sample):
    """Verdict and shortest length are the same over a random sample of the whole vocabulary."""
    world = small_worlds[name]
    differences, pairs, events = compare(world, reach_in(world), sample, 0, configurations, 1_500)
    assert not differences
    assert pairs >= LEAST[name]
    assert events > pairs / 50


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_search_and_solver_agree_on_more(name, small_worlds, reach_in, sample):
    """The same for more designs and larger state spaces: 500 questions and more over all worlds."""
    world = small_worlds[name]
    differences, pairs, _ = compare(world, reach_in(world), sample, 1, 20, 8_000)
    assert not differences
    assert pairs >= 85


@pytest.mark.parametrize("name", [pytest.param("alone", marks=pytest.mark.slow), "tiny"])
def test_search_and_solver_agree_on_expected_rows(name, rows, small_worlds, reach_in):
    """The same for the expected rows, whose attackers and switches matter by design: many of them are attacks."""
    world, reach = small_worlds[name], reach_in(small_worlds[name])
    chosen = random.Random(1).sample([row for row in rows if row.covered and row.prop.kind == "security"], 5)
    compared = attacks = 0
    for row in chosen:
        try:
            found = explore(row.configuration, world, (row.prop,), limit=1_000).first
        except TooManyStatesError:
            continue
        compared += 1
        if row.prop.name in found:
            attacks += 1
            assert reach.checker.verdict(row.prop, row.configuration).steps == found[row.prop.name], row.id
        else:
            assert not reach(row.prop, row.configuration), row.id
    assert compared >= 3
    assert attacks >= 1
