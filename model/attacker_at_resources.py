"""The attacker at resource servers, and beside the code flow: whatever it knows or makes, to any party that takes it.

What is presented is a token, a handle or an assertion; what is named is an address to be fetched or a URL to be opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from model import authorization_server as server_rules
from model import client as client_rules
from model import guards, identifiers, scopes
from model import resource_server as resource_rules
from model.action import Context, Domains, Move, action, combined, possible
from model.attacker import (
    comes_from_client,
    controls_document,
    holds_browser,
    is_client,
    is_registered,
    knows,
    sessions_and_channels,
    signs_as,
    signs_from_page,
)
from model.attacker_answers import fetched_as, squats, vouches, well_known_at, written
from model.flow import SIGNED, challenge, document_rules, is_rewritten, server_metadata_rules, takes_part
from model.logic import Condition, Value, all_of, any_of, choose, implies, mapped, no, one_of, same
from model.lookups import token_is_looked_up
from model.messages import (
    FORGED,
    OWN,
    Challenge,
    ClientAuthentication,
    DeviceRequest,
    Fetch,
    Introspection,
    KeySet,
    Message,
    PushedRequest,
    Redirection,
    RegistrationRequest,
    ResourceMetadata,
    ResourceRequest,
    ResourceResponse,
    Sent,
    ServerMetadata,
    TokenRequest,
    TokenResponse,
    asked,
)
from model.reading import Moved
from model.readings import (
    IssuedToken,
    accepted_issuer,
    answered,
    attackers_key,
    by_method,
    compares,
    follows,
    frameworks,
    grants_used,
    has_handle,
    identified,
    ids_of,
    is_by_stranger,
    is_own_key,
    is_strangers,
    learns_endpoints,
    lookalike,
    may_begin,
    metadata_url,
    names_all,
    names_issuer,
    published,
    pushes,
    reads_card,
    sessions,
    sessions_and_strangers,
    tampered,
    token_of,
    trusted_by,
    was_handed_over,
)
from model.registration import has_clients, is_fetched, knows_attesters, registers_at_run_time, shares_host
from model.resource_server import Issuer
from model.rule import Named
from model.state import ATTACKERS_KEY, ID_TOKEN, OWN_TOKENS, assertion_at, id_token_of, id_tokens, tokens
from model.switching import Choices
from model.token_endpoint import was_kept
from model.token_flow import INTERNAL, accepts, captured_proofs, is_revoked, request_with, token_request, used_late
from model.world import ATTACKER, NONE, PROXY, Exchanged, Party, World

#: What the attacker shows a resource server, where it has no attestation of the client that a token was issued to.
OF_ANOTHER = "<signed by another client>"

# --- challenges ------------------------------------------------------------------------------------------------


def _rechallenges(world: World) -> list[dict[str, str]]:
    """One action for each new AS, listed itself, or an honest one of its own host in its place."""
    return [
        {**pair, "server": server.name, "near": near}
        for pair in sessions_and_channels(world)
        for server in world.strangers
        for near in (NONE, *(at.url for at in world.honest_servers if identifiers.same_origin(at.url, server.url)))
    ]


@action("S22", _rechallenges, lambda world: {"issuer": world.issuers})
def rechallenge(c: Context, who: str, channel: str, server: str, near: str, issuer: Value) -> Move:
    """Challenged anew by a resource whose metadata the attacker writes, the client refreshes at the AS it now lists.

    ``near``: that is an honest one, below whose host the attacker writes what its metadata says.
    """
    session, party, design = answered(c, who), c.world.by_name[server], c.client(who)
    at = party.url if near == NONE else near
    refresh = mapped(lambda token: token if token in c.world.grant else NONE, session.token)
    here = possible(
        same(session.phase, "sent"),
        c.runs(party),
        no(same(refresh, NONE)),
        client_rules.may_refresh(design, follows(c, who)),
        same(session.code, refresh),
        no(is_strangers(c.world, session.token_at)),
        no(same(design.prm, "off")),
        controls_document(c, who, session.url, channel),
    )
    # The client is now where the new metadata leads; it sends what it would send there.
    moved = Moved(session, issuer=issuer, metadata=party.url, token_at=party.url)
    request = token_request(c, moved, party.url, grant_type="refresh_token", refresh_token=refresh)
    client = c.world.session[who].client
    anew = Sent(session.url, client, Challenge(metadata_url(c, session.url)), channel != "challenge")
    about = identified(c, session.url)
    pointed = written(c, who, session.url, channel, ResourceMetadata(about, at))
    published_ = ServerMetadata(issuer, party.url, party.url)
    listed, vouched = Moved(session, listed=at), vouches(c, who, about, at, channel)
    return Move(
        here,
        (
            *guards.challenge_to_token(design, discovers=True),
            *document_rules(c, who, session.url, about, at, vouched, channel, squats(c, who, channel)),
            *guards.discovery_again(design, changed=no(same(at, session.listed))),
            resource_rules.well_known_is_the_owners(c.design, near != NONE),
            *server_metadata_rules(c, listed, party, issuer, party.url, party.url, fetched=at),
            client_rules.refresh_token_stays_with_issuer(design, same(issuer, session.issuer)),
        ),
        {f"{who}.phase": "renewed"},
        (anew, *pointed, *learns_endpoints(c, who, server, published_), Sent(client, server, request)),
    )


def _downgrades(world: World) -> list[dict[str, str]]:
    at = {tampering.party for tampering in world.tampered if tampering.channel == "challenge"}
    return [
        {"who": session.name, "party": party.name}
        for session in world.sessions
        for party in world.resource_servers
        if session.instead_of and party.name in at and party.speaks_protocol("aauth")
    ]


@action("S1", _downgrades, lambda world: {"scope": world.scopes_or_none})
def challenge_in_other_protocol(c: Context, who: str, party: str, scope: Value = NONE) -> Move:
    """The attacker, who writes the challenge, answers a signed request as a resource without AAuth does."""
    url, client = c.world.by_name[party].url, c.world.session[who].client
    signed = c.state.session(c.world.session[who].instead_of)
    here = possible(
        same(c.state.session(who).phase, "idle"),
        same(signed.phase, "asked"),
        same(signed.url, url),
        tampered(c, "challenge", url),
        takes_part(c, who),
        may_begin(c, who),
    )
    return Move(
        here,
        (client_rules.other_challenge_is_heeded(c.client(who)),),
        {f"{who}.phase": "challenged", f"{who}.url": url, **scopes.entry(c, who, scope)},
        (Sent(url, client, challenge(c, who, url, scope)),),
    )


# --- tokens at resources ---------------------------------------------------------------------------------------

#: What a client of the attacker's has of its own account, as messages call it: a token for here, an ID token, a token
#: for elsewhere.
OF_ITS_OWN = ("own_token", "id_token", "own")


def _presented(world: World) -> list[dict[str, str]]:
    """One action for each token of a user's, and of the attacker's own from an AS, at each honest resource server."""
    own = combined(token=OF_ITS_OWN, url=world.honest_urls, server=(server.name for server in world.honest_servers))
    logins = (id_token_of(grant) for grant in id_tokens(world) if world.grant[grant].user != ATTACKER)
    of_users = [*_tokens_and_urls(world), *combined(token=logins, url=world.honest_urls)]
    return [*of_users, *(own if world.identities else ())]


def _tokens_and_urls(world: World) -> list[dict[str, str]]:
    of_users = (token for token in tokens(world) if world.issued[token.removesuffix("+")].user != ATTACKER)
    return combined(token=of_users, url=world.honest_urls)


@action("S18", _presented, lambda _: {"passed_on": (False, True)})
def present_token(c: Context, token: str, url: str, passed_on: Condition, server: str = "") -> Move:
    """The attacker presents a token that it knows at an honest resource, with any proof that it has.

    The token is a user's, also the ID token of one, or one that a client of the attacker's has for itself from an AS.
    Where it is taken without a proof it shows none, which nobody has seen before.

    ``passed_on``: the request is one for which the resource server would pass the token on.
    """
    party = c.world.by_url[url]
    has, made, harm = _of_its_own(c, token, url, server) if server else _of_a_user(c, token, url)
    here, made = possible(has, c.exists(party)), replace(made, forwarded=passed_on)
    meant = resource_rules.audience_covers(
        c.of(party.name), published(c, url), url, made.audience, names_all(c, party, made), made.of_domain
    )
    harm["accepted.foreign"] = all_of(passed_on, no(meant))
    harm.setdefault("accepted.issuer", is_by_stranger(c, party, made))
    for_this, for_another, unused = captured_proofs(c, token, made.key, url)
    used = no(all_of(same(c.of(party.name).rs_htu, "off"), unused))
    handed = was_handed_over(c, token)
    has_key = any_of(handed, signs_from_page(c, made.client))
    own = any_of(is_own_key(made.key), has_key)
    presented = choose(has_key, made.certificate, NONE)
    bare = resource_rules.takes_it_bare(c.of(party.name))
    proven = all_of(no(own), no(bare))
    shown, attested, carried = attestations(c, party, made.client, has_key)
    request = by_method(
        c,
        ResourceRequest(
            url,
            token,
            choose(proven, f"{token}@captured", NONE),
            presented,
            proof_key=choose(own, made.key, NONE),
            client_attestation=carried,
        ),
    )
    bound = any_of(no(is_own_key(made.key)), no(same(made.certificate, NONE)))
    lent = all_of(not isinstance(c.world.issued.get(token), Exchanged), bound)
    others = any_of(no(own), no(same(made.certificate, presented)), lent)
    return Move(
        here,
        (
            *was_kept(c, token, [token]),
            *accepts(
                c,
                token,
                made,
                url,
                own,
                (for_this, for_another),
                presented,
                shown,
                sufficient=scopes.is_sufficient(c, "", url, made.scope),
                used=all_of(proven, used),
                bare=bare,
                attested=attested,
            ),
        ),
        {**harm, f"replayed.{token}": others, **used_late(c, token)} if token in tokens(c.world) else harm,
        (
            Sent(ATTACKER, url, request),
            *token_is_looked_up(c, url, token, made, is_revoked(c, token)),
            Sent(url, ATTACKER, ResourceResponse(made.subject)),
        ),
    )


def _of_a_user(c: Context, token: str, url: str) -> tuple[Condition, IssuedToken, dict[str, Value | Condition]]:
    """Whether the attacker has a token of a user's, what that is, and what is so once it is taken."""
    if token in tokens(c.world):
        return knows(c, "token", token), token_of(c, token), {f"served.{token}": True}
    grant = token.removeprefix(ID_TOKEN)
    made = _login(c, token_of(c, grant), url)
    return knows(c, "token", token), made, {f"served.{grant}": True, "accepted.id_token": True}


