"""Files that are either whole or not there, and data as JSON text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from model.errors import InputError
from model.files import named, remains, replacing

__all__ = ["EARLIER", "FolderInUseError", "append", "as_json", "claimed", "emit", "replacing", "set_aside", "write"]

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
    from filelock import FileLock, Timeout  # a fifth of what a command needs to start, and most claim nothing

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


def write(path: Path, content: str) -> None:
    """Write a text file in one go."""
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="\n")


def emit(content: str, output: Path | None) -> None:
    """Print a text, or write it to a file where one is named."""
    if output is None:
        click.echo(content, nl=False)
    else:
        write(output, content)


def append(path: Path, content: str) -> None:
    """Add to a text file, all of it or nothing; the file stays the one that others may have open."""
    length = path.stat().st_size if path.exists() else None
    with named(path):
        try:
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(content)
        except OSError:
            with suppress(OSError):
                path.unlink() if length is None else os.truncate(path, length)
            raise


def as_json(data: Any) -> str:
    """Data as indented JSON with a final newline."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
