"""The attacker under AAuth: it signs for what it runs, asks for what anybody gets, and sends what it knows."""

from collections.abc import Iterable

from model import authorization_server as server_rules
from model import client as client_rules
from model import identifiers
from model import resource_server as resource_rules
from model.aauth.agent import server_identifier
from model.aauth.flow import (
    accepts,
    agent_of,
    answered,
    challenged,
    consent,
    extends,
    identifier_of,
    is_asked,
    looks_at_no_key,
    of_token,
    own_key,
    signed_with,
    token_of,
)
from model.aauth.messages import AgentRequest, AuthTokenRequest, AuthTokenResponse, SignedRequest
from model.aauth.state import auth_tokens, key_of, keys, resources, signature, users_tokens
from model.action import Context, Domains, Move, action, combined, possible
from model.attacker import brings_page, knows, signs_as, signs_from_page
from model.attacker_at_resources import asked_inside, claimed, handle_used, keys_are_listed, redirect_rules
from model.logic import Condition, Value, all_of, any_of, choose, no, one_of, same
from model.messages import FORGED, Fetch, Redirection, ResourceResponse, Sent
from model.readings import (
    accepted_issuer,
    designates,
    names_issuer,
    server_of,
    sessions,
    tampered,
    trusted_by,
    user_of,
    users_grants,
)
from model.registration import shows_a_client
from model.rule import Named
from model.state import ATTACKERS_KEY, captures
from model.token_flow import INTERNAL
from model.world import ATTACKER, ELSEWHERE, NONE, Party, Session, World

#: The identifier of a server at an internal address.
_INSIDE = identifiers.origin(INTERNAL)

# --- answering what an agent asks -----------------------------------------------------------------------------


def _visits(session: Session, names: Iterable[str]) -> bool:
    """Whether the agent may be sent to one of some resources in a session."""
    return not session.visits or not set(session.visits).isdisjoint(names)


def _sent_astray(world: World) -> list[dict[str, str]]:
    """The sessions in which the agent may be sent to a resource of the attacker's."""
    theirs = [party.name for party in world.resource_servers if not party.honest]
    return [{"who": session.name} for session in world.sessions if _visits(session, theirs)]


def _to_open_redirects(world: World) -> list[dict[str, str]]:
    """The sessions in which the agent may be sent to an honest resource that has an open redirect."""
    theirs = [tampering.party for tampering in world.tampered if tampering.channel == "redirect"]
    return [{"who": session.name} for session in world.sessions if theirs and _visits(session, theirs)]


def _redirected(world: World) -> list[dict[str, str]]:
    """The sessions in which a request may be redirected: by a resource of the attacker's, or an open redirect."""
    ways = (*_sent_astray(world), *_to_open_redirects(world))
    return [{"who": who} for who in dict.fromkeys(each["who"] for each in ways)]


def _redirects(c: Context, who: str) -> Condition:
    """Whether the attacker has an agent's request redirected."""
    url = c.state.session(who).url
    return any_of(c.attackers(url), tampered(c, "redirect", url))


def _places(world: World) -> list[dict[str, str]]:
    """Each session, with the challenge of the attacker's own resource or one that it writes on the way."""
    written = [tampering.party for tampering in world.tampered if tampering.channel == "challenge"]
    on_the_way = [{"who": session.name} for session in world.sessions if _visits(session, written)] if written else []
    return [
        {**who, "channel": channel}
        for channel, whose in (("own", _sent_astray(world)), ("challenge", on_the_way))
        for who in whose
    ]


def _writes(c: Context, who: str, channel: str) -> Condition:
    """Whether the attacker writes the challenge that an agent reads."""
    url = c.state.session(who).url
    return c.attackers(url) if channel == "own" else tampered(c, channel, url)


def _has_resource_token(c: Context, iss: Value, aud: Value, agent_jkt: Value, sent: Condition = False) -> Condition:
    """Whether the attacker has a resource token: one that it signs, or a genuine one, which anybody gets by asking.

    It signs as a host of its own, which is to be had, and as one that it shares with an honest resource where it is a
    tenant and tenants write the host's well-known documents. What it asks for is for its own key, or for that of an
    agent that has ``sent`` it a signed request, which it sends on to a resource that does not look where that was to
    go.
    """
    ways = []
    for party in c.world.resource_servers:
        own = server_identifier(party.url)
        passes_on = all_of(sent, same(c.of(party.name).rs_htu, "off"))
        asks = all_of(any_of(same(agent_jkt, ATTACKERS_KEY), passes_on), c.exists(party), designates(c, party, aud))
        ways.append(all_of(same(iss, own), asks if party.honest else _speaks_for(c, party)))
    return any_of(*ways)


