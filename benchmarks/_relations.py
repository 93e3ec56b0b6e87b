"""Relations between answers: pairs of generated questions of which something must hold, whatever the answers are.

Nobody has to know the right answer. An attacker that can do more loses no attack, two ways to say the same are answered
alike, and a message in a run that one property is violated by may by itself violate another. A difference is a defect,
or it is listed with its reason in ``relations.toml``::

    python -m benchmarks.relations --seed 1 --seconds 600

(that module adds a reading which needs played parties).
A relation is a function that draws pairs of questions, under :func:`relation`, or one that reads the run of an attack,
under :func:`reading`.
"""

from __future__ import annotations

import argparse
import ast
import csv
import inspect
import random
import re
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from itertools import chain, permutations, product, repeat, starmap
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from model import authorization_server, client, resource_server
from model.design import Configuration, Design, check_parties, parse
from model.errors import InputError
from model.federation import Frameworks
from model.messages import (
    ClientAuthentication,
    Introspection,
    LoginForm,
    Redirection,
    ResourceRequest,
    ResourceResponse,
    Sent,
    TokenRequest,
    TokenResponse,
)
from model.rule import DECIDES
from model.switches import CAPABILITIES, SWITCHES, ConfigurationError
from model.trace import Trace
from model.wire import Scene, scenes
from model.world import (
    ATTACKER,
    AUTHORIZATION_SERVER,
    CLIENT,
    NONE,
    RESOURCE_SERVER,
    SUB_AGENT,
    Exchanged,
    World,
    client_ids,
)
from model.world_file import WORLDS, find_world
from properties.checker import Checker
from properties.designs import MECHANISMS
from properties.reads import unread
from properties.results import Result
from properties.security import PROPERTIES, find
from properties.template import Template
from properties.verdict import WorldChecker

#: Seconds for one question; one that takes longer is not compared.
PATIENCE = 20.0
#: So many questions are asked of worlds that are laid down once; then that is done anew, or they fill the memory.
FRESH = 2000
#: Where larger worlds are put, by names that commands can say again.
FOLDER = Path("build/relations")


class Posed(NamedTuple):
    """A question, as the command line asks it."""

    prop: str
    configuration: Configuration

    @property
    def command(self) -> str:
        """How to ask it again."""
        return f'openworld verdict {find(self.prop).code} "{self.configuration}"'

    @property
    def world(self) -> World:
        """Where it is asked."""
        return find(self.prop).world_of(self.configuration)

    def but(self, **changes: str) -> Posed:
        """The same question about another design."""
        return self._replace(configuration=replace(self.configuration, design=self.configuration.design.but(**changes)))

    def able(self, *capabilities: str, instead: bool = False) -> Posed:
        """The same question about an attacker that can do this as well, or ``instead``."""
        before = frozenset[str]() if instead else self.configuration.capabilities
        return self._replace(configuration=replace(self.configuration, capabilities=before | {*capabilities}))


def written(text: str) -> Posed:
    """A question as a file writes it: the code of the property, and the configuration."""
    prop, _, configuration = text.partition(" ")
    return Posed(find(prop).name, parse(configuration))


class Couple(NamedTuple):
    """Two questions, and in a word what is changed from the first to the second."""

    first: Posed
    second: Posed
    change: str


Law = Callable[[Result, Result], bool]
Draws = Callable[["Draw"], Iterator[Couple]]
Readings = Callable[[Trace, World], Iterator[tuple[str, str]]]


def no_safer(first: Result, second: Result) -> bool:
    """What is attacked stays so."""
    return first != "attack" or second in ("attack", "unknown")


def alike(first: Result, second: Result) -> bool:
    """The answers are the same, as far as both are known."""
    return first == second or "unknown" in (first, second)


def attacked_alike(first: Result, second: Result) -> bool:
    """Either both are attacked, or none is."""
    return "unknown" in (first, second) or (first == "attack") == (second == "attack")


