"""`openworld check`: what is read, what is found, how it is reported, and with which exit code."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

import openworld
from model.design import parse
from model.model import oauth
from openworld.cli import main
from openworld.expectations import ExpectationError, read, refuse_others
from properties.attackers import every_attacker
from properties.checker import Checker
from properties.engine import Answer
from properties.security import PROPERTIES
from properties.single import SINGLE
from properties.verdict import check

Check = Callable[..., Result]
NAMED = Path(openworld.__file__).parent / "data" / "named_designs.openworld.toml"
SCHEMA = Path(__file__).parent / "data" / "sarif-schema-2.1.0.json"

#: Two things that are so, one that has flipped each way.
MIXED = """\
# a comment with [[expect]] in it
[[expect]]
name = "mix-up, [[expect]] \\"quoted\\""
switches = { iss_check = "off" }
against = ["mal_as"]
fails = ["code_delivery"]
holds = [
    'first_contact',  # "CD" in a comment
    "flow_binding",
]
because = '''
a code goes to whoever
runs the token endpoint'''

  [[ "expect" ]]
  design = "mcp"
  against = ["mal_as", "mal_rs"]
  fails = ["CD"]
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, outside any continuous integration."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "OPENWORLD_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of verdicts for all these tests."""
    return tmp_path_factory.mktemp("verdicts")


@pytest.fixture
def run(cache: Path) -> Check:
    """Run the command on a text in a file, or on a file."""

    def invoke(content: str | Path, *options: object) -> Result:
        if isinstance(content, str):
            Path("openworld.toml").write_text(content, encoding="utf-8")
            content = Path("openworld.toml")
        return CliRunner().invoke(main, ["check", str(content), "--cache", str(cache), *map(str, options)])

    return invoke


# --- what is found -----------------------------------------------------------------------------------------


def test_named_designs_are_as_the_example_says(run: Check) -> None:
    """The example that the package carries is as it says, entry by entry."""
    result = run(NAMED, "--no-chart")
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"(\d+) expectations: \1 as expected\n", result.stdout)


def documented() -> str:
    """The entry in the documentation."""
    text = (Path(openworld.__file__).parent.parent / "docs" / "drafts.md").read_text(encoding="utf-8")
    return re.search(r"```toml\n(\[\[expect.*?)```", text, re.DOTALL)[1]


def test_the_entry_that_help_and_docs_show_is_so(checker: Checker) -> None:
    """A copy of the documented entry is a file that is as expected."""
    help_text = CliRunner().invoke(main, ["check", "--help"]).output
    shown = re.search(r"( +\[\[expect.*?)\n\n", help_text, re.DOTALL)[1]
    assert tomllib.loads(shown) == tomllib.loads(documented())
    Path("documented.toml").write_text(documented(), encoding="utf-8")
    asked = list(read(Path("documented.toml")))
    assert len(asked) == 6
    for one in asked:
        assert checker.result(one.property, parse(f"{one.design};cap={one.attacker}")) == one.expected, one


def test_the_documented_entry_passes(run: Check) -> None:
    """With each answer in full, rules and charts."""
    assert run(documented()).exit_code == 0


def test_what_flips_is_shown_with_line_and_evidence(run: Check) -> None:
    """A flip to an attack comes with its chart, a flip to safe with the rules that block it; the rest is silent."""
    result = run(MIXED)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("5 expectations: 2 as expected, 3 flipped")
    attack, safe, other = re.split(r"^openworld\.toml:", result.stdout, flags=re.MULTILINE)[1:]
    assert attack.startswith('9: flipped: mix-up, [[expect]] "quoted"\n  flow_binding with iss_check=off against mal')
    assert "expected because a code goes to whoever runs the token endpoint" in attack
    assert "\n  - holds\n  + does not hold: attack in 8 steps\n" in attack
    assert "started the flow (flow_binding)" in attack
    assert safe.startswith("18: flipped: design=mcp\n  code_delivery with design=mcp against mal_as\n")
    assert "\n  - does not hold\n  + holds: no attack exists" in safe
    assert "client.iss_matches_recorded_issuer  [RFC 9207 2.4" in safe
    assert "against mal_rs" in other


def test_without_charts_the_command_that_draws_it_is_named(run: Check) -> None:
    """Short output says how to see the attack, and that command finds it."""
    shown = run(MIXED, "--no-chart").stdout
    assert "Attacker:" not in shown
    prop, config = re.search(r"see openworld verdict (\w+) '([^']+)'", shown).groups()
    assert CliRunner().invoke(main, ["verdict", prop, config, "--require", "attack"]).exit_code == 0


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ('design = "mcp"\nfails = ["first_contact"]', "is reached: such a run exists, in "),
        ('design = "rfc6749"\nholds = ["FC"]', "is not reached: no such run exists"),
    ],
)
def test_utility_is_reached_or_not(run: Check, entry: str, found: str) -> None:
    """A utility property that holds has a run to show, and one that fails is not attacked."""
    result = run(f"[[expect]]\n{entry}")
    assert result.exit_code == 1
    assert f"  + {found}" in result.stdout


def test_what_nothing_could_violate_has_not_been_shown_to_hold(run: Check, tmp_path: Path) -> None:
    """It is exit code 4, said in every format without a tick, and less bad than what has flipped."""
    junit, sarif, summary = (tmp_path / name for name in ("found.xml", "found.sarif", "summary.md"))
    vacuous = '[[expect]]\nagainst = ["token_leak"]\nholds = ["client_authentication"]\n'
    result = run(vacuous, "--junit", junit, "--sarif", sarif, "--summary", summary, "--annotations", "github")
    assert result.exit_code == 4
    assert "openworld.toml:3: not in this world: baseline" in result.stdout
    assert "\n  - holds\n  + is not in this world: with client_auth=none nothing brings it about" in result.stdout
    assert "\n1 expectation: 1 not in this world\n" in result.stdout
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "1")
    [reported] = json.loads(sarif.read_text())["runs"][0]["results"]
    assert (reported["kind"], reported["level"]) == ("notApplicable", "none")
    _validate(SCHEMA, sarif)
    assert "| – | client_authentication |" in summary.read_text(encoding="utf-8")
    assert "::warning" in result.stdout
    assert run(vacuous + '[[expect]]\ndesign = "mcp"\nfails = ["first_contact"]\n').exit_code == 1


def test_what_is_not_in_this_world_can_be_expected(run: Check) -> None:
    """An entry that says so is met, and is not where there is something to violate."""
    entry = '[[expect]]\nagainst = ["{}"]\nnot_in_this_world = ["client_identity"]\n'
    assert run(entry.format("token_leak")).exit_code == 0
    assert run(entry.format("mal_as")).exit_code == 1


def test_an_answer_that_a_property_cannot_have_is_a_bad_file(run: Check) -> None:
    """A security property is not reached; a run is not in this world where the protocol has nothing of the kind."""
    result = run('[[expect]]\nreached = ["CD"]')
    assert (result.exit_code, "no such answer about a" in result.stderr) == (2, True)
    assert run('[[expect]]\ndesign = "aauth"\nnot_in_this_world = ["identity_crosses"]').exit_code == 0
    assert run('[[expect]]\nreached = ["FC"]').exit_code == 0
    assert run('[[expect]]\ndesign = "rfc6749"\nnot_reached = ["FC"]').exit_code == 0


def test_not_known_is_neither(run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that gives up is exit code 3, and 1 beside something that has flipped; it is asked again next time."""
    monkeypatch.setattr("openworld.check.answers", lambda questions, *_, **__: map(_ask_here, questions))
    monkeypatch.setattr(SINGLE, "check", lambda *_: Answer.UNKNOWN)
    unknown = '[[expect]]\nagainst = ["mal_as"]\nholds = ["authorization"]\n'
    flipped = '[[expect]]\ndesign = "mcp"\nfails = ["first_contact"]\n'
    sarif = tmp_path / "found.sarif"
    result = run(unknown, "--timeout", 7, "--sarif", sarif)
    assert (result.exit_code, "1 inconclusive" in result.stdout) == (3, True)
    [reported] = json.loads(sarif.read_text())["runs"][0]["results"]
    assert (reported["kind"], reported["level"]) == ("open", "none")
    assert "known already" not in run(unknown, "--timeout", 7).stdout
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    run(flipped, "--timeout", 7)
    monkeypatch.setattr("openworld.check.answers", lambda questions, *_, **__: map(_ask_here, questions))
    monkeypatch.setattr(SINGLE, "check", lambda *_: Answer.UNKNOWN)
    both = run(flipped + unknown, "--timeout", 7)
    assert (both.exit_code, "1 flipped, 1 inconclusive" in both.stdout) == (1, True)


