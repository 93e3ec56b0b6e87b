"""The quality of counterexamples: shortest, free of noise, portable, and refused when they are not what they say."""

import json
import random

import pytest

import properties.shortest
from model.design import parse
from model.machine import Machine, NotEnabledError, Step
from model.trace import FORMAT, Trace, TraceError, from_json
from model.world_file import WORLDS
from properties.security import PROPERTIES, find
from properties.shortest import ReplayError
from properties.verdict import check


@pytest.fixture(scope="module")
def traces(rows, checker):
    """The traces of a sample of attacks, at least one for each property that the expected rows violate."""
    attacks = [row for row in rows if row.covered and row.prop.kind == "security" and row.expected == "attack"]
    chosen = random.Random(0).sample(attacks, 4)
    chosen += [next(row for row in attacks if row.code == code) for code in sorted({row.code for row in attacks})]
    found = {row.id: checker.verdict(row.prop, row.configuration).trace for row in chosen}
    return {id_: trace for id_, trace in found.items() if trace.steps}


def shows(trace, steps):
    """Whether these steps run and end in the event that the trace is said to show."""
    machine = Machine(trace.configuration, trace.world)
    try:
        last = machine.replay(tuple(steps))[-1]
    except NotEnabledError:
        return False
    return bool(PROPERTIES[trace.shows].event(machine.context(machine.view(last))))


def fewest(configuration, world, prop):
    """By search: the fewest steps to the event, and the fewest attacker steps among runs of that length."""
    machine = Machine(configuration, world)
    frontier, seen, depth = {machine.initial: 0}, {machine.initial}, 0
    while frontier:
        ends = [cost for state, cost in frontier.items() if prop.event(machine.context(machine.view(state)))]
        if ends:
            return depth, min(ends)
        following: dict = {}
        for state, cost in frontier.items():
            for step, after in machine.moves(state):
                if after not in seen:
                    more = cost + step.action.startswith("attacker.")
                    following[after] = min(more, following.get(after, more))
        seen.update(following)
        frontier, depth = following, depth + 1
    return None


# --- shortest and free of noise ----------------------------------------------------------------------------


def test_traces_show_what_they_say(traces):
    """Replayed on the machine, every trace ends in the event it is about, and not before its last step."""
    assert len(traces) >= 15
    for trace in traces.values():
        assert shows(trace, trace.steps)
        assert not shows(trace, trace.steps[:-1])


def test_traces_are_free_of_noise(traces):
    """Without any one of its steps, a trace no longer runs or no longer ends in the event."""
    for id_, trace in traces.items():
        for left_out in range(len(trace.steps)):
            assert not shows(trace, trace.steps[:left_out] + trace.steps[left_out + 1 :]), (id_, left_out)


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    ("prop", "config"),
    [
        ("code_delivery", "cap=mal_as;iss_check=off"),
        ("code_delivery", "cap=mal_as+code_leak+lure;iss_check=off;pkce=off;pkce_as=lax"),
        ("authorization", "cap=mal_as;iss_check=off"),
        ("authorization", "cap=mal_rs;as_resource=ignore"),
        ("token_confinement", "cap=mal_tenant;prm=prefix;host_app=yes;warm=yes;optimistic=on"),
        ("discovery_integrity", "cap=hdr_inject+mal_as"),
        ("session_integrity", "cap=web;state=off;pkce=off;pkce_as=lax"),
    ],
)
def test_traces_are_shortest_with_the_fewest_attacker_steps(prop, config, small_worlds, reach_in):
    """No run is shorter, and none so short has the attacker do less, as plain search confirms."""
    world, configuration = small_worlds["solo"], parse(config)
    trace = reach_in(world).checker.verdict(prop, configuration).trace
    attackers = sum(step.action.startswith("attacker.") for step in trace.steps)
    assert (len(trace.steps), attackers) == fewest(configuration, world, find(prop))


# --- as data -----------------------------------------------------------------------------------------------


def test_traces_survive_json(traces):
    """Written as JSON text and read again, a trace is the same trace."""
    for trace in traces.values():
        assert from_json(json.dumps(trace.to_json())) == trace
        assert from_json(trace.to_json()) == trace
        assert trace.to_json()["format"] == FORMAT


