"""A world as input for SPIN: the model's rules once more, read with expressions of Promela.

Nothing of a protocol is said here. Actions are read as every other reader does it, with texts for truth values, and
each becomes an indivisible option of one loop, so that SPIN has one state vector for each state of the machine.
Switches that are left open are macros, for ``spin -D``: SPIN answers for one design at a time.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from model import logic
from model.action import Action, Context, Move
from model.design import Configuration
from model.logic import Condition, Pick, Value, all_of, any_of
from model.protocols import actions, variables
from model.state import Variable, View
from model.switches import CAPABILITIES, SWITCHES
from model.world import World
from properties.security import Property
from properties.template import OpenDesign


@dataclass(frozen=True, slots=True)
class Expression:
    """A truth value as Promela writes it."""

    text: str

    def __invert__(self) -> Expression:
        return Expression(f"(!{self.text})")

    def __str__(self) -> str:
        return self.text


logic.register(
    Expression,
    lambda parts: Expression(f"({' && '.join(map(str, parts))})"),
    lambda parts: Expression(f"({' || '.join(map(str, parts))})"),
    operator.invert,
)


def promela(world: World, configuration: Configuration, prop: Property, macros: Collection[str] = ()) -> str:
    """The world under a configuration, with an assertion that the property's event does not happen.

    Args:
        macros: switches whose values are macros, the configuration's unless ``spin -D`` says otherwise.
    """
    declared = {variable.name: variable for variable in variables(world)}
    reads: set[str] = set()

    def look(name: str) -> Any:
        reads.add(name)
        variable = declared[name]
        return Expression(f"({_word(name)})") if variable.domain == (False, True) else _compared(name, variable.domain)

    design: Any = configuration.design
    if macros:
        switches = {name: _compared(name, SWITCHES[name].values) if name in macros else design[name] for name in design}
        design = OpenDesign(switches, configuration.design.parties, configuration.model)
    capabilities = {name: name in configuration.capabilities for name in CAPABILITIES}
    context = Context(world, design, capabilities, View(look))
    event = prop.event(context)
    watched = frozenset(reads)
    options = [
        line
        for action in actions(world)
        for line in _options(action, context, declared, {} if event is False else dict.fromkeys(watched, event))
    ]
    defaults = [
        f"#ifndef {name}\n#define {name} {SWITCHES[name].values.index(configuration.design[name])}\n#endif"
        for name in macros
    ]
    scratch = [_SCRATCH] if any("scratch" in option for option in options) else []
    lines = [*defaults, *map(_declaration, declared.values()), *scratch, "active proctype world() {", "end: do"]
    return "\n".join([*lines, *options, "od }", ""])


def macro(switch: str, value: str) -> str:
    """The option of ``spin`` that gives a macro a value."""
    return f"-D{switch}={SWITCHES[switch].values.index(value)}"


#: Where values wait that read what the same step overwrites; no part of the state (and where it is needed, SPIN cannot
#: search breadth first).
_SCRATCH = "hidden byte scratch[64];"


def _options(
    action: Action, context: Context, declared: Mapping[str, Variable], asserted: Mapping[str, Condition]
) -> Iterator[str]:
    """An action as options of the loop, one for each way to choose; those that can never happen are left out."""
    for _, move in action.ways(context):
        guard = all_of(move.when, *(condition.holds for condition in move.rules))
        if guard is False:
            continue
        values = {_word(name): _number(value, declared[name].domain) for name, value in _writes(move, declared)}
        ordered, waiting = _in_order(values)
        first = [f"scratch[{place}] = {values[word]}" for place, word in enumerate(waiting)]
        values.update({word: f"scratch[{place}]" for place, word in enumerate(waiting)})
        steps = [*first, *(f"{word} = {values[word]}" for word in (*ordered, *waiting))]
        steps += [f"assert(!({event}))" for event in {asserted[name] for name in move.sets if name in asserted}]
        yield f":: d_step {{ {'true' if guard is True else guard} -> {'; '.join(steps)} }} /* {action.name} */"


def _in_order(values: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What a step overwrites, each after all that read it; and what cannot be so, since they read each other."""
    reads = {word: values.keys() & set(re.findall(r"\w+", text)) - {word} for word, text in values.items()}
    ordered: list[str] = []
    while free := [word for word in reads if not any(word in read for other, read in reads.items() if other != word)]:
        ordered += free
        for word in free:
            del reads[word]
    return ordered, list(reads)


def _writes(move: Move, declared: Mapping[str, Variable]) -> Iterator[tuple[str, Value | Condition]]:
    """What a move sets; a fact stays once it is one, so that what does not add it writes nothing."""
    for name, value in move.sets.items():
        if not declared[name].fact:
            yield name, value
        elif value is not False:
            yield name, any_of(cast("Condition", value), Expression(f"({_word(name)})"))


def _number(value: Value | Condition, domain: tuple[Any, ...]) -> str:
    """A value as Promela stores it: its place in the domain."""
    if isinstance(value, Expression):
        return value.text
    if not isinstance(value, Pick):
        return str(domain.index(value))
    *others, (last, _) = ((member, when) for member, when in value.cases.items() if member in domain)
    text = str(domain.index(last))
    for member, when in reversed(others):
        text = f"({when} -> {domain.index(member)} : {text})"
    return text


def _compared(name: str, domain: tuple[Any, ...]) -> Pick:
    return Pick({value: Expression(f"({_word(name)} == {place})") for place, value in enumerate(domain)})


def _declaration(variable: Variable) -> str:
    return f"{'bit' if len(variable.domain) <= 2 else 'byte'} {_word(variable.name)}; /* {_shown(variable)} */"


def _shown(variable: Variable) -> str:
    return " ".join(str(value).replace("*/", "* /").replace("//", "/") for value in variable.domain)


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)
