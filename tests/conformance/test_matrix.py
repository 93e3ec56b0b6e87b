"""The matrix: clients by scenarios, beside what its file expects, with a page that leads to the evidence."""

import datetime
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import matrix
from conformance.attacks import Found
from conformance.install import Installed
from conformance.judge import Judgement
from conformance.lock import Lock
from conformance.matrix import ReleaseEntry
from conformance.play import Play, catalogue
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, Release, release
from deployed import disclosure, explanation
from model.design import Design, parse
from model.errors import InputError
from openworld.cli import main
from openworld.driving import client, columns, matrix_page, ready
from openworld.driving.client import Driven
from openworld.driving.columns import Column, affected
from properties.checker import Checker

TWO = """
scenarios = ["R01"]
attacks = []
[[client]]
name = "mcp-python==1"
[[client]]
name = "mcp-python==2"
"""
#: How a client ends that falls for a mix-up, and one that does not: with what it loses.
FALLEN = (("A", ("code_delivery",)), ("a", ()))
#: A client that asks once; release 3 hangs before it does.
ASKS = """import json, sys, time, urllib.request
job = json.loads(sys.stdin.readline())
if sys.argv[1] == "3": time.sleep(60)
open(sys.argv[2], "a").write(sys.argv[1])
try: urllib.request.urlopen(job["url"])
except OSError: pass
print('{"done": false}')
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command on a matrix, with a client that notes in a file that it was started."""
    driver = tmp_path / "driver.py"
    driver.write_text(ASKS)
    monkeypatch.setattr("conformance.sandbox.way", lambda: "")

    def installed(wanted: Release, **_: object) -> Installed:
        command = (sys.executable, str(driver), wanted.version, str(tmp_path / "started"))
        return Installed(wanted, command, {}, (tmp_path, *python_folders()), lock=Lock(str(wanted)))

    monkeypatch.setattr(ready, "install", installed)

    def ends(text: str, *more: str) -> int:
        path = tmp_path / "matrix.toml"
        path.write_text(text)
        command = ["conform", "--matrix", str(path), "--plain", "--workers", "1", "-o", str(tmp_path / "out"), *more]
        with pytest.raises(SystemExit) as ended:
            main(command)
        return int(str(ended.value.code))

    return ends


def test_matrix_goes_on_and_writes_what_it_will_expect(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured is not run or fitted again; what it wrote as expectations is met, until something changes."""
    later = tmp_path / "later.toml"
    assert run(TWO, "--write-expectations", str(later)) == 0
    assert "nothing is expected of anybody" in capsys.readouterr().out
    monkeypatch.setattr(explanation, "fit", None)
    monkeypatch.setattr(client, "all_cures", None)
    assert run(later.read_text(), "--junit", str(tmp_path / "junit.xml")) == 0
    assert "all as expected" in capsys.readouterr().out
    assert (tmp_path / "started").read_text() == "12"
    assert len(ElementTree.parse(tmp_path / "junit.xml").findall("testsuite/testcase")) == 2

    assert run(later.read_text().replace('= "d"', '= "A"', 1)) == 1
    assert "changed: mcp-python==1: R01_exact: expected A, ended d" in capsys.readouterr().out
    page = (tmp_path / "out" / "index.html").read_text()
    assert "What changed" in page
    assert "<code>openworld conform --matrix matrix.toml -o out</code>" in page
    for link in re.findall(r'href="([^"#]+)#?[^"]*"', page):
        assert link.startswith("data:") or (tmp_path / "out" / link).exists()


def links(page: Path) -> list[str]:
    """Where a page leads, besides to a place on itself."""
    found = re.findall(r'href="([^"#]+)#?[^"]*"', page.read_text())
    return [link for link in found if not link.startswith(("data:", "https:"))]


@pytest.mark.slow
def test_what_may_be_published_is_a_folder_of_its_own(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one client has something open, the whole row is hidden, its recordings are not there, and links lead on."""
    both = TWO.replace('"R01"', '"R01", "T08"')
    assert run(both) == 0
    published = tmp_path / "out" / "public"
    assert "not public" not in (published / "releases.html").read_text()
    recorded = sorted(path.relative_to(published) for path in published.rglob("*.har"))
    assert len(recorded) == 4
    monkeypatch.setattr(disclosure, "withheld", lambda client, scenario, *_: scenario.startswith("T08"))
    assert run(both) == 0
    page = published / "releases.html"
    assert page.read_text().count('title="not public"') == 2
    assert "1 more not public" in page.read_text()
    assert {path.stem for path in published.rglob("*.har")} == {"R01_exact"}
    assert all((one.parent / link).exists() for one in published.rglob("*.html") for link in links(one))
    assert {path.name for path in (tmp_path / "out").rglob("T08*.har")} == {"T08_token_type_dpop.har"}


def test_a_public_loss_is_shown_in_a_row_that_is_hidden_else() -> None:
    """Who falls publicly stays; who falls and is not public cannot be told from who does not fall."""
    play = Play("M08_mixup_iss", "catalogue", "mix-up")
    fell, kept = (Judgement(play.name, "catalogue", end, "finished", attacks=lost) for end, lost in FALLEN)
    told = {"ts-sdk-v1==1.32.2": fell, "one==1": fell, "other==1": kept}
    seen = [
        Column(ReleaseEntry(name), name, Driven(None, [play], [one], None, {}))  # type: ignore[arg-type]
        for name, one in told.items()
    ]
    shown = columns.public(seen, datetime.date(2026, 11, 30))
    assert [len(one.judgements) for one in shown] == [1, 0, 0]
    assert [list(one.withheld) for one in shown] == [[], [play.name], [play.name]]


def test_who_goes_on_where_it_must_refuse_is_not_painted_as_safe(tmp_path: Path) -> None:
    """Though nothing was seen to be lost; who refuses is, and stands among those that need no look."""
    installed = Installed(release("mcp-python==2.3.0", CLIENTS, "client"), (), {})
    plays = [play for play in catalogue() if play.name in ("R08_cross_origin_port", "R05_string_prefix_not_segment")]
    seen = [Judgement(play.name, "catalogue", end, "finished") for play, end in zip(plays, "dA", strict=True)]
    column = Column(ReleaseEntry("mcp-python==2.3.0"), "mcp", Driven(installed, plays, seen, None, {}))  # type: ignore[arg-type]
    wanted = matrix.of_names(["mcp-python==2.3.0"], [])
    page = matrix_page.pages([column], wanted, tmp_path, matrix_page.Making("", ""))
    found = re.findall(r'class="cell (\w+)" title="([^:"]*)', page["index.html"])
    assert found == [("attack", "goes on, though it must refuse; accepted"), ("safe", "refused at discovery")]
    assert "refused at discovery</td>" in page["mcp/index.html"]
    assert "accepted: goes on, though it must refuse" in page["mcp/index.html"]


def test_expectation_about_what_is_not_played_is_a_change(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TWO + '[client.expected]\n"attack_gone" = "A"\n') == 1
    assert "attack_gone: something is expected of it, and it is not played" in capsys.readouterr().out


def test_what_was_not_measured_is_exit_code_three_and_open_on_the_page(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(TWO.replace("==2", "==3"), "--timeout", "1") == 3
    page = (tmp_path / "out" / "index.html").read_text()
    assert re.search(r'class="cell unknown"[^>]*><a href="mcp-python-3/index.html#R01_exact', page)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("attacks = []", 'attacks = ["nothing"]', "attacks on 'nothing' cannot be told to a client"),
        ("==2", "==1", "mcp-python==1 is there twice"),
        ('"mcp-python==2"', '"x==2"\npackage = "npm:x@2"', "x==2: say 'package' and 'driver', or neither"),
        ('"R01"', '"nowhere"', "no scenario 'nowhere'; allowed: "),
        ("==2", "", "does not name an exact version"),
        ("[[client]]", "[[clients]]", "not a file of expectations"),
    ],
)
def test_matrix_that_cannot_be_run_is_one_line(
    run: Callable[..., int], old: str, new: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TWO.replace(old, new)) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--source", "attack"], ["--scenarios", "M"], ["--suite"]], ids=" ".join)
