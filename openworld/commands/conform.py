"""Reality: what real software does, beside what the model says; and what it is as a machine, found by asking."""

from pathlib import Path
from typing import Any

import click

from conformance.software import FORMS
from openworld.commands import completion
from openworld.commands.common import as_json, call, option, options, output_option, scenario_file, scenarios_option
from openworld.driving.asked import DrivingOptions

plain_option = option("--plain", "Plain HTTP in place of TLS with a throwaway authority.")
confinement_option = option("--require-confinement required", "Refuse to run without the full sandbox.")
limit_option = option(
    "--timeout limit", "Seconds for each run.", click.FloatRange(min=1), "S", default=20.0, show_default=True
)
jobs_option = option("--workers jobs", "Runs at a time.", click.IntRange(min=1), "N", default=2, show_default=True)
SOURCES = ("catalogue", "attack", "mutation", "pairs")


_CONFORM = (
    click.argument("clients", nargs=-1, metavar="[CLIENT]...",
                   shell_complete=completion.among("conformance.software:CLIENTS")),
    option("--server", "Profile a real authorization server; the model plays the client.", str, "SERVER",
           shell_complete=completion.among("conformance.software:SERVERS")),
    option("--resource-server resource_server", "Profile a real resource server; the model plays client and AS. A "
           "dash: the one of --package or --command.", str, "SERVER"),
    option("--pair", "A real client at a real server, the model watching.", str, "CLIENT SERVER", nargs=2),
    option("--triple", "Three real parties: once all honest, once with a resource server of the attacker's beside "
           "them.", str, "CLIENT SERVER RESOURCE_SERVER", nargs=3),
    option("--matrix", "Clients by scenarios and attacks, as this file says, beside what it expects; with -o, which "
           "gets a page.", click.Path(exists=True, dir_okay=False, path_type=Path), "FILE"),
    option("--command", "A client that is a command: {url} in it is the server's URL.", str, "COMMAND"),
    option("--driver", "A driver of yours for --package.", click.Path(dir_okay=False, path_type=Path)),
    option("--package", f"Install this: {', '.join(FORMS.values())}.", str, "PACKAGE"),
    option("--from-source", "Build a Python package that has no wheel, confined."),
    option("--reads", "A file or folder that the client may read beside its package.",
           click.Path(exists=True, path_type=Path), multiple=True),
    option("--serve", "Wait, on a page, for a client that you start yourself."),
    option("--source sources", "Where scenarios come from: the catalogue, attack traces of the solver, single-field "
           "mutations, or pairs of the catalogue that tell designs apart.", click.Choice(SOURCES), multiple=True,
           default=("catalogue",), show_default=True),
    option("--property properties", "With --source attack: only attacks on this property. [default: every one that "
           "can be told to a client]", str, "PROPERTY", multiple=True),
    option("--suite", "Run MCP's published conformance suite as well, and compare verdicts."),
    option("--suite-from", "Run the scenarios in the suite of this archive as well, which has them (`openworld new "
           "suite`), and compare.", click.Path(exists=True, dir_okay=False, path_type=Path), "TGZ"),
    option("--checks", "Run nothing: read what the suite found in our scenarios from the folder of its -o. Without a "
           "CLIENT, of one that has no name here.", click.Path(exists=True, file_okay=False, path_type=Path), "FOLDER"),
    scenarios_option,
    scenario_file("Scenarios of your own, from this TOML file; only they are played unless --scenarios or --source "
                  "names others."),
    limit_option,
    jobs_option,
    plain_option,
    confinement_option,
    option("--lock", "Install what this file lists (installed.json of an earlier run with -o), and nothing else.",
           click.Path(exists=True, dir_okay=False, path_type=Path)),
    option("--expect", "What is expected, and which falls are accepted because of what: exit code 1 on what changed, "
           "and only then.", click.Path(exists=True, dir_okay=False, path_type=Path)),
    option("--write-expectations", "Write such a file of what was seen; why a fall is accepted is for you to say in "
           "it.", click.Path(dir_okay=False, path_type=Path)),
    option("--junit", "Write JUnit XML to this file.", click.Path(dir_okay=False, path_type=Path)),
    output_option("Keep results, recordings (HTTP archives) and a page here, and go on from what is there.",
                  folder=True),
    as_json,
)  # fmt: skip


