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
from typing import Any, NamedTuple

import pandas
import scipy

from model.errors import InputError, hint
from simulations import draws, provenance
from simulations.arms import Arm, protections
from simulations.population import Population
from simulations.reach import Controls, Possession, Reach, Ways
from simulations.reads import check_drawn, check_read
from simulations.results import LISTED, write
from simulations.topology import Topology, draw, origin_of

MEASURES = Reach._fields
STATISTICS = ("mean", "median", "p90", "max")
_ORIGIN = ("seed", "code", "command")
COLUMNS = ("kind", "population", "design", "replication", "target", "exists", *MEASURES, *_ORIGIN)
SUMMARY_COLUMNS = (
    "kind", "population", "design", "alike", "measure", "statistic", "value", "low", "high",
    "difference", "difference_low", "difference_high", "replications", "targets", *_ORIGIN,
)  # fmt: skip
RULE_COLUMNS = ("kind", "design", "rule", "stopped")
#: Confidence level of the intervals.
LEVEL = 0.95


class BlastRadiusError(InputError):
    """A question that cannot be asked; one line naming the culprit and what is allowed."""


class Kind(NamedTuple):
    """Something that can go wrong, and the numbers of a population that say how often and for how long.

    ``yearly``: the share of targets that it goes wrong with in a year; ``lasts``: the seconds until what was stolen is
    worth nothing.
    """

    meaning: str
    yearly: str | None = None
    lasts: str | None = None


