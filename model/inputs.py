"""What drafts read: files, folders, modules, variables of the environment, programs. An audit hook sees them.

An answer that depends on a draft depends on all of it. So :class:`Read` has a digest of all that was read, and answers
are kept under that.
"""

import hashlib
import os
import signal
import site
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

#: Seconds that a draft, or one function of it, may take.
LIMIT = 60.0
_OURS = Path(__file__).parents[1]
_PACKAGES = tuple(str(_OURS / name) for name in ("model", "properties", "deployed", "simulations", "openworld"))
_SITES = tuple(site.getsitepackages())
#: Folders whose files are named otherwise: by the digest of this software, and by versions of Python and of packages.
_INSTALLED = tuple(f"{folder}{os.sep}" for folder in (*_PACKAGES, *_SITES, os.path.dirname(os.__file__)))
_FINDER = "<frozen importlib"
#: The functions that run drafts: above them on the stack stands who asked for that.
LOADERS = ("_run_file", "held")
#: What nobody can name by its content: programs, the network, other processes and foreign code.
_BEYOND = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "socket.", "ctypes.dlopen")


class TooLongError(BaseException):
    """A draft that does not come to an end."""


class Read:
    """What was read, by kind and name, in the order in which it was."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], None] = {}

    def add(self, kind: str, name: str) -> None:
        """Note that something was read; what is installed has a version, and is named by that."""
        if kind == "module":
            found = PathFinder.find_spec(name)
            installed = name in sys.stdlib_module_names or _is_installed((found and found.origin) or "")
        else:
            installed = kind != "variable" and _is_installed(f"{name}{os.sep}")
        if not installed:
            self.things[kind, name] = None

    @property
    def digest(self) -> str:
        """A digest of what all of it says now; never the same twice where something has no content of its own."""
        said = [f"{kind} {name} {_content(kind, name)}" for kind, name in sorted(self.things)]
        return hashlib.sha256("\n".join([*said, *_packages()]).encode("utf-8", "surrogateescape")).hexdigest()


def _content(kind: str, name: str) -> str:
    if kind == "variable":
        return repr(os.environ.get(name))
    if kind == "module":
        found = PathFinder.find_spec(name)
        return str(found and found.origin)
    path = Path(name)
    try:
        if kind == "folder":
            return repr(sorted(os.listdir(path)))
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return type(error).__name__
    return uuid4().hex if kind == "program" or path.exists() else "absent"


def _packages() -> list[str]:
    """The versions of all packages that are installed."""
    return sorted(name for folder in _SITES if os.path.isdir(folder) for name in os.listdir(folder) if "-info" in name)


# --- while something is read -----------------------------------------------------------------------------------

_reading: list[Read] = []


@contextmanager
def reading() -> Iterator[Read]:
    """Note what is read in the block, which is to end before long (raises TooLongError)."""
    _watch()
    read = Read()
    _reading.append(read)
    try:
        with _bounded():
            yield read
    finally:
        _reading.remove(read)


@contextmanager
def _bounded() -> Iterator[None]:
    """Let a block end that does not come to an end; inside of another one that one's time counts."""
    if len(_reading) > 1 or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_: object) -> None:
        raise TooLongError(f"no end after {LIMIT:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Environment(type(os.environ)):  # type: ignore[misc]
    """Variables of the environment, of which it is noted which are read."""

    def __getitem__(self, name: Any) -> Any:
        if _reading:
            _note("variable", os.fsdecode(name))
        return super().__getitem__(name)


def _watch() -> None:
    """Begin to watch, which cannot be ended."""
    if type(os.environ) is not _Environment:
        os.environ.__class__ = _Environment
        sys.addaudithook(_hook)


def _hook(event: str, given: tuple[Any, ...]) -> None:
    if not _reading:
        return
    if event == "open":
        path, _, flags = given
        if isinstance(path, str | bytes | os.PathLike) and not (flags or 0) & (os.O_WRONLY | os.O_CREAT):
            _note("file", _source(os.path.abspath(os.fsdecode(path))))
    elif event == "import":
        _note("module", given[0].partition(".")[0])
    elif event in ("os.listdir", "os.scandir"):
        if not sys._getframe(1).f_code.co_filename.startswith(_FINDER):
            _note("folder", os.path.abspath(os.fsdecode(given[0] or ".")))
    elif event.startswith(_BEYOND):
        _note("program", event)


def _note(kind: str, name: str) -> None:
    """Note what a draft reads, and not what an installed module does when it is imported: it is imported once."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name not in LOADERS:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(_INSTALLED):
            return
        frame = frame.f_back  # type: ignore[assignment]
    for read in _reading:
        read.add(kind, name)


def _source(path: str) -> str:
    """What a compiled module was compiled of, or the file itself."""
    return source_from_cache(path) if path.endswith(".pyc") and "__pycache__" in path else path


@contextmanager
def fresh_modules() -> Iterator[None]:
    """Let what is imported in the block, and is not installed, be read from its file, even if imported before.

    Nothing of it stays, so that the next draft that imports it reads it too.
    """
    before = {name: sys.modules.pop(name) for name in _own_modules()}
    compiled, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = compiled
        for name in _own_modules():
            del sys.modules[name]
        sys.modules.update(before)


def _own_modules() -> list[str]:
    """The modules that are loaded of files that are not installed."""
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items() if name != "__main__"}
    return [name for name, file in files.items() if file and not _is_installed(os.path.abspath(file))]


def _is_installed(path: str) -> bool:
    return path.startswith(_INSTALLED)
