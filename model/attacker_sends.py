"""What the attacker sends to honest clients and authorization servers: whatever it knows every field of.

Where one choice is as good as any other for every rule that reads it, it takes that one: of iss the recorded one,
which no rule refuses; of a redirect URI of the client's that of the recorded issuer, unless the client infers the AS
from it; of dpop_jkt none, since a request without it is honoured wherever one with it is; and of `resource` none where
the token request says what counts.
"""

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, guards, scopes
from model.action import Context, Domains, Free, Move, action, combined, possible
from model.attacker import (
    attacker_authenticates,
    authenticates_as,
    can_write,
    comes_from_client,
    credentials,
    has_host,
    holds_browser,
    knows,
    leading,
    runs_client,
    sends_own_users,
    token_type,
)
from model.flow import BY_BROWSER, SIGNED, authorization_request, believed, finished_by, is_answered, issue
from model.logic import Condition, Value, all_of, any_of, choose, implies, mapped, no, one_of, same
from model.lookups import STATEMENT, client_is_read
from model.messages import (
    FORGED,
    OWN,
    REFUSED,
    THIEF,
    AuthorizationRequest,
    AuthorizationResponse,
    ClientAuthentication,
    PushedRequest,
    PushedResponse,
    RegistrationRequest,
    RegistrationResponse,
    Sent,
    TokenRequest,
    TokenResponse,
    asked,
)
from model.readings import (
    attackers_key,
    follows,
    ids_of,
    is_client_that,
    policy_of,
    published,
    pushes,
    redirect_uri_of,
    request_of,
    server_of,
    serves,
    sessions_and_grants,
    user_of,
    users_grants,
)
from model.registration import has_clients, is_known, knows_signers
from model.state import assertion_at, id_token_with, refreshed
from model.token_endpoint import (
    Requester,
    by_attacker,
    code_rules,
    code_shown,
    issued,
    refresh_token_rules,
    request_rules,
)
from model.world import ATTACKER, LOOPBACK, NONE, Party, World, callbacks, client_ids, pages

# --- sending what it knows: authorization requests and responses ------------------------------------------------


def crafted(world: World) -> Domains:
    """What an authorization request of the attacker's making may say."""
    clients, own = world.clients, world.identities
    return {
        "client": (*(i for client in clients for i in client_ids(world, client)), *(party.url for party in own)),
        "redirect": tuple(
            dict.fromkeys(
                (
                    *(uri for client in clients for uri in (*callbacks(world, client), *pages(world, client))),
                    LOOPBACK,
                    *world.own_callbacks,
                )
            )
        ),
        "challenge": (NONE, THIEF, *world.session),
        "state": (NONE, *world.session),
        "resource": (NONE, *world.honest_urls),
        "scope": world.scopes_or_none,
    }


def names_resource(c: Context, client: Value, resource: Value) -> Condition:
    """Whether a request of the attacker's may name a resource server: where what it names counts in the end.

    It does where the client that redeems the code names none: the AS goes by the authorization request then.
    """
    counts = no(client_rules.names_resource(policy_of(c, client), "token"))
    return any_of(same(resource, NONE), counts)


def _ways(world: World) -> Domains:
    """By which gateway a request may be sent, if any."""
    return {"through": world.gateways_or_none}


def _slots(world: World) -> list[dict[str, str]]:
    return combined(grant=world.grant)


def _identities_and_servers(world: World) -> list[dict[str, str]]:
    """One action for each identity of the attacker's, and each honest AS or proxy."""
    servers = (server.name for server in world.honest_registrars)
    return combined(client=(client.name for client in world.identities), server=servers)


@action("S8", _identities_and_servers)
def register(c: Context, client: str, server: str) -> Move:
    """The attacker registers an identity of its own where anybody may register."""
    party, policy = c.world.by_name[client], c.of(server)
    anybody = c.capabilities if party.identity == "own" else ()
    statement = choose(same(policy.reg, "dcr_ss"), STATEMENT, NONE)
    request = RegistrationRequest((party.callback,), software_statement=statement)
    return Move(
        possible(
            any_of(same(policy.reg, "dcr"), all_of(same(policy.reg, "dcr_ss"), knows_signers(policy))),
            c.has((*party.run_by, *party.registered_by, *anybody)),
        ),
        (),
        {f"registered.{client}@{server}": True},
        (Sent(ATTACKER, server, request), Sent(server, ATTACKER, RegistrationResponse(party.url))),
    )


