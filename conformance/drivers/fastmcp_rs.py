"""Serves FastMCP as a resource server, with JWTVerifier and RemoteAuthProvider as its documentation has them."""

import json
import sys

from asgi import serve
from browser import die_with_parent
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.jwt import JWTVerifier
from pydantic import AnyHttpUrl


def application(job):
    verifier = JWTVerifier(
        jwks_uri=job["jwks"],
        issuer=job["issuer"],
        algorithm=job.get("algorithm", "ES256"),
        required_scopes=[job["scope"]],
        audience=job["url"] if job["variant"] == "audience" else None,
    )
    provider = RemoteAuthProvider(
        token_verifier=verifier, authorization_servers=[AnyHttpUrl(job["issuer"])], base_url=job["origin"]
    )
    return FastMCP("openworld", auth=provider).http_app(path=job["path"], stateless_http=True, json_response=True)


def main():
    job = json.loads(sys.stdin.readline())
    die_with_parent()
    serve(application(job))


if __name__ == "__main__":
    main()
