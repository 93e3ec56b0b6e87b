"""The browser of a driver: opens an authorization URL, and the redirect URI that this leads to.

With ``--print`` it only says where that is, for a driver that does not listen there.
"""

import sys
from urllib.parse import parse_qs, urlencode, urlsplit

from browser import once, visit


def main():
    url, prints = sys.argv[-1], "--print" in sys.argv
    callback = parse_qs(urlsplit(url).query).get("redirect_uri", [""])[0]
    if not once(url):
        return
    answer = visit(url, callback, deliver=not prints)
    if prints:
        print(f"{callback}?{urlencode(answer)}")


if __name__ == "__main__":
    main()
