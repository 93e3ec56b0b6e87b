"""The lattice of mechanisms: how long all minimal sufficient sets take, beside asking design by design.

    python -m benchmarks.lattice
    python -m benchmarks.lattice invariants

``invariants`` asks for the sets that stop a mix-up with a search for invariants (:mod:`properties.invariant`), and
without.
"""

import random
import sys
import time

from model.design import Configuration, parse_capabilities
from properties import monotone
from properties.checker import Checker
from properties.designs import BEFOREHAND, MECHANISMS, Answers, Lattice, design_of
from properties.security import PROPERTIES
from simulations.processes import in_order

ATTACKER = "mal_as+mal_rs+mal_tenant"


def of_property(name: str) -> tuple[Answers, float]:
    """All sets for a property, and the seconds that they took."""
    started = time.perf_counter()
    return Lattice([name], parse_capabilities(ATTACKER)).enumerate(), time.perf_counter() - started


def invariants() -> None:
    """The sets that keep a code from a malicious AS where nothing is agreed on beforehand, both ways."""
    absent = {switch: without for switch, without, _ in (MECHANISMS[name] for name in BEFOREHAND)}
    left = {name: positions for name, positions in MECHANISMS.items() if name not in BEFOREHAND}
    spent, found = list[float](), list[Answers]()
    for name, work in (("with invariants", monotone.FIRST_SEARCH), ("without", 0.0)):
        monotone.FIRST_SEARCH = work
        started = time.process_time()
        found.append(Lattice(["code_delivery"], parse_capabilities("mal_as"), absent, mechanisms=left).enumerate())
        spent.append(time.process_time() - started)
        print(f"{name:<20}{spent[-1]:>8.1f} s CPU   {len(found[-1].sufficient)} sets suffice", flush=True)
    same = (found[0].sufficient, found[0].insufficient) == (found[1].sufficient, found[1].insufficient)
    print(f"{'ratio':<20}{spent[1] / spent[0]:>8.0f}     {'the same sets' if same else 'OTHER SETS'}")


def everything() -> None:
    """All sets of all properties, verdicts about designs one by one, and their ratio."""
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
    invariants() if sys.argv[1:] == ["invariants"] else everything()
