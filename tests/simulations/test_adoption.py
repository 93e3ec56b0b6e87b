"""Vendors adopt what pays: thresholds are those of the game, and what deadlocks is told from what spreads."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simulations.adoption import SIDES, Stakes, Vendors, _vendors, count, least, settled, stakes, vendors
from simulations.arms import settings
from simulations.attempts import situation_shares, situations
from simulations.experiments import find, run
from simulations.harms import strategy
from simulations.population import Population, load
from simulations.reader import told
from simulations.units import Tally, Unit
from simulations.vectorised import expected

#: AS that are asked for iss lose nothing by sending it, clients that insist lose all that do not.
INSIST, TOLERATE = "iss_check=require;h_iss=yes", "iss_check=if_present;h_iss=yes"


def before(**numbers: float) -> Population:
    """The simplest world in which nobody has the measure yet."""
    met = load("swept").with_numbers(count_clients=50, **numbers)
    for factor, shares in find("adoption").mixes.items():
        met = met.with_shares(factor, shares)
    return met.with_shares("as_resource", {"honor": 0.5, "ignore": 0.25, "add": 0.25})


def unit(arm: str, attempts: int = 4_000, followed: float = 0.25, **told_: float) -> Unit:
    """A unit of vendors of whom nobody has the measure yet."""
    options = tuple(sorted({"cost_spread": 0.0, **told_}.items()))
    met = before(churn_followed=followed)
    return Unit(met, ((), settings(arm)), "1/0", attempts, reader="vendors", options=options, strategy="money")


def at_stake(asked: Unit) -> tuple[Stakes, Stakes]:
    """What the measure of a unit is worth to clients and to AS."""
    met = asked.population
    return stakes(situations(met), situation_shares(met, 0.5), asked.arms[1], told(asked), asked.strategy)


def in_the_end(asked: Unit) -> tuple[tuple[Vendors, Vendors], tuple[np.ndarray, np.ndarray]]:
    """The vendors, and which of them have the measure where some are obliged to."""
    options = told(asked)
    sides = vendors(asked, options)
    first = [side.first(options[f"obliged_{name}"]) for name, side in zip(SIDES, sides, strict=True)]
    return sides, settled(sides, at_stake(asked), (first[0], first[1]))


def moved(asked: Unit) -> tuple[float, float]:
    """The shares of flows of clients and of AS that have the measure in the end."""
    sides, has = in_the_end(asked)
    clients, servers = (float(mine[side.of].mean()) for side, mine in zip(sides, has, strict=True))
    return clients, servers


def few(arm: str, who: str, **told_: float) -> float:
    """The share of vendors that have to start."""
    asked = unit(arm, **told_)
    return least(vendors(asked, told(asked)), at_stake(asked), who)


def total(tally: Tally, name: str) -> float:
    """What was measured once, of the second arm."""
    return tally.sums[name, 1].total


@pytest.mark.parametrize("arm", [INSIST, TOLERATE, "dpop=token;dpop_policy=metadata;as_dpop=honor"])
def test_clients_follow_from_the_tipping_point_on(arm: str) -> None:
    """Those, and no others, of whose own flows enough are with AS that are obliged; nobody else moves an AS here."""
    tipping = at_stake(unit(arm))[0].tipping
    assert tipping is not None
    asked = unit(arm, obliged_servers=0.2, liability_servers=0.0, by_lot=1.0)
    sides, (clients, servers) = in_the_end(asked)
    share = np.bincount(sides[0].of, servers[sides[1].of]) / sides[0].flows
    assert np.array_equal(clients, share > tipping)
    assert (sides[0].flows.sum(), sides[0].flows.max()) == (len(sides[0].of), np.bincount(sides[0].of).max())


@pytest.mark.slow
def test_gains_are_those_of_expected_outcomes() -> None:
    """What a measure is worth to all at once is what the array reader expects of everybody against nobody."""
    asked = unit(INSIST, liability_clients=0.0, liability_servers=0.0)
    clients, servers = at_stake(asked)
    nobody, everybody = (
        sum(
            share
            for joint, share in expected(asked.population, asked.arms, adoption).items()
            if joint[1].kind == "success"
        )
        for adoption in (0.0, 1.0)
    )
    assert clients.first + servers.last == pytest.approx(everybody - nobody)
    assert servers.first + clients.last == pytest.approx(everybody - nobody)


def test_insisting_deadlocks_and_tolerating_spreads() -> None:
    """Both would gain by both having it, and none moves first; a tolerant client follows a few servers."""
    for arm in (INSIST, TOLERATE):
        clients, servers = at_stake(unit(arm))
        assert clients.first <= clients.cost < clients.last
        assert servers.first <= servers.cost < servers.last
        assert moved(unit(arm)) == (0.0, 0.0)
    for who in (*SIDES, "both"):
        assert 0 < few(TOLERATE, who) < 0.05
        # Who loses nothing by moving can be few.
        assert (few(INSIST, who) > 0.4) == (who == "servers")
        # Whom the lot falls on has fewer flows than who has most, and what costs more than it brings spreads never.
        assert few(INSIST, who, by_lot=1.0) >= few(INSIST, who)
        assert few(INSIST, who, cost=10.0) == 1
    assert moved(unit(TOLERATE, obliged_servers=0.05)) == (1.0, 1.0)


def test_as_many_as_have_to_are_enough_and_one_less_is_not() -> None:
    """What is found by halving, for who is obliged and for who is free after the first day."""
    asked = unit(INSIST)
    sides, stake = vendors(asked, told(asked)), at_stake(asked)
    for who, free in (("clients", False), ("both", True)):
        least_share = least(sides, stake, who)
        reached = []
        for less in (0, 1):
            number = round(least_share * max(len(side.flows) for side in sides[: 1 + free])) - less
            start = [np.arange(len(side.flows)) < number * (free or side is sides[0]) for side in sides]
            has = settled(sides, stake, (start[0], start[1]), free)
            reached.append((has[0][sides[0].of] & has[1][sides[1].of]).mean())
        assert reached[0] > 0.9 >= reached[1]


@pytest.mark.slow
def test_who_is_obliged_follows_at_the_pace_that_was_counted() -> None:
    """Quarter by quarter the same share of those that have not yet, and nobody drops what is asked of it."""
    for quarters in (1, 4):
        asked = unit("echo=req_strict;as_echo=yes", followed=0.4, obliged_servers=1.0, cost=10.0, years=quarters / 4)
        _, (clients, servers) = in_the_end(asked)
        assert not clients.any()
        assert servers.mean() == pytest.approx(1 - 0.6**quarters, abs=0.08)


def test_flows_are_between_those_who_have_moved() -> None:
    """What is counted is what the array reader expects where all have it, and where nobody has."""
    for share in (0.0, 1.0):
        asked = unit(INSIST, attempts=20_000, obliged_clients=share, obliged_servers=share)
        tally = count(asked)
        assert total(tally, "share_of_clients_that_have_moved") == pytest.approx(share)
        known = expected(asked.population, asked.arms[1:], share, strategy=strategy(asked.strategy))
        for kind in ("success", "blocked"):
            probability = sum(number for (label,), number in known.items() if label.kind == kind)
            found = sum(n for joint, n in tally.endings.items() if joint[1].kind == kind) / 20_000
            assert found == pytest.approx(probability, abs=0.01)
        assert total(tally, "share_of_servers_from_which_on_clients_follow") == at_stake(asked)[0].tipping
        assert total(tally, "share_of_clients_that_have_to_start") == few(INSIST, "clients")


def test_costs_spread() -> None:
    """With costs that differ some follow where others do not, and before nobody has looked nobody has moved."""
    tipping = at_stake(unit(TOLERATE, cost=0.02))[0].tipping
    assert tipping is not None
    asked = unit(TOLERATE, obliged_servers=tipping, by_lot=1.0, cost_spread=1.0, cost=0.02, liability_servers=0.0)
    assert 0.2 < in_the_end(asked)[1][0].mean() < 0.8
    assert moved(replace(asked, options=(*asked.options, ("years", 0.0))))[0] == 0


def test_there_are_thirty_worlds_and_their_shares_have_bounds_that_a_share_can_have() -> None:
    """Where nobody says how many attempts there are; what is so in all worlds has no band around it."""
    asked = replace(find("adoption"), values=(0.02,), arms=("", TOLERATE), attempts=60)
    met = before()
    assert set(run(asked, population=met).rates["replications"]) == {30}
    told = run(asked, attempts=60, replications=3, population=met).quantities.set_index(["arm", "quantity"])
    low, high = told.loc[(TOLERATE, "share_of_clients_that_have_moved"), ["low", "high"]]
    assert 0 <= low <= high <= 1
    never = told.loc[("as deployed", "share_of_clients_that_have_to_start"), ["mean", "low", "high"]]
    assert list(never) == [1, 1, 1]
    start = told.loc[(TOLERATE, "share_of_clients_that_have_to_start")]
    assert start["headline"] == 1
    assert start["difference"] == pytest.approx(start["mean"] - 1)
    assert start["together_low"] <= start["difference_low"] <= start["difference"] <= start["difference_high"] < 0


@pytest.mark.parametrize("by_lot", [False, True])
def test_the_largest_vendors_come_first_unless_lots_are_drawn(by_lot: bool) -> None:
    """A vendor is as large as the flows that meet its software."""
    options = {"by_lot": float(by_lot), "cost": 1.0, "cost_spread": 0.0, "years": 1.0}
    met = [name for name, flows in zip("abcdef", range(1, 7), strict=True) for _ in range(flows)]
    unit: Any = SimpleNamespace(seed="1/0", population=load("swept"))
    flows = _vendors(unit, options, "client", met).flows.tolist()
    assert sorted(flows, reverse=True) == [6, 5, 4, 3, 2, 1]
    assert (flows == [6, 5, 4, 3, 2, 1]) is not by_lot
