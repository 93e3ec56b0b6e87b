"""The checks that a deployed client lacks: what each opens, which section asks for it, and the smallest fix.

A check is missing where a mechanism that a client can adopt by itself keeps something out that gets in without it: by
the model, of the design that was fitted to the client, in an environment and against an attacker at a time. Missing
checks come in the order of how much they keep out by themselves, those last for which somebody must have said
beforehand whom to trust.
"""

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO
from itertools import product
from typing import NamedTuple

from deployed.cures import CLIENTS_OWN
from model.clients import DeployedClient
from model.conversation import Conversation, converse
from model.design import Configuration, Design, parse, parse_capabilities
from model.named_designs import DEPLOYMENTS
from model.refusal import stopped
from model.rule import Rule
from model.scenario import Scenario, load
from model.switches import SWITCHES
from properties.attackers import every_attacker
from properties.checker import Checker
from properties.designs import BEFOREHAND, MECHANISMS
from properties.results import happens
from properties.security import Property, every_property

#: Where clients are asked about: among servers that do what drafts ask, and among those that there are.
ENVIRONMENTS = ("plain", "products")


class Opening(NamedTuple):
    """Something that gets in: which property breaks, against which named attacker, in which environment."""

    property: str
    attacker: str
    environment: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A check that a client lacks.

    Attributes:
        mechanism: its name in the lattice of mechanisms.
        fix: the switch and the value that it takes.
        opens: what it alone would keep out, the shortest attack first.
        rule: the rule that would refuse that attack; ``None`` where the attack has then no such step.
        levels: what the texts say of the rule (MUST, SHOULD ...), with the section.
        usable: whether honest parties still get to an unknown resource with it, in each environment.
        configuration: what the first attack is an attack on.
    """

    mechanism: str
    fix: tuple[str, str]
    opens: tuple[Opening, ...]
    rule: Rule | None
    levels: tuple[tuple[str, str], ...]
    usable: Mapping[str, bool]
    configuration: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """All that a client lacks; ``left`` is what none of its own checks keeps out by itself."""

    missing: tuple[Missing, ...]
    left: tuple[Opening, ...]


def checks(
    client: DeployedClient, checker: Checker | None = None, told: Callable[[int, int, str], None] = lambda *_: None
) -> Lacking:
    """What a client lacks: what keeps out most comes first, what leaves no open world last.

    A check counts where honest parties finish: who gets nowhere stops nothing. ``told`` is called with how much of how
    much is done, and with what was found there, if anything was.
    """
    checker = checker or Checker()
    security = [one for one in every_property(client.design.model).values() if one.kind == "security"]
    places = list(product(ENVIRONMENTS, security))
    total, open_ = len(places) + len(CLIENTS_OWN), list[Opening]()
    for number, (environment, prop) in enumerate(places, 1):
        gets_in = list(_open(checker, client.design, environment, prop))
        told(
            number,
            total,
            f"{prop.name}: {environment}, {', '.join(one.attacker for one in gets_in)}" if gets_in else "",
        )
        open_ += gets_in
    found, closed = [], set[Opening]()
    for number, mechanism in enumerate(CLIENTS_OWN, len(places) + 1):
        switch, _, value = MECHANISMS[mechanism]
        if client.design[switch] != value:
            better = client.design.but(**{switch: value})
            usable = {each: happens(checker.result("first_contact", _in(better, each)), False) for each in ENVIRONMENTS}
            opens = [one for one in open_ if usable[one.environment] and not _attacked(checker, better, one, True)]
            closed |= set(opens)
            if opens:
                found.append(_missing(checker, client, mechanism, opens, usable))
                told(number, total, f"{switch}={value}: closes {len(opens)}")
    ranked = sorted(found, key=lambda one: (one.mechanism in BEFOREHAND, -len(one.opens), one.mechanism))
    return Lacking(tuple(ranked), tuple(one for one in open_ if one not in closed))


def _open(checker: Checker, design: Design, environment: str, prop: Property) -> Iterator[Opening]:
    """What gets in: by attackers of whom no weaker one gets the same; where nobody is dishonest, nobody is at fault."""
    asked = (Opening(prop.name, attacker, environment) for attacker in every_attacker(design.model))
    found = [one for one in asked if _attacked(checker, design, one, False)]
    able = {one: _capabilities(design, one) for one in found}
    yield from (one for one in found if able[one] and not any(able[other] < able[one] for other in found))


def _attacked(checker: Checker, design: Design, opening: Opening, unknown: bool) -> bool:
    asked = _in(design, opening.environment, _capabilities(design, opening))
    return happens(checker.result(opening.property, asked), unknown)


def _capabilities(design: Design, opening: Opening) -> frozenset[str]:
    return parse_capabilities(every_attacker(design.model)[opening.attacker].capabilities, design.model)


def _in(design: Design, environment: str, capabilities: frozenset[str] = frozenset()) -> Configuration:
    return Configuration(design.but(**DEPLOYMENTS[environment]), capabilities)


def _missing(
    checker: Checker, client: DeployedClient, mechanism: str, opens: list[Opening], usable: Mapping[str, bool]
) -> Missing:
    switch, _, value = MECHANISMS[mechanism]
    verdicts = {
        one: checker.verdict(one.property, _in(client.design, one.environment, _capabilities(client.design, one)))
        for one in opens
    }
    ordered = sorted(opens, key=lambda one: verdicts[one].steps or 0)
    first = ordered[0]
    trace, better = verdicts[first].trace, client.design.but(**{switch: value})
    refusal = None if trace is None else stopped(trace, _in(better, first.environment, _capabilities(better, first)))
    rule = refusal.rule if refusal else None
    able = every_attacker(better.model)[first.attacker].capabilities
    said = {"design": client.name, **DEPLOYMENTS[first.environment], "cap": able}
    asked = ";".join(f"{key}={value}" for key, value in said.items())
    return Missing(mechanism, (switch, value), tuple(ordered), rule, levels(rule, switch), usable, asked)


def levels(rule: Rule | None, switch: str) -> tuple[tuple[str, str], ...]:
    """What the texts say of a rule; of a switch, where no rule refuses or none is listed."""
    by_rule = _catalogue().get(f"rule:{rule.name}", ()) if rule else ()
    return tuple(by_rule or _catalogue().get(f"switch:{switch}", ()))


@cache
def _catalogue() -> Mapping[str, list[tuple[str, str]]]:
    """Level and section of the requirements that each rule and switch carries."""
    found: dict[str, list[tuple[str, str]]] = {}
    text = files("model").joinpath("data", "catalogue.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(StringIO(text, newline="")):
        for carrier in row["carried_by"].split("; "):
            found.setdefault(carrier, []).append((row["level"], row["source"]))
    return found


#: The order in which a client may end, as :data:`model.conversation.STAGES` calls it.
_STAGES = "datxA"


class Overlooked(NamedTuple):
    """A refusal that a text demands (MUST) and that did not come.

    Attributes:
        rule: the rule that refuses there.
        levels: the demands, each with its section.
        scenarios: where the client went on.
        host: whether that is the choice of the host that uses the client, and not its own.
    """

    rule: Rule
    levels: tuple[str, ...]
    scenarios: tuple[str, ...]
    host: bool


def asked_of(of: str | Scenario, **but: str) -> Conversation:
    """What a client does in a scenario that follows MCP's specification and the texts that it refers to."""
    if isinstance(of, str):
        return _asked(of, tuple(but.items()))
    return converse(parse("design=mcp").design.but(**but), of)