def _login(c: Context, made: IssuedToken, url: str) -> IssuedToken:
    """The ID token that comes with a token: its audience is a client_id, which may be what a resource goes by."""
    names_it = choose(same(c.of(c.world.by_url[url].name).cid_eq_rs, "yes"), published(c, url), NONE)
    return replace(made, audience=names_it, key=NONE, certificate=NONE, typed=False, self_contained=True)


def _of_its_own(
    c: Context, token: str, url: str, server: str
) -> tuple[Condition, IssuedToken, dict[str, Value | Condition]]:
    """The same of what a client of the attacker's has for itself from an AS.

    A token for here is no harm by itself, unless its subject is somebody else's; nor is one for elsewhere, unless the
    resource server passes it on.
    """
    at, here = c.world.by_name[server], published(c, url)
    login, granted, collides = (c.state[f"has.{name}@{server}"] for name in OWN_TOKENS)
    client, scope = c.world.identities[0].url, scopes.approved(c, at, NONE, here)
    made = IssuedToken(at, ATTACKER, client, here, scope, attackers_key(c, at, NONE), NONE, subject=client)
    policy = c.of(server)

    def bound(asked_for: Value) -> IssuedToken:
        return replace(
            made,
            audience=server_rules.bound_resource(policy, asked_for),
            has_default=server_rules.has_default_audience(policy, asked_for),
        )

    if token == "own_token":
        of_itself = replace(bound(choose(same(policy.as_resource, "reject"), NONE, here)), of_client=True)
        return collides, of_itself, {"accepted.issuer": True, "accepted.as_user": True}
    if token == "id_token":
        return login, _login(c, made, url), {"accepted.id_token": True}
    return any_of(login, granted), bound(client), {}  # for something of its own, whatever that is


