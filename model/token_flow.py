"""What honest parties do with a token, in protocol order: at resources, with caches, and when it is refreshed."""

from __future__ import annotations

from model import authorization_server as server
from model import client
from model import resource_server as resource
from model.action import IMPOSSIBLE, Context, Move, action
from model.client import NONE
from model.logic import Condition, Value, all_of, any_of, choose, holds, no, one_of, same
from model.rule import Condition as Named
from model.session_readings import attackers_or_none, certificate, proof_key, published, requested_resource, sessions
from model.state import CACHED_CRM, CACHED_HOST, ISSUED, LEAKED, REFRESHED, STRANGERS, Session
from model.world import ATTACKER_AS, ATTACKER_RS, CRM, HONEST_AS, SHARED_HOST, VICTIM


def token_properties(c: Context, token: Value) -> dict[str, Value | Condition]:
    """What a token of the honest AS is good for: audience, default audience, key and certificate."""
    design, state = c.design, c.state
    crm = published(design, CRM)
    binding = all_of(no(same(design.dpop, "none")), same(design.as_dpop, "honor"))
    asked = same(design.resource_indicator, "on")

    def held(policy: Value, bound: Condition) -> Value:
        # The key of a flow with the honest AS that ended before this run began.
        return choose(bound, client.possession_key(policy, "earlier", HONEST_AS), NONE)

    def pick(issued: Value, refreshed: Value, crm_token: Value, host_token: Value) -> Value:
        crm_or_host = choose(same(token, CACHED_HOST), host_token, crm_token)
        return choose(same(token, ISSUED), issued, choose(same(token, REFRESHED), refreshed, crm_or_host))

    narrowed = choose(same(design.rt_resource_bound, "yes"), state["issued.resource"], NONE)
    resource_of = pick(
        state["issued.resource"], narrowed, choose(asked, crm, NONE), choose(asked, SHARED_HOST, NONE)
    )
    earlier_key = held(design.dpop_key, binding)
    earlier_certificate = held(design.mtls_key, same(design.mtls, "bound"))
    return {
        "asked": resource_of,
        "audience": server.bound_resource(design, resource_of),
        "has_default": server.has_default_audience(design, resource_of),
        "key": pick(state["issued.key"], NONE, earlier_key, earlier_key),
        "certificate": pick(state["issued.certificate"], NONE, earlier_certificate, earlier_certificate),
    }


def diverges(c: Context, session: Session) -> Condition:
    """Whether a session's token is good for something else than the client believes.

    The client believes what it asked for, or what the response told it where it reads that. Whatever an AS of
    the attacker says about its tokens is a lie when it wants it to be.
    """
    design = c.design
    requested = requested_resource(design, session)
    properties = token_properties(c, ISSUED)
    told = all_of(no(same(design.echo, "off")), server.echo_is_present(design, properties["asked"]))
    as_asked = all_of(same(properties["audience"], requested), no(properties["has_default"]))
    as_believed = any_of(told, same(requested, NONE), as_asked)
    believed = any_of(as_believed, same(session.token, STRANGERS))
    return any_of(same(session.token_at, ATTACKER_AS), no(believed))


@action("S18", each=sessions)
def client__send_token(c: Context, who: str) -> Move:
    """The client sends its token to an honest resource server."""
    session = c.state.session(who)
    here = all_of(same(session.phase, "has_token"), no(holds(attackers_or_none, session.url)))
    if here is False:
        return IMPOSSIBLE
    return Move(here, (), {f"{who}.phase": "sent", f"{who}.diverged": diverges(c, session)})


@action("S18", each=sessions)
def client__send_token_to_attacker(c: Context, who: str) -> Move:
    """The client sends its token (and a proof for that URL) to a resource server of the attacker."""
    session, state = c.state.session(who), c.state
    here = all_of(same(session.phase, "has_token"), holds(attackers_or_none, session.url))
    if here is False:
        return IMPOSSIBLE
    users = same(session.token, ISSUED)
    return Move(
        here,
        (),
        {
            f"{who}.phase": "sent",
            f"{who}.diverged": diverges(c, session),
            "knows.issued": any_of(state["knows.issued"], users),
            f"captured.{ISSUED}": choose(users, session.url, state[f"captured.{ISSUED}"]),
        },
    )


@action("S18", each=sessions, choices=lambda world: {"url": world.honest_urls})
def client__use_token_where_echoed(c: Context, who: str, url: Value) -> Move:
    """The client uses a token of the attacker's AS at another resource that the token response names."""
    session = c.state.session(who)
    here = all_of(same(session.phase, "has_token"), same(session.token_at, ATTACKER_AS), no(same(url, session.url)))
    return Move(
        here,
        (client.echo_is_no_licence(c.design),),
        {f"{who}.phase": "sent", f"{who}.url": url, f"{who}.resource": published(c.design, url),
         f"{who}.diverged": True},
    )  # fmt: skip


