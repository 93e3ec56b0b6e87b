"""Where two versions of the program differ: one step from the same state, or whether an event has happened there.

A template is laid down of the program as it is. Beside its events it has one for each variant: that some action, with
choices that are made once and for all, would lead elsewhere from here, or that a property says otherwise. Where that
cannot happen, the variant has the same runs, and answers every question alike.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from model.action import Action, Context
from model.logic import Condition, Pick, Value, all_of, any_of, choose, no, same
from model.protocols import actions, variables
from model.world import World
from properties.bounds import Clock, Laid
from properties.engine import Answer
from properties.security import PROPERTIES
from properties.template import OpenDesign, Template
from properties.verdict import SWEEPS

#: What an action does to a variable: when it happens, and the value that it writes.
Effects = dict[tuple[str, str], tuple[Condition, Value]]


class Variants:
    """The variants of a program in one world, each by its name as what installs it for a while."""

    def __init__(self, world: World, variants: dict[str, Callable[[], AbstractContextManager[None]]]) -> None:
        self.world = world
        self.facts = {variable.name for variable in variables(world) if variable.fact}
        differ = {name: partial(self._differs, install) for name, install in variants.items()}
        self._laid = Laid(_Choosing(world, about=(), also=differ), SWEEPS)

    def differs(self, name: str) -> Answer:
        """Whether a variant can differ, under any design and attacker, within the sweeps that those are looked at."""
        asked = [*self._laid.without(name), *self._laid.unrolling.enforced.values()]
        return self._laid.event(name, asked, Clock())

    def _differs(self, install: Callable[[], AbstractContextManager[None]], c: Context) -> Condition:
        effects, events = self._effects(c), self._events(c)
        with install():
            others, others_events = self._effects(c), self._events(c)
        return any_of(
            *(self._leads_elsewhere(c, key[1], effects.get(key), others.get(key)) for key in effects | others),
            *(_unlike(left, right) for left, right in zip(events, others_events, strict=True)),
        )

    def _effects(self, c: Context) -> Effects:
        found: Effects = {}
        for action in actions(self.world):
            move = action(c, **{name: _chosen(c, action, name) for name in action.choices})
            happens = all_of(move.when, *(condition.holds for condition in move.rules))
            found |= {(action.name, name): (happens, value) for name, value in move.sets.items()}
        return found

    def _events(self, c: Context) -> list[Condition]:
        return [prop.event(c) for prop in PROPERTIES.values()]

    def _leads_elsewhere(self, c: Context, name: str, *effects: tuple[Condition, Value] | None) -> Condition:
        old = c.state[name]
        left, right = (old if effect is None else self._written(name, old, *effect) for effect in effects)
        return _unlike(left, right)

    def _written(self, name: str, old: Value, happens: Condition, value: Value) -> Value:
        if isinstance(old, Pick):
            return choose(happens, value, old)
        kept = True if name in self.facts else no(happens)
        return any_of(all_of(happens, value), all_of(kept, old))


class _Choosing(Template):
    """A template in which the choices of each action are made like those of the design: the same in every state."""

    def _design(self) -> OpenDesign:
        design = super()._design()
        choices = {
            _choice(action, name): self._switch(_choice(action, name), domain)
            for action in actions(self.world)
            for name, domain in action.choices.items()
        }
        return OpenDesign({**design._values, **choices}, {}, design.model)


def _choice(action: Action, name: str) -> str:
    return f"{action.name} {name}"


def _chosen(c: Context, action: Action, name: str) -> Value:
    """A choice as it is made; one between yes and no is a condition."""
    value = getattr(c.design, _choice(action, name))
    return value.cases[True] if action.choices[name] == (False, True) else value


def _unlike(left: Value, right: Value) -> Condition:
    """Whether two values differ; of the same gates they do not."""
    if _gates(left) == _gates(right):
        return False
    if isinstance(left, Pick) or isinstance(right, Pick):
        return no(same(left, right))
    return any_of(all_of(left, no(right)), all_of(no(left), right))


def _gates(value: Value) -> object:
    """What a value is made of, to be compared."""
    if isinstance(value, Pick):
        return {member: _gates(when) for member, when in value.cases.items()}
    return getattr(value, "code", value)
