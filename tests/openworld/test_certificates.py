"""Evidence in files: written by one command, looked at by another, and refused in a line where it is none."""

import csv
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from smallest import narrowed

from model.design import parse
from model.named_designs import NAMED_DESIGNS
from model.world_file import DEFAULT, WORLDS
from openworld import study
from openworld.cache import identity
from openworld.jobs import Question
from openworld.plan import StudyPlan
from openworld.tables import certificates
from openworld.tables.certificates import Runs, bounded, looked_into
from properties.proofs import CHECKER, PROVER
from properties.security import PROPERTIES

PAGE = Path(study.__file__).parent / "data" / "findings" / "certificates.md"
#: World, how many designs, how long runs are: the rows of its table.
LENGTHS = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
SAFE = ("TC", "cap=mal_rs;iss_check=require")
needs_programs = pytest.mark.skipif(
    None in map(shutil.which, (PROVER, CHECKER)), reason=f"not installed: {PROVER} or {CHECKER}"
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, run) -> Path:
    """A certificate of a safe answer."""
    path = tmp_path_factory.mktemp("certificates") / "safe.zip"
    assert run("verdict", *SAFE, "--certificate", path).exit_code == 0
    return path


def changed(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A certificate with one of its members changed."""
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(other, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, change(content) if member == name else content)
    return other


@needs_programs
def test_evidence_is_written_and_checked(stored: Path, run, tmp_path: Path) -> None:
    """What was checked, by what, and what is still to be trusted; the same question makes the same bytes."""
    result = run("check", stored)
    assert result.exit_code == 0
    assert "REFUTED" not in result.output
    for words in ("drat-trim", "laid down anew", "every clause holds", "trusted", "claimed     safe, in world default"):
        assert words in result.output
    data = json.loads(run("check", stored, "--format", "json").output)
    assert data["holds"]
    assert len(data["findings"]) == 5
    again = tmp_path / "again.zip"
    run("verdict", *SAFE, "--certificate", again)
    assert again.read_bytes() == stored.read_bytes()


def relabelled(about: dict[str, Any]) -> bytes:
    """What is safe said to be out of reach in this world, with no more claimed than that takes."""
    claims = [claim for claim in about["claims"] if not claim["possible"]]
    return json.dumps({**about, "verdict": "not_in_this_world", "claims": claims}).encode()


@needs_programs
@pytest.mark.parametrize("world", ["mine.toml", "crm_then_billing", ""])
def test_evidence_about_one_question_is_none_about_another(stored: Path, run, tmp_path: Path, world: str) -> None:
    """Neither about another world, whatever the file calls it, nor about another design."""
    named = f"iss_check=require;world={world}" if world else "iss_check=off"
    if world.endswith(".toml"):
        (tmp_path / world).write_bytes(files("model").joinpath("worlds", "crm_then_billing.toml").read_bytes())
        named = f"iss_check=require;world={tmp_path / world}"
    other = changed(stored, "certificate.json", lambda data: data.replace(b"iss_check=require", named.encode()))
    result = run("check", other)
    assert (result.exit_code, "about another question" in result.output) == (2, True)


@needs_programs
def test_clauses_and_proofs_are_of_use_without_this_suite(stored: Path) -> None:
    """The archive has the clauses in the usual form, and each proof is about them and its claim's assumptions."""
    with zipfile.ZipFile(stored) as archive:
        about = json.loads(archive.read("certificate.json"))
        assert {f"{claim['name']}.{'model' if claim['possible'] else 'drat'}" for claim in about["claims"]} | {
            "certificate.json",
            "clauses.cnf",
        } == set(archive.namelist())
        head, *lines = archive.read("clauses.cnf").decode().splitlines()
    assert head == f"p cnf {about['top']} {len(lines)}"
    assert all(line.endswith(" 0") for line in lines)


@needs_programs
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("certificate.json", lambda data: data.replace(b'"verdict": "safe"', b'"verdict": "not_in_this_world"')),
        ("certificate.json", lambda data: relabelled(json.loads(data))),
        ("clauses.cnf", lambda data: data.rsplit(b"\n", 3)[0] + b"\n1 0\n"),
        ("excluded.drat", lambda data: b""),
        ("possible.model", lambda data: b"1"),
    ],
    ids=["answer", "claim", "clauses", "proof", "run"],
)
def test_what_was_tampered_with_is_refuted(stored: Path, run, name: str, change: Callable[[bytes], bytes]) -> None:
    """Exit code 1, and the line that is not so."""
    result = run("check", changed(stored, name, change))
    assert (result.exit_code, "REFUTED" in result.output) == (1, True)


