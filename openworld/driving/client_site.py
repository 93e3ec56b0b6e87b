"""A static site of what clients do: a page for each client and check with an address that stays, badges and feeds.

All of it follows from what was measured, stored or just now, and from the register of reports. What is not public on a
day is not on it, unless everything is asked for.
"""

import datetime
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from conformance.install import LOCK
from conformance.packages import host_of
from conformance.software import CLIENTS, Release, slug
from deployed.behaviour import MEASURED, SETTINGS, Observed, measured, placed
from deployed.checks import ALLOWED, CheckCell, CheckStanding, ClientCheck, cells, changes, every_check, standing
from deployed.disclosure import Ended, Report, hidden, reports
from deployed.explanation import age
from model.errors import InputError
from model.scenario import short
from openworld.commands.common import DONE, print_lines
from openworld.driving.predicted import ReleaseRecord, records, scores
from openworld.files import write
from openworld.report.page import template
from openworld.show import command

#: The table of scores, which is written first: a folder that has one holds such a site.
SCORE = "score.csv"
#: Begins the names of what is in feeds; a name never changes.
_NAMES = uuid.uuid5(uuid.NAMESPACE_OID, "openworld: what OAuth clients do")


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """What a release does otherwise than the one before it, by check; ``day``: when it was installed to be measured."""

    client: str
    release: str
    before: str
    day: str
    found: tuple[tuple[ClientCheck, tuple[tuple[CheckCell, CheckCell], ...]], ...]

    @property
    def id(self) -> str:
        """A name that stays."""
        return uuid.uuid5(_NAMES, self.release).urn

    @property
    def many(self) -> int:
        """How many ends are others."""
        return sum(len(pairs) for _, pairs in self.found)


@dataclass(frozen=True, slots=True)
class Client:
    """A client with its releases, as the site shows it.

    Attributes:
        releases: what was seen of each, the oldest first.
        days: when each was installed to be measured.
        again: the words by which `openworld conform` drives each, where it is known how.
        measured: those of which the predictions and recordings are in a folder.
        hidden: what is not shown.
        rows: its cells by check, scenario and release.
        standings: how each check stands of which anything is shown.
        day: by which reports are public; ``None``: all are shown.
    """

    name: str
    releases: Mapping[str, Mapping[str, Observed]]
    days: Mapping[str, str]
    again: Mapping[str, tuple[str, ...]]
    host: tuple[str, ...]
    measured: Mapping[str, ReleaseRecord]
    hidden: frozenset[tuple[str, str]]
    day: datetime.date | None
    rows: Mapping[str, Mapping[str, Mapping[str, CheckCell]]] = field(init=False)
    standings: Mapping[str, CheckStanding] = field(init=False)

    def __post_init__(self) -> None:
        rows = {check.name: cells(check, self.releases, self.host, self.hidden) for check in every_check()}
        told = {name: standing(row) for name, row in rows.items()}
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "standings", {name: one for name, one in told.items() if one is not None})

    @property
    def slug(self) -> str:
        """Its folder, and part of the address of each of its pages."""
        return slug(self.name)

    @property
    def package(self) -> str:
        """What it is, where it is from."""
        if self.name in SETTINGS:
            return f"{SETTINGS[self.name]} with a setting"
        return f"{CLIENTS[self.name].registry} {CLIENTS[self.name].package}" if self.name in CLIENTS else ""

    @property
    def last(self) -> str:
        """Its last release that was measured."""
        return list(self.releases)[-1]

    @property
    def failing(self) -> list[ClientCheck]:
        """The checks that fail in the last release."""
        return [check for check in every_check() if check.name in self.standings and self.standings[check.name].wrong]

    @property
    def demanded(self) -> list[ClientCheck]:
        """The checks that a text demands (MUST) of which anything is shown."""
        asked = (check for check in every_check() if check.name != ALLOWED and check.name in self.standings)
        return [check for check in asked if any(level.startswith(("MUST", "REQUIRED")) for level in check.levels)]

    @property
    def badge(self) -> tuple[str, bool]:
        """What its badge says, and whether all holds."""
        held = [check for check in self.demanded if not self.standings[check.name].wrong]
        if not self.demanded:
            return f"{_version(self.last)}: not public", True
        return f"{_version(self.last)}: {len(held)} of {len(self.demanded)} checks hold", len(held) == len(
            self.demanded
        )

    @property
    def changes(self) -> list[ReleaseChange]:
        """What each release does otherwise than the one before it, the latest first."""
        found = []
        for before, release in pairwise(self.releases):
            of = ((check, tuple(changes(self.rows[check.name], before, release))) for check in every_check())
            told = tuple((check, pairs) for check, pairs in of if pairs)
            found.append(ReleaseChange(self.name, release, before, self.days[release], told))
        return found[::-1]

    def reports(self, check: ClientCheck) -> list[Report]:
        """The rows of the register that speak of this client and check."""
        spoken = {f"client.{check.name}", *map(short, check.scenarios)}
        about = [one for one in reports() if self.name in one.clients and spoken & {*one.shows}]
        return [one for one in about if self.day is None or one.public(self.day)]

    def command(self, check: ClientCheck, release: str) -> str:
        """What plays a check to a release again; nothing where it is not known how it is driven."""
        asked = ",".join(map(short, check.scenarios))
        return (
            command("conform", *self.again[release], "--scenarios", asked, "-o", "out") if self.again[release] else ""
        )

    def recording(self, cell: CheckCell) -> str:
        """Where in the site the recording of a cell is; nothing where there is none."""
        record = self.measured.get(cell.release)
        there = record is not None and (record.folder / f"{cell.scenario}.har").is_file()
        return f"{record.folder.name}/{cell.scenario}.har" if record is not None and there else ""


