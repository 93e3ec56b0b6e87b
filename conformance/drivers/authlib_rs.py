"""Protects a Flask route with Authlib's ResourceProtector and its validator of JWT access tokens (RFC 9068)."""

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from flask import Flask, jsonify
from jwks import fetch
from wsgi import serve


def application(job, issuer, folder):
    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return fetch(job["jwks"])

    app, require_oauth = Flask("authlib"), ResourceProtector()
    require_oauth.register_token_validator(Validator(issuer=issuer, resource_server=job["url"]))

    @app.route(job["path"], methods=["GET", "POST"])
    @app.route(f"{job['path']}/below", methods=["GET", "POST"])
    @require_oauth([job["scope"]])
    def resource():
        return jsonify(data="protected")

    return app


if __name__ == "__main__":
    serve(application)
