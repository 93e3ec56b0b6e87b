"""The attacker in the code flow: it answers for what it runs, and sends whatever it knows to whoever takes it.

It runs the endpoints of its parties and learns every field of what reaches them or leaks
(:func:`model.readings.deliver`). It sends any message whose fields are public or known to it to any honest party, by
its own browser or by one that it holds or can lure. It never has to say that it does not know something, and what it
chooses is no switch: ``splice`` and ``par_at`` only let a question forbid it something.

Where one choice is as good as any other for every rule that reads it, it takes that one: of iss the recorded one,
which no rule refuses; of a redirect URI of the client's that of the recorded issuer, unless the client infers the AS
from it; of dpop_jkt and `resource` none, since a request without them is honoured wherever one with them is.
"""

from __future__ import annotations

from model import authorization_server as server_rules
from model import client as client_rules
from model import guards
from model.action import Context, Domains, Move, action, possible
from model.flow import (
    SIGNED,
    authorization_request,
    document_rules,
    issue,
    server_metadata_rules,
    with_metadata,
)
from model.guards import ask
from model.identifiers import well_known_authorization_server
from model.logic import Condition, Value, all_of, any_of, choose, holds, implies, mapped, no, one_of, same
from model.messages import (
    FORGED,
    THIEF,
    AuthorizationRequest,
    AuthorizationResponse,
    Challenge,
    ClientAuthentication,
    Fetch,
    PushedRequest,
    PushedResponse,
    Redirection,
    ResourceMetadata,
    Sent,
    ServerMetadata,
    TokenRequest,
    TokenResponse,
)
from model.readings import (
    answered,
    attacker_authenticates,
    deliver,
    document,
    ids_of,
    is_strangers,
    knows,
    metadata_url,
    policy_of,
    published,
    pushes,
    redirect_uri_of,
    request_of,
    server_of,
    serves,
    sessions,
    sessions_and_grants,
    sessions_and_strangers,
    tampered,
    user_of,
    users_grants,
)
from model.registration import is_known
from model.resource_server import well_known_is_the_owners
from model.state import ATTACKERS_KEY, Moved, assertion_at, tokens
from model.token_flow import ELSEWHERE, token_request
from model.world import ATTACKER, FORGED_BY, LOOPBACK, NONE, World, callbacks, client_ids, on_same_origin

# --- answering what a client asks -----------------------------------------------------------------------------


def sessions_and_channels(world: World) -> list[dict[str, str]]:
    """One action for each session and each way in which the attacker may write a resource's metadata."""
    forged = dict.fromkeys(t.channel for t in world.tamperings if t.channel in FORGED_BY)
    return [{"who": s.name, "channel": channel} for s in world.sessions for channel in ("own", *forged)]


def controls_document(c: Context, who: str, url: Value, channel: str) -> Condition:
    """Whether the attacker writes what a client reads as the metadata of the resource at a URL."""
    if channel == "own":
        return c.attackers(url)
    return all_of(tampered(c, channel, url), no(same(c.client(who).prm, "off")))


@action("S3", sessions_and_channels, lambda world: {"resource": world.resources, "listed": world.issuers})
def publish_resource_metadata(c: Context, who: str, channel: str, resource: Value, listed: Value) -> Move:
    """A client reads resource metadata by the attacker: of its own resource, or of an honest one over a channel.

    A resource that the client was configured with says nothing about another.
    """
    session, design = c.state.session(who), c.client(who)
    own = same(resource, published(c, session.url))
    here = possible(
        same(session.phase, "challenged"),
        controls_document(c, who, session.url, channel),
        implies(same(design.prm, "off"), own),
    )
    tenants = holds(lambda url: url != NONE and on_same_origin(c.world, url), session.url)
    genuine = all_of(own, no(is_strangers(c.world, listed)))
    squats = all_of(channel == "own", same(design.prm_src, "wellknown"), tenants, no(genuine))
    vouched = any_of(
        same(design.prm, "off"), channel == "cache", all_of(channel == "own", same(c.design.e_enrolled, "yes"))
    )
    told = ResourceMetadata(resource, listed, choose(vouched, "by an accepted attester", NONE))
    return Move(
        here,
        (
            *document_rules(c, who, session.url, resource, vouched, channel),
            well_known_is_the_owners(c.design, any_of(squats, channel == "well_known")),
        ),
        {f"{who}.phase": "discovered", f"{who}.resource": resource, f"{who}.listed": listed},
        written(c, who, session.url, channel, told),
    )


