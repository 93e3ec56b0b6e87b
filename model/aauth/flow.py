"""What honest parties do under AAuth, in protocol order."""

from collections.abc import Iterator

from model import authorization_server as server_rules
from model import resource_server as resource_rules
from model.aauth import agent, person_server
from model.aauth.agent import server_identifier
from model.aauth.messages import AuthTokenRequest, AuthTokenResponse, ConsentPage, ResourceToken, SignedRequest
from model.aauth.state import auth_tokens, key_of, signature
from model.action import Context, Move, action
from model.logic import Condition, Value, all_of, any_of, choose, mapped, no, one_of, same
from model.messages import Approval, ResourceResponse, Sent
from model.readings import (
    designates,
    frameworks,
    is_copied,
    is_strangers,
    issuer_at,
    may_begin,
    server_of,
    sessions,
    sessions_and_their_grants,
    tampered,
)
from model.rule import Named
from model.state import captures
from model.switching import Choices
from model.world import NONE, Held, Party, World

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
    issued, slot = c.world.issued[token], c.state.grant(token)
    iss, user = c.world.by_name[issued.server].url, issued.user
    if isinstance(issued, Held):
        aud = server_identifier(c.world.by_name[issued.resource].url)
        return {"iss": iss, "user": user, "aud": aud, "key": key_of(issued.client)}
    return {"iss": iss, "user": user, "aud": slot.aud, "key": slot.key}


def of_token(c: Context, token: Value, name: str, otherwise: Value) -> Value:
    """An attribute of whichever auth token is meant; another value for what the attacker made."""
    found = otherwise
    for known in auth_tokens(c.world):
        found = choose(same(token, known), token_of(c, known)[name], found)
    return found


def starts_astray(c: Context, who: str) -> Condition:
    """Whether an agent has turned to a server that the resource it contacted does not designate."""
    session = c.state.session(who)
    designated = c.at(session.url, lambda party: designates(c, party, session.aud))
    named = same(session.iss, identifier_of(session.url))
    return all_of(one_of(session.phase, *STARTED), no(all_of(named, designated)))


def uses_what_is_not_for_it(c: Context, who: str) -> Condition:
    """Whether an agent has used a token that is not good for the resource that it went to."""
    session = c.state.session(who)
    good = same(of_token(c, session.token, "aud", NONE), identifier_of(session.url))
    return all_of(same(session.phase, "sent"), no(good))


# --- call chaining -------------------------------------------------------------------------------------------


def upstream_token(c: Context, who: str) -> Value:
    """The auth token that a resource was called with, where it is its agent that calls others; else none."""
    earlier = c.world.upstream_of(who)
    return c.state[f"{earlier}.token"] if earlier else NONE


def _was_called(c: Context, who: str) -> Condition:
    """Whether the resource as whose agent one is in a session was called in the session before."""
    earlier, called = c.world.upstream_of(who), c.world.client_of(who).agent_of
    return same(c.state[f"{earlier}.url"], c.world.by_name[called].url) if earlier else True


def _hops(world: World, user: str) -> Iterator[tuple[str, str]]:
    """What a user's mission is about: who calls which resource, by their identifiers."""
    for session in world.sessions:
        if session.user == user:
            visited = world.visited(session)
            of = world.client_of(session.name)
            caller = server_identifier(world.by_name[of.agent_of].url) if of.agent_of else of.name
            yield from ((caller, server_identifier(url)) for url in visited)


def extends(c: Context, server: Party, user: str, token: Value, caller: str, iss: Value) -> tuple[Named, ...]:
    """The rules by which a person server gives a resource that calls another an auth token for that one.

    ``token`` is what it says that it was called with, ``caller`` its identifier, ``iss`` the other's.
    """
    policy, hops = c.of(server.name), tuple(_hops(c.world, user))
    hop = one_of(iss, *dict.fromkeys(url for by, url in hops if by == caller))
    resource = one_of(iss, *dict.fromkeys(url for _, url in hops))
    for_it = same(of_token(c, token, "aud", NONE), caller)  # who has a token here is whom it is for
    return (
        server_rules.exchanged_token_is_the_clients(policy, for_it, addressed=for_it),
        person_server.hop_is_within_the_mission(policy, hop, resource),
        person_server.user_recognises_the_hop(policy, hop),
    )


