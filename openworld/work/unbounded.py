"""Any number of sessions and an attacker of ProVerif's own: a question for it, and its answer beside the verdict."""

from pathlib import Path

from model.model import Model
from openworld.commands.common import DONE, INCONCLUSIVE, VIOLATED, tell
from openworld.files import emit, write
from openworld.show import unbounded_lines, verdict_lines
from properties.reads import asked_for
from properties.roles import check_covered, roles
from properties.unbounded import any_number, check_available
from properties.verdict import check


def ask(
    name: str, config: str, form: str, output: Path | None, log: Path | None, timeout: float | None, model: Model
) -> int:
    """Say what ProVerif answers, and whether it agrees with the solver, or print what it would be asked.

    The verdict is the solver's, for a world. ProVerif is given the honest roles alone, what is good once is good twice
    there, and the user has any number of sessions.
    """
    asked, configuration = asked_for(name, config, model)
    if form == "proverif":
        emit(roles(configuration, asked), output)
        return DONE
    check_covered(asked, configuration)
    check_available(asked, configuration)
    verdict = check(asked, configuration, timeout=timeout)
    found = any_number(verdict, timeout)
    if log is not None:
        write(log, f"{found.process}\n(* {found.printed.replace('*)', '* )')} *)\n")
    data = {
        **verdict.to_json(),
        "any_number": found.event,
        "answered_by": found.source,
        "honest_parties": found.runs,
        "left_out": found.left_out,
        "standing": found.standing,
        "reach_of_both": found.reach,
    }
    tell(form == "json", data, [*verdict_lines(verdict), *unbounded_lines(found)], output)
    return {"agree": DONE, "fewer": DONE, "open": INCONCLUSIVE}.get(found.standing, VIOLATED)
