"""What things are called in figures: in words, on lines that fit; the codes stand beside them, small."""

import textwrap
from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Text

from model import words
from openworld.blame import NOBODY
from simulations.results import HARM, LISTED

#: How codes look.
_CODE: dict[str, Any] = {"fontsize": 6.5, "color": "#6b6b6b"}
#: Before each arm that comes to the same as the one above it, and what a legend says of that.
SAME, MEANT = "= ", "=  every attempt ends the same way"
#: What an ending of an attempt is called, by its kind; the first of each pair before a rule.
KINDS = {
    "success": ("works", "works"), "refused": ("honest flow refused for", "honest flow refused"),
    "harm": ("harm", "harm"), "blocked": ("attack refused for", "attack refused"),
    "diverted": ("attacker met", "attacker met"), "gave_up": ("given up", "given up"),
}  # fmt: skip


def arm(name: str, wide: int = 40) -> str:
    """An arm in words; of several that come to the same each below the other."""
    said = [words.of_configuration(each) for each in name.split(LISTED)]
    marked = [said[0], *(SAME + each for each in said[1:])]
    return "\n".join(lines(each, wide) for each in marked)


def lines(said: str, wide: int) -> str:
    """Words on lines of so many letters."""
    return textwrap.fill(said, wide, break_long_words=False, break_on_hyphens=False)


def explained(arms: Iterable[str], *others: str) -> str:
    """What stands above a legend: what else there is to say, and what is meant by arms that are the same."""
    return "\n".join([*others, *([MEANT] if any(LISTED in each for each in arms) else [])])


def even(said: str, wide: int) -> str:
    """The same with lines as even as they can be, where one that is cut short is easily missed."""
    count = lines(said, wide).count("\n")
    narrow = next(letters for letters in range(1, wide + 1) if lines(said, letters).count("\n") <= count)
    return lines(said, narrow)


def attacker(name: str) -> str:
    """What an attacker can do, as a heading."""
    said = words.worded("attacker", name)
    return f"{said[0].upper()}{said[1:]}" if name == NOBODY else f"The attacker {said}"


def outcome(kind: str, name: str) -> str:
    """An outcome of attempts in words."""
    return words.worded("harm", name) if kind == HARM else words.of_rule(name)


def titled_outcome(kind: str, name: str, wide: int = 40) -> str:
    """The same with what kind it is of."""
    said = outcome(kind, name)
    if kind not in KINDS:
        return lines(said, wide)
    before, alone = KINDS[kind]
    return lines(f"{before if said.startswith('“') else alone}: {said}", wide)


def code(axes: Axes, name: str, place: tuple[float, float], aside: tuple[float, float], **look: Any) -> Text:
    """A code beside what it is the code of, small; ``place``: in shares of the panel, ``aside``: in points."""
    return axes.annotate(
        name, place, aside, xycoords="axes fraction", textcoords="offset points", annotation_clip=False, **_CODE, **look
    )
