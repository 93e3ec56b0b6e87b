"""What honest parties do to get a token for a code or an assertion, and with it, in protocol order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product
from typing import Unpack

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, guards, identifiers, scopes
from model import resource_server as resource_rules
from model.action import Context, Move, action, combined, once, possible
from model.attacker import calls_from_page, knows
from model.flow import asks_for_more, attestation_of, authentication_of, challenge, issuer_after, may_name, to_code
from model.logic import Condition, Value, all_of, any_of, choose, implies, mapped, no, one_of, same
from model.lookups import client_is_read, token_is_looked_up
from model.messages import (
    GrantShown,
    InsufficientScope,
    PageContent,
    Redirection,
    ResourceRequest,
    ResourceResponse,
    Sent,
    TokenRequest,
    TokenResponse,
)
from model.reading import Moved, SessionState
from model.readings import (
    IssuedToken,
    answered,
    as_answered,
    by_method,
    certificate,
    client_id_of,
    code_challenge,
    compares,
    follows,
    is_by_stranger,
    is_copied,
    is_inside,
    is_made_offline,
    is_of_exchange,
    is_refused,
    is_strangers,
    issuer_at,
    may_begin,
    method_at,
    names_all,
    on_word_of,
    own_grants,
    proof_key,
    proof_to_server,
    published,
    redirect_uri_of,
    requested_resource,
    scope_of,
    server_of,
    serves_too,
    sessions,
    sessions_and_grants,
    sessions_and_strangers,
    tampered,
    tells_across,
    token_of,
    trusted_by,
    uses_dpop,
)
from model.registration import knows_attesters
from model.rule import Named
from model.state import captures, id_token_with, over_plain_http, refreshed, shown_keys, tokens
from model.switching import Choices
from model.token_endpoint import (
    Requester,
    by_session,
    code_rules,
    code_shown,
    is_bound,
    issued,
    issued_at_once,
    kept,
    request_rules,
    response_rules,
    wanted,
)
from model.vouching import asserted, grant_type_of, has_grant, presents
from model.world import ATTACKER, ELSEWHERE, ITSELF, NONE, RESOURCE_SERVER, SUB_AGENT, Exchanged, Party, World

# --- S15 to S17: token request -----------------------------------------------------------------------------


def token_request(c: Context, session: SessionState, called: Value, **shown: Unpack[GrantShown]) -> TokenRequest:
    """A token request of a session."""
    key = proof_key(c, session)
    return TokenRequest(
        **authentication_of(c, session, "token", called),
        dpop=proof_to_server(c, key),
        proof_key=key,
        resource=requested_resource(c, session, "token"),
        **shown,
    )


@once
def is_revoked(c: Context, token: str) -> Condition:
    """Whether an AS revokes what came of a code, because a session comes with it after somebody has redeemed it.

    The same of a refresh token that somebody has used before the session comes with it.
    """
    grant = token.removesuffix("+")
    if grant not in c.world.grant:
        return tells_of_the_end(c, token)
    policy = c.of(server_of(c, grant).name)
    again = any_of(*(redeems_too(c, who, grant) for who in c.world.session))
    comes = (has_refresh_token(c, cast.after, grant) for cast in c.world.sessions if cast.renews)
    stolen = token == refreshed(grant) and knows(c, "token", token)
    first = any_of(
        all_of(same(policy.code_reuse, "revoke"), again),
        all_of(same(policy.rt_rotation, "revoke"), stolen, any_of(*comes)),
    )
    in_time = same(c.design.block, "no")  # else what makes the AS revoke it comes too late
    return any_of(all_of(first, in_time), tells_of_the_end(c, token))


@once
def tells_of_the_end(c: Context, token: str) -> Condition:
    """Whether an AS tells that a token is good no more, since it, or what it derives from, has been taken back.

    An AS can only tell so of what it has issued: of a chain that was made offline, of the grant at its end.
    """
    name = token.removesuffix("+")
    if name not in c.world.revocable:
        return False
    made, links = c.world.issued[name], c.world.links(name)
    grant = links[-1]
    policy, itself = c.of(made.server), c.state[f"ended.{name}"]
    told = no(same(policy.grant_end, "issuance"))
    heard = any_of(
        *(all_of(by, c.state[f"ended.{above}"], tells_across(c, policy, above)) for above, by in on_word_of(c, grant))
    )
    if not isinstance(made, Exchanged):
        # By itself nothing ties what came of an exchange to what it came of.
        apart = is_of_exchange(c, name) if token != name else False
        with_it = implies(apart, one_of(policy.grant_end, "derived", "each_link"))
        above = (all_of(by, c.state[f"ended.{link}"]) for link, by in _came_of(c, token))
        by_link = all_of(same(policy.grant_end, "each_link"), any_of(*above))
        return all_of(told, any_of(all_of(with_it, any_of(itself, heard)), by_link))
    offline, whole = is_made_offline(c, token), any_of(c.state[f"ended.{grant}"], heard)
    derived = same(c.client(c.world.errand(c.world.by_name[made.holder]).name).instance, "derived")
    by_link = any_of(*(all_of(same(policy.grant_end, "each_link"), c.state[f"ended.{name}"]) for name in links[1:-1]))
    along = all_of(derived, any_of(by_link, all_of(one_of(policy.grant_end, "derived", "each_link"), whole)))
    return all_of(told, any_of(all_of(offline, whole), all_of(no(offline), any_of(itself, along))))


def used_late(c: Context, token: str) -> dict[str, Condition]:
    """Whether a token that is used was taken back, or what it may derive from, as an entry if its world has that."""
    name = token.removesuffix("+")
    if name not in c.world.revocable:
        return {}
    links = c.world.links(name)
    above = [(link, True) for link in links] + on_word_of(c, links[-1]) + _came_of(c, token)
    return {f"late.{name}": any_of(*(all_of(by, c.state[f"ended.{link}"]) for link, by in above))}


def _came_of(c: Context, token: str) -> list[tuple[str, Condition]]:
    """What a token may have come of by an exchange, and stands below then, and whether it did."""
    return [
        (link, same(c.state[f"{token}.source"], source))
        for source in c.world.sources.get(token, ())
        for link in c.world.links(source)
        if link in c.world.revocable
    ]


@once
def was_taken(c: Context, token: str) -> Condition:
    """Whether an honest resource server has acted on a token of a grant that may be taken back."""
    if token.removesuffix("+") not in c.world.revocable:
        return False
    sessions = (c.state.session(name) for name in c.world.session)
    agents = (party.name for party in c.world.of(SUB_AGENT))
    return any_of(
        c.state[f"served.{token}"],
        *(all_of(session.accepted, same(session.token, token)) for session in sessions),
        *(all_of(c.state[f"{agent}.served"], same(c.state[f"{agent}.token"], token)) for agent in agents),
    )


def has_refresh_token(c: Context, who: str, grant: str) -> Condition:
    """Whether the client of a session has the refresh token of a grant from it."""
    return same(answered(c, who).code, grant)


def redeems_too(c: Context, who: str, grant: str) -> Condition:
    """Whether a session is about to redeem a code: the response is there, or on its way, and nobody has an objection.

    A request that would be refused for another reason has nothing revoked.
    """
    session, redirect, server = c.state.session(who), c.state.grant(grant).redirect, server_of(c, grant)
    taken = (rule.holds for rule in to_code(c, who, grant))
    expects = all_of(same(session.phase, "requested"), *taken)
    has = all_of(same(session.phase, "responded"), same(session.code, grant))
    after = as_answered(Moved(session, went_to=choose(has, session.went_to, issuer_after(c, who, redirect))))
    asking = by_session(c, after, server)
    asked = request_rules(c, server, asking, c.state.grant(grant).resource, code_rules(c, grant, asking))
    return all_of(any_of(expects, has), gateways.leads_to(c, after.token_at, server), *(rule.holds for rule in asked))


@action("S16", each=sessions_and_grants, choices=lambda _: {"reads": (False, True)})
def client__redeem_code(c: Context, who: str, grant: str, reads: Condition) -> Move:
    """The client redeems a code at the honest AS that issued it, and judges the token response.

    In a session of the attacker's, who may have a code from a log, one that was redeemed before is good for the same
    token again.
    """
    session, slot, server = answered(c, who), c.state.grant(grant), server_of(c, grant)
    client, approved = c.world.session[who].client, slot.scope if c.world.scopes else NONE
    asking, granted = by_session(c, session, server), slot.resource
    again = all_of(same(slot.code, "redeemed"), same(slot.target, wanted(asking, granted)), who in c.world.own_sessions)
    here = possible(
        same(session.phase, "responded"),
        gateways.leads_to(c, session.token_at, server),
        same(session.code, grant),
        any_of(same(slot.code, "issued"), again),
    )
    request = token_request(
        c,
        session,
        gateways.called(c, session.token_at, server),
        grant_type=grant_type_of(c, who),
        **code_shown(c.client(who), grant),
        redirect_uri=redirect_uri_of(c, session),
        code_verifier=choose(same(code_challenge(c, session), NONE), NONE, who),
    )
    answer = token_response(c, session, server, grant, asking, granted, approved)
    return Move(
        here,
        (
            *request_rules(c, server, asking, granted, code_rules(c, grant, asking, again)),
            *response_rules(c, session, server, asking, granted, requested_resource(c, session), reads),
        ),
        {**received(who, grant, reads), **issued(c, grant, asking, granted)},
        (
            *gateways.passed_on(c, client, server, session.token_at, request),
            Sent(server.name, client, replace(answer, id_token=id_token_with(c.world, grant))),
        ),
    )


def received(who: str, grant: str, reads: Condition) -> dict[str, Value | Condition]:
    """What changes when a session gets the token of a grant, and reads what is said of it or not."""
    return {f"{who}.phase": "has_token", f"{who}.token": grant, f"{who}.told": reads}


def token_response(
    c: Context, session: SessionState, server: Party, grant: str, asking: Requester, granted: Value, approved: Value
) -> TokenResponse:
    """The token response of an honest AS, to a request for a resource that was ``granted`` and scopes ``approved``."""
    audience = server_rules.bound_resource(c.of(server.name), wanted(asking, granted))
    scope = scopes.carried(c, c.of(server.name), approved, audience)
    told = server_rules.echoed(c.of(server.name), wanted(asking, granted))
    by_user = client_rules.may_refresh(c.client(session.who), follows(c, session.who))
    renewable = all_of(by_user, no(is_refused(session)))
    bound = choose(is_bound(c, asking, server), "DPoP", "Bearer")
    return TokenResponse(grant, bound, choose(renewable, grant, NONE), told, scope)


@action("S16", each=own_grants, choices=lambda _: {"reads": (False, True)})
def client__obtain_token(c: Context, who: str, grant: str, reads: Condition) -> Move:
    """The client gets a token without a browser: by its own credentials, or by an assertion about the user."""
    session, slot, server = answered(c, who), c.state.grant(grant), server_of(c, grant)
    refused = is_refused(session)
    here = possible(
        any_of(all_of(same(session.phase, "ready"), has_grant(c, who)), refused),
        gateways.leads_to(c, session.token_at, server),
        same(slot.code, "none"),
    )
    client = c.world.session[who].client
    scope = scopes.asked(c, session)
    called = gateways.called(c, session.token_at, server)
    request = token_request(
        c, session, called, grant_type=grant_type_of(c, who), assertion=presents(c, who), scope=scope
    )
    read = client_is_read(c, server, client_id_of(c, session), redirect_uri_of(c, session))
    asking = by_session(c, session, server)
    approved = scopes.approved(c, server, scope, asking.resource)
    answer = token_response(c, session, server, grant, asking, NONE, approved)
    itself = same(presents(c, who), NONE)
    taken = (
        rule._replace(holds=any_of(itself, rule.holds))
        for rule in asserted(c, who, server, by_client=True, own=True, reused=False)
    )
    return Move(
        here,
        (
            server_rules.client_acts_for_itself_with_credentials(c.client(who), refused, authenticated=True),
            *asks_for_more(c, who),
            *taken,
            *request_rules(c, server, asking, NONE),
            *response_rules(c, session, server, asking, NONE, asking.resource, reads),
        ),
        {**received(who, grant, reads), **issued_at_once(c, grant, asking, approved, choose(itself, ITSELF, NONE))},
        (*gateways.passed_on(c, client, server, session.token_at, request), *read, Sent(server.name, client, answer)),
    )


def _renewing(world: World) -> list[dict[str, str]]:
    renewing = [session for session in world.sessions if session.renews]
    return [
        {"who": one.name, "grant": grant.name} for one in renewing for grant in world.grants if grant.user == one.user
    ]


@action("S21", each=_renewing, choices=lambda _: {"reads": (False, True)})
def client__refresh(c: Context, who: str, grant: str, reads: Condition) -> Move:
    """The client of the session before, or another instance of it, comes to the AS with the refresh token of that."""
    cast, server, policy = c.world.session[who], server_of(c, grant), c.of(server_of(c, grant).name)
    earlier, slot = answered(c, cast.after), c.state.grant(grant)
    here = possible(
        same(c.state.session(who).phase, "idle"),
        may_begin(c, who),
        has_refresh_token(c, cast.after, grant),
        gateways.leads_to(c, earlier.token_at, server),
    )
    asking = by_session(c, earlier, server)
    at = gateways.called(c, earlier.token_at, server)
    request = token_request(c, earlier, at, grant_type="refresh_token", refresh_token=grant)
    bound = choose(same(slot.bound_key, asking.key), NONE, slot.bound_key)
    kept_on = ("url", "resource", "metadata", "issuer", "token_at", "code")
    answer = token_response(c, earlier, server, grant, asking, slot.target, slot.scope if c.world.scopes else NONE)
    return Move(
        here,
        (
            *request_rules(
                c,
                server,
                asking,
                slot.target,
                (
                    server_rules.refresh_token_is_bound(c.client(who), bound, NONE),
                    server_rules.refresh_token_is_the_last(
                        policy, any_of(slot.renewed, knows(c, "token", refreshed(grant)))
                    ),
                ),
            ),
            *response_rules(c, earlier, server, asking, slot.target, requested_resource(c, earlier), reads),
        ),
        {
            **received(who, grant, reads),
            f"{grant}.renewed": True,
            **{f"{who}.{name}": getattr(earlier, name) for name in kept_on},
        },
        (
            *gateways.passed_on(c, cast.client, server, earlier.token_at, request),
            Sent(server.name, cast.client, answer),
        ),
    )


@action("S15", each=sessions_and_strangers)
def client__ask_stranger_for_token(c: Context, who: str, server: str) -> Move:
    """The client posts code, verifier and credentials (or its assertion) to the token endpoint of a stranger."""
    session, party, design = answered(c, who), c.world.by_name[server], c.client(who)
    refused = is_refused(session)
    by_code = all_of(client_rules.uses_code_grant(design, follows(c, who)), no(refused))
    ready = any_of(same(session.phase, "responded"), all_of(same(session.phase, "ready"), has_grant(c, who)), refused)
    here = possible(ready, same(session.token_at, party.url))
    has_verifier = all_of(by_code, no(same(code_challenge(c, session), NONE)))
    request = token_request(
        c,
        session,
        party.url,
        grant_type=grant_type_of(c, who),
        **code_shown(design, choose(refused, NONE, session.code)),
        assertion=presents(c, who),
        redirect_uri=redirect_uri_of(c, session),
        code_verifier=choose(has_verifier, who, NONE),
    )
    return Move(here, (), {f"{who}.phase": "asked"}, (Sent(c.world.session[who].client, server, request),))


# --- S18 to S20: the token at resources --------------------------------------------------------------------

#: The method of token requests and of pushed ones (RFC 6749 3.2, RFC 9126 2), as proofs name it that come with them.
SERVERS_METHOD = "post"
#: An address that only those inside a network reach.
INTERNAL = "http://169.254.169.254/"


def request_with(c: Context, session: SessionState, token: Value, url: Value) -> ResourceRequest:
    """A request of a session to a URL, with a token."""
    key = proof_key(c, session)
    made = choose(is_bound_to(c, token, key), proof_of(c, token, url), proof_to_server(c, key))
    proof = choose(uses_dpop(c, session), made, NONE)
    shown = attestation_of(c, session.who, session.resource, url)
    return by_method(c, ResourceRequest(url, token, proof, certificate(c, session), proof_key=key, **shown))


def is_bound_to(c: Context, token: Value, key: Value) -> Condition:
    """Whether a token is bound to the key by which a session makes proofs; a proof by another shows nothing of it."""
    return any_of(*(all_of(same(token, name), same(token_of(c, name).key, key)) for name in tokens(c.world)))


def proof_of(c: Context, token: Value, url: Value) -> Value:
    """A proof for a request with a token, or none where it is no proof that the attacker may come to have."""
    issued, seen = tokens(c.world), captures(c.world)
    return mapped(lambda made, at: f"{made}@{at}" if made in issued and at in seen else NONE, token, url)


def _send(c: Context, who: str, at: Value, read: Condition) -> Move:
    """The client sends its token, with a proof for the URL that it calls if it makes proofs."""
    session = answered(c, who)
    here = possible(same(session.phase, "has_token"))
    sent = Sent(c.world.session[who].client, session.url, request_with(c, session, session.token, at), read=read)
    return Move(here, (), {f"{who}.phase": "sent"}, (sent,))


@action("S18", each=lambda world: combined(who=world.session))
def client__send_token(c: Context, who: str) -> Move:
    """The client sends its token to the resource it was sent to."""
    session = answered(c, who)
    return _send(c, who, session.url, tampered(c, "requests", session.url))


@action("S18", each=lambda world: _through(world, "transport"))
def client__send_token_over_plain_http(c: Context, who: str, party: str) -> Move:
    """The client, given a plain-HTTP URL of a resource, sends its token where anybody on the way reads it."""
    session, url = answered(c, who), c.world.by_name[party].url
    seen = possible(same(session.url, url), tampered(c, "transport", url))
    move = _send(c, who, over_plain_http(url), True)
    return move._replace(when=all_of(move.when, seen), rules=(client_rules.resource_url_is_https(c.client(who), True),))


def _through(world: World, channel: str) -> list[dict[str, str]]:
    """One action for each session and each party of which a capability reaches a channel."""
    parties = dict.fromkeys(tampering.party for tampering in world.tampered if tampering.channel == channel)
    return combined(who=world.session, party=parties)


def _that_can_move(world: World) -> list[dict[str, str]]:
    """Each session for which there is an honest resource beside the one that it may have come to."""
    honest, at = set(world.honest_urls), {each.name: world.visited(each) for each in world.sessions}
    return [pair for pair in sessions(world) if any(honest - {url} for url in at[pair["who"]])]


@action("S18", each=_that_can_move, choices=lambda world: {"url": world.honest_urls})
def client__use_token_where_echoed(c: Context, who: str, url: Value) -> Move:
    """The client uses a token of the attacker's AS at another resource that the token response names."""
    session = answered(c, who)
    strangers = is_strangers(c.world, session.token_at)
    here = all_of(same(session.phase, "has_token"), strangers, no(same(url, session.url)), c.at(url, c.exists))
    there = published(c, url)
    return Move(
        here,
        (client_rules.echo_is_no_licence(c.client(who), echoed_only=True),),
        {f"{who}.phase": "sent", f"{who}.url": url, f"{who}.resource": there},
        (Sent(c.world.session[who].client, url, request_with(c, Moved(session, resource=there), session.token, url)),),
    )


