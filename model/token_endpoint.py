"""The token endpoint of an honest AS: what it asks of a request and what it issues, for clients and attacker alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, guards, scopes
from model.action import Context
from model.attacker import attacker_authenticates
from model.flow import asked_if, authenticates, comes_to, document_rules, vouched_for
from model.logic import Condition, Value, all_of, choose, same
from model.messages import THIEF, CodeShown
from model.reading import SessionState
from model.readings import (
    attackers_key,
    certificate,
    client_id_of,
    code_challenge,
    earlier,
    led_to,
    policy_of,
    promises_proofs,
    proof_key,
    redirect_uri_of,
    request_of,
    requested_resource,
    server_of,
    serves,
    uses_dpop,
)
from model.rule import Named
from model.state import ATTACKERS_KEY
from model.switching import Choices
from model.world import NONE, Held, Party


class Requester(NamedTuple):
    """Who asks for a token, and what comes beside the grant.

    Attributes:
        to: whose the token is then: a session's, or the attacker's.
        client: as which client_id.
        authenticated: the rules by which the AS takes the sender for that client.
        key: the key of the proof, or none; ``proven``: whether there is one; ``promised``: the client is to make them.
        resource: the `resource` that is asked for, or none; ``listed``: the AS has it on its list.
        certificate: the TLS client certificate, or none.
        redirect: the redirect URI, and ``verifier`` the code verifier, as the AS hashes it, beside a code.
        elsewhere: the proof names the endpoint of a gateway that has forwarded the request.
    """

    to: str
    client: Value
    authenticated: tuple[Named, ...]
    key: Value
    proven: Condition
    promised: Condition
    resource: Value
    listed: Condition
    certificate: Value = NONE
    redirect: Value = NONE
    verifier: Value = NONE
    elsewhere: Condition = False


def by_session(c: Context, session: SessionState, server: Party) -> Requester:
    """A session asks."""
    client, resource = client_id_of(c, session), requested_resource(c, session, "token")
    return Requester(
        session.who,
        client,
        authenticates(c, session, server, "token", gateways.called(c, session.token_at, server)),
        proof_key(c, session),
        uses_dpop(c, session),
        promises_proofs(c, client),
        resource,
        serves(c, server, resource),
        certificate(c, session),
        redirect_uri_of(c, session),
        code_challenge(c, session),
        all_of(uses_dpop(c, session), gateways.is_forwarded(c, session.token_at, server)),
    )


def by_attacker(
    c: Context,
    server: Party,
    client: Value,
    resource: Value = NONE,
    useful: Condition = False,
    redirect: Value = NONE,
    verifier: Value = NONE,
) -> Requester:
    """The attacker asks as a client, with a proof by its own key where anybody looks at one, or it is ``useful``."""
    key = attackers_key(c, server, client, useful)
    authenticated = attacker_authenticates(c, server, client)
    listed = serves(c, server, resource)
    return Requester(
        THIEF, client, authenticated, key, True, True, resource, listed, redirect=redirect, verifier=verifier
    )


def is_bound(c: Context, asking: Requester, server: Party) -> Condition:
    """Whether an honest AS binds the token to the key of the proof."""
    return all_of(asking.proven, same(c.of(server.name).as_dpop, "honor"))


def code_rules(c: Context, grant: str, asking: Requester, reused: Condition = False) -> Iterator[Named]:
    """The rules by which an honest AS takes the code of a grant; ``reused``: it has redeemed it before."""
    slot = c.state.grant(grant)
    return guards.code(
        c.of(server_of(c, grant).name),
        code_client=slot.client,
        client=asking.client,
        code_redirect=slot.redirect,
        redirect=asking.redirect,
        challenge=slot.challenge,
        verifier=asking.verifier,
        code_key=slot.key,
        key=asking.key,
        reused=reused,
    )


def code_shown(design: Choices, code: Value) -> CodeShown:
    """The field of a token request in which a code stands."""
    by_device = client_rules.shows_a_code(design)
    return {"code": choose(by_device, NONE, code), "device_code": choose(by_device, code, NONE)}


def request_rules(
    c: Context, server: Party, asking: Requester, granted: Value, by_grant: Iterable[Named] = ()
) -> tuple[Named, ...]:
    """The rules by which an honest AS takes a token request for a resource that was ``granted``, or none.

    ``by_grant``: those about what is presented as the grant.
    """
    return (
        *asking.authenticated,
        *by_grant,
        *guards.token_request(
            c.of(server.name),
            proven=asking.proven,
            promised=asking.promised,
            granted=granted,
            requested=asking.resource,
            listed=asking.listed,
            elsewhere=asking.elsewhere,
        ),
    )


def wanted(asking: Requester, granted: Value) -> Value:
    """The resource that a token is to be good at: the one that is asked for, or else what was granted."""
    return choose(same(asking.resource, NONE), granted, asking.resource)


def issued(c: Context, grant: str, asking: Requester, granted: Value) -> dict[str, Value | Condition]:
    """What changes when the token of a grant is issued."""
    bound = is_bound(c, asking, server_of(c, grant))
    return {
        f"{grant}.code": "redeemed",
        f"{grant}.to": asking.to,
        f"{grant}.bound_key": choose(bound, asking.key, NONE),
        f"{grant}.certificate": asking.certificate,
        f"{grant}.target": wanted(asking, granted),
    }


def issued_at_once(
    c: Context, grant: str, asking: Requester, approved: Value, word: Value
) -> dict[str, Value | Condition]:
    """The same where there was no code before; ``approved``: the scopes; ``word``: on whose word."""
    begun = {f"{grant}.of": asking.to, f"{grant}.client": asking.client, f"{grant}.word": word}
    return {**begun, **scopes.entry(c, grant, approved), **issued(c, grant, asking, NONE)}


def response_rules(
    c: Context,
    session: SessionState,
    server: Party,
    asking: Requester,
    granted: Value,
    requested: Value,
    reads: Condition,
) -> Iterator[Named]:
    """The rules by which the client of a session takes the token response of an honest AS.

    ``requested``: the resource that it named in this request, or in the one for the grant.
    """
    return guards.token_response(
        c.client(session.who),
        wanted=asking.proven,
        bound=is_bound(c, asking, server),
        read=reads,
        requested=requested,
        echo=server_rules.echo(c.of(server.name), wanted(asking, granted), requested),
    )


def kept(c: Context, held: Held) -> tuple[Named, ...]:
    """The rules by which an AS issued a token and the client kept it before this run; no other can leak."""
    c = c._replace(before=True)
    session, server = earlier(c, held), led_to(c.world, held)
    vouched = vouched_for(c, session.who, session.url)
    return (
        *document_rules(c, session.who, session.url, session.resource, session.listed, vouched),
        *got(c, session, server, serves(c, gateways.behind(c, server), session.resource)),
    )


def got(c: Context, session: SessionState, led: Party, listed: Condition) -> tuple[Named, ...]:
    """The rules by which a client takes an AS, gets a token in a session that nobody disturbs, and keeps it.

    ``led``: to which AS it was led, or to which gateway before one; ``listed``: the AS has the resource that is asked
    for on its list.
    """
    server, resource = gateways.behind(c, led), request_of(c, session)["resource"]
    asking = by_session(c, session, server)._replace(listed=listed)
    return (
        *comes_to(c, session, led, listed),
        *request_rules(c, server, asking, resource),
        *response_rules(c, session, server, asking, resource, requested_resource(c, session), True),
    )


def refresh_token_rules(c: Context, grant: str) -> tuple[Named, ...]:
    """The rules by which an AS takes the refresh token of a grant from the attacker, for a new token or in exchange."""
    slot, server = c.state.grant(grant), server_of(c, grant)
    bound = choose(same(slot.bound_key, ATTACKERS_KEY), NONE, slot.bound_key)
    return (
        server_rules.refresh_token_is_bound(policy_of(c, slot.client), bound, slot.certificate),
        server_rules.refresh_token_is_the_last(c.of(server.name), slot.renewed if c.world.renews else False),
    )


def was_kept(c: Context, token: Value, among: Collection[str]) -> tuple[Named, ...]:
    """The rules by which a token that leaks by itself, one ``among`` these, is there: it was issued and kept."""
    leaking = (held for held in c.world.held if held.leaks_by and held.name in among)
    asked = ((same(token, held.name), kept(c, held)) for held in leaking)
    return tuple(one for it, rules in asked for one in asked_if(it, rules))
