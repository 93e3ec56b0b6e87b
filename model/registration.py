"""Which client identities an honest authorization server knows, with which redirect URIs, and how it shows them.

``reg`` and ``cimd_redirect`` are of both sides. A client's say by what honest servers know it, and whether its document
lists a loopback URI. A server's (or proxy's) say by what it takes clients that nobody told it of, which here are those
of the attacker's, and what their documents may list.
"""

from collections.abc import Iterator

from model import identifiers
from model.action import Context, once
from model.authorization_server import document_is_fetched, redirect_uri_matches
from model.client import distinct_redirects, is_named_by_others
from model.logic import Condition, Value, all_of, any_of, holds, implies, no, one_of, same
from model.readings import is_enrolled
from model.rule import Named
from model.state import went_astray
from model.switching import Choices
from model.world import (
    LOOPBACK,
    NONE,
    PROXY,
    RESOURCE_SERVER,
    Party,
    callback_at,
    callbacks,
    client_ids,
    identity_at,
    pages,
)


def publishes_for_all(design: Choices) -> Condition:
    """Whether what the client registers anywhere holds everywhere: one document, or one entity statement."""
    return any_of(same(design.reg, "federation"), all_of(same(design.reg, "cimd"), same(design.cimd_docs, "single")))


def has_document_for_each(design: Choices) -> Condition:
    """Whether the client has a metadata document, and so an identity, for each AS."""
    return all_of(same(design.reg, "cimd"), same(design.cimd_docs, "per_as"))


def is_known(c: Context, client_id: Value) -> Condition:
    """Whether a client_id is one under which an honest client is known to every honest AS."""
    known = []
    for client in c.world.clients:
        separate = has_document_for_each(c.of(client.name))
        known += [
            all_of(no(separate), same(client_id, client.url)),
            all_of(separate, one_of(client_id, *client_ids(c.world, client)[1:])),
        ]
    return any_of(*known)


def has_clients(c: Context, server: Party) -> Condition:
    """Whether anybody is a client of an AS, or of a proxy: of one that is no client of the AS behind it nobody is."""
    return same(c.of(server.name).upstream_client, "static") if server.role == PROXY else True


@once
def is_on_file(c: Context, server: Party, design: Choices) -> Condition:
    """Whether an honest AS has heard of a client of this design, and has not forgotten it for good.

    Before a run it has forgotten nobody.
    """
    kept = any_of(c.before, same(c.of(server.name).registrations, "kept"), same(design.reg_again, "yes"))
    return all_of(_can_be_on_file(c, server, design), implies(registers_at_run_time(design), kept))


def _can_be_on_file(c: Context, server: Party, design: Choices) -> Condition:
    """Whether an honest AS can have heard of it: beforehand, as it takes clients, or by whom both know.

    Documents and dynamic registrations are heard of when they are needed, but for hosts that are to be on a list, and
    statements by somebody whom the AS has to know.
    """
    policy = c.of(server.name)
    listed = all_of(same(design.reg, "cimd"), same(policy.as_client_policy, "allowlist"))
    return all_of(
        any_of(same(design.reg, "static"), same(policy.reg, design.reg)),
        implies(any_of(same(design.reg, "static"), listed), same(policy.preregistered, "yes")),
        implies(same(design.reg, "dcr_ss"), knows_signers(policy)),
        implies(same(design.reg, "federation"), is_enrolled(c, server, policy.anchored)),
    )


def knows_signers(policy: Choices) -> Condition:
    """Whether an AS knows who signs software statements, and so takes any."""
    return same(policy.trust_domain, "yes")


def registers_at_run_time(design: Choices) -> Condition:
    """Whether a client registers at an AS when it meets it."""
    return one_of(design.reg, "dcr", "dcr_ss")


def is_astray(c: Context, client: str, server: Party, issuer: Value) -> Condition:
    """Whether what a client has for an issuer is registered at an honest AS or proxy, where its metadata led it.

    The metadata of an AS names any registration endpoint (RFC 8414 2); gateways pass on what clients say.
    """
    if server not in c.world.honest_registrars:
        return False
    ways = ((other.url, c.state[went_astray(client, server.name, other.name)]) for other in c.world.strangers)
    passed_on = one_of(issuer, *c.world.known_as(server)[1:])
    return any_of(passed_on, *(all_of(same(issuer, url), led) for url, led in ways))


def knows_attester(c: Context, server: Party, design: Choices) -> Condition:
    """Whether an honest AS knows who says who a client of this design is: its attester, or its platform."""
    return implies(is_named_by_others(design), same(c.of(server.name).trust_domain, "yes"))


def knows_attesters(c: Context, url: Value) -> Condition:
    """Whether the honest resource server at a URL knows the attesters of clients."""
    return c.at(url, lambda party: same(c.of(party.name).trust_domain, "yes"), RESOURCE_SERVER)


@once
def registered(c: Context, server: Party, client_id: Value, redirect: Value) -> Condition:
    """Whether an honest AS has the redirect URI registered for the client_id.

    A client metadata document is the same for every AS, so all redirect URIs in it are registered everywhere; so is a
    second document that a client published for another AS. Static and dynamic registration are made with one AS and
    hold there alone. The attacker registers identities of its own where that is open.
    """
    honest = [_clients(c, client, server, client_id, redirect) for client in c.world.clients]
    own = [_attackers(c, identity, server, client_id, redirect) for identity in c.world.identities]
    return any_of(*honest, *own)


def _clients(c: Context, client: Party, server: Party, client_id: Value, redirect: Value) -> Condition:
    policy, known = c.of(server.name), redirect_uris(c, client, server, client_id)
    listed = [all_of(here, redirect_uri_matches(policy, uri, redirect)) for here, uri in known]
    return all_of(is_on_file(c, server, c.of(client.name)), any_of(*listed))