def _speaks_for(c: Context, party: Party) -> Condition:
    """Whether the attacker signs as the host of a resource server of its own."""
    shared = {server_identifier(url) for url in c.world.honest_urls}
    tenant = server_identifier(party.url) in shared
    return all_of(same(c.design.wk_owner, "tenant"), c.runs(party)) if tenant else True


def _resource_tokens(world: World) -> Domains:
    return {"iss": resources(world), "aud": world.issuers, "agent_jkt": keys(world)}


@action("S2", _places, _resource_tokens)
def forge_challenge(c: Context, who: str, channel: str, iss: Value, aud: Value, agent_jkt: Value) -> Move:
    """The attacker answers an agent's request with a resource token that it signs, or that it got itself."""
    sent = all_of(c.attackers(c.state.session(who).url), same(agent_jkt, own_key(c, who)))
    here = all_of(_writes(c, who, channel), _has_resource_token(c, iss, aud, agent_jkt, sent))
    return challenged(c, who, here, iss, aud, agent_jkt)


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
    return answered(c, who, here, token, of_token(c, token, "iss", session.aud), aud, key)


@action("S4", _redirected, lambda world: {"url": world.honest_urls})
def redirect_agent(c: Context, who: str, url: Value) -> Move:
    """The attacker's resource, or an open redirect, redirects the agent's request to an honest resource.

    For a first request the agent signs again there; one with an auth token it sends as it is.
    """
    session, design, name = c.state.session(who), c.client(who), agent_of(c, who)
    here = all_of(_redirects(c, who), c.at(url, c.exists), no(same(url, session.url)), no(session.diverted))
    with_token = same(session.phase, "sent")
    again = SignedRequest(url, own_key(c, who), choose(with_token, session.token, NONE))
    return Move(
        all_of(one_of(session.phase, "asked", "sent"), here),
        redirect_rules(design, with_token, across=True),
        {f"{who}.url": url, f"{who}.diverted": True},
        (Sent(session.url, name, Redirection(url)), Sent(name, url, again)),
    )


@action("S18", _to_open_redirects)
def redirect_agent_to_attacker(c: Context, who: str) -> Move:
    """An honest resource redirects the agent's request, with its signature and token, where the attacker wants it."""
    session, design, name = c.state.session(who), c.client(who), agent_of(c, who)
    signed = signed_with(c, session.token, session.url)
    request = SignedRequest(ELSEWHERE, own_key(c, who), session.token, signature=signed)
    return Move(
        all_of(same(session.phase, "sent"), tampered(c, "redirect", session.url)),
        (client_rules.credentials_stay_with_origin(design, elsewhere=True),),
        {},
        (Sent(session.url, name, Redirection(ELSEWHERE)), Sent(name, ATTACKER, request)),
    )


@action("S4", _redirected)
def redirect_agent_inside(c: Context, who: str) -> Move:
    """The attacker's resource, or an open redirect, redirects the agent's request to an internal address."""
    session, name, design = c.state.session(who), agent_of(c, who), c.client(who)
    return Move(
        all_of(same(session.phase, "asked"), _redirects(c, who)),
        (
            client_rules.credentials_stay_with_origin(design, elsewhere=False),
            client_rules.fetches_are_guarded(design, internal=True),
        ),
        {"fetched.internal": True},
        (
            Sent(session.url, name, Redirection(INTERNAL)),
            Sent(name, INTERNAL, SignedRequest(INTERNAL, own_key(c, who))),
        ),
    )


@action("S1", sessions)
def ask_agent_for_internal_address(c: Context, who: str) -> Move:
    """Who writes on the way what a user asks of the agent names an internal address."""
    return asked_inside(c, who, SignedRequest(INTERNAL, own_key(c, who)))


@action("S3", _places)
def lead_agent_inside(c: Context, who: str, channel: str) -> Move:
    """A challenge makes the agent fetch the keys of its issuer from an internal address.

    The attacker's own metadata names one as `jwks_uri`; in the challenge of another's, or of a tenant of its, it has to
    be named as the issuer.
    """
    move = challenged(c, who, _writes(c, who, channel), _INSIDE, NONE, own_key(c, who))
    url = c.state.session(who).url
    speaks = c.at(url, lambda party: not party.honest and _speaks_for(c, party)) if channel == "own" else False
    named = (one._replace(holds=any_of(speaks, one.holds)) for one in move.rules)
    return move._replace(
        rules=(*named, client_rules.fetches_are_guarded(c.client(who), internal=True)),
        sets={"fetched.internal": True},
        sends=(*move.sends, Sent(agent_of(c, who), INTERNAL, Fetch(INTERNAL))),
    )


