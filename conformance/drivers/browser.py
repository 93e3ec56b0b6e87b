"""The user's browser, reduced to what a flow needs: it follows redirects, and the user approves.

Standard library only: it runs inside the environment of the software under test.
"""

import hashlib
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urljoin, urlsplit

AGENT = "openworld-user-agent"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def once(url):
    """Whether this is the first to open a URL, of those that share a folder (OPENWORLD_OPENED)."""
    folder = os.environ.get("OPENWORLD_OPENED")
    try:
        if folder:
            os.close(os.open(os.path.join(folder, hashlib.sha256(url.encode()).hexdigest()), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def visit(url, callback, deliver=False, hops=10):
    """Open a URL and follow redirects until one leads to the callback; returns its parameters.

    With ``deliver`` the callback is opened as well, for a client that listens there itself.
    """
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
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
            if deliver:
                _deliver(url)
            return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    raise RuntimeError("too many redirects")


def _deliver(url, patience=5.0):
    """Open the callback once the client listens there."""
    until = time.monotonic() + patience
    while True:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as page:
                return page.read()
        except urllib.error.HTTPError:
            return None  # the client has seen the response, and says no
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def die_with_parent():
    """End this process when whoever started it is gone: its end of standard input closes."""

    def watch():
        sys.stdin.read()
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()
