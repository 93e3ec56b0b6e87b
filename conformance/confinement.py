"""Real software reaches loopback and nothing else: what runs it does so in a network namespace of its own.

The namespace has a loopback interface and no other, so the kernel refuses everything that goes elsewhere, whatever
library or program tries. Played parties and real ones are in it together: the command starts itself again inside,
once all is installed. Where the kernel allows no namespace real parties are still given loopback addresses only.
What else they find, and that nothing of them stays, is :mod:`conformance.sandbox`.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from typing import Final

from conformance import sandbox

OPEN: Final = "no network namespace: real parties are given loopback addresses only"
SEEN: Final = "no user, mount and process namespaces: real parties see this machine, and may outlive us"

#: Set in a process that need not start itself again, because it has or is to stay outside.
INSIDE = "OPENWORLD_CONFINED"
#: The commands that run real software.
COMMANDS: Final = frozenset(("conform", "learn"))

#: As root, or else as somebody who is root only in there, or by a program that may do so.
_WAYS = (
    ("unshare", "--net"),
    ("unshare", "--net", "--map-root-user"),
    ("bwrap", "--die-with-parent", "--unshare-net", "--dev-bind", "/", "/"),
)
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 0x1


class UnconfinedError(RuntimeError):
    """Real software would have to be run with less than what it was to be confined by."""


def confine(required: bool = False) -> str:
    """Say what keeps real software in, in a process that was started again inside if that is possible.

    Raises:
        UnconfinedError: all was ``required``, and something of it is missing.
    """
    said = os.environ.get(INSIDE)
    closed = said is not None and _only_loopback()
    # A program that only calls the command stays where it is.
    if not closed and said is None and not COMMANDS.isdisjoint(sys.orig_argv) and (way := _way()) is not None:
        inside = [sys.executable, "-c", "from conformance.confinement import enter; enter()", *sys.orig_argv]
        sys.stdout.flush()
        os.execvpe(way[0], [*way, "--", *inside], {**os.environ, INSIDE: "yes"})
    rooms = sandbox.way()
    missing = missing_of(closed, bool(rooms))
    if missing and required:
        raise UnconfinedError(f"real software is not run: {missing}")
    return missing or f"user, mount, process and network namespaces ({rooms})"


def missing_of(closed: bool, rooms: bool) -> str:
    """What real software is not kept from, or nothing."""
    return "; ".join((*(() if closed else (OPEN,)), *(() if rooms else (SEEN,))))


def _only_loopback() -> bool:
    """Whether no interface but loopback is up here: what the environment says is not believed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        names = [name for _, name in socket.if_nameindex() if name != "lo"]
        asked = (fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sh", name.encode(), 0)) for name in names)
        return not any(struct.unpack("16sh", answer)[1] & _UP for answer in asked)


def enter() -> None:
    """Set up loopback in a new namespace and go on with the command on our command line."""
    # Bubblewrap has set it up already, and left us no right to.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control, suppress(PermissionError):
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP))
    os.execvp(sys.argv[1], sys.argv[1:])


def _way() -> tuple[str, ...] | None:
    """The beginning of a command that starts another in a namespace of its own, if this machine lets us."""
    for way in _WAYS:
        program = shutil.which(way[0])
        if program and subprocess.run([*way, "--", "true"], capture_output=True, check=False).returncode == 0:
            return way
    return None
