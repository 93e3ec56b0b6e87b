"""What has to be assumed of others."""

from __future__ import annotations

import click

from model.design import parse_capabilities
from openworld import weakest
from openworld.commands import completion
from openworld.commands.common import INCONCLUSIVE, as_json, complain, tell, timeout_option
from openworld.commands.completion import against_option, config_argument
from properties.monotone import NoAnswerError


@click.command()
@click.argument("names", metavar="PROPERTY[,...]", shell_complete=completion.properties)
@config_argument
@against_option
@timeout_option
@as_json
def assume(names: str, config: str, against: str, timeout: float | None, as_json: bool) -> int:
    """Say what has to be assumed of others for PROPERTY to hold under CONFIG: the weakest assumptions, all of them.

    Others are the environment (`openworld designs --switches`): what AS and resource servers happen to do, who is
    enrolled where, what users do. All of it is left open but what CONFIG names. Each line of the answer is enough, and
    nothing less is; exact, over every environment in which honest parties can still finish.

    \b
    openworld assume code_delivery "design=mcp" --against mal_as
    openworld assume AZ "design=fapi2;prm=exact;as_trust=any" --against mal_as+mal_rs
    openworld assume first_contact "design=federated"
    """
    try:
        found = weakest.ask(names, config, parse_capabilities(against), timeout)
    except NoAnswerError as error:
        return complain(str(error), INCONCLUSIVE)
    lines = (line for number, each in enumerate(found) for line in ([""] * (number > 0) + [*weakest.lines(each)]))
    return tell(as_json, [weakest.as_data(each) for each in found], lines)
