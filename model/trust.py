"""Who points to, trusts or hosts whom in a world; apart from it, since verdicts draw no graph and need no networkx."""

from __future__ import annotations

import networkx

from model import identifiers
from model.world import World


def trust_graph(world: World) -> networkx.MultiDiGraph[str]:
    """Who points to, trusts or hosts whom, as a graph with a ``relation`` on every edge.

    A resource server that designates an AS and trusts it has both edges to it; the attacker's designate all.
    """
    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    for server in world.servers:
        graph.add_node(server.url, role="authorization_server", honest=server.honest)
    for party in world.resource_servers:
        graph.add_node(party.url, role="resource_server", honest=party.honest)
        graph.add_node(identifiers.origin(party.url), role="origin")
        graph.add_edge(identifiers.origin(party.url), party.url, relation="hosts")
        for name in party.designates if party.honest else (server.name for server in world.servers):
            graph.add_edge(party.url, world.by_name[name].url, relation="designates")
        for name in party.trusts if party.honest else ():
            graph.add_edge(party.url, world.by_name[name].url, relation="trusts")
    return graph
