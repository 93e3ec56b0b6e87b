"""One rule, several readings: what the machine decides is what the solver constrains.

The circuit is evaluated gate by gate under the very values that the machine gets, for states that need not be
reachable, so that nothing depends on where a run happens to lead.
"""

from __future__ import annotations

import random

import pytest

from model.action import Context
from model.design import parse
from model.logic import Pick
from model.machine import Machine
from model.state import View
from model.world import WORLDS, World
from properties.circuit import Literal
from properties.security import PROPERTIES
from properties.solver import Answer
from properties.template import Template
from properties.verdict import Checker, check

#: Everything at once: both sessions, the attacker's own code and its own client identities.
EVERYTHING = World("everything", strangers_code=True, strangers_clients=True)


class Values:
    """The circuit of a template under given values of its inputs."""

    def __init__(self, template, configuration, state):
        self.gates = template.circuit.gates
        self.known: dict[int, bool] = {}
        for (name, value), literal in template.switches.items():
            self.known[literal.code] = configuration.design[name] == value
        for name, literal in template.capabilities.items():
            self.known[literal.code] = name in configuration.capabilities
        for name, value in state.items():
            if name in template.state:
                self.give(template.state[name], value)

    def give(self, reading, value):
        """Decide an input, or a choice among inputs."""
        if isinstance(reading, Pick):
            for member, literal in reading.cases.items():
                self.known[literal.code] = member == value
        else:
            self.known[reading.code] = value

    def forget(self, inputs):
        """Keep only what is given, so that other choices can be made."""
        self.known = {code: value for code, value in self.known.items() if code in inputs}

    def truth(self, condition):
        """A condition's truth value."""
        if isinstance(condition, bool):
            return condition
        assert isinstance(condition, Literal)
        return self.gate(abs(condition.code)) == (condition.code > 0)

    def gate(self, number):
        """A gate's truth value."""
        if number not in self.known:
            operands = self.gates[number]
            assert operands is not None, "an input that was given no value"
            self.known[number] = all(self.gate(abs(code)) == (code > 0) for code in operands)
        return self.known[number]

    def member(self, value):
        """The one member that a value is (or what a constant or condition says)."""
        if isinstance(value, Pick):
            held = [member for member, when in value.cases.items() if self.truth(when)]
            assert len(held) == 1, held
            return held[0]
        return self.truth(value) if isinstance(value, Literal) else value


def random_state(machine, rng):
    """Any state at all; half of the variables at their initial value."""
    return {v.name: rng.choice(v.domain) if rng.random() < 0.6 else v.initial for v in machine.variables}


def disagreements(template, configuration, rng, states):
    """Where the circuit of a template and plain Python differ, over random states and choices."""
    machine = Machine(configuration, template.world)
    found = []
    for _ in range(states):
        state = random_state(machine, rng)
        values = Values(template, configuration, state)
        view = View(state.__getitem__)
        for name, event in template.events.items():
            plain = PROPERTIES[name].event(template.world, configuration.design, view)
            if values.truth(event) != plain:
                found.append((name, state))
        given = set(values.known)
        for firing in template.firings:
            choices = {name: rng.choice(domain) for name, domain in firing.action.choices.items()}
            values.forget(given)
            for name, value in choices.items():
                values.give(firing.chosen[name], value)
            context = Context(template.world, configuration.design, machine.capabilities, view)
            move = firing.action(context, **choices)
            if values.truth(firing.when) != move.when:
                found.append((firing.action.name, choices, state))
            elif move.when:
                symbolic = [(name, values.truth(holds)) for name, holds in firing.rules]
                plain = [(condition.rule.name, condition.holds) for condition in move.rules]
                written = {name: values.member(value) for name, value in firing.writes.items()}
                if symbolic != plain or any(written[name] != value for name, value in move.sets.items()):
                    found.append((firing.action.name, choices, state))
    return found


@pytest.fixture(scope="module")
def open_template():
    """Everything, with design and attacker undecided."""
    return Template(EVERYTHING)


@pytest.mark.parametrize("seed", range(4))
def test_circuit_and_machine_read_every_rule_alike(seed, open_template, sample):
    """Guards, rules, effects and events agree in random states under random designs and attackers."""
    rng = random.Random(seed)
    for _ in range(12):
        assert not disagreements(open_template, sample(rng, 0.4), rng, 6)


def test_circuit_of_one_configuration_agrees_as_well(sample):
    """The same where design and attacker are decided before the circuit is built."""
    rng = random.Random(5)
    for _ in range(12):
        configuration = sample(rng, 0.4)
        assert not disagreements(Template(EVERYTHING, configuration), configuration, rng, 6)


def test_one_verdict_and_many_are_the_same(sample):
    """A world cut to one question answers like the world with every design in it, in result and length."""
    rng = random.Random(6)
    many = Checker()
    for _ in range(25):
        configuration = sample(rng, rng.choice((0.1, 0.25)))
        prop = rng.choice(list(PROPERTIES.values()))
        one, other = check(prop, configuration), many.verdict(prop, configuration)
        assert (one.result, one.steps) == (other.result, other.steps), (prop.name, str(configuration))


