"""The weakest assumptions of every named design: how long they take, beside asking environment by environment.

python -m benchmarks.assume [--designs NAME,...]
"""

import math
import random
import time
from dataclasses import replace

import click

from model.design import Configuration, named_switches, parse
from model.named_designs import NAMED_DESIGNS
from model.switches import SWITCHES
from properties.assume import Assumptions
from properties.attackers import every_attacker
from properties.checker import Checker
from properties.security import PROPERTIES, Property
from simulations.processes import in_order

SAMPLE, SEED = 60, 1


def security(configuration: Configuration) -> list[Property]:
    """The security properties that the design's protocol defines."""
    known = (prop for prop in PROPERTIES.values() if prop.kind == "security")
    return [prop for prop in known if prop.defined(prop.world_of(configuration))]


def of_design(name: str) -> tuple[str, int, int, float]:
    """A design: properties and attackers asked about, questions to the solver, seconds."""
    started, questions, asked = time.perf_counter(), 0, 0
    for who in every_attacker().values():
        configuration = parse(f"design={name};cap={who.capabilities}")
        question = Assumptions(security(configuration), configuration, named_switches(f"design={name}"))
        for prop in question.properties:
            question.weakest(prop)
            questions, asked = questions + question.questions, asked + 1
    return name, asked, questions, time.perf_counter() - started


@click.command()
@click.option("--designs", default=",".join(NAMED_DESIGNS), help="Which, with commas.")
def main(designs: str) -> None:
    """Print both, and their ratio."""
    names, started = designs.split(","), time.perf_counter()
    environments = math.prod(len(s.values) for s in SWITCHES.values() if s.kind == "environment")
    print(f"weakest assumptions against {len(every_attacker())} attackers, {environments:,} environments at most")
    decided = 0
    for name, asked, questions, seconds in in_order(of_design, names, 2):
        decided += asked
        print(f"  {name:18} {asked:4} enumerations {questions:6} questions {seconds:6.1f} s", flush=True)
    passed = time.perf_counter() - started
    print(f"  all: {decided} enumerations, two processes, {passed:.1f} s")

    rng, checker = random.Random(SEED), Checker()
    base = parse("design=mcp;cap=mal_as+mal_rs+mal_tenant")
    checker.result("authorization", base)
    begun = time.perf_counter()
    for _ in range(SAMPLE):
        drawn = {s.name: rng.choice(s.values) for s in SWITCHES.values() if s.kind == "environment"}
        checker.result("authorization", replace(base, design=base.design.but(**drawn)))
    each = (time.perf_counter() - begun) / SAMPLE
    print(f"one result after the other, same process: {1 / each:.1f} environments a second")
    print(f"ratio, both in one process: {decided * environments * each / (2 * passed):,.0f}")


if __name__ == "__main__":
    main()
