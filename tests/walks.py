"""Random runs of the machine, and whether the clauses have them too."""

import random

from model.logic import Pick
from model.machine import Machine, Step
from properties.engine import Answer


def refusals(machine, state):
    """Steps that could be tried in a state but that an honest party refuses, with the rule that does."""
    tried = [(Step(action.name, outcome.choices), outcome.refused_by) for action, outcome in machine.outcomes(state)]
    return [(step, rule) for step, rule in tried if rule is not None]


def walk(machine, rng, length):
    """The states and steps of a random run of at most so many steps."""
    states, steps = [machine.initial], []
    while len(steps) < length and (moves := list(machine.moves(states[-1]))):
        step, state = rng.choice(moves)
        steps.append(step)
        states.append(state)
    return states, steps


class Ends:
    """The clauses of a world with literals for the state in which a run ends."""

    def __init__(self, made):
        self.made = made
        self.bits: dict[tuple[str, object], int | bool] = {}
        for variable in made.template.variables:
            value = made.template.state[variable.name]
            cases = value.cases if isinstance(value, Pick) else {True: value}
            for member, literal in cases.items():
                self.bits[variable.name, member] = self._named(made.laid._now[literal.code])
        made.laid._define(0)  # once more, now that something relies on these in both directions

    def _named(self, bit):
        if isinstance(bit, bool):
            return bit
        name = self.made.laid.new_literal()
        self.made.laid.clause(-name, bit)
        self.made.laid.clause(name, -bit)
        return name

    def literals(self, machine, state):
        """What holds where a run ends in this state; ``None`` where none does."""
        found = []
        for (name, member), bit in self.bits.items():
            holds = state[machine.index[name]] == member
            if isinstance(bit, bool):
                if bit != holds:
                    return None
            else:
                found.append(bit if holds else -bit)
        return found


def lost_walks(made, length, sample, number=20):
    """Walks of so many steps for which the clauses, of as many sweeps, have no run of their steps to the same state."""
    laid, ends = made.laid, Ends(made)
    excluded = {}
    for firing in made.template.firings:
        places = [fired for fired in laid.fired if fired.firing is firing]
        for choice, domain in firing.action.choices.items():
            for value in domain:
                literal = excluded[firing.action.name, choice, value] = laid.new_literal()
                for fired in places:
                    laid.clause(-literal, -fired.literal, -int(dict(fired.chosen[choice])[value]))
    rng = random.Random(8)
    lost: list[tuple[Step, ...]] = []
    for _ in range(number):
        machine = Machine(sample(rng, rng.choice((0.05, 0.2))), made.world)
        states, steps = walk(machine, rng, length)
        end = ends.literals(machine, states[-1])
        if end is None:
            lost.append(steps)
            continue
        taken = {step.action for step in steps}
        made_so = {(step.action, *choice) for step in steps for choice in step.choices}
        assumptions = [
            *made.fixed(machine.configuration),
            *made.enforced,
            *end,
            *(-fired.literal for fired in laid.fired if fired.firing.action.name not in taken),
            *(literal for choice, literal in excluded.items() if choice[0] in taken and choice not in made_so),
        ]
        if made.solver.check(assumptions) is not Answer.SAT or not set(made.run()) <= set(steps):
            lost.append(steps)
    return lost


#: Steps in the default world that a fact would prevent, or have write something else, and who brings the fact about.
PREVENTED = (
    # What it authenticates with is chosen among what it knows.
    ("attacker.authenticate[as,https://client.example/oauth.json]", "client.ask_stranger_for_token[victim,evil_as]"),
)


def stays_before(template, earlier, later):
    """Whether the unrolling keeps an action that happens before another before it."""
    number = {firing.action.name: firing.number for firing in template.firings}
    return number[earlier] in template.causes[number[later]]
