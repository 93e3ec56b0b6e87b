"""The attacker: what it knows, and what it can therefore send.

It runs the endpoints of its parties and learns every field of what reaches them or leaks (:mod:`model.send`). It
answers what it is asked (:mod:`model.attacker_answers`) and sends any message whose fields are public or known to it
to any honest party (:mod:`model.attacker_sends`, :mod:`model.attacker_grants`, :mod:`model.attacker_at_resources`), by
its own browser or one that it holds or can lure. It never has to say that it does not know something, and what it
chooses is no switch: ``splice`` and ``par_at`` only let a question forbid it something.
"""

from functools import partial
from itertools import product
from typing import NamedTuple

from model import authorization_server as server_rules
from model import client as client_rules
from model import gateways, guards
from model.action import Context, once, possible
from model.flow import comes_to
from model.logic import Condition, Value, all_of, any_of, choose, implies, no, one_of, same
from model.messages import THIEF, Redirection, Sent
from model.readings import REQUEST_SENT, at_server, follows, ids_of, policy_of, published, serves, tampered
from model.registration import has_clients, is_known, is_on_file, is_taken, knows_attester, registers_at_run_time
from model.rule import Named
from model.send import is_scripted
from model.state import assertion_at, client_of
from model.world import ATTACKER, FORGED_BY, LOOPBACK, NONE, RESOURCE_SERVER, SUB_AGENT, Held, Party, World, callbacks

#: Capabilities by which a page of the attacker's is in a user's browser, and leads it on.
PAGES = ("lure", "web")

# --- what it learns and knows --------------------------------------------------------------------------------


def knows(c: Context, kind: str, name: str) -> Condition:
    """Whether the attacker knows a term: it has learned it, or it is of what leaks by itself."""
    held = c.world.issued.get(name) if kind == "token" else None
    leaks = isinstance(held, Held) and c.has(held.leaks_by)
    by_platform = all_of(c.capabilities["platform_leak"], partial(_is_platforms, c, kind, name))
    in_log = all_of(c.capabilities["log_leak"], partial(_was_sent_before, c, kind, name))
    return any_of(c.state[f"knows.{kind}.{name}"], leaks, by_platform, in_log)


def _was_sent_before(c: Context, kind: str, name: str) -> Condition:
    """Whether a term is a secret that a client had before this run, and has sent in each of its token requests."""
    if kind != "secret":
        return False
    client, _, server = name.partition("@")
    return all_of(no(registers_at_run_time(c.of(client))), has_come_to(c, client, c.world.by_name[server]))


def _is_platforms(c: Context, kind: str, name: str) -> Condition:
    """Whether a term is a JWT that the platform of a workload makes for it: a grant, or what it authenticates by."""
    if kind == "grant" and name in c.world.session:
        return same(c.client(name).grant, "jwt_bearer")
    if kind == "assertion" and client_of(name) not in c.world.by_name:
        of, at = client_of(name), c.world.by_name[name.rpartition("@")[2]]
        met = [gateways.claimed_issuer(c, each) for each in c.world.gateways if each.upstream == at.name] or [at.url]
        named = any_of(*(gateways.stands_for(c, at, issuer) for issuer in met))
        asked = any_of(*(has_come_to(c, client.name, at) for client in c.world.clients if of in ids_of(c, client)))
        return all_of(client_rules.platform_signs(policy_of(c, of)), named, asked)
    return False


@once
def has_come_to(c: Context, client: str, server: Party) -> Condition:
    """Whether a client has asked an AS for tokens before this run, in a session that nobody disturbed.

    A server that no resource of the world leads to, as a proxy, is one that the client was brought to.
    """
    before = c._replace(before=True)
    leading = {gateway.name: gateway for gateway in c.world.gateways if gateway.upstream == server.name}
    leading[server.name] = server
    who = next((session.name for session in c.world.sessions if session.client == client), NONE)
    ways = []
    for resource in c.world.of(RESOURCE_SERVER) if who != NONE else ():
        for led in (leading[name] for name in resource.designates if name in leading):
            session = at_server(before, who, led, resource.url, published(before, resource.url))
            listed = serves(before, server, session.resource)
            ways.append(all_of(*(rule.holds for rule in comes_to(before, session, led, listed))))
    return any_of(*ways) if ways else True


