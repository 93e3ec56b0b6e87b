"""Why a verdict reaches all runs of a world: no run is longer than what is laid down."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from model.design import Configuration, Design
from model.machine import Machine
from model.switches import CAPABILITIES, SWITCHES
from model.world import WORLDS
from properties.solver import Answer, Solver

#: Variables whose value is one of several stages, in the order of their domains.
STAGED = ("phase", "state", "assertion")


def measure(machine, state):
    """How far a run has come: stages passed, facts established, things captured."""
    total = 0
    for variable, value in zip(machine.variables, state, strict=True):
        if variable.name.rpartition(".")[2] in STAGED:
            total += variable.domain.index(value)
        elif variable.domain == (False, True):
            total += value
        elif variable.name.startswith("captured.") or variable.name.endswith(".authority"):
            total += value != variable.initial
    return total


@pytest.mark.parametrize("name", WORLDS)
def test_no_run_has_more_layers_than_the_world_says(name, clauses):
    """Whatever the design, the attacker and the rules left out, the layers laid down are all there are."""
    world = WORLDS[name]
    made = clauses(world, world.layers + 1)
    last = made.any_of(made.laid.last_layer)
    assert made.solver.check([last]) is Answer.UNSAT


@pytest.mark.parametrize("name", WORLDS)
def test_some_run_has_as_many_layers(name, clauses):
    """The bound is tight: a run with just so many layers exists."""
    made = clauses(WORLDS[name])
    last = made.any_of(made.laid.last_layer)
    assert made.solver.check([last]) is Answer.SAT


@pytest.mark.parametrize("name", WORLDS)
def test_no_action_happens_twice_in_a_run(name, clauses):
    """So the length of a run is the number of actions that happen at all, whatever rules are left out."""
    made = clauses(WORLDS[name])
    laid, twice = made.laid, []
    earlier: dict[str, list[int]] = {}
    for fired in laid.fired:
        name = fired.firing.action.name
        if earlier.get(name):
            again = laid.new_literal()
            laid.clause(-again, fired.literal)
            laid.clause(-again, *earlier[name])
            twice.append(again)
        earlier.setdefault(name, []).append(fired.literal)
    some = made.any_of(twice)
    assert Solver(laid.clauses, laid.top).check([some]) is Answer.UNSAT


@pytest.mark.parametrize("name", WORLDS)
def test_random_walks_end_and_progress_at_every_step(name, sample):
    """Every step raises the measure, none is taken twice, and so every walk comes to its end."""
    rng = random.Random(4)
    for _ in range(25):
        machine = Machine(sample(rng, 0.3), WORLDS[name])
        state, taken = machine.initial, []
        while moves := list(machine.moves(state)):
            step, after = rng.choice(moves)
            assert measure(machine, after) > measure(machine, state), step
            taken.append(step.action)
            state = after
        assert len(taken) == len(set(taken))


class Walk(RuleBasedStateMachine):
    """A run taken step by step, with every step a free choice."""

    @initialize(
        world=st.sampled_from(list(WORLDS.values())),
        values=st.fixed_dictionaries({}, optional={s.name: st.sampled_from(s.values) for s in SWITCHES.values()}),
        capabilities=st.frozensets(st.sampled_from(list(CAPABILITIES)), max_size=6),
    )
    def begin(self, world, values, capabilities):
        self.machine = Machine(Configuration(Design(values), capabilities), world)
        self.state = self.machine.initial
        self.taken: list[str] = []

    def moves(self):
        return list(self.machine.moves(self.state)) if hasattr(self, "machine") else []

    @precondition(lambda self: self.moves())
    @rule(data=st.data())
    def step(self, data):
        step, after = data.draw(st.sampled_from(self.moves()))
        assert measure(self.machine, after) > measure(self.machine, self.state)
        assert step.action not in self.taken
        assert self.machine.step(self.state, step) == after
        self.taken.append(step.action)
        self.state = after

    @precondition(lambda self: not self.moves())
    @rule()
    def stay(self):
        """Nothing is left to do."""


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, derandomize=True)
