"""The user's browser, reduced to what a flow needs: it follows redirects, and the user approves.

Standard library only: it runs inside the environment of the software under test.
"""

import os
import sys
import threading
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urljoin, urlsplit

AGENT = "openworld-user-agent"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def visit(url, callback, hops=10):
    """Open a URL and follow redirects until one leads to the callback; returns its parameters."""
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    for _ in range(hops):
        request = urllib.request.Request(url, headers={"User-Agent": AGENT})
        try:
            with opener.open(request, timeout=20) as answer:
                status, target = answer.status, answer.headers.get("Location")
        except urllib.error.HTTPError as error:
            status, target = error.code, error.headers.get("Location")
        if not target:
            raise RuntimeError(f"the user sees a page with status {status}")
        url = urljoin(url, target)
        if url.startswith(callback):
            return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    raise RuntimeError("too many redirects")


def die_with_parent():
    """End this process when whoever started it is gone: its end of standard input closes."""

    def watch():
        sys.stdin.read()
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()
