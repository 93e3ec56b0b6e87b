"""What a resource server's host does in the place of a library that leaves it to it: it asks the AS.

Standard library only: it runs inside the environment of the software under test.
"""

import base64
import json
import urllib.request
from urllib.parse import urlencode

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url):
    """A JSON document."""
    with _OPENER.open(url, timeout=10) as answer:
        return json.load(answer)


def introspect(job, token):
    """What the AS says of a token (RFC 7662)."""
    credentials = base64.b64encode(f"{job['client_id']}:{job['client_secret']}".encode()).decode()
    form = urlencode({"token": token}).encode()
    return fetch(urllib.request.Request(job["introspection"], form, {"Authorization": f"Basic {credentials}"}))
