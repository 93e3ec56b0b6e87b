"""A page that waits for a client which a person starts: it says where to send it, and is told when it is done.

Nothing is run here and nothing confined: the person who starts the client says when it has come to its end, and that is
what refusals rest on.
"""

import asyncio
import html
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from conformance.install import Installed
from conformance.origins import HOST
from conformance.processes import Run
from conformance.run import Driving
from conformance.software import Release, Software

#: The client of the one who reads the page.
_CLIENT = Software("client", "path", "command.py", "by-hand", listens=True, documents=False)
SOMEBODYS = Installed(Release(_CLIENT, "by-hand"), (), {})

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>openworld: {number} of {total}</title>
<style>body {{ font: 16px/1.5 system-ui; max-width: 46em; margin: 3em auto }} code {{ user-select: all }}</style>
<h1>{number} of {total}</h1><p>{about}</p>
<p>Send your client, with nothing remembered, to <code>{url}</code>{trust}, and let it make {calls}.
Approve what it asks in your browser.</p>
<form method="post"><button name="end" value="finished">It has ended</button>
<button name="end" value="timed out">It does not come to an end</button></form></html>"""


def waiting(total: int, say: Callable[[str], Any]) -> Driving:
    """Drives by waiting for a person; the address of the page is said once there is one."""
    page = _Page(total, say)
    return page.drive


class _Page:
    def __init__(self, total: int, say: Callable[[str], Any]) -> None:
        self._total, self._say, self._number = total, say, 0
        # Other pages in the same browser do not know it, and cannot press the buttons.
        self._path = f"/{secrets.token_urlsafe(12)}/"
        self._shown, self._ended = "", asyncio.Queue[str]()
        self._address = ""
        self._turn = asyncio.Lock()

    async def drive(self, installed: Installed, job: dict[str, Any], limit: float, authority: str) -> Run:
        """Show a job and wait until somebody says how it ended."""
        async with self._turn:
            if not self._address:
                await self._open()
            self._number += 1
            with tempfile.TemporaryDirectory(prefix="openworld-") as folder:
                certificate = Path(folder, "authority.pem")
                await asyncio.to_thread(certificate.write_text, authority)
                trust = f" (trust <code>{certificate}</code>)" if authority else ""
                self._shown = _PAGE.format(
                    number=self._number,
                    total=self._total,
                    about=html.escape(job["about"]),
                    trust=trust,
                    url=html.escape(job["url"]),
                    calls="one call" if job["calls"] == 1 else f"{job['calls']} calls",
                )
                self._say(f"{self._number} of {self._total}: send your client to {job['url']}, then {self._address}")
                ended = await self._ended.get()
        return Run("timed out", {}, "") if ended == "timed out" else Run("finished", {"done": True}, "")

    async def _open(self) -> None:
        application = web.Application()
        application.add_routes([web.get(self._path, self._get), web.post(self._path, self._post)])
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        self._address = f"http://{HOST}:{port}{self._path}"

    async def _get(self, request: web.Request) -> web.Response:
        return web.Response(text=self._shown, content_type="text/html")

    async def _post(self, request: web.Request) -> web.Response:
        await self._ended.put(str((await request.post()).get("end")))
        await asyncio.sleep(0.3)  # the next is on the page then
        raise web.HTTPSeeOther(self._path)
