"""Verdicts that are known already: found only where nothing has changed, never damaged, never in each other's way."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from groups import gone

from model import store
from model.design import parse
from model.protocols import every_rule
from model.world_file import DEFAULT
from openworld import cache as module
from openworld.cache import SOURCES, Asker, Cache, fingerprint
from openworld.cli import main
from openworld.jobs import Question
from properties import verdict
from properties.security import PROPERTIES
from properties.verdict import check

ROOT = SOURCES[0].parent
ATTACK = Question("code_delivery", "cap=mal_as;iss_check=off")
SAFE = Question("code_delivery", "cap=mal_as")
REACHED = Question("first_contact", "design=mcp")
FILE = """\
[[expect]]
against = ["mal_as"]
holds = ["code_delivery"]
[[expect]]
switches = { iss_check = "off" }
against = ["mal_as"]
fails = ["code_delivery"]
"""
SMALL = '[[expect]]\nholds = ["first_contact"]'


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is kept in which fewer rules may be enough: there is time to find out."""
    monkeypatch.setattr(verdict, "PATIENCE", 0.5)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The packages in a folder of their own."""
    for name in ("model", "properties", "openworld"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def sources(folder: Path) -> tuple[Path, ...]:
    """The packages that verdicts are made of, in a copy."""
    return tuple(folder / path.name for path in SOURCES)


def rule_functions(folder: Path) -> dict[str, tuple[Path, ast.FunctionDef]]:
    """Where each rule is written."""
    found = {}
    for path in sorted((folder / "model").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "rule" for mark in node.decorator_list
            ):
                actor = {"conduct": "client", "serving": "resource_server"}.get(path.stem, path.stem)
                found[f"{actor}.{node.name}"] = path, node
    return found


def weaken(path: Path, function: ast.FunctionDef) -> None:
    """Make a rule hold always."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = function.body[1]  # after the docstring
    lines.insert(first.lineno - 1, " " * first.col_offset + "return True\n")
    path.write_text("".join(lines), encoding="utf-8")


# --- what a verdict is found by ----------------------------------------------------------------------------


@pytest.mark.slow
def test_changing_any_rule_changes_every_key(copied: Path) -> None:
    """Whichever rule is changed, nothing that was known before is found; changed back, it is found again."""
    functions = rule_functions(copied)
    assert set(functions) == set(every_rule())
    before = Cache(Path(), sources(copied)).path(SAFE)
    assert before == Cache(Path()).path(SAFE)
    for name, (path, function) in functions.items():
        content = path.read_bytes()
        weaken(path, function)
        assert Cache(Path(), sources(copied)).path(SAFE) != before, name
        path.write_bytes(content)
    assert Cache(Path(), sources(copied)).path(SAFE) == before


@pytest.mark.slow
def test_a_changed_rule_is_felt(copied: Path, tmp_path: Path) -> None:
    """With one rule gone, a verdict that was kept is not believed: the attack that the rule blocked is found."""
    (tmp_path / "openworld.toml").write_text(FILE, encoding="utf-8")

    def run() -> tuple[int, list[dict[str, object]]]:
        command = [sys.executable, "-m", "openworld.cli", "check", str(tmp_path / "openworld.toml"), "--format", "json"]
        done = subprocess.run([*command, "--cache", str(tmp_path / "verdicts")], cwd=copied, capture_output=True)
        return done.returncode, json.loads(done.stdout)

    assert [one["cached"] for one in run()[1]] == [False] * 2
    assert [one["cached"] for one in run()[1]] == [True] * 2
    weaken(*rule_functions(copied)["client.iss_matches_recorded_issuer"])
    code, found = run()
    assert code == 1
    assert [(one["status"], one["cached"]) for one in found] == [("flipped", False), ("as expected", False)]


@pytest.mark.parametrize(
    "name",
    ["properties/security.py", "properties/verdict.py", "model/switches.py", "model/worlds/default.toml", "new.py"],
)
def test_other_sources_count_too(copied: Path, name: str) -> None:
    """What makes verdicts of rules is part of the key, new files and files renamed too."""
    before = fingerprint(sources(copied))
    path = copied / name if "/" in name else copied / "model" / name
    path.write_text(path.read_text(encoding="utf-8") + "\n" if path.exists() else "", encoding="utf-8")
    changed = fingerprint(sources(copied))
    path.rename(path.with_name("renamed.py"))
    assert len({before, changed, fingerprint(sources(copied))}) == 3


