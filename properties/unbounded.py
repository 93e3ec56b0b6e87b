"""What holds for any number of sessions, grants and servers, by a prover that shares nothing with the solver but rules.

First the process in which instances have one name whatever they were like, which is quickly answered; if the event is
derived there, the one in which the name says that. Where neither is a proof, the same with the servers of the world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from properties.applied_pi import RUNS, applied_pi
from properties.domains import Domains
from properties.proofs import NoEndError
from properties.prover import Found, ask
from properties.steps import SEVERAL
from properties.verdict import Verdict, judged

#: Seconds for a process: most take less than one of them, and some would take for ever.
PATIENCE = 120.0
#: How both answers stand to each other: alike, one of them wrong, or the one for any number not found.
Standing = Literal["agree", "differ", "open"]
_SAID: dict[Found, str] = {"derived": "derives it", "unknown": "does not come to an end with it"}
_HAPPENS = {"attack": True, "reached": True, "safe": False, "not_reached": False, "not_in_this_world": False}


@dataclass(frozen=True, slots=True)
class AnyNumber:
    """What a prover found for any number of the sessions, grants and servers of a verdict's world.

    Attributes:
        servers: it is about any number of AS, each with its resource servers; else about those of the world.
        event: whether the property's event was proved never to happen, or derived. A derivation may be no run.
        runs: the same of honest parties getting to an accepted request: where that never happens, neither does much
            else, and a proof says little.
        process: what the prover was given.
        printed: what it printed.
        of_more: the event for any number of AS, where there can be and that was not answered.
    """

    verdict: Verdict
    servers: bool
    event: Found
    runs: Found
    process: str
    printed: str
    of_more: Found | None = None

    @property
    def standing(self) -> Standing:
        """Whether it agrees with the verdict."""
        happens = _HAPPENS.get(self.verdict.result)
        if self.event == "never":
            return "differ" if happens else "agree"
        return "agree" if happens and self.event == "derived" else "open"

    @property
    def any_servers(self) -> Found | None:
        """The event for any number of AS; ``None`` in a world in which there can be no more of each."""
        return self.event if self.servers else self.of_more

    @property
    def says_little(self) -> bool:
        """Whether it was proved where honest parties get nowhere either."""
        return self.event == self.runs == "never" and self.verdict.property.name != RUNS

    @property
    def reach(self) -> str:
        """How far both answers go together, in words."""
        if self.standing == "differ":
            return "DIFFERENCE: there is a run in this world, and a proof that there is none; one of both is wrong"
        if self.event == "never":
            more = f"; for any number of AS it {_SAID[self.of_more]}" if self.of_more else ""
            what = "sessions, grants and AS (each with its resource servers)" if self.servers else "sessions and grants"
            return f"any number of the world's {what}, by ProVerif{more}"
        if self.standing == "agree":
            return "this world has all that it takes; ProVerif derives it as well"
        return f"not known for any number: ProVerif {_SAID[self.event]} where what can be used once is used again"


def any_number(verdict: Verdict, timeout: float | None = None) -> AnyNumber:
    """Ask the prover what a verdict says of its world's sessions, grants and servers, of any number of them.

    Args:
        timeout: seconds for each process, :data:`PATIENCE` if nothing is said.

    Raises:
        ProofError: it is not installed.
    """
    several = bool(Domains(verdict.world, SEVERAL).parts)
    found = _asked(verdict, several, timeout)
    if several and found.standing == "open":
        found = replace(_asked(verdict, False, timeout), of_more=found.event)
    return found


def _asked(verdict: Verdict, servers: bool, timeout: float | None) -> AnyNumber:
    """What the prover finds for any number of servers, or for those of the world."""
    prop, configuration = verdict.property, judged(verdict.property, verdict.configuration)
    found = AnyNumber(verdict, servers, "unknown", "unknown", "", "")
    for named in (False, True):
        process = applied_pi(verdict.world, configuration, prop, named, SEVERAL if servers else 1)
        try:
            answers = ask(process, PATIENCE if timeout is None else timeout)
        except NoEndError as error:
            return replace(found, event="unknown", process=process, printed=str(error))
        found = replace(
            found, event=answers.events[prop.name], runs=answers.events[RUNS], process=process, printed=answers.printed
        )
        if found.standing != "open":
            break
    return found
