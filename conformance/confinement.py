"""Real software reaches loopback and nothing else: what runs it does so in a network namespace of its own.

The namespace has a loopback interface and no other, so the kernel refuses everything that goes elsewhere, whatever
library or program tries. Played parties and real ones are in it together: the command starts itself again inside,
once all is installed. Where the kernel allows no namespace real parties are still given loopback addresses only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from typing import Final

NAMESPACE: Final = "network namespace: nothing but loopback can be reached"
ADDRESSES: Final = "none: real parties are given loopback addresses only"

#: Set in a process that need not start itself again, because it has or is to stay outside.
INSIDE = "OPENWORLD_CONFINED"

#: As root, or else as somebody who is root only in there.
_WAYS = (("--net",), ("--net", "--map-root-user"))
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 0x1


def confine() -> str:
    """Say what keeps real software on loopback, in a process that was started again inside if that is possible."""
    said = os.environ.get(INSIDE)
    if said is not None and _only_loopback():
        return NAMESPACE
    # A program that only calls the command stays where it is.
    if said is None and "conform" in sys.orig_argv and (way := _way()) is not None:
        inside = [sys.executable, "-c", "from conformance.confinement import enter; enter()", *sys.orig_argv]
        sys.stdout.flush()
        os.execvpe(way[0], [*way, "--", *inside], {**os.environ, INSIDE: "yes"})
    return ADDRESSES


def _only_loopback() -> bool:
    """Whether no interface but loopback is up here: what the environment says is not believed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        names = [name for _, name in socket.if_nameindex() if name != "lo"]
        asked = (fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sh", name.encode(), 0)) for name in names)
        return not any(struct.unpack("16sh", answer)[1] & _UP for answer in asked)


def enter() -> None:
    """Set up loopback in a new namespace and go on with the command on our command line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP))
    os.execvp(sys.argv[1], sys.argv[1:])


def _way() -> tuple[str, ...] | None:
    """The beginning of a command that starts another in a namespace of its own, if this machine lets us."""
    unshare = shutil.which("unshare")
    for options in _WAYS if unshare else ():
        assert unshare is not None
        if subprocess.run([unshare, *options, "true"], capture_output=True, check=False).returncode == 0:
            return unshare, *options
    return None
