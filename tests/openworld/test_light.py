"""The light install: what checks drafts needs the model and the solver, and what else there is says what is missing."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from openworld.cli import COMMANDS
from openworld.extras import EXTRAS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MIXUP = ("code_delivery", "cap=mal_as;iss_check=off")

#: Runs the command where what the extras bring is not installed, as it seems.
BLOCKED = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(name for modules in EXTRAS.values() for name in modules)}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from openworld.cli import main
main()
"""


def without_extras(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as in the light install."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_extras_are_told_as_they_are() -> None:
    """What the extras bring, by the names under which it is imported, is what the package declares."""
    assert EXTRAS.keys() | {"dev", "docs"} == PROJECT["optional-dependencies"].keys()
    for extra, modules in EXTRAS.items():
        declared = {re.split(r"[\[>=]", entry)[0] for entry in PROJECT["optional-dependencies"][extra]}
        renamed = {module.replace("_", "-").replace("markdown-it", "markdown-it-py") for module in modules}
        # Those of notebooks run notebooks, and only two of them are imported by what notebooks call.
        assert renamed == declared - {"openworld"} or extra == "notebooks"
        assert renamed <= declared | {"IPython"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verdict", *MIXUP], "attack in 7 steps"),
        (["trace", *MIXUP], "POST /token"),
        (["trace", *MIXUP, "--format", "svg"], "POST /token</text>"),
        (["diff", "--property", "first_contact", "cap=none", "prm=off"], "changed by"),
        (["list", "words", "iss"], "RFC 9207"),
        (["list", "properties"], "code_delivery"),
        (["clients", "mcp-python"], "predicted"),
        (["--help"], "Run a real client against played servers"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_it_answers_questions(arguments: list[str], says: str) -> None:
    """What a draft's CI and its author need is there without any extra."""
    done = without_extras(*arguments)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout


def test_it_checks(tmp_path: Path) -> None:
    """A red and a green check."""
    file = tmp_path / "openworld.toml"
    file.write_text(
        '[[expect]]\nswitches = {}\nholds = ["first_contact"]\nfails = ["task_completed"]\n', encoding="utf-8"
    )
    done = without_extras("check", file, "--cache", tmp_path / "cache", "--workers", 1)
    assert (done.returncode, "2 expectations: 1 as expected, 1 flipped" in done.stdout) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["study", "-o", "out"], "study"),
        (["simulate", "matching"], "study"),
        (["report", "."], "study"),
        (["figures"], "study"),
        (["trace", *MIXUP, "--format", "pdf", "-o", "out.pdf"], "study"),
        (["conform", "mcp-python==2.3.0"], "conform"),
        (["learn", "mcp-python==2.3.0"], "conform"),
        (["mcp"], "mcp"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_is_missing_is_said_in_one_line(
    arguments: list[str], extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which extra to install, and nothing was begun."""
    monkeypatch.chdir(tmp_path)
    done = without_extras(*arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"pip install '.[{extra}]'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_help_of_every_command_is_there() -> None:
    """What an extra brings is imported where it is needed, so that one can read what it would be good for."""
    code = """
from openworld.cli import COMMANDS
from openworld.commands.topics import TOPICS
for name in (*COMMANDS, *(f"list {topic}" for topic in TOPICS["Topics"])):
    try:
        main([*name.split(), "--help"])
    except SystemExit as ended:
        assert not ended.code, name
"""
    code = BLOCKED.removesuffix("main()\n") + code
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_it_is_what_pip_installs(tmp_path: Path) -> None:
    """An environment of nothing but the package has none of what the extras bring, and answers."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    bin_ = tmp_path / "venv" / "bin"
    pip = [bin_ / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "-c", ROOT / "constraints.txt", ROOT], check=True)
    listed = subprocess.run([*pip, "list", "--format=freeze"], check=True, capture_output=True, text=True).stdout
    installed = {line.partition("==")[0].lower() for line in listed.splitlines()}
    assert not installed & {module.lower().replace("_", "-") for modules in EXTRAS.values() for module in modules}
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for arguments, says in ((["verdict", *MIXUP], ["attack in 7 steps"]), (["--help"], COMMANDS)):
        done = subprocess.run([bin_ / "openworld", *arguments], cwd=tmp_path, env=alone, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        assert all(words in done.stdout for words in says)