@click.command()
@options(*_CONFORM)
def conform(
    clients: tuple[str, ...],
    server: str | None,
    resource_server: str | None,
    pair: tuple[str, str] | None,
    triple: tuple[str, str, str] | None,
    matrix: Path | None,
    **options: Any,
) -> int:
    """Run a real client against played servers, and compare what it does with the model.

    \b
    openworld conform mcp-python==2.3.0 --scenarios M,R02_prefix_segment -o out
    openworld conform ts-sdk-v1==1.32.2 --source attack -o out
    openworld conform --server oidc-provider==9.13.3
    openworld conform --resource-server mcp-python==2.3.0 -o out
    openworld conform --pair mcp-python==2.3.0 authlib==1.9.10
    openworld conform --triple mcp-python==2.3.0 authlib==1.9.10 mcp-python==2.3.0
    openworld conform --command "mycli {url}"
    openworld conform --driver openid_client.mjs --package npm:openid-client@6.9.0
    openworld conform --serve --plain
    openworld conform mcp-python==2.3.0 --with reported.toml
    openworld conform mcp-python==2.3.0 --checks results
    openworld conform mcp-python==2.2.0 ts-client-v2==latest -o out/matrix
    openworld conform --matrix clients.toml -o out/matrix
    (a name that is not known prints the list of those that are)

    \b
    Outcomes: A accepted; refused d at discovery, a at the authorization response, t at the token
    response; x failed at the resource server; n not tested; ? not measured (it hung, crashed, ran out
    of time or asked nobody), which is exit code 3 and tried again by the next run with the same -o.

    \b
    Real software is installed by exact version into a cache folder (OPENWORLD_SOFTWARE), as wheels and
    without scripts, and run in user, mount, process and network namespaces: it finds the system and
    its own package read-only, no home, no environment, no process but its own, nothing but loopback;
    what it starts ends with it. The last line says what of that the kernel refuses us.
    """
    asked, several = DrivingOptions(**options), len(clients) > 1
    driven = {
        "matrix.drive": matrix or (clients if several else None),
        "meetings.two": pair,
        "meetings.three": triple,
        "server.drive": server,
        "resource_server.drive": resource_server,
        "client.drive": None if several else next(iter(clients), None),
    }
    named = [what for what, one in driven.items() if one]
    if several and matrix:
        raise click.UsageError("the releases of --matrix are in its file")
    unnamed = bool(asked.command or asked.package or asked.serve or (asked.checks and not named))
    if len(named) > 1 or (unnamed and named and resource_server != "-") or (resource_server == "-" and not unnamed):
        named = []
    elif unnamed and not named:
        named = ["client.drive"]
    if not named:
        raise click.UsageError(
            "name a CLIENT, or --server SERVER, --resource-server SERVER, --pair CLIENT SERVER, "
            "--triple CLIENT SERVER RESOURCE_SERVER or --matrix FILE, or say --command, --package, --serve or --checks"
        )
    asked.check(bool(pair or triple or matrix or several), "--matrix" if matrix else "several releases" * several)
    call("openworld.driving.ready.begin", asked)
    return call(f"openworld.driving.{named[0]}", driven[named[0]], asked)


_LEARN = (
    click.argument("clients", nargs=-1, required=True, metavar="CLIENT...",
                   shell_complete=completion.among("conformance.software:CLIENTS")),
    option("--answers", "What it may be answered, separated by commas; token. stands for all that begin so. [default: "
           "those that model/data/alphabet.toml says]", str, "NAMES"),
    option("--calls", "Calls that it is to make.", click.IntRange(min=1), default=1, show_default=True),
    option("--walks", "Random walks at the end.", click.IntRange(min=0), default=50, show_default=True),
    option("--seed", "Of the random walks.", int, default=1, show_default=True),
    limit_option,
    jobs_option,
    plain_option,
    confinement_option,
    option("--dot", "Write the machine for Graphviz.", click.Path(dir_okay=False, path_type=Path)),
    output_option("Keep the machine and every answer here, and go on from what is there.", folder=True),
    as_json,
)  # fmt: skip


@click.command()
@options(*_LEARN)
def learn(**given: Any) -> int:
    """Learn what a real client is, as a machine; two clients, or machines that were kept, are compared.

    A client is started once for every row of answers, and each of its requests gets the next answer. Answers are
    messages of the honest world, of scenarios and of mutations. Active automata learning finds a machine that does the
    same. It looks first where the model predicts something else or nothing, then tries what tells its states apart
    after every answer (the W-method), then walks at random. The machine is asked the security questions as it is.

    \b
    openworld learn mcp-python==2.3.0 -o out/learned
    openworld learn mcp-python==2.0.1 mcp-python==2.3.0 -o out/learned
    openworld learn out/learned/mcp-python-2.0.1/machine.json out/learned/mcp-python-2.3.0/machine.json

    Exit code 3: the client hung, crashed, ran out of time, or did something else when it was asked again. What was
    asked is kept, so that an interrupted run goes on.
    """
    return call("openworld.work.learn.learn", **given)
