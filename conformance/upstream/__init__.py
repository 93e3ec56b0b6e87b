"""Our scenarios in MCP's published conformance suite: the table that its class is driven by, and its results read back.

The class is ``openworld.ts`` beside this; it knows no scenario. The table is made of the same scenarios that are played
here. A run there records every request, which is judged by who judges what is played here.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.authorization_server import IssuedGrant
from conformance.install import Installed, install
from conformance.judge import Judgement, judge, kind
from conformance.message import WireRequest
from conformance.origins import Origins
from conformance.play import Play
from conformance.processes import Run
from conformance.recording import Exchange
from conformance.resource_server import identifiers_of
from conformance.software import Release
from conformance.suite import SUITE, run
from conformance.world import PlayedWorld, body_at
from deployed.missing import asked_of, further, levels, ranked
from model.errors import InputError
from model.named_designs import DESIGN_NOTES
from model.scenario import ORIGINS, Scenario, assemble
from model.world import NONE

#: How the suite calls one of our scenarios: this, and our name.
PREFIX = "auth/openworld/"
#: The check that keeps every request.
RECORD = "openworld-exchanges"
#: The check of scenarios in which no text has the client refuse.
COMPLETES = "openworld-flow-completes"
#: The severity that the suite gives a check, by how its keyword begins (its AGENTS.md).
_SEVERITIES = {"must": "FAILURE", "required": "FAILURE", "shall": "FAILURE", "should": "WARNING"}
#: The wire of the drivers, which is older than the revision that our scenarios ask for.
_WIRE = ("--spec-version", "2025-11-25", "--force")
_RESULTS = re.compile(r"(.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


class ChecksError(InputError):
    """Results of the suite that cannot be read; the message names the folder and what is wrong with it."""


# --- the table ------------------------------------------------------------------------------------------------


def sources(plays: Iterable[Play]) -> dict[str, str]:
    """Return the files that go into the suite's repository, by name: the class, its tests, the table of these plays."""
    code = {each: files(__name__).joinpath(each).read_text("utf-8") for each in ("openworld.ts", "openworld.test.ts")}
    return {**code, "openworld.json": json.dumps(table(plays), indent=2, ensure_ascii=False) + "\n"}


def table(plays: Iterable[Play]) -> dict[str, Any]:
    """Return what the suite's class reads: the honest world, and each scenario as a merge patch to it (RFC 7396).

    Plays that cannot be told so are left out; :func:`unsaid` has why.
    """
    honest = _world(assemble("honest", {"about": ""}))
    return {"honest": honest, "scenarios": {play.name: _row(play, honest) for play in sayable(plays)}}


def sayable(plays: Iterable[Play]) -> list[Play]:
    """Return the plays that the table can hold."""
    return [play for play in plays if not _beyond(play)]


def unsaid(plays: Iterable[Play]) -> dict[str, str]:
    """Return the plays that the table cannot hold, or that have no check that could fail there, each with why."""
    found = {play.name: _beyond(play) or _toothless(play) for play in plays}
    return {name: why for name, why in found.items() if why}


def _beyond(play: Play) -> str:
    if play.twist is not None:
        return "how a message travels is not in a scenario"
    if play.acts or play.deeds or play.bounce or play.given or play.deployment or play.parties:
        return "the attacker acts in the browser, or afterwards"
    return "a merge patch says no null (RFC 7396)" if _has_null(_world(play.scenario(ORIGINS))) else ""


def _has_null(value: Any) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return value is None or any(map(_has_null, inner))


def _toothless(play: Play) -> str:
    required = _required(play.scenario(ORIGINS))
    return "no text has a keyword for the end that the model requires" if required["status"] == "INFO" else ""


def _row(play: Play, honest: dict[str, Any]) -> dict[str, Any]:
    scenario = play.scenario(ORIGINS)
    world, later = _world(scenario), scenario.later
    row = {"about": scenario.about, "calls": 1 if later is None else 2, "required": _required(scenario)}
    if later is not None:
        row["later"] = _patch(world, _world(later))
    return {**row, "world": _patch(honest, world)}


def _world(scenario: Scenario) -> dict[str, Any]:
    """A scenario as data, with names of parties in place of their origins."""
    documents = {
        url: {
            "status": found.status,
            **({"location": found.location} if found.location else {}),
            **({"body": body} if (body := body_at(url, found)) else {}),
        }
        for url, found in scenario.documents.items()
    }
    world = {
        "url": scenario.url,
        "challenge": scenario.challenge,
        "documents": documents,
        "endpoints": sorted(scenario.endpoints),
        "down": sorted(scenario.down),
        "iss": scenario.iss,
        "identifiers": sorted({scenario.url, *identifiers_of(scenario)}),
        "authorization_response": scenario.authorization_response,
        "token_response": scenario.token_response,
        "answer": scenario.answer,
    }
    ports = {name: urlsplit(origin).port or 0 for name, origin in scenario.origins.items()}
    named: dict[str, Any] = json.loads(Origins("http", {}, ports).named(json.dumps(world)))
    return named


