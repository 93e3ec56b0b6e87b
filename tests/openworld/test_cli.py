"""The command line: good paths, JSON, exit codes and what is said about bad input."""

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shutil import which
from unittest.mock import Mock

import click
import pytest
from click.testing import CliRunner, Result

from model.chart import WIDTH
from model.named_designs import NAMED_DESIGNS
from model.protocols import every_rule
from model.switches import CAPABILITIES, SWITCHES
from openworld.cli import COMMANDS, FORMER, GROUPS, main, renamed
from openworld.commands import established
from openworld.commands.topics import TOPICS
from openworld.width import fitted
from openworld.work import table as tables
from properties import explain
from properties.security import PROPERTIES

RULES = every_rule()

MIXUP = "cap=mal_as;iss_check=off"
GOLDEN = Path(__file__).parent / "golden"


def one_line(result: Result) -> str:
    """What was said on stderr: one line, by openworld, with nothing on stdout."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("openworld: ")
    return lines[0]


# --- verdict and trace -------------------------------------------------------------------------------------


def test_verdict_shows_the_attack_and_draws_it(run) -> None:
    """An attack is named, counted and drawn within the width of a page."""
    result = run("verdict", "code_delivery", MIXUP)
    assert result.exit_code == 0
    assert "attack in 7 steps" in result.output
    chart = result.output.partition("\n\n")[2]
    assert "reaches the attacker (code_delivery)" in " ".join(chart.split())
    assert max(map(len, chart.splitlines())) <= WIDTH


def test_verdict_names_what_blocks_with_sources(run) -> None:
    """A safe verdict names the rules that block the attack and their sections."""
    result = run("verdict", "CD", "cap=mal_as")
    assert result.exit_code == 0
    assert "safe" in result.output
    assert "client.iss_matches_recorded_issuer  [RFC 9207 2.4" in result.output


def test_verdict_says_what_nothing_else_makes_up_for(run) -> None:
    """Of several rules that block, when it is asked."""
    asked = "verdict", "TC", "cap=mal_rs;dpop=token", "--needed"
    data = json.loads(run(*asked, "--format", "json").output)
    assert set(data["needed"]) < set(data["blocked_by"])
    assert f"needed {data['needed'][0]}: without it the attack is back" in " ".join(run(*asked).output.split())


@pytest.mark.parametrize(
    "words",
    [
        ["mcp", "mal_as+lure", "iss_check=off"],
        ["design=mcp", "cap=lure+mal_as;", "iss_check=off"],
        ["design=mcp;lure+mal_as;iss_check=off"],
    ],
)
def test_a_configuration_may_be_several_words(run, words: list[str]) -> None:
    """No shell takes a part of it away; an attacker and a design need no key."""
    result = run("trace", "code_delivery", *words, "--format", "json")
    assert result.exit_code == 0, result.output
    assert result.stdout == run("trace", "CD", "design=mcp;cap=mal_as+lure;iss_check=off", "--format", "json").stdout


def test_verdict_without_chart(run) -> None:
    """The chart can be left out."""
    assert "|  |" not in run("verdict", "CD", MIXUP, "--no-chart").output


def test_verdict_as_json(run) -> None:
    """JSON has the verdict, its reach and the trace."""
    data = json.loads(run("verdict", "CD", MIXUP, "--format", "json").output)
    assert (data["property"], data["verdict"], data["steps"]) == ("code_delivery", "attack", 7)
    assert data["trace"]["format"] == "openworld-trace"


@pytest.mark.parametrize(
    ("config", "require", "code"),
    [(MIXUP, "attack", 0), (MIXUP, "safe", 1), ("cap=mal_as", "safe", 0), ("cap=mal_as", "attack", 1)],
)
def test_require(run, config: str, require: str, code: int) -> None:
    """A required verdict that does not come out is exit code 1."""
    assert run("verdict", "CD", config, "--require", require, "--no-chart").exit_code == code


def test_utility_says_whether_the_run_exists(run) -> None:
    """A utility property is reached or not; that it is safe, or fails, can still be required of it."""
    assert "reached: such a run exists" in run("verdict", "FC", "design=mcp").output
    assert "not reached: no such run exists" in run("verdict", "FC", "prm=off").output
    assert json.loads(run("verdict", "FC", "prm=off", "--format", "json").output)["verdict"] == "not_reached"
    for require, code in (("reached", 0), ("safe", 0), ("not_reached", 1), ("attack", 1), ("not_in_this_world", 1)):
        assert run("verdict", "FC", "design=mcp", "--require", require).exit_code == code


def test_what_nothing_could_violate_is_told_apart_from_safe(run) -> None:
    """It has an exit code and a reason of its own, and only requiring just that is met."""
    result = run("verdict", "SI", "cap=screen_leak;world=mixup")
    assert result.exit_code == 4
    assert "not in this world" in result.output
    assert "reason      in this world and with this design" in result.output
    for require, code in (("safe", 4), ("attack", 4), ("not_in_this_world", 0)):
        assert run("verdict", "SI", "cap=screen_leak;world=mixup", "--require", require).exit_code == code
    assert run("trace", "SI", "cap=screen_leak;world=mixup").exit_code == 4


def test_a_design_that_nobody_can_use_is_not_safe(run) -> None:
    """The choices that rule each other out are named, with the rule that refuses."""
    result = run("verdict", "CB", "cap=web;pkce=off", "--format", "json")
    data = json.loads(result.output)
    assert (result.exit_code, data["verdict"]) == (4, "not_in_this_world")
    assert data["reason"].startswith("nobody can use this design: ")
    assert "pkce=off and pkce_as=required leave no honest run" in data["reason"]


def test_bounds_are_part_of_the_answer(run) -> None:
    """What the answer rests on: the cast of the world, and a bound that was found and proved."""
    data = json.loads(run("verdict", "TC", "cap=mal_rs", "--format", "json").output)
    assert data["bound"]["proved"]
    times = f"covers runs of any length (bound {data['bound']['sweeps']} proved)"
    assert ("proved for runs of any length" if data["bound"]["any_length"] else times) in data["reach"]
    assert "1 session of users" in data["reach"]
    assert data["blocked_by_minimal"]


def test_no_time_is_inconclusive(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that gives up is exit code 3, whatever was required."""
    from properties.engine import Answer
    from properties.single import SINGLE

    monkeypatch.setattr(SINGLE, "check", lambda *_: Answer.UNKNOWN)
    result = run("verdict", "CD", "cap=mal_as", "--timeout", "1", "--require", "safe")
    assert result.exit_code == 3
    assert "unknown" in result.output


