"""What a state comes to: what a session asks for, with which keys, what a token is good for, what the attacker knows.

Roles, attacker and properties read states so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, identifiers, scopes
from model import resource_server as resource_rules
from model.action import Context, combined, once
from model.client import Standing
from model.federation import WAYS_IN, Frameworks, is_sound
from model.logic import Condition, Value, all_of, any_of, choose, holds, implies, mapped, no, one_of, same
from model.messages import (
    AgentCard,
    CardEndpoints,
    Configured,
    Fetch,
    ResourceMetadata,
    ResourceRequest,
    Sent,
    ServerMetadata,
)
from model.reading import Moved, SessionState
from model.resource_server import Issuer, scope_is_sufficient
from model.state import ATTACKERS_KEY, TASK, beginning, refreshed, shown_keys
from model.switching import Choices
from model.world import (
    ATTACKER,
    AUTHORIZATION_SERVER,
    ITSELF,
    NONE,
    SUB_AGENT,
    Exchanged,
    Held,
    Party,
    World,
    callbacks,
    client_ids,
    on_same_origin,
)


def sessions(world: World) -> list[dict[str, str]]:
    """One action for each session at a client that goes through the flow."""
    return combined(who=world.flows)


def sessions_and_grants(world: World) -> list[dict[str, str]]:
    """One action for each session and each grant that it could come to."""
    return combined(who=world.flows, grant=world.grant)


def sessions_and_strangers(world: World) -> list[dict[str, str]]:
    """One action for each session and each AS that the attacker may run."""
    return combined(who=world.flows, server=(server.name for server in world.strangers))


def users_grants(world: World) -> list[dict[str, str]]:
    """One action for each grant that a user approves."""
    return combined(grant=(name for name, grant in world.grant.items() if grant.user != ATTACKER))


def sessions_and_their_grants(world: World) -> list[dict[str, str]]:
    """One action for each session and each grant of the same user."""
    return [
        pair for pair in sessions_and_grants(world) if world.user_of(pair["who"]) == world.grant[pair["grant"]].user
    ]


def own_grants(world: World) -> list[dict[str, str]]:
    """One action for each session of an honest user and each grant of the same user."""
    return [pair for pair in sessions_and_their_grants(world) if world.user_of(pair["who"]) != ATTACKER]


def grants_used(c: Context) -> tuple[Value, ...]:
    """The grant types that honest clients use, and their sub-agents, which an honest AS therefore takes."""
    designs = [c.of(client.name) for client in c.world.clients]
    by_sub_agents = [
        choose(same(design.instance, "workload"), "client_credentials", NONE)
        for design in designs
        if c.world.of(SUB_AGENT)
    ]
    return (*(each for design in designs for each in client_rules.grants_of(design)), *by_sub_agents)


def is_client_that(c: Context, client_id: Value, does: Callable[[Choices, bool], Condition]) -> Condition:
    """Whether the client of a client_id does something: one of the attacker's does what any honest one does.

    An AS has the endpoints and grants that its clients use. ``does``: by the policy of a client, and whether it has no
    sessions but such as follow others.
    """
    honest = [
        (
            one_of(client_id, *ids_of(c, client)),
            does(c.of(client.name), all(one.after for one in c.world.sessions if one.client == client.name)),
        )
        for client in c.world.clients
    ]
    others = no(any_of(*(its for its, _ in honest)))
    return any_of(all_of(others, any_of(*(so for _, so in honest))), *(all_of(its, so) for its, so in honest))


def server_of(c: Context, grant: str) -> Party:
    """The AS of a grant."""
    return c.world.by_name[c.world.grant[grant].server]


def user_of(c: Context, grant: str) -> str:
    """Who approves a grant."""
    return c.world.grant[grant].user


# --- parties -------------------------------------------------------------------------------------------------


def tampered(c: Context, channel: str, url: Value) -> Condition:
    """Whether a capability puts a channel of the party at a URL into the attacker's hands."""
    ways = [tampering for tampering in c.world.tampered if tampering.channel == channel]
    return any_of(*(all_of(same(url, c.world.by_name[way.party].url), c.capabilities[way.capability]) for way in ways))


def published(c: Context, url: Value) -> Value:
    """The resource identifier that the party in charge of a URL publishes."""
    named = url
    for party in c.world.resource_servers:
        if party.api:
            whole = all_of(same(url, party.url), same(c.of(party.name).api, "multi_path"))
            named = choose(whole, party.api, named)
    return identified(c, named)


def identified(c: Context, url: Value) -> Value:
    """The resource identifier by which clients take a document about a URL: that itself, or its origin."""
    origins = mapped(lambda at: NONE if at == NONE else identifiers.origin(at), url)
    return choose(names_origins(c), origins, url)


def names_origins(c: Context) -> Condition:
    """Whether resources publish their origins for identifiers: a client takes nothing else of them."""
    return any_of(*(same(c.of(client.name).prm, "origin") for client in c.world.clients))


