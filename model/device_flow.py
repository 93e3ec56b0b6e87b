"""The device authorization grant: a client shows a code, the user approves elsewhere, and no browser comes back.

The device code, by which a client gets its token in the end, it has from the start (RFC 8628 3.2). It stands here for a
code that is issued when the user approves, and that reaches nobody but who asked. Where other clients send browsers to
authorize, the request goes.
"""

from collections.abc import Iterable

from model import client as client_rules
from model import gateways, scopes
from model.action import Context, Domains, Move, action, combined, possible
from model.attacker import attacker_authenticates, comes_from_client, has_identity, holds_browser, knows, leading
from model.attacker_sends import names_resource
from model.flow import BY_DEVICE, asks_for_more, authenticates, authentication_of, is_answered, issue
from model.logic import Value, any_of, no, same
from model.messages import THIEF, DeviceRequest, DeviceResponse, Sent, ShownCode, UserCode
from model.reading import SessionState
from model.readings import (
    is_client_that,
    is_strangers,
    own_grants,
    published,
    request_of,
    server_of,
    sessions,
    sessions_and_grants,
    user_of,
)
from model.rule import Named
from model.world import ATTACKER, NONE, Party, World, client_ids

#: What a user enters who is to approve what the attacker asked for.
OWN_CODE = "<attacker's own>"


def device_request(c: Context, session: SessionState) -> dict[str, Value]:
    """What a session asks for, as a grant remembers it: no browser comes back, and no key is named (RFC 8628 3.1)."""
    return {**request_of(c, session), "key": NONE}


@action("S9", each=sessions)
def client__ask_for_device_code(c: Context, who: str) -> Move:
    """The client asks an AS for codes, and shows its user one of them, and where to enter it."""
    session, cast = c.state.session(who), c.world.session[who]
    at, honest = session.authorization_at, no(is_strangers(c.world, session.authorization_at))
    here = possible(same(session.phase, "ready"), client_rules.shows_a_code(c.client(who)))
    request = device_request(c, session)
    asks = DeviceRequest(
        **authentication_of(c, session, "device_authorization", at),
        resource=request["resource"],
        scope=request.get("scope", NONE),
    )
    return Move(
        here,
        asks_for_more(c, who),
        {f"{who}.phase": "requested"},
        (
            Sent(cast.client, at, asks),
            Sent(at, cast.client, DeviceResponse(NONE, who), honest),
            Sent(cast.client, cast.user, ShownCode(who), honest),
        ),
    )


@action("S13", each=own_grants)
def authorization_server__approve_device(c: Context, who: str, grant: str) -> Move:
    """The user enters the code that the client shows, and approves."""
    session, server = c.state.session(who), server_of(c, grant)
    here = possible(
        same(session.phase, "requested"),
        client_rules.shows_a_code(c.client(who)),
        gateways.leads_to(c, session.authorization_at, server),
        same(c.state.grant(grant).code, "none"),
        no(is_answered(c, who, grant)),
    )
    move = issue(
        c,
        grant,
        who,
        True,
        device_request(c, session),
        through=gateways.by(c, session.authorization_at),
        apart=False,
        **BY_DEVICE,
    )
    user = user_of(c, grant)
    return move._replace(
        when=here,
        rules=(*_asked(c, session, server), *move.rules),
        sends=(Sent(user, server.name, UserCode(who)), *move.sends),
    )


def _asked(c: Context, session: SessionState, server: Party) -> Iterable[Named]:
    """The rules by which an AS has given a session its codes."""
    called = gateways.called(c, session.authorization_at, server)
    return authenticates(c, session, server, "device_authorization", called)


@action("S14", each=sessions_and_grants)
def client__learn_of_approval(c: Context, who: str, grant: str) -> Move:
    """The client, which asks again and again, learns that the user has approved."""
    session, slot = c.state.session(who), c.state.grant(grant)
    here = possible(same(session.phase, "requested"), client_rules.shows_a_code(c.client(who)), same(slot.of, who))
    return Move(here, (), {f"{who}.phase": "responded", f"{who}.code": grant}, ())


# --- the attacker ---------------------------------------------------------------------------------------------


@action("S10", lambda world: [each for each in sessions_and_grants(world) if each not in own_grants(world)])
def enter_user_code(c: Context, who: str, grant: str) -> Move:
    """The attacker enters a code that it knows, which a client shows in a session, or has a user enter it.

    In a session of its own it is shown the code; another's it sees, and may be quicker than who was to enter it.
    """
    session, server, user = c.state.session(who), server_of(c, grant), user_of(c, grant)
    here = possible(
        same(session.phase, "requested"),
        gateways.leads_to(c, session.authorization_at, server),
        same(c.state.grant(grant).code, "none"),
        knows(c, "user_code", who),
        any_of(holds_browser(c, user), comes_from_client(c, user)),
    )
    through, apart = gateways.by(c, session.authorization_at), user != ATTACKER
    move = issue(c, grant, who, True, device_request(c, session), through=through, apart=apart, **BY_DEVICE)
    led = leading(c, user, f"{server.url}/device")
    return move._replace(
        when=here,
        rules=(*_asked(c, session, server), *move.rules),
        sends=(*led, Sent(user, server.name, UserCode(who)), *move.sends),
    )


def _as_clients(world: World) -> Domains:
    of_clients = (client_id for client in world.clients for client_id in client_ids(world, client))
    own = (party.url for party in world.identities)
    return {"client": (*of_clients, *own), "resource": (NONE, *world.honest_urls), "scope": world.scopes_or_none}


@action("S10", lambda world: combined(grant=world.grant), _as_clients)
def ask_for_device_code(c: Context, grant: str, client: Value, resource: Value = NONE, scope: Value = NONE) -> Move:
    """The attacker asks an honest AS for a device code, as a client that it can be, and has a user approve."""
    server, user = server_of(c, grant), user_of(c, grant)
    here = possible(
        same(c.state.grant(grant).code, "none"),
        c.has(c.capabilities),
        is_client_that(c, client, lambda policy, _: client_rules.shows_a_code(policy)),
        has_identity(c, server, client, NONE),
        names_resource(c, client, resource),
        any_of(holds_browser(c, user), comes_from_client(c, user)),
    )
    asking = dict.fromkeys(("redirect", "challenge", "state", "key"), NONE)
    wanted = published(c, resource)
    request = {"client": client, "resource": wanted, **asking, **scopes.of_request(c, scope)}
    relayed = comes_from_client(c, user)
    move = issue(c, grant, THIEF, True, request, through=NONE, apart=user != ATTACKER, relayed=relayed, **BY_DEVICE)
    return move._replace(
        when=here,
        rules=(*attacker_authenticates(c, server, client, "device_authorization"), *move.rules),
        sends=(
            Sent(ATTACKER, server.name, DeviceRequest(client, resource=wanted, scope=scope)),
            Sent(server.name, ATTACKER, DeviceResponse(grant, OWN_CODE)),
            Sent(user, server.name, UserCode(OWN_CODE)),
            *move.sends,
        ),
    )


@action("S14", sessions_and_grants)
def answer_device_request(c: Context, who: str, grant: str) -> Move:
    """An AS of the attacker's answers a client with a device code that it knows."""
    session = c.state.session(who)
    here = possible(
        same(session.phase, "requested"),
        client_rules.shows_a_code(c.client(who)),
        c.attackers(session.authorization_at),
        knows(c, "code", grant),
    )
    answer = Sent(session.authorization_at, c.world.session[who].client, DeviceResponse(grant, OWN_CODE))
    return Move(here, (), {f"{who}.phase": "responded", f"{who}.code": grant}, (answer,))
