"""Intervals, tidy tables and files that are never half written."""

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
from scipy.stats import binomtest, multinomial, ttest_1samp

from simulations.intervals import contrast, mean, share, unpaired_difference, wilson
from simulations.measures import worth
from simulations.results import TABLES, Origin, Point, Result, alike, measured, tabulate, write
from simulations.units import Sums, Tally
from simulations.visits import Label

YES, NO = Label("success", "accepted", ()), Label("refused", "client.rule", ("resource_binding",))


@pytest.mark.parametrize(("count", "attempts"), [(0, 10), (10, 10), (3, 17), (500, 20_000)])
def test_wilson_is_scipys_and_the_textbooks(count: int, attempts: int) -> None:
    """The interval is SciPy's, which is the formula."""
    reference = binomtest(count, attempts).proportion_ci(0.95, method="wilson")
    z, p = 1.959963984540054, count / attempts
    centre = (p + z * z / (2 * attempts)) / (1 + z * z / attempts)
    half = z / (1 + z * z / attempts) * math.sqrt(p * (1 - p) / attempts + z * z / (4 * attempts**2))
    assert wilson(count, attempts) == pytest.approx((reference.low, reference.high))
    assert wilson(count, attempts) == pytest.approx((max(0, centre - half), min(1, centre + half)), abs=1e-12)


def test_paired_interval_is_symmetric_and_never_empty() -> None:
    """Swapping the arms mirrors it; no difference at all is still uncertain."""
    low, high = contrast({1: 30, -1: 10, 0: 360})
    assert contrast({-1: 30, 1: 10, 0: 360}) == pytest.approx((-high, -low))
    assert low < 20 / 400 < high
    low, high = contrast({0: 400})
    assert low < 0 < high
    assert contrast({1: 1})[1] == 1


@pytest.mark.parametrize(("gained", "lost"), [(0.0355, 0.0), (0.055, 0.0), (0.03, 0.005), (0.01, 0.01)])
def test_paired_interval_covers_from_both_sides(gained: float, lost: float) -> None:
    """Of all that may be counted it holds the true difference in 95 %, and misses no more above it than below it."""
    size, missed = 1_000, np.zeros(2)
    for less in range(25 if lost else 1):
        for more in range(100):
            low, high = contrast({1: more, -1: less, 0: size - more - less})
            chance = multinomial.pmf([more, less, size - more - less], size, [gained, lost, 1 - gained - lost])
            missed += chance * np.array([high < gained - lost, low > gained - lost])
    assert 0.018 < missed.min() <= missed.max() < 0.03


def test_contrasts_of_several_arms_are_covered_from_both_sides() -> None:
    """Where two factors each raise what the other raises, half and whole gains count by what they are."""
    sizes, shares = [1.0, 0.5, -0.5, 0.0], [0.02, 0.06, 0.01, 0.91]
    drawn = np.random.default_rng(1).multinomial(1_000, shares, 3_000).tolist()
    bounds = np.array([contrast(dict(zip(sizes, counts, strict=True))) for counts in drawn])
    true = np.dot(sizes, shares)
    assert 0.012 < np.mean(bounds[:, 1] < true) < 0.032
    assert 0.012 < np.mean(bounds[:, 0] > true) < 0.032


def test_shares_of_few_worlds_that_differ_much_are_covered() -> None:
    """Where most worlds have little of something, five of them hold its mean as often as is said, and are no mean."""
    worlds = np.random.default_rng(1).beta(0.7, 2.8, (3_000, 5)).tolist()
    held = [share(each) for each in worlds]
    plain = [mean(sum(each), sum(one * one for one in each), 5) for each in worlds]
    assert np.mean([low <= 0.2 <= high for low, high in plain]) < 0.93
    assert 0.93 < np.mean([low <= 0.2 <= high for low, high in held]) < 0.97
    low, high = share([0.1, 0.2, 0.4])
    assert share([0.9, 0.8, 0.6]) == pytest.approx((1 - high, 1 - low))
    assert share([0.0, 0.0]) == (0, 0)
    assert share([0.3]) == (-math.inf, math.inf)


def test_unpaired_interval_is_newcombes() -> None:
    """The worked example of the paper."""
    assert unpaired_difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_mean_interval_is_students() -> None:
    """Mean and t interval of a few numbers, as SciPy has it."""
    values = [1.0, 2.0, 4.0, 8.0]
    sums = measured(values, [0.0] * 4)
    reference = ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean(sums.total, sums.squares, sums.number) == pytest.approx((reference.low, reference.high))


ORIGIN = Origin("mine", "share", ("a", "b"), ("as deployed", "echo=req"), "arrays", 7, "swept", "d1", "c1", "run mine")


