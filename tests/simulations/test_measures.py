"""Numbers for each attempt, honest flow and accepted flow, with intervals that cover what they should."""

from collections import Counter

import numpy as np
import pytest

from simulations import agents, costs, intervals, measures, vectorised
from simulations.attempts import situations
from simulations.population import load
from simulations.quantities import ACCEPTED_FLOW, PAIR, THEFTS, WORKING, Measure
from simulations.readers import READERS
from simulations.results import add_up, measured
from simulations.units import Tally, Unit
from simulations.visits import Label

WORKS, STOLEN = Label("success", "accepted", ()), Label("diverted", "diverted", ("authorization",))
BOTH, REFUSED = Label("success", "accepted", ("authorization",)), Label("refused", "client.rule", ())
BLOCKED, GAVE_UP = Label("blocked", "client.rule", ()), Label("gave_up", "user", ())


def told(tally: Tally, measure: Measure, arm: int = 0) -> float:
    return measures.moments(tally, measure, arm).mean


def test_each_number_has_its_own_denominator() -> None:
    """What works is told of honest flows, who gave up among them, thefts of those that are accepted; a blocked attack
    is none of either."""
    tally = Tally(Counter({(WORKS,): 60, (STOLEN,): 20, (REFUSED,): 9, (GAVE_UP,): 6, (BLOCKED,): 5}))
    assert told(tally, WORKING) == 60 / 75
    assert told(tally, THEFTS) == 20 / 60
    assert told(tally, THEFTS._replace(per="attempt")) == 20 / 100


def test_who_refuses_everything_prevents_nothing_for_each_flow_that_works() -> None:
    """Half of everything refused halves thefts for each attempt, and leaves them as they are for each accepted flow."""
    tally = Tally(Counter({(WORKS, WORKS): 40, (WORKS, REFUSED): 40, (STOLEN, STOLEN): 10, (STOLEN, BLOCKED): 10}))
    changed = measures.moments(tally, THEFTS, 1)
    assert changed.difference == 0
    assert measures.moments(tally, THEFTS._replace(per="attempt"), 1).difference == -0.1
    low, high = measures.interval_of_difference(changed, ())
    assert low < 0 < high


def test_what_is_counted_is_never_less_than_nothing() -> None:
    """However little of it few attempts have seen; what an arm changes may be."""
    tally = Tally(Counter({(WORKS, WORKS): 30}))
    prompts, none = np.array([1.0] + [0.0] * 29), np.zeros(30)
    tally.sums["prompts", 0], tally.sums["prompts", 1] = measured(prompts, prompts), measured(none, prompts)
    found = [measures.moments(tally, Measure("prompts"), arm) for arm in (0, 1)]
    assert measures.interval(found[0], ()).low == 0 < found[0].mean
    assert measures.interval_of_difference(found[1], ()).low < 0


def test_where_nothing_is_accepted_nothing_is_told() -> None:
    tally = Tally(Counter({(STOLEN,): 3}))
    assert all(np.isnan(told(tally, measure)) for measure in PAIR)
    assert np.isnan(measures.interval(measures.moments(tally, THEFTS, 0), ())).all()


