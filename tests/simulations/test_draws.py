"""Random numbers depend on seed, purpose and entity, and on nothing else."""

import numpy as np
import pytest

from simulations.draws import categories, exponential, lognormal, uniforms


def test_ranges_are_windows_on_one_stream() -> None:
    """The number of an entity is the same whichever range it is drawn in."""
    whole = uniforms("1", "api", 0, 100)
    assert np.array_equal(whole[40:60], uniforms("1", "api", 40, 20))


def test_purposes_and_seeds_are_independent() -> None:
    """Another purpose or another seed gives other numbers, uncorrelated with the first."""
    first = uniforms("1", "api", 0, 20_000)
    for other in (uniforms("1", "place", 0, 20_000), uniforms("2", "api", 0, 20_000)):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.03


def test_ranges_start_at_blocks() -> None:
    """A range that would need half a step of the counter is refused."""
    with pytest.raises(ValueError, match="multiple of 4, not at 2"):
        uniforms("1", "api", 2, 4)


def test_categories_follow_shares() -> None:
    """Categories come out as often as their shares say, and never at share zero."""
    drawn = categories(uniforms("1", "api", 0, 40_000), (0.0, 0.25, 0.0, 0.75, 0.0))
    assert set(drawn) == {1, 3}
    assert abs((drawn == 1).mean() - 0.25) < 0.01


@pytest.mark.parametrize("kinds", [1, 2, 13, 200])
def test_categories_begin_at_their_bounds(kinds: int) -> None:
    """Few bounds or many: a number that is a bound belongs to the category that begins there."""
    shares = (1 / kinds,) * kinds
    numbers = np.concatenate([np.cumsum(shares)[:-1], uniforms("1", "api", 0, 1_000)])
    assert categories(numbers, shares).tolist() == [sum(x >= b for b in np.cumsum(shares)[:-1]) for x in numbers]


def test_times_have_the_mean_and_the_median_asked_for() -> None:
    """Exponential times have their mean, log-normal ones their median."""
    numbers = uniforms("1", "time", 0, 40_000)
    assert abs(exponential(numbers, 3).mean() - 3) < 0.1
    assert abs(np.median(lognormal(numbers, 8, 0.5)) - 8) < 0.1
    assert lognormal(np.array([0.0]), 8, 0.5)[0] == 0
