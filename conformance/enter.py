"""Makes a room of the namespaces that ``unshare`` has just put this process in, and starts a command there.

The same that Bubblewrap does where that is missing, see :mod:`conformance.sandbox`. It is started by path, before
anything of the suite can be imported: standard library only.
"""

import ctypes
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}
_MOUNT_SETATTR, _HERE, _RECURSIVE = 442, -100, 0x8000  # the same on every machine
_CAPABILITY_DROP, _NO_NEW_PRIVILEGES, _AMBIENT, _CLEAR_ALL = 24, 38, 47, 4
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Make the room that the first argument describes, and run the others in it as a command."""
    wanted, command = json.loads(sys.argv[1]), sys.argv[2:]
    _mount("none", "/", None, _REC | _PRIVATE)
    _memory("/tmp", wanted["size"])
    os.mkdir("/tmp/old")
    os.chdir("/tmp")
    _called("pivot_root", _libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"old"))
    os.chdir("/")
    _furnish(wanted)
    _called("umount", _libc.umount2(b"/old", _DETACH))
    os.rmdir("/old")
    _mount("none", "/", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
    os.chdir(wanted["home"])
    _give_up_rights()
    _run(command)


def _furnish(wanted: Mapping[str, Any]) -> None:
    for path, target in wanted["links"]:
        os.symlink(target, path)
    for folder in ("/tmp", wanted["home"], "/dev"):
        os.makedirs(folder, exist_ok=True)
        _memory(folder, wanted["size"])
    os.makedirs("/proc", exist_ok=True)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    for name in _DEVICES:
        _bind(f"/dev/{name}", f"/dev/{name}")
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"/dev/{name}")
    os.mkdir("/dev/shm")
    for path, source in wanted["bound"]:
        _bind(source, path)
        _read_only(path)
    if wanted["over"] is not None:
        _mount("overlay", "/usr", "overlay", _NOSUID | _NODEV | _RDONLY, f"lowerdir=/old{wanted['over']}:/old/usr")
    for folder in wanted["writes"]:
        _bind(folder, folder)
    for path, text in wanted["given"].items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o555)


def _memory(folder: str, size: int) -> None:
    _mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV, f"mode=0755,size={size}")


def _bind(source: str, path: str) -> None:
    """Let what is outside be found inside."""
    source = f"/old{source}"
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    elif not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").close()
    _mount(source, path, None, _BIND | _REC)


def _read_only(path: str) -> None:
    """Let nothing be changed there, nor in what is mounted below it."""
    attributes = (ctypes.c_uint64 * 4)(_RDONLY | _NOSUID, 0, 0, 0)
    _called(
        path,
        _libc.syscall(
            _MOUNT_SETATTR, _HERE, os.fsencode(path), _RECURSIVE, ctypes.byref(attributes), ctypes.sizeof(attributes)
        ),
    )


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    given = (None if text is None else os.fsencode(text) for text in (kind, data))
    named, more = given
    _called(target, _libc.mount(os.fsencode(source), os.fsencode(target), named, ctypes.c_ulong(flags), more))


def _give_up_rights() -> None:
    """To be root here only, or able to do as root does, ends once the command starts: it can undo nothing of this."""
    _called("ambient", _libc.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0))
    for number in range(64):
        if _libc.prctl(_CAPABILITY_DROP, number, 0, 0, 0) != 0:
            break
    _called("no_new_privs", _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def _run(command: list[str]) -> None:
    """Start the command and wait for it; with this process, the first one here, everything ends that it started."""
    child = os.fork()
    if child == 0:
        os.execvp(command[0], command)
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.waitstatus_to_exitcode(status) % 256)


def _called(what: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


if __name__ == "__main__":
    main()