def _ask_here(question):
    """Answer in this process, where the solver has been replaced."""
    from openworld.jobs import answer_singly

    return answer_singly([question])[0]


def test_several_files(run: Check, tmp_path: Path) -> None:
    """Files are checked together, and reported apart."""
    other = tmp_path / "other.openworld.toml"
    other.write_text('[[expect]]\nholds = ["CD"]\n', encoding="utf-8")
    result = run(MIXED, other, "--junit", "found.xml")
    assert result.exit_code == 1
    suites = ElementTree.parse("found.xml").getroot().findall("testsuite")
    assert [(suite.get("name"), suite.get("tests")) for suite in suites] == [
        ("openworld.toml", "5"),
        ("other.openworld.toml", "1"),
    ]


def test_as_json(run: Check) -> None:
    """The outcomes as data, with where, what was expected and the whole verdict."""
    data = json.loads(run(MIXED, "--format", "json", "--annotations", "github").stdout)
    assert [(one["line"], one["property"], one["expected"], one["verdict"], one["status"]) for one in data] == [
        (8, "first_contact", "reached", "reached", "as expected"),
        (9, "flow_binding", "safe", "attack", "flipped"),
        (6, "code_delivery", "attack", "attack", "as expected"),
        (18, "code_delivery", "attack", "safe", "flipped"),
        (18, "code_delivery", "attack", "safe", "flipped"),
    ]
    assert data[1]["trace"]["format"] == "openworld-trace"


