"""A played world in which some parties are real, each behind a proxy that records, at the origin that it is told of."""

import ssl
from typing import Self

import aiohttp
from aiohttp import web

from conformance.message import WireMessage, WireRequest
from conformance.origins import HOST
from conformance.play import Play
from conformance.world import PlayedWorld

_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding", "content-encoding"}


class Proxied(PlayedWorld):
    """A world with real parties.

    Attributes:
        real: the ports that they listen at, by the name of the party that they are here.
    """

    def __init__(self, play: Play) -> None:
        super().__init__(play)
        self.real: dict[str, int] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        await super().__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        if self._session is not None:
            await self._session.close()

    async def say(self, asked: WireRequest, request: web.BaseRequest) -> WireMessage:
        """The real party's answer where it is asked, else the played one's."""
        if asked.party in self.real:
            return await self._forward(asked, request)
        return await super().say(asked, request)

    def tls(self, asked: WireRequest) -> ssl.SSLContext | None:
        """The TLS by which a request is passed on; without any, by plain HTTP."""
        return None

    async def _forward(self, asked: WireRequest, request: web.BaseRequest) -> WireMessage:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() != "accept-encoding"}
        tls = self.tls(asked)
        target = f"{'http' if tls is None else 'https'}://{HOST}:{self.real[asked.party]}{request.raw_path}"
        try:
            async with self._session.request(
                asked.method,
                target,
                headers=headers,
                data=asked.body or None,
                allow_redirects=False,
                ssl=True if tls is None else tls,
            ) as answer:
                received = {name: ", ".join(answer.headers.getall(name)) for name in answer.headers}
                kept = {name: value for name, value in received.items() if name.lower() not in _HOP_BY_HOP}
                cookies = answer.headers.getall("Set-Cookie", [])
                body = await answer.read()
        except aiohttp.ClientError as error:
            return WireMessage("", {"error": f"the real server does not answer: {error}"}, 502)
        name = self.name(asked, answer.status)
        return WireMessage(name, status=answer.status, headers=kept, raw=body, cookies=tuple(cookies))

    def name(self, asked: WireRequest, status: int) -> str:
        """Which message of the protocol an answer of a real party is."""
        if "/.well-known/" in asked.url:
            return "resource_metadata" if asked.party == "rs" else "server_metadata"
        if asked.party == "rs":
            return "resource_response" if status < 400 else "challenge"
        if asked.value("grant_type"):
            return "token_response"
        if asked.method == "POST" and "redirect_uris" in asked.json():
            return "registration_response"
        return "authorization_response"