@action("S18", each=sessions)
def client__share_token(c: Context, who: str) -> Move:
    """A client whose connectors share a registration gives one of the attacker's the token of another."""
    session = answered(c, who)
    connectors = [party for party in c.world.servers if party.connects_by]
    honest = no(is_strangers(c.world, session.token_at))
    shared = c.has({name for party in connectors for name in party.connects_by})
    here = possible(shared, one_of(session.phase, "has_token", "sent"), honest)
    theirs = [*c.world.attackers_resources, *connectors]
    called = theirs[0].url
    request = request_with(c, Moved(session, resource=called), session.token, called)
    apart = client_rules.registrations_are_not_shared(c.client(who), of_another_owner=True)
    return Move(here, (apart,), {}, (Sent(c.world.session[who].client, ATTACKER, request),))


@action("S18", each=lambda world: _through(world, "redirect"))
def client__follow_redirect(c: Context, who: str, party: str) -> Move:
    """An honest resource redirects the client's request, headers and all, where the attacker wants it."""
    session, url = answered(c, who), c.world.by_name[party].url
    here = possible(tampered(c, "redirect", url), same(session.phase, "sent"), same(session.url, url))
    shown = attestation_of(c, who, session.resource, ELSEWHERE)  # taken there at once, and here not yet
    request = replace(request_with(c, session, session.token, url), url=ELSEWHERE, **shown)
    stay = client_rules.credentials_stay_with_origin(c.client(who), elsewhere=True)
    redirected = Sent(url, c.world.session[who].client, Redirection(ELSEWHERE))
    return Move(here, (stay,), {}, (redirected, Sent(c.world.session[who].client, ATTACKER, request)))


