"""Intervals, tidy tables and files that are never half written."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas
import pytest
from scipy.stats import binomtest

from simulations.engine import Label
from simulations.results import DIFFERENCE_COLUMNS, RATE_COLUMNS, Point, paired_difference, tabulate, wilson, write

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
    low, high = paired_difference(30, 10, 400)
    assert paired_difference(10, 30, 400) == pytest.approx((-high, -low))
    assert low < 20 / 400 < high
    low, high = paired_difference(0, 0, 400)
    assert low < 0 < high


def test_paired_interval_covers() -> None:
    """Nineteen times in twenty, or oftener, the interval holds the true difference."""
    gained, lost, _ = np.random.default_rng(1).multinomial(500, (0.05, 0.02, 0.93), 1_000).T
    bounds = [paired_difference(int(more), int(less), 500) for more, less in zip(gained, lost, strict=True)]
    assert 0.93 < np.mean([low < 0.03 < high for low, high in bounds]) < 0.98


def table() -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """Two arms that ended differently in 15 of 100 attempts."""
    first = Counter({(YES, YES): 60, (NO, NO): 40})
    second = Counter({(YES, YES): 50, (YES, NO): 10, (NO, YES): 5, (NO, NO): 35})
    result = tabulate("mine", [Point("mine", "share", 0.5, ("a", "b"), 7, "swept", (first, second))])
    return result.rates, result.differences


def test_rates_are_counted_by_arm() -> None:
    """Endings add up to all attempts; harms stand beside them."""
    rates, _ = table()
    assert tuple(rates.columns) == RATE_COLUMNS
    counts = rates.set_index(["arm", "outcome"])["count"]
    assert (counts["a", "accepted"], counts["b", "accepted"]) == (60, 55)
    assert (counts["a", "client.rule"], counts["a", "resource_binding"]) == (40, 40)
    endings = rates[rates.kind != "harm"]
    assert (endings.groupby("arm")["count"].sum() == 100).all()
    assert ((rates.low <= rates.rate) & (rates.rate <= rates.high)).all()


def test_differences_are_paired() -> None:
    """The difference is that of the rates, its interval that of the attempts that ended differently."""
    _, differences = table()
    assert tuple(differences.columns) == DIFFERENCE_COLUMNS
    row = differences[differences.outcome == "accepted"].iloc[0]
    assert (row.arm, row.against, row.difference) == ("b", "a", -0.05)
    assert (row.low, row.high) == paired_difference(5, 10, 100)


def test_tables_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    """CSV and Parquet hold the same rows."""
    rates, _ = table()
    as_csv, as_parquet = write(rates, tmp_path / "new" / "rates")
    pandas.testing.assert_frame_equal(pandas.read_parquet(as_parquet), rates)
    pandas.testing.assert_frame_equal(pandas.read_csv(as_csv), rates)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing breaks off, the file of the last time is still there, and no rest of this one."""
    rates, _ = table()
    as_csv, _ = write(rates, tmp_path / "rates")
    before = as_csv.read_bytes()

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pandas.DataFrame, "to_csv", broken)
    with pytest.raises(KeyboardInterrupt):
        write(rates, tmp_path / "rates")
    assert as_csv.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rates.csv", "rates.parquet"]
