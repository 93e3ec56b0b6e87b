"""What every command makes of an error: whose it is decides the exit code, and only a bug shows a traceback."""

import errno
import io
import os
import shlex
import subprocess
import sys

import pytest
from click.testing import CliRunner

from model.errors import InputError
from openworld.cli import main
from openworld.progress import Progress
from properties.shortest import ReplayError
from simulations.processes import WorkersDiedError


def failing(monkeypatch, error):
    """The result of a command in which this error is raised."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr("model.world_file.find_world", fail)
    return CliRunner().invoke(main, ["list", "worlds", "some.toml"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("not one of those"), 2),
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "some.toml"), 2),
        *(
            (OSError(number, os.strerror(number), "some.toml"), 3)
            for number in (
                errno.ENOSPC,
                errno.EDQUOT,
                errno.EMFILE,
                errno.ENOMEM,
                errno.EACCES,
                errno.EPERM,
                errno.EROFS,
                errno.EIO,
            )
        ),
        (MemoryError(), 3),
        (ReplayError("internal error: no such run"), 70),
        (WorkersDiedError("workers died 4 times in a row"), 70),
    ],
    ids=repr,
)
def test_what_can_be_said_in_a_line_is(monkeypatch, error, code):
    """Bad input is 2, what the machine does not give is 3, an error of ours 70."""
    result = failing(monkeypatch, error)
    assert result.exit_code == code
    assert result.stderr.startswith("openworld: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("error", [RuntimeError("oops"), KeyError("oops"), RecursionError("oops"), OSError("oops")])
def test_a_crash_is_no_answer(monkeypatch, error):
    """A bug keeps its traceback, and its exit code says neither that a property fails nor that the input is bad."""
    result = failing(monkeypatch, error)
    assert result.exit_code == 70
    assert "Traceback (most recent call last)" in result.stderr
    assert "oops" in result.stderr


BAD, SHOWN = ["list", "worlds", "no-such-file.toml"], ["list", "worlds"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize(
    ("arguments", "full", "code"),
    [(BAD, "stderr", 2), (BAD, "stdout", 2), (SHOWN, "stdout", 3), (SHOWN, "stderr", 0), ([], "stdout", 3)],
)
def test_a_full_stream_changes_no_other_code(arguments, full, code):
    """What cannot be said is not said; the exit code still is what it would be, and 3 where output is lost."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with open("/dev/full", "w") as stream:
        command = [sys.executable, "-m", "openworld.cli", *arguments]
        run = subprocess.run(command, **{**streams, full: stream}, text=True)
    assert run.returncode == code
    if code and full == "stdout":
        assert run.stderr.startswith("openworld: ")
        assert run.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="file descriptors of POSIX")
@pytest.mark.parametrize(("arguments", "code"), [(BAD, 2), (SHOWN, 0)])
def test_closed_streams_change_no_code(arguments, code):
    """Whoever starts a command without streams wants none of what it says."""
    command = shlex.join([sys.executable, "-m", "openworld.cli", *arguments])
    assert subprocess.run(f"{command} >&- 2>&-", shell=True).returncode == code


def _cut_short() -> None:
    with Progress("questions", 3) as progress:
        progress.reached(1, 3, "something flips")
        raise KeyboardInterrupt


def test_what_was_found_is_left_where_a_command_is_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log it is said when that takes long, or on Ctrl-C; a command that ends soon says it once, as its answer."""
    with Progress("questions", 3) as progress:
        progress.reached(1, 3, "something flips")
    assert "something flips" not in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        _cut_short()
    assert capsys.readouterr().err.splitlines()[0] == "something flips"


def test_progress_that_nobody_can_read_stops_nothing(monkeypatch):
    """It is no result."""

    class Full(io.StringIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys, "stderr", Full())
    with Progress("steps", 2) as progress:
        progress.advance()