def reaches_attacker(c: Context, here: Condition, kept_by: Named) -> Move:
    """The user's token reaches a server of the attacker's that does not have it yet, unless a rule keeps it."""
    users = same(c.state.session(VICTIM).token, ISSUED)
    gained = {"knows.issued": True, f"captured.{ISSUED}": ATTACKER_RS}
    return Move(all_of(here, users, no(c.state["knows.issued"])), (kept_by,), gained)


@action("S18")
def client__hand_token_to_connector(c: Context) -> Move:
    """A client whose connectors share a registration gives the attacker's connector the token of another."""
    session = c.state.session(VICTIM)
    here = all_of(
        c.capabilities["mal_toolkit"], same(session.phase, "has_token"), same(session.token_at, HONEST_AS)
    )
    return reaches_attacker(c, here, client.registrations_are_not_shared(c.design))


@action("S18")
def client__follow_redirect(c: Context) -> Move:
    """The CRM redirects the client's request, token and all, to a URL of the attacker."""
    session = c.state.session(VICTIM)
    here = all_of(c.capabilities["open_redirect_at_r"], same(session.phase, "sent"), same(session.url, CRM))
    return reaches_attacker(c, here, client.credentials_stay_with_origin(c.design))


def accepts(c: Context, token: Value, url: Value, key: Value, presented: Value, proof_url: Value) -> tuple[Named, ...]:
    """The rules by which an honest resource server at ``url`` judges a token of the honest AS."""
    design, properties = c.design, token_properties(c, token)
    return (
        resource.issuer_is_accepted(design, HONEST_AS),
        resource.audience_is_this_resource(
            design, published(design, url), url, properties["audience"], properties["has_default"]
        ),
        resource.scheme_is_acceptable(design, properties["key"]),
        resource.proof_is_by_bound_key(design, properties["key"], key, proof_url, url),
        resource.certificate_is_bound_one(properties["certificate"], presented),
    )


@action("S19", each=sessions)
def resource_server__accept_request(c: Context, who: str) -> Move:
    """An honest resource server acts on the client's request."""
    session = c.state.session(who)
    here = all_of(
        same(session.phase, "sent"),
        one_of(session.token, ISSUED, LEAKED, REFRESHED),
        no(holds(attackers_or_none, session.url)),
        no(session.accepted),
    )
    if here is False:
        return IMPOSSIBLE
    key, presented = proof_key(c.design, session), certificate(c.design, session)
    return Move(here, accepts(c, session.token, session.url, key, presented, NONE), {f"{who}.accepted": True})


@action("S20", each=lambda _: [{"token": CACHED_CRM}, {"token": CACHED_HOST}])
def client__reuse_cached_token(c: Context, token: str) -> Move:
    """The client sends a token that it holds for an honest resource to a URL of the attacker."""
    design, session = c.design, c.state.session(VICTIM)
    cached_for = CRM if token == CACHED_CRM else SHARED_HOST
    here = all_of(
        same(design.warm, "yes"),
        True if token == CACHED_CRM else same(design.host_app, "yes"),
        one_of(session.phase, "challenged", "discovered"),
        holds(attackers_or_none, session.url),
        same(c.state[f"captured.{token}"], NONE),
    )
    discovered = same(session.phase, "discovered")
    return Move(
        here,
        (
            client.cached_token_covers(
                design, cached_for, session.url, session.resource, discovered, same(session.listed, HONEST_AS)
            ),
        ),
        {f"captured.{token}": session.url},
    )


@action("S22")
def client__refresh_at_new_server(c: Context) -> Move:
    """Challenged anew by a resource of the attacker that now lists another AS, the client refreshes there."""
    session = c.state.session(VICTIM)
    here = all_of(
        same(session.phase, "sent"),
        same(session.url, ATTACKER_RS),
        same(session.token, ISSUED),
        same(session.token_at, HONEST_AS),
        no(same(c.design.prm, "off")),
        c.capabilities["mal_rs"],
        c.capabilities["mal_as"],
    )
    secret = client.sends_secret_of_honest_as(c.design, ATTACKER_AS)
    return Move(
        here,
        (
            client.authorization_server_is_trusted(c.design, False),
            client.refresh_token_stays_with_issuer(c.design),
        ),
        {
            f"{VICTIM}.phase": "refreshed",
            "knows.refresh": True,
            f"{VICTIM}.secret": any_of(session.secret, secret),
        },
    )
