"""What honest parties do under AAuth, in protocol order."""

from __future__ import annotations

from model import identifiers
from model import resource_server as resource_rules
from model.aauth import agent, person_server
from model.aauth.agent import server_identifier
from model.aauth.messages import (
    Approval,
    AuthTokenRequest,
    AuthTokenResponse,
    ConsentPage,
    ResourceToken,
    SignedRequest,
)
from model.aauth.state import auth_tokens, key_of, signature
from model.action import IMPOSSIBLE, Context, Move, action
from model.logic import Condition, Value, all_of, any_of, choose, mapped, no, one_of, same
from model.messages import ResourceResponse, Sent
from model.readings import (
    compares,
    deliver,
    designates,
    grant_of,
    is_strangers,
    knows,
    server_of,
    sessions,
    tampered,
    trusted_by,
)
from model.rule import Condition as Named
from model.state import ATTACKERS_KEY, Reading, captures
from model.world import NONE, World

#: Phases in which an agent has turned to a server.
STARTED = ("approved", "federated", "has_token", "sent")


# --- what a state comes to -----------------------------------------------------------------------------------


def identifier_of(url: Value) -> Value:
    """The identifier of the server at a URL."""
    return mapped(server_identifier, url)


def agent_of(c: Context, who: str) -> str:
    """The agent of a session."""
    return c.world.session[who].client


def own_key(c: Context, who: str) -> str:
    """The key that the agent of a session signs with."""
    return key_of(agent_of(c, who))


def token_of(c: Context, token: str) -> dict[str, Value]:
    """What an auth token by an honest server is good for: issuer, audience and key; and whose it is."""
    held = next((held for held in c.world.held if held.name == token), None)
    if held is not None:
        aud = server_identifier(c.world.by_name[held.resource].url)
        return {"iss": c.world.by_name[held.server].url, "user": held.user, "aud": aud, "key": key_of(held.client)}
    grant, slot = grant_of(c, token), c.state.grant(token)
    return {"iss": c.world.by_name[grant.server].url, "user": grant.user, "aud": slot.aud, "key": slot.key}


def of_token(c: Context, token: Value, name: str, otherwise: Value) -> Value:
    """An attribute of whichever auth token is meant; another value for what the attacker made."""
    found = otherwise
    for known in auth_tokens(c.world):
        found = choose(same(token, known), token_of(c, known)[name], found)
    return found


def request_with(c: Context, session: Reading, url: Value, **more: Value) -> SignedRequest:
    """A request of an agent with its auth token, signed for a URL."""
    seen = {signature(token, where) for token in auth_tokens(c.world) for where in captures(c.world)}

    def signed(token: str, at: str) -> str:
        return signature(token, at) if signature(token, at) in seen else NONE

    key = own_key(c, session.who)
    return SignedRequest(url, key, session.token, mapped(signed, session.token, url), **more)


def starts_astray(c: Context, who: str) -> Condition:
    """Whether an agent has turned to a server that the resource it contacted does not designate."""
    session = c.state.session(who)
    designated = c.at(session.url, lambda party: designates(c, party, session.aud))
    named = same(session.iss, identifier_of(session.url))
    return all_of(one_of(session.phase, *STARTED), no(all_of(named, designated)))


# --- the flow ------------------------------------------------------------------------------------------------


@action("S1", each=sessions, choices=lambda world: {"url": world.resource_urls})
def client__send_signed_request(c: Context, who: str, url: Value) -> Move:
    """The agent sends a signed request with its person token to the URL that it was sent to."""
    session, visits = c.state.session(who), c.world.session[who].visits
    sent_to = c.at(url, lambda party: all_of(not visits or party.name in visits, c.exists(party)))
    here = all_of(same(session.phase, "idle"), sent_to)
    request = SignedRequest(url, own_key(c, who))
    sent = Sent(agent_of(c, who), url, request)
    return Move(here, (), {f"{who}.phase": "asked", f"{who}.url": url}, (sent,))