# --- bad files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "nothing is expected"),
        ("[[expect]]\n", "line 1, [[expect]]: nothing is expected; list properties in holds or fails"),
        ("expect = 3", "nothing is expected; write each"),
        ('expect = [{ holds = ["CD"] }]', "write each expectation as a table [[expect]]"),
        ('x = 1\n[[expect]]\nholds = ["CD"]', "unknown key 'x'; allowed: with, tables [[expect]]"),
        ("[[expect]\n", "not a TOML file: "),
        ("\n[[expect]]\nholds = ['CD']\nhold = ['AZ']", "line 4, [[expect]]: hold: unknown key 'hold'; did you mean"),
        ("[[expect]]\nholds = 'CD'", "line 2, [[expect]]: holds: must be a list, found 'CD'"),
        ("[[expect]]\nholds = ['CD', 3]", "line 2, [[expect]]: holds: must be a text, found 3"),
        ("[[expect]]\nholds = []", "line 2, [[expect]]: holds: must not be empty"),
        ("[[expect]]\nholds = ['CD']\nname = ''' a\\b \x7f'''", "not a TOML file"),
        ('[[expect]]\nholds = ["CD"]\nname = "a\\u001b[31m"', "line 3, [[expect]]: name: must be without control"),
        ("[[expect]]\nholds = [\n'CD',\n'XY']", "line 4, [[expect]]: holds: unknown property 'XY'; allowed: "),
        ("[[expect]]\nagainst = [\n\n'mal_sa']\nholds = ['CD']", "line 4, [[expect]]: against: unknown capability"),
        ("[[expect]]\nholds = ['CD']\ndesign = 'mpc'", "design: unknown design 'mpc'; did you mean 'mcp'?"),
        ("[[expect]]\nholds = ['CD']\ndesign = 'mcp;cap=mal_as'", "unknown design 'mcp;cap=mal_as'"),
        ("[[expect]]\nholds = ['CD']\nswitches = { iss = 'on' }", "line 3, [[expect]]: switches: unknown switch 'iss'"),
        ("[[expect]]\nholds = ['CD']\nswitches = { prm = 'on' }", "switch 'prm' has no value 'on'; allowed: exact"),
        (
            "[[expect]]\nholds = ['CD']\nfails = ['AZ', 'code_delivery']",
            "line 3: code_delivery under cap=web_attacker is",
        ),
        (
            "[[expect]]\nholds = ['CD']\ndesign = 'rfc6749'\n\n[[expect]]\nfails = ['CD']\ndesign = 'rfc6749'\n"
            "switches = { pkce = 'off' }",
            "line 6: code_delivery under design=rfc6749;pkce=off;cap=web_attacker is expected to be "
            "both safe and attack; the other is in line 2",
        ),
    ],
)
def test_a_bad_file_is_one_line_and_exit_code_2(run: Check, content: str, says: str) -> None:
    """What is wrong is said with file, line and key; nothing is checked."""
    result = run(content)
    assert result.exit_code == 2
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("openworld: openworld.toml")
    assert says in line


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[[expect]]\nholds = ['C\xe9']"])
def test_a_file_that_is_not_text(run: Check, content: bytes) -> None:
    """Bytes that are not UTF-8 are a bad file too."""
    Path("bad.toml").write_bytes(content)
    result = run(Path("bad.toml"))
    assert (result.exit_code, "bad.toml: not a TOML file" in result.stderr) == (2, True)


