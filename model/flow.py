"""What honest parties do until the client has an authorization response, in protocol order.

This module and :mod:`model.token_flow`, which goes on, say the order of the flow. Code that takes a client's steps asks
:func:`model.protocols.steps`. An action gathers the messages of its step and the values that its rules are about; which
rules those are stands in :mod:`model.guards`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypedDict

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, guards, scopes
from model import resource_server as resource_rules
from model.action import Context, Move, action, combined, possible
from model.identifiers import same_origin, well_known_authorization_server
from model.logic import Condition, Value, all_of, any_of, choose, holds, implies, mapped, no, one_of, same
from model.lookups import (
    SIGNED_BY_ATTESTER,
    client_is_read,
    client_registers,
    log_is_asked,
    server_is_vouched_for,
    signature_is_verified,
)
from model.messages import (
    THIEF,
    Attestation,
    Authentication,
    AuthorizationRequest,
    AuthorizationResponse,
    Challenge,
    ClientAuthentication,
    Fetch,
    Guessed,
    LoginForm,
    NoDocument,
    PushedRequest,
    PushedResponse,
    Redirection,
    ResourceMetadata,
    ResourceRequest,
    Sent,
    ServerMetadata,
    ServerOffers,
)
from model.reading import Moved, SessionState
from model.readings import (
    by_method,
    client_id_of,
    designates,
    document,
    follows,
    frameworks,
    is_callback,
    is_enrolled,
    is_strangers,
    learns_endpoints,
    may_begin,
    metadata_url,
    own_grants,
    policy_of,
    proof_to_server,
    published,
    pushes,
    pushes_to,
    reads_card,
    redirect_uri_of,
    request_of,
    requires_dpop,
    server_of,
    servers_listed,
    serves,
    sessions,
    sessions_and_grants,
    sessions_and_strangers,
    standing,
    tampered,
    user_of,
    users_grants,
)
from model.registration import (
    is_astray,
    is_known,
    is_on_file,
    is_taken,
    knows_attester,
    registered,
    registers_at_run_time,
    shows_a_client,
)
from model.rule import Named
from model.send import is_attackers
from model.state import assertion_at, others_than
from model.switching import Choices
from model.world import ATTACKER, NONE, RESOURCE_SERVER, Party, World, pages

# --- S1 to S7: discovery -----------------------------------------------------------------------------------


def takes_part(c: Context, who: str) -> Condition:
    """Whether a session exists: one of the attacker's does where there is one and the client serves several users."""
    several = all_of(same(c.client(who).client_instances, "multi_user"), c.has(c.capabilities))
    return several if c.world.user_of(who) == ATTACKER else True


def _first_calls(world: World) -> list[dict[str, str]]:
    return [{"who": each.name} for each in world.sessions if not (each.steps_up or each.renews)]


@action("S1", _first_calls, lambda world: {"url": world.resource_urls, "scope": world.scopes_or_none})
def client__request_resource(c: Context, who: str, url: Value, scope: Value = NONE) -> Move:
    """The agent calls a resource URL without a token and is challenged.

    The user's agent goes where it is sent. A challenge names the scopes that the operation needs, or so it says.
    """
    session, cast = c.state.session(who), c.world.session[who]
    here = possible(same(session.phase, "idle"), is_answered_instead(c, who, url))
    sent_to = c.at(url, lambda party: not cast.visits or party.name in cast.visits)
    told = may_name(c, who, url, scope)
    instead = bool(cast.instead_of)  # then it is the signed request that is answered
    asked = () if instead else (Sent(cast.client, url, by_method(c, ResourceRequest(url))),)
    return Move(
        all_of(here, takes_part(c, who), may_begin(c, who), c.at(url, c.exists), sent_to, told),
        (client_rules.other_challenge_is_heeded(c.client(who)),) if instead else (),
        {f"{who}.phase": "challenged", f"{who}.url": url, **scopes.entry(c, who, scope)},
        (*asked, Sent(url, cast.client, challenge(c, who, url, scope))),
    )


def may_name(c: Context, who: str, url: Value, scope: Value, beside: Value = NONE) -> Condition:
    """Whether a challenge may name these scopes: what it should, or any where the attacker writes it."""
    return any_of(tampered(c, "challenge", url), scopes.is_told(c, who, url, scope, beside))


def is_answered_instead(c: Context, who: str, url: Value) -> Condition:
    """Whether a session begins: one instead of another does where a signed request gets OAuth's challenge alone.

    It does at a resource server that speaks no AAuth, and at the attacker's.
    """
    other = c.world.session[who].instead_of
    if not other:
        return True
    signed = c.state.session(other)
    plain = c.at(url, lambda party: not party.speaks_protocol("aauth"))
    return all_of(same(signed.phase, "asked"), same(signed.url, url), any_of(plain, c.attackers(url)))


def challenge(c: Context, who: str, url: Value, scope: Value) -> Challenge:
    """What a resource answers a request without a token with; it names its metadata to clients that look there."""
    design = c.client(who)
    named = all_of(no(same(design.prm, "off")), same(design.prm_src, "challenge"))
    return Challenge(choose(named, metadata_url(c, url), NONE), scope)


def document_rules(
    c: Context,
    who: str,
    url: Value,
    resource: Value,
    listed: Value,
    vouched: Condition,
    channel: str = "",
    squats: Condition = False,
) -> tuple[Named, ...]:
    """The rules by which a client takes a resource metadata document, however that came to it.

    A resource that the client was configured with is one that it asks for by its identifier. ``squats``: it is not what
    the owner of the origin has put where the client looks.
    """
    design, original = c.client(who), is_original(c, who, resource, listed, channel)
    forged = all_of(channel == "challenge", no(original))
    # A challenge may name what redirects at the resource's own origin, where the client follows redirects.
    onward = all_of(tampered(c, "redirect", url), client_rules.document_is_not_redirected(design, forged).holds)
    elsewhere = all_of(original, holds(_on_other_sites, resource, url))
    policy = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    taken = (
        *guards.challenge(
            design,
            configured=same(policy.configured, "yes"),
            plain_http=channel == "transport",
            by_challenge=channel == "challenge",
            elsewhere=any_of(all_of(forged, no(onward)), elsewhere),
        ),
        *guards.resource_metadata(
            design,
            resource=resource,
            url=choose(same(design.prm, "off"), resource, url),
            cached=channel == "cache",
            misplaced=all_of(no(original), any_of(forged, holds(_on_other_sites, resource, url))),
            vouched_for=vouched,
            logged=any_of(same(design.prm, "off"), is_logged(c, url, resource, listed, channel)),
        ),
    )
    # What is elsewhere is not used, whatever the client does then; of what is about something else the AS are.
    used = (
        one._replace(holds=guards.goes_on(design, one)) if one.rule.otherwise == "prm_mismatch" else one
        for one in taken
    )
    return (*used, resource_rules.well_known_is_the_owners(c.design, any_of(squats, channel == "well_known")))


