"""Serves an ASGI application on a free port of loopback, and says which."""

import asyncio
import socket

import uvicorn
from job import at, received, say


def serve(make):
    """Serve what is made for a job and the issuer that it is about or, as a server, to be."""
    job, bound = received(), socket.socket()
    bound.bind(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make(job, at(job, port)), log_level="error"))

    async def run():
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        say(ready=True, port=port, issuer=at(job, port))
        await serving

    asyncio.run(run())
