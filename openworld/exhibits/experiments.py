"""Figures of simulated experiments, and of how far one mishap reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import pandas as pd

from model.words import of_configuration, with_code
from openworld import figures
from openworld.exhibits.entries import Caption, Drawing, Exhibit
from openworld.sources import Source
from openworld.study_tables import SourceError
from simulations.blast_radius import KINDS
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import Experiment
from simulations.experiments import population_for
from simulations.population import populations
from simulations.quantities import ATTEMPT
from simulations.reader import READERS
from simulations.results import ATTAINABLE, HARM, LISTED, REPLICATIONS
from simulations.threats import threats

#: How the intervals of rates are made, by the word for it in the table.
_RATES = {"wilson": "Wilson", REPLICATIONS: "Student's t (over replications; Wilson where that is wider)"}
#: What is counted where nothing is sampled.
_ALL = "all situations that may be met, each as often as it is"
#: The same of differences where only replications are independent of each other.
_CHANGES = "Student's t (over replications; Bonett-Price where that is wider)"
#: As figures are listed: what is stolen before whom it is stolen from.
_ORDER = ("token", "refresh_token", "resource_server", "authorization_server", "domain")


def entries(experiments: Iterable[str | Experiment] | None = None) -> Iterator[Exhibit]:
    """The figures of each experiment, by itself or its name; all combinations of something are too many for curves."""
    for each in EXPERIMENTS if experiments is None else experiments:
        known = EXPERIMENTS.get(each) if isinstance(each, str) else each
        for entry in _entries(each if isinstance(each, str) else each.name, known):
            yield replace(entry, draw=partial(_with_threats, each, entry.draw))


def _entries(name: str, known: Experiment | None) -> Iterator[Exhibit]:
    question = known.question if known else name
    if known and known.factors:
        draw = partial(_effects, name, question, dict(known.factors))
        yield Exhibit(f"{name}-effects", "effects and interactions", question, draw)
        return
    if known is None or (READERS[known.reader].visits and not known.headline):
        yield Exhibit(f"{name}-trade", "what works against what is stolen", question, partial(_trade, name, question))
        yield Exhibit(f"{name}-pair", "what works and what is stolen", question, partial(_pair, name, question))
    if known and READERS[known.reader].measured:
        yield Exhibit(f"{name}-measured", "what was measured", question, partial(_measured, name, question))
    yield Exhibit(f"{name}-rates", "adoption curves", question, partial(_rates, name, question))
    yield Exhibit(f"{name}-differences", "paired differences", question, partial(_differences, name, question))
    yield Exhibit(f"{name}-funnel", "funnel of failure causes", question, partial(_funnel, name, question))


def _with_threats(about: str | Experiment, draw: Callable[[Source], Drawing], source: Source) -> Drawing:
    """A figure whose caption says what keeps its rates from being those of the world, where that is known.

    ``about``: the experiment, or the name of one that ships, which other processes can be told.
    """
    drawn = draw(source)
    known = EXPERIMENTS.get(about) if isinstance(about, str) else about
    met = str(drawn.data["population"].iloc[0])
    if known is None or met not in populations():
        return drawn
    found = threats(known, population_for(known, None if met == known.population else met))
    return drawn._replace(caption=drawn.caption._replace(threats="; ".join(map(str, found))))


def _trade(name: str, question: str, source: Source) -> Drawing:
    table = _quantities(name, source)
    told = table[table["headline"] == 1]
    if told.empty:
        raise SourceError(f"{name}: nothing was counted where its headline is taken")
    data = table[table["value"] == told["value"].iloc[0]]
    attempts = int(data.loc[data["per"] == ATTEMPT, "count"].iloc[0])
    what = "95 % intervals of both, as lines; thefts are the attacker's uses of the user's data in all attempts"
    caption = _about(data.assign(attempts=attempts), what)
    return Drawing(figures.trade(data, question), question, caption, data)


def _quantities(name: str, source: Source) -> pd.DataFrame:
    """The quantities of an experiment; arms are alike if attempts end the same way, whatever they cost."""
    rates, _ = source.experiment(name)
    table = source.quantities(name)
    return table.assign(alike=table["arm"].map(dict(zip(rates["arm"], rates["alike"], strict=True))).fillna(""))


def _pair(name: str, question: str, source: Source) -> Drawing:
    data = _quantities(name, source)
    attempts = int(data.loc[data["per"] == ATTEMPT, "count"].iloc[0])
    caption = _about(data.assign(attempts=attempts), "95 % intervals of both, as bands")
    return Drawing(figures.pair(data, question), question, caption, data)


def _measured(name: str, question: str, source: Source) -> Drawing:
    data = source.quantities(name)
    attempts = int(data.loc[data["per"] == ATTEMPT, "count"].iloc[0])
    caption = _about(data.assign(attempts=attempts), "95 % intervals of the means, as bands")
    return Drawing(figures.measured(data, question), question, caption, data)


def _rates(name: str, question: str, source: Source) -> Drawing:
    table, _ = source.experiment(name)
    caption = _about(table, f"95 % {_interval(table)} intervals of the rates, as bands")
    return Drawing(figures.rates(table, question), question, caption, table)


def _differences(name: str, question: str, source: Source) -> Drawing:
    rates, table = source.experiment(name)
    made = _CHANGES if "interval" in rates and rates["interval"].iloc[0] == REPLICATIONS else "Bonett-Price"
    caption = _about(table, f"95 % {made} intervals of paired differences, as bands")
    return Drawing(figures.differences(table, question), question, caption, table)


def _funnel(name: str, question: str, source: Source) -> Drawing:
    table, _ = source.experiment(name)
    values = sorted(set(table["value"]))
    middle = values[len(values) // 2]
    title = f"Where attempts end ({table['parameter'].iloc[0]}: {middle:g})"
    data = table[(table["value"] == middle) & ~table["kind"].isin((HARM, ATTAINABLE))]
    caption = _about(data, f"95 % {_interval(data)} intervals of the shares are in the data file")
    return Drawing(figures.funnel(table, middle, title), title, caption, data)


def _effects(name: str, question: str, sets: dict[str, str], source: Source) -> Drawing:
    table = source.effects(name)
    data = table[table["value"] == table["value"].max()]
    factors = ", ".join(dict.fromkeys(data.loc[data["order"] == 1, "effect"]))
    caption = _about(data, "95 % intervals of the effects, as lines", f"all combinations of {factors}")
    meant = {factor: of_configuration(text) for factor, text in sets.items()}
    return Drawing(figures.effects(table, question, meant), question, caption, data)


def _interval(table: pd.DataFrame) -> str:
    return _RATES.get(str(table["interval"].iloc[0]), "") if "interval" in table else "Wilson"


def _about(table: pd.DataFrame, interval: str, design: str | None = None) -> Caption:
    first = table.iloc[0]
    values = sorted(set(table["value"]))
    at = f"from {values[0]:g} to {values[-1]:g}" if len(values) > 1 else f"{values[0]:g}"
    return Caption(
        f"{first['population']}, {first['parameter']} {at}",
        design or _paired(table),
        f"{first['attempts']:,} attempts in every arm at every point" if first["attempts"] else _ALL,
        str(first["seed"]) if first["attempts"] else "none, nothing is drawn",
        interval if first["attempts"] else "none, values are exact",
    )


def _paired(table: pd.DataFrame) -> str:
    """The arms, each in words with its code, and which of them come to the same."""
    together = set(table.get("alike", ())) - {"", *table["arm"]}
    same = (f"every attempt ends the same way under {names}" for names in sorted(together))
    return "; ".join([f"paired arms: {'; '.join(map(with_code, _arms(table)))}", *same])


def _arms(table: pd.DataFrame) -> list[str]:
    return [str(arm) for arm in dict.fromkeys([*table.get("against", []), *table["arm"]]) if arm]


def mishaps(kinds: Iterable[str] = _ORDER) -> Iterator[Exhibit]:
    """One for each kind of mishap."""
    known = set(kinds)
    for kind in (each for each in _ORDER if each in known):
        yield Exhibit(f"blast_radius-{kind}", "blast radius", _title(kind), partial(_blast_radius, kind))


def _title(kind: str) -> str:
    meaning = KINDS[kind].meaning
    return f"How far it reaches where {meaning}"


def _blast_radius(kind: str, source: Source) -> Drawing:
    summary, rules = source.blast_radius(kind)
    first = summary.iloc[0]
    designs = list(dict.fromkeys(summary["design"]))
    alike = (names for names in dict.fromkeys(summary["alike"]) if names and names not in designs)
    same = [" and ".join(names.split(LISTED)) for names in alike]
    topologies = int(first["replications"])
    caption = Caption(
        str(first["population"]),
        f"{', '.join(designs)}; what a design does not speak of is as the population has it"
        + "".join(f"; as much comes into reach at every target under {names}" for names in same),
        f"{int(first['targets'])} targets in {topologies} topologies, the same under every design",
        str(first["seed"]),
        "95 % t intervals over topologies, of the mean and of the worst target of each",
    )
    return Drawing(figures.blast_radius(summary, rules, _title(kind)), _title(kind), caption, summary)
