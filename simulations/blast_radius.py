"""How far one theft, one malicious server, one lapsed domain reaches in a population, and what limits it.

Topologies are drawn from the population, and every arm meets the same ones. In each, the reach of a target is worked
out exactly (:mod:`simulations.reach`); intervals are over topologies, since targets of one topology have much in
common.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import InputError, hint
from simulations import draws
from simulations.arms import Arm, protections
from simulations.population import Population
from simulations.reach import Attack, Controls, HoldsRefresh, Possession, Reach
from simulations.results import LEVEL, write
from simulations.topology import Topology, draw, origin_of

if TYPE_CHECKING:
    import pandas

MEASURES = Reach._fields
STATISTICS = ("mean", "median", "p90", "max")


class BlastRadiusError(InputError):
    """A question that cannot be asked; one line naming the culprit and what is allowed."""


#: What can go wrong.
KINDS: dict[str, str] = {
    "token": "one access token is stolen",
    "refresh_token": "one refresh token is stolen",
    "agent": "one agent (or sub-agent) is taken over, with the tokens that it holds",
    "resource_server": "one resource server turns malicious, and may bring an AS of its own",
    "authorization_server": "one AS is compromised",
    "look_alike": "one issuer of the attacker's begins like an honest one",
    "domain": "one domain lapses and is taken: all that it hosts is the attacker's",
}


def targets(kind: str, topology: Topology) -> list[str]:
    """The nodes that it can go wrong with, by name; those that no agent has to do with are left out.

    Raises:
        BlastRadiusError: an unknown kind.
    """
    _check(kind)
    if kind == "agent":
        return sorted(topology.agents)
    if kind in ("token", "refresh_token"):
        return sorted(topology.tokens)
    if kind == "look_alike":
        return sorted(topology.look_alikes)
    visits = topology.connections.values()
    servers = {visit.resource_server for visit in visits}
    issuers = {visit.server for visit in visits if visit.server}
    if kind == "domain":
        return sorted({origin_of(url) for url in (*servers, *issuers, *topology.agents.values())})
    return sorted(issuers if kind == "authorization_server" else servers)


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise BlastRadiusError(f"unknown kind {kind!r}{hint(kind, KINDS)}")


def start(attack: Attack, kind: str, target: str) -> Possession | None:
    """What the attacker has to begin with, or None: under this design there is no such token.

    Raises:
        BlastRadiusError: an unknown kind, or no node that this can go wrong with.
    """
    _check(kind)
    topology = attack.topology
    if kind not in ("token", "refresh_token"):
        if target not in topology.graph:
            raise BlastRadiusError(f"no node is called {target!r} in this topology")
        return Controls(target)
    if target not in topology.tokens:
        raise BlastRadiusError(f"no token is called {target!r} in this topology")
    held = attack.held(topology.tokens[target])
    return HoldsRefresh(target) if kind == "refresh_token" and held is not None else held


# --- many targets in many topologies ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What was reached.

    Attributes:
        targets: one row a target of a topology under a design: what came into reach; ``exists`` is false where the
            design leaves no such token to steal.
        summary: one row a statistic of a measure under a design, over the targets of a topology and then, as a mean
            with its interval, over topologies; ``difference`` is paired, against the first design.
        passed: under each design, the steps of the model that led on and how often.
        refused: the rules that stopped one and how often.
    """

    kind: str
    targets: pandas.DataFrame
    summary: pandas.DataFrame
    passed: dict[str, Counter[str]]
    refused: dict[str, Counter[str]]

    def save(self, folder: Path | str) -> tuple[Path, ...]:
        """Write both tables as CSV and Parquet."""
        stem = Path(folder) / f"blast-radius-{self.kind}"
        return (*write(self.summary, stem), *write(self.targets, stem.with_name(f"{stem.name}-targets")))


