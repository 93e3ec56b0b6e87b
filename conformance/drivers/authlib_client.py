"""Drives Authlib's OAuth 2.0 client (PyPI ``authlib``, with ``requests``).

The library builds requests and parses answers; what is discovered, and whether an issuer is compared, this host
decides: it follows the challenge, checks nothing that the library does not, and registers.
"""

# openworld: {"single_call": true, "documents": false, "name": "authlib-client", "beside": ["requests"]}
# openworld: {"host": ["prm", "prm_unchallenged", "prm_retry", "prm_redirect", "prm_malformed", "prm_mismatch"]}
# openworld: {"host": ["prm_elsewhere", "as_choice", "as_failover", "legacy_as", "reg", "registration_kinds"]}
# openworld: {"host": ["resource_indicator", "resource_value", "resource_fragment", "resource_spelling"]}
# openworld: {"host": ["scope_request", "md_issuer_check", "asm_malformed", "iss_check"]}

import re

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from browser import visit
from job import main

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HEADERS = {"Accept": "application/json, text/event-stream"}


def fetched(url, **more):
    answer = requests.get(url, timeout=10, allow_redirects=False, **more)
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}")
    return answer.json()


def discovered(job):
    answer = requests.post(job["url"], json=CALL, headers=HEADERS, timeout=10)
    named = re.search('resource_metadata="([^"]*)"', answer.headers.get("WWW-Authenticate", ""))
    if named is None:
        raise RuntimeError("the challenge names no resource metadata")
    document = fetched(named[1])
    issuer = document["authorization_servers"][0]
    scheme, _, rest = issuer.partition("://")
    host, slash, path = rest.partition("/")
    place = f"{scheme}://{host}/.well-known/oauth-authorization-server{slash + path if path else ''}"
    return document["resource"], fetched(place)


def drive(job):
    resource, server = discovered(job)
    wanted = {
        "client_name": "openworld",
        "redirect_uris": [job["callback"]],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    registered = requests.post(server["registration_endpoint"], json=wanted, timeout=10).json()
    session = OAuth2Session(
        registered["client_id"],
        redirect_uri=job["callback"],
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier, resource=resource
    )
    answer = visit(url, job["callback"])
    arrived = requests.Request("GET", job["callback"], params=answer).prepare().url
    session.fetch_token(
        server["token_endpoint"], authorization_response=arrived, state=state, code_verifier=verifier, resource=resource
    )
    served = session.post(job["url"], json=CALL, headers=HEADERS, timeout=10)
    if served.status_code >= 300:
        raise RuntimeError(f"the call answered {served.status_code}")


if __name__ == "__main__":
    main(drive)
