"""When the properties are violated (or reached) in the authorization code flow: statements about runs.

They say who made the request that was served, whose grant it used, which key, what the attacker knows and what a client
believed, over all parties, sessions and grants of a world.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, product

from model import authorization_server as server_rules
from model import client as client_rules
from model import identifiers, scopes
from model.action import Context
from model.attacker import calls_from_page, has_keys, knows, usable_assertions
from model.attacker_grants import usable_grants
from model.delegation_flow import is_further
from model.federation import is_sound
from model.logic import Condition, Value, all_of, any_of, choose, holds, no, one_of, same, truth
from model.messages import FORGED, THIEF
from model.proxy import confused, robbed
from model.reading import GrantState, SessionState
from model.readings import (
    REQUEST_SENT,
    IssuedToken,
    accepted_issuer,
    answered,
    compares,
    designates,
    frameworks,
    is_had_after_error,
    is_of_client_itself,
    is_strangers,
    names_all,
    origins,
    policy_of,
    published,
    requested_resource,
    scope_above,
    serves_too,
    token_of,
)
from model.registration import is_known, publishes_for_all, shows_a_client
from model.resource_server import (
    audience_is_this_resource,
    chain_narrows,
    issuer_is_accepted,
    takes_the_client_for_the_caller,
)
from model.send import is_attackers
from model.state import REDEEMED, others_than, refreshed, tokens, transaction
from model.token_flow import is_passed_on
from model.world import ATTACKER, LOOPBACK, NONE, PROXY, SUB_AGENT, Exchanged, Grant, Party, Session


def _users_tokens(c: Context) -> Iterator[str]:
    """The tokens that honest AS issued for users."""
    return (token for token in tokens(c.world) if c.world.issued[token.removesuffix("+")].user != ATTACKER)


def _stolen(c: Context, fact: str) -> Iterator[Condition]:
    """Of which users' tokens something holds that the attacker did.

    What was passed on to a sub-agent is its own by right, also where the attacker runs it. So is what it exchanges that
    for, as long as that can do no more.
    """
    passed_on = {made.name: made for made in c.world.exchanged}
    for token in _users_tokens(c):
        came_of = ((same(c.state[f"{token}.source"], above), above) for above in c.world.sources.get(token, ()))
        own = (
            all_of(when, c.runs(c.world.by_name[passed_on[name].holder]), no(_exceeds(c, passed_on[name], token)))
            for when, name in ((True, token), *came_of)
            if name in passed_on
        )
        yield all_of(c.state[f"{fact}.{token}"], no(any_of(*own)), no(_is_leaked_of_client(c, token)))


def _is_leaked_of_client(c: Context, token: str) -> Condition:
    """Whether a token is one that a client got for itself, which is about no user, and that it gave away.

    Anybody who gets one by the credentials of the client is the client to everybody.
    """
    as_client = (
        all_of(when, first not in c.world.issued or same(c.state[f"{first}.to"], THIEF))
        for when, first in origins(c, token)
        if first not in {held.name for held in c.world.held}
    )
    return all_of(is_of_client_itself(c, token), no(any_of(*as_client)))


def _is_users(c: Context, token: Value) -> Condition:
    """Whether a token is a user's, and not a client's own that was given away."""
    return any_of(*(all_of(same(token, one), no(_is_leaked_of_client(c, one))) for one in _users_tokens(c)))


def _users_grants(c: Context) -> Iterator[Grant]:
    return (grant for grant in c.world.grants if grant.user != ATTACKER)


def _asked_of_users(c: Context) -> dict[str, Party]:
    """The grants of users at honest AS, and the transactions of proxies, each with where it is."""
    granted = {grant.name: c.world.by_name[grant.server] for grant in _users_grants(c)}
    return {**granted, **{transaction(proxy): proxy for proxy in c.world.of(PROXY)}}


def _is_strangers(c: Context, server: Party, client: Value) -> Condition:
    """Whether a client is the attacker's, which is able to redeem what it gets."""
    return all_of(no(is_known(c, client)), has_keys(c, server, client))


