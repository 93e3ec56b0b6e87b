"""Drivers that crash, hang, chatter or start others are results of one scenario, and none outlives its run."""

import asyncio
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import results
from conformance.authorization_server import IssuedGrant
from conformance.explained import explain
from conformance.install import Installed
from conformance.judge import judge, outcome
from conformance.play import Play
from conformance.processes import Run, complaint, drive, serving
from conformance.recording import Exchange
from conformance.run import Settings, Store, run_all
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, SERVERS, Release, SoftwareError
from conformance.world import PlayedWorld
from deployed.behaviour import read_row

CLIENT = Release(CLIENTS["mcp-python"], "0")


def installed(folder: Path, program: str, release: Release = CLIENT) -> Installed:
    driver = folder / "driver.py"
    driver.write_text(program)
    return Installed(release, (sys.executable, str(driver)), {}, (folder, *python_folders()))


def run(folder: Path, program: str, limit: float = 3.0) -> Run:
    return asyncio.run(drive(installed(folder, program), {"url": "x"}, limit))


def test_last_word_of_a_driver_is_kept(tmp_path: Path) -> None:
    said = run(tmp_path, "print('noise'); print('[1]'); print('{\"done\": false, \"error\": \"no\"}')")
    assert (said.ended, said.error) == ("finished", "no")


def test_crash_is_a_result_with_its_last_line(tmp_path: Path) -> None:
    crashed = run(tmp_path, "raise SystemError('broken inside')")
    assert crashed.ended == "crashed"
    assert "broken inside" in crashed.error


def test_error_is_told_rather_than_what_is_printed_after_it() -> None:
    noise = "file:///driver.mjs:5\nSyntaxError: no export named 'auth'\n    at ModuleJob.run\n\nNode.js v22.20.0\n"
    assert complaint(noise) == "SyntaxError: no export named 'auth'"
    assert complaint("first\n last \n\n") == "last"
    assert complaint("") == ""


FINISHED = "print('{\"done\": false}')"
ASKS = (
    "import json, sys, time, urllib.request, urllib.error\njob = json.loads(sys.stdin.readline())\n"
    "try: urllib.request.urlopen(job['url'], timeout=5)\nexcept urllib.error.HTTPError: pass\n"
)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import no_such_client", "crashed"),
        ('print(\'{"done": false, "unfit": true, "error": "this release has no client"}\')', "it did not start"),
        ("print('{\"done\": true}')", "it ended without asking anybody"),
        ("", "crashed"),
        ("import time; time.sleep(600)", "timed out"),
        (ASKS + "time.sleep(600)", "timed out"),
        (ASKS + "raise SystemError", "crashed"),
    ],
    ids=["does not start", "unfit", "silent", "ends at once", "hangs", "asks and hangs", "asks and crashes"],
)
def test_software_that_does_not_come_to_an_end_of_its_own_has_refused_nothing(
    tmp_path: Path, program: str, why: str
) -> None:
    """It is not measured in any form, fitted to nothing, and tried again by the next run."""
    play, settings = Play("M01_iss_ok", "catalogue", ""), Settings(1.5, 1, False)
    (one,) = asyncio.run(run_all(installed(tmp_path, program), [play], tmp_path / "out", settings))
    assert (one.outcome, one.why) == ("?", why)
    assert f"M01_iss_ok  ?  [{why}]" in next(results.lines([one], {}))
    assert results.data("c", [one])["not_measured"] == {"M01_iss_ok": why}
    assert f"NOT-MEASURED: {why}" in results.table("c", "1", [one])
    assert f'<error message="not measured: {why}"' in results.junit({"c": ([one], None)})
    (row,) = csv.DictReader(results.table("mcp-python", "0", [one]).splitlines())
    assert read_row(**row) is None
    assert explain(CLIENT, [play], [one]).comparisons == {}
    (again,) = asyncio.run(
        run_all(installed(tmp_path, ASKS + FINISHED), [play], tmp_path / "out", Settings(20, 1, False))
    )
    assert again.outcome == "d"


def test_token_that_was_served_counts_however_the_run_ended(tmp_path: Path) -> None:
    """What arrived is seen; only what did not arrive says nothing of who was cut short."""

    async def one(ended: str) -> str:
        async with PlayedWorld(Play("M01_iss_ok", "catalogue", "")) as world:
            token = world.servers["as1"].mint(["{rs}/mcp"], IssuedGrant("c", "", "", (), "", ""))
            headers = (("Authorization", f"Bearer {token}"),)
            world.recording.add(Exchange("rs", "resource_response", "client", "POST", world.url, headers, "", 200))
            assert outcome(world.recording, 2) == "x"  # one of two calls is not all of them
            return judge(world, Run(ended, {}, "")).outcome  # type: ignore[arg-type]

    assert [asyncio.run(one(ended)) for ended in ("finished", "timed out")] == ["A", "A"]


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(600)",
        "while True: pass",
        "import sys\nwhile True: sys.stderr.write('x' * 1000)",
        "import time\nwhile True: print('{}', flush=True)",
    ],
    ids=["sleeps", "spins", "floods stderr", "floods stdout"],
)
def test_driver_without_end_times_out(tmp_path: Path, program: str) -> None:
    assert run(tmp_path, program, limit=1.0).ended == "timed out"


