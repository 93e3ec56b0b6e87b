"""The smallest fixes of an attack that a real client falls for, with the rule that then refuses and its section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model import scenario
from model.conversation import converse
from model.design import Design
from model.refusal import stopped
from model.rule import Rule
from openworld.cures import Cure, as_deployed
from openworld.missing import binding, levels

if TYPE_CHECKING:
    from conformance.play import Play


@dataclass(frozen=True, slots=True)
class Fix:
    """Cures of one kind; the rule by which a client then refuses, if it does; and which texts ask for that.

    ``asked_for``: what binds most first.
    """

    cures: tuple[Cure, ...]
    rule: Rule | None
    asked_for: tuple[str, ...]


def fixes(design: Design, play: Play, cures: Sequence[Cure]) -> list[Fix]:
    """The cures of what a client of this design falls for in a play, those together that come to the same rule."""
    found: dict[tuple[Rule | None, tuple[str, ...]], list[Cure]] = {}
    for cure in cures:
        rule = _refuses(design.but(**dict(cure.switches)), play)
        asked = dict.fromkeys(one for switch, _ in cure.switches for one in binding(levels(rule, switch)))
        found.setdefault((rule, tuple(asked)), []).append(cure)
    return [Fix(tuple(each), rule, asked) for (rule, asked), each in found.items()]


def _refuses(better: Design, play: Play) -> Rule | None:
    if play.trace is None:
        return converse(better, scenario.load(play.name)).refused_by
    refusal = stopped(play.trace, as_deployed(better, play.trace.configuration))
    return refusal.rule if refusal else None
