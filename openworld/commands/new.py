"""Something to begin with."""

from pathlib import Path
from shlex import quote

import click
from click.shell_completion import get_completion_class

from openworld.commands.common import BAD_INPUT, DONE, complain, loaded, print_lines, scenario_file, scenarios_option
from openworld.files import write


@click.group()
def new() -> None:
    """Write something to begin with.

    \b
    openworld new draft mine
    openworld new suite conformance/src/scenarios/client/auth
    openworld new completion bash
    """


@new.command()
@click.argument("name", required=False)
@click.option("--hooks", is_flag=True, help="List instead what a draft may hook into: messages, steps and guards.")
def draft(name: str | None, hooks: bool) -> int:
    """Write NAME.py: a draft of your own, with a switch, a field, a rule and a property that work.

    \b
    openworld new draft mydraft
    openworld new draft --hooks
    openworld verdict stray_token "cap=mal_as+delivery_tamper;rs_issuers=signed" --with mydraft.py
    """
    if hooks:
        print_lines(line for each in loaded("openworld.glossary.hooks")() for line in each.lines())
        return DONE
    if name is None:
        raise click.UsageError("Missing argument 'NAME'")
    path = Path(name).with_suffix(".py")
    text = str(loaded("openworld.draft.skeleton")())
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text.replace("FILE", str(path)))
    except FileExistsError:
        return complain(f"{path}: it is there already, and was left as it is", BAD_INPUT)
    click.echo(f"{path}: give it to any command with --with {quote(str(path))}")
    return DONE


@new.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@scenario_file("Of the scenarios of this TOML file, in place of the catalogue.")
@scenarios_option
def suite(folder: Path, own: Path | None, scenarios: str | None) -> int:
    """Write our scenarios for MCP's published conformance suite into FOLDER of its repository.

    \b
    openworld new suite conformance/src/scenarios/client/auth
    openworld new suite conformance/src/scenarios/client/auth --with reported.toml

    openworld.ts is the class, openworld.json the table that it reads. All is written anew each time.
    """
    every = loaded("conformance.play.catalogue")() if own is None else loaded("conformance.play.of_file")(own)
    plays = loaded("openworld.driving.client.chosen")(every, scenarios)
    for name, text in loaded("conformance.upstream.sources")(plays).items():
        write(folder / name, text)
    unsaid = loaded("conformance.upstream.unsaid")(plays)
    click.echo(f"{folder}: openworld.ts and openworld.json have {len(plays)} scenarios")
    if unsaid:
        click.echo(f"{len(unsaid)} of them have no check that can fail:")
        print_lines(f"  {name}: {why}" for name, why in unsaid.items())
    return DONE


@new.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes SHELL complete commands, options, names, switches and their values.

    \b
    openworld new completion bash >> ~/.bashrc
    openworld new completion zsh >> ~/.zshrc
    openworld new completion fish > ~/.config/fish/completions/openworld.fish
    """
    known, main = get_completion_class(shell), click.get_current_context().find_root().command
    if known is not None:
        click.echo(known(main, {}, "openworld", "_OPENWORLD_COMPLETE").source())
    return DONE
