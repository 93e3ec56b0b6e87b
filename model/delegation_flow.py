"""Delegation: a client passes part of its grant on to a sub-agent, which may want to pass it on further.

The client goes on from a token that it has. The user approved the client's grant; nobody asks the user again for a
sub-agent. What that can do is what its token can do: the client's own, one that it asked an AS for by an identity of
its own, or one that the AS made of the client's (RFC 8693), of which the AS knows who it is for and what for.
"""

from model import authorization_server as server_rules
from model import client as client_rules
from model import scopes
from model.action import Context, Move, action, possible
from model.delegation_messages import (
    MISSION,
    HandedToken,
    LentToken,
    MissionState,
    NamedPresenter,
    Revocation,
    Task,
    TaskDone,
)
from model.flow import attestation_of
from model.logic import Condition, Value, all_of, any_of, choose, holds, mapped, no, one_of, same
from model.lookups import token_is_looked_up
from model.messages import ResourceRequest, ResourceResponse, Sent, TokenExchange, TokenRequest, TokenResponse
from model.readings import answered, asks_itself, by_method, ids_of, scope_above, scope_of, server_of, token_of
from model.rule import Named
from model.state import REDEEMED, TASK, TOKEN
from model.token_flow import accepts, attests, is_revoked, proof_of, used_late
from model.world import NONE, SUB_AGENT, Exchanged, Party, World

_EXPIRES = {TASK: "with the task", TOKEN: "not with the task"}
#: What a sub-agent authenticates with, or who it is said to be, where it has an identity of its own (SPIFFE).
ATTESTED = "<attested identity of the sub-agent>"
#: An assertion about a token, by its key, that names the key of the sub-agent.
_NAMES = "signed by the key of the token, names the sub-agent's"
_REBINDING = {"limited": f"<{_NAMES} and what it may ask for>", "open": f"<{_NAMES}>"}


def _errands(world: World) -> list[dict[str, str]]:
    return [{"who": name} for name in dict.fromkeys(world.errand(party).name for party in world.of(SUB_AGENT))]


def _agents(world: World, who: str, starter: str) -> list[Party]:
    """The sub-agents that somebody starts for the task of a session."""
    return [p for p in world.of(SUB_AGENT) if p.started_by == starter and world.errand(p).name == who]


def _receivers(world: World) -> list[dict[str, str]]:
    """Each sub-agent with each grant of which it can come to hold a token."""
    return [{"to": made.holder, "grant": made.grant} for made in world.exchanged]


def _held(world: World) -> list[dict[str, str]]:
    """Each sub-agent with each token that it can come to hold."""
    return [{"to": made.holder, "token": token} for made in world.exchanged for token in (made.grant, made.name)]


def may_receive(c: Context, party: Party, *tokens: str) -> Condition:
    """Whether it is this party's turn: the task is on, it holds nothing, and who starts it has one of some tokens."""
    who = c.world.errand(party).name
    theirs = c.state[f"{party.started_by if is_further(c.world, party) else who}.token"]
    on, without = same(c.state[f"{who}.task"], "on"), same(c.state[f"{party.name}.token"], NONE)
    return all_of(on, without, one_of(theirs, *tokens))


def is_further(world: World, party: Party) -> bool:
    """Whether a sub-agent was started by a sub-agent."""
    return world.by_name[party.started_by].role == SUB_AGENT


@action("S23", _errands, lambda world: {"passes_on": world.scopes})
def client__start_task(c: Context, who: str, passes_on: Value = NONE) -> Move:
    """The client, which has a token, starts sub-agents for a task that needs all of its authority or a part."""
    session, world = c.state.session(who), c.world
    own = [grant.name for grant in world.grants if grant.user == world.user_of(who)]
    part = holds(scopes.is_within, passes_on, scope_of(c, session)) if world.scopes else True
    here = possible(one_of(session.token, *own), same(session.task, "none"))
    client = world.session[who].client
    told = tuple(Sent(client, party.name, Task(passes_on)) for party in _agents(world, who, client))
    passed = {f"{who}.passes_on": passes_on} if world.scopes else {}
    return Move(all_of(here, part), (), {f"{who}.task": "on", **passed}, told)


