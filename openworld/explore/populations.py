"""Populations asked from a notebook: what arms do to the same agents, at the shares that the reader sets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from model.protocols import rules
from model.words import of_configuration, worded
from openworld.explore.evidence import table
from openworld.explore.views import CELL_STYLE, Table, data
from simulations.experiment import Experiment
from simulations.experiments import run
from simulations.population import Population, load
from simulations.results import LISTED, Result

#: What becomes of attempts, in words; a harm is counted beside the ending of its attempt.
KINDS = {
    "success": "success",
    "refused": "honest flow refused",
    "blocked": "attack refused",
    "diverted": "dealt with the attacker",
    "harm": "harm",
}
#: The lightness of a bar says what it stands for as much as its colour does.
_BARS = {"success": "#22506e", "refused": "#E69F00", "blocked": "#56B4E9", "diverted": "#8C2D04", "harm": "#8C2D04"}
#: Replications make no difference to a single point; one population fills its caches once.
_REPLICATIONS = 1


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a population that can be set: how much of a factor comes out as ``on`` instead of ``off``."""

    words: str
    factor: str
    on: str
    off: str

    def set(self, population: Population, share: float) -> Population:
        """The population with that share (raises PopulationError)."""
        return population.with_shares(self.factor, {self.off: 1 - share, self.on: share})


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the attempts of every arm at one point.

    Attributes:
        result: rates and paired differences to the first arm, with 95 % intervals.
        arms: the designs, the one that the others are compared with first.
    """

    result: Result
    arms: tuple[str, ...]

    @property
    def table(self) -> Table:
        """The outcomes of the first arm, and what the other arms change in them; what stays the same is left out."""
        found = {(row["outcome"], row["kind"], row["arm"]): row for row in self.result.differences.to_dict("records")}
        rows = []
        for row in self._shown():
            difference = found.get((row["outcome"], row["kind"], row["arm"]))
            if difference is not None and difference["difference"] == 0:
                continue
            changed = f"{difference['difference']:+.1%} {_interval(difference, '+')}" if difference else ""
            share = f"{row['rate']:.1%} {_interval(row)}"
            rows.append((KINDS[row["kind"]], _named(row["outcome"]), of_configuration(row["arm"]), share, changed))
        head = ("what it is", "outcome", "design", "share of attempts", f"against {of_configuration(self.arms[0])}")
        return table(head, rows)

    def rate(self, kind: str, arm: str, outcome: str | None = None) -> float:
        """The share of attempts of an arm with an outcome of a kind, or with any ending of that kind."""
        rates = self.result.rates
        chosen = (rates["kind"] == kind) & (rates["arm"] == arm)
        return float(rates.loc[chosen if outcome is None else chosen & (rates["outcome"] == outcome), "rate"].sum())

    def _shown(self) -> list[dict[str, Any]]:
        """Outcomes that some arm has, by kind and then by how often, arm beside arm."""
        rates = self.result.rates[self.result.rates["kind"].isin(KINDS)]
        seen = rates.groupby(["kind", "outcome"])["rate"].transform("max")
        shown = rates.assign(order=rates["kind"].map(list(KINDS).index), most=-seen)[seen > 0]
        shown = shown.assign(place=shown["arm"].map(self.arms.index))
        ordered = shown.sort_values(["order", "most", "outcome", "place"])
        return [{str(name): value for name, value in row.items()} for row in ordered.to_dict("records")]

    def __str__(self) -> str:
        return str(self.table)

    def _repr_html_(self) -> str:
        shown = self._shown()
        parts = []
        for (kind, outcome), rows in groupby(shown, key=lambda row: (row["kind"], row["outcome"])):
            parts.append(f'<tr><th colspan="3">{KINDS[kind]}: {escape(_named(outcome))}</th></tr>')
            parts += [_bar(kind, row) for row in rows if row["arm"] == row["alike"].split(LISTED)[0]]
        first = shown[0]
        caption = (
            f"Population: {first['population']}. n: {first['attempts']:,} attempts in every arm, by the same agents. "
            f"Seed: {first['seed']}. Interval: 95 % Wilson."
        )
        caption += "".join(f" {found.words}." for found in self.result.alike)
        body = f'<table class="openworld openworld-outcomes">{"".join(parts)}</table><p>{escape(caption)}</p>'
        return f"<style>{CELL_STYLE}</style>{body}"


def at(
    population: str | Population, arms: Iterable[str], attempts: int, shares: Mapping[Share, float] | None = None
) -> Outcomes:
    """What arms do to a population at one point.

    Raises:
        PopulationError, ExperimentError, ConfigurationError: naming the culprit and what is allowed.
    """
    met = load(population) if isinstance(population, str) else population
    for share, value in (shares or {}).items():
        met = share.set(met, value)
    asked = Experiment("at", "what happens at this point", "point", (0.0,), tuple(arms), met.name, model=met.model)
    result = run(asked, attempts=attempts, replications=_REPLICATIONS, population=met, alike=True)
    return Outcomes(result, asked.arms)


def swept(experiment: str, arm: str, value: float, kind: str, outcome: str | None = None) -> float:
    """The share of attempts of an arm with an outcome of a kind at a point of an experiment's sweep.

    Raises:
        FigureError: an experiment without curves.
    """
    rates = data(f"{experiment}-rates").frame
    chosen = (rates["arm"] == arm) & (rates["value"] == value) & (rates["kind"] == kind)
    return float(rates.loc[chosen if outcome is None else chosen & (rates["outcome"] == outcome), "rate"].sum())


def summary(outcomes: Outcomes, words: Mapping[str, str]) -> Table:
    """Arms by how their attempts end, and how often the user's data is used by the attacker; ``words`` name the arms.

    Endings add up to all attempts; the harm is counted beside them.
    """
    endings = {kind: name for kind, name in KINDS.items() if kind != "harm"}
    rows = (
        (
            words[arm],
            *(f"{outcomes.rate(kind, arm):.1%}" for kind in endings),
            f"{outcomes.rate('harm', arm, 'authorization'):.1%}",
        )
        for arm in outcomes.arms
    )
    return table(("design", *endings.values(), "attacker uses the user's data"), rows)


def _bar(kind: str, row: dict[str, Any]) -> str:
    arms = " = ".join(map(of_configuration, row["alike"].split(LISTED)))
    bar = f'<div style="width: {max(0.1, 100 * row["rate"]):.1f}%; height: 1em; background: {_BARS[kind]}"></div>'
    return (
        f"<tr><td>{escape(arms)} <small><code>{escape(row['alike'])}</code></small></td>"
        f'<td style="min-width: 20em">{bar}</td>'
        f"<td>{row['rate']:.1%} <small>{_interval(row)}</small></td></tr>"
    )


def _interval(row: Mapping[Any, Any], sign: str = "") -> str:
    return f"({row['low']:{sign}.1%} to {row['high']:{sign}.1%})"


def _named(outcome: str) -> str:
    """A refusal by what is required and where that is said, a harm and an ending in words."""
    rule = rules().get(outcome)
    words = worded("harm", worded("ending", outcome))
    return words if rule is None else f"{rule.requirement} [{rule.source}]"
