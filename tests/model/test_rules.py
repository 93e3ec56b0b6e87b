"""Rules, actions and state: everything has a name, a meaning and a place it comes from."""

import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

from model import client
from model.action import SCHEMAS
from model.design import Design
from model.protocols import actions, every_rule, variables
from model.rule import DECIDES, rule
from model.switches import SWITCHES
from model.trust import trust_graph
from model.world_file import WORLDS
from properties.security import PROPERTIES

RULES = every_rule()

MODEL = Path(__file__).parents[2] / "model"
ACTORS = ("client", "authorization_server", "resource_server", "agent", "person_server", "proxy", "proxy_rules")


def is_whole(name):
    """Whether a rule is named as it should be, and says what is asked of it."""
    rule, named = RULES[name], re.fullmatch(rf"({'|'.join(ACTORS)})\.[a-z_0-9]+", name)
    cited = rule.ids and all(id_.strip() == id_ != "" for id_ in rule.ids)
    return bool(named and rule.name == name and rule.requirement.endswith(".") and cited and rule.source)


def test_rules_have_a_requirement_ids_and_a_source():
    """A rule is named actor.function, says what it requires, which rules of the catalogue it is, and where from."""
    assert [name for name in RULES if not is_whole(name)] == []


#: What a party does only if it is willing or able to at all, whatever it meets.
WILLING = {
    "client.other_challenge_is_heeded", "client.scope_is_stepped_up",
    "authorization_server.sub_agent_is_attested",
}  # fmt: skip


def test_rules_decide_about_what_is_met():
    """A switch chooses among rules; by itself it decides only what a party does at all."""
    assert {name for name in DECIDES if list(signature(DECIDES[name]).parameters) == ["design"]} == WILLING


def test_rule_names_are_taken_once():
    """A second rule of the same name is an error."""
    first = next(name for name in RULES if name.startswith("client.")).partition(".")[2]

    def double(design):
        """Again."""

    double.__name__, double.__module__ = first, "model.client"
    with pytest.raises(ValueError, match=f"two rules named client.{first}"):
        rule("X", source="nowhere")(double)


def is_said(name):
    """Whether an action is named by its actor, and says what it does and where in the flow."""
    schema, named = SCHEMAS[name], re.fullmatch(rf"({'|'.join((*ACTORS, 'attacker'))})\.[a-z_0-9]+", name)
    whose = schema.honest != name.startswith("attacker.")
    return bool(named and schema.meaning.endswith(".") and re.fullmatch(r"S\d+", schema.step) and whose)


def test_actions_say_who_does_what_at_which_step():
    """An action is named by its actor, has a meaning and a step, and is honest or the attacker's."""
    assert [name for name in SCHEMAS if not is_said(name)] == []


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_names_in_a_world_are_unique(world):
    """Actions and variables have one name each, domains have no value twice and start with the initial one."""
    names = [action.name for action in actions(world)]
    assert len(names) == len(set(names))
    declared = variables(world)
    assert len({variable.name for variable in declared}) == len(declared)
    for variable in declared:
        assert len(variable.domain) == len(set(variable.domain)) >= 1
        assert variable.meaning


def test_worlds_agree_with_their_trust_graph():
    """Honest resources designate and trust the AS that they say, and one of the attacker's designates every AS."""
    for world in WORLDS.values():
        graph = trust_graph(world)
        for party in world.resource_servers:
            assert graph.nodes[party.url]["honest"] == party.honest
            relations = {(target, data["relation"]) for _, target, data in graph.out_edges(party.url, data=True)}
            said = party.designates if party.honest else [server.name for server in world.servers]
            assert {target for target, relation in relations if relation == "designates"} == {
                world.by_name[name].url for name in said
            }
            trusted = party.trusts if party.honest else ()
            assert {target for target, relation in relations if relation == "trusts"} == {
                world.by_name[name].url for name in trusted
            }


def test_properties_have_one_code_and_one_name_each():
    """Codes are two letters and unique; each property is said to be violated or reached in some world."""
    codes = [prop.code for prop in PROPERTIES.values()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch("[A-Z]{2}", code) for code in codes)
    assert all(prop.name == name and prop.meaning.endswith(".") for name, prop in PROPERTIES.items())
    assert all(any(prop.defined(world) for world in WORLDS.values()) for prop in PROPERTIES.values())


@pytest.mark.parametrize(
    ("wanted", "advertised", "allowed"),
    [
        ("none", False, True),
        ("authz_endpoint", True, False),
        ("unless_iss", True, True),
        ("unless_iss", False, False),
        ("token_endpoint", False, True),
    ],
)
def test_an_endpoint_elsewhere_is_used_by_who_does_not_compare_it_or_relies_on_iss(wanted, advertised, allowed):
    """At the origin of the issuer everybody uses it."""
    design, rule = Design({"md_corroborate": wanted}), client.authorization_endpoint_is_corroborated
    assert rule(design, "https://as.example", "https://evil.example/authorize", advertised).holds is allowed
    assert rule(design, "https://as.example", "https://as.example/authorize", advertised).holds is True


def test_every_switch_is_read_somewhere():
    """No switch is offered that nothing in the model looks at, but for those listed here with the reason."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in MODEL.rglob("*.py"))
    reads = r"(?:design|policy|c\.of\([^()]*(?:\([^()]*\))?[^()]*\)|c\.client\(\w+\)|of\(\w+(?:\.\w+)?\))"
    unread = {name for name in SWITCHES if not re.search(rf"{reads}\.{name}\b|otherwise=\"{name}\"", text)}
    assert unread == UNREAD.keys()


UNREAD = {
    "https_only": "plain-HTTP fetches matter on a hostile network only, which rs_scheme_check is about",
    "host_app": "worlds say of which party it decides whether that exists",
    "host_registered": "worlds say of which resource it decides whether an AS has it on its list",
    "protocol": "it says which world a verdict is about, and no rule of that world asks again",
}


def loaded_by(statement):
    """What an interpreter has loaded after a statement."""
    code = f"{statement}; import sys; print(*sorted(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_model_imports_no_solver_and_no_simulator():
    """The rules can be read, imported and run without any engine that uses them."""
    foreign = re.compile(
        r"^\s*(?:from|import)\s+(z3|simpy|pandas|scipy|properties|deployed|simulations|openworld)\b", re.M
    )
    assert not {path.name: found for path in MODEL.rglob("*.py") if (found := foreign.findall(path.read_text("utf-8")))}


def test_importing_the_machine_is_cheap():
    """The machine comes up with the standard library alone; graphs and arrays are loaded where they are used."""
    loaded = loaded_by("import model.machine, model.trace, model.flow, model.attacker")
    heavy = {"z3", "simpy", "numpy", "networkx", "pandas", "scipy", "matplotlib"}
    above = {"properties", "deployed", "simulations"}
    assert not (heavy | above) & loaded


def test_verdicts_load_the_solver_and_little_else():
    """Asking for a verdict does not load what only figures and simulations need."""
    assert not {"simpy", "numpy", "networkx", "pandas", "matplotlib"} & loaded_by("import properties.verdict")
