"""The command line: the group and its commands.

A command is imported when it is asked for: `openworld --help` answers at once, and a single verdict loads the model and
the solver and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from model.errors import hint
from openworld.commands.common import Commands
from openworld.extras import missing

#: Each command in the order in which help shows them: the module of :mod:`openworld.commands` that has it, and a line
#: for help, which so imports none of them.
COMMANDS = {
    "verdict": ("questions", "Say whether PROPERTY holds under CONFIG."),
    "trace": ("questions", "Draw the shortest attack, or the run that shows a utility."),
    "replay": ("questions", "Run a trace again and check that it shows what it says."),
    "certificate": ("questions", "Check the evidence that `verdict --certificate` has written."),
    "prove": ("unbounded", "Say whether PROPERTY holds for any number of sessions."),
    "export": ("unbounded", "Write such a question for another program."),
    "verdicts": ("questions", "Give every row of FILE.csv its verdict."),
    "check": ("check", "Check that what is expected of designs still holds."),
    "designs": ("vocabulary", "List the named designs, or all switches and capabilities."),
    "draft": ("vocabulary", "Say what a draft, RFC or profile asks of each role."),
    "assume": ("vocabulary", "Say what has to be assumed of others for PROPERTY to hold."),
    "diff": ("diff", "Say what flips between two designs."),
    "worlds": ("vocabulary", "List the worlds that ship, or check and show that of a file."),
    "explain": ("vocabulary", "Say what makes the difference between two configurations."),
    "rules": ("vocabulary", "List the rules that honest parties obey."),
    "properties": ("vocabulary", "List the properties."),
    "glossary": ("vocabulary", "Say what WORD means: a property, an attacker, a switch."),
    "literature": ("established", "Ask the model for published attacks, and for their fixes."),
    "questions": ("established", "Say what the model answers to open questions of the drafts."),
    "findings": ("established", "Say what was found, and ask whether it is still so."),
    "clients": ("clients", "List deployed clients as measured, or what one lacks."),
    "new": ("new", "Write something to begin with."),
    "population": ("population", "List the populations, or check one and show what it states."),
    "blast-radius": ("simulations", "Count what one mishap puts into an attacker's hands."),
    "simulate": ("simulations", "Run one simulated experiment, or put arms of your own to it."),
    "odd": ("simulations", "Describe an experiment by the ODD protocol."),
    "results": ("simulations", "List, show and compare stored results."),
    "conform": ("conform", "Run a real client against played servers, and compare."),
    "learn": ("conform", "Learn what a real client is, as a machine; compare two."),
    "study": ("study", "Judge every named design against every attacker; simulate."),
    "figures": ("study", "Draw figures by NAME, or all of them."),
    "report": ("study", "Turn the folder of a study into one HTML page."),
    "site": ("study", "Write a site that answers questions in the reader's browser."),
    "completion": ("completion", "Print what makes SHELL complete commands and values."),
}


class Main(Commands):
    """The group, which imports a command when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command:
        if name not in COMMANDS:
            raise click.UsageError(f"unknown command {name!r}{hint(name, COMMANDS)}")
        try:
            module = import_module(f"openworld.commands.{COMMANDS[name][0]}")
        except ModuleNotFoundError as error:
            raise missing(error, name) from error
        found: click.Command = getattr(module, name.replace("-", "_"))
        return found

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, context, incomplete)]

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ModuleNotFoundError as error:
            raise missing(error, context.invoked_subcommand or "") from error


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"openworld {version('openworld')}")
        context.exit()


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """An executable formal model of open-world OAuth: ask what holds, see why, and see what it costs.

    \b
    openworld verdict code_delivery mal_as iss_check=off
    openworld verdict authorization mcp mal_as --require safe
    openworld study -o out

    \b
    Exit codes: 0 done and as asked; 1 a required property does not hold; 2 bad input;
    3 inconclusive, or the machine gave no room, memory or access (what is finished stays);
    4 nothing in this world could violate a property, so that it is not shown to hold;
    70 internal error; 130 interrupted.
    """


if __name__ == "__main__":
    main()