def is_asked(c: Context, server: Party) -> Condition:
    """Whether a person server asks the user about each resource that calls another."""
    return same(c.of(server.name).chain_policy, "asked")


def consent(server: Party, user: str, resource: Value, agent: str, asked: Condition = True) -> tuple[Sent, ...]:
    """A person server asks the user, if it does, and the user approves."""
    return (Sent(server.name, user, ConsentPage(resource, agent), asked), Sent(user, server.name, Approval(), asked))


# --- the flow ------------------------------------------------------------------------------------------------


@action("S1", each=sessions, choices=lambda world: {"url": world.resource_urls})
def client__send_signed_request(c: Context, who: str, url: Value) -> Move:
    """The agent sends a signed request with its person token to the URL that it was sent to."""
    session, visits = c.state.session(who), c.world.session[who].visits
    sent_to = c.at(url, lambda party: all_of(not visits or party.name in visits, c.is_there(party)))
    here = all_of(same(session.phase, "idle"), may_begin(c, who), _was_called(c, who), sent_to)
    request = SignedRequest(url, own_key(c, who))
    sent = Sent(agent_of(c, who), url, request)
    return Move(here, (), {f"{who}.phase": "asked", f"{who}.url": url}, (sent,))


def challenged(c: Context, who: str, here: Condition, iss: Value, aud: Value, agent_jkt: Value) -> Move:
    """An agent gets a resource token as the answer, no matter who wrote it."""
    session, design = c.state.session(who), c.client(who)
    return Move(
        all_of(same(session.phase, "asked"), here),
        (
            agent.resource_token_is_by_contacted_resource(design, iss, session.url),
            agent.resource_token_names_own_key(design, agent_jkt, own_key(c, who)),
        ),
        {f"{who}.phase": "challenged", f"{who}.iss": iss, f"{who}.aud": aud, f"{who}.agent_jkt": agent_jkt},
        (Sent(session.url, agent_of(c, who), ResourceToken(iss, aud, agent_jkt)),),
    )


@action("S4", each=sessions, choices=lambda world: {"aud": world.issuers})
def client__use_resource_token(c: Context, who: str, aud: Value) -> Move:
    """A resource that tells the truth answers with its resource token, and the agent checks it."""
    url = c.state.session(who).url
    honest = c.at(url, lambda party: all_of(c.exists(party), no(c.runs(party)), designates(c, party, aud)))
    return challenged(c, who, honest, identifier_of(url), aud, own_key(c, who))


@action("S12", each=sessions_and_their_grants)
def person_server__ask_user(c: Context, who: str, grant: str) -> Move:
    """The agent sends the resource token to the user's person server, which asks the user."""
    session, server, upstream = c.state.session(who), server_of(c, grant), upstream_token(c, who)
    user, client = c.world.user_of(who), c.world.client_of(who)
    its_own: Condition = True
    asked: Condition = True
    judged: tuple[Named, ...] = (
        person_server.user_recognises_the_resource(c.design, session.iss, choose(session.diverted, NONE, session.url)),
    )
    if client.agent_of:
        its_own, asked = same(of_token(c, upstream, "iss", NONE), server.url), is_asked(c, server)
        caller = server_identifier(c.world.by_name[client.agent_of].url)
        judged = extends(c, server, user, upstream, caller, session.iss)
    request = AuthTokenRequest(session.iss, session.aud, session.agent_jkt, upstream_token=upstream)
    return Move(
        all_of(same(session.phase, "challenged"), its_own),
        (
            person_server.resource_token_names_signing_key(c.of(server.name), session.agent_jkt, own_key(c, who)),
            *judged,
        ),
        {f"{who}.phase": "approved"},
        (Sent(agent_of(c, who), server.name, request), *consent(server, user, session.iss, client.url, asked)),
    )


def answered(c: Context, who: str, here: Condition, token: Value, iss: Value, aud: Value, key: Value) -> Move:
    """An agent gets an auth token from the server that the resource token names, no matter which."""
    session, design = c.state.session(who), c.client(who)
    return Move(
        here,
        (
            agent.auth_token_is_by_chosen_issuer(design, iss, session.aud),
            agent.auth_token_is_for_contacted_resource(design, aud, session.url),
            agent.auth_token_names_own_key(design, key, own_key(c, who)),
        ),
        {f"{who}.phase": "has_token", f"{who}.token": token},
        (Sent(session.aud, agent_of(c, who), AuthTokenResponse(token, iss, aud, key)),),
    )


