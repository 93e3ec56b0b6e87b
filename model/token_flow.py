"""What honest parties do with a token, in protocol order: at resources, with caches, and when it is refreshed."""

from __future__ import annotations

from dataclasses import replace

from model import client as client_rules
from model import identifiers
from model import resource_server as resource_rules
from model.action import IMPOSSIBLE, Context, Move, action
from model.logic import Condition, Value, all_of, any_of, choose, mapped, no, one_of, same
from model.messages import Fetch, Redirection, ResourceRequest, ResourceResponse, Sent
from model.readings import (
    answered,
    certificate,
    compares,
    deliver,
    is_own_key,
    is_strangers,
    kept,
    knows,
    proof_key,
    published,
    sessions,
    token_of,
    trusted_by,
    uses_dpop,
)
from model.rule import Condition as Named
from model.state import Reading, captures, over_plain_http, tokens
from model.world import ATTACKER, NONE, World

#: A URL of the attacker's that belongs to none of its parties, and an address that only those inside a network reach.
ELSEWHERE, INTERNAL = "https://attacker.example/", "http://169.254.169.254/"


def request_with(c: Context, session: Reading, token: Value, url: Value) -> ResourceRequest:
    """A request of a session with a token."""
    named = mapped(_proof, token, url) if _seen(c.world) else NONE
    proof = choose(uses_dpop(c, session), mapped(lambda made: made if made in _seen(c.world) else NONE, named), NONE)
    return ResourceRequest(url, token, proof, certificate(c, session), proof_key=proof_key(c, session))


def _proof(token: str, url: str) -> str:
    return f"{token}@{url}"


def _seen(world: World) -> frozenset[str]:
    """The proofs that the attacker may come to have."""
    return frozenset(_proof(token, url) for token in tokens(world) for url in captures(world))


def read_on_the_way(c: Context, url: Value, channel: str) -> Condition:
    """Whether a capability lets the attacker read, along a channel, the requests to a URL."""
    return any_of(
        *(
            all_of(same(url, c.world.by_name[tampering.party].url), c.capabilities[tampering.capability])
            for tampering in c.world.tamperings
            if tampering.channel == channel
        )
    )


def _send(c: Context, who: str, at: Value, read: Condition) -> Move:
    """The client sends its token, with a proof for the URL that it calls if it makes proofs."""
    session = answered(c, who)
    sent = Sent(c.world.session[who].client, session.url, request_with(c, session, session.token, at))
    facts, sends = deliver(c, sent, read=read)
    return Move(same(session.phase, "has_token"), (), {f"{who}.phase": "sent", **facts}, sends)


@action("S18", each=sessions)
def client__send_token(c: Context, who: str) -> Move:
    """The client sends its token to the resource it was sent to."""
    session = answered(c, who)
    if same(session.phase, "has_token") is False:
        return IMPOSSIBLE
    return _send(c, who, session.url, read_on_the_way(c, session.url, "requests"))


@action("S18", each=lambda world: _through(world, "transport"))
def client__send_token_over_plain_http(c: Context, who: str, party: str) -> Move:
    """The client, given a plain-HTTP URL of a resource, sends its token where whoever is on the way reads it."""
    session, url = answered(c, who), c.world.by_name[party].url
    seen = all_of(same(session.url, url), read_on_the_way(c, url, "transport"))
    if seen is False:
        return IMPOSSIBLE
    move = _send(c, who, over_plain_http(url), True)
    return move._replace(
        when=all_of(move.when, seen), rules=(client_rules.resource_url_is_https(c.client(who), True),)
    )


def _through(world: World, channel: str) -> list[dict[str, str]]:
    """One action for each session and each party of which a capability reaches a channel."""
    parties = dict.fromkeys(tampering.party for tampering in world.tamperings if tampering.channel == channel)
    return [{"who": session.name, "party": party} for session in world.sessions for party in parties]


@action("S18", each=sessions, choices=lambda world: {"url": world.honest_urls})
def client__use_token_where_echoed(c: Context, who: str, url: Value) -> Move:
    """The client uses a token of the attacker's AS at another resource that the token response names."""
    session = answered(c, who)
    strangers = is_strangers(c.world, session.token_at)
    here = all_of(same(session.phase, "has_token"), strangers, no(same(url, session.url)), c.at(url, c.exists))
    return Move(
        here,
        (client_rules.echo_is_no_licence(c.client(who)),),
        {f"{who}.phase": "sent", f"{who}.url": url, f"{who}.resource": published(c, url)},
        (Sent(c.world.session[who].client, url, request_with(c, session, session.token, url)),),
    )


@action("S18", each=sessions)
def client__share_token(c: Context, who: str) -> Move:
    """A client whose connectors share a registration gives one of the attacker's the token of another."""
    session = answered(c, who)
    connectors = {name for party in c.world.servers for name in party.connects_by}
    honest = no(is_strangers(c.world, session.token_at))
    here = all_of(c.has(connectors), one_of(session.phase, "has_token", "sent"), honest)
    if here is False:
        return IMPOSSIBLE
    sent = Sent(c.world.session[who].client, ATTACKER, request_with(c, session, session.token, session.url))
    facts, sends = deliver(c, sent)
    return Move(here, (client_rules.registrations_are_not_shared(c.client(who)),), facts, sends)


def _redirecting(world: World) -> list[dict[str, str]]:
    return [{**pair, "to": to} for pair in _through(world, "redirect") for to in (ELSEWHERE, INTERNAL)]


