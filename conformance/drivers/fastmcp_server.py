"""Serves FastMCP's in-memory OAuth provider, the authorization server that its own examples start with."""

from asgi import serve
from fastmcp import FastMCP
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from mcp.server.auth.settings import ClientRegistrationOptions


def application(job, issuer):
    registration = ClientRegistrationOptions(enabled=True)
    provider = InMemoryOAuthProvider(base_url=issuer, client_registration_options=registration)
    return FastMCP("openworld", auth=provider).http_app()


if __name__ == "__main__":
    serve(application)
