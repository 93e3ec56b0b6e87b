"""What public text may say of a release: the register of reports, and the losses that no row of it has made public.

A loss is *open* while a current release has it and no row of ``data/disclosures.toml`` that is public says so. Until
then no text names that client together with it, in any release (docs/disclosure.md). ``python -m deployed.disclosure``
writes the tables that follow from the register into the pages, and prints by client what is open.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from deployed.behaviour import measured
from deployed.explanation import age
from deployed.missing import asked_of, overlooked
from model.client_names import ALIASES
from model.documents import from_toml
from model.scenario import names, short
from properties.security import every_property, find

State = Literal["found", "reproduced", "sent", "answered", "fixed", "accepted", "public"]
#: States in which a text says it already, whatever the date.
PUBLIC: tuple[State, ...] = ("fixed", "accepted", "public")
#: What stands in a cell until its date.
HIDDEN = "not public"
#: What the pages call clients beside their names.
CALLED = {
    "Python SDK": "mcp-python", "TypeScript SDK": "ts-sdk-v1", "TypeScript client": "ts-client-v2",
    "Gemini CLI": "gemini-cli-core", "Authlib's client": "authlib-client", "Authlib's `fetch_token`": "authlib-client",
    "FastMCP's client": "fastmcp-client", "Codex": "codex-cli", "Codex CLI": "codex-cli", "AI SDK": "ai-sdk-mcp",
}  # fmt: skip
#: Words by which a text says of a client that it loses something, without naming what.
LOSING = re.compile(
    r"\b(falls? for|los(?:es|e|t|ing)|gives? \w*(?: and \w+)? ?away|stolen"
    r"|(?:compares?|checks?|ignores?) (?:neither|no|nothing|`iss`)|does not compare|(?:un)?safe because)\b"
)
#: The pages with tables that follow from the register.
PAGES = {"disclosure": "docs/disclosure.md", "attacks": "openworld/data/findings/real-software.md"}


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


class Breach(NamedTuple):
    """A piece of text that names a client together with what it loses before its date."""

    client: str
    facts: tuple[str, ...]
    text: str


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
    unknown = [*({*row.shows} - {*_facts(), *_facts().values()}), *({*row.clients} - {*_implementations()})]
    if unknown or row.state not in get_args(State):
        raise ValueError(f"{row.software}: {', '.join(unknown) or row.state} is nothing that a row can speak of")
    if row.state in PUBLIC and not row.where:
        raise ValueError(f"{row.software}: where does a public text say so?")


@cache
def _facts() -> Mapping[str, str]:
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


def _implementations() -> Mapping[str, tuple[str, ...]]:
    """The releases of each client, the oldest first."""
    ordered = sorted(losses(), key=lambda name: (name.partition("==")[0], age(name)))
    return {client: tuple(each) for client, each in groupby(ordered, key=lambda name: name.partition("==")[0])}


def current(client: str) -> tuple[str, ...]:
    """The releases of a client that its maintainers are taken to support: the last known of each major version."""
    return tuple({age(name)[0]: name for name in _implementations()[client]}.values())


def opened(client: str, day: datetime.date) -> frozenset[str]:
    """What a current release of a client loses and no public text says on a day."""
    shown = {fact for one in reports() if client in one.clients and one.public(day) for fact in one.shows}
    lost = frozenset().union(*(losses()[name] for name in current(client)))
    return frozenset(fact for fact in lost if fact not in shown and _facts()[fact] not in shown)


def withheld(client: str, scenario: str, stage: str, lost: Collection[str], day: datetime.date) -> bool:
    """Whether what a release did in a play is a loss that no public text says of this client on a day.

    ``stage`` is where it ended, ``lost`` the properties that it lost. That a property is lost is public of a scenario
    alone: a trace may lose it in a way that nobody has written about.
    """
    shown = {fact for one in reports() if client in one.clients and one.public(day) for fact in one.shows}
    name = short(scenario)
    return _loses(scenario, stage, lost) and not shown.intersection((name, _facts().get(name, "")))


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


def breaches(text: str, day: datetime.date) -> Iterator[Breach]:
    """The paragraphs, list items and table rows of a text that say of a client what is not public on a day."""
    register = frozenset(register_table(day))
    for block in re.split(r"\n\s*\n|\n(?= *[*#|] ?)|\n(?=\d+\. )", text):
        if block in register:
            continue
        for client, versions in _named(block):
            hidden = opened(client, day)
            facts = _spoken(block)
            recent = {name.partition("==")[2] for name in current(client)}
            if not facts and LOSING.search(block) and (not versions or versions & recent):
                facts = hidden
            if facts & hidden:
                yield Breach(client, tuple(sorted(facts & hidden)), block)


def _named(block: str) -> Iterator[tuple[str, frozenset[str]]]:
    """The clients that a piece of text names, and the releases of each that it names; none: any."""
    for client, releases in _implementations().items():
        called = [client, *(name for name, of in {**ALIASES, **CALLED}.items() if of == client and name != "mcp")]
        if any(re.search(rf"(?<![\w/@-]){re.escape(name)}(?![\w/-])", block) for name in called):
            versions = {name.partition("==")[2] for name in releases}
            yield client, frozenset(re.findall(r"(?<![\d.])\d+\.\d+\.\d+(?![\d.]*\d)", block)) & frozenset(versions)


def _spoken(block: str) -> frozenset[str]:
    """What a piece of text says that may be lost: by scenario, by property, by rule, or by the answer of a question."""
    named = {fact for fact in set(re.findall(r"\w+", block)) - {"authorization"} if fact in _facts()}
    named |= {fact for fact, rule in _facts().items() if rule and rule in block}
    asked = re.findall(r"openworld (?:verdict|trace) (\w+) ", block) if "attack" in block else []
    return frozenset(named | {find(prop).name for prop in asked})


def state(day: datetime.date) -> str:
    """How much is open on a day, without a name."""
    held = [one for one in reports() if not one.public(day)]
    sent = f"{len(held)}, until {max(one.until for one in held if one.until)}" if held else "none"
    return (
        f"Sent and under embargo: {sent}. Of {len(_implementations())} clients, settings of one counted apart, "
        f"{len(due(day))} have something open. "
        "What stands here is public by texts of others."
    )


def register_table(day: datetime.date) -> Iterator[str]:
    """The register as docs/disclosure.md has it, without the rows that are not public on a day."""
    yield "| software | rule | section | state | where |"
    yield "|---|---|---|---|---|"
    for one in reports():
        if one.public(day):
            yield f"| {one.software} | {one.said} | {one.section} | {one.state}{one.remark} | {one.where} |"


def attack_table(day: datetime.date) -> Iterator[str]:
    """How many traces each client was played, in how many it loses anything, in how many just what the model says."""
    yield "| client | attack traces | falls for | loses what the model says | what it loses |"
    yield "|---|---:|---:|---:|---|"
    for name, traces in attacked().items():
        hidden = opened(name.partition("==")[0], day)
        falls = [lost for lost, _ in traces.values() if lost]
        every = frozenset().union(*falls)
        same = sum(lost == expected for lost, expected in traces.values())
        told = [*sorted(every - hidden), *([HIDDEN] if every & hidden else [])]
        count = "" if every & hidden else len(falls)
        yield f"| {name.replace('==', ' ')} | {len(traces)} | {count} | {same} | {', '.join(told)} |"


def due(day: datetime.date) -> dict[str, frozenset[str]]:
    """By client what is open on a day, where anything is."""
    return {client: facts for client in _implementations() if (facts := opened(client, day))}


def written(page: str, text: str, day: datetime.date) -> str:
    """A page (``disclosure`` or ``attacks``) with the table that follows from the register on a day."""
    table = list(register_table(day) if page == "disclosure" else attack_table(day))
    if page == "disclosure":
        text = re.sub(r"(?<=## Register\n\n).*?(?=\n\n)", lambda _: state(day), text, flags=re.DOTALL)
    return re.sub(rf"{re.escape(table[0])}\n(?:\|.*\n)*", lambda _: "\n".join(table) + "\n", text)


def main() -> None:
    """Write the tables into the pages below the current folder, and print what is due by client."""
    day = datetime.date.today()
    for page, place in PAGES.items():
        path = Path(place)
        path.write_text(written(page, path.read_text(encoding="utf-8"), day), encoding="utf-8")
    for client, facts in due(day).items():
        print(f"{', '.join(current(client))}: {' '.join(sorted(facts))}")


if __name__ == "__main__":
    main()
