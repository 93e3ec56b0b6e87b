"""A driver runs in a process group of its own, with a time limit and without secrets, and never outlives its run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from conformance.install import Installed

#: What a driver sees of our environment. The rest may be secret, or send it past loopback.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
_KEPT = 20_000

Ended = Literal["finished", "crashed", "timed out"]


@dataclass(frozen=True, slots=True)
class Run:
    """How a driver ended.

    Attributes:
        ended: with a last word, without one, or by our hand.
        said: its last word: ``done``, and ``error`` where it is not.
        noise: the end of what it wrote to standard error.
    """

    ended: Ended
    said: dict[str, Any]
    noise: str

    @property
    def error(self) -> str:
        """What went wrong in the client's words."""
        if self.ended == "finished":
            return str(self.said.get("error", ""))
        last = next((line for line in reversed(self.noise.splitlines()) if line.strip()), "")
        return f"{self.ended}: {last}"[:2000].rstrip(": ")


async def drive(installed: Installed, job: dict[str, Any], limit: float, extra: dict[str, str]) -> Run:
    """Run a driver on one job and wait for its last word, for at most ``limit`` seconds."""
    with tempfile.TemporaryDirectory(prefix="openworld-", ignore_cleanup_errors=True) as home:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"HOME": home, "TMPDIR": home, "NO_PROXY": "*", "PYTHONUNBUFFERED": "1"}
        environment |= installed.environment | extra
        process = await asyncio.create_subprocess_exec(
            *installed.command, cwd=home, env=environment, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )  # fmt: skip
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdin.write(json.dumps(job).encode() + b"\n")
            noise = asyncio.create_task(_last(process.stderr))
            said: dict[str, Any] = {}
            ended: Ended = "timed out"
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(limit):
                    said = await _last_word(process.stdout)
                    ended = "finished" if said else "crashed"
            kill(process)
            with suppress(TimeoutError):
                return Run(ended, said, await asyncio.wait_for(noise, 5))
            return Run(ended, said, "")
        finally:
            kill(process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5)


async def _last_word(stream: asyncio.StreamReader) -> dict[str, Any]:
    """The first line that is a JSON object with ``done``; other lines are noise."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # a line without end
            return {}
        if not line:
            return {}
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and "done" in said:
                return said


async def _last(stream: asyncio.StreamReader) -> str:
    kept = b""
    while piece := await stream.read(65_536):
        kept = (kept + piece)[-_KEPT:]
    return kept.decode("utf-8", "replace")


def kill(process: asyncio.subprocess.Process) -> None:
    """End a process and everything it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
