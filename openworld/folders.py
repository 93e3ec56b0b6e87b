"""Folders that one run at a time writes to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import InputError
from model.files import remains

#: Where what an earlier run left in a folder goes.
EARLIER = "earlier"


class FolderInUseError(InputError):
    """Somebody else writes to a folder."""


@contextmanager
def claimed(folder: Path | None) -> Iterator[None]:
    """The folder, made if need be, for this process alone until the block ends; a killed one leaves no claim.

    What a killed one was writing is removed. ``None`` claims nothing.

    Raises:
        FolderInUseError: another process has it.
    """
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderInUseError(f"{folder}: another run is writing to it; wait for it, or use another folder") from None
    try:
        for half_written in remains(folder):
            with suppress(OSError):
                half_written.unlink()
        yield
    finally:
        lock.release()


def set_aside(folder: Path, names: Sequence[str]) -> None:
    """Move what there is of these to a folder of its own below :data:`EARLIER`, the latest under the highest number.

    Where moving was cut short, the first of them is gone, and the rest follows it.
    """
    found = [name for name in names if (folder / name).exists()]
    if found:
        kept = folder / EARLIER
        last = max((int(path.name) for path in kept.glob("*") if path.name.isdecimal()), default=1)
        there = {path.name for path in (kept / str(last)).glob("*")}
        follows = not there or (found[0] != names[0] and there.isdisjoint(found))
        place = kept / str(last if follows else last + 1)
        place.mkdir(parents=True, exist_ok=True)
        for name in found:
            (folder / name).rename(place / name)
