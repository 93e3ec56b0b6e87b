"""Attack traces of the solver as plays: what the attacker says in a trace, a real client hears over HTTP.

Whatever a trace violates on its way counts, and what the attacker can do by itself with what it has at the end
(redeem a code, present a token to an honest neighbour), so that a play is about a set of properties.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import combinations
from typing import Any, NamedTuple, Protocol

from conformance.play import Deed, Play, Sign, Violation
from conformance.telling import PARTIES, Telling, UntellableError, messages, sign_of, tell
from model.design import Configuration, Design
from model.machine import Machine, State, Step
from model.messages import ResourceRequest, TokenRequest
from model.trace import Trace
from model.wire import Scene
from model.world import ATTACKER
from properties.security import find
from properties.shortest import ReplayError, confirm

#: What is asked about: properties that a client can lose by what it hears.
ASKED = (
    "code_delivery", "authorization", "token_confinement", "flow_binding", "token_custody", "discovery_integrity",
    "resource_binding", "as_acceptance", "session_integrity",
)  # fmt: skip
#: What the honest parties of a deployment are played with; messages tell the rest.
PLAYED = ("audience_check", "pkce_as")

#: How many deeds of its own the attacker is followed through once a trace is over.
DEEDS = 2


class Hunt(NamedTuple):
    """Properties, attackers, the honest parties that they meet, and clients that are weaker than the real one."""

    properties: Collection[str]
    attackers: tuple[tuple[str, ...], ...]
    deployments: tuple[dict[str, str], ...]
    weaker: tuple[dict[str, str], ...]


_LIARS = ("mal_rs", "mal_tenant", "hdr_inject", "delivery_tamper")
_ALONE = tuple((one,) for one in _LIARS)
_PAIRS = tuple(combinations(("mal_as", *_LIARS), 2))
_NONE: dict[str, str] = {}
#: What may be wrong with how a client matches what a resource says of itself.
_MATCHING = (_NONE, {"prm": "unchecked"}, {"prm": "prefix"}, {"prm": "prefix_str"}, {"rs_as_bind": "off"})
#: What is tried: an AS that lies, with what honest ones may do; others who lie, the last with tokens that neighbours
#: take; two of them at once; and those who have something of a user's session, or a session of their own.
HUNTS = (
    Hunt(
        ASKED, (("mal_as",),), (_NONE, {"h_iss": "no"}, {"splice": "yes"}, {"h_iss": "no", "splice": "yes"}),
        (
            _NONE, {"iss_check": "off"}, {"md_issuer_check": "off"}, {"iss_check": "off", "md_issuer_check": "off"},
            {"prm": "unchecked"}, {"rs_as_bind": "off"},
        ),
    ),
    Hunt(ASKED, _ALONE, (_NONE,), _MATCHING),
    Hunt(
        ("authorization", "token_confinement"), (("mal_as",), *_ALONE),
        ({"audience_check": "prefix"}, {"audience_check": "off"}), _MATCHING,
    ),
    Hunt(ASKED, (("mal_as",), *_ALONE, *_PAIRS), (_NONE,), (_NONE, {"rt_pin": "off"})),
    Hunt(
        ("code_delivery", "authorization", "token_confinement", "flow_binding", "token_custody", "session_integrity"),
        (("code_leak",), ("req_leak",), ("lure",), ("web",), ("code_leak", "lure"), ("code_leak", "web")),
        (_NONE, {"pkce_as": "lax"}),
        (_NONE, {"state": "off"}, {"pkce": "off"}, {"pkce": "off", "client_auth": "pkjwt"}),
    ),
)  # fmt: skip
#: Every deployment that is tried.
DEPLOYMENTS = tuple({str(one): one for hunt in HUNTS for one in hunt.deployments}.values())


class Asking(Protocol):
    """Somebody to ask about a property: whether it can be lost, and by which run; nothing where there is none."""

    def __call__(self, name: str, configuration: Configuration) -> Trace | None:
        """The shortest run that shows what a property is about: an attack, or first contact."""

    def can(self, name: str, configuration: Configuration) -> bool:
        """Whether there is one."""


def questions(
    design: Design, properties: Collection[str] = ASKED
) -> Iterator[tuple[str, Hunt, dict[str, str], Design]]:
    """Every property with what is tried against it: the deployment, and a client in it that may be weaker."""
    for name in properties:
        for hunt in (hunt for hunt in HUNTS if name in hunt.properties):
            for deployment in hunt.deployments:
                tried = [design.but(**deployment).but(**weaker) for weaker in hunt.weaker]
                for number, one in enumerate(tried):
                    if one not in tried[:number]:
                        yield name, hunt, deployment, one


class Found(NamedTuple):
    """An attack trace, and what is peculiar to the honest parties that it was found among."""

    trace: Trace
    deployment: Mapping[str, str]

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it another: clients that are weak in different ways may fall for one and the same."""
        trace = self.trace
        return trace.shows, trace.configuration.capabilities, trace.steps, tuple(self.deployment.items())

    def to_json(self) -> dict[str, Any]:
        """The trace as data."""
        return {"trace": self.trace.to_json(), "deployment": dict(self.deployment)}


def search(
    design: Design, ask: Asking, done: Callable[[], None] = lambda: None, properties: Collection[str] = ASKED
) -> list[Found]:
    """Every attack trace that the solver finds for a client of this design, or for one that is weaker."""
    found: dict[tuple[object, ...], Found] = {}
    for name, hunt, deployment, client in questions(design, properties):
        for trace in _traces(name, hunt, client, ask):
            one = Found(trace, deployment)
            found.setdefault(one.key, one)
        done()
    return list(found.values())


