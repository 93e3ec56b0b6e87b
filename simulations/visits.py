"""One visit of one agent: what it comes to under a configuration, decided by the machine alone.

The honest parties take the steps that their rules allow; a dishonest one chooses freely what makes the most
of the visit. Both are read off the machine's own states, once for each configuration, and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from model import client
from model.action import Action, Context
from model.design import Configuration, Design
from model.logic import Condition
from model.machine import Machine, State, Step, remembered
from model.memory import Memory
from model.protocols import variables
from model.rule import Rule
from model.state import View
from model.switches import CAPABILITIES
from model.world import ATTACKER, SUB_AGENT, World
from model.world_file import DEFAULT, WORLDS
from properties.security import PROPERTIES
from simulations.harms import GRAVEST, Strategy, every_harm, suffered
from simulations.scope import possible


def _of_one_agent(world: World, name: str) -> World:
    """A world in which the attacker brings its servers, but no session at the client and no account at the AS."""
    return replace(
        world,
        name=name,
        sessions=tuple(session for session in world.sessions if session.user != ATTACKER),
        approvals=tuple(approved for approved in world.approvals if approved.user != ATTACKER),
    )


#: One agent, one visit; one in which a sub-agent does the work; and one under AAuth.
ONE_VISIT = _of_one_agent(DEFAULT, "one_visit")
DELEGATED = _of_one_agent(WORLDS["delegation"], "delegated_visit")
UNDER_AAUTH = _of_one_agent(WORLDS["aauth"], "visit_under_aauth")
#: The session that is visited in, and the AS that honest resources designate.
VISITOR = ONE_VISIT.sessions[0].name
HONEST_AS = next(server.url for server in ONE_VISIT.servers if server.honest)


_INITIAL = {variable.name: variable.initial for variable in variables(ONE_VISIT)}


def among_honest(design: Design, **session: str) -> Context:
    """What rules read where nobody attacks, in a session that has got so far."""
    values = {f"{VISITOR}.{name}": value for name, value in session.items()}
    state = View(lambda name: values[name] if name in values else _INITIAL[name])
    return Context(ONE_VISIT, design, dict.fromkeys(CAPABILITIES, False), state)


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
    """An ending without the run that shows it: what is counted.

    ``attainable``: the harms that some attacker could have done there; ``harms`` are what one did, by its strategy.
    """

    kind: str
    name: str
    harms: tuple[str, ...]
    attainable: tuple[str, ...] = ()


class Place(NamedTuple):
    """Where an agent is sent, what the attacker can do there, and the world of the visit."""

    url: str
    capabilities: frozenset[str]
    meaning: str
    world: World = ONE_VISIT

    def under(self, protocol: str) -> World | None:
        """The world of a visit under a protocol; None where that has none with such a place."""
        if protocol in self.world.protocols:
            return self.world
        return UNDER_AAUTH if self.world is ONE_VISIT and self.url in UNDER_AAUTH.by_url else None


def _at(party: str, capabilities: str, meaning: str, world: World = ONE_VISIT) -> Place:
    return Place(world.by_name[party].url, frozenset(capabilities.split()), meaning, world)


PLACES: dict[str, Place] = {
    "honest_api": _at("crm", "", "an API of one or many paths"),
    "honest_tenant": _at("good", "", "a tenant of a shared origin"),
    "malicious_rs": _at("tools", "mal_rs", "a resource server of the attacker, on its own origin"),
    "malicious_tenant": _at("evil", "mal_tenant", "a tenant of a shared origin: the attacker"),
    "malicious_rs_and_as": _at(
        "tools", "mal_rs mal_as", "a resource server of the attacker, and an AS that does as it likes"
    ),
    "made_up_client": _at("crm", "mal_client", "an honest API, while an attacker asks its users as a client"),
    "leaky_codes": _at("crm", "code_leak", "an honest API, while an attacker reads what authorization servers answer"),
    "leaky_requests": _at(
        "crm", "code_leak req_leak", "an honest API, while an attacker reads what is asked and answered in the browser"
    ),
    "leaky_tokens": _at("crm", "token_leak", "an honest API, whose token leaks from the client"),
    "forged_metadata": _at("crm", "delivery_tamper mal_as", "an honest API, while an attacker serves its metadata"),
    "forged_challenge": _at("crm", "hdr_inject mal_as", "an honest API, while an attacker writes into its challenge"),
    "sub_agent": _at("crm", "", "an honest API, by a sub-agent that the client starts", DELEGATED),
    "malicious_sub_agent": _at(
        "crm", "mal_sub_agent", "an honest API, by a sub-agent that the client starts: the attacker", DELEGATED
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Ending:
    """What a visit came to.

    Attributes:
        name: ``accepted``, ``diverted`` or the name of the rule that refused.
        kind: one of :data:`KINDS`; an attempt has exactly one ending.
        harms: what was suffered, of the security properties that broke on the way; an accepted request may have its
            harm too.
        attainable: those that break in some run of a visit like this, whatever the attacker is after.
        configuration: design and attacker, environment included.
        steps: the run on the machine that shows it.
    """

    name: str
    kind: Kind
    harms: tuple[str, ...]
    attainable: tuple[str, ...]
    configuration: Configuration
    steps: tuple[Step, ...]

    @property
    def label(self) -> Label:
        """What is counted of it."""
        return Label(self.kind, self.name, self.harms, self.attainable)


End = TypeVar("End", Ending, Label)


class Plan(NamedTuple, Generic[End]):
    """A visit as an agent walks it in time.

    Attributes:
        ending: what it comes to.
        late: what it comes to when every token that the attacker steals has expired before it can use it.
        steals_cached: the stolen token is one the agent already had.
        waits: the kinds of latency on the way, when (nothing, metadata, a token, both) is at hand already.
        registers: how the client registers for a flow that gets to an AS; empty where it gets to none.
    """

    ending: End
    late: End
    steals_cached: bool
    waits: tuple[tuple[str, ...], ...]
    registers: str

    @property
    def keeps(self) -> bool:
        """Whether the agent is left with metadata and a token that it may use again."""
        return self.ending.kind == "success"


#: What a step waits for. Steps that are not listed take no time of their own. Times of the attacker do not
#: hold up the agent: they count against the life of the token.
LATENCY = {
    "S1": "challenge", "S3": "metadata", "S4": "metadata", "S7": "server_metadata", "S9": "push", "S13": "consent",
    "S15": "token", "S16": "token", "S18": "request", "S20": "request",
}  # fmt: skip
#: What an agent fetches is a step of its flow, whoever answers.
ANSWERS = frozenset({"attacker.publish_resource_metadata", "attacker.publish_server_metadata"})
#: The same of actions whose step alone does not say it: a resource token comes with the challenge.
LATENCY_OF = {
    "client.use_resource_token": "", "person_server.ask_user": "consent",
    "authorization_server.issue_token_to_sub_agent": "token", "client.call_by_sub_agent": "request",
}  # fmt: skip
DISCOVERY = frozenset({"challenge", "metadata", "server_metadata"})


class Visit(NamedTuple):
    """Design and attacker, the URL that the agent is sent to, and the world of the visit."""

    configuration: Configuration
    url: str
    world: World = ONE_VISIT


def plan_for(visit: Visit, strategy: Strategy = GRAVEST) -> Plan[Ending]:
    """The plan of a visit; asked of the machine once and then remembered."""
    return _planned(visit, strategy)[1]


def best_plan(visits: Iterable[Visit], strategy: Strategy) -> Plan[Ending]:
    """The plan of that one of some visits which serves the attacker best, the first of several."""
    return max((_planned(visit, strategy) for visit in visits), key=lambda planned: planned[0])[1]


@cache
def _planned(visit: Visit, strategy: Strategy) -> tuple[int, Plan[Ending]]:
    """The plan of a visit, and its merit."""
    configuration, url, world = visit
    machine = Machine(configuration, world)
    search = _Search(machine, url, strategy)
    state = search.best()
    ending = search.ending(state, search.attainable())
    too_late = search.best(without_theft=True) if stolen_token_used(world, machine.view(state)) else state
    late = search.ending(too_late, search.attainable(without_theft=True))
    taken = [machine.by_name[step.action] for step in ending.steps]
    context = machine.context(machine.view(state))
    then, at_once = (bool(reusable(context, discovered)) for discovered in (True, False))
    registers = str(context.design.reg) if asks_server(taken) else ""
    return search.merit(state), Plan(ending, late, steals_cached(taken), waits(taken, then, at_once), registers)


# --- the search --------------------------------------------------------------------------------------------


@cache
def questions() -> tuple[Callable[[Context], Any], ...]:
    """What is asked of every state: which harms it shows, whether the request was accepted, whether it is over, whether
    a stolen token was used."""
    return (
        *(PROPERTIES[name].event for name in every_harm()),
        lambda c: served(c.world, c.state),
        lambda c: finished(c.world, c.state),
        lambda c: stolen_token_used(c.world, c.state),
    )


class Said(tuple[Any, ...]):
    """The answers to :func:`questions`, of one configuration or of many at once."""

    __slots__ = ()

    @property
    def harms(self) -> tuple[Any, ...]:
        """Which of :func:`simulations.harms.every_harm` the state shows."""
        return self[: len(every_harm())]

    @property
    def suffered(self) -> tuple[Any, ...]:
        """Which of them anybody suffers."""
        return suffered(self.harms)

    @property
    def used(self) -> bool:
        """Whether a stolen token has been used."""
        return bool(self[-1])

    def merit(self, strategy: Strategy, depth: int, attacked: Any, rows: Any = None) -> Any:
        """How good a state is that so many steps lead to; of many configurations, for those in ``rows``.

        ``attacked``: whether there is an attacker, who chooses harms; what else breaks nobody is after.
        """
        *_, accepted, settled, _ = self
        harmed = self.suffered
        if rows is not None:
            harmed = tuple(happens if isinstance(happens, bool) else happens[rows] for happens in harmed)
        return merit(strategy.worth(harmed) * attacked, accepted, settled, depth)


class _Reached(NamedTuple):
    """A state that a visit reaches: from where and by which step, after how many of them, and what is known of it."""

    before: State | None
    step: Step | None
    depth: int
    said: Said


@cache
def _judges(world: World) -> tuple[Memory[Any], ...]:
    return tuple(remembered(ask, world) for ask in questions())


class _Search:
    """Every state that a visit to ``url`` can reach, breadth first, each with the step that first led there."""

    def __init__(self, machine: Machine, url: str, strategy: Strategy) -> None:
        self.machine, self.strategy = machine, strategy
        self.attacked = bool(machine.configuration.capabilities)
        world = machine.world
        tried = Machine(machine.configuration, world, possible(world, machine.configuration.capabilities))
        self.reached = {machine.initial: _Reached(None, None, 0, self._said(machine.initial))}
        frontier = [machine.initial]
        for state in frontier:  # grows on the way
            for step, successor in tried.moves(state):
                goes_elsewhere = state == machine.initial and dict(step.choices).get("url") != url
                if not goes_elsewhere and successor not in self.reached:
                    depth = self.reached[state].depth + goes_on(tried.by_name[step.action])
                    self.reached[successor] = _Reached(state, step, depth, self._said(successor))
                    frontier.append(successor)

    def _said(self, state: State) -> Said:
        values = self.machine.values(state)
        return Said(memory.recall(values) for memory in _judges(self.machine.world))

    def best(self, without_theft: bool = False) -> State:
        """The state that a visit comes to: the first of those with the highest merit.

        ``without_theft``: of those only in which no stolen token has been used.
        """
        among = (state for state, found in self.reached.items() if not (without_theft and found.said.used))
        return max(among, key=self.merit)

    def merit(self, state: State) -> int:
        """How good a state is as the end of the visit."""
        found = self.reached[state]
        return int(found.said.merit(self.strategy, found.depth, self.attacked))

    def attainable(self, without_theft: bool = False) -> tuple[str, ...]:
        """The harms that some visit suffers, of those that :meth:`best` chooses among."""
        among = [found.said for found in self.reached.values() if not (without_theft and found.said.used)]
        return tuple(name for place, name in enumerate(every_harm()) if any(said.harms[place] for said in among))

    def steps(self, state: State) -> tuple[Step, ...]:
        """The steps that first led to a state."""
        backwards: list[Step] = []
        found = self.reached[state]
        while found.step is not None and found.before is not None:
            backwards.append(found.step)
            found = self.reached[found.before]
        return tuple(reversed(backwards))

    def ending(self, state: State, attainable: tuple[str, ...]) -> Ending:
        """What a visit comes to that ends in a state."""
        machine, steps = self.machine, self.steps(state)
        view, configuration = machine.view(state), machine.configuration
        said = self.reached[state].said
        harms = tuple(name for name, happens in zip(every_harm(), said.suffered, strict=True) if happens)
        if served(machine.world, view):
            return Ending(ACCEPTED, "success", harms, attainable, configuration, steps)
        if (harms and self.attacked) or finished(machine.world, view):
            return Ending(DIVERTED, "diverted", harms, attainable, configuration, steps)
        refused = (rule.name for step, rule in machine.refusals(state) if stops(machine.by_name[step.action], rule))
        name, kind = next(refused, NOTHING_ENABLED), stopped(machine.world, view)
        return Ending(name, kind, harms, attainable, configuration, steps)


def of_flow(action: Action) -> bool:
    """Whether an action is a step of the agent's own flow, whoever answers it."""
    return action.schema.honest or action.schema.name in ANSWERS


