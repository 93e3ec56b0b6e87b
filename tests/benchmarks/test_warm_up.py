"""A warm-up is as long as the start of a world in time is felt."""

import re

import numpy as np
import pytest

from benchmarks.warm_up import BATCHES, lived, shift, truncated
from simulations.catalogue import EXPERIMENTS


def test_what_is_left_out_is_the_start() -> None:
    """Where the first batches lie apart from the rest, those and no others; the mean says so too."""
    noise = np.random.default_rng(1).normal(0, 0.1, BATCHES)
    late = noise + np.where(np.arange(BATCHES) < 12, 1.0, 0.0)
    assert truncated(late) == 12
    assert shift(late, 12) == pytest.approx(0)
    assert shift(late, 0) > 10


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "refresh_race" else pytest.mark.slow)
        for name, asked in EXPERIMENTS.items()
        if asked.reader == "residents" and not asked.options.get("expire_together")
    ],
)
def test_warm_ups_are_long_enough(name: str) -> None:
    """As long as MSER says, or the mean is the same without what is left."""
    told = list(lived(EXPERIMENTS[name]))
    assert told
    for line in told:
        found = re.search(r"off by ([-+][\d.]+) errors$", line)
        assert line.endswith("long enough") or (found and abs(float(found[1])) < 2)
