"""How long a reader waits after moving a control, until the verdict and its chart, if it has one, are out.

    python -m benchmarks.controls

Every switch of the controls is moved at random, one a time, as a person does; so are attackers and the property. The
first question of a kernel, which lays the world down, is measured apart. The notebook page itself is not in it.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Sequence

from model.named_designs import NAMED_DESIGNS
from model.switches import CAPABILITIES, SWITCHES
from openworld.explore.controls import Explorer, explore
from properties.designs import MECHANISMS
from properties.security import PROPERTIES

MOVES = 150
SEED = 20261125
WATCHED = ("first_contact", "authorization", "code_delivery", "token_confinement", "discovery_integrity")
#: What a reader should wait at most, in seconds.
PATIENCE = 0.2


def started(design: str) -> tuple[Explorer, float]:
    """Controls for all mechanisms, at a named design, and how long the first answer took."""
    begun = time.perf_counter()
    shown = explore(
        "authorization",
        f"design={design};cap=mal_as",
        switches=dict.fromkeys(switch for switch, _, _ in MECHANISMS.values()),
        attackers=CAPABILITIES,
        watch=WATCHED,
    )
    return shown, time.perf_counter() - begun


def moved(shown: Explorer, rng: random.Random) -> tuple[float, float]:
    """Move one control: how long its verdict took, and how much processor time the whole change."""
    kind = rng.choice(("switch", "switch", "switch", "attacker", "property"))
    spent = time.process_time()
    if kind == "switch":
        name = rng.choice([switch for switch, _, _ in MECHANISMS.values()])
        others = [value for value in SWITCHES[name].values if value != shown.configuration.design[name]]
        shown.set(**{name: rng.choice(others)})
    elif kind == "attacker":
        name = rng.choice(list(CAPABILITIES))
        shown.set(**{name: name not in shown.configuration.capabilities})
    else:
        shown.set(prop=rng.choice(list(PROPERTIES)))
    return shown.seconds, time.process_time() - spent


def main() -> int:
    """Print the distribution; whether the 95th percentile is within patience."""
    rng = random.Random(SEED)
    shown, first = started("mcp")
    measured = [moved(shown, rng) for _ in range(MOVES // 2)]
    shown, _ = started(rng.choice(list(NAMED_DESIGNS)))
    measured += [moved(shown, rng) for _ in range(MOVES - MOVES // 2)]
    waits, spent = zip(*measured, strict=True)
    within = sum(wait <= PATIENCE for wait in waits) / MOVES
    print(
        f"first answer {first:.2f} s; {MOVES} moves of a control, wait until the verdict: {_spread(waits)}; "
        f"{within:.0%} within {1000 * PATIENCE:.0f} ms"
    )
    print(f"processor time of a move, with the rules that block and {len(WATCHED)} more results: {_spread(spent)}")
    return int(statistics.quantiles(waits, n=20)[-1] > PATIENCE)


def _spread(seconds: Sequence[float]) -> str:
    high = statistics.quantiles(seconds, n=20)[-1]
    return f"median {1000 * statistics.median(seconds):.0f} ms, 95th percentile {1000 * high:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
