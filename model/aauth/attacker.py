"""What the attacker can do under AAuth."""

from __future__ import annotations

from model import authorization_server as server
from model import resource_server as resource
from model.aauth import agent
from model.aauth.agent import AGENT_KEY, THIEF_KEY, server_identifier
from model.aauth.flow import accepts, attackers, checked_by_agent, identifier_of
from model.aauth.state import KEYS, resources
from model.action import IMPOSSIBLE, Context, Move, action
from model.attacker import honest_resource_exists
from model.client import NONE
from model.deployment import once
from model.logic import Value, all_of, any_of, choose, holds, no, same
from model.state import ISSUED, MINTED
from model.world import (
    ATTACKER_AS,
    ATTACKER_CALLBACK,
    ATTACKER_CLIENT,
    ATTACKER_RS,
    CRM,
    HONEST_AS,
    LOOKALIKE_AS,
    SHARED_HOST,
    VICTIM,
    World,
)


@action(
    "S2",
    choices=lambda world: {"iss": resources(world), "aud": (HONEST_AS, ATTACKER_AS), "agent_jkt": KEYS[1:]},
)
def forge_challenge(c: Context, iss: Value, aud: Value, agent_jkt: Value) -> Move:
    """The attacker answers the agent's request with a resource token of its choice.

    It signs for its own resource, and for the shared host where a tenant holds the host's well-known documents. Of
    any honest resource it gets a genuine resource token by asking for one itself: for its own key.
    """
    state = c.state
    url = state[f"{VICTIM}.url"]
    answers = any_of(holds(attackers, url), all_of(same(url, CRM), c.capabilities["hdr_inject"]))
    of_shared_host = same(iss, server_identifier(SHARED_HOST))
    as_host = all_of(of_shared_host, same(c.design.wk_owner, "tenant"), c.capabilities["mal_tenant"])
    own = any_of(same(iss, server_identifier(ATTACKER_RS)), as_host)
    genuine = all_of(same(agent_jkt, THIEF_KEY), same(aud, HONEST_AS))
    here = all_of(same(state[f"{VICTIM}.phase"], "asked"), answers, any_of(own, genuine))
    if here is False:
        return IMPOSSIBLE
    return Move(
        here,
        (
            agent.resource_token_is_by_contacted_resource(c.design, iss, url),
            agent.resource_token_names_own_key(c.design, agent_jkt),
        ),
        {
            f"{VICTIM}.phase": "challenged",
            "resource_token.iss": iss,
            "resource_token.aud": aud,
            "resource_token.agent_jkt": agent_jkt,
        },
    )


@action(
    "S16",
    choices=lambda world: {
        "iss": (ATTACKER_AS, HONEST_AS), "aud": resources(world), "key": (AGENT_KEY, THIEF_KEY),
    },
)  # fmt: skip
def answer_with_auth_token(c: Context, iss: Value, aud: Value, key: Value) -> Move:
    """The attacker's access server answers with an auth token of its own making (or, as by H, a leaked one)."""
    leaked = all_of(c.capabilities["token_leak"], same(aud, server_identifier(CRM)), same(key, AGENT_KEY))
    here = all_of(
        same(c.state[f"{VICTIM}.phase"], "federated"),
        c.capabilities["mal_as"],
        any_of(same(iss, ATTACKER_AS), leaked),
    )
    if here is False:
        return IMPOSSIBLE
    return Move(
        here,
        checked_by_agent(c, iss, aud, key),
        {f"{VICTIM}.phase": "has_token", f"{VICTIM}.token": MINTED},
    )


def _honest_urls(world: World) -> list[dict[str, str]]:
    return [{"url": url} for url in world.honest_urls]


@action("S18", each=_honest_urls)
def present_stolen_auth_token(c: Context, url: str) -> Move:
    """The attacker presents an auth token of the user that it was sent at an honest resource.

    One that leaks elsewhere is bound to the agent's key and comes without a signature: there is nothing to try.
    """
    captured = c.state["captured.issued"]
    here = all_of(no(same(captured, NONE)), honest_resource_exists(c, url), no(c.state["accepted.stolen"]))
    if here is False:
        return IMPOSSIBLE
    return Move(here, accepts(c, url, THIEF_KEY, captured), {"accepted.stolen": True})


@action(
    "S18",
    each=lambda world: [{"url": url} for url in world.honest_urls],
    choices=lambda _: {"iss": (ATTACKER_AS, LOOKALIKE_AS, HONEST_AS)},
)
def present_asserted_token(c: Context, url: str, iss: Value) -> Move:
    """A person server of the attacker asserts the user to an honest resource, for the attacker's key."""
    here = all_of(c.capabilities["mal_as"], honest_resource_exists(c, url), no(c.state["accepted.minted"]))
    if here is False:
        return IMPOSSIBLE
    signer: Value = choose(same(iss, HONEST_AS), ATTACKER_AS, iss)
    named_and_signed = all_of(resource.policy_names(c.design, iss), same(iss, signer))
    own = identifier_of(url)
    return Move(
        here,
        (
            resource.issuer_is_accepted(c.design, iss),
            resource.signature_is_by_issuer(c.design, iss, signer),
            resource.audience_is_this_resource(c.design, own, url, own, False),
        ),
        {
            "accepted.minted": True,
            "accepted.as_user": resource.subject_is_user(c.design, iss),
            "accepted.issuer": no(named_and_signed),
        },
    )


@action("S12")
def ask_user_for_own_agent(c: Context) -> Move:
    """The attacker's agent asks for authority, and the user's person server shows the agent's identity."""
    shown = server.shows_the_client(c.design, ATTACKER_CLIENT, ATTACKER_CALLBACK)
    here = all_of(c.capabilities["mal_client"], no(c.state["approved.agent"]))
    approved = {"approved.agent": True, "accepted.agent": shown}
    return Move(here, (server.user_recognises_the_client(c.design, shown),), approved)


@action("S19")
def replay_signed_request(c: Context) -> Move:
    """The attacker sends a leaked signed request of the agent to the CRM again."""
    state = c.state
    sent = all_of(same(state[f"{VICTIM}.phase"], "sent"), same(state[f"{VICTIM}.url"], CRM))
    here = all_of(c.capabilities["proof_leak"], sent, same(state[f"{VICTIM}.token"], ISSUED))
    if here is False:
        return IMPOSSIBLE
    return once(
        c, "replayed", here, *accepts(c, CRM, AGENT_KEY, NONE), resource.proof_is_fresh(c.design, False)
    )
