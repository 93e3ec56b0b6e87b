"""The lattice of mechanisms: how long all minimal sufficient sets take, beside asking design by design.

python -m benchmarks.lattice
"""

from __future__ import annotations

import random
import time

from model.design import Configuration, parse_capabilities
from properties.designs import MECHANISMS, Lattice, design_of
from properties.security import PROPERTIES
from properties.verdict import Checker

ATTACKER = "mal_as+mal_rs+mal_tenant"


def main() -> None:
    """Print both, and their ratio."""
    capabilities = parse_capabilities(ATTACKER)
    started = time.perf_counter()
    print(f"all minimal sufficient sets against {ATTACKER}, {2 ** len(MECHANISMS):,} designs a property")
    for prop in PROPERTIES.values():
        if prop.kind == "security":
            begun = time.perf_counter()
            found = Lattice([prop], capabilities).enumerate()
            sizes = f"{len(found.sufficient):3} sufficient {len(found.insufficient):3} insufficient"
            print(f"  {prop.name:22} {sizes} {found.questions:5} questions {time.perf_counter() - begun:6.1f} s")
    lattice = time.perf_counter() - started
    asked = sum(prop.kind == "security" for prop in PROPERTIES.values())
    print(f"  all {asked}: {lattice:.1f} s, {asked * 2 ** len(MECHANISMS) / lattice:,.0f} designs decided a second")

    rng, checker, sample = random.Random(1), Checker(), 60
    checker.verdict("authorization", Configuration(design_of(()), capabilities))
    begun = time.perf_counter()
    for _ in range(sample):
        design = design_of(name for name in MECHANISMS if rng.random() < 0.5)
        checker.verdict("authorization", Configuration(design, capabilities))
    each = (time.perf_counter() - begun) / sample
    print(f"one verdict after the other, same process: {1 / each:.1f} designs a second")
    print(f"ratio: {asked * 2 ** len(MECHANISMS) / lattice * each:,.0f}")


if __name__ == "__main__":
    main()