def _patch(base: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that makes of one value the other."""
    made: dict[str, Any] = {name: None for name in base if name not in value}
    for name, own in value.items():
        before = base.get(name)
        if isinstance(own, Mapping) and isinstance(before, Mapping):
            if inner := _patch(before, own):
                made[name] = inner
        elif name not in base or own != before:
            made[name] = own
    return made


def _required(scenario: Scenario) -> dict[str, Any]:
    """The end of a client that follows MCP's text, as a check of the suite: severity and sections by its rule."""
    asked = asked_of(scenario)
    rule = asked.refused_by
    if rule is None:
        said, text = "A client that follows the texts gets to the resource", [_reference(DESIGN_NOTES["mcp"][1])]
        return {"id": COMPLETES, "description": said, "end": asked.stage, "status": "WARNING", "references": text}
    stated = ranked(levels(rule, ""))
    keyword = stated[0][0].lower() if stated else ""
    status = next((one for start, one in _SEVERITIES.items() if keyword.startswith(start)), "INFO")
    references = [_reference(section) for section in dict.fromkeys(section for _, section in stated)]
    name = "openworld-" + re.sub(r"\W|_", "-", rule.name)
    return {
        "id": name,
        "description": rule.requirement,
        "end": asked.stage,
        "status": status,
        "references": references or [{"id": rule.source}],
    }


def _reference(section: str) -> dict[str, str]:
    """A section as the suite refers to one."""
    if rfc := re.match(r"RFC (\d+)(?: ([\d.]+\d|\d))?", section):
        at = f"#section-{rfc[2]}" if rfc[2] else ""
        return {"id": section, "url": f"https://www.rfc-editor.org/rfc/rfc{rfc[1]}.html{at}"}
    if mcp := re.match(r"MCP authorization (\d{4}-\d\d-\d\d)", section):
        return {"id": section, "url": f"https://modelcontextprotocol.io/specification/{mcp[1]}/basic/authorization"}
    if draft := re.match(r"draft-[\w-]+", section):
        return {"id": section, "url": f"https://datatracker.ietf.org/doc/html/{draft[0]}"}
    return {"id": section}


# --- running it -----------------------------------------------------------------------------------------------


def suite_of(archive: Path) -> Installed:
    """Install a suite that has our scenarios, from the archive that ``npm pack`` makes of it.

    Raises:
        SoftwareError: that is no package.
    """
    software = replace(SUITE.software, registry="path", package=str(archive))
    return install(Release(software, "local"))


async def measure(
    client: Installed,
    suite: Installed,
    plays: Sequence[Play],
    limit: float,
    folder: Path,
    done: Callable[[str], None] = lambda name: None,
) -> None:
    """Run plays in the suite, one after the other; its results go into a folder."""
    for play in plays:
        await run(client, suite, PREFIX + play.name, limit, folder, *_WIRE)
        done(play.name)


# --- its results ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What the suite found in one of our scenarios.

    Attributes:
        check, status: of the end that is ``required``.
        judgement: what its recording says, by the same judge as for what is played here.
    """

    check: str
    status: str
    required: str
    judgement: Judgement


def results(folder: Path, plays: Iterable[Play]) -> list[SuiteResult]:
    """Return what the folder of the suite's ``-o`` says of plays, in their order; of two runs of one the last counts.

    Raises:
        ChecksError: none of these scenarios has checks in there, or they cannot be read.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("checks.json")):
        if named := _RESULTS.fullmatch(path.parent.name):
            found[named[1]] = path
    known = [play for play in plays if play.name in found]
    if not known:
        raise ChecksError(f"{folder}: has no checks.json of scenarios {PREFIX}NAME, as the suite's -o leaves them")
    return [_read(play, found[play.name]) for play in known]


def _read(play: Play, path: Path) -> SuiteResult:
    said = path.with_name("stdout.txt")
    try:
        checks = json.loads(path.read_text(encoding="utf-8"))
        return result(play, checks, said.read_text(encoding="utf-8") if said.exists() else "")
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise ChecksError(f"{path}: no checks of {PREFIX}{play.name} ({type(error).__name__}: {error})") from None


def result(play: Play, checks: Sequence[Mapping[str, Any]], said: str = "") -> SuiteResult:
    """Return what the checks of a play say; ``said``: what the client wrote, of which our drivers' last word counts."""
    seen = next(one["details"] for one in checks if one["id"] == RECORD)
    required = _required(play.scenario(ORIGINS))
    check = next(one for one in checks if one["id"] == required["id"])
    world = PlayedWorld(play)
    ports = {urlsplit(origin).port: world.origins.ports[name] for name, origin in seen["origins"].items()}
    place = re.compile(rf"(:|%3[Aa])({'|'.join(map(str, ports))})(?!\d)")

    def moved(text: str) -> str:
        return place.sub(lambda found: f"{found[1]}{ports[int(found[2])]}", text)

    try:
        for exchange in _browsed(map(_exchange, json.loads(moved(json.dumps(seen["exchanges"]))))):
            world.recording.add(exchange)
            _issued(world, exchange)
        return SuiteResult(required["id"], check["status"], required["end"], judge(world, _run(moved(said))))
    finally:
        world.origins.close()


