"""What makes the difference between two configurations."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, combinations, islice

from model.design import Configuration, Design
from model.machine import Machine, NotEnabledError
from model.protocols import rules
from properties.checker import Checker
from properties.results import happens
from properties.security import Property, every_property, find
from properties.verdict import Verdict

#: What is not the same: ``switch: (before, after)``, ``party:switch``, ``cap`` or ``world``.
Changes = dict[str, tuple[str, str]]
#: Sets of changes that are tried, the smallest first, before one is looked for by leaving changes out.
_TRIED = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """Two verdicts on one property and why they are not the same.

    Attributes:
        first, second: the verdicts.
        changes: a minimal set of the changes from the first configuration to the second that flips the verdict
            (``switch: (before, after)``, ``party:switch``, ``cap`` or ``world``); empty if it does not flip.
        others: further sets of changes that flip it, no less of which does, as far as they were looked for.
        refused_by: the rule that refuses the run that the changes make possible (or impossible), and at which step.
        flips: other properties whose verdicts differ, as (property, first result, second result).
    """

    first: Verdict
    second: Verdict
    changes: Changes
    others: tuple[Changes, ...]
    refused_by: tuple[str, int] | None
    flips: tuple[tuple[str, str, str], ...]


def explain(prop: Property, first: Configuration, second: Configuration, checker: Checker | None = None) -> Difference:
    """Compare two configurations on a property, and on all others by result alone."""
    ask, others = checker or Checker(), [each for each in every_property(first.model).values() if each != prop]
    one, other = ask.verdict(prop, first), ask.verdict(prop, second)
    # All of one design after the other, since what is laid down for it answers all about it.
    alone = checker or Checker(by_design=True)
    results = [[alone.result(each, about) for each in others] for about in (first, second)]
    flips = [(each.name, *both) for each, *both in zip(others, *results, strict=True) if both[0] != both[1]]
    found = flipping(ask, prop, first, second) if one.result != other.result else []
    changes = found[0] if found else {}
    closest = ask.verdict(prop, _apply(first, changes, second)) if changes else one
    return Difference(one, other, changes, tuple(found[1:]), refusal(one, closest), tuple(flips))


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """A change of one switch with which a run appears or is gone; ``usable``: first contact succeeds after it."""

    switch: str
    before: str
    after: str
    usable: bool


def turns(prop: Property, configuration: Configuration, checker: Checker | None = None) -> tuple[TurningPoint, ...]:
    """Every change of one switch with which a property's event becomes possible or impossible, in their order.

    What a question forbids the attacker is no change of a design, and left out.
    """
    ask = checker or Checker()
    contact = find("first_contact")
    now = ask.result(prop, configuration)
    found = []
    for switch in (each for each in configuration.model.switches.values() if each.kind != "restriction"):
        before = configuration.design[switch.name]
        for after in switch.values:
            changed = replace(configuration, design=configuration.design.but(**{switch.name: after}))
            then = now if after == before else ask.result(prop, changed)
            if "unknown" not in (now, then) and happens(then, unknown=False) != happens(now, unknown=False):
                usable = happens(ask.result(contact, changed), unknown=False)
                found.append(TurningPoint(switch.name, before, after, usable))
    return tuple(found)


def flipping(ask: Checker, prop: Property, first: Configuration, second: Configuration) -> list[Changes]:
    """Sets of changes that lead from the first result to the second, no less of which does, the smallest first.

    All of so few changes that they can be tried; one at least, unless the time did not suffice for less.
    """
    wanted, every = ask.result(prop, second), _differences(first, second)
    found: list[Changes] = []
    unknown: list[set[str]] = []
    sizes = (combinations(every, size) for size in range(1, len(every) + 1))
    for names in islice(chain.from_iterable(sizes), _TRIED):
        if not any(known <= set(names) for known in (*map(set, found), *unknown)):
            result = ask.result(prop, _apply(first, names, second))
            if result == wanted:
                found.append({name: every[name] for name in names})
            elif result == "unknown":
                unknown.append(set(names))
    return found or ([] if unknown else [_least(ask, prop, first, second, wanted)])


def _least(ask: Checker, prop: Property, first: Configuration, second: Configuration, wanted: str) -> Changes:
    """The differences without any of which the second result is not reached from the first configuration."""
    needed = _differences(first, second)
    for name in list(needed):
        fewer = {other: change for other, change in needed.items() if other != name}
        if ask.result(prop, _apply(first, fewer, second)) == wanted:
            needed = fewer
    return needed


def _differences(first: Configuration, second: Configuration) -> Changes:
    """What is not the same, those switches among it that only one of them has for a single party."""
    own = dict.fromkeys([*first.design.own(), *second.design.own()])
    changes = {
        name: (_said(first.design, name), _said(second.design, name))
        for name in (*first.design, *own)
        if _own(first.design, name) != _own(second.design, name)
    }
    if first.capabilities != second.capabilities:
        changes["cap"] = (_caps(first), _caps(second))
    if first.world != second.world:
        changes["world"] = (first.world or "(the question's)", second.world or "(the question's)")
    return changes


def _own(design: Design, name: str) -> str | None:
    """The value of a switch, or of a party's where the design has one."""
    return design.own().get(name) if ":" in name else design[name]


def _said(design: Design, name: str) -> str:
    """The value of a switch, or what it is for a party."""
    return _own(design, name) or design[name.rpartition(":")[2]]


def _apply(first: Configuration, changes: Iterable[str], second: Configuration) -> Configuration:
    """The first configuration, with these changes to the second."""
    chosen = {name for name in changes if name not in ("cap", "world")}
    values = {name: (second if name in chosen else first).design[name] for name in first.design}
    parties = {
        key: value
        for design, theirs in ((first.design, False), (second.design, True))
        for key, value in design.parties.items()
        if (":".join(key) in chosen) == theirs
    }
    capabilities = second.capabilities if "cap" in changes else first.capabilities
    return Configuration(
        Design(values, parties, first.model), capabilities, second.world if "world" in changes else first.world
    )


def _caps(configuration: Configuration) -> str:
    return str(configuration).partition(";")[0].removeprefix("cap=")


def refusal(one: Verdict, other: Verdict) -> tuple[str, int] | None:
    """Where the run of the one that has one stops under the configuration of the other."""
    with_run, without = (one, other) if one.trace is not None else (other, one)
    if with_run.trace is None or without.trace is not None:
        return None
    machine = Machine(without.configuration, without.world)
    state = machine.initial
    for number, step in enumerate(with_run.trace.steps, start=1):
        try:
            state = machine.step(state, step)
        except NotEnabledError as error:
            name = str(error).rpartition("refused by ")[2]
            return (name, number) if name in rules(without.configuration.model) else ("not possible", number)
    return None