def sessions_and_channels(world: World) -> list[dict[str, str]]:
    """One action for each session and each way in which the attacker may write a resource's metadata."""
    forged = dict.fromkeys(t.channel for t in world.tampered if t.channel in FORGED_BY)
    own = sessions_at_attackers(world)
    ways = [(who, channel) for who in world.flows for channel in ("own", *forged)]
    return [{"who": who, "channel": way} for who, way in ways if way != "own" or {"who": who} in own]


def sessions_at_attackers(world: World) -> list[dict[str, str]]:
    """Each session whose agent may come to a resource server that the attacker may run."""
    theirs = {party.url for party in world.attackers_resources}
    return [{"who": who} for who in world.flows if theirs & {*world.whereabouts(who)}]


def controls_document(c: Context, who: str, url: Value, channel: str) -> Condition:
    """Whether the attacker writes what a client reads as the metadata of the resource at a URL."""
    if channel == "own":
        return c.attackers(url)
    return all_of(tampered(c, channel, url), no(same(c.client(who).prm, "off")))


# --- what it can send ----------------------------------------------------------------------------------------


def holds_browser(c: Context, user: str, *, at_callback: bool = False) -> Condition:
    """Whether the attacker can send a user's browser to an AS (or to a client's callback).

    Its own always; another's once that has fetched something from a party of its, as a user of its client has. What
    answers at a callback, or runs beside the browser, leads only where nobody is asked.
    """
    if user == ATTACKER:
        return True
    unasked = ("naive_rp", "req_leak", "state_leak", "local_app") if at_callback else ()
    return any_of(c.state[f"holds.browser.{user}"], brings_page(c), c.has(unasked))


def comes_from_client(c: Context, user: str) -> Condition:
    """Whether a user's browser is where the attacker leads it because a session of an honest client sent it there.

    What the attacker runs for a session of its own alone leads nobody in others. A script of its leads the browser
    where it likes, from a page of the client that the user has open (RFC 10017 5.1).
    """
    sessions = (c.state.session(session.name) for session in c.world.sessions if session.user == user)
    return any_of(
        *(
            all_of(
                client_rules.uses_code_grant(c.client(each.who), follows(c, each.who)),
                one_of(each.phase, *REQUEST_SENT),
                c.within(each.who).attackers(each.authorization_at),
            )
            for each in sessions
        ),
        *(is_scripted(c, c.world.by_name[each.client]) for each in c.world.sessions if each.user == user),
    )


def brings_page(c: Context) -> Condition:
    """Whether a page of the attacker's is in users' browsers: one that they were led to, or one of its own client's.

    A script of its in a page of a client's opens what it likes as well.
    """
    used = {name for party in c.world.identities if party.identity == "own" for name in party.run_by}
    return any_of(c.has((*PAGES, *used)), *(is_scripted(c, client) for client in c.world.clients))


def calls_from_page(c: Context, client: Party, *architectures: str) -> Condition:
    """Whether a script of the attacker's calls resources as the page of a client's that has one of these, or any."""
    return all_of(same(c.design.script_calls, "yes"), is_scripted(c, client, *architectures))


def signs_from_page(c: Context, client_id: Value) -> Condition:
    """Whether it does so by a page that holds the keys of the client with this client_id."""
    clients = c.world.clients
    holding = ((client, calls_from_page(c, client, "mediated", "browser")) for client in clients)
    return any_of(*(all_of(calls, one_of(client_id, *ids_of(c, client))) for client, calls in holding))


def leading(c: Context, user: str, to: Value) -> tuple[Sent, ...]:
    """What makes a user's browser go somewhere; the attacker's own goes by itself."""
    return () if user == ATTACKER else (Sent(ATTACKER, user, Redirection(to)),)


def sends_own_users(c: Context, client_id: Value, redirect: Value) -> Condition:
    """Whether a user comes with this request by using the attacker's client, or its program on the device."""
    as_client = [all_of(c.has(party.run_by), same(redirect, party.callback)) for party in c.world.identities]
    on_device = all_of(c.capabilities["local_app"], same(redirect, LOOPBACK), is_known(c, client_id))
    return any_of(*as_client, on_device)


def has_host(c: Context, client_id: Value) -> Condition:
    """Whether users come to the attacker by themselves: to the host of a client whose document it writes."""
    return all_of(writes_document(c, client_id), same(policy_of(c, client_id).reg, "cimd"))


def is_registered(c: Context, server: Party, identity: Party) -> Condition:
    """Whether an AS or a proxy has heard of an identity of the attacker's, where it has to be told of clients first."""
    told_first = one_of(c.of(server.name).reg, "dcr", "dcr_ss")
    return implies(told_first, c.state[f"registered.{identity.name}@{server.name}"])


