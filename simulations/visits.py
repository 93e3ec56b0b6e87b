"""One visit of one agent: where it leads, what it can come to, and what is asked of the states on the way.

The honest parties take the steps that their rules allow; a dishonest one chooses freely what makes the most
of the visit. :mod:`simulations.crowd` follows many visits at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from model import client
from model.action import Action, Context
from model.design import Design
from model.logic import Condition, decided
from model.model import Model
from model.protocols import variables
from model.rule import Rule
from model.state import View
from model.world import ATTACKER, SUB_AGENT, World
from model.world_file import DEFAULT, WORLDS
from properties.security import every_property
from simulations.harms import Strategy, every_harm, suffered


def _of_one_agent(world: World, name: str) -> World:
    """A world in which the attacker brings its servers, but no session at the client and no account at the AS."""
    return replace(
        world,
        name=name,
        sessions=tuple(session for session in world.sessions if session.user != ATTACKER),
        approvals=tuple(replace(each, revocable=False) for each in world.approvals if each.user != ATTACKER),
    )


@cache
def within(world: World, model: Model) -> World:
    """The world of a visit in a model."""
    return world.within(model)


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
    able = dict.fromkeys(design.model.capabilities, False)
    return Context(within(ONE_VISIT, design.model), design, able, state)


ACCEPTED, DIVERTED = "accepted", "diverted"
#: Nobody refused, but the flow has no next step: a resource that was never configured, for instance.
NOTHING_ENABLED = "nothing_enabled"


#: The switches that an arm of an experiment sets, with their values.
Settings = tuple[tuple[str, str], ...]
KINDS: dict[str, str] = {
    "success": "an honest resource server acted on the agent's request",
    "refused": "an honest party refused an honest flow",
    "blocked": "an honest party refused, and the agent had been sent to an attacker",
    "diverted": "the agent had been sent to an attacker and dealt with it, harmed or not",
    "gave_up": "nobody refused, but a fault outlasted the retries",
}


class Label(NamedTuple):
    """How a visit ends: what is counted.

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


class Plan(NamedTuple):
    """A visit as an agent walks it in time.

    Attributes:
        ending: what it comes to.
        late: what it comes to when every token that the attacker steals has expired before it can use it.
        steals_cached: the stolen token is one the agent already had.
        waits: the kinds of latency on the way, when (nothing, metadata, a token, both) is at hand already.
        registers: how the client registers for a flow that gets to an AS; empty where it gets to none.
    """

    ending: Label
    late: Label
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
#: What an agent fetches is a step of its flow, no matter who answers.
ANSWERS = frozenset({"attacker.publish_resource_metadata", "attacker.publish_server_metadata"})
#: The same of actions whose step alone does not say it: a resource token comes with the challenge.
LATENCY_OF = {
    "client.use_resource_token": "",
    "person_server.ask_user": "consent",
    "authorization_server.issue_token_to_sub_agent": "token",
    "client.call_by_sub_agent": "request",
}
DISCOVERY = frozenset({"challenge", "metadata", "server_metadata"})


# --- the search --------------------------------------------------------------------------------------------


@cache
def questions(model: Model) -> tuple[Callable[[Context], Any], ...]:
    """What is asked of every state: which harms it shows, whether the request was accepted, whether it is over, whether
    a stolen token was used."""
    return (
        *(every_property(model)[name].event for name in every_harm(model)),
        lambda c: served(c.world, c.state),
        lambda c: finished(c.world, c.state),
        lambda c: stolen_token_used(c.world, c.state),
    )


#: No visit takes so many steps.
_FAR = 1 << 16


