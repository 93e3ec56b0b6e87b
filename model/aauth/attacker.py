"""The attacker under AAuth: it signs for what it runs, asks for what anybody gets, and sends what it knows."""

from __future__ import annotations

from model import authorization_server as server_rules
from model import client as client_rules
from model import identifiers
from model import resource_server as resource_rules
from model.aauth.agent import server_identifier
from model.aauth.flow import (
    accepts,
    agent_of,
    attacker_signs,
    captured_requests,
    challenged_with,
    checked_by_agent,
    designating,
    identifier_of,
    of_token,
    own_key,
    resource_token_rules,
    token_of,
)
from model.aauth.messages import (
    AgentRequest,
    Approval,
    Asserted,
    AuthTokenResponse,
    ConsentPage,
    ResourceToken,
    SignedRequest,
)
from model.aauth.state import auth_tokens, keys, resources, users_tokens
from model.action import IMPOSSIBLE, Context, Domains, Move, action
from model.attacker_at_resources import lookalike
from model.logic import Condition, Value, all_of, any_of, choose, no, one_of, same
from model.messages import FORGED, Fetch, Redirection, ResourceResponse, Sent
from model.readings import knows, sessions, tampered, trusted_by
from model.registration import shows_a_client
from model.state import ATTACKERS_KEY
from model.token_flow import INTERNAL
from model.world import ATTACKER, NONE, Party, World

# --- answering what an agent asks -----------------------------------------------------------------------------


def answers(c: Context, url: Value) -> Condition:
    """Whether the attacker writes the challenge that an agent reads: its own resource's, or another's on the way."""
    return any_of(c.attackers(url), tampered(c, "challenge", url))


def signs_for(c: Context, iss: Value) -> Condition:
    """Whether the attacker signs as a resource.

    A host of its own is to be had for the asking. On one that it shares with an honest resource it signs where it is a
    tenant and tenants write the host's well-known documents.
    """
    shared = {server_identifier(url) for url in c.world.honest_urls}
    return any_of(*(_signs_as(c, party, iss, shared) for party in c.world.resource_servers if not party.honest))


def _signs_as(c: Context, party: Party, iss: Value, shared: set[str]) -> Condition:
    own = server_identifier(party.url)
    tenant = all_of(same(c.design.wk_owner, "tenant"), c.runs(party))
    return all_of(same(iss, own), tenant if own in shared else True)


def _resource_tokens(world: World) -> Domains:
    return {"iss": resources(world), "aud": world.issuers, "agent_jkt": keys(world)}


@action("S2", sessions, _resource_tokens)
def forge_challenge(c: Context, who: str, iss: Value, aud: Value, agent_jkt: Value) -> Move:
    """The attacker answers an agent's request with a resource token that it signs, or that it got itself.

    Of any honest resource it gets a genuine one by asking: for its own key, and a server that this designates.
    """
    session = c.state.session(who)
    genuine = all_of(same(agent_jkt, ATTACKERS_KEY), designating(c, iss, aud))
    here = all_of(same(session.phase, "asked"), answers(c, session.url), any_of(signs_for(c, iss), genuine))
    if here is False:
        return IMPOSSIBLE
    forged = Sent(ATTACKER, agent_of(c, who), ResourceToken(iss, aud, agent_jkt))
    return Move(
        here, resource_token_rules(c, who, iss, agent_jkt), challenged_with(who, iss, aud, agent_jkt), (forged,)
    )


def _auth_tokens(world: World) -> Domains:
    return {"token": (FORGED, *auth_tokens(world)), "aud": resources(world), "key": keys(world)}


@action("S16", sessions, _auth_tokens)
def answer_with_auth_token(c: Context, who: str, token: Value, aud: Value, key: Value) -> Move:
    """The attacker's access server answers with an auth token: one that it makes, or one that it knows."""
    session = c.state.session(who)
    own = same(token, FORGED)
    known = [all_of(same(token, name), knows(c, "token", name)) for name in auth_tokens(c.world)]
    as_it_is = all_of(same(of_token(c, token, "aud", aud), aud), same(of_token(c, token, "key", key), key))
    here = all_of(same(session.phase, "federated"), c.attackers(session.aud), any_of(own, *known), as_it_is)
    if here is False:
        return IMPOSSIBLE
    iss = of_token(c, token, "iss", session.aud)
    answer = Sent(ATTACKER, agent_of(c, who), AuthTokenResponse(token, iss, aud, key))
    return Move(
        here, checked_by_agent(c, who, iss, aud, key), {f"{who}.phase": "has_token", f"{who}.token": token}, (answer,)
    )


@action("S4", sessions, lambda world: {"url": world.honest_urls})
def redirect_agent(c: Context, who: str, url: Value) -> Move:
    """A resource of the attacker's redirects the agent's request to an honest one, for which the agent signs again."""
    session = c.state.session(who)
    there = c.at(url, c.exists)
    here = all_of(same(session.phase, "asked"), c.attackers(session.url), there, no(session.diverted))
    if here is False:
        return IMPOSSIBLE
    name = agent_of(c, who)
    again = SignedRequest(url, own_key(c, who), redirected_by=session.url)
    return Move(
        here,
        (client_rules.redirect_target_gets_no_credentials(c.client(who)),),
        {f"{who}.url": url, f"{who}.diverted": True},
        (Sent(session.url, name, Redirection(url)), Sent(name, url, again)),
    )


def _places(world: World) -> list[dict[str, str]]:
    on_the_way = ["challenge"] if any(t.channel == "challenge" for t in world.tamperings) else []
    return [{"who": s.name, "channel": channel} for s in world.sessions for channel in ("own", *on_the_way)]


