"""Reality: what real software does, beside what the model says."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import click

from conformance import sandbox
from conformance.confinement import UnconfinedError, confine, missing_of
from conformance.install import DRIVERS, LOCK, install, of_command
from conformance.lock import Lock
from conformance.packages import COMMAND, FORMS, SERVED_COMMAND, host_of, packaged
from conformance.processes import drive, heed_sigterm
from conformance.software import CLIENTS, RESOURCE_SERVERS, SERVERS, Release, SoftwareError, release
from model.errors import InputError
from openworld.commands.shell import DONE, INCONCLUSIVE, VIOLATED, as_json, print_json, print_lines
from openworld.files import as_json as written
from openworld.files import claimed, write
from openworld.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.install import Installed
    from conformance.judge import Judgement
    from conformance.pair import Meeting
    from conformance.play import Play
    from conformance.profile import Profile
    from conformance.run import Driving, Settings
    from conformance.suite import Beside
    from openworld.kept import Kind
    from openworld.pairs import Paired
    from openworld.reality import Explanation

# What takes 0.1 to 0.4 s to import (the solver, pandas, aiohttp) is imported where it is needed: for its help,
# `openworld` imports every command.

SOURCES = ("catalogue", "attack", "mutation", "pairs")


@click.command()
@click.argument("client", required=False)
@click.option("--server", metavar="SERVER", help="Profile a real authorization server; the model plays the client.")
@click.option(
    "--resource-server", "resource_server", metavar="SERVER",
    help="Profile a real resource server; the model plays client and AS. A dash: the one of --package or --command.",
)  # fmt: skip
@click.option("--pair", nargs=2, metavar="CLIENT SERVER", help="A real client at a real server, the model watching.")
@click.option(
    "--triple", nargs=3, metavar="CLIENT SERVER RESOURCE_SERVER",
    help="Three real parties: once all honest, once with a resource server of the attacker's beside them.",
)  # fmt: skip
@click.option("--command", metavar="COMMAND", help="A client that is a command: {url} in it is the server's URL.")
@click.option("--driver", type=click.Path(dir_okay=False, path_type=Path), help="A driver of yours for --package.")
@click.option("--package", metavar="PACKAGE", help=f"Install this: {', '.join(FORMS.values())}.")
@click.option("--from-source", is_flag=True, help="Build a Python package that has no wheel, confined.")
@click.option(
    "--reads", type=click.Path(exists=True, path_type=Path), multiple=True,
    help="A file or folder that the client may read beside its package.",
)  # fmt: skip
@click.option("--serve", is_flag=True, help="Wait, on a page, for a client that you start yourself.")
@click.option(
    "--source", "sources", type=click.Choice(SOURCES), multiple=True, default=("catalogue",), show_default=True,
    help="Where scenarios come from: the catalogue, attack traces of the solver, single-field mutations, and two "
    "of the catalogue at once where designs part that explain all else.",
)  # fmt: skip
@click.option(
    "--property", "properties", multiple=True, metavar="PROPERTY",
    help="With --source attack: only attacks on this property. [default: every one that can be told to a client]",
)  # fmt: skip
@click.option("--suite", is_flag=True, help="Run MCP's published conformance suite as well, and compare verdicts.")
@click.option("--scenarios", metavar="NAMES", help="Only these, separated by commas; M stands for all that begin so.")
@click.option("--limit", type=click.FloatRange(min=1), default=20.0, show_default=True, help="Seconds for a scenario.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Scenarios at a time.")
@click.option("--plain", is_flag=True, help="Plain HTTP in place of TLS with a throwaway authority.")
@click.option(
    "--require-confinement", "required", is_flag=True,
    help="Run nothing unless all that is to keep it in is there.",
)  # fmt: skip
@click.option(
    "--lock", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Install what this file lists (installed.json of an earlier run with -o), and nothing else.",
)  # fmt: skip
@click.option(
    "--expect", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What is expected, and which falls are accepted because of what: exit code 1 on what changed, and only then.",
)  # fmt: skip
@click.option(
    "--write-expectations", type=click.Path(dir_okay=False, path_type=Path),
    help="Write such a file of what was seen; why a fall is accepted is for you to say in it.",
)  # fmt: skip
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML to this file.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path),
    help="Keep results, recordings (HTTP archives) and a page in this folder, and go on from what is there.",
)  # fmt: skip
@as_json
def conform(
    client: str | None, server: str | None, resource_server: str | None, pair: tuple[str, str] | None,
    triple: tuple[str, str, str] | None, **options: Any,
) -> int:  # fmt: skip
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
    (software that is not known is answered with the list of what is)

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
    asked = Asked(**options)
    other = resource_server in (None, "-") and (asked.command or asked.package or asked.serve)
    named = resource_server if resource_server != "-" else None
    if sum(map(bool, (client, server, named, pair, triple, other))) != 1:
        raise click.UsageError(
            "name a CLIENT, or --server SERVER, --resource-server SERVER, --pair CLIENT SERVER, or "
            "--triple CLIENT SERVER RESOURCE_SERVER, or say --command, --package or --serve"
        )
    asked.check(bool(pair or triple))
    click.get_current_context().with_resource(claimed(asked.output))
    heed_sigterm()
    if asked.required and not sandbox.way():
        raise UnconfinedError(f"nothing is installed or run: {missing_of(closed=True, rooms=False)}")
    if pair:
        return _meet(pair, asked)
    if triple:
        return _meet_three(triple, asked)
    if server:
        return _profile(server, asked)
    if resource_server:
        return _resource(resource_server, asked)
    return _run(client, asked)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of how real software is run, and where what is found goes."""

    command: str | None
    driver: Path | None
    package: str | None
    from_source: bool
    reads: tuple[Path, ...]
    serve: bool
    lock: Path | None
    sources: tuple[str, ...]
    properties: tuple[str, ...]
    suite: bool
    scenarios: str | None
    limit: float
    jobs: int
    plain: bool
    required: bool
    expect: Path | None
    write_expectations: Path | None
    junit: Path | None
    output: Path | None
    as_json: bool


    def check(self, pair: bool) -> None:
        """Refuse what does not go together."""
        if self.lock is not None and (pair or self.serve or not (self.package or not self.command)):
            raise click.UsageError("--lock says what to install of one client or server")
        if self.driver is not None and (self.package is None or self.command):
            raise click.UsageError("--driver is a driver of --package, in the place of --command")
        if self.package and not (self.driver or self.command):
            raise click.UsageError("say with --driver or --command how --package is driven")
        if self.serve and (self.package or self.command or self.suite):
            raise click.UsageError("--serve waits for a client that you start; it runs none")
        if self.serve and "pairs" in self.sources:
            raise click.UsageError("--source pairs is for a client that is started here")


