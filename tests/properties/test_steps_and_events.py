"""Everything that steps and events are made of matters: leave out one part, and somebody who asks is told otherwise.

Left out is one condition, one alternative, one of several values, or one entry of what is written. What then shows is
named in ``left_out.csv`` with the question on which it does: another answer, a shortest run of another length, other
rules that are in the way, or of the shortest run another chart, or other moves on the way; or other moves or events on
the way of a walk, drawn from the seed that follows (``walk 7``); its world stands in the place of the property. Where
no such question is known it is a world in which the solver finds a run after which a step leads elsewhere
(``somewhere``).
"""

import csv
import random
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from differences import Variants
from mutants import LEFT_OUT, mutants
from walks import walk

from model import attacker, gateways, lookups, readings, registration, scopes, token_endpoint
from model.chart import chart, text
from model.design import parse
from model.machine import Machine
from model.protocols import PROTOCOLS
from model.world_file import WORLDS
from properties.bounds import Clock
from properties.engine import Answer
from properties.security import PROPERTIES, find
from properties.verdict import WorldChecker, check

STEPS = [import_module(name) for protocol in PROTOCOLS.values() for name in protocol.modules]
EVENTS = [import_module(f"properties.events.{protocol}") for protocol in PROTOCOLS]
MODULES = (*STEPS, attacker, readings, registration, lookups, scopes, token_endpoint, gateways, *EVENTS)
MUTANTS = {str(mutant): mutant for mutant in mutants(*MODULES, changes=LEFT_OUT)}

with Path(__file__).with_name("left_out.csv").open(encoding="utf-8", newline="") as file:
    WITNESSES = {line["name"]: (line["shows"], line["property"], line["config"]) for line in csv.DictReader(file)}

#: Those for which no world has to be laid down with every design in it.
QUICK = [name for name, (shows, *_) in WITNESSES.items() if shows != "somewhere"]

#: How many steps a walk has at most.
LENGTH = 69
#: How many are tried where there is little time.
FEW = 5


@cache
def trace_of(prop, configuration):
    """The shortest run to an event, before anything is left out."""
    return check(find(prop), parse(configuration)).trace


@cache
def states_of(world, configuration, seed):
    """The states that a walk comes through, before anything is left out."""
    machine = Machine(parse(configuration), WORLDS[world])
    return tuple(walk(machine, random.Random(seed), LENGTH)[0])


def moves(trace):
    """What can be done in each state that a run comes through."""
    machine = Machine(trace.configuration, trace.world)
    state = machine.initial
    for step in (*trace.steps, None):
        yield [step for step, _ in machine.moves(state)]
        state = machine.step(state, step) if step else state


def happened(machine, state):
    """The events that have come about in a state."""
    context = machine.context(machine.view(state))
    return [name for name, prop in PROPERTIES.items() if prop.event(context)]


def told(shows, prop, configuration):
    """An answer, its steps or its rules, or of the shortest run without anything left out its chart or other moves."""
    if shows.startswith("walk"):
        machine, seed = Machine(parse(configuration), WORLDS[prop]), int(shows.removeprefix("walk") or 0)
        return [
            (list(machine.moves(state)), happened(machine, state)) for state in states_of(prop, configuration, seed)
        ]
    asked, about = find(prop), parse(configuration)
    match shows:
        case "answer":  # asked where nothing is remembered of other versions
            return WorldChecker(asked.world_of(about), (asked, about)).happens(asked, about).answer
        case "steps":
            return check(asked, about).steps
        case "rules":  # looked for as long as it takes, so that they do not hang on how busy the machine is
            checker = WorldChecker(asked.world_of(about), (asked, about))
            return checker._least(checker._ask(asked, about), checker.happens(asked, about), Clock())
        case "chart":
            return text(chart(trace_of(prop, configuration)))
        case "moves":
            return list(moves(trace_of(prop, configuration)))


_as_it_is = cache(told)


@cache
def variants(world):
    """The program without each of the parts that show somewhere in a world."""
    those = [name for name, (shows, where, _) in WITNESSES.items() if (shows, where) == ("somewhere", world)]
    return Variants(WORLDS[world], {name: MUTANTS[name].installed for name in those})


def is_noticed(name):
    """Whether what is told of the witness is another thing once the part is left out, or nothing at all."""
    shows, where, _ = WITNESSES[name]
    if shows == "somewhere":
        return variants(where).differs(name) is Answer.SAT
    before = _as_it_is(*WITNESSES[name])
    with MUTANTS[name].installed():
        try:
            return told(*WITNESSES[name]) != before
        except Exception:  # whatever it is that a broken program does
            return True


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", random.Random(0).sample(sorted(QUICK), FEW))
def test_some_parts_are_not_left_out_unnoticed(name):
    """A few of them, that something is noticed before all of them are tried."""
    assert is_noticed(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITNESSES)
def test_no_part_is_left_out_unnoticed(name):
    """Each part shows in what somebody is told."""
    assert is_noticed(name)


def test_parts_are_listed_once_and_hardly_any_goes_unnoticed(exceptions):
    """Of those that make any difference at least 97 of 100 are noticed."""
    alike, unnoticed = exceptions["left_out_alike"], exceptions["left_out_unnoticed"]
    listed = [*WITNESSES, *alike, *unnoticed]
    assert sorted(listed) == sorted(MUTANTS)
    assert all(reason.strip() for reason in (*alike.values(), *unnoticed.values()))
    assert len(unnoticed) <= 0.03 * (len(WITNESSES) + len(unnoticed))


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_parts_listed_as_making_no_difference_make_none(world, exceptions):
    """No step leads elsewhere without them, and no property says otherwise, from any state that verdicts look at."""
    alike = exceptions["left_out_alike"]
    compared = Variants(WORLDS[world], {name: MUTANTS[name].installed for name in alike})
    assert not [name for name in alike if compared.differs(name) is not Answer.UNSAT]


def test_a_part_that_makes_a_difference_is_seen_to_make_one():
    """It is not for want of looking that nothing differs."""
    name = "delegation_flow.client__end_task: entry left out: f'{who}.task'"
    assert Variants(WORLDS["delegation"], {name: MUTANTS[name].installed}).differs(name) is Answer.SAT
