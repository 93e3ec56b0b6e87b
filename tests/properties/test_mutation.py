"""Every rule matters: leaving any single one out lets something happen that did not before.

Leaving a rule out only adds runs, so only what was out of reach can change; and only the rules of a set that
already rules it out need be tried, since with that set kept it stays out of reach.
"""

import random
from collections.abc import Iterator

import pytest
from conftest import judged
from walks import refusals

from model.design import Configuration
from model.machine import Machine, _write, _writes
from model.protocols import rules
from model.switches import SWITCHES
from properties.verdict import check, needed

RULES = rules()

#: The smallest set of guards that a first executable core needs, by the ids of the catalogue.
MINIMAL_GUARDS = (
    "PRM-3.3-exact-chal", "PRM-3.3-exact-wk",
    "ASM-3.3-match",
    "CIMD-4-self", "CIMD-4.2-redir", "CIMD-5-noredir", "CIMD-8.2-conf",
    "ISS-2.4-cmp", "MCP-iss-table",
    "PKCE-4.6-ver", "O21-2.3-redir", "DPOP-10-jkt",
    "RTR-3.3.3-match", "DPOP-5-downgrade",
    "JAT-4-iss", "JAT-4-sig", "JAT-4-aud", "DPOP-7.2-nobearer",
    "BIS-6-reuse", "BIS-6-optim",
)  # fmt: skip


def put_back(configuration: Configuration) -> Iterator[Configuration]:
    """The configurations in which one of the changed switches is back at its baseline."""
    for name in configuration.design.changes():
        design = configuration.design.but(**{name: SWITCHES[name].baseline})
        yield Configuration(design, configuration.capabilities)


def search(reach, questions, names):
    """For each of these rules that matters: a question whose answer changes without it."""
    found: dict[str, str] = {}
    for prop, configuration in questions:
        if len(found) == len(names):
            break
        if not reach.ask(prop, configuration, RULES):
            for name in sorted(reach.core & names - found.keys()):
                if reach(prop, configuration, without=(name,)):
                    found[name] = f"rule,{name},{prop.code},{configuration}"
    return found


def failing(machine, state, step):
    """What a step would be in a state, and the rules that refuse it."""
    move = machine.by_name[step.action](machine.context(machine.view(state)), **dict(step.choices))
    return move, {condition.rule.name for condition in move.rules if not condition.holds}


def without_refusals(machine, steps):
    """The last state of a run in which nobody refuses anything, and the rules that would have."""
    state, names = machine.initial, set()
    for step in steps:
        move, refused_by = failing(machine, state, step)
        assert move.when, f"{step} is not possible here"
        names |= refused_by
        state = _write(state, _writes(machine.world, machine.index, move))
    return state, names


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if number % 3 else ()) for number, name in enumerate(RULES)]
)
def test_every_rule_matters_or_is_listed_with_a_reason(name, witnesses, reach, exceptions):
    """With all rules an event is out of reach; without this one a run comes to it, which it alone refuses.

    That run is the machine's, so each rule is also one that refuses what every other lets pass.
    """
    if name in exceptions["survivors"]:
        assert name not in witnesses["rule"], "it is said not to matter"
        return
    assert name in witnesses["rule"], "a line in witnesses.csv: a question that is safe, and that it alone keeps safe"
    prop, configuration = witnesses["rule"][name]
    assert not reach(prop, configuration)
    machine = Machine(judged(prop, configuration), prop.world_of(configuration))
    last, refused_by = without_refusals(machine, reach.run(prop, configuration, without=(name,)))
    assert prop.event(machine.context(machine.view(last)))
    assert refused_by == {name}


def test_survivors_and_witnesses_are_rules(witnesses, exceptions):
    """What is listed exists, and whoever does not matter has a reason."""
    assert witnesses["rule"].keys() | exceptions["survivors"].keys() == RULES.keys()
    assert witnesses["refusal"].keys() == exceptions["survivors"].keys()
    assert all(reason.strip() for reason in exceptions["survivors"].values())


def refuses_alone(machine, name, rng):
    """Whether on a walk there is a step that this rule refuses and no other."""
    state = machine.initial
    while moves := list(machine.moves(state)):
        refused = [step for step, rule in refusals(machine, state) if rule.name == name]
        if any(failing(machine, state, step)[1] == {name} for step in refused):
            return True
        state = rng.choice(moves)[1]
    return False


@pytest.mark.slow
def test_survivors_refuse_what_no_other_rule_does(witnesses):
    """A rule without which no verdict changes is read all the same: some walk comes to a step that it alone refuses."""
    for name, (prop, configuration) in witnesses["refusal"].items():
        machine, rng = Machine(configuration, prop.world_of(configuration)), random.Random(0)
        assert any(refuses_alone(machine, name, rng) for _ in range(200)), name


@pytest.mark.slow
def test_listed_survivors_survive(rows, near_misses, witnesses, reach, exceptions, designs_under_attack):
    """No question that is asked anywhere needs them: expected rows, near misses, witnesses, named designs under attack.

    Of the first three, those with any one switch put back are asked as well.
    """
    own = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    own += [question for of_kind in witnesses.values() for question in of_kind.values()]
    beside = [
        (prop, nearby)
        for prop, configuration in own
        for nearby in put_back(configuration)
        if prop.world_of(nearby) is prop.world_of(configuration)  # whose parties it may name
    ]
    assert not search(reach, [*own, *beside, *designs_under_attack], set(exceptions["survivors"]))


@pytest.mark.parametrize("id_", MINIMAL_GUARDS)
def test_minimal_guards_are_rules_that_matter(id_, exceptions):
    """Each guard of the smallest core is carried by a rule, none of whose bearers is a survivor."""
    bearers = {name for name, rule in RULES.items() if id_ in rule.ids}
    assert bearers
    assert bearers - exceptions["survivors"].keys(), f"{id_} is carried by survivors alone: {bearers}"


@pytest.mark.slow
def test_rules_that_block_suffice_and_are_each_needed(rows, reach):
    """The rules a safe verdict names suffice, no smaller set does, and those `needed` have no substitute."""
    safe = [row for row in rows if row.covered and not reach(row.prop, row.configuration)]
    looked_at = 0
    for row in random.Random(2).sample(safe, min(12, len(safe))):
        verdict = check(row.prop, row.configuration)
        blocked, alone = set(verdict.blocked_by), needed(verdict)
        assert blocked <= RULES.keys()
        assert not reach.within(row.prop, row.configuration, blocked), row.id
        for name in blocked:
            assert reach.within(row.prop, row.configuration, blocked - {name}), (row.id, name)
            assert reach(row.prop, row.configuration, without=(name,)) == (name in alone), (row.id, name)
        looked_at += len(blocked)
    assert looked_at >= 12
