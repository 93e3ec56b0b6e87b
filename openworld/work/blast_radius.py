"""How far one mishap reaches, counted and told."""

import json
import sys
from collections import Counter
from collections.abc import Hashable, Iterator
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any

from model.model import Model
from openworld.commands.common import DONE, tell
from openworld.progress import Progress
from simulations.arms import arm
from simulations.blast_radius import KINDS, BlastRadius, StoppedBlastRadius, run
from simulations.population import Population, load
from simulations.reach import Ways
from simulations.reads import unread

#: A tenth of so many targets is one.
_ENOUGH = 10


def blast_radius(
    kind: str,
    population: str,
    designs: tuple[str, ...],
    year: float | None,
    scale: float | None,
    samples: int,
    replications: int,
    seed: int,
    output: Path | None,
    as_json: bool,
    model: Model,
) -> int:
    """What `openworld blast-radius` does."""
    arms = tuple(arm(_configuration(text), text, model) for text in designs)
    met = load(population, model) if year is None else load(population, model).at(year)
    met = met if scale is None else met.scaled(scale)
    stopped = False
    try:
        with Progress(kind, 0) as progress:
            found = run(
                kind,
                met,
                arms,
                seed=seed,
                samples=samples,
                replications=replications,
                command=" ".join(["openworld", *sys.argv[1:]]),
                progress=progress.at,
            )
    except StoppedBlastRadius as interrupt:
        if interrupt.result is None:
            raise
        found, stopped = interrupt.result, True
    if output is not None:
        found.save(output)
    data = {
        "kind": kind,
        "population": met.name,
        "seed": seed,
        "yearly": found.yearly,
        "summary": json.loads(found.summary.to_json(orient="records")),
        "passed": found.passed,
        "refused": found.refused,
    }
    written = [] if output is None else [f"written to {output}"]
    tell(as_json, data, chain(_head(found, met), _unread(designs, model), _lines(found), written))
    if stopped:
        raise KeyboardInterrupt
    return DONE


def _head(found: BlastRadius, met: Population) -> Iterator[str]:

    kind = KINDS[found.kind]
    yield f"{kind.meaning} (population {met.name}, {found.summary['replications'].max()} topologies)"
    if kind.yearly and found.yearly is not None:
        yield f"{found.yearly:.3g} times a year, at the population's {kind.yearly}"
    if kind.lasts:
        yield f"good to the thief for at most {met.number(kind.lasts) / 3600:g} hours, the population's {kind.lasts}"


def _unread(designs: tuple[str, ...], model: Model) -> Iterator[str]:
    """What a named design sets and nothing here depends on."""

    for text in designs:
        if left := unread(Ways, _configuration(text), model):
            yield f"nothing here depends on what {text} says of {', '.join(left)}"


def _configuration(text: str) -> str:
    # The name of a deployed client has a == of its own.
    return text if "=" in text.replace("==", "") or not text else f"design={text}"


def too_few(those: int, counted: int, topologies: int) -> Iterator[str]:
    """What cannot be told from so few targets, in the place of numbers that look as if it could."""
    more = "take more (--samples, --replications)"
    if not those:
        yield f"  none of {counted} targets has one, so that nothing was counted: {more}"
    elif those < _ENOUGH:
        yield f"  only {those} of {counted} targets, too few for a 90th percentile: {more}"
    if topologies < 2:
        yield "  one topology only, so that there are no intervals: take more (--replications)"


def _lines(found: BlastRadius) -> Iterator[str]:
    rows = found.summary.to_dict("records")
    cells = {(row["design"], row["measure"], row["statistic"]): row for row in rows}
    for together in dict.fromkeys(row["alike"] for row in rows):
        members = list(dict.fromkeys(row["design"] for row in rows if row["alike"] == together))
        exists = cells[members[0], "exists", "share"]["value"]
        yield ""
        yield together + ("" if exists == 1 else f"  (there is such a token in {exists:.0%} of the cases)")
        counted, topologies = (cells[members[0], "exists", "share"][name] for name in ("targets", "replications"))
        yield from too_few(round(exists * counted), counted, topologies)
        if not exists:
            continue
        if len(members) > 1:
            yield "  the same comes into reach at every target"
        for measure in ("resource_servers", "users", "tokens"):
            words = (_words(cells[members[0], measure, name]) for name in ("median", "p90", "max"))
            yield f"  {measure.replace('_', ' '):<17} {'  '.join(words)}".rstrip()
        for label, counts in (("led on", found.passed), ("stopped by", found.refused)):
            # Which rules stop what may differ where what is stopped does not.
            told = dict.fromkeys(_often(counts[design]) for design in members if counts[design])
            yield from (f"  {label:<17} {words}" for words in told)


def _words(row: dict[Hashable, Any]) -> str:
    interval = "" if isnan(row["low"]) else f" ({row['low']:.4g} to {row['high']:.4g})"
    return f"{row['statistic']} {row['value']:.4g}{interval}".ljust(30)


def _often(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in counts.most_common(3))
