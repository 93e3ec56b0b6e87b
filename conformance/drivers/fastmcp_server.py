"""Serves FastMCP's in-memory OAuth provider, the authorization server that its own examples start with."""

import asyncio
import json
import socket
import sys

import uvicorn
from browser import die_with_parent
from fastmcp import FastMCP
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from mcp.server.auth.settings import ClientRegistrationOptions


def main():
    job = json.loads(sys.stdin.readline())
    die_with_parent()
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    issuer = job.get("issuer") or f"http://127.0.0.1:{port}"
    provider = InMemoryOAuthProvider(
        base_url=issuer, client_registration_options=ClientRegistrationOptions(enabled=True)
    )
    app = FastMCP("openworld", auth=provider).http_app()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))

    async def serve():
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:
            await asyncio.sleep(0.02)
        print(json.dumps({"ready": True, "port": port, "issuer": issuer}), flush=True)
        await serving

    asyncio.run(serve())


if __name__ == "__main__":
    main()