def counted() -> Result:
    """Two arms that ended differently in 15 of 100 attempts."""
    tally = Tally(Counter({(YES, YES): 50, (YES, NO): 10, (NO, YES): 5, (NO, NO): 35}))
    tally.sums = {("seconds", arm): Sums(100, 200.0 + arm, 900.0, float(arm), float(arm)) for arm in (0, 1)}
    return tabulate(ORIGIN, [Point(0.5, (tally,), {(0, "success", "accepted"): 0.6})])


def test_rates_are_counted_by_arm() -> None:
    """Endings add up to all attempts; harms stand beside them and say who was hurt."""
    rates = counted().rates
    assert tuple(rates.columns) == TABLES["rates"]
    counts = rates.set_index(["arm", "outcome"])["count"]
    assert (counts["a", "accepted"], counts["b", "accepted"]) == (60, 55)
    assert (counts["a", "client.rule"], counts["a", "resource_binding"]) == (40, 40)
    endings = rates[rates.kind != "harm"]
    assert (endings.groupby("arm")["count"].sum() == 100).all()
    assert ((rates.low <= rates.rate) & (rates.rate <= rates.high)).all()
    assert set(rates[rates.kind == "harm"].hurt) == {"client"}
    assert rates.set_index(["arm", "outcome"])["expected"]["a", "accepted"] == 0.6


def test_every_row_knows_where_it_comes_from() -> None:
    """Population, design, seed, code version and command are on every row of every table."""
    result = counted()
    for name in ("rates", "differences", "quantities"):
        table = getattr(result, name)
        origin = table[["population", "population_digest", "seed", "code", "command", "replications"]]
        assert (origin == ["swept", "d1", 7, "c1", "run mine", 1]).all().all()
        designs = dict(zip(table.arm, table.design, strict=True))
        assert all(designs[arm] == {"a": "as deployed", "b": "echo=req"}[arm] for arm in designs)


def test_differences_are_paired() -> None:
    """The difference is that of the rates, its interval that of the attempts that ended differently."""
    differences = counted().differences
    assert tuple(differences.columns) == TABLES["differences"]
    row = differences[differences.outcome == "accepted"].iloc[0]
    assert (row.arm, row.against, row.difference, row.gained, row.lost) == ("b", "a", -0.05, 5, 10)
    assert (row.low, row.high) == contrast({1: 5, -1: 10, 0: 85})


def test_quantities_are_means_with_paired_differences() -> None:
    """The mean of each arm, and that of what changed in the same attempt."""
    table = counted().quantities
    row = table[(table.quantity == "seconds") & (table.arm == "b")].iloc[0]
    assert (row.per, row["mean"], row.difference) == ("attempt", pytest.approx(2.01), pytest.approx(0.01))
    assert row.low < 2.01 < row.high


def test_what_no_world_has_seen_is_known_of_as_many_attempts_as_worlds_are_worth() -> None:
    """Of worlds that are alike nearly all attempts count; of unlike ones few, in rates as in what arms change."""
    worlds, origin = (
        {"alike": (50, 48, 52, 51, 49), "unlike": (5, 95, 50, 90, 10)},
        replace(ORIGIN, interval="replications"),
    )
    wide = {}
    for name, accepted in worlds.items():
        parts = tuple(Tally(Counter({(YES, NO): many, (NO, NO): 100 - many})) for many in accepted)
        found = tabulate(origin, [Point(0.5, parts)])
        rates = found.rates.set_index(["arm", "outcome"])
        never, always = rates.loc["b", "accepted"], rates.loc["b", "client.rule"]
        assert (never.low, always.high) == (0, 1)
        assert never.high == pytest.approx(1 - always.low)
        wide[name] = never.high, rates.loc["b", "accepted"].per_accepted_high
    assert wide["alike"][0] < 0.01 < 0.2 < wide["unlike"][0]
    parts = tuple(Tally(Counter({(YES, YES): many, (NO, NO): 100 - many})) for many in worlds["unlike"])
    table = tabulate(origin, [Point(0.5, parts)])
    change = table.differences.set_index("outcome").loc["accepted"]
    assert (change.difference, change.low) == (0, -change.high)
    assert change.high > 0.2
    told = table.quantities.set_index(["arm", "quantity", "per"])
    works = told.loc["b", "flows_that_work", "honest flow"]
    assert works.difference_high == -works.difference_low > 0.2
    rare = told.loc["b", "thefts", "attempt"]
    harm = rates_of_nothing(parts)
    assert rare.high == pytest.approx(harm)


def rates_of_nothing(parts: tuple[Tally, ...]) -> float:
    """The upper bound of a rate that none of so many replications has seen."""
    return wilson(0, worth(parts)).high


