"""Python packages that come as source, where the user asks for that: fetched without running them, built confined.

What a source distribution runs to be built, it runs in a room without a network (:mod:`conformance.sandbox`), and not
at all where there are no rooms. What building needs is fetched before, as wheels.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
from packaging.version import Version

from conformance import sandbox
from conformance.installers import fetch, sealed
from conformance.software import SoftwareError

#: What is needed to build a package that does not say so (PEP 517).
_LEGACY = ("setuptools", "wheel")
#: Prints the index that pip is set to.
INDEX = "from pip._internal.commands import create_command as c; print(c('download').parse_args([])[0].index_url)"


def build(source: Path, pip: str, work: Path) -> Path:
    """The wheel of a source distribution, or of a folder with one, built in the folder ``work``.

    Raises:
        SoftwareError: it cannot be built here, or needs what is no wheel.
    """
    if not sandbox.way():
        raise SoftwareError(f"{source.name} comes as source, and there are no namespaces to build it in")
    needs, made = work / "needs", work / "made"
    made.mkdir(parents=True, exist_ok=True)
    fetch(pip, _needed(source), needs)
    if source.is_dir():  # it is built where it is, and stays as it was
        left_out = shutil.ignore_patterns(".git", "node_modules", "__pycache__", ".venv")
        source = Path(shutil.copytree(source, work / source.absolute().name, symlinks=True, ignore=left_out))
    offline = ("--quiet", "--no-index", "--no-deps", "--find-links", str(needs))
    command = [pip, "-m", "pip", "wheel", *offline, "-w", str(made), str(source)]
    sealed(command, f"pip could not build {source.name}", work, (source,))
    return next(made.glob("*.whl"))


def _needed(source: Path) -> list[str]:
    """What building it needs, by its own word; nothing that is not named plainly is fetched for it."""
    said = (source / "pyproject.toml").read_bytes() if (source / "pyproject.toml").is_file() else b""
    if source.is_file():
        with tarfile.open(source) as archive:
            name = next((each for each in archive.getnames() if re.fullmatch(r"[^/]+/pyproject\.toml", each)), "")
            file = archive.extractfile(name) if name else None
            said = file.read() if file else b""
    try:
        wanted = tomllib.loads(said.decode()).get("build-system", {}).get("requires", _LEGACY)
        parsed = [Requirement(one) for one in wanted]
    except (ValueError, AttributeError, TypeError, InvalidRequirement):
        raise SoftwareError(f"{source.name}: its pyproject.toml does not say what building it needs") from None
    elsewhere = next((one for one in parsed if one.url), None)
    if elsewhere is not None:
        raise SoftwareError(f"{source.name}: building it needs {elsewhere}, which is not on the index")
    return list(map(str, parsed))


def fetch_source(package: str, version: str, pip: str, into: Path) -> Path:
    """Download a source distribution from the index that pip is set to, and look at nothing in it."""
    index = subprocess.run([pip, "-c", INDEX], capture_output=True, text=True, check=True).stdout.strip()
    page = f"{index.rstrip('/')}/{canonicalize_name(package)}/"
    asked = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            files = json.load(answer)["files"]
        found = next((one for one in files if _is_source(one["filename"], package, version)), None)
        if found is None:
            raise SoftwareError(f"{package} {version} has no source distribution on the index")
        with urllib.request.urlopen(urljoin(page, found["url"]), timeout=300) as answer:
            content = answer.read()
    except (urllib.error.URLError, ValueError, KeyError) as error:
        raise SoftwareError(f"{package} {version}: its source cannot be fetched: {error}") from None
    digest = found["hashes"].get("sha256")
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise SoftwareError(f"{package} {version}: what was fetched is not what the index lists")
    into.mkdir(parents=True, exist_ok=True)
    path = into / str(found["filename"]).rpartition("/")[2]
    path.write_bytes(content)
    return path


def _is_source(filename: str, package: str, version: str) -> bool:
    try:
        name, found = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        return False
    return filename.endswith(".tar.gz") and name == canonicalize_name(package) and found == Version(version)
