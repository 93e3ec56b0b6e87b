"""What holds for any number of sessions and grants, by a prover that shares nothing with the solver but the rules.

First the process in which instances have one name whatever they were like, which is quickly answered; if the event is
derived there, the one in which the name says that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from properties.applied_pi import RUNS, applied_pi
from properties.proofs import NoEndError
from properties.prover import Found, ask
from properties.verdict import Verdict, judged

#: Seconds for a process: most take less than one of them, and some would take for ever.
PATIENCE = 120.0
#: How both answers stand to each other: alike, one of them wrong, or the one for any number not found.
Standing = Literal["agree", "differ", "open"]
_HAPPENS = {"attack": True, "reached": True, "safe": False, "not_reached": False, "not_in_this_world": False}


@dataclass(frozen=True, slots=True)
class AnyNumber:
    """What a prover found for any number of the sessions and grants of a verdict's world.

    Attributes:
        event: whether the property's event was proved never to happen, or derived. A derivation may be no run.
        runs: the same of honest parties getting to an accepted request: where that never happens, neither does much
            else, and a proof says little.
        process: what the prover was given.
        printed: what it printed.
    """

    verdict: Verdict
    event: Found
    runs: Found
    process: str
    printed: str

    @property
    def standing(self) -> Standing:
        """Whether it agrees with the verdict."""
        happens = _HAPPENS.get(self.verdict.result)
        if self.event == "never":
            return "differ" if happens else "agree"
        return "agree" if happens and self.event == "derived" else "open"

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
            return "any number of the world's sessions and grants, by ProVerif"
        if self.standing == "agree":
            return "this world has all that it takes; ProVerif derives it as well"
        said = "derives it" if self.event == "derived" else "does not come to an end with it"
        return f"not known for any number: ProVerif {said} where what can be used once is used again"


def any_number(verdict: Verdict, timeout: float | None = None) -> AnyNumber:
    """Ask the prover what a verdict says of its world's sessions and grants, of any number of them.

    Args:
        timeout: seconds for each of both processes, :data:`PATIENCE` if nothing is said.

    Raises:
        ProofError: it is not installed.
    """
    prop, configuration = verdict.property, judged(verdict.property, verdict.configuration)
    found = AnyNumber(verdict, "unknown", "unknown", "", "")
    for named in (False, True):
        process = applied_pi(verdict.world, configuration, prop, named)
        try:
            answers = ask(process, PATIENCE if timeout is None else timeout)
        except NoEndError as error:
            return replace(found, event="unknown", process=process, printed=str(error))
        found = AnyNumber(verdict, answers.events[prop.name], answers.events[RUNS], process, answers.printed)
        if found.standing != "open":
            break
    return found