def run(
    kind: str,
    population: Population,
    arms: Sequence[Arm] = (),
    *,
    seed: int = 1,
    samples: int = 50,
    replications: int = 5,
    progress: Callable[[int, int], object] | None = None,
) -> BlastRadius:
    """The blast radius of one kind of mishap in a population, under each of the arms.

    Parameters:
        arms: the designs; where none is given, :func:`simulations.arms.protections`.
        samples: targets in each topology; all of them where there are fewer.
        replications: topologies.
        progress: called with (done, total) as targets are finished.

    Raises:
        BlastRadiusError: an unknown kind, numbers that make no sense, or a population without a target.
    """
    import pandas

    _check(kind)
    for name, number in (("samples", samples), ("replications", replications)):
        if number < 1:
            raise BlastRadiusError(f"{name} must be at least 1, found {number}")
    chosen = tuple(arms) or protections()
    rows: list[tuple[Any, ...]] = []
    passed: dict[str, Counter[str]] = {arm.name: Counter() for arm in chosen}
    refused: dict[str, Counter[str]] = {arm.name: Counter() for arm in chosen}
    total = len(chosen) * replications
    for replication in range(replications):
        topology = draw(population, f"{seed}/{replication}")
        picked = sample(targets(kind, topology), f"{seed}/{replication}", samples)
        if not picked:
            raise BlastRadiusError(f"population {population.name!r} has no target: {KINDS[kind]}")
        for place, arm in enumerate(chosen):
            attack = Attack(topology, arm)
            for target in picked:
                begun = start(attack, kind, target)
                spread = () if begun is None else attack.spread(begun)
                reach = attack.measured(spread)
                passed[arm.name].update(attack.passed if spread else ())
                refused[arm.name].update(attack.refused if spread else ())
                rows.append((kind, population.name, arm.name, replication, target, begun is not None, *reach, seed))
            if progress is not None:
                progress(replication * len(chosen) + place + 1, total)
    columns = ["kind", "population", "design", "replication", "target", "exists", *MEASURES, "seed"]
    table = pandas.DataFrame(rows, columns=columns)
    return BlastRadius(kind, table, summarise(table), passed, refused)


def sample(names: list[str], seed: str, most: int) -> list[str]:
    """At most so many of the names, all equally likely, in an order of chance."""
    order = draws.uniforms(seed, "blast_radius.targets", 0, len(names)).argsort(kind="stable")
    return [names[place] for place in order[:most]]


# --- statistics ------------------------------------------------------------------------------------------------


def summarise(table: pandas.DataFrame) -> pandas.DataFrame:
    """Mean, median, 90th percentile and maximum over the targets of a topology, as means over topologies."""
    import pandas

    kind, population, seed = table.loc[0, ["kind", "population", "seed"]]
    rows: list[tuple[Any, ...]] = []
    first: dict[tuple[str, str], pandas.Series[float]] = {}
    for design, of_design in table.groupby("design", sort=False):
        by_topology = of_design.groupby("replication")
        per = {("exists", "share"): by_topology["exists"].mean()}
        for measure in MEASURES:
            values = by_topology[measure]
            found = values.mean(), values.median(), values.quantile(0.9), values.max()
            per |= {(measure, name): column for name, column in zip(STATISTICS, found, strict=True)}
        first = first or per
        for (measure, statistic), column in per.items():
            against = column - first[measure, statistic]
            rows.append((
                kind, population, design, measure, statistic, *_mean(column, 0.0), *_mean(against, -math.inf),
                len(column), len(of_design), seed,
            ))  # fmt: skip
    columns = [
        "kind", "population", "design", "measure", "statistic", "value", "low", "high",
        "difference", "difference_low", "difference_high", "replications", "targets", "seed",
    ]  # fmt: skip
    return pandas.DataFrame(rows, columns=columns)


def _mean(values: pandas.Series[float], least: float) -> tuple[float, float, float]:
    """A mean over topologies with its t interval; no interval where there is one topology only."""
    from scipy.stats import sem, t

    numbers = values.to_numpy(dtype=float)
    mean, several = float(numbers.mean()), len(numbers) > 1
    error = float(sem(numbers)) if several else math.nan
    if not error > 0:
        return mean, (bound := mean if several else math.nan), bound
    low, high = t.interval(LEVEL, len(numbers) - 1, loc=mean, scale=error)
    return mean, max(float(low), least), float(high)
