"""Experiments in time: residents are met as they were, tokens live and end, and no clock stops before its event."""

from dataclasses import replace

import numpy as np
import pytest

from simulations import experiments
from simulations.agents import RunningArm
from simulations.attempts import ADOPTIONS, draw, resident_codes, situations
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import ExperimentError
from simulations.experiments import find, population_for, run
from simulations.horizon import LIFETIMES, horizon
from simulations.intervals import mean
from simulations.population import load

TIMED = [name for name, asked in EXPERIMENTS.items() if asked.reader in ("agents", "registrations")]


@pytest.mark.parametrize("name", TIMED)
def test_experiments_in_time_go_on_long_enough(name: str) -> None:
    """With what they say themselves; with less they are refused, and told what it takes."""
    asked = find(name)
    met = population_for(asked, None)
    least = asked.least_attempts(met, 5)
    assert least <= asked.attempts < 1.1 * least
    with pytest.raises(ExperimentError, match=f"{name!r} ends after .* it takes at least {least} attempts"):
        run(name, attempts=least - 5)


def test_what_is_kept_is_told_in_seconds() -> None:
    """However long it is."""
    found = horizon(replace(find("capacity").unit(load("swept"), 60, "", 1)))
    assert found is not None
    assert found._replace(kept=(2_592_000, "a token")).needed[1] == "10 times the 2,592,000 s of a token"


def test_others_have_no_horizon() -> None:
    """Where attempts have nothing to do with each other, fewer of them are a smaller sample."""
    asked = find("echo")
    met = population_for(asked, None)
    assert horizon(asked.unit(met, 0.5, "", 1)) is None
    assert asked.least_attempts(met, 5) == 5


def test_the_event_or_the_longest_life_decides() -> None:
    """A lost domain has to be back; a document that is kept for a day has to be fetched ten times."""
    asked = find("cimd_dcr")
    met = population_for(asked, None)
    short, long = (horizon(asked.unit(met, value, "", 1)) for value in (60, 86_400))
    assert short is not None
    assert long is not None
    assert short.needed[0] == short.ends[0] > LIFETIMES * 60
    assert long.needed[0] == LIFETIMES * 86_400


def test_residents_are_met_as_they_were() -> None:
    """The same resource of an agent is the same deployment each time; where at it one is sent is another matter."""
    met = load("shared_origins").with_numbers(agents=20, resources=3)
    residents = resident_codes(met, "1/0", 0.5)
    chunk = draw(met, "1/0", 0, 4_000, 0.5, residents)
    visits = ADOPTIONS * len(situations(met).places)
    seen: dict[int, set[int]] = {}
    for slot, code in zip(chunk.slots, chunk.codes, strict=True):
        seen.setdefault(slot, set()).add(code // visits * ADOPTIONS + code % ADOPTIONS)
    assert len(seen) == 60
    assert {len(codes) for codes in seen.values()} == {1}
    assert len({code // visits for code in chunk.codes}) > 1
    assert {code % ADOPTIONS // 2 for code in chunk.codes} == {0, 1}


def test_shares_of_residents_are_those_of_the_population() -> None:
    """Of many agents with many resources, each kind has its share."""
    met = load("swept").with_shares("api", {"single_path": 0.7, "multi_path": 0.3})
    met = met.with_numbers(agents=5_000, resources=4)
    found = situations(met)
    parts = found.split(np.array(draw(met, "1/0", 0, 20_000, residents=resident_codes(met, "1/0", 1.0)).codes))
    factor = next(place for place, each in enumerate(met.factors) if each.name == "api")
    assert np.mean(parts[factor] == 0) == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("life", [600, 3600])
def test_share_of_tokens_at_hand_is_that_of_renewal_theory(life: int) -> None:
    """Visits that come at random find a token with probability x / (1 + x), x visits being made while one lives.

    D. R. Cox: Renewal Theory, 1962: of a cycle of one visit without a token and x visits with it.
    """
    numbers = {"agents": 40, "resources": 5, "arrivals_per_second": 0.1, "token_lifetime": life}
    met = load("swept").with_shares("place", {"honest_api": 1}).with_shares("api", {"single_path": 1})
    met = met.with_numbers(**numbers)
    arm, attempts = RunningArm(met), 60_000
    chunk = draw(met, "1/0", 0, attempts, 1.0, resident_codes(met, "1/0", 1.0))
    arm.admit(chunk, [None] * attempts)
    arm.environment.run()
    visits = life * 0.1 / 200
    # What begins with nothing at hand is no more than a visit of each of the two hundred.
    assert arm.reused / attempts == pytest.approx(visits / (1 + visits), abs=0.01)


def test_the_longer_a_token_lives_the_more_is_stolen() -> None:
    """Where a cache goes by the issuer alone, an attacker gets what is in it: at an hour more than at five minutes."""
    asked = replace(find("token_life"), values=(300, 3600), arms=("cache_key=issuer",))
    rates = run(asked, attempts=18_200, replications=5).rates
    thefts = rates[(rates.outcome == "token_confinement") & (rates.kind == "harm")].set_index("value")
    assert thefts.low[3600] > thefts.high[300] > 0
    assert set(rates.interval) == {"replications"}


def test_intervals_are_over_replications_where_those_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five AS that start with nothing differ more than independent requests would; one says nothing of that."""
    asked = replace(find("cimd_dcr"), values=(60,))
    monkeypatch.setattr(experiments.Experiment, "check_horizon", lambda *_: None)
    quantities = {}
    for number in (5, 2):
        result = run(asked, attempts=number * 400, replications=number)
        quantities[number] = result.quantities
        table = result.rates[result.rates.outcome == "accepted"]
        assert (table.low <= table.rate).all()
        assert (table.rate <= table.high).all()
    width = {number: (table.high - table.low).mean() for number, table in quantities.items()}
    assert width[2] > width[5]
    assert mean(1.0, 1.0, 1).high == float("inf")


def test_a_horizon_twice_as_long_moves_no_rate_beyond_its_interval() -> None:
    """What tokens live is told of a world that goes on: of two dozen intervals of 95 % one may miss by chance."""
    asked = replace(
        find("token_life"),
        values=(60.0,),
        arms=("cache_key=issuer", "prm=prefix"),
        numbers={"agents": 5, "resources": 5, "arrivals_per_second": 1.0, "metadata_lifetime": 60},
    )
    short, long = (
        run(asked, attempts=many, replications=5).rates.set_index(["arm", "kind", "outcome"])
        for many in (6_000, 12_000)
    )
    held = (short.low <= long.rate) & (long.rate <= short.high)
    assert len(held) == 24
    assert held.mean() >= 0.95