@action("S3", _places)
def lead_agent_inside(c: Context, who: str, channel: str) -> Move:
    """A challenge makes the agent fetch the keys of its issuer from an internal address.

    The attacker's own host may resolve to one; in the challenge of another's resource it has to be named as the issuer.
    """
    session, name = c.state.session(who), agent_of(c, who)
    own = c.attackers(session.url)
    writes = own if channel == "own" else all_of(answers(c, session.url), no(own))
    here = all_of(same(session.phase, "asked"), writes)
    if here is False:
        return IMPOSSIBLE
    inside = identifiers.origin(INTERNAL)
    checked = () if channel == "own" else resource_token_rules(c, who, inside, own_key(c, who))[:1]
    return Move(
        here,
        (*checked, client_rules.fetches_are_guarded(c.client(who))),
        {"fetched.internal": True},
        (Sent(ATTACKER, name, ResourceToken(inside, NONE, own_key(c, who))), Sent(name, INTERNAL, Fetch(INTERNAL))),
    )


# --- presenting what it knows or makes ------------------------------------------------------------------------


def _tokens_and_urls(world: World) -> list[dict[str, str]]:
    return [{"token": token, "url": url} for token in users_tokens(world) for url in world.honest_urls]


@action("S18", _tokens_and_urls)
def present_auth_token(c: Context, token: str, url: str) -> Move:
    """The attacker presents an auth token that it knows at an honest resource, signed by itself or as it was signed."""
    party = c.world.by_url[url]
    here = all_of(knows(c, "token", token), c.exists(party))
    if here is False:
        return IMPOSSIBLE
    own = attacker_signs(c, token)
    for_this, for_another, used = captured_requests(c, token, url)
    unused = all_of(same(c.of(party.name).rs_htu, "off"), for_another, no(used))
    request = SignedRequest(url, choose(own, ATTACKERS_KEY, "as captured"), token)
    return Move(
        here,
        (
            *accepts(c, token, url, own, (for_this, for_another)),
            resource_rules.proof_is_fresh(c.of(party.name), all_of(no(own), used, no(unused))),
        ),
        {f"served.{token}": True, f"replayed.{token}": no(own)},
        (Sent(ATTACKER, url, request), Sent(url, ATTACKER, ResourceResponse(token_of(c, token)["user"]))),
    )


def _claims(world: World) -> Domains:
    honest = [server.url for server in world.servers if server.honest]
    return {"iss": (*world.issuers, *map(lookalike, honest))}


@action("S18", lambda world: [{"url": url} for url in world.honest_urls], _claims)
def present_asserted_token(c: Context, url: str, iss: Value) -> Move:
    """A person server of the attacker's, under any name, asserts a user to an honest resource, for its own key."""
    party, policy = c.world.by_url[url], c.of(c.world.by_url[url].name)
    strangers = [server for server in c.world.servers if not server.honest]
    ours = one_of(iss, *(server.url for server in strangers))
    runs = [all_of(c.runs(server), any_of(same(iss, server.url), no(ours))) for server in strangers]
    here = all_of(any_of(*runs), c.exists(party), no(c.state[f"served.forged.{url}"]))
    if here is False:
        return IMPOSSIBLE
    known = trusted_by(c, party, iss)
    looks = any_of(*(same(iss, lookalike(c.world.by_name[name].url)) for name in party.trusts))
    named = resource_rules.policy_names(policy, known, ours)
    own = identifier_of(url)
    return Move(
        here,
        (
            resource_rules.issuer_is_accepted(policy, known, ours, any_of(known, looks)),
            resource_rules.signature_is_by_issuer(policy, no(known), same(c.design.a_enrolled, "yes")),
            resource_rules.audience_is_this_resource(policy, own, url, own, False),
        ),
        {
            f"served.forged.{url}": True,
            "accepted.as_user": resource_rules.subject_is_user(policy, known),
            "accepted.issuer": no(all_of(named, no(known))),
        },
        (Sent(ATTACKER, url, Asserted(url, iss, "the user's")), Sent(url, ATTACKER, ResourceResponse())),
    )


@action("S18", lambda world: [{"url": url} for url in world.honest_urls])
def present_handle(c: Context, url: str) -> Move:
    """The attacker uses the handle of a user's session at a resource, which a page of its own has got hold of."""
    party = c.world.by_url[url]
    request = SignedRequest(url, ATTACKERS_KEY, session_handle="the user's")
    return Move(
        all_of(c.capabilities["web"], c.exists(party)),
        (resource_rules.handles_are_bound_to_user(c.of(party.name)),),
        {"accepted.handle": True},
        (Sent(ATTACKER, url, request), Sent(url, ATTACKER, ResourceResponse("the user's"))),
    )


def _agents_and_grants(world: World) -> list[dict[str, str]]:
    return [
        {"agent": party.name, "grant": grant.name}
        for party in world.identities
        for grant in world.grants
        if grant.user != ATTACKER
    ]


@action("S12", _agents_and_grants)
def ask_user_for_own_agent(c: Context, agent: str, grant: str) -> Move:
    """An agent of the attacker's asks for authority, and the user's person server shows the agent's identity."""
    party = c.world.by_name[agent]
    made = next(made for made in c.world.grants if made.name == grant)
    shown = shows_a_client(c, c.world.by_name[made.server], party.url, party.callback)
    return Move(
        c.runs(party),
        (server_rules.user_recognises_the_client(c.design, shown),),
        {"approved.agent": True, "accepted.agent": shown},
        (
            Sent(ATTACKER, made.server, AgentRequest(party.url)),
            Sent(made.server, made.user, ConsentPage(agent=party.url)),
            Sent(made.user, made.server, Approval()),
        ),
    )