def accepts(
    c: Context,
    token: str,
    made: IssuedToken,
    url: Value,
    own: Condition,
    proofs: tuple[Condition, Condition],
    presented: Value,
    shown: Condition,
    *,
    sufficient: Condition,
    used: Condition,
    bare: Condition,
    attested: Condition,
) -> tuple[Named, ...]:
    """The rules by which an honest resource server at ``url`` judges a token of an honest AS.

    ``own``: the presenter holds the key that the token is bound to; ``proofs``: it has a proof for this URL, or for
    another; ``presented``: its certificate; ``shown``, ``attested``: an attestation of the token's client, or of
    another of its own (:func:`resource_server.attestation_is_shown`); ``used``: its proof is one that was used before;
    ``bare``: it comes as a Bearer token; ``sufficient``: its scopes are enough.
    """
    design = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    issuer = made.server.url
    identifier, default = published(c, url), c.at(url, lambda party: names_all(c, party, made))
    issuer_policy = c.of(made.server.name)
    told = is_told(
        design,
        issuer_policy,
        c.at(url, lambda party: trusted_by(c, party, made.server.url), RESOURCE_SERVER),
        server_rules.is_meant_for(issuer_policy, identifier, made.audience, default),
    )
    return (
        # A transaction token is a JWT, whatever access tokens look like; nobody is asked about it.
        *(rule._replace(holds=any_of(made.of_domain, rule.holds)) for rule in told),
        *guards.access_token(
            design,
            issuer=issuer_at(c, url, issuer),
            by_issuer=True,
            signer_listed=False,
            identifier=identifier,
            url=url,
            audience=made.audience,
            has_default=default,
            expired=made.expired,
            revoked=is_revoked(c, token),
            sufficient=sufficient,
            key=made.key,
            own=own,
            for_this=proofs[0],
            for_another=proofs[1],
            certificate=made.certificate,
            presented=presented,
            used=used,
            shown=shown,
            bare=bare,
            attested=attested,
            typed=any_of(made.typed, all_of(made.of_domain, is_inside(c, url))),
            self_contained=made.self_contained,
            named_by_token=False,
            of_client=made.of_client,
            of_domain=made.of_domain,
            forwarded=made.forwarded,
            taken_before=was_taken(c, token),
            narrowed=made.narrowed,
        ),
    )


