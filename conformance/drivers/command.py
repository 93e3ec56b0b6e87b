"""Drives any client that is a command: it is called with the server's URL, and ends when it has made its call.

The contract is that of MCP's conformance runner: the URL is appended, and the exit code says whether all went well. The
authorization URL that the command prints is opened by the user's browser, as is one that it opens with ``BROWSER`` or
``xdg-open``; one that it prints and opens is opened once. What is printed goes on to standard error, and the last line
that speaks of an error explains a failure.
"""

# openworld: {"listens": true, "documents": false, "single_call": true}

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from urllib.parse import parse_qs, urlsplit

from browser import once, visit
from job import received, say

ADDRESS = re.compile(r"https?://[^\s\"'<>\\\x1b]+")


def is_authorization_request(url):
    names = set(parse_qs(urlsplit(url).query))
    return "client_id" in names and bool(names & {"redirect_uri", "request_uri"})


def opened(url, callback):
    try:
        if once(url):
            visit(url, parse_qs(urlsplit(url).query).get("redirect_uri", [callback])[0], deliver=True)
    except Exception as error:
        print(f"browser: {error}", file=sys.stderr, flush=True)


def main():
    job = received()
    command, folder = json.loads(os.environ["OPENWORLD_COMMAND"])
    told = [part.replace("{url}", job["url"]).replace("{callback}", job["callback"]) for part in command]
    if not any("{url}" in part for part in command):
        told.append(job["url"])
    os.environ["OPENWORLD_OPENED"] = tempfile.mkdtemp()
    client = subprocess.Popen(
        told,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    seen, said = set(), collections.deque(maxlen=20)
    for line in client.stdout:
        sys.stderr.write(line)
        sys.stderr.flush()
        said.extend([line.strip()] if line.strip() else [])
        for url in ADDRESS.findall(line.replace("\\u0026", "&")):
            if is_authorization_request(url) and url not in seen:
                seen.add(url)
                threading.Thread(target=opened, args=(url, job["callback"]), daemon=True).start()
    code = client.wait()
    if code < 0:
        raise SystemExit(f"Error: ended by signal {-code}")
    why = next((line for line in reversed(said) if "error" in line.lower()), said[-1] if said else "")
    say(done=code == 0, error="" if code == 0 else f"exit code {code}: {why}"[:2000])


if __name__ == "__main__":
    main()
