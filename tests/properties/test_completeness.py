"""Why a verdict reaches all runs of a world: no run is longer than what was looked at."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from model.design import Configuration, Design, parse
from model.machine import Machine
from model.switches import CAPABILITIES, SWITCHES
from model.world import WORLDS
from properties.bounds import FIRST, LIMIT, MORE, Clock, Depths
from properties.security import PROPERTIES, find
from properties.solver import Answer, Solver
from properties.template import Template
from properties.verdict import check

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
def test_no_run_has_more_layers_than_pinned(name, clauses, pins):
    """Whatever the design, the attacker and the rules left out: nothing can happen in a further layer."""
    world = WORLDS[name]
    made = clauses(world, pins["layers"][name] + 1)
    last = made.any_of(made.laid.last_layer)
    assert made.solver.check([last]) is Answer.UNSAT


@pytest.mark.parametrize("name", WORLDS)
def test_some_run_has_as_many_layers(name, clauses):
    """The pin is tight: a run with just so many layers exists."""
    made = clauses(WORLDS[name])
    last = made.any_of(made.laid.last_layer)
    assert made.solver.check([last]) is Answer.SAT


# --- bounds that are found ---------------------------------------------------------------------------------


def test_found_bounds_answer_like_all_layers(rows, near_misses, checker, reach):
    """What is answered within a bound that was found for the question is so within all layers that any run has."""
    questions = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    differ = [
        (prop.code, str(configuration))
        for prop, configuration in questions
        if (checker.result(prop, configuration) in ("attack", "reached")) != reach(prop, configuration)
    ]
    assert not differ


def test_found_bounds_answer_like_all_layers_in_random_configurations(checker, reach, sample):
    """The same where nobody chose the question."""
    rng, happened = random.Random(9), 0
    for _ in range(150):
        prop, configuration = rng.choice(list(PROPERTIES.values())), sample(rng, 0.2)
        happens = checker.result(prop, configuration) in ("attack", "reached")
        assert happens == reach(prop, configuration), (prop.code, str(configuration))
        happened += happens
    assert 15 < happened < 135


def test_rules_that_block_do_so_in_all_layers(rows, checker, reach):
    """With the rules named and no other, runs are longer, and none of them gets there; without any one, some does."""
    named = 0
    for row in [row for row in rows if row.covered][::3]:
        verdict = checker.verdict(row.prop, row.configuration)
        if verdict.trace is None:
            assert verdict.blocked_by_minimal
            assert not reach.within(row.prop, row.configuration, verdict.blocked_by), row.id
            for name in verdict.blocked_by:
                assert reach.within(row.prop, row.configuration, {*verdict.blocked_by} - {name}), (row.id, name)
            named += len(verdict.blocked_by)
    assert named > 20


def test_a_bound_is_no_larger_than_any_run(rows, checker, pins):
    """What is said of the length of runs is proved, and fits what is known of the world."""
    for row in [row for row in rows if row.covered][::4]:
        verdict = checker.verdict(row.prop, row.configuration)
        if verdict.trace is None:
            most = pins["layers"][verdict.world.name] + MORE - 1
            assert verdict.bound.proved
            assert verdict.bound.layers <= most
            assert verdict.bound.named_rules <= most


@pytest.mark.parametrize(
    "text", ["cap=mal_rs;echo=req;as_resource=ignore", "cap=mal_rs;dpop=token;as_dpop=ignore;as_resource=ignore"]
)
def test_rules_that_only_short_runs_obey_are_not_taken_for_enough(text, reach):
    """Within the layers that suffice with every rule, fewer rules block than do when the others are left out."""
    configuration = parse(text)
    verdict = check("token_confinement", configuration)
    assert verdict.bound.named_rules is not None
    assert not reach.within("token_confinement", configuration, verdict.blocked_by)
    for name in verdict.blocked_by:
        assert reach.within("token_confinement", configuration, {*verdict.blocked_by} - {name})


def test_what_has_longer_runs_than_the_limit_is_unknown():
    """Within too few layers nothing is concluded from there being no run."""
    asked = find("code_delivery")
    template = Template(asked.world, parse("cap=mal_as"), (asked.name,))

    def enforced(laid):
        return list(laid.unrolling.enforced.values())

    short, enough = (Depths(template, limit).settle(asked.name, enforced, Clock()) for limit in (FIRST, LIMIT))
    assert (short.answer, enough.answer) == (Answer.UNKNOWN, Answer.UNSAT)
    assert "more than 8 layers" in short.reason


def test_out_of_time_is_unknown_and_never_safe(checker):
    """A question whose time is over is not answered, whatever the answer would have been."""
    for text, result in (("cap=mal_as", "safe"), ("cap=mal_as;iss_check=off", "attack")):
        assert checker.result("code_delivery", parse(text)) == result
        verdict = check("code_delivery", parse(text), timeout=1e-9)
        assert (verdict.result, verdict.trace, verdict.blocked_by) == ("unknown", None, ())
        assert "time" in verdict.reason


def test_rules_named_in_a_hurry_are_enough_and_said_not_to_be_the_fewest(reach):
    """Without patience a verdict names rules that do block, more than it takes, and says so."""
    configuration = parse("cap=mal_as")
    hurried, patient = (check("code_delivery", configuration, patience=seconds) for seconds in (0.0, 60.0))
    assert (hurried.result, patient.result) == ("safe", "safe")
    assert (hurried.blocked_by_minimal, patient.blocked_by_minimal) == (False, True)
    assert len(hurried.blocked_by) > len(patient.blocked_by)
    assert not reach.within("code_delivery", configuration, hurried.blocked_by)


# --- why runs end ------------------------------------------------------------------------------------------


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
