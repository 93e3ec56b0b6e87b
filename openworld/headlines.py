"""What experiments say, in sentences: what they are about, where arms break even, and which inputs decide it."""

import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas

from model.switches import SWITCHES
from model.words import worded
from openworld.width import wrapped
from simulations.break_even import ALL, turns
from simulations.experiment import Experiment
from simulations.population import NUMBERS
from simulations.population_statements import CHANGED
from simulations.quantities import Measure
from simulations.reader import READERS
from simulations.results import LISTED
from simulations.worth import FEWEST

#: The quantities that are a share of what they are per; the rest are numbers.
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
        seen = "" if exact else " seen, sign open"
        return f"{what}: no change{seen}, {now}" + (f" ({said.removeprefix('; ')})" if said else "")
    if not _settled(row):
        return f"{what}: not settled, sign open, {before} and {now} (change {change})"
    verb = "rise" if row["difference"] > 0 else "fall"
    inputs = _inputs(row, share)
    return f"{what} {verb} from {before} to {now} (change {change}{inputs}{', the sign holds' if inputs else ''})"


def _inputs(row: Mapping[Any, Any], share: bool) -> str:
    """The interval over the inputs, where they were drawn."""
    bounds = [row.get(name) for name in ("change_input_low", "change_input_high")]
    if any(bound is None or bound != bound for bound in bounds):
        return ""
    return f"; over the inputs {' to '.join(_number(float(bound or 0), share, '+') for bound in bounds)}"


def _number(value: float, share: bool, sign: str = "") -> str:
    return f"{value:{sign}.1%}" if share else f"{value:{sign}.3g}"


#: An answer that this share of the draws does not share is one that a knob turns.
SURE = 0.975
#: So many knobs are named that move a price most.
_MOST = 3


def break_even_lines(
    table: pandas.DataFrame, asked: Experiment, population: str | None, deployed: bool | None
) -> Iterator[str]:
    """The whole summary of an experiment, with where along its sweep the answer turns."""
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
    """Which measurement would be worth most for the choice of an arm, and how much of it would do."""
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