def _of_users(c: Context) -> Iterator[Session]:
    return (session for session in c.world.sessions if session.user != ATTACKER)


def authorization(c: Context) -> Condition:
    """The attacker gains use of a user's protected data at an honest resource server."""
    stolen = _stolen(c, "served")
    in_its_session = [
        all_of(
            c.state[f"{session.name}.accepted"],
            _is_users(c, c.state[f"{session.name}.token"]),
            True if session.user == ATTACKER else _is_shared(c, session),
        )
        for session in c.world.sessions
    ]
    as_user = [c.state["accepted.as_user"], c.state["accepted.handle"]]
    as_user += [knows(c, "password", user) for user in c.world.users]
    behind_proxies = [
        any_of(all_of(confused(c, proxy), knows(c, "token", transaction(proxy))), robbed(c, proxy))
        for proxy in c.world.of(PROXY)
    ]
    return any_of(*stolen, *in_its_session, *as_user, *behind_proxies)


def _is_shared(c: Context, session: Session) -> Condition:
    """Whether a user's session serves the attacker as well, which finished it, or whose script calls from its page."""
    calls = calls_from_page(c, c.world.by_name[session.client])
    return any_of(c.state[f"{session.name}.finished_by.{ATTACKER}"], calls)


def code_delivery(c: Context) -> Condition:
    """A code that an honest AS issued to an honest client for a user reaches the attacker."""
    asked = _asked_of_users(c)
    return any_of(*(all_of(knows(c, "code", each), is_known(c, c.state[f"{each}.client"])) for each in asked))


def flow_binding(c: Context) -> Condition:
    """A code yields tokens elsewhere than in the client session that started the flow."""
    strayed = []
    for grant in _users_grants(c):
        slot = c.state.grant(grant.name)
        elsewhere = all_of(same(slot.code, "redeemed"), no(same(slot.to, slot.of)))
        by_code = any_of(no(same(slot.redirect, NONE)), client_rules.shows_a_code(policy_of(c, slot.client)))
        strayed.append(any_of(elsewhere, all_of(same(slot.code, "reused"), by_code)))
    at_proxies = (c.state.grant(transaction(proxy)) for proxy in c.world.of(PROXY))
    # What came of a request of the attacker's own is redeemed where the flow began.
    return any_of(*strayed, *(all_of(now.taken, no(now.crafted)) for now in at_proxies))


def resource_binding(c: Context) -> Condition:
    """In a user's session a client uses a token that is good for something else than the client believes."""
    return any_of(*(_diverges(c, session.name) for session in _of_users(c)))


def _diverges(c: Context, who: str) -> Condition:
    """The client believes what it asked for, or what the response told it where it reads that.

    Whatever an AS of the attacker's says about its tokens is a lie when it wants it to be.
    """
    session = answered(c, who)
    requested = requested_resource(c, session)
    believed = []
    for token in (grant.name for grant in c.world.grants):
        made = token_of(c, token)
        policy = c.of(made.server.name)
        told = all_of(session.told, server_rules.echo_is_present(policy, made.asked))
        as_asked = all_of(same(made.audience, requested), no(made.has_default))
        own = any_of(told, same(requested, NONE), as_asked, made.of_domain)
        believed.append(all_of(same(session.token, token), any_of(own, made.user == ATTACKER)))
    lied_to = is_strangers(c.world, session.token_at)
    return all_of(one_of(session.phase, "sent", "renewed"), any_of(lied_to, no(any_of(*believed))))


