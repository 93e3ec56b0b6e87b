"""No verdict is vacuous: the honest run reaches its end, every action happens, every switch is felt."""

import json
import random
from dataclasses import is_dataclass, replace
from itertools import chain

import pytest
from explicit import explore
from worlds import EACH_TIME, template_of

from model.action import SCHEMAS
from model.clients import clients
from model.conversation import converse
from model.design import Configuration, parse
from model.logic import all_of, any_of, same
from model.machine import Machine
from model.messages import Message, term_fields
from model.named_designs import NAMED_DESIGNS
from model.protocols import actions
from model.scenario import load, mutation_names, names
from model.switches import CAPABILITIES, SWITCHES
from model.world import ATTACKER
from model.world_file import WORLDS
from properties.engine import Answer
from properties.minisat import MiniSat
from properties.security import PROPERTIES
from properties.verdict import WorldChecker

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


def undecided(world):
    """The world with nothing that its parties have for themselves, which a configuration may set anew."""
    return replace(world, parties=tuple(replace(party, client_class="", policy=()) for party in world.parties))


@pytest.mark.parametrize("name", EACH_TIME)
def test_every_action_of_a_world_happens_in_some_configuration(name, clauses):
    """Each action is part of a run that honest parties' rules allow, and the machine follows that run."""
    made = clauses(undecided(WORLDS[name]), 3)
    happens = {
        action: made.any_of([fired.literal for fired in made.laid.fired if fired.firing.action.name == action])
        for action in {firing.action.name for firing in made.template.firings}
    }
    seen: set[str] = set()
    for action, literal in happens.items():
        if action not in seen:
            assert made.solver.check([literal, *made.enforced]) is Answer.SAT, f"{action} never happens"
            steps = made.run()
            Machine(made.configuration(), made.world).replay(steps)
            seen |= {step.action for step in steps}
    assert seen == happens.keys()


@pytest.mark.parametrize("name", WORLDS)
def test_no_action_is_made_for_somebody_for_whom_it_is_nothing(name):
    """Of an action, what can go in a world for one session, grant or party, and matter, can for each it is made for."""
    world = undecided(WORLDS[name])
    able = {firing.action.name for firing in template_of(world).firings}
    made: dict[str, set[str]] = {}
    for action in actions(world):
        made.setdefault(action.schema.name, set()).add(action.name)
    assert not {schema: names - able for schema, names in made.items() if not (names <= able or names.isdisjoint(able))}


def test_every_action_belongs_to_a_world_that_verdicts_are_about():
    """No action is written that no verdict takes into account."""
    taken = {firing.action.schema.name for world in WORLDS.values() for firing in template_of(world).firings}
    assert taken == set(SCHEMAS)
    assert {action.schema.name for world in WORLDS.values() for action in actions(world)} == set(SCHEMAS)


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_is_decided_either_way_somewhere(name, witnesses, reach):
    """Its event happens under some configuration, and under another it cannot though something there could bring it."""
    prop, happening = witnesses["event"][name]
    other, excluded = witnesses["no_event"][name]
    assert prop == other == PROPERTIES[name]
    assert reach(prop, happening)
    assert not reach(prop, excluded)
    assert reach.within(prop, excluded, ()), "no rule keeps it out"


# --- what a design and an attacker consist of --------------------------------------------------------------


def _with(configuration, name, value):
    return replace(configuration, design=configuration.design.but(**{name: value}))


def _felt(reach, prop, configuration, name, value):
    """Whether a question is answered differently with this value and with the baseline."""
    baseline = _with(configuration, name, SWITCHES[name].baseline)
    return reach(prop, _with(configuration, name, value)) != reach(prop, baseline)


def _felt_in_conversation(client, scenario, name, value):
    """Whether a client would do something else in a scenario with this value than with the baseline."""
    design, told = clients()[client].design, load(scenario)
    ends = [converse(design.but(**{name: chosen}), told) for chosen in (value, SWITCHES[name].baseline)]
    return len({(end.stage, end.sent, end.urls, end.fetched) for end in ends}) > 1


#: Those of resource servers that are driven are felt there (``tests/conformance/test_resource_servers.py``).
VALUES = [
    f"{switch.name}={value}" for switch in SWITCHES.values() for value in switch.values[1:] if switch.kind != "serving"
]

#: Mutants that take these for the baseline live through all other quick tests.
MUTATED = ("as_choice=known", "cimd_fetch=follow", "md_corroborate=unless_iss", "r_requires_dpop=yes")

#: Those that are asked each time; `make slow` asks all of them.
OFTEN = {*random.Random(0).sample(VALUES, 100), *MUTATED}


