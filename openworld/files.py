"""Files that are either whole or not there, and data as JSON text."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from model.files import named, replacing

__all__ = ["append", "as_json", "emit", "replacing", "write"]


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