@once
def metadata_url(c: Context, url: Value) -> Value:
    """Where the metadata of the resource at a URL is.

    A tenant of the attacker's that cannot write below /.well-known of its host points into its own paths.
    """
    own = {party.url for party in c.world.attackers_resources if on_same_origin(c.world, party.url)}

    def placed(at: str, names: str) -> str:
        named = names if at in c.world.honest_urls else at
        return f"{at}/metadata" if at in own else _well_known(named)

    return mapped(placed, url, published(c, url))


def _well_known(resource: str) -> str:
    return NONE if resource == NONE else identifiers.well_known_protected_resource(resource)


def _card(url: str) -> str:
    return NONE if url == NONE else identifiers.well_known_agent_card(url)


def document(
    c: Context, who: str, url: Value, sent: ResourceMetadata, by: Value = "", at: Value = ""
) -> tuple[Sent, ...]:
    """How a session comes to the metadata of a resource: from where a challenge points, or by configuration.

    ``by``, ``at``: who answers, and at which URL, where that is not the resource itself.
    """
    client, off, card = c.world.session[who].client, same(c.client(who).prm, "off"), reads_card(c, who)
    own = choose(card, mapped(_card, url), mapped(_well_known, url))
    there = choose(same(c.client(who).prm_src, "wellknown"), own, metadata_url(c, url))
    at = choose(same(at, ""), there, at)
    return (
        Sent(client, by or url, Fetch(at), no(off)),
        Sent(by or url, client, sent, no(any_of(off, card))),
        Sent(by or url, client, AgentCard(sent.resource, sent.signed_metadata, sent.scopes_supported), card),
        Sent(client, client, Configured(sent.resource, sent.authorization_servers), off),
    )


def reads_card(c: Context, who: str) -> Condition:
    """Whether the client of a session has endpoints from the card of the agent that it calls, and so no issuer."""
    return same(c.client(who).as_endpoints, "card")


def learns_endpoints(
    c: Context, who: str, server: Value, told: ServerMetadata, *, at: Value | None = None, unasked: Condition = False
) -> tuple[Sent, ...]:
    """How the client of a session has the endpoints of an AS: from its metadata, or from the card of an agent.

    ``at``: where the metadata is fetched, unless it came ``unasked``.
    """
    client, card = c.world.session[who].client, reads_card(c, who)
    fetched = () if at is None else (Sent(client, server, Fetch(at), no(any_of(card, unasked))),)
    read = CardEndpoints(told.authorization_endpoint, told.token_endpoint)
    return (*fetched, Sent(server, client, told, no(card)), Sent(client, client, read, card))


def by_method(c: Context, request: ResourceRequest) -> ResourceRequest:
    """A request to a resource, by the method that is used there."""
    return replace(request, method=mapped(str.upper, method_at(c, request.url)))


def method_at(c: Context, url: Value) -> Value:
    """The method of requests to whichever resource server is at a URL."""
    return c.among(c.world.resource_servers, lambda party: same(url, party.url)).r_method


def serves(c: Context, server: Party, resource: Value) -> Condition:
    """Whether an AS has the resource on its list; the attacker's lists anything."""
    if not server.honest:
        return True
    listed = []
    for party in (c.world.by_name[name] for name in server.serves):
        when = all_of(*(same(getattr(c.of(party.name), name), value) for name, value in party.listed_if))
        origin = all_of(names_origins(c), same(resource, identifiers.origin(party.url)))
        listed.append(all_of(when, any_of(one_of(resource, party.url, *([party.api] if party.api else [])), origin)))
    return any_of(*listed)


def trusted_by(c: Context, party: Party, issuer: Value) -> Condition:
    """Whether a resource server was meant to trust an issuer."""
    return one_of(issuer, *(c.world.by_name[name].url for name in party.trusts))


def names_issuer(policy: Choices, at: Issuer) -> Condition:
    """Whether the policy of a resource server itself names an issuer that is this to it."""
    return resource_rules.policy_names(policy, at.frameworks.on_list, is_sound(at.frameworks), at.published)


def is_by_stranger(c: Context, party: Party, made: IssuedToken) -> Condition:
    """Whether a token is by an AS that a resource server neither names in its policy nor was meant to trust."""
    issuer = made.server.url
    return no(any_of(names_issuer(c.of(party.name), accepted_issuer(c, party, issuer)), trusted_by(c, party, issuer)))


def is_enrolled(
    c: Context, party: Party, said: Value, meant: bool | None = None, ways: tuple[str, ...] = ("yes",)
) -> Condition:
    """Whether a framework holds a party: as the switch that is about it ``said``, of this party or of all.

    Where that leaves it open, it does if the operator of the framework ``meant`` it to (honest ones, where nobody says
    which), or if a dishonest one got in, in one of some ``ways``.
    """
    got_in = c.design.a_enrolled if party.role == AUTHORIZATION_SERVER else c.design.e_enrolled
    as_planned = meant is not False if party.honest else any_of(meant is True, one_of(got_in, *ways))
    return any_of(same(said, "yes"), all_of(same(said, "meant"), as_planned))


