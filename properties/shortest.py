"""Runs that the solver shows: read off its model, confirmed on the machine, and made as short as they can be."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from model.design import Configuration
from model.machine import Machine, NotEnabledError, State, Step
from model.trace import Trace
from model.world import World
from properties.bounds import Clock, Depths, Laid
from properties.engine import Answer
from properties.minimal import OutOfTimeError
from properties.plainest import Plainest, Run, in_order
from properties.security import Property


class ReplayError(RuntimeError):
    """A trace from the solver that the machine does not confirm: an error in this software, never a verdict."""


@dataclass(frozen=True, slots=True)
class Shortening:
    """The search for the shortest run to a property's event.

    Attributes:
        fixed: what a question assumes of a world that is laid down.
        depths: where deeper ones are to be had.
        clock: the time that is left.
    """

    prop: Property
    configuration: Configuration
    world: World
    depths: Depths
    fixed: Callable[[Laid], list[int]]
    clock: Clock

    def shortest(self, laid: Laid) -> tuple[Run, bool]:
        """The fewest actions, then the fewest attacker actions, then the plainest; whether it is known to be that.

        There is no shorter run once none of so few actions gets to the last sweep that was laid down.
        """
        best, proved = self._fewer(laid, self._shown(laid))
        while proved and best:
            fewer = [*self.fixed(laid), *laid.unrolling.enforced.values(), *laid.length.at_most(len(best) - 1)]
            deeper = laid.check([*fewer, laid.longer], self.clock)
            if deeper is Answer.UNSAT:
                best, proved = self._fewer_attackers(laid, best)
                return self._plainest(laid, best) if proved else (best, proved)
            proved = deeper is Answer.SAT and laid.depth < self.depths.limit
            if proved:
                laid = self.depths.at_least(laid.depth + 1)
                best, proved = self._fewer(laid, best)
        return best, proved

    def _fewer(self, laid: Laid, best: Run) -> tuple[Run, bool]:
        """The fewest actions within the sweeps laid down; whether that is proved.

        Every run that the solver shows is replayed, and what it can do without is left out before asking for less.
        """
        while best:
            found = self._run(laid, laid.length.at_most(len(best) - 1))
            if not isinstance(found, tuple):
                return best, found is Answer.UNSAT
            if len(found) < len(best):
                best = found
            elif not laid.count_often(step.action for step in found):
                return best, False
        return best, True

    def _fewer_attackers(self, laid: Laid, best: Run) -> tuple[Run, bool]:
        """As few attacker actions as a run of as many actions has."""
        while size := _attacker_steps(best):
            found = self._run(laid, [*laid.length.at_most(len(best)), *laid.attackers.at_most(size - 1)])
            if not isinstance(found, tuple):
                return best, found is Answer.UNSAT
            if len(found) <= len(best) and _attacker_steps(found) < size:
                best = found
            elif not laid.count_often(step.action for step in found):
                return best, False
        return best, True

    def _plainest(self, laid: Laid, best: Run) -> tuple[Run, bool]:
        """The plainest of the runs that are as short: one and the same for all who ask."""
        fixed = [*self.fixed(laid), *laid.unrolling.enforced.values()]

        def another(assumptions: list[int]) -> Run | None:
            # Asked anew each time: once more is counted, it is other literals that say how much may happen.
            short = [*laid.length.at_most(len(best)), *laid.attackers.at_most(_attacker_steps(best))]
            answer = laid.event(self.prop.name, [*fixed, *short, *assumptions], self.clock)
            if answer is Answer.UNKNOWN:
                raise OutOfTimeError
            found = decoded(laid) if answer is Answer.SAT else None
            if found is not None and len(found) > len(best) and laid.count_often(step.action for step in found):
                return another(assumptions)
            return found

        search = Plainest(laid, best, another, [])
        found = True
        try:
            search.search()
        except OutOfTimeError:
            found = False
        ordered = in_order(Machine(self.configuration, self.world), self.prop, search.run)
        if ordered is None:
            raise ReplayError(f"internal error: {self.prop.name} under {self.configuration}: no order shows the event")
        return ordered, found

    def _run(self, laid: Laid, bound: list[int]) -> Run | Answer:
        """A run to the event within a bound, without noise; else why there is none."""
        enforced = laid.unrolling.enforced.values()
        answer = laid.event(self.prop.name, [*self.fixed(laid), *enforced, *bound], self.clock)
        if answer is not Answer.SAT:
            return answer
        return self._shown(laid)

    def _shown(self, laid: Laid) -> Run:
        """The run that the solver just found, without noise."""
        return without_noise(Machine(self.configuration, self.world), self.prop, decoded(laid))


def decoded(laid: Laid) -> Run:
    """The run in the model, one action after the other."""
    happened = [fired for fired in laid.unrolling.fired if laid.solver.holds(fired.literal)]
    happened.sort(key=lambda fired: (fired.step, fired.firing.order))
    return tuple(
        Step(
            fired.firing.action.name,
            tuple(
                (name, next(member for member, bit in cases if bit is True or laid.solver.holds(int(bit))))
                for name, cases in fired.chosen.items()
            ),
        )
        for fired in happened
    )


def confirm(trace: Trace, prop: Property) -> None:
    """Replay a trace on the machine and see the event happen there.

    Raises:
        ReplayError: the machine refuses a step, or the event does not hold in the last state.
    """
    machine = Machine(trace.configuration, trace.world)
    _confirm(machine, prop, machine.initial, trace.steps)


def _confirm(machine: Machine, prop: Property, state: State, steps: Run) -> list[State]:
    """The states that the steps lead to from a state, the last of which has the event."""
    try:
        states = machine.replay(steps, state)
    except NotEnabledError as error:
        raise ReplayError(f"internal error: {prop.name} under {machine.configuration}: {error}") from error
    if not prop.event(machine.context(machine.view(states[-1]))):
        raise ReplayError(f"internal error: {prop.name} under {machine.configuration}: replay ends without the event")
    return states


def without_noise(machine: Machine, prop: Property, steps: Run) -> Run:
    """The run without the steps that it can do without, after confirming it (raises ReplayError)."""
    states = _confirm(machine, prop, machine.initial, steps)
    for place in reversed(range(len(steps))):
        with suppress(ReplayError):
            _confirm(machine, prop, states[place], steps[place + 1 :])
            steps = (*steps[:place], *steps[place + 1 :])
    return steps


def _attacker_steps(steps: Run) -> int:
    return sum(step.action.startswith("attacker.") for step in steps)