def written(c: Context, who: str, url: Value, channel: str, told: ResourceMetadata) -> tuple[Sent, ...]:
    """How a client comes to a document of the attacker's; one who writes the challenge points to a URL of its own."""
    if channel != "challenge":
        return document(c, who, url, told)
    at = f"{ELSEWHERE}metadata"
    pointing = Sent(url, c.world.session[who].client, Challenge(at))
    return (pointing, *document(c, who, url, told, ATTACKER, at))


def _endpoints(world: World) -> Domains:
    named = dict.fromkeys(("issuer", "authorization_at", "token_at", "par_at"), world.issuers)
    return {**named, "promises_iss": (False, True), "connector": (False, True)}


@action("S7", sessions_and_strangers, _endpoints)
def publish_server_metadata(
    c: Context, who: str, server: str, issuer: Value, authorization_at: Value, token_at: Value, par_at: Value,
    promises_iss: Condition, connector: Condition,
) -> Move:  # fmt: skip
    """An AS of the attacker's names any issuer and any endpoints; it may come as a connector of the client's.

    The user goes to the AS that the resource lists, unless the choice is rewritten on the way; the attacker, in its own
    session, may ask for its own AS instead.
    """
    session, party, design = c.state.session(who), c.world.by_name[server], c.client(who)
    here = possible(same(session.phase, "discovered"), c.runs(party))
    rewritten = all_of(c.capabilities["net_first_leg"], same(c.design.leg1, "http"))
    by_choice = True if c.world.user_of(who) == ATTACKER else rewritten
    spliced, pushed_away = no(same(authorization_at, party.url)), no(same(par_at, party.url))
    allowed = all_of(
        implies(same(c.design.splice, "no"), no(spliced)),
        implies(same(c.design.splice, "yes"), no(is_strangers(c.world, authorization_at))),
        implies(same(c.design.par_at, "own"), no(pushed_away)),
        implies(same(c.design.par_at, "honest"), no(is_strangers(c.world, par_at))),
    )
    plainest = all_of(implies(no(pushes(design)), no(pushed_away)), implies(connector, c.has(party.connects_by)))
    told = ServerMetadata(issuer, authorization_at, token_at, choose(pushes(design), par_at, NONE), promises_iss)
    client = c.world.session[who].client
    fetch = Fetch(well_known_authorization_server(party.url))
    recorded = {
        "metadata": party.url, "issuer": issuer, "authorization_at": authorization_at, "token_at": token_at,
        "par_at": par_at, "promises_iss": promises_iss, "connector": connector,
    }  # fmt: skip
    return Move(
        all_of(here, any_of(same(session.listed, party.url), by_choice), allowed, plainest),
        server_metadata_rules(c, session, party, issuer, authorization_at, token_at, connector, promises_iss),
        with_metadata(who, **recorded),
        (Sent(client, server, fetch, no(connector)), Sent(server, client, told)),
    )


@action("S9", lambda world: [
    pair for pair in sessions_and_grants(world) if world.user_of(pair["who"]) != ATTACKER
])  # fmt: skip
def answer_pushed_request(c: Context, who: str, grant: str) -> Move:
    """The attacker's endpoint answers a pushed request with where a request of the attacker's own was pushed to."""
    session, slot = c.state.session(who), c.state.grant(grant)
    here = all_of(
        same(session.phase, "pushed"), c.attackers(session.par_at), same(session.request_uri, NONE),
        same(slot.code, "pushed"),
    )
    answer = Sent(session.par_at, c.world.session[who].client, PushedResponse(grant))
    return Move(here, (), {f"{who}.request_uri": grant}, (answer,))