def test_a_run_is_evidence_too(tmp_path: Path, run) -> None:
    """For that no program is needed but our own."""
    path = tmp_path / "attack.zip"
    run("verdict", "CD", "cap=mal_as;iss_check=off", "--certificate", path)
    result = run("check", path)
    assert result.exit_code == 0
    assert "its run of 7 steps brings it about (replayed on the machine)" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "not a ZIP archive"), (b"PK\x03\x04 and so on", "not a ZIP archive")]
)
def test_what_is_no_certificate_is_refused_in_a_line(tmp_path: Path, run, content: bytes, said: str) -> None:
    """With the name of the file and the reason, and exit code 2."""
    path = tmp_path / "none.zip"
    path.write_bytes(content)
    result = run("check", path)
    assert (result.exit_code, said in result.output, len(result.output.splitlines())) == (2, True, 1)
    assert str(path) in result.output


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({}, "'format' is missing"),
        ({"format": "openworld-certificate", "version": 1}, "must be 2"),
        ({"sweeps": -1}, "must be a number between 0 and 20"),
        ({"sweeps": 0}, "neither a run nor sweeps of runs"),
        ({"property": "XX"}, "unknown property 'XX'"),
        ({"world": "nowhere"}, "it is about another question"),
        ({"question": ""}, "it is about another question"),
        ({"verdict": "not_reached"}, "no such answer about a security property"),
        ({"configuration": "iss_chek=on"}, "iss_chek"),
        ({"trace": {}, "verdict": "attack"}, "not a trace"),
        ({"trace": {}}, "a run is what shows attack or reached"),
        ({"verdict": "attack"}, "a run is what shows attack or reached"),
        ({"claims": [{"name": "proved"}]}, "unknown value 'proved'"),
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused_in_a_line(tmp_path: Path, run, about: object, said: str) -> None:
    """A schema at the border, and then the names."""
    whole = {
        "format": "openworld-certificate",
        "version": 2,
        "property": "CD",
        "configuration": "cap=mal_as",
        "world": "default",
        "question": identity(PROPERTIES["code_delivery"], parse("cap=mal_as")),
        "verdict": "safe",
        "sweeps": 1,
        "ruled": True,
        "top": 1,
        "claims": [],
        "meaning": {},
        "trace": None,
    }
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("certificate.json", json.dumps({**whole, **about} if about else {}))
        archive.writestr("clauses.cnf", "p cnf 1 1\n1 0\n")
    result = run("check", path)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1), result.output
    assert said in result.output


@needs_programs
def test_many_answers_are_looked_into_at_once() -> None:
    """What others have proved and checked, and why where there is nothing to prove."""
    asked = [Question("token_confinement", "cap=mal_rs"), Question("SI", "design=aauth;cap=mal_as")]
    proved, other = map(looked_into, asked)
    assert (proved["verdict"], proved["certified"], proved["why"]) == ("safe", "yes", "")
    assert proved["clauses"] > 1_000 < proved["proofs"]
    assert (other["verdict"], other["certified"]) == ("not_in_this_world", "no")
    assert "no evidence" in other["why"]


@needs_programs
def test_how_long_the_runs_of_worlds_are_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the attacker can do; what is not found out in time is told as that."""
    asked = [Runs("aauth_chain", "aauth"), Runs("delegation", "mcp")]
    rows = list(map(bounded, asked))
    assert [(row["world"], row["certified"], row["why"]) for row in rows] == [(each.world, "yes", "") for each in asked]
    assert 0 < rows[0]["sweeps"] < rows[1]["sweeps"]
    monkeypatch.setattr(certificates, "PATIENCE", 0.0)
    late = bounded(asked[0])
    assert (late["certified"], late["sweeps"]) == ("no", "")
    assert "was not found out" in late["why"]


def test_the_page_counts_what_its_table_has() -> None:
    """Of all worlds under all named designs."""
    share = re.search(r"(\d+) of (\d+) worlds under a named design", PAGE.read_text(encoding="utf-8"))
    assert share is not None
    counts = sum(int(designs) for _, designs, _ in LENGTHS), len(WORLDS) * len(NAMED_DESIGNS)
    assert tuple(map(int, share.groups())) == counts


@needs_programs
@pytest.mark.parametrize(
    ("world", "designs", "sweeps"),
    [pytest.param(*row, marks=() if row[0] == "aauth_chain" else pytest.mark.slow, id=row[0]) for row in LENGTHS],
)
def test_lengths_of_runs_are_those_on_the_page(world: str, designs: str, sweeps: str) -> None:
    """Proved and checked under as many designs, and none has longer ones."""
    rows = [bounded(Runs(world, design)) for design in NAMED_DESIGNS]
    shown = [row["sweeps"] for row in rows if row["certified"] == "yes"]
    assert (len(shown), max(shown)) == (int(designs), int(sweeps))


@needs_programs
def test_a_study_has_every_answer_proved_and_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each that something does not happen, with the share on its page."""
    few = {"designs": ("mcp",), "attackers": ("mal_as",), "worlds": (DEFAULT.name,)}
    none = dict.fromkeys(("environments", "experiments", "clients", "properties", "mishaps"), ())
    monkeypatch.setattr(StudyPlan, "taken", narrowed(none | few))
    study.run(StudyPlan(tmp_path, certify=True))
    with (tmp_path / "certificates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 10
    assert {row["certified"] for row in rows if row["verdict"] in ("safe", "not_reached")} == {"yes"}
    share = f"{sum(row['certified'] == 'yes' for row in rows)} of {len(rows)} answers that something does not happen"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert share in page
    assert "1 of 1 worlds under a design, of how long their runs are" in page


def test_without_the_programs_nothing_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run) -> None:
    """The line says which program is not there, and nothing is written."""
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "safe.zip"
    result = run("verdict", *SAFE, "--certificate", path)
    assert (result.exit_code, path.exists()) == (3, False)
    assert "cadical is not installed" in result.output
