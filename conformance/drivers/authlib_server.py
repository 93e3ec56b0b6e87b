"""Serves an authorization server made with Authlib's Flask integration, as its documentation builds one."""

import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, jsonify
from wsgi import serve

CLIENTS, CODES, TOKENS = {}, {}, {}


class Client(ClientMixin):
    def __init__(self, info, metadata):
        self.client_id, self.metadata = info["client_id"], metadata
        self.client_info = info

    @property
    def client_metadata(self):
        return self.metadata

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return self.metadata["redirect_uris"][0]

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri in self.metadata["redirect_uris"]

    def check_client_secret(self, client_secret):
        return False

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "none"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token")


class Code(AuthorizationCodeMixin):
    def __init__(self, code, request):
        payload = request.payload
        self.code, self.client_id = code, request.client.client_id
        self.redirect_uri, self.scope = payload.redirect_uri, payload.scope
        self.code_challenge = payload.data.get("code_challenge")
        self.code_challenge_method = payload.data.get("code_challenge_method")
        self.auth_time, self.nonce = int(time.time()), None

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code, request):
        CODES[code] = Code(code, request)

    def query_authorization_code(self, code, client):
        found = CODES.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code):
        CODES.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code):
        return "user"


class Registration(ClientRegistrationEndpoint):
    def authenticate_token(self, request):
        return "open"

    def get_server_metadata(self):
        return {
            "token_endpoint_auth_methods_supported": ["none"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
        }

    def save_client(self, client_info, client_metadata, request):
        client = Client(client_info, client_metadata)
        CLIENTS[client.client_id] = client
        return client


def application(job, issuer, folder):
    app = Flask("authlib")
    server = AuthorizationServer(
        app, query_client=CLIENTS.get, save_token=lambda token, request: TOKENS.update({token["access_token"]: token})
    )
    server.register_grant(CodeGrant, [CodeChallenge(required=True)])
    server.register_endpoint(Registration)

    @app.get("/.well-known/oauth-authorization-server")
    def metadata():
        return jsonify(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "registration_endpoint": f"{issuer}/register",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
            }
        )

    @app.get("/authorize")
    def authorize():
        grant = server.get_consent_grant(end_user="user")
        return server.create_authorization_response(grant=grant, grant_user="user")

    @app.post("/token")
    def token():
        return server.create_token_response()

    @app.post("/register")
    def register():
        return server.create_endpoint_response("client_registration")

    return app


if __name__ == "__main__":
    serve(application)
