"""Delegation: a client passes part of its grant on to a sub-agent, which may want to pass it on further.

What follows an authorization and is the same whichever protocol brought it: who may hold what, for how long, and who
asked for it. The user approved the client's grant; nobody asks the user again for a sub-agent.
"""

from __future__ import annotations

from typing import Any

from model import authorization_server as server_rules
from model import client as client_rules
from model.action import Context, Move, Policy, action
from model.delegation_messages import LentToken, Task, TaskDone
from model.logic import Condition, Value, all_of, any_of, holds, mapped, no, one_of, same
from model.messages import Approval, Sent, TokenRequest, TokenResponse
from model.state import Variable
from model.world import CLIENT, NONE, SUB_AGENT, Party, World

#: What a grant can be good for at a resource, as scopes; each contains the one before.
READ, WRITE, ADMIN = "accounts:read", "accounts:read accounts:write", "accounts:read accounts:write accounts:admin"
AUTHORITIES = (READ, WRITE, ADMIN)
#: How long a token is good: until its own expiry, or no longer than the task that it is for.
TASK, TOKEN = "task", "token"
_EXPIRES = {TASK: "with the task", TOKEN: "not with the task"}


def sub_agents(world: World) -> tuple[Party, ...]:
    """Those to whom authority is passed on."""
    return world.of(SUB_AGENT)


def client_of(world: World, party: Party) -> Party:
    """The client for whose task a sub-agent was started, by it or by another sub-agent."""
    while party.role != CLIENT:
        party = world.by_name[party.started_by]
    return party


def is_further(world: World, party: Party) -> bool:
    """Whether a sub-agent was started by a sub-agent."""
    return world.by_name[party.started_by].role == SUB_AGENT


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of delegation."""
    made: list[Variable] = []
    for client in world.clients:
        made += [
            Variable(f"{client.name}.phase", ("idle", "granted", "tasked", "ended"), "how far the client has come"),
            Variable(f"{client.name}.authority", (NONE, *AUTHORITIES), "what the user granted the client"),
            Variable(f"{client.name}.passes_on", (NONE, *AUTHORITIES), "what the client passes on for the task"),
        ]
    for party in sub_agents(world):
        made += [
            Variable(f"{party.name}.authority", (NONE, *AUTHORITIES), "what it can do at a resource"),
            Variable(f"{party.name}.lifetime", (NONE, TASK, TOKEN), "for how long"),
        ]
    return tuple(made)


def _clients_and_grants(world: World) -> list[dict[str, str]]:
    """Each session of a user at a client with each AS at which that user approves clients."""
    return [
        {"client": session.client, "server": grant.server, "user": session.user}
        for session in world.sessions
        for grant in world.grants
        if session.user == grant.user
    ]


def _clients(world: World) -> list[dict[str, str]]:
    return [{"client": one.name} for one in world.clients]


def _receivers(world: World) -> list[dict[str, str]]:
    return [{"to": party.name} for party in sub_agents(world)]


def _receivers_and_servers(world: World) -> list[dict[str, str]]:
    return [{**receiver, "server": server.name} for receiver in _receivers(world) for server in world.servers]


def may_receive(c: Context, party: Party) -> Condition:
    """Whether it is this party's turn: the task is on, it holds nothing, and who starts it holds something."""
    starter = c.world.by_name[party.started_by]
    started = no(same(c.state[f"{starter.name}.authority"], NONE)) if is_further(c.world, party) else True
    on = same(c.state[f"{client_of(c.world, party).name}.phase"], "tasked")
    return all_of(on, same(c.state[f"{party.name}.authority"], NONE), started)


@action("S16", each=_clients_and_grants, choices=lambda _: {"authority": AUTHORITIES})
def client__obtain_grant(c: Context, client: str, server: str, user: str, authority: Value) -> Move:
    """The user grants the client some authority."""
    return Move(
        same(c.state[f"{client}.phase"], "idle"),
        (),
        {f"{client}.phase": "granted", f"{client}.authority": authority},
        (
            Sent(user, server, Approval(authority)),
            Sent(server, client, TokenResponse(scope=authority, expires_in=_EXPIRES[TOKEN])),
        ),
    )


