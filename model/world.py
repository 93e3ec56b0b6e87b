"""The cast of a bounded world: who takes part, at which URLs, and who is honest.

Identifiers are real URLs; whatever a rule asks about them is answered by the comparators of
:mod:`model.identifiers`. A world is data: smaller worlds leave parties out, larger ones are a larger cast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from model import identifiers

if TYPE_CHECKING:
    import networkx

HONEST_AS = "https://as.example"
ATTACKER_AS = "https://as.attacker.example"
#: A different host that has the honest issuer as a string prefix, and whose keys the attacker holds.
LOOKALIKE_AS = "https://as.example.attacker.example"

CRM = "https://crm.example/api/accounts"
CRM_API = "https://crm.example/api"
ATTACKER_RS = "https://tools.attacker.example/mcp"
SHARED_HOST = "https://shared.example/"
GOOD_TENANT = "https://shared.example/good"
EVIL_TENANT = "https://shared.example/evil"
EVIL_NEIGHBOUR = "https://shared.example/good-evil"
EVIL_ENCODED = "https://shared.example/good%2Fevil"
EVIL_TENANTS = (EVIL_TENANT, EVIL_NEIGHBOUR, EVIL_ENCODED)

CLIENT = "https://client.example/oauth.json"
CLIENT_AT_ATTACKER = "https://client.example/oauth/as.attacker.example.json"
#: A client_id that only the attacker's AS has handed out.
CLIENT_UNKNOWN = "client-1138"

#: Client identities of the attacker: its own; a file it put on the client's host; a redirect on that host;
#: one registered with the client's software statement.
ATTACKER_CLIENT = "https://agent.attacker.example/oauth.json"
UPLOADED_CLIENT = "https://client.example/files/oauth.json"
REDIRECTED_CLIENT = "https://client.example/go/oauth.json"
STATEMENT_CLIENT = "client-2049"
CLIENTS_OF_CLIENT = (CLIENT, CLIENT_AT_ATTACKER)
CLIENTS_OF_ATTACKER = (ATTACKER_CLIENT, UPLOADED_CLIENT, REDIRECTED_CLIENT, STATEMENT_CLIENT)

CALLBACK = "https://client.example/callback"
CALLBACK_HONEST = "https://client.example/callback/as.example"
CALLBACK_ATTACKER = "https://client.example/callback/as.attacker.example"
CALLBACKS_OF_CLIENT = (CALLBACK, CALLBACK_HONEST, CALLBACK_ATTACKER)
#: A loopback redirect URI, at which any program of the device can listen.
LOOPBACK = "http://127.0.0.1:49152/callback"
ATTACKER_CALLBACK = "https://agent.attacker.example/callback"

#: The two sessions at the honest client: the user's, and one that the attacker opened for itself.
VICTIM = "victim"
ATTACKER = "attacker"

#: The audience that every resource server of the honest AS accepts, given where none was asked for.
DEFAULT_AUDIENCE = "default"


@dataclass(frozen=True)
class World:
    """Who takes part.

    Attributes:
        name: how verdicts name the world.
        sessions: sessions at the honest client.
        concern: what the world is for, in words.
        layers: no run takes more layers than this when independent actions share one and every action
            happens as early as it can; whatever the design, the attacker and the rules left out.
        resource_urls: URLs that an agent may be sent to.
        strangers_code: the attacker may log in as itself and bring a code for its own account into play.
        strangers_clients: the attacker may use client identities of its own.
        protocol: what its parties run, a key of :data:`model.protocols.PROTOCOLS`.
    """

    name: str
    concern: str = ""
    layers: int = 20
    strangers_code: bool = False
    strangers_clients: bool = False
    protocol: str = "oauth"
    sessions: tuple[str, ...] = (VICTIM, ATTACKER)
    resource_urls: tuple[str, ...] = (
        CRM,
        ATTACKER_RS,
        GOOD_TENANT,
        SHARED_HOST,
        *EVIL_TENANTS,
    )

    @cached_property
    def honest_urls(self) -> tuple[str, ...]:
        """URLs that an honest resource server answers."""
        return tuple(url for url in self.resource_urls if not run_by_attacker(url))

    @cached_property
    def resources(self) -> tuple[str, ...]:
        """Every value that a metadata document's `resource` can take."""
        return (*self.resource_urls, *((CRM_API,) if CRM in self.resource_urls else ()))

    def trust_graph(self) -> networkx.MultiDiGraph[str]:
        """Who points to, trusts or hosts whom, as a graph with a ``relation`` on every edge.

        A resource server that designates an AS and trusts it has both edges to it.
        """
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        for server in (HONEST_AS, ATTACKER_AS):
            graph.add_node(server, role="authorization_server", honest=server == HONEST_AS)
        for url in self.resource_urls:
            graph.add_node(url, role="resource_server", honest=not run_by_attacker(url))
            graph.add_node(identifiers.origin(url), role="origin")
            graph.add_edge(identifiers.origin(url), url, relation="hosts")
            for server in designated_servers(url):
                graph.add_edge(url, server, relation="designates")
            if not run_by_attacker(url):
                graph.add_edge(url, HONEST_AS, relation="trusts")
        return graph


def run_by_attacker(url: str) -> bool:
    """Whether the attacker answers at this URL."""
    return url == ATTACKER_RS or url in EVIL_TENANTS


def on_shared_origin(url: str) -> bool:
    """Whether the URL belongs to a tenant of the shared origin."""
    return identifiers.same_origin(url, SHARED_HOST)


def designated_servers(resource: str) -> tuple[str, ...]:
    """The authorization servers that the party in charge of a resource designates, per tenant."""
    return (HONEST_AS, ATTACKER_AS) if run_by_attacker(resource) else (HONEST_AS,)


#: The worlds that verdicts are about; each property says which is its own. They share every rule, and leave out
#: what the property does not depend on: a code for the attacker's account opens nothing of the user's, and what a
#: consent page shows matters before any second session does.
FIRST_CONTACT = World("first_contact", "two sessions at the client, and the user's code and tokens")
USERS_SESSION = World(
    "users_session",
    "the user's session, into which the attacker may bring its own account",
    layers=14,
    strangers_code=True,
    sessions=(VICTIM,),
)
CLIENT_IDENTITY = World(
    "client_identity",
    "the user's session, and client identities of the attacker's",
    layers=13,
    strangers_clients=True,
    sessions=(VICTIM,),
)
#: What is the same whichever protocol brought the grant.
DELEGATION = World(
    "delegation", "a client, its sub-agent and what that starts in turn", layers=5, protocol="delegation"
)
#: AAuth names servers by their hosts alone, so here the API and its host are one resource, and tenants have none.
AAUTH = World(
    "aauth",
    "one agent, its person server, honest resources and the attacker's, under AAuth",
    layers=6,
    protocol="aauth",
    sessions=(VICTIM,),
    resource_urls=(CRM, ATTACKER_RS, SHARED_HOST, EVIL_TENANT),
)
WORLDS: dict[str, World] = {
    world.name: world for world in (FIRST_CONTACT, USERS_SESSION, CLIENT_IDENTITY, DELEGATION, AAUTH)
}