@action("S18", each=_redirecting)
def client__follow_redirect(c: Context, who: str, party: str, to: str) -> Move:
    """An honest resource redirects the client's request, headers and all, where the attacker wants it."""
    session, url = answered(c, who), c.world.by_name[party].url
    able = [t.capability for t in c.world.tamperings if (t.channel, t.party) == ("redirect", party)]
    here = all_of(c.has(able), same(session.phase, "sent"), same(session.url, url))
    if here is False:
        return IMPOSSIBLE
    client, redirected = c.world.session[who].client, Sent(url, c.world.session[who].client, Redirection(to))
    if to == INTERNAL:
        guarded = client_rules.fetches_are_guarded(c.client(who))
        return Move(here, (guarded,), {"fetched.internal": True}, (redirected, Sent(client, to, Fetch(to))))
    request = replace(request_with(c, session, session.token, url), url=to)
    facts, sends = deliver(c, redirected, Sent(client, ATTACKER, request))
    return Move(here, (client_rules.credentials_stay_with_origin(c.client(who)),), facts, sends)


def accepts(
    c: Context, token: str, url: Value, own: Condition, proofs: tuple[Condition, Condition], presented: Value
) -> tuple[Named, ...]:
    """The rules by which an honest resource server at ``url`` judges a token of an honest AS.

    ``own``: the presenter holds the key that the token is bound to; ``proofs``: it has a proof for this URL, or for
    another; ``presented``: its certificate.
    """
    made = token_of(c, token)
    design = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    known = c.at(url, lambda party: trusted_by(c, party, made["server"].url))
    return (
        resource_rules.issuer_is_accepted(design, known, False, known),
        resource_rules.audience_is_this_resource(
            design, published(c, url), url, made["audience"], all_of(known, made["has_default"])
        ),
        resource_rules.scheme_is_acceptable(design, made["key"]),
        resource_rules.proof_is_by_bound_key(design, own, *proofs),
        resource_rules.certificate_is_bound_one(made["certificate"], presented),
    )


def sessions_and_tokens(world: World) -> list[dict[str, str]]:
    """One action for each session and each token that could come to be in it."""
    return [{"who": session.name, "token": token} for session in world.sessions for token in tokens(world)]


@action("S19", each=sessions_and_tokens)
def resource_server__accept_request(c: Context, who: str, token: str) -> Move:
    """An honest resource server acts on the client's request."""
    session = answered(c, who)
    honest = c.at(session.url, lambda party: party.honest)
    here = all_of(same(session.phase, "sent"), same(session.token, token), honest, no(session.accepted))
    if here is False:
        return IMPOSSIBLE
    key = proof_key(c, session)
    bound = token_of(c, token)["key"]
    own = any_of(same(bound, NONE), same(bound, key))
    client = c.world.session[who].client
    return Move(
        here,
        accepts(c, token, session.url, own, (False, False), certificate(c, session)),
        {f"{who}.accepted": True},
        (Sent(session.url, client, ResourceResponse(token_of(c, token)["user"])),),
    )


def _held(world: World) -> list[dict[str, str]]:
    return [
        {"who": session.name, "held": held.name}
        for session in world.sessions
        for held in world.held
        if (session.user, session.client) == (held.user, held.client)
    ]


@action("S20", each=_held)
def client__reuse_cached_token(c: Context, who: str, held: str) -> Move:
    """The client sends a token that it holds for one resource to another, of the attacker's."""
    design, session = c.client(who), c.state.session(who)
    kept_one = next(token for token in c.world.held if token.name == held)
    resource, server = c.world.by_name[kept_one.resource], c.world.by_name[kept_one.server]
    here = all_of(
        same(design.warm, "yes"),
        c.exists(resource),
        one_of(session.phase, "challenged", "discovered"),
        c.attackers(session.url),
    )
    if here is False:
        return IMPOSSIBLE
    discovered = same(session.phase, "discovered")
    request = ResourceRequest(session.url, held, _cached_proof(c, session, held), token_of(c, held)["certificate"],
                              proof_key=token_of(c, held)["key"])  # fmt: skip
    facts, sends = deliver(c, Sent(kept_one.client, session.url, request))
    cached_for = published(c, resource.url)
    return Move(
        here,
        (
            *kept(c, kept_one),
            client_rules.cached_token_covers(
                design, cached_for, session.url, session.resource, discovered, same(session.listed, server.url)
            ),
        ),
        facts,
        sends,
    )


def _cached_proof(c: Context, session: Reading, held: str) -> Value:
    """The client holds the key of its token, so it proves possession wherever it sends it."""
    bound = no(same(token_of(c, held)["key"], NONE))
    urls = captures(c.world)
    return choose(bound, mapped(lambda url: f"{held}@{url}" if url in urls else NONE, session.url), NONE)


# --- what the attacker holds, seen from a resource server ----------------------------------------------------


def captured_proofs(c: Context, token: str, url: str) -> tuple[Condition, Condition, Condition]:
    """Whether the attacker has a proof by the token's key for a URL, one for another, and whether that one was used."""
    for_this: list[Condition] = []
    for_another: list[Condition] = []
    used: list[Condition] = []
    for where in captures(c.world):
        known = knows(c, "proof", f"{token}@{where}")
        (for_this if compares(identifiers.equal_htu, where, url) else for_another).append(known)
        if where in c.world.honest_urls:  # what is read on the way need not arrive
            used.append(known)
    return any_of(*for_this), any_of(*for_another), any_of(*used)


def holds_key(c: Context, token: str) -> Condition:
    """Whether the attacker needs no proof by somebody else."""
    return is_own_key(token_of(c, token)["key"])