@once
def has_identity(c: Context, server: Party, client_id: Value, redirect: Value) -> Condition:
    """Whether the attacker may name this client_id to an AS: an honest client's, or one that it has made itself."""
    honest = one_of(client_id, *(known for client in c.world.clients for known in ids_of(c, client)))
    of_clients = [uri for client in c.world.clients for uri in callbacks(c.world, client)]
    own = [
        all_of(
            same(client_id, party.url),
            is_registered(c, server, party),
            any_of(c.runs(party), all_of(c.has(party.registered_by), one_of(redirect, *of_clients))),
        )
        for party in c.world.identities
    ]
    return any_of(honest, *own)


def can_write(c: Context, server: Party, client: Value, redirect: Value, challenge: Value, state: Value) -> Condition:
    """Whether the attacker knows every field of an authorization request of its own making to an AS."""
    names = [session.name for session in c.world.sessions]
    known = possible(
        any_of(same(state, NONE), *(all_of(same(state, s), knows(c, "state", s)) for s in names)),
        any_of(one_of(challenge, NONE, THIEF), *(all_of(same(challenge, s), knows(c, "challenge", s)) for s in names)),
    )
    return all_of(has_identity(c, server, client, redirect), known)


def signs_as(c: Context, issuer: Value) -> Condition:
    """Whether an AS of the attacker's signs under the name of an issuer: its own, or one that is no stranger's."""
    strangers = c.world.strangers
    others = no(one_of(issuer, *(server.url for server in strangers)))
    return any_of(*(all_of(c.runs(server), any_of(same(issuer, server.url), others)) for server in strangers))


def is_own(c: Context, client_id: Value) -> Condition:
    """Whether a client_id is the attacker's: of a client of its own, or of a sub-agent that it runs."""
    agents = [all_of(same(client_id, party.url), c.runs(party)) for party in c.world.of(SUB_AGENT)]
    return any_of(one_of(client_id, *(identity.url for identity in c.world.identities)), *agents)


def runs_client(c: Context, client: Value) -> list[Condition]:
    """Whether the attacker runs the client of a client_id, as conditions one of which has to hold."""
    return [all_of(same(client, party.url), c.runs(party)) for party in c.world.identities]


@once
def is_client(c: Context, server: Party, client_id: Value) -> Condition:
    """Whether a client_id is one of a client that an honest AS has: an honest one, or an identity of the attacker's."""
    honest = [
        all_of(one_of(client_id, *ids_of(c, one)), is_on_file(c, server, c.of(one.name))) for one in c.world.clients
    ]
    own = [
        all_of(same(client_id, party.url), is_registered(c, server, party), is_taken(c, party, server))
        for party in c.world.identities
    ]
    return any_of(*honest, *own)


def writes_document(c: Context, client_id: Value) -> Condition:
    """Whether the attacker writes what an honest client publishes as the document of this client_id."""
    taken = (all_of(one_of(client_id, *ids_of(c, client)), c.has(client.taken_by)) for client in c.world.clients)
    return any_of(*taken)


def has_keys(c: Context, server: Party, client_id: Value) -> Condition:
    """Whether the attacker has the keys of a client: of one of its own, or of one whose metadata document it writes.

    The author of a client's document says there how the client authenticates, and by which keys. A statement that is
    somebody else's may say which keys are (RFC 7591 2.3). Where an AS requires attestations, an attester has to be the
    attacker's as well; a document names it, unless the AS has configured those of each client.
    """
    design, policy = policy_of(c, client_id), c.of(server.name)
    statements = (party.url for party in c.world.identities if party.identity == "statement")
    bound = all_of(same(policy.ss_binds, "name+jwks"), one_of(design.client_auth, "pkjwt", "mtls"))
    own = all_of(is_own(c, client_id), no(all_of(one_of(client_id, *statements), bound)))
    by_document = all_of(same(design.reg, "cimd"), one_of(design.client_auth, "pkjwt", "mtls", "attest"))
    required = same(policy.auth_accepted, "attest")
    written = all_of(
        by_document, writes_document(c, client_id), no(all_of(required, same(policy.attesters, "configured")))
    )
    return all_of(any_of(own, written), implies(required, same(c.design.own_attester, "yes")))


class Credentials(NamedTuple):
    """What the attacker has of a client at an honest AS, as :func:`guards.authentication` takes it."""

    genuine: Condition
    secret: Condition
    assertion: Condition
    replaced: Condition
    attested: Condition


