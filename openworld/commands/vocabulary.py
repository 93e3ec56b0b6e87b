"""What there is: designs, the lattice of mechanisms, rules, worlds; what makes a difference, and what is assumed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from model import world_file
from model.design import parse, parse_capabilities, parse_switches
from model.drafts import TEXTS
from model.errors import hint, meant
from model.model import Model
from model.named_designs import FORMERLY
from model.protocols import every_rule
from model.switches import DEFAULT_ATTACKER
from model.texts import versions
from openworld import glossary as terms
from openworld import minimal_sets, show, weakest
from openworld import worlds as in_words
from openworld.commands import completion
from openworld.commands.common import (
    DONE,
    INCONCLUSIVE,
    as_json,
    complain,
    loaded,
    option,
    options,
    output_option,
    print_json,
    print_lines,
    tell,
    timeout_option,
    with_option,
)
from openworld.commands.completion import against_option, config_argument
from openworld.files import emit, write
from openworld.progress import Progress
from openworld.width import wrapped
from properties.monotone import NoAnswerError
from properties.security import Property, every_property


@click.command("drafts")
@click.argument("name", required=False, shell_complete=completion.among("model.drafts:TEXTS"))
@option(
    "--page",
    "Ask what rests on each obligation of NAME and what it costs, as a page of Markdown. Without NAME: a "
    "table of what texts ask, and of how much of them the model cannot say.",
)
@output_option("With --page: write into a folder; without NAME all texts and a table of them.", folder=True)
@timeout_option
@as_json
def draft(name: str | None, page: bool, output: Path | None, timeout: float | None, as_json: bool) -> int:
    """Say what a draft, RFC or profile asks of each role: level, section, sentence, and the switch that does it.

    `draft=NAME` stands for all of it in a configuration, `draft=NAME;by=ROLE` for what it asks of one role. Other
    parties then are as the question has them, or as the population does.

    \b
    openworld list drafts
    openworld list drafts echo
    openworld list drafts mission --page
    openworld list drafts --page
    openworld list drafts --page -o texts
    openworld simulate --arms "" "draft=echo;by=client" "draft=echo;by=authorization_server" draft=echo
    """
    if name is not None and name not in TEXTS:
        raise click.UsageError(f"unknown draft {name!r}{hint(name, TEXTS)}")
    names = list(TEXTS) if name is None else [name]
    if page:
        return _pages(names, output, timeout, as_json)
    if output is not None or timeout is not None:
        raise click.UsageError("-o and --timeout are for --page")
    lines = show.draft_lines(names[0]) if name else (f"{each}: {show.draft_heading(each)}" for each in names)
    return tell(as_json, {"drafts": [show.draft_json(each) for each in names]}, lines)


def _pages(names: list[str], folder: Path | None, timeout: float | None, as_json: bool) -> int:
    """Print the page of a text, or write those of texts as they are found, and what compares them."""
    if as_json:
        raise click.UsageError("--page is Markdown")
    if folder is None and len(names) > 1:
        click.echo(loaded("openworld.text_pages.overview")(names), nl=False)
        return DONE
    made = []
    with Progress("texts", len(names)) as progress:
        for name in names:
            made.append(loaded("openworld.text_pages.found")(name, timeout))
            emit(loaded("openworld.text_pages.page")(made[-1]), folder and folder / f"{name}.md")
            progress.at(len(made), len(names))
    if folder is not None and len(names) > 1:
        write(folder / "index.md", loaded("openworld.text_pages.index")(made))
    return INCONCLUSIVE if any(each.undecided for each in made) else DONE


_DESIGNS = (
    click.argument("name", required=False, shell_complete=completion.designs),
    option("--switches", "List the switches with their values instead; * marks the baseline."),
    option("--suffice", "List the minimal sets of mechanisms that make these hold.", str, "PROPERTY[,...]",
           shell_complete=completion.properties),
    against_option,
    option("--fix", "Switches that are fixed, as in a configuration, and world=.", None, "CONFIG", default=""),
    option("--any-environment", "What suffices must suffice in every environment."),
    option("--without", "Mechanisms that are not to be had.", None, "NAME[,...]", default="",
           shell_complete=completion.among("properties.designs:MECHANISMS")),
    option("--usable", "Also say in which deployments first contact can still succeed."),
    as_json,
    with_option,
)  # fmt: skip


@click.command()
@options(*_DESIGNS)
def designs(
    name: str | None,
    switches: bool,
    suffice: str | None,
    against: str | None,
    fix: str,
    any_environment: bool,
    without: str,
    usable: bool,
    as_json: bool,
    model: Model,
) -> int:
    """List the named designs, or one of them, or all switches and capabilities.

    With --suffice: all minimal sets of mechanisms that leave no attack, whatever the other mechanisms are, and all
    maximal sets that still leave one. Exact, over the whole lattice. Properties that nothing here can violate whatever
    mechanisms are on, even if no rule is obeyed, are named as not in this world.

    \b
    openworld list designs mcp
    openworld list designs --switches
    openworld list designs --suffice code_delivery --against mal_as --fix "as:h_iss=no"
    openworld list designs --suffice authorization,token_confinement --against mal_as+mal_rs --usable
    """
    if suffice is not None:
        asked = minimal_sets.SetsAsked(
            properties=tuple(suffice.split(",")),
            capabilities=parse_capabilities(against or DEFAULT_ATTACKER, model),
            fixed=parse_switches(fix, model),
            any_environment=any_environment,
            without=tuple(part for part in without.split(",") if part),
            usable=usable,
            world=parse(fix, model).world,
            model=model,
        )
        with Progress("sets", 0) as progress:
            found = minimal_sets.ask(asked, progress.found)
        return tell(as_json, minimal_sets.as_data(asked, found), minimal_sets.lines(asked, found))
    if name is not None:
        name = FORMERLY.get(name, name)
        parse(f"design={name}", model)  # complains about a name that does not exist
        if name not in model.designs and not switches:
            raise click.UsageError(f"{name!r} is a deployed client: see `openworld clients {name}`")
    names = list(model.designs) if name is None else [name]
    if as_json:
        listed: dict[str, Any] = {"designs": [show.design_json(each, model) for each in names]}
        if switches:
            listed["switches"] = [show.switch_json(switch) for switch in model.switches.values()]
            listed["capabilities"] = dict(model.capabilities)
        print_json(listed)
    elif switches and name is None:
        print_lines(show.switch_lines(model))
        click.echo("capabilities (cap=, joined by +, or none)")
        print_lines(f"  {capability}: {meaning}" for capability, meaning in model.capabilities.items())
    elif switches:
        design = parse(f"design={name}", model).design
        marks = {True: "  (baseline)", False: ""}
        own = {key: value for key, value in design.items() if model.switches[key].kind != "restriction"}
        print_lines(f"{key}={value}{marks[value == model.switches[key].baseline]}" for key, value in own.items())
    else:
        print_lines(show.design_lines(names, model))
    return DONE


@click.command("words")
@click.argument("word", required=False, shell_complete=completion.among("openworld.glossary:names"))
@as_json
@with_option
def glossary(word: str | None, as_json: bool, model: Model) -> int:
    """Say what WORD means: a property, an attacker, a switch or its value, a design, a rule; without one, everything.

    \b
    openworld list words first_contact
    openworld list words prm=origin
    openworld list words "mix-up"
    """
    found = list(terms.entries(model)) if word is None else terms.find(word, model)
    return tell(as_json, [each._asdict() for each in found], (line for each in found for line in each.lines()))


@click.command()
@as_json
@with_option
def properties(as_json: bool, model: Model) -> int:
    """List the properties: code, name, kind, guarantee, and what would violate it.

    A security property is a guarantee; a utility property is what honest parties get done.

    \b
    openworld list properties
    """
    every = every_property(model).values()
    data = [{"code": one.code, "name": one.name, "kind": one.kind, "meaning": one.meaning} for one in every]
    return tell(as_json, data, (line for one in every for line in _property_lines(one, model)))


def _property_lines(one: Property, model: Model) -> Iterator[str]:
    """Return what a property guarantees, and below it what would violate it."""
    yield f"{one.code}  {one.name:<23} {one.kind:<9} {show.guarantee(one, model)}".rstrip()
    if one.kind == "security":
        yield from wrapped(f"violated if {one.meaning}", 38, 38)


@click.command()
@click.argument("name", required=False, shell_complete=completion.among("model.protocols:every_rule"))
@as_json
@with_option
def rules(name: str | None, as_json: bool, model: Model) -> int:
    """List the rules that honest parties obey, or those whose name, id or source contains NAME.

    Each with the versions of the texts that it was read from.

    \b
    openworld list rules iss_matches
    openworld list rules "RFC 9728"
    """
    wanted = (name or "").casefold()
    known = every_rule(model).values()
    found = [rule for rule in known if wanted in " ".join((rule.name, rule.source, *rule.ids)).casefold()]
    if not found:
        near = meant(str(name), [one for rule in known for one in (rule.name, rule.name.partition(".")[2])])
        raise click.UsageError(
            f"no rule has {name!r} in its name, ids or source{near}; `openworld list rules` lists them"
        )
    read = [(rule, versions(rule.source)) for rule in found]
    lines = (
        line
        for rule, texts in read
        for line in (*show.rule_lines(rule), *(f"        {text}: {version}" for text, version in texts.items()))
    )
    return tell(as_json, [{**show.rule_json(rule), "read": texts} for rule, texts in read], lines)


@click.command()
@click.argument(
    "name",
    metavar="[NAME|FILE.toml]",
    required=False,
    shell_complete=completion.among("model.world_file:WORLDS", file=True),
)
@option("--schema", "Print the JSON Schema of a world file instead, for editors.")
@as_json
@with_option
def worlds(name: str | None, schema: bool, as_json: bool, model: Model) -> int:
    """List the worlds that ship, or show one, or check and show the world of a file.

    A world says who takes part, at which URLs, who trusts whom, and what each party's policy is. It also says who may
    be the attacker, whose sessions there are, and how many grants. A configuration names another world with world=NAME
    or world=FILE.toml. PARTY:SWITCH=VALUE gives one of its parties a switch of its own. A file that makes no sense is
    exit code 2 and one line with its name, the line and the key.

    \b
    openworld list worlds
    openworld list worlds default
    openworld list worlds mine.toml
    openworld verdict code_delivery "world=mine.toml;cap=mal_as;as:h_iss=no"
    """
    if schema:
        print_json(world_file.schema(model))
        return DONE
    listed = list(world_file.worlds(model).values()) if name is None else [world_file.find_world(name, model)]
    said = in_words.summary if name is None else in_words.lines
    lines = (line for number, world in enumerate(listed) for line in ([""] * (number > 0) + [*said(world)]))
    return tell(as_json, [in_words.data(world) for world in listed], lines)


@click.command()
@click.argument("names", metavar="PROPERTY[,...]", shell_complete=completion.properties)
@config_argument
@against_option
@timeout_option
@as_json
@with_option
def assume(names: str, config: str, against: str | None, timeout: float | None, as_json: bool, model: Model) -> int:
    """Say what has to be assumed of others for PROPERTY to hold under CONFIG: the weakest assumptions, all of them.

    Others are the environment (`openworld list designs --switches`): what AS and resource servers happen to do, who is
    enrolled where, what users do. All of it is left open but what CONFIG names. Each line of the answer is enough, and
    nothing less is; exact, over every environment in which honest parties can still finish.

    \b
    openworld assume code_delivery "design=mcp" --against mal_as
    openworld assume AZ "design=fapi2;prm=exact;as_trust=any" --against mal_as+mal_rs
    openworld assume first_contact "design=federated"
    """
    try:
        with Progress("environments", 0) as progress:
            able = parse_capabilities(against or "none", model)
            found = weakest.ask(names, config, able, timeout, model, progress.found)
    except NoAnswerError as error:
        return complain(str(error), INCONCLUSIVE)
    lines = (line for number, each in enumerate(found) for line in ([""] * (number > 0) + [*weakest.lines(each)]))
    return tell(as_json, [weakest.as_data(each) for each in found], lines)