def _holds(
    c: Context, issuer: Value, said: Callable[..., Value], known: Collection[str], ways: tuple[str, ...] = ("yes",)
) -> Condition:
    """Whether a framework holds the AS of an issuer; ``known``: those that were meant to be in it."""
    return any_of(
        *(
            all_of(
                same(issuer, server.url), is_enrolled(c, server, said(c.of(server.name)), server.name in known, ways)
            )
            for server in c.world.servers
        )
    )


def frameworks(c: Context, issuer: Value, known: Collection[str]) -> Frameworks:
    """Which frameworks by which clients (or person servers) know AS hold the one of an issuer."""
    return _framed(c, issuer, known, _holds(c, issuer, lambda policy: policy.listed, known))


def _framed(c: Context, issuer: Value, known: Collection[str], on_list: Condition) -> Frameworks:
    strangers = is_strangers(c.world, issuer)
    return Frameworks(
        on_list,
        chained=_holds(c, issuer, lambda policy: policy.anchored, known, WAYS_IN),
        beyond_names=all_of(strangers, same(c.design.a_enrolled, "below")),
        as_client=all_of(strangers, same(c.design.a_enrolled, "as_client")),
    )


def takes_word_of(c: Context, server: Party, issuer: Value) -> Condition:
    """Whether an AS has an agreement with the one of an issuer to take its word about users."""
    return _holds(c, issuer, lambda policy: policy.partnered, server.trusts)


def gives_word_to(c: Context, server: Party, audience: Value) -> Condition:
    """Whether an AS has an agreement with the one that an assertion is for to give its word about users."""
    meant = {other.name for other in c.world.servers if server.name in other.trusts}
    return _holds(c, audience, lambda policy: policy.partnered, meant)


def voucher_of(c: Context, who: str) -> Value:
    """The AS that vouches for the user of a session: that of the token which the session before it has, or none."""
    earlier = c.world.session[who].after
    voucher: Value = NONE
    for grant in c.world.grants if earlier else ():
        at = c.world.by_name[grant.server].url
        voucher = choose(same(c.state.session(earlier).token, grant.name), at, voucher)
    return voucher


def lookalike(issuer: str) -> str:
    """A different host that has an issuer as a string prefix, and whose keys the attacker holds."""
    return f"{issuer}.attacker.example"


@once
def accepted_issuer(c: Context, party: Party, issuer: Value) -> Issuer:
    """What an issuer is to an honest resource server: of its frameworks and metadata, and by how it is written."""

    def on_list(url: Value) -> Condition:
        return _holds(c, url, lambda policy: policy.rs_listed, party.trusts)

    listed = [(url, on_list(url)) for url in c.world.issuers]
    return Issuer(
        _framed(c, issuer, party.trusts, on_list(issuer)),
        published=designates(c, party, issuer),
        looks_known=any_of(*(all_of(on, same(issuer, lookalike(url))) for url, on in listed)),
        shares_origin=any_of(*(all_of(on, compares(identifiers.same_origin, issuer, url)) for url, on in listed)),
    )


@once
def issuer_at(c: Context, url: Value, issuer: Value) -> Issuer:
    """The same for whichever honest resource server is at a URL."""
    honest = [party for party in c.world.resource_servers if party.honest]
    each = [accepted_issuer(c, party, issuer) for party in honest]

    def there(ways: Iterable[Condition]) -> Condition:
        return any_of(*(all_of(same(url, party.url), so) for party, so in zip(honest, ways, strict=True)))

    return Issuer(
        Frameworks(*map(there, zip(*(at.frameworks for at in each), strict=True))),
        published=there(at.published for at in each),
        looks_known=there(at.looks_known for at in each),
        shares_origin=there(at.shares_origin for at in each),
    )


def is_strangers(world: World, issuer: Value) -> Condition:
    """Whether an AS is one that may be the attacker's."""
    return one_of(issuer, *(server.url for server in world.strangers))


def designates(c: Context, party: Party, issuer: Value) -> Condition:
    """Whether the party in charge of a resource designates an AS: the attacker's designates any."""
    named = one_of(issuer, *(c.world.by_name[name].url for name in party.designates))
    return any_of(named, c.runs(party)) if not party.honest else named


def servers_listed(c: Context, url: Value, chosen: Value) -> Value:
    """The AS that the metadata of the resource at a URL lists, of which one is gone to."""
    told = chosen
    for party in _with_a_choice(c.world):
        told = choose(same(url, party.url), " ".join(c.world.by_name[name].url for name in party.designates), told)
    return told


