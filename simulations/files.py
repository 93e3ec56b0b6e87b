"""Files that are either whole or not there: written beside their place and renamed into it."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Where names are not places of files, even if what they stand for is one: standard output that goes to a file, say.
_NO_FILES = ("/dev/", "/proc/")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of ``path`` if the block succeeds.

    A symbolic link stays one, and what it points to is replaced. A device or a pipe is written to.
    """
    with (_copied if _is_written_to(path) else _renamed)(path) as temporary:
        yield temporary


def _is_written_to(path: Path) -> bool:
    """Whether there is something that is no regular file, or stands for one that others have open."""
    if os.path.abspath(path).startswith(_NO_FILES):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode) and not path.is_dir()
    except FileNotFoundError:
        return False


@contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(6)}{path.suffix}")
    # Made within the try, so that Ctrl-C at any moment leaves nothing behind.
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, f"written{path.suffix}")
        temporary.touch()
        yield temporary
        with temporary.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