def test_line_without_end_is_a_crash(tmp_path: Path) -> None:
    endless = run(tmp_path, "import sys\nwhile True: sys.stdout.write('x' * 100000)")
    assert endless.error == f"crashed: it wrote a line of more than {1 << 20} bytes"


def test_secrets_of_our_environment_are_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    program = "import os, json; print(json.dumps({'done': True, 'seen': sorted(os.environ)}))"
    assert "SECRET_TOKEN" not in run(tmp_path, program).said["seen"]


def test_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    release = Release(SERVERS["authlib"], "0")

    async def start() -> None:
        async with serving(installed(tmp_path, "raise SystemExit('no such module')", release), {}, 3.0):
            pass

    with pytest.raises(SoftwareError, match="authlib==0 does not start: no such module"):
        asyncio.run(start())


@pytest.mark.slow
def test_thousand_scenarios_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    program = "import json, sys; json.loads(sys.stdin.readline()); print('{\"done\": true}', flush=True)"
    plays = [Play(f"n{number}", "mutation", "", {}) for number in range(1000)]
    before = open_files()
    judgements = asyncio.run(run_all(installed(tmp_path, program), plays, tmp_path / "out", Settings(10, 4, False)))
    assert {one.outcome for one in judgements} == {"?"}
    assert open_files() <= before + 2
    assert list(scratch.iterdir()) == []
    assert subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True).stdout == ""


#: A run of two plays, of which one is over at once and the other never.
INTERRUPTED = """
import asyncio, pathlib, sys
from conformance.install import Installed
from conformance.play import Play
from openworld.commands.common import heed_sigterm
from conformance.run import Settings, run_all
from conformance.sandbox import python_folders
from conformance.software import CLIENTS, Release

heed_sigterm()
folder = pathlib.Path(sys.argv[1])
command = (sys.executable, str(folder / "driver.py"))
installed = Installed(Release(CLIENTS["mcp-python"], "0"), command, {}, (folder, *python_folders()))
plays = [Play("quick", "mutation", "", {}), Play("slow", "mutation", "", {})]
said = lambda one: print(one.scenario, flush=True)
asyncio.run(run_all(installed, plays, folder / "out", Settings(600, 1, False), said))
"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("how", "ignored"),
    [(signal.SIGINT, ""), (signal.SIGTERM, ""), (signal.SIGTERM, "trap '' INT; "), (signal.SIGKILL, "")],
    ids=["SIGINT", "SIGTERM", "SIGTERM in the background", "SIGKILL"],
)
def test_run_that_is_ended_leaves_results_and_nothing_else(tmp_path: Path, how: signal.Signals, ignored: str) -> None:
    """However it ends, no process and no scratch is left, and what was finished is not run again.

    Where a script starts it in the background, the shell has it ignore Ctrl-C.
    """
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # The second driver, which finds the result of the first, forks twice and stays.
    program = (
        ASKS
        + (
            "import os\n"
            "if os.path.exists(os.path.dirname(sys.argv[0]) + '/out/mcp-python-0/quick.json'):\n"
            "    for turn in range(2):\n        if os.fork() == 0: os.setsid()\n"
            "    time.sleep(600)\n"
        )
        + FINISHED
    )
    client = installed(tmp_path, program)
    running = subprocess.Popen(
        ["sh", "-c", f'{ignored}exec "$@"', "sh", sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(scratch)},
        start_new_session=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "quick\n"
    eventually(lambda: len(named(tmp_path / "driver.py")) >= 4)
    running.send_signal(how)
    assert running.wait(20) != 0
    eventually(lambda: named(tmp_path) == [])
    assert list(scratch.iterdir()) == []
    store = Store(tmp_path / "out", client, Settings(600, 1, False))
    assert store.load(Play("quick", "mutation", "")) is not None
    assert store.load(Play("slow", "mutation", "")) is None
    assert store.folder is not None
    assert sorted(path.name for path in store.folder.iterdir()) == ["quick.har", "quick.json"]


def named(path: Path) -> list[str]:
    """Processes with a path in their command line."""
    return subprocess.run(["pgrep", "-f", str(path)], capture_output=True, text=True).stdout.split()


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