@action("S16", each=sessions_and_their_grants)
def person_server__issue_auth_token(c: Context, who: str, grant: str) -> Move:
    """The person server issues an auth token for the resource and key that the resource token names."""
    session, own = c.state.session(who), server_of(c, grant).url
    aud, key = session.iss, session.agent_jkt
    here = all_of(same(session.phase, "approved"), same(session.aud, own), no(c.state.grant(grant).issued))
    move = answered(c, who, here, grant, own, aud, key)
    issued = {f"{grant}.issued": True, f"{grant}.aud": aud, f"{grant}.key": key}
    return move._replace(sets={**move.sets, **issued})


@action("S15", each=sessions_and_their_grants)
def person_server__ask_access_server(c: Context, who: str, grant: str) -> Move:
    """The person server turns to the access server of somebody else that the resource token names."""
    session, server = c.state.session(who), server_of(c, grant)
    here = all_of(same(session.phase, "approved"), is_strangers(c.world, session.aud))
    request = AuthTokenRequest(session.iss, session.aud, session.agent_jkt, upstream_token=upstream_token(c, who))
    own = same(session.aud, server.url)
    trusted = person_server.access_server_is_trusted(c.of(server.name), own, frameworks(c, session.aud, ()))
    return Move(here, (trusted,), {f"{who}.phase": "federated"}, (Sent(server.name, session.aud, request),))


def signed_with(c: Context, token: Value, url: Value) -> Value:
    """The signature of a request with a token; only one that the attacker may come to see is worth a name."""
    seen = {signature(one, at) for one in auth_tokens(c.world) for at in captures(c.world)}
    return mapped(lambda *of: signature(*of) if signature(*of) in seen else NONE, token, url)


@action("S18", each=sessions)
def client__send_auth_token(c: Context, who: str) -> Move:
    """The agent sends its auth token in a request that it signs."""
    session = c.state.session(who)
    signed = signed_with(c, session.token, session.url)
    request = SignedRequest(session.url, own_key(c, who), session.token, signature=signed)
    sent = Sent(agent_of(c, who), session.url, request, read=tampered(c, "requests", session.url))
    return Move(same(session.phase, "has_token"), (), {f"{who}.phase": "sent"}, (sent,))


def looks_at_no_key(design: Choices) -> Condition:
    """Whether a resource takes a signed request by whatever key, as it does not look at the one that a token names."""
    return same(design.rs_cnf, "off")


def accepts(
    c: Context, token: str, url: Value, own: Condition, signed: tuple[Condition, Condition]
) -> tuple[Named, ...]:
    """The rules by which an honest resource judges an auth token by an honest server.

    ``own``: the presenter holds the token's key; ``signed``: it has a signed request to this URL, or to another.
    """
    made = token_of(c, token)
    design = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    return (
        resource_rules.issuer_is_accepted(design, issuer_at(c, url, made["iss"])),
        resource_rules.audience_is_this_resource(design, identifier_of(url), url, made["aud"], False, of_domain=False),
        resource_rules.proof_is_by_bound_key(design, any_of(own, looks_at_no_key(design)), *signed),
    )


def _signable(world: World) -> list[dict[str, str]]:
    """Each session with the auth tokens that can be bound to its agent's key: those that another one has are not."""
    return [
        {"who": session.name, "token": name}
        for session in world.sessions
        for name in auth_tokens(world)
        if not isinstance(issued := world.issued[name], Held) or issued.client == session.client
    ]


@action("S19", each=_signable)
def resource_server__accept_signed_request(c: Context, who: str, token: str) -> Move:
    """An honest resource acts on the agent's request."""
    session = c.state.session(who)
    honest = c.at(session.url, lambda party: party.honest)
    here = all_of(same(session.phase, "sent"), same(session.token, token), honest, no(session.accepted))
    right = same(token_of(c, token)["key"], own_key(c, who))
    own, signed = all_of(right, no(is_copied(c, session))), (False, right)
    answer = Sent(session.url, agent_of(c, who), ResourceResponse(token_of(c, token)["user"]))
    return Move(here, accepts(c, token, session.url, own, signed), {f"{who}.accepted": True}, (answer,))