def attestations(
    c: Context, party: Party, client_id: Value = NONE, handed: Condition = False
) -> tuple[Condition, Condition, Value]:
    """Whether the attacker shows a resource server the attestation of this client, or of some other, and as what.

    It was sent one, or got it with the token (``handed``), or has one by an attester of its own, which attests whom it
    likes: no draft has a resource server ask which attesters may speak for a client.
    """
    of_it, of_any, known = [], [], knows_attesters(c, party.url)
    for client in c.world.clients:
        sent = all_of(knows(c, "assertion", assertion_at(party, client.name)), known)
        lent = all_of(handed, client_rules.shows_attestation(c.of(client.name)), known)
        of_it.append(all_of(one_of(client_id, *ids_of(c, client)), any_of(sent, lent)))
        of_any.append(any_of(sent, lent))
    own = same(c.design.own_attester, "yes")
    shown, other = any_of(own, *of_it), any_of(own, *of_any)
    return shown, other, choose(shown, SIGNED, choose(other, OF_ANOTHER, NONE))


def _claims(world: World) -> Domains:
    return {**claimed(world), "form": ("signed", "opaque")}


def claimed(world: World) -> Domains:
    """The names under which the attacker makes tokens: of any AS, or one that looks like that of an honest one."""
    return {"iss": (*world.issuers, *(lookalike(server.url) for server in world.honest_servers))}