KINDS: dict[str, Kind] = {
    "token": Kind("one access token is stolen", "attackers.token_thieves", "token_lifetime"),
    "refresh_token": Kind("one refresh token is stolen", "attackers.token_thieves", "lifetime.refresh_token"),
    "agent": Kind("one agent (or sub-agent) is taken over, with the tokens that it holds"),
    "resource_server": Kind("one resource server turns malicious, and may bring an AS of its own"),
    "authorization_server": Kind("one AS is compromised"),
    "look_alike": Kind("one issuer of the attacker's begins like an honest one"),
    "domain": Kind("one domain lapses and is taken: all that it hosts is the attacker's", "churn.domains_lapsed"),
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


def start(ways: Ways, kind: str, target: str) -> Possession | None:
    """What the attacker has to begin with, or None: under this design there is no such token.

    Raises:
        BlastRadiusError: an unknown kind, or no node that this can go wrong with.
    """
    _check(kind)
    topology = ways.topology
    if kind not in ("token", "refresh_token"):
        if target not in topology.graph:
            raise BlastRadiusError(f"no node is called {target!r} in this topology")
        return Controls(target)
    if target not in topology.tokens:
        raise BlastRadiusError(f"no token is called {target!r} in this topology")
    token = topology.tokens[target]
    return ways.renewed(token) if kind == "refresh_token" else ways.held(token)


# --- many targets in many topologies ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What was reached.

    Attributes:
        targets: one row a target of a topology under a design: what came into reach; ``exists`` is false where the
            design leaves no such token to steal.
        summary: one row a statistic of a measure under a design, over the targets of a topology and then, as a mean
            with its interval, over topologies; ``difference`` is paired, against the first design, and ``alike``
            names all designs under which as much comes into reach at every target.
        passed: under each design, the steps of the model that led on and how often.
        refused: the rules that stopped one and how often.
        yearly: how often it goes wrong in a year in a topology of this population, where that is stated.
    """

    kind: str
    targets: pandas.DataFrame
    summary: pandas.DataFrame
    passed: dict[str, Counter[str]]
    refused: dict[str, Counter[str]]
    yearly: float | None

    @property
    def rules(self) -> pandas.DataFrame:
        """Under each design the rules that stopped a step, and how often, the one that did most first."""
        rows = [
            (self.kind, design, name, times)
            for design, refused in self.refused.items()
            for name, times in sorted(refused.items(), key=lambda entry: (-entry[1], entry[0]))
        ]
        return pandas.DataFrame(rows, columns=list(RULE_COLUMNS))

    def save(self, folder: Path | str, run: str = "") -> tuple[Path, ...]:
        """Write the tables as CSV and Parquet; ``run`` names what they belong to."""
        stem = Path(folder) / f"blast-radius-{self.kind}"
        tables = {"": self.summary, "-targets": self.targets, "-rules": self.rules}
        named = ((table, stem.with_name(stem.name + name)) for name, table in tables.items())
        return tuple(path for table, where in named for path in write(table, where, run))


class StoppedBlastRadius(KeyboardInterrupt):
    """Ctrl-C, with the result of what was finished by then (or None)."""

    def __init__(self, result: BlastRadius | None) -> None:
        super().__init__("stopped; what was finished is in .result")
        self.result = result


def run(
    kind: str,
    population: Population,
    arms: Sequence[Arm] = (),
    *,
    seed: int = 1,
    samples: int = 50,
    replications: int = 5,
    command: str = "",
    progress: Callable[[int, int], object] | None = None,
) -> BlastRadius:
    """The blast radius of one kind of mishap in a population, under each of the arms.

    Parameters:
        arms: the designs; where none is given, :func:`simulations.arms.protections`.
        samples: targets in each topology; all of them where there are fewer.
        replications: topologies.
        command: what the rows say that they were made with.
        progress: called with (done, total) as topologies are finished under an arm.

    Raises:
        BlastRadiusError: an unknown kind, numbers that make no sense, or a population without a target.
        ConfigurationError: an arm names a switch that is not read.
        PopulationError: the population draws one that changes the protocol or who acts, and is not read.
        StoppedBlastRadius: on Ctrl-C, with what was finished under all arms.
    """
    _check(kind)
    for name, number in (("samples", samples), ("replications", replications)):
        if number < 1:
            raise BlastRadiusError(f"{name} must be at least 1, found {number}")
    chosen = tuple(arms) or protections(population.model)
    for arm in chosen:
        check_read("blast-radius", Ways, arm.text, population.model)
    check_drawn("blast-radius", Ways, population)
    if len({arm.name for arm in chosen}) < len(chosen):
        raise BlastRadiusError(f"a design is given twice: {', '.join(arm.name for arm in chosen)}")
    rows: list[tuple[Any, ...]] = []
    possible: list[int] = []
    passed, refused = ({arm.name: Counter[str]() for arm in chosen} for _ in range(2))
    origin = (seed, provenance.code(population.model), command)

    def result() -> BlastRadius:
        table = pandas.DataFrame(rows, columns=list(COLUMNS))
        rate = KINDS[kind].yearly
        yearly = population.number(rate) * sum(possible) / len(possible) if rate else None
        return BlastRadius(kind, table, summarise(table), passed, refused, yearly)

    try:
        for replication in range(replications):
            topology = draw(population, f"{seed}/{replication}")
            there = targets(kind, topology)
            if not there:
                continue  # by chance: a small population has not everything every time
            picked, met = sample(there, f"{seed}/{replication}", samples), []
            for place, arm in enumerate(chosen):
                met.append(_under(Ways(topology, arm), kind, picked))
                if progress is not None:
                    progress(replication * len(chosen) + place + 1, len(chosen) * replications)
            for arm, (reached, on, off) in zip(chosen, met, strict=True):
                rows += ((kind, population.name, arm.name, replication, *row, *origin) for row in reached)
                passed[arm.name] += on
                refused[arm.name] += off
            possible.append(len(there))
    except KeyboardInterrupt:
        raise StoppedBlastRadius(result() if rows else None) from None
    if not rows:
        raise BlastRadiusError(f"population {population.name!r} has no target: {KINDS[kind].meaning}")
    return result()


_Row = tuple[str, bool, int, int, int]


def _under(ways: Ways, kind: str, picked: list[str]) -> tuple[list[_Row], Counter[str], Counter[str]]:
    """What each target comes to in one topology under one arm, and the steps that led on and rules that stopped one."""
    rows: list[_Row] = []
    passed: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for target in picked:
        begun = start(ways, kind, target)
        if begun is None:
            rows.append((target, False, 0, 0, 0))
            continue
        rows.append((target, True, *ways.measured(ways.spread(begun))))
        passed.update(ways.passed)
        refused.update(ways.refused)
    return rows, passed, refused


def sample(names: list[str], seed: str, most: int) -> list[str]:
    """At most so many of the names, all equally likely, in an order of chance."""
    order = draws.uniforms(seed, "blast_radius.targets", 0, len(names)).argsort(kind="stable")
    return [names[place] for place in order[:most]]


# --- statistics ------------------------------------------------------------------------------------------------


def summarise(table: pandas.DataFrame) -> pandas.DataFrame:
    """Mean, median, 90th percentile and maximum over the targets of a topology, as means over topologies."""
    kind, population = table.loc[0, ["kind", "population"]]
    origin = table.loc[0, ["seed", "code", "command"]]
    rows: list[tuple[Any, ...]] = []
    together = _alike(table)
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
            rows.append(
                (
                    kind,
                    population,
                    design,
                    together[str(design)],
                    measure,
                    statistic,
                    *_mean(column, 0.0),
                    *_mean(against, -math.inf),
                    len(column),
                    len(of_design),
                    *origin,
                )
            )
    return pandas.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def _alike(table: pandas.DataFrame) -> dict[str, str]:
    """For each design the names of all under which as much comes into reach at every target."""
    groups: dict[str, list[str]] = {}
    for design, rows in table.groupby("design", sort=False):
        reached = rows[["replication", "target", "exists", *MEASURES]].to_csv(index=False)
        groups.setdefault(reached, []).append(str(design))
    return {design: LISTED.join(designs) for designs in groups.values() for design in designs}


def _mean(values: pandas.Series[float], least: float) -> tuple[float, float, float]:
    """A mean over topologies with its t interval; no interval where there is one topology only."""
    numbers = values.to_numpy(dtype=float)
    mean, several = float(numbers.mean()), len(numbers) > 1
    error = float(scipy.stats.sem(numbers)) if several else math.nan
    if not error > 0:
        return mean, (bound := mean if several else math.nan), bound
    low, high = scipy.stats.t.interval(LEVEL, len(numbers) - 1, loc=mean, scale=error)
    return mean, max(float(low), least), float(high)
