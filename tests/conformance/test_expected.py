"""Expectations: what changed is told and fails, what is known and accepted does not."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import expected, results
from conformance.install import Installed
from conformance.judge import Judgement
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, release
from model.errors import InputError
from openworld.cli import main
from openworld.driving import ready as making_ready

FALLS = ("authorization", "code_delivery")
SEEN = [
    Judgement("R01_exact", "catalogue", "A", "finished"),
    Judgement("M09_mixup_no_iss", "catalogue", "A", "finished", attacks=FALLS),
    Judgement("M01_iss_ok", "catalogue", "?", "timed out"),
]
CLIENT = "mcp-python==2.3.0"


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A file that expects what was seen, with a reason for the fall."""
    path = tmp_path / "expected.toml"
    text = "\n".join(expected.as_toml(CLIENT, SEEN))
    path.write_text(text.replace('because = ""', 'because = "no server of ours leaves iss out"'))
    return path


def test_what_was_seen_is_as_expected(known: Path) -> None:
    """What was not measured has not changed."""
    assert expected.load(known, CLIENT).changes(SEEN) == {}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (Judgement("R01_exact", "catalogue", "d", "finished"), "expected A, ended d"),
        (
            Judgement("R01_exact", "catalogue", "A", "finished", attacks=("authorization",)),
            "falls for authorization, which is not accepted",
        ),
        (
            Judgement("M09_mixup_no_iss", "catalogue", "a", "finished"),
            "expected A, ended a; no longer falls for authorization, code_delivery",
        ),
        (
            Judgement("M09_mixup_no_iss", "catalogue", "?", "timed out", attacks=(*FALLS, "token_confinement")),
            "falls for token_confinement, which is not accepted",
        ),
        (
            Judgement("new", "attack", "A", "finished", attacks=("authorization",)),
            "falls for authorization, which is not accepted",
        ),
    ],
)
def test_what_went_otherwise_is_told(known: Path, now: Judgement, told: str) -> None:
    assert expected.load(known, CLIENT).changes([now]) == {now.scenario: told}


def test_accepted_falls_are_no_failures_and_changes_are(known: Path) -> None:
    said = expected.load(known, CLIENT)
    whole = ElementTree.fromstring(results.junit({CLIENT: (SEEN, said)}))
    assert [whole.get(name) for name in ("failures", "errors")] == ["0", "1"]
    assert "accepted because: no server of ours" in "".join(whole.itertext())
    changed = [Judgement("M09_mixup_no_iss", "catalogue", "a", "finished")]
    assert ElementTree.fromstring(results.junit({CLIENT: (changed, said)})).get("failures") == "1"
    assert ElementTree.fromstring(results.junit({CLIENT: (SEEN, None)})).get("failures") == "1"


def test_what_is_expected_of_no_scenario_is_told() -> None:
    """And what is expected of one that is played is not."""
    asked = expected.Expected({"M01": "A", "M09": "d"}, {"M02": ("code_delivery",), "M09": ("code_delivery",)}, {})
    assert list(asked.unknown(["M01", "M02"])) == ["M09"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("no server of ours leaves iss out", " ", "M09_mixup_no_iss: say in 'because' why that is accepted"),
        ("2.3.0", "2.3.1", "says nothing of mcp-python==2.3.0; known: mcp-python==2.3.1"),
        ("[[client]]", "[[", "not a file of expectations: not a TOML file"),
        ('"R01_exact" = "A"', '"R01_exact" = "B"', "unknown outcome 'B'"),
    ],
)
def test_file_that_cannot_be_used_is_one_line(known: Path, old: str, new: str, complaint: str) -> None:
    known.write_text(known.read_text().replace(old, new))
    with pytest.raises(InputError, match=complaint):
        expected.load(known, CLIENT)


def test_command_fails_on_what_changed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file that one run writes is what the next is held to."""
    driver, path = tmp_path / "driver.py", tmp_path / "expected.toml"
    asks = "import json, sys, urllib.request\ntry: urllib.request.urlopen(json.loads(sys.stdin.readline())['url'])\n"
    driver.write_text(f"{asks}except OSError: pass\nprint('{{\"done\": false}}')")
    ready = Installed(
        release("mcp-python==0", CLIENTS, "client"), (sys.executable, str(driver)), {}, (tmp_path, *python_folders())
    )
    monkeypatch.setattr(making_ready, "install", lambda wanted, **_: ready)
    command = ["conform", "mcp-python==0", "--scenarios", "R01", "--plain"]

    def ends(*more: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main([*command, *more])
        return int(str(ended.value.code))

    assert ends("--write-expectations", str(path)) == 0
    assert ends("--expect", str(path)) == 0
    assert "all as expected" in capsys.readouterr().out
    path.write_text(path.read_text().replace('= "d"', '= "A"'))
    assert ends("--expect", str(path)) == 1
    assert "changed: R01_exact: expected A, ended d" in capsys.readouterr().out