@action("S18", lambda world: combined(url=world.honest_urls), _claims)
def present_own_making(c: Context, url: str, iss: Value, form: Value) -> Move:
    """An AS of the attacker's makes a token about a user, for this resource and the attacker's key, and presents it.

    It signs under any name, where its keys have been taken, or hands out an opaque one that leads the resource server
    to an endpoint of its own.
    """
    party, policy = c.world.by_url[url], c.of(c.world.by_url[url].name)
    opaque = same(form, "opaque")
    has_keys = any_of(opaque, c.state[f"keys.{url}"])
    here = possible(signs_as(c, iss), c.exists(party), has_keys, no(c.state[f"served.forged.{url}"]))
    known, at = trusted_by(c, party, iss), accepted_issuer(c, party, iss)
    named = names_issuer(policy, at)
    genuine = any_of(no(known), *(all_of(c.runs(server), same(iss, server.url)) for server in c.world.strangers))
    # It says in its token which client that is for: one whose attestation it was sent.
    own, (_, attested, _) = published(c, url), attestations(c, party)
    return Move(
        here,
        made_up(policy, at, genuine, keys_are_listed(c, party), own, url, (attested, attested), opaque),
        {
            f"served.forged.{url}": True,
            "accepted.as_user": resource_rules.subject_is_user(policy, any_of(known, opaque)),
            "accepted.issuer": any_of(opaque, no(all_of(named, genuine))),
        },
        (Sent(ATTACKER, url, _made(c, url, iss, own, opaque)), Sent(url, ATTACKER, ResourceResponse())),
    )


def made_up(
    policy: Choices,
    issuer: Issuer,
    by_issuer: Condition,
    signer_listed: Condition,
    identifier: Value,
    url: Value,
    attestations: tuple[Condition, Condition],
    opaque: Condition = False,
) -> tuple[Named, ...]:
    """The rules by which a resource server judges a token that the attacker made for it, bound to the attacker's key.

    ``attestations``: as in :func:`attestations`; ``opaque``: the token leads to somebody who tells of it.
    """
    return tuple(
        guards.access_token(
            policy,
            issuer=issuer,
            by_issuer=by_issuer,
            signer_listed=signer_listed,
            identifier=identifier,
            url=url,
            audience=identifier,
            has_default=False,
            expired=False,
            revoked=False,
            sufficient=True,
            key=ATTACKERS_KEY,
            own=True,
            for_this=False,
            for_another=False,
            certificate=NONE,
            presented=NONE,
            used=False,
            shown=attestations[0],
            attested=attestations[1],
            bare=False,
            typed=True,
            self_contained=no(opaque),
            named_by_token=opaque,
            **guards.ORDINARY,
        )
    )


def keys_are_listed(c: Context, party: Party) -> Condition:
    """Whether an AS of the attacker's is among those whose keys a resource server has."""
    policy = c.of(party.name)
    listed = []
    for server in c.world.strangers:
        at = accepted_issuer(c, party, server.url)
        listed.append(all_of(c.runs(server), resource_rules.issuer_is_accepted(policy, at).holds))
    return any_of(*listed)


def _made(c: Context, url: str, iss: Value, audience: Value, opaque: Condition) -> ResourceRequest:
    """A request with a token that the attacker made; an opaque one claims nothing by itself."""
    claims = iss, next(iter(c.world.users), NONE), audience
    issuer, subject, of = (choose(opaque, NONE, claimed) for claimed in claims)
    return by_method(c, ResourceRequest(url, FORGED, token_issuer=issuer, token_subject=subject, token_audience=of))


# --- what a client of the attacker's gets by itself ---------------------------------------------------------------


def _honest_servers(world: World) -> list[dict[str, str]]:
    return combined(server=(server.name for server in world.honest_servers))


