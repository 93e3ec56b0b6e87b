"""Serves MCP with the Python SDK's authorization as a resource server; its token verifier is the host's.

The verifier is made as its documentation and examples make one: signature, issuer and expiry of a JWT, else what the AS
says of the token; and the audience as the resource.
"""
# openworld: {"host": ["rs_trust", "issuer_match", "key_lookup", "rs_keys", "typ_check", "rs_cnf", "audience_check"]}

import asyncio
from contextlib import suppress

import jwt
from asgi import serve
from jwks import fetch, introspect
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings


class Verifier:
    def __init__(self, job):
        self.job = job

    async def verified(self, token):
        keys = await asyncio.to_thread(fetch, self.job["jwks"])
        key = jwt.PyJWKSet.from_dict(keys).keys[0]
        algorithms = [self.job.get("algorithm", "ES256")]
        return jwt.decode(token, key, algorithms=algorithms, issuer=self.job["issuer"], options={"verify_aud": False})

    async def introspected(self, token):
        claims = await asyncio.to_thread(introspect, self.job, token)
        return claims if claims.get("active") and claims.get("iss") == self.job["issuer"] else None

    async def verify_token(self, token):
        with suppress(jwt.PyJWTError):
            claims = await (self.verified(token) if token.count(".") == 2 else self.introspected(token))
            if claims is None:
                return None
            # The SDK knows one resource for each token.
            named = claims.get("aud", [])
            audience = named if isinstance(named, list) else [named]
            resource = next((one for one in audience if one == self.job["url"]), audience[0] if audience else None)
            return AccessToken(
                token=token,
                client_id=claims.get("client_id", ""),
                resource=resource,
                scopes=claims.get("scope", "").split(),
                expires_at=claims["exp"],
            )
        return None


def application(job, issuer):
    options = {"validate_token_resource": True} if job["variant"] == "validated" else {}
    auth = AuthSettings(issuer_url=issuer, resource_server_url=job["url"], required_scopes=[job["scope"]], **options)
    try:
        from mcp.server import MCPServer
    except ImportError:  # before 2.0
        from mcp.server.fastmcp import FastMCP

        return FastMCP(
            "openworld",
            auth=auth,
            token_verifier=Verifier(job),
            streamable_http_path=job["path"],
            stateless_http=True,
            json_response=True,
        ).streamable_http_app()
    server = MCPServer("openworld", auth=auth, token_verifier=Verifier(job))
    return server.streamable_http_app(streamable_http_path=job["path"], stateless_http=True, json_response=True)


if __name__ == "__main__":
    serve(application)
