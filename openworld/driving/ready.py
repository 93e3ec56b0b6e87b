"""What a command line names, installed and ready to be driven, all else being ready; and what was seen of it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from conformance import sandbox
from conformance.confinement import UnconfinedError, missing_of
from conformance.expected import Expected, as_toml
from conformance.install import DRIVERS, Installed, install, of_command
from conformance.judge import Judgement
from conformance.lock import Lock
from conformance.packages import COMMAND, SERVED_COMMAND, packaged
from conformance.results import junit
from conformance.serve import SOMEBODYS
from conformance.software import CLIENTS, RESOURCE_SERVERS, Release, release
from model.errors import InputError, hint
from openworld.commands.common import DONE, INCONCLUSIVE, VIOLATED
from openworld.driving.asked import DrivingOptions
from openworld.files import write
from openworld.folders import claimed


def begin(asked: DrivingOptions) -> None:
    """Make ready to run real software.

    Raises:
        UnconfinedError: all protection was asked for, and some is missing.
    """
    click.get_current_context().with_resource(claimed(asked.output))
    if asked.required and not sandbox.way():
        raise UnconfinedError(f"nothing is installed or run: {missing_of(closed=True, rooms=False)}")


def installed(wanted: Release, asked: DrivingOptions) -> Installed:
    """A release that is ready, as a file says that it was installed before, if there is one."""
    if asked.lock is None:
        return install(wanted, source=asked.from_source, begins=_begins)
    listed = Lock.load(asked.lock)
    if listed.software != str(wanted):
        raise InputError(f"{asked.lock}: lists what was installed for {listed.software}, not for {wanted}")
    return install(wanted, lock=listed, source=asked.from_source, begins=_begins)


def _begins(wanted: Release) -> None:
    click.echo(f"installing {wanted}", err=True)


def _words(asked: DrivingOptions) -> list[str]:
    try:
        return shlex.split(asked.command or "")
    except ValueError as error:
        raise InputError(f"--command is no command line: {error}") from None


def client(name: str | None, asked: DrivingOptions) -> Installed:
    """The client that the command line names, ready to be driven; or named only, where nothing is run."""
    if asked.checks is not None:
        return SOMEBODYS if name is None else Installed(release(name, CLIENTS, "client"), (), {})
    if name is not None:
        return installed(release(name, CLIENTS, "client"), asked)
    if asked.serve:
        return SOMEBODYS
    command = _words(asked)
    if asked.package is None:
        return of_command(command, asked.reads, apart=_written(asked))
    found = installed(packaged(asked.package, own_or_shipped(asked.driver or Path(COMMAND))), asked)
    if asked.command:
        return of_command(command, asked.reads, found)
    return replace(found, reads=(*found.reads, *asked.reads))


def own_or_shipped(driver: Path) -> Path:
    """A driver of the user's, or the one of that name that ships."""
    return DRIVERS / driver if not driver.exists() and (DRIVERS / driver).exists() else driver


def resource_server(name: str, asked: DrivingOptions) -> Installed:
    """The resource server that the command line names, ready to be driven."""
    if name != "-":
        return installed(release(name, RESOURCE_SERVERS, "resource server"), asked)
    if not asked.command:
        return client(None, asked)
    package = None
    if asked.package is not None:
        package = installed(packaged(asked.package, DRIVERS / SERVED_COMMAND), asked)
    return of_command(_words(asked), asked.reads, package, SERVED_COMMAND, _written(asked))


def _written(asked: DrivingOptions) -> list[Path]:
    """What is written here, in the folder of the command perhaps."""
    return [path for path in (asked.output, asked.junit, asked.write_expectations) if path is not None]


def chosen(every: Sequence[str], names: str | None, what: str) -> list[str]:
    """Those that a comma-separated list of names and prefixes asks for; all without one.

    Raises:
        InputError: there is none of such a name.
    """
    if names is None:
        return list(every)
    kept: dict[str, None] = {}
    for name in filter(None, map(str.strip, names.split(","))):
        found = [one for one in every if one.startswith(name)]
        if not found:
            raise InputError(f"no {what} {name!r}{hint(name, every)}")
        kept |= dict.fromkeys(found)
    return list(kept)


def changes(
    asked: DrivingOptions, name: str, judgements: Sequence[Judgement], expected: Expected | None
) -> dict[str, str]:
    """What went otherwise than expected, once the files that are asked for say how all of it went."""
    if asked.junit is not None:
        write(asked.junit, junit({name: (judgements, expected)}))
    if asked.write_expectations is not None:
        write(asked.write_expectations, "\n".join(as_toml(name, judgements)) + "\n")
    return {} if expected is None else expected.changes(judgements)


def code(judgements: Sequence[Judgement], changes: Mapping[str, str]) -> int:
    """Whether something went otherwise than expected, or else not all was measured that was tried."""
    if changes:
        return VIOLATED
    return DONE if all(one.measured for one in judgements) else INCONCLUSIVE
