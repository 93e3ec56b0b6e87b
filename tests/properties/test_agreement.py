"""One rule, several readings: what the machine decides is what the solver constrains.

The circuit is evaluated gate by gate under the very values that the machine gets, for states that need not be
reachable, so that nothing depends on where a run happens to lead.
"""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from walks import PREVENTED, Ends, lost_walks, stays_before, walk
from worlds import template_of

from benchmarks.worlds import LARGER
from model.design import parse
from model.logic import Pick, any_of, no
from model.machine import Machine
from model.protocols import variables
from model.state import View
from model.switches import CAPABILITIES
from model.world_file import DEFAULT, WORLDS
from properties.bounds import Clock, Laid
from properties.checker import Checker
from properties.circuit import Literal
from properties.engine import Answer
from properties.security import PROPERTIES
from properties.solver import Solver
from properties.template import Template
from properties.verdict import check

#: The worlds; those that take long when there is time.
_QUICK = ("aauth", "proxy")
_OFTEN = [name if name in _QUICK else pytest.param(name, marks=pytest.mark.slow) for name in WORLDS]


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
        context = machine.context(View(state.__getitem__))
        for name, event in template.events.items():
            if values.truth(event) != PROPERTIES[name].event(context):
                found.append((name, state))
        given = set(values.known)
        for firing in template.firings:
            choices = {name: rng.choice(domain) for name, domain in firing.action.choices.items()}
            values.forget(given)
            for name, value in choices.items():
                values.give(firing.chosen[name], value)
            if differs(firing, values, firing.action(context, **choices)):
                found.append((firing.action.name, choices, state))
    return found


def differs(firing, values, move):
    """Whether the circuit of an action says something else than its move in plain Python."""
    if values.truth(firing.possible) != move.when:
        return True
    if not move.when:
        return False
    symbolic = [(name, values.truth(holds)) for name, holds in firing.rules]
    plain = [(condition.rule.name, condition.holds) for condition in move.rules]
    written = {name: values.member(value) for name, value in firing.writes.items()}
    # A fact that is set to false is not added: that says the same as leaving it out.
    return symbolic != plain or any(written.get(name, False) != value for name, value in move.sets.items())


def open_template(name):
    """A world with design and attacker undecided."""
    return template_of(WORLDS[name])


