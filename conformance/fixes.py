"""The smallest fixes of the attacks that a real client falls for, with the rule that then refuses and its section."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.attacks import DEPLOYMENTS
from conformance.judge import Judgement
from conformance.play import Play
from deployed.cures import Ask, Cure, proven_cures, recommended
from deployed.missing import binding, levels
from model import scenario
from model.conversation import converse
from model.design import Configuration, Design
from model.refusal import stopped
from model.rule import Rule


@dataclass(frozen=True, slots=True)
class Fix:
    """Cures of one kind; the rule by which a client then refuses, if it does; and which texts ask for that.

    ``asked_for``: what binds most first.
    """

    cures: tuple[Cure, ...]
    rule: Rule | None
    asked_for: tuple[str, ...]


def all_cures(
    design: Design, plays: list[Play], judgements: list[Judgement], ask: Ask, done: Callable[[], object] = lambda: None
) -> dict[str, list[Cure]]:
    """For each scenario in which a client of this design falls for an attack: the smallest changes that stop it, each
    with what it is worth.

    Mutations are left out: none of them is an attack that the model knows by name. ``done`` hears of each scenario.
    """
    by_name = {play.name: play for play in plays}
    found: dict[str, list[Cure]] = {}
    known: dict[tuple[str, str], list[Cure]] = {}
    for one in filter(fell, judgements):
        trace = by_name[one.scenario].trace
        if one.source == "catalogue":
            found[one.scenario] = recommended(design, one.scenario, ask)
        elif trace is not None:
            own = as_deployed(design, trace.configuration)
            question = trace.shows, str(own)
            if question not in known:
                known[question] = proven_cures(trace.shows, own, ask)
            found[one.scenario] = known[question]
        done()
    return found


def fell(judgement: Judgement) -> bool:
    """Whether a client fell for an attack."""
    return bool(judgement.attacks)


def as_deployed(design: Design, attacked: Configuration) -> Configuration:
    """A client's own design in the deployment, and against the attacker, that an attack was found with."""
    deployment = {name: attacked.design[name] for each in DEPLOYMENTS for name in each}
    return Configuration(design.but(**deployment), attacked.capabilities, attacked.world)


def fixes(design: Design, play: Play, cured: Sequence[Cure]) -> list[Fix]:
    """The cures of what a client of this design falls for in a play, those together that come to the same rule."""
    found: dict[tuple[Rule | None, tuple[str, ...]], list[Cure]] = {}
    for cure in cured:
        rule = _refuses(design.but(**dict(cure.switches)), play)
        asked = dict.fromkeys(one for switch, _ in cure.switches for one in binding(levels(rule, switch)))
        found.setdefault((rule, tuple(asked)), []).append(cure)
    return [Fix(tuple(each), rule, asked) for (rule, asked), each in found.items()]


def _refuses(better: Design, play: Play) -> Rule | None:
    if play.trace is None:
        return converse(better, scenario.load(play.name)).refused_by
    refusal = stopped(play.trace, as_deployed(better, play.trace.configuration))
    return refusal.rule if refusal else None