@action("S16", sessions, lambda world: {"token": (FORGED, *tokens(world))})
def answer_token_request(c: Context, who: str, token: Value) -> Move:
    """The attacker's token endpoint answers with any token it knows or makes, and says what it likes of it."""
    session = answered(c, who)
    here = possible(same(session.phase, "asked"), c.attackers(session.token_at))
    known = any_of(same(token, FORGED), *(all_of(same(token, t), knows(c, "token", t)) for t in tokens(c.world)))
    answer = Sent(session.token_at, c.world.session[who].client, TokenResponse(token, "as asked"))
    return Move(all_of(here, known), (), {f"{who}.phase": "has_token", f"{who}.token": token}, (answer,))


# --- sending what it knows: authorization requests and responses ------------------------------------------------


def holds_browser(c: Context, user: str, *, at_callback: bool = False) -> Condition:
    """Whether the attacker can send a user's browser to an AS (or to a client's callback).

    Its own always; another's once that has come to its authorization endpoint, or by a capability: a link that the user
    follows leads anywhere, a page or a program that the user did not ask leads where nobody is asked.
    """
    if user == ATTACKER:
        return True
    unasked = ("web", "naive_rp", "req_leak", "state_leak", "local_app") if at_callback else ()
    return any_of(c.state[f"holds.browser.{user}"], c.has(("lure", *unasked)))


def leading(c: Context, user: str, to: Value) -> tuple[Sent, ...]:
    """What makes a user's browser go somewhere; the attacker's own goes by itself."""
    return () if user == ATTACKER else (Sent(ATTACKER, user, Redirection(to)),)


def sends_own_users(c: Context, client_id: Value, redirect: Value) -> Condition:
    """Whether a user comes with this request by using the attacker's client, or its program on the device."""
    as_client = [all_of(c.runs(party), same(redirect, party.callback)) for party in c.world.identities]
    on_device = all_of(c.capabilities["local_app"], same(redirect, LOOPBACK), is_known(c, client_id))
    return any_of(*as_client, on_device)


def has_identity(c: Context, client_id: Value, redirect: Value) -> Condition:
    """Whether the attacker may name this client_id: an honest client's, or one that it has made itself."""
    honest = one_of(client_id, *(known for client in c.world.clients for known in ids_of(c, client)))
    of_clients = [uri for client in c.world.clients for uri in callbacks(c.world, client)]
    own = [
        all_of(
            same(client_id, party.url),
            any_of(c.runs(party), all_of(c.has(party.registered_by), one_of(redirect, *of_clients))),
        )
        for party in c.world.identities
    ]
    return any_of(honest, *own)


def _crafted(world: World) -> Domains:
    clients, own = world.clients, world.identities
    names = [session.name for session in world.sessions]
    return {
        "client": (*(i for client in clients for i in client_ids(world, client)), *(party.url for party in own)),
        "redirect": tuple(dict.fromkeys((
            *(uri for client in clients for uri in callbacks(world, client)), LOOPBACK,
            *(party.callback for party in own),
        ))),
        "challenge": (NONE, THIEF, *names),
        "state": (NONE, *names),
    }  # fmt: skip


def can_write(c: Context, client: Value, redirect: Value, challenge: Value, state: Value) -> Condition:
    """Whether the attacker knows every field of an authorization request of its own making."""
    names = [session.name for session in c.world.sessions]
    return all_of(
        has_identity(c, client, redirect),
        any_of(one_of(challenge, NONE, THIEF), *(all_of(same(challenge, s), knows(c, "challenge", s)) for s in names)),
        any_of(same(state, NONE), *(all_of(same(state, s), knows(c, "state", s)) for s in names)),
    )


def _slots(world: World) -> list[dict[str, str]]:
    return [{"grant": grant.name} for grant in world.grants]


@action("S9", _slots, _crafted)
def push_request(c: Context, grant: str, client: Value, redirect: Value, challenge: Value, state: Value) -> Move:
    """The attacker pushes a request of its own making to an honest AS, as any client it can authenticate as."""
    server = server_of(c, grant)
    unused = possible(same(c.state.grant(grant).code, "none"))
    here = possible(
        unused, can_write(c, client, redirect, challenge, state),
        c.has(name for party in c.world.servers for name in party.run_by),
        # What it pushed serves to be handed to a client, which asks for it only where it pushes.
        any_of(*(pushes(c.client(session.name)) for session in c.world.sessions)),
    )  # fmt: skip
    pushed = {"client": client, "redirect": redirect, "challenge": challenge, "state": state}
    request = PushedRequest(client, redirect_uri=redirect, state=state, code_challenge=challenge)
    return Move(
        here,
        attacker_authenticates(c, server, client),
        {f"{grant}.code": "pushed", **{f"{grant}.{name}": value for name, value in pushed.items()}},
        (Sent(ATTACKER, server.name, request),),
    )


