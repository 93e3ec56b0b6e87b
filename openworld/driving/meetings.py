"""Real parties that meet: a client at an authorization server, or with a resource server as well."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from conformance.confinement import confine
from conformance.install import LOCK, Installed, install
from conformance.judge import OUTCOMES
from conformance.pair import Meeting, meet
from conformance.software import CLIENTS, RESOURCE_SERVERS, SERVERS, release
from conformance.triple import meetings
from openworld.commands.shell import print_json, print_lines
from openworld.driving.asked import Asked
from openworld.driving.ready import code
from openworld.files import as_json, write
from openworld.kept import Kind, keep


def two(pair: tuple[str, str], asked: Asked) -> int:
    client, server = release(pair[0], CLIENTS, "client"), release(pair[1], SERVERS, "server")
    ready = install(client), install(server)
    protection = confine(asked.required)
    met = [asyncio.run(meet(*ready, variant, asked.limit)) for variant in server.software.variants]
    told = {"client": pair[0], "server": pair[1]}
    return _keep_meetings(f"{client.slug}-at-{server.slug}", "pair", told, ready, met, protection, asked)


def three(named: tuple[str, str, str], asked: Asked) -> int:
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
    if asked.output is not None:
        folder = asked.output / name
        for party in parties:
            write(folder / f"{party.release.slug}.{LOCK}", as_json(party.lock.to_json()))
        for one in met:
            write(folder / f"{one.variant}.har", as_json(one.har))
        meetings = [one.to_json() for one in met]
        keep(folder, kind, {**told, "meetings": meetings, "protection": protection})
    if asked.as_json:
        print_json([one.to_json() for one in met])
    else:
        for one in met:
            print_lines(_met(one))
        print_lines([f"protection: {protection}"])
    return code([one.judgement for one in met], {})


def _met(meeting: Meeting) -> Iterator[str]:
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
