"""Blast radius in a notebook: a topology small enough to look at, and what one mishap reaches in it."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from model.model import Model, oauth
from model.protocols import rules
from openworld.exhibits.worlds import trust_graph
from openworld.explore.evidence import table
from openworld.explore.views import Picture, Table
from openworld.plotstyle import rendered
from simulations.arms import Arm, protections
from simulations.blast_radius import KINDS, BlastRadius, start, targets
from simulations.population import Population, load
from simulations.reach import Controls, Reach, Ways
from simulations.topology import Topology, draw


@dataclass(frozen=True, slots=True)
class Mishap:
    """One thing that goes wrong in a topology under a design, and what it puts into the attacker's reach.

    Attributes:
        kind: one of :data:`simulations.blast_radius.KINDS`; target: the node that it goes wrong with.
        exists: whether there is such a token under this design at all.
        controlled: nodes that the attacker controls.
        servers: honest resource servers that act on the attacker's requests.
        reach: the numbers.
        passed: the steps of the model that led on, and how often.
        refused: the rules that stopped one, and how often.
    """

    topology: Topology
    arm: Arm
    kind: str
    target: str
    exists: bool
    controlled: frozenset[str]
    servers: frozenset[str]
    reach: Reach
    passed: Counter[str]
    refused: Counter[str]

    @property
    def words(self) -> str:
        """What happened, in a line."""
        lost = f"{KINDS[self.kind].meaning} ({self.target}), {self.arm.name}"
        if not self.exists:
            return f"{lost}: there is no such token under this design"
        reached = self.reach
        counts = (("resource server", reached.resource_servers), ("user", reached.users), ("token", reached.tokens))
        return f"{lost}: " + ", ".join(f"{count} {what}{'s' * (count != 1)}" for what, count in counts)

    @property
    def picture(self) -> Picture:
        """The servers of the topology; black is what the attacker controls or what does its bidding."""
        nodes, edges = _tables(self.topology)
        lost = self.servers | self.controlled | self.topology.dishonest
        shown = nodes.assign(honest=[name not in lost for name in nodes["name"]])
        figure = trust_graph(shown, edges, f"Black: the attacker's, or in its reach; {self.arm.name}")
        svg = rendered(figure, "svg", self.words).decode("utf-8")
        return Picture(svg[svg.index("<svg") :], self.words, f"{self.kind}.svg", self.words)

    @property
    def stopped(self) -> Table:
        """The rules that stopped a step, and how often."""
        known = rules(self.topology.model)
        rows = ((count, known[name].requirement, known[name].source) for name, count in self.refused.most_common())
        return table(("steps stopped", "by", "source"), rows)

    def _repr_html_(self) -> str:
        return self.picture._repr_html_()


def topology(population: Population | str, seed: int = 1) -> Topology:
    """A topology drawn from a population (raises PopulationError)."""
    return draw(load(population) if isinstance(population, str) else population, f"{seed}/0")


def sized(population: str, resource_servers: int) -> Population:
    """A population with so many resource servers, and users, clients and AS in proportion."""
    return load(population).with_numbers(
        count_resource_servers=resource_servers,
        count_users=max(6, resource_servers // 2),
        count_authorization_servers=max(3, resource_servers // 5),
        count_clients=max(3, resource_servers // 10),
    )


def mishap(where: Topology, arm: Arm, kind: str, target: str) -> Mishap:
    """What one mishap reaches.

    Raises:
        BlastRadiusError: an unknown kind, or no such node.
    """
    ways = Ways(where, arm)
    begun = start(ways, kind, target)
    followed = [] if begun is None else list(ways.spread(begun))
    controlled = frozenset(each.node for each in followed if isinstance(each, Controls))
    counted = ways.accepting(followed), ways.measured(followed), ways.passed, ways.refused
    return Mishap(where, arm, kind, target, begun is not None, controlled, *counted)


def worst(where: Topology, kind: str) -> str:
    """The target of a kind that reaches most resource servers where nothing protects (the first of several)."""
    bare = arms(where.model)["no protection"]
    return max(targets(kind, where), key=lambda target: mishap(where, bare, kind, target).reach.resource_servers)


@cache
def arms(model: Model = oauth()) -> dict[str, Arm]:
    """The designs that are compared, by name: as deployed, no protection, each protection alone, all of them."""
    return {arm.name: arm for arm in protections(model)}


def reach(found: BlastRadius, design: str, statistic: str = "mean", measure: str = "resource_servers") -> float:
    """One number of the summary (raises IndexError where there is none)."""
    table = found.summary
    chosen = (table["design"] == design) & (table["measure"] == measure) & (table["statistic"] == statistic)
    return float(table.loc[chosen, "value"].iloc[0])


def stopped_by(found: BlastRadius, design: str) -> str:
    """The rule that stopped most steps under a design, or ``nothing``."""
    return found.refused[design].most_common(1)[0][0] if found.refused[design] else "nothing"


def compared(found: BlastRadius) -> Table:
    """Designs by what a mishap reaches: mean and largest number of resource servers, and users, with intervals."""
    cells = {(row["design"], row["measure"], row["statistic"]): row for row in found.summary.to_dict("records")}
    rows = []
    for design in dict.fromkeys(found.summary["design"]):
        stopped = stopped_by(found, design)
        rows.append(
            (
                design,
                _value(cells[design, "resource_servers", "mean"]),
                _value(cells[design, "resource_servers", "max"]),
                _value(cells[design, "users", "mean"]),
                rules()[stopped].requirement if stopped in rules() else stopped,
            )
        )
    head = ("design", "resource servers, mean", "resource servers, most", "users, mean", "stopped most often by")
    return table(head, rows)


def _value(row: dict[Any, Any]) -> str:
    return f"{row['value']:.1f} ({row['low']:.1f} to {row['high']:.1f})"


def _tables(where: Topology) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Resource servers that ask for tokens, their origins and their AS, as the figure takes them."""
    protected = {url for url, server in where.resource_servers.items() if server.servers}
    edges = [
        (before, given["relation"], after)
        for before, after, given in where.graph.edges(data=True)
        if (given["relation"] == "designates" and before in protected)
        or (given["relation"] == "hosts" and after in protected)
    ]
    named = {name for before, _, after in edges for name in (before, after)}
    nodes = [(name, given["role"], given["honest"]) for name, given in where.graph.nodes(data=True) if name in named]
    return (
        pd.DataFrame(nodes, columns=["name", "role", "honest"]),
        pd.DataFrame(edges, columns=["source", "relation", "target"]),
    )
