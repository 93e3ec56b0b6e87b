"""What the inputs of an experiment decide, in words: what to measure first, and what pairing can do."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas

from model.switches import SWITCHES
from model.words import worded
from openworld.width import wrapped
from simulations.population import NUMBERS
from simulations.population_statements import CHANGED
from simulations.reader import READERS
from simulations.worth import FEWEST

_Row = Mapping[Hashable, Any]
#: What stands around the name of what a knob turns (:mod:`simulations.knobs`).
_TOGETHER = "together "
_KINDS = ("log ", "trait ", _TOGETHER)


def input_words(knob: str, *what: str) -> str:
    """What a knob turns, in words, with its name and what is said of it.

    The name is that of a factor, or of a number, an option or a switch, whose meaning goes on after a colon.
    """
    name = next((knob.removeprefix(kind) for kind in _KINDS if knob.startswith(kind)), knob).removesuffix(CHANGED)
    said = worded("factor", name)
    option = next((each.options[name] for each in READERS.values() if name in each.options), None)
    known = NUMBERS.get(name) or option or SWITCHES.get(name)
    if said == name and known is not None:
        said = re.split("[:;]", known.meaning)[0]
    if knob.startswith(_TOGETHER):
        said = f"what {name} is met with"
    if said == name == knob and not what:
        return knob
    return f"{said} ({': '.join((knob, *what))})"


def worth_lines(table: pandas.DataFrame) -> Iterator[str]:
    """Which measurement would be worth most to whoever chooses an arm, and how much of it would do."""
    first = table.iloc[0]
    counted = f"{first['attempts']} attempts counted at each" if first["attempts"] else "nothing sampled but them"
    yield f"{first['draws']} draws of the inputs, {counted}; a theft weighs as much as {first['weight']:g} honest flows"
    if first["draws"] < FEWEST:
        yield f"these are too few to tell an input that matters from chance: take {FEWEST} or more (--samples)"
    yield f"chosen on what is known: {first['chosen']}, which is best in {first['best_in']:.0%} of the draws"
    yield f"knowing everything first would gain {_flows(first['all'])}; knowing one thing:"
    for row in table[table["worth"] > 0].to_dict("records"):
        yield f"  {input_words(row['knob'])}"
        yield f"    {_flows(row['worth'])}, {row['of_all']:.0%} of all; {_enough(row)}"
    if idle := list(table.loc[table["worth"] == 0, "knob"]):
        said = f"nothing, as it does not change the choice: {', '.join(idle)}"
        yield from wrapped(said, 2)


def _enough(row: _Row) -> str:
    number = row["observations"]
    if number is None or number != number:
        return "no number of observations that could be made settles it"
    return f"{int(number):,} observations get 95 % of that"


def _flows(gain: float) -> str:
    return f"{1000 * gain:.2f} honest flows in a thousand attempts"


def coupling_lines(table: pandas.DataFrame) -> Iterator[str]:
    """Between what rates lie, and what arms change, however kinds of parties meet."""
    last = table["value"].max()
    here = table[table["value"] == last]
    first = here.iloc[0]
    yield f"over all ways in which these may meet with the same margins: {first['coupled'] or 'nothing is open'}"
    yield f"where {first['parameter']} is {last:g}: rate as drawn (least to most), and against {first['against']}"
    width = here["arm"].str.len().max()
    for (kind, outcome), group in here.groupby(["kind", "outcome"], sort=False):
        yield f"  {kind}: {outcome}"
        for row in group.to_dict("records"):
            rate = f"{row['rate']:7.2%} ({row['low']:.2%} to {row['high']:.2%})"
            change = f"{row['difference']:+7.2%} ({row['difference_low']:+.2%} to {row['difference_high']:+.2%})"
            yield f"    {row['arm']:<{width}}  {rate:<30}" + (f" {change}" if row["arm"] != row["against"] else "")