@action("S9", _slots, crafted)
def push_request(
    c: Context,
    grant: str,
    client: Value,
    redirect: Value,
    challenge: Value,
    state: Value,
    resource: Value = NONE,
    scope: Value = NONE,
) -> Move:
    """The attacker pushes a request of its own making to an honest AS, as any client it can authenticate as."""
    server = server_of(c, grant)
    unused = possible(same(c.state.grant(grant).code, "none"))
    here = possible(
        unused,
        can_write(c, server, client, redirect, challenge, state),
        names_resource(c, client, resource),
        c.has(name for party in c.world.servers for name in party.run_by),
        # What it pushed serves to be handed to a client, which asks for it only where it pushes.
        any_of(*(pushes(c.client(session.name), follows(c, session.name)) for session in c.world.sessions)),
    )
    pushed = {
        "client": client,
        "redirect": redirect,
        "challenge": challenge,
        "state": state,
        "resource": published(c, resource),
        **scopes.of_request(c, scope),
    }
    request = _pushed(pushed, scope)
    return Move(
        here,
        attacker_authenticates(c, server, client, "par"),
        {f"{grant}.code": "pushed", **{f"{grant}.{name}": value for name, value in pushed.items()}},
        (Sent(ATTACKER, server.name, request), *client_is_read(c, server, client, redirect)),
    )


#: What an authorization request of the attacker's says itself, unless it was pushed.
_BY_VALUE = ("redirect_uri", "state", "code_challenge", "resource", "scope")


def _pushed(request: dict[str, Value], scope: Value) -> PushedRequest:
    """A request of the attacker's making, as it pushes that."""
    return PushedRequest(
        request["client"],
        redirect_uri=request["redirect"],
        state=request["state"],
        code_challenge=request["challenge"],
        resource=request["resource"],
        scope=scope,
    )


@action("S10", _slots, lambda world: {**crafted(world), **_ways(world)})
def send_request(
    c: Context,
    grant: str,
    client: Value,
    redirect: Value,
    challenge: Value,
    state: Value,
    resource: Value = NONE,
    scope: Value = NONE,
    through: Value = NONE,
) -> Move:
    """The attacker sends a browser to an honest AS with a request of its own making, pushed if it can push it.

    Where the client's domain is its own it needs no user to approve: consent that was given to the client is
    remembered.
    """
    server, user = server_of(c, grant), user_of(c, grant)
    by_browser = is_client_that(c, client, client_rules.uses_browser)
    may = possible(same(c.state.grant(grant).code, "none"), c.has(c.capabilities), by_browser)
    written = can_write(c, server, client, redirect, challenge, state)
    held, sent = holds_browser(c, user), sends_own_users(c, client, redirect)
    silent = has_host(c, client)
    here = possible(may, written, names_resource(c, client, resource), any_of(held, sent, silent))
    authenticated = all_of(*(rule.holds for rule in attacker_authenticates(c, server, client, "par")))
    request = {
        "client": client,
        "redirect": redirect,
        "challenge": challenge,
        "state": state,
        "key": NONE,
        "resource": published(c, resource),
        **scopes.of_request(c, scope),
    }
    # Whose flow it is shows in what binds the answer to one: a request with all of that copied is that session's.
    copied = all_of(no(same(state, NONE)), any_of(same(challenge, state), same(challenge, NONE)))
    of = choose(copied, state, THIEF)
    unasked = all_of(silent, no(any_of(held, sent)))
    relayed = comes_from_client(c, user)
    move = issue(
        c,
        grant,
        of,
        authenticated,
        request,
        reused=False,
        unasked=unasked,
        by_value=True,
        through=through,
        relayed=relayed,
        **BY_BROWSER,
    )
    pushed = _pushed(request, scope)
    pushes_it = same(c.of(server.name).par, "required")
    at = gateways.endpoint(server, through)
    by_value = {name: getattr(pushed, name) for name in _BY_VALUE}
    carried = {name: choose(pushes_it, NONE, value) for name, value in by_value.items()}
    sends = (
        *asked(ATTACKER, server.name, pushed, PushedResponse(THIEF), pushes_it),
        *leading(c, user, mapped("{}/authorize".format, at)),
        Sent(user, at, AuthorizationRequest(client, choose(pushes_it, THIEF, NONE), **carried)),
    )
    return move._replace(when=here, sends=(*sends, *move.sends))