def attested_at(c: Context, url: Value) -> Condition:
    """Whether an attester that clients accept has signed the metadata of the resource at a URL."""
    return c.at(url, lambda party: is_enrolled(c, party, c.of(party.name).attested), RESOURCE_SERVER)


def vouched_for(c: Context, who: str, url: Value) -> Condition:
    """Whether a client takes what it has of the resource at a URL for signed: it is, or was configured."""
    return any_of(same(c.client(who).prm, "off"), attested_at(c, url))


def documented(c: Context, who: str, resource: Value) -> Value:
    """The resource that a session goes on with after a document: what that names, or the URL itself."""
    design = c.client(who)
    refuses = same(design.prm_mismatch, "refuse")  # then a document about something else is not used
    url = choose(same(design.prm, "off"), resource, c.state.session(who).url)
    matches = True if refuses is True else client_rules.resource_matches_request(design, resource, url).holds
    return choose(any_of(refuses, matches), resource, url)


def is_genuine(c: Context, resource: Value, listed: Value, framework: Callable[[Party], Condition]) -> Condition:
    """Whether a document says of a resource and its AS what an honest resource server says that a framework holds."""
    honest = (party for party in c.world.resource_servers if party.honest)
    says = ((party, all_of(same(resource, published(c, party.url)), designates(c, party, listed))) for party in honest)
    return any_of(*(all_of(c.exists(party), framework(party), so) for party, so in says))


def is_original(c: Context, who: str, resource: Value, listed: Value, channel: str) -> Condition:
    """Whether what a client reads is an honest party's own document, to which the attacker has it led.

    A challenge may name any URL (RFC 9728 5.1). A client that takes documents from where they belong alone, or from the
    origin of the resource where the attacker serves none, is led where it would take no copy.
    """
    design = c.client(who)
    belongs, near = same(design.prm_url, "of_resource"), same(design.prm_url, "same_origin")
    led = {"own": belongs, "challenge": any_of(belongs, near)}.get(channel, False)
    heeded = all_of(led, same(design.prm_src, "challenge"))
    return all_of(heeded, is_genuine(c, resource, listed, lambda _: True))


def is_logged(c: Context, url: Value, resource: Value, listed: Value, channel: str = "") -> Condition:
    """Whether the public log holds what a document says that is read at a URL, over a channel of the attacker's.

    The owner of a resource has entered what it says of it, which stays true wherever it is read; what was once true
    stays in it; the attacker enters what it likes where the log takes that of it: about its own host, or about one
    where it answers for the well-known location.
    """

    def entered(party: Party) -> Condition:
        return same(c.of(party.name).entered, "yes")

    once = all_of(tampered(c, "cache", url), c.at(url, entered, RESOURCE_SERVER))
    return any_of(
        is_genuine(c, resource, listed, entered),
        all_of(same(resource, published(c, url)), any_of(once, owns_origin(c, url))),
        channel == "well_known",
        all_of(same(c.design.log_takes, "any"), channel != ""),
    )


def owns_origin(c: Context, url: Value) -> Condition:
    """Whether the attacker runs a resource, and answers at all of its origin."""
    return all_of(c.attackers(url), c.answers_at_origin(url))


def _on_other_sites(resource: str, url: str) -> bool:
    return NONE not in (resource, url) and not same_origin(resource, url)


@action("S4", each=sessions, choices=lambda world: {"listed": world.issuers})
def client__use_resource_metadata(c: Context, who: str, listed: Value) -> Move:
    """The client fetches the metadata of an honest resource and takes its identifier and AS from it.

    Configured resources (no metadata) stand for themselves.
    """
    session = c.state.session(who)
    here = possible(same(session.phase, "challenged"))
    resource = published(c, session.url)
    honest = c.at(session.url, lambda party: all_of(no(c.runs(party)), designates(c, party, listed)))
    vouched = attested_at(c, session.url)
    supported, told = scopes.supported(c, session.url), declared(c, who, vouched)
    named = servers_listed(c, session.url, listed)
    return Move(
        all_of(here, honest),
        (
            *document_rules(c, who, session.url, resource, listed, any_of(same(c.client(who).prm, "off"), vouched)),
            *guards.listed_servers(c.client(who), chosen=standing(c, who, listed)),
        ),
        {
            f"{who}.phase": "discovered",
            f"{who}.resource": documented(c, who, resource),
            f"{who}.listed": listed,
            **scopes.as_listed(c, who, choose(same(c.client(who).prm, "off"), NONE, supported)),
        },
        (
            *document(c, who, session.url, ResourceMetadata(resource, named, *told, supported)),
            *signature_is_verified(c, who, told[0], verifies(c, who)),
            *log_is_asked(c, who, resource, named),
        ),
    )


#: The channels by which the attacker answers in the place of a resource.
_IN_ITS_PLACE = ("well_known", "transport")


def _at_strangers(world: World) -> list[dict[str, str]]:
    """One action for each session that may come to where the attacker answers, and each AS of the attacker's."""
    own = {party.url for party in world.attackers_resources}
    own |= {world.by_name[each.party].url for each in world.tampered if each.channel in _IN_ITS_PLACE}
    return [pair for pair in sessions_and_strangers(world) if own & {*world.whereabouts(pair["who"])}]


#: What the attacker may answer where a document should be; the last is one that lists no AS.
_ANSWERS = ("404", "500", "302", "malformed", "unlisted")


