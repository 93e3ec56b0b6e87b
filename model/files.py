"""Files that are either whole or not there: written beside their place and renamed into it."""

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Where names are not places of files, even if what they stand for is one: standard output that goes to a file, say.
_NO_FILES = ("/dev/", "/proc/")
#: How files end that are being written: unlike anything that is looked for.
_SUFFIX = ".part"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of ``path`` if the block succeeds.

    A symbolic link stays one, and what it points to is replaced. A device or a pipe is written to. Errors of the
    system name ``path``, which is what their reader knows.
    """
    with (_copied if _is_written_to(path) else _renamed)(path) as temporary:
        yield temporary


@contextmanager
def named(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Let errors of the system that name no file, or the temporary one, name this one."""
    try:
        yield
    except OSError as error:
        if error.filename in (None, str(temporary)):
            error.filename, error.filename2 = str(path), None
        raise


def remains(folder: Path) -> Iterator[Path]:
    """What was being written in a folder, or in one right below it, when a process was killed."""
    name = f".{'[0-9a-f]' * 12}{_SUFFIX}"
    yield from folder.glob(name)
    yield from folder.glob(f"*/{name}")


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
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(6)}{_SUFFIX}")
    # Made within the try, so that Ctrl-C at any moment leaves nothing behind.
    try:
        with named(path, temporary):
            temporary.touch(exist_ok=False)
            yield temporary
            temporary.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, f"written{path.suffix}")
        with named(temporary):
            temporary.touch()
            yield temporary
        with named(path), temporary.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
