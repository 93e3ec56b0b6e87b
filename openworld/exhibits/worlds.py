"""Figures of a world."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd

from model.trust import trust_graph
from model.world_file import WORLDS
from openworld import figures
from openworld.exhibits.entries import EXHAUSTIVE, Caption, Drawing, Exhibit
from openworld.sources import Source


def entries() -> Iterator[Exhibit]:
    """The graph of each world in which parties point to each other."""
    for world in WORLDS.values():
        if world.resource_servers:
            words = f"who points to, trusts or hosts whom in the world {world.name}"
            yield Exhibit(f"trust-{world.name}", "trust graph", words, partial(_trust, world.name))


def _trust(name: str, _: Source) -> Drawing:
    world = WORLDS[name]
    graph = trust_graph(world)
    # An origin is the attacker's if everything on it is.
    honest = {
        name: any(
            world.by_url[to].honest for _, to, given in graph.out_edges(name, data=True) if given["relation"] == "hosts"
        )
        for name in graph
    }
    nodes = pd.DataFrame(
        [
            {"name": name, "role": given["role"], "honest": given.get("honest", honest[name])}
            for name, given in graph.nodes(data=True)
        ]
    )
    edges = pd.DataFrame(
        [(start, given["relation"], end) for start, end, given in graph.edges(data=True)],
        columns=["source", "relation", "target"],
    )
    title = f"Who points to, trusts or hosts whom: {world.concern}"
    caption = Caption(
        f"world {world.name}: {world.reach}",
        "none, the graph is what every design meets",
        f"{len(nodes)} parties, {len(edges)} relations",
        EXHAUSTIVE,
        "none",
    )
    return Drawing(figures.trust_graph(nodes, edges, title), title, caption, edges)
