"""What shells complete: names of properties, switches, values, designs and worlds."""

from collections.abc import Callable, Iterable
from importlib import import_module
from inspect import signature
from typing import Any

import click
from click.shell_completion import CompletionItem

from model.model import Model
from openworld.commands.common import model_of
from openworld.spoken import configuration, ends
from properties.security import every_property


def properties(context: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Properties, the last of several with commas."""
    before, comma, last = begun.rpartition(",")
    return [
        CompletionItem(before + comma + one.name, help=one.meaning)
        for one in every_property(model_of(context)).values()
        if one.name.startswith(last)
    ]


def configurations(context: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """The key or the value that a configuration ends in."""
    before, semicolon, last = begun.rpartition(";")
    return [
        CompletionItem(before + semicolon + said, help=meaning)
        for said, meaning in ends(model_of(context), *last.partition("="))
        if said.startswith(last)
    ]


def among(where: str, file: bool = False) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Names that are there, of several with commas or plus signs the last; or else, where there may be one, a file.

    They are looked up when they are asked for: ``module:table``, or a function that makes one, of a model perhaps.
    """
    module, _, name = where.partition(":")

    def complete(context: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            found = getattr(import_module(module), name)
        except ModuleNotFoundError:  # an extra is not installed
            return []
        start = max(map(begun.rfind, ",+")) + 1
        names = [one for one in _made(found, model_of(context)) if one.startswith(begun[start:])]
        if file and not names:
            return [CompletionItem(begun, type="file")]
        return [CompletionItem(begun[:start] + one) for one in names]

    return complete


def _made(found: Any, model: Model) -> Iterable[str]:
    """A table, or what a function makes: of the model, if it takes one."""
    made: Iterable[str] = found
    if callable(found):
        made = found(model) if "model" in signature(found).parameters else found()
    return made


attackers = among("properties.attackers:called")
experiments = among("simulations.catalogue:every_experiment", file=True)
populations = among("simulations.population:populations", file=True)
clients = among("model.client_rows:client_rows")


def designs(context: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Named designs."""
    return [CompletionItem(name) for name in model_of(context).designs if name.startswith(begun)]


def capabilities(context: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """What attackers are able to do, the last of several with plus signs."""
    before, plus, last = begun.rpartition("+")
    return [CompletionItem(before + plus + name) for name in model_of(context).capabilities if name.startswith(last)]


property_argument = click.argument("name", metavar="PROPERTY", shell_complete=properties)


def _joined(context: click.Context, _: click.Parameter, words: tuple[str, ...]) -> str:
    """One configuration from all that was given: with ``;`` or blanks between its parts, which no shell takes away."""
    return configuration(words, model_of(context))


config_argument = click.argument(
    "config", metavar="CONFIG...", nargs=-1, required=True, callback=_joined, shell_complete=configurations
)
config_or_none = click.argument(
    "config", metavar="CONFIG...", nargs=-1, callback=_joined, shell_complete=configurations
)
against_option = click.option(
    "--against",
    metavar="CAPS",
    help="The attacker, as in cap=; where none is named, the web attacker of RFC 9700 (A1).",
    shell_complete=capabilities,
)