def standing(c: Context, who: str, chosen: Value) -> Standing:
    """How the AS that a session goes to stands among those that the resource lists, and with client and user."""
    url, knows, user = c.state.session(who).url, c.world.client_of(who).knows, c.world.user_of(who)
    accounts = {made.server for made in c.world.approvals if made.user == user}
    heedless = no(same(c.client(who).user, "vigilant"))
    found = [Standing(several=False, first=False, preferred=False, used=heedless)]
    for party in _with_a_choice(c.world):
        servers = [c.world.by_name[name] for name in party.designates]
        places = client_rules.standing([frameworks(c, server.url, knows).on_list for server in servers])
        for server, place in zip(servers, places, strict=True):
            here = all_of(same(url, party.url), same(chosen, server.url))
            stands = place._replace(used=server.name in accounts)
            found.append(Standing(*(all_of(here, so) for so in stands)))
    several = any_of(*(same(url, party.url) for party in _with_a_choice(c.world)))
    return Standing(*(any_of(*ways) for ways in zip(*found, strict=True)))._replace(several=several)


def _with_a_choice(world: World) -> list[Party]:
    """The resources whose metadata lists several AS."""
    return [party for party in world.resource_servers if len(party.designates) > 1]


# --- sessions ------------------------------------------------------------------------------------------------


def answered(c: Context, who: str) -> SessionState:
    """A session as it is after the authorization response: a client may take the AS from where that arrived."""
    return as_answered(c.state.session(who))


def as_answered(session: SessionState) -> SessionState:
    """The same of a session in a state that may not have come yet."""
    issuer = choose(same(session.went_to, NONE), session.issuer, session.went_to)
    return Moved(session, issuer=issuer, token_at=choose(same(issuer, session.issuer), session.token_at, issuer))


def may_begin(c: Context, who: str) -> Condition:
    """Whether the agent turns to a session: one that comes after another does once the token of that one is used.

    An honest resource server has to have acted on it; whatever one of the attacker's makes of it, the agent goes on.
    """
    earlier = c.world.session[who].after
    if not earlier:
        return True
    session = c.state.session(earlier)
    honest = c.at(session.url, lambda party: party.honest)
    return all_of(one_of(session.phase, "sent", "renewed"), any_of(session.accepted, no(honest)))


def follows(c: Context, who: str) -> bool:
    """Whether a session comes after another."""
    return bool(c.world.session[who].after)


def client_id_of(c: Context, session: SessionState) -> Value:
    """The client_id that a session uses."""
    strangers = is_strangers(c.world, session.issuer)
    return client_rules.client_id(c.client(session.who), c.world.client_of(session.who), session.issuer, strangers)


def redirect_uri_of(c: Context, session: SessionState) -> Value:
    """The redirect URI that a session uses, or none."""
    client, design = c.world.client_of(session.who), c.client(session.who)
    uri = client_rules.redirect_uri(design, client, session.issuer, session.metadata)
    return choose(client_rules.shows_a_code(design), NONE, uri)


def requested_resource(c: Context, session: SessionState, request: str = "") -> Value:
    """The `resource` that a session sends in its `authorization` or `token` request, by default in either, or none."""
    names = client_rules.names_resource(c.client(session.who), request, follows(c, session.who))
    return choose(names, session.resource, NONE)


def uses_dpop(c: Context, session: SessionState) -> Condition:
    """Whether a session makes DPoP proofs.

    An honest AS that does DPoP offers it, an honest resource that requires it demands it; those of the attacker's may.
    """
    read = no(reads_card(c, session.who))
    offered = [
        all_of(read, one_of(session.metadata, *c.world.known_as(server)), same(c.of(server.name).as_dpop, "honor"))
        for server in c.world.honest_servers
    ]
    told = all_of(read, no(same(c.client(session.who).prm, "off")))
    demanded = all_of(told, any_of(session.demands_dpop, requires_dpop(c, session.url)))
    return client_rules.wants_dpop(c.client(session.who), any_of(session.offers_dpop, *offered), demanded)


def earlier(c: Context, held: Held) -> SessionState:
    """The session, over before this run, in which a client got a token that it holds."""
    who = next(session.name for session in c.world.sessions if session.client == held.client)
    url = c.world.by_name[held.resource].url
    return at_server(c, who, led_to(c.world, held), url, published(c, url))


def led_to(world: World, held: Held) -> Party:
    """The AS of a token that a client holds, or the gateway before it to which the resource had led the client."""
    server, designated = world.by_name[held.server], world.by_name[held.resource].designates
    led = (world.by_name[name] for name in designated)
    return next((gateway for gateway in led if gateway.upstream == server.name), server)


