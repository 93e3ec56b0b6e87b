"""Serves FastMCP as a resource server, with JWTVerifier and RemoteAuthProvider as its documentation has them."""

from asgi import serve
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.jwt import JWTVerifier
from pydantic import AnyHttpUrl


def application(job, issuer):
    verifier = JWTVerifier(
        jwks_uri=job["jwks"],
        issuer=issuer,
        algorithm=job.get("algorithm", "ES256"),
        required_scopes=[job["scope"]],
        audience=job["url"] if job["variant"] == "audience" else None,
    )
    provider = RemoteAuthProvider(
        token_verifier=verifier, authorization_servers=[AnyHttpUrl(issuer)], base_url=job["origin"]
    )
    return FastMCP("openworld", auth=provider).http_app(path=job["path"], stateless_http=True, json_response=True)


if __name__ == "__main__":
    serve(application)
