"""Answers in files: each under a name for all that it depends on, and signed, so that only our own is believed.

The key that signs is in the user's data folder, or in ``OPENWORLD_KEY``, and never in a folder with answers. An entry
that is damaged, about something else or signed by somebody else is as good as none.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from model.files import replacing

#: The folder of the packages.
ROOT = Path(__file__).parents[1]


def named(*things: object) -> str:
    """Return a name for things that JSON can say."""
    return hashlib.sha256(json.dumps(things).encode()).hexdigest()


def code(folders: Iterable[Path]) -> str:
    """Return a digest of every file in some folders, with their names."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = path.read_bytes()
                digest.update(f"{path.relative_to(folder.parent).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def contents(paths: Iterable[Path], apart: Iterable[Path] = ()) -> str:
    """Return a digest of what some files say, and of names, sizes and times of the files in folders.

    ``apart``: what is left out.
    """
    left_out, said = {path.resolve() for path in apart}, []
    for path in map(Path.resolve, paths):
        if path.is_file():
            said.append(f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}")
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if Path(folder, name) not in left_out)
            for file in sorted({Path(folder, name) for name in files} - left_out):
                with suppress(OSError):
                    known = file.stat()
                    said.append(f"{file} {known.st_size} {known.st_mtime_ns}")
    return named(said)


# --- entries ---------------------------------------------------------------------------------------------------


def sealed(key: str, data: object) -> str:
    """Return an entry, a line of JSON, with the answer to what the key names."""
    return json.dumps({"by": _signature(key, data), "data": data}, ensure_ascii=False) + "\n"


def opened(key: str, entry: str | bytes) -> Any | None:
    """Return what an entry says, if it is ours and about what the key names."""
    with suppress(ValueError, TypeError, LookupError, RecursionError):
        read = json.loads(entry)
        if hmac.compare_digest(_signature(key, read["data"]), read["by"]):
            return read["data"]
    return None


def keep(path: Path, key: str, data: object) -> None:
    """Write the answer to what a key names (raises OSError)."""
    with replacing(path) as temporary:
        temporary.write_text(sealed(key, data), encoding="utf-8", newline="\n")


def kept(path: Path, key: str) -> Any | None:
    """Return the answer that was kept, if the file is ours and about what the key names."""
    return opened(key, content(path))


def content(path: Path) -> bytes:
    """Return what a file with answers holds: nothing where there is none, or a device or a pipe in its place."""
    with suppress(OSError):
        return path.read_bytes() if path.is_file() else b""
    return b""


def _signature(key: str, data: object) -> str:
    said = json.dumps([key, data], sort_keys=True).encode()
    return hmac.new(_secret(), said, hashlib.sha256).hexdigest()


@cache
def _secret() -> bytes:
    """The key of this user; where none can be kept, one that nobody has after this process."""
    given = os.environ.get("OPENWORLD_KEY", "").encode()
    with suppress(OSError, RuntimeError):  # no folder, or no home
        if not given:
            data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
            path = Path(data) / "openworld" / "key"
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError), open(path, "x", opener=_private) as new:
                new.write(secrets.token_hex())
            given = path.read_bytes()
    return given or secrets.token_bytes()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