@action("S4", each=_at_strangers, choices=lambda _: {"answer": _ANSWERS})
def client__do_without_resource_metadata(c: Context, who: str, server: str, answer: Value) -> Move:
    """A resource of the attacker's names no AS to the client, which takes the origin of that for one.

    So does a tenant that writes below /.well-known of a host in place of its neighbour, and who is on the way to a
    resource over plain HTTP.
    """
    session, design, party = c.state.session(who), c.client(who), c.world.by_name[server]
    unlisted, redirected = same(answer, "unlisted"), same(answer, "302")
    own, (by_tenant, plain) = owns_origin(c, session.url), (tampered(c, at, session.url) for at in _IN_ITS_PLACE)
    here = possible(
        same(session.phase, "challenged"),
        any_of(own, by_tenant, plain),
        no(same(design.prm, "off")),
        no(reads_card(c, who)),
        no(all_of(redirected, same(design.prm_redirect, "follow"))),  # where that leads there is a document
    )
    failed, fits = same(answer, "500"), no(same(answer, "malformed"))
    asked = (
        *guards.redirect(design, redirected=redirected),
        *guards.answer(design, failed=failed),
        *guards.document(design, fits=fits),
        *guards.listing(design, listed=False),
    )
    named, client, at = published(c, session.url), c.world.session[who].client, metadata_url(c, session.url)
    return Move(
        here,
        (
            *(one._replace(holds=guards.goes_on(design, one)) for one in asked),
            resource_rules.well_known_is_the_owners(c.design, by_tenant),
            *guards.challenge(design, configured=True, plain_http=plain, by_challenge=False, elsewhere=False),
        ),
        {
            f"{who}.phase": "discovered",
            f"{who}.resource": choose(unlisted, named, client_rules.undocumented_resource(design, session.url)),
            f"{who}.listed": party.url,
            f"{who}.unnamed": True,
            **scopes.as_listed(c, who, NONE),
        },
        (
            Sent(client, session.url, Fetch(at)),
            Sent(session.url, client, NoDocument(answer), no(unlisted)),
            Sent(session.url, client, ResourceMetadata(named), unlisted),
            Sent(client, client, Guessed(party.url)),
        ),
    )


def verifies(c: Context, who: str) -> Condition:
    """Whether the client of a session fetches resource metadata, and verifies who has signed it."""
    design = c.client(who)
    return all_of(no(same(design.prm, "off")), one_of(design.signed_metadata, "anchored_opt", "anchored_req"))


def declared(c: Context, who: str, vouched: Condition, demands_dpop: Condition = False) -> tuple[Value, Condition]:
    """What resource metadata says to a client that looks at it: who signed it, and whether tokens have to be bound."""
    design, url = c.client(who), c.state.session(who).url
    demands = any_of(demands_dpop, requires_dpop(c, url))
    return choose(all_of(vouched, no(same(design.signed_metadata, "off"))), SIGNED_BY_ATTESTER, NONE), demands


def server_metadata_rules(
    c: Context,
    session: SessionState,
    server: Party,
    claimed: Value,
    authorization_at: Value,
    token_at: Value,
    connector: Condition = False,
    advertised: Condition = True,
    offers_pkce: Condition = True,
    hostile: bool = False,
    fetched: Value = "",
    further: tuple[Value, ...] = (),
) -> tuple[Named, ...]:
    """The rules by which a client takes AS metadata.

    ``hostile``: its authorization endpoint is no web URL; ``fetched``: it was asked for as that of another issuer;
    ``further``: whose the other endpoints are that the client uses.
    """
    at, card = fetched or server.url, reads_card(c, session.who)
    design, known = c.client(session.who), c.world.client_of(session.who).knows
    # A card names no issuer: its endpoints are held against each other, if against anything.
    own, together = choose(card, at, claimed), choose(card, authorization_at, claimed)
    opened = "javascript:" if hostile else authorization_at
    return (
        *guards.chosen_server(design, server=at, listed=session.listed, found=frameworks(c, at, known)),
        *guards.server_metadata(
            design,
            claimed=own,
            server=at,
            configured=connector,
            attested=all_of(no(card), is_attested(c, session.who, server, claimed, opened, token_at, *further)),
            claims_listed=frameworks(c, claimed, known).on_list,
            elsewhere=is_elsewhere(c, session, claimed, token_at),
        ),
        *guards.authorization_endpoint(
            design,
            claimed=together,
            authorization_at=opened,
            advertised=all_of(no(card), advertised),  # a card has no field for it
            publishes=no(card),
            lists=all_of(no(card), serves(c, server, session.resource)),
        ),
        *guards.token_endpoint(design, claimed=together, token_at=token_at),
        *guards.registration(design, granted=no(all_of(card, registers_at_run_time(design)))),
        *guards.support(design, lists_any=offers_pkce, offered=offers_pkce),
    )


def is_elsewhere(c: Context, session: SessionState, claimed: Value, token_at: Value) -> Condition:
    """Whether an honest AS, or proxy, other than the one that is claimed has this token endpoint and client_id."""
    there, here = (client_id_of(c, Moved(session, issuer=issuer)) for issuer in (token_at, claimed))
    others = (
        all_of(same(token_at, server.url), no(one_of(claimed, *c.world.known_as(server))))
        for server in c.world.honest_registrars
    )
    return all_of(any_of(*others), same(there, here))


def is_attested(c: Context, who: str, server: Party, *said: Value) -> Condition:
    """Whether a client finds AS metadata signed: all that it uses of it, or something else that stands beside that.

    What an honest AS or gateway says is what it has signed. One of the attacker's may have the signed metadata of
    another in its own.
    """
    if server.honest:
        return _signs(c, server)
    own = all_of(_signs(c, server), *(same(value, server.url) for value in said))
    others = any_of(*(_signs(c, other) for other in c.world.servers if other.honest))
    return any_of(own, all_of(others, same(c.client(who).signed_values, "plain")))


def _signs(c: Context, server: Party) -> Condition:
    """Whether an attester that clients accept has signed what an AS says of itself."""
    return is_enrolled(c, server, c.of(server.name).as_attested)


def sessions_and_servers(world: World) -> list[dict[str, str]]:
    """One action for each session and AS."""
    return combined(who=world.flows, server=(server.name for server in world.servers))


def _truthful(world: World) -> list[dict[str, str]]:
    """The same, but for the attacker's own servers in a session of its own, where they are never anything else."""
    own = {(who, server) for who in world.own_sessions for server in world.own_servers}
    return [each for each in sessions_and_servers(world) if (each["who"], each["server"]) not in own]