def test_what_a_matrix_runs_is_in_its_file_alone(
    run: Callable[..., int], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(TWO, *more) == 2
    assert "what --matrix runs and expects is in its file" in capsys.readouterr().err


def test_fall_is_accepted_once_for_all_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "matrix.toml"
    path.write_text(TWO)
    fall = Judgement("M09_mixup_no_iss", "catalogue", "A", "finished", attacks=("code_delivery",))
    lines = "\n".join(matrix.as_toml(matrix.load(path), {"mcp-python==1": [fall], "mcp-python==2": [fall]}))
    path.write_text(lines)
    with pytest.raises(InputError, match="mcp-python==1: M09_mixup_no_iss: say in 'because' why that is accepted"):
        matrix.load(path)
    path.write_text(lines.replace('because = ""', 'because = "of old servers"'))
    for entry in matrix.load(path).entries:
        assert entry.expected is not None
        assert entry.expected.changes([fall]) == {}
    path.write_text(path.read_text().replace('clients = ["mcp-python==1", ', 'clients = ["mcp-python==7", '))
    with pytest.raises(InputError, match="accepted for mcp-python==7; known: mcp-python==1, mcp-python==2"):
        matrix.load(path)


def test_first_and_last_release_affected_go_by_version() -> None:
    """Not by the order in which they are listed, nor by their letters; what was not measured says nothing."""

    def ended(*attacks: str, outcome: str = "A") -> list[Judgement]:
        return [Judgement("M09_mixup_no_iss", "catalogue", outcome, "finished", attacks=attacks)]

    (one,) = affected(
        {
            "c==1.16.0": ended("code_delivery"),
            "c==1.9.4": ended("code_delivery"),
            "c==1.2.0": ended(),
            "c==2.0.0": ended(outcome="?"),
            "c==2.1.0": ended(),
            "d==1.0.0": ended(),
        }
    )
    assert (one.client, one.first, one.last, one.falls, one.listed, one.next) == ("c", "1.9.4", "1.16.0", 2, 4, "2.1.0")


@pytest.mark.slow
def test_solver_is_not_asked_again_for_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But where something else is asked, or what was kept is damaged."""
    asked = []

    def search(design: Design, ask: object, done: object, properties: tuple[str, ...]) -> list[Found]:
        asked.append(design)
        attacked = parse("iss_check=off;md_issuer_check=off;cap=mal_as")
        return [Found(Checker().verdict(properties[0], attacked).trace, {})]

    monkeypatch.setattr(client, "search", search)
    first = client.attack_traces([Design()], ["code_delivery"], tmp_path)
    assert client.attack_traces([Design()], ["code_delivery"], tmp_path) == first
    assert len(first) == len(asked) == 1
    client.attack_traces([Design({"iss_check": "off"})], ["code_delivery"], tmp_path)
    (tmp_path / client.FILE).write_text("{}")
    client.attack_traces([Design({"iss_check": "off"})], ["code_delivery"], tmp_path)
    assert len(asked) == 3


def test_data_of_a_matrix_is_json(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(TWO, "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["client"] for one in told["clients"]] == ["mcp-python==1", "mcp-python==2"]
    assert told["affected"] == []
