"""Figures of a world, and of runs in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd

from model.chart import chart, origin
from model.design import parse
from model.trust import trust_graph
from model.world_file import WORLDS
from openworld import figures
from openworld.exhibits.entries import EXHAUSTIVE, Caption, Drawing, Exhibit
from openworld.show import ending
from openworld.slides import sequence
from openworld.sources import Source
from properties.results import length
from properties.security import find as find_property

#: Runs that are drawn: property, configuration, and another configuration that stops them.
RUNS = {
    "first_contact": ("Nobody is dishonest: the worked example", "first_contact", "cap=none", None),
    "mixup": ("The mix-up", "code_delivery", "cap=mal_as;iss_check=off", None),
    "mixup_refused": ("The mix-up, stopped", "code_delivery", "cap=mal_as;iss_check=off", "cap=mal_as"),
    "path_tenant": (
        "One tenant plays the others", "token_confinement", "cap=mal_tenant;prm=prefix;audience_check=prefix", None,
    ),
    "path_tenant_refused": (
        "One tenant does not play the others", "token_confinement", "cap=mal_tenant;prm=prefix;audience_check=prefix",
        "cap=mal_tenant;audience_check=prefix",
    ),
}  # fmt: skip


def entries() -> Iterator[Exhibit]:
    """The graph of each world in which parties point to each other, and a chart for each run."""

    for world in WORLDS.values():
        if world.resource_servers:
            words = f"who points to, trusts or hosts whom in the world {world.name}"
            yield Exhibit(f"trust-{world.name}", "trust graph", words, partial(_trust, world.name))
    for name, (words, *_) in RUNS.items():
        yield Exhibit(f"sequence-{name}", "sequence chart", words, partial(_sequence, name))


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


def _sequence(name: str, source: Source) -> Drawing:
    words, prop, configuration, under = RUNS[name]
    trace = source.trace(prop, configuration)
    shown = chart(trace, ending(find_property(prop)), under=parse(under) if under else None)
    data = pd.DataFrame(
        [
            {
                "step": sent.step,
                "sender": sent.sender,
                "receiver": sent.receiver,
                "message": sent.label,
                "value": value.name,
                "text": value.text,
                "origin": origin(sent, value),
                "decisive": sent.decisive,
            }
            for sent in shown.sent
            for value in sent.values
        ]
    )
    refused = f", continued under {under} until it is refused" if under else ""
    counted = f"one run of {length(len(trace.steps))}, the shortest"
    caption = Caption(f"world {trace.world.name}", f"{configuration}{refused}", counted, EXHAUSTIVE, "none")
    return Drawing(sequence(shown), words, caption, data, captioned=False)