def for_device(c: Context, who: str, at: Value) -> Value:
    """Where metadata has a client ask for a device code, or none: where it has others send browsers."""
    return choose(client_rules.shows_a_code(c.client(who)), at, NONE)


def with_metadata(who: str, **values: Value | Condition) -> dict[str, Value | Condition]:
    """What a client records of AS metadata."""
    return {f"{who}.phase": "ready", **{f"{who}.{name}": value for name, value in values.items()}}


@action("S7", each=_truthful)
def client__use_server_metadata(c: Context, who: str, server: str) -> Move:
    """The client fetches the metadata of the AS that the resource lists, which tells the truth, and records it."""
    session, party = c.state.session(who), c.world.by_name[server]
    chosen = any_of(same(session.listed, party.url), is_rewritten(c))
    here = possible(same(session.phase, "discovered"), chosen, no(c.runs(party)))
    own, behind, card = party.url, gateways.behind(c, party), reads_card(c, who)
    issuer, at = gateways.claimed_issuer(c, party), gateways.endpoints(c, party)
    sends = same(c.of(server).h_iss, "yes")
    offers = pushes_to(c, who, behind)
    attested = is_attested(c, who, party, issuer, at)
    said = offered(c, who, party, attested)
    told = ServerMetadata(issuer, at, at, offers, sends, device_authorization_endpoint=for_device(c, who, at), **said)
    return Move(
        here,
        server_metadata_rules(c, session, party, issuer, at, at, advertised=sends),
        with_metadata(who, metadata=own, issuer=issuer, authorization_at=at, token_at=at, par_at=offers, unnamed=card),
        (
            *learns_endpoints(c, who, own, told, at=well_known_authorization_server(own)),
            *found_out(c, who, party, issuer, told.signed_metadata),
        ),
    )


def is_rewritten(c: Context) -> Condition:
    """Whether the attacker can write into a user's first request to the client, and into the choice of an AS there."""
    return all_of(c.capabilities["net_first_leg"], same(c.design.leg1, "http"))


def asks_stranger(c: Context, who: str, server: Party, squats: Condition = False) -> Condition:
    """Whether the client of a session turns to an AS of the attacker's.

    The user goes to the AS that the resource lists, unless the choice is rewritten on the way; the attacker, in its own
    session, may ask for its own AS instead. ``squats``: the AS writes the metadata of the one that is listed.
    """
    session = c.state.session(who)
    by_choice = True if c.world.user_of(who) == ATTACKER else is_rewritten(c)
    here = all_of(same(session.phase, "discovered"), c.runs(server))
    return all_of(here, any_of(same(session.listed, server.url), squats, by_choice))


@action("S7", each=sessions_and_strangers, choices=lambda _: {"answer": ("404", "malformed")})
def client__do_without_server_metadata(c: Context, who: str, server: str, answer: Value) -> Move:
    """The client finds no metadata of an AS of the attacker's: it guesses the endpoints, and has no issuer recorded.

    A client that does not look at all of a document takes one that is malformed for what it is.
    """
    session, party, design = c.state.session(who), c.world.by_name[server], c.client(who)
    read = all_of(same(answer, "malformed"), no(client_rules.validates(design)))
    pushed = pushes(design, follows(c, who))
    restricted = any_of(same(c.design.splice, "yes"), all_of(pushed, no(same(c.design.par_at, "free"))))
    here = possible(asks_stranger(c, who, party), no(reads_card(c, who)), no(read), no(restricted))
    at_resource = choose(owns_origin(c, session.url), party.url, NONE)
    guess = client_rules.guessed_endpoint(design, party.url, at_resource, published=False, assumed=session.unnamed)
    known, registers = no(same(guess, NONE)), client_rules.registers(design, False)
    at = choose(known, guess, party.url)
    own, found = party.url, frameworks(c, party.url, c.world.client_of(who).knows)
    asked = (
        *guards.chosen_server(design, server=own, listed=session.listed, found=found),
        *guards.server_document(design, fits=no(same(answer, "malformed"))),
        *guards.endpoint(design, known=known),
        *guards.authorization_endpoint(
            design, claimed=own, authorization_at=at, advertised=False, publishes=False, lists=False
        ),
        *guards.token_endpoint(design, claimed=own, token_at=at),
        *guards.registration(design, granted=any_of(registers, same(design.reg, "static"))),
    )
    client = c.world.session[who].client
    return Move(
        here,
        tuple(one._replace(holds=guards.goes_on(design, one)) for one in asked),
        with_metadata(who, metadata=party.url, issuer=party.url, authorization_at=at, token_at=at, unnamed=True),
        (
            Sent(client, server, Fetch(well_known_authorization_server(party.url))),
            Sent(server, client, NoDocument(answer)),
            Sent(client, client, Guessed(NONE, at, at)),
            *found_out(c, who, party, party.url, NONE, anyhow=registers),
        ),
    )


def offered(c: Context, who: str, server: Party, attested: Condition, registration_at: Value = "") -> ServerOffers:
    """What AS metadata says to one that looks of who has signed it, how clients come to be known, and its resources.

    ``registration_at``: the AS at which clients are to register, where it is not this one.
    """
    design = c.client(who)
    registers, lists = registers_at_run_time(design), no(same(design.xcheck, "off"))
    signed = all_of(attested, same(design.as_signed_metadata, "anchored"))
    return {
        "signed_metadata": choose(signed, SIGNED_BY_ATTESTER, NONE),
        "client_id_metadata_document_supported": same(design.reg, "cimd"),
        "registration_endpoint": choose(registers, registration_at or server.url, NONE),
        "protected_resources": choose(lists, " ".join(c.world.by_name[name].url for name in server.serves), NONE),
    }


def found_out(
    c: Context,
    who: str,
    server: Party,
    issuer: Value,
    signed: Value,
    registration_at: Value = "",
    anyhow: Condition = False,
) -> tuple[Sent, ...]:
    """What a client looks up, and registers, at an AS that is new to it, whose metadata says who ``signed`` it.

    ``anyhow``: it registers although it has a document of its own, which the AS does not read.
    """
    registered_as = client_id_of(c, Moved(c.state.session(who), issuer=issuer))
    return (
        *signature_is_verified(c, who, signed, True),
        *server_is_vouched_for(c, who, server),
        *client_registers(c, who, server, registered_as, registration_at or server.url, anyhow),
    )