def told(every: Iterable[Found], design: Design) -> tuple[list[Play], dict[str, str]]:
    """Traces as plays for a client of this design, and for those that cannot be told to one the reason."""
    plays: dict[str, Play] = {}
    untold: dict[str, str] = {}
    for trace, deployment in every:
        try:
            play = as_play(trace, design.but(**deployment))
            plays[play.name] = _merged(plays.get(play.name, play), play)
        except UntellableError as error:
            untold.setdefault(f"{trace.shows} under {trace.configuration}", str(error))
    return list(plays.values()), untold


def _traces(name: str, hunt: Hunt, design: Design, ask: Asking) -> Iterator[Trace]:
    """The traces of the attackers of a hunt, each of whom has more than those who have one already."""
    everybody = frozenset(each for one in hunt.attackers for each in one)
    if len(hunt.attackers) > 1 and not ask.can(name, Configuration(design, everybody)):
        return
    known: list[frozenset[str]] = []
    for capabilities in map(frozenset, sorted(hunt.attackers, key=len)):
        if any(fewer < capabilities for fewer in known):
            continue
        trace = ask(name, Configuration(design, capabilities))
        if trace is not None:
            known.append(capabilities)
            # One that does without what is peculiar to the deployment is found without.
            if not any(_runs(name, trace, own) for own in _plainer(trace.configuration)):
                yield trace


def _plainer(configuration: Configuration) -> Iterator[Configuration]:
    plain = Design()
    for name in PLAYED:
        if configuration.design[name] != plain[name]:
            yield replace(configuration, design=configuration.design.but(**{name: plain[name]}))


def as_play(trace: Trace, design: Design | None = None) -> Play:
    """The play of an attack trace, for a client of this design in the deployment of the trace; without one, of its own.

    Raises:
        UntellableError: it cannot be played to a client.
    """
    telling, _ = _told(trace)
    own = trace.configuration if design is None else replace(trace.configuration, design=design)
    attacks, deeds = [], list[Deed]()
    for name, run in consequences(trace).items():
        told, signs = _told(run)
        if signs:
            attacks.append(Violation(name, signs, _runs(name, run, own)))
            deeds += told.deeds
    if trace.shows not in [attack.violates for attack in attacks]:
        raise UntellableError("the client itself gives nothing away")
    acts, switches = telling.acts(), {name: trace.configuration.design[name] for name in PLAYED}
    deployment = {name: value for name, value in switches.items() if value != Design()[name]}
    seen = [telling.stated, telling.bounce, [asdict(act) for act in acts], deployment, *filter(None, [telling.given])]
    looks = json.dumps(seen, sort_keys=True)
    capabilities = "+".join(sorted(trace.configuration.capabilities))
    return Play(
        f"attack_{capabilities}_{hashlib.sha256(looks.encode()).hexdigest()[:8]}",
        "attack",
        f"{trace.shows} under {trace.configuration}",
        telling.stated,
        attacks=tuple(attacks),
        bounce=telling.bounce,
        acts=acts,
        deeds=tuple(dict.fromkeys(deeds)),
        given=telling.given,
        deployment=deployment,
        parties=PARTIES,
        trace=trace,
    )


def _told(run: Trace) -> tuple[Telling, tuple[Sign, ...]]:
    """A run told, and what is seen where it happens."""
    telling, signs = Telling(run.world), list[Sign]()
    for told in messages(run):
        tell(telling, told)
        sign = sign_of(telling, told, run.shows)
        signs += [] if sign is None else [sign]
    return telling, tuple(dict.fromkeys(signs))


def consequences(trace: Trace) -> dict[str, Trace]:
    """By property, a run that loses it: how the trace begins, or the trace and what the attacker goes on to do."""
    machine, found = Machine(trace.configuration, trace.world), dict[str, Trace]()
    alone = Machine(trace.configuration, trace.world, [one.name for one in machine.actions if not one.schema.honest])
    states = machine.replay(trace.steps)
    reached = [(trace.steps[:number], state) for number, state in enumerate(states)]
    ends, seen = [(trace.steps, states[-1])], {states[-1]}
    for deed in range(DEEDS + 1):
        for steps, state in reached:
            context = machine.context(machine.view(state))
            for name in ASKED:
                if name not in found and find(name).event(context):
                    found[name] = replace(trace, steps=steps, shows=name)
        reached = []
        for steps, state in ends if deed < DEEDS else ():
            for step, after in alone.moves(state):
                if after not in seen and _is_deed(machine, state, step, after):
                    seen.add(after)
                    reached.append(((*steps, step), after))
        ends = reached
    return found


def _is_deed(machine: Machine, state: State, step: Step, after: State) -> bool:
    """Whether a step is a request of the attacker's own at an honest party, with what it has."""
    sent = [one for one in Scene(machine, step, machine.view(state), machine.view(after)).move.sends if one.when]
    return bool(sent) and isinstance(sent[0].message, TokenRequest | ResourceRequest) and sent[0].sender == ATTACKER


def _runs(name: str, trace: Trace, own: Configuration) -> bool:
    """Whether a run is one under a configuration: the machine follows it to the event of the property."""
    try:
        confirm(replace(trace, configuration=own), find(name))
    except (ReplayError, ValueError):
        return False
    return True


def _merged(play: Play, other: Play) -> Play:
    """Two plays that look the same to a client as one: a property is expected to be lost if it is so in any trace."""
    known = {one.violates: one for one in play.attacks}
    for one in other.attacks:
        earlier = known.get(one.violates, one)
        known[one.violates] = one if one.expected and not earlier.expected else earlier
    return replace(play, attacks=tuple(known.values()), deeds=tuple(dict.fromkeys((*play.deeds, *other.deeds))))


def asked(design: Design, properties: Collection[str] = ASKED) -> int:
    """How many questions there are."""
    return sum(1 for _ in questions(design, properties))