@pytest.mark.parametrize(
    "pair", [pair if pair in OFTEN else pytest.param(pair, marks=pytest.mark.slow) for pair in VALUES]
)
def test_every_value_of_every_switch_is_felt(pair, witnesses, talks, reach, exceptions):
    """Each value differs from its baseline in some verdict or conversation, or is listed with a reason."""
    name, _, value = pair.partition("=")
    if pair in witnesses["value"]:
        assert _felt(reach, *witnesses["value"][pair], name, value)
    elif pair in talks:
        assert _felt_in_conversation(*talks[pair], name, value)
    else:
        where = "witnesses.csv (a question it changes), talks.csv (a conversation) or exceptions.toml (why nothing)"
        assert exceptions["no_effect"].get(pair, "").strip(), f"a line in one of {where}"


def test_what_is_listed_exists_and_is_listed_once(witnesses, talks, exceptions):
    """No value, capability or field is said to have an effect, or none, that is none, or that is listed elsewhere."""
    felt, without = witnesses["value"].keys() | talks.keys(), exceptions["no_effect"].keys()
    assert felt | without == set(VALUES)
    assert not felt & without
    assert not witnesses["value"].keys() & talks.keys()
    assert witnesses["field"].keys() | exceptions["known_anyhow"].keys() == set(TERMS)
    assert not witnesses["field"].keys() & exceptions["known_anyhow"].keys()


def test_values_listed_without_effect_have_none(rows, near_misses, witnesses, reach, exceptions, sample):
    """What is listed as having no effect changes no known question, none of a random sample, and no conversation."""
    rng = random.Random(3)
    questions = [(row.prop, row.configuration) for row in rows if row.covered] + list(near_misses)
    questions += [question for of_kind in witnesses.values() for question in of_kind.values()]
    questions += [(PROPERTIES[rng.choice(SECURITY)], sample(rng)) for _ in range(60)]
    scenarios = (*names(), *mutation_names())
    for pair in exceptions["no_effect"]:
        name, _, value = pair.partition("=")
        wrong = [(p.code, str(c)) for p, c in questions if _felt(reach, p, c, name, value)]
        assert not wrong, (pair, wrong[:3])
        assert not any(_felt_in_conversation(client, told, name, value) for client in clients() for told in scenarios)


@pytest.mark.parametrize("name", CAPABILITIES)
def test_every_capability_is_felt(name, witnesses, reach):
    """Each capability makes an attack possible that is not without it."""
    prop, configuration = witnesses["capability"][name]
    assert reach(prop, configuration)
    assert not reach(prop, replace(configuration, capabilities=configuration.capabilities - {name}))


def _messages(kind):
    """A kind of message and those that extend it."""
    return [kind, *(more for child in kind.__subclasses__() for more in _messages(child))]


def _own_terms(kind):
    return {name for name, _ in term_fields(kind)} - {name for base in kind.__bases__ for name in _inherited(base)}


def _inherited(base):
    return [name for name, _ in term_fields(base)] if is_dataclass(base) else []


#: The fields of messages that hold something to be learned, each by the message that brings it in.
TERMS = {f"{kind.__name__}.{name}": (kind, name) for kind in _messages(Message) for name in sorted(_own_terms(kind))}


@pytest.mark.parametrize(
    "field", [pytest.param(field, marks=pytest.mark.slow if number % 3 else ()) for number, field in enumerate(TERMS)]
)
def test_every_term_of_a_message_is_felt(field, witnesses, reach, exceptions, monkeypatch):
    """Whatever a message can tell the attacker makes some attack possible, or is listed with why it is known anyhow."""
    if field in exceptions["known_anyhow"]:
        assert exceptions["known_anyhow"][field].strip()
        return
    prop, configuration = witnesses["field"][field]
    assert reach(prop, configuration)
    kind, unsaid = TERMS[field]

    def others(message):
        unread = issubclass(message if isinstance(message, type) else type(message), kind)
        return ((name, of) for name, of in term_fields(message) if not (unread and name == unsaid))

    monkeypatch.setattr("model.messages.term_fields", others)
    world = prop.world_of(configuration)
    alone = WorldChecker(world, (prop, configuration), solver=MiniSat)
    assert alone.happens(prop, configuration).answer is Answer.UNSAT


# --- how many states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [200, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_numbers_of_reachable_states(most, pins, small_worlds):
    """Small worlds have as many reachable states, and are as deep, as pinned; a failure prints the lines to pin."""
    pinned = [pin for pin in pins["states"] if pin["states"] <= most]
    counted = [
        {**pin, "states": found.states, "depth": found.depth}
        for pin in pinned
        for found in [explore(parse(pin["config"]), small_worlds[pin["world"]], ())]
    ]
    lines = [["[[states]]", *(f"{key} = {json.dumps(value)}" for key, value in each.items()), ""] for each in counted]
    assert counted == pinned, "\n".join(["", *chain.from_iterable(lines)])
