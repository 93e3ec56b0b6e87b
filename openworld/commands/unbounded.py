"""Any number of sessions and grants: a question for ProVerif, and its answer beside the verdict."""

from __future__ import annotations

from pathlib import Path

import click

from openworld.commands.common import DONE, INCONCLUSIVE, VIOLATED, as_json, tell, timeout_option
from openworld.commands.completion import config_argument, property_argument
from openworld.files import emit, write
from openworld.show import unbounded_lines, verdict_lines
from properties.applied_pi import applied_pi
from properties.proofs import require
from properties.prover import PROVER, WHERE
from properties.reads import asked_for
from properties.steps import SEVERAL
from properties.unbounded import any_number
from properties.verdict import check, judged


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(["proverif"]))
@property_argument
@config_argument
@click.option(
    "--servers",
    type=click.Choice(["any", "few"]),
    default="any",
    show_default=True,
    help="Any number of authorization servers, each with its resource servers, or those of the world.",
)
@click.option("--names", is_flag=True, help="Name sessions and grants after what they were like: less happens, later.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def export(form: str, name: str, config: str, servers: str, names: bool, output: Path | None) -> int:
    """Write a question about any number of sessions in the language of another prover: proverif.

    The process is made of the same actions and rules that the solver reads. What does not happen in it happens to no
    number of the world's sessions, grants and authorization servers; what does happen may be no attack, since what can
    be used once is used again there. Two queries: the property's event, and whether honest parties get to an accepted
    request.

    \b
    openworld export proverif CD "cap=mal_as;iss_check=require" -o question.pv
    """
    asked, configuration = asked_for(name, config)
    world, number = asked.world_of(configuration), SEVERAL if servers == "any" else 1
    emit(applied_pi(world, judged(asked, configuration), asked, names, number), output)
    return DONE


@click.command()
@property_argument
@config_argument
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to a file what the prover was given and what it printed, a derivation among it.",
)
@timeout_option
@as_json
def prove(name: str, config: str, log: Path | None, timeout: float | None, as_json: bool) -> int:
    """Say whether PROPERTY holds under CONFIG for any number of sessions, grants and authorization servers.

    The verdict is the solver's, for those of a world; ProVerif, which has to be installed, looks at any number of them,
    each AS with its resource servers. What it does not find out so it is asked about the AS of the world alone; the
    last line says how far it went. Exit code 3 says that nothing of the kind was found out; 1 that the answers differ,
    which is an error in one of them.

    \b
    openworld prove CD "cap=mal_as;iss_check=require"
    openworld prove TC "cap=mal_rs;as_resource=ignore;dpop=token"
    """
    require(PROVER, where=WHERE)
    asked, configuration = asked_for(name, config)
    verdict = check(asked, configuration, timeout=timeout)
    found = any_number(verdict, timeout)
    if log is not None:
        write(log, f"{found.process}\n(* {found.printed.replace('*)', '* )')} *)\n")
    data = {
        **verdict.to_json(),
        "any_number": found.event,
        "honest_parties": found.runs,
        "any_number_of_servers": found.any_servers,
        "standing": found.standing,
        "reach_of_both": found.reach,
    }
    tell(as_json, data, [*verdict_lines(verdict), *unbounded_lines(found)])
    return {"agree": DONE, "differ": VIOLATED, "open": INCONCLUSIVE}[found.standing]