def at_server(c: Context, who: str, server: Party, url: Value, resource: Value) -> SessionState:
    """A session that has got as far as the token of a resource called at ``url``, at this AS itself, or a gateway."""
    at = {
        **dict.fromkeys(("listed", "metadata"), server.url),
        **dict.fromkeys(("authorization_at", "token_at"), gateways.endpoints(c, server)),
        "issuer": gateways.claimed_issuer(c, server),
        "par_at": pushes_to(c, who, gateways.behind(c, server)),
    }
    begun = SessionState(who, beginning(c.world).__getitem__)
    return Moved(begun, url=url, resource=resource, unnamed=reads_card(c, who), **at)


def is_copied(c: Context, session: SessionState) -> Condition:
    """Whether a redirect has taken a session's request as it was to another URL than its proof or signature names."""
    return all_of(session.diverted, no(same(c.client(session.who).http_redirect, "reattach")))


def requires_dpop(c: Context, url: Value) -> Condition:
    """Whether an honest resource server at a URL takes bound tokens only, and says so in its metadata."""
    honest = (party for party in c.world.resource_servers if party.honest)
    return any_of(*(all_of(same(url, party.url), same(c.of(party.name).r_requires_dpop, "yes")) for party in honest))


def code_challenge(c: Context, session: SessionState) -> Value:
    """Whose code challenge a session's request carries, or none."""
    withheld = all_of(is_strangers(c.world, session.metadata), no(session.offers_pkce))
    return client_rules.challenge(c.client(session.who), session.who, withheld)


def proof_key(c: Context, session: SessionState) -> Value:
    """The key a session makes DPoP proofs with, or none."""
    return choose(uses_dpop(c, session), _key(c, session, c.client(session.who).dpop_key), NONE)


def proof_to_server(c: Context, key: Value) -> Value:
    """A proof by a key for an endpoint of an AS, or none where it is no proof that the attacker may come to have."""
    shown = shown_keys(c.world)
    return mapped(lambda by: by if by in shown else NONE, key)


def certificate(c: Context, session: SessionState) -> Value:
    """The TLS client certificate a session presents, or none."""
    design = c.client(session.who)
    return choose(same(design.mtls, "bound"), _key(c, session, design.mtls_key), NONE)


def _key(c: Context, session: SessionState, policy: Value) -> Value:
    cast = c.world.session[session.who]
    while cast.renews:  # by the grant, and with the key, of the one before
        cast = c.world.session[cast.after]
    return client_rules.possession_key(policy, cast.client, cast.name, session.issuer)


def pushes(design: Choices, follows: bool = False) -> Condition:
    """Whether the client pushes the requests that a browser would carry, where that is offered."""
    return all_of(no(same(design.par, "off")), client_rules.uses_browser(design, follows))


def pushes_to(c: Context, who: str, server: Party) -> Value:
    """The honest AS whose endpoint for pushed requests a session uses, or none: a card has no field for one."""
    pushed = pushes(c.client(who), follows(c, who))
    return choose(all_of(pushed, no(reads_card(c, who)), no(same(c.of(server.name).par, "off"))), server.url, NONE)


def is_refused(session: SessionState) -> Condition:
    """Whether a session has got an error for an answer, and goes on."""
    return same(session.phase, "refused")


#: Phases in which a session's authorization request has left the client.
REQUEST_SENT = ("requested", "refused", "responded", "asked", "has_token", "sent", "renewed")
#: Phases in which a session has taken a code.
RESPONDED = REQUEST_SENT[2:]


def request_of(c: Context, session: SessionState) -> dict[str, Value]:
    """The authorization request that a session of a client sends, as a grant remembers it."""
    binds_code = all_of(same(c.client(session.who).dpop, "token+code"), uses_dpop(c, session))
    request = {
        "client": client_id_of(c, session),
        "redirect": redirect_uri_of(c, session),
        "challenge": code_challenge(c, session),
        "state": session.who,
        "key": choose(binds_code, proof_key(c, session), NONE),
        "resource": requested_resource(c, session, "authorization"),
    }
    return {**request, **scopes.of_request(c, scopes.asked(c, session))}