def _installed(wanted: Release, asked: Asked) -> Installed:
    """A release that is ready, as a file says that it was installed before, if there is one."""
    if asked.lock is None:
        return install(wanted, source=asked.from_source)
    listed = Lock.load(asked.lock)
    if listed.software != str(wanted):
        raise InputError(f"{asked.lock}: lists what was installed for {listed.software}, not for {wanted}")
    return install(wanted, lock=listed, source=asked.from_source)


def _words(asked: Asked) -> list[str]:
    try:
        return shlex.split(asked.command or "")
    except ValueError as error:
        raise InputError(f"--command is no command line: {error}") from None


def _client(client: str | None, asked: Asked) -> Installed:
    """What the command line names, ready to be driven."""
    if client is not None:
        return _installed(release(client, CLIENTS, "client"), asked)
    if asked.serve:
        from conformance.serve import SOMEBODYS

        return SOMEBODYS
    command = _words(asked)
    if asked.package is None:
        return of_command(command, asked.reads)
    driver = asked.driver or DRIVERS / COMMAND
    if not driver.exists() and (DRIVERS / driver).exists():
        driver = DRIVERS / driver
    installed = _installed(packaged(asked.package, driver), asked)
    if asked.command:
        return of_command(command, asked.reads, installed)
    return replace(installed, reads=(*installed.reads, *asked.reads))


