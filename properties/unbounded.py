"""What holds for any number of sessions and servers, against an attacker that nobody here wrote: ProVerif's.

The prover is given honest roles (:mod:`properties.roles`), which share nothing with the solver's question but rules.
Where it has an attack that the solver has not, the solver is asked again without what a world leaves out.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from model.design import Configuration
from model.world import ATTACKER, World
from model.world_file import find_world
from properties.checker import Checker
from properties.process import RUNS, WORLDS
from properties.proofs import NoEndError
from properties.prover import PROVER, Found, ask, available
from properties.results import Result
from properties.roles import honest, roles
from properties.security import Property
from properties.verdict import Verdict

#: Seconds for a process: most take less than one of them, and some would take for ever.
PATIENCE = 120.0
#: How both answers stand to each other: alike; there is an attack that a world leaves out; one that the process does;
#: one is wrong; not known.
Standing = Literal["agree", "more", "fewer", "differ", "open"]
#: What the process leaves out and a world has, and the switch without which a world has it no longer.
ONCE, CHALLENGED_ONCE = "a client is challenged again", {"rechallenge": "stop"}
#: What a world leaves out and the process has, each with how often there is what a user has, and whether anything comes
#: too late.
LEFT_OUT = {
    "the attacker is never too late": (1, "yes"),
    "the user has two sessions": (2, "no"),
    "the user has two sessions and the attacker is never too late": (2, "yes"),
}


@dataclass(frozen=True, slots=True)
class AnyNumber:
    """What a prover found beside a verdict.

    Attributes:
        event: whether the property was proved to hold, or there is an attack.
        runs: the same of honest parties alone getting to protected data: where they do not, a proof says little.
        left_out: with what the solver has the attack as well, where there is one and it has none; or what the process
            leaves out, where a proof stands beside an attack because of it.
        process: what the prover was given.
        printed: what it printed, an attack step by step among it.
        source: where the answer is from: the prover that is installed, or one that was asked before.
    """

    verdict: Verdict
    event: Found
    runs: Found
    left_out: str
    process: str
    printed: str
    source: str

    @property
    def standing(self) -> Standing:
        """Whether it agrees with the verdict."""
        attack = self.verdict.result == "attack"
        if self.event == "never":
            return "fewer" if attack and self.left_out else "differ" if attack else "agree"
        if self.event == "derived":
            return "agree" if attack else "more" if self.left_out else "differ"
        return "open"

    @property
    def says_little(self) -> bool:
        """Whether it was proved where honest parties get nowhere either."""
        return self.event == self.runs == "never"

    @property
    def reach(self) -> str:
        """How far both answers go together, in words."""
        if self.standing == "differ":
            what = "a proof" if self.event == "never" else "an attack"
            return f"DIFFERENCE: ProVerif has {what}; one of both is wrong"
        if self.standing == "more":
            return f"ProVerif has an attack, and so has the model where {self.left_out}"
        if self.standing == "fewer":
            return f"ProVerif has a proof of what its process has; the attack is there because {self.left_out}"
        if self.standing == "open":
            return "not known for any number: ProVerif has neither a proof nor an attack"
        if self.event == "never":
            unread = "; what the verdict did not read was not read there either" if self.verdict.not_read else ""
            return f"any number of sessions and of the attacker's servers, against ProVerif's own attacker{unread}"
        return "ProVerif's own attacker finds an attack as well"


def any_number(verdict: Verdict, timeout: float | None = None) -> AnyNumber:
    """Ask the prover what a verdict says of its world, of any number of sessions and servers.

    Args:
        timeout: seconds for each process, :data:`PATIENCE` if nothing is said.

    Raises:
        ProofError: it is not installed, and its answer is not shipped.
        NotCoveredError: the question is not in the vocabulary of the process.
    """
    prop, configuration = verdict.property, verdict.configuration
    process = roles(configuration, prop)
    event, printed, source = asked(process, prop.name, timeout)
    runs = asked(honest(configuration), RUNS, timeout).found
    narrowed = narrowing(prop, configuration, verdict.result, event)
    return AnyNumber(verdict, event, runs, narrowed, process, printed, source)


def check_available(prop: Property, configuration: Configuration) -> None:
    """Raise ProofError where the prover is neither installed nor its answers to a question are shipped."""
    available(roles(configuration, prop), prop.name)
    available(honest(configuration), RUNS)


def narrowing(
    prop: Property,
    configuration: Configuration,
    result: Result,
    event: Found,
    checkers: MutableMapping[World, Checker] | None = None,
) -> str:
    """What explains that one has an attack and the other has none: what a world or the process leaves out, if any.

    ``checkers``: those of worlds that were asked in before, to which new ones are added.
    """
    if event == "derived" and result != "attack":
        return left_out(prop, configuration, checkers)
    if event == "never" and result == "attack":
        once = replace(configuration, design=configuration.design.but(**CHALLENGED_ONCE))
        known = {} if checkers is None else checkers
        return "" if _asked_in(prop.world_of(configuration), prop, once, known) == "attack" else ONCE
    return ""


class ProverSays(NamedTuple):
    """What the prover finds of an event, what it prints, and where the answer is from."""

    found: Found
    printed: str
    source: str


def asked(process: str, event: str, timeout: float | None = None) -> ProverSays:
    """What the prover finds of an event, asked here where it is installed (raises ProofError)."""
    known = available(process, event)
    if known is not None:
        source = f"ProVerif {known.version}, asked on {known.day}; it is not installed here"
        return ProverSays(known.found, "shipped with openworld, without what was printed", source)
    here = f"{PROVER}, installed here"
    try:
        answers = ask(process, PATIENCE if timeout is None else timeout)
    except NoEndError as error:
        return ProverSays("unknown", str(error), here)
    return ProverSays(answers.events[event], answers.printed, here)


def left_out(
    prop: Property, configuration: Configuration, checkers: MutableMapping[World, Checker] | None = None
) -> str:
    """With what of that which a world leaves out the solver has an attack; nothing where it has none.

    ``checkers``: those of worlds that were asked in before, to which new ones are added.
    """
    world, known = prop.world_of(configuration), {} if checkers is None else checkers
    for words, (times, block) in LEFT_OUT.items():
        asked_too = replace(configuration, design=configuration.design.but(block=block))
        wider = _with_more(world, times)
        if _asked_in(wider, prop, asked_too, known) == "attack":
            return words
    if world.name == WORLDS[0]:
        return ""
    there, first = replace(configuration, world=""), find_world(WORLDS[0])
    if _asked_in(first, prop, there, known) == "attack":
        return f"there is all of world {first.name}"
    words = left_out(prop, there, known)
    return f"{words} in world {first.name}" if words else ""


def _asked_in(
    world: World, prop: Property, configuration: Configuration, checkers: MutableMapping[World, Checker]
) -> Result:
    return checkers.setdefault(world, Checker(world, PATIENCE)).result(prop, configuration)


def _with_more(world: World, times: int) -> World:
    """A world in which users have so many times the sessions and approvals."""
    more = [replace(each, name=f"{each.name}_{n}") for each in world.sessions for n in range(2, times + 1)]
    sessions = (*world.sessions, *(each for each in more if each.user != ATTACKER))
    approvals = tuple(replace(made, count=made.count * times) for made in world.approvals)
    return replace(world, sessions=sessions, approvals=approvals)
