"""What a resource server's host does in the place of a library that leaves it to it: it fetches keys, and verifies.

Standard library only; what verifies is the library's own JOSE, given as a function.
"""

import json
import urllib.request


def fetch(url):
    """A JSON document."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return json.load(answer)