def test_versions_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another solver or another Python may answer otherwise."""
    digests = {fingerprint()}
    monkeypatch.setattr(module, "versions", lambda: "none")
    digests.add(fingerprint())
    monkeypatch.setattr(module.platform, "python_version", lambda: "4.0.0")
    digests.add(fingerprint())
    assert len(digests) == 3


@pytest.mark.slow
def test_nothing_else_makes_a_verdict() -> None:
    """All that a verdict runs on is the packages that are hashed, the standard library and the solvers."""
    program = (
        "import sys; from model.design import parse\n"
        "from properties.checker import Checker; from properties.verdict import check\n"
        "check('code_delivery', parse('cap=mal_as;iss_check=off')); check('CD', parse('cap=mal_as'))\n"
        "Checker().verdict('AZ', parse('design=aauth'))\n"
        "print(*{name.partition('.')[0] for name, one in sys.modules.items() if getattr(one, '__file__', None)})"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if "-packages" in path)]),
        },
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split()) - sys.stdlib_module_names - {"__main__"}
    assert loaded == {"z3", "pysat", "pysolvers", "pyformula", *(path.name for path in SOURCES)}


def test_each_question_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Property, design, attacker, world and time limit tell questions apart; how they are written does not."""
    known = Cache(tmp_path)
    others = (
        ATTACK,
        SAFE,
        REACHED,
        SAFE._replace(property="flow_binding"),
        SAFE._replace(timeout=5.0),
        SAFE._replace(configuration="cap=mal_as+mal_rs"),
    )
    assert len({known.path(question) for question in others}) == len(others)
    assert known.path(SAFE) == known.path(Question("CD", "iss_check = advertised ; cap=mal_as;"))
    assert known.path(Question("CD", "design=mcp")) == known.path(Question("CD", parse("design=mcp").__str__()))


