"""Real parties that meet: a client at an authorization server, or with a resource server as well."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from conformance.confinement import confine
from conformance.install import LOCK, Installed, install
from conformance.judge import OUTCOMES
from conformance.pair import Meeting, meet
from conformance.probes import PROBES
from conformance.profile import profiles
from conformance.software import CLIENTS, RESOURCE_SERVERS, SERVERS, release
from conformance.triple import HONEST, MET, Prediction, called, meetings, predict
from deployed.explanation import design_of
from model.store import keep as keep_answer
from model.store import kept, named
from openworld.cache import Asker
from openworld.commands.common import print_json, print_lines
from openworld.driving.asked import DrivingOptions
from openworld.driving.ready import code
from openworld.driving.resource_server import profiled
from openworld.files import as_json, write
from openworld.progress import Progress


def two(pair: tuple[str, str], asked: DrivingOptions) -> int:
    """Let a client and an authorization server meet, in each of its configurations."""
    client, server = release(pair[0], CLIENTS, "client"), release(pair[1], SERVERS, "server")
    ready = install(client), install(server)
    protection = confine(asked.required)
    store = _Store(asked, f"{client.slug}-at-{server.slug}", ready)
    met = []
    for variant in server.software.variants:
        one = store.known.get(variant) or asyncio.run(meet(*ready, variant, asked.limit))
        store.save(one)
        met.append(one)
    return _tell(store, met, {}, protection)


def three(named: tuple[str, str, str], asked: DrivingOptions) -> int:
    """Let three parties meet, beside what the model says of them from what each does by itself."""
    roles = ("client", CLIENTS), ("server", SERVERS), ("resource server", RESOURCE_SERVERS)
    releases = [release(text, known, role) for text, (role, known) in zip(named, roles, strict=True)]
    client, server, resource_server = (install(one) for one in releases)
    protection = confine(asked.required)
    store = _Store(asked, "-at-".join(one.slug for one in releases), (client, server, resource_server))
    variants = len(server.release.software.variants) * len(resource_server.release.software.variants)
    with Progress("meetings", 2 * variants) as progress:

        def done(met: Meeting) -> None:
            store.save(met)
            progress.advance(met.variant)

        met = asyncio.run(meetings(client, server, resource_server, asked.limit, store.known, done))
    predicted = _predicted(client, server, resource_server, asked)
    return _tell(store, met, predicted, protection)


def _predicted(
    client: Installed, server: Installed, resource_server: Installed, asked: DrivingOptions
) -> dict[str, tuple[bool, Prediction]]:
    """By meeting whether all are honest in it, and what the model says."""
    found: dict[str, tuple[bool, Prediction]] = {}
    ask, design = Asker(), design_of(str(client.release))
    served = {one["variant"]: one["settings"] for one in profiled(resource_server, asked, [p.name for p in PROBES])}
    for profile in asyncio.run(profiles(server, asked.limit)):
        for variant, settings in served.items():
            said = predict(design, profile.switches, settings, ask)
            if said is not None:
                found |= {called(play, profile.variant, variant): (play == HONEST, said) for play in MET}
    return found


#: How files of meetings end.
_ENDING = ".meeting.json"


class _Store:
    """Meetings in a folder: what was measured before does not happen again."""

    def __init__(self, asked: DrivingOptions, name: str, parties: Sequence[Installed]) -> None:
        self.asked, self.parties = asked, parties
        self.folder = None if asked.output is None else asked.output / name
        self._of = named([one.identity for one in parties])
        found = [] if self.folder is None else map(self._load, self.folder.glob(f"*{_ENDING}"))
        self.known = {one.variant: one for one in found if one is not None and one.judgement.measured}

    def _key(self, variant: str) -> str:
        return named(self._of, variant)

    def _load(self, path: Path) -> Meeting | None:
        """A meeting of these parties, with its recording."""
        known = kept(path, self._key(path.name.removesuffix(_ENDING)))
        return known and Meeting.from_json(*known)

    def save(self, met: Meeting) -> None:
        """Keep a meeting and its recording, which is a file of its own for readers."""
        if self.folder is not None:
            write(self.folder / f"{met.variant}.har", as_json(met.har))
            keep_answer(self.folder / f"{met.variant}{_ENDING}", self._key(met.variant), [met.to_json(), met.har])


def _tell(
    store: _Store, met: Sequence[Meeting], predicted: Mapping[str, tuple[bool, Prediction]], protection: str
) -> int:
    """Keep and tell how real parties met, and how many meetings went as the model says."""
    foretold = {variant: {"predicted": asdict(said)} for variant, (_, said) in predicted.items()}
    data = [{**one.to_json(), **foretold.get(one.variant, {})} for one in met]
    if store.folder is not None:
        for party in store.parties:
            write(store.folder / f"{party.release.slug}.{LOCK}", as_json(party.lock.to_json()))
    if store.asked.as_json:
        print_json(data)
        return code([one.judgement for one in met], {})
    for one in met:
        print_lines(_met(one, predicted))
    measured = [one for one in met if one.variant in predicted and one.judgement.measured]
    if measured:
        right = sum(predicted[one.variant][1].agrees(one.judgement, predicted[one.variant][0]) for one in measured)
        print_lines([f"{right} of {len(measured)} meetings as the model says of what each does by itself"])
    print_lines([f"protection: {protection}"])
    return code([one.judgement for one in met], {})


def _met(meeting: Meeting, predicted: Mapping[str, tuple[bool, Prediction]]) -> Iterator[str]:
    seen = meeting.judgement
    yield f"{seen.scenario}: {seen.outcome} {OUTCOMES[seen.outcome]}"
    if seen.attacks:
        yield f"  violated: {', '.join(seen.attacks)}"
    if meeting.variant in predicted:
        honest, said = predicted[meeting.variant]
        differs = "" if said.agrees(seen, honest) or not seen.measured else "  DIFFERS"
        yield f"  model: {said.words(honest)}{differs}"
    if seen.error:
        yield f"  {' '.join(seen.error.split())}"
    for sent in seen.sent:
        yield f"  {sent}"
    for remark in meeting.remarks:
        yield f"  {'holds  ' if remark.holds else 'refuses'} {remark.rule}: {remark.about}"