# --- a client ------------------------------------------------------------------------------------------------


def _run(client: str | None, asked: Asked) -> int:
    from conformance import expected as expectations
    from conformance import results
    from conformance.run import Settings, run_all
    from conformance.suite import SUITE
    from openworld.cures import all_cures
    from openworld.kept import keep_client
    from openworld.reality import Asker, explain

    installed = _client(client, asked)
    wanted, client = installed.release, str(installed.release)
    expected = None if asked.expect is None else expectations.load(asked.expect, client)
    about = tuple(map(_told_to_a_client, asked.properties))
    # The solver is asked once this command is where it stays: what it has found is not passed on.
    plays = [] if "attack" in asked.sources else _chosen(_plays(asked, wanted, about), asked.scenarios)
    if asked.suite:
        install(SUITE)
    protection = confine(asked.required) if not asked.serve else "none: you start the client yourself"
    plays = plays or _chosen(_plays(asked, wanted, about), asked.scenarios)
    output, settings = asked.output, Settings(asked.limit, asked.jobs, not asked.plain)
    with Progress(client, len(plays)) as progress:
        done = lambda one: progress.advance(one.scenario)  # noqa: E731 (it has no other use)
        by = _by_hand(len(plays)) if asked.serve else drive
        judgements = asyncio.run(run_all(installed, plays, output, settings, done, by))
    unfit = [one for one in judgements if one.facts.get("unfit")]
    if unfit and not any(one.measured and one.outcome != "n" for one in judgements):
        raise SoftwareError(f"{wanted} does not start: {unfit[0].error}")
    paired = None
    if "pairs" in asked.sources:
        paired = _paired(installed, plays, judgements, output, settings)
        plays, judgements = [*plays, *paired.plays], [*judgements, *paired.judgements]
    with Progress("ends that a design explains", len(judgements)) as progress:
        explained = explain(wanted, plays, judgements, progress.at)
    cured = all_cures(explained.design, plays, judgements, Asker())
    stops = {name: list(map(str, found)) for name, found in cured.items()}
    beside = asyncio.run(_beside(installed, judgements, asked.limit)) if asked.suite else []
    if asked.junit is not None:
        write(asked.junit, results.junit(client, judgements, expected))
    if asked.write_expectations is not None:
        write(asked.write_expectations, "\n".join(expectations.as_toml(client, judgements)) + "\n")
    changes = {} if expected is None else expected.changes(judgements)
    published = [one.to_json() for one in beside]
    if output is not None:
        keep_client(output / wanted.slug, client, plays, judgements, explained, stops, published, protection)
        told = results.table(wanted.software.name, wanted.version, judgements)
        write(output / wanted.slug / "behaviour.csv", told)
        lost = results.losses(wanted.software.name, wanted.version, judgements)
        write(output / wanted.slug / "attacks.csv", lost)
        write(output / wanted.slug / LOCK, written(installed.lock.to_json()))
    if asked.as_json:
        shown = {"explanation": explained.to_json(), "stopped_by": stops, "suite": published, "protection": protection}
        shown |= {"changes": changes} if expected is not None else {}
        shown |= {"pairs": paired.to_json()} if paired is not None else {}
        shown |= {"installed": installed.lock.to_json(), "host": list(host_of(wanted))}
        print_json(results.data(client, judgements, **shown))
        return _code(judgements, changes)
    remarks = {name: explained.remark(name) for name in explained.comparisons}
    host = host_of(wanted)
    lines = [*results.lines(judgements, remarks), *_explained(explained, stops, host), *_suite(beside)]
    lines += [] if paired is None else paired.lines()
    if expected is not None:
        lines += [f"changed: {name}: {told}" for name, told in changes.items()] or ["all as expected"]
    lines.append(f"protection: {protection}")
    if output is not None:
        write(output / wanted.slug / "index.md", results.page(client, plays, judgements, lines))
    print_lines(lines)
    return _code(judgements, changes)


