"""Which deployed clients get along with what is served, by which rule others refuse, and what a change would open.

Every stored client is asked what it does with the same documents. A change is a field that the honest world of the
catalogue has there, and that is missing or different; which of them let clients in is tried.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Literal, NamedTuple

from deployed.behaviour import everything
from deployed.explanation import age, neighbours, stands_for
from deployed.fitting import FITTED, Noted, lost
from deployed.served import Change, Front, NotRecordedError, honest
from model import conduct, identifiers
from model.client_names import canonical
from model.clients import clients
from model.conversation import Stage, converse
from model.design import Configuration, Design
from model.documents import Json, JsonObject
from model.rule import Rule
from model.scenario import Scenario
from model.schemas import RESOURCE_METADATA, SERVER_METADATA, Schema, Type, is_a
from model.switches import BCP_ATTACKERS, DEFAULT_ATTACKER, SWITCHES
from properties.checker import Checker
from properties.engine import Answer
from properties.security import every_property

#: A field by which an AS takes clients that publish their metadata, which the honest world leaves open.
_ALSO = {"client_id_metadata_document_supported": True}
#: What an AS may say that lets clients register at run time, and the switch that says so in worlds.
_REGISTRATION = {"registration_endpoint": "dcr", "client_id_metadata_document_supported": "cimd"}


Ended = Stage | Literal[""]


@dataclass(frozen=True, slots=True)
class End:
    """How a client gets on: the stage at which it ends, by which rule, and what that was about.

    ``stage`` is ``A`` where the resource server accepts it, and empty where it asks for something that nobody has said
    anything of (``about`` is its URL). ``before`` are the rules that refused something on the way, after which it went
    on elsewhere; ``passed`` those that agreed whenever they were asked.
    """

    stage: Ended
    rule: Rule | None
    about: str
    before: tuple[Rule, ...] = ()
    passed: frozenset[Rule] = frozenset()


def ends(served: Front, names: Iterable[str] = ()) -> dict[str, End]:
    """How each stored client gets on with what is served (or those of these ``names``), by its name.

    For a release that is not stored its nearest stored one answers.
    """
    stored = {name: stands_for(name) for name in names or clients()}
    chosen = {name if "==" in name else near: clients()[near].design for name, near in stored.items()}
    _get_on(chosen, served)  # so that every document is there that a client asks for
    return _get_on(chosen, served)


def _get_on(chosen: Mapping[str, Design], served: Front) -> dict[str, End]:
    scenario = served.scenario
    return {name: _end(design, scenario) for name, design in chosen.items()}


def _end(design: Design, scenario: Scenario) -> End:
    try:
        found = converse(design, scenario)
    except NotRecordedError as error:
        return End("", None, error.url)
    about = found.decisions[-1].about if found.refused_by else ""
    refused = [one.rule for one in found.decisions if not one.holds]
    before = tuple(rule for rule in refused if rule != found.refused_by)
    return End(
        found.stage, found.refused_by, about, before, frozenset(one.rule for one in found.decisions) - {*refused}
    )


def unsure(served: Front, names: Iterable[str]) -> dict[str, str]:
    """Of these clients those that are not stored and that two stored releases do not vouch for, each with the reason.

    Vouched for is a release between two of its major version that end alike, by the same rule: what changed between
    them is something else, or was changed back.
    """
    doubts = {}
    for name in names:
        wanted = canonical(name)
        if "==" in wanted and wanted not in clients():
            beside = [one.name for one in neighbours(wanted) if age(one.name)[:1] == age(wanted)[:1]]
            if len(beside) < 2:
                doubts[name] = (
                    f"of its major version {f'only {beside[0]}' if beside else 'nothing'} is stored beside it"
                )
            elif len({(end.stage, end.rule) for end in ends(served, beside).values()}) > 1:
                doubts[name] = f"{beside[0]} and {beside[1]} end in two ways"
    return doubts


def unsettled(served: Front, found: Mapping[str, End]) -> dict[str, tuple[str, ...]]:
    """The clients whose refusal rests on what nobody measured, each with the switches that would have it otherwise.

    With one of these set so, a design explains all that was seen of the client as well, and ends otherwise here.
    """
    outside = {name: end for name, end in found.items() if end.stage not in ("A", "")}
    doubts = {name: tuple(_doubts(stands_for(name), end, served.scenario)) for name, end in outside.items()}
    return {name: switches for name, switches in doubts.items() if switches}


def _doubts(name: str, end: End, scenario: Scenario) -> Iterator[str]:
    said = set[str]()
    for switch, value, _ in _otherwise(name, end, scenario):
        if switch not in said and not _excluded(name, switch, value):
            said.add(switch)
            yield f"{switch}={value}"


def deciding(served: Front, found: Mapping[str, End]) -> dict[str, tuple[str, ...]]:
    """By the names of clients: each ``switch=value`` of one that is refused without which that rule would agree."""
    decisive = {}
    for name, end in found.items():
        near = stands_for(name)
        others = _otherwise(near, end, served.scenario) if end.stage not in ("A", "") else ()
        switches = dict.fromkeys(switch for switch, _, other in others if end.rule in other.passed)
        decisive[name] = tuple(f"{switch}={clients()[near].design[switch]}" for switch in switches)
    return decisive


def _otherwise(name: str, end: End, scenario: Scenario) -> Iterator[tuple[str, str, End]]:
    """Each other value of a switch that a client reads here with which it ends otherwise, and how."""
    noted = Noted(clients()[name].design)
    converse(noted, scenario)
    for switch in sorted(noted.read & {one for one, about in SWITCHES.items() if about.kind in FITTED}):
        for value in SWITCHES[switch].values:
            other = _end(clients()[name].design.but(**{switch: value}), scenario)
            if (other.stage, other.rule) != (end.stage, end.rule):
                yield switch, value, other


@cache
def _excluded(name: str, switch: str, value: str) -> bool:
    """Whether what was seen of a client says that a switch is not set so."""
    return bool(lost(clients()[name].design, everything()[name], switch, value))


# --- what could be served instead --------------------------------------------------------------------------------


def changes(served: Front) -> list[Change]:
    """All that the honest world has, and that is missing or different in what is served."""
    url, answers = served.url, served.recorded.answers
    model = honest(url, identifiers.origin(url))
    challenge = {name: value for name, value in model.challenge.items() if served.challenge.get(name) != value}
    found = [Change(url, name, value) for name, value in challenge.items()]
    at = next(iter(model.documents))
    named = served.challenge.get("resource_metadata", at)
    of_resource = named if named in answers and answers[named].status == 200 else at
    listed = _listed(served, of_resource) or identifiers.origin(url)
    expected = {**model.documents[at].body, "authorization_servers": [listed]}
    fields = list(_document(served, of_resource, expected, RESOURCE_METADATA))
    if of_resource != at and at not in answers:
        found.append(Change(at, "", {**answers[of_resource].body, **{each.name: each.value for each in fields}}))
    found += fields
    wanted = honest(url, listed)
    places = [place for place, _ in conduct.metadata_locations(Design(), listed)]
    there = next((place for place in places if place in answers and answers[place].status == 200), places[0])
    expected = {**wanted.documents[identifiers.well_known_authorization_server(listed)].body, **_ALSO}
    return [*found, *_document(served, there, expected, SERVER_METADATA)]


def _listed(served: Front, of_resource: str) -> str:
    answers = served.recorded.answers
    listed = answers[of_resource].body.get("authorization_servers") if of_resource in answers else None
    issuers = [*(listed if isinstance(listed, list) else ())]
    issuers += [found.body["issuer"] for found in answers.values() if isinstance(found.body.get("issuer"), str)]
    return next((one for one in issuers if isinstance(one, str) and _is_issuer(one)), "")


def _is_issuer(text: str) -> bool:
    """Whether metadata can be looked for at an issuer: it is a URL without a query (RFC 8414 2)."""
    with suppress(identifiers.MalformedURLError):
        return bool(identifiers.well_known_authorization_server(text))
    return False


def _document(served: Front, at: str, expected: JsonObject, schema: Schema) -> Iterator[Change]:
    found = served.recorded.answers.get(at)
    if found is None or found.status != 200 or not found.body:
        yield Change(at, "", expected)
        return
    for name, value in expected.items():
        if not _says(name, found.body.get(name), value, schema[name]):
            yield Change(at, name, value)


def _says(name: str, served: Json, expected: Json, type: Type) -> bool:
    """Whether a field says what is expected: identifiers and flags the same, lists at least as much."""
    if not is_a(served, type):
        return False
    if name in ("resource", "issuer") or type == "flag":
        return bool(served == expected)
    return name == "scopes_supported" or type != "texts" or {*expected} <= {*served}


def smallest(served: Front, among: Mapping[str, End]) -> tuple[list[tuple[Change, ...]], list[str]]:
    """The smallest sets of changes that let in all clients that any change lets in, and who those are.

    ``among``: how clients get on with what is served now.
    """
    alike: dict[Design, list[str]] = {}
    for name, end in among.items():
        if end.stage not in ("A", ""):
            alike.setdefault(clients()[stands_for(name)].design, []).append(name)
    outside = {names[0]: design for design, names in alike.items()}
    every = changes(served)

    def let_in(made: Iterable[Change]) -> frozenset[str]:
        ended = _get_on(outside, served.but(made))
        return frozenset(name for first, end in ended.items() if end.stage == "A" for name in alike[outside[first]])

    everybody = let_in(every)
    if not everybody:
        return [], []
    enough = list(every)
    for change in every:
        fewer = [each for each in enough if each != change]
        if let_in(fewer) == everybody:
            enough = fewer
    for size in range(1, len(enough)):
        found = [made for made in combinations(every, size) if let_in(made) == everybody]
        if found:
            return found, sorted(everybody)
    return [tuple(enough)], sorted(everybody)


# --- what that opens ---------------------------------------------------------------------------------------------


def opened_by(changed: Iterable[Change], checker: Checker) -> dict[str, Configuration]:
    """What gets in where an AS lets clients register so, of what keeps out at one that knows its clients.

    By the names of properties, with the question that shows it, against A1 of RFC 9700.
    """
    kinds = [_REGISTRATION[each.name] for each in changed if each.name in _REGISTRATION]
    known = Configuration(Design({"reg": "static"}), _able())
    asked = [Configuration(Design({"reg": kind}), _able()) for kind in kinds]
    held = [name for name in _secure() if checker.result(name, known) != "attack"] if asked else []
    return {name: one for one in asked for name in held if checker.result(name, one) == "attack"}


class KeptOut(NamedTuple):
    """What a rule keeps out by itself: the properties that fail without it, and those of which nobody knows.

    ``asked``: whether some world asks the rule at all.
    """

    fails: tuple[str, ...]
    unknown: tuple[str, ...]
    asked: bool


def opened_without(rule: Rule, checker: Checker) -> KeptOut:
    """What a rule keeps out by itself: of clients that do all else that is asked of them, against A1 of RFC 9700."""
    asked = Configuration(Design(), _able())
    worlds = {prop: checker.about(prop, asked) for prop in _secure()}
    reading = {prop: world for prop, world in worlds.items() if rule.name in world.rules}
    without = {prop: world.happens(prop, asked, world.rules - {rule.name}).answer for prop, world in reading.items()}
    held = {prop: checker.result(prop, asked) for prop, answer in without.items() if answer is Answer.SAT}
    open_ = (prop for prop, answer in without.items() if answer is Answer.UNKNOWN or held.get(prop) == "unknown")
    return KeptOut(tuple(prop for prop, result in held.items() if result == "safe"), tuple(open_), bool(reading))


def _able() -> frozenset[str]:
    return BCP_ATTACKERS[DEFAULT_ATTACKER].capabilities


def _secure() -> list[str]:
    return [name for name, prop in every_property().items() if prop.kind == "security"]


# --- as data -------------------------------------------------------------------------------------------------------


def as_data(
    served: Front,
    found: Mapping[str, End],
    changed: Iterable[tuple[Change, ...]],
    let_in: list[str],
    doubts: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    """Return how clients get on with what is served, and what lets them in, as data; ``doubts``: what is unsettled."""
    doubtful, decisive = unsure(served, found), deciding(served, found)
    return {
        "url": served.url,
        "clients": {
            name: {
                "stage": end.stage or "unknown",
                "rule": end.rule and end.rule.name,
                "source": end.rule and end.rule.source,
                "about": end.about,
                "decided_by": decisive[name],
                "before": [rule.name for rule in end.before],
                "not_measured": doubts.get(name, ()),
                "not_sure": doubtful.get(name, ""),
            }
            for name, end in found.items()
        },
        "assumed_absent": list(served.recorded.assumed),
        "smallest_changes": [[change._asdict() for change in each] for each in changed],
        "let_in": let_in,
    }