#: What stands for a client assertion where it is sent; what it opens is said beside it.
SIGNED = "<signed by the client>"

# --- S9 to S14: authorization ------------------------------------------------------------------------------


def authentication_of(c: Context, session: SessionState, endpoint: str, called: Value) -> Authentication:
    """What a session authenticates with at an endpoint of the AS that it calls, as the fields of a request.

    What an AS takes once opens nothing there for those who read it on its way or later.
    """
    design, who = c.client(session.who), session.who
    signs, client_id = client_rules.signs_assertions(design), client_id_of(c, session)
    token_endpoint = mapped(lambda at: f"{at}/token", session.token_at)
    named = choose(
        any_of(client_rules.attests(design), same(design.assertion_aud, "issuer")),
        session.issuer,
        choose(same(design.assertion_aud, "endpoint"), mapped(f"{{}}/{endpoint}".format, called), token_endpoint),
    )
    opens = []
    for server in c.world.honest_registrars:
        led = is_astray(c, c.world.session[who].client, server, session.issuer)
        fits = any_of(same(session.issuer, server.url), server_rules.assertion_key_is_known(design), led)
        names = assertion_names(c, session, server, called)
        used = all_of(gateways.leads_to(c, called, server), same(c.of(server.name).assertion_replay, "jti"))
        opens.append(choose(all_of(fits, names, no(used)), mapped(partial(assertion_at, server), client_id), NONE))
    opens += _opens_at_resources(c, who, session.issuer, client_rules.attests(design), called)
    return {
        "client_id": client_id,
        "client_secret": _secret_of(c, session),
        "client_assertion": choose(signs, SIGNED, NONE),
        "assertion_audience": choose(signs, named, NONE),
        "assertion_opens": tuple(opens),
        "client_certificate": choose(same(design.client_auth, "mtls"), f"key:{c.world.session[who].client}", NONE),
    }


def assertion_names(c: Context, session: SessionState, server: Party, called: Value) -> Condition:
    """Whether the assertion that a session sends to an endpoint has an honest AS for an audience, as that is known."""
    design, policy = c.client(session.who), c.of(server.name)
    known = gateways.names(c, server)
    said = (
        (client_rules.assertion_names(design, policy, name, session.issuer, session.token_at, called), taken)
        for name, taken in known
    )
    return any_of(*(all_of(named, taken) for named, taken in said))


def attestation_of(c: Context, who: str, audience: Value, called: Value) -> Attestation:
    """What a client shows who answers at ``called``, where it takes ``audience`` to be, as the fields of a request."""
    shows = client_rules.shows_attestation(c.client(who))
    return {
        "client_attestation": choose(shows, SIGNED, NONE),
        "attestation_audience": choose(shows, audience, NONE),
        "attestation_opens": _opens_at_resources(c, who, audience, shows, called),
    }


def _opens_at_resources(c: Context, who: str, audience: Value, shows: Condition, called: Value) -> tuple[Value, ...]:
    """At which honest resource servers a client's attestation, sent to ``called``, is good for whoever reads it."""
    client, good = c.world.session[who].client, []
    for party in (party for party in c.world.resource_servers if party.honest):
        taken = resource_rules.attestation_is_taken(c.of(party.name), published(c, party.url), audience)
        used = all_of(same(called, party.url), same(c.of(party.name).attestation_replay, "jti"))
        good.append(choose(all_of(shows, taken, no(used)), assertion_at(party, client), NONE))
    return tuple(good)


def _secret_of(c: Context, session: SessionState) -> Value:
    """The AS, or proxy, whose secret a session sends, if any: of the issuer, or where they are not kept apart any."""
    design, client = c.client(session.who), c.world.session[session.who].client
    own: Value = NONE
    others: Value = NONE
    for server in reversed(c.world.honest_registrars):
        kept = all_of(is_on_file(c, server, design), client_rules.sends_secret(design, server.url, session.issuer))
        led = all_of(same(design.client_auth, "secret"), is_astray(c, client, server, session.issuer))
        name = f"{client}@{server.name}"
        own = choose(all_of(kept, same(session.issuer, server.url)), name, own)
        others = choose(any_of(kept, led), name, others)
    return choose(same(own, NONE), others, own)


def authenticates(
    c: Context, session: SessionState, server: Party, endpoint: str, called: Value = ""
) -> tuple[Named, ...]:
    """The rules by which an honest AS authenticates a session of the client itself, which calls its endpoint.

    ``called``: whose endpoint it calls, where that may be a gateway's.
    """
    led = is_astray(c, c.world.session[session.who].client, server, session.issuer)
    at = called or server.url
    return client_authenticates(
        c,
        c.client(session.who),
        server,
        endpoint,
        client=client_id_of(c, session),
        here=any_of(same(session.issuer, server.url), led),
        forwarded=gateways.is_forwarded(c, at, server),
        named=assertion_names(c, session, server, at),
    )


def client_authenticates(
    c: Context,
    design: Choices,
    server: Party,
    endpoint: str,
    *,
    client: Value,
    here: Condition,
    forwarded: Condition,
    named: Condition,
) -> tuple[Named, ...]:
    """The rules by which an AS, or a proxy, authenticates a client with these switches, as this client_id.

    ``here``: the client believes to be at this AS; ``forwarded``: another server sends on what it sent; ``named``: its
    assertion is for this AS.
    """
    genuine = all_of(
        knows_attester(c, server, design),
        implies(same(design.client_auth, "secret"), any_of(here, same(design.cred_pin, "off"))),
        implies(same(design.client_auth, "pkjwt"), any_of(here, server_rules.assertion_key_is_known(design))),
        any_of(same(design.client_auth, "none"), is_known(c, client)),
    )
    return tuple(
        guards.authentication(
            design,
            c.of(server.name),
            endpoint=endpoint,
            registered=is_on_file(c, server, design),
            genuine=genuine,
            secret=False,
            assertion=False,
            certified=all_of(same(design.certified, "yes"), no(forwarded)),
            named=named,
            **guards.OWN_CREDENTIALS,
        )
    )