@pytest.mark.sampled(24)
@pytest.mark.parametrize("name", WORLDS)
def test_circuit_and_machine_read_every_rule_alike(name, sample):
    """Guards, rules, effects and events agree in random states under random designs and attackers."""
    rng = random.Random(1)
    for _ in range(2):
        assert not disagreements(open_template(name), sample(rng, 0.4), rng, 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_circuit_and_machine_read_every_rule_alike_often(name, sample):
    """The same, many more times."""
    rng = random.Random(2)
    for _ in range(40):
        assert not disagreements(open_template(name), sample(rng, 0.4), rng, 6)


def test_circuit_of_one_configuration_agrees_as_well(sample):
    """The same where design and attacker are decided before the circuit is built."""
    rng = random.Random(5)
    for _ in range(2):
        configuration = sample(rng, 0.4)
        assert not disagreements(Template(DEFAULT, configuration), configuration, rng, 4)


@pytest.mark.parametrize("number", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_one_verdict_and_many_are_the_same(number, sample, checker):
    """A world cut to one question answers like the world with every design in it, in result and length."""
    rng = random.Random(6)
    for _ in range(number):
        configuration = sample(rng, rng.choice((0.1, 0.2)))
        prop = rng.choice(list(PROPERTIES.values()))
        one, other = check(prop, configuration), checker.verdict(prop, configuration)
        assert (one.result, one.steps) == (other.result, other.steps), (prop.name, str(configuration))


@pytest.mark.parametrize("number", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_answers_do_not_depend_on_earlier_questions(rows, number):
    """Asked in another order, the same questions get the same answers and lengths."""
    asked = random.Random(7).sample([row for row in rows if row.covered], number)
    first, second = Checker(), Checker()
    forwards = {row.id: first.verdict(row.prop, row.configuration) for row in asked}
    for row in reversed(asked):
        verdict = second.verdict(row.prop, row.configuration)
        assert (verdict.result, verdict.steps) == (forwards[row.id].result, forwards[row.id].steps)


# --- more of everything ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def attacks(rows, near_misses, reach):
    """Known questions about the default world that are answered with an attack."""
    questions = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    return [
        (prop, configuration)
        for prop, configuration in random.Random(10).sample(questions, 40)
        if prop.kind == "security" and prop.world_of(configuration) == DEFAULT and reach(prop, configuration)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name if name in ("grant", "session") else pytest.param(name, marks=pytest.mark.slow) for name in LARGER]
)
def test_whoever_has_more_loses_no_attack(name, attacks, reach_in):
    """With one more of something an attack is not gone: more honest parties do not save those who are there."""
    larger = reach_in(LARGER[name])
    lost = [(p.code, str(c)) for p, c in attacks[: 10 if name == "grant" else 5] if not larger(p, c)]
    assert not lost


@pytest.mark.slow
def test_whoever_can_do_more_loses_no_attack(attacks, reach):
    """More capabilities leave every attack possible."""
    rng, lost = random.Random(11), []
    for prop, configuration in attacks:
        more = configuration.capabilities | set(rng.sample(list(CAPABILITIES), 4))
        if not reach(prop, replace(configuration, capabilities=more)):
            lost.append((prop.code, str(configuration), sorted(more)))
    assert not lost


@pytest.mark.parametrize("name", _OFTEN)
def test_without_a_capability_the_attacker_does_nothing(name, clauses):
    """Whatever the design and whichever rules are obeyed, nothing the attacker could do can happen."""
    for sweeps in range(3, 11):
        made = clauses(WORLDS[name], sweeps)
        attackers = [f.literal for f in made.laid.fired if f.firing.action.name.startswith("attacker.")]
        dishonest, longer = made.any_of(attackers), made.any_of(made.laid.last_layer)
        nobody = [-literal for literal in made.laid.capabilities.values()]
        assert made.solver.check([dishonest, *nobody]) is Answer.UNSAT, made.run()
        if made.solver.check([longer, *nobody]) is Answer.UNSAT:
            return
    raise AssertionError("honest runs are longer than that")


def valueless(context):
    """Whether some variable has none of its values, because something else was written."""
    readings = [context.state[variable.name] for variable in variables(context.world) if not variable.fact]
    return any_of(*(no(any_of(*reading.cases.values())) for reading in readings if isinstance(reading, Pick)))


@pytest.mark.parametrize("name", _OFTEN)
def test_what_is_written_is_of_the_variable(name):
    """Whatever the design, the attacker and the rules left out, every variable has one of its values."""
    laid = Laid(Template(WORLDS[name], about=(), also={"valueless": valueless}), 3)
    assert laid.event("valueless", [], Clock()) is Answer.UNSAT


# --- walks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", _OFTEN)
def test_what_is_known_stays_known(name, sample):
    """Along no walk is a fact taken back."""
    rng = random.Random(12)
    for _ in range(2):
        machine = Machine(sample(rng, 0.2), WORLDS[name])
        facts = [machine.index[variable.name] for variable in machine.variables if variable.fact]
        states, _ = walk(machine, rng, 25)
        for before, after in pairwise(states):
            assert all(after[place] or not before[place] for place in facts)


def _met(prop, machine, states):
    return any(prop.event(machine.context(machine.view(state))) for state in states)


def safe_walks(checker, sample, rng, wanted):
    """Walks of so many steps in all under random configurations, and the events met that were answered with safe."""
    steps, met = 0, []
    while steps < wanted:
        configuration = sample(rng, rng.choice((0.05, 0.1, 0.2)))
        prop = rng.choice([prop for prop in PROPERTIES.values() if prop.kind == "security"])
        if checker.result(prop, configuration) == "attack":
            continue
        machine = Machine(configuration, prop.world_of(configuration))
        for _ in range(20):
            states, taken = walk(machine, rng, 60)
            steps += len(taken) + 1
            if _met(prop, machine, states[-1:]):
                met.append((prop.code, str(configuration), taken))
    return met


@pytest.mark.slow
def test_no_walk_comes_to_what_is_answered_with_safe(checker, sample):
    """What the solver excludes, nobody happens upon: events stay, so that the last state of a walk has them."""
    assert not safe_walks(checker, sample, random.Random(13), 60)


@pytest.mark.slow
def test_no_walk_comes_to_what_is_answered_with_safe_in_100000_steps(checker, sample):
    """The same for many more."""
    assert not safe_walks(checker, sample, random.Random(14), 100_000)


@pytest.mark.parametrize(
    ("name", "length"), [("aauth", 3)] + [pytest.param(n, 8, marks=pytest.mark.slow) for n in WORLDS]
)
def test_walks_of_the_machine_are_runs_of_the_solver(name, length, clauses, sample):
    """For each walk there is a run of as many sweeps, of its steps and choices alone, that ends in the same state."""
    assert not lost_walks(clauses(WORLDS[name], length), length, sample)


#: Questions about the tiny world, with the sweeps that its runs have.
TINY = {
    "cap=none": 2,
    "cap=mal_rs": 3,
    "cap=mal_client": 3,
    "cap=code_leak+lure": 4,
    "cap=mal_as;as_trust=allowlist": 4,
}


@pytest.mark.parametrize(
    "config", [pytest.param(each, marks=pytest.mark.slow if most > 2 else ()) for each, most in TINY.items()]
)
def test_solver_and_machine_have_the_same_reachable_states(config, small_worlds, clauses):
    """All runs of a tiny world, as the solver lists their ends, end in exactly the states that search visits."""
    world = small_worlds["tiny"]
    machine = Machine(parse(config), world)
    made = clauses(world, TINY[config] + 1)
    kept = [machine.index[variable.name] for variable in made.template.variables]
    seen, frontier = {machine.initial}, [machine.initial]
    while frontier:
        for _, successor in machine.moves(frontier.pop()):
            if successor not in seen:
                seen.add(successor)
                frontier.append(successor)
    listed = set()
    for run in _all_ends(made, machine.configuration):
        end = machine.replay(run)[-1]
        listed.add(tuple(end[place] for place in kept))
    assert listed == {tuple(state[place] for place in kept) for state in seen}
    longer = made.any_of(made.laid.last_layer)
    solver = Solver(made.laid.clauses, made.laid.top)
    assert solver.check([longer, *made.fixed(machine.configuration), *made.enforced]) is Answer.UNSAT


def _all_ends(made, configuration, limit=2000):
    """For every state in which the clauses let a run end under a configuration, one such run."""
    import z3

    ends = [bit for bit in Ends(made).bits.values() if not isinstance(bit, bool)]
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

        yield made.run(holds)
        solver.add(z3.Or([term(-bit if holds(bit) else bit) for bit in ends]))
    raise AssertionError("more states than expected")


# --- the order of steps --------------------------------------------------------------------------------------


def out_of_order(template, configuration, rng, states):
    """Pairs of steps that are said to commute and do not: the later one cannot be first, or leads elsewhere then.

    Whoever then adds nothing any more is not missed.
    """
    machine, found = Machine(configuration, template.world), []
    number = {firing.action.name: firing.number for firing in template.firings}
    for _ in range(states):
        values = random_state(machine, rng)
        state = tuple(values[variable.name] for variable in machine.variables)
        at_first = {step: after for step, after in machine.moves(state) if step.action in number}
        for earlier, between in rng.sample(sorted(at_first.items(), key=repr), min(4, len(at_first))):
            for later, after in machine.moves(between):
                causes = template.causes.get(number.get(later.action, -1))
                if causes is None or number[earlier.action] in causes or earlier.action == later.action:
                    continue
                first = at_first.get(later)
                if first is None or (first != after and dict(machine.moves(first)).get(earlier) != after):
                    found.append((earlier, later))
    return found


@pytest.mark.parametrize("configurations", [1, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", _OFTEN)
def test_steps_that_are_said_to_commute_do(name, configurations, sample):
    """From any state at all, so that the form in which runs are kept leaves out nothing but other orders."""
    rng = random.Random(15)
    for _ in range(configurations):
        assert not out_of_order(open_template(name), sample(rng, 0.2), rng, 10)


def test_what_a_fact_prevents_is_not_moved_behind_it():
    """A step that a fact prevents, or has write something else, stays before the one that brings the fact about."""
    assert all(stays_before(open_template("default"), *pair) for pair in PREVENTED)
    assert not stays_before(open_template("default"), PREVENTED[0][0], "client.request_resource[victim]")
