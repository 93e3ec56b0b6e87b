"""Scopes: what a resource asks for, what a client asks an AS for, what a token carries. Only where a world has some.

A resource server names the scopes of its operations in rising order: who is to do the last does the others as well.
Where sessions say what they need, its operations ask for scopes of which none contains another.
What is asked for, and what a token carries, is a set of them as RFC 6749 3.3 writes it; none says nothing of scopes.
"""

from functools import partial

from model import authorization_server as server_rules
from model import client as client_rules
from model import identifiers
from model.action import Context
from model.logic import Condition, Value, any_of, choose, holds, mapped, same
from model.reading import SessionState
from model.switching import Choices
from model.world import ATTACKER, NONE, Party, World


def is_within(scope: str, limit: str) -> bool:
    """Whether every scope of one set is in another; none is in no set, and nothing is in none."""
    return NONE not in (scope, limit) and set(scope.split()) <= set(limit.split())


def together(world: World, *scopes: str) -> str:
    """All the scopes of some sets, in the order of the world."""
    named = {name for scope in scopes if scope != NONE for name in scope.split()}
    every = dict.fromkeys(name for party in world.resource_servers for name in party.scopes)
    return " ".join(name for name in every if name in named) or NONE


def _of(world: World, most: bool, url: str) -> str:
    """The scopes of the resource server at a URL, or that publishes it: of its first operation, or of all.

    An origin has those of all resource servers that are on it.
    """
    scoped = [party for party in world.resource_servers if party.scopes]
    at = [party for party in scoped if url in (party.url, party.api)][:1]
    at = at or [party for party in scoped if url == identifiers.origin(party.url)]
    return " ".join(dict.fromkeys(scope for party in at for scope in party.scopes[: None if most else 1])) or NONE


def needed(c: Context, who: str, url: Value) -> Value:
    """What the operation of a session needs at a URL: as the session says, or else the least, or all if it steps up."""
    return mapped(partial(_of_session, c.world, who), url)


def _of_session(world: World, who: str, url: str) -> str:
    session, known = world.session[who], _of(world, True, url).split()
    own = [scope for scope in known if scope in session.needs]
    return " ".join(own) or _of(world, session.steps_up, url)


def so_far(world: World, who: str) -> tuple[str, ...]:
    """A session, and before it those from which the agent stepped up."""
    session = world.session[who]
    return (*so_far(world, session.after), who) if session.steps_up else (who,)


def supported(c: Context, url: Value) -> Value:
    """What the metadata of a resource lists."""
    return mapped(partial(_of, c.world, True), url)


def is_told(c: Context, who: str, url: Value, scope: Value, beside: Value = NONE) -> Condition:
    """Whether a challenge may name these scopes: an honest one what the operation needs, the attacker's any.

    ``beside``: what an honest one names as well.
    """
    if not c.world.scopes:
        return True
    named = mapped(partial(together, c.world), needed(c, who, url), beside)
    return any_of(c.attackers(url), same(scope, named))


def entry(c: Context, who: str, scope: Value) -> dict[str, Value]:
    """The scopes that a session is to ask for, a grant or a sub-agent has, as an entry, if the world has any."""
    return {f"{who}.scope": scope} if c.world.scopes else {}


def challenged(c: Context, who: str) -> Value:
    """What a challenge, or the metadata, has told a session to ask for."""
    return c.state[f"{who}.scope"] if c.world.scopes else NONE


def asked(c: Context, session: SessionState) -> Value:
    """What a session asks for. One that steps up asks for what the challenge names, and maybe for what it had."""
    who, told = session.who, challenged(c, session.who)
    if not c.world.scopes:
        return NONE
    if c.world.session[who].steps_up:
        before = asked(c, c.state.session(c.world.session[who].after))
        both = mapped(partial(together, c.world), before, told)
        return choose(client_rules.scopes_accumulate(c.client(who)), both, told)
    return client_rules.scope_asked(c.client(who), told, told, needed(c, who, session.url))


def asks_again(c: Context, who: str) -> Condition:
    """Whether a session that steps up asks for nothing beyond what one before it asked for."""
    *before, now = (asked(c, c.state.session(each)) for each in so_far(c.world, who))
    return any_of(*(holds(is_within, now, scope) for scope in before))


def as_listed(c: Context, who: str, listed: Value) -> dict[str, Value]:
    """What a session is to ask for once it has read the metadata, as an entry of it."""
    return entry(c, who, choose(reads_metadata(c, who), listed, challenged(c, who)))


def reads_metadata(c: Context, who: str) -> Condition:
    """Whether a session asks for what the metadata lists, whatever a challenge names."""
    if not c.world.scopes or c.world.session[who].steps_up:
        return False
    return same(client_rules.scope_asked(c.client(who), "challenge", "metadata", NONE), "metadata")


def within_task(c: Context, user: str, scope: Value) -> Condition:
    """Whether a user is asked for nothing beyond what a task that is under way needs, with what it needed before."""
    if user == ATTACKER or not c.world.scopes:
        return True
    own = (session.name for session in c.world.sessions if session.user == user)
    return any_of(*(holds(is_within, scope, _needed_so_far(c, who)) for who in own))


def _needed_so_far(c: Context, who: str) -> Value:
    each = (needed(c, name, c.state[f"{who}.url"]) for name in so_far(c.world, who))
    return mapped(partial(together, c.world), *each)


def approved(c: Context, server: Party, scope: Value, resource: Value) -> Value:
    """What a grant comes to carry: what is asked for, or else all that the AS has for the resource, or at all."""
    if not c.world.scopes:
        return NONE
    whole = together(c.world, *(_of(c.world, True, c.world.by_name[name].url) for name in server.serves))
    read = server_rules.bound_resource(c.of(server.name), resource)
    default = mapped(lambda at: own if is_within(own := _of(c.world, True, at), whole) else whole, read)
    return choose(same(scope, NONE), default, scope)


def exchanged(c: Context, server: Party, held: Value, resource: Value) -> Value:
    """What a token that is exchanged comes to carry where nothing is asked for: what the first has, or all there is."""
    narrow = same(c.of(server.name).delegation_scope, "passed_on")
    return choose(narrow, held, approved(c, server, NONE, resource))


def of_request(c: Context, scope: Value) -> dict[str, Value]:
    """What an authorization request asks for, as a part of it that a grant remembers, if the world has scopes."""
    return {"scope": scope} if c.world.scopes else {}


def carried(c: Context, policy: Choices, scope: Value, audience: Value) -> Value:
    """The scopes of a token that is bound to a resource or to none, of those that were approved."""
    if not c.world.scopes:
        return NONE
    own = of_resource(c, scope, audience)
    return choose(server_rules.scope_is_narrowed(policy, same(audience, NONE)), own, scope)


def of_resource(c: Context, scope: Value, url: Value) -> Value:
    """Those of some scopes that are of the resource at a URL, or none."""
    return mapped(partial(_restricted, c.world), scope, url)


def _restricted(world: World, scope: str, resource: str) -> str:
    own = _of(world, True, resource)
    return together(world, *(name for name in scope.split() if is_within(name, own)))


def is_sufficient(c: Context, who: str, url: Value, scope: Value) -> Condition:
    """Whether a set of scopes is enough at a URL: in a session, or (for nobody's) for anything at all."""
    wanted = needed(c, who, url) if who else mapped(partial(_of, c.world, False), url)
    return any_of(same(wanted, NONE), holds(is_within, wanted, scope)) if c.world.scopes else True
