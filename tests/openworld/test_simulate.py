"""Arms of one's own, and experiments as files, on the command line."""

import json
import math
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pandas
import pytest
from click.testing import CliRunner, Result
from refused import refused

from openworld.cli import main
from openworld.experiment_words import polynomial
from openworld.headlines import balance_lines, input_words
from simulations.break_even import ALL
from simulations.catalogue import EXPERIMENTS


def simulate(*arguments: object) -> Result:
    """Run the command, with few attempts."""
    return CliRunner().invoke(main, ["simulate", *map(str, arguments), "--attempts", "200", "--replications", "2"])


def test_any_arms_can_be_put_to_any_population() -> None:
    """The pair comes first, each change with an interval over the inputs; the command in the tables asks it again."""
    asked = ["--arms", "prm=exact", "prm=prefix", "--adoption", "0.5", "--population", "shared_origins"]
    done = simulate(*asked, "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {row["value"] for row in found["rates"]} == {0.5}
    assert [row["arm"] for row in found["quantities"] if row["quantity"] == "flows_that_work"] == [
        "prm=exact",
        "prm=prefix",
    ]
    command = shlex.split(found["rates"][0]["command"])
    again = CliRunner().invoke(main, [*command[1:], "--format", "json"])
    assert json.loads(again.stdout) == found
    said = simulate(*asked).stdout
    assert "thefts per malicious visit" in said.split("means and what changes")[0]
    assert "; over the inputs " in said
    assert "over the inputs" not in simulate(*asked, "--inputs", 0).stdout


def test_a_design_may_be_an_arm_and_so_may_what_is_deployed() -> None:
    found = json.loads(simulate("--arms", "", "mcp", "--population", "enterprise", "--format", "json").stdout)
    assert [row["arm"] for row in found["quantities"] if row["quantity"] == "flows_that_work"] == [
        "as deployed",
        "design=mcp",
    ]


def test_what_is_known_exactly_is_told_exactly(tmp_path: Path) -> None:
    """Without --attempts all situations are gone through: no interval, no number of attempts, and a polynomial."""
    runner, asked = CliRunner(), tmp_path / "mine.toml"
    text = runner.invoke(main, ["simulate", "echo", "--format", "toml"]).stdout
    text = re.sub(r"arms = .*", 'arms = ["echo=off", "echo=req"]', text)
    asked.write_text(re.sub(r"values = .*", "values = [0, 0.25, 0.5, 1]", text), encoding="utf-8")
    said = runner.invoke(main, ["simulate", str(asked), "--inputs", "0", "-o", str(tmp_path)]).stdout
    assert "exactly: all situations, none sampled" in said
    assert "95 %" not in said
    assert "echo=req: flows are lost and none is won; thefts are stopped and none is added; refused" in said
    assert re.search(r"1 - 0\.6667 s +echo=req", said)
    assert "none, values are exact" in (tmp_path / "mine-rates.txt").read_text(encoding="utf-8")
    listed = runner.invoke(main, ["list", "results", str(tmp_path)])
    assert "all situations, code" in listed.stdout
    sampled = runner.invoke(main, ["simulate", str(asked), "--inputs", "0", "--attempts", "50", "--replications", "1"])
    assert "; exactly 90.00%)" in sampled.stdout


@pytest.mark.parametrize(
    ("means", "says"),
    [([0.45, 0.4, 0.35], "0.45 - 0.2 s"), ([0, 0, 0], "0"), ([0.1, 0.175, 0.4], ""), ([0, 0.25, 0.5], "s")],
)
def test_a_polynomial_is_one_that_more_points_lie_on(means: list[float], says: str) -> None:
    """Three points say nothing of a parabola."""
    assert polynomial([0, 0.25, 0.5], means) == says


@pytest.mark.slow
def test_every_experiment_has_a_row_in_the_overview(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says whether its signs hold under all inputs, but what is dear, and all combinations, by which command."""
    few = {name: EXPERIMENTS[name] for name in ("echo", "cimd_dcr", "interaction")}
    few["faults"] = replace(EXPERIMENTS["faults"], attempts=60)
    monkeypatch.setattr("simulations.uncertainty.MOST_JUDGED", 1)
    monkeypatch.setattr("simulations.uncertainty.TIMED_DRAWS", 4)
    monkeypatch.setattr("simulations.catalogue.every_experiment", lambda _: few)
    said = CliRunner().invoke(main, ["list", "experiments", "--overview"]).stdout
    assert "echo  (swept, exact)" in said
    assert "honest flows that work fall from 100.0% to 66.7% (change -33.3%; over the inputs -33.3% to" in said
    assert "cimd_dcr  (swept, simulated)" in said
    change = r"-0\.\d+ to -0\.\d+"
    says = (
        rf"registrations per attempt fall from \S+ to 0 \(change {change}; over the inputs {change}, the sign holds\)"
    )
    assert re.search(says, said)
    assert "signs under all inputs are open here: openworld simulate faults --inputs 16" in said
    assert "exact: openworld simulate interaction" in said
    rows = json.loads(CliRunner().invoke(main, ["list", "experiments", "--overview", "--format", "json"]).stdout)
    assert {row["experiment"] for row in rows} == few.keys()
    both = CliRunner().invoke(main, ["list", "experiments", "echo", "--overview"])
    assert "name an EXPERIMENT, or give --schema or --overview" in refused(both)


def test_what_is_told_of_no_flow_is_said_to() -> None:
    """A public client that acts for itself gets no token; numbers are written out."""
    said = simulate("--arms", "", "grant=client_credentials", "--population", "swept", "--inputs", "0").stdout
    assert "none accepted" in said
    assert "nan" not in said.split()


@pytest.mark.slow
def test_what_ships_is_a_file_that_can_be_changed_and_asked(tmp_path: Path) -> None:
    """Its figures carry its own question."""
    text = CliRunner().invoke(main, ["simulate", "matching", "--format", "toml"]).stdout
    path = tmp_path / "mine.toml"
    changed = text.replace("[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]", "[0.5]")
    changed = changed.replace(', "prm=prefix_sdk_ts", "prm=prefix_sdk_py"', "")
    path.write_text(changed.replace("What does prefix matching", "What would prefix matching"), encoding="utf-8")
    done = simulate(path, "--inputs", 0, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("What would prefix matching")
    assert "What would prefix matching" in (tmp_path / "out" / "mine-trade.txt").read_text(encoding="utf-8")


def test_where_arms_break_even_is_worked_out() -> None:
    """Arms that come to the same are told once; the command counts nothing."""
    done = CliRunner().invoke(main, ["simulate", "matching", "--ask", "break-even", "--weight", "10"])
    assert done.exit_code == 0, done.output
    assert "  prm=prefix, prm=prefix_sdk_ts, prm=prefix_sdk_py\n    wins 0.4 honest flows and lets in" in done.stdout
    assert "worth it where a theft weighs less than 8 failed flows" in done.stdout
    assert "where a theft weighs 10 failed flows: not worth it as inputs are stated" in done.stdout


def test_where_nothing_is_traded_nothing_moves_a_price() -> None:
    """Thefts are let in and no flow is won: there is no price, whatever the inputs are."""
    table = pandas.DataFrame(
        [("b", knob, 0.0, -0.05, 0.0, 0.0, -0.0, 1.0, math.nan) for knob in ("api", ALL)],
        columns=["arm", "knob", "paid", "saved", "price", "low", "high", "same", "weight"],
    )
    ((_, said),) = balance_lines(table)
    assert said == ["wins 0 honest flows and lets in 0.05 thefts for each attempt: worth it at no price of a theft"]


def test_inputs_are_told_in_words() -> None:
    """What would be worth measuring, the most first, and what nobody needs to measure; a headline names one as well."""
    assert input_words("matters") == "matters"
    assert input_words("together Keycloak", "0 to 1") == "what Keycloak is met with (together Keycloak: 0 to 1)"
    assert input_words("log latency.push", "1") == (
        "median seconds of pushing an authorization request (log latency.push: 1)"
    )
    few = CliRunner().invoke(main, ["simulate", "matching", "--ask", "worth", "--samples", "8"]).stdout
    said = CliRunner().invoke(main, ["simulate", "matching", "--ask", "worth", "--samples", "64"]).stdout
    assert "too few to tell an input that matters from chance" in few
    assert "too few" not in said
    worth, idle = said.split("  nothing, as it does not change the choice: ")
    lure = "  how many times as often as an honest server a malicious one is called (log attackers.lure)\n"
    assert lure in worth
    assert "api" in idle


def test_the_schema_of_a_file_is_printed() -> None:
    schema = json.loads(CliRunner().invoke(main, ["simulate", "--schema"]).stdout)
    assert {"arms", "population", "sweep", "headline", "attacker"} <= schema["properties"].keys()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("--arms", "mcp"), "--arms takes two or more that differ, found 'mcp'"),
        (("--arms", "mcp", "mcp"), "--arms takes two or more that differ, found 'mcp', 'mcp'"),
        (("matching", "echo"), "one experiment at a time, found matching, echo; arms go with --arms"),
        (("matching", "--adoption", "0.5"), "--adoption belongs to --arms"),
        (("--arms", "", "mcp", "--adoption", "2"), "'2' is no share between 0 and 1, nor several that grow"),
        (("--arms", "", "mcp", "--attacker", "greedy"), "unknown attacker 'greedy'"),
        (("matching", "--weight", "5"), "--weight belongs to --ask worth or --ask break-even"),
        (("--arms", "", "mcq"), "unknown design 'mcq'; did you mean 'mcp'?"),
        (
            ("--arms", "", "protocol=aauth;iss_check=off"),
            "switch 'iss_check' of arm 'protocol=aauth;iss_check=off' is not read by reader 'arrays'",
        ),
        (
            ("--arms", "", "protocol=aauth", "--population", "shared_origins"),
            "place 'honest_tenant' is left out under protocol=aauth; places there: honest_api, malicious_rs, ",
        ),
    ],
)
def test_what_is_wrong_is_told_in_a_line(asked: tuple[str, ...], says: str) -> None:
    assert says in refused(simulate(*asked))
