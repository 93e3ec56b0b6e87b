"""The command line: the group and its commands.

Nothing heavy is imported before a command needs it: `openworld --help` answers at once, and a single verdict
loads the model and the solver and nothing else.
"""

from __future__ import annotations

import click

from openworld.commands import (
    blast_radius,
    check,
    clients,
    conform,
    figures,
    population,
    questions,
    report,
    results,
    simulate,
    study,
    vocabulary,
)
from openworld.commands.shell import Commands


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"openworld {version('openworld')}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """An executable formal model of open-world OAuth: ask what holds, see why, and see what it costs.

    \b
    openworld verdict code_delivery "cap=mal_as;iss_check=off"
    openworld verdict authorization "design=mcp;cap=mal_as" --require safe
    openworld study -o out

    \b
    Exit codes: 0 done and as asked; 1 a required property does not hold; 2 bad input;
    3 inconclusive; 70 internal error; 130 interrupted.
    """


for command in (
    questions.verdict,
    questions.trace,
    questions.replay,
    questions.verdicts,
    check.check,
    vocabulary.designs,
    vocabulary.explain,
    vocabulary.rules,
    clients.clients,
    population.population,
    blast_radius.blast_radius,
    simulate.simulate,
    results.results,
    conform.conform,
    study.study,
    figures.figures,
    report.report,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
