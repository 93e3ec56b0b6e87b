"""What it costs: simulated experiments, described, counted and compared; and how far one mishap reaches."""

from itertools import chain
from pathlib import Path
from typing import Any

import click

from openworld.commands import completion
from openworld.commands.common import (
    as_json,
    call,
    format_option,
    option,
    options,
    output_option,
    with_option,
    workers_option,
)
from openworld.work import QUESTIONS

#: Options of a question, or for few, which help shows beside the question (`--ask QUESTION --help`).
_SELDOM = {
    "--half-width", "--record", "--inputs", "--samples", "--weight", "--method", "--deployed", "--attacker",
    "--cluster",
}  # fmt: skip


class ByQuestion(click.Command):
    """A command whose help shows what many need, or else what goes with the question that is asked."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        asked = context.params.get("question")
        others = set[str]() if asked is None else {*chain(*QUESTIONS.values())} - {*QUESTIONS[asked]}
        for each in self.params:
            if isinstance(each, click.Option):
                each.hidden = each.opts[0] in (_SELDOM if asked is None else others)
        super().format_options(context, formatter)


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


_SIMULATE = (
    click.argument("named", nargs=-1, metavar="[EXPERIMENT | --arms ARM ARM...]",
                   shell_complete=completion.experiments),
    option("--arms", "What is named are arms: configurations or designs, of which the first is what the others are "
           "compared with; '' is what is deployed."),
    option("--adoption", "With --arms: the share of clients, and of servers, that do what the arm sets, or of those "
           "that it names (by=client). [default: 1]", Shares(), "SHARE[,SHARE...]"),
    option("--population", "Meet this population instead of the experiment's own.", str, "NAME_OR_FILE",
           shell_complete=completion.populations),
    option("--deployed/--baseline-clients", "Clients that no arm speaks of: those that the population says are "
           "deployed, or every switch at its baseline. [default: as the experiment has it]", default=None),
    option("--attacker", "What attackers are after: gravest (the gravest harm first), money (what is worth most) or "
           "best_response (the same, from wherever the arm leaves most open). [default: gravest, or as the experiment "
           "has it]", str, "NAME"),
    option("--attempts", "Draw so many attempts in each arm at each point of the sweep. [default: none where all "
           "situations can be gone through, and values are exact; else what the experiment says, mostly 20000]",
           click.IntRange(min=1)),
    option("--replications", "Independent repeats.", click.IntRange(1, 100_000), default=5, show_default=True),
    option("--half-width", "Replicate until every interval is at most W to either side; exit code 3 if that takes too "
           "long.", click.FloatRange(0, 1, min_open=True, max_open=True), "W"),
    option("--seed", "Same seed, same numbers.", int, default=1, show_default=True),
    workers_option,
    option("--cluster", "Use a dask.distributed cluster, as tcp://HOST:8786.", str, "ADDRESS"),
    option("--record", "Write down every single attempt as well.", click.Path(file_okay=False, path_type=Path),
           "FOLDER"),
    option("--inputs", "Number of draws of the uncertain inputs, for the interval over them. [default: "
           "512 where outcomes are known exactly; else 32, at the point of the headline, or none where that is dear]",
           click.IntRange(0, 1 << 16), "N"),
    option("--ask question", "rates: how often what happens. sensitivity: which unknown input decides that. worth: "
           "which measurement is worth most for the choice of an arm. couplings: bounds over all pairings of "
           "parties. break-even: at which weight of a theft arms break even.", click.Choice(list(QUESTIONS)),
           default="rates", show_default=True, is_eager=True),
    option("--samples", "Base samples of sensitivity, for sobol a power of two; draws of worth and break-even. "
           "[default: 256, 4096 and 256 where outcomes are known exactly, fewer where attempts have to be counted at "
           "each point]", click.IntRange(min=2), "N"),
    option("--weight", "How many honest flows a theft weighs as much as. [default: 10; for break-even, any]",
           click.FloatRange(min=0), "W"),
    option("--method", "Method of sensitivity: sobol (shares of variance) or morris (effects). [default: morris where "
           "a sample is dear]", str, "NAME"),
    output_option("Tables and figures. A run that was cut short goes on there where it stopped.", folder=True),
    format_option("text", "json", "toml",
                  help="Text, data, or the experiment itself as a file to change; none is run."),
    with_option,
)  # fmt: skip


@click.command(cls=ByQuestion)
@options(*_SIMULATE)
def simulate(**given: Any) -> int:
    """Run one experiment, by name or file, or put arms of your own to a population.

    First contacts are exact where the population allows it: all situations are gone through. Time, queues, retries,
    caches and people are simulated. Arms with identical outcomes are reported as such and
    drawn once under all their names.

    `openworld list experiments` names the experiments. `--ask QUESTION --help` shows the options that go with a
    question; those of `--ask rates` are half-width, inputs, records and others.

    \b
    openworld simulate matching --population measured_2026 -o out
    openworld simulate --arms prm=exact prm=prefix --adoption 0.5 --population enterprise
    openworld simulate --arms '' mcp gaps_closed --adoption 0.1,0.5,0.9
    openworld simulate matching --format toml > mine.toml
    openworld simulate mine.toml
    openworld simulate echo --half-width 0.002
    openworld simulate iss --ask sensitivity
    openworld simulate profiles --ask break-even --weight 5
    """
    return call("openworld.work.simulate.simulate", **given)


_EXPERIMENTS = (
    click.argument("experiment", metavar="[EXPERIMENT|FILE]", required=False, shell_complete=completion.experiments),
    option("--schema", "Print the JSON Schema of an experiment's file instead."),
    option("--overview", "Answer all of them: headline, whether it is exact or simulated, what is open, and which "
           "input decides. Takes twenty minutes."),
    option("--population", "Met instead of the experiment's own population.", str, "NAME_OR_FILE",
           shell_complete=completion.populations),
    option("--deployed/--baseline-clients", "Clients that no arm speaks of, as for `openworld simulate`. [default: as "
           "the experiment has it]", default=None),
    output_option("Write the description to a file."),
    as_json,
    with_option,
)  # fmt: skip


@click.command()
@options(*_EXPERIMENTS)
def experiments(**given: Any) -> int:
    """List the experiments, or describe one by the ODD protocol (Grimm et al. 2020), with its threats to validity.

    It is one of the suite or a file of your own. The description is Markdown, read off the code and the data: parties
    and what they do, where each number comes from, the rules that decide.

    \b
    openworld list experiments
    openworld list experiments iss
    openworld list experiments matching --population measured_2026 -o odd.md
    """
    return call("openworld.work.listed.experiments", **given)


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path), default=Path())
@click.option("--experiment", metavar="NAME", help="Show the rates of this one.")
@as_json
def results(**given: Any) -> int:
    """List what is stored in FOLDER and below, and how it was counted, or show the rates of one experiment.

    `openworld diff` compares two folders.

    \b
    openworld list results out
    openworld list results out --experiment matching
    """
    return call("openworld.work.results.stored", **given)


_BLAST_RADIUS = (
    click.argument("kind", shell_complete=completion.among("simulations.blast_radius:KINDS")),
    option("--population", "Who is out there.", str, "NAME|FILE", default="measured_2026", show_default=True,
           shell_complete=completion.populations),
    option("--design designs", "A named design or a deployed client (every mechanism of it), or switches as in a "
           "configuration. They hold for everybody; the rest is as the population has it. One that decides nothing "
           "here is an error. May be repeated; the first is what the others are compared with. [default: each "
           "protection]", str, "NAME|CONFIG", multiple=True),
    option("--year", "With as much adopted as the population expects by then.", float, "Y"),
    option("--scale", "With so much of every kind of party: 0.05 is a twentieth.", float, "S"),
    option("--samples", "Targets in each topology.", click.IntRange(min=1), default=50, show_default=True),
    option("--replications", "Topologies.", click.IntRange(1, 100_000), default=5, show_default=True),
    option("--seed", "Same seed, same topologies and targets.", int, default=1, show_default=True),
    output_option("Tables.", folder=True),
    as_json,
    with_option,
)  # fmt: skip


@click.command("blast-radius")
@options(*_BLAST_RADIUS)
def blast_radius(**given: Any) -> int:
    """Count what one theft, one malicious server, one lapsed domain puts into an attacker's reach.

    KIND is token, refresh_token, agent, resource_server, authorization_server, look_alike or domain. Without --design:
    the population as it is deployed; with none of five protections, with each alone, and with all.

    \b
    openworld blast-radius token --population enterprise
    openworld blast-radius resource_server --design mcp --design "design=mcp;rt_pin=off"
    """
    return call("openworld.work.blast_radius.blast_radius", **given)