@action("S9", each=lambda world: [at for at in sessions_and_servers(world) if not world.by_name[at["server"]].upstream])
def client__push_authorization_request(c: Context, who: str, server: str) -> Move:
    """The client pushes its authorization request to the AS whose endpoint the metadata names."""
    session, party = c.state.session(who), c.world.by_name[server]
    here = possible(same(session.phase, "ready"), same(session.par_at, party.url))
    request, client = request_of(c, session), c.world.session[who].client
    proves = same(c.client(who).dpop_par, "proof")
    pushed = PushedRequest(
        **authentication_of(c, session, "par", party.url),
        redirect_uri=request["redirect"],
        state=who,
        code_challenge=request["challenge"],
        dpop_jkt=choose(proves, NONE, request["key"]),
        dpop=choose(proves, proof_to_server(c, request["key"]), NONE),
        resource=request["resource"],
        scope=request.get("scope", NONE),
    )
    checked = (
        *authenticates(c, session, party, "par"),
        *guards.redirection(c.of(server), **registration(c, party, request["client"], request["redirect"])),
    )
    read = client_is_read(c, party, request["client"], request["redirect"]) if party.honest else ()
    answer = Sent(server, client, PushedResponse(who if party.honest else NONE))
    sends = (Sent(client, server, pushed), *read, answer)
    return Move(here, checked if party.honest else (), {f"{who}.phase": "pushed"}, sends)


@action("S9", each=sessions_and_strangers)
def client__authenticate_elsewhere(c: Context, who: str, server: str) -> Move:
    """The client authenticates at a revocation or introspection endpoint of an AS of the attacker's."""
    session, party, design = c.state.session(who), c.world.by_name[server], c.client(who)
    uses = all_of(no(pushes(design, follows(c, who))), same(design.other_authn_ep, "yes"))
    here = possible(same(session.phase, "ready"), uses, same(session.metadata, party.url), c.runs(party))
    request = ClientAuthentication(**authentication_of(c, session, "par", party.url))
    return Move(here, (), {}, (Sent(c.world.session[who].client, server, request),))


def authorization_request(
    c: Context, session: SessionState, reference: Value, by_reference: Condition
) -> AuthorizationRequest:
    """The authorization request of a session, by value or as a reference to where it was pushed."""
    request = request_of(c, session)
    by_value = {
        "redirect_uri": request["redirect"],
        "state": session.who,
        "code_challenge": request["challenge"],
        "dpop_jkt": request["key"],
        "resource": request["resource"],
        "scope": request.get("scope", NONE),
    }
    values = {name: choose(by_reference, NONE, value) for name, value in by_value.items()}
    return AuthorizationRequest(request["client"], reference, **values)


@action("S10", each=sessions)
def client__send_authorization_request(c: Context, who: str) -> Move:
    """The client sends the browser to the authorization endpoint, with the request or with where it was pushed."""
    session = c.state.session(who)
    pushed = no(same(session.par_at, NONE))
    may = possible(
        any_of(same(session.phase, "pushed"), all_of(same(session.phase, "ready"), no(pushed))),
        no(client_rules.shows_a_code(c.client(who))),
    )
    at_honest = no(is_strangers(c.world, session.par_at))
    sent = authorization_request(c, session, choose(all_of(pushed, at_honest), who, NONE), pushed)
    browser = c.world.user_of(who)
    there = Redirection(mapped(lambda at: f"{at}/authorize", session.authorization_at))
    on_page = all_of(no(pushed), same(c.design.leak_point, "as_page"), c.capabilities["state_leak"])
    return Move(
        may,
        (client_rules.code_is_asked_for(c.client(who), follows(c, who)), *asks_for_more(c, who)),
        {f"{who}.phase": "requested", f"knows.state.{who}": on_page},
        (Sent(c.world.session[who].client, browser, there), Sent(browser, session.authorization_at, sent)),
    )


def asks_for_more(c: Context, who: str) -> tuple[Named, ...]:
    """The rule by which a client that steps up asks its user, or its AS, again."""
    if not c.world.session[who].steps_up:
        return ()
    return (client_rules.step_up_asks_for_more(c.client(who), no(scopes.asks_again(c, who))),)


class Registration(TypedDict):
    """Whether a redirect URI is registered for a client_id, and whether that is known at all."""

    registered: Condition
    known: Condition


def registration(c: Context, server: Party, client: Value, redirect: Value) -> Registration:
    """Whether an AS, or a proxy, has the redirect URI of a request registered for its client, and knows that at all."""
    strangers = (all_of(same(client, party.url), is_taken(c, party, server)) for party in c.world.identities)
    known = any_of(*strangers, all_of(is_known(c, client), is_on_file(c, server, policy_of(c, client))))
    return {"registered": registered(c, server, client, redirect), "known": known}


def request_is_taken(
    c: Context,
    server: Party,
    request: dict[str, Value],
    pushed: Condition,
    challenge: Value,
    *,
    listed: Condition,
    by_device: bool,
    shown: Condition,
    reused: Condition,
    unasked: Condition,
    within: Condition,
    apart: Condition,
) -> tuple[Named, ...]:
    """The rules by which an honest AS, and the user there, take an authorization request.

    ``listed``: the AS has the resource on its list; ``shown``, ``within``: the consent page names the client, and asks
    for no more than the task needs; the rest is as for :func:`issue`.
    """
    policy, where = c.of(server.name), registration(c, server, request["client"], request["redirect"])
    return (
        *guards.redirection(
            policy, registered=any_of(all_of(by_device, where["known"]), where["registered"]), known=where["known"]
        ),
        *guards.authorization_request(
            policy,
            pushed=pushed,
            challenge=challenge,
            requested=request["resource"],
            listed=listed,
            shown=shown,
            reused=reused,
            unasked=unasked,
            within=within,
            apart=apart,
        ),
    )


class _Device(TypedDict):
    """What is so of a request that a device makes: no browser carries it, and it names no grant that has begun."""

    reused: Condition
    unasked: Condition
    by_value: Condition
    by_device: bool


class _Browser(TypedDict):
    """What is so of a request that a browser carries: no device is elsewhere."""

    by_device: bool
    apart: bool


BY_DEVICE: _Device = {"reused": False, "unasked": False, "by_value": True, "by_device": True}
BY_BROWSER: _Browser = {"by_device": False, "apart": False}