@once
def credentials(c: Context, server: Party, client_id: Value) -> Credentials:
    """What the attacker comes with to an honest AS as a client_id, by what it knows."""
    design = policy_of(c, client_id)
    clients = c.world.clients
    secret = any_of(
        *(
            all_of(one_of(client_id, *ids_of(c, client)), partial(knows, c, "secret", f"{client.name}@{server.name}"))
            for client in clients
        )
    )
    assertion = any_of(
        *(
            all_of(same(client_id, identity), partial(knows, c, "assertion", assertion_at(server, identity)))
            for client in clients
            for identity in ids_of(c, client)
        )
    )
    genuine, own_attester = has_keys(c, server, client_id), same(c.design.own_attester, "yes")
    published = all_of(same(design.reg, "cimd"), one_of(design.client_auth, "pkjwt", "mtls"))
    otherwise = server_rules.shows_credentials(design.client_auth, genuine, secret, assertion)
    return Credentials(
        genuine,
        secret,
        all_of(assertion, knows_attester(c, server, design)),
        replaced=all_of(published, c.capabilities["key_leak"], is_known(c, client_id), no(otherwise)),
        attested=all_of(client_rules.attests(design), own_attester, no(otherwise)),
    )


@once
def attacker_authenticates(c: Context, server: Party, client_id: Value, endpoint: str = "token") -> tuple[Named, ...]:
    """The rules by which an honest AS authenticates the attacker as a client_id, by what the attacker knows."""
    shown = credentials(c, server, client_id)
    anyhow = any_of(shown.genuine, shown.replaced, server_rules.is_public(policy_of(c, client_id), c.of(server.name)))
    return _authenticated(c, server, client_id, endpoint, shown, anyhow)


def _authenticated(
    c: Context, server: Party, client_id: Value, endpoint: str, shown: Credentials, anyhow: Condition
) -> tuple[Named, ...]:
    """The rules by which an honest AS takes what is shown for a client_id; ``anyhow``: with no assertion as well."""
    return tuple(
        guards.authentication(
            policy_of(c, client_id),
            c.of(server.name),
            registered=is_client(c, server, client_id),
            certified=True,
            named=True,
            endpoint=endpoint,
            made_at="token",  # of other requests with an assertion none is read on the way
            anyhow=anyhow,
            chosen=shown.genuine,
            **shown._asdict(),
        )
    )


def authenticates_as(c: Context, server: Party, client_id: Value) -> tuple[Condition, tuple[Named, ...]]:
    """Whether the attacker has any credentials of a client, and the rules by which an AS takes those for its own."""
    shown, design = credentials(c, server, client_id), policy_of(c, client_id)
    has = server_rules.shows_credentials(design.client_auth, shown.genuine, shown.secret, shown.assertion)
    taken = _authenticated(c, server, client_id, "token", shown, any_of(shown.genuine, shown.replaced))
    return any_of(has, shown.replaced, shown.attested), taken


def shows_credentials(c: Context, server: Party, client_id: Value) -> Condition:
    """Whether the attacker comes with credentials of a client, where an AS asks anybody else for none."""
    shown, design = credentials(c, server, client_id), policy_of(c, client_id)
    named = server_rules.assertion_names_this_server(design, c.of(server.name), True, "token", False, "token")
    assertion = all_of(shown.assertion, named.holds)
    held = server_rules.shows_credentials(design.client_auth, shown.genuine, shown.secret, assertion)
    return any_of(held, shown.replaced, shown.attested)


def token_type(key: Value) -> Value:
    """What a token that is bound to a key, or to none, is said to be."""
    return choose(same(key, NONE), "Bearer", "DPoP")


def _assertion_alone(c: Context, server: Party, client_id: Value) -> Credentials:
    """The assertion that the attacker was sent, if the AS takes those of its sender at all, and nothing else."""
    sent = credentials(c, server, client_id).assertion
    return Credentials(genuine=False, secret=False, assertion=sent, replaced=False, attested=False)


def usable_assertions(c: Context) -> Condition:
    """Whether the attacker was sent a client assertion that an honest AS, or a proxy, takes at its token endpoint."""
    found = []
    for server, client in product(c.world.honest_registrars, c.world.clients):
        for identity in ids_of(c, client):
            taken = _authenticated(c, server, identity, "token", _assertion_alone(c, server, identity), False)
            sent = knows(c, "assertion", assertion_at(server, identity))
            here = all_of(has_clients(c, server), is_known(c, identity))
            found.append(all_of(here, sent, *(rule.holds for rule in taken)))
    return any_of(*found)