def resource_token_rules(c: Context, who: str, iss: Value, agent_jkt: Value) -> tuple[Named, ...]:
    """The rules by which an agent judges a resource token."""
    design, session = c.client(who), c.state.session(who)
    return (
        agent.resource_token_is_by_contacted_resource(design, iss, session.url),
        agent.resource_token_names_own_key(design, agent_jkt, own_key(c, who)),
    )


def challenged_with(who: str, iss: Value, aud: Value, agent_jkt: Value) -> dict[str, Value]:
    """What an agent takes from a resource token."""
    return {f"{who}.phase": "challenged", f"{who}.iss": iss, f"{who}.aud": aud, f"{who}.agent_jkt": agent_jkt}


@action("S4", each=sessions, choices=lambda world: {"aud": world.issuers})
def client__use_resource_token(c: Context, who: str, aud: Value) -> Move:
    """A resource that tells the truth answers with its resource token, and the agent checks it."""
    session = c.state.session(who)
    honest = c.at(session.url, lambda party: all_of(no(c.runs(party)), designates(c, party, aud)))
    here = all_of(same(session.phase, "asked"), honest)
    if here is False:
        return IMPOSSIBLE
    iss, key = identifier_of(session.url), own_key(c, who)
    answer = Sent(session.url, agent_of(c, who), ResourceToken(iss, aud, key))
    return Move(here, resource_token_rules(c, who, iss, key), challenged_with(who, iss, aud, key), (answer,))


def sessions_and_their_grants(world: World) -> list[dict[str, str]]:
    """Each session of a user with each grant of the same user, at that user's person server."""
    return [
        {"who": session.name, "grant": grant.name}
        for session in world.sessions
        for grant in world.grants
        if session.user == grant.user
    ]


@action("S12", each=sessions_and_their_grants)
def person_server__ask_user(c: Context, who: str, grant: str) -> Move:
    """The agent sends the resource token to the user's person server, which asks the user."""
    session, server = c.state.session(who), server_of(c, grant)
    here = same(session.phase, "challenged")
    if here is False:
        return IMPOSSIBLE
    user = c.world.user_of(who)
    return Move(
        here,
        (
            person_server.resource_token_names_signing_key(c.of(server.name), session.agent_jkt, own_key(c, who)),
            person_server.user_recognises_the_resource(c.design, session.iss, session.url),
        ),
        {f"{who}.phase": "approved"},
        (
            Sent(agent_of(c, who), server.name, AuthTokenRequest(session.iss, session.aud, session.agent_jkt)),
            Sent(server.name, user, ConsentPage(session.iss, c.world.client_of(who).url)),
            Sent(user, server.name, Approval()),
        ),
    )


def checked_by_agent(c: Context, who: str, iss: Value, aud: Value, key: Value) -> tuple[Named, ...]:
    """The rules by which an agent judges an auth token."""
    session, design = c.state.session(who), c.client(who)
    return (
        agent.auth_token_is_by_chosen_issuer(design, iss, session.aud),
        agent.auth_token_is_for_contacted_resource(design, aud, session.url),
        agent.auth_token_names_own_key(design, key, own_key(c, who)),
    )


@action("S16", each=sessions_and_their_grants)
def person_server__issue_auth_token(c: Context, who: str, grant: str) -> Move:
    """The person server issues an auth token for the resource and key that the resource token names."""
    session, server = c.state.session(who), server_of(c, grant)
    named = same(session.aud, server.url)
    here = all_of(same(session.phase, "approved"), named, no(c.state.grant(grant).issued))
    if here is False:
        return IMPOSSIBLE
    aud, key = session.iss, session.agent_jkt
    answer = Sent(server.name, agent_of(c, who), AuthTokenResponse(grant, server.url, aud, key))
    return Move(
        here,
        checked_by_agent(c, who, server.url, aud, key),
        {
            f"{who}.phase": "has_token", f"{who}.token": grant, f"{grant}.issued": True, f"{grant}.aud": aud,
            f"{grant}.key": key,
        },
        (answer,),
    )  # fmt: skip


