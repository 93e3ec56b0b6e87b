"""The executable machine: it walks, refuses by name, and its honest run is written down."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from walks import refusals

from model.action import SwitchOwnerError
from model.design import parse
from model.machine import Machine, NotEnabledError, Step
from model.protocols import rules
from model.world_file import DEFAULT

RULES = rules()
CRM, ATTACKERS = (DEFAULT.by_name[name].url for name in ("crm", "tools"))

GOLDEN = Path(__file__).parent / "data" / "honest_run.txt"


def plainest(moves):
    """The one move there is, or of a client that may read a token response or not the one that reads it."""
    (move,) = [move for move in moves if dict(move[0].choices).get("reads", True)]
    return move


def honest_run(config="cap=none"):
    """The states and steps of the user's agent at the CRM, which at every point can do only one thing."""
    machine = Machine(parse(config))
    first = Step("client.request_resource[victim]", (("url", CRM),))
    state, steps = machine.step(machine.initial, first), [first]
    states = [machine.initial, state]
    while moves := list(machine.moves(state)):
        step, state = plainest(moves)
        steps.append(step)
        states.append(state)
    return machine, steps, states


def written(machine, steps, states):
    """A run as text: each step, its choices, and what it changed."""
    lines = []
    for step, (before, after) in zip(steps, pairwise(states), strict=True):
        lines.append(step.action)
        lines += [f"    with {name} = {value}" for name, value in step.choices]
        lines += [
            f"    {variable.name}: {old} -> {new}"
            for variable, old, new in zip(machine.variables, before, after, strict=True)
            if old != new
        ]
    return "\n".join(lines) + "\n"


def test_honest_run_is_as_written_down(on_file):
    """The honest run at the CRM, step by step, is the committed one (data/honest_run.txt)."""
    on_file(GOLDEN, written(*honest_run()))


def test_honest_run_ends_in_an_accepted_request():
    """At its end an honest resource server has acted on the request, and nobody else knows anything."""
    machine, steps, states = honest_run()
    view = machine.view(states[-1])
    assert view.session("victim").accepted
    assert not any(view[v.name] for v in machine.variables if v.name.startswith("knows."))
    assert machine.replay(tuple(steps)) == states
    assert not list(machine.moves(states[-1]))


@pytest.mark.parametrize(
    ("config", "refused_by"),
    [
        ("api=multi_path", "client.resource_matches_request"),
        ("h_iss=no;iss_check=require", "client.iss_matches_recorded_issuer"),
        ("as_resource=substitute;echo=req", "client.echo_confirms_request"),
        ("par=required;client_auth=pkjwt;as_dpop=ignore;dpop=token", "client.token_type_is_dpop"),
        ("r_requires_dpop=yes", "resource_server.scheme_is_acceptable"),
    ],
)
def test_honest_runs_that_stop_say_which_rule_stops_them(config, refused_by):
    """Where the honest run cannot go on, the machine names the rule that refuses the next step."""
    machine, _, states = honest_run(config)
    assert not machine.view(states[-1]).session("victim").accepted
    refused = [(step, rule) for step, rule in refusals(machine, states[-1]) if dict(step.choices).get("reads", True)]
    assert {rule.name for _, rule in refused} == {refused_by}


def test_a_refused_step_names_the_rule():
    """Taking a step that an honest party refuses is an error that names the rule."""
    machine, _, states = honest_run("api=multi_path")
    step, rule = refusals(machine, states[-1])[0]
    with pytest.raises(NotEnabledError, match=f"refused by {rule.name}"):
        machine.step(states[-1], step)


def test_an_unknown_action_is_refused():
    """An action that the world does not have is named, with the world."""
    machine = Machine(parse(""))
    with pytest.raises(NotEnabledError, match=r"no action 'client\.wave' in world default"):
        machine.step(machine.initial, Step("client.wave"))


def test_an_impossible_step_is_refused():
    """A step out of its place says where the run stands."""
    machine = Machine(parse(""))
    with pytest.raises(NotEnabledError, match="not possible here"):
        machine.step(machine.initial, Step("client.send_authorization_request[victim]"))
    with pytest.raises(NotEnabledError, match="not possible here"):
        machine.step(machine.initial, Step("client.request_resource[victim]", (("url", ATTACKERS),)))


def test_enabled_refused_and_possible_steps_fit_together():
    """Every way an action can go is either enabled or refused by a rule that exists, and steps do what moves say."""
    rng = random.Random(0)
    machine = Machine(parse("cap=mal_as+mal_rs+mal_tenant+lure;iss_check=off;par=on"))
    state = machine.initial
    while moves := list(machine.moves(state)):
        refused = refusals(machine, state)
        assert all(rule.name in RULES for _, rule in refused)
        assert not {step for step, _ in refused} & {step for step, _ in moves}
        step, after = rng.choice(moves)
        assert machine.step(state, step) == after
        state = after


def test_a_machine_remembers_nothing_wrong():
    """What a machine has learnt on other walks changes nothing: a fresh one makes the same moves everywhere."""
    configuration = parse("cap=mal_as+mal_rs+web+code_leak;iss_check=off;state=off;pkce=off;pkce_as=lax")
    old = Machine(configuration)
    for seed in range(3):
        rng, state = random.Random(seed), old.initial
        while moves := list(old.moves(state)):
            assert moves == list(Machine(configuration).moves(state))
            state = rng.choice(moves)[1]


def test_states_stay_within_the_declared_domains():
    """No action writes a value that its variable does not have, nor a variable that does not exist."""
    for seed in range(5):
        rng = random.Random(seed)
        machine = Machine(parse("cap=mal_as+mal_rs+mal_tenant+mal_toolkit+web+code_leak;iss_check=off;pkce=off"))
        state = machine.initial
        while moves := list(machine.moves(state)):
            state = rng.choice(moves)[1]
            for variable, value in zip(machine.variables, state, strict=True):
                assert value in variable.domain, variable.name
                assert type(value) is type(variable.initial)


def test_states_describe_themselves():
    """A state reads as what differs from the beginning."""
    machine, _, states = honest_run()
    assert machine.describe(machine.initial) == "nothing has happened yet"
    assert machine.describe(states[1]) == f"victim.phase = challenged\nvictim.url = {CRM}"
    assert machine.world == DEFAULT


def test_steps_print_as_they_are_read():
    """A step prints its action, and its choices where it has any."""
    assert str(Step("client.send_token[victim]")) == "client.send_token[victim]"
    assert str(Step("client.request_resource[victim]", (("url", CRM),))) == (
        f"client.request_resource[victim] {{'url': '{CRM}'}}"
    )


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (lambda c: c.design.iss_check, "switch 'iss_check' is of client, and is read of nobody alone"),
        (lambda c: c.of("as").iss_check, "'iss_check' is of client, and is read of authorization_server"),
        (lambda c: c.client("victim").token_fmt, "'token_fmt' is of resource_server, and is read of client"),
        (lambda c: c.among(c.world.parties, lambda party: True).prm, "'prm' is of client, and is read of"),
    ],
)
def test_a_switch_is_read_of_a_party_that_has_it(read, error):
    """What a role decides can be read of nobody else; what is about everybody can be read of anybody."""
    machine = Machine(parse("cap=none;client:iss_check=off;user=vigilant"))
    context = machine.context(machine.view(machine.initial))
    with pytest.raises(SwitchOwnerError, match=error):
        read(context)
    assert context.client("victim").iss_check == "off"
    assert context.design.user == context.client("victim").user == "vigilant"