def _paired(
    installed: Installed, plays: list[Play], judgements: list[Judgement], output: Path | None, settings: Settings
) -> Paired:
    """The pairs of scenarios that tell apart what is not told apart yet, played."""
    from conformance.run import run_all
    from openworld.pairs import meet

    client = str(installed.release)

    def run(more: Sequence[Play]) -> list[Judgement]:
        with Progress(f"{client}, pairs", len(more)) as progress:
            done = lambda one: progress.advance(one.scenario)  # noqa: E731 (it has no other use)
            return asyncio.run(run_all(installed, more, output, settings, done))

    with Progress("pairs of scenarios", 0) as progress:
        return meet(installed.release, plays, judgements, run, progress.at)


def _by_hand(total: int) -> Driving:
    from conformance.serve import waiting

    return waiting(total, click.echo)


def _code(judgements: Sequence[Judgement], changes: Mapping[str, str]) -> int:
    """Whether something went otherwise than expected, or else not all was measured that was tried."""
    if changes:
        return VIOLATED
    return DONE if all(one.measured for one in judgements) else INCONCLUSIVE


def _plays(asked: Asked, wanted: Release, about: tuple[str, ...]) -> list[Play]:
    """The plays of these sources."""
    from conformance.mutations import mutations
    from conformance.play import catalogue

    found: list[Play] = []
    if {"catalogue", "pairs"} & {*asked.sources}:
        found += catalogue()
    if "attack" in asked.sources:
        from conformance import attacks
        from openworld.reality import Asker, design_of

        design = design_of(wanted)
        about = about or attacks.ASKED
        with Progress("asking the solver for attacks", attacks.asked(design, about)) as progress:
            found += attacks.plays(design, Asker(), progress.advance, about)[0]
    if "mutation" in asked.sources:
        found += mutations()
    return found


def _told_to_a_client(name: str) -> str:
    """The property of this name, if attacks on it can be told to a client."""
    from conformance.attacks import ASKED
    from properties.security import find

    found = find(name).name
    if found not in ASKED:
        raise InputError(f"attacks on {found} cannot be told to a client; allowed: {', '.join(ASKED)}")
    return found


def _chosen(every: list[Play], names: str | None) -> list[Play]:
    """The plays that a comma-separated list of names and prefixes asks for."""
    if names is None:
        return every
    kept: dict[str, Play] = {}
    for name in filter(None, map(str.strip, names.split(","))):
        found = {play.name: play for play in every if play.name.startswith(name)}
        if not found:
            raise InputError(f"no scenario {name!r}; known: {', '.join(play.name for play in every)}")
        kept |= found
    return list(kept.values())


def _explained(explained: Explanation, stops: dict[str, list[str]], host: tuple[str, ...]) -> Iterator[str]:
    """The design of the client, how much of the run it accounts for, and what would stop the attacks."""
    how = {
        "stored": "predicted by the stored design", "fitted": "explained by a design fitted here",
        "relative": f"predicted by the design of {explained.relative or 'the baseline'}",
    }[explained.source]  # fmt: skip
    for source, (total, ends, messages) in explained.shares().items():
        yield f"{source}: {ends} of {total} ends {how}; {messages} with every message"
    if explained.source == "fitted" and explained.relative:
        told, total = len(explained.by_relative), len(explained.comparisons)
        yield f"{told} of {total} ends predicted by the stored design of its nearest relative, {explained.relative}"
    if len(explained.neighbours) > 1:
        agreed = [name for name in explained.comparisons if name not in explained.disputed]
        right = len(set(agreed) & set(explained.by_relative))
        yield f"{right} of the {len(agreed)} ends on which {' and '.join(explained.neighbours)} agree"
    if not explained.whole:
        yield "the search for a design that explains more was cut short"
    for name, value in explained.design.changes().items():
        decided = shorten(" ".join(explained.decided_by.get(name, ())), 90, placeholder=" ...")
        whose = "(the host's choice)  " if name in host else ""
        yield f"  {name}={value}  {whose}{decided}".rstrip()
    for name, changes in stops.items():
        yield f"{name} would be stopped by {' or '.join(changes) or 'nothing that the model knows of'}"