@cache
def _asked(name: str, but: tuple[tuple[str, str], ...]) -> Conversation:
    return converse(parse("design=mcp").design.but(**dict(but)), load(name))


def required_by(asked: Conversation) -> list[str]:
    """The demands by which a scenario ends as it does for such a client, each with its section; none if it goes on."""
    return binding(levels(asked.refused_by, ""))


def overlooked(
    ended: Mapping[str, str], host: Collection[str] = (), own: Mapping[str, Scenario] | None = None
) -> list[Overlooked]:
    """What was to be refused and was not, by how scenarios ``ended``; most scenarios first, the host's choices last.

    ``host``: the switches that the host decides; ``own``: scenarios that are none of the catalogue.
    """
    found = dict[tuple[Rule, tuple[str, ...], bool], list[str]]()
    for name, stage in ended.items():
        of = (own or {}).get(name, name)
        required = asked_of(of)
        must = tuple(one for one in required_by(required) if one.startswith("MUST"))
        if required.refused_by is not None and must and further(stage, required.stage):
            others = (asked_of(of, **{switch: value}) for switch in host for value in SWITCHES[switch].values)
            hosts = any(other.stage != required.stage for other in others)
            found.setdefault((required.refused_by, must, hosts), []).append(name)
    made = [Overlooked(rule, must, tuple(names), hosts) for (rule, must, hosts), names in found.items()]
    return sorted(made, key=lambda one: (one.host, -len(one.scenarios)))


def further(stage: str, than: str) -> bool:
    """Return whether a client that ended at a stage came further than one that ended at the other."""
    return _STAGES.find(stage) > _STAGES.index(than)


def binding(levels: tuple[tuple[str, str], ...]) -> list[str]:
    """What binds most first, three of them."""
    return [f"{level} ({section})" for level, section in ranked(levels)[:3]]


def ranked(levels: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return keywords with their sections, what binds most first, and without sections that say nothing of it."""
    order = {"MUST": 0, "MUST NOT": 0, "REQUIRED": 0, "SHALL": 0, "SHOULD": 1, "SHOULD NOT": 1}
    stated = dict.fromkeys((level, section) for level, section in levels if level != "-")
    return sorted(stated, key=lambda pair: order.get(pair[0].upper(), 2))
