"""Gateways: what serves the metadata of an AS under an issuer of its own. Only where a world has some.

The resource lists the gateway, and clients find there what the AS behind it says of itself, rewritten or not. The AS
behind it asks users, issues codes and tokens, and names itself in tokens. A gateway that answers as an AS is a client
of that one: what it has to ask its users then is about the proxy (:mod:`model.proxy`).
"""

from collections.abc import Iterator

from model.action import Context
from model.logic import Condition, Value, all_of, any_of, choose, mapped, no, one_of, same
from model.messages import Redirection, Sent, TokenRequest
from model.world import NONE, Party


def behind(c: Context, server: Party) -> Party:
    """The AS behind a gateway; any other is behind itself."""
    return c.world.by_name[server.upstream or server.name]


def claimed_issuer(c: Context, server: Party) -> Value:
    """The issuer that the metadata of an honest AS, or of a gateway, names."""
    if not server.upstream:
        return server.url
    return choose(same(c.of(server.name).gateway_issuer, "own"), server.url, behind(c, server).url)


def endpoints(c: Context, server: Party) -> Value:
    """Whose authorization and token endpoints it names."""
    if not server.upstream:
        return server.url
    return choose(same(c.of(server.name).gateway_endpoints, "upstream"), behind(c, server).url, server.url)


def _before(c: Context, server: Party) -> Iterator[tuple[Party, Condition]]:
    """The gateways before an AS, each with whether it answers clients in the place of that one."""
    for gateway in c.world.gateways:
        if gateway.upstream == server.name:
            yield gateway, same(c.of(gateway.name).gateway_endpoints, "answers")


def leads_to(c: Context, at: Value, server: Party) -> Condition:
    """Whether requests to an endpoint come to an AS: to one of its own, or to one of a gateway before it."""
    return one_of(at, *c.world.known_as(server))


def called(c: Context, at: Value, server: Party) -> Value:
    """Whose endpoint a client calls that comes to an AS: its own, where there is no gateway before it."""
    return at if len(c.world.known_as(server)) > 1 else server.url


def answerer(c: Context, server: Party, at: Value) -> Value:
    """Who answers clients whose requests come to an AS by an endpoint: the AS itself, or a gateway in its place."""
    found: Value = server.url
    for gateway, answers in _before(c, server):
        found = choose(all_of(same(at, gateway.url), answers), gateway.url, found)
    return found


def is_forwarded(c: Context, at: Value, server: Party) -> Condition:
    """Whether a request comes to an AS from a gateway to whose endpoint it was sent, and which does not answer it."""
    return no(same(answerer(c, server, at), at)) if c.world.gateways else False


def iss(c: Context, server: Party, at: Value) -> Value:
    """The iss in a response to a request that came to an AS by an authorization endpoint, or none."""
    who = answerer(c, server, at)
    policy = c.among((server, *c.world.gateways), lambda party: same(who, party.url))
    return choose(same(policy.h_iss, "yes"), who, NONE)


def names(c: Context, server: Party) -> Iterator[tuple[str, Condition]]:
    """The issuers by which what is signed for an AS may name it, each with when it takes that."""
    yield server.url, True
    for gateway, answers in _before(c, server):
        yield gateway.url, answers


def stands_for(c: Context, server: Party, named: Value) -> Condition:
    """Whether an AS takes what is signed for an issuer as signed for itself."""
    return any_of(*(all_of(same(named, name), taken) for name, taken in names(c, server)))


def promises_iss(c: Context, metadata: Value, issuer: Value) -> Condition:
    """Whether the metadata of an honest AS, or of a gateway, says of an issuer that it sends iss."""
    return any_of(
        *(
            all_of(same(metadata, at.url), same(issuer, claimed_issuer(c, at)), same(c.of(at.name).h_iss, "yes"))
            for at in (*c.world.honest_servers, *c.world.gateways)
        )
    )


def entry(c: Context, grant: str, at: Value) -> dict[str, Value]:
    """The gateway by which an authorization request came, as an entry of its grant, if the world has any."""
    return {f"{grant}.through": at} if c.world.gateways else {}


def through(c: Context, grant: str) -> Value:
    """The gateway by which the request of a grant came, or none."""
    return c.state[f"{grant}.through"] if c.world.gateways else NONE


def by(c: Context, at: Value) -> Value:
    """The gateway that has an endpoint, or none."""
    return choose(one_of(at, *(gateway.url for gateway in c.world.gateways)), at, NONE)


def endpoint(server: Party, at: Value) -> Value:
    """Where requests to an AS are sent that come by a gateway, or by none."""
    return mapped(lambda url: server.url if url == NONE else url, at)


def redirected(c: Context, server: Party, at: Value, browser: str) -> tuple[Sent, ...]:
    """How a gateway sends a browser on to the authorization endpoint of the AS behind it."""
    on = Redirection(f"{server.url}/authorize")
    return tuple(Sent(gateway.url, browser, on, same(at, gateway.url)) for gateway, _ in _before(c, server))


def passed_on(c: Context, client: str, server: Party, at: Value, request: TokenRequest) -> tuple[Sent, ...]:
    """How a token request comes to an AS: by a gateway, if the client sent it to one."""
    if not c.world.gateways:
        return (Sent(client, server.name, request),)
    on = (Sent(gateway.url, server.name, request, same(at, gateway.url)) for gateway, _ in _before(c, server))
    return (Sent(client, at, request), *on)