async def _beside(installed: Installed, judgements: list[Judgement], limit: float) -> list[Beside]:
    from conformance import suite

    return await suite.compare(installed, install(suite.SUITE), judgements, max(limit, 40.0))


def _suite(beside: list[Beside]) -> Iterator[str]:
    if beside:
        agreeing = sum(one.agrees for one in beside)
        yield f"published suite: {agreeing} of {len(beside)} verdicts agree"
    for one in beside:
        ours = "conforms" if one.conforms else "does not conform"
        theirs = f"{one.passed} checks passed, {one.failed} failed"
        differs = "" if one.agrees else f"  DIFFERS {one.complaint}"
        yield f"  {one.scenario:<30} {theirs:<32} {one.counterpart}: {ours}{differs}"


# --- a server ------------------------------------------------------------------------------------------------


def _profile(server: str, asked: Asked) -> int:
    from conformance.profile import profiles
    from openworld.kept import keep

    wanted = release(server, SERVERS, "server")
    installed = _installed(wanted, asked)
    protection = confine(asked.required)
    found = asyncio.run(profiles(installed, asked.limit))
    output = asked.output
    if output is not None:
        write(output / wanted.slug / LOCK, written(installed.lock.to_json()))
        for one in found:
            write(output / wanted.slug / f"{one.variant}.har", written(one.recording.har(one.variant)))
            write(output / wanted.slug / f"{one.variant}.json", written(one.to_json()))
        profiled = [{**one.to_json(), "population": _population(wanted, one)} for one in found]
        keep(output / wanted.slug, "server", {
            "server": server, "profiles": profiled, "protection": protection,
        })  # fmt: skip
    if asked.as_json:
        print_json([{**one.to_json(), "population": _population(wanted, one)} for one in found])
    else:
        for one in found:
            print_lines(_profiled(wanted, one))
        print_lines([f"protection: {protection}"])
    return DONE


def _population(wanted: Release, profile: Profile) -> list[str]:
    """The rows of the population's table for this product that say what was seen."""
    from simulations.servers import authorization_servers

    rows = [one for one in authorization_servers().values() if one.product == wanted.software.known_as]
    return [one.name for one in rows if dict(one.settings) == dict(profile.switches)]


def _profiled(wanted: Release, profile: Profile) -> Iterator[str]:
    yield f"{profile.server} ({profile.variant})"
    settings = ";".join(f"{name}={value}" for name, value in profile.switches.items())
    yield f"  {settings or 'not expressible'}  ({profile.reason})"
    yield f"  in the population as: {', '.join(_population(wanted, profile)) or 'no row'}"
    for question, answer in profile.answers.items():
        name, _, detail = question.partition(".")
        if not detail:
            details = {k.partition(".")[2]: v for k, v in profile.answers.items() if k.startswith(f"{name}.")}
            said = " ".join(f"{key}={value}" for key, value in details.items())
            yield f"    {name:<16}{answer:<16}{said}".rstrip()


# --- a resource server ---------------------------------------------------------------------------------------