def token_confinement(c: Context) -> Condition:
    """An honest RS acts on (or an honest AS tells of) a user's token in a request the client did not make for it."""
    told = [condition for fact in ("served", "told") for condition in _stolen(c, fact)]
    redirected = (
        all_of(at.accepted, at.diverted, _is_users(c, at.token), no(_asked_for(c, at)))
        for at in (c.state.session(known.name) for known in _of_users(c))
    )
    passed_on = (all_of(served, no(token_of(c, token).of_domain)) for token, served in _passed_on(c))
    return any_of(*told, *redirected, *passed_on)


def _passed_on(c: Context) -> Iterator[tuple[str, Condition]]:
    """Each user's token, and whether another resource acts on it because the one that was called has passed it on."""
    for who in (session.name for session in c.world.sessions if c.world.upstream_of(session.name)):
        at = c.state.session(who)
        for token in _users_tokens(c):
            yield token, all_of(at.accepted, same(at.token, token), is_passed_on(c, who, token))


def _asked_for(c: Context, session: SessionState) -> Condition:
    """Whether a session got its token for the honest resource that it ended up at."""
    ends = [party.url for party in c.world.resource_servers if party.honest]
    return any_of(*(all_of(same(session.url, url), _is_of(c, session.resource, url)) for url in ends))


def client_authentication(c: Context) -> Condition:
    """An honest AS accepts authentication as an honest client that the client did not make for it."""
    return truth(c.state["accepted.authentication"])


def issuer_acceptance(c: Context) -> Condition:
    """An honest party accepts an issuer its policy does not name, or what that did not sign as a token for it."""
    return any_of(c.state["accepted.issuer"], c.state["accepted.id_token"])


def discovery_integrity(c: Context) -> Condition:
    """A client uses an AS that the party in charge does not designate, or metadata that is not that AS's."""
    return any_of(*(_starts_astray(c, session.name) for session in _of_users(c)))


def _starts_astray(c: Context, who: str) -> Condition:
    session = c.state.session(who)
    return all_of(one_of(session.phase, *REQUEST_SENT), any_of(_is_misled(c, session), _is_diverted(c, session)))


def _is_diverted(c: Context, session: SessionState) -> Condition:
    """Whether the metadata that a session uses is of another AS than it says; what a gateway passes on is not."""
    passed_on = one_of(session.metadata, *(gateway.url for gateway in c.world.gateways))
    return no(any_of(same(session.issuer, session.metadata), passed_on))


def _is_misled(c: Context, session: SessionState) -> Condition:
    """Whether a session uses an AS that the party in charge of the resource does not designate.

    That is the honest party that it names, or else the one that was contacted.
    """
    c = c.within(session.who)
    honest = [party for party in c.world.resource_servers if party.honest]
    named = [(party, _is_of(c, session.resource, party.url)) for party in honest]
    nobodys = no(any_of(*(owns for _, owns in named)))
    contacted = any_of(session.diverted, c.at(session.url, lambda party: designates(c, party, session.metadata)))
    designated = any_of(
        *(all_of(owns, designates(c, party, session.metadata)) for party, owns in named), all_of(nobodys, contacted)
    )
    return no(designated)


def _is_of(c: Context, resource: Value, url: str) -> Condition:
    """Whether a resource identifier is the one that the party at a URL has or publishes, but for a slash."""
    whole = c.world.by_url[url].api or url
    return any_of(
        *(compares(identifiers.equal_but_slash, resource, known) for known in dict.fromkeys((url, whole))),
        same(resource, published(c, url)),
    )


def accountability(c: Context) -> Condition:
    """A client turns to an AS that is not the resource's, and no public log holds what has misled it."""
    found = []
    for session in (c.state.session(each.name) for each in _of_users(c)):
        unseen = any_of(all_of(_is_misled(c, session), no(session.logged)), _is_diverted(c, session))
        found.append(all_of(one_of(session.phase, *REQUEST_SENT), unseen))
    return any_of(*found)


def sender_constraint(c: Context) -> Condition:
    """A request with a bound token is accepted that was not made by its holder, or is a replay."""
    passed_on = (all_of(served, token_of(c, token).bound) for token, served in _passed_on(c))
    return any_of(*passed_on, *(c.state[f"replayed.{token}"] for token in _users_tokens(c)))


