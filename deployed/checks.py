"""The checks that texts ask of clients, and what each measured release did: what holds, since when, what has changed.

A check is a rule with the scenarios of the catalogue in which a client of MCP's specification refuses by it. Scenarios
in which nothing is to be refused are together in one of their own, in which a client can still lose its code.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from deployed.behaviour import Observed
from deployed.explanation import age
from deployed.missing import asked_of, further, overlooked, required_by
from model.conversation import STAGES
from model.scenario import load, names

#: What a release did in a scenario, beside what is asked of it there.
Look = Literal["refused", "missed", "lost", "host", "advised", "reached", "stopped", "hidden"]
#: The same in words.
LOOKS: Mapping[Look, str] = {
    "refused": "refuses", "missed": "goes on, though it must refuse", "lost": "gives its code to another party",
    "host": "goes on: the choice of the program that uses the library", "advised": "goes on, though it should refuse",
    "reached": "goes on", "stopped": "stops", "hidden": "not public",
}  # fmt: skip
#: Looks that are against what MUST be, or lose something.
WRONG: Collection[Look] = ("lost", "missed")
#: The name of the check that asks for no refusal.
ALLOWED = "no_refusal_asked_for"


@dataclass(frozen=True, slots=True)
class ClientCheck:
    """A refusal that a text asks for.

    Attributes:
        name: part of its address, which stays: the name of the rule.
        requirement: what it asks for, in words.
        levels: the demands, each with its section.
        scenarios: where it is asked for, with what each is about.
    """

    name: str
    requirement: str
    levels: tuple[str, ...]
    scenarios: Mapping[str, str]

    @property
    def title(self) -> str:
        """Its name in words."""
        return self.name.replace("_", " ")


class CheckCell(NamedTuple):
    """What a release did in a scenario; nothing is ``seen`` where that is hidden."""

    release: str
    scenario: str
    look: Look
    seen: Observed | None

    @property
    def words(self) -> str:
        """What it did, in words."""
        if self.seen is not None and self.look in ("refused", "stopped"):
            return STAGES[self.seen.stage].removeprefix("the client ")
        return LOOKS[self.look]


class CheckStanding(NamedTuple):
    """How a check stands with a client: its cells in the last release in which any is shown.

    Attributes:
        release: that release.
        since: the first of the releases up to it in which the same scenarios go wrong, as far as both are shown.
        before: the last one in which others do; ``""``: none is known.
        cells: what is shown of it.
        every: how many scenarios were played.
    """

    release: str
    since: str
    before: str
    cells: tuple[CheckCell, ...]
    every: int

    @property
    def wrong(self) -> tuple[CheckCell, ...]:
        """The cells that are against what MUST be."""
        return tuple(one for one in self.cells if one.look in WRONG)


@cache
def every_check() -> tuple[ClientCheck, ...]:
    """Return the checks, those with most scenarios first, the one that asks for nothing last."""
    found: dict[str, list[str]] = {}
    for name in names():
        rule = asked_of(name).refused_by
        found.setdefault(rule.name if rule else "", []).append(name)
    return tuple(_check(found[name]) for name in sorted(found, key=lambda name: (not name, -len(found[name]))))


def _check(scenarios: Sequence[str]) -> ClientCheck:
    asked = asked_of(scenarios[0])
    about = {name: load(name).about for name in scenarios}
    if asked.refused_by is None:
        return ClientCheck(
            ALLOWED, "Here no text asks the client to refuse; some lose their code all the same.", (), about
        )
    rule = asked.refused_by
    asks = rule.requirement.partition("; ``")[0].replace("`", "").rstrip(".") + "."
    return ClientCheck(rule.name.partition(".")[2], asks, tuple(required_by(asked)), about)


@cache
def look(scenario: str, stage: str, misdelivered: bool, host: tuple[str, ...] = ()) -> Look:
    """Return what the end of a scenario is beside what is asked for; ``host``: the switches that the host decides."""
    asked = asked_of(scenario)
    if misdelivered:
        return "lost"
    if asked.refused_by is None:
        return "reached" if stage == "A" else "stopped"
    if found := overlooked({scenario: stage}, host):
        return "host" if found[0].host else "missed"
    return "advised" if further(stage, asked.stage) else "refused"


def cells(
    check: ClientCheck,
    releases: Mapping[str, Mapping[str, Observed]],
    host: tuple[str, ...] = (),
    hidden: Collection[tuple[str, str]] = (),
) -> dict[str, dict[str, CheckCell]]:
    """Return what the releases of a client did in the scenarios of a check, by scenario and release."""

    def cell(release: str, scenario: str, seen: Observed) -> CheckCell:
        if (release, scenario) in hidden:
            return CheckCell(release, scenario, "hidden", None)
        return CheckCell(release, scenario, look(scenario, seen.stage, seen.misdelivered, host), seen)

    return {
        name: {release: cell(release, name, seen[name]) for release, seen in releases.items() if name in seen}
        for name in check.scenarios
    }


def standing(of: Mapping[str, Mapping[str, CheckCell]]) -> CheckStanding | None:
    """Return how a check stands by its cells of releases, the oldest first; nothing where none is shown."""
    every = sorted({release for row in of.values() for release in row}, key=age)
    by_release = {release: [row[release] for row in of.values() if release in row] for release in every}
    shown = {name: tuple(one for one in found if one.look != "hidden") for name, found in by_release.items()}
    told = [name for name in every if shown[name]]
    if not told:
        return None
    last = told[-1]
    since, before, told_last = last, "", {one.scenario for one in shown[last]}
    for name in reversed(told):
        seen = {one.scenario for one in shown[name]}
        if _wrong(shown[name]) & told_last != _wrong(shown[last]) & seen:
            before = name
            break
        if not _wrong(shown[last]) <= seen:  # what went wrong there is not told
            break
        since = name
    return CheckStanding(last, since, before, shown[last], len(by_release[last]))


def _wrong(those: Sequence[CheckCell]) -> set[str]:
    return {one.scenario for one in those if one.look in WRONG}


def changes(
    of: Mapping[str, Mapping[str, CheckCell]], first: str, second: str
) -> Iterator[tuple[CheckCell, CheckCell]]:
    """Yield what is shown of two releases and looks otherwise in the second."""
    for row in of.values():
        if first in row and second in row:
            one, other = row[first], row[second]
            if "hidden" not in (one.look, other.look) and one.look != other.look:
                yield one, other
