"""The lattice of mechanisms: how long all minimal sufficient sets take, beside asking design by design.

python -m benchmarks.lattice
"""

import random
import time

from model.design import Configuration, parse_capabilities
from properties.checker import Checker
from properties.designs import MECHANISMS, Answers, Lattice, design_of
from properties.security import PROPERTIES
from simulations.processes import in_order

ATTACKER = "mal_as+mal_rs+mal_tenant"


def of_property(name: str) -> tuple[Answers, float]:
    """All sets for a property, and the seconds that they took."""
    started = time.perf_counter()
    return Lattice([name], parse_capabilities(ATTACKER)).enumerate(), time.perf_counter() - started


def main() -> None:
    """Print both, and their ratio."""
    capabilities = parse_capabilities(ATTACKER)
    names = [prop.name for prop in PROPERTIES.values() if prop.kind == "security"]
    started = time.perf_counter()
    print(f"all minimal sufficient sets against {ATTACKER}, {2 ** len(MECHANISMS):,} designs a property")
    for name, (found, seconds) in zip(names, in_order(of_property, names, 2), strict=True):
        sizes = f"{len(found.sufficient):3} sufficient {len(found.insufficient):3} insufficient"
        print(f"  {name:22} {sizes} {found.questions:5} questions {seconds:6.1f} s", flush=True)
    lattice, decided = time.perf_counter() - started, len(names) * 2 ** len(MECHANISMS)
    print(f"  all {len(names)}, two processes: {lattice:.1f} s, {decided / lattice:,.0f} designs decided a second")

    rng, checker, sample = random.Random(1), Checker(), 60
    checker.verdict("authorization", Configuration(design_of(()), capabilities))
    begun = time.perf_counter()
    for _ in range(sample):
        design = design_of(name for name in MECHANISMS if rng.random() < 0.5)
        checker.verdict("authorization", Configuration(design, capabilities))
    each = (time.perf_counter() - begun) / sample
    print(f"one verdict after the other, same process: {1 / each:.1f} designs a second")
    print(f"ratio, both in one process: {decided * each / (2 * lattice):,.0f}")


if __name__ == "__main__":
    main()
