"""Installing runs nothing of a package where nobody asked for that, and confines it where somebody did."""

import hashlib
import io
import json
import os
import socket
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import install as installing
from conformance import installers, sandbox
from conformance.install import cache_folder, install
from conformance.installers import tools
from conformance.lock import Lock
from conformance.software import Release, Software, SoftwareError
from conformance.sources import INDEX
from model.errors import InputError

#: Does what it should not when it is built, and tells in a file of its package how far it came.
HOSTILE = """
import json, os, pathlib, socket, subprocess, sys, time
from setuptools import setup
told = {"home": os.environ.get("HOME"), "secret": os.environ.get("SECRET_TOKEN")}
told |= {"read": [], "wrote": [], "reached": []}
for path in (%(home)r + "/token", *map(str, pathlib.Path("/proc").glob("[0-9]*/environ"))):
    try:
        if b"correct-horse" in open(path, "rb").read():
            told["read"].append(path)
    except OSError:
        pass
for folder in (%(home)r, %(cache)r, os.path.dirname(os.path.dirname(sys.executable))):
    try:
        pathlib.Path(folder, "was-here").touch()
        told["wrote"].append(folder)
    except OSError:
        pass
try:
    socket.create_connection((%(address)r, %(port)d), timeout=2)
    told["reached"].append(%(address)r)
except OSError:
    pass
stays, nowhere = "import time; time.sleep(600)", subprocess.DEVNULL
subprocess.Popen(
    [sys.executable, "-c", stays, "left-by-hostile-setup"], start_new_session=True, stdout=nowhere, stderr=nowhere
)
pathlib.Path("hostile.py").write_text("TOLD = " + repr(json.dumps(told)))
setup(name="hostile-package", version="1.0", py_modules=["hostile"])
"""


def package(registry: str, where: str, version: str = "1.0") -> Release:
    return Release(Software("hostile", registry, "mcp_python.py", version, where), version)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a secret, and a secret in the environment."""
    for name in ("home", "index", "cache"):
        (tmp_path / name).mkdir()
    (tmp_path / "home" / "token").write_text("correct-horse")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SECRET_TOKEN", "correct-horse")
    return tmp_path


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def source(place: Path, listening: socket.socket) -> Path:
    """A source distribution that runs what is hostile as soon as anybody wants to know what it is."""
    address, port = listening.getsockname()
    filled = HOSTILE % {"home": str(place / "home"), "cache": str(place / "cache"), "address": address, "port": port}
    told = {"setup.py": filled, "PKG-INFO": "Metadata-Version: 2.1\nName: hostile-package\nVersion: 1.0\n"}
    archive = place / "index" / "hostile_package-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as made:
        for name, text in told.items():
            entry = tarfile.TarInfo(f"hostile_package-1.0/{name}")
            entry.size = len(text.encode())
            made.addfile(entry, io.BytesIO(text.encode()))
    return archive


def wheel(folder: Path, needs: str = "", name: str = "innocent") -> Path:
    """A wheel that may need something."""
    about = f"{name}-1.0.dist-info"
    required = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{required}",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        for inside, text in files.items():
            made.writestr(inside, text)
    return path


def untouched(place: Path, listening: socket.socket) -> None:
    """Nobody has been anywhere, nobody has called, and nobody is left."""
    assert list(place.rglob("was-here")) == []
    with pytest.raises(TimeoutError):
        listening.accept()
    environments = (path / "cmdline" for path in Path("/proc").iterdir() if path.name.isdigit())
    commands = [path.read_bytes() for path in environments if path.exists()]
    assert not [one for one in commands if b"left-by-hostile-setup" in one]


def test_source_distribution_is_refused_and_not_run(
    place: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    source(place, listening)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place / "index"))
    with pytest.raises(SoftwareError, match=r"pip could not install hostile-package==1.0: ERROR: .*"):
        install(package("pypi", "hostile-package"), place / "cache")
    untouched(place, listening)


def test_source_that_a_wheel_asks_for_is_not_run(
    place: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip would build what is named by an address, whatever is said of binaries."""
    asked = wheel(place, f"hostile-package @ {source(place, listening).as_uri()}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place / "index"))
    with pytest.raises(SoftwareError, match="pip could not install"):
        install(package("path", str(asked)), place / "cache")
    untouched(place, listening)


@contextmanager
def index(archive: Path, digest: str) -> Iterator[str]:
    """An index that lists a source distribution with this digest (PEP 691)."""
    listed = {"files": [{"filename": archive.name, "url": f"../../{archive.name}", "hashes": {"sha256": digest}}]}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = {"/simple/hostile-package/": json.dumps(listed).encode(), f"/{archive.name}": archive.read_bytes()}
            self.send_response(200 if self.path in found else 404)
            self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
            self.end_headers()
            self.wfile.write(found.get(self.path, b"{}"))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


@pytest.fixture(params=["a file", "the index"])
def asked(
    request: pytest.FixtureRequest, place: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Release, Path]]:
    """What is hostile, as a file or from an index, and where it is."""
    archive = source(place, listening)
    if request.param == "a file":
        yield package("path", str(archive)), archive
        return
    usual = subprocess.run([tools(cache_folder()), "-c", INDEX], capture_output=True, text=True, check=True).stdout
    with index(archive, hashlib.sha256(archive.read_bytes()).hexdigest()) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", usual.strip())
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield package("pypi", "hostile-package"), archive