@action("S10", sessions_and_grants, _ways)
def forward_request(c: Context, who: str, grant: str, through: Value = NONE) -> Move:
    """The attacker sends a browser to an honest AS with the request of a session: copied, or where it was pushed."""
    session, server, user = c.state.session(who), server_of(c, grant), user_of(c, grant)
    pushed = all_of(same(session.par_at, server.url), knows(c, "request_uri", who))
    no_challenge = same(request_of(c, session)["challenge"], NONE)
    copied = all_of(knows(c, "state", who), any_of(knows(c, "challenge", who), no_challenge))
    here = possible(same(c.state.grant(grant).code, "none"), holds_browser(c, user), any_of(pushed, copied))
    others_too = c.world.user_of(who) not in (user, ATTACKER)
    overtakes = all_of(pushed, gateways.leads_to(c, session.authorization_at, server), others_too)
    own, reused = request_of(c, session), any_of(overtakes, all_of(pushed, is_answered(c, who, grant)))
    move = issue(
        c, grant, who, pushed, own, reused=reused, unasked=False, by_value=no(pushed), through=through, **BY_BROWSER
    )
    very = authorization_request(c, session, choose(pushed, who, NONE), pushed)
    at = gateways.endpoint(server, through)
    led = leading(c, user, mapped("{}/authorize".format, at))
    return move._replace(when=here, sends=(*led, Sent(user, at, very), *move.sends))


def _responses(world: World) -> Domains:
    return {
        "code": (FORGED, REFUSED, *world.grant),
        "arrives_at": tuple(dict.fromkeys(uri for client in world.clients for uri in callbacks(world, client))),
    }


def _sessions_and_browsers(world: World) -> list[dict[str, str]]:
    return combined(who=world.flows, browser=(*world.users, ATTACKER))


@action(
    "S14", _sessions_and_browsers, _responses, {"AuthorizationResponse.iss": Free(lambda world: (NONE, *world.issuers))}
)
def deliver_response(c: Context, who: str, browser: str, code: Value, arrives_at: Value) -> Move:
    """The attacker has a browser deliver a response to a client: with any code it knows or makes, or an error; any iss.

    In a browser that is not that of its user a session is found by its state, if at all. After the client has used the
    state it may try once more, with what has leaked since. An error is nothing to a client that ends with it.
    """
    session, design, client = c.state.session(who), c.client(who), c.world.client_of(who)
    user, own = c.world.user_of(who), browser == c.world.user_of(who)
    has_state = True if user == ATTACKER else knows(c, "state", who)
    late = all_of(one_of(session.phase, "responded", "asked", "has_token", "sent"), no(session.reused))
    by_browser = no(client_rules.shows_a_code(design))
    error = same(code, REFUSED)
    goes_on = all_of(error, client_rules.goes_on_after_error(design), same(session.phase, "requested"))
    here = possible(
        c.has(c.capabilities),
        any_of(same(session.phase, "requested"), late),
        by_browser,
        holds_browser(c, browser, at_callback=True),
        own or has_state,
        one_of(arrives_at, *callbacks(c.world, client)),
        any_of(
            same(code, FORGED), goes_on, *(all_of(same(code, g.name), knows(c, "code", g.name)) for g in c.world.grants)
        ),
    )
    returned = choose(has_state, who, NONE)
    issuer = client_rules.inferred_issuer(design, client, c.world.issuers, arrives_at, session.issuer)
    told = choose(error, NONE, code)
    response = AuthorizationResponse(arrives_at, told, returned, issuer, choose(error, "access_denied", NONE))
    return Move(
        here,
        believed(
            design,
            error,
            guards.authorization_response(
                design,
                session=who,
                other_browser=not own,
                returned=returned,
                after_use=late,
                arrived_at=arrives_at,
                expected=redirect_uri_of(c, session),
                advertised=False,
                iss=NONE,
                issuer=NONE,  # it names the recorded one, whichever that is
            ),
        ),
        {
            f"{who}.phase": choose(error, "refused", "responded"),
            f"{who}.code": choose(error, FORGED, code),
            f"{who}.reused": any_of(session.reused, late),
            f"{who}.went_to": issuer,
            **finished_by(c, who, browser),
        },
        (*leading(c, browser, arrives_at), Sent(browser, client.name, response)),
    )