FOUR = Origin("mine", "share", ("a", "b", "c", "d"), ("",) * 4, "arrays", 1, "swept", "", "", "")


def ended(origin: Origin, *attempts: tuple[Label, ...], sums: tuple[float, ...] = ()) -> Result:
    """One attempt at every point of a sweep, and what was measured of each arm, if anything."""
    points = [Point(float(place), (Tally(Counter({joint: 1})),)) for place, joint in enumerate(attempts)]
    for point in points:
        point.tally.sums = {("seconds", arm): Sums(1, total, total**2, 0, 0) for arm, total in enumerate(sums)}
    return tabulate(origin, points)


def test_arms_that_end_alike_in_every_attempt_are_found() -> None:
    """Every table names them beside each; as many of a kind in other attempts is not the same."""
    result = ended(FOUR, (YES, NO, NO, YES), (YES, YES, YES, NO), (NO, YES, YES, YES))
    for table, first in ((result.rates, {"a": "a"}), (result.differences, {})):
        assert dict(zip(table.arm, table.alike, strict=True)) == {**first, "b": "b, c", "c": "b, c", "d": "d"}
    assert [each.words for each in result.alike] == ["b, c: the same in every attempt, 3 in all"]
    assert not counted().alike


def test_one_attempt_tells_arms_apart() -> None:
    """Wherever in the sweep, and if only a harm differs."""
    harmed = Label("success", "accepted", ("authorization",))
    assert not ended(ORIGIN, (YES, YES), (NO, NO), (YES, harmed)).alike


def test_an_arm_that_changes_nothing_is_said_to() -> None:
    """Against the first, or against what is deployed, wherever that stands."""
    (found,) = ended(FOUR, (YES, NO, YES, YES)).alike
    assert found.words == "c, d: changed nothing against a, the same in every attempt, 1 in all"
    deployed = Origin("mine", "", ("a", "b", "as deployed"), ("",) * 3, "arrays", 1, "swept", "", "", "")
    (found,) = ended(deployed, (NO, YES, YES)).alike
    assert (found.arms, found.against) == (("b", "as deployed"), "as deployed")


def test_what_is_measured_tells_arms_apart_too() -> None:
    """They are drawn together by how they end, and not said to be the same."""
    result = ended(FOUR, (YES, YES, NO, NO), sums=(1.0, 2.0, 3.0, 3.0))
    assert list(result.rates.alike.unique()) == ["a, b", "c, d"]
    assert list(result.quantities.alike.unique()) == ["a", "b", "c, d"]
    assert [each.words for each in result.alike] == [
        "c, d: the same in every attempt, 1 in all",
        "a, b: every attempt ends the same way, 1 in all; what is measured differs",
    ]
    assert [each.words for each in alike(result.rates)] == [
        "a, b: every attempt ends the same way, 1 in all",
        "c, d: every attempt ends the same way, 1 in all",
    ]


def test_tables_that_do_not_say_what_is_alike_are_read_as_such() -> None:
    """Those of an earlier release."""
    assert not list(alike(ended(FOUR, (YES,) * 4).rates.assign(alike="")))


def test_effects_of_all_combinations() -> None:
    """Main effects and the interaction of two factors, from outcomes that are known attempt by attempt."""
    # Arms: neither, second, first, both. Only both together succeed, in 30 of 40 attempts.
    tally = Tally(Counter({(NO, NO, NO, YES): 30, (NO, NO, NO, NO): 10}))
    origin = Origin(
        "mine", "share", ("-", "y", "x", "x + y"), ("",) * 4, "arrays", 1, "swept", "", "", "", factors=("x", "y")
    )
    effects = tabulate(origin, [Point(1.0, (tally,))]).effects
    found = effects[effects.outcome == "accepted"].set_index("effect").difference
    assert dict(found) == pytest.approx({"x": 0.375, "y": 0.375, "x × y": 0.375})
    interval = effects[(effects.outcome == "accepted") & (effects.effect == "x × y")].iloc[0]
    assert interval.low < 0.375 < interval.high


def test_tables_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    """CSV and Parquet hold the same rows."""
    rates = counted().rates
    as_csv, as_parquet = write(rates, tmp_path / "new" / "rates")
    pandas.testing.assert_frame_equal(pandas.read_parquet(as_parquet), rates)
    pandas.testing.assert_frame_equal(pandas.read_csv(as_csv), rates)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing breaks off, the file of the last time is still there, and no rest of this one."""
    rates = counted().rates
    as_csv, _ = write(rates, tmp_path / "rates")
    before = as_csv.read_bytes()

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pandas.DataFrame, "to_csv", broken)
    with pytest.raises(KeyboardInterrupt):
        write(rates, tmp_path / "rates")
    assert as_csv.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rates.csv", "rates.parquet"]
