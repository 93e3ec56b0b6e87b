"""What the attacker answers where somebody asks one of its parties: any document, request_uri, token or key set."""

from model import resource_server as resource_rules
from model import scopes
from model.action import Context, Domains, Free, Move, action, possible
from model.attacker import controls_document, knows, sessions_and_channels
from model.flow import (
    asks_stranger,
    declared,
    document_rules,
    documented,
    for_device,
    found_out,
    is_attested,
    is_genuine,
    is_logged,
    is_original,
    offered,
    server_metadata_rules,
    verifies,
    with_metadata,
)
from model.identifiers import same_origin, well_known_authorization_server
from model.logic import Condition, Value, all_of, any_of, choose, implies, mapped, no, one_of, same
from model.lookups import log_is_asked, signature_is_verified
from model.messages import FORGED, Challenge, PushedResponse, ResourceMetadata, Sent, ServerMetadata, TokenResponse
from model.readings import (
    answered,
    document,
    follows,
    is_enrolled,
    is_strangers,
    learns_endpoints,
    metadata_url,
    published,
    pushes,
    reads_card,
    sessions,
    sessions_and_strangers,
    tampered,
)
from model.registration import is_on_file, registers_at_run_time
from model.rule import Named
from model.state import tokens, went_astray
from model.token_endpoint import was_kept
from model.world import ATTACKER, ELSEWHERE, NONE, RESOURCE_SERVER, Party, World


def _documents(world: World) -> Domains:
    return {
        "resource": world.resources,
        "listed": world.issuers,
        "demands_dpop": (False, True),
        "scope": world.scopes_or_none,
    }


@action("S3", sessions_and_channels, _documents)
def publish_resource_metadata(
    c: Context, who: str, channel: str, resource: Value, listed: Value, demands_dpop: Condition, scope: Value = NONE
) -> Move:
    """A client reads resource metadata by the attacker: of its own resource, or of an honest one over a channel.

    A resource that the client was configured with says nothing about another. Who writes the challenge names scopes
    there as well.
    """
    session, design = c.state.session(who), c.client(who)
    reads = possible(same(session.phase, "challenged"), controls_document(c, who, session.url, channel))
    own, lists = same(resource, published(c, session.url)), scopes.reads_metadata(c, who)
    challenges, original = channel in ("challenge", "transport"), is_original(c, who, resource, listed, channel)
    here = possible(
        reads,
        implies(same(design.prm, "off"), own),
        implies(demands_dpop, same(design.dpop_policy, "prm")),
        implies(no(any_of(lists, challenges)), same(scope, NONE)),
    )
    genuine = any_of(original, all_of(own, no(is_strangers(c.world, listed))))
    logged = is_logged(c, session.url, resource, listed, channel)
    vouched = any_of(same(design.prm, "off"), vouches(c, who, resource, listed, channel))
    told = ResourceMetadata(resource, listed, *declared(c, who, vouched, demands_dpop), choose(lists, scope, NONE))
    return Move(
        here,
        document_rules(
            c, who, session.url, resource, listed, vouched, channel, all_of(squats(c, who, channel), no(genuine))
        ),
        {
            f"{who}.phase": "discovered",
            f"{who}.resource": documented(c, who, resource),
            f"{who}.listed": listed,
            f"{who}.demands_dpop": demands_dpop,
            **scopes.entry(c, who, choose(any_of(lists, challenges), scope, scopes.challenged(c, who))),
            f"{who}.logged": all_of(same(design.prm_log, "required"), logged),
        },
        (
            *written(c, who, session.url, channel, told, choose(challenges, scope, NONE), original),
            *signature_is_verified(c, who, told.signed_metadata, verifies(c, who)),
            *log_is_asked(c, who, resource, listed),
        ),
    )


def vouches(c: Context, who: str, resource: Value, listed: Value, channel: str) -> Condition:
    """Whether a client finds a document by the attacker signed.

    The signature is from when it was true, or on its own, or another's that stands beside what the client uses; or the
    document repeats what an honest resource server has had signed.
    """

    def attested(party: Party) -> Condition:
        return is_enrolled(c, party, c.of(party.name).attested)

    signed = c.at(c.state.session(who).url, attested, RESOURCE_SERVER)
    anybodys = any_of(*(all_of(c.exists(party), attested(party)) for party in c.world.resource_servers))
    return any_of(
        tampered(c, "cache", c.state.session(who).url),
        all_of(signed, channel == "own"),
        all_of(anybodys, same(c.client(who).signed_values, "plain")),
        is_genuine(c, resource, listed, attested),
    )