@action("S23", each=_clients, choices=lambda _: {"passes_on": AUTHORITIES})
def client__start_task(c: Context, client: str, passes_on: Value) -> Move:
    """The client starts a sub-agent for a task that needs all of its authority or a part."""
    held = c.state[f"{client}.authority"]
    here = all_of(same(c.state[f"{client}.phase"], "granted"), holds(is_within, passes_on, held))
    sends = tuple(Sent(client, name, Task(passes_on)) for name in _started_by(c.world, client))
    return Move(here, (), {f"{client}.phase": "tasked", f"{client}.passes_on": passes_on}, sends)


@action("S24", each=_receivers)
def client__lend_token(c: Context, to: str) -> Move:
    """Whoever starts a sub-agent lends it the client's own token and key."""
    party = c.world.by_name[to]
    here = may_receive(c, party)
    client = client_of(c.world, party)
    lent = c.state[f"{client.name}.authority"]
    return Move(
        here,
        (client_rules.token_is_not_lent(c.of(client.name)),),
        {f"{to}.authority": lent, f"{to}.lifetime": TOKEN},
        (Sent(party.started_by, to, LentToken(lent)),),
    )


@action("S24", each=_receivers_and_servers, choices=lambda _: {"authority": AUTHORITIES, "lifetime": (TASK, TOKEN)})
def authorization_server__issue_token_to_sub_agent(
    c: Context, to: str, server: str, authority: Value, lifetime: Value
) -> Move:
    """The AS gives a sub-agent with an identity of its own a token; what and for how long is the policy of the AS."""
    party = c.world.by_name[to]
    client = client_of(c.world, party)
    instance = c.of(client.name).instance
    here = all_of(may_receive(c, party), one_of(instance, "workload", "derived"))
    policy: Any = Policy(c.of(server), {"instance": instance})
    passed_on = c.state[f"{client.name}.passes_on"]
    expires = mapped(_EXPIRES.__getitem__, lifetime)
    return Move(
        here,
        (
            server_rules.delegation_is_one_level_deep(policy, is_further(c.world, party)),
            server_rules.authority_was_passed_on(policy, holds(is_within, authority, passed_on)),
            server_rules.token_ends_with_the_task(policy, same(lifetime, TASK)),
        ),
        {f"{to}.authority": authority, f"{to}.lifetime": lifetime},
        (
            Sent(to, server, TokenRequest(party.url, scope=authority)),
            Sent(server, to, TokenResponse(scope=authority, expires_in=expires)),
        ),
    )


@action("S25", each=_clients)
def client__end_task(c: Context, client: str) -> Move:
    """The task is done."""
    sends = tuple(Sent(client, name, TaskDone()) for name in _started_by(c.world, client))
    return Move(same(c.state[f"{client}.phase"], "tasked"), (), {f"{client}.phase": "ended"}, sends)


def _started_by(world: World, client: str) -> list[str]:
    return [party.name for party in sub_agents(world) if party.started_by == client]


# --- what a state comes to -----------------------------------------------------------------------------------


def exceeds(c: Context, party: Party) -> Condition:
    """Whether a sub-agent holds what was not passed on to it, or holds it still when the task is done."""
    client, authority = client_of(c.world, party).name, c.state[f"{party.name}.authority"]
    surplus = no(holds(is_within, authority, c.state[f"{client}.passes_on"]))
    outlives = all_of(same(c.state[f"{client}.phase"], "ended"), same(c.state[f"{party.name}.lifetime"], TOKEN))
    return all_of(no(same(authority, NONE)), any_of(is_further(c.world, party), surplus, outlives))


def holds_what_was_passed_on(c: Context) -> Condition:
    """Whether a client's own sub-agent can do what its task needs."""
    return any_of(*(
        holds(is_within, c.state[f"{client_of(c.world, party).name}.passes_on"], c.state[f"{party.name}.authority"])
        for party in sub_agents(c.world)
        if not is_further(c.world, party)
    ))  # fmt: skip


def is_within(authority: Any, limit: Any) -> bool:
    """Whether every scope of one authority is in another."""
    return authority != NONE and limit != NONE and set(authority.split()) <= set(limit.split())