def test_answers_do_not_depend_on_earlier_questions(rows):
    """Asked in another order, the same questions get the same answers and lengths."""
    asked = random.Random(7).sample([row for row in rows if row.covered], 6)
    first, second = Checker(), Checker()
    forwards = {row.id: first.verdict(row.prop, row.configuration) for row in asked}
    for row in reversed(asked):
        verdict = second.verdict(row.prop, row.configuration)
        assert (verdict.result, verdict.steps) == (forwards[row.id].result, forwards[row.id].steps)


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_smaller_worlds_lose_nothing(every, rows, near_misses, reach, reach_in):
    """What each property's own world leaves out changes no answer: with everything in play, it is the same."""
    questions = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    everything = reach_in(EVERYTHING)
    differ = [
        (prop.code, str(configuration))
        for prop, configuration in questions[::every]
        if prop.world_of(configuration.design).protocol == EVERYTHING.protocol
        and reach(prop, configuration) != everything(prop, configuration)
    ]
    assert not differ


def _walk(machine, rng, length):
    """A random run of at most so many steps."""
    state, steps = machine.initial, []
    while len(steps) < length and (moves := list(machine.moves(state))):
        step, state = rng.choice(moves)
        steps.append(step)
    return steps, state


@pytest.mark.parametrize("name", WORLDS)
def test_walks_of_the_machine_are_runs_of_the_solver(name, clauses, sample):
    """Fixed to the actions and choices of a walk, the clauses have a model; it ends in the same state."""
    made = clauses(WORLDS[name])
    laid = made.laid
    happens, chosen = {}, {}
    for firing in made.template.firings:
        places = [fired for fired in laid.fired if fired.firing is firing]
        happens[firing.action.name] = made.any_of([fired.literal for fired in places])
        for choice, domain in firing.action.choices.items():
            for value in domain:
                literal = chosen[firing.action.name, choice, value] = laid.new_literal()
                for fired in places:
                    laid.clause(-literal, -fired.literal, int(dict(fired.chosen[choice])[value]))
    rng = random.Random(8)
    walked = 0
    for _ in range(30):
        machine = Machine(sample(rng, rng.choice((0.05, 0.2))), WORLDS[name])
        steps, _ = _walk(machine, rng, rng.choice((4, 8, 30)))
        steps = [step for step in steps if step.action in happens]
        taken = {step.action for step in steps}
        assumptions = [
            *made.fixed(machine.configuration),
            *made.enforced,
            *(happens[action] for action in taken),
            *(-fired.literal for fired in laid.fired if fired.firing.action.name not in taken),
            *(chosen[step.action, choice, value] for step in steps for choice, value in step.choices),
        ]
        assert made.solver.check(assumptions) is Answer.SAT, steps
        found = made.run()
        assert sorted(found) == sorted(steps)
        assert machine.replay(found)[-1] == machine.replay(tuple(steps))[-1]
        walked += len(steps)
    assert walked > 100


@pytest.mark.parametrize("config", ["cap=none", "cap=mal_rs", "cap=lure;client_instances=single_user"])
def test_solver_and_machine_have_the_same_reachable_states(config, small_worlds, clauses):
    """All runs of a tiny world, listed by the solver one by one, end in exactly the states that search visits."""
    world = World("tiny", sessions=small_worlds["solo"].sessions, resource_urls=TINY[config])
    machine = Machine(parse(config), world)
    made = clauses(world)
    kept = [machine.index[variable.name] for variable in made.template.variables]
    seen, frontier = {machine.initial}, [machine.initial]
    while frontier:
        state = frontier.pop()
        for _, successor in machine.moves(state):
            if successor not in seen:
                seen.add(successor)
                frontier.append(successor)
    searched = {tuple(state[place] for place in kept) for state in seen}
    listed, runs = set(), list(_all_runs(made, machine.configuration))
    for run in runs:
        end = machine.replay(run)[-1]
        listed.add(tuple(end[place] for place in kept))
    assert listed == searched
    assert len(runs) >= len(listed)


TINY = {
    "cap=none": ("https://crm.example/api/accounts", "https://shared.example/good"),
    "cap=mal_rs": ("https://crm.example/api/accounts", "https://tools.attacker.example/mcp"),
    "cap=lure;client_instances=single_user": ("https://crm.example/api/accounts",),
}


def _all_runs(made, configuration, limit=4000):
    """Every run that the clauses allow under a configuration, each once."""
    import z3

    solver = z3.SolverFor("QF_FD")
    text = " ".join(map(str, made.laid.clauses))
    solver.from_string(f"p cnf {made.laid.top} {made.laid.clauses.count(0)}\n{text}\n")

    def term(literal):
        return z3.Bool(literal) if literal > 0 else z3.Not(z3.Bool(-literal))

    solver.add(*map(term, [*made.fixed(configuration), *made.enforced]))
    for _ in range(limit):
        if solver.check() != z3.sat:
            return
        model = solver.model()

        def holds(literal, model=model):
            return z3.is_true(model.eval(term(literal), model_completion=True))

        happened = sorted((f for f in made.laid.fired if holds(f.literal)), key=lambda f: (f.step, f.firing.order))
        picked = [
            [next((name, value, bit) for value, bit in cases if bit is True or holds(bit))
             for name, cases in fired.chosen.items()]
            for fired in happened
        ]  # fmt: skip
        yield tuple(_step(fired.firing.action.name, choices) for fired, choices in zip(happened, picked, strict=True))
        same = [fired.literal for fired in happened] + [
            bit for choices in picked for _, _, bit in choices if bit is not True
        ]
        absent = [fired.literal for fired in made.laid.fired if fired not in happened]
        solver.add(z3.Or([z3.Not(term(literal)) for literal in same] + [term(literal) for literal in absent]))
    raise AssertionError("more runs than expected")


def _step(action, choices):
    from model.machine import Step

    return Step(action, tuple((name, value) for name, value, _ in choices))
