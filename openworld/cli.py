"""The command line: the group and its commands.

Nothing heavy is imported before a command needs it: `openworld --help` answers at once, and a single verdict
loads the model and the solver and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from model.errors import hint
from openworld.commands.shell import Commands
from openworld.extras import MissingExtraError, missing

#: Each command and the module in :mod:`openworld.commands` that has it, in the order in which help shows them.
COMMANDS = {
    "verdict": "questions", "trace": "questions", "replay": "questions", "certificate": "certificate",
    "prove": "unbounded", "export": "unbounded", "verdicts": "questions", "check": "check",
    "designs": "vocabulary", "assume": "assume", "diff": "diff", "worlds": "worlds", "explain": "vocabulary",
    "rules": "vocabulary", "properties": "vocabulary", "glossary": "vocabulary", "literature": "literature",
    "questions": "open_questions", "findings": "findings", "clients": "clients", "new": "new",
    "population": "population", "blast-radius": "blast_radius", "simulate": "simulate", "odd": "odd",
    "results": "results", "conform": "conform", "learn": "learn", "study": "study",
    "figures": "figures", "report": "report", "site": "site", "completion": "completion",
}  # fmt: skip


class Main(Commands):
    """The group, which imports a command when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command:
        if name not in COMMANDS:
            raise click.UsageError(f"unknown command {name!r}{hint(name, COMMANDS)}")
        try:
            module = import_module(f"openworld.commands.{COMMANDS[name]}")
        except ModuleNotFoundError as error:
            return _stand_in(name, missing(error, name))
        found: click.Command = getattr(module, name.replace("-", "_"))
        if _DRAFTS not in found.params:
            found.params.append(_DRAFTS)
        return found

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ModuleNotFoundError as error:
            raise missing(error, context.invoked_subcommand or "") from error


def _stand_in(name: str, error: Exception) -> click.Command:
    """What stands for a command that cannot be had as things are installed, so that help can list the others."""
    if not isinstance(error, MissingExtraError):
        raise error

    def complain(**_: object) -> None:
        raise error

    anything = click.Argument(["anything"], nargs=-1, type=click.UNPROCESSED)
    return click.Command(
        name, params=[anything], callback=complain, add_help_option=False, short_help=f"(not installed: {error.extra})",
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )


def _extended(context: click.Context, _: click.Parameter, files: tuple[str, ...]) -> None:
    if files:
        from model.extension import extend

        context.with_resource(extend(*files))


_DRAFTS = click.Option(
    ["--with"], multiple=True, metavar="FILE.py", is_eager=True, expose_value=False, callback=_extended,
    type=click.Path(exists=True, dir_okay=False),
    help="With what a draft of your own adds (`openworld new draft`).",
)  # fmt: skip


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
    openworld verdict code_delivery "cap=mal_as;iss_check=off"
    openworld verdict authorization "design=mcp;cap=mal_as" --require safe
    openworld study -o out

    \b
    Exit codes: 0 done and as asked; 1 a required property does not hold; 2 bad input;
    3 inconclusive, or the machine gave no room, memory or access (what is finished stays);
    4 nothing in this world could violate a property, so that it is not shown to hold;
    70 internal error; 130 interrupted.
    """


if __name__ == "__main__":
    main()
