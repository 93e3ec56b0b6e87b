"""Drives any client that is a command: it is called with the server's URL, and ends when it has made its call.

The contract is that of MCP's conformance runner: the URL is appended, and the exit code says whether all went well. The
authorization URL that the command prints is opened by the user's browser, as is one that it opens with ``BROWSER`` or
``xdg-open``. What is printed goes on to standard error.
"""

# openworld: {"listens": true, "documents": false, "single_call": true}

import json
import os
import re
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlsplit

from browser import visit
from job import received, say

ADDRESS = re.compile(r"https?://[^\s\"'<>\\\x1b]+")


def is_authorization_request(url):
    names = set(parse_qs(urlsplit(url).query))
    return "client_id" in names and bool(names & {"redirect_uri", "request_uri"})


def opened(url, callback):
    try:
        visit(url, parse_qs(urlsplit(url).query).get("redirect_uri", [callback])[0], deliver=True)
    except Exception as error:
        print(f"browser: {error}", file=sys.stderr, flush=True)


def main():
    job = received()
    command, folder = json.loads(os.environ["OPENWORLD_COMMAND"])
    told = [part.replace("{url}", job["url"]).replace("{callback}", job["callback"]) for part in command]
    if not any("{url}" in part for part in command):
        told.append(job["url"])
    client = subprocess.Popen(
        told,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    seen, last = set(), ""
    for line in client.stdout:
        sys.stderr.write(line)
        sys.stderr.flush()
        last = line.strip() or last
        for url in ADDRESS.findall(line.replace("\\u0026", "&")):
            if is_authorization_request(url) and url not in seen:
                seen.add(url)
                threading.Thread(target=opened, args=(url, job["callback"]), daemon=True).start()
    code = client.wait()
    if code < 0:
        raise SystemExit(f"Error: ended by signal {-code}")
    say(done=code == 0, error="" if code == 0 else f"exit code {code}: {last}"[:2000])


if __name__ == "__main__":
    main()