def clients(kept: Sequence[ReleaseRecord], day: datetime.date | None) -> list[Client]:
    """Return all clients that were measured, those that fail most checks first; without a day all is shown."""
    new = {one.prediction.release: one for one in kept}
    seen = {**measured(), **{name: one.seen for name, one in new.items()}}
    ends = [
        Ended(name, scenario, one.stage, ("code_delivery",) if one.misdelivered else ())
        for name, of in seen.items()
        for scenario, one in of.items()
    ]
    closed = frozenset() if day is None else hidden(ends, day)
    found = []
    for name, those in groupby(sorted(seen, key=lambda one: (_name(one), age(one))), key=_name):
        each = list(those)
        days = {one: new[one].date if one in new else MEASURED.isoformat() for one in each}
        again = {one: new[one].prediction.asked if one in new else (one,) * (_name(one) in CLIENTS) for one in each}
        releases, of = {one: seen[one] for one in each}, {one: new[one] for one in each if one in new}
        found.append(Client(name, releases, days, again, _host(name, of), of, closed, day))
    return sorted(found, key=lambda one: (-len(one.failing), one.name))


def _name(release: str) -> str:
    return release.partition("==")[0]


def _version(release: str) -> str:
    return release.partition("==")[2]


def _host(name: str, of: Mapping[str, ReleaseRecord]) -> tuple[str, ...]:
    for record in of.values():
        return record.prediction.host
    known = CLIENTS.get(SETTINGS.get(name, name))
    return host_of(Release(known, known.tested)) if known else ()


def files(kept: Sequence[ReleaseRecord], day: datetime.date | None, pages: Collection[str] = ()) -> dict[str, str]:
    """Return the site by the names of its files, recordings included; ``pages`` are those that are there beside it."""
    those = clients(kept, day)
    closed = those[0].hidden
    around: dict[str, Any] = {"checks": every_check(), "version": version("openworld"), "day": day, "pages": pages}
    around |= {"placed": placed, "feed": "feed.xml", "asked_for": [one for one in every_check() if one.name != ALLOWED]}
    every = sorted(
        (change for one in those for change in one.changes),
        key=lambda one: (one.day, one.client, age(one.release)),
        reverse=True,
    )
    made = {SCORE: scores(kept, closed), "feed.xml": _feed("clients", every, "clients/{}/")}
    made["index.html"] = template("clients.html.jinja").render(**around, clients=those, records=kept)
    for client in those:
        folder = f"clients/{client.slug}"
        made[f"{folder}/index.html"] = template("client.html.jinja").render(**around, client=client)
        made[f"{folder}/badge.svg"] = template("badge.svg.jinja").render(said=client.badge[0], holds=client.badge[1])
        made[f"{folder}/feed.xml"] = _feed(client.name, client.changes, "")
        for check in every_check():
            page = template("check.html.jinja").render(**around, client=client, check=check)
            made[f"{folder}/{check.name}.html"] = page
    for record in kept:
        shown = [f"{name}.har" for name in record.seen if (record.prediction.release, name) not in closed]
        for path in (record.folder / name for name in (*shown, LOCK)):
            if path.is_file():
                made[f"{record.folder.name}/{path.name}"] = path.read_text(encoding="utf-8")
    return made


def _feed(of: str, those: Sequence[ReleaseChange], place: str) -> str:
    """Return a feed (RFC 4287): an entry for each release that has another before it; ``place``: where its page is."""
    updated = max((one.day for one in those), default=MEASURED.isoformat())
    named = uuid.uuid5(_NAMES, f"feed of {of}").urn
    entries = [(one, place.format(slug(one.client))) for one in those]
    return template("feed.xml.jinja").render(of=of, id=named, updated=updated, entries=entries)


def publish(output: Path, made: Mapping[str, str]) -> None:
    """Write a site to a folder of its own; what was on it before and is no longer goes.

    Raises:
        InputError: the folder holds something else.
    """
    if output.exists() and any(output.iterdir()) and not (output / SCORE).is_file():
        raise InputError(f"{output}: holds something else than such a site; name an empty folder")
    shutil.rmtree(output, ignore_errors=True)
    for name, content in made.items():
        write(output / name, content)


def write_site(output: Path, folder: Path | None, everything: bool) -> int:
    """Write the site of what is stored and of what was measured in a folder, with ``everything`` what is hidden too."""
    kept = [] if folder is None else list(records(folder))
    publish(output, files(kept, None if everything else datetime.date.today()))
    print_lines(_told(output, kept, everything))
    return DONE


def _told(output: Path, kept: Sequence[ReleaseRecord], everything: bool) -> Iterator[str]:
    yield from (one.score for one in kept)
    shown = "everything, and not to be published" if everything else "what may be published today"
    yield f"page: {output / 'index.html'}: {shown}"
