"""What the attacker presents as a grant: assertions that it was sent, or that an AS of its own makes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import permutations

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, guards, scopes
from model.action import Context, Domains, Move, action, combined, possible
from model.attacker import attacker_authenticates, knows, runs_client, shows_credentials, token_type
from model.logic import Condition, Value, all_of, any_of, choose, mapped, no, one_of, same
from model.messages import AssertionResponse, GrantShown, Sent, TokenExchange, TokenRequest, TokenResponse, asked
from model.readings import (
    IssuedToken,
    client_id_of,
    gives_word_to,
    grants_used,
    ids_of,
    is_named,
    names_all,
    own_grants,
    policy_of,
    published,
    server_of,
    serves,
    takes_word_of,
    token_of,
    user_of,
    users_grants,
)
from model.registration import is_known
from model.rule import Named
from model.state import ATTACKERS_KEY, id_token_of, id_tokens, refreshed, tokens, vouching_at
from model.token_endpoint import by_attacker, issued_at_once, refresh_token_rules, request_rules, was_kept
from model.token_flow import is_revoked
from model.vouching import asserted
from model.world import ATTACKER, AUTHORIZATION_SERVER, ITSELF, NONE, TRUST_DOMAIN, Exchanged, Party, World, client_ids


def _as_which_client(world: World) -> Domains:
    """As the client itself, as one of the attacker's own, or as another honest one by any client_id of it."""
    honest = world.clients if len(world.clients) > 1 else ()
    others = (client_id for client in honest for client_id in client_ids(world, client))
    return {"as_own": (NONE, *(party.url for party in world.identities), *others)}


def _as_whom(world: World) -> Domains:
    return {"wanted": (NONE, *world.honest_urls), **_as_which_client(world)}


def _as_anybody(world: World) -> Domains:
    """For which resource, and as which client: any honest one by any client_id of it, or one of the attacker's own."""
    honest = [client_id for client in world.clients for client_id in client_ids(world, client)]
    return {"wanted": (NONE, *world.honest_urls), "client": (*honest, *(party.url for party in world.identities))}


def _is_somebody(c: Context, client: Value) -> Condition:
    """Whether a client_id is one that the attacker may come as: an honest client's, or one of its own."""
    return any_of(is_known(c, client), *runs_client(c, client))


def _granted(
    c: Context, grant: str, client: Value, wanted: Value, checked: Iterable[Named], shown: GrantShown, word: str
) -> Move:
    """The attacker gets a token from an AS as a client, for a resource that it wants, by what is ``shown``, no code."""
    server = server_of(c, grant)
    asking = by_attacker(c, server, client, published(c, wanted))
    asks = TokenRequest(client, proof_key=asking.key, resource=asking.resource, **shown)
    return Move(
        possible(same(c.state.grant(grant).code, "none")),
        request_rules(c, server, asking, NONE, checked),
        issued_at_once(c, grant, asking, scopes.approved(c, server, NONE, asking.resource), word),
        asked(ATTACKER, server.name, asks, TokenResponse(grant, token_type(asking.key))),
    )


def _present_assertion(
    c: Context,
    grant: str,
    client: Value,
    assertion: Value,
    wanted: Value,
    checked: Iterable[Named],
    above: Iterable[str],
    subject: str = NONE,
    tenant: Value = NONE,
) -> Move:
    """The attacker presents an assertion as a grant, as a client, for a resource that it wants.

    ``assertion``: that of a session, or whose that is which an AS (or a ``tenant`` of it) has made for it, about the
    ``subject``; ``above``: the grants on whose word an AS makes such.
    """
    known = dict(c.world.projected(grant))
    word = next((each for each in above if each in known), NONE)
    taken = (server_rules.assertions_are_granted(c.of(server_of(c, grant).name), grants_used(c)), *checked)
    about: GrantShown = {"assertion": assertion, "assertion_subject": subject, "assertion_tenant": tenant}
    return _granted(c, grant, client, wanted, taken, {"grant_type": "jwt_bearer", **about}, word)


def _has_taken(c: Context, server: Party, who: str) -> Condition:
    """Whether an AS has given a session a token by its assertion, out of whichever of the grants there."""
    slots = (c.state.grant(grant.name) for grant in c.world.grants if grant.server == server.name)
    return any_of(*(same(slot.of, who) for slot in slots))


