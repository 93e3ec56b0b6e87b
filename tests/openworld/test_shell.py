"""What every command makes of an error: whose it is decides the exit code, and only a bug shows a traceback."""

from __future__ import annotations

import errno
import os

import pytest
from click.testing import CliRunner

from model.errors import InputError
from openworld.cli import main
from properties.shortest import ReplayError
from simulations.processes import WorkersDiedError


def failing(monkeypatch, error):
    """The result of a command in which this error is raised."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr("model.world_file.find_world", fail)
    return CliRunner().invoke(main, ["worlds", "some.toml"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("not one of those"), 2),
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "some.toml"), 2),
        *((OSError(number, os.strerror(number), "some.toml"), 3) for number in (
            errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)),
        (MemoryError(), 3),
        (ReplayError("internal error: no such run"), 70),
        (WorkersDiedError("workers died 4 times in a row"), 70),
    ],
    ids=repr,
)  # fmt: skip
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
