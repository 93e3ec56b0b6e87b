"""Protects a Flask route with Authlib's ResourceProtector and its validator of JWT access tokens (RFC 9068)."""

import json
import sys

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from browser import die_with_parent
from flask import Flask, jsonify
from jwks import fetch
from werkzeug.serving import make_server


def application(job):
    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return fetch(job["jwks"])

    app, require_oauth = Flask("authlib"), ResourceProtector()
    require_oauth.register_token_validator(Validator(issuer=job["issuer"], resource_server=job["url"]))

    @app.route(job["path"], methods=["GET", "POST"])
    @app.route(f"{job['path']}/below", methods=["GET", "POST"])
    @require_oauth([job["scope"]])
    def resource():
        return jsonify(data="protected")

    return app


def main():
    job = json.loads(sys.stdin.readline())
    die_with_parent()
    served = make_server("127.0.0.1", 0, application(job), threaded=True)
    print(json.dumps({"ready": True, "port": served.server_port}), flush=True)
    served.serve_forever()


if __name__ == "__main__":
    main()