@action("S15", each=sessions_and_their_grants)
def person_server__ask_access_server(c: Context, who: str, grant: str) -> Move:
    """The person server turns to the access server of somebody else that the resource token names."""
    session, server = c.state.session(who), server_of(c, grant)
    strangers = is_strangers(c.world, session.aud)
    here = all_of(same(session.phase, "approved"), strangers)
    if here is False:
        return IMPOSSIBLE
    request = AuthTokenRequest(session.iss, session.aud, session.agent_jkt)
    own = same(session.aud, server.url)
    return Move(
        here,
        (person_server.access_server_is_trusted(c.design, own, strangers),),
        {f"{who}.phase": "federated"},
        (Sent(server.name, session.aud, request),),
    )


@action("S18", each=sessions)
def client__send_auth_token(c: Context, who: str) -> Move:
    """The agent sends its auth token in a request that it signs."""
    session = c.state.session(who)
    here = same(session.phase, "has_token")
    if here is False:
        return IMPOSSIBLE
    sent = Sent(agent_of(c, who), session.url, request_with(c, session, session.url))
    facts, sends = deliver(c, sent, read=tampered(c, "requests", session.url))
    return Move(here, (), {f"{who}.phase": "sent", **facts}, sends)


def accepts(
    c: Context, token: str, url: Value, own: Condition, signed: tuple[Condition, Condition]
) -> tuple[Named, ...]:
    """The rules by which an honest resource judges an auth token by an honest server.

    ``own``: whoever presents it holds its key; ``signed``: they have a signed request to this URL, or to another.
    """
    made = token_of(c, token)
    design = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    known = c.at(url, lambda party: trusted_by(c, party, made["iss"]))
    return (
        resource_rules.issuer_is_accepted(design, known, False, known),
        resource_rules.audience_is_this_resource(design, identifier_of(url), url, made["aud"], False),
        resource_rules.proof_is_by_bound_key(design, own, *signed),
    )


@action("S19", each=lambda world: [
    {"who": session.name, "token": token} for session in world.sessions for token in auth_tokens(world)
])  # fmt: skip
def resource_server__accept_signed_request(c: Context, who: str, token: str) -> Move:
    """An honest resource acts on the agent's request."""
    session = c.state.session(who)
    honest = c.at(session.url, lambda party: party.honest)
    here = all_of(same(session.phase, "sent"), same(session.token, token), honest, no(session.accepted))
    if here is False:
        return IMPOSSIBLE
    own = same(token_of(c, token)["key"], own_key(c, who))
    answer = Sent(session.url, agent_of(c, who), ResourceResponse(token_of(c, token)["user"]))
    return Move(here, accepts(c, token, session.url, own, (False, False)), {f"{who}.accepted": True}, (answer,))


# --- what the attacker holds, seen from a resource -------------------------------------------------------------


def captured_requests(c: Context, token: str, url: str) -> tuple[Condition, Condition, Condition]:
    """Whether the attacker has a signed request with the token to a URL, one to another, and whether that was used."""
    for_this: list[Condition] = []
    for_another: list[Condition] = []
    used: list[Condition] = []
    for where in captures(c.world):
        known = knows(c, "signature", signature(token, where))
        (for_this if compares(identifiers.equal_htu, where, url) else for_another).append(known)
        if c.world.by_url[where].honest:
            used.append(known)
    return any_of(*for_this), any_of(*for_another), any_of(*used)


def attacker_signs(c: Context, token: str) -> Condition:
    """Whether the token is bound to the attacker's key, so that it signs itself."""
    return same(token_of(c, token)["key"], ATTACKERS_KEY)


def designating(c: Context, iss: Value, aud: Value) -> Condition:
    """Whether an honest resource with this identifier exists and designates a server."""
    honest = [party for party in c.world.resource_servers if party.honest]
    return any_of(*(
        all_of(same(iss, server_identifier(party.url)), c.exists(party), designates(c, party, aud)) for party in honest
    ))  # fmt: skip


def uses_what_is_not_for_it(c: Context, who: str) -> Condition:
    """Whether an agent has used a token that is not good for the resource that it went to."""
    session = c.state.session(who)
    good = same(of_token(c, session.token, "aud", NONE), identifier_of(session.url))
    return all_of(same(session.phase, "sent"), no(good))