# --- tokens --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token of an honest AS: by whom, whose and for which client, and what it is good for.

    Attributes:
        asked: the resource that it was asked for, or none; ``audience``: the one that it is bound to, or none;
            ``has_default``: its audience contains the default one of the AS.
        key: the key that it is bound to, or none; ``certificate``: the TLS client certificate.
        subject: whom it is about: the user, or the client that has it for itself.
        typed: it is an access token; ``self_contained``: it is signed, whatever the resource server would take.
        of_client: it is about a client whose identifier is somebody else's; ``forwarded``: it is to be passed on.
        narrowed: it has no more than what it was made of, where no AS has seen to that.
        of_domain: it is a transaction token: good at each workload of the trust domain of its AS, and nowhere else.
    """

    server: Party
    user: str
    client: Value
    asked: Value
    scope: Value
    key: Value
    certificate: Value
    expired: Condition = False
    subject: Value = NONE
    audience: Value = NONE
    has_default: Condition = False
    typed: Condition = True
    self_contained: Condition = False
    of_client: Condition = False
    forwarded: Condition = False
    narrowed: Condition = True
    of_domain: Condition = False

    @property
    def bound(self) -> Condition:
        """Whether it is bound to a key or a certificate."""
        return no(all_of(same(self.key, NONE), same(self.certificate, NONE)))


@once
def token_of(c: Context, token: str) -> IssuedToken:
    """A token of an honest AS, of a grant or from before."""
    issued = c.world.issued.get(token)
    if isinstance(issued, Held):
        made = _held(c, issued)
    else:
        made = _exchanged(c, issued) if isinstance(issued, Exchanged) else _issued(c, token)
    policy, client = c.of(made.server.name), clients_own(c, token)
    of_domain = _is_transaction(c, token)
    audience = choose(of_domain, NONE, server_rules.bound_resource(policy, made.asked))
    return replace(
        made,
        subject=choose(same(client, NONE), made.user, client),
        audience=audience,
        scope=scopes.carried(c, policy, made.scope, audience),
        has_default=any_of(of_domain, server_rules.has_default_audience(policy, made.asked)),
        typed=no(of_domain),
        of_domain=of_domain,
    )


def is_of_exchange(c: Context, grant: str) -> Condition:
    """Whether the second token under a grant came of an exchange: of another token, or of a subject that was said."""
    again = refreshed(grant)
    of_another = no(same(c.state[f"{again}.source"], NONE)) if again in c.world.sources else False
    return any_of(of_another, no(same(c.state.grant(grant).exchanged, NONE)))


def _is_transaction(c: Context, token: str) -> Condition:
    """Whether a token is a transaction token: it has come of an exchange at an AS that gives such."""
    grant = token.removesuffix("+")
    if grant not in c.world.grant or not c.world.workloads:
        return False
    came = no(same(c.state[f"{token}.source"], NONE)) if token == grant else is_of_exchange(c, grant)
    return all_of(same(c.of(server_of(c, grant).name).exchange_gives, "transaction"), came)


def is_inside(c: Context, url: Value) -> Condition:
    """Whether what is at a URL is a workload of a trust domain, and no endpoint of it."""
    return one_of(url, *c.world.workloads)


def names_all(c: Context, party: Party, made: IssuedToken) -> Condition:
    """Whether a token names a resource server beside others: those that know its AS, or all of a trust domain."""
    return all_of(
        trusted_by(c, party, made.server.url), made.has_default, implies(made.of_domain, is_inside(c, party.url))
    )


def is_of_client_itself(c: Context, token: str) -> Condition:
    """Whether a token was issued to a client for itself, no user having approved it, or came of such by an exchange."""
    return no(same(clients_own(c, token), NONE))


def clients_own(c: Context, token: str) -> Value:
    """The client that a token is about, which has got it for itself, or none.

    What is exchanged is about whom the other was about (RFC 8693 2.1).
    """
    own: Value = NONE
    for when, first in origins(c, token):
        grant, held = first.removesuffix("+"), c.world.issued.get(first)
        if isinstance(held, Held):
            asks_nobody = same(c.client(earlier(c, held).who).grant, "client_credentials")
            own = choose(all_of(when, asks_nobody), c.world.by_name[held.client].url, own)
        else:
            own = choose(all_of(when, same(c.state.grant(grant).word, ITSELF)), c.state.grant(grant).client, own)
    return own


def origins(c: Context, token: str, beside: tuple[str, ...] = ()) -> Iterator[tuple[Condition, str]]:
    """The tokens at which the exchanges may have begun that a token came of, each with when; but for those ``beside``.

    It is one of them itself, and a sub-agent's goes back to that of its grant.
    """
    *_, first = c.world.links(token) if token in c.world.issued else (token,)
    none: list[Condition] = []
    for above in c.world.sources.get(first, ()):
        if above not in beside:
            came = same(c.state[f"{first}.source"], above)
            none.append(no(came))
            yield from ((all_of(came, when), root) for when, root in origins(c, above, (*beside, first)))
    yield all_of(*none), first


def is_had_after_error(c: Context, grant: str) -> Condition:
    """Whether a client got the token of a grant for itself because users are asked, and one refused.

    Then no authorization request belongs to the grant.
    """
    slot, found = c.state.grant(grant), []
    for who in c.world.session:
        design = c.client(who)
        asks = client_rules.uses_browser(design, follows(c, who))
        found.append(all_of(same(slot.of, who), asks, client_rules.goes_on_after_error(design)))
    return all_of(same(slot.redirect, NONE), any_of(*found))


def scope_of(c: Context, session: SessionState) -> Value:
    """The scopes of the token that a session has, or none."""
    scope: Value = NONE
    for grant in c.world.grants:
        scope = choose(same(session.token, grant.name), token_of(c, grant.name).scope, scope)
    return scope


def serves_too(c: Context, who: str) -> Condition:
    """Whether a session need not step up: a token that its client has is enough, the last one or one that it keeps."""
    first, *others = scopes.so_far(c.world, c.world.session[who].after)
    url, last = c.state.session(first).url, scope_of(c, c.state.session(first))
    kept: list[Condition] = []
    for each in others:
        kept.append(scopes.is_sufficient(c, who, url, last))
        session = c.state.session(each)
        last = choose(same(session.token, NONE), last, scope_of(c, session))
    beside = all_of(client_rules.keeps_tokens(c.client(who)), any_of(*kept))
    policy = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    return scope_is_sufficient(policy, any_of(scopes.is_sufficient(c, who, url, last), beside)).holds


def _issued(c: Context, token: str) -> IssuedToken:
    grant = c.world.grant[token.removesuffix("+")]
    server, state = c.world.by_name[grant.server], c.state.grant(grant.name)
    scope = state.scope if c.world.scopes else NONE
    first = IssuedToken(server, grant.user, state.client, state.target, scope, state.bound_key, state.certificate)
    if token != refreshed(grant.name):
        return first
    kept = any_of(same(state.code, "reused"), same(c.of(server.name).rt_resource_bound, "yes"))
    narrowed = choose(kept, state.target, NONE)
    if token in c.world.sources:
        narrowed = choose(same(state.named, NONE), narrowed, state.named)
        by_refresh = no(is_of_exchange(c, grant.name))
        narrowed = choose(by_refresh, narrowed, state.exchanged)
        scope = choose(by_refresh, scope, c.state[f"{token}.scope"]) if c.world.scopes else NONE
    key = choose(_is_transaction(c, token), NONE, attackers_key(c, server, state.client))
    return replace(first, asked=narrowed, scope=scope, key=key, certificate=NONE)


def _exchanged(c: Context, made: Exchanged) -> IssuedToken:
    """A token of a sub-agent's own: for the resource of the grant, bound as the client's is, to a key of its own."""
    of, holder, own = _issued(c, made.grant), c.world.by_name[made.holder], f"key:{made.holder}"
    ended = same(c.state[f"{c.world.errand(holder).name}.task"], "ended")
    return replace(
        of,
        client=holder.url,
        key=choose(same(of.key, NONE), NONE, own),
        certificate=choose(same(of.certificate, NONE), NONE, own),
        scope=c.state[f"{made.holder}.scope"] if c.world.scopes else NONE,
        expired=all_of(ended, same(c.state[f"{made.holder}.expires"], TASK)),
        narrowed=implies(is_made_offline(c, made.name), _narrows(c, made)),
    )


def on_word_of(c: Context, grant: str) -> list[tuple[str, Condition]]:
    """Each grant at another AS that this one may have been issued on the word of, and whether it was."""
    slot, vouched = c.state.grant(grant), client_rules.is_vouched_by_server
    return [
        (above, any_of(all_of(same(slot.of, who), vouched(c.client(who), True)), same(slot.word, above)))
        for above, who in c.world.projected(grant)
    ]


def tells_across(c: Context, policy: Choices, above: str) -> Condition:
    """Whether the AS of a grant has another, by the ``policy`` of that, know when it is taken back.

    It keeps a state of it where more than its own tokens end with it. What it tells by itself may be held back.
    """
    keeps = one_of(c.of(c.world.grant[above].server).grant_end, "derived", "each_link")
    comes = all_of(same(policy.state_across, "told"), same(c.design.block, "no"))
    return all_of(keeps, any_of(same(policy.state_across, "known"), comes))


def is_made_offline(c: Context, token: str) -> Condition:
    """Whether a token is a sub-agent's which the one that started it made, and no AS."""
    made = c.world.issued.get(token)
    return isinstance(made, Exchanged) and same(
        c.client(c.world.errand(c.world.by_name[made.holder]).name).instance, "offline"
    )