def deputy_integrity(c: Context) -> Condition:
    """An honest party uses its authority for a request or principal it was not granted for."""
    redirected = [
        all_of(c.state[f"{session.name}.accepted"], c.state[f"{session.name}.diverted"]) for session in _of_users(c)
    ]
    proxies = [confused(c, proxy) for proxy in c.world.of(PROXY)]
    alone = [_acts_for_itself(c, session.name) for session in _of_users(c)]
    return any_of(c.state["accepted.handle"], c.state["accepted.foreign"], *redirected, *proxies, *alone)


def _acts_for_itself(c: Context, who: str) -> Condition:
    """Whether a client uses a token of its own in a user's session because an error of the attacker's told it to."""
    session = c.state.session(who)
    return all_of(session.accepted, same(session.code, FORGED), _is_not_users(c, who))


def _is_not_users(c: Context, who: str) -> Condition:
    """Whether the token of a session came of one that the client got for itself, the user having refused."""
    token = c.state.session(who).token
    return any_of(
        *(
            all_of(same(token, grant.name), when, is_had_after_error(c, first))
            for grant in c.world.grants
            for when, first in origins(c, grant.name)
        )
    )


def fetch_safety(c: Context) -> Condition:
    """An honest component contacts an internal address or runs a URL at the attacker's bidding."""
    return any_of(c.state["fetched.internal"], c.state["opened.hostile"])


def session_integrity(c: Context) -> Condition:
    """In a user's session the client uses, as an honest AS's, what somebody else authorised there.

    A session is also that of the user who has finished it.
    """
    found = []
    for session in c.world.sessions:
        state = answered(c, session.name)
        others = (user for user in others_than(c.world, session.name) if user != ATTACKER)
        users = {user: c.state[f"{session.name}.finished_by.{user}"] for user in others}
        if session.user != ATTACKER:
            users[session.user] = True
        for user, grant in product(users, c.world.grants):
            as_its = one_of(state.issuer, *c.world.known_as(c.world.by_name[grant.server]))
            if grant.user != user:
                uses = all_of(same(state.phase, "sent"), same(state.token, grant.name), as_its)
                found.append(all_of(users[user], uses))
    return any_of(*found)


def client_identity(c: Context) -> Condition:
    """The user approves what the AS shows as the client, and somebody else gets the result."""
    found = []
    for grant in _users_grants(c):
        slot = c.state.grant(grant.name)
        by_device = all_of(same(slot.redirect, NONE), same(slot.of, THIEF))
        to_attacker = any_of(is_attackers(c, slot.redirect), same(slot.redirect, LOOPBACK), by_device)
        as_client = all_of(to_attacker, same(slot.to, THIEF))
        strangers = _is_strangers(c, c.world.by_name[grant.server], slot.client)
        found.append(all_of(slot.shown, knows(c, "code", grant.name), any_of(strangers, as_client)))
    for proxy in c.world.of(PROXY):
        now, name = c.state.grant(transaction(proxy)), transaction(proxy)
        shown = all_of(
            now.approved, no(same(now.opened_by, ATTACKER)), shows_a_client(c, proxy, now.client, now.redirect)
        )
        to_attacker = any_of(is_attackers(c, now.redirect), same(now.redirect, LOOPBACK))
        as_client = all_of(to_attacker, knows(c, "token", name))
        found.append(all_of(shown, knows(c, "code", name), any_of(_is_strangers(c, proxy, now.client), as_client)))
    return any_of(*found)


