"""Configuration strings: what is written is what is read, and what cannot be read is named."""

import contextlib
import pickle
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import reading, switching
from model.design import Configuration, Design, parse
from model.model import oauth
from model.named_designs import DESIGN_NOTES, NAMED_DESIGNS
from model.protocols import variables
from model.state import transaction
from model.switches import CAPABILITIES, SWITCHES, ConfigurationError
from model.world import PROXY
from model.world_file import WORLDS

switch_values = st.fixed_dictionaries({}, optional={s.name: st.sampled_from(s.values) for s in SWITCHES.values()})
capability_sets = st.frozensets(st.sampled_from(list(CAPABILITIES)))
configurations = st.builds(Configuration, switch_values.map(Design), capability_sets)


@given(configurations)
def test_configurations_survive_being_written(configuration):
    """Printed and read again, a configuration is the same one, and prints the same."""
    assert parse(str(configuration)) == configuration
    assert str(parse(str(configuration))) == str(configuration)


@given(switch_values, capability_sets, st.randoms())
def test_order_and_spaces_do_not_matter(values, capabilities, rng):
    """Pairs come in any order, with any spaces around them, and so do capabilities."""
    names = list(capabilities)
    rng.shuffle(names)
    pairs = [f" {key} = {value} " for key, value in values.items()] + [f"cap={'+'.join(names) or 'none'}", ""]
    rng.shuffle(pairs)
    assert parse(";".join(pairs)) == Configuration(Design(values), capabilities)


@given(switch_values)
def test_unlisted_switches_are_at_the_baseline(values):
    """A design has a value for every switch, and knows which it changes."""
    design = Design(values)
    assert set(design) == set(SWITCHES)
    assert all(design[name] == values.get(name, switch.baseline) for name, switch in SWITCHES.items())
    assert design.changes() == {n: v for n, v in design.items() if v != SWITCHES[n].baseline}


@given(switch_values, switch_values)
def test_designs_compare_hash_and_pickle_by_value(values, changes):
    """Two designs with the same values are one and the same to dictionaries, processes and callers."""
    design = Design(values)
    assert design == Design(dict(design))
    assert hash(design) == hash(Design(dict(design)))
    assert pickle.loads(pickle.dumps(design)) == design
    assert design.but(**changes) == Design({**values, **changes})
    assert all(getattr(design, name) == design[name] for name in SWITCHES)


def test_nothing_listed_is_the_baseline_without_an_attacker():
    """The empty string is the baseline."""
    assert parse("") == Configuration(Design(), frozenset())
    assert str(parse("")) == "cap=none"


@pytest.mark.parametrize("name", NAMED_DESIGNS)
def test_named_designs_can_be_read_and_are_described(name):
    """Each stored design is valid, has a note with a source, and later pairs override it."""
    stored = parse(f"design={name}")
    assert stored == parse(NAMED_DESIGNS[name])
    note, source = DESIGN_NOTES[name]
    assert note
    assert source
    assert parse(f"cap=mal_as;h_iss=no;design={name}").design == stored.design.but(h_iss="no")
    assert parse(f"design={name};cap=mal_as").capabilities == {"mal_as"}


def test_designs_of_ones_own():
    """Stored designs may be the caller's."""
    mine = oauth().but(designs={"mine": "pkce=off;par=on"})
    assert parse("design=mine;pkce=plain", mine).design == Design({"pkce": "plain", "par": "on"}, model=mine)


