"""The action, the workflow and the hook, tried out in scratch repositories.

What GitHub alone can run (its runner, and the actions for checkout, Python, caches and uploads) is checked against the
published schemas only. The rest is run: the shell steps of the action as the runner would, the hook by pre-commit.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = ROOT / ".github" / "workflows" / "expectations.yml"
HOLDS = '[[expect]]\ndesign = "mcp"\nholds = ["first_contact"]\n'
FLIPPED = '[[expect]]\ndesign = "mcp"\nfails = ["first_contact"]\n'


# --- what is published -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "files"), [("actions", [ROOT / "action.yml"]), ("workflows", sorted(WORKFLOW.parent.glob("*.yml")))]
)
def test_github_would_accept_it(schema: str, files: list[Path]) -> None:
    """Action and workflow follow their published schemas."""
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.github-{schema}",
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", [ROOT / "action.yml", *sorted(WORKFLOW.parent.glob("*.yml"))], ids=str)
def test_foreign_actions_are_pinned_by_commit(file: Path) -> None:
    """A name that its owner can move, as a tag, decides nothing here."""
    used = re.findall(r"uses: (\S+)", file.read_text(encoding="utf-8"))
    assert used
    assert not [name for name in used if name != "./" and not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", name)]


def test_pre_commit_accepts_the_hook() -> None:
    """The manifest of hooks is one."""
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    subprocess.run(command, check=True)


def test_the_workflow_uses_the_action_as_it_is() -> None:
    """What the workflow passes in are inputs of the action, and what it uploads the action writes."""
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["check"]["steps"]
    uses = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps}
    assert uses["./"].keys() <= ACTION["inputs"].keys()
    assert (ROOT / uses["./"]["files"]).is_file()
    assert uses["github/codeql-action/upload-sarif"]["sarif_file"] == ACTION["inputs"]["sarif"]["default"]
    assert uses["actions/upload-artifact"]["path"] == ACTION["inputs"]["junit"]["default"]


# --- the action --------------------------------------------------------------------------------------------


class Runner:
    """Runs the shell steps of the action in a scratch repository as GitHub's runner does."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.temp = folder / "my repository", folder / "temp"
        self.repository.mkdir()
        self.temp.mkdir()
        self.summary = folder / "summary.md"
        git(self.repository, "init", "--quiet")

    def __call__(self, step: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        [found] = [one for one in ACTION["runs"]["steps"] if one["name"] == step]
        assert inputs.keys() <= ACTION["inputs"].keys()
        given = {name: one["default"] for name, one in ACTION["inputs"].items()} | inputs
        env = {name: self._evaluate(value, given) for name, value in found["env"].items()}
        script = self.temp / "step.sh"
        script.write_text(found["run"], encoding="utf-8")
        assert "${{" not in found["run"]  # inputs would be read as commands
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=self.repository,
            capture_output=True,
            text=True,
            env=outside()
            | env
            | {
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(self.repository),
                "GITHUB_STEP_SUMMARY": str(self.summary),
            },
        )

    def _evaluate(self, text: str, inputs: dict[str, str]) -> str:
        known = {f"inputs.{name}": value for name, value in inputs.items()}
        known |= {"runner.temp": str(self.temp), "steps.python.outputs.python-path": sys.executable}
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda match: known[match[1]], text)


def outside() -> dict[str, str]:
    """The environment of somebody who has nothing of this project installed."""
    own = {str(Path(sys.executable).parent)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "OPENWORLD_", "GIT_"))}
    kept.pop("VIRTUAL_ENV", None)
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder not in own]
    return kept | {"PATH": os.pathsep.join(path)}


