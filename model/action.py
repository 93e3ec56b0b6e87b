"""Actions: the steps a run is made of.

An action is written as one function that, given a world, a design, the attacker's capabilities, a view of the
state and its parameters, returns a :class:`Move`: when it can be tried at all, which rules must agree, and
what it changes. Parameters in ``each`` make separate actions (one for each session, say); parameters in
``choices`` are picked when the action happens and may stay undecided in a reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from model.logic import Condition, Value
from model.rule import Condition as Named
from model.state import View
from model.world import World

Domains = Mapping[str, tuple[Any, ...]]


class Move(NamedTuple):
    """One action in one state.

    ``when`` is what makes the step possible (its place in the flow, knowledge, capability); ``rules`` are
    the conditions that an honest party checks, in order, any of which may refuse it by name.
    """

    when: Condition
    rules: tuple[Named, ...]
    sets: dict[str, Value | Condition]


#: What an action answers where it plainly cannot happen (and what it would do need not be worked out).
IMPOSSIBLE = Move(False, (), {})


class Context(NamedTuple):
    """What an action may read besides its parameters."""

    world: World
    design: Any
    capabilities: Mapping[str, Condition]
    state: View


@dataclass(frozen=True, slots=True)
class Schema:
    """An action before its ``each`` parameters are fixed."""

    name: str
    module: str
    step: str
    honest: bool
    meaning: str
    each: Callable[[World], list[dict[str, str]]]
    choices: Callable[[World], Domains]
    move: Callable[..., Move]


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a world: a schema with its ``each`` parameters fixed."""

    schema: Schema
    fixed: Mapping[str, str]
    choices: Domains

    @property
    def name(self) -> str:
        """``client.send_authorization_request[victim]``."""
        return self.schema.name + (f"[{','.join(self.fixed.values())}]" if self.fixed else "")

    def __call__(self, context: Context, **chosen: Any) -> Move:
        return self.schema.move(context, **self.fixed, **chosen)


SCHEMAS: dict[str, Schema] = {}


def action(
    step: str,
    each: Callable[[World], list[dict[str, str]]] = lambda _: [{}],
    choices: Callable[[World], Domains] = lambda _: {},
) -> Callable[[Callable[..., Move]], Callable[..., Move]]:
    """Register a function as an action; its actor is named by its docstring's first word or its module."""

    def decorate(function: Callable[..., Move]) -> Callable[..., Move]:
        module = function.__module__
        name = function.__name__.replace("__", ".")
        honest = module.endswith("flow")
        name = name if honest else f"attacker.{name}"
        meaning = (function.__doc__ or "").strip().partition("\n")[0]
        SCHEMAS[name] = Schema(name, module, step, honest, meaning, each, choices, function)
        return function

    return decorate
