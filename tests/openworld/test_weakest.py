"""`openworld assume`: what has to be assumed of others, in words and as data."""

import json

import pytest
from click.testing import CliRunner
from refused import refused

from openworld import weakest
from openworld.cli import main
from openworld.tables import environments
from properties.monotone import NoAnswerError


def run(*arguments: str):
    return CliRunner().invoke(main, ["assume", *arguments])


@pytest.mark.slow
def test_an_assumption_is_told_with_what_it_keeps_out() -> None:
    """MCP keeps codes from a malicious AS if the honest one sends iss."""
    ran = run("code_delivery", "design=mcp", "--against", "mal_as")
    assert ran.exit_code == 0
    lines = ran.output.splitlines()
    assert "verdict     holds if" in lines
    for said, assumed in (
        ("verdict     holds if", ["h_iss=yes", "AS sends iss"]),
        ("an attack where", ["h_iss=no", "AS sends no iss"]),
    ):
        after = lines.index(said) + 1
        assert [line.strip() for line in lines[after : after + 2]] == assumed


@pytest.mark.slow
def test_environments_are_told_as_they_are_found() -> None:
    """Each that the answer has, before there is an answer."""
    told = list[str]()
    (found,) = weakest.ask("CD", "design=mcp", frozenset({"mal_as"}), told=told.append)
    assert {f"code_delivery: no run where {weakest.written(each)}" for each in found.sets} <= {*told}
    assert "code_delivery: a run where h_iss=no" in {line.partition(";")[0] for line in told}


@pytest.mark.slow
def test_what_needs_no_assumption_and_what_none_helps_say_so() -> None:
    """Whatever others do, in no environment, nothing here: each in words of its own."""
    output = run("FS,AA,CA", "design=mcp", "--against", "mal_as").output
    assert "verdict     holds whatever others do" in output
    assert "verdict     holds in no environment in which honest parties can finish" in output
    assert "verdict     nothing in this world could violate it, or nobody can use the design" in output


def test_what_honest_parties_reach_is_told_by_where_they_do() -> None:
    """A federation costs first contact where there is no common anchor; the attacker is not asked."""
    ran = run("first_contact", "design=federated", "--against", "mal_as", "--format", "json")
    (found,) = json.loads(ran.stdout)
    assert found["holds"] == "if"
    assert {"anchored": ["meant", "yes"]} in found["if_all_of"]
    assert {"as_resource": ["honor", "add", "reject_unknown"], "default_audience": ["accept"]} in found["if_all_of"]
    assert {"api": ["multi_path"]} in found["not_where"]


def test_what_the_configuration_names_is_no_assumption() -> None:
    """A switch of the environment that is given is not left open."""
    (found,) = json.loads(run("CD", "design=mcp;h_iss=yes", "--against", "mal_as", "--format", "json").stdout)
    assert found["holds"] == "always"
    assert "h_iss" not in found["open"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("XX", "design=mcp"), "unknown property 'XX'"),
        (("CD", "design=mpc"), "unknown design 'mpc'"),
        (("CD", "design=mcp", "--against", "mal_ass"), "mal_ass"),
        (("CD", "design=mcp;as2:h_iss=no"), "as2"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    """Who is wrong is told what is wrong."""
    assert said in refused(run(*arguments))


def test_where_nobody_knows_the_answer_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    """An enumeration without an answer is no assumption."""

    def nobody_knows(*_):
        raise NoAnswerError("no answer about code_delivery: out of time")

    monkeypatch.setattr("properties.assume.Assumptions.weakest", nobody_knows)
    ran = run("CD", "design=mcp", "--against", "mal_as")
    assert (ran.exit_code, ran.stderr) == (3, "openworld: no answer about code_delivery: out of time\n")


@pytest.mark.slow
def test_a_design_is_judged_in_the_kindest_environment_in_that_of_products_and_in_any() -> None:
    """One row for each property, and a cell that tells what becomes of it."""
    rows = environments.of_design("mcp", ["code_delivery", "as_acceptance", "first_contact"])
    told = {row["code"]: (row["verdict"], row["products"], row["whatever"]) for row in rows}
    assert told["CD"] == ("safe", "attack", "if")
    assert told["AA"] == ("attack", "attack", "never")
    assert told["FC"] == ("reached", "reached", "if")
    (line,) = environments.lines(rows)
    delivery, acceptance = line["cells"]["code_delivery"], line["cells"]["as_acceptance"]
    assert (delivery["sign"], delivery["products"], delivery["sets"]) == ("if", "✗ 7", [("AS sends iss", "h_iss=yes")])
    assert (acceptance["sign"], acceptance["look"], acceptance["sets"]) == ("✗ 4", "attack", [])


def test_the_time_for_a_question_is_kept() -> None:
    """An enumeration that is given no time has no answer, and says so."""
    ran = run("AZ", "design=mcp", "--against", "mal_as+mal_rs", "--timeout", "0.001")
    assert ran.exit_code == 3
    assert ran.stderr.startswith("openworld: no answer about authorization: ")


@pytest.mark.slow
def test_what_nothing_could_violate_is_never_drawn_as_a_merit() -> None:
    """Where bearer tokens leave nothing to violate, or a design leaves nobody to finish, there is no tick."""
    (line,) = environments.lines(environments.of_design("mcp", ["sender_constraint"]))
    assert line["cells"]["sender_constraint"]["look"] == "not_in_this_world"
    for unusable in ("pkce=off;pkce_as=required", "pkce=off;pkce_as=lax;as:pkce_as=required"):
        assert "nobody can use the design" in run("CD", unusable, "--against", "mal_as").output