@pytest.mark.parametrize(
    ("text", "culprit", "allowed"),
    [
        ("iss_chek=off", "iss_chek", "did you mean 'iss_check'"),
        ("colour=red", "colour", "allowed: "),
        ("iss_check=maybe", "iss_check", "advertised, off, if_present, require"),
        ("pkce=S256", "S256", "s256, off, plain"),
        ("cap=mal_tennant", "mal_tennant", "did you mean 'mal_tenant'"),
        ("cap=mal_as+", "''", "mal_as"),
        ("cap=none+mal_as", "none", "mal_rs"),
        ("cap=mal_as+mal_as", "mal_as", "twice"),
        ("cap=mal_as;cap=mal_rs", "cap", "twice"),
        ("pkce=off;pkce=off", "pkce", "twice"),
        ("pkce", "pkce", "key=value"),
        ("pkce=", "pkce=", "key=value"),
        ("=off", "=off", "key=value"),
        ("as:=off", "''", "allowed: "),
        ("design=mpc", "mpc", "did you mean 'mcp'"),
        ("design=mcp;design=fapi2", "design", "twice"),
    ],
)
def test_errors_name_the_culprit_and_what_is_allowed(text, culprit, allowed):
    """Nothing is silently replaced: the message says which word is wrong and what could stand there."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert culprit in str(caught.value)
    assert allowed in str(caught.value)


@given(st.sampled_from(list(SWITCHES)), st.text(min_size=1).filter(lambda text: not set(text) & set(";=")))
def test_any_value_a_switch_does_not_have_is_refused(name, value):
    """The message names the switch and lists every value it has."""
    if value.strip() in SWITCHES[name].values:
        return
    with pytest.raises(ConfigurationError) as caught:
        parse(f"{name}={value}")
    if value.strip():
        assert repr(name) in str(caught.value)
        assert all(known in str(caught.value) for known in SWITCHES[name].values)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    """Whatever is given, the outcome is a configuration or the one documented error."""
    with contextlib.suppress(ConfigurationError):
        assert parse(text) == parse(str(parse(text)))


def test_unknown_switches_have_no_attribute():
    """A misspelt switch in a rule fails instead of reading as off."""
    with pytest.raises(AttributeError, match="iss_chek"):
        _ = Design().iss_chek
    with pytest.raises(ConfigurationError, match="iss_chek"):
        Design().but(iss_chek="off")


def test_every_switch_is_a_choice_with_a_source():
    """At least two values, no value twice, a meaning and the section it takes up."""
    for switch in SWITCHES.values():
        assert len(switch.values) == len(set(switch.values)) >= 2
        assert switch.meaning
        assert switch.source
    assert all(CAPABILITIES.values())
    assert not CAPABILITIES.keys() & SWITCHES.keys()


def test_type_checkers_know_every_switch(on_file):
    """A switch that is misspelt in a rule is an error of mypy."""
    stub = Path(switching.__file__).with_suffix(".pyi")
    head, _, rest = stub.read_text(encoding="utf-8").partition("    model: Model\n")
    tail = rest[rest.index("\n\n") :] if "\n\n" in rest else "\n"
    on_file(stub, f"{head}    model: Model\n" + "\n".join(f"    {name}: V_co" for name in SWITCHES) + tail)


def test_type_checkers_know_every_variable(on_file):
    """A variable of a session or a grant that is misspelt in a step is an error of mypy."""
    found: dict[str, dict[str, str]] = {"SessionState": {}, "GrantState": {}}
    for world in WORLDS.values():
        grants, sessions = [*world.grant, *map(transaction, world.of(PROXY))], list(world.session)
        for variable, (kind, names) in product(variables(world), zip(found, (sessions, grants), strict=True)):
            for field in (variable.name.removeprefix(f"{name}.") for name in names):
                if field != variable.name and field.isidentifier():
                    found[kind][field] = "Condition" if {*map(type, variable.domain)} == {bool} else "Value"
    stub = Path(reading.__file__).with_suffix(".pyi")
    made = stub.read_text(encoding="utf-8")
    for kind, fields in found.items():
        said = "\n".join(f"    {name}: {type_}" for name, type_ in fields.items())
        made = re.sub(rf"class {kind}\(Reading\):\n(    \w+: \w+\n)*", f"class {kind}(Reading):\n{said}\n", made)
    on_file(stub, made)