def redirect_uris(c: Context, client: Party, server: Party, client_id: Value) -> Iterator[tuple[Condition, str]]:
    """The redirect URIs of an honest client, each with the condition under which an AS has it for a client_id."""
    design = c.of(client.name)
    distinct, documents = distinct_redirects(design), same(design.reg, "cimd")
    separate = has_document_for_each(design)
    shared = same(client_id, client.url)
    yield all_of(shared, no(distinct)), client.callback
    for issuer in c.world.registrars:
        own = callback_at(client, issuer)
        led = is_astray(c, client.name, server, issuer)
        yield all_of(shared, distinct, any_of(publishes_for_all(design), issuer == server.url, led)), own
        in_document = all_of(separate, same(client_id, identity_at(client, issuer)))
        yield all_of(in_document, distinct), own
        yield all_of(in_document, no(distinct)), client.callback
    identified = any_of(shared, all_of(separate, one_of(client_id, *client_ids(c.world, client)[1:])))
    # The holder of the client's domain writes what its metadata document says.
    others = {
        LOOPBACK: same(design.cimd_redirect, "loopback"),
        **dict.fromkeys(c.world.own_callbacks, c.has(client.taken_by)),
    }
    for uri, listed in others.items():
        yield all_of(identified, documents, listed), uri


def _attackers(c: Context, identity: Party, server: Party, client_id: Value, redirect: Value) -> Condition:
    design = c.of(server.name)
    near = all_of(same(design.cimd_redirect, "same_origin"), holds(_same_site, client_id, redirect))
    with_redirect = {
        "cimd": any_of(same(design.cimd_redirect, "any"), near),
        "contract": same(redirect, identity.callback),
        "statement": any_of(no(same(design.ss_binds, "name+redirect")), one_of(redirect, *_honest_callbacks(c))),
    }
    ways = (all_of(taken, with_redirect.get(way, True)) for way, taken in _ways(c, identity, server).items())
    return all_of(same(client_id, identity.url), any_of(*ways))


def is_taken(c: Context, identity: Party, server: Party) -> Condition:
    """Whether an honest AS or proxy takes an identity of the attacker's as a client, in whatever way."""
    return any_of(*_ways(c, identity, server).values())


@once
def _ways(c: Context, identity: Party, server: Party) -> dict[str, Condition]:
    """The ways in which an identity of the attacker's can become a client, each with when it does."""
    design = c.of(server.name)
    # Whom the AS has looked into it has as what it is; a proxy has only clients that come to it by themselves.
    vetted = all_of(is_vetted(design), _can_be_on_file(c, server, design), server.role != PROXY)
    ways = {
        "dcr": same(design.reg, "dcr"),
        "cimd": all_of(same(design.reg, "cimd"), is_fetched(c, identity, design).holds),
        "contract": all_of(vetted, c.runs(identity)),
        "statement": all_of(same(design.reg, "dcr_ss"), knows_signers(design)),
    }
    of_kind = {
        "own": ("dcr", "cimd", "contract"),
        "file": ("cimd",),
        "redirect": ("cimd",),
        "statement": ("statement",),
    }
    return {way: ways[way] for way in of_kind[identity.identity]}


def _same_site(client_id: str, redirect: str) -> bool:
    return identifiers.same_origin(client_id, redirect)


def _honest_callbacks(c: Context) -> tuple[str, ...]:
    return tuple(uri for client in c.world.clients for uri in callbacks(c.world, client))


def _on_their_hosts(c: Context) -> tuple[str, ...]:
    return (*_honest_callbacks(c), *(page for client in c.world.clients for page in pages(c.world, client)))


def is_fetched(c: Context, identity: Party, design: Choices) -> Named:
    """The rule by which an AS fetches the metadata document of an identity of the attacker's."""
    listed = all_of(shares_host(c, identity), same(design.preregistered, "yes"))
    return document_is_fetched(design, listed, identity.identity == "redirect")


def is_vetted(design: Choices) -> Condition:
    """Whether an AS, or one that vouches for its clients, has looked into who they are before they are registered."""
    return one_of(design.reg, "static", "dcr_ss", "federation")


def shares_host(c: Context, identity: Party) -> bool:
    """Whether an identity of the attacker's is on the host of an honest client."""
    return any(identifiers.same_origin(identity.url, client.url) for client in c.world.clients)


def shows_a_client(c: Context, server: Party, client_id: Value, redirect: Value) -> Condition:
    """Whether the consent page names an honest client (its name, its redirect host, its client_id host)."""
    design = c.of(server.name)
    honest = [identity for client in c.world.clients for identity in client_ids(c.world, client)]
    on_its_host = [identity.url for identity in c.world.identities if shares_host(c, identity)]
    own = one_of(client_id, *(identity.url for identity in c.world.identities if identity.identity == "own"))
    as_it_is = all_of(own, is_vetted(design))
    looks_alike = all_of(own, no(as_it_is), same(design.lookalike, "yes"))
    return any_of(
        looks_alike,
        all_of(one_of(client_id, *honest), no(same(design.consent_ui, "redirect_host"))),
        all_of(same(design.consent_ui, "name"), no(as_it_is)),
        all_of(same(design.consent_ui, "redirect_host"), one_of(redirect, *_on_their_hosts(c), LOOPBACK)),
        all_of(same(redirect, NONE), one_of(client_id, *honest)),  # a device has no redirect URI to be shown
        all_of(same(design.consent_ui, "client_id_host"), one_of(client_id, *on_its_host)),
    )