def goes_on(action: Action) -> bool:
    """Whether a step takes a flow any further: that a task ends does not, whatever is left to do in it."""
    return action.schema.name != "client.end_task"


def stops(action: Action, rule: Rule) -> bool:
    """Whether a refusal of an action can be what ended a flow.

    That a client looks at what it heeds keeps it from not looking, which it does not want to begin with; as little does
    one lend a token whose sub-agents have identities of their own.
    """
    return of_flow(action) and rule.name not in ("client.echo_is_read", "client.token_is_not_lent")


def merit(worth: Any, accepted: Any, settled: Any, depth: int) -> Any:
    """How good a state is as the end of a visit; Python truth values or arrays of them, one a row.

    The attacker takes the harm that is worth most to it, by the shortest way. Where none is worth anything, the flow
    goes as far as it can.
    """
    hurt = (worth > 0) * 1
    ends = hurt | (accepted * 1) | (settled * 1)
    arrives = (accepted * 1) | (ends & (1 - hurt))
    return (2 * worth + arrives) * 2 * _FAR + depth * (1 - 2 * ends) + _FAR


#: No visit takes so many steps.
_FAR = 1 << 16


def _hostile(world: World, url: str) -> bool:
    return url in world.by_url and not world.by_url[url].honest


def served(world: World, view: View) -> bool:
    """Whether an honest server acted on what the agent asked; where the client starts sub-agents, on what they did."""
    started = [party.name for party in world.of(SUB_AGENT) if party.started_by == world.client_of(VISITOR).name]
    return all(view[f"{name}.served"] for name in started) if started else bool(view.session(VISITOR).accepted)