def delegation_confinement(c: Context) -> Condition:
    """A sub-agent has a token that can do what was not passed on to it, or that is good when the task is over."""
    found = []
    for made in c.world.exchanged:
        ended = same(c.state[f"{c.world.errand(c.world.by_name[made.holder]).name}.task"], "ended")
        found.append(c.state[f"{made.holder}.overstays"])
        has = ((token, same(c.state[f"{made.holder}.token"], token)) for token in (made.grant, made.name))
        for token, held in (*has, *_exchanged_for(c, made, "knows.token")):
            issued = token_of(c, token)
            beyond = any_of(_exceeds(c, made, token), all_of(ended, no(issued.expired)))
            found.append(all_of(held, _is_taken(c, issued), beyond))
    return any_of(*found)


def _exchanged_for(c: Context, made: Exchanged, fact: str) -> list[tuple[str, Condition]]:
    """What a sub-agent of the attacker's has exchanged its token for, and whether something is so of that."""
    again, runs = refreshed(made.grant), c.runs(c.world.by_name[made.holder])
    if made.name not in c.world.sources.get(again, ()):
        return []
    return [(again, all_of(runs, same(c.state[f"{again}.source"], made.name), c.state[f"{fact}.{again}"]))]


def _is_taken(c: Context, made: IssuedToken) -> Condition:
    """Whether an honest resource server takes the chain that a token stands at the end of."""
    honest = (c.of(party.name) for party in c.world.resource_servers if party.honest)
    return any_of(*(chain_narrows(policy, made.narrowed).holds for policy in honest))


def _exceeds(c: Context, made: Exchanged, token: str) -> Condition:
    """Whether a token can do what was not passed on to a sub-agent, or what the one that started it cannot.

    Nothing is passed on to those that one starts in turn, unless the user has approved that.
    """
    party = c.world.by_name[made.holder]
    who, issued, policy = c.world.errand(party).name, token_of(c, token), c.of(made.server)
    url, further = c.state[f"{who}.url"], is_further(c.world, party)
    passed_on = c.state[f"{who}.passes_on"] if c.world.scopes else NONE
    return any_of(
        all_of(further, no(same(policy.delegation_depth, "approved"))),
        *_more_than(c, issued, url, passed_on),
        *(_more_than(c, issued, url, scope_above(c, made)) if further else ()),
    )


def revocation(c: Context) -> Condition:
    """An honest resource server acts on a token though it, or what stands above it in its chain, was taken back."""
    return any_of(*(c.state[f"late.{token}"] for token in c.world.revocable))


def attribution(c: Context) -> Condition:
    """An honest resource server serves a sub-agent and takes it for the client."""
    served = (all_of(c.state[f"{made.holder}.served"], _passes_for_client(c, made)) for made in c.world.exchanged)
    # A token that came of an exchange names no actor.
    apart = (when for made in c.world.exchanged for _, when in _exchanged_for(c, made, "served"))
    return any_of(*served, *apart)


def _passes_for_client(c: Context, made: Exchanged) -> Condition:
    """Whether a sub-agent has the client's token, or one in which the resource server reads the client's name."""
    who = c.world.errand(c.world.by_name[made.holder]).name
    url = c.state[f"{who}.url"]
    policy = c.among(c.world.resource_servers, lambda party: same(url, party.url))
    derived = one_of(c.client(who).instance, "derived", "offline")
    of_client = same(c.state[f"{made.holder}.token"], made.grant)
    return any_of(of_client, takes_the_client_for_the_caller(policy, derived))


def user_intent(c: Context) -> Condition:
    """A user who was using an honest client is led to approve another, which gets the result."""
    found = []
    for asked, server in _asked_of_users(c).items():
        slot = c.state.grant(asked)
        found.append(all_of(slot.relayed, _is_strangers(c, server, slot.client), knows(c, "code", asked)))
    return any_of(*found)


def token_custody(c: Context) -> Condition:
    """A refresh token of a user's, or an assertion that an honest AS takes, comes into the attacker's hands."""
    refresh = []
    for grant in _users_grants(c):
        slot, used = c.state.grant(grant.name), c.state[f"{grant.name}.renewed"] if c.world.renews else False
        good = server_rules.refresh_token_is_the_last(c.of(grant.server), used).holds
        refresh.append(all_of(knows(c, "refresh", grant.name), is_known(c, slot.client), good))
    return any_of(*refresh, usable_assertions(c), *usable_grants(c))


