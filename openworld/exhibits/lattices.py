"""Figures of the sets of mechanisms that suffice."""

from collections.abc import Iterator
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from model.design import parse_capabilities, parse_switches
from model.named_designs import DEPLOYMENTS
from model.words import of_configuration, worded
from openworld.colours import INK
from openworld.exhibit import BOUNDED, EXHAUSTIVE, Caption, Drawing, Exhibit, Source
from openworld.figures import labels
from openworld.minimal_sets import SetsAsked, ask
from openworld.plotstyle import bare, style, titled
from properties.designs import BEFOREHAND

#: Questions to the lattice that are drawn, without what an open world has not.
_LATTICES = {
    "counterfeit_rs": ("What confines a token when a resource server is malicious?", "token_confinement", "mal_rs"),
    "mixup": ("What keeps the code from a malicious authorization server?", "code_delivery", "mal_as"),
    "theft": (
        "What keeps a malicious AS, a malicious RS and a malicious tenant from the user's data?",
        "authorization,token_confinement",
        "mal_as+mal_rs+mal_tenant",
    ),
}


def entries() -> Iterator[Exhibit]:
    """A figure for each question to the lattice."""
    for name, (question, *_) in _LATTICES.items():
        yield Exhibit(f"sets-{name}", "set plot", question, partial(_sets, name))


def _sufficient(asked: SetsAsked) -> pd.DataFrame:
    """The minimal sufficient sets that a question is answered with."""
    found = ask(asked)
    rows = [(" ".join(sorted(each)), " ".join(found.frontier(each))) for each in found.answers.sufficient]
    return pd.DataFrame(rows, columns=["mechanisms", "usable_in"])


def _sets(name: str, source: Source) -> Drawing:
    question, prop, attacker = _LATTICES[name]
    asked = SetsAsked(tuple(prop.split(",")), parse_capabilities(attacker), parse_switches(""), False, BEFOREHAND, True)
    table = source.once(name, partial(_sufficient, asked))
    without = ", ".join(worded("mechanism", each) for each in BEFOREHAND)
    wanted = ", ".join(worded("property", each) for each in asked.properties)
    against = of_configuration(f"cap={attacker}")
    caption = Caption(
        BOUNDED,
        f"all designs of the lattice without: {without}; wanted: {wanted}; {against}",
        f"{len(table)} minimal sets, enumerated exactly; {len(DEPLOYMENTS)} deployments to be usable in",
        EXHAUSTIVE,
        "none, sets are proved and not estimated",
    )
    return Drawing(sets(table, question), question, caption, table)


_MOST_SETS = 40


def sets(table: pd.DataFrame, title: str = "") -> Figure:
    """Minimal sets as columns, mechanisms as rows; above, in how many deployments each set is usable.

    Of the table a set is a row: its ``mechanisms`` and the deployments it is ``usable_in``, separated by spaces. At
    most forty are shown, the smallest ones.
    """
    minimal = [frozenset(str(words).split()) for words in table["mechanisms"]][:_MOST_SETS]
    usable = [len(str(words).split()) for words in table["usable_in"]][:_MOST_SETS]
    rows = sorted(frozenset().union(*minimal), key=lambda name: (-sum(name in each for each in minimal), name))
    with style():
        width, height = 3.6 + 0.3 * len(minimal), 2.4 + 0.27 * len(rows)
        figure = Figure(figsize=(max(6.0, width), height), layout="constrained")
        top, dots = figure.subplots(2, 1, sharex=True, height_ratios=[1.0, 0.27 * len(rows) + 0.3])
        top.bar(range(len(minimal)), usable, color="#22506e", width=min(0.66, 0.08 * len(minimal)))
        for at, count in enumerate(usable):
            top.text(at, count, str(count), ha="center", va="bottom", fontsize=8)
        top.set_ylabel("deployments\nusable in", fontsize=8.5)
        top.set_yticks([])
        top.spines["left"].set_visible(False)
        top.tick_params(axis="x", length=0)
        for y in range(0, len(rows), 2):
            dots.axhspan(y - 0.5, y + 0.5, color="#f3f3f3", zorder=0)
        for at, each in enumerate(minimal):
            here = [y for y, name in enumerate(rows) if name in each]
            dots.scatter([at] * len(rows), range(len(rows)), s=22, color="#d8d8d8", zorder=1)
            dots.plot([at, at], [min(here, default=0), max(here, default=0)], color=INK, linewidth=1.4, zorder=2)
            dots.scatter([at] * len(here), here, s=46, color=INK, zorder=3)
        counts = [sum(name in each for each in minimal) for name in rows]
        words = [worded("mechanism", name) for name in rows]
        said = [f"{word}  ({count} of {len(minimal)})" for word, count in zip(words, counts, strict=True)]
        dots.set_yticks(range(len(rows)), said, fontsize=9)
        for y, name in enumerate(rows):
            labels.code(dots, name, (1, 1 - (y + 0.5) / len(rows)), (4, 0), va="center")
        dots.set_ylim(len(rows) - 0.5, -0.5)
        dots.set_xlim(-0.7, len(minimal) - 0.3)
        dots.set_xticks(range(len(minimal)), [str(at + 1) for at in range(len(minimal))], fontsize=8)
        dots.set_xlabel("minimal sets of mechanisms that suffice", fontsize=9)
        bare(dots)
        titled(figure, title)
    return figure