def test_the_world_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that is judged in another world is another question."""
    known, prop = Cache(tmp_path), PROPERTIES["code_delivery"]
    before = known.path(SAFE)
    monkeypatch.setattr(type(prop), "world_of", lambda *_: replace(DEFAULT, sessions=DEFAULT.sessions[:1]))
    assert known.path(SAFE) != before


# --- what is kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", [ATTACK, pytest.param(SAFE, marks=pytest.mark.slow), REACHED, Question("SI", "cap=token_leak")]
)
def test_what_is_kept_is_what_a_fresh_question_finds(tmp_path: Path, question: Question) -> None:
    """A verdict comes back whole, and asking once more gives the same."""
    known = Cache(tmp_path)
    assert known.get(question) is None
    known.put(question, check(question.property, parse(question.configuration)).to_json())
    back = Cache(tmp_path).get(question)
    fresh = check(question.property, parse(question.configuration))
    assert replace(back, seconds=0.0) == replace(fresh, seconds=0.0)


def test_the_order_of_questions_does_not_matter(tmp_path: Path) -> None:
    """What is found does not depend on what else was asked, or was known, so that the folder has one truth."""

    def found(*names: str, fresh: str) -> dict[str, object]:
        listed = ", ".join(f'"{name}"' for name in names)
        text = f'[[expect]]\nagainst = ["mal_as+mal_rs"]\nswitches = {{ iss_check = "off" }}\nholds = [{listed}]'
        (tmp_path / "e.toml").write_text(text, encoding="utf-8")
        arguments = ["check", str(tmp_path / "e.toml"), "--format", "json", "--cache", str(tmp_path / fresh)]
        rows = json.loads(CliRunner().invoke(main, arguments).stdout)
        return {row["property"]: {**row, "seconds": 0, "line": 0, "cached": 0} for row in rows}

    names = ("code_delivery", "flow_binding")
    known = found(*names, fresh="one")
    assert found(*reversed(names), fresh="two") == known
    found("flow_binding", fresh="three")
    assert found(*names, fresh="three") == known


@pytest.mark.slow
def test_what_is_not_known_is_not_kept(tmp_path: Path) -> None:
    """More time may bring more."""
    known = Cache(tmp_path)
    known.put(SAFE, {**check("CD", parse(SAFE.configuration)).to_json(), "verdict": "unknown"})
    known.put(SAFE, check("CD", parse(SAFE.configuration), patience=0.0).to_json())
    assert not list(tmp_path.iterdir())


# --- damage ------------------------------------------------------------------------------------------------


def _sealed(change: Callable[[dict], None]) -> Callable[[Path, bytes], bytes]:
    """A change of the verdict that is signed with the right key, as a defect of this software would make."""

    def damage(path: Path, content: bytes) -> bytes:
        data = json.loads(content)["data"]
        change(data)
        return store.sealed(path.name, data).encode()

    return damage


DAMAGE: dict[str, Callable[[Path, bytes], bytes]] = {
    "empty": lambda _, content: b"",
    "cut short": lambda _, content: content[: len(content) // 2],
    "not text": lambda _, content: b"\xff\xfe" + content,
    "another verdict": lambda _, content: content.replace(b'"verdict": "attack"', b'"verdict": "safe"'),
    "not an object": lambda _, content: b"[1, 2]",
    "deeply nested": lambda _, content: b"[" * 100_000,
    "no such rule": _sealed(lambda data: data.update(blocked_by=3)),
    "no such verdict": _sealed(lambda data: data.update(verdict="maybe")),
    "a run cut short": _sealed(lambda data: data["trace"]["steps"].pop()),
    "a run that cannot be": _sealed(lambda data: data["trace"]["steps"].reverse()),
    "another world": _sealed(lambda data: data.update(world="nowhere")),
}


@cache
def attack() -> dict[str, Any]:
    """What is answered."""
    return check(ATTACK.property, parse(ATTACK.configuration)).to_json()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_entry_is_ignored_and_written_anew(tmp_path: Path, damage: Callable[[Path, bytes], bytes]) -> None:
    """Whatever has become of a file, the question is asked again and the file is whole afterwards."""
    known, data = Cache(tmp_path), attack()
    known.put(ATTACK, data)
    path = known.path(ATTACK)
    whole = path.read_bytes()
    changed = damage(path, whole)
    assert changed != whole
    path.write_bytes(changed)
    assert known.get(ATTACK) is None
    known.put(ATTACK, data)
    assert path.read_bytes() == whole


def test_an_answer_to_another_question_is_ignored(tmp_path: Path) -> None:
    """A whole entry under the wrong name is no answer."""
    known = Cache(tmp_path)
    known.put(SAFE, check(SAFE.property, parse(SAFE.configuration)).to_json())
    known.path(ATTACK).parent.mkdir(exist_ok=True)
    shutil.copy(known.path(SAFE), known.path(ATTACK))
    assert known.get(ATTACK) is None


def test_the_command_recovers_from_damage(tmp_path: Path) -> None:
    """Every file damaged: the same outcome, and the next run finds everything again."""
    (tmp_path / "openworld.toml").write_text(FILE, encoding="utf-8")
    arguments = ["check", str(tmp_path / "openworld.toml"), "--cache", str(tmp_path / "verdicts")]
    run = lambda: CliRunner().invoke(main, arguments)  # noqa: E731
    assert run().stdout == "2 expectations: 2 as expected\n"
    for path in (tmp_path / "verdicts").rglob("*.json"):
        path.write_bytes(path.read_bytes()[:-20])
    assert run().stdout == "2 expectations: 2 as expected\n"
    assert run().stdout == "2 expectations: 2 as expected (2 known already)\n"


# --- folders -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_runs_at_once(tmp_path: Path) -> None:
    """Runs that share a folder do not disturb each other, and leave whole files and nothing else."""
    (tmp_path / "openworld.toml").write_text(FILE, encoding="utf-8")
    command = [sys.executable, "-m", "openworld.cli", "check", str(tmp_path / "openworld.toml")]
    runs = [
        subprocess.Popen([*command, "--workers", "1", "--cache", str(tmp_path / "verdicts")], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for one in runs:
        output, _ = one.communicate()
        assert (one.returncode, output.startswith(b"2 expectations: 2 as expected")) == (0, True)
    kept = [path for path in (tmp_path / "verdicts").rglob("*") if path.is_file()]
    assert [bool(re.fullmatch(r"[0-9a-f]{62}\.json", path.name)) for path in kept] == [True] * 2
    again = CliRunner().invoke(main, [*command[3:], "--cache", str(tmp_path / "verdicts")])
    assert again.stdout.endswith("(2 known already)\n")


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    """Ctrl-C is exit code 130 with one line; what was found by then is known the next time, and nobody is left."""
    verdicts = tmp_path / "verdicts"
    file = ROOT / "openworld" / "data" / "named_designs.openworld.toml"
    command = [sys.executable, "-m", "openworld.cli", "check", str(file), "--cache", str(verdicts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        until = time.monotonic() + 60
        while len(list(verdicts.rglob("[!.]*.json"))) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.splitlines()[-1]) == (130, b"", b"openworld: interrupted")
    assert gone(process.pid)
    kept = [path for path in verdicts.rglob("*") if path.is_file()]
    assert len(kept) >= 2
    assert all("by" in json.loads(path.read_text(encoding="utf-8")) for path in kept)


def test_the_default_folder_is_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --cache verdicts are kept where the system keeps such things; with --no-cache nowhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENWORLD_CACHE", raising=False)
    (tmp_path / "e.toml").write_text(SMALL, encoding="utf-8")
    run = lambda *options: CliRunner().invoke(main, ["check", str(tmp_path / "e.toml"), *options])  # noqa: E731
    assert run("--no-cache").exit_code == 0
    assert not (tmp_path / "home").exists()
    assert run().exit_code == 0
    assert len(list((tmp_path / "home").rglob("openworld/**/*.json"))) == 1
    assert "known already" not in run("--no-cache").stdout


def test_a_default_folder_that_cannot_be_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked for the default, so it is no error; a folder that was asked for is."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "e.toml").write_text(SMALL, encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.delenv("OPENWORLD_CACHE", raising=False)
    assert CliRunner().invoke(main, ["check", str(tmp_path / "e.toml")]).exit_code == 0
    wanted = str(tmp_path / "file" / "verdicts")
    result = CliRunner().invoke(main, ["check", str(tmp_path / "e.toml"), "--cache", wanted])
    assert (result.exit_code, str(tmp_path / "file") in result.stderr) == (2, True)


def test_a_run_is_found_and_known_the_second_time(monkeypatch, tmp_path):
    """The same, and none where there is none."""
    monkeypatch.setattr(module, "default_folder", lambda: tmp_path)
    attacked, ask = parse("cap=mal_as;iss_check=off"), Asker()
    found = ask("code_delivery", attacked)
    assert found is not None
    known = ask("code_delivery", attacked)
    assert known is not None
    assert known.to_json() == found.to_json()
