"""Files that are whole or not there, whatever a path leads to."""

import os
import threading
from pathlib import Path

import pytest

from openworld.files import replacing, write


def test_a_file_is_replaced_and_keeps_its_rights(tmp_path):
    """Its new content is there as a whole; who may read it stays as it was."""
    path = tmp_path / "kept.txt"
    write(path, "old")
    path.chmod(0o600)
    write(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777, os.listdir(tmp_path)) == ("new", 0o600, ["kept.txt"])


def test_what_is_being_written_is_not_taken_for_a_file(tmp_path):
    """Whoever looks for pictures finds none that is half there, hidden or not."""
    with replacing(tmp_path / "picture.svg") as temporary:
        assert [*tmp_path.iterdir()] == [temporary]
        assert [*tmp_path.glob("*.svg")] == []
    assert os.listdir(tmp_path) == ["picture.svg"]


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays_one(tmp_path, there):
    """What it points to is written, whether that was there before or not."""
    target, link = tmp_path / "elsewhere" / "target.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to(target)
    write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert os.listdir(target.parent) == ["target.txt"]


def test_a_pipe_is_written_to(tmp_path):
    """Whoever reads the other end gets all of it, and the pipe is still there."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write(pipe, "through")
    reader.join(10)
    assert read == ["through"]
    assert pipe.is_fifo()


def test_devices_are_written_to():
    """The null device takes all and stays what it is; a full one says so."""
    write(Path("/dev/null"), "gone")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(OSError, match="No space left"):
        write(Path("/dev/full"), "too much")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    """Also where renaming itself fails."""
    path = tmp_path / "kept.txt"
    write(path, "old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space left"):
        write(path, "new")
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["kept.txt"])
