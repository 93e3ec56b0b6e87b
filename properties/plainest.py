"""Which of several shortest runs an answer names: always the same one, no matter who asks and what else was asked.

Of the runs with the fewest actions and the fewest of the attacker's among these, it is the one that does without the
last action in the protocol's order in which they differ, then the one whose choices, in that order, stand earliest in
the lists of their actions: `https://crm.example/api` before another spelling of it, no before yes. Its actions stand in
the protocol's order, which is gone through again where something has to wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from model.machine import Machine, NotEnabledError, State, Step
from properties.bounds import Laid
from properties.security import Property

Run = tuple[Step, ...]


class Choice(NamedTuple):
    """A choice of an action, and the values among which it is made, the plainest first."""

    action: str
    name: str
    listed: tuple[object, ...]


@dataclass(slots=True)
class Plainest:
    """The search for the plainest of the shortest runs.

    Attributes:
        laid: deep enough for all of them.
        run: the plainest that is known.
        another: one under assumptions, or ``None`` if there is none; raises OutOfTimeError to end the search.
    """

    laid: Laid
    run: Run
    another: Callable[[list[int]], Run | None]
    decided: list[int]

    def search(self) -> None:
        """Make the run the plainest there is."""
        happens = self.laid.happens
        if self.another([self.laid.without_one_of(step.action for step in self.run)]) is None:
            self.decided += [-literal for name, literal in happens.items() if name not in self._actions()]
        else:
            for name in reversed(happens):
                if name not in self._actions() or self._can([-happens[name]]):
                    self.decided.append(-happens[name])
        actions = [firing.action for firing in self.laid.unrolling.template.firings]
        mine = [action for action in actions if action.name in self._actions()]
        self._choose([Choice(action.name, name, listed) for action in mine for name, listed in action.choices.items()])

    def _actions(self) -> set[str]:
        return {step.action for step in self.run}

    def _can(self, assumptions: list[int]) -> bool:
        """Whether there is a run under these as well, which is then the one that is known."""
        found = self.another([*self.decided, *assumptions])
        if found is not None:
            self.run = found
        return found is not None

    def _choose(self, choices: list[Choice], least: int = 0) -> None:
        """Let each choice in turn be the earliest that is listed, from the ``least`` on; all at once if that can be."""
        limits = [bit for choice in choices for bit in self._limit(choice, least)]
        if all(self._made(choice) <= least for choice in choices) or self._can(limits):
            self.decided += limits
        elif len(choices) == 1:
            self._choose(choices, least + 1)
        else:
            self._choose(choices[: len(choices) // 2])
            self._choose(choices[len(choices) // 2 :])

    def _made(self, choice: Choice) -> int:
        """The latest place, in the list of its action, of what is chosen in the run."""
        chosen = [dict(step.choices)[choice.name] for step in self.run if step.action == choice.action]
        return max((choice.listed.index(value) for value in chosen), default=0)

    def _limit(self, choice: Choice, least: int) -> list[int]:
        """Assumptions that let it be chosen from what is listed up to a place."""
        allowed = choice.listed[: least + 1]
        return [
            -int(bit)
            for fired in self.laid.unrolling.fired
            if fired.firing.action.name == choice.action
            for member, bit in fired.chosen[choice.name]
            if member not in allowed
        ]


def in_order(machine: Machine, prop: Property, run: Run) -> Run | None:
    """The same steps in the protocol's order, gone through as often as it takes; ``None`` if they show no event."""
    places = {action.name: (int(action.schema.step[1:]), place) for place, action in enumerate(machine.actions)}
    failed: set[tuple[State, Run]] = set()

    def ordered(state: State, done: Run, left: Run) -> Run | None:
        if not left:
            return done if prop.event(machine.context(machine.view(state))) else None
        if (state, left) in failed:
            return None
        behind = [step for step in left if done and places[step.action] <= places[done[-1].action]]
        for step in (*(step for step in left if step not in behind), *behind):
            try:
                successor = machine.step(state, step)
            except NotEnabledError:
                continue
            place = left.index(step)
            found = ordered(successor, (*done, step), (*left[:place], *left[place + 1 :]))
            if found is not None:
                return found
        failed.add((state, left))
        return None

    return ordered(machine.initial, (), tuple(sorted(run, key=lambda step: (places[step.action], repr(step.choices)))))