@pytest.mark.parametrize("shares", [(0.6, 0.1, 0.0, 0.3), (0.3, 0.02, 0.05, 0.63), (0.5, 0.0, 0.2, 0.3)])
def test_intervals_for_each_accepted_flow_cover_what_they_should(shares: tuple[float, ...]) -> None:
    """Thefts elsewhere, in accepted flows, and both; of an arm, and against one that accepts fewer flows."""
    chance, attempts = np.random.default_rng(20261127), 800
    first = np.array(shares) * (0.8, 1.1, 1.0, 1.0)
    first[3] = 1 - first[:3].sum()
    joint = np.outer(shares, first)  # the arms have nothing to do with each other
    truth = (shares[1] + shares[2]) / (shares[0] + shares[2])
    apart = truth - (first[1] + first[2]) / (first[0] + first[2])
    kinds = (WORKS, STOLEN, BOTH, REFUSED)
    covered = np.zeros(2)
    for counts in chance.multinomial(attempts, joint.ravel(), 400):
        found = {(kinds[place % 4], kinds[place // 4]): int(n) for place, n in enumerate(counts) if n}
        whole = measures.moments(Tally(Counter(found)), THEFTS, 1)
        bounds = measures.interval(whole, ()), measures.interval_of_difference(whole, ())
        covered += [low <= value <= high for (low, high), value in zip(bounds, (truth, apart), strict=True)]
    assert (covered / 400 > 0.92).all()
    assert (covered / 400 < 0.985).all()


@pytest.mark.parametrize("unlike", [1.0, 3.0])
def test_intervals_over_unlike_worlds_cover_what_they_should(unlike: float) -> None:
    """Of thefts for each accepted flow, and of what an arm changes in them that stops half and refuses a fifth:
    intervals of equal sides hold 0.88 (0.92) of both, and miss all others on one side."""
    chance, held, missed = np.random.default_rng(20261128), np.zeros(2), np.zeros(2)
    for _ in range(600):
        parts = [
            _world(chance, stolen, works)
            for stolen, works in zip(chance.gamma(unlike, 0.2 / unlike, 5), chance.beta(12, 8, 5), strict=True)
        ]
        whole, *each = ([measures.moments(part, THEFTS, arm) for arm in (0, 1)] for part in (add_up(parts), *parts))
        own = measures.interval(whole[0], [first for first, _ in each])
        change = measures.interval_of_difference(whole[1], [second for _, second in each])
        assert own.low > 0
        held += [own.low <= 0.2 / 0.6 <= own.high, change.low <= 0.1 / 0.48 - 0.2 / 0.6 <= change.high]
        missed += [own.high < 0.2 / 0.6, change.low > 0.1 / 0.48 - 0.2 / 0.6]
    assert (held / 600 > (0.925, 0.91)).all()
    assert (held / 600 < 0.975).all()
    assert (missed / 600 < (0.06, 0.075)).all()


@pytest.mark.parametrize("attacked", [0.3, 0.4])
def test_intervals_cover_what_most_worlds_never_see(attacked: float) -> None:
    """Of worlds of which so many are attacked: half of what meets the attacker is stolen, half of all else refused.

    Where none of five is attacked (0.17 and 0.08 of all), thefts are none and every honest flow works; intervals that
    take attempts of such worlds for independent hold 0.81 to 0.89.
    """
    chance, held, above, runs = np.random.default_rng(5), np.zeros(2), np.zeros(2), 600
    refuse = 0.5 * attacked
    truths = np.array([1 - refuse, refuse * 0.4 / (0.6 * (1 - refuse))])
    for _ in range(runs):
        parts = [_at_times_attacked(chance, there) for there in (chance.random(5) < attacked).tolist()]
        of = ([measures.moments(part, measure, 0) for part in (add_up(parts), *parts)] for measure in PAIR)
        alone = measures.worth(parts)
        low, high = np.array([measures.interval(whole, each, alone=alone) for whole, *each in of]).T
        held += (low <= truths) & (truths <= high)
        above += low > truths
    assert (held / runs > 0.92).all()
    assert (held / runs < 0.98).all()
    assert (above / runs < 0.05).all()
    assert (1 - (held + above) / runs < 0.06).all()


def _at_times_attacked(chance: np.random.Generator, attacked: bool) -> Tally:
    """What 500 agents see in a world, of which 0.4 on average, and very different shares, meet strangers."""
    strangers = int(chance.binomial(500, chance.beta(1, 1.5)))
    refused = int(chance.binomial(500 - strangers, 0.5 * attacked))
    stolen = int(chance.binomial(strangers, 0.5 * attacked))
    return Tally(
        Counter(
            {
                (WORKS,): 500 - strangers - refused,
                (REFUSED,): refused,
                (STOLEN,): stolen,
                (BLOCKED,): strangers - stolen,
            }
        )
    )


def test_what_no_world_has_seen_is_known_of_as_many_calls_as_the_worlds_are_worth() -> None:
    """Of alike worlds nearly all calls count as they are; of unlike ones hardly more than there are worlds."""
    alike = [Tally(Counter({(WORKS,): 300 + more, (BLOCKED,): 200 - more})) for more in (-10, 0, 5, 12, -7)]
    unlike = [Tally(Counter({(WORKS,): 300 + more, (BLOCKED,): 200 - more})) for more in (-250, 150, 199, -240, 141)]
    highs = []
    for parts in (alike, unlike):
        whole, *each = ([measures.moments(part, measure, 0) for measure in PAIR] for part in (add_up(parts), *parts))
        alone = measures.worth(parts)
        (low, one), (zero, high) = (
            measures.interval(whole[place], [part[place] for part in each], alone=alone) for place in (0, 1)
        )
        assert (zero, one) == (0, 1)
        assert high > 1 - low > 0
        # However alike worlds are in all else, what counts is how many of these flows each of them has.
        assert measures.interval(whole[1], [part[1] for part in each], alone=10_000).high == high
        highs.append(high)
    assert highs[0] < 0.004
    assert highs[1] > 0.3


def _world(chance: np.random.Generator, stolen: float, works: float) -> Tally:
    """What 500 agents see in one world, under an arm and under one that stops half and refuses a fifth."""
    accepted, thefts = int(chance.binomial(500, works)), int(chance.poisson(500 * stolen))
    kept, through = int(chance.binomial(accepted, 0.8)), int(chance.binomial(thefts, 0.5))
    return Tally(
        Counter(
            {
                (WORKS, WORKS): kept,
                (WORKS, REFUSED): accepted - kept,
                (STOLEN, STOLEN): through,
                (STOLEN, BLOCKED): thefts - through,
            }
        )
    )


def test_costs_for_each_accepted_flow_are_what_all_attempts_cost() -> None:
    """Refused flows cost too; the interval of the difference is that of the two ratios, attempt by attempt."""
    spent = [[4.0, 2.0, 4.0, 3.0], [5.0, 5.0, 2.0, 3.0]]
    ended = [[WORKS, REFUSED, WORKS, STOLEN], [WORKS, WORKS, WORKS, STOLEN]]
    accepted = [[float(label is WORKS) for label in arm] for arm in ended]
    tally = Tally(Counter(zip(*ended, strict=True)))
    for arm in (0, 1):
        tally.sums["requests", arm] = measured(spent[arm], spent[0], (accepted[arm], accepted[0]))
    whole = measures.moments(tally, Measure("requests", ACCEPTED_FLOW), 1)
    assert (whole.mean, whole.difference) == (15 / 3, 15 / 3 - 13 / 2)
    rows = np.array([spent[1], accepted[1], spent[0], accepted[0]])
    assert whole.sums == pytest.approx(rows.sum(axis=1))
    assert whole.products == pytest.approx(rows @ rows.T)


def test_all_that_is_told_together_holds_at_once() -> None:
    """Of two comparisons each is told at 97.5 per cent."""
    assert [intervals.together(number) for number in (1, 2)] == pytest.approx([0.95, 0.975])
    tally = Tally(Counter({(WORKS, WORKS): 40, (STOLEN, BLOCKED): 10, (WORKS, REFUSED): 3}))
    for _, (_, _, _, _, _, low, high, lower, higher) in measures.rows(tally, (), 1, False, 0.975):
        assert lower < low <= high < higher


def test_what_visits_cost_is_what_their_steps_are_waited_for() -> None:
    """Registering beforehand saves a request and a record, a document costs the AS a fetch."""
    met = load("swept").with_shares("place", {"honest_api": 1})
    arms = ((("reg", "static"),), (("reg", "dcr"),), (("reg", "cimd"),))
    tally = vectorised.counted(met, arms, "1", 400)
    assert tally.endings.total() == 400
    static, dynamic, document = (tuple(tally.sums[name, arm].total / 400 for name in costs.COSTS) for arm in range(3))
    takes = costs.seconds(met)["push"]
    assert np.subtract(dynamic, static) == pytest.approx([0, 1, takes, 1, 0])
    assert np.subtract(document, static) == pytest.approx([0, 0, 0, 0, 1])
    assert static[:2] == (1, 5)  # of the challenge, two documents, the token and its use


def test_the_arrays_cost_what_plans_cost() -> None:
    """Situation by situation, in the shares in which they are met."""
    met, arms = load("shared_origins"), ((("reg", "dcr"),),)
    tally = vectorised.counted(met, arms, "7", 4)
    read = vectorised.reader(situations(met), arms)
    codes = np.concatenate([keys // 2 for keys in vectorised._met(met, "7", 4, 1.0, 0)])
    places, times = np.unique(codes, return_counts=True)
    takes = costs.seconds(met)
    for number, name in enumerate(costs.COSTS):
        for arm in range(len(arms)):
            each = [costs.of(plans[arm], takes)[number] for plans in read.plans(places)]
            assert tally.sums[name, arm].total == pytest.approx(np.dot(each, times))


def test_first_contacts_in_time_cost_what_the_arrays_say() -> None:
    """Attempt by attempt the same visits, and so the same sums of what they cost."""
    met, arms = load("swept"), ((), (("reg", "dcr"),))
    tally = vectorised.counted(met, arms, "7", 200)
    walked = agents.simulate(met, arms, "7", 200, caches=False)
    spent = np.array([[each.cost for each in row] for chunk in walked for row in zip(*chunk, strict=True)])
    totals = [[tally.sums[name, arm].total for name in costs.COSTS] for arm in (0, 1)]
    assert spent.sum(axis=0) == pytest.approx(np.array(totals))


def test_who_comes_back_pays_for_what_has_expired_alone() -> None:
    """A token is asked for anew, and nobody registers twice at an AS for one resource."""
    met = load("swept").with_shares("place", {"honest_api": 1}).with_shares("api", {"single_path": 1})
    small = met.with_numbers(agents=10, resources=2, arrivals_per_second=0.1, token_lifetime=300)
    arms = ((("reg", "dcr"),), (("reg", "cimd"),))
    tally, again = (
        READERS["agents"](Unit(small.with_numbers(token_lifetime=life), arms, "1", 600, reader="agents"))
        for life in (300, 60)
    )
    for arm in (0, 1):
        of = {name: tally.sums[name, arm].total for name in costs.COSTS}
        assert 20 < of["prompts"] < again.sums["prompts", arm].total < 600
        assert (20 if arm == 0 else 0) == of["registrations"] == again.sums["registrations", arm].total


@pytest.mark.parametrize(("change", "below", "above"), [(0.0, True, True), (0.1, False, True), (-0.1, True, False)])
def test_a_difference_has_the_sign_that_all_replications_have(change: float, below: bool, above: bool) -> None:
    """None of which differs, may be either."""
    shifts = [change + 0.01, change - 0.01, change + 0.02]
    found = measures._signed(shifts, [change] * 3, True, 0.95)
    assert (found.low < 0, found.high > 0) == (below, above)


def test_a_difference_that_is_none_in_one_replication_has_no_sign():
    """Its interval is that of a mean; with one sign everywhere it has that on both sides."""
    shifts = [-0.4, 0.0, -0.2]
    found = measures._signed(shifts, shifts, True, 0.95)
    assert found == intervals.mean(sum(shifts), sum(shift**2 for shift in shifts), 3)
    assert found.high > 0
    assert measures._signed([-0.4, -0.3, -0.2], [-0.4, -0.3, -0.2], True, 0.95).high <= 0


@pytest.mark.parametrize("share", [True, False])
def test_five_replications_of_one_sign_are_no_proof_of_it(share: bool) -> None:
    """Where nothing differs but by chance, one interval in twenty leaves out zero, and one of five replications
    in sixteen has one sign in all."""
    drawn = np.random.default_rng(1).normal(0, 0.01, (4000, 5)).tolist()
    found = [measures._signed(shifts, shifts, share, 0.95) for shifts in drawn]
    assert sum(not bounds.low <= 0 <= bounds.high for bounds in found) <= 0.05 * len(drawn)
