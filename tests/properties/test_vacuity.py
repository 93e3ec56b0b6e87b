"""No verdict is vacuous: the honest run reaches its end, every action happens, every switch is felt."""

from __future__ import annotations

import pytest

from model.action import SCHEMAS
from model.clients import clients
from model.conversation import converse
from model.design import NAMED_DESIGNS, Configuration, parse
from model.logic import all_of, any_of, same
from model.machine import Machine
from model.protocols import actions
from model.scenario import load, load_all, mutation_names
from model.switches import CAPABILITIES, SWITCHES
from model.world import ATTACKER
from model.world_file import WORLDS
from properties.explore import explore
from properties.security import PROPERTIES
from properties.solver import Answer
from properties.template import Template

SECURITY = [name for name, prop in PROPERTIES.items() if prop.kind == "security"]
OPEN = [name for name, text in NAMED_DESIGNS.items() if parse(text).design.prm != "off"]
CLOSED = [name for name in NAMED_DESIGNS if name not in OPEN]


# --- the honest run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", OPEN)
def test_first_contact_succeeds_in_open_designs(design, checker, pins):
    """From an unknown URL the honest parties of an open design get to an accepted request, whatever the attacker."""
    verdict = checker.verdict("first_contact", parse(f"design={design};cap=mal_as"))
    assert verdict.result == "reached", verdict.blocked_by
    chosen = parse(NAMED_DESIGNS[design]).design
    steps = pins["first_contact"][chosen.protocol]
    assert verdict.steps == steps + (chosen.par != "off")
    assert not any(step.action.startswith("attacker.") for step in verdict.trace.steps)


@pytest.mark.parametrize("design", CLOSED)
def test_first_contact_fails_in_closed_designs_for_want_of_discovery(design, checker):
    """A design that is configured before run time cannot meet a stranger; that it has no discovery is the reason."""
    configuration = parse(f"design={design}")
    verdict = checker.verdict("first_contact", configuration)
    assert (verdict.result, verdict.trace) == ("not_reached", None)
    discovering = Configuration(configuration.design.but(prm="exact"), configuration.capabilities)
    assert checker.verdict("first_contact", discovering).result == "reached"


def test_first_contact_that_fails_names_the_rule_in_the_way(checker):
    """Where discovery exists and first contact fails all the same, the verdict says which rule stands in the way."""
    verdict = checker.verdict("first_contact", parse("api=multi_path"))
    assert (verdict.result, verdict.blocked_by) == ("not_reached", ("client.resource_matches_request",))


class Ending:
    """The end of an honest run, as a property."""

    name, kind = "accepted", "utility"

    def event(self, context):
        world = context.world
        ends = [context.state.session(who) for who in world.session if world.user_of(who) != ATTACKER]
        return any_of(*(all_of(session.accepted, same(session.url, world.contacted)) for session in ends))


@pytest.mark.parametrize("design", NAMED_DESIGNS)
def test_honest_flow_runs_to_its_end_in_every_design(design, small_worlds):
    """Open or closed, honest parties alone get a request accepted."""
    configuration, end = parse(f"design={design}"), Ending()
    world = WORLDS["aauth"] if configuration.design.protocol == "aauth" else small_worlds["alone"]
    assert end.name in explore(configuration, world, (end,)).first


# --- actions and properties --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_every_action_of_a_world_happens_in_some_configuration(name, clauses):
    """Each action is part of a run that honest parties' rules allow, and the machine follows that run."""
    made = clauses(WORLDS[name], 5)
    happens = {
        action: made.any_of([fired.literal for fired in made.laid.fired if fired.firing.action.name == action])
        for action in {firing.action.name for firing in made.template.firings}
    }
    for action, literal in happens.items():
        assert made.solver.check([literal, *made.enforced]) is Answer.SAT, f"{action} never happens"
        steps = made.run()
        assert action in {step.action for step in steps}
        Machine(made.configuration(), made.world).replay(steps)


def test_every_action_belongs_to_a_world_that_verdicts_are_about():
    """No action is written that no verdict takes into account."""
    taken = {firing.action.schema.name for world in WORLDS.values() for firing in Template(world).firings}
    assert taken == set(SCHEMAS)
    assert {action.schema.name for world in WORLDS.values() for action in actions(world)} == set(SCHEMAS)


@pytest.fixture(scope="module")
def opened(clauses):
    """Worlds with everything left open, as deep as most questions need, made once."""
    made = {}

    def get(world):
        if world not in made:
            made[world] = clauses(world, 4)
        return made[world]

    return get


