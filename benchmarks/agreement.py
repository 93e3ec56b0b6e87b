"""Questions drawn at random, asked of both: the solver for a world, ProVerif for any number of what is in it.

    python -m benchmarks.agreement

The process has all that can happen and more. So both can differ in one way only: what happens in a world is proved
never to happen. Wherever it happens the prover is asked about the process that is asked first, from which most proofs
come, and about that in which least happens. Where it does not happen nothing that the prover derives is an error; a few
of those are asked until it has a proof, to see how often it has one. A number of questions and a seed may follow.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import product
from typing import NamedTuple

from model.design import Configuration, Design, parse
from model.switches import CAPABILITIES, SWITCHES
from model.world_file import WORLDS
from properties.applied_pi import applied_pi
from properties.checker import Checker
from properties.domains import Domains
from properties.proofs import NoEndError, ProofError, require
from properties.prover import PROVER, WHERE, Found, ask
from properties.results import Result
from properties.security import PROPERTIES, find
from properties.steps import SEVERAL
from properties.verdict import judged
from simulations.processes import cores, in_order

QUESTIONS, SEED = 500, 20261127
#: How likely a switch is off its usual place, and a capability there.
DENSITY = 0.25
#: So many are asked of those of which rules say that it does not happen.
OTHERS = 40
#: Seconds of work for a process.
SECONDS = 30.0


class Question(NamedTuple):
    """What is asked in the world that its configuration names, and what the solver says."""

    code: str
    configuration: str
    result: Result

    @property
    def happens(self) -> bool:
        return self.result in ("attack", "reached")


class Said(NamedTuple):
    """What the prover found for any number of servers, or for those of the world; ``named`` as in applied_pi."""

    servers: int
    named: bool
    event: Found


def drawn(number: int, seed: int = SEED) -> Iterator[tuple[str, Configuration]]:
    """Properties and configurations, about all worlds."""
    chance = random.Random(seed)
    for _ in range(number):
        world = chance.choice(sorted(WORLDS))
        prop = chance.choice([each for each in PROPERTIES.values() if each.defined(WORLDS[world])])
        design = {each.name: chance.choice(each.values) for each in SWITCHES.values() if chance.random() < DENSITY}
        attacker = frozenset(each for each in CAPABILITIES if chance.random() < DENSITY)
        yield prop.code, Configuration(Design(design), attacker, world)


def solved(questions: Iterable[tuple[str, Configuration]]) -> list[Question]:
    """What the solver says, world by world, each laid down once."""
    found, world, checker = [], None, Checker()
    for code, configuration in sorted(questions, key=lambda each: each[1].world):
        if configuration.world != world:
            world, checker = configuration.world, Checker()
        found.append(Question(code, str(configuration), checker.result(code, configuration)))
    return found


def proved(question: Question) -> list[Said]:
    """What the prover says, as far as it has to be asked."""
    prop, configuration = find(question.code), parse(question.configuration)
    world, found = prop.world_of(configuration), []
    ways = list(product((SEVERAL, 1) if Domains(world, SEVERAL).parts else (1,), (False, True)))
    for servers, named in (ways[0], ways[-1]) if question.happens else ways:
        try:
            answers = ask(applied_pi(world, judged(prop, configuration), prop, named, servers), SECONDS)
            found.append(Said(servers, named, answers.events[prop.name]))
        except NoEndError:
            found.append(Said(servers, named, "unknown"))
        if found[-1].event == "never" and not question.happens:
            break
    return found


def differs(question: Question, said: Sequence[Said]) -> bool:
    """Whether one of both is wrong."""
    return question.happens and any(each.event == "never" for each in said)


def standing(question: Question, said: Sequence[Said]) -> str:
    """How both stand to each other, in words."""
    if differs(question, said):
        return "proved never to happen"
    events = [each.event for each in said]
    if question.happens:
        return {0: "no end", 1: "derived once, no end once", 2: "derived"}[events.count("derived")]
    if events[-1] == "never":
        return f"proved for any number of {'sessions and servers' if said[-1].servers > 1 else 'sessions'}"
    return "derived" if events[-1] == "derived" else "no end"


def main(number: int = QUESTIONS, seed: int = SEED) -> int:
    """Ask, print what was found, and return the number of differences."""
    try:
        require(PROVER, where=WHERE)
    except ProofError as error:
        print(f"not run: {error}")
        return 0
    questions = solved(drawn(number, seed))
    results = Counter(question.result for question in questions)
    print(f"{number} questions, seed {seed}: {', '.join(f'{n} {each}' for each, n in results.most_common())}")
    kept_out = [each for each in questions if each.result in ("safe", "not_reached")]
    groups = {
        "those that happen": [each for each in questions if each.happens],
        "some that rules keep out": random.Random(seed).sample(kept_out, min(OTHERS, len(kept_out))),
    }
    differences = 0
    for name, asked in groups.items():
        counted = Counter[str]()
        with closing(in_order(proved, asked, cores())) as answers:
            for question, said in zip(asked, answers, strict=True):
                counted[standing(question, said)] += 1
                if differs(question, said):
                    differences += 1
                    print(f"DIFFERENCE: {question.code} {question.configuration}")
        print(f"{name}, {len(asked)}:", ", ".join(f"{many} {stands}" for stands, many in counted.most_common()))
    print(f"differences: {differences}")
    return differences


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