@action("S24", _receivers)
def client__lend_token(c: Context, to: str, grant: str) -> Move:
    """The party that starts a sub-agent lends it the client's own token and key."""
    party = c.world.by_name[to]
    who = c.world.errand(party).name
    here = possible(may_receive(c, party, grant))
    lent = LentToken(grant, token_of(c, grant).key, token_of(c, grant).scope)
    lending = client_rules.token_is_not_lent(c.client(who), lent=True)
    return Move(here, (lending,), {f"{to}.token": grant}, (Sent(party.started_by, to, lent),))


@action("S24", _receivers, lambda world: {"scope": world.scopes, "expires": (TASK, TOKEN)})
def authorization_server__issue_token_to_sub_agent(
    c: Context, to: str, grant: str, expires: Value, scope: Value = NONE
) -> Move:
    """The AS gives a sub-agent with an identity of its own a token; what and for how long is the policy of the AS.

    Where identities derive from a grant, the party that starts the sub-agent asks, in exchange for its own token.
    """
    party, made = c.world.by_name[to], c.world.exchange(to, grant)
    server, starter, design = server_of(c, grant).name, party.started_by, c.client(c.world.errand(party).name)
    above = c.world.links(made.name)[1:]
    here = possible(may_receive(c, party, *above), one_of(design.instance, "workload", "derived"))
    policy, derived, itself = c.of(server), same(design.instance, "derived"), asks_itself(design)
    until = mapped(_EXPIRES.__getitem__, expires)
    of_grant = token_of(c, grant)
    granted = holds(scopes.is_within, scope, of_grant.scope) if c.world.scopes else True
    theirs = c.state[f"{starter}.token"] if is_further(c.world, party) else grant
    named = mapped(lambda value: _REBINDING.get(value, NONE), design.rebinding)
    asked = TokenExchange(
        choose(itself, party.url, c.world.by_name[starter].url),
        grant_type="token-exchange",
        subject_token=theirs,
        subject_token_type="access_token",
        actor_token=ATTESTED,
        actor_token_type="jwt",
        presenter_rebinding=named,
        scope=scope,
    )
    by_starter = all_of(derived, no(itself))
    by_itself = TokenRequest(party.url, client_assertion=ATTESTED, grant_type="client_credentials", scope=scope)
    answer = TokenResponse(made.name, scope=scope, expires_in=until)
    sends = (
        Sent(starter, to, NamedPresenter(theirs, named), itself),
        Sent(to, server, asked, itself),
        Sent(server, to, answer, itself),
        Sent(starter, server, asked, by_starter),
        Sent(server, starter, answer, by_starter),
        Sent(starter, to, HandedToken(made.name), by_starter),
        Sent(to, server, by_itself, no(derived)),
        Sent(server, to, answer, no(derived)),
    )
    return Move(
        here,
        (
            server_rules.sub_agent_is_attested(policy),
            client_rules.handed_token_is_bound(design, itself, of_grant.key),
            server_rules.exchanged_token_is_presented_by_key(policy, of_grant.bound, no(itself), itself),
            server_rules.authority_was_passed_on(policy, derived, _is_passed_on(c, made, scope), granted),
            *_of_chain(c, made, derived, expires),
        ),
        {f"{to}.token": made.name, f"{to}.expires": expires, **scopes.entry(c, to, scope)},
        sends,
    )


def _is_passed_on(c: Context, made: Exchanged, scope: Value) -> Condition:
    """Whether who starts a sub-agent has some scopes, and they are of those that the client passes on for the task.

    A dishonest sub-agent that asks itself asks for what it likes, where nothing limits that or nobody reads the limit.
    """
    if not c.world.scopes:
        return True
    who = c.world.errand(c.world.by_name[made.holder]).name
    limited = all_of(same(c.client(who).rebinding, "limited"), same(c.of(made.server).exchange_cnf, "named"))
    free = all_of(asks_itself(c.client(who)), c.runs(c.world.by_name[made.holder]), no(limited))
    within = holds(scopes.is_within, scope, c.state[f"{who}.passes_on"])
    return all_of(any_of(within, free), holds(scopes.is_within, scope, scope_above(c, made)))


def _of_chain(c: Context, made: Exchanged, derived: Condition, expires: Value) -> tuple[Named, ...]:
    """The rules about depth and time of what derives from a grant."""
    policy, further = c.of(made.server), is_further(c.world, c.world.by_name[made.holder])
    return (
        server_rules.delegation_is_one_level_deep(policy, derived, further),
        server_rules.token_ends_with_the_task(policy, derived, same(expires, TASK)),
    )


