"""Files that are either whole or not there, and data as JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from model.errors import InputError
from simulations.files import replacing

__all__ = ["EARLIER", "FolderInUseError", "as_json", "claimed", "replacing", "set_aside", "write"]

#: Where what an earlier run left in a folder goes.
EARLIER = "earlier"


class FolderInUseError(InputError):
    """Somebody else writes to a folder."""


@contextmanager
def claimed(folder: Path | None) -> Iterator[None]:
    """The folder, made if need be, for this process alone until the block ends; a killed one leaves no claim.

    ``None`` claims nothing.

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
        yield
    finally:
        lock.release()


def set_aside(folder: Path, names: Iterable[str]) -> None:
    """Move what there is of these to a folder of its own below :data:`EARLIER`, the latest under the highest number."""
    found = [folder / name for name in names if (folder / name).exists()]
    if found:
        kept = folder / EARLIER
        taken = (int(path.name) for path in kept.glob("*") if path.name.isdecimal())
        place = kept / str(max(taken, default=0) + 1)
        place.mkdir(parents=True)
        for path in found:
            path.rename(place / path.name)


def write(path: Path, content: str) -> None:
    """Write a text file in one go."""
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="\n")


def as_json(data: Any) -> str:
    """Data as indented JSON with a final newline."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
