"""What more of everything adds: questions that are safe in the default world, asked where there is one thing more.

    python -m benchmarks.larger [--questions N]

An answer says which parties, sessions and grants it rests on. This shows how often that matters: which answers change
with one more grant for everybody, one more authorization server, one more session of a user, one more client.
"""

import random
import time

import click

from benchmarks.verdicts import drawn
from benchmarks.worlds import LARGER
from model.design import Configuration
from model.world_file import DEFAULT
from properties.checker import Checker
from properties.security import Property, find

SEED = 20261125
#: Seconds for a question in a larger world.
PATIENCE = 10.0


def safe_ones(count: int) -> list[tuple[Property, Configuration]]:
    """Random questions that are safe in the default world."""
    rng, checker = random.Random(SEED), Checker(DEFAULT, timeout=PATIENCE)
    found: list[tuple[Property, Configuration]] = []
    while len(found) < count:
        name, configuration = drawn(rng, 0.1)
        prop = find(name)
        if prop.world_of(configuration) == DEFAULT and checker.result(prop, configuration) == "safe":
            found.append((prop, configuration))
    return found


@click.command()
@click.option("--questions", type=click.IntRange(1), default=200, show_default=True, help="So many safe ones.")
def main(questions: int) -> None:
    """Ask them in each larger world, and print those that are answered otherwise."""
    asked = safe_ones(questions)
    print(f"{len(asked)} random questions that are safe in the default world")
    for name, world in LARGER.items():
        checker, started, changed = Checker(world, timeout=PATIENCE), time.process_time(), []
        for prop, configuration in asked:
            result = checker.result(prop, configuration)
            if result != "safe":
                changed.append(f"    {result:8} {prop.code} {configuration}")
        attacks = sum("attack" in line for line in changed)
        spent = time.process_time() - started
        print(f"  one more {name:8} {attacks:3} attacks, {len(changed) - attacks} without an answer  {spent:6.1f} s")
        for line in changed:
            print(line, flush=True)


if __name__ == "__main__":
    main()
