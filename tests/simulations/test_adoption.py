"""Vendors adopt what pays: thresholds are those of the game, and what deadlocks is told from what spreads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulations.adoption import Stakes, count, settled, stakes, vendors
from simulations.arms import settings
from simulations.attempts import situation_shares, situations
from simulations.experiments import find, population_for, run
from simulations.options import told
from simulations.units import Tally, Unit
from simulations.vectorised import expected

#: AS that are asked for iss lose nothing by sending it, clients that insist lose all that do not.
INSIST, TOLERATE = "iss_check=require;h_iss=yes", "iss_check=if_present;h_iss=yes"


def unit(arm: str, attempts: int = 4_000, **told_: float) -> Unit:
    """A unit of vendors of whom nobody has the measure yet."""
    asked = find("flag_day")
    met = population_for(asked, None).with_numbers(**{"count.clients": 2_000, "count.authorization_servers": 2_000})
    options = tuple(sorted({"cost_spread": 0.0, **told_}.items()))
    return Unit(met, ((), settings(arm)), "1/0", attempts, reader="vendors", options=options, strategy="money")


def at_stake(asked: Unit) -> tuple[Stakes, Stakes]:
    """What the measure of a unit is worth to clients and to AS."""
    met = asked.population
    return stakes(situations(met), situation_shares(met, 0.5), asked.arms[1], told(asked), asked.strategy)


def moved(asked: Unit) -> tuple[float, float]:
    """The shares of clients and of AS that have the measure in the end."""
    options = told(asked)
    sides = vendors(asked, options)
    clients, servers = settled(sides, at_stake(asked), asked, options)
    return float(sides[0].weights @ clients), float(sides[1].weights @ servers)


def total(tally: Tally, name: str) -> float:
    """What was measured once, of the second arm."""
    return tally.sums[name, 1].total


@pytest.mark.parametrize("arm", [TOLERATE, INSIST, "dpop=token;dpop_policy=metadata;as_dpop=honor"])
def test_clients_follow_from_the_tipping_point_on(arm: str) -> None:
    """The least share of obliged AS that brings all clients along, found by halving, is that of the closed form."""
    tipping = at_stake(unit(arm))[0].tipping
    assert tipping is not None
    low, high = 0.0, 1.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        # Nobody but the obliged is worth anything to an AS here.
        asked = unit(arm, mandate_servers=middle, cost_server=10.0)
        low, high = (low, middle) if moved(asked)[0] > 0.5 else (middle, high)
    obliged = vendors(unit(arm, mandate_servers=high), told(unit(arm, mandate_servers=high)))[1].obliged.mean()
    assert obliged == pytest.approx(tipping, rel=0.01)


def test_gains_are_those_of_expected_outcomes() -> None:
    """What a measure is worth to all at once is what the array reader expects of everybody against nobody."""
    asked = unit(INSIST, liability_client=0.0, liability_server=0.0)
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
    for arm, few in ((INSIST, 0.0), (TOLERATE, 1.0)):
        clients, servers = at_stake(unit(arm))
        assert clients.first <= clients.cost < clients.last
        assert servers.first <= servers.cost < servers.last
        assert moved(unit(arm)) == (0.0, 0.0)
        assert moved(unit(arm, mandate_servers=0.2))[0] == pytest.approx(few)
    # Clients that have to are followed at once, and then by the others.
    assert moved(unit(INSIST, mandate_clients=0.05)) == pytest.approx((1.0, 1.0))


def test_a_flag_day_lasts_if_enough_take_part() -> None:
    """Beyond both tipping points all stay and the others come along; short of them it is undone."""
    tipping = max(stake.tipping or 0.0 for stake in at_stake(unit(TOLERATE)))
    for share, lasts in ((tipping / 2, 0.0), (tipping * 2, 1.0)):
        assert moved(unit(TOLERATE, flag_day=share)) == pytest.approx((lasts, lasts))


def test_flows_are_between_those_who_have_moved() -> None:
    """What is counted is what the array reader expects where all have it, and where nobody has."""
    for mandate, adoption in ((0.0, 0.0), (1.0, 1.0)):
        asked = unit(INSIST, attempts=20_000, mandate_clients=mandate, mandate_servers=mandate)
        tally = count(asked)
        assert total(tally, "share_of_clients_that_have_moved") == pytest.approx(mandate)
        known = expected(asked.population, asked.arms, adoption)
        for kind in ("success", "blocked"):
            share = sum(number for joint, number in known.items() if joint[1].kind == kind)
            found = sum(n for joint, n in tally.endings.items() if joint[1].kind == kind) / 20_000
            assert found == pytest.approx(share, abs=0.01)
        assert total(tally, "share_of_servers_from_which_on_clients_follow") == at_stake(asked)[0].tipping


def test_obliged_vendors_are_nested_and_costs_spread() -> None:
    """Whoever is obliged at a tenth is at a half; with costs that differ some follow before others."""
    few, many = (
        vendors(asked, told(asked))[1].obliged
        for asked in (unit(INSIST, mandate_servers=share) for share in (0.1, 0.5))
    )
    assert few.sum() < many.sum()
    assert not (few & ~many).any()
    tipping = at_stake(unit(TOLERATE))[0].tipping
    assert tipping is not None
    asked = unit(TOLERATE, mandate_servers=tipping, cost_spread=1.0, cost_server=10.0)
    assert 0.2 < moved(asked)[0] < 0.8
    assert moved(replace(asked, options=(*asked.options, ("years", 0.0))))[0] == 0


def test_where_worlds_tip_there_are_thirty() -> None:
    """Where nobody says how many attempts there are."""
    asked = replace(find("mandate_clients"), values=(0.05,), arms=("", "iss_check=require"), attempts=60)
    assert set(run(asked).rates["replications"]) == {30}
    assert set(run(asked, attempts=60, replications=2).rates["replications"]) == {2}


def test_a_share_of_vendors_has_bounds_that_a_share_can_have() -> None:
    """Of few replications, in some of which nobody has moved and in some everybody."""
    brief = replace(find("flag_day"), values=(0.08,), arms=("", "iss_check=require;h_iss=yes"))
    told = run(brief, attempts=60, replications=3).quantities.set_index(["arm", "quantity"])
    low, high = told.loc[("iss_check=require;h_iss=yes", "share_of_clients_that_have_moved"), ["low", "high"]]
    assert 0 <= low < high <= 1
