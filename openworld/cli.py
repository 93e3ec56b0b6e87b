"""The command line: the group and its commands, and what they were called before.

A command is imported when it is asked for: `openworld --help` answers at once, and a single verdict loads the model and
the solver and nothing else.
"""

from typing import Any

import click

from openworld.commands.common import Lazy, complain
from openworld.extras import missing

#: Each command by its group, in the order in which help shows them: the module of :mod:`openworld.commands` that has
#: it, and a line for help, which so imports none of them.
GROUPS = {
    "Ask": {
        "verdict": ("questions", "Say whether PROPERTY holds under CONFIG, or answer a table."),
        "invent": ("invent", "Propose checks that make PROPERTY hold, all minimal sets."),
        "assume": ("vocabulary", "Say what has to be assumed of others for PROPERTY to hold."),
        "list": ("topics", "List designs, rules, drafts, findings; say what a word means."),
    },
    "Draw and compare": {
        "trace": ("questions", "Draw the shortest attack, for a mail, a slide or a draft."),
        "diff": ("diff", "Say what flips between two designs, and why."),
        "figures": ("study", "Draw figures by NAME, or all of them."),
    },
    "Check": {
        "check": ("check", "Check expectations, a trace or the evidence for a verdict."),
        "lsp": ("mcp", "Answer editors, by the Language Server Protocol."),
        "new": ("new", "Write a draft of your own to begin with, or shell completion."),
    },
    "Real software": {
        "serves": ("serves", "Say which deployed clients get along with a server."),
        "clients": ("clients", "List deployed clients as measured, or what one lacks."),
        "conform": ("conform", "Run a real client against played servers, and compare."),
        "learn": ("conform", "Learn what a real client is, as a machine; compare two."),
    },
    "Populations": {
        "simulate": ("simulations", "Count what designs save and cost in a population."),
        "blast-radius": ("simulations", "Count what one mishap puts into an attacker's hands."),
    },
    "Publish": {
        "mcp": ("mcp", "Answer assistants, by the Model Context Protocol."),
        "study": ("study", "Judge every named design against every attacker; simulate."),
        "report": ("study", "Turn the folder of a study into one HTML page."),
        "site": ("study", "Write a site that answers questions in the reader's browser."),
    },
}
COMMANDS = {name: where for commands in GROUPS.values() for name, where in commands.items()}

#: What a command was called, or one with an option or a word behind it, and what says the same now.
FORMER = {
    "verdicts": "verdict", "verdicts --require-expected": "verdict --require=expected",
    "prove": "verdict --any-number", "export": "verdict --format", "explain": "diff --property",
    "replay": "check", "certificate": "check", "completion": "new completion",
    "glossary": "list words", "properties": "list properties", "designs": "list designs", "draft": "list drafts",
    "rules": "list rules", "worlds": "list worlds", "literature": "list literature", "questions": "list questions",
    "findings": "list findings", "findings --markdown": "list findings --output", "population": "list populations",
    "odd": "list experiments", "results": "list results", "results list": "list results",
    "results show": "list results --experiment", "results compare": "diff",
    "simulate --schema": "list experiments --schema", "simulate --overview": "list experiments --overview",
    "simulate --file": "simulate --format=toml", "simulate --sensitivity": "simulate --ask=sensitivity",
    "simulate --worth": "simulate --ask=worth", "simulate --couplings": "simulate --ask=couplings",
    "simulate --break-even": "simulate --ask=break-even",
}  # fmt: skip
#: The same for options, whatever command they are given to.
FORMER_OPTIONS = {
    "--json": "--format=json", "--markdown": "--format=markdown", "--brief": "--for=mail", "--limit": "--timeout",
    "--jobs": "--workers",
}  # fmt: skip


def renamed(given: list[str]) -> list[str]:
    """A command line by the names of today.

    >>> renamed(["results", "show", "iss", "out", "--json"])
    ['list', 'results', '--experiment', 'iss', 'out', '--format=json']
    """
    name, *rest = given
    before = next((each for word in rest if (each := f"{name} {word}") in FORMER), name)
    words = FORMER.get(before, name).split()
    head = [word for word in words if not word.startswith("-")]
    place = 0 if before == name else rest.index(before.removeprefix(f"{name} "))
    rest[place : place + (before != name)] = words[len(head) :]
    options = (option.partition("=") for option in rest)
    return [*head, *(FORMER_OPTIONS.get(option, option) + equals + value for option, equals, value in options)]


class Main(Lazy):
    """The group, which knows what its commands were called."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        now = renamed(args)
        if args[0] in FORMER and not context.resilient_parsing:
            complain(f"`openworld {args[0]}` is `openworld {' '.join(now[: 1 + (now[0] == 'list')])}` now", 0)
        return super().resolve_command(context, now)

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


@click.group(
    cls=Main, groups=GROUPS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """An executable formal model of open-world OAuth: ask what holds, see why, and see what it costs.

    \b
    openworld verdict code_delivery mal_as iss_check=off
    openworld verdict authorization mcp mal_as --require safe
    openworld study -o out

    Exit codes: 0 done and as asked. 1 a required property does not hold. 2 bad input. 3 inconclusive, or the machine
    gave no room, memory or access; what is finished stays. 4 nothing in this world could violate a property, so that it
    is not shown to hold. 70 internal error. 130 interrupted.
    """


if __name__ == "__main__":
    main()