# --- sending what it knows: token requests --------------------------------------------------------------------


def _wanted(world: World) -> Domains:
    return {"wanted": (NONE, *world.honest_urls)}


def _verifier(c: Context, challenge: Value) -> Value:
    """The verifier of a challenge, as far as the attacker has it: its own, one it knows, or a plain challenge."""
    verifier: Value = choose(same(challenge, THIEF), THIEF, NONE)
    for who in c.world.session:
        plain = all_of(same(c.client(who).pkce, "plain"), knows(c, "challenge", who))
        known = all_of(same(challenge, who), any_of(knows(c, "verifier", who), plain))
        verifier = choose(known, who, verifier)
    return verifier


@action("S15", _slots, _wanted)
def redeem_code(c: Context, grant: str, wanted: Value) -> Move:
    """The attacker redeems a code at the honest AS, as the client it was issued to, with a key of its own.

    That of a code of its own account is a token that an AS of the attacker's may hand out as anybody's.

    ``wanted``: the URL of the honest resource server it would like the token for.
    """
    slot, server = c.state.grant(grant), server_of(c, grant)
    # What a user approved for a client of the attacker's is the attacker's by right. Its own token is for an AS of the
    # attacker's to hand out; where it is good nobody asks then, so that it is good everywhere.
    handed_out = all_of(c.has(name for party in c.world.servers for name in party.run_by), same(wanted, NONE))
    counts = handed_out if user_of(c, grant) == ATTACKER else is_known(c, slot.client)
    here = possible(knows(c, "code", grant), same(slot.code, "issued"), counts)
    design = policy_of(c, slot.client)
    asking = _with_code(c, grant, published(c, wanted), no(same(design.dpop, "none")))
    by_code = (client_rules.code_is_asked_for(design), *code_rules(c, grant, asking))
    return Move(
        here,
        request_rules(c, server, asking, slot.resource, by_code),
        issued(c, grant, asking, slot.resource),
        _redemption(c, server, grant, asking, _had_by_code(c, grant, grant, asking)),
    )


@action("S16", users_grants)
def redeem_code_again(c: Context, grant: str) -> Move:
    """The attacker repeats the token request of a code that was redeemed, with a key of its own, for its own token.

    It asks for the same resource as the first request.
    """
    slot, server = c.state.grant(grant), server_of(c, grant)
    design = policy_of(c, slot.client)
    asking = _with_code(c, grant, slot.target, no(same(design.dpop, "none")))
    here = possible(knows(c, "code", grant), same(slot.code, "redeemed"))
    by_code = (client_rules.code_is_asked_for(design), *code_rules(c, grant, asking, reused=True))
    return Move(
        here,
        request_rules(c, server, asking, slot.resource, by_code),
        {f"{grant}.code": "reused"},
        _redemption(c, server, grant, asking, _had_by_code(c, grant, refreshed(grant), asking)),
    )


def _had_by_code(c: Context, grant: str, token: str, asking: Requester) -> TokenResponse:
    return TokenResponse(token, token_type(asking.key), grant, id_token=id_token_with(c.world, grant))


def _with_code(c: Context, grant: str, resource: Value = NONE, useful: Condition = False) -> Requester:
    """The attacker asks with a code, as the client that it was issued to."""
    slot, server = c.state.grant(grant), server_of(c, grant)
    return by_attacker(c, server, slot.client, resource, useful, slot.redirect, _verifier(c, slot.challenge))