class Said(tuple[Any, ...]):
    """The answers to :func:`questions`, of one visit or of many at once."""

    __slots__ = ()

    @property
    def harms(self) -> tuple[Any, ...]:
        """Which of :func:`simulations.harms.every_harm` the state shows."""
        return self[:-3]

    def suffered(self, model: Model) -> tuple[Any, ...]:
        """Which of them anybody suffers."""
        return suffered(self.harms, model)

    @property
    def used(self) -> bool:
        """Whether a stolen token has been used."""
        return bool(self[-1])

    def merit(self, strategy: Strategy, model: Model, depth: int, attacked: Any, rows: Any = None) -> Any:
        """How good a state is that so many steps lead to; of many visits at once, for those in ``rows``.

        The attacker takes the harm that is worth most to it, by the shortest way. Where none is worth anything, the
        flow goes as far as it can. ``attacked``: whether there is an attacker; what else breaks nobody is after.
        """
        *_, accepted, settled, _ = self
        harmed = self.suffered(model)
        if rows is not None:
            harmed = tuple(happens if isinstance(happens, bool) else happens[rows] for happens in harmed)
        worth = strategy.worth(harmed, model) * attacked
        hurt = (worth > 0) * 1
        ends = hurt | (accepted * 1) | (settled * 1)
        arrives = (accepted * 1) | (ends & (1 - hurt))
        return (2 * worth + arrives) * 2 * _FAR + depth * (1 - 2 * ends) + _FAR


def of_flow(action: Action) -> bool:
    """Whether an action is a step of the agent's own flow, no matter who answers it."""
    return action.schema.honest or action.schema.name in ANSWERS


def goes_on(action: Action) -> bool:
    """Whether a step takes a flow any further: that a task ends does not, whatever is left to do in it."""
    return action.schema.name != "client.end_task"


def stops(action: Action, rule: Rule) -> bool:
    """Whether a refusal of an action can be what ended a flow.

    That a client looks at what it heeds keeps it from not looking, which it does not want to begin with; as little does
    one lend a token whose sub-agents have identities of their own. An attacker that wants a flow publishes a document.
    """
    without_a_document = action.schema.name.startswith("client.do_without_")
    return of_flow(action) and not without_a_document and rule.name not in _NO_END


_NO_END = ("client.echo_is_read", "client.token_is_not_lent")


def _hostile(world: World, url: str) -> bool:
    return url in world.by_url and not world.by_url[url].honest


def served(world: World, view: View) -> bool:
    """Whether an honest server acted on what the agent asked; where the client starts sub-agents, on what they did."""
    started = [party.name for party in world.of(SUB_AGENT) if party.started_by == world.client_of(VISITOR).name]
    return all(view[f"{name}.served"] for name in started) if started else bool(view.session(VISITOR).accepted)


def finished(world: World, view: View) -> bool:
    """Whether the agent got an answer: an honest server accepted its request, or the attacker has its token."""
    session = view.session(VISITOR)
    return served(world, view) or (session.phase in ("sent", "renewed") and _hostile(world, decided(session.url)))


def stopped(world: World, view: View) -> str:
    """What a refusal is: of an honest flow, or of one that had been sent to an attacker."""
    return "blocked" if _hostile(world, decided(view.session(VISITOR).url)) else "refused"


def stolen_token_used(world: World, view: View) -> bool:
    """Whether an honest resource server has acted on a token for the attacker."""
    return any(view[name] for name in _uses(world))


@cache
def _uses(world: World) -> tuple[str, ...]:
    """What says of each token of a world's AS that an honest resource server acted on it for the attacker."""
    served = (each.name for each in variables(world) if each.name.startswith("served."))
    return tuple(name for name in served if not name.startswith("served.forged."))


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
    asks = ("S9", "S15", "S16")
    return any(action.schema.name.startswith("client.") and action.schema.step in asks for action in taken)


def reusable(context: Context, discovered: bool) -> Condition:
    """Whether the client would use the token of this visit again on the next one, as its cache rule has it.

    Sub-agents keep nothing, and there is no such rule of AAuth.
    """
    session = context.state.session(VISITOR)
    if context.world.name != ONE_VISIT.name or not session.accepted:
        return False
    resource = session.resource
    return client.cached_token_covers(context.client(VISITOR), resource, session.url, resource, discovered, True).holds
