"""One visit of one agent: what it comes to under a configuration, decided by the machine alone.

The honest parties take the steps that their rules allow; a dishonest one chooses freely what makes the most
of the visit. Both are read off the machine's own states, once for each configuration, and remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from model import client
from model.design import Configuration
from model.machine import Machine, State, Step
from model.state import View
from model.world import ATTACKER_RS, CRM, EVIL_TENANT, GOOD_TENANT, VICTIM, World, run_by_attacker
from properties.security import PROPERTIES

#: One agent, one visit: the attacker brings its servers, but no session of its own at the client.
ONE_VISIT = World("one_visit", sessions=(VICTIM,))

HARMS = tuple(name for name, prop in PROPERTIES.items() if prop.kind == "security")
#: Who is hurt when a property breaks.
HURT = {
    "authorization": "user", "code_delivery": "user", "flow_binding": "user", "resource_binding": "client",
    "token_confinement": "user", "client_authentication": "client", "issuer_acceptance": "resource server",
    "discovery_integrity": "client", "sender_constraint": "user", "deputy_integrity": "resource server",
    "fetch_safety": "client", "session_integrity": "user", "client_identity": "user", "as_acceptance": "client",
    "delegation_confinement": "user",
}  # fmt: skip
ACCEPTED, DIVERTED = "accepted", "diverted"
#: Nobody refused, but the flow has no next step: a resource that was never configured, for instance.
NOTHING_ENABLED = "nothing_enabled"


#: The switches that an arm of an experiment sets, with their values.
Settings = tuple[tuple[str, str], ...]
Kind = Literal["success", "refused", "blocked", "diverted", "gave_up"]
KINDS: dict[Kind, str] = {
    "success": "an honest resource server acted on the agent's request",
    "refused": "an honest party refused an honest flow",
    "blocked": "an honest party refused, and the agent had been sent to an attacker",
    "diverted": "the agent had been sent to an attacker and dealt with it, harmed or not",
    "gave_up": "nobody refused, but a fault outlasted the retries",
}


class Label(NamedTuple):
    """An ending without the run that shows it: what is counted."""

    kind: str
    name: str
    harms: tuple[str, ...]


class Place(NamedTuple):
    """Where an agent is sent, and what the party there can do."""

    url: str
    capabilities: frozenset[str]
    meaning: str


PLACES: dict[str, Place] = {
    "honest_api": Place(CRM, frozenset(), "an API of one or many paths"),
    "honest_tenant": Place(GOOD_TENANT, frozenset(), "a tenant of a shared origin"),
    "malicious_rs": Place(ATTACKER_RS, frozenset({"mal_rs"}), "a resource server of the attacker, on its own origin"),
    "malicious_tenant": Place(EVIL_TENANT, frozenset({"mal_tenant"}), "a tenant of a shared origin: the attacker"),
    "malicious_rs_and_as": Place(
        ATTACKER_RS, frozenset({"mal_rs", "mal_as"}), "a resource server of the attacker that can name an AS of its own"
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Ending:
    """What a visit came to.

    Attributes:
        name: ``accepted``, ``diverted`` or the name of the rule that refused.
        kind: one of :data:`KINDS`; an attempt has exactly one ending.
        harms: the security properties that broke on the way; an accepted request may have its harm too.
        configuration: design and attacker, environment included.
        steps: the run on the machine that shows it.
    """

    name: str
    kind: Kind
    harms: tuple[str, ...]
    configuration: Configuration
    steps: tuple[Step, ...]

    @property
    def label(self) -> Label:
        """What is counted of it."""
        return Label(self.kind, self.name, self.harms)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A visit as an agent walks it in time.

    Attributes:
        ending: what it comes to.
        late: what it comes to when the attacker comes to use a stolen token after that has expired.
        steals_cached: the stolen token is one the agent already had.
        keeps: the agent is left with metadata and a token that it may use again.
        waits: the kinds of latency on the way, when (nothing, metadata, a token, both) is at hand already.
    """

    ending: Ending
    late: Ending
    steals_cached: bool
    keeps: bool
    waits: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]


#: What a step waits for. Steps that are not listed take no time of their own. Times of the attacker do not
#: hold up the agent: they count against the life of the token.
LATENCY = {
    "S1": "challenge", "S4": "metadata", "S7": "server_metadata", "S9": "push", "S13": "consent",
    "S15": "token", "S16": "token", "S18": "request", "S20": "request",
}  # fmt: skip
DISCOVERY = frozenset({"challenge", "metadata", "server_metadata"})


@cache
def plan_for(configuration: Configuration, url: str) -> Plan:
    """The plan of a visit to a URL; asked of the machine once and then remembered."""
    machine = Machine(configuration, ONE_VISIT)
    runs = _runs(machine, url)
    state = _outcome(machine, runs)
    steps = _steps(runs, state)
    ending = _ending(machine, state, steps)
    presented = next((place for place, step in enumerate(steps) if uses_stolen_token(step.action)), None)
    late = ending
    if presented is not None:
        before = steps[:presented]
        late = _ending(machine, machine.replay(before)[-1], before)
    return Plan(
        ending,
        late,
        any(step.action.startswith("client.reuse_cached_token") for step in steps),
        ending.kind == "success",
        _waits(machine, state, steps),
    )


