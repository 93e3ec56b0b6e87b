"""Packages of the distribution, unpacked into a folder and not installed: none of their scripts runs."""

import re
import subprocess
from pathlib import Path

from conformance.installers import outward, sealed
from conformance.lock import Lock
from conformance.software import SoftwareError

_APT = tuple(map(Path, ("/etc/apt", "/var/lib/apt", "/var/lib/dpkg", "/var/cache/apt")))


def fetch(package: str, version: str, home: Path, lock: Lock | None) -> list[Path]:
    """Fetch a package and all that it needs and this machine lacks, and unpack it below ``root`` in ``home``.

    Raises:
        SoftwareError: there is no such package.
    """
    if lock is not None:
        wanted = [f"{one.name}={one.version}" for one in lock.packages]
    else:
        wanted = [f"{package}={version}", *_missing(f"{package}={version}", package)]
    debs, root = home / "debs", home / "root"
    for folder in (debs, root / "usr"):
        folder.mkdir(parents=True, exist_ok=True)
    download = ["sh", "-c", 'cd "$0" && exec apt-get -q -o APT::Sandbox::User=root download "$@"', str(debs), *wanted]
    outward(download, f"apt-get could not fetch {package}", home, _APT)
    fetched = sorted(debs.glob("*.deb"))
    for deb in fetched:
        # No matter whose its files are on the system, here they are ours.
        unpack = ["sh", "-c", 'dpkg-deb --fsys-tarfile "$0" | tar -x --no-same-owner -C "$1"', str(deb), str(root)]
        sealed(unpack, f"cannot unpack {deb.name}", home)
    _check(Lock.of_debs("", fetched), lock)
    return fetched


def candidate(package: str) -> str:
    """The version of a package that would be installed (raises SoftwareError where there is none)."""
    found = re.search(r"Candidate: (\S+)", _said("apt-cache", "policy", package))
    if found is None or found[1] == "(none)":
        raise SoftwareError(f"the distribution has no package {package!r} (is its list of packages up to date?)")
    return found[1]


def _missing(wanted: str, package: str) -> list[str]:
    """What else would be installed with it, by its own word to apt."""
    said = _said("apt-get", "install", "--simulate", "--no-install-recommends", wanted)
    every = re.findall(r"(?m)^Inst (\S+) (?:\[\S+\] )?\((\S+)", said)
    return [f"{name}={version}" for name, version in every if name != package]


def _check(fetched: Lock, lock: Lock | None) -> None:
    if lock is not None and fetched.digest != lock.digest:
        raise SoftwareError("what the distribution has now is not what was installed then")


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        raise SoftwareError(f"{command[0]} is needed for packages of the distribution, and does not answer") from None
