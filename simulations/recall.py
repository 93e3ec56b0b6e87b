"""The machine, with a memory that reaches across configurations.

A population holds hundreds of environments that differ in a switch or two. The machine remembers each action by
the state variables it read; here the switches and capabilities it read are part of that memory, so that a rule
is asked once for every combination of what it looks at, however many environments share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any

from model.action import Action, Context, actions
from model.design import Configuration
from model.machine import Machine, Outcome, State
from model.state import View, variables
from model.switches import CAPABILITIES, SWITCHES
from model.world import World


class RecallingMachine(Machine):
    """The executable machine; only where its outcomes are remembered differs."""

    def __init__(self, configuration: Configuration, world: World) -> None:
        super().__init__(configuration, world)
        design, held = configuration.design, configuration.capabilities
        self._constants = (*(design[name] for name in SWITCHES), *(name in held for name in CAPABILITIES))

    def outcomes(self, state: State) -> Iterator[tuple[Action, Outcome]]:
        """Every way any action can go here, refusals included."""
        values = state + self._constants
        for recollection in _recollections(self.world):
            for outcome in recollection.outcomes(values):
                yield recollection.action, outcome


@cache
def _recollections(world: World) -> tuple[_Recollection, ...]:
    names = (*(variable.name for variable in variables(world)), *SWITCHES, *CAPABILITIES)
    index = {name: place for place, name in enumerate(names)}
    if len(index) != len(names):
        raise ValueError("a state variable, a switch and a capability must not share a name")
    return tuple(_Recollection(action, world, index) for action in actions(world))


class _Recollection:
    """The outcomes of one action by the values it read: of the state, of the design and of the capabilities."""

    def __init__(self, action: Action, world: World, index: Mapping[str, int]) -> None:
        self.action = action
        self.world = world
        self.index = index
        self.reads: tuple[int, ...] = ()
        self.known: dict[tuple[Any, ...], tuple[Outcome, ...]] = {}

    def outcomes(self, values: tuple[Any, ...]) -> tuple[Outcome, ...]:
        found = self.known.get(tuple([values[place] for place in self.reads]))
        return self._learn(values) if found is None else found

    def _learn(self, values: tuple[Any, ...]) -> tuple[Outcome, ...]:
        """Ask the rules; when they read something not read before, what was remembered no longer counts."""
        read = set(self.reads)

        def look(name: str) -> Any:
            place = self.index[name]
            read.add(place)
            return values[place]

        context = Context(self.world, _Noted(look, SWITCHES), _Noted(look, CAPABILITIES), View(look))
        outcomes = tuple(self._possible(context))
        if len(read) > len(self.reads):
            self.reads = tuple(sorted(read))
            self.known.clear()
        self.known[tuple([values[place] for place in self.reads])] = outcomes
        return outcomes

    def _possible(self, context: Context) -> Iterator[Outcome]:
        names = tuple(self.action.choices)
        for chosen in product(*self.action.choices.values()):
            move = self.action(context, **dict(zip(names, chosen, strict=True)))
            if move.when:
                refused = next((condition.rule for condition in move.rules if not condition.holds), None)
                writes = tuple((self.index[name], value) for name, value in move.sets.items())
                yield Outcome(tuple(zip(names, chosen, strict=True)), refused, writes)


class _Noted(Mapping[str, Any]):
    """Switches or capabilities that note when they are read, as items or as attributes."""

    def __init__(self, look: Callable[[str], Any], names: Mapping[str, object]) -> None:
        self._look = look
        self._names = names

    def __getitem__(self, name: str) -> Any:
        return self._look(name)

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(name)
        return self._look(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