def as_acceptance(c: Context) -> Condition:
    """In a user's session a client starts a flow at an AS that nothing but the resource itself vouches for."""
    found = []
    for session in _of_users(c):
        state, design = c.state.session(session.name), c.client(session.name)
        started = one_of(state.phase, *REQUEST_SENT)
        of_old = any_of(same(design.prm, "off"), _is_acquainted(c, session.name, state.metadata))
        asked = frameworks(c, state.metadata, c.world.client_of(session.name).knows)
        vouched = client_rules.is_vouched_for(design, asked.on_list, is_sound(asked))
        found.append(all_of(started, no(same(state.metadata, NONE)), no(of_old), no(vouched)))
    return any_of(*found)


def _is_acquainted(c: Context, who: str, issuer: Value) -> Condition:
    """Whether a client has met an AS before: an honest one that it was meant to list, and does."""
    client = c.world.client_of(who)
    met = any_of(*(same(issuer, c.world.by_name[name].url) for name in client.knows))
    return all_of(met, frameworks(c, issuer, client.knows).on_list)


def least_authority(c: Context) -> Condition:
    """A client gets a user's token that can do more than the user's task needs: at its resource, or at another."""
    found = []
    for session in (session for session in _of_users(c) if c.world.scopes):
        state = c.state.session(session.name)
        for token in (grant.name for grant in _users_grants(c)):
            needed = scopes.needed(c, session.name, state.url)
            more = _more_than(c, token_of(c, token), state.url, needed)
            found.append(all_of(same(state.token, token), no(is_of_client_itself(c, token)), any_of(*more)))
    return any_of(*found)


def progress(c: Context) -> Condition:
    """A client steps up and asks for nothing that it had not asked for before: the agent is where it was."""
    again = (session.name for session in _of_users(c) if session.steps_up)
    return any_of(*(all_of(one_of(c.state[f"{who}.phase"], *REQUEST_SENT), scopes.asks_again(c, who)) for who in again))


def _more_than(c: Context, made: IssuedToken, at: Value, scope: Value) -> Iterator[Condition]:
    """Where a token can do more than some scopes at a URL, for each resource server that takes it.

    What takes a token whatever its scopes are lets it do all there is, which is too much anywhere but at that URL.
    """
    for party in (party for party in c.world.resource_servers if party.honest):
        policy, url = c.of(party.name), party.url
        taken = all_of(
            issuer_is_accepted(policy, accepted_issuer(c, party, made.server.url)).holds,
            audience_is_this_resource(
                policy, published(c, url), url, made.audience, names_all(c, party, made), made.of_domain
            ).holds,
        )
        if not party.scopes:
            yield all_of(taken, no(same(at, url)))
            continue
        carried = scopes.of_resource(c, made.scope, url)
        own = choose(same(policy.scope_check, "off"), scopes.supported(c, url), carried)
        here = any_of(same(at, url), made.of_domain)  # the same transaction goes on at other workloads
        enough = all_of(here, holds(scopes.is_within, own, scope))
        yield all_of(taken, no(same(own, NONE)), no(enough))


def first_contact(c: Context) -> Condition:
    """From an unknown URL, honest parties alone get to an accepted request, with credentials that can be had then."""
    return any_of(
        *(all_of(_served_unknown(c, s.name), same(c.state[f"{s.name}.url"], c.world.contacted)) for s in _of_users(c))
    )


def configured_access(c: Context) -> Condition:
    """A user is served at a resource that the client was told of beforehand, by honest parties alone."""

    def told(url: Value) -> Condition:
        return same(c.among(c.world.resource_servers, lambda party: same(url, party.url)).configured, "yes")

    return any_of(*(all_of(_served(c, s.name), told(c.state[f"{s.name}.url"])) for s in _of_users(c)))