def is_told(design: Choices, issuer: Choices, known: Condition, audience: Condition) -> tuple[Named, ...]:
    """The rules by which a resource server that asks about opaque tokens gets an answer about one from an AS.

    ``known``: it was configured with that AS; ``audience``: the token is meant for it.
    """
    told = server_rules.introspection_is_for_the_audience(issuer, audience)
    asks_nobody = same(design.token_fmt, "jwt")
    return resource_rules.issuer_can_be_asked(design, known), told._replace(holds=any_of(asks_nobody, told.holds))


def attests(c: Context, who: str, url: Value, audience: Value) -> Condition:
    """Whether a client shows the resource server at a URL an attestation that this takes, with such a proof."""
    policy = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    taken = resource_rules.attestation_is_taken(policy, published(c, url), audience)
    return all_of(client_rules.shows_attestation(c.client(who)), knows_attesters(c, url), taken)


def sessions_and_tokens(world: World) -> list[dict[str, str]]:
    """One action for each session and each token that could come to be in it."""
    renewed = [{"who": each["who"], "token": each["grant"]} for each in _renewing(world)]
    return [*combined(who=world.flows, token=tokens(world)), *renewed]


def is_passed_on(c: Context, who: str, token: str) -> Condition:
    """Whether the token of a session is the very one that its client was sent, with which it proves nothing."""
    above = c.world.upstream_of(who)
    return same(c.state.session(above).token, token) if above else False