# --- asking for more than it was given ------------------------------------------------------------------------


def _extensions(world: World) -> list[dict[str, str]]:
    """Each token of a user's with each resource server of the attacker's, and a further grant of the same server."""
    return [
        {"token": token, "by": party.name, "grant": grant.name}
        for token in users_tokens(world)
        for party in world.resource_servers
        for grant in world.grants
        if not party.honest
        and grant.name != token
        and (grant.user, grant.server) == (world.issued[token].user, world.issued[token].server)
    ]


@action("S21", _extensions, lambda world: {"iss": tuple(dict.fromkeys(map(server_identifier, world.honest_urls)))})
def extend_token(c: Context, token: str, by: str, grant: str, iss: Value) -> Move:
    """A resource of the attacker's calls another in the user's name, and shows an auth token that it knows for it."""
    server, party = server_of(c, grant), c.world.by_name[by]
    here = possible(
        knows(c, "token", token),
        _speaks_for(c, party),
        no(c.state.grant(grant).issued),
        _has_resource_token(c, iss, server.url, ATTACKERS_KEY),
    )
    user, caller = user_of(c, grant), server_identifier(party.url)
    request = AuthTokenRequest(iss, server.url, ATTACKERS_KEY, upstream_token=token)
    asked = consent(server, user, iss, party.url, is_asked(c, server))
    return _gets(c, grant, here, extends(c, server, user, token, caller, iss), iss, request, asked)


# --- presenting what it knows or makes ------------------------------------------------------------------------


def _tokens_and_urls(world: World) -> list[dict[str, str]]:
    return combined(token=users_tokens(world), url=world.honest_urls)


@action("S18", _tokens_and_urls)
def present_auth_token(c: Context, token: str, url: str) -> Move:
    """The attacker presents an auth token that it knows at an honest resource, signed by itself or as it was signed."""
    party, made = c.world.by_url[url], token_of(c, token)
    signs = (all_of(same(made["key"], key_of(one.name)), signs_from_page(c, one.url)) for one in c.world.clients)
    made_for_it = same(made["key"], ATTACKERS_KEY)
    own = any_of(made_for_it, *signs, looks_at_no_key(c.of(party.name)))
    captured = {where: knows(c, "signature", signature(token, where)) for where in captures(c.world)}
    used = any_of(*(known for where, known in captured.items() if c.world.by_url[where].honest))
    fitting = [where for where in captured if identifiers.equal_htu(where, url)]
    for_this = any_of(*(captured[where] for where in fitting))
    for_another = any_of(*(known for where, known in captured.items() if where not in fitting))
    unused = all_of(same(c.of(party.name).rs_htu, "off"), for_another, no(used))
    over: Value = NONE
    for where, known in captured.items():
        over = choose(all_of(no(own), known), signature(token, where), over)
    key = choose(same(over, NONE), ATTACKERS_KEY, made["key"])
    return Move(
        all_of(knows(c, "token", token), c.exists(party)),
        (
            *accepts(c, token, url, own, (for_this, for_another)),
            resource_rules.proof_is_fresh(c.of(party.name), all_of(no(own), used, no(unused))),
        ),
        {f"served.{token}": True, f"replayed.{token}": no(made_for_it)},
        (
            Sent(ATTACKER, url, SignedRequest(url, key, token, signature=over)),
            Sent(url, ATTACKER, ResourceResponse(made["user"])),
        ),
    )


