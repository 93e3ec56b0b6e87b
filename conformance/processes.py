"""A driver runs in a process group of its own, with a time limit and without secrets, and never outlives its run."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from conformance.install import Installed
from conformance.software import SoftwareError

#: What a driver sees of our environment. The rest may be secret, or send it past loopback.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
_KEPT = 20_000

Ended = Literal["finished", "crashed", "timed out"]


@dataclass(frozen=True, slots=True)
class Run:
    """How a driver ended.

    Attributes:
        ended: with a last word, without one, or by our hand.
        said: its last word: ``done``, ``error`` where it is not, and ``unfit`` where the release has no such client.
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
        return f"{self.ended}: {complaint(self.noise)}"[:2000].rstrip(": ")


@asynccontextmanager
async def _started(
    installed: Installed, job: dict[str, Any], extra: dict[str, str], arguments: tuple[str, ...] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process in a group of its own that has its job; it is ended with everything it started."""
    with tempfile.TemporaryDirectory(prefix="openworld-", ignore_cleanup_errors=True) as home:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"HOME": home, "TMPDIR": home, "NO_PROXY": "*", "PYTHONUNBUFFERED": "1"}
        process = await asyncio.create_subprocess_exec(
            *installed.command, *arguments, cwd=home, env=environment | installed.environment | extra,
            start_new_session=True, limit=1 << 20,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(job).encode() + b"\n")
            yield process
        finally:
            kill(process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5)


async def drive(installed: Installed, job: dict[str, Any], limit: float, extra: dict[str, str]) -> Run:
    """Run a driver on one job and wait for its last word, for at most ``limit`` seconds."""
    async with _started(installed, job, extra) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        noise = asyncio.create_task(_last(process.stderr))
        said: dict[str, Any] = {}
        ended: Ended = "timed out"
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(limit):
                said = await _word(process.stdout, "done")
                ended = "finished" if said else "crashed"
        kill(process)
        with suppress(TimeoutError):
            return Run(ended, said, await asyncio.wait_for(noise, 5))
        return Run(ended, said, "")


@asynccontextmanager
async def serving(installed: Installed, job: dict[str, Any], limit: float) -> AsyncIterator[dict[str, Any]]:
    """A driver that serves until the block ends; yields what it said when it was ready.

    Raises:
        SoftwareError: it was not ready within ``limit`` seconds.
    """
    async with _started(installed, job, {}) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        noise = asyncio.create_task(_last(process.stderr))
        said: dict[str, Any] = {}
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(limit):
                said = await _word(process.stdout, "ready")
        if not said:
            kill(process)
            raise SoftwareError(f"{installed.release} does not start: {complaint(await noise) or 'no word'}")
        yield said


async def output(installed: Installed, arguments: tuple[str, ...], limit: float, extra: dict[str, str]) -> str:
    """What a command prints in ``limit`` seconds."""
    async with _started(installed, {}, extra, arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        noise = asyncio.create_task(_last(process.stderr))
        printed = asyncio.create_task(_last(process.stdout))
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), limit)
        kill(process)
        await noise
        return await printed


async def _word(stream: asyncio.StreamReader, key: str) -> dict[str, Any]:
    """The first line that is a JSON object with this key; other lines are noise."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # a line without end
            return {}
        if not line:
            return {}
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and key in said:
                return said


def complaint(noise: str) -> str:
    """The line that says what went wrong: the last that names an error, or else the last."""
    lines = [line.strip() for line in noise.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (named or lines or [""])[-1]


async def _last(stream: asyncio.StreamReader) -> str:
    kept = b""
    while piece := await stream.read(65_536):
        kept = (kept + piece)[-_KEPT:]
    return kept.decode("utf-8", "replace")


def kill(process: asyncio.subprocess.Process) -> None:
    """End a process and everything it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
