"""What a resource server does that calls another for its caller: an MCP gateway, and the server behind it.

It passes on the token that it was sent, which MCP forbids, or exchanges it at its AS for one that is good at the other
(RFC 8693). It acts as a client of its own (``agent_of``), in a session that comes after the one in which it was called.
"""

from dataclasses import replace

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, scopes
from model import resource_server as resource_rules
from model.action import Context, Move, action, combined, possible
from model.flow import authentication_of
from model.logic import Condition, Value, all_of, choose, holds, no, one_of, same
from model.messages import ResourceRequest, Sent, TokenExchange
from model.readings import by_method, names_all, published, requested_resource, server_of, serves, token_of
from model.state import tokens
from model.token_endpoint import by_session, issued_at_once, request_rules, response_rules
from model.token_flow import received, token_response
from model.world import NONE, TRUST_DOMAIN, Party, World


def _onward(world: World) -> list[dict[str, str]]:
    """One action for each session in which a resource server calls another, and each token that it may be sent."""
    return combined(who=(each.name for each in world.sessions if world.upstream_of(each.name)), token=tokens(world))


def _called(c: Context, who: str) -> Party:
    """The resource server that calls another in a session."""
    return c.world.by_name[c.world.client_of(who).agent_of]


def _was_sent(c: Context, who: str, token: str) -> Condition:
    """Whether this resource server has acted on a request with a token."""
    earlier = c.state.session(c.world.upstream_of(who))
    return possible(earlier.accepted, same(earlier.url, _called(c, who).url), same(earlier.token, token))


@action("S22", _onward, lambda world: {"url": world.resource_urls})
def resource_server__pass_token_on(c: Context, who: str, token: str, url: Value) -> Move:
    """A resource server that was called calls another with the very token that it was sent."""
    cast, earlier = c.world.session[who], c.state.session(c.world.upstream_of(who))
    of_token = ("metadata", "issuer", "token_at")  # the AS that it came from
    there = c.at(url, lambda party: all_of(c.exists(party), not cast.visits or party.name in cast.visits))
    return Move(
        possible(same(c.state.session(who).phase, "idle"), _was_sent(c, who, token), there),
        (
            resource_rules.tokens_are_not_forwarded(
                c.of(_called(c, who).name), forwarded=True, of_domain=token_of(c, token).of_domain
            ),
        ),
        {
            f"{who}.phase": "sent",
            f"{who}.url": url,
            f"{who}.resource": published(c, url),
            f"{who}.token": token,
            **{f"{who}.{name}": getattr(earlier, name) for name in of_token},
        },
        (Sent(cast.client, url, by_method(c, ResourceRequest(url, token))),),
    )


def _exchange(c: Context, who: str, token: str, at: Value, transaction: Condition = False) -> TokenExchange:
    session, of_domain = c.state.session(who), token_of(c, token).of_domain
    return TokenExchange(
        **authentication_of(c, session, "token", at),
        grant_type="token-exchange",
        requested_token_type=choose(transaction, "txn_token", "access_token"),
        subject_token=token,
        subject_token_type=choose(of_domain, "txn_token", "access_token"),
        audience=choose(transaction, TRUST_DOMAIN, NONE),
        resource=choose(transaction, NONE, requested_resource(c, session, "token")),
        scope=scopes.asked(c, session),
    )


def _with_slots(world: World) -> list[dict[str, str]]:
    """The same, and each grant of the same user at the same AS that what comes of it may count under."""
    return [
        {**each, "grant": grant}
        for each in _onward(world)
        for grant in world.grant
        if each["token"] in world.sources.get(grant, ())
    ]


@action("S16", _with_slots, lambda _: {"reads": (False, True)})
def client__exchange_token(c: Context, who: str, token: str, grant: str, reads: Condition) -> Move:
    """The resource server that was called exchanges the token that it was sent at its AS, for the other one.

    A transaction token is asked for by the name of the trust domain, and with no proof of a key.
    """
    session, server, called = c.state.session(who), server_of(c, grant), _called(c, who)
    made, client, own = token_of(c, token), c.world.session[who].client, published(c, called.url)
    policy, asked = c.of(server.name), scopes.asked(c, session)
    here = possible(
        same(session.phase, "ready"),
        client_rules.exchanges(c.client(who)),
        gateways.leads_to(c, session.token_at, server),
        same(c.state.grant(grant).code, "none"),
        _was_sent(c, who, token),
    )
    for_it = server_rules.is_meant_for(policy, own, made.audience, names_all(c, called, made))
    transaction = same(policy.exchange_gives, "transaction")
    approved = choose(same(asked, NONE), scopes.exchanged(c, server, made.scope, own), asked)
    taken = (
        server_rules.exchanged_token_is_the_clients(
            policy, own=False, addressed=all_of(for_it, serves(c, server, own))
        ),
        server_rules.exchanged_token_is_presented_by_key(policy, made.bound, own=False, named=False),
        server_rules.exchange_widens_no_scope(
            policy, holds(scopes.is_within, approved, made.scope) if c.world.scopes else True
        ),
    )
    asking = by_session(c, session, server)
    asking = asking._replace(resource=choose(transaction, NONE, asking.resource))
    # What comes of it is bound to nothing.
    for_what = asking._replace(
        key=choose(transaction, NONE, asking.key),
        proven=all_of(asking.proven, no(transaction)),
        certificate=choose(transaction, NONE, asking.certificate),
    )
    answer = token_response(c, session, server, grant, for_what, NONE, approved)
    return Move(
        all_of(here, server_rules.asks_token_service(policy, no(same(c.client(who).client_auth, "none")))),
        (
            *request_rules(c, server, asking, NONE, taken),
            *response_rules(c, session, server, for_what, NONE, asking.resource, reads),
        ),
        {**received(who, grant, reads), **issued_at_once(c, grant, for_what, approved, NONE), f"{grant}.source": token},
        (
            Sent(client, session.token_at, _exchange(c, who, token, session.token_at, transaction)),
            Sent(server.name, client, replace(answer, token_type=choose(transaction, "N_A", answer.token_type))),
        ),
    )


@action("S15", lambda world: [{**o, "server": server.name} for o in _onward(world) for server in world.strangers])
def client__exchange_elsewhere(c: Context, who: str, token: str, server: str) -> Move:
    """It asks an AS of the attacker's, which the other one named, to exchange the token."""
    session, party = c.state.session(who), c.world.by_name[server]
    here = possible(
        same(session.phase, "ready"),
        client_rules.exchanges(c.client(who)),
        same(session.token_at, party.url),
        _was_sent(c, who, token),
    )
    came_from = one_of(session.issuer, *c.world.known_as(token_of(c, token).server))
    stays = client_rules.refresh_token_stays_with_issuer(c.client(who), came_from_it=came_from)
    request = _exchange(c, who, token, party.url)
    return Move(here, (stays,), {f"{who}.phase": "asked"}, (Sent(c.world.session[who].client, server, request),))
