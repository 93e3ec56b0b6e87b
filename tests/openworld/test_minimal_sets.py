"""The lattice and the differences on the command line."""

import json

from click.testing import CliRunner

from openworld.cli import main
from openworld.minimal_sets import SetsAsked, SetsFound, ask, lines
from properties.designs import MECHANISMS, Answers


def test_suffice_lists_minimal_sets_and_deployments() -> None:
    """Minimal sets, what they leave usable, and the maximal sets that still leave an attack, as data."""
    asked = ["list", "designs", "--suffice", "token_confinement", "--against", "mal_rs", "--usable", "--format", "json"]
    ran = CliRunner().invoke(main, asked)
    assert ran.exit_code == 0, ran.output
    data = json.loads(ran.stdout)
    sets = {tuple(each["mechanisms"]): each["usable_in"] for each in data["sufficient"]}
    assert "multi_path_api" not in sets["audience_check", "exact_resource_match", "resource_indicator", "state_check"]
    assert "multi_path_api" in sets["dpop", "dpop_url_check", "state_check"]
    assert data["insufficient"]


def test_suffice_tells_want_of_an_attack_from_want_of_a_mechanism() -> None:
    """Where nothing can violate a property no mechanism is needed, which is not for the design's merit."""
    asked = ["list", "designs", "--suffice", "session_integrity", "--against", "token_leak", "--fix", "world=mixup"]
    shown = CliRunner().invoke(main, asked)
    assert "not in this world: no mechanism is needed because nothing here can violate it" in shown.output
    assert json.loads(CliRunner().invoke(main, [*asked, "--format", "json"]).stdout)["not_in_this_world"] == [
        "session_integrity"
    ]
    both = CliRunner().invoke(main, ["list", "designs", "--suffice", "client_identity,SC", "--against", "proof_leak"])
    assert "not in this world, whatever mechanisms are on: client_identity\n" in both.output
    assert "nothing is needed" not in both.output


def test_sets_are_told_as_they_are_found() -> None:
    """Every set of the answer, in whichever order they are found."""
    told = list[str]()
    asked = SetsAsked(("token_confinement",), frozenset({"mal_rs"}), {}, False, (), False)
    answers = ask(asked, told.append).answers
    assert {f"enough: {', '.join(sorted(each))}" for each in answers.sufficient} == {
        line for line in told if line.startswith("enough: ")
    }
    assert len(told) == len(answers.sufficient) + len(answers.insufficient)


def test_suffice_names_an_unknown_mechanism() -> None:
    """A mechanism that does not exist is one line with what does, exit code 2."""
    ran = CliRunner().invoke(main, ["list", "designs", "--suffice", "TC", "--without", "magic"])
    assert ran.exit_code == 2
    assert "magic" in ran.output
    assert "exact_resource_match" in ran.output


def test_suffice_names_an_unknown_property() -> None:
    """A property that does not exist is one line, exit code 2."""
    ran = CliRunner().invoke(main, ["list", "designs", "--suffice", "XX", "--against", "mal_rs"])
    assert ran.exit_code == 2
    assert "unknown property 'XX'" in ran.output


def test_explain_names_change_and_rule() -> None:
    """Two configurations are told apart by the switch that matters and the rule that refuses."""
    stolen = "protocol=aauth;cap=proof_leak"
    second = f"{stolen};dpop_replay=none;resource_token_check=off"
    ran = CliRunner().invoke(main, ["diff", "--property", "SC", f"{stolen};dpop_replay=jti", second])
    assert ran.exit_code == 0, ran.output
    assert "dpop_replay: jti -> none" in ran.output
    assert "resource_token_check" not in ran.output.split("changed by")[1].split("also flips")[0]
    assert "resource_server.proof_is_fresh at step" in ran.output


def test_what_a_question_does_without_is_not_lacking() -> None:
    """A set lacks the mechanisms that it could have and has not."""
    first, second, *others = MECHANISMS
    answers = Answers((), (frozenset(others),), 1)
    asked = SetsAsked(("token_confinement",), frozenset({"mal_rs"}), {}, False, (first,), False)
    assert [*lines(asked, SetsFound(answers, {}))][-1].strip() == second
