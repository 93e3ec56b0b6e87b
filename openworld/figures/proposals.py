"""Sets of checks as a figure: who has to change, how many deployed parties lose honest runs, how many checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from openworld.plotstyle import SERIES, ruled, save, style, titled
from openworld.proposals import Proposed, actors, deployed, many
from properties.candidates import changes


class Ranked(NamedTuple):
    """A set of so many ``checks``: who has to ``change``, and how many deployed parties it ``loses``."""

    change: tuple[str, ...]
    loses: int
    checks: int

    def beats(self, other: Ranked) -> bool:
        """Whether it is nowhere worse than another and somewhere better."""
        ours, theirs = ((len(each.change), each.loses, each.checks) for each in (self, other))
        return ours != theirs and all(one <= two for one, two in zip(ours, theirs, strict=True))


def front(sets: Sequence[Ranked]) -> list[int]:
    """Return the places of those that no other beats."""
    return [place for place, one in enumerate(sets) if not any(other.beats(one) for other in sets)]


def draw(found: Proposed, stem: Path) -> None:
    """Draw all sets that were found, into files of this stem."""
    sets = [Ranked(changes(each), many(losses), len(each)) for each, losses in found.losses.items()]
    save(fronts(sets, sum(map(len, deployed().values()))), stem)


def fronts(sets: Sequence[Ranked], parties: int) -> Figure:
    """Draw sets by what they lose and how long they are; those of the front are filled, with their places from 1.

    Args:
        parties: how many deployed parties there are.
    """
    best = front(sets)
    places: dict[Ranked, list[int]] = defaultdict(list)
    for place, one in enumerate(sets):
        places[one].append(place)
    with style():
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.add_subplot()
        ruled(axes)
        beside = Counter[tuple[int, int]]()
        for number, who in enumerate(dict.fromkeys(one.change for one in sets)):
            colour, _, marker = SERIES[number]
            axes.scatter([], [], color=colour, marker=marker, s=60, label=actors(who))
            for one in (one for one in places if one.change == who):
                at = (one.loses, one.checks)
                height = one.checks + 0.22 * beside[at]
                beside[at] += 1
                filled = places[one][0] in best
                face = colour if filled else "none"
                axes.scatter(one.loses, height, facecolor=face, edgecolor=colour, marker=marker, s=60, clip_on=False)
                axes.annotate(_named(places[one]), (one.loses, height), (7, 0), textcoords="offset points", va="center")
        axes.set_xlabel(f"deployed parties that lose honest runs, of {parties} measured")
        axes.set_ylabel("checks in the set")
        axes.set_xlim(left=0, right=max([1, *(one.loses for one in sets)]) * 1.15)
        axes.set_ylim(bottom=0, top=max(one.checks for one in sets) + 1)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(title="who has to change", loc="upper left", bbox_to_anchor=(0, -0.18))
        first = _named([alike[0] for alike in places.values() if alike[0] in best])
        titled(figure, f"Of {len(sets)} sets none beats {first} in who changes, what is lost and length")
    return figure


def _named(places: Sequence[int]) -> str:
    """Their numbers, the first three of many."""
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return ", ".join(str(place + 1) for place in places[:3]) + more