@action("S15", own_grants, _as_whom)
def replay_grant(c: Context, who: str, grant: str, wanted: Value, as_own: Value) -> Move:
    """The attacker presents an assertion that a client gave it as a grant at an AS, for a resource that it wants.

    The assertion names the client. The attacker authenticates there as that, or as somebody else, ``as_own``.
    """
    session, server = c.state.session(who), server_of(c, grant)
    clients, by_name = client_id_of(c, session), same(as_own, NONE)
    checked = asserted(c, who, server, by_client=by_name, own=False, reused=_has_taken(c, server, who))
    above = (other for other, by in c.world.projected(grant) if by == who)
    move = _present_assertion(c, grant, choose(by_name, clients, as_own), who, wanted, checked, above)
    here = possible(knows(c, "grant", who), any_of(by_name, _is_somebody(c, as_own)))
    elsewhere = no(any_of(same(session.issuer, NONE), gateways.stands_for(c, server, session.issuer)))
    return move._replace(when=all_of(here, move.when), sets={**move.sets, "accepted.issuer": elsewhere})


@action("S16", own_grants, _as_which_client)
def replay_grant_again(c: Context, who: str, grant: str, as_own: Value) -> Move:
    """The attacker presents an assertion that has been good for a token, for a token of its own.

    It does so as the client, or as somebody else, ``as_own``.
    """
    slot, server, by_name = c.state.grant(grant), server_of(c, grant), same(as_own, NONE)
    checked = asserted(c, who, server, by_client=by_name, own=False, reused=True)
    move = _presented_again(c, grant, choose(by_name, slot.client, as_own), who, checked)
    here = possible(knows(c, "grant", who), same(slot.of, who), any_of(by_name, _is_somebody(c, as_own)))
    return move._replace(when=here)


def _presented_again(c: Context, grant: str, client: Value, assertion: Value, checked: Iterable[Named]) -> Move:
    """The attacker gets a second token where a client has got one by an assertion, for the same resource."""
    slot, server = c.state.grant(grant), server_of(c, grant)
    asking = by_attacker(c, server, client, slot.target)
    shown: GrantShown = {"grant_type": "jwt_bearer", "assertion": assertion}
    asks = TokenRequest(client, proof_key=asking.key, resource=asking.resource, **shown)
    taken = (server_rules.assertions_are_granted(c.of(server.name), grants_used(c)), *checked)
    return Move(
        same(slot.code, "redeemed"),
        request_rules(c, server, asking, NONE, taken),
        {f"{grant}.code": "reused"},
        asked(ATTACKER, server.name, asks, TokenResponse(refreshed(grant), token_type(asking.key))),
    )


def _grants_and_strangers(world: World) -> list[dict[str, str]]:
    return combined(grant=world.grant, server=(server.name for server in world.strangers))


def _as_any_tenant(world: World) -> Domains:
    """The same, and under whose name: that of the attacker's AS, or of one that vouches and may have it as a tenant."""
    vouching = dict.fromkeys(world.by_name[name].url for server in world.servers for name in server.trusts)
    return {**_as_anybody(world), "under": (NONE, *vouching)}


@action("S15", _grants_and_strangers, _as_any_tenant)
def make_assertion(c: Context, grant: str, server: str, wanted: Value, client: Value, under: Value) -> Move:
    """An AS of the attacker's vouches, under the name that a user has at another AS, for whom it likes.

    It names the client that presents it: one of its own, or any that anybody can speak for. As a tenant of another AS
    it vouches under the issuer of that. Of its own user it is the AS that knows it.
    """
    party, at, own = c.world.by_name[server], server_of(c, grant), same(under, NONE)
    checked = guards.assertion(
        c.of(at.name),
        named=True,
        by_client=True,
        bound=False,
        own=True,
        users=user_of(c, grant) == ATTACKER,
        partner=takes_word_of(c, at, choose(own, party.url, under)),
        other_tenants=no(own),
        reused=False,
    )
    signer = choose(own, server, mapped(lambda url: NONE if url == NONE else c.world.by_url[url].name, under))
    tenant = choose(own, NONE, ATTACKER)
    move = _present_assertion(c, grant, client, signer, wanted, checked, (), user_of(c, grant), tenant)
    is_tenant = c.at(under, lambda party: same(c.of(party.name).issuer_tenants, "several"), AUTHORIZATION_SERVER)
    here = all_of(c.runs(party), any_of(own, is_tenant), _is_somebody(c, client))
    strange = all_of(own, no(takes_word_of(c, at, party.url)))
    return move._replace(when=all_of(here, move.when), sets={**move.sets, "accepted.issuer": strange})