def test_a_trace_that_is_not_confirmed_is_an_internal_error(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that does not replay is never an attack: exit code 70, and it says so."""
    from model.machine import Machine, NotEnabledError

    def refuse(*_: object) -> None:
        raise NotEnabledError("not confirmed")

    monkeypatch.setattr(Machine, "replay", refuse)
    result = run("verdict", "CD", f"{MIXUP};user=vigilant")  # which no other test has asked
    assert result.exit_code == 70
    assert "internal error" in one_line(result)


@pytest.mark.parametrize(
    ("form", "starts"),
    [
        ("text", "Attacker:"),
        ("ascii", "Attacker:"),
        ("mermaid", "sequenceDiagram"),
        ("svg", "<svg"),
        ("json", "{"),
        ("itf", "{"),
    ],
)
def test_trace_formats(run, tmp_path: Path, form: str, starts: str) -> None:
    """A trace is drawn or written in each format, to the terminal or to a file alike."""
    shown = run("trace", "CD", MIXUP, "--format", form).output
    assert shown.startswith(starts)
    assert run("trace", "CD", MIXUP, "--format", form, "-o", tmp_path / "trace").exit_code == 0
    assert (tmp_path / "trace").read_text(encoding="utf-8") == shown


@pytest.mark.parametrize(("form", "starts"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_pictures_go_to_files(run, tmp_path: Path, form: str, starts: bytes) -> None:
    """Formats that are no text are written to a file."""
    assert run("trace", "CD", MIXUP, "--format", form, "-o", tmp_path / "chart").exit_code == 0
    assert (tmp_path / "chart").read_bytes().startswith(starts)


@pytest.mark.parametrize("under", ["cap=mal_as", "mal_as", "iss_check=require"])
def test_a_run_is_drawn_up_to_who_refuses_it(run, under: str) -> None:
    """Under another configuration, against the same attacker, the chart ends with what refuses and its section."""
    shown = " ".join(run("trace", "CD", MIXUP, "--under", under).output.replace("|", " ").split())
    assert "XX REFUSED by the client: iss, where the policy looks at it" in shown
    assert "RFC 9207 2.4" in shown
    assert "the run stops here, at step 6 of 7" in shown


def test_trace_of_a_utility_property(run) -> None:
    """The run that shows a utility property is drawn."""
    assert run("trace", "first_contact", "design=mcp").output.endswith("request (first_contact)\n")


def test_trace_when_there_is_none(run) -> None:
    """Nothing to draw is said, with exit code 1."""
    result = run("trace", "CD", "cap=mal_as")
    assert result.exit_code == 1
    assert "nothing to draw: code_delivery is safe" in one_line(result)


# --- replay ------------------------------------------------------------------------------------------------


def test_replay_confirms(run) -> None:
    """A trace that runs and shows what it says is confirmed."""
    result = run("check", GOLDEN / "mixup.json")
    assert result.exit_code == 0
    assert result.output.startswith("confirmed: code_delivery after 7 steps")
    assert json.loads(run("check", GOLDEN / "mixup.json", "--format", "json").output)["confirmed"] is True


def broken(**changes: object) -> str:
    """The mix-up with something changed."""
    return json.dumps({**json.loads((GOLDEN / "mixup.json").read_text(encoding="utf-8")), **changes})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not a trace"),
        ("[]", "not a trace"),
        (broken(version=99), "version: must be 1, found 99"),
        (broken(configuration="cap=mal_as"), "refused by client.iss_matches_recorded_issuer"),
        (broken(configuration="cap=mal_as;iss_check=maybe"), "no value 'maybe'"),
        (broken(shows="first_contact"), "ends without the event"),
        (broken(shows="nothing"), "unknown property 'nothing'"),
        (broken(steps=[{"action": "client.dance", "choices": {}}]), "no action 'client.dance'"),
        (broken(world="flatland"), "flatland"),
    ],
)
def test_replay_refuses(run, tmp_path: Path, content: str, says: str) -> None:
    """A file that is no trace, does not run or does not show what it says is bad input, named in one line."""
    (tmp_path / "trace.json").write_text(content, encoding="utf-8")
    result = run("check", tmp_path / "trace.json")
    assert result.exit_code == 2
    assert says in one_line(result)


# --- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verdict", "XX", "cap=none"], "unknown property 'XX'; allowed: authorization (AZ)"),
        (["verdict", "CD", "is_check=off"], "did you mean 'iss_check'?"),
        (
            ["verdict", "CD", "iss_check=of"],
            "switch 'iss_check' has no value 'of'; did you mean 'off'?; allowed: advertised, off",
        ),
        (["verdict", "CD", "cap=mal_az"], "unknown capability 'mal_az'"),
        (["verdict", "CD", "cap=mal_as;cap=none"], "key 'cap' given twice: mal_as, none"),
        (["verdict", "CD", "iss_check"], "expected key=value, found 'iss_check'"),
        (["verdict", "CD", "mal_ass"], "expected key=value, found 'mal_ass'; did you mean 'mal_as'?"),
        (["verdict", "CD", "design=mcq"], "unknown design 'mcq'"),
        (["verdict", "CD", "world=two_ass"], "no world or world file 'two_ass'; did you mean 'two_as'?; allowed: "),
        (["verdict", "CD", "world=users_session"], "there is no world 'users_session' any more: what was in it is in"),
        (["verdict", "CD", "as2:h_iss=no"], "world 'default' has no party 'as2'; did you mean 'as'?"),
        (["verdict", "CD", "as:iss_check=off"], "'as' is an authorization_server, and switch 'iss_check' is of client"),
        (["trace", "CD", MIXUP, "--under", "world=nowhere"], "no world or world file 'nowhere'"),
        (["diff", "--property", "CD", MIXUP, f"{MIXUP};as2:h_iss=no"], "world 'default' has no party 'as2'"),
        (["list", "designs", "--suffice", "CD", "--fix", "world=nowhere"], "no world or world file 'nowhere'"),
        (["list", "designs", "--suffice", "CD", "--fix", "as2:h_iss=no"], "world 'default' has no party 'as2'"),
        (["list", "worlds", "nowhere"], "no world or world file 'nowhere'"),
        (["verdict", "CD"], "Missing argument 'CONFIG...'"),
        (["verdict", "CD", "cap=none", "--timeout", "0"], "Invalid value for '--timeout'"),
        (["verdict", "CD", "cap=none", "--require", "maybe"], "Invalid value for '--require'"),
        (["trace", "CD", "cap=none", "--format", "gif"], "Invalid value for '--format'"),
        (["trace", "CD", "cap=none", "--format", "pdf"], "--format pdf writes a file: name it with -o"),
        (["trace", "CD", MIXUP, "--under", "cap=mal"], "unknown capability 'mal'"),
        (["trace", "CD", MIXUP, "--under", "cap=mal_as", "--format", "itf"], "--under is about charts"),
        (["list", "designs", "mcq"], "unknown design 'mcq'"),
        (["list", "rules", "no such thing"], "no rule has 'no such thing'"),
        (["simulate", "ecco"], "unknown experiment 'ecco'; did you mean 'echo'?; allowed: "),
        (["simulate", "echo", "--attempts", "1", "--replications", "2"], "attempts must be at least 2"),
        (["check", "missing.json"], "does not exist"),
        (["verdict", "missing.csv", "-o", "out.csv"], "does not exist"),
        (["dance"], "unknown command 'dance'"),
    ],
)
def test_bad_input_is_one_line(run, arguments: list[str], says: str) -> None:
    """Bad input names the culprit and what is allowed, in one line, with exit code 2."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in one_line(result)


@pytest.mark.parametrize(
    "arguments",
    [
        ["study", "-o", "file/out"],
        ["trace", "CD", MIXUP, "-o", "file/trace.txt"],
        ["verdict", "rows.csv", "-o", "file/out.csv"],
        ["simulate", "echo", "--attempts", "2", "--replications", "1", "-o", "file/out", "--workers", "1"],
    ],
)
def test_unwritable_places_are_one_line(run, tmp_path: Path, arguments: list[str]) -> None:
    """A place that cannot be written to is named in one line, with exit code 2."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    (tmp_path / "rows.csv").write_text("id,property,config\n1,CD,cap=none\n", encoding="utf-8")
    placed = [str(tmp_path / a) if a.startswith(("file", "rows")) else a for a in arguments]
    result = run(*placed)
    assert result.exit_code == 2
    said = [line for line in result.stderr.splitlines() if line.startswith("openworld: ")]
    assert len(said) == 1
    assert str(tmp_path / "file") in said[0]
    assert "Traceback" not in result.stderr


# --- tables of questions -----------------------------------------------------------------------------------


def table(tmp_path: Path, *lines: str) -> Path:
    """A CSV file with these lines."""
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


ROWS = (
    "id,property,config,expected,why",
    f"1,CD,{MIXUP},attack,mix-up",
    '2,code_delivery,cap=mal_as,safe,"iss, compared"',
)


def test_verdicts_adds_columns_and_keeps_the_others(run, tmp_path: Path) -> None:
    """Every row gets its verdict; other columns are kept; differences from the expected are counted."""
    result = run("verdict", table(tmp_path, *ROWS), "-o", tmp_path / "out.csv", "--require", "expected")
    assert result.exit_code == 0
    assert "2 of 2 as expected" in result.output
    first, second = read(tmp_path / "out.csv")
    assert (first["verdict"], first["steps"], first["blocked_by"]) == ("attack", "7", "")
    assert (second["verdict"], second["steps"], second["why"]) == ("safe", "", "iss, compared")
    assert "client.iss_matches_recorded_issuer" in second["blocked_by"].split()
    assert float(first["seconds"]) > 0


def test_verdicts_as_json_and_exit_code_of_a_mismatch(run, tmp_path: Path) -> None:
    """A verdict that is not the expected one is exit code 1 where that is asked for, and in the summary."""
    path = table(tmp_path, ROWS[0], f"1,CD,{MIXUP},safe,wrong")
    assert run("verdict", path, "-o", tmp_path / "out.csv").exit_code == 0
    result = run("verdict", path, "-o", tmp_path / "out.csv", "--format", "json", "--require", "expected")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert (data["rows"], data["as_expected"], data["different"][0]["verdict"]) == (1, 0, "attack")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("2,XX,cap=none,,", "line 3: unknown property 'XX'; allowed: "),
        ("2,CD,iss_check=of,,", "line 3: switch 'iss_check' has no value 'of'"),
        ("2,CD,cap=mal_az,,", "line 3: unknown capability 'mal_az'"),
        ("2,CD", "line 3: no value for column 'config'"),
        ("2,,cap=none,,", "line 3: column 'property' is empty"),
        ("2,CD,cap=none,,,,too many", "line 3: 2 more values than columns"),
        ('2,CD,"cap=none"x,,', "line 3: not CSV from here on"),
    ],
)
def test_nothing_is_asked_while_a_row_is_bad(run, tmp_path: Path, bad: str, says: str) -> None:
    """A bad row is named with file and line before the first question; what was in the output stays."""
    path, out = table(tmp_path, ROWS[0], ROWS[1], bad, ROWS[2]), tmp_path / "out.csv"
    out.write_text("of before", encoding="utf-8")
    result = run("verdict", path, "-o", out)
    assert result.exit_code == 2
    (said,) = result.stderr.splitlines()
    assert said.startswith(f"openworld: {path}, ")
    assert says in said
    assert out.read_text(encoding="utf-8") == "of before"


def test_every_bad_row_is_named_at_once(run, tmp_path: Path) -> None:
    """One line for each."""
    path = table(tmp_path, ROWS[0], "2,XX,cap=none,,", ROWS[1], "4,CD,cap=mal_az,,")
    result = run("verdict", path, "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert [said.split(": ")[1].rpartition(", ")[2] for said in result.stderr.splitlines()] == ["line 2", "line 4"]


def test_keep_going_records_bad_rows(run, tmp_path: Path) -> None:
    """With --keep-going a bad row gets the verdict `error` and its message, and the exit code is 2 in the end."""
    path = table(tmp_path, ROWS[0], ROWS[1], "2,CD,cap=mal_az,safe,", ROWS[2])
    result = run("verdict", path, "-o", tmp_path / "out.csv", "--keep-going")
    assert result.exit_code == 2
    rows = read(tmp_path / "out.csv")
    assert [row["verdict"] for row in rows] == ["attack", "error", "safe"]
    assert "unknown capability 'mal_az'" in rows[1]["reach"]


def test_verdicts_tells_what_is_not_in_this_world(run, tmp_path: Path) -> None:
    """It is not counted as expected where safe was, is told apart, and has an exit code of its own."""
    vacuous, out = "3,SI,cap=proof_leak;world=mixup,safe,", tmp_path / "out.csv"
    path = table(tmp_path, *ROWS, vacuous, "4,FC,design=mcp,safe,", "5,FC,prm=off,not_reached,")
    result = run("verdict", path, "-o", out, "--require", "expected")
    assert result.exit_code == 4
    assert "4 of 5 as expected; 1 expected to be safe not in this world" in result.output
    assert "3: SI cap=proof_leak;world=mixup: not_in_this_world, expected safe (in this world" in result.output
    assert [row["verdict"] for row in read(out)] == ["attack", "safe", "not_in_this_world", "reached", "not_reached"]
    assert run("verdict", path, "-o", out).exit_code == 0
    worse = table(tmp_path, *ROWS, vacuous, "4,CD,cap=mal_as,attack,")
    assert run("verdict", worse, "-o", out, "--require", "expected").exit_code == 1


def test_a_missing_column_is_named(run, tmp_path: Path) -> None:
    """A file without a column that is needed is refused with what was found and what is needed."""
    result = run("verdict", table(tmp_path, "id,prop,config", "1,CD,cap=none"), "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "line 1: no column 'property'; found: id, prop, config; needed: id, property, config" in one_line(result)


def test_the_input_is_not_overwritten(run, tmp_path: Path) -> None:
    """Input and output are different files."""
    path = table(tmp_path, *ROWS)
    assert run("verdict", path, "-o", path).exit_code == 2
    assert read(path)[0]["why"] == "mix-up"


def test_an_empty_table_is_no_error(run, tmp_path: Path) -> None:
    """A file with a header and no rows yields just that."""
    assert run("verdict", table(tmp_path, ROWS[0]), "-o", tmp_path / "out.csv").exit_code == 0
    assert read(tmp_path / "out.csv") == []


# --- lists -------------------------------------------------------------------------------------------------


def test_designs(run) -> None:
    """Every named design is listed, as text and as JSON."""
    shown = run("list", "designs").output
    assert all(f"{name}: " in shown for name in NAMED_DESIGNS)
    assert [
        entry["name"] for entry in json.loads(run("list", "designs", "--format", "json").output)["designs"]
    ] == list(NAMED_DESIGNS)
    assert run("list", "designs", "fapi2").output.startswith("fapi2: ")


def test_switches_with_baseline_marked(run) -> None:
    """Every switch and capability is listed, the baseline marked."""
    shown = run("list", "designs", "--switches").output
    assert all(f"  {name} = {switch.baseline}*" in shown for name, switch in SWITCHES.items())
    assert all(f"  {name}: " in shown for name in CAPABILITIES)
    data = json.loads(run("list", "designs", "--switches", "--format", "json").output)
    assert {entry["name"] for entry in data["switches"]} == set(SWITCHES)
    assert "iss_check=require" in run("list", "designs", "--switches", "fapi2").output


def test_rules(run) -> None:
    """Rules are listed with source and requirement, and can be searched by name, id or section."""
    assert {entry["name"] for entry in json.loads(run("list", "rules", "--format", "json").output)} == set(RULES)
    shown = run("list", "rules", "RFC 9207").output
    assert "client.iss_matches_recorded_issuer  [RFC 9207 2.4" in shown
    assert "ISS-2.4-cmp" in shown
    assert "        RFC 9207: as published" in shown


# --- simulate ----------------------------------------------------------------------------------------------


FEW = ("simulate", "matching", "--attempts", "40", "--replications", "1", "--inputs", "0", "--seed", "3")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """What an experiment leaves in a folder, and what it prints."""
    folder = tmp_path_factory.mktemp("matching")
    return folder, CliRunner().invoke(main, [*FEW, "-o", str(folder)])


def test_simulate(simulated: tuple[Path, Result]) -> None:
    """An experiment prints its rates and writes tables and figures."""
    folder, result = simulated
    assert result.exit_code == 0
    assert "success: accepted" in result.output
    names = {path.name for path in folder.iterdir()}
    assert {"matching_rates.csv", "matching_rates.parquet"} <= names
    drawn = {
        f"matching-{kind}.{form}"
        for kind in ("trade", "pair", "rates", "differences", "funnel")
        for form in ("svg", "pdf", "png", "csv", "txt")
    }
    assert {name for name in names if name.startswith("matching-")} == drawn
    caption = (folder / "matching-rates.txt").read_text(encoding="utf-8")
    assert "40 attempts in every arm at every point. Seed: 3." in caption
    assert (folder / "matching-rates.csv").read_bytes() == (folder / "matching_rates.csv").read_bytes()


def test_simulate_says_which_arms_are_alike(run, simulated: tuple[Path, Result]) -> None:
    """In words, as data and below the figures, which name them together."""
    names, (folder, result) = "prm=prefix, prm=prefix_sdk_ts, prm=prefix_sdk_py", simulated
    assert f"{names}: the same in every attempt, 440 in all" in result.output
    assert f"every attempt ends the same way under {names}" in (folder / "matching-rates.txt").read_text("utf-8")
    (found,) = json.loads(run(*FEW, "--format", "json").stdout)["alike"]
    assert found == {"arms": names.split(", "), "against": None, "attempts": 440, "throughout": True}
    assert (
        f"{names}: every attempt ends the same way" in run("list", "results", "--experiment", "matching", folder).output
    )


def test_simulate_as_json(run) -> None:
    """JSON has the rates and the differences."""
    result = run("simulate", "echo", "--attempts", 20, "--replications", 2, "--workers", 1, "--format", "json")
    data = json.loads(result.stdout)
    assert {"arm", "outcome", "rate", "low", "high"} <= data["rates"][0].keys()
    assert {"arm", "against", "difference"} <= data["differences"][0].keys()


# --- the program -------------------------------------------------------------------------------------------


def openworld(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the program itself."""
    command = [sys.executable, "-m", "openworld.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_help_loads_nothing_heavy() -> None:
    """Help does not wait for the model, let alone for the solver or pandas."""
    code = (
        "import sys; from openworld.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({*(name.partition('.')[0] for name in sys.modules), *sys.modules} & "
        "{'model.design', 'properties.security', 'simulations.experiments', 'z3', 'numpy', 'pandas', 'matplotlib'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_verdict_loads_no_tables_or_figures() -> None:
    """A single verdict loads the solver and nothing else that is heavy."""
    code = (
        "import sys; from openworld.cli import main\n"
        f"try: main(['verdict', 'CD', '{MIXUP}'])\n"
        "except SystemExit: pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'numpy', 'pandas', 'matplotlib', 'networkx', 'simpy', 'scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_has_help_with_an_example(run) -> None:
    """Help of every command and topic shows how it is called."""
    for name in (*COMMANDS, *(f"list {topic}" for topic in TOPICS["Topics"])):
        assert f"openworld {name}" in run(*name.split(), "--help").output.partition("\n")[2]


def test_there_are_few_commands_and_few_options_at_first(run) -> None:
    """Six groups of at most four commands each; what a question alone needs is in the help of that question."""
    assert len(GROUPS) == 6
    assert max(map(len, GROUPS.values())) <= 4
    shown = re.findall(r"^  (-[-\w]+)", run("simulate", "--help").output, re.M)
    assert len(shown) == 12
    asked = run("simulate", "--ask", "break-even", "--help").output
    shown = re.findall(r"^  (-[-\w]+)", asked, re.M)
    assert "--weight" in shown
    assert "--half-width" not in shown


@pytest.mark.parametrize(
    ("former", "now"),
    [
        (["properties"], ["list", "properties"]),
        (["designs", "fapi2", "--json"], ["list", "designs", "fapi2", "--format", "json"]),
        pytest.param(
            ["explain", "CD", "cap=mal_as", MIXUP],
            ["diff", "cap=mal_as", MIXUP, "--property", "CD"],
            marks=pytest.mark.slow,
        ),
        (["replay", str(GOLDEN / "mixup.json")], ["check", str(GOLDEN / "mixup.json")]),
        (["export", "proverif", "CD", MIXUP], ["verdict", "CD", MIXUP, "--format", "proverif"]),
    ],
    ids=lambda words: words[0],
)
def test_former_names_answer(run, former: list[str], now: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """They do what they did, and name the command of today in one line."""
    monkeypatch.setattr(explain, "every_property", lambda model: {"code_delivery": PROPERTIES["code_delivery"]})
    before, today = run(*former), run(*now)
    assert (before.exit_code, before.stdout) == (today.exit_code, today.stdout)
    assert before.stderr.startswith(f"openworld: `openworld {former[0]}` is `openworld {now[0]}")
    assert before.stderr.count("\n") == 1
    assert today.stderr == ""


def test_every_former_name_leads_to_a_command() -> None:
    """That there is, with the option that stands for what it was."""
    for former in FORMER:
        name, *rest = renamed(former.split())
        command = main.get_command(click.Context(main), name)
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), rest.pop(0))
        assert command is not None, former
        options = {spelt for each in command.params for spelt in each.opts}
        assert {word.partition("=")[0] for word in rest} <= options, former


@pytest.mark.parametrize(
    ("config", "said"),
    [("cap=mal_as", "and"), pytest.param("cap=mal_as;h_iss=no;iss_check=require", "but", marks=pytest.mark.slow)],
)
def test_beside_safe_stands_whether_honest_parties_finish(run, config: str, said: str) -> None:
    """In the very environment that was asked about: what refuses everybody is safe."""
    shown = run("verdict", "CD", config).stdout
    finish = "honest parties finish here" if said == "and" else "honest parties do not finish here"
    assert f"safe: no attack exists, {said} {finish}" in shown
    assert (run("verdict", "FC", config).stdout.count("not reached") > 0) == (said == "but")


@pytest.mark.parametrize("width", [40, 80])
def test_text_fits_the_terminal(width: int) -> None:
    """No word is cut, and what is wrapped stays under its own words."""
    line = "rests on    one more session of the user is asked, and one more of the attacker, in the default world"
    parts = fitted(line, width)
    assert max(map(len, parts)) <= width
    assert " ".join(part.strip() for part in parts).split() == line.split()
    assert all(part.startswith(" " * 12) for part in parts[1:])


def test_help_has_a_line_for_each_command(run) -> None:
    """A sentence that fits into a terminal, cut nowhere; the shell completes the names with the same."""
    shown = run("--help").output.splitlines()
    for name, (_, line) in COMMANDS.items():
        assert line.endswith(".")
        [said] = [each for each in shown if each.split()[:1] == [name]]
        assert said.endswith(line)


def test_version(run) -> None:
    """The version is printed."""
    assert run("--version").output.startswith("openworld ")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("list designs --switches", 0),
        ("verdict CD 'cap=mal_rs' --require safe", 0),
        ("verdict CD 'cap=mal_as;iss_check=off' --require safe", 1),
    ],
)
def test_a_reader_that_goes_away_changes_no_answer(command: str, code: int) -> None:
    """The exit code is the one that there is with a reader, and nothing is said."""
    command = f"{sys.executable} -m openworld.cli {command} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("megabytes", [40, 130, 180])
def test_where_memory_ends_is_one_line_and_not_a_crash(megabytes: int) -> None:
    """Before the solver is loaded, and within it, where it crashes."""
    limited = f"ulimit -v {megabytes * 1024}; exec {sys.executable} -m openworld.cli verdict CD 'cap=mal_as'"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[-1].startswith("openworld: out of memory")


def test_a_table_that_is_there_stays_until_there_is_another(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens before all rows are answered; a full disk is told with the name of the file."""
    source = table(tmp_path, ROWS[0], "1,FC,design=mcp,,")
    out = tmp_path / "out.csv"
    out.write_text("of an earlier run\n", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tables, "judged", full)
    result = run("verdict", source, "-o", out)
    assert (result.exit_code, one_line(result)) == (3, f"openworld: {out}: No space left on device")
    assert out.read_text(encoding="utf-8") == "of an earlier run\n"


def interrupted(
    command: list[str], ready: Callable[[], bool], folder: Path, by: signal.Signals = signal.SIGINT
) -> subprocess.CompletedProcess[str]:
    """Start a command, wait until it is under way, press Ctrl-C (which goes to the whole group) and see it end.

    ``by``: another signal, which goes to it alone.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "openworld.cli", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=folder,
        env=environment,
    ) as process:
        until = time.monotonic() + 240
        while not ready() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        (os.killpg if by is signal.SIGINT else os.kill)(process.pid, by)
        out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_keep_the_finished_rows(tmp_path: Path, by: signal.Signals) -> None:
    """Ctrl-C leaves the rows that were finished and is exit code 130 with one line, and so does what CI sends."""
    table(tmp_path, ROWS[0], *(f"{n},RB,design=aauth;cap=mal_as,," for n in range(2_000)))
    out = tmp_path / "out.csv"
    done = interrupted(
        ["verdict", "rows.csv", "-o", "out.csv"],
        lambda: out.exists() and out.read_text(encoding="utf-8").count("\n") > 2,
        tmp_path,
        by,
    )
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "openworld: interrupted"
    assert "Traceback" not in done.stderr
    rows = read(out)
    assert 2 <= len(rows) < 2_000
    assert all(row["verdict"] in ("attack", "safe", "not_in_this_world") and row["seconds"] for row in rows)


def at_work(words: str) -> bool:
    """Whether a process that was started with these words is there."""
    return subprocess.run(["pgrep", "-f", words], capture_output=True).returncode == 0


@pytest.mark.skipif(not which("pgrep"), reason="looks for processes")
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_client_that_is_measured_ends_with_the_command(tmp_path: Path, by: signal.Signals) -> None:
    """One that waits for ever is not left behind, and the next run gets the folder."""
    (tmp_path / "client.py").write_text("import time\ntime.sleep(600)\n", encoding="utf-8")
    started = f"client.py of-{os.getpid()}-{by.name}"
    command = ["conform", "--command", f"python3 {started} {{url}}", "-o", "out"]
    done = interrupted(command, lambda: at_work(f"{started} http"), tmp_path, by)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "openworld: interrupted"
    assert "Traceback" not in done.stderr
    until = time.monotonic() + 10
    while at_work(f"{started} http") and time.monotonic() < until:
        time.sleep(0.05)
    assert not at_work(f"{started} http")
    assert not [path for path in (tmp_path / "out").rglob(".*") if path.is_file() and path.name != ".lock"]


def test_ctrl_c_leaves_a_study_that_can_be_read(tmp_path: Path) -> None:
    """Ctrl-C in a study is exit code 130 with one line; what is finished is whole and put together."""
    out = tmp_path / "out"
    done = interrupted(
        ["study", "-o", "out", "--workers", "1"],
        lambda: (out / "verdicts.csv").exists() and any((out / "attacks").glob("*.txt")),
        tmp_path,
    )
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "openworld: interrupted"
    assert "Traceback" not in done.stderr
    assert "Not finished" in (out / "report.html").read_text(encoding="utf-8")
    rows = read(out / "verdicts.csv")
    assert len(rows) == len(json.loads((out / "verdicts.json").read_text(encoding="utf-8")))
    for row in rows:
        assert not row["chart"] or (out / row["chart"]).read_text(encoding="utf-8").endswith("\n")
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["finished"] is False
    assert not [path for path in out.rglob(".*") if path.is_file() and path.name != ".lock"]


def test_one_attack_that_is_not_as_published_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, whatever the others are; 0 where all are."""
    monkeypatch.setattr(established, "in_literature", Mock(row=lambda _: "", summary=lambda _: "", lines=lambda _: []))
    codes = []
    for wrong in ([True, False], [False, False]):
        monkeypatch.setattr(established, "publications", lambda: {"a": "a", "b": "b"})
        monkeypatch.setattr(established, "outcome", Mock(side_effect=[Mock(wrong=each) for each in wrong]))
        codes.append(CliRunner().invoke(main, ["list", "literature"]).exit_code)
    assert codes == [1, 0]