@action("S16", _honest_servers, lambda _: {"collides": (False, True)})
def get_own_token(c: Context, server: str, collides: Condition) -> Move:
    """A client of the attacker's gets a token for itself, about its own client_id: one it may have chosen to collide.

    A client_id that is a URL on somebody else's host is chosen without anybody's leave.
    """
    party, policy = c.world.by_name[server], c.of(server)
    elsewhere = [identity for identity in c.world.identities if shares_host(c, identity)]
    hosted = any_of(*(all_of(c.runs(identity), is_fetched(c, identity, policy).holds) for identity in elsewhere))
    by_document = all_of(hosted, same(policy.reg, "cimd"))
    acts = any_of(*(c.runs(identity) for identity in c.world.identities))
    known = any_of(*(all_of(c.runs(own), is_client(c, party, own.url)) for own in c.world.identities))
    request, answer = TokenRequest(grant_type="client_credentials"), TokenResponse(OWN, "Bearer")
    return Move(
        all_of(acts, no(c.state[f"has.own_token@{server}"])),
        (
            server_rules.client_is_registered(policy, known),
            server_rules.client_credentials_are_granted(policy, grants_used(c)),
            server_rules.client_ids_are_not_chosen(policy, all_of(collides, no(by_document))),
        ),
        {f"has.own_token@{server}": True, f"has.colliding_token@{server}": collides},
        (Sent(ATTACKER, party.name, request), Sent(party.name, ATTACKER, answer)),
    )


@action(
    "S19",
    lambda world: [{"token": made["token"]} for made in _tokens_and_urls(world) if made["url"] == world.honest_urls[0]],
)
def introspect_token(c: Context, token: str) -> Move:
    """A resource server of the attacker's asks the honest AS about a token that it knows."""
    runs = any_of(*(c.runs(party) for party in c.world.resource_servers))
    here = possible(runs, knows(c, "token", token))
    made = token_of(c, token)
    server, own = made.server.name, ((party, published(c, party.url)) for party in c.world.attackers_resources)
    for_it = (
        server_rules.is_meant_for(c.of(server), resource, made.audience, names_all(c, party, made))
        for party, resource in own
    )
    # A party that knows an endpoint at which to ask about opaque tokens asks there about any.
    asking = (party for party in c.world.resource_servers if party.honest and server in party.trusts)
    asked = (same(c.of(party.name).token_fmt, "opaque") for party in asking)
    return Move(
        all_of(here, any_of(*asked), no(any_of(*for_it)), no(is_revoked(c, token))),
        (*was_kept(c, token, [token]), server_rules.introspection_is_for_the_audience(c.of(server), False)),
        {f"told.{token}": True},
        (Sent(ATTACKER, server, Introspection(token)),),
    )


@action("S18", lambda world: combined(url=world.honest_urls))
def use_handle(c: Context, url: str) -> Move:
    """The attacker uses the handle of a user's session at a resource server, which a page of its own got hold of."""
    has_page = any_of(*(any_of(holds_browser(c, user), comes_from_client(c, user)) for user in c.world.users))
    return handle_used(
        c, url, has_page, by_method(c, ResourceRequest(url, session_handle=next(iter(c.world.users), NONE)))
    )


def handle_used(c: Context, url: str, has_page: Condition, request: Message) -> Move:
    """The same by a request, of whichever protocol; ``has_page``: a page of the attacker's is in a user's browser."""
    return Move(
        all_of(has_page, has_handle(c, url)),
        (resource_rules.handles_are_bound_to_user(c.of(c.world.by_url[url].name), by_its_user=False),),
        {"accepted.handle": True},
        asked(ATTACKER, url, request, ResourceResponse(next(iter(c.world.users), NONE))),
    )


def _redirecting(world: World) -> list[dict[str, str]]:
    """One action for each session and each resource server that it may come to and that may redirect it."""
    open_ = {tampering.party for tampering in world.tampered if tampering.channel == "redirect"}
    able = [party for party in world.resource_servers if not party.honest or party.name in open_]
    return [
        {"who": who, "party": party.name}
        for who in world.flows
        for party in able
        if party.url in world.whereabouts(who)
    ]


def _redirected(world: World) -> list[dict[str, str]]:
    """One action for each session that may be redirected so, where there is an honest server to redirect to."""
    whose = dict.fromkeys(each["who"] for each in _redirecting(world) if world.honest_urls)
    return [{"who": who} for who in whose]


@action("S18", _redirected, lambda world: {"url": world.honest_urls})
def redirect_request(c: Context, who: str, url: Value) -> Move:
    """A resource server of the attacker's, or an open redirect of one, redirects a client's request to an honest one.

    A request without a token goes where the client has credentials, one with a token takes that along.
    """
    session, design = c.state.session(who), c.client(who)
    redirects = any_of(c.attackers(session.url), tampered(c, "redirect", session.url))
    elsewhere = all_of(c.at(url, c.exists), no(same(url, session.url)))
    there = all_of(redirects, elsewhere, no(session.diverted), no(session.accepted))
    with_token = same(session.phase, "sent")
    here = possible(one_of(session.phase, "challenged", "sent"), there)
    client, at = c.world.session[who].client, answered(c, who)
    across = no(compares(identifiers.same_origin, session.url, url))
    again = replace(request_with(c, at, at.token, at.url), url=url)
    return Move(
        here,
        redirect_rules(design, with_token, across),
        {f"{who}.url": url, f"{who}.diverted": True},
        (
            Sent(session.url, client, Redirection(url)),
            Sent(client, url, by_method(c, ResourceRequest(url)), no(with_token)),
            Sent(client, url, again, with_token),
        ),
    )