@action("S19", each=sessions_and_tokens)
def resource_server__accept_request(c: Context, who: str, token: str) -> Move:
    """An honest resource server acts on the client's request."""
    session = answered(c, who)
    honest = c.at(session.url, lambda party: party.honest)
    here = possible(same(session.phase, "sent"), same(session.token, token), honest, no(session.accepted))
    made, passed_on = token_of(c, token), is_passed_on(c, who, token)
    key = choose(passed_on, NONE, proof_key(c, session))
    copied = is_copied(c, session)
    right = same(made.key, key)
    own = any_of(same(made.key, NONE), all_of(right, no(copied)))
    client = c.world.session[who].client
    strange = c.at(session.url, lambda party: is_by_stranger(c, party, made), RESOURCE_SERVER)
    return Move(
        here,
        accepts(
            c,
            token,
            made,
            session.url,
            own,
            (False, all_of(right, copied)),
            choose(passed_on, NONE, certificate(c, session)),
            all_of(no(passed_on), attests(c, who, session.url, session.resource)),
            used=False,
            bare=same(key, NONE),
            attested=False,
            sufficient=scopes.is_sufficient(c, who, session.url, made.scope),
        ),
        {f"{who}.accepted": True, "accepted.issuer": strange, **used_late(c, token)},
        (
            *token_is_looked_up(c, session.url, token, made, is_revoked(c, token)),
            Sent(session.url, client, ResourceResponse(made.subject)),
            Sent(client, ATTACKER, PageContent(made.subject), calls_from_page(c, c.world.by_name[client])),
        ),
    )


