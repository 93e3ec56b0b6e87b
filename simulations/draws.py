"""Random numbers by entity and purpose.

A number depends on the seed, on what it is for and on whom it is for, and on nothing else: not on the design,
not on what was drawn before, not on the process that draws it. Two arms therefore meet the same population,
and their difference is paired.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

#: Up to so many bounds it is quicker to compare with each than to look a number up.
_COMPARED = 32
#: Philox yields four numbers for each step of its counter, so ranges start at multiples of four.
_BLOCK = 4


def uniforms(seed: str, purpose: str, start: int, count: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) of the entities ``start`` to ``start + count``, for one purpose.

    Example:
        >>> bool((uniforms("1", "api", 0, 8)[4:] == uniforms("1", "api", 4, 4)).all())
        True
    """
    if start % _BLOCK:
        raise ValueError(f"a range of draws starts at a multiple of {_BLOCK}, not at {start}")
    digest = blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    philox = np.random.Philox(key=int.from_bytes(digest, "little"))
    philox.advance(start // _BLOCK)
    return np.random.Generator(philox).random(count)


def categories(numbers: NDArray[np.float64], shares: tuple[float, ...]) -> NDArray[np.int64]:
    """Which category each number falls into; a category with share 0 is never drawn."""
    bounds = np.cumsum(shares)[:-1]
    if len(bounds) > _COMPARED:
        return np.searchsorted(bounds, numbers, side="right")
    passed = np.zeros(len(numbers), dtype=np.uint8)
    for bound in bounds:
        passed += numbers >= bound
    return passed.astype(np.int64)


def ends(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where categories end between 0 and 1, one row for each row of shares; what is never met ends with the others."""
    met = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1][:, 1:] > 0
    return np.where(met, np.cumsum(shares, axis=1)[:, :-1], 1.0)


def below(
    numbers: NDArray[np.float64], bounds: NDArray[np.float64], rows: NDArray[np.int64] | int
) -> NDArray[np.int64]:
    """Which category each number falls into, where each goes by a row of bounds of its own."""
    passed = np.zeros(len(numbers), dtype=np.int64)
    for column in bounds.T:
        passed += numbers >= column[rows]
    return passed


def exponential(numbers: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Exponential times with a mean."""
    return -mean * np.log1p(-numbers)


def lognormal(numbers: NDArray[np.float64], median: float, sigma: float) -> NDArray[np.float64]:
    """Log-normal times with a median and a spread (of the logarithm)."""
    # ndtri(0) is minus infinity, which is a time of zero.
    return median * np.exp(sigma * ndtri(numbers))
