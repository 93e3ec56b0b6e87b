"""What it saves to draw worlds with attackers more often than they are met, where those are rare.

    python -m benchmarks.rare

The same number of small worlds is drawn as they are met, and with ``attackers_met``. Every call is a first contact
there, so that it is known exactly how many codes per call reach an attacker (a mix-up). Printed are both estimates
beside that, the mean of the weights (1 where they are right), how many worlds the weighted ones are worth, and how many
times as many worlds it takes as they are met for an error as small.
"""

import math
import sys
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulations import vectorised
from simulations.lives import count
from simulations.population import Population, load
from simulations.units import ATTACKERS_MET, Tally, Unit

WORLDS, CALLS, SHARES = 2_000, 40, (0.01, 0.001, 0.0001, 0.00001)
SMALL = load("swept").with_numbers(
    **{
        "count.users": 20, "count.resource_servers": 60, "count.authorization_servers": 20, "count.clients": 5,
        "popularity.resource_servers": 0, "attackers.lure": 1, "attackers.authorization_servers": 0.5,
        "token_lifetime": 0, "metadata_lifetime": 0, "lifetime.client_metadata": 0, "lifetime.refresh_token": 0,
    }
)  # fmt: skip
MIX_UP = (("iss_check", "off"),)


def at(share: float) -> Population:
    """Return the small world with so many malicious resource servers."""
    return SMALL.with_numbers(**{"attackers.resource_servers": share, "attackers.tenants": share})


def stolen(tally: Tally) -> float:
    """Return in how many calls a code reaches an attacker."""
    return sum(times for (label,), times in tally.endings.items() if "code_delivery" in label.harms)


def exactly(met: Population) -> float:
    """Return how many do per first contact."""
    return stolen(vectorised.evaluated(met, (MIX_UP,)))


def lived(met: Population, attackers_met: float, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return stolen codes per call and the weight of each of some worlds."""
    options = ((ATTACKERS_MET, attackers_met), ("warm_up", 0.0))
    unit = Unit(met, (MIX_UP,), "", CALLS, reader="residents", options=options)
    tallies = [count(replace(unit, seed=f"rare/{world}")) for world in range(number)]
    weights = [1.0 if each.likelihood is None else each.likelihood for each in tallies]
    return np.array([stolen(each) / CALLS for each in tallies]), np.array(weights)


def main() -> None:
    """Print a line for each share of malicious resource servers."""
    number = next((int(word) for word in sys.argv[1:] if word.isdigit()), WORLDS)
    for share in SHARES:
        met = at(share)
        true, (plain, _), (found, weights) = exactly(met), lived(met, 0.0, number), lived(met, 1.0, number)
        # Of worlds as they are met, the weighted ones say better how far they are apart.
        met_apart, apart = (float(np.mean(weights**power * (found - true) ** 2)) for power in (1, 2))
        worth = weights.sum() ** 2 / (weights**2).sum()
        print(
            f"share {share:g}: exactly {true:.3g}; as met {plain.mean():.3g}, weighted "
            f"{np.average(found, weights=weights):.3g} ± {1.96 * math.sqrt(apart / number):.2g}; mean weight "
            f"{weights.mean():.3f}, {number} worlds worth {worth:.0f}; as met it takes "
            f"{met_apart / apart:.1f} times as many",
            flush=True,
        )


if __name__ == "__main__":
    main()