def _exchange(seen: dict[str, Any]) -> Exchange:
    """A request and its answer as the suite's class keeps them."""
    asked = WireRequest.arrived(seen["party"], seen["method"], seen["url"], seen["headers"], seen["body"])
    pairs = {name: tuple(seen[name].items()) for name in ("headers", "response_headers")}
    return Exchange(**{**seen, **pairs}, by=asked.by)


def _browsed(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """Exchanges with the browser's marked: in the suite a client may open its authorization URL itself."""
    made = list(exchanges)
    alone = not any(one.by == "user_agent" for one in made)
    return (replace(one, by="user_agent") if alone and kind(one) == "authorize" else one for one in made)


def _issued(world: PlayedWorld, seen: Exchange) -> None:
    """Note a code or a token that was issued with the server that did, as one that is played does."""
    server = world.servers[seen.party]
    if seen.message == "authorization_response":
        location = next((value for name, value in seen.response_headers if name == "Location"), "")
        code = dict(parse_qsl(urlsplit(location).query)).get("code")
        if code:
            client, redirect, challenge, scope = map(
                seen.value, ("client_id", "redirect_uri", "code_challenge", "scope")
            )
            server.granted[code] = IssuedGrant(client, redirect, challenge, seen.values("resource"), scope, NONE)
    elif seen.message == "token_response" and (token := seen.answered("access_token")):
        code, renewed = seen.value("code"), seen.value("refresh_token")
        owner = next((one for one in world.servers.values() if code in one.granted), server)
        grant = owner.granted.get(code) or server.refreshable.get(renewed)
        if grant is not None:
            owner.tokens[token] = grant
            if renewal := seen.answered("refresh_token"):
                server.refreshable[renewal] = grant


def _run(said: str) -> Run:
    """How a client ended, by its last word; one that has none was ended by itself, as far as the suite waits."""
    for line in reversed(said.splitlines()):
        with suppress(ValueError):
            word = json.loads(line)
            if isinstance(word, dict):
                return Run("finished" if "done" in word else "crashed", word, "")
    return Run("finished", {}, "")


# --- beside what was played here ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlayedTwice:
    """One scenario, played here and in the suite."""

    here: Judgement
    there: SuiteResult

    @property
    def conforms(self) -> bool:
        """Whether the client did what is required, by what was played here."""
        ended, required = self.here.outcome, self.there.required
        return ended == "A" if required == "A" else not further(ended, required)

    @property
    def agrees(self) -> bool:
        """Whether the check says the same."""
        return self.conforms == (self.there.status == "SUCCESS")

    def to_json(self) -> dict[str, Any]:
        """The comparison as data."""
        said = {"check": self.there.check, "status": self.there.status, "agrees": self.agrees}
        return {"scenario": self.here.scenario, **said, "difference": self.difference}

    @property
    def difference(self) -> str:
        """What was not the same, in words; nothing where the end and every request were."""
        here, there = self.here, self.there.judgement
        for what in ("outcome", "sent", "fetched"):
            ours, theirs = getattr(here, what), getattr(there, what)
            if ours != theirs:
                shown = [one if isinstance(one, str) else "; ".join(map(str, one or ())) for one in (ours, theirs)]
                return f"{what}: here {shown[0] or 'nothing'}, there {shown[1] or 'nothing'}"
        return ""


def compare(here: Iterable[Judgement], there: Iterable[SuiteResult]) -> list[PlayedTwice]:
    """Return the scenarios that were measured here and there."""
    known = {one.judgement.scenario: one for one in there if one.judgement.measured}
    return [PlayedTwice(one, known[one.scenario]) for one in here if one.measured and one.scenario in known]


def lines(compared: Sequence[PlayedTwice]) -> Iterator[str]:
    """How many checks agree with what was played here, and what was not the same."""
    agree, ends = (
        sum(one.agrees for one in compared),
        sum(one.here.outcome == one.there.judgement.outcome for one in compared),
    )
    same, total = sum(not one.difference for one in compared), len(compared)
    yield f"our scenarios in the suite: {agree} of {total} checks agree"
    yield f"  {ends} end there as here, {same} with every request"
    for one in compared:
        if not one.agrees:
            yield f"  {one.here.scenario}: DIFFERS, {one.there.check} is {one.there.status}"
        if one.difference:
            yield f"  {one.here.scenario}: {one.difference}"
