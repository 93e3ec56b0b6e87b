"""Figures of how far one mishap reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from openworld import figures
from openworld.exhibits.entries import Caption, Drawing, Exhibit
from openworld.sources import Source
from simulations.blast_radius import KINDS
from simulations.results import LISTED

#: As figures are listed: what is stolen before whom it is stolen from.
_ORDER = ("token", "refresh_token", "resource_server", "authorization_server", "domain")


def entries(kinds: Iterable[str] = _ORDER) -> Iterator[Exhibit]:
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
        str(first["population"]), f"{', '.join(designs)}; what a design does not speak of is as the population has it"
        + "".join(f"; as much comes into reach at every target under {names}" for names in same),
        f"{int(first['targets'])} targets in {topologies} topologies, the same under every design", str(first["seed"]),
        "95 % t intervals over topologies, of the mean and of the worst target of each",
    )  # fmt: skip
    return Drawing(figures.blast_radius(summary, rules, _title(kind)), _title(kind), caption, summary)
