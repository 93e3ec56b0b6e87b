"""Killed at any moment, a command leaves nothing false behind and nobody, and the next run makes up for it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import smallest
from groups import gone
from smallest import EXPERIMENT, lacking, settled, unfinished

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"), pytest.mark.slow]
#: Kills in a row in one folder before a run is left to come to its end.
ROW = 5


@dataclass
class Killing:
    """A command that is killed again and again; what it writes undisturbed, and how long that takes."""

    folder: Path
    arguments: tuple[str, ...]
    whole: dict[str, bytes] = field(init=False)
    seconds: float = field(init=False)

    def __post_init__(self) -> None:
        started = time.monotonic()
        assert self.run() == 0
        self.seconds, self.whole = time.monotonic() - started, settled(self.folder)

    def run(self, killed_after: float | None = None, everybody: bool = False) -> int:
        """Run it; after some seconds kill the process, or its workers as well. Nobody may be left."""
        command = [sys.executable, smallest.__file__, *self.arguments, "--workers", "2", "-o", str(self.folder)]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True) as process:
            try:
                process.wait(killed_after)
            except subprocess.TimeoutExpired:
                (os.killpg if everybody else os.kill)(process.pid, signal.SIGKILL)
        assert gone(process.pid)
        return process.returncode

    def kill(self, chance: random.Random) -> None:
        """Run it, and kill it at some moment: what it leaves is whole, or says that it is not."""
        code = self.run(chance.uniform(0, self.seconds), everybody=chance.random() < 0.5)
        assert code in (0, -signal.SIGKILL)
        left = {name: found for name, found in settled(self.folder).items() if not name.endswith(".part")}
        current = {name: found for name, found in left.items() if not name.startswith("earlier/")}
        odd = [name for name, found in current.items() if found != self.whole.get(name)]
        assert [name for name in odd if not unfinished(name, current[name], self.whole)] == []
        if self.arguments[0] == "study":
            assert lacking(current, self.whole) == set()

    def finish(self) -> None:
        """Let it come to its end: all is as it is undisturbed, and nothing half written is left."""
        assert self.run() == 0
        left = settled(self.folder)
        assert {name: found for name, found in left.items() if not name.startswith("earlier/")} == self.whole
        assert [name for name in left if name.endswith(".part")] == []


@pytest.mark.parametrize(
    ("arguments", "moments"),
    [(("study",), 100), (("simulate", EXPERIMENT, "--attempts", "400", "--replications", "4"), 20)],
    ids=["study", "simulate"],
)
def test_a_kill_at_any_moment_harms_nothing(tmp_path: Path, arguments: tuple[str, ...], moments: int) -> None:
    """Some in a row in the same folder, then a run that nobody kills."""
    killing, chance = Killing(tmp_path / "out", arguments), random.Random(1)
    for moment in range(1, moments + 1):
        killing.kill(chance)
        if moment % ROW == 0:
            killing.finish()
            shutil.rmtree(killing.folder / "earlier", ignore_errors=True)


def test_what_was_counted_before_a_kill_is_not_counted_again(tmp_path: Path) -> None:
    """Files of units stay as they are."""
    killing = Killing(tmp_path / "out", ("simulate", EXPERIMENT, "--attempts", "400", "--replications", "4"))
    counted = sorted((killing.folder / "counted").iterdir())
    for file in counted[::2]:
        file.unlink()
    written = {file: file.stat().st_mtime_ns for file in counted[1::2]}
    killing.run(killing.seconds / 2)
    killing.finish()
    assert {file: file.stat().st_mtime_ns for file in written} == written
