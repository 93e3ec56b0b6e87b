"""What it costs: simulated experiments, described, counted and compared; and how far one mishap reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from openworld.commands import completion
from openworld.commands.common import as_json, call, with_option, workers_option


class Shares(click.ParamType[tuple[float, ...]]):
    """Shares between 0 and 1, the smaller first."""

    name = "shares"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """The shares that a list with commas has."""
        try:
            shares = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            shares = ()
        if not shares or list(shares) != sorted(set(shares)) or not 0 <= shares[0] <= shares[-1] <= 1:
            self.fail(f"{value!r} is no share between 0 and 1, nor several that grow", param, ctx)
        return shares


@click.command()
@click.argument("named", nargs=-1, metavar="[EXPERIMENT | --arms ARM ARM...]", shell_complete=completion.experiments)
@click.option(
    "--arms",
    is_flag=True,
    help="What is named are arms: configurations or designs, of which the first is "
    "what the others are compared with; '' is what is deployed.",
)
@click.option(
    "--adoption",
    type=Shares(),
    metavar="SHARE[,SHARE...]",
    help="With --arms: the share of clients, and of servers, that do what the arm sets, or of those that it names "
    "(by=client). [default: 1]",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of an experiment's file instead.")
@click.option(
    "--overview",
    is_flag=True,
    help="Go through all experiments instead: question, headline, whether it is exact or simulated, what is open in it "
    "and which input decides. Takes a quarter of an hour.",
)
@click.option("--file", "as_file", is_flag=True, help="Print the experiment as a file instead, to be changed.")
@click.option(
    "--population",
    metavar="NAME_OR_FILE",
    shell_complete=completion.populations,
    help="Meet this population instead of the experiment's own.",
)
@click.option(
    "--deployed/--baseline-clients",
    default=None,
    help="Clients that no arm speaks of: those that the population says are deployed, or every switch at its baseline. "
    "[default: as the experiment has it]",
)
@click.option(
    "--attacker",
    metavar="NAME",
    help="What attackers are after: gravest (the gravest harm first), money (what is worth most) or best_response "
    "(the same, from wherever the arm leaves most open). [default: gravest, or as the experiment has it]",
)
@click.option(
    "--attempts",
    type=click.IntRange(min=1),
    help="Draw so many attempts in each arm at each point of the sweep. [default: none where all situations can be "
    "gone through, and values are exact; else what the experiment says, mostly 20000]",
)
@click.option(
    "--replications", type=click.IntRange(1, 100_000), default=5, show_default=True, help="Independent repeats."
)
@click.option(
    "--half-width",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="W",
    help="Replicate until every interval is at most W to either side; exit code 3 if that takes too long.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same numbers.")
@workers_option
@click.option("--cluster", metavar="ADDRESS", help="Use a dask.distributed cluster, as tcp://HOST:8786.")
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write down every single attempt as well.",
)
@click.option(
    "--inputs",
    type=click.IntRange(0, 1 << 16),
    metavar="N",
    help="Draw what is not known for sure so many times, for the interval over the inputs. [default: 512 where "
    "outcomes are known exactly; else 32, at the point of the headline, or none where that is dear]",
)
@click.option("--sensitivity", is_flag=True, help="Instead: which of what is not known for sure decides the outcome.")
@click.option(
    "--worth",
    is_flag=True,
    help="Instead: which measurement would be worth most to whoever chooses an arm, and how many observations do.",
)
@click.option(
    "--couplings",
    is_flag=True,
    help="Instead: between what rates lie however clients, AS and RS are paired that are not known to be met together.",
)
@click.option(
    "--break-even",
    is_flag=True,
    help="Instead: how many failed flows a theft has to weigh for arms to break even, and which input moves that. With "
    "--weight: whether they are worth it, and which input turns that.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=2),
    metavar="N",
    help="Base samples of --sensitivity, for sobol a power of two; draws of --worth and --break-even. [default: 256, "
    "4096 and 256 where outcomes are known exactly, fewer where attempts have to be counted at each point]",
)
@click.option(
    "--weight",
    type=click.FloatRange(min=0),
    metavar="W",
    help="For --worth and --break-even: how many honest flows a theft weighs as much as. [default: 10, or any]",
)
@click.option(
    "--method",
    metavar="NAME",
    help="Method of --sensitivity: sobol (shares of variance) or morris (effects). [default: morris where a sample "
    "is dear]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for tables and figures. A run that was cut short goes on there where it stopped.",
)
@as_json
@with_option
def simulate(**given: Any) -> int:
    """Run one experiment, by name or file, or put arms of your own to a population; without either, list.

    First contacts of a population that is not too varied are evaluated: all situations are gone through, and values are
    exact. Time, queues, retries, caches and people are simulated.

    Arms under which every attempt ends the same way are said to, and drawn once under all their names.

    \b
    openworld simulate
    openworld simulate --overview
    openworld simulate matching --population measured_2026 -o out
    openworld simulate --arms prm=exact prm=prefix --adoption 0.5 --population enterprise
    openworld simulate --arms '' mcp gaps_closed --adoption 0.1,0.5,0.9
    openworld simulate matching --file > mine.toml
    openworld simulate mine.toml
    openworld simulate ten_steps --population measured_2026 --deployed
    openworld simulate echo --half-width 0.002
    openworld simulate multi_tenant --attacker best_response
    openworld simulate iss --sensitivity
    openworld simulate matching --worth
    openworld simulate profiles --break-even --weight 5
    """
    return call("openworld.work.simulate.simulate", **given)


@click.command()
@click.argument("experiment", metavar="EXPERIMENT|FILE", shell_complete=completion.experiments)
@click.option(
    "--population",
    metavar="NAME_OR_FILE",
    shell_complete=completion.populations,
    help="Met instead of the experiment's own population.",
)
@click.option(
    "--deployed/--baseline-clients",
    default=None,
    help="Clients that no arm speaks of, as for `openworld simulate`. [default: as the experiment has it]",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write it to instead.")
@with_option
def odd(**given: Any) -> int:
    """Describe an experiment by the ODD protocol (Grimm et al. 2020), in Markdown, with its threats to validity.

    It is one of the suite or a file of your own. What is written is read off the code and the data: parties and what
    they do, where each number comes from, the rules that decide.

    \b
    openworld odd iss
    openworld odd matching --population measured_2026 -o odd.md
    """
    return call("openworld.work.odd.odd", **given)


@click.group(invoke_without_command=True)
@click.pass_context
def results(context: click.Context) -> int | None:
    """List, show and compare stored results.

    \b
    openworld results list out
    openworld results show matching out
    openworld results compare out other-out
    """
    if context.invoked_subcommand is None:
        return int(context.invoke(list_))
    return None


_folder = click.Path(exists=True, path_type=Path)


@results.command("list")
@click.argument("folder", type=_folder, default=Path())
@as_json
def list_(**given: Any) -> int:
    """What is stored in FOLDER and below, and how it was counted."""
    return call("openworld.work.results.list_stored", **given)


@results.command()
@click.argument("experiment")
@click.argument("folder", type=_folder, default=Path())
@as_json
def show(**given: Any) -> int:
    """The rates of an EXPERIMENT that is stored in FOLDER or below."""
    return call("openworld.work.results.show", **given)


@results.command()
@click.argument("first", type=_folder)
@click.argument("second", type=_folder)
@as_json
def compare(**given: Any) -> int:
    """How the rates stored in SECOND differ from those of the same experiments in FIRST.

    Both are folders or files. Intervals are those of independent counts; two runs with the same seed and
    population are not independent, and what differs there differs because of the code.
    """
    return call("openworld.work.results.compare", **given)


@click.command("blast-radius")
@click.argument("kind", shell_complete=completion.among("simulations.blast_radius:KINDS"))
@click.option(
    "--population",
    default="measured_2026",
    show_default=True,
    metavar="NAME|FILE",
    help="Who is out there.",
    shell_complete=completion.populations,
)
@click.option(
    "--design",
    "designs",
    multiple=True,
    metavar="NAME|CONFIG",
    help="A named design or a deployed client (every mechanism of it), or switches as in a configuration. They hold "
    "for everybody; the rest is as the population has it. One that decides nothing here is an error. May be "
    "repeated; the first is what the others are compared with. [default: each protection]",
)
@click.option("--year", type=float, metavar="Y", help="With as much adopted as the population expects by then.")
@click.option("--scale", type=float, metavar="S", help="With so much of every kind of party: 0.05 is a twentieth.")
@click.option("--samples", type=click.IntRange(min=1), default=50, show_default=True, help="Targets in each topology.")
@click.option("--replications", type=click.IntRange(1, 100_000), default=5, show_default=True, help="Topologies.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same topologies and targets.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for the tables.")
@as_json
@with_option
def blast_radius(**given: Any) -> int:
    """Count what one theft, one malicious server, one lapsed domain puts into an attacker's reach.

    KIND is token, refresh_token, agent, resource_server, authorization_server, look_alike or domain. Without --design:
    the population as it is deployed; with none of five protections, with each alone, and with all.

    \b
    openworld blast-radius token --population enterprise
    openworld blast-radius resource_server --design mcp --design "design=mcp;rt_pin=off"
    """
    return call("openworld.work.blast_radius.blast_radius", **given)
