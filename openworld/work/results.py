"""Stored results, listed, shown and compared."""

import json
from collections.abc import Hashable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pandas

from model.errors import InputError, hint
from openworld.commands.common import tell
from openworld.show import rate_lines
from openworld.study_tables import COUNT, NAME, Shape, whole
from openworld.tables.experiments import RATES
from simulations.intervals import Interval, unpaired_difference
from simulations.results import alike

_RATES = "_rates.parquet"
_COUNTS = Shape(("experiment", *RATES.key), {
    **RATES.columns, "experiment": NAME, "count": COUNT, "population_digest": NAME, "replications": COUNT, "code": NAME,
})  # fmt: skip
_KEY = ["experiment", "value", "arm", "kind", "outcome"]
_ORIGIN = ["experiment", "population", "population_digest", "seed", "attempts", "replications", "code", "command"]


class ResultsError(InputError):
    """Results that are not there or cannot be read; one line naming the culprit and what there is."""


def stored(folder: Path, experiment: str | None, as_json: bool) -> int:
    """What is stored in FOLDER and below, and how it was counted, or the rates of one experiment."""
    if experiment is not None:
        rates = _one(experiment, folder)
        origin = (f"{name:<18} {value}" for name, value in _origin(rates).items())
        lines = chain(origin, (found.words for found in alike(rates)), rate_lines(rates))
        return tell(as_json, json.loads(rates.to_json(orient="records")), lines)
    rows = [{"file": str(path), **_origin(whole(path, _COUNTS))} for path in _found(folder)]
    each = (
        f"{row['file']}\n    {row['experiment']}, {row['population']} ({row['population_digest']}), "
        f"{_many(row)}, code {row['code']}\n    {row['command']}"
        for row in rows
    )
    return tell(as_json, json.loads(pandas.DataFrame(rows).to_json(orient="records")), each)


def compare(first: Path, second: Path, as_json: bool) -> int:
    """How the rates stored in SECOND differ from those of the same experiments in FIRST.

    Both are folders or files. Intervals are those of independent counts; two runs with the same seed and
    population are not independent, and what differs there differs because of the code.
    """
    there, here = map(_all, (first, second))
    both = there.merge(here, on=_KEY, suffixes=("_first", "_second"))
    if not len(both):
        raise ResultsError(f"nothing in {second} was counted for an experiment and arm that {first} has")
    table = _differences(both)
    lines = _compared(there, here, first, second, table)
    return tell(as_json, json.loads(table.to_json(orient="records")), lines)


def _compared(
    there: pandas.DataFrame, here: pandas.DataFrame, first: Path, second: Path, table: pandas.DataFrame
) -> Iterator[str]:
    """What was compared, whether it was counted alike, and what differs most."""
    compared = set(table["experiment"])
    for folder, part in ((first, there), (second, here)):
        if alone := sorted(set(part["experiment"]) - compared):
            yield f"only in {folder}: {', '.join(alone)}"
    for name in ("population_digest", "seed", "code"):
        one, other = (
            ", ".join(sorted(map(str, set(part.loc[part["experiment"].isin(compared), name]))))
            for part in (there, here)
        )
        yield f"{name:<18} same: {one}" if one == other else f"{name:<18} {one} against {other}"
    changed = table[table["difference"] != 0]
    beyond = int(((changed["low"] > 0) | (changed["high"] < 0)).sum())
    yield f"{len(table)} rates in both, {len(changed)} differ, {beyond} by more than chance explains"
    order = changed["difference"].abs().sort_values(ascending=False).index
    for row in changed.reindex(order).head(20).to_dict("records"):
        yield (
            f"  {row['experiment']} {row['value']:g} {row['arm']}: {row['kind']} {row['outcome']}  "
            f"{row['rate_first']:.3%} to {row['rate_second']:.3%}, {row['difference']:+.3%} "
            f"({row['low']:+.3%} to {row['high']:+.3%})"
        )


def _differences(both: pandas.DataFrame) -> pandas.DataFrame:
    table = both[[*_KEY, "rate_first", "rate_second"]].copy()
    table["difference"] = table["rate_second"] - table["rate_first"]
    bounds = [_bounds(row) for row in both.to_dict("records")]
    table["low"], table["high"] = [bound.low for bound in bounds], [bound.high for bound in bounds]
    return table


def _bounds(row: dict[Hashable, Any]) -> Interval:
    """The interval of what differs; of an exact value nothing is in doubt but what the other one leaves."""
    counts = [int(row[f"{name}_{side}"]) for side in ("second", "first") for name in ("count", "attempts")]
    if counts[1] and counts[3]:
        return unpaired_difference(*counts)
    return Interval(row["low_second"] - row["high_first"], row["high_second"] - row["low_first"])


def _many(row: Mapping[str, Any]) -> str:
    return f"{row['attempts']:,} attempts" if row["attempts"] else "all situations"


def _found(folder: Path) -> list[Path]:
    found = sorted(folder.rglob(f"*{_RATES}")) if folder.is_dir() else [folder]
    if not found:
        raise ResultsError(f"no results (*{_RATES}) in {folder}; `openworld simulate NAME -o FOLDER` writes some")
    return found


def _all(folder: Path) -> pandas.DataFrame:
    """All rates in a folder, each experiment once."""
    found, where = [], dict[str, Path]()
    for path in _found(folder):
        table = whole(path, _COUNTS)
        for experiment in set(table["experiment"]):
            if experiment in where:
                raise ResultsError(f"{experiment!r} is stored twice in {folder}; name {where[experiment]} or {path}")
            where[experiment] = path
        found.append(table)
    return pandas.concat(found).astype({"value": float})


def _one(experiment: str, folder: Path) -> pandas.DataFrame:
    found = [path for path in _found(folder) if path.name == f"{experiment}{_RATES}" or path == folder]
    if not found:
        there = sorted({path.name.removesuffix(_RATES) for path in _found(folder)})
        raise ResultsError(f"no results of {experiment!r} in {folder}{hint(experiment, there)}")
    return whole(found[-1], _COUNTS)


def _origin(rates: pandas.DataFrame) -> dict[str, str | int | float]:
    """How a table was counted, from its first row."""
    return {str(name): value for name, value in rates.iloc[0][_ORIGIN].items()}