@action("S18", lambda world: combined(url=world.honest_urls), claimed)
def present_asserted_token(c: Context, url: str, iss: Value) -> Move:
    """A person server of the attacker's, under any name, asserts a user to an honest resource, for its own key."""
    party, policy = c.world.by_url[url], c.of(c.world.by_url[url].name)
    here = all_of(signs_as(c, iss), c.exists(party), no(c.state[f"asserted.{url}"]))
    known, at = trusted_by(c, party, iss), accepted_issuer(c, party, iss)
    named = names_issuer(policy, at)
    own, user = identifier_of(url), next(iter(c.world.users), NONE)
    request = SignedRequest(url, ATTACKERS_KEY, FORGED, iss, user)
    return Move(
        here,
        (
            resource_rules.issuer_is_accepted(policy, at),
            resource_rules.signature_is_by_issuer(policy, no(known), keys_are_listed(c, party)),
            resource_rules.audience_is_this_resource(policy, own, url, own, False, of_domain=False),
        ),
        {
            f"asserted.{url}": True,
            "accepted.as_user": resource_rules.subject_is_user(policy, known),
            "accepted.issuer": no(all_of(named, no(known))),
        },
        (Sent(ATTACKER, url, request), Sent(url, ATTACKER, ResourceResponse())),
    )


@action("S12", lambda world: combined(server=(server.name for server in world.honest_servers)))
def ask_with_internal_issuer(c: Context, server: str) -> Move:
    """Anybody asks a person server with a resource token of an internal address, whose keys it then fetches.

    Whatever verifies tokens has to look at where it fetches (JWKS Discovery and Caching); resources do so here.
    """
    party = c.world.by_name[server]
    request = AuthTokenRequest(_INSIDE, party.url, ATTACKERS_KEY)
    return Move(
        c.has(c.capabilities),
        (server_rules.fetches_are_guarded(c.of(server), internal=True),),
        {"fetched.internal": True},
        (Sent(ATTACKER, server, request), Sent(server, INTERNAL, Fetch(INTERNAL))),
    )


@action("S18", lambda world: combined(url=world.honest_urls))
def present_handle(c: Context, url: str) -> Move:
    """The attacker uses the handle of a user's session at a resource, which a page of its own has got hold of."""
    return handle_used(
        c, url, brings_page(c), SignedRequest(url, ATTACKERS_KEY, session_handle=next(iter(c.world.users), NONE))
    )


def _agents_and_grants(world: World) -> list[dict[str, str]]:
    agents = (*world.identities, *(client for client in world.clients if client.taken_by))
    return [{"agent": party.name, **each} for party in agents for each in users_grants(world)]


@action("S12", _agents_and_grants)
def ask_user_for_own_agent(c: Context, agent: str, grant: str) -> Move:
    """An agent of the attacker's asks for authority, and the user's person server shows the agent's identity."""
    party = c.world.by_name[agent]
    server, user = server_of(c, grant), user_of(c, grant)
    shown = shows_a_client(c, server, party.url, party.callback)
    return Move(
        c.has(party.taken_by) if party in c.world.clients else c.runs(party),
        (server_rules.user_recognises_the_client(c.design, shown),),
        {"approved.agent": True, "accepted.agent": shown},
        (Sent(ATTACKER, server.name, AgentRequest(party.url)), *consent(server, user, NONE, party.url)),
    )


def _taken_agents(world: World) -> list[dict[str, str]]:
    return [each for each in _agents_and_grants(world) if world.by_name[each["agent"]] in world.clients]


@action("S16", _taken_agents, lambda world: {"iss": tuple(dict.fromkeys(map(server_identifier, world.honest_urls)))})
def get_token_as_agent(c: Context, agent: str, grant: str, iss: Value) -> Move:
    """Who has an agent's host publishes keys there, and gets an auth token as that agent, which the user approves."""
    server, party = server_of(c, grant), c.world.by_name[agent]
    shown = shows_a_client(c, server, party.url, party.callback)
    here = possible(
        c.has(party.taken_by), no(c.state.grant(grant).issued), _has_resource_token(c, iss, server.url, ATTACKERS_KEY)
    )
    request = AuthTokenRequest(iss, server.url, ATTACKERS_KEY)
    approved = (server_rules.user_recognises_the_client(c.design, shown),)
    return _gets(c, grant, here, approved, iss, request, consent(server, user_of(c, grant), iss, party.url))


def _gets(
    c: Context,
    grant: str,
    here: Condition,
    rules: tuple[Named, ...],
    iss: Value,
    request: AuthTokenRequest,
    asked: tuple[Sent, ...],
) -> Move:
    """The attacker gets an auth token for a resource and its own key."""
    server = server_of(c, grant)
    answer = Sent(server.name, ATTACKER, AuthTokenResponse(grant, server.url, iss, ATTACKERS_KEY))
    issued = {f"{grant}.issued": True, f"{grant}.aud": iss, f"{grant}.key": ATTACKERS_KEY}
    return Move(here, rules, issued, (Sent(ATTACKER, server.name, request), *asked, answer))
