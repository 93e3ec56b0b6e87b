"""Serves an ASGI application on a free port of loopback, and says which."""

import asyncio
import json
import socket

import uvicorn


def serve(app):
    """Serve an ASGI application on a free port, and say so."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))

    async def run():
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        print(json.dumps({"ready": True, "port": bound.getsockname()[1]}), flush=True)
        await serving

    asyncio.run(run())