def _resource(server: str, asked: Asked) -> int:
    from conformance import expected as expectations
    from conformance import results
    from openworld.commands import resource_servers

    chosen = resource_servers.chosen(asked.scenarios)
    installed = _resource_server(server, asked)
    name = str(installed.release)
    expected = None if asked.expect is None else expectations.load(asked.expect, name)
    protection = confine(asked.required)
    found = asyncio.run(resource_servers.ask(installed, asked.limit, chosen.__contains__))
    judgements = [judgement for one in found for judgement in one.judgements()]
    if asked.junit is not None:
        write(asked.junit, results.junit(name, judgements, expected))
    if asked.write_expectations is not None:
        write(asked.write_expectations, "\n".join(expectations.as_toml(name, judgements)) + "\n")
    changes = {} if expected is None else expected.changes(judgements)
    if asked.output is not None:
        resource_servers.keep(asked.output / installed.release.slug, installed, found, protection)
    if asked.as_json:
        print_json({"resource_server": name, "profiles": [one.to_json() for one in found], "changes": changes,
                    "protection": protection, "installed": installed.lock.to_json()})
        return _code(judgements, changes)
    for one in found:
        print_lines(resource_servers.lines(one))
    if expected is not None:
        print_lines([f"changed: {one}: {told}" for one, told in changes.items()] or ["all as expected"])
    print_lines([f"protection: {protection}"])
    return _code(judgements, changes)


def _resource_server(server: str, asked: Asked) -> Installed:
    """The resource server that the command line names, ready to be driven."""
    if server != "-":
        return _installed(release(server, RESOURCE_SERVERS, "resource server"), asked)
    if not asked.command:
        return _client(None, asked)
    package = None
    if asked.package is not None:
        package = _installed(packaged(asked.package, DRIVERS / SERVED_COMMAND), asked)
    return of_command(_words(asked), asked.reads, package, SERVED_COMMAND)


# --- both ----------------------------------------------------------------------------------------------------


def _meet(pair: tuple[str, str], asked: Asked) -> int:
    from conformance.pair import meet

    client, server = release(pair[0], CLIENTS, "client"), release(pair[1], SERVERS, "server")
    ready = install(client), install(server)
    protection = confine(asked.required)
    met = [asyncio.run(meet(*ready, variant, asked.limit)) for variant in server.software.variants]
    told = {"client": pair[0], "server": pair[1]}
    return _keep_meetings(f"{client.slug}-at-{server.slug}", "pair", told, ready, met, protection, asked)


def _meet_three(named: tuple[str, str, str], asked: Asked) -> int:
    from conformance.triple import meetings

    roles = ("client", CLIENTS), ("server", SERVERS), ("resource server", RESOURCE_SERVERS)
    releases = [release(text, known, role) for text, (role, known) in zip(named, roles, strict=True)]
    client, server, resource_server = (install(one) for one in releases)
    protection = confine(asked.required)
    met = asyncio.run(meetings(client, server, resource_server, asked.limit))
    told = dict(zip(("client", "server", "resource_server"), named, strict=True))
    folder = "-at-".join(one.slug for one in releases)
    return _keep_meetings(folder, "triple", told, (client, server, resource_server), met, protection, asked)


def _keep_meetings(
    name: str, kind: Kind, told: Mapping[str, str], parties: Sequence[Installed], met: Sequence[Meeting],
    protection: str, asked: Asked,
) -> int:  # fmt: skip
    """Keep and tell how real parties met."""
    from openworld.kept import keep

    if asked.output is not None:
        folder = asked.output / name
        for party in parties:
            write(folder / f"{party.release.slug}.{LOCK}", written(party.lock.to_json()))
        for one in met:
            write(folder / f"{one.variant}.har", written(one.har))
        meetings = [one.to_json() for one in met]
        keep(folder, kind, {**told, "meetings": meetings, "protection": protection})
    if asked.as_json:
        print_json([one.to_json() for one in met])
    else:
        for one in met:
            print_lines(_met(one))
        print_lines([f"protection: {protection}"])
    return _code([one.judgement for one in met], {})


def _met(meeting: Meeting) -> Iterator[str]:
    from conformance.judge import OUTCOMES

    seen = meeting.judgement
    yield f"{seen.scenario}: {seen.outcome} {OUTCOMES[seen.outcome]}"
    if seen.attacks:
        yield f"  violated: {', '.join(seen.attacks)}"
    if seen.error:
        yield f"  {' '.join(seen.error.split())}"
    for sent in seen.sent:
        yield f"  {sent}"
    for remark in meeting.remarks:
        yield f"  {'holds  ' if remark.holds else 'refuses'} {remark.rule}: {remark.about}"
