"""Delegation: a client passes part of its grant on to a sub-agent, which may want to pass it on further.

What follows an authorization and is the same whichever protocol brought it: who may hold what, for how long, and who
asked for it. The user approved the client's grant; nobody asks the user again for a sub-agent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from model import authorization_server as server
from model import client
from model.action import IMPOSSIBLE, Context, Move, action
from model.client import NONE
from model.logic import Condition, Value, all_of, any_of, holds, no, one_of, same
from model.state import Variable, View
from model.world import World

#: What a grant can be good for at the CRM, as scopes; each contains the one before.
READ, WRITE, ADMIN = "accounts:read", "accounts:read accounts:write", "accounts:read accounts:write accounts:admin"
AUTHORITIES = (READ, WRITE, ADMIN)

#: Those to whom authority is passed on: the sub-agent that the client starts, and one which that starts in turn.
SUB_AGENT, SUB_SUB_AGENT = "sub_agent", "sub_sub_agent"
HOLDERS = (SUB_AGENT, SUB_SUB_AGENT)
#: How long a token is good: until its own expiry, or no longer than the task that it is for.
TASK, TOKEN = "task", "token"


def variables(world: World) -> tuple[Variable, ...]:
    """The state variables of delegation."""
    made = [
        Variable("client.phase", ("idle", "granted", "tasked", "ended"), "how far the client has come"),
        Variable("client.authority", (NONE, *AUTHORITIES), "what the user granted the client"),
        Variable("client.passes_on", (NONE, *AUTHORITIES), "what the client passes on for the task"),
    ]
    for who in HOLDERS:
        made += [
            Variable(f"{who}.authority", (NONE, *AUTHORITIES), "what it can do at the CRM"),
            Variable(f"{who}.lifetime", (NONE, TASK, TOKEN), "for how long"),
        ]
    return tuple(made)


def holders(_: World) -> Iterable[dict[str, str]]:
    """The parties to which an action may pass authority on."""
    return [{"to": who} for who in HOLDERS]


def may_receive(state: View, to: str) -> Condition:
    """Whether it is this party's turn: the task is on, it holds nothing, and who starts it holds something."""
    started = no(same(state[f"{SUB_AGENT}.authority"], NONE)) if to == SUB_SUB_AGENT else True
    return all_of(same(state["client.phase"], "tasked"), same(state[f"{to}.authority"], NONE), started)


@action("S16", choices=lambda _: {"authority": AUTHORITIES})
def client__obtain_grant(c: Context, authority: Value) -> Move:
    """The user grants the client some authority."""
    return Move(same(c.state["client.phase"], "idle"), (), {"client.phase": "granted", "client.authority": authority})


@action("S23", choices=lambda _: {"passes_on": AUTHORITIES})
def client__start_task(c: Context, passes_on: Value) -> Move:
    """The client starts a sub-agent for a task that needs all of its authority or a part."""
    here = all_of(same(c.state["client.phase"], "granted"), holds(is_within, passes_on, c.state["client.authority"]))
    return Move(here, (), {"client.phase": "tasked", "client.passes_on": passes_on})


@action("S24", each=lambda world: list(holders(world)))
def client__lend_token(c: Context, to: str) -> Move:
    """Whoever starts a sub-agent lends it the client's own token and key."""
    here = may_receive(c.state, to)
    if here is False:
        return IMPOSSIBLE
    return Move(
        here,
        (client.token_is_not_lent(c.design),),
        {f"{to}.authority": c.state["client.authority"], f"{to}.lifetime": TOKEN},
    )


@action(
    "S24",
    each=lambda world: list(holders(world)),
    choices=lambda _: {"authority": AUTHORITIES, "lifetime": (TASK, TOKEN)},
)
def authorization_server__issue_token_to_sub_agent(c: Context, to: str, authority: Value, lifetime: Value) -> Move:
    """The AS gives a sub-agent with an identity of its own a token; what and for how long is the policy of the AS."""
    here = all_of(may_receive(c.state, to), one_of(c.design.instance, "workload", "derived"))
    if here is False:
        return IMPOSSIBLE
    return Move(
        here,
        (
            server.delegation_is_one_level_deep(c.design, to == SUB_SUB_AGENT),
            server.authority_was_passed_on(c.design, holds(is_within, authority, c.state["client.passes_on"])),
            server.token_ends_with_the_task(c.design, same(lifetime, TASK)),
        ),
        {f"{to}.authority": authority, f"{to}.lifetime": lifetime},
    )


@action("S25")
def client__end_task(c: Context) -> Move:
    """The task is done."""
    return Move(same(c.state["client.phase"], "tasked"), (), {"client.phase": "ended"})


def exceeds(state: View, who: str) -> Condition:
    """Whether a sub-agent holds what was not passed on to it, or holds it still when the task is done."""
    holds_some = no(same(state[f"{who}.authority"], NONE))
    surplus = no(holds(is_within, state[f"{who}.authority"], state["client.passes_on"]))
    outlives = all_of(same(state["client.phase"], "ended"), same(state[f"{who}.lifetime"], TOKEN))
    return all_of(holds_some, any_of(who == SUB_SUB_AGENT, surplus, outlives))


def is_within(authority: Any, limit: Any) -> bool:
    """Whether every scope of one authority is in another."""
    return authority != NONE and limit != NONE and set(authority.split()) <= set(limit.split())
