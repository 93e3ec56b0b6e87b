"""Where arms break even, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas

from openworld.inputs import input_words
from simulations.break_even import ALL, turns
from simulations.experiment import Experiment
from simulations.results import LISTED

#: An answer that this share of the draws does not share is one that a knob turns.
SURE = 0.975
#: So many knobs are named that move a price most.
_MOST = 3


def lines(table: pandas.DataFrame, asked: Experiment, population: str | None, deployed: bool | None) -> Iterator[str]:
    """All that is told of an experiment, with where along its sweep the answer turns."""
    first = table.iloc[0]
    yield f"where {first['parameter']} is {first['value']:g}, against {first['against']}"
    if first["attempts"]:
        yield (
            f"counted at {first['samples']} draws of the inputs, {first['attempts']:,} attempts or more each: what "
            "chance does there is in the bounds as well"
        )
    for arm, said in balance_lines(table):
        yield f"  {arm}"
        yield from (f"    {line}" for line in said)
    if first["weight"] == first["weight"]:
        for arm, low, high in turns(asked, first["weight"], population, deployed):
            yield f"  {arm}: the answer turns where {first['parameter']} is between {low:g} and {high:g}"


def balance_lines(table: pandas.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """For each arm what it pays and saves, where that breaks even and which assumption turns it; alike arms once."""
    told: dict[tuple[str, ...], list[str]] = {}
    for arm, rows in table.groupby("arm", sort=False):
        together = rows[rows["knob"] == ALL].iloc[0].to_dict()
        alone = rows[rows["knob"] != ALL]
        said = [_trade(together)]
        if together["weight"] == together["weight"]:
            said += _answer(together, alone)
        elif _is_trade(together) and (moved := _movers(alone)):
            said.append(f"moved most by {moved}")
        told.setdefault(tuple(said), []).append(str(arm))
    yield from ((LISTED.join(arms), list(said)) for said, arms in told.items())


def _trade(row: Mapping[Any, Any]) -> str:
    paid, saved = row["paid"], row["saved"]
    flows = f"{'loses' if paid > 0 else 'wins'} {abs(paid):.3g} honest flows"
    thefts = f"{'prevents' if saved > 0 else 'lets in'} {abs(saved):.3g} thefts for each attempt"
    if abs(paid) < 1e-12 and abs(saved) < 1e-12:
        return "changes neither honest flows that work nor thefts"
    if not _is_trade(row):
        worth = "whatever a theft weighs" if paid <= 0 and saved >= 0 else "at no price of a theft"
        return f"{flows} and {thefts}: worth it {worth}"
    side = "more" if saved > 0 else "less"
    bounds = f"{row['low']:.3g} to {row['high']:.3g} as inputs may be"
    if row["same"] < SURE:
        bounds += f", in {row['same']:.0%} of draws; in the others it is no such trade"
    return f"{flows} and {thefts}: worth it where a theft weighs {side} than {row['price']:.3g} failed flows ({bounds})"


def _is_trade(row: Mapping[Any, Any]) -> bool:
    """Whether something is paid for what is saved, or won for what is let in."""
    return bool(row["price"] == row["price"] and abs(row["paid"]) >= 1e-12)


def _answer(together: Mapping[Any, Any], alone: pandas.DataFrame) -> Iterator[str]:
    word = "worth it" if together["worth"] == "yes" else "not worth it"
    counts = f"where a theft weighs {together['weight']:g} failed flows"
    yield f"{counts}: {word} as inputs are stated, and in {together['holds']:.0%} of draws of all of them"
    turning = alone[alone["holds"] < SURE].sort_values("holds")
    if len(turning):
        named = (
            input_words(row["knob"], f"{row['holds']:.0%} of draws leave it") for row in turning.to_dict("records")
        )
        yield f"turned by {', '.join(named)}"
    if together["attackers_even"] == together["attackers_even"]:
        even, stated = (f"{together[name]:.3g}" for name in ("attackers_even", "attackers"))
        yield f"breaks even where a share of {even} of visits goes to attackers ({stated} is stated)"


def _movers(alone: pandas.DataFrame) -> str:
    """The knobs that move the price most, each with the prices between which it does."""
    moved = (
        alone.assign(by=alone["high"] - alone["low"]).query("by > 0").sort_values("by", ascending=False, kind="stable")
    )
    return ", ".join(
        input_words(row["knob"], f"{row['low']:.3g} to {row['high']:.3g}")
        for row in moved.head(_MOST).to_dict("records")
    )