def usable_grants(c: Context) -> Iterator[Condition]:
    """Whether the attacker has an assertion about a user that an honest AS takes as a grant: a client's, or an AS's."""
    for who in (session.name for session in c.world.sessions if session.user != ATTACKER):
        for server in c.world.honest_servers:
            taken = (
                server_rules.assertions_are_granted(c.of(server.name), grants_used(c)),
                *asserted(c, who, server, by_client=True, own=False, reused=_has_taken(c, server, who)),
            )
            yield all_of(knows(c, "grant", who), *(rule.holds for rule in taken))
    for one, other in permutations(c.world.honest_servers, 2):
        yield knows(c, "grant", vouching_at(one, other))


def _for_itself(c: Context, server: Party, client: Value) -> tuple[Named, ...]:
    """The rules by which an AS issues a client a token for itself, whose credentials the attacker may have."""
    design, authenticated = policy_of(c, client), shows_credentials(c, server, client)
    return (
        server_rules.client_credentials_are_granted(c.of(server.name), client_rules.grants_of(design)),
        server_rules.client_acts_for_itself_with_credentials(design, True, authenticated),
    )


@action("S15", users_grants, _as_anybody)
def get_clients_token(c: Context, grant: str, wanted: Value, client: Value) -> Move:
    """The attacker gets a token of a client's own, by what it authenticates with as that client."""
    checked = _for_itself(c, server_of(c, grant), client)
    here = possible(c.has(c.capabilities), is_known(c, client))
    move = _granted(c, grant, client, wanted, checked, {"grant_type": "client_credentials"}, ITSELF)
    return move._replace(when=all_of(here, move.when))


@action("S16", users_grants, lambda world: {"wanted": (NONE, *world.honest_urls)})
def get_clients_token_again(c: Context, grant: str, wanted: Value) -> Move:
    """The attacker does the same where the client has asked for a token already: that uses up no credentials."""
    slot, server, again = c.state.grant(grant), server_of(c, grant), refreshed(grant)
    asking = by_attacker(c, server, slot.client, published(c, wanted))
    request = TokenRequest(slot.client, grant_type="client_credentials", proof_key=asking.key, resource=asking.resource)
    return Move(
        possible(c.has(c.capabilities), is_known(c, slot.client), no(knows(c, "token", again))),
        request_rules(c, server, asking, NONE, _for_itself(c, server, slot.client)),
        {f"{grant}.named": asking.resource},
        asked(ATTACKER, server.name, request, TokenResponse(again, token_type(asking.key))),
    )


def _tokens_and_grants(world: World) -> list[dict[str, str]]:
    """One action for each token of a user's, and each grant of the same user's at another AS."""
    return [
        {"token": token, "grant": grant.name}
        for token in tokens(world)
        for grant in world.grants
        if (issued := world.issued[token.removesuffix("+")]).user == grant.user != ATTACKER
        and issued.server != grant.server
    ]


#: What the attacker exchanges: an access token, or what came with it.
_ACCESS, _ID, _REFRESH = "access_token", "id_token", "refresh_token"


@action("S15", _tokens_and_grants, lambda world: {**_as_whom(world), "by": (_ACCESS, _ID, _REFRESH)})
def exchange_token(c: Context, token: str, grant: str, wanted: Value, as_own: Value, by: Value) -> Move:
    """The attacker exchanges a token that it knows for an assertion about the user, and presents that at another AS.

    It does so as the client that the token was issued to, or as somebody else; a sub-agent, which may have been
    issued one as well, is no client of another AS. ``by``: it has the token itself, or the ID token that came with it,
    which an AS takes from its client without a proof of any key, or the refresh token.
    """
    made, at, by_name = token_of(c, token), server_of(c, grant), same(as_own, NONE)
    client = choose(by_name, made.client, as_own)
    checked, asked_first = _exchanged(c, token, at, client, by_name, by)
    above, voucher = c.world.links(token.removesuffix("+"))[-1:], vouching_at(made.server, at)
    move = _present_assertion(c, grant, client, voucher, wanted, checked, above, user_of(c, grant))
    as_clients = all_of(by_name, not isinstance(c.world.issued.get(token), Exchanged))
    here = all_of(_has(c, token, by), any_of(as_clients, _is_somebody(c, as_own)))
    strange = no(takes_word_of(c, at, made.server.url))
    sets = {**move.sets, "accepted.issuer": strange}
    return move._replace(when=all_of(here, move.when), sets=sets, sends=(*asked_first, *move.sends))