def starter_has_own(c: Context, made: Exchanged) -> Condition:
    """Whether who started a sub-agent is one itself, and has a token of its own."""
    above, starter = c.world.links(made.name)[1], c.world.by_name[made.holder].started_by
    return above != made.grant and same(c.state[f"{starter}.token"], above)


def asks_itself(design: Choices) -> Condition:
    """Whether a sub-agent exchanges the token of who starts it itself, which names its key."""
    return all_of(same(design.instance, "derived"), no(same(design.rebinding, "none")))


def is_named(c: Context, token: str) -> Condition:
    """Whether a sub-agent of the attacker's has an assertion that lets its key present a token, and limits nothing."""
    found = []
    for made in c.world.exchanged:
        party = c.world.by_name[made.holder]
        if token == c.world.links(made.name)[1]:
            given = same(c.state[f"{made.holder}.token"], made.name)
            design = c.client(c.world.errand(party).name)
            found.append(all_of(c.runs(party), given, asks_itself(design), same(design.rebinding, "open")))
    return any_of(*found)


def scope_above(c: Context, made: Exchanged) -> Value:
    """The scopes of the token that who started a sub-agent has: its own or the client's."""
    starter, of_grant = c.world.by_name[made.holder].started_by, _issued(c, made.grant).scope
    own = starter_has_own(c, made)
    return of_grant if own is False else choose(own, c.state[f"{starter}.scope"], of_grant)


