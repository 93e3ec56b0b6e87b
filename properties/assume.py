"""What has to be assumed of others for a design to keep a property: the weakest assumptions, all of them.

An assumption says that a switch of the environment never has some value. A set of assumptions is enough against an
attacker if no attack is left whatever else the environment does; that is monotone, so that the minimal sets can be
enumerated exactly, the mirror of :mod:`properties.designs`. Of an attack that is found it is asked how much of the
environment it needs: it is replayed with the rest unknown, so that it speaks for every environment that has as much.

References:
    S. C. Kleene: Introduction to Metamathematics, 64, 1952 (truth values of which one is not known).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from model.action import Context
from model.design import Configuration
from model.logic import Condition, Pick, all_of, any_of, truth
from model.machine import Machine
from model.state import View
from model.world import World
from properties.circuit import Circuit, code_of
from properties.completion import chosen_by, finishes
from properties.minimal import minimal
from properties.minisat import MiniSat
from properties.monotone import Monotone, Names, in_size_order
from properties.plainest import Run
from properties.security import Property
from properties.shortest import decoded, without_noise
from properties.template import OpenDesign, Template
from properties.unroll import Unrolling

#: What switches of the environment may be: each with the values that it may have, the others with any.
Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Weakest:
    """What has to be assumed of others.

    Attributes:
        enough: all minimal assumptions under which no attack is left; with nothing in it, the property holds whatever
            others do, and without any member it holds in no environment.
        never: the same without regard to whether anybody can finish: together all environments without such a run.
        attacks: what of the environment lets attacks through, as far as that was needed to know.
        questions: how often the solver was asked.
        not_in_this_world: the properties that nothing here can violate, whatever others do and even if no rule is
            enforced.
        usable: honest parties can finish in some environment.
    """

    enough: tuple[Values, ...]
    never: tuple[Values, ...]
    attacks: tuple[Values, ...]
    questions: int
    not_in_this_world: tuple[str, ...] = ()
    usable: bool = True


class Assumptions(Monotone):
    """Questions about what others do, under one design and one attacker.

    Args:
        properties: what must hold, all of them.
        configuration: the design and the attacker.
        named: switches of the environment that the design decides itself.
        world, timeout, work: as for :class:`Monotone`.
    """

    def __init__(
        self,
        properties: Iterable[Property | str],
        configuration: Configuration,
        named: Iterable[str] = (),
        world: World | None = None,
        timeout: float | None = None,
        work: float | None = None,
    ) -> None:
        decided = {*named, *(name for _, name in configuration.design.parties)}
        environment = (
            s for s in configuration.model.switches.values() if s.kind == "environment" and s.name not in decided
        )
        free = {switch.name: switch.values for switch in environment}
        super().__init__(properties, configuration, free, world, timeout, work)
        self._facts = {f"{name}={value}": (name, value) for name, values in self.free.items() for value in values}

    def weakest(self, of: Property | None = None) -> Weakest:
        """All minimal assumptions, exactly, under which honest parties can still finish: for all properties, or one."""
        self._asked, self._sweeps, self.questions = self.properties if of is None else (of,), 0, 0
        found = list(self._marco())
        never = in_size_order(each for each, holds in found if holds)
        enough = filter(self._leaves_work, never)
        attacks = [self._said(frozenset(self._facts) - each) for each, holds in found if not holds]
        vacuous = tuple(self._nothing_to_violate(bool(attacks)))
        left = tuple(map(self._left, enough)), tuple(map(self._left, never))
        usable = self._leaves_work(frozenset())
        return Weakest(*left, self._merged(attacks), self.questions, vacuous, usable)

    def _leaves_work(self, excluded: Names) -> bool:
        """Whether honest parties can finish in an environment that is not excluded."""
        everything = chosen_by(self.configuration.design)
        decided = tuple(item for item in everything if item[0] not in self.free)
        facts = tuple(self._facts[fact] for fact in excluded)
        return any(finishes(self._world_of(prop), decided, facts, MiniSat) for prop in self._asked)

    def _merged(self, attacks: list[Values]) -> tuple[Values, ...]:
        """What attacks need, those together that differ in the value of one switch alone; none that another covers."""
        merged = [dict(attack) for attack in attacks]
        while pair := next(filter(None, map(_joined, combinations(merged, 2))), None):
            one, other, name = pair
            either = {*one[name], *other[name]}
            values = tuple(value for value in self.free[name] if value in either)
            joint = {**one, name: values} if values != self.free[name] else {n: v for n, v in one.items() if n != name}
            merged = [each for each in merged if each not in (one, other)]
            merged += [] if any(_covers(each, joint) for each in merged) else [joint]
        merged = [one for one in merged if not any(_covers(other, one) for other in merged if other != one)]
        return tuple(sorted(merged, key=lambda attack: (len(attack), list(attack.items()))))

    def _left(self, excluded: Names) -> Values:
        """The values that are left to switches of which some are excluded."""
        touched = dict.fromkeys(self._facts[fact][0] for fact in excluded)
        return {
            name: tuple(value for value in self.free[name] if f"{name}={value}" not in excluded)
            for name in self.free
            if name in touched
        }

    def _said(self, facts: Names) -> Values:
        return {name: (value,) for name, value in (self._facts[fact] for fact in self._facts if fact in facts)}

    # --- what is excluded ----------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The facts that may be excluded."""
        return tuple(self._facts)

    def _literals(self, laid: Unrolling) -> dict[int, str]:
        switches = laid.switches
        return {-switches[item]: fact for fact, item in self._facts.items() if item in switches}

    def _given(self, template: Template, there: Names) -> list[int]:
        given = []
        for name, values in self.free.items():
            left = [value for value in values if f"{name}={value}" not in there]
            for value in values:
                bit = template.switches[name, value].code
                given += [bit] if value in left else []
                given += [-bit] if left != [value] else []
        return given

    def _absurd(self) -> Iterator[Names]:
        for name, values in self.free.items():
            yield frozenset(f"{name}={value}" for value in values)

    def _grow(self, there: Names, enough: list[Names]) -> Names:
        """All facts but those of which the attack just found needs that they are not excluded."""
        prop, laid = self._shown
        switches = laid.unrolling.switches
        found = {
            name: value
            for name, value in self._facts.values()
            if (name, value) in switches and laid.solver.holds(switches[name, value])
        }
        design = self.configuration.design.but(**found)
        configuration = replace(self.configuration, design=design)
        machine = Machine(configuration, self._world_of(prop))
        run = without_noise(machine, prop, decoded(laid))

        circuit, inputs, happens = self._happens(machine, prop, run)

        def certain(known: list[str]) -> bool:
            given = {code: value == found[name] for (name, value), code in inputs.items() if name in known}
            return circuit.certain(happens, given)

        needed, _ = minimal(list(found), certain)
        return frozenset(self._facts) - {f"{name}={found[name]}" for name in needed}

    def _happens(
        self, machine: Machine, prop: Property, run: Run
    ) -> tuple[Circuit, dict[tuple[str, str], int], Condition]:
        """When a run happens, event and all, over what the environment is."""
        circuit = Circuit()
        opened = {name: Pick({value: circuit.input() for value in values}) for name, values in self.free.items()}
        inputs = {(name, value): code_of(bit) for name, pick in opened.items() for value, bit in pick.cases.items()}
        design, happens = machine.configuration.design, list[Condition]()
        state: dict[str, Any] = {variable.name: variable.initial for variable in machine.variables}
        facts = {variable.name for variable in machine.variables if variable.fact}
        open_design = OpenDesign({**design, **opened}, design.parties, design.model)
        context = Context(machine.world, open_design, machine.capabilities, View(state.__getitem__))
        for step in run:
            move = machine.by_name[step.action](context, **dict(step.choices))
            happens += [move.when, *(condition.holds for condition in move.rules)]
            state |= {n: any_of(truth(value), state[n]) if n in facts else value for n, value in move.sets.items()}
        return circuit, inputs, all_of(*happens, prop.event(context))


def _joined(pair: tuple[dict[str, tuple[str, ...]], ...]) -> tuple[Any, Any, str] | None:
    """Two attacks with the one switch in which they differ, if it is one."""
    one, other = pair
    different = [name for name in one if one[name] != other.get(name)]
    return (one, other, different[0]) if one.keys() == other.keys() and len(different) == 1 else None


def _covers(wider: Values, attack: Values) -> bool:
    """Whether an attack is possible wherever another is."""
    return all(name in attack and set(attack[name]) <= set(values) for name, values in wider.items())