@action("S10", _slots, _crafted)
def send_request(c: Context, grant: str, client: Value, redirect: Value, challenge: Value, state: Value) -> Move:
    """The attacker sends a browser to an honest AS with a request of its own making, pushed if it can push it.

    Where the client's domain is its own it needs no user to approve: consent that was given to the client is
    remembered.
    """
    unused = possible(same(c.state.grant(grant).code, "none"))
    server, user = server_of(c, grant), user_of(c, grant)
    design = policy_of(c, client)
    held, sent = holds_browser(c, user), sends_own_users(c, client, redirect)
    taken = {name for party in c.world.clients for name in party.taken_by}
    silent = all_of(c.has(taken), same(design.reg, "cimd"), is_known(c, client)) if user != ATTACKER else False
    comes = possible(c.has(c.capabilities), unused, any_of(held, sent, silent))
    here = possible(comes, can_write(c, client, redirect, challenge, state))
    authenticated = all_of(*(rule.holds for rule in attacker_authenticates(c, server, client)))
    request = {
        "client": client, "redirect": redirect, "challenge": challenge, "state": state, "key": NONE, "resource": NONE,
    }  # fmt: skip
    # Whose flow it is shows in what binds the answer to one: a request with all of that copied is that session's.
    copied = all_of(no(same(state, NONE)), any_of(same(challenge, state), same(challenge, NONE)))
    of = choose(copied, state, THIEF)
    relayed = {} if user == ATTACKER else {"relayed": c.state[f"holds.browser.{user}"]}
    unasked = all_of(silent, no(any_of(held, sent)))
    move = issue(c, grant, of, authenticated, request, unasked=unasked, **relayed)
    crafted = AuthorizationRequest(client, NONE, redirect, state, challenge)
    return move._replace(
        when=here,
        sends=(*leading(c, user, f"{server.url}/authorize"), Sent(user, server.name, crafted), *move.sends),
    )


@action("S10", sessions_and_grants)
def forward_request(c: Context, who: str, grant: str) -> Move:
    """The attacker sends a browser to an honest AS with the request of a session: copied, or where it was pushed."""
    session, server, user = c.state.session(who), server_of(c, grant), user_of(c, grant)
    pushed = all_of(pushes(c.client(who)), same(session.par_at, server.url), knows(c, "request_uri", who))
    no_challenge = same(request_of(c, session)["challenge"], NONE)
    copied = all_of(knows(c, "state", who), any_of(knows(c, "challenge", who), no_challenge))
    here = possible(
        same(c.state.grant(grant).code, "none"),
        holds_browser(c, user),
        any_of(pushed, copied),
    )
    others_too = c.world.user_of(who) not in (user, ATTACKER)
    overtakes = all_of(pushed, same(session.authorization_at, server.url), others_too)
    move = issue(c, grant, who, pushed, request_of(c, session), reused=overtakes)
    very = authorization_request(c, session, choose(pushed, who, NONE), pushed)
    return move._replace(
        when=here,
        sends=(*leading(c, user, f"{server.url}/authorize"), Sent(user, server.name, very), *move.sends),
    )


def _responses(world: World) -> Domains:
    return {
        "code": (FORGED, *(grant.name for grant in world.grants)),
        "arrives_at": tuple(dict.fromkeys(uri for client in world.clients for uri in callbacks(world, client))),
    }


