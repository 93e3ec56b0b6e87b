"""What was installed: every package in its version, with the digest of what was downloaded and the date.

It is kept beside results, and can be given back to install the same again. Where packages came from is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from packaging.utils import parse_wheel_filename

from model.documents import DocumentError, Schema, from_json
from model.errors import InputError

_TEXT: dict[str, Any] = {"type": "string"}
_PACKAGE = {"name": _TEXT, "version": _TEXT, "digest": _TEXT}
_FIELDS: dict[str, Any] = {
    "software": _TEXT,
    "date": _TEXT,
    "tree": {"type": "object"},
    "packages": {"type": "array", "items": {"type": "object", "properties": _PACKAGE, "required": list(_PACKAGE)}},
}
_SCHEMA = Schema(lambda: {"type": "object", "properties": _FIELDS, "required": list(_FIELDS)})


@dataclass(frozen=True, slots=True)
class Package:
    """One package that was installed; ``digest`` says by its beginning which hash it is."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Lock:
    """All that was installed for one release, the date when, and for npm which package has which below it."""

    software: str = ""
    date: str = ""
    packages: tuple[Package, ...] = ()
    tree: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A short name for exactly these packages."""
        told = "\n".join(f"{one.name} {one.version} {one.digest}" for one in self.packages)
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    @classmethod
    def of_wheels(cls, software: str, wheels: Sequence[Path], built: Mapping[Path, str] = MappingProxyType({})) -> Lock:
        """What was fetched as wheels, and what was built of which sources."""
        found = []
        for wheel in wheels:
            name, version, *_ = parse_wheel_filename(wheel.name)
            found.append(Package(str(name), str(version), built.get(wheel) or f"sha256:{_sha256(wheel)}"))
        return cls(software, _today(), tuple(sorted(found, key=lambda one: one.name)))

    @classmethod
    def of_debs(cls, software: str, debs: Sequence[Path]) -> Lock:
        """What was fetched from the distribution: files are named by package, version and architecture."""
        found = []
        for deb in debs:
            name, version, _ = unquote(deb.stem).split("_")
            found.append(Package(name, version, f"sha256:{_sha256(deb)}"))
        return cls(software, _today(), tuple(found))

    @classmethod
    def of_npm(cls, software: str, home: Path) -> Lock:
        """What npm says that it has installed into a folder."""
        every = json.loads((home / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        tree = {
            place: {name: value for name, value in one.items() if name != "resolved"} for place, one in every.items()
        }
        there = {place: one for place, one in tree.items() if place and (home / place).is_dir()}
        packages = (
            Package(place.rpartition("node_modules/")[2], str(one["version"]), str(one.get("integrity", "")))
            for place, one in there.items()
        )
        return cls(software, _today(), tuple(packages), tree)

    @classmethod
    def load(cls, path: Path) -> Lock:
        """What :meth:`save` wrote.

        Raises:
            InputError: it is something else.
        """
        try:
            data = from_json(path.read_bytes())
            _SCHEMA.check(data)
        except DocumentError as error:
            raise InputError(f"{path}: not a list of what was installed: {error}") from None
        return cls(data["software"], data["date"], tuple(Package(**one) for one in data["packages"]), data["tree"])

    def save(self, path: Path) -> None:
        """Write it to a file."""
        path.write_text(json.dumps(self.to_json(), indent=2) + "\n", encoding="utf-8")

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        packages = [{"name": one.name, "version": one.version, "digest": one.digest} for one in self.packages]
        return {"software": self.software, "date": self.date, "packages": packages, "tree": dict(self.tree)}

    def requirements(self, folder: Path) -> Path:
        """A file of requirements for pip by which it fetches nothing else; what was built is built again."""
        lines = (
            f"{one.name}=={one.version} --hash={one.digest}\n"
            for one in self.packages
            if one.digest.startswith("sha256:")
        )
        path = folder / "requirements.txt"
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def lay_out(self, folder: Path) -> None:
        """Files for npm by which it takes nothing else."""
        root = {"private": True, **self.tree.get("", {})}
        (folder / "package.json").write_text(json.dumps(root), encoding="utf-8")
        every = {"lockfileVersion": 3, "requires": True, "packages": self.tree}
        (folder / "package-lock.json").write_text(json.dumps(every), encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
