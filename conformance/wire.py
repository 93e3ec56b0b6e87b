"""How a response goes over the wire: whole, or in one of the ways in which it should not."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web
from multidict import CIMultiDict

from conformance.message import Response

#: Seconds between the bytes of a response that drips.
DRIP = 0.25

#: Longer bodies are cut in a recording.
SHOWN = 65_536


def shown(sent: Response) -> str:
    """The body as a recording has it."""
    return sent.body[:SHOWN].decode("utf-8", "replace")


async def send(request: web.BaseRequest, sent: Response) -> web.StreamResponse:
    """Send a response in its manner."""
    if sent.manner == "whole":
        headers = CIMultiDict(sent.headers)
        headers.popall("Set-Cookie", None)
        headers.extend(("Set-Cookie", cookie) for cookie in sent.cookies)
        return web.Response(status=sent.status, headers=headers, body=sent.body)
    if sent.manner == "garbage":
        if request.transport is not None:
            request.transport.write(b"\x16\x03 this is not HTTP\r\n\r\n")
            request.transport.close()
        return web.Response()
    stream = web.StreamResponse(status=sent.status, headers=sent.headers)
    if sent.manner == "cut":
        stream.content_length = len(sent.body) + 1
    await stream.prepare(request)
    with suppress(ConnectionError):
        await _MANNERS[sent.manner](stream, sent.body)
    if sent.manner == "cut" and request.transport is not None:
        request.transport.close()
    return stream


async def _drip(stream: web.StreamResponse, body: bytes) -> None:
    for place in range(len(body)):
        await stream.write(body[place : place + 1])
        await asyncio.sleep(DRIP)


async def _endless(stream: web.StreamResponse, body: bytes) -> None:
    while True:
        await stream.write(b" " * 65_536)
        await asyncio.sleep(0.05)


async def _cut(stream: web.StreamResponse, body: bytes) -> None:
    await stream.write(body[: len(body) // 2])


_MANNERS: dict[str, Callable[[web.StreamResponse, bytes], Awaitable[None]]] = {
    "drip": _drip,
    "endless": _endless,
    "cut": _cut,
}
