"""Drives the OAuth client of the MCP Python SDK (PyPI ``mcp``), any version that has one."""

import asyncio
import inspect

import job as jobs
from browser import visit

try:
    import httpx2 as http
except ImportError:
    import httpx as http
from mcp.client.auth import OAuthClientProvider
from mcp.shared import auth as shapes

HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}


class Memory:
    """Token storage that forgets when the process ends."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def provider(job):
    answer = {}

    async def redirect(url):
        answer.clear()
        answer.update(await asyncio.to_thread(visit, url, job["callback"]))

    async def callback():
        if "error" in answer:
            raise RuntimeError(f"authorization error: {answer['error']} {answer.get('error_description', '')}".strip())
        if hasattr(shapes, "AuthorizationCodeResult"):
            return shapes.AuthorizationCodeResult(
                code=answer.get("code", ""), state=answer.get("state"), iss=answer.get("iss")
            )
        return answer.get("code", ""), answer.get("state")

    metadata = shapes.OAuthClientMetadata(
        client_name="openworld",
        redirect_uris=[job["callback"]],
        token_endpoint_auth_method="none",
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    known = inspect.signature(OAuthClientProvider.__init__).parameters
    options = {
        "server_url": job["url"],
        "client_metadata": metadata,
        "storage": Memory(),
        "redirect_handler": redirect,
        "callback_handler": callback,
    }
    if job["document"] and "client_metadata_url" in known:
        options["client_metadata_url"] = job["document"]
    return OAuthClientProvider(**options)


async def drive(job, auth):
    statuses = []
    async with http.AsyncClient(auth=auth, timeout=job["patience"]) as client:
        for number in range(job["calls"]):
            body = {"jsonrpc": "2.0", "id": number + 1, "method": "tools/list", "params": {}}
            answer = await client.post(job["url"], json=body, headers=HEADERS)
            statuses.append(answer.status_code)
            if answer.status_code >= 300:
                raise RuntimeError(f"call {number + 1} answered {answer.status_code}")
    return statuses


def main(make=provider):
    jobs.main(lambda job: {"statuses": asyncio.run(drive(job, make(job)))})


if __name__ == "__main__":
    main()
