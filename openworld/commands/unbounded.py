"""Any number of sessions and an attacker of ProVerif's own: a question for it, and its answer beside the verdict."""

from __future__ import annotations

from pathlib import Path

import click

from openworld.commands.common import DONE, INCONCLUSIVE, VIOLATED, as_json, tell, timeout_option
from openworld.commands.completion import config_argument, property_argument
from openworld.files import emit, write
from openworld.show import unbounded_lines, verdict_lines
from properties.proofs import require
from properties.prover import PROVER, WHERE
from properties.reads import asked_for
from properties.roles import check_covered, roles
from properties.unbounded import any_number
from properties.verdict import check


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(["proverif"]))
@property_argument
@config_argument
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def export(form: str, name: str, config: str, output: Path | None) -> int:
    """Write a question in the language of another prover: proverif.

    The process has the honest roles, which receive, check and send: browser, client, authorization server (AS) and
    resource servers. What they check are the rules of the model. What the attacker does the prover finds; a capability
    gives it channels, names or the user's browser. The code flow is covered, not every switch; what is not is refused.

    \b
    openworld export proverif CD "cap=mal_as;iss_check=require" -o question.pv
    """
    asked, configuration = asked_for(name, config)
    emit(roles(configuration, asked), output)
    return DONE


@click.command()
@property_argument
@config_argument
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to a file what the prover was given and what it printed, an attack among it.",
)
@timeout_option
@as_json
def prove(name: str, config: str, log: Path | None, timeout: float | None, as_json: bool) -> int:
    """Say whether PROPERTY holds under CONFIG for any number of sessions, against an attacker that nobody here wrote.

    The verdict is the solver's, for a world. ProVerif, which has to be installed, is given the honest roles alone
    (`openworld export proverif`) and finds attacks by itself. What is good once is good twice there, and the user has
    any number of sessions. The last line says whether both agree. Exit code 1: they do not, or there is an attack that
    the world leaves out; 3: ProVerif has neither a proof nor an attack.

    \b
    openworld prove CD "cap=mal_as;iss_check=require"
    openworld prove TC "cap=mal_rs;as_resource=ignore;dpop=token"
    """
    require(PROVER, where=WHERE)
    asked, configuration = asked_for(name, config)
    check_covered(asked, configuration)
    verdict = check(asked, configuration, timeout=timeout)
    found = any_number(verdict, timeout)
    if log is not None:
        write(log, f"{found.process}\n(* {found.printed.replace('*)', '* )')} *)\n")
    data = {
        **verdict.to_json(),
        "any_number": found.event,
        "honest_parties": found.runs,
        "left_out": found.left_out,
        "standing": found.standing,
        "reach_of_both": found.reach,
    }
    tell(as_json, data, [*verdict_lines(verdict), *unbounded_lines(found)])
    return {"agree": DONE, "more": VIOLATED, "differ": VIOLATED, "open": INCONCLUSIVE}[found.standing]