@action("S16", lambda world: [pair for pair in _tokens_and_grants(world) if pair["token"] in id_tokens(world)])
def exchange_token_again(c: Context, token: str, grant: str) -> Move:
    """The attacker does so by an ID token where the client has had its own token, as the client, for a second one."""
    made, slot, at = token_of(c, token), c.state.grant(grant), server_of(c, grant)
    checked, asked_first = _exchanged(c, token, at, slot.client, by_name=True, by=_ID)
    move = _presented_again(c, grant, slot.client, vouching_at(made.server, at), checked)
    here = all_of(_has(c, token, _ID), same(slot.client, made.client))
    return move._replace(when=all_of(here, move.when), sends=(*asked_first, *move.sends))


def _has(c: Context, token: str, by: Value) -> Condition:
    """Whether the attacker has a token that is good, or the ID token or the refresh token that came with it."""
    good = all_of(knows(c, "token", token), no(is_revoked(c, token)))
    of_id = knows(c, "token", id_token_of(token)) if token in id_tokens(c.world) else False
    of_refresh = knows(c, "refresh", token) if token in c.world.grant else False
    return any_of(all_of(same(by, _ACCESS), good), all_of(same(by, _ID), of_id), all_of(same(by, _REFRESH), of_refresh))


def _exchanged(
    c: Context, token: str, at: Party, client: Value, by_name: Condition, by: Value
) -> tuple[tuple[Named, ...], tuple[Sent, ...]]:
    """The rules by which one AS gives the attacker an assertion for a token, and another takes it; and what it asks."""
    server = token_of(c, token).server
    checked = (
        *_subject(c, token, client, by_name, by),
        *attacker_authenticates(c, server, client),
        server_rules.audience_is_partner(c.of(server.name), gives_word_to(c, server, at.url)),
        *guards.assertion(
            c.of(at.name),
            named=True,
            partner=takes_word_of(c, at, server.url),
            by_client=True,
            bound=False,
            own=True,
            users=True,
            other_tenants=False,
            reused=False,
        ),
    )
    asking = _exchange(client, "id-jag", token, by)
    request = replace(asking, audience=at.url)
    user = c.world.issued[token.removesuffix("+")].user
    answer = AssertionResponse("id-jag", vouching_at(server, at), server.url, user, at.url, client)
    return checked, asked(ATTACKER, server.name, request, answer)


def _subject(c: Context, token: str, client: Value, by_name: Condition, by: Value) -> tuple[Named, ...]:
    """The rules by which an AS takes a token, or one that came with it, from who exchanges it as a client."""
    made, by_token = token_of(c, token), same(by, _ACCESS)
    policy, own = c.of(made.server.name), any_of(_is_own_by_right(c, token), same(made.key, ATTACKERS_KEY))
    of_token = (
        *was_kept(c, token, [token]),
        server_rules.exchanged_token_is_presented_by_key(policy, made.bound, own, is_named(c, token)),
    )
    of_refresh = refresh_token_rules(c, token) if token in c.world.grant else ()
    return (
        *(each._replace(holds=any_of(no(by_token), each.holds)) for each in of_token),
        *(each._replace(holds=any_of(no(same(by, _REFRESH)), each.holds)) for each in of_refresh),
        server_rules.exchanged_token_is_the_clients(
            policy,
            by_name,
            addressed=all_of(no(by_name), by_token, _is_addressed(c, made.server, made, client)),
            id_token=all_of(by_name, same(by, _ID)),
            refresh_token=all_of(by_name, same(by, _REFRESH)),
        ),
    )


def _exchange(client: Value, wanted: str, token: str, by: Value) -> TokenExchange:
    return TokenExchange(
        client,
        grant_type="token-exchange",
        requested_token_type=wanted,
        subject_token=choose(same(by, _ID), id_token_of(token), choose(same(by, _REFRESH), NONE, token)),
        subject_refresh_token=choose(same(by, _REFRESH), token, NONE),
        subject_token_type=by,
    )


def _is_own_by_right(c: Context, token: str) -> Condition:
    """Whether a token is that of a sub-agent of the attacker's."""
    issued = c.world.issued.get(token)
    return isinstance(issued, Exchanged) and c.runs(c.world.by_name[issued.holder])


def _by_workloads(world: World) -> list[dict[str, str]]:
    return users_grants(world) if world.workloads else []


