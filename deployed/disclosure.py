"""What public text may say of a release: the register of reports, and the losses that no row of it has made public.

A loss is *open* while a current release has it and no row of ``data/disclosures.toml`` that is public says so. Until
then no text names that client together with it, in any release (docs/disclosure.md; ``benchmarks/disclosure.py``).
"""

import csv
import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Literal, NamedTuple, get_args

from deployed.behaviour import measured
from deployed.explanation import age
from deployed.missing import asked_of, overlooked
from model.documents import from_toml
from model.scenario import names, short
from properties.security import every_property

State = Literal["found", "reproduced", "sent", "answered", "fixed", "accepted", "public"]
#: States in which a text says it already, whatever the date.
PUBLIC: tuple[State, ...] = ("fixed", "accepted", "public")
#: What stands in a cell until its date.
HIDDEN = "not public"


@dataclass(frozen=True, slots=True)
class Report:
    """A row of the register.

    Attributes:
        software: as its maintainers call it.
        clients: the clients of the model that it is about, all their releases.
        shows: the rules, properties and scenarios that it speaks of.
        said: the same in words.
        section: what asks for more.
        state: how far it is.
        remark: what follows the state in the table.
        where: the address of the public text, or ``""``.
        until: the day until which it is under embargo, once the report is sent.
    """

    software: str
    clients: tuple[str, ...]
    shows: tuple[str, ...]
    said: str
    section: str
    state: State
    remark: str = ""
    where: str = ""
    until: datetime.date | None = None

    def public(self, day: datetime.date) -> bool:
        """Whether a text may say it on a day."""
        return self.state in PUBLIC or (self.until is not None and self.until <= day)


class Ended(NamedTuple):
    """Where a release ended in a play, and the properties that it lost."""

    release: str
    play: str
    stage: str
    lost: tuple[str, ...]


@cache
def reports() -> tuple[Report, ...]:
    """The register, in the order of its file (raises ValueError for a row that contradicts itself)."""
    rows = from_toml(files("deployed").joinpath("data", "disclosures.toml").read_bytes())["report"]
    found = tuple(Report(**{**row, "clients": tuple(row["clients"]), "shows": tuple(row["shows"])}) for row in rows)
    for one in found:
        check(one)
    return found


def check(row: Report) -> None:
    """Raise ValueError for a row that speaks of nothing that there is, or is public nowhere."""
    unknown = [*({*row.shows} - {*facts(), *facts().values()}), *({*row.clients} - {*implementations()})]
    if unknown or row.state not in get_args(State):
        raise ValueError(f"{row.software}: {', '.join(unknown) or row.state} is nothing that a row can speak of")
    if row.state in PUBLIC and not row.where:
        raise ValueError(f"{row.software}: where does a public text say so?")


@cache
def facts() -> Mapping[str, str]:
    """Everything that a client may lose, and the rule that would refuse it: scenarios, by their short names, and
    properties, of which no rule is known."""
    refused = {short(name): asked_of(name).refused_by for name in names()}
    return {name: rule.name if rule else "" for name, rule in refused.items()} | dict.fromkeys(every_property(), "")


@cache
def attacked() -> Mapping[str, Mapping[str, tuple[frozenset[str], frozenset[str]]]]:
    """By release and trace what was lost when the trace was played, and what the model says is lost."""
    found: dict[str, dict[str, tuple[frozenset[str], frozenset[str]]]] = {}
    text = files("deployed").joinpath("data", "client_attacks.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        traces = found.setdefault(f"{row['implementation']}=={row['version']}", {})
        traces[row["trace"]] = frozenset(row["lost"].split()), frozenset(row["expected"].split())
    return found


@cache
def losses() -> Mapping[str, frozenset[str]]:
    """By release what it was seen to lose, or to accept although it MUST be refused: properties and scenarios."""
    found: dict[str, set[str]] = {}
    for name, seen in measured().items():
        went_on = overlooked({scenario: one.stage for scenario, one in seen.items()})
        accepted = {short(scenario) for one in went_on for scenario in one.scenarios}
        found[name] = accepted | {short(scenario) for scenario, one in seen.items() if one.misdelivered}
    given = frozenset(short(name) for seen in measured().values() for name, one in seen.items() if one.misdelivered)
    for name, traces in attacked().items():
        # Of a release without rows the scenarios are not known in which it gives a code away: any may be one.
        found.setdefault(name, set(given)).update(*(lost for lost, _ in traces.values()))
    return {name: frozenset(lost) for name, lost in found.items()}


def implementations() -> Mapping[str, tuple[str, ...]]:
    """The releases of each client, the oldest first."""
    ordered = sorted(losses(), key=lambda name: (name.partition("==")[0], age(name)))
    return {client: tuple(each) for client, each in groupby(ordered, key=lambda name: name.partition("==")[0])}


def withheld(client: str, scenario: str, stage: str, lost: Collection[str], day: datetime.date) -> bool:
    """Whether what a release did in a play is a loss that no public text says of this client on a day.

    ``stage`` is where it ended, ``lost`` the properties that it lost. That a property is lost is public of a scenario
    alone: a trace may lose it in a way that nobody has written about.
    """
    shown = {fact for one in reports() if client in one.clients and one.public(day) for fact in one.shows}
    name = short(scenario)
    return _loses(scenario, stage, lost) and not shown.intersection((name, facts().get(name, "")))


def _loses(scenario: str, stage: str, lost: Collection[str]) -> bool:
    return bool(lost) or _went_on(scenario, stage)


@cache
def _went_on(scenario: str, stage: str) -> bool:
    return scenario in names() and bool(overlooked({scenario: stage}))


def hidden(seen: Iterable[Ended], day: datetime.date) -> frozenset[tuple[str, str]]:
    """Return what is not shown on a day of these and of the stored ends, each as a release and a play.

    Of a play in which anybody has something open an end is shown only where it is a public loss: else the one that is
    missing would say it.
    """
    stored = (
        Ended(release, name, one.stage, ("code_delivery",) if one.misdelivered else ())
        for release, of in measured().items()
        for name, one in of.items()
    )
    every = [*stored, *seen]
    held = {one for one in every if withheld(one.release.partition("==")[0], *one[1:], day)}
    closed = {one.play for one in held}
    public = {one for one in every if one not in held and _loses(*one[1:])}
    kept = {(one.release, one.play) for one in public} - {(one.release, one.play) for one in held}
    return frozenset((one.release, one.play) for one in every if one.play in closed) - kept