def test_a_file_that_is_not_there(run: Check) -> None:
    """A missing file is named."""
    result = run(Path("missing.toml"))
    assert (result.exit_code, "missing.toml" in result.stderr) == (2, True)


def test_a_report_that_cannot_be_written(run: Check) -> None:
    """A place that cannot be written to is named, with exit code 2."""
    Path("file").write_text("", encoding="utf-8")
    result = run(MIXED, "--junit", "file/found.xml")
    assert (result.exit_code, "file" in result.stderr.splitlines()[-1]) == (2, True)


# --- lines and columns -------------------------------------------------------------------------------------


def test_places_are_those_of_the_names() -> None:
    """Line, column and length are those of the property's name, whatever quotes, comments and strings are around."""
    Path("mixed.toml").write_bytes(MIXED.replace("\n", "\r\n").encode())
    lines = MIXED.splitlines()
    for one in read(Path("mixed.toml")):
        start = one.place.column - 1
        assert lines[one.place.line - 1][start : start + one.place.length].strip("\"'") in ("CD", one.property)


# --- JUnit, SARIF, GitHub ----------------------------------------------------------------------------------


def test_junit(run: Check) -> None:
    """Each expectation is a case with its place; what has flipped is a failure with the diff."""
    run(MIXED, "--junit", "found.xml")
    root = ElementTree.parse("found.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "3", "0")
    case = root.findall(".//testcase")[1]
    assert (case.get("file"), case.get("line")) == ("openworld.toml", "9")
    failure = case.find("failure")
    assert failure.get("message") == "expected: holds; found: does not hold: attack in 8 steps"
    assert "+ does not hold" in failure.text
    assert "POST /token" in failure.text


def test_sarif_is_valid_and_points_into_the_file(run: Check) -> None:
    """The log follows the official schema; each flip is an error at its line, an attack a code flow."""
    assert run(MIXED, "--sarif", "found.sarif").exit_code == 1
    _validate(SCHEMA, Path("found.sarif"))
    [made] = json.loads(Path("found.sarif").read_text(encoding="utf-8"))["runs"]
    assert made["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]
    attack, safe, _ = made["results"]
    where = attack["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == "openworld.toml"
    assert where["region"] == {"startLine": 9, "startColumn": 5, "endColumn": 19}
    assert made["tool"]["driver"]["rules"][attack["ruleIndex"]]["id"] == attack["ruleId"] == "flow_binding"
    steps = attack["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["executionOrder"] for step in steps] == list(range(1, len(steps) + 1))
    assert steps[-1]["location"]["message"]["text"].startswith("8. ")
    assert "codeFlows" not in safe
    assert "client.iss_matches_recorded_issuer (RFC 9207 2.4" in safe["message"]["text"]
    assert len({json.dumps(one["partialFingerprints"]) for one in made["results"]}) == 3


def test_sarif_without_results_is_valid(run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing flipped is a log without results, and a file outside the checkout has an absolute address."""
    run('[[expect]]\nholds = ["FC"]', "--sarif", "none.sarif")
    _validate(SCHEMA, Path("none.sarif"))
    assert json.loads(Path("none.sarif").read_text())["runs"][0]["results"] == []
    (tmp_path / "checkout").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "checkout"))
    run('[[expect]]\nfails = ["FC"]', "--sarif", "away.sarif")
    _validate(SCHEMA, Path("away.sarif"))
    assert (tmp_path / "openworld.toml").as_uri() in Path("away.sarif").read_text()


def test_the_schema_refuses_what_is_not_sarif(tmp_path: Path) -> None:
    """The validation can fail."""
    (tmp_path / "bad.sarif").write_text('{"version": "2.1.0", "runs": [{"results": []}]}', encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        _validate(SCHEMA, tmp_path / "bad.sarif")


def _validate(schema: Path, file: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), "--force-filetype", "json"]
    subprocess.run([*command, str(file)], check=True, capture_output=True)


def test_annotations(run: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """Annotations appear where GitHub runs the command or where asked for, one line each, escaped."""
    assert "::error" not in run(MIXED).stdout
    assert "::error" in run(MIXED, "--annotations", "github").stdout
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "::error" not in run(MIXED, "--annotations", "none").stdout
    shown = [line for line in run(MIXED).stdout.splitlines() if line.startswith("::")]
    assert len(shown) == 3
    assert shown[0] == (
        "::error file=openworld.toml,line=9,col=5,endColumn=19,"
        "title=flipped%3A flow_binding with iss_check=off against mal_as::"
        "expected: holds; found: does not hold: attack in 8 steps"
        "%0Aexpected because a code goes to whoever runs the token endpoint"
        "%0Aopenworld verdict flow_binding 'iss_check=off;cap=mal_as'"
    )


def test_a_file_cannot_give_commands_to_github(run: Check) -> None:
    """Words of the file never begin a line of the output, nor end the title of an annotation."""
    sly = '[[expect]]\nname = "x\\n::set-output name=a::b"\nbecause = "100 %\\n::stop-commands::y"\nfails = ["CD"]'
    for options in ((), ("--no-chart",), ("--format", "json")):
        result = run(sly, "--annotations", "github", *options)
        assert result.exit_code == 1
        commands = [line for line in result.output.splitlines() if line.strip().startswith("::")]
        assert [command.startswith("::error file=openworld.toml,") for command in commands] == [True]
        assert "because 100 %25 ::stop-commands::y%0A" in commands[0]


@pytest.mark.parametrize("options", [(), ("--no-chart",), ("--format", "json")])
@pytest.mark.parametrize("long", range(70, 96, 5))
def test_wrapping_makes_no_command(run: Check, long: int, options: tuple[str, ...]) -> None:
    """Wherever a line of the output begins, and whatever old form of a command stands in it."""
    words = f"{'x' * long} ::stop-commands::y ##[set-env name=a]b"
    asked = f'[[expect]]\nname = "{words}"\nbecause = "{words}"\nfails = ["CD"]'
    result = run(asked, "--annotations", "github", *options)
    for line in result.output.splitlines():
        assert line.startswith("::error file=openworld.toml,") or not line.strip().startswith("::")
        assert line.startswith("::error file=openworld.toml,") or "##[" not in line
    if options == ("--format", "json"):
        assert json.loads(result.stdout)[0]["name"] == words


def test_a_complaint_is_no_command(run: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong in a file is told in its words, which the runner does not obey either."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run('[[expect]]\n"##[command]" = 1')
    assert result.exit_code == 2
    assert "##" in result.stderr
    assert "##[" not in result.stderr


def test_paths_are_relative_to_the_checkout(run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder below the checkout, annotations name the path from its root."""
    (tmp_path / "drafts").mkdir()
    monkeypatch.chdir(tmp_path / "drafts")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert "::error file=drafts/openworld.toml,line=9" in run(MIXED, "--annotations", "github").stdout


def test_summary(run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is appended to what the job said before: every expectation in a row, the unmet first, and evidence."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n\n", encoding="utf-8")
    run(MIXED.replace("mix-up", "<b>|`"))
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert text.startswith("before\n\n## openworld check\n")
    rows = [line for line in text.splitlines() if line.startswith("| ✓") or line.startswith("| ✗")]
    assert [row[2] for row in rows] == ["✗", "✗", "✗", "✓", "✓"]
    assert {row.count(" | ") for row in rows} == {6}
    assert text.count("<details>") == 3
    assert "<b>" not in text


# --- together with the rest --------------------------------------------------------------------------------


def test_verdicts_are_those_of_the_verdict_command(run: Check) -> None:
    """What is found is what `openworld verdict` finds, trace and blocking rules alike."""
    for found in json.loads(run(MIXED, "--format", "json").stdout):
        alone = check(found["property"], parse(found["configuration"])).to_json()
        assert {key: found[key] for key in alone if key != "seconds"} == {
            key: value for key, value in alone.items() if key != "seconds"
        }


# --- a draft: its words, and what it adds ------------------------------------------------------------------

ANCHORED = """\
with = ["mine.py"]

[[expect]]
switches = { rs_issuers = "signed", issuer_signed = "on" }
against = ["delivery_tamper"]
holds = ["stray_token"]
draft = "draft.xml"
section = "3"
quote = "The client MUST NOT send a token whose issuer is not listed."
"""


def test_an_expectation_rests_on_a_sentence_of_a_draft(run: Check) -> None:
    """However it is broken and marked up; when it is gone, what rests on it is shown and the check fails."""
    CliRunner().invoke(main, ["new", "draft", "mine"])
    draft = Path("draft.xml")
    draft.write_text("<t>The client <bcp14>MUST\nNOT</bcp14> send a token whose\n  issuer is not listed.</t>", "utf-8")
    assert run(ANCHORED).exit_code == 0
    draft.write_text("<t>The client SHOULD NOT send a token whose issuer is not listed.</t>", "utf-8")
    found = run(ANCHORED, "--junit", "found.xml", "--sarif", "found.sarif")
    assert found.exit_code == 1
    assert "openworld.toml:6: without its text" in found.stdout
    assert 'holds, but draft.xml, section 3, no longer says "The client MUST NOT send' in found.stdout
    assert "client.issuer_is_signed  [draft-me 3]" in found.stdout
    assert ElementTree.parse("found.xml").getroot().get("failures") == "1"
    assert json.loads(Path("found.sarif").read_text("utf-8"))["runs"][0]["results"][0]["level"] == "error"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('draft = "draft.xml"', "", "'quote' says nothing without 'draft'"),
        ('quote = "The client MUST NOT send a token whose issuer is not listed."', "", "nothing without 'quote'"),
        ("draft.xml", "nowhere.xml", "there is no file 'nowhere.xml'"),
        ("mine.py", "theirs.py", "theirs.py"),
        ('with = ["mine.py"]', "with = 3", "with: "),
    ],
)
def test_what_a_draft_is_needed_for_is_said_when_it_is_not_there(run: Check, old: str, new: str, said: str) -> None:
    """One line, and exit code 2."""
    CliRunner().invoke(main, ["new", "draft", "mine"])
    Path("draft.xml").write_text("", encoding="utf-8")
    found = run(ANCHORED.replace(old, new))
    assert (found.exit_code, found.stderr.count("\n")) == (2, 1)
    assert said in found.stderr


def test_what_is_the_case_today_is_a_file_to_begin_with(run: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds when it is checked at once."""
    some = {name: every_attacker()[name] for name in ("code_leak",)}
    few = {name: PROPERTIES[name] for name in list(PROPERTIES)[::5]}
    monkeypatch.setattr("openworld.beginnings.every_attacker", lambda model: some)
    monkeypatch.setattr("openworld.beginnings.every_property", lambda model: few)
    begun = CliRunner().invoke(main, ["check", "--init", "rfc6749"])
    entries = tomllib.loads(begun.stdout)["expect"]
    assert sorted(attacker for entry in entries for attacker in entry["against"]) == ["code_leak"]
    assert run(begun.stdout, "--no-chart").exit_code == 0
    assert CliRunner().invoke(main, ["check", "--init", "rfc6748"]).exit_code == 2
    assert CliRunner().invoke(main, ["check"]).exit_code == 2


def test_a_server_runs_no_draft_that_a_file_names(tmp_path):
    """But those that it was started with."""
    file, draft = tmp_path / "openworld.toml", tmp_path / "mine.py"
    draft.write_text("", encoding="utf-8")
    file.write_text('with = ["mine.py"]\n', encoding="utf-8")
    with pytest.raises(ExpectationError, match=r"goes with .*mine\.py, which is run only where"):
        refuse_others(file, oauth())
    refuse_others(file, oauth().extended(draft))
