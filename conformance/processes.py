"""A driver runs in a room of its own (:mod:`conformance.sandbox`), with a time limit, and never outlives its run."""

import asyncio
import json
import os
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from conformance.install import DRIVERS, Installed
from conformance.sandbox import Room, room
from conformance.software import SoftwareError

_KEPT = 20_000
_ALONE = Room()
#: Where a driver finds the certificate authority that it is to trust, and the variables that say so.
_AUTHORITY = "authority.pem"
_TRUSTS = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "PERL_LWP_SSL_CA_FILE")
#: The browser that it finds, and names under which programs look for one.
_BROWSER = (
    f"#!{os.path.realpath(sys.executable)} -B\nimport sys\nsys.path.insert(0, {str(DRIVERS)!r})\n"
    "from open_url import main\nmain()\n"
)
_BROWSERS = ("browser", "xdg-open", "x-www-browser", "www-browser")

#: Bytes of the longest line that is read for a word.
_LINE = 1 << 20

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
    installed: Installed,
    job: dict[str, Any] | None,
    given: Mapping[str, str] = MappingProxyType({}),
    extra: Mapping[str, str] = MappingProxyType({}),
    arguments: tuple[str, ...] = (),
    found: Room = _ALONE,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process in a room of its own that has its job, if there is one; it is ended with everything it started."""
    given = {**given, **dict.fromkeys(_BROWSERS, _BROWSER)}
    beside = (*installed.reads, *found.reads, DRIVERS, Path(sys.base_prefix))
    inside = Room(beside, found.writes, installed.over, given)
    with room((*installed.command, *arguments), inside) as start:
        trust = dict.fromkeys(_TRUSTS, f"{start.given}/{_AUTHORITY}") if _AUTHORITY in given else {}
        environment = {**start.environment, **installed.environment, **trust, **extra}
        environment["PATH"] = f"{start.given}{os.pathsep}{environment.get('PATH', '')}"
        environment["BROWSER"] = f"{start.given}/{_BROWSERS[0]}"
        process = await asyncio.create_subprocess_exec(
            *start.command,
            cwd=start.folder,
            env=environment,
            start_new_session=True,
            limit=_LINE,
            pass_fds=start.handles,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            if job is not None:
                _give(process, job)
            yield process
        finally:
            kill(process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5)
            # What it wrote and nobody read is in pipes that would be closed too late, when there is no loop any more.
            process._transport.close()  # type: ignore[attr-defined]
            await asyncio.sleep(0)


async def drive(installed: Installed, job: dict[str, Any], limit: float, authority: str = "") -> Run:
    """Run a driver on one job and wait for its last word, for at most ``limit`` seconds.

    ``authority`` is the certificate of who vouches for the played parties, where they speak TLS.
    """
    async with _started(installed, job, {_AUTHORITY: authority} if authority else {}) as process:
        return await _run(process, limit)


class Ahead:
    """Drivers that are started before there is a job for them: starting is most of what a short job takes.

    They are all of one client, and trust the same authority.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._waiting: deque[tuple[AsyncExitStack, asyncio.subprocess.Process]] = deque()

    async def drive(self, installed: Installed, job: dict[str, Any], limit: float, authority: str = "") -> Run:
        """As :func:`drive`, with a driver that was started before."""
        while len(self._waiting) <= self._number:
            stack = AsyncExitStack()
            started = _started(installed, None, {_AUTHORITY: authority} if authority else {})
            self._waiting.append((stack, await stack.enter_async_context(started)))
        stack, process = self._waiting.popleft()
        async with stack:
            _give(process, job)
            return await _run(process, limit)

    async def close(self) -> None:
        """End those that still wait."""
        while self._waiting:
            await self._waiting.pop()[0].aclose()


def _give(process: asyncio.subprocess.Process, job: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(job).encode() + b"\n")


async def _run(process: asyncio.subprocess.Process, limit: float) -> Run:
    assert process.stdout is not None
    assert process.stderr is not None
    noise = asyncio.create_task(_last(process.stderr))
    said: dict[str, Any] = {}
    ended: Ended = "timed out"
    why = ""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(limit):
            said, why = await _word(process.stdout, "done")
            ended = "finished" if said else "crashed"
    kill(process)
    with suppress(TimeoutError):
        heard = await asyncio.wait_for(noise, 5)
        return Run(ended, said, why or heard)
    return Run(ended, said, why)


@asynccontextmanager
async def serving(installed: Installed, job: dict[str, Any], limit: float) -> AsyncIterator[dict[str, Any]]:
    """A driver that serves until the block ends; yields what it said when it was ready.

    Raises:
        SoftwareError: it was not ready within ``limit`` seconds.
    """
    async with _started(installed, job) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        noise = asyncio.create_task(_last(process.stderr))
        said: dict[str, Any] = {}
        why = ""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(limit):
                said, why = await _word(process.stdout, "ready")
        if not said:
            kill(process)
            raise SoftwareError(f"{installed.release} does not start: {why or complaint(await noise) or 'no word'}")
        yield said


async def output(
    installed: Installed, arguments: tuple[str, ...], limit: float, extra: Mapping[str, str], found: Room
) -> str:
    """What a command prints in ``limit`` seconds; it finds more than its own package."""
    async with _started(installed, {}, {}, extra, arguments, found) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        noise = asyncio.create_task(_last(process.stderr))
        printed = asyncio.create_task(_last(process.stdout))
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), limit)
        kill(process)
        await noise
        return await printed


async def _word(stream: asyncio.StreamReader, key: str) -> tuple[dict[str, Any], str]:
    """The first line that is a JSON object with this key, others being noise; or why there is none, if that is seen."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            return {}, f"it wrote a line of more than {_LINE} bytes"
        if not line:
            return {}, ""
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and key in said:
                return said, ""


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
