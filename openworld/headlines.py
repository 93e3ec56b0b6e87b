"""What an experiment is about, in sentences: said beforehand, and withheld where it is not settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas

from openworld.inputs import input_words
from simulations.quantities import Measure
from simulations.results import LISTED

#: What is a share of the flows that it is told of; the rest are numbers.
_SHARES = ("flows_that_work",)


class Headline(NamedTuple):
    """What an arm changes in what the experiment is about.

    Attributes:
        arms: its name, with those of all arms that come to the same.
        against: the arm that it is compared with.
        point: where in the sweep, in words.
        sentences: one for each outcome.
        settled: how many of them have a sign.
    """

    arms: str
    against: str
    point: str
    sentences: tuple[str, ...]
    settled: int


def headlines(quantities: pandas.DataFrame) -> Iterator[Headline]:
    """One for each arm that comes to anything else than the first; arms that coincide share one.

    Which outcomes those are about, and at which point, the experiment says before anything is counted. Their intervals
    hold for all of them at once.
    """
    told = quantities[(quantities["headline"] == 1) & (quantities["against"] != "")]
    for names, rows in told.groupby(told["alike"].where(told["alike"] != "", told["arm"]), sort=False):
        first, each = rows.iloc[0], rows[rows["arm"] == rows["arm"].iloc[0]].to_dict("records")
        if first["against"] not in str(names).split(LISTED):
            told_of = [row for row in each if row["mean"] or row["difference"]]
            yield Headline(
                str(names),
                str(first["against"]),
                f"{first['parameter']} is {first['value']:g}",
                tuple(map(_sentence, told_of)),
                sum(map(_settled, told_of)),
            )


def _settled(row: Mapping[Any, Any]) -> bool:
    return bool(row["together_low"] > 0 or row["together_high"] < 0) and not _open(row)


def _open(row: Mapping[Any, Any]) -> bool:
    """Whether what is not known of the population leaves the sign open, however many attempts are counted."""
    return row.get("settled") == "no"


def _sentence(row: Mapping[Any, Any]) -> str:
    """What an arm changes in one outcome, if that is settled."""
    what = Measure(str(row["quantity"]), str(row["per"])).words
    if row["difference"] != row["difference"]:
        return f"{what}: nothing to tell, there are none"
    share = row["quantity"] in _SHARES
    bounds = [_number(row[name], share, "+") for name in ("together_low", "together_high")]
    exact = row["together_low"] == row["together_high"]
    change = bounds[0] if exact else " to ".join(bounds)
    if _open(row):
        inputs = " to ".join(_number(row[name], share, "+") for name in ("change_input_low", "change_input_high"))
        decided = f"; what decides is {input_words(str(row['decided_by']))}" if row["decided_by"] else ""
        unknown = f"what is not known of the population leaves its sign open ({inputs}){decided}"
        if not exact:
            return f"{what}: withheld, {unknown}"
        before, now = (_number(row["mean"] - each, share) for each in (row["difference"], 0))
        return f"{what}: from {before} to {now} as inputs are stated (change {change}), but {unknown}"
    now, before = _number(row["mean"], share), _number(row["mean"] - row["difference"], share)
    if row["difference"] == 0:
        moves = any(row.get(name) for name in ("change_input_low", "change_input_high"))
        said = ("" if exact else f"change {change}") + (_inputs(row, share) if moves else "")
        return f"{what}: no change{'' if exact else ' seen'}, {now}" + (f" ({said.removeprefix('; ')})" if said else "")
    if not _settled(row):
        return f"{what}: not settled, {before} and {now} (change {change})"
    verb = "rise" if row["difference"] > 0 else "fall"
    return f"{what} {verb} from {before} to {now} (change {change}{_inputs(row, share)})"


def _inputs(row: Mapping[Any, Any], share: bool) -> str:
    """The interval over the inputs, where they were drawn."""
    bounds = [row.get(name) for name in ("change_input_low", "change_input_high")]
    if any(bound is None or bound != bound for bound in bounds):
        return ""
    return f"; over the inputs {' to '.join(_number(float(bound or 0), share, '+') for bound in bounds)}"


def _number(value: float, share: bool, sign: str = "") -> str:
    return f"{value:{sign}.1%}" if share else f"{value:{sign}.3g}"