@action("S14", sessions, _responses)
def deliver_response(c: Context, who: str, code: Value, arrives_at: Value) -> Move:
    """The attacker has a browser deliver a response to a client: with any code it knows or makes, and any iss.

    After the client has used the state it may try once more, with what has leaked since.
    """
    session, design, client = c.state.session(who), c.client(who), c.world.client_of(who)
    late = all_of(one_of(session.phase, "responded", "asked", "has_token", "sent"), no(session.reused))
    here = possible(
        c.has(c.capabilities),
        any_of(same(session.phase, "requested"), late),
        holds_browser(c, c.world.user_of(who), at_callback=True),
        one_of(arrives_at, *callbacks(c.world, client)),
        any_of(same(code, FORGED), *(all_of(same(code, g.name), knows(c, "code", g.name)) for g in c.world.grants)),
    )
    user = c.world.user_of(who)
    returned = who if user == ATTACKER else choose(knows(c, "state", who), who, NONE)
    issuer = client_rules.inferred_issuer(design, client, c.world.issuers, arrives_at, session.issuer)
    response = AuthorizationResponse(arrives_at, code, returned, issuer)
    return Move(
        here,
        tuple(ask(
            guards.AUTHORIZATION_RESPONSE, design=design, session=who, other_browser=False, returned=returned,
            after_use=late, arrived_at=arrives_at, expected=redirect_uri_of(c, session), advertised=False,
            iss=NONE, issuer=NONE,  # it names the recorded one, whichever that is
        )),
        {
            f"{who}.phase": "responded", f"{who}.code": code, f"{who}.reused": any_of(session.reused, late),
            f"{who}.went_to": issuer,
        },
        (*leading(c, user, arrives_at), Sent(user, client.name, response)),
    )  # fmt: skip


# --- sending what it knows: token requests --------------------------------------------------------------------


def _wanted(world: World) -> Domains:
    return {"wanted": (NONE, *world.honest_urls)}


@action("S15", users_grants, _wanted)
def redeem_code(c: Context, grant: str, wanted: Value) -> Move:
    """The attacker redeems a code at the honest AS, as the client it was issued to, with a key of its own.

    ``wanted``: the URL of the honest resource server it would like the token for.
    """
    slot, server = c.state.grant(grant), server_of(c, grant)
    here = possible(knows(c, "code", grant), same(slot.code, "issued"), is_known(c, slot.client))
    policy, design = c.of(server.name), policy_of(c, slot.client)
    verifier: Value = choose(same(slot.challenge, THIEF), THIEF, NONE)
    for session in c.world.sessions:
        plain = all_of(same(c.client(session.name).pkce, "plain"), knows(c, "challenge", session.name))
        known = all_of(same(slot.challenge, session.name), any_of(knows(c, "verifier", session.name), plain))
        verifier = choose(known, session.name, verifier)
    proves = all_of(no(same(design.dpop, "none")), same(policy.as_dpop, "honor"))
    key, requested = choose(proves, ATTACKERS_KEY, NONE), published(c, wanted)
    request = TokenRequest(
        slot.client, grant_type="authorization_code", code=grant, redirect_uri=slot.redirect, code_verifier=verifier,
        proof_key=key, resource=requested,
    )  # fmt: skip
    answer = TokenResponse(grant, choose(proves, "DPoP", "Bearer"), grant)
    facts, sends = deliver(c, Sent(ATTACKER, server.name, request), Sent(server.name, ATTACKER, answer))
    return Move(
        here,
        (
            *attacker_authenticates(c, server, slot.client),
            client_rules.code_is_asked_for(design),
            *ask(
                (*guards.CODE, *guards.TOKEN_REQUEST), design=policy, code_client=slot.client, client=slot.client,
                code_redirect=slot.redirect, redirect=slot.redirect, challenge=slot.challenge, verifier=verifier,
                code_key=slot.key, key=key, granted=slot.resource, requested=requested,
                listed=serves(c, server, requested),
            ),
        ),
        {
            f"{grant}.code": "redeemed", f"{grant}.to": THIEF, f"{grant}.bound_key": key, f"{grant}.certificate": NONE,
            f"{grant}.target": choose(same(requested, NONE), slot.resource, requested), **facts,
        },
        sends,
    )  # fmt: skip