def redirect_rules(design: Choices, with_token: Condition, across: Condition) -> tuple[Named, ...]:
    """The rules by which a client follows a redirect of a request; ``across``: to another origin."""
    given = client_rules.redirect_target_gets_no_credentials(design, redirected=True)
    copied = client_rules.credentials_stay_with_origin(design, elsewhere=across)
    return (
        given._replace(holds=any_of(with_token, given.holds)),
        copied._replace(holds=any_of(no(with_token), copied.holds)),
    )


# --- addresses that others name ----------------------------------------------------------------------------------

HOSTILE = "javascript:"


@action("S1", sessions)
def ask_for_internal_address(c: Context, who: str) -> Move:
    """Who writes what a user asks of the client names an internal address: in its own session, or on the way."""
    return asked_inside(c, who, ResourceRequest(INTERNAL))


def asked_inside(c: Context, who: str, request: Message) -> Move:
    """The same by a request, of whichever protocol."""
    session, client = c.state.session(who), c.world.session[who].client
    on_the_way = is_rewritten(c)
    writes = takes_part(c, who) if c.world.user_of(who) == ATTACKER else on_the_way
    return Move(
        all_of(same(session.phase, "idle"), writes),
        (client_rules.fetches_are_guarded(c.client(who), internal=True),),
        {"fetched.internal": True},
        (Sent(client, INTERNAL, request),),
    )


def _reads_attackers(c: Context, who: str, channel: str) -> Condition:
    """Whether a client that was challenged reads metadata of a resource where the attacker writes it."""
    session = c.state.session(who)
    reads = all_of(controls_document(c, who, session.url, channel), no(same(c.client(who).prm, "off")))
    return possible(same(session.phase, "challenged"), reads)


def _led_inside(c: Context, who: str, rules: Iterable[Named], sends: tuple[Sent, ...]) -> Move:
    """The client is led to an internal address, which it fetches without a look at what that is."""
    guarded = client_rules.fetches_are_guarded(c.client(who), internal=True)
    fetches = Sent(c.world.session[who].client, INTERNAL, Fetch(INTERNAL))
    return Move(True, (*rules, guarded), {"fetched.internal": True}, (*sends, fetches))


def _on_the_wire(world: World) -> list[dict[str, str]]:
    return [pair for pair in sessions_and_channels(world) if pair["channel"] != "cache"]


@action("S3", _on_the_wire, lambda _: {"redirected": (False, True)})
def lead_to_internal_address(c: Context, who: str, channel: str, redirected: Condition) -> Move:
    """The attacker names an internal address in a challenge, or redirects there from where the metadata is.

    An open redirect of the resource does that as well. Where the metadata belongs a client finds out once it has
    fetched it.
    """
    design, client, url = c.client(who), c.world.session[who].client, c.state.session(who).url
    named, by_header = no(redirected), channel == "challenge"
    from_there = all_of(same(design.prm_src, "wellknown"), squats(c, who, channel))
    rules = (
        *guards.challenge(
            design,
            configured=True,
            plain_http=channel == "transport",
            by_challenge=any_of(named, by_header),
            elsewhere=named,
        ),
        *guards.redirect(design, redirected=redirected),
        resource_rules.well_known_is_the_owners(c.design, any_of(channel == "well_known", from_there)),
    )
    challenge = Sent(url, client, Challenge(INTERNAL), named)
    redirects = asked(client, url, Fetch(metadata_url(c, url)), Redirection(INTERNAL), redirected)
    move = _led_inside(c, who, rules, (challenge, *redirects))
    redirects_there = any_of(not by_header, tampered(c, "redirect", url))
    challenges = channel in ("challenge", "transport", "own")
    ways = any_of(all_of(named, challenges), all_of(redirected, redirects_there))
    return move._replace(when=all_of(ways, _reads_attackers(c, who, channel)))