@pytest.mark.slow
@pytest.mark.parametrize("name", SECURITY)
def test_every_security_property_is_violated_somewhere_and_holds_somewhere(name, opened, reach):
    """Some configuration has an attack, and the baseline with derived identities and without an attacker has none."""
    prop = PROPERTIES[name]
    made = opened(prop.world_of(parse("instance=derived")))
    event, oauth = int(made.laid.events[name]), made.laid.switches["protocol", "oauth"]  # the other is another world's
    assert made.solver.check([event, oauth, *made.enforced]) is Answer.SAT
    assert reach.verdict(prop, made.configuration()) == "attack"
    assert reach.verdict(prop, parse("instance=derived")) == "safe"


# --- switches and capabilities -----------------------------------------------------------------------------


def _with(configuration, name, value):
    return Configuration(configuration.design.but(**{name: value}), configuration.capabilities)


def _felt(reach, prop, configuration, name, value):
    """Whether a question is answered differently with this value and with the baseline."""
    baseline = _with(configuration, name, SWITCHES[name].baseline)
    return reach(prop, _with(configuration, name, value)) != reach(prop, baseline)


def _suggestion(reach, questions, name, value):
    """A line for near_misses.csv that shows an effect, if a neighbour of a known question does."""
    for prop, configuration in questions:
        if _felt(reach, prop, configuration, name, value):
            return f"{prop.code},{_with(configuration, name, value)}"
    return "no neighbour of a known question shows an effect"


@pytest.fixture(scope="module")
def questions(rows, near_misses):
    """The expected rows and the near misses."""
    return [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)


@pytest.fixture(scope="module")
def felt(questions, reach):
    """Values that change the answer to a question in which they stand, as ``switch=value``."""
    found: set[str] = set()
    for prop, configuration in questions:
        for name, value in configuration.design.changes().items():
            if f"{name}={value}" not in found and _felt(reach, prop, configuration, name, value):
                found.add(f"{name}={value}")
    return found


def _felt_in_conversations(name, value):
    """Whether some deployed client would do something else in some scenario with this value than with the baseline."""
    for known in clients().values():
        for told in (*load_all(), *map(load, mutation_names())):
            ends = [converse(known.design.but(**{name: chosen}), told) for chosen in (value, SWITCHES[name].baseline)]
            if ends[0].stage != ends[1].stage or ends[0].sent != ends[1].sent:
                return True
    return False


@pytest.mark.slow
def test_every_value_of_every_switch_is_felt(felt, questions, reach, exceptions):
    """Each value differs from its baseline in some verdict or conversation, or is listed with a reason."""
    every = [(s.name, value) for s in SWITCHES.values() for value in s.values[1:]]
    unfelt = [(n, v) for n, v in every if f"{n}={v}" not in felt and f"{n}={v}" not in exceptions["no_effect"]]
    missing = [(n, v) for n, v in unfelt if not _felt_in_conversations(n, v)]
    assert not missing, {f"{n}={v}": _suggestion(reach, questions, n, v) for n, v in missing}


@pytest.mark.slow
def test_values_listed_without_effect_have_none(questions, reach, exceptions, sample):
    """What is listed as having no effect exists and changes no known question and none of a random sample."""
    import random

    rng = random.Random(3)
    others = [(PROPERTIES[rng.choice(SECURITY)], sample(rng)) for _ in range(60)]
    for pair, reason in exceptions["no_effect"].items():
        name, _, value = pair.partition("=")
        assert value in SWITCHES[name].values[1:]
        assert reason.strip()
        wrong = [(p.code, str(c)) for p, c in (*questions, *others) if _felt(reach, p, c, name, value)]
        assert not wrong, (pair, wrong[:3])


@pytest.mark.slow
def test_every_capability_is_felt(questions, reach, exceptions):
    """Each capability makes an attack possible that is not without it, or is listed with a reason."""
    idle = exceptions["idle_capabilities"]
    found: set[str] = set()
    for prop, configuration in questions:
        if prop.kind == "security" and reach(prop, configuration):
            for name in configuration.capabilities - found:
                less = Configuration(configuration.design, configuration.capabilities - {name})
                if not reach(prop, less):
                    found.add(name)
    assert CAPABILITIES.keys() - found == idle.keys()


# --- how many states ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_numbers_of_reachable_states(pins, small_worlds):
    """Small worlds have as many reachable states, and are as deep, as pinned."""
    counted = []
    for pin in pins["states"]:
        found = explore(parse(pin["config"]), small_worlds[pin["world"]])
        counted.append({**pin, "states": found.states, "depth": found.depth})
    assert counted == pins["states"]