def issue(
    c: Context,
    grant: str,
    of: Value,
    pushed: Condition,
    request: dict[str, Value],
    *,
    reused: Condition,
    unasked: Condition,
    by_value: Condition,
    through: Value,
    by_device: bool,
    apart: bool,
    **more: Value | Condition,
) -> Move:
    """An honest AS answers an authorization request that a user approves; common to all its senders.

    ``request`` holds client, redirect, challenge, state, key, resource and scope; ``pushed``: the client it names, or
    one who could authenticate as it, pushed it before; ``reused``: it was answered already; ``unasked``: the user is
    not; ``by_value``: it is no reference to what was pushed, so that the AS now meets the client for the first time;
    ``through``: the gateway by which it came, or none; ``by_device``: the user enters the code of a device, and no
    browser is sent back: who asked has the device code, and needs no challenge; ``apart``: the device is another's.
    """
    server, slot = server_of(c, grant), c.state.grant(grant)
    shown = shows_a_client(c, server, request["client"], request["redirect"])
    approves = user_of(c, grant)
    approved = scopes.approved(c, server, request.get("scope", NONE), request["resource"])
    response = AuthorizationResponse(request["redirect"], grant, request["state"], gateways.iss(c, server, through))
    receiver = ATTACKER if approves == ATTACKER else request["redirect"]
    sender = gateways.answerer(c, server, through) if c.world.gateways else server.name
    answer = Sent(sender, receiver, response, not by_device, browser=approves)
    led = gateways.redirected(c, server, through, approves)
    read = client_is_read(c, server, request["client"], request["redirect"], by_value)
    return Move(
        one_of(slot.code, "none", "pushed"),
        request_is_taken(
            c,
            server,
            request,
            pushed,
            of if by_device else request["challenge"],
            listed=serves(c, server, request["resource"]),
            by_device=by_device,
            shown=any_of(approves == ATTACKER, shown),
            reused=reused,
            unasked=unasked,
            within=scopes.within_task(c, approves, approved),
            apart=apart,
        ),
        {
            f"{grant}.code": "issued",
            f"{grant}.shown": shown,
            f"{grant}.of": of,
            **{f"{grant}.{name}": value for name, value in {**request, **more}.items()},
            **scopes.entry(c, grant, approved),
            **gateways.entry(c, grant, through),
        },
        (*led, *read, answer),
    )


@action("S13", each=own_grants)
def authorization_server__issue_code(c: Context, who: str, grant: str) -> Move:
    """The user approves the request that the client sent the browser with, and the honest AS issues a code."""
    session, server = c.state.session(who), server_of(c, grant)
    pushed_here = same(session.par_at, server.url)
    unhanded = all_of(same(session.request_uri, NONE), same(c.state.grant(grant).code, "none"))
    own = all_of(unhanded, any_of(same(session.par_at, NONE), pushed_here), no(is_answered(c, who, grant)))
    of: Value = who
    request, by_reference = request_of(c, session), list[Condition]()
    reused = any_of(
        *(all_of(same(session.request_uri, other), is_answered(c, other, grant)) for other in c.world.session)
    )
    for handed, whose, said in _referred_to(c, session, grant):
        by_reference.append(handed)
        of = choose(handed, whose, of)
        request = {name: choose(handed, said[name], value) for name, value in request.items()}
    here = possible(
        same(session.phase, "requested"),
        no(client_rules.shows_a_code(c.client(who))),
        gateways.leads_to(c, session.authorization_at, server),
        any_of(own, *by_reference),
    )
    pushed = any_of(pushed_here, *by_reference)
    through = gateways.by(c, session.authorization_at)
    move = issue(
        c, grant, of, pushed, request, reused=reused, unasked=False, by_value=no(pushed), through=through, **BY_BROWSER
    )
    return move._replace(when=here)


def is_answered(c: Context, who: str, grant: str) -> Condition:
    """Whether the user has approved a session's request already, out of another grant of theirs at the same AS."""
    server, user = server_of(c, grant), user_of(c, grant)
    alike = (one.name for one in c.world.grants if (one.server, one.user) == (server.name, user) and one.name != grant)
    return any_of(*(same(c.state.grant(other).of, who) for other in alike))


def _referred_to(c: Context, session: SessionState, grant: str) -> Iterator[tuple[Condition, str, dict[str, Value]]]:
    """Which request a session was handed a reference to: one of the attacker's, or one that a session had pushed.

    The AS takes it from the client that pushed it.
    """
    slot, client, at = c.state.grant(grant), client_id_of(c, session), server_of(c, grant).url
    names_this = all_of(same(session.request_uri, grant), same(slot.code, "pushed"), same(slot.client, client))
    yield names_this, THIEF, {name: getattr(slot, name) for name in request_of(c, session)}
    for other in (c.state.session(other.name) for other in c.world.sessions):
        request = request_of(c, other)
        pushed_here = all_of(same(slot.code, "none"), same(other.par_at, at), same(request["client"], client))
        yield all_of(same(session.request_uri, other.who), pushed_here), other.who, request


@action("S13", each=users_grants)
def authorization_server__repeat_login_form(c: Context, grant: str) -> Move:
    """The honest AS redirects the browser in a way that repeats the login form at the redirect URI.

    What the attacker has put on the host of a client reads the URL there, and the form goes to that host.
    """
    slot, server = c.state.grant(grant), server_of(c, grant)
    user = user_of(c, grant)
    hosted = one_of(slot.redirect, *(page for client in c.world.clients for page in pages(c.world, client)))
    here = all_of(same(slot.code, "issued"), is_attackers(c, slot.redirect), no(hosted))
    repeated = server_rules.redirect_drops_the_form(c.of(server.name), repeated=True)
    return Move(here, (repeated,), {}, (Sent(user, slot.redirect, LoginForm(user)),))


def advertises_iss(c: Context, session: SessionState, issuer: Value) -> Condition:
    """Whether the metadata in use says that the AS sends iss."""
    return any_of(session.promises_iss, gateways.promises_iss(c, session.metadata, issuer))


def response_rules(
    c: Context, who: str, server: Party, browser: str, returned: Value, arrived_at: Value, at: Value
) -> tuple[Named, ...]:
    """The rules by which the client of a session takes an honest AS's response, as somebody's browser brings it.

    ``at``: the authorization endpoint by which the request had come.
    """
    session, issuer = c.state.session(who), issuer_after(c, who, arrived_at)
    other_browser = c.world.user_of(who) != browser
    return responded(c, session, gateways.iss(c, server, at), issuer, returned, arrived_at, other_browser)


