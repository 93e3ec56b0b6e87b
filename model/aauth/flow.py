"""What honest parties do under AAuth, in protocol order."""

from __future__ import annotations

from model import resource_server as resource
from model.aauth import agent, person_server
from model.aauth.agent import AGENT_KEY, server_identifier
from model.action import IMPOSSIBLE, Context, Move, action
from model.client import NONE
from model.logic import Condition, Value, all_of, choose, holds, mapped, no, one_of, same
from model.rule import Condition as Named
from model.state import ISSUED, View
from model.world import ATTACKER_AS, CRM, HONEST_AS, SHARED_HOST, VICTIM, World, designated_servers, run_by_attacker

#: Phases in which the agent has turned to a server.
STARTED = ("approved", "federated", "has_token", "sent")


def identifier_of(url: Value) -> Value:
    """The identifier of the server at a URL."""
    return mapped(server_identifier, url)


def attackers(url: str) -> bool:
    """Whether the attacker answers at a URL (nobody does at none)."""
    return url != NONE and run_by_attacker(url)


@action("S1", choices=lambda world: {"url": world.resource_urls})
def client__send_signed_request(c: Context, url: Value) -> Move:
    """The agent sends a signed request with its person token to the URL that it was sent to."""
    visits = all_of(
        _if(one_of(url, CRM), True),
        _if(holds(lambda value: attackers(value) and value != _tenant(c.world), url), c.capabilities["mal_rs"]),
        _if(same(url, _tenant(c.world)), c.capabilities["mal_tenant"]),
        _if(same(url, SHARED_HOST), same(c.design.host_app, "yes")),
    )
    here = all_of(same(c.state[f"{VICTIM}.phase"], "idle"), visits)
    return Move(here, (), {f"{VICTIM}.phase": "asked", f"{VICTIM}.url": url})


def _if(premise: Condition, conclusion: Condition) -> Condition:
    return no(all_of(premise, no(conclusion)))


def _tenant(world: World) -> str:
    return next(url for url in world.resource_urls if run_by_attacker(url) and url.startswith(SHARED_HOST))


@action("S4")
def client__use_resource_token(c: Context) -> Move:
    """An honest resource answers with its resource token, and the agent checks it."""
    state = c.state
    url = state[f"{VICTIM}.url"]
    here = all_of(same(state[f"{VICTIM}.phase"], "asked"), no(holds(attackers, url)))
    if here is False:
        return IMPOSSIBLE
    iss = identifier_of(url)
    return Move(
        here,
        (
            agent.resource_token_is_by_contacted_resource(c.design, iss, url),
            agent.resource_token_names_own_key(c.design, AGENT_KEY),
        ),
        {
            f"{VICTIM}.phase": "challenged",
            "resource_token.iss": iss,
            "resource_token.aud": HONEST_AS,
            "resource_token.agent_jkt": AGENT_KEY,
        },
    )


@action("S12")
def person_server__ask_user(c: Context) -> Move:
    """The agent sends the resource token to the user's person server, which asks the user."""
    state = c.state
    here = same(state[f"{VICTIM}.phase"], "challenged")
    if here is False:
        return IMPOSSIBLE
    return Move(
        here,
        (
            person_server.resource_token_names_signing_key(c.design, state["resource_token.agent_jkt"]),
            person_server.user_recognises_the_resource(c.design, state["resource_token.iss"], state[f"{VICTIM}.url"]),
        ),
        {f"{VICTIM}.phase": "approved"},
    )


def checked_by_agent(c: Context, iss: Value, aud: Value, key: Value) -> tuple[Named, ...]:
    """The rules by which the agent judges an auth token."""
    return (
        agent.auth_token_is_by_chosen_issuer(c.design, iss, c.state["resource_token.aud"]),
        agent.auth_token_is_for_contacted_resource(c.design, aud, c.state[f"{VICTIM}.url"]),
        agent.auth_token_names_own_key(c.design, key),
    )


@action("S16")
def person_server__issue_auth_token(c: Context) -> Move:
    """The person server issues an auth token for the resource and key that the resource token names."""
    state = c.state
    here = all_of(same(state[f"{VICTIM}.phase"], "approved"), same(state["resource_token.aud"], HONEST_AS))
    if here is False:
        return IMPOSSIBLE
    aud, key = state["resource_token.iss"], state["resource_token.agent_jkt"]
    return Move(
        here,
        checked_by_agent(c, HONEST_AS, aud, key),
        {f"{VICTIM}.phase": "has_token", f"{VICTIM}.token": ISSUED, "issued.aud": aud, "issued.key": key},
    )


@action("S15")
def person_server__ask_access_server(c: Context) -> Move:
    """The person server turns to the access server of the attacker that the resource token names."""
    here = all_of(same(c.state[f"{VICTIM}.phase"], "approved"), same(c.state["resource_token.aud"], ATTACKER_AS))
    return Move(
        here, (person_server.access_server_is_trusted(c.design, ATTACKER_AS),), {f"{VICTIM}.phase": "federated"}
    )


@action("S18")
def client__send_auth_token(c: Context) -> Move:
    """The agent sends its auth token in a request that it signs."""
    state = c.state
    here = same(state[f"{VICTIM}.phase"], "has_token")
    if here is False:
        return IMPOSSIBLE
    url, users = state[f"{VICTIM}.url"], same(state[f"{VICTIM}.token"], ISSUED)
    as_believed = all_of(users, same(state["issued.aud"], identifier_of(url)))
    to_attacker = all_of(users, holds(attackers, url))
    return Move(
        here,
        (),
        {
            f"{VICTIM}.phase": "sent",
            f"{VICTIM}.diverged": no(as_believed),
            "captured.issued": choose(to_attacker, url, state["captured.issued"]),
        },
    )


def accepts(c: Context, url: Value, presented: Value, proof_url: Value) -> tuple[Named, ...]:
    """The rules by which an honest resource judges the auth token that the person server issued."""
    return (
        resource.issuer_is_accepted(c.design, HONEST_AS),
        resource.audience_is_this_resource(c.design, identifier_of(url), url, c.state["issued.aud"], False),
        resource.proof_is_by_bound_key(c.design, c.state["issued.key"], presented, proof_url, url),
    )


@action("S19")
def resource_server__accept_signed_request(c: Context) -> Move:
    """An honest resource acts on the agent's request."""
    state = c.state
    url = state[f"{VICTIM}.url"]
    here = all_of(
        same(state[f"{VICTIM}.phase"], "sent"),
        same(state[f"{VICTIM}.token"], ISSUED),
        no(holds(attackers, url)),
        no(state[f"{VICTIM}.accepted"]),
    )
    if here is False:
        return IMPOSSIBLE
    return Move(here, accepts(c, url, AGENT_KEY, NONE), {f"{VICTIM}.accepted": True})


def starts_astray(state: View) -> Condition:
    """Whether the agent has turned to a server that the resource it contacted does not designate."""
    url = state[f"{VICTIM}.url"]
    designated = holds(_designates, url, state["resource_token.iss"], state["resource_token.aud"])
    return all_of(one_of(state[f"{VICTIM}.phase"], *STARTED), no(designated))


def _designates(url: str, iss: str, aud: str) -> bool:
    return url != NONE and iss == server_identifier(url) and aud in designated_servers(url)