@action(
    "S22",
    lambda world: [{"who": session.name} for session in world.sessions if session.steps_up],
    lambda world: {"scope": world.scopes},
)
def client__step_up(c: Context, who: str, scope: Value) -> Move:
    """The agent wants more where it has been, learns which scopes it lacks, and is to ask for those as well."""
    cast, earlier = c.world.session[who], answered(c, c.world.session[who].after)
    url = earlier.url
    policy = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    held = choose(resource_rules.challenge_names_what_is_held(policy), scope_of(c, earlier), NONE)
    told = InsufficientScope(challenge(c, who, url, scope).resource_metadata, scope, "insufficient_scope")
    # The server there has had this request before.
    request = Sent(cast.client, url, request_with(c, earlier, earlier.token, url))
    return Move(
        possible(
            same(c.state[f"{who}.phase"], "idle"),
            may_begin(c, who),
            may_name(c, who, url, scope, held),
            any_of(c.attackers(url), no(serves_too(c, who))),
        ),
        (client_rules.scope_is_stepped_up(c.client(who)),),
        {f"{who}.phase": "challenged", f"{who}.url": url, **scopes.entry(c, who, scope)},
        (request, Sent(url, cast.client, told)),
    )


def _held(world: World) -> list[dict[str, str]]:
    return [
        {"who": session.name, "held": held.name}
        for session in world.sessions
        for held in world.held
        if (session.user, session.client) == (held.user, held.client) and not session.renews
    ]


