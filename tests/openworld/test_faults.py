"""Whatever call to the system fails: one line that names the file, every file whole, and the next run mends it."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import smallest
from click.testing import CliRunner, Result
from faults import Call, failing
from smallest import EXPERIMENT, lacking, settled, shrink, unfinished

from openworld import check, exhibits, plotstyle
from openworld.cli import main
from openworld.exhibit import Exhibit
from openworld.tables import blast_radius, clients, experiments, verdicts
from simulations import engine

ERRORS = (errno.ENOSPC, errno.EACCES, errno.EIO)
FILE = """\
[[expect]]
holds = ["first_contact"]
[[expect]]
against = ["mal_as"]
switches = { iss_check = "off" }
holds = ["code_delivery"]
"""
COMMANDS = ("study", "simulate", "check", "report")
#: A study makes a thousand calls: each test of a night looks at every tenth of them.
STRIDES = [
    (name, first, stride) for name in COMMANDS for stride in [10 if name == "study" else 1] for first in range(stride)
]
#: Those that are tried each time; the study, which writes a hundred files, when there is time.
BRISK = [pytest.param(name, marks=pytest.mark.slow) if name == "study" else name for name in COMMANDS]
FEW = ("--attempts", "8", "--replications", "2", "--workers", "1")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX processes")

Files = dict[str, bytes]


@dataclass(frozen=True)
class Asked:
    """A command that writes into a folder.

    Attributes:
        arguments: what it is given.
        code: its exit code where nothing fails.
        before, folder: the folder as an earlier run has left it, and the one that is written to.
        whole: what is in the folder afterwards, where nothing fails.
        calls: those by which that came to be.
    """

    arguments: list[object]
    code: int
    before: Path
    folder: Path
    whole: Files = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def run(self) -> Result:
        """Run it."""
        return CliRunner().invoke(main, list(map(str, self.arguments)))

    def restore(self) -> None:
        """Make the folder as it was before."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.before, self.folder)


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which works everything out once: what is found is not what is tested here."""
    known: dict[str, list[Any]] = {}

    def call(*given: Any, **named: Any) -> Iterator[Any]:
        key = repr((given, sorted(named.items())))
        if key not in known:
            known[key] = list(function(*given, **named))
        yield from known[key]

    return call


def drawn_once(entries: Callable[..., Any]) -> Callable[..., list[Exhibit]]:
    """Figures that are drawn once, whatever they are drawn from."""
    known: dict[str, Any] = {}

    def draw(entry: Exhibit, source: Any) -> Any:
        if entry.name not in known:
            known[entry.name] = entry.draw(source)
        return known[entry.name]

    return lambda *asked: [replace(one, draw=lambda source, one=one: draw(one, source)) for one in entries(*asked)]


@pytest.fixture(scope="module", autouse=True)
def prepared(study_folder: Path) -> Iterator[None]:
    """Questions are answered, attempts counted and figures drawn once; studies are small."""
    rendered, count = cache(plotstyle.rendered), engine.count
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch.setattr)
        for module, name in (
            (verdicts, "answers_once"),
            (clients, "answers_once"),
            (check, "answers"),
            (blast_radius, "reached"),
        ):
            patch.setattr(module, name, remembered(getattr(module, name)))
        counted = remembered(lambda unit: [count(unit)])
        patch.setattr(engine, "count", lambda unit: count(unit) if unit.record else next(iter(counted(unit))))
        patch.setattr(exhibits, "of_study", drawn_once(exhibits.of_study))
        patch.setattr(experiments, "entries", drawn_once(experiments.entries))
        patch.setattr(exhibits, "captioned", lambda figure, _: figure)
        patch.setattr(plotstyle, "rendered", rendered)
        for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
            patch.delenv(name, raising=False)
        yield


def asked_of(command: str, made: Path, study: Path) -> Asked:
    """A command with what there is to be known about it, in a folder that an earlier run has written to."""
    before, folder = made / "before", made / "folder"
    arguments: dict[str, list[object]] = {
        "study": ["study", "--workers", 1, "-o", folder],
        "simulate": ["simulate", EXPERIMENT, *FEW, "-o", folder, "--record", folder / "attempts"],
        "check": [
            "check",
            "--workers",
            1,
            folder / "e.toml",
            "--cache",
            folder / "cache",
            "--junit",
            folder / "junit.xml",
            "--sarif",
            folder / "new" / "found.sarif",
            "--summary",
            folder / "summary.md",
        ],
        "report": ["report", folder],
    }
    asked = Asked(arguments[command], 1 if command == "check" else 0, before, folder)
    if command == "report":
        shutil.copytree(study, folder)
    else:
        folder.mkdir()
    if command == "check":
        (folder / "e.toml").write_text(FILE, encoding="utf-8")
    given = settled(folder)
    assert asked.run().exit_code == asked.code
    shutil.copytree(folder, before)
    for name in settled(folder):
        if name not in given or name == "report.html":
            (before / name).write_text("of an earlier run\n", encoding="utf-8")
    asked.restore()
    with failing(folder) as files:
        assert asked.run().exit_code == asked.code
    return replace(asked, whole=settled(folder), calls=files.calls)


@pytest.fixture(scope="module")
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, study_folder: Path) -> Asked:
    """The command that is asked for, undisturbed."""
    return asked_of(request.param, tmp_path_factory.mktemp(request.param), study_folder)


def hidden(path: Path) -> bool:
    """Whether it is a file that nobody is meant to see."""
    return path.name.startswith(".") and path.name != ".lock"


def about(place: int, calls: list[Call]) -> Path:
    """The file that a call is about for whoever runs the command: the one that its file becomes."""
    return next(call.path for call in calls[place:] if not hidden(call.path))


def undamaged(asked: Asked, before: Files) -> None:
    """Every file is what it was or what it was to become; a study that has not become all of it says so."""
    left = {name: found for name, found in settled(asked.folder).items() if not hidden(Path(name))}
    earlier = {name.split("/", 2)[2]: left.pop(name) for name in list(left) if name.startswith("earlier/")}
    assert [name for name, found in before.items() if name not in left and earlier.get(name) != found] == []
    odd = [name for name, found in left.items() if found not in (before.get(name), asked.whole.get(name))]
    assert [name for name in odd if not unfinished(name, left[name], asked.whole)] == []
    if asked.arguments[0] == "study":
        assert lacking(left, asked.whole) == set()


def mended(asked: Asked, but: Callable[[Path], bool] = lambda _: False) -> None:
    """The next run comes to what an undisturbed one comes to, but for some files."""
    again = asked.run()
    assert again.exit_code == asked.code, again.output
    left, whole = settled(asked.folder), asked.whole
    differing = {name for name in left.keys() | whole.keys() if left.get(name) != whole.get(name)}
    assert {name for name in differing if not (re.match("earlier/[2-9]/", name) or but(Path(name)))} == set()


def hold(asked: Asked, n: int, number: int, lasting: bool) -> None:
    """Let the n-th call fail, and all after it if that lasts: what is said and what is there is as it should be."""
    asked.restore()
    before = settled(asked.folder)
    with failing(asked.folder, lambda turn: number if turn == n or (lasting and turn > n) else None) as files:
        result = asked.run()
    said(asked, result, n, number, lasting)
    undamaged(asked, before)
    assert [name for name in settled(asked.folder) if hidden(Path(name))] == []
    assert [path for path in files.made if not path.exists()] == []
    tolerated = result.exit_code == asked.code  # then the summary has it already
    mended(asked, but=lambda path: tolerated and path.name == "summary.md")


def said(asked: Asked, result: Result, n: int, number: int, lasting: bool) -> None:
    """One line with the file and what is wrong, unless it is a verdict that cannot be kept, or a lock that is there."""
    assert "Traceback" not in result.output
    tolerable = not {"cache", ".lock"}.isdisjoint(asked.calls[n - 1].path.parts)
    if result.exit_code == asked.code and tolerable:
        return
    assert result.exit_code == 3, result.output
    complaint = re.fullmatch(rf"openworld: (.+): {os.strerror(number)}", result.stderr.splitlines()[-1])
    assert complaint, result.stderr
    failed = range(n - 1, len(asked.calls) if lasting and tolerable else n)
    assert complaint[1] in {str(about(place, asked.calls)) for place in failed}


def kill(asked: Asked, n: int) -> None:
    """Let the process be killed at the n-th call: what is there is as it should be."""
    asked.restore()
    before = settled(asked.folder)
    process = os.fork()
    if process == 0:
        with failing(asked.folder, lambda turn: os.kill(os.getpid(), signal.SIGKILL) if turn == n else None):
            asked.run()
        os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status)
    undamaged(asked, before)
    alone = asked.arguments[0] in ("study", "simulate")  # in their folder, and so they may tidy it
    mended(asked, but=lambda path: hidden(path) and not alone)


def some_of_each(calls: list[Call]) -> list[int]:
    """The first and the last call of each name, for files that nobody sees and for others."""
    first, last = {}, {}
    for n, call in enumerate(calls, 1):
        kind = call.name, hidden(call.path)
        first.setdefault(kind, n)
        last[kind] = n
    return sorted({*first.values(), *last.values()})


@pytest.mark.sampled(3)
@pytest.mark.parametrize("asked", BRISK, indirect=True)
def test_a_call_that_fails_harms_nothing(asked: Asked) -> None:
    """The first and the last call of each kind, alone or with all that follow."""
    for n in some_of_each(asked.calls):
        hold(asked, n, ERRORS[n % len(ERRORS)], lasting=n % 2 == 0)


@pytest.mark.sampled(3)
@forks
@pytest.mark.parametrize("asked", BRISK, indirect=True)
def test_a_kill_at_a_call_harms_nothing(asked: Asked) -> None:
    """At the first and the last call of each kind."""
    for n in some_of_each(asked.calls):
        kill(asked, n)


@pytest.mark.slow
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize(("asked", "first", "stride"), STRIDES, indirect=["asked"])
def test_whichever_call_fails_harms_nothing(asked: Asked, first: int, stride: int, lasting: bool) -> None:
    """Every single call, alone or with all that follow."""
    for n in range(first + 1, len(asked.calls) + 1, stride):
        hold(asked, n, ERRORS[(n + lasting) % len(ERRORS)], lasting)


@forks
@pytest.mark.slow
@pytest.mark.parametrize(("asked", "first", "stride"), STRIDES, indirect=["asked"])
def test_a_kill_at_whichever_call_harms_nothing(asked: Asked, first: int, stride: int) -> None:
    """At every single call."""
    for n in range(first + 1, len(asked.calls) + 1, stride):
        kill(asked, n)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("asked", ["simulate", "report"], indirect=True)
def test_a_limit_of_the_system_is_said_in_a_line(asked: Asked) -> None:
    """No file may be longer than a few bytes: whoever writes it, in Python or not, it is an error like another."""
    resource = pytest.importorskip("resource")
    asked.restore()
    before = settled(asked.folder)
    run = subprocess.run(
        [sys.executable, "-B", smallest.__file__, *map(str, asked.arguments)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150)),
    )
    assert run.returncode == 3, run.stderr
    line = re.fullmatch(rf"openworld: ({asked.folder}/.+\.(?:parquet|html)): .*File too large", run.stderr.strip())
    assert line, run.stderr
    assert line[1].removeprefix(f"{asked.folder}/") in asked.whole
    undamaged(asked, before)
    assert [name for name in settled(asked.folder) if hidden(Path(name))] == []
    mended(asked)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("asked", COMMANDS, indirect=True)
def test_a_folder_that_may_not_be_written_to_is_said_in_a_line(asked: Asked) -> None:
    """What is in there stays, and nothing is left beside it."""
    asked.restore()
    before = settled(asked.folder)
    folders = [asked.folder, *(path for path in asked.folder.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    result = asked.run()
    for folder in folders:
        folder.chmod(0o700)
    assert (result.exit_code, result.stderr.count("Permission denied")) == (3, 1)
    assert settled(asked.folder) == before