def squats(c: Context, who: str, channel: str) -> Condition:
    """Whether a tenant's document would have to stand below /.well-known of its host for a client to find it."""
    in_place = any_of(same(c.client(who).prm_src, "wellknown"), same(c.client(who).prm_url, "of_resource"))
    return all_of(channel == "own", in_place, c.shares_origin(c.state.session(who).url))


def written(
    c: Context,
    who: str,
    url: Value,
    channel: str,
    told: ResourceMetadata,
    scope: Value = NONE,
    original: Condition = False,
) -> tuple[Sent, ...]:
    """How a client comes to a document of the attacker's; one who writes the challenge points to a URL of its own.

    ``scope``: what that one names in the challenge; ``original``: it points to the document of an honest party.
    """
    client, there = c.world.session[who].client, url
    for honest in c.world.honest_urls:
        there = choose(all_of(original, same(told.resource, published(c, honest))), honest, there)
    if channel != "challenge":
        rewritten = Sent(url, client, Challenge(metadata_url(c, there), scope), any_of(original, no(same(scope, NONE))))
        return (rewritten, *document(c, who, url, told, there, choose(original, metadata_url(c, there), "")))
    at = choose(original, metadata_url(c, there), f"{ELSEWHERE}metadata")
    return (
        Sent(url, client, Challenge(at, scope)),
        *document(c, who, url, told, choose(original, there, ATTACKER), at),
    )


def _url(party: Party) -> str:
    return party.url


def _endpoints(world: World) -> Domains:
    named = {"authorization_at": world.issuers, **dict.fromkeys(("issuer", "token_at"), world.registrars)}
    flags = ("promises_iss", "offers_pkce", "offers_dpop", "connector")
    named["registration_at"] = (*(server.url for server in world.strangers), *map(_url, world.honest_registrars))
    return {**named, "par_at": (NONE, *world.issuers), **dict.fromkeys(flags, (False, True))}


def _issuers(world: World) -> tuple[str, ...]:
    return (NONE, *world.issuers)


#: Endpoints that a client does not go on with: who pushes nothing, and who registers nowhere.
_UNREAD = {
    "ServerMetadata.pushed_authorization_request_endpoint": Free(
        _issuers, lambda c: no(pushes(c.client(c.session), follows(c, c.session)))
    ),
    "ServerMetadata.registration_endpoint": Free(_issuers, lambda c: no(registers_at_run_time(c.client(c.session)))),
}


def fetched_as(c: Context, who: str, party: Party) -> tuple[Condition, Value, Named]:
    """Whether a client asks an AS of the attacker's for its metadata, as that of which issuer, and the rule for that.

    The author of what stands below /.well-known of a host writes the metadata of every issuer there (RFC 8414 3.1).
    """
    listed = c.state.session(who).listed
    near = (at.url for at in c.world.honest_servers if same_origin(at.url, party.url))
    squats = all_of(no(reads_card(c, who)), one_of(listed, *near))
    owners = resource_rules.well_known_is_the_owners(c.design, squats)
    return asks_stranger(c, who, party, squats), choose(squats, listed, party.url), owners


def well_known_at(issuer: Value) -> Value:
    """Where the metadata of an AS is, or nowhere."""
    return mapped(lambda at: NONE if at == NONE else well_known_authorization_server(at), issuer)


