"""Pyodide and the solver for it, by exact version and digest: fetched once and kept, or from a folder that has them.

Neither is a part of this package. npm has the one, the Python index the other, and their ordinary clients fetch them.
Both are run here once, by Node and without a network, to compile what the page imports.

References:
    Pyodide: https://pyodide.org/en/stable/usage/downloading-and-deploying.html
    PEP 783, Emscripten packaging.
"""

import hashlib
import json
import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conformance.install import cache_folder, find_node, pack
from conformance.installers import fetch, sealed, tools
from conformance.software import SoftwareError
from model.errors import InputError


class RuntimeMissingError(InputError):
    """What a browser needs cannot be had; one line that says what, why, and what to do."""


class WrongRuntimeError(InputError):
    """A file is there, and is not the one that is pinned."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The two files, each with the right digest."""

    pyodide: Path
    solver: Path

    def unpack(self, into: Path) -> None:
        """Put what the page needs of them into a folder."""
        pinned = _pinned()
        members: list[tuple[str, str]] = pinned["pyodide"]["members"]
        with tarfile.open(self.pyodide) as archive:
            for member, name in members:
                found = archive.extractfile(member)
                assert found is not None  # its digest says what is in it
                (into / name).write_bytes(_adapted(name, found.read(), members))
        (into / "solver.zip").write_bytes(self.solver.read_bytes())
        for name, entry in (("python_stdlib.zip", pinned["pyodide"]), ("solver.zip", pinned["solver"])):
            _thin(into / name, entry["without"])


def compile_beforehand(run: Path, question: str) -> None:
    """Compile the modules that answer a question, with the Python of the page, in a room without a network.

    Raises:
        SoftwareError: there is no Node, or it fails; nothing has changed then.
    """
    program, _, beside = find_node(cache_folder(), 0)
    with TemporaryDirectory() as made:
        room = Path(made)
        shutil.copytree(run, room / "run")
        (room / "package.json").write_text('{"type": "module"}', encoding="utf-8")
        for name, data in _COMPILES.items():
            (room / name).write_bytes(data.read_bytes())
        command = [
            program,
            str(room / "compile.mjs"),
            str(room / "run"),
            str(room / "compiled.py"),
            *question.split("/"),
        ]
        sealed(command, "cannot compile Python for the page", room, beside)
        for path in (room / "run").glob("*.zip"):
            shutil.copyfile(path, run / path.name)


_COMPILES = {
    "compile.mjs": files("openworld").joinpath("data", "site", "compile.mjs"),
    "compiled.py": files("openworld").joinpath("site", "compiled.py"),
}


def _thin(archive: Path, without: list[str]) -> None:
    """Leave out of an archive what is named by these patterns."""
    with zipfile.ZipFile(archive) as old:
        kept = [
            (info, old.read(info))
            for info in old.infolist()
            if not any(fnmatch(info.filename, each) for each in without)
        ]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for info, content in kept:
            made.writestr(info, content, zipfile.ZIP_DEFLATED)


def _adapted(name: str, content: bytes, members: list[tuple[str, str]]) -> bytes:
    """A file as the page has it: others by the names that they have there, and no list of what could be fetched."""
    if name.endswith(".js"):
        for member, called in members:
            content = content.replace(Path(member).name.encode(), called.encode())
    if name == "pyodide-lock.json":
        content = json.dumps({**json.loads(content), "packages": {}}).encode()
    return content


def runtime(folder: Path | None = None) -> Runtime:
    """The files from a folder, or else fetched and kept.

    Raises:
        RuntimeMissingError: a file is not in the folder, or cannot be fetched.
        WrongRuntimeError: a file is another one.
    """
    if folder is not None:
        return Runtime(*(_checked(folder / entry["file"], entry) for entry in _pinned().values()))
    return Runtime(*(_fetched(name, _pinned()[name]) for name in _FETCHED_BY))


def _pinned() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("openworld").joinpath("data", "site", "runtime.toml").read_text(encoding="utf-8"))


def _fetched(name: str, entry: dict[str, Any]) -> Path:
    home = cache_folder() / "site"
    path = home / entry["file"]
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            _FETCHED_BY[name](entry, home)
        return _checked(path, entry)
    except SoftwareError as error:
        raise RuntimeMissingError(f"{error}; bring {entry['file']} in a folder, named by --runtime") from None


def _from_npm(entry: dict[str, Any], home: Path) -> None:
    pack(entry["package"], home, cache_folder())


def _from_index(entry: dict[str, Any], home: Path) -> None:
    version = entry["python"]
    built_for = ["--platform", entry["platform"], "--python-version", version, "--abi", f"cp{version.replace('.', '')}"]
    fetch(tools(cache_folder()), [*built_for, "--no-deps", entry["package"]], home)


_FETCHED_BY: dict[str, Callable[[dict[str, Any], Path], None]] = {"pyodide": _from_npm, "solver": _from_index}


def _checked(path: Path, entry: dict[str, Any]) -> Path:
    if not path.is_file():
        raise RuntimeMissingError(f"{path}: not there; it is what the package {entry['package']} is downloaded as")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != entry["sha256"]:
        raise WrongRuntimeError(f"{path}: not the file that is pinned: sha256 {found}, expected {entry['sha256']}")
    return path