@action("S21", users_grants)
def use_refresh_token(c: Context, grant: str) -> Move:
    """The attacker gets a new access token for a refresh token that it knows, as the client."""
    slot, server = c.state.grant(grant), server_of(c, grant)
    here = possible(knows(c, "refresh", grant))
    request = TokenRequest(slot.client, grant_type="refresh_token", refresh_token=grant)
    answer = TokenResponse(f"{grant}+", "Bearer")
    facts, sends = deliver(c, Sent(ATTACKER, server.name, request), Sent(server.name, ATTACKER, answer))
    own = one_of(slot.bound_key, NONE, ATTACKERS_KEY)
    bound = choose(own, NONE, slot.bound_key)
    return Move(
        here,
        (
            *attacker_authenticates(c, server, slot.client),
            server_rules.refresh_token_is_bound(policy_of(c, slot.client), bound, slot.certificate),
        ),
        facts,
        sends,
    )


def _as_client(world: World) -> list[dict[str, str]]:
    return [
        {"server": server.name, "client": identity}
        for server in world.servers
        if server.honest
        for client in world.clients
        for identity in client_ids(world, client)
    ]


@action("S15", _as_client)
def authenticate(c: Context, server: str, client: str) -> Move:
    """The attacker authenticates at an honest AS as an honest client."""
    design = policy_of(c, client)
    here = all_of(c.has(c.capabilities), no(same(design.client_auth, "none")), is_known(c, client))
    sent = Sent(ATTACKER, server, _credentials(c, server, client))
    checked = attacker_authenticates(c, c.world.by_name[server], client)
    return Move(here, checked, {"accepted.authentication": True}, (sent,))


def _credentials(c: Context, server: str, client_id: str) -> ClientAuthentication:
    """What the attacker authenticates with as a client: its secret, or an assertion that it was sent."""
    client = next(client for client in c.world.clients if client_id in ids_of(c, client))
    secret: Value = choose(knows(c, "secret", f"{client.name}@{server}"), f"{client.name}@{server}", NONE)
    made = assertion_at(c.world.by_name[server], client_id)
    held = knows(c, "assertion", made)
    return ClientAuthentication(
        client_id, secret, choose(held, SIGNED, NONE), assertion_opens=(choose(held, made, NONE),)
    )


def _rechallenges(world: World) -> list[dict[str, str]]:
    strangers = [server.name for server in world.servers if not server.honest]
    return [{**pair, "server": server} for pair in sessions_and_channels(world) for server in strangers]


@action("S22", _rechallenges, lambda world: {"issuer": world.issuers})
def rechallenge(c: Context, who: str, channel: str, server: str, issuer: Value) -> Move:
    """Challenged anew by a resource whose metadata the attacker writes, the client refreshes at the AS it now lists."""
    session, party, design = answered(c, who), c.world.by_name[server], c.client(who)
    grants = {grant.name: c.world.by_name[grant.server].url for grant in c.world.grants}
    refresh = mapped(lambda token: token if token in grants else NONE, session.token)
    here = possible(
        same(session.phase, "sent"), c.runs(party), no(same(refresh, NONE)),
        no(is_strangers(c.world, session.token_at)),
        no(same(design.prm, "off")), controls_document(c, who, session.url, channel),
    )  # fmt: skip
    came_from = mapped(lambda grant: grants.get(grant, NONE), refresh)
    # The client is now where the new metadata leads; it sends what it would send there.
    moved = Moved(session, issuer=issuer, metadata=party.url, token_at=party.url)
    request = token_request(c, moved, party.url, grant_type="refresh_token", refresh_token=refresh)
    client = c.world.session[who].client
    anew = Sent(session.url, client, Challenge(metadata_url(c, session.url)), channel != "challenge")
    pointed = written(c, who, session.url, channel, ResourceMetadata(session.url, party.url))
    published_ = ServerMetadata(issuer, party.url, party.url)
    facts, sends = deliver(
        c, anew, *pointed, Sent(server, client, published_), Sent(client, server, request)
    )
    vouched = any_of(channel == "cache", all_of(channel == "own", same(c.design.e_enrolled, "yes")))
    listed = Moved(session, listed=party.url)
    return Move(
        here,
        (
            *document_rules(c, who, session.url, session.url, vouched, channel),
            *server_metadata_rules(c, listed, party, issuer, party.url, party.url),
            client_rules.refresh_token_stays_with_issuer(design, same(issuer, came_from)),
        ),
        {f"{who}.phase": "renewed", **facts},
        sends,
    )
