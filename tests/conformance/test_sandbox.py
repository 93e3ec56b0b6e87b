"""Software that means harm finds nobody else, changes nothing that is ours, reaches nothing, and leaves nothing.

Each of these drivers does what it should not, however rooms are made here; where nothing holds it, it succeeds.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance import sandbox
from conformance.install import Installed
from conformance.processes import Run, drive
from conformance.sandbox import Room, Way, entering, python_folders
from conformance.software import CLIENTS, Release

SECRET = "correct-horse"  # what nobody should find


def works(way: Way) -> bool:
    """Whether rooms can be made in this way."""
    with entering((sys.executable, "-I", "-c", ""), Room(python_folders()), way) as start:
        try:
            return not subprocess.run(
                start.command, env=dict(start.environment), capture_output=True, pass_fds=start.handles
            ).returncode
        except OSError:
            return False


@pytest.fixture(params=["bubblewrap", "unshare"])
def confined(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One way after the other, in which rooms are made here."""
    if not works(request.param):
        pytest.skip(f"no rooms are made by {request.param} here")
    monkeypatch.setattr(sandbox, "way", lambda: request.param)
    return str(request.param)


def test_rooms_are_made_by_unshare_where_there_are_namespaces() -> None:
    """What is skipped here is skipped because of the machine."""
    if shutil.which("setpriv") is None or shutil.which("unshare") is None:
        pytest.skip("no unshare or no setpriv here")
    ours = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "true")
    assert works("unshare") or subprocess.run(ours, check=False, capture_output=True).returncode


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a home that has a secret, another package, and a secret in the environment."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text(SECRET)
    (tmp_path / "other").mkdir()
    (tmp_path / "package").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SECRET_TOKEN", SECRET)
    return tmp_path


#: Tries to find the secret in every file that a process may hold it in, and to write where others do.
PRYING = """
import json, os, pathlib, sys
job = json.loads(sys.stdin.readline())
found, wrote = [], []
for path in [job["home"] + "/token", *map(str, pathlib.Path("/proc").glob("[0-9]*/environ")), "/etc/shadow"]:
    try:
        if job["secret"].encode() in open(path, "rb").read() or path == "/etc/shadow":
            found.append(path)
    except OSError:
        pass
for folder in (job["home"], job["other"], os.path.dirname(sys.argv[0])):
    try:
        pathlib.Path(folder, "openworld-was-here").touch()
        wrote.append(folder)
    except OSError:
        pass
print(json.dumps({"done": True, "found": found, "wrote": wrote, "seen": sorted(os.environ)}))
"""


def run(place: Path, program: str, limit: float = 20.0, **job: Any) -> Run:
    """What comes of a driver in a package of its own."""
    driver = place / "package" / "driver.py"
    driver.write_text(program)
    client = Release(CLIENTS["mcp-python"], "0")
    installed = Installed(client, (sys.executable, str(driver)), {}, (driver.parent, *python_folders()))
    told = {"home": str(place / "home"), "other": str(place / "other"), "secret": SECRET, **job}
    return asyncio.run(drive(installed, told, limit))


def test_home_processes_and_other_packages_are_not_there(place: Path, confined: str) -> None:
    said = run(place, PRYING).said
    assert (said["found"], said["wrote"]) == ([], [])
    assert "SECRET_TOKEN" not in said["seen"]
    assert [path.name for path in place.rglob("openworld-was-here")] == []


def test_they_are_without_a_room(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test before this one can fail."""
    monkeypatch.setattr(sandbox, "way", lambda: "")
    said = run(place, PRYING).said
    assert str(place / "home" / "token") in said["found"]
    assert str(place / "other") in said["wrote"]


def test_rights_cannot_be_taken_back(place: Path, confined: str) -> None:
    """Who is root in a room cannot make the system writable, nor enter namespaces in which it could be."""
    assert 0 not in run(place, TAKING_BACK).said["codes"]


TAKING_BACK = """
import json, os, subprocess
tried = ["mount -o remount,rw /usr", "mount -t tmpfs none /usr/local", "touch /usr/local/openworld-was-here",
         "unshare --user --map-root-user --mount sh -c 'mount -o remount,bind,rw /usr && touch /usr/x'",
         "unshare --user --map-root-user --mount sh -c 'umount /usr || umount -l /usr'"]
codes = [subprocess.run(each, shell=True).returncode for each in tried]
print(json.dumps({"done": True, "user": os.getuid(), "codes": codes}))
"""


def test_who_is_in_a_room_of_the_distribution_is_not_root(place: Path) -> None:
    """Where packages of the distribution are laid over the system, a server is nobody, and can undo nothing either."""
    if not works("unshare"):
        pytest.skip("no rooms are made by unshare here")
    (place / "usr").mkdir()
    inside = Room(python_folders(), over=place / "usr")
    with entering((sys.executable, "-I", "-c", TAKING_BACK), inside, "unshare") as start:
        environment = dict(start.environment)
        said = subprocess.run(start.command, env=environment, capture_output=True, check=True)
    found = json.loads(said.stdout)
    assert found["user"] == sandbox.SOMEBODY
    assert 0 not in found["codes"]


FORKS = """
import json, os, sys, time
for turn in range(2):
    if os.fork() == 0:
        os.setsid()
    elif turn == 0:
        {first}
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("first", "ended"),
    [("print(json.dumps({'done': True}), flush=True); os._exit(0)", "finished"), ("time.sleep(600)", "timed out")],
    ids=["ends", "hangs"],
)
def test_what_forks_twice_ends_with_its_driver(place: Path, confined: str, first: str, ended: str) -> None:
    assert run(place, FORKS.format(first=first), limit=1.5).ended == ended
    until = 100
    while subprocess.run(["pgrep", "-f", str(place)], capture_output=True, text=True).stdout and until:
        until -= 1
        subprocess.run(["sleep", "0.05"], check=True)
    assert until


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("import sys\nsys.stdout.write('x' * 10_000_000)", "crashed"),
        ("import sys\nsys.stderr.write('x' * 10_000_000)\nprint('{\"done\": true}')", "finished"),
        ("print(('x' * 99 + '\\n') * 100_000 + '{\"done\": true}')", "finished"),
        ("import sys\nsys.exit(0)", "crashed"),
        ("import time\ntime.sleep(600)", "timed out"),
    ],
    ids=["10 MB in a line", "10 MB of noise", "10 MB of lines", "exits at once", "hangs"],
)
def test_what_floods_or_hangs_says_so(place: Path, confined: str, program: str, ended: str) -> None:
    assert run(place, program, limit=15.0 if ended != "timed out" else 1.5).ended == ended


def test_a_program_begins_in_its_home(confined: Way) -> None:
    """Whatever it writes without saying where is gone with the room."""
    with entering(
        (sys.executable, "-I", "-c", "import os; print(os.getcwd())"), Room(python_folders()), confined
    ) as start:
        environment = dict(start.environment)
        said = subprocess.run(start.command, env=environment, capture_output=True, pass_fds=start.handles, check=True)
    assert said.stdout.decode().strip() == environment["HOME"] == sandbox.HOME


def test_room_without_a_network_has_none(place: Path, confined: Way) -> None:
    program = "import json, socket; print(json.dumps([name for _, name in socket.if_nameindex()]))"
    with entering((sys.executable, "-I", "-c", program), Room(python_folders(), sealed=True), confined) as start:
        environment = dict(start.environment)
        said = subprocess.run(start.command, env=environment, capture_output=True, pass_fds=start.handles, check=True)
    assert json.loads(said.stdout) == ["lo"]