@action("S20", each=_held)
def client__reuse_cached_token(c: Context, who: str, held: str) -> Move:
    """The client sends a token that it holds for one resource to another, of the attacker's."""
    design, session = c.client(who), c.state.session(who)
    kept_one = next(token for token in c.world.held if token.name == held)
    resource, server = c.world.by_name[kept_one.resource], c.world.by_name[kept_one.server]
    here = possible(
        same(design.warm, "yes"),
        c.exists(resource),
        one_of(session.phase, "challenged", "discovered"),
        c.attackers(session.url),
    )
    discovered = same(session.phase, "discovered")
    made = token_of(c, held)
    # The client holds the key of its token, so it proves possession wherever it sends it.
    proof = choose(same(made.key, NONE), NONE, proof_of(c, held, session.url))
    cached_for = published(c, resource.url)
    shown = attestation_of(c, who, choose(discovered, session.resource, cached_for), session.url)
    request = by_method(c, ResourceRequest(session.url, held, proof, made.certificate, proof_key=made.key, **shown))
    return Move(
        here,
        (
            *kept(c, kept_one),
            client_rules.cached_token_covers(
                design, cached_for, session.url, session.resource, discovered, same(session.listed, server.url)
            ),
        ),
        {},
        (Sent(kept_one.client, session.url, request),),
    )