def test_source_that_is_not_what_the_index_lists_is_refused(
    place: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with index(source(place, listening), "0" * 64) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(SoftwareError, match="what was fetched is not what the index lists"):
            install(package("pypi", "hostile-package"), place / "cache", source=True)
    untouched(place, listening)


@pytest.mark.sampled(2)
@pytest.mark.skipif(not sandbox.way(), reason="no rooms are made here")
def test_source_that_was_asked_for_is_built_where_it_can_do_nothing(
    asked: tuple[Release, Path], place: Path, listening: socket.socket
) -> None:
    """What building needs (setuptools) comes from the registry."""
    release, archive = asked
    ready = install(release, place / "cache", source=True)
    (module,) = Path(ready.command[0]).parent.parent.glob("lib/python*/site-packages/hostile.py")
    scope: dict[str, str] = {}
    exec(module.read_text(), scope)
    told = json.loads(scope["TOLD"])
    assert told.pop("wrote")  # in its own room alone, which is gone
    assert told == {"home": sandbox.HOME, "secret": None, "read": [], "reached": []}
    untouched(place, listening)
    (built,) = ready.lock.packages
    assert (built.name, built.version) == ("hostile-package", "1.0")
    assert built.digest == f"built from sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}"


def test_source_is_not_built_without_rooms(
    place: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "way", lambda: "")
    with pytest.raises(SoftwareError, match="comes as source, and there are no namespaces to build it in"):
        install(package("path", str(source(place, listening))), place / "cache")
    untouched(place, listening)


def test_what_was_installed_is_recorded_and_installed_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two releases that would do the one is taken that was taken before; one that has changed since is refused.

    What is there is not installed again, and the day is that of the list.
    """
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place / "index"))
    needed, asked = wheel(place / "index", name="needed"), wheel(place / "index", "needed", "asked")
    first = install(package("pypi", "asked"), place / "cache")
    assert [(one.name, one.version) for one in first.lock.packages] == [("asked", "1.0"), ("needed", "1.0")]
    assert first.lock.packages[1].digest == f"sha256:{hashlib.sha256(needed.read_bytes()).hexdigest()}"
    assert first.lock.date
    replace(first.lock, date="2026-11-01").save(place / "lock.json")
    listed = Lock.load(place / "lock.json")
    assert install(package("pypi", "asked"), place / "cache", listed).command == first.command
    again = install(package("pypi", "asked"), place / "elsewhere", listed)
    assert again.lock.packages == first.lock.packages
    assert again.lock.date == "2026-11-01"
    asked.unlink()
    wheel(place / "index", "needed>=1", "asked")
    with pytest.raises(SoftwareError, match="THESE PACKAGES DO NOT MATCH THE HASHES"):
        install(package("pypi", "asked"), place / "other-cache", listed)


def test_list_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    for text, why in (("{", "not JSON"), ('{"software": "x"}', "is missing"), ("[]", "must be a table")):
        path.write_text(text)
        with pytest.raises(InputError, match=f"lock.json: not a list of what was installed: .*{why}"):
            Lock.load(path)


@pytest.mark.slow
def test_folder_that_was_cut_short_is_filled_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place / "index"))
    wheel(place / "index", name="asked")
    home = Path(install(package("pypi", "asked"), place / "cache").command[0]).parent.parent
    (home / installing.LOCK).unlink()
    (home / "half").touch()
    ready = install(package("pypi", "asked"), place / "cache")
    assert not (home / "half").exists()
    assert (home / installing.LOCK).exists()
    assert os.access(ready.command[0], os.X_OK)


@pytest.mark.skipif(not sandbox.way(), reason="no rooms are made here")
@pytest.mark.parametrize(("file", "by"), [("package.json", "npm"), ("pyproject.toml", "wheel")])
def test_a_repository_is_installed_as_what_it_holds(
    place: Path, monkeypatch: pytest.MonkeyPatch, file: str, by: str
) -> None:
    """Of its last commit: what is not committed is not there."""
    ours = place / "repository"
    ours.mkdir()
    (ours / file).write_text("{}")
    author = ("-c", "user.name=nobody", "-c", "user.email=nobody@example")
    for words in (("init", "-q"), ("add", file), (*author, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=ours, check=True)
    (ours / "later").touch()
    told: list[tuple[str, list[str]]] = []
    for name, kind in (("_npm", "npm"), ("_built", "wheel")):
        monkeypatch.setattr(installing, name, lambda _, at, *__, kind=kind: told.append((kind, os.listdir(at))))
    software: Any = SimpleNamespace(package=str(ours))
    order: Any = SimpleNamespace(release=SimpleNamespace(software=software), home=place / "cache" / "of-git")
    installing._from_git(order)
    assert told == [(by, [file])]


def test_an_environment_is_made_in_a_folder_that_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What makes it may write nowhere else, and so could not make the folder."""
    there: list[bool] = []
    monkeypatch.setattr(installers, "sealed", lambda command, complaint, home: there.append(home.is_dir()))
    home = tmp_path / "release" / "environment"
    assert installers.environment(home) == home / "bin" / "python"
    assert there == [True]