# --- the search --------------------------------------------------------------------------------------------

_Runs = dict[State, tuple[State, Step] | None]


def _runs(machine: Machine, url: str) -> _Runs:
    """Every state that a visit to ``url`` can reach, breadth first, each with the step that first led there."""
    runs: _Runs = {machine.initial: None}
    frontier = [machine.initial]
    while frontier:
        following: list[State] = []
        for state in frontier:
            for step, successor in machine.moves(state):
                goes_elsewhere = state == machine.initial and dict(step.choices).get("url") != url
                if not goes_elsewhere and successor not in runs:
                    runs[successor] = (state, step)
                    following.append(successor)
        frontier = following
    return runs


def _outcome(machine: Machine, runs: _Runs) -> State:
    """The state that a visit comes to: the first of those with the highest merit."""

    def worth(state: State) -> int:
        view, design = machine.view(state), machine.configuration.design
        accepted = bool(view.session(VICTIM).accepted)
        depth = len(_steps(runs, state))
        return int(merit(harms(machine.world, design, view), accepted, finished(view), depth))

    return max(runs, key=worth)


def merit(harmed: Sequence[Any], accepted: Any, settled: Any, depth: int) -> Any:
    """How good a state is as the end of a visit; Python truth values or arrays of them, one a row.

    The attacker takes what harm it can, the gravest first (in the order of the properties), by the shortest
    way. Where it can do none, the flow goes as far as it can.
    """
    worst: Any = 0
    for harm in harmed:
        worst = 2 * worst + harm
    hurt = (worst > 0) * 1
    ends = hurt | (accepted * 1) | (settled * 1)
    arrives = (accepted * 1) | (ends & (1 - hurt))
    return (2 * worst + arrives) * 2 * _FAR + depth * (1 - 2 * ends) + _FAR


#: No visit takes so many steps.
_FAR = 1 << 16


def _steps(runs: _Runs, state: State) -> tuple[Step, ...]:
    backwards: list[Step] = []
    before = runs[state]
    while before is not None:
        backwards.append(before[1])
        before = runs[before[0]]
    return tuple(reversed(backwards))


def harms(world: World, design: Any, view: View) -> tuple[Any, ...]:
    """Which of :data:`HARMS` a state shows, in any reading."""
    return tuple(PROPERTIES[name].event(world, design, view) for name in HARMS)


def finished(view: View) -> bool:
    """Whether the agent got an answer: an honest server accepted its request, or the attacker has its token."""
    session = view.session(VICTIM)
    return bool(session.accepted) or (session.phase == "sent" and run_by_attacker(session.url))


def _ending(machine: Machine, state: State, steps: tuple[Step, ...]) -> Ending:
    configuration, view = machine.configuration, machine.view(state)
    happened = zip(HARMS, harms(machine.world, configuration.design, view), strict=True)
    suffered = tuple(name for name, happens in happened if happens)
    if view.session(VICTIM).accepted:
        return Ending(ACCEPTED, "success", suffered, configuration, steps)
    if suffered or finished(view):
        return Ending(DIVERTED, "diverted", suffered, configuration, steps)
    refused = (rule.name for step, rule in machine.refusals(state) if machine.by_name[step.action].schema.honest)
    return Ending(next(refused, NOTHING_ENABLED), stopped(view), (), configuration, steps)


def stopped(view: View) -> Kind:
    """What a refusal is: of an honest flow, or of one that had been sent to an attacker."""
    return "blocked" if run_by_attacker(view.session(VICTIM).url) else "refused"


def uses_stolen_token(action: str) -> bool:
    return action.startswith("attacker.present_stolen_token")


# --- time --------------------------------------------------------------------------------------------------


def _waits(
    machine: Machine, state: State, steps: tuple[Step, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    full = tuple(_latencies(machine, steps))
    known = tuple(kind for kind in full if kind not in DISCOVERY)
    with_token = full
    if _token_covers(machine, state, discovered=True):
        with_token = tuple(kind for kind in full if kind in ("challenge", "metadata", "request"))
    at_once: tuple[str, ...] = ("request",)
    if _token_covers(machine, state, discovered=False):
        with_token = at_once
    elif with_token is full:
        at_once = known
    return full, known, with_token, at_once


def _latencies(machine: Machine, steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        schema = machine.by_name[step.action].schema
        if schema.honest and schema.step in LATENCY:
            yield LATENCY[schema.step]


def _token_covers(machine: Machine, state: State, discovered: bool) -> bool:
    """Whether the client would use the token of this visit again on the next one, as its cache rule has it."""
    session, design = machine.view(state).session(VICTIM), machine.configuration.design
    if not session.accepted:
        return False
    resource = session.resource
    covers = client.cached_token_covers(design, resource, session.url, resource, discovered, True)
    return bool(covers.holds)
