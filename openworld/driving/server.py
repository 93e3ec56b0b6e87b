"""A real authorization server, profiled: the model plays the client."""

import asyncio
from collections.abc import Iterator

from conformance.confinement import confine
from conformance.install import LOCK
from conformance.profile import Profile, profiles
from conformance.software import SERVERS, Release, release
from deployed.servers import authorization_servers
from openworld.commands.common import tell
from openworld.driving.asked import DrivingOptions
from openworld.driving.ready import installed
from openworld.files import as_json, write


def drive(server: str, asked: DrivingOptions) -> int:
    """Profile a server in each of its configurations, and keep and tell what was found."""
    wanted = release(server, SERVERS, "server")
    ready = installed(wanted, asked)
    protection = confine(asked.required)
    found = asyncio.run(profiles(ready, asked.limit))
    data = [{**one.to_json(), "population": _population(wanted, one)} for one in found]
    output = asked.output
    if output is not None:
        write(output / wanted.slug / LOCK, as_json(ready.lock.to_json()))
        for one in found:
            write(output / wanted.slug / f"{one.variant}.har", as_json(one.recording.har(one.variant)))
            write(output / wanted.slug / f"{one.variant}.json", as_json(one.to_json()))
    lines = [line for one in found for line in _profiled(wanted, one)]
    return tell(asked.as_json, data, [*lines, f"protection: {protection}"])


def _population(wanted: Release, profile: Profile) -> list[str]:
    """The rows of the population's table for this product that say what was seen."""
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
