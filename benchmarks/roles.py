"""Questions drawn at random, asked of both: the solver for a world, ProVerif of the honest roles alone.

    python -m benchmarks.roles

No move of the attacker stands in the process, so that a missing one shows: as an attack there that the solver calls
safe. Where it has one, the solver is asked again without what narrows its answer; what is left is a difference, as is
an attack that was proved not to be. Where nothing happens, honest parties alone are asked whether they get anywhere. A
number of questions and a seed may follow.
"""

import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from model.design import Configuration, Design, parse
from model.switches import SWITCHES
from model.world import World
from properties.checker import Checker
from properties.completion import choices, finishes
from properties.process import RUNS
from properties.proofs import ProofError, require
from properties.prover import PROVER, WHERE, Found
from properties.roles import ATTACKER, COVERED, PROPERTIES, honest, roles
from properties.security import find
from properties.unbounded import asked, narrowing
from simulations.processes import cores, in_order

QUESTIONS, SEED = 500, 20261129
#: Seconds of work for a process.
SECONDS = 60.0


class BothAnswers(NamedTuple):
    """What both found of a question, of the attacker and of honest parties alone.

    ``narrowed``: without which narrowing the solver has the attack as well.
    """

    code: str
    configuration: str
    result: str
    event: Found
    finish: bool
    runs: Found
    narrowed: str
    solver: float
    prover: float

    @property
    def differs(self) -> bool:
        """Whether one of both is wrong."""
        attack = self.result == "attack"
        apart = (self.event == "derived") != attack and self.event != "unknown" and not self.narrowed
        return apart or self.runs != ("derived" if self.finish else "never")


def drawn(number: int, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """Properties and configurations of the vocabulary."""
    chance = random.Random(seed)
    for _ in range(number):
        prop, attacker = chance.choice(PROPERTIES), chance.sample(ATTACKER, chance.randint(1, 3))
        names = chance.sample(sorted(COVERED), chance.randint(0, 8))
        design = {name: chance.choice(COVERED[name] or SWITCHES[name].values) for name in names}
        yield find(prop).code, str(Configuration(Design(design), frozenset(attacker)))


#: The worlds that a worker has laid down.
_CHECKERS: dict[World, Checker] = {}


def answered(question: tuple[str, str]) -> BothAnswers:
    """What both say."""
    code, text = question
    prop, configuration = find(code), parse(text)
    world = prop.world_of(configuration)
    begun = _work()
    result = _CHECKERS.setdefault(world, Checker(world)).result(prop, configuration)
    between = _work()
    event = asked(roles(configuration, prop), prop.name, SECONDS).found
    ended = _work()
    runs = asked(honest(configuration), RUNS, SECONDS).found
    finish = finishes(world, choices(configuration.design, "mechanism", "environment"), ())
    narrowed = narrowing(prop, configuration, result, event, _CHECKERS)
    return BothAnswers(code, text, result, event, finish, runs, narrowed, between - begun, ended - between)


def _work() -> float:
    """Seconds of work of this process and of the provers that have ended: a busy machine makes them no more."""
    ended = os.times()
    return ended.user + ended.system + ended.children_user + ended.children_system


def main(number: int = QUESTIONS, seed: int = SEED) -> int:
    """Ask, print what was found, and return the number of differences."""
    try:
        require(PROVER, where=WHERE)
    except ProofError as error:
        print(f"not run: {error}")
        return 0
    counted, answers, nowhere = Counter[str](), [], 0
    with closing(in_order(answered, list(drawn(number, seed)), cores())) as found:
        for answer in found:
            answers.append(answer)
            happens = "attack" if answer.result == "attack" else "no attack"
            counted[f"solver {happens}, prover {answer.event}{f' ({answer.narrowed})' if answer.narrowed else ''}"] += 1
            nowhere += answer.runs == "never" and answer.event == "never"
            if answer.differs or answer.event == "unknown":
                said = "DIFFERENCE" if answer.differs else "no answer"
                alone = f"honest parties alone {'finish' if answer.finish else 'do not finish'}, {answer.runs}"
                print(
                    f"{said}: {answer.code} {answer.configuration}: {answer.result}, {answer.event}; {alone}",
                    flush=True,
                )
    print(f"{number} questions, seed {seed}")
    for said, many in counted.most_common():
        print(f"  {many:4} {said}")
    print(f"proved where honest parties alone get nowhere: {nowhere}")
    for name, seconds in (("solver", [a.solver for a in answers]), ("prover", [a.prover for a in answers])):
        print(f"{name}: median {statistics.median(seconds):.2f} s of work, longest {max(seconds):.1f} s")
    differences = sum(answer.differs for answer in answers)
    print(f"differences: {differences}")
    return differences


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