# --- what the attacker holds, seen from a resource server ----------------------------------------------------


def captured_proofs(c: Context, token: str, key: Value, url: str) -> tuple[Condition, Condition, Condition]:
    """Whether the attacker has a proof for a URL that fits a token, or one for another, and whether that is unused.

    ``key``: the one that the token is bound to.
    """
    policy = c.of(c.world.by_url[url].name)
    for_this: list[Condition] = []
    for_another: list[Condition] = []
    unused: list[Condition] = []

    def fits(made: str, where: str) -> Condition:
        return all_of(
            resource_rules.proof_fits_token(policy, made == token, same(token_of(c, made).key, key)),
            resource_rules.proof_fits_method(policy, policy.r_method, method_at(c, where)),
        )

    for made, where in product(tokens(c.world), captures(c.world)):
        known = all_of(knows(c, "proof", f"{made}@{where}"), partial(fits, made, where))
        (for_this if compares(identifiers.equal_htu, where, url) else for_another).append(known)
        if where not in c.world.honest_urls:  # nor is what is read on the way, where it does not arrive
            unused.append(known)
    for by in shown_keys(c.world):  # made for another URL and for no token
        known = all_of(
            knows(c, "proof", by),
            resource_rules.proof_fits_token(policy, False, same(by, key)),
            resource_rules.proof_fits_method(policy, policy.r_method, SERVERS_METHOD),
        )
        for_another.append(known)
        unused.append(known)
    return any_of(*for_this), any_of(*for_another), any_of(*unused)