def task_completed(c: Context) -> Condition:
    """Every session of a user's is served in that way, whichever domains they lead to.

    One that would step up is, if the token of the one before serves for that as well. Of one that begins instead of
    another that one says.
    """
    sessions = list(_of_users(c))
    own = [session for session in sessions if not session.instead_of]
    before = {session.name: bool(session.steps_up) and serves_too(c, session.name) for session in own}
    served = [any_of(_served_unknown(c, name), enough) for name, enough in before.items()]
    return all_of(bool(sessions), *served)


def identity_crosses(c: Context) -> Condition:
    """Two AS issue tokens under one client_id, which neither of them gave the client and both look up themselves."""

    def shared(one: GrantState, other: GrantState) -> Condition:
        return all_of(same(one.client, other.client), publishes_for_all(policy_of(c, one.client)))

    return _in_two_domains(c, shared)


def key_crosses(c: Context) -> Condition:
    """Two AS issue tokens that are bound to one key, or to one certificate."""

    def shared(one: GrantState, other: GrantState) -> Condition:
        return any_of(
            all_of(same(one.bound_key, other.bound_key), no(same(one.bound_key, NONE))),
            all_of(same(one.certificate, other.certificate), no(same(one.certificate, NONE))),
        )

    return _in_two_domains(c, shared)


def consent_crosses(c: Context) -> Condition:
    """An AS issues a user's token on the word of another, at which alone the user was asked."""
    found = []
    for session in (session for session in _of_users(c) if session.after):
        state = c.state.session(session.name)
        found.append(all_of(state.vouched, one_of(state.token, *(grant.name for grant in _users_grants(c)))))
    return any_of(*found)


def agent_verified(c: Context) -> Condition:
    """A resource server serves a sub-agent, and can tell from its token who that is and for whom it acts."""
    found = []
    for made in c.world.exchanged:
        derived = same(c.client(c.world.errand(c.world.by_name[made.holder]).name).instance, "derived")
        own = same(c.state[f"{made.holder}.token"], made.name)
        found.append(all_of(c.state[f"{made.holder}.served"], own, derived))
    return any_of(*found)


def chain_served(c: Context) -> Condition:
    """A resource server serves a sub-agent that a sub-agent started."""
    return any_of(*(c.state[f"{party.name}.served"] for party in c.world.of(SUB_AGENT) if is_further(c.world, party)))


def _in_two_domains(c: Context, shared: Callable[[GrantState, GrantState], Condition]) -> Condition:
    """Whether two AS have issued tokens for users in grants that share something."""
    found = []
    for grants in combinations(_users_grants(c), 2):
        one, other = (c.state.grant(grant.name) for grant in grants)
        if len({grant.server for grant in grants}) == 2:
            issued = all_of(*(one_of(grant.code, *REDEEMED) for grant in (one, other)))
            found.append(all_of(issued, shared(one, other)))
    return any_of(*found)


def _served_unknown(c: Context, who: str) -> Condition:
    """A session is served at a URL that it did not know, with credentials that can be had then."""
    design = c.client(who)
    issued = any_of(no(same(design.client_auth, "secret")), one_of(design.reg, "dcr", "dcr_ss", "static"))
    return all_of(_served(c, who), no(same(design.prm, "off")), issued)


def _served(c: Context, who: str) -> Condition:
    """A session is served, and by its own user's token."""
    return all_of(c.state[f"{who}.accepted"], no(_is_not_users(c, who)))


def delegate_served(c: Context) -> Condition:
    """A resource server serves a sub-agent."""
    return any_of(*(c.state[f"{party.name}.served"] for party in c.world.of(SUB_AGENT)))


def completion(c: Context) -> Condition:
    """A user's session is served by an honest resource server (what a design is for, known resources included)."""
    return any_of(*(_served(c, session.name) for session in _of_users(c)))