@action("S21", _by_workloads, lambda world: {"client": _as_anybody(world)["client"]})
def say_subject(c: Context, grant: str, client: Value) -> Move:
    """The attacker, as a client of its own or with the credentials of another, names whom a transaction token is about.

    A token service authenticates who asks (draft-ietf-oauth-transaction-tokens, Mutual Authentication).
    """
    server, again = server_of(c, grant), refreshed(grant)
    policy, asking = c.of(server.name), by_attacker(c, server, client)
    request = TokenExchange(
        client,
        grant_type="token-exchange",
        requested_token_type="txn_token",
        subject_token_type="unsigned_json",
        audience=TRUST_DOMAIN,
    )
    wanted = c.world.workloads[0]
    return Move(
        possible(
            same(policy.exchange_gives, "transaction"),
            c.has(c.capabilities),
            no(knows(c, "token", again)),
            _is_somebody(c, client),
            _asks_token_service(c, server, client),
        ),
        request_rules(c, server, asking, NONE, (server_rules.subject_is_of_a_token(policy, said=True),)),
        {f"{grant}.exchanged": wanted, **scopes.entry(c, again, scopes.approved(c, server, NONE, wanted))},
        asked(ATTACKER, server.name, request, TokenResponse(again, "N_A")),
    )


def _asks_token_service(c: Context, server: Party, client: Value) -> Condition:
    """Whether the attacker may ask an AS for another token as a client, whose credentials it shows or not."""
    return server_rules.asks_token_service(c.of(server.name), shows_credentials(c, server, client))


def _of_users(world: World) -> list[dict[str, str]]:
    """One action for each token of a user's, with the grant under which what comes of it counts."""
    return [
        {"token": token, **grant} for grant in users_grants(world) for token in world.sources[refreshed(grant["grant"])]
    ]


def _is_addressed(c: Context, server: Party, made: IssuedToken, client: Value) -> Condition:
    """Whether a token is for a resource server that a client is, and that the AS has on its list.

    It is one of the attacker's, whatever client of its own asks, or the one that an honest client calls others for.
    """
    own = any_of(*runs_client(c, client))
    of_attacker = ((party, all_of(own, c.runs(party))) for party in c.world.attackers_resources)
    of_client = ((c.world.by_name[one.agent_of], one_of(client, *ids_of(c, one))) for one in _agents(c.world))
    return any_of(
        *(
            all_of(
                asks,
                serves(c, server, published(c, party.url)),
                server_rules.is_meant_for(
                    c.of(server.name), published(c, party.url), made.audience, names_all(c, party, made)
                ),
            )
            for party, asks in (*of_attacker, *of_client)
        )
    )


def _agents(world: World) -> list[Party]:
    """The clients by which resource servers call others."""
    return [client for client in world.clients if client.agent_of]


def _shown_for_resource(world: World) -> Domains:
    return {**_as_whom(world), "by": (_ACCESS, *((_ID, _REFRESH) if id_tokens(world) else ()))}


@action("S21", _of_users, _shown_for_resource)
def exchange_for_resource(c: Context, token: str, grant: str, wanted: Value, as_own: Value, by: Value) -> Move:
    """The attacker exchanges a token that it was sent for one that is good at another resource of the same AS.

    It does so as the client that the token was issued to, or as somebody else: a resource server may be a client.
    The scopes stay those of the token. Who acts with what comes of it is not said any more. What a sub-agent of its own
    exchanges for itself is that sub-agent's, as what it came of. ``by``: as in :func:`exchange_token`.
    """
    server, again = server_of(c, grant), refreshed(grant)
    has = possible(_has(c, token, by), no(knows(c, "token", again)))
    made, by_name = token_of(c, token), same(as_own, NONE)
    client = choose(by_name, made.client, as_own)
    as_whom = any_of(all_of(by_name, no(_is_own_by_right(c, token))), _is_somebody(c, as_own))
    here = possible(has, as_whom, _asks_token_service(c, server, client))
    asking = by_attacker(c, server, client, published(c, wanted))
    request = replace(_exchange(client, "access_token", token, by), resource=asking.resource)
    answer = TokenResponse(again, token_type(asking.key))
    return Move(
        here,
        request_rules(c, server, asking, NONE, _subject(c, token, client, by_name, by)),
        {
            f"{grant}.exchanged": asking.resource,
            f"{again}.source": token,
            **scopes.entry(c, again, scopes.exchanged(c, server, made.scope, asking.resource)),
        },
        asked(ATTACKER, server.name, request, answer),
    )
