"""What the inputs of an experiment decide, in words: what to measure first, and what pairing can do."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas

_Row = Mapping[Hashable, Any]


def worth_lines(table: pandas.DataFrame) -> Iterator[str]:
    """Which measurement would be worth most to whoever chooses an arm, and how much of it would do."""
    first = table.iloc[0]
    counted = f"{first['attempts']} attempts counted at each" if first["attempts"] else "nothing sampled but them"
    yield f"{first['draws']} draws of the inputs, {counted}; a theft weighs as much as {first['weight']:g} honest flows"
    yield f"chosen on what is known: {first['chosen']}, which is best in {first['best_in']:.0%} of the draws"
    yield f"knowing everything first would gain {_flows(first['all'])}; knowing one thing:"
    for row in table.to_dict("records"):
        yield f"    {row['knob']:<40} {_worth(row)}"


def _worth(row: _Row) -> str:
    if not row["worth"]:
        return "nothing: it does not change the choice"
    return f"{_flows(row['worth'])}, {row['of_all']:.0%} of all; {_enough(row)}"


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