def _narrows(c: Context, made: Exchanged) -> Condition:
    """Whether a sub-agent's token has no more scopes, depth and time than what it is made of."""
    starter, further = c.world.by_name[made.holder].started_by, c.world.links(made.name)[1] != made.grant
    ends_before = further and same(c.state[f"{starter}.expires"], TASK)
    return all_of(
        holds(scopes.is_within, c.state[f"{made.holder}.scope"], scope_above(c, made)) if c.world.scopes else True,
        no(all_of(further, same(c.of(made.server).delegation_depth, "one"))),
        implies(ends_before, same(c.state[f"{made.holder}.expires"], TASK)),
    )


def _held(c: Context, held: Held) -> IssuedToken:
    design, server = c.of(held.client), c.world.by_name[held.server]
    resource = published(c, c.world.by_name[held.resource].url)

    def key_of(policy: Value, bound: Condition) -> Value:
        # The key of a flow with the honest AS that ended before this run began.
        key = client_rules.possession_key(policy, held.client, f"{held.client}:earlier", server.url)
        return choose(bound, key, NONE)

    binds = all_of(uses_dpop(c, earlier(c, held)), same(c.of(server.name).as_dpop, "honor"))
    return IssuedToken(
        server,
        held.user,
        c.world.by_name[held.client].url,
        asked=choose(client_rules.names_resource(design), resource, NONE),
        scope=scopes.supported(c, resource),
        key=key_of(design.dpop_key, binds),
        certificate=key_of(design.mtls_key, same(design.mtls, "bound")),
    )


def attackers_key(c: Context, server: Party, client_id: Value, useful: Condition = False) -> Value:
    """The key of its own with which the attacker makes proofs at an honest AS, or none where nobody looks at it.

    ``client_id``: as which client.
    """
    demanded = [same(c.of(party.name).r_requires_dpop, "yes") for party in c.world.resource_servers if party.honest]
    binds = same(c.of(server.name).as_dpop, "honor")
    due = is_proof_due(c, server, client_id)
    return choose(all_of(binds, any_of(useful, due, *demanded)), ATTACKERS_KEY, NONE)


def promises_proofs(c: Context, client_id: Value) -> Condition:
    """Whether a client_id is registered with the promise to make proofs: that of an honest client that can."""
    return any_of(
        *(
            all_of(one_of(client_id, *ids_of(c, client)), no(same(c.of(client.name).dpop, "none")))
            for client in c.world.clients
        )
    )


def is_proof_due(c: Context, server: Party, client_id: Value) -> Condition:
    """Whether an honest AS takes no token request of a client without a proof."""
    return server_rules.proof_is_due(c.of(server.name), promises_proofs(c, client_id))


def is_own_key(key: Value) -> Condition:
    """Whether a token is bound to no key, or to the attacker's."""
    return one_of(key, NONE, ATTACKERS_KEY)


def was_handed_over(c: Context, token: str) -> Condition:
    """Whether a sub-agent of the attacker's has a token, and with it the key (or certificate) that it is bound to."""
    agents = {each.holder for each in c.world.exchanged if token in (each.name, each.grant)}
    return any_of(*(all_of(c.runs(c.world.by_name[name]), same(c.state[f"{name}.token"], token)) for name in agents))


def has_handle(c: Context, url: str) -> Condition:
    """Whether there is a handle of a user's session at a resource: one that served that session has given it out."""
    of_users = (c.state.session(session.name) for session in c.world.sessions if session.user != ATTACKER)
    return any_of(*(all_of(session.accepted, same(session.url, url)) for session in of_users))


# --- authenticating as a client ------------------------------------------------------------------------------


def ids_of(c: Context, client: Party) -> tuple[str, ...]:
    """Every client_id of a client."""
    return client_ids(c.world, client)


def policy_of(c: Context, client_id: Value) -> Choices:
    """The switches of the honest client that a client_id belongs to."""
    return c.among(c.world.clients, lambda client: one_of(client_id, *ids_of(c, client)))


def is_callback(c: Context, redirect: Value, session: str) -> Condition:
    """Whether a redirect URI is one at which the client of a session takes responses."""
    return one_of(redirect, *callbacks(c.world, c.world.client_of(session)))


def compares(relation: Callable[..., bool], *values: Value) -> Condition:
    """A comparison of URLs, false where one of them is none."""
    return holds(lambda *members: NONE not in members and relation(*members), *values)
