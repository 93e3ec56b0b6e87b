"""Figures of a world."""

import textwrap
from collections.abc import Iterator
from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from model import trust
from model.world_file import WORLDS
from openworld.colours import INK, PAPER
from openworld.exhibit import EXHAUSTIVE, Caption, Drawing, Exhibit, Source
from openworld.plotstyle import style


def entries() -> Iterator[Exhibit]:
    """The graph of each world in which parties point to each other."""
    for world in WORLDS.values():
        if world.resource_servers:
            words = f"who points to, trusts or hosts whom in the world {world.name}"
            yield Exhibit(f"trust-{world.name}", "trust graph", words, partial(_trust, world.name))


def _trust(name: str, _: Source) -> Drawing:
    world = WORLDS[name]
    graph = trust.trust_graph(world)
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
    return Drawing(trust_graph(nodes, edges, title), title, caption, edges)


#: Rows from top to bottom, and how each relation is drawn: colour, line, bend.
_ROWS = {"authorization_server": 0.0, "resource_server": 1.0, "origin": 2.0}
_TITLES = {"authorization_server": "authorization servers", "resource_server": "resource servers", "origin": "origins"}
_LINES: dict[str, tuple[str, object, float]] = {
    "designates": (INK, "-", 0.06),
    "trusts": ("#0072B2", (0, (5, 2)), -0.06),
    "hosts": ("#777777", (0, (1, 1.4)), 0.0),
}
#: Columns that a figure is wide at least.
_LEAST = 4.4
_MEANING = {"designates": "names in its metadata", "trusts": "accepts tokens of", "hosts": "hosts"}


def trust_graph(nodes: pd.DataFrame, edges: pd.DataFrame, title: str = "") -> Figure:
    """Draw a trust graph.

    Args:
        nodes: ``name``, ``role`` (authorization_server, resource_server or origin) and ``honest``.
        edges: ``source``, ``relation`` (designates, trusts or hosts) and ``target``.
        title: what is shown.
    """
    places = _places(nodes, edges)
    across = max(_LEAST, *(x + 1 for x, _ in places.values()))  # the key wants its room as well
    with style():
        figure = Figure(figsize=(1.4 + 1.6 * across, 4.6))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-1.3, across - 0.35), ylim=(2.5, -0.5))
        axes.axis("off")
        for role, y in _ROWS.items():
            axes.text(-1.28, y, _TITLES[role].replace(" ", "\n"), fontsize=9, va="center", color="#555555")
        for row in edges.itertuples():
            _edge(axes, places[str(row.source)], places[str(row.target)], str(row.relation))
        for row in nodes.itertuples():
            _node(axes, places[str(row.name)], str(row.name), str(row.role), bool(row.honest))
        _key(axes, [name for name in _LINES if name in set(edges["relation"])])
        if title:
            axes.text(
                -1.28,
                -0.42,
                textwrap.fill(title, int(14 * figure.get_figwidth())),
                fontsize=11,
                weight="bold",
                va="bottom",
            )
    return figure


def _places(nodes: pd.DataFrame, edges: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Resource servers side by side, by their origin; origins below the middle of theirs; servers above."""
    hosts = {str(row.target): str(row.source) for row in edges.itertuples() if row.relation == "hosts"}
    by_role = {role: [str(name) for name in nodes.loc[nodes["role"] == role, "name"]] for role in _ROWS}
    order = list(dict.fromkeys(hosts.values()))
    servers = sorted(
        by_role["resource_server"], key=lambda name: order.index(hosts[name]) if name in hosts else len(order)
    )
    places = {name: (float(at), _ROWS["resource_server"]) for at, name in enumerate(servers)}
    for name in by_role["origin"]:
        below = [places[server][0] for server in servers if hosts.get(server) == name]
        places[name] = (sum(below) / len(below) if below else 0.0, _ROWS["origin"])
    many = len(by_role["authorization_server"])
    for at, name in enumerate(by_role["authorization_server"]):
        places[name] = ((at + 0.5) * len(servers) / many - 0.5, _ROWS["authorization_server"])
    return places


def _node(axes: Axes, place: tuple[float, float], name: str, role: str, honest: bool) -> None:
    host, _, path = name.partition("://")[2].partition("/")
    words = f"{host}\n/{path}" if path or role == "resource_server" else host
    shape = {"authorization_server": "round,pad=0.5", "origin": "square,pad=0.45"}.get(role, "round4,pad=0.45")
    axes.text(
        *place,
        words,
        ha="center",
        va="center",
        fontsize=8,
        zorder=4,
        linespacing=1.15,
        color=INK if honest else PAPER,
        weight="bold" if role == "authorization_server" else "normal",
        bbox={
            "boxstyle": shape,
            "facecolor": PAPER if honest else INK,
            "edgecolor": INK,
            "linewidth": 1.8 if role == "authorization_server" else 1.0,
        },
    )


def _edge(axes: Axes, start: tuple[float, float], end: tuple[float, float], relation: str) -> None:
    color, dash, bend = _LINES[relation]
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            color=color,
            linestyle=dash,
            linewidth=1.1,
            shrinkA=20,
            shrinkB=22,
            connectionstyle=f"arc3,rad={bend}",
            zorder=2,
        )
    )


def _key(axes: Axes, relations: list[str]) -> None:
    handles = [
        Line2D([], [], color=_LINES[name][0], linestyle=_LINES[name][1], label=_MEANING[name])  # type: ignore[arg-type]
        for name in relations
    ]
    handles += [
        Line2D([], [], marker="s", markersize=9, color=INK, markerfacecolor=PAPER, linestyle="none", label="honest"),
        Line2D([], [], marker="s", markersize=9, color=INK, linestyle="none", label="the attacker's"),
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=len(handles), fontsize=9, handlelength=2.6
    )
