"""Software that is not ours runs in namespaces of its own: it finds the system and itself, read-only, and nobody else.

A process there sees no home but an empty one, no process but those it starts, and no file but those of the system and
of its own package; what it writes is in memory and gone with it. When it ends, or the process that started it does,
everything that it started ends with it, however often it forked (a process namespace has one first process, and dies
with that). Bubblewrap makes such a room where it is there, else ``unshare`` of util-linux with
:mod:`conformance.enter`. Whether it has a network is said when it is made; what keeps drivers on loopback is
:mod:`conformance.confinement`.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Literal

Way = Literal["bubblewrap", "unshare", ""]

#: What a process finds of the system. The keys of this machine and the names of its users are not among it.
_SYSTEM: Final = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates",
    "/etc/pki/tls/certs", "/etc/pki/ca-trust", "/etc/crypto-policies", "/etc/hosts", "/etc/nsswitch.conf",
    "/etc/localtime", "/etc/mime.types", "/etc/perl",
)  # fmt: skip
_OUTWARD: Final = ("/etc/resolv.conf", "/etc/gai.conf")
#: Folders of a process that are empty at first and in memory, and how large each may get.
HOME: Final = "/home/openworld"
SIZE: Final = 1 << 30
#: Where the texts are that it is given.
GIVEN: Final = "/run/openworld"
#: Who a process is that is not root.
SOMEBODY: Final = 1000
_USERS: Final = (("root", 0, 0), ("openworld", os.getuid() or SOMEBODY, os.getgid() or SOMEBODY))
_PASSWD: Final = "".join(f"{name}:x:{user}:{group}::{HOME}:/bin/sh\n" for name, user, group in _USERS)
#: What a process sees of our environment. The rest may be secret, or send it past loopback.
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Room:
    """What a process finds, beside the system.

    Attributes:
        reads: folders and files that it can read.
        writes: folders that it can change.
        over: a folder that it finds laid over ``/usr``, if any.
        given: texts, by the name of the file that it finds them in.
        outward: whether it has our network; without it has what the command has, which is loopback.
        sealed: whether it has no network at all.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    over: Path | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    outward: bool = False
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """How to start a process in its room.

    Attributes:
        environment: all that it is to have.
        given: the folder in which it finds what it is given.
        handles: file descriptors that it needs.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    given: str
    handles: tuple[int, ...] = ()


@cache
def way() -> Way:
    """How rooms are made here, found out by making one."""
    every: tuple[Way, ...] = ("bubblewrap", "unshare")
    for name in every:
        with entering((sys.executable, "-I", "-c", ""), Room(python_folders()), name) as start:
            try:
                tried = subprocess.run(
                    start.command, env=dict(start.environment), capture_output=True, pass_fds=start.handles, check=False
                )
            except OSError:  # there is no such program
                continue
        if tried.returncode == 0:
            return name
    return ""


def python_folders() -> tuple[Path, ...]:
    """What the Python that runs us is made of."""
    return tuple(dict.fromkeys(Path(prefix) for prefix in (sys.prefix, sys.base_prefix)))


@contextmanager
def room(command: Sequence[str], inside: Room) -> Iterator[Start]:
    """How to start a command in a room; without namespaces it has a folder of its own and our environment's rest."""
    made: Way = "unshare" if inside.over is not None else way()  # not every Bubblewrap can lay folders over others
    if made:
        with entering(tuple(command), inside, made) as start:
            yield start
        return
    with tempfile.TemporaryDirectory(prefix="openworld-", ignore_cleanup_errors=True) as home:
        for name, text in inside.given.items():
            Path(home, name).write_text(text, encoding="utf-8")
            Path(home, name).chmod(0o755)
        yield Start(tuple(command), _environment(home, home), home, home)


@contextmanager
def entering(command: tuple[str, ...], inside: Room, made: Way) -> Iterator[Start]:
    """How to start a command in a room that is made in this way."""
    given = {f"{GIVEN}/{name}": text for name, text in inside.given.items()} | {"/etc/passwd": _PASSWD}
    environment = _environment(HOME, "/tmp")
    if made == "unshare":
        yield Start((*_unshare(inside, given), *command), environment, "/", GIVEN)
        return
    handles = {path: os.memfd_create(path) for path in given}
    try:
        for path, handle in handles.items():
            os.write(handle, given[path].encode())
            os.lseek(handle, 0, os.SEEK_SET)
        yield Start((*_bubblewrap(inside, handles), *command), environment, "/", GIVEN, tuple(handles.values()))
    finally:
        for handle in handles.values():
            os.close(handle)


def _environment(home: str, scratch: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {"HOME": home, "TMPDIR": scratch, "NO_PROXY": "*", "PYTHONUNBUFFERED": "1"}


def _bubblewrap(inside: Room, given: Mapping[str, int]) -> Iterator[str]:
    yield from ("bwrap", "--die-with-parent", "--new-session", "--unshare-user", "--unshare-pid", "--unshare-ipc")
    yield from ("--unshare-uts", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev")
    yield from ("--unshare-net",) if inside.sealed else ()
    for folder in ("/tmp", HOME):
        yield from ("--size", str(SIZE), "--tmpfs", folder)
    for path, target in _links():
        yield from ("--symlink", target, path)
    for path, source in _bound(inside):
        yield from ("--ro-bind", source, path)
    for folder in map(str, inside.writes):
        yield from ("--bind", folder, folder)
    for path, handle in given.items():
        yield from ("--perms", "0555", "--ro-bind-data", str(handle), path)
    yield from ("--remount-ro", "/", "--chdir", HOME, "--")


def _unshare(inside: Room, given: Mapping[str, str]) -> Iterator[str]:
    yield from ("setpriv", "--pdeathsig", "KILL", "unshare", "--user", "--mount", "--pid", "--ipc")
    # A server of the distribution that finds itself root wants to become somebody else, whom there is not in there.
    as_somebody = (f"--map-user={SOMEBODY}", f"--map-group={SOMEBODY}", "--keep-caps")
    yield from ("--map-root-user",) if inside.over is None else as_somebody
    yield from ("--uts", "--fork", "--kill-child")
    yield from ("--net",) if inside.sealed else ()
    wanted = {
        "links": list(_links()),
        "bound": list(_bound(inside)),
        "writes": list(map(str, inside.writes)),
        "given": given,
        "home": HOME,
        "size": SIZE,
        "over": str(inside.over) if inside.over else None,
    }
    yield from ("--", sys.executable, "-I", str(Path(__file__).with_name("enter.py")), json.dumps(wanted))


def _links() -> Iterator[tuple[str, str]]:
    """Places of the system that are symbolic links, as /bin is on most, and where they lead."""
    return ((path, os.readlink(path)) for path in _SYSTEM if Path(path).is_symlink() and Path(path).parent == Path("/"))


def _bound(inside: Room) -> Iterator[tuple[str, str]]:
    """What can be read, where it is found, outer folders first."""
    linked = {path for path, _ in _links()}
    system = [path for path in (*_SYSTEM, *(_OUTWARD if inside.outward else ())) if path not in linked]
    wanted = sorted({*system, *(os.path.abspath(path) for path in inside.reads)}, key=lambda path: path.count("/"))
    return ((path, os.path.realpath(path)) for path in wanted if os.path.exists(path))
