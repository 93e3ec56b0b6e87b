"""Real software reaches loopback and nothing else, where the kernel gives the command a namespace of its own."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import confinement, sandbox

#: Starts itself again inside, and lets a driver try to get out: to the port of its job at each address.
HARNESS = """
import asyncio, json, pathlib, socket, sys
from conformance.confinement import confine
from conformance.install import Installed
from conformance.processes import drive
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, Release

protection = confine()
job = json.loads(sys.argv[2])
with socket.create_server(("127.0.0.1", 0)) as own:
    job["addresses"].append(["127.0.0.1", own.getsockname()[1]])
    reads = (pathlib.Path(job["driver"]), *python_folders())
    installed = Installed(Release(CLIENTS["mcp-python"], "0"), (sys.executable, job["driver"]), {}, reads)
    run = asyncio.run(drive(installed, job, 20))
print(json.dumps({"protection": protection, **run.said}))
"""

DRIVER = """
import json, socket, sys
reached = []
for address, port in json.loads(sys.stdin.readline())["addresses"]:
    try:
        socket.create_connection((address, port), timeout=3).close()
        reached.append(address)
    except OSError:
        pass
print(json.dumps({"done": True, "reached": reached}))
"""


#: What is said without a network namespace.
UNCLOSED = confinement.missing_of(closed=False, rooms=bool(sandbox.way()))


def outward() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # a datagram socket sends nothing by that
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


def reached(folder: Path, inside: str | None) -> dict[str, object]:
    """What a driver reaches, and how it was protected; ``inside`` is what the environment says."""
    (folder / "driver.py").write_text(DRIVER)
    address = outward()
    with socket.create_server((address, 0)) as listening:
        addresses = [[address, listening.getsockname()[1]], ["1.1.1.1", 443]]
        job = {"driver": str(folder / "driver.py"), "addresses": addresses}
        environment = {name: value for name, value in os.environ.items() if name != confinement.INSIDE}
        said = subprocess.run(
            [sys.executable, "-c", HARNESS, "conform", json.dumps(job)],
            capture_output=True,
            text=True,
            check=True,
            env=environment | ({confinement.INSIDE: inside} if inside else {}),
            timeout=60,
        )
    found: dict[str, object] = json.loads(said.stdout)
    return {**found, "own": address in str(found["reached"])}


@pytest.mark.skipif(confinement._way() is None, reason="the kernel gives us no network namespace")
def test_driver_that_connects_outside_is_refused(tmp_path: Path) -> None:
    found = reached(tmp_path, None)
    assert found["protection"] == f"user, mount, process and network namespaces ({sandbox.way()})"
    assert found["reached"] == ["127.0.0.1"]


def test_without_a_namespace_the_result_says_so(tmp_path: Path) -> None:
    """The same driver gets out where nothing holds it, so the test above could fail."""
    found = reached(tmp_path, "no")
    assert found["protection"] == UNCLOSED
    assert found["own"]


def test_only_the_command_itself_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever calls it from a program of their own, as this test does, stays where they are."""
    monkeypatch.delenv(confinement.INSIDE, raising=False)
    monkeypatch.setattr(sys, "orig_argv", ["python", "notebook"])
    monkeypatch.setattr(os, "execvpe", lambda *_: pytest.fail("started again"))
    assert confinement.confine() == UNCLOSED


def test_what_the_environment_says_is_not_believed(tmp_path: Path) -> None:
    """A variable that somebody set claims a namespace that is not there: no protection is told that is none."""
    found = reached(tmp_path, "yes")
    assert found["protection"] == UNCLOSED
    assert found["own"]


def test_what_is_missing_is_named_and_can_be_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "_only_loopback", lambda: True)
    monkeypatch.setenv(confinement.INSIDE, "yes")
    monkeypatch.setattr(sandbox, "way", lambda: "")
    assert confinement.confine() == confinement.SEEN
    with pytest.raises(confinement.UnconfinedError, match="real software is not run: no user, mount and process"):
        confinement.confine(required=True)
    monkeypatch.setattr(sandbox, "way", lambda: "unshare")
    assert confinement.confine(required=True) == "user, mount, process and network namespaces (unshare)"