def git(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Git as nobody in particular, whatever is configured here."""
    settings = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    env = outside() | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull} | more.pop("env", {})
    return subprocess.run(["git", *settings, *arguments], cwd=folder, env=env, capture_output=True, text=True, **more)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner whose environment for openworld is the one that the tests run in."""
    made = Runner(tmp_path)
    (made.temp / "openworld" / "bin").mkdir(parents=True)
    (made.temp / "openworld" / "bin" / "openworld").symlink_to(Path(sys.executable).parent / "openworld")
    return made


def test_the_action_checks_and_reports(runner: Runner) -> None:
    """A file that has flipped: exit code, annotation, summary, JUnit and SARIF are all there."""
    (runner.repository / "openworld.toml").write_text(HOLDS + FLIPPED.replace("mcp", "gaps_closed"), encoding="utf-8")
    done = runner("Check")
    assert done.returncode == 1, done.stderr
    assert "::error file=openworld.toml,line=6,col=10," in done.stdout
    assert "2 expectations: 1 as expected, 1 flipped" in runner.summary.read_text(encoding="utf-8")
    assert 'failures="1"' in (runner.repository / "openworld.junit.xml").read_text(encoding="utf-8")
    assert len(json.loads((runner.repository / "openworld.sarif").read_text())["runs"][0]["results"]) == 1
    assert len(list((runner.temp / "openworld-verdicts").rglob("*.json"))) == 2


def test_the_action_takes_several_files_and_options(runner: Runner) -> None:
    """Files come one a line, with spaces and patterns; options separated by spaces."""
    drafts = runner.repository / "my drafts"
    drafts.mkdir()
    (drafts / "a.openworld.toml").write_text(HOLDS, encoding="utf-8")
    (drafts / "b.openworld.toml").write_text(HOLDS, encoding="utf-8")
    (runner.repository / "c.toml").write_text(FLIPPED, encoding="utf-8")
    done = runner("Check", files="my drafts/*.openworld.toml\nc.toml\n", options="--no-chart --workers 1")
    assert (done.returncode, "3 expectations: 2 as expected, 1 flipped" in done.stdout) == (1, True), done.stderr
    assert "see openworld verdict" in done.stdout


def test_the_action_reads_no_commands_from_its_inputs(runner: Runner) -> None:
    """A name that looks like a command is a file that is not there."""
    for files in ("$(touch owned)", "`touch owned`", "x; touch owned", "--help"):
        done = runner("Check", files=files)
        assert (done.returncode, done.stdout) == (2, ""), done.stdout
        assert "does not exist" in done.stderr
    assert not (runner.repository / "owned").exists()


@pytest.mark.slow
def test_the_action_installs_into_an_environment_of_its_own(tmp_path: Path) -> None:
    """Both shell steps, from nothing: what is installed is in the runner's folder alone, and works."""
    made = Runner(tmp_path)
    done = made("Install openworld")
    assert done.returncode == 0, done.stderr
    (made.repository / "openworld.toml").write_text(HOLDS, encoding="utf-8")
    done = made("Check")
    assert (done.returncode, done.stdout) == (0, "1 expectation: 1 as expected\n"), done.stderr
    python = made.temp / "openworld" / "bin" / "python"
    asked = [python, "-I", "-c", "import openworld; print(openworld.__file__)"]
    where = subprocess.check_output(asked, cwd="/", text=True)
    assert where.startswith(str(made.temp))
    assert git(made.repository, "status", "--porcelain").stdout.split("?? ")[1:] == [
        "openworld.junit.xml\n",
        "openworld.sarif\n",
        "openworld.toml\n",
    ]


# --- the hook ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_hook_in_a_scratch_repository(tmp_path: Path) -> None:
    """Pre-commit installs the hook from a repository, and a commit that flips an expectation is refused."""
    source, scratch = tmp_path / "openworld", tmp_path / "scratch"
    for name in ("model", "properties", "deployed", "simulations", "openworld"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, source / name)
    scratch.mkdir()
    for folder in (source, scratch):
        git(folder, "init", "--quiet", check=True)
    git(source, "add", "--all", check=True)
    git(source, "commit", "--quiet", "--message", "all", check=True)
    revision = git(source, "rev-parse", "HEAD", check=True).stdout.strip()
    hook = {"repo": str(source), "rev": revision, "hooks": [{"id": "openworld-check"}]}
    (scratch / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [hook]}), encoding="utf-8")
    env = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "OPENWORLD_CACHE": str(tmp_path / "verdicts")}
    command = [sys.executable, "-m", "pre_commit", "install", "--install-hooks"]
    subprocess.run(command, cwd=scratch, env=outside() | env, check=True, capture_output=True)
    assert list((tmp_path / "home").glob("*/py_env-*/bin/openworld"))

    def commit(file: str, content: str) -> subprocess.CompletedProcess[str]:
        (scratch / file).write_text(content, encoding="utf-8")
        git(scratch, "add", "--all", check=True)
        return git(scratch, "commit", "--message", file, env=env)

    assert commit("mine.openworld.toml", HOLDS).returncode == 0
    refused = commit("openworld.toml", FLIPPED)
    assert refused.returncode == 1
    assert "openworld.toml:3: flipped: design=mcp" in refused.stderr + refused.stdout
    assert "holds: must be a list" in commit("openworld.toml", '[[expect]]\nholds = "CD"\n').stderr
    assert commit("openworld.toml", HOLDS).returncode == 0
    assert "no files to check" in commit("other.toml", FLIPPED).stderr