@action("S24", _receivers, lambda world: {"scope": world.scopes, "expires": (TASK, TOKEN)})
def client__attenuate_token(c: Context, to: str, grant: str, expires: Value, scope: Value = NONE) -> Move:
    """Who starts a sub-agent makes a token for it out of its own, and asks no AS.

    One that is the attacker's writes there what it likes.
    """
    party = c.world.by_name[to]
    made, starter = c.world.exchange(to, grant), c.world.by_name[party.started_by]
    design, honest = c.client(c.world.errand(party).name), no(c.runs(starter))
    here = possible(same(design.instance, "offline"), may_receive(c, party, *c.world.links(made.name)[1:]))
    return Move(
        here,
        (
            client_rules.link_narrows(design, honest, _is_passed_on(c, made, scope)),
            *_of_chain(c, made, honest, expires),
        ),
        {f"{to}.token": made.name, f"{to}.expires": expires, **scopes.entry(c, to, scope)},
        (Sent(starter.name, to, HandedToken(made.name)),),
    )


@action("S24", _held)
def client__call_by_sub_agent(c: Context, to: str, token: str) -> Move:
    """A sub-agent calls the resource with the token that it has, and with a proof if that is bound to a key."""
    party = c.world.by_name[to]
    session = answered(c, c.world.errand(party).name)
    here = possible(same(c.state[f"{to}.token"], token))
    made = token_of(c, token)
    proof = choose(same(made.key, NONE), NONE, proof_of(c, token, session.url))
    shown = attestation_of(c, session.who, session.resource, session.url)  # as the key, it is lent by the client
    request = by_method(c, ResourceRequest(session.url, token, proof, made.certificate, proof_key=made.key, **shown))
    return Move(here, (), {f"{to}.called": True}, (Sent(to, session.url, request),))


@action("S24", _held)
def resource_server__accept_sub_agent(c: Context, to: str, token: str) -> Move:
    """An honest resource server acts on what a sub-agent asks."""
    party = c.world.by_name[to]
    session, made = answered(c, c.world.errand(party).name), token_of(c, token)
    honest, client = c.at(session.url, lambda at: at.honest), c.world.client_of(session.who)
    here = possible(same(c.state[f"{to}.token"], token), c.state[f"{to}.called"], honest)
    attested = attests(c, session.who, session.url, session.resource)  # the attestation is its client's
    return Move(
        here,
        accepts(
            c,
            token,
            made,
            session.url,
            True,
            (False, False),
            made.certificate,
            all_of(attested, one_of(made.client, *ids_of(c, client))),
            used=False,
            bare=False,
            attested=attested,
            sufficient=scopes.is_sufficient(c, "", session.url, made.scope),
        ),
        {
            **used_late(c, token),
            f"{to}.served": True,
            f"{to}.overstays": same(c.state[f"{c.world.errand(party).name}.task"], "ended"),
        },
        (
            *token_is_looked_up(c, session.url, token, made, is_revoked(c, token)),
            Sent(session.url, to, ResourceResponse(made.subject)),
        ),
    )


@action("S25", lambda world: [{"token": name} for name in world.revocable])
def authorization_server__end_grant(c: Context, token: str) -> Move:
    """The user takes a grant back at the AS, or the client the token of a sub-agent."""
    made, grant = c.world.issued[token], c.world.links(token)[-1]
    if isinstance(made, Exchanged):
        here, by = same(c.state[f"{made.holder}.token"], token), c.world.errand(c.world.by_name[made.holder]).client
    else:
        here, by = one_of(c.state.grant(grant).code, *REDEEMED), made.user
    told = tuple(
        Sent(made.server, other.server, MissionState(MISSION, "revoked"), same(c.of(other.server).state_across, "told"))
        for other in c.world.grants
        if token in dict(c.world.projected(other.name))
    )
    return Move(possible(here), (), {f"ended.{token}": True}, (Sent(by, made.server, Revocation(token)), *told))


@action("S25", _errands)
def client__end_task(c: Context, who: str) -> Move:
    """The task is done."""
    client = c.world.session[who].client
    sends = tuple(Sent(client, party.name, TaskDone()) for party in _agents(c.world, who, client))
    return Move(same(c.state[f"{who}.task"], "on"), (), {f"{who}.task": "ended"}, sends)