def responded(
    c: Context,
    session: SessionState,
    iss: Value,
    issuer: Value,
    returned: Value,
    arrived_at: Value,
    other_browser: bool,
) -> tuple[Named, ...]:
    """The rules by which the client of a session, which goes on with an ``issuer``, takes a response."""
    return tuple(
        guards.authorization_response(
            c.client(session.who),
            session=session.who,
            other_browser=other_browser,
            returned=returned,
            after_use=False,
            arrived_at=arrived_at,
            expected=redirect_uri_of(c, session),
            iss=iss,
            issuer=recorded(c, session, issuer),
            advertised=advertises_iss(c, session, issuer),
        )
    )


def to_code(c: Context, who: str, grant: str) -> tuple[Named, ...]:
    """The same of the response that carries the code of a grant, in the browser of who approved that."""
    slot = c.state.grant(grant)
    through = gateways.through(c, grant)
    return response_rules(c, who, server_of(c, grant), user_of(c, grant), slot.state, slot.redirect, through)


def recorded(c: Context, session: SessionState, issuer: Value) -> Value:
    """The issuer that a response is compared with, or none; ``issuer``: the one that the session goes on with.

    Where there was no metadata nobody has named that one: the AS is only what the resource lists.
    """
    return client_rules.recorded_issuer(c.client(session.who), choose(session.unnamed, NONE, issuer), issuer)


def believed(design: Choices, error: Condition, asked: Iterable[Named]) -> tuple[Named, ...]:
    """The rules by which a client takes an authorization response, which may be an ``error`` that it does not check."""
    unchecked = client_rules.is_taken_unchecked(design, error)
    return tuple(rule._replace(holds=any_of(unchecked, rule.holds)) for rule in asked)


def _users_and_servers(world: World) -> list[dict[str, str]]:
    of_users = (name for name in world.flows if world.user_of(name) != ATTACKER)
    return combined(who=of_users, server=(server.name for server in world.honest_servers))


@action("S14", each=_users_and_servers)
def client__go_on_after_error(c: Context, who: str, server: str) -> Move:
    """The user refuses at the honest AS, and the client, told so, is about to get a token for itself."""
    session, party, design = c.state.session(who), c.world.by_name[server], c.client(who)
    here = possible(
        client_rules.goes_on_after_error(design),
        no(client_rules.shows_a_code(design)),
        same(session.phase, "requested"),
        gateways.leads_to(c, session.authorization_at, party),
    )
    user, redirect, at = c.world.user_of(who), redirect_uri_of(c, session), session.authorization_at
    response = AuthorizationResponse(redirect, NONE, who, gateways.iss(c, party, at), "access_denied")
    return Move(
        here,
        believed(design, True, response_rules(c, who, party, user, who, redirect, at)),
        {f"{who}.phase": "refused", f"{who}.went_to": issuer_after(c, who, redirect)},
        (Sent(user, c.world.session[who].client, response),),
    )


def finished_by(c: Context, who: str, browser: str) -> dict[str, Value | Condition]:
    """That a response came to a session in the browser of some other user, whose session it then is as well."""
    return {f"{who}.finished_by.{browser}": True} if browser in others_than(c.world, who) else {}


def issuer_after(c: Context, who: str, arrived_at: Value) -> Value:
    """The issuer with which a session goes on after a response at a redirect URI."""
    client, recorded = c.world.client_of(who), c.state.session(who).issuer
    return client_rules.inferred_issuer(c.client(who), client, c.world.issuers, arrived_at, recorded)


@action(
    "S14",
    each=lambda world: [pair for pair in sessions_and_grants(world) if world.grant[pair["grant"]].user != ATTACKER],
)
def client__accept_authorization_response(c: Context, who: str, grant: str) -> Move:
    """The user's browser delivers the honest AS's response to the client."""
    session, slot = c.state.session(who), c.state.grant(grant)
    here = possible(same(session.phase, "requested"), same(slot.code, "issued"), is_callback(c, slot.redirect, who))
    server, client = server_of(c, grant), c.world.client_of(who)
    user = user_of(c, grant)
    iss = gateways.iss(c, server, gateways.through(c, grant))
    # What leaks from the client's page has been used there.
    on_page = all_of(same(c.design.leak_point, "client_page"), c.capabilities["state_leak"])
    return Move(
        here,
        to_code(c, who, grant),
        {
            f"{who}.phase": "responded",
            f"{who}.code": grant,
            f"{who}.went_to": issuer_after(c, who, slot.redirect),
            f"knows.state.{who}": on_page,
            **finished_by(c, who, user),
        },
        (Sent(user, client.name, AuthorizationResponse(slot.redirect, grant, slot.state, iss)),),
    )


# --- before this run -----------------------------------------------------------------------------------------


def comes_to(c: Context, session: SessionState, led: Party, listed: Condition) -> tuple[Named, ...]:
    """The rules by which a session that nobody disturbs takes an AS, and comes to ask it for a token.

    ``led``: to which AS it was led, or to which gateway before one; ``listed``: the AS has the resource that is asked
    for on its list.
    """
    server, request, design = gateways.behind(c, led), request_of(c, session), c.client(session.who)
    asks_user, by_device = client_rules.uses_browser(design), client_rules.shows_a_code(design)
    pushed = no(same(session.par_at, NONE))
    approved = request_is_taken(
        c,
        server,
        request,
        pushed,
        request["challenge"],
        listed=listed,
        by_device=False,
        shown=True,
        reused=False,
        unasked=False,
        within=True,
        apart=False,
    )
    iss, redirect = gateways.iss(c, server, session.authorization_at), redirect_uri_of(c, session)
    says_so, at = same(c.of(led.name).h_iss, "yes"), session.token_at
    return (
        *server_metadata_rules(c, session, led, session.issuer, at, at, advertised=says_so),
        *asked_if(pushed, authenticates(c, session, server, "par")),
        *asked_if(by_device, authenticates(c, session, server, "device_authorization")),
        *asked_if(asks_user, approved),
        *asked_if(asks_user, responded(c, session, iss, session.issuer, session.who, redirect, other_browser=False)),
    )


def asked_if(condition: Condition, rules: Iterable[Named]) -> Iterator[Named]:
    """Some rules, asked only where something is so."""
    return (rule._replace(holds=implies(condition, rule.holds)) for rule in rules)