@dataclass(frozen=True, slots=True)
class Relation:
    """Pairs of questions, and what must hold of their answers; what it says is the first line of its function."""

    name: str
    says: str
    law: Law
    pairs: Draws


#: What all readings of runs are called together.
RUNS = "runs"
RELATIONS: dict[str, Relation] = {}
READINGS: dict[str, tuple[str, Readings]] = {}


def relation(law: Law) -> Callable[[Draws], Draws]:
    """Make a function that draws pairs a relation."""

    def decorate(function: Draws) -> Draws:
        name = function.__name__
        RELATIONS[name] = Relation(name, (function.__doc__ or "").partition("\n")[0], law, function)
        return function

    return decorate


def reading(function: Readings) -> Readings:
    """Make a function that reads runs a relation: it says which other properties are violated, or what is wrong."""
    READINGS[function.__name__] = (function.__doc__ or "").partition("\n")[0], function
    return function


# --- questions ------------------------------------------------------------------------------------------------


@cache
def rows() -> tuple[Posed, ...]:
    """Questions about security that are known to be about something."""
    found = []
    text = files("properties").joinpath("data", "expected_rows.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        try:
            question = Posed(find(row["property"]).name, parse(row["config"]))
            check_parties(question.configuration.design, question.world)
        except InputError:
            continue
        if find(question.prop).kind == "security":
            found.append(question)
    return tuple(found)


class Draw:
    """Draws questions: known ones with a few switches changed, in a world that ships."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def question(self, *props: str, able: str = "") -> Posed:
        """A question about security: about one of these properties, or about any; made of one with this capability."""
        known = [row for row in rows() if row.prop in (props or PROPERTIES)]
        known = [row for row in known if not able or able in row.configuration.capabilities] or known
        while True:
            one = self.random.choice(known)
            design, own = dict(one.configuration.design), dict(one.configuration.design.parties)
            world = WORLDS[self.random.choice((one.world.name, one.world.name, *WORLDS))]
            prop = one.prop if props or self.random.random() < 0.7 else self.random.choice(list(PROPERTIES))
            if find(prop).kind != "security" or not find(prop).defined(world):
                continue
            for switch in self.random.sample(_open(world), self.random.choice((0, 0, 1, 1, 2, 3))):
                design[switch] = self.random.choice(SWITCHES[switch].values)
            can = set(one.configuration.capabilities)
            if self.random.random() < 0.4:
                can ^= {self.random.choice([*CAPABILITIES])}
            design["protocol"] = world.protocols[0] if design["protocol"] not in world.protocols else design["protocol"]
            asked = Posed(prop, Configuration(Design(design, own), frozenset(can), world.name))
            try:
                check_parties(asked.configuration.design, world)
            except ConfigurationError:
                asked = Posed(prop, Configuration(Design(design), frozenset(can), world.name))
            return asked


@cache
def _open(world: World) -> tuple[str, ...]:
    """The switches that are read in a world, but for those that forbid the attacker something."""
    nothing = unread(world)
    every = (switch for switch in SWITCHES.values() if switch.in_worlds and switch.kind != "restriction")
    return tuple(switch.name for switch in every if switch.name not in nothing and switch.name != "protocol")


# --- the same, said otherwise ---------------------------------------------------------------------------------


def owners(world: World, switch: str) -> tuple[str, ...]:
    """The parties of a world that can have a switch for themselves."""
    return tuple(party.name for party in world.parties if party.role in SWITCHES[switch].roles)


def read_of_everybody(world: World) -> list[str]:
    """The switches that something in a world reads of everybody although each party that has them has its own.

    With none, setting a switch is setting it for every party, whatever the question: this is exhaustive.
    """
    own = tuple((party, switch) for switch in SWITCHES for party in owners(world, switch))
    template = Template(world, own=own)
    decides = [*template.events.values(), *(value for firing in template.firings for value in firing.decides)]
    seen = template.circuit.under(decides)
    read = {name for (name, _), literal in template.switches.items() if literal.code in seen}
    return sorted(name for name in read & {switch for _, switch in own})


@relation(alike)
def for_everybody_or_for_each(draw: Draw) -> Iterator[Couple]:
    """A switch for everybody is the same as that switch for every party that has it."""
    one = draw.question()
    switch = draw.random.choice([name for name in _open(one.world) if owners(one.world, name)])
    value, mine = draw.random.choice(SWITCHES[switch].values), owners(one.world, switch)
    design = one.configuration.design
    others = {of: said for of, said in design.parties.items() if of[1] != switch}
    shared = Design({**design, switch: value}, others)
    each = Design(
        {**design, switch: SWITCHES[switch].baseline}, {**others, **{(party, switch): value for party in mine}}
    )
    first, second = (one._replace(configuration=replace(one.configuration, design=of)) for of in (shared, each))
    yield Couple(first, second, switch)


@relation(no_safer)
def a_page_of_the_attackers(draw: Draw) -> Iterator[Couple]:
    """A link that the user follows, and a client of the attacker's that the user has, lead to a page of the attacker's.

    A page by itself leads where nobody is asked; at an AS users approve what they set out to.
    """
    one = draw.question()
    others = one.configuration.capabilities - {"web", "lure", "mal_client"}
    way = draw.random.choice(("lure", "mal_client"))
    yield Couple(one.able(*others, "web", instead=True), one.able(*others, way, instead=True), f"web, {way}")


# --- more of something ----------------------------------------------------------------------------------------


@relation(no_safer)
def one_capability_more(draw: Draw) -> Iterator[Couple]:
    """An attacker that can do one thing more loses no attack."""
    one = draw.question()
    more = draw.random.choice([name for name in CAPABILITIES if name not in one.configuration.capabilities])
    yield Couple(one, one.able(more), f"+{more}")


#: Capabilities of which the second has all that the first has: a file or a redirect on a host, and its domain; the
#: state of a flow, and its request.
PARTS = (
    ("hosting_upload", "domain_takeover"),
    ("open_redirect_client_domain", "domain_takeover"),
    ("state_leak", "req_leak"),
)


@relation(no_safer)
def the_whole_and_a_part(draw: Draw) -> Iterator[Couple]:
    """An attacker that has the whole of something loses no attack of those who have a part of it."""
    part, whole = draw.random.choice(PARTS)
    one = draw.question(able=part)
    others = one.configuration.capabilities - {part, whole}
    yield Couple(one.able(*others, part, instead=True), one.able(*others, whole, instead=True), f"{part}, {whole}")


@relation(no_safer)
def nothing_forbidden(draw: Draw) -> Iterator[Couple]:
    """An attacker to whom a question forbids something does nothing that it could not do otherwise."""
    one = draw.question()
    switch = draw.random.choice([switch for switch in SWITCHES.values() if switch.kind == "restriction"])
    free, *restricted = switch.values
    which = draw.random.choice(restricted)
    yield Couple(one.but(**{switch.name: which}), one.but(**{switch.name: free}), f"{switch.name}={which}")


@relation(no_safer)
def one_check_less(draw: Draw) -> Iterator[Couple]:
    """A check that is left out, or done less strictly, keeps no attack away."""
    one = draw.question()
    possible = [(name, strict, lax) for name, strict, lax in weaker() if name in _open(one.world)]
    switch, strict, lax = draw.random.choice(possible)
    yield Couple(one.but(**{switch: strict}), one.but(**{switch: lax}), f"{switch}={lax}")


def _kinds(rule: Callable[..., Any]) -> dict[str, str]:
    """The type of each argument as it is written there: an alias says more than what it stands for."""
    (written,) = ast.parse(inspect.getsource(rule)).body
    assert isinstance(written, ast.FunctionDef)
    return {each.arg: ast.unparse(each.annotation) for each in written.args.args if each.annotation is not None}


@cache
def weaker() -> tuple[tuple[str, str, str], ...]:
    """Switches, each with a stricter value and a laxer one: as the lattice has it, or as rules decide.

    Rules are asked about values drawn at random: a value is laxer where each rule that reads the switch accepts what it
    accepts under the other, and some rule accepts more.
    """
    found = {(switch, with_, without) for switch, without, with_ in MECHANISMS.values()}
    draw, accepts = random.Random(0), dict[tuple[str, str], dict[str, set[int]]]()
    baseline = {switch.name: switch.baseline for switch in SWITCHES.values()}
    for name, rule in DECIDES.items():
        asked = _kinds(rule)
        source = inspect.getsource(rule)
        reads = [each for each in SWITCHES if f".{each}" in source and SWITCHES[each].in_worlds]
        if rule.__module__ not in _ROLES:
            continue
        if unknown := set(asked.values()) - {"Choices", *_DRAWN}:
            if not unknown <= _NOT_DRAWN:
                raise TypeError(f"rule {name}: nobody knows how to draw {', '.join(sorted(unknown))}")
            continue
        for number in range(400):
            values = {given: draw.choice(_DRAWN[kind]) for given, kind in asked.items() if kind != "Choices"}
            others = {switch: draw.choice(SWITCHES[switch].values) for switch in reads}
            for switch in reads:
                for value in SWITCHES[switch].values:
                    design = SimpleNamespace(**{**baseline, **others, switch: value})
                    designs = {given: design for given, kind in asked.items() if kind == "Choices"}
                    if rule(**designs, **values):
                        accepts.setdefault((name, switch), {}).setdefault(value, set()).add(number)
    for switch in {switch for _, switch in accepts}:
        by_rule = [accepted for (_, of), accepted in accepts.items() if of == switch]
        for strict, lax in permutations(SWITCHES[switch].values, 2):
            each = [(one.get(strict, set()), one.get(lax, set())) for one in by_rule]
            if all(few <= many for few, many in each) and any(few < many for few, many in each):
                found.add((switch, strict, lax))
    return tuple(sorted(found))


#: Whose rules say no to somebody.
_ROLES = tuple(module.__name__ for module in (client, authorization_server, resource_server))
_URLS = (NONE, "https://a.example", "https://a.example/one", "https://a.example/one/two", "https://b.example")
#: What rules about names and sets are about: no value of these is stricter than another.
_NOT_DRAWN = {"str", "Collection[Value]"}
_EITHER = (False, True)
_FRAMEWORKS = tuple(starmap(Frameworks, product(_EITHER, repeat=4)))
_DRAWN: Mapping[str, tuple[Any, ...]] = {
    "Condition": _EITHER,
    "bool": _EITHER,
    "Value": _URLS,
    "Standing": tuple(starmap(client.Standing, product(_EITHER, repeat=4))),
    "Echo": tuple(starmap(client.Echo, product(_EITHER, repeat=3))),
    "Frameworks": _FRAMEWORKS,
    "Issuer": tuple(starmap(resource_server.Issuer, product(_FRAMEWORKS, _EITHER, _EITHER, _EITHER))),
}


# --- larger worlds --------------------------------------------------------------------------------------------


def _table(kind: str, **said: str | tuple[str, ...] | int) -> str:
    lines = (f"{name} = {list(v) if isinstance(v, tuple) else v!r}".replace("'", '"') for name, v in said.items())
    return "\n".join(["", f"[[{kind}]]", *lines, ""])


def larger(world: World) -> dict[str, str]:
    """What can be added to the file of a world, by what it is called."""
    server, session = next(party for party in world.honest_servers), world.sessions[0]
    user = next(each.user for each in world.sessions if each.user != ATTACKER)
    own = {} if len(world.protocols) == 1 else {"protocol": world.protocols[0]}
    idle = {"designates": (server.name,), "trusts": (server.name,)}
    agent = {"role": SUB_AGENT, "url": "https://idle-agent.example", "started_by": session.client}
    helper = {"idle_agent": _table("party", name="idle_agent", **agent)} if "oauth" in world.protocols else {}
    return {
        **helper,
        "idle_resource": _table("party", name="idle", role=RESOURCE_SERVER, url="https://idle.example/api", **idle),
        "idle_server": _table("party", name="idle_as", role=AUTHORIZATION_SERVER, url="https://idle-as.example"),
        "idle_client": _table(
            "party",
            name="idle_client",
            role=CLIENT,
            url="https://idle-client.example/oauth.json",
            callback="https://idle-client.example/callback",
        ),
        "session": _table("session", name="again", client=session.client, user=user, **own),
    }


def grown(world: World, addition: str) -> str:
    """The path of the file of a world with something added.

    Raises:
        InputError: nothing of the kind can be added to it.
    """
    path = FOLDER / f"{world.name}.{addition}.toml"
    text = files("model").joinpath("worlds", f"{world.name}.toml").read_text(encoding="utf-8")
    if addition == "trust":
        evil = next((server.name for server in world.strangers), NONE)
        changed = text.replace('trusts = ["', f'trusts = ["{evil}", "') if evil != NONE else text
    elif addition == "grant":
        before, begins, first = text.partition("[[grants]]\n")
        counted, ends, rest = first.partition("\n\n")
        said = re.sub(r"count = (\d)", lambda of: f"count = {int(of[1]) + 1}", counted)
        # A world that is like another has the grants of that one.
        changed = (
            before + begins + (said if said != counted else f"{said}\ncount = 2") + ends + rest if begins else text
        )
    else:
        changed = text + larger(world).get(addition, "")
    if changed == text:
        raise InputError(f"world {world.name!r} has no place for {addition}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_text(changed.replace(f'name = "{world.name}"', f'name = "{path.stem}"', 1), encoding="utf-8")
    find_world(str(path))
    return str(path)


@relation(no_safer)
def a_larger_world(draw: Draw) -> Iterator[Couple]:
    """One idle party, session or grant more, or one that trusts more, loses no attack."""
    one = draw.question()
    addition = draw.random.choice(("trust", "grant", *larger(one.world)))
    try:
        path = grown(one.world, addition)
    except InputError:
        return
    yield Couple(one, one._replace(configuration=replace(one.configuration, world=path)), addition)


@relation(attacked_alike)
def somebody_idle(draw: Draw) -> Iterator[Couple]:
    """An honest client, AS or sub-agent more, with whom nobody has anything to do, changes nothing."""
    one = draw.question()
    addition = draw.random.choice(("idle_client", "idle_server", "idle_agent"))
    if one.prop == "delegation_confinement":  # which is about sub-agents, no matter which
        return
    try:
        path = grown(one.world, addition)
    except InputError:
        return
    yield Couple(one, one._replace(configuration=replace(one.configuration, world=path)), addition)


@relation(no_safer)
def stolen_credentials_are_used(draw: Draw) -> Iterator[Couple]:
    """An attacker that can authenticate as a client that acts for itself gets what that gets."""
    one = draw.question("client_authentication").but(grant="client_credentials")
    yield Couple(one, one._replace(prop="authorization"), "CA, AZ")


# --- what a run says ------------------------------------------------------------------------------------------


def _sent(scene: Scene) -> Iterator[Sent]:
    return (sent for sent in scene.move.sends if sent.when is True)


def _users(world: World, token: object) -> bool:
    """Whether a token is one that an honest AS issued for a user, and no sub-agent holds by right."""
    issued = world.issued.get(str(token).removesuffix("+"))
    return issued is not None and issued.user != ATTACKER and not isinstance(issued, Exchanged)


def _is_honest(world: World, at: object) -> bool:
    """Whether somebody honest has this name or URL."""
    return any(at in (party.name, party.url) and party.honest for party in world.parties)


def _honest_clients(world: World) -> set[str]:
    return {known for party in world.clients for known in client_ids(world, party)}


@reading
def what_is_served(trace: Trace, world: World) -> Iterator[tuple[str, str]]:
    """A user's token that an honest resource server takes from the attacker violates what is said of tokens."""
    for scene in scenes(trace):
        sent = list(_sent(scene))
        whose = [
            one.message.whose for one in sent if isinstance(one.message, ResourceResponse) and one.receiver == ATTACKER
        ]
        for one in sent:
            message = one.message
            asked = isinstance(message, ResourceRequest) and one.sender == ATTACKER
            if isinstance(message, ResourceRequest) and asked and whose and _users(world, message.access_token):
                for prop in ("token_confinement", *(["authorization"] if {*world.users} & {*whose} else [])):
                    yield prop, f"{message.access_token} is served to the attacker"


@reading
def who_authenticates(trace: Trace, world: World) -> Iterator[tuple[str, str]]:
    """Credentials of an honest client that an honest AS takes from the attacker violate client authentication."""
    for scene in scenes(trace):
        for one in _sent(scene):
            message = one.message
            if isinstance(message, ClientAuthentication) and one.sender == ATTACKER and _is_honest(world, one.receiver):
                shown = {message.client_secret, message.client_assertion} - {NONE}
                if message.client_id in _honest_clients(world) and shown:
                    yield "client_authentication", f"it authenticates as {message.client_id}"


@reading
def whose_assertion(trace: Trace, world: World) -> Iterator[tuple[str, str]]:
    """An assertion of a client's that an honest AS takes from the attacker has come into its hands."""
    for scene in scenes(trace):
        for one in _sent(scene):
            message = one.message
            theirs = one.sender == ATTACKER and _is_honest(world, one.receiver)
            if isinstance(message, TokenRequest) and theirs and message.assertion in world.session:
                yield "token_custody", f"it presents the assertion of {message.assertion}"


@reading
def its_last_message(trace: Trace, world: World) -> Iterator[tuple[str, str]]:
    """The last step of an attack does what the property says, in its own words."""
    *_, last = scenes(trace)
    said = WORDS.get(trace.shows)
    if said is not None and not said(last, world):
        yield "", f"its last step, {last.action.name}, is not what {trace.shows} says"


def _answers(scene: Scene, world: World) -> Iterator[ResourceResponse]:
    """The data that the attacker gets: by itself, or in a session of its own at an honest client."""
    who = scene.action.session
    own = who in world.session and world.user_of(who) == ATTACKER
    for one in _sent(scene):
        if isinstance(one.message, ResourceResponse) and (one.receiver == ATTACKER or own):
            yield one.message


def _data_of_a_user(scene: Scene, world: World) -> bool:
    served = any(
        message.whose == NONE or message.whose not in _honest_clients(world) for message in _answers(scene, world)
    )
    others = (isinstance(one.message, LoginForm | TokenResponse) for one in _sent(scene))
    return served or any(others)


def _learns(kind: str) -> Callable[[Scene, World], bool]:
    return lambda scene, world: any(of == kind for of, _ in scene.learned)


def _somebody_fetches(scene: Scene, world: World) -> bool:
    inside = any(one.receiver == "http://169.254.169.254/" for one in _sent(scene))
    return inside or any(
        isinstance(s.message, Redirection) and s.message.location == "javascript:" for s in _sent(scene)
    )


def _as_the_client(scene: Scene, world: World) -> bool:
    asked = (one.message for one in _sent(scene) if one.sender == ATTACKER and _is_honest(world, one.receiver))
    return any(getattr(message, "client_id", NONE) in _honest_clients(world) for message in asked)


def _not_made_by_the_client(scene: Scene, world: World) -> bool:
    theirs = any(
        isinstance(one.message, ResourceRequest | Introspection) and one.sender == ATTACKER for one in _sent(scene)
    )
    return theirs or any(isinstance(one.message, ResourceResponse) for one in _sent(scene))


#: By property, whether the messages of a step are what it says.
WORDS: dict[str, Callable[[Scene, World], bool]] = {
    "authorization": _data_of_a_user,
    "code_delivery": _learns("code"),
    "fetch_safety": _somebody_fetches,
    "client_authentication": _as_the_client,
    "token_confinement": _not_made_by_the_client,
}


# --- asking ---------------------------------------------------------------------------------------------------


class Answerer:
    """Asks questions, each where it costs least: worlds that ship are laid down once."""

    def __init__(self, timeout: float = PATIENCE) -> None:
        self.timeout = timeout
        self._shared, self._asked = Checker(timeout=timeout), 0

    def _at(self, question: Posed) -> Checker | WorldChecker:
        world = question.world
        check_parties(question.configuration.design, world)
        if question.configuration.design.parties or world != WORLDS.get(world.name):
            return WorldChecker(world, (find(question.prop), question.configuration), self.timeout)
        self._asked += 1
        if self._asked % FRESH == 0:
            self._shared = Checker(timeout=self.timeout)
        return self._shared

    def result(self, question: Posed) -> Result:
        """The answer."""
        return self._at(question).result(question.prop, question.configuration)

    def trace(self, question: Posed) -> Trace | None:
        """The run of an attack."""
        return self._at(question).verdict(question.prop, question.configuration).trace


@dataclass(frozen=True, slots=True)
class Unlike:
    """Two answers of which a relation does not hold, or a run that says what is not so."""

    relation: str
    change: str
    first: Posed
    second: Posed
    answers: str

    def __str__(self) -> str:
        return f"{self.relation} ({self.change}): {self.answers}: {self.first.command} ; {self.second.command}"


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a difference is none, or is known and not settled (``open``).

    It is about what a relation changes (all changes, if that is empty), and about questions whose property, world,
    capabilities and switches are as ``when`` says. ``first``, ``second`` are two questions that it excuses.
    """

    relation: str
    reason: str
    section: str
    first: str
    second: str
    change: str = ""
    when: Mapping[str, str] = field(default_factory=dict)
    open: bool = False

    def covers(self, found: Unlike) -> bool:
        """Whether it is about a difference."""
        if found.relation != self.relation or self.change not in ("", found.change):
            return False
        design, able = found.first.configuration.design, found.first.configuration.capabilities
        for name, said in self.when.items():
            values = said.split()
            if name == "property" and find(found.first.prop).code not in values:
                return False
            if name == "cap" and not able & {*values}:
                return False
            if name == "world" and found.first.world.name not in values:
                return False
            if name in SWITCHES and design[name] not in values:
                return False
        return True


@cache
def excuses() -> tuple[Excuse, ...]:
    """What is on file."""
    text = files("benchmarks").joinpath("relations.toml").read_text(encoding="utf-8")
    return tuple(Excuse(**entry) for entry in tomllib.loads(text).get("excuse", ()))


@dataclass(slots=True)
class Account:
    """What a run of all relations has found.

    Attributes:
        asked: pairs compared, by relation.
        attacked: of those how many had an attack to lose.
        new: differences that nothing on file excuses; ``known``: the others, by excuse.
    """

    asked: Counter[str] = field(default_factory=Counter)
    attacked: Counter[str] = field(default_factory=Counter)
    new: list[Unlike] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)

    def add(self, found: Unlike) -> bool:
        """Whether a difference is a new one."""
        excuse = next((excuse for excuse in excuses() if excuse.covers(found)), None)
        if excuse is None:
            self.new.append(found)
        else:
            self.known[excuse.reason] += 1
        return excuse is None


def compare(asker: Answerer, name: str, pair: Couple, run: Account) -> Unlike | None:
    """Ask a pair of questions, and say where the relation does not hold."""
    first, second = asker.result(pair.first), asker.result(pair.second)
    run.asked[name] += 1
    run.attacked[name] += first == "attack"
    if RELATIONS[name].law(first, second):
        return None
    return Unlike(name, pair.change, pair.first, pair.second, f"{first}, {second}")


def read(asker: Answerer, question: Posed, run: Account) -> Iterator[Unlike]:
    """Read the run of an attack in all ways, and say what is not as it says."""
    trace = asker.trace(question)
    for name, (_, reads) in READINGS.items() if trace else ():
        assert trace is not None
        run.attacked[name] += 1
        for prop, why in dict.fromkeys(reads(trace, question.world)):
            run.asked[name] += 1
            other = question._replace(prop=prop or question.prop)
            answer = asker.result(other) if prop else "attack"
            if not prop or answer not in ("attack", "unknown"):
                yield Unlike(name, why, question, other, f"attack, {answer}")


def run(
    seed: int,
    seconds: float = float("inf"),
    rounds: int | None = None,
    names: Collection[str] = (),
    tell: Callable[[str], None] = print,
) -> Account:
    """Ask pairs of all relations in turn (or of those with these ``names``), and read runs; tell new differences.

    It ends after so many seconds or ``rounds``.
    """
    draw, asker, made, ends = Draw(seed), Answerer(), Account(), time.monotonic() + seconds
    turns = [name for name in (*RELATIONS, RUNS) if not names or name in names]
    for name in chain.from_iterable(repeat(turns) if rounds is None else repeat(turns, rounds)):
        if time.monotonic() > ends:
            break
        if name == RUNS:
            question = draw.question()
            found = list(read(asker, question, made)) if asker.result(question) == "attack" else []
        else:
            compared = (compare(asker, name, pair, made) for pair in RELATIONS[name].pairs(draw))
            found = [each for each in compared if each is not None]
        for each in found:
            if made.add(each):
                tell(str(each))
    return made


def stale(asker: Answerer) -> list[str]:
    """Excuses whose own example is none any more."""
    gone = []
    for excuse in excuses():
        first, second = map(written, (excuse.first, excuse.second))
        if excuse.relation in RELATIONS:
            holds = RELATIONS[excuse.relation].law(asker.result(first), asker.result(second))
        else:
            holds = not any(excuse.covers(found) for found in read(asker, first, Account()))
        if holds:
            gone.append(f"{excuse.relation} ({excuse.change}): {excuse.first} ; {excuse.second}: {excuse.reason}")
    return gone


def main(arguments: list[str] | None = None) -> int:
    """Ask all relations for a while; 1 where something differs that nothing on file excuses, or an excuse is stale."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relations", description="Relations between answers.")
    parser.add_argument("--seed", type=int, default=0, help="of the questions (default 0)")
    parser.add_argument("--seconds", type=float, default=600, help="for how long to ask (default 600)")
    parser.add_argument("--only", nargs="*", default=(), choices=[*RELATIONS, RUNS], help="these relations alone")
    given = parser.parse_args(arguments)
    shared = [f"{world.name}: {', '.join(found)}" for world in WORLDS.values() if (found := read_of_everybody(world))]
    for line in shared:
        print(f"read of everybody in world {line}")
    made = run(given.seed, given.seconds, names=given.only)
    gone = stale(Answerer())
    for line in gone:
        print(f"excuses nothing any more: {line}")
    for name in (*RELATIONS, *READINGS):
        says = RELATIONS[name].says if name in RELATIONS else READINGS[name][0]
        print(f"{made.asked[name]:6} asked, {made.attacked[name]:5} with an attack: {says}")
    known = sum(made.known.values())
    print(f"{len(made.new)} new differences, {known} with a reason on file, seed {given.seed}")
    return 1 if made.new or gone or shared else 0