@action("S1", _redirecting)
def redirect_request_inside(c: Context, who: str, party: str) -> Move:
    """A resource server of the attacker's, or an open redirect of one, has a client's request redirected inside."""
    url, client = c.world.by_name[party].url, c.world.session[who].client
    session, redirects = c.state.session(who), any_of(c.attackers(url), tampered(c, "redirect", url))
    asks = asked(client, url, by_method(c, ResourceRequest(url)), Redirection(INTERNAL))
    move = _led_inside(c, who, (client_rules.credentials_stay_with_origin(c.client(who), elsewhere=False),), asks)
    return move._replace(when=possible(same(session.phase, "challenged"), same(session.url, url), redirects))


@action("S3", _on_the_wire)
def list_internal_address(c: Context, who: str, channel: str) -> Move:
    """The attacker, who writes metadata of a resource, lists an internal address as its AS.

    A client that asks a federation about the AS fetches what that says of itself. A card names endpoints in its place:
    the first that the client calls is inside.
    """
    design, client, url = c.client(who), c.world.client_of(who), c.state.session(who).url
    about = identified(c, url)
    vouched = vouches(c, who, about, INTERNAL, channel)
    asked_about = same(design.as_trust, "federation")
    chosen = guards.chosen_server(design, server=INTERNAL, listed=INTERNAL, found=frameworks(c, INTERNAL, client.knows))
    card = all_of(reads_card(c, who), no(asked_about))
    beside = choose(client_rules.shows_a_code(design), INTERNAL, url)
    endpoints = guards.token_endpoint(design, claimed=beside, token_at=INTERNAL)
    rules = (
        *document_rules(c, who, url, about, INTERNAL, vouched, channel, squats(c, who, channel)),
        *(rule._replace(holds=any_of(asked_about, rule.holds)) for rule in chosen),
        *(rule._replace(holds=implies(card, rule.holds)) for rule in endpoints),
    )
    move = _led_inside(c, who, rules, written(c, who, url, channel, ResourceMetadata(about, INTERNAL)))
    return move._replace(when=_reads_attackers(c, who, channel))


#: The endpoints that an AS names, each with what a client sends there.
_ENDPOINTS: dict[str, Message] = {
    "authorization_endpoint": Redirection(HOSTILE),
    "token_endpoint": TokenRequest(grant_type="authorization_code"),
    "pushed_authorization_request_endpoint": PushedRequest(),
    "registration_endpoint": RegistrationRequest(),
    "device_authorization_endpoint": DeviceRequest(),
    "revocation_endpoint": ClientAuthentication(),
}


def _endpoints(world: World) -> list[dict[str, str]]:
    return [{**pair, "endpoint": endpoint} for pair in sessions_and_strangers(world) for endpoint in _ENDPOINTS]


@action("S7", _endpoints)
def name_address_in_server_metadata(c: Context, who: str, server: str, endpoint: str) -> Move:
    """An AS of the attacker's names an authorization endpoint that is no web URL, or another that is internal."""
    session, party, design = c.state.session(who), c.world.by_name[server], c.client(who)
    client, opens = c.world.session[who].client, endpoint == "authorization_endpoint"
    used = {
        "authorization_endpoint": client_rules.uses_browser(design, follows(c, who)),
        "pushed_authorization_request_endpoint": all_of(pushes(design, follows(c, who)), no(reads_card(c, who))),
        "registration_endpoint": registers_at_run_time(design),
        "device_authorization_endpoint": client_rules.shows_a_code(design),
        "revocation_endpoint": all_of(same(design.other_authn_ep, "yes"), no(reads_card(c, who))),
    }
    asks, fetched, owners = fetched_as(c, who, party)
    told = replace(ServerMetadata(fetched, fetched, fetched), **{endpoint: HOSTILE if opens else INTERNAL})
    further = told.pushed_authorization_request_endpoint, told.registration_endpoint
    rules = server_metadata_rules(
        c,
        session,
        party,
        fetched,
        INTERNAL if endpoint == "device_authorization_endpoint" else fetched,
        told.token_endpoint,
        hostile=opens,
        fetched=fetched,
        further=tuple(at for at in further if at != NONE),
    )
    if opens:
        harmless = client_rules.authorization_endpoint_is_a_web_url(design, web_url=False)
    else:
        harmless = client_rules.fetches_are_guarded(design, internal=True)
    followed = Sent(client, c.world.user_of(who) if opens else INTERNAL, _ENDPOINTS[endpoint])
    return Move(
        all_of(asks, used.get(endpoint, True)),
        (owners, *rules, harmless),
        {"opened.hostile" if opens else "fetched.internal": True},
        (*learns_endpoints(c, who, server, told, at=well_known_at(fetched)), followed),
    )