def finished(world: World, view: View) -> bool:
    """Whether the agent got an answer: an honest server accepted its request, or the attacker has its token."""
    session = view.session(VISITOR)
    return served(world, view) or (session.phase in ("sent", "renewed") and _hostile(world, session.url))


def stopped(world: World, view: View) -> Kind:
    """What a refusal is: of an honest flow, or of one that had been sent to an attacker."""
    return "blocked" if _hostile(world, view.session(VISITOR).url) else "refused"


def stolen_token_used(world: World, view: View) -> bool:
    """Whether an honest resource server has acted on a token for the attacker."""
    return any(view[name] for name in _uses(world))


@cache
def _uses(world: World) -> tuple[str, ...]:
    """What says of each token of a world that an honest resource server acted on it for the attacker."""
    return tuple(each.name for each in variables(world) if each.name.startswith("served."))


# --- time --------------------------------------------------------------------------------------------------


def steals_cached(taken: Sequence[Action]) -> bool:
    """Whether what an attacker steals on the way is a token that the agent already had."""
    return any(action.schema.name == "client.reuse_cached_token" for action in taken)


def waits(taken: Sequence[Action], reusable_then: bool, reusable_at_once: bool) -> tuple[tuple[str, ...], ...]:
    """What is waited for, by what is at hand; whether the token is :func:`reusable` after discovery, or before."""
    full = tuple(kind for action in taken if of_flow(action) and (kind := _latency(action)))
    with_token, at_once = full, tuple(kind for kind in full if kind not in DISCOVERY)
    known = at_once
    if reusable_then:
        with_token, at_once = tuple(kind for kind in full if kind in ("challenge", "metadata", "request")), ("request",)
    if reusable_at_once:
        with_token = at_once = ("request",)
    return full, known, with_token, at_once


def _latency(action: Action) -> str:
    return LATENCY_OF.get(action.schema.name, LATENCY.get(action.schema.step, ""))


def asks_server(taken: Sequence[Action]) -> bool:
    """Whether the client gets so far as to turn to an AS, which it has registered with by then."""
    return any(action.schema.honest and action.schema.step in ("S9", "S10") for action in taken)


def reusable(context: Context, discovered: bool) -> Condition:
    """Whether the client would use the token of this visit again on the next one, as its cache rule has it.

    Sub-agents keep nothing, and there is no such rule of AAuth.
    """
    session = context.state.session(VISITOR)
    if context.world is not ONE_VISIT or not session.accepted:
        return False
    resource = session.resource
    return client.cached_token_covers(context.design, resource, session.url, resource, discovered, True).holds