def test_traces_as_itf(traces):
    """The ITF form names every variable in every state and every action taken, and is plain JSON."""
    for trace in traces.values():
        itf = json.loads(json.dumps(trace.to_itf()))
        assert itf["#meta"]["format"] == "ITF"
        assert trace.shows in itf["#meta"]["description"]
        assert len(itf["states"]) == len(trace.steps) + 1
        assert itf["states"][0]["mbt::actionTaken"] == "init"
        for index, state in enumerate(itf["states"]):
            assert state["#meta"]["index"] == index
            assert set(state) - {"#meta"} == set(itf["vars"])
        taken = [state["mbt::actionTaken"] for state in itf["states"][1:]]
        assert [name.split(" ")[0] for name in taken] == [step.action for step in trace.steps]


def _trace():
    return check("code_delivery", parse("cap=mal_as;iss_check=off")).trace.to_json()


def _without_step(data):
    data["steps"].pop(2)


def _other_choice(data):
    data["steps"][0]["choices"]["url"] = "https://elsewhere.example/"


def _unknown_action(data):
    data["steps"][1]["action"] = "client.wave"


def _other_configuration(data):
    data["configuration"] = "cap=mal_as"


def _unknown_switch(data):
    data["configuration"] = "cap=mal_as;iss_chek=off"


def _unknown_world(data):
    data["world"] = "elsewhere"


def _other_version(data):
    data["version"] = 2


def _other_format(data):
    data["format"] = "travelogue"


def _no_steps(data):
    del data["steps"]


def _steps_are_words(data):
    data["steps"] = ["walk"]


@pytest.mark.sampled(10)
@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (_without_step, "not possible here"),
        (_other_choice, "elsewhere.example"),
        (_unknown_action, "client.wave"),
        (_other_configuration, "refused by"),
        (_unknown_switch, "iss_chek"),
        (_unknown_world, "elsewhere"),
        (_other_version, "version"),
        (_other_format, "travelogue"),
        (_no_steps, "steps"),
        (_steps_are_words, "not a trace"),
    ],
)
def test_tampered_traces_are_refused_with_the_reason(tamper, says):
    """A trace that was changed does not load, and the message says what is wrong with it."""
    data = _trace()
    tamper(data)
    with pytest.raises(TraceError, match=says):
        from_json(data)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "42", '"trace"', "{}"])
def test_what_is_no_trace_is_refused(text):
    """Anything that is not a trace ends in the one documented error."""
    with pytest.raises(TraceError):
        from_json(text)


# --- when the machine does not confirm ---------------------------------------------------------------------


def test_a_run_the_machine_refuses_is_never_a_verdict(monkeypatch):
    """If a step of the solver's run cannot be taken on the machine, the check fails loudly."""

    def refuse(self, steps, start=None):
        raise NotEnabledError("no such thing")

    monkeypatch.setattr(Machine, "replay", refuse)
    with pytest.raises(ReplayError, match=r"internal error.*no such thing"):
        check("code_delivery", parse("cap=mal_as;iss_check=off"))


def test_a_run_without_the_event_is_never_a_verdict(monkeypatch):
    """If the machine takes the run but the event does not happen there, the check fails loudly."""
    replay = Machine.replay
    monkeypatch.setattr(Machine, "replay", lambda self, steps, start=None: replay(self, (), start))
    with pytest.raises(ReplayError, match="without the event"):
        check("code_delivery", parse("cap=mal_as;iss_check=off"))


def test_confirm_looks_at_the_trace_it_is_given():
    """Confirming a run of somebody else's making works without a solver, and refuses one that shows nothing."""
    prop, configuration = find("code_delivery"), parse("cap=mal_as;iss_check=off")
    trace = check(prop, configuration).trace
    properties.shortest.confirm(trace, prop)
    world = WORLDS["default"]
    with pytest.raises(ReplayError, match="code_delivery"):
        properties.shortest.confirm(Trace(world, configuration, prop.name, trace.steps[:-1]), prop)
    with pytest.raises(ReplayError, match=r"client\.wave"):
        properties.shortest.confirm(Trace(world, configuration, prop.name, (Step("client.wave"),)), prop)
