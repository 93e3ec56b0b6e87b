"""Which code counted, and what was met: what a row of results says of where it comes from."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable

from model.model import Model, oauth

_PACKAGES = ("model", "properties", "deployed", "simulations")


@cache
def code(model: Model = oauth()) -> str:
    """The version and a digest of all that decides what is counted, of drafts too, as ``0.1.0+1f2e3d4c5b6a``."""
    digest = blake2b(digest_size=6)
    for package in _PACKAGES:
        for name, text in sorted(_files(files(package), package)):
            digest.update(name.encode() + b"\0" + text + b"\0")
    for mark in model.marks:  # of what drafts add
        digest.update(mark.encode())
    try:
        known = version("openworld")
    except PackageNotFoundError:
        known = "0"
    return f"{known}+{digest.hexdigest()}"


def _files(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir() and item.name != "__pycache__":
            found += _files(item, f"{name}/{item.name}")
        elif item.is_file() and not item.name.endswith(".pyc"):
            found.append((f"{name}/{item.name}", item.read_bytes()))
    return found


def digest(thing: object) -> str:
    """A short name for the content of a population (or of anything whose ``repr`` says it all)."""
    return blake2b(repr(thing).encode(), digest_size=6).hexdigest()