def _names(world: World) -> Domains:
    """Which issuer a token may name: the attacker's AS, one that looks like an honest one, or an internal address."""
    own, like = (server.url for server in world.strangers), (lookalike(server.url) for server in world.honest_servers)
    return {"iss": (*own, *like, INTERNAL), "form": ("signed", "opaque")}


@action("S18", lambda world: combined(url=world.honest_urls), _names)
def name_issuer(c: Context, url: str, iss: Value, form: Value) -> Move:
    """A resource server looks where a token says: for the keys of its issuer, or for an introspection endpoint.

    It takes the keys of an issuer that it accepts.
    """
    party, opaque, inside = c.world.by_url[url], same(form, "opaque"), same(iss, INTERNAL)
    policy = c.of(party.name)
    asks = all_of(inside, same(policy.rs_trust, "federation"))  # it fetches the statements of any issuer
    signed = (
        resource_rules.token_is_self_contained(policy, no(opaque)),
        resource_rules.issuer_is_accepted(policy, accepted_issuer(c, party, iss)),
    )
    request = by_method(c, ResourceRequest(url, FORGED, token_issuer=choose(opaque, NONE, iss)))
    fetch, keys = Fetch(mapped("{}/jwks".format, iss)), KeySet("<attacker's keys>")
    return Move(
        possible(c.has(c.capabilities), c.exists(party), any_of(inside, all_of(no(opaque), signs_as(c, iss)))),
        (
            resource_rules.introspection_endpoint_is_configured(policy, named_by_token=opaque),
            *(rule._replace(holds=any_of(opaque, asks, rule.holds)) for rule in signed),
        ),
        {f"keys.{url}": no(inside), "fetched.internal": inside},
        (
            Sent(ATTACKER, url, request),
            Sent(url, INTERNAL, Fetch(INTERNAL), inside),
            *asked(url, ATTACKER, fetch, keys, no(inside)),
        ),
    )


def _registering(world: World) -> list[dict[str, str]]:
    taken = [client for client in world.clients if client.taken_by]
    names = ("", *(party.name for party in (*taken, *world.identities)))
    servers = world.honest_registrars
    return [{"server": server.name, "client": name} for server in servers for name in names]


@action("S11", _registering)
def name_address_in_client_metadata(c: Context, server: str, client: str) -> Move:
    """The attacker has an AS fetch an internal address: as a client's document, or as what a client registered.

    Anybody may name one as a client_id, register where that is open, or name one as the issuer of an assertion. What a
    client of the attacker's has on file is fetched later. The document of a client of which it has the domain is
    written anew. A federation is asked about any client_id that is a URL.
    """
    policy = c.of(server)
    if not client:
        fetched = server_rules.document_is_fetched(policy, False, False)
        registers = all_of(same(policy.reg, "dcr"), same(policy.dcr_uris, "fetched"))
        by_url = one_of(policy.reg, "cimd", "federation")
        vouched: Condition = False
        if c.world.by_name[server].role != PROXY:  # which takes no assertions about users
            granted = server_rules.assertions_are_granted(policy, grants_used(c)).holds
            vouched = all_of(same(policy.grant_trust, "any"), granted)  # it fetches the signer's keys
        anybodys = fetched._replace(holds=any_of(vouched, fetched.holds))
        return _fetching(c, server, all_of(c.has(c.capabilities), any_of(by_url, registers, vouched)), anybodys)
    party = c.world.by_name[client]
    own, is_url = party in c.world.identities, party.identity != "statement"
    by_document = all_of(is_url, same(policy.reg, "cimd"))
    on_file = is_registered(c, c.world.by_name[server], party) if own else False
    registers = all_of(same(policy.reg, "dcr_ss"), on_file, same(policy.dcr_uris, "fetched"))
    anybody = c.has((*party.run_by, *party.registered_by))
    by_itself = all_of(anybody, any_of(by_document, registers))
    acts = by_itself if own else all_of(c.has(party.taken_by), same(policy.reg, "cimd"))
    return _fetching(c, server, acts, is_fetched(c, party, policy))


def _fetching(c: Context, server: str, acts: Condition, fetched: Named) -> Move:
    """The AS fetches an internal address that the attacker named, if it fetches documents of that kind at all."""
    policy = c.of(server)
    return Move(
        all_of(acts, has_clients(c, c.world.by_name[server])),
        (
            fetched._replace(holds=any_of(no(same(policy.reg, "cimd")), fetched.holds)),
            server_rules.fetches_are_guarded(policy, internal=True),
        ),
        {"fetched.internal": True},
        (Sent(ATTACKER, server, Fetch(INTERNAL)), Sent(server, INTERNAL, Fetch(INTERNAL))),
    )
