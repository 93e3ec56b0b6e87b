"""Where a run stops under another configuration: which step is refused, by whom and by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from model.design import Configuration
from model.logic import Condition, Value
from model.machine import Machine, Step
from model.rule import Rule
from model.state import View
from model.trace import Trace
from model.wire import Arrow, Scene, sent_in
from model.world import World

_ACTORS = {
    "client": "the client",
    "authorization_server": "the authorization server",
    "resource_server": "the resource server",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The step at which a run ends under another configuration.

    Attributes:
        trace: the run as far as it goes, under that configuration.
        step: the step that is not taken.
        rule: the rule that refuses it; ``None`` if the design does not have such a step at all.
        sent: the messages up to the refusal, decisive ones.
    """

    trace: Trace
    step: Step
    rule: Rule | None
    sent: tuple[Arrow, ...]

    @property
    def number(self) -> int:
        """Which step it is, from 1."""
        return len(self.trace.steps) + 1

    @property
    def words(self) -> str:
        """Who refuses, by which condition and section."""
        if self.rule is None:
            return f"NOT POSSIBLE: this design has no such step here ({self.step.action})"
        who = _ACTORS.get(self.rule.name.partition(".")[0], "an honest party")
        return f"REFUSED by {who}: {self.rule.requirement} ({self.rule.name}; {self.rule.source})"


def stopped(trace: Trace, configuration: Configuration) -> Refusal | None:
    """The first step of a run that is refused under another configuration; ``None`` if all of them are taken."""
    machine = Machine(configuration, trace.world)
    state = machine.initial
    for place, step in enumerate(trace.steps):
        before = machine.view(state)
        action = machine.by_name[step.action]
        chosen = dict(step.choices)
        move = action(machine.context(before), **chosen)
        failed = next((condition.rule for condition in move.rules if not condition.holds), None)
        if move.when and failed is None:
            state = machine.step(state, step)
            continue
        so_far = replace(trace, configuration=configuration, steps=trace.steps[:place])
        sent: tuple[Arrow, ...] = ()
        if move.when:
            scene = Scene(machine, step, before, View(partial(_changed, before, move.sets)))
            # Notes say what was not noticed; here it was.
            sent = tuple(replace(arrow, decisive=True, note="") for arrow in sent_in(scene, place + 1))
            sent = tuple(_answered(machine.world, arrow, failed) for arrow in sent)
        return Refusal(so_far, step, failed if move.when else None, sent)
    return None


#: What a server that refuses answers, by its role (RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1).
_ERRORS = {"authorization_server": "error response", "resource_server": "401 or 403, error response"}


def _answered(world: World, arrow: Arrow, failed: Rule | None) -> Arrow:
    """A message of a step that is refused: the party that refuses it answers with an error and gives nothing away."""
    role = failed.name.partition(".")[0] if failed else ""
    sender = world.by_name.get(arrow.sender)
    refuses = sender is not None and sender.role == role and sender.honest
    return replace(arrow, label=_ERRORS[role], values=(), leaks=()) if refuses and role in _ERRORS else arrow


def _changed(before: View, sets: Mapping[str, Value | Condition], name: str) -> Value | Condition:
    """A variable after a step that was not taken."""
    return sets[name] if name in sets else before[name]