@action("S7", sessions_and_strangers, _endpoints, _UNREAD)
def publish_server_metadata(
    c: Context,
    who: str,
    server: str,
    issuer: Value,
    authorization_at: Value,
    token_at: Value,
    par_at: Value,
    registration_at: Value,
    promises_iss: Condition,
    offers_pkce: Condition,
    offers_dpop: Condition,
    connector: Condition,
) -> Move:
    """An AS of the attacker's names any issuer and any endpoints; it may come as a connector of the client's.

    So does an agent's card that names it: its issuer is the one whose registration the client has under the name of
    the scheme, which is the card's to choose (A2A protocol 1.0 4.4.1).

    A client registers where the metadata says, if anybody may.
    """
    session, party, design = c.state.session(who), c.world.by_name[server], c.client(who)
    asks, fetched, owners = fetched_as(c, who, party)
    here = possible(asks)
    card = reads_card(c, who)
    registers = {
        at.name: all_of(registers_at_run_time(design), is_on_file(c, at, design), same(registration_at, at.url))
        for at in c.world.honest_registrars
    }
    spliced, offers_par = no(same(authorization_at, party.url)), no(same(par_at, NONE))
    pushed = pushes(design, follows(c, who))
    allowed = all_of(
        implies(same(c.design.splice, "no"), no(spliced)),
        implies(same(c.design.splice, "yes"), no(is_strangers(c.world, authorization_at))),
        implies(all_of(pushed, same(c.design.par_at, "own")), same(par_at, party.url)),
        implies(all_of(pushed, same(c.design.par_at, "honest")), all_of(offers_par, no(is_strangers(c.world, par_at)))),
    )
    plainest = all_of(
        implies(no(same(registration_at, party.url)), any_of(*registers.values())),
        implies(offers_par, pushed),
        implies(connector, c.has(party.connects_by)),
        implies(offers_pkce, any_of(same(design.pkce_policy, "metadata"), same(design.pkce_listed, "required"))),
        implies(offers_dpop, same(design.dpop_policy, "metadata")),
    )
    # A card has no fields for these.
    more = any_of(offers_par, promises_iss, offers_dpop, connector)
    here = possible(here, allowed, plainest, no(all_of(card, more)))
    further = registration_at, choose(offers_par, par_at, party.url)
    attested = is_attested(c, who, party, issuer, authorization_at, token_at, *further)
    told = ServerMetadata(
        issuer,
        authorization_at,
        token_at,
        par_at,
        promises_iss,
        choose(offers_pkce, "S256", NONE),
        choose(offers_dpop, "ES256", NONE),
        device_authorization_endpoint=for_device(c, who, authorization_at),
        **offered(c, who, party, attested, registration_at),
    )
    client = c.world.session[who].client
    recorded: dict[str, Value | Condition] = {
        "metadata": party.url,
        "unnamed": card,
        "issuer": issuer,
        "authorization_at": authorization_at,
        "token_at": token_at,
        "par_at": par_at,
        "promises_iss": promises_iss,
        "offers_pkce": offers_pkce,
        "offers_dpop": offers_dpop,
        "connector": connector,
    }
    astray = {went_astray(client, name, server): where for name, where in registers.items()}
    return Move(
        here,
        (
            owners,
            *server_metadata_rules(
                c,
                session,
                party,
                issuer,
                authorization_at,
                token_at,
                connector,
                promises_iss,
                offers_pkce,
                fetched=fetched,
                further=further,
            ),
        ),
        {**with_metadata(who, **recorded), **astray},
        (
            *learns_endpoints(c, who, server, told, at=well_known_at(fetched), unasked=connector),
            *found_out(c, who, party, issuer, told.signed_metadata, registration_at),
        ),
    )


def _references(world: World) -> Domains:
    return {"handed": (*world.grant, *world.session)}


@action("S9", lambda world: [here for here in sessions(world) if world.user_of(here["who"]) != ATTACKER], _references)
def answer_pushed_request(c: Context, who: str, handed: Value) -> Move:
    """The attacker's endpoint answers a pushed request with where another was pushed to: its own, or one it learned."""
    session = c.state.session(who)
    known = [all_of(same(handed, g.name), same(c.state.grant(g.name).code, "pushed")) for g in c.world.grants]
    known += [all_of(same(handed, s.name), knows(c, "request_uri", s.name)) for s in c.world.sessions]
    here = all_of(
        same(session.phase, "pushed"), c.attackers(session.par_at), same(session.request_uri, NONE), any_of(*known)
    )
    answer = Sent(session.par_at, c.world.session[who].client, PushedResponse(handed))
    return Move(here, (), {f"{who}.request_uri": handed}, (answer,))


@action(
    "S16",
    sessions,
    lambda world: {"token": (FORGED, *tokens(world))},
    {"TokenResponse.resource": Free(lambda world: (NONE, *world.resources))},
)
def answer_token_request(c: Context, who: str, token: Value) -> Move:
    """The attacker's token endpoint answers with any token it knows or makes, and says what it likes of it."""
    session = answered(c, who)
    here = possible(same(session.phase, "asked"), c.attackers(session.token_at))
    known = any_of(same(token, FORGED), *(all_of(same(token, t), knows(c, "token", t)) for t in tokens(c.world)))
    answer = Sent(session.token_at, c.world.session[who].client, TokenResponse(token, "as asked"))
    sets = {f"{who}.phase": "has_token", f"{who}.token": token}
    return Move(all_of(here, known), was_kept(c, token, tokens(c.world)), sets, (answer,))