def _redemption(c: Context, server: Party, grant: str, asking: Requester, answer: TokenResponse) -> tuple[Sent, ...]:
    design = policy_of(c, asking.client)
    request = TokenRequest(
        asking.client,
        grant_type=choose(client_rules.shows_a_code(design), "device_code", "authorization_code"),
        **code_shown(design, grant),
        redirect_uri=asking.redirect,
        code_verifier=asking.verifier,
        proof_key=asking.key,
        resource=asking.resource,
    )
    return asked(ATTACKER, server.name, request, answer)


@action("S15", _slots)
def redeem_own_code(c: Context, grant: str) -> Move:
    """The attacker redeems the code of a login, for an ID token and a token of its own.

    The login is one at a client of its own, or that of its own account at another.
    """
    server, asking = server_of(c, grant), _with_code(c, grant)
    by_code = (client_rules.code_is_asked_for(policy_of(c, asking.client)), *code_rules(c, grant, asking))
    return Move(
        possible(knows(c, "code", grant), any_of(user_of(c, grant) == ATTACKER, *runs_client(c, asking.client))),
        request_rules(c, server, asking, c.state.grant(grant).resource, by_code),
        {f"has.login@{server.name}": True},
        _redemption(c, server, grant, asking, TokenResponse(OWN, "Bearer")),
    )


@action("S21", users_grants, _wanted)
def use_refresh_token(c: Context, grant: str, wanted: Value) -> Move:
    """The attacker gets a new access token for a refresh token that it knows, as the client.

    It names the resource that it would like the token for, unless the AS issues none but for that of the grant.
    """
    slot, server, again = c.state.grant(grant), server_of(c, grant), refreshed(grant)
    policy, resource = c.of(server.name), published(c, wanted)
    names = any_of(same(wanted, NONE), same(policy.rt_resource_bound, "no"))
    here = possible(knows(c, "refresh", grant), no(knows(c, "token", again)), names)
    key = attackers_key(c, server, slot.client)
    request = TokenRequest(
        slot.client, grant_type="refresh_token", refresh_token=grant, proof_key=key, resource=resource
    )
    answer = TokenResponse(again, token_type(key))
    return Move(
        here,
        (
            *attacker_authenticates(c, server, slot.client),
            *guards.token_request(
                policy,
                proven=True,
                promised=True,
                granted=slot.target,
                requested=resource,
                listed=serves(c, server, resource),
                elsewhere=False,
            ),
            *refresh_token_rules(c, grant),
        ),
        {f"{grant}.named": resource},
        asked(ATTACKER, server.name, request, answer),
    )


def _as_client(world: World) -> list[dict[str, str]]:
    identities = (identity for client in world.clients for identity in client_ids(world, client))
    servers = world.honest_registrars
    return combined(server=(server.name for server in servers), client=identities)


@action("S15", _as_client)
def authenticate(c: Context, server: str, client: str) -> Move:
    """The attacker authenticates at an honest AS, or at a proxy that is one to its clients, as an honest client."""
    design, party = policy_of(c, client), c.world.by_name[server]
    has, checked = authenticates_as(c, party, client)
    # Where its document says so, who comes without credentials is let in, but not as the client.
    as_client = implies(server_rules.is_public(design, c.of(server)), has)
    here = all_of(c.has(c.capabilities), as_client, has_clients(c, party), is_known(c, client))
    sent = Sent(ATTACKER, server, _credentials(c, server, client))
    return Move(here, checked, {"accepted.authentication": True}, (sent,))


def _credentials(c: Context, server: str, client_id: str) -> ClientAuthentication:
    """What the attacker authenticates with as a client: its secret, or an assertion that it was sent."""
    client = next(client for client in c.world.clients if client_id in ids_of(c, client))
    shown = credentials(c, c.world.by_name[server], client_id)
    secret: Value = choose(shown.secret, f"{client.name}@{server}", NONE)
    opens = choose(shown.assertion, assertion_at(c.world.by_name[server], client_id), NONE)
    return ClientAuthentication(client_id, secret, choose(shown.assertion, SIGNED, NONE), assertion_opens=(opens,))
